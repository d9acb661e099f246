//! `cspm policies …`: what is checked, and how (contract section 6).

use std::io::Write as _;

use cspm::policy_file::PolicyFile;
use cspm::{
    Account, AccountQuery, AccountRules, Application, Applied, Error, ErrorKind, Noted, Notice, Operation,
    Policy, PolicyChanges, PolicyEntry, PolicyStore, PushMode, PushOutcome, clean_text,
};

use super::{One, configuration, fleet, listings, one, tell};
use crate::args::{
    ApplyArgs, ApplyModeArg, Cli, DeleteArgs, ExportArgs, ListArgs, PlanArgs, PoliciesCommand, PushArgs,
    ShowArgs,
};
use crate::confirm::Consent;
use crate::exit::{Exit, Stop};
use crate::interrupt::unless_interrupted;
use crate::output::changes::{self, AccountPreview};
use crate::output::{table, table::quoted, target::Target};
use crate::say;

pub(crate) async fn run(cli: &Cli, command: &PoliciesCommand) -> Result<Exit, Stop> {
    match command {
        PoliciesCommand::List(args) => list(cli, args).await,
        PoliciesCommand::Show(args) => show(cli, args).await,
        PoliciesCommand::Export(args) => export(cli, args).await,
        PoliciesCommand::Plan(args) => plan(cli, args).await,
        PoliciesCommand::Push(args) => push(cli, args).await,
        PoliciesCommand::Apply(args) => apply(cli, args).await,
        PoliciesCommand::Delete(args) => delete(cli, args).await,
    }
}

async fn list(cli: &Cli, args: &ListArgs) -> Result<Exit, Stop> {
    let run = fleet(&configuration(cli)?)?.policies()?;
    let columns = ["connection", "id", "kind", "rules", "name", "description"];
    listings::list(cli, run, args, &columns, |policy: &PolicyEntry| {
        vec![
            policy.connection.to_string(),
            clean_text(&policy.id, 300),
            policy.kind.as_str().to_owned(),
            policy.rules.map(|count| count.to_string()).unwrap_or_default(),
            table::maybe(policy.name.as_ref()),
            table::maybe(policy.description.as_ref()),
        ]
    })
    .await
}

/// Reads one policy of the one connection.
async fn read(cli: &Cli, id: &str) -> Result<(One, Policy), Stop> {
    let one = one(cli)?;
    let policy = cspm::policies_for(&*one.vendor, Operation::ShowPolicy)?.get(id).await;
    let policy = warned(cli, policy.map_err(|error| failed(&one, &error))?);
    Ok((one, policy))
}

async fn show(cli: &Cli, args: &ShowArgs) -> Result<Exit, Stop> {
    let (one, policy) = read(cli, &args.id).await?;
    changes::policy(args.format, one.vendor.origin(), &policy)?;
    Ok(Exit::Complete)
}

async fn export(cli: &Cli, args: &ExportArgs) -> Result<Exit, Stop> {
    let (one, policy) = read(cli, &args.id).await?;
    let file = PolicyFile { connection: one.vendor.origin().connection.to_string(), policy };
    let mut target = Target::open(args.output.as_deref())?;
    let written = target.write_all(file.to_toml().as_bytes());
    written.map_err(|error| target.failed(&error))?;
    target.finish()?;
    Ok(Exit::Complete)
}

/// A policy file, its connection, and what pushing it would change.
struct Planned {
    one: One,
    changes: PolicyChanges,
}

async fn planned(cli: &Cli, args: &PlanArgs) -> Result<Planned, Stop> {
    let file = PolicyFile::load(&args.file)?;
    let mut configuration = configuration(cli)?;
    let names: Vec<String> =
        configuration.connections.iter().map(|connection| connection.name.clone()).collect();
    configuration.connections.retain(|connection| connection.name == file.connection);
    if configuration.connections.is_empty() {
        let message = format!(
            "{}: it is for the connection {}, and there are {}; mend connection = \"…\" in it, or --connection",
            args.file.display(),
            quoted(&file.connection, 100),
            names.join(", ")
        );
        return Err(Stop::usage(message));
    }
    let vendor = fleet(&configuration)?.vendors().next().cloned();
    let vendor = vendor.ok_or_else(|| Stop::usage("there is no connection"))?;
    let one = One { vendor, confined_to: Vec::new() };
    let mode = PushMode::from(args.mode);
    let changes = cspm::plan_policy(&*one.vendor, &file.policy, mode).await;
    let changes = warned(cli, changes.map_err(|error| failed(&one, &error))?);
    Ok(Planned { one, changes })
}

async fn plan(cli: &Cli, args: &PlanArgs) -> Result<Exit, Stop> {
    let Planned { one, changes } = planned(cli, args).await?;
    changes::plan(args.format, one.vendor.origin(), &changes)?;
    Ok(if changes.is_empty() { Exit::Complete } else { Exit::WouldChange })
}

async fn push(cli: &Cli, args: &PushArgs) -> Result<Exit, Stop> {
    let consent = Consent::new(args.yes)?;
    let Planned { one, changes } = planned(cli, &args.plan).await?;
    changes::plan(args.plan.format, one.vendor.origin(), &changes)?;
    if changes.is_empty() {
        tell(cli, "nothing to change; nothing was written");
        return Ok(Exit::Complete);
    }
    let connection = &one.vendor.origin().connection;
    consent.confirm(&format!(
        "Write {} with {} changed rules to {connection}?",
        quoted(&changes.after.name, 100),
        changes.rules.len()
    ))?;
    let store = cspm::policies_for(&*one.vendor, Operation::ShowPolicy)?;
    let Some(pushed) = unless_interrupted(cspm::push(store, &changes)).await else {
        return Ok(cut_short("plan again to see whether it was written"));
    };
    let pushed = pushed.map_err(|error| failed(&one, &error))?;
    warn(cli, &pushed.notices);
    let id = pushed.id.as_deref().map(|id| clean_text(id, 300)).unwrap_or_default();
    match pushed.outcome {
        PushOutcome::Unchanged => Ok(Exit::Complete),
        PushOutcome::Done => {
            tell(cli, &format!("written and read back: {id}"));
            Ok(Exit::Complete)
        }
        PushOutcome::Different(left) => {
            say(&format!(
                "{id}: what was read back is not what was written; this would still have to change:"
            ));
            say(&changes::lines(&left));
            Ok(Exit::Partial)
        }
        PushOutcome::Moved(now) => {
            say(&format!(
                "{id}: somebody changed the policy in the meantime; nothing was written. They changed:"
            ));
            if let Some(before) = &changes.before {
                say(&changes::lines(&cspm::plan_push(Some(before), &now, PushMode::Replace)));
            }
            say("plan again to see what would change now");
            Ok(Exit::Failed)
        }
        PushOutcome::Unknown(error) => {
            say(&format!("unknown what became of it: {error}"));
            Ok(Exit::Partial)
        }
    }
}

async fn apply(cli: &Cli, args: &ApplyArgs) -> Result<Exit, Stop> {
    if args.keep_exceptions && args.mode != ApplyModeArg::Overwrite {
        return Err(Stop::usage("--keep-exceptions goes with --mode overwrite only"));
    }
    let consent = if args.dry_run { Consent::Given } else { Consent::new(args.yes)? };
    let one = one(cli)?;
    let store = cspm::policies_for(&*one.vendor, Operation::ApplyPolicy)?;
    let application = Application {
        policy: args.id.clone(),
        accounts: accounts(&one, &args.accounts).await?,
        mode: args.mode.into(),
        keep_exceptions: args.keep_exceptions,
        note: args.note.clone(),
    };
    if args.dry_run {
        return preview(args, &one, store, &application).await;
    }
    consent.confirm(&format!(
        "Apply the policy {} ({}) to {} accounts of {}?",
        quoted(&args.id, 100),
        application.mode.as_str(),
        application.accounts.len(),
        one.vendor.origin().connection
    ))?;
    let applying = cspm::apply_policy(store, one.vendor.account_rules(), &application);
    let Some(applied) = unless_interrupted(applying).await else {
        return Ok(cut_short("--dry-run shows what would still change"));
    };
    let Noted { value: applied, notices } = applied.map_err(|error| failed(&one, &error))?;
    warn(cli, &notices);
    changes::applied(args.format, &applied)?;
    let is_unknown = applied.iter().any(|account| matches!(account.applied, Applied::Unknown { .. }));
    Ok(if is_unknown { Exit::Partial } else { Exit::Complete })
}

async fn preview(
    args: &ApplyArgs,
    one: &One,
    store: &dyn PolicyStore,
    application: &Application,
) -> Result<Exit, Stop> {
    one.vendor.capabilities().require(Operation::ReadAccountRules)?;
    let rules: &dyn AccountRules = one
        .vendor
        .account_rules()
        .ok_or_else(|| Stop::usage("this vendor does not show the settings of accounts"))?;
    let previews = cspm::preview_application(store, rules, application).await;
    let previews: Vec<AccountPreview> = previews
        .map_err(|error| failed(one, &error))?
        .into_iter()
        .map(|(account, changes)| match changes {
            Ok(changes) => AccountPreview { account, changes, error: None },
            Err(error) => AccountPreview { account, changes: Vec::new(), error: Some(error) },
        })
        .collect();
    changes::previews(args.format, &previews)?;
    let unread = previews.iter().filter(|preview| preview.error.is_some()).count();
    Ok(match unread {
        0 if previews.iter().all(|preview| preview.changes.is_empty()) => Exit::Complete,
        0 => Exit::WouldChange,
        unread if unread == previews.len() => Exit::Failed,
        _ => Exit::Partial,
    })
}

/// The vendor's ids of accounts, each once. What the configuration leaves out is not known here.
async fn accounts(one: &One, named: &[String]) -> Result<Vec<String>, Stop> {
    let query = AccountQuery { confined_to: one.confined_to.clone() };
    let listed = cspm::gather(one.vendor.accounts(), query).await;
    if let Some(error) = listed.shortfall() {
        return Err(failed(one, error));
    }
    let find = |name: &String| {
        let called = |account: &&Account| account.identity.is_called(name);
        listed.items.iter().find(called).and_then(|account| account.identity.id.as_deref())
    };
    let (mut ids, mut unknown) = (Vec::new(), Vec::new());
    for name in named {
        match find(name) {
            Some(id) if ids.iter().any(|known| known == id) => {}
            Some(id) => ids.push(id.to_owned()),
            None => unknown.push(clean_text(name, 100)),
        }
    }
    if unknown.is_empty() {
        return Ok(ids);
    }
    let message =
        format!("no account is called {}; `cspm accounts` lists those there are", unknown.join(", "));
    Err(failed(one, &Error::new(ErrorKind::NotFound, message)))
}

async fn delete(cli: &Cli, args: &DeleteArgs) -> Result<Exit, Stop> {
    let consent = Consent::new(args.yes)?;
    let one = one(cli)?;
    let store = cspm::policies_for(&*one.vendor, Operation::DeletePolicy)?;
    let policy = store.get(&args.id).await.map_err(|error| failed(&one, &error))?.value;
    consent.confirm(&format!(
        "Delete the policy {} ({}) with {} rules from {}?",
        quoted(&policy.name, 100),
        quoted(&args.id, 100),
        policy.rules.len(),
        one.vendor.origin().connection
    ))?;
    let Some(deleted) = unless_interrupted(cspm::delete_policy(store, &args.id)).await else {
        return Ok(cut_short("`cspm policies list` shows whether it is still there"));
    };
    match deleted {
        Ok(()) => {
            tell(cli, &format!("deleted: {}", clean_text(&args.id, 300)));
            Ok(Exit::Complete)
        }
        Err(error) if error.is_uncertain() => {
            say(&format!("unknown what became of it: {error}"));
            Ok(Exit::Partial)
        }
        Err(error) => Err(failed(&one, &error)),
    }
}

/// The end of an interrupted write. Whether it was sent is not known.
fn cut_short(how_to_find_out: &str) -> Exit {
    say(&format!("interrupted; unknown what became of it: {how_to_find_out}"));
    Exit::Partial
}

/// A failure at the vendor, with the connection's name before it. What the vendor has no place for is wrong usage.
fn failed(one: &One, error: &Error) -> Stop {
    let message = format!("{}: {error}", one.vendor.origin().connection);
    match error.kind() {
        ErrorKind::Unsupported | ErrorKind::Config => Stop::usage(message),
        _ => Stop::failed(message),
    }
}

fn warned<T>(cli: &Cli, noted: Noted<T>) -> T {
    warn(cli, &noted.notices);
    noted.value
}

fn warn(cli: &Cli, notices: &[Notice]) {
    notices.iter().for_each(|Notice(text)| tell(cli, &format!("warning: {text}")));
}
