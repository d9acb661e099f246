//! Accounts past the limit, read through the engine from a server that keeps the limit (section 3.5).

use std::collections::BTreeSet;

use cspm_core::{Cursor, FindingQuery, OutcomeFilter};
use serde_json::json;

use super::*;

/// A small check; what the planner needs and no more.
fn small(number: usize, rule: &str, service: &str, region: &str, level: &str) -> Value {
    json!({"id": format!("ccc:Qx7kP2mNz:{rule}:{service}:{region}:r{number}"),
        "attributes": {"status": "FAILURE", "risk-level": level}})
}

/// Keeps the vendor's rules: filters, pages, the limit, and no region it does not know.
fn limited(checks: &[Value], unknown_region: &'static str) -> Arc<Organisation> {
    // What filters look at, in the order of their names below, and the record as text.
    let records: Vec<([String; 5], String)> = checks
        .iter()
        .map(|check| {
            let mut id = check["id"].as_str().unwrap().split(':').skip(2).map(str::to_owned);
            let mut next = || id.next().unwrap();
            let (rule, service, region) = (next(), next(), next());
            let attribute = |name: &str| check["attributes"][name].as_str().unwrap().to_owned();
            ([rule, service, region, attribute("risk-level"), attribute("status")], check.to_string())
        })
        .collect();
    with_checks(move |asked| {
        let filters = ["ruleIds", "services", "regions", "riskLevels", "statuses"].map(|name| {
            let list = asked.parameter(&format!("filter[{name}]"));
            list.map(|list| list.split(',').map(str::to_owned).collect::<BTreeSet<String>>())
        });
        if filters[2].as_ref().is_some_and(|regions| regions.contains(unknown_region)) {
            let error = json!({"status": 422, "source": {"pointer": "/data/attributes/page[regions]"},
                "details": "Region(s) entered is/are invalid"});
            return (422, json!({"errors": [error]}).to_string());
        }
        let allowed = |values: &[String; 5]| {
            filters
                .iter()
                .zip(values)
                .all(|(list, value)| list.as_ref().is_none_or(|list| list.contains(value)))
        };
        let matching: Vec<&str> =
            records.iter().filter(|(values, _)| allowed(values)).map(|(_, record)| record.as_str()).collect();
        let (size, number) = (asked.number("page[size]"), asked.number("page[number]"));
        if (number + 1) * size > 10_000 {
            return (
                500,
                json!({"errors": [{"status": 500, "detail": "Internal Server Error"}]}).to_string(),
            );
        }
        let page: Vec<&str> = matching.iter().skip(size * number).take(size).copied().collect();
        (200, format!("{{\"data\":[{}],\"meta\":{{\"total\":{}}}}}", page.join(","), matching.len()))
    })
}

/// The same with other figures, made from the right total and the size of the page.
fn counting(
    inner: Arc<Organisation>,
    meta: impl Fn(u64, u64) -> Value + Send + Sync + 'static,
) -> Arc<Organisation> {
    with_checks(move |asked| {
        let (status, body) = (inner.answering)(asked);
        let mut body: Value = serde_json::from_str(&body).unwrap();
        if let Some(total) = body.pointer("/meta/total").and_then(Value::as_u64) {
            body["meta"] = meta(total, asked.number("page[size]") as u64);
        }
        (status, body.to_string())
    })
}

/// Servers that show nothing past the limit and count no further either, or not at all.
fn figures_of_no_use() -> [fn(u64, u64) -> Value; 4] {
    [
        |total, _| json!({"total": total.min(10_000)}),
        |total, size| json!({"total": total.min(10_000), "total-pages": total.min(10_000).div_ceil(size)}),
        |total, size| json!({"total-pages": total.min(10_000).div_ceil(size)}),
        |_, _| json!({}),
    ]
}

/// Unevenly over regions and the two services of the catalogue.
fn uneven(count: usize, regions: &[&str]) -> Vec<Value> {
    (0..count)
        .map(|number| {
            let region = regions[(number % 97) * (number % 97) / 97 % regions.len()];
            let (rule, service) = if number % 5 == 0 { ("CT-001", "CloudTrail") } else { ("S3-016", "S3") };
            small(number, rule, service, region, if number % 3 == 0 { "HIGH" } else { "LOW" })
        })
        .collect()
}

async fn read_all(organisation: &Arc<Organisation>) -> Gathered<Finding> {
    findings(&organisation.connect(), of_payments()).await
}

fn distinct(found: &Gathered<Finding>) -> usize {
    assert!(found.error.is_none());
    let ids: BTreeSet<&str> = found.items.iter().map(|finding| finding.vendor_id.as_str()).collect();
    assert_eq!(ids.len(), found.items.len(), "each once");
    ids.len()
}

#[tokio::test]
async fn p06_25_000_checks_come_whole_in_labelled_parts_with_few_requests() {
    let checks = uneven(25_000, &["us-east-1", "eu-west-1", "eu-west-2", "us-west-2", "global", "sa-east-1"]);
    let organisation = limited(&checks, "nowhere");
    let found = read_all(&organisation).await;
    assert_eq!(distinct(&found), 25_000);
    assert!(found.scopes.iter().all(|scope| scope.complete), "{:?}", found.scopes);
    let expected: u64 = found.scopes.iter().filter_map(|scope| scope.expected).sum();
    assert_eq!(expected, 25_000);
    assert!(found.scopes.iter().all(|scope| scope.scope.contains_key("account")));
    assert!(found.scopes.iter().all(|scope| scope.scope.contains_key("region")));
    let requests = organisation.asked("/checks").len();
    assert!(requests <= 34, "{requests} requests for 25 pages");
    assert!(organisation.asked("/checks").iter().all(|asked| asked.number("page[number]") < 10));
}

/// A region that no document names: its checks are on the first page, so that it is asked for by name.
#[tokio::test]
async fn p09_a_region_that_records_name_is_asked_for() {
    let organisation = limited(&uneven(15_000, &["us-east-1", "mars-north-1", "eu-west-1"]), "nowhere");
    let found = read_all(&organisation).await;
    assert_eq!(distinct(&found), 15_000);
    assert!(found.shortfall().is_none(), "{:?}", found.scopes);
    assert!(organisation.asked("/checks").iter().any(|asked| asked.target.contains("mars-north-1")));
}

/// The same, but hidden behind the first page: found missing by the counts, and read by service.
#[tokio::test]
async fn p09_a_region_nobody_names_is_missed_and_read_by_another_dimension() {
    let mut checks = uneven(12_000, &["us-east-1", "eu-west-1"]);
    checks.extend((0..500).map(|number| small(20_000 + number, "S3-001", "S3", "mars-north-1", "LOW")));
    let organisation = limited(&checks, "nowhere");
    let found = read_all(&organisation).await;
    assert_eq!(distinct(&found), 12_500);
    assert!(found.shortfall().is_none(), "{:?}", found.scopes);
}

/// Section 3.6: one region that the vendor does not know refuses the whole request; then regions are of no use.
#[tokio::test]
async fn a_region_the_vendor_refuses_does_not_stop_the_reading() {
    let organisation = limited(&uneven(12_500, &["us-east-1", "eu-west-1"]), "me-south-1");
    let found = read_all(&organisation).await;
    assert_eq!(distinct(&found), 12_500);
    assert!(found.shortfall().is_none(), "{:?}", found.scopes);

    let organisation = limited(&uneven(2_000, &["us-east-1", "eu-west-1"]), "us-east-1");
    let query = FindingQuery { regions: vec!["us-east-1".to_owned()], ..of_payments() };
    let found = findings(&organisation.connect(), query).await;
    assert!(found.shortfall().is_none() && !found.items.is_empty(), "{:?}", found.scopes);
    assert!(found.items.iter().all(|finding| finding.region.as_deref() == Some("us-east-1")));
}

/// Section 3.7: three regions are named by one document alone. A vendor that goes by the other refuses them, and the account
/// is divided by the rest; what lies in a region that is refused is missed by the counts and read by service.
#[tokio::test]
async fn a_region_of_one_document_alone_is_given_up_before_regions_are() {
    let regions = ["us-east-1", "eu-west-1", "sa-east-1"];
    let checks: Vec<Value> =
        (0..12_000).map(|number| small(number, "S3-016", "S3", regions[number % 3], "LOW")).collect();
    for unknown in ["eu-south-1", "af-south-1", "ap-northeast-3"] {
        let uncounted = counting(limited(&checks, unknown), |_, _| json!({}));
        for organisation in [limited(&checks, unknown), uncounted] {
            let found = read_all(&organisation).await;
            assert_eq!(distinct(&found), 12_000, "{unknown}");
            assert!(found.shortfall().is_none(), "{:?}", found.scopes);
        }
    }

    let organisation = limited(&uneven(12_500, &["us-east-1", "eu-west-1", "eu-south-1"]), "eu-south-1");
    let found = read_all(&organisation).await;
    assert_eq!(distinct(&found), 12_500);
    assert!(found.shortfall().is_none(), "{:?}", found.scopes);
}

#[tokio::test]
async fn p08_a_cell_that_nothing_divides_is_read_as_far_as_it_goes_and_reported() {
    let checks: Vec<Value> =
        (0..10_500).map(|number| small(number, "S3-016", "S3", "us-east-1", "LOW")).collect();
    let organisation = limited(&checks, "nowhere");
    let found = read_all(&organisation).await;
    assert_eq!(distinct(&found), 10_000);
    let short: Vec<_> = found.scopes.iter().filter(|scope| !scope.complete).collect();
    assert_eq!(short.len(), 1);
    assert_eq!((short[0].expected, short[0].received), (Some(10_500), 10_000));
    assert!(organisation.asked("/checks").iter().all(|asked| asked.number("page[number]") < 10));
}

#[tokio::test]
async fn a_server_that_tells_pages_only_is_divided_by_pages_of_one() {
    let checks = uneven(12_000, &["us-east-1", "eu-west-1", "eu-west-2"]);
    let pages = |total: u64, size: u64| json!({"total-pages": total.div_ceil(size)});
    let organisation = counting(limited(&checks, "nowhere"), pages);
    let found = read_all(&organisation).await;
    assert_eq!(distinct(&found), 12_000);
    assert!(found.shortfall().is_none(), "{:?}", found.scopes);
}

/// No list of Azure's regions is closed: such accounts are divided by service first. Filters of the query stay on.
#[tokio::test]
async fn an_azure_account_is_divided_without_regions() {
    let rename = |check: &Value| -> Value {
        serde_json::from_str(
            &check.to_string().replace("Qx7kP2mNz", "Zz81LmQa0").replace("us-east-1", "eastus"),
        )
        .unwrap()
    };
    let checks: Vec<Value> = uneven(11_000, &["us-east-1"]).iter().map(rename).collect();
    let inner = limited(&checks, "nowhere");
    let organisation = Organisation::new(move |asked| match asked.path() {
        "/services" => (200, services().to_string().replace("\"aws\"", "\"azure\"")),
        "/checks" => (inner.answering)(asked),
        _ => besides_checks(asked).unwrap(),
    });
    let query = FindingQuery {
        accounts: vec!["Zz81LmQa0".to_owned()],
        outcome: OutcomeFilter::All,
        ..FindingQuery::default()
    };
    let found = findings(&organisation.connect(), query).await;
    assert_eq!(distinct(&found), 11_000);
    assert!(found.shortfall().is_none(), "{:?}", found.scopes);
    assert!(organisation.asked("/checks").iter().all(|asked| asked.parameter("filter[regions]").is_none()));
}

#[tokio::test]
async fn p07_a_figure_that_stops_at_the_limit_is_not_believed_and_none_is_none() {
    for (count, parts) in [(12_500, 2), (10_000, 1)] {
        for figures in figures_of_no_use() {
            let checks =
                uneven(count, &["us-east-1", "eu-west-1", "eu-west-2", "us-west-2", "global", "sa-east-1"]);
            let organisation = counting(limited(&checks, "nowhere"), figures);
            let found = read_all(&organisation).await;
            assert_eq!(distinct(&found), count, "{}", figures(12_500, 1_000));
            assert!(found.shortfall().is_none(), "{:?}", found.scopes);
            assert!(found.scopes.len() >= parts);
            let in_reach =
                |asked: &Asked| (asked.number("page[number]") + 1) * asked.number("page[size]") <= 10_000;
            assert!(organisation.asked("/checks").iter().all(in_reach));
        }
    }
}

#[tokio::test]
async fn an_account_that_is_divided_without_a_figure_says_so() {
    let checks = uneven(10_001, &["us-east-1", "eu-west-1"]);
    for figures in figures_of_no_use() {
        let vendor = counting(limited(&checks, "nowhere"), figures).connect();
        let source: &dyn Source<Finding> = &vendor;
        let plan = source.plan(&of_payments()).await.unwrap();
        let step = source.step(&of_payments(), &plan.scopes[0], &Cursor::Start).await.unwrap();
        assert_eq!(step.expected, None);
        assert!(step.notices[0].0.contains("does not say how many"), "{:?}", step.notices);
    }
}

#[tokio::test]
async fn p08_what_nothing_divides_is_never_taken_for_whole_without_a_figure() {
    for figures in figures_of_no_use() {
        let checks: Vec<Value> =
            (0..10_500).map(|number| small(number, "S3-016", "S3", "us-east-1", "LOW")).collect();
        let organisation = counting(limited(&checks, "nowhere"), figures);
        let found = read_all(&organisation).await;
        assert_eq!(distinct(&found), 10_000);
        let error = found.shortfall().expect("it is not whole");
        assert_eq!(error.kind(), cspm_core::ErrorKind::Protocol);
        assert!(error.message().contains("page past 10000"), "{error}");
    }
}
