//! The compliance export, in brief (document section 13.2).

use std::collections::{HashMap, HashSet};

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::{Area, Call};
use super::failure::{Answer, Failure};
use super::select::{Wanted, resource_at};
use super::state::State;
use super::world::{Insight, SourcedId};
use crate::wire::SimResponse;

/// `POST /v2/compliance/score-card/export-data?pack_ids=custom:11`: percent strings under account names, and the
/// impacted resources under insight names. The body's scope is accepted and not applied.
pub(super) fn export(state: &State, call: &Call) -> Answer {
    call.caller.may_read(Area::Insights)?;
    let id = call.parameter("pack_ids").unwrap_or_default();
    let wanted = id.parse::<SourcedId>().ok();
    let pack = state.world.packs.iter().find(|pack| Some(pack.id) == wanted);
    let pack = pack.ok_or_else(|| Failure::server("DivvyNotFound", format!("Pack {id} does not exist.")))?;
    let mut section = Map::new();
    let mut impacted = Map::new();
    let organization = call.caller.organization;
    for insight in super::insights::visible(&state.world, organization) {
        if !super::packs::holds(pack, insight.id) {
            continue;
        }
        let (scores, resources) = one(state, call, insight);
        section.insert(insight.name.clone(), Value::Object(scores));
        impacted.insert(insight.name.clone(), Value::Array(resources));
    }
    let mut scorecard = Map::new();
    scorecard.insert("Section 1".to_owned(), Value::Object(section));
    Ok(SimResponse::json(StatusCode::OK, &json!({"scorecard": scorecard, "impacted_resources": impacted})))
}

fn one(state: &State, call: &Call, insight: &Insight) -> (Map<String, Value>, Vec<Value>) {
    let organization = call.caller.organization;
    let severity = severity(insight.custom_severity.unwrap_or(insight.severity));
    let wanted = Wanted { insight: Some(insight.id), ..Wanted::default() };
    let selection = state.selection(organization, &wanted, call.now);
    let types: HashSet<&str> = insight.resource_types.iter().map(String::as_str).collect();
    let mut failing: HashMap<i64, i64> = HashMap::new();
    let mut rows = Vec::new();
    for position in selection.by_type.values().flatten() {
        let Some(resource) = resource_at(state, *position) else { continue };
        if !types.contains(&*resource.resource_type) {
            continue;
        }
        *failing.entry(resource.cloud).or_default() += 1;
        let cloud = state.world.cloud(resource.cloud);
        rows.push(json!({"account_cluster_name": cloud.map(|cloud| &cloud.name),
            "account_cluster_id": cloud.and_then(|cloud| cloud.account_id.as_ref()), "namespace_name": null,
            "resource_type": &*resource.resource_type, "name": resource.name, "insight": insight.name,
            "provider_id": resource.provider_id, "provider_uuid": null, "severity": severity,
            "direct_link": null}));
    }
    let mut scores = Map::new();
    for cloud in state.world.clouds.iter().filter(|cloud| cloud.organization == organization) {
        let checks: i64 = insight.resource_types.iter().map(|name| state.index.count(cloud.id, name)).sum();
        let failed = failing.get(&cloud.id).copied().unwrap_or(0);
        let score = (checks - failed) * 100 / checks.max(1);
        scores.insert(cloud.name.clone(), json!(format!("{}%", if checks == 0 { 100 } else { score })));
    }
    scores.insert("severity".to_owned(), json!(severity));
    (scores, rows)
}

fn severity(number: i64) -> &'static str {
    match number {
        1 => "Info",
        2 => "Low",
        3 => "Medium",
        4 => "High",
        5 => "Critical",
        _ => "Unknown",
    }
}
