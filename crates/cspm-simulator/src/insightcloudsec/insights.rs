//! Reading insights (document sections 7.2 to 7.4 and 7.8).

use std::collections::HashMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::{Area, Call};
use super::failure::{Answer, Failure};
use super::stamp;
use super::state::{AnswerKey, State};
use super::world::{Insight, Pack, SourcedId, World};
use crate::wire::SimResponse;

/// `GET /v2/public/insights/list`: a bare array of everything the organization sees.
///
/// `labels` are insight tags, any of them; `detail=false` leaves out the long `notes`; the default is everything.
pub(super) fn list(state: &State, call: &Call) -> Answer {
    call.caller.may_read(Area::Insights)?;
    let organization = call.caller.organization;
    let key = AnswerKey {
        organization,
        endpoint: "insights/list",
        query: call.query.clone(),
        body: bytes::Bytes::new(),
    };
    if let Some(body) = state.cached(&key, call.now) {
        return Ok(SimResponse::bytes(StatusCode::OK, "application/json", body));
    }
    let labels = call.parameter_list("labels");
    let types = call.parameter_list("resource_types");
    let brief = call.parameter("detail").is_some_and(|text| text.eq_ignore_ascii_case("false"));
    let packs = packs(state, call)?;
    let bots = bots(&state.world, organization);
    let listed: Vec<Value> = visible(&state.world, organization)
        .filter(|insight| packs.is_empty() || packs.iter().any(|pack| super::packs::holds(pack, insight.id)))
        .filter(|insight| labels.is_empty() || labels.iter().any(|label| insight.tags.contains(label)))
        .filter(|insight| types.is_empty() || types.iter().any(|name| insight.resource_types.contains(name)))
        .map(|insight| {
            let mut object = object(insight, bots.get(&insight.id));
            let blacklist = &insight.group_blacklist;
            let blacklist = if blacklist.is_empty() { Value::Null } else { json!(blacklist) };
            object.insert("resource_group_blacklist".to_owned(), blacklist);
            if brief {
                object.remove("notes");
            }
            object.extend(state.counters(organization, insight.id, call.now).keys(state.options.counters));
            Value::Object(object)
        })
        .collect();
    let response = SimResponse::json(StatusCode::OK, &listed);
    state.keep(key, i64::MIN..i64::MAX, response.body.clone());
    Ok(response)
}

fn packs<'a>(state: &'a State, call: &Call) -> Result<Vec<&'a Pack>, Failure> {
    let mut found = Vec::new();
    for text in call.parameter_list("pack_ids") {
        let id = text.parse::<SourcedId>().ok();
        let pack = state.world.packs.iter().find(|pack| Some(pack.id) == id);
        found.push(
            pack.ok_or_else(|| Failure::server("DivvyNotFound", format!("Pack {text} does not exist.")))?,
        );
    }
    Ok(found)
}

/// The vendor's insights and the organization's own.
pub(super) fn visible(world: &World, organization: i64) -> impl Iterator<Item = &Insight> {
    world
        .insights
        .iter()
        .filter(move |insight| insight.organization.is_none_or(|owner| owner == organization))
}

/// The insight of a path, if the caller may see it.
pub(super) fn at<'a>(state: &'a State, call: &Call, id: &str, source: &str) -> Result<&'a Insight, Failure> {
    let key = source.parse().ok().zip(id.parse().ok()).map(|(source, id)| SourcedId { source, id });
    visible(&state.world, call.caller.organization)
        .find(|insight| Some(insight.id) == key)
        .ok_or_else(|| Failure::not_found(&format!("Insight {source}:{id}")))
}

/// `GET /v2/public/insights/{insight_id}/{source}`: the same object with its counters under `counts`.
pub(super) fn get(state: &State, call: &Call, id: &str, source: &str) -> Answer {
    call.caller.may_read(Area::Insights)?;
    let insight = at(state, call, id, source)?;
    let organization = call.caller.organization;
    let mut object = object(insight, bots(&state.world, organization).get(&insight.id));
    let counters = state.counters(organization, insight.id, call.now);
    object.insert("resource_group_blacklist".to_owned(), json!(insight.group_blacklist));
    object.insert("counts".to_owned(), Value::Object(counters.keys(state.options.counters)));
    object.insert("disabled".to_owned(), json!(false));
    object.insert("membership".to_owned(), json!([]));
    object.insert("risk_layers".to_owned(), json!([]));
    Ok(SimResponse::json(StatusCode::OK, &object))
}

/// `GET /v2/public/insights/select`: the light search of the console.
pub(super) fn select(state: &State, call: &Call) -> Answer {
    call.caller.may_read(Area::Insights)?;
    let source = call.parameter("source");
    let search = call.parameter("search").unwrap_or_default().to_lowercase();
    let labels = call.parameter_list("labels");
    let data: Vec<Value> = visible(&state.world, call.caller.organization)
        .filter(|insight| source.as_ref().is_none_or(|source| source == insight.id.source.as_str()))
        .filter(|insight| insight.name.to_lowercase().contains(&search))
        .filter(|insight| labels.is_empty() || labels.iter().any(|label| insight.tags.contains(label)))
        .map(|insight| {
            json!({"insight_id": insight.id.id, "source": insight.id.source.as_str(), "name": insight.name,
                "severity": insight.severity})
        })
        .collect();
    Ok(SimResponse::json(StatusCode::OK, &json!({"data": data})))
}

/// `GET /v2/public/insights/filter-registry`: a map of every filter that some insight uses.
pub(super) fn filter_registry(state: &State, call: &Call) -> Answer {
    call.caller.may_read(Area::Insights)?;
    let mut registry = Map::new();
    for insight in visible(&state.world, call.caller.organization) {
        for filter in &insight.filters {
            let entry = json!({"filter_id": filter.name, "name": insight.name, "description": insight.description,
                "supported_resources": insight.resource_types, "supports_common": false,
                "supported_clouds": insight.supported_clouds, "settings_config": []});
            registry.insert(filter.name.clone(), entry);
        }
    }
    Ok(SimResponse::json(StatusCode::OK, &registry))
}

fn bots(world: &World, organization: i64) -> HashMap<SourcedId, Vec<String>> {
    let mut bots: HashMap<SourcedId, Vec<String>> = HashMap::new();
    for bot in world.bots.iter().filter(|bot| bot.organization == organization && bot.state != "ARCHIVED") {
        if let Some(insight) = bot.insight {
            bots.entry(insight).or_default().push(bot.resource_id());
        }
    }
    bots
}

/// What the list and the single insight have in common.
pub(super) fn object(insight: &Insight, bots: Option<&Vec<String>>) -> Map<String, Value> {
    let filters: Vec<Value> = insight
        .filters
        .iter()
        .map(
            |filter| json!({"name": filter.name, "config": filter.config, "collections": filter.collections}),
        )
        .collect();
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    put("insight_id", json!(insight.id.id));
    put("source", json!(insight.id.source.as_str()));
    put("name", json!(insight.name));
    put("description", json!(insight.description));
    put("notes", json!(insight.notes));
    put("severity", json!(insight.severity));
    put("custom_severity", json!(insight.custom_severity));
    put("meta_data", json!(insight.meta_data));
    put("tags", json!(insight.tags));
    put("resource_types", json!(insight.resource_types));
    put("filters", json!(filters));
    put("supported_clouds", json!(insight.supported_clouds));
    put("supported_iac_clouds", Value::Null);
    put("inserted_at", json!(stamp::zulu(insight.inserted)));
    put("updated_at", json!(stamp::zulu(insight.updated)));
    put("author", json!(insight.author));
    put("favorited", json!(insight.favorited));
    put("by_app", json!({}));
    put("bots", json!(bots.map_or(&[][..], Vec::as_slice)));
    if let Some(released) = &insight.released {
        put("released", json!(released));
    }
    if let Some(organization) = insight.organization {
        put("organization_id", json!(organization));
        put("owner_resource_id", json!(format!("divvyorganization:{organization}")));
        put("user_resource_id", Value::Null);
        put("version", json!(1));
        put("scopes", json!([]));
        put("template_id", Value::Null);
        put("badges", json!([]));
        put("badge_filter_operator", Value::Null);
        object.extend(insight.written.clone());
    }
    object
}
