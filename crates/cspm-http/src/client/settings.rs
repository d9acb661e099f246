//! What a connection is set to, and putting a client together.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use cspm_core::{Authenticator, Meter, Result};
use tokio::sync::Semaphore;

use super::{Client, Shared, UNKNOWN_SKEW};
use crate::exchange::{Exchange, Network};
use crate::pace::Pace;
use crate::redact::Redactor;
use crate::retry::Purse;
use crate::{BaseUrl, Dialect};

/// What a user may set on a connection.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Requests a second; `None` learns the vendor's pace.
    pub requests_per_second: Option<f64>,
    /// One request, from connecting to the last byte. Default 60 s.
    pub timeout: Duration,
    /// One call with all its repeats and waits. Default 5 minutes.
    pub deadline: Duration,
    /// The largest body in bytes, after unpacking. Default 64 MiB.
    pub max_response: u64,
    /// An extra root certificate, PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// Requests in flight at once. Default 3: their answers are what takes memory, and vendors limit rates anyway.
    pub side_by_side: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            requests_per_second: None,
            timeout: Duration::from_secs(60),
            deadline: Duration::from_secs(300),
            max_response: 64 << 20,
            ca_pem: None,
            side_by_side: 3,
        }
    }
}

/// Puts a [`Client`] together.
pub struct ClientBuilder {
    base: BaseUrl,
    dialect: Dialect,
    settings: Settings,
    authenticator: Option<Arc<dyn Authenticator>>,
    exchange: Option<Arc<dyn Exchange>>,
}

impl ClientBuilder {
    pub(super) fn new(base: BaseUrl, dialect: Dialect) -> Self {
        Self { base, dialect, settings: Settings::default(), authenticator: None, exchange: None }
    }

    /// How to prove who is calling. Without one, nothing is proved.
    #[must_use]
    pub fn authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.authenticator = Some(authenticator);
        self
    }

    /// What the user set.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Carries requests by other means than the network: to a simulator in the same process, say.
    #[must_use]
    pub fn exchange(mut self, exchange: Arc<dyn Exchange>) -> Self {
        self.exchange = Some(exchange);
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    /// Kind `config` if there are no root certificates, or `ca_pem` holds none.
    pub fn build(self) -> Result<Client> {
        let Self { base, dialect, settings, authenticator, exchange } = self;
        let exchange = match exchange {
            Some(exchange) => exchange,
            None => Arc::new(Network::open(&base, &settings)?),
        };
        let client = Client {
            shared: Arc::new(Shared {
                pace: Pace::new(settings.requests_per_second, dialect.first_pace),
                permits: Semaphore::new(settings.side_by_side.clamp(1, Semaphore::MAX_PERMITS)),
                meter: Meter::default(),
                purse: Purse::new(),
                redactor: Redactor::default(),
                skew: AtomicI64::new(UNKNOWN_SKEW),
                base,
                dialect,
                settings,
                exchange,
            }),
            authenticator: None,
        };
        Ok(match authenticator {
            Some(authenticator) => client.with_authenticator(authenticator),
            None => client,
        })
    }
}
