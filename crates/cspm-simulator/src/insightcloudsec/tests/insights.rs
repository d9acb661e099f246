//! Insights (section 7).

use super::*;
use crate::insightcloudsec::{CounterMode, Profile};

const LIST: &str = "/v2/public/insights/list";

fn listed<'a>(list: &'a Value, source: &str, id: i64) -> &'a Value {
    let found =
        list.as_array().unwrap().iter().find(|one| one["source"] == source && one["insight_id"] == id);
    found.unwrap_or_else(|| panic!("{source}:{id}"))
}

fn ids(list: &Value) -> BTreeSet<String> {
    let one = |one: &Value| format!("{}:{}", one["source"].as_str().unwrap(), one["insight_id"]);
    list.as_array().unwrap().iter().map(one).collect()
}

/// 7.1, 7.2: a bare array of both sources, with one integer in both; other organizations' are not seen.
#[test]
fn the_list() {
    let sim = demo();
    let list = ok(&get(&sim, LIST));
    assert_eq!(ids(&list).len(), 30 + 5);
    let (vendor, own) = (listed(&list, "backoffice", 5), listed(&list, "custom", 5));
    assert_ne!(vendor["name"], own["name"]);
    assert_eq!(vendor["released"], "22.2");
    assert!(vendor.get("organization_id").is_none());
    assert_eq!(own["organization_id"], 1);
    assert_eq!(own["owner_resource_id"], "divvyorganization:1");
    assert_eq!(own["name"], "Prüfung: Speicher ohne Eigentümer");
    assert_eq!(vendor["resource_group_blacklist"], Value::Null, "null in the list");
    assert!(vendor["filters"][0]["config"].is_object());
    assert!(vendor["inserted_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(vendor["cache_updated_at"], "2025-06-01T00:00:00.000000");
    let severities: BTreeSet<i64> =
        list.as_array().unwrap().iter().map(|one| one["severity"].as_i64().unwrap()).collect();
    assert_eq!(severities, BTreeSet::from([0, 1, 2, 3, 4, 5]));
    assert!(list.as_array().unwrap().iter().any(|one| one["custom_severity"].is_i64()));
    assert!(list.as_array().unwrap().iter().any(|one| one["supported_clouds"].is_null()));
    assert_eq!(listed(&list, "backoffice", 21)["bots"], json!(["divvybot:1:21"]));
}

/// 7.2: the counters hold what the world holds, while they are fresh.
#[test]
fn counters_when_fresh() {
    let sim = demo();
    let list = ok(&get(&sim, LIST));
    let world = sim.world();
    let violations = world.violations(1, BASE);
    for one in list.as_array().unwrap() {
        let key = format!("{}:{}", one["source"].as_str().unwrap(), one["insight_id"]);
        let of: Vec<_> = violations.iter().filter(|violation| violation.insight.to_string() == key).collect();
        let open: Vec<_> = of.iter().filter(|violation| !violation.exempted).collect();
        assert_eq!(one["results"], open.len(), "{key}");
        assert_eq!(one["exemptions"], of.len() - open.len(), "{key}");
        for (name, count) in one["by_type"].as_object().unwrap() {
            let truth = open.iter().filter(|violation| *violation.resource.resource_type == **name).count();
            assert_eq!(count, truth, "{key} {name}");
        }
        for (cloud, figures) in one["by_cloud"].as_object().unwrap() {
            let truth =
                open.iter().filter(|violation| violation.resource.cloud.to_string() == *cloud).count();
            assert_eq!(figures["count"], truth, "{key} {cloud}");
            assert!(figures["total"].as_i64() <= figures["all"].as_i64());
        }
        assert!(one["total"].as_i64() <= one["all"].as_i64());
    }
    assert!(list.as_array().unwrap().iter().any(|one| one["results"] == 0), "some without a result");
}

/// 22.2 (11): counters are cached: they lag behind a change until the refresh, which is a GET.
#[test]
fn counters_go_stale() {
    let sim = demo();
    let results = || listed(&ok(&get(&sim, LIST)), "backoffice", 2)["results"].as_i64().unwrap();
    let before = results();
    assert!(before > 0);
    sim.edit(|world| {
        let id = crate::insightcloudsec::world::SourcedId::backoffice(2);
        world.resources.iter_mut().for_each(|one| one.fails.retain(|failed| *failed != id));
    });
    assert_eq!(results(), before);
    let live = json!({"limit": 1, "insight": "backoffice:2", "selected_resource_type": "instance"});
    assert_eq!(ok(&post(&sim, "/v3/public/resource/query", &live))["counts"]["instance"], 0);
    assert_eq!(get(&sim, "/v2/public/insights/2/counts/refresh").status, StatusCode::OK);
    assert_eq!(results(), 0);
}

/// Counters that lie, on demand.
#[test]
fn counter_modes() {
    let sim = demo();
    let one = || listed(&ok(&get(&sim, LIST)), "backoffice", 2).clone();
    let truth = one()["results"].as_i64().unwrap();
    sim.configure(|options| options.counters = CounterMode::Zero);
    assert_eq!((&one()["results"], &one()["by_type"]["instance"]), (&json!(0), &json!(0)));
    sim.configure(|options| options.counters = CounterMode::Off(3));
    assert_eq!(one()["results"], truth + 3);
    sim.configure(|options| options.counters = CounterMode::Absent);
    assert!(one().get("results").is_none() && one().get("by_type").is_none());
}

/// 7.2: the query options.
#[test]
fn list_options() {
    let sim = demo();
    let list = |query: &str| ok(&get(&sim, &format!("{LIST}?{query}")));
    let world = sim.world().clone();
    let truth = |wanted: &dyn Fn(&crate::insightcloudsec::world::Insight) -> bool| -> BTreeSet<String> {
        let seen = world.insights.iter().filter(|one| one.organization != Some(2));
        seen.filter(|one| wanted(one)).map(|one| one.id.to_string()).collect()
    };
    let typed =
        truth(&|one| one.resource_types.iter().any(|name| name == "instance" || name == "dbinstance"));
    assert_eq!(ids(&list("resource_types=instance,dbinstance")), typed);
    assert_eq!(ids(&list("resource_types=instance%2Cdbinstance")), typed);
    assert_eq!(ids(&list("labels=Public+Access")), truth(&|one| one.tags == ["Public Access"]));
    assert_eq!(ids(&list("labels=Z%C3%BCrich")), truth(&|one| one.tags == ["Zürich"]));
    let pack = world.packs.iter().find(|pack| pack.id.to_string() == "custom:11").unwrap();
    let in_pack = truth(&|one| {
        let ids = if one.organization.is_some() { &pack.custom } else { &pack.backoffice };
        ids.contains(&one.id.id)
    });
    assert_eq!(ids(&list("pack_ids=custom:11")), in_pack);
    assert_v2_error(&get(&sim, &format!("{LIST}?pack_ids=custom:99")), 500);
    assert!(list("detail=true")[0].get("notes").is_some());
    assert!(list("detail=false")[0].get("notes").is_none());
}

/// 7.3: one insight, its counters nested, blacklist `[]`; 404 for the wrong source or number.
#[test]
fn one_insight() {
    let sim = demo();
    let one = ok(&get(&sim, "/v2/public/insights/2/backoffice"));
    assert_eq!(one["insight_id"], 2);
    assert!(one.get("results").is_none());
    let list = ok(&get(&sim, LIST));
    assert_eq!(one["counts"]["results"], listed(&list, "backoffice", 2)["results"]);
    assert_eq!(one["resource_group_blacklist"], json!([]));
    assert_eq!(
        (&one["disabled"], &one["membership"], &one["risk_layers"]),
        (&json!(false), &json!([]), &json!([]))
    );
    for path in ["2/custom", "999/backoffice", "x/backoffice", "2/vendor", "60/custom"] {
        assert_v2_error(&get(&sim, &format!("/v2/public/insights/{path}")), 404);
    }
}

/// 7.4, 7.8: the light search and the registry, a map by filter id.
#[test]
fn select_and_registry() {
    let sim = demo();
    let found = ok(&get(&sim, "/v2/public/insights/select?source=custom&search=EU"));
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    let registry = ok(&get(&sim, "/v2/public/insights/filter-registry"));
    for (key, entry) in registry.as_object().unwrap() {
        assert_eq!(entry["filter_id"], *key);
        assert!(key.starts_with("divvy.query."));
    }
}

/// 7.5: create, edit (no merging), notes, delete; filters need objects; 404 after deletion.
#[test]
fn writing_custom_insights() {
    let sim = demo();
    let full = json!({"name": "Mine", "description": "d", "severity": 4, "resource_types": ["instance"],
        "filters": [{"name": "divvy.query.x", "config": {}, "collections": {}}], "scopes": [], "tags": ["t"],
        "owner_resource_id": null, "notes": "n", "template_id": null, "badges": [], "badge_filter_operator": null});
    let create = "/v2/public/insights/create";
    let made = ok(&post(&sim, create, &full));
    assert_eq!((&made["source"], &made["insight_id"]), (&json!("custom"), &json!(61)));
    for (key, wrong) in [
        ("severity", json!(6)),
        ("filters", json!([{"name": "x", "config": null}])),
        ("name", Value::Null),
        ("scopes", Value::Null),
        ("resource_types", json!([])),
    ] {
        let mut body = full.clone();
        body[key] = wrong;
        assert_v2_error(&post(&sim, create, &body), 400);
    }
    let mut edited = full.clone();
    edited["severity"] = json!(2);
    edited.as_object_mut().unwrap().remove("notes");
    assert_eq!(ok(&post(&sim, "/v2/public/insights/61/edit", &edited))["severity"], 2);
    let one = ok(&get(&sim, "/v2/public/insights/61/custom"));
    assert_eq!((&one["severity"], &one["notes"]), (&json!(2), &Value::Null));
    edited["scopes"] = json!(["divvyorganizationservice:3"]);
    edited["badges"] = json!([{"key": "env", "value": "prod"}]);
    edited["badge_filter_operator"] = json!("AND");
    edited["filters"][0]["config"] = json!({"operator": "gt", "list": [1]});
    edited["filters"][0]["collections"] = json!({"allowed-accounts": "value"});
    ok(&post(&sim, "/v2/public/insights/61/edit", &edited));
    let one = ok(&get(&sim, "/v2/public/insights/61/custom"));
    for key in ["scopes", "badges", "badge_filter_operator", "filters", "tags"] {
        assert_eq!(one[key], edited[key], "{key} is read as it was written");
    }
    edited["badges"] = json!(["env:prod"]);
    assert_v2_error(&post(&sim, "/v2/public/insights/61/edit", &edited), 400);
    let noted = post(&sim, "/v2/public/insights/61/notes/update", &json!({"notes": "**md**"}));
    assert_eq!((noted.status, noted.body.len()), (StatusCode::OK, 0));
    assert_eq!(ok(&get(&sim, "/v2/public/insights/61/custom"))["notes"], "**md**");
    let delete = |id: &str| {
        send(&sim, Method::DELETE, &format!("/v2/public/insights/{id}/delete"), &[("Api-Key", DEMO_KEY)], "")
    };
    assert_eq!(delete("61").status, StatusCode::OK);
    assert_v2_error(&delete("61"), 404);
    assert_v2_error(&delete("2"), 404);
    assert_v2_error(&post(&sim, "/v2/public/insights/2/edit", &full), 404);
}

/// 7.5: bulk writes are all or nothing; a deleted insight leaves packs and exemptions.
#[test]
fn bulk_writes() {
    let sim = demo();
    let one = json!({"name": "B", "description": "d", "severity": 1, "resource_types": ["pod"], "filters": [],
        "scopes": [], "tags": []});
    let path = "/v2/public/insights/bulk/create";
    assert_v2_error(&post(&sim, path, &json!({"insights": [one, {}]})), 400);
    let before = sim.world().insights.len();
    let made = ok(&post(&sim, path, &json!({"insights": [one, one]})));
    assert_eq!(made["insights"].as_array().unwrap().len(), 2);
    assert_eq!(sim.world().insights.len(), before + 2);
    let delete = "/v2/public/insights/bulk/delete";
    assert_v2_error(&post(&sim, delete, &json!({"insights": [5, 999]})), 404);
    assert_eq!(post(&sim, delete, &json!({"insights": [5, 16]})).status, StatusCode::OK);
    let world = sim.world();
    assert!(world.packs.iter().all(|pack| !pack.custom.contains(&5)));
    assert!(world.exemptions.iter().all(|one| one.insight.to_string() != "custom:5"));
    assert!(world.insight(crate::insightcloudsec::world::SourcedId::backoffice(5)).is_some());
}

/// 7.5: metadata of both sources at once.
#[test]
fn metadata() {
    let sim = demo();
    let body = json!({"backoffice": [5], "custom": [], "pack_id": "backoffice:36", "metadata": "m"});
    assert_eq!(post(&sim, "/v2/public/insights/edit_metadata", &body).status, StatusCode::OK);
    let list = ok(&get(&sim, LIST));
    assert_eq!(listed(&list, "backoffice", 5)["meta_data"], "m");
    assert_eq!(listed(&list, "custom", 5)["meta_data"], Value::Null);
}

/// 7.7: the legacy way spares whole resource groups and replaces the list.
#[test]
fn legacy_group_exemptions() {
    let sim = demo();
    let path = "/v2/public/insights/2/set_exemptions";
    let done = post(&sim, path, &json!({"source": "backoffice", "groups": [1]}));
    assert_eq!((done.status, done.body.len()), (StatusCode::OK, 0));
    assert_eq!(ok(&get(&sim, "/v2/public/insights/2/backoffice"))["resource_group_blacklist"], json!([1]));
    let body = json!({"limit": 1000, "insight": "backoffice:2", "selected_resource_type": "instance"});
    let spared = sweep(&sim, "/v3/public/resource/query", &body).0.len();
    let truth = open_violations(&sim, BASE).iter().filter(|(insight, _)| insight == "backoffice:2").count();
    assert_eq!(spared, truth);
    post(&sim, path, &json!({"source": "backoffice", "groups": []}));
    assert!(sweep(&sim, "/v3/public/resource/query", &body).0.len() > spared);
}

/// 7.6: what a resource violates; empty when clean; 404 when unknown; the id is a path segment of its own.
#[test]
fn violations_of_a_resource() {
    let sim = demo();
    let world = sim.world().clone();
    let truth = open_violations(&sim, BASE);
    let encode =
        |id: &str| percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string();
    let slashed = world
        .resources
        .iter()
        .filter(|one| one.id.contains('/') && world.cloud(one.cloud).unwrap().organization == 1);
    for resource in slashed.take(20).chain(world.resources.iter().take(20)) {
        let found = ok(&get(&sim, &format!("/v2/public/insights/{}/violations/get", encode(&resource.id))));
        let expected: BTreeSet<String> =
            truth.iter().filter(|(_, id)| *id == resource.id).map(|(insight, _)| insight.clone()).collect();
        assert_eq!(ids(&found), expected, "{}", resource.id);
    }
    assert_v2_error(&get(&sim, "/v2/public/insights/pod:1:x:/violations/get"), 404);
}

/// 7.6: the history of an insight, one row for each open violation, and the seven days in both shapes.
#[test]
fn history() {
    let sim = demo();
    let rows = ok(&post(&sim, "/v2/public/insights/2/backoffice/resource/history", &json!({})));
    let truth = open_violations(&sim, BASE).iter().filter(|(insight, _)| insight == "backoffice:2").count();
    assert_eq!(rows.as_array().unwrap().len(), truth);
    let row = &rows[0];
    assert_eq!(row["insight_name"], "Instance with a Public IP Attached");
    assert_eq!(row["state"], 0);
    assert!(row["identified_at"].is_string() && row["organization_service_id"].is_i64());
    let days = ok(&get(&sim, "/v2/public/insights/2/backoffice/insight-data-7-days"));
    assert_eq!(days.as_object().unwrap().len(), 7);
    assert_eq!(days["2025-06-01"], truth);
    sim.configure(|options| options.profile = Profile::V2019);
    assert!(ok(&get(&sim, "/v2/public/insights/2/backoffice/insight-data-7-days")).is_array());
}
