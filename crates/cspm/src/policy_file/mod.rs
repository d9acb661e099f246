//! Policy files (contract section 6): a policy as vendor-neutral TOML.
//!
//! What a vendor's own parameters are is the vendor's business: they are written as inline tables where TOML can hold them
//! to the letter, and as JSON text (`'{"value":null}'`) where it cannot. Either way, what is read back is byte for byte
//! what was exported.

mod json;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::path::Path;

use cspm_core::Policy;

use crate::config::{ConfigError, read_text};

/// A policy, and the connection it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyFile {
    /// The configuration's name of the connection.
    pub connection: String,
    /// The policy.
    pub policy: Policy,
}

impl PolicyFile {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of the file: an unknown key, a rule named twice, a value of the wrong type.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&read_text(path)?, path)
    }

    /// Reads a policy from text; `file` is used in messages.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] with every problem.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        read::policy(text).map_err(|complaints| ConfigError::Invalid(complaints.into_problems(file)))
    }

    /// The file's text. Parsing it gives the same policy again.
    #[must_use]
    pub fn to_toml(&self) -> String {
        write::policy(self)
    }
}
