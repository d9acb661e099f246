//! The engine: steps through a source, keeps the books, and ends every run as complete or as exactly how it is not.
//!
//! One engine reads findings, accounts and rules of every vendor. It keeps a bounded number of steps in flight, hands
//! records on one by one as the reader asks for them (a reader that pauses stops the requests), and never lets one
//! scope's failure stop another. What it promises and how:
//!
//! * *Each record once.* Records are known again by their vendor id; what comes twice is counted and handed on once.
//! * *No silent gap.* Where a vendor announces a number, as many distinct records must have been seen; if not, the
//!   scope is read a second time, and if the count still does not come out, the report says so. Parts of a split scope
//!   must add up to the whole; if they do not, the whole is asked for its figure again, and what no part accounts for
//!   becomes an entry of its own in the report, labelled `part: remainder`.
//! * *A second chance.* A request that failed for a reason that may pass is made once more, after everything else.
//! * *No loop.* A repeated cursor, a page that brings nothing new, an endless listing end their scope with an error.
//! * *No storm.* When several scopes in a row fail without any success, or the credential is refused, the connection
//!   counts as down and the remaining scopes are reported without being tried.

mod distinct;
mod family;
mod ledger;
mod piece;
mod progress;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use self::ledger::{Ledger, Outcome};
use self::piece::Job;
pub use self::progress::{Progress, Snapshot};
use crate::{
    ConnectionReport, Error, ErrorKind, MeterReading, Notice, Origin, Owner, Plan, Record, Result,
    ScopeReport, SharedVendor, Source, Step,
};

/// Scopes that may fail in a row, without a success in between, before the connection counts as down.
const FAILURES_IN_A_ROW: u32 = 5;

/// Reads everything a query asks for from one connection.
///
/// # Errors
/// Kind `unsupported` if the vendor cannot answer such a question; nothing was sent then.
pub fn read<T: Record>(vendor: SharedVendor, query: T::Query) -> Result<Reading<'static, T>> {
    T::check(&query, vendor.capabilities())?;
    let before = vendor.meter().read();
    let (origin, width) = (vendor.origin().clone(), vendor.side_by_side());
    let mut reading = Reading::new(Door::Shared(vendor), query, width);
    reading.report = ConnectionReport::new(&origin);
    reading.before = before;
    Ok(reading)
}

/// Reads a whole listing into memory: for catalogues that the records of a run are joined with.
pub async fn gather<T: Record>(source: &dyn Source<T>, query: T::Query) -> Gathered<T> {
    let mut reading = Reading::new(Door::Borrowed(source), query, 4);
    let mut items = Vec::new();
    while let Some(item) = reading.next().await {
        items.push(item);
    }
    let report = reading.into_report();
    let notices = report.notices.into_iter().map(Notice).collect();
    Gathered {
        items,
        duplicates: report.duplicates,
        scopes: report.scopes,
        error: report.error,
        rejected: report.rejected,
        notices,
    }
}

/// What [`gather`] found.
#[derive(Clone, Debug)]
pub struct Gathered<T> {
    /// The records.
    pub items: Vec<T>,
    /// Records that the vendor sent more than once; each is there once.
    pub duplicates: u64,
    /// What was read, and what was not.
    pub scopes: Vec<ScopeReport>,
    /// Why nothing could be read, if so.
    pub error: Option<Error>,
    /// Records that could not be understood; a notice names each.
    pub rejected: u64,
    /// Warnings.
    pub notices: Vec<Notice>,
}

impl<T> Gathered<T> {
    /// The first thing that went wrong, if anything did.
    #[must_use]
    pub fn shortfall(&self) -> Option<&Error> {
        self.error.as_ref().or_else(|| self.scopes.iter().find_map(|scope| scope.error.as_ref()))
    }
}

/// A reading under way: a stream of records that is over when everything was read or given up, and then has a report.
///
/// Dropping it cancels what is in flight.
#[must_use = "nothing is read unless the stream is polled"]
pub struct Reading<'a, T: Record> {
    door: Door<'a, T>,
    query: Arc<T::Query>,
    width: usize,
    planning: Option<BoxFuture<'a, Result<Plan>>>,
    waiting: VecDeque<Job>,
    in_flight: FuturesUnordered<BoxFuture<'a, (Job, Result<Step<T>>)>>,
    ready: std::vec::IntoIter<T>,
    ledger: Ledger,
    misfortunes: u32,
    down: Option<Error>,
    progress: Progress,
    report: ConnectionReport,
    before: MeterReading,
    finished: bool,
}

/// Through which a reading reaches its source: a shared connection, or a source borrowed from an adapter that loads a
/// catalogue.
enum Door<'a, T: Record> {
    Shared(SharedVendor),
    Borrowed(&'a dyn Source<T>),
}

impl<T: Record> Clone for Door<'_, T> {
    fn clone(&self) -> Self {
        match self {
            Self::Shared(vendor) => Self::Shared(vendor.clone()),
            Self::Borrowed(source) => Self::Borrowed(*source),
        }
    }
}

impl<T: Record> Door<'_, T> {
    fn source(&self) -> &dyn Source<T> {
        match self {
            Self::Shared(vendor) => T::source(&**vendor),
            Self::Borrowed(source) => *source,
        }
    }
}

impl<'a, T: Record> Reading<'a, T> {
    fn new(door: Door<'a, T>, query: T::Query, width: usize) -> Self {
        let query = Arc::new(query);
        let planning = {
            let (door, query) = (door.clone(), query.clone());
            AssertUnwindSafe(async move { door.source().plan(&query).await })
                .catch_unwind()
                .map(|planned| planned.unwrap_or_else(|_| Err(panicked())))
                .boxed()
        };
        Self {
            door,
            query,
            width: width.max(1),
            planning: Some(planning),
            waiting: VecDeque::new(),
            in_flight: FuturesUnordered::new(),
            ready: Vec::new().into_iter(),
            ledger: Ledger::default(),
            misfortunes: 0,
            down: None,
            progress: Progress::default(),
            report: ConnectionReport::new(&Origin::new("", "")),
            before: MeterReading::default(),
            finished: false,
        }
    }

    /// A view of how far it is, for a display.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Stops asking and cancels what is in flight. What was read stays read, and still comes out of the stream;
    /// everything else is reported as interrupted.
    pub fn interrupt(&mut self) {
        let error = interrupted("interrupted before it was read to the end");
        if self.planning.take().is_some() {
            self.report.error = Some(error.clone());
        }
        self.waiting.clear();
        self.in_flight = FuturesUnordered::new();
        self.ledger.abandon(&error);
    }

    /// The report: final once the stream has ended, and before that as if it were interrupted now. Records that were
    /// read and not yet taken from the stream are lost then, and the report says so.
    #[must_use]
    pub fn into_report(mut self) -> ConnectionReport {
        if !self.finished {
            self.interrupt();
            self.finish();
            let lost = self.ready.len();
            if lost > 0 {
                let error =
                    interrupted(&format!("interrupted before {lost} records that were read were taken"));
                self.report.findings = self.report.findings.saturating_sub(lost as u64);
                self.report.complete = false;
                self.report.error.get_or_insert(error);
            }
        }
        self.report
    }

    fn launch(&mut self) {
        while self.in_flight.len() < self.width {
            let Some(job) = self.waiting.pop_front() else { return };
            let Some(scope) = self.ledger.due(&job).cloned() else {
                let outcome = self.ledger.skip(job, None);
                self.take(outcome);
                continue;
            };
            let (door, query) = (self.door.clone(), self.query.clone());
            self.in_flight.push(Box::pin(async move {
                let step = async { door.source().step(&query, &scope, &job.at).await };
                let step = AssertUnwindSafe(step).catch_unwind().await;
                (job, step.unwrap_or_else(|_| Err(panicked())))
            }));
        }
    }

    fn land(&mut self, job: &Job, step: Result<Step<T>>) {
        let outcome = match step {
            Ok(step) => {
                self.misfortunes = 0;
                self.ledger.accept(job, step, &self.query)
            }
            Err(error) => {
                tracing::debug!(connection = %self.report.name, error = %error, "a step failed");
                self.heed(&error, self.ledger.is_first_failure(job));
                self.ledger.fail(job, error)
            }
        };
        self.take(outcome);
        if let Some(error) = &self.down {
            let error = error.clone().with_hint("the remaining scopes were not tried");
            self.give_up(&error);
        }
    }

    /// Decides whether a failure means that the whole connection is down.
    fn heed(&mut self, error: &Error, first_of_its_scope: bool) {
        let outage = matches!(
            error.kind(),
            ErrorKind::Network | ErrorKind::Timeout | ErrorKind::Server | ErrorKind::Throttled
        );
        self.misfortunes += u32::from(outage && first_of_its_scope);
        if error.kind() == ErrorKind::Authentication || self.misfortunes >= FAILURES_IN_A_ROW {
            self.down.get_or_insert_with(|| error.clone());
        }
    }

    /// The connection is down: what waits is not tried. What is in flight may still arrive.
    fn give_up(&mut self, error: &Error) {
        while let Some(job) = self.waiting.pop_front() {
            let outcome = self.ledger.skip(job, Some(error));
            self.take(outcome);
        }
    }

    /// Takes what follows from an answer. New requests go before older ones, so that scopes begun are ended first and
    /// few are open at a time; second chances come last, when whatever was wrong had the most time to pass.
    fn take(&mut self, outcome: Outcome<T>) {
        if !outcome.items.is_empty() {
            self.ready = outcome.items.into_iter();
        }
        for job in outcome.jobs.into_iter().rev() {
            self.waiting.push_front(job);
        }
        self.waiting.extend(outcome.last);
    }

    fn finish(&mut self) {
        self.finished = true;
        self.progress.show(self.ledger.snapshot(true));
        let ledger = std::mem::take(&mut self.ledger);
        let report = &mut self.report;
        report.findings = ledger.written;
        report.duplicates = ledger.duplicates;
        report.rejected = ledger.rejected;
        report.notices = ledger.notices.lines();
        report.scopes = ledger.reports;
        report.complete = report.error.is_none() && report.scopes.iter().all(|scope| scope.complete);
        if report.error.is_none() && report.failed_as_a_whole() {
            report.error = self.down.take();
        }
        if let Door::Shared(vendor) = &self.door {
            let sent = vendor.meter().read().since(self.before);
            (report.requests, report.retries, report.throttled) =
                (sent.requests, sent.retries, sent.throttled);
        }
    }
}

impl<T: Record> Stream for Reading<'_, T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.ready.next() {
                return Poll::Ready(Some(item));
            }
            if this.finished {
                return Poll::Ready(None);
            }
            if let Some(planning) = &mut this.planning {
                match std::task::ready!(planning.poll_unpin(context)) {
                    Err(error) => this.report.error = Some(error),
                    Ok(plan) => {
                        plan.failed.into_iter().for_each(|(scope, error)| this.ledger.lost(scope, error));
                        this.ledger.take_over(plan.short, plan.rejected);
                        for notice in plan.notices {
                            this.ledger.notices.add(notice);
                        }
                        this.report.unknown_accounts = plan.unknown_accounts;
                        this.waiting = this.ledger.begin(plan.scopes).into();
                    }
                }
                this.planning = None;
            }
            this.launch();
            this.progress.show(this.ledger.snapshot(false));
            match std::task::ready!(this.in_flight.poll_next_unpin(context)) {
                Some((job, step)) => this.land(&job, step),
                None if this.waiting.is_empty() => this.finish(),
                None => {}
            }
        }
    }
}

impl<T: Record> Unpin for Reading<'_, T> {}

fn interrupted(message: &str) -> Error {
    Error::new(ErrorKind::Timeout, message).with_owner(Owner::Customer)
}

fn panicked() -> Error {
    Error::bug("the adapter failed in a way that is a mistake of this program; please report it")
}
