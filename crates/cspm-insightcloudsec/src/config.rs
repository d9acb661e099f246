//! What a connection is made with.

use std::fmt;
use std::sync::Arc;

use cspm_core::secrecy::SecretString;
use cspm_core::{Error, ErrorKind, Notice, Origin, Result};
use cspm_http::{BaseUrl, Client, Exchange, Settings};

use crate::auth::authenticated;
use crate::error::DIALECT;
use crate::organization::Home;
use crate::{InsightCloudSec, NAME};

/// How to reach an installation, and as whom. There are no regions: every customer has an address (section 2.1).
#[derive(Clone, Debug)]
pub struct Config {
    /// The connection's name in every output: `[a-z0-9-]`.
    pub name: Arc<str>,
    /// The installation's root: `https://acme.customer.divvycloud.com`. A version at its end (`/v2`, `/v3`, `/v4`) is
    /// taken off with a warning: paths carry their own, which differ.
    pub base_url: BaseUrl,
    /// As whom.
    pub credential: Credential,
    /// The organization that writes must land in, by name or number: a write while the user works in another one is
    /// refused. `None`: the one that the user worked in when the connection first looked. Nothing switches it.
    pub organization: Option<String>,
    /// Pace, time-outs, bounds, certificates.
    pub settings: Settings,
}

/// As whom to call. It prints as a word, never as what it holds.
#[derive(Clone)]
pub enum Credential {
    /// An API key: the better choice, since it also works for users with single sign-on or a second factor.
    ApiKey(SecretString),
    /// A user name and its password, for a session that is renewed when it ends.
    Password {
        /// The user name.
        username: String,
        /// The password.
        password: SecretString,
    },
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiKey(_) => "ApiKey",
            Self::Password { .. } => "Password",
        })
    }
}

impl InsightCloudSec {
    /// Makes a connection. Nothing is sent yet.
    ///
    /// # Errors
    /// Kind `config`: a credential that no header can hold, no root certificates, a bad `ca_pem`.
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
        let Config { name, base_url, credential, organization, settings } = config;
        let (base_url, notice) = root_of(base_url)?;
        let side_by_side = settings.side_by_side.max(1);
        let mut builder = Client::builder(base_url, DIALECT).settings(settings);
        if let Some(exchange) = exchange {
            builder = builder.exchange(exchange);
        }
        let has_key = matches!(credential, Credential::ApiKey(_));
        let client = authenticated(&builder.build()?, credential)?;
        Ok(Self {
            client,
            origin: Origin::new(name, NAME),
            side_by_side,
            has_key,
            notice,
            version: Default::default(),
            verdicts: Default::default(),
            home: Home::new(organization),
            catalogue: Default::default(),
            exemptions: Default::default(),
            packs: Default::default(),
        })
    }
}

/// The installation's root, and a word about it if something had to be taken off.
fn root_of(base: BaseUrl) -> Result<(BaseUrl, Option<Notice>)> {
    let version = ["/v2", "/v3", "/v4"].into_iter().find(|version| base.path().ends_with(version));
    let Some(root) = version.and_then(|version| base.as_str().strip_suffix(version)) else {
        return Ok((base, None));
    };
    let root =
        BaseUrl::parse(root).map_err(|error| Error::new(ErrorKind::Config, format!("base_url: {error}")))?;
    let text = "base_url ends in a version, which was taken off; write the root of the installation";
    Ok((root, Some(Notice::new(text))))
}
