//! Cloud accounts and badges (sections 5 and 11).

use super::*;
use crate::insightcloudsec::Profile;

const LIST: &str = "/v2/public/clouds/list";

fn names(answer: &Value) -> Vec<String> {
    let clouds = answer["clouds"].as_array().unwrap();
    clouds.iter().map(|cloud| cloud["name"].as_str().unwrap().to_owned()).collect()
}

/// 5.1: GET gives everything, with the fields of the table.
#[test]
fn the_list_and_its_fields() {
    let sim = demo();
    let answer = ok(&get(&sim, LIST));
    assert_eq!(answer["total_count"], 9);
    let first = &answer["clouds"][0];
    assert_eq!(first["id"], 3);
    assert_eq!(first["resource_id"], "divvyorganizationservice:3");
    assert_eq!(first["group_resource_id"], first["resource_id"]);
    assert_eq!(first["cloud_type_id"], "AWS");
    assert_eq!(first["status"], "DEFAULT");
    assert_eq!(first["account_id"], "111122220021");
    assert_eq!(first["role_arn"], "ics_read");
    assert_eq!(first["event_driven_harvest_role"], "idle");
    assert_eq!(first["failed_resource_types"][0]["permissions"][0], "backup-gateway:GetGateway");
    assert_eq!(first["cloud_organization_nickname"], "main");
    assert_eq!(first["creation_time"].as_str().unwrap().len(), "2022-04-05 04:13:31".len());
    let truth = sim.world().resources.iter().filter(|resource| resource.cloud == 3).count();
    assert_eq!(first["resource_count"], truth);
    assert_eq!(first["badge_count"], sim.world().clouds[0].badges.len());
}

/// 5.2 and 5.1: the odd ones: paused, role not assumable, never harvested, a cluster's path and no account at all.
#[test]
fn odd_clouds() {
    let sim = demo();
    let answer = ok(&get(&sim, LIST));
    let cloud = |name: &str| {
        let clouds = answer["clouds"].as_array().unwrap();
        clouds.iter().find(|cloud| cloud["name"] == name).unwrap().clone()
    };
    assert_eq!(cloud("shared services")["status"], "PAUSED");
    assert_eq!(cloud("acquired (old)")["status"], "ASSUME_ROLE_FAIL");
    let new = cloud("just added");
    assert_eq!(new["status"], "REFRESH");
    assert!(new.get("last_refreshed").is_none());
    assert_eq!(new["resource_count"], 1, "nothing but itself");
    assert!(
        cloud("gke-payments")["account_id"]
            .as_str()
            .unwrap()
            .starts_with("//container.googleapis.com/projects/")
    );
    assert!(cloud("edge-cluster").get("account_id").is_none());
    assert_eq!(cloud("corporate apps")["tenant_id"], "0f1e2d3c-1111-2222-3333-444455556666");
}

/// 24 (9): the drifting fields of the four profiles.
#[test]
fn profiles() {
    let sim = demo();
    let first = |profile| {
        sim.configure(|options| options.profile = profile);
        ok(&get(&sim, LIST))["clouds"][0].clone()
    };
    let old = first(Profile::V2019);
    assert!(old["resources"].is_i64());
    for key in
        ["account_id", "badge_count", "resource_count", "host_assessment_enabled", "is_platform_managed"]
    {
        assert!(old.get(key).is_none(), "{key}");
    }
    let v2022 = first(Profile::V2022);
    assert!(v2022["account_id"].is_string() && v2022.get("host_assessment_enabled").is_none());
    let v2023 = first(Profile::V2023);
    assert!(v2023["host_assessment_status"].is_array() && v2023.get("is_platform_managed").is_none());
    assert_eq!(first(Profile::V2025)["is_platform_managed"], false);
    sim.configure(|options| options.profile = Profile::V2022);
    let answer = ok(&get(&sim, LIST));
    let new = answer["clouds"].as_array().unwrap().iter().find(|cloud| cloud["status"] == "REFRESH").unwrap();
    assert!(new["last_refreshed"].is_null() && new.get("last_refreshed").is_some());
}

/// 3.4: each filter type on a field of the row.
#[test]
fn result_filters() {
    let sim = demo();
    let filtered = |kind: &str, value: Value, list: Value| {
        let filter = json!({"field_name": "name", "filter_type": kind, "filter_value": value, "filter_list_value": list});
        names(&ok(&post(
            &sim,
            LIST,
            &json!({"filters": [filter], "limit": 25, "offset": 0, "order_by": "name ASC"}),
        )))
    };
    assert_eq!(filtered("EXACT", json!("production"), json!([])), ["production"]);
    assert_eq!(filtered("LIKE", json!("%PROD%"), json!([])), ["production"]);
    assert_eq!(filtered("NOT", json!("production"), json!([])).len(), 8);
    assert_eq!(filtered("IN", json!(""), json!(["staging", "analytics"])), ["analytics", "staging"]);
    assert_eq!(filtered("NOT_IN", Value::Null, json!(["staging", "analytics"])).len(), 7);
    assert_eq!(filtered("BETWEEN", Value::Null, json!(["a", "b"])), ["acquired (old)", "analytics"]);
    let numbers = json!({"field_name": "id", "filter_type": "BETWEEN", "filter_list_value": [9, 11]});
    let found = ok(&post(&sim, LIST, &json!({"filters": [numbers]})));
    assert_eq!(names(&found), ["acquired (old)", "just added", "edge-cluster"], "10 is more than 9");
    let wrong = json!({"filters": [{"field_name": "name", "filter_type": "REGEX", "filter_value": "x"}]});
    assert_v2_error(&post(&sim, LIST, &wrong), 400);
    assert_v2_error(&post(&sim, LIST, &json!({"limit": "all"})), 400);
}

/// 3.3 style A: pages add up, the total stays, an offset beyond it is empty; drift and caps on demand.
#[test]
fn paging() {
    let sim = demo();
    let page =
        |offset: usize| ok(&post(&sim, LIST, &json!({"limit": 4, "offset": offset, "order_by": "id ASC"})));
    let all: Vec<String> = [0, 4, 8].iter().flat_map(|&offset| names(&page(offset))).collect();
    assert_eq!(all, names(&ok(&get(&sim, LIST))));
    assert_eq!(names(&page(8)).len(), 1);
    assert_eq!(page(12)["clouds"], json!([]));
    assert_eq!(page(12)["total_count"], 9);
    sim.configure(|options| options.total_drift = 2);
    assert_eq!([page(0), page(4), page(8)].map(|page| page["total_count"].as_i64().unwrap()), [9, 11, 13]);
    sim.configure(|options| options.page_cap = Some(3));
    assert_eq!(names(&page(0)).len(), 3);
}

/// 5.1: search and the four badge keys.
#[test]
fn search_and_badges() {
    let sim = demo();
    let count = |body: Value| ok(&post(&sim, LIST, &body))["total_count"].as_u64().unwrap();
    assert_eq!(count(json!({"search_string": "STAG"})), 1);
    assert_eq!(count(json!({"search_string": "111122220021"})), 1);
    let prod = json!({"key": "env", "value": "prod"});
    let aws = json!({"key": "system.cloud_type", "value": "AWS"});
    let both = json!([prod, aws]);
    let (or, and) = (
        count(json!({"badges": both, "badge_filter_operator": "OR"})),
        count(json!({"badges": both, "badge_filter_operator": "AND"})),
    );
    let world = sim.world();
    let has = |cloud: &&crate::insightcloudsec::world::Cloud, key: &str, value: &str| {
        cloud.badges.iter().any(|badge| badge.key == key && badge.value == value)
    };
    let own = world.clouds.iter().filter(|cloud| cloud.organization == 1);
    let truth_or = own.clone().filter(|one| has(one, "env", "prod") || has(one, "system.cloud_type", "AWS"));
    let truth_and = own.clone().filter(|one| has(one, "env", "prod") && has(one, "system.cloud_type", "AWS"));
    assert_eq!((or, and), (truth_or.count() as u64, truth_and.count() as u64));
    assert_eq!(
        count(json!({"exclusion_badges": [aws]})),
        9 - own.filter(|one| one.cloud_type == "AWS").count() as u64
    );
    assert_eq!(count(json!({"empty_badges": true})), 2, "every fourth has system badges only");
    assert_v2_error(&post(&sim, LIST, &json!({"badge_filter_operator": "XOR"})), 400);
}

/// 5.3: pausing is an empty 200 and shows in the resources too; deletion flips the status and cleans up later.
#[test]
fn status_and_deletion() {
    let sim = demo();
    let body = json!({"resource_ids": ["divvyorganizationservice:3"], "status": "PAUSED"});
    let done = post(&sim, "/v2/public/clouds/status/set", &body);
    assert_eq!((done.status, done.body.len()), (StatusCode::OK, 0));
    assert_eq!(ok(&get(&sim, LIST))["clouds"][0]["status"], "PAUSED");
    let query =
        json!({"limit": 1, "selected_resource_type": "instance", "scopes": ["divvyorganizationservice:3"]});
    let answer = ok(&post(&sim, "/v3/public/resource/query", &query));
    assert_eq!(answer["resources"][0]["instance"]["common"]["account_status"], "PAUSED");
    assert_v2_error(
        &post(&sim, "/v2/public/clouds/status/set", &json!({"resource_ids": [], "status": "X"})),
        400,
    );

    assert_eq!(
        post(&sim, "/v2/public/cloud/divvyorganizationservice:3/delete", &json!({})).status,
        StatusCode::OK
    );
    assert_eq!(ok(&get(&sim, LIST))["clouds"][0]["status"], "DELETE");
    sim.finish_deletions();
    assert_eq!(ok(&get(&sim, LIST))["total_count"], 8);
    assert_eq!(ok(&post(&sim, "/v3/public/resource/query", &query))["resources"], json!([]));
}

/// 5.3: parameters are wrapped; a new cloud begins in REFRESH, its time has microseconds (3.2 row b).
#[test]
fn adding_a_cloud() {
    let sim = demo();
    let path = "/v2/prototype/cloud/add";
    let params = json!({"cloud_type": "AWS", "authentication_type": "standard", "name": "new", "account_number": "42"});
    assert_v2_error(&post(&sim, path, &params), 400);
    let reply = ok(&post(&sim, path, &json!({"creation_params": params})));
    assert_eq!(reply["status"], "REFRESH");
    assert_eq!(reply["creation_time"], "2025-06-01 00:00:00.000000");
    let updated =
        post(&sim, &format!("/v2/prototype/cloud/{}/update", reply["id"]), &json!({"name": "other"}));
    assert_eq!((updated.status.as_u16(), updated.body.len()), (201, 0));
    assert!(names(&ok(&get(&sim, LIST))).contains(&"other".to_owned()));
    let name = json!({"name": "renamed"});
    let id = reply["resource_id"].as_str().unwrap();
    assert_eq!(post(&sim, &format!("/v2/prototype/resource/{id}/name/set"), &name).status, StatusCode::OK);
    assert!(names(&ok(&get(&sim, LIST))).contains(&"renamed".to_owned()));
}

/// 5.4 to 5.6: regions with string ids, cloud types under the key `clouds`, the short provisioning list.
#[test]
fn regions_and_types() {
    let sim = demo();
    let regions = ok(&get(&sim, "/v2/public/cloud/divvyorganizationservice:3/regions/list"));
    let region = &regions["regions"][0];
    assert_eq!(region["id"], region["name"]);
    assert_eq!(region["resource_id"], format!("serviceregion:3:{}:", region["id"].as_str().unwrap()));
    assert_v2_error(&get(&sim, "/v2/public/cloud/divvyorganizationservice:99/regions/list"), 404);
    let id = region["resource_id"].as_str().unwrap();
    let status = || {
        ok(&get(&sim, "/v2/public/cloud/divvyorganizationservice:3/regions/list"))["regions"][0]["status"]
            .clone()
    };
    assert_eq!(status(), "ACTIVE");
    assert_eq!(
        post(&sim, &format!("/v2/public/cloud/region/{id}/disable"), &json!({})).status,
        StatusCode::OK
    );
    assert_eq!(status(), "INACTIVE");
    assert_eq!(
        post(&sim, &format!("/v2/public/cloud/region/{id}/enable"), &json!({})).status,
        StatusCode::OK
    );
    assert_eq!(status(), "ACTIVE");
    let domains = ok(&get(&sim, "/v2/public/cloud/domains"));
    assert_eq!(domains["domains"].as_array().unwrap().len(), 1);
    let types = ok(&get(&sim, "/v2/public/cloudtypes/list"));
    assert!(types["clouds"].as_array().unwrap().iter().any(|one| one["cloud_type_id"] == "GCE"));
    assert!(ok(&get(&sim, "/v2/public/clouds/provisioning/list")).get("total_count").is_none());
}

/// 11: writes are 204, update replaces, duplicates are 400, system badges stay, unknown ids are left out of counts.
#[test]
fn badges() {
    let sim = demo();
    let id = "divvyorganizationservice:3";
    let list = || ok(&post(&sim, &format!("/v2/public/badges/{id}/list"), &json!({})));
    let own = || -> Vec<String> {
        let all = list();
        let own = all.as_array().unwrap().iter().filter(|badge| badge["auto_generated"] == false);
        own.map(|badge| format!("{}={}", badge["key"].as_str().unwrap(), badge["value"].as_str().unwrap()))
            .collect()
    };
    let body = |badges: Value| json!({"target_resource_ids": [id], "badges": badges});
    let tier = json!([{"key": "tier", "value": "1"}]);
    let done = post(&sim, "/v2/public/badges/create", &body(tier.clone()));
    assert_eq!((done.status.as_u16(), done.body.len()), (204, 0));
    assert_eq!(own(), ["env=prod", "owner=sec@example.org", "tier=1"]);
    assert_eq!(post(&sim, "/v2/public/badges/delete", &body(tier)).status.as_u16(), 204);
    assert_eq!(own().len(), 2);
    let update = format!("/v2/public/badges/{id}/update");
    let twice = json!([{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]);
    assert_v2_error(&post(&sim, &update, &body(twice)), 400);
    assert_eq!(post(&sim, &update, &body(json!([{"key": "a", "value": "1"}]))).status.as_u16(), 204);
    assert_eq!(own(), ["a=1"]);
    assert!(list().as_array().unwrap().iter().any(|badge| badge["key"] == "system.cloud_type"));
    let count = ok(&post(
        &sim,
        "/v2/public/badges/count",
        &json!({"resource_ids": [id, "divvyorganizationservice:99"]}),
    ));
    assert_eq!(count, json!({"resource_count": [{"resource_id": id, "count": 3}]}));
    let with =
        ok(&post(&sim, "/v2/public/badge/clouds/list", &json!({"badges": [{"key": "a", "value": "1"}]})));
    assert_eq!(with, json!([{"resource_id": id, "name": "production"}]));
}

/// 22.1: the system badge of Google says GCP, the cloud type GCE.
#[test]
fn google_has_two_names() {
    let sim = demo();
    let world = sim.world();
    let google = world.clouds.iter().find(|cloud| cloud.cloud_type == "GCE").unwrap();
    assert!(google.badges.iter().any(|badge| badge.key == "system.cloud_type" && badge.value == "GCP"));
}
