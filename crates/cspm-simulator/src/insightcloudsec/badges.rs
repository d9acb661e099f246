//! Badges, the labels on clouds (document section 11).

use http::StatusCode;
use serde_json::{Value, json};

use super::call::{Area, Call};
use super::failure::{Answer, Failure, Shape};
use super::fields::Fields;
use super::select::badges_match;
use super::state::State;
use super::world::{Badge, Cloud};
use crate::wire::SimResponse;

/// The read-only badges every cloud has. Google's says `GCP`, although its type is `GCE`.
pub(super) fn system(cloud_type: &str) -> Vec<Badge> {
    let value = if cloud_type == "GCE" { "GCP" } else { cloud_type };
    let badge =
        |key: &str, value: &str| Badge { key: key.to_owned(), value: value.to_owned(), auto_generated: true };
    vec![badge("system.cloud_type", value), badge("system.resource_type", "cloud")]
}

/// `POST /v2/public/badges/create`: 204. A key that is there already gets the new value.
pub(super) fn create(state: &mut State, call: &Call) -> Answer {
    let (targets, badges) = wanted(call)?;
    for cloud in clouds(state, call, &targets)? {
        for badge in &badges {
            cloud.badges.retain(|held| held.auto_generated || held.key != badge.key);
            cloud.badges.push(badge.clone());
        }
    }
    Ok(SimResponse::empty(StatusCode::NO_CONTENT))
}

/// `POST /v2/public/badges/delete`: 204. System badges stay.
pub(super) fn delete(state: &mut State, call: &Call) -> Answer {
    let (targets, badges) = wanted(call)?;
    for cloud in clouds(state, call, &targets)? {
        let goes = |held: &Badge| badges.iter().any(|one| one.key == held.key && one.value == held.value);
        cloud.badges.retain(|held| held.auto_generated || !goes(held));
    }
    Ok(SimResponse::empty(StatusCode::NO_CONTENT))
}

/// `POST /v2/public/badges/{resource_id}/update`: replaces all; 400 for the same key twice.
pub(super) fn update(state: &mut State, call: &Call, resource_id: &str) -> Answer {
    let (_, badges) = wanted(call)?;
    for cloud in clouds(state, call, &[resource_id.to_owned()])? {
        cloud.badges.retain(|held| held.auto_generated);
        cloud.badges.extend(badges.iter().cloned());
    }
    Ok(SimResponse::empty(StatusCode::NO_CONTENT))
}

fn wanted(call: &Call) -> Result<(Vec<String>, Vec<Badge>), Failure> {
    call.caller.may_write(Area::Badges)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let mut badges: Vec<Badge> = Vec::new();
    for (key, value) in fields.pairs("badges")? {
        if badges.iter().any(|badge| badge.key == key) {
            return Err(fields.refuse("badges", "Duplicate badge keys."));
        }
        if key.starts_with("system.") {
            return Err(fields.refuse("badges", "System badges are read-only."));
        }
        badges.push(Badge { key, value, auto_generated: false });
    }
    Ok((fields.texts("target_resource_ids")?, badges))
}

fn clouds<'a>(state: &'a mut State, call: &Call, targets: &[String]) -> Result<Vec<&'a mut Cloud>, Failure> {
    let organization = call.caller.organization;
    let found: Vec<&mut Cloud> = state
        .world
        .clouds
        .iter_mut()
        .filter(|cloud| cloud.organization == organization && targets.contains(&cloud.resource_id()))
        .collect();
    match targets.iter().find(|id| !found.iter().any(|cloud| cloud.resource_id() == **id)) {
        Some(id) => Err(Failure::not_found(&format!("Resource {id}"))),
        None => Ok(found),
    }
}

/// `POST /v2/public/badges/{resource_id}/list`: a bare array.
pub(super) fn list(state: &State, call: &Call, resource_id: &str) -> Answer {
    call.caller.may_read(Area::Badges)?;
    let cloud = own(state, call).find(|cloud| cloud.resource_id() == resource_id);
    let cloud = cloud.ok_or_else(|| Failure::not_found(&format!("Resource {resource_id}")))?;
    let one = |badge: &Badge| json!({"key": badge.key, "value": badge.value, "auto_generated": badge.auto_generated});
    Ok(SimResponse::json(StatusCode::OK, &cloud.badges.iter().map(one).collect::<Vec<Value>>()))
}

/// `POST /v2/public/badges/count`: unknown ids are left out.
pub(super) fn count(state: &State, call: &Call) -> Answer {
    call.caller.may_read(Area::Badges)?;
    let ids = Fields::parse(&call.body, Shape::V2)?.texts("resource_ids")?;
    let counts: Vec<Value> = own(state, call)
        .filter(|cloud| ids.contains(&cloud.resource_id()))
        .map(|cloud| json!({"resource_id": cloud.resource_id(), "count": cloud.badges.len()}))
        .collect();
    Ok(SimResponse::json(StatusCode::OK, &json!({"resource_count": counts})))
}

/// `POST /v2/public/badge/clouds/list` (singular `badge`): clouds with any of the badges.
pub(super) fn clouds_with(state: &State, call: &Call) -> Answer {
    call.caller.may_read(Area::Badges)?;
    let badges = Fields::parse(&call.body, Shape::V2)?.pairs("badges")?;
    let clouds: Vec<Value> = own(state, call)
        .filter(|cloud| badges_match(cloud, &badges, false))
        .map(|cloud| json!({"resource_id": cloud.resource_id(), "name": cloud.name}))
        .collect();
    Ok(SimResponse::json(StatusCode::OK, &clouds))
}

fn own<'a>(state: &'a State, call: &Call) -> impl Iterator<Item = &'a Cloud> + use<'a> {
    let organization = call.caller.organization;
    state.world.clouds.iter().filter(move |cloud| cloud.organization == organization)
}
