//! Waits that a server asks for, limits of how many and how long, and the order of those.

use std::time::SystemTime;

use super::super::*;
use super::script::*;

fn deadline(seconds: u64) -> Settings {
    Settings { deadline: Duration::from_secs(seconds), ..Settings::default() }
}

/// The first request is answered so; then many tasks come.
async fn assert_held_for_seven_seconds(first: Reply) {
    let script = Script::new(move |number, _| if number == 0 { first.clone() } else { status(200) });
    let client = client(&script);
    let early = tokio::spawn({
        let client = client.clone();
        async move { client.send(read()).await }
    });
    while script.count() == 0 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(send_many(&client, 64).await.iter().all(Result::is_ok));
    early.await.unwrap().unwrap();
    let seen = script.seen();
    assert!(seen.len() >= 65);
    let seven = Duration::from_secs(7);
    assert!(seen[1..].iter().all(|seen| seen.at >= seven), "{:?}", seen[1].at);
    assert!(seen[1].at <= seven + Duration::from_millis(260), "{:?}", seen[1].at);
}

#[tokio::test(start_paused = true)]
async fn q02_q03_q08_a_stated_wait_holds_every_task_back() {
    let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
    for code in [429, 503, 502] {
        assert_held_for_seven_seconds(with_headers(code, &[("retry-after", "7")])).await;
        for until in
            ["Sun, 06 Nov 1994 08:49:44 GMT", "Sunday, 06-Nov-94 08:49:44 GMT", "Sun Nov  6 08:49:44 1994"]
        {
            assert_held_for_seven_seconds(with_headers(code, &[date, ("retry-after", until)])).await;
        }
    }
    let redirect = with_headers(307, &[("retry-after", "7"), ("location", "/v1/other")]);
    assert_held_for_seven_seconds(redirect).await;
}

#[tokio::test(start_paused = true)]
async fn q09_a_used_up_quota_holds_the_next_request_back() {
    for fields in [
        &[("ratelimit", "\"default\";r=0;t=7")][..],
        &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "7")],
    ] {
        assert_held_for_seven_seconds(with_headers(200, fields)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn q01_a_refusal_without_a_hint_slows_the_whole_credential() {
    let script = Script::new(|number, _| if number < 3 { status(429) } else { status(200) });
    let client = client(&script);
    assert!(send_many(&client, 3).await.iter().all(Result::is_ok));
    assert_eq!(client.meter().read().throttled, 3);
    let seen = script.seen();
    assert!(seen[3..].iter().all(|seen| seen.at >= Duration::from_millis(50)));
}

#[tokio::test(start_paused = true)]
async fn q05_q06_a_useless_hint_is_neither_obeyed_nor_an_excuse_to_come_back_at_once() {
    for hint in ["0", "-5", "1.5", "", "soon", "Sun, 06 Nov 1994 08:00:00 GMT"] {
        let hint = hint.to_owned();
        let script =
            Script::new(
                move |number, _| {
                    if number == 0 { with_headers(429, &[("retry-after", &hint)]) } else { status(200) }
                },
            );
        client(&script).send(read()).await.unwrap();
        let seen = script.seen();
        assert_eq!(seen.len(), 2);
        assert!(seen[1].at >= Duration::from_millis(50) && seen[1].at <= Duration::from_secs(2));
    }
    let eight_days = "691200";
    for endless in ["999999999999999999999999999999", "9300000000", eight_days] {
        let script = Script::new(move |_, _| with_headers(429, &[("retry-after", endless)]));
        let error = client_with(&script, deadline(u64::MAX), 0).send(read()).await.unwrap_err();
        assert_eq!((error.kind(), script.count()), (ErrorKind::Throttled, 1));
        assert!(error.message().contains("more than a week"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn q07_a_wait_of_a_day_fails_every_task_at_once_with_the_time() {
    let script =
        Script::slow(Duration::from_millis(20), |_, _| with_headers(429, &[("retry-after", "86400")]));
    let settings = Settings { side_by_side: 1, ..Settings::default() };
    let client = client_with(&script, settings, 0);
    // One meets it, the others queue behind.
    let results = send_many(&client, 64).await;
    assert_eq!(script.began_to_now(), Duration::from_millis(20));
    assert_eq!(script.count(), 1);
    let errors: Vec<Error> = results.into_iter().map(|result| result.unwrap_err()).collect();
    assert!(errors.iter().all(|error| error.kind() == ErrorKind::Throttled && error.is_temporary()));
    assert!(errors.iter().all(|error| error.message().contains("86400 s (until ")), "{}", errors[1]);
    assert_eq!(errors.iter().filter(|error| error.status() == Some(429)).count(), 1);
    let late = client.send(read()).await.unwrap_err();
    assert_eq!((late.kind(), late.attempts(), script.count()), (ErrorKind::Throttled, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn q07_a_wait_of_a_day_is_kept_where_the_deadline_allows_it() {
    let script =
        Script::new(
            |number, _| {
                if number == 0 { with_headers(429, &[("retry-after", "86400")]) } else { status(200) }
            },
        );
    client_with(&script, deadline(100_000), 0).send(read()).await.unwrap();
    assert!(script.seen()[1].at >= Duration::from_secs(86_400));
}

/// On the paused clock an hour passes while the wall clock stands still: by that clock, the wait would be an hour too long.
#[tokio::test(start_paused = true)]
async fn r21_a_wait_is_reckoned_by_the_monotonic_clock() {
    let hour = Duration::from_secs(3_600);
    for ahead in [hour, 2 * hour] {
        let script = Script::new(move |number, _| {
            let now = SystemTime::now();
            let date = httpdate::fmt_http_date(now + ahead);
            let until = httpdate::fmt_http_date(now + ahead + hour);
            if number == 0 {
                with_headers(429, &[("date", &date), ("retry-after", &until)])
            } else {
                status(200)
            }
        });
        let before = SystemTime::now();
        client_with(&script, deadline(10_000), 0).send(read()).await.unwrap();
        assert!(before.elapsed().unwrap() < hour / 2);
        let waited = script.seen()[1].at;
        assert!((hour..=hour + Duration::from_millis(250)).contains(&waited), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn r11_a_wait_beyond_the_deadline_is_not_begun() {
    for (code, kind) in [(429, ErrorKind::Throttled), (503, ErrorKind::Server)] {
        let script = Script::new(move |_, _| with_headers(code, &[("retry-after", "11")]));
        let error = client_with(&script, deadline(10), 0).send(read()).await.unwrap_err();
        assert_eq!(script.began_to_now(), Duration::ZERO);
        assert_eq!((error.kind(), error.attempts(), script.count()), (kind, 1, 1));
        assert!(error.message().contains("asks to wait 11 s (until "), "{error}");
    }
    let script = Script::slow(Duration::from_secs(9), |_, _| with_headers(503, &[("retry-after", "2")]));
    client_with(&script, deadline(10), 0).send(read()).await.unwrap_err();
    assert_eq!((script.began_to_now(), script.count()), (Duration::from_secs(9), 1));
}

#[tokio::test(start_paused = true)]
async fn q15_no_more_than_the_permitted_are_in_flight() {
    let script = Script::slow(Duration::from_millis(30), |_, _| status(200));
    let settings = Settings { side_by_side: 4, ..Settings::default() };
    let client = client_with(&script, settings, 0);
    assert!(send_many(&client, 64).await.iter().all(Result::is_ok));
    assert_eq!((script.most_in_flight(), script.count()), (4, 64));
    assert_eq!(script.began_to_now().as_millis() / 30, 16, "and all four are used");
}

#[tokio::test(start_paused = true)]
async fn q16_a_task_that_waits_to_repeat_holds_no_permit() {
    fastrand::seed(7);
    let script =
        Script::slow(Duration::from_millis(10), |number, _| status(if number == 0 { 502 } else { 200 }));
    let settings = Settings { side_by_side: 1, ..Settings::default() };
    let client = client_with(&script, settings, 0);
    assert!(send_many(&client, 2).await.iter().all(Result::is_ok));
    let at: Vec<u128> = script.seen().iter().map(|seen| seen.at.as_millis()).collect();
    assert_eq!(at[..2], [0, 10], "the second task goes as soon as the first has failed");
    assert!(at[2] > 20, "the wait was longer than the other's request: {at:?}");
}

#[tokio::test(start_paused = true)]
async fn q17_r11_a_turn_that_comes_after_the_deadline_is_not_waited_for() {
    let script = Script::new(|_, _| status(200));
    let settings = Settings { requests_per_second: Some(0.1), ..deadline(25) };
    let results = send_many(&client_with(&script, settings, 0), 5).await;
    let at: Vec<u64> = script.seen().iter().map(|seen| seen.at.as_secs()).collect();
    assert_eq!(at, [0, 10, 20]);
    assert_eq!(script.began_to_now().as_secs(), 20);
    let errors: Vec<Error> = results.into_iter().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 2);
    assert!(errors.iter().all(|error| error.kind() == ErrorKind::Timeout && error.attempts() == 0));
}

#[tokio::test(start_paused = true)]
async fn t04_t06_r12_a_request_is_bounded_by_its_time_out_and_a_call_by_its_deadline() {
    let never = Duration::from_secs(1 << 20);
    let script = Script::slow(never, |_, _| status(200));
    let settings = Settings { timeout: Duration::from_secs(60), ..deadline(150) };
    let client = client_with(&script, settings, 0);
    let error = client.send(read()).await.unwrap_err();
    assert_eq!(script.began_to_now(), Duration::from_secs(150));
    assert_eq!((error.kind(), error.attempts(), script.count()), (ErrorKind::Timeout, 3, 3));
    assert!(error.is_temporary() && error.message().contains("150 s"));
    assert_eq!(client.meter().read().in_flight, 0);
    let write = Call::new("write", http::Method::PUT, "/x", Safety::Write);
    let error = client.send(write).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), script.count()), (ErrorKind::Timeout, 1, 4));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_without_end_and_no_side_by_side_are_bearable() {
    let script = Script::slow(Duration::from_secs(1), |_, _| status(200));
    let settings =
        Settings { deadline: Duration::MAX, timeout: Duration::MAX, side_by_side: 0, ..Settings::default() };
    client_with(&script, settings.clone(), 0).send(read()).await.unwrap();
    let settings = Settings { side_by_side: usize::MAX, ..settings };
    client_with(&script, settings, 0).send(read()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn l07_the_vendors_clock_is_compared_with_ours() {
    let script = Script::new(|number, _| {
        let hours = if number == 1 { 2 } else { 0 };
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3600 * hours));
        if number == 0 {
            status(200)
        } else {
            with_headers(if number == 1 { 404 } else { 200 }, &[("date", &date)])
        }
    });
    let client = client(&script);
    client.send(read()).await.unwrap();
    assert_eq!(client.clock_skew(), None);
    client.send(read()).await.unwrap_err();
    assert!((7198..=7200).contains(&client.clock_skew().unwrap()));
    client.send(read()).await.unwrap();
    assert!((-2..=0).contains(&client.clock_skew().unwrap()));
}
