//! The traits an adapter implements.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    Account, AccountQuery, AccountRules, Automation, AutomationQuery, AutomationStore, Capabilities, Cursor,
    Diagnosis, Error, ErrorKind, Finding, FindingQuery, Meter, Notice, Notices, Operation, Origin,
    OutcomeFilter, Plan, PolicyEntry, PolicyQuery, PolicyStore, Result, Rule, RuleQuery, RuleStore, Scope,
    Severity, Step, SuppressionEntry, SuppressionQuery, SuppressionStore, Timestamp, clean_text,
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

    /// Policies, if the vendor has any.
    fn policies(&self) -> Option<&dyn PolicyStore> {
        None
    }

    /// Settings of rules that accounts have of their own, if the vendor knows such.
    fn account_rules(&self) -> Option<&dyn AccountRules> {
        None
    }

    /// Suppressions, if the vendor knows them.
    fn suppressions(&self) -> Option<&dyn SuppressionStore> {
        None
    }

    /// Rules that customers write themselves, if the vendor takes them.
    fn custom_rules(&self) -> Option<&dyn RuleStore> {
        None
    }

    /// What the vendor does by itself when rules are broken, if it does.
    fn automations(&self) -> Option<&dyn AutomationStore> {
        None
    }

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

    /// When the vendor last changed it, by the vendor's own time: of two that come in one answer with the same identity,
    /// the newer one counts, and the later one where no time tells.
    fn as_of(&self) -> Option<Timestamp> {
        None
    }

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

    /// Without a colon at the end, which one vendor puts there or leaves it out (InsightCloudSec, section 3.1).
    fn identity(&self) -> &str {
        self.vendor_id.strip_suffix(':').unwrap_or(&self.vendor_id)
    }

    fn as_of(&self) -> Option<Timestamp> {
        self.changed()
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

impl Record for PolicyEntry {
    type Query = PolicyQuery;

    fn identity(&self) -> &str {
        &self.id
    }

    fn is_wanted(&self, _query: &PolicyQuery) -> bool {
        true
    }

    fn remark(&self, _query: &PolicyQuery, _notices: &mut Notices) {}

    fn source(vendor: &dyn Vendor) -> &dyn Source<Self> {
        vendor.policies().map_or(&Nothing, PolicyStore::listing)
    }

    fn check(_query: &PolicyQuery, capabilities: &Capabilities) -> Result<()> {
        capabilities.require(Operation::ListPolicies)
    }
}

impl Record for SuppressionEntry {
    type Query = SuppressionQuery;

    fn identity(&self) -> &str {
        &self.id
    }

    fn is_wanted(&self, _query: &SuppressionQuery) -> bool {
        self.suppression.is_some()
    }

    fn remark(&self, _query: &SuppressionQuery, _notices: &mut Notices) {}

    fn source(vendor: &dyn Vendor) -> &dyn Source<Self> {
        vendor.suppressions().map_or(&Nothing, SuppressionStore::listing)
    }

    fn check(_query: &SuppressionQuery, capabilities: &Capabilities) -> Result<()> {
        capabilities.require(Operation::ListSuppressions)
    }
}

impl Record for Automation {
    type Query = AutomationQuery;

    fn identity(&self) -> &str {
        &self.id
    }

    fn is_wanted(&self, _query: &AutomationQuery) -> bool {
        true
    }

    fn remark(&self, _query: &AutomationQuery, _notices: &mut Notices) {}

    fn source(vendor: &dyn Vendor) -> &dyn Source<Self> {
        vendor.automations().map_or(&Nothing, AutomationStore::listing)
    }

    fn check(_query: &AutomationQuery, capabilities: &Capabilities) -> Result<()> {
        capabilities.require(Operation::ListAutomations)
    }
}

/// The door to what a vendor does not have. Nobody gets here: capabilities are asked first.
struct Nothing;

#[async_trait]
impl<T: Record> Source<T> for Nothing {
    async fn plan(&self, _query: &T::Query) -> Result<Plan> {
        Err(Error::new(ErrorKind::Unsupported, "this vendor does not offer that; see `cspm capabilities`"))
    }

    async fn step(&self, _query: &T::Query, _scope: &Scope, _at: &Cursor) -> Result<Step<T>> {
        Ok(Step::done(Vec::new()))
    }
}

/// A connection that can be shared.
pub type SharedVendor = Arc<dyn Vendor>;
