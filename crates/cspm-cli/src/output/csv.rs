//! Findings as CSV: one column a key of contract section 4, in its order, nested keys dotted, lists joined by `;`.
//!
//! An entry of `standards` is its id, or `id:control`; an entry of `tags` is `name=value`. Cells that a spreadsheet would
//! run as a formula get a leading apostrophe, and characters that steer terminals are shown as escapes, unless exact cells
//! are asked for.

use std::io::{self, Write};

use cspm::Finding;

const COLUMNS: [&str; 37] = [
    "uid",
    "connection",
    "vendor",
    "vendor_id",
    "title",
    "description",
    "message",
    "outcome",
    "severity",
    "vendor_severity",
    "state",
    "suppression.until",
    "suppression.reason",
    "suppression.by",
    "suppression.kind",
    "rule.id",
    "rule.title",
    "rule.service",
    "rule.url",
    "resource.id",
    "resource.name",
    "resource.type",
    "account.id",
    "account.cloud_id",
    "account.name",
    "account.provider",
    "region",
    "categories",
    "standards",
    "tags",
    "first_seen",
    "last_seen",
    "updated",
    "resolved",
    "url",
    "remediation.text",
    "remediation.url",
];

pub(crate) struct Rows {
    raw: bool,
    exact: bool,
    started: bool,
}

impl Rows {
    pub(crate) fn new(raw: bool, exact: bool) -> Self {
        Self { raw, exact, started: false }
    }

    /// Goes on behind rows that are written already.
    pub(crate) fn go_on(&mut self) {
        self.started = true;
    }

    fn header(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.started = true;
        record(out, COLUMNS.into_iter().chain(self.raw.then_some("raw")).map(str::to_owned))
    }

    pub(crate) fn write(&mut self, out: &mut impl Write, finding: &Finding) -> io::Result<()> {
        if !self.started {
            self.header(out)?;
        }
        let exact = self.exact;
        record(
            out,
            cells(finding, self.raw).into_iter().map(|cell| if exact { cell } else { harmless(&cell) }),
        )
    }

    pub(crate) fn end(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.started { Ok(()) } else { self.header(out) }
    }
}

fn record(out: &mut impl Write, cells: impl Iterator<Item = String>) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    writer.write_record(cells)?;
    writer.flush()
}

fn cells(finding: &Finding, raw: bool) -> Vec<String> {
    fn text(value: Option<impl ToString>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    let Finding { rule, resource, account, .. } = finding;
    let suppression = finding.suppression.as_ref();
    let remediation = finding.remediation.as_deref();
    let standard = |standard: &cspm::StandardRef| match &standard.control {
        Some(control) => format!("{}:{control}", standard.id),
        None => standard.id.to_string(),
    };
    let tags: Vec<String> = finding.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut cells = vec![
        finding.uid.clone(),
        finding.connection.to_string(),
        finding.vendor.to_string(),
        finding.vendor_id.clone(),
        finding.title.to_string(),
        text(finding.description.as_ref()),
        text(finding.message.as_ref()),
        finding.outcome.to_string(),
        finding.severity.to_string(),
        text(finding.vendor_severity.as_ref()),
        text(finding.state),
        text(suppression.and_then(|suppression| suppression.until)),
        text(suppression.and_then(|suppression| suppression.reason.as_ref())),
        text(suppression.and_then(|suppression| suppression.by.as_ref())),
        text(suppression.map(|suppression| &suppression.kind)),
        rule.id.to_string(),
        text(rule.title.as_ref()),
        text(rule.service.as_ref()),
        text(rule.url.as_ref()),
        text(resource.id.as_ref()),
        text(resource.name.as_ref()),
        text(resource.kind.as_ref()),
        text(account.id.as_ref()),
        text(account.cloud_id.as_ref()),
        text(account.name.as_ref()),
        text(account.provider.as_ref()),
        text(finding.region.as_ref()),
        finding.categories.join(";"),
        finding.standards.iter().map(standard).collect::<Vec<_>>().join(";"),
        tags.join(";"),
        text(finding.first_seen),
        text(finding.last_seen),
        text(finding.updated),
        text(finding.resolved),
        text(finding.url.as_ref()),
        text(remediation.and_then(|remediation| remediation.text.as_ref())),
        text(remediation.and_then(|remediation| remediation.url.as_ref())),
    ];
    if raw {
        cells.push(finding.raw.as_ref().map(|raw| raw.get().to_owned()).unwrap_or_default());
    }
    cells
}

/// A cell that no spreadsheet runs and no terminal obeys.
fn harmless(cell: &str) -> String {
    let runs = |first: char| {
        matches!(first, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\0' | '＝' | '＋' | '－' | '＠')
    };
    let clean = cspm::clean_text(cell, usize::MAX / 8);
    if cell.chars().next().is_some_and(runs) { format!("'{clean}") } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o05_formulas_are_neutralised() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"] {
            assert!(harmless(cell).starts_with('\''), "{cell:?}");
        }
        assert_eq!(harmless("a=1, \"b\""), "a=1, \"b\"");
        assert_eq!(harmless("a\x1b[2J"), "a\\u{1b}[2J");
    }

    #[test]
    fn the_header_alone_is_a_valid_file() {
        let mut out = Vec::new();
        Rows::new(true, false).end(&mut out).unwrap();
        let mut reader = csv::Reader::from_reader(out.as_slice());
        assert_eq!(reader.headers().unwrap().len(), COLUMNS.len() + 1);
    }
}
