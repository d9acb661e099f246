//! One vendor with everything around it: log, faults, throttle, clock.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use http::{HeaderValue, StatusCode, header};
use tokio::sync::watch;

use crate::clock::SimClock;
use crate::delivery::Delivery;
use crate::fault::Fault;
use crate::gzip;
use crate::inject::{between, inject};
use crate::log::{LogTicket, RequestLog};
use crate::plan::FaultPlan;
use crate::sync::lock;
use crate::throttle::{Permit, Throttling, Verdict};
use crate::wire::{SimRequest, SimResponse, VendorSim};

/// Bodies up to this size are not worth packing.
const SMALLEST_PACKED: usize = 1_024;

/// A vendor that can be reached, over a socket ([`Simulator::serve`], [`Simulator::serve_in_thread`]) or in process
/// ([`Simulator::exchange`]). Clones are the same simulator.
#[derive(Clone)]
pub struct Simulator(Arc<Inner>);

struct Inner {
    vendor: Arc<dyn VendorSim>,
    log: Arc<RequestLog>,
    faults: FaultPlan,
    clock: SimClock,
    throttling: Throttling,
    options: Mutex<Options>,
    down: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Options {
    gzip: bool,
    latency: Option<(Latency, Rng)>,
}

/// How long every answer takes: a random time between two, so that answers to requests sent together come out of
/// order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// At least.
    pub from: Duration,
    /// At most.
    pub to: Duration,
    /// The seed of the randomness.
    pub seed: u64,
}

/// A request that is being answered: in the log as such, and counted by the throttle.
#[derive(Debug)]
pub(crate) struct Ticket {
    log: LogTicket,
    permit: Option<Permit>,
}

impl Ticket {
    /// An answer with this status begins.
    pub(crate) fn answered(&self, status: StatusCode) {
        self.log.note(|entry| entry.status = Some(status));
    }

    /// The request is no longer in flight.
    pub(crate) fn end(&mut self) {
        self.permit = None;
        self.log.end();
    }
}

impl Simulator {
    /// A simulator of this vendor: no faults, no throttle, no latency, nothing packed, the real time.
    pub fn new(vendor: Arc<dyn VendorSim>) -> Self {
        Self(Arc::new(Inner {
            vendor,
            log: Arc::new(RequestLog::new()),
            faults: FaultPlan::default(),
            clock: SimClock::new(),
            throttling: Throttling::default(),
            options: Mutex::default(),
            down: watch::Sender::new(false),
        }))
    }

    /// The vendor's name, see [`VendorSim::vendor`].
    pub fn vendor(&self) -> &'static str {
        self.0.vendor.vendor()
    }

    /// What was asked so far.
    pub fn log(&self) -> &RequestLog {
        &self.0.log
    }

    /// What will go wrong.
    pub fn faults(&self) -> &FaultPlan {
        &self.0.faults
    }

    /// The wall clock.
    pub fn clock(&self) -> &SimClock {
        &self.0.clock
    }

    /// The rate limit.
    pub fn throttle(&self) -> &Throttling {
        &self.0.throttling
    }

    /// Whether bodies above 1 KiB are packed with gzip for clients that accept it. Off at first.
    pub fn set_gzip(&self, on: bool) {
        lock(&self.0.options).gzip = on;
    }

    /// How long answers take from now on; `None`, as at first, is no time.
    pub fn set_latency(&self, latency: Option<Latency>) {
        lock(&self.0.options).latency = latency.map(|latency| (latency, Rng::with_seed(latency.seed)));
    }

    /// Takes the simulator down, as if its program had ended, or up again.
    ///
    /// While it is down its ports are closed, so that connecting is refused, and what was open is cut off. The server
    /// needs a moment for that: [`crate::Served::settled`] waits for it. It comes up at the same address.
    pub fn set_down(&self, down: bool) {
        self.0.down.send_replace(down);
    }

    pub(crate) fn down(&self) -> watch::Receiver<bool> {
        self.0.down.subscribe()
    }

    /// Answers a request as far as that takes no time: what is left is how the answer travels.
    pub(crate) fn begin(&self, request: SimRequest) -> (Delivery, Ticket) {
        let inner = &*self.0;
        let request = Arc::new(request);
        let log = inner.log.arrived(&request);
        let now = inner.clock.now();
        let (mut delivery, permit) = match inner.throttling.admit(&request, now) {
            Verdict::Refused(response) => {
                log.note(|entry| entry.throttled = true);
                (Delivery::new(&request, response), None)
            }
            Verdict::Admitted { permit, announcement } => {
                let (mut delivery, faults) = self.ask(&request);
                delivery.response.headers.extend(announcement);
                if !faults.is_empty() {
                    log.note(|entry| entry.faults = faults);
                }
                (delivery, permit)
            }
        };
        let mut options = lock(&inner.options);
        if let Some((latency, rng)) = &mut options.latency {
            delivery.wait += between(latency.from, latency.to, rng.f64());
        }
        if options.gzip {
            drop(options);
            pack(&request, &mut delivery.response);
        }
        (delivery, Ticket { log, permit })
    }

    /// The vendor's answer with the faults that hit it.
    fn ask(&self, request: &SimRequest) -> (Delivery, Vec<Fault>) {
        let hits = self.0.faults.meet(request);
        for hit in &hits {
            if let Fault::Then(then) = &hit.fault {
                then.run();
            }
        }
        let now = self.0.clock.now();
        let response = if hits.iter().all(|hit| hit.carried_out) {
            self.0.vendor.handle(request, now)
        } else {
            SimResponse::empty(StatusCode::OK)
        };
        let mut delivery = Delivery::new(request, response);
        for hit in &hits {
            inject(&hit.fault, &mut delivery, request, hit.draw, now);
        }
        (delivery, hits.into_iter().map(|hit| hit.fault).collect())
    }
}

fn pack(request: &SimRequest, response: &mut SimResponse) {
    let accepted = request.headers.get_all(header::ACCEPT_ENCODING).iter();
    let offered = accepted.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let takes_gzip = offered.map(str::trim).any(|coding| coding.eq_ignore_ascii_case("gzip"));
    if takes_gzip
        && response.body.len() > SMALLEST_PACKED
        && !response.headers.contains_key(header::CONTENT_ENCODING)
    {
        response.body = gzip::pack(&response.body);
        response.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response.headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").field("vendor", &self.vendor()).finish_non_exhaustive()
    }
}
