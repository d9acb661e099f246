//! Exemptions (document section 12).

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::{Area, Call};
use super::failure::{Answer, Failure, Shape};
use super::fields::Fields;
use super::select::{badges_match, resource_at};
use super::stamp;
use super::state::State;
use super::world::{Cloud, Exemption, Insight, Resource, SourcedId, World};
use crate::wire::SimResponse;

/// The resources an insight spares at `now`.
pub(super) fn active_for(world: &World, insight: SourcedId, now: i64) -> HashSet<&str> {
    let active = world.exemptions.iter().filter(|one| one.insight == insight && one.active(now));
    active.map(|exemption| exemption.resource_id.as_str()).collect()
}

/// The longest span around `now` in which no exemption starts or ends.
pub(super) fn unchanged_around(world: &World, now: i64) -> Range<i64> {
    let mut span = i64::MIN..i64::MAX;
    let edges = world.exemptions.iter().filter(|one| one.enabled).flat_map(|one| [Some(one.start), one.end]);
    for edge in edges.flatten() {
        if edge <= now {
            span.start = span.start.max(edge);
        } else {
            span.end = span.end.min(edge);
        }
    }
    span
}

/// `POST /v2/public/exemptions/list?page=1&page_size=500`: paging in the query string, filters in the body.
pub(super) fn list(state: &State, call: &Call) -> Answer {
    call.caller.may_read(Area::Exemptions)?;
    let options = &state.options;
    let page = number(call, "page")?.unwrap_or(1);
    let size = number(call, "page_size")?.unwrap_or(options.exemptions_page_size);
    if page == 0 {
        return Err(Failure::parameter(Shape::V2, "page", "Must be at least 1."));
    }
    let most = options.exemptions_max_page_size;
    if size == 0 || size > most {
        let text = format!("Must be between 1 and {most}.");
        return Err(Failure::parameter(Shape::V2, "page_size", &text));
    }
    let found = matching(state, call)?;
    let given = size.min(options.page_cap.unwrap_or(size)).max(1);
    let insights: HashMap<SourcedId, &Insight> =
        state.world.insights.iter().map(|insight| (insight.id, insight)).collect();
    let skip = (page - 1).saturating_mul(given);
    let data: Vec<Value> =
        found.iter().skip(skip).take(given).map(|one| listed(state, &insights, one)).collect();
    let drift = options.total_drift.saturating_mul(i64::try_from(page - 1).unwrap_or(i64::MAX));
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX).saturating_add(drift).max(0);
    let mut answer = json!({"data": data, "total_count": total});
    if let (true, Value::Object(map)) = (options.exemptions_echo_page, &mut answer) {
        map.insert("page".to_owned(), json!(page));
        map.insert("page_size".to_owned(), json!(given));
        map.insert("total_pages".to_owned(), json!(found.len().div_ceil(given)));
    }
    Ok(SimResponse::json(StatusCode::OK, &answer))
}

fn number(call: &Call, name: &str) -> Result<Option<usize>, Failure> {
    match call.parameter(name) {
        None => Ok(None),
        Some(text) => match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Failure::parameter(Shape::V2, name, "Not a valid integer.")),
        },
    }
}

/// The organization's exemptions that the body's filters let through. All states are listed, not only active ones.
fn matching<'a>(state: &'a State, call: &Call) -> Result<Vec<&'a Exemption>, Failure> {
    let world = &state.world;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let search = fields.text("search")?.unwrap_or_default().to_lowercase();
    let pack = match fields.text("pack")? {
        None | Some("") => None,
        Some(text) => {
            let id: SourcedId =
                text.parse().map_err(|_| fields.refuse("pack", "Expected <source>:<pack_id>."))?;
            let pack = world.packs.iter().find(|pack| pack.id == id);
            Some(pack.ok_or_else(|| fields.refuse("pack", "Unknown pack."))?)
        }
    };
    let badges = fields.pairs("badges")?;
    let all = fields.is_and("badge_filter_operator")?;
    let spared = |exemption: &&Exemption| {
        let resource = resource(state, exemption);
        let text_matches = search.is_empty()
            || resource.is_some_and(|resource| resource.name.to_lowercase().contains(&search))
            || exemption.resource_id.to_lowercase().contains(&search)
            || world
                .insight(exemption.insight)
                .is_some_and(|insight| insight.name.to_lowercase().contains(&search))
            || exemption.notes.as_ref().is_some_and(|notes| notes.to_lowercase().contains(&search));
        let badge_matches = badges.is_empty()
            || resource
                .and_then(|resource| world.cloud(resource.cloud))
                .is_some_and(|cloud| badges_match(cloud, &badges, all));
        let in_pack = pack.is_none_or(|pack| super::packs::holds(pack, exemption.insight));
        exemption.organization == call.caller.organization && text_matches && badge_matches && in_pack
    };
    Ok(world.exemptions.iter().filter(spared).collect())
}

fn resource<'a>(state: &'a State, exemption: &Exemption) -> Option<&'a Resource> {
    resource_at(state, state.index.position(&exemption.resource_id)?)
}

/// One element of the list: names filled in, dates in the form with `Z`, `notes` only where there are some.
fn listed(state: &State, insights: &HashMap<SourcedId, &Insight>, exemption: &Exemption) -> Value {
    let resource = resource(state, exemption);
    let cloud = resource.and_then(|resource| state.world.cloud(resource.cloud));
    let creator = state.world.users.iter().find(|user| user.id == exemption.creator);
    let mut item = bare(exemption, stamp::zulu);
    item.insert("expiration_date".to_owned(), json!(exemption.end.map(stamp::zulu)));
    item.insert("insight_name".to_owned(), json!(insights.get(&exemption.insight).map(|one| &one.name)));
    item.insert("creator_name".to_owned(), json!(creator.map(|user| &user.name)));
    item.insert("owner_name".to_owned(), json!(creator.map(|user| &user.name)));
    item.insert("resource_name".to_owned(), json!(resource.map(|resource| &resource.name)));
    item.insert("provider_id".to_owned(), json!(resource.map(|resource| &resource.provider_id)));
    item.insert("account".to_owned(), json!(cloud.map(|cloud: &Cloud| &cloud.name)));
    item.insert("account_id".to_owned(), json!(cloud.and_then(|cloud| cloud.account_id.as_ref())));
    item.insert("cloud_type_id".to_owned(), json!(cloud.map(|cloud| &cloud.cloud_type)));
    if state.options.exemptions_drop_colon {
        let id = exemption.resource_id.strip_suffix(':').unwrap_or(&exemption.resource_id);
        item.insert("resource_id".to_owned(), json!(id));
    }
    Value::Object(item)
}

/// What both the list and the reply to a creation have, with the names that only the list fills in as null.
fn bare(exemption: &Exemption, date: fn(i64) -> String) -> Map<String, Value> {
    let mut item = Map::new();
    for key in [
        "insight_name",
        "resource_ids",
        "resource_type_label",
        "resource_name",
        "provider_id",
        "account",
        "account_id",
        "cloud_type_id",
        "creator_name",
        "bot_id",
        "bot_name",
    ] {
        item.insert(key.to_owned(), Value::Null);
    }
    let mut put = |key: &str, value: Value| item.insert(key.to_owned(), value);
    put("exemption_id", json!(exemption.id));
    put("insight_id", json!(exemption.insight.id));
    put("insight_source", json!(exemption.insight.source.as_str()));
    put("resource_id", json!(exemption.resource_id));
    put("resource_type", json!(exemption.resource_type));
    put("organization_id", json!(exemption.organization));
    put("approver", json!(exemption.approver));
    put("creator_id", json!(exemption.creator));
    put("enabled", json!(exemption.enabled));
    put("create_date", json!(date(exemption.created)));
    put("start_date", json!(date(exemption.start)));
    if let Some(notes) = &exemption.notes {
        put("notes", json!(notes));
    }
    item
}

/// `POST /v2/public/exemptions/create`: one new exemption for each resource, all or none.
pub(super) fn create(state: &mut State, call: &Call) -> Answer {
    call.caller.may_write(Area::Exemptions)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let source = fields.required_text("insight_source")?;
    let source = source.parse().map_err(|_| fields.refuse("insight_source", "Unknown source."))?;
    let insight = SourcedId { source, id: fields.required("insight_id", fields.int("insight_id")?)? };
    let resource_type = fields.required_text("resource_type")?;
    let resource_ids = fields.texts("resource_ids")?;
    if resource_ids.is_empty() {
        return Err(fields.refuse("resource_ids", "Missing data for required field."));
    }
    let date_times = state.options.exemption_date_times;
    let start = fields.required("start_date", day(&fields, "start_date", date_times)?)?;
    let end = day(&fields, "expiration_date", date_times)?;
    if end.is_some_and(|end| end <= start) {
        return Err(fields.refuse("expiration_date", "Must be after start_date."));
    }
    let approver = Some(fields.required_text("approver")?.to_owned());
    let notes = fields.text("notes")?.map(str::to_owned);
    let organization = call.caller.organization;
    if !super::insights::visible(&state.world, organization).any(|one| one.id == insight) {
        return Err(Failure::server("DivvyNotFound", format!("Insight {insight} does not exist.")));
    }
    let is_here = |id: &str| {
        state.index.position(id).is_some_and(|position| state.index.organization(position) == organization)
    };
    if let Some(id) = resource_ids.iter().find(|id| !is_here(id)) {
        return Err(Failure::server("DivvyNotFound", format!("Resource {id} does not exist.")));
    }
    let next = state.world.exemptions.iter().map(|one| one.id).max().unwrap_or(99) + 1;
    let mut reply = Vec::new();
    for (id, resource_id) in (next..).zip(resource_ids) {
        let exemption = Exemption {
            id,
            organization,
            insight,
            resource_id,
            resource_type: resource_type.to_owned(),
            approver: approver.clone(),
            creator: call.caller.user,
            notes: notes.clone(),
            enabled: true,
            created: call.now,
            start,
            end,
        };
        let mut item = bare(&exemption, stamp::naive);
        if let Some(end) = end {
            item.insert("expiration_date".to_owned(), json!(stamp::naive(end)));
        }
        reply.push(Value::Object(item));
        state.world.exemptions.push(exemption);
    }
    Ok(SimResponse::json(StatusCode::OK, &reply))
}

fn day(fields: &Fields, key: &str, date_times: bool) -> Result<Option<i64>, Failure> {
    let Some(text) = fields.text(key)? else {
        return Ok(None);
    };
    let day = stamp::parse_date(text);
    let instant = day.or_else(|| stamp::parse_date_time(text).filter(|_| date_times));
    instant.map(Some).ok_or_else(|| fields.refuse(key, "Not a valid date."))
}

/// `POST /v2/public/exemptions/delete`: `{}`, or 404 for an unknown id.
pub(super) fn delete(state: &mut State, call: &Call) -> Answer {
    call.caller.may_write(Area::Exemptions)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let ids = fields.ints("exemption_ids")?;
    if ids.is_empty() {
        return Err(fields.refuse("exemption_ids", "Missing data for required field."));
    }
    let organization = call.caller.organization;
    let mine = |one: &Exemption| one.organization == organization;
    let unknown =
        ids.iter().find(|id| !state.world.exemptions.iter().any(|one| mine(one) && one.id == **id)).copied();
    if unknown.is_none() || state.options.exemption_delete_partly {
        state.world.exemptions.retain(|one| !(mine(one) && ids.contains(&one.id)));
    }
    match unknown {
        Some(id) => Err(Failure::not_found(&format!("Exemption {id}"))),
        None => Ok(SimResponse::json(StatusCode::OK, &json!({}))),
    }
}
