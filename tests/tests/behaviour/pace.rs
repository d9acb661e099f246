//! One pace for one credential: limits that are told, limits that have to be found out, and waits that are asked for.

use std::time::Duration;

use cspm_core::FindingQuery;
use cspm_simulator::conformity::{self, Spec};
use cspm_simulator::{Fault, Hint, RetryAfter, Throttle, Which, bitdefender};
use cspm_tests::{Installation, Kind, KindExt, Lab, Setup, every_vendor, everything, truth};
use http::StatusCode;

every_vendor!(
    q01_a_refusal_slows_the_connection_and_loses_nothing,
    q02_retry_after_holds_every_task_back,
    q07_a_wait_of_a_day_is_not_waited,
    q11_a_limit_that_is_told_is_kept_and_used,
    q12_a_limit_that_is_not_told_is_found_out,
    q15_never_more_in_flight_than_allowed,
);

const PER_SECOND: f64 = 20.0;
const BURST: u32 = 20;

/// So many requests for findings, each of few of them, and the question that makes them.
fn many_requests(kind: Kind, requests: usize) -> (Setup, FindingQuery) {
    match kind {
        Kind::Conformity => {
            let spec = Spec { suppressed_percent: 0, ..Spec::sizes(&vec![1; requests]) };
            (Setup::new(conformity::World::generate(&spec)), everything())
        }
        Kind::InsightCloudSec => (Setup::new(Installation::pieces(kind, &vec![1; requests])), everything()),
        _ => {
            // One listing, but a request for each account that is named.
            let (groups, scans, rules, checks) = (1, requests, 12, requests);
            let spec = bitdefender::Spec { seed: 3, groups, scans, rules, checks, oddities: false };
            let world = bitdefender::World::generate(spec);
            let accounts = world.scans.iter().map(|scan| scan.id.to_string()).collect();
            (Setup::new(world), FindingQuery { accounts, ..everything() })
        }
    }
}

/// The least time in which a bucket lets so many requests through.
fn floor(requests: u64) -> f64 {
    requests.saturating_sub(u64::from(BURST)) as f64 / PER_SECOND
}

async fn q01_a_refusal_slows_the_connection_and_loses_nothing(kind: Kind) {
    let (setup, query) = many_requests(kind, 60);
    let lab = setup.start();
    let quiet = lab.findings(&query).await;
    quiet.assert_complete();
    lab.log().clear();
    lab.simulator.faults().on(
        kind.listing(),
        Which::Range(10..=14),
        Fault::Throttled { retry_after: RetryAfter::None },
    );
    let outcome = lab.findings(&query).await;
    outcome.assert_ids(&quiet.ids());
    outcome.assert_complete();
    assert_eq!(outcome.connection().throttled, 5);
    assert_eq!(outcome.connection().retries, 5);
    assert_eq!(outcome.connection().requests, quiet.connection().requests + 5);
    assert!(
        outcome.took > quiet.took + Duration::from_millis(100),
        "{:?}, after {:?}",
        outcome.took,
        quiet.took
    );
}

async fn q02_retry_after_holds_every_task_back(kind: Kind) {
    let forms = [RetryAfter::Seconds(7), RetryAfter::Date { ahead: 7, form: cspm_simulator::DateForm::Imf }];
    for (retry_after, status) in forms.into_iter().zip([StatusCode::TOO_MANY_REQUESTS; 2]) {
        let (setup, query) = many_requests(kind, 60);
        let lab = setup.start();
        let refusal = Fault::Throttled { retry_after };
        lab.simulator.faults().on(kind.listing(), Which::Nth(20), refusal);
        let outcome = lab.findings(&query).await;
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        assert_eq!((outcome.connection().throttled, outcome.connection().retries), (1, 1));
        let entries = lab.log().entries();
        let refused = entries.iter().find(|entry| entry.status == Some(status)).expect("a refusal");
        let (at, after) = (refused.ended.expect("an end"), Duration::from_secs(6));
        let early = entries.iter().filter(|entry| entry.at > at && entry.at < at + after).count();
        assert_eq!(early, 0, "requests within the wait");
        let next =
            entries.iter().map(|entry| entry.at).filter(|next| *next > at).min().expect("more requests");
        assert!(
            next <= at + Duration::from_millis(8_500),
            "the wait was over and nobody came before {:?}",
            next - at
        );
    }
}

async fn q07_a_wait_of_a_day_is_not_waited(kind: Kind) {
    let lab = Lab::sized(kind, 5);
    lab.simulator.faults().on(kind.listing(), Which::Every, Fault::throttled(86_400));
    let outcome = lab.everything().await;
    outcome.assert_incomplete();
    let errors = outcome.errors();
    assert_eq!((errors[0].kind(), errors[0].status()), (cspm_core::ErrorKind::Throttled, Some(429)));
    assert!(errors[0].to_string().contains("wait"), "it says what for: {}", errors[0]);
    assert!(outcome.took < Duration::from_secs(400), "{:?}", outcome.took);
    assert!(lab.pages() <= 4, "{} requests", lab.pages());
}

async fn q11_a_limit_that_is_told_is_kept_and_used(kind: Kind) {
    let (setup, query) = many_requests(kind, 400);
    let lab = setup.per_second(PER_SECOND).start();
    lab.simulator.throttle().set(Throttle::new(PER_SECOND, BURST).hint(Hint::Seconds));
    let outcome = lab.findings(&query).await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    let requests = lab.log().count();
    assert!(requests >= 400);
    assert_eq!((outcome.connection().throttled, lab.simulator.throttle().refused()), (0, 0));
    let floor = floor(requests);
    assert!(outcome.took.as_secs_f64() <= 1.05 * floor, "{:?}; possible were {floor:.2} s", outcome.took);
}

async fn q12_a_limit_that_is_not_told_is_found_out(kind: Kind) {
    for hint in [Hint::None, Hint::Seconds] {
        let (setup, query) = many_requests(kind, 2_000);
        let lab = setup.start();
        lab.simulator.throttle().set(Throttle::new(PER_SECOND, BURST).hint(hint));
        let outcome = lab.findings(&query).await;
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        let refused = lab.simulator.throttle().refused();
        let passed = lab.log().count() - refused;
        assert_eq!(outcome.connection().throttled, refused);
        assert!(refused as f64 <= 0.05 * passed as f64, "{hint:?}: {refused} refusals for {passed} requests");
        let floor = floor(passed);
        assert!(
            outcome.took.as_secs_f64() <= 1.10 * floor,
            "{hint:?}: {:?}; possible were {floor:.1} s",
            outcome.took
        );
    }
}

async fn q15_never_more_in_flight_than_allowed(kind: Kind) {
    let (mut setup, query) = many_requests(kind, 64);
    setup.settings.side_by_side = 4;
    let lab = setup.per_second(1_000.0).start();
    let wait = Duration::from_millis(300);
    lab.simulator.set_latency(Some(cspm_simulator::Latency { from: wait, to: 5 * wait, seed: 5 }));
    let outcome = lab.findings(&query).await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    assert_eq!(
        lab.log().most_in_flight(),
        lab.vendor.side_by_side().min(4),
        "all that are allowed and never one more"
    );
}
