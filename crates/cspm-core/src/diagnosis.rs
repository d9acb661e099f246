//! What `doctor` found out about a connection (contract section 8).

use serde::Serialize;

use crate::{Error, Owner};

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
}
