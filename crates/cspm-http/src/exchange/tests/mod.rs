//! The real HTTP client against servers that are nothing but a socket, on loopback.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cspm_core::{ErrorKind, Obstacle, Owner};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::{BaseUrl, Settings};

mod http2;
mod names;
mod proxy;
mod tls;
mod wire;

/// A server on a free port that hands each connection to a function.
async fn serve<F>(mut handle: impl FnMut(TcpStream, usize) -> F + Send + 'static) -> BaseUrl
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        for number in 0.. {
            let Ok((stream, _)) = listener.accept().await else { return };
            stream.set_nodelay(true).unwrap();
            tokio::spawn(handle(stream, number));
        }
    });
    BaseUrl::parse(&format!("http://127.0.0.1:{port}")).unwrap()
}

/// Reads one request (without a body) from a connection; false at its end.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return false,
        }
    }
    true
}

/// A server that answers each connection with these bytes and closes it.
async fn serve_bytes(answer: impl Into<Vec<u8>>) -> BaseUrl {
    let answer: Bytes = answer.into().into();
    serve(move |mut stream, _| {
        let answer = answer.clone();
        async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
            // Reading on until the client has gone keeps the kernel from resetting what it has not read yet.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    })
    .await
}

fn network(base: &BaseUrl) -> Network {
    network_within(base, Duration::from_secs(20))
}

fn network_within(base: &BaseUrl, timeout: Duration) -> Network {
    Network::open(base, &Settings { timeout, ..Settings::default() }).unwrap()
}

type Brought = Result<Response<Bytes>, Broken>;

const LARGEST: u64 = 1 << 20;

async fn get(base: &BaseUrl) -> Brought {
    get_with(&network(base), base).await
}

async fn get_with(network: &Network, base: &BaseUrl) -> Brought {
    let request = Request::get(format!("{}/x", base.as_str())).body(Bytes::new()).unwrap();
    network.exchange(request, LARGEST).await
}

async fn get_bytes(answer: impl Into<Vec<u8>>) -> Brought {
    get(&serve_bytes(answer).await).await
}

fn http_answer(headers: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\n{headers}\r\n").as_bytes(), body].concat()
}

fn answer_of(body: &[u8]) -> Vec<u8> {
    http_answer(&format!("content-length: {}\r\n", body.len()), body)
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn gzip_answer(packed: &[u8]) -> Vec<u8> {
    http_answer(&format!("content-encoding: gzip\r\ncontent-length: {}\r\n", packed.len()), packed)
}
