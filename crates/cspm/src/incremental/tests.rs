//! What is written again, what is not, and what is told as gone.

use std::sync::Arc;

use cspm_core::{
    AccountRef, Finding, FindingQuery, Outcome, OutcomeFilter, RuleRef, RunReport, Severity, StandardRef,
    State, SuppressedFilter, Timestamp,
};

use super::{Finished, Gone, Incremental, LastComplete, News, Sightings, StateError};
use crate::Fleet;
use crate::fake::Fake;

const BEFORE: &str = "2026-01-01T00:00:00Z";

/// What a run at a moment writes, and with what news; its report, what is gone, and what the next one compares with, by
/// way of a file.
struct Ran {
    news: Vec<(String, News)>,
    report: RunReport,
    gone: Vec<Finding>,
    last: LastComplete,
}

async fn told(fleet: &Fleet, last: LastComplete, query: &FindingQuery, begun: &str) -> Ran {
    let begun = Timestamp::parse(begun).unwrap();
    let mut incremental = Incremental::new(last, fleet, query, begun).unwrap();
    let mut run = fleet.findings(&incremental.widened()).unwrap();
    let mut news = Vec::new();
    while let Some(batch) = run.next_batch().await {
        let sightings = Sightings(batch.items.iter().map(|finding| incremental.sight(finding)).collect());
        // As a checkpoint keeps them.
        let kept = serde_json::to_string(&sightings).unwrap();
        for sighting in serde_json::from_str::<Sightings>(&kept).unwrap().0 {
            news.extend(sighting.news().map(|news| (sighting.vendor_id.clone(), news)));
            incremental.book(sighting);
        }
    }
    let mut report = run.finish();
    let Finished { last, gone } = incremental.finish(&mut report);
    let gone = gone.iter().map(Gone::finding).collect();
    news.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    Ran { news, report, gone, last: again(&last) }
}

async fn run_at(
    fleet: &Fleet,
    last: LastComplete,
    query: &FindingQuery,
    begun: &str,
) -> (Vec<String>, RunReport, LastComplete) {
    let Ran { news, report, gone, last } = told(fleet, last, query, begun).await;
    let gone: Vec<&str> = gone.iter().map(|finding| finding.uid.as_str()).collect();
    let resolved: Vec<&str> =
        report.connections.iter().flat_map(|it| it.resolved.iter().flatten()).map(String::as_str).collect();
    assert_eq!(gone, resolved);
    (news.into_iter().map(|(id, _)| id).collect(), report, last)
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

fn all() -> FindingQuery {
    FindingQuery {
        outcome: OutcomeFilter::All,
        suppressed: SuppressedFilter::Include,
        ..FindingQuery::default()
    }
}

const NEXT: &str = "2026-02-03T12:00:00Z";

#[tokio::test]
async fn what_is_gone_is_told_as_it_was() {
    let (fake, fleet, _) = begun().await;
    fake.edit("a1", |finding| {
        let account = AccountRef {
            id: Some("a".into()),
            cloud_id: Some("123456789012".into()),
            name: Some("billing".into()),
            provider: Some("aws".into()),
        };
        let rule = RuleRef {
            id: "S3-017".into(),
            title: Some("Bucket is encrypted".into()),
            service: Some("S3".into()),
            url: Some("https://vendor.example.com/S3-017".into()),
        };
        (finding.account, finding.rule) = (account.into(), rule.into());
        finding.title = "Bucket is encrypted".into();
        finding.severity = Severity::Critical;
        finding.vendor_severity = Some("EXTREME".into());
        finding.state = Some(State::Open);
        finding.resource.id = Some("arn:aws:s3:::b".to_owned());
        finding.resource.name = Some("b".to_owned());
        finding.resource.kind = Some("bucket".into());
        finding.region = Some("eu-west-1".into());
        finding.categories = ["security".into()].into();
        finding.standards = [StandardRef {
            id: "CIS".into(),
            control: Some("2.1.1".into()),
            name: Some("CIS AWS Foundations".into()),
        }]
        .into();
        // Not remembered.
        finding.message = Some("not encrypted".to_owned());
        finding.tags.insert("owner".to_owned(), "somebody".to_owned());
    });
    let before = fake.world.lock().unwrap().accounts["a"][1].clone();
    let last = told(&fleet, LastComplete::default(), &all(), LATER).await.last;
    fake.remove("a1");
    let told = told(&fleet, last, &all(), NEXT).await;
    let [gone] = told.gone.as_slice() else { panic!("{:?}", told.gone) };
    let mut want = before;
    (want.message, want.updated) = (None, None);
    want.tags.clear();
    assert_eq!(serde_json::to_value(gone).unwrap(), serde_json::to_value(&want).unwrap());
    assert_eq!(gone.standards, want.standards, "the name of a standard, which findings do not write");
}

#[tokio::test]
async fn what_is_written_is_new_or_changed_or_mended() {
    let (fake, fleet, _) = begun().await;
    let first = told(&fleet, LastComplete::default(), &all(), LATER).await;
    assert!(first.news.len() == 7 && first.news.iter().all(|(_, news)| *news == News::New));
    let pass = |id: &str| fake.edit(id, |finding| finding.outcome = Outcome::Pass);
    let edit = |id: &str| fake.edit(id, |finding| finding.updated = Timestamp::parse(LATER).ok());
    fake.add("a", "passes", BEFORE);
    ["passes", "a0"].into_iter().for_each(pass);
    edit("a1");
    let second = told(&fleet, first.last, &all(), NEXT).await;
    let named = |news: &[(&str, News)]| -> Vec<(String, News)> {
        news.iter().map(|(id, news)| ((*id).to_owned(), *news)).collect()
    };
    assert_eq!(second.news, named(&[("a0", News::Mended), ("a1", News::Changed), ("passes", News::New)]));
    // What was mended stays so; what always passed is not mended.
    ["a0", "passes"].into_iter().for_each(edit);
    let third = told(&fleet, second.last, &all(), NEXT).await;
    assert_eq!(third.news, named(&[("a0", News::Mended), ("passes", News::Changed)]));
    fake.edit("a0", |finding| finding.outcome = Outcome::Fail);
    let fourth = told(&fleet, third.last, &all(), NEXT).await;
    assert_eq!(fourth.news, named(&[("a0", News::Changed)]));
}

#[tokio::test]
async fn an_exemption_that_begins_or_runs_out_counts_whatever_the_vendors_date_says() {
    let (fake, fleet, _) = begun().await;
    let last = told(&fleet, LastComplete::default(), &all(), LATER).await.last;
    fake.suppress("a1");
    let second = told(&fleet, last, &all(), NEXT).await;
    assert_eq!(second.news, [("a1".to_owned(), News::Changed)]);
    fake.edit("a1", |finding| (finding.state, finding.suppression) = (Some(State::Open), None));
    let third = told(&fleet, second.last, &all(), NEXT).await;
    assert_eq!(third.news, [("a1".to_owned(), News::Changed)]);
}

#[tokio::test]
async fn what_passed_and_is_not_among_what_passes_now_is_not_called_gone() {
    let fake = Fake::with("one", &[("a", 3)], BEFORE);
    (0..3).for_each(|place| fake.edit(&format!("a{place}"), |finding| finding.outcome = Outcome::Pass));
    let fleet = Fleet::new().with(fake.clone());
    let query = FindingQuery { outcome: OutcomeFilter::Pass, ..FindingQuery::default() };
    let (written, _, last) = run_at(&fleet, LastComplete::default(), &query, LATER).await;
    assert_eq!(written.len(), 3);
    fake.edit("a0", |finding| finding.outcome = Outcome::Fail);
    let (_, report, _) = run_at(&fleet, last, &query, NEXT).await;
    assert!(resolved(&report).is_empty());
    assert!(report.connections[0].notices.iter().any(|notice| notice.contains("is not told")));
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
    for other in [1, 3] {
        let other_format = crate::checkpoint::seal(&format!("{{\"last_complete\":{{\"format\":{other}}}}}"));
        let refused = LastComplete::read(other_format.as_bytes()).err().unwrap();
        assert!(matches!(refused, StateError::Version(format) if format == other));
        assert!(refused.to_string().contains("remove it, and the next run is a full one"), "{refused}");
    }
    let mut twice = Vec::new();
    LastComplete::read(text.as_bytes()).unwrap().write(&mut twice).unwrap();
    assert_eq!(text.as_bytes(), twice, "the same bytes for the same content");
}
