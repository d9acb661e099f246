//! The simulator's wall clock, which a test can move.

use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::sync::lock;

/// Wall-clock time in milliseconds since 1970, for `Date` headers, dated waits and whatever a vendor lets expire.
///
/// It starts at the real time and runs with tokio's clock, so under tokio's paused clock it stands still and jumps
/// with it.
#[derive(Debug)]
pub struct SimClock(Mutex<Reading>);

#[derive(Clone, Copy, Debug)]
enum Reading {
    Running { base: i64, since: Instant },
    Held(i64),
}

impl Reading {
    fn now(self) -> i64 {
        match self {
            Self::Running { base, since } => base.saturating_add(elapsed_ms(since)),
            Self::Held(at) => at,
        }
    }

    fn moved_to(self, at: i64) -> Self {
        match self {
            Self::Running { .. } => Self::Running { base: at, since: Instant::now() },
            Self::Held(_) => Self::Held(at),
        }
    }
}

impl SimClock {
    pub(crate) fn new() -> Self {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
        let base = i64::try_from(real).unwrap_or(i64::MAX);
        Self(Mutex::new(Reading::Running { base, since: Instant::now() }))
    }

    /// The time now, in milliseconds since 1970.
    pub fn now(&self) -> i64 {
        lock(&self.0).now()
    }

    /// Sets the time; a running clock runs on from there, a held one stays there.
    pub fn set(&self, ms: i64) {
        let mut reading = lock(&self.0);
        *reading = reading.moved_to(ms);
    }

    /// Moves the time forward by so many milliseconds, or back if negative.
    pub fn advance(&self, ms: i64) {
        let mut reading = lock(&self.0);
        *reading = reading.moved_to(reading.now().saturating_add(ms));
    }

    /// Stops the clock at the given time, for output that must be the same at every run.
    pub fn hold(&self, ms: i64) {
        *lock(&self.0) = Reading::Held(ms);
    }

    /// Lets a held clock run on.
    pub fn resume(&self) {
        let mut reading = lock(&self.0);
        *reading = Reading::Running { base: reading.now(), since: Instant::now() };
    }
}

fn elapsed_ms(since: Instant) -> i64 {
    let elapsed = Instant::now().saturating_duration_since(since);
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

/// The three ways in which RFC 9110, section 5.6.7, lets a date be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateForm {
    /// `Sun, 06 Nov 1994 08:49:37 GMT`, the one to send.
    Imf,
    /// `Sunday, 06-Nov-94 08:49:37 GMT`, obsolete: RFC 850.
    Rfc850,
    /// `Sun Nov  6 08:49:37 1994`, obsolete: C's `asctime`.
    Asctime,
}

impl DateForm {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Imf, Self::Rfc850, Self::Asctime];

    /// Writes a time in this form, cut to the second. A time outside the years that jiff knows becomes 1970.
    pub fn write(self, ms: i64) -> String {
        let form = match self {
            Self::Imf => "%a, %d %b %Y %H:%M:%S GMT",
            Self::Rfc850 => "%A, %d-%b-%y %H:%M:%S GMT",
            Self::Asctime => "%a %b %e %H:%M:%S %Y",
        };
        Timestamp::from_millisecond(ms).unwrap_or_default().strftime(form).to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_written_as_the_rfc_prints_them() {
        let at = 784_111_777_999;
        assert_eq!(DateForm::Imf.write(at), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(DateForm::Rfc850.write(at), "Sunday, 06-Nov-94 08:49:37 GMT");
        assert_eq!(DateForm::Asctime.write(at), "Sun Nov  6 08:49:37 1994");
    }

    #[tokio::test(start_paused = true)]
    async fn runs_with_tokios_clock_and_can_be_moved_and_held() {
        let clock = SimClock::new();
        clock.set(1_000);
        tokio::time::advance(Duration::from_millis(250)).await;
        assert_eq!(clock.now(), 1_250);
        clock.advance(-3_600_000);
        assert_eq!(clock.now(), 1_250 - 3_600_000);
        clock.hold(42);
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(clock.now(), 42);
        clock.advance(8);
        assert_eq!(clock.now(), 50);
        clock.resume();
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(clock.now(), 51);
    }
}
