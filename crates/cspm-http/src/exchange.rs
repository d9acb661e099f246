//! One request and one answer on a connection, without any policy.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

mod broken;
mod certificates;
mod network;
#[cfg(test)]
mod tests;

pub use broken::{Broken, BrokenKind};
pub use certificates::check_certificates;
pub use network::{Network, Resolve};

/// Carries one request to a server and brings the whole answer back. Tests carry it to a simulator in the same process.
///
/// Of an answer that is no success the beginning of the body suffices: the status decides.
#[async_trait]
pub trait Exchange: Send + Sync {
    /// Sends once, without repeats or redirects. The body that comes back is unpacked and at most `largest` bytes long.
    ///
    /// # Errors
    /// How it broke.
    async fn exchange(&self, request: Request<Bytes>, largest: u64) -> Result<Response<Bytes>, Broken>;
}
