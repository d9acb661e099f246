//! What a vendor can do, as data, known before the first request.

use serde::{Serialize, Serializer};

use crate::{Error, ErrorKind, Result};

/// Everything a caller can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Read findings.
    Findings,
    /// Read findings that pass.
    PassingFindings,
    /// Read suppressed, exempted or accepted findings.
    SuppressedFindings,
    /// Narrow findings by outcome.
    FilterOutcome,
    /// Narrow findings by severity.
    FilterSeverity,
    /// Narrow findings by suppression.
    FilterSuppressed,
    /// Narrow findings by account.
    FilterAccount,
    /// Narrow findings by region.
    FilterRegion,
    /// Narrow findings by rule.
    FilterRule,
    /// Narrow findings by cloud service.
    FilterService,
    /// Narrow findings by standard.
    FilterStandard,
    /// Narrow findings by time of change.
    FilterChangedSince,
    /// List cloud accounts.
    Accounts,
    /// List rules.
    Rules,
    /// List policies.
    ListPolicies,
    /// Read one policy with its rules.
    ShowPolicy,
    /// Create a policy.
    CreatePolicy,
    /// Make a policy exactly what a file says.
    ReplacePolicy,
    /// Change the named rules of a policy and leave the others.
    MergePolicy,
    /// Delete a policy.
    DeletePolicy,
    /// Apply a policy to accounts.
    ApplyPolicy,
    /// List suppressions.
    ListSuppressions,
    /// Suppress a finding.
    Suppress,
    /// Suppress a finding as a false positive rather than an accepted risk.
    SuppressFalsePositive,
    /// Lift a suppression.
    Unsuppress,
    /// Read the settings of rules that accounts have of their own.
    ReadAccountRules,
    /// Change them.
    WriteAccountRules,
    /// Create, change and delete rules of one's own.
    CustomRules,
    /// List what the vendor does by itself when rules are broken.
    ListAutomations,
    /// Pause and resume it.
    PauseAutomation,
}

impl Operation {
    /// All operations, in the order of the tables.
    pub const ALL: [Self; 30] = [
        Self::Findings,
        Self::PassingFindings,
        Self::SuppressedFindings,
        Self::FilterOutcome,
        Self::FilterSeverity,
        Self::FilterSuppressed,
        Self::FilterAccount,
        Self::FilterRegion,
        Self::FilterRule,
        Self::FilterService,
        Self::FilterStandard,
        Self::FilterChangedSince,
        Self::Accounts,
        Self::Rules,
        Self::ListPolicies,
        Self::ShowPolicy,
        Self::CreatePolicy,
        Self::ReplacePolicy,
        Self::MergePolicy,
        Self::DeletePolicy,
        Self::ApplyPolicy,
        Self::ListSuppressions,
        Self::Suppress,
        Self::SuppressFalsePositive,
        Self::Unsuppress,
        Self::ReadAccountRules,
        Self::WriteAccountRules,
        Self::CustomRules,
        Self::ListAutomations,
        Self::PauseAutomation,
    ];

    /// The name used in tables and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Findings => "findings",
            Self::PassingFindings => "findings.pass",
            Self::SuppressedFindings => "findings.suppressed",
            Self::FilterOutcome => "filter.outcome",
            Self::FilterSeverity => "filter.severity",
            Self::FilterSuppressed => "filter.suppressed",
            Self::FilterAccount => "filter.account",
            Self::FilterRegion => "filter.region",
            Self::FilterRule => "filter.rule",
            Self::FilterService => "filter.service",
            Self::FilterStandard => "filter.standard",
            Self::FilterChangedSince => "filter.changed-since",
            Self::Accounts => "accounts",
            Self::Rules => "rules",
            Self::ListPolicies => "policies.list",
            Self::ShowPolicy => "policies.show",
            Self::CreatePolicy => "policies.create",
            Self::ReplacePolicy => "policies.replace",
            Self::MergePolicy => "policies.merge",
            Self::DeletePolicy => "policies.delete",
            Self::ApplyPolicy => "policies.apply",
            Self::ListSuppressions => "suppressions.list",
            Self::Suppress => "suppress",
            Self::SuppressFalsePositive => "suppress.false-positive",
            Self::Unsuppress => "unsuppress",
            Self::ReadAccountRules => "account-rules.read",
            Self::WriteAccountRules => "account-rules.write",
            Self::CustomRules => "rules.custom",
            Self::ListAutomations => "automations.list",
            Self::PauseAutomation => "automations.pause",
        }
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Whether an operation works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Support {
    /// It does.
    Yes,
    /// It does not: asking for it is an error before anything is sent.
    No,
    /// It does within limits that the note names.
    Partly,
}

impl Support {
    /// The word used in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Partly => "partly",
        }
    }
}

/// Who evaluates a filter. The program always checks again, so the answer is the same; the vendor's help saves requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Evaluator {
    /// The vendor narrows; less is sent.
    Vendor,
    /// The program alone.
    Program,
}

impl Evaluator {
    /// The word used in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vendor => "vendor",
            Self::Program => "program",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Capability {
    /// What.
    pub operation: Operation,
    /// Whether.
    pub support: Support,
    /// Limits, or what to do instead.
    pub note: &'static str,
    /// For filters: who evaluates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluated_by: Option<Evaluator>,
}

impl Capability {
    /// It works.
    #[must_use]
    pub const fn yes(operation: Operation, note: &'static str) -> Self {
        Self { operation, support: Support::Yes, note, evaluated_by: None }
    }

    /// It does not; the note says what to do instead.
    #[must_use]
    pub const fn no(operation: Operation, note: &'static str) -> Self {
        Self { operation, support: Support::No, note, evaluated_by: None }
    }

    /// It works within limits.
    #[must_use]
    pub const fn partly(operation: Operation, note: &'static str) -> Self {
        Self { operation, support: Support::Partly, note, evaluated_by: None }
    }

    /// A filter that works, and who evaluates it.
    #[must_use]
    pub const fn filter(operation: Operation, by: Evaluator, note: &'static str) -> Self {
        Self { operation, support: Support::Yes, note, evaluated_by: Some(by) }
    }
}

/// What one vendor can do. An operation that is not listed is not supported.
#[derive(Clone, Copy, Debug)]
pub struct Capabilities {
    /// The vendor's name.
    pub vendor: &'static str,
    /// One row an operation.
    pub rows: &'static [Capability],
}

impl Capabilities {
    /// The row of an operation.
    #[must_use]
    pub fn of(&self, operation: Operation) -> Capability {
        self.rows
            .iter()
            .copied()
            .find(|row| row.operation == operation)
            .unwrap_or(Capability::no(operation, "not offered by this version"))
    }

    /// Refuses what the vendor does not offer, before anything is sent.
    ///
    /// # Errors
    /// Kind `unsupported`, with what the vendor does offer.
    pub fn require(&self, operation: Operation) -> Result<()> {
        let row = self.of(operation);
        if row.support != Support::No {
            return Ok(());
        }
        let note = if row.note.is_empty() { "see `cspm capabilities`" } else { row.note };
        let family = |operation: Operation| operation.as_str().split('.').next();
        let offered: Vec<&str> = Operation::ALL
            .into_iter()
            .filter(|other| family(*other) == family(operation) && self.of(*other).support != Support::No)
            .map(Operation::as_str)
            .collect();
        let offered = match offered.as_slice() {
            [] => String::new(),
            names => format!("; it offers {}", names.join(", ")),
        };
        Err(Error::new(
            ErrorKind::Unsupported,
            format!("{} does not offer {}: {note}{offered}", self.vendor, operation.as_str()),
        ))
    }
}
