//! Redirects stay within the origin, are for reads, and end.

use http::{HeaderName, Method};

use super::super::*;
use super::script::*;
use crate::{KeyHeader, Safety};

fn keyed(script: &Arc<Script>) -> Client {
    let key = KeyHeader::new(HeaderName::from_static("api-key"), "", "s3cr3t-key".into()).unwrap();
    client(script).with_authenticator(Arc::new(key))
}

/// A server that redirects its first request there.
fn redirecting(code: u16, location: &'static str) -> Arc<Script> {
    Script::new(
        move |number, _| {
            if number == 0 { with_headers(code, &[("location", location)]) } else { status(200) }
        },
    )
}

#[tokio::test(start_paused = true)]
async fn s03_a_read_follows_within_the_origin() {
    for code in [301, 302, 303, 307, 308] {
        for (location, path) in [
            ("https://host.example/v1/b?x=%2F", "/v1/b?x=%2F"),
            ("HTTPS://HOST.EXAMPLE:443/v1/b", "/v1/b"),
            ("/v1/b", "/v1/b"),
            ("/v2/b", "/v2/b"),
            ("b", "/v1/b"),
            ("?page=2", "/v1/things?page=2"),
            ("../v3/b", "/v3/b"),
            ("/b?to=https://evil.example", "/b?to=https://evil.example"),
        ] {
            let script = redirecting(code, location);
            let client = keyed(&script);
            client.send(read()).await.unwrap();
            assert_eq!(script.paths(), ["/v1/things", path], "{code} {location}");
            assert_eq!(script.seen()[1].headers["api-key"], "s3cr3t-key");
            let meter = client.meter().read();
            assert_eq!((meter.requests, meter.retries), (2, 0), "following is not repeating");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn s03_a_post_that_reads_keeps_its_method_or_is_not_redirected() {
    for (code, follows) in [(301, false), (302, false), (303, false), (307, true), (308, true)] {
        let script = redirecting(code, "/v1/b");
        let call = Call::new("query", Method::POST, "/query", Safety::Read).json("body").unwrap();
        let result = keyed(&script).send(call).await;
        assert_eq!(result.is_ok(), follows, "{code}");
        let seen = script.seen();
        assert_eq!(seen.len(), if follows { 2 } else { 1 });
        assert!(seen.iter().all(|seen| seen.method == Method::POST && seen.body == "\"body\""));
    }
}

#[tokio::test(start_paused = true)]
async fn s01_s04_nothing_else_is_followed() {
    for code in [301, 302, 303, 307, 308] {
        for location in [
            "https://evil.example/v1/b",
            "https://host.example.evil.example/",
            "https://host.example:8443/v1/b",
            "http://host.example/v1/b",
            "//evil.example/b",
            "/\\evil.example/b",
            "https:evil.example",
            "https://api@host.example/b",
            "https://host.example@evil.example/b",
            "https://host.example./b",
            "ftp://host.example/b",
            "javascript:alert(1)",
            "https://",
            "http://[",
            "",
            "/a b",
        ] {
            let script = redirecting(code, location);
            let error = keyed(&script).send(read()).await.unwrap_err();
            assert_eq!((script.count(), error.kind()), (1, ErrorKind::Protocol), "{code} {location}");
            assert_eq!((error.status(), error.attempts()), (Some(code), 1));
            assert!(!error.to_string().contains("evil"), "{error}");
        }
    }
    for code in [300, 304, 305, 399] {
        let script = redirecting(code, "/v1/b");
        let error = keyed(&script).send(read()).await.unwrap_err();
        assert_eq!((script.count(), error.kind()), (1, ErrorKind::Protocol), "{code}");
    }
    let script = Script::new(|_, _| status(302));
    let error = keyed(&script).send(read()).await.unwrap_err();
    assert!(error.message().contains("without saying where"), "{error}");
    assert_eq!(script.count(), 1);
}

/// An address is written to logs on the way, where no header is.
#[tokio::test(start_paused = true)]
async fn s07_a_redirect_that_repeats_the_credential_is_not_followed() {
    for location in [
        "/login?key=s3cr3t-key",
        "/v1/s3cr3t-key/b",
        "https://host.example/v1/b?a=b&c=7333637233742d6b6579",
        "/v1/b?c=czNjcjN0LWtleQ==",
    ] {
        let script = redirecting(307, location);
        let error = keyed(&script).send(read()).await.unwrap_err();
        assert_eq!((script.count(), error.kind(), error.status()), (1, ErrorKind::Protocol, Some(307)));
        assert!(error.message().contains("repeats the credential"), "{location}: {error}");
        assert!(!error.message().contains("s3cr3t"), "{location}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn s02_a_write_is_never_redirected() {
    for code in [301, 302, 303, 307, 308] {
        for location in ["/v1/b", "https://evil.example/"] {
            for method in [Method::POST, Method::PUT, Method::GET] {
                let script = redirecting(code, location);
                let call = Call::new("write", method, "/x", Safety::Write).json("secret body").unwrap();
                let error = keyed(&script).send(call).await.unwrap_err();
                assert_eq!((script.count(), error.status()), (1, Some(code)));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn s03_s04_a_chain_is_followed_five_times_and_a_loop_ends() {
    let chain = |length: usize| {
        Script::new(move |number, _| {
            let next = format!("/v1/{number}");
            if number < length { with_headers(302, &[("location", &next)]) } else { status(200) }
        })
    };
    let script = chain(5);
    keyed(&script).send(read()).await.unwrap();
    assert_eq!(script.count(), 6);
    let script = chain(6);
    let error = keyed(&script).send(read()).await.unwrap_err();
    assert_eq!((script.count(), error.kind()), (6, ErrorKind::Protocol));
    let script = Script::new(|_, _| with_headers(308, &[("location", "/v1/things")]));
    let error = keyed(&script).send(read()).await.unwrap_err();
    assert_eq!((script.count(), error.kind(), error.attempts()), (6, ErrorKind::Protocol, 1));
}
