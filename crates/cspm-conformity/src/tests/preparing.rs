//! Checking a policy before it is planned, and giving it the form that can be written (section 6, "clean before writing").

use cspm_core::{ErrorKind, Policy, PolicyStore, PushMode, RuleSetting, plan_push};
use serde_json::json;

use super::*;

fn setting(enabled: bool, severity: Option<&str>) -> RuleSetting {
    RuleSetting { enabled: Some(enabled), severity: severity.map(str::to_owned), ..RuleSetting::default() }
}

fn policy(rules: &[(&str, RuleSetting)]) -> Policy {
    Policy {
        name: "Baseline".to_owned(),
        rules: rules.iter().map(|(id, setting)| ((*id).to_owned(), setting.clone())).collect(),
        ..Policy::default()
    }
}

fn words(notices: &[cspm_core::Notice]) -> Vec<&str> {
    notices.iter().map(|notice| notice.0.as_str()).collect()
}

#[tokio::test]
async fn k04_every_problem_is_told_at_once_and_nothing_is_sent_but_reads() {
    let organisation = with_rules(true, |_| denied());
    let mut wanted = policy(&[
        ("S3-016", setting(true, Some("high"))),
        ("NOPE-1", setting(true, Some("LOW"))),
        ("RTM-002", setting(true, None)),
        ("CT-013", RuleSetting { enabled: None, ..setting(true, Some("LOW")) }),
        ("EC2-034", RuleSetting { provider: Some("azure".to_owned()), ..setting(true, Some("LOW")) }),
        (
            "GD-002",
            RuleSetting { extra: [("scope".to_owned(), verbatim("1"))].into(), ..setting(true, None) },
        ),
        ("CUSTOM-001", setting(true, None)),
    ]);
    wanted.name = " ".to_owned();
    wanted.extra = [("badges".to_owned(), verbatim("[]"))].into();
    let error = organisation.connect().prepare(&wanted).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for problem in [
        "a policy needs a name",
        "a policy has no place for \"badges\"",
        "rule \"S3-016\": severity \"high\" is none of LOW, MEDIUM, HIGH, VERY_HIGH, EXTREME",
        "rule \"NOPE-1\" is not in the catalogue",
        "rule \"RTM-002\" needs a severity",
        "rule \"CT-013\" needs enabled",
        "rule \"EC2-034\" is for aws, not for azure",
        "rule \"GD-002\" has no place for \"scope\"",
    ] {
        assert!(error.message().contains(problem), "{problem} is not in {error}");
    }
    assert!(!error.message().contains("CUSTOM-001"), "its level is not one that can be set: {error}");
    assert_eq!(organisation.targets(), ["/services"]);
}

/// What the vendor has already is never a problem: its rules outside the catalogue, its words, its attributes.
#[tokio::test]
async fn what_is_in_the_profile_already_may_stay() {
    let organisation = with_rules(true, |_| {
        let attributes = json!({"enabled": true, "riskLevel": "SEVERE", "scope": {"a": 1}});
        let rules = json!([{"type": "rules", "id": "GONE-001", "attributes": attributes},
                           {"type": "rules", "id": "S3-016", "attributes": {"enabled": true}}]);
        let data = json!({"id": "p", "attributes": {"name": "Old", "owner": "x"}});
        (200, json!({"data": data, "included": rules}).to_string())
    });
    let vendor = organisation.connect();
    let present = PolicyStore::get(&vendor, "p").await.unwrap().value;
    let prepared = vendor.prepare(&present).await.unwrap();
    assert_eq!((&prepared.value, prepared.notices), (&present, vec![]));
    assert!(plan_push(Some(&present), &prepared.value, PushMode::Replace).is_empty());
    let mut wanted = present;
    wanted.rules.get_mut("GONE-001").unwrap().severity = Some("WORSE".to_owned());
    let error = vendor.prepare(&wanted).await.unwrap_err();
    assert!(error.message().contains("WORSE"), "{error}");
    assert!(!error.message().contains("catalogue") && !error.message().contains("scope"), "{error}");
}

#[tokio::test]
async fn what_reads_contain_and_writes_refuse_is_left_out_and_named() {
    let organisation = with_rules(true, |_| denied());
    let extras = |settings: &[&str]| RuleSetting {
        settings: settings.iter().map(|json| verbatim(json)).collect(),
        ..setting(true, Some("LOW"))
    };
    let days = r#"{"name":"days","type":"single-number-value","value":7}"#;
    let wanted = policy(&[
        ("GD-002", setting(true, Some("HIGH"))),
        (
            "RTM-002",
            RuleSetting { enabled: Some(false), ..extras(&[r#"{"name":"ttl","type":"ttl","value":1}"#]) },
        ),
        (
            "EC2-034",
            extras(&[
                days,
                r#"{"name":"cpu","type":"single-number-value","value":2}"#,
                r#"{"name":"engine","type":"single-string-value","value":"v2"}"#,
            ]),
        ),
        (
            "S3-016",
            extras(&[
                r#"{"name":"ro","value":1,"readOnly":true}"#,
                r#"{"name":"ip","type":"multiple-ip-values","values":[{"value":null,"default":null}]}"#,
                r#"{"name":"blank","values":["a",""]}"#,
                r#"{"name":"shown","value":1,"readOnly":false,"hidden":false,"values":[]}"#,
            ]),
        ),
        ("CT-013", setting(true, Some("LOW"))),
    ]);
    let prepared = organisation.connect().prepare(&wanted).await.unwrap();
    let rules = &prepared.value.rules;
    assert_eq!(rules["GD-002"].severity, None);
    assert!(rules["RTM-002"].settings.is_empty());
    assert_eq!(rules["EC2-034"].settings, [verbatim(days)]);
    assert_eq!(rules["S3-016"].settings.len(), 1);
    let notices = words(&prepared.notices);
    for notice in [
        "rule \"GD-002\": left out is its severity",
        "rule \"RTM-002\": left out is its settings, since it is disabled",
        "rule \"EC2-034\": left out is its setting \"cpu\"",
        "rule \"EC2-034\": left out is its setting \"engine\"",
        "rule \"S3-016\": left out is its setting \"ro\"",
        "rule \"S3-016\": left out is its setting \"ip\", which has an empty value",
        "rule \"S3-016\": left out is its setting \"blank\"",
        "rule \"CT-013\" is deprecated",
    ] {
        assert!(notices.iter().any(|line| line.starts_with(notice)), "{notice} is not in {notices:#?}");
    }
    assert_eq!(notices.len(), 8);
}

/// A profile is read in the form in which it would be written, whatever its stored settings carry.
#[tokio::test]
async fn a_profile_that_was_read_can_be_prepared_without_any_change() {
    let organisation = with_rules(true, |_| {
        let rule = |id: &str, attributes: Value| json!({"type": "rules", "id": id, "attributes": attributes});
        let included = json!([
            rule("GD-002", json!({"enabled": true, "riskLevel": "HIGH", "provider": "AWS"})),
            rule(
                "RTM-002",
                json!({"enabled": false, "riskLevel": "LOW", "ruleExists": true,
                "extraSettings": [{"name": "ttl", "type": "ttl", "value": 1}]})
            ),
            rule(
                "EC2-034",
                json!({"enabled": true, "riskLevel": "LOW", "configured": true, "extraSettings": [
                {"name": "days", "type": "single-number-value", "value": 7},
                {"name": "cpu", "type": "single-number-value", "value": 2, "readOnly": true}]})
            ),
        ]);
        (200, json!({"data": {"id": "p", "attributes": {"name": "x"}}, "included": included}).to_string())
    });
    let vendor = organisation.connect();
    let read = PolicyStore::get(&vendor, "p").await.unwrap().value;
    let prepared = vendor.prepare(&read).await.unwrap();
    assert_eq!((&prepared.value, words(&prepared.notices)), (&read, vec![]));
    assert_eq!(read.rules["EC2-034"].settings.len(), 1);
    assert!(plan_push(Some(&read), &prepared.value, PushMode::Replace).is_empty());
}
