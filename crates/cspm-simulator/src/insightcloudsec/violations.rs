//! The other views of violations (document section 7.6).

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::call::{Area, Call};
use super::exemptions;
use super::failure::{Answer, Failure};
use super::insights;
use super::options::Profile;
use super::select::{Selection, Wanted, resource_at};
use super::stamp;
use super::state::State;
use super::world::Insight;
use crate::wire::SimResponse;

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// `GET /v2/public/insights/{resource_id}/violations/get`: the insights a resource violates and is not exempt
/// from; 404 for an unknown resource.
pub(super) fn of_resource(state: &State, call: &Call, resource_id: &str) -> Answer {
    call.caller.may_read(Area::Insights)?;
    let position = state.index.position(resource_id);
    let position = position.filter(|at| state.index.organization(*at) == call.caller.organization);
    let resource = position.and_then(|at| resource_at(state, at));
    let resource = resource.ok_or_else(|| Failure::not_found(&format!("Resource {resource_id}")))?;
    let violated = |insight: &&Insight| {
        resource.fails.contains(&insight.id)
            && !insight.group_blacklist.iter().any(|group| resource.groups.contains(group))
            && !exemptions::active_for(&state.world, insight.id, call.now).contains(resource.id.as_str())
    };
    let found: Vec<Value> = insights::visible(&state.world, call.caller.organization)
        .filter(violated)
        .map(|insight| Value::Object(insights::object(insight, None)))
        .collect();
    Ok(SimResponse::json(StatusCode::OK, &found))
}

/// `POST /v2/public/insights/{id}/{source}/resource/history`: when each failing resource was found out.
pub(super) fn history(state: &State, call: &Call, id: &str, source: &str) -> Answer {
    call.caller.may_read(Area::Insights)?;
    let insight = insights::at(state, call, id, source)?;
    let selection = failing(state, call, insight);
    let mut rows = Vec::new();
    for position in selection.by_type.values().flatten() {
        let Some(resource) = resource_at(state, *position) else { continue };
        let cloud = state.world.cloud(resource.cloud);
        rows.push(json!({
            "provider_id": resource.provider_id,
            "organization_service_id": resource.cloud,
            "name": resource.name,
            "insight_name": insight.name,
            "state": 0,
            "account": cloud.map(|cloud| &cloud.name),
            "account_id": cloud.and_then(|cloud| cloud.account_id.as_ref()),
            "identified_at": stamp::spaced(resource.discovered),
            "resource_type": &*resource.resource_type,
        }));
    }
    Ok(SimResponse::json(StatusCode::OK, &rows))
}

/// `GET /v2/public/insights/{id}/{source}/insight-data-7-days`: a map of day to count; with the 2019 profile a
/// list of records, as the Swagger file has it.
pub(super) fn seven_days(state: &State, call: &Call, id: &str, source: &str) -> Answer {
    call.caller.may_read(Area::Insights)?;
    let insight = insights::at(state, call, id, source)?;
    let results: usize = failing(state, call, insight).by_type.values().map(Vec::len).sum();
    let days = (0..7).map(|back| stamp::date(call.now - back * DAY));
    if state.options.profile == Profile::V2019 {
        let rows: Vec<Value> =
            days.map(|day| json!({"date": day, "count": results, "total": results})).collect();
        return Ok(SimResponse::json(StatusCode::OK, &rows));
    }
    let map: BTreeMap<String, usize> = days.map(|day| (day, results)).collect();
    Ok(SimResponse::json(StatusCode::OK, &map))
}

fn failing(state: &State, call: &Call, insight: &Insight) -> std::sync::Arc<Selection> {
    let wanted = Wanted { insight: Some(insight.id), ..Wanted::default() };
    state.selection(call.caller.organization, &wanted, call.now)
}
