use cspm_core::http::HeaderName;
use cspm_core::secrecy::SecretString;
use cspm_core::{AccountQuery, ErrorKind, Owner, Vendor, gather};
use cspm_http::BaseUrl;
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{SCANS, config, connect, serve};
use crate::{AuthScheme, Bitdefender, Config, REGIONS};

async fn header_sent(scheme: AuthScheme, name: &str) -> String {
    let server = serve(&[("/v1/setting/scans", SCANS.to_owned())]).await;
    let vendor = Bitdefender::connect(Config { auth_scheme: scheme, ..config(&server) }).unwrap();
    assert_eq!(gather(vendor.accounts(), AccountQuery::default()).await.items.len(), 1);
    let requests = server.received_requests().await.unwrap();
    requests[0].headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// Section 2.3: the raw key in `x-api-key`, not decoded and without a prefix; other schemes by configuration.
#[tokio::test]
async fn the_key_is_sent_as_configured() {
    assert_eq!(header_sent(AuthScheme::default(), "x-api-key").await, "k%ey@1");
    assert_eq!(header_sent(AuthScheme::Bearer, "authorization").await, "Bearer k%ey@1");
    assert_eq!(header_sent(AuthScheme::BasicUser, "authorization").await, "Basic ayVleUAxOg==");
    let own = AuthScheme::Header { name: HeaderName::from_static("x-api-token"), prefix: "Key ".to_owned() };
    assert_eq!(header_sent(own, "x-api-token").await, "Key k%ey@1");
}

async fn refused(status: u16, swap: bool) -> cspm_core::Error {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(status).set_body_string(r#"{"message":"Forbidden"}"#);
    Mock::given(any()).respond_with(answer).expect(1).mount(&server).await;
    let vendor = Bitdefender::connect(Config { swap_401_403: swap, ..config(&server) }).unwrap();
    gather(vendor.accounts(), AccountQuery::default()).await.shortfall().unwrap().clone()
}

/// A04, section 3.5: the reverse of common practice, one request, the numeric status kept.
#[tokio::test]
async fn a04_401_is_permission_and_403_authentication_unless_swapped() {
    for (status, swap, kind) in [
        (401, false, ErrorKind::Permission),
        (403, false, ErrorKind::Authentication),
        (401, true, ErrorKind::Authentication),
        (403, true, ErrorKind::Permission),
    ] {
        let error = refused(status, swap).await;
        assert_eq!((error.kind(), error.status(), error.owner()), (kind, Some(status), Owner::Customer));
        let hint = if kind == ErrorKind::Authentication { "Control Center" } else { "Integrations" };
        assert!(error.message().contains(hint), "{error}");
    }
}

/// Section 2.1: three regions, any other base, with or without the slash, always below `/v1`.
#[test]
fn regions_and_bases() {
    for (letter, url) in REGIONS {
        assert_eq!(BaseUrl::of_region(REGIONS, letter).unwrap().as_str(), *url);
    }
    let error = BaseUrl::of_region(REGIONS, "x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("e, u, a"));

    let key = || SecretString::from("key");
    for (base, works) in [
        ("https://api.e.cs.gravityzone.bitdefender.com/v1/", true),
        ("https://api.e.cs.gravityzone.bitdefender.com/v1", true),
        ("https://api.e.cs.gravityzone.bitdefender.com", false),
    ] {
        let config = Config::new("gravity", BaseUrl::parse(base).unwrap(), key());
        assert_eq!(Bitdefender::connect(config).is_ok(), works, "{base}");
    }
    let base = BaseUrl::of_region(REGIONS, "e").unwrap();
    let config = Config { page_limit: Some(1001), ..Config::new("gravity", base.clone(), key()) };
    assert_eq!(Bitdefender::connect(config).unwrap_err().kind(), ErrorKind::Config);
    let config = Config::new("gravity", base, SecretString::from("two\nlines"));
    assert_eq!(Bitdefender::connect(config).unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn doctor_names_what_is_wrong() {
    let rows = |rows: Vec<cspm_core::Diagnosis>| -> Vec<(&'static str, bool)> {
        rows.into_iter().map(|row| (row.check, row.ok)).collect()
    };
    let few = "/v1/cspm/checks?results=fail&statuses=false_positive";
    let server = serve(&[("/v1/setting/scans", SCANS.to_owned()), (few, SCANS.to_owned())]).await;
    let found = connect(&server).diagnose().await;
    let wanted = [
        ("address", true),
        ("credential", true),
        ("list scans", true),
        ("list rules", false),
        ("list standards", true),
        ("list checks", true),
    ];
    let found: Vec<_> = rows(found).into_iter().filter(|(check, _)| *check != "clock").collect();
    assert_eq!(found, wanted);

    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(403)).expect(1).mount(&server).await;
    let found = rows(connect(&server).diagnose().await);
    assert_eq!(found[..2], [("address", true), ("credential", false)]);
    assert!(!found.iter().any(|(check, _)| *check == "list rules"));

    let server = serve(&[]).await;
    assert_eq!(rows(connect(&server).diagnose().await), [("address", false)]);
}

/// What doctor advises fits what the status means here, and names who has to act (sections 2.2, 3.5 and 3.7).
#[tokio::test]
async fn doctor_advises_by_status() {
    let examined = |status: u16| async move {
        let server = MockServer::start().await;
        Mock::given(path("/v1/setting/scans"))
            .respond_with(ResponseTemplate::new(200).set_body_string(SCANS))
            .mount(&server)
            .await;
        let answer = ResponseTemplate::new(status).insert_header("retry-after", "400");
        Mock::given(any()).respond_with(answer).with_priority(9).mount(&server).await;
        let mut rows = connect(&server).diagnose().await;
        rows.retain(|row| row.check == "list rules");
        rows.remove(0)
    };
    for (status, advice) in [(401, "may not use this API"), (403, "firewall"), (429, "requests_per_second")] {
        let row = examined(status).await;
        assert_eq!((row.ok, row.owner), (false, Some(Owner::Customer)), "{status}");
        assert!(row.remedy.as_deref().is_some_and(|remedy| remedy.contains(advice)), "{status}: {row:?}");
    }
    // Who says "too many" is at the right address, and has not looked at the key.
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(429).insert_header("retry-after", "400");
    Mock::given(any()).respond_with(answer).expect(1).mount(&server).await;
    let rows = connect(&server).diagnose().await;
    let found: Vec<_> =
        rows.iter().map(|row| (row.check, row.ok)).filter(|(check, _)| *check != "clock").collect();
    assert_eq!(found, [("address", true), ("list scans", false)]);
}
