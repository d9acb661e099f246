//! From records to the model: every field of contract section 4, and the quirks of sections 4 to 8.

use cspm_core::{Finding, FindingQuery, Origin, Outcome, Severity, State, Timestamp};
use serde_json::json;

use super::*;
use crate::decode::{Catalogue, decode_accounts, decode_checks, decode_rules};

pub(super) fn origin() -> Origin {
    Origin::new("trend", "conformity")
}

pub(super) fn catalogue() -> Catalogue {
    let accounts = decode_accounts(&accounts().to_string(), &origin()).unwrap();
    let rules = decode_rules(&services().to_string(), &origin()).unwrap();
    assert!(accounts.rejected.is_empty() && rules.rejected.is_empty());
    Catalogue::new(&accounts.items, rules.items)
}

/// A check as the vendor sends it, changed by a closure.
fn finding(change: impl FnOnce(&mut Value)) -> Finding {
    let mut record = check("Qx7kP2mNz", "S3-016", "S3", "eu-west-1", "team-logs");
    change(&mut record);
    let text = json!({"data": [record], "meta": {"total": 1}}).to_string();
    let mut step = decode_checks(&text, &catalogue(), &FindingQuery::default(), &origin()).unwrap();
    assert_eq!(step.rejected, []);
    assert_eq!(step.expected, Some(1));
    step.items.pop().unwrap()
}

fn time(text: &str) -> Option<Timestamp> {
    Some(Timestamp::parse(text).unwrap())
}

#[test]
fn a_failing_check_in_full() {
    let found = finding(|record| {
        record["attributes"]["link"] = json!("https://console.aws.example/s3?bucket=team-logs");
        record["attributes"]["resolution-page-url"] = json!("https://example.invalid/s3-016");
        record["attributes"]["lastStatusUpdateDate"] = json!(1_700_000_150_000_i64);
    });
    let shown = serde_json::to_value(&found).unwrap();
    assert_eq!(
        shown,
        json!({
            "uid": "conformity:trend:ccc:Qx7kP2mNz:S3-016:S3:eu-west-1:team-logs",
            "connection": "trend", "vendor": "conformity",
            "vendor_id": "ccc:Qx7kP2mNz:S3-016:S3:eu-west-1:team-logs",
            "title": "S3 Default Encryption", "description": "About S3 Default Encryption",
            "message": "team-logs is not as it should be",
            "outcome": "fail", "severity": "high", "vendor_severity": "HIGH", "state": "open", "suppression": null,
            "rule": {"id": "S3-016", "title": "S3 Default Encryption", "service": "S3",
                     "url": "https://example.invalid/s3-016"},
            "resource": {"id": "team-logs", "name": "team-logs", "type": "s3-bucket"},
            "account": {"id": "Qx7kP2mNz", "cloud_id": "111122223333", "name": "Payments", "provider": "aws"},
            "region": "eu-west-1", "categories": ["security"],
            "standards": [{"id": "PCI", "control": null}, {"id": "NIST4", "control": null}],
            "tags": {"env": "prod"},
            "first_seen": "2023-11-14T22:14:10Z", "last_seen": "2023-11-14T22:15:50Z",
            "updated": "2023-11-14T22:15:50Z", "resolved": null,
            "url": "https://console.aws.example/s3?bucket=team-logs",
            "remediation": {"text": null, "url": "https://example.invalid/s3-016"}
        })
    );
}

#[test]
fn risk_levels_are_the_contracts_and_other_words_are_kept() {
    for (word, severity) in [
        ("LOW", Severity::Low),
        ("MEDIUM", Severity::Medium),
        ("HIGH", Severity::High),
        ("VERY_HIGH", Severity::Critical),
        ("EXTREME", Severity::Critical),
        ("Very High", Severity::Critical),
        ("CUSTOM", Severity::Unknown),
        ("Unknown", Severity::Unknown),
    ] {
        let found = finding(|record| record["attributes"]["risk-level"] = json!(word));
        assert_eq!((found.severity, found.vendor_severity.as_deref()), (severity, Some(word)));
    }
    // The display form contradicts the level in a documented sample (4.1): it is not consulted.
    let found = finding(|record| {
        record["attributes"]["risk-level"] = json!("LOW");
        record["attributes"]["pretty-risk-level"] = json!("High");
    });
    assert_eq!(found.severity, Severity::Low);
}

/// Sections 4.1 and 23, number 21: `suppressed-until` null is without end, and means nothing if not suppressed.
#[test]
fn suppressions_have_an_end_or_none() {
    let found = finding(|record| {
        record["attributes"]["suppressed"] = json!(true);
        record["attributes"]["suppressed-until"] = json!(1_735_689_600_000_i64);
    });
    assert_eq!((found.outcome, found.state), (Outcome::Fail, Some(State::Suppressed)));
    let suppression = found.suppression.unwrap();
    assert_eq!((suppression.until, suppression.kind.as_str()), (time("2025-01-01T00:00:00Z"), "suppressed"));

    let found = finding(|record| record["attributes"]["suppressed"] = json!(true));
    assert_eq!(found.suppression.unwrap().until, None);
    let found = finding(|record| record["attributes"]["suppressed-until"] = json!(1_735_689_600_000_i64));
    assert!(found.suppression.is_none() && found.state == Some(State::Open));
}

#[test]
fn a_pass_is_resolved_only_if_it_failed_before() {
    let pass = |change: fn(&mut Value)| {
        finding(|record| {
            record["attributes"]["status"] = json!("SUCCESS");
            record["attributes"].as_object_mut().unwrap().remove("failure-discovery-date");
            change(&mut record["attributes"]);
        })
    };
    assert_eq!((pass(|_| ()).outcome, pass(|_| ()).state), (Outcome::Pass, None));
    let mended = pass(|attributes| attributes["resolved-date"] = json!(1_700_000_300_000_i64));
    assert_eq!((mended.state, mended.resolved), (Some(State::Resolved), time("2023-11-14T22:18:20Z")));
    let mended = pass(|attributes| attributes["failure-discovery-date"] = json!(1_700_000_000_000_i64));
    assert_eq!(mended.state, Some(State::Resolved));
    assert_eq!(pass(|_| ()).first_seen, time("2023-11-14T19:26:40Z"), "else when it was created");
}

#[test]
fn an_unknown_status_is_unknown() {
    let found = finding(|record| record["attributes"]["status"] = json!("SKIPPED"));
    assert_eq!((found.outcome, found.state), (Outcome::Unknown, None));
}

/// Section 4.1: an Azure resource has slashes, an ARN colons, an account-level check nothing.
#[test]
fn the_id_is_kept_and_taken_apart_from_the_left() {
    let bare = |id: &str| {
        let id = id.to_owned();
        finding(move |record| *record = json!({"id": id, "attributes": {"status": "FAILURE"}}))
    };
    let azure = bare("ccc:Zz81LmQa0:KV-001:KeyVault:eastus:/subscriptions/0f/resourceGroups/a b/vaults/x");
    assert_eq!(azure.resource.id.as_deref(), Some("/subscriptions/0f/resourceGroups/a b/vaults/x"));
    assert_eq!((&*azure.rule.id, azure.rule.service.as_deref()), ("KV-001", Some("KeyVault")));
    assert_eq!((azure.region.as_deref(), azure.account.name.as_deref()), (Some("eastus"), Some("Web")));

    let arn = bare("ccc:Qx7kP2mNz:CT-001:CloudTrail:us-east-1:arn:aws:cloudtrail:us-east-1:1:trail/x");
    assert_eq!(arn.resource.id.as_deref(), Some("arn:aws:cloudtrail:us-east-1:1:trail/x"));
    assert_eq!((&*arn.title, arn.description.as_deref()), ("CloudTrail On", Some("About CloudTrail On")));
    assert_eq!(arn.standards.len(), 2, "the rule's, since the check has none");

    for id in ["ccc:Qx7kP2mNz:S3-016:S3:us-west-2:", "ccc:Qx7kP2mNz:S3-016:S3:us-west-2"] {
        let level = bare(id);
        assert_eq!((level.vendor_id.as_str(), level.resource.id), (id, None));
    }
    let foreign = bare("ccc:N0tL1sted:NEW-1:New:global:x");
    assert_eq!(
        (foreign.account.id.as_deref(), foreign.account.provider.as_deref()),
        (Some("N0tL1sted"), None)
    );
    assert_eq!((&*foreign.title, foreign.rule.title.as_deref()), ("NEW-1", None));
}

#[test]
fn relationships_go_before_the_id_and_the_clouds_id_before_the_name() {
    let found = finding(|record| {
        record["relationships"]["rule"]["data"]["id"] = json!("S3-001");
        record["relationships"]["account"]["data"] = json!(null);
        record["attributes"]["providerResourceId"] = json!("arn:aws:s3:::team-logs");
        record["attributes"]["link-title"] = json!("Team logs");
        record["attributes"].as_object_mut().unwrap().remove("rule-title");
    });
    assert_eq!((&*found.rule.id, &*found.title), ("S3-001", "S3 Public Access"));
    assert_eq!(found.account.id.as_deref(), Some("Qx7kP2mNz"));
    assert_eq!(found.resource.id.as_deref(), Some("arn:aws:s3:::team-logs"));
    assert_eq!(found.resource.name.as_deref(), Some("Team logs"));
}

#[test]
fn both_spellings_of_the_resolution_page_are_read_and_no_other_scheme_is_a_link() {
    let found =
        finding(|record| record["attributes"]["resolutionPageUrl"] = json!("https://example.invalid/x"));
    assert_eq!(found.remediation.unwrap().url.as_deref(), Some("https://example.invalid/x"));
    let found = finding(|record| {
        record["attributes"]["resolution-page-url"] = json!("javascript://x");
        record["attributes"]["link"] = json!("file:///etc/passwd");
    });
    assert!(found.remediation.is_none() && found.url.is_none() && found.rule.url.is_none());
}

/// J13 and section 3.4: milliseconds; anything that would land near 1970 is no time.
#[test]
fn times_are_right_or_absent() {
    for (sent, read) in [
        (json!(1_700_000_000_000_i64), time("2023-11-14T22:13:20Z")),
        (json!("1700000000000"), time("2023-11-14T22:13:20Z")),
        (json!(1_700_000_000_000.0_f64), time("2023-11-14T22:13:20Z")),
        (json!("2023-11-14T22:13:20Z"), time("2023-11-14T22:13:20Z")),
        (json!(253_402_128_000_000_i64), time("9999-12-30T00:00:00Z")),
        (json!(1_700_000_000), None),
        (json!(0), None),
        (json!(-1), None),
        (json!(u64::MAX), None),
        (json!("None"), None),
        (json!({"at": 1}), None),
        (json!(null), None),
    ] {
        let found = finding(|record| record["attributes"]["resolved-date"] = sent.clone());
        assert_eq!(found.resolved, read, "{sent}");
    }
}

#[test]
fn the_record_is_kept_as_received_when_asked_for() {
    let text = r#"{"data":[ {"id":"ccc:a:R-1:S:r:x",  "attributes":{"status":"FAILURE","cost":1.50,"new":"a  b"}} ]}"#;
    let query = FindingQuery { raw: true, ..FindingQuery::default() };
    let step = decode_checks(text, &Catalogue::default(), &query, &origin()).unwrap();
    let raw = step.items[0].raw.as_ref().unwrap().get();
    assert_eq!(raw, r#"{"id":"ccc:a:R-1:S:r:x","attributes":{"status":"FAILURE","cost":1.50,"new":"a  b"}}"#);
}

#[test]
fn what_repeats_is_shared() {
    let records: Vec<Value> =
        (0..3).map(|number| check("Qx7kP2mNz", "S3-016", "S3", "eu-west-1", &format!("b{number}"))).collect();
    let text = json!({"data": records}).to_string();
    let step = decode_checks(&text, &catalogue(), &FindingQuery::default(), &origin()).unwrap();
    let [first, .., last] = step.items.as_slice() else { panic!("three findings") };
    assert!(Arc::ptr_eq(&first.rule, &last.rule) && Arc::ptr_eq(&first.account, &last.account));
    assert!(
        Arc::ptr_eq(&first.standards, &last.standards) && Arc::ptr_eq(&first.categories, &last.categories)
    );
}

/// Sections 5.1 and 23, number 12.
#[test]
fn accounts_of_each_cloud() {
    let text = json!({"data": [
        {"id": "a", "attributes": {"awsaccount-id": 1_111_222_233_i64, "tags": ["pci", "team::pay"]}},
        {"id": "b", "attributes": {"cloud-type": "GCP", "cloud-data": {"gcp": {"projectId": "web-42"}},
            "settings": {"rules": {}, "bot": {"disabled": true}}, "status": "ACTIVE"}},
        {"id": "c", "attributes": {"cloud-type": "azure", "environment": "", "settings": {"rules": null, "bot": null}}},
        {"attributes": {"name": "nameless"}},
    ]});
    let step = decode_accounts(&text.to_string(), &origin()).unwrap();
    let shown = serde_json::to_value(&step.items).unwrap();
    assert_eq!(shown[0]["cloud_id"], "001111222233");
    assert_eq!(
        (&shown[0]["provider"], &shown[0]["tags"]),
        (&json!("aws"), &json!({"pci": "", "team": "pay"}))
    );
    assert_eq!((&shown[1]["cloud_id"], &shown[1]["provider"]), (&json!("web-42"), &json!("gcp")));
    assert_eq!(shown[1]["enabled"], false);
    assert_eq!((&shown[2]["environment"], &shown[2]["enabled"]), (&json!(null), &json!(null)));
    assert_eq!(step.rejected[0].name, "number 4 of its page");
}

/// Section 8: the API hosts put a rule's fields beside its id, the UI host under `attributes`.
#[test]
fn both_layouts_of_the_catalogue_are_read_alike() {
    let flat = services();
    let mut nested = flat.clone();
    for rule in nested["included"].as_array_mut().unwrap() {
        let fields = rule.clone();
        *rule = json!({"type": "rules", "id": fields["id"], "attributes": fields});
    }
    let rules = decode_rules(&flat.to_string(), &origin()).unwrap().items;
    let again = decode_rules(&nested.to_string(), &origin()).unwrap().items;
    assert_eq!(serde_json::to_value(&rules).unwrap(), serde_json::to_value(&again).unwrap());
    let shown = serde_json::to_value(&rules[2]).unwrap();
    assert_eq!(
        shown,
        json!({"connection": "trend", "vendor": "conformity", "id": "CT-001", "title": "CloudTrail On",
            "description": "About CloudTrail On", "severity": "unknown", "vendor_severity": "CUSTOM",
            "provider": "aws", "service": "CloudTrail", "categories": ["security"],
            "standards": [{"id": "PCI", "control": null}, {"id": "NIST4", "control": null}],
            "resource_types": [], "deprecated": false, "url": null})
    );
}

fn step_with(changes: &[(&str, Value)]) -> cspm_core::Step<Finding> {
    let mut record = check("Qx7kP2mNz", "S3-016", "S3", "eu-west-1", "b");
    for (name, value) in changes {
        record["attributes"][*name] = value.clone();
    }
    let text = json!({"data": [record], "meta": {"total": 1}}).to_string();
    decode_checks(&text, &catalogue(), &FindingQuery::default(), &origin()).unwrap()
}

/// Section 4.1: `created-date` can be later than failure dates, and than everything else.
#[test]
fn nothing_is_first_seen_after_it_was_last_seen() {
    for (discovered, created) in
        [(json!(null), 1_800_000_000_000_i64), (json!(1_900_000_000_000_i64), 1_600_000_000_000)]
    {
        let step = step_with(&[("failure-discovery-date", discovered), ("created-date", json!(created))]);
        let finding = &step.items[0];
        assert_eq!(finding.last_seen.unwrap().as_millis(), 1_700_000_100_000);
        assert_eq!(finding.first_seen, finding.last_seen);
    }
    let step = step_with(&[("last-modified-date", json!(null))]);
    assert!(step.items[0].first_seen.is_some() && step.items[0].last_seen.is_none());
}

#[test]
fn a_status_that_no_document_knows_is_told() {
    let words =
        |step: &cspm_core::Step<Finding>| step.notices.iter().map(|one| one.0.clone()).collect::<Vec<_>>();
    assert_eq!(words(&step_with(&[("status", json!("MAYBE"))])), ["unknown check status \"MAYBE\""]);
    assert_eq!(words(&step_with(&[("status", json!(null))])), ["a check without a status"]);
    assert!(words(&step_with(&[("status", json!("success"))])).is_empty());
}

#[test]
fn categories_and_standards_are_named_once() {
    let twice = json!(["b", "a", "b", "a"]);
    let step = step_with(&[("categories", twice.clone()), ("compliances", twice.clone())]);
    let standards = |standards: &[cspm_core::StandardRef]| {
        standards.iter().map(|one| one.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(*step.items[0].categories, ["b".into(), "a".into()]);
    assert_eq!(standards(&step.items[0].standards), ["b", "a"]);
    let text =
        json!({"data": [], "included": [{"id": "r", "categories": twice, "compliances": twice}]}).to_string();
    let rules = decode_rules(&text, &origin()).unwrap().items;
    assert_eq!(*rules[0].categories, ["b".into(), "a".into()]);
    assert_eq!(standards(&rules[0].standards), ["b", "a"]);
}

/// Section 5.1: the type is missing on old payloads of AWS accounts; the data of another cloud says otherwise.
#[test]
fn an_account_without_type_is_told_by_its_data() {
    let text = json!({"data": [
        {"id": "a", "attributes": {"cloud-data": {"azure": {"subscriptionId": "0f0e"}}}},
        {"id": "g", "attributes": {"cloud-data": {"gcp": {"projectId": "p-1"}}}},
        {"id": "w", "attributes": {"awsaccount-id": 11_122_223_333_u64}},
    ]});
    let accounts = decode_accounts(&text.to_string(), &origin()).unwrap().items;
    let told: Vec<_> = accounts
        .iter()
        .map(|account| {
            (account.identity.provider.as_deref().unwrap(), account.identity.cloud_id.as_deref().unwrap())
        })
        .collect();
    assert_eq!(told, [("azure", "0f0e"), ("gcp", "p-1"), ("aws", "011122223333")]);
    for name in ["011122223333", "11122223333", "w"] {
        assert!(accounts[2].identity.is_called(name), "{name}");
        assert!(!accounts[0].identity.is_called(name));
    }
    assert!(!accounts[2].identity.is_called("1122223333") && !accounts[2].identity.is_called(""));
}
