//! Links that a server gives: to a next page, or by a redirect.

use std::sync::Arc;

use bytes::Bytes;
use cspm_http::{BaseUrl, Call};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use url::Url;

use super::error_body::client;
use super::script::{Script, Scripted};
use super::timeless;

const BASES: [&str; 4] = [
    "http://127.0.0.1:8080/v1",
    "https://gravity.example/v1",
    "https://gravity.example",
    "https://gw.example:8443/gw/v1",
];

/// An input is a byte that chooses the base, and the link.
pub fn next_link(bytes: &[u8]) {
    let Some((first, link)) = bytes.split_first() else { return };
    let Ok(link) = std::str::from_utf8(link) else { return };
    let base = BASES[usize::from(*first) % BASES.len()];
    let (base, own) =
        (BaseUrl::parse(base).expect("an address"), Url::parse(base).expect("an address").origin());
    let accepted = base.own_link(link).ok();
    if let Some(path) = &accepted {
        assert_eq!(asked(&base, path).origin(), own, "{link} became {path}");
        if let Ok(absolute) = Url::parse(link) {
            assert_eq!(absolute.origin(), own, "{link} was taken for the vendor's");
        }
    }
    if let Ok((path, moved)) = base.rebased_link(link) {
        assert_eq!(asked(&base, &path).origin(), own, "{link} became {path}");
        assert_eq!(!moved, accepted.is_some(), "{link}");
        assert!(accepted.is_none_or(|accepted| accepted == path));
        sent(&path);
    } else {
        assert_eq!(accepted, None, "{link}");
    }
    redirected(link);
    // What the text of a checkpoint would have asked for.
    sent(link);
}

fn asked(base: &BaseUrl, path: &str) -> Url {
    assert!(path.starts_with('/'), "{path}");
    Url::parse(&format!("{}{path}", base.origin())).expect("an address")
}

/// A link that is asked for is asked for at the own host, or not at all.
fn sent(path: &str) {
    let script = Arc::new(Script::new([Scripted { body: "{}".into(), ..Scripted::default() }]));
    let result = timeless(client(&script).send(Call::link("list things", path)));
    script.assert_none_astray();
    assert_eq!(script.requests(), u64::from(result.is_ok()), "{path}: {result:?}");
}

fn redirected(link: &str) {
    let Ok(location) = HeaderValue::from_str(link) else { return };
    let headers = HeaderMap::from_iter([(header::LOCATION, location)]);
    let moved = Scripted { status: StatusCode::TEMPORARY_REDIRECT, headers, body: Bytes::new() };
    let script = Arc::new(Script::new([moved, Scripted { body: "{}".into(), ..Scripted::default() }]));
    let result = timeless(client(&script).send(Call::get("list things", "/things")));
    script.assert_none_astray();
    assert_eq!(script.requests(), 1 + u64::from(result.is_ok()), "{link}: {result:?}");
}
