//! Single resources (document section 9.7) and the common search.

use http::StatusCode;
use serde_json::{Value, json};

use super::call::{Area, Call};
use super::failure::{Answer, Failure, Shape};
use super::fields::Fields;
use super::result_filter;
use super::select::resource_at;
use super::state::State;
use super::world::{Resource, Tags};
use crate::wire::SimResponse;

/// Largest `limit` of the common search.
const SEARCH_MAX: usize = 1000;

fn find<'a>(state: &'a State, call: &Call, resource_id: &str) -> Result<(u32, &'a Resource), Failure> {
    call.caller.may_read(Area::Resources)?;
    let position = state.index.position(resource_id);
    let position = position.filter(|at| state.index.organization(*at) == call.caller.organization);
    position
        .and_then(|at| resource_at(state, at).map(|resource| (at, resource)))
        .ok_or_else(|| Failure::not_found(&format!("Resource {resource_id}")))
}

/// `GET /v2/public/resource/{resource_id}/detail`: the envelope under `details`; 404 when unknown.
pub(super) fn detail(state: &State, call: &Call, resource_id: &str) -> Answer {
    let (position, _) = find(state, call, resource_id)?;
    let mut body = b"{\"details\":".to_vec();
    body.extend_from_slice(state.index.envelope(position));
    body.extend_from_slice(b",\"dependencies\":{}}");
    Ok(SimResponse::bytes(StatusCode::OK, "application/json", body))
}

/// `GET /v2/public/resource/{resource_id}/tags/list`: a list, where a query result has a map.
pub(super) fn tags(state: &State, call: &Call, resource_id: &str) -> Answer {
    let (_, resource) = find(state, call, resource_id)?;
    let tags: Vec<Value> = match &resource.tags {
        Tags::Map(tags) => tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect(),
        Tags::Null | Tags::Missing => Vec::new(),
    };
    Ok(SimResponse::json(StatusCode::OK, &json!({"resource_tags": tags})))
}

/// `POST /v2/public/resource/{resource_id}/associations/get`.
pub(super) fn associations(state: &State, call: &Call, resource_id: &str) -> Answer {
    let (_, resource) = find(state, call, resource_id)?;
    let owner = format!("divvyorganization:{}", call.caller.organization);
    let groups: Vec<Value> = resource
        .groups
        .iter()
        .map(|id| {
            let group_id = format!("resourcegroup:{id}:");
            let named = state.index.position(&group_id).and_then(|at| resource_at(state, at));
            json!({"id": group_id, "name": named.map(|group| &group.name), "group_type": "user",
                "owner_type": "organization", "owner_resource_id": owner})
        })
        .collect();
    Ok(SimResponse::json(StatusCode::OK, &json!({"resource_groups": groups})))
}

/// `POST /v2/public/resource/common/search`: flat rows, no envelope; `limit` 1 to 1000.
pub(super) fn search(state: &State, call: &Call) -> Answer {
    call.caller.may_read(Area::Resources)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let text = fields.text("search_string")?.unwrap_or_default().to_lowercase();
    let limit = fields.required("limit", fields.size("limit")?)?;
    if !(1..=SEARCH_MAX).contains(&limit) {
        return Err(fields.refuse("limit", "Must be between 1 and 1000."));
    }
    let rows = (0u32..)
        .zip(&state.world.resources)
        .filter(|(position, _)| state.index.organization(*position) == call.caller.organization)
        .filter(|(_, one)| one.name.to_lowercase().contains(&text) || one.id.to_lowercase().contains(&text))
        .map(|(_, resource)| {
            let cloud = state.world.cloud(resource.cloud);
            json!({
                "resource_id": resource.id,
                "resource_type": &*resource.resource_type,
                "provider_id": resource.provider_id,
                "name": resource.name,
                "account_id": cloud.and_then(|cloud| cloud.account_id.as_ref()),
                "cloud_type_id": cloud.map(|cloud| &cloud.cloud_type),
                "account": cloud.map(|cloud| &cloud.name),
            })
        })
        .collect();
    let (resources, total) = result_filter::page(&state.options, &fields, rows)?;
    Ok(SimResponse::json(StatusCode::OK, &json!({"resources": resources, "total_count": total})))
}

/// `POST /v2/public/resource/{resource_id}/settings/list`; item fields are not recorded, so there are none.
pub(super) fn settings(state: &State, call: &Call, resource_id: &str) -> Answer {
    find(state, call, resource_id)?;
    Ok(SimResponse::json(StatusCode::OK, &json!({"setting_list": []})))
}

/// `POST /v2/public/resource/{resource_id}/notes/list`.
pub(super) fn notes(state: &State, call: &Call, resource_id: &str) -> Answer {
    find(state, call, resource_id)?;
    let own = state.world.notes.iter().filter(|(id, _)| id == resource_id);
    let notes: Vec<Value> = own.map(|(_, text)| json!({"note_text": text})).collect();
    Ok(SimResponse::json(StatusCode::OK, &json!({"resource_notes": notes})))
}

/// `POST /v2/public/resource/{resource_id}/notes/create`.
pub(super) fn add_note(state: &mut State, call: &Call, resource_id: &str) -> Answer {
    find(state, call, resource_id)?;
    call.caller.may_write(Area::Resources)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let note = (resource_id.to_owned(), fields.required_text("note_text")?.to_owned());
    state.world.notes.push(note);
    Ok(SimResponse::empty(StatusCode::OK))
}

/// `GET /v2/public/divvy/resources/{resource_type}/csv` (document section 9.8).
pub(super) fn csv(state: &State, call: &Call, resource_type: &str) -> Answer {
    call.caller.may_read(Area::Resources)?;
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut text = "resource_id,resource_type,name,account\r\n".to_owned();
    for (position, resource) in (0u32..).zip(&state.world.resources) {
        if &*resource.resource_type == resource_type
            && state.index.organization(position) == call.caller.organization
        {
            let account = state.world.cloud(resource.cloud).map_or("", |cloud| &cloud.name);
            let cells = [resource.id.as_str(), resource_type, &resource.name, account].map(quoted);
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        }
    }
    Ok(SimResponse::bytes(StatusCode::OK, "text/csv", text))
}
