//! The rule settings of accounts (section 6).

use super::*;
use crate::conformity::{Exceptions, Note, RuleSetting};

const ALL: &str = "/accounts/acc1/settings/rules";

fn batch(settings: &Value) -> Value {
    json!({"data": {"attributes": {"note": "why", "ruleSettings": settings}}})
}

fn store(sim: &Conformity, setting: &Value) -> (u16, Value) {
    send(sim, Method::PATCH, ALL, &batch(&json!([setting])))
}

fn rules(body: &Value) -> Vec<&str> {
    let rules = body["data"]["attributes"]["settings"]["rules"].as_array().unwrap();
    rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect()
}

#[test]
fn never_configured_is_404_unless_defaults_are_asked_for() {
    let sim = simulator(small_world());
    let not_found = (404, json!({"Message": "Not Found"}));
    assert_eq!(get(&sim, ALL), not_found);
    assert_eq!(get(&sim, &format!("{ALL}/EC2-001")), not_found);
    let body = found(&sim, &format!("{ALL}?includeDefaults=true"));
    let all = body["data"]["attributes"]["settings"]["rules"].as_array().unwrap();
    assert!(all.len() > 100);
    assert!(all.iter().all(|rule| rule["configured"] == false && rule["provider"] == "aws"));
    let multi = all.iter().find(|rule| rule["id"] == "GD-002").unwrap();
    assert!(multi.get("riskLevel").is_none(), "not configurable");
    assert_eq!(get(&sim, "/accounts/nope/settings/rules"), (403, gateway()));
}

#[test]
fn a_batch_merges_by_id_and_answers_with_everything_configured() {
    let sim = simulator(small_world());
    let exceptions = json!({"tags": ["env::dev"], "resources": null});
    let first = json!({"id": "S3-016", "enabled": true, "riskLevel": "HIGH", "exceptions": exceptions});
    let (status, body) = store(&sim, &first);
    assert_eq!(status, 200, "{body}");
    let stored = &body["data"]["attributes"]["settings"]["rules"][0];
    assert_eq!(
        *stored,
        json!({
            "id": "S3-016", "enabled": true, "riskLevel": "HIGH", "configured": true,
            "exceptions": {"tags": ["env::dev"], "resources": null, "filterTags": null},
        })
    );
    let (_, body) =
        store(&sim, &json!({"id": "EC2-001", "enabled": false, "riskLevel": "LOW", "provider": "AWS"}));
    assert_eq!(rules(&body), ["EC2-001", "S3-016"]);
    assert_eq!(body["data"]["id"], "acc1");
    // A setting is replaced as a whole.
    let one = json!({"data": {"attributes": {"ruleSetting": {"id": "S3-016", "enabled": true, "riskLevel": "LOW"}}}});
    let (_, body) = send(&sim, Method::PATCH, &format!("{ALL}/S3-016"), &one);
    assert_eq!(rules(&body), ["EC2-001", "S3-016"]);
    let single = found(&sim, &format!("{ALL}/S3-016"));
    assert_eq!(rules(&single), ["S3-016"]);
    assert!(single["data"]["attributes"]["settings"]["rules"][0].get("exceptions").is_none());
    refusal(&send(&sim, Method::PATCH, &format!("{ALL}/EC2-001"), &one));
    assert_eq!(rules(&found(&sim, ALL)), ["EC2-001", "S3-016"]);
}

#[test]
fn notes_are_in_camel_case_and_move_when_a_rule_is_deprecated() {
    let sim = simulator(small_world());
    store(&sim, &json!({"id": "S3-016", "enabled": true, "riskLevel": "HIGH"}));
    let by = found(&sim, "/users/whoami")["data"]["id"].clone();
    let note = json!({"createdBy": by, "createdDate": NOW, "note": "why"});
    assert_eq!(found(&sim, &format!("{ALL}/S3-016?notes=true"))["meta"], json!({"notes": [note]}));
    assert_eq!(found(&sim, &format!("{ALL}/S3-016"))["meta"], Value::Null);

    let (_, body) = store(&sim, &json!({"id": "CT-013", "enabled": true, "riskLevel": "LOW"}));
    let warning = &body["meta"]["deprecation"]["warning"];
    assert_eq!(warning["rules"][0]["id"], "CT-013", "objects here, not ids (section 5.4)");
    let meta = found(&sim, &format!("{ALL}/CT-013?notes=true"))["meta"].clone();
    assert_eq!(meta["deprecation"]["notes"], json!([note]));
    assert!(meta.get("notes").is_none());
    assert_eq!(found(&sim, "/accounts/acc1")["meta"]["deprecation"]["warning"]["rules"][0]["id"], "CT-013");
    // Switched off, it is no longer warned about.
    store(&sim, &json!({"id": "CT-013", "enabled": false, "riskLevel": "LOW"}));
    assert_eq!(found(&sim, ALL)["meta"], Value::Null);
}

#[test]
fn what_cannot_be_configured_is_refused_and_nothing_is_stored() {
    let mut world = small_world();
    world.accounts[0].real_time = false;
    let sim = simulator(world);
    let extra = |setting: Value| json!({"id": "EC2-034", "enabled": true, "riskLevel": "HIGH", "extraSettings": [setting]});
    let days = |value: Value| json!({"type": "single-number-value", "name": "days", "value": value});
    for (setting, why) in [
        (json!({"id": "EC2-001", "riskLevel": "LOW"}), "`enabled` is required"),
        (json!({"id": "EC2-001", "enabled": "true", "riskLevel": "LOW"}), "`enabled` is required"),
        (json!({"id": "EC2-001", "enabled": true}), "`riskLevel` must be"),
        (json!({"id": "EC2-001", "enabled": true, "riskLevel": "SEVERE"}), "`riskLevel` must be"),
        (json!({"id": "GD-002", "enabled": true, "riskLevel": "LOW"}), "`riskLevel` is not configurable"),
        (
            json!({"id": "EC2-001", "enabled": true, "riskLevel": "LOW", "configured": true}),
            "`configured` is not",
        ),
        (
            json!({"id": "EC2-001", "enabled": true, "riskLevel": "LOW", "provider": "azure"}),
            "`provider` does not",
        ),
        (json!({"id": "AKS-001", "enabled": true, "riskLevel": "LOW"}), "another provider"),
        (json!({"id": "NOPE-001", "enabled": true, "riskLevel": "LOW"}), "does not exist"),
        (json!({"id": "RTM-002", "enabled": true, "riskLevel": "LOW"}), "package"),
        (json!({"id": "RDS-023", "enabled": true, "riskLevel": "LOW"}), "package"),
        (json!({"id": "CC-001", "enabled": true, "riskLevel": "LOW"}), "organisation"),
        (
            json!({"id": "CT-001", "enabled": true, "riskLevel": "LOW", "exceptions": {"tags": []}}),
            "`exceptions` is not configurable",
        ),
        (
            json!({"id": "EC2-001", "enabled": true, "riskLevel": "LOW", "exceptions": []}),
            "`exceptions` must be an object",
        ),
        (
            json!({"id": "EC2-001", "enabled": true, "riskLevel": "LOW", "exceptions": {"tags": "x"}}),
            "array of strings",
        ),
        (
            json!({"id": "EC2-001", "enabled": true, "riskLevel": "LOW", "extraSettings": [{"name": "x"}]}),
            "`extraSettings` is not configurable",
        ),
        (json!({"enabled": true, "riskLevel": "LOW"}), "`id` is required"),
        (extra(days(json!("seven"))), "package"),
    ] {
        let answer = store(&sim, &setting);
        assert!(refusal(&answer).contains(why), "{setting}: {}", refusal(&answer));
    }
    sim.edit(|world| world.accounts[0].cost_package = true);
    for (setting, why) in [
        (extra(days(json!("seven"))), "must be a number"),
        (extra(json!({"type": "ttl", "name": "days", "value": 7})), "another type"),
        (extra(json!({"name": "days", "value": 7})), "lacks its type"),
        (extra(json!({"type": "single-number-value", "name": "hours", "value": 7})), "not a setting"),
        (extra(json!({"type": "single-number-value", "name": "cpu", "value": 2})), "not editable"),
        (extra(json!({"type": "single-string-value", "name": "engine", "value": "v2"})), "not editable"),
        (
            extra(json!({"type": "single-number-value", "name": "days", "value": 7, "readOnly": true})),
            "not editable",
        ),
    ] {
        let answer = store(&sim, &setting);
        assert!(refusal(&answer).contains(why), "{setting}: {}", refusal(&answer));
    }
    let disabled =
        json!({"id": "EC2-034", "enabled": false, "riskLevel": "LOW", "extraSettings": [days(json!(7))]});
    assert!(refusal(&store(&sim, &disabled)).contains("disabled"));
    let good = json!({"id": "EC2-001", "enabled": true, "riskLevel": "LOW"});
    refusal(&send(&sim, Method::PATCH, ALL, &batch(&json!([good, {"id": "NOPE"}]))));
    assert_eq!(get(&sim, ALL).0, 404, "all or nothing");
    for number in [json!(7), json!("7")] {
        assert_eq!(store(&sim, &extra(days(number))).0, 200, "numbers and numeric texts (section 6.1)");
    }
}

#[test]
fn values_with_an_empty_item_are_refused_and_a_type_may_be_missing_where_it_often_is() {
    // Sections 6 and 6.1.
    let sim = simulator(small_world());
    let setting = |id: &str, extra: Value| json!({"id": id, "enabled": true, "riskLevel": "HIGH", "extraSettings": [extra]});
    for empty in [json!({"value": null}), json!({"value": ""}), json!({}), json!(""), json!(null)] {
        let extra = json!({"type": "multiple-ip-values", "name": "addresses", "values": [empty]});
        assert!(refusal(&store(&sim, &setting("RTM-007", extra))).contains("empty"));
    }
    let extra =
        json!({"type": "multiple-ip-values", "name": "addresses", "values": [{"value": "192.0.2.0/24"}]});
    assert_eq!(store(&sim, &setting("RTM-007", extra.clone())).0, 200);
    let read_back = found(&sim, &format!("{ALL}/RTM-007"));
    assert_eq!(read_back["data"]["attributes"]["settings"]["rules"][0]["extraSettings"], json!([extra]));
    let untyped = json!({"name": "states", "values": [{"value": "running", "enabled": false}]});
    assert_eq!(store(&sim, &setting("EC2-056", untyped)).0, 200);
}

#[test]
fn settings_built_by_hand_are_served() {
    let mut world = small_world();
    let account = &mut world.accounts[0];
    let exceptions = Exceptions { filter_tags: vec!["dev".into()], ..Exceptions::default() };
    let setting = RuleSetting {
        exceptions: Some(exceptions),
        rule_exists: Some(false),
        ..RuleSetting::new("S3-016", true, Some("LOW"))
    };
    account.rules.insert("S3-016".into(), setting);
    account.rule_notes.insert("S3-016".into(), vec![Note { by: "u".into(), at: 5, text: "t".into() }]);
    let sim = simulator(world);
    let body = found(&sim, &format!("{ALL}/S3-016?notes=true"));
    let rule = &body["data"]["attributes"]["settings"]["rules"][0];
    assert_eq!(rule["exceptions"], json!({"resources": null, "tags": null, "filterTags": ["dev"]}));
    assert_eq!(rule["ruleExists"], false);
    assert_eq!(body["meta"]["notes"], json!([{"createdBy": "u", "createdDate": 5, "note": "t"}]));
}
