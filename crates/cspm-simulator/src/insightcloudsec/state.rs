//! Everything that changes while the simulator runs, and the answers kept until it does.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::auth::Sessions;
use super::counters::Counters;
use super::index::Index;
use super::options::Options;
use super::select::{Selection, Wanted};
use super::world::{SourcedId, World};

/// Prepared answers are dropped together when they exceed this many bytes.
const CACHED_BYTES: usize = 64 << 20;

/// What identifies an answer of a read endpoint: organization, path, query and body, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct AnswerKey {
    pub(super) organization: i64,
    pub(super) endpoint: &'static str,
    pub(super) query: String,
    pub(super) body: Bytes,
}

/// Answers and selections, right until the world changes or the clock leaves their span.
#[derive(Debug, Default)]
struct Cache {
    answers: HashMap<AnswerKey, (Range<i64>, Bytes)>,
    bytes: usize,
    selections: HashMap<(i64, Wanted), Arc<Selection>>,
}

/// The state machine's state.
#[derive(Debug)]
pub(super) struct State {
    pub(super) world: World,
    pub(super) options: Options,
    pub(super) index: Index,
    pub(super) sessions: Mutex<Sessions>,
    /// Cursors of an earlier epoch have expired.
    pub(super) cursor_epoch: u32,
    counters: Mutex<HashMap<(i64, SourcedId), Arc<Counters>>>,
    cache: Mutex<Cache>,
}

impl State {
    pub(super) fn new(world: World, options: Options) -> Self {
        Self {
            index: Index::build(&world),
            sessions: Mutex::new(Sessions::new(options.seed)),
            world,
            options,
            cursor_epoch: 0,
            counters: Mutex::default(),
            cache: Mutex::default(),
        }
    }

    /// After a change of clouds, resources or insights.
    pub(super) fn reindex(&mut self) {
        self.index = Index::build(&self.world);
        self.forget_answers();
    }

    /// After any change that answers may show. Counters stay: the vendor's are cached too.
    pub(super) fn forget_answers(&mut self) {
        *self.cache.get_mut().unwrap_or_else(PoisonError::into_inner) = Cache::default();
    }

    /// The sessions.
    pub(super) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        lock(&self.sessions)
    }

    /// A prepared answer, if it is still right.
    pub(super) fn cached(&self, key: &AnswerKey, now: i64) -> Option<Bytes> {
        let cache = lock(&self.cache);
        cache.answers.get(key).filter(|(span, _)| span.contains(&now)).map(|(_, body)| body.clone())
    }

    /// Keeps an answer that is right within `span`.
    pub(super) fn keep(&self, key: AnswerKey, span: Range<i64>, body: Bytes) {
        let mut cache = lock(&self.cache);
        if cache.bytes.saturating_add(body.len()) > CACHED_BYTES {
            cache.answers.clear();
            cache.bytes = 0;
        }
        cache.bytes += body.len();
        cache.answers.insert(key, (span, body));
    }

    /// What a query matches, computed once until it changes.
    pub(super) fn selection(&self, organization: i64, wanted: &Wanted, now: i64) -> Arc<Selection> {
        let key = (organization, wanted.clone());
        if let Some(found) = lock(&self.cache).selections.get(&key)
            && found.span.contains(&now)
        {
            return Arc::clone(found);
        }
        let made = Arc::new(Selection::of(self, organization, wanted, now));
        lock(&self.cache).selections.insert(key, Arc::clone(&made));
        made
    }

    /// The cached counters of an insight, computed at their first use.
    pub(super) fn counters(&self, organization: i64, insight: SourcedId, now: i64) -> Arc<Counters> {
        let mut counters = lock(&self.counters);
        let entry = counters.entry((organization, insight));
        Arc::clone(entry.or_insert_with(|| Arc::new(Counters::count(self, organization, insight, now))))
    }

    /// Drops counters, so that they are computed anew: of one insight, or all.
    pub(super) fn forget_counters(&mut self, insight: Option<SourcedId>) {
        let counters = self.counters.get_mut().unwrap_or_else(PoisonError::into_inner);
        counters.retain(|(_, of), _| insight.is_some_and(|insight| insight != *of));
        self.forget_answers();
    }
}

/// A lock whose holder panicked is taken over: the state is replaced whole, never left half written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
