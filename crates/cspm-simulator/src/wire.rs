//! A request and an answer as plain values: what a vendor's state machine sees of HTTP.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Serialize;

/// One request as it arrived, before any decoding.
#[derive(Clone, Debug)]
pub struct SimRequest {
    /// The method.
    pub method: Method,
    /// The path exactly as sent, percent-encoding untouched, always beginning with `/`.
    pub path: String,
    /// The query exactly as sent, without the question mark; empty if there was none.
    pub query: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body; empty if there was none.
    pub body: Bytes,
}

/// One answer. `Bytes` bodies are cheap to clone, so a page made once is served many times.
#[derive(Clone, Debug)]
pub struct SimResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers beside `content-length` and `date`, which the server adds.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl SimResponse {
    /// An answer with a JSON body.
    pub fn json(status: StatusCode, value: &impl Serialize) -> Self {
        // Serialising a value that this crate built can only fail on a non-string map key, which it never makes.
        let body = serde_json::to_vec(value).unwrap_or_default();
        Self::bytes(status, "application/json", body)
    }

    /// An answer with a body of the given media type.
    pub fn bytes(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers, body: body.into() }
    }

    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }
}

/// A vendor as a state machine: one request in, one answer out, no waiting and no sockets.
///
/// The server, the request log, the fault plan and the throttle are the same for all vendors and live beside it
/// (`server.rs`, `log.rs`, `fault.rs`, `throttle.rs`).
pub trait VendorSim: Send + Sync + 'static {
    /// The vendor's name as the configuration spells it: `conformity`, `insightcloudsec` or `bitdefender`.
    fn vendor(&self) -> &'static str;

    /// Answers one request. `now` is the simulator's wall clock in milliseconds since 1970 (it can be moved).
    fn handle(&self, request: &SimRequest, now: i64) -> SimResponse;
}
