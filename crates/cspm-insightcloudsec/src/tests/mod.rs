//! A small installation in memory, and what was asked of it.

mod automations;
mod custom_rules;
mod decoding;
mod exempted;
mod findings;
mod listings;
mod organization;
mod policies;
mod refusals;
mod suppressions;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cspm_core::http::{Request, Response};
use cspm_core::secrecy::SecretString;
use cspm_core::{Finding, FindingQuery, Gathered, SharedVendor, async_trait, gather};
use cspm_http::{BaseUrl, Broken, Exchange, Settings};
use serde_json::{Value, json};

use crate::{Config, Credential, InsightCloudSec};

/// A request as it arrived.
#[derive(Clone, Debug)]
struct Asked {
    /// Method, path and query in one line.
    what: String,
    headers: BTreeMap<String, String>,
    body: Value,
}

type Answering = dyn Fn(&Asked) -> (u16, String) + Send + Sync;

/// Answers by a function, and remembers what it was asked.
struct Installation {
    answering: Box<Answering>,
    log: Mutex<Vec<Asked>>,
}

impl Installation {
    fn new(answering: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { answering: Box::new(answering), log: Mutex::default() })
    }

    fn log(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        self.log().into_iter().map(|asked| asked.what).collect()
    }

    fn asked(&self, what: &str) -> Vec<Asked> {
        self.log().into_iter().filter(|asked| asked.what.starts_with(what)).collect()
    }
}

#[async_trait]
impl Exchange for Installation {
    async fn exchange(&self, request: Request<Bytes>, _largest: u64) -> Result<Response<Bytes>, Broken> {
        let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let headers = request.headers().iter();
        let asked = Asked {
            what: format!("{} {target}", request.method()),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            body: serde_json::from_slice(request.body()).unwrap_or(Value::Null),
        };
        self.log.lock().unwrap().push(asked.clone());
        let (status, body) = (self.answering)(&asked);
        Ok(Response::builder().status(status).body(Bytes::from(body)).unwrap())
    }
}

const QUERY: &str = "POST /v3/public/resource/query";
const OLD_QUERY: &str = "POST /v2/public/resource/query";
const CLOUDS: &str = "GET /v2/public/clouds/list";
const INSIGHTS: &str = "GET /v2/public/insights/list";
const PACKS: &str = "GET /v2/public/insights/packs/list";
const EXEMPTIONS: &str = "POST /v2/public/exemptions/list";
const LOGIN: &str = "POST /v2/public/user/login";
const DETAILS: &str = "GET /v2/prototype/domain/organizations/detail/get";
const WHO: &str = "GET /v2/public/user/info";

fn config(credential: Credential) -> Config {
    Config {
        name: "rapid7".into(),
        base_url: BaseUrl::parse("https://acme.example/").unwrap(),
        credential,
        organization: None,
        settings: Settings { requests_per_second: Some(1e6), ..Settings::default() },
    }
}

fn key() -> Credential {
    Credential::ApiKey(SecretString::from("key-one_2"))
}

fn connect(installation: &Arc<Installation>) -> SharedVendor {
    connect_as(installation, key())
}

fn connect_as(installation: &Arc<Installation>, credential: Credential) -> SharedVendor {
    Arc::new(InsightCloudSec::connect_through(config(credential), installation.clone()).unwrap())
}

/// Reads everything through the engine, and sorts it.
async fn findings(vendor: &SharedVendor, query: FindingQuery) -> Gathered<Finding> {
    let mut gathered = gather(vendor.findings(), query).await;
    gathered.items.sort_by(|one, other| one.vendor_id.cmp(&other.vendor_id));
    gathered
}

fn ids(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.vendor_id.as_str()).collect()
}

/// A bucket in the envelope of section 9.4.
fn bucket(id: &str) -> Value {
    json!({"resource_type": "storagecontainer", "storagecontainer": {
        "common": {"resource_id": id, "resource_name": "logs", "resource_type": "storagecontainer", "cloud": "AWS",
            "account": "prod", "account_id": "111122223333", "organization_service_id": 3, "region": "us-east-1",
            "creation_timestamp": "None", "discovered_timestamp": "2022-04-05 04:13:31",
            "modified_timestamp": "2022-04-05 04:13:31", "last_harvested_timestamp": "2023-07-05T15:59:51",
            "namespace_id": "arn:aws:s3:::logs", "direct_link": "https://console.example/logs",
            "tags": {"env": "prod", "none": null, "count": 3}},
        "encrypted": false}})
}

fn page(resources: &[Value], count: u64) -> String {
    json!({"resources": resources, "counts": {"storagecontainer": count}, "next_cursor": null}).to_string()
}

fn clouds() -> String {
    json!({"clouds": [
        {"id": 3, "name": "prod", "cloud_type_id": "AWS", "account_id": "111122223333", "status": "DEFAULT",
            "resource_id": "divvyorganizationservice:3", "last_refreshed": "2023-07-05 15:59:51"},
        {"id": 8, "name": "gov", "cloud_type_id": "AWS_GOV", "account_id": "444455556666", "status": "PAUSED",
            "resource_id": "divvyorganizationservice:8", "last_refreshed": null}],
        "total_count": 2})
    .to_string()
}

/// The same integer in both sources, and one insight for a cloud that is not there.
fn insights() -> String {
    json!([
        {"insight_id": 5, "source": "backoffice", "name": "Public bucket", "description": "d", "notes": "**do** it",
            "severity": 2, "custom_severity": 4, "resource_types": ["storagecontainer"], "tags": ["storage"],
            "supported_clouds": null, "results": 0},
        {"insight_id": 5, "source": "custom", "name": "House rule", "severity": 1, "custom_severity": null,
            "resource_types": ["storagecontainer"], "supported_clouds": ["AWS", "GCE"], "results": 0},
        {"insight_id": 9, "source": "backoffice", "name": "Azure only", "severity": 5,
            "resource_types": ["storageaccount"], "supported_clouds": ["AZURE_ARM"], "results": 0}])
    .to_string()
}

fn packs() -> String {
    json!([{"pack_id": 36, "source": "backoffice", "name": "CIS - AWS", "backoffice": [5], "custom": null}])
        .to_string()
}

/// The catalogues; resources by another function.
fn with_catalogues(resources: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Arc<Installation> {
    Installation::new(move |asked| match asked.what.as_str() {
        CLOUDS => (200, clouds()),
        INSIGHTS => (200, insights()),
        PACKS => (200, packs()),
        _ => resources(asked),
    })
}

/// The answer of `user/info` for a user that works in the organization of this number.
fn who(organization: u64) -> String {
    json!({"user_id": 7, "name": "Ops", "username": "ops", "email_address": "ops@example.org",
        "organization_id": organization, "organization_name": format!("Organization {organization}")})
    .to_string()
}
