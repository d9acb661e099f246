//! Dropping the future ends a call wherever it is, and nothing is sent afterwards (R20).

use super::super::*;
use super::script::*;

/// Lets a call run for a while, drops it, waits for an hour, and gives the requests before and after.
async fn requests_before_and_after(
    script: &Arc<Script>,
    client: &Client,
    patience: Duration,
) -> (usize, usize) {
    let cut = tokio::time::timeout(patience, client.send(read())).await;
    assert!(cut.is_err(), "the call ended before it could be cancelled");
    let before = script.count();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(client.meter().read().in_flight, 0);
    (before, script.count())
}

#[tokio::test(start_paused = true)]
async fn r20_cancelled_in_a_body() {
    let script = Script::slow(Duration::from_secs(30), |_, _| status(200));
    let client = client(&script);
    assert_eq!(requests_before_and_after(&script, &client, Duration::from_secs(5)).await, (1, 1));
}

#[tokio::test(start_paused = true)]
async fn r20_cancelled_in_a_wait() {
    let script = Script::new(|_, _| with_headers(503, &[("retry-after", "30")]));
    let client = client(&script);
    assert_eq!(requests_before_and_after(&script, &client, Duration::from_secs(5)).await, (1, 1));
}

#[tokio::test(start_paused = true)]
async fn r20_cancelled_in_the_pace_queue_its_place_is_given_back() {
    let script = Script::new(|_, _| status(200));
    let settings = Settings { requests_per_second: Some(0.1), ..Settings::default() };
    let client = client_with(&script, settings, 0);
    client.send(read()).await.unwrap();
    assert_eq!(requests_before_and_after(&script, &client, Duration::from_secs(5)).await, (1, 1));
    let now = script.began_to_now();
    client.send(read()).await.unwrap();
    assert_eq!(script.seen()[1].at, now, "nobody else's turn was in the way");
}

#[tokio::test(start_paused = true)]
async fn r20_cancelled_while_waiting_for_a_permit() {
    let script = Script::slow(Duration::from_secs(20), |_, _| status(200));
    let settings = Settings { side_by_side: 1, ..Settings::default() };
    let client = client_with(&script, settings, 0);
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.send(read()).await }
    });
    tokio::task::yield_now().await;
    assert_eq!(requests_before_and_after(&script, &client, Duration::from_secs(5)).await, (1, 1));
    first.await.unwrap().unwrap();
}
