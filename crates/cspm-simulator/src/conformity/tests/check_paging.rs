//! `GET /checks`: its pages (sections 3.5 and 23.2).

use std::collections::HashSet;

use super::*;
use crate::conformity::{BeyondWindow, ListMeta, OversizedPage};

/// A world with so many checks in `acc1`, whose ids sort in the order of their numbers.
fn world_of(count: usize) -> World {
    let mut world = small_world();
    world.checks = (0..count).rev().map(|n| failing(&format!("i-{n:06}"))).collect();
    world
}

fn page(sim: &Conformity, size: usize, number: usize) -> Value {
    found(sim, &format!("/checks?accountIds=acc1&page[size]={size}&page[number]={number}"))
}

fn numbers(body: &Value) -> Vec<usize> {
    ids(body).iter().map(|id| id.rsplit('-').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn pages_are_of_100_from_zero_by_default_and_of_1000_at_most() {
    let sim = simulator(world_of(2_500));
    let first = found(&sim, "/checks?accountIds=acc1");
    assert_eq!(numbers(&first), (0..100).collect::<Vec<_>>());
    assert_eq!(first["meta"], json!({"total": 2_500, "total-pages": 25}));
    let encoded = found(&sim, "/checks?accountIds=acc1&page%5Bsize%5D=1000&page%5Bnumber%5D=2");
    assert_eq!(numbers(&encoded), (2_000..2_500).collect::<Vec<_>>());
    assert_eq!(encoded["meta"], json!({"total": 2_500, "total-pages": 3}));
    let clipped = page(&sim, 5_000, 1);
    assert_eq!(numbers(&clipped), (1_000..2_000).collect::<Vec<_>>());
    assert_eq!(clipped["meta"]["total-pages"], 3);
    let ignored = found(&sim, "/checks?accountIds=acc1&page[Number]=3");
    assert_eq!(ids(&ignored), ids(&first), "the wrong case is another, unknown name (section 24)");

    let strict = with(world_of(10), |options| options.oversized_page = OversizedPage::Refuse);
    refusal(&get(&strict, "/checks?accountIds=acc1&page[size]=1001"));
    assert_eq!(get(&strict, "/checks?accountIds=acc1&page[size]=1000").0, 200);
}

#[test]
fn the_last_page_is_short_and_the_next_is_empty_with_the_same_meta() {
    let sim = simulator(world_of(1_001));
    assert_eq!(numbers(&page(&sim, 1_000, 1)), [1_000]);
    let past = page(&sim, 1_000, 2);
    assert_eq!(past["data"], json!([]));
    assert_eq!(past["meta"], json!({"total": 1_001, "total-pages": 2}));
    let exact = simulator(world_of(1_000));
    assert_eq!(page(&exact, 1_000, 0)["meta"], json!({"total": 1_000, "total-pages": 1}));
    let none = simulator(world_of(0));
    assert_eq!(page(&none, 1_000, 0), json!({"data": [], "meta": {"total": 0, "total-pages": 0}}));
}

#[test]
fn malformed_page_values_are_refused() {
    let sim = simulator(world_of(1));
    for bad in ["page[size]=x", "page[size]=-1", "page[size]=0", "page[number]=-1", "page[number]=1.5"] {
        refusal(&get(&sim, &format!("/checks?accountIds=acc1&{bad}")));
    }
    assert_eq!(get(&sim, "/checks?accountIds=acc1&page[size]=&page[number]=").0, 200);
}

#[test]
fn beyond_ten_thousand_there_is_nothing_though_the_total_tells_more() {
    let sim = simulator(world_of(10_001));
    assert_eq!(numbers(&page(&sim, 1_000, 9)).len(), 1_000);
    let beyond = page(&sim, 1_000, 10);
    assert_eq!(beyond["data"], json!([]));
    assert_eq!(beyond["meta"], json!({"total": 10_001, "total-pages": 11}), "not clipped");
    // The page that crosses the line counts as beyond it.
    assert_eq!(page(&sim, 300, 32)["data"].as_array().unwrap().len(), 300);
    assert_eq!(page(&sim, 300, 33)["data"], json!([]));
    assert_eq!(page(&sim, 1_000, i64::MAX as usize)["data"], json!([]));
}

#[test]
fn beyond_ten_thousand_there_can_be_an_error_or_the_last_page_for_ever() {
    let failing = with(world_of(10_500), |options| options.beyond_window = BeyondWindow::ServerError);
    assert_eq!(get(&failing, "/checks?accountIds=acc1&page[size]=1000&page[number]=9").0, 200);
    let answer = get(&failing, "/checks?accountIds=acc1&page[size]=1000&page[number]=10");
    assert_eq!(answer, (500, json!({"errors": [{"status": 500, "detail": "Internal Server Error"}]})));

    let endless = with(world_of(10_500), |options| options.beyond_window = BeyondWindow::RepeatLastPage);
    let last = numbers(&page(&endless, 1_000, 9));
    assert_eq!(last, (9_000..10_000).collect::<Vec<_>>());
    for number in [10, 11, 99] {
        assert_eq!(numbers(&page(&endless, 1_000, number)), last);
    }
}

#[test]
fn the_totals_can_be_both_either_or_neither() {
    let meta =
        |list_meta| page(&with(world_of(7), |options| options.list_meta = list_meta), 3, 0)["meta"].clone();
    assert_eq!(meta(ListMeta::Both), json!({"total": 7, "total-pages": 3}));
    assert_eq!(meta(ListMeta::Total), json!({"total": 7}));
    assert_eq!(meta(ListMeta::TotalPages), json!({"total-pages": 3}));
    assert_eq!(meta(ListMeta::Nothing), Value::Null);
}

/// Everything that paging with these parameters delivers.
fn read_all(sim: &Conformity, parameters: &str, pages: usize) -> Vec<usize> {
    (0..pages)
        .flat_map(|number| {
            let target = format!("/checks?accountIds=acc1&page[size]=500&page[number]={number}{parameters}");
            numbers(&found(sim, &target))
        })
        .collect()
}

#[test]
fn consistent_paging_delivers_everything_once_and_the_other_kind_does_not() {
    let all: Vec<usize> = (0..3_000).collect();
    let steady = simulator(world_of(3_000));
    assert_eq!(read_all(&steady, "", 6), all);
    assert_eq!(read_all(&steady, "&consistentPagination=true", 6), all);

    let churning = with(world_of(3_000), |options| options.churn = true);
    assert_eq!(read_all(&churning, "&consistentPagination=TRUE", 6), all);
    for (sim, parameters) in [(&churning, ""), (&steady, "&consistentPagination=false")] {
        let seen = read_all(sim, parameters, 6);
        let distinct: HashSet<usize> = seen.iter().copied().collect();
        assert_eq!(seen.len(), 3_000, "as many as promised");
        assert!(
            (2_950..3_000).contains(&distinct.len()),
            "about one in a hundred is missing: {}",
            distinct.len()
        );
        assert_ne!(read_all(sim, parameters, 1), seen[..500], "in another order each time");
    }
    refusal(&get(&steady, "/checks?accountIds=acc1&consistentPagination=perhaps"));
}
