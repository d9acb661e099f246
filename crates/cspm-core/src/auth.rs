//! Proving who is calling.

use async_trait::async_trait;
use http::HeaderMap;
use secrecy::SecretString;

use crate::Result;

/// Which of an authenticator's successive credentials a request carried. A key never changes; a session's number grows
/// with each log-in, so that a late rejection of an old session does not drop the new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u64);

/// What [`Authenticator::renew`] achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// There is a fresh credential: send the request again, once.
    Renewed,
    /// This kind of credential cannot be renewed: the rejection stands.
    Final,
}

/// Proves who is calling. It runs inside every attempt, so that a renewed session is used at once.
///
/// Implementations mark header values as sensitive, and never add a header with an empty value.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Adds the credential's header, logging in first if that has to be done.
    ///
    /// # Errors
    /// If the log-in failed; it is never tried a second time.
    async fn authorize(&self, headers: &mut HeaderMap) -> Result<Generation>;

    /// The vendor rejected that credential as no longer valid. However many requests report the same generation, one
    /// renewal is made.
    ///
    /// # Errors
    /// If the renewal failed; it is never tried a second time.
    async fn renew(&self, rejected: Generation) -> Result<Renewal>;

    /// Every secret it may send, so that answers which echo one can be cleaned.
    fn secrets(&self) -> Vec<SecretString>;
}
