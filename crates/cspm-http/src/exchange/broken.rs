//! How an exchange breaks, and what that means to people.

use std::error::Error as StdError;

use cspm_core::{Error, ErrorKind, Obstacle, Owner, clean_text};

use super::certificates::refusal;

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
    /// The proxy on the way refuses. Trying again does not help.
    Proxy,
    /// The host's name does not resolve.
    Resolve,
    /// The two ends do not agree on a secure connection. Trying again does not help.
    Tls,
    /// As `Tls`, because of a certificate that is not valid now, and it looks as if this machine's clock is to blame.
    Clock,
    /// The connection ended before the answer did.
    Interrupted,
    /// No answer, or no more of it, in time.
    Timeout,
    /// What came back is no HTTP, or cannot be unpacked.
    Garbled,
    /// The answer is larger than allowed.
    TooLarge,
}

impl Broken {
    pub(super) fn from_reqwest(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let causes: Vec<&(dyn StdError + 'static)> = causes(&error).collect();
        let said = causes.iter().map(ToString::to_string).collect::<Vec<_>>().join(": ");
        // Before anything was sent; a connection that goes bad later is one that broke.
        let tls = causes.iter().find_map(|cause| cause.downcast_ref()).filter(|_| error.is_connect());
        let http2: Option<&h2::Error> = causes.iter().find_map(|cause| cause.downcast_ref());
        if let Some((kind, message)) = tls.map(refusal) {
            return Self { kind, sent: false, message: clean_text(&message, 300) };
        }
        let kind = if error.is_timeout() {
            BrokenKind::Timeout
        } else if said.contains("dns error") {
            BrokenKind::Resolve
        } else if said.contains("parsed") || said.contains("message head is too large") {
            BrokenKind::Garbled
        } else if error.is_connect() {
            if is_proxys_refusal(&said) { BrokenKind::Proxy } else { BrokenKind::Connect }
        } else if http2.is_some_and(|error| error.is_go_away() && error.is_library()) {
            // What came is no HTTP/2, or more than we take.
            BrokenKind::Garbled
        } else if causes.iter().any(|cause| is_bad_data(*cause)) || cannot_be_unpacked(&error, &said) {
            BrokenKind::Garbled
        } else {
            BrokenKind::Interrupted
        };
        let message = causes.last().map(ToString::to_string).unwrap_or_default();
        let sent = !error.is_connect() && !error.is_builder() && !http2.is_some_and(is_unprocessed);
        Self { kind, sent, message: clean_text(&message, 300) }
    }

    /// Whether sending again can help.
    pub(crate) fn is_passing(&self) -> bool {
        !matches!(
            self.kind,
            BrokenKind::Proxy
                | BrokenKind::Tls
                | BrokenKind::Clock
                | BrokenKind::Garbled
                | BrokenKind::TooLarge
        )
    }

    /// As an error for people.
    pub(crate) fn into_error(self, host: &str) -> Error {
        let Self { kind, message, .. } = self;
        match kind {
            BrokenKind::Connect => {
                Error::new(ErrorKind::Network, format!("no connection to {host}: {message}"))
            }
            BrokenKind::Proxy => {
                Error::new(ErrorKind::Network, format!("no connection to {host}: {message}"))
                    .with_hint("check the proxy that this machine is set to use, and its credential")
            }
            BrokenKind::Resolve => {
                Error::new(ErrorKind::Network, format!("the name {host} does not resolve"))
            }
            BrokenKind::Tls => {
                Error::new(ErrorKind::Network, format!("no secure connection to {host}: {message}"))
                    .with_obstacle(Obstacle::Tls)
                    .with_hint("check the address, this machine's clock, and ca_file for a private authority")
            }
            BrokenKind::Clock => {
                Error::new(ErrorKind::Network, format!("no secure connection to {host}: {message}"))
                    .with_obstacle(Obstacle::Clock)
                    .with_hint("set the clock (NTP); if it is right, the server needs another certificate")
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

pub(super) fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
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

/// The server says that it did not process the request (RFC 9113, section 8.7).
fn is_unprocessed(error: &h2::Error) -> bool {
    let reason = error.reason();
    error.is_remote()
        && (error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM)
            || error.is_go_away() && reason == Some(h2::Reason::NO_ERROR))
}

/// The proxy was reached and does not let us through.
fn is_proxys_refusal(said: &str) -> bool {
    said.contains("tunnel error") && !said.contains("failed to create underlying connection")
}
