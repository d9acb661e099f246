//! Times in events: whole milliseconds, with an RFC 3339 twin.

use std::fmt::Write as _;

use cspm_core::Timestamp;

use crate::tree::Object;

/// The least count of milliseconds that is taken for a time: 1973. Anything under it looks like seconds.
pub(crate) const LEAST_MILLIS: i64 = 100_000_000_000;

/// The first count of milliseconds past those our own events carry: the year 2286.
pub(crate) const PAST_MILLIS: i64 = 10_000_000_000_000;

/// Whether the schema's attributes can hold the time: it cannot be mistaken for one in another unit.
pub(crate) fn is_near(time: Timestamp) -> bool {
    let millis = time.as_millis();
    millis > LEAST_MILLIS && millis < PAST_MILLIS
}

fn text_of(time: Timestamp) -> String {
    let mut text = String::with_capacity("2026-06-01T08:30:00.123456789Z".len());
    // Writing to a text cannot fail.
    let _ = write!(text, "{time}");
    text
}

/// A time that an event may carry: after 1973 and before 2286.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    time: Timestamp,
    text: String,
}

impl Moment {
    /// `None` if the time is missing or too far off to be told from one in another unit.
    pub(crate) fn of(time: Option<Timestamp>) -> Option<Self> {
        let time = time.filter(|time| is_near(*time))?;
        Some(Self { time, text: text_of(time) })
    }

    /// The same, but a time too far off becomes the nearest that an event may carry.
    pub(crate) fn held(time: Timestamp) -> Self {
        let millis = time.as_millis().clamp(LEAST_MILLIS + 1, PAST_MILLIS - 1);
        let held =
            if millis == time.as_millis() { time } else { Timestamp::from_millis(millis).unwrap_or(time) };
        Self { time: held, text: text_of(held) }
    }

    /// The time, as precise as it was.
    pub(crate) const fn time(&self) -> Timestamp {
        self.time
    }

    /// RFC 3339, as precise as the time is.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Milliseconds since 1970.
    pub(crate) fn millis(&self) -> i64 {
        self.time.as_millis()
    }

    /// Puts the time and its twin of the profile `datetime` into an object.
    pub(crate) fn put_into(&self, object: &mut Object<'_>, key: &'static str, twin: &'static str) {
        object.put(key, self.millis());
        object.put(twin, self.text.clone());
    }

    /// The same, for an object that does not outlive the time.
    pub(crate) fn lend_to<'a>(&'a self, object: &mut Object<'a>, key: &'static str, twin: &'static str) {
        object.put(key, self.millis());
        object.put(twin, self.text());
    }
}
