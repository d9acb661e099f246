//! A cloud account as a vendor knows it (contract section 8).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{AccountRef, Origin, Tags, Timestamp};

/// A cloud account: an AWS account, an Azure subscription, a GCP project, a cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Account {
    /// The configuration's name of the connection.
    pub connection: Arc<str>,
    /// The vendor.
    pub vendor: Arc<str>,
    /// Its ids, name and cloud, shared with the account's findings.
    #[serde(flatten)]
    pub identity: Arc<AccountRef>,
    /// The customer's word for what it is used for (Conformity only).
    pub environment: Option<String>,
    /// Whether the vendor checks it at present.
    pub enabled: Option<bool>,
    /// When it was last checked.
    pub last_checked: Option<Timestamp>,
    /// Its tags (Conformity: bare words, each with an empty value; InsightCloudSec: badges).
    pub tags: Tags,
}

impl Account {
    /// An account that knows who it is and nothing more.
    #[must_use]
    pub fn new(origin: &Origin, identity: Arc<AccountRef>) -> Self {
        Self {
            connection: origin.connection.clone(),
            vendor: origin.vendor.clone(),
            identity,
            environment: None,
            enabled: None,
            last_checked: None,
            tags: Tags::new(),
        }
    }
}
