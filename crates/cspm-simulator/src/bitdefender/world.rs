//! What exists at the vendor, as plain values that a test may build, read and change.

use std::{borrow::Cow, sync::Arc};

/// An id. Shared, because a rule's id stands in thousands of checks.
pub type Id = Arc<str>;

/// A word of an enumeration, kept open: `"high".into()`, or one that no document knows.
pub type Word = Cow<'static, str>;

/// The outcomes of section 6.1.
pub const RESULTS: [&str; 2] = ["pass", "fail"];
/// The severities of section 6.1, from the lowest.
pub const SEVERITIES: [&str; 5] = ["informational", "low", "medium", "high", "critical"];
/// The triage statuses of section 6.1.
pub const STATUSES: [&str; 5] = ["open", "remediated", "risk_accepted", "false_positive", "needs_review"];

/// Everything. Collections are listed in the order they have here. References need not lead anywhere: a check whose
/// rule is gone keeps the rule's id, and its names are missing. An id that occurs twice is listed twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    /// Groups of scan accounts.
    pub groups: Vec<ScanGroup>,
    /// Scan accounts.
    pub scans: Vec<Scan>,
    /// Cloud resources.
    pub resources: Vec<Resource>,
    /// Rules.
    pub rules: Vec<Rule>,
    /// Compliance standards.
    pub standards: Vec<Standard>,
    /// Check results, the latest of each rule and resource.
    pub checks: Vec<Check>,
}

/// A group of scan accounts (section 5). Which accounts are in it stands with the accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanGroup {
    /// UUID.
    pub id: Id,
    /// Display name.
    pub name: Option<String>,
    /// May be empty.
    pub description: Option<String>,
    /// Opaque: its format is not described.
    pub schedule: Option<String>,
    /// A timestamp as text.
    pub created_at: Option<String>,
}

/// A scan account: one onboarded cloud account (section 4).
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// UUID.
    pub id: Id,
    /// Display name.
    pub name: Option<String>,
    /// The account's name at the cloud provider.
    pub target: Option<String>,
    /// Scanning is switched on.
    pub is_enabled: bool,
    /// Put aside.
    pub is_archived: bool,
    /// A timestamp as text.
    pub created_at: Option<String>,
    /// The id of its group.
    pub group: Option<Id>,
}

/// A cloud resource (section 7).
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// UUID.
    pub id: Id,
    /// The cloud's own id, served only with [`ResourceId::Native`](super::ResourceId::Native).
    pub native_id: String,
    /// Display name.
    pub name: Option<String>,
    /// Empty or `global` for what has none.
    pub region: Option<String>,
    /// Free text; may contain spaces.
    pub resource_type: Option<Word>,
}

/// A rule (section 8). The controls it belongs to stand with the standards.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// UUID.
    pub id: Id,
    /// The rule's code name.
    pub name: String,
    /// Rules are versioned.
    pub version: u32,
    /// Short text.
    pub title: Option<String>,
    /// Severity before any override.
    pub original_severity: Option<Word>,
    /// Long text of unknown markup.
    pub description: Option<String>,
    /// Long text of unknown markup.
    pub implication: Option<String>,
    /// Long text of unknown markup.
    pub recommendation: Option<String>,
    /// One string; how links are separated is unknown.
    pub references: Option<String>,
    /// Controls of compliance kinds other than `system_compliance`.
    pub other_controls: Vec<OtherControl>,
}

/// A control outside the built-in standards, as a rule's relationship names it (section 8 keeps the kind open).
#[derive(Clone, Debug, PartialEq)]
pub struct OtherControl {
    /// The control's id, unique only within its standard.
    pub id: String,
    /// The kind of standard.
    pub compliance_type: String,
    /// The standard's id.
    pub compliance_id: String,
    /// The section within the standard.
    pub section_id: String,
}

/// A compliance standard (section 9).
#[derive(Clone, Debug, PartialEq)]
pub struct Standard {
    /// A short name such as `GDPR`; may contain spaces, dots and slashes.
    pub id: Id,
    /// Full name.
    pub title: Option<String>,
    /// Its controls.
    pub controls: Vec<Control>,
}

/// One control of a standard.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// Unique only within the standard.
    pub id: String,
    /// What it asks for.
    pub description: Option<String>,
    /// The section it stands in.
    pub section_id: String,
    /// That section's title.
    pub section_title: Option<String>,
    /// The ids of the rules that check it.
    pub rules: Vec<Id>,
}

/// The result of one rule on one resource of one scan account (section 6.2). Its names of resource, account and group
/// are taken from those when it is served.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// UUID.
    pub id: Id,
    /// The scan account's id.
    pub scan: Id,
    /// The rule's id.
    pub rule: Id,
    /// The resource's id.
    pub resource: Id,
    /// `pass` or `fail`.
    pub result: Word,
    /// One of [`SEVERITIES`], after any override.
    pub severity: Option<Word>,
    /// One of [`STATUSES`]; `None` for a `pass`.
    pub status: Option<Word>,
    /// The remark made with the status.
    pub status_remarks: Option<String>,
    /// The remark made with the severity.
    pub severity_remarks: Option<String>,
    /// `yyyy-mm-dd`: the last day, in UTC, on which an accepted risk stays accepted.
    pub expires_at: Option<String>,
    /// A timestamp as text.
    pub created_at: Option<String>,
}

impl Check {
    /// Whether the accepted risk has run out on `today` (`yyyy-mm-dd`, so that text order is time order).
    pub(super) fn has_expired(&self, today: &str) -> bool {
        self.status.as_deref() == Some("risk_accepted")
            && self.expires_at.as_deref().is_some_and(|end| end < today)
    }
}
