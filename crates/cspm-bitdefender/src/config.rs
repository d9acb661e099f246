//! What a connection is made with.

use std::sync::Arc;

use cspm_core::http::HeaderName;
use cspm_core::secrecy::SecretString;
use cspm_core::{Error, ErrorKind, Origin, Result};
use cspm_http::{BaseUrl, Call, Client, Exchange, Settings};

use crate::error::dialect;
use crate::links::{Links, NextLink};
use crate::{Bitdefender, NAME, auth};

/// The regions that the vendor prints, and their base URLs (section 2.1). The letters are read as Europe, United States
/// and Asia-Pacific, which the vendor does not say. Further ones may exist: a base URL can be configured instead.
pub const REGIONS: &[(&str, &str)] = &[
    ("e", "https://api.e.cs.gravityzone.bitdefender.com/v1"),
    ("u", "https://api.u.cs.gravityzone.bitdefender.com/v1"),
    ("a", "https://api.a.cs.gravityzone.bitdefender.com/v1"),
];

/// How to reach the vendor, and with which key. The fields that [`Config::new`] fills in are for sites at which the
/// vendor turns out to behave otherwise than assumed.
#[derive(Clone, Debug)]
pub struct Config {
    /// The connection's name in every output: `[a-z0-9-]`.
    pub name: Arc<str>,
    /// The documented base, which ends in `/v1`.
    pub base_url: BaseUrl,
    /// A key of the Cloud Security console. Its alphabet is not known; it is sent as it is (section 2.2).
    pub api_key: SecretString,
    /// How the key is sent. Default: `x-api-key`, as the predecessor documents it (section 2.3).
    pub auth_scheme: AuthScheme,
    /// Reads 401 as a bad key and 403 as a missing permission: the usual way round, which is not the documented one
    /// (section 3.5).
    pub swap_401_403: bool,
    /// Records a page, 1 to 1000. Documented by the predecessor only, hence not sent by default (section 3.4).
    pub page_limit: Option<u16>,
    /// How several values of one filter are sent (section 3.8).
    pub array_style: ArrayStyle,
    /// What to do with a next link to another host.
    pub next_link: NextLink,
    /// Pace, time-outs, bounds, certificates.
    pub settings: Settings,
}

/// How the key is sent. The vendor does not say (section 2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthScheme {
    /// A header that holds the key behind a prefix.
    Header {
        /// The header; it is sent in lower case.
        name: HeaderName,
        /// What stands before the key: usually nothing.
        prefix: String,
    },
    /// `Authorization: Bearer <key>`.
    Bearer,
    /// `Authorization: Basic …` with the key as user name and an empty password, as the vendor's other API has it.
    BasicUser,
}

impl Default for AuthScheme {
    fn default() -> Self {
        Self::Header { name: HeaderName::from_static("x-api-key"), prefix: String::new() }
    }
}

/// How several values of one filter are sent. The vendor calls them arrays and prints one value (section 3.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ArrayStyle {
    /// `name=a,b`, as the predecessor documents it. A value that holds a comma is not asked for.
    #[default]
    Comma,
    /// `name=a&name=b`.
    Repeat,
}

impl ArrayStyle {
    /// Adds a filter to a call; nothing if it has no values.
    pub(crate) fn add<S: AsRef<str>>(self, call: Call, name: &str, values: &[S]) -> Call {
        match self {
            Self::Comma => call.query_list(name, values),
            Self::Repeat => values.iter().fold(call, |call, value| call.query(name, value.as_ref())),
        }
    }

    /// Whether a value stays one: a comma in it cannot be told from the one between values.
    pub(crate) fn can_express(self, value: &str) -> bool {
        self == Self::Repeat || !value.contains(',')
    }
}

impl Config {
    /// A configuration with the documented, or else most likely, behaviour.
    pub fn new(name: impl Into<Arc<str>>, base_url: BaseUrl, api_key: SecretString) -> Self {
        Self {
            name: name.into(),
            base_url,
            api_key,
            auth_scheme: AuthScheme::default(),
            swap_401_403: false,
            page_limit: None,
            array_style: ArrayStyle::default(),
            next_link: NextLink::default(),
            settings: Settings::default(),
        }
    }
}

impl Bitdefender {
    /// Makes a connection. Nothing is sent yet.
    ///
    /// # Errors
    /// Kind `config`: a base URL that does not end in `/v1`, a key that no header can hold, a page limit out of bounds,
    /// no root certificates, a bad `ca_pem`.
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
        let refused = |message: &str| Err(Error::new(ErrorKind::Config, message));
        if !config.base_url.path().ends_with("/v1") {
            return refused(
                "base_url has to end in /v1, as in https://api.e.cs.gravityzone.bitdefender.com/v1",
            );
        }
        if config.page_limit.is_some_and(|limit| !(1..=1000).contains(&limit)) {
            return refused("page_limit has to be between 1 and 1000");
        }
        let side_by_side = config.settings.side_by_side.max(1);
        let authenticator = auth::authenticator(config.auth_scheme, &config.api_key)?;
        let mut builder = Client::builder(config.base_url.clone(), dialect(config.swap_401_403))
            .authenticator(authenticator)
            .settings(config.settings);
        if let Some(exchange) = exchange {
            builder = builder.exchange(exchange);
        }
        Ok(Self {
            client: builder.build()?,
            origin: Origin::new(config.name, NAME),
            links: Links::new(config.base_url, config.next_link),
            page_limit: config.page_limit,
            side_by_side,
            array_style: config.array_style,
            catalogue: Default::default(),
            standards: Default::default(),
            resources: Default::default(),
            heeds_scans: Default::default(),
            heeds_rules: Default::default(),
        })
    }
}
