//! Going on from what an earlier process kept: nothing lost, nothing twice, and only what is missing is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{FutureExt, StreamExt};

use super::support::*;
use crate::engine::{Landing, Pages, Seed};
use crate::{Cursor, Error, ErrorKind, Plan, Step, Then};

/// Takes so many pages, and what was kept of them, by way of a file.
async fn some(pages: &mut Pages<'_, Item>, most: usize) -> (Vec<String>, Vec<Landing>) {
    let (mut ids, mut kept) = (Vec::new(), Vec::new());
    while kept.len() < most
        && let Some(page) = pages.next().await
    {
        ids.extend(page.items.into_iter().map(|item| item.id));
        let line = serde_json::to_string(&page.landing.unwrap()).unwrap();
        kept.push(serde_json::from_str(&line).unwrap());
    }
    (ids, kept)
}

/// Kills a reading after so many pages and reads on from there.
async fn killed_after(script: &Script, most: usize) -> Run {
    let seed = Seed::random();
    let mut first = script.resumed(4, seed, Vec::new()).unwrap();
    let (mut ids, kept) = some(&mut first, most).await;
    drop(first);
    let mut second = script.resumed(4, seed, kept).unwrap();
    ids.extend(some(&mut second, usize::MAX).await.0);
    assert!(second.refusal().is_none());
    Run { ids, report: second.into_report(), asked: script.asked() }
}

#[tokio::test]
async fn c01_after_a_kill_at_any_page_nothing_is_lost_or_doubled_and_only_what_was_in_flight_is_asked_again()
{
    for most in 0..=42 {
        let script = Script::new(&["a", "b"], |name, at, _| {
            let first = if name == "a" { 0 } else { 1_000 };
            let mut step = fan(200, 10, at);
            step.items = items(first + 10 * page_number(at)..first + 10 * page_number(at) + 10);
            Ok(step)
        });
        let run = killed_after(&script, most).await;
        let truth = sorted([ids(0..200), ids(1_000..1_200)].concat());
        run.assert_complete(&truth);
        assert_eq!(run.report.findings, 400);
        assert!(run.asked.len() <= 40 + 4, "{} requests after a kill at {most}", run.asked.len());
    }
}

#[tokio::test]
async fn c01_parts_that_were_divided_stay_divided() {
    for most in 0..6 {
        let script = Script::new(&["a"], |name, at, _| match name {
            "a" => Ok(Step::with(Vec::new(), Then::Split(scopes(&["b", "c"]))).expecting(Some(40))),
            "b" => Ok(fan(20, 10, at)),
            _ => Ok(Step { items: items(20..40), ..Step::done(Vec::new()).expecting(Some(20)) }),
        });
        let run = killed_after(&script, most).await;
        run.assert_complete(&ids(0..40));
        let whole = run.asked.iter().filter(|asked| *asked == "a@start").count();
        assert_eq!(whole, 1, "{:?}", run.asked);
    }
}

#[tokio::test]
async fn c01_a_second_pass_goes_on_where_it_was() {
    // The first pass misses a record; only the second shows it.
    for most in 0..8 {
        let script = Script::new(&["a"], |_, at, before| {
            let mut step = fan(30, 10, at);
            if page_number(at) == 2 && before == 0 {
                step.items.pop();
            }
            Ok(step)
        });
        let run = killed_after(&script, most).await;
        assert_eq!(run.ids(), ids(0..30), "{most}");
        assert!(run.report.complete, "{most}: {:?}", run.scopes());
    }
}

#[tokio::test]
async fn c01_a_cursor_that_expired_while_nobody_read_begins_its_scope_anew() {
    let later = Arc::new(AtomicBool::new(false));
    let script = {
        let later = later.clone();
        Script::new(&["a"], move |_, at, before| {
            let number = token_number(at);
            if number == 2 && before == 0 && later.load(Ordering::Relaxed) {
                return Err(Error::new(ErrorKind::InvalidRequest, "expired").with_status(410));
            }
            let then = if number < 4 { Then::Next(token(number + 1)) } else { Then::Done };
            Ok(Step::with(page_of(50, 10, number), then).expecting(Some(50)))
        })
    };
    let seed = Seed::random();
    let mut first = script.resumed(4, seed, Vec::new()).unwrap();
    let (mut seen, mut kept) = some(&mut first, 3).await;
    drop(first);
    later.store(true, Ordering::Relaxed);
    // Killed once more in the scope's second pass: that it began anew is kept as well.
    let mut second = script.resumed(4, seed, kept.clone()).unwrap();
    let (more, landings) = some(&mut second, 2).await;
    drop(second);
    seen.extend(more);
    kept.extend(landings);
    let mut third = script.resumed(4, seed, kept).unwrap();
    seen.extend(some(&mut third, usize::MAX).await.0);
    assert_eq!(sorted(seen), ids(0..50));
    assert!(third.into_report().complete);
}

#[tokio::test]
async fn what_failed_before_is_tried_again_after() {
    let mended = Arc::new(AtomicBool::new(false));
    let script = {
        let mended = mended.clone();
        Script::new(&["a", "b"], move |name, at, _| match name {
            "a" if page_number(at) == 1 && !mended.load(Ordering::Relaxed) => Err(refusal()),
            "a" => Ok(fan(30, 10, at)),
            _ => Ok(Step::done(vec![item("b")]).expecting(Some(1))),
        })
    };
    let seed = Seed::random();
    let mut first = script.resumed(1, seed, Vec::new()).unwrap();
    let (mut seen, kept) = some(&mut first, 4).await;
    let report = first.into_report();
    assert_eq!(scope_lines(&report), ["a 20/30 permission", "b 1/1 complete"]);
    mended.store(true, Ordering::Relaxed);
    let mut second = script.resumed(1, seed, kept).unwrap();
    seen.extend(some(&mut second, usize::MAX).await.0);
    assert_eq!(sorted(seen), sorted([ids(0..30), vec!["b".to_owned()]].concat()));
    assert!(second.into_report().complete);
    assert_eq!(script.asked().iter().filter(|asked| *asked == "a@page 1").count(), 2);
    assert_eq!(script.asked().len(), 5, "{:?}", script.asked());
}

#[tokio::test]
async fn c03_other_work_than_was_begun_is_refused_and_nothing_is_asked() {
    let grown = Arc::new(AtomicBool::new(false));
    let script = {
        let grown = grown.clone();
        let plan = move || {
            let names: &[&str] = if grown.load(Ordering::Relaxed) { &["a", "c"] } else { &["b", "a"] };
            Ok(Plan::of(scopes(names)))
        };
        Script::planned(plan, |_, at, _| Ok(fan(30, 10, at)))
    };
    let seed = Seed::random();
    let mut first = script.resumed(1, seed, Vec::new()).unwrap();
    let (_, kept) = some(&mut first, 3).await;
    drop(first);
    grown.store(true, Ordering::Relaxed);
    let asked = script.asked().len();
    let mut second = script.resumed(1, seed, kept).unwrap();
    assert!(second.next().await.is_none());
    let refusal = second.refusal().cloned().unwrap();
    assert_eq!(refusal.kind(), ErrorKind::Config);
    assert!(refusal.message().contains("scope b was there when the run began"), "{refusal}");
    assert_eq!(script.asked().len(), asked);
    let report = second.into_report();
    assert!(!report.complete && report.findings == 20);
}

#[tokio::test]
async fn the_order_in_which_a_vendor_lists_its_work_does_not_matter() {
    let turned = Arc::new(AtomicBool::new(false));
    let script = {
        let turned = turned.clone();
        let plan = move || {
            Ok(Plan::of(scopes(if turned.load(Ordering::Relaxed) { &["b", "a"] } else { &["a", "b"] })))
        };
        Script::planned(plan, |name, _, _| Ok(Step::done(vec![item(name)]).expecting(Some(1))))
    };
    let seed = Seed::random();
    let mut first = script.resumed(1, seed, Vec::new()).unwrap();
    let (mut seen, kept) = some(&mut first, 2).await;
    drop(first);
    turned.store(true, Ordering::Relaxed);
    let mut second = script.resumed(1, seed, kept).unwrap();
    seen.extend(some(&mut second, usize::MAX).await.0);
    assert_eq!(
        (seen, script.asked()),
        (vec!["a".into(), "b".into()], vec!["a@start".into(), "b@start".into()])
    );
}

#[tokio::test]
async fn what_could_not_be_planned_is_reported_once_whether_it_can_be_now_or_not() {
    for still in [true, false] {
        let resumed = AtomicBool::new(false);
        let plan = move || {
            let fails = !resumed.swap(true, Ordering::Relaxed) || still;
            let failed = if fails { vec![(scope("lost"), refusal())] } else { Vec::new() };
            Ok(Plan { failed, ..Plan::of(scopes(&["a"])) })
        };
        let script = Script::planned(plan, |_, at, _| Ok(fan(30, 10, at)));
        let run = killed_after(&script, 2).await;
        assert_eq!(run.ids(), ids(0..30));
        assert_eq!(run.scopes(), ["a 30/30 complete", "lost 0/- permission"], "still failing: {still}");
        assert!(!run.report.complete);
    }
}

#[tokio::test]
async fn planning_that_fails_on_resuming_leaves_what_was_kept_good() {
    let down = Arc::new(AtomicBool::new(false));
    let script = {
        let down = down.clone();
        let plan =
            move || if down.load(Ordering::Relaxed) { Err(outage()) } else { Ok(Plan::of(scopes(&["a"]))) };
        Script::planned(plan, |_, at, _| Ok(fan(30, 10, at)))
    };
    let seed = Seed::random();
    let mut first = script.resumed(1, seed, Vec::new()).unwrap();
    let (mut seen, kept) = some(&mut first, 2).await;
    drop(first);
    down.store(true, Ordering::Relaxed);
    let mut second = script.resumed(1, seed, kept.clone()).unwrap();
    assert!(second.next().await.is_none());
    assert_eq!(second.refusal().unwrap().kind(), ErrorKind::Network);
    let report = second.into_report();
    assert_eq!((report.findings, report.complete), (10, false), "what was handed on before still counts");
    down.store(false, Ordering::Relaxed);
    let mut third = script.resumed(1, seed, kept).unwrap();
    seen.extend(some(&mut third, usize::MAX).await.0);
    assert_eq!(sorted(seen), ids(0..30));
}

#[tokio::test]
async fn an_interruption_while_planning_anew_keeps_the_figures_of_before() {
    let script = Script::new(&["a"], |_, at, _| Ok(fan(30, 10, at)));
    let seed = Seed::random();
    let mut first = script.resumed(1, seed, Vec::new()).unwrap();
    let (_, kept) = some(&mut first, 3).await;
    let mut second = script.resumed(1, seed, kept).unwrap();
    assert_eq!(second.progress().snapshot().written, 20);
    assert!(second.next().now_or_never().is_none());
    second.interrupt();
    assert!(second.next().await.is_none());
    assert!(second.refusal().is_none(), "an interruption is no reason to begin anew");
    let report = second.into_report();
    assert_eq!(scope_lines(&report), ["a 20/30 timeout"]);
}

#[tokio::test]
async fn c03_landings_of_something_else_are_refused_before_anything_is_asked() {
    let script = Script::new(&["a", "b"], |_, at, _| Ok(fan(30, 10, at)));
    let mut first = script.resumed(1, Seed::random(), Vec::new()).unwrap();
    let (_, kept) = some(&mut first, 4).await;
    let asked = script.asked().len();
    let without_plan = kept[1..].to_vec();
    let with_a_gap = [&kept[..1], &kept[2..]].concat();
    let twice = [&kept[..2], &kept[1..2]].concat();
    let planned_twice = [&kept[..1], &kept[..1]].concat();
    for landings in [without_plan, with_a_gap, twice, planned_twice] {
        let refused = script.resumed(1, Seed::random(), landings).err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::Config);
    }
    assert_eq!(script.asked().len(), asked);
}

#[tokio::test]
async fn a_landing_shows_no_record_and_survives_its_file_with_every_kind_of_answer() {
    let stopped =
        Error::new(ErrorKind::Server, "broke off").with_operation("list").with_status(502).temporary();
    let script = {
        let stopped = stopped.clone();
        Script::new(&["a"], move |_, at, _| {
            let mut step = match at {
                Cursor::Start => next(vec![item("secret-id")], Cursor::Offset(1)),
                Cursor::Offset(_) => next(vec![item("other-id")], Cursor::Token("t?x=\"1\"".to_owned())),
                _ => Step::with(vec![item("last-id")], Then::Stop(stopped.clone())),
            };
            step.items[0].remark = Some("odd");
            step.rejected = vec![rejected("broken")];
            Ok(step.expecting(Some(u64::MAX)))
        })
    };
    let live = {
        let mut pages = script.resumed(1, Seed::random(), Vec::new()).unwrap();
        let (_, kept) = some(&mut pages, usize::MAX).await;
        let text = serde_json::to_string(&kept).unwrap();
        assert!(!text.contains("-id"), "{text}");
        let again = script.resumed(1, Seed::random(), kept).unwrap().into_report();
        assert_eq!(again.notices, pages.into_report().notices);
        again
    };
    assert_eq!(live.findings, 3);
    assert_eq!(live.rejected, 3);
}

#[tokio::test]
async fn without_a_checkpoint_pages_carry_nothing_and_are_never_empty() {
    let script = Script::new(&["a", "b"], |name, at, _| match name {
        "a" => Ok(Step::done(Vec::new())),
        _ => Ok(fan(30, 10, at)),
    });
    let mut pages = Pages::new(super::super::Door::Borrowed(&script), (), 4, Seed::random());
    let mut count = 0;
    while let Some(page) = pages.next().await {
        assert!(page.landing.is_none() && !page.items.is_empty());
        count += 1;
    }
    assert_eq!(count, 3);
}
