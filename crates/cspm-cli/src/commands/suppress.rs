//! `cspm suppress` and `cspm unsuppress`: a result for each finding, whatever happens (contract section 7).

use std::io::Read as _;

use cspm::{
    Deed, DeedResult, Operation, Suppressing, SuppressionKind, SuppressionOrder, Timestamp, Vendor, Wish,
};

use super::one;
use crate::args::{Cli, IdArgs, SuppressArgs, UnsuppressArgs};
use crate::confirm::{Consent, is_attended};
use crate::exit::{Exit, Stop};
use crate::interrupt::unless_interrupted;
use crate::output;
use crate::say;

/// Ids of more than this on standard input are a mistake.
const LARGEST: u64 = 256 * 1024 * 1024;

pub(crate) async fn suppress(cli: &Cli, args: &SuppressArgs) -> Result<Exit, Stop> {
    let reason = args.reason.trim();
    if reason.is_empty() {
        return Err(Stop::usage("--reason is empty; say why, for whoever looks at it later"));
    }
    if args.until.is_past(Timestamp::now()) {
        return Err(Stop::usage("--until is in the past; name a later end, or never"));
    }
    let order = SuppressionOrder { reason: reason.to_owned(), until: args.until, kind: args.kind.into() };
    run(cli, &args.ids, Wish::Suppress(order)).await
}

pub(crate) async fn unsuppress(cli: &Cli, args: &UnsuppressArgs) -> Result<Exit, Stop> {
    run(cli, &args.ids, Wish::Lift).await
}

async fn run(cli: &Cli, args: &IdArgs, wish: Wish) -> Result<Exit, Stop> {
    if cli.connections.len() != 1 {
        return Err(Stop::usage("name the one connection that the findings are of: --connection NAME"));
    }
    let vendor = one(cli)?.vendor;
    check(&*vendor, &wish)?;
    let store = vendor.suppressions().ok_or_else(|| Stop::usage("this vendor has no suppressions"))?;
    let (ids, asked) = (ids(args)?, matches!(wish, Wish::Suppress(_)));
    let mut work = Suppressing::new(store, wish, ids)?;
    let count = work.deeds().len();
    if count == 0 {
        return Err(Stop::usage("no id was given"));
    }
    if !args.yes && is_attended() {
        let verb = if asked { "Suppress" } else { "Lift the suppressions of" };
        Consent::Ask.confirm(&format!("{verb} {count} findings of {}?", vendor.origin().connection))?;
    }
    if unless_interrupted(work.run()).await.is_none() {
        say("interrupted; the table says what became of each finding");
    }
    show(args, work.deeds())
}

/// Refuses what the vendor does not offer, before anything is sent.
fn check(vendor: &dyn Vendor, wish: &Wish) -> Result<(), Stop> {
    let capabilities = vendor.capabilities();
    match wish {
        Wish::Lift => capabilities.require(Operation::Unsuppress)?,
        Wish::Suppress(order) => {
            capabilities.require(Operation::Suppress)?;
            if order.kind == SuppressionKind::FalsePositive {
                capabilities.require(Operation::SuppressFalsePositive)?;
            }
        }
    }
    Ok(())
}

/// The ids of the command line, those of standard input in the place of `-`.
fn ids(args: &IdArgs) -> Result<Vec<String>, Stop> {
    let mut ids = Vec::new();
    for id in &args.ids {
        if id != "-" {
            ids.push(id.clone());
            continue;
        }
        let mut text = String::new();
        let read = std::io::stdin().lock().take(LARGEST + 1).read_to_string(&mut text);
        read.map_err(|error| Stop::usage(format!("the ids on standard input cannot be read: {error}")))?;
        if text.len() as u64 > LARGEST {
            return Err(Stop::usage("standard input holds more than 256 MiB; these are no ids"));
        }
        ids.extend(text.lines().map(str::to_owned));
    }
    Ok(ids)
}

fn show(args: &IdArgs, deeds: &[Deed]) -> Result<Exit, Stop> {
    output::list(args.format, deeds, &["id", "result", "why"], |deed| {
        vec![
            cspm::clean_text(&deed.id, 300),
            deed.result.as_str().to_owned(),
            deed.message.as_deref().map(|message| cspm::clean_text(message, 300)).unwrap_or_default(),
        ]
    })?;
    let of = |result: DeedResult| deeds.iter().filter(|deed| deed.result == result).count();
    Ok(match (of(DeedResult::Failed), of(DeedResult::Unknown)) {
        (0, 0) => Exit::Complete,
        (failed, 0) if failed == deeds.len() => Exit::Failed,
        _ => Exit::Partial,
    })
}
