//! A check as it goes on the wire (section 4.1).

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::check::{Check, Note, ResolutionPage, Status, Text};

impl Check {
    /// The check as it goes on the wire, with at most so many of its newest remarks if any are asked for.
    pub(super) fn wire(&self, notes: Option<usize>) -> CheckWire<'_> {
        CheckWire {
            kind: "checks",
            id: self.id.as_str(),
            attributes: AttributesWire::new(self, notes),
            relationships: RelationshipsWire {
                rule: LinkWire::new("rules", self.id.rule()),
                account: LinkWire::new("accounts", self.id.account()),
            },
        }
    }
}

/// A resource object of type `checks`.
#[derive(Serialize)]
pub(super) struct CheckWire<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    attributes: AttributesWire<'a>,
    relationships: RelationshipsWire<'a>,
}

#[derive(Serialize)]
struct RelationshipsWire<'a> {
    rule: LinkWire<'a>,
    account: LinkWire<'a>,
}

#[derive(Serialize)]
struct LinkWire<'a> {
    data: LinkDataWire<'a>,
}

#[derive(Serialize)]
struct LinkDataWire<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
}

impl<'a> LinkWire<'a> {
    fn new(kind: &'static str, id: &'a str) -> Self {
        Self { data: LinkDataWire { kind, id } }
    }
}

#[derive(Serialize)]
struct AttributesWire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    status: Status,
    #[serde(rename = "risk-level")]
    risk_level: &'a str,
    #[serde(rename = "pretty-risk-level", skip_serializing_if = "Option::is_none")]
    pretty_risk_level: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'a str>,
    #[serde(rename = "descriptorType", skip_serializing_if = "Option::is_none")]
    descriptor_type: Option<&'a str>,
    #[serde(rename = "resourceName", skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    #[serde(rename = "link-title", skip_serializing_if = "Option::is_none")]
    link_title: Option<&'a str>,
    #[serde(rename = "created-date", skip_serializing_if = "Option::is_none")]
    created_date: Option<i64>,
    #[serde(rename = "last-modified-date", skip_serializing_if = "Option::is_none")]
    last_modified_date: Option<i64>,
    #[serde(rename = "last-updated-date", skip_serializing_if = "Maybe::is_absent")]
    last_updated_date: Maybe<i64>,
    #[serde(rename = "lastStatusUpdateDate", skip_serializing_if = "Option::is_none")]
    last_status_update_date: Option<i64>,
    #[serde(rename = "failure-discovery-date", skip_serializing_if = "Option::is_none")]
    failure_discovery_date: Option<i64>,
    #[serde(rename = "failure-introduced-by", skip_serializing_if = "Maybe::is_absent")]
    failure_introduced_by: Maybe<&'a str>,
    #[serde(rename = "resolved-by", skip_serializing_if = "Maybe::is_absent")]
    resolved_by: Maybe<&'a str>,
    #[serde(rename = "last-updated-by", skip_serializing_if = "Maybe::is_absent")]
    last_updated_by: Maybe<&'a str>,
    #[serde(rename = "resolved-date", skip_serializing_if = "Maybe::is_absent")]
    resolved_date: Maybe<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    categories: Option<&'a [Text]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compliances: Option<&'a [Text]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<bool>,
    #[serde(rename = "suppressed-until", skip_serializing_if = "Maybe::is_absent")]
    suppressed_until: Maybe<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ccrn: Option<&'a str>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    extradata: Maybe<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a [Text]>,
    #[serde(rename = "not-scored", skip_serializing_if = "Option::is_none")]
    not_scored: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    excluded: Option<bool>,
    #[serde(rename = "rule-title", skip_serializing_if = "Option::is_none")]
    rule_title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    #[serde(rename = "resolution-page-url", skip_serializing_if = "Option::is_none")]
    resolution_page_url: Option<&'a str>,
    #[serde(rename = "resolutionPageUrl", skip_serializing_if = "Option::is_none")]
    resolution_page_url_camel: Option<&'a str>,
    #[serde(rename = "providerResourceId", skip_serializing_if = "Option::is_none")]
    provider_resource_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<Vec<NoteWire<'a>>>,
    #[serde(flatten)]
    extra: Option<&'a Map<String, Value>>,
}

impl<'a> AttributesWire<'a> {
    fn new(check: &'a Check, notes: Option<usize>) -> Self {
        let nulls = check.explicit_nulls;
        let (kebab, camel) = match &check.resolution_page {
            ResolutionPage::Missing => (None, None),
            ResolutionPage::Kebab(url) => (Some(&**url), None),
            ResolutionPage::Camel(url) => (None, Some(&**url)),
        };
        Self {
            region: (!check.sparse).then(|| check.id.region()),
            status: check.status,
            risk_level: &check.risk_level,
            pretty_risk_level: check.pretty_risk_level.as_deref(),
            message: check.message.as_deref(),
            resource: Some(check.id.resource()).filter(|resource| !check.sparse && !resource.is_empty()),
            descriptor_type: check.descriptor_type.as_deref(),
            resource_name: check.resource_name.as_deref(),
            link: check.link.as_deref(),
            link_title: check.link_title.as_deref(),
            created_date: check.created,
            last_modified_date: check.modified,
            last_updated_date: Maybe::new(check.updated, nulls),
            last_status_update_date: check.status_changed,
            failure_discovery_date: check.failure_discovered,
            failure_introduced_by: Maybe::new(check.introduced_by.as_deref(), nulls),
            resolved_by: Maybe::new(check.resolved_by.as_deref(), nulls),
            last_updated_by: Maybe::new(check.updated_by.as_deref(), nulls),
            resolved_date: Maybe::new(check.resolved, nulls),
            categories: check.categories.as_deref(),
            compliances: check.compliances.as_deref(),
            suppressed: check.suppressed,
            suppressed_until: Maybe::new(check.suppressed_until, nulls || check.is_suppressed()),
            ccrn: check.ccrn.as_deref(),
            extradata: Maybe::new(check.extradata.as_deref(), nulls),
            tags: check.tags.as_deref(),
            not_scored: check.not_scored,
            excluded: check.excluded,
            rule_title: check.rule_title.as_deref(),
            provider: check.provider.as_deref(),
            resolution_page_url: kebab,
            resolution_page_url_camel: camel,
            provider_resource_id: check.provider_resource_id.as_deref(),
            service: check.shows_service.then(|| check.id.service()),
            notes: notes.map(|most| newest(&check.notes, most)),
            extra: check.extra.as_deref(),
        }
    }
}

/// A value that is absent, null or there.
enum Maybe<T> {
    Absent,
    Null,
    Is(T),
}

impl<T> Maybe<T> {
    fn new(value: Option<T>, explicit_null: bool) -> Self {
        match value {
            Some(value) => Self::Is(value),
            None if explicit_null => Self::Null,
            None => Self::Absent,
        }
    }

    fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<T: Serialize> Serialize for Maybe<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Is(value) => value.serialize(serializer),
            Self::Absent | Self::Null => serializer.serialize_none(),
        }
    }
}

#[derive(Serialize)]
struct NoteWire<'a> {
    #[serde(rename = "createdBy")]
    by: &'a str,
    #[serde(rename = "created-date")]
    at: i64,
    note: &'a str,
}

fn newest(notes: &[Note], most: usize) -> Vec<NoteWire<'_>> {
    notes
        .iter()
        .rev()
        .take(most)
        .map(|note| NoteWire { by: &note.by, at: note.at, note: &note.text })
        .collect()
}
