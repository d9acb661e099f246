//! Which resources a query means (document section 9.2), whatever page of them is asked for.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::exemptions;
use super::state::State;
use super::world::{Cloud, Resource, SourcedId, Tags};

/// A place to look in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    /// `divvyorganization:<n>`.
    Organization(i64),
    /// `divvyorganizationservice:<n>`.
    Cloud(i64),
    /// `resourcegroup:<n>:`.
    Group(i64),
}

impl Scope {
    /// Reads a resource id that may serve as a scope, trailing colon or none as the vendor writes it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (kind, number) = text.split_once(':')?;
        match kind {
            "divvyorganization" => Some(Self::Organization(number.parse().ok()?)),
            "divvyorganizationservice" => Some(Self::Cloud(number.parse().ok()?)),
            "resourcegroup" => Some(Self::Group(number.strip_suffix(':')?.parse().ok()?)),
            _ => None,
        }
    }

    fn holds(self, resource: &Resource, organization: i64) -> bool {
        match self {
            Self::Organization(id) => id == organization,
            Self::Cloud(id) => id == resource.cloud,
            Self::Group(id) => resource.groups.contains(&id),
        }
    }
}

/// Order of the records of one type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Order {
    /// As the world holds them.
    #[default]
    Natural,
    /// By name, then by the natural order.
    Name,
    /// By name, descending.
    NameDescending,
}

/// What a query asks for, but for resource type and page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    /// Alternatives; empty is everywhere.
    pub(super) scopes: Vec<Scope>,
    /// Only what fails this insight.
    pub(super) insight: Option<SourcedId>,
    /// With an insight: exempted resources as well.
    pub(super) exempted: bool,
    /// Badges of the cloud.
    pub(super) badges: Vec<(String, String)>,
    /// All badges instead of any.
    pub(super) all_badges: bool,
    /// Tags that must all be there; without a value the name is enough.
    pub(super) tags: Vec<(String, Option<String>)>,
    /// Query filters that must all match.
    pub(super) filters: Vec<String>,
    /// Order.
    pub(super) order: Order,
}

/// What a query found: positions by type, and how long that stays right.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) by_type: BTreeMap<Arc<str>, Vec<u32>>,
    /// Instants between which no exemption starts or ends.
    pub(super) span: Range<i64>,
}

impl Selection {
    /// Computes what matches at `now`.
    pub(super) fn of(state: &State, organization: i64, wanted: &Wanted, now: i64) -> Self {
        let world = &state.world;
        let mut hidden = HashSet::new();
        let mut hidden_groups: &[i64] = &[];
        let mut span = i64::MIN..i64::MAX;
        if let Some(insight) = wanted.insight.filter(|_| !wanted.exempted) {
            hidden = exemptions::active_for(world, insight, now);
            hidden_groups = world.insight(insight).map_or(&[], |insight| &insight.group_blacklist);
            span = exemptions::unchanged_around(world, now);
        }
        let clouds: HashSet<i64> = world
            .clouds
            .iter()
            .filter(|cloud| badges_match(cloud, &wanted.badges, wanted.all_badges))
            .map(|cloud| cloud.id)
            .collect();
        // A filter's meaning is the insight's it belongs to: it matches what fails such an insight.
        let filters: Vec<HashSet<SourcedId>> = wanted
            .filters
            .iter()
            .map(|name| {
                let with = |insight: &&super::world::Insight| {
                    insight.filters.iter().any(|filter| filter.name == *name)
                };
                world.insights.iter().filter(with).map(|insight| insight.id).collect()
            })
            .collect();
        let matches = |position: u32, resource: &Resource| {
            state.index.organization(position) == organization
                && clouds.contains(&resource.cloud)
                && (wanted.scopes.is_empty()
                    || wanted.scopes.iter().any(|scope| scope.holds(resource, organization)))
                && !hidden.contains(resource.id.as_str())
                && !hidden_groups.iter().any(|group| resource.groups.contains(group))
                && wanted.tags.iter().all(|(key, value)| has_tag(resource, key, value.as_deref()))
                && filters.iter().all(|any| resource.fails.iter().any(|insight| any.contains(insight)))
        };
        let mut by_type: BTreeMap<Arc<str>, Vec<u32>> = BTreeMap::new();
        let mut take = |position: u32, resource: &Resource| {
            if matches(position, resource) {
                by_type.entry(Arc::clone(&resource.resource_type)).or_default().push(position);
            }
        };
        match wanted.insight {
            Some(insight) => {
                for &position in state.index.failing(insight) {
                    if let Some(resource) = resource_at(state, position) {
                        take(position, resource);
                    }
                }
            }
            None => {
                for (position, resource) in (0u32..).zip(&world.resources) {
                    take(position, resource);
                }
            }
        }
        if wanted.order != Order::Natural {
            for positions in by_type.values_mut() {
                let name = |position: &u32| resource_at(state, *position).map(|resource| &resource.name);
                positions.sort_by(|left, right| match wanted.order {
                    Order::NameDescending => name(right).cmp(&name(left)),
                    Order::Name | Order::Natural => name(left).cmp(&name(right)),
                });
            }
        }
        Self { by_type, span }
    }

    /// How many of a type.
    pub(super) fn count(&self, resource_type: &str) -> usize {
        self.by_type.get(resource_type).map_or(0, Vec::len)
    }
}

/// The resource at a position.
pub(super) fn resource_at(state: &State, position: u32) -> Option<&Resource> {
    state.world.resources.get(usize::try_from(position).ok()?)
}

/// Whether a cloud has all (or any) of the wanted badges; nothing wanted is always there.
pub(super) fn badges_match(cloud: &Cloud, wanted: &[(String, String)], all: bool) -> bool {
    let has = |(key, value): &(String, String)| {
        cloud.badges.iter().any(|badge| badge.key == *key && badge.value == *value)
    };
    if wanted.is_empty() {
        true
    } else if all {
        wanted.iter().all(has)
    } else {
        wanted.iter().any(has)
    }
}

fn has_tag(resource: &Resource, key: &str, value: Option<&str>) -> bool {
    match &resource.tags {
        Tags::Map(tags) => {
            tags.iter().any(|(name, held)| name == key && value.is_none_or(|value| value == held))
        }
        Tags::Null | Tags::Missing => false,
    }
}
