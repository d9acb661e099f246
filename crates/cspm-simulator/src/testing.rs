//! A vendor made of a closure, for this crate's own tests.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::simulator::Simulator;
use crate::wire::{SimRequest, SimResponse, VendorSim};

struct Closure<F>(F);

impl<F: Fn(&SimRequest, i64) -> SimResponse + Send + Sync + 'static> VendorSim for Closure<F> {
    fn vendor(&self) -> &'static str {
        "closure"
    }

    fn handle(&self, request: &SimRequest, now: i64) -> SimResponse {
        (self.0)(request, now)
    }
}

/// The body of every answer of [`page_simulator`].
pub(crate) const PAGE: &str = r#"{"data":[{"id":"a"},{"id":"b"}],"total":2}"#;

/// A simulator that answers by the closure.
pub(crate) fn simulator(
    handle: impl Fn(&SimRequest, i64) -> SimResponse + Send + Sync + 'static,
) -> Simulator {
    Simulator::new(Arc::new(Closure(handle)))
}

/// A simulator that answers everything with [`PAGE`].
pub(crate) fn page_simulator() -> Simulator {
    simulator(|_, _| SimResponse::bytes(StatusCode::OK, "application/json", PAGE))
}

/// A `GET` request without headers.
pub(crate) fn get(path: &str) -> SimRequest {
    SimRequest {
        method: Method::GET,
        path: path.into(),
        query: String::new(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
    }
}
