//! Groups of accounts (section 13).

use serde_json::{Value, json};

use super::Call;
use super::account_admin::read_tags;
use super::accounts::organisation;
use super::errors::{Answer, Refusal, ok};
use super::world::{Group, World};

/// `GET /groups`
pub(super) fn list(call: &Call<'_>, world: &World) -> Answer {
    call.user.may_look_around(world)?;
    if world.groups.is_empty() && call.options.empty_list_is_forbidden {
        return Err(Refusal::Forbidden);
    }
    let groups: Vec<Value> = world.groups.iter().map(|group| wire(call, world, group)).collect();
    ok(&json!({"data": groups}))
}

/// `GET /groups/{id}`: an array of one.
pub(super) fn get(call: &Call<'_>, world: &World, id: &str) -> Answer {
    call.user.may_look_around(world)?;
    let group = world.groups.iter().find(|group| group.id == id).ok_or(Refusal::Forbidden)?;
    ok(&json!({"data": [wire(call, world, group)]}))
}

/// `POST /groups`
pub(super) fn create(call: &Call<'_>, world: &mut World) -> Answer {
    call.user.may_administer()?;
    let (name, tags) = read(call)?;
    let id = world.fresh_id();
    let tags = tags.unwrap_or_default();
    let group = Group { id, name, tags, created: call.now, modified: call.now };
    let body = json!({"data": wire(call, world, &group)});
    world.groups.push(group);
    ok(&body)
}

/// `PATCH /groups/{id}`
pub(super) fn patch(call: &Call<'_>, world: &mut World, id: &str) -> Answer {
    call.user.may_administer()?;
    let (name, tags) = read(call)?;
    let group = world.groups.iter_mut().find(|group| group.id == id).ok_or(Refusal::Forbidden)?;
    group.name = name;
    group.tags = tags.unwrap_or_else(|| std::mem::take(&mut group.tags));
    group.modified = call.now;
    let group = group.clone();
    ok(&json!({"data": wire(call, world, &group)}))
}

/// `DELETE /groups/{id}`
pub(super) fn delete(call: &Call<'_>, world: &mut World, id: &str) -> Answer {
    call.user.may_administer()?;
    if !world.groups.iter().any(|group| group.id == id) {
        return Err(Refusal::Forbidden);
    }
    world.groups.retain(|group| group.id != id);
    ok(&json!({"meta": {"status": "deleted"}}))
}

fn read(call: &Call<'_>) -> Result<(String, Option<Vec<String>>), Refusal> {
    let attributes = call.attributes()?;
    let name = attributes.get("name").and_then(Value::as_str).unwrap_or_default();
    let fits = |c: char| c.is_alphanumeric() || " \"-_'#&:,./|".contains(c);
    if !(3..=100).contains(&name.chars().count()) || !name.chars().all(fits) {
        return Err(Refusal::invalid("/data/attributes/name", "Name is not valid"));
    }
    Ok((name.to_owned(), read_tags(&attributes)?))
}

/// A group with those of its accounts that the caller sees: each that carries one of its tags.
fn wire(call: &Call<'_>, world: &World, group: &Group) -> Value {
    let accounts: Vec<Value> = call
        .user
        .sees(world)
        .filter(|account| account.tags.iter().flatten().any(|tag| group.tags.contains(tag)))
        .map(|account| json!({"type": "accounts", "id": account.id}))
        .collect();
    json!({
        "type": "groups",
        "id": group.id,
        "attributes": {
            "name": group.name,
            "tags": group.tags,
            "created-date": group.created,
            "last-modified-date": group.modified,
        },
        "relationships": {"organisation": organisation(world), "accounts": {"data": accounts}},
    })
}
