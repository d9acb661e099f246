//! Readers that are slow, and readers that go away in the middle.

use std::time::Duration;

use cspm::Fleet;
use cspm_simulator::{Fault, Match, RetryAfter, Which, insightcloudsec};
use cspm_tests::{Access, Installation, Kind, KindExt, Lab, Setup, every_vendor, everything, truth};
use futures_util::StreamExt;

every_vendor!(
    r20_nothing_is_asked_for_whoever_went_away,
    p28_a_slow_reader_stops_the_requests_and_loses_nothing,
);

const AN_HOUR: Duration = Duration::from_secs(3_600);

/// Goes away after a while; by then something was asked for and nothing is asked for any more, and nothing is under way.
async fn assert_over(lab: &Lab, after: Duration, case: &str) {
    let fleet = Fleet::new().with(lab.vendor.clone());
    let mut run = fleet.findings(&everything()).expect("a question");
    let read = async { while run.next().await.is_some() {} };
    assert!(tokio::time::timeout(after, read).await.is_err(), "{case}: it ended before it could be left");
    let left = tokio::time::Instant::now();
    drop(run);
    assert_eq!(left.elapsed(), Duration::ZERO, "{case}: leaving takes no time");
    tokio::task::yield_now().await;
    let (asked, in_flight) = (lab.log().count(), lab.log().in_flight());
    assert!(asked > 0 && in_flight == 0, "{case}: {asked} requests, {in_flight} under way");
    tokio::time::sleep(AN_HOUR).await;
    assert_eq!(lab.log().count(), asked, "{case}: asked for nobody");
}

async fn r20_nothing_is_asked_for_whoever_went_away(kind: Kind) {
    let five = Duration::from_secs(5);
    let pieces = || Setup::new(Installation::pieces(kind, &[kind.page() + 20, 30, 30]));
    for (case, fault) in [
        ("a body", Fault::HalfBodyThenStall),
        ("an answer", Fault::NeverAnswer),
        ("a wait", Fault::throttled(60)),
        ("a wait of ours", Fault::Throttled { retry_after: RetryAfter::None }),
    ] {
        for what in [Match::any(), kind.listing()] {
            let lab = pieces().start();
            lab.simulator.faults().on(what, Which::Every, fault.clone());
            assert_over(&lab, five, case).await;
        }
    }
    let lab = pieces().per_second(0.05).start();
    assert_over(&lab, five, "the queue for a turn").await;
    if kind == Kind::InsightCloudSec {
        let lab = pieces().access(Access::Password(insightcloudsec::DEMO_USERNAME)).start();
        lab.simulator.faults().on(Match::path("*/login"), Which::Every, Fault::NeverAnswer);
        assert_over(&lab, five, "a log-in").await;
        assert_eq!(lab.log().count(), 1);
    }
}

async fn p28_a_slow_reader_stops_the_requests_and_loses_nothing(kind: Kind) {
    let lab = Setup::new(Installation::pieces(kind, &[12 * kind.page(), 3 * kind.page(), 20])).start();
    let fleet = Fleet::new().with(lab.vendor.clone());
    let mut run = fleet.findings(&everything()).expect("a question");
    let mut found = std::collections::BTreeSet::new();
    found.insert(run.next().await.expect("a finding").vendor_id);
    tokio::time::sleep(AN_HOUR).await;
    // Those that were in flight when the first finding came, and as many whose pages wait to be read.
    let asked = lab.pages();
    assert!(asked <= 10, "{asked} pages for one finding");
    while let Some(finding) = run.next().await {
        assert!(found.insert(finding.vendor_id), "a finding came twice");
    }
    assert!(run.finish().complete);
    assert_eq!(found, truth::ids(&lab));
}
