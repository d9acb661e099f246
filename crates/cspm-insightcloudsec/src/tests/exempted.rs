//! Suppressed findings: the list of exemptions decides, whatever the vendor's flag means.

use cspm_core::{FindingQuery, State, SuppressedFilter};
use serde_json::json;

use super::*;

fn exemption(id: u64, resource: &str, change: impl Fn(&mut Value)) -> Value {
    let mut exemption = json!({"exemption_id": id, "resource_id": resource, "resource_type": "storagecontainer",
        "resource_name": "logs", "provider_id": resource.trim_end_matches(':').rsplit(':').next(), "insight_id": 5,
        "insight_source": "backoffice", "insight_name": "Public bucket", "creator_name": "Ops", "approver": "sec@example.org",
        "create_date": "2024-04-30T13:17:16", "start_date": "2024-05-01T00:00:00Z", "expiration_date": null,
        "enabled": true, "notes": "ticket 12"});
    change(&mut exemption);
    exemption
}

fn id(name: &str) -> String {
    format!("storagecontainer:3:us-east-1:{name}:")
}

fn exemptions() -> Vec<Value> {
    vec![
        exemption(1, &id("ex"), |_| {}),
        exemption(2, &id("hidden"), |one| one["expiration_date"] = json!("2999-01-01")),
        exemption(3, &id("over"), |one| one["expiration_date"] = json!("2024-06-01T00:00:00")),
        exemption(4, &id("later"), |one| one["start_date"] = json!("2999-01-01")),
        exemption(5, &id("off"), |one| one["enabled"] = json!(false)),
        exemption(6, "storagecontainer:8:us-east-1:other:", |_| {}),
        exemption(7, &id("gone"), |one| one["insight_id"] = json!(404)),
    ]
}

/// Two exemptions a page. With the flag, the vendor shows everything or the exempted ones, over two pages.
fn installation(shows_all: bool) -> Arc<Installation> {
    with_catalogues(move |asked| {
        if let Some(query) = asked.what.strip_prefix(EXEMPTIONS) {
            let number: usize = query.split(['=', '&']).nth(1).unwrap().parse().unwrap();
            let data: Vec<Value> = exemptions().into_iter().skip((number - 1) * 2).take(2).collect();
            return (200, json!({"data": data, "total_count": 7, "page": number}).to_string());
        }
        if asked.body["insight"] != "backoffice:5" {
            return (200, page(&[], 0));
        }
        if asked.body["insight_exemptions"] == false {
            return (200, page(&[bucket(&id("open"))], 1));
        }
        let first = if shows_all { bucket(&id("open")) } else { bucket(&id("ex")) };
        match asked.body["cursor"].as_str() {
            None => (
                200,
                json!({"resources": [first], "counts": {"storagecontainer": 99}, "next_cursor": "2"})
                    .to_string(),
            ),
            Some(_) if shows_all => (200, page(&[bucket(&id("ex")), bucket(&id("over"))], 99)),
            Some(_) => (200, page(&[], 99)),
        }
    })
}

fn query(suppressed: SuppressedFilter) -> FindingQuery {
    FindingQuery { suppressed, ..FindingQuery::default() }
}

fn of(name: &str) -> String {
    format!("backoffice:5/{}", id(name))
}

#[tokio::test]
async fn each_exempted_finding_comes_once_whatever_the_flag_shows() {
    for shows_all in [true, false] {
        let installation = installation(shows_all);
        let vendor = connect(&installation);
        let read = findings(&vendor, query(SuppressedFilter::Only)).await;
        assert!(read.shortfall().is_none(), "{:?}", read.shortfall());
        let other = "backoffice:5/storagecontainer:8:us-east-1:other:".to_owned();
        assert_eq!(ids(&read.items), [of("ex"), of("hidden"), other.clone()]);
        assert!(installation.asked(QUERY).iter().all(|asked| asked.body["insight_exemptions"] == true));

        let read = findings(&vendor, query(SuppressedFilter::Include)).await;
        assert!(read.shortfall().is_none(), "{:?}", read.shortfall());
        assert_eq!(ids(&read.items), [of("ex"), of("hidden"), of("open"), other]);
        let open = read.items.iter().find(|finding| finding.vendor_id == of("open")).unwrap();
        assert_eq!((open.state, open.suppression.is_none()), (Some(State::Open), true));
    }
}

#[tokio::test]
async fn all_pages_of_exemptions_are_read_and_their_requests_are_as_documented() {
    let installation = installation(true);
    findings(&connect(&installation), query(SuppressedFilter::Only)).await;
    let asked = installation.asked(EXEMPTIONS);
    let lines: Vec<&str> = asked.iter().map(|asked| asked.what.as_str()).collect();
    assert_eq!(
        lines[..2],
        [format!("{EXEMPTIONS}?page=1&page_size=500"), format!("{EXEMPTIONS}?page=2&page_size=500")]
    );
    assert_eq!(
        lines.len(),
        5,
        "an empty page ends it, since the vendor gives fewer than asked and no number of pages"
    );
    assert_eq!(asked[0].body, json!({}));
}

#[tokio::test]
async fn an_exempted_finding_says_who_and_why_and_until_when() {
    let read = findings(&connect(&installation(true)), query(SuppressedFilter::Only)).await;
    let shown = &read.items[0];
    let suppression = shown.suppression.clone().unwrap();
    assert_eq!(shown.state, Some(State::Suppressed));
    assert_eq!((suppression.until, suppression.kind.as_str()), (None, "exemption"));
    assert_eq!(suppression.reason.as_deref(), Some("ticket 12"));
    assert_eq!(suppression.by.as_deref(), Some("sec@example.org"));
    assert_eq!(shown.updated.unwrap().to_string(), "2024-05-01T00:00:00Z");
    assert_eq!(shown.resource.id.as_deref(), Some("arn:aws:s3:::logs"), "the vendor showed this one");

    let hidden = &read.items[1];
    assert_eq!(hidden.suppression.as_ref().unwrap().until.unwrap().to_string(), "2999-01-01T00:00:00Z");
    assert_eq!(hidden.resource.id.as_deref(), Some("hidden"), "and this one only the list of exemptions");
    assert_eq!(hidden.resource.name.as_deref(), Some("logs"));
    assert_eq!(hidden.resource.kind.as_deref(), Some("storagecontainer"));
    assert_eq!(hidden.account.cloud_id.as_deref(), Some("111122223333"));
    assert_eq!(hidden.region.as_deref(), Some("us-east-1"));
}

#[tokio::test]
async fn accounts_narrow_exemptions_too() {
    let only = FindingQuery { accounts: vec!["8".to_owned()], ..query(SuppressedFilter::Only) };
    let read = findings(&connect(&installation(true)), only).await;
    assert_eq!(ids(&read.items), ["backoffice:5/storagecontainer:8:us-east-1:other:"]);
}

#[tokio::test]
async fn an_exempted_resource_among_the_open_ones_is_written_once_and_counted_right() {
    let installation = with_catalogues(|asked| match asked.what.as_str() {
        what if what.starts_with(EXEMPTIONS) => {
            let data = [exemption(1, "storagecontainer:3:us-east-1:ex", |_| {})];
            (200, json!({"data": data, "total_count": 1, "total_pages": 1}).to_string())
        }
        _ if asked.body["insight"] == "backoffice:5" => {
            (200, page(&[bucket(&id("open")), bucket(&id("ex"))], 2))
        }
        _ => (200, page(&[], 0)),
    });
    let read = findings(&connect(&installation), query(SuppressedFilter::Include)).await;
    assert_eq!(ids(&read.items), [of("ex"), of("open")], "the lost colon makes no difference");
    assert!(read.shortfall().is_none(), "{:?}", read.shortfall());
}

#[tokio::test]
async fn exemptions_that_cannot_be_read_make_the_run_partial() {
    for answer in [
        (403, r#"{"error_message":"lacks the entitlement"}"#.to_owned()),
        (
            200,
            json!({"data": [exemption(1, &id("ex"), |_| {}), {"exemption_id": 2}], "total_count": 2})
                .to_string(),
        ),
        (200, r#"{"error_message":"boom"}"#.to_owned()),
    ] {
        let status = answer.0;
        let installation = with_catalogues(move |asked| {
            if asked.what.starts_with(EXEMPTIONS) {
                answer.clone()
            } else {
                (200, page(&[bucket(&id("open"))], 1))
            }
        });
        let read = findings(&connect(&installation), query(SuppressedFilter::Include)).await;
        let failed: Vec<_> = read.scopes.iter().filter(|scope| !scope.complete).collect();
        assert_eq!(failed.len(), 1, "{status}");
        assert_eq!(failed[0].scope["catalogue"], "exemptions");
        assert!(ids(&read.items).contains(&of("open").as_str()), "the open ones are read all the same");
    }
}

#[tokio::test]
async fn what_no_list_can_tell_is_remarked_on() {
    let installation = Installation::new(|asked| match asked.what.as_str() {
        CLOUDS => (200, clouds()),
        PACKS => (200, packs()),
        INSIGHTS => (200, insights().replacen(r#""results":0"#, r#""resource_group_blacklist":[118]"#, 1)),
        _ => (
            200,
            json!({"data": [exemption(7, &id("gone"), |one| one["insight_id"] = json!(404))]}).to_string(),
        ),
    });
    let plan = connect(&installation).findings().plan(&query(SuppressedFilter::Only)).await.unwrap();
    let notices: Vec<&str> = plan.notices.iter().map(|notice| notice.0.as_str()).collect();
    assert!(notices.iter().any(|text| text.contains("whole resource groups")), "{notices:?}");
    assert!(notices.iter().any(|text| text.contains("no longer exist")), "{notices:?}");
}

#[tokio::test]
async fn an_old_installation_is_paged_through_for_exempted_ones_too() {
    let installation = with_catalogues(|asked| match asked.what.as_str() {
        QUERY => (404, String::new()),
        OLD_QUERY => match asked.body["offset"].as_u64() {
            Some(0) => (200, page(&[bucket(&id("open")), bucket(&id("ex"))], 3)),
            _ => (200, page(&[bucket(&id("hidden"))], 3)),
        },
        _ => (200, json!({"data": exemptions(), "total_count": 7}).to_string()),
    });
    let read = findings(&connect(&installation), query(SuppressedFilter::Only)).await;
    assert!(read.shortfall().is_none(), "{:?}", read.shortfall());
    assert_eq!(ids(&read.items)[..2], [of("ex"), of("hidden")]);
    let shown = |finding: &&Finding| finding.resource.id.as_deref() == Some("arn:aws:s3:::logs");
    assert_eq!(read.items.iter().filter(shown).count(), 2, "met on one page, not made again on the other");
    let offsets: Vec<_> =
        installation.asked(OLD_QUERY).iter().map(|asked| asked.body["offset"].clone()).collect();
    assert_eq!(offsets, [json!(0), json!(2)]);
}

#[tokio::test]
async fn pages_are_read_as_far_as_their_number_says() {
    let installation = with_catalogues(|asked| match asked.what.strip_prefix(EXEMPTIONS) {
        Some(query) => {
            let number: usize = query.split(['=', '&']).nth(1).unwrap().parse().unwrap();
            let data = [exemptions().swap_remove(number - 1)];
            (200, json!({"data": data, "total_count": 2, "total_pages": 2, "page": number}).to_string())
        }
        None => (200, page(&[], 0)),
    });
    let read = findings(&connect(&installation), query(SuppressedFilter::Only)).await;
    assert_eq!(ids(&read.items), [of("ex"), of("hidden")]);
    assert_eq!(installation.asked(EXEMPTIONS).len(), 2, "and not a page more");
}

#[tokio::test]
async fn an_exempted_resource_that_is_still_shown_looks_the_same_with_and_without_the_exempted_ones() {
    let installation = with_catalogues(|asked| match asked.what.as_str() {
        what if what.starts_with(EXEMPTIONS) => (
            200,
            json!({"data": [exemption(1, &id("ex"), |_| {})], "total_count": 1, "total_pages": 1})
                .to_string(),
        ),
        _ if asked.body["insight"] == "backoffice:5" => {
            (200, page(&[bucket(&id("open")), bucket(&id("ex"))], 2))
        }
        _ => (200, page(&[], 0)),
    });
    let vendor = connect(&installation);
    let read = findings(&vendor, query(SuppressedFilter::Exclude)).await;
    assert_eq!(ids(&read.items), [of("open")]);
    assert!(read.shortfall().is_none(), "{:?}", read.shortfall());
    let read = findings(&vendor, query(SuppressedFilter::Include)).await;
    let open: Vec<_> = read.items.iter().filter(|one| one.suppression.is_none()).collect();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].vendor_id, of("open"));
}

#[tokio::test]
async fn without_the_right_to_see_exemptions_the_open_findings_are_complete() {
    let installation = with_catalogues(|asked| match asked.what.as_str() {
        what if what.starts_with(EXEMPTIONS) => {
            (403, r#"{"error_message":"lacks the entitlement"}"#.to_owned())
        }
        _ => (200, page(&[], 0)),
    });
    let read = findings(&connect(&installation), query(SuppressedFilter::Exclude)).await;
    assert!(read.shortfall().is_none(), "{:?}", read.shortfall());
    assert!(read.notices.iter().any(|notice| notice.0.contains("could not be read")), "{:?}", read.notices);
}

#[tokio::test]
async fn a_server_that_refuses_the_flag_loses_no_exempted_finding() {
    for status in [400, 500] {
        let installation = with_catalogues(move |asked| match asked.what.as_str() {
            what if what.starts_with(EXEMPTIONS) => {
                (200, json!({"data": exemptions(), "total_count": 7, "total_pages": 1}).to_string())
            }
            _ if asked.body["insight_exemptions"] == true => {
                (status, r#"{"messages":{"json":{"insight_exemptions":["Unknown field."]}}}"#.to_owned())
            }
            _ => (200, page(&[], 0)),
        });
        let read = findings(&connect(&installation), query(SuppressedFilter::Only)).await;
        assert!(read.shortfall().is_none(), "{:?}", read.shortfall());
        assert_eq!(read.items.len(), 3);
        assert!(read.notices.iter().any(|notice| notice.0.contains("taken from their exemptions")));
    }
}

#[tokio::test]
async fn an_end_that_cannot_be_read_is_told() {
    let installation = with_catalogues(|asked| match asked.what.as_str() {
        what if what.starts_with(EXEMPTIONS) => {
            let odd = exemption(77, &id("ex"), |one| one["expiration_date"] = json!("soon"));
            (200, json!({"data": [odd], "total_count": 1, "total_pages": 1}).to_string())
        }
        _ => (200, page(&[], 0)),
    });
    let read = findings(&connect(&installation), query(SuppressedFilter::Only)).await;
    assert_eq!(read.items.len(), 1);
    let told =
        |notice: &cspm_core::Notice| notice.0.contains("exemption 77") && notice.0.contains("cannot be read");
    assert!(read.notices.iter().any(told), "{:?}", read.notices);
}

#[tokio::test]
async fn a_finding_from_an_exemption_has_its_colon_and_its_region_whatever_the_list_lost() {
    let installation = with_catalogues(|asked| match asked.what.as_str() {
        what if what.starts_with(EXEMPTIONS) => {
            let lost = exemption(1, id("ex").trim_end_matches(':'), |one| one["provider_id"] = Value::Null);
            (200, json!({"data": [lost], "total_count": 1, "total_pages": 1}).to_string())
        }
        _ => (200, page(&[], 0)),
    });
    let read = findings(&connect(&installation), query(SuppressedFilter::Only)).await;
    assert_eq!(ids(&read.items), [of("ex")]);
    assert_eq!(read.items[0].region.as_deref(), Some("us-east-1"));
}

#[tokio::test]
async fn catalogues_are_reported_with_the_figures_of_their_own_books() {
    let installation = with_catalogues(|asked| match asked.what.as_str() {
        what if what.starts_with(EXEMPTIONS) => {
            let data = [exemption(1, &id("ex"), |_| {}), json!({"exemption_id": 2})];
            (200, json!({"data": data, "total_count": 2, "total_pages": 1}).to_string())
        }
        _ => (200, page(&[], 0)),
    });
    let read = findings(&connect(&installation), query(SuppressedFilter::Include)).await;
    let short = read.scopes.iter().find(|scope| !scope.complete).unwrap();
    assert_eq!(short.scope["catalogue"], "exemptions");
    assert_eq!((short.expected, short.received), (Some(2), 1));
    assert_eq!(read.rejected, 1);
    assert!(
        read.notices.iter().any(|notice| notice.0.contains("exemption 2 of page 1")),
        "{:?}",
        read.notices
    );
}
