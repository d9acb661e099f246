//! Scopes that divide: their parts add up to the whole, or the report says by how much they do not.

use super::support::*;
use crate::{Scope, Step, Then};

fn split(announced: Option<u64>, parts: &[&str]) -> Step<Item> {
    Step::with(Vec::new(), Then::Split(scopes(parts))).expecting(announced)
}

fn whole(items: Vec<Item>) -> Step<Item> {
    let count = items.len() as u64;
    Step::done(items).expecting(Some(count))
}

fn leading_to(items: Vec<Item>, more: &[&str]) -> Step<Item> {
    Step { more: scopes(more), ..whole(items) }
}

#[tokio::test]
async fn p06_parts_and_parts_of_parts_that_add_up_are_complete_and_only_leaves_are_listed() {
    let script = Script::new(&["a"], |name, _, _| {
        Ok(match name {
            "a" => Step { items: items(0..5), ..split(Some(30), &["b", "c"]) },
            "b" => split(Some(20), &["d", "e"]),
            "c" => whole(items(20..30)),
            "d" => whole(items(0..8)),
            _ => whole(items(8..20)),
        })
    });
    let run = run(&script).await;
    run.assert_complete(&ids(0..30));
    assert_eq!(run.scopes(), ["c 10/10 complete", "d 8/8 complete", "e 12/12 complete"]);
    assert_eq!(run.report.duplicates, 0, "the records on a page that says \"divide\" are not taken");
    assert_eq!(sorted(run.asked), ["a@start", "b@start", "c@start", "d@start", "e@start"]);
}

#[tokio::test]
async fn parts_that_become_known_on_the_way_belong_to_the_whole() {
    let script = Script::new(&["a"], |name, _, _| {
        Ok(match name {
            "a" => Step { more: scopes(&["e"]), ..split(Some(12), &["b"]) },
            "b" => leading_to(items(0..3), &["c"]),
            "c" => leading_to(items(3..6), &["d"]),
            "d" => whole(items(6..9)),
            _ => whole(items(9..12)),
        })
    });
    let run = run(&script).await;
    run.assert_complete(&ids(0..12));
    assert_eq!(run.scopes(), ["b 3/3 complete", "c 3/3 complete", "d 3/3 complete", "e 3/3 complete"]);
}

#[tokio::test]
async fn a_scope_that_several_answers_make_known_is_read_once() {
    let script = Script::new(&["a", "a", "b"], |name, at, before| {
        Ok(match name {
            // Both pages name it, and a wrong figure makes the scope be read twice.
            "a" => Step {
                more: scopes(&["m"]),
                ..fan(20, 10, at).expecting(Some(if before == 0 { 25 } else { 20 }))
            },
            "b" => leading_to(items(20..25), &["m", "m"]),
            _ => whole(items(25..30)),
        })
    });
    let run = run(&script).await;
    run.assert_complete(&ids(0..30));
    assert_eq!(run.asked.iter().filter(|place| place.starts_with("m@")).count(), 1);
    assert_eq!(
        run.asked.iter().filter(|place| *place == "a@start").count(),
        2,
        "planned twice, and read again"
    );
    assert_eq!(run.scopes(), ["a 20/20 complete", "b 5/5 complete", "m 5/5 complete"]);
    assert_eq!(run.report.duplicates, 0);
}

#[tokio::test]
async fn p09_what_no_part_accounts_for_is_reported_as_a_remainder() {
    let script = Script::new(&["a"], |name, _, _| {
        Ok(match name {
            "a" => split(Some(30), &["b", "c"]),
            "b" => whole(items(0..10)),
            _ => whole(items(10..25)),
        })
    });
    let run = run(&script).await;
    assert_eq!(run.ids(), ids(0..25));
    assert_eq!(run.scopes(), ["b 10/10 complete", "c 15/15 complete", "remainder a 0/5 protocol"]);
    assert!(run.error_of("remainder a").contains("the parts have 25 records, and 30 were announced"));
    assert!(!run.report.complete);
    assert_eq!(
        run.asked,
        ["a@start", "b@start", "c@start", "a@start"],
        "the whole is asked for its figure again"
    );
}

#[tokio::test]
async fn p09_a_whole_that_changed_while_its_parts_were_read_adds_up_to_its_new_figure() {
    for (first, second) in [(30, 25), (20, 25)] {
        let script = Script::new(&["a"], move |name, _, before| {
            Ok(match (name, before) {
                ("a", 0) => split(Some(first), &["b", "c"]),
                ("a", _) => split(Some(second), &["b", "c", "d"]),
                ("b", _) => whole(items(0..10)),
                _ => whole(items(10..25)),
            })
        });
        let run = run(&script).await;
        run.assert_complete(&ids(0..25));
        assert_eq!(run.asked.len(), 4, "asked for the figure and for nothing else");
    }
}

#[tokio::test]
async fn p09_parts_that_have_more_than_the_whole_are_reported() {
    let script = Script::new(&["a"], |name, _, _| {
        Ok(match name {
            "a" => split(Some(7), &["b", "c"]),
            "b" => whole(items(0..5)),
            _ => whole(items(5..10)),
        })
    });
    let run = run(&script).await;
    assert_eq!(run.ids(), ids(0..10));
    assert_eq!(run.scopes(), ["b 5/5 complete", "c 5/5 complete", "remainder a 0/0 protocol"]);
    assert!(!run.report.complete);
}

#[tokio::test]
async fn overlapping_parts_hand_each_record_on_once_and_hide_no_gap() {
    // (announced for the whole, complete): parts 0..6 and 4..10 have ten records, though they announce twelve.
    for (announced, complete) in [(10, true), (12, false)] {
        let script = Script::new(&["a"], move |name, _, _| {
            Ok(match name {
                "a" => split(Some(announced), &["b", "c"]),
                "b" => whole(items(0..6)),
                _ => whole(items(4..10)),
            })
        });
        let run = run(&script).await;
        assert_eq!(run.ids(), ids(0..10));
        assert_eq!(run.report.duplicates, 2);
        assert_eq!(run.report.complete, complete, "{:?}", run.scopes());
        let mut want = vec!["b 6/6 complete", "c 6/6 complete"];
        want.extend((!complete).then_some("remainder a 0/2 protocol"));
        assert_eq!(run.scopes(), want);
    }
}

#[tokio::test]
async fn a_part_that_fails_is_reported_by_itself_and_what_it_hides_as_remainder() {
    let script = Script::new(&["a"], |name, _, _| match name {
        "a" => Ok(split(Some(30), &["b", "c", "d"])),
        "b" => Ok(whole(items(0..10))),
        "c" => Err(refusal()),
        _ => Ok(next(items(20..25), token(1)).expecting(Some(10))),
    });
    let run = run(&script).await;
    // Part d repeats its page without end; part c never told its figure: its ten are the remainder, for its reason.
    assert_eq!(
        run.scopes(),
        ["b 10/10 complete", "c 0/- permission", "d 5/10 protocol", "remainder a 0/10 permission"]
    );
    assert_eq!(run.asked.iter().filter(|place| *place == "a@start").count(), 1, "no recount: a part failed");
}

#[tokio::test]
async fn what_one_part_owes_and_another_brought_is_no_remainder() {
    let script = Script::new(&["a"], |name, at, _| match (name, token_number(at)) {
        ("a", _) => Ok(split(Some(10), &["b", "c"])),
        ("b", 0) => Ok(next(items(0..2), token(1)).expecting(Some(6))),
        ("b", _) => Err(refusal()),
        _ => Ok(whole(items(4..10))),
    });
    let run = run(&script).await;
    assert_eq!(run.scopes(), ["b 2/6 permission", "c 6/6 complete"]);
}

#[tokio::test]
async fn a_part_that_fails_after_telling_its_figure_leaves_no_remainder() {
    let script = Script::new(&["a"], |name, at, _| match (name, token_number(at)) {
        ("a", _) => Ok(split(Some(30), &["b", "c"])),
        ("b", _) => Ok(whole(items(0..10))),
        (_, 0) => Ok(next(items(10..20), token(1)).expecting(Some(20))),
        _ => Err(refusal()),
    });
    let run = run(&script).await;
    assert_eq!(run.scopes(), ["b 10/10 complete", "c 10/20 permission"]);
}

#[tokio::test]
async fn parts_of_a_whole_without_a_figure_stand_for_themselves() {
    let script = Script::new(&["a"], |name, _, _| {
        Ok(match name {
            "a" => split(None, &["b", "c"]),
            "b" => whole(items(0..5)),
            _ => Step::done(items(5..9)),
        })
    });
    let run = run(&script).await;
    run.assert_complete(&ids(0..9));
    assert_eq!(run.scopes(), ["b 5/5 complete", "c 4/- complete"]);
}

#[tokio::test]
async fn a_scope_that_divides_after_it_brought_records_hands_nothing_on_twice() {
    let script = Script::new(&["a"], |name, at, _| {
        Ok(match (name, page_number(at)) {
            ("a", 0) => fan(40, 10, at),
            ("a", 2) => split(Some(40), &["b", "c"]),
            ("a", _) => fan(40, 10, at),
            ("b", _) => whole(items(0..20)),
            _ => whole(items(20..40)),
        })
    });
    let run = run(&script).await;
    run.assert_complete(&ids(0..40));
    assert_eq!(run.scopes(), ["b 20/20 complete", "c 20/20 complete"]);
}

#[tokio::test]
async fn dividing_in_circles_is_a_mistake_of_the_adapter_and_ends() {
    type Parts = fn(&str) -> Vec<Scope>;
    let cases: [(&str, Parts, &str); 3] = [
        ("into itself", |name| scopes(&[name]), "a 0/9 protocol"),
        ("back and forth", |name| scopes(&[if name == "a" { "b" } else { "a" }]), "b 0/9 protocol"),
        ("without end", |name| scopes(&[&format!("{name}a")]), ""),
    ];
    for (what, parts, line) in cases {
        let script = Script::new(&["a"], move |name, _, _| {
            Ok(Step::with(Vec::new(), Then::Split(parts(name))).expecting(Some(9)))
        });
        let run = run(&script).await;
        assert!(!run.report.complete, "{what}");
        assert!(run.asked.len() < 40, "{what}");
        let error = run.report.scopes[0].error.as_ref().unwrap();
        assert_eq!(error.owner(), crate::Owner::Tool, "{what}");
        assert!(line.is_empty() || run.scopes()[0] == line, "{what}: {:?}", run.scopes());
    }
}

#[tokio::test]
async fn dividing_into_nothing_is_an_empty_listing_if_that_was_announced() {
    for (announced, line, requests) in
        [(Some(0), "a 0/0 complete", 1), (None, "a 0/- complete", 1), (Some(9), "a 0/9 protocol", 2)]
    {
        let script = Script::new(&["a"], move |_, _, _| Ok(split(announced, &[])));
        let run = run(&script).await;
        assert_eq!(run.scopes(), [line]);
        assert_eq!(run.asked.len(), requests);
    }
}

#[tokio::test]
async fn a_part_that_was_only_a_question_is_not_listed_and_hides_nothing() {
    // Part c divides into nothing; the sum of the others decides whether anything is missing.
    for (announced, lines) in
        [(10, vec!["b 10/10 complete"]), (12, vec!["b 10/10 complete", "remainder a 0/2 protocol"])]
    {
        for last in ["b", "c"] {
            let script = Script::new(&["a"], move |name, _, _| {
                Ok(match name {
                    "a" => split(Some(announced), &["b", "c"]),
                    "b" => whole(items(0..10)),
                    _ => split(Some(3), &[]),
                })
            });
            let run = run(&script.slow(last)).await;
            assert_eq!(run.scopes(), lines, "{last} ended last");
        }
    }
}

#[tokio::test]
async fn a_chain_of_scopes_that_lead_to_one_another_may_be_long() {
    let script = Script::new(&["0"], |name, _, _| {
        let number: u64 = name.parse().unwrap();
        let following = (number + 1).to_string();
        let items = items(number..number + 1);
        Ok(if number < 499 { leading_to(items, &[&following]) } else { whole(items) })
    });
    let run = run(&script).await;
    run.assert_complete(&ids(0..500));
}

#[tokio::test]
async fn what_another_scope_hands_on_is_seen_here_and_written_there() {
    let script = Script::new(&["a", "b"], |name, _, _| {
        Ok(match name {
            "a" => Step { elsewhere: items(3..5), ..whole(items(0..3)) }.expecting(Some(5)),
            _ => whole(items(3..5)),
        })
    });
    let run = run(&script).await;
    run.assert_complete(&ids(0..5));
    assert_eq!(run.scopes(), ["a 5/5 complete", "b 2/2 complete"]);
    assert_eq!(run.asked.len(), 2, "both are read at once, and neither again");
    assert_eq!(run.report.duplicates, 0);
}

#[tokio::test]
async fn pages_of_nothing_but_records_of_elsewhere_are_no_circle() {
    let script = Script::new(&["a", "b"], |name, at, _| {
        let page = token_number(at);
        Ok(match (name, page) {
            ("a", 0..3) => {
                Step { elsewhere: items(20 * page..20 * page + 20), ..next(Vec::new(), token(page + 1)) }
            }
            ("a", _) => Step::done(Vec::new()),
            _ => whole(items(0..60)),
        })
    });
    let run = run(&script).await;
    run.assert_complete(&ids(0..60));
    assert_eq!(run.scopes(), ["a 60/- complete", "b 60/60 complete"], "what was passed over was received");
    assert_eq!(run.asked.len(), 5);
}

#[tokio::test]
async fn records_of_elsewhere_that_repeat_are_a_sign_that_the_listing_moved() {
    // The second pass finds nothing new, or finds some more.
    for (first, line) in [(4, "a 1/- complete"), (3, "a 2/- protocol")] {
        let script = Script::new(&["a", "b"], move |name, _, asked| {
            let from = if asked == 0 { 4 } else { first };
            let repeated = items(from..5).into_iter().chain(items(4..5)).collect();
            Ok(match name {
                "a" => Step { elsewhere: repeated, ..Step::done(Vec::new()) },
                _ => whole(items(3..5)),
            })
        });
        let run = run(&script).await;
        assert_eq!(run.scopes(), [line, "b 2/2 complete"]);
        assert_eq!(run.asked.iter().filter(|asked| *asked == "a@start").count(), 2);
        assert_eq!(run.ids(), ids(3..5));
    }
}
