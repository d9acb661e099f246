//! A reading page by page: asks for steps, books what they bring, and hands each page on with what it did to the books.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use super::distinct::Seed;
use super::landing::{Answer, Event, Landing, Lost, Place, Planned};
use super::ledger::{Ledger, Outcome};
use super::piece::Job;
use super::progress::Progress;
use crate::{
    ConnectionReport, Error, ErrorKind, MeterReading, Notices, Origin, Owner, Plan, Record, Result,
    SharedVendor, Source, Step,
};

/// Scopes that may fail in a row, without a success in between, before the connection counts as down.
const FAILURES_IN_A_ROW: u32 = 5;

/// What one answer brought.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Its records, as far as they are wanted and new. May be empty where landings are kept.
    pub items: Vec<T>,
    /// What to keep once the records are safe, so that another process can go on from here. Only where the reading was
    /// begun with [`Saved`].
    pub landing: Option<Landing>,
}

/// What an earlier process kept of a reading: landings in the order in which pages came, from the first on without a
/// gap. None for a reading that begins.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The seed of the whole run.
    pub seed: Seed,
    /// What was kept.
    pub landings: Vec<Landing>,
}

/// A reading under way, page by page; over when everything was read or given up, and then it has a report.
///
/// Dropping it cancels what is in flight.
#[must_use = "nothing is read unless the stream is polled"]
pub struct Pages<'a, T: Record> {
    door: Door<'a, T>,
    query: Arc<T::Query>,
    width: usize,
    planning: Option<BoxFuture<'a, Result<Plan>>>,
    waiting: VecDeque<Job>,
    in_flight: FuturesUnordered<BoxFuture<'a, (Job, Result<Step<T>>)>>,
    ledger: Ledger,
    misfortunes: u32,
    down: Option<Error>,
    progress: Progress,
    report: ConnectionReport,
    before: MeterReading,
    finished: bool,
    /// Whether pages come with their landings.
    keeps: bool,
    /// How the work was divided by the process that began the reading.
    begun: Option<Planned>,
    /// What earlier processes sent.
    earlier: MeterReading,
    refusal: Option<Error>,
}

/// Through which a reading reaches its source: a shared connection, or a source borrowed from an adapter that loads a
/// catalogue.
pub(super) enum Door<'a, T: Record> {
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

    fn sent(&self) -> MeterReading {
        match self {
            Self::Shared(vendor) => vendor.meter().read(),
            Self::Borrowed(_) => MeterReading::default(),
        }
    }
}

impl<'a, T: Record> Pages<'a, T> {
    pub(super) fn new(door: Door<'a, T>, query: T::Query, width: usize, seed: Seed) -> Self {
        let query = Arc::new(query);
        let planning = {
            let (door, query) = (door.clone(), query.clone());
            AssertUnwindSafe(async move { door.source().plan(&query).await })
                .catch_unwind()
                .map(|planned| planned.unwrap_or_else(|_| Err(panicked())))
                .boxed()
        };
        let origin = match &door {
            Door::Shared(vendor) => vendor.origin().clone(),
            Door::Borrowed(_) => Origin::new("", ""),
        };
        Self {
            before: door.sent(),
            door,
            query,
            width: width.max(1),
            planning: Some(planning),
            waiting: VecDeque::new(),
            in_flight: FuturesUnordered::new(),
            ledger: Ledger::new(seed),
            misfortunes: 0,
            down: None,
            progress: Progress::default(),
            report: ConnectionReport::new(&origin),
            finished: false,
            keeps: false,
            begun: None,
            earlier: MeterReading::default(),
            refusal: None,
        }
    }

    /// Keeps landings, and begins where those of an earlier process end.
    pub(super) fn resumed(mut self, landings: Vec<Landing>) -> Result<Self> {
        self.keeps = true;
        for Landing { event, sent } in landings {
            self.replay(event).ok_or_else(|| {
                unfit("its entries do not follow from one another; it was not written by this version")
            })?;
            self.earlier = sent;
        }
        self.progress.show(self.ledger.snapshot(false));
        Ok(self)
    }

    /// A view of how far it is, for a display.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Why it could not go on from where an earlier process was: kind `config` if what was saved belongs to something
    /// else, and whatever planning failed with. It has ended then, and what was saved is still good.
    #[must_use]
    pub fn refusal(&self) -> Option<&Error> {
        self.refusal.as_ref()
    }

    /// Stops asking and cancels what is in flight. What was read stays read; everything else is reported as
    /// interrupted.
    pub fn interrupt(&mut self) {
        let error = Error::new(ErrorKind::Timeout, "interrupted before it was read to the end")
            .with_owner(Owner::Customer);
        if self.planning.take().is_some() {
            self.report.error = Some(error.clone());
        }
        self.waiting.clear();
        self.in_flight = FuturesUnordered::new();
        self.ledger.abandon(&error);
    }

    /// The report: final once the stream has ended, and before that as if it were interrupted now.
    #[must_use]
    pub fn into_report(mut self) -> ConnectionReport {
        if !self.finished {
            self.interrupt();
            self.finish();
        }
        self.report
    }

    fn page(&self, items: Vec<T>, event: Option<Event>) -> Option<Page<T>> {
        let sent = || self.door.sent().since(self.before).after(self.earlier);
        let landing = event.map(|event| Landing { event, sent: sent() });
        (landing.is_some() || !items.is_empty()).then_some(Page { items, landing })
    }

    fn planned(&mut self, plan: Result<Plan>) -> Option<Page<T>> {
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                self.report.error = Some(error.clone());
                if self.begun.is_some() {
                    self.refuse(error);
                }
                return None;
            }
        };
        if self.is_of_a_run() {
            tracing::info!(connection = %self.report.name, scopes = plan.scopes.len(), "the work is planned");
        }
        let event = match self.begun.take() {
            Some(begun) => {
                if let Some(difference) = begun.difference(&plan) {
                    self.refuse(unfit(&difference));
                    return None;
                }
                // What it lacked when it began, it may still lack.
                let known = |lost: &Lost| {
                    plan.failed.iter().any(|(scope, _)| scope.labels == lost.scope.labels)
                        || plan.short.iter().any(|report| report.scope == lost.scope.labels)
                };
                for lost in begun.failed.into_iter().filter(|lost| !known(lost)) {
                    self.ledger.lost(lost.scope, lost.error);
                }
                None
            }
            None => {
                let planned = self.keeps.then(|| Event::Planned(Planned::of(&plan)));
                self.waiting = self.ledger.begin(plan.scopes).into();
                planned
            }
        };
        plan.failed.into_iter().for_each(|(scope, error)| self.ledger.lost(scope, error));
        self.ledger.take_over(plan.short, plan.rejected);
        for notice in plan.notices {
            self.ledger.notices.add(notice);
        }
        self.report.unknown_accounts = plan.unknown_accounts;
        self.page(Vec::new(), event)
    }

    fn refuse(&mut self, error: Error) {
        self.waiting.clear();
        self.ledger.abandon(&error);
        self.report.error = Some(error.clone());
        self.refusal = Some(error);
    }

    /// Books again what an earlier process booked; `None` if it cannot have.
    fn replay(&mut self, event: Event) -> Option<()> {
        let outcome = match event {
            Event::Planned(planned) => {
                if self.begun.is_some() {
                    return None;
                }
                self.waiting = self.ledger.begin(planned.scopes.clone()).into();
                self.begun = Some(planned);
                return Some(());
            }
            Event::Answered { at, answer, remarks } => {
                let job = self.take_waiting(&at)?;
                self.ledger.notices.absorb(remarks);
                self.ledger.accept(&job, answer)
            }
            Event::Restarted { at } => {
                let job = self.take_waiting(&at)?;
                self.ledger.restart(&job)
            }
        };
        self.follow(outcome.jobs, outcome.last);
        Some(())
    }

    fn take_waiting(&mut self, at: &Place) -> Option<Job> {
        let index = self.waiting.iter().position(|job| at.is_of(job))?;
        self.waiting.remove(index)
    }

    fn launch(&mut self) {
        while self.in_flight.len() < self.width {
            let Some(job) = self.waiting.pop_front() else { return };
            let Some(scope) = self.ledger.due(&job).cloned() else {
                let Outcome { jobs, last, .. } = self.ledger.skip(job, None);
                self.follow(jobs, last);
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

    fn land(&mut self, job: &Job, step: Result<Step<T>>) -> Option<Page<T>> {
        let (items, event) = match step {
            Ok(step) => self.accept(job, step),
            Err(error) => {
                tracing::info!(connection = %self.report.name, error = %error, "a step failed");
                self.heed(&error, self.ledger.is_first_failure(job));
                let Outcome { jobs, last, restarted, .. } = self.ledger.fail(job, error);
                self.follow(jobs, last);
                let event = (restarted && self.keeps).then(|| Event::Restarted { at: Place::of(job) });
                (Vec::new(), event)
            }
        };
        if let Some(error) = &self.down {
            let error = error.clone().with_hint("the remaining scopes were not tried");
            self.give_up(&error);
        }
        self.page(items, event)
    }

    fn accept(&mut self, job: &Job, step: Step<T>) -> (Vec<T>, Option<Event>) {
        self.misfortunes = 0;
        let (items, answer) = Answer::of(step, self.ledger.keys(), &self.query);
        let kept_answer = self.keeps.then(|| answer.clone());
        let Outcome { kept, jobs, last, .. } = self.ledger.accept(job, answer);
        let items = only(items, &kept);
        let mut remarks = Notices::default();
        items.iter().for_each(|item| item.remark(&self.query, &mut remarks));
        let event = kept_answer.map(|answer| Event::Answered {
            at: Place::of(job),
            answer,
            remarks: remarks.clone(),
        });
        self.ledger.notices.absorb(remarks);
        self.follow(jobs, last);
        (items, event)
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
            let Outcome { jobs, last, .. } = self.ledger.skip(job, Some(error));
            self.follow(jobs, last);
        }
    }

    /// Puts down the requests that follow from an answer. New ones go before older ones, so that scopes begun are ended
    /// first and few are open at a time; second chances come last, when whatever was wrong had the most time to pass.
    fn follow(&mut self, jobs: Vec<Job>, last: Option<Job>) {
        for job in jobs.into_iter().rev() {
            self.waiting.push_front(job);
        }
        self.waiting.extend(last);
    }

    fn finish(&mut self) {
        self.finished = true;
        self.progress.show(self.ledger.snapshot(true));
        let ledger = std::mem::replace(&mut self.ledger, Ledger::new(Seed::random()));
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
        let sent = self.door.sent().since(self.before).after(self.earlier);
        (report.requests, report.retries, report.throttled) = (sent.requests, sent.retries, sent.throttled);
        if self.is_of_a_run() {
            let report = &self.report;
            tracing::info!(connection = %report.name, complete = report.complete, "the connection ended");
        }
    }

    /// Not where an adapter gathers what its own work needs: that is of no connection's name.
    fn is_of_a_run(&self) -> bool {
        !self.report.name.is_empty()
    }
}

impl<T: Record> Stream for Pages<'_, T> {
    type Item = Page<T>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Page<T>>> {
        let this = self.get_mut();
        loop {
            if this.finished {
                return Poll::Ready(None);
            }
            let page = if let Some(planning) = &mut this.planning {
                let plan = ready!(planning.poll_unpin(context));
                this.planning = None;
                this.planned(plan)
            } else {
                this.launch();
                this.progress.show(this.ledger.snapshot(false));
                match ready!(this.in_flight.poll_next_unpin(context)) {
                    Some((job, step)) => this.land(&job, step),
                    None if this.waiting.is_empty() => {
                        this.finish();
                        None
                    }
                    None => None,
                }
            };
            if page.is_some() {
                return Poll::Ready(page);
            }
        }
    }
}

impl<T: Record> Unpin for Pages<'_, T> {}

/// The items at these places, which are in order.
fn only<T>(items: Vec<T>, places: &[usize]) -> Vec<T> {
    if places.len() == items.len() {
        return items;
    }
    let mut places = places.iter().copied().peekable();
    let kept = items.into_iter().enumerate().filter(|(place, _)| places.next_if_eq(place).is_some());
    kept.map(|(_, item)| item).collect()
}

fn unfit(reason: &str) -> Error {
    Error::new(ErrorKind::Config, format!("the checkpoint does not fit: {reason}"))
}

fn panicked() -> Error {
    Error::bug("the adapter failed in a way that is a mistake of this program; please report it")
}
