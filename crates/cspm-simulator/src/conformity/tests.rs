//! The simulator against the wire document, call by call. Each test names the section it holds the simulator to.

mod accounts;
mod auth;
mod check_list;
mod check_paging;
mod checks;
mod more;
mod profiles;
mod rule_settings;
mod worlds;

use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};

use super::{
    Account, AccountSpec, BASE_TIME, Check, CheckId, Cloud, Conformity, Options, Provider, Spec, Status,
    World,
};
use crate::wire::{SimRequest, SimResponse, VendorSim};

/// The time of a test unless it says another.
const NOW: i64 = BASE_TIME;

/// A request with the administrator's key.
fn request(method: Method, target: &str, body: Option<&Value>) -> SimRequest {
    request_as(Conformity::DEMO_KEY, method, target, body)
}

fn request_as(key: &str, method: Method, target: &str, body: Option<&Value>) -> SimRequest {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("ApiKey {key}")).unwrap());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/vnd.api+json"));
    SimRequest {
        method,
        path: format!("/v1{path}"),
        query: query.into(),
        headers,
        body: body.map(|body| serde_json::to_vec(body).unwrap()).unwrap_or_default().into(),
    }
}

/// The status and the body of an answer, which always calls itself JSON.
fn read(response: &SimResponse) -> (u16, Value) {
    assert_eq!(response.headers[header::CONTENT_TYPE], "application/json");
    (response.status.as_u16(), serde_json::from_slice(&response.body).unwrap())
}

fn call(sim: &Conformity, request: &SimRequest) -> (u16, Value) {
    read(&sim.handle(request, NOW))
}

fn get(sim: &Conformity, target: &str) -> (u16, Value) {
    call(sim, &request(Method::GET, target, None))
}

fn get_as(sim: &Conformity, key: &str, target: &str) -> (u16, Value) {
    call(sim, &request_as(key, Method::GET, target, None))
}

/// The body of an answer that has to be a success.
fn found(sim: &Conformity, target: &str) -> Value {
    let (status, body) = get(sim, target);
    assert_eq!(status, 200, "{target}: {body}");
    body
}

fn send(sim: &Conformity, method: Method, target: &str, body: &Value) -> (u16, Value) {
    call(sim, &request(method, target, Some(body)))
}

fn ids(body: &Value) -> Vec<String> {
    let items = body["data"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// The bodies of the gateway's refusal (section 3.6, a) and of a write that is not allowed (d).
fn gateway() -> Value {
    json!({"Message": "User is not authorized to access this resource with an explicit deny"})
}

fn denied_write() -> Value {
    json!({"errors": [{"status": 401, "details": "You are not authorized to perform such actions"}]})
}

/// The text of a 422.
fn refusal(answer: &(u16, Value)) -> &str {
    let (status, body) = answer;
    assert_eq!(*status, 422, "{body}");
    let error = &body["errors"][0];
    assert_eq!(error["status"], 422, "a number, not a text (section 3.6)");
    assert!(error["source"]["pointer"].is_string());
    error["details"].as_str().unwrap()
}

/// A world with the usual keys and accounts `acc1` (AWS), `acc2` (AWS) and `acc3` (Azure) without checks. The custom key
/// has full access to the first and reading access to the second.
fn small_world() -> World {
    let accounts = vec![AccountSpec::new(Provider::Aws, 0); 3];
    let mut world = World::generate(&Spec { accounts, ..Spec::default() });
    for (n, account) in world.accounts.iter_mut().enumerate() {
        let old = account.id.clone();
        let new = format!("acc{}", n + 1);
        account.id.clone_from(&new);
        for user in &mut world.users {
            if let Some(level) = user.access.remove(&old) {
                user.access.insert(new.clone(), level);
            }
        }
    }
    let subscription = "0a1b2c3d-0000-4000-8000-000000000001".into();
    world.accounts[2].cloud = Cloud::Azure { subscription };
    world.accounts[2].hides_cloud_type = false;
    world
}

fn simulator(world: World) -> Conformity {
    Conformity::new(world, Options::default())
}

fn with(world: World, change: impl FnOnce(&mut Options)) -> Conformity {
    let mut options = Options::default();
    change(&mut options);
    Conformity::new(world, options)
}

/// A failing check of `acc1` on EC2 in eu-west-1.
fn failing(resource: &str) -> Check {
    let id = CheckId::new("acc1", "EC2-001", "EC2", "eu-west-1", resource);
    Check::new(id, Status::Failure, "MEDIUM")
}
