//! What the document promises, asked of the state machine directly. Section numbers are the document's.

mod access;
mod clouds;
mod exemptions;
mod insights;
mod other;
mod packs;
mod query;
mod worlds;

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::{BASE, DEMO_KEY, InsightCloudSec, Options, World};
use crate::wire::{SimRequest, SimResponse, VendorSim};

/// Sends one request with the given headers.
fn send(
    sim: &InsightCloudSec,
    method: Method,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> SimResponse {
    send_at(sim, BASE, method, target, headers, body)
}

fn send_at(
    sim: &InsightCloudSec,
    now: i64,
    method: Method,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> SimResponse {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let request = SimRequest {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers: map,
        body: body.to_owned().into(),
    };
    sim.handle(&request, now)
}

fn demo() -> InsightCloudSec {
    InsightCloudSec::new(World::demo(7), Options::default())
}

fn demo_with(change: impl FnOnce(&mut Options)) -> InsightCloudSec {
    let mut options = Options::default();
    change(&mut options);
    InsightCloudSec::new(World::demo(7), options)
}

/// A GET with the admin's key.
fn get(sim: &InsightCloudSec, target: &str) -> SimResponse {
    send(sim, Method::GET, target, &[("Api-Key", DEMO_KEY)], "")
}

/// A POST with the admin's key.
fn post(sim: &InsightCloudSec, target: &str, body: &Value) -> SimResponse {
    send(sim, Method::POST, target, &[("Api-Key", DEMO_KEY)], &body.to_string())
}

/// The body, which must be JSON and come with 200.
fn ok(response: &SimResponse) -> Value {
    assert_eq!(response.status, StatusCode::OK, "{}", String::from_utf8_lossy(&response.body));
    body(response)
}

fn body(response: &SimResponse) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}

/// The v2 error shape with its three keys (3.5).
#[track_caller]
fn assert_v2_error(response: &SimResponse, status: u16) -> String {
    assert_eq!(response.status.as_u16(), status, "{}", String::from_utf8_lossy(&response.body));
    let body = body(response);
    assert!(body["traceback"].as_str().unwrap().starts_with("Traceback"));
    assert!(body["error_type"].is_string());
    body["error_message"].as_str().unwrap().to_owned()
}

/// The id of an element of `resources`, read as section 9.4 tells to.
fn id_of(element: &Value) -> String {
    let payload = &element[element["resource_type"].as_str().unwrap()];
    let id = payload["common"]["resource_id"].as_str().or_else(|| payload["resource_id"].as_str());
    id.unwrap().to_owned()
}

/// Reads a v3 query to its end; the elements and how many pages it took.
fn sweep(sim: &InsightCloudSec, endpoint: &str, body: &Value) -> (Vec<Value>, usize) {
    let mut request = body.clone();
    let mut found = Vec::new();
    for page in 1..1000 {
        let answer = ok(&post(sim, endpoint, &request));
        found.extend(answer["resources"].as_array().unwrap().iter().cloned());
        match answer["next_cursor"].as_str() {
            Some(next) if !next.is_empty() => request["cursor"] = json!(next),
            _ => return (found, page),
        }
    }
    panic!("the sweep does not end");
}

/// The open violations of the first organization, as the world holds them.
fn open_violations(sim: &InsightCloudSec, now: i64) -> BTreeSet<(String, String)> {
    let world = sim.world();
    let all = world.violations(1, now);
    let open = all.iter().filter(|one| !one.exempted);
    open.map(|one| (one.insight.to_string(), one.resource.id.clone())).collect()
}
