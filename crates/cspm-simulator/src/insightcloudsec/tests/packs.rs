//! Packs (section 8).

use super::*;

const LIST: &str = "/v2/public/insights/packs/list";

fn pack(sim: &InsightCloudSec, source: &str, id: i64) -> Option<Value> {
    let list = ok(&get(sim, LIST));
    list.as_array().unwrap().iter().find(|pack| pack["source"] == source && pack["pack_id"] == id).cloned()
}

/// 8: both sources, one integer in both, insight numbers by source.
#[test]
fn the_list() {
    let sim = demo();
    let (vendor, own) = (pack(&sim, "backoffice", 11).unwrap(), pack(&sim, "custom", 11).unwrap());
    assert_eq!(vendor["organization_id"], Value::Null);
    assert_eq!(own["organization_id"], 1);
    assert_eq!(own["custom"], json!([5, 16, 27, 38, 49]));
    let metadata = &vendor["backoffice_metadata"][0];
    assert_eq!(metadata["pack_name"], vendor["name"]);
    assert_eq!(metadata["template_id"], vendor["backoffice"][0]);
    assert!(own["inserted_at"].as_str().unwrap().ends_with('Z'));
}

/// 8: create answers with the pack, update replaces everything and answers with nothing, delete is for good.
#[test]
fn writing() {
    let sim = demo();
    let create = json!({"name": "New", "description": "d", "backoffice": [1, 2], "custom": [5], "badges": [],
        "badge_filter_operator": "OR", "logo_url": null});
    let made = ok(&post(&sim, "/v2/public/insights/pack/create", &create));
    assert_eq!((&made["source"], &made["pack_id"]), (&json!("custom"), &json!(13)));
    let update = json!({"name": "Newer", "backoffice": [3], "badge_filter_operator": null});
    let done = post(&sim, "/v2/public/insights/pack/13/update", &update);
    assert_eq!((done.status, done.body.len()), (StatusCode::OK, 0));
    let read = pack(&sim, "custom", 13).unwrap();
    assert_eq!((&read["name"], &read["description"]), (&json!("Newer"), &Value::Null));
    assert_eq!((&read["backoffice"], &read["custom"]), (&json!([3]), &json!([])), "full replacement");
    let delete = |id: &str| {
        send(
            &sim,
            Method::DELETE,
            &format!("/v2/public/insights/pack/{id}/delete"),
            &[("Api-Key", DEMO_KEY)],
            "",
        )
    };
    assert_eq!(delete("13").status, StatusCode::OK);
    assert!(pack(&sim, "custom", 13).is_none());
    assert_v2_error(&delete("13"), 404);
}

/// The vendor's packs cannot be changed; unknown insights are a plain mistake (500); names are needed.
#[test]
fn refusals() {
    let sim = demo();
    let body = json!({"name": "X", "backoffice": [], "custom": []});
    assert_v2_error(&post(&sim, "/v2/public/insights/pack/36/update", &body), 404);
    assert_v2_error(
        &post(&sim, "/v2/public/insights/pack/create", &json!({"name": "X", "backoffice": [999]})),
        500,
    );
    assert_v2_error(
        &post(&sim, "/v2/public/insights/pack/create", &json!({"name": "X", "custom": [60]})),
        500,
    );
    assert_v2_error(&post(&sim, "/v2/public/insights/pack/create", &json!({"backoffice": [1]})), 400);
    assert_v2_error(
        &post(&sim, "/v2/public/insights/pack/create", &json!({"name": "X", "backoffice": ["1"]})),
        400,
    );
    assert!(pack(&sim, "backoffice", 36).is_some());
}
