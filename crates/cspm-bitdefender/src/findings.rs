//! Findings: one listing of checks, which the vendor filters and counts (section 6). One scope for all of it, or, where
//! the query or the connection names accounts, one for each, so that one that fails does not take others along.
//!
//! Rules, standards and scan accounts are read first and joined. Without them, findings lack what these tell, and the
//! report names them as missing, whatever was asked: a finding's standards are part of it, also where nobody asks for one.
//! Without scan accounts, a query that names accounts cannot be answered.
//!
//! A check need not say of which account and rule it is (section 6.2). If it does not, it has the account and the rule that
//! were asked for, and for its content not to depend on the query, these are asked for one by one where the query does not:
//!
//! * Where a check leads to no account, the listing is divided by account. (A check with the name of an account that is not
//!   listed, an archived one say, is left as it is.) What is in no account's listing is reported as the remainder.
//! * Where a check leads to no rule, the rules are walked through: see `walk.rs`.
//!
//! This proves something only if the vendor heeds the filter: see `filters.rs`. If it does not, such checks stay without
//! account or rule, and if the query asks for some, each counts as a record that could not be understood. The scope of an
//! account hands on its own checks alone: what the vendor lists of others there comes in their scopes, so that nothing is
//! written twice.
//!
//! Checks that do not say what they are about are completed from the listing of resources: see `resources.rs`.

use std::sync::Arc;

use cspm_core::{
    AccountRef, Cursor, Error, ErrorKind, Finding, FindingQuery, Notice, Plan, Rejected, Result, Scope,
    Source, Step, Then, async_trait, clean_text,
};
use serde::{Deserialize, Serialize};

use crate::Bitdefender;
use crate::catalogue::{Catalogue, Complete};
use crate::collection::Catalogued;
use crate::decode::{Checks, Reader};
use crate::filters::Filter;
use crate::map::Asked;
use crate::narrow::{Narrowed, remarks};
use crate::standards::Standards;
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// All.
    #[default]
    Whole,
    /// Those that the rules account for.
    ByRule,
    /// Those of one rule that the others did not wait for.
    Rule(String),
    /// All once more, for those that no rule accounts for.
    Rest,
}

impl Part {
    /// The part as a scope; `whole` gives the labels.
    pub(crate) fn scope(&self, whole: &Scope) -> Result<Scope> {
        let scope = Scope { labels: whole.labels.clone(), ..Scope::default() };
        let scope = match &self.kind {
            Kind::Whole => scope,
            Kind::Rule(rule) => scope.with_label("rule", rule),
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
        let scans = if named { wanted_scans(&accounts.list, query, &mut plan) } else { Vec::new() };
        if named && scans.is_empty() {
            return Ok(plan);
        }
        let catalogue = Arc::new(self.read_catalogue(accounts, &mut plan).await?);
        plan.notices.extend(remarks(query, &catalogue));
        self.catalogue.put(catalogue.clone());
        self.resources.clear();
        self.heeds_scans.clear();
        self.heeds_rules.clear();
        if Narrowed::of(query, &catalogue, self.array_style).is_none() {
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
        let narrowed = Narrowed::of(query, &catalogue, self.array_style).ok_or_else(unplanned)?;
        let asked = Asked { scan: part.scan.clone(), rule: None };
        match &part.kind {
            Kind::ByRule => return self.walk(query, &catalogue, &narrowed, &part, scope, at).await,
            Kind::Rule(rule) => {
                let rule: Arc<str> = rule.as_str().into();
                let of_rule = narrowed.of_rule(&rule);
                let checks = self
                    .checks(query, &catalogue, &of_rule, &Asked { rule: Some(rule), ..asked }, at)
                    .await?;
                return self.settle(checks, &narrowed, &part).await;
            }
            Kind::Rest => {
                let checks = self.checks(query, &catalogue, &narrowed, &asked, at).await?;
                return self.settle(checks, &narrowed, &part).await;
            }
            Kind::Whole => {}
        }
        let checks = self.checks(query, &catalogue, &narrowed, &asked, at).await?;
        let divided =
            |step: Step<Finding>, parts| Step { then: Then::Split(parts), items: Vec::new(), ..step };
        if checks.accountless
            && part.scan.is_none()
            && catalogue.complete().accounts
            && self.heeds(Filter::Scans).await?
        {
            let parts = by_account(&catalogue, scope)?;
            return Ok(divided(checks.step, parts));
        }
        let ruleless = checks.ruleless;
        if ruleless && !candidates(&narrowed, &catalogue).is_empty() && self.heeds(Filter::Rules).await? {
            let by_rule = Part { kind: Kind::ByRule, announced: checks.step.expected, ..part };
            return Ok(divided(checks.step, vec![by_rule.scope(scope)?]));
        }
        let mut step = self.settle(checks, &narrowed, &part).await?;
        if ruleless {
            leave_ruleless(&mut step, query);
        }
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
        asked: &Asked,
        at: &Cursor,
    ) -> Result<Checks> {
        let scan = asked.scan.as_deref().filter(|scan| narrowed.can_ask_for(scan));
        let answer = self.send(self.at(narrowed.checks(scan), at)?).await?;
        let reader = Reader { origin: &self.origin, catalogue, links: &self.links, asked, raw: query.raw };
        reader.read(answer.text()?)
    }

    /// The findings of a page, as far as they can be known: completed, and without those whose account was taken from a
    /// question that proves nothing.
    pub(crate) async fn settle(
        &self,
        checks: Checks,
        narrowed: &Narrowed,
        part: &Part,
    ) -> Result<Step<Finding>> {
        let Checks { mut step, lacking, by_question, .. } = checks;
        let asked = part.scan.as_deref().is_some_and(|scan| narrowed.can_ask_for(scan));
        let proven = by_question.is_empty()
            || (asked && step.elsewhere.is_empty() && self.heeds(Filter::Scans).await?);
        self.complete(&mut step, lacking).await;
        if !proven {
            let reason = "it does not say its account, and the vendor does not narrow by account";
            let mut places = by_question.into_iter().peekable();
            let mut place = 0;
            reject_if(&mut step, reason, |_| {
                let is_next = places.next_if_eq(&place).is_some();
                place += 1;
                is_next
            });
        }
        Ok(step)
    }

    /// The scan accounts. Without them, findings lack what these tell, unless the query is about certain ones.
    async fn read_accounts(&self, query: &FindingQuery, plan: &mut Plan) -> Result<Accounts> {
        let Catalogued { items, shortfall, notices } = self.known_accounts().gather().await;
        plan.notices.extend(notices);
        let named = !query.accounts.is_empty() || !query.confined_to.is_empty();
        if let Some(error) = &shortfall
            && items.is_empty()
            && named
        {
            return Err(error.clone());
        }
        let complete = missing("scans", shortfall, plan)?;
        Ok(Accounts { list: items.into_iter().map(|entry| entry.value).collect(), complete })
    }

    /// Rules and standards. Standards are of rules: without any rule they are not read.
    async fn read_catalogue(&self, accounts: Accounts, plan: &mut Plan) -> Result<Catalogue> {
        let Catalogued { items, shortfall, notices } = self.known_rules().gather().await;
        plan.notices.extend(notices);
        let rules = missing("rules", shortfall, plan)?;
        let (listed, standards) = if items.is_empty() && !rules {
            (Standards::default(), false)
        } else {
            self.read_standards(plan).await?
        };
        let complete = Complete { accounts: accounts.complete, rules, standards };
        Ok(Catalogue::new(accounts.list, items.into_iter().map(|entry| entry.value), &listed, complete))
    }

    /// The standards, and whether these are all; what is missing of them is put down in the plan.
    pub(crate) async fn read_standards(&self, plan: &mut Plan) -> Result<(Standards, bool)> {
        let Catalogued { items, shortfall, notices } = self.listed_standards().gather().await;
        plan.notices.extend(notices);
        let complete = missing("standards", shortfall, plan)?;
        Ok((Standards::new(items.into_iter().map(|entry| entry.value)), complete))
    }
}

/// The scan accounts, and whether these are all.
struct Accounts {
    list: Vec<Arc<AccountRef>>,
    complete: bool,
}

/// Puts down what is missing of a catalogue; gives whether nothing is.
///
/// # Errors
/// If the key was refused: nothing else can be read then.
fn missing(catalogue: &str, shortfall: Option<Error>, plan: &mut Plan) -> Result<bool> {
    match shortfall {
        None => Ok(true),
        Some(error) if error.kind() == ErrorKind::Authentication => Err(error),
        Some(error) => {
            plan.failed.push((Scope::labelled("catalogue", catalogue), error));
            Ok(false)
        }
    }
}

/// A part for each account.
fn by_account(catalogue: &Catalogue, whole: &Scope) -> Result<Vec<Scope>> {
    let scans = catalogue.accounts().filter_map(|account| account.id.as_deref());
    let part = |scan: &str| {
        let part = Part { scan: Some(scan.to_owned()), ..Part::default() };
        part.scope(&whole.clone().with_label("account", scan))
    };
    scans.map(part).collect()
}

/// What becomes of checks whose rules cannot be found out.
fn leave_ruleless(step: &mut Step<Finding>, query: &FindingQuery) {
    if query.rules.is_empty() && query.standards.is_empty() {
        step.notices
            .push(Notice::new("checks do not lead to their rules, and the vendor does not narrow by rule"));
    } else {
        let reason = "it does not say its rule, and the vendor does not narrow by rule";
        reject_if(step, reason, |finding| finding.rule.id.is_empty());
    }
}

/// Takes findings out that cannot be used.
fn reject_if(step: &mut Step<Finding>, reason: &str, mut is_useless: impl FnMut(&Finding) -> bool) {
    let rejected = &mut step.rejected;
    step.items.retain(|finding| {
        let useless = is_useless(finding);
        if useless {
            rejected.push(Rejected { name: finding.vendor_id.clone(), reason: reason.to_owned() });
        }
        !useless
    });
}

/// The ids of the accounts that the query is about; those that are not there are put down in the plan.
fn wanted_scans(accounts: &[Arc<AccountRef>], query: &FindingQuery, plan: &mut Plan) -> Vec<String> {
    let missing = |names: &[String]| -> Vec<String> {
        let has = |name: &String| accounts.iter().any(|account| account.is_called(name));
        names.iter().filter(|name| !has(name)).cloned().collect()
    };
    plan.unknown_accounts = missing(&query.accounts);
    for name in missing(&query.confined_to) {
        let message = format!("no account is called {}", clean_text(&name, 100));
        plan.failed.push((Scope::labelled("account", name), Error::new(ErrorKind::NotFound, message)));
    }
    let wanted = accounts.iter().filter(|account| query.wants_account(account));
    wanted.filter_map(|account| account.id.as_deref().map(str::to_owned)).collect()
}
