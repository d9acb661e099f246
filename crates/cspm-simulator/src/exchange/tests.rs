use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::Method;
use tokio::time::{Instant, timeout};

use super::*;
use crate::testing::{PAGE, get, page_simulator, simulator};
use crate::{Fault, Latency, Match, Rule, Throttle, Which};

const SECOND: Duration = Duration::from_secs(1);

/// The page simulator with one fault on every request.
fn with(fault: Fault) -> Simulator {
    let simulator = page_simulator();
    simulator.faults().on(Match::any(), Which::Every, fault);
    simulator
}

/// What comes of one request to it, and how long that takes.
async fn meet(fault: Fault) -> (Result<SimResponse, Broken>, Duration) {
    let simulator = with(fault);
    let start = Instant::now();
    let outcome = simulator.exchange(get("/")).await;
    assert_eq!(simulator.log().in_flight(), 0);
    (outcome, start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_the_vendors_with_length_and_date() {
    let simulator = page_simulator();
    simulator.clock().hold(784_111_777_000);
    let response = simulator.exchange(get("/a")).await.unwrap();
    assert_eq!((response.status, &response.body[..]), (StatusCode::OK, PAGE.as_bytes()));
    assert_eq!(response.headers["content-type"], "application/json");
    assert_eq!(response.headers["content-length"], PAGE.len().to_string());
    assert_eq!(response.headers["date"], "Sun, 06 Nov 1994 08:49:37 GMT");
    let entries = simulator.log().entries();
    assert_eq!((entries[0].request.path.as_str(), entries[0].status), ("/a", Some(StatusCode::OK)));
    assert!(entries[0].faults.is_empty() && entries[0].ended.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_body_made_once_is_not_copied() {
    let body = Bytes::from(PAGE);
    let kept = body.clone();
    let simulator =
        simulator(move |_, _| SimResponse::bytes(StatusCode::OK, "application/json", body.clone()));
    let response = simulator.exchange(get("/")).await.unwrap();
    assert_eq!(response.body.as_ptr(), kept.as_ptr());
}

#[tokio::test(start_paused = true)]
async fn the_connection_fails_as_the_fault_says() {
    let half = PAGE.len() / 2;
    let almost = PAGE.len() - 1;
    let garbage = Bytes::from_static(b"220 mail ready\r\n");
    for (fault, broken) in [
        (Fault::ResetBeforeAnswer, Broken::ResetBeforeAnswer),
        (Fault::CloseBeforeAnswer, Broken::ClosedBeforeAnswer),
        (Fault::NotHttp(garbage.clone()), Broken::NotHttp(garbage)),
        (Fault::ResetInBody { after: 7 }, Broken::ResetInBody { received: 7 }),
        (Fault::ResetInBody { after: 10_000 }, Broken::ResetInBody { received: almost }),
        (Fault::CloseInBody { after: 0 }, Broken::ClosedInBody { received: 0 }),
        (Fault::StatedLength(1 << 33), Broken::ClosedInBody { received: PAGE.len() }),
        (Fault::ChunkedWithoutEnd, Broken::ClosedInBody { received: PAGE.len() }),
        (Fault::NeverAnswer, Broken::Stalled { received: 0 }),
        (Fault::HeadersThenStall, Broken::Stalled { received: 0 }),
        (Fault::HalfBodyThenStall, Broken::Stalled { received: half }),
    ] {
        let stalls = matches!(broken, Broken::Stalled { .. });
        let name = format!("{fault:?}");
        let (outcome, took) = meet(fault).await;
        assert_eq!(outcome.unwrap_err(), broken, "{name}");
        assert_eq!(took, if stalls { STALL } else { Duration::ZERO }, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_only_a_socket_shows_changes_nothing() {
    for fault in [
        Fault::ExtraBytes(Bytes::from_static(b"more")),
        Fault::Interim(vec![StatusCode::PROCESSING]),
        Fault::CloseAfterAnswer { announced: true },
        Fault::NoLengthUntilClose,
        Fault::Chunked,
        Fault::OneBytePackets,
    ] {
        let (outcome, took) = meet(fault.clone()).await;
        assert_eq!(outcome.unwrap().body, PAGE, "{fault:?}");
        assert_eq!(took, Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn the_head_comes_before_a_body_that_fails() {
    let simulator = with(Fault::HalfBodyThenStall);
    let mut answer = simulator.open(get("/")).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["content-length"], PAGE.len().to_string());
    let piece = answer.body.next().await.unwrap().unwrap();
    assert_eq!(piece, PAGE[..PAGE.len() / 2]);
    assert!(timeout(SECOND * 60, answer.body.next()).await.is_err());
    assert_eq!(simulator.log().in_flight(), 1);
    drop(answer);
    assert_eq!(simulator.log().in_flight(), 0);
    assert_eq!(simulator.log().entries()[0].ended, Some(SECOND * 60));
}

#[tokio::test(start_paused = true)]
async fn a_body_drips_byte_by_byte() {
    let (outcome, took) = meet(Fault::DripBytes { every: SECOND }).await;
    assert_eq!(outcome.unwrap().body, PAGE);
    assert_eq!(took, SECOND * u32::try_from(PAGE.len()).unwrap());
}

#[tokio::test(start_paused = true)]
async fn delays_are_as_long_as_they_say() {
    let (outcome, took) = meet(Fault::Delay(SECOND * 3)).await;
    assert_eq!((outcome.unwrap().body.as_ref(), took), (PAGE.as_bytes(), SECOND * 3));

    let simulator = page_simulator();
    let random = Fault::DelayRandom { from: SECOND, to: SECOND * 2 };
    simulator.faults().add(Rule::new(Match::any(), Which::Every, random).seed(7));
    let mut times = Vec::new();
    for _ in 0..20 {
        let start = Instant::now();
        simulator.exchange(get("/")).await.unwrap();
        times.push(start.elapsed());
    }
    let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    assert!(*least >= SECOND && *most <= SECOND * 2 + Duration::from_millis(1), "{times:?}");
    assert!(*most - *least > SECOND / 4, "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn with_latency_answers_come_out_of_order() {
    let simulator = page_simulator();
    simulator.set_latency(Some(Latency { from: Duration::ZERO, to: SECOND * 2, seed: 3 }));
    let done = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..20 {
        let (simulator, done) = (simulator.clone(), Arc::clone(&done));
        tasks.spawn(async move {
            simulator.exchange(get("/")).await.unwrap();
            done.lock().unwrap().push(n);
        });
    }
    tasks.join_all().await;
    let mut order = done.lock().unwrap().clone();
    assert_eq!(simulator.log().most_in_flight(), 20);
    assert!(!order.is_sorted(), "{order:?}");
    order.sort_unstable();
    assert_eq!(order, (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_simulator_that_is_down_refuses_and_cuts_off() {
    let simulator = with(Fault::Delay(SECOND));
    simulator.faults().on(Match::path("/slow"), Which::Every, Fault::DripBytes { every: SECOND });
    simulator.set_down(true);
    assert_eq!(simulator.exchange(get("/")).await.unwrap_err(), Broken::Refused);
    assert_eq!(simulator.log().count(), 0);

    simulator.set_down(false);
    let taking_down = async {
        sleep(SECOND / 2).await;
        simulator.set_down(true);
    };
    let (outcome, ()) = tokio::join!(simulator.exchange(get("/")), taking_down);
    assert_eq!(outcome.unwrap_err(), Broken::ResetBeforeAnswer);

    simulator.set_down(false);
    let taking_down = async {
        sleep(SECOND * 7 / 2).await;
        simulator.set_down(true);
    };
    let (outcome, ()) = tokio::join!(simulator.exchange(get("/slow")), taking_down);
    assert_eq!(outcome.unwrap_err(), Broken::ResetInBody { received: 2 });

    simulator.set_down(false);
    assert_eq!(simulator.exchange(get("/")).await.unwrap().status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn the_vendor_sees_what_is_not_answered_in_its_place() {
    let asked = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&asked);
    let simulator = simulator(move |_, _| {
        seen.fetch_add(1, Ordering::Relaxed);
        SimResponse::empty(StatusCode::OK)
    });
    let mut expected = 0;
    let failure = || Fault::status(StatusCode::INTERNAL_SERVER_ERROR);
    for (rule, carried_out) in [
        (Rule::new(Match::any(), Which::Every, failure()), false),
        (Rule::new(Match::any(), Which::Every, failure()).carried_out(true), true),
        (Rule::new(Match::any(), Which::Every, Fault::ResetBeforeAnswer), true),
        (Rule::new(Match::any(), Which::Every, Fault::ResetBeforeAnswer).carried_out(false), false),
        (Rule::new(Match::any(), Which::Every, Fault::OkWithHtml), false),
    ] {
        simulator.faults().clear();
        simulator.faults().add(rule.clone());
        let _ = simulator.exchange(get("/")).await;
        expected += u64::from(carried_out);
        assert_eq!(asked.load(Ordering::Relaxed), expected, "{rule:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn side_effects_come_before_the_vendor_and_faults_combine_in_order() {
    let revoked = Arc::new(AtomicU64::new(0));
    let state = Arc::clone(&revoked);
    let simulator = simulator(move |_, _| match state.load(Ordering::Relaxed) {
        0 => SimResponse::bytes(StatusCode::OK, "application/json", PAGE),
        _ => SimResponse::empty(StatusCode::UNAUTHORIZED),
    });
    let faults = simulator.faults();
    let second = Which::Nth(2);
    faults.on(Match::any(), second.clone(), Fault::then(move || revoked.store(1, Ordering::Relaxed)));
    faults.on(Match::any(), second.clone(), Fault::Delay(SECOND));
    faults.on(Match::any(), second, Fault::TrailingText(Bytes::from_static(b"!")));
    assert_eq!(simulator.exchange(get("/")).await.unwrap().status, StatusCode::OK);
    let start = Instant::now();
    let hit = simulator.exchange(get("/")).await.unwrap();
    assert_eq!((hit.status, hit.body.as_ref()), (StatusCode::UNAUTHORIZED, &b"!"[..]));
    assert_eq!(start.elapsed(), SECOND);
    let entries = simulator.log().entries();
    assert_eq!(entries.iter().map(|entry| entry.faults.len()).collect::<Vec<_>>(), [0, 3]);
    assert!(matches!(entries[1].faults[1], Fault::Delay(SECOND)));
}

#[tokio::test(start_paused = true)]
async fn the_throttle_stands_before_vendor_and_faults() {
    let simulator = with(Fault::NoContent);
    simulator.throttle().set(Throttle::new(1.0, 1));
    assert_eq!(simulator.exchange(get("/")).await.unwrap().status, StatusCode::NO_CONTENT);
    let refused = simulator.exchange(get("/")).await.unwrap();
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(simulator.throttle().refused(), 1);
    let entries = simulator.log().entries();
    assert_eq!(entries.iter().map(|entry| entry.throttled).collect::<Vec<_>>(), [false, true]);
    assert!(entries[1].faults.is_empty());
    sleep(SECOND).await;
    assert_eq!(simulator.exchange(get("/")).await.unwrap().status, StatusCode::NO_CONTENT);
}

#[tokio::test(start_paused = true)]
async fn a_limit_on_simultaneous_requests_counts_until_the_answer_is_there() {
    let simulator = with(Fault::Delay(SECOND));
    simulator.throttle().set(Throttle::at_once(4));
    let requests = (0..6).map(|_| {
        let simulator = simulator.clone();
        async move { simulator.exchange(get("/")).await.unwrap().status }
    });
    let mut tasks = tokio::task::JoinSet::new();
    requests.for_each(|request| {
        tasks.spawn(request);
    });
    let refused = tasks.join_all().await.into_iter().filter(|status| status.as_u16() == 429).count();
    assert_eq!(refused, 2);
    assert_eq!(simulator.exchange(get("/")).await.unwrap().status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn packs_large_bodies_for_who_accepts_it_if_so_set() {
    let simulator = simulator(|request, _| {
        let size = if request.path == "/large" { 100_000 } else { 1_000 };
        SimResponse::bytes(StatusCode::OK, "application/json", vec![b' '; size])
    });
    let ask = |path, accepted: &'static str| {
        let mut request = get(path);
        request.headers.insert("accept-encoding", http::HeaderValue::from_static(accepted));
        simulator.exchange(request)
    };
    let packed = |response: Result<SimResponse, Broken>| {
        response.unwrap().headers.get("content-encoding").is_some_and(|coding| coding == "gzip")
    };
    assert!(!packed(ask("/large", "gzip").await));
    simulator.set_gzip(true);
    assert!(packed(ask("/large", "br, gzip").await));
    assert!(!packed(ask("/large", "br").await));
    assert!(!packed(ask("/small", "gzip").await));
    assert!(ask("/large", "gzip").await.unwrap().body.len() < 1_000);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_head_or_without_content_has_no_body() {
    let mut head = get("/");
    head.method = Method::HEAD;
    let response = page_simulator().exchange(head).await.unwrap();
    assert_eq!(response.headers["content-length"], PAGE.len().to_string());
    assert!(response.body.is_empty());
    let (outcome, _) = meet(Fault::NoContent).await;
    let response = outcome.unwrap();
    assert!(response.body.is_empty() && !response.headers.contains_key("content-length"));
}
