//! Accounts, rules, and the address.

use cspm_core::{Account, AccountQuery, Rule, RuleQuery, Severity};
use serde_json::json;

use super::*;

async fn accounts(installation: &Arc<Installation>) -> Gathered<Account> {
    gather(connect(installation).accounts(), AccountQuery::default()).await
}

#[tokio::test]
async fn accounts_are_clouds() {
    let installation = with_catalogues(|_| (500, String::new()));
    let read = accounts(&installation).await;
    assert_eq!(installation.lines(), [CLOUDS]);
    assert!(read.shortfall().is_none());
    let [prod, gov] = &read.items[..] else { panic!("{}", read.items.len()) };
    assert_eq!(prod.identity.id.as_deref(), Some("divvyorganizationservice:3"));
    assert_eq!(prod.identity.cloud_id.as_deref(), Some("111122223333"));
    assert_eq!(
        (prod.identity.name.as_deref(), prod.identity.provider.as_deref()),
        (Some("prod"), Some("aws"))
    );
    assert_eq!((prod.enabled, gov.enabled), (Some(true), Some(false)));
    assert_eq!(prod.last_checked.unwrap().to_string(), "2023-07-05T15:59:51Z");
    assert_eq!((gov.identity.provider.as_deref(), gov.last_checked), (Some("aws"), None));
}

#[tokio::test]
async fn one_bad_cloud_is_rejected_alone_and_a_short_list_is_not_complete() {
    let bad = json!({"clouds": [{"name": "x"}, {"id": "12", "cloud_type_id": "GCE"}, 7], "total_count": "3"});
    let installation = Installation::new(move |_| (200, bad.to_string()));
    let read = accounts(&installation).await;
    assert_eq!(read.items.len(), 1);
    assert_eq!(read.items[0].identity.id.as_deref(), Some("divvyorganizationservice:12"));
    assert_eq!(read.items[0].identity.provider.as_deref(), Some("gcp"));
    assert!(read.shortfall().unwrap().to_string().contains("2 records could not be understood"));

    let installation =
        Installation::new(|_| (200, clouds().replace(r#""total_count":2"#, r#""total_count":3"#)));
    assert!(accounts(&installation).await.shortfall().unwrap().to_string().contains("announced 3"));
}

#[tokio::test]
async fn rules_are_insights_of_both_sources() {
    let installation = with_catalogues(|_| (500, String::new()));
    let read = gather::<Rule>(connect(&installation).rules(), RuleQuery).await;
    assert!(read.shortfall().is_none());
    assert_eq!(installation.lines(), [PACKS, INSIGHTS]);
    let rules: Vec<&str> = read.items.iter().map(|rule| &*rule.id).collect();
    assert_eq!(rules, ["backoffice:5", "custom:5", "backoffice:9"]);
    let rule = &read.items[0];
    assert_eq!((rule.severity, rule.vendor_severity.as_deref()), (Severity::High, Some("4")));
    assert_eq!(rule.standards[0].id.as_ref(), "backoffice:36");
    assert_eq!(rule.resource_types[0].as_ref(), "storagecontainer");
    assert_eq!(read.items[1].standards.len(), 0, "the pack names the shipped one");
    assert_eq!(rule.provider, None);
    assert_eq!(read.items[1].provider, None, "two clouds");
    assert_eq!(read.items[2].provider.as_deref(), Some("azure"));
}

#[tokio::test]
async fn a_version_at_the_end_of_the_address_is_taken_off_with_a_word() {
    for (address, remarks) in [
        ("https://acme.example/ics/v2/", 1),
        ("https://acme.example/ics/v3", 1),
        ("https://acme.example/ics", 0),
    ] {
        let installation = Installation::new(|asked| {
            assert_eq!(asked.what, "GET /ics/v2/public/clouds/list");
            (200, clouds())
        });
        let config = Config { base_url: BaseUrl::parse(address).unwrap(), ..config(key()) };
        let vendor = InsightCloudSec::connect_through(config, installation.clone()).unwrap();
        let source: &dyn cspm_core::Source<Account> = &vendor;
        assert_eq!(source.plan(&AccountQuery::default()).await.unwrap().notices.len(), remarks, "{address}");
        assert_eq!(gather(source, AccountQuery::default()).await.items.len(), 2);
    }
}

#[tokio::test]
async fn the_same_over_a_real_connection() {
    use wiremock::matchers::{body_json, header, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};
    let server = MockServer::start().await;
    let get = |at: &str, body: String| {
        Mock::given(method("GET"))
            .and(path(at))
            .and(header("Api-Key", "key-one_2"))
            .respond_with(ResponseTemplate::new(200).set_body_raw(body, "application/json"))
            .expect(1)
    };
    get("/v2/public/clouds/list", clouds()).mount(&server).await;
    get("/v2/public/insights/list", insights()).mount(&server).await;
    get("/v2/public/insights/packs/list", packs()).mount(&server).await;
    Mock::given(method("POST"))
        .and(path("/v3/public/resource/query"))
        .and(body_json(json!({"selected_resource_type": "storagecontainer", "insight": "custom:5",
            "insight_exemptions": false, "scopes": [], "filters": [], "limit": 1000})))
        .respond_with(
            ResponseTemplate::new(200).set_body_string(page(&[bucket("storagecontainer:3:us-east-1:a:")], 1)),
        )
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/v2/public/exemptions/list"))
        .and(body_json(json!({})))
        .respond_with(ResponseTemplate::new(200).set_body_string(r#"{"data":[],"total_count":0}"#))
        .expect(1)
        .mount(&server)
        .await;
    let vendor = InsightCloudSec::connect(Config {
        base_url: BaseUrl::parse(&server.uri()).unwrap(),
        ..config(key())
    });
    let vendor: SharedVendor = Arc::new(vendor.unwrap());
    let query = FindingQuery { rules: vec!["custom:5".to_owned()], ..FindingQuery::default() };
    let read = findings(&vendor, query).await;
    assert_eq!(ids(&read.items), ["custom:5/storagecontainer:3:us-east-1:a:"]);
    assert!(read.shortfall().is_none(), "{:?}", read.shortfall());
    assert_eq!(vendor.meter().read().requests, 5);
}

#[tokio::test]
async fn no_clouds_at_all_are_an_empty_list_if_the_count_says_so() {
    for (body, is_well) in [(r#"{"clouds":null,"total_count":0}"#, true), (r#"{"clouds":null}"#, false)] {
        let installation = Installation::new(move |_| (200, body.to_owned()));
        let read = accounts(&installation).await;
        assert_eq!(read.shortfall().is_none(), is_well, "{body}");
    }
}
