//! The one table of vendors: what each needs from a configuration, and how it is connected.

#[cfg(any(feature = "conformity", feature = "insightcloudsec", feature = "bitdefender"))]
use std::sync::Arc;

#[cfg(any(feature = "conformity", feature = "bitdefender"))]
use cspm_core::secrecy::SecretString;
use cspm_core::{Capabilities, Error, ErrorKind, Result, SharedVendor};

#[cfg(any(feature = "conformity", feature = "insightcloudsec", feature = "bitdefender"))]
use crate::config::Credential;
use crate::config::{Connection, VendorKind};

/// What each vendor that is built in can do.
#[must_use]
pub fn capabilities() -> Vec<Capabilities> {
    vec![
        #[cfg(feature = "conformity")]
        cspm_conformity::CAPABILITIES,
        #[cfg(feature = "insightcloudsec")]
        cspm_insightcloudsec::CAPABILITIES,
        #[cfg(feature = "bitdefender")]
        cspm_bitdefender::CAPABILITIES,
    ]
}

/// Makes the connection that a configuration describes. Nothing is sent yet.
///
/// # Errors
/// Kind `config` if it cannot work: no root certificates, a credential that no header can hold, a vendor that is not
/// built in.
pub fn connect(connection: &Connection) -> Result<SharedVendor> {
    match connection.vendor {
        #[cfg(feature = "conformity")]
        VendorKind::Conformity => {
            Ok(Arc::new(cspm_conformity::Conformity::connect(cspm_conformity::Config {
                name: connection.name.as_str().into(),
                base_url: connection.address.clone(),
                api_key: key(connection)?,
                settings: settings(connection),
            })?))
        }
        #[cfg(feature = "insightcloudsec")]
        VendorKind::InsightCloudSec => {
            use cspm_insightcloudsec::{Config, Credential as As, InsightCloudSec};
            Ok(Arc::new(InsightCloudSec::connect(Config {
                name: connection.name.as_str().into(),
                base_url: connection.address.clone(),
                credential: match &connection.credential {
                    Credential::Key(key) => As::ApiKey(key.clone()),
                    Credential::Login { username, password } => {
                        As::Password { username: username.clone(), password: password.clone() }
                    }
                },
                organization: connection.organization.clone(),
                settings: settings(connection),
            })?))
        }
        #[cfg(feature = "bitdefender")]
        VendorKind::Bitdefender => {
            use cspm_bitdefender::{AuthScheme, Bitdefender, Config};
            let mut config =
                Config::new(connection.name.as_str(), connection.address.clone(), key(connection)?);
            config.settings = settings(connection);
            if let Some(name) = &connection.auth_header {
                let refused = |_| Error::new(ErrorKind::Config, "auth_header is no name of an HTTP header");
                config.auth_scheme =
                    AuthScheme::Header { name: name.parse().map_err(refused)?, prefix: String::new() };
            }
            Ok(Arc::new(Bitdefender::connect(config)?))
        }
        #[allow(unreachable_patterns, reason = "reachable as soon as one vendor is left out of the build")]
        other => {
            let message =
                format!("this build does not know {0}; build it with the feature {0}", other.as_str());
            Err(Error::new(ErrorKind::Config, message))
        }
    }
}

/// Whether a vendor's feature is on.
pub(crate) const fn is_built_in(vendor: VendorKind) -> bool {
    match vendor {
        VendorKind::Conformity => cfg!(feature = "conformity"),
        VendorKind::InsightCloudSec => cfg!(feature = "insightcloudsec"),
        VendorKind::Bitdefender => cfg!(feature = "bitdefender"),
    }
}

/// The vendor's region names and their base URLs; empty where every customer has an address of its own.
pub(crate) const fn regions(vendor: VendorKind) -> &'static [(&'static str, &'static str)] {
    match vendor {
        #[cfg(feature = "conformity")]
        VendorKind::Conformity => cspm_conformity::REGIONS,
        #[cfg(feature = "bitdefender")]
        VendorKind::Bitdefender => cspm_bitdefender::REGIONS,
        _ => &[],
    }
}

/// What is wrong with a base URL's path, if anything (contract section 1).
pub(crate) fn check_path(vendor: VendorKind, path: &str) -> Option<&'static str> {
    match vendor {
        VendorKind::Conformity
            if !path.ends_with("/v1") && !path.ends_with("/api") && !path.ends_with("/conformity") =>
        {
            Some("the documented base of conformity ends in /v1 or /api; write it in full")
        }
        VendorKind::Bitdefender if !path.ends_with("/v1") => {
            Some("the base of bitdefender ends in /v1; write it in full")
        }
        _ => None,
    }
}

#[cfg(any(feature = "conformity", feature = "bitdefender"))]
fn key(connection: &Connection) -> Result<SecretString> {
    match &connection.credential {
        Credential::Key(key) => Ok(key.clone()),
        Credential::Login { .. } => {
            let message = format!("{} takes an api_key, not a log-in", connection.vendor.as_str());
            Err(Error::new(ErrorKind::Config, message))
        }
    }
}

#[cfg(any(feature = "conformity", feature = "insightcloudsec", feature = "bitdefender"))]
fn settings(connection: &Connection) -> cspm_http::Settings {
    let usual = cspm_http::Settings::default();
    cspm_http::Settings {
        requests_per_second: connection.requests_per_second,
        timeout: connection.timeout.unwrap_or(usual.timeout),
        max_response: connection.max_response.unwrap_or(usual.max_response),
        ca_pem: connection.ca_pem.clone(),
        ..usual
    }
}
