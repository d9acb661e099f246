//! Conformity shows nobody more than 10,000 checks of one question: larger accounts are read in parts that have to add
//! up (fault catalogue, P06 to P09).

use cspm_core::ErrorKind;
use cspm_simulator::conformity::{
    Account, AccountSpec, BeyondWindow, Check, CheckId, Cloud, Options, Provider, Spec, Status, World,
};
use cspm_simulator::{Fault, Match, Which};
use cspm_tests::{Installation, Kind, KindExt, Lab, Outcome, Setup, truth};

const CATALOGUE: u64 = 2;

fn lab_of(spec: &Spec) -> Lab {
    Setup::new(World::generate(spec)).start()
}

/// Whatever happened: what is missing is what the report says is missing.
fn assert_accounted(lab: &Lab, outcome: &Outcome<cspm_core::Finding>) {
    let truth = truth::ids(lab);
    outcome.assert_among(&truth);
    if outcome.report.complete {
        outcome.assert_ids(&truth);
        return;
    }
    let owed = |scope: &&cspm_core::ScopeReport| {
        scope.expected.map(|expected| expected.saturating_sub(scope.received))
    };
    let owed: Option<u64> = outcome.incomplete().iter().map(owed).sum();
    if let Some(owed) = owed {
        assert_eq!(outcome.items.len() as u64 + owed, truth.len() as u64, "{:#?}", outcome.summary());
    }
}

#[tokio::test(start_paused = true)]
async fn p06_a_large_account_with_a_large_cell_arrives_whole() {
    let lab = lab_of(&Spec::concentrated());
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    assert_eq!(outcome.items.len(), 37_000);
    assert!(outcome.connection().scopes.len() > 1, "the account was divided");
    let pages = lab.pages();
    assert!(pages <= 37 * 5 / 4 + 10, "{pages} pages for 37,000 checks");
}

/// A figure of exactly the window may be one that goes no further: it is not believed.
#[tokio::test(start_paused = true)]
async fn p06_less_than_the_window_is_read_in_one_and_the_window_itself_is_not() {
    for (size, divided) in [(9_999, false), (10_000, true), (10_001, true)] {
        let lab = lab_of(&Spec::sizes(&[size]));
        let outcome = lab.everything().await;
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        assert_eq!(lab.pages() == 10, !divided, "{} pages for {size}", lab.pages());
        assert!(lab.pages() <= 16, "{} pages for {size}", lab.pages());
        for entry in lab.log().matching(&Kind::Conformity.listing()) {
            let query = &entry.request.query;
            let number = query.split("page%5Bnumber%5D=").nth(1).and_then(|rest| rest.split('&').next());
            assert!(
                number.is_some_and(|number| number.parse::<u64>().is_ok_and(|number| number < 10)),
                "{query}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p07_whatever_the_vendor_shows_beyond_the_window() {
    let spec = Spec { stray_region: Some("ap-moon-1".to_owned()), ..Spec::sizes(&[11_500]) };
    let world = World::generate(&spec);
    for beyond in [BeyondWindow::Empty, BeyondWindow::ServerError, BeyondWindow::RepeatLastPage] {
        let options = Options { beyond_window: beyond, ..Options::default() };
        let lab = Setup::new(Installation::Conformity(world.clone(), options)).start();
        let outcome = lab.everything().await;
        assert_accounted(&lab, &outcome);
        outcome.assert_complete();
    }
}

#[tokio::test(start_paused = true)]
async fn p09_a_region_that_no_list_contains() {
    let account =
        AccountSpec { regions: 9, services: 25, uneven: true, ..AccountSpec::new(Provider::Aws, 26_000) };
    let spec =
        Spec { accounts: vec![account], stray_region: Some("ap-moon-1".to_owned()), ..Spec::default() };
    let lab = lab_of(&spec);
    let outcome = lab.everything().await;
    let strays =
        outcome.items.iter().filter(|finding| finding.region.as_deref() == Some("ap-moon-1")).count();
    assert_accounted(&lab, &outcome);
    outcome.assert_complete();
    assert!(strays > 100, "{strays} of them found");
}

/// One account with so many checks that no filter tells apart.
fn undividable(size: usize) -> World {
    let mut world = World::generate(&Spec::sizes(&[300]));
    let id = world.accounts[0].id.clone();
    world.accounts.push(Account::new("0ther-acc", "Other", Cloud::Aws { account: None, as_number: false }));
    let cell = (0..size).map(|number| {
        let id = CheckId::new(&id, "S3-016", "S3", "eu-west-1", &format!("bucket-{number}"));
        Check::new(id, Status::Failure, "HIGH")
    });
    world.checks.extend(cell);
    let other = CheckId::new("0ther-acc", "S3-016", "S3", "eu-west-1", "alone");
    world.checks.push(Check::new(other, Status::Failure, "HIGH"));
    world
}

#[tokio::test(start_paused = true)]
async fn p08_a_cell_that_cannot_be_divided_is_read_as_far_as_possible_and_reported() {
    for beyond in [BeyondWindow::Empty, BeyondWindow::ServerError, BeyondWindow::RepeatLastPage] {
        let options = Options { beyond_window: beyond, ..Options::default() };
        let lab = Setup::new(Installation::Conformity(undividable(10_500), options)).start();
        let outcome = lab.everything().await;
        outcome.assert_incomplete();
        outcome.assert_among(&truth::ids(&lab));
        assert_eq!(outcome.items.len(), 10_301, "{beyond:?}: all but 500 can be read");
        let incomplete = outcome.incomplete();
        assert_eq!(incomplete.len(), 1, "{incomplete:#?}");
        assert_eq!((incomplete[0].expected, incomplete[0].received), (Some(10_500), 10_000), "{beyond:?}");
        assert!(!outcome.report.is_total_failure());
        assert!(lab.pages() < 60, "{beyond:?}: {} pages", lab.pages());
    }
}

#[tokio::test(start_paused = true)]
async fn requests_of_an_undivided_account_are_its_pages() {
    for size in [1, 999, 5_000, 9_999] {
        let lab = lab_of(&Spec::sizes(&[size]));
        lab.everything().await.assert_complete();
        let pages = (size as f64 / 1_000.0).ceil();
        assert!(
            lab.log().count() as f64 <= (1.02 * pages).floor() + CATALOGUE as f64,
            "{} for {size}",
            lab.log().count()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn p06_a_quarter_of_a_million_costs_at_most_a_quarter_more() {
    let lab = lab_of(&Spec::large());
    let query = cspm_tests::everything();
    let seen = lab.count_findings(&query).await;
    assert_eq!(seen.distinct, 250_000);
    assert!(
        seen.report.complete,
        "{:#?}",
        seen.report.connections[0].scopes.iter().find(|scope| !scope.complete)
    );
    let requests = lab.log().count() - CATALOGUE;
    assert!(requests as f64 <= 1.25 * 250.0, "{requests} requests");
}

#[tokio::test(start_paused = true)]
async fn a_part_that_fails_for_ever_leaves_the_others_of_its_account() {
    let lab = lab_of(&Spec::concentrated());
    let fault = Fault::status(http::StatusCode::SERVICE_UNAVAILABLE);
    let rule =
        lab.simulator.faults().on(Match::get("/v1/checks").query("page%5Bnumber%5D=4"), Which::Every, fault);
    let outcome = lab.everything().await;
    outcome.assert_incomplete();
    outcome.assert_among(&truth::ids(&lab));
    assert!(lab.simulator.faults().hits(rule) > 0);
    assert!(outcome.items.len() > 25_000, "{} of 37,000", outcome.items.len());
    assert!(outcome.errors().iter().any(|error| error.kind() == ErrorKind::Server));
    assert_accounted(&lab, &outcome);
}
