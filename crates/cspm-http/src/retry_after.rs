//! How long a server asks to wait: `Retry-After` in all its legal forms, and the rate-limit fields.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};

/// A wait longer than this is nonsense or a ban; the caller gives up and says until when.
pub(crate) const LONGEST_SENSIBLE_WAIT: Duration = Duration::from_secs(7 * 24 * 3600);

/// A wait for people: how long, and until when.
pub(crate) fn in_words(wait: Duration) -> String {
    if wait > LONGEST_SENSIBLE_WAIT {
        return "for more than a week".to_owned();
    }
    let until = httpdate::fmt_http_date(SystemTime::now() + wait);
    format!("{} s (until {until})", wait.as_secs_f64().ceil())
}

/// The wait that the headers ask for, measured from now.
///
/// `Retry-After` counts as whole seconds or as one of the three HTTP date forms; a date is measured against the answer's
/// own `Date` where it has one, so that a wrong clock on this machine does not matter. Negative, fractional, empty,
/// repeated and unreadable values are ignored; a date in the past and `0` give `None` (the ordinary wait applies).
/// Without it, `RateLimit-Reset` or `X-RateLimit-Reset` (seconds, or an instant since 1970 told apart by its size) counts
/// if the remaining quota is stated as zero.
pub(crate) fn requested_wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let stated = retry_after(headers, now).or_else(|| exhausted_until(headers, now))?;
    (!stated.is_zero()).then_some(stated)
}

fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let mut values = headers.get_all(header::RETRY_AFTER).iter();
    let text = values.next()?.to_str().ok()?.trim();
    if values.next().is_some() {
        return None;
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a long wait, not a short one.
        return Some(text.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    Some(until.duration_since(server_time(headers).unwrap_or(now)).unwrap_or_default())
}

/// How long the quota lasts no more, if the headers say that nothing of it remains: `RateLimit` (`"name";r=0;t=12`, or
/// `remaining=0, reset=12`) and the older pairs `RateLimit-Remaining` and `-Reset` with and without `X-`.
pub(crate) fn exhausted_until(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let number = |name: &str| text(name)?.trim().parse::<u64>().ok();
    let reset = text("ratelimit").and_then(exhausted_field).or_else(|| {
        let pairs =
            [("ratelimit-remaining", "ratelimit-reset"), ("x-ratelimit-remaining", "x-ratelimit-reset")];
        pairs
            .into_iter()
            .find(|(remaining, _)| number(remaining) == Some(0))
            .and_then(|(_, reset)| number(reset))
    })?;
    // An instant since 1970 is a large number; seconds to wait are a small one.
    let wait = if reset > 1_000_000_000 {
        let here = server_time(headers).unwrap_or(now).duration_since(SystemTime::UNIX_EPOCH).ok()?;
        reset.saturating_sub(here.as_secs())
    } else {
        reset
    };
    Some(Duration::from_secs(wait)).filter(|wait| *wait <= Duration::from_secs(3600))
}

/// The longest reset of those policies of a `RateLimit` field of which nothing remains.
fn exhausted_field(field: &str) -> Option<u64> {
    let value = |policy: &str, names: [&str; 2]| {
        policy.split([';', ',']).find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            names.contains(&name.trim()).then(|| value.trim().parse::<u64>().ok())?
        })
    };
    // The older draft has one policy in comma-separated pairs; the newer one separates policies by commas.
    let policies: Vec<&str> = if field.contains(';') { field.split(',').collect() } else { vec![field] };
    policies
        .into_iter()
        .filter(|policy| value(policy, ["r", "remaining"]) == Some(0))
        .filter_map(|policy| value(policy, ["t", "reset"]))
        .max()
}

/// The server's own clock, from its `Date`.
pub(crate) fn server_time(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn wait(pairs: &[(&'static str, &'static str)]) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        // Sun, 06 Nov 1994 08:49:37 GMT
        requested_wait(&headers, SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))
    }

    #[test]
    fn q02_q03_seconds_and_all_three_date_forms() {
        let seven = Some(Duration::from_secs(7));
        assert_eq!(wait(&[("retry-after", "7")]), seven);
        assert_eq!(wait(&[("retry-after", "Sun, 06 Nov 1994 08:49:44 GMT")]), seven);
        assert_eq!(wait(&[("retry-after", "Sunday, 06-Nov-94 08:49:44 GMT")]), seven);
        assert_eq!(wait(&[("retry-after", "Sun Nov  6 08:49:44 1994")]), seven);
    }

    #[test]
    fn q04_a_date_is_measured_against_the_answers_own_clock() {
        let pairs =
            [("date", "Sun, 06 Nov 1994 09:49:37 GMT"), ("retry-after", "Sun, 06 Nov 1994 09:49:44 GMT")];
        assert_eq!(wait(&pairs), Some(Duration::from_secs(7)));
    }

    #[test]
    fn q05_q06_past_dates_zero_and_nonsense_fall_back_to_the_ordinary_wait() {
        for text in ["Sun, 06 Nov 1994 08:00:00 GMT", "0", "-5", "1.5", "", "soon"] {
            assert_eq!(wait(&[("retry-after", text)]), None, "{text}");
        }
        assert_eq!(wait(&[("retry-after", "3"), ("retry-after", "4")]), None);
        assert_eq!(wait(&[("retry-after", "999999999999999999999999999999")]), Some(Duration::MAX));
        assert_eq!(wait(&[("retry-after", "9300000000")]), Some(Duration::from_secs(9_300_000_000)));
    }

    #[test]
    fn q09_q10_rate_limit_fields_count_when_nothing_remains() {
        let reset = Some(Duration::from_secs(12));
        assert_eq!(wait(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "12")]), reset);
        let epoch = [
            ("date", "Fri, 22 Nov 2024 00:00:00 GMT"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1732233612"),
        ];
        assert_eq!(wait(&epoch), reset);
        assert_eq!(wait(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "784111789")]), None);
        assert_eq!(wait(&[("x-ratelimit-remaining", "5"), ("x-ratelimit-reset", "12")]), None);
        assert_eq!(wait(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "junk")]), None);
        let both = [("retry-after", "3"), ("ratelimit-remaining", "0"), ("ratelimit-reset", "12")];
        assert_eq!(wait(&both), Some(Duration::from_secs(3)));
    }

    #[test]
    fn q09_the_newer_field_is_read_in_both_of_its_forms() {
        let twelve = Some(Duration::from_secs(12));
        for (field, want) in [
            ("\"default\";r=0;t=12", twelve),
            ("limit=100, remaining=0, reset=12", twelve),
            ("\"burst\";r=5;t=1, \"daily\";r=0;t=12", twelve),
            ("\"burst\";r=0;t=1, \"daily\";r=0;t=12", twelve),
            ("\"default\";r=50;t=30", None),
            ("\"default\";r=0", None),
            ("\"default\";r=0;t=x", None),
            ("\"default\";r=0;t=7200", None),
            ("limit=100, remaining=1, reset=12", None),
            (";;=,=;r=;t", None),
            ("", None),
        ] {
            assert_eq!(wait(&[("ratelimit", field)]), want, "{field}");
        }
    }

    #[test]
    fn q07_waits_are_told_with_their_end() {
        let day = in_words(Duration::from_secs(86_400));
        assert!(day.starts_with("86400 s (until ") && day.ends_with(" GMT)"), "{day}");
        assert_eq!(in_words(Duration::MAX), "for more than a week");
    }

    proptest::proptest! {
        #[test]
        fn q06_no_header_makes_it_panic(
            names in proptest::collection::vec(0..7_usize, 1..5),
            texts in proptest::collection::vec(proptest::prop_oneof![
                proptest::collection::vec(32_u8..=255, 0..40),
                proptest::strategy::Strategy::prop_map("[0-9]{1,40}", String::into_bytes),
                proptest::strategy::Strategy::prop_map(
                    "(Sun|Mon|Sunday), [0-9]{1,3}[ -](Nov|Foo)[ -][0-9]{1,5} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT",
                    String::into_bytes,
                ),
            ], 5),
        ) {
            let known = [
                "retry-after", "date", "ratelimit", "ratelimit-remaining", "ratelimit-reset", "x-ratelimit-remaining",
                "x-ratelimit-reset",
            ];
            let mut headers = HeaderMap::new();
            for (name, text) in names.iter().zip(&texts) {
                if let Ok(value) = HeaderValue::from_bytes(text) {
                    headers.append(known[*name], value);
                }
            }
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
            proptest::prop_assert!(requested_wait(&headers, now) != Some(Duration::ZERO));
            if let Some(wait) = requested_wait(&headers, now) {
                in_words(wait);
            }
        }
    }
}
