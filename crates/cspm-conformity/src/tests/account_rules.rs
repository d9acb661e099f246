//! The settings of rules that accounts have of their own (section 6).

use cspm_core::{AccountRules, ErrorKind, Exceptions, RuleSetting, RuleSettings};
use serde_json::json;

use super::*;

fn envelope(rules: &Value) -> Value {
    json!({"data": {"type": "accounts", "id": "Qx7kP2mNz", "attributes": {
        "settings": {"rules": rules, "access": {}}, "available-runs": 5, "access": null, "cloud-type": "aws"},
        "relationships": {"organisation": {"data": {"type": "organisations", "id": "Org4nIsA1"}}}}})
}

fn always(status: u16, body: &Value) -> Arc<Organisation> {
    let body = body.to_string();
    with_rules(false, move |_| (status, body.clone()))
}

fn ttl() -> RuleSetting {
    RuleSetting {
        enabled: Some(true),
        severity: Some("MEDIUM".to_owned()),
        exceptions: Exceptions { tags: vec!["env::dev".to_owned()], ..Exceptions::default() },
        settings: vec![verbatim(r#"{"name":"ttl","type":"ttl","value":48,"ttl":true}"#)],
        ..RuleSetting::default()
    }
}

fn rules(rules: &[(&str, RuleSetting)]) -> RuleSettings {
    rules.iter().map(|(id, setting)| ((*id).to_owned(), setting.clone())).collect()
}

#[tokio::test]
async fn what_an_account_has_set_is_read() {
    let mut body = envelope(&json!([
        {"id": "RTM-002", "enabled": true, "riskLevel": "MEDIUM", "ruleExists": false, "configured": true,
         "exceptions": {"resources": null, "tags": ["env::dev"], "filterTags": null},
         "extraSettings": [{"name": "ttl", "type": "ttl", "value": 48, "ttl": true}]},
        {"id": "GD-002", "enabled": false, "configured": true},
    ]));
    body["meta"] = json!({"deprecation": {"warning": {"message": "Going.", "rules": [{"id": "GD-002", "enabled": false}]}}});
    let organisation = always(200, &body);
    let read = AccountRules::get(&organisation.connect(), "Qx7kP2mNz").await.unwrap();
    organisation.log()[1].assert_is("GET", "/accounts/Qx7kP2mNz/settings/rules", None);
    let disabled = RuleSetting { enabled: Some(false), ..RuleSetting::default() };
    assert_eq!(read.value, rules(&[("RTM-002", ttl()), ("GD-002", disabled)]));
    assert_eq!(read.notices[0].0, "Going. Rules: GD-002");
}

/// Section 6: never configured is 404; section 23, number 14: `{}` and null where a list is due.
#[tokio::test]
async fn an_account_that_never_set_a_rule_has_none() {
    for organisation in [
        always(404, &json!({"Message": "Not Found"})),
        always(200, &envelope(&json!({}))),
        always(200, &envelope(&json!(null))),
        always(200, &envelope(&json!([]))),
    ] {
        let read = AccountRules::get(&organisation.connect(), "Qx7kP2mNz").await.unwrap();
        assert_eq!(read, cspm_core::Noted::plain(RuleSettings::new()));
    }
}

#[tokio::test]
async fn one_rule_is_sent_by_itself_and_several_as_a_batch() {
    let organisation = always(200, &envelope(&json!([])));
    let vendor = organisation.connect();
    vendor.set("Qx7kP2mNz", &rules(&[("RTM-002", ttl())]), Some("agreed")).await.unwrap();
    let sent = json!({"id": "RTM-002", "enabled": true, "riskLevel": "MEDIUM", "provider": "aws",
        "exceptions": {"resources": [], "tags": ["env::dev"], "filterTags": []},
        "extraSettings": [{"name": "ttl", "type": "ttl", "value": 48, "ttl": true}]});
    let body = json!({"data": {"attributes": {"note": "agreed", "ruleSetting": sent}}});
    let log = organisation.log();
    log[1].assert_is("PATCH", "/accounts/Qx7kP2mNz/settings/rules/RTM-002", Some(&body));

    // A level that nobody may write is left out (section 6).
    let guard =
        RuleSetting { enabled: Some(true), severity: Some("HIGH".to_owned()), ..RuleSetting::default() };
    vendor.set("a/b", &rules(&[("RTM-002", ttl()), ("GD-002", guard)]), None).await.unwrap();
    let guard = json!({"id": "GD-002", "enabled": true, "provider": "aws"});
    let body = json!({"data": {"attributes": {"ruleSettings": [guard, sent]}}});
    organisation.log()[2].assert_is("PATCH", "/accounts/a%2Fb/settings/rules", Some(&body));

    assert_eq!(vendor.set("a", &RuleSettings::new(), None).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(organisation.log().len(), 3);
}

#[tokio::test]
async fn a_refusal_says_which_access_is_needed() {
    let details =
        json!({"errors": [{"status": 401, "details": "You are not authorized to perform such actions"}]});
    for refusal in [denied(), (401, details.to_string())] {
        let organisation = with_rules(false, move |_| refusal.clone());
        let vendor = organisation.connect();
        let error = AccountRules::get(&vendor, "Qx7kP2mNz").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Permission);
        assert!(error.message().contains("at least read-only access"), "{error}");
        let error = vendor.set("Qx7kP2mNz", &rules(&[("RTM-002", ttl())]), None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Permission);
        assert!(error.message().contains("full access to the account, or the role ADMIN"), "{error}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_said_to_be_uncertain_and_nothing_is_sent_again() {
    let organisation = always(503, &json!({}));
    let error =
        organisation.connect().set("Qx7kP2mNz", &rules(&[("RTM-002", ttl())]), None).await.unwrap_err();
    // The catalogue is answered; the write is the only other request.
    assert!(error.is_uncertain());
    assert_eq!(organisation.log().iter().filter(|asked| asked.method == "PATCH").count(), 1);
}
