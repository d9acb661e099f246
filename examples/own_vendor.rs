//! A vendor of your own: a fourth adapter in one file. It translates; the engine pages, counts and proves completeness.

use std::sync::Arc;

use cspm::{
    Account, AccountQuery, AccountRef, Capabilities, Capability, Cursor, Diagnosis, Error, ErrorKind,
    Finding, FindingQuery, Fleet, Meter, Operation, Origin, Outcome, Plan, Result, Rule, RuleQuery, RuleRef,
    Scope, Severity, Source, State, Step, Then, Vendor, async_trait,
};
use futures_util::StreamExt;

/// What it can do, known before the first request.
const CAPABILITIES: Capabilities = Capabilities {
    vendor: "spreadsheet",
    rows: &[
        Capability::yes(Operation::Findings, ""),
        Capability::no(Operation::PassingFindings, "the spreadsheet lists failures only"),
    ],
};

/// A "vendor" that keeps its findings in memory, two on a page.
struct Spreadsheet {
    origin: Origin,
    meter: Meter,
    rows: Vec<(&'static str, &'static str, Severity)>,
}

#[async_trait]
impl Source<Finding> for Spreadsheet {
    async fn plan(&self, _query: &FindingQuery) -> Result<Plan> {
        Ok(Plan::of(vec![Scope::labelled("listing", "rows")]))
    }

    async fn step(&self, _query: &FindingQuery, _scope: &Scope, at: &Cursor) -> Result<Step<Finding>> {
        let from = match at {
            Cursor::Start => 0,
            Cursor::Offset(offset) => usize::try_from(*offset).unwrap_or(usize::MAX),
            _ => return Err(Error::bug("a cursor of somebody else")),
        };
        let page: Vec<Finding> = self.rows.iter().skip(from).take(2).map(|row| self.finding(row)).collect();
        let next = from + page.len();
        let then = if next < self.rows.len() { Then::Next(Cursor::Offset(next as u64)) } else { Then::Done };
        Ok(Step::with(page, then).expecting(Some(self.rows.len() as u64)))
    }
}

impl Spreadsheet {
    fn finding(&self, (resource, rule, severity): &(&str, &str, Severity)) -> Finding {
        let rule = Arc::new(RuleRef {
            id: (*rule).into(),
            title: Some("Written down by hand".into()),
            ..RuleRef::default()
        });
        let account = Arc::new(AccountRef { name: Some("everything".into()), ..AccountRef::default() });
        let mut finding = Finding::new(&self.origin, format!("{}/{resource}", rule.id), rule, account);
        finding.outcome = Outcome::Fail;
        finding.state = Some(State::Open);
        finding.severity = *severity;
        finding.resource.name = Some((*resource).to_owned());
        finding
    }
}

#[async_trait]
impl Source<Account> for Spreadsheet {
    async fn plan(&self, _query: &AccountQuery) -> Result<Plan> {
        Ok(Plan::default())
    }

    async fn step(&self, _query: &AccountQuery, _scope: &Scope, _at: &Cursor) -> Result<Step<Account>> {
        Err(Error::new(ErrorKind::Unsupported, "a spreadsheet has no accounts"))
    }
}

#[async_trait]
impl Source<Rule> for Spreadsheet {
    async fn plan(&self, _query: &RuleQuery) -> Result<Plan> {
        Ok(Plan::default())
    }

    async fn step(&self, _query: &RuleQuery, _scope: &Scope, _at: &Cursor) -> Result<Step<Rule>> {
        Err(Error::new(ErrorKind::Unsupported, "a spreadsheet has no rules"))
    }
}

#[async_trait]
impl Vendor for Spreadsheet {
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
        self
    }

    fn rules(&self) -> &dyn Source<Rule> {
        self
    }

    async fn diagnose(&self) -> Vec<Diagnosis> {
        vec![Diagnosis::well("address", "it is in memory")]
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let rows = vec![
        ("printer", "P-1", Severity::Low),
        ("door", "D-7", Severity::Critical),
        ("safe", "D-7", Severity::High),
    ];
    let vendor = Spreadsheet { origin: Origin::new("office", "spreadsheet"), meter: Meter::default(), rows };
    let fleet = Fleet::new().with(Arc::new(vendor));
    let query = FindingQuery { min_severity: Some(Severity::High), ..FindingQuery::default() };
    let mut run = fleet.findings(&query)?;
    let mut seen = Vec::new();
    while let Some(finding) = run.next().await {
        println!("{}", finding.uid);
        seen.push(finding.uid);
    }
    assert_eq!(seen, ["spreadsheet:office:D-7/door", "spreadsheet:office:D-7/safe"]);
    assert!(run.finish().complete);
    Ok(())
}
