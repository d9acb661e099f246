//! Connections that fail, stall or break: what came of an answer before is not used, reads are made again after growing
//! waits, and in the end the reason is said.

use std::time::Duration;

use cspm_core::{ErrorKind, Owner};
use cspm_simulator::{Fault, Match, Which};
use cspm_tests::{Installation, Kind, KindExt, Lab, Setup, every_vendor, truth};

every_vendor!(
    t03_a_connection_that_never_comes_about_is_tried_again_and_given_up,
    t04_t05_t06_answers_that_stall_end_by_the_time_out,
    t07_t08_t09_t10_answers_that_break_off_are_read_again_whole,
);

/// As often is a passing failure of one call met before it counts as lasting.
const ATTEMPTS: u32 = 6;
/// The usual time-out of a request.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The first page breaks once: it is read again, whole and once.
async fn assert_read_again(kind: Kind, fault: Fault) -> Duration {
    let lab = Lab::sized(kind, kind.page() + 20);
    let rule = lab.simulator.faults().on(kind.listing(), Which::Nth(1), fault.clone());
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    assert_eq!(lab.simulator.faults().hits(rule), 1);
    assert_eq!((outcome.connection().retries, lab.pages()), (1, 3), "{fault:?}");
    assert_eq!((outcome.connection().duplicates, outcome.connection().rejected), (0, 0), "{fault:?}");
    let pages = lab.log().matching(&kind.listing());
    let asked = |page: usize| (&pages[page].request.query, &pages[page].request.body);
    assert!(asked(0) == asked(1) && asked(1) != asked(2), "{fault:?}: the same page, and then the next");
    outcome.took
}

/// Everything breaks so for ever: the first call is made as often as is worth it, further and further apart; that has shown
/// that nobody is there, and what else is tried is tried once. Returns how many requests came after the first call.
async fn assert_given_up(lab: &Lab, error_kind: ErrorKind) -> (u32, Duration) {
    let outcome = lab.everything().await;
    assert!(outcome.items.is_empty() && outcome.report.is_total_failure());
    outcome.assert_incomplete();
    for error in outcome.errors() {
        assert_eq!((error.kind(), error.status()), (error_kind, None), "{error}");
    }
    let report = outcome.connection();
    let others = report.requests - u64::from(ATTEMPTS);
    assert_eq!(report.retries, u64::from(ATTEMPTS) - 1, "{others} other requests");
    assert!(others <= 6, "{others} other requests");
    (others as u32, outcome.took)
}

async fn t03_a_connection_that_never_comes_about_is_tried_again_and_given_up(kind: Kind) {
    let mut setup = Setup::new(Installation::sized(kind, 12));
    setup.silent = true;
    setup.settings.deadline = Duration::from_secs(3_600);
    let lab = setup.start();
    assert_given_up(&lab, ErrorKind::Timeout).await;
    assert_eq!(lab.log().count(), 0);
}

async fn t04_t05_t06_answers_that_stall_end_by_the_time_out(kind: Kind) {
    for fault in [
        Fault::NeverAnswer,
        Fault::HeadersThenStall,
        Fault::HalfBodyThenStall,
        // There is never a long gap, and never an end.
        Fault::DripBytes { every: Duration::from_secs(1) },
    ] {
        let took = assert_read_again(kind, fault.clone()).await;
        assert!((TIMEOUT..TIMEOUT + Duration::from_secs(5)).contains(&took), "{fault:?}: {took:?}");

        let mut setup = Setup::new(Installation::sized(kind, 12));
        setup.settings.deadline = Duration::from_secs(3_600);
        let lab = setup.start();
        lab.simulator.faults().on(Match::any(), Which::Every, fault.clone());
        let (others, took) = assert_given_up(&lab, ErrorKind::Timeout).await;
        // Six times the time-out, between them waits whose bound doubles from a second, and a time-out for each other one.
        let longest = (ATTEMPTS + others) * TIMEOUT + Duration::from_secs(1 + 2 + 4 + 8 + 16);
        assert!((ATTEMPTS * TIMEOUT..=longest).contains(&took), "{fault:?}: {took:?}");
    }
}

async fn t07_t08_t09_t10_answers_that_break_off_are_read_again_whole(kind: Kind) {
    for fault in [
        Fault::ResetBeforeAnswer,
        Fault::CloseBeforeAnswer,
        Fault::ResetInBody { after: 700 },
        Fault::CloseInBody { after: 700 },
        Fault::StatedLength(10_000_000),
        Fault::ChunkedWithoutEnd,
    ] {
        let took = assert_read_again(kind, fault.clone()).await;
        assert!(took <= Duration::from_secs(5), "{fault:?}: {took:?}");

        let lab = Lab::sized(kind, 12);
        lab.simulator.faults().on(Match::any(), Which::Every, fault.clone());
        assert_given_up(&lab, ErrorKind::Network).await;
        let errors = lab.everything().await;
        assert_eq!(errors.errors()[0].owner(), Owner::Customer, "{fault:?}");
    }
}
