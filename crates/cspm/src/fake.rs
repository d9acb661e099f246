//! A vendor in memory, for tests: accounts with findings, two a page.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use cspm_core::{
    Account, AccountRef, Capabilities, Capability, Cursor, Diagnosis, Error, ErrorKind, Finding,
    FindingQuery, Meter, Operation, Origin, Outcome, Plan, Result, Rule, RuleRef, Scope, Severity, Source,
    State, Step, Suppression, Then, Timestamp, Vendor, async_trait,
};

/// What there is to be read; tests change it between runs.
#[derive(Default)]
pub(crate) struct World {
    /// Findings by account.
    pub(crate) accounts: BTreeMap<&'static str, Vec<Finding>>,
    /// An account that cannot be read.
    pub(crate) locked: Option<&'static str>,
}

pub(crate) struct Fake {
    origin: Origin,
    meter: Meter,
    pub(crate) world: Mutex<World>,
}

static CAPABILITIES: Capabilities = Capabilities {
    vendor: "fake",
    rows: &[Capability::yes(Operation::Findings, ""), Capability::yes(Operation::PassingFindings, "")],
};

impl Fake {
    /// A connection with these numbers of findings an account, all updated at `time`.
    pub(crate) fn with(name: &str, accounts: &[(&'static str, u32)], time: &str) -> Arc<Self> {
        let fake =
            Self { origin: Origin::new(name, "fake"), meter: Meter::default(), world: Mutex::default() };
        for (account, count) in accounts {
            let findings =
                (0..*count).map(|number| fake.finding(account, &format!("{account}{number}"), time));
            fake.world.lock().unwrap().accounts.insert(account, findings.collect());
        }
        Arc::new(fake)
    }

    pub(crate) fn finding(&self, account: &str, id: &str, time: &str) -> Finding {
        let rule = RuleRef { id: "R-1".into(), ..RuleRef::default() };
        let account = AccountRef { id: Some(account.into()), ..AccountRef::default() };
        let mut finding = Finding::new(&self.origin, id.to_owned(), Arc::new(rule), Arc::new(account));
        finding.outcome = Outcome::Fail;
        finding.severity = Severity::High;
        finding.updated = Some(Timestamp::parse(time).unwrap());
        finding
    }

    /// Adds a finding.
    pub(crate) fn add(&self, account: &'static str, id: &str, time: &str) {
        let finding = self.finding(account, id, time);
        self.world.lock().unwrap().accounts.get_mut(account).unwrap().push(finding);
    }

    pub(crate) fn remove(&self, id: &str) {
        for findings in self.world.lock().unwrap().accounts.values_mut() {
            findings.retain(|finding| finding.vendor_id != id);
        }
    }

    /// Changes a finding.
    pub(crate) fn edit(&self, id: &str, change: impl Fn(&mut Finding)) {
        let mut world = self.world.lock().unwrap();
        world.accounts.values_mut().flatten().filter(|finding| finding.vendor_id == id).for_each(change);
    }

    pub(crate) fn suppress(&self, id: &str) {
        self.edit(id, |finding| {
            finding.state = Some(State::Suppressed);
            finding.suppression = Some(Suppression::default());
        });
    }

    pub(crate) fn lock(&self, account: Option<&'static str>) {
        self.world.lock().unwrap().locked = account;
    }

    pub(crate) fn requests(&self) -> u64 {
        self.meter.read().requests
    }
}

#[async_trait]
impl Vendor for Fake {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    fn meter(&self) -> &Meter {
        &self.meter
    }

    fn findings(&self) -> &dyn Source<Finding> {
        self
    }

    fn accounts(&self) -> &dyn Source<Account> {
        unreachable!("only findings are read")
    }

    fn rules(&self) -> &dyn Source<Rule> {
        unreachable!("only findings are read")
    }

    async fn diagnose(&self) -> Vec<Diagnosis> {
        Vec::new()
    }
}

#[async_trait]
impl Source<Finding> for Fake {
    async fn plan(&self, _query: &FindingQuery) -> Result<Plan> {
        let world = self.world.lock().unwrap();
        Ok(Plan::of(world.accounts.keys().map(|name| Scope::labelled("account", *name)).collect()))
    }

    async fn step(&self, query: &FindingQuery, scope: &Scope, at: &Cursor) -> Result<Step<Finding>> {
        self.meter.sent(false);
        self.meter.ended();
        let world = self.world.lock().unwrap();
        let account = scope.labels["account"].as_str();
        if world.locked == Some(account) {
            return Err(Error::new(ErrorKind::Permission, "locked"));
        }
        let begin = match at {
            Cursor::Start => 0,
            Cursor::Offset(offset) => usize::try_from(*offset).unwrap(),
            other => panic!("{other:?}"),
        };
        // As vendors do: what the query leaves out by outcome or suppression is not even sent.
        let shown: Vec<&Finding> = world.accounts[account]
            .iter()
            .filter(|finding| query.wants_outcome(finding.outcome))
            .filter(|finding| {
                query.suppressed != cspm_core::SuppressedFilter::Exclude || !finding.is_suppressed()
            })
            .collect();
        let end = (begin + 2).min(shown.len());
        let then = if end < shown.len() { Then::Next(Cursor::Offset(end as u64)) } else { Then::Done };
        let items = shown[begin..end].iter().map(|finding| (*finding).clone()).collect();
        Ok(Step::with(items, then).expecting(Some(shown.len() as u64)))
    }
}
