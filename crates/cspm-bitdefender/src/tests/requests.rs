//! What is asked for, and what is not (section 6.1).

use std::collections::BTreeSet;

use cspm_core::{
    ErrorKind, Finding, FindingQuery, OutcomeFilter, Severity, Source, SuppressedFilter, Vendor, gather,
};

use super::{COMPLIANCE, FAIL, RULE, RULES, SCAN, SCANS, STANDARDS, asked, check, connect, page, serve};

const CATALOGUE: [&str; 3] = ["/v1/setting/scans", "/v1/cspm/rules", COMPLIANCE];

async fn ask(query: FindingQuery, checks: &str) -> (cspm_core::Gathered<Finding>, Vec<String>) {
    let server = serve(&[
        ("/v1/setting/scans", SCANS.to_owned()),
        ("/v1/cspm/rules", RULES.to_owned()),
        ("/v1/cspm/system_compliance", STANDARDS.to_owned()),
        (checks, page(&[check("c-1", FAIL)], 1, "")),
    ])
    .await;
    let vendor = connect(&server);
    (gather(vendor.findings(), query).await, asked(&server).await)
}

/// Each filter that the vendor understands exactly as the program does is sent; commas are literal, values encoded.
#[tokio::test]
async fn filters_are_pushed_down() {
    let query = FindingQuery::default;
    let severe = BTreeSet::from([Severity::High, Severity::Critical]);
    let with_unknown = BTreeSet::from([Severity::High, Severity::Unknown]);
    let named = |name: &str| vec![name.to_owned()];
    let scan = &format!("?results=fail&scans={SCAN}");
    for (query, wanted) in [
        (query(), "?results=fail"),
        (FindingQuery { outcome: OutcomeFilter::Pass, ..query() }, "?results=pass"),
        (FindingQuery { outcome: OutcomeFilter::All, ..query() }, ""),
        (FindingQuery { severities: severe.clone(), ..query() }, "?results=fail&severities=high,critical"),
        (
            FindingQuery { min_severity: Some(Severity::High), ..query() },
            "?results=fail&severities=high,critical",
        ),
        (FindingQuery { severities: with_unknown, ..query() }, "?results=fail"),
        (FindingQuery { suppressed: SuppressedFilter::Include, ..query() }, "?results=fail"),
        (
            FindingQuery { suppressed: SuppressedFilter::Only, ..query() },
            "?results=fail&statuses=risk_accepted,false_positive",
        ),
        (FindingQuery { accounts: named("123456789012"), ..query() }, scan),
        (FindingQuery { confined_to: named(SCAN), ..query() }, scan),
        (
            FindingQuery { rules: vec![RULE.to_owned(), "gone".to_owned()], ..query() },
            &format!("?results=fail&rules={RULE}"),
        ),
        (FindingQuery { standards: named("gdpr"), ..query() }, "?results=fail&system_compliance=GDPR"),
        (FindingQuery { regions: named("eu-west-1"), ..query() }, "?results=fail"),
    ] {
        let target = format!("/v1/cspm/checks{wanted}");
        let (gathered, asked) = ask(query.clone(), &target).await;
        assert_eq!(asked, [CATALOGUE[0], CATALOGUE[1], CATALOGUE[2], &target], "{query:?}");
        assert!(gathered.shortfall().is_none(), "{query:?}");
        let kept = gathered.items.len();
        assert_eq!(kept, gathered.items.iter().filter(|finding| query.matches(finding)).count());
    }
}

/// A standard by its title is asked for by its id.
#[tokio::test]
async fn standards_by_title() {
    let query = FindingQuery {
        standards: vec!["general data protection REGULATION".to_owned()],
        ..FindingQuery::default()
    };
    let target = "/v1/cspm/checks?results=fail&system_compliance=GDPR";
    let (gathered, asked) = ask(query, target).await;
    assert_eq!(asked, [CATALOGUE[0], CATALOGUE[1], CATALOGUE[2], target]);
    assert_eq!(gathered.items.len(), 1);
}

/// What nothing can match needs no request for checks.
#[tokio::test]
async fn nothing_to_ask_for() {
    let named = || vec!["nobody".to_owned()];
    for query in [
        FindingQuery { rules: named(), ..FindingQuery::default() },
        FindingQuery { services: named(), ..FindingQuery::default() },
        FindingQuery { standards: named(), ..FindingQuery::default() },
        FindingQuery { accounts: named(), ..FindingQuery::default() },
        FindingQuery {
            severities: BTreeSet::from([Severity::Low]),
            min_severity: Some(Severity::High),
            ..FindingQuery::default()
        },
    ] {
        let (gathered, asked) = ask(query.clone(), "/v1/cspm/checks").await;
        assert!(gathered.items.is_empty() && gathered.shortfall().is_none(), "{query:?}");
        assert!(!asked.iter().any(|target| target.contains("checks")), "{query:?}");
    }
}

/// Accounts that are not there: of the query, a word; of the configuration, a gap.
#[tokio::test]
async fn unknown_accounts() {
    let server =
        serve(&[("/v1/setting/scans", SCANS.to_owned()), ("/v1/cspm/rules", RULES.to_owned())]).await;
    let vendor = connect(&server);
    let source: &dyn Source<Finding> = &vendor;
    let query = FindingQuery {
        accounts: vec!["nobody".to_owned()],
        confined_to: vec!["no one".to_owned(), SCAN.to_owned()],
        ..FindingQuery::default()
    };
    let plan = source.plan(&query).await.unwrap();
    assert_eq!(plan.unknown_accounts, ["nobody"]);
    assert_eq!(plan.failed.len(), 1);
    assert_eq!(plan.failed[0].1.kind(), ErrorKind::NotFound);
    assert!(plan.scopes.is_empty());
}

/// Section 2.2: a key may lack an API. Without rules and accounts there are findings, and the report names the gap.
#[tokio::test]
async fn without_catalogues_the_run_goes_on() {
    let checks = "/v1/cspm/checks?results=fail";
    let server = serve(&[(checks, page(&[check("c-1", FAIL)], 1, ""))]).await;
    let vendor = connect(&server);
    let gathered = gather(vendor.findings(), FindingQuery::default()).await;
    assert_eq!(&*gathered.items[0].rule.id, RULE);
    assert_eq!(gathered.items[0].account.id.as_deref(), Some(SCAN));
    let gaps: Vec<_> = gathered.scopes.iter().filter_map(|scope| scope.scope.get("catalogue")).collect();
    assert_eq!(gaps, ["scans", "rules"]);
    assert_eq!(
        asked(&server).await,
        [CATALOGUE[0], CATALOGUE[1], checks],
        "standards of no rule are not asked for"
    );
    // Where a wrong base URL led is shown (3.5).
    let gap = gathered.shortfall().unwrap();
    assert!(gap.message().contains("/v1/setting/scans was asked for; check the region"), "{gap}");
    // A query about an account cannot be answered without the list of accounts.
    let query = FindingQuery { accounts: vec![SCAN.to_owned()], ..FindingQuery::default() };
    assert!(gather(vendor.findings(), query).await.error.is_some());
}

/// Section 7: the listing of resources is read only if a check lacks what it should say, and once.
#[tokio::test]
async fn resources_complete_a_check() {
    let bare = |id: &str| {
        let to = |name: &str, id: &str| format!(r#""{name}":{{"data":{{"id":"{id}"}}}}"#);
        let ends = [to("rule", RULE), to("scan", SCAN), to("resource", "u-1")].join(",");
        let relationships = format!("{{{ends}}}");
        let attributes = r#"{"result":"fail","severity":"high","resource_name":"own name"}"#;
        format!(r#"{{"id":"{id}","attributes":{attributes},"relationships":{relationships}}}"#)
    };
    let resource = r#"{"id":"u-1","attributes":{"resource_name":"n","resource_region":"eu","resource_type":"S3 Bucket"}}"#;
    let next = "/v1/cspm/checks?page_cursor=2";
    let server = serve(&[
        ("/v1/setting/scans", SCANS.to_owned()),
        ("/v1/cspm/rules", RULES.to_owned()),
        ("/v1/cspm/resources", page(&[resource.to_owned()], 1, "")),
        ("/v1/cspm/checks?results=fail", page(&[bare("c-1")], 2, next)),
        (next, page(&[bare("c-2")], 2, "")),
    ])
    .await;
    let vendor = connect(&server);
    let gathered = gather(vendor.findings(), FindingQuery::default()).await;
    assert!(gathered.shortfall().is_none());
    for finding in &gathered.items {
        assert_eq!(finding.resource.name.as_deref(), Some("own name"));
        assert_eq!(finding.resource.kind.as_deref(), Some("S3 Bucket"));
        assert_eq!((finding.resource.id.as_deref(), finding.region.as_deref()), (Some("u-1"), Some("eu")));
    }
    let asked = asked(&server).await;
    assert_eq!(asked.iter().filter(|target| target.contains("resources")).count(), 1);
}
