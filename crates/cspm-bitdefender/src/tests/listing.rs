//! Paging and envelopes, the same for all collections.

use cspm_core::{Account, AccountQuery, Cursor, ErrorKind, RuleQuery, Scope, Source, Then, Vendor, gather};
use cspm_http::BaseUrl;

use super::{RULE, RULES, SCANS, asked, config, connect, links, page, serve};
use crate::decode::decode_accounts;
use crate::{Bitdefender, Config, Links, NextLink};

fn scan(id: &str) -> String {
    format!(r#"{{"id":"{id}","attributes":{{"name":"n","target":"t"}}}}"#)
}

fn then(page: &str, links: &Links) -> cspm_core::Result<Then> {
    decode_accounts(page, &cspm_core::Origin::new("gravity", "bitdefender"), links).map(|step| step.then)
}

/// P17, section 3.4 rules 1 and 8: the link byte for byte, and `page_limit` on the first request only, if configured.
#[tokio::test]
async fn p17_next_links_are_asked_for_as_they_are() {
    let next = "/v1/setting/scans?page_cursor=b3Bh%2Bw%3D%3D&x=a+b";
    let server = serve(&[
        ("/v1/setting/scans?page_limit=2", page(&[scan("a"), scan("b")], 3, next)),
        (next, page(&[scan("c")], 3, "")),
    ])
    .await;
    let vendor = Bitdefender::connect(Config { page_limit: Some(2), ..config(&server) }).unwrap();
    let gathered = gather(vendor.accounts(), AccountQuery::default()).await;
    assert_eq!(gathered.items.len(), 3);
    assert_eq!(gathered.scopes[0].expected, Some(3));
    assert!(gathered.scopes[0].complete);
    assert_eq!(asked(&server).await, ["/v1/setting/scans?page_limit=2", next]);
}

/// P18, section 3.4 rules 2 and 4: absent, null and empty end a listing; an object with `href` is followed; an empty page
/// does not end it. What is no link, and not nothing either, ends it with an error; the page's records stand.
#[test]
fn p18_forms_of_next() {
    let of = |links_member: &str| {
        let record = scan("a");
        then(
            &format!(r#"{{"data":[{record}],"links":{links_member},"meta":{{"total":1,"elapsed":0}}}}"#),
            &links(),
        )
    };
    for end in [
        "{}",
        "null",
        "[]",
        r#"{"self":"x"}"#,
        r#"{"next":null}"#,
        r#"{"next":""}"#,
        r#"{"next":" "}"#,
        r#"{"next":false}"#,
        r#"{"next":{}}"#,
        r#"{"next":[]}"#,
        r#"{"next":{"href":null}}"#,
        r#"{"next":{"href":"","meta":{}}}"#,
    ] {
        assert_eq!(of(end).unwrap(), Then::Done, "{end}");
    }
    let wanted = Then::Next(Cursor::Token("/v1/setting/scans?page_cursor=x".to_owned()));
    let host = "https://API.e.cs.gravityzone.bitdefender.com:443";
    for link in [
        r#""/v1/setting/scans?page_cursor=x""#,
        r#""/setting/scans?page_cursor=x""#,
        r#""setting/scans?page_cursor=x""#,
        r#""?page_cursor=x""#,
        r#"{"href":"/v1/setting/scans?page_cursor=x","meta":{}}"#,
        &format!(r#""{host}/v1/setting/scans?page_cursor=x""#),
    ] {
        assert_eq!(of(&format!(r#"{{"next":{link}}}"#)).unwrap(), wanted, "{link}");
    }
    for odd in [
        r#"{"next":7}"#,
        r#"{"next":true}"#,
        r#"{"next":["/v1/x"]}"#,
        r#"{"next":{"url":"/v1/x"}}"#,
        r#"{"next":{"href":7}}"#,
        r#""/v1/setting/scans?page_cursor=x""#,
        "[1]",
    ] {
        let stopped = of(odd).unwrap();
        assert!(
            matches!(&stopped, Then::Stop(error) if error.kind() == ErrorKind::Protocol),
            "{odd}: {stopped:?}"
        );
    }
}

/// Section 3.8: a raw space, as the vendor prints one, is asked for as `%20`.
#[test]
fn spaces_in_links() {
    let link =
        r#"{"data":[],"links":{"next":" /v1/setting/scans?types=Configuration Recorder&page_cursor=x "}}"#;
    let wanted = "/v1/setting/scans?types=Configuration%20Recorder&page_cursor=x";
    assert_eq!(then(link, &links()).unwrap(), Then::Next(Cursor::Token(wanted.to_owned())));
}

/// Section 3.4, rules 5 and 6, behind a gateway that adds to the path, of which the vendor does not know.
#[test]
fn links_below_a_gateway() {
    let base = BaseUrl::parse("https://gateway.example/gw/v1").unwrap();
    let wanted = Then::Next(Cursor::Token("/gw/v1/setting/scans?page_cursor=x".to_owned()));
    for link in [
        "/v1/setting/scans?page_cursor=x",
        "/gw/v1/setting/scans?page_cursor=x",
        "/setting/scans?page_cursor=x",
        "?page_cursor=x",
        "https://gateway.example/v1/setting/scans?page_cursor=x",
        "https://api.e.cs.gravityzone.bitdefender.com/v1/setting/scans?page_cursor=x",
        "https://api.e.cs.gravityzone.bitdefender.com/setting/scans?page_cursor=x",
    ] {
        let body = format!(r#"{{"data":[],"links":{{"next":"{link}"}}}}"#);
        assert_eq!(then(&body, &Links::new(base.clone(), NextLink::Rebase)).unwrap(), wanted, "{link}");
    }
}

/// A `meta` of another shape tells no figure, and spoils nothing.
#[test]
fn odd_meta() {
    for meta in ["null", "[]", "7", r#""x""#, r#"{"total":"many"}"#, r#"{"total":-1}"#] {
        let origin = cspm_core::Origin::new("gravity", "bitdefender");
        let body = format!(r#"{{"data":[{}],"meta":{meta}}}"#, scan("a"));
        let step = decode_accounts(&body, &origin, &links()).unwrap();
        assert_eq!((step.items.len(), step.expected), (1, None), "{meta}");
    }
}

/// S05, section 3.4 rule 6: another host is asked for nothing; its path is asked for at the configured one, or nothing.
#[test]
fn s05_links_to_other_hosts() {
    let foreign = |link: &str| format!(r#"{{"data":[],"links":{{"next":"{link}"}}}}"#);
    let old = foreign("https://api.horangi.example/v1/setting/scans?page_cursor=x");
    let wanted = Then::Next(Cursor::Token("/v1/setting/scans?page_cursor=x".to_owned()));
    assert_eq!(then(&old, &links()).unwrap(), wanted);
    let origin = cspm_core::Origin::new("gravity", "bitdefender");
    assert_eq!(decode_accounts(&old, &origin, &links()).unwrap().notices.len(), 1);
    let base = BaseUrl::of_region(crate::REGIONS, "e").unwrap();
    let strict = Links::new(base, NextLink::SameOriginOnly);
    let stops = |then: Then| matches!(then, Then::Stop(error) if error.kind() == ErrorKind::Protocol);
    assert!(stops(then(&old, &strict).unwrap()), "the page stands, the listing ends");
    for hostile in
        ["file:///etc/passwd", "https://user@evil.example/v1/x", "//evil.example/v1/x", "https://e\\\\vil/x"]
    {
        assert!(stops(then(&foreign(hostile), &links()).unwrap()), "{hostile}");
    }
}

/// Section 3.2: an object where an array is due; no data is no empty list.
#[test]
fn r13_r15_envelopes() {
    let origin = cspm_core::Origin::new("gravity", "bitdefender");
    let one = format!(r#"{{"data":{}}}"#, scan("a"));
    assert_eq!(decode_accounts(&one, &origin, &links()).unwrap().items.len(), 1);
    for (body, kind) in [
        ("{}", ErrorKind::Protocol),
        (r#"{"data":null}"#, ErrorKind::Protocol),
        (r#"{"data":"x"}"#, ErrorKind::Protocol),
        (r#"{"data":null,"meta":{"elapsed":0}}"#, ErrorKind::Protocol),
        (r#"{"errors":[{"status":"500","title":"Error","detail":"boom"}]}"#, ErrorKind::Server),
        (r#"{"message":"Internal error"}"#, ErrorKind::Server),
        (r#"{"error":{"code":"internal","message":"boom"}}"#, ErrorKind::Server),
        (r#"{"error":"Internal error"}"#, ErrorKind::Server),
        (r#"{"data":null,"meta":{"total":0},"error":"boom"}"#, ErrorKind::Server),
        ("[]", ErrorKind::Protocol),
        (r#"[[{"id":"a"}],{},{}]"#, ErrorKind::Protocol),
    ] {
        assert_eq!(decode_accounts(body, &origin, &links()).unwrap_err().kind(), kind, "{body}");
    }
}

/// Nothing on a page may be null instead of empty, where the vendor's figure shows in the end that nothing is missing.
#[test]
fn null_for_an_empty_page() {
    let origin = cspm_core::Origin::new("gravity", "bitdefender");
    let next = Then::Next(Cursor::Token("/v1/setting/scans?page_cursor=b".to_owned()));
    for (links_member, total, wanted) in
        [("{}", 0, Then::Done), (r#"{"next":"/v1/setting/scans?page_cursor=b"}"#, 2, next)]
    {
        let body =
            format!(r#"{{"data":null,"links":{links_member},"meta":{{"total":{total},"elapsed":0}}}}"#);
        let step = decode_accounts(&body, &origin, &links()).unwrap();
        assert_eq!((step.items.len(), step.expected, step.then), (0, Some(total), wanted));
    }
}

/// Section 4: archived accounts stay in the list and are not enabled; the cloud is not told.
#[test]
fn accounts() {
    let origin = cspm_core::Origin::new("gravity", "bitdefender");
    let archived = SCANS.replace(r#""is_archived":false"#, r#""is_archived":true"#);
    for (body, enabled) in [(SCANS, Some(true)), (archived.as_str(), Some(false))] {
        let account: Account = decode_accounts(body, &origin, &links()).unwrap().items.remove(0);
        assert_eq!(account.identity.id.as_deref(), Some(super::SCAN));
        assert_eq!(account.identity.cloud_id.as_deref(), Some("123456789012"));
        assert_eq!(account.identity.name.as_deref(), Some("prod-payments"));
        assert_eq!((account.identity.provider.as_deref(), account.enabled), (None, enabled));
    }
}

/// Section 8.
#[tokio::test]
async fn rules() {
    let server = serve(&[("/v1/cspm/rules", RULES.to_owned())]).await;
    let vendor = connect(&server);
    let gathered = gather(vendor.rules(), RuleQuery).await;
    assert!(gathered.shortfall().is_none());
    let rule = &gathered.items[0];
    assert_eq!((&*rule.id, rule.title.as_deref()), (RULE, Some("Bucket readable by anyone")));
    assert_eq!(rule.severity, cspm_core::Severity::High);
    assert_eq!((&*rule.standards[0].id, rule.standards[0].control.as_deref()), ("GDPR", Some("A.5.12")));
}

/// A place that is of no such listing is a mistake of this program, not a request.
#[tokio::test]
async fn no_page_numbers() {
    let server = serve(&[]).await;
    let vendor = connect(&server);
    let source: &dyn Source<Account> = &vendor;
    let error = source.step(&AccountQuery::default(), &Scope::default(), &Cursor::Page(2)).await.unwrap_err();
    assert_eq!(error.owner(), cspm_core::Owner::Tool);
    assert!(asked(&server).await.is_empty());
}
