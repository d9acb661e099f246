//! Writing checks: custom checks, suppressions, deletion (sections 4.4 to 4.6).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Call;
use super::check::{Check, CheckId, Note, ResolutionPage, Status, Text};
use super::checks::{answer, find};
use super::errors::{Answer, Refusal, ok};
use super::index::Listings;
use super::rule_setting::strings;
use super::world::{Event, Level, RISK_LEVELS, World};

const ATTRIBUTES: &str = "/data/attributes";

/// `POST /checks`: custom checks, one or many; the same key overwrites.
pub(super) fn post(call: &Call<'_>, world: &mut World) -> Answer {
    let mut body = call.body()?;
    let inputs = match body.get_mut("data").map(Value::take) {
        Some(Value::Array(inputs)) => inputs,
        Some(Value::Object(input)) => vec![Value::Object(input)],
        _ => return Err(Refusal::invalid("/data", "data is required")),
    };
    let mut made = Vec::new();
    for input in &inputs {
        let id = read_key(input)?;
        match call.user.may_write(world, id.account()) {
            Ok(_) => made.push(custom_check(input, id, call.now)?),
            Err(_) if call.options.drop_denied_custom_checks => {}
            Err(refusal) => return Err(refusal),
        }
    }
    let ids: Vec<CheckId> = made.iter().map(|check| check.id.clone()).collect();
    for check in made {
        // The newest title wins for every check of the rule.
        let rule = check.id.rule();
        for other in world.checks.iter_mut().filter(|other| other.id.rule() == rule) {
            other.rule_title.clone_from(&check.rule_title);
        }
        match world.check_mut(&check.id) {
            Some(known) => {
                let created = known.created;
                *known = Check { created, ..check };
            }
            None => world.checks.push(check),
        }
    }
    let stored: Vec<_> = ids.iter().filter_map(|id| world.check(id)).map(|check| check.wire(None)).collect();
    ok(&json!({"data": stored}))
}

/// `PATCH /checks/{checkId}`: suppresses a rule's check or updates a custom one; the body tells which.
pub(super) fn patch(call: &Call<'_>, world: &mut World, listings: &Listings, id: &str) -> Answer {
    let place = find(call, world, listings, id)?;
    let check = world.checks.get_mut(place).ok_or(Refusal::Missing)?;
    may_write(call, check)?;
    let body = call.body()?;
    let attributes = body.pointer(ATTRIBUTES).and_then(Value::as_object);
    let attributes = attributes.ok_or_else(|| Refusal::invalid(ATTRIBUTES, "attributes is required"))?;
    if attributes.keys().all(|name| matches!(name.as_str(), "suppressed" | "suppressed-until")) {
        let note = body.pointer("/meta/note").and_then(Value::as_str);
        let event = suppress(call, check, attributes, note)?;
        world.events.push(event);
    } else {
        if !check.is_custom() {
            return Err(Refusal::invalid(ATTRIBUTES, "Only custom checks can be updated"));
        }
        let input = body.get("data").unwrap_or(&Value::Null);
        if read_key(input)? != check.id {
            return Err(Refusal::invalid(
                ATTRIBUTES,
                "region, resource, service and relationships cannot be changed",
            ));
        }
        let updated = custom_check(input, check.id.clone(), call.now)?;
        *check = Check {
            created: check.created,
            notes: std::mem::take(&mut check.notes),
            suppressed: check.suppressed,
            suppressed_until: check.suppressed_until,
            ..updated
        };
    }
    answer(world, place, None)
}

/// `DELETE /checks/{checkId}`: here `meta` is an array.
pub(super) fn delete(call: &Call<'_>, world: &mut World, listings: &Listings, id: &str) -> Answer {
    let place = find(call, world, listings, id)?;
    may_write(call, world.checks.get(place).ok_or(Refusal::Missing)?)?;
    world.checks.swap_remove(place);
    ok(&json!({"meta": [{"status": "success", "message": "Check successfully deleted"}]}))
}

fn may_write(call: &Call<'_>, check: &Check) -> Result<(), Refusal> {
    if call.user.level(check.id.account()) == Level::Full { Ok(()) } else { Err(Refusal::DeniedWrite) }
}

/// Sets or lifts a suppression and says what happened.
fn suppress(
    call: &Call<'_>,
    check: &mut Check,
    attributes: &Map<String, Value>,
    note: Option<&str>,
) -> Result<Event, Refusal> {
    let pointer = |name: &str| format!("{ATTRIBUTES}/{name}");
    let suppressed = attributes
        .get("suppressed")
        .and_then(Value::as_bool)
        .ok_or_else(|| Refusal::invalid(pointer("suppressed"), "suppressed must be a boolean"))?;
    // Nothing and null are the same: without end.
    let until = match attributes.get("suppressed-until").filter(|until| !until.is_null()) {
        Some(until) => Some(until.as_i64().ok_or_else(|| {
            Refusal::invalid(pointer("suppressed-until"), "suppressed-until must be a time in milliseconds")
        })?),
        None => None,
    };
    let name = if suppressed {
        if check.status != Status::Failure {
            return Err(Refusal::invalid(pointer("suppressed"), "Only failing checks can be suppressed"));
        }
        if until.is_some_and(|until| until <= call.now) {
            return Err(Refusal::invalid(
                pointer("suppressed-until"),
                "suppressed-until must be in the future",
            ));
        }
        check.suppressed_until = until;
        if until.is_some() { "suppressed.until" } else { "suppressed" }
    } else {
        check.suppressed_until = None;
        "unsuppressed"
    };
    check.suppressed = Some(suppressed);
    check.modified = Some(call.now);
    if let Some(text) = note {
        check.notes.push(Note { by: call.user.id.clone(), at: call.now, text: text.into() });
    }
    Ok(Event {
        id: format!("ev{}-{}", call.now, call.seed),
        name: format!("account.check.update.{name}"),
        time: call.now,
        service: check.id.service().into(),
        identity: call.user.id.clone(),
        region: check.id.region().into(),
        description: format!("Check {} was {}", check.id, name.replace('.', " ")),
        account: Some(check.id.account().into()),
        from_cloud: false,
    })
}

/// The key of a custom check: account, rule, service, region and resource.
fn read_key(input: &Value) -> Result<CheckId, Refusal> {
    let text = |path: &str| input.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    let required = |path: &str| {
        text(path).ok_or_else(|| Refusal::invalid(format!("/data{path}"), format!("{path} is required")))
    };
    let account = required("/relationships/account/data/id")?;
    let rule = required("/relationships/rule/data/id")?;
    if !rule.starts_with("CUSTOM-") {
        return Err(Refusal::invalid(
            "/data/relationships/rule/data/id",
            "Custom checks belong to a custom rule such as CUSTOM-001",
        ));
    }
    let service = required("/attributes/service")?;
    let region = required("/attributes/region")?;
    Ok(CheckId::new(account, rule, service, region, text("/attributes/resource").unwrap_or_default()))
}

/// A custom check made from its input.
fn custom_check(input: &Value, id: CheckId, now: i64) -> Result<Check, Refusal> {
    let attribute = |name: &str| input.pointer(&format!("/attributes/{name}")).filter(|v| !v.is_null());
    let refuse = |name: &str, details: &str| {
        Refusal::invalid(format!("{ATTRIBUTES}/{name}"), format!("{name} {details}"))
    };
    let text = |name: &str| match attribute(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| refuse(name, "must be a string")),
    };
    let list = |name: &str| match attribute(name) {
        None => Ok(None),
        Some(value) => strings(value).map(Some).ok_or_else(|| refuse(name, "must be an array of strings")),
    };
    let message = text("message")?.ok_or_else(|| refuse("message", "is required"))?;
    let risk_level = text("risk-level")?
        .filter(|level| RISK_LEVELS.contains(level))
        .ok_or_else(|| refuse("risk-level", "must be a risk level"))?;
    let status = match text("status")? {
        Some("SUCCESS") => Status::Success,
        Some("FAILURE") => Status::Failure,
        _ => return Err(refuse("status", "must be SUCCESS or FAILURE")),
    };
    let not_scored = match attribute("not-scored") {
        None => None,
        Some(value) => Some(value.as_bool().ok_or_else(|| refuse("not-scored", "must be a boolean"))?),
    };
    let tags = list("tags")?;
    let tag_is_fine = |tag: &String| tag.chars().count() <= 50 && tag.contains("::");
    if tags.as_ref().is_some_and(|tags| tags.len() > 20 || !tags.iter().all(tag_is_fine)) {
        return Err(refuse("tags", "are at most 20 of at most 50 characters, key::value"));
    }
    let extradata = attribute("extradata");
    if let Some(items) = extradata {
        let items = items.as_array().ok_or_else(|| refuse("extradata", "must be an array"))?;
        if !items.iter().all(extradata_is_fine) {
            return Err(refuse("extradata", "has a label, name, type or value that is too long"));
        }
    }
    let page = text("resolution-page-url")?;
    Ok(Check {
        pretty_risk_level: Some(pretty(risk_level).into()),
        message: Some(message.into()),
        created: Some(now),
        modified: Some(now),
        status_changed: Some(now),
        failure_discovered: (status == Status::Failure).then_some(now),
        categories: list("categories")?.map(|items| shared(&items)),
        tags: tags.map(|items| shared(&items)),
        extradata: extradata.cloned().map(Arc::new),
        suppressed: Some(false),
        not_scored,
        rule_title: Some(text("rule-title")?.unwrap_or("Custom Rule").into()),
        resolution_page: page.map_or(ResolutionPage::Missing, |url| ResolutionPage::Kebab(url.into())),
        ..Check::new(id, status, risk_level)
    })
}

fn extradata_is_fine(item: &Value) -> bool {
    let short =
        |name: &str| item.get(name).and_then(Value::as_str).is_some_and(|text| text.chars().count() <= 20);
    let value_is_fine = match item.get("value") {
        Some(Value::String(text)) => text.chars().count() <= 150,
        Some(Value::Number(_)) => true,
        _ => false,
    };
    short("label") && short("name") && short("type") && value_is_fine
}

fn shared(items: &[String]) -> Arc<[Text]> {
    items.iter().map(|item| Text::from(item.as_str())).collect()
}

/// A risk level for people (section 3.7).
pub(super) fn pretty(level: &str) -> &'static str {
    match level {
        "LOW" => "Low",
        "MEDIUM" => "Medium",
        "HIGH" => "High",
        "VERY_HIGH" => "Very High",
        "EXTREME" => "Extreme",
        _ => "Unknown",
    }
}
