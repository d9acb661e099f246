//! The catalogue, users, keys, groups, events, reports, resources, channels (sections 8 to 17).

use super::*;
use crate::conformity::RuleLayout;

#[test]
fn services_have_their_rules_beside_them_with_flat_fields() {
    // Section 8.
    let sim = simulator(small_world());
    let body = found(&sim, "/services/");
    let service = body["data"].as_array().unwrap().iter().find(|s| s["id"] == "CloudTrail").unwrap();
    assert_eq!(service["attributes"], json!({"name": "CloudTrail", "provider": "aws"}));
    let linked: Vec<&Value> = service["relationships"]["rules"]["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| &rule["id"])
        .collect();
    assert_eq!(linked, ["CT-001", "CT-002", "CT-004", "CT-013"]);
    let rule =
        |id: &str| body["included"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap().clone();
    let deprecated = rule("CT-013");
    assert_eq!(deprecated["type"], "rules");
    assert_eq!(deprecated["risk-level"], "LOW");
    assert_eq!(deprecated["is-deprecated"], true);
    assert_eq!(deprecated["package"], "base");
    assert!(deprecated["knowledge-base-html"].is_string());
    for absent in ["attributes", "slug", "multi-risk-level", "not-scored", "settings"] {
        assert!(deprecated.get(absent).is_none(), "{absent} is there only when it says something");
    }
    assert_eq!(rule("GD-002")["multi-risk-level"], true);
    assert_eq!(rule("CC-001")["is-organisational"], true);
    assert_eq!(rule("CUSTOM-001")["risk-level"], "CUSTOM");
    assert_eq!(rule("RTM-002")["settings"][0]["type"], "ttl");
}

#[test]
fn the_keyless_host_nests_the_fields_and_uses_its_own_words() {
    let sim = with(small_world(), |options| options.rule_layout = RuleLayout::Nested);
    let mut request = request(Method::GET, "/services", None);
    request.headers.clear();
    let (status, body) = call(&sim, &request);
    assert_eq!(status, 200);
    let rule = body["included"].as_array().unwrap().iter().find(|rule| rule["id"] == "CC-001").unwrap();
    assert_eq!(rule["attributes"]["organisation"], true);
    assert_eq!(rule["attributes"]["package"], "auditing");
    assert!(rule["attributes"]["slug"].is_string());
    assert!(rule.get("title").is_none());
    request.path = "/v1/accounts".into();
    assert_eq!(call(&sim, &request).0, 401);
}

#[test]
fn the_standard_catalogue_is_wide() {
    let world = small_world();
    let catalogue = &world.catalogue;
    assert!(catalogue.rules.len() >= 150 && catalogue.services.len() >= 30);
    let has = |hit: &dyn Fn(&crate::conformity::Rule) -> bool| catalogue.rules.iter().any(hit);
    assert!(
        has(&|rule| rule.deprecated) && has(&|rule| rule.not_scored) && has(&|rule| rule.must_be_configured)
    );
    let types: std::collections::BTreeSet<&str> =
        catalogue.rules.iter().flat_map(|rule| &rule.settings).map(|s| s["type"].as_str().unwrap()).collect();
    assert_eq!(types.len(), 16, "every type of section 6.1: {types:?}");
    let names: std::collections::BTreeSet<&str> = catalogue.rules.iter().map(|rule| &*rule.name).collect();
    assert!(names.len() < catalogue.rules.len(), "code names are not unique");
    let mut ids: Vec<&str> = catalogue.rules.iter().map(|rule| &*rule.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), catalogue.rules.len());
    for multi in ["Budgets-001", "Inspector-001", "Macie-002", "GD-002", "SecurityCenter-020", "Advisor-001"]
    {
        assert!(catalogue.rule(multi).unwrap().multi_risk_level, "{multi} (section 6)");
    }
}

#[test]
fn whoami_tells_role_side_and_organisation() {
    // Sections 2.2 and 10.
    let world = small_world();
    let organisation = world.organisation.clone();
    let sim = simulator(world);
    let me = found(&sim, "/users/whoami")["data"].clone();
    assert_eq!((&me["type"], &me["attributes"]["role"]), (&json!("users"), &json!("ADMIN")));
    assert_eq!(me["attributes"]["is-cloud-one-user"], false);
    assert_eq!(me["relationships"]["organisation"]["data"]["id"], organisation);
    assert!(me["relationships"].get("accountAccessList").is_none(), "only for the role USER");
    let machine = get_as(&sim, Conformity::POWER_KEY, "/users/whoami").1["data"]["attributes"].clone();
    assert!(machine.get("email").is_none());
    assert_eq!(machine["meta"]["is-api-key-user"], true);
    assert_eq!(machine["role"], "POWER_USER");

    let custom = get_as(&sim, Conformity::CUSTOM_KEY, "/users/whoami").1["data"].clone();
    let own = json!([{"account": "acc1", "level": "FULL"}, {"account": "acc2", "level": "READONLY"}]);
    assert_eq!(custom["relationships"]["accountAccessList"], own, "the user does not see NONE rows");
    let id = custom["id"].as_str().unwrap();
    let seen = found(&sim, &format!("/users/{id}"))["data"]["relationships"]["accountAccessList"].clone();
    assert_eq!(seen[2], json!({"account": "acc3", "level": "NONE"}), "an administrator does");
    assert_eq!(ids(&found(&sim, "/users")).len(), 6);
    let cloud_one = World::generate(&Spec { cloud_one: true, ..Spec::default() });
    assert_eq!(
        found(&simulator(cloud_one), "/users/whoami")["data"]["attributes"]["is-cloud-one-user"],
        true
    );
}

#[test]
fn an_unknown_user_is_422() {
    // Section 3.6.
    let answer = get(&simulator(small_world()), "/users/nope");
    assert_eq!(refusal(&answer), "No such user");
    assert_eq!(answer.1["errors"][0]["source"]["pointer"], "/data/attributes");
}

#[test]
fn keys_are_the_callers_own_and_never_tell_the_secret() {
    // Section 11.
    let sim = simulator(small_world());
    let body = found(&sim, "/api-keys/");
    assert_eq!(ids(&body).len(), 1);
    assert_eq!(body["data"][0]["attributes"]["status"], "ENABLED");
    assert!(!body.to_string().contains(Conformity::DEMO_KEY));
    assert_eq!(found(&sim, &format!("/api-keys/{}", ids(&body)[0]))["data"], body["data"][0]);
    let other = sim.world().keys[1].id.clone();
    assert_eq!(get(&sim, &format!("/api-keys/{other}")), (403, gateway()));
    assert_eq!(send(&sim, Method::POST, "/api-keys", &json!({})).0, 404);
}

#[test]
fn groups_are_listed_and_changed() {
    // Sections 13 and 23, 3.
    assert_eq!(get(&simulator(small_world()), "/groups"), (403, gateway()));
    let sim = simulator(World::demo(1));
    assert_eq!(found(&sim, "/groups/gR0up0001")["data"].as_array().unwrap().len(), 1, "an array of one");
    let accounts = found(&sim, "/groups")["data"][0]["relationships"]["accounts"]["data"].clone();
    assert!(!accounts.as_array().unwrap().is_empty());
    let made = send(
        &sim,
        Method::POST,
        "/groups",
        &json!({"data": {"attributes": {"name": "New", "tags": ["pci"]}}}),
    )
    .1;
    assert_eq!(made["data"]["relationships"]["accounts"]["data"], accounts);
    let target = format!("/groups/{}", made["data"]["id"].as_str().unwrap());
    let renamed = send(&sim, Method::PATCH, &target, &json!({"data": {"attributes": {"name": "Newer"}}})).1;
    assert_eq!(renamed["data"]["attributes"]["tags"], json!(["pci"]));
    refusal(&send(&sim, Method::PATCH, &target, &json!({"data": {"attributes": {"name": "x"}}})));
    let deleted = call(&sim, &request(Method::DELETE, &target, None));
    assert_eq!(deleted, (200, json!({"meta": {"status": "deleted"}})));
    assert_eq!(get(&sim, &target), (403, gateway()));
}

#[test]
fn events_are_paged_with_total_pages_only() {
    // Sections 3.5 and 9.
    let sim = simulator(World::demo(1));
    let account = sim.world().accounts[0].id.clone();
    let body = found(&sim, "/events?page[size]=50");
    assert_eq!(body["meta"], json!({"total-pages": 4}));
    let cloud = found(&sim, "/events?cc=false&page[size]=1000");
    assert_eq!(ids(&cloud).len(), 150);
    assert_eq!(
        cloud["data"][0]["relationships"]["account"]["data"],
        json!({"type": "account", "id": account})
    );
    assert_eq!(ids(&found(&sim, "/events?aws=false")), ["evB00001", "evB00002"]);
    assert_eq!(ids(&found(&sim, &format!("/events?aws=false&accountIds={account}"))), ["evB00001"]);
    assert_eq!(ids(&get_as(&sim, Conformity::READ_ONLY_KEY, "/events?aws=false").1), ["evB00001"]);
    assert_eq!(ids(&found(&sim, "/events?filter[name]=organisation.*")), ["evB00002"]);
    let since = found(&sim, &format!("/events?cc=false&filter[since]={}", BASE_TIME - 3_600_000));
    assert_eq!(ids(&since), ["evA00000", "evA00001"]);
    assert_eq!(get(&sim, "/events?accountIds=nope"), (403, gateway()));
    assert_eq!(
        get(&sim, "/events?filter[since]=x"),
        (
            400,
            json!({"errors": [{
                "status": 400,
                "source": {"pointer": "/data/attributes/filter[since]"},
                "detail": "filter[since] is not a valid positive integer",
            }]})
        )
    );
    let locked = with(small_world(), |options| options.organisation_locked = true);
    assert_eq!(get(&locked, "/events").0, 423);
}

#[test]
fn excluded_resources_need_full_access_and_name_their_rules() {
    // Section 16.
    let mut world = small_world();
    let excluded = |rule| Check {
        excluded: Some(true),
        ccrn: Some("ccrn:aws:acc1:EC2:eu-west-1:a".into()),
        ..Check::new(CheckId::new("acc1", rule, "EC2", "eu-west-1", "a"), Status::Success, "LOW")
    };
    world.checks = vec![excluded("EC2-001"), excluded("EC2-002"), failing("b")];
    let sim = simulator(world);
    let body = found(&sim, "/resources?excluded=true");
    assert!(body.get("meta").is_none());
    assert_eq!(ids(&body), ["ccrn:aws:acc1:EC2:eu-west-1:a"]);
    assert_eq!(
        body["data"][0]["attributes"]["excluded-rules"],
        json!([{"rule-id": "EC2-001"}, {"rule-id": "EC2-002"}])
    );
    let denied = get_as(&sim, Conformity::READ_ONLY_KEY, "/resources?excluded=true");
    assert_eq!(denied, (401, json!({"message": "Unauthorized."})));
    refusal(&get(&sim, "/resources"));
}

#[test]
fn reports_and_their_configurations_are_read() {
    // Sections 14 and 15.
    let sim = simulator(World::demo(1));
    let account = sim.world().accounts[0].id.clone();
    let configs = found(&sim, &format!("/report-configs?accountId={account}"));
    assert_eq!(ids(&configs), [format!("{account}:report-config:rC0nf1g01")]);
    assert_eq!(configs["data"][0]["type"], "report-config");
    assert_eq!(found(&sim, &format!("/report-configs/{}", ids(&configs)[0]))["data"], configs["data"][0]);
    assert_eq!(get(&sim, "/report-configs"), (403, gateway()), "an empty organisation list (section 23, 3)");
    let reports = found(&sim, &format!("/reports?accountId={account}"));
    assert_eq!(ids(&reports), ["rEp0rt001"]);
    assert_eq!(found(&sim, "/reports"), json!({"data": []}));
    let url = found(&sim, &format!("/reports/rEp0rt001/{account}/csv"));
    assert!(url["url"].is_string() && url.get("data").is_none());
    let hidden = get_as(&sim, Conformity::NO_ACCESS_KEY, &format!("/reports?accountId={account}"));
    assert_eq!(hidden, (403, gateway()));
}

#[test]
fn channels_show_what_the_caller_may_see() {
    // Section 17.
    let sim = simulator(World::demo(1));
    let account = sim.world().accounts[0].id.clone();
    let of_account = format!("/settings/communication?accountId={account}");
    assert_eq!(ids(&found(&sim, &of_account)), [format!("{account}:communication:email-eM41l")]);
    assert_eq!(ids(&found(&sim, &format!("{of_account}&includeParents=true"))).len(), 2);
    let reader = get_as(&sim, Conformity::READ_ONLY_KEY, "/settings/communication").1;
    assert_eq!(ids(&reader).len(), 1);
    assert!(reader["data"][0]["attributes"].get("configuration").is_none());
    assert_eq!(found(&sim, "/settings/communication?channel=sms"), json!({"data": null}));
    assert_eq!(found(&sim, "/settings/communication:slack-sL4ck")["data"]["attributes"]["channel"], "slack");
}

#[test]
fn external_ids() {
    // Section 12.
    let sim = simulator(small_world());
    let first = found(&sim, "/organisation/external-id");
    assert_eq!(first["data"]["type"], "external-ids");
    let made = call(&sim, &request(Method::POST, "/external-ids", None)).1;
    assert_eq!(made["data"]["attributes"]["valid-until"], NOW + 3_600_000);
    assert_ne!(made["data"]["id"], first["data"]["id"]);
    sim.edit(|world| world.external_id = None);
    assert_eq!(get(&sim, "/organisation/external-id").0, 403);
}
