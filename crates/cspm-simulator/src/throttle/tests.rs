use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tokio::time::advance;

use super::*;

const NOW: i64 = 784_111_777_000;

fn request(header: &'static str, key: &'static str) -> SimRequest {
    let mut headers = HeaderMap::new();
    headers.insert(header, HeaderValue::from_static(key));
    SimRequest { method: Method::GET, path: "/".into(), query: String::new(), headers, body: Bytes::new() }
}

fn passed(throttling: &Throttling, key: &'static str, tries: usize) -> usize {
    let tried = (0..tries).map(|_| throttling.admit(&request("api-key", key), NOW));
    tried.filter(|verdict| matches!(verdict, Verdict::Admitted { .. })).count()
}

fn refusal(throttling: &Throttling) -> SimResponse {
    match throttling.admit(&request("api-key", "a"), NOW) {
        Verdict::Refused(response) => response,
        Verdict::Admitted { .. } => panic!("admitted"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_burst_then_the_rate_for_each_credential_alone() {
    let throttling = Throttling::default();
    assert_eq!(passed(&throttling, "a", 100), 100);
    throttling.set(Throttle::new(10.0, 5));
    assert_eq!(passed(&throttling, "a", 8), 5);
    assert_eq!(passed(&throttling, "b", 8), 5);
    advance(Duration::from_millis(100)).await;
    assert_eq!(passed(&throttling, "a", 3), 1);
    advance(Duration::from_secs(60)).await;
    assert_eq!(passed(&throttling, "a", 8), 5);
    assert_eq!(throttling.refused(), 3 + 3 + 2 + 3);
}

#[tokio::test(start_paused = true)]
async fn every_credential_header_names_the_caller() {
    let throttling = Throttling::default();
    throttling.set(Throttle::new(1.0, 1));
    for name in CREDENTIAL_HEADERS {
        let mine = request(name, name);
        assert!(matches!(throttling.admit(&mine, NOW), Verdict::Admitted { .. }), "{name}");
        assert!(matches!(throttling.admit(&mine, NOW), Verdict::Refused(_)), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_keeps_what_was_used_up() {
    let throttling = Throttling::default();
    throttling.set(Throttle::new(10.0, 10));
    assert_eq!(passed(&throttling, "a", 10), 10);
    advance(Duration::from_millis(200)).await;
    throttling.set(Throttle::new(5.0, 10));
    assert_eq!(passed(&throttling, "a", 10), 2);
    advance(Duration::from_secs(1)).await;
    assert_eq!(passed(&throttling, "a", 10), 5);
    throttling.clear();
    assert_eq!(passed(&throttling, "a", 100), 100);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_when_to_come_back_and_that_is_true() {
    let throttling = Throttling::default();
    throttling.set(Throttle::new(0.5, 1));
    assert_eq!(passed(&throttling, "a", 1), 1);
    let plain = refusal(&throttling);
    assert_eq!(plain.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(plain.body, "{\"message\":\"Too Many Requests\"}");
    assert!(!plain.headers.contains_key("retry-after"));

    throttling.set(Throttle::new(0.5, 1).hint(Hint::Seconds));
    assert_eq!(refusal(&throttling).headers["retry-after"], "2");
    throttling.set(Throttle::new(0.5, 1).hint(Hint::Date(DateForm::Imf)));
    assert_eq!(refusal(&throttling).headers["retry-after"], "Sun, 06 Nov 1994 08:49:40 GMT");
    throttling.set(Throttle::new(0.0, 1).hint(Hint::Seconds));
    assert_eq!(refusal(&throttling).headers["retry-after"], "86400");

    throttling.set(Throttle::new(0.5, 1));
    advance(Duration::from_secs(2)).await;
    assert_eq!(passed(&throttling, "a", 2), 1);
}

#[tokio::test(start_paused = true)]
async fn announces_the_allowance_in_each_form() {
    let throttling = Throttling::default();
    let told = |announce| {
        throttling.clear();
        throttling.set(Throttle::new(2.0, 10).announce(announce));
        match throttling.admit(&request("authorization", "ApiKey 1"), NOW) {
            Verdict::Admitted { announcement, .. } => announcement,
            Verdict::Refused(_) => panic!("refused"),
        }
    };
    assert!(told(Announce::Nothing).is_empty());
    let ietf = told(Announce::RateLimit);
    assert_eq!(ietf["ratelimit"], "\"default\";r=9;t=1");
    assert_eq!(ietf["ratelimit-policy"], "\"default\";q=10;w=5");
    let seconds = told(Announce::XRateLimitSeconds);
    assert_eq!(seconds["x-ratelimit-remaining"], "9");
    assert_eq!(seconds["x-ratelimit-reset"], "1");
    assert_eq!(told(Announce::XRateLimitEpoch)["x-ratelimit-reset"], "784111778");
}

#[tokio::test(start_paused = true)]
async fn limits_how_many_are_in_flight() {
    let throttling = Throttling::default();
    throttling.set(Throttle::at_once(2));
    let admit = || match throttling.admit(&request("x-auth-token", "s"), NOW) {
        Verdict::Admitted { permit, .. } => permit,
        Verdict::Refused(_) => None,
    };
    let (first, second) = (admit(), admit());
    assert!(first.is_some() && second.is_some());
    assert!(admit().is_none());
    drop(first);
    assert!(admit().is_some());
    assert_eq!(throttling.refused(), 1);
}
