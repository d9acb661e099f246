//! Profiles (section 7).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Call;
use super::account_rules::warning;
use super::errors::{Answer, Refusal, ok};
use super::rule_setting::{EmptyAs, RuleSetting, rule_named};
use super::world::{Profile, World};

/// `GET /profiles`: names only.
pub(super) fn list(call: &Call<'_>, world: &World) -> Answer {
    call.user.may_look_around(world)?;
    let own = organisation_profile(world);
    let profiles: Vec<Value> = world
        .profiles
        .iter()
        .filter(|profile| profile.id != own)
        .map(|profile| json!({"type": "profiles", "id": profile.id, "attributes": attributes(profile)}))
        .collect();
    if profiles.is_empty() && call.options.empty_list_is_forbidden {
        return Err(Refusal::Forbidden);
    }
    ok(&json!({"data": profiles}))
}

/// `GET /profiles/{id}`: settings come only when asked for.
pub(super) fn get(call: &Call<'_>, world: &World, id: &str) -> Answer {
    call.user.is_admin()?;
    let profile = world.profile(id).ok_or(Refusal::Forbidden)?;
    if call.query.get("includes") == Some("ruleSettings") {
        return ok(&with_settings(world, profile));
    }
    ok(&json!({
        "data": {"type": "profiles", "id": profile.id, "attributes": attributes(profile)},
        "meta": deprecation(world, profile),
    }))
}

/// `POST /profiles`: creates, or overwrites everything of the profile that `data.id` names.
pub(super) fn post(call: &Call<'_>, world: &mut World) -> Answer {
    call.user.may_administer()?;
    let body = call.body()?;
    let data = data(&body)?;
    let present = match data.get("id") {
        None | Some(Value::Null) => None,
        Some(id) => Some(id.as_str().and_then(|id| world.profile(id)).ok_or(Refusal::Forbidden)?.clone()),
    };
    let (name, description) = read_attributes(data)?;
    let name = name.ok_or_else(|| Refusal::invalid("/data/attributes/name", "Name is required"))?;
    let rules = read_settings(call, world, &body, present.as_ref())?;
    let id = present.map_or_else(|| world.fresh_id(), |profile| profile.id);
    store(world, Profile { id, name, description: description.flatten(), rules })
}

/// `PATCH /profiles/{id}`: adds and updates what is passed, touches nothing else.
pub(super) fn patch(call: &Call<'_>, world: &mut World, id: &str) -> Answer {
    call.user.may_administer()?;
    let mut profile = world.profile(id).ok_or(Refusal::Forbidden)?.clone();
    let body = call.body()?;
    let (name, description) = read_attributes(data(&body)?)?;
    profile.rules.extend(read_settings(call, world, &body, Some(&profile))?);
    profile.name = name.unwrap_or(profile.name);
    profile.description = description.unwrap_or(profile.description);
    store(world, profile)
}

/// `DELETE /profiles/{id}`
pub(super) fn delete(call: &Call<'_>, world: &mut World, id: &str) -> Answer {
    call.user.is_admin()?;
    world.profile(id).ok_or(Refusal::Forbidden)?;
    world.profiles.retain(|profile| profile.id != id);
    ok(&json!({"meta": {"status": "deleted"}}))
}

/// The id of the organisation's own profile. It cannot be created here: unless it is there already, every call with it
/// is a 403.
fn organisation_profile(world: &World) -> String {
    format!("organisation-{}", world.organisation)
}

fn store(world: &mut World, profile: Profile) -> Answer {
    let body = with_settings(world, &profile);
    match world.profiles.iter_mut().find(|known| known.id == profile.id) {
        Some(known) => *known = profile,
        None => world.profiles.push(profile),
    }
    ok(&body)
}

fn attributes(profile: &Profile) -> Value {
    match &profile.description {
        Some(description) => json!({"name": profile.name, "description": description}),
        None => json!({"name": profile.name}),
    }
}

/// The profile with its settings side-loaded, in an order that is not the order of writing.
fn with_settings(world: &World, profile: &Profile) -> Value {
    let links: Vec<Value> = profile.rules.keys().rev().map(|id| json!({"type": "rules", "id": id})).collect();
    let included: Vec<Value> = profile
        .rules
        .values()
        .rev()
        .map(|setting| {
            json!({"type": "rules", "id": setting.id, "attributes": setting.attributes(EmptyAs::Array)})
        })
        .collect();
    json!({
        "data": {
            "type": "profiles",
            "id": profile.id,
            "attributes": attributes(profile),
            "relationships": {"ruleSettings": {"data": links}},
        },
        "included": included,
        "meta": deprecation(world, profile),
    })
}

/// The warning about deprecated rules, here with their ids.
fn deprecation(world: &World, profile: &Profile) -> Map<String, Value> {
    let deprecated: Vec<Value> = profile
        .rules
        .keys()
        .filter(|id| world.catalogue.rule(id).is_some_and(|rule| rule.deprecated))
        .map(|id| json!(id))
        .collect();
    warning(&deprecated)
}

fn data(body: &Value) -> Result<&Map<String, Value>, Refusal> {
    body.get("data").and_then(Value::as_object).ok_or_else(|| Refusal::invalid("/data", "data is required"))
}

/// The name and the description, each if it is passed.
fn read_attributes(data: &Map<String, Value>) -> Result<(Option<String>, Option<Option<String>>), Refusal> {
    let attribute = |name: &str| data.get("attributes").and_then(|attributes| attributes.get(name));
    let name = match attribute("name") {
        None => None,
        Some(Value::String(name)) if !name.trim().is_empty() => Some(name.clone()),
        Some(_) => return Err(Refusal::invalid("/data/attributes/name", "Name is required")),
    };
    let description = match attribute("description") {
        None => None,
        Some(Value::Null) => Some(None),
        Some(Value::String(text)) => Some(Some(text.clone())),
        Some(_) => {
            return Err(Refusal::invalid("/data/attributes/description", "Description must be a string"));
        }
    };
    Ok((name, description))
}

/// The settings that are passed. `included` and the relationship have to name the same rules.
fn read_settings(
    call: &Call<'_>,
    world: &World,
    body: &Value,
    present: Option<&Profile>,
) -> Result<BTreeMap<String, RuleSetting>, Refusal> {
    let linked = body.pointer("/data/relationships/ruleSettings/data");
    let linked: BTreeSet<&str> =
        list_of(linked, "/data/relationships/ruleSettings/data")?.into_iter().map(|(id, _)| id).collect();
    let mut settings = BTreeMap::new();
    for (id, item) in list_of(body.get("included"), "/included")? {
        let rule = rule_named(&world.catalogue, id, "/included")?;
        let is_new = present.is_none_or(|profile| !profile.rules.contains_key(id));
        if rule.deprecated && is_new && call.options.refuse_deprecated_rules {
            return Err(Refusal::invalid("/included", format!("Rule {id} is deprecated")));
        }
        let fields = item.get("attributes").and_then(Value::as_object);
        let fields =
            fields.ok_or_else(|| Refusal::invalid("/included", format!("Rule {id} has no attributes")))?;
        settings.insert(id.to_owned(), RuleSetting::read(fields, rule, "/included")?);
    }
    if !settings.keys().map(String::as_str).eq(linked) {
        return Err(Refusal::invalid(
            "/data/relationships/ruleSettings/data",
            "included and relationships must name the same rules",
        ));
    }
    Ok(settings)
}

/// The objects of an array by id; none if it is not there.
fn list_of<'a>(value: Option<&'a Value>, pointer: &str) -> Result<Vec<(&'a str, &'a Value)>, Refusal> {
    let refuse = || Refusal::invalid(pointer, "must be an array of objects with an id");
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(value) => value
            .as_array()
            .ok_or_else(refuse)?
            .iter()
            .map(|item| Ok((item.get("id").and_then(Value::as_str).ok_or_else(refuse)?, item)))
            .collect(),
    }
}
