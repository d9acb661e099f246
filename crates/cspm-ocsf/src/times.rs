//! The times that an event tells, and where each comes from.

use std::borrow::Cow;

use cspm_core::Finding;

use crate::moment::Moment;
use crate::tree::Object;

/// The label of an event whose time is that of its run.
pub(crate) const TIME_FETCHED: &str = "time:fetched";

/// When the vendor last decided a result, and which of the finding's times says so.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    /// The time, and its text as the event carries it.
    pub(crate) moment: Moment,
    /// A label that names the source, if it is not the vendor's time of the last change.
    pub(crate) label: Option<&'static str>,
}

/// The times of one event. They are made before it, so that it can borrow their texts, most of which it has twice.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    pub(crate) decided: Decided,
    first_seen: Seen,
    last_seen: Seen,
}

/// One more time of a finding.
#[derive(Clone, Debug)]
enum Seen {
    /// Missing, or none that an event may carry.
    Never,
    /// The time of the decision, as it often is.
    AsDecided,
    At(Moment),
}

impl Decided {
    /// The vendor's time of the last change, else when it was last seen, else first seen, else `now`.
    pub(crate) fn of(finding: &Finding, now: &Moment) -> Self {
        let sources = [
            (finding.updated, None),
            (finding.last_seen, Some("time:last_seen")),
            (finding.first_seen, Some("time:first_seen")),
        ];
        sources
            .into_iter()
            .find_map(|(time, label)| Moment::of(time).map(|moment| Self { moment, label }))
            .unwrap_or_else(|| Self { moment: now.clone(), label: Some(TIME_FETCHED) })
    }
}

impl Times {
    pub(crate) fn of(finding: &Finding, now: &Moment) -> Self {
        let decided = Decided::of(finding, now);
        let seen = |time| {
            if time == Some(decided.moment.time()) {
                return Seen::AsDecided;
            }
            Moment::of(time).map_or(Seen::Never, Seen::At)
        };
        let (first_seen, last_seen) = (seen(finding.first_seen), seen(finding.last_seen));
        Self { decided, first_seen, last_seen }
    }

    pub(crate) const fn decided(&self) -> Option<&Moment> {
        Some(&self.decided.moment)
    }

    pub(crate) const fn first_seen(&self) -> Option<&Moment> {
        self.seen(&self.first_seen)
    }

    pub(crate) const fn last_seen(&self) -> Option<&Moment> {
        self.seen(&self.last_seen)
    }

    const fn seen<'a>(&'a self, seen: &'a Seen) -> Option<&'a Moment> {
        match seen {
            Seen::Never => None,
            Seen::AsDecided => Some(&self.decided.moment),
            Seen::At(moment) => Some(moment),
        }
    }

    /// One of the times in milliseconds and as text, which is lent if the times outlive the event, else copied.
    pub(crate) fn told<'a>(
        times: &Cow<'a, Self>,
        which: fn(&Self) -> Option<&Moment>,
    ) -> Option<(i64, Cow<'a, str>)> {
        match times {
            Cow::Borrowed(times) => which(times).map(|moment| (moment.millis(), moment.text().into())),
            Cow::Owned(times) => which(times).map(|moment| (moment.millis(), moment.text().to_owned().into())),
        }
    }

    /// Puts one of the times, if there is one, and its twin of the profile `datetime` into an object.
    pub(crate) fn put<'a>(
        times: &Cow<'a, Self>,
        which: fn(&Self) -> Option<&Moment>,
        object: &mut Object<'a>,
        (key, twin): (&'static str, &'static str),
    ) {
        if let Some((millis, text)) = Self::told(times, which) {
            object.put(key, millis);
            object.put(twin, text);
        }
    }
}
