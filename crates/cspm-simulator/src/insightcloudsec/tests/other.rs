//! Single resources, bots, vulnerabilities and the compliance export (sections 9.7, 14, 20, 13.2).

use super::*;

fn encode(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// 9.7: detail and tags of ids with slashes, spaces and non-ASCII letters; 404 without the trailing colon.
#[test]
fn resource_detail_and_tags() {
    let sim = demo();
    let world = sim.world().clone();
    for part in ["/", " ", "ü", "@", "pod:"] {
        let resource = world.resources.iter().find(|one| one.id.contains(part)).unwrap();
        let detail = ok(&get(&sim, &format!("/v2/public/resource/{}/detail", encode(&resource.id))));
        assert_eq!(id_of(&detail["details"]), resource.id);
        assert!(detail["dependencies"].is_object());
        let tags = ok(&get(&sim, &format!("/v2/public/resource/{}/tags/list", encode(&resource.id))));
        assert!(tags["resource_tags"].is_array());
    }
    let id = &world.resources[0].id;
    let cut = id.strip_suffix(':').unwrap();
    assert_v2_error(&get(&sim, &format!("/v2/public/resource/{}/detail", encode(cut))), 404);
    assert_v2_error(&get(&sim, &format!("/v2/public/resource/{}/tags/list", encode(cut))), 404);
    let slashed = world.resources.iter().find(|one| one.id.contains('/')).unwrap();
    assert_v2_error(&get(&sim, &format!("/v2/public/resource/{}/detail", slashed.id)), 404);
}

/// 9.7: associations name the resource groups; the common search gives flat rows.
#[test]
fn associations_and_search() {
    let sim = demo();
    let member = sim.world().resources.iter().find(|one| one.groups == [1, 2]).unwrap().clone();
    let path = format!("/v2/public/resource/{}/associations/get", encode(&member.id));
    let groups = ok(&post(&sim, &path, &json!({})));
    assert_eq!(groups["resource_groups"][0]["id"], "resourcegroup:1:");
    assert_eq!(groups["resource_groups"][1]["name"], "sandbox");
    let search = "/v2/public/resource/common/search";
    let found = ok(&post(&sim, search, &json!({"limit": 5, "offset": 0, "search_string": "BILLING"})));
    assert_eq!(found["resources"].as_array().unwrap().len(), 5);
    assert!(found["total_count"].as_u64().unwrap() > 5);
    assert!(found["resources"][0]["cloud_type_id"].is_string());
    assert_v2_error(&post(&sim, search, &json!({"limit": "5"})), 400);
    assert_v2_error(&post(&sim, search, &json!({"limit": 1001})), 400);
}

/// 9.7, 9.8: notes and settings; the CSV export, whose token may stand in the query.
#[test]
fn notes_and_csv() {
    let sim = demo();
    let id = sim.world().resources[0].id.clone();
    let path = format!("/v2/public/resource/{}", encode(&id));
    let added = post(&sim, &format!("{path}/notes/create"), &json!({"note_text": "seen"}));
    assert_eq!(added.status, StatusCode::OK);
    assert_eq!(
        ok(&post(&sim, &format!("{path}/notes/list"), &json!({}))),
        json!({"resource_notes": [{"note_text": "seen"}]})
    );
    assert_eq!(ok(&post(&sim, &format!("{path}/settings/list"), &json!({}))), json!({"setting_list": []}));
    let login = json!({"username": "ops", "password": crate::insightcloudsec::DEMO_PASSWORD}).to_string();
    let token = ok(&send(&sim, Method::POST, "/v2/public/user/login", &[], &login))["session_id"].clone();
    let csv = format!("/v2/public/divvy/resources/pod/csv?X-Auth-Token={}", token.as_str().unwrap());
    let answer = send(&sim, Method::GET, &csv, &[], "");
    assert_eq!(answer.headers["content-type"], "text/csv");
    let pods = ok(&post(&sim, "/v3/public/resource/query", &json!({"limit": 1})))["counts"]["pod"].clone();
    assert_eq!(String::from_utf8_lossy(&answer.body).lines().count() as u64, pods.as_u64().unwrap() + 1);
    let elsewhere = format!("/v2/public/user/info?X-Auth-Token={}", token.as_str().unwrap());
    assert_v2_error(&send(&sim, Method::GET, &elsewhere, &[], ""), 401);
}

/// 14.2: archived bots are not listed, the total is `count`, `get` comes in both methods.
#[test]
fn reading_bots() {
    let sim = demo();
    let list =
        ok(&post(&sim, "/v2/public/botfactory/list", &json!({"filters": [], "limit": 25, "offset": 0})));
    assert_eq!(list["count"], 2);
    assert_eq!(list["bots"][0]["resource_id"], "divvybot:1:21");
    assert_eq!(ok(&post(&sim, "/v2/public/botfactory/list", &json!({})))["count"], 2, "limit may be omitted");
    let path = "/v2/public/botfactory/divvybot:1:21/get";
    let bot = ok(&get(&sim, path));
    assert_eq!(bot, ok(&post(&sim, path, &json!({}))));
    assert_eq!((&bot["insight_id"], &bot["source"]), (&json!(21), &json!("backoffice")));
    assert_eq!((&bot["hookpoint_created"], &bot["ondemand_enabled"]), (&json!(true), &json!(true)));
    assert_eq!(bot["schedule"]["_type"], "Weekly");
    assert_eq!(
        bot["next_scheduled_run"],
        (BASE + 172_800_500) as f64 / 1000.0,
        "seconds, not whole ones (3.2, row i)"
    );
    assert_eq!(ok(&get(&sim, "/v2/public/botfactory/divvybot:1:22/get"))["next_scheduled_run"], Value::Null);
    assert!(ok(&get(&sim, "/v2/public/botfactory/function-registry/list"))["actions"].is_array());
    assert_v2_error(&get(&sim, "/v2/public/botfactory/divvybot:1:99/get"), 404);
}

/// 14.2, 14.3: states; archiving cannot be undone; duplicated keys count inside `instructions`.
#[test]
fn writing_bots() {
    let sim = demo();
    let state = |id: &str| ok(&get(&sim, &format!("/v2/public/botfactory/{id}/get")))["state"].clone();
    let act =
        |id: &str, action: &str| post(&sim, &format!("/v2/public/botfactory/{id}/{action}"), &json!({}));
    assert_eq!(act("divvybot:1:21", "pause").status, StatusCode::OK);
    assert_eq!(state("divvybot:1:21"), "PAUSED");
    assert!(ok(&get(&sim, "/v2/public/botfactory/divvybot:1:21/get"))["next_scheduled_run"].is_null());
    act("divvybot:1:21", "resume");
    assert_eq!(state("divvybot:1:21"), "RUNNING");
    assert_eq!(act("divvybot:1:21", "ondemand").status, StatusCode::OK);
    assert_v2_error(&act("divvybot:1:22", "ondemand"), 500);
    act("divvybot:1:21", "archive");
    assert_eq!(state("divvybot:1:21"), "ARCHIVED");
    assert_v2_error(&act("divvybot:1:21", "resume"), 404);
    let body = json!({"name": "Mine", "severity": "high", "ondemand_enabled": true, "insight_id": 5, "source": "custom",
        "instructions": {"resource_types": ["instance"], "actions": [], "ondemand_enabled": false}});
    let made = ok(&post(&sim, "/v2/public/botfactory/bot/create", &body));
    assert_eq!((&made["resource_id"], &made["state"]), (&json!("divvybot:1:24"), &json!("PAUSED")));
    assert_eq!(made["ondemand_enabled"], false);
    let mut edit = body;
    edit["name"] = json!("Renamed");
    let edited = ok(&post(&sim, "/v2/public/botfactory/edit/divvybot:1:24", &edit));
    assert_eq!((&edited["name"], &edited["version"]), (&json!("Renamed"), &json!(2)));
    let bulk = "/v2/public/botfactory/bots/bulk_action/archive";
    assert_eq!(
        post(&sim, bulk, &json!({"resource_ids": ["divvybot:1:22", "divvybot:1:24"]})).status,
        StatusCode::OK
    );
    assert_eq!(ok(&post(&sim, "/v2/public/botfactory/list", &json!({})))["count"], 0);
}

/// 20, 24 (6): paging in the query string only, at most 100, unknown body keys refused in the `messages` shape.
#[test]
fn vulnerabilities() {
    let sim = demo();
    let path = "/v3/cvm/vulnerabilities";
    let page = ok(&post(&sim, &format!("{path}?page=2&page_size=100"), &json!({})));
    assert_eq!(
        (page["data"].as_array().unwrap().len(), &page["total_pages"], &page["total_count"]),
        (30, &json!(2), &json!(130))
    );
    let limit = post(&sim, path, &json!({"limit": 5}));
    assert_eq!(limit.status, StatusCode::BAD_REQUEST);
    assert_eq!(body(&limit), json!({"messages": {"json": {"limit": ["Unknown field."]}}}));
    let large = post(&sim, &format!("{path}?page_size=101"), &json!({}));
    assert_eq!(large.status, StatusCode::BAD_REQUEST);
    assert!(body(&large)["messages"]["query"]["page_size"].is_array());
    let images = ok(&post(&sim, "/v3/cvm/resource/vulnerabilities", &json!({})));
    let statuses: BTreeSet<&str> = images["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["assessment_info"]["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, BTreeSet::from(["COMPLETED", "FAILED"]));
}

/// 13.2: percent strings under account names, one impacted resource for each open violation of the pack.
#[test]
fn compliance_export() {
    let sim = demo();
    let export = ok(&post(&sim, "/v2/compliance/score-card/export-data?pack_ids=custom:11", &json!({})));
    let scores = &export["scorecard"]["Section 1"]["Storage Container Publicly Accessible"];
    assert!(scores["production"].as_str().unwrap().ends_with('%'));
    assert_eq!(scores["severity"], "Critical");
    let rows: usize = export["impacted_resources"]
        .as_object()
        .unwrap()
        .values()
        .map(|rows| rows.as_array().unwrap().len())
        .sum();
    let world = sim.world().clone();
    let pack = world.packs.iter().find(|pack| pack.id.to_string() == "custom:11").unwrap();
    let truth = world.violations(1, BASE);
    let in_pack = truth.iter().filter(|one| !one.exempted).filter(|one| match one.insight.source.as_str() {
        "custom" => pack.custom.contains(&one.insight.id),
        _ => pack.backoffice.contains(&one.insight.id),
    });
    assert_eq!(rows, in_pack.count());
    assert_v2_error(&post(&sim, "/v2/compliance/score-card/export-data", &json!({})), 500);
}

/// 13.2: the body narrows accounts and insights; lists that are empty narrow nothing.
#[test]
fn compliance_filters() {
    let sim = demo();
    let export = |body: Value| {
        let answer = ok(&post(&sim, "/v2/compliance/score-card/export-data?pack_ids=custom:11", &body));
        let section = answer["scorecard"]["Section 1"].as_object().unwrap().clone();
        let rows = answer["impacted_resources"].as_object().unwrap().values();
        let rows: Vec<Value> = rows.flat_map(|rows| rows.as_array().unwrap().clone()).collect();
        (section, rows)
    };
    let scope = |filters: Value| {
        json!({"resource_scope": {"scope_type": "cloud", "resource_group_filters": {},
        "organization_service_filters": filters}, "insight_filters": {"severity": [], "insight_ids": []}})
    };
    let (all, rows) = export(scope(json!({"organization_service_ids": [], "badges": []})));
    assert_eq!((&all, &rows), (&export(json!({})).0, &export(json!({})).1));

    let (section, rows) = export(scope(json!({"organization_service_ids": [3, 4]})));
    assert!(!rows.is_empty() && section.len() == all.len());
    for scores in section.values() {
        let names: BTreeSet<&str> = scores.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, BTreeSet::from(["corporate apps", "production", "severity"]));
    }
    let of = |row: &Value| row["account_cluster_name"].as_str().unwrap().to_owned();
    assert!(rows.iter().all(|row| ["corporate apps", "production"].contains(&of(row).as_str())));
    let (_, rows) = export(scope(json!({"badges": [["system.cloud_type", "GCP"]]})));
    assert!(!rows.is_empty() && rows.iter().all(|row| of(row) == "analytics"));

    let insights = |filters: Value| export(json!({"insight_filters": filters}));
    let (section, rows) = insights(json!({"severity": [5]}));
    assert!(!rows.is_empty() && section.values().all(|scores| scores["severity"] == "Critical"));
    assert_eq!(insights(json!({"insight_ids": ["custom:5"]})).0.len(), 1);
    assert_eq!(insights(json!({"insight_ids": [1, 4], "resource_types": ["volume"]})).0.len(), 1);

    let path = "/v2/compliance/score-card/export-data?pack_ids=custom:11";
    assert_v2_error(&post(&sim, path, &json!({"insight_filters": []})), 400);
    assert_v2_error(&post(&sim, path, &scope(json!({"badges": [{"key": "a", "value": "b"}]}))), 400);
}
