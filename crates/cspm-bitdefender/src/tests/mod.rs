//! A server that knows exact requests and nothing else, and what the tests have in common.

mod accounts;
mod auth;
mod decode;
mod listing;
mod policies;
mod properties;
mod requests;
mod standards;
mod suppressions;
mod walk;

use std::collections::BTreeMap;

use cspm_core::secrecy::SecretString;
use cspm_http::BaseUrl;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::{Bitdefender, Config, Links, NextLink};

pub(crate) const SCAN: &str = "7b0c1c0e-5a0f-4a57-9f0e-2d5a3f1f9a01";
pub(crate) const RULE: &str = "9a4d1f44-6f0a-4f0e-b7a7-f7a8f1d0c333";

/// The sample of section 4.
pub(crate) const SCANS: &str = r#"{"data":[{"id":"7b0c1c0e-5a0f-4a57-9f0e-2d5a3f1f9a01","type":"scan",
  "attributes":{"name":"prod-payments","target":"123456789012","is_enabled":true,
                "is_archived":false,"created_at":"2025-03-04T08:15:30.120Z"},
  "relationships":{"scan_group":{"data":{"id":"0c9b6c52-3f5e-4a0e-8a5d-0f7c0f6f1b10","type":"scan_group"}}},
  "links":{"self":"/v1/setting/scans/7b0c1c0e-5a0f-4a57-9f0e-2d5a3f1f9a01"}}],
 "links":{"self":"/v1/setting/scans","next":null},"meta":{"total":1,"elapsed":1}}"#;

/// The sample of section 8.
pub(crate) const RULES: &str = r#"{"data":[{"id":"9a4d1f44-6f0a-4f0e-b7a7-f7a8f1d0c333","type":"rule",
  "attributes":{"name":"s3_public_read","version":3,"title":"Bucket readable by anyone",
    "original_severity":"high","description":"d","implication":"i","recommendation":"Block it.",
    "references":"see https://example.test/a, https://example.test/b"},
  "relationships":{"controls":{"data":[{"id":"A.5.12","type":"control",
    "meta":{"compliance_type":"system_compliance","compliance_id":"GDPR","section_id":"A.5"}}]}},
  "links":{"self":"/v1/cspm/rules/9a4d1f44-6f0a-4f0e-b7a7-f7a8f1d0c333"}}],
 "links":{"self":"/v1/cspm/rules"},"meta":{"total":1,"elapsed":1}}"#;

/// The sample of section 9, shortened.
pub(crate) const STANDARDS: &str = r#"{"data":[{"id":"GDPR","type":"system_compliance",
  "attributes":{"title":"General Data Protection Regulation","controls":[]}}],"meta":{"total":1}}"#;

/// A check as in section 6.2, with what is given added to its attributes, and with the likely relationships.
pub(crate) fn check(id: &str, attributes: &str) -> String {
    let relationships = format!(
        r#"{{"rule":{{"data":{{"id":"{RULE}","type":"rule"}}}},"scan":{{"data":{{"id":"{SCAN}","type":"scan"}}}}}}"#
    );
    check_of(id, attributes, &relationships)
}

pub(crate) fn check_of(id: &str, attributes: &str, relationships: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"check","attributes":{{"resource_region":"eu-west-1","resource_id":"r-1",
           "resource_name":"audit-logs","resource_type":"S3 Bucket","created_at":"2025-06-11T02:10:09.004Z",
           "scan_name":"prod-payments","scan_group_name":"Production",{attributes}}},
           "relationships":{relationships}}}"#
    )
}

/// A page of records.
pub(crate) fn page(records: &[String], total: usize, next: &str) -> String {
    let next = if next.is_empty() { String::new() } else { format!(r#","next":"{next}""#) };
    let records = records.join(",");
    format!(r#"{{"data":[{records}],"links":{{"self":"x"{next}}},"meta":{{"total":{total},"elapsed":1}}}}"#)
}

pub(crate) const FAIL: &str = r#""result":"fail","severity":"high","status":"open""#;

/// What the questions for nobody's checks are answered with where a filter is heeded, and no standards: unless a test
/// says otherwise.
const USUAL: [&str; 3] = [HEEDS_SCANS, HEEDS_RULES, COMPLIANCE];
pub(crate) const HEEDS_SCANS: &str = "/v1/cspm/checks?scans=00000000-0000-0000-0000-000000000000";
pub(crate) const HEEDS_RULES: &str = "/v1/cspm/checks?rules=00000000-0000-0000-0000-000000000000";
pub(crate) const COMPLIANCE: &str = "/v1/cspm/system_compliance";

/// Answers exactly these paths and queries, and those of [`USUAL`] with nothing in them; anything else, and what is to be
/// answered with nothing, is 404.
pub(crate) async fn serve(answers: &[(&str, String)]) -> MockServer {
    let server = MockServer::start().await;
    let usual = USUAL.map(|target| (target.to_owned(), page(&[], 0, "")));
    let mut answers_by_target = BTreeMap::from(usual);
    answers_by_target.extend(answers.iter().map(|(target, body)| ((*target).to_owned(), body.clone())));
    let answer = move |request: &Request| match answers_by_target.get(&target(request)) {
        Some(body) if !body.is_empty() => {
            ResponseTemplate::new(200).set_body_raw(body.clone(), "application/json")
        }
        _ => ResponseTemplate::new(404).set_body_string(r#"{"message":"no such path"}"#),
    };
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

fn target(request: &Request) -> String {
    let url = &request.url;
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

/// What was asked for, in order.
pub(crate) async fn asked(server: &MockServer) -> Vec<String> {
    server.received_requests().await.unwrap().iter().map(target).collect()
}

pub(crate) fn config(server: &MockServer) -> Config {
    let base = BaseUrl::parse(&format!("{}/v1/", server.uri())).unwrap();
    let mut config = Config::new("gravity", base, SecretString::from("k%ey@1"));
    config.settings.requests_per_second = Some(10_000.0);
    config
}

pub(crate) fn connect(server: &MockServer) -> Bitdefender {
    Bitdefender::connect(config(server)).unwrap()
}

pub(crate) fn links() -> Links {
    Links::new(BaseUrl::parse("https://api.e.cs.gravityzone.bitdefender.com/v1").unwrap(), NextLink::Rebase)
}
