//! Checks without a relationship to their rule (section 6.2).

use cspm_core::{ErrorKind, Finding, FindingQuery, Gathered, Vendor, gather};

use super::{FAIL, HEEDS_RULES, SCAN, SCANS, asked, check_of, connect, page, serve};

fn rule(number: usize) -> String {
    format!(r#"{{"id":"rule-{number:03}","attributes":{{"title":"title {number}"}}}}"#)
}

fn bare(id: &str) -> String {
    check_of(id, FAIL, "{}")
}

fn rules_of(numbers: std::ops::Range<usize>) -> String {
    let ids: Vec<_> = numbers.map(|number| format!("rule-{number:03}")).collect();
    format!("/v1/cspm/checks?results=fail&rules={}", ids.join(","))
}

/// Three rules with checks among 120: the empty block is passed over, and the walk ends with the last check.
#[tokio::test]
async fn rules_are_walked_until_all_checks_are_accounted_for() {
    let next = "/v1/cspm/checks?page_cursor=x";
    let every = [bare("a"), bare("b"), bare("c"), bare("d")];
    let rules: Vec<_> = (0..120).map(rule).collect();
    let server = serve(&[
        ("/v1/setting/scans", SCANS.to_owned()),
        ("/v1/cspm/rules", page(&rules, 120, "")),
        ("/v1/cspm/checks?results=fail", page(&every, 4, "")),
        (&rules_of(0..50), page(&[bare("a"), bare("b"), bare("c")], 3, "")),
        (&rules_of(0..1), page(&[bare("a")], 2, next)),
        (next, page(&[bare("b")], 2, "")),
        (&rules_of(1..2), page(&[bare("c")], 1, "")),
        (&rules_of(50..100), page(&[], 0, "")),
        (&rules_of(100..120), page(&[bare("d")], 1, "")),
        (&rules_of(100..101), page(&[bare("d")], 1, "")),
    ])
    .await;
    let vendor = connect(&server);
    let gathered = gather(vendor.findings(), FindingQuery::default()).await;
    assert!(gathered.shortfall().is_none(), "{:?}", gathered.scopes);
    let mut found: Vec<_> =
        gathered.items.iter().map(|finding| (finding.vendor_id.as_str(), &*finding.rule.id)).collect();
    found.sort_unstable();
    assert_eq!(found, [("a", "rule-000"), ("b", "rule-000"), ("c", "rule-001"), ("d", "rule-100")]);
    assert_eq!(gathered.items[0].rule.title.as_deref(), Some("title 0"));
    assert_eq!(gathered.scopes.len(), 1);
    assert_eq!(gathered.scopes[0].expected, Some(4));
    // Each of the twelve answers was asked for once, and nothing else.
    let asked = asked(&server).await;
    assert_eq!(asked.len(), 12, "{asked:#?}");
}

/// P09: a check that no rule accounts for is read last, and nothing is lost or doubled.
#[tokio::test]
async fn p09_what_no_rule_accounts_for_is_kept() {
    let every = [bare("a"), bare("orphan")];
    let server = serve(&[
        ("/v1/setting/scans", SCANS.to_owned()),
        ("/v1/cspm/rules", page(&[rule(0)], 1, "")),
        ("/v1/cspm/checks?results=fail", page(&every, 2, "")),
        (&rules_of(0..1), page(&[bare("a")], 1, "")),
    ])
    .await;
    let vendor = connect(&server);
    let gathered = gather(vendor.findings(), FindingQuery::default()).await;
    assert!(gathered.shortfall().is_none(), "{:?}", gathered.scopes);
    let found: Vec<_> =
        gathered.items.iter().map(|finding| (finding.vendor_id.as_str(), &*finding.rule.id)).collect();
    assert_eq!(found, [("a", "rule-000"), ("orphan", "")]);
    let whole = "/v1/cspm/checks?results=fail";
    assert_eq!(asked(&server).await[3..], [whole, HEEDS_RULES, &rules_of(0..1), whole]);
}

/// The scope of an account proves the account, also on the way through the rules.
#[tokio::test]
async fn the_account_is_known_from_the_question() {
    let whole = format!("/v1/cspm/checks?results=fail&scans={SCAN}");
    let of_rule = format!("{whole}&rules=rule-000");
    let server = serve(&[
        ("/v1/setting/scans", SCANS.to_owned()),
        ("/v1/cspm/rules", page(&[rule(0)], 1, "")),
        (&whole, page(&[bare("a")], 1, "")),
        (&of_rule, page(&[bare("a")], 1, "")),
    ])
    .await;
    let vendor = connect(&server);
    let query = FindingQuery { accounts: vec![SCAN.to_owned()], ..FindingQuery::default() };
    let gathered = gather(vendor.findings(), query).await;
    assert!(gathered.shortfall().is_none(), "{:?}", gathered.scopes);
    assert_eq!(gathered.items[0].account.cloud_id.as_deref(), Some("123456789012"));
    assert_eq!(gathered.scopes[0].scope.get("account").map(String::as_str), Some(SCAN));
}

fn found(gathered: &Gathered<Finding>) -> Vec<(&str, &str)> {
    let mut found: Vec<_> =
        gathered.items.iter().map(|finding| (finding.vendor_id.as_str(), &*finding.rule.id)).collect();
    found.sort_unstable();
    found
}

const WHOLE: &str = "/v1/cspm/checks?results=fail";

/// A rule that cannot be read, or not to its end, is reported by itself, with what is missing of it; the others are read.
#[tokio::test]
async fn a_failing_rule_fails_alone() {
    let odd_link = r#"{"data":[CHECK],"links":{"next":7},"meta":{"total":2}}"#.replace("CHECK", &bare("b"));
    let lost_link = page(&[bare("b")], 2, "/v1/cspm/checks?page_cursor=lost");
    for (second, read) in [(String::new(), false), (odd_link, true), (lost_link, true)] {
        let every = [bare("a"), bare("b"), bare("b2"), bare("c")];
        let server = serve(&[
            ("/v1/setting/scans", SCANS.to_owned()),
            ("/v1/cspm/rules", page(&[rule(0), rule(1), rule(2)], 3, "")),
            (WHOLE, page(&every, 4, "")),
            (&rules_of(0..3), page(&every, 4, "")),
            (&rules_of(0..1), page(&[bare("a")], 1, "")),
            (&rules_of(1..2), second),
            (&rules_of(2..3), page(&[bare("c")], 1, "")),
        ])
        .await;
        let gathered = gather(connect(&server).findings(), FindingQuery::default()).await;
        let wanted = [("a", "rule-000"), ("b", "rule-001"), ("c", "rule-002")];
        assert_eq!(
            found(&gathered),
            wanted.into_iter().filter(|(id, _)| read || *id != "b").collect::<Vec<_>>()
        );
        let incomplete: Vec<_> = gathered.scopes.iter().filter(|scope| !scope.complete).collect();
        assert_eq!(incomplete.len(), if read { 1 } else { 2 }, "{incomplete:?}");
        assert_eq!(incomplete[0].scope["rule"], "rule-001");
        if let Some(remainder) = incomplete.get(1) {
            assert_eq!((remainder.scope["part"].as_str(), remainder.expected), ("remainder", Some(2)));
        }
    }
}

/// A block that cannot be asked for is read rule by rule.
#[tokio::test]
async fn a_failing_block_is_read_rule_by_rule() {
    let server = serve(&[
        ("/v1/setting/scans", SCANS.to_owned()),
        ("/v1/cspm/rules", page(&[rule(0), rule(1)], 2, "")),
        (WHOLE, page(&[bare("b")], 1, "")),
        (&rules_of(0..1), page(&[], 0, "")),
        (&rules_of(1..2), page(&[bare("b")], 1, "")),
    ])
    .await;
    let gathered = gather(connect(&server).findings(), FindingQuery::default()).await;
    assert!(gathered.shortfall().is_none(), "{:?}", gathered.scopes);
    assert_eq!(found(&gathered), [("b", "rule-001")]);
}

/// Where everything fails, the walk ends; it does not go on through all rules.
#[tokio::test]
async fn a_walk_ends_where_everything_fails() {
    let rules: Vec<_> = (0..40).map(rule).collect();
    let server = serve(&[
        ("/v1/setting/scans", SCANS.to_owned()),
        ("/v1/cspm/rules", page(&rules, 40, "")),
        (WHOLE, page(&[bare("a")], 1, "")),
    ])
    .await;
    let gathered = gather(connect(&server).findings(), FindingQuery::default()).await;
    assert!(gathered.items.is_empty() && gathered.shortfall().is_some());
    let asked = asked(&server).await;
    assert!(asked.len() <= 12, "{asked:#?}");
}

/// A vendor that ignores `rules` would have every check be of the first rule. Nobody's checks show it: the rules stay
/// unknown, and a query for one cannot be answered.
#[tokio::test]
async fn a_vendor_that_ignores_the_rule_misleads_nobody() {
    let body = page(&[bare("a"), bare("b")], 2, "");
    let server = serve(&[
        ("/v1/setting/scans", SCANS.to_owned()),
        ("/v1/cspm/rules", page(&[rule(0), rule(1)], 2, "")),
        (WHOLE, body.clone()),
        (&rules_of(0..1), body.clone()),
        (HEEDS_RULES, body),
    ])
    .await;
    let vendor = connect(&server);
    let gathered = gather(vendor.findings(), FindingQuery::default()).await;
    assert!(gathered.shortfall().is_none());
    assert_eq!(found(&gathered), [("a", ""), ("b", "")]);
    let query = FindingQuery { rules: vec!["rule-000".to_owned()], ..FindingQuery::default() };
    let gathered = gather(vendor.findings(), query).await;
    assert!(gathered.items.is_empty());
    assert_eq!(gathered.shortfall().unwrap().kind(), ErrorKind::Protocol);
}

/// Checks that lead to no account either are asked for by account and by rule.
#[tokio::test]
async fn by_account_and_by_rule() {
    let scans: Vec<_> =
        ["s", "t"].map(|id| format!(r#"{{"id":"{id}","attributes":{{"name":"twin"}}}}"#)).to_vec();
    let bare = |id: &str| bare(id).replace("prod-payments", "twin");
    let of = |scan: &str, rule: &str| format!("{WHOLE}&scans={scan}&rules=rule-00{rule}");
    let of_scan = |scan: &str| format!("{WHOLE}&scans={scan}");
    let server = serve(&[
        ("/v1/setting/scans", page(&scans, 2, "")),
        ("/v1/cspm/rules", page(&[rule(0), rule(1)], 2, "")),
        (WHOLE, page(&[bare("a"), bare("b")], 2, "")),
        (&of_scan("s"), page(&[bare("a")], 1, "")),
        (&of_scan("t"), page(&[bare("b")], 1, "")),
        (&of("s", "0,rule-001"), page(&[bare("a")], 1, "")),
        (&of("t", "0,rule-001"), page(&[bare("b")], 1, "")),
        (&of("s", "0"), page(&[bare("a")], 1, "")),
        (&of("t", "0"), page(&[], 0, "")),
        (&of("t", "1"), page(&[bare("b")], 1, "")),
    ])
    .await;
    let gathered = gather(connect(&server).findings(), FindingQuery::default()).await;
    assert!(gathered.shortfall().is_none(), "{:?}", gathered.scopes);
    assert_eq!(found(&gathered), [("a", "rule-000"), ("b", "rule-001")]);
    let account =
        |id: &str| gathered.items.iter().find(|one| one.vendor_id == id).unwrap().account.id.clone();
    assert_eq!((account("a").as_deref(), account("b").as_deref()), (Some("s"), Some("t")));
}
