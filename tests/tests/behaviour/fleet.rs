//! Three vendors as one: over real sockets as a user configures them, and with one of them down.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;

use cspm::config::Configuration;
use cspm::{FindingQuery, Fleet};
use cspm_simulator::{Fault, Served, Throttle, Which};
use cspm_tests::{Kind, KindExt, Lab, Traces, assert_absent, everything, truth};
use futures_util::StreamExt;

const KINDS: [Kind; 3] = Kind::ALL;

#[test]
fn three_vendors_over_sockets_through_a_configuration() {
    let traces = Traces::default();
    let follow = traces.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .on_thread_start(move || follow.follow_this_thread())
        .enable_all()
        .build()
        .expect("a runtime");
    // Made here, because a lab keeps the traces of its thread to itself.
    let vendors = KINDS.into_iter().map(Reached::start).collect();
    let secrets = runtime.block_on(async { tokio::spawn(over_sockets(vendors)).await.expect("no panic") });
    assert!(traces.text().contains("hyper"), "the traces of the dependencies are among what is searched");
    assert_absent(&secrets, "the log", &traces.text());
}

/// A vendor behind a socket: the lab gives a world, a truth and a fresh credential.
struct Reached {
    kind: Kind,
    truth: BTreeSet<String>,
    secret: String,
    served: Served,
}

impl Reached {
    fn start(kind: Kind) -> Self {
        let lab = Lab::demo(kind);
        let served = lab.simulator.clone().serve_in_thread("127.0.0.1:0").expect("a port");
        Self { kind, truth: truth::ids(&lab), secret: lab.secret().to_owned(), served }
    }
}

async fn over_sockets(vendors: Vec<Reached>) -> Vec<String> {
    let mut text = String::new();
    for Reached { kind, served, .. } in &vendors {
        let path = if *kind == Kind::InsightCloudSec { "" } else { "/v1/" };
        text.push_str(&format!(
            "[[connections]]\nname = \"my-{0}\"\nvendor = \"{0}\"\nbase_url = \"{1}{path}\"\napi_key = {{ env = \"{0}\" }}\n\n",
            kind.as_str(),
            served.origin(),
        ));
    }
    let environment = |name: &str| {
        let found = vendors.iter().find(|vendor| vendor.kind.as_str() == name);
        found.map(|vendor| OsString::from(format!("  {}\n", vendor.secret)))
    };
    let configuration =
        Configuration::parse(&text, Path::new("cspm.toml"), &environment).expect("a configuration");
    let secrets: Vec<String> = vendors.iter().map(|vendor| vendor.secret.clone()).collect();
    assert_absent(&secrets, "the configuration's Debug", &format!("{configuration:?}"));

    let fleet = Fleet::connect(&configuration).expect("three connections");
    let mut run = fleet.findings(&FindingQuery { raw: true, ..everything() }).expect("a question for all");
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut printed = String::new();
    while let Some(finding) = run.next().await {
        printed.push_str(&serde_json::to_string(&finding).expect("JSON"));
        assert_eq!(*finding.connection, format!("my-{}", finding.vendor));
        assert!(found.entry(finding.vendor.to_string()).or_default().insert(finding.vendor_id));
    }
    let report = run.finish();
    assert!(report.complete, "{report:#?}");
    for Reached { kind, truth, served, .. } in &vendors {
        assert_eq!(found[kind.as_str()], *truth, "{kind:?}");
        let name = format!("my-{}", kind.as_str());
        let part = report.connections.iter().find(|part| *part.name == *name).expect("its report");
        assert_eq!((part.findings, part.duplicates, part.rejected), (truth.len() as u64, 0, 0));
        assert_eq!(part.requests, served.simulator().log().count());
    }
    assert_absent(&secrets, "the findings", &printed);
    assert_absent(&secrets, "the report", &serde_json::to_string(&report).expect("JSON"));
    secrets
}

#[tokio::test(start_paused = true)]
async fn z03_one_down_one_throttled_one_well() {
    for shift in 0..3 {
        let kinds = [KINDS[shift], KINDS[(shift + 1) % 3], KINDS[(shift + 2) % 3]];
        let [well, slow, down] = kinds.map(Lab::demo);
        let alone = well.everything().await;
        slow.simulator.throttle().set(Throttle::new(0.5, 1));
        down.simulator.set_down(true);
        let fleet =
            Fleet::new().with(well.vendor.clone()).with(slow.vendor.clone()).with(down.vendor.clone());
        let started = tokio::time::Instant::now();
        let mut run = fleet.findings(&everything()).expect("a question for all");
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut last_of_well = started;
        while let Some(finding) = run.next().await {
            if *finding.vendor == *well.kind.as_str() {
                last_of_well = tokio::time::Instant::now();
            }
            found.entry(finding.vendor.to_string()).or_default().insert(finding.vendor_id);
        }
        let report = run.finish();
        assert!(!report.complete && !report.is_total_failure());
        let part = |lab: &Lab| {
            report.connections.iter().find(|part| *part.vendor == *lab.kind.as_str()).expect("a report")
        };
        assert!(part(&well).complete && part(&slow).complete && !part(&down).complete);
        assert!(part(&down).failed_as_a_whole());
        assert!(part(&slow).throttled > 0);
        assert_eq!(found[well.kind.as_str()], truth::ids(&well));
        assert_eq!(found[slow.kind.as_str()], truth::ids(&slow));
        assert!(!found.contains_key(down.kind.as_str()));
        let took = last_of_well - started;
        assert!(
            took <= alone.took + std::time::Duration::from_millis(500),
            "{took:?}, alone {:?}",
            alone.took
        );
    }
}

#[tokio::test(start_paused = true)]
async fn q14_a_vendor_that_asks_to_wait_holds_no_other_back() {
    for slow in KINDS {
        let labs = KINDS.map(Lab::demo);
        let mut alone = Vec::new();
        for lab in &labs {
            alone.push(lab.everything().await.took);
        }
        let waiting = labs.iter().find(|lab| lab.kind == slow).expect("a lab");
        waiting.simulator.faults().on(slow.listing(), Which::Nth(1), Fault::throttled(60));
        let fleet = labs.iter().fold(Fleet::new(), |fleet, lab| fleet.with(lab.vendor.clone()));
        let started = tokio::time::Instant::now();
        let mut run = fleet.findings(&everything()).expect("a question for all");
        let mut last = BTreeMap::new();
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        while let Some(finding) = run.next().await {
            last.insert(finding.vendor.to_string(), started.elapsed());
            found.entry(finding.vendor.to_string()).or_default().insert(finding.vendor_id);
        }
        assert!(run.finish().complete);
        for (lab, alone) in labs.iter().zip(alone) {
            let name = lab.kind.as_str();
            assert_eq!(found[name], truth::ids(lab));
            let took = last[name];
            if lab.kind == slow {
                assert!(took >= std::time::Duration::from_secs(60), "{name}: {took:?}");
            } else {
                assert!(took <= alone + std::time::Duration::from_millis(500), "{name}: {took:?}, {alone:?}");
            }
        }
    }
}
