use proptest::prelude::*;

use super::*;

fn base(text: &str) -> BaseUrl {
    BaseUrl::parse(text).unwrap()
}

fn own() -> BaseUrl {
    base("https://host.example/v1")
}

/// Links that lead away from `https://host.example`, or that readers of URLs disagree about.
const HOSTILE: &[&str] = &[
    // Another host.
    "https://evil.example/v1/x",
    "https://host.example.evil.example/v1/x",
    "https://evil.example/host.example/v1",
    "https://evil.example?https://host.example/v1",
    "https://evil.example#https://host.example/v1",
    "https://sub.host.example/v1/x",
    "https://example/v1/x",
    "https://host.exampl/v1/x",
    "https://host-example/v1/x",
    "https://hosts.example/v1/x",
    "https://host.example./v1/x",
    "https://host.example../v1/x",
    "https://.host.example/v1/x",
    "https:///evil.example/v1/x",
    "https:////evil.example/v1/x",
    "https:/evil.example/v1/x",
    "https:evil.example/v1/x",
    "//evil.example/v1/x",
    "///evil.example/v1/x",
    "//host.example/v1/x",
    "https://",
    "https:///",
    "://evil.example/x",
    ":8443/x",
    // Another port or scheme.
    "https://host.example:8443/v1/x",
    "https://host.example:80/v1/x",
    "https://host.example:444/v1/x",
    "https://host.example:0/v1/x",
    "https://host.example:65536/v1/x",
    "https://host.example:44 3/v1/x",
    "https://host.example:+443/v1/x",
    "https://host.example:evil/v1/x",
    "http://host.example/v1/x",
    "http://host.example:443/v1/x",
    "HTTP://host.example/v1/x",
    "ws://host.example/v1/x",
    "wss://host.example/v1/x",
    "ftp://host.example/v1/x",
    "file:///etc/passwd",
    "file://host.example/v1/x",
    "javascript:alert(1)",
    "data:text/plain,x",
    "mailto:api@host.example",
    "blob:https://host.example/v1/x",
    "view-source:https://host.example/v1/x",
    "gopher://host.example/v1",
    "unix:/var/run/docker.sock",
    // User information.
    "https://api@evil.example/v1/x",
    "https://host.example@evil.example/v1/x",
    "https://host.example:443@evil.example/v1/x",
    "https://api@host.example/v1/x",
    "https://api:key@host.example/v1/x",
    "https://@host.example/v1/x",
    "https://:@host.example/v1/x",
    "https://host.example%40evil.example/v1/x",
    "https://evil.example%2f@host.example/v1/x",
    // Disguises of the host.
    "https://h%6fst.example/v1/x",
    "https://%68ost.example/v1/x",
    "https://host%2eexample/v1/x",
    "https://evil.example%2Fhost.example/v1",
    "https://evil.example%00.host.example/v1",
    "https://hоst.example/v1/x",
    "https://ｈost.example/v1/x",
    "https://host。example/v1/x",
    "https://host.exam\u{ad}ple/v1/x",
    "https://host\u{200b}.example/v1/x",
    "https://xn--hst-sqa.example/v1/x",
    "https://xn--host-.example/v1/x",
    "https://host.example\u{2044}evil/v1",
    "https://[::1]/v1/x",
    "https://[host.example]/v1/x",
    "https://127.0.0.1/v1/x",
    "https://2130706433/v1/x",
    "https://0x7f000001/v1/x",
    "https://0177.0.0.1/v1/x",
    "https://127.1/v1/x",
    // What some readers remove or turn round.
    "https:\\\\evil.example\\v1",
    "https://host.example\\@evil.example/v1",
    "https://evil.example\\.host.example/v1",
    "/\\evil.example/v1",
    "\\\\evil.example/v1",
    "/v1/\\..\\x",
    "ht\ntps://evil.example/x",
    "https://host.example\t/v1/x",
    "https://host\n.example/v1/x",
    "https://host.example/v1\r\nHost: evil.example",
    "/\tv1/x",
    "/\t/evil.example",
    " https://host.example/v1/x",
    "https://host.example/v1/x ",
    "\u{a0}/v1/x",
    "/v1/x\u{2028}",
    "/v1/\0",
    "/v1/\u{85}x",
    // Climbing.
    "/v1/../admin",
    "/v1/%2e%2e/admin",
    "/v1/.%2E/admin",
    "/v1/./x",
    "https://host.example/v1/../../x",
    "../x",
    "..",
    "cspm/../../x",
    // No link at all.
    "",
    "?page=2",
    "#next",
];

#[test]
fn s05_hostile_links_are_refused() {
    assert!(HOSTILE.len() >= 60);
    for link in HOSTILE {
        assert_eq!(own().own_link(link), Err(ForeignLink), "{link:?}");
    }
}

#[test]
fn s05_links_to_this_machine_in_other_words_are_refused() {
    for link in [
        "http://localhost:9101/v1/x",
        "http://127.1:9101/v1/x",
        "http://2130706433:9101/v1/x",
        "http://0x7f.0.0.1:9101/v1/x",
        "http://0177.0.0.1:9101/v1/x",
        "http://127.0.0.1.:9101/v1/x",
        "http://127.0.0.2:9101/v1/x",
        "http://[::ffff:127.0.0.1]:9101/v1/x",
        "http://127.0.0.1/v1/x",
        "http://127.0.0.1:9102/v1/x",
        "https://127.0.0.1:9101/v1/x",
        "http://127。0.0.1:9101/v1/x",
    ] {
        assert_eq!(base("http://127.0.0.1:9101/v1").own_link(link), Err(ForeignLink), "{link}");
    }
}

#[test]
fn s05_what_is_no_http_link_is_not_rebased_either() {
    let away = ["https://evil.example/v1/x", "http://host.example/v1/x", "https://host.example:8443/v1/x"];
    for link in HOSTILE {
        match own().rebased_link(link) {
            Ok((path, moved)) => {
                assert!(moved && path.starts_with('/'), "{link:?}");
                let address = own().address(&Target::AtOrigin(path)).unwrap();
                assert_eq!(address.authority().unwrap(), "host.example", "{link:?}");
            }
            Err(ForeignLink) => assert!(!away.contains(link), "{link}"),
        }
    }
    for link in ["https://api@evil.example/x", "ftp://evil.example/x", "//evil.example/x", "https://0x7f.1/x"]
    {
        assert_eq!(own().rebased_link(link), Err(ForeignLink), "{link}");
    }
    assert_eq!(
        own().rebased_link("https://old.example:8443//evil.example/x?a=%2F&b#c"),
        Ok(("//evil.example/x?a=%2F&b".to_owned(), true))
    );
    assert_eq!(own().rebased_link("/cspm/x?a"), Ok(("/v1/cspm/x?a".to_owned(), false)));
}

#[test]
fn s06_own_links_are_accepted_and_kept_byte_for_byte() {
    for (link, want) in [
        ("https://host.example/v1/x", "/v1/x"),
        ("https://host.example:443/v1/x", "/v1/x"),
        ("https://host.example:/v1/x", "/v1/x"),
        ("HTTPS://HOST.Example/v1/X", "/v1/X"),
        ("https://host.example", "/"),
        ("https://host.example?a=b", "/?a=b"),
        ("https://host.example/other/x", "/other/x"),
        ("/v1/x", "/v1/x"),
        ("/v1", "/v1"),
        ("/v1?a=b", "/v1?a=b"),
        ("/v1/", "/v1/"),
        ("/v10/x", "/v1/v10/x"),
        ("/cspm/x", "/v1/cspm/x"),
        ("cspm/x", "/v1/cspm/x"),
        ("cspm/x?at=12:30", "/v1/cspm/x?at=12:30"),
        ("/v1/x?a=b#fragment", "/v1/x?a=b"),
        ("/x?to=https://evil.example/y", "/v1/x?to=https://evil.example/y"),
        ("/v1/a:b/x@y", "/v1/a:b/x@y"),
        ("/v1/..x/x../...", "/v1/..x/x../..."),
        ("/v1/x?a=..&b=/../", "/v1/x?a=..&b=/../"),
        ("/v1//x//", "/v1//x//"),
        ("/v1/x?", "/v1/x?"),
        ("/v1/x?a=%2f%2F%c3%A4%20+&&=;", "/v1/x?a=%2f%2F%c3%A4%20+&&=;"),
        ("/v1/x?page[after]=eyJ+/=%3D&x=~!$*(),|^`{}", "/v1/x?page[after]=eyJ+/=%3D&x=~!$*(),|^`{}"),
        ("/v1/%41%zz%", "/v1/%41%zz%"),
    ] {
        assert_eq!(own().own_link(link).as_deref(), Ok(want), "{link}");
        assert_eq!(own().rebased_link(link), Ok((want.to_owned(), false)), "{link}");
        let address = own().address(&Target::AtOrigin(want.to_owned()));
        assert_eq!(address.unwrap().to_string(), format!("https://host.example{want}"), "{link}");
    }
    assert_eq!(base("https://host.example").own_link("/x").as_deref(), Ok("/x"));
    assert_eq!(base("https://host.example").own_link("x").as_deref(), Ok("/x"));
    assert_eq!(base("http://[::1]:80/a").own_link("http://[::1]/a/b").as_deref(), Ok("/a/b"));
    assert_eq!(base("http://127.0.0.1:9101").own_link("http://127.0.0.1:9101/b").as_deref(), Ok("/b"));
}

#[test]
fn p17_what_no_url_may_hold_is_encoded_and_nothing_else() {
    let link = "/v1/a<b>\"ä{}?c=<ü>'\"";
    let want = "/v1/a%3Cb%3E%22%C3%A4%7B%7D?c=%3C%C3%BC%3E%27%22";
    assert_eq!(own().own_link(link).as_deref(), Ok(want));
    assert_eq!(own().own_link(want).as_deref(), Ok(want), "and stays so");
}

#[test]
fn s08_l06_addresses_that_are_refused() {
    use BadAddress::*;
    for (text, want) in [
        ("", NotAUrl),
        ("host.example", NotAUrl),
        ("/v1", NotAUrl),
        ("//host.example", NotAUrl),
        ("https://", NotAUrl),
        ("https:host.example", NotAUrl),
        ("https:/host.example", NotAUrl),
        ("https:///host.example", NotAUrl),
        ("https:\\\\host.example", NotAUrl),
        ("https://host.example\\v1", NotAUrl),
        ("https://ho st.example", NotAUrl),
        ("https://host\n.example/v1", NotAUrl),
        ("https://host.example/\tv1", NotAUrl),
        ("https://host.example/\0", NotAUrl),
        ("https://host.example/\u{9f}", NotAUrl),
        ("https://host.example:99999", NotAUrl),
        ("https://host.example:abc", NotAUrl),
        ("https://[::1", NotAUrl),
        ("localhost:9101/v1", Scheme),
        ("ftp://host.example", Scheme),
        ("ftp://user:hunter2@host.example", Scheme),
        ("file:///etc/passwd", Scheme),
        ("javascript:alert(1)", Scheme),
        ("ws://127.0.0.1", Scheme),
        ("http://host.example", PlainText),
        ("http://10.0.0.1/v1", PlainText),
        ("http://localhost.evil.example/", PlainText),
        ("http://127.0.0.1.evil.example/", PlainText),
        ("http://notlocalhost/", PlainText),
        ("http://128.0.0.1", PlainText),
        ("http://0.0.0.0", PlainText),
        ("http://[::2]/", PlainText),
        ("http://[::ffff:10.0.0.1]/", PlainText),
        ("https://user@host.example", UserInformation),
        ("https://user:hunter2@host.example", UserInformation),
        ("https://:hunter2@host.example", UserInformation),
        ("https://@host.example", UserInformation),
        ("https://:@host.example", UserInformation),
        ("http://user:hunter2@127.0.0.1", UserInformation),
        ("https://host.example?key=hunter2", Query),
        ("https://host.example/v1?", Query),
        ("https://host.example/v1#hunter2", Fragment),
        ("https://host.example/#", Fragment),
    ] {
        let error = BaseUrl::parse(text).unwrap_err();
        assert_eq!(error, want, "{text:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[test]
fn addresses_that_are_accepted() {
    for (text, whole, path, host) in [
        ("https://host.example", "https://host.example", "", "host.example"),
        ("https://host.example/", "https://host.example", "", "host.example"),
        ("https://host.example///", "https://host.example", "", "host.example"),
        (" https://host.example/v1 \n", "https://host.example/v1", "/v1", "host.example"),
        ("https://host.example/v1/", "https://host.example/v1", "/v1", "host.example"),
        ("HTTPS://Host.Example:443/API", "https://host.example/API", "/API", "host.example"),
        ("https://host.example:8443/a/b//", "https://host.example:8443/a/b", "/a/b", "host.example"),
        ("https://host.example/x@y", "https://host.example/x@y", "/x@y", "host.example"),
        ("http://127.0.0.1:9101/v1", "http://127.0.0.1:9101/v1", "/v1", "127.0.0.1"),
        ("http://127.8.9.1", "http://127.8.9.1", "", "127.8.9.1"),
        ("http://LOCALHOST:80/", "http://localhost", "", "localhost"),
        ("http://[::1]:9101", "http://[::1]:9101", "", "[::1]"),
    ] {
        let base = base(text);
        assert_eq!((base.as_str(), base.path(), base.host()), (whole, path, host), "{text}");
        assert_eq!(format!("{base:?}"), whole);
        assert_eq!(base.is_loopback(), text.contains("http:") || text.contains("LOCAL"), "{text}");
        assert_eq!(BaseUrl::parse(whole).unwrap(), base, "{text}");
        let address = base.address(&Target::Below("/x?y=1".to_owned())).unwrap();
        assert_eq!(address.to_string(), format!("{whole}/x?y=1"));
    }
}

#[test]
fn the_path_of_a_call_is_the_one_that_is_sent() {
    let base = base("https://api.example.com/gw/v1/");
    let below = Call::get("list", "/cspm/checks").query("results", "fail");
    assert_eq!(base.path_of(&below), "/gw/v1/cspm/checks");
    assert_eq!(base.path_of(&Call::link("list", "/v1/cspm/checks?page_cursor=a/b")), "/v1/cspm/checks");
}

#[test]
fn j15_ids_are_encoded_exactly_once() {
    for (id, want) in [
        ("plain-._~09AZ", "plain-._~09AZ"),
        ("a/b", "a%2Fb"),
        ("a:b", "a%3Ab"),
        ("100%", "100%25"),
        ("%2F", "%252F"),
        ("a?b#c", "a%3Fb%23c"),
        ("a b", "a%20b"),
        ("ümläut€😀", "%C3%BCml%C3%A4ut%E2%82%AC%F0%9F%98%80"),
        ("[]{}|^`\"<>\\'", "%5B%5D%7B%7D%7C%5E%60%22%3C%3E%5C%27"),
        ("a\r\n\0", "a%0D%0A%00"),
        ("@!$&()*+,;=", "%40%21%24%26%28%29%2A%2B%2C%3B%3D"),
        ("../..", "..%2F.."),
        ("...", "..."),
        ("", ""),
    ] {
        assert_eq!(encode(id), want, "{id}");
        let address = own().address(&Target::Below(format!("/things/{}/x?y={}", encode(id), encode(id))));
        let address = address.unwrap();
        assert_eq!(address.path().split('/').nth(3), Some(want), "one segment: {id}");
    }
    assert!(own().address(&Target::Below(format!("/{}", encode(&"ä".repeat(2000))))).is_some());
    for dots in [".", "..", "%2e%2e", "%2E"] {
        assert_eq!(own().address(&Target::Below(format!("/things/{dots}/x"))), None, "{dots}");
        assert!(own().address(&Target::Below(format!("/x?y={dots}"))).is_some(), "harmless in a query");
    }
}

proptest! {
    #[test]
    fn s05_no_string_leads_to_another_origin(
        link in prop_oneof![
            any::<String>(),
            "(https?|HTTPS|ftp)?:?[/\\\\]{0,3}[a-z@:.%\\[\\]0-9]{0,12}(host\\.example)?[ -~\t\n]{0,20}",
            "https://host\\.example[:@.%\\\\#?/]{0,3}[ -~]{0,20}",
        ],
    ) {
        for base in [own(), base("https://host.example"), base("http://127.0.0.1:9101/v1")] {
            if let Ok(path) = base.own_link(&link) {
                prop_assert!(path.starts_with('/'));
                let address = base.address(&Target::AtOrigin(path.clone()));
                let Some(address) = address else { return Err(TestCaseError::fail(format!("{link:?} {path:?}"))) };
                prop_assert!(address.to_string().starts_with(&base.origin()));
                // As a link, two slashes in front would mean another host; as a path they do not.
                if !path.starts_with("//") {
                    prop_assert_eq!(base.own_link(&path).map(|again| again.ends_with(&path)), Ok(true));
                }
            }
            if let Ok((path, _)) = base.rebased_link(&link) {
                let address = base.address(&Target::AtOrigin(path));
                let url = Url::parse(&address.unwrap().to_string()).unwrap();
                prop_assert_eq!(url.origin().ascii_serialization(), base.origin());
            }
            let asked = Target::Below("/things?x=1".to_owned());
            if let Ok(path) = base.redirected(&asked, &link) {
                let url = Url::parse(&format!("{}{path}", base.origin())).unwrap();
                prop_assert_eq!(url.origin().ascii_serialization(), base.origin());
                prop_assert!(url.username().is_empty());
            }
        }
    }

    #[test]
    fn no_path_leads_to_another_origin(path in any::<String>()) {
        for target in [Target::Below(path.clone()), Target::AtOrigin(path)] {
            if let Some(address) = own().address(&target) {
                prop_assert_eq!(address.authority().map(|authority| authority.as_str()), Some("host.example"));
                prop_assert_eq!(address.scheme_str(), Some("https"));
            }
        }
    }

    #[test]
    fn j15_every_id_but_dots_comes_back_as_it_went(id in any::<String>()) {
        let decoded = percent_encoding::percent_decode_str(&encode(&id)).decode_utf8().unwrap().into_owned();
        prop_assert_eq!(&decoded, &id);
        let sent = own().address(&Target::Below(format!("/{}/x", encode(&id))));
        prop_assert_eq!(sent.is_some(), !matches!(id.as_str(), "." | ".."));
    }
}
