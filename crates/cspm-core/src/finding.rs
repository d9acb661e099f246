//! A finding: what one rule says of one resource, in the words of contract section 4.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Severity, Timestamp};

/// Tags of a resource or an account, by name.
pub type Tags = BTreeMap<String, String>;

/// One result of one rule on one resource.
///
/// Keys, their order and their meaning are those of contract section 4; what the vendor does not say is `None` or
/// empty. What repeats over many findings (rule, account, standards, categories) is shared, not copied.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// Stable over runs, and unique over vendors, connections, rules and resources:
    /// `<vendor>:<connection>:<vendor_id>`.
    pub uid: String,
    /// The configuration's name of the connection.
    pub connection: Arc<str>,
    /// The vendor: `conformity`, `insightcloudsec`, `bitdefender`, or that of an adapter of your own.
    pub vendor: Arc<str>,
    /// The vendor's own id, byte for byte. InsightCloudSec has none: `<source>:<insight_id>/<resource_id>`.
    pub vendor_id: String,
    /// The rule's title; the rule's id where the vendor tells no title.
    pub title: Arc<str>,
    /// The rule's text.
    pub description: Option<Arc<str>>,
    /// What is wrong with this resource.
    pub message: Option<String>,
    /// What the check said.
    pub outcome: Outcome,
    /// How bad it is.
    pub severity: Severity,
    /// The vendor's own word or number, the one that counted.
    pub vendor_severity: Option<Arc<str>>,
    /// What people made of it.
    pub state: Option<State>,
    /// The suppression, exemption or accepted risk that is in force.
    pub suppression: Option<Suppression>,
    /// The rule.
    pub rule: Arc<RuleRef>,
    /// The resource.
    pub resource: Resource,
    /// The cloud account.
    pub account: Arc<AccountRef>,
    /// The cloud's region, or `global`, as the vendor words it.
    pub region: Option<Arc<str>>,
    /// The vendor's categories.
    pub categories: Arc<[Arc<str>]>,
    /// Compliance standards the rule belongs to.
    pub standards: Arc<[StandardRef]>,
    /// Tags of the resource.
    pub tags: Tags,
    /// When the condition was first seen.
    pub first_seen: Option<Timestamp>,
    /// When it was last seen.
    pub last_seen: Option<Timestamp>,
    /// When the vendor last changed the result, or what people made of it.
    pub updated: Option<Timestamp>,
    /// When it was resolved.
    pub resolved: Option<Timestamp>,
    /// A link into the vendor's or the cloud's console.
    pub url: Option<String>,
    /// How to mend it.
    pub remediation: Option<Arc<Remediation>>,
    /// The vendor's record as received, nothing dropped or renamed; only where the query asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Box<RawValue>>,
}

impl Finding {
    /// A finding that knows who it is and nothing more: outcome and severity unknown, everything else empty.
    #[must_use]
    pub fn new(origin: &Origin, vendor_id: String, rule: Arc<RuleRef>, account: Arc<AccountRef>) -> Self {
        Self {
            uid: format!("{}:{}:{}", origin.vendor, origin.connection, vendor_id),
            connection: origin.connection.clone(),
            vendor: origin.vendor.clone(),
            vendor_id,
            title: rule.title.clone().unwrap_or_else(|| rule.id.clone()),
            description: None,
            message: None,
            outcome: Outcome::Unknown,
            severity: Severity::Unknown,
            vendor_severity: None,
            state: None,
            suppression: None,
            rule,
            resource: Resource::default(),
            account,
            region: None,
            categories: Arc::default(),
            standards: Arc::default(),
            tags: Tags::new(),
            first_seen: None,
            last_seen: None,
            updated: None,
            resolved: None,
            url: None,
            remediation: None,
            raw: None,
        }
    }

    /// The time that tells whether the finding is new to someone who last looked at a given moment: `updated`, else
    /// `last_seen`, else `first_seen`.
    #[must_use]
    pub fn changed(&self) -> Option<Timestamp> {
        self.updated.or(self.last_seen).or(self.first_seen)
    }

    /// Whether people suppressed, exempted or accepted it at the vendor.
    #[must_use]
    pub fn is_suppressed(&self) -> bool {
        self.suppression.is_some() || self.state == Some(State::Suppressed)
    }
}

/// Which connection of which vendor a record came through.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The configuration's name of the connection: unique, `[a-z0-9-]`.
    pub connection: Arc<str>,
    /// The vendor's name.
    pub vendor: Arc<str>,
}

impl Origin {
    /// Names a connection.
    pub fn new(connection: impl Into<Arc<str>>, vendor: impl Into<Arc<str>>) -> Self {
        Self { connection: connection.into(), vendor: vendor.into() }
    }
}

/// What a check said, apart from what people made of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// The rule is broken.
    Fail,
    /// The rule is kept.
    Pass,
    /// The rule could not be evaluated fully.
    Warning,
    /// The vendor gave a word that no table knows, or none.
    #[default]
    Unknown,
}

impl Outcome {
    /// The word used in outputs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Pass => "pass",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What people made of a finding, beside its [`Outcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// Nobody decided anything.
    Open,
    /// Suppressed, exempted, risk accepted, or called a false positive.
    Suppressed,
    /// Somebody has to look at it.
    InReview,
    /// Failed before and called mended, by the vendor or by people.
    Resolved,
}

impl State {
    /// The word used in outputs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Suppressed => "suppressed",
            Self::InReview => "in_review",
            Self::Resolved => "resolved",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A suppression in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Its end; `None` means without end.
    pub until: Option<Timestamp>,
    /// Why, in the words of whoever did it.
    pub reason: Option<String>,
    /// Who.
    pub by: Option<String>,
    /// The vendor's word: `suppressed` (Conformity), `exemption` (InsightCloudSec), `risk_accepted` or
    /// `false_positive` (Bitdefender).
    pub kind: String,
}

/// The rule of a finding, as far as a finding shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RuleRef {
    /// The vendor's id; InsightCloudSec: `<source>:<insight_id>`.
    pub id: Arc<str>,
    /// Its title, if the vendor tells one.
    pub title: Option<Arc<str>>,
    /// The cloud service it looks at; `None` where the vendor has no such notion.
    pub service: Option<Arc<str>>,
    /// The vendor's page about it.
    pub url: Option<Arc<str>>,
}

/// The resource of a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// The cloud's id where the vendor gives it, else the vendor's.
    pub id: Option<String>,
    /// Its display name.
    pub name: Option<String>,
    /// Its type in the vendor's spelling.
    #[serde(rename = "type")]
    pub kind: Option<Arc<str>>,
}

/// The cloud account of a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AccountRef {
    /// The vendor's id (InsightCloudSec: `divvyorganizationservice:<n>`; Bitdefender: the scan account's).
    pub id: Option<Arc<str>>,
    /// The cloud's own id: AWS account number, Azure subscription, GCP project.
    pub cloud_id: Option<Arc<str>>,
    /// Its display name.
    pub name: Option<Arc<str>>,
    /// `aws`, `azure`, `gcp`, `oci`, `alibaba`, `kubernetes`, or the vendor's word in lower case.
    pub provider: Option<Arc<str>>,
}

impl AccountRef {
    /// Whether a user who writes `text` means this account: its vendor id, the part of that behind its last colon
    /// (so that `3` finds `divvyorganizationservice:3`), or the cloud's own id, of AWS also without the zeros in front.
    #[must_use]
    pub fn is_called(&self, text: &str) -> bool {
        let text = text.trim_end_matches(':');
        let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        self.cloud_id.as_deref() == Some(text)
            || (is_number
                && self.provider.as_deref() == Some("aws")
                && self.cloud_id.as_deref().is_some_and(|id| id == format!("{text:0>12}")))
            || self.id.as_deref().is_some_and(|id| {
                let id = id.trim_end_matches(':');
                id == text || id.rsplit_once(':').is_some_and(|(_, number)| number == text)
            })
    }
}

/// A standard, and the control in it, that a rule belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StandardRef {
    /// The standard's id as the vendor spells it (InsightCloudSec: a pack's `<source>:<pack_id>`).
    pub id: Arc<str>,
    /// The control, if the vendor tells it.
    pub control: Option<Arc<str>>,
    /// The standard's display name, by which a query may also name it. Not part of the output.
    #[serde(skip)]
    pub name: Option<Arc<str>>,
}

/// How to mend a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remediation {
    /// What to do, in the vendor's words.
    pub text: Option<Arc<str>>,
    /// The vendor's page about it.
    pub url: Option<Arc<str>>,
}
