//! The vendor's timestamp formats (document section 3.2), one function a row.
//!
//! All take milliseconds since 1970 and write UTC, because every zone-less form means UTC.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

fn format(millis: i64, pattern: &str) -> String {
    // Out-of-range instants cannot come from a clock; a test that asks for one gets the epoch's text.
    let instant = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    instant.to_zoned(TimeZone::UTC).strftime(pattern).to_string()
}

/// Row a: `2022-04-05 04:13:31`.
pub(super) fn spaced(millis: i64) -> String {
    format(millis, "%Y-%m-%d %H:%M:%S")
}

/// Row b: `2022-04-05 04:13:31.000000`.
pub(super) fn spaced_micros(millis: i64) -> String {
    format(millis, "%Y-%m-%d %H:%M:%S.%6f")
}

/// Row c: `2017-12-07T00:07:18Z`.
pub(super) fn zulu(millis: i64) -> String {
    format(millis, "%Y-%m-%dT%H:%M:%SZ")
}

/// Row d: `2022-10-02T13:17:16`.
pub(super) fn naive(millis: i64) -> String {
    format(millis, "%Y-%m-%dT%H:%M:%S")
}

/// Row e: `2023-07-03T06:55:19.954304`.
pub(super) fn naive_micros(millis: i64) -> String {
    format(millis, "%Y-%m-%dT%H:%M:%S.%6f")
}

/// Row g: `2023/01/01, 01:01:01 UTC`.
pub(super) fn slashed(millis: i64) -> String {
    format(millis, "%Y/%m/%d, %H:%M:%S UTC")
}

/// Row i: seconds since 1970, as a float.
pub(super) fn epoch_seconds(millis: i64) -> f64 {
    std::time::Duration::from_millis(millis.unsigned_abs()).as_secs_f64()
}

/// Row h: `2023-06-26`.
pub(super) fn date(millis: i64) -> String {
    format(millis, "%Y-%m-%d")
}

/// Reads row h, as exemption requests send it: midnight UTC of that day.
pub(super) fn parse_date(text: &str) -> Option<i64> {
    // Ten characters exactly, because the parser of `jiff` is happy with a date-time too.
    if text.len() != 10 {
        return None;
    }
    midnight(text.parse::<Date>().ok()?.at(0, 0, 0, 0))
}

/// Reads a date-time with or without an offset, for servers that accept more than plain dates.
pub(super) fn parse_date_time(text: &str) -> Option<i64> {
    match text.parse::<Timestamp>() {
        Ok(instant) => Some(instant.as_millisecond()),
        Err(_) => midnight(text.parse::<DateTime>().ok()?),
    }
}

fn midnight(local: DateTime) -> Option<i64> {
    Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}
