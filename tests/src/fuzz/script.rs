//! A server that answers what it was told to, in that order, whatever it is asked.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use cspm_http::{Broken, Exchange};
use http::{HeaderMap, Request, Response, StatusCode};
use tokio::time::Instant;

/// Between two answers of an input. No JSON text holds it.
pub(crate) const SEPARATOR: u8 = 0x1e;

/// One answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scripted {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Scripted {
    /// Reads three digits, the status, and the body; without such digits all of it is the body of a success.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let status = bytes.get(..3).and_then(|digits| StatusCode::from_bytes(digits).ok());
        let (status, body) = match status {
            Some(status) if status.as_u16() < 600 => (status, &bytes[3..]),
            _ => (StatusCode::OK, bytes),
        };
        Self { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body) }
    }
}

/// The server.
#[derive(Debug)]
pub(crate) struct Script {
    answers: Mutex<VecDeque<Scripted>>,
    arrivals: Mutex<Vec<Instant>>,
    astray: AtomicU64,
}

impl Script {
    /// These answers, and a refusal of everything after.
    pub(crate) fn new(answers: impl IntoIterator<Item = Scripted>) -> Self {
        let answers = Mutex::new(answers.into_iter().collect());
        Self { answers, arrivals: Mutex::default(), astray: AtomicU64::new(0) }
    }

    /// When the requests came.
    pub(crate) fn arrivals(&self) -> Vec<Instant> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many requests came.
    pub(crate) fn requests(&self) -> u64 {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    /// Fails if a request went to another host.
    pub(crate) fn assert_none_astray(&self) {
        assert_eq!(self.astray.load(Ordering::Relaxed), 0, "a request went to another host");
    }
}

#[async_trait]
impl Exchange for Script {
    async fn exchange(&self, request: Request<Bytes>, _largest: u64) -> Result<Response<Bytes>, Broken> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
        let authority = request.uri().authority().map(http::uri::Authority::as_str);
        if authority != Some(crate::lab::HOST) {
            self.astray.fetch_add(1, Ordering::Relaxed);
        }
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let answer = answer.unwrap_or(Scripted { status: StatusCode::BAD_REQUEST, ..Scripted::default() });
        let mut response = Response::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}
