//! Suppressions: findings that people accept, with a reason and an end (contract section 7).

mod listing;
mod run;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::Serialize;

pub use self::listing::SuppressionsOnFindings;
pub use self::run::{Deed, DeedResult, Suppressing, Wish};
pub use self::store::{Known, Standing, SuppressionStore};
use crate::{InvalidTime, Origin, Suppression, Timestamp};

/// When a suppression ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Never: it has to be said.
    Never,
    /// With the last moment of a day, UTC. The instant is the day's first.
    Day(Timestamp),
    /// At an instant.
    At(Timestamp),
}

impl End {
    const DAY: i64 = 24 * 60 * 60 * 1000;

    /// Reads `never`, a date (`2026-03-31`) or an RFC 3339 time.
    ///
    /// # Errors
    /// [`InvalidTime`] if it is none of them.
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        let text = text.trim();
        if text == "never" {
            return Ok(Self::Never);
        }
        if text.len() == "2026-03-31".len() {
            return Timestamp::parse_naive_utc(text).map(Self::Day);
        }
        Timestamp::parse(text).map(Self::At)
    }

    /// The first instant at which it is over, to the millisecond; `None` if never.
    #[must_use]
    pub fn instant(self) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::Day(day) => Some(day.plus_millis(Self::DAY)),
            Self::At(instant) => Some(instant),
        }
    }

    /// Whether it is over already.
    #[must_use]
    pub fn is_past(self, now: Timestamp) -> bool {
        self.instant().is_some_and(|end| end <= now)
    }
}

/// Why a finding is suppressed, where a vendor tells the reasons apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SuppressionKind {
    /// It is true, and accepted.
    #[default]
    RiskAccepted,
    /// It is not true.
    FalsePositive,
}

/// What is to be said of each finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionOrder {
    /// Why, in the words of whoever does it.
    pub reason: String,
    /// Its end.
    pub until: End,
    /// Its kind.
    pub kind: SuppressionKind,
}

/// A suppression in a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SuppressionEntry {
    /// The configuration's name of the connection.
    pub connection: Arc<str>,
    /// The vendor.
    pub vendor: Arc<str>,
    /// What it is known by: the vendor's id of the suppression where it has one, else of the finding.
    pub id: String,
    /// The finding, as [`Finding::vendor_id`](crate::Finding::vendor_id).
    pub finding: String,
    /// What it says; `None` of a finding that turned out not to be suppressed, which is no part of any listing.
    pub suppression: Option<Suppression>,
    /// Since when; `None` if the vendor does not say.
    pub since: Option<Timestamp>,
    /// Whether it is in force: not switched off, begun, and not ended.
    pub active: bool,
}

impl SuppressionEntry {
    /// A suppression of a finding.
    #[must_use]
    pub fn new(origin: &Origin, id: String, finding: String, suppression: Suppression) -> Self {
        Self {
            connection: origin.connection.clone(),
            vendor: origin.vendor.clone(),
            id,
            finding,
            suppression: Some(suppression),
            since: None,
            active: true,
        }
    }
}

/// A question about suppressions: all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SuppressionQuery;
