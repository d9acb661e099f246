//! How far a reading is, for a display that looks at it from elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A view of one connection's reading; cheap to clone, never blocks the reading.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    written: AtomicU64,
    received: AtomicU64,
    expected: AtomicU64,
    scopes: AtomicU64,
    scopes_done: AtomicU64,
    finished: AtomicBool,
}

/// What a [`Progress`] showed at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Records handed on.
    pub written: u64,
    /// Distinct records seen, unwanted ones included.
    pub received: u64,
    /// How many records the vendor announced so far.
    pub expected: u64,
    /// Scopes known.
    pub scopes: u64,
    /// Scopes ended, well or not.
    pub scopes_done: u64,
    /// Whether the reading has ended.
    pub finished: bool,
}

impl Progress {
    /// The figures now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            written: read(&self.0.written),
            received: read(&self.0.received),
            expected: read(&self.0.expected),
            scopes: read(&self.0.scopes),
            scopes_done: read(&self.0.scopes_done),
            finished: self.0.finished.load(Ordering::Relaxed),
        }
    }

    pub(super) fn show(&self, snapshot: Snapshot) {
        let write = |counter: &AtomicU64, value| counter.store(value, Ordering::Relaxed);
        write(&self.0.written, snapshot.written);
        write(&self.0.received, snapshot.received);
        write(&self.0.expected, snapshot.expected);
        write(&self.0.scopes, snapshot.scopes);
        write(&self.0.scopes_done, snapshot.scopes_done);
        self.0.finished.store(snapshot.finished, Ordering::Relaxed);
    }
}
