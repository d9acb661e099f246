//! Waits that a vendor asks for, in every spelling, and what is made of askings that make no sense.

use std::time::Duration;

use cspm_core::ErrorKind;
use cspm_simulator::wire::SimResponse;
use cspm_simulator::{DateForm, ErrorBody, Fault, RetryAfter, Which};
use cspm_tests::{Installation, Kind, KindExt, Lab, Setup, every_vendor, truth};
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::pace::many_requests;

every_vendor!(
    q02_q03_q04_q08_a_stated_wait_holds_every_task_back,
    q05_q06_a_hint_that_is_none_is_neither_obeyed_nor_an_excuse_to_come_back_at_once,
    q06_q07_a_wait_that_nobody_can_bear_is_told_and_not_waited,
    q09_q10_a_quota_that_is_used_up_holds_the_next_request_back,
    r11_a_wait_beyond_the_deadline_is_not_begun,
);

const SEVEN: Duration = Duration::from_secs(7);

/// The twentieth request for findings meets this; what is asked afterwards comes when the wait is over, and soon then.
async fn assert_held(kind: Kind, faults: &[Fault], ahead: i64, case: &str) {
    let (setup, query) = many_requests(kind, 60);
    let lab = setup.start();
    lab.simulator.clock().advance(ahead);
    for fault in faults {
        lab.simulator.faults().on(kind.listing(), Which::Nth(20), fault.clone());
    }
    let outcome = lab.findings(&query).await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    let entries = lab.log().entries();
    let met = entries.iter().find(|entry| !entry.faults.is_empty()).expect("a fault");
    let told = met.ended.expect("an end");
    let next = entries.iter().map(|entry| entry.at).filter(|at| *at > told).min().expect("more requests");
    // Jitter, and the turns of those who queue for one.
    let soon = told + SEVEN..=told + SEVEN + Duration::from_millis(1_500);
    assert!(soon.contains(&next), "{case}: after {:?}", next - told);
    let failed = met.status.is_some_and(|status| !status.is_success());
    let refused = met.status == Some(StatusCode::TOO_MANY_REQUESTS);
    let report = outcome.connection();
    // A redirect that is followed is no repeat.
    let repeated = failed && !met.status.is_some_and(|status| status.is_redirection());
    assert_eq!((report.throttled, report.retries), (u64::from(refused), u64::from(repeated)), "{case}");
}

async fn q02_q03_q04_q08_a_stated_wait_holds_every_task_back(kind: Kind) {
    let date = |form| RetryAfter::Date { ahead: 7, form };
    let forms =
        [RetryAfter::Seconds(7), date(DateForm::Imf), date(DateForm::Rfc850), date(DateForm::Asctime)];
    for status in [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE] {
        for form in &forms {
            // Q04: our clock may be an hour off either way, as seen from the vendor.
            for hours in [0, 1, -1] {
                let faults = [Fault::status_with(status, ErrorBody::Text), Fault::RetryAfter(form.clone())];
                assert_held(kind, &faults, hours * 3_600_000, &format!("{status} {form:?} {hours}")).await;
            }
        }
    }
    // Q08: to the same address again, in seven seconds.
    let moved = Fault::rewrite(|request, _| {
        let mut response = SimResponse::empty(StatusCode::TEMPORARY_REDIRECT);
        let question = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        let location = HeaderValue::try_from(format!("{}{question}", request.path)).expect("a header");
        response.headers.insert(header::LOCATION, location);
        response.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("7"));
        response
    });
    assert_held(kind, &[moved], 0, "a redirect").await;
}

async fn q09_q10_a_quota_that_is_used_up_holds_the_next_request_back(kind: Kind) {
    let fields = |pairs: &[(&'static str, String)]| {
        let field = |(name, value): &(&'static str, String)| {
            (HeaderName::from_static(name), HeaderValue::try_from(value).expect("a header"))
        };
        Fault::Headers(pairs.iter().map(field).collect())
    };
    // An instant is measured by the answer's own clock.
    let date = ("date", "Fri, 22 Nov 2024 00:00:00 GMT".to_owned());
    let epoch = fields(&[
        date,
        ("x-ratelimit-remaining", "0".to_owned()),
        ("x-ratelimit-reset", "1732233607".to_owned()),
    ]);
    let used_up = |name: &'static str, reset: &'static str, value: &str| {
        fields(&[(name, "0".to_owned()), (reset, value.to_owned())])
    };
    for (case, fault) in [
        ("the draft's field", fields(&[("ratelimit", "\"default\";r=0;t=7".to_owned())])),
        ("its older form", fields(&[("ratelimit", "limit=100, remaining=0, reset=7".to_owned())])),
        ("a pair", used_up("ratelimit-remaining", "ratelimit-reset", "7")),
        ("an older pair", used_up("x-ratelimit-remaining", "x-ratelimit-reset", "7")),
        ("an instant", epoch),
    ] {
        assert_held(kind, &[fault], 0, case).await;
    }
    // `Retry-After` wins.
    let both = [
        Fault::status(StatusCode::TOO_MANY_REQUESTS),
        fields(&[("ratelimit", "\"default\";r=0;t=90".to_owned()), ("retry-after", "7".to_owned())]),
    ];
    assert_held(kind, &both, 0, "both").await;
    for (case, fault) in [
        ("some is left", fields(&[("ratelimit", "\"default\";r=50;t=30".to_owned())])),
        ("no reset", fields(&[("ratelimit", "\"default\";r=0".to_owned())])),
        ("nonsense", fields(&[("ratelimit", ";;=,=;r=;t".to_owned())])),
        ("a word", used_up("x-ratelimit-remaining", "x-ratelimit-reset", "soon")),
        ("an instant that is past", used_up("x-ratelimit-remaining", "x-ratelimit-reset", "1500000000")),
    ] {
        let lab = Lab::sized(kind, kind.page() + 20);
        lab.simulator.faults().on(kind.listing(), Which::Every, fault);
        let outcome = lab.everything().await;
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        assert!(outcome.took < Duration::from_secs(3), "{case}: {:?}", outcome.took);
    }
}

async fn q05_q06_a_hint_that_is_none_is_neither_obeyed_nor_an_excuse_to_come_back_at_once(kind: Kind) {
    let two = RetryAfter::Raw(vec![HeaderValue::from_static("3"), HeaderValue::from_static("4")]);
    let texts = ["0", "-5", "1.5", "", "soon", "Sun, 06 Nov 1994 08:00:00 GMT"];
    for hint in texts.map(RetryAfter::raw).into_iter().chain([two]) {
        let lab = Lab::sized(kind, 5);
        let refusal = Fault::Throttled { retry_after: hint.clone() };
        lab.simulator.faults().on(kind.listing(), Which::Nth(1), refusal);
        let outcome = lab.everything().await;
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        assert_eq!((outcome.connection().throttled, outcome.connection().retries), (1, 1), "{hint:?}");
        let pages = lab.log().matching(&kind.listing());
        let waited = pages[1].at - pages[0].ended.expect("an end");
        assert!((50..=2_500).contains(&waited.as_millis()), "{hint:?}: {waited:?}");
    }
}

async fn q06_q07_a_wait_that_nobody_can_bear_is_told_and_not_waited(kind: Kind) {
    let day = "86400 s (until ";
    for (hint, words) in [
        ("86400", day),
        ("9300000000", "for more than a week"),
        ("999999999999999999999999999999", "for more than a week"),
    ] {
        let lab = Lab::sized(kind, 5);
        let refusal = Fault::Throttled { retry_after: RetryAfter::raw(hint) };
        lab.simulator.faults().on(kind.listing(), Which::Every, refusal);
        let outcome = lab.everything().await;
        outcome.assert_incomplete();
        let error = outcome.errors()[0];
        assert_eq!((error.kind(), error.status()), (ErrorKind::Throttled, Some(429)), "{hint}: {error}");
        assert!(error.to_string().contains(words), "{hint}: {error}");
        assert!(outcome.took < Duration::from_secs(10), "{hint}: {:?}", outcome.took);
        assert!(lab.pages() <= 2, "{hint}: {} requests", lab.pages());
    }
    // It is waited for where there is time enough.
    let hours = Duration::from_secs(4 * 3_600);
    let mut setup = Setup::new(Installation::sized(kind, 5));
    setup.settings.deadline = 2 * hours;
    let lab = setup.start();
    lab.simulator.faults().on(kind.listing(), Which::Nth(1), Fault::throttled(hours.as_secs()));
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    assert!(outcome.took >= hours && lab.pages() == 2, "{:?}", outcome.took);
}

async fn r11_a_wait_beyond_the_deadline_is_not_begun(kind: Kind) {
    for (status, error_kind) in [
        (StatusCode::TOO_MANY_REQUESTS, ErrorKind::Throttled),
        (StatusCode::SERVICE_UNAVAILABLE, ErrorKind::Server),
    ] {
        let lab = Lab::sized(kind, 5);
        let faults = [Fault::status(status), Fault::RetryAfter(RetryAfter::Seconds(400))];
        for fault in faults {
            lab.simulator.faults().on(kind.listing(), Which::Every, fault);
        }
        let outcome = lab.everything().await;
        outcome.assert_incomplete();
        let error = outcome.errors()[0];
        assert_eq!((error.kind(), error.status()), (error_kind, Some(status.as_u16())), "{error}");
        assert!(error.to_string().contains("asks to wait 400 s (until "), "{error}");
        assert!(outcome.took < Duration::from_secs(10), "it slept first: {:?}", outcome.took);
        assert_eq!((lab.pages(), outcome.connection().retries), (1, 0));
    }
}
