//! Findings: one listing of checks, which the vendor filters and counts (section 6). One scope for all of it, or, where
//! the query or the connection names accounts, one for each, so that one that fails does not take others along and a
//! check without a relationship to its scan account is known to be of the one that was asked for.
//!
//! Rules and scan accounts are read first and joined. Titles of standards are read only if the query names a standard
//! that is none by id. Without rules or scan accounts, findings lack what these tell, and the report names them as
//! missing; without scan accounts, a query that names accounts cannot be answered.
//!
//! Checks that do not lead to their rules are read rule by rule: see `walk.rs`. Checks that do not say what they are
//! about are completed from the listing of resources: see `resources.rs`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use cspm_core::{
    Account, AccountQuery, Cursor, Error, ErrorKind, Finding, FindingQuery, Plan, Result, Scope, Source,
    Step, Then, async_trait, clean_text, gather,
};
use serde::{Deserialize, Serialize};

use crate::Bitdefender;
use crate::catalogue::Catalogue;
use crate::decode::{Checks, Reader};
use crate::narrow::{Narrowed, names_a_title, remarks};
use crate::rules::KnownRule;
use crate::walk::candidates;

/// What a scope has to know.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) kind: Kind,
    /// The scan account, if only one is asked for.
    pub(crate) scan: Option<String>,
    /// How many checks the whole has, of which this is a part.
    pub(crate) announced: Option<u64>,
}

/// Which checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// All.
    #[default]
    Whole,
    /// Those that the rules account for.
    ByRule,
    /// All once more, for those that no rule accounts for.
    Rest,
}

impl Part {
    /// The part as a scope; `whole` gives the labels.
    pub(crate) fn scope(&self, whole: &Scope) -> Result<Scope> {
        let scope = Scope { labels: whole.labels.clone(), ..Scope::default() };
        let scope = match self.kind {
            Kind::Whole => scope,
            Kind::ByRule => scope.with_label("part", "rule by rule"),
            Kind::Rest => scope.with_label("part", "without a rule"),
        };
        scope.with_plan(self)
    }
}

#[async_trait]
impl Source<Finding> for Bitdefender {
    async fn plan(&self, query: &FindingQuery) -> Result<Plan> {
        let mut plan = Plan::default();
        let accounts = self.read_accounts(query, &mut plan).await?;
        let named = !query.accounts.is_empty() || !query.confined_to.is_empty();
        let scans = if named { wanted_scans(&accounts, query, &mut plan) } else { Vec::new() };
        if named && scans.is_empty() {
            return Ok(plan);
        }
        let catalogue = Arc::new(self.read_catalogue(query, &accounts, &mut plan).await?);
        plan.notices = remarks(query, &catalogue);
        self.catalogue.put(catalogue.clone());
        self.resources.clear();
        if Narrowed::of(query, &catalogue).is_none() {
            return Ok(plan);
        }
        if !named {
            plan.scopes.push(Part::default().scope(&Scope::labelled("listing", "checks"))?);
        }
        for scan in scans {
            let part = Part { scan: Some(scan.clone()), ..Part::default() };
            plan.scopes.push(part.scope(&Scope::labelled("account", scan))?);
        }
        Ok(plan)
    }

    async fn step(&self, query: &FindingQuery, scope: &Scope, at: &Cursor) -> Result<Step<Finding>> {
        let part: Part = scope.plan()?;
        let unplanned = || Error::bug("findings are planned before they are read");
        let catalogue = self.catalogue.read().ok_or_else(unplanned)?;
        let narrowed = Narrowed::of(query, &catalogue).ok_or_else(unplanned)?;
        if part.kind == Kind::ByRule {
            return self.walk(query, &catalogue, narrowed, &part, scope, at).await;
        }
        let Checks { mut step, lacking, ruleless } =
            self.checks(query, &catalogue, &narrowed, part.scan.as_deref(), at).await?;
        if ruleless && part.kind == Kind::Whole && !candidates(&narrowed, &catalogue).is_empty() {
            let by_rule = Part { kind: Kind::ByRule, announced: step.expected, ..part };
            return Ok(Step { then: Then::Split(vec![by_rule.scope(scope)?]), items: Vec::new(), ..step });
        }
        self.complete(&mut step, lacking).await;
        Ok(step)
    }
}

impl Bitdefender {
    /// One page of checks.
    pub(crate) async fn checks(
        &self,
        query: &FindingQuery,
        catalogue: &Catalogue,
        narrowed: &Narrowed,
        scan: Option<&str>,
        at: &Cursor,
    ) -> Result<Checks> {
        let answer = self.send(self.at(narrowed.checks(scan), at)?).await?;
        let proven = narrowed.proof(scan);
        let reader = Reader { origin: &self.origin, catalogue, links: &self.links, proven, raw: query.raw };
        reader.read(answer.text()?)
    }

    /// The scan accounts. Without them, findings lack what these tell, unless the query is about certain ones.
    async fn read_accounts(&self, query: &FindingQuery, plan: &mut Plan) -> Result<Vec<Account>> {
        let source: &dyn Source<Account> = self;
        let gathered = gather(source, AccountQuery::default()).await;
        if let Some(error) = gathered.shortfall().cloned() {
            let named = !query.accounts.is_empty() || !query.confined_to.is_empty();
            let nothing = gathered.items.is_empty() && named;
            if nothing || error.kind() == ErrorKind::Authentication {
                return Err(error);
            }
            plan.failed.push((Scope::labelled("catalogue", "scans"), error));
        }
        Ok(gathered.items)
    }

    async fn read_catalogue(
        &self,
        query: &FindingQuery,
        accounts: &[Account],
        plan: &mut Plan,
    ) -> Result<Catalogue> {
        let gathered = self.known_rules().gather().await;
        let mut complete = true;
        if let Some(error) = gathered.shortfall().cloned() {
            if error.kind() == ErrorKind::Authentication {
                return Err(error);
            }
            plan.failed.push((Scope::labelled("catalogue", "rules"), error));
            complete = false;
        }
        let rules: Vec<KnownRule> = gathered.items.into_iter().map(|entry| entry.value).collect();
        let ids: BTreeSet<Arc<str>> =
            rules.iter().flat_map(|rule| rule.standards.iter()).map(|standard| standard.id.clone()).collect();
        let mut titles = HashMap::new();
        if names_a_title(query, &ids) {
            let gathered = self.standard_titles().gather().await;
            if let Some(error) = gathered.shortfall().cloned() {
                plan.failed.push((Scope::labelled("catalogue", "standards"), error));
                complete = false;
            }
            titles = gathered.items.into_iter().filter_map(|entry| Some((entry.id, entry.value?))).collect();
        }
        Ok(Catalogue::new(accounts, rules, &titles, complete))
    }
}

/// The ids of the accounts that the query is about; those that are not there are put down in the plan.
fn wanted_scans(accounts: &[Account], query: &FindingQuery, plan: &mut Plan) -> Vec<String> {
    let missing = |names: &[String]| -> Vec<String> {
        let has = |name: &String| accounts.iter().any(|account| account.identity.is_called(name));
        names.iter().filter(|name| !has(name)).cloned().collect()
    };
    plan.unknown_accounts = missing(&query.accounts);
    for name in missing(&query.confined_to) {
        let message = format!("no account is called {}", clean_text(&name, 100));
        plan.failed.push((Scope::labelled("account", name), Error::new(ErrorKind::NotFound, message)));
    }
    let wanted = accounts.iter().filter(|account| query.wants_account(&account.identity));
    wanted.filter_map(|account| account.identity.id.as_deref().map(str::to_owned)).collect()
}
