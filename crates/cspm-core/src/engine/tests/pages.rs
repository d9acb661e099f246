//! Following pages: each asked once, each record once, and never for ever.

use futures_util::StreamExt;

use super::support::*;
use crate::{Cursor, Error, ErrorKind, Step, Then};

/// Sizes around the edges of a page of ten.
const SIZES: [u64; 7] = [0, 1, 9, 10, 11, 21, 95];

#[tokio::test]
async fn p01_pages_by_cursor_are_each_asked_once_and_in_order() {
    for total in SIZES {
        let last = total.div_ceil(10).max(1) - 1;
        let script = Script::new(&["a"], move |_, at, _| {
            let number = token_number(at);
            let items = page_of(total, 10, number);
            Ok(if number == last { Step::done(items) } else { next(items, token(number + 1)) })
        });
        let run = run(&script).await;
        run.assert_complete(&ids(0..total));
        let mut want = vec!["a@start".to_owned()];
        want.extend((1..=last).map(|number| format!("a@token {number}")));
        assert_eq!(run.asked, want);
        assert_eq!(run.scopes(), [format!("a {total}/- complete")]);
    }
}

#[tokio::test]
async fn p01_pages_by_number_are_each_asked_once() {
    for total in SIZES {
        let script = Script::new(&["a"], move |_, at, _| Ok(fan(total, 10, at)));
        let run = run(&script).await;
        run.assert_complete(&ids(0..total));
        let mut want = vec!["a@start".to_owned()];
        want.extend((1..total.div_ceil(10)).map(|number| format!("a@page {number}")));
        assert_eq!(run.asked, want, "page 0 is not read twice");
        assert_eq!(run.scopes(), [format!("a {total}/{total} complete")]);
    }
}

#[tokio::test]
async fn p01_pages_by_offset_are_each_asked_once() {
    for total in SIZES {
        let script = Script::new(&["a"], move |_, at, _| {
            let from = if let Cursor::Offset(offset) = at { *offset } else { 0 };
            let to = (from + 10).min(total);
            let then = if to == total { Then::Done } else { Then::Next(Cursor::Offset(to)) };
            Ok(Step::with(items(from..to), then).expecting(Some(total)))
        });
        let run = run(&script).await;
        run.assert_complete(&ids(0..total));
        assert_eq!(run.asked.len() as u64, total.div_ceil(10).max(1));
        assert_eq!(run.scopes(), [format!("a {total}/{total} complete")]);
    }
}

#[tokio::test]
async fn several_scopes_are_read_side_by_side_and_each_is_reported() {
    let script = Script::new(&["a", "b", "c"], |name, at, _| {
        let first = match name {
            "a" => 0,
            "b" => 100,
            _ => 200,
        };
        let number = token_number(at);
        let items = items(first + number * 2..first + number * 2 + 2);
        Ok(if number == 2 { Step::done(items) } else { next(items, token(number + 1)) })
    });
    let run = run(&script).await;
    run.assert_complete(&sorted([ids(0..6), ids(100..106), ids(200..206)].concat()));
    assert_eq!(run.scopes(), ["a 6/- complete", "b 6/- complete", "c 6/- complete"]);
    assert_eq!(run.asked.len(), 9);
    assert_eq!(run.asked[..3], ["a@start", "b@start", "c@start"]);
}

#[tokio::test]
async fn p04_an_empty_page_in_the_middle_is_not_the_end() {
    let script = Script::new(&["a"], |_, at, _| {
        Ok(match token_number(at) {
            0 => next(items(0..5), token(1)),
            number @ 1..=7 => next(Vec::new(), token(number + 1)),
            8 => next(items(5..7), token(9)),
            _ => Step::done(Vec::new()),
        })
    });
    let run = run(&script).await;
    run.assert_complete(&ids(0..7));
    assert_eq!(run.asked.len(), 10);
}

#[tokio::test]
async fn p15_a_repeated_cursor_ends_the_scope_whatever_the_length_of_the_cycle() {
    for cycle in [1_u64, 2, 50] {
        let script = Script::new(&["a", "b"], move |name, at, before| {
            if name == "b" {
                return Ok(Step::done(vec![item("b")]));
            }
            // New records every time, so that only the cursor gives it away.
            let number = token_number(at);
            let following = number % cycle + 1;
            Ok(next(vec![item(&format!("{number} {before}"))], token(following)))
        });
        let run = run(&script).await;
        assert_eq!(run.scopes(), [format!("a {}/- protocol", cycle + 1), "b 1/- complete".to_owned()]);
        assert!(run.error_of("a").contains("repeated a cursor"), "{}", run.error_of("a"));
        assert_eq!(run.ids.len() as u64, cycle + 2, "what came before stays");
        assert_eq!(run.asked.len() as u64, cycle + 2, "no cursor is asked for twice");
        assert!(!run.report.complete);
    }
}

#[tokio::test]
async fn p15_a_cursor_back_to_the_start_or_twice_in_a_fan_is_a_repeat() {
    let answers: [fn() -> Then; 3] = [
        || Then::Next(Cursor::Start),
        || Then::Fan(vec![Cursor::Page(1), Cursor::Page(1)]),
        || Then::Fan(vec![Cursor::Page(1), Cursor::Start]),
    ];
    for answer in answers {
        let script = Script::new(&["a"], move |_, _, _| Ok(Step::with(vec![item("1")], answer())));
        let run = run(&script).await;
        assert_eq!(run.scopes(), ["a 1/- protocol"]);
        assert_eq!(run.asked, ["a@start"]);
    }
}

#[tokio::test]
async fn pages_that_each_name_all_others_do_not_multiply() {
    let script = Script::new(&["a"], |_, at, _| {
        let all = (1..50).map(Cursor::Page).collect();
        Ok(Step::with(page_of(500, 10, page_number(at)), Then::Fan(all)))
    });
    let run = run(&script).await;
    assert!(run.asked.len() < 10, "{} requests", run.asked.len());
    assert!(!run.report.complete);
}

#[tokio::test]
async fn p16_fresh_cursors_without_end_are_noticed_by_what_they_bring() {
    type Page = fn(u64) -> Vec<Item>;
    let cases: [(&str, Page, usize); 5] = [
        ("always the same large page", |_| items(0..10), 2),
        ("always the same small page", |_| items(0..2), 4),
        (
            "known records, then nothing, in turn",
            |page| if page % 2 == 0 { items(0..2) } else { Vec::new() },
            7,
        ),
        ("nothing for ever", |_| Vec::new(), 1_000),
        (
            "nothing for ever after a good page",
            |page| if page == 0 { items(0..5) } else { Vec::new() },
            1_001,
        ),
    ];
    for (what, page, requests) in cases {
        let script = Script::new(&["a"], move |_, at, _| {
            let number = token_number(at);
            Ok(next(page(number), token(number + 1)))
        });
        let run = run(&script).await;
        assert_eq!(run.asked.len(), requests, "{what}");
        assert_eq!(run.report.scopes[0].error.as_ref().unwrap().kind(), ErrorKind::Protocol, "{what}");
        assert!(!run.report.complete, "{what}");
    }
}

#[tokio::test]
async fn p16_far_more_records_than_announced_end_the_scope() {
    let script = Script::new(&["a"], |_, at, _| {
        let number = token_number(at);
        Ok(next(items(number * 1_000..(number + 1) * 1_000), token(number + 1)).expecting(Some(500)))
    });
    let run = run(&script).await;
    assert_eq!(run.asked.len(), 12, "twice the 500 announced and 10,000 more");
    assert_eq!(run.scopes(), ["a 12000/500 protocol"]);
}

#[tokio::test]
async fn p21_a_server_that_ignores_the_page_asked_for_is_noticed_on_the_second_page() {
    let script = Script::new(&["a", "b"], |name, at, _| {
        if name == "b" {
            return Ok(Step::done(vec![item("b")]));
        }
        Ok(Step { items: items(0..100), ..fan(2_000, 100, at) })
    });
    let run = run(&script).await;
    assert_eq!(run.scopes(), ["a 100/2000 protocol", "b 1/- complete"]);
    assert!(run.error_of("a").contains("ignore the page"), "{}", run.error_of("a"));
    // The second page, and those in flight beside it.
    assert!(run.asked.len() <= 1 + 1 + 4, "{:?}", run.asked);
    assert_eq!(run.ids.len(), 101, "each once");
}

#[tokio::test]
async fn p20_an_expired_cursor_restarts_its_scope_once_and_doubles_nothing() {
    for status in [400, 410] {
        let script = Script::new(&["a", "b"], move |name, at, before| {
            let number = token_number(at);
            if name == "a" && number == 2 && before == 0 {
                return Err(Error::new(ErrorKind::InvalidRequest, "cursor expired").with_status(status));
            }
            let first = if name == "a" { 0 } else { 100 };
            let items = items(first + number * 10..first + (number + 1) * 10);
            Ok(if number == 3 { Step::done(items) } else { next(items, token(number + 1)) })
        });
        let run = run(&script).await;
        run.assert_complete(&sorted([ids(0..40), ids(100..140)].concat()));
        let asked_a: Vec<_> = run.asked.iter().filter(|place| place.starts_with("a@")).collect();
        let want = ["start", "token 1", "token 2", "start", "token 1", "token 2", "token 3"];
        assert_eq!(asked_a, want.map(|place| format!("a@{place}")).iter().collect::<Vec<_>>());
        assert_eq!(run.report.duplicates, 0, "what our own restart brings again is nobody's duplicate");
        assert_eq!(run.scopes(), ["a 40/- complete", "b 40/- complete"]);
    }
}

#[tokio::test]
async fn p20_a_cursor_that_expires_again_is_an_error_and_what_was_read_stays() {
    let script = Script::new(&["a"], |_, at, _| match token_number(at) {
        2 => Err(Error::new(ErrorKind::InvalidRequest, "cursor expired").with_status(410)),
        number => Ok(next(page_of(100, 10, number), token(number + 1))),
    });
    let run = run(&script).await;
    assert_eq!(run.asked.len(), 6);
    assert_eq!(run.ids(), ids(0..20));
    assert_eq!(run.scopes(), ["a 20/- invalid_request"]);
}

#[tokio::test]
async fn p20_what_a_first_attempt_saw_counts_even_if_the_second_got_less_far() {
    let script = Script::new(&["a"], |_, at, before| match (token_number(at), before) {
        (3, _) => Err(Error::new(ErrorKind::InvalidRequest, "cursor expired").with_status(410)),
        (1, 1) => Err(refusal()),
        (number, _) => Ok(next(page_of(100, 10, number), token(number + 1)).expecting(Some(100))),
    });
    let run = run(&script).await;
    assert_eq!(run.ids(), ids(0..30));
    assert_eq!(run.scopes(), ["a 30/100 permission"]);
}

#[tokio::test]
async fn a_restart_lets_answers_of_the_first_attempt_fall() {
    // Two chains side by side; one expires while the other is still in flight.
    let script = Script::new(&["a"], |_, at, before| match (token_number(at), before) {
        (0, _) => Ok(Step::with(items(0..2), Then::Fan(vec![token(2), token(1)]))),
        (1, 0) => Err(Error::new(ErrorKind::InvalidRequest, "cursor expired").with_status(400)),
        (number, _) => Ok(Step::done(page_of(6, 2, number))),
    });
    let run = run(&script).await;
    run.assert_complete(&ids(0..6));
    assert_eq!(run.report.duplicates, 0);
}

#[tokio::test]
async fn a_refused_first_page_is_no_expired_cursor() {
    let script = Script::new(&["a"], |_, _, _| {
        Err(Error::new(ErrorKind::InvalidRequest, "no such field").with_status(400))
    });
    let run = run(&script).await;
    assert_eq!(run.asked, ["a@start"]);
    assert_eq!(run.scopes(), ["a 0/- invalid_request"]);
}

#[tokio::test]
async fn a_restart_forgives_what_failed_before_it() {
    let script = Script::new(&["a"], |_, at, before| match (token_number(at), before) {
        (0, _) => Ok(Step::with(items(0..2), Then::Fan(vec![token(1), token(2)]))),
        (1, 0) => Err(refusal()),
        (2, 0) => Err(Error::new(ErrorKind::InvalidRequest, "cursor expired").with_status(410)),
        (number, _) => Ok(Step::done(page_of(6, 2, number))),
    });
    let mut reading = script.reading(1);
    assert_eq!((&mut reading).count().await, 6);
    assert!(reading.into_report().complete, "the second attempt read everything");
}

#[tokio::test]
async fn a_scope_given_up_stays_so_when_another_of_its_cursors_expires() {
    let script = Script::new(&["a"], |_, at, _| match token_number(at) {
        // The first answers before the second, and repeats itself.
        0 => Ok(Step::with(items(0..2), Then::Fan(vec![token(2), token(1)]))),
        1 => Ok(next(items(2..4), token(1))),
        _ => Err(Error::new(ErrorKind::InvalidRequest, "cursor expired").with_status(410)),
    });
    let run = run(&script).await;
    assert_eq!(run.scopes(), ["a 4/- protocol"]);
    assert_eq!(run.asked.len(), 3);
}

#[tokio::test]
async fn s05_a_page_whose_link_must_not_be_followed_stands_and_ends_its_scope() {
    let script = Script::new(&["a", "b"], |name, _, _| {
        let then = if name == "a" {
            Then::Stop(Error::new(ErrorKind::Protocol, "a link to another host"))
        } else {
            Then::Done
        };
        let first = if name == "a" { 0 } else { 100 };
        Ok(Step::with(items(first..first + 10), then))
    });
    let run = run(&script).await;
    assert_eq!(run.ids().len(), 20);
    assert!(!run.report.complete);
    assert_eq!(run.asked, ["a@start", "b@start"]);
    assert!(run.error_of("a").contains("another host"));
}
