//! `cspm doctor`: checks every connection and says who has to mend what.

use std::sync::Arc;

use cspm::Diagnosis;
use futures_util::future::join_all;
use serde::Serialize;

use super::{configuration, fleet};
use crate::args::{Cli, ListArgs};
use crate::exit::{Exit, Stop};
use crate::output::{self, table};

/// Without these nothing works; beyond them are single rights, of which one is enough to be of some use.
const FOUNDATIONS: [&str; 3] = ["address", "tls", "credential"];

/// One row (contract section 8).
#[derive(Serialize)]
struct Row {
    connection: Arc<str>,
    vendor: Arc<str>,
    #[serde(flatten)]
    diagnosis: Diagnosis,
}

pub(crate) async fn run(cli: &Cli, args: &ListArgs) -> Result<Exit, Stop> {
    let fleet = fleet(&configuration(cli)?)?;
    let checked = join_all(
        fleet.vendors().map(|vendor| async move { (vendor.origin().clone(), vendor.diagnose().await) }),
    )
    .await;
    let connections = checked.len();
    let works = |diagnoses: &[Diagnosis]| {
        let sound = |diagnosis: &Diagnosis| diagnosis.ok || !FOUNDATIONS.contains(&diagnosis.check);
        let allowed = |diagnosis: &Diagnosis| {
            diagnosis.ok && !FOUNDATIONS.contains(&diagnosis.check) && diagnosis.check != "clock"
        };
        diagnoses.iter().all(sound) && diagnoses.iter().any(allowed)
    };
    let broken = checked.iter().filter(|(_, diagnoses)| !works(diagnoses)).count();
    let rows: Vec<Row> = checked
        .into_iter()
        .flat_map(|(origin, diagnoses)| {
            diagnoses.into_iter().map(move |diagnosis| Row {
                connection: origin.connection.clone(),
                vendor: origin.vendor.clone(),
                diagnosis,
            })
        })
        .collect();
    let columns = ["connection", "check", "", "message", "who", "what to do"];
    output::list(args.format, &rows, &columns, |Row { connection, diagnosis, .. }| {
        vec![
            connection.to_string(),
            diagnosis.check.to_owned(),
            if diagnosis.ok { "ok" } else { "PROBLEM" }.to_owned(),
            cspm::clean_text(&diagnosis.message, 300),
            diagnosis.owner.map(cspm::Owner::as_str).unwrap_or_default().to_owned(),
            table::maybe(diagnosis.remedy.as_ref()),
        ]
    })?;
    Ok(if rows.iter().all(|row| row.diagnosis.ok) {
        Exit::Complete
    } else if broken == connections {
        Exit::Failed
    } else {
        Exit::Partial
    })
}
