//! One pace for one credential: limits that are told, limits that have to be found out, and waits that are asked for.

use std::time::Duration;

use cspm_core::FindingQuery;
use cspm_simulator::conformity::{self, Spec};
use cspm_simulator::{ErrorBody, Fault, Hint, Match, RetryAfter, Throttle, Which, bitdefender};
use cspm_tests::{Installation, Kind, KindExt, Lab, Setup, every_vendor, everything, truth};
use http::{HeaderValue, StatusCode, header};

every_vendor!(
    q01_a_refusal_slows_the_connection_and_loses_nothing,
    q11_a_limit_that_is_told_is_kept_and_used,
    q12_a_limit_that_is_not_told_is_found_out,
    q13_a_limit_that_changes_is_followed,
    q15_never_more_in_flight_than_allowed,
    q16_tasks_that_all_wait_to_repeat_all_go_on,
    q17_a_turn_that_comes_too_late_is_not_waited_for,
    r10_after_an_outage_requests_come_back_in_time_and_at_the_pace,
    r21_clocks_that_jump_during_a_wait_change_nothing,
    r22_a_machine_that_slept_wakes_without_a_burst,
    p23_every_count_is_the_sum_of_what_came,
);

const PER_SECOND: f64 = 20.0;
const BURST: u32 = 20;

/// So many requests for findings, each of few of them, and the question that makes them.
pub(crate) fn many_requests(kind: Kind, requests: usize) -> (Setup, FindingQuery) {
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

/// A limit that is halved in the middle of a run, and doubled again.
async fn q13_a_limit_that_changes_is_followed(kind: Kind) {
    let (setup, query) = many_requests(kind, 1_500);
    let lab = setup.start();
    let throttle = |per_second: f64| lab.simulator.throttle().set(Throttle::new(per_second, 10));
    let seconds = |seconds: u64| tokio::time::sleep(Duration::from_secs(seconds));
    throttle(PER_SECOND);
    let (halved, doubled) = (Duration::from_secs(25), Duration::from_secs(60));
    let change = async {
        seconds(25).await;
        throttle(PER_SECOND / 2.0);
        seconds(35).await;
        throttle(PER_SECOND);
    };
    let (outcome, ()) = tokio::join!(lab.findings(&query), change);
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    let entries = lab.log().entries();
    // How many were let through in a second and how many refused, from five seconds after a change on.
    let settled = |from: Duration, to: Duration| {
        let within = entries.iter().filter(|entry| (from + Duration::from_secs(5)..to).contains(&entry.at));
        let (refused, passed): (Vec<_>, Vec<_>) = within.partition(|entry| entry.throttled);
        let time = (to - from).as_secs_f64() - 5.0;
        (passed.len() as f64 / time, refused.len() as f64 / passed.len() as f64)
    };
    for (from, to, rate) in
        [(halved, doubled, PER_SECOND / 2.0), (doubled, doubled + Duration::from_secs(30), PER_SECOND)]
    {
        let (passed, refused) = settled(from, to);
        assert!(passed >= 0.85 * rate && refused <= 0.1, "{rate}/s: {passed:.1}/s, {refused:.2} refused");
    }
    // No storm: what the change took by surprise, and the little that looking for the limit costs.
    let surprised = entries.iter().filter(|entry| entry.throttled && entry.at >= halved);
    assert!(surprised.count() <= 60, "{} refusals", lab.simulator.throttle().refused());
}

/// Every task there is waits to repeat at the same time: nothing is held meanwhile that another needs.
async fn q16_tasks_that_all_wait_to_repeat_all_go_on(kind: Kind) {
    let (mut setup, query) = many_requests(kind, 30);
    setup.settings.side_by_side = 4;
    let lab = setup.per_second(1_000.0).start();
    let rule =
        lab.simulator.faults().on(kind.listing(), Which::First(12), Fault::status(StatusCode::BAD_GATEWAY));
    let outcome = lab.findings(&query).await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    assert_eq!((lab.simulator.faults().hits(rule), outcome.connection().retries), (12, 12));
    assert!(lab.log().most_in_flight() <= 4);
    let pages = lab.log().matching(&kind.listing());
    let asked = |page: &cspm_simulator::LogEntry| (page.request.query.clone(), page.request.body.clone());
    let first: std::collections::HashSet<_> = pages[..4].iter().map(asked).collect();
    assert_eq!(first.len(), 4, "all four had failed before any of them was repeated");
}

async fn q17_a_turn_that_comes_too_late_is_not_waited_for(kind: Kind) {
    let (mut setup, query) = many_requests(kind, 30);
    setup.settings.deadline = Duration::from_secs(25);
    let lab = setup.per_second(0.1).start();
    let outcome = lab.findings(&query).await;
    outcome.assert_incomplete();
    outcome.assert_among(&truth::ids(&lab));
    for error in outcome.errors() {
        assert_eq!(error.kind(), cspm_core::ErrorKind::Timeout, "{error}");
    }
    // One request every ten seconds, and nobody waits for a turn that would come after the deadline.
    let entries = lab.log().entries();
    let gaps = entries.windows(2).map(|pair| pair[1].at - pair[0].at);
    assert!(gaps.clone().all(|gap| gap >= Duration::from_secs(10)), "{:?}", gaps.collect::<Vec<_>>());
    assert_eq!(outcome.connection().retries, 0);
}

/// The most requests within any second from `from` on.
fn busiest_second(lab: &Lab, from: Duration) -> usize {
    let at: Vec<Duration> =
        lab.log().entries().iter().map(|entry| entry.at).filter(|at| *at >= from).collect();
    let within = |first: &Duration| {
        at.iter().filter(|at| *at >= first && **at < *first + Duration::from_secs(1)).count()
    };
    at.iter().map(within).max().unwrap_or(0)
}

async fn r10_after_an_outage_requests_come_back_in_time_and_at_the_pace(kind: Kind) {
    // A rate that is told, and one that has to be found out.
    for told in [Some(PER_SECOND), None] {
        let (mut setup, query) = many_requests(kind, 300);
        setup.settings.requests_per_second = told;
        let lab = setup.start();
        lab.simulator.throttle().set(Throttle::new(PER_SECOND, BURST));
        lab.findings(&query).await.assert_complete();
        let before = lab.simulator.throttle().refused();
        let headers = http::HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static("60"))]);
        let (status, body) = (StatusCode::SERVICE_UNAVAILABLE, ErrorBody::Text);
        lab.simulator.faults().on(Match::any(), Which::Every, Fault::Status { status, body, headers });
        let outcome = lab.findings(&query).await;
        assert!(outcome.report.is_total_failure());
        let last = lab.log().entries().iter().filter_map(|entry| entry.ended).max().expect("requests");

        // The next run finds the vendor well again: it begins when the stated time is over, and not with a burst.
        lab.simulator.faults().clear();
        lab.log().clear();
        let outcome = lab.findings(&query).await;
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        let first = lab.log().entries().iter().map(|entry| entry.at).min().expect("requests");
        let minute = Duration::from_secs(60);
        assert!((last + minute..=last + minute + Duration::from_millis(250)).contains(&first), "{first:?}");
        let busiest = busiest_second(&lab, first);
        assert!(busiest <= if told.is_some() { 31 } else { 45 }, "{told:?}: {busiest} requests in a second");
        let refused = lab.simulator.throttle().refused() - before;
        assert!(refused <= if told.is_some() { 0 } else { 15 }, "{told:?}: {refused} refusals");
        let last = lab.log().entries().iter().map(|entry| entry.at).max().expect("requests");
        assert!((last - first).as_secs_f64() <= 1.15 * 300.0 / PER_SECOND, "{told:?}: {:?}", last - first);
    }
}

async fn r21_clocks_that_jump_during_a_wait_change_nothing(kind: Kind) {
    for hour in [3_600_000, -3_600_000] {
        let lab = Lab::sized(kind, 5);
        let retry_after = RetryAfter::Date { ahead: 7, form: cspm_simulator::DateForm::Imf };
        let rule = lab.simulator.faults().on(kind.listing(), Which::Nth(1), Fault::Throttled { retry_after });
        let jump = async {
            while lab.simulator.faults().hits(rule) == 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            tokio::time::sleep(Duration::from_secs(3)).await;
            lab.simulator.clock().advance(hour);
        };
        let (outcome, ()) = tokio::join!(lab.everything(), jump);
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        let pages = lab.log().matching(&kind.listing());
        let waited = pages[1].at - pages[0].ended.expect("an end");
        // A date has whole seconds.
        assert!((6_000..=7_250).contains(&waited.as_millis()), "{hour}: {waited:?}");
    }
}

async fn r22_a_machine_that_slept_wakes_without_a_burst(kind: Kind) {
    for told in [Some(PER_SECOND), None] {
        let (mut setup, query) = many_requests(kind, 800);
        setup.settings.requests_per_second = told;
        let lab = setup.start();
        lab.simulator.throttle().set(Throttle::new(PER_SECOND, BURST));
        let asleep = async {
            tokio::time::sleep(Duration::from_secs(15)).await;
            let refused = lab.simulator.throttle().refused();
            tokio::time::advance(Duration::from_secs(3_600)).await;
            refused
        };
        let (outcome, before) = tokio::join!(lab.findings(&query), asleep);
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        let awake = outcome.took.as_secs_f64() - 3_600.0;
        assert!((20.0..=1.15 * 800.0 / PER_SECOND).contains(&awake), "{told:?}: {awake} s");
        let busiest = busiest_second(&lab, Duration::from_secs(3_600));
        assert!(busiest <= if told.is_some() { 31 } else { 45 }, "{told:?}: {busiest} requests in a second");
        let refused = lab.simulator.throttle().refused() - before;
        assert!(refused <= if told.is_some() { 0 } else { 25 }, "{told:?}: {refused} refusals");
    }
}

async fn p23_every_count_is_the_sum_of_what_came(kind: Kind) {
    for seed in 0..8 {
        let (mut setup, query) = many_requests(kind, 64);
        setup.settings.side_by_side = 64;
        let lab = setup.per_second(10_000.0).start();
        let (from, to) = (Duration::ZERO, Duration::from_millis(40));
        lab.simulator.set_latency(Some(cspm_simulator::Latency { from, to, seed }));
        let storm = cspm_simulator::Rule::new(
            kind.listing(),
            Which::Probability(0.1),
            Fault::status(StatusCode::BAD_GATEWAY),
        );
        lab.simulator.faults().add(storm.seed(seed));
        let outcome = lab.findings(&query).await;
        let truth = truth::ids(&lab);
        outcome.assert_ids(&truth);
        outcome.assert_complete();
        let report = outcome.connection();
        let received: u64 = report.scopes.iter().map(|scope| scope.received).sum();
        assert_eq!((received, report.findings), (truth.len() as u64, truth.len() as u64));
        let failed =
            lab.log().entries().iter().filter(|entry| entry.status == Some(StatusCode::BAD_GATEWAY)).count();
        assert_eq!(report.retries, failed as u64, "seed {seed}");
    }
}
