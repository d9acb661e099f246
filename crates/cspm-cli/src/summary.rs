//! What a person wants to know when a run has ended, on standard error.

use std::collections::BTreeMap;
use std::sync::Arc;

use cspm::{Finding, Outcome, RunReport, Severity};
use serde::{Deserialize, Serialize};

use crate::output::table;
use crate::say;

/// Scopes named one by one; further ones are only counted, the report has them all.
const SCOPES_NAMED: usize = 10;

/// Counts findings as they pass by.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    by_connection: BTreeMap<Arc<str>, BTreeMap<Severity, u64>>,
    worst_open: Option<Severity>,
}

impl Tally {
    pub(crate) fn count(&mut self, finding: &Finding) {
        let counts = self.by_connection.entry(finding.connection.clone()).or_default();
        *counts.entry(finding.severity).or_default() += 1;
        let is_open = finding.outcome == Outcome::Fail
            && !finding.is_suppressed()
            && finding.state != Some(cspm::State::Resolved);
        if is_open {
            self.worst_open = self.worst_open.max(Some(finding.severity));
        }
    }

    /// Whether an open failing finding had that severity or a higher one.
    pub(crate) fn reaches(&self, level: Severity) -> bool {
        self.worst_open.is_some_and(|worst| worst >= level)
    }

    /// Shows the run's result.
    pub(crate) fn show(&self, report: &RunReport) {
        let levels = [
            Severity::Critical,
            Severity::High,
            Severity::Medium,
            Severity::Low,
            Severity::Informational,
            Severity::Unknown,
        ];
        let mut table = table::titled(&[
            "connection",
            "vendor",
            "findings",
            "critical",
            "high",
            "medium",
            "low",
            "info",
            "unknown",
            "scopes",
            "requests",
            "result",
        ]);
        for connection in &report.connections {
            let counts = self.by_connection.get(&connection.name);
            let mut row = vec![
                connection.name.to_string(),
                connection.vendor.to_string(),
                connection.findings.to_string(),
            ];
            row.extend(
                levels.map(|level| counts.and_then(|counts| counts.get(&level)).unwrap_or(&0).to_string()),
            );
            let read = connection.scopes.iter().filter(|scope| scope.complete).count();
            row.push(format!("{read} of {}", connection.scopes.len()));
            row.push(connection.requests.to_string());
            let result = match (connection.complete, connection.failed_as_a_whole()) {
                (true, _) => "complete",
                (false, true) => "FAILED",
                (false, false) => "PARTIAL",
            };
            row.push(result.to_owned());
            table.add_row(row);
        }
        say(&format!("\n{table}"));
        shortfalls(report);
        for connection in &report.connections {
            for notice in &connection.notices {
                say(&format!("warning: {}: {notice}", connection.name));
            }
        }
        for connection in &report.connections {
            if let Some(resolved) = connection.resolved.as_ref().filter(|resolved| !resolved.is_empty()) {
                say(&format!(
                    "resolved: {}: {} findings are gone since the last complete run; --report lists them",
                    connection.name,
                    resolved.len()
                ));
            }
        }
        let findings: u64 = report.connections.iter().map(|connection| connection.findings).sum();
        let verdict =
            if report.complete { "complete: everything that was asked for was read" } else { "NOT complete" };
        say(&format!("{findings} findings; {verdict}"));
    }
}

/// Says what is missing and who has to act. Shown also where nothing else is.
pub(crate) fn shortfalls(report: &RunReport) {
    for connection in &report.connections {
        if let Some(error) = &connection.error {
            say(&format!(
                "error: {}: {error} [{}, for the {} to mend]",
                connection.name,
                error.kind(),
                error.owner()
            ));
        }
        let missing: Vec<_> = connection.scopes.iter().filter(|scope| !scope.complete).collect();
        for scope in missing.iter().take(SCOPES_NAMED) {
            let labels: Vec<String> =
                scope.scope.iter().map(|(name, value)| format!("{name} {value}")).collect();
            let expected = scope
                .expected
                .map_or_else(|| "an unknown number".to_owned(), |expected| expected.to_string());
            let why = scope
                .error
                .as_ref()
                .map(|error| format!(": {error} [{}, for the {} to mend]", error.kind(), error.owner()));
            say(&format!(
                "missing: {}: {}: {} of {expected} records read{}",
                connection.name,
                labels.join(", "),
                scope.received,
                why.unwrap_or_default()
            ));
        }
        if missing.len() > SCOPES_NAMED {
            say(&format!(
                "missing: {}: and {} more scopes; --report has them all",
                connection.name,
                missing.len() - SCOPES_NAMED
            ));
        }
    }
}
