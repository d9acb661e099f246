//! What fails: a second chance where it may help, no storm where it cannot, and everything else is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::support::*;
use crate::{Cursor, Error, ErrorKind, Owner, Plan, Step};

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("s{number:04}")).collect()
}

fn with_scopes(
    names: &[String],
    step: impl Fn(&str, &Cursor, usize) -> crate::Result<Step<Item>> + Send + Sync + 'static,
) -> Script {
    Script::new(&names.iter().map(String::as_str).collect::<Vec<_>>(), step)
}

fn count(asked: &[String], place: &str) -> usize {
    asked.iter().filter(|asked| *asked == place).count()
}

#[tokio::test]
async fn a_step_that_failed_for_now_is_made_again_after_everything_else() {
    let script = with_scopes(&names(10), |name, _, before| match (name, before) {
        ("s0000", 0) => Err(outage()),
        _ => Ok(Step::done(vec![item(name)])),
    });
    let run = run(&script).await;
    run.assert_complete(&names(10));
    assert_eq!(run.asked.len(), 11);
    assert_eq!(run.asked.last().unwrap(), "s0000@start");
}

#[tokio::test]
async fn p22_of_pages_side_by_side_only_the_failed_one_is_made_again() {
    let script = Script::new(&["a"], |_, at, before| match (page_number(at), before) {
        (3, 0) => Err(outage()),
        _ => Ok(fan(100, 10, at)),
    });
    let run = run(&script).await;
    run.assert_complete(&ids(0..100));
    assert_eq!(run.asked.len(), 11);
    assert_eq!(run.asked.last().unwrap(), "a@page 3");
    assert_eq!(run.report.duplicates, 0);
}

#[tokio::test]
async fn a_cursor_gets_its_second_chance_where_it_stood() {
    let script = Script::new(&["a"], |_, at, before| match (token_number(at), before) {
        (2, 0) => Err(outage()),
        (4, _) => Ok(Step::done(page_of(50, 10, 4))),
        (number, _) => Ok(next(page_of(50, 10, number), token(number + 1))),
    });
    let run = run(&script).await;
    run.assert_complete(&ids(0..50));
    assert_eq!(
        run.asked,
        ["start", "token 1", "token 2", "token 2", "token 3", "token 4"].map(|at| format!("a@{at}"))
    );
}

#[tokio::test]
async fn what_fails_twice_or_for_good_has_failed() {
    for (error, requests) in [(outage as fn() -> Error, 2), (refusal, 1)] {
        let script = Script::new(&["a", "b"], move |name, _, _| match name {
            "a" => Err(error()),
            _ => Ok(Step::done(vec![item("b")])),
        });
        let run = run(&script).await;
        assert_eq!(run.ids, ["b"]);
        assert_eq!(count(&run.asked, "a@start"), requests);
        assert_eq!(run.scopes(), [format!("a 0/- {}", error().kind()), "b 1/- complete".to_owned()]);
        assert!(!run.report.complete);
        assert!(run.report.error.is_none(), "one scope is not the connection");
    }
}

#[tokio::test]
async fn p24_one_scope_of_twenty_fails_for_ever_and_nineteen_are_complete() {
    for kind in [ErrorKind::Server, ErrorKind::Permission] {
        let script = with_scopes(&names(20), move |name, at, _| match (name, page_number(at)) {
            ("s0007", 0) => Ok(fan(30, 10, at)),
            ("s0007", _) => Err(Error::new(kind, "broken")),
            _ => Ok(Step::done(vec![item(name)])),
        });
        let run = run(&script).await;
        assert_eq!(run.ids.len(), 19 + 10);
        let complete = run.report.scopes.iter().filter(|scope| scope.complete).count();
        assert_eq!((complete, run.report.scopes.len()), (19, 20));
        assert!(run.scopes().contains(&format!("s0007 10/30 {kind}")), "{:?}", run.scopes());
        assert!(run.report.error.is_none());
    }
}

#[tokio::test]
async fn a_scope_whose_every_page_fails_is_soon_left_alone() {
    let script = Script::new(&["a", "b"], |name, at, _| match (name, page_number(at)) {
        ("b", _) => Ok(Step::done(vec![item("b")])),
        (_, 0) => Ok(fan(10_000, 10, at)),
        _ => Err(outage()),
    });
    let run = run(&script).await;
    assert!(run.asked.len() <= 2 + 5 + 3, "{} requests", run.asked.len());
    assert_eq!(run.scopes(), ["a 10/10000 network", "b 1/- complete"]);
}

#[tokio::test]
async fn pages_that_fail_now_and_then_cost_only_themselves() {
    let script = Script::new(&["a"], |_, at, _| match page_number(at) {
        number if number % 5 == 3 => Err(refusal()),
        _ => Ok(fan(500, 10, at)),
    });
    let run = run(&script).await;
    assert_eq!(run.scopes(), ["a 400/500 permission"]);
    assert_eq!(run.asked.len(), 50);
}

#[tokio::test]
async fn r08_an_outage_over_a_thousand_scopes_asks_about_ten_and_reports_all() {
    for kind in [ErrorKind::Network, ErrorKind::Timeout, ErrorKind::Server, ErrorKind::Throttled] {
        let script = with_scopes(&names(1_000), move |_, _, _| Err(Error::new(kind, "down").temporary()));
        let run = run(&script).await;
        assert!((5..=10).contains(&run.asked.len()), "{} requests", run.asked.len());
        assert_eq!(run.report.scopes.len(), 1_000);
        assert!(run.report.scopes.iter().all(|scope| scope.error.as_ref().is_some_and(|e| e.kind() == kind)));
        assert_eq!(
            run.report.error.as_ref().unwrap().kind(),
            kind,
            "nothing was read: the connection failed"
        );
        assert!(run.error_of("s0999").contains("not tried"), "{}", run.error_of("s0999"));
        assert!(!run.error_of("s0000").contains("not tried"), "this one was: {}", run.error_of("s0000"));
        assert!(run.report.failed_as_a_whole());
    }
}

#[tokio::test]
async fn r08_an_outage_in_mid_run_keeps_what_was_read_and_gives_no_second_chances() {
    let script = with_scopes(&names(1_000), |name, _, _| match name {
        name if name < "s0100" => Ok(Step::done(vec![item(name)])),
        _ => Err(outage()),
    });
    let run = run(&script).await;
    assert_eq!(run.ids(), names(100));
    assert!(run.asked.len() <= 110, "{} requests", run.asked.len());
    assert!(names(1_000).iter().all(|name| count(&run.asked, &format!("{name}@start")) <= 1));
    assert_eq!(run.report.scopes.iter().filter(|scope| scope.complete).count(), 100);
    assert!(run.report.error.is_none(), "it did not fail as a whole");
}

#[tokio::test]
async fn failures_that_are_the_scopes_own_never_bring_the_connection_down() {
    let script = with_scopes(&names(40), |name, _, _| match name {
        "s0039" => Ok(Step::done(vec![item(name)])),
        _ => Err(refusal()),
    });
    let run = run(&script).await;
    assert_eq!(run.asked.len(), 40);
    assert_eq!(run.ids, ["s0039"]);
}

#[tokio::test]
async fn scattered_outages_never_bring_the_connection_down() {
    // Half of the scopes fail for ever, every other one; their second chances at the end all fail in a row.
    let script = with_scopes(&names(40), |name, _, _| match name.as_bytes()[4] % 2 {
        0 => Ok(Step::done(vec![item(name)])),
        _ => Err(outage()),
    });
    let run = run(&script).await;
    assert_eq!(run.asked.len(), 60);
    assert_eq!(run.ids.len(), 20);
    assert!(
        run.report
            .scopes
            .iter()
            .all(|scope| scope.error.as_ref().is_none_or(|e| !e.message().contains("tried")))
    );
}

#[tokio::test]
async fn a11_a_key_revoked_in_mid_run_ends_the_connection_and_names_what_was_not_read() {
    let revoked = Arc::new(AtomicBool::new(false));
    let script = with_scopes(&names(50), move |name, _, _| {
        if name == "s0020" {
            revoked.store(true, Ordering::Relaxed);
        }
        if revoked.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Authentication, "key refused").with_status(401));
        }
        Ok(Step::done(vec![item(name)]))
    });
    let run = run(&script).await;
    // Others were in flight beside the twenty-first, and those that answered before it made room for more.
    assert!((20..=23).contains(&run.ids.len()), "{:?}", run.ids);
    assert!(run.asked.len() <= 28, "{} requests", run.asked.len());
    assert_eq!(run.report.scopes.len(), 50);
    for name in names(50) {
        let line = if run.ids.contains(&name) { "1/- complete" } else { "0/- authentication" };
        assert!(run.scopes().contains(&format!("{name} {line}")), "{name} {:?}", run.scopes());
    }
    assert!(run.error_of("s0049").contains("not tried"));
    assert!(run.report.error.is_none(), "it did not fail as a whole");
}

#[tokio::test]
async fn when_the_connection_goes_down_answers_in_flight_still_count_but_lead_to_nothing() {
    let script = Script::new(&["a", "b", "c"], |name, at, _| match (name, token_number(at)) {
        ("a", _) => Err(Error::new(ErrorKind::Authentication, "key refused")),
        ("b", 0) => Ok(next(items(0..5), token(1))),
        ("c", _) => Ok(Step::done(items(10..12))),
        other => panic!("asked for {other:?}"),
    })
    .slow("b");
    let run = run(&script).await;
    assert_eq!(run.scopes(), ["a 0/- authentication", "b 5/- authentication", "c 2/- complete"]);
    assert_eq!(run.asked.len(), 3);
}

#[tokio::test]
async fn x01_an_adapter_that_panics_costs_the_scope_and_nothing_else() {
    let script = Script::new(&["a", "b"], |name, _, _| match name {
        "a" => panic!("index out of range"),
        _ => Ok(Step::done(vec![item("b")])),
    });
    let run = run(&script).await;
    assert_eq!(run.ids, ["b"]);
    assert_eq!(run.scopes(), ["a 0/- protocol", "b 1/- complete"]);
    assert_eq!(run.report.scopes.iter().find_map(|scope| scope.error.clone()).unwrap().owner(), Owner::Tool);
    assert_eq!(count(&run.asked, "a@start"), 1, "a mistake of ours does not mend itself");
}

#[tokio::test]
async fn x01_an_adapter_that_panics_while_planning_fails_its_connection() {
    let script = Script::planned(|| panic!("index out of range"), |_, _, _| unreachable!());
    let run = run(&script).await;
    assert_eq!(run.report.error.as_ref().unwrap().owner(), Owner::Tool);
    assert!(!run.report.complete && run.report.scopes.is_empty());
}

#[tokio::test]
async fn a_plan_that_fails_is_the_connections_error() {
    let script = Script::planned(|| Err(refusal()), |_, _, _| unreachable!());
    let run = run(&script).await;
    assert_eq!(run.report.error.as_ref().unwrap().kind(), ErrorKind::Permission);
    assert!(run.report.failed_as_a_whole());
    assert!(run.asked.is_empty());
}

#[tokio::test]
async fn what_a_plan_could_not_reach_is_reported_and_the_rest_is_read() {
    let plan = || {
        Ok(Plan {
            failed: vec![(scope("lost"), refusal())],
            unknown_accounts: vec!["typo".to_owned()],
            ..Plan::of(scopes(&["a"]))
        })
    };
    let script = Script::planned(plan, |_, _, _| Ok(Step::done(vec![item("1")])));
    let run = run(&script).await;
    assert_eq!(run.scopes(), ["a 1/- complete", "lost 0/- permission"]);
    assert_eq!(run.report.unknown_accounts, ["typo"]);
    assert!(!run.report.complete);
    assert_eq!(run.asked, ["a@start"]);
}
