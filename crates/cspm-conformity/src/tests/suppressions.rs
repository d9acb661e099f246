//! Suppressions: `PATCH /checks/{id}` (section 4.5), and how a check stands (section 4.3).

use cspm_core::{
    Deed, DeedResult, End, ErrorKind, Suppressing, SuppressionKind, SuppressionOrder, SuppressionQuery,
    SuppressionStore, Timestamp, Wish, gather,
};
use serde_json::json;

use super::*;

/// An id with everything that a path has to survive.
const ODD: &str = "ccc:Qx7kP2mNz:KeyVault-001:KeyVault:eastus:/subscriptions/0f0e/vaults/key vault:1?#%2F";
const ODD_PATH: &str = "/checks/ccc%3AQx7kP2mNz%3AKeyVault-001%3AKeyVault%3Aeastus%3A%2Fsubscriptions%2F0f0e%2Fvaults\
                        %2Fkey%20vault%3A1%3F%23%252F";

fn order(until: &str) -> SuppressionOrder {
    SuppressionOrder {
        reason: "accepted until Q1 review".to_owned(),
        until: End::parse(until).unwrap(),
        kind: SuppressionKind::RiskAccepted,
    }
}

fn record(id: &str, attributes: &Value) -> String {
    json!({"data": {"type": "checks", "id": id, "attributes": attributes}}).to_string()
}

/// Checks that can be read and changed; `answer` comes first where it says something.
fn checks(
    initial: &[(&str, Value)],
    answer: impl Fn(&Asked) -> Option<(u16, String)> + Send + Sync + 'static,
) -> Arc<Organisation> {
    let stored: BTreeMap<String, Value> =
        initial.iter().map(|(id, attributes)| ((*id).to_owned(), attributes.clone())).collect();
    let stored = Mutex::new(stored);
    Organisation::new(move |asked| {
        if let Some(answer) = besides_checks(asked) {
            return answer;
        }
        let id = decoded(asked.path().strip_prefix("/checks/").unwrap());
        let mut stored = stored.lock().unwrap();
        if asked.method == "PATCH"
            && let Some(check) = stored.get_mut(&id)
        {
            let body: Value = serde_json::from_str(&asked.body).unwrap();
            check["suppressed"] = body["data"]["attributes"]["suppressed"].clone();
            check["suppressed-until"] = body["data"]["attributes"]["suppressed-until"].clone();
        }
        if let Some(answer) = answer(asked) {
            return answer;
        }
        match stored.get(&id) {
            Some(attributes) => (200, record(&id, attributes)),
            None => (401, json!({"errors": [{"status": 401, "message": "Unauthorized"}]}).to_string()),
        }
    })
}

async fn run(organisation: &Arc<Organisation>, wish: Wish, ids: &[&str]) -> Vec<Deed> {
    let vendor = organisation.connect();
    let mut work = Suppressing::new(&vendor, wish, ids.iter().map(|id| (*id).to_owned())).unwrap();
    work.run().await;
    work.deeds().to_vec()
}

fn failing() -> Value {
    json!({"status": "FAILURE", "suppressed": false, "suppressed-until": null})
}

#[tokio::test]
async fn a_check_is_suppressed_with_end_and_note_and_its_answer_tells_how_it_stands() {
    let organisation = checks(&[(ODD, failing())], |_| None);
    let deeds = run(&organisation, Wish::Suppress(order("2026-03-31")), &[ODD]).await;
    assert_eq!((deeds[0].result, &deeds[0].message), (DeedResult::Done, &None));
    let log = organisation.log();
    log[0].assert_is("GET", ODD_PATH, None);
    // Through the end of the day, UTC.
    let until = Timestamp::parse("2026-04-01T00:00:00Z").unwrap().as_millis();
    let body = json!({"data": {"type": "checks", "attributes": {"suppressed": true, "suppressed-until": until}},
                      "meta": {"note": "accepted until Q1 review"}});
    log[1].assert_is("PATCH", ODD_PATH, Some(&body));
    assert_eq!(log.len(), 2, "nothing is read back: the answer told");
}

#[tokio::test]
async fn without_end_is_null_and_lifting_says_nothing_of_it() {
    let organisation = checks(&[(ODD, failing())], |_| None);
    run(&organisation, Wish::Suppress(order("never")), &[ODD]).await;
    let body = json!({"data": {"type": "checks", "attributes": {"suppressed": true, "suppressed-until": null}},
                      "meta": {"note": "accepted until Q1 review"}});
    organisation.log()[1].assert_is("PATCH", ODD_PATH, Some(&body));
    let again = run(&organisation, Wish::Suppress(order("never")), &[ODD]).await;
    assert_eq!(again[0].result, DeedResult::Unchanged);
    let lifted = run(&organisation, Wish::Lift, &[ODD]).await;
    assert_eq!(lifted[0].result, DeedResult::Done);
    let body = json!({"data": {"type": "checks", "attributes": {"suppressed": false}}});
    organisation.log().last().unwrap().assert_is("PATCH", ODD_PATH, Some(&body));
}

#[tokio::test]
async fn passing_and_missing_checks_fail_in_words_and_nothing_is_sent_for_them() {
    let passing = json!({"status": "SUCCESS"});
    let organisation = checks(&[("ccc:a:b:c:d:pass", passing)], |_| None);
    let deeds =
        run(&organisation, Wish::Suppress(order("never")), &["ccc:a:b:c:d:pass", "ccc:a:b:c:d:gone"]).await;
    assert_eq!(deeds[0].result, DeedResult::Failed);
    assert!(deeds[0].message.as_deref().unwrap().contains("the check passes"), "{:?}", deeds[0]);
    assert_eq!(deeds[1].result, DeedResult::Failed);
    assert!(
        deeds[1].message.as_deref().unwrap().contains("there is no check \"ccc:a:b:c:d:gone\""),
        "{:?}",
        deeds[1]
    );
    assert!(organisation.log().iter().all(|asked| asked.method == "GET"));
}

/// Section 3.6 knows 404 for an object, too, though for checks 401 was seen.
#[tokio::test]
async fn a_404_is_no_such_check_or_a_wrong_address() {
    let organisation = checks(&[], |_| Some((404, json!({"Message": "Not Found"}).to_string())));
    let deeds = run(&organisation, Wish::Suppress(order("never")), &["ccc:a:b:c:d:gone"]).await;
    assert_eq!(deeds[0].result, DeedResult::Failed);
    let message = deeds[0].message.as_deref().unwrap();
    let words = "there is no check \"ccc:a:b:c:d:gone\"; if there is, check the address";
    assert!(message.contains(words), "{message}");
}

/// Section 4.1: an id without a resource ends with a colon, or leaves that out.
#[tokio::test]
async fn a_check_without_a_resource_is_known_in_both_spellings() {
    for (ours, theirs) in [("ccc:a:b:c:d", "ccc:a:b:c:d:"), ("ccc:a:b:c:d:", "ccc:a:b:c:d")] {
        let organisation = checks(&[], move |asked| {
            let attributes = json!({"status": "FAILURE", "suppressed": asked.method == "PATCH"});
            Some((200, record(theirs, &attributes)))
        });
        let deeds = run(&organisation, Wish::Suppress(order("never")), &[ours]).await;
        assert_eq!((deeds[0].result, &deeds[0].message), (DeedResult::Done, &None), "{ours}");
        let methods: Vec<String> = organisation.log().into_iter().map(|asked| asked.method).collect();
        assert_eq!(methods, ["GET", "PATCH"]);
    }
}

#[tokio::test]
async fn a_suppressed_check_that_passes_meanwhile_can_be_lifted() {
    let check = json!({"status": "SUCCESS", "suppressed": true});
    let organisation = checks(&[("ccc:a:b:c:d:e", check)], |_| None);
    let deeds = run(&organisation, Wish::Lift, &["ccc:a:b:c:d:e"]).await;
    assert_eq!(deeds[0].result, DeedResult::Done);
}

#[tokio::test]
async fn a_refusal_says_which_access_is_needed() {
    let details =
        json!({"errors": [{"status": 401, "details": "You are not authorized to perform such actions"}]});
    for refusal in [denied(), (401, details.to_string())] {
        let organisation =
            checks(&[(ODD, failing())], move |asked| (asked.method == "PATCH").then(|| refusal.clone()));
        let deeds = run(&organisation, Wish::Suppress(order("never")), &[ODD]).await;
        assert_eq!(deeds[0].result, DeedResult::Failed);
        assert!(
            deeds[0].message.as_deref().unwrap().contains("full access to the account"),
            "{:?}",
            deeds[0]
        );
    }
    let organisation = checks(&[(ODD, failing())], |_| Some(denied()));
    let vendor = organisation.connect();
    let error = vendor.standing(&[ODD.to_owned()]).await.pop().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permission);
    assert!(error.message().contains("at least read-only access"), "{error}");
}

#[tokio::test]
async fn an_uncertain_patch_is_read_back_and_never_sent_again() {
    let organisation = checks(&[(ODD, failing())], |asked| {
        (asked.method == "PATCH").then(|| (504, "<html>gateway timeout</html>".to_owned()))
    });
    let deeds = run(&organisation, Wish::Suppress(order("2026-03-31")), &[ODD]).await;
    assert_eq!(deeds[0].result, DeedResult::Done, "{:?}", deeds[0]);
    let methods: Vec<String> = organisation.log().into_iter().map(|asked| asked.method).collect();
    assert_eq!(methods, ["GET", "PATCH", "GET"]);
}

/// An answer that does not show the check leaves the rest to reading back.
#[tokio::test]
async fn an_answer_without_the_check_is_read_back() {
    for answer in ["{}", "[]", "not json", r#"{"data":{"id":"another","attributes":{"suppressed":true}}}"#] {
        let organisation = checks(&[(ODD, failing())], move |asked| {
            (asked.method == "PATCH").then(|| (200, answer.to_owned()))
        });
        let deeds = run(&organisation, Wish::Suppress(order("never")), &[ODD]).await;
        assert_eq!(deeds[0].result, DeedResult::Done, "{answer}");
        assert_eq!(organisation.log().len(), 3);
    }
}

#[tokio::test]
async fn what_the_vendor_cannot_express_is_refused_before_anything_is_sent() {
    let organisation = checks(&[], |_| None);
    let vendor = organisation.connect();
    let long = SuppressionOrder { reason: "ü".repeat(201), ..order("never") };
    let error = vendor.express(&long).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("201 characters") && error.message().contains("200"), "{error}");
    assert!(vendor.express(&SuppressionOrder { reason: "ü".repeat(200), ..order("never") }).is_ok());
    let untrue = SuppressionOrder { kind: SuppressionKind::FalsePositive, ..order("never") };
    assert_eq!(vendor.express(&untrue).unwrap_err().kind(), ErrorKind::Config);
    let expressed = vendor.express(&order("2026-03-31T10:00:00.1239999Z")).unwrap();
    assert_eq!((expressed.kind.as_str(), expressed.reason), ("suppressed", None));
    assert_eq!(expressed.until.unwrap().to_string(), "2026-03-31T10:00:00.123Z");
}

#[tokio::test]
async fn the_listing_is_the_suppressed_findings() {
    let organisation = with_checks(|asked| {
        let account = asked.parameter("accountIds").unwrap();
        let mut one = check(&account, "S3-016", "S3", "eu-west-1", "a");
        one["attributes"]["suppressed"] = json!(true);
        one["attributes"]["suppressed-until"] = json!(1_800_000_000_000_i64);
        paged(&[one], asked)
    });
    let listed = gather(SuppressionStore::listing(&organisation.connect()), SuppressionQuery).await;
    assert!(listed.shortfall().is_none());
    assert_eq!(listed.items.len(), 2);
    let entry = &listed.items[0];
    assert_eq!((&entry.id, entry.active), (&entry.finding, true));
    let until = entry.suppression.as_ref().unwrap().until.unwrap();
    assert_eq!(until.as_millis(), 1_800_000_000_000);
    for asked in organisation.asked("/checks") {
        assert_eq!(asked.parameter("filter[suppressed]").as_deref(), Some("true"));
        assert_eq!(asked.parameter("filter[suppressedFilterMode]").as_deref(), Some("v2"));
        assert_eq!(asked.parameter("filter[statuses]"), None);
    }
}
