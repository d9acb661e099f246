//! What changed since the last complete run, at each vendor as it tells its times.

use std::collections::BTreeSet;

use cspm::Fleet;
use cspm::incremental::{Incremental, LastComplete};
use cspm_core::{FindingQuery, RunReport, Timestamp};
use cspm_simulator::{Fault, Which};
use cspm_tests::page::{details, name, records};
use cspm_tests::{Installation, Kind, KindExt, Lab, Model, Setup, every_vendor, everything, truth};
use futures_util::StreamExt;
use serde_json::{Value, json};

every_vendor!(
    c04_a_mark_far_in_the_future_gives_no_records_and_one_warning,
    c06_c07_what_changed_is_written_once_whatever_the_vendors_clock,
    p25_a_partial_run_calls_nothing_gone,
);

/// A run that begins at a moment: what it writes, its report, and what the next one compares with.
async fn run(lab: &Lab, last: LastComplete, begun: &str) -> (BTreeSet<String>, RunReport, LastComplete) {
    let query: FindingQuery = everything();
    let fleet = Fleet::new().with(lab.vendor.clone());
    let begun = Timestamp::parse(begun).expect("a time");
    let mut incremental = Incremental::new(last, &fleet, &query, begun).expect("the same question");
    let mut run = fleet.findings(&incremental.widened()).expect("a question");
    let mut written = BTreeSet::new();
    while let Some(finding) = run.next().await {
        let sighting = incremental.sight(&finding);
        if sighting.news().is_some() {
            assert!(written.insert(finding.vendor_id), "written twice");
        }
        incremental.book(sighting);
    }
    let mut report = run.finish();
    let last = incremental.finish(&mut report).last;
    lab.assert_no_secret("the report", &serde_json::to_string(&report).expect("JSON"));
    let mut kept = Vec::new();
    last.write(&mut kept).expect("memory");
    lab.assert_no_secret("what is kept", &String::from_utf8_lossy(&kept));
    (written, report, LastComplete::read(kept.as_slice()).expect("what was written"))
}

fn resolved(report: &RunReport) -> BTreeSet<String> {
    report.connections[0].resolved.iter().flatten().cloned().collect()
}

/// Gives every record this time, as the vendor spells it, and the eighth another one and another look.
fn timed(kind: Kind, all: &'static str, eighth: Option<&'static str>) -> Fault {
    Fault::rewrite_json(move |_, page| {
        for (number, record) in records(kind, page).iter_mut().enumerate() {
            let time = if number == 7 { eighth.unwrap_or(all) } else { all };
            let details = details(kind, record);
            for (member, value) in spelt(kind, time) {
                details[member] = value;
            }
            if number == 7 && eighth.is_some() {
                details[name(kind)] = json!("renamed");
            }
        }
    })
}

fn spelt(kind: Kind, time: &str) -> Vec<(&'static str, Value)> {
    let millis = Timestamp::parse(time).expect("a time").as_millis();
    match kind {
        Kind::Conformity => vec![("created-date", json!(millis)), ("last-modified-date", json!(millis))],
        Kind::InsightCloudSec => {
            let text = json!(time.replace('T', " ").trim_end_matches('Z'));
            ["creation_timestamp", "discovered_timestamp", "last_harvested_timestamp"]
                .map(|name| (name, text.clone()))
                .into()
        }
        _ => vec![("created_at", json!(time)), ("updated_at", json!(time))],
    }
}

async fn c06_c07_what_changed_is_written_once_whatever_the_vendors_clock(kind: Kind) {
    for (then, changed) in [
        // The vendor's clock agrees with ours, is five hours behind, and five ahead. What changed is of the same second.
        ("2026-02-01T12:00:00Z", "2026-02-01T12:00:00Z"),
        ("2026-02-01T07:00:00Z", "2026-02-01T07:00:00Z"),
        ("2026-02-01T17:00:00Z", "2026-02-01T17:00:00Z"),
        ("2026-02-01T12:00:00Z", "2026-02-01T13:00:00Z"),
    ] {
        let lab = Lab::sized(kind, 40);
        lab.simulator.faults().on(kind.listing(), Which::Every, timed(kind, then, None));
        let (written, report, last) = run(&lab, LastComplete::default(), "2026-02-01T12:00:00Z").await;
        assert!(report.complete);
        assert_eq!(written, truth::ids(&lab), "the first run writes everything");
        let (written, report, last) = run(&lab, last, "2026-02-02T12:00:00Z").await;
        assert!(report.complete && written.is_empty() && resolved(&report).is_empty(), "{then}: {written:?}");

        lab.simulator.faults().clear();
        lab.simulator.faults().on(kind.listing(), Which::Every, timed(kind, then, Some(changed)));
        let (written, _, last) = run(&lab, last, "2026-02-02T12:00:00Z").await;
        assert_eq!(written.len(), 1, "{then}, {changed}: {written:?}");
        let (written, ..) = run(&lab, last, "2026-02-03T12:00:00Z").await;
        assert!(written.is_empty(), "{then}, {changed}: {written:?}");
    }
}

async fn c04_a_mark_far_in_the_future_gives_no_records_and_one_warning(kind: Kind) {
    let far = "2999-01-01T00:00:00Z";
    let lab = Lab::sized(kind, 40);
    lab.simulator.faults().on(kind.listing(), Which::Every, timed(kind, far, None));
    let (_, _, last) = run(&lab, LastComplete::default(), far).await;
    lab.simulator.faults().clear();
    lab.simulator.faults().on(kind.listing(), Which::Every, timed(kind, "2026-02-01T12:00:00Z", None));
    let (written, report, _) = run(&lab, last, &Timestamp::now().to_string()).await;
    assert!(written.is_empty(), "{written:?}");
    let told = report.connections[0].notices.iter().filter(|notice| notice.contains("in the future"));
    assert_eq!(told.count(), 1);
}

async fn p25_a_partial_run_calls_nothing_gone(kind: Kind) {
    let lab = Setup::new(Installation::pieces(kind, &[kind.page() + 20])).start();
    let (written, report, last) = run(&lab, LastComplete::default(), "2026-02-01T12:00:00Z").await;
    assert!(report.complete && written.len() == kind.page() + 20);
    // A record of the first page is gone, and the second page cannot be read.
    let gone = Fault::rewrite_json(move |_, page| {
        let records = records(kind, page);
        records.remove(7);
    });
    let rule = lab.simulator.faults().on(kind.listing(), Which::Nth(1), gone);
    let down = Fault::status(http::StatusCode::SERVICE_UNAVAILABLE);
    lab.simulator.faults().on(kind.listing(), Which::From(2), down);
    let (_, report, last) = run(&lab, last, "2026-02-02T12:00:00Z").await;
    assert_eq!(lab.simulator.faults().hits(rule), 1);
    assert!(!report.complete && resolved(&report).is_empty(), "{:?}", resolved(&report));
    // Once everything was read it is told.
    lab.simulator.faults().clear();
    match &lab.model {
        Model::Conformity(vendor) => vendor.edit(|world| drop(world.checks.remove(7))),
        Model::InsightCloudSec(vendor) => vendor.edit(|world| drop(world.resources.remove(7))),
        Model::Bitdefender(vendor) => vendor.edit(|world| drop(world.checks.remove(7))),
    }
    let (_, report, _) = run(&lab, last, "2026-02-03T12:00:00Z").await;
    assert!(report.complete);
    assert_eq!(resolved(&report).len(), 1, "{:?}", resolved(&report));
}
