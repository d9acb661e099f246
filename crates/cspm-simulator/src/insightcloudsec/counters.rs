//! The counters an insight carries (document section 7.2): cached figures, not the truth of the moment.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use super::exemptions;
use super::options::CounterMode;
use super::select::resource_at;
use super::stamp;
use super::state::State;
use super::world::{Insight, SourcedId};

/// Figures of one cloud.
#[derive(Clone, Copy, Debug, Default)]
struct OfCloud {
    total: i64,
    count: i64,
    all: i64,
}

/// The figures of one insight in one organization.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    results: i64,
    total: i64,
    all: i64,
    exemptions: i64,
    by_type: BTreeMap<String, i64>,
    by_cloud: BTreeMap<i64, OfCloud>,
    updated: i64,
}

impl Counters {
    /// Counts: `results` after exemptions, `exemptions` the exempted matches, `total` the resources of its types in
    /// supported clouds, `all` those in any cloud.
    pub(super) fn count(state: &State, organization: i64, insight: SourcedId, now: i64) -> Self {
        let Some(insight) = state.world.insight(insight) else {
            return Self::default();
        };
        let mut counters = Self { updated: now, ..Self::default() };
        counters.by_type.extend(insight.resource_types.iter().map(|name| (name.clone(), 0)));
        for cloud in state.world.clouds.iter().filter(|cloud| cloud.organization == organization) {
            let all = insight.resource_types.iter().map(|name| state.index.count(cloud.id, name)).sum();
            let total = if supports(insight, &cloud.cloud_type) { all } else { 0 };
            counters.all += all;
            counters.total += total;
            counters.by_cloud.insert(cloud.id, OfCloud { total, count: 0, all });
        }
        let exempted = exemptions::active_for(&state.world, insight.id, now);
        let types: HashSet<&str> = insight.resource_types.iter().map(String::as_str).collect();
        for &position in state.index.failing(insight.id) {
            let Some(resource) = resource_at(state, position) else { continue };
            if state.index.organization(position) != organization || !types.contains(&*resource.resource_type)
            {
                continue;
            }
            if exempted.contains(resource.id.as_str())
                || insight.group_blacklist.iter().any(|group| resource.groups.contains(group))
            {
                counters.exemptions += 1;
                continue;
            }
            counters.results += 1;
            *counters.by_type.entry(resource.resource_type.as_ref().to_owned()).or_default() += 1;
            if let Some(cloud) = counters.by_cloud.get_mut(&resource.cloud) {
                cloud.count += 1;
            }
        }
        counters
    }

    /// The keys, at the top level of a list element or under `counts` of a single insight.
    pub(super) fn keys(&self, mode: CounterMode) -> Map<String, Value> {
        let mut map = Map::new();
        let said = |number: i64| match mode {
            CounterMode::Cached | CounterMode::Absent => number,
            CounterMode::Zero => 0,
            CounterMode::Off(by) => number.saturating_add(by).max(0),
        };
        if mode != CounterMode::Absent {
            let by_cloud: BTreeMap<String, Value> = self
                .by_cloud
                .iter()
                .map(|(id, of)| {
                    (id.to_string(), json!({"total": of.total, "count": said(of.count), "all": of.all}))
                })
                .collect();
            let by_type: BTreeMap<&str, i64> =
                self.by_type.iter().map(|(name, count)| (name.as_str(), said(*count))).collect();
            map.insert("results".to_owned(), json!(said(self.results)));
            map.insert("total".to_owned(), json!(self.total));
            map.insert("all".to_owned(), json!(self.all));
            map.insert("exemptions".to_owned(), json!(said(self.exemptions)));
            map.insert("by_type".to_owned(), json!(by_type));
            map.insert("by_cloud".to_owned(), json!(by_cloud));
            map.insert("by_resource_group".to_owned(), json!({}));
        }
        map.insert("cache_updated_at".to_owned(), json!(stamp::naive_micros(self.updated)));
        map.insert("duration".to_owned(), json!(0.0044));
        map
    }
}

fn supports(insight: &Insight, cloud_type: &str) -> bool {
    insight.supported_clouds.as_ref().is_none_or(|types| types.iter().any(|name| name == cloud_type))
}
