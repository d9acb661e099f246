//! `cspm accounts` and `cspm rules`, and what every listing does.

use cspm::{Account, Record, Rule, Run};
use futures_util::StreamExt as _;

use super::findings::status;
use super::{configuration, fleet, tell};
use crate::args::{Cli, ListArgs};
use crate::exit::{Exit, Stop};
use crate::interrupt;
use crate::output::{self, table};
use crate::summary::shortfalls;

pub(crate) async fn accounts(cli: &Cli, args: &ListArgs) -> Result<Exit, Stop> {
    let run = fleet(&configuration(cli)?)?.accounts()?;
    let columns =
        ["connection", "id", "cloud id", "name", "provider", "environment", "enabled", "last checked"];
    list(cli, run, args, &columns, |account: &Account| {
        vec![
            account.connection.to_string(),
            table::maybe(account.identity.id.as_ref()),
            table::maybe(account.identity.cloud_id.as_ref()),
            table::maybe(account.identity.name.as_ref()),
            table::maybe(account.identity.provider.as_ref()),
            table::maybe(account.environment.as_ref()),
            account.enabled.map(|enabled| if enabled { "yes" } else { "no" }).unwrap_or_default().to_owned(),
            account.last_checked.map(|time| time.to_string()).unwrap_or_default(),
        ]
    })
    .await
}

pub(crate) async fn rules(cli: &Cli, args: &ListArgs) -> Result<Exit, Stop> {
    let run = fleet(&configuration(cli)?)?.rules()?;
    let columns = ["connection", "id", "severity", "provider", "service", "title"];
    list(cli, run, args, &columns, |rule: &Rule| {
        vec![
            rule.connection.to_string(),
            table::cell(&rule.id),
            rule.severity.to_string(),
            table::maybe(rule.provider.as_ref()),
            table::maybe(rule.service.as_ref()),
            table::maybe(rule.title.as_ref()),
        ]
    })
    .await
}

pub(super) async fn list<T: Record + serde::Serialize>(
    cli: &Cli,
    mut run: Run<T>,
    args: &ListArgs,
    columns: &[&str],
    row: impl Fn(&T) -> Vec<String>,
) -> Result<Exit, Stop> {
    let interruption = interrupt::listen();
    let (mut records, mut interrupted) = (Vec::new(), false);
    loop {
        tokio::select! {
            biased;
            () = interruption.notified() => {
                interrupted = true;
                run.interrupt();
            }
            record = run.next() => match record {
                Some(record) => records.push(record),
                None => break,
            }
        }
    }
    let report = run.finish();
    output::list(args.format, &records, columns, row)?;
    shortfalls(&report);
    for connection in &report.connections {
        let notices = connection.notices.iter();
        notices.for_each(|notice| tell(cli, &format!("warning: {}: {notice}", connection.name)));
    }
    Ok(status(&report, interrupted))
}
