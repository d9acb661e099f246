//! The whole of pagination: scopes, cursors, and what a step says comes next.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Error, Gathered, Notice, Result, ScopeReport, error};

/// One piece of work that a vendor counts or ends on its own: an account, a slice of an account, an insight and
/// resource type, a whole listing. A plain value: it can be stored, and a run resumed from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// What the report shows: `{"account": "Qx7kP2mNz"}`.
    pub labels: BTreeMap<String, String>,
    /// What the adapter needs to know to read it; nobody else looks inside.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub plan: Value,
}

impl Scope {
    /// A scope with one label.
    pub fn labelled(name: &str, value: impl Into<String>) -> Self {
        Self { labels: BTreeMap::from([(name.to_owned(), value.into())]), plan: Value::Null }
    }

    /// Adds a label.
    #[must_use]
    pub fn with_label(mut self, name: &str, value: impl Into<String>) -> Self {
        self.labels.insert(name.to_owned(), value.into());
        self
    }

    /// Stores what the adapter needs to read this scope.
    ///
    /// # Errors
    /// If the value does not serialise: a bug of the adapter.
    pub fn with_plan(mut self, plan: &impl Serialize) -> Result<Self> {
        self.plan =
            serde_json::to_value(plan).map_err(|_| Error::bug("a scope's plan does not serialise"))?;
        Ok(self)
    }

    /// Reads what [`Scope::with_plan`] stored.
    ///
    /// # Errors
    /// If it is something else: a scope of another version or vendor.
    pub fn plan<P: DeserializeOwned>(&self) -> Result<P> {
        P::deserialize(&self.plan).map_err(|_| Error::bug("a scope's plan is not this adapter's"))
    }
}

/// Where in a scope the next request begins. A plain value, like [`Scope`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cursor {
    /// At the beginning.
    Start,
    /// A page by number, in the vendor's own counting.
    Page(u64),
    /// After so many records.
    Offset(u64),
    /// The vendor's opaque cursor or next link. A link is stored as path and query: a cursor never carries a host.
    Token(String),
}

/// What one request brought.
#[derive(Clone, Debug)]
pub struct Step<T> {
    /// Records, in the vendor's order. Ignored when `then` is [`Then::Split`]: the parts will bring them.
    pub items: Vec<T>,
    /// Records of this answer that another scope hands on: an account's checks in the answer about another account. They
    /// are seen, so that the vendor's figure comes out, and go no further.
    pub elsewhere: Vec<T>,
    /// Records that could not be understood. One of them makes the scope incomplete.
    pub rejected: Vec<Rejected>,
    /// How many records the vendor says the whole scope has, where it says so.
    pub expected: Option<u64>,
    /// What comes next in this scope.
    pub then: Then,
    /// Further scopes that this answer made known; they belong to the same whole as this one.
    pub more: Vec<Scope>,
    /// Things worth a warning, each said once a run.
    pub notices: Vec<Notice>,
}

impl<T> Step<T> {
    /// A last page with these records.
    #[must_use]
    pub fn done(items: Vec<T>) -> Self {
        Self::with(items, Then::Done)
    }

    /// A page with these records, and what comes next.
    #[must_use]
    pub fn with(items: Vec<T>, then: Then) -> Self {
        Self {
            items,
            elsewhere: Vec::new(),
            rejected: Vec::new(),
            expected: None,
            then,
            more: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// Adds the vendor's figure for the whole scope.
    #[must_use]
    pub fn expecting(mut self, expected: Option<u64>) -> Self {
        self.expected = expected;
        self
    }

    /// Leaves records to the scopes that hand them on, with a warning if there are any.
    #[must_use]
    pub fn leaving(mut self, to_others: impl Fn(&T) -> bool, warning: &'static str) -> Self {
        if self.items.iter().any(&to_others) {
            let (others, own): (Vec<T>, Vec<T>) = self.items.into_iter().partition(to_others);
            self.items = own;
            self.elsewhere.extend(others);
            self.notices.push(Notice::new(warning));
        }
        self
    }

    /// The same step about records of another kind.
    #[must_use]
    pub fn map<U>(self, mut of: impl FnMut(T) -> U) -> Step<U> {
        Step {
            items: self.items.into_iter().map(&mut of).collect(),
            elsewhere: self.elsewhere.into_iter().map(of).collect(),
            rejected: self.rejected,
            expected: self.expected,
            then: self.then,
            more: self.more,
            notices: self.notices,
        }
    }
}

/// What comes after a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Nothing: this was the last page of its chain. A scope is read when all its chains are.
    Done,
    /// One more page.
    Next(Cursor),
    /// Several pages that can be read side by side.
    Fan(Vec<Cursor>),
    /// The scope is more than the vendor lets anyone page through; these parts (and what they in turn bring as
    /// [`Step::more`]) together make up the whole, which the engine checks against `expected`.
    Split(Vec<Scope>),
    /// Nothing, although there is more: the records of this page stand, and the scope ends incomplete with this error. For
    /// a next link that must not be followed, say.
    Stop(#[serde(with = "error::whole")] Error),
}

/// A record that could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Its id if that much could be read, else its place in the page.
    pub name: String,
    /// What is wrong with it, cleaned.
    pub reason: String,
}

/// How the work of a query divides.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The pieces.
    pub scopes: Vec<Scope>,
    /// Pieces that are known to exist, or reads that the findings need, and that failed while planning. The run goes
    /// on without them and says so.
    pub failed: Vec<(Scope, Error)>,
    /// Catalogues that were read while planning, and not completely, with the figures of their own books.
    pub short: Vec<ScopeReport>,
    /// Records of those catalogues that could not be understood.
    pub rejected: u64,
    /// Accounts that the query names and this connection does not have.
    pub unknown_accounts: Vec<String>,
    /// Things worth a warning.
    pub notices: Vec<Notice>,
}

impl Plan {
    /// A plan of scopes and nothing else to say.
    #[must_use]
    pub fn of(scopes: Vec<Scope>) -> Self {
        Self { scopes, ..Self::default() }
    }

    /// Takes over what a catalogue lacks and what there is to say of it.
    pub fn take_over<T>(&mut self, catalogue: &str, gathered: &Gathered<T>) {
        self.rejected += gathered.rejected;
        self.notices.extend(gathered.notices.iter().cloned());
        let scope = Scope::labelled("catalogue", catalogue);
        if let Some(error) = &gathered.error {
            self.failed.push((scope.clone(), error.clone()));
        }
        let short = gathered.scopes.iter().filter(|report| !report.complete);
        self.short.extend(short.map(|report| ScopeReport { scope: scope.labels.clone(), ..report.clone() }));
    }
}
