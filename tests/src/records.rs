//! The vendor's own records, read without any adapter: plain requests, page after page.

use std::collections::BTreeMap;

use bytes::Bytes;
use cspm_simulator::wire::SimRequest;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use crate::{Kind, Lab, Model};

/// Asks a simulator as a script would.
pub struct Probe<'a>(&'a Lab);

impl Lab {
    /// A script's way to the vendor.
    #[must_use]
    pub fn probe(&self) -> Probe<'_> {
        Probe(self)
    }
}

impl Probe<'_> {
    /// One request with the test's key and its answer as JSON.
    pub async fn ask(&self, method: Method, target: &str, body: Option<Value>) -> Value {
        let secret = self.0.secret();
        let (name, value) = match self.0.kind {
            Kind::Conformity => ("authorization", format!("ApiKey {secret}")),
            Kind::InsightCloudSec => ("api-key", secret.to_owned()),
            _ => ("x-api-key", secret.to_owned()),
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = HeaderMap::new();
        // Links are made from the host that was asked.
        headers.insert(http::header::HOST, HeaderValue::from_static(crate::lab::HOST));
        headers.insert(HeaderName::from_static(name), HeaderValue::try_from(value).expect("a header"));
        let request = SimRequest {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.map_or_else(Bytes::new, |body| body.to_string().into()),
        };
        let answer = self.0.simulator.exchange(request).await.expect("an answer");
        assert!(answer.status.is_success(), "{target}: {}", answer.status);
        serde_json::from_slice(&answer.body).expect("JSON")
    }

    /// Every record behind a finding, by the finding's id. An exempted finding of InsightCloudSec has none here.
    pub async fn records(&self) -> BTreeMap<String, Value> {
        match &self.0.model {
            Model::Conformity(vendor) => {
                let accounts: Vec<String> =
                    vendor.world().accounts.iter().map(|one| one.id.clone()).collect();
                self.checks(&accounts).await
            }
            Model::InsightCloudSec(vendor) => {
                let insights: Vec<_> = crate::truth::visible_insights(&vendor.world());
                self.violations(&insights).await
            }
            Model::Bitdefender(_) => self.linked("/v1/cspm/checks").await,
        }
    }

    async fn checks(&self, accounts: &[String]) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        for account in accounts {
            for page in 0.. {
                let target = format!(
                    "/v1/checks?accountIds={account}&page[size]=1000&page[number]={page}&consistentPagination=true"
                );
                let body = self.ask(Method::GET, &target, None).await;
                let records = body["data"].as_array().expect("data").clone();
                if records.is_empty() {
                    break;
                }
                all.extend(
                    records.into_iter().map(|one| (one["id"].as_str().expect("an id").to_owned(), one)),
                );
            }
        }
        all
    }

    async fn violations(&self, insights: &[(String, Vec<String>)]) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        for (insight, kinds) in insights {
            for kind in kinds {
                let mut cursor = Value::Null;
                loop {
                    let mut question =
                        json!({"selected_resource_type": kind, "insight": insight, "limit": 1000});
                    if !cursor.is_null() {
                        question["cursor"] = cursor;
                    }
                    let body = self.ask(Method::POST, "/v3/public/resource/query", Some(question)).await;
                    for record in body["resources"].as_array().expect("resources") {
                        let payload = &record[record["resource_type"].as_str().expect("a type")];
                        let id =
                            payload["common"]["resource_id"].as_str().or(payload["resource_id"].as_str());
                        all.insert(format!("{insight}/{}", id.expect("an id")), record.clone());
                    }
                    cursor = body["next_cursor"].clone();
                    if cursor.is_null() {
                        break;
                    }
                }
            }
        }
        all
    }

    async fn linked(&self, first: &str) -> BTreeMap<String, Value> {
        let (mut all, mut next) = (BTreeMap::new(), first.to_owned());
        loop {
            let body = self.ask(Method::GET, &next, None).await;
            for record in body["data"].as_array().expect("data") {
                all.insert(record["id"].as_str().expect("an id").to_owned(), record.clone());
            }
            match body["links"]["next"].as_str() {
                Some(link) => {
                    next = link.trim_start_matches(&format!("http://{}", crate::lab::HOST)).to_owned()
                }
                None => return all,
            }
        }
    }
}
