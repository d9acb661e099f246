//! A source that answers by script and writes down what it was asked.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;

use async_trait::async_trait;
use futures_util::StreamExt;

use crate::engine::pages::{Door, Pages};
use crate::engine::{Landing, Reading, Seed};
use crate::{
    Capabilities, ConnectionReport, Cursor, Error, ErrorKind, Notice, Notices, Plan, Record, Rejected,
    Result, Scope, ScopeReport, Source, Step, Then, Vendor,
};

/// A record: an id, and what the engine may be told about it.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) wanted: bool,
    pub(super) remark: Option<&'static str>,
}

impl Record for Item {
    type Query = ();

    fn identity(&self) -> &str {
        &self.id
    }

    fn is_wanted(&self, (): &()) -> bool {
        self.wanted
    }

    fn remark(&self, (): &(), notices: &mut Notices) {
        if let Some(remark) = self.remark {
            notices.add(Notice::new(remark));
        }
    }

    fn source(_vendor: &dyn Vendor) -> &dyn Source<Self> {
        unreachable!("items are only read from a borrowed source")
    }

    fn check((): &(), _capabilities: &Capabilities) -> Result<()> {
        Ok(())
    }
}

pub(super) fn item(id: &str) -> Item {
    Item { id: id.to_owned(), wanted: true, remark: None }
}

pub(super) fn items(ids: Range<u64>) -> Vec<Item> {
    ids.map(|id| item(&id.to_string())).collect()
}

/// The ids of a range in the order in which [`Run::ids`] gives them.
pub(super) fn ids(ids: Range<u64>) -> Vec<String> {
    sorted(ids.map(|id| id.to_string()).collect())
}

pub(super) fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_unstable();
    ids
}

pub(super) fn scope(name: &str) -> Scope {
    Scope::labelled("scope", name)
}

pub(super) fn scopes(names: &[&str]) -> Vec<Scope> {
    names.iter().copied().map(scope).collect()
}

/// A token that says which page it leads to.
pub(super) fn token(number: u64) -> Cursor {
    Cursor::Token(number.to_string())
}

pub(super) fn next(items: Vec<Item>, at: Cursor) -> Step<Item> {
    Step::with(items, Then::Next(at))
}

/// A failure that may pass.
pub(super) fn outage() -> Error {
    Error::new(ErrorKind::Network, "no connection").temporary()
}

/// A failure that will not.
pub(super) fn refusal() -> Error {
    Error::new(ErrorKind::Permission, "may not read this")
}

pub(super) fn rejected(name: &str) -> Rejected {
    Rejected { name: name.to_owned(), reason: "no severity".to_owned() }
}

type Planner = Box<dyn Fn() -> Result<Plan> + Send + Sync>;
type Stepper = Box<dyn Fn(&str, &Cursor, usize) -> Result<Step<Item>> + Send + Sync>;

/// Answers from two functions: one plans; one is told the scope's name, the cursor, and how often just this was asked
/// before.
pub(super) struct Script {
    plan: Planner,
    step: Stepper,
    /// The scope whose answers take longer than those of all others.
    slow: Option<&'static str>,
    asked: Mutex<Vec<String>>,
    counts: Mutex<HashMap<String, usize>>,
}

impl Script {
    pub(super) fn new(
        names: &[&str],
        step: impl Fn(&str, &Cursor, usize) -> Result<Step<Item>> + Send + Sync + 'static,
    ) -> Self {
        let scopes = scopes(names);
        Self::planned(move || Ok(Plan::of(scopes.clone())), step)
    }

    pub(super) fn planned(
        plan: impl Fn() -> Result<Plan> + Send + Sync + 'static,
        step: impl Fn(&str, &Cursor, usize) -> Result<Step<Item>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            plan: Box::new(plan),
            step: Box::new(step),
            slow: None,
            asked: Mutex::default(),
            counts: Mutex::default(),
        }
    }

    pub(super) fn slow(self, name: &'static str) -> Self {
        Self { slow: Some(name), ..self }
    }

    /// What it was asked: `a@start`, `a@page 2`, `a@offset 100`, `a@token x`.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn reading(&self, side_by_side: usize) -> Reading<'_, Item> {
        Reading::of(Pages::new(Door::Borrowed(self), (), side_by_side, Seed::random()))
    }

    /// Goes on where these landings end.
    pub(super) fn resumed(
        &self,
        side_by_side: usize,
        seed: Seed,
        landings: Vec<Landing>,
    ) -> Result<Pages<'_, Item>> {
        Pages::new(Door::Borrowed(self), (), side_by_side, seed).resumed(landings)
    }
}

#[async_trait]
impl Source<Item> for Script {
    async fn plan(&self, (): &()) -> Result<Plan> {
        tokio::task::yield_now().await;
        (self.plan)()
    }

    async fn step(&self, (): &(), scope: &Scope, at: &Cursor) -> Result<Step<Item>> {
        let name = name_of(&scope.labels);
        let place = match at {
            Cursor::Start => format!("{name}@start"),
            Cursor::Page(page) => format!("{name}@page {page}"),
            Cursor::Offset(offset) => format!("{name}@offset {offset}"),
            Cursor::Token(token) => format!("{name}@token {token}"),
        };
        self.asked.lock().unwrap().push(place.clone());
        let before = {
            let mut counts = self.counts.lock().unwrap();
            let count = counts.entry(place).or_default();
            *count += 1;
            *count - 1
        };
        for _ in 0..if self.slow == Some(&name) { 10 } else { 1 } {
            tokio::task::yield_now().await;
        }
        (self.step)(&name, at, before)
    }
}

fn name_of(labels: &std::collections::BTreeMap<String, String>) -> String {
    labels.values().cloned().collect::<Vec<_>>().join(" ")
}

/// A reading that has ended.
pub(super) struct Run {
    /// The ids in the order in which they came.
    pub(super) ids: Vec<String>,
    pub(super) report: ConnectionReport,
    pub(super) asked: Vec<String>,
}

/// Reads a script to its end, four steps side by side.
pub(super) async fn run(script: &Script) -> Run {
    let mut reading = script.reading(4);
    let mut ids = Vec::new();
    while let Some(item) = reading.next().await {
        ids.push(item.id);
    }
    assert!(reading.next().await.is_none(), "a stream that has ended stays ended");
    let report = reading.into_report();
    assert_eq!(report.findings, ids.len() as u64, "the report counts what was handed on");
    Run { ids, report, asked: script.asked() }
}

impl Run {
    pub(super) fn ids(&self) -> Vec<String> {
        sorted(self.ids.clone())
    }

    /// One line a scope, in order: `a 10/10 complete`, `b 3/- network`.
    pub(super) fn scopes(&self) -> Vec<String> {
        scope_lines(&self.report)
    }

    pub(super) fn error_of(&self, name: &str) -> String {
        let scope = self.report.scopes.iter().find(|scope| name_of(&scope.scope) == name);
        scope.and_then(|scope| scope.error.as_ref()).map(ToString::to_string).unwrap_or_default()
    }

    /// Asserts that nothing is missing: these ids, each once, and every scope complete.
    pub(super) fn assert_complete(&self, ids: &[String]) {
        assert_eq!(self.ids(), ids);
        assert!(self.report.complete, "{:?}", self.scopes());
        assert!(self.report.error.is_none() && self.report.scopes.iter().all(|scope| scope.error.is_none()));
    }
}

pub(super) fn scope_lines(report: &ConnectionReport) -> Vec<String> {
    sorted(report.scopes.iter().map(line).collect())
}

fn line(report: &ScopeReport) -> String {
    let expected = report.expected.map_or("-".to_owned(), |expected| expected.to_string());
    let outcome = report.error.as_ref().map_or("complete", |error| error.kind().as_str());
    assert_eq!(report.complete, report.error.is_none(), "incomplete without a reason, or the reverse");
    format!("{} {}/{expected} {outcome}", name_of(&report.scope), report.received)
}

/// Page `number` of so many records, `size` a page.
pub(super) fn page_of(total: u64, size: u64, number: u64) -> Vec<Item> {
    items((number * size).min(total)..((number + 1) * size).min(total))
}

/// The number of a page-numbered request; the first page is 0.
pub(super) fn page_number(at: &Cursor) -> u64 {
    match at {
        Cursor::Start => 0,
        Cursor::Page(page) => *page,
        other => panic!("not a page: {other:?}"),
    }
}

/// The number in a token; the first page is 0.
pub(super) fn token_number(at: &Cursor) -> u64 {
    match at {
        Cursor::Start => 0,
        Cursor::Token(token) => token.parse().unwrap(),
        other => panic!("not a token: {other:?}"),
    }
}

/// A page-numbered listing that tells its total, and whose other pages are read side by side.
pub(super) fn fan(total: u64, size: u64, at: &Cursor) -> Step<Item> {
    let number = page_number(at);
    let step = match number {
        0 => Then::Fan((1..total.div_ceil(size)).map(Cursor::Page).collect()),
        _ => Then::Done,
    };
    Step::with(page_of(total, size, number), step).expecting(Some(total))
}
