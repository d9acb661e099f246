//! Scan accounts (section 4) and scan groups (section 5).

use serde::Serialize;

use super::{
    index::View,
    kind::Kind,
    shape::{Item, Maybe, Reference, Relation, to_one},
    world::{Scan, ScanGroup},
};

pub(super) fn scan(scan: &Scan, view: View<'_>) -> Item {
    #[derive(Serialize)]
    struct Attributes<'a> {
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        name: Maybe<&'a str>,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        target: Maybe<&'a str>,
        is_enabled: bool,
        is_archived: bool,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        created_at: Maybe<&'a str>,
    }
    #[derive(Serialize)]
    struct Relationships<'a> {
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        scan_group: Maybe<Relation<Option<Reference<'a>>>>,
    }
    let attributes = Attributes {
        name: Maybe::new(scan.name.as_deref(), view),
        target: Maybe::new(scan.target.as_deref(), view),
        is_enabled: scan.is_enabled,
        is_archived: scan.is_archived,
        created_at: Maybe::new(scan.created_at.as_deref(), view),
    };
    let relationships = Relationships { scan_group: to_one(scan.group.as_ref(), Kind::ScanGroups, view) };
    Item::new(Kind::Scans, &scan.id, attributes, Some(relationships), view)
}

pub(super) fn group(group: &ScanGroup, view: View<'_>) -> Item {
    #[derive(Serialize)]
    struct Attributes<'a> {
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        name: Maybe<&'a str>,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        description: Maybe<&'a str>,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        schedule: Maybe<&'a str>,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        created_at: Maybe<&'a str>,
    }
    #[derive(Serialize)]
    struct Relationships<'a> {
        scans: Relation<Vec<Reference<'a>>>,
    }
    let attributes = Attributes {
        name: Maybe::new(group.name.as_deref(), view),
        description: Maybe::new(group.description.as_deref(), view),
        schedule: Maybe::new(group.schedule.as_deref(), view),
        created_at: Maybe::new(group.created_at.as_deref(), view),
    };
    let members = view.members(&group.id).map(|scan| Reference::new(&scan.id, Kind::Scans)).collect();
    let relationships = Relationships { scans: Relation { data: members } };
    Item::new(Kind::ScanGroups, &group.id, attributes, Some(relationships), view)
}
