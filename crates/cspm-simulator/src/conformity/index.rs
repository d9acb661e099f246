//! Finding checks quickly: their order, the slices they fall into, and what was found before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::check::Check;
use super::filter::Filter;
use super::world::World;

/// Lists that are remembered at once.
const MOST_LISTS: usize = 256;
/// Bytes of pages that are remembered at once.
const MOST_PAGE_BYTES: usize = 64 << 20;

/// Places of checks in `World::checks`, in the order of their ids.
pub(super) type List = Arc<[u32]>;

/// What a page is remembered by: the filter, the size and the number.
pub(super) type PageKey = (Arc<Filter>, usize, usize);

/// The index of the checks, and the lists and pages made with it. All of it is forgotten as the world changes.
#[derive(Debug, Default)]
pub(super) struct Listings(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    index: Option<Arc<Index>>,
    lists: HashMap<Arc<Filter>, List>,
    pages: HashMap<PageKey, Bytes>,
    page_bytes: usize,
}

impl Listings {
    /// To be called when checks have come or gone.
    pub(super) fn forget(&self) {
        *self.lock() = Inner::default();
    }

    /// To be called when checks have changed and their ids have not.
    pub(super) fn forget_contents(&self) {
        let mut inner = self.lock();
        *inner = Inner { index: inner.index.take(), ..Inner::default() };
    }

    /// The checks that a filter lets through.
    pub(super) fn list(&self, world: &World, filter: &Arc<Filter>) -> List {
        if let Some(list) = self.lock().lists.get(filter) {
            return list.clone();
        }
        let list = self.index(world).select(&world.checks, filter);
        let mut inner = self.lock();
        if inner.lists.len() >= MOST_LISTS {
            inner.lists.clear();
        }
        inner.lists.insert(filter.clone(), list.clone());
        list
    }

    /// Where the check with this id is.
    pub(super) fn find(&self, world: &World, id: &str) -> Option<usize> {
        let index = self.index(world);
        let order = &index.order;
        let id_at = |place: u32| world.checks.get(place as usize).map(|check| check.id.as_str());
        let rank = order.partition_point(|place| id_at(*place).is_some_and(|known| known < id));
        let place = *order.get(rank)?;
        (id_at(place)? == id).then_some(place as usize)
    }

    /// A page made before.
    pub(super) fn page(&self, key: &PageKey) -> Option<Bytes> {
        self.lock().pages.get(key).cloned()
    }

    /// Remembers a page.
    pub(super) fn remember(&self, key: PageKey, page: Bytes) {
        let mut inner = self.lock();
        if inner.page_bytes + page.len() > MOST_PAGE_BYTES {
            inner.pages.clear();
            inner.page_bytes = 0;
        }
        inner.page_bytes += page.len();
        inner.pages.insert(key, page);
    }

    fn index(&self, world: &World) -> Arc<Index> {
        self.lock().index.get_or_insert_with(|| Arc::new(Index::new(&world.checks))).clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The order of the checks and the slices they fall into.
#[derive(Debug)]
struct Index {
    /// Places by rank; the rank is the place in the order of ids.
    order: Vec<u32>,
    /// The slices by account.
    slices: HashMap<String, Vec<Slice>>,
}

/// The checks of one account, region and service.
#[derive(Debug)]
struct Slice {
    region: String,
    service: String,
    ranks: Vec<u32>,
}

impl Index {
    fn new(checks: &[Check]) -> Self {
        let mut order: Vec<u32> = (0..).take(checks.len()).collect();
        order.sort_by_key(|place| checks.get(*place as usize).map(|check| &check.id));
        let mut groups: HashMap<(&str, &str, &str), Vec<u32>> = HashMap::new();
        for (rank, place) in (0..).zip(&order) {
            if let Some(Check { id, .. }) = checks.get(*place as usize) {
                groups.entry((id.account(), id.region(), id.service())).or_default().push(rank);
            }
        }
        let mut slices: HashMap<String, Vec<Slice>> = HashMap::new();
        for ((account, region, service), ranks) in groups {
            let slice = Slice { region: region.into(), service: service.into(), ranks };
            slices.entry(account.into()).or_default().push(slice);
        }
        Self { order, slices }
    }

    /// Looks only at the slices of the accounts, regions and services that are asked for.
    fn select(&self, checks: &[Check], filter: &Filter) -> List {
        let rest = filter.rest();
        let mut ranks: Vec<u32> = filter
            .accounts
            .iter()
            .filter_map(|account| self.slices.get(account))
            .flatten()
            .filter(|slice| filter.takes_slice(&slice.region, &slice.service))
            .flat_map(|slice| &slice.ranks)
            .copied()
            .filter(|rank| self.at(checks, *rank).is_some_and(|(_, check)| rest.accepts(check)))
            .collect();
        ranks.sort_unstable();
        ranks.into_iter().filter_map(|rank| self.at(checks, rank).map(|(place, _)| place)).collect()
    }

    fn at<'a>(&self, checks: &'a [Check], rank: u32) -> Option<(u32, &'a Check)> {
        let place = *self.order.get(rank as usize)?;
        checks.get(place as usize).map(|check| (place, check))
    }
}
