//! One scope under way: what was asked of it, what was announced, what was seen.

use std::collections::HashSet;

use super::distinct::{Distinct, Keys};
use crate::{Cursor, Error, ErrorKind, Owner, Scope, ScopeReport, Then};

/// Pages that bring nothing new before a scope counts as going in circles.
const BARREN_PAGES: u32 = 3;
/// A page of at least this many records, all known already, is a circle by itself.
const REPEATED_PAGE: usize = 10;
/// Empty pages in a row before a listing counts as endless.
const EMPTY_PAGES: u32 = 1_000;
/// Requests of one scope that may fail in a row before the rest of it is not asked for.
const FAILED_REQUESTS: u32 = 5;
/// Passes over a scope whose count does not come out.
const PASSES: u8 = 2;

/// One request to make: a place in a piece.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) piece: usize,
    pub(super) at: Cursor,
    /// Why it failed the first time, if this is its second chance.
    pub(super) failed: Option<Error>,
    pub(super) pass: u8,
}

/// A scope under way.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) scope: Scope,
    /// Whose part it is.
    pub(super) family: Option<usize>,
    /// Only asks for a family's figure again.
    pub(super) is_recount: bool,
    /// How often scopes were divided until this one came out.
    pub(super) depth: u32,
    /// Requests waiting or in flight.
    pub(super) open: usize,
    /// Ended: in the report, or replaced by its parts.
    pub(super) closed: bool,
    /// Nothing more is asked for.
    stopped: bool,
    error: Option<Error>,
    /// Failed requests in a row.
    pub(super) failures: u32,
    pass: u8,
    restarted: bool,
    /// Cursors asked for in this pass.
    asked: HashSet<u64>,
    /// Records seen in this pass.
    pub(super) seen: Distinct,
    /// What earlier passes saw: handed on already, and no duplicates if seen again.
    pub(super) before: Distinct,
    /// Distinct records over all passes.
    pub(super) received: u64,
    /// Records not understood in this pass.
    pub(super) rejected: u64,
    /// Records that came twice in this pass.
    pub(super) repeats: u64,
    /// Records of this pass that no earlier one had.
    pub(super) grown: u64,
    /// The vendor's latest figure, and whether it came in this pass.
    expected: Option<u64>,
    announced: bool,
    /// The figure changed in this pass; at any time.
    shifted: bool,
    moved: bool,
    barren: u32,
    empty: u32,
}

impl Piece {
    pub(super) fn new(scope: Scope, family: Option<usize>, depth: u32) -> Self {
        Self {
            scope,
            family,
            is_recount: false,
            depth,
            open: 0,
            closed: false,
            stopped: false,
            error: None,
            failures: 0,
            pass: 0,
            restarted: false,
            asked: HashSet::new(),
            seen: Distinct::default(),
            before: Distinct::default(),
            received: 0,
            rejected: 0,
            repeats: 0,
            grown: 0,
            expected: None,
            announced: false,
            shifted: false,
            moved: false,
            barren: 0,
            empty: 0,
        }
    }

    /// Not to be read, only asked for its figure.
    pub(super) fn recount(whole: Scope, family: Option<usize>) -> Self {
        Self { is_recount: true, ..Self::new(whole, family, 0) }
    }

    /// Begins a pass, forgetting what belongs to the one before: its first request.
    pub(super) fn begin(&mut self, index: usize) -> Job {
        self.before.absorb(std::mem::take(&mut self.seen));
        self.asked.clear();
        self.error = None;
        (self.rejected, self.repeats, self.grown) = (0, 0, 0);
        (self.announced, self.shifted) = (false, false);
        (self.failures, self.barren, self.empty) = (0, 0, 0);
        self.open = 1;
        self.pass += 1;
        Job { piece: index, at: Cursor::Start, failed: None, pass: self.pass }
    }

    /// Begins anew because a cursor has expired; only once.
    pub(super) fn restart(&mut self, index: usize) -> Job {
        self.restarted = true;
        self.begin(index)
    }

    /// Whether a request belongs to the pass under way.
    pub(super) fn awaits(&self, job: &Job) -> bool {
        !self.closed && self.pass == job.pass
    }

    /// Whether a request that waits is still to be made.
    pub(super) fn wants(&self, job: &Job) -> bool {
        self.awaits(job) && !self.stopped
    }

    pub(super) fn expected(&self) -> Option<u64> {
        self.expected
    }

    pub(super) fn announce(&mut self, figure: u64) {
        let changed = self.expected.is_some_and(|earlier| earlier != figure);
        self.moved |= changed;
        self.shifted |= changed && self.announced;
        self.announced = true;
        self.expected = Some(figure);
    }

    /// Nothing more is asked for.
    pub(super) fn give_up(&mut self, error: Error) {
        self.blame(error);
        self.stopped = true;
    }

    /// It is not complete. The first reason stands.
    pub(super) fn blame(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    /// Books a failed request: either another request follows from it, or it has failed for good.
    pub(super) fn fail(&mut self, job: &Job, error: Error) -> Retry {
        // A cursor that the vendor no longer knows: begin again, once.
        let expired = matches!(job.at, Cursor::Token(_)) && matches!(error.status(), Some(400 | 410));
        if expired && !self.restarted && !self.stopped {
            return Retry::Now(self.restart(job.piece));
        }
        self.failures += 1;
        self.stopped |= self.failures >= FAILED_REQUESTS;
        if error.is_temporary() && job.failed.is_none() && !self.stopped {
            return Retry::Last(Job { failed: Some(error), ..job.clone() });
        }
        self.open = self.open.saturating_sub(1);
        // A second failure without an answer says less than a first one that had one.
        let telling = job.failed.clone().filter(|first| first.status().is_some() && error.status().is_none());
        self.blame(telling.unwrap_or(error));
        Retry::Never
    }

    /// The next requests after a page that brought `sent` records, `fresh` of them new; nobody will make them if the
    /// vendor goes in circles.
    pub(super) fn follow(
        &mut self,
        job: &Job,
        then: Then,
        fresh: usize,
        sent: usize,
        keys: &Keys,
    ) -> Vec<Job> {
        (self.barren, self.empty) = match (fresh, sent) {
            (0, 0) => (self.barren, self.empty + 1),
            (0, _) => (self.barren + 1, 0),
            _ => (0, 0),
        };
        let next = match then {
            Then::Done | Then::Split(_) => Vec::new(),
            Then::Stop(error) => {
                self.give_up(error);
                Vec::new()
            }
            Then::Fan(cursors) => cursors,
            Then::Next(cursor) => vec![cursor],
        };
        self.asked.insert(keys.of(&job.at));
        let circling = if fresh == 0 && (sent >= REPEATED_PAGE || self.barren >= BARREN_PAGES) {
            Some(
                "a page brought only records that were there before; the vendor seems to ignore the page asked for",
            )
        } else if self.empty >= EMPTY_PAGES {
            Some("the listing does not end: a thousand empty pages in a row")
        } else if self
            .expected
            .is_some_and(|expected| self.seen.len() > expected.saturating_mul(2).saturating_add(10_000))
        {
            Some("the listing does not end: more than twice the announced number of records")
        } else if !next.iter().all(|cursor| self.asked.insert(keys.of(cursor))) {
            Some("the vendor repeated a cursor")
        } else {
            None
        };
        if let Some(reason) = circling {
            self.give_up(Error::new(ErrorKind::Protocol, reason));
        }
        self.open += next.len();
        let (piece, pass) = (job.piece, self.pass);
        next.into_iter().map(|at| Job { piece, at, failed: None, pass }).collect()
    }

    /// Whether it was read to its end, and a second pass could make the count come out.
    pub(super) fn is_worth_another_pass(&self) -> bool {
        self.error.is_none() && !self.adds_up() && self.pass < PASSES
    }

    /// Whether every record that was announced is accounted for: in this pass, or, if the figure stood still all the
    /// time, in all passes together (a listing without a fixed order can miss another record each time).
    ///
    /// Without a figure, records that came twice are a sign that the listing moved while it was read, and that others may
    /// have been missed: a pass without repeats, or one that found nothing new, shows that none were.
    fn adds_up(&self) -> bool {
        match self.expected {
            None => self.repeats == 0 || (self.pass > 1 && self.grown == 0),
            Some(expected) => {
                (expected == self.seen.len() + self.rejected && !self.shifted)
                    || (expected == self.received && !self.moved)
            }
        }
    }

    /// Ends the piece. What it held is freed: the run goes on.
    pub(super) fn close(&mut self) -> ScopeReport {
        self.closed = true;
        let error = self.error.take().or_else(|| self.verdict());
        let seen = std::mem::take(&mut self.seen).len();
        self.before = Distinct::default();
        self.asked = HashSet::new();
        let received = if self.expected == Some(seen) { seen } else { self.received };
        let labels = std::mem::take(&mut self.scope).labels;
        ScopeReport { scope: labels, expected: self.expected, received, complete: error.is_none(), error }
    }

    /// What is wrong with a piece that was read to its end, if anything.
    fn verdict(&self) -> Option<Error> {
        if self.adds_up() {
            return (self.rejected > 0).then(|| {
                let message = format!("{} records could not be understood", self.rejected);
                Error::new(ErrorKind::Protocol, message).with_owner(Owner::Tool)
            });
        }
        let seen = self.seen.len();
        let message = match self.expected {
            Some(expected) if expected != seen => {
                format!("the vendor announced {expected} records and delivered {seen}, also when asked again")
            }
            _ => "the listing kept changing while it was read".to_owned(),
        };
        let error = Error::new(ErrorKind::Protocol, message);
        Some(if self.moved { error.temporary() } else { error })
    }
}

/// What follows from a failed request.
pub(super) enum Retry {
    /// A request in its place.
    Now(Job),
    /// The same request, after everything else that waits.
    Last(Job),
    /// Nothing: it has failed.
    Never,
}
