//! Policies: which rules are checked, and how (contract section 6).

mod apply;
mod changes;
mod plan;
mod push;
mod setting;
mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

pub use self::apply::{Application, ApplyMode, after_apply};
pub use self::changes::{Change, PolicyChanges, PushMode, RuleChange, plan_push, rule_changes};
pub use self::plan::{plan_policy, policies_for};
pub use self::push::{
    Applied, AppliedTo, PushOutcome, Pushed, apply_policy, delete_policy, preview_application, push,
};
pub use self::setting::{Exceptions, RuleSetting};
pub use self::store::{AccountRules, Noted, PolicyStore};
use crate::{Origin, Verbatim};

/// Rules by id, each with its whole setting.
pub type RuleSettings = BTreeMap<String, RuleSetting>;

/// A set of rules with their settings, as a vendor keeps it and as a policy file says it: a profile of Conformity, a pack of
/// InsightCloudSec, a compliance standard of Bitdefender.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Policy {
    /// The vendor's id; `None` of a policy that is still to be created.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its rules.
    pub rules: RuleSettings,
    /// What the vendor's policy has beside these, passed through unchanged (a pack's badges).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Verbatim>,
}

/// Whether a policy can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    /// The customer's own.
    Custom,
    /// The vendor's: read-only.
    BuiltIn,
}

impl PolicyKind {
    /// The word used in listings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::BuiltIn => "built_in",
        }
    }
}

/// A policy in a listing (contract section 8).
#[derive(Clone, Debug, Serialize)]
pub struct PolicyEntry {
    /// The configuration's name of the connection.
    pub connection: Arc<str>,
    /// The vendor.
    pub vendor: Arc<str>,
    /// The vendor's id; InsightCloudSec: `<source>:<pack_id>`.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whose it is.
    pub kind: PolicyKind,
    /// How many rules it has, if the listing tells.
    pub rules: Option<u64>,
}

impl PolicyEntry {
    /// A policy of a connection that has an id and nothing more.
    #[must_use]
    pub fn new(origin: &Origin, id: String, kind: PolicyKind) -> Self {
        Self {
            connection: origin.connection.clone(),
            vendor: origin.vendor.clone(),
            id,
            name: None,
            description: None,
            kind,
            rules: None,
        }
    }
}

/// A question about policies: all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyQuery;
