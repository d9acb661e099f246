//! Outcome, workflow, activity and severity: four different things, each with its number and caption.

use cspm_core::{Finding, Outcome, Severity, State};

/// What happened to a finding in an event: `activity_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activity {
    /// 1: seen for the first time.
    Create,
    /// 2: seen before, and something changed.
    Update,
    /// 3: mended, or gone.
    Close,
}

/// A number with its caption, such as 3 `Fail`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coded(pub(crate) i64, pub(crate) &'static str);

impl Activity {
    /// Decides without knowing any earlier run. What the vendor calls resolved is closed; a suppression or a check
    /// that could not be evaluated is an update; a passing check is new, as is a failing one that has not changed
    /// since it was first seen; anything else is an update.
    #[must_use]
    pub fn without_history(finding: &Finding) -> Self {
        if finding.state == Some(State::Resolved) {
            return Self::Close;
        }
        if finding.is_suppressed() {
            return Self::Update;
        }
        let unchanged = finding.first_seen.is_some() && finding.first_seen == finding.changed();
        match finding.outcome {
            Outcome::Pass => Self::Create,
            Outcome::Fail if unchanged => Self::Create,
            _ => Self::Update,
        }
    }

    /// The number and its caption.
    pub(crate) const fn coded(self) -> Coded {
        match self {
            Self::Create => Coded(1, "Create"),
            Self::Update => Coded(2, "Update"),
            Self::Close => Coded(3, "Close"),
        }
    }

    /// `type_name`.
    pub(crate) const fn type_name(self) -> &'static str {
        match self {
            Self::Create => "Compliance Finding: Create",
            Self::Update => "Compliance Finding: Update",
            Self::Close => "Compliance Finding: Close",
        }
    }
}

/// The number of an outcome that passes.
pub(crate) const PASS: i64 = 1;

/// `compliance.status_id`: what the check said.
pub(crate) const fn outcome(outcome: Outcome) -> Coded {
    match outcome {
        Outcome::Pass => Coded(PASS, "Pass"),
        Outcome::Warning => Coded(2, "Warning"),
        Outcome::Fail => Coded(3, "Fail"),
        _ => Coded(0, "Unknown"),
    }
}

/// `status_id`: what people made of the finding. A check that passes or could not be evaluated, and that nobody did
/// anything about, has none.
pub(crate) fn workflow(finding: &Finding) -> Option<Coded> {
    match finding.state {
        Some(State::Resolved) => Some(RESOLVED),
        _ if finding.is_suppressed() => Some(Coded(3, "Suppressed")),
        Some(State::InReview) => Some(Coded(2, "In Progress")),
        _ if finding.outcome == Outcome::Fail => Some(Coded(1, "New")),
        _ => None,
    }
}

/// The workflow state of what was mended or is gone.
pub(crate) const RESOLVED: Coded = Coded(4, "Resolved");

/// `severity_id` and `severity`. A word that no table knows is 99 with that word; the caption of 99 itself is no
/// word worth repeating.
pub(crate) fn severity(finding: &Finding) -> (i64, Option<&str>) {
    match finding.severity {
        Severity::Informational => (1, Some("Informational")),
        Severity::Low => (2, Some("Low")),
        Severity::Medium => (3, Some("Medium")),
        Severity::High => (4, Some("High")),
        Severity::Critical => (5, Some("Critical")),
        Severity::Unknown => match finding.vendor_severity.as_deref() {
            None | Some("") => (0, Some("Unknown")),
            Some("Other") => (99, None),
            Some(word) => (99, Some(word)),
        },
    }
}
