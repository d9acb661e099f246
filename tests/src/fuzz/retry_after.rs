//! How long a server asks to wait.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cspm_core::ErrorKind;
use cspm_http::Call;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::time::Instant;

use super::adapter::assert_sound;
use super::error_body::client;
use super::script::{Script, Scripted};
use super::timeless;

const HEADERS: [&str; 7] = [
    "retry-after",
    "date",
    "ratelimit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];
const STATUSES: [u16; 5] = [429, 503, 301, 200, 408];
/// What one call may take with all its waits, if nobody says otherwise.
const DEADLINE: Duration = Duration::from_secs(300);

/// An input is a byte that chooses the status, and lines: a byte that chooses the header, and its value.
pub fn retry_after(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let status = STATUSES[usize::from(*first) % STATUSES.len()];
    let status = StatusCode::from_u16(status).expect("a status");
    let mut headers = HeaderMap::new();
    for (name, value) in rest.split(|byte| *byte == b'\n').filter_map(<[u8]>::split_first) {
        let name = HeaderName::from_static(HEADERS[usize::from(*name) % HEADERS.len()]);
        headers.extend(HeaderValue::from_bytes(value).map(|value| (name, value)));
    }
    let first = Scripted { status, headers: headers.clone(), body: Bytes::new() };
    let script = Arc::new(Script::new([first, Scripted { body: "{}".into(), ..Scripted::default() }]));
    let (result, took) = timeless(async {
        let (client, started) = (client(&script), Instant::now());
        let result = client.send(Call::get("list things", "/things")).await;
        (result, started.elapsed())
    });
    assert!(took <= DEADLINE, "{took:?}");
    let arrivals = script.arrivals();
    let between = arrivals.get(1).zip(arrivals.first()).map(|(second, first)| *second - *first);
    if let Err(error) = &result {
        assert_sound(error);
        assert_eq!(arrivals.len(), 1, "the second answer is a good one");
    }
    let passes = matches!(status.as_u16(), 429 | 503 | 408);
    match only_seconds(&headers).filter(|_| passes) {
        Some(seconds) if seconds < DEADLINE.as_secs() - 5 => {
            assert!(result.is_ok(), "{seconds} s can be waited for: {result:?}");
            assert!(
                between >= Some(Duration::from_secs(seconds)),
                "asked for {seconds} s, waited {between:?}"
            );
        }
        Some(seconds) if seconds > DEADLINE.as_secs() => {
            assert!(took < Duration::from_secs(1), "nobody waits for what comes too late: {took:?}");
            let error = result.expect_err("too long a wait");
            assert!(matches!(error.kind(), ErrorKind::Throttled | ErrorKind::Server | ErrorKind::Timeout));
        }
        _ => {}
    }
}

/// The wait, where it is stated once and in digits.
fn only_seconds(headers: &HeaderMap) -> Option<u64> {
    let mut values = headers.get_all("retry-after").iter();
    let text = values.next()?.to_str().ok()?.trim();
    let only = values.next().is_none() && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    only.then(|| text.parse().unwrap_or(u64::MAX))
}
