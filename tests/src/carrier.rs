//! The way from a connection to a simulator in the same process: no sockets, and all waiting is tokio's clock.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cspm_http::{Broken, BrokenKind, Exchange};
use cspm_simulator::Simulator;
use cspm_simulator::wire::SimRequest;
use http::{HeaderValue, Request, Response, StatusCode, header};

use crate::way::Way;

/// As long as real connections are waited for.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// So much of a failure's body a real connection reads at least; its status is enough.
const ERROR_BODY: usize = 16 << 10;

/// Carries requests to simulators by host and port, as a network would.
#[derive(Debug, Default)]
pub struct Carrier {
    hosts: HashMap<String, Simulator>,
    silent: HashSet<String>,
    refused: AtomicU64,
}

impl Carrier {
    /// The same network with one more host.
    #[must_use]
    pub fn with(mut self, authority: &str, simulator: Simulator) -> Self {
        self.hosts.insert(authority.to_owned(), simulator);
        self
    }

    /// The same network, on which no connection to this host ever comes about, nor is refused.
    #[must_use]
    pub fn silent(mut self, authority: &str) -> Self {
        self.silent.insert(authority.to_owned());
        self
    }

    fn refuse(&self, kind: BrokenKind, message: &str) -> Broken {
        self.refused.fetch_add(1, Ordering::Relaxed);
        Broken { kind, sent: false, message: message.to_owned() }
    }
}

impl Way for Carrier {
    fn unheard(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Exchange for Carrier {
    async fn exchange(&self, request: Request<Bytes>, largest: u64) -> Result<Response<Bytes>, Broken> {
        let (parts, body) = request.into_parts();
        let authority = parts.uri.authority().map_or("", |authority| authority.as_str()).to_owned();
        if self.silent.contains(&authority) {
            tokio::time::sleep(CONNECT_TIMEOUT).await;
            return Err(self.refuse(BrokenKind::Timeout, "no connection in time"));
        }
        let Some(simulator) = self.hosts.get(&authority) else {
            return Err(self.refuse(BrokenKind::Resolve, "no such host"));
        };
        let mut headers = parts.headers;
        headers.insert(header::HOST, HeaderValue::try_from(&authority).expect("a host is a header value"));
        headers.entry(header::ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip"));
        let request = SimRequest {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers,
            body,
        };
        let answer = simulator.exchange(request).await.map_err(|broken| self.translate(&broken))?;
        let mut response = Response::new(unpack(answer.status, &answer.headers, answer.body, largest)?);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

impl Carrier {
    fn translate(&self, broken: &cspm_simulator::Broken) -> Broken {
        use cspm_simulator::Broken as Sim;
        let kind = match broken {
            Sim::Refused => return self.refuse(BrokenKind::Connect, "connection refused"),
            Sim::ResetBeforeAnswer
            | Sim::ClosedBeforeAnswer
            | Sim::ResetInBody { .. }
            | Sim::ClosedInBody { .. }
            | Sim::RefusedStream
            | Sim::GoAway
            | Sim::ResetStream { .. } => BrokenKind::Interrupted,
            Sim::Stalled { .. } => BrokenKind::Timeout,
            Sim::NotHttp(_) => BrokenKind::Garbled,
        };
        let sent = !matches!(broken, Sim::RefusedStream | Sim::GoAway);
        Broken { kind, sent, message: broken.to_string() }
    }
}

fn unpack(status: StatusCode, headers: &http::HeaderMap, body: Bytes, largest: u64) -> Result<Bytes, Broken> {
    let too_large =
        || Broken { kind: BrokenKind::TooLarge, sent: true, message: "the answer is too large".to_owned() };
    let is_packed = headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding == "gzip");
    if !is_packed {
        let body = if status.is_success() { body } else { body.slice(..body.len().min(ERROR_BODY)) };
        return if body.len() as u64 > largest { Err(too_large()) } else { Ok(body) };
    }
    let mut plain = Vec::new();
    let unpacked = flate2::read::MultiGzDecoder::new(&*body).take(largest + 1).read_to_end(&mut plain);
    match unpacked {
        Err(_) => Err(Broken { kind: BrokenKind::Garbled, sent: true, message: "not gzip".to_owned() }),
        Ok(_) if plain.len() as u64 > largest => Err(too_large()),
        Ok(_) => Ok(plain.into()),
    }
}
