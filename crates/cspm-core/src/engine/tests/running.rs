//! A reading under way: who waits for whom, stopping, progress, and the two ways in.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt};

use super::support::*;
use crate::engine::Snapshot;
use crate::{
    Account, AccountRef, Capabilities, Capability, Cursor, Diagnosis, ErrorKind, Finding, FindingQuery,
    Meter, Notice, Operation, Origin, Outcome, OutcomeFilter, Owner, Plan, Result, Rule, RuleRef, Scope,
    Source, Step, Then, Vendor, gather, read,
};

/// A hundred pages of ten records, all known after the first.
fn hundred_pages() -> Script {
    Script::new(&["a"], |_, at, _| Ok(fan(1_000, 10, at)))
}

#[tokio::test]
async fn p28_a_reader_that_stops_stops_the_requests() {
    for side_by_side in [1, 4] {
        let script = hundred_pages();
        let mut reading = script.reading(side_by_side);
        for _ in 0..25 {
            reading.next().await.unwrap();
        }
        let before = script.asked().len();
        assert!(before <= 3 + side_by_side, "{before} requests for 25 records");
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(script.asked().len(), before, "nobody polls, nothing is asked");
        assert_eq!(reading.count().await, 975);
    }
}

#[tokio::test]
async fn no_more_steps_are_in_flight_than_allowed() {
    for side_by_side in [0, 1, 4] {
        let script = hundred_pages();
        let mut reading = script.reading(side_by_side);
        for _ in 0..10 {
            reading.next().await.unwrap();
        }
        // One more poll launches as many as are allowed, and none of them has answered yet.
        assert!(reading.next().now_or_never().is_none());
        assert_eq!(script.asked().len(), 1 + side_by_side.max(1));
    }
}

#[tokio::test]
async fn nothing_is_asked_before_the_first_poll() {
    let script = hundred_pages();
    let reading = script.reading(4);
    tokio::task::yield_now().await;
    let report = reading.into_report();
    assert!(script.asked().is_empty());
    assert!(!report.complete, "nothing was read, and that is not complete");
    assert_eq!(report.error.unwrap().owner(), Owner::Customer);
}

#[tokio::test]
async fn interrupted_in_mid_run_what_was_read_comes_out_and_the_rest_is_reported() {
    let script = Script::new(&["a", "b", "c"], |name, at, _| match name {
        "a" => Ok(Step::done(vec![item("a")]).expecting(Some(1))),
        _ => Ok(Step { items: page_of(1_000, 10, page_number(at)), ..fan(1_000, 10, at) }),
    });
    let mut reading = script.reading(1);
    assert_eq!(reading.next().await.unwrap().id, "a");
    for _ in 0..15 {
        reading.next().await.unwrap();
    }
    reading.interrupt();
    let asked = script.asked().len();
    assert_eq!((&mut reading).count().await, 5, "the rest of the page that was read");
    assert_eq!(script.asked().len(), asked, "and nothing was asked any more");
    let report = reading.into_report();
    assert_eq!(report.findings, 21);
    assert!(!report.complete);
    assert_eq!(scope_lines(&report), ["a 1/1 complete", "b 20/1000 timeout", "c 0/- timeout"]);
    let error = report.scopes.iter().find_map(|scope| scope.error.clone()).unwrap();
    assert_eq!(error.owner(), Owner::Customer);
}

#[tokio::test]
async fn an_interruption_while_planning_is_the_connections_error() {
    let script = hundred_pages();
    let mut reading = script.reading(4);
    assert!(reading.next().now_or_never().is_none());
    reading.interrupt();
    assert!(reading.next().await.is_none());
    let report = reading.into_report();
    assert!(report.failed_as_a_whole());
    assert_eq!(report.error.unwrap().kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn an_interrupted_family_reports_what_its_parts_had_not_announced() {
    let script = Script::new(&["a"], |name, at, _| match name {
        "a" => Ok(Step::with(Vec::new(), Then::Split(scopes(&["b", "c"]))).expecting(Some(50))),
        _ => Ok(fan(20, 10, at)),
    });
    let mut reading = script.reading(1);
    for _ in 0..10 {
        reading.next().await.unwrap();
    }
    let report = reading.into_report();
    assert_eq!(scope_lines(&report), ["b 10/20 timeout", "c 0/- timeout", "remainder a 0/30 timeout"]);
}

#[tokio::test]
async fn a_report_asked_for_too_early_does_not_claim_records_that_nobody_took() {
    let script = Script::new(&["a"], |_, _, _| Ok(Step::done(items(0..10)).expecting(Some(10))));
    let mut reading = script.reading(4);
    for _ in 0..4 {
        reading.next().await.unwrap();
    }
    let report = reading.into_report();
    assert_eq!(report.findings, 4);
    assert!(!report.complete, "six records were read and never handed on");
    assert!(report.error.unwrap().message().contains("6 records"));
}

#[tokio::test]
async fn a_report_after_the_last_record_is_complete_even_if_the_end_was_not_awaited() {
    let script = Script::new(&["a"], |_, _, _| Ok(Step::done(items(0..10)).expecting(Some(10))));
    let mut reading = script.reading(4);
    for _ in 0..10 {
        reading.next().await.unwrap();
    }
    let report = reading.into_report();
    assert!(report.complete);
    assert_eq!(report.findings, 10);
}

#[tokio::test]
async fn an_interruption_after_the_end_changes_nothing() {
    let script = hundred_pages();
    let mut reading = script.reading(4);
    assert_eq!((&mut reading).count().await, 1_000);
    reading.interrupt();
    let report = reading.into_report();
    assert!(report.complete);
    assert_eq!(report.findings, 1_000);
}

#[tokio::test]
async fn each_notice_is_said_once_with_how_often_it_was_met() {
    let script = Script::planned(
        || Ok(Plan { notices: vec![Notice::new("planned")], ..Plan::of(scopes(&["a", "b"])) }),
        |name, _, _| {
            let mut step = Step::done(vec![item(&format!("{name} 1")), item(&format!("{name} 2"))]);
            step.items[0].remark = Some("odd");
            step.items[1].remark = Some("unwanted and odd");
            step.items[1].wanted = false;
            step.notices = vec![Notice::new("paged")];
            Ok(step)
        },
    );
    let run = run(&script).await;
    assert_eq!(run.report.notices, ["odd (2 times)", "paged (2 times)", "planned"]);
}

#[tokio::test]
async fn progress_shows_what_is_known_so_far_and_ends_finished() {
    let script = Script::new(&["a", "b"], |name, at, _| match name {
        "a" => {
            let mut step = fan(20, 10, at);
            step.items[0].wanted = false;
            Ok(step)
        }
        "b" => Ok(Step::with(Vec::new(), Then::Split(scopes(&["c", "d"]))).expecting(Some(6))),
        "c" => Ok(Step::done(items(100..104)).expecting(Some(4))),
        _ => Ok(Step::done(items(104..106)).expecting(Some(2))),
    });
    let mut reading = script.reading(1);
    let progress = reading.progress();
    assert_eq!(progress.snapshot(), Snapshot::default());
    reading.next().await.unwrap();
    for _ in 0..9 {
        reading.next().await.unwrap();
    }
    let halfway =
        Snapshot { written: 9, received: 10, expected: 20, scopes: 2, scopes_done: 0, finished: false };
    assert_eq!(progress.snapshot(), halfway);
    assert_eq!((&mut reading).count().await, 14);
    let end = Snapshot { written: 24, received: 26, expected: 26, scopes: 3, scopes_done: 3, finished: true };
    assert_eq!(progress.snapshot(), end);
}

#[tokio::test]
async fn a_second_pass_does_not_double_the_progress() {
    let script = Script::new(&["a"], |_, at, before| Ok(fan(20 + 5 * u64::from(before == 0), 10, at)));
    let mut reading = script.reading(1);
    let progress = reading.progress();
    while reading.next().await.is_some() {}
    let shown = progress.snapshot();
    assert_eq!((shown.expected, shown.written, shown.received), (25, 25, 25));
}

#[tokio::test]
async fn a_whole_that_is_counted_again_does_not_double_the_progress() {
    let script = Script::new(&["a"], |name, _, before| match name {
        "a" => Ok(Step::with(Vec::new(), Then::Split(scopes(&["b"]))).expecting(Some(9 - before as u64))),
        _ => Ok(Step::done(items(0..8)).expecting(Some(8))),
    });
    let mut reading = script.reading(1);
    let progress = reading.progress();
    assert_eq!((&mut reading).count().await, 8);
    let end = Snapshot { written: 8, received: 8, expected: 8, scopes: 1, scopes_done: 1, finished: true };
    assert_eq!(progress.snapshot(), end);
    assert!(reading.into_report().complete);
}

#[tokio::test]
async fn gather_brings_everything_or_says_what_is_missing() {
    let script = Script::new(&["a", "b"], |_, at, _| Ok(fan(20, 10, at)));
    let gathered = gather(&script, ()).await;
    assert_eq!(gathered.items.len(), 40, "one id may stand in two listings");
    assert!(gathered.shortfall().is_none());

    let script = Script::new(
        &["a", "b"],
        |name, at, _| if name == "a" { Ok(fan(20, 10, at)) } else { Err(refusal()) },
    );
    let gathered = gather(&script, ()).await;
    assert_eq!(gathered.items.len(), 20);
    assert!(gathered.error.is_none());
    assert_eq!(gathered.shortfall().unwrap().kind(), ErrorKind::Permission);

    let script = Script::planned(|| Err(outage()), |_, _, _| unreachable!());
    let gathered = gather(&script, ()).await;
    assert!(gathered.items.is_empty());
    assert_eq!(gathered.shortfall().unwrap().kind(), ErrorKind::Network);
}

/// A connection with two findings, which counts what it sends.
struct Pair {
    origin: Origin,
    meter: Meter,
}

static CAPABILITIES: Capabilities = Capabilities {
    vendor: "pair",
    rows: &[
        Capability::yes(Operation::Findings, ""),
        Capability::no(Operation::PassingFindings, "it lists what is broken only"),
    ],
};

#[async_trait]
impl Vendor for Pair {
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
        unreachable!()
    }

    fn rules(&self) -> &dyn Source<Rule> {
        unreachable!()
    }

    async fn diagnose(&self) -> Vec<Diagnosis> {
        Vec::new()
    }
}

#[async_trait]
impl Source<Finding> for Pair {
    async fn plan(&self, _query: &FindingQuery) -> Result<Plan> {
        Ok(Plan::of(vec![Scope::default()]))
    }

    async fn step(&self, _query: &FindingQuery, _scope: &Scope, _at: &Cursor) -> Result<Step<Finding>> {
        self.meter.sent(false);
        self.meter.sent(true);
        self.meter.throttled();
        self.meter.ended();
        self.meter.ended();
        let finding = |id: &str, outcome| {
            let mut finding = Finding::new(
                &self.origin,
                id.to_owned(),
                Arc::<RuleRef>::default(),
                Arc::<AccountRef>::default(),
            );
            finding.outcome = outcome;
            finding.vendor_severity = Some("DIRE".into());
            finding
        };
        Ok(Step::done(vec![finding("1", Outcome::Fail), finding("2", Outcome::Pass)]).expecting(Some(2)))
    }
}

#[tokio::test]
async fn a_connection_is_read_through_its_door_and_its_requests_are_counted() {
    let pair = Arc::new(Pair { origin: Origin::new("here", "pair"), meter: Meter::default() });
    pair.meter.sent(false);
    let mut reading = read::<Finding>(pair.clone(), FindingQuery::default()).unwrap();
    let found: Vec<_> = (&mut reading).map(|finding| finding.uid).collect().await;
    assert_eq!(found, ["pair:here:1"], "the query is applied again to what the vendor sends");
    let report = reading.into_report();
    assert_eq!((&*report.name, &*report.vendor), ("here", "pair"));
    assert_eq!((report.requests, report.retries, report.throttled), (2, 1, 1), "only its own requests");
    assert_eq!(report.notices, ["unknown severity \"DIRE\""], "what was not asked for is not remarked on");
    assert!(report.complete);

    let refused =
        read::<Finding>(pair, FindingQuery { outcome: OutcomeFilter::Pass, ..FindingQuery::default() });
    assert_eq!(refused.err().unwrap().kind(), ErrorKind::Unsupported);
}
