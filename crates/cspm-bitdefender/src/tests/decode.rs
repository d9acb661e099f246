//! From a check to a finding (section 6.2).

use cspm_core::{Finding, FindingQuery, Origin, Outcome, OutcomeFilter, Severity, State, Step};

use super::{FAIL, RULE, RULES, SCAN, SCANS, check, check_of, links, page};
use crate::decode::{Catalogue, decode_accounts, decode_checks, decode_rules};

fn read(records: &[String], query: &FindingQuery) -> Step<Finding> {
    let catalogue = Catalogue::from_pages(SCANS, RULES, &links()).unwrap();
    let origin = Origin::new("gravity", "bitdefender");
    decode_checks(&page(records, records.len(), ""), &catalogue, query, &origin, &links()).unwrap()
}

fn all() -> FindingQuery {
    FindingQuery { outcome: OutcomeFilter::All, ..FindingQuery::default() }
}

fn one(attributes: &str) -> Finding {
    read(&[check("c-1", attributes)], &all()).items.remove(0)
}

#[test]
fn a_check_is_joined_with_its_rule_and_account() {
    let finding = one(FAIL);
    assert_eq!((&*finding.vendor_id, &*finding.uid), ("c-1", "bitdefender:gravity:c-1"));
    assert_eq!((&*finding.rule.id, &*finding.title), (RULE, "Bucket readable by anyone"));
    assert_eq!(finding.description.as_deref(), Some("d"));
    assert_eq!((finding.outcome, finding.severity), (Outcome::Fail, Severity::High));
    assert_eq!(finding.vendor_severity.as_deref(), Some("high"));
    assert_eq!((finding.state, finding.suppression.is_none()), (Some(State::Open), true));
    assert_eq!(finding.resource.id.as_deref(), Some("r-1"));
    assert_eq!(finding.resource.name.as_deref(), Some("audit-logs"));
    assert_eq!(finding.resource.kind.as_deref(), Some("S3 Bucket"));
    assert_eq!(finding.region.as_deref(), Some("eu-west-1"));
    let account = &finding.account;
    assert_eq!((account.id.as_deref(), account.cloud_id.as_deref()), (Some(SCAN), Some("123456789012")));
    assert_eq!(finding.account.provider, None);
    assert_eq!(
        (&*finding.standards[0].id, finding.standards[0].control.as_deref()),
        ("GDPR", Some("A.5.12"))
    );
    let remediation = finding.remediation.unwrap();
    assert_eq!(remediation.text.as_deref(), Some("Block it."));
    assert_eq!(remediation.url.as_deref(), Some("https://example.test/a"));
    assert_eq!(finding.last_seen.unwrap().to_string(), "2025-06-11T02:10:09.004Z");
    assert_eq!((finding.first_seen, finding.updated, finding.resolved), (None, None, None));
    assert!(finding.raw.is_none());
}

/// Contract section 4: outcome and state beside each other; of a pass, resolved or nothing.
#[test]
fn statuses() {
    for (result, status, state, kind) in [
        ("fail", r#""open""#, Some(State::Open), None),
        ("fail", r#""remediated""#, Some(State::Resolved), None),
        ("fail", r#""risk_accepted""#, Some(State::Suppressed), Some("risk_accepted")),
        ("fail", r#""false_positive""#, Some(State::Suppressed), Some("false_positive")),
        ("fail", r#""needs_review""#, Some(State::InReview), None),
        ("fail", "null", None, None),
        ("fail", r#""postponed""#, None, None),
        ("pass", "null", None, None),
        ("pass", r#""open""#, None, None),
        ("pass", r#""remediated""#, Some(State::Resolved), None),
        ("pass", r#""risk_accepted""#, Some(State::Resolved), None),
    ] {
        let finding = one(&format!(r#""result":"{result}","severity":"low","status":{status}"#));
        assert_eq!(finding.outcome.as_str(), result);
        assert_eq!(finding.state, state, "{result} {status}");
        assert_eq!(
            finding.suppression.map(|suppression| suppression.kind).as_deref(),
            kind,
            "{result} {status}"
        );
    }
}

/// Sections 3.3 and 10: a bare date, meant to its end, UTC.
#[test]
fn an_accepted_risk_ends_with_its_day() {
    let finding = one(
        r#""result":"fail","severity":"low","status":"risk_accepted","expires_at":"2026-03-31","status_remarks":"later""#,
    );
    let suppression = finding.suppression.unwrap();
    assert_eq!(suppression.until.unwrap().to_string(), "2026-03-31T23:59:59Z");
    assert_eq!(suppression.reason.as_deref(), Some("later"));
}

/// J10: words never seen stay readable, and are said once.
#[test]
fn j10_unknown_words() {
    let odd = check("c-1", r#""result":"maybe","severity":"extreme","status":"postponed""#);
    let step = read(&[odd], &all());
    assert_eq!((step.items[0].outcome, step.items[0].severity), (Outcome::Unknown, Severity::Unknown));
    assert_eq!(step.items[0].vendor_severity.as_deref(), Some("extreme"));
    assert_eq!(step.notices.len(), 2);
}

/// Section 0: every attribute may be absent or null.
#[test]
fn j11_absent_attributes_are_null() {
    let bare = r#"{"id":"c-1","attributes":{"result":null,"created_at":7,"resource_name":["x"]}}"#.to_owned();
    let step = read(&[bare], &all());
    let finding = &step.items[0];
    assert_eq!((&*finding.rule.id, finding.account.id.as_deref()), ("", None));
    assert_eq!((finding.outcome, finding.last_seen), (Outcome::Unknown, None));
    assert_eq!((&finding.resource.name, &finding.region), (&None, &None));
    assert!(step.notices.len() == 1, "a result that is not told is told: {:?}", step.notices);
    // What was asked for makes it no other.
    let bare = r#"{"id":"c-1","attributes":{}}"#.to_owned();
    let query = FindingQuery { rules: vec![RULE.to_owned()], ..FindingQuery::default() };
    let step = read(&[bare], &query);
    assert_eq!((step.items[0].outcome, &*step.items[0].rule.id), (Outcome::Unknown, ""));
}

/// A record without attributes still says who it is.
#[test]
fn null_and_absent_attributes_are_as_good_as_empty() {
    for attributes in [r#","attributes":null"#, "", r#","attributes":{}"#] {
        let step = read(&[format!(r#"{{"id":"c-1"{attributes}}}"#)], &all());
        assert_eq!((step.items.len(), step.rejected.len()), (1, 0), "{attributes}");
        assert_eq!(step.items[0].vendor_id, "c-1");
        let nameless = format!(r#"{{"type":"check"{attributes}}}"#);
        assert_eq!(read(&[nameless], &all()).rejected.len(), 1, "{attributes}");
        let scan = format!(r#"{{"data":[{{"id":"s-1"{attributes}}}]}}"#);
        let origin = Origin::new("gravity", "bitdefender");
        assert_eq!(decode_accounts(&scan, &origin, &links()).unwrap().items.len(), 1);
        assert_eq!(decode_rules(&scan, &origin, &links()).unwrap().items.len(), 1);
    }
}

/// Words are known whatever their letters' case.
#[test]
fn letter_case() {
    let finding = one(r#""result":"FAIL","severity":"High","status":"Risk_Accepted""#);
    assert_eq!((finding.outcome, finding.severity), (Outcome::Fail, Severity::High));
    assert_eq!((finding.vendor_severity.as_deref(), finding.state), (Some("High"), Some(State::Suppressed)));
    assert_eq!(finding.suppression.unwrap().kind, "risk_accepted");
    assert_eq!(one(r#""result":"Pass","severity":"low","status":null"#).outcome, Outcome::Pass);
}

/// Section 6.2: an account and a rule can be found by a name that no other has.
#[test]
fn missing_relationships() {
    let attributes = format!(r#"{FAIL},"rule_name":"s3_public_read""#);
    let finding = read(&[check_of("c-1", &attributes, "{}")], &all()).items.remove(0);
    assert_eq!(&*finding.rule.id, RULE);
    assert_eq!(finding.account.id.as_deref(), Some(SCAN));
    let renamed = check_of("c-1", &attributes, "{}").replace("prod-payments", "gone");
    let account = &read(&[renamed], &all()).items.remove(0).account;
    assert_eq!((account.id.as_deref(), account.name.as_deref()), (None, Some("gone")));
    let ids = format!(r#"{FAIL},"rule_id":"{RULE}","scan_id":"{SCAN}""#);
    let by_id = check_of("c-1", &ids, "{}").replace("prod-payments", "gone");
    let finding = read(&[by_id], &all()).items.remove(0);
    assert_eq!((&*finding.rule.id, finding.account.cloud_id.as_deref()), (RULE, Some("123456789012")));
    let other = r#"{"rule":{"data":[{"id":"r-new"}]},"scan":{"data":{"id":"s-new"}}}"#;
    let finding = read(&[check_of("c-1", FAIL, other)], &all()).items.remove(0);
    assert_eq!((&*finding.rule.id, &*finding.title), ("r-new", "r-new"));
    assert_eq!(finding.account.id.as_deref(), Some("s-new"));
}

/// A rule that the vendor does not list (any more) is in no standard that is known, and that is said once.
#[test]
fn a_rule_that_is_not_listed() {
    let query = FindingQuery { standards: vec!["gdpr".to_owned()], ..FindingQuery::default() };
    let step = read(&[check_of("c-1", FAIL, r#"{"rule":{"data":{"id":"r-new"}}}"#)], &query);
    assert!(step.items[0].standards.is_empty());
    assert_eq!(step.notices.len(), 1);
}

/// J12: one bad record among many.
#[test]
fn j12_a_bad_record_is_rejected_alone() {
    let bad = r#"{"id":"c-2","attributes":5}"#.to_owned();
    let nameless = r#"{"attributes":{}}"#.to_owned();
    let step = read(&[check("c-1", FAIL), bad, nameless, check("c-3", FAIL)], &all());
    let ids: Vec<_> = step.items.iter().map(|finding| finding.vendor_id.as_str()).collect();
    assert_eq!(ids, ["c-1", "c-3"]);
    let names: Vec<_> = step.rejected.iter().map(|rejected| rejected.name.as_str()).collect();
    assert_eq!(names, ["c-2", "check 3 of a page"]);
}

#[test]
fn raw_is_the_record_and_only_where_wanted() {
    let query = FindingQuery { raw: true, ..all() };
    let record =
        r#"{ "id":"c-1", "attributes":{"new": 1e400.0} }"#.replace("1e400.0", "18446744073709551616");
    let finding = read(&[record], &query).items.remove(0);
    assert_eq!(finding.raw.unwrap().get(), r#"{"id":"c-1","attributes":{"new":18446744073709551616}}"#);
}
