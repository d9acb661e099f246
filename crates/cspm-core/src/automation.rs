//! What a vendor does by itself when rules are broken.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;

use crate::{Origin, Result, Source};

/// An automation: an InsightCloudSec bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Automation {
    /// The configuration's name of the connection.
    pub connection: Arc<str>,
    /// The vendor.
    pub vendor: Arc<str>,
    /// The vendor's id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The vendor's word for whether it runs.
    pub state: Option<String>,
    /// The rule that sets it off, as [`Rule::id`](crate::Rule::id), if one does.
    pub rule: Option<String>,
}

impl Automation {
    /// An automation that has an id and nothing more.
    #[must_use]
    pub fn new(origin: &Origin, id: String) -> Self {
        Self {
            connection: origin.connection.clone(),
            vendor: origin.vendor.clone(),
            id,
            name: None,
            description: None,
            state: None,
            rule: None,
        }
    }
}

/// A question about automations: all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AutomationQuery;

/// A vendor's automations.
#[async_trait]
pub trait AutomationStore: Send + Sync {
    /// The listing, as steps for the engine.
    fn listing(&self) -> &dyn Source<Automation>;

    /// Stops one from acting until it is resumed.
    ///
    /// # Errors
    /// As the transport says; [`Error::is_uncertain`](crate::Error::is_uncertain) if it may have happened all the same.
    async fn pause(&self, id: &str) -> Result<()>;

    /// Lets one act again.
    ///
    /// # Errors
    /// As [`pause`](Self::pause).
    async fn resume(&self, id: &str) -> Result<()>;
}
