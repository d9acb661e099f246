//! Profiles (section 7).

use super::*;
use crate::conformity::{Exceptions, Profile, RuleSetting};

fn setting(id: &str, attributes: &Value) -> Value {
    json!({"type": "rules", "id": id, "attributes": attributes})
}

fn body(id: Option<&str>, name: &str, settings: &[Value]) -> Value {
    let links: Vec<Value> = settings.iter().map(|s| json!({"type": "rules", "id": s["id"]})).collect();
    let mut body = json!({
        "data": {
            "type": "profiles",
            "attributes": {"name": name},
            "relationships": {"ruleSettings": {"data": links}},
        },
        "included": settings,
    });
    if let Some(id) = id {
        body["data"]["id"] = json!(id);
    }
    body
}

fn enabled(level: &str) -> Value {
    json!({"enabled": true, "riskLevel": level, "provider": "aws"})
}

/// The rules of a profile with their risk levels, by id.
fn levels(sim: &Conformity, id: &str) -> Vec<(String, String)> {
    let world = sim.world();
    let rules = &world.profile(id).unwrap().rules;
    rules.values().map(|rule| (rule.id.clone(), rule.risk_level.clone().unwrap_or_default())).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(id, level)| ((*id).to_owned(), (*level).to_owned())).collect()
}

fn create(sim: &Conformity, name: &str, settings: &[Value]) -> String {
    let (status, answer) = send(sim, Method::POST, "/profiles", &body(None, name, settings));
    assert_eq!(status, 200, "{answer}");
    answer["data"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn the_list_has_names_only_and_leaves_out_the_organisations_own() {
    let sim = simulator(World::demo(1));
    let list = found(&sim, "/profiles/");
    assert_eq!(ids(&list), ["pR0f1leX9", "-oldRul3s", "az_Pr0fi_", "emptyProf"]);
    assert_eq!(
        list["data"][0],
        json!({
            "type": "profiles", "id": "pR0f1leX9",
            "attributes": {"name": "Baseline", "description": "organisation default"},
        })
    );
    assert_eq!(list["data"][1]["attributes"], json!({"name": "Legacy, to be retired"}));
    assert!(list.get("included").is_none());
}

#[test]
fn an_empty_list_is_forbidden_or_empty() {
    // Section 23, 3.
    assert_eq!(get(&simulator(small_world()), "/profiles"), (403, gateway()));
    let lax = with(small_world(), |options| options.empty_list_is_forbidden = false);
    assert_eq!(get(&lax, "/profiles"), (200, json!({"data": []})));
}

#[test]
fn settings_come_only_with_includes() {
    let sim = simulator(World::demo(1));
    let bare = found(&sim, "/profiles/pR0f1leX9");
    assert!(bare.get("included").is_none() && bare["data"].get("relationships").is_none());
    let full = found(&sim, "/profiles/pR0f1leX9?includes=ruleSettings");
    let rules: Vec<&str> =
        full["included"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap()).collect();
    assert_eq!(rules, ["S3-016", "RTM-002", "GD-002", "EC2-001"], "in an order of the server's own");
    let links = full["data"]["relationships"]["ruleSettings"]["data"].as_array().unwrap();
    assert!(links.iter().zip(&rules).all(|(link, id)| *link == json!({"type": "rules", "id": id})));
    assert_eq!(
        full["included"][0]["attributes"],
        json!({
            "enabled": true, "riskLevel": "HIGH", "provider": "aws",
            "exceptions": {"tags": ["team::legacy"], "filterTags": [], "resources": []},
        }),
        "empty exceptions are arrays here"
    );
    assert_eq!(
        full["included"][1]["attributes"]["extraSettings"],
        json!([{"name": "ttl", "type": "ttl", "value": 72, "ttl": true}])
    );
    assert!(full["included"][2]["attributes"].get("riskLevel").is_none());
    assert_eq!(full["meta"], json!({}));
    assert_eq!(get(&sim, "/profiles/nope"), (403, gateway()), "no 404 (section 3.6)");
}

#[test]
fn a_stored_deprecated_rule_warns_with_its_id() {
    let sim = simulator(World::demo(1));
    let meta = found(&sim, "/profiles/-oldRul3s?includes=ruleSettings")["meta"].clone();
    assert_eq!(meta["deprecation"]["warning"]["rules"], json!(["CT-013"]));
    assert!(meta["deprecation"]["warning"]["message"].is_string());
    assert!(meta["deprecation"]["warning"]["link"].is_string());
}

#[test]
fn posting_without_an_id_creates() {
    let sim = simulator(small_world());
    let sample = json!({
        "data": {
            "type": "profiles",
            "attributes": {"name": "Baseline", "description": "org default"},
            "relationships": {"ruleSettings": {"data": [{"type": "rules", "id": "RTM-002"}]}},
        },
        "included": [setting("RTM-002", &json!({
            "enabled": true, "riskLevel": "MEDIUM", "provider": "aws",
            "exceptions": {"tags": [], "filterTags": [], "resources": []},
            "extraSettings": [{"name": "ttl", "type": "ttl", "value": 48, "ttl": true}],
        }))],
    });
    let (status, answer) = send(&sim, Method::POST, "/profiles", &sample);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["included"], sample["included"]);
    let id = answer["data"]["id"].as_str().unwrap();
    assert_eq!(ids(&found(&sim, "/profiles")), [id]);
    assert_eq!(found(&sim, &format!("/profiles/{id}?includes=ruleSettings")), answer);
    let second = create(&sim, "Baseline", &[]);
    assert_ne!(second, id, "the same name makes another profile");
    // The top level of a newer schema is not where the id is looked for.
    let mut top = body(None, "Top", &[]);
    top["id"] = json!(id);
    assert_ne!(send(&sim, Method::POST, "/profiles", &top).1["data"]["id"], id);
}

#[test]
fn posting_with_an_id_overwrites_everything() {
    // Section 23, 18.
    let sim = simulator(small_world());
    let mut first =
        body(None, "One", &[setting("S3-016", &enabled("HIGH")), setting("EC2-001", &enabled("LOW"))]);
    first["data"]["attributes"]["description"] = json!("words");
    let (_, answer) = send(&sim, Method::POST, "/profiles", &first);
    let id = answer["data"]["id"].as_str().unwrap();
    let (status, answer) = send(
        &sim,
        Method::POST,
        "/profiles",
        &body(Some(id), "Two", &[setting("EC2-002", &enabled("EXTREME"))]),
    );
    assert_eq!((status, &answer["data"]["id"]), (200, &json!(id)));
    assert_eq!(answer["data"]["attributes"], json!({"name": "Two"}), "the description is gone too");
    assert_eq!(levels(&sim, id), pairs(&[("EC2-002", "EXTREME")]));
    // Without included and relationships the profile stays and its settings go.
    let wipe = json!({"data": {"id": id, "type": "profiles", "attributes": {"name": "Three"}}});
    let (status, answer) = send(&sim, Method::POST, "/profiles", &wipe);
    assert_eq!((status, &answer["included"]), (200, &json!([])));
    assert_eq!(levels(&sim, id), pairs(&[]));
    assert_eq!(ids(&found(&sim, "/profiles")), [id]);
    assert_eq!(send(&sim, Method::POST, "/profiles", &body(Some("nope"), "X", &[])), (403, gateway()));
}

#[test]
fn patching_merges() {
    let sim = simulator(small_world());
    let id = create(&sim, "One", &[setting("S3-016", &enabled("HIGH")), setting("EC2-001", &enabled("LOW"))]);
    let mut patch =
        body(None, "Two", &[setting("EC2-001", &enabled("EXTREME")), setting("EC2-002", &enabled("LOW"))]);
    patch["data"]["attributes"] = json!({"description": "new"});
    let (status, answer) = send(&sim, Method::PATCH, &format!("/profiles/{id}"), &patch);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["data"]["attributes"], json!({"name": "One", "description": "new"}));
    assert_eq!(answer["included"].as_array().unwrap().len(), 3, "the answer lists all");
    assert_eq!(levels(&sim, &id), pairs(&[("EC2-001", "EXTREME"), ("EC2-002", "LOW"), ("S3-016", "HIGH")]));
    let name = json!({"data": {"attributes": {"name": "Renamed"}}});
    assert_eq!(
        send(&sim, Method::PATCH, &format!("/profiles/{id}"), &name).1["data"]["attributes"]["description"],
        "new"
    );
    assert_eq!(levels(&sim, &id).len(), 3);
    assert_eq!(send(&sim, Method::PATCH, "/profiles/nope", &name), (403, gateway()));
}

#[test]
fn writes_are_validated_and_change_nothing_when_refused() {
    let sim = simulator(small_world());
    let id = create(&sim, "One", &[setting("S3-016", &enabled("HIGH"))]);
    let mut unlinked = body(Some(&id), "Bad", &[setting("EC2-001", &enabled("LOW"))]);
    unlinked["data"]["relationships"]["ruleSettings"]["data"] = json!([]);
    let mut not_included = body(Some(&id), "Bad", &[setting("EC2-001", &enabled("LOW"))]);
    not_included.as_object_mut().unwrap().remove("included");
    let text = json!({"enabled": "true", "riskLevel": "LOW"});
    for bad in [
        unlinked,
        not_included,
        json!({"data": {"id": id, "attributes": {}}}),
        json!({"data": {"id": id, "attributes": {"name": " "}}}),
        body(Some(&id), "Bad", &[setting("NOPE", &enabled("LOW"))]),
        body(Some(&id), "Bad", &[setting("EC2-001", &text)]),
        body(Some(&id), "Bad", &[setting("GD-002", &enabled("LOW"))]),
        body(
            Some(&id),
            "Bad",
            &[setting("EC2-001", &json!({"enabled": true, "riskLevel": "LOW", "configured": true}))],
        ),
        body(Some(&id), "Bad", &[setting("CT-013", &enabled("LOW"))]),
    ] {
        refusal(&send(&sim, Method::POST, "/profiles", &bad));
    }
    assert_eq!(
        refusal(&send(&sim, Method::POST, "/profiles", &json!({"data": {"attributes": {}}}))),
        "Name is required"
    );
    assert_eq!(levels(&sim, &id), pairs(&[("S3-016", "HIGH")]));
}

#[test]
fn a_deprecated_rule_that_is_there_already_can_be_written_again() {
    let sim = simulator(World::demo(1));
    let again = body(Some("-oldRul3s"), "Legacy", &[setting("CT-013", &enabled("HIGH"))]);
    let (status, answer) = send(&sim, Method::POST, "/profiles", &again);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["meta"]["deprecation"]["warning"]["rules"], json!(["CT-013"]));
    let lax = with(small_world(), |options| options.refuse_deprecated_rules = false);
    create(&lax, "One", &[setting("CT-013", &enabled("LOW"))]);
}

#[test]
fn deleting_a_profile() {
    let sim = simulator(World::demo(1));
    let delete = || call(&sim, &request(Method::DELETE, "/profiles/pR0f1leX9", None));
    assert_eq!(delete(), (200, json!({"meta": {"status": "deleted"}})));
    assert_eq!(delete(), (403, gateway()));
}

#[test]
fn the_organisations_own_profile_has_to_exist_and_can_be_reset() {
    let sim = simulator(small_world());
    let id = format!("organisation-{}", sim.world().organisation);
    let reset = json!({"data": {
        "type": "profiles", "id": id, "attributes": {"name": "Organisation"},
        "relationships": {"ruleSettings": {"data": []}},
    }});
    assert_eq!(get(&sim, &format!("/profiles/{id}")), (403, gateway()));
    assert_eq!(send(&sim, Method::POST, "/profiles", &reset), (403, gateway()));

    let sim = simulator(World::demo(1));
    let id = format!("organisation-{}", sim.world().organisation);
    let reset = json!({"data": {
        "type": "profiles", "id": id, "attributes": {"name": "Organisation"},
        "relationships": {"ruleSettings": {"data": []}},
    }});
    let before = found(&sim, &format!("/profiles/{id}?includes=ruleSettings"));
    assert_eq!(before["included"].as_array().unwrap().len(), 1);
    assert_eq!(send(&sim, Method::POST, "/profiles", &reset).0, 200);
    assert_eq!(levels(&sim, &id), pairs(&[]));
}

/// The account has S3-016 with an exception and EC2-001; the profile has S3-016 with another exception and EC2-002.
fn to_be_applied(delay: i64) -> Conformity {
    let mut world = small_world();
    let excepted = |tag: &str| Some(Exceptions { tags: vec![tag.into()], ..Exceptions::default() });
    let of_account =
        RuleSetting { exceptions: excepted("account"), ..RuleSetting::new("S3-016", false, Some("LOW")) };
    let of_profile =
        RuleSetting { exceptions: excepted("profile"), ..RuleSetting::new("S3-016", true, Some("HIGH")) };
    world.accounts[0].rules = [of_account, RuleSetting::new("EC2-001", true, Some("MEDIUM"))]
        .map(|rule| (rule.id.clone(), rule))
        .into();
    world.profiles.push(Profile {
        id: "prof".into(),
        name: "Profile".into(),
        description: None,
        rules: [of_profile, RuleSetting::new("EC2-002", true, Some("EXTREME"))]
            .map(|rule| (rule.id.clone(), rule))
            .into(),
    });
    with(world, |options| options.apply_delay_ms = delay)
}

fn apply(sim: &Conformity, meta: &Value) -> (u16, Value) {
    send(sim, Method::POST, "/profiles/prof/apply", &json!({"meta": meta}))
}

/// The account's rules with their risk levels and the tag that is excepted.
fn outcome(sim: &Conformity) -> Vec<String> {
    let world = sim.world();
    let rules = world.account("acc1").unwrap().rules.values();
    rules
        .map(|rule| {
            let tag = rule.exceptions.as_ref().and_then(|e| e.tags.first()).map_or("-", String::as_str);
            format!("{} {} {tag}", rule.id, rule.risk_level.as_deref().unwrap())
        })
        .collect()
}

#[test]
fn applying_has_three_modes_and_a_switch_for_exceptions() {
    let kept = "EC2-001 MEDIUM -";
    let new = "EC2-002 EXTREME -";
    let cases: [(Value, &[&str]); 8] = [
        (json!({"mode": "fill-gaps"}), &[kept, new, "S3-016 LOW account"]),
        (json!({"mode": "fill-gaps", "include": {"exceptions": true}}), &[kept, new, "S3-016 LOW account"]),
        (json!({"mode": "overwrite"}), &[kept, new, "S3-016 HIGH profile"]),
        (json!({"mode": "overwrite", "include": {}}), &[kept, new, "S3-016 HIGH profile"]),
        (json!({"mode": "overwrite", "include": {"exceptions": true}}), &[kept, new, "S3-016 HIGH profile"]),
        (json!({"mode": "overwrite", "include": {"exceptions": false}}), &[kept, new, "S3-016 HIGH account"]),
        (json!({"mode": "replace"}), &[new, "S3-016 HIGH profile"]),
        (json!({"mode": "replace", "include": {"exceptions": false}}), &[new, "S3-016 HIGH profile"]),
    ];
    for (mut meta, expected) in cases {
        let sim = to_be_applied(0);
        meta["accountIds"] = json!(["acc1"]);
        meta["types"] = json!(["rule"]);
        let sent = json!({"meta": {
            "status": "sent", "message": "Profile will be applied to the accounts in background",
        }});
        assert_eq!(apply(&sim, &meta), (200, sent));
        assert_eq!(outcome(&sim), expected, "{meta}");
    }
}

#[test]
fn overwriting_without_exceptions_in_the_profile_drops_the_accounts() {
    let sim = to_be_applied(0);
    sim.edit(|world| world.profiles[0].rules.get_mut("S3-016").unwrap().exceptions = None);
    apply(&sim, &json!({"accountIds": ["acc1"], "types": ["rule"], "mode": "overwrite"}));
    assert_eq!(outcome(&sim)[2], "S3-016 HIGH -");
}

#[test]
fn applying_takes_effect_later_and_leaves_a_note() {
    let sim = to_be_applied(60_000);
    let before = outcome(&sim);
    let meta = json!({"accountIds": ["acc1"], "types": ["rule"], "mode": "replace", "notes": "rollout"});
    assert_eq!(apply(&sim, &meta).0, 200);
    assert_eq!(outcome(&sim), before);
    let target = "/accounts/acc1/settings/rules/EC2-002?notes=true";
    let at = |now| read(&sim.handle(&request(Method::GET, target, None), now));
    assert_eq!(at(NOW + 59_999).0, 404);
    let (status, body) = at(NOW + 60_000);
    assert_eq!(status, 200);
    assert_eq!(body["meta"]["notes"][0]["note"], "rollout");
    assert_eq!(outcome(&sim).len(), 2);
}

#[test]
fn applying_is_validated() {
    let sim = to_be_applied(0);
    let before = outcome(&sim);
    for bad in [
        json!({"types": ["rule"], "mode": "replace"}),
        json!({"accountIds": [], "types": ["rule"], "mode": "replace"}),
        json!({"accountIds": ["acc1"], "types": ["rule"], "mode": "merge"}),
        json!({"accountIds": ["acc1"], "types": ["rule"]}),
        json!({"accountIds": ["acc1"], "mode": "replace"}),
        json!({"accountIds": ["acc1"], "types": ["rule"], "mode": "replace", "include": {"exceptions": "no"}}),
    ] {
        refusal(&apply(&sim, &bad));
    }
    let unknown = json!({"accountIds": ["acc1", "nope"], "types": ["rule"], "mode": "replace"});
    assert_eq!(apply(&sim, &unknown), (403, gateway()));
    let good = json!({"meta": {"accountIds": ["acc1"], "types": ["rule"], "mode": "replace"}});
    assert_eq!(send(&sim, Method::POST, "/profiles/nope/apply", &good), (403, gateway()));
    assert_eq!(outcome(&sim), before);
}
