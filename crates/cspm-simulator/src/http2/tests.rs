use std::io;

use h2::client::SendRequest;
use http::{Method, StatusCode};
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;

use super::*;
use crate::fault::Fault;
use crate::matching::Match;
use crate::plan::Which;
use crate::testing::{PAGE, page_simulator};

/// A pipe in memory knows no reset; a dropped one ends.
impl Stream for DuplexStream {
    fn reset(&self) -> io::Result<()> {
        Ok(())
    }
}

struct Client {
    send: SendRequest<Bytes>,
    simulator: Simulator,
    connection: JoinHandle<Result<(), h2::Error>>,
}

async fn client(fault: Option<Fault>) -> Client {
    let simulator = page_simulator();
    if let Some(fault) = fault {
        simulator.faults().on(Match::any(), Which::Nth(2), fault);
    }
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    tokio::spawn(serve_connection(theirs, simulator.clone()));
    let (send, connection) = h2::client::handshake(ours).await.unwrap();
    Client { send, simulator, connection: tokio::spawn(connection) }
}

impl Client {
    async fn get(&self) -> Result<(StatusCode, HeaderMap, Bytes), h2::Error> {
        self.send(Method::GET, "https://localhost/a%2Fb?x=%20&y", "").await
    }

    async fn send(
        &self,
        method: Method,
        uri: &str,
        body: &'static str,
    ) -> Result<(StatusCode, HeaderMap, Bytes), h2::Error> {
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        let mut ready = self.send.clone().ready().await?;
        let (answer, mut stream) = ready.send_request(request, body.is_empty())?;
        if !body.is_empty() {
            stream.send_data(body.into(), true)?;
        }
        let (parts, mut stream) = answer.await?.into_parts();
        let mut body = Vec::new();
        while let Some(piece) = stream.data().await {
            let piece = piece?;
            stream.flow_control().release_capacity(piece.len())?;
            body.extend_from_slice(&piece);
        }
        Ok((parts.status, parts.headers, body.into()))
    }
}

#[tokio::test]
async fn requests_are_the_same_as_over_http1() {
    let client = client(None).await;
    let (status, headers, body) = client.get().await.unwrap();
    assert_eq!((status, &body[..]), (StatusCode::OK, PAGE.as_bytes()));
    assert_eq!(headers[header::CONTENT_LENGTH], PAGE.len().to_string().as_str());
    assert!(headers.contains_key(header::DATE));
    client.send(Method::POST, "https://localhost:1/post", "sent").await.unwrap();
    let seen: Vec<_> = client.simulator.log().entries().into_iter().map(|entry| entry.request).collect();
    assert_eq!((seen[0].path.as_str(), seen[0].query.as_str()), ("/a%2Fb", "x=%20&y"));
    assert_eq!(seen[0].headers[header::HOST], "localhost");
    assert_eq!((&seen[1].method, &seen[1].body[..]), (&Method::POST, &b"sent"[..]));
}

#[tokio::test]
async fn large_bodies_flow() {
    let client = client(Some(Fault::rewrite(|_, mut response| {
        response.body = vec![b'x'; 1 << 20].into();
        response
    })))
    .await;
    client.get().await.unwrap();
    assert_eq!(client.get().await.unwrap().2.len(), 1 << 20);
}

#[tokio::test]
async fn a_refused_or_reset_stream_takes_no_other_with_it() {
    for (fault, reason, status) in [
        (Fault::RefusedStream, Reason::REFUSED_STREAM, None),
        (Fault::ResetStream { after: 0 }, Reason::INTERNAL_ERROR, Some(StatusCode::OK)),
        (Fault::ResetStream { after: 10 }, Reason::INTERNAL_ERROR, Some(StatusCode::OK)),
    ] {
        let client = client(Some(fault)).await;
        client.get().await.unwrap();
        let error = client.get().await.unwrap_err();
        assert!(error.is_reset() && error.is_remote() && error.reason() == Some(reason), "{error}");
        client.get().await.unwrap();
        assert_eq!(client.simulator.log().entries()[1].status, status);
    }
}

#[tokio::test]
async fn a_go_away_says_that_the_request_was_not_processed() {
    let client = client(Some(Fault::GoAway)).await;
    client.get().await.unwrap();
    let error = client.get().await.unwrap_err();
    assert!(error.is_go_away() && error.is_remote() && error.reason() == Some(Reason::NO_ERROR), "{error}");
    client.connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_befalls_a_connection_ends_it() {
    for fault in [
        Fault::ResetBeforeAnswer,
        Fault::CloseBeforeAnswer,
        Fault::ResetInBody { after: 7 },
        Fault::CloseInBody { after: 7 },
        Fault::NotHttp(Bytes::from_static(b"220 mail.example ESMTP\r\n")),
    ] {
        let client = client(Some(fault.clone())).await;
        client.get().await.unwrap();
        let error = client.get().await.unwrap_err();
        assert!(!error.is_reset(), "{fault:?}: {error}");
        assert!(client.get().await.is_err());
        assert_eq!(client.simulator.log().count(), 2);
    }
}

#[tokio::test]
async fn an_answer_after_which_the_connection_closes_is_whole() {
    for fault in [Fault::CloseAfterAnswer { announced: true }, Fault::NoLengthUntilClose] {
        let client = client(Some(fault)).await;
        client.get().await.unwrap();
        assert_eq!(client.get().await.unwrap().2, PAGE);
        let error = client.get().await.unwrap_err();
        assert!(error.is_go_away(), "{error}");
    }
}

#[tokio::test]
async fn faults_of_framing_are_left_out_or_find_their_own_form() {
    for fault in [
        Fault::Chunked,
        Fault::ExtraBytes(Bytes::from_static(b"more")),
        Fault::OneBytePackets,
        Fault::Interim(vec![StatusCode::CONTINUE, StatusCode::EARLY_HINTS]),
    ] {
        let client = client(Some(fault.clone())).await;
        client.get().await.unwrap();
        let (_, headers, body) = client.get().await.unwrap();
        assert_eq!(body, PAGE, "{fault:?}");
        assert!(
            !headers.contains_key(header::TRANSFER_ENCODING) && !headers.contains_key(header::CONNECTION)
        );
    }
    let client = client(Some(Fault::StatedLength(9_999))).await;
    client.get().await.unwrap();
    assert!(client.get().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_gives_up_ends_the_request() {
    let client = client(Some(Fault::NeverAnswer)).await;
    client.get().await.unwrap();
    let answer = tokio::time::timeout(std::time::Duration::from_secs(1), client.get()).await;
    assert!(answer.is_err());
    client.get().await.unwrap();
    assert_eq!(client.simulator.log().in_flight(), 0);
}
