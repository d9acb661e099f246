//! Changing accounts (sections 5.3 to 5.10).

use serde_json::{Map, Value, json};

use super::Call;
use super::accounts::{Detail, wire};
use super::errors::{Answer, Refusal, ok};
use super::jobs::{Effect, Job};
use super::rule_setting::strings;
use super::world::{Account, Cloud, Provider, World};

/// `POST /accounts`, `/accounts/azure` and `/accounts/gcp`: duplicates are not prevented.
pub(super) fn create(call: &Call<'_>, world: &mut World, provider: Provider) -> Answer {
    call.user.may_administer()?;
    let attributes = call.attributes()?;
    let name = text(&attributes, "name")?.ok_or_else(|| invalid("name", "Name is required"))?;
    let access = |path: &str| {
        let found = attributes.get("access").and_then(|access| access.pointer(path)).and_then(Value::as_str);
        let found = found.filter(|text| !text.is_empty()).map(str::to_owned);
        found.ok_or_else(|| invalid("access", format!("access{path} is required")))
    };
    let mut role_arn = String::new();
    let cloud = match provider {
        Provider::Aws => {
            access("/keys/externalId")?;
            role_arn = access("/keys/roleArn")?;
            let number = role_arn.split(':').nth(4).and_then(|number| number.parse().ok());
            let number = number.ok_or_else(|| invalid("access", "roleArn is not valid"))?;
            Cloud::Aws { account: Some(number), as_number: false }
        }
        Provider::Azure => {
            access("/activeDirectoryId")?;
            Cloud::Azure { subscription: access("/subscriptionId")? }
        }
        Provider::Gcp => {
            access("/serviceAccountUniqueId")?;
            Cloud::Gcp { project: access("/projectId")?, name: access("/projectName")? }
        }
    };
    let real_time = read_subscription(&attributes)?;
    let account = Account {
        environment: text(&attributes, "environment")?,
        tags: read_tags(&attributes)?,
        real_time: real_time.unwrap_or(false),
        created: call.now,
        role_arn,
        ..Account::new(&world.fresh_id(), &name, cloud)
    };
    let body = json!({"data": wire(call, world, &account, Detail::Full)});
    world.accounts.push(account);
    ok(&body)
}

/// `PATCH /accounts/{id}`: the name is always sent; tags replace the old ones.
pub(super) fn patch(call: &Call<'_>, world: &mut World, id: &str) -> Answer {
    call.user.may_write(world, id)?;
    let attributes = call.attributes()?;
    let name = text(&attributes, "name")?.ok_or_else(|| invalid("name", "Name is required"))?;
    let environment = text(&attributes, "environment")?;
    let code = text(&attributes, "code")?;
    if code.as_ref().is_some_and(|code| code.chars().count() != 3) {
        return Err(invalid("code", "Code must have 3 characters"));
    }
    let tags = read_tags(&attributes)?;
    let account = world.account_mut(id).ok_or(Refusal::Forbidden)?;
    account.name = name;
    account.environment = environment.or(account.environment.take());
    account.code = code.or(account.code.take());
    account.tags = tags.or(account.tags.take());
    answer(call, world, id)
}

/// `DELETE /accounts/{id}`: it stays listed for a while; a second call is a 403.
pub(super) fn delete(call: &Call<'_>, world: &mut World, id: &str) -> Answer {
    call.user.may_administer()?;
    call.user.may_write(world, id)?;
    let effect = |job: &Job| matches!(&job.effect, Effect::DeleteAccount(account) if account == id);
    if world.jobs.iter().any(effect) {
        return Err(Refusal::Forbidden);
    }
    let due = call.now.saturating_add(call.options.delete_delay_ms);
    world.jobs.push(Job { due, effect: Effect::DeleteAccount(id.into()) });
    ok(&json!({"meta": {"status": "sent"}}))
}

/// `PATCH /accounts/{id}/subscription`
pub(super) fn subscription(call: &Call<'_>, world: &mut World, id: &str) -> Answer {
    call.user.may_administer()?;
    call.user.may_write(world, id)?;
    let real_time = read_subscription(&call.attributes()?)?
        .ok_or_else(|| invalid("subscriptionType", "subscriptionType is required"))?;
    if let Some(account) = world.account_mut(id) {
        account.real_time = real_time;
    }
    answer(call, world, id)
}

/// `GET /accounts/{id}/settings/bot`
pub(super) fn bot(call: &Call<'_>, world: &World, id: &str) -> Answer {
    call.user.may_write(world, id)?;
    ok(&json!({"data": bot_wire(world, id)}))
}

/// `PATCH /accounts/{id}/settings/bot`: for this account and up to 25 others; only what is passed changes.
pub(super) fn patch_bot(call: &Call<'_>, world: &mut World, id: &str) -> Answer {
    let body = call.body()?;
    let bot = body.pointer("/data/attributes/settings/bot").and_then(Value::as_object);
    let bot = bot.ok_or_else(|| invalid("settings/bot", "bot is required"))?;
    let delay = bot.get("delay").filter(|delay| !delay.is_null());
    if delay.is_some_and(|delay| delay.as_i64().is_none_or(|hours| !(1..=12).contains(&hours))) {
        return Err(invalid("settings/bot/delay", "delay must be between 1 and 12"));
    }
    let others = match body.pointer("/meta/otherAccounts") {
        None | Some(Value::Null) => Vec::new(),
        Some(others) => strings(others).filter(|others| others.len() <= 25).ok_or_else(|| {
            Refusal::invalid("/meta/otherAccounts", "otherAccounts must be at most 25 account ids")
        })?,
    };
    let ids: Vec<&str> = std::iter::once(id).chain(others.iter().map(String::as_str)).collect();
    for id in &ids {
        call.user.may_write(world, id)?;
    }
    for id in &ids {
        if let Some(account) = world.account_mut(id) {
            account.bot.extend(bot.clone());
            account.bot.insert("lastModifiedFrom".into(), json!("192.0.2.1"));
            account.bot.insert("lastModifiedBy".into(), json!(call.user.id));
        }
    }
    let answers: Vec<Value> = ids.iter().map(|id| bot_wire(world, id)).collect();
    ok(&json!({"data": answers}))
}

/// `POST /accounts/{id}/scan`: an answer without type and id; the scan then moves with the clock.
pub(super) fn scan(call: &Call<'_>, world: &mut World, id: &str) -> Answer {
    call.user.may_write(world, id)?;
    let whole = call.options.scan_pending_ms.saturating_add(call.options.scan_running_ms);
    if let Some(account) = world.account_mut(id) {
        let ends = account.scan_started.map(|start| start.saturating_add(whole));
        // A scan that still runs goes on; one that has ended is on record before the next begins.
        if ends.is_none_or(|end| end <= call.now) {
            account.last_checked = ends.or(account.last_checked);
            account.scan_started = Some(call.now);
        }
    }
    ok(&json!({"data": [{"status": "STARTED"}]}))
}

fn answer(call: &Call<'_>, world: &World, id: &str) -> Answer {
    let account = call.user.may_read(world, id)?;
    ok(&json!({"data": wire(call, world, account, Detail::Full)}))
}

fn bot_wire(world: &World, id: &str) -> Value {
    let bot = world.account(id).map(|account| &account.bot);
    json!({"type": "accounts", "id": id, "attributes": {"settings": {"bot": bot}}})
}

fn invalid(name: &str, details: impl Into<String>) -> Refusal {
    Refusal::invalid(format!("/data/attributes/{name}"), details)
}

fn text(attributes: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match attributes.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid(name, format!("{name} must be a string"))),
    }
}

/// At most 50 tags of at most 80 characters: letters, digits, `-`, `_` and spaces (section 5.5).
pub(super) fn read_tags(attributes: &Map<String, Value>) -> Result<Option<Vec<String>>, Refusal> {
    let Some(value) = attributes.get("tags").filter(|tags| !tags.is_null()) else { return Ok(None) };
    let fits = |tag: &String| {
        tag.chars().count() <= 80 && tag.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '))
    };
    strings(value)
        .filter(|tags| tags.len() <= 50 && tags.iter().all(fits))
        .map(Some)
        .ok_or_else(|| invalid("tags", "Tags are not valid"))
}

/// Whether real-time monitoring is wanted, said in the new way or the old one but not in both.
fn read_subscription(attributes: &Map<String, Value>) -> Result<Option<bool>, Refusal> {
    if attributes.get("costPackage").and_then(Value::as_bool) == Some(true) {
        return Err(invalid("costPackage", "The cost package is not available"));
    }
    match (attributes.get("subscriptionType"), attributes.get("hasRealTimeMonitoring")) {
        (Some(_), Some(_)) => {
            Err(invalid("subscriptionType", "subscriptionType and hasRealTimeMonitoring exclude each other"))
        }
        (None, None) => Ok(None),
        (None, Some(Value::Bool(real_time))) => Ok(Some(*real_time)),
        (None, Some(_)) => Err(invalid("hasRealTimeMonitoring", "hasRealTimeMonitoring must be a boolean")),
        (Some(kind), None) => match kind.as_str() {
            Some("advanced") => Ok(Some(true)),
            Some("essentials") => Ok(Some(false)),
            _ => Err(invalid("subscriptionType", "subscriptionType must be advanced or essentials")),
        },
    }
}
