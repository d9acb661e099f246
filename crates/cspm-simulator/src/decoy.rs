//! The address that a client must not call.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use crate::simulator::Simulator;
use crate::wire::{SimRequest, SimResponse, VendorSim};

struct Decoy;

impl VendorSim for Decoy {
    fn vendor(&self) -> &'static str {
        "decoy"
    }

    fn handle(&self, _: &SimRequest, _: i64) -> SimResponse {
        SimResponse::json(StatusCode::OK, &json!({}))
    }
}

impl Simulator {
    /// No vendor: answers everything with 200 and `{}`. As the target of a redirect or a foreign next link its log shows
    /// whether a client went there, and with which headers.
    pub fn decoy() -> Self {
        Self::new(Arc::new(Decoy))
    }
}
