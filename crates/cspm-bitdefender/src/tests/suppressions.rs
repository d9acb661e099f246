//! Suppressions (section 10): exact requests, what is refused before any, and odd answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use cspm_core::{
    Deed, DeedResult, End, ErrorKind, Known, Suppressing, SuppressionKind, SuppressionOrder,
    SuppressionStore, Timestamp, Vendor, Wish,
};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::connect;
use crate::Bitdefender;

const UPDATE: &str = "/v1/cspm/vm/update";

fn id(number: usize) -> String {
    format!("5f2f8d6a-9f6e-4f5b-8a35-{number:012x}")
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(id).collect()
}

fn order(until: &str) -> SuppressionOrder {
    SuppressionOrder {
        reason: "ticket 12".to_owned(),
        until: End::parse(until).unwrap(),
        kind: SuppressionKind::RiskAccepted,
    }
}

fn false_positive(until: &str) -> SuppressionOrder {
    SuppressionOrder { kind: SuppressionKind::FalsePositive, ..order(until) }
}

fn store(vendor: &Bitdefender) -> &dyn SuppressionStore {
    vendor.suppressions().unwrap()
}

/// The attributes of checks by their ids.
type Checks = Arc<Mutex<BTreeMap<String, Value>>>;

fn failing(count: usize) -> Checks {
    let one = |id: String| (id, json!({"result": "fail", "severity": "high", "status": "open"}));
    Arc::new(Mutex::new(ids(count).into_iter().map(one).collect()))
}

/// A vendor that keeps checks and carries out every update, whatever `answer` makes of it.
async fn keeping(
    checks: &Checks,
    answer: impl Fn() -> ResponseTemplate + Send + Sync + 'static,
) -> MockServer {
    let server = MockServer::start().await;
    let checks = checks.clone();
    let respond = move |request: &Request| {
        let mut checks = checks.lock().unwrap();
        let path = request.url.path();
        if let Some(id) = path.strip_prefix("/v1/cspm/checks/") {
            return match checks.get(id) {
                Some(attributes) => ResponseTemplate::new(200)
                    .set_body_json(json!({"data": [{"id": id, "type": "check", "attributes": attributes}]})),
                None => ResponseTemplate::new(404),
            };
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        for id in body["ids"].as_array().unwrap() {
            if let Some(check) = checks.get_mut(id.as_str().unwrap()) {
                for member in ["status", "status_remarks", "expires_at"] {
                    check[member] = body[member].clone();
                }
            }
        }
        answer()
    };
    Mock::given(any()).respond_with(respond).mount(&server).await;
    server
}

async fn updates(server: &MockServer) -> Vec<Request> {
    let all = server.received_requests().await.unwrap();
    all.into_iter().filter(|request| request.method.as_str() == "POST").collect()
}

async fn run(vendor: &Bitdefender, wish: Wish, ids: Vec<String>) -> Vec<Deed> {
    let mut work = Suppressing::new(store(vendor), wish, ids).unwrap();
    work.run().await;
    work.deeds().to_vec()
}

fn results(deeds: &[Deed]) -> Vec<DeedResult> {
    deeds.iter().map(|deed| deed.result).collect()
}

/// Method, path, query, headers and body, byte for byte; the answer's form does not matter.
#[tokio::test]
async fn requests_are_exact_and_any_success_is_taken() {
    let answers = [
        ResponseTemplate::new(200).set_body_string(r#"{"data":[],"meta":{"total":0}}"#),
        ResponseTemplate::new(200).set_body_string("{}"),
        ResponseTemplate::new(200),
        ResponseTemplate::new(204),
    ];
    for answer in answers {
        let checks = failing(2);
        let server = keeping(&checks, move || answer.clone()).await;
        let vendor = connect(&server);
        let upper = id(1).to_ascii_uppercase();
        let named = vec![id(0), upper.clone(), id(1), upper.replace('-', "")];
        let deeds = run(&vendor, Wish::Suppress(order("2999-03-31")), named).await;
        assert_eq!(results(&deeds), [DeedResult::Done; 4], "{deeds:?}");
        assert_eq!(deeds[1].id, upper, "as it was named");
        run(&vendor, Wish::Suppress(order("never")), vec![id(0)]).await;
        run(&vendor, Wish::Suppress(false_positive("never")), vec![id(0)]).await;
        let deeds = run(&vendor, Wish::Lift, ids(2)).await;
        assert_eq!(results(&deeds), [DeedResult::Done; 2], "{deeds:?}");
        let (zero, one) = (id(0), id(1));
        let updates = updates(&server).await;
        let bodies: Vec<&str> =
            updates.iter().map(|request| std::str::from_utf8(&request.body).unwrap()).collect();
        assert_eq!(
            bodies,
            [
                format!(
                    r#"{{"status":"risk_accepted","status_remarks":"ticket 12","expires_at":"2999-03-31","ids":["{zero}","{one}"]}}"#
                ),
                format!(r#"{{"status":"risk_accepted","status_remarks":"ticket 12","ids":["{zero}"]}}"#),
                format!(r#"{{"status":"false_positive","status_remarks":"ticket 12","ids":["{zero}"]}}"#),
                format!(r#"{{"status":"open","ids":["{zero}","{one}"]}}"#),
            ]
        );
        for request in &updates {
            assert_eq!((request.url.path(), request.url.query()), (UPDATE, None));
            assert_eq!(request.headers["content-type"], "application/json");
            assert_eq!(request.headers["x-api-key"], "k%ey@1");
        }
        let all = server.received_requests().await.unwrap();
        assert!(all.iter().all(|request| request.url.path() == request.url.path().to_ascii_lowercase()));
    }
}

#[tokio::test]
async fn a_day_is_covered_and_reads_back_as_findings_show_it() {
    let server = keeping(&failing(0), || ResponseTemplate::new(200)).await;
    let vendor = connect(&server);
    let express = |order: &SuppressionOrder| store(&vendor).express(order);
    let last = Timestamp::parse("2999-03-31T23:59:59Z").unwrap();
    for until in ["2999-03-31", "2999-04-01T00:00:00Z", "2999-04-01T02:00:00+02:00", "2999-03-31T23:59:59Z"] {
        assert_eq!(express(&order(until)).unwrap().until, Some(last), "{until}");
    }
    assert_eq!(express(&order("never")).unwrap().until, None);
    for until in ["2999-03-31T12:00:00Z", "2999-03-31T00:00:01Z", "2999-04-01T00:00:00+02:00"] {
        let error = express(&order(until)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains("write 2999-03-31,"), "{until}: {error}");
    }
    let error = express(&false_positive("2999-03-31")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("--until never"), "{error}");
    assert_eq!(express(&false_positive("never")).unwrap().kind, "false_positive");
}

/// Scalar values are counted: not bytes, not UTF-16 units.
#[tokio::test]
async fn w08_a_remark_is_counted_before_it_is_sent() {
    let server = keeping(&failing(0), || ResponseTemplate::new(200)).await;
    let vendor = connect(&server);
    for letter in ["a", "ä", "日", "😀"] {
        let with = |count: usize| SuppressionOrder { reason: letter.repeat(count), ..order("never") };
        assert!(store(&vendor).express(&with(2000)).is_ok(), "{letter}");
        let error = store(&vendor).express(&with(2001)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains("2001 characters") && error.message().contains("2000"), "{error}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

/// A vendor that counts otherwise is asked once, and the counts are told.
#[tokio::test]
async fn w08_a_remark_that_the_vendor_counts_otherwise() {
    let server = keeping(&failing(0), || ResponseTemplate::new(400)).await;
    let vendor = connect(&server);
    let long = SuppressionOrder { reason: "😀".repeat(1500), ..order("never") };
    let known: Vec<_> = ids(10).into_iter().map(|id| Known { id, standing: Default::default() }).collect();
    let error = store(&vendor).suppress(&known, &long).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for count in ["1500 characters", "3000 UTF-16 units", "6000 bytes"] {
        assert!(error.message().contains(count), "{error}");
    }
    assert!(!store(&vendor).is_about_some(&error));
}

#[tokio::test]
async fn chunks_of_a_hundred_in_order() {
    let checks = failing(250);
    let server = keeping(&checks, || ResponseTemplate::new(204)).await;
    let deeds = run(&connect(&server), Wish::Suppress(order("never")), ids(250)).await;
    assert!(deeds.iter().all(|deed| deed.result == DeedResult::Done));
    let sent = updates(&server).await;
    let sent: Vec<Vec<String>> = sent
        .iter()
        .map(|request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            serde_json::from_value(body["ids"].clone()).unwrap()
        })
        .collect();
    assert_eq!(sent.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
    assert_eq!(sent.concat(), ids(250));
}

/// What passes, is not there, is something else, or is no id at all: nothing is sent for it.
#[tokio::test]
async fn obstacles_are_told_apart() {
    let checks = failing(3);
    {
        let mut checks = checks.lock().unwrap();
        checks.get_mut(&id(1)).unwrap()["result"] = json!("PASS");
        checks.get_mut(&id(2)).unwrap()["status"] = json!("remediated");
    }
    let server = keeping(&checks, || ResponseTemplate::new(200)).await;
    let vendor = connect(&server);
    let named =
        vec![id(0), id(1), id(2), id(9), "5f2f8d6a-9f6e-4f5b-8a35-6d2a9b7c4e**".to_owned(), "é".repeat(16)];
    let deeds = run(&vendor, Wish::Suppress(order("never")), named.clone()).await;
    use DeedResult::{Done, Failed, Unchanged};
    assert_eq!(results(&deeds), [Done, Failed, Done, Failed, Failed, Failed], "{deeds:?}");
    for (place, word) in [(1, "passes"), (3, "there is no check"), (4, "a UUID"), (5, "a UUID")] {
        assert!(deeds[place].message.as_deref().unwrap().contains(word), "{deeds:?}");
    }
    assert_eq!(updates(&server).await.len(), 1);
    let deeds = run(&vendor, Wish::Suppress(order("never")), vec![id(0)]).await;
    assert_eq!(results(&deeds), [Unchanged]);
    let deeds = run(&vendor, Wish::Lift, vec![id(0), id(1)]).await;
    assert_eq!(results(&deeds), [Done, Unchanged]);
}

/// A refused chunk is divided until the bad one stands alone; a missing permission is not asked about a second time.
#[tokio::test]
async fn a_bad_id_fails_alone_and_a_refused_key_once() {
    for (status, updates_sent) in [(400, 15), (401, 1)] {
        let checks = failing(100);
        let bad = id(77);
        let server = MockServer::start().await;
        let kept = checks.clone();
        let refused = bad.clone();
        let respond = move |request: &Request| {
            let mut kept = kept.lock().unwrap();
            if let Some(id) = request.url.path().strip_prefix("/v1/cspm/checks/") {
                let data = json!({"data": {"id": id, "attributes": kept[id]}});
                return ResponseTemplate::new(200).set_body_json(data);
            }
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            let ids = body["ids"].as_array().unwrap();
            if ids.contains(&json!(refused)) {
                return ResponseTemplate::new(status);
            }
            for id in ids {
                let check = kept.get_mut(id.as_str().unwrap()).unwrap();
                check["status"] = body["status"].clone();
                check["status_remarks"] = body["status_remarks"].clone();
            }
            ResponseTemplate::new(204)
        };
        Mock::given(any()).respond_with(respond).mount(&server).await;
        let deeds = run(&connect(&server), Wish::Suppress(order("never")), ids(100)).await;
        let failed: Vec<_> = deeds.iter().filter(|deed| deed.result == DeedResult::Failed).collect();
        assert_eq!(failed.len(), if status == 400 { 1 } else { 100 });
        assert!(status == 401 || failed[0].id == bad);
        assert_eq!(updates(&server).await.len(), updates_sent, "{status}");
    }
}

/// A gateway's answer does not tell whether the update was carried out: it was, and is not sent again.
#[tokio::test]
async fn w02_an_answer_that_is_lost_is_read_back() {
    let checks = failing(3);
    let server = keeping(&checks, || ResponseTemplate::new(504)).await;
    let deeds = run(&connect(&server), Wish::Suppress(order("2999-01-01")), ids(3)).await;
    assert_eq!(results(&deeds), [DeedResult::Done; 3], "{deeds:?}");
    assert_eq!(updates(&server).await.len(), 1);
}

/// A check that shows neither the remark nor the end of its status (6.2): what can be seen is done, and that is said.
#[tokio::test]
async fn an_end_that_is_not_shown() {
    let server = MockServer::start().await;
    let accepted = Mutex::new(false);
    let respond = move |request: &Request| {
        let mut accepted = accepted.lock().unwrap();
        if request.method.as_str() == "POST" {
            *accepted = true;
            return ResponseTemplate::new(204);
        }
        let status = if *accepted { "risk_accepted" } else { "open" };
        let data = json!({"data": [{"id": id(0), "attributes": {"result": "fail", "status": status}}]});
        ResponseTemplate::new(200).set_body_json(data)
    };
    Mock::given(any()).respond_with(respond).mount(&server).await;
    let vendor = connect(&server);
    for _ in 0..2 {
        let deeds = run(&vendor, Wish::Suppress(order("2999-01-01")), ids(1)).await;
        assert_eq!(results(&deeds), [DeedResult::Done]);
        assert!(deeds[0].message.as_deref().unwrap().contains("does not show its end"));
    }
    assert_eq!(updates(&server).await.len(), 2, "its end is not known to be the one that is asked for");
}

/// An answer about another check says nothing of this one.
#[tokio::test]
async fn an_answer_about_another_check() {
    let server = MockServer::start().await;
    let data = json!({"data": [{"id": id(1), "attributes": {"result": "fail", "status": "risk_accepted"}}]});
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(data)).mount(&server).await;
    let deeds = run(&connect(&server), Wish::Lift, ids(1)).await;
    assert_eq!(results(&deeds), [DeedResult::Failed]);
    assert!(deeds[0].message.as_deref().unwrap().contains("about another check"));
    assert!(updates(&server).await.is_empty());
}
