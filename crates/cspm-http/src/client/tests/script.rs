//! A server that answers by a function of the request, and remembers what it was asked and when.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};

use super::super::*;
use crate::{Broken, BrokenKind};

pub(super) type Reply = std::result::Result<Response<Bytes>, Broken>;

type Answering = dyn Fn(usize, &Seen) -> Reply + Send + Sync;

/// One request as the server saw it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Since the script began.
    pub(super) at: Duration,
    pub(super) method: Method,
    pub(super) uri: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

pub(super) struct Script {
    began: Instant,
    latency: Duration,
    seen: Mutex<Vec<Seen>>,
    now_in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    answer: Box<Answering>,
}

impl Script {
    /// `answer` is given the number of the request, from 0, and the request.
    pub(super) fn new(answer: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Arc<Self> {
        Self::slow(Duration::ZERO, answer)
    }

    /// As [`new`](Self::new); each answer takes so long.
    pub(super) fn slow(
        latency: Duration,
        answer: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            latency,
            seen: Mutex::default(),
            now_in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
            answer: Box::new(answer),
        })
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.seen()
            .into_iter()
            .map(|seen| seen.uri.split_once("host.example").unwrap().1.to_owned())
            .collect()
    }

    pub(super) fn began_to_now(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn most_in_flight(&self) -> usize {
        self.most_in_flight.load(Ordering::Relaxed)
    }
}

struct Leaving<'a>(&'a AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Exchange for Script {
    async fn exchange(&self, request: Request<Bytes>, _largest: u64) -> Reply {
        let (parts, body) = request.into_parts();
        let seen = Seen {
            at: self.began.elapsed(),
            method: parts.method,
            uri: parts.uri.to_string(),
            headers: parts.headers,
            body,
        };
        let number = {
            let mut all = self.seen.lock().unwrap();
            all.push(seen.clone());
            all.len() - 1
        };
        let in_flight = self.now_in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_in_flight.fetch_max(in_flight, Ordering::Relaxed);
        let _leaving = Leaving(&self.now_in_flight);
        tokio::time::sleep(self.latency).await;
        (self.answer)(number, &seen)
    }
}

pub(super) fn status(status: u16) -> Reply {
    with_headers(status, &[])
}

pub(super) fn with_headers(status: u16, headers: &[(&'static str, &str)]) -> Reply {
    let mut response = Response::new(Bytes::from_static(b"{}"));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        response.headers_mut().append(*name, HeaderValue::from_str(value).unwrap());
    }
    Ok(response)
}

pub(super) fn with_body(code: u16, body: impl Into<Bytes>) -> Reply {
    status(code).map(|response| response.map(|_| body.into()))
}

pub(super) fn broken(kind: BrokenKind, sent: bool) -> Reply {
    Err(Broken { kind, sent, message: "for a reason".to_owned() })
}

pub(super) fn dialect(retries_on_500: u32) -> Dialect {
    Dialect { vendor: "test", classify: |_, _| None, retries_on_500, first_pace: 1000.0 }
}

/// A client of a script at `https://host.example/v1`.
pub(super) fn client_with(script: &Arc<Script>, settings: Settings, retries_on_500: u32) -> Client {
    let base = BaseUrl::parse("https://host.example/v1").unwrap();
    let builder = Client::builder(base, dialect(retries_on_500)).settings(settings);
    builder.exchange(script.clone()).build().unwrap()
}

pub(super) fn client(script: &Arc<Script>) -> Client {
    client_with(script, Settings::default(), 0)
}

pub(super) fn read() -> Call {
    Call::get("read things", "/things")
}

/// Sends many calls side by side and gives what came of them.
pub(super) async fn send_many(client: &Client, count: usize) -> Vec<Result<Answer>> {
    let tasks: Vec<_> = (0..count)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.send(read()).await })
        })
        .collect();
    futures_util::future::join_all(tasks).await.into_iter().map(|done| done.unwrap()).collect()
}
