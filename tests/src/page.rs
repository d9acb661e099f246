//! Where things are on a page of findings, whoever's it is.

use serde_json::Value;

use crate::Kind;

/// The records.
pub fn records(kind: Kind, page: &mut Value) -> &mut Vec<Value> {
    page[if kind == Kind::InsightCloudSec { "resources" } else { "data" }].as_array_mut().expect("records")
}

/// What a record says of its resource, the name among it.
pub fn details(kind: Kind, record: &mut Value) -> &mut Value {
    match kind {
        Kind::InsightCloudSec => &mut record["instance"]["common"],
        _ => &mut record["attributes"],
    }
}

/// The id by which a record is known.
pub fn id(kind: Kind, record: &mut Value) -> &mut Value {
    match kind {
        Kind::InsightCloudSec => &mut details(kind, record)["resource_id"],
        _ => &mut record["id"],
    }
}

/// The member of [`details`] that becomes the name of a finding's resource.
#[must_use]
pub fn name(kind: Kind) -> &'static str {
    if kind == Kind::Conformity { "link-title" } else { "resource_name" }
}

/// Changes what a page tells of how many records there are in all, where it does.
pub fn set_total(kind: Kind, page: &mut Value, change: impl Fn(Option<u64>) -> Value) {
    let slot = match kind {
        Kind::InsightCloudSec => page.pointer_mut("/counts/instance"),
        _ => page.pointer_mut("/meta/total"),
    };
    if let Some(slot) = slot {
        *slot = change(slot.as_u64());
    }
    if kind == Kind::Conformity
        && let Some(meta) = page["meta"].as_object_mut()
    {
        meta.remove("total-pages");
    }
}
