//! Resource queries (section 9).

use std::collections::BTreeMap;

use super::*;
use crate::insightcloudsec::world::{SourcedId, Tags};
use crate::insightcloudsec::{Cursors, Excess, LastCursor, QueryCounts, Spec};

const V2: &str = "/v2/public/resource/query";
const V3: &str = "/v3/public/resource/query";
const ETL: &str = "/v3/public/resource/etl-query";

#[track_caller]
fn assert_field_error(response: &SimResponse, field: &str) {
    assert_eq!(response.status, StatusCode::BAD_REQUEST);
    assert!(body(response)["messages"]["json"][field][0].is_string(), "{}", body(response));
}

/// 9.5: insight by insight and type by type, the queries give exactly the open violations of the world.
#[test]
fn findings_are_the_open_violations() {
    let sim = demo();
    let truth = open_violations(&sim, BASE);
    let world = sim.world().clone();
    let mut found = BTreeSet::new();
    for insight in world.insights.iter().filter(|insight| insight.organization != Some(2)) {
        for resource_type in &insight.resource_types {
            let body = json!({"selected_resource_type": resource_type, "insight": insight.id.to_string(),
                "insight_exemptions": false, "limit": 50});
            let (elements, _) = sweep(&sim, V3, &body);
            let count = ok(&post(&sim, V3, &body))["counts"][resource_type].as_u64();
            assert_eq!(count, Some(elements.len() as u64), "{} {resource_type}", insight.id);
            for element in &elements {
                assert!(found.insert((insight.id.to_string(), id_of(element))), "twice: {element}");
            }
        }
    }
    assert_eq!(found, truth);
    assert!(truth.len() > 1_000);
}

/// 3.3: a sweep of twice the limit and one more, in every paging style.
#[test]
fn sweeps_of_two_pages_and_one_record() {
    let spec = Spec { resources: 9 * 45, clouds: 9, ..Spec::default() };
    let mut world = World::generate(spec);
    let pods = |world: &World| {
        let own = world.resources.iter().filter(|one| &*one.resource_type == "pod" && one.cloud < 12);
        own.count()
    };
    if pods(&world) % 2 == 0 {
        let at = world.resources.iter().position(|one| &*one.resource_type == "pod").unwrap();
        world.resources.remove(at);
    }
    let sim = InsightCloudSec::new(world, Options::default());
    let total =
        ok(&post(&sim, V3, &json!({"limit": 1, "selected_resource_type": "pod"})))["counts"]["pod"].clone();
    let limit = (total.as_u64().unwrap() - 1) / 2;
    let body = json!({"selected_resource_type": "pod", "limit": limit});
    for endpoint in [V3, ETL] {
        let (elements, pages) = sweep(&sim, endpoint, &body);
        let ids: BTreeSet<String> = elements.iter().map(id_of).collect();
        assert_eq!((elements.len() as u64, ids.len()), (limit * 2 + 1, elements.len()));
        assert_eq!(pages, 3);
    }
    let mut ids = BTreeSet::new();
    for page in 0..3 {
        let body = json!({"selected_resource_type": "pod", "limit": limit, "offset": page * limit});
        let answer = ok(&post(&sim, V2, &body));
        assert_eq!(answer["offset"], page * limit);
        assert!(answer.get("next_cursor").is_none(), "v2 has no cursor");
        ids.extend(answer["resources"].as_array().unwrap().iter().map(id_of));
    }
    assert_eq!(ids.len() as u64, limit * 2 + 1);
}

/// 9.3: the keys of an answer, the echo, and counts on the first page only.
#[test]
fn keys_of_an_answer() {
    let sim = demo();
    let request = json!({"selected_resource_type": "instance", "limit": 2, "scopes": ["divvyorganizationservice:3"],
        "filters": [], "order_by": "name ASC", "badges": [], "tags": [], "counts": {}});
    let first = ok(&post(&sim, V3, &request));
    assert_eq!(first["selected_resource_type"], "instance");
    assert_eq!(first["scopes"], request["scopes"]);
    assert_eq!((&first["limit"], &first["offset"]), (&json!(2), &json!(0)));
    assert_eq!(first["order_by"], "name ASC");
    assert!(first["counts"]["instance"].as_u64().unwrap() > 2);
    assert!(first["supported_types"].as_array().unwrap().len() >= 190, "189 and the unknown one");
    let mut next = request;
    next["cursor"] = first["next_cursor"].clone();
    let second = ok(&post(&sim, V3, &next));
    assert!(second.get("counts").is_none());
    assert_ne!(second["resources"], first["resources"]);
    let etl = ok(&post(&sim, ETL, &json!({"selected_resource_type": "instance", "limit": 2})));
    assert!(etl.get("counts").is_none() && etl["offset"] == 0);
    let names: Vec<&str> = [&first, &second]
        .iter()
        .flat_map(|page| page["resources"].as_array().unwrap())
        .map(|one| one["instance"]["common"]["resource_name"].as_str().unwrap())
        .collect();
    assert!(names.is_sorted(), "{names:?}");
}

/// 9.2: without a type there are counts only, of every type; types may be joined by commas or come as an array.
#[test]
fn types_and_counts() {
    let sim = demo();
    let insight = "backoffice:21";
    let counts = ok(&post(&sim, V3, &json!({"limit": 10, "insight": insight})));
    assert_eq!(counts["resources"], json!([]));
    assert_eq!(counts["selected_resource_type"], Value::Null);
    let mut truth: BTreeMap<String, u64> = BTreeMap::new();
    {
        let world = sim.world();
        let all = world.violations(1, BASE);
        for one in all.iter().filter(|one| one.insight == SourcedId::backoffice(21) && !one.exempted) {
            *truth.entry(one.resource.resource_type.to_string()).or_default() += 1;
        }
    }
    assert_eq!(truth.len(), 3);
    assert_eq!(counts["counts"], json!(truth));
    let total: u64 = truth.values().sum();
    let joined = json!({"limit": 7, "insight": insight, "selected_resource_type": "instance,storagecontainer,dbinstance"});
    let array = json!({"limit": 7, "insight": insight, "resource_types": ["instance", "storagecontainer", "dbinstance"]});
    for body in [joined, array] {
        let (elements, _) = sweep(&sim, V3, &body);
        assert_eq!(elements.len() as u64, total);
    }
    let none = ok(&post(&sim, V3, &json!({"limit": 5, "selected_resource_type": "snapshot"})));
    assert_eq!((&none["resources"], &none["counts"]["snapshot"]), (&json!([]), &json!(0)));
}

/// 9.1, 3.3: the maxima, and what happens above them.
#[test]
fn limits() {
    let sim = demo();
    let at = |endpoint, limit: Value| {
        post(&sim, endpoint, &json!({"selected_resource_type": "pod", "limit": limit}))
    };
    assert_eq!(at(V2, json!(100)).status, StatusCode::OK);
    assert_v2_error(&at(V2, json!(101)), 400);
    for endpoint in [V3, ETL] {
        assert_eq!(at(endpoint, json!(1000)).status, StatusCode::OK);
        for wrong in [json!(1001), json!(0), json!(-1), json!("10"), Value::Null] {
            assert_field_error(&at(endpoint, wrong), "limit");
        }
    }
    sim.configure(|options| options.excess = Excess::Clamp);
    assert_eq!(ok(&at(V2, json!(500)))["limit"], 100);
    sim.configure(|options| options.page_cap = Some(3));
    let page = ok(&at(V3, json!(50)));
    assert_eq!((page["resources"].as_array().unwrap().len(), &page["limit"]), (3, &json!(50)));
    let (elements, _) = sweep(&sim, V3, &json!({"selected_resource_type": "pod", "limit": 50}));
    assert_eq!(elements.len() as u64, page["counts"]["pod"].as_u64().unwrap());
}

/// 24 (5): invalid cursors are 400: garbage, another query's, an expired one, an empty one.
#[test]
fn invalid_cursors() {
    let sim = demo();
    let body =
        |kind: &str, cursor: &Value| json!({"selected_resource_type": kind, "limit": 3, "cursor": cursor});
    let cursor =
        ok(&post(&sim, V3, &json!({"selected_resource_type": "pod", "limit": 3})))["next_cursor"].clone();
    assert!(cursor.as_str().unwrap().contains(['+', '/', '&', '%', '=']), "unsafe in a URL on purpose");
    assert_eq!(post(&sim, V3, &body("pod", &cursor)).status, StatusCode::OK);
    assert_field_error(&post(&sim, V3, &body("instance", &cursor)), "cursor");
    assert_field_error(&post(&sim, V3, &body("pod", &json!("b3BhcXVl"))), "cursor");
    assert_field_error(&post(&sim, V3, &body("pod", &json!(""))), "cursor");
    assert_field_error(&post(&sim, V3, &body("pod", &json!(7))), "cursor");
    sim.expire_cursors();
    assert_field_error(&post(&sim, V3, &body("pod", &cursor)), "cursor");
}

/// 3.3: the marks of the last page.
#[test]
fn last_cursors() {
    let sim = demo();
    let last = || ok(&post(&sim, V3, &json!({"selected_resource_type": "pod", "limit": 1000})));
    assert_eq!(last().get("next_cursor"), Some(&Value::Null));
    sim.configure(|options| options.last_cursor = LastCursor::Absent);
    assert_eq!(last().get("next_cursor"), None);
    sim.configure(|options| options.last_cursor = LastCursor::Empty);
    assert_eq!(last().get("next_cursor"), Some(&json!("")));
}

/// 24 (10): cursors that repeat, run in circles or never end; a page without records in the middle.
#[test]
fn misbehaving_cursors() {
    let sim = demo();
    let next = |cursor: &Value| {
        let mut body = json!({"selected_resource_type": "pod", "limit": 3});
        if !cursor.is_null() {
            body["cursor"] = cursor.clone();
        }
        ok(&post(&sim, V3, &body))
    };
    sim.configure(|options| options.cursors = Cursors::Repeat);
    let second = next(&Value::Null)["next_cursor"].clone();
    assert_eq!(next(&second)["next_cursor"], second);

    sim.configure(|options| options.cursors = Cursors::Cycle(2));
    let first = next(&Value::Null);
    let second = next(&first["next_cursor"]);
    let third = next(&second["next_cursor"]);
    assert_eq!(third["resources"], first["resources"]);
    assert_eq!(third["next_cursor"], first["next_cursor"]);

    sim.configure(|options| options.cursors = Cursors::Endless);
    let mut cursor = Value::Null;
    let mut seen = BTreeSet::new();
    for _ in 0..200 {
        cursor = next(&cursor)["next_cursor"].clone();
        assert!(seen.insert(cursor.as_str().unwrap().to_owned()), "always a new one");
    }
    assert_eq!(next(&cursor)["resources"], json!([]));

    sim.configure(|options| {
        options.cursors = Cursors::Normal;
        options.blank_page = true;
    });
    let blank = next(&next(&Value::Null)["next_cursor"]);
    assert_eq!(blank["resources"], json!([]));
    let (elements, _) = sweep(&sim, V3, &json!({"selected_resource_type": "pod", "limit": 3}));
    let ids: BTreeSet<String> = elements.iter().map(id_of).collect();
    let pods = sim.world().resources.iter().filter(|one| &*one.resource_type == "pod").count();
    assert_eq!((ids.len(), elements.len()), (pods, pods));
}

/// 9.3: counts on every page, on none, and counts that change from page to page.
#[test]
fn counts_on_demand() {
    let sim = demo();
    let counts = |cursor: Option<&Value>| {
        let mut body = json!({"selected_resource_type": "pod", "limit": 3});
        if let Some(cursor) = cursor {
            body["cursor"] = cursor.clone();
        }
        let answer = ok(&post(&sim, V3, &body));
        (answer.get("counts").map(|counts| counts["pod"].as_i64().unwrap()), answer["next_cursor"].clone())
    };
    let (all, cursor) = counts(None);
    assert_eq!(counts(Some(&cursor)).0, None);
    sim.configure(|options| options.counts = QueryCounts::EveryPage);
    assert_eq!(counts(Some(&cursor)).0, all);
    sim.configure(|options| options.total_drift = -1);
    assert_eq!(counts(Some(&cursor)).0, all.map(|count| count - 1));
    sim.configure(|options| options.counts = QueryCounts::Never);
    assert_eq!(counts(None).0, None);
}

/// 9.2: exempted resources are hidden, shown on demand, and only those that fail.
#[test]
fn exempted_resources() {
    let sim = demo();
    let exemption = sim.world().exemptions[0].clone();
    let ids = |exempted: bool, now: i64| -> BTreeSet<String> {
        let body = json!({"selected_resource_type": exemption.resource_type, "limit": 1000,
            "insight": exemption.insight.to_string(), "insight_exemptions": exempted});
        let answer = send_at(&sim, now, Method::POST, V3, &[("Api-Key", DEMO_KEY)], &body.to_string());
        ok(&answer)["resources"].as_array().unwrap().iter().map(id_of).collect()
    };
    let truth = |exempted: bool, now: i64| -> BTreeSet<String> {
        let world = sim.world();
        let all = world.violations(1, now);
        all.iter()
            .filter(|one| one.insight == exemption.insight && (exempted || !one.exempted))
            .filter(|one| *one.resource.resource_type == *exemption.resource_type)
            .map(|one| one.resource.id.clone())
            .collect()
    };
    for now in [BASE, exemption.start - 1, exemption.start, BASE + 100_000_000_000] {
        assert_eq!(ids(false, now), truth(false, now));
        assert_eq!(ids(true, now), truth(true, now));
    }
    assert!(!ids(false, BASE).contains(&exemption.resource_id));
    assert!(
        ids(false, exemption.start - 1).contains(&exemption.resource_id),
        "the clock decides, not the cache"
    );
    assert!(ids(true, BASE).contains(&exemption.resource_id));
}

/// 9.2: scopes, badges, tags (objects and bare names) and query filters.
#[test]
fn narrowing() {
    let sim = demo();
    let ids = |extra: Value| -> BTreeSet<String> {
        let mut body = json!({"selected_resource_type": "instance", "limit": 1000});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        sweep(&sim, V3, &body).0.iter().map(id_of).collect()
    };
    let world = sim.world().clone();
    let own: Vec<i64> = world.clouds.iter().filter(|one| one.organization == 1).map(|one| one.id).collect();
    let truth = |wanted: &dyn Fn(&crate::insightcloudsec::world::Resource) -> bool| -> BTreeSet<String> {
        let instances = world.resources.iter().filter(|one| &*one.resource_type == "instance");
        let own = instances.filter(|one| own.contains(&one.cloud));
        own.filter(|one| wanted(one)).map(|one| one.id.clone()).collect()
    };
    let all = truth(&|_| true);
    assert_eq!(ids(json!({})), all);
    assert_eq!(ids(json!({"scopes": ["divvyorganizationservice:3"]})), truth(&|one| one.cloud == 3));
    assert_eq!(
        ids(json!({"scopes": ["divvyorganizationservice:3", "divvyorganizationservice:5"]})),
        truth(&|one| one.cloud == 3 || one.cloud == 5)
    );
    let grouped = truth(&|one| one.groups.contains(&1));
    assert!(!grouped.is_empty());
    assert_eq!(ids(json!({"scopes": ["resourcegroup:1:"]})), grouped);
    assert_eq!(ids(json!({"scopes": ["divvyorganization:1"]})), all);

    let google = json!([{"key": "system.cloud_type", "value": "GCP"}]);
    let is_google = |id: i64| world.cloud(id).is_some_and(|cloud| cloud.cloud_type == "GCE");
    assert_eq!(
        ids(json!({"badges": google, "badge_filter_operator": "OR"})),
        truth(&|one| is_google(one.cloud))
    );

    let has = |one: &crate::insightcloudsec::world::Resource, value: Option<&str>| match &one.tags {
        Tags::Map(tags) => {
            tags.iter().any(|(key, held)| key == "env" && value.is_none_or(|value| value == held))
        }
        _ => false,
    };
    let tagged = truth(&|one| has(one, Some("prod")));
    assert!(!tagged.is_empty() && tagged.len() < all.len());
    assert_eq!(ids(json!({"tags": [{"key": "env", "value": "prod"}]})), tagged);
    assert_eq!(ids(json!({"tags": ["env"]})), truth(&|one| has(one, None)));

    let insight = world.insight(SourcedId::backoffice(2)).unwrap();
    let filter = json!([{"name": insight.filters[0].name, "config": {}}]);
    assert_eq!(ids(json!({"filters": filter})), truth(&|one| one.fails.contains(&insight.id)));
}

/// 3.5: malformed fields in the shape of the endpoint's family; unknown keys are refused in v3 only.
#[test]
fn malformed_requests() {
    let sim = demo();
    let with = |key: &str, value: Value| {
        let mut body = json!({"selected_resource_type": "pod", "limit": 3});
        body[key] = value;
        body
    };
    for (key, value) in [
        ("page_size", json!(10)),
        ("scopes", json!("divvyorganizationservice:3")),
        ("scopes", json!(["divvyorganizationservice:3:"])),
        ("scopes", json!(["resourcegroup:1"])),
        ("insight", json!("536")),
        ("insight", json!("vendor:1")),
        ("insight", json!("backoffice:999")),
        ("insight_exemptions", json!("false")),
        ("filters", json!([{"name": "divvy.query.x", "config": "text"}])),
        ("filters", json!([{"name": "divvy.query.unheard_of", "config": {}}])),
        ("badges", json!(["env:prod"])),
        ("badge_filter_operator", json!("and")),
        ("tags", json!([7])),
        ("order_by", json!("region ASC")),
        ("selected_resource_type", json!(["pod"])),
    ] {
        assert_field_error(&post(&sim, V3, &with(key, value)), key);
    }
    assert_v2_error(&post(&sim, V2, &with("insight", json!("backoffice:999"))), 500);
    assert_v2_error(&post(&sim, V2, &with("scopes", json!("x"))), 400);
    assert_eq!(post(&sim, V2, &with("page_size", json!(10))).status, StatusCode::OK);
    let raw = |text: &str| send(&sim, Method::POST, V3, &[("Api-Key", DEMO_KEY)], text);
    assert_field_error(&raw("[]"), "_schema");
    assert_field_error(&raw("{\"limit\":"), "_schema");
    assert_field_error(&raw(""), "limit");
}

/// 9.4: the envelope of an ordinary and of an unknown type, and the two types without `common`.
#[test]
fn envelopes() {
    let sim = demo();
    let first = |kind: &str| {
        let answer = ok(&post(&sim, V3, &json!({"selected_resource_type": kind, "limit": 1})));
        let element = answer["resources"][0].clone();
        assert_eq!(element["resource_type"], kind);
        assert_eq!(element.as_object().unwrap().len(), 2, "the type and its payload");
        element[kind].clone()
    };
    let instance = first("instance");
    let common = &instance["common"];
    assert_eq!(common["resource_type"], "instance");
    assert_eq!(common["cloud"], "AWS");
    assert_eq!(common["account"], "production");
    assert_eq!(common["account_id"], "111122220021");
    assert_eq!(common["organization_service_id"], 3);
    assert!(common["availability_zone"].as_str().unwrap().starts_with(common["region"].as_str().unwrap()));
    assert!(!instance["network_resource_id"].as_str().unwrap().ends_with(':'));
    assert!(instance["subnet_resource_id"].as_str().unwrap().ends_with(':'));
    assert!(first("quantumledger")["ledger_state"]["history"].is_array());
    assert!(!super::super::supported::TYPES.contains(&"quantumledger"));
    for kind in ["resourcegroup", "divvyorganizationservice"] {
        let payload = first(kind);
        assert!(payload.get("common").is_none());
        assert!(payload["resource_id"].as_str().unwrap().starts_with(kind));
    }
    assert!(first("divvyorganizationservice")["organization_service_id"].is_string());
}

/// 3.1, 3.2: ids and times verbatim: trailing colons, slashes, spaces, non-ASCII letters, `"None"`.
#[test]
fn ids_and_times() {
    let sim = demo();
    let world = sim.world().clone();
    let mut ids = Vec::new();
    let mut nones = 0;
    let mut seen_tags = BTreeSet::new();
    let mut regions = BTreeSet::new();
    for kind in crate::insightcloudsec::catalogue::KINDS.iter().map(|kind| kind.name) {
        let (elements, _) = sweep(&sim, V3, &json!({"selected_resource_type": kind, "limit": 1000}));
        for element in elements {
            let common = &element[kind]["common"];
            let resource = world.resources.iter().find(|one| one.id == id_of(&element)).unwrap();
            let created = common["creation_timestamp"].as_str().unwrap();
            assert_eq!(created == "None", resource.created.is_none());
            nones += usize::from(created == "None");
            assert_eq!(created.contains(' '), created != "None");
            assert!(common["last_harvested_timestamp"].as_str().unwrap().contains('T'));
            seen_tags.insert(match common.get("tags") {
                None => "missing",
                Some(Value::Null) => "null",
                Some(_) => "object",
            });
            if kind == "serviceuser" {
                regions.insert(common.get("region").map(|region| region.as_str().unwrap().to_owned()));
            }
            ids.push(id_of(&element));
        }
    }
    assert!(nones > 0);
    assert_eq!(seen_tags, BTreeSet::from(["missing", "null", "object"]));
    assert_eq!(regions, BTreeSet::from([None, Some(String::new())]));
    assert!(ids.iter().all(|id| id.ends_with(':')));
    for part in ["/", " ", "ü", "東", "@", ":arn:aws:lambda:"] {
        assert!(ids.iter().any(|id| id.contains(part)), "{part}");
    }
}

/// A change of the world shows at once and moves what comes after it; equal requests have equal answers.
#[test]
fn changes_in_mid_run() {
    let sim = demo();
    let request = json!({"selected_resource_type": "pod", "limit": 3});
    let first = post(&sim, V3, &request);
    assert_eq!(post(&sim, V3, &request).body, first.body);
    let page = ok(&first);
    let gone = id_of(&page["resources"][0]);
    sim.edit(|world| world.resources.retain(|one| one.id != gone));
    assert_ne!(post(&sim, V3, &request).body, first.body);
    let mut next = request;
    next["cursor"] = page["next_cursor"].clone();
    let after = ok(&post(&sim, V3, &next));
    let (elements, _) = sweep(&sim, V3, &json!({"selected_resource_type": "pod", "limit": 1000}));
    assert_eq!(after["resources"][0], elements[3], "one record slipped by between the pages");
}

/// A record served raw reaches the client byte for byte.
#[test]
fn raw_records() {
    let sim = demo();
    let raw = r#"{"resource_type":"pod","daemon":{"common":{}}}"#;
    sim.edit(|world| {
        let pod = world.resources.iter_mut().find(|one| &*one.resource_type == "pod").unwrap();
        pod.raw = Some(raw.into());
    });
    let answer = post(&sim, V3, &json!({"selected_resource_type": "pod", "limit": 2}));
    assert!(String::from_utf8_lossy(&answer.body).contains(raw));
}
