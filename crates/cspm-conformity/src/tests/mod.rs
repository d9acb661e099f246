//! A small organisation in memory, and what was asked of it.

mod account_rules;
mod decoding;
mod dividing;
mod odd_records;
mod paging;
mod planning;
mod policies;
mod preparing;
mod refusals;
mod suppressions;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cspm_core::http::{Request, Response};
use cspm_core::secrecy::SecretString;
use cspm_core::{Finding, FindingQuery, Gathered, Source, async_trait, gather};
use cspm_http::{BaseUrl, Broken, Exchange, Settings};
use serde_json::{Value, json};

use crate::{Config, Conformity};

/// A request as it arrived.
#[derive(Clone, Debug)]
struct Asked {
    method: String,
    /// Path and query as sent.
    target: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Asked {
    fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    /// A parameter of the query, decoded.
    fn parameter(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?')?.1;
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (decoded(key) == name).then(|| decoded(value))
        })
    }

    fn number(&self, name: &str) -> usize {
        self.parameter(name).unwrap().parse().unwrap()
    }

    /// The request, held against what the documents say: method, path with query, headers, body.
    #[track_caller]
    fn assert_is(&self, method: &str, target: &str, body: Option<&Value>) {
        assert_eq!((self.method.as_str(), self.target.as_str()), (method, target));
        assert_eq!(self.headers["authorization"], "ApiKey k3y:secret-part");
        assert_eq!(self.headers["content-type"], "application/vnd.api+json");
        match body {
            None => assert_eq!(self.body, ""),
            Some(body) => assert_eq!(serde_json::from_str::<Value>(&self.body).unwrap(), *body),
        }
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

type Answering = dyn Fn(&Asked) -> (u16, String) + Send + Sync;

/// Answers by a function, and remembers what it was asked.
struct Organisation {
    answering: Box<Answering>,
    log: Mutex<Vec<Asked>>,
}

impl Organisation {
    fn new(answering: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { answering: Box::new(answering), log: Mutex::default() })
    }

    fn log(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }

    fn targets(&self) -> Vec<String> {
        self.log().into_iter().map(|asked| asked.target).collect()
    }

    /// The requests to one path.
    fn asked(&self, path: &str) -> Vec<Asked> {
        self.log().into_iter().filter(|asked| asked.path() == path).collect()
    }

    fn connect(self: &Arc<Self>) -> Conformity {
        let config = Config {
            name: "trend".into(),
            base_url: BaseUrl::parse("https://conformity.test/api").unwrap(),
            api_key: SecretString::from("k3y:secret-part"),
            settings: Settings { requests_per_second: Some(1_000_000.0), ..Settings::default() },
        };
        Conformity::connect_through(config, self.clone()).unwrap()
    }
}

#[async_trait]
impl Exchange for Organisation {
    async fn exchange(&self, request: Request<Bytes>, _largest: u64) -> Result<Response<Bytes>, Broken> {
        let method = request.method().to_string();
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let target = target.strip_prefix("/api").expect("below the base").to_owned();
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        let asked = Asked { method, target, headers: headers.collect(), body };
        let (status, body) = (self.answering)(&asked);
        self.log.lock().unwrap().push(asked);
        Ok(Response::builder().status(status).body(Bytes::from(body)).unwrap())
    }
}

/// Two accounts: one of AWS, one of Azure (section 5.1).
fn accounts() -> Value {
    json!({"data": [
        {"type": "accounts", "id": "Qx7kP2mNz", "attributes": {
            "name": "Payments", "environment": "prod", "awsaccount-id": "111122223333", "cloud-type": "aws",
            "last-checked-date": 1_700_000_200_000_i64, "tags": ["pci"], "status": "ACTIVE"}},
        {"type": "accounts", "id": "Zz81LmQa0", "attributes": {
            "name": "Web", "environment": "", "cloud-type": "azure", "tags": null,
            "cloud-data": {"azure": {"subscriptionId": "0f0e0d0c-0000-1111-2222-333344445555"}}}},
    ]})
}

/// A catalogue of three rules in the layout of the API hosts: fields beside the id (section 8).
fn services() -> Value {
    let rule = |id: &str, title: &str, level: &str| {
        json!({"type": "rules", "id": id, "name": "code", "title": title, "description": format!("About {title}"),
               "categories": ["security"], "compliances": ["PCI", "NIST4"], "risk-level": level, "provider": "aws",
               "knowledge-base-html": "a-page"})
    };
    json!({
        "data": [
            {"type": "services", "id": "S3", "attributes": {"name": "S3", "provider": "aws"},
             "relationships": {"rules": {"data": [{"type": "rules", "id": "S3-016"}, {"type": "rules", "id": "S3-001"}]}}},
            {"type": "services", "id": "CloudTrail", "attributes": {"name": "CloudTrail", "provider": "aws"},
             "relationships": {"rules": {"data": [{"type": "rules", "id": "CT-001"}]}}},
        ],
        "included": [
            rule("S3-016", "S3 Default Encryption", "HIGH"),
            rule("S3-001", "S3 Public Access", "VERY_HIGH"),
            rule("CT-001", "CloudTrail On", "CUSTOM"),
        ],
    })
}

/// A check as section 4.1 shows it.
fn check(account: &str, rule: &str, service: &str, region: &str, resource: &str) -> Value {
    json!({"type": "checks", "id": format!("ccc:{account}:{rule}:{service}:{region}:{resource}"),
        "attributes": {
            "region": region, "status": "FAILURE", "risk-level": "HIGH", "pretty-risk-level": "High",
            "message": format!("{resource} is not as it should be"), "resource": resource,
            "descriptorType": "s3-bucket", "resourceName": "S3 Bucket",
            "last-modified-date": 1_700_000_100_000_i64, "created-date": 1_699_990_000_000_i64,
            "categories": ["security"], "compliances": ["PCI", "NIST4"], "suppressed": false,
            "suppressed-until": null, "failure-discovery-date": 1_700_000_050_000_i64, "extradata": null,
            "tags": ["env::prod"], "not-scored": false, "excluded": false, "rule-title": "S3 Default Encryption",
            "provider": "aws", "service": service},
        "relationships": {"rule": {"data": {"type": "rules", "id": rule}},
                          "account": {"data": {"type": "accounts", "id": account}}}})
}

/// The answers of a healthy organisation, except for checks.
fn besides_checks(asked: &Asked) -> Option<(u16, String)> {
    match asked.path() {
        "/accounts" => Some((200, accounts().to_string())),
        "/services" => Some((200, services().to_string())),
        "/users/whoami" => Some((200, json!({"data": {"type": "users", "id": "u1"}}).to_string())),
        _ => None,
    }
}

/// A healthy organisation with these answers to `GET /checks`.
fn with_checks(answer: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Arc<Organisation> {
    Organisation::new(move |asked| besides_checks(asked).unwrap_or_else(|| answer(asked)))
}

/// Rules whose settings the vendor takes in different ways (section 6): with extra settings, with several levels, deprecated,
/// with extra settings that are only shown.
fn rules_with_terms() -> Value {
    json!({
        "data": [{"type": "services", "id": "RTM", "attributes": {"name": "RTM", "provider": "aws"},
            "relationships": {"rules": {"data": [{"type": "rules", "id": "EC2-034"}]}}}],
        "included": [
            {"type": "rules", "id": "S3-016", "risk-level": "HIGH", "provider": "aws"},
            {"type": "rules", "id": "RTM-002", "risk-level": "MEDIUM", "provider": "aws",
             "settings": [{"type": "ttl", "name": "ttl", "value": 72, "ttl": true}]},
            {"type": "rules", "id": "GD-002", "risk-level": "MEDIUM", "multi-risk-level": true, "provider": "aws"},
            {"type": "rules", "id": "CT-013", "risk-level": "LOW", "is-deprecated": true, "provider": "aws"},
            {"type": "rules", "id": "EC2-034", "risk-level": "LOW", "settings": [
                {"type": "single-number-value", "name": "days", "value": 7},
                {"type": "single-number-value", "name": "cpu", "value": 2, "read-only": true},
                {"type": "single-string-value", "name": "engine", "value": "v2", "hidden": true}]},
            {"type": "rules", "id": "CUSTOM-001", "risk-level": "CUSTOM", "provider": "aws"},
        ],
    })
}

/// An organisation with those rules and this answer to everything else that is not about who is calling.
fn with_rules(
    is_admin: bool,
    answer: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static,
) -> Arc<Organisation> {
    Organisation::new(move |asked| match asked.path() {
        "/services" => (200, rules_with_terms().to_string()),
        "/users" if is_admin => (200, json!({"data": [{"type": "users", "id": "u1"}]}).to_string()),
        "/users" => denied(),
        _ => match besides_checks(asked) {
            Some(answer) => answer,
            None => answer(asked),
        },
    })
}

/// The gateway's answer to a bad key, to a missing right and to a profile that does not exist (section 3.6, a).
fn denied() -> (u16, String) {
    let body = json!({"Message": "User is not authorized to access this resource with an explicit deny"});
    (403, body.to_string())
}

/// What a verbatim JSON value is made of.
fn verbatim(json: &str) -> cspm_core::Verbatim {
    cspm_core::Verbatim::parse(json).unwrap()
}

/// One page of these, cut and counted as asked.
fn paged(checks: &[Value], asked: &Asked) -> (u16, String) {
    let (size, number) = (asked.number("page[size]"), asked.number("page[number]"));
    let page: Vec<&Value> = checks.iter().skip(size * number).take(size).collect();
    let pages = checks.len().div_ceil(size);
    (200, json!({"data": page, "meta": {"total": checks.len(), "total-pages": pages}}).to_string())
}

/// The account's failing checks, as the only wanted account.
fn of_payments() -> FindingQuery {
    FindingQuery { accounts: vec!["Qx7kP2mNz".to_owned()], ..FindingQuery::default() }
}

async fn findings(vendor: &Conformity, query: FindingQuery) -> Gathered<Finding> {
    gather::<Finding>(vendor as &dyn Source<Finding>, query).await
}
