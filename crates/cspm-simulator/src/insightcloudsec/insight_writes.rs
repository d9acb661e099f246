//! Changing insights: the customer's own only, but for notes and legacy exemptions (document sections 7.5, 7.7).

use http::StatusCode;
use serde_json::{Value, json};

use super::call::{Area, Call};
use super::failure::{Answer, Failure, Shape};
use super::fields::Fields;
use super::insights::object;
use super::state::State;
use super::world::{Insight, InsightFilter, Source, SourcedId};
use crate::wire::SimResponse;

/// What is kept as it was written.
const WRITTEN: [&str; 5] = ["owner_resource_id", "scopes", "template_id", "badges", "badge_filter_operator"];

/// `POST /v2/public/insights/create`.
pub(super) fn create(state: &mut State, call: &Call) -> Answer {
    call.caller.may_write(Area::Insights)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let insight = made(state, call, &fields)?;
    Ok(added(state, insight))
}

fn added(state: &mut State, insight: Insight) -> SimResponse {
    let response = SimResponse::json(StatusCode::OK, &object(&insight, None));
    state.world.insights.push(insight);
    response
}

/// `POST /v2/public/insights/bulk/create`: all or none, answered with the new insights.
pub(super) fn bulk_create(state: &mut State, call: &Call) -> Answer {
    call.caller.may_write(Area::Insights)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let before = state.world.insights.len();
    let mut objects = Vec::new();
    for item in fields.list("insights")? {
        let result = Fields::parse(item.to_string().as_bytes(), Shape::V2)
            .and_then(|fields| made(state, call, &fields));
        match result {
            Ok(insight) => {
                objects.push(Value::Object(object(&insight, None)));
                state.world.insights.push(insight);
            }
            Err(failure) => {
                state.world.insights.truncate(before);
                return Err(failure);
            }
        }
    }
    Ok(SimResponse::json(StatusCode::OK, &json!({"insights": objects})))
}

/// `POST /v2/public/insights/{id}/edit`: the full object again; missing keys are not merged.
pub(super) fn edit(state: &mut State, call: &Call, id: &str) -> Answer {
    call.caller.may_write(Area::Insights)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let mut edited = made(state, call, &fields)?;
    let insight = custom(state, call, id)?;
    edited.id = insight.id;
    edited.inserted = insight.inserted;
    edited.group_blacklist.clone_from(&insight.group_blacklist);
    *insight = edited;
    Ok(SimResponse::json(StatusCode::OK, &object(insight, None)))
}

/// `DELETE /v2/public/insights/{id}/delete`.
pub(super) fn delete(state: &mut State, call: &Call, id: &str) -> Answer {
    call.caller.may_write(Area::Insights)?;
    let id = custom(state, call, id)?.id;
    remove(state, &[id]);
    Ok(SimResponse::json(StatusCode::OK, &json!({})))
}

/// `POST /v2/public/insights/bulk/delete`: all or none; 404 for an unknown number.
pub(super) fn bulk_delete(state: &mut State, call: &Call) -> Answer {
    call.caller.may_write(Area::Insights)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let mut ids = Vec::new();
    for id in fields.ints("insights")? {
        ids.push(custom(state, call, &id.to_string())?.id);
    }
    remove(state, &ids);
    Ok(SimResponse::json(StatusCode::OK, &json!({})))
}

fn remove(state: &mut State, ids: &[SourcedId]) {
    state.world.insights.retain(|insight| !ids.contains(&insight.id));
    for pack in &mut state.world.packs {
        pack.custom.retain(|id| !ids.contains(&SourcedId::custom(*id)));
    }
    state.world.exemptions.retain(|exemption| !ids.contains(&exemption.insight));
    for resource in &mut state.world.resources {
        resource.fails.retain(|id| !ids.contains(id));
    }
    state.reindex();
}

/// `POST /v2/public/insights/{id}/notes/update`. The path has no source: a custom insight wins over the vendor's.
pub(super) fn notes(state: &mut State, call: &Call, id: &str) -> Answer {
    call.caller.may_write(Area::Insights)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let notes = fields.text("notes")?.map(str::to_owned);
    let number: Option<i64> = id.parse().ok();
    let organization = call.caller.organization;
    let mut found: Vec<&mut Insight> = state
        .world
        .insights
        .iter_mut()
        .filter(|insight| Some(insight.id.id) == number)
        .filter(|insight| insight.organization.is_none_or(|owner| owner == organization))
        .collect();
    found.sort_by_key(|insight| insight.id.source == Source::Backoffice);
    let insight = found.into_iter().next().ok_or_else(|| Failure::not_found(&format!("Insight {id}")))?;
    insight.notes = notes;
    Ok(SimResponse::empty(StatusCode::OK))
}

/// `POST /v2/public/insights/edit_metadata`: one text for insights of both sources.
pub(super) fn edit_metadata(state: &mut State, call: &Call) -> Answer {
    call.caller.may_write(Area::Insights)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let backoffice = fields.ints("backoffice")?;
    let custom = fields.ints("custom")?;
    let metadata = fields.text("metadata")?.map(str::to_owned);
    for insight in &mut state.world.insights {
        let named = if insight.id.source == Source::Custom { &custom } else { &backoffice };
        if named.contains(&insight.id.id) {
            insight.meta_data.clone_from(&metadata);
        }
    }
    Ok(SimResponse::empty(StatusCode::OK))
}

/// `POST /v2/public/insights/{id}/set_exemptions`: replaces the whole list of exempt resource groups.
pub(super) fn set_exemptions(state: &mut State, call: &Call, id: &str) -> Answer {
    call.caller.may_write(Area::Exemptions)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let source = fields.required_text("source")?;
    let groups = fields.ints("groups")?;
    let key = super::insights::at(state, call, id, source)?.id;
    if let Some(insight) = state.world.insights.iter_mut().find(|insight| insight.id == key) {
        insight.group_blacklist = groups;
    }
    Ok(SimResponse::empty(StatusCode::OK))
}

/// `GET /v2/public/insights/{id}/counts/refresh`: a GET with a side effect. Every insight of that number is
/// recomputed, and at once, although the vendor's refresh is asynchronous.
pub(super) fn refresh(state: &mut State, call: &Call, id: &str) -> Answer {
    call.caller.may_read(Area::Insights)?;
    let number: i64 = id.parse().map_err(|_| Failure::not_found(&format!("Insight {id}")))?;
    for id in [SourcedId::backoffice(number), SourcedId::custom(number)] {
        state.forget_counters(Some(id));
    }
    Ok(SimResponse::json(StatusCode::OK, &json!({})))
}

fn custom<'a>(state: &'a mut State, call: &Call, id: &str) -> Result<&'a mut Insight, Failure> {
    let key = id.parse().ok().map(SourcedId::custom);
    let organization = Some(call.caller.organization);
    state
        .world
        .insights
        .iter_mut()
        .find(|insight| Some(insight.id) == key && insight.organization == organization)
        .ok_or_else(|| Failure::not_found(&format!("Custom insight {id}")))
}

/// An insight from the keys of the request, with the next free number.
fn made(state: &State, call: &Call, fields: &Fields) -> Result<Insight, Failure> {
    let own = state.world.insights.iter().map(|insight| insight.id).filter(|id| id.source == Source::Custom);
    let next = own.map(|id| id.id).max().unwrap_or(0) + 1;
    let severity = fields.required("severity", fields.int("severity")?)?;
    if !(1..=5).contains(&severity) {
        return Err(fields.refuse("severity", "Must be between 1 and 5."));
    }
    let resource_types = fields.texts("resource_types")?;
    if resource_types.is_empty() {
        return Err(fields.refuse("resource_types", "Missing data for required field."));
    }
    for key in ["filters", "scopes", "tags"] {
        fields.required(key, fields.value(key))?;
    }
    let mut filters = Vec::new();
    for item in fields.list("filters")? {
        let name = item.get("name").and_then(Value::as_str);
        let config = item.get("config").filter(|config| config.is_object());
        let collections = item
            .get("collections")
            .map_or(Some(json!({})), |collections| Some(collections.clone()).filter(Value::is_object));
        let (Some(name), Some(config), Some(collections)) = (name, config, collections) else {
            return Err(
                fields.refuse("filters", "Expected name, config and collections, the latter objects.")
            );
        };
        filters.push(InsightFilter { name: name.to_owned(), config: config.clone(), collections });
    }
    fields.texts("scopes")?;
    fields.pairs("badges")?;
    fields.is_and("badge_filter_operator")?;
    let said = |key: &&str| Some(((*key).to_owned(), fields.value(key)?.clone()));
    Ok(Insight {
        id: SourcedId::custom(next),
        organization: Some(call.caller.organization),
        name: fields.required_text("name")?.to_owned(),
        description: fields.required("description", fields.text("description")?)?.to_owned(),
        notes: fields.text("notes")?.map(str::to_owned),
        severity,
        custom_severity: None,
        resource_types,
        tags: fields.texts("tags")?,
        filters,
        supported_clouds: None,
        group_blacklist: Vec::new(),
        released: None,
        author: None,
        meta_data: fields.text("meta_data")?.map(str::to_owned),
        favorited: false,
        written: WRITTEN.iter().filter_map(said).collect(),
        inserted: call.now,
        updated: call.now,
    })
}
