//! Packs: what is sent, what is refused before anything is, and odd answers.

use cspm_core::{
    Application, ApplyMode, ErrorKind, Noted, Policy, PolicyKind, PolicyQuery, PolicyStore, PushMode,
    PushOutcome, RuleSetting, Vendor, Verbatim, plan_push, push,
};
use serde_json::json;

use super::*;

const CREATE: &str = "POST /v2/public/insights/pack/create";
const UPDATE: &str = "POST /v2/public/insights/pack/11/update";
const DELETE: &str = "DELETE /v2/public/insights/pack/11/delete";

fn two_packs() -> Value {
    json!([
        {"pack_id": 36, "source": "backoffice", "organization_id": null, "name": "CIS - AWS", "description": "d",
            "backoffice": [5], "custom": null, "badges": null, "backoffice_metadata": [{"order": 1}]},
        {"pack_id": "11", "source": "custom", "organization_id": 1, "name": "House", "description": null,
            "logo_url": "https://x.example/l.png", "inserted_at": "2024-01-01T00:00:00Z", "backoffice": [9, 5],
            "custom": [5], "badges": [{"key": "env", "value": "prod"}], "badge_filter_operator": "OR"}])
}

fn installation(write: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Arc<Installation> {
    Installation::new(move |asked| match asked.what.as_str() {
        PACKS => (200, two_packs().to_string()),
        INSIGHTS => (200, insights()),
        WHO => (200, who(1)),
        _ => write(asked),
    })
}

fn store(vendor: &SharedVendor) -> &dyn PolicyStore {
    vendor.policies().unwrap()
}

fn rules(ids: &[&str]) -> cspm_core::RuleSettings {
    ids.iter().map(|id| ((*id).to_owned(), RuleSetting::default())).collect()
}

#[tokio::test]
async fn packs_are_listed_and_read_as_they_would_be_written() {
    let installation = installation(|_| (500, String::new()));
    let vendor = connect(&installation);
    let listed = gather(store(&vendor).listing(), PolicyQuery).await;
    assert!(listed.shortfall().is_none());
    let seen: Vec<_> =
        listed.items.iter().map(|one| (one.id.as_str(), one.name.as_deref(), one.kind, one.rules)).collect();
    assert_eq!(
        seen,
        [
            ("backoffice:36", Some("CIS - AWS"), PolicyKind::BuiltIn, Some(1)),
            ("custom:11", Some("House"), PolicyKind::Custom, Some(3)),
        ]
    );
    let Noted { value, notices } = store(&vendor).get("custom:11").await.unwrap();
    assert!(notices.is_empty());
    assert_eq!(value.rules, rules(&["backoffice:5", "backoffice:9", "custom:5"]));
    let extra: Vec<_> = value.extra.iter().map(|(name, value)| (name.as_str(), value.as_json())).collect();
    assert_eq!(
        extra,
        [
            ("badge_filter_operator", "\"OR\""),
            ("badges", "[{\"key\":\"env\",\"value\":\"prod\"}]"),
            ("logo_url", "\"https://x.example/l.png\""),
        ]
    );
    assert_eq!((value.name.as_str(), value.description), ("House", None));
    let error = store(&vendor).get("custom:36").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "the number is another source's");
}

#[tokio::test]
async fn an_update_is_the_whole_pack_and_its_answer_may_be_empty() {
    let installation = installation(|_| (200, String::new()));
    let vendor = connect(&installation);
    let is = store(&vendor).get("custom:11").await.unwrap().value;
    let wanted =
        Policy { description: None, extra: Default::default(), rules: rules(&["custom:10"]), ..is.clone() };
    let merged = plan_push(Some(&is), &wanted, PushMode::Merge);
    store(&vendor).merge(&merged.named(), &merged.after).await.unwrap();
    let replaced = plan_push(Some(&is), &wanted, PushMode::Replace);
    store(&vendor).replace(&replaced.after).await.unwrap();
    let asked = installation.asked(UPDATE);
    assert_eq!(asked[0].headers["content-type"], "application/json");
    assert_eq!(asked[0].headers["api-key"], "key-one_2");
    let body = |backoffice: &[u64], custom: &[u64]| {
        json!({"name": "House", "description": "", "backoffice": backoffice, "custom": custom,
            "badges": [{"key": "env", "value": "prod"}], "badge_filter_operator": "OR",
            "logo_url": "https://x.example/l.png"})
    };
    assert_eq!(asked[0].body, body(&[5, 9], &[5, 10]), "by number, and what is not named stays");
    assert_eq!(asked[1].body, body(&[], &[10]));
    assert_eq!(installation.lines()[..3], [WHO, PACKS, WHO], "who, before the read and before the write");
}

#[tokio::test]
async fn a_pack_is_created_and_known_by_the_answer() {
    let installation = installation(|_| (200, json!({"pack_id": 12, "source": "custom"}).to_string()));
    let vendor = connect(&installation);
    let policy = Policy { name: "New".to_owned(), rules: rules(&["backoffice:5"]), ..Policy::default() };
    assert_eq!(store(&vendor).create(&policy).await.unwrap().value, "custom:12");
    let body = json!({"name": "New", "description": "", "backoffice": [5], "custom": [], "badges": [],
        "badge_filter_operator": null, "logo_url": null});
    assert_eq!(installation.asked(CREATE)[0].body, body);
}

#[tokio::test]
async fn an_answer_that_does_not_tell_leaves_open_what_was_done() {
    for answer in ["", "{}", "[]", "<html>", r#"{"error_message":"boom"}"#, r#"{"pack_id":"x"}"#] {
        let installation = installation(move |_| (200, answer.to_owned()));
        let vendor = connect(&installation);
        let policy = Policy { name: "New".to_owned(), ..Policy::default() };
        let error = store(&vendor).create(&policy).await.unwrap_err();
        assert!(error.is_uncertain(), "{answer}: {error}");
        assert_eq!(installation.asked(CREATE).len(), 1);
    }
    let installation = installation(|_| (200, r#"{"error_message":"boom","traceback":"x.py"}"#.to_owned()));
    let vendor = connect(&installation);
    let error = store(&vendor).delete("custom:11").await.unwrap_err();
    assert!(error.is_uncertain() && error.to_string().contains("boom"), "{error}");
    assert!(!error.to_string().contains("x.py"));
    assert_eq!(installation.asked(DELETE).len(), 1);
}

#[tokio::test]
async fn built_in_packs_are_refused_before_anything_is_sent() {
    let installation = installation(|_| (200, String::new()));
    let vendor = connect(&installation);
    let built_in = Policy { id: Some("backoffice:36".to_owned()), name: "x".to_owned(), ..Policy::default() };
    for error in [
        store(&vendor).replace(&built_in).await.unwrap_err(),
        store(&vendor).merge(&built_in, &built_in).await.unwrap_err(),
        store(&vendor).delete("backoffice:36").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("a custom pack can be created from it"), "{error}");
    }
    assert_eq!(store(&vendor).delete("11").await.unwrap_err().kind(), ErrorKind::Config);
    let error = store(&vendor).delete("\u{1b}[2J:36").await.unwrap_err();
    assert!(!error.to_string().contains('\u{1b}'), "an id could steer a terminal: {error:?}");
    assert!(installation.lines().is_empty());
    let apply = Application {
        policy: "custom:11".to_owned(),
        accounts: Vec::new(),
        mode: ApplyMode::FillGaps,
        keep_exceptions: false,
        note: None,
    };
    assert_eq!(store(&vendor).apply(&apply).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(installation.lines().is_empty());
}

#[tokio::test]
async fn a_file_is_told_every_problem_at_once() {
    let installation = installation(|_| (500, String::new()));
    let vendor = connect(&installation);
    let mut wanted = Policy {
        id: Some("backoffice:36".to_owned()),
        rules: rules(&["backoffice:5", "custom:404", "EC2-001"]),
        ..Policy::default()
    };
    wanted.rules.insert("custom:5".to_owned(), RuleSetting { enabled: Some(false), ..Default::default() });
    wanted.extra.insert("pack_id".to_owned(), Verbatim::parse("3").unwrap());
    let error = store(&vendor).prepare(&wanted).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for part in [
        "backoffice:36 is built in",
        "needs a name",
        "no place for pack_id",
        "rule custom:5: a pack holds insights by id only, and has no place for enabled",
        "\"EC2-001\" is no insight",
        "there is no insight custom:404",
    ] {
        assert!(error.message().contains(part), "{part} in {error}");
    }
    let fine = Policy { name: "House".to_owned(), rules: rules(&["custom:5"]), ..Policy::default() };
    assert_eq!(store(&vendor).prepare(&fine).await.unwrap(), Noted::plain(fine));
    assert!(installation.lines().iter().all(|line| line.starts_with("GET ")), "no write");
}

#[tokio::test]
async fn a_pack_that_cannot_be_read_whole_is_not_written_over() {
    let odd =
        json!([{"pack_id": 11, "source": "custom", "name": "House", "backoffice": [5, {}], "custom": []}]);
    let installation = Installation::new(move |_| (200, odd.to_string()));
    let vendor = connect(&installation);
    let error = store(&vendor).get("custom:11").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    let listed = gather(store(&vendor).listing(), PolicyQuery).await;
    assert!(listed.shortfall().unwrap().to_string().contains("could not be understood"));
}

#[tokio::test]
async fn a_lost_answer_is_read_back_and_never_written_again() {
    for status in [500, 503] {
        let installation = installation(move |_| (status, String::new()));
        let vendor = connect(&installation);
        let is = store(&vendor).get("custom:11").await.unwrap().value;
        let changes =
            plan_push(Some(&is), &Policy { rules: rules(&["custom:5"]), ..is.clone() }, PushMode::Replace);
        let error = push(store(&vendor), &changes).await.unwrap_err();
        assert!(error.to_string().contains("nothing was changed"), "{error}");
        assert_eq!(installation.asked(UPDATE).len(), 1);
        let unchanged = plan_push(Some(&is), &is, PushMode::Replace);
        assert_eq!(push(store(&vendor), &unchanged).await.unwrap().outcome, PushOutcome::Unchanged);
        assert_eq!(installation.asked(UPDATE).len(), 1);
    }
}

#[test]
fn the_doors_are_open() {
    let vendor = connect(&Installation::new(|_| (500, String::new())));
    let vendor: &dyn Vendor = &*vendor;
    assert!(vendor.policies().is_some() && vendor.suppressions().is_some());
    assert!(vendor.custom_rules().is_some() && vendor.automations().is_some());
    assert!(vendor.account_rules().is_none());
    use cspm_core::Operation;
    for operation in Operation::ALL {
        assert!(
            vendor.capabilities().rows.iter().any(|row| row.operation == operation),
            "{operation:?} has a row of its own"
        );
    }
}
