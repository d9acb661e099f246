//! What a connection is made with.

use std::fmt;
use std::sync::Arc;

use cspm_core::adapter::Shelf;
use cspm_core::secrecy::SecretString;
use cspm_core::{Origin, Result};
use cspm_http::{BaseUrl, Client, Exchange, Settings};

use crate::auth::authenticator;
use crate::error::DIALECT;
use crate::{Conformity, NAME};

/// The addresses of the vendor's regions (vendor document, section 2.1). Names of AWS regions are the legacy product,
/// the others Cloud One. The data of Cloud One's `us-1` may be in the legacy region `us-west-2`, with its own keys.
pub const REGIONS: &[(&str, &str)] = &[
    ("us-west-2", "https://us-west-2-api.cloudconformity.com/v1"),
    ("eu-west-1", "https://eu-west-1-api.cloudconformity.com/v1"),
    ("ap-southeast-2", "https://ap-southeast-2-api.cloudconformity.com/v1"),
    ("ca-central-1", "https://ca-central-1-api.cloudconformity.com/v1"),
    ("ap-southeast-1", "https://ap-southeast-1-api.cloudconformity.com/v1"),
    ("ap-northeast-1", "https://ap-northeast-1-api.cloudconformity.com/v1"),
    ("eu-central-1", "https://eu-central-1-api.cloudconformity.com/v1"),
    ("eu-west-2", "https://eu-west-2-api.cloudconformity.com/v1"),
    ("ap-south-1", "https://ap-south-1-api.cloudconformity.com/v1"),
    ("us-1", "https://conformity.us-1.cloudone.trendmicro.com/api"),
    ("in-1", "https://conformity.in-1.cloudone.trendmicro.com/api"),
    ("gb-1", "https://conformity.gb-1.cloudone.trendmicro.com/api"),
    ("jp-1", "https://conformity.jp-1.cloudone.trendmicro.com/api"),
    ("de-1", "https://conformity.de-1.cloudone.trendmicro.com/api"),
    ("au-1", "https://conformity.au-1.cloudone.trendmicro.com/api"),
    ("ca-1", "https://conformity.ca-1.cloudone.trendmicro.com/api"),
    ("sg-1", "https://conformity.sg-1.cloudone.trendmicro.com/api"),
    ("trend-us-1", "https://conformity.trend-us-1.cloudone.trendmicro.com/api"),
    ("ie-1", "https://conformity.ie-1.cloudone.trendmicro.com/api"),
];

/// How to reach the vendor, and as whom.
#[derive(Clone)]
pub struct Config {
    /// The connection's name in every output: `[a-z0-9-]`.
    pub name: Arc<str>,
    /// The documented base, ending in `/v1` (legacy) or `/api` (Cloud One); for a region see [`BaseUrl::of_region`].
    pub base_url: BaseUrl,
    /// A legacy user's or a Cloud One API key.
    pub api_key: SecretString,
    /// Pace, time-outs, bounds, certificates.
    pub settings: Settings,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("name", &self.name)
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

impl Conformity {
    /// Makes a connection. Nothing is sent yet.
    ///
    /// # Errors
    /// Kind `config`: a key that no header can hold, no root certificates, a bad `ca_pem`.
    pub fn connect(config: Config) -> Result<Self> {
        Self::assemble(config, None)
    }

    /// As [`connect`](Self::connect), with requests carried by other means than the network.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_through(config: Config, exchange: Arc<dyn Exchange>) -> Result<Self> {
        Self::assemble(config, Some(exchange))
    }

    fn assemble(config: Config, exchange: Option<Arc<dyn Exchange>>) -> Result<Self> {
        let Config { name, base_url, api_key, settings } = config;
        let side_by_side = settings.side_by_side.max(1);
        let mut builder =
            Client::builder(base_url, DIALECT).settings(settings).authenticator(authenticator(api_key)?);
        if let Some(exchange) = exchange {
            builder = builder.exchange(exchange);
        }
        Ok(Self {
            client: builder.build()?,
            origin: Origin::new(name, NAME),
            side_by_side,
            verdict: Default::default(),
            catalogue: Shelf::default(),
            rules: Shelf::default(),
        })
    }
}
