//! Which rules belong to which standard (sections 8 and 9): told by either side, or by both.

use cspm_core::{Finding, FindingQuery, Gathered, RuleQuery, StandardRef, Vendor, gather};

use super::{COMPLIANCE, FAIL, RULE, RULES, SCANS, asked, check, connect, page, serve};

const WHOLE: &str = "/v1/cspm/checks?results=fail";
const IN_CIS: &str = "/v1/cspm/checks?results=fail&system_compliance=CIS";

/// The sample rule without its controls.
fn bare_rules() -> String {
    page(&[format!(r#"{{"id":"{RULE}","attributes":{{"name":"s3_public_read","title":"t"}}}}"#)], 1, "")
}

fn standard(id: &str, controls: &str, rules: &str) -> String {
    let attributes = format!(r#"{{"title":"Title of {id}","controls":{controls}}}"#);
    format!(r#"{{"id":"{id}","attributes":{attributes},"relationships":{{"rules":{{"data":{rules}}}}}}}"#)
}

fn control(id: &str) -> String {
    format!(
        r#"[{{"id":"{id}","section_id":"A","rules":[{{"id":"{RULE}","name":"s3_public_read","version":3}}]}}]"#
    )
}

async fn ask(rules: String, standards: &[String], query: FindingQuery) -> (Gathered<Finding>, Vec<String>) {
    let server = serve(&[
        ("/v1/setting/scans", SCANS.to_owned()),
        ("/v1/cspm/rules", rules),
        (COMPLIANCE, page(standards, standards.len(), "")),
        (WHOLE, page(&[check("c-1", FAIL)], 1, "")),
        (IN_CIS, page(&[check("c-1", FAIL)], 1, "")),
    ])
    .await;
    let gathered = gather(connect(&server).findings(), query).await;
    (gathered, asked(&server).await)
}

fn shown(standards: &[StandardRef]) -> Vec<(&str, Option<&str>)> {
    standards.iter().map(|standard| (&*standard.id, standard.control.as_deref())).collect()
}

fn named(standard: &str) -> FindingQuery {
    FindingQuery { standards: vec![standard.to_owned()], ..FindingQuery::default() }
}

/// A server whose rules say nothing of their controls: the standard's own listing leads to the rule.
#[tokio::test]
async fn a_standard_that_alone_lists_its_rules() {
    let related = format!(r#"[{{"id":"{RULE}","type":"rule","meta":{{"name":"s3_public_read"}}}}]"#);
    for (controls, rules, wanted) in [
        (control("1.2"), "[]".to_owned(), Some("1.2")),
        ("[]".to_owned(), related.clone(), None),
        (control("1.2"), related, Some("1.2")),
    ] {
        let standards = [standard("CIS", &controls, &rules)];
        for query in [named("cis"), named("TITLE of cis")] {
            let (gathered, asked) = ask(bare_rules(), &standards, query).await;
            assert!(gathered.shortfall().is_none());
            assert_eq!(shown(&gathered.items[0].standards), [("CIS", wanted)]);
            assert_eq!(asked.last().unwrap(), IN_CIS);
        }
        let (gathered, asked) = ask(bare_rules(), &standards, FindingQuery::default()).await;
        assert_eq!(shown(&gathered.items[0].standards), [("CIS", wanted)], "the same whatever is asked for");
        assert_eq!(asked.last().unwrap(), WHOLE);
    }
}

/// What both say is there once, spelled as the listing spells it.
#[tokio::test]
async fn both_sides_are_merged() {
    let standards = [standard("gdpr", &control("A.5.12"), "[]"), standard("CIS", &control("1.2"), "[]")];
    let (gathered, _) = ask(RULES.to_owned(), &standards, FindingQuery::default()).await;
    assert_eq!(shown(&gathered.items[0].standards), [("gdpr", Some("A.5.12")), ("CIS", Some("1.2"))]);
    assert_eq!(gathered.items[0].standards[1].name.as_deref(), Some("Title of CIS"));
}

/// The listing of rules says the same.
#[tokio::test]
async fn the_listing_of_rules_is_joined_too() {
    let server = serve(&[
        ("/v1/cspm/rules", bare_rules()),
        (COMPLIANCE, page(&[standard("CIS", &control("1.2"), "[]")], 1, "")),
    ])
    .await;
    let gathered = gather(connect(&server).rules(), RuleQuery).await;
    assert!(gathered.shortfall().is_none());
    assert_eq!(shown(&gathered.items[0].standards), [("CIS", Some("1.2"))]);
    assert_eq!(asked(&server).await, [COMPLIANCE, "/v1/cspm/rules"]);
}

/// Standards are part of every finding and of every rule: without them no run is complete, whatever was asked.
#[tokio::test]
async fn without_standards_the_run_says_so() {
    let server = serve(&[
        ("/v1/setting/scans", SCANS.to_owned()),
        ("/v1/cspm/rules", bare_rules()),
        (COMPLIANCE, String::new()),
        (WHOLE, page(&[check("c-1", FAIL)], 1, "")),
    ])
    .await;
    let vendor = connect(&server);
    for query in [FindingQuery::default(), named("cis")] {
        let gathered = gather(vendor.findings(), query).await;
        let gaps: Vec<_> = gathered.scopes.iter().filter_map(|scope| scope.scope.get("catalogue")).collect();
        assert_eq!(gaps, ["standards"]);
    }
    assert_eq!(gather(vendor.rules(), RuleQuery).await.scopes[0].scope["catalogue"], "standards");
}

/// A standard that is listed is known, also without rules; another one is remarked on.
#[tokio::test]
async fn a_standard_that_nobody_knows() {
    use cspm_core::Source;
    let server = serve(&[
        ("/v1/setting/scans", SCANS.to_owned()),
        ("/v1/cspm/rules", RULES.to_owned()),
        (COMPLIANCE, page(&[standard("CIS", "[]", "[]")], 1, "")),
    ])
    .await;
    let vendor = connect(&server);
    let source: &dyn Source<Finding> = &vendor;
    for (name, notices) in [("cis", 0), ("gdpr", 0), ("NIST", 1)] {
        assert_eq!(source.plan(&named(name)).await.unwrap().notices.len(), notices, "{name}");
    }
}

/// A catalogue in which the vendor lists a record twice lacks nothing. Of two versions of a rule, the newer counts.
#[tokio::test]
async fn repeats_in_catalogues_are_no_gap() {
    let rule = |version: u8| {
        format!(
            r#"{{"id":"{RULE}","attributes":{{"name":"n","version":{version},"title":"version {version}"}}}}"#
        )
    };
    let scan = format!(r#"{{"id":"{}","attributes":{{"name":"prod-payments"}}}}"#, super::SCAN);
    let standard = standard("CIS", &control("1.2"), "[]");
    let next = "/v1/cspm/rules?page_cursor=2";
    let server = serve(&[
        ("/v1/setting/scans", page(&[scan.clone(), scan], 2, "")),
        ("/v1/cspm/rules", page(&[rule(1), rule(2), rule(2)], 4, next)),
        (next, page(&[rule(1)], 4, "")),
        (COMPLIANCE, page(&[standard.clone(), standard], 2, "")),
        (WHOLE, page(&[check("c-1", FAIL)], 1, "")),
    ])
    .await;
    let gathered = gather(connect(&server).findings(), FindingQuery::default()).await;
    assert!(gathered.shortfall().is_none(), "{:?}", gathered.shortfall());
    assert_eq!(&*gathered.items[0].title, "version 2");
    assert_eq!(gathered.items[0].account.name.as_deref(), Some("prod-payments"));
}

/// A catalogue that is shorter than announced is a gap all the same.
#[tokio::test]
async fn a_short_catalogue_is_a_gap() {
    let server = serve(&[
        ("/v1/setting/scans", SCANS.to_owned()),
        ("/v1/cspm/rules", RULES.replace(r#""total":1"#, r#""total":2"#)),
        (WHOLE, page(&[check("c-1", FAIL)], 1, "")),
    ])
    .await;
    let gathered = gather(connect(&server).findings(), FindingQuery::default()).await;
    assert_eq!(gathered.scopes[0].scope["catalogue"], "rules");
}

/// A record of a catalogue that cannot be understood is a gap, and is named.
#[tokio::test]
async fn a_bad_record_of_a_catalogue_is_named() {
    use cspm_core::Source;
    let server = serve(&[
        ("/v1/setting/scans", SCANS.to_owned()),
        ("/v1/cspm/rules", RULES.to_owned()),
        (COMPLIANCE, page(&[r#"{"id":"odd","attributes":7}"#.to_owned()], 1, "")),
    ])
    .await;
    let vendor = connect(&server);
    let source: &dyn Source<Finding> = &vendor;
    let plan = source.plan(&FindingQuery::default()).await.unwrap();
    assert_eq!(plan.failed[0].0.labels["catalogue"], "standards");
    assert!(plan.notices.iter().any(|notice| notice.0.contains("odd")), "{:?}", plan.notices);
}
