//! What tells one state of a finding from another.

use crate::hash::Hash;
use crate::state::Activity;
use crate::tree::{Node, Object};

/// How much of a comment counts: older schema versions cut long texts, and a cut must not look like a change.
const COMMENT_CHARS: usize = 4096;

/// The state an event tells: outcome, workflow, severity, the vendor's time of the last change, and the suppression
/// in force. It leaves out what a run adds, what the activity is and which schema version the event follows, so that
/// it can be compared over runs and versions.
pub(crate) fn state(event: &Object<'_>) -> Hash {
    let text = |path: &str| event.at(path).and_then(Node::as_text);
    let number = |path: &str| event.at(path).and_then(Node::as_integer).map(|number| number.to_string());
    let suppression = text("metadata.product.uid").and_then(|vendor| {
        event.get("unmapped")?.as_object()?.get(vendor)?.as_object()?.get("suppression")?.as_object()
    });
    let suppressed =
        |key: &str| suppression.and_then(|suppression| suppression.get(key)).and_then(Node::as_text);
    let comment: Option<String> =
        text("comment").map(|comment| comment.chars().take(COMMENT_CHARS).collect());
    Hash::new()
        .part(text("finding_info.uid"))
        .part(number("compliance.status_id").as_deref())
        .part(number("status_id").as_deref())
        .part(number("severity_id").as_deref())
        .part(text("severity"))
        .part(text("metadata.original_time").filter(|_| !is_fallback(event)))
        .part(comment.as_deref())
        .part(suppressed("until"))
        .part(suppressed("by"))
        .part(suppressed("kind"))
}

/// `metadata.uid`: the same state with the same activity always has the same id, so that sending it twice is harmless.
pub(crate) fn event_uid(state: Hash, activity: Activity) -> String {
    format!("e:{:032x}", state.part(Some(activity.coded().1)).value())
}

/// Whether the event's time is not that of the vendor's last change.
fn is_fallback(event: &Object<'_>) -> bool {
    event
        .at("metadata.labels")
        .and_then(Node::as_list)
        .is_some_and(|labels| labels.iter().filter_map(Node::as_text).any(|label| label.starts_with("time:")))
}
