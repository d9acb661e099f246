use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderValue;
use tokio::net::TcpStream;

use super::*;
use crate::testing::{PAGE, get, page_simulator, simulator};
use crate::wire::SimResponse;
use crate::{Fault, Match, Served, Simulator, Which};

const REQUEST: &[u8] = b"GET /v1/checks?page=1 HTTP/1.1\r\nhost: local\r\nconnection: close\r\n\r\n";
const KEPT_ALIVE: &[u8] = b"GET / HTTP/1.1\r\nhost: local\r\n\r\n";

async fn serve(simulator: Simulator) -> Served {
    simulator.serve("127.0.0.1:0").await.unwrap()
}

async fn with(fault: Fault) -> Served {
    let simulator = page_simulator();
    simulator.faults().on(Match::any(), Which::Every, fault);
    serve(simulator).await
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Sends bytes and reads to the end of the connection: what came, and how it ended.
async fn talk(served: &Served, sent: &[u8]) -> (String, io::Result<()>) {
    let mut stream = connect(served.address()).await;
    stream.write_all(sent).await.unwrap();
    let mut came = Vec::new();
    let end = stream.read_to_end(&mut came).await.map(|_| ());
    (String::from_utf8_lossy(&came).into_owned(), end)
}

/// Meets a fault with one request.
async fn meet(fault: Fault) -> (String, io::Result<()>) {
    let served = with(fault).await;
    let met = talk(&served, REQUEST).await;
    assert_eq!(served.simulator().log().count(), 1);
    met
}

fn parts(answer: &str) -> (&str, &str) {
    answer.split_once("\r\n\r\n").unwrap()
}

fn is_reset(end: &io::Result<()>) -> bool {
    end.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset)
}

/// Reads until `text` has come.
async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut came = Vec::new();
    while !String::from_utf8_lossy(&came).contains(text) {
        assert_ne!(stream.read_buf(&mut came).await.unwrap(), 0, "ended before {text:?}");
    }
    String::from_utf8(came).unwrap()
}

/// Yields until the server is done with what it had in flight.
async fn idle(served: &Served) {
    while served.simulator().log().in_flight() > 0 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_request_arrives_as_sent_and_is_answered() {
    let served = serve(page_simulator()).await;
    let request = "POST /a%2Fb?x=%20&y HTTP/1.1\r\nHost: local\r\nApi-Key: k\r\nContent-Length: 5\r\n\
                   Connection: close\r\n\r\nhello";
    let (answer, end) = talk(&served, request.as_bytes()).await;
    end.unwrap();
    let (head, body) = parts(&answer);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains(&format!("content-length: {}", PAGE.len())) && head.contains("date: "), "{head}");
    assert_eq!(body, PAGE);
    let entry = &served.simulator().log().entries()[0];
    assert_eq!((entry.request.method.as_str(), entry.request.path.as_str()), ("POST", "/a%2Fb"));
    assert_eq!((entry.request.query.as_str(), entry.request.body.as_ref()), ("x=%20&y", &b"hello"[..]));
    assert_eq!(entry.request.headers["api-key"], "k");
    assert_eq!(entry.status, Some(StatusCode::OK));
}

#[tokio::test]
async fn a_connection_carries_many_requests_whole_or_in_chunks() {
    let served =
        serve(simulator(|request, _| SimResponse::bytes(StatusCode::OK, "text/plain", request.body.clone())))
            .await;
    let mut stream = connect(served.address()).await;
    for n in 0..3 {
        let body = format!("body {n}.");
        let (first, rest) = body.split_at(2);
        let chunked = format!(
            "PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{first}\r\n{:x};a=b\r\n{rest}\r\n0\r\nt: u\r\n\r\n",
            rest.len()
        );
        for byte in chunked.as_bytes() {
            stream.write_all(&[*byte]).await.unwrap();
            yield_now().await;
        }
        assert!(read_until(&mut stream, &body).await.starts_with("HTTP/1.1 200 OK"));
    }
    stream.write_all(b"PUT / HTTP/1.1\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n").await.unwrap();
    read_until(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n").await;
    stream.write_all(b"12345").await.unwrap();
    read_until(&mut stream, "12345").await;
    assert_eq!(served.simulator().log().count(), 4);
    assert_eq!(served.simulator().log().most_in_flight(), 1);
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_not_logged() {
    let served = serve(page_simulator()).await;
    let huge = format!("GET / HTTP/1.1\r\na: {}", "b".repeat(70_000));
    for (sent, status) in [
        ("\x16\x03\x01\x02\r\n\r\n", "400"),
        ("GET nowhere HTTP/1.1\r\n\r\n", "400"),
        (huge.as_str(), "431"),
        ("PUT / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", "413"),
        ("PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nnot hex\r\n", "400"),
    ] {
        let (answer, end) = talk(&served, sent.as_bytes()).await;
        end.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    assert_eq!(served.simulator().log().count(), 0);
}

#[tokio::test]
async fn resets_and_closes_before_the_answer() {
    let (came, end) = meet(Fault::ResetBeforeAnswer).await;
    assert!(came.is_empty() && is_reset(&end), "{end:?}");
    let (came, end) = meet(Fault::CloseBeforeAnswer).await;
    assert!(came.is_empty() && end.is_ok(), "{end:?}");
}

#[tokio::test]
async fn resets_and_closes_within_the_body() {
    let length = format!("content-length: {}", PAGE.len());
    let (came, end) = meet(Fault::ResetInBody { after: 7 }).await;
    let (head, body) = parts(&came);
    assert!(head.contains(&length) && PAGE[..7].starts_with(body) && is_reset(&end), "{came} {end:?}");
    let (came, end) = meet(Fault::CloseInBody { after: 7 }).await;
    let (head, body) = parts(&came);
    assert!(head.contains(&length) && body == &PAGE[..7] && end.is_ok(), "{came} {end:?}");
    let (came, end) = meet(Fault::StatedLength(10 << 30)).await;
    let (head, body) = parts(&came);
    assert!(head.contains("content-length: 10737418240") && body == PAGE && end.is_ok());
}

#[tokio::test]
async fn bodies_end_in_every_way_and_in_none() {
    let chunk = format!("{:x}\r\n{PAGE}\r\n", PAGE.len());
    let (came, _) = meet(Fault::Chunked).await;
    let (head, body) = parts(&came);
    assert!(head.contains("transfer-encoding: chunked") && !head.contains("content-length"));
    assert_eq!(body, [&chunk, "0\r\n\r\n"].concat());
    let (came, end) = meet(Fault::ChunkedWithoutEnd).await;
    assert!(parts(&came).1 == chunk && end.is_ok(), "{came}");

    let served = with(Fault::NoLengthUntilClose).await;
    let (came, end) = talk(&served, KEPT_ALIVE).await;
    let (head, body) = parts(&came);
    assert!(!head.contains("content-length") && !head.contains("transfer-encoding"), "{head}");
    assert!(body == PAGE && end.is_ok());

    let (came, _) = meet(Fault::ExtraBytes(Bytes::from_static(b"HTTP/1.1 200 OK\r\n\r\nfalse"))).await;
    assert!(came.contains(&format!("content-length: {}", PAGE.len())));
    assert!(came.ends_with(&format!("{PAGE}HTTP/1.1 200 OK\r\n\r\nfalse")), "{came}");
}

#[tokio::test]
async fn closes_after_the_answer_with_and_without_a_word() {
    for announced in [true, false] {
        let served = with(Fault::CloseAfterAnswer { announced }).await;
        let (came, end) = talk(&served, KEPT_ALIVE).await;
        let (head, body) = parts(&came);
        assert_eq!(head.contains("connection: close"), announced);
        assert!(body == PAGE && end.is_ok());
    }
}

#[tokio::test]
async fn sends_what_is_no_answer_and_what_comes_before_one() {
    let (came, end) = meet(Fault::NotHttp(Bytes::from_static(b"220 mail ready\r\n"))).await;
    assert!(came == "220 mail ready\r\n" && end.is_ok());
    let (came, _) = meet(Fault::Interim(vec![StatusCode::PROCESSING, StatusCode::CONTINUE])).await;
    let expected = "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n";
    assert!(came.starts_with(expected) && came.ends_with(PAGE), "{came}");
}

#[tokio::test]
async fn heads_can_be_enormous() {
    let (came, _) = meet(Fault::ManyHeaders(10_000)).await;
    assert!(came.contains("\r\nx-filler-9999: 1\r\n") && came.ends_with(PAGE));
    let (came, _) = meet(Fault::HugeHeader(1 << 20)).await;
    assert!(came.len() > 1 << 20 && came.ends_with(PAGE));
}

#[tokio::test]
async fn every_byte_comes_alone_and_the_whole_is_the_same() {
    let served = with(Fault::OneBytePackets).await;
    let mut stream = connect(served.address()).await;
    stream.write_all(REQUEST).await.unwrap();
    let (mut came, mut reads) = (Vec::new(), 0);
    while stream.read_buf(&mut came).await.unwrap() > 0 {
        reads += 1;
    }
    let came = String::from_utf8(came).unwrap();
    assert_eq!(parts(&came).1, PAGE);
    // Client and server take turns on this thread, so hardly any two bytes meet in one read.
    assert!(reads > came.len() / 4, "{reads} reads of {} bytes", came.len());
}

#[tokio::test]
async fn stalls_hold_the_connection_until_the_client_leaves() {
    for (fault, expected) in [
        (Fault::NeverAnswer, String::new()),
        (Fault::HeadersThenStall, "\r\n\r\n".to_owned()),
        (Fault::HalfBodyThenStall, PAGE[..PAGE.len() / 2].to_owned()),
    ] {
        let served = with(fault.clone()).await;
        let mut stream = connect(served.address()).await;
        stream.write_all(REQUEST).await.unwrap();
        let came = read_until(&mut stream, &expected).await;
        assert!(came.ends_with(&expected), "{fault:?}");
        while served.simulator().log().count() == 0 {
            yield_now().await;
        }
        let error = stream.try_read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{fault:?}");
        assert_eq!(served.simulator().log().in_flight(), 1);
        drop(stream);
        idle(&served).await;
        assert!(served.simulator().log().entries()[0].ended.is_some());
    }
}

#[tokio::test]
async fn a_drip_stops_when_the_client_leaves() {
    let served = with(Fault::DripBytes { every: Duration::from_millis(1) }).await;
    let mut stream = connect(served.address()).await;
    stream.write_all(REQUEST).await.unwrap();
    let came = read_until(&mut stream, &PAGE[..3]).await;
    assert!(!came.contains(PAGE));
    drop(stream);
    idle(&served).await;
}

#[tokio::test]
async fn binary_bodies_and_odd_headers_go_out_as_they_are() {
    let (came, _) = meet(Fault::SetCookie(HeaderValue::from_static("a=b; Path=/"))).await;
    assert!(came.contains("\r\nset-cookie: a=b; Path=/\r\n"));
    let served = with(Fault::InvalidUtf8 { field: None }).await;
    let mut stream = connect(served.address()).await;
    stream.write_all(REQUEST).await.unwrap();
    let mut came = Vec::new();
    stream.read_to_end(&mut came).await.unwrap();
    assert!(came.contains(&0xff));
    let (came, _) = meet(Fault::status(StatusCode::from_u16(599).unwrap())).await;
    assert!(came.starts_with("HTTP/1.1 599 \r\n"), "{came}");
}

#[tokio::test]
async fn an_answer_to_head_has_the_length_but_no_body() {
    let served = with(Fault::Chunked).await;
    let (came, _) = talk(&served, b"HEAD / HTTP/1.1\r\nconnection: close\r\n\r\n").await;
    assert!(came.ends_with("\r\n\r\n"), "{came}");
    let served = serve(page_simulator()).await;
    let (came, _) = talk(&served, b"HEAD / HTTP/1.0\r\n\r\n").await;
    assert!(came.contains(&format!("content-length: {}", PAGE.len())) && came.ends_with("\r\n\r\n"));
}

#[tokio::test]
async fn large_bodies_go_out_whole_to_a_slow_reader() {
    const SIZE: usize = 8 << 20;
    let page = Bytes::from(vec![b'x'; SIZE]);
    let served =
        serve(simulator(move |_, _| SimResponse::bytes(StatusCode::OK, "text/plain", page.clone()))).await;
    let mut stream = connect(served.address()).await;
    stream.write_all(REQUEST).await.unwrap();
    let mut received = 0;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        if read == 0 {
            break;
        }
        received += read;
        yield_now().await;
    }
    assert!((SIZE..SIZE + 1_000).contains(&received), "{received}");
}

#[tokio::test]
async fn in_process_and_on_the_socket_headers_are_the_same() {
    let simulator = page_simulator();
    simulator.clock().hold(784_111_777_000);
    let inside = simulator.exchange(get("/")).await.unwrap();
    let served = serve(simulator).await;
    let (came, _) = talk(&served, REQUEST).await;
    for (name, value) in &inside.headers {
        assert!(came.contains(&format!("\r\n{name}: {}\r\n", value.to_str().unwrap())), "{name}");
    }
}
