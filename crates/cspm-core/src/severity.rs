//! How bad a finding is, on one scale for all vendors.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One scale for all vendors (contract section 4). `Unknown` sorts below every known level: a minimum never lets it in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The vendor gave a word that no table knows, or none.
    #[default]
    Unknown,
    /// For information.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical. Conformity's `VERY_HIGH` and `EXTREME` both land here.
    Critical,
}

impl Severity {
    /// All levels, lowest first.
    pub const ALL: [Self; 6] =
        [Self::Unknown, Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word used in outputs and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(word: &str) -> Result<Self, UnknownSeverity> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str().eq_ignore_ascii_case(word.trim()))
            .ok_or(UnknownSeverity)
    }
}

/// The word names no severity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a severity (one of informational, low, medium, high, critical, unknown)")]
pub struct UnknownSeverity;
