//! Bots (document section 14).

use http::StatusCode;
use serde_json::{Value, json};

use super::call::{Area, Call};
use super::failure::{Answer, Failure, Shape};
use super::fields::Fields;
use super::result_filter;
use super::stamp;
use super::state::State;
use super::world::{Bot, SourcedId};
use crate::wire::SimResponse;

/// `POST /v2/public/botfactory/list`: archived bots are not listed; the total is called `count`.
pub(super) fn list(state: &State, call: &Call) -> Answer {
    call.caller.may_read(Area::Bots)?;
    let organization = call.caller.organization;
    let rows = state
        .world
        .bots
        .iter()
        .filter(|bot| bot.organization == organization && bot.state != "ARCHIVED")
        .map(|bot| object(state, bot))
        .collect();
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let (bots, count) = result_filter::page(&state.options, &fields, rows)?;
    Ok(SimResponse::json(StatusCode::OK, &json!({"bots": bots, "count": count})))
}

/// `POST` or `GET /v2/public/botfactory/{bot}/get`.
pub(super) fn get(state: &State, call: &Call, id: &str) -> Answer {
    call.caller.may_read(Area::Bots)?;
    let organization = call.caller.organization;
    let bot = state.world.bots.iter().find(|bot| bot.organization == organization && bot.resource_id() == id);
    let bot = bot.ok_or_else(|| Failure::not_found(&format!("Bot {id}")))?;
    Ok(SimResponse::json(StatusCode::OK, &object(state, bot)))
}

/// `GET /v2/public/botfactory/function-registry/list`.
pub(super) fn registry(call: &Call) -> Answer {
    call.caller.may_read(Area::Bots)?;
    let actions = [
        "divvy.action.mark_non_compliant",
        "divvy.action.send_delayed_email",
        "divvy.action.scheduled_stop",
        "divvy.action.webhook",
        "slack.action.send_slack_message",
        "servicenow.action.create_incident",
    ];
    let actions: Vec<Value> = actions.iter().map(|name| json!({"action_id": name, "name": name})).collect();
    Ok(SimResponse::json(StatusCode::OK, &json!({"filters": [], "actions": actions})))
}

fn object(state: &State, bot: &Bot) -> Value {
    let insight = bot.insight.and_then(|id| state.world.insight(id));
    let instruction = |key: &str| bot.instructions.get(key).cloned().unwrap_or(Value::Null);
    let hooked = |name: &str| {
        let hooks = bot.instructions.get("hookpoints").and_then(Value::as_array);
        hooks.is_some_and(|hooks| hooks.iter().any(|hook| hook.as_str() == Some(name)))
    };
    json!({
        "resource_id": bot.resource_id(),
        "name": bot.name,
        "description": bot.description,
        "notes": null,
        "insight_id": bot.insight.map(|id| id.id),
        "source": bot.insight.map(|id| id.source.as_str()),
        "insight_name": insight.map(|insight| &insight.name),
        "owner": format!("divvyorganization:{}", bot.organization),
        "owner_name": "organization",
        "state": bot.state,
        "date_created": stamp::zulu(bot.created),
        "date_modified": stamp::zulu(bot.modified),
        "category": bot.category,
        "badge_scope_operator": null,
        "scope": [],
        "errors": [],
        "instructions": bot.instructions,
        "schedule": instruction("schedule"),
        "hookpoint_created": hooked("divvycloud.resource.created"),
        "hookpoint_modified": hooked("divvycloud.resource.modified"),
        "hookpoint_tags_modified": hooked("divvycloud.resource.tags_modified"),
        "hookpoint_destroyed": hooked("divvycloud.resource.destroyed"),
        "next_scheduled_run": bot.next_run.filter(|_| bot.state == "RUNNING").map(stamp::epoch_seconds),
        "valid": true,
        "event_failures": {"errors": 0, "timeouts": 0, "invalid_perms": 0},
        "severity": bot.severity,
        "detailed_logging": false,
        "ondemand_enabled": ondemand(bot),
        "version": bot.version,
        "exemptions_count": 0,
    })
}

fn ondemand(bot: &Bot) -> bool {
    bot.instructions.get("ondemand_enabled").and_then(Value::as_bool).unwrap_or(false)
}

/// `POST /v2/public/botfactory/bot/create`.
pub(super) fn create(state: &mut State, call: &Call) -> Answer {
    call.caller.may_write(Area::Bots)?;
    let mut bot = made(call)?;
    bot.id = state.world.bots.iter().map(|bot| bot.id).max().unwrap_or(0) + 1;
    let reply = object(state, &bot);
    state.world.bots.push(bot);
    Ok(SimResponse::json(StatusCode::OK, &reply))
}

/// `POST /v2/public/botfactory/edit/{bot}`: the same keys as a creation.
pub(super) fn edit(state: &mut State, call: &Call, id: &str) -> Answer {
    call.caller.may_write(Area::Bots)?;
    let mut new = made(call)?;
    let bot = bot_mut(state, call, id)?;
    new.id = bot.id;
    new.created = bot.created;
    new.version = bot.version + 1;
    *bot = new.clone();
    Ok(SimResponse::json(StatusCode::OK, &object(state, &new)))
}

/// Duplicated keys count inside `instructions` first, where the vendor's own samples put them.
fn made(call: &Call) -> Result<Bot, Failure> {
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let mut instructions = fields.required("instructions", fields.value("instructions"))?.clone();
    let Value::Object(map) = &mut instructions else {
        return Err(fields.refuse("instructions", "Not a valid mapping type."));
    };
    for key in ["ondemand_enabled", "hookpoints", "schedule"] {
        if let (None, Some(outer)) = (map.get(key), fields.value(key)) {
            map.insert(key.to_owned(), outer.clone());
        }
    }
    let state = fields.text("state")?.unwrap_or("PAUSED");
    if !["RUNNING", "PAUSED", "SCANNING", "ARCHIVED"].contains(&state) {
        return Err(fields.refuse("state", "Unknown state."));
    }
    let severity = fields.text("severity")?.unwrap_or("low");
    if !["low", "medium", "high"].contains(&severity) {
        return Err(fields.refuse("severity", "Must be one of: low, medium, high."));
    }
    let source = fields.text("source")?.and_then(|source| source.parse().ok());
    Ok(Bot {
        id: 0,
        organization: call.caller.organization,
        name: fields.required_text("name")?.to_owned(),
        description: fields.text("description")?.unwrap_or_default().to_owned(),
        severity: severity.to_owned(),
        category: fields.text("category")?.unwrap_or("Miscellaneous").to_owned(),
        state: state.to_owned(),
        insight: source.zip(fields.int("insight_id")?).map(|(source, id)| SourcedId { source, id }),
        instructions,
        next_run: None,
        created: call.now,
        modified: call.now,
        version: 1,
    })
}

/// `pause`, `resume`, `archive` and `ondemand` of `POST /v2/public/botfactory/{bot}/...`. Archiving is for good.
pub(super) fn act(state: &mut State, call: &Call, id: &str, action: &str) -> Answer {
    call.caller.may_write(Area::Bots)?;
    let bot = bot_mut(state, call, id)?;
    let new = match action {
        "pause" => "PAUSED",
        "resume" => "RUNNING",
        "archive" => "ARCHIVED",
        _ if ondemand(bot) => return Ok(SimResponse::empty(StatusCode::OK)),
        _ => return Err(Failure::server("DivvyError", "Bot is not enabled to run on demand.")),
    };
    bot.state = new.to_owned();
    bot.modified = call.now;
    Ok(SimResponse::empty(StatusCode::OK))
}

/// `POST /v2/public/botfactory/bots/bulk_action/archive`.
pub(super) fn bulk_archive(state: &mut State, call: &Call) -> Answer {
    call.caller.may_write(Area::Bots)?;
    for id in Fields::parse(&call.body, Shape::V2)?.texts("resource_ids")? {
        bot_mut(state, call, &id)?.state = "ARCHIVED".to_owned();
    }
    Ok(SimResponse::empty(StatusCode::OK))
}

/// An archived bot cannot be had back, so it cannot be found for a change either.
fn bot_mut<'a>(state: &'a mut State, call: &Call, id: &str) -> Result<&'a mut Bot, Failure> {
    let organization = call.caller.organization;
    state
        .world
        .bots
        .iter_mut()
        .find(|bot| bot.organization == organization && bot.resource_id() == id && bot.state != "ARCHIVED")
        .ok_or_else(|| Failure::not_found(&format!("Bot {id}")))
}
