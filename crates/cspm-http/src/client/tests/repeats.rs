//! What is sent again, how often, and what is said in the end.

use http::Method;

use super::super::*;
use super::script::*;
use crate::retry::{ATTEMPTS, REFUSALS};
use crate::{BrokenKind, Safety};

const A_DAY: Duration = Duration::from_secs(24 * 3600);

fn patient() -> Settings {
    Settings { deadline: A_DAY, ..Settings::default() }
}

fn call(safety: Safety, once: bool) -> Call {
    let call = Call::new("try it", Method::POST, "/try", safety);
    if once { call.once() } else { call }
}

/// Sends a call that always meets the same answer and checks everything that can be seen of it.
async fn assert_always(reply: Reply, call: Call, retries_on_500: u32, want: (u32, ErrorKind, bool)) {
    let case = format!("{reply:?} {call:?} {retries_on_500}");
    let (requests, kind, is_temporary) = want;
    let (code, is_refusal) = match &reply {
        Ok(response) => (Some(response.status().as_u16()), response.status() == 429),
        Err(_) => (None, false),
    };
    let script = Script::new(move |_, _| reply.clone());
    let client = client_with(&script, patient(), retries_on_500);
    let error = client.send(call).await.unwrap_err();
    assert_eq!(script.count(), requests as usize, "requests: {case}");
    assert_eq!(error.kind(), kind, "{case}");
    assert_eq!(error.status(), code, "{case}");
    assert_eq!(error.attempts(), requests, "attempts: {case}");
    assert_eq!(error.operation(), Some("try it"));
    assert_eq!(error.is_temporary(), is_temporary, "{case}");
    let read = client.meter().read();
    assert_eq!((read.requests, read.retries), (u64::from(requests), u64::from(requests) - 1), "{case}");
    assert_eq!(read.throttled, if is_refusal { u64::from(requests) } else { 0 }, "{case}");
    assert_eq!(read.in_flight, 0, "{case}");
}

#[tokio::test(start_paused = true)]
async fn r01_to_r05_the_table_of_statuses() {
    use ErrorKind::*;
    for (code, kind) in [
        (400, InvalidRequest),
        (401, Authentication),
        (403, Permission),
        (404, NotFound),
        (405, InvalidRequest),
        (408, Timeout),
        (409, InvalidRequest),
        (410, NotFound),
        (422, InvalidRequest),
        (429, Throttled),
        (500, Server),
        (501, Server),
        (502, Server),
        (503, Server),
        (504, Server),
    ] {
        for (safety, once) in
            [(Safety::Read, false), (Safety::Write, false), (Safety::Read, true), (Safety::Write, true)]
        {
            for retries_on_500 in [0, 1, 1000] {
                let is_plain_read = safety == Safety::Read && !once;
                let requests = match code {
                    429 => REFUSALS + 1,
                    408 | 502..=504 if is_plain_read => ATTEMPTS,
                    500 if is_plain_read => (1 + retries_on_500).min(ATTEMPTS),
                    _ => 1,
                };
                let is_temporary = match code {
                    500 => retries_on_500 > 1,
                    501 => false,
                    _ => matches!(kind, Timeout | Throttled | Server),
                };
                let call = call(safety, once);
                assert_always(status(code), call, retries_on_500, (requests, kind, is_temporary)).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn t01_to_t09_r17_r18_the_table_of_broken_connections() {
    use BrokenKind::*;
    for (kind, passing, said) in [
        (Connect, ATTEMPTS, ErrorKind::Network),
        (Resolve, 2, ErrorKind::Network),
        (Proxy, 1, ErrorKind::Network),
        (Tls, 1, ErrorKind::Network),
        (Clock, 1, ErrorKind::Network),
        (Interrupted, ATTEMPTS, ErrorKind::Network),
        (Timeout, ATTEMPTS, ErrorKind::Timeout),
        (Garbled, 1, ErrorKind::Protocol),
        (TooLarge, 1, ErrorKind::Protocol),
    ] {
        for sent in [false, true] {
            for (safety, once) in
                [(Safety::Read, false), (Safety::Write, false), (Safety::Read, true), (Safety::Write, true)]
            {
                let repeatable = !sent || (safety == Safety::Read && !once);
                let requests = if repeatable { passing } else { 1 };
                let is_temporary = matches!(kind, Connect | Interrupted | Timeout);
                let want = (requests, said, is_temporary);
                assert_always(broken(kind, sent), call(safety, once), 0, want).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn t18_a_request_that_was_turned_away_is_sent_again_at_once_even_a_write() {
    let turned_away = || broken(BrokenKind::Interrupted, false);
    let script = Script::new(move |number, _| if number == 0 { turned_away() } else { status(200) });
    let client = client(&script);
    let started = Instant::now();
    client.send(call(Safety::Write, false)).await.unwrap();
    assert_eq!((script.count(), started.elapsed()), (2, Duration::ZERO));
    assert_eq!(client.meter().read().retries, 1);
}

#[tokio::test(start_paused = true)]
async fn r01_one_passing_failure_is_mended_and_counted() {
    for first in [
        status(408),
        status(429),
        status(502),
        status(503),
        status(504),
        broken(BrokenKind::Interrupted, true),
    ] {
        let is_refusal = first.as_ref().is_ok_and(|response| response.status() == 429);
        let script = Script::new(move |number, _| if number == 0 { first.clone() } else { status(200) });
        let client = client(&script);
        assert_eq!(client.send(read()).await.unwrap().status, 200);
        let meter = client.meter().read();
        assert_eq!((meter.requests, meter.retries), (2, 1));
        assert_eq!(meter.throttled, u64::from(is_refusal));
        assert_eq!(script.paths(), ["/v1/things", "/v1/things"]);
    }
}

#[tokio::test(start_paused = true)]
async fn r19_a_refused_write_is_sent_again_with_its_body() {
    let script =
        Script::new(
            |number, _| {
                if number == 0 { with_headers(429, &[("retry-after", "3")]) } else { status(200) }
            },
        );
    let call = call(Safety::Write, false).json(&["x"]).unwrap();
    client(&script).send(call).await.unwrap();
    let seen = script.seen();
    assert_eq!(seen.len(), 2);
    assert!(
        seen.iter().all(|seen| seen.body == "[\"x\"]" && seen.headers["content-type"] == "application/json")
    );
    assert!(seen[1].at >= Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a05_r05_a_log_in_is_never_sent_again_once_it_may_have_been_judged() {
    for reply in [status(401), status(500), status(503), broken(BrokenKind::Interrupted, true)] {
        let script = Script::new(move |_, _| reply.clone());
        let error = client_with(&script, patient(), 5).send(call(Safety::Write, true)).await.unwrap_err();
        assert_eq!((script.count(), error.attempts()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn q19_a_refused_log_in_waits_and_is_sent_again() {
    let script =
        Script::new(
            |number, _| {
                if number == 0 { with_headers(429, &[("retry-after", "5")]) } else { status(200) }
            },
        );
    client(&script).send(call(Safety::Write, true)).await.unwrap();
    assert_eq!(script.count(), 2);
    assert!(script.seen()[1].at >= Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn r08_in_an_outage_the_purse_empties_and_calls_fail_after_one_request() {
    let script = Script::new(|number, _| status(if (140..150).contains(&number) { 200 } else { 503 }));
    let client = client_with(&script, patient(), 0);
    for _ in 0..100 {
        assert_eq!(client.send(read()).await.unwrap_err().kind(), ErrorKind::Server);
    }
    assert_eq!(script.count(), 140, "a hundred first requests and forty repeats in all");
    for _ in 0..10 {
        client.send(read()).await.unwrap();
    }
    assert_eq!(client.meter().read().retries, 40);
    for _ in 0..3 {
        client.send(read()).await.unwrap_err();
    }
    assert_eq!(client.meter().read().retries, 50, "ten successes paid for ten repeats");
}

#[tokio::test(start_paused = true)]
async fn t01_t04_where_nobody_answers_one_call_waits_for_all_that_follow() {
    for silence in [broken(BrokenKind::Connect, false), broken(BrokenKind::Timeout, true)] {
        let script = Script::new(move |number, _| if number == 9 { status(200) } else { silence.clone() });
        let client = client_with(&script, patient(), 0);
        for sent in [6, 7, 8, 9] {
            client.send(read()).await.unwrap_err();
            assert_eq!(script.count(), sent);
        }
        client.send(read()).await.unwrap();
        client.send(read()).await.unwrap_err();
        assert_eq!(script.count(), 12, "a success paid for a repeat");
    }
}

#[tokio::test(start_paused = true)]
async fn r02_a_call_that_fails_for_good_costs_others_no_repeats_if_they_were_answered_meanwhile() {
    let script = Script::new(|number, seen| match (seen.uri.ends_with("/dead"), number) {
        (true, _) => broken(BrokenKind::Interrupted, true),
        (false, 7 | 8) => status(503),
        (false, _) => status(200),
    });
    let client = client_with(&script, patient(), 0);
    let alive = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        client.send(read()).await
    };
    let (dead, alive) = tokio::join!(client.send(Call::get("get", "/dead")), alive);
    assert_eq!((dead.unwrap_err().attempts(), alive.is_ok(), script.count()), (ATTEMPTS, true, 7));
    client.send(read()).await.unwrap();
    assert_eq!(script.count(), 10, "two repeats");
}

#[tokio::test(start_paused = true)]
async fn r02_a_server_that_always_asks_to_wait_is_not_asked_for_ever() {
    let script = Script::new(|_, _| with_headers(503, &[("retry-after", "1")]));
    let error = client_with(&script, patient(), 0).send(read()).await.unwrap_err();
    assert_eq!((script.count(), error.attempts()), (ATTEMPTS as usize, ATTEMPTS));
    assert_eq!((error.kind(), error.owner()), (ErrorKind::Server, cspm_core::Owner::Vendor));
}

#[tokio::test(start_paused = true)]
async fn what_an_address_cannot_hold_is_not_sent() {
    let script = Script::new(|_, _| status(200));
    let client = client(&script);
    for call in [
        Call::get("get", format!("/accounts/{}/checks", crate::encode(".."))),
        Call::get("get", "/accounts/%2e%2E/checks"),
        Call::get("get", "/accounts/./checks"),
        Call::get("get", "/a#b"),
        Call::get("get", "/a b"),
        Call::get("get", "/a\\..\\b"),
        Call::get("get", "@evil.example/"),
        Call::get("get", ".evil.example/"),
        Call::link("get", "@evil.example/x"),
        Call::link("get", ".evil.example/x"),
        Call::link("get", ":8443/x"),
        Call::link("get", ""),
        Call::link("get", "/x\r\nevil: 1"),
        Call::link("get", "/".to_owned() + &"x".repeat(70_000)),
    ] {
        let error = client.send(call.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{call:?}");
    }
    assert_eq!(client.meter().read().requests, 0);
    client.send(Call::link("get", "//evil.example/x?a=https://evil.example")).await.unwrap();
    assert_eq!(script.seen()[0].uri, "https://host.example//evil.example/x?a=https://evil.example");
}

#[tokio::test(start_paused = true)]
async fn r18_a_write_whose_answer_is_lost_is_sent_once_and_said_to_be_uncertain() {
    let timeout = || broken(BrokenKind::Timeout, true);
    for (reply, safety, uncertain) in [
        (timeout(), Safety::Write, true),
        (broken(BrokenKind::Interrupted, true), Safety::Write, true),
        (status(500), Safety::Write, true),
        (status(503), Safety::Write, true),
        (status(408), Safety::Write, true),
        (status(400), Safety::Write, false),
        (status(403), Safety::Write, false),
        (broken(BrokenKind::Connect, false), Safety::Write, false),
        (timeout(), Safety::Read, false),
        (status(503), Safety::Read, false),
    ] {
        let case = format!("{reply:?} {safety:?}");
        let script = Script::new(move |_, _| reply.clone());
        let error = client_with(&script, patient(), 0).send(call(safety, false)).await.unwrap_err();
        assert_eq!(error.is_uncertain(), uncertain, "{case}");
        if uncertain {
            assert_eq!(script.count(), 1, "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn r18_a_write_that_outlasts_its_deadline_is_uncertain() {
    let script = Script::slow(Duration::from_secs(3600), |_, _| status(200));
    let settings = Settings { deadline: Duration::from_secs(5), ..patient() };
    let error = client_with(&script, settings, 0).send(call(Safety::Write, false)).await.unwrap_err();
    assert!(error.is_uncertain());
    assert_eq!(script.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn q18_a_thousand_clients_that_failed_at_one_instant_do_not_come_back_at_one() {
    let script = Script::new(|number, _| status(if number < 1_000 { 503 } else { 200 }));
    let clients: Vec<Client> = (0..1_000).map(|_| client(&script)).collect();
    let sent = clients.iter().map(|client| client.send(read()));
    assert!(futures_util::future::join_all(sent).await.iter().all(Result::is_ok));
    let seen = script.seen();
    assert_eq!(seen.len(), 2_000);
    let mut slots = std::collections::BTreeMap::<u128, u32>::new();
    for repeat in &seen[1_000..] {
        *slots.entry(repeat.at.as_millis() / 100).or_default() += 1;
    }
    assert!(slots.values().all(|count| *count <= 150), "repeats in slots of 100 ms: {slots:?}");
}
