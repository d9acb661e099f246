//! Checks (section 6.2).

use serde::Serialize;

use super::{
    index::View,
    kind::Kind,
    options::{self, ResourceId},
    shape::{Item, Maybe, Reference, Relation, to_one},
    world::Check,
};

#[derive(Serialize)]
struct Attributes<'a> {
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    resource_region: Maybe<&'a str>,
    resource_id: &'a str,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    resource_name: Maybe<&'a str>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    resource_type: Maybe<&'a str>,
    result: &'a str,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    severity: Maybe<&'a str>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    status: Maybe<&'a str>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    created_at: Maybe<&'a str>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    scan_name: Maybe<&'a str>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    scan_group_name: Maybe<&'a str>,
    // From here on the readable pages are silent; these are the likely ones, present only where set.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_remarks: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity_remarks: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_version: Option<u32>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Relationships<'a> {
    All {
        scan: Relation<Reference<'a>>,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        scan_group: Maybe<Relation<Option<Reference<'a>>>>,
        rule: Relation<Reference<'a>>,
        resource: Relation<Reference<'a>>,
    },
    None {},
}

pub(super) fn check(check: &Check, view: View<'_>) -> Item {
    let resource = view.resource(&check.resource);
    let rule = view.rule(&check.rule).filter(|_| view.options.check_rule);
    let remarked = Some(check).filter(|_| view.options.check_remarks);
    let native = resource.filter(|_| view.options.resource_id == ResourceId::Native);
    let attributes = Attributes {
        resource_region: Maybe::new(resource.and_then(|resource| resource.region.as_deref()), view),
        resource_id: native.map_or(&check.resource, |resource| &resource.native_id),
        resource_name: Maybe::new(resource.and_then(|resource| resource.name.as_deref()), view),
        resource_type: Maybe::new(resource.and_then(|resource| resource.resource_type.as_deref()), view),
        result: &check.result,
        severity: Maybe::new(check.severity.as_deref(), view),
        status: Maybe::new(check.status.as_deref(), view),
        created_at: Maybe::new(check.created_at.as_deref(), view),
        scan_name: Maybe::new(view.scan(&check.scan).and_then(|scan| scan.name.as_deref()), view),
        scan_group_name: Maybe::new(view.group_name(check), view),
        status_remarks: remarked.and_then(|check| check.status_remarks.as_deref()),
        severity_remarks: remarked.and_then(|check| check.severity_remarks.as_deref()),
        expires_at: remarked.and_then(|check| check.expires_at.as_deref()),
        rule_name: rule.map(|rule| rule.name.as_str()),
        rule_title: rule.and_then(|rule| rule.title.as_deref()),
        rule_version: rule.map(|rule| rule.version),
    };
    let relationships = match view.options.check_relationships {
        options::Relationships::Present => Some(Relationships::All {
            scan: Relation { data: Reference::new(&check.scan, Kind::Scans) },
            scan_group: to_one(view.group_id(check), Kind::ScanGroups, view),
            rule: Relation { data: Reference::new(&check.rule, Kind::Rules) },
            resource: Relation { data: Reference::new(&check.resource, Kind::Resources) },
        }),
        options::Relationships::Empty => Some(Relationships::None {}),
        options::Relationships::Absent => None,
    };
    Item::new(Kind::Checks, &check.id, attributes, relationships, view)
}
