//! Cursors, page sizes, links and counts (sections 3.2 and 3.4, Appendix B).

use super::*;

fn crowd(count: usize, change: impl FnOnce(&mut Options)) -> Bitdefender {
    Bitdefender::new(many(count), with(change))
}

/// Follows `next` from a first page; each page as it came.
fn walk(sim: &Bitdefender, first: &str) -> Vec<Value> {
    let mut pages = vec![json(sim, first)];
    while let Some(next) = pages.last().map(|page| &page["links"]["next"]).filter(|next| next.is_string()) {
        pages.push(json(sim, follow(next)));
        assert!(pages.len() < 50, "endless");
    }
    pages
}

fn all_ids(pages: &[Value]) -> Vec<String> {
    pages.iter().flat_map(ids).map(str::to_owned).collect()
}

/// Section 3.4: 500 items to a page by default. Section 3.2: `total` counts all, `elapsed` those delivered so far.
#[test]
fn a_walk_delivers_everything_once() {
    let sim = crowd(1_201, |_| {});
    let pages = walk(&sim, "/v1/cspm/checks");
    assert_eq!(all_ids(&pages), (0..1_201).map(nth).collect::<Vec<_>>());
    let meta: Vec<_> = pages.iter().map(|page| page["meta"].clone()).collect();
    assert_eq!(
        meta,
        [500, 1_000, 1_201].map(|elapsed| serde_json::json!({ "total": 1_201, "elapsed": elapsed }))
    );
}

/// Section 3.4: a last page that is exactly full has no `next`; an empty collection is one empty page.
#[test]
fn the_edges_of_a_collection() {
    assert_eq!(walk(&crowd(1_000, |_| {}), "/v1/cspm/checks").len(), 2);
    let empty = json(&crowd(0, |_| {}), "/v1/cspm/checks");
    assert_eq!(empty["data"], serde_json::json!([]));
    assert_eq!(empty["meta"], serde_json::json!({ "total": 0, "elapsed": 0 }));
    assert_eq!(empty["links"].get("next"), None);
}

/// Section 3.4: `page_limit` from 1 to 1000; the cursor keeps it.
#[test]
fn page_limit_sets_the_size_of_every_page() {
    let sim = crowd(7, |_| {});
    let sizes: Vec<_> =
        walk(&sim, "/v1/cspm/checks?page_limit=3").iter().map(|page| ids(page).len()).collect();
    assert_eq!(sizes, [3, 3, 1]);
    assert_eq!(walk(&sim, "/v1/cspm/checks?page_limit=1").len(), 7);
    assert_eq!(ids(&json(&crowd(1_500, |_| {}), "/v1/cspm/checks?page_limit=1000")).len(), 1_000);
}

/// Appendix B: `page_limit` of 0 or 1001 is 400.
#[test]
fn a_page_limit_out_of_range_is_400() {
    let sim = crowd(7, |_| {});
    for limit in ["0", "1001", "-1", "", "ten", "1.5", "99999999999999999999", "5&page_limit=6"] {
        assert_eq!(status(&sim, &format!("/v1/cspm/checks?page_limit={limit}")), 400, "{limit}");
    }
    // All collections (section 3.4).
    assert_eq!(status(&sim, "/v1/setting/scans?page_limit=0"), 400);
}

/// Appendix B: clamping is the alternative.
#[test]
fn a_page_limit_can_be_clamped() {
    let sim = crowd(1_500, |options| options.page_limit = PageLimit::Clamp);
    let size = |limit| ids(&json(&sim, &format!("/v1/cspm/checks?page_limit={limit}"))).len();
    assert_eq!((size("0"), size("-5"), size("1001"), size("12")), (1, 1, 1_000, 12));
    assert_eq!(status(&sim, "/v1/cspm/checks?page_limit=ten"), 400);
}

/// Section 3.4, client rule 8: a strict server may not know `page_limit`.
#[test]
fn page_limit_can_be_unsupported() {
    let sim = crowd(600, |options| options.page_limit = PageLimit::Unsupported);
    assert_eq!(status(&sim, "/v1/cspm/checks?page_limit=5"), 400);
    assert_eq!(walk(&sim, "/v1/cspm/checks").len(), 2);
}

/// Appendix B: `?page_cursor=X` alone is the next page with the original filters.
#[test]
fn a_cursor_carries_the_filters() {
    let mut world = many(20);
    for check in world.checks.iter_mut().step_by(2) {
        check.result = "pass".into();
    }
    let sim = Bitdefender::new(world, Options::default());
    let pages = walk(&sim, "/v1/cspm/checks?results=fail&page_limit=4&severities=high,low");
    assert_eq!(all_ids(&pages), (0..10).map(|n| nth(2 * n + 1)).collect::<Vec<_>>());
    assert!(pages.iter().all(|page| page["meta"]["total"] == 10));
    let next = follow(&pages[0]["links"]["next"]);
    assert!(
        next.starts_with("/v1/cspm/checks?page_cursor=") && !next.contains('&') && !next.contains("results")
    );
}

/// Appendix B: `?page_cursor=X&results=fail`: the cursor is ignored, page 1 of `results=fail`. Section 3.4: beside any
/// other parameter, even one nobody knows; the pages that follow are of the new query.
#[test]
fn a_cursor_beside_anything_else_is_ignored() {
    let sim = crowd(9, |_| {});
    let first = json(&sim, "/v1/cspm/checks?page_limit=3");
    let next = follow(&first["links"]["next"]);
    assert_eq!(ids(&json(&sim, next)), [nth(3), nth(4), nth(5)]);
    for extra in ["results=fail", "page_limit=3", "x=y"] {
        let page = json(&sim, &format!("{next}&{extra}"));
        assert_eq!(ids(&page)[0], nth(0), "{extra}");
    }
    let again = walk(&sim, &format!("{next}&page_limit=4"));
    assert_eq!(all_ids(&again), (0..9).map(nth).collect::<Vec<_>>());
    assert_eq!(again.len(), 3);
    // Even a broken cursor is ignored then.
    assert_eq!(status(&sim, "/v1/cspm/checks?page_cursor=broken&results=fail"), 200);
}

/// Section 3.4, client rule 7: a cursor that is not the vendor's is 400; so is one of another collection.
#[test]
fn a_strange_cursor_is_400() {
    let sim = crowd(9, |_| {});
    for cursor in ["X", "", "b3BhcXVl", "%FF", "////"] {
        assert_eq!(status(&sim, &format!("/v1/cspm/checks?page_cursor={cursor}")), 400, "{cursor}");
    }
    let first = json(&sim, "/v1/cspm/rules?page_limit=1");
    let next = follow(&first["links"]["next"]);
    assert_eq!(status(&sim, next), 200);
    assert_eq!(status(&sim, &next.replace("rules", "checks")), 400);
}

/// Section 3.4, client rule 7: the lifetime of a cursor is unstated; by option it ends.
#[test]
fn cursors_can_expire() {
    let sim = crowd(9, |options| options.cursor_lifetime_ms = Some(60_000));
    let at = |target: &str, now| sim.handle(&request(Method::GET, target, headers(DEMO_KEY), ""), now);
    let first = parsed(&at("/v1/cspm/checks?page_limit=2", NOW));
    let next = follow(&first["links"]["next"]).to_owned();
    assert_eq!(at(&next, NOW + 60_000).status, 200);
    assert_eq!(at(&next, NOW + 60_001).status, 400);
    // Each page's cursor counts from that page; the first page can always be had again.
    let second = parsed(&at(&next, NOW + 50_000));
    assert_eq!(at(follow(&second["links"]["next"]), NOW + 100_000).status, 200);
    assert_eq!(at("/v1/cspm/checks?page_limit=2", NOW + 999_999).status, 200);
}

/// Appendix B: the last page has no `next`; modes: absent, null, empty string, and an object without a target.
#[test]
fn the_last_page_ends_in_every_way() {
    let last = |last_next| {
        let sim = crowd(3, |options| options.last_next = last_next);
        json(&sim, "/v1/cspm/checks")["links"].get("next").cloned()
    };
    assert_eq!(last(LastNext::default()), None);
    assert_eq!(last(LastNext::Null), Some(Value::Null));
    assert_eq!(last(LastNext::EmptyText), Some("".into()));
    assert_eq!(last(LastNext::NullHref), Some(serde_json::json!({ "href": null })));
}

/// Section 3.4: the form of `next` is unstated; JSON:API allows an object.
#[test]
fn next_can_be_an_object() {
    let sim = crowd(5, |options| options.next_form = NextForm::Object);
    let first = json(&sim, "/v1/cspm/checks?page_limit=3");
    assert_eq!(ids(&json(&sim, follow(&first["links"]["next"]["href"]))), [nth(3), nth(4)]);
}

/// Appendix B: links are absolute and built from the request's `Host`; section 3.2 leaves the other forms open.
#[test]
fn links_come_in_every_form() {
    let links = |links| {
        let sim = crowd(2, |options| options.links = links);
        let page = json(&sim, "/v1/cspm/checks?page_limit=1");
        let text = |value: &Value| value.as_str().unwrap().split("page_cursor").next().unwrap().to_owned();
        let single = json(&sim, &format!("/v1/cspm/checks/{}", nth(0)));
        assert_eq!(single["data"][0]["links"], page["data"][0]["links"]);
        [&page["links"]["self"], &page["links"]["next"], &page["data"][0]["links"]["self"]].map(text)
    };
    let expected = |base: &str| {
        ["checks?page_limit=1".to_owned(), "checks?".to_owned(), format!("checks/{}", nth(0))]
            .map(|rest| format!("{base}/cspm/{rest}"))
    };
    assert_eq!(links(Links::default()), expected("http://127.0.0.1:9103/v1"));
    assert_eq!(links(Links::Absolute { scheme: "https".into() }), expected("https://127.0.0.1:9103/v1"));
    assert_eq!(links(Links::Relative), expected("/v1"));
    assert_eq!(links(Links::WithoutBasePath), expected(""));
    let origin = "https://api.old.example.test".to_owned();
    assert_eq!(links(Links::Foreign { origin }), expected("https://api.old.example.test/v1"));
}

/// Pages are kept for the host that asked: another one gets its own links. A hostile `Host` cannot break the JSON.
#[test]
fn links_follow_the_host_of_each_request() {
    let sim = crowd(2, |_| {});
    for host in ["one.test", "two.test:81", "a\"b\\c"] {
        let mut headers = headers(DEMO_KEY);
        headers.insert("host", HeaderValue::from_str(host).unwrap());
        let page = parsed(&sim.handle(&request(Method::GET, "/v1/cspm/checks", headers, ""), NOW));
        assert_eq!(page["links"]["self"], format!("http://{host}/v1/cspm/checks"));
        assert!(
            page["data"][1]["links"]["self"].as_str().unwrap().starts_with(&format!("http://{host}/v1/"))
        );
    }
    let mut headers = headers(DEMO_KEY);
    headers.remove("host");
    let page = parsed(&sim.handle(&request(Method::GET, "/v1/cspm/checks", headers, ""), NOW));
    assert_eq!(page["links"]["self"], "/v1/cspm/checks");
}

/// Appendix B, faults: `next` repeating itself.
#[test]
fn next_can_repeat_itself() {
    let sim = crowd(9, |options| options.repeat_next = true);
    let first = json(&sim, "/v1/cspm/checks?page_limit=3");
    let second = json(&sim, follow(&first["links"]["next"]));
    let third = json(&sim, follow(&second["links"]["next"]));
    assert_eq!(ids(&second), [nth(3), nth(4), nth(5)]);
    assert_eq!(second["links"]["next"], first["links"]["next"]);
    assert_eq!(second["data"], third["data"]);
}

/// Section 3.4, client rule 4: an empty page may have a `next`.
#[test]
fn empty_pages_can_lie_between() {
    let sim = crowd(7, |options| options.empty_pages = true);
    let pages = walk(&sim, "/v1/cspm/checks?page_limit=3");
    let sizes: Vec<_> = pages.iter().map(|page| ids(page).len()).collect();
    assert_eq!(sizes, [3, 0, 3, 0, 1]);
    assert_eq!(all_ids(&pages), (0..7).map(nth).collect::<Vec<_>>());
    assert_eq!(pages[1]["meta"]["elapsed"], 3);
}

/// Section 3.4, client rule 7: consistency under change is unstated; a record that goes shifts those behind it.
#[test]
fn a_changing_world_shifts_pages() {
    let sim = crowd(6, |_| {});
    let first = json(&sim, "/v1/cspm/checks?page_limit=3");
    sim.edit(|world| drop(world.checks.remove(0)));
    let second = json(&sim, follow(&first["links"]["next"]));
    assert_eq!(ids(&second), [nth(4), nth(5)]);
    assert_eq!(second["meta"]["total"], 5);
    sim.edit(|world| world.checks.clear());
    let gone = json(&sim, follow(&first["links"]["next"]));
    assert_eq!(
        (ids(&gone).len(), gone["meta"]["elapsed"].as_u64(), gone["links"].get("next")),
        (0, Some(0), None)
    );
}

/// The same page is served from memory, and anew once the world or the options changed.
#[test]
fn pages_are_kept_until_something_changes() {
    let sim = crowd(3, |_| {});
    let page = get(&sim, "/v1/cspm/checks").body;
    assert_eq!(get(&sim, "/v1/cspm/checks").body.as_ptr(), page.as_ptr());
    sim.edit(|world| world.scans[0].name = Some("renamed".into()));
    assert_eq!(json(&sim, "/v1/cspm/checks")["data"][2]["attributes"]["scan_name"], "renamed");
    sim.reconfigure(|options| options.check_relationships = Relationships::Absent);
    assert_eq!(json(&sim, "/v1/cspm/checks")["data"][0].get("relationships"), None);
}

/// An id that the vendor sends twice is listed twice and counted twice.
#[test]
fn a_record_can_be_listed_twice() {
    let sim = crowd(2, |_| {});
    sim.edit(|world| world.checks.push(world.checks[0].clone()));
    let page = json(&sim, "/v1/cspm/checks");
    assert_eq!(ids(&page), [nth(0), nth(1), nth(0)]);
    assert_eq!(page["meta"]["total"], 3);
}

/// Section 3.4: all collections page alike.
#[test]
fn every_collection_pages() {
    let sim = sim(|_| {});
    for path in [
        "setting/scans",
        "setting/scan_groups",
        "cspm/checks",
        "cspm/resources",
        "cspm/rules",
        "cspm/system_compliance",
    ] {
        let pages = walk(&sim, &format!("/v1/{path}?page_limit=1"));
        let whole = json(&sim, &format!("/v1/{path}"));
        assert_eq!(all_ids(&pages), ids(&whole), "{path}");
        assert_eq!(pages.len(), ids(&whole).len());
    }
}
