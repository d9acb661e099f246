//! What a run brought, after everything that must hold of every run was checked.

use std::collections::BTreeSet;
use std::time::Duration;

use cspm::{Fleet, Run};
use cspm_core::{ConnectionReport, Error, Finding, Record, RunReport, ScopeReport};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::Instant;

use crate::{Lab, assert_absent};

/// What came out of a run.
#[derive(Debug)]
pub struct Outcome<T> {
    /// The records.
    pub items: Vec<T>,
    /// The report.
    pub report: RunReport,
    /// How long it took, by tokio's clock.
    pub took: Duration,
}

impl<T> Outcome<T> {
    /// The one connection's report.
    #[must_use]
    pub fn connection(&self) -> &ConnectionReport {
        &self.report.connections[0]
    }

    /// The scopes that are not complete.
    #[must_use]
    pub fn incomplete(&self) -> Vec<&ScopeReport> {
        self.connection().scopes.iter().filter(|scope| !scope.complete).collect()
    }

    /// Every error of the report.
    #[must_use]
    pub fn errors(&self) -> Vec<&Error> {
        let connection = self.connection();
        connection
            .error
            .iter()
            .chain(connection.scopes.iter().filter_map(|scope| scope.error.as_ref()))
            .collect()
    }

    /// Fails the test if something is missing.
    pub fn assert_complete(&self) {
        assert!(self.report.complete, "not complete: {:#?}", self.summary());
        assert!(!self.report.is_total_failure());
        assert!(self.errors().is_empty());
    }

    /// Fails the test if nothing is missing, or if nothing says what.
    pub fn assert_incomplete(&self) {
        assert!(!self.report.complete, "it claims to be complete: {:#?}", self.summary());
        assert!(!self.errors().is_empty(), "nothing says why: {:#?}", self.summary());
    }

    /// The report in a few lines: complete scopes are left out.
    #[must_use]
    pub fn summary(&self) -> ConnectionReport {
        let mut report = self.connection().clone();
        report.scopes.retain(|scope| !scope.complete);
        report
    }
}

impl Outcome<Finding> {
    /// The ids of the findings.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<String> {
        self.items.iter().map(|finding| finding.vendor_id.clone()).collect()
    }

    /// Fails the test if the findings are not exactly these.
    pub fn assert_ids(&self, wanted: &BTreeSet<String>) {
        let found = self.ids();
        let missing: Vec<_> = wanted.difference(&found).take(5).collect();
        let surplus: Vec<_> = found.difference(wanted).take(5).collect();
        assert!(
            found == *wanted,
            "{} found, {} wanted; missing: {missing:#?}; too many: {surplus:#?}; {:#?}",
            found.len(),
            wanted.len(),
            self.summary()
        );
    }

    /// Fails the test if some finding is not one of these.
    pub fn assert_among(&self, all: &BTreeSet<String>) {
        let found = self.ids();
        let surplus: Vec<_> = found.difference(all).take(5).collect();
        assert!(surplus.is_empty(), "not the vendor's: {surplus:#?}");
    }
}

/// Nothing takes longer than this, by the tests' clock: waits are bounded.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// Reads through the facade, and holds the result to what must hold of every run.
pub(crate) async fn read<T: Printable>(
    lab: &Lab,
    ask: impl FnOnce(Fleet) -> cspm_core::Result<Run<T>>,
) -> cspm_core::Result<Outcome<T>> {
    let (logged, unheard) = (lab.log().entries().last().map_or(0, |entry| entry.number), lab.way.unheard());
    let started = Instant::now();
    let mut run = ask(Fleet::new().with(lab.vendor.clone())).inspect_err(|error| {
        lab.assert_no_secret("a refusal", &in_full(error));
    })?;
    let mut items = Vec::new();
    while let Some(item) = run.next().await {
        items.push(item);
    }
    let outcome = Outcome { items, report: run.finish(), took: started.elapsed() };
    let mut entries = lab.log().entries();
    entries.retain(|entry| entry.number > logged);
    let unheard = lab.way.unheard() - unheard;
    check(&outcome, entries.len() as u64 + unheard, lab.secret());
    assert_once(&outcome.items);
    crate::asked::check_run(lab, &entries, unheard, outcome.connection());
    if lab.is_in_process() {
        assert_eq!(lab.log().in_flight(), 0, "requests are under way after the end of the run");
        assert!(outcome.took <= LONGEST, "it took {:?}", outcome.took);
    }
    Ok(outcome)
}

/// Fails if a record came twice.
pub(crate) fn assert_once<T: Record>(items: &[T]) {
    let mut seen = BTreeSet::new();
    let again = items.iter().map(Record::identity).find(|identity| !seen.insert(*identity));
    assert_eq!(again, None, "a record came twice");
}

/// Whoever ran it: `sent` is the server's count of requests, `secret` the credential.
pub(crate) fn check<T: Printable>(outcome: &Outcome<T>, sent: u64, secret: &str) {
    let assert_no_secret = |place: &str, text: &str| assert_absent(&[secret.to_owned()], place, text);
    let report = outcome.connection();
    let summary = || outcome.summary();
    assert_eq!(report.requests, sent, "requests, by the server's count: {:#?}", summary());
    assert_eq!(report.findings, outcome.items.len() as u64, "records, by counting them");
    assert_eq!(outcome.report.complete, report.complete);
    assert!(report.retries < report.requests.max(1));
    let whole = report.error.is_none() && report.scopes.iter().all(|scope| scope.complete);
    assert_eq!(report.complete, whole, "a connection is complete if all its scopes are: {:#?}", summary());
    for scope in &report.scopes {
        assert_eq!(scope.complete, scope.error.is_none(), "a scope is complete or says why not: {scope:#?}");
        if let (true, Some(expected)) = (scope.complete, scope.expected) {
            assert_eq!(scope.received, expected, "a complete scope has what was announced: {scope:#?}");
        }
    }
    assert!(report.rejected == 0 || !report.complete, "a rejected record makes its scope incomplete");
    assert_no_secret("the report", &checked_json(outcome));
    for error in outcome.errors() {
        assert_no_secret("an error", &in_full(error));
        assert!(!error.to_string().contains('\n'), "an error is one line: {error}");
    }
    assert_no_secret("the notices", &report.notices.join("\n"));
    let mut printed = String::new();
    for item in &outcome.items {
        item.print(&mut printed);
    }
    assert_no_secret("the findings", &printed);
}

/// Everything that an error prints, its sources' words included.
fn in_full(error: &Error) -> String {
    let sources = std::iter::successors(std::error::Error::source(error), |error| error.source());
    let sources: String = sources.map(|source| format!(" {source} {source:?}")).collect();
    format!("{error} {error:?} {error:#?}{sources}")
}

/// The report as contract section 5 spells it.
fn checked_json<T>(outcome: &Outcome<T>) -> String {
    let text = serde_json::to_string(&outcome.report).expect("a report serialises");
    let report: Value = serde_json::from_str(&text).expect("a report is JSON");
    for key in ["run_id", "started", "finished", "complete", "connections"] {
        assert!(report.get(key).is_some(), "the report has no {key}");
    }
    let connection = &report["connections"][0];
    for key in [
        "name",
        "vendor",
        "complete",
        "findings",
        "duplicates",
        "rejected",
        "requests",
        "retries",
        "throttled",
    ] {
        assert!(!connection[key].is_null(), "the report has no {key}");
    }
    for scope in connection["scopes"].as_array().expect("scopes") {
        let keys: Vec<&str> = scope.as_object().expect("a scope").keys().map(String::as_str).collect();
        assert_eq!(
            BTreeSet::from_iter(keys),
            BTreeSet::from(["complete", "error", "expected", "received", "scope"])
        );
        if let Some(error) = scope["error"].as_object() {
            let keys: Vec<&str> = error.keys().map(String::as_str).collect();
            assert_eq!(BTreeSet::from_iter(keys), BTreeSet::from(["kind", "message", "owner", "status"]));
        }
    }
    text
}

/// A record that can be printed as users see it.
pub(crate) trait Printable: Record {
    /// Appends it.
    fn print(&self, out: &mut String);
}

macro_rules! printable {
    ($($record:ty),+) => {$(
        impl Printable for $record {
            fn print(&self, out: &mut String) {
                out.push_str(&serde_json::to_string(self).expect("a record serialises"));
                out.push('\n');
            }
        }
    )+};
}

printable!(Finding, cspm_core::Account, cspm_core::Rule, cspm_core::PolicyEntry);

/// What a run of many findings came to, without keeping them.
#[derive(Debug)]
pub struct Counted {
    /// Different ids.
    pub distinct: usize,
    /// The report.
    pub report: RunReport,
}

impl Lab {
    /// Reads findings and only counts them: for worlds too large to print.
    pub async fn count_findings(&self, query: &cspm_core::FindingQuery) -> Counted {
        let mut run = Fleet::new().with(self.vendor.clone()).findings(query).expect("an answerable question");
        let mut seen = std::collections::HashSet::new();
        while let Some(finding) = run.next().await {
            assert!(seen.insert(finding.vendor_id), "a finding came twice");
        }
        let report = run.finish();
        assert_eq!(report.connections[0].findings, seen.len() as u64);
        Counted { distinct: seen.len(), report }
    }
}
