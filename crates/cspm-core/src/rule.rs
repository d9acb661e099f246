//! A rule of a vendor's catalogue (contract section 8).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Origin, Severity, StandardRef};

/// A rule: what Conformity calls a rule, InsightCloudSec an insight and Bitdefender a rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rule {
    /// The configuration's name of the connection.
    pub connection: Arc<str>,
    /// The vendor.
    pub vendor: Arc<str>,
    /// The vendor's id; InsightCloudSec: `<source>:<insight_id>`.
    pub id: Arc<str>,
    /// Its title.
    pub title: Option<Arc<str>>,
    /// Its text.
    pub description: Option<Arc<str>>,
    /// How bad it is that it is broken, by default.
    pub severity: Severity,
    /// The vendor's own word or number for that, the one that counts.
    pub vendor_severity: Option<Arc<str>>,
    /// The cloud it is for, spelled as in [`AccountRef::provider`](crate::AccountRef::provider).
    pub provider: Option<Arc<str>>,
    /// The cloud service it looks at.
    pub service: Option<Arc<str>>,
    /// The vendor's categories.
    pub categories: Arc<[Arc<str>]>,
    /// Compliance standards it belongs to.
    pub standards: Arc<[StandardRef]>,
    /// Types of resource it looks at, as the vendor spells them.
    pub resource_types: Vec<Arc<str>>,
    /// Whether the vendor is about to drop it; `None` if the vendor has no such notion.
    pub deprecated: Option<bool>,
    /// The vendor's page about it.
    pub url: Option<Arc<str>>,
}

impl Rule {
    /// A rule that knows who it is and nothing more.
    #[must_use]
    pub fn new(origin: &Origin, id: Arc<str>) -> Self {
        Self {
            connection: origin.connection.clone(),
            vendor: origin.vendor.clone(),
            id,
            title: None,
            description: None,
            severity: Severity::Unknown,
            vendor_severity: None,
            provider: None,
            service: None,
            categories: Arc::default(),
            standards: Arc::default(),
            resource_types: Vec::new(),
            deprecated: None,
            url: None,
        }
    }
}
