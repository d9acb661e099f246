//! Events broken by hand: one thing each, with the code and the path the validator must give.

use serde_json::{Value, json};

use super::sample::sample_at;
use crate::Code::{self, *};
use crate::{IssueSeverity, Validator, Version};

/// What is done to the sample.
enum Break {
    Set(&'static str, Value),
    Remove(&'static str),
}

use Break::{Remove, Set};

fn broken(version: Version, change: &Break) -> Value {
    let mut event = sample_at(version);
    let (Set(pointer, _) | Remove(pointer)) = change;
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = event.pointer_mut(parent).unwrap();
    match (change, parent) {
        (Set(_, value), Value::Object(members)) => {
            members.insert(name.to_owned(), value.clone());
        }
        (Set(_, value), Value::Array(items)) => items.push(value.clone()),
        (Remove(_), Value::Object(members)) => assert!(members.remove(name).is_some(), "{name}"),
        _ => panic!("{pointer} is not in the sample"),
    }
    event
}

type Row = (Version, Break, Code, &'static str);

fn rows() -> Vec<Row> {
    use Version::*;
    let mut rows = missing_and_unknown();
    rows.extend(values());
    rows.extend([
        (V1_8, Remove("/class_uid"), AttributeRequiredMissing, "class_uid"),
        (V1_8, Set("/class_uid", json!("2003")), AttributeWrongType, "class_uid"),
        (V1_8, Set("/class_uid", json!(2004)), ClassUidUnknown, "class_uid"),
        (V1_8, Set("/type_uid", json!(200_301)), TypeUidIncorrect, "type_uid"),
        (V1_8, Set("/metadata/profiles/-", json!("clouds")), ProfileUnknown, "metadata.profiles[2]"),
        (V1_3, Set("/metadata/profiles/-", json!("incident")), ProfileUnknown, "metadata.profiles[2]"),
        (V1_8, Set("/metadata/version", json!("1.8.0-dev")), VersionEarlier, "metadata.version"),
        (V1_8, Set("/metadata/version", json!("1.9.0")), VersionIncompatibleLater, "metadata.version"),
        (V1_8, Set("/metadata/version", json!("1.8")), VersionInvalidFormat, "metadata.version"),
        (
            V1_8,
            Set("/observables/-", json!({"type_id": 10, "name": "resources[0].arn"})),
            ObservableNameInvalidReference,
            "observables[2].name",
        ),
        (
            V1_2,
            Set("/observables/-", json!({"type_id": 10, "name": "resources[0].uid"})),
            ObservableNameInvalidReference,
            "observables[2].name",
        ),
        (
            V1_8,
            Set("/observables/-", json!({"type_id": 10, "name": "message.text"})),
            ObservableNameInvalidReference,
            "observables[2].name",
        ),
        (V1_8, Set("/resources/-", json!({"type": "nameless"})), ConstraintFailed, "resources[1]"),
        (V1_8, Set("/cloud/account", json!({"type_id": 10})), ConstraintFailed, "cloud.account"),
        (V1_8, Set("/cloud/org", json!({"ou_uid": "ou"})), ConstraintFailed, "cloud.org"),
        (
            V1_8,
            Set("/finding_info/analytic", json!({"type_id": 1})),
            ConstraintFailed,
            "finding_info.analytic",
        ),
        (V1_8, Set("/finding_info/tags/-", json!({"name": "t"})), ConstraintFailed, "finding_info.tags[1]"),
        (
            V1_8,
            Set("/remediation/kb_article_list/-", json!({"title": "t"})),
            ConstraintFailed,
            "remediation.kb_article_list[1]",
        ),
        (V1_8, Set("/evidences", json!([{"name": "nothing"}])), ConstraintFailed, "evidences[0]"),
        (V1_8, Set("/resource", json!({"uid": "old"})), AttributeDeprecated, "resource"),
        (
            V1_8,
            Set("/compliance/status_detail", json!("old")),
            AttributeDeprecated,
            "compliance.status_detail",
        ),
        (V1_8, Set("/cloud/project_uid", json!("p")), AttributeDeprecated, "cloud.project_uid"),
    ]);
    rows
}

fn missing_and_unknown() -> Vec<Row> {
    use Version::*;
    vec![
        (V1_8, Remove("/activity_id"), AttributeRequiredMissing, "activity_id"),
        (V1_8, Remove("/category_uid"), AttributeRequiredMissing, "category_uid"),
        (V1_8, Remove("/severity_id"), AttributeRequiredMissing, "severity_id"),
        (V1_8, Remove("/type_uid"), AttributeRequiredMissing, "type_uid"),
        (V1_8, Remove("/time"), AttributeRequiredMissing, "time"),
        (V1_8, Set("/time", Value::Null), AttributeRequiredMissing, "time"),
        (V1_8, Remove("/compliance"), AttributeRequiredMissing, "compliance"),
        (V1_8, Remove("/finding_info/uid"), AttributeRequiredMissing, "finding_info.uid"),
        (V1_8, Remove("/metadata/version"), AttributeRequiredMissing, "metadata.version"),
        (V1_8, Remove("/metadata/product"), AttributeRequiredMissing, "metadata.product"),
        (V1_8, Remove("/cloud/provider"), AttributeRequiredMissing, "cloud.provider"),
        (V1_8, Remove("/cloud"), AttributeRequiredMissing, "cloud"),
        (V1_8, Remove("/remediation/desc"), AttributeRequiredMissing, "remediation.desc"),
        (
            V1_8,
            Set("/observables/-", json!({"name": "message"})),
            AttributeRequiredMissing,
            "observables[2].type_id",
        ),
        (
            V1_8,
            Set("/compliance/assessments", json!([{"name": "a"}])),
            AttributeRequiredMissing,
            "compliance.assessments[0].meets_criteria",
        ),
        (
            V1_8,
            Set("/enrichments", json!([{"name": "a", "data": {}}])),
            AttributeRequiredMissing,
            "enrichments[0].value",
        ),
        (V1_4, Remove("/compliance/standards"), AttributeRequiredMissing, "compliance.standards"),
        (V1_3, Remove("/finding_info/title"), AttributeRequiredMissing, "finding_info.title"),
        (
            V1_3,
            Remove("/metadata/product/vendor_name"),
            AttributeRequiredMissing,
            "metadata.product.vendor_name",
        ),
        (V1_3, Remove("/observables/0/name"), AttributeRequiredMissing, "observables[0].name"),
        (
            V1_5,
            Remove("/remediation/kb_article_list/0/uid"),
            AttributeRequiredMissing,
            "remediation.kb_article_list[0].uid",
        ),
        (V1_8, Set("/extra", json!(1)), AttributeUnknown, "extra"),
        (V1_8, Set("/risk_details", json!("r")), AttributeUnknown, "risk_details"),
        (V1_8, Set("/assignee", json!({"name": "a"})), AttributeUnknown, "assignee"),
        (V1_8, Set("/compliance/checks/0/cloud", json!({})), AttributeUnknown, "compliance.checks[0].cloud"),
        (V1_8, Set("/resources/0/arn", json!("a")), AttributeUnknown, "resources[0].arn"),
        (
            V1_8,
            Set("/finding_info/analytic/title", json!("a")),
            AttributeUnknown,
            "finding_info.analytic.title",
        ),
        (V1_8, Set("/metadata/product/vendor", json!("a")), AttributeUnknown, "metadata.product.vendor"),
        (V1_2, Set("/resources", json!([])), AttributeUnknown, "resources"),
        (V1_4, Set("/compliance/checks", json!([])), AttributeUnknown, "compliance.checks"),
        (V1_6, Set("/metadata/source", json!("s")), AttributeUnknown, "metadata.source"),
        (V1_7, Set("/resources/0/provider", json!("AWS")), AttributeUnknown, "resources[0].provider"),
    ]
}

fn values() -> Vec<Row> {
    use Version::*;
    vec![
        (V1_8, Set("/message", json!(1)), AttributeWrongType, "message"),
        (V1_8, Set("/severity_id", json!("4")), AttributeWrongType, "severity_id"),
        (V1_8, Set("/time", json!(1.5)), AttributeWrongType, "time"),
        (V1_8, Set("/metadata", json!([])), AttributeWrongType, "metadata"),
        (V1_8, Set("/resources", json!({"uid": "a"})), AttributeWrongType, "resources"),
        (V1_8, Set("/resources/-", json!("a")), AttributeWrongType, "resources[1]"),
        (V1_8, Set("/resources/-", Value::Null), AttributeWrongType, "resources[1]"),
        (V1_8, Set("/compliance/standards/-", json!({})), AttributeWrongType, "compliance.standards[2]"),
        (V1_8, Set("/metadata/is_truncated", json!("yes")), AttributeWrongType, "metadata.is_truncated"),
        (V1_8, Set("/unmapped", json!("text")), AttributeWrongType, "unmapped"),
        (V1_8, Set("/activity_id", json!(4)), AttributeEnumValueUnknown, "activity_id"),
        (V1_8, Set("/severity_id", json!(7)), AttributeEnumValueUnknown, "severity_id"),
        (V1_8, Set("/category_uid", json!(3)), AttributeEnumValueUnknown, "category_uid"),
        (V1_5, Set("/status_id", json!(6)), AttributeEnumValueUnknown, "status_id"),
        (V1_3, Set("/cloud/account/type_id", json!(13)), AttributeEnumValueUnknown, "cloud.account.type_id"),
        (V1_8, Set("/compliance/status_id", json!(4)), AttributeEnumValueUnknown, "compliance.status_id"),
        (V1_8, Set("/resources/0/role_id", json!(5)), AttributeEnumValueUnknown, "resources[0].role_id"),
        (V1_8, Set("/severity", json!("Severe")), AttributeEnumSiblingIncorrect, "severity"),
        (V1_8, Set("/class_name", json!("compliance_finding")), AttributeEnumSiblingIncorrect, "class_name"),
        (
            V1_8,
            Set("/compliance/status", json!("FAILURE")),
            AttributeEnumSiblingIncorrect,
            "compliance.status",
        ),
        (
            V1_8,
            Set("/compliance/checks/0/severity", json!("high")),
            AttributeEnumSiblingIncorrect,
            "compliance.checks[0].severity",
        ),
        (
            V1_3,
            Set("/observables/1/type", json!("Other")),
            AttributeEnumSiblingSuspiciousOther,
            "observables[1].type",
        ),
        (V1_3, Set("/message", json!("x".repeat(65_536))), AttributeValueExceedsMaxLen, "message"),
        (
            V1_3,
            Set("/finding_info/src_url", json!("x".repeat(65_536))),
            AttributeValueExceedsSuperTypeMaxLen,
            "finding_info.src_url",
        ),
        (
            V1_8,
            Set("/evidences", json!([{"src_endpoint": {"port": 65_536, "name": "n"}}])),
            AttributeValueExceedsRange,
            "evidences[0].src_endpoint.port",
        ),
        (V1_3, Set("/time_dt", json!("2026-06-01t08:30:00Z")), AttributeValueRegexNotMatched, "time_dt"),
        (V1_8, Set("/severity_id", json!([4])), AttributeWrongType, "severity_id"),
        (V1_8, Set("/time_dt", json!("yesterday")), AttributeValueRegexNotMatched, "time_dt"),
        (V1_8, Set("/resources/0/ip", json!("10.0.0")), AttributeValueRegexNotMatched, "resources[0].ip"),
        (V1_8, Set("/time", json!(1_780_302_600)), TimeNotMilliseconds, "time"),
        (V1_8, Set("/time", json!(1_780_302_600_000_000_i64)), TimeNotMilliseconds, "time"),
        (V1_8, Set("/finding_info/created_time", json!(0)), TimeNotMilliseconds, "finding_info.created_time"),
        (
            V1_8,
            Set("/metadata/logged_time", json!(1_780_303_337)),
            TimeNotMilliseconds,
            "metadata.logged_time",
        ),
        (
            V1_1,
            Set("/finding_info/modified_time", json!(-1)),
            TimeNotMilliseconds,
            "finding_info.modified_time",
        ),
    ]
}

#[test]
fn every_break_is_found_where_it_is() {
    let rows = rows();
    assert!(rows.len() >= 80, "{}", rows.len());
    for (version, change, code, path) in &rows {
        let event = broken(*version, change);
        let issues = Validator::new().at(*version).check(&event);
        let found: Vec<(Code, &str)> = issues.iter().map(|issue| (issue.code, issue.path.as_str())).collect();
        assert!(found.contains(&(*code, *path)), "{version} {code} {path}: {found:?}");
        // A number without its caption, or another activity than `type_uid` says, follows from the break.
        let follows = |code: Code| {
            matches!(
                code,
                AttributeEnumSiblingIncorrect
                    | TypeUidIncorrect
                    | ObservableNameInvalidReference
                    | AttributeUnknown
            )
        };
        let others =
            found.iter().filter(|(other, at)| (other, at) != (code, path) && !follows(*other)).count();
        assert_eq!(others, 0, "{version} {code} {path}: {found:?}");
        for issue in &issues {
            assert!(!issue.message.is_empty() && !issue.remedy.is_empty());
            assert_eq!(issue.is_error(), issue.severity == IssueSeverity::Error);
            assert!(issue.to_string().contains(issue.code.as_str()));
        }
    }
}

#[test]
fn every_code_of_an_event_has_a_break() {
    let rows = rows();
    let wanted = [
        AttributeRequiredMissing,
        AttributeUnknown,
        AttributeWrongType,
        AttributeEnumValueUnknown,
        AttributeEnumSiblingIncorrect,
        AttributeEnumSiblingSuspiciousOther,
        AttributeDeprecated,
        AttributeValueExceedsMaxLen,
        AttributeValueExceedsSuperTypeMaxLen,
        AttributeValueExceedsRange,
        AttributeValueRegexNotMatched,
        ConstraintFailed,
        ClassUidUnknown,
        TypeUidIncorrect,
        ProfileUnknown,
        VersionEarlier,
        VersionIncompatibleLater,
        VersionInvalidFormat,
        ObservableNameInvalidReference,
        TimeNotMilliseconds,
    ];
    for code in wanted {
        assert!(rows.iter().any(|(_, _, other, _)| *other == code), "{code}");
    }
}

#[test]
fn a_part_of_many_events_is_checked_until_it_is_valid_and_wherever_else_it_stands() {
    use crate::part::Part;
    use crate::{Event, Node, Object};
    let validator = Validator::new().at(Version::NEWEST);
    let issues = |key: &'static str, part: &Part| -> usize {
        let mut root = Object::default();
        root.put("class_uid", 2003);
        root.put(key, part);
        let event = Event::new(root);
        let found = validator.check_event(&event);
        found.iter().filter(|issue| issue.path.starts_with(key)).count()
    };
    let mut compliance = Object::default();
    compliance.put("status_id", 7);
    let bad = Part::new(compliance);
    let mut compliance = Object::default();
    compliance.put("status_id", 3);
    let good = Part::new(compliance);
    for _ in 0..3 {
        assert_eq!(issues("compliance", &bad), 1);
        assert_eq!(issues("compliance", &good), 0);
        // Valid where it was, and not here.
        assert!(issues("finding_info", &good) > 1);
        assert_eq!(issues("vendor", &good), 1);
    }
    assert_eq!(good, Part::new(Node::clone(good.node())));
}

#[test]
fn codes_are_spelt_in_json_as_in_text() {
    for (_, _, code, _) in rows() {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
    }
    assert_eq!(serde_json::to_value(IssueSeverity::Warning).unwrap(), "warning");
}

#[test]
fn type_uid_follows_from_every_activity() {
    for activity in [0, 1, 2, 3, 99] {
        for wrong in [-1, 0, 1] {
            let mut event = sample_at(Version::NEWEST);
            event["activity_id"] = activity.into();
            event["type_uid"] = (200_300 + activity + wrong).into();
            let issues = Validator::new().check(&event);
            let said = issues.iter().any(|issue| issue.code == TypeUidIncorrect);
            assert_eq!(said, wrong != 0, "{activity} {wrong} {issues:?}");
        }
    }
}

#[test]
fn a_remedy_says_which_profile_or_version_is_missing() {
    let mut event = sample_at(Version::V1_4);
    event["risk_score"] = 1.into();
    event["compliance"]["desc"] = "d".into();
    event["no\u{1b}where"] = 1.into();
    let remedies: Vec<(String, String)> =
        Validator::new().check(&event).into_iter().map(|issue| (issue.path, issue.remedy)).collect();
    let remedy = |path: &str| remedies.iter().find(|(at, _)| at == path).map(|(_, remedy)| remedy.as_str());
    assert!(remedy("risk_score").unwrap().contains("profile security_control"));
    assert!(remedy("compliance.desc").unwrap().contains("since 1.5.0"));
    assert!(remedy("no\\u{1b}where").unwrap().contains("unmapped"));
}

#[test]
fn anything_may_be_in_open_places_and_nothing_else_is_an_event() {
    let mut event = sample_at(Version::NEWEST);
    event["unmapped"]["x"] = json!({"": null, "a": [{"b": 1.5}]});
    event["resources"][0]["data"] = json!([1, {"x": null}]);
    event["enrichments"] = json!([{"name": "n", "value": "v", "data": 5}]);
    assert_eq!(Validator::new().check(&event), []);
    for wrong in [json!([]), json!("x"), Value::Null] {
        let issues = Validator::new().check(&wrong);
        assert_eq!((issues.len(), issues[0].code), (1, EventNotObject));
    }
}

#[test]
fn an_event_of_another_version_can_be_checked_against_any() {
    let old = sample_at(Version::V1_3);
    let issues = Validator::new().at(Version::V1_8).check(&old);
    assert!(issues.iter().any(|issue| issue.code == VersionEarlier && !issue.is_error()), "{issues:?}");
    let issues = Validator::new().at(Version::V1_3).check(&sample_at(Version::V1_8));
    assert!(
        issues.iter().any(|issue| issue.code == VersionIncompatibleLater && issue.is_error()),
        "{issues:?}"
    );
    assert!(issues.iter().any(|issue| issue.path == "compliance.checks"), "{issues:?}");
}
