//! The configuration file (contract section 1): found, read, and either understood completely or refused with every
//! problem at once.
//!
//! Secrets are named, not written: `{ env = "NAME" }` or `{ file = "PATH" }`. They are read here, trimmed, and kept in a
//! type that neither prints nor serialises.

mod find;
mod read;
mod secret;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;

use cspm_http::BaseUrl;
use secrecy::SecretString;

pub use self::find::find;
use crate::problem::Complaints;
pub use crate::problem::{ConfigError, Problem, Problems};

/// A configuration file larger than this is refused.
const LARGEST: u64 = 8 * 1024 * 1024;

/// All connections of a configuration, in its order.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Configuration {
    /// The connections; their names are unique.
    pub connections: Vec<Connection>,
    /// Things that work and should be mended all the same: a secret file that others can read.
    pub warnings: Vec<String>,
}

/// One connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Connection {
    /// Unique; `[a-z0-9-]`; used in every output.
    pub name: String,
    /// Which vendor.
    pub vendor: VendorKind,
    /// Where it is.
    pub address: BaseUrl,
    /// How to prove who is calling.
    pub credential: Credential,
    /// An extra root certificate (PEM).
    pub ca_pem: Option<Vec<u8>>,
    /// Overrides the vendor's default pace.
    pub requests_per_second: Option<f64>,
    /// One request, headers to last byte.
    pub timeout: Option<Duration>,
    /// The largest body in bytes, after decompression.
    pub max_response: Option<u64>,
    /// Only these accounts; empty means all.
    pub accounts: Vec<String>,
    /// Bitdefender only: the header that carries the key (default `x-api-key`; the vendor does not document it).
    pub auth_header: Option<String>,
    /// InsightCloudSec only: the organization that writes must land in, by name or number. A write while the user works in
    /// another one is refused; nothing is switched. Absent: the one that the user worked in when the connection first
    /// looked.
    pub organization: Option<String>,
}

/// A vendor that a configuration can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VendorKind {
    /// Trend Micro Cloud One Conformity.
    Conformity,
    /// Rapid7 InsightCloudSec.
    InsightCloudSec,
    /// Bitdefender GravityZone Cloud Security.
    Bitdefender,
}

impl VendorKind {
    /// All vendors.
    pub const ALL: [Self; 3] = [Self::Conformity, Self::InsightCloudSec, Self::Bitdefender];

    /// The name used in configurations and outputs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conformity => "conformity",
            Self::InsightCloudSec => "insightcloudsec",
            Self::Bitdefender => "bitdefender",
        }
    }
}

/// How to prove who is calling.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credential {
    /// A key that the vendor gave.
    Key(SecretString),
    /// A log-in (InsightCloudSec only).
    Login {
        /// The user's name.
        username: String,
        /// The user's password.
        password: SecretString,
    },
}

impl Configuration {
    /// Reads a configuration file, and the secrets it names from the process's environment and from files.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of the file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = read_text(path)?;
        Self::parse(&text, path, &|name| std::env::var_os(name))
    }

    /// Reads a configuration from text. `file` is used in messages, and relative paths in the text are relative to the
    /// process's directory; `environment` looks variables up.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] with every problem.
    pub fn parse(
        text: &str,
        file: &Path,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ConfigError> {
        read::configuration(text, environment)
            .map_err(|complaints| ConfigError::Invalid(complaints.into_problems(file)))
    }
}

/// The text of a file that a user names: at most 8 MiB of UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: path.to_owned(), reason };
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => unreadable("there is no such file; write it, or name another".to_owned()),
        _ => unreadable(error.to_string()),
    })?;
    if metadata.is_dir() {
        return Err(unreadable("it is a directory; name the file in it".to_owned()));
    }
    let file = std::fs::File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(unreadable("it is larger than 8 MiB".to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let good = std::str::from_utf8(good).unwrap_or_default();
        ConfigError::Invalid(Complaints::no_text_after(good).into_problems(path))
    })
}
