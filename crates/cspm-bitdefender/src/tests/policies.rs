//! Standards as policies (section 9): what is asked for, what is read, and what is refused.

use cspm_core::{
    Application, ApplyMode, ErrorKind, Policy, PolicyKind, PolicyQuery, PolicyStore, PushMode, RuleSetting,
    Vendor, gather, plan_policy,
};

use super::{COMPLIANCE, RULE, asked, connect, page, serve};
use crate::Bitdefender;

const OTHER: &str = "11111111-0000-0000-0000-000000000002";
const THIRD: &str = "11111111-0000-0000-0000-000000000003";

/// One rule in two controls, one in one, and one that the relationships alone name.
fn gdpr() -> String {
    format!(
        r#"{{"id":"GDPR","type":"system_compliance","attributes":{{"title":"General Data Protection Regulation","controls":[
           {{"id":"A.5.12","description":"d","section_id":"A.5","section_title":"Access","weight":1.50,
             "rules":[{{"id":"{RULE}","name":"s3_public_read","version":3}},{{"id":"{OTHER}"}}]}},
           {{"id":"A.6","section_id":null,"rules":[{{"id":"{RULE}"}}]}},
           {{"id":"A.7","rules":null}}]}},
          "relationships":{{"rules":{{"data":[{{"id":"{RULE}","type":"rule"}},{{"id":"{THIRD}","type":"rule"}}]}}}}}}"#
    )
}

fn store(vendor: &Bitdefender) -> &dyn PolicyStore {
    vendor.policies().unwrap()
}

fn controls(setting: &RuleSetting) -> Option<&str> {
    setting.extra.get("controls").map(cspm_core::Verbatim::as_json)
}

#[tokio::test]
async fn standards_are_listed_page_by_page() {
    let next = "/v1/cspm/system_compliance?page_cursor=2";
    let bare = r#"{"id":"CIS 1.2/x","attributes":{"title":null}}"#;
    let server = serve(&[
        (COMPLIANCE, page(&[gdpr()], 3, next)),
        (next, page(&[bare.to_owned(), r#"{"attributes":{}}"#.to_owned()], 3, "")),
    ])
    .await;
    let vendor = connect(&server);
    let gathered = gather(store(&vendor).listing(), PolicyQuery).await;
    let seen: Vec<_> =
        gathered.items.iter().map(|one| (one.id.as_str(), one.name.as_deref(), one.rules)).collect();
    assert_eq!(
        seen,
        [("GDPR", Some("General Data Protection Regulation"), Some(3)), ("CIS 1.2/x", None, None)]
    );
    assert!(gathered.items.iter().all(|one| one.kind == PolicyKind::BuiltIn));
    assert_eq!(gathered.rejected, 1, "a standard without an id");
    assert_eq!(asked(&server).await, [COMPLIANCE, next]);
}

#[tokio::test]
async fn a_standard_is_its_rules_with_their_controls() {
    let gdpr = gdpr();
    for body in [format!(r#"{{"data":[{gdpr}]}}"#), format!(r#"{{"data":{gdpr}}}"#)] {
        let server = serve(&[("/v1/cspm/system_compliance/GDPR", body)]).await;
        let vendor = connect(&server);
        let read = store(&vendor).get("GDPR").await.unwrap();
        assert_eq!(read.notices, []);
        let policy = read.value;
        assert_eq!(policy.id.as_deref(), Some("GDPR"));
        assert_eq!(policy.name, "General Data Protection Regulation");
        let rules: Vec<_> = policy.rules.keys().map(String::as_str).collect();
        assert_eq!(rules, [OTHER, THIRD, RULE]);
        let first =
            r#"{"description":"d","id":"A.5.12","section_id":"A.5","section_title":"Access","weight":1.50}"#;
        let second = r#"{"id":"A.6","section_id":null}"#;
        assert_eq!(controls(&policy.rules[RULE]), Some(format!("[{first},{second}]").as_str()));
        assert_eq!(controls(&policy.rules[OTHER]), Some(format!("[{first}]").as_str()));
        assert_eq!(controls(&policy.rules[THIRD]), None);
        assert_eq!(asked(&server).await, ["/v1/cspm/system_compliance/GDPR"]);
    }
}

/// The id is one segment, whatever is in it; a standard without a title is called by its id.
#[tokio::test]
async fn an_id_is_one_segment() {
    let target = "/v1/cspm/system_compliance/CIS%201.2%2Fx";
    let server = serve(&[(target, r#"{"data":[{"id":"CIS 1.2/x"}]}"#.to_owned())]).await;
    let policy = store(&connect(&server)).get("CIS 1.2/x").await.unwrap().value;
    assert_eq!((policy.name.as_str(), policy.rules.len()), ("CIS 1.2/x", 0));
    assert_eq!(asked(&server).await, [target]);
}

#[tokio::test]
async fn a_rule_without_an_id_is_told() {
    let body = r#"{"data":[{"id":"X","attributes":{"controls":[{"id":"1","rules":[{"name":"n"}]}]}}]}"#;
    let server = serve(&[("/v1/cspm/system_compliance/X", body.to_owned())]).await;
    let read = store(&connect(&server)).get("X").await.unwrap();
    assert!(read.value.rules.is_empty());
    assert_eq!(read.notices.len(), 1);
}

#[tokio::test]
async fn what_is_not_there_and_what_is_something_else() {
    for (body, kind) in [
        (String::new(), ErrorKind::NotFound),
        (r#"{"data":[]}"#.to_owned(), ErrorKind::NotFound),
        (r#"{"data":null}"#.to_owned(), ErrorKind::NotFound),
        (format!(r#"{{"data":[{}]}}"#, gdpr()), ErrorKind::Protocol),
        ("{}".to_owned(), ErrorKind::Protocol),
        ("[]".to_owned(), ErrorKind::Protocol),
        (
            r#"{"data":[{"id":"X","attributes":{"controls":[{"rules":[1]}]}}]}"#.to_owned(),
            ErrorKind::Protocol,
        ),
    ] {
        let server = serve(&[("/v1/cspm/system_compliance/X", body.clone())]).await;
        let error = store(&connect(&server)).get("X").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{body}: {error}");
        assert_eq!(error.operation(), Some("read standard"), "{body}");
        let path = "/v1/cspm/system_compliance/X was asked for";
        assert_eq!(error.message().contains(path), body.is_empty(), "{error}");
    }
}

#[tokio::test]
async fn every_write_is_refused_with_what_is_offered_and_nothing_is_sent() {
    let server = serve(&[]).await;
    let vendor = connect(&server);
    let store = store(&vendor);
    let policy = Policy { id: Some("GDPR".to_owned()), ..Policy::default() };
    let application = Application {
        policy: "GDPR".to_owned(),
        accounts: vec!["a".to_owned()],
        mode: ApplyMode::FillGaps,
        keep_exceptions: false,
        note: None,
    };
    let errors = [
        store.prepare(&policy).await.unwrap_err(),
        store.create(&policy).await.unwrap_err(),
        store.replace(&policy).await.unwrap_err(),
        store.merge(&policy, &policy).await.unwrap_err(),
        store.delete("GDPR").await.unwrap_err(),
        store.apply(&application).await.unwrap_err(),
        plan_policy(&vendor, &policy, PushMode::Merge).await.unwrap_err(),
        plan_policy(&vendor, &Policy::default(), PushMode::Merge).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(error.message().contains("it offers policies.list, policies.show"), "{error}");
    }
    assert!(asked(&server).await.is_empty());
}
