//! What a caller wants to see, and the one place that decides whether a record is part of it.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{AccountRef, Finding, Outcome, Severity, Timestamp};

/// Which outcomes are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeFilter {
    /// Broken rules only.
    #[default]
    Fail,
    /// Kept rules only. InsightCloudSec lists violations only and refuses this.
    Pass,
    /// Everything the vendor lists.
    All,
}

/// Whether findings that people suppressed, exempted or accepted are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SuppressedFilter {
    /// Leave them out.
    #[default]
    Exclude,
    /// Show them too.
    Include,
    /// Show nothing else.
    Only,
}

/// A question about findings (contract section 3). Values of one field are alternatives; different fields all apply;
/// an empty list means no restriction.
///
/// Vendors narrow as far as they can; [`FindingQuery::matches`] then decides for every finding again, so that a filter
/// means the same everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FindingQuery {
    /// Wanted outcomes.
    pub outcome: OutcomeFilter,
    /// Wanted severities; empty means all.
    pub severities: BTreeSet<Severity>,
    /// That severity or a higher one.
    pub min_severity: Option<Severity>,
    /// What to do with suppressed findings.
    pub suppressed: SuppressedFilter,
    /// Account ids: the vendor's or the cloud's own.
    pub accounts: Vec<String>,
    /// The accounts that the connection is confined to by its configuration; applies beside `accounts`.
    pub confined_to: Vec<String>,
    /// Regions, as the vendor spells them.
    pub regions: Vec<String>,
    /// Rule ids.
    pub rules: Vec<String>,
    /// Cloud services; a finding without a service is in none.
    pub services: Vec<String>,
    /// Standards by id or name, upper and lower case alike.
    pub standards: Vec<String>,
    /// Changed at or after this moment; findings without any time are kept.
    pub changed_since: Option<Timestamp>,
    /// Whether each finding carries the vendor's record.
    pub raw: bool,
}

impl FindingQuery {
    /// Whether a severity is wanted. Adapters use it to narrow at the vendor.
    #[must_use]
    pub fn wants_severity(&self, severity: Severity) -> bool {
        (self.severities.is_empty() || self.severities.contains(&severity))
            && self.min_severity.is_none_or(|least| severity >= least)
    }

    /// Whether an outcome is wanted.
    #[must_use]
    pub fn wants_outcome(&self, outcome: Outcome) -> bool {
        match self.outcome {
            OutcomeFilter::Fail => outcome == Outcome::Fail,
            OutcomeFilter::Pass => outcome == Outcome::Pass,
            OutcomeFilter::All => true,
        }
    }

    /// Whether an account is wanted, by the query and by the connection's own confinement.
    #[must_use]
    pub fn wants_account(&self, account: &AccountRef) -> bool {
        let called = |names: &[String]| names.is_empty() || names.iter().any(|name| account.is_called(name));
        called(&self.accounts) && called(&self.confined_to)
    }

    /// Whether this finding is part of the answer.
    #[must_use]
    pub fn matches(&self, finding: &Finding) -> bool {
        let one_of = |wanted: &[String], have: Option<&str>| {
            wanted.is_empty() || have.is_some_and(|have| wanted.iter().any(|want| want == have))
        };
        let in_standard = |wanted: &String| {
            finding.standards.iter().any(|standard| {
                same_letters(&standard.id, wanted)
                    || standard.name.as_deref().is_some_and(|name| same_letters(name, wanted))
            })
        };
        self.wants_outcome(finding.outcome)
            && self.wants_severity(finding.severity)
            && match self.suppressed {
                SuppressedFilter::Exclude => !finding.is_suppressed(),
                SuppressedFilter::Include => true,
                SuppressedFilter::Only => finding.is_suppressed(),
            }
            && self.wants_account(&finding.account)
            && one_of(&self.regions, finding.region.as_deref())
            && one_of(&self.rules, Some(&finding.rule.id))
            && one_of(&self.services, finding.rule.service.as_deref())
            && (self.standards.is_empty() || self.standards.iter().any(in_standard))
            && self.changed_since.is_none_or(|since| finding.changed().is_none_or(|changed| changed >= since))
    }
}

/// Whether two names differ in upper and lower case at most.
#[must_use]
pub fn same_letters(one: &str, other: &str) -> bool {
    one.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase))
}

/// A question about accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountQuery {
    /// The accounts that the connection is confined to by its configuration; empty means all.
    pub confined_to: Vec<String>,
}

/// A question about rules: all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleQuery;

#[cfg(test)]
mod tests;
