//! Rules that customers write themselves.

use async_trait::async_trait;
use serde::Serialize;

use crate::{Noted, Result, Verbatim};

/// A rule of the customer's own, as it is written: an InsightCloudSec custom insight.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleDraft {
    /// Its title.
    pub title: String,
    /// Its text.
    pub description: String,
    /// How bad it is that it is broken, in the vendor's own word or number.
    pub severity: String,
    /// Types of resource it looks at, as the vendor spells them.
    pub resource_types: Vec<String>,
    /// What it looks for and everything else, in the vendor's form: members of the vendor's object by name.
    pub definition: std::collections::BTreeMap<String, Verbatim>,
}

/// A vendor's custom rules.
#[async_trait]
pub trait RuleStore: Send + Sync {
    /// Reads a custom rule as it would be written.
    ///
    /// # Errors
    /// `not_found` if there is none; `unsupported` if it is one of the vendor's own.
    async fn get(&self, id: &str) -> Result<RuleDraft>;

    /// Creates one and returns its id.
    ///
    /// # Errors
    /// As the transport says; [`Error::is_uncertain`](crate::Error::is_uncertain) if it may have happened all the same.
    async fn create(&self, draft: &RuleDraft) -> Result<Noted<String>>;

    /// Makes an existing one exactly this.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    async fn replace(&self, id: &str, draft: &RuleDraft) -> Result<Noted<()>>;

    /// Deletes one.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    async fn delete(&self, id: &str) -> Result<()>;
}
