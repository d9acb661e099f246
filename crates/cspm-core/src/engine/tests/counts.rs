//! Announced numbers against what comes: complete only if it is proven.

use super::support::*;
use crate::{Cursor, Plan, Step, Then};

#[tokio::test]
async fn p10_a_scope_is_complete_only_if_its_figures_agree_with_what_came() {
    // The figures of three pages of ten records each, what the scope's line says, and how many requests it took.
    let cases: [([Option<u64>; 3], &str, usize); 11] = [
        ([None, None, None], "a 30/- complete", 3),
        ([Some(30), Some(30), Some(30)], "a 30/30 complete", 3),
        ([Some(30), None, None], "a 30/30 complete", 3),
        ([None, None, Some(30)], "a 30/30 complete", 3),
        ([Some(30), None, Some(30)], "a 30/30 complete", 3),
        ([Some(0), Some(0), Some(0)], "a 30/0 protocol", 6),
        ([Some(29), Some(29), Some(29)], "a 30/29 protocol", 6),
        ([Some(31), None, None], "a 30/31 protocol", 6),
        ([None, None, Some(31)], "a 30/31 protocol", 6),
        ([Some(30), Some(31), Some(30)], "a 30/30 protocol", 6),
        ([Some(31), None, Some(30)], "a 30/30 protocol", 6),
    ];
    for (figures, want, requests) in cases {
        let script = Script::new(&["a"], move |_, at, _| {
            let number = token_number(at);
            let then = if number == 2 { Then::Done } else { Then::Next(token(number + 1)) };
            Ok(Step::with(page_of(30, 10, number), then).expecting(figures[number as usize]))
        });
        let run = run(&script).await;
        assert_eq!(run.scopes(), [want], "{figures:?}");
        assert_eq!(run.asked.len(), requests, "{figures:?}");
        assert_eq!(run.ids(), ids(0..30), "{figures:?}");
        assert_eq!(run.report.complete, want.ends_with("complete"));
        assert_eq!(run.report.duplicates, 0, "a second pass of ours doubles nothing");
    }
}

#[tokio::test]
async fn p11_a_figure_that_changes_between_pages_is_settled_by_a_second_pass() {
    for (first, later) in [(30_u64, 25_u64), (25, 30)] {
        let script = Script::new(&["a"], move |_, at, before| {
            // The listing changes while its first page is under way for the first time.
            let total = if page_number(at) == 0 && before == 0 { first } else { later };
            Ok(fan(total, 10, at))
        });
        let run = run(&script).await;
        assert!(run.report.complete, "{:?}", run.scopes());
        assert_eq!(run.scopes(), [format!("a {later}/{later} complete")]);
        assert_eq!(run.ids(), ids(0..later));
        assert_eq!(run.asked.len(), 6);
    }
}

#[tokio::test]
async fn p11_a_listing_that_never_stands_still_is_reported() {
    let script = Script::new(&["a"], |_, at, before| {
        let number = page_number(at);
        Ok(fan(30, 10, at).expecting(Some(30 + number + before as u64)))
    });
    let run = run(&script).await;
    assert_eq!(run.ids(), ids(0..30));
    assert!(!run.report.complete);
    assert_eq!(run.asked.len(), 6, "two passes and no more");
    let error = run.report.scopes[0].error.clone().unwrap();
    assert!(error.is_temporary(), "a later run may find it calm: {error}");
}

/// Twenty records by page number; one vanishes from the first page before the second is asked for, so that another
/// slips by unread. `told` says whether the vendor's figure follows.
fn shrinking(told: bool) -> Script {
    Script::new(&["a"], move |_, at, before| {
        let number = page_number(at);
        let fresh_start = number == 0 && before == 0;
        let mut all = items(0..20);
        if !fresh_start {
            all.remove(3);
        }
        let figure = if told && !fresh_start { 19 } else { 20 };
        let page = all.into_iter().skip(number as usize * 10).take(10).collect();
        let then = if number == 0 { Then::Fan(vec![Cursor::Page(1)]) } else { Then::Done };
        Ok(Step::with(page, then).expecting(Some(figure)))
    })
}

#[tokio::test]
async fn p12_a_record_that_slips_by_is_found_by_a_second_pass() {
    let run = run(&shrinking(true)).await;
    // Record 10 moved to the first page after that was read; the second pass brings it.
    assert_eq!(run.ids(), ids(0..20));
    assert_eq!(run.scopes(), ["a 19/19 complete"]);
    assert_eq!(run.asked.len(), 4);
}

#[tokio::test]
async fn p12_a_record_that_slips_by_is_found_even_if_the_figure_does_not_follow() {
    let run = run(&shrinking(false)).await;
    assert_eq!(run.ids(), ids(0..20));
    // The second pass alone has 19 of the 20 announced; both together have 20.
    assert_eq!(run.scopes(), ["a 20/20 complete"]);
    assert_eq!(run.asked.len(), 4);
}

#[tokio::test]
async fn both_passes_together_prove_nothing_if_the_figure_moved_between_them() {
    // Each pass misses one record: first "19" of 20, then "0" of 21. Together they have 21, but of two listings.
    let script = Script::new(&["a"], |_, at, before| {
        let mut step = fan(20 + before as u64, 30, at);
        step.items.retain(|item| item.id != ["19", "0"][before]);
        Ok(step)
    });
    let run = run(&script).await;
    assert_eq!(run.ids(), ids(0..21));
    assert_eq!(run.scopes(), ["a 21/21 protocol"]);
}

#[tokio::test]
async fn an_order_that_changes_with_every_answer_is_made_up_for_by_both_passes() {
    // Each pass misses one record and brings another twice; the figure stands still.
    let script = Script::new(&["a"], |_, at, before| {
        let number = page_number(at);
        let mut page = page_of(20, 10, number);
        if number == 1 {
            page[before] = item("0");
        }
        Ok(Step { items: page, ..fan(20, 10, at) })
    });
    let run = run(&script).await;
    run.assert_complete(&ids(0..20));
    assert_eq!(run.scopes(), ["a 20/20 complete"]);
    assert_eq!(run.report.duplicates, 1);
}

#[tokio::test]
async fn a_record_missing_from_both_passes_is_reported() {
    let script = Script::new(&["a"], |_, at, _| {
        let mut step = fan(20, 10, at);
        step.items.retain(|item| item.id != "15");
        Ok(step)
    });
    let run = run(&script).await;
    assert_eq!(run.scopes(), ["a 19/20 protocol"]);
    assert!(run.error_of("a").contains("announced 20 records and delivered 19"), "{}", run.error_of("a"));
    assert!(!run.report.scopes[0].error.as_ref().unwrap().is_temporary(), "the same every time");
    assert_eq!(run.asked.len(), 4);
}

#[tokio::test]
async fn p13_a_record_that_appears_makes_another_come_twice_and_is_handed_on_once() {
    let script = Script::new(&["a"], |_, at, before| {
        let number = page_number(at);
        let grown = number > 0 || before > 0;
        let all: Vec<_> =
            if grown { std::iter::once(item("new")).chain(items(0..20)).collect() } else { items(0..20) };
        let figure = all.len() as u64;
        let page = all.into_iter().skip(number as usize * 10).take(10).collect();
        let then = if number == 0 { Then::Fan(vec![Cursor::Page(1), Cursor::Page(2)]) } else { Then::Done };
        Ok(Step::with(page, then).expecting(Some(figure)))
    });
    let run = run(&script).await;
    run.assert_complete(&sorted([ids(0..20), vec!["new".to_owned()]].concat()));
    assert_eq!(run.report.duplicates, 1);
    assert_eq!(run.scopes(), ["a 21/21 complete"]);
    assert_eq!(run.asked.len(), 6);
}

#[tokio::test]
async fn a_duplicate_does_not_stand_in_for_a_missing_record() {
    let script = Script::new(&["a"], |_, _, _| {
        Ok(Step::done(vec![item("1"), item("2"), item("2")]).expecting(Some(3)))
    });
    let run = run(&script).await;
    assert_eq!(run.ids(), ["1", "2"]);
    assert_eq!(run.scopes(), ["a 2/3 protocol"]);
}

#[tokio::test]
async fn j12_one_bad_record_of_a_thousand_is_named_and_makes_its_scope_incomplete() {
    let script = Script::new(&["a", "b"], |name, at, _| {
        if name == "b" {
            return Ok(Step::done(vec![item("b")]));
        }
        let mut step = fan(1_000, 100, at);
        if page_number(at) == 4 {
            step.items.retain(|item| item.id != "444");
            step.rejected.push(rejected("444\u{1b}[2J"));
        }
        Ok(step)
    });
    let run = run(&script).await;
    assert_eq!(run.ids.len(), 999 + 1);
    assert_eq!(run.report.rejected, 1);
    assert_eq!(run.scopes(), ["a 999/1000 protocol", "b 1/- complete"]);
    assert_eq!(run.report.scopes[1].error.as_ref().unwrap().owner(), crate::Owner::Tool);
    assert_eq!(run.report.notices, ["record 444\\u{1b}[2J was rejected: no severity"]);
    assert_eq!(run.asked.len(), 11, "a count that the rejected record explains is no reason to read again");
}

/// Accounts that could not be read while planning, say.
#[tokio::test]
async fn j12_what_planning_rejected_is_counted_too() {
    let script = Script::planned(
        || Ok(Plan { rejected: 2, ..Plan::of(scopes(&["a"])) }),
        |_, _, _| {
            let mut step = Step::done(items(0..5));
            step.rejected.push(rejected("5"));
            Ok(step)
        },
    );
    assert_eq!(run(&script).await.report.rejected, 3);
}

#[tokio::test]
async fn rejected_records_of_a_later_pass_are_counted_and_those_of_an_earlier_one_not_twice() {
    // (rejected on the first pass, on the second) -> rejected in the report.
    for (first, second) in [(1, 0), (0, 1), (1, 1)] {
        let script = Script::new(&["a"], move |_, at, before| {
            let mut step = fan(20, 10, at);
            if page_number(at) == 0 && before == 0 {
                step.expected = Some(25);
            }
            if page_number(at) == 1 && [first, second][before] == 1 {
                step.items.pop();
                step.rejected.push(rejected("19"));
            }
            Ok(step)
        });
        let run = run(&script).await;
        assert_eq!(run.report.rejected, second, "{first} {second}");
        assert_eq!(run.report.complete, second == 0, "{first} {second}: {:?}", run.scopes());
        assert_eq!(run.report.notices.len(), 1);
    }
}

#[tokio::test]
async fn records_that_are_not_wanted_count_as_received_and_are_not_handed_on() {
    let script = Script::new(&["a"], |_, at, _| {
        let mut step = fan(20, 10, at);
        step.items.iter_mut().filter(|item| item.id.ends_with('7')).for_each(|item| item.wanted = false);
        Ok(step)
    });
    let run = run(&script).await;
    assert_eq!(run.ids.len(), 18);
    assert_eq!(run.scopes(), ["a 20/20 complete"]);
}

#[tokio::test]
async fn figures_beyond_all_bounds_are_reported_as_they_are() {
    let most = u64::MAX;
    let script = Script::new(&["a", "b", "c"], move |name, _, _| {
        Ok(match name {
            "c" => Step::with(Vec::new(), Then::Split(scopes(&["d", "e"]))).expecting(Some(most)),
            _ => Step::done(vec![item(name)]).expecting(Some(most)),
        })
    });
    let run = run(&script).await;
    assert_eq!(run.ids(), ["a", "b", "d", "e"]);
    assert_eq!(run.scopes(), ["a", "b", "d", "e"].map(|name| format!("{name} 1/{most} protocol")));
}

#[tokio::test]
async fn repeats_without_a_figure_are_read_again_and_are_proof_of_nothing_if_more_turns_up() {
    // Page 1 has slipped by one record: 9 comes twice, 10 is missed. Asked again, the listing stands still.
    let asked = std::sync::atomic::AtomicU32::new(0);
    let script = Script::new(&["a"], move |_, at, _| {
        let slipped = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2;
        Ok(match (at, slipped) {
            (Cursor::Start, _) => next(items(0..10), token(1)),
            (_, true) => Step::done([items(9..10), items(11..20)].into_iter().flatten().collect()),
            (_, false) => Step::done(items(10..20)),
        })
    });
    let run = run(&script).await;
    run.assert_complete(&ids(0..20));
    assert_eq!(run.report.duplicates, 1);
    assert_eq!(run.asked, ["a@start", "a@token 1", "a@start", "a@token 1"]);

    // A listing without any order: every pass brings others twice.
    let pass = std::sync::atomic::AtomicU64::new(0);
    let script = Script::new(&["a"], move |_, at, _| {
        let shift = 5 * (pass.fetch_add(1, std::sync::atomic::Ordering::Relaxed) / 2);
        Ok(match at {
            Cursor::Start => next(items(shift..shift + 10), token(1)),
            _ => Step::done(
                [items(shift..shift + 1), items(shift + 20..shift + 29)].into_iter().flatten().collect(),
            ),
        })
    });
    let run = super::support::run(&script).await;
    assert!(!run.report.complete);
}
