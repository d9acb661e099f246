//! A run over many connections: one stream, one report.

use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use cspm_core::{
    ConnectionReport, Error, ErrorKind, Landing, MeterReading, Origin, Page, Pages, Progress, Record, Result,
    RunReport, Saved, Scope, ScopeReport, SharedVendor, Timestamp,
};
use futures_core::Stream;
use futures_util::StreamExt;

/// Records of many connections as one stream, in the order they arrive. When it has ended, [`Run::finish`] has the
/// report: look at [`RunReport::complete`] before drawing conclusions from what is not there.
#[must_use = "nothing is read unless the stream is polled"]
pub struct Run<T: Record> {
    id: String,
    started: Timestamp,
    members: Vec<Runner<T>>,
    next: usize,
    named: Vec<String>,
    /// What is left of a batch that is taken record by record, and whose it is.
    ready: std::vec::IntoIter<T>,
    from: usize,
    refusal: Option<Error>,
}

struct Runner<T: Record> {
    vendor: SharedVendor,
    before: MeterReading,
    progress: Progress,
    pages: Option<Pages<'static, T>>,
    report: Option<ConnectionReport>,
}

/// What one answer of one connection brought.
#[derive(Clone, Debug)]
pub struct Batch<T> {
    /// The connection's name.
    pub connection: Arc<str>,
    /// Its records. May be empty where checkpoints are kept.
    pub items: Vec<T>,
    /// What to [commit](crate::checkpoint::Checkpoint::commit) once the records are safe; only of a run that keeps a
    /// checkpoint.
    pub landing: Option<Landing>,
}

/// A view of one connection's part in a run, for a display.
#[derive(Clone)]
pub struct Watch {
    vendor: SharedVendor,
    before: MeterReading,
    /// How far it is.
    pub progress: Progress,
}

impl Watch {
    /// The connection.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        self.vendor.origin()
    }

    /// What this run sent so far.
    #[must_use]
    pub fn sent(&self) -> MeterReading {
        self.vendor.meter().read().since(self.before)
    }
}

impl<T: Record> Run<T> {
    /// A run over no connection yet. `named` are the accounts that its query names.
    pub(crate) fn new(named: &[String]) -> Self {
        Self {
            id: random_id(),
            started: Timestamp::now(),
            members: Vec::new(),
            next: 0,
            named: named.to_vec(),
            ready: Vec::new().into_iter(),
            from: 0,
            refusal: None,
        }
    }

    /// The same run as an earlier process began.
    pub(crate) fn called(self, id: &str, started: Timestamp) -> Self {
        Self { id: id.to_owned(), started, ..self }
    }

    pub(crate) fn add(&mut self, vendor: SharedVendor, query: T::Query, saved: Option<Saved>) -> Result<()> {
        let before = vendor.meter().read();
        let pages = cspm_core::read_pages::<T>(vendor.clone(), query, saved)?;
        let progress = pages.progress();
        self.members.push(Runner { vendor, before, progress, pages: Some(pages), report: None });
        Ok(())
    }

    /// The next answer's records, in one piece; `None` when the run has ended. What is left of a batch that was taken
    /// record by record is not repeated.
    pub async fn next_batch(&mut self) -> Option<Batch<T>> {
        std::future::poll_fn(|context| self.poll_batch(context)).await
    }

    /// Why the run could not go on from its checkpoint: kind `config` if that belongs to something else, and whatever
    /// planning failed with. The run has ended then, and the checkpoint is still good.
    #[must_use]
    pub fn refusal(&self) -> Option<&Error> {
        self.refusal.as_ref()
    }

    /// When the run began: where it goes on from a checkpoint, in an earlier process.
    #[must_use]
    pub fn started(&self) -> Timestamp {
        self.started
    }

    /// The run's random name, as the report will have it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Views of how far each connection is.
    #[must_use]
    pub fn watch(&self) -> Vec<Watch> {
        let view = |member: &Runner<T>| Watch {
            vendor: member.vendor.clone(),
            before: member.before,
            progress: member.progress.clone(),
        };
        self.members.iter().map(view).collect()
    }

    /// Stops asking. What was read still comes out of the stream; the rest is reported as interrupted.
    pub fn interrupt(&mut self) {
        for pages in self.members.iter_mut().filter_map(|member| member.pages.as_mut()) {
            pages.interrupt();
        }
    }

    /// The report. If the stream has not ended yet, what is missing counts as interrupted.
    #[must_use]
    pub fn finish(self) -> RunReport {
        let named = self.named;
        let mut connections: Vec<ConnectionReport> = self
            .members
            .into_iter()
            .filter_map(|member| member.report.or_else(|| member.pages.map(Pages::into_report)))
            .collect();
        if let Some(connection) = connections.get_mut(self.from) {
            connection.forfeit(self.ready.len() as u64);
        }
        report_unknown_accounts(&named, &mut connections);
        RunReport {
            run_id: self.id,
            started: self.started,
            finished: Timestamp::now(),
            complete: connections.iter().all(|connection| connection.complete),
            connections,
        }
    }

    fn poll_batch(&mut self, context: &mut Context<'_>) -> Poll<Option<Batch<T>>> {
        let count = self.members.len();
        let mut is_pending = false;
        // In turn, so that a vendor that always has something does not keep the others waiting.
        for turn in 0..count {
            let index = (self.next + turn) % count;
            let Some(member) = self.members.get_mut(index) else { continue };
            let Some(pages) = &mut member.pages else { continue };
            match pages.poll_next_unpin(context) {
                Poll::Ready(Some(Page { items, landing })) => {
                    self.next = index + 1;
                    self.from = index;
                    let connection = member.vendor.origin().connection.clone();
                    return Poll::Ready(Some(Batch { connection, items, landing }));
                }
                Poll::Ready(None) => {
                    self.refusal = self.refusal.take().or_else(|| pages.refusal().cloned());
                    member.report = member.pages.take().map(Pages::into_report);
                }
                Poll::Pending => is_pending = true,
            }
        }
        if is_pending && self.refusal.is_none() { Poll::Pending } else { Poll::Ready(None) }
    }
}

/// Sixteen random letters.
pub(crate) fn random_id() -> String {
    format!("{:016x}", RandomState::new().hash_one(0))
}

/// An account that the query names and no connection has is asked for and not read: every connection says so. One that
/// some connection has is simply not the others'.
fn report_unknown_accounts(named: &[String], connections: &mut [ConnectionReport]) {
    for account in named {
        let unknown = |connection: &ConnectionReport| connection.unknown_accounts.contains(account);
        if connections.is_empty()
            || !connections.iter().all(|connection| connection.error.is_some() || unknown(connection))
        {
            continue;
        }
        for connection in connections.iter_mut().filter(|connection| connection.error.is_none()) {
            let shown = cspm_core::clean_text(account, 100);
            let message = format!("no account is called {shown}; `cspm accounts` lists those there are");
            connection.complete = false;
            connection.scopes.push(ScopeReport {
                scope: Scope::labelled("account", shown).labels,
                expected: None,
                received: 0,
                complete: false,
                error: Some(Error::new(ErrorKind::NotFound, message)),
            });
        }
    }
}

impl<T: Record> Stream for Run<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.ready.next() {
                return Poll::Ready(Some(item));
            }
            match ready!(this.poll_batch(context)) {
                Some(batch) => this.ready = batch.items.into_iter(),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T: Record> Unpin for Run<T> {}
