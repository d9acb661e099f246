//! Proxies that stand in the way.

use hyper_util::client::proxy::matcher::Matcher;

use super::*;

const CREDENTIAL: &str = "s3cret-of-the-proxy";

/// What becomes of a request to a host behind a proxy.
async fn through(proxy: &str) -> Broken {
    let base = BaseUrl::parse("https://vendor.example").unwrap();
    let proxy = proxy.replace("http://", &format!("http://user:{CREDENTIAL}@"));
    let way = reqwest::Proxy::all(&proxy).unwrap();
    let matcher = Matcher::builder().all(proxy).build();
    let network =
        Network::assemble(&base, &Settings::default(), |builder| builder.proxy(way), Some(matcher)).unwrap();
    get_with(&network, &base).await.unwrap_err()
}

fn assert_named(broken: Broken, proxy: &str, words: &str) {
    assert!(!broken.sent);
    let error = broken.into_error("vendor.example");
    assert_eq!((error.kind(), error.owner()), (ErrorKind::Network, Owner::Customer));
    let text = format!("{error} {error:?}");
    assert!(text.contains("vendor.example") && text.contains(proxy) && text.contains(words), "{text}");
    assert!(!text.contains(CREDENTIAL) && !text.contains("user"), "{text}");
}

#[tokio::test]
async fn t22_a_proxy_that_refuses_is_named_without_its_credential() {
    for (answer, words) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n", "authorization"),
        ("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", "refuses"),
        ("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", "refuses"),
    ] {
        let proxy = serve_bytes(answer).await;
        let broken = through(proxy.as_str()).await;
        assert!(!broken.is_passing(), "{}", broken.message);
        assert_named(broken, proxy.as_str().trim_start_matches("http://"), words);
    }
}

#[tokio::test]
async fn t22_a_proxy_that_cannot_be_reached_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let broken = through(&format!("http://{address}")).await;
    assert_eq!(broken.kind, BrokenKind::Connect);
    assert_named(broken, &address, "refused");
    let broken = through("http://no-such-proxy.invalid:3128").await;
    assert_eq!(broken.kind, BrokenKind::Proxy);
    assert_named(broken, "no-such-proxy.invalid:3128", "does not resolve");
}
