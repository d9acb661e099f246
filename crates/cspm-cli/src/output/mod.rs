//! Writing findings and listings.

pub(crate) mod changes;
mod csv;
pub(crate) mod json;
pub(crate) mod ocsf;
mod outlet;
pub(crate) mod part;
pub(crate) mod table;
pub(crate) mod target;

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use comfy_table::Table;
use cspm::incremental::{Gone, News};
use cspm::{Finding, FindingQuery, RunReport};

use self::ocsf::Events;
use self::part::Written;
use self::target::Target;
use crate::args::{Format, ListFormat, SinkArgs};
use crate::exit::Stop;

/// Rows of one table; longer listings are written as several, so that memory stays bounded.
const TABLE_ROWS: usize = 2_000;

/// Takes findings one by one and writes them in the chosen format.
pub(crate) struct Sink {
    target: Target,
    shape: Shape,
}

enum Shape {
    Records(json::Records),
    Csv(csv::Rows),
    Ocsf(Events),
    Table { table: Table, rows: usize },
}

impl Sink {
    /// Opens what the command line names. `run` names the run in events, `previous` is an earlier output to compare with.
    pub(crate) fn open(
        args: &SinkArgs,
        query: &FindingQuery,
        run: &str,
        previous: Option<&Path>,
    ) -> Result<Self, Stop> {
        let shape = Shape::of(args, query, run, previous)?;
        Ok(Self { target: Target::open(args.output.as_deref())?, shape })
    }

    /// Opens a file that a later process can go on writing, and goes on behind as much of what an earlier one noted as is
    /// still there: returns how many notes that are.
    pub(crate) fn go_on(
        args: &SinkArgs,
        path: &Path,
        query: &FindingQuery,
        run: &str,
        notes: &[Written],
    ) -> Result<(Self, usize), Stop> {
        let mut shape = Shape::of(args, query, run, None)?;
        let (target, good) = Target::go_on(path, run, notes)?;
        if notes.iter().take(good).any(|note| note.bytes > 0) {
            match &mut shape {
                Shape::Records(records) => records.go_on(),
                Shape::Csv(rows) => rows.go_on(),
                Shape::Ocsf(_) | Shape::Table { .. } => {}
            }
        }
        Ok((Self { target, shape }, good))
    }

    /// Writes a finding; `news` is what it has to say against the last complete run, where one is compared with.
    pub(crate) fn write(&mut self, finding: &Finding, news: Option<News>) -> Result<(), Stop> {
        let written = match &mut self.shape {
            Shape::Records(records) => records.write(&mut self.target, finding),
            Shape::Csv(rows) => rows.write(&mut self.target, finding),
            Shape::Ocsf(events) => events.write(&mut self.target, finding, news),
            Shape::Table { table, rows } => {
                table.add_row(finding_row(finding));
                *rows += 1;
                if *rows % TABLE_ROWS == 0 {
                    let full = std::mem::replace(table, finding_table());
                    writeln!(self.target, "{full}")
                } else {
                    Ok(())
                }
            }
        };
        written.map_err(|error| self.target.failed(&error))
    }

    /// Hands on what is buffered, so that a reader of a slow run sees it.
    pub(crate) fn flush(&mut self) -> Result<(), Stop> {
        self.target.flush().map_err(|error| self.target.failed(&error))
    }

    /// Hands on what is buffered, and notes how much was written, where a later process could go on.
    pub(crate) fn note(&mut self) -> Result<Written, Stop> {
        self.target.note().map_err(|error| self.target.failed(&error))
    }

    /// Ends the output. `gone` is what is gone since the last complete run; what is gone since an earlier output is told
    /// only where the report proves it.
    pub(crate) fn finish(mut self, report: &RunReport, gone: &[Gone]) -> Result<(), Stop> {
        let ended = match &mut self.shape {
            Shape::Records(records) => records.end(&mut self.target),
            Shape::Csv(rows) => rows.end(&mut self.target),
            Shape::Ocsf(events) => events.end(&mut self.target, report, gone),
            Shape::Table { table, rows } if *rows % TABLE_ROWS != 0 => writeln!(self.target, "{table}"),
            Shape::Table { .. } => Ok(()),
        };
        ended.map_err(|error| self.target.failed(&error))?;
        self.target.finish()
    }
}

impl Shape {
    fn of(args: &SinkArgs, query: &FindingQuery, run: &str, previous: Option<&Path>) -> Result<Self, Stop> {
        let on_terminal = args.output.is_none() && io::stdout().is_terminal();
        let format = args.format.unwrap_or(if on_terminal { Format::Table } else { Format::Ndjson });
        Ok(match format {
            Format::Ndjson => Self::Records(json::Records::lines()),
            Format::Json => Self::Records(json::Records::array()),
            Format::Csv => Self::Csv(csv::Rows::new(query.raw, args.csv_exact)),
            Format::Ocsf => {
                let output = args.output.as_deref();
                Self::Ocsf(Events::open(args.ocsf_version, run, previous, output, query.outcome)?)
            }
            Format::Table => Self::Table { table: finding_table(), rows: 0 },
        })
    }
}

fn finding_table() -> Table {
    table::titled(&["severity", "state", "connection", "account", "region", "rule", "resource", "title"])
}

fn finding_row(finding: &Finding) -> Vec<String> {
    let account =
        finding.account.name.as_ref().or(finding.account.cloud_id.as_ref()).or(finding.account.id.as_ref());
    let resource = finding.resource.name.as_ref().or(finding.resource.id.as_ref());
    let state = finding.state.map_or(finding.outcome.as_str(), cspm::State::as_str);
    vec![
        finding.severity.to_string(),
        state.to_owned(),
        finding.connection.to_string(),
        table::maybe(account),
        table::maybe(finding.region.as_ref()),
        table::cell(&finding.rule.id),
        table::maybe(resource),
        table::cell(&finding.title),
    ]
}

/// Writes a listing whose records are all there.
pub(crate) fn list<R: serde::Serialize>(
    format: Option<ListFormat>,
    records: &[R],
    columns: &[&str],
    row: impl Fn(&R) -> Vec<String>,
) -> Result<(), Stop> {
    let default = if io::stdout().is_terminal() { ListFormat::Table } else { ListFormat::Ndjson };
    let mut target = Target::open(None)?;
    let written = match format.unwrap_or(default) {
        ListFormat::Table => {
            let mut table = table::titled(columns);
            table.add_rows(records.iter().map(row));
            writeln!(target, "{table}")
        }
        ListFormat::Json => write_records(&mut target, json::Records::array(), records),
        ListFormat::Ndjson => write_records(&mut target, json::Records::lines(), records),
    };
    written.map_err(|error| target.failed(&error))?;
    target.finish()
}

fn write_records<R: serde::Serialize>(
    out: &mut Target,
    mut shape: json::Records,
    records: &[R],
) -> io::Result<()> {
    records.iter().try_for_each(|record| shape.write(out, record))?;
    shape.end(out)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cspm::{AccountRef, Origin, RuleRef};

    use super::*;

    #[test]
    fn o01_every_control_character_in_every_column_stays_in_its_row() {
        for character in ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}') {
            let text = format!("a{character}b");
            let shared: Arc<str> = text.as_str().into();
            let rule = RuleRef { id: shared.clone(), title: Some(shared.clone()), ..RuleRef::default() };
            let account = AccountRef { name: Some(shared), ..AccountRef::default() };
            let origin = Origin::new("one", "vendor");
            let mut finding = Finding::new(&origin, "1".to_owned(), Arc::new(rule), Arc::new(account));
            finding.region = Some(text.as_str().into());
            finding.resource.name = Some(text);
            let mut table = finding_table();
            table.add_row(finding_row(&finding));
            let shown = table.to_string();
            assert_eq!(shown.lines().count(), 2, "{shown:?}");
            assert!(!shown.chars().any(|letter| letter.is_control() && letter != '\n'), "{shown:?}");
            let visible = format!("a\\u{{{:x}}}b", u32::from(character));
            assert_eq!(
                shown.matches(&visible).count(),
                5,
                "account, region, rule, resource and title: {shown:?}"
            );
        }
    }
}
