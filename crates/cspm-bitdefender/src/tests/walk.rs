//! Checks without a relationship to their rule (section 6.2).

use cspm_core::{FindingQuery, Vendor, gather};

use super::{FAIL, SCAN, SCANS, asked, check_of, connect, page, serve};

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
    // Each of the ten answers was asked for once, and nothing else.
    let asked = asked(&server).await;
    assert_eq!(asked.len(), 10, "{asked:#?}");
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
    assert_eq!(found, [("a", "rule-000"), ("orphan", "unknown")]);
    let whole = "/v1/cspm/checks?results=fail";
    assert_eq!(asked(&server).await[2..], [whole, &rules_of(0..1), whole]);
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
