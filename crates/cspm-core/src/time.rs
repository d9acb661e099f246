//! One time type for all vendors: an instant in UTC.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant, in UTC, to the nanosecond. It prints and serialises as RFC 3339 with a `Z`.
///
/// The library behind it is not part of the public interface.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

/// The text is no RFC 3339 time. Write for example `2026-03-31T00:00:00Z`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time (write for example 2026-03-31T00:00:00Z)")]
pub struct InvalidTime;

impl Timestamp {
    /// The present, from the system's wall clock.
    #[must_use]
    pub fn now() -> Self {
        Self(jiff::Timestamp::now())
    }

    /// From milliseconds since 1970; `None` outside the years -9999 to 9999.
    #[must_use]
    pub fn from_millis(millis: i64) -> Option<Self> {
        jiff::Timestamp::from_millisecond(millis).ok().map(Self)
    }

    /// Milliseconds since 1970, rounded towards zero.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Reads RFC 3339 with any offset and 0 to 9 fractional digits.
    ///
    /// # Errors
    /// [`InvalidTime`] if the text is anything else, a time without an offset included.
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        text.trim().parse().map(Self).map_err(|_| InvalidTime)
    }

    /// Reads a date or a date with time that names no zone and means UTC: `2026-03-31`, `2026-03-31 04:13:31`,
    /// `2026-03-31T04:13:31.123456`. A bare date is its first instant.
    ///
    /// # Errors
    /// [`InvalidTime`] if the text is anything else.
    pub fn parse_naive_utc(text: &str) -> Result<Self, InvalidTime> {
        let civil: jiff::civil::DateTime = text.trim().parse().map_err(|_| InvalidTime)?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| Self(zoned.timestamp())).map_err(|_| InvalidTime)
    }

    /// This instant moved by a number of milliseconds, held at the ends of the representable range.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        self.0.saturating_add(jiff::SignedDuration::from_millis(millis)).map_or(self, Self)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        Self::parse(text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_is_read_and_utc_is_written() {
        let time = Timestamp::parse("2026-03-31T02:00:00.5+02:00").unwrap();
        assert_eq!(time.to_string(), "2026-03-31T00:00:00.5Z");
        assert!(Timestamp::parse("2026-03-31T02:00:00").is_err(), "no offset, no instant");
    }

    #[test]
    fn times_without_a_zone_are_utc_and_bare_dates_begin_the_day() {
        for (text, want) in [
            ("2022-04-05 04:13:31", "2022-04-05T04:13:31Z"),
            ("2022-04-05 04:13:31.250000", "2022-04-05T04:13:31.25Z"),
            ("2022-04-05T04:13:31", "2022-04-05T04:13:31Z"),
            ("2022-04-05", "2022-04-05T00:00:00Z"),
        ] {
            assert_eq!(Timestamp::parse_naive_utc(text).unwrap().to_string(), want);
        }
        assert!(Timestamp::parse_naive_utc("None").is_err());
    }

    #[test]
    fn milliseconds_go_there_and_back() {
        let time = Timestamp::from_millis(1_700_000_100_123).unwrap();
        assert_eq!(time.as_millis(), 1_700_000_100_123);
        assert_eq!(time.to_string(), "2023-11-14T22:15:00.123Z");
        assert!(Timestamp::from_millis(i64::MAX).is_none());
    }
}
