//! Many connections as one: one question, one stream, one report.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::Pin;
use std::task::{Context, Poll};

use cspm_core::{
    Account, AccountQuery, ConnectionReport, Error, ErrorKind, Finding, FindingQuery, MeterReading, Origin,
    PolicyEntry, PolicyQuery, Progress, Reading, Record, Result, Rule, RuleQuery, RunReport, Scope,
    ScopeReport, SharedVendor, Timestamp,
};
use futures_core::Stream;
use futures_util::StreamExt;

use crate::config::Configuration;

/// Several connections, of any vendors, asked as one.
#[derive(Clone, Default)]
pub struct Fleet {
    members: Vec<Member>,
}

#[derive(Clone)]
struct Member {
    vendor: SharedVendor,
    confined_to: Vec<String>,
}

impl Fleet {
    /// No connection yet; see [`with`](Self::with).
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a connection: one that [`connect`](crate::connect) made, or an adapter of your own.
    #[must_use]
    pub fn with(mut self, vendor: SharedVendor) -> Self {
        self.members.push(Member { vendor, confined_to: Vec::new() });
        self
    }

    /// Makes every connection of a configuration. Nothing is sent yet.
    ///
    /// # Errors
    /// Kind `config`, one for each connection that cannot be made.
    pub fn connect(configuration: &Configuration) -> std::result::Result<Self, Vec<Error>> {
        let mut fleet = Self::new();
        let mut errors = Vec::new();
        for connection in &configuration.connections {
            match crate::connect(connection) {
                Ok(vendor) => {
                    fleet.members.push(Member { vendor, confined_to: connection.accounts.clone() });
                }
                Err(error) => {
                    let message = format!("connection {}: {}", connection.name, error.message());
                    errors.push(error.with_message(message));
                }
            }
        }
        if errors.is_empty() { Ok(fleet) } else { Err(errors) }
    }

    /// The connections.
    pub fn vendors(&self) -> impl Iterator<Item = &SharedVendor> {
        self.members.iter().map(|member| &member.vendor)
    }

    /// Reads findings of every connection, side by side.
    ///
    /// # Errors
    /// Kind `unsupported` if some vendor cannot answer such a question; nothing was sent then.
    pub fn findings(&self, query: &FindingQuery) -> Result<Run<Finding>> {
        self.run(&query.accounts, |member| FindingQuery {
            confined_to: member.confined_to.clone(),
            ..query.clone()
        })
    }

    /// Lists the cloud accounts of every connection.
    ///
    /// # Errors
    /// As [`findings`](Self::findings).
    pub fn accounts(&self) -> Result<Run<Account>> {
        self.run(&[], |member| AccountQuery { confined_to: member.confined_to.clone() })
    }

    /// Lists the rules of every connection.
    ///
    /// # Errors
    /// As [`findings`](Self::findings).
    pub fn rules(&self) -> Result<Run<Rule>> {
        self.run(&[], |_| RuleQuery)
    }

    /// Lists the policies of every connection.
    ///
    /// # Errors
    /// As [`findings`](Self::findings).
    pub fn policies(&self) -> Result<Run<PolicyEntry>> {
        self.run(&[], |_| PolicyQuery)
    }

    fn run<T: Record>(&self, named: &[String], query: impl Fn(&Member) -> T::Query) -> Result<Run<T>> {
        let mut members = Vec::new();
        for member in &self.members {
            let query = query(member);
            T::check(&query, member.vendor.capabilities())?;
            let reading = cspm_core::read::<T>(member.vendor.clone(), query)?;
            members.push(Runner {
                vendor: member.vendor.clone(),
                before: member.vendor.meter().read(),
                progress: reading.progress(),
                reading: Some(reading),
                report: None,
            });
        }
        let id = format!("{:016x}", RandomState::new().build_hasher().finish());
        Ok(Run { id, started: Timestamp::now(), members, next: 0, named: named.to_vec() })
    }
}

/// Records of many connections as one stream, in the order they arrive. When it has ended, [`Run::finish`] has the
/// report: look at [`RunReport::complete`] before drawing conclusions from what is not there.
#[must_use = "nothing is read unless the stream is polled"]
pub struct Run<T: Record> {
    id: String,
    started: Timestamp,
    members: Vec<Runner<T>>,
    next: usize,
    named: Vec<String>,
}

struct Runner<T: Record> {
    vendor: SharedVendor,
    before: MeterReading,
    progress: Progress,
    reading: Option<Reading<'static, T>>,
    report: Option<ConnectionReport>,
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
        for reading in self.members.iter_mut().filter_map(|member| member.reading.as_mut()) {
            reading.interrupt();
        }
    }

    /// The report. If the stream has not ended yet, what is missing counts as interrupted.
    #[must_use]
    pub fn finish(self) -> RunReport {
        let named = self.named;
        let mut connections: Vec<ConnectionReport> = self
            .members
            .into_iter()
            .filter_map(|member| member.report.or_else(|| member.reading.map(Reading::into_report)))
            .collect();
        report_unknown_accounts(&named, &mut connections);
        RunReport {
            run_id: self.id,
            started: self.started,
            finished: Timestamp::now(),
            complete: connections.iter().all(|connection| connection.complete),
            connections,
        }
    }
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
        let count = this.members.len();
        let mut is_pending = false;
        // In turn, so that a vendor that always has something does not keep the others waiting.
        for turn in 0..count {
            let index = (this.next + turn) % count;
            let Some(member) = this.members.get_mut(index) else { continue };
            let Some(reading) = &mut member.reading else { continue };
            match reading.poll_next_unpin(context) {
                Poll::Ready(Some(item)) => {
                    this.next = index + 1;
                    return Poll::Ready(Some(item));
                }
                Poll::Ready(None) => member.report = member.reading.take().map(Reading::into_report),
                Poll::Pending => is_pending = true,
            }
        }
        if is_pending { Poll::Pending } else { Poll::Ready(None) }
    }
}

impl<T: Record> Unpin for Run<T> {}
