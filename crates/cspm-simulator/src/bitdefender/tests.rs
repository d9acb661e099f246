//! One test for each line of Appendix B and each ruling of the document, section by section.

mod auth;
mod filters;
mod generated;
mod items;
mod paging;
mod update;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::Value;

use super::*;

/// 2025-06-15T15:06:40Z.
const NOW: i64 = 1_750_000_000_000;
const DAY: i64 = 86_400_000;

const GROUP: &str = "0c9b6c52-3f5e-4a0e-8a5d-0f7c0f6f1b10";
const EMPTY_GROUP: &str = "0c9b6c52-3f5e-4a0e-8a5d-0f7c0f6f1b11";
const SCAN: &str = "7b0c1c0e-5a0f-4a57-9f0e-2d5a3f1f9a01";
const LONE_SCAN: &str = "7b0c1c0e-5a0f-4a57-9f0e-2d5a3f1f9a02";
const BUCKET: &str = "c1f0a7de-2f0b-4d0e-9f4a-31a0a5d9b222";
const RECORDER: &str = "c1f0a7de-2f0b-4d0e-9f4a-31a0a5d9b223";
const RULE: &str = "9a4d1f44-6f0a-4f0e-b7a7-f7a8f1d0c333";
const OTHER_RULE: &str = "9a4d1f44-6f0a-4f0e-b7a7-f7a8f1d0c334";
/// Fails: high, open.
const OPEN: &str = "5f2f8d6a-9f6e-4f5b-8a35-6d2a9b7c4e11";
/// Passes: high, no status.
const PASS: &str = "5f2f8d6a-9f6e-4f5b-8a35-6d2a9b7c4e12";
/// Fails: critical, risk accepted until the end of June 2025, on the configuration recorder of the lone account.
const ACCEPTED: &str = "5f2f8d6a-9f6e-4f5b-8a35-6d2a9b7c4e13";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A world small enough to know by heart.
fn small() -> World {
    let text = |text: &str| Some(text.to_owned());
    let check =
        |id: &str, result: &'static str, severity: &'static str, status: Option<&'static str>| Check {
            id: id.into(),
            scan: SCAN.into(),
            rule: RULE.into(),
            resource: BUCKET.into(),
            result: result.into(),
            severity: Some(severity.into()),
            status: status.map(Into::into),
            status_remarks: None,
            severity_remarks: None,
            expires_at: None,
            created_at: text("2025-06-11T02:10:09.004Z"),
        };
    let accepted = Check {
        scan: LONE_SCAN.into(),
        rule: OTHER_RULE.into(),
        resource: RECORDER.into(),
        status_remarks: text("until the migration"),
        severity_remarks: text("raised"),
        expires_at: text("2025-06-30"),
        ..check(ACCEPTED, "fail", "critical", Some("risk_accepted"))
    };
    let scan = |id: &str, name: &str, group: Option<&str>| Scan {
        id: id.into(),
        name: text(name),
        target: text("123456789012"),
        is_enabled: true,
        is_archived: group.is_none(),
        created_at: text("2025-03-04T08:15:30.120Z"),
        group: group.map(Into::into),
    };
    let group = |id: &str, name: &str| ScanGroup {
        id: id.into(),
        name: text(name),
        description: text(""),
        schedule: text("daily"),
        created_at: text("2025-03-01T10:00:00.000Z"),
    };
    let resource = |id: &str, name: &str, region: &str, kind: &'static str| Resource {
        id: id.into(),
        native_id: format!("arn:aws:x:::{name}"),
        name: text(name),
        region: text(region),
        resource_type: Some(kind.into()),
    };
    let rule = |id: &str, name: &str| Rule {
        id: id.into(),
        name: name.into(),
        version: 3,
        title: text("Bucket readable by anyone"),
        original_severity: Some("high".into()),
        description: text("d"),
        implication: text("i"),
        recommendation: text("r"),
        references: text("https://example.test/a"),
        other_controls: Vec::new(),
    };
    let control = |id: &str, section: &str, rules: &[&str]| Control {
        id: id.into(),
        description: text("Access is limited"),
        section_id: section.into(),
        section_title: text("Access"),
        rules: rules.iter().map(|id| (*id).into()).collect(),
    };
    let standard =
        |id: &str, controls: Vec<Control>| Standard { id: id.into(), title: text("A standard"), controls };
    World {
        groups: vec![group(GROUP, "Production"), group(EMPTY_GROUP, "Empty")],
        scans: vec![scan(SCAN, "prod-payments", Some(GROUP)), scan(LONE_SCAN, "lone", None)],
        resources: vec![
            resource(BUCKET, "audit-logs", "eu-west-1", "S3 Bucket"),
            resource(RECORDER, "default", "global", "Configuration Recorder"),
        ],
        rules: vec![rule(RULE, "s3_public_read"), rule(OTHER_RULE, "config_enabled")],
        standards: vec![
            standard(
                "GDPR",
                vec![control("A.5.12", "A.5", &[RULE]), control("A.5.13", "A.5", &[RULE, OTHER_RULE])],
            ),
            standard("ISO/IEC 27001:2022", vec![control("A.5.12", "A.5", &[OTHER_RULE])]),
        ],
        checks: vec![check(OPEN, "fail", "high", Some("open")), check(PASS, "pass", "high", None), accepted],
    }
}

/// As many plain open checks as asked for, on the small world.
fn many(count: usize) -> World {
    let mut world = small();
    let model = world.checks[0].clone();
    world.checks = (0..count).map(|n| Check { id: nth(n).into(), ..model.clone() }).collect();
    world
}

/// The id of the n-th check of [`many`].
fn nth(n: usize) -> String {
    format!("aaaaaaaa-0000-4000-8000-{n:012x}")
}

fn with(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    change(&mut options);
    options
}

fn sim(change: impl FnOnce(&mut Options)) -> Bitdefender {
    Bitdefender::new(small(), with(change))
}

fn headers(key: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", HeaderValue::from_str(key).unwrap());
    headers.insert("host", HeaderValue::from_static("127.0.0.1:9103"));
    headers
}

fn request(method: Method, target: &str, headers: HeaderMap, body: &str) -> SimRequest {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    SimRequest { method, path: path.into(), query: query.into(), headers, body: Bytes::from(body.to_owned()) }
}

fn get(sim: &Bitdefender, target: &str) -> SimResponse {
    sim.handle(&request(Method::GET, target, headers(DEMO_KEY), ""), NOW)
}

fn status(sim: &Bitdefender, target: &str) -> u16 {
    get(sim, target).status.as_u16()
}

fn parsed(response: &SimResponse) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}

/// The JSON of an answer that must be a 200.
fn json(sim: &Bitdefender, target: &str) -> Value {
    let response = get(sim, target);
    assert_eq!(response.status, StatusCode::OK, "{target}: {:?}", response.body);
    assert_eq!(response.headers["content-type"], "application/json");
    parsed(&response)
}

fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

/// The path and query of an absolute link to the simulator.
fn follow(link: &Value) -> &str {
    link.as_str().unwrap().strip_prefix("http://127.0.0.1:9103").unwrap()
}
