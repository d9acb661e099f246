//! What is asked for before and instead of checks: the plan, and how far filters are handed to the vendor.

use std::collections::BTreeSet;

use cspm_core::{
    Account, AccountQuery, ErrorKind, Finding, FindingQuery, OutcomeFilter, Rule, RuleQuery, Severity,
    Source, SuppressedFilter, gather,
};
use cspm_http::BaseUrl;
use serde_json::json;

use super::*;

fn nothing(asked: &Asked) -> (u16, String) {
    paged(&[], asked)
}

async fn target_of(query: FindingQuery) -> Vec<String> {
    let organisation = with_checks(nothing);
    let found = findings(&organisation.connect(), query).await;
    assert!(found.error.is_none() && found.scopes.iter().all(|scope| scope.complete), "{:?}", found.scopes);
    organisation.asked("/checks").into_iter().map(|asked| asked.target).collect()
}

/// Sections 2.2, 3.1 and 4.2: the key, the media type on a GET, and the whole question.
#[tokio::test]
async fn the_requests_are_exactly_those_documented() {
    let organisation = with_checks(nothing);
    let found = findings(&organisation.connect(), FindingQuery::default()).await;
    assert!(found.shortfall().is_none());
    let common = "page%5Bsize%5D=1000&page%5Bnumber%5D=0&consistentPagination=true&filter%5Bstatuses%5D=FAILURE\
                  &filter%5BsuppressedFilterMode%5D=v2&filter%5Bsuppressed%5D=false";
    let mut targets = organisation.targets();
    targets.sort();
    assert_eq!(
        targets,
        [
            "/accounts".to_owned(),
            format!("/checks?accountIds=Qx7kP2mNz&{common}"),
            format!("/checks?accountIds=Zz81LmQa0&{common}"),
            "/services".to_owned(),
        ]
    );
    for asked in organisation.log() {
        assert_eq!(asked.headers["authorization"], "ApiKey k3y:secret-part");
        assert_eq!(asked.headers["content-type"], "application/vnd.api+json");
    }
    let labels: Vec<_> = found.scopes.iter().map(|scope| scope.scope.clone()).collect();
    assert!(labels.contains(&BTreeMap::from([("account".to_owned(), "Qx7kP2mNz".to_owned())])));
}

#[tokio::test]
async fn only_wanted_accounts_are_asked_by_either_id() {
    for name in ["Zz81LmQa0", "0f0e0d0c-0000-1111-2222-333344445555"] {
        let query = FindingQuery { accounts: vec![name.to_owned()], ..FindingQuery::default() };
        let targets = target_of(query).await;
        assert_eq!(targets.len(), 1);
        assert!(targets[0].contains("accountIds=Zz81LmQa0&"));
    }
}

#[tokio::test]
async fn accounts_that_do_not_exist_are_told() {
    let organisation = with_checks(nothing);
    let query = FindingQuery {
        accounts: vec!["Qx7kP2mNz".to_owned(), "nobody".to_owned()],
        confined_to: vec!["Qx7kP2mNz".to_owned(), "gone".to_owned()],
        ..FindingQuery::default()
    };
    let vendor = organisation.connect();
    let plan = Source::<Finding>::plan(&vendor, &query).await.unwrap();
    assert_eq!(plan.unknown_accounts, ["nobody"]);
    assert_eq!(plan.scopes.len(), 1);
    let (scope, error) = &plan.failed[0];
    assert_eq!(scope.labels["account"], "gone");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn filters_that_mean_the_same_are_handed_on() {
    let query = FindingQuery {
        outcome: OutcomeFilter::All,
        severities: BTreeSet::from([Severity::Critical, Severity::Low]),
        suppressed: SuppressedFilter::Only,
        regions: vec!["us-east-1".to_owned(), "global".to_owned()],
        rules: vec!["S3-016".to_owned(), "S3-016".to_owned()],
        services: vec!["S3".to_owned()],
        standards: vec!["pci".to_owned()],
        ..of_payments()
    };
    let targets = target_of(query).await;
    assert_eq!(
        targets,
        ["/checks?accountIds=Qx7kP2mNz&page%5Bsize%5D=1000&page%5Bnumber%5D=0&consistentPagination=true\
          &filter%5Bregions%5D=global,us-east-1&filter%5Bservices%5D=S3&filter%5BriskLevels%5D=EXTREME,LOW,VERY_HIGH\
          &filter%5BruleIds%5D=S3-016&filter%5BsuppressedFilterMode%5D=v2\
          &filter%5Bsuppressed%5D=true"]
    );
}

/// An unknown region is a 422 for the whole request (section 3.6), levels outside the five have no filter, and a check
/// of a rule that belongs to a standard may not say so.
#[tokio::test]
async fn filters_that_could_lose_something_stay_here() {
    let query = FindingQuery {
        outcome: OutcomeFilter::Pass,
        severities: BTreeSet::from([Severity::High, Severity::Unknown]),
        suppressed: SuppressedFilter::Include,
        regions: vec!["us-east-1".to_owned(), "moon-north-1".to_owned()],
        services: vec!["a,b".to_owned()],
        rules: vec![String::new()],
        standards: vec!["PCI".to_owned(), "HOUSE-RULES".to_owned()],
        ..of_payments()
    };
    assert_eq!(
        target_of(query).await,
        ["/checks?accountIds=Qx7kP2mNz&page%5Bsize%5D=1000&page%5Bnumber%5D=0&consistentPagination=true\
          &filter%5Bstatuses%5D=SUCCESS"]
    );
}

#[tokio::test]
async fn a_severity_this_vendor_does_not_have_needs_no_request_for_checks() {
    let query =
        FindingQuery { severities: BTreeSet::from([Severity::Informational]), ..FindingQuery::default() };
    assert!(target_of(query).await.is_empty());
}

/// A minimum lets "unknown" never in, so that even the lowest can be handed on.
#[tokio::test]
async fn a_minimum_is_a_list_of_levels() {
    let query = FindingQuery { min_severity: Some(Severity::High), ..of_payments() };
    assert!(target_of(query).await[0].contains("filter%5BriskLevels%5D=EXTREME,HIGH,VERY_HIGH&"));
}

#[tokio::test]
async fn without_the_catalogue_findings_come_and_the_run_is_partial() {
    let organisation = Organisation::new(|asked| match asked.path() {
        "/services" => (404, json!({"Message": "Not Found"}).to_string()),
        "/checks" => paged(&[check("Qx7kP2mNz", "S3-016", "S3", "eu-west-1", "team-logs")], asked),
        _ => besides_checks(asked).unwrap(),
    });
    let found = findings(&organisation.connect(), of_payments()).await;
    assert_eq!(found.items.len(), 1);
    let lost: Vec<_> = found.scopes.iter().filter(|scope| !scope.complete).collect();
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0].scope, BTreeMap::from([("catalogue".to_owned(), "services".to_owned())]));
}

/// Section 3.3: `included` is left out where nothing is side-loaded. Rules that a service names and nobody sends are missing.
#[tokio::test]
async fn a_catalogue_without_included_is_empty_unless_its_services_name_rules() {
    let of_services = |services: Value| {
        Organisation::new(move |asked| match asked.path() {
            "/services" => (200, json!({"data": services}).to_string()),
            _ => besides_checks(asked).unwrap(),
        })
    };
    let no_rules = json!([{"type": "services", "id": "S3", "relationships": {"rules": {"data": []}}}]);
    for services in [json!([]), json!(null), no_rules] {
        let rules = gather::<Rule>(&of_services(services).connect(), RuleQuery).await;
        assert!(rules.shortfall().is_none() && rules.items.is_empty(), "{:?}", rules.scopes);
    }
    let rules = gather::<Rule>(&of_services(services()["data"].clone()).connect(), RuleQuery).await;
    assert_eq!(rules.shortfall().unwrap().kind(), ErrorKind::Protocol);
}

/// Section 5.2: `data` is null when there are none.
#[tokio::test]
async fn no_accounts_is_no_error_and_no_data_is_one() {
    let organisation = Organisation::new(|asked| match asked.path() {
        "/accounts" => (200, json!({"data": null}).to_string()),
        _ => besides_checks(asked).unwrap(),
    });
    let found = findings(&organisation.connect(), FindingQuery::default()).await;
    assert!(found.shortfall().is_none() && found.items.is_empty());

    for (body, kind) in [
        (json!({}), ErrorKind::Protocol),
        (json!({"errors": []}), ErrorKind::Protocol),
        (json!({"Message": "Not now"}), ErrorKind::Server),
        (json!({"errors": [{"status": 500, "detail": "Not now"}]}), ErrorKind::Server),
    ] {
        let organisation = Organisation::new(move |_| (200, body.to_string()));
        let accounts = findings(&organisation.connect(), FindingQuery::default()).await.error.unwrap();
        let rules = gather::<Rule>(&organisation.connect(), RuleQuery).await.shortfall().unwrap().clone();
        for error in [accounts, rules] {
            assert_eq!(error.kind(), kind, "{error}");
            assert_eq!(error.message().contains("Not now"), kind == ErrorKind::Server, "{error}");
        }
    }
}

#[tokio::test]
async fn accounts_and_rules_are_one_request_each() {
    let organisation = with_checks(nothing);
    let vendor = organisation.connect();
    let accounts = gather::<Account>(&vendor, AccountQuery::default()).await;
    assert_eq!(accounts.items.len(), 2);
    let rules = gather::<Rule>(&vendor, RuleQuery).await;
    assert_eq!(rules.items.len(), 3);
    assert!(accounts.shortfall().is_none() && rules.shortfall().is_none());
    assert_eq!(organisation.targets(), ["/accounts", "/services"]);
}

/// Section 2.1: both families of addresses, and a list of what there is for whoever mistypes.
#[test]
fn regions_are_addresses_and_an_unknown_one_names_the_known() {
    for (region, address) in [
        ("us-west-2", "https://us-west-2-api.cloudconformity.com/v1"),
        ("us-1", "https://conformity.us-1.cloudone.trendmicro.com/api"),
    ] {
        assert_eq!(BaseUrl::of_region(crate::REGIONS, region).unwrap().as_str(), address);
    }
    assert!(crate::REGIONS.iter().all(|(region, _)| BaseUrl::of_region(crate::REGIONS, region).is_ok()));
    let error = BaseUrl::of_region(crate::REGIONS, "us-east-9").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("ap-south-1, us-1, in-1"), "{error}");
}

#[test]
fn the_key_is_never_printed_and_a_broken_one_is_refused_at_once() {
    let config = |key: &str| Config {
        name: "trend".into(),
        base_url: BaseUrl::of_region(crate::REGIONS, "us-1").unwrap(),
        api_key: SecretString::from(key),
        settings: Settings::default(),
    };
    let vendor = Conformity::connect(config("s3cret")).unwrap();
    assert!(!format!("{vendor:?} {:?}", config("s3cret")).contains("s3cret"));
    let error = Conformity::connect(config("s3cret\nX-Other: 1")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}
