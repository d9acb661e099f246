//! What a run achieved, and exactly what it did not (contract section 5).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::{Error, ErrorKind, Origin, Owner, Timestamp};

/// A whole run over all connections.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    /// A random name of this run.
    pub run_id: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// Whether every connection is complete.
    pub complete: bool,
    /// One entry a connection.
    pub connections: Vec<ConnectionReport>,
}

impl RunReport {
    /// Whether every connection failed as a whole: nothing was delivered and no scope was read to its end.
    #[must_use]
    pub fn is_total_failure(&self) -> bool {
        !self.connections.is_empty() && self.connections.iter().all(ConnectionReport::failed_as_a_whole)
    }
}

/// One connection's part in a run.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectionReport {
    /// The configuration's name.
    pub name: Arc<str>,
    /// The vendor.
    pub vendor: Arc<str>,
    /// Whether all its scopes are complete.
    pub complete: bool,
    /// Records handed on.
    pub findings: u64,
    /// Records the vendor sent more than once; each was handed on once.
    pub duplicates: u64,
    /// Records that could not be understood.
    pub rejected: u64,
    /// Requests sent, repeats included.
    pub requests: u64,
    /// Requests that were repeats.
    pub retries: u64,
    /// Answers that said "too many requests".
    pub throttled: u64,
    /// One entry a scope that was read or should have been.
    pub scopes: Vec<ScopeReport>,
    /// Why the connection failed as a whole, if it did.
    pub error: Option<Error>,
    /// Findings (their `uid`) that were there at the last complete run and are gone, where every scope that they could be
    /// in was read completely. Only of a run that compares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Vec<String>>,
    /// Warnings, each once.
    #[serde(skip)]
    pub notices: Vec<String>,
    /// Accounts that the query names and this connection does not have.
    #[serde(skip)]
    pub unknown_accounts: Vec<String>,
}

impl ConnectionReport {
    pub(crate) fn new(origin: &Origin) -> Self {
        Self {
            name: origin.connection.clone(),
            vendor: origin.vendor.clone(),
            complete: false,
            findings: 0,
            duplicates: 0,
            rejected: 0,
            requests: 0,
            retries: 0,
            throttled: 0,
            scopes: Vec::new(),
            error: None,
            resolved: None,
            notices: Vec::new(),
            unknown_accounts: Vec::new(),
        }
    }

    /// Whether a record that this run has not seen is not there: some scope that it would be in was read, and all such
    /// scopes were read completely. A scope's label that says nothing about the record leaves the scope possible.
    #[must_use]
    pub fn proves_absence(&self, of: &Whereabouts<'_>) -> bool {
        let excludes = |scope: &ScopeReport| {
            let differs = |label: &str, value: Option<&str>| {
                value.is_some_and(|value| scope.scope.get(label).is_some_and(|label| label != value))
            };
            differs("account", of.account_id)
                || differs("insight", of.rule_id)
                || differs("resource_type", of.resource_type)
        };
        let mut possible = self.scopes.iter().filter(|scope| !excludes(scope)).peekable();
        self.error.is_none() && possible.peek().is_some() && possible.all(|scope| scope.complete)
    }

    /// Books that records which were handed on were not taken: the reader stopped before.
    pub fn forfeit(&mut self, lost: u64) {
        if lost == 0 {
            return;
        }
        let message = format!("interrupted before {lost} records that were read were taken");
        let error = Error::new(ErrorKind::Timeout, message).with_owner(Owner::Customer);
        self.findings = self.findings.saturating_sub(lost);
        self.complete = false;
        self.error.get_or_insert(error);
    }

    /// Whether nothing was delivered and no scope was read to its end.
    #[must_use]
    pub fn failed_as_a_whole(&self) -> bool {
        !self.complete && self.findings == 0 && !self.scopes.iter().any(|scope| scope.complete)
    }
}

/// What tells in which scopes a finding could be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whereabouts<'a> {
    /// The vendor's id of the account.
    pub account_id: Option<&'a str>,
    /// The vendor's id of the rule.
    pub rule_id: Option<&'a str>,
    /// The type of the resource.
    pub resource_type: Option<&'a str>,
}

/// One scope's part in a run.
#[derive(Clone, Debug, Serialize)]
pub struct ScopeReport {
    /// Its labels: `{"account": "Qx7kP2mNz"}`.
    pub scope: BTreeMap<String, String>,
    /// The vendor's own figure, where it gives one.
    pub expected: Option<u64>,
    /// Distinct records seen.
    pub received: u64,
    /// Whether its last page was read, nothing was rejected and, where `expected` is known, as many distinct records
    /// were seen.
    pub complete: bool,
    /// Why it is not complete.
    pub error: Option<Error>,
}
