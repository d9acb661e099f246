//! `cspm capabilities`: what each vendor supports. Needs no configuration; with `--connection`, the vendors of those.

use cspm::{Capability, Operation};
use serde::Serialize;

use super::configuration;
use crate::args::{Cli, ListArgs};
use crate::exit::{Exit, Stop};
use crate::output;

/// One row (contract section 8).
#[derive(Serialize)]
struct Row {
    vendor: &'static str,
    #[serde(flatten)]
    capability: Capability,
}

pub(crate) fn run(cli: &Cli, args: &ListArgs) -> Result<Exit, Stop> {
    let wanted = if cli.connections.is_empty() {
        None
    } else {
        let vendors: Vec<&str> =
            configuration(cli)?.connections.iter().map(|connection| connection.vendor.as_str()).collect();
        Some(vendors)
    };
    let rows: Vec<Row> = cspm::capabilities()
        .into_iter()
        .filter(|vendor| wanted.as_ref().is_none_or(|wanted| wanted.contains(&vendor.vendor)))
        .flat_map(|vendor| {
            Operation::ALL.map(|operation| Row { vendor: vendor.vendor, capability: vendor.of(operation) })
        })
        .collect();
    let columns = ["vendor", "operation", "support", "evaluated by", "note"];
    output::list(args.format, &rows, &columns, |Row { vendor, capability }| {
        vec![
            (*vendor).to_owned(),
            capability.operation.as_str().to_owned(),
            capability.support.as_str().to_owned(),
            capability.evaluated_by.map(cspm::Evaluator::as_str).unwrap_or_default().to_owned(),
            capability.note.to_owned(),
        ]
    })?;
    Ok(Exit::Complete)
}
