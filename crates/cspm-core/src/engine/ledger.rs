//! The bookkeeping: what was announced, what was seen, what is missing.
//!
//! A [`Piece`] is one scope under way. Pieces that come from dividing one scope form a [`Family`], whose parts have to
//! add up to what the whole announced. Every piece ends in exactly one [`ScopeReport`], or is replaced by its parts.

use std::collections::HashSet;

use super::distinct::{Keys, Seed};
use super::family::{Family, Sum};
use super::landing::{Answer, Seen};
use super::piece::{Job, Piece, Retry};
use super::progress::Snapshot;
use crate::{Error, Notice, Notices, Rejected, Scope, ScopeReport, Then, clean_text};

/// How often scopes may divide, one out of the other.
const DEPTH: u32 = 32;

/// What follows from an answer.
#[derive(Default)]
pub(super) struct Outcome {
    /// Which of the answer's records to hand on, by their place in it.
    pub(super) kept: Vec<usize>,
    /// Requests to make next, before older ones.
    pub(super) jobs: Vec<Job>,
    /// A request to make after everything else that waits.
    pub(super) last: Option<Job>,
    /// A cursor had expired, and its scope begins anew.
    pub(super) restarted: bool,
}

impl Outcome {
    fn of(jobs: Vec<Job>) -> Self {
        Self { jobs, ..Self::default() }
    }
}

pub(super) struct Ledger {
    keys: Keys,
    pieces: Vec<Piece>,
    /// The scopes of all pieces: a scope that several answers make known is read once.
    known: HashSet<u64>,
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
    pub(super) fn new(seed: Seed) -> Self {
        Self {
            keys: Keys::new(seed),
            pieces: Vec::new(),
            known: HashSet::new(),
            families: Vec::new(),
            reports: Vec::new(),
            notices: Notices::default(),
            duplicates: 0,
            rejected: 0,
            written: 0,
            received: 0,
            expected: 0,
            open: 0,
        }
    }

    /// What records are known by.
    pub(super) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Opens the pieces of a plan, each once, and returns their first requests.
    pub(super) fn begin(&mut self, scopes: Vec<Scope>) -> Vec<Job> {
        scopes.into_iter().filter_map(|scope| self.open(scope, None, 0)).collect()
    }

    /// Puts down a scope that cannot be read.
    pub(super) fn lost(&mut self, scope: Scope, error: Error) {
        self.reports.push(ScopeReport {
            scope: scope.labels,
            expected: None,
            received: 0,
            complete: false,
            error: Some(error),
        });
    }

    /// Puts down what was read while planning and is not complete.
    pub(super) fn take_over(&mut self, short: Vec<ScopeReport>, rejected: u64) {
        self.reports.extend(short);
        self.rejected += rejected;
    }

    /// The scope of a request that waits, if it is still to be made: its piece may have ended or begun anew since.
    pub(super) fn due(&self, job: &Job) -> Option<&Scope> {
        self.pieces.get(job.piece).filter(|piece| piece.wants(job)).map(|piece| &piece.scope)
    }

    /// Takes a request off the books that will not be made.
    pub(super) fn skip(&mut self, job: Job, why: Option<&Error>) -> Outcome {
        let Some(piece) = self.awaiting(&job) else { return Outcome::default() };
        piece.open = piece.open.saturating_sub(1);
        if let Some(error) = job.failed.or_else(|| why.cloned()) {
            piece.blame(error);
        }
        Outcome::of(self.close_if_read(job.piece))
    }

    /// Whether nothing of its piece has failed since something last went well.
    pub(super) fn is_first_failure(&self, job: &Job) -> bool {
        self.pieces.get(job.piece).is_some_and(|piece| piece.failures == 0)
    }

    /// Books a request that failed.
    pub(super) fn fail(&mut self, job: &Job, error: Error) -> Outcome {
        let Some(piece) = self.awaiting(job) else { return Outcome::default() };
        match piece.fail(job, error) {
            Retry::Now(again) => Outcome { restarted: true, ..Outcome::of(vec![again]) },
            Retry::Last(again) => Outcome { last: Some(again), ..Outcome::default() },
            Retry::Never => Outcome::of(self.close_if_read(job.piece)),
        }
    }

    /// Books that a scope began anew, as an earlier process did after [`fail`](Self::fail).
    pub(super) fn restart(&mut self, job: &Job) -> Outcome {
        let again = self.awaiting(job).map(|piece| piece.restart(job.piece));
        Outcome::of(again.into_iter().collect())
    }

    /// Books an answer.
    pub(super) fn accept(&mut self, job: &Job, answer: Answer) -> Outcome {
        for notice in answer.notices {
            self.notices.add(notice);
        }
        let Some(piece) = self.awaiting(job) else { return Outcome::default() };
        piece.open = piece.open.saturating_sub(1);
        piece.failures = 0;
        let (family, depth) = (piece.family, piece.depth);
        if let Some(figure) = answer.expected {
            let earlier = piece.expected().unwrap_or(0);
            piece.announce(figure);
            if family.is_none() {
                self.expected = self.expected.saturating_sub(earlier).saturating_add(figure);
            }
        }
        if self.pieces.get(job.piece).is_some_and(|piece| piece.is_recount) {
            return Outcome::of(self.close_if_read(job.piece));
        }
        if let Then::Split(mut parts) = answer.then {
            parts.extend(answer.more);
            return Outcome::of(self.split(job.piece, parts));
        }
        let (kept, fresh) = self.take(job.piece, &answer.records);
        let fresh = fresh + self.pass_over(job.piece, &answer.elsewhere);
        let sent = answer.records.len() + answer.elsewhere.len();
        self.reject(job.piece, answer.rejected);
        let next = match self.pieces.get_mut(job.piece) {
            Some(piece) => piece.follow(job, answer.then, fresh, sent, &self.keys),
            None => Vec::new(),
        };
        let more: Vec<Job> =
            answer.more.into_iter().filter_map(|scope| self.open(scope, family, depth)).collect();
        let mut jobs = self.close_if_read(job.piece);
        jobs.extend(next);
        jobs.extend(more);
        Outcome { kept, ..Outcome::of(jobs) }
    }

    /// Ends every piece that is still open.
    pub(super) fn abandon(&mut self, error: &Error) {
        for index in 0..self.pieces.len() {
            if let Some(piece) = self.pieces.get_mut(index).filter(|piece| !piece.closed) {
                piece.open = 0;
                piece.blame(error.clone());
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

    /// The piece of a request whose answer is still of interest.
    fn awaiting(&mut self, job: &Job) -> Option<&mut Piece> {
        self.pieces.get_mut(job.piece).filter(|piece| piece.awaits(job))
    }

    /// Opens a piece, unless its scope has one, and returns its first request.
    fn open(&mut self, scope: Scope, family: Option<usize>, depth: u32) -> Option<Job> {
        if !self.known.insert(self.key(&scope)) {
            return None;
        }
        if let Some(family) = family.and_then(|family| self.families.get_mut(family)) {
            family.open_parts += 1;
        }
        self.open += 1;
        Some(self.start(Piece::new(scope, family, depth)))
    }

    fn start(&mut self, mut piece: Piece) -> Job {
        let first = piece.begin(self.pieces.len());
        self.pieces.push(piece);
        first
    }

    fn key(&self, scope: &Scope) -> u64 {
        self.keys.of(&(&scope.labels, scope.plan.to_string()))
    }

    /// Sorts the records of a page: new and wanted ones are handed on. Returns their places, and how many were new to the
    /// pass.
    fn take(&mut self, piece: usize, records: &[Seen]) -> (Vec<usize>, usize) {
        let (mut kept, mut fresh) = (Vec::new(), 0);
        let Some(piece) = self.pieces.get_mut(piece) else { return (kept, fresh) };
        let mut family = piece.family.and_then(|family| self.families.get_mut(family));
        for (place, Seen { key, wanted }) in records.iter().copied().enumerate() {
            let known = piece.before.contains(key);
            if !piece.seen.insert(key) {
                piece.repeats += 1;
                // What a second pass brings twice was counted in the first.
                self.duplicates += u64::from(!known);
                continue;
            }
            fresh += 1;
            if known {
                continue;
            }
            piece.received += 1;
            piece.grown += 1;
            if let Some(family) = &mut family
                && !family.written.insert(key)
            {
                self.duplicates += 1;
                continue;
            }
            self.received += 1;
            if wanted {
                kept.push(place);
            }
        }
        self.written += kept.len() as u64;
        (kept, fresh)
    }

    /// Books records that another scope hands on; returns how many were new to the pass.
    fn pass_over(&mut self, piece: usize, records: &[Seen]) -> usize {
        let Some(piece) = self.pieces.get_mut(piece) else { return 0 };
        let mut fresh = 0;
        for Seen { key, .. } in records.iter().copied() {
            if !piece.seen.insert(key) {
                piece.repeats += 1;
                continue;
            }
            fresh += 1;
            if !piece.before.contains(key) {
                piece.received += 1;
                piece.grown += 1;
            }
        }
        fresh
    }

    fn reject(&mut self, piece: usize, rejected: Vec<Rejected>) {
        let Some(piece) = self.pieces.get_mut(piece) else { return };
        piece.rejected += rejected.len() as u64;
        for Rejected { name, reason } in rejected {
            let text = format!("record {} was rejected: {reason}", clean_text(&name, 200));
            self.notices.add(Notice::new(text));
        }
    }

    /// Replaces a piece by its parts.
    fn split(&mut self, whole: usize, parts: Vec<Scope>) -> Vec<Job> {
        let known = parts.iter().any(|part| self.known.contains(&self.key(part)));
        let Some(piece) = self.pieces.get_mut(whole) else { return Vec::new() };
        if known || piece.depth >= DEPTH {
            piece.give_up(Error::bug("the adapter divides scopes in circles or without end"));
            return self.close_if_read(whole);
        }
        if parts.is_empty() && piece.family.is_none() {
            // Nothing to divide: an empty listing, if that is what was announced.
            return self.close_if_read(whole);
        }
        let (depth, announced, inherited) = (piece.depth + 1, piece.expected(), piece.family);
        // What it brought before it turned out to be too large was handed on; its parts will bring that again.
        let mut written = std::mem::take(&mut piece.before);
        written.absorb(std::mem::take(&mut piece.seen));
        let scope = std::mem::take(&mut piece.scope);
        piece.closed = true;
        self.open -= 1;
        let family = inherited.unwrap_or_else(|| {
            self.families.push(Family::new(scope, announced, written));
            self.families.len() - 1
        });
        let mut jobs: Vec<Job> =
            parts.into_iter().filter_map(|part| self.open(part, Some(family), depth)).collect();
        if let (Some(_), Some(family)) = (inherited, self.families.get_mut(family)) {
            family.open_parts = family.open_parts.saturating_sub(1);
        }
        jobs.extend(self.settle(Some(family)));
        jobs
    }

    /// Ends a piece whose last page was read, or begins its second pass if the count does not come out.
    fn close_if_read(&mut self, index: usize) -> Vec<Job> {
        let Some(piece) = self.pieces.get_mut(index).filter(|piece| !piece.closed && piece.open == 0) else {
            return Vec::new();
        };
        let family = piece.family;
        if piece.is_recount {
            let figure = piece.expected();
            piece.close();
            if let (Some(figure), Some(family)) =
                (figure, family.and_then(|family| self.families.get_mut(family)))
            {
                let earlier = family.announced.replace(figure).unwrap_or(0);
                self.expected = self.expected.saturating_sub(earlier).saturating_add(figure);
            }
            return self.settle(family);
        }
        if piece.is_worth_another_pass() {
            return vec![piece.begin(index)];
        }
        self.rejected += piece.rejected;
        let report = piece.close();
        self.open -= 1;
        if let Some(family) = family.and_then(|family| self.families.get_mut(family)) {
            family.part_ended(&report);
        }
        self.reports.push(report);
        self.settle(family)
    }

    /// When the last part of a family has ended: do the parts add up to the whole?
    fn settle(&mut self, family: Option<usize>) -> Vec<Job> {
        let Some(parts) = family.and_then(|family| self.families.get_mut(family)) else { return Vec::new() };
        if parts.open_parts > 0 {
            return Vec::new();
        }
        match parts.sum() {
            Sum::Right => Vec::new(),
            Sum::Wrong(remainder) => {
                self.reports.push(remainder);
                Vec::new()
            }
            Sum::Recount(whole) => vec![self.start(Piece::recount(whole, family))],
        }
    }
}
