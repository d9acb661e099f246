//! What tells one state of a finding from another.

use std::borrow::Cow;

use cspm_core::Finding;

use crate::hash::Hash;
use crate::map::some;
use crate::state::{self, Activity, PASS};
use crate::times::Decided;
use crate::tree::{Node, Object};

/// How much of a comment counts: older schema versions cut long texts, and a cut must not look like a change.
const COMMENT_CHARS: usize = 4096;

/// The state an event tells: outcome, workflow, severity, the vendor's time of the last change, and the suppression
/// in force. It leaves out what a run adds, what the activity is and which schema version the event follows, so that
/// it can be compared over runs and versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State<'e> {
    pub(crate) uid: Option<&'e str>,
    /// `compliance.status_id`.
    pub(crate) outcome: Option<i64>,
    /// `status_id`.
    pub(crate) workflow: Option<i64>,
    pub(crate) severity_id: Option<i64>,
    pub(crate) severity: Option<&'e str>,
    /// The vendor's time of the last change as text, where it tells one.
    pub(crate) changed: Option<&'e str>,
    pub(crate) comment: Option<&'e str>,
    pub(crate) until: Option<Cow<'e, str>>,
    pub(crate) by: Option<&'e str>,
    pub(crate) kind: Option<&'e str>,
}

impl<'e> State<'e> {
    /// The state that the event of a finding tells, which has this `uid` and is of that time.
    pub(crate) fn of_finding(finding: &'e Finding, uid: &'e str, decided: &'e Decided) -> Self {
        let (severity_id, severity) = state::severity(finding);
        let suppression = finding.suppression.as_ref();
        Self {
            uid: Some(uid),
            outcome: Some(state::outcome(finding.outcome).0),
            workflow: state::workflow(finding).map(|workflow| workflow.0),
            severity_id: Some(severity_id),
            severity,
            changed: decided.label.is_none().then(|| decided.moment.text()),
            comment: suppression.and_then(|it| some(it.reason.as_deref())),
            until: suppression.and_then(|it| it.until).map(|until| Cow::Owned(until.to_string())),
            by: suppression.and_then(|it| some(it.by.as_deref())),
            kind: suppression.and_then(|it| some(Some(&it.kind))),
        }
    }

    /// The state of a written event.
    pub(crate) fn of(event: &'e Object<'_>) -> Self {
        let metadata = object(Some(event), "metadata");
        let suppression = text(object(metadata, "product"), "uid")
            .and_then(|vendor| object(object(object(Some(event), "unmapped"), vendor), "suppression"));
        Self {
            uid: text(object(Some(event), "finding_info"), "uid"),
            outcome: number(object(Some(event), "compliance"), "status_id"),
            workflow: number(Some(event), "status_id"),
            severity_id: number(Some(event), "severity_id"),
            severity: text(Some(event), "severity"),
            changed: text(metadata, "original_time").filter(|_| !is_fallback(metadata)),
            comment: text(Some(event), "comment"),
            until: text(suppression, "until").map(Cow::Borrowed),
            by: text(suppression, "by"),
            kind: text(suppression, "kind"),
        }
    }

    /// What tells it from other states.
    pub(crate) fn hash(&self) -> Hash {
        let comment = self.comment.map(|comment| {
            let long = comment.len() > COMMENT_CHARS;
            let end = long.then(|| comment.char_indices().nth(COMMENT_CHARS)).flatten();
            end.and_then(|(end, _)| comment.get(..end)).unwrap_or(comment)
        });
        // Of a pass, whether it is called resolved hangs on what was known of it when it was written.
        let workflow = self.workflow.filter(|_| self.outcome != Some(PASS));
        Hash::new()
            .part(self.uid)
            .part(digits(self.outcome).as_deref())
            .part(digits(workflow).as_deref())
            .part(digits(self.severity_id).as_deref())
            .part(self.severity)
            .part(self.changed)
            .part(comment)
            .part(self.until.as_deref())
            .part(self.by)
            .part(self.kind)
    }

    /// `metadata.uid`: the same state with the same activity always has the same id, so that sending it twice is
    /// harmless.
    pub(crate) fn event_uid(&self, activity: Activity) -> String {
        self.hash().part(Some(activity.coded().1)).text("e:")
    }
}

fn object<'a, 'b>(parent: Option<&'b Object<'a>>, key: &str) -> Option<&'b Object<'a>> {
    parent?.get(key)?.as_object()
}

fn text<'a>(parent: Option<&'a Object<'_>>, key: &str) -> Option<&'a str> {
    parent?.get(key)?.as_text()
}

fn number(parent: Option<&Object<'_>>, key: &str) -> Option<i64> {
    parent?.get(key)?.as_integer()
}

/// A number's digits. Nearly all of these numbers have one.
fn digits(number: Option<i64>) -> Option<Cow<'static, str>> {
    const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let digit = usize::try_from(number?).ok().and_then(|number| DIGITS.get(number));
    Some(
        digit.map_or_else(
            || Cow::Owned(number.unwrap_or_default().to_string()),
            |digit| Cow::Borrowed(*digit),
        ),
    )
}

/// Whether the event's time is not that of the vendor's last change.
fn is_fallback(metadata: Option<&Object<'_>>) -> bool {
    metadata
        .and_then(|metadata| metadata.get("labels"))
        .and_then(Node::as_list)
        .is_some_and(|labels| labels.iter().filter_map(Node::as_text).any(|label| label.starts_with("time:")))
}
