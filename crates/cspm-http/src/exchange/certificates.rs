//! Which certificates a user may name, and why a server's is refused.

use std::time::Duration;

use cspm_core::{Error, ErrorKind, Result};
use memchr::memmem;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, PeerIncompatible, RootCertStore};

use super::BrokenKind;

/// Whether a file named as `ca_file` can be used: it holds root certificates in PEM and nothing secret.
///
/// # Errors
/// Kind `config`: no certificate in it, one that is damaged, or a private key by mistake (which is not repeated).
pub fn check_certificates(pem: &[u8]) -> Result<()> {
    certificates(pem).map(drop)
}

pub(super) fn certificates(pem: &[u8]) -> Result<Vec<reqwest::Certificate>> {
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

/// A server in use has its certificate renewed long before that; a clock that is wrong is wrong by any measure.
const LONGEST_LAPSE: Duration = Duration::from_secs(30 * 24 * 3600);

/// Why there is no secure connection: whose fault it is, as far as can be told from here, and the reason in words.
///
/// A certificate that is not valid now is either itself too old or too new, or this machine's clock is wrong. Nobody uses a
/// certificate before its time, and a server whose certificate ended more than a month ago would have been missed: then it is
/// the clock.
pub(super) fn refusal(error: &rustls::Error) -> (BrokenKind, String) {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext, Revoked, UnknownIssuer,
    };
    let reason = match error {
        rustls::Error::InvalidCertificate(reason) => reason,
        rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        )
        | rustls::Error::AlertReceived(rustls::AlertDescription::ProtocolVersion) => {
            return (
                BrokenKind::Tls,
                "it offers no version of TLS that is still safe (1.2 or 1.3)".to_owned(),
            );
        }
        other => return (BrokenKind::Tls, other.to_string()),
    };
    let words = match reason {
        NotValidYet | NotValidYetContext { .. } => {
            return (
                BrokenKind::Clock,
                "its certificate is not valid yet by this machine's clock".to_owned(),
            );
        }
        ExpiredContext { time, not_after } => {
            let lapse = Duration::from_secs(time.as_secs().saturating_sub(not_after.as_secs()));
            if lapse > LONGEST_LAPSE {
                let days = lapse.as_secs() / (24 * 3600);
                let words = format!("its certificate has expired {days} days ago by this machine's clock");
                return (BrokenKind::Clock, words);
            }
            "its certificate has expired".to_owned()
        }
        Expired => "its certificate has expired".to_owned(),
        UnknownIssuer => "its certificate is from an authority that is not trusted".to_owned(),
        NotValidForName | NotValidForNameContext { .. } => "its certificate is for another host".to_owned(),
        BadSignature => "its certificate is not signed by the authority that it names".to_owned(),
        Revoked => "its certificate was revoked".to_owned(),
        other => format!("its certificate is refused: {other}"),
    };
    (BrokenKind::Tls, words)
}
