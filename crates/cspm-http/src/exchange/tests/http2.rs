//! What HTTP/2 can say of a request that HTTP/1.1 cannot.

use h2::Reason;
use h2::server::SendResponse;

use super::*;

/// A server of HTTP/2 without TLS that does this to each request.
async fn serve_http2(each: fn(SendResponse<Bytes>)) -> BaseUrl {
    serve(move |stream, _| async move {
        let Ok(mut connection) = h2::server::handshake(stream).await else { return };
        while let Some(Ok((_, respond))) = connection.accept().await {
            each(respond);
        }
    })
    .await
}

async fn broken(base: &BaseUrl) -> Broken {
    let only_http2 = |builder: reqwest::ClientBuilder| builder.http2_prior_knowledge();
    let network = Network::assemble(base, &Settings::default(), only_http2, None).unwrap();
    get_with(&network, base).await.unwrap_err()
}

#[tokio::test]
async fn t18_a_refused_stream_was_not_processed() {
    let broken = broken(&serve_http2(|mut respond| respond.send_reset(Reason::REFUSED_STREAM)).await).await;
    assert_eq!((broken.kind, broken.sent), (BrokenKind::Interrupted, false), "{}", broken.message);
    assert!(broken.is_passing());
}

#[tokio::test]
async fn t18_a_stream_that_is_reset_otherwise_may_have_been_processed() {
    for each in [
        (|mut respond: SendResponse<Bytes>| respond.send_reset(Reason::INTERNAL_ERROR)) as fn(_),
        |mut respond| respond.send_reset(Reason::CANCEL),
        |mut respond| {
            let mut body = respond.send_response(Response::new(()), false).unwrap();
            body.send_data(Bytes::from_static(b"half"), false).unwrap();
            tokio::spawn(async move {
                tokio::task::yield_now().await;
                body.send_reset(Reason::INTERNAL_ERROR);
            });
        },
        // Less than was announced.
        |mut respond| {
            let response = Response::builder().header(header::CONTENT_LENGTH, 100).body(()).unwrap();
            let mut body = respond.send_response(response, false).unwrap();
            body.send_data(Bytes::from_static(b"half"), true).unwrap();
        },
    ] {
        let broken = broken(&serve_http2(each).await).await;
        assert_eq!((broken.kind, broken.sent), (BrokenKind::Interrupted, true), "{}", broken.message);
        assert!(broken.is_passing());
    }
}

#[tokio::test]
async fn t17_what_is_no_http2_is_told_so() {
    let base = serve_bytes("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    let broken = broken(&base).await;
    assert_eq!(broken.kind, BrokenKind::Garbled, "{}", broken.message);
}
