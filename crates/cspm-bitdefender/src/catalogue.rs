//! What findings are joined with: scan accounts, rules and standards. Read when a run is planned, shared by its steps.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cspm_core::{AccountRef, Result, Then, same_letters};

use crate::Links;
use crate::accounts::decode_accounts;
use crate::rules::{KnownRule, decode_known};
use crate::standards::Standards;

/// Scan accounts, rules and standards of one company, as they were when the run was planned.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// In the order of their ids.
    accounts: BTreeMap<Arc<str>, Arc<AccountRef>>,
    /// Accounts by name; `None` where accounts share a name.
    accounts_by_name: HashMap<Arc<str>, Option<Arc<AccountRef>>>,
    /// In the order of their ids, in which they are walked through.
    rules: BTreeMap<Arc<str>, KnownRule>,
    /// Ids by name; `None` where rules share a name.
    rules_by_name: HashMap<Arc<str>, Option<Arc<str>>>,
    standards: BTreeMap<Arc<str>, KnownStandard>,
    complete: Complete,
}

/// Of what the catalogue has all there is, so that what is not in it has no checks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Complete {
    pub(crate) accounts: bool,
    pub(crate) rules: bool,
    pub(crate) standards: bool,
}

/// A standard that is listed, or that a rule says it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct KnownStandard {
    pub(crate) title: Option<Arc<str>>,
    /// One of the vendor's own, by which checks can be asked for.
    pub(crate) built_in: bool,
}

/// Whom a name leads to.
pub(crate) enum Named<'a> {
    /// One account.
    One(&'a Arc<AccountRef>),
    /// More than one.
    Several,
    /// None.
    Nobody,
}

impl Catalogue {
    pub(crate) fn new(
        accounts: impl IntoIterator<Item = Arc<AccountRef>>,
        rules: impl IntoIterator<Item = KnownRule>,
        standards: &Standards,
        complete: Complete,
    ) -> Self {
        let mut catalogue = Self { complete, ..Self::default() };
        accounts.into_iter().for_each(|account| catalogue.add_account(account));
        for (id, title) in standards.titles() {
            let known = KnownStandard { title: title.cloned(), built_in: true };
            catalogue.standards.insert(id.clone(), known);
        }
        rules.into_iter().for_each(|rule| catalogue.add_rule(rule.in_standards(standards)));
        catalogue
    }

    fn add_account(&mut self, account: Arc<AccountRef>) {
        let Some(id) = account.id.clone() else { return };
        if let Some(name) = account.name.clone() {
            let named = self.accounts_by_name.entry(name).or_insert_with(|| Some(account.clone()));
            *named = named.take().filter(|other| other.id.as_ref() == Some(&id));
        }
        self.accounts.insert(id, account);
    }

    fn add_rule(&mut self, rule: KnownRule) {
        let id = rule.rule.id.clone();
        if self.rules.get(&id).is_some_and(|known| known.version > rule.version) {
            return;
        }
        for standard in rule.standards.iter() {
            let known = self
                .standards
                .entry(standard.id.clone())
                .or_insert_with(|| KnownStandard { title: standard.name.clone(), built_in: true });
            known.built_in &= !rule.foreign.iter().any(|id| same_letters(id, &standard.id));
        }
        if let Some(name) = rule.name.clone() {
            let named = self.rules_by_name.entry(name).or_insert_with(|| Some(id.clone()));
            *named = named.take().filter(|other| *other == id);
        }
        self.rules.insert(id, rule);
    }

    /// Puts a catalogue together from a page of `GET /setting/scans` and one of `GET /cspm/rules`, for whoever decodes
    /// checks without a connection.
    ///
    /// # Errors
    /// As the decoders of those pages.
    pub fn from_pages(scans: &str, rules: &str, links: &Links) -> Result<Self> {
        let nobody = cspm_core::Origin::new("", crate::NAME);
        let accounts = decode_accounts(scans, &nobody, links)?;
        let rules = decode_known(rules, links)?;
        let complete = Complete {
            accounts: accounts.rejected.is_empty() && accounts.then == Then::Done,
            rules: rules.rejected.is_empty() && rules.then == Then::Done,
            standards: false,
        };
        let accounts = accounts.items.into_iter().map(|account| account.identity);
        let rules = rules.items.into_iter().map(|entry| entry.value);
        Ok(Self::new(accounts, rules, &Standards::default(), complete))
    }

    pub(crate) fn account(&self, id: &str) -> Option<&Arc<AccountRef>> {
        self.accounts.get(id)
    }

    pub(crate) fn account_named(&self, name: &str) -> Named<'_> {
        match self.accounts_by_name.get(name) {
            Some(Some(account)) => Named::One(account),
            Some(None) => Named::Several,
            None => Named::Nobody,
        }
    }

    /// All accounts, in the order of their ids.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &Arc<AccountRef>> {
        self.accounts.values()
    }

    pub(crate) fn rule(&self, id: &str) -> Option<&KnownRule> {
        self.rules.get(id)
    }

    /// The one rule of that name.
    pub(crate) fn rule_named(&self, name: &str) -> Option<&KnownRule> {
        self.rule(self.rules_by_name.get(name)?.as_deref()?)
    }

    /// All rules, in the order of their ids.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &KnownRule> {
        self.rules.values()
    }

    pub(crate) fn standards(&self) -> impl Iterator<Item = (&Arc<str>, &KnownStandard)> {
        self.standards.iter()
    }

    pub(crate) fn complete(&self) -> Complete {
        self.complete
    }
}
