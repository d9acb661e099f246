//! Exemptions, written and lifted: exact requests, days, and odd answers.

use cspm_core::{
    Deed, DeedResult, End, ErrorKind, Suppressing, SuppressionKind, SuppressionOrder, SuppressionQuery,
    SuppressionStore, Timestamp, Wish,
};
use serde_json::json;

use super::*;

const CREATE: &str = "POST /v2/public/exemptions/create";
const DELETE: &str = "POST /v2/public/exemptions/delete";

fn store(vendor: &SharedVendor) -> &dyn SuppressionStore {
    vendor.suppressions().unwrap()
}

fn order(until: &str) -> SuppressionOrder {
    SuppressionOrder {
        reason: "ticket 12".to_owned(),
        until: End::parse(until).unwrap(),
        kind: SuppressionKind::RiskAccepted,
    }
}

fn resource(name: &str) -> String {
    format!("storagecontainer:3:us-east-1:{name}:")
}

fn finding(name: &str) -> String {
    format!("backoffice:5/{}", resource(name))
}

fn exemption(number: u64, name: &str, until: Option<&str>) -> Value {
    json!({"exemption_id": number, "insight_id": 5, "insight_source": "backoffice", "resource_id": resource(name),
        "resource_type": "storagecontainer", "approver": "ops@example.org", "enabled": true, "notes": "ticket 12",
        "create_date": "2024-04-30T13:17:16", "start_date": "2024-05-01T00:00:00", "expiration_date": until})
}

/// Exemptions as a server keeps them. Writes that a test spoils go to `spoil` first.
fn installation(
    there: Vec<Value>,
    spoil: impl Fn(&Asked, &mut Vec<Value>) -> Option<(u16, String)> + Send + Sync + 'static,
) -> Arc<Installation> {
    let kept = Mutex::new(there);
    Installation::new(move |asked| {
        let mut kept = kept.lock().unwrap();
        let what = asked.what.as_str();
        if (what == CREATE || what == DELETE)
            && let Some(answer) = spoil(asked, &mut kept)
        {
            return answer;
        }
        match what {
            WHO => (200, who(1)),
            INSIGHTS => (200, insights()),
            CLOUDS => (200, clouds()),
            CREATE => (200, json!(create(asked, &mut kept)).to_string()),
            DELETE => {
                let ids = asked.body["exemption_ids"].as_array().unwrap();
                if ids.iter().any(|id| !kept.iter().any(|one| one["exemption_id"] == *id)) {
                    return (404, r#"{"error_message":"Exemption"}"#.to_owned());
                }
                kept.retain(|one| !ids.contains(&one["exemption_id"]));
                (200, "{}".to_owned())
            }
            what if what.starts_with(EXEMPTIONS) => {
                (200, json!({"data": *kept, "total_count": kept.len(), "total_pages": 1}).to_string())
            }
            _ => (404, String::new()),
        }
    })
}

fn create(asked: &Asked, kept: &mut Vec<Value>) -> Vec<Value> {
    let mut made = Vec::new();
    for id in asked.body["resource_ids"].as_array().unwrap() {
        let next = kept.iter().filter_map(|one| one["exemption_id"].as_u64()).max().unwrap_or(99) + 1;
        let mut one = asked.body.clone();
        one["exemption_id"] = json!(next);
        one["enabled"] = json!(true);
        one["resource_id"] = id.clone();
        one["resource_ids"] = Value::Null;
        for date in ["start_date", "expiration_date"] {
            if let Some(day) = one[date].as_str() {
                one[date] = json!(format!("{day}T00:00:00"));
            }
        }
        kept.push(one.clone());
        made.push(one);
    }
    made
}

async fn run(vendor: &SharedVendor, wish: Wish, ids: &[String]) -> Vec<Deed> {
    let mut work = Suppressing::new(store(vendor), wish, ids.to_vec()).unwrap();
    work.run().await;
    work.deeds().to_vec()
}

fn results(deeds: &[Deed]) -> Vec<DeedResult> {
    deeds.iter().map(|deed| deed.result).collect()
}

#[tokio::test]
async fn one_call_for_each_insight_and_type_and_the_day_is_included() {
    let installation = installation(Vec::new(), |_, _| None);
    let vendor = connect(&installation);
    let ids =
        [finding("a"), finding("b").trim_end_matches(':').to_owned(), format!("custom:5/{}", resource("a"))];
    let deeds = run(&vendor, Wish::Suppress(order("2999-03-31")), &ids).await;
    assert_eq!(results(&deeds), [DeedResult::Done; 3], "{deeds:?}");
    let asked = installation.asked(CREATE);
    let today: String = Timestamp::now().to_string().chars().take(10).collect();
    let body = |source: &str, resources: &[String]| {
        json!({"approver": "ops@example.org", "insight_id": 5, "insight_source": source,
            "resource_type": "storagecontainer", "resource_ids": resources, "start_date": today,
            "expiration_date": "2999-04-01", "notes": "ticket 12"})
    };
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].body, body("backoffice", &[resource("a"), resource("b")]), "the colon is put back");
    assert_eq!(asked[1].body, body("custom", &[resource("a")]));
    let lists = installation.asked(EXEMPTIONS).len();
    assert_eq!(lists, 1, "the answers tell, so that nothing is read back");
    let again = run(&vendor, Wish::Suppress(order("2999-03-31")), &ids).await;
    assert_eq!(results(&again), [DeedResult::Unchanged; 3]);
    assert_eq!(installation.asked(CREATE).len(), 2);
}

#[test]
fn ends_are_days() {
    let vendor = connect(&Installation::new(|_| (500, String::new())));
    let express =
        |until| store(&vendor).express(&order(until)).map(|one| one.until.map(|end| end.to_string()));
    assert_eq!(express("never").unwrap(), None);
    assert_eq!(express("2026-03-31").unwrap().as_deref(), Some("2026-04-01T00:00:00Z"), "over with the day");
    assert_eq!(express("2026-03-31T02:00:00+02:00").unwrap().as_deref(), Some("2026-03-31T00:00:00Z"));
    for time in ["2026-03-31T23:59:59Z", "2026-03-31T12:00:00Z", "2026-03-31T00:00:00+02:00"] {
        let error = express(time).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("not at a time of day; write 2026-03-3"), "{error}");
    }
    let false_positive = SuppressionOrder { kind: SuppressionKind::FalsePositive, ..order("never") };
    assert_eq!(store(&vendor).express(&false_positive).unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn without_an_end_null_is_sent() {
    let installation = installation(Vec::new(), |_, _| None);
    let deeds = run(&connect(&installation), Wish::Suppress(order("never")), &[finding("a")]).await;
    assert_eq!(results(&deeds), [DeedResult::Done]);
    assert_eq!(installation.asked(CREATE)[0].body["expiration_date"], Value::Null);
}

#[tokio::test]
async fn what_is_not_in_force_is_no_suppression() {
    let there = vec![
        exemption(1, "over", Some("2024-06-01T00:00:00Z")),
        json!({"exemption_id": 2, "insight_id": 5, "insight_source": "backoffice", "resource_id": resource("later"),
            "start_date": "2999-01-01", "enabled": true}),
        json!({"exemption_id": 3, "insight_id": 5, "insight_source": "backoffice", "resource_id": resource("off"),
            "enabled": false}),
        exemption(4, "on", None),
    ];
    let installation = installation(there, |_, _| None);
    let vendor = connect(&installation);
    let ids = ["over", "later", "off", "on"].map(finding);
    let stand = store(&vendor).standing(&ids).await;
    let in_force: Vec<bool> = stand.iter().map(|one| one.as_ref().unwrap().suppression.is_some()).collect();
    assert_eq!(in_force, [false, false, false, true]);
    assert_eq!(stand[3].as_ref().unwrap().handles, ["4"]);
    let listed = gather(store(&vendor).listing(), SuppressionQuery).await;
    assert!(listed.shortfall().is_none());
    let active: Vec<_> = listed.items.iter().map(|one| (one.id.as_str(), one.active)).collect();
    assert_eq!(active, [("1", false), ("2", false), ("3", false), ("4", true)]);
    assert_eq!(listed.items[3].finding, finding("on"));
    assert_eq!(listed.items[3].since.unwrap().to_string(), "2024-05-01T00:00:00Z");
    let suppression = listed.items[3].suppression.clone().unwrap();
    assert_eq!(
        (suppression.reason.as_deref(), suppression.by.as_deref()),
        (Some("ticket 12"), Some("ops@example.org"))
    );
}

#[tokio::test]
async fn another_end_is_a_new_exemption_for_the_old_one() {
    let installation =
        installation(vec![exemption(1, "a", None), exemption(2, "a", Some("2998-01-01"))], |_, _| None);
    let vendor = connect(&installation);
    let deeds = run(&vendor, Wish::Suppress(order("2997-03-31")), &[finding("a")]).await;
    assert_eq!(results(&deeds), [DeedResult::Done], "{deeds:?}");
    assert_eq!(installation.asked(DELETE)[0].body, json!({"exemption_ids": [1, 2]}));
    let lines = installation.lines();
    let at = |what: &str| lines.iter().position(|line| line == what).unwrap();
    assert!(at(CREATE) < at(DELETE), "exempted all the while");
    let listed = gather(store(&vendor).listing(), SuppressionQuery).await;
    assert_eq!(listed.items.len(), 1);
}

#[tokio::test]
async fn lifting_deletes_every_exemption_in_force() {
    let there = vec![exemption(1, "a", None), exemption(2, "a", Some("2998-01-01")), exemption(3, "b", None)];
    let installation = installation(there, |_, _| None);
    let vendor = connect(&installation);
    let deeds = run(&vendor, Wish::Lift, &[finding("a"), finding("b"), finding("c")]).await;
    assert_eq!(results(&deeds), [DeedResult::Done, DeedResult::Done, DeedResult::Unchanged]);
    assert_eq!(installation.asked(DELETE).len(), 1);
    assert_eq!(installation.asked(DELETE)[0].body, json!({"exemption_ids": [1, 2, 3]}));
}

#[tokio::test]
async fn one_that_is_gone_already_does_not_keep_the_others() {
    // Whether a 404 means that none was deleted, or all but the unknown one, is not documented.
    for partly in [false, true] {
        let installation = installation(
            vec![exemption(1, "a", None), exemption(2, "b", None), exemption(3, "c", None)],
            move |asked, kept| {
                if asked.what == DELETE && kept.iter().any(|one| one["exemption_id"] == 2) {
                    kept.retain(|one| one["exemption_id"] != 2 && !(partly && one["exemption_id"] == 1));
                    return Some((404, r#"{"error_message":"Exemption 2"}"#.to_owned()));
                }
                None
            },
        );
        let vendor = connect(&installation);
        let deeds = run(&vendor, Wish::Lift, &["a", "b", "c"].map(finding)).await;
        assert_eq!(results(&deeds), [DeedResult::Done; 3], "{deeds:?}");
        assert_eq!(installation.asked(DELETE).len(), 2);
        let left = if partly { json!([3]) } else { json!([1, 3]) };
        assert_eq!(installation.asked(DELETE)[1].body, json!({"exemption_ids": left}));
        assert!(gather(store(&vendor).listing(), SuppressionQuery).await.items.is_empty());
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_in_words_and_not_sent() {
    let installation = installation(Vec::new(), |_, _| None);
    let vendor = connect(&installation);
    let ids = [
        "backoffice:404/storagecontainer:3:us-east-1:a:".to_owned(),
        "backoffice:5/storagecontainer:77:us-east-1:a:".to_owned(),
        "ccc:x".to_owned(),
        "backoffice:5".to_owned(),
        "backoffice:5/".to_owned(),
        finding("a"),
    ];
    for wish in [Wish::Suppress(order("never")), Wish::Lift] {
        let deeds = run(&vendor, wish, &ids).await;
        assert_eq!(results(&deeds)[..5], [DeedResult::Failed; 5]);
        assert_eq!(deeds[5].result, DeedResult::Done);
        let said = |at: usize| deeds[at].message.clone().unwrap();
        assert!(said(0).contains("no insight backoffice:404"), "{}", said(0));
        assert!(said(1).contains("no cloud account 77"), "{}", said(1));
        assert!(said(2).contains("write <source>:<insight_id>/<resource_id>"), "{}", said(2));
    }
    assert_eq!(installation.asked(CREATE).len(), 1);
}

#[tokio::test]
async fn a_500_is_looked_into_and_the_bad_one_found() {
    let installation = installation(Vec::new(), |asked, _| {
        let is_bad = asked.what == CREATE && asked.body.to_string().contains(":bad:");
        is_bad.then(|| (500, r#"{"error_message":"Resource does not exist.","traceback":"x.py"}"#.to_owned()))
    });
    let vendor = connect(&installation);
    let ids = ["a", "b", "bad", "c", "d"].map(finding);
    let deeds = run(&vendor, Wish::Suppress(order("2999-01-01")), &ids).await;
    let (done, failed) = (DeedResult::Done, DeedResult::Failed);
    assert_eq!(results(&deeds), [done, done, failed, done, done], "{deeds:?}");
    let why = deeds[2].message.as_deref().unwrap();
    assert!(why.contains("does not exist") && why.contains("answers 500"), "{why}");
    assert!(!why.contains("x.py"));
    assert_eq!(gather(store(&vendor).listing(), SuppressionQuery).await.items.len(), 4, "none doubled");
}

#[tokio::test]
async fn a_500_that_was_carried_out_is_not_sent_again() {
    let installation = installation(Vec::new(), |asked, kept| {
        (asked.what == CREATE).then(|| {
            create(asked, kept);
            (500, String::new())
        })
    });
    let vendor = connect(&installation);
    let deeds = run(&vendor, Wish::Suppress(order("2999-01-01")), &["a", "b"].map(finding)).await;
    assert_eq!(results(&deeds), [DeedResult::Done; 2], "{deeds:?}");
    assert_eq!(installation.asked(CREATE).len(), 1);
}

#[tokio::test]
async fn answers_that_do_not_tell_are_read_back() {
    for answer in ["", "[]", "{}", r#"[{"exemption_id": 1}]"#] {
        let installation = installation(Vec::new(), move |asked, kept| {
            (asked.what == CREATE).then(|| {
                create(asked, kept);
                (200, answer.to_owned())
            })
        });
        let vendor = connect(&installation);
        let deeds = run(&vendor, Wish::Suppress(order("2999-01-01")), &[finding("a")]).await;
        assert_eq!(results(&deeds), [DeedResult::Done], "{answer}: {deeds:?}");
        assert_eq!(installation.asked(CREATE).len(), 1);
        assert_eq!(installation.asked(EXEMPTIONS).len(), 2);
    }
    let installation = installation(Vec::new(), |asked, _| {
        (asked.what == CREATE).then(|| (200, r#"{"error_message":"feature is off"}"#.to_owned()))
    });
    let vendor = connect(&installation);
    let deeds = run(&vendor, Wish::Suppress(order("2999-01-01")), &[finding("a")]).await;
    assert_eq!(results(&deeds), [DeedResult::Failed]);
    assert!(deeds[0].message.as_deref().unwrap().contains("feature is off"));
    assert_eq!(installation.asked(CREATE).len(), 1);
}

#[tokio::test]
async fn without_the_list_nothing_is_known_and_nothing_sent() {
    let installation = Installation::new(|asked| match asked.what.as_str() {
        WHO => (200, who(1)),
        what if what.starts_with(EXEMPTIONS) => {
            (403, r#"{"error_message":"needs an entitlement"}"#.to_owned())
        }
        _ => (200, "[]".to_owned()),
    });
    let deeds = run(&connect(&installation), Wish::Suppress(order("never")), &[finding("a")]).await;
    assert_eq!(results(&deeds), [DeedResult::Failed]);
    assert!(deeds[0].message.as_deref().unwrap().contains("entitlement"));
    assert!(installation.asked(CREATE).is_empty());
}
