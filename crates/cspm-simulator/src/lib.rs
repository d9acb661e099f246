//! Local stand-ins for the three vendors, with seeded data, for tests, demonstrations and benchmarks.
//!
//! Each vendor ([`conformity`], [`insightcloudsec`], [`bitdefender`]) is a state machine behind the trait
//! [`wire::VendorSim`]: one request in, one answer out. A [`Simulator`] puts around it what all of them share:
//!
//! * a [`RequestLog`] of every request as it arrived;
//! * a [`FaultPlan`] of [`Rule`]s: which requests ([`Match`], [`Which`]) meet which [`Fault`], from an error status to a
//!   connection that is reset in the middle of a body;
//! * a [`Throttle`] for each credential, a [`Latency`], and a [`SimClock`] that can be moved.
//!
//! It is reached over HTTP/1.1 on loopback ([`Simulator::serve`], or [`Simulator::serve_in_thread`] so as not to share
//! the client's runtime), with the feature `tls` also over TLS and HTTP/2 (`Simulator::serve_tls`), or in process ([`Simulator::exchange`], [`Simulator::open`]), where all waiting is a sleep of
//! tokio's clock: under its paused clock an hour of throttling takes no time.
//!
//! ```
//! use std::sync::Arc;
//!
//! use cspm_simulator::wire::{SimRequest, SimResponse, VendorSim};
//! use cspm_simulator::{Fault, Match, Simulator, Which};
//! use http::StatusCode;
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use tokio::net::TcpStream;
//!
//! struct Greeter;
//!
//! impl VendorSim for Greeter {
//!     fn vendor(&self) -> &'static str {
//!         "greeter"
//!     }
//!
//!     fn handle(&self, request: &SimRequest, _now: i64) -> SimResponse {
//!         SimResponse::json(StatusCode::OK, &format!("hello {}", request.path))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let served = Simulator::new(Arc::new(Greeter)).serve("127.0.0.1:0").await?;
//! let simulator = served.simulator();
//! simulator.faults().on(Match::get("/"), Which::Nth(2), Fault::throttled(7));
//!
//! let mut answers = Vec::new();
//! for _ in 0..2 {
//!     let mut stream = TcpStream::connect(served.address()).await?;
//!     stream.write_all(b"GET /you HTTP/1.1\r\nhost: local\r\nconnection: close\r\n\r\n").await?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer).await?;
//!     answers.push(answer);
//! }
//! assert!(answers[0].ends_with("\"hello /you\""));
//! assert!(answers[1].starts_with("HTTP/1.1 429 ") && answers[1].contains("retry-after: 7\r\n"));
//!
//! let log = simulator.log().entries();
//! assert_eq!(log.iter().filter_map(|entry| entry.status).collect::<Vec<_>>(), [200, 429]);
//! # Ok(())
//! # }
//! ```

pub mod bitdefender;
pub mod conformity;
pub mod insightcloudsec;
pub mod wire;

mod clock;
mod connection;
mod decoy;
mod delivery;
mod error_body;
mod exchange;
mod fault;
mod gzip;
#[cfg(feature = "tls")]
mod http2;
mod inject;
mod log;
mod matching;
mod plan;
mod request;
mod retry_after;
mod server;
mod simulator;
mod stream;
mod sync;
#[cfg(test)]
mod testing;
mod throttle;
#[cfg(feature = "tls")]
mod tls;

pub use clock::{DateForm, SimClock};
pub use delivery::STALL;
pub use error_body::ErrorBody;
pub use exchange::{Broken, SimAnswer, SimBody};
pub use fault::{Fault, Rewrite, Then};
pub use log::{LogEntry, RequestLog};
pub use matching::Match;
pub use plan::{FaultPlan, Rule, RuleId, Which};
pub use retry_after::RetryAfter;
pub use server::{HangingPort, Served};
pub use simulator::{Latency, Simulator};
pub use throttle::{Announce, Hint, Throttle, Throttling};
#[cfg(feature = "tls")]
pub use tls::{Certificate, Offer, Outdated, Tls};
