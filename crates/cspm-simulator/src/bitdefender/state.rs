//! The machine's memory: the world, and what was made from it so that a page is copied rather than written anew.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use jiff::{Timestamp, tz::TimeZone};

use super::{
    catalogue, checks,
    errors::Refusal,
    filter::Filter,
    index::{Index, View, first_expiry},
    kind::{Kind, PerKind},
    options::Options,
    query::Query,
    settings,
    shape::Item,
    world::{Check, World},
};

/// How many bytes of finished pages are kept. What is over is put together from its items each time, which is a copy.
const PAGE_BUDGET: usize = 64 << 20;
/// How many filters' results are kept.
const LIST_BUDGET: usize = 4096;

/// The world, the options and everything derived from them.
#[derive(Debug)]
pub(super) struct State {
    world: Arc<World>,
    options: Options,
    index: Index,
    /// Each item's JSON, made when first served and dropped when the item changes.
    items: PerKind<Vec<Option<Item>>>,
    /// Positions by filter, dropped when anything changes.
    lists: HashMap<(Kind, Filter), Arc<[usize]>>,
    /// Finished pages, dropped when anything changes.
    pages: HashMap<PageKey, Bytes>,
    page_bytes: usize,
}

/// What the bytes of a page depend on, beside the world and the options.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PageKey {
    /// What links begin with.
    pub(super) base: String,
    pub(super) kind: Kind,
    /// The raw query.
    pub(super) query: String,
}

impl State {
    pub(super) fn new(world: World, options: Options) -> Self {
        let mut state = Self {
            world: Arc::new(world),
            options,
            index: Index::default(),
            items: PerKind::default(),
            lists: HashMap::new(),
            pages: HashMap::new(),
            page_bytes: 0,
        };
        state.start_over();
        state
    }

    pub(super) fn world(&self) -> Arc<World> {
        Arc::clone(&self.world)
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn view(&self) -> View<'_> {
        View { world: &self.world, index: &self.index, options: &self.options }
    }

    pub(super) fn edit(&mut self, change: impl FnOnce(&mut World)) {
        change(Arc::make_mut(&mut self.world));
        self.start_over();
    }

    pub(super) fn reconfigure(&mut self, change: impl FnOnce(&mut Options)) {
        change(&mut self.options);
        self.start_over();
    }

    /// Turns accepted risks whose last day is over into `needs_review` (section 10). Days are those of UTC; remark and
    /// end stay, so that people see what it was.
    pub(super) fn expire(&mut self, now: i64) {
        let Ok(now) = Timestamp::from_millisecond(now) else { return };
        let today = now.to_zoned(TimeZone::UTC).date().to_string();
        if self.index.first_expiry.as_ref().is_none_or(|end| *end >= today) {
            return;
        }
        let over = self.world.checks.iter().enumerate().filter(|(_, check)| check.has_expired(&today));
        let over: Vec<usize> = over.map(|(at, _)| at).collect();
        self.change_checks(&over, |check| check.status = Some("needs_review".into()));
    }

    /// Changes the checks at these positions, and nothing of them by which others refer to them.
    pub(super) fn change_checks(&mut self, positions: &[usize], change: impl Fn(&mut Check)) {
        let checks = &mut Arc::make_mut(&mut self.world).checks;
        for position in positions {
            if let Some(check) = checks.get_mut(*position) {
                change(check);
            }
            if let Some(item) = self.items.checks.get_mut(*position) {
                *item = None;
            }
        }
        self.index.first_expiry = first_expiry(&self.world);
        self.forget_pages();
    }

    /// The positions of what a listing holds, in the order of the world.
    pub(super) fn matching(&mut self, kind: Kind, query: &Query) -> Result<Arc<[usize]>, Refusal> {
        let view = self.view();
        let filter = if kind == Kind::Checks { Filter::parse(query, view)? } else { Filter::default() };
        let key = (kind, filter);
        if let Some(list) = self.lists.get(&key) {
            return Ok(Arc::clone(list));
        }
        let list: Arc<[usize]> = match kind {
            Kind::Checks => positions(&view.world.checks, |check| key.1.matches(check, view)),
            Kind::Scans => {
                positions(&view.world.scans, |scan| view.options.list_archived || !scan.is_archived)
            }
            Kind::ScanGroups | Kind::Resources | Kind::Rules | Kind::Standards => {
                (0..self.items.get(kind).len()).collect()
            }
        };
        if self.lists.len() >= LIST_BUDGET {
            self.lists.clear();
        }
        self.lists.insert(key, Arc::clone(&list));
        Ok(list)
    }

    /// Appends the items at these positions, separated by commas. `base` is what links begin with, escaped for JSON.
    pub(super) fn write_items(&mut self, kind: Kind, positions: &[usize], base: &str, out: &mut Vec<u8>) {
        let Self { world, options, index, items, .. } = self;
        let view = View { world, index, options };
        let items = items.get_mut(kind);
        for (n, position) in positions.iter().enumerate() {
            let Some(slot) = items.get_mut(*position) else { continue };
            if slot.is_none() {
                *slot = item(kind, *position, view);
            }
            let Some(item) = slot else { continue };
            if n > 0 {
                out.push(b',');
            }
            out.reserve(item.len() + base.len());
            item.write(base, out);
        }
    }

    pub(super) fn page(&self, key: &PageKey) -> Option<Bytes> {
        self.pages.get(key).cloned()
    }

    /// Keeps a finished page, if there is room.
    pub(super) fn keep_page(&mut self, key: PageKey, body: Bytes) {
        let size = self.page_bytes + body.len();
        if size <= PAGE_BUDGET {
            self.page_bytes = size;
            self.pages.insert(key, body);
        }
    }

    fn start_over(&mut self) {
        self.index = Index::of(&self.world);
        let none = |count| std::iter::repeat_with(|| None).take(count).collect();
        self.items = PerKind {
            scans: none(self.world.scans.len()),
            groups: none(self.world.groups.len()),
            checks: none(self.world.checks.len()),
            resources: none(self.world.resources.len()),
            rules: none(self.world.rules.len()),
            standards: none(self.world.standards.len()),
        };
        self.forget_pages();
    }

    fn forget_pages(&mut self) {
        self.lists.clear();
        self.pages.clear();
        self.page_bytes = 0;
    }
}

fn positions<T>(all: &[T], keep: impl Fn(&T) -> bool) -> Arc<[usize]> {
    all.iter().enumerate().filter(|(_, item)| keep(item)).map(|(at, _)| at).collect()
}

fn item(kind: Kind, at: usize, view: View<'_>) -> Option<Item> {
    let world = view.world;
    match kind {
        Kind::Scans => world.scans.get(at).map(|scan| settings::scan(scan, view)),
        Kind::ScanGroups => world.groups.get(at).map(|group| settings::group(group, view)),
        Kind::Checks => world.checks.get(at).map(|check| checks::check(check, view)),
        Kind::Resources => world.resources.get(at).map(|resource| catalogue::resource(resource, view)),
        Kind::Rules => world.rules.get(at).map(|rule| catalogue::rule(rule, view)),
        Kind::Standards => world.standards.get(at).map(|standard| catalogue::standard(standard, view)),
    }
}
