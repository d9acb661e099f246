//! Bots: listed by offset, paused and resumed.

use cspm_core::{AutomationQuery, AutomationStore, ErrorKind};
use serde_json::json;

use super::*;

const BOTS: &str = "POST /v2/public/botfactory/list";

fn bot(number: u64) -> Value {
    json!({"resource_id": format!("divvybot:1:{number}"), "name": "Tag", "description": "d", "state": "RUNNING",
        "insight_id": "5", "source": "backoffice"})
}

fn store(vendor: &SharedVendor) -> &dyn AutomationStore {
    vendor.automations().unwrap()
}

#[tokio::test]
async fn bots_are_listed_to_the_last_page() {
    let installation = Installation::new(|asked| match asked.body["offset"].as_u64() {
        Some(0) => (200, json!({"bots": [bot(1), bot(2)], "count": 4}).to_string()),
        Some(2) => (
            200,
            json!({"bots": [{"resource_id": "divvybot:1:3", "insight_id": null}, bot(4)], "count": 4})
                .to_string(),
        ),
        _ => (200, who(1)),
    });
    let vendor = connect(&installation);
    let read = gather(store(&vendor).listing(), AutomationQuery).await;
    assert!(read.shortfall().is_none(), "{:?}", read.shortfall());
    let asked = installation.asked(BOTS);
    assert_eq!(asked[0].body, json!({"filters": [], "limit": 500, "offset": 0}));
    assert_eq!(asked[1].body, json!({"filters": [], "limit": 500, "offset": 2}), "fewer than asked for");
    assert_eq!(asked.len(), 2);
    let [first, _, bare, _] = &read.items[..] else { panic!("{}", read.items.len()) };
    assert_eq!((first.id.as_str(), first.name.as_deref()), ("divvybot:1:1", Some("Tag")));
    assert_eq!((first.state.as_deref(), first.rule.as_deref()), (Some("RUNNING"), Some("backoffice:5")));
    assert_eq!(bare.rule, None);
}

#[tokio::test]
async fn one_bad_bot_is_rejected_alone_and_nothing_is_no_list() {
    let installation =
        Installation::new(|_| (200, json!({"bots": [bot(1), {"name": "x"}], "count": 2}).to_string()));
    let read = gather(store(&connect(&installation)).listing(), AutomationQuery).await;
    assert_eq!(read.items.len(), 1);
    assert!(read.shortfall().unwrap().to_string().contains("could not be understood"));
    for (body, is_well) in [(json!({"bots": null, "count": 0}), true), (json!({"bots": null}), false)] {
        let installation = Installation::new(move |_| (200, body.to_string()));
        let read = gather(store(&connect(&installation)).listing(), AutomationQuery).await;
        assert_eq!(read.shortfall().is_none(), is_well);
    }
}

#[tokio::test]
async fn a_bot_is_paused_and_resumed_once() {
    let installation = Installation::new(|asked| match asked.what.as_str() {
        WHO => (200, who(1)),
        what if what.ends_with("/resume") => (503, String::new()),
        _ => (200, String::new()),
    });
    let vendor = connect(&installation);
    store(&vendor).pause("divvybot:1:21").await.unwrap();
    let error = store(&vendor).resume("divvybot:1:21").await.unwrap_err();
    assert!(error.is_uncertain());
    let lines = installation.lines();
    let path = "POST /v2/public/botfactory/divvybot:1:21";
    assert_eq!(lines, [WHO, &format!("{path}/pause"), WHO, &format!("{path}/resume")]);
    assert_eq!(installation.asked(path)[0].body, json!({}));
    assert_eq!(store(&vendor).pause("../users").await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(installation.lines().len(), 4);
}

#[tokio::test]
async fn a_bot_that_is_not_there_is_said_to_be_missing() {
    let installation = Installation::new(|asked| match asked.what.as_str() {
        WHO => (200, who(1)),
        _ => (404, r#"{"error_message":"Bot"}"#.to_owned()),
    });
    let error = store(&connect(&installation)).pause("divvybot:1:9").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("does not exist"), "{error}");
}
