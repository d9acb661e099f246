//! An event somebody else composed, at every version.

use serde_json::{Value, json};

use super::leaves::{leaves, missing};
use crate::{Code, Event, Validator, Version, step_down};

pub(crate) fn sample() -> Value {
    serde_json::from_str(include_str!("sample_1_8.json")).unwrap()
}

/// The sample at a version.
pub(crate) fn sample_at(version: Version) -> Value {
    let mut events = step_down(Event::from_value(sample()).unwrap(), version);
    assert_eq!(events.len(), 1);
    serde_json::to_value(events.remove(0)).unwrap()
}

#[test]
fn the_sample_is_valid_at_every_version() {
    for version in Version::ALL {
        assert_eq!(Validator::new().at(version).check(&sample_at(version)), [], "{version}");
        assert_eq!(Validator::new().check(&sample_at(version)), [], "{version}");
    }
}

#[test]
fn only_recommended_attributes_without_data_are_missing() {
    let issues = Validator::new().recommended(true).check(&sample());
    assert!(!issues.is_empty());
    assert!(issues.iter().all(|issue| issue.code == Code::AttributeRecommendedMissing), "{issues:?}");
    assert!(issues.iter().any(|issue| issue.path == "resources[0].owner"), "{issues:?}");
}

#[test]
fn as_many_values_move_as_the_versions_ask_for() {
    for (version, moved) in Version::ALL.into_iter().zip([19, 19, 19, 11, 6, 4, 1, 0]) {
        let event = sample_at(version);
        let kept =
            event["unmapped"].get("ocsf_1_8").and_then(Value::as_object).map_or(0, serde_json::Map::len);
        assert_eq!(kept, moved, "{version}");
        assert_eq!(event["unmapped"]["conformity"]["risk-level"], "HIGH");
    }
}

#[test]
fn at_1_3_it_is_what_security_lake_accepts() {
    let event = sample_at(Version::V1_3);
    assert_eq!(event["metadata"]["version"], "1.3.0");
    assert_eq!(
        event["compliance"]["status_detail"],
        "Bucket policy has no statement that denies aws:SecureTransport=false."
    );
    assert_eq!(
        event["observables"][1],
        json!({"name": "cloud.account.uid", "type_id": 99, "type": "Account Object: uid", "value": "123456789012"})
    );
    assert_eq!(event["metadata"]["labels"], json!(["cspm", "mapper:example-cspm-cli/0.1.0"]));
    let moved: Vec<&str> =
        event["unmapped"]["ocsf_1_8"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        moved,
        [
            "cloud.cloud_partition",
            "compliance.category",
            "compliance.checks",
            "compliance.control_parameters",
            "compliance.desc",
            "compliance.status_details",
            "finding_info.product",
            "finding_info.tags",
            "finding_info.uid_alt",
            "metadata.original_event_uid",
            "metadata.source",
            "metadata.transformation_info_list",
            "metadata.type",
            "observables[1].type_id",
            "resources[0].provider",
            "resources[0].role",
            "resources[0].role_id",
            "resources[0].tags",
            "resources[0].uid_alt",
        ]
    );
    assert_eq!(event["unmapped"]["ocsf_1_8"]["resources[0].role_id"], 3);
}

#[test]
fn below_1_3_each_resource_has_its_event() {
    let mut event = sample();
    event["resources"].as_array_mut().unwrap().push(json!({"uid": "two", "role_id": 4, "role": "Related"}));
    event["observables"].as_array_mut().unwrap().extend([
        json!({"name": "resources[1].uid", "type_id": 10, "value": "two"}),
        json!({"name": "resources[].uid", "type_id": 10}),
        json!({"name": "resources[7].uid", "type_id": 10, "value": "of none"}),
    ]);
    let events = step_down(Event::from_value(event.clone()).unwrap(), Version::V1_2);
    let events: Vec<Value> = events.iter().map(|event| serde_json::to_value(event).unwrap()).collect();
    assert_eq!(events.len(), 2);
    for (event, (uid, role, names)) in events.iter().zip([
        (
            "arn:aws:s3:::example-invoices-eu",
            3,
            vec!["resource.uid", "cloud.account.uid", "resource.uid", "resource.uid"],
        ),
        ("two", 4, vec!["cloud.account.uid", "resource.uid", "resource.uid"]),
    ]) {
        assert_eq!(Validator::new().at(Version::V1_2).check(event), []);
        assert_eq!(event["resource"]["uid"], uid);
        let place = usize::from(role == 4);
        assert_eq!(event["unmapped"]["ocsf_1_8"][format!("resources[{place}].role_id")], role);
        let found: Vec<&str> =
            event["observables"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(found, names);
    }
    assert_eq!(events[0]["metadata"]["uid"], "e:5d0b7a6e1f3c4c0f#0");
    assert_eq!(events[1]["metadata"]["uid"], "e:5d0b7a6e1f3c4c0f#1");
    let present: Vec<String> = events.iter().flat_map(leaves).collect();
    let mut lost = missing(leaves(&event), &present);
    lost.sort();
    assert_eq!(
        lost,
        ["1.8.0", "resources[0].uid", "resources[1].uid", "resources[7].uid", "resources[].uid"]
    );
}

#[test]
fn what_an_older_version_does_not_know_becomes_other_or_moves() {
    let mut event = sample();
    event["status_id"] = 6.into();
    event["status"] = "Deleted".into();
    event["cloud"]["account"] = json!({"uid": "s", "type_id": 13});
    event["metadata"]["profiles"] = json!(["cloud", "incident", "datetime"]);
    event["verdict_id"] = 1.into();
    event["observables"] = json!([{"name": "cloud.cloud_partition", "type_id": 25, "type": "macOS Process"}]);
    event["message"] = "x".repeat(70_000).into();
    let newest = Event::from_value(event).unwrap();
    assert_eq!(Validator::new().check_event(&newest), []);
    let stepped = serde_json::to_value(step_down(newest.clone(), Version::V1_5)).unwrap();
    assert_eq!((&stepped[0]["status_id"], &stepped[0]["status"]), (&99.into(), &"Deleted".into()));
    assert_eq!(stepped[0]["observables"][0]["type"], "Linux Process", "captions follow the version");
    assert_eq!(stepped[0]["verdict_id"], 1, "the profile exists since 1.4");

    let stepped = serde_json::to_value(step_down(newest, Version::V1_3)).unwrap();
    let event = &stepped[0];
    assert_eq!(Validator::new().check(event), []);
    let moved = &event["unmapped"]["ocsf_1_8"];
    assert_eq!(event["cloud"]["account"], json!({"uid": "s", "type_id": 99, "type": "Azure Subscription"}));
    assert_eq!(moved["cloud.account.type_id"], 13);
    assert_eq!(moved["status_id"], 6);
    assert_eq!(moved["metadata.profiles[1]"], "incident");
    assert_eq!(moved["verdict_id"], 1);
    assert_eq!(moved["observables[0]"]["name"], "cloud.cloud_partition");
    assert!(event.get("observables").is_none());
    assert_eq!(event["message"].as_str().unwrap().len(), 65_535);
    assert_eq!(moved["message"].as_str().unwrap().len(), 70_000);
}

#[test]
fn what_older_versions_require_is_filled_from_what_is_nearest() {
    let mut event = sample();
    event["compliance"].as_object_mut().unwrap().remove("standards");
    event["finding_info"].as_object_mut().unwrap().remove("title");
    event["metadata"]["product"] = json!({"name": "P"});
    event["remediation"]["kb_article_list"] = json!([{"src_url": "https://example.com"}]);
    event["observables"] = json!([{"type_id": 10, "value": "nameless"}]);
    for version in Version::ALL {
        let stepped =
            serde_json::to_value(step_down(Event::from_value(event.clone()).unwrap(), version)).unwrap();
        assert_eq!(Validator::new().check(&stepped[0]), [], "{version}");
        if version == Version::V1_3 {
            assert_eq!(stepped[0]["compliance"]["standards"], json!(["P rules"]));
            assert_eq!(stepped[0]["finding_info"]["title"], "Bucket must enforce encryption in transit");
            assert_eq!(stepped[0]["metadata"]["product"], json!({"name": "P", "vendor_name": "P"}));
            let moved = &stepped[0]["unmapped"]["ocsf_1_8"];
            assert_eq!(moved["remediation.kb_article_list[0]"]["src_url"], "https://example.com");
            assert_eq!(moved["observables[0]"]["value"], "nameless");
        }
    }
}

#[test]
fn an_event_of_the_version_or_an_older_one_stays_as_it_is() {
    let event = Event::from_value(sample_at(Version::V1_3)).unwrap();
    for version in [Version::V1_3, Version::V1_8] {
        assert_eq!(step_down(event.clone(), version), vec![event.clone()]);
    }
}
