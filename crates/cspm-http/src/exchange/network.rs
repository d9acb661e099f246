//! Real connections: the only file, with the one that reads its errors, that names the HTTP client.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use cspm_core::{Error, ErrorKind, Result};
use http::{Request, Response, header};
use hyper_util::client::proxy::matcher::Matcher;

use super::broken::causes;
use super::certificates::certificates;
use super::{Broken, BrokenKind, Exchange};
use crate::body::ERROR_BODY;
use crate::{BaseUrl, Settings};

/// Real connections.
pub struct Network {
    client: reqwest::Client,
    /// The proxy on the way, by host and port.
    proxy: Option<String>,
}

/// Finds the addresses of a host in the system's stead.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// The addresses to try, in this order. Their ports do not matter: the address that is asked for has one.
    ///
    /// # Errors
    /// If there is no such host.
    async fn resolve(&self, host: &str) -> io::Result<Vec<SocketAddr>>;
}

impl Network {
    /// Connections to this address as the user has set them. The system's proxy is used, except to this machine.
    ///
    /// # Errors
    /// Kind `config` if there are no root certificates, or `ca_pem` holds none.
    pub fn open(base: &BaseUrl, settings: &Settings) -> Result<Self> {
        let system = if base.is_loopback() { None } else { Some(Matcher::from_system()) };
        Self::assemble(base, settings, |builder| builder, system)
    }

    /// The same with other means to find the host: for programs that have names of their own, and for tests.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_resolving(base: &BaseUrl, settings: &Settings, names: Arc<dyn Resolve>) -> Result<Self> {
        Self::assemble(
            base,
            settings,
            |builder| builder.dns_resolver(Arc::new(Names(names))).no_proxy(),
            None,
        )
    }

    pub(super) fn assemble(
        base: &BaseUrl,
        settings: &Settings,
        adjust: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
        proxies: Option<Matcher>,
    ) -> Result<Self> {
        // Another crate of the process may have chosen a provider already; then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("cspm/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // Repeats are the pipeline's: it counts and paces them.
            .retry(reqwest::retry::never())
            .connect_timeout(settings.timeout.min(Duration::from_secs(10)))
            .read_timeout(settings.timeout.min(Duration::from_secs(30)))
            .timeout(settings.timeout)
            .tcp_nodelay(true)
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .https_only(!base.is_loopback());
        if base.is_loopback() {
            builder = builder.no_proxy();
        }
        if let Some(pem) = &settings.ca_pem {
            for certificate in certificates(pem)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        let client = adjust(builder).build().map_err(|error| {
            let message = format!(
                "the HTTPS client cannot be made: {}",
                causes(&error.without_url()).last().map(ToString::to_string).unwrap_or_default()
            );
            Error::new(ErrorKind::Config, message)
                .with_hint("are root certificates installed (ca-certificates)?")
        })?;
        let proxy = proxies.and_then(|proxies| {
            let proxy = proxies.intercept(&base.origin().parse().ok()?)?;
            // Without the credential that its address may hold.
            Some(format!("{}:{}", proxy.uri().host()?, proxy.uri().port_u16().unwrap_or(80)))
        });
        Ok(Self { client, proxy })
    }

    /// If there was no connection, the proxy may be why.
    fn name_proxy(&self, broken: Broken) -> Broken {
        let Some(proxy) = &self.proxy else { return broken };
        let Broken { kind, message, .. } = &broken;
        let (kind, message) = match kind {
            BrokenKind::Connect => (BrokenKind::Connect, format!("through the proxy {proxy}: {message}")),
            BrokenKind::Proxy => (BrokenKind::Proxy, format!("the proxy {proxy} refuses: {message}")),
            BrokenKind::Resolve => {
                (BrokenKind::Proxy, format!("the name of the proxy {proxy} does not resolve"))
            }
            _ => return broken,
        };
        Broken { kind, message, ..broken }
    }
}

#[async_trait]
impl Exchange for Network {
    async fn exchange(
        &self,
        request: Request<Bytes>,
        largest: u64,
    ) -> std::result::Result<Response<Bytes>, Broken> {
        let request =
            reqwest::Request::try_from(request.map(reqwest::Body::from)).map_err(Broken::from_reqwest)?;
        let answer = self.client.execute(request).await.map_err(Broken::from_reqwest);
        let mut answer = answer.map_err(|broken| self.name_proxy(broken))?;
        let body = if answer.status().is_success() {
            whole_body(&mut answer, largest).await?
        } else {
            beginning(&mut answer).await
        };
        let mut response = Response::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

async fn whole_body(answer: &mut reqwest::Response, largest: u64) -> std::result::Result<Bytes, Broken> {
    let too_large = || {
        let message = format!("the answer is larger than {} MiB (max_response_mib)", largest >> 20);
        Broken { kind: BrokenKind::TooLarge, sent: true, message }
    };
    // What was asked for is unpacked by now, and its header is gone.
    if answer.headers().get(header::CONTENT_ENCODING).is_some_and(|packing| packing != "identity") {
        let message = "the answer is packed in a way that was not asked for".to_owned();
        return Err(Broken { kind: BrokenKind::Garbled, sent: true, message });
    }
    if answer.content_length().is_some_and(|stated| stated > largest) {
        return Err(too_large());
    }
    let stated = answer.content_length().and_then(|stated| usize::try_from(stated).ok());
    let mut body = BytesMut::with_capacity(stated.unwrap_or_default());
    while let Some(chunk) = answer.chunk().await.map_err(Broken::from_reqwest)? {
        if body.len() as u64 + chunk.len() as u64 > largest {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Of an answer that is no success the status decides; its body adds a few words if they can be read.
async fn beginning(answer: &mut reqwest::Response) -> Bytes {
    let mut body = BytesMut::new();
    while body.len() < ERROR_BODY {
        let Ok(Some(chunk)) = answer.chunk().await else { break };
        body.extend_from_slice(&chunk);
    }
    body.freeze()
}

/// A resolver as the HTTP client wants it.
struct Names(Arc<dyn Resolve>);

impl reqwest::dns::Resolve for Names {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let names = self.0.clone();
        Box::pin(async move {
            let addresses = names.resolve(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as reqwest::dns::Addrs)
        })
    }
}
