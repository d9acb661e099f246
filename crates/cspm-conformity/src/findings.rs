//! Findings: the vendor's checks, account by account; accounts past the vendor's limit in parts (see `split`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cspm_core::{
    Cursor, Error, ErrorKind, Finding, FindingQuery, Notice, Owner, Plan, Rejected, Result, Scope, Source,
    Step, Then, async_trait, clean_text,
};

use crate::Conformity;
use crate::catalogue::{Catalogue, KnownValues};
use crate::decode::{Page, checks_page, total_pages};
use crate::map::account_in;
use crate::narrow::narrow;
use crate::request::{LIST_CHECKS, LIST_SERVICES};
use crate::slice::{Dimension, PAGE_SIZE, WINDOW};
use crate::split::{Division, Part, divide};

const OTHERS: &str = "among the checks of one account the vendor lists some of others; they are taken where these are asked for";

#[async_trait]
impl Source<Finding> for Conformity {
    async fn plan(&self, query: &FindingQuery) -> Result<Plan> {
        self.verdict.forget().await;
        let accounts = self.list_accounts().await?;
        let mut plan = Plan::default();
        plan.failed.extend(accounts.rejected.into_iter().map(unreadable_account));
        let rules = match self.list_rules().await {
            Ok(step) => {
                plan.notices.extend(step.notices);
                plan.failed.extend(unreadable_rules(&step.rejected));
                step.items
            }
            Err(error) if error.kind() == ErrorKind::Authentication => return Err(error),
            Err(error) => {
                plan.failed.push((Scope::labelled("catalogue", "services"), error));
                Vec::new()
            }
        };
        let accounts = accounts.items;
        let catalogue = Arc::new(Catalogue::new(&accounts, rules));
        self.catalogue.put(catalogue);

        let missing = |name: &&String| !accounts.iter().any(|account| account.identity.is_called(name));
        plan.unknown_accounts = query.accounts.iter().filter(missing).cloned().collect();
        plan.failed.extend(query.confined_to.iter().filter(missing).map(|name| no_such_account(name)));
        for account in accounts.iter().filter(|account| query.wants_account(&account.identity)) {
            let id = account.identity.id.as_deref().unwrap_or_default();
            if let Some(slice) = narrow(query, id) {
                plan.scopes.push(scope_of(&Part::of(slice))?);
            }
        }
        Ok(plan)
    }

    async fn step(&self, query: &FindingQuery, scope: &Scope, at: &Cursor) -> Result<Step<Finding>> {
        let part: Part = scope.plan()?;
        let step = match at {
            Cursor::Start => self.first_page(query, &part).await,
            Cursor::Page(number) => {
                let page = self.page(query, &part, *number).await?;
                Ok(step_of(page, Then::Done))
            }
            Cursor::Token(token) => self.next_page(query, &part, token).await,
            Cursor::Offset(_) => Err(Error::bug("checks are not read by offset")),
        };
        let step = step.map_err(|error| error.with_operation(LIST_CHECKS))?;
        Ok(self.leaving_others(&part.slice.account, step))
    }
}

impl Conformity {
    /// A server that does not heed the account that it was asked about lists the same checks for each: those of another
    /// account that is read by itself are taken there.
    fn leaving_others(&self, account: &str, step: Step<Finding>) -> Step<Finding> {
        let catalogue = self.catalogue();
        let is_others = |finding: &Finding| {
            let said = finding.account.id.as_deref().filter(|said| *said != account);
            said.is_some_and(|said| {
                catalogue.account(said).is_some() && account_in(&finding.vendor_id) == Some(said)
            })
        };
        step.leaving(is_others, OTHERS)
    }

    async fn page(&self, query: &FindingQuery, part: &Part, number: u64) -> Result<Page> {
        let answer = self.send(part.slice.page(number)).await?;
        checks_page(answer.text()?, &self.catalogue(), query, &self.origin)
    }

    /// The first page tells how many there are, and with that what follows.
    async fn first_page(&self, query: &FindingQuery, part: &Part) -> Result<Step<Finding>> {
        let catalogue = self.catalogue();
        let mut known = KnownValues { catalogue: &catalogue, seen: BTreeMap::new() };
        let page = match self.page(query, part, 0).await {
            Ok(page) => page,
            Err(error) if error.status() == Some(422) => {
                let parts = part.without_regions(&known).ok_or(error)?;
                return Ok(Step::with(Vec::new(), Then::Split(scopes_of(&parts)?)));
            }
            Err(error) => return Err(error),
        };
        let total = self.total(part, &page).await?;
        // A server that shows nothing past the limit may count no further either: this figure is as good as none.
        let is_doubtful = total == Some(WINDOW) && part.is_by_itself();
        let Some(total) = total.filter(|_| !is_doubtful) else {
            let reach = if is_doubtful { Reach::Full } else { self.reach(part, &page).await? };
            if reach == Reach::Full {
                known.seen = values_in(&page.findings);
            }
            return match (reach == Reach::Full).then(|| part.halves(&known)).flatten() {
                Some(parts) => {
                    let mut step = Step::with(Vec::new(), Then::Split(scopes_of(&parts)?));
                    step.notices.push(uncounted(part));
                    Ok(step)
                }
                None => Ok(self.without_figure(page, reach)),
            };
        };
        if total > WINDOW {
            known.seen = values_in(&page.findings);
        }
        let (division, more) = divide(part, total, &known);
        let mut step = match division {
            Division::Nothing => Step::with(Vec::new(), Then::Split(Vec::new())),
            Division::Split(parts) => Step::with(Vec::new(), Then::Split(scopes_of(&parts)?)),
            Division::Read => {
                let then = pages_after_first(total, &page);
                step_of(page, then)
            }
            Division::Beyond => {
                let then = pages_after_first(WINDOW, &page);
                let mut step = step_of(page, then);
                step.notices.push(Notice::new(format!(
                    "account {} has {total} checks that no filter divides, and nobody can page past {WINDOW}; narrow \
                     the query by region, service or rule",
                    clean_text(&part.slice.account, 60)
                )));
                step
            }
        };
        step.expected = Some(total);
        step.more = scopes_of(&more)?;
        Ok(step)
    }

    /// A listing whose length is not told, or told only in pages: it is read until it ends.
    fn without_figure(&self, page: Page, reach: Reach) -> Step<Finding> {
        let (size, sent) = (page.sent.max(1), page.sent);
        let onward = match (page.total_pages, reach) {
            (Some(0 | 1), _) => Onward { number: 0, size: PAGE_SIZE, until: Until::Short },
            (_, Reach::Full | Reach::Repeated) => Onward { number: 0, size, until: Until::Short },
            (_, Reach::Ends) => Onward { number: 0, size, until: Until::Empty },
        };
        step_of(page, onward.after(sent))
    }

    /// How far a listing goes that tells no figure: what is at the last place that anybody can page to. Only if a check is
    /// there that the first page does not have can there be more.
    async fn reach(&self, part: &Part, page: &Page) -> Result<Reach> {
        if page.sent == 0 || page.total_pages.is_some() {
            return Ok(Reach::Ends);
        }
        let answer = self.send(part.slice.last_in_reach()).await?;
        let last = checks_page(answer.text()?, &self.catalogue(), &FindingQuery::default(), &self.origin)?;
        let is_known = |check: &Finding| page.findings.iter().any(|known| known.uid == check.uid);
        Ok(match last.sent {
            0 => Reach::Ends,
            _ if last.rejected.is_empty() && last.findings.iter().all(is_known) => Reach::Repeated,
            _ => Reach::Full,
        })
    }

    /// A page whose successor depends on what it brings.
    async fn next_page(&self, query: &FindingQuery, part: &Part, token: &str) -> Result<Step<Finding>> {
        let onward = Onward::read(token).ok_or_else(|| Error::bug("a cursor is not this adapter's"))?;
        let page = self.page(query, part, onward.number).await?;
        let then = onward.after(page.sent);
        Ok(step_of(page, then))
    }

    /// How many checks the part has. Servers that tell only the number of pages (section 3.5) are asked for pages of one
    /// where the exact figure matters: past the limit, and where other parts depend on it.
    async fn total(&self, part: &Part, page: &Page) -> Result<Option<u64>> {
        if page.total.is_some() {
            return Ok(page.total);
        }
        let needed = part.chain.is_some() || part.found.is_some();
        match page.total_pages {
            Some(0 | 1) if needed => Ok(Some(page.sent)),
            // More than one page, and no figure to hold them to: without one, a gap between pages would go unseen.
            Some(pages) if pages > 1 => {
                let answer = self.send(part.slice.one_by_one()).await?;
                let total = total_pages(answer.text()?)?;
                total.map(Some).ok_or_else(|| {
                    Error::new(ErrorKind::Protocol, "the vendor stopped saying how many there are")
                })
            }
            None if needed => {
                Err(Error::new(ErrorKind::Protocol, "the vendor stopped saying how many checks there are"))
            }
            _ => Ok(None),
        }
    }
}

/// The pages after the first of a listing of so many, which can be read side by side. A server may give fewer on a page
/// than asked: then what came tells the size. Its own figure of pages counts as well, if it is the larger one.
///
/// A figure that is too low ends nothing: if the last page that it allows brings more than it leaves for that page, reading
/// goes on as long as pages are full.
fn pages_after_first(total: u64, page: &Page) -> Then {
    let asked = PAGE_SIZE.min(total);
    let clipped = page.sent > 0 && page.sent < asked && page.sent.is_multiple_of(10);
    let size = if clipped { page.sent } else { PAGE_SIZE };
    let most = (WINDOW / size).max(1);
    let pages = total.div_ceil(size).max(page.total_pages.unwrap_or(0)).min(most);
    let number = pages.saturating_sub(1);
    let last = Onward { number, size, until: Until::AsTold(total.saturating_sub(number * size)) };
    match pages {
        0 | 1 => last.after(page.sent),
        // The figure says that there is more than can be read; the engine holds what comes to it.
        _ if pages == most => Then::Fan((1..pages).map(Cursor::Page).collect()),
        _ => Then::Fan((1..pages - 1).map(Cursor::Page).chain([last.cursor()]).collect()),
    }
}

/// What is at the last place within reach of a listing that tells no figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Nothing: it ends before.
    Ends,
    /// A check: it may go on past the limit.
    Full,
    /// What the first page has already: the page asked for is ignored, or the last one is given again and again.
    Repeated,
}

/// A page whose successor depends on what it brings; travels as a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Onward {
    number: u64,
    /// How many records a full page has, as far as is known.
    size: u64,
    until: Until,
}

/// What ends a listing whose length is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// An empty page. It is known to end before the limit.
    Empty,
    /// A page that is not full. It may go on past the limit.
    Short,
    /// This page, if it brings no more than so many; else as [`Short`](Self::Short).
    AsTold(u64),
}

impl Onward {
    fn cursor(self) -> Cursor {
        let Self { number, size, until } = self;
        Cursor::Token(match until {
            Until::Empty => format!("empty:{number}:{size}"),
            Until::Short => format!("short:{number}:{size}"),
            Until::AsTold(left) => format!("told:{number}:{size}:{left}"),
        })
    }

    fn read(token: &str) -> Option<Self> {
        let (word, figures) = token.split_once(':')?;
        let figures: Vec<u64> =
            figures.split(':').map(|figure| figure.parse().ok()).collect::<Option<_>>()?;
        let (number, size, until) = match (word, figures.as_slice()) {
            ("empty", [number, size]) => (*number, *size, Until::Empty),
            ("short", [number, size]) => (*number, *size, Until::Short),
            ("told", [number, size, left]) => (*number, *size, Until::AsTold(*left)),
            _ => return None,
        };
        Some(Self { number, size, until })
    }

    /// What comes after this page, now that it brought so many.
    fn after(self, sent: u64) -> Then {
        let size = self.size.max(sent);
        let is_last_in_reach = self.number.saturating_add(2).saturating_mul(size) > WINDOW;
        let until = match self.until {
            Until::Empty if sent == 0 || is_last_in_reach => return Then::Done,
            Until::AsTold(left) if sent <= left => return Then::Done,
            Until::AsTold(_) | Until::Short if sent < self.size => return Then::Done,
            Until::AsTold(_) | Until::Short if is_last_in_reach => return Then::Stop(out_of_reach()),
            Until::Empty => Until::Empty,
            Until::AsTold(_) | Until::Short => Until::Short,
        };
        Then::Next(Self { number: self.number.saturating_add(1), size, until }.cursor())
    }
}

fn out_of_reach() -> Error {
    let message =
        format!("the vendor does not say how many checks there are, and nobody can page past {WINDOW}");
    Error::new(ErrorKind::Protocol, message).with_hint("narrow the query by region, service or rule")
}

/// Said of an account that is divided without a figure for the whole.
fn uncounted(part: &Part) -> Notice {
    Notice::new(format!(
        "account {} has {WINDOW} checks or more and the vendor does not say how many: a check with a region, service, \
         rule or level that no list has would not be found",
        clean_text(&part.slice.account, 60)
    ))
}

fn step_of(page: Page, then: Then) -> Step<Finding> {
    let mut step = Step::with(page.findings, then).expecting(page.total);
    step.rejected = page.rejected;
    step.notices = page.notices;
    step
}

/// What records say of values that no catalogue lists.
fn values_in(findings: &[Finding]) -> BTreeMap<Dimension, BTreeSet<Arc<str>>> {
    let regions = findings.iter().filter_map(|finding| finding.region.clone()).collect();
    let services = findings.iter().filter_map(|finding| finding.rule.service.clone()).collect();
    BTreeMap::from([(Dimension::Regions, regions), (Dimension::Services, services)])
}

fn scope_of(part: &Part) -> Result<Scope> {
    part.slice.scope().with_plan(part)
}

fn scopes_of(parts: &[Part]) -> Result<Vec<Scope>> {
    parts.iter().map(scope_of).collect()
}

fn unreadable_account(rejected: Rejected) -> (Scope, Error) {
    let message = format!("the account could not be understood: {}", rejected.reason);
    let error = Error::new(ErrorKind::Protocol, message).with_owner(Owner::Tool);
    (Scope::labelled("account", rejected.name), error)
}

fn unreadable_rules(rejected: &[Rejected]) -> Option<(Scope, Error)> {
    let first = rejected.first()?;
    let message = format!(
        "{} rules of the catalogue could not be understood, the first is {}: {}",
        rejected.len(),
        first.name,
        first.reason
    );
    let error =
        Error::new(ErrorKind::Protocol, message).with_owner(Owner::Tool).with_operation(LIST_SERVICES);
    Some((Scope::labelled("catalogue", "services"), error))
}

fn no_such_account(name: &str) -> (Scope, Error) {
    let message = format!("no account is called \"{}\"", clean_text(name, 60));
    let error =
        Error::new(ErrorKind::NotFound, message).with_hint("see `cspm accounts`, and mend accounts = […]");
    (Scope::labelled("account", name), error)
}
