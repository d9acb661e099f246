//! Single checks: reading, suppressing, custom checks, deleting (sections 4.3 to 4.6).

use super::*;
use crate::conformity::Note;

const AZURE: &str = "/subscriptions/0a1b/resourceGroups/rg one/providers/Microsoft.KeyVault/vaults/büro";

fn holding(checks: impl IntoIterator<Item = Check>) -> Conformity {
    let mut world = small_world();
    world.checks.extend(checks);
    simulator(world)
}

fn azure() -> Check {
    Check::new(CheckId::new("acc1", "KeyVault-001", "KeyVault", "westeurope", AZURE), Status::Failure, "HIGH")
}

/// Every byte encoded that is not a letter, a digit or a dash.
fn encoded(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn path(check: &Check) -> String {
    format!("/checks/{}", encoded(check.id.as_str()))
}

fn suppress(sim: &Conformity, check: &Check, body: &Value) -> (u16, Value) {
    send(sim, Method::PATCH, &path(check), body)
}

fn missing() -> (u16, Value) {
    (401, json!({"errors": [{"status": 401, "message": "Unauthorized"}]}))
}

#[test]
fn ids_are_decoded_once_as_a_whole() {
    // Section 4.1.
    let odd = failing("50%25 off/x:y");
    let sim = holding([azure(), odd.clone()]);
    let raw_colons = format!(
        "/checks/ccc:acc1:KeyVault-001:KeyVault:westeurope:{}",
        AZURE.replace(' ', "%20").replace('/', "%2F").replace('ü', "%C3%BC"),
    );
    for target in [path(&azure()), raw_colons] {
        assert_eq!(found(&sim, &target)["data"]["id"], azure().id.as_str());
    }
    assert_eq!(found(&sim, &path(&odd))["data"]["id"], odd.id.as_str());
    let bare_slashes =
        format!("/checks/ccc:acc1:KeyVault-001:KeyVault:westeurope:{}", AZURE.replace(' ', "%20"));
    assert_eq!(get(&sim, &bare_slashes).0, 404, "slashes that are not encoded are other paths (section 24)");
    let twice = encoded(&encoded(azure().id.as_str()));
    assert_eq!(get(&sim, &format!("/checks/{twice}")), missing());
}

#[test]
fn a_missing_check_is_401_and_a_hidden_one_403() {
    let hidden =
        Check::new(CheckId::new("acc3", "AKS-001", "AKS", "westeurope", "x"), Status::Failure, "LOW");
    let sim = holding([failing("a"), hidden.clone()]);
    for id in ["ccc:acc1:EC2-001:EC2:eu-west-1:nope", "ccc:nobody:EC2-001:EC2:eu-west-1:a", "nonsense"] {
        let target = format!("/checks/{id}");
        let body = json!({"data": {"attributes": {"suppressed": true}}});
        assert_eq!(get(&sim, &target), missing(), "{id}");
        assert_eq!(send(&sim, Method::PATCH, &target, &body), missing(), "{id}");
        assert_eq!(send(&sim, Method::DELETE, &target, &Value::Null), missing(), "{id}");
    }
    assert_eq!(get_as(&sim, Conformity::CUSTOM_KEY, &path(&hidden)), (403, gateway()));
}

#[test]
fn notes_come_when_asked_for_newest_first() {
    // Section 4.3.
    let note = |at, text: &str| Note { by: "user-1".into(), at, text: text.into() };
    let check = Check { notes: vec![note(1, "old"), note(2, "new")], ..failing("a") };
    let sim = holding([check.clone()]);
    let notes = |query: &str| {
        found(&sim, &format!("{}?{query}", path(&check)))["data"]["attributes"]["notes"].clone()
    };
    assert_eq!(notes(""), Value::Null);
    assert_eq!(notes("filter[notes]=false"), Value::Null);
    let newest = json!({"createdBy": "user-1", "created-date": 2, "note": "new"});
    let oldest = json!({"createdBy": "user-1", "created-date": 1, "note": "old"});
    assert_eq!(notes("filter[notes]=true&filter[notesLength]=100"), json!([newest, oldest]));
    assert_eq!(notes("filter[notes]=true&filter[notesLength]=1"), json!([newest]));
    for length in ["0", "101", "x"] {
        refusal(&get(&sim, &format!("{}?filter[notes]=true&filter[notesLength]={length}", path(&check))));
    }
    assert_eq!(
        found(&sim, "/checks?accountIds=acc1&filter[notes]=true")["data"][0]["attributes"]["notes"],
        Value::Null
    );
}

#[test]
fn suppressing_sets_the_end_and_leaves_a_note() {
    // Section 4.5.
    let check = failing("a");
    let sim = holding([check.clone()]);
    let until = NOW + 1_000;
    let (status, body) = suppress(
        &sim,
        &check,
        &json!({
            "data": {"type": "checks", "attributes": {"suppressed": true, "suppressed-until": until}},
            "meta": {"note": "accepted until Q1 review"},
        }),
    );
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["data"]["attributes"]["suppressed"], true);
    assert_eq!(body["data"]["attributes"]["suppressed-until"], until);
    assert_eq!(body["data"]["attributes"]["notes"], Value::Null);
    let by = found(&sim, "/users/whoami")["data"]["id"].clone();
    let notes =
        found(&sim, &format!("{}?filter[notes]=true", path(&check)))["data"]["attributes"]["notes"].clone();
    assert_eq!(notes, json!([{"createdBy": by, "created-date": NOW, "note": "accepted until Q1 review"}]));
    let only = "/checks?accountIds=acc1&filter[suppressed]=true&filter[suppressedFilterMode]=v2";
    assert_eq!(ids(&found(&sim, only)), [check.id.as_str()], "a list made before is not served again");
    assert_eq!(
        found(&sim, "/events?filter[name]=account.check.update.*")["data"][0]["attributes"]["name"],
        "account.check.update.suppressed.until"
    );

    let (status, body) = suppress(&sim, &check, &json!({"data": {"attributes": {"suppressed": false}}}));
    assert_eq!((status, &body["data"]["attributes"]["suppressed"]), (200, &json!(false)));
    assert_eq!(ids(&found(&sim, only)), [""; 0]);
}

#[test]
fn a_suppression_without_an_end_has_a_null_one() {
    let check = failing("a");
    for attributes in [json!({"suppressed": true}), json!({"suppressed": true, "suppressed-until": null})] {
        let sim = holding([check.clone()]);
        let (status, body) = suppress(&sim, &check, &json!({"data": {"attributes": attributes}}));
        assert_eq!(status, 200);
        let attributes = body["data"]["attributes"].as_object().unwrap();
        assert_eq!(
            (&attributes["suppressed"], &attributes["suppressed-until"]),
            (&json!(true), &Value::Null)
        );
    }
}

#[test]
fn only_failing_checks_are_suppressed_and_only_into_the_future() {
    // Sections 4.5 and 23.2.
    let passing = Check { status: Status::Success, ..failing("pass") };
    let sim = holding([failing("a"), passing.clone()]);
    let asks = |attributes: Value| json!({"data": {"attributes": attributes}});
    let answer = suppress(&sim, &passing, &asks(json!({"suppressed": true})));
    assert_eq!(refusal(&answer), "Only failing checks can be suppressed");
    for attributes in [
        json!({"suppressed": true, "suppressed-until": NOW}),
        json!({"suppressed": true, "suppressed-until": NOW / 1000}),
        json!({"suppressed": true, "suppressed-until": "2030-01-01"}),
        json!({"suppressed": "true"}),
        json!({}),
    ] {
        refusal(&suppress(&sim, &failing("a"), &asks(attributes)));
    }
    refusal(&suppress(&sim, &failing("a"), &json!({"data": {"suppressed": true}})));
    refusal(&suppress(&sim, &failing("a"), &asks(json!({"suppressed": true, "status": "SUCCESS"}))));
    let everything = found(&sim, "/checks?accountIds=acc1&filter[suppressed]=false");
    assert_eq!(everything["meta"]["total"], 2, "nothing was suppressed");
}

#[test]
fn suppressing_needs_write_access() {
    let other = Check::new(CheckId::new("acc2", "EC2-001", "EC2", "eu-west-1", "b"), Status::Failure, "LOW");
    let sim = holding([failing("a"), other.clone()]);
    let body = json!({"data": {"attributes": {"suppressed": true}}});
    let patch = |key, check: &Check| call(&sim, &request_as(key, Method::PATCH, &path(check), Some(&body)));
    assert_eq!(patch(Conformity::READ_ONLY_KEY, &failing("a")), (401, denied_write()));
    assert_eq!(patch(Conformity::CUSTOM_KEY, &other), (401, denied_write()));
    assert_eq!(patch(Conformity::NO_ACCESS_KEY, &other), (403, gateway()));
    assert_eq!(patch(Conformity::CUSTOM_KEY, &failing("a")).0, 200);
    assert_eq!(patch(Conformity::POWER_KEY, &other).0, 200);
}

#[test]
fn a_suppression_ends_by_itself() {
    // Section 23.2: lazily, on reading.
    let check = Check { suppressed: Some(true), suppressed_until: Some(NOW + 10), ..failing("a") };
    let sim = holding([check]);
    let target = "/checks?accountIds=acc1&filter[suppressed]=false";
    let at = |now| read(&sim.handle(&request(Method::GET, target, None), now)).1;
    assert_eq!(at(NOW + 9)["meta"]["total"], 0);
    let body = at(NOW + 10);
    assert_eq!(body["meta"]["total"], 1);
    assert_eq!(body["data"][0]["attributes"]["suppressed"], false);
    assert_eq!(body["data"][0]["attributes"]["suppressed-until"], Value::Null);
    assert!(!sim.world().checks[0].is_suppressed());
}

#[test]
fn deleting_answers_with_an_array_and_the_check_is_gone() {
    // Section 4.6.
    let sim = holding([failing("a"), failing("b"), failing("c")]);
    assert_eq!(found(&sim, "/checks?accountIds=acc1")["meta"]["total"], 3);
    let read_only = request_as(Conformity::READ_ONLY_KEY, Method::DELETE, &path(&failing("a")), None);
    assert_eq!(call(&sim, &read_only), (401, denied_write()));
    let deleted = call(&sim, &request(Method::DELETE, &path(&failing("a")), None));
    assert_eq!(
        deleted,
        (200, json!({"meta": [{"status": "success", "message": "Check successfully deleted"}]}))
    );
    assert_eq!(get(&sim, &path(&failing("a"))), missing());
    let left = [failing("b"), failing("c")].map(|check| check.id.to_string());
    assert_eq!(ids(&found(&sim, "/checks?accountIds=acc1")), left);
}

/// Section 4.1: observed ids without a resource end with a colon, the prose leaves it out.
#[test]
fn a_check_without_a_resource_is_found_in_both_spellings() {
    let bare = CheckId::parse("ccc:acc1:CT-001:CloudTrail:global").unwrap();
    let sim = holding([failing(""), Check::new(bare, Status::Failure, "LOW")]);
    for known in ["ccc:acc1:EC2-001:EC2:eu-west-1:", "ccc:acc1:CT-001:CloudTrail:global"] {
        let bare = known.trim_end_matches(':');
        for asked in [bare.to_owned(), format!("{bare}:")] {
            assert_eq!(found(&sim, &format!("/checks/{}", encoded(&asked)))["data"]["id"], known, "{asked}");
        }
    }
    let body = json!({"data": {"attributes": {"suppressed": true}}});
    assert_eq!(send(&sim, Method::PATCH, "/checks/ccc:acc1:EC2-001:EC2:eu-west-1", &body).0, 200);
    assert_eq!(get(&sim, "/checks/ccc:acc1:EC2-001:EC2:eu-west-2"), missing());
}

fn custom(account: &str, resource: &str) -> Value {
    json!({
        "type": "checks",
        "attributes": {
            "message": "Host is patched", "region": "us-west-2", "risk-level": "HIGH", "service": "EC2",
            "status": "FAILURE", "not-scored": false, "resource": resource, "tags": ["env::prod"],
            "categories": ["security"], "extradata": [{"label": "L", "name": "n", "type": "META", "value": 1}],
        },
        "relationships": {
            "account": {"data": {"type": "accounts", "id": account}},
            "rule": {"data": {"type": "rules", "id": "CUSTOM-001"}},
        },
    })
}

#[test]
fn custom_checks_are_made_and_overwritten_and_answered_as_an_array() {
    // Section 4.4.
    let sim = simulator(small_world());
    let (status, body) = send(&sim, Method::POST, "/checks", &json!({"data": custom("acc1", "web-1")}));
    assert_eq!(status, 200, "{body}");
    assert_eq!(ids(&body), ["ccc:acc1:CUSTOM-001:EC2:us-west-2:web-1"]);
    let attributes = &body["data"][0]["attributes"];
    assert_eq!(attributes["pretty-risk-level"], "High");
    assert_eq!(attributes["created-date"], NOW);
    assert_eq!(attributes["rule-title"], "Custom Rule");

    let mut again = custom("acc1", "web-1");
    again["attributes"]["status"] = json!("SUCCESS");
    let mut titled = custom("acc1", "web-2");
    titled["attributes"]["rule-title"] = json!("Servers are patched");
    let (status, _) = send(&sim, Method::POST, "/checks", &json!({"data": [again, titled]}));
    assert_eq!(status, 200);
    let all = found(&sim, "/checks?accountIds=acc1&filter[ruleIds]=CUSTOM-001");
    assert_eq!(all["meta"]["total"], 2, "the same key overwrites");
    assert_eq!(all["data"][0]["attributes"]["status"], "SUCCESS");
    for check in all["data"].as_array().unwrap() {
        assert_eq!(check["attributes"]["rule-title"], "Servers are patched", "the newest title wins");
    }
}

#[test]
fn custom_checks_without_write_access_are_refused_or_dropped() {
    let body = json!({"data": [custom("acc1", "a"), custom("acc2", "b")]});
    let post = |sim: &Conformity| {
        call(sim, &request_as(Conformity::CUSTOM_KEY, Method::POST, "/checks", Some(&body)))
    };
    let strict = simulator(small_world());
    assert_eq!(post(&strict), (401, denied_write()));
    assert!(strict.world().checks.is_empty());
    let lax = with(small_world(), |options| options.drop_denied_custom_checks = true);
    assert_eq!(ids(&post(&lax).1), ["ccc:acc1:CUSTOM-001:EC2:us-west-2:a"]);
}

#[test]
fn custom_checks_are_validated() {
    let sim = simulator(small_world());
    let long = "x".repeat(60);
    for (path, value) in [
        ("/attributes/message", Value::Null),
        ("/attributes/region", Value::Null),
        ("/attributes/service", Value::Null),
        ("/attributes/risk-level", json!("SEVERE")),
        ("/attributes/status", json!("FAILED")),
        ("/attributes/tags", json!([format!("k::{long}")])),
        ("/attributes/tags", json!(vec!["k::v"; 21])),
        ("/attributes/extradata", json!([{"label": long, "name": "n", "type": "t", "value": 1}])),
        ("/relationships/account", Value::Null),
        ("/relationships/rule/data/id", json!("EC2-001")),
    ] {
        let mut check = custom("acc1", "a");
        *check.pointer_mut(path).unwrap() = value;
        refusal(&send(&sim, Method::POST, "/checks", &json!({"data": check})));
    }
    refusal(&send(&sim, Method::POST, "/checks", &json!({})));
}

#[test]
fn custom_checks_are_updated_with_their_key_unchanged() {
    // Section 4.5, the second use.
    let sim = simulator(small_world());
    send(&sim, Method::POST, "/checks", &json!({"data": custom("acc1", "web-1")}));
    let target = "/checks/ccc:acc1:CUSTOM-001:EC2:us-west-2:web-1";
    let mut changed = custom("acc1", "web-1");
    changed["attributes"]["message"] = json!("Host is not patched");
    let (status, body) = send(&sim, Method::PATCH, target, &json!({"data": changed}));
    assert_eq!((status, &body["data"]["attributes"]["message"]), (200, &json!("Host is not patched")));
    let moved = custom("acc1", "web-2");
    refusal(&send(&sim, Method::PATCH, target, &json!({"data": moved})));
}
