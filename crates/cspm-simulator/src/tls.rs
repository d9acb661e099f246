//! The simulator behind TLS: its certificates, right and wrong, and servers that are too old.

use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::connection::serve_connection;
use crate::http2;
use crate::simulator::Simulator;

mod certificate;
mod outdated;
#[cfg(test)]
mod tests;

pub use certificate::Certificate;
pub use outdated::Outdated;

/// How a simulator introduces itself; see `Simulator::serve_tls`. Clones have the same authority and certificate.
#[derive(Clone)]
pub struct Tls {
    root: Arc<str>,
    server: Server,
}

#[derive(Clone)]
enum Server {
    Current(TlsAcceptor),
    Outdated(Outdated),
}

/// The versions of HTTP that a server offers (by ALPN); the client chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// HTTP/2, else HTTP/1.1.
    Both,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only.
    Http2,
}

impl Tls {
    /// TLS 1.2 and 1.3 with a certificate for `localhost` and `127.0.0.1` from an authority that is made for it.
    ///
    /// # Errors
    /// If the certificates cannot be made.
    pub fn new(certificate: Certificate, offer: Offer) -> io::Result<Self> {
        let (root, chain) = certificate.issue().map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain.certificates, chain.key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = match offer {
            Offer::Both => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            Offer::Http1 => vec![b"http/1.1".to_vec()],
            Offer::Http2 => vec![b"h2".to_vec()],
        };
        Ok(Self { root: root.into(), server: Server::Current(TlsAcceptor::from(Arc::new(config))) })
    }

    /// A server that knows TLS 1.0 or 1.1 at most. It has no certificate to show, because nobody gets that far.
    pub fn outdated(outdated: Outdated) -> Self {
        Self { root: "".into(), server: Server::Outdated(outdated) }
    }

    /// The certificate of the authority in PEM, for whoever is to trust it; empty if there is none.
    pub fn root_pem(&self) -> &str {
        &self.root
    }

    /// Serves one connection.
    pub(crate) async fn serve(self, stream: TcpStream, simulator: Simulator) {
        match self.server {
            Server::Outdated(outdated) => {
                // What goes wrong on a connection is the client's to tell.
                let _ = outdated.answer(stream).await;
            }
            Server::Current(acceptor) => {
                // Whoever does not like the certificate ends the connection here.
                let Ok(stream) = acceptor.accept(stream).await else { return };
                if speaks_http2(&stream) {
                    http2::serve_connection(stream, simulator).await;
                } else {
                    serve_connection(stream, simulator).await;
                }
            }
        }
    }
}

fn speaks_http2(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(b"h2")
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
