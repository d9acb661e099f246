//! What `doctor` found out about a connection (contract section 8).

use serde::Serialize;

use crate::{Error, ErrorKind, Obstacle, Owner, Result};

/// More than this between two clocks, in seconds, is worth a word: suppressions begin and end by the clock.
const MOST_SKEW: u64 = 300;

const SET_CLOCK: &str = "set this machine's clock (NTP)";

/// One thing that was checked.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// What was checked: `address`, `tls`, `credential`, `clock`, or a permission such as `list checks`.
    pub check: &'static str,
    /// Whether it is well.
    pub ok: bool,
    /// What was found.
    pub message: String,
    /// Who has to act, if it is not well.
    pub owner: Option<Owner>,
    /// What to do, if it is not well.
    pub remedy: Option<String>,
}

impl Diagnosis {
    /// All is well.
    pub fn well(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, ok: true, message: message.into(), owner: None, remedy: None }
    }

    /// Something is not well; the error says what and who, the remedy what to do.
    pub fn ill(check: &'static str, error: &Error, remedy: impl Into<String>) -> Self {
        Self {
            check,
            ok: false,
            message: error.to_string(),
            owner: Some(error.owner()),
            remedy: Some(remedy.into()),
        }
    }

    /// Whether something may be done. What to do depends on why not: `right` if a right is missing, `address` if this does
    /// not look like the vendor at all.
    #[must_use]
    pub fn of(check: &'static str, result: Result<String>, right: &str, address: &str) -> Self {
        match result {
            Ok(message) => Self::well(check, message),
            Err(error) => {
                let remedy = match error.kind() {
                    ErrorKind::Permission => right,
                    ErrorKind::NotFound | ErrorKind::Protocol => address,
                    _ => "try again later",
                };
                Self::ill(check, &error, remedy)
            }
        }
    }

    /// Nothing answers, or not securely.
    #[must_use]
    pub fn unreachable(error: &Error, remedy: &str) -> Self {
        match error.obstacle() {
            None => Self::ill("address", error, remedy),
            Some(Obstacle::Tls) => Self::ill("tls", error, remedy),
            Some(Obstacle::Clock) => Self::ill("clock", error, SET_CLOCK),
        }
    }

    /// How far the vendor's clock is ahead of this machine's, in seconds; negative if behind.
    #[must_use]
    pub fn clock(skew: i64) -> Self {
        let apart = skew.unsigned_abs();
        if apart <= MOST_SKEW {
            return Self::well("clock", format!("{apart} s apart"));
        }
        let message = format!("this machine's clock and the vendor's are {apart} s apart");
        Self::ill("clock", &Error::new(ErrorKind::Config, message), SET_CLOCK)
    }
}
