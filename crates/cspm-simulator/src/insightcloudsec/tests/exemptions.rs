//! Exemptions (section 12).

use super::*;
use crate::insightcloudsec::VIEWER_KEY;

const LIST: &str = "/v2/public/exemptions/list";
const CREATE: &str = "/v2/public/exemptions/create";
const DELETE: &str = "/v2/public/exemptions/delete";

/// An open violation to exempt, as a creation names it.
fn request(sim: &InsightCloudSec) -> Value {
    let world = sim.world();
    let all = world.violations(1, BASE);
    let one = all.iter().find(|one| !one.exempted && one.resource.id.contains('/')).unwrap();
    json!({"approver": "sec@example.org", "insight_id": one.insight.id, "insight_source": one.insight.source.as_str(),
        "resource_type": &*one.resource.resource_type, "resource_ids": [one.resource.id], "start_date": "2025-06-01",
        "expiration_date": "2025-07-01", "notes": "ticket 12"})
}

/// 12.1: paging in the query string, the body is only filters; every state is listed, names are filled in.
#[test]
fn the_list() {
    let sim = demo();
    let first = ok(&post(&sim, &format!("{LIST}?page=1&page_size=25"), &json!({})));
    assert_eq!(first["data"].as_array().unwrap().len(), 25);
    assert_eq!(
        (&first["total_count"], &first["page"], &first["page_size"], &first["total_pages"]),
        (&json!(60), &json!(1), &json!(25), &json!(3))
    );
    let mut ids = BTreeSet::new();
    for page in 1..=4 {
        let answer =
            ok(&post(&sim, &format!("{LIST}?page={page}&page_size=25"), &json!({"limit": 1, "offset": 9})));
        ids.extend(
            answer["data"].as_array().unwrap().iter().map(|one| one["exemption_id"].as_i64().unwrap()),
        );
    }
    assert_eq!(ids.len(), 60);
    let item = &first["data"][0];
    let world = sim.world();
    let exemption = &world.exemptions[0];
    assert_eq!(item["exemption_id"], 100);
    assert_eq!(item["resource_id"], exemption.resource_id);
    assert_eq!(item["insight_source"], exemption.insight.source.as_str());
    assert_eq!(item["insight_name"], world.insight(exemption.insight).unwrap().name);
    assert!(
        item["resource_name"].is_string() && item["creator_name"].is_string() && item["account"].is_string()
    );
    assert_eq!(item["start_date"], "2025-03-03T00:00:00Z");
    assert_eq!(item["expiration_date"], Value::Null);
    assert_eq!(first["data"][1]["expiration_date"], "2035-05-30T00:00:00Z");
    assert!(first["data"][2].get("notes").is_none(), "absent when unset");
    let states: BTreeSet<bool> =
        first["data"].as_array().unwrap().iter().map(|one| one["enabled"].as_bool().unwrap()).collect();
    assert_eq!(states.len(), 2);
}

/// 12.1: the defaults, the limits, and an answer without the page echo.
#[test]
fn page_parameters() {
    let sim = demo_with(|options| options.exemptions_page_size = 10);
    assert_eq!(ok(&post(&sim, LIST, &json!({})))["data"].as_array().unwrap().len(), 10);
    for query in ["page=0", "page=x", "page_size=0", "page_size=2001", "page_size=-1"] {
        assert_v2_error(&post(&sim, &format!("{LIST}?{query}"), &json!({})), 400);
    }
    assert_eq!(ok(&post(&sim, &format!("{LIST}?page=9"), &json!({})))["data"], json!([]));
    sim.configure(|options| {
        options.exemptions_echo_page = false;
        options.exemptions_drop_colon = true;
        options.total_drift = -3;
    });
    let answer = ok(&post(&sim, &format!("{LIST}?page=2"), &json!({})));
    assert!(answer.get("page").is_none() && answer.get("total_pages").is_none());
    assert_eq!(answer["total_count"], 57);
    let world = sim.world();
    let id = world.exemptions[10].resource_id.as_str();
    assert_eq!(answer["data"][0]["resource_id"], id.strip_suffix(':').unwrap_or(id));
}

/// 12.1: the body's filters.
#[test]
fn list_filters() {
    let sim = demo();
    let count = |body: Value| ok(&post(&sim, LIST, &body))["total_count"].as_u64().unwrap();
    assert_eq!(count(json!({"search": "TICKET 12"})), 1);
    assert_eq!(count(json!({"search": "", "pack": null, "badges": [], "badge_filter_operator": "OR"})), 60);
    let in_pack = {
        let world = sim.world();
        let pack = world.packs.iter().find(|pack| pack.id.to_string() == "backoffice:11").unwrap();
        let held = |one: &&crate::insightcloudsec::world::Exemption| {
            one.insight.source.as_str() == "backoffice" && pack.backoffice.contains(&one.insight.id)
        };
        world.exemptions.iter().filter(held).count() as u64
    };
    assert!(in_pack > 0 && in_pack < 60);
    assert_eq!(count(json!({"pack": "backoffice:11"})), in_pack);
    assert!(count(json!({"badges": [{"key": "system.cloud_type", "value": "GCP"}]})) < 60);
    assert_v2_error(&post(&sim, LIST, &json!({"pack": "backoffice:999"})), 400);
}

/// 12.2: a bare array, one element a resource, names null, dates without zone; it hides the violation at once.
#[test]
fn creating() {
    let sim = demo();
    let request = request(&sim);
    let before = open_violations(&sim, BASE);
    let reply = ok(&post(&sim, CREATE, &request));
    let item = &reply[0];
    assert_eq!(reply.as_array().unwrap().len(), 1);
    assert_eq!(item["exemption_id"], 160);
    assert_eq!(item["resource_id"], request["resource_ids"][0]);
    assert_eq!(item["start_date"], "2025-06-01T00:00:00");
    assert_eq!(item["expiration_date"], "2025-07-01T00:00:00");
    assert_eq!(item["create_date"], "2025-06-01T00:00:00");
    assert_eq!(
        (&item["creator_id"], &item["organization_id"], &item["enabled"]),
        (&json!(7), &json!(1), &json!(true))
    );
    for key in ["insight_name", "resource_name", "resource_ids", "creator_name", "account", "bot_id"] {
        assert_eq!(item.get(key), Some(&Value::Null), "{key}");
    }
    let body = json!({"limit": 1000, "selected_resource_type": request["resource_type"],
        "insight": format!("{}:{}", request["insight_source"].as_str().unwrap(), request["insight_id"])});
    let seen = |now: i64| {
        let text = body.to_string();
        let answer = ok(&send_at(
            &sim,
            now,
            Method::POST,
            "/v3/public/resource/query",
            &[("Api-Key", DEMO_KEY)],
            &text,
        ));
        let ids: Vec<String> = answer["resources"].as_array().unwrap().iter().map(id_of).collect();
        ids.iter().any(|id| request["resource_ids"][0] == *id)
    };
    assert!(!seen(BASE));
    assert!(seen(BASE - 1), "not begun");
    let day = 86_400_000;
    assert!(!seen(BASE + 30 * day - 1));
    assert!(seen(BASE + 30 * day), "ended on 1 July");
    assert_eq!(open_violations(&sim, BASE).len(), before.len() - 1);
}

/// 12.2: no end and no notes leave their keys out; two resources give two exemptions.
#[test]
fn creating_without_an_end() {
    let sim = demo();
    let mut request = request(&sim);
    request["expiration_date"] = Value::Null;
    request.as_object_mut().unwrap().remove("notes");
    let id = request["resource_ids"][0].clone();
    request["resource_ids"] = json!([id, id]);
    let reply = ok(&post(&sim, CREATE, &request));
    assert_eq!(reply.as_array().unwrap().len(), 2);
    assert!(reply[0].get("expiration_date").is_none() && reply[0].get("notes").is_none());
}

/// 12.2, 12.4: refusals: what is unknown or another organization's 500, date-times unless allowed, missing fields, missing entitlement.
#[test]
fn refusals() {
    let sim = demo();
    let request = request(&sim);
    let with = |key: &str, value: Value| {
        let mut body = request.clone();
        body[key] = value;
        body
    };
    assert_v2_error(&post(&sim, CREATE, &with("insight_id", json!(999))), 500);
    assert_v2_error(&post(&sim, CREATE, &with("resource_ids", json!(["pod:1:gone:"]))), 500);
    let (insight, resource) = {
        let world = sim.world();
        let elsewhere = |id: i64| world.cloud(id).is_some_and(|cloud| cloud.organization == 2);
        let insight = world.insights.iter().find(|one| one.organization == Some(2)).unwrap().id.id;
        (insight, world.resources.iter().find(|one| elsewhere(one.cloud)).unwrap().id.clone())
    };
    let mut of_others = with("insight_source", json!("custom"));
    of_others["insight_id"] = json!(insight);
    assert_v2_error(&post(&sim, CREATE, &of_others), 500);
    assert_v2_error(&post(&sim, CREATE, &with("resource_ids", json!([resource]))), 500);
    for (key, value) in [
        ("insight_source", json!("vendor")),
        ("insight_id", json!("5")),
        ("resource_ids", json!([])),
        ("approver", Value::Null),
        ("start_date", json!("01/06/2025")),
        ("start_date", json!("2025-06-01T10:00:00")),
        ("expiration_date", json!("2025-06-01T10:00:00Z")),
        ("expiration_date", json!("2025-05-01")),
    ] {
        assert_v2_error(&post(&sim, CREATE, &with(key, value)), 400);
    }
    let viewer = [("Api-Key", VIEWER_KEY)];
    assert_v2_error(&send(&sim, Method::POST, CREATE, &viewer, &request.to_string()), 403);
    assert_eq!(sim.world().exemptions.len(), 60, "nothing was written");
    sim.configure(|options| options.exemption_date_times = true);
    let reply = ok(&post(&sim, CREATE, &with("expiration_date", json!("2025-06-01T10:00:00Z"))));
    assert_eq!(reply[0]["expiration_date"], "2025-06-01T10:00:00");
}

/// 12.3: `{}`; 404 for an unknown id, by default without deleting anything.
#[test]
fn deleting() {
    let sim = demo();
    let exemption = sim.world().exemptions[0].clone();
    let pair = (exemption.insight.to_string(), exemption.resource_id);
    assert!(!open_violations(&sim, BASE).contains(&pair));
    assert_v2_error(&post(&sim, DELETE, &json!({"exemption_ids": [100, 9999]})), 404);
    assert_eq!(sim.world().exemptions.len(), 60);
    assert_eq!(ok(&post(&sim, DELETE, &json!({"exemption_ids": [100, 101]}))), json!({}));
    assert_eq!(sim.world().exemptions.len(), 58);
    assert!(open_violations(&sim, BASE).contains(&pair));
    assert_v2_error(&post(&sim, DELETE, &json!({"exemption_ids": [100]})), 404);
    sim.configure(|options| options.exemption_delete_partly = true);
    assert_v2_error(&post(&sim, DELETE, &json!({"exemption_ids": [102, 9999]})), 404);
    assert_eq!(sim.world().exemptions.len(), 57);
    assert_v2_error(&post(&sim, DELETE, &json!({})), 400);
}
