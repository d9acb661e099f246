//! An earlier event becomes the one that closes its finding.

use crate::context::Context;
use crate::fingerprint::State;
use crate::moment::Moment;
use crate::state::{Activity, Coded, RESOLVED};
use crate::times::TIME_FETCHED;
use crate::tree::{Event, Node, Object};

/// Why the finding is closed: `status_detail`.
const GONE: &str = "It is no longer listed where it was found before, and that was read completely.";

/// Rewrites the last event of a finding that is gone as a `Close` with status `Resolved`. Its time is that of this run:
/// the vendor tells none. Outcome and everything else stay as last known, at the event's own schema version.
///
/// Only for what came from a place that was read completely: anything else may still be there.
#[must_use]
pub fn close<'a>(event: Event<'a>, context: &Context) -> Event<'a> {
    let mut root = event.into_attributes();
    let now = context.now();
    let twins = declares_datetime(&root);
    let Coded(activity_id, activity) = Activity::Close.coded();
    root.set("activity_id", activity_id);
    root.set("activity_name", activity);
    root.set("type_uid", 200_300 + activity_id);
    root.set("type_name", Activity::Close.type_name());
    root.set("status_id", RESOLVED.0);
    root.set("status", RESOLVED.1);
    root.set("status_detail", GONE);
    stamp(&mut root, "time", "time_dt", now, twins);
    if let Some(info) = root.object_mut("finding_info") {
        stamp(info, "modified_time", "modified_time_dt", now, twins);
    }
    if let Some(metadata) = root.object_mut("metadata") {
        stamp(metadata, "logged_time", "logged_time_dt", now, twins);
        stamp(metadata, "processed_time", "processed_time_dt", now, twins);
        if let Some(Node::List(steps)) = metadata.get_mut("transformation_info_list") {
            for step in steps {
                if let Node::Object(step) = step {
                    stamp(step, "time", "time_dt", now, twins);
                }
            }
        }
        if context.run_id().is_empty() {
            metadata.remove("correlation_uid");
        } else {
            metadata.set("correlation_uid", context.run_id().to_owned());
        }
        label(metadata);
    }
    let uid = State::of(&root).event_uid(Activity::Close);
    if let Some(metadata) = root.object_mut("metadata") {
        metadata.set("uid", uid);
    }
    Event::new(root)
}

fn declares_datetime(root: &Object<'_>) -> bool {
    let profiles = root.at("metadata.profiles").and_then(Node::as_list).unwrap_or_default();
    profiles.iter().any(|profile| profile.as_text() == Some("datetime"))
}

fn stamp(object: &mut Object<'_>, key: &'static str, twin: &'static str, now: &Moment, twins: bool) {
    object.set(key, now.millis());
    if twins {
        object.set(twin, now.text().to_owned());
    }
}

/// Says that the event's time is that of the run.
fn label(metadata: &mut Object<'_>) {
    let mut labels = match metadata.get_mut("labels") {
        Some(Node::List(labels)) => std::mem::take(labels),
        _ => Vec::new(),
    };
    labels.retain(|label| label.as_text().is_none_or(|label| !label.starts_with("time:")));
    labels.push(Node::from(TIME_FETCHED));
    metadata.set("labels", labels);
}
