//! What is written again, what is not, and what is told as gone.

use std::sync::Arc;

use cspm_core::{FindingQuery, RunReport, Severity, Timestamp};

use super::{Incremental, LastComplete, StateError};
use crate::Fleet;
use crate::fake::Fake;

const BEFORE: &str = "2026-01-01T00:00:00Z";

/// A run at a moment: what it writes, its report, and what the next one compares with, by way of a file.
async fn run_at(
    fleet: &Fleet,
    last: LastComplete,
    query: &FindingQuery,
    begun: &str,
) -> (Vec<String>, RunReport, LastComplete) {
    let begun = Timestamp::parse(begun).unwrap();
    let mut incremental = Incremental::new(last, fleet, query, begun).unwrap();
    let mut run = fleet.findings(&incremental.widened()).unwrap();
    let mut written = Vec::new();
    while let Some(batch) = run.next_batch().await {
        for finding in &batch.items {
            let sighting = incremental.sight(finding);
            if sighting.is_written() {
                written.push(finding.vendor_id.clone());
            }
            incremental.book(sighting);
        }
    }
    let mut report = run.finish();
    let last = incremental.finish(&mut report);
    written.sort_unstable();
    (written, report, again(&last))
}

fn again(last: &LastComplete) -> LastComplete {
    let mut bytes = Vec::new();
    last.write(&mut bytes).unwrap();
    LastComplete::read(bytes.as_slice()).unwrap()
}

async fn run(fleet: &Fleet, last: LastComplete, begun: &str) -> (Vec<String>, RunReport, LastComplete) {
    run_at(fleet, last, &FindingQuery::default(), begun).await
}

fn resolved(report: &RunReport) -> Vec<&str> {
    report.connections[0].resolved.iter().flatten().map(String::as_str).collect()
}

/// A connection with two accounts, read completely at noon.
async fn begun() -> (Arc<Fake>, Fleet, LastComplete) {
    let fake = Fake::with("one", &[("a", 5), ("b", 2)], BEFORE);
    // Something changed shortly before the run, as something always has.
    fake.edit("a4", |finding| finding.updated = Timestamp::parse("2026-02-01T11:59:00Z").ok());
    let fleet = Fleet::new().with(fake.clone());
    let (written, report, last) = run(&fleet, LastComplete::default(), "2026-02-01T12:00:00Z").await;
    assert_eq!((written.len(), report.connections[0].findings, resolved(&report).len()), (7, 7, 0));
    (fake, fleet, last)
}

const LATER: &str = "2026-02-02T12:00:00Z";

#[tokio::test]
async fn c06_nothing_older_nothing_twice_and_nothing_of_the_same_second_missed() {
    let (fake, fleet, last) = begun().await;
    let (written, report, last) = run(&fleet, last, LATER).await;
    assert!(written.is_empty(), "the overlap is removed: {written:?}");
    assert_eq!((report.connections[0].findings, report.complete), (0, true));

    // In the very second of the mark; in the overlap; before it.
    for (id, time) in
        [("a0", "2026-02-01T11:59:00Z"), ("a1", "2026-02-01T11:00:00Z"), ("a2", "2026-01-31T00:00:00Z")]
    {
        fake.edit(id, |finding| {
            finding.message = Some("changed".to_owned());
            finding.updated = Timestamp::parse(time).ok();
        });
    }
    fake.add("b", "new", BEFORE);
    let (written, report, last) = run(&fleet, last, "2026-02-03T12:00:00Z").await;
    assert_eq!(written, ["a0", "a1", "new"], "what was not there before is new, whatever its date");
    assert_eq!(report.connections[0].findings, 3);
    let (written, ..) = run(&fleet, last, "2026-02-04T12:00:00Z").await;
    assert!(written.is_empty(), "{written:?}");
}

#[tokio::test]
async fn c06_a_finding_without_any_time_is_written_when_it_differs() {
    let (fake, fleet, last) = begun().await;
    fake.edit("a0", |finding| finding.updated = None);
    let (written, _, last) = run(&fleet, last, LATER).await;
    assert_eq!(written, ["a0"]);
    let (written, ..) = run(&fleet, last, LATER).await;
    assert!(written.is_empty(), "{written:?}");
}

#[tokio::test]
async fn c07_a_vendor_clock_that_is_behind_or_ahead_loses_nothing() {
    for (at_first, changed) in [
        // Its clock is five hours behind: what changes after our start still bears an earlier time.
        ("2026-02-01T07:00:00Z", "2026-02-01T07:30:00Z"),
        // Five hours ahead.
        ("2026-02-01T17:00:00Z", "2026-02-01T17:30:00Z"),
    ] {
        let fake = Fake::with("one", &[("a", 3)], at_first);
        let fleet = Fleet::new().with(fake.clone());
        let (_, _, last) = run(&fleet, LastComplete::default(), "2026-02-01T12:00:00Z").await;
        fake.edit("a1", |finding| {
            finding.message = Some("changed".to_owned());
            finding.updated = Timestamp::parse(changed).ok();
        });
        let (written, ..) = run(&fleet, last, LATER).await;
        assert_eq!(written, ["a1"], "{at_first}");
    }
}

#[tokio::test]
async fn c04_a_mark_far_in_the_future_gives_no_records_and_one_warning() {
    let far = "2999-01-01T00:00:00Z";
    let fake = Fake::with("one", &[("a", 5)], far);
    let fleet = Fleet::new().with(fake.clone());
    let (_, _, last) = run(&fleet, LastComplete::default(), far).await;
    fake.edit("a0", |finding| {
        finding.message = Some("changed".to_owned());
        finding.updated = Some(Timestamp::now());
    });
    let (written, report, last) = run(&fleet, last, &Timestamp::now().to_string()).await;
    assert!(written.is_empty());
    let warnings = &report.connections[0].notices;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("in the future"), "{warnings:?}");
    // The run was complete, and its mark is of today.
    let (_, report, _) = run(&fleet, last, &Timestamp::now().to_string()).await;
    assert!(report.connections[0].notices.is_empty());
}

#[tokio::test]
async fn what_is_gone_is_told_once_and_what_is_suppressed_is_not_gone() {
    let (fake, fleet, last) = begun().await;
    fake.remove("a1");
    fake.suppress("a2");
    let (written, report, last) = run(&fleet, last, LATER).await;
    assert!(written.is_empty(), "{written:?}");
    assert_eq!(resolved(&report), ["fake:one:a1"]);
    let (_, report, last) = run(&fleet, last, LATER).await;
    assert!(resolved(&report).is_empty());
    // What comes back is new.
    fake.add("a", "a1", BEFORE);
    fake.edit("a2", |finding| (finding.state, finding.suppression) = (None, None));
    let (written, ..) = run(&fleet, last, LATER).await;
    assert_eq!(written, ["a1", "a2"]);
}

#[tokio::test]
async fn a_colon_that_comes_and_goes_at_the_end_of_an_id_is_no_other_finding() {
    let (fake, fleet, last) = begun().await;
    fake.edit("a0", |finding| finding.vendor_id = "a0:".to_owned());
    let (written, report, last) = run(&fleet, last, LATER).await;
    assert!(written.is_empty() && resolved(&report).is_empty(), "{written:?}");
    fake.remove("a0:");
    let (_, report, _) = run(&fleet, last, LATER).await;
    assert_eq!(resolved(&report), ["fake:one:a0:"], "as the vendor wrote it last");
}

#[tokio::test]
async fn p25_a_partial_run_moves_no_mark_and_calls_gone_only_what_was_read_completely() {
    let (fake, fleet, last) = begun().await;
    fake.lock(Some("b"));
    fake.remove("a1");
    fake.remove("b1");
    fake.add("a", "new", LATER);
    let (written, report, last) = run(&fleet, last, LATER).await;
    assert!(!report.complete);
    assert_eq!((written, resolved(&report)), (vec!["new".to_owned()], vec!["fake:one:a1"]));
    fake.lock(None);
    let (written, report, _) = run(&fleet, last, "2026-02-03T12:00:00Z").await;
    assert_eq!(written, ["new"], "written once more: the mark is that of the last complete run");
    assert_eq!(resolved(&report), ["fake:one:b1"]);
}

#[tokio::test]
async fn p25_an_account_that_is_not_shown_any_more_proves_nothing() {
    let (fake, fleet, last) = begun().await;
    fake.world.lock().unwrap().accounts.remove("b");
    let (_, report, _) = run(&fleet, last, LATER).await;
    assert!(report.complete && resolved(&report).is_empty(), "{:?}", resolved(&report));
}

#[tokio::test]
async fn each_connection_has_a_mark_of_its_own() {
    let (one, other) = (Fake::with("one", &[("a", 3)], BEFORE), Fake::with("other", &[("a", 3)], BEFORE));
    let fleet = Fleet::new().with(one.clone()).with(other.clone());
    other.lock(Some("a"));
    let (written, _, last) = run(&fleet, LastComplete::default(), "2026-02-01T12:00:00Z").await;
    assert_eq!(written.len(), 3);
    other.lock(None);
    let (written, report, last) = run(&fleet, last, LATER).await;
    assert_eq!(written.len(), 3, "all of the other, nothing of the one");
    assert_eq!(report.connections[1].findings, 3);
    // A run over one connection leaves the other's alone.
    let (_, _, last) = run(&Fleet::new().with(one), last, LATER).await;
    let (written, ..) = run(&fleet, last, LATER).await;
    assert!(written.is_empty());
}

#[tokio::test]
async fn where_a_query_hides_what_changed_nothing_is_called_gone_and_the_report_says_so() {
    let fake = Fake::with("one", &[("a", 3)], BEFORE);
    let fleet = Fleet::new().with(fake.clone());
    let query = FindingQuery { min_severity: Some(Severity::High), ..FindingQuery::default() };
    let (_, _, last) = run_at(&fleet, LastComplete::default(), &query, LATER).await;
    fake.edit("a0", |finding| finding.severity = Severity::Low);
    let (_, report, _) = run_at(&fleet, last, &query, LATER).await;
    assert!(resolved(&report).is_empty());
    assert!(report.connections[0].notices.iter().any(|notice| notice.contains("is not told")));
}

#[tokio::test]
async fn c03_what_is_kept_between_runs_is_refused_if_it_is_damaged_or_of_another_query() {
    let (_, fleet, last) = begun().await;
    let query = FindingQuery { regions: vec!["eu".to_owned()], ..FindingQuery::default() };
    let mut bytes = Vec::new();
    last.write(&mut bytes).unwrap();
    let refused = Incremental::new(last, &fleet, &query, Timestamp::now()).err().unwrap();
    assert!(refused.to_string().contains("regions was [] and is [\"eu\"] now"), "{refused}");

    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let cut = lines[..lines.len() - 1].join("\n");
    let without_one = [&lines[..2], &lines[3..]].concat().join("\n");
    let changed = text.replacen("a0", "a9", 1);
    for damaged in [cut.as_str(), &without_one, &changed, &text[..text.len() - 5], "garbage"] {
        assert!(
            matches!(LastComplete::read(damaged.as_bytes()), Err(StateError::Damaged { .. })),
            "{damaged}"
        );
    }
    assert!(matches!(LastComplete::read(&b"\xff\n"[..]), Err(StateError::Damaged { line: 1 })));
    let newer = crate::checkpoint::seal("{\"last_complete\":{\"format\":2}}");
    assert!(matches!(LastComplete::read(newer.as_bytes()), Err(StateError::Version(2))));
    let mut twice = Vec::new();
    LastComplete::read(text.as_bytes()).unwrap().write(&mut twice).unwrap();
    assert_eq!(text.as_bytes(), twice, "the same bytes for the same content");
}
