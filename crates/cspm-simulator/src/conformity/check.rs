//! A check: one rule evaluated on one resource in one region (section 4.1).

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

/// A text that many records share.
pub type Text = Arc<str>;

/// A check's id: `ccc:{account}:{rule}:{service}:{region}:{resource}`.
///
/// The resource may be empty and may hold any character, colons and slashes included.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId(Text);

impl CheckId {
    /// Puts an id together. An empty resource leaves the id ending with a colon.
    #[must_use]
    pub fn new(account: &str, rule: &str, service: &str, region: &str, resource: &str) -> Self {
        Self(format!("ccc:{account}:{rule}:{service}:{region}:{resource}").into())
    }

    /// Reads an id; the resource part and its colon may be missing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.starts_with("ccc:") && text.splitn(6, ':').count() >= 5).then(|| Self(text.into()))
    }

    /// The whole id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Conformity's account id.
    #[must_use]
    pub fn account(&self) -> &str {
        self.part(1)
    }

    /// The rule's id.
    #[must_use]
    pub fn rule(&self) -> &str {
        self.part(2)
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &str {
        self.part(3)
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        self.part(4)
    }

    /// The resource; empty for a check of a whole service, region or account.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    /// The same id with or without the colon at its end, if it has no resource: either is seen (section 4.1).
    pub(super) fn other_spelling(&self) -> Option<String> {
        self.resource().is_empty().then(|| match self.0.strip_suffix(':') {
            Some(bare) => bare.to_owned(),
            None => format!("{}:", self.0),
        })
    }

    fn part(&self, n: usize) -> &str {
        self.0.splitn(6, ':').nth(n).unwrap_or_default()
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// The resource satisfies the rule.
    Success,
    /// It does not.
    Failure,
}

impl Status {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
        }
    }
}

/// The link to the rule's page, of which both spellings occur, one per check.
#[derive(Clone, Debug, Default)]
pub enum ResolutionPage {
    /// No link.
    #[default]
    Missing,
    /// `resolution-page-url`.
    Kebab(Text),
    /// `resolutionPageUrl`.
    Camel(Text),
}

/// A remark on a check or on a rule setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The user who wrote it.
    pub by: String,
    /// When, in milliseconds.
    pub at: i64,
    /// What it says.
    pub text: String,
}

/// A check. Region, service and resource are in the id; times are milliseconds since 1970, UTC.
///
/// Every attribute but the status may be missing. See [`Check::new`] for a small one to start from.
#[derive(Clone, Debug)]
pub struct Check {
    /// The key.
    pub id: CheckId,
    /// How it came out.
    pub status: Status,
    /// The risk level's word, normally one of [`super::RISK_LEVELS`].
    pub risk_level: Text,
    /// The word for people.
    pub pretty_risk_level: Option<Text>,
    /// What is wrong, or right.
    pub message: Option<Text>,
    /// The kind of resource, such as `s3-bucket`.
    pub descriptor_type: Option<Text>,
    /// The kind of resource in words, now and then the resource's own name.
    pub resource_name: Option<Text>,
    /// A link into the cloud's console.
    pub link: Option<Text>,
    /// The link's text.
    pub link_title: Option<Text>,
    /// When the record was made.
    pub created: Option<i64>,
    /// When it last changed.
    pub modified: Option<i64>,
    /// When an event last changed it.
    pub updated: Option<i64>,
    /// When the status last changed.
    pub status_changed: Option<i64>,
    /// When the failure was found.
    pub failure_discovered: Option<i64>,
    /// When it was resolved.
    pub resolved: Option<i64>,
    /// Who brought the failure about.
    pub introduced_by: Option<Text>,
    /// Who resolved it.
    pub resolved_by: Option<Text>,
    /// Who changed it last.
    pub updated_by: Option<Text>,
    /// The rule's categories.
    pub categories: Option<Arc<[Text]>>,
    /// The standards that ask for the rule.
    pub compliances: Option<Arc<[Text]>>,
    /// The resource's tags, `key::value`.
    pub tags: Option<Arc<[Text]>>,
    /// Whether it is suppressed; missing means no.
    pub suppressed: Option<bool>,
    /// The end of the suppression; missing means no end.
    pub suppressed_until: Option<i64>,
    /// The resource's name across clouds.
    pub ccrn: Option<Text>,
    /// More facts, an array of labelled values.
    pub extradata: Option<Arc<Value>>,
    /// Whether the check is for information only.
    pub not_scored: Option<bool>,
    /// Whether the resource is an exception of the rule.
    pub excluded: Option<bool>,
    /// The rule's title.
    pub rule_title: Option<Text>,
    /// The cloud.
    pub provider: Option<Text>,
    /// The rule's page.
    pub resolution_page: ResolutionPage,
    /// The cloud's own id of the resource, where it is known.
    pub provider_resource_id: Option<Text>,
    /// Whether `service` is among the attributes, as in newer records.
    pub shows_service: bool,
    /// Whether `region` and `resource` are left out of the attributes and only stand in the id.
    pub sparse: bool,
    /// Whether attributes without a value that may be null are `null` rather than absent (section 3.4).
    pub explicit_nulls: bool,
    /// Remarks, oldest first.
    pub notes: Vec<Note>,
    /// Further attributes as they go on the wire: `cost`, `waste`, `ignored`, `ttl`, `eventId` ...
    pub extra: Option<Arc<Map<String, Value>>>,
}

impl Check {
    /// A check with nothing but its key, its status and its risk level.
    #[must_use]
    pub fn new(id: CheckId, status: Status, risk_level: &str) -> Self {
        Self {
            id,
            status,
            risk_level: risk_level.into(),
            pretty_risk_level: None,
            message: None,
            descriptor_type: None,
            resource_name: None,
            link: None,
            link_title: None,
            created: None,
            modified: None,
            updated: None,
            status_changed: None,
            failure_discovered: None,
            resolved: None,
            introduced_by: None,
            resolved_by: None,
            updated_by: None,
            categories: None,
            compliances: None,
            tags: None,
            suppressed: None,
            suppressed_until: None,
            ccrn: None,
            extradata: None,
            not_scored: None,
            excluded: None,
            rule_title: None,
            provider: None,
            resolution_page: ResolutionPage::Missing,
            provider_resource_id: None,
            shows_service: true,
            sparse: false,
            explicit_nulls: false,
            notes: Vec::new(),
            extra: None,
        }
    }

    /// Whether it is suppressed.
    #[must_use]
    pub fn is_suppressed(&self) -> bool {
        self.suppressed == Some(true)
    }

    /// Whether it is a custom check, made through the interface rather than by a rule.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.id.rule().starts_with("CUSTOM-")
    }
}
