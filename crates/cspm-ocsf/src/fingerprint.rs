//! What tells one state of a finding from another.

use std::borrow::Cow;

use crate::hash::Hash;
use crate::state::Activity;
use crate::tree::{Node, Object};

/// How much of a comment counts: older schema versions cut long texts, and a cut must not look like a change.
const COMMENT_CHARS: usize = 4096;

/// The state an event tells: outcome, workflow, severity, the vendor's time of the last change, and the suppression
/// in force. It leaves out what a run adds, what the activity is and which schema version the event follows, so that
/// it can be compared over runs and versions.
pub(crate) fn state(event: &Object<'_>) -> Hash {
    let metadata = object(Some(event), "metadata");
    let suppression = text(object(metadata, "product"), "uid")
        .and_then(|vendor| object(object(object(Some(event), "unmapped"), vendor), "suppression"));
    let comment = text(Some(event), "comment").map(|comment| {
        let end = comment.char_indices().nth(COMMENT_CHARS).map_or(comment.len(), |(end, _)| end);
        comment.get(..end).unwrap_or(comment)
    });
    Hash::new()
        .part(text(object(Some(event), "finding_info"), "uid"))
        .part(number(object(Some(event), "compliance"), "status_id").as_deref())
        .part(number(Some(event), "status_id").as_deref())
        .part(number(Some(event), "severity_id").as_deref())
        .part(text(Some(event), "severity"))
        .part(text(metadata, "original_time").filter(|_| !is_fallback(metadata)))
        .part(comment)
        .part(text(suppression, "until"))
        .part(text(suppression, "by"))
        .part(text(suppression, "kind"))
}

fn object<'a, 'b>(parent: Option<&'b Object<'a>>, key: &str) -> Option<&'b Object<'a>> {
    parent?.get(key)?.as_object()
}

fn text<'a>(parent: Option<&'a Object<'_>>, key: &str) -> Option<&'a str> {
    parent?.get(key)?.as_text()
}

/// A number's digits. Nearly all of these numbers have one.
fn number(parent: Option<&Object<'_>>, key: &str) -> Option<Cow<'static, str>> {
    const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let number = parent?.get(key)?.as_integer()?;
    let digit = usize::try_from(number).ok().and_then(|number| DIGITS.get(number));
    Some(digit.map_or_else(|| Cow::Owned(number.to_string()), |digit| Cow::Borrowed(*digit)))
}

/// `metadata.uid`: the same state with the same activity always has the same id, so that sending it twice is harmless.
pub(crate) fn event_uid(state: Hash, activity: Activity) -> String {
    format!("e:{:032x}", state.part(Some(activity.coded().1)).value())
}

/// Whether the event's time is not that of the vendor's last change.
fn is_fallback(metadata: Option<&Object<'_>>) -> bool {
    metadata
        .and_then(|metadata| metadata.get("labels"))
        .and_then(Node::as_list)
        .is_some_and(|labels| labels.iter().filter_map(Node::as_text).any(|label| label.starts_with("time:")))
}
