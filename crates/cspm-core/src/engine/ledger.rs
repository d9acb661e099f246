//! The bookkeeping: what was announced, what was seen, what is missing.
//!
//! A *piece* is one scope under way. Pieces that come from splitting one scope form a *family*, whose parts have to add
//! up to what the whole announced. Every piece ends in exactly one [`ScopeReport`].

use std::collections::HashSet;

use super::distinct::{Distinct, Keys};
use super::progress::Snapshot;
use crate::{Cursor, Error, ErrorKind, Notices, Owner, Record, Rejected, Scope, ScopeReport, Step, Then, clean_text};

/// Pages in a row that bring nothing new before a scope counts as going in circles.
const BARREN_PAGES: u32 = 3;
/// A page of at least this many records, all known already, is a circle by itself.
const REPEATED_PAGE: usize = 10;
/// Empty pages in a row before a listing counts as endless.
const EMPTY_PAGES: u32 = 1_000;
/// Failed pages of one scope after which the rest of its pages is not asked for.
const FAILED_PAGES: u32 = 3;
/// Passes over a scope whose count does not come out.
const PASSES: u8 = 2;

/// One request to make: a place in a piece.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) piece: usize,
    pub(super) at: Cursor,
    pass: u8,
}

/// What follows from an answer.
pub(super) struct Outcome<T> {
    /// Records to hand on.
    pub(super) items: Vec<T>,
    /// Requests to make next, before older ones.
    pub(super) jobs: Vec<Job>,
}

#[derive(Debug)]
pub(super) struct Piece {
    pub(super) scope: Scope,
    family: Option<usize>,
    expected: Option<u64>,
    /// The vendor changed its figure while the piece was read.
    shifted: bool,
    seen: Distinct,
    /// What earlier passes saw: handed on already, and no duplicates if seen again.
    before: Distinct,
    rejected: u64,
    open: usize,
    cursors: HashSet<u64>,
    barren: u32,
    empty: u32,
    failures: u32,
    pass: u8,
    restarted: bool,
    error: Option<Error>,
    closed: bool,
}

/// The parts of one scope that had to be split.
#[derive(Debug)]
struct Family {
    whole: Scope,
    announced: Option<u64>,
    /// What the parts announced themselves.
    accounted: u64,
    written: Distinct,
    open_parts: usize,
}

#[derive(Default)]
pub(super) struct Ledger {
    keys: Keys,
    pieces: Vec<Piece>,
    families: Vec<Family>,
    pub(super) reports: Vec<ScopeReport>,
    pub(super) notices: Notices,
    pub(super) duplicates: u64,
    pub(super) rejected: u64,
    pub(super) written: u64,
    received: u64,
    expected: u64,
    open: u64,
}

impl Ledger {
    /// Opens a piece and returns its first request.
    pub(super) fn open(&mut self, scope: Scope, family: Option<usize>) -> Job {
        if let Some(family) = family.and_then(|family| self.families.get_mut(family)) {
            family.open_parts += 1;
        }
        self.open += 1;
        let piece = self.pieces.len();
        self.pieces.push(Piece {
            scope,
            family,
            expected: None,
            shifted: false,
            seen: Distinct::default(),
            before: Distinct::default(),
            rejected: 0,
            open: 1,
            cursors: HashSet::new(),
            barren: 0,
            empty: 0,
            failures: 0,
            pass: 1,
            restarted: false,
            error: None,
            closed: false,
        });
        Job { piece, at: Cursor::Start, pass: 1 }
    }

    /// Puts down a piece that could not even be planned.
    pub(super) fn lost(&mut self, scope: Scope, error: Error) {
        self.reports.push(ScopeReport {
            scope: scope.labels,
            expected: None,
            received: 0,
            complete: false,
            error: Some(error),
        });
    }

    pub(super) fn scope_of(&self, job: &Job) -> Option<&Scope> {
        self.pieces.get(job.piece).map(|piece| &piece.scope)
    }

    /// Whether a request that waits is still wanted: its piece may have ended or begun anew since.
    pub(super) fn is_due(&self, job: &Job) -> bool {
        self.pieces
            .get(job.piece)
            .is_some_and(|piece| !piece.closed && piece.pass == job.pass && piece.failures < FAILED_PAGES)
    }

    /// Takes a request off the books that will not be made.
    pub(super) fn skip<T: Record>(&mut self, job: &Job, why: Option<&Error>) -> Outcome<T> {
        let Some(piece) = self.pieces.get_mut(job.piece).filter(|piece| piece.pass == job.pass) else {
            return Outcome { items: Vec::new(), jobs: Vec::new() };
        };
        piece.open = piece.open.saturating_sub(1);
        if let Some(error) = why {
            piece.error.get_or_insert_with(|| error.clone());
        }
        Outcome { items: Vec::new(), jobs: self.close_if_read(job.piece) }
    }

    /// Whether this would be the first failure of its piece.
    pub(super) fn is_first_failure(&self, job: &Job) -> bool {
        self.pieces.get(job.piece).is_some_and(|piece| piece.failures == 0)
    }

    /// Books a request that failed for good.
    pub(super) fn fail<T: Record>(&mut self, job: &Job, error: Error) -> Outcome<T> {
        let nothing = Outcome { items: Vec::new(), jobs: Vec::new() };
        let Some(piece) = self.pieces.get_mut(job.piece).filter(|piece| piece.pass == job.pass) else {
            return nothing;
        };
        // A cursor that the vendor no longer knows: begin again, once.
        let expired = matches!(job.at, Cursor::Token(_)) && matches!(error.status(), Some(400 | 410));
        if expired && !piece.restarted {
            piece.restarted = true;
            return Outcome { items: Vec::new(), jobs: vec![piece.begin_again(job.piece)] };
        }
        piece.open = piece.open.saturating_sub(1);
        piece.failures += 1;
        piece.error.get_or_insert(error);
        Outcome { items: Vec::new(), jobs: self.close_if_read(job.piece) }
    }

    /// Books an answer.
    pub(super) fn accept<T: Record>(&mut self, job: &Job, step: Step<T>, query: &T::Query) -> Outcome<T> {
        for notice in step.notices {
            self.notices.add(notice);
        }
        let Some(piece) = self.pieces.get_mut(job.piece).filter(|piece| piece.pass == job.pass) else {
            return Outcome { items: Vec::new(), jobs: Vec::new() };
        };
        piece.open = piece.open.saturating_sub(1);
        if let Then::Split(parts) = step.then {
            return Outcome { items: Vec::new(), jobs: self.split(job.piece, step.expected, parts, step.more) };
        }
        if let Some(expected) = step.expected {
            match piece.expected.replace(expected) {
                None if piece.family.is_none() && piece.pass == 1 => self.expected += expected,
                None => {}
                Some(earlier) => piece.shifted |= earlier != expected,
            }
        }
        let family = piece.family;
        let (items, fresh, sent) = self.take(job.piece, step.items, query);
        self.reject(job.piece, step.rejected);
        let mut jobs = self.follow(job, step.then, fresh, sent);
        jobs.extend(step.more.into_iter().map(|scope| self.open(scope, family)));
        let mut closing = self.close_if_read(job.piece);
        closing.append(&mut jobs);
        Outcome { items, jobs: closing }
    }

    /// Sorts the records of a page: new and wanted ones are handed on. Returns them, how many were new to the piece,
    /// and how many there were.
    fn take<T: Record>(&mut self, piece: usize, items: Vec<T>, query: &T::Query) -> (Vec<T>, usize, usize) {
        let sent = items.len();
        let mut fresh = 0;
        let Some(piece) = self.pieces.get_mut(piece) else { return (Vec::new(), 0, sent) };
        let mut family = piece.family.and_then(|family| self.families.get_mut(family));
        let mut kept = items;
        kept.retain(|item| {
            let key = self.keys.of(item.identity());
            if !piece.seen.insert(key) {
                self.duplicates += 1;
                return false;
            }
            fresh += 1;
            if piece.before.contains(key) {
                return false;
            }
            if let Some(family) = &mut family
                && !family.written.insert(key)
            {
                self.duplicates += 1;
                return false;
            }
            self.received += 1;
            let wanted = item.is_wanted(query);
            if wanted {
                item.remark(query, &mut self.notices);
            }
            wanted
        });
        self.written += kept.len() as u64;
        (kept, fresh, sent)
    }

    fn reject(&mut self, piece: usize, rejected: Vec<Rejected>) {
        let Some(piece) = self.pieces.get_mut(piece) else { return };
        piece.rejected += rejected.len() as u64;
        if piece.pass == 1 {
            self.rejected += rejected.len() as u64;
            for Rejected { name, reason } in rejected {
                let text = format!("record {} was rejected: {reason}", clean_text(&name, 200));
                self.notices.add(crate::Notice(text));
            }
        }
    }

    /// The next requests of a piece, unless it goes in circles.
    fn follow(&mut self, job: &Job, then: Then, fresh: usize, sent: usize) -> Vec<Job> {
        let Some(piece) = self.pieces.get_mut(job.piece) else { return Vec::new() };
        (piece.barren, piece.empty) = match (fresh, sent) {
            (0, 0) => (piece.barren, piece.empty + 1),
            (0, _) => (piece.barren + 1, 0),
            _ => (0, 0),
        };
        let circling = if fresh == 0 && (sent >= REPEATED_PAGE || piece.barren >= BARREN_PAGES) {
            Some("a page brought only records that were there before; the vendor seems to ignore the page asked for")
        } else if piece.empty >= EMPTY_PAGES {
            Some("the listing does not end: a thousand empty pages in a row")
        } else if piece.expected.is_some_and(|expected| piece.seen.len() > expected.saturating_mul(2) + 10_000) {
            Some("the listing does not end: more than twice the announced number of records")
        } else {
            None
        };
        if let Some(reason) = circling {
            piece.give_up(Error::new(ErrorKind::Protocol, reason));
            return Vec::new();
        }
        let next = match then {
            Then::Done | Then::Split(_) => Vec::new(),
            Then::Fan(cursors) => cursors,
            Then::Next(cursor) => {
                if cursor == job.at || !piece.cursors.insert(self.keys.of(&format!("{cursor:?}"))) {
                    piece.give_up(Error::new(ErrorKind::Protocol, "the vendor repeated a cursor"));
                    return Vec::new();
                }
                vec![cursor]
            }
        };
        piece.open += next.len();
        let pass = piece.pass;
        next.into_iter().map(|at| Job { piece: job.piece, at, pass }).collect()
    }

    /// Replaces a piece by its parts.
    fn split(&mut self, whole: usize, announced: Option<u64>, parts: Vec<Scope>, more: Vec<Scope>) -> Vec<Job> {
        let Some(piece) = self.pieces.get_mut(whole) else { return Vec::new() };
        piece.closed = true;
        self.open -= 1;
        let inherited = piece.family;
        let family = inherited.unwrap_or_else(|| {
            self.families.push(Family {
                whole: piece.scope.clone(),
                announced,
                accounted: 0,
                written: Distinct::default(),
                open_parts: 0,
            });
            self.expected += announced.unwrap_or(0);
            self.families.len() - 1
        });
        let jobs = parts.into_iter().chain(more).map(|scope| self.open(scope, Some(family))).collect();
        if inherited.is_some() {
            self.part_ended(family, 0);
        }
        self.settle(family);
        jobs
    }

    /// Ends a piece whose last page was read, or begins its second pass if the count does not come out.
    fn close_if_read(&mut self, index: usize) -> Vec<Job> {
        let Some(piece) = self.pieces.get_mut(index).filter(|piece| !piece.closed && piece.open == 0) else {
            return Vec::new();
        };
        let received = piece.seen.len();
        let explained = |count: u64| count == received + piece.rejected && !piece.shifted;
        if piece.error.is_none() && !piece.expected.is_none_or(explained) && piece.pass < PASSES {
            return vec![piece.begin_again(index)];
        }
        let error = piece.error.take().or_else(|| piece.verdict());
        let report = ScopeReport {
            scope: std::mem::take(&mut piece.scope.labels),
            expected: piece.expected,
            received,
            complete: error.is_none(),
            error,
        };
        piece.closed = true;
        self.open -= 1;
        piece.seen = Distinct::default();
        piece.before = Distinct::default();
        piece.cursors = HashSet::new();
        let (family, accounted) = (piece.family, piece.expected.unwrap_or(received));
        self.reports.push(report);
        if let Some(family) = family {
            self.part_ended(family, accounted);
            self.settle(family);
        }
        Vec::new()
    }

    fn part_ended(&mut self, family: usize, accounted: u64) {
        if let Some(family) = self.families.get_mut(family) {
            family.open_parts = family.open_parts.saturating_sub(1);
            family.accounted += accounted;
        }
    }

    /// When the last part of a family has ended: do the parts add up to the whole?
    fn settle(&mut self, family: usize) {
        let Some(family) = self.families.get_mut(family).filter(|family| family.open_parts == 0) else { return };
        let seen = std::mem::take(&mut family.written).len();
        let Some(announced) = family.announced else { return };
        // What parts announced and did not deliver is in their own reports; here is what no part accounts for.
        let accounted = family.accounted;
        if seen == announced || (accounted == announced && seen < announced) {
            return;
        }
        let missing = announced.saturating_sub(accounted);
        let message = format!("the parts add up to {accounted} records, and {announced} were announced for the whole");
        let labels = std::mem::take(&mut family.whole).with_label("part", "remainder").labels;
        self.reports.push(ScopeReport {
            scope: labels,
            expected: Some(missing),
            received: 0,
            complete: false,
            error: Some(Error::new(ErrorKind::Protocol, message)),
        });
    }

    /// Ends every piece that is still open.
    pub(super) fn abandon(&mut self, error: &Error) {
        for index in 0..self.pieces.len() {
            if let Some(piece) = self.pieces.get_mut(index).filter(|piece| !piece.closed) {
                piece.open = 0;
                piece.error.get_or_insert_with(|| error.clone());
                self.close_if_read(index);
            }
        }
    }

    /// The figures for a display.
    pub(super) fn snapshot(&self, finished: bool) -> Snapshot {
        let scopes_done = self.reports.len() as u64;
        Snapshot {
            written: self.written,
            received: self.received,
            expected: self.expected,
            scopes: self.open + scopes_done,
            scopes_done,
            finished,
        }
    }
}

impl Piece {
    fn begin_again(&mut self, index: usize) -> Job {
        let seen = std::mem::take(&mut self.seen);
        self.before.absorb(seen);
        self.cursors.clear();
        self.expected = None;
        self.shifted = false;
        self.rejected = 0;
        self.barren = 0;
        self.empty = 0;
        self.open = 1;
        self.pass += 1;
        Job { piece: index, at: Cursor::Start, pass: self.pass }
    }

    /// Nothing more is asked for this piece.
    fn give_up(&mut self, error: Error) {
        self.error.get_or_insert(error);
        self.failures = FAILED_PAGES;
    }

    /// What is wrong with a piece that was read to its end, if anything.
    fn verdict(&self) -> Option<Error> {
        if self.rejected > 0 {
            let message = format!("{} records could not be understood", self.rejected);
            return Some(Error::new(ErrorKind::Protocol, message).with_owner(Owner::Tool));
        }
        let received = self.seen.len();
        match self.expected {
            Some(expected) if expected != received => Some(Error::new(
                ErrorKind::Protocol,
                format!("the vendor announced {expected} records and delivered {received}, twice over"),
            )),
            Some(_) if self.shifted => {
                Some(Error::new(ErrorKind::Protocol, "the listing kept changing while it was read").temporary())
            }
            _ => None,
        }
    }
}
