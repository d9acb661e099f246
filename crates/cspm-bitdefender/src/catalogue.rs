//! What findings are joined with: scan accounts, rules and standards. Read when a run is planned, shared by its steps.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cspm_core::{Account, AccountRef, Result};

use crate::Links;
use crate::accounts::decode_accounts;
use crate::collection::decode_page;
use crate::rules::{KnownRule, known_rule};

/// Scan accounts and rules of one company, as they were when the run was planned.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    accounts: HashMap<Arc<str>, Arc<AccountRef>>,
    /// In the order of their ids, in which they are walked through.
    rules: BTreeMap<Arc<str>, KnownRule>,
    /// Ids by name; `None` where rules share a name.
    by_name: HashMap<Arc<str>, Option<Arc<str>>>,
    standards: BTreeMap<Arc<str>, KnownStandard>,
    /// Whether these are all rules.
    complete: bool,
}

/// A standard that rules belong to.
#[derive(Clone, Debug)]
pub(crate) struct KnownStandard {
    pub(crate) title: Option<Arc<str>>,
    /// One of the vendor's own, by which checks can be asked for.
    pub(crate) built_in: bool,
}

impl Catalogue {
    /// Puts a catalogue together. `complete` says whether these are all rules, so that one that is not among them has no
    /// checks.
    pub(crate) fn new(
        accounts: &[Account],
        rules: impl IntoIterator<Item = KnownRule>,
        titles: &HashMap<String, Arc<str>>,
        complete: bool,
    ) -> Self {
        let accounts = accounts
            .iter()
            .filter_map(|account| Some((account.identity.id.clone()?, account.identity.clone())));
        let mut catalogue = Self { accounts: accounts.collect(), complete, ..Self::default() };
        for rule in rules {
            let rule = rule.with_titles(titles);
            for (standard, built_in) in rule.standards.iter().zip(&rule.built_in) {
                let known = catalogue
                    .standards
                    .entry(standard.id.clone())
                    .or_insert_with(|| KnownStandard { title: standard.name.clone(), built_in: true });
                known.built_in &= *built_in;
            }
            let id = rule.rule.id.clone();
            if let Some(name) = rule.name.clone() {
                let named = catalogue.by_name.entry(name).or_insert_with(|| Some(id.clone()));
                *named = named.take().filter(|other| *other == id);
            }
            catalogue.rules.insert(id, rule);
        }
        catalogue
    }

    /// Puts a catalogue together from a page of `GET /setting/scans` and one of `GET /cspm/rules`, for whoever decodes
    /// checks without a connection.
    ///
    /// # Errors
    /// As the decoders of those pages.
    pub fn from_pages(scans: &str, rules: &str, links: &Links) -> Result<Self> {
        let nobody = cspm_core::Origin::new("", crate::NAME);
        let accounts = decode_accounts(scans, &nobody, links)?;
        let rules = decode_page(rules, links, known_rule)?;
        let complete = rules.rejected.is_empty() && rules.then == cspm_core::Then::Done;
        let rules = rules.items.into_iter().map(|entry| entry.value);
        Ok(Self::new(&accounts.items, rules, &HashMap::new(), complete))
    }

    pub(crate) fn account(&self, id: &str) -> Option<&Arc<AccountRef>> {
        self.accounts.get(id)
    }

    pub(crate) fn rule(&self, id: &str) -> Option<&KnownRule> {
        self.rules.get(id)
    }

    /// The one rule of that name.
    pub(crate) fn rule_named(&self, name: &str) -> Option<&KnownRule> {
        self.rule(self.by_name.get(name)?.as_deref()?)
    }

    /// All rules, in the order of their ids.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &KnownRule> {
        self.rules.values()
    }

    pub(crate) fn standards(&self) -> impl Iterator<Item = (&Arc<str>, &KnownStandard)> {
        self.standards.iter()
    }

    /// The title of a standard, if it was read.
    pub(crate) fn title(&self, standard: &str) -> Option<Arc<str>> {
        self.standards.get(standard)?.title.clone()
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }
}
