//! Findings: one scope an insight and resource type, because that is what the vendor lists, counts and ends on its own
//! (section 9.5).
//!
//! # What is asked for, and what is not
//!
//! * Insights that the query's rules, severities or standards exclude are not asked about: an insight's severity and
//!   packs are those of its findings.
//! * Wanted accounts are sent along as `scopes`. Regions and times are evaluated by this program.
//! * An insight is skipped if it is for other clouds than the wanted accounts are in (`supported_clouds`, compared by
//!   family: `AWS_GOV` is AWS) and its counter says nought; where it has no counter, it is asked about.
//! * The counters of the list alone are never a reason to skip: they are cached, hours old perhaps, and a nought that is
//!   out of date would hide findings. This costs one request for each insight and type that has none.
//! * An insight whose types the list does not tell is first asked for counts by type, live ones, and split by those.
//!
//! # Exempted findings
//!
//! Queries leave exempted resources out. What `insight_exemptions: true` does is not documented beyond its name, so the
//! list of exemptions decides, also where a query shows a resource that is exempted all the same: with or without
//! `--suppressed include`, such a finding is suppressed. With `--suppressed include` or `only`, each insight and type that
//! has an exemption in force has a second scope, which asks with that flag, keeps what has an exemption in force, and finally makes a
//! finding of each exemption whose resource no page showed, from the exemption's own record. Nothing is lost whatever
//! the flag means, and each finding is made by exactly one scope. A finding made from an exemption knows no tags and no
//! harvest time, and whether the resource still violates the insight is not known either. Resources that are exempted
//! as members of a whole resource group (7.7) are in no list and are not found; a notice says so.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use cspm_core::{
    Account, AccountQuery, AccountRef, Cursor, Error, ErrorKind, Finding, FindingQuery, Notice,
    OutcomeFilter, Plan, Result, Scope, Source, Step, SuppressedFilter, Then, async_trait, clean_text,
    gather, same_letters,
};
use serde::{Deserialize, Serialize};

use crate::InsightCloudSec;
use crate::catalogue::{Catalogue, Insight};
use crate::decode::{Reader, decode_counts};
use crate::error::QUERY_RESOURCES;
use crate::exemptions::{Exemption, ExemptionQuery, Exemptions};
use crate::map::cloud_in;
use crate::resources::Question;

/// What a scope has to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    insight: String,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Kind {
    /// The violations of one type that are not exempted.
    Open { resource_type: String },
    /// The exempted violations of one type.
    Exempted { resource_type: String },
    /// Which types have violations at all.
    Survey,
}

impl Part {
    fn open(insight: &str, resource_type: &str) -> Result<Scope> {
        Self { insight: insight.to_owned(), kind: Kind::Open { resource_type: resource_type.to_owned() } }
            .scope()
    }

    fn exempted(insight: &str, resource_type: &str) -> Result<Scope> {
        let kind = Kind::Exempted { resource_type: resource_type.to_owned() };
        Self { insight: insight.to_owned(), kind }.scope()
    }

    fn survey(insight: &str) -> Result<Scope> {
        Self { insight: insight.to_owned(), kind: Kind::Survey }.scope()
    }

    fn scope(&self) -> Result<Scope> {
        let scope = Scope::labelled("insight", self.insight.as_str());
        let scope = match &self.kind {
            Kind::Open { resource_type } => scope.with_label("resource_type", resource_type.as_str()),
            Kind::Exempted { resource_type } => {
                scope.with_label("resource_type", resource_type.as_str()).with_label("part", "exempted")
            }
            Kind::Survey => scope,
        };
        scope.with_plan(self)
    }
}

#[async_trait]
impl Source<Finding> for InsightCloudSec {
    async fn plan(&self, query: &FindingQuery) -> Result<Plan> {
        let mut plan = Plan { notices: self.notices(), ..Plan::default() };
        if query.outcome != OutcomeFilter::Fail {
            plan.notices.push(Notice::new(
                "InsightCloudSec lists violations only: there are no passing findings to read",
            ));
        }
        if !query.services.is_empty() {
            plan.notices
                .push(Notice::new("InsightCloudSec's insights have no service: --service leaves nothing"));
            return Ok(plan);
        }
        let accounts = self.read_accounts(query, &mut plan).await?;
        let wanted = Wanted::among(&accounts, query, &mut plan);
        if wanted.is_nobody() {
            return Ok(plan);
        }
        let insights = self.read_insights(&mut plan).await?;
        let catalogue = Arc::new(Catalogue::new(&accounts, &insights));
        remark_on_unknown_rules(query, &catalogue, &mut plan);
        let exempting = query.suppressed != SuppressedFilter::Exclude;
        let exemptions = self.read_exemptions(query, &catalogue, &mut plan).await?;
        self.catalogue.put(catalogue);

        for insight in insights.iter().filter(|insight| is_asked_for(insight, query)) {
            let id = &*insight.rule.id;
            if query.suppressed != SuppressedFilter::Only && wanted.may_violate(insight) {
                match &insight.resource_types {
                    Some(types) => {
                        for resource_type in types.iter().collect::<BTreeSet<_>>() {
                            plan.scopes.push(Part::open(id, resource_type)?);
                        }
                    }
                    None => plan.scopes.push(Part::survey(id)?),
                }
            }
            for (resource_type, exempted) in exemptions.of_insight(id).filter(|_| exempting) {
                if exempted.values().any(|exemption| wanted.has(&exemption.resource_id)) {
                    plan.scopes.push(Part::exempted(id, resource_type)?);
                }
            }
            if exempting && insight.exempts_groups {
                plan.notices.push(Notice::new(
                    "an insight exempts whole resource groups; InsightCloudSec does not list their members, so those \
                     are missing from the suppressed findings",
                ));
            }
        }
        Ok(plan)
    }

    async fn step(&self, query: &FindingQuery, scope: &Scope, at: &Cursor) -> Result<Step<Finding>> {
        let Part { insight: id, kind } = scope.plan()?;
        let catalogue = self.catalogue.read().ok_or_else(unplanned)?;
        let insight = catalogue.insight(&id)?;
        let scopes = pushed_down(&catalogue, query);
        match kind {
            Kind::Survey => {
                let question = Question::new(Some(&id), None, &scopes);
                let (answer, _) = self.ask(&question, at).await?;
                let counts = decode_counts(answer.text()?).map_err(while_querying)?;
                let total = counts.iter().map(|(_, count)| count).sum();
                let parts = counts.iter().map(|(name, _)| Part::open(&id, name)).collect::<Result<_>>()?;
                Ok(Step::with(Vec::new(), Then::Split(parts)).expecting(Some(total)))
            }
            Kind::Open { resource_type } => {
                let exemptions = self.exemptions.read();
                let reader = self.reader(&catalogue, insight, &resource_type, exemptions.as_deref(), query);
                let question = Question::new(Some(&id), Some(&resource_type), &scopes);
                let (answer, paging) = self.ask(&question, at).await?;
                let page = reader.open(answer.text()?).map_err(while_querying)?;
                let then = paging.next(&page).map_or(Then::Done, Then::Next);
                Ok(leaving_others(insight, &resource_type, page.into_step(then)))
            }
            Kind::Exempted { resource_type } => {
                let exemptions = self.exemptions.read().ok_or_else(unplanned)?;
                let reader = self.reader(&catalogue, insight, &resource_type, Some(&exemptions), query);
                let Seen { at, mut seen } = Seen::from_cursor(at)?;
                let question = Question {
                    insight_exemptions: true,
                    ..Question::new(Some(&id), Some(&resource_type), &scopes)
                };
                let (answer, paging) = match self.ask(&question, &at).await {
                    // Nobody documents that flag: a server that does not take it leaves the list of exemptions.
                    Err(error) if at == Cursor::Start && is_about_the_flag(&error) => {
                        let (findings, mut notices) = reader.unseen(&[]);
                        notices.push(Notice::new(
                            "InsightCloudSec does not show exempted resources here; they are taken from their exemptions",
                        ));
                        return Ok(Step { notices, ..Step::done(findings) });
                    }
                    answer => answer?,
                };
                let (mut page, met) = reader.exempted(answer.text()?).map_err(while_querying)?;
                seen.extend(met);
                if let Some(at) = paging.next(&page) {
                    return Ok(page.into_step(Then::Next(Seen { at, seen }.into_cursor()?)));
                }
                let (unseen, notices) = reader.unseen(&seen);
                page.findings.extend(unseen);
                page.notices.extend(notices);
                Ok(page.into_step(Then::Done))
            }
        }
    }
}

/// A server that does not heed the type that it was asked about lists the same resources for each type of an insight: those
/// of another one are taken there.
fn leaving_others(insight: &Insight, resource_type: &str, step: Step<Finding>) -> Step<Finding> {
    let is_others = |finding: &Finding| {
        let said = finding.resource.kind.as_deref().filter(|said| *said != resource_type);
        said.is_some_and(|said| insight.resource_types.iter().flatten().any(|other| **other == *said))
    };
    step.leaving(
        is_others,
        "among the resources of one type the vendor lists some of others; they are taken where these are asked for",
    )
}

/// The place in a scope of exempted findings: the vendor's place, and which exemptions were met on the way.
#[derive(Serialize, Deserialize)]
struct Seen {
    at: Cursor,
    seen: Vec<String>,
}

impl Seen {
    fn from_cursor(cursor: &Cursor) -> Result<Self> {
        let Cursor::Token(text) = cursor else { return Ok(Self { at: cursor.clone(), seen: Vec::new() }) };
        serde_json::from_str(text).map_err(|_| Error::bug("a place in a scope is not this adapter's"))
    }

    fn into_cursor(self) -> Result<Cursor> {
        let text =
            serde_json::to_string(&self).map_err(|_| Error::bug("a place in a scope does not serialise"))?;
        Ok(Cursor::Token(text))
    }
}

/// Whether a refusal may be about `insight_exemptions` alone; also a bad request is a 500 here at times (3.5).
fn is_about_the_flag(error: &Error) -> bool {
    error.kind() == ErrorKind::InvalidRequest || error.status() == Some(500)
}

fn while_querying(error: Error) -> Error {
    error.with_operation(QUERY_RESOURCES)
}

fn unplanned() -> Error {
    Error::bug("findings are planned before they are read")
}

impl InsightCloudSec {
    fn reader<'a>(
        &'a self,
        catalogue: &'a Catalogue,
        insight: &'a Insight,
        resource_type: &'a str,
        exemptions: Option<&'a Exemptions>,
        query: &FindingQuery,
    ) -> Reader<'a> {
        let exemptions = exemptions.and_then(|list| list.of_type(&insight.rule.id, resource_type));
        Reader { origin: &self.origin, catalogue, insight, resource_type, exemptions, raw: query.raw }
    }

    /// The accounts. Without them, findings lack their accounts' names only, unless the query is about certain ones.
    async fn read_accounts(&self, query: &FindingQuery, plan: &mut Plan) -> Result<Vec<Account>> {
        let source: &dyn Source<Account> = self;
        let gathered = gather(source, AccountQuery::default()).await;
        if let Some(error) = gathered.shortfall().cloned() {
            let named = !query.accounts.is_empty() || !query.confined_to.is_empty();
            let nothing = gathered.items.is_empty() && named;
            if nothing || error.kind() == ErrorKind::Authentication {
                return Err(error);
            }
        }
        plan.take_over("clouds", &gathered);
        Ok(gathered.items)
    }

    /// The insights, with the packs they are in. Without packs, findings lack their standards only.
    async fn read_insights(&self, plan: &mut Plan) -> Result<Vec<Arc<Insight>>> {
        let packs = self.read_packs(plan).await?;
        let (insights, rejected) = self.list_insights(&packs).await?;
        for record in rejected {
            let error = Error::new(ErrorKind::Protocol, record.reason).with_owner(cspm_core::Owner::Tool);
            plan.failed.push((Scope::labelled("catalogue", record.name), error));
        }
        Ok(insights)
    }

    async fn read_exemptions(
        &self,
        query: &FindingQuery,
        catalogue: &Catalogue,
        plan: &mut Plan,
    ) -> Result<Arc<Exemptions>> {
        let source: &dyn Source<Exemption> = self;
        let gathered = gather(source, ExemptionQuery { raw: query.raw }).await;
        if let Some(error) = gathered.shortfall().cloned() {
            if error.kind() == ErrorKind::Authentication {
                return Err(error);
            }
            if query.suppressed == SuppressedFilter::Exclude {
                // The query leaves exempted resources out by itself: this list only confirms it.
                let notice =
                    "the list of exemptions could not be read; what InsightCloudSec shows counts as open";
                plan.notices.push(Notice::new(notice));
            } else {
                plan.take_over("exemptions", &gathered);
            }
        } else {
            plan.take_over("exemptions", &gathered);
        }
        let exemptions = Arc::new(Exemptions::in_force(gathered.items, self.now()));
        if exemptions.insights().any(|id| !catalogue.knows_insight(id)) {
            plan.notices.push(Notice::new("exemptions of insights that no longer exist were left out"));
        }
        self.exemptions.put(exemptions.clone());
        Ok(exemptions)
    }
}

/// The accounts that a query is about.
struct Wanted {
    /// Numbers, as they stand in resource ids; `None` if the query names none.
    numbers: Option<HashSet<String>>,
    /// Of these accounts; `None` if it is not known of all of them.
    providers: Option<HashSet<Arc<str>>>,
}

impl Wanted {
    fn among(accounts: &[Account], query: &FindingQuery, plan: &mut Plan) -> Self {
        let missing = |names: &[String]| -> Vec<String> {
            let has = |name: &String| accounts.iter().any(|account| account.identity.is_called(name));
            names.iter().filter(|name| !has(name)).cloned().collect()
        };
        plan.unknown_accounts = missing(&query.accounts);
        for name in missing(&query.confined_to) {
            let message = format!("no account is called {}", clean_text(&name, 100));
            plan.failed.push((Scope::labelled("account", name), Error::new(ErrorKind::NotFound, message)));
        }
        let named = !query.accounts.is_empty() || !query.confined_to.is_empty();
        let wanted =
            || accounts.iter().map(|account| &account.identity).filter(|one| query.wants_account(one));
        let number = |account: &Arc<AccountRef>| account.id.as_deref().and_then(cloud_in).map(str::to_owned);
        let known = !accounts.is_empty() && (named || (plan.failed.is_empty() && plan.short.is_empty()));
        Self {
            numbers: named.then(|| wanted().filter_map(number).collect()),
            providers: wanted()
                .map(|account| account.provider.clone())
                .collect::<Option<_>>()
                .filter(|_| known),
        }
    }

    fn is_nobody(&self) -> bool {
        self.numbers.as_ref().is_some_and(HashSet::is_empty)
    }

    fn has(&self, resource_id: &str) -> bool {
        let Some(numbers) = &self.numbers else { return true };
        cloud_in(resource_id).is_some_and(|number| numbers.contains(number))
    }

    /// False only if the insight is for other clouds, and its counter says so too.
    fn may_violate(&self, insight: &Insight) -> bool {
        match (&insight.providers, &self.providers, insight.counted) {
            (Some(supported), Some(there), Some(0)) => {
                supported.iter().any(|provider| there.contains(provider.as_str()))
            }
            _ => true,
        }
    }
}

/// The wanted accounts' resource ids, as the vendor wrote them, if the query is about certain ones.
fn pushed_down(catalogue: &Catalogue, query: &FindingQuery) -> Vec<String> {
    if query.accounts.is_empty() && query.confined_to.is_empty() {
        return Vec::new();
    }
    let wanted = catalogue.accounts().filter(|account| query.wants_account(account));
    let mut ids: Vec<String> =
        wanted.filter_map(|account| account.id.as_deref().map(str::to_owned)).collect();
    ids.sort_unstable();
    ids
}

/// What the insight alone decides.
fn is_asked_for(insight: &Insight, query: &FindingQuery) -> bool {
    let in_standard = |wanted: &String| {
        insight.standards.iter().any(|standard| {
            same_letters(&standard.id, wanted)
                || standard.name.as_deref().is_some_and(|name| same_letters(name, wanted))
        })
    };
    (query.rules.is_empty() || query.rules.iter().any(|rule| **rule == *insight.rule.id))
        && query.wants_severity(insight.severity)
        && (query.standards.is_empty() || query.standards.iter().any(in_standard))
}

fn remark_on_unknown_rules(query: &FindingQuery, catalogue: &Catalogue, plan: &mut Plan) {
    for rule in query.rules.iter().filter(|rule| !catalogue.knows_insight(rule)) {
        let rule = clean_text(rule, 100);
        plan.notices.push(Notice::new(format!("no insight is called {rule} (write <source>:<insight_id>)")));
    }
}
