//! One request and one answer on a connection, without any policy: the only file that names the HTTP client.

use std::error::Error as StdError;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use cspm_core::{Error, ErrorKind, Owner, Result, clean_text};
use http::{Request, Response, header};
use memchr::memmem;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::BaseUrl;
use crate::body::ERROR_BODY;

#[cfg(test)]
mod tests;

/// Carries one request to a server and brings the whole answer back. Tests carry it to a simulator in the same process.
///
/// Of an answer that is no success the beginning of the body suffices: the status decides.
#[async_trait]
pub trait Exchange: Send + Sync {
    /// Sends once, without repeats or redirects. The body that comes back is unpacked and at most `largest` bytes long.
    ///
    /// # Errors
    /// How it broke.
    async fn exchange(
        &self,
        request: Request<Bytes>,
        largest: u64,
    ) -> std::result::Result<Response<Bytes>, Broken>;
}

/// How an exchange broke before a whole answer was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// What happened.
    pub kind: BrokenKind,
    /// Whether the server may have received the request. If not, even a write can be sent again.
    pub sent: bool,
    /// What happened, in a few words, without URL and without vendor text.
    pub message: String,
}

/// Ways an exchange breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokenKind {
    /// No connection: refused, unreachable, reset while connecting.
    Connect,
    /// The host's name does not resolve.
    Resolve,
    /// The two ends do not agree on a secure connection. Trying again does not help.
    Tls,
    /// The connection ended before the answer did.
    Interrupted,
    /// No answer, or no more of it, in time.
    Timeout,
    /// What came back is no HTTP, or cannot be unpacked.
    Garbled,
    /// The answer is larger than allowed.
    TooLarge,
}

/// Real connections.
pub(crate) struct Network {
    client: reqwest::Client,
}

/// What a network connection is made with.
pub(crate) struct NetworkSettings<'a> {
    pub(crate) base: &'a BaseUrl,
    pub(crate) timeout: Duration,
    pub(crate) ca_pem: Option<&'a [u8]>,
}

impl Network {
    pub(crate) fn open(settings: &NetworkSettings<'_>) -> Result<Self> {
        // Another crate of the process may have chosen a provider already; then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("cspm/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(settings.timeout.min(Duration::from_secs(10)))
            .read_timeout(settings.timeout.min(Duration::from_secs(30)))
            .timeout(settings.timeout)
            .tcp_nodelay(true)
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .https_only(!settings.base.is_loopback());
        if settings.base.is_loopback() {
            builder = builder.no_proxy();
        }
        if let Some(pem) = settings.ca_pem {
            for certificate in certificates(pem)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        let client = builder.build().map_err(|error| {
            let message = format!(
                "the HTTPS client cannot be made: {}",
                chain(&error.without_url()).last().map(ToString::to_string).unwrap_or_default()
            );
            Error::new(ErrorKind::Config, message)
                .with_hint("are root certificates installed (ca-certificates)?")
        })?;
        Ok(Self { client })
    }
}

/// Whether a file named as `ca_file` can be used: it holds root certificates in PEM and nothing secret.
///
/// # Errors
/// Kind `config`: no certificate in it, one that is damaged, or a private key by mistake (which is not repeated).
pub fn check_certificates(pem: &[u8]) -> Result<()> {
    certificates(pem).map(drop)
}

fn certificates(pem: &[u8]) -> Result<Vec<reqwest::Certificate>> {
    let refused = |reason: &str| Error::new(ErrorKind::Config, format!("ca_file: {reason}"));
    if memmem::find(pem, b"PRIVATE KEY-----").is_some() {
        return Err(refused("it holds a private key; give the root certificate only"));
    }
    let damaged = || refused("it holds a damaged certificate");
    let mut store = RootCertStore::empty();
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let der = certificate.map_err(|_| damaged())?;
        certificates.push(reqwest::Certificate::from_der(&der).map_err(|_| damaged())?);
        // Only adding it to a store reads what is in it.
        store.add(der).map_err(|_| damaged())?;
    }
    if certificates.is_empty() {
        return Err(refused("it holds no PEM certificate (-----BEGIN CERTIFICATE-----)"));
    }
    Ok(certificates)
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
        let mut answer = self.client.execute(request).await.map_err(Broken::from_reqwest)?;
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
    let mut body = BytesMut::new();
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

impl Broken {
    fn from_reqwest(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let causes: Vec<&(dyn StdError + 'static)> = chain(&error).collect();
        let said = causes.iter().map(ToString::to_string).collect::<Vec<_>>().join(": ");
        // Before anything was sent; a connection that goes bad later is one that broke.
        let tls = causes.iter().find_map(|cause| cause.downcast_ref()).filter(|_| error.is_connect());
        let kind = if tls.is_some() {
            BrokenKind::Tls
        } else if error.is_timeout() {
            BrokenKind::Timeout
        } else if said.contains("dns error") {
            BrokenKind::Resolve
        } else if said.contains("parsed") || said.contains("message head is too large") {
            BrokenKind::Garbled
        } else if error.is_connect() {
            BrokenKind::Connect
        } else if causes.iter().any(|cause| is_bad_data(*cause)) || cannot_be_unpacked(&error, &said) {
            BrokenKind::Garbled
        } else {
            BrokenKind::Interrupted
        };
        let innermost = causes.last().map(ToString::to_string).unwrap_or_default();
        let message = tls.map_or(innermost, in_words);
        let sent = !error.is_connect() && !error.is_builder();
        Self { kind, sent, message: clean_text(&message, 300) }
    }

    /// Whether sending again can help.
    pub(crate) fn is_passing(&self) -> bool {
        !matches!(self.kind, BrokenKind::Tls | BrokenKind::Garbled | BrokenKind::TooLarge)
    }

    /// As an error for people.
    pub(crate) fn into_error(self, host: &str) -> Error {
        let Self { kind, message, .. } = self;
        match kind {
            BrokenKind::Connect => {
                Error::new(ErrorKind::Network, format!("no connection to {host}: {message}"))
            }
            BrokenKind::Resolve => {
                Error::new(ErrorKind::Network, format!("the name {host} does not resolve"))
            }
            BrokenKind::Tls => {
                Error::new(ErrorKind::Network, format!("no secure connection to {host}: {message}"))
                    .with_hint("check the address, this machine's clock, and ca_file for a private authority")
            }
            BrokenKind::Interrupted => {
                Error::new(ErrorKind::Network, format!("the connection to {host} broke off: {message}"))
            }
            BrokenKind::Timeout => Error::new(ErrorKind::Timeout, format!("{host} did not answer in time")),
            BrokenKind::Garbled => {
                Error::new(ErrorKind::Protocol, format!("what {host} sends makes no sense: {message}"))
                    .with_owner(Owner::Customer)
                    .with_hint("is this the right address and port?")
            }
            BrokenKind::TooLarge => Error::new(ErrorKind::Protocol, message),
        }
    }
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    fn cause<'a>(error: &&'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
        let error: &'a (dyn StdError + 'static) = *error;
        // An I/O error hides what it wraps from `source()`.
        match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        }
    }
    std::iter::successors(Some(error), cause)
}

fn is_bad_data(error: &(dyn StdError + 'static)) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| matches!(error.kind(), InvalidData | InvalidInput))
}

/// A packed body that ends too early although the connection brought all of it.
fn cannot_be_unpacked(error: &reqwest::Error, said: &str) -> bool {
    error.is_decode() && !said.contains("error reading a body from connection")
}

/// Why there is no secure connection.
fn in_words(error: &rustls::Error) -> String {
    use rustls::CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext, Revoked, UnknownIssuer,
    };
    let rustls::Error::InvalidCertificate(reason) = error else { return error.to_string() };
    match reason {
        UnknownIssuer => "its certificate is from an authority that is not trusted".to_owned(),
        Expired | ExpiredContext { .. } => "its certificate has expired".to_owned(),
        NotValidYet | NotValidYetContext { .. } => "its certificate is not valid yet".to_owned(),
        NotValidForName | NotValidForNameContext { .. } => "its certificate is for another host".to_owned(),
        BadSignature => "its certificate is not signed by the authority that it names".to_owned(),
        Revoked => "its certificate was revoked".to_owned(),
        other => format!("its certificate is refused: {other}"),
    }
}
