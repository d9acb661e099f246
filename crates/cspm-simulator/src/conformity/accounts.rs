//! Reading accounts (sections 5.1, 5.2, 5.4 and 5.8).

use serde_json::{Map, Value, json};

use super::Call;
use super::account_rules::{configured, deprecation};
use super::errors::{Answer, ok};
use super::world::{Account, BASE_TIME, Cloud, World};

/// How much of an account an answer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    List,
    Full,
}

/// `GET /accounts`: what the caller sees; `null` rather than an empty list.
pub(super) fn list(call: &Call<'_>, world: &World) -> Answer {
    let accounts: Vec<Value> =
        call.user.sees(world).map(|account| wire(call, world, account, Detail::List)).collect();
    if accounts.is_empty() { ok(&json!({"data": null})) } else { ok(&json!({"data": accounts})) }
}

/// `GET /accounts/{id}`
pub(super) fn get(call: &Call<'_>, world: &World, id: &str) -> Answer {
    let account = call.user.may_read(world, id)?;
    let data = wire(call, world, account, Detail::Full);
    let mut body =
        if call.options.account_as_array { json!({"data": [data]}) } else { json!({"data": data}) };
    let meta = deprecation(world, account);
    if let (false, Some(body)) = (meta.is_empty(), body.as_object_mut()) {
        body.insert("meta".into(), Value::Object(meta));
    }
    ok(&body)
}

/// `GET /accounts/{id}/access`: without `data`; for administrators.
pub(super) fn access(call: &Call<'_>, world: &World, id: &str) -> Answer {
    call.user.is_admin()?;
    let account = call.user.may_read(world, id)?;
    let configuration = match &account.cloud {
        Cloud::Aws { .. } => json!({"externalId": world.external_id, "roleArn": account.role_arn}),
        Cloud::Azure { subscription } => json!({"subscriptionId": subscription}),
        Cloud::Gcp { project, name } => json!({"projectId": project, "projectName": name}),
    };
    ok(&json!({
        "id": format!("{id}:access"),
        "type": "settings",
        "attributes": {"type": "access", "configuration": configuration},
        "relationships": {
            "organisation": organisation(world),
            "account": {"data": {"type": "accounts", "id": id}},
        },
    }))
}

/// A link to the organisation.
pub(super) fn organisation(world: &World) -> Value {
    json!({"data": {"type": "organisations", "id": world.organisation}})
}

/// An account as it goes on the wire.
pub(super) fn wire(call: &Call<'_>, world: &World, account: &Account, detail: Detail) -> Value {
    let mut body = json!({
        "type": "accounts",
        "id": account.id,
        "attributes": attributes(call, world, account, detail),
        "relationships": {"organisation": organisation(world)},
    });
    // In some answers this sits one level too high (section 23, 13).
    if call.options.subscription_type_outside
        && let Some(kind) = body
            .get_mut("attributes")
            .and_then(Value::as_object_mut)
            .and_then(|attributes| attributes.remove("subscription-type"))
        && let Some(body) = body.as_object_mut()
    {
        body.insert("subscription-type".into(), kind);
    }
    body
}

fn attributes(call: &Call<'_>, world: &World, account: &Account, detail: Detail) -> Map<String, Value> {
    let deprecated =
        account.rules.keys().any(|id| world.catalogue.rule(id).is_some_and(|rule| rule.deprecated));
    let scan = Scan::of(call, account);
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.into(), value);
    put("name", json!(account.name));
    put("environment", json!(account.environment));
    put("has-real-time-monitoring", json!(account.real_time));
    put("subscription-type", json!(if account.real_time { "advanced" } else { "essentials" }));
    put("security-package", json!(true));
    if account.cost_package {
        put("cost-package", json!(true));
    }
    put("created-date", json!(account.created));
    put("last-notified-date", json!(account.last_checked.map(|at| at + 60_000)));
    put("last-checked-date", json!(scan.last_checked));
    // Absent until the first event: an account that was never looked at had none.
    if account.real_time && account.last_checked.is_some() {
        put("last-monitoring-event-date", json!(BASE_TIME));
    }
    if (250..1_000).contains(&account.resources) {
        put("consumption-tier", json!("Small: 250-999 resources"));
    }
    put("resource-count", json!(account.resources));
    put("meta", json!({"is-deprecated-rules-free": !deprecated}));
    put("tags", json!(account.tags));
    put("access", Value::Null);
    put("bot-status", json!(scan.status));
    put("available-runs", json!(5));
    if let Some(code) = &account.code {
        put("code", json!(code));
    }
    if let Some(group) = &account.managed_group {
        put("managed-group-id", json!(group));
    }
    if !account.hides_cloud_type {
        put("cloud-type", json!(account.cloud.provider().as_str()));
    }
    match &account.cloud {
        Cloud::Aws { account: None, .. } => {}
        Cloud::Aws { account: Some(number), as_number: true } => {
            put("awsaccount-id", json!(number));
        }
        Cloud::Aws { account: Some(number), as_number: false } => {
            put("awsaccount-id", json!(format!("{number:012}")));
        }
        Cloud::Azure { subscription } => {
            put("cloud-data", json!({"azure": {"subscriptionId": subscription}}));
        }
        Cloud::Gcp { project, name } => {
            put("cloud-data", json!({"gcp": {"projectId": project, "projectName": name}}));
        }
    }
    if detail == Detail::Full {
        put("status", json!("ACTIVE"));
        put("settings", settings(account));
    }
    fields
}

/// The settings in a detailed answer; without configured rules, `rules` is an empty object (section 23, 14).
fn settings(account: &Account) -> Value {
    let rules = configured(account);
    json!({
        "communication": {"channels": [{"name": "email", "users": [], "enabled": true, "levels": []}]},
        "rules": if rules.is_empty() { json!({}) } else { json!(rules) },
        "bot": if account.bot.is_empty() { Value::Null } else { json!(account.bot) },
        "access": {"type": "CROSS_ACCOUNT", "stackId": null},
    })
}

/// Where a scan stands. It moves with the clock alone.
struct Scan {
    status: Option<&'static str>,
    last_checked: Option<i64>,
}

impl Scan {
    fn of(call: &Call<'_>, account: &Account) -> Self {
        let pending = call.options.scan_pending_ms;
        let whole = pending.saturating_add(call.options.scan_running_ms);
        let idle = Self { status: None, last_checked: account.last_checked };
        match account.scan_started {
            None => idle,
            Some(start) if call.now < start.saturating_add(pending) => {
                Self { status: Some("PENDING"), ..idle }
            }
            Some(start) if call.now < start.saturating_add(whole) => Self { status: Some("RUNNING"), ..idle },
            Some(start) => Self { last_checked: Some(start.saturating_add(whole)), ..idle },
        }
    }
}
