//! The compliance export, in brief (document section 13.2).

use std::collections::{HashMap, HashSet};

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::{Area, Call};
use super::failure::{Answer, Failure, Shape};
use super::fields::Fields;
use super::select::{Wanted, badges_match, resource_at};
use super::state::State;
use super::world::{Cloud, Insight, SourcedId};
use crate::wire::SimResponse;

/// `POST /v2/compliance/score-card/export-data?pack_ids=custom:11`: percent strings under account names, and the
/// impacted resources under insight names, as far as the body's filters let them through.
pub(super) fn export(state: &State, call: &Call) -> Answer {
    call.caller.may_read(Area::Insights)?;
    let id = call.parameter("pack_ids").unwrap_or_default();
    let wanted = id.parse::<SourcedId>().ok();
    let pack = state.world.packs.iter().find(|pack| Some(pack.id) == wanted);
    let pack = pack.ok_or_else(|| Failure::server("DivvyNotFound", format!("Pack {id} does not exist.")))?;
    let filters = Filters::parse(&call.body)?;
    let organization = call.caller.organization;
    let clouds = state.world.clouds.iter().filter(|cloud| cloud.organization == organization);
    let clouds: Vec<&Cloud> = clouds.filter(|cloud| filters.has_cloud(cloud)).collect();
    let mut section = Map::new();
    let mut impacted = Map::new();
    for insight in super::insights::visible(&state.world, organization) {
        if !super::packs::holds(pack, insight.id) || !filters.has_insight(insight) {
            continue;
        }
        let (scores, resources) = one(state, call, insight, &clouds);
        section.insert(insight.name.clone(), Value::Object(scores));
        impacted.insert(insight.name.clone(), Value::Array(resources));
    }
    let mut scorecard = Map::new();
    scorecard.insert("Section 1".to_owned(), Value::Object(section));
    Ok(SimResponse::json(StatusCode::OK, &json!({"scorecard": scorecard, "impacted_resources": impacted})))
}

/// What an export is about. An empty list is everything; values of one list are alternatives, different lists all
/// apply. Filters by resource group are not applied: nothing public says what their ids look like.
struct Filters {
    clouds: Vec<i64>,
    badges: Vec<(String, String)>,
    severities: Vec<i64>,
    /// Composite ids, or numbers of either source.
    insights: Vec<String>,
    resource_types: Vec<String>,
}

impl Filters {
    fn parse(body: &[u8]) -> Result<Self, Failure> {
        let fields = Fields::parse(body, Shape::V2)?;
        let clouds = fields.inner("resource_scope")?.inner("organization_service_filters")?;
        let insights = fields.inner("insight_filters")?;
        let id = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // Badges are pairs here, where other endpoints have objects (document section 11).
        let pair = |value: &Value| match value.as_array()?.as_slice() {
            [key, value] => Some((key.as_str()?.to_owned(), value.as_str()?.to_owned())),
            _ => None,
        };
        let badges: Option<_> = clouds.list("badges")?.iter().map(pair).collect();
        Ok(Self {
            clouds: clouds.ints("organization_service_ids")?,
            badges: badges.ok_or_else(|| clouds.refuse("badges", "Expected pairs of key and value."))?,
            severities: insights.ints("severity")?,
            insights: insights.list("insight_ids")?.iter().map(id).collect(),
            resource_types: insights.texts("resource_types")?,
        })
    }

    fn has_cloud(&self, cloud: &Cloud) -> bool {
        (self.clouds.is_empty() || self.clouds.contains(&cloud.id))
            && badges_match(cloud, &self.badges, false)
    }

    fn has_insight(&self, insight: &Insight) -> bool {
        let number = insight.id.id.to_string();
        let composite = insight.id.to_string();
        (self.severities.is_empty() || self.severities.contains(&effective(insight)))
            && (self.insights.is_empty() || self.insights.iter().any(|id| *id == number || *id == composite))
            && (self.resource_types.is_empty()
                || insight.resource_types.iter().any(|name| self.resource_types.contains(name)))
    }
}

/// The customer's severity counts before the vendor's (document section 7.1).
fn effective(insight: &Insight) -> i64 {
    insight.custom_severity.unwrap_or(insight.severity)
}

fn one(state: &State, call: &Call, insight: &Insight, clouds: &[&Cloud]) -> (Map<String, Value>, Vec<Value>) {
    let severity = severity(effective(insight));
    let wanted = Wanted { insight: Some(insight.id), ..Wanted::default() };
    let selection = state.selection(call.caller.organization, &wanted, call.now);
    let types: HashSet<&str> = insight.resource_types.iter().map(String::as_str).collect();
    let mut failing: HashMap<i64, i64> = HashMap::new();
    let mut rows = Vec::new();
    for position in selection.by_type.values().flatten() {
        let Some(resource) = resource_at(state, *position) else { continue };
        let cloud = clouds.iter().find(|cloud| cloud.id == resource.cloud);
        let Some(cloud) = cloud.filter(|_| types.contains(&*resource.resource_type)) else { continue };
        *failing.entry(resource.cloud).or_default() += 1;
        rows.push(json!({"account_cluster_name": cloud.name,
            "account_cluster_id": cloud.account_id, "namespace_name": null,
            "resource_type": &*resource.resource_type, "name": resource.name, "insight": insight.name,
            "provider_id": resource.provider_id, "provider_uuid": null, "severity": severity,
            "direct_link": null}));
    }
    let mut scores = Map::new();
    for cloud in clouds {
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
