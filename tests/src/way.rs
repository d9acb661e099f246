//! The ways from a connection to a simulator, and what gets lost on them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use cspm_http::{BaseUrl, Broken, BrokenKind, Exchange, Resolve, Settings};
use http::{Request, Response};

/// A way that knows how many requests were lost on it.
pub(crate) trait Way: Exchange {
    /// Requests that never reached a simulator.
    fn unheard(&self) -> u64;
}

/// Real connections, as the adapters make them.
pub(crate) struct Network {
    network: cspm_http::Network,
    unheard: AtomicU64,
}

impl Network {
    /// With these addresses for the host instead of the system's.
    pub(crate) fn open(
        base: &BaseUrl,
        settings: &Settings,
        addresses: Option<Vec<IpAddr>>,
    ) -> cspm_core::Result<Self> {
        let network = match addresses {
            Some(addresses) => {
                cspm_http::Network::open_resolving(base, settings, Arc::new(Addresses(addresses)))?
            }
            None => cspm_http::Network::open(base, settings)?,
        };
        Ok(Self { network, unheard: AtomicU64::new(0) })
    }
}

impl Way for Network {
    fn unheard(&self) -> u64 {
        self.unheard.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Exchange for Network {
    async fn exchange(&self, request: Request<Bytes>, largest: u64) -> Result<Response<Bytes>, Broken> {
        let brought = self.network.exchange(request, largest).await;
        if let Err(Broken { kind, .. }) = &brought
            && matches!(
                kind,
                BrokenKind::Connect
                    | BrokenKind::Resolve
                    | BrokenKind::Proxy
                    | BrokenKind::Tls
                    | BrokenKind::Clock
            )
        {
            self.unheard.fetch_add(1, Ordering::Relaxed);
        }
        brought
    }
}

/// The addresses of every host.
struct Addresses(Vec<IpAddr>);

#[async_trait]
impl Resolve for Addresses {
    async fn resolve(&self, _host: &str) -> io::Result<Vec<SocketAddr>> {
        if self.0.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(self.0.iter().map(|address| SocketAddr::new(*address, 0)).collect())
    }
}
