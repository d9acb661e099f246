//! Packs (document section 8): `packs/list` in the plural, writes under `pack/` in the singular.

use std::collections::HashSet;

use http::StatusCode;
use serde_json::{Value, json};

use super::call::{Area, Call};
use super::failure::{Answer, Failure, Shape};
use super::fields::Fields;
use super::stamp;
use super::state::State;
use super::world::{Pack, Source, SourcedId};
use crate::wire::SimResponse;

/// Whether an insight is in a pack.
pub(super) fn holds(pack: &Pack, insight: SourcedId) -> bool {
    match insight.source {
        Source::Backoffice => pack.backoffice.contains(&insight.id),
        Source::Custom => pack.custom.contains(&insight.id),
    }
}

/// `GET /v2/public/insights/packs/list`: a bare array of the vendor's packs and the organization's own.
pub(super) fn list(state: &State, call: &Call) -> Answer {
    call.caller.may_read(Area::Insights)?;
    let organization = call.caller.organization;
    let packs: Vec<Value> = state
        .world
        .packs
        .iter()
        .filter(|pack| pack.organization.is_none_or(|owner| owner == organization))
        .map(object)
        .collect();
    Ok(SimResponse::json(StatusCode::OK, &packs))
}

fn object(pack: &Pack) -> Value {
    let metadata: Vec<Value> = (0..)
        .zip(&pack.backoffice)
        .map(|(order, insight): (i64, _)| {
            json!({"pack_id": pack.id.id, "pack_name": pack.name, "template_id": insight,
                "template_name": format!("{}.{}", order / 10 + 1, order % 10 + 1),
                "description": pack.description, "order": order + 1})
        })
        .collect();
    let badges: Vec<Value> =
        pack.badges.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    json!({
        "pack_id": pack.id.id,
        "source": pack.id.source.as_str(),
        "organization_id": pack.organization,
        "name": pack.name,
        "description": pack.description,
        "logo_url": pack.logo_url,
        "inserted_at": stamp::zulu(pack.inserted),
        "updated_at": stamp::zulu(pack.updated),
        "backoffice": pack.backoffice,
        "custom": pack.custom,
        "badges": badges,
        "badge_filter_operator": pack.badge_filter_operator,
        "backoffice_metadata": metadata,
    })
}

/// `POST /v2/public/insights/pack/create`, answered with the pack object.
pub(super) fn create(state: &mut State, call: &Call) -> Answer {
    call.caller.may_write(Area::Insights)?;
    let pack = made(state, call)?;
    let response = SimResponse::json(StatusCode::OK, &object(&pack));
    state.world.packs.push(pack);
    Ok(response)
}

/// `POST /v2/public/insights/pack/{pack_id}/update`: full replacement, empty 200. Only custom packs.
pub(super) fn update(state: &mut State, call: &Call, id: &str) -> Answer {
    call.caller.may_write(Area::Insights)?;
    let mut new = made(state, call)?;
    let pack = custom(state, call, id)?;
    new.id = pack.id;
    new.inserted = pack.inserted;
    *pack = new;
    Ok(SimResponse::empty(StatusCode::OK))
}

/// `DELETE /v2/public/insights/pack/{pack_id}/delete`.
pub(super) fn delete(state: &mut State, call: &Call, id: &str) -> Answer {
    call.caller.may_write(Area::Insights)?;
    let id = custom(state, call, id)?.id;
    state.world.packs.retain(|pack| pack.id != id);
    Ok(SimResponse::json(StatusCode::OK, &json!({})))
}

fn custom<'a>(state: &'a mut State, call: &Call, id: &str) -> Result<&'a mut Pack, Failure> {
    let key = id.parse().ok().map(SourcedId::custom);
    let organization = Some(call.caller.organization);
    state
        .world
        .packs
        .iter_mut()
        .find(|pack| Some(pack.id) == key && pack.organization == organization)
        .ok_or_else(|| Failure::not_found(&format!("Pack custom:{id}")))
}

/// A pack from the keys of the request. A pack may only hold insights that exist: else 500, the vendor's answer to
/// an unknown insight elsewhere.
fn made(state: &State, call: &Call) -> Result<Pack, Failure> {
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let backoffice = fields.ints("backoffice")?;
    let custom = fields.ints("custom")?;
    let organization = call.caller.organization;
    let known: HashSet<SourcedId> =
        super::insights::visible(&state.world, organization).map(|insight| insight.id).collect();
    let named = backoffice.iter().map(|id| SourcedId::backoffice(*id));
    for id in named.chain(custom.iter().map(|id| SourcedId::custom(*id))) {
        if !known.contains(&id) {
            return Err(Failure::server("DivvyNotFound", format!("Insight {id} does not exist.")));
        }
    }
    let all = fields.is_and("badge_filter_operator")?;
    let operator = fields.text("badge_filter_operator")?;
    let own = state.world.packs.iter().map(|pack| pack.id).filter(|id| id.source == Source::Custom);
    Ok(Pack {
        id: SourcedId::custom(own.map(|id| id.id).max().unwrap_or(0) + 1),
        organization: Some(organization),
        name: fields.required_text("name")?.to_owned(),
        description: fields.text("description")?.map(str::to_owned),
        backoffice,
        custom,
        badges: fields.pairs("badges")?,
        badge_filter_operator: operator.map(|_| if all { "AND" } else { "OR" }.to_owned()),
        logo_url: fields.text("logo_url")?.map(str::to_owned),
        inserted: call.now,
        updated: call.now,
    })
}
