//! Which account a check is of (sections 3.8, 4 and 6): by what it says itself, and by the question only if that proves it.

use std::collections::BTreeSet;

use cspm_core::{ErrorKind, Finding, FindingQuery, Gathered, Vendor, gather};

use super::{FAIL, HEEDS_SCANS, RULE, RULES, asked, check_of, config, connect, page, serve};
use crate::{ArrayStyle, Bitdefender, Config};

const WHOLE: &str = "/v1/cspm/checks?results=fail";

fn scan(id: &str, name: &str) -> String {
    format!(r#"{{"id":"{id}","attributes":{{"name":"{name}","target":"cloud-{id}"}}}}"#)
}

/// A check that says its rule, and its account if one is given, by relationship or by name.
fn of(id: &str, scan: &str, name: &str) -> String {
    let rule = format!(r#""rule":{{"data":{{"id":"{RULE}"}}}}"#);
    let scan =
        if scan.is_empty() { String::new() } else { format!(r#","scan":{{"data":{{"id":"{scan}"}}}}"#) };
    check_of(id, FAIL, &format!("{{{rule}{scan}}}")).replace("prod-payments", name)
}

fn scans(scan: &str) -> String {
    format!("{WHOLE}&scans={scan}")
}

fn accounts(ids: &[&str]) -> FindingQuery {
    FindingQuery { accounts: ids.iter().map(|id| (*id).to_owned()).collect(), ..FindingQuery::default() }
}

fn found(gathered: &Gathered<Finding>) -> Vec<(&str, &str)> {
    let id = |finding: &'_ Finding| finding.account.id.clone();
    let mut found: Vec<_> = gathered
        .items
        .iter()
        .map(|finding| (finding.vendor_id.as_str(), finding.account.id.as_deref().unwrap_or_default()))
        .collect();
    assert!(gathered.items.iter().all(|finding| id(finding).is_none() || finding.account.cloud_id.is_some()));
    found.sort_unstable();
    found
}

/// Two accounts of one name, and checks that say nothing but that name: the account is asked for, with and without
/// `--account`, and the finding is the same.
#[tokio::test]
async fn a_check_without_an_account_has_the_one_asked_for() {
    let server = serve(&[
        ("/v1/setting/scans", page(&[scan("a", "twin"), scan("b", "twin")], 2, "")),
        ("/v1/cspm/rules", RULES.to_owned()),
        (WHOLE, page(&[of("1", "", "twin"), of("2", "", "")], 2, "")),
        (&scans("a"), page(&[of("1", "", "twin")], 1, "")),
        (&scans("b"), page(&[of("2", "", "")], 1, "")),
    ])
    .await;
    let vendor = connect(&server);
    for query in [FindingQuery::default(), accounts(&["a", "b"])] {
        let gathered = gather(vendor.findings(), query).await;
        assert!(gathered.shortfall().is_none(), "{:?}", gathered.scopes);
        assert_eq!(found(&gathered), [("1", "a"), ("2", "b")]);
    }
    let gathered = gather(vendor.findings(), accounts(&["b"])).await;
    assert_eq!(found(&gathered), [("2", "b")]);
    let asked = asked(&server).await;
    assert_eq!(asked[3..5], [WHOLE, HEEDS_SCANS]);
    assert_eq!(BTreeSet::from_iter(&asked[5..7]), BTreeSet::from([&scans("a"), &scans("b")]));
}

/// A name that one account alone has leads to it, without another request.
#[tokio::test]
async fn a_name_of_one_account_leads_to_it() {
    let server = serve(&[
        ("/v1/setting/scans", page(&[scan("a", "one"), scan("b", "two")], 2, "")),
        ("/v1/cspm/rules", RULES.to_owned()),
        (WHOLE, page(&[of("1", "", "one"), of("2", "", "gone")], 2, "")),
    ])
    .await;
    let gathered = gather(connect(&server).findings(), FindingQuery::default()).await;
    assert!(gathered.shortfall().is_none());
    assert_eq!(found(&gathered), [("1", "a"), ("2", "")]);
    assert_eq!(asked(&server).await.len(), 4);
}

/// A vendor that ignores `scans` answers with everybody's checks in each scope: those that say their account are written
/// once, with the right one; of the others it is said that they cannot be understood.
#[tokio::test]
async fn a_vendor_that_ignores_the_account_misleads_nobody() {
    let all = [of("1", "a", ""), of("2", "b", ""), of("3", "", "one")];
    let bare = of("4", "", "");
    for (checks, complete) in [(all.to_vec(), true), ([all.to_vec(), vec![bare]].concat(), false)] {
        let body = page(&checks, checks.len(), "");
        let server = serve(&[
            ("/v1/setting/scans", page(&[scan("a", "one"), scan("b", "two")], 2, "")),
            ("/v1/cspm/rules", RULES.to_owned()),
            (&scans("a"), body.clone()),
            (&scans("b"), body.clone()),
            (HEEDS_SCANS, body),
        ])
        .await;
        let gathered = gather(connect(&server).findings(), accounts(&["a", "b"])).await;
        assert_eq!(found(&gathered), [("1", "a"), ("2", "b"), ("3", "a")]);
        assert_eq!(gathered.shortfall().is_none(), complete, "{:?}", gathered.scopes);
    }
}

/// The same where no check says anything: nobody's checks are not empty, so the filter is not heeded.
#[tokio::test]
async fn what_nothing_proves_is_not_claimed() {
    let body = page(&[of("1", "", ""), of("2", "", "")], 2, "");
    let server = serve(&[
        ("/v1/setting/scans", page(&[scan("a", "one"), scan("b", "two")], 2, "")),
        ("/v1/cspm/rules", RULES.to_owned()),
        (WHOLE, body.clone()),
        (&scans("a"), body.clone()),
        (HEEDS_SCANS, body),
    ])
    .await;
    let vendor = connect(&server);
    let gathered = gather(vendor.findings(), FindingQuery::default()).await;
    assert!(gathered.shortfall().is_none());
    assert_eq!(found(&gathered), [("1", ""), ("2", "")]);
    let gathered = gather(vendor.findings(), accounts(&["a"])).await;
    assert!(gathered.items.is_empty());
    assert_eq!(gathered.shortfall().unwrap().kind(), ErrorKind::Protocol);
}

/// 400 for a value that is nobody's shows that values are looked at.
#[tokio::test]
async fn a_refusal_of_nobody_is_heed() {
    let server = serve(&[
        ("/v1/setting/scans", page(&[scan("a", "one")], 1, "")),
        ("/v1/cspm/rules", RULES.to_owned()),
        (&scans("a"), page(&[of("1", "", "")], 1, "")),
        (HEEDS_SCANS, String::new()),
    ])
    .await;
    let gathered = gather(connect(&server).findings(), accounts(&["a"])).await;
    assert_eq!(found(&gathered), [("1", "a")]);
}

/// Section 3.8: an id with a comma is two ids in a list. It is not sent; the whole listing is read and its own checks are
/// kept. With repeated parameters it can be sent.
#[tokio::test]
async fn an_id_with_a_comma_is_not_split() {
    let own = r"a%2Cb";
    let server = serve(&[
        ("/v1/setting/scans", page(&[scan("a,b", "one"), scan("b", "two")], 2, "")),
        ("/v1/cspm/rules", RULES.to_owned()),
        (WHOLE, page(&[of("1", "a,b", ""), of("2", "b", "")], 2, "")),
        (&scans(own), page(&[of("1", "a,b", "")], 1, "")),
    ])
    .await;
    for (array_style, target) in [(ArrayStyle::Comma, WHOLE.to_owned()), (ArrayStyle::Repeat, scans(own))] {
        let vendor = Bitdefender::connect(Config { array_style, ..config(&server) }).unwrap();
        let gathered = gather(vendor.findings(), accounts(&["a,b"])).await;
        assert!(gathered.shortfall().is_none(), "{:?}", gathered.scopes);
        assert_eq!(found(&gathered), [("1", "a,b")]);
        assert_eq!(asked(&server).await.last(), Some(&target));
    }
}

/// What is in no account's listing is reported with its number.
#[tokio::test]
async fn the_remainder_of_a_division_by_account_is_reported() {
    let server = serve(&[
        ("/v1/setting/scans", page(&[scan("a", "one")], 1, "")),
        ("/v1/cspm/rules", RULES.to_owned()),
        (WHOLE, page(&[of("1", "", ""), of("2", "", "")], 2, "")),
        (&scans("a"), page(&[of("1", "", "")], 1, "")),
    ])
    .await;
    let gathered = gather(connect(&server).findings(), FindingQuery::default()).await;
    assert_eq!(found(&gathered), [("1", "a")]);
    let remainder = gathered.scopes.iter().find(|scope| scope.scope.contains_key("part")).unwrap();
    assert_eq!((remainder.expected, remainder.complete), (Some(1), false));
}
