//! Pages of an account that fits, as servers of every mood count and cut them (section 3.5).

use std::collections::BTreeSet;

use cspm_core::{ErrorKind, Finding, Gathered, Owner};
use serde_json::json;

use super::*;

fn checks(count: usize) -> Vec<Value> {
    (0..count)
        .map(|number| check("Qx7kP2mNz", "S3-016", "S3", "eu-west-1", &format!("b{number:05}")))
        .collect()
}

/// Reads an organisation, and tells which pages were asked for, in order.
async fn read(organisation: &Arc<Organisation>) -> (Gathered<Finding>, Vec<usize>) {
    let found = findings(&organisation.connect(), of_payments()).await;
    let mut pages: Vec<usize> =
        organisation.asked("/checks").iter().map(|asked| asked.number("page[number]")).collect();
    pages.sort_unstable();
    (found, pages)
}

fn assert_whole(found: &Gathered<Finding>, count: usize) {
    let distinct: BTreeSet<&str> = found.items.iter().map(|finding| finding.vendor_id.as_str()).collect();
    assert_eq!((found.items.len(), distinct.len()), (count, count));
    assert!(found.shortfall().is_none(), "{:?}", found.scopes);
}

#[tokio::test]
async fn p01_every_page_is_asked_for_once_and_nothing_is_lost_at_the_edges() {
    for count in [0, 1, 999, 1_000, 1_001, 2_000, 2_001, 9_999] {
        let all = checks(count);
        let organisation = with_checks(move |asked| paged(&all, asked));
        let (found, pages) = read(&organisation).await;
        assert_whole(&found, count);
        assert_eq!(pages, (0..count.div_ceil(1_000).max(1)).collect::<Vec<_>>(), "{count} checks");
        assert_eq!(found.scopes[0].expected, Some(count as u64));
    }
}

#[tokio::test]
async fn p05_a_server_that_gives_fewer_a_page_is_followed_by_what_came() {
    for tells_pages in [true, false] {
        let all = checks(1_234);
        let organisation = with_checks(move |asked| {
            let number = asked.number("page[number]");
            let page: Vec<&Value> = all.iter().skip(100 * number).take(100).collect();
            let meta = if tells_pages {
                json!({"total": 1_234, "total-pages": 13})
            } else {
                json!({"total": 1_234})
            };
            (200, json!({"data": page, "meta": meta}).to_string())
        });
        let (found, pages) = read(&organisation).await;
        assert_whole(&found, 1_234);
        assert_eq!(pages, (0..13).collect::<Vec<_>>(), "the last one is not full");
    }
}

#[tokio::test]
async fn p10_pages_alone_drive_the_paging() {
    let all = checks(2_500);
    let organisation = with_checks(move |asked| {
        let (status, body) = paged(&all, asked);
        (status, body.replace("\"total\":2500", "\"total\":null"))
    });
    let (found, pages) = read(&organisation).await;
    assert_whole(&found, 2_500);
    assert_eq!(pages, [0, 0, 1, 2], "a page of one tells how many there are");
    assert_eq!(found.scopes[0].expected, Some(2_500));
}

#[tokio::test]
async fn p10_without_any_figure_the_listing_ends_with_an_empty_page() {
    for meta in [json!(null), json!({}), json!({"total": "many", "total-pages": -1})] {
        let all = checks(2_500);
        let organisation = with_checks(move |asked| {
            let number = asked.number("page[number]");
            let page: Vec<&Value> = all.iter().skip(1_000 * number).take(1_000).collect();
            (200, json!({"data": page, "meta": meta}).to_string())
        });
        let (found, pages) = read(&organisation).await;
        assert_whole(&found, 2_500);
        assert_eq!(pages, [0, 1, 2, 3, 9_999], "the last one within reach is not there");
    }
}

/// A server that tells no figure and gives the same records whatever page is asked for: no more checks are looked for by
/// dividing, and the contradiction is the server's.
#[tokio::test]
async fn p21_the_same_records_on_every_page_divide_nothing_and_are_told() {
    let all = checks(25);
    let organisation = with_checks(move |_| (200, json!({"data": all}).to_string()));
    let (found, pages) = read(&organisation).await;
    assert_eq!(found.items.len(), 25);
    assert_eq!(found.scopes.len(), 1);
    let error = found.scopes[0].error.as_ref().unwrap();
    assert_eq!((error.kind(), error.owner()), (ErrorKind::Protocol, Owner::Vendor));
    assert!(error.message().contains("ignore the page"), "{error}");
    assert!(pages.len() < 10, "{pages:?}");
}

/// A figure that is too low ends nothing, and the contradiction is told.
#[tokio::test]
async fn p11_full_pages_are_followed_past_a_total_that_is_too_low() {
    for (told, tells_pages) in [(1_500, false), (1_999, false), (700, false), (1_500, true)] {
        let all = checks(3_500);
        let organisation = with_checks(move |asked| {
            let page: Vec<&Value> =
                all.iter().skip(1_000 * asked.number("page[number]")).take(1_000).collect();
            let meta =
                if tells_pages { json!({"total": told, "total-pages": 2}) } else { json!({"total": told}) };
            (200, json!({"data": page, "meta": meta}).to_string())
        });
        let (found, pages) = read(&organisation).await;
        assert_eq!(found.items.len(), 3_500, "{told}");
        assert!(pages.contains(&3) && !pages.contains(&4), "{pages:?}");
        assert_eq!((found.scopes[0].expected, found.scopes[0].complete), (Some(told), false));
    }
}

#[tokio::test]
async fn p10_a_total_as_text_counts_and_one_that_is_too_high_is_reported() {
    let all = checks(5);
    let organisation = with_checks(move |asked| {
        let page: Vec<&Value> = all.iter().skip(1_000 * asked.number("page[number]")).collect();
        (200, json!({"data": page, "meta": {"total": "7"}}).to_string())
    });
    let (found, _) = read(&organisation).await;
    assert_eq!(found.items.len(), 5);
    assert_eq!((found.scopes[0].expected, found.scopes[0].received), (Some(7), 5));
    assert!(!found.scopes[0].complete);
}

#[tokio::test]
async fn p11_a_listing_that_grows_past_a_full_page_is_read_to_its_end() {
    let all = checks(2_001);
    let asked_before = std::sync::atomic::AtomicUsize::new(0);
    let organisation = with_checks(move |asked| {
        let first = asked_before.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        paged(if first { &all[..2_000] } else { &all }, asked)
    });
    let (found, _) = read(&organisation).await;
    assert_whole(&found, 2_001);
}

#[tokio::test]
async fn j12_one_bad_record_spoils_no_other_and_makes_the_scope_incomplete() {
    let mut all = checks(20);
    all[7] = json!({"type": "checks", "id": "ccc:a:b", "attributes": "none"});
    all[9] = json!(null);
    let organisation = with_checks(move |asked| paged(&all, asked));
    let (found, _) = read(&organisation).await;
    assert_eq!(found.items.len(), 18);
    assert!(!found.scopes[0].complete);
    assert!(found.scopes[0].error.as_ref().unwrap().message().contains("2 records"));
}

#[tokio::test]
async fn p13_a_server_that_heeds_no_account_gives_each_check_once() {
    let all = [
        check("Qx7kP2mNz", "S3-016", "S3", "eu-west-1", "a"),
        check("Zz81LmQa0", "S3-016", "S3", "eu-west-1", "b"),
    ];
    let organisation = with_checks(move |asked| paged(&all, asked));
    let found = findings(&organisation.connect(), FindingQuery::default()).await;
    assert_whole(&found, 2);
    assert_eq!(organisation.asked("/checks").len(), 2);
    assert_eq!(found.duplicates, 0);
    let told: Vec<_> = found.notices.iter().filter(|notice| notice.0.contains("some of others")).collect();
    assert_eq!(told.len(), 1, "{:?}", found.notices);
}

/// Taken where it was told, since nowhere else asks for it: of an account that is not listed, or with an id that says
/// another account than the check does.
#[tokio::test]
async fn a_check_that_no_other_listing_has_for_sure_stays() {
    let mut torn = check("Zz81LmQa0", "S3-016", "S3", "eu-west-1", "b");
    torn["id"] = json!("ccc:Qx7kP2mNz:S3-016:S3:eu-west-1:b");
    let all = [check("gone", "S3-016", "S3", "eu-west-1", "c"), torn];
    let organisation = with_checks(move |asked| {
        let is_payments = asked.target.contains("Qx7kP2mNz");
        paged(if is_payments { &all } else { &[] }, asked)
    });
    let found = findings(&organisation.connect(), FindingQuery::default()).await;
    assert_whole(&found, 2);
}
