//! The traits an adapter implements.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    Account, AccountQuery, Capabilities, Cursor, Diagnosis, Finding, FindingQuery, Meter, Notice, Notices,
    Operation, Origin, OutcomeFilter, Plan, Result, Rule, RuleQuery, Scope, Severity, Step, clean_text,
};

/// A vendor connection: who it is, what it can do, and the doors to what it offers.
///
/// Object-safe: a `Vec<Arc<dyn Vendor>>` of different vendors is ordinary code. An adapter translates and nothing else:
/// it never sleeps, retries, loops over pages, spawns, counts or prints; the engine and the transport do.
#[async_trait]
pub trait Vendor: Send + Sync + 'static {
    /// The connection's name and the vendor's.
    fn origin(&self) -> &Origin;

    /// What it can do.
    fn capabilities(&self) -> &Capabilities;

    /// What was sent so far.
    fn meter(&self) -> &Meter;

    /// Findings.
    fn findings(&self) -> &dyn Source<Finding>;

    /// Cloud accounts.
    fn accounts(&self) -> &dyn Source<Account>;

    /// The catalogue of rules.
    fn rules(&self) -> &dyn Source<Rule>;

    /// Checks address, credential, permissions and clock with as few harmless reads as possible, and says who has to
    /// mend what. It never fails: a failure is a diagnosis.
    async fn diagnose(&self) -> Vec<Diagnosis>;

    /// How many steps may be in flight at once. Pages in flight bound the memory of a run.
    fn side_by_side(&self) -> usize {
        4
    }
}

/// A listing of one kind of record, as steps that the engine drives.
#[async_trait]
pub trait Source<T: Record>: Send + Sync {
    /// How the work divides. May read catalogues that the records need; a record listing itself is never read here.
    ///
    /// # Errors
    /// If nothing at all can be read; the connection fails as a whole.
    async fn plan(&self, query: &T::Query) -> Result<Plan>;

    /// One request's worth. No state between calls: the same scope and cursor ask the same question again, which is
    /// what makes a step repeatable, resumable and free to run beside others.
    ///
    /// # Errors
    /// Whatever the transport could not mend; the scope is incomplete.
    async fn step(&self, query: &T::Query, scope: &Scope, at: &Cursor) -> Result<Step<T>>;
}

/// A kind of record that the engine can read.
pub trait Record: Send + Sync + Sized + 'static {
    /// The question it answers.
    type Query: Clone + Send + Sync + 'static;

    /// The vendor's id, by which a record sent twice is known.
    fn identity(&self) -> &str;

    /// Whether the record is part of the answer. Evaluated on every record, whatever the vendor narrowed.
    fn is_wanted(&self, query: &Self::Query) -> bool;

    /// Things about it worth a warning.
    fn remark(&self, query: &Self::Query, notices: &mut Notices);

    /// The door to these records.
    fn source(vendor: &dyn Vendor) -> &dyn Source<Self>;

    /// Refuses a question that the vendor cannot answer.
    ///
    /// # Errors
    /// Kind `unsupported`, before anything is sent.
    fn check(query: &Self::Query, capabilities: &Capabilities) -> Result<()>;
}

impl Record for Finding {
    type Query = FindingQuery;

    fn identity(&self) -> &str {
        &self.vendor_id
    }

    fn is_wanted(&self, query: &FindingQuery) -> bool {
        query.matches(self)
    }

    fn remark(&self, query: &FindingQuery, notices: &mut Notices) {
        if self.severity == Severity::Unknown
            && let Some(word) = &self.vendor_severity
        {
            notices.add(Notice::new(format!("unknown severity \"{}\"", clean_text(word, 60))));
        }
        if query.changed_since.is_some() && self.changed().is_none() {
            notices
                .add(Notice::new("a finding without any time was kept although --changed-since was given"));
        }
    }

    fn source(vendor: &dyn Vendor) -> &dyn Source<Self> {
        vendor.findings()
    }

    fn check(query: &FindingQuery, capabilities: &Capabilities) -> Result<()> {
        capabilities.require(Operation::Findings)?;
        if query.outcome == OutcomeFilter::Pass {
            capabilities.require(Operation::PassingFindings)?;
        }
        Ok(())
    }
}

impl Record for Account {
    type Query = AccountQuery;

    fn identity(&self) -> &str {
        self.identity.id.as_deref().or(self.identity.cloud_id.as_deref()).unwrap_or_default()
    }

    fn is_wanted(&self, query: &AccountQuery) -> bool {
        query.confined_to.is_empty() || query.confined_to.iter().any(|name| self.identity.is_called(name))
    }

    fn remark(&self, _query: &AccountQuery, _notices: &mut Notices) {}

    fn source(vendor: &dyn Vendor) -> &dyn Source<Self> {
        vendor.accounts()
    }

    fn check(_query: &AccountQuery, capabilities: &Capabilities) -> Result<()> {
        capabilities.require(Operation::Accounts)
    }
}

impl Record for Rule {
    type Query = RuleQuery;

    fn identity(&self) -> &str {
        &self.id
    }

    fn is_wanted(&self, _query: &RuleQuery) -> bool {
        true
    }

    fn remark(&self, _query: &RuleQuery, notices: &mut Notices) {
        if self.severity == Severity::Unknown
            && let Some(word) = &self.vendor_severity
        {
            notices.add(Notice::new(format!("unknown severity \"{}\"", clean_text(word, 60))));
        }
    }

    fn source(vendor: &dyn Vendor) -> &dyn Source<Self> {
        vendor.rules()
    }

    fn check(_query: &RuleQuery, capabilities: &Capabilities) -> Result<()> {
        capabilities.require(Operation::Rules)
    }
}

/// A connection that can be shared.
pub type SharedVendor = Arc<dyn Vendor>;
