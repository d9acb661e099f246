//! What the simulator was asked, in the order in which it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use crate::fault::Fault;
use crate::matching::Match;
use crate::sync::lock;
use crate::wire::SimRequest;

/// How many requests are kept whole unless [`RequestLog::keep`] says otherwise.
const KEPT: usize = 20_000;

/// One request and what became of it.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// 1 for the first request of the simulator, and so on; a [`RequestLog::clear`] does not begin anew.
    pub number: u64,
    /// When its last byte had arrived, since the simulator was made, by tokio's clock.
    pub at: Duration,
    /// The request as it arrived.
    pub request: Arc<SimRequest>,
    /// The status that was answered; none while it is still being answered, and none if no answer began.
    pub status: Option<StatusCode>,
    /// When the simulator was done with it, by the same clock as `at`: answered, broken off or given up by the client.
    pub ended: Option<Duration>,
    /// The faults that were injected, in the order in which they were.
    pub faults: Vec<Fault>,
    /// Whether the throttle refused it.
    pub throttled: bool,
}

/// Every request as it arrived.
///
/// The first 20,000 are kept whole ([`RequestLog::keep`] sets another figure); of those after them only the counters
/// know.
#[derive(Debug)]
pub struct RequestLog {
    started: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    last_number: u64,
    count: u64,
    keep: usize,
    entries: Vec<LogEntry>,
    in_flight: usize,
    most_in_flight: usize,
}

impl RequestLog {
    pub(crate) fn new() -> Self {
        let state = State {
            last_number: 0,
            count: 0,
            keep: KEPT,
            entries: Vec::new(),
            in_flight: 0,
            most_in_flight: 0,
        };
        Self { started: Instant::now(), state: Mutex::new(state) }
    }

    /// How many requests there were, kept or not.
    pub fn count(&self) -> u64 {
        lock(&self.state).count
    }

    /// The kept requests, in the order of arrival.
    pub fn entries(&self) -> Vec<LogEntry> {
        lock(&self.state).entries.clone()
    }

    /// The kept requests that meet a condition, in the order of arrival.
    pub fn matching(&self, condition: &Match) -> Vec<LogEntry> {
        let state = lock(&self.state);
        state.entries.iter().filter(|entry| condition.matches(&entry.request)).cloned().collect()
    }

    /// How many requests are being answered now.
    ///
    /// A request counts from its last byte in until its answer's last bytes are handed over, so a client that waits
    /// for an answer before it sends the next request never counts twice.
    pub fn in_flight(&self) -> usize {
        lock(&self.state).in_flight
    }

    /// The highest [`RequestLog::in_flight`] that there was.
    pub fn most_in_flight(&self) -> usize {
        lock(&self.state).most_in_flight
    }

    /// Forgets what was logged and counted; what is in flight stays counted as such.
    pub fn clear(&self) {
        let mut state = lock(&self.state);
        state.entries.clear();
        state.count = 0;
        state.most_in_flight = state.in_flight;
    }

    /// Keeps at most so many requests whole from now on; 0 leaves the counters only, which is for benchmarks.
    pub fn keep(&self, at_most: usize) {
        let mut state = lock(&self.state);
        state.keep = at_most;
        state.entries.truncate(at_most);
        state.entries.shrink_to_fit();
    }

    /// Notes a request that has arrived.
    pub(crate) fn arrived(self: &Arc<Self>, request: &Arc<SimRequest>) -> LogTicket {
        let at = self.elapsed();
        let mut state = lock(&self.state);
        state.last_number += 1;
        state.count += 1;
        state.in_flight += 1;
        state.most_in_flight = state.most_in_flight.max(state.in_flight);
        let number = state.last_number;
        if state.entries.len() < state.keep {
            let request = Arc::clone(request);
            let (status, ended, faults, throttled) = (None, None, Vec::new(), false);
            state.entries.push(LogEntry { number, at, request, status, ended, faults, throttled });
        }
        LogTicket { log: Arc::clone(self), number, open: true }
    }

    fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(self.started)
    }
}

/// A request that is being answered; dropping it ends it.
#[derive(Debug)]
pub(crate) struct LogTicket {
    log: Arc<RequestLog>,
    number: u64,
    open: bool,
}

impl LogTicket {
    /// Notes something about the request, if it is one of those that are kept.
    pub(crate) fn note(&self, change: impl FnOnce(&mut LogEntry)) {
        let mut state = lock(&self.log.state);
        if let Ok(index) = state.entries.binary_search_by_key(&self.number, |entry| entry.number)
            && let Some(entry) = state.entries.get_mut(index)
        {
            change(entry);
        }
    }

    /// The request is no longer in flight.
    pub(crate) fn end(&mut self) {
        if !std::mem::replace(&mut self.open, false) {
            return;
        }
        lock(&self.log.state).in_flight -= 1;
        let ended = self.log.elapsed();
        self.note(|entry| entry.ended = Some(ended));
    }
}

impl Drop for LogTicket {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    use super::*;

    fn request(path: &str) -> Arc<SimRequest> {
        Arc::new(SimRequest {
            method: Method::GET,
            path: path.into(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn keeps_requests_in_order_with_their_times_and_ends() {
        let log = Arc::new(RequestLog::new());
        let first = log.arrived(&request("/a"));
        tokio::time::advance(Duration::from_secs(2)).await;
        let second = log.arrived(&request("/b"));
        second.note(|entry| entry.status = Some(StatusCode::OK));
        drop(second);
        assert_eq!((log.count(), log.in_flight(), log.most_in_flight()), (2, 1, 2));
        drop(first);

        let entries = log.entries();
        let seen: Vec<_> = entries.iter().map(|e| (e.number, e.at.as_secs(), e.status, e.ended)).collect();
        let two = Duration::from_secs(2);
        assert_eq!(seen, [(1, 0, None, Some(two)), (2, 2, Some(StatusCode::OK), Some(two))]);
        assert_eq!(log.in_flight(), 0);
        assert_eq!(log.matching(&Match::get("/b")).len(), 1);
    }

    #[test]
    fn beyond_the_bound_only_the_counters_know() {
        let log = Arc::new(RequestLog::new());
        log.keep(2);
        for _ in 0..5 {
            log.arrived(&request("/a")).note(|entry| entry.throttled = true);
        }
        assert_eq!((log.count(), log.entries().len(), log.most_in_flight()), (5, 2, 1));
        assert!(log.entries().iter().all(|entry| entry.throttled));
        log.keep(0);
        assert!(log.entries().is_empty());
    }

    #[test]
    fn clearing_forgets_all_but_what_is_in_flight() {
        let log = Arc::new(RequestLog::new());
        let open = log.arrived(&request("/a"));
        drop(log.arrived(&request("/b")));
        log.clear();
        assert_eq!((log.count(), log.in_flight(), log.most_in_flight()), (0, 1, 1));
        drop(log.arrived(&request("/c")));
        open.note(|entry| entry.status = Some(StatusCode::OK));
        let entries = log.entries();
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].number, entries[0].status), (3, None));
    }
}
