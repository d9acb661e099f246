//! The times that an event tells, and where each comes from.

use std::borrow::Cow;

use cspm_core::Finding;

use crate::moment::Moment;
use crate::tree::Object;

/// The label of an event whose time is that of its run.
pub(crate) const TIME_FETCHED: &str = "time:fetched";

/// When the vendor last decided a result, and which of the finding's times says so.
#[derive(Debug)]
pub(crate) struct Decided {
    /// The time, and its text as the event carries it.
    pub(crate) moment: Moment,
    /// A label that names the source, if it is not the vendor's time of the last change.
    pub(crate) label: Option<&'static str>,
}

/// The times of one event. They are made before it, so that it can borrow their texts, most of which it has twice.
#[derive(Debug)]
pub(crate) struct Times {
    pub(crate) decided: Decided,
    first_seen: Seen,
    last_seen: Seen,
}

/// Where an event takes its times from.
#[derive(Debug)]
pub(crate) enum Source<'a> {
    /// They outlive it.
    Lasting(&'a Times),
    /// They do not.
    Passing(Times),
}

/// One more time of a finding.
#[derive(Debug)]
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
}

impl<'a> Source<'a> {
    pub(crate) const fn decided(&self) -> &Decided {
        &self.times().decided
    }

    const fn times(&self) -> &Times {
        match self {
            Self::Lasting(times) => times,
            Self::Passing(times) => times,
        }
    }

    /// One of the times in milliseconds and as text, which is lent if the times outlive the event, else copied.
    pub(crate) fn told(&self, which: fn(&Times) -> Option<&Moment>) -> Option<(i64, Cow<'a, str>)> {
        match self {
            Self::Lasting(times) => which(times).map(|moment| (moment.millis(), moment.text().into())),
            Self::Passing(times) => {
                which(times).map(|moment| (moment.millis(), moment.text().to_owned().into()))
            }
        }
    }

    /// Puts one of the times, if there is one, and its twin of the profile `datetime` into an object.
    pub(crate) fn put(
        &self,
        which: fn(&Times) -> Option<&Moment>,
        object: &mut Object<'a>,
        (key, twin): (&'static str, &'static str),
    ) {
        if let Some((millis, text)) = self.told(which) {
            object.put(key, millis);
            object.put(twin, text);
        }
    }
}
