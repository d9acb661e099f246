//! Certificates, and what can be wrong with them.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, Error, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// What a server shows. Whatever is not said to be wrong is right: a certificate for `localhost` and `127.0.0.1`, valid
/// now, signed by an intermediate authority that is sent along, which is signed by the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Certificate {
    /// All is right.
    Good,
    /// It ended so many days before now.
    Expired {
        /// Days, at least 1.
        days: u16,
    },
    /// It begins in the year 4000.
    NotYetValid,
    /// It is for `other.example`.
    WrongHost,
    /// It is signed by itself, and the root has nothing to do with it.
    SelfSigned,
    /// It comes from an authority of another name than the root that is told.
    UnknownRoot,
    /// The intermediate authority is not sent along.
    IncompleteChain,
    /// The intermediate authority that is sent along bears the right name, but it is not the one that signed.
    BrokenChain,
    /// It is signed by another server's certificate, which is good but no authority.
    SignedByServer,
}

/// What a server has: its certificate, those above it without the root, and the key.
pub(super) struct Chain {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

impl Certificate {
    /// The root in PEM and what the server has.
    pub(super) fn issue(self) -> Result<(String, Chain), Error> {
        let root = Issuer::self_signed(authority("Simulated Root"), KeyPair::generate()?)?;
        let intermediate = || below(authority("Simulated Intermediate"), &root);
        let key = KeyPair::generate()?;
        let params = self.params()?;
        let signed_by = |issuer: &Issuer| Ok::<_, Error>(params.signed_by(&key, issuer)?.der().clone());
        let certificates = match self {
            Self::SelfSigned => vec![params.self_signed(&key)?.der().clone()],
            Self::UnknownRoot => {
                let unknown = Issuer::self_signed(authority("Unknown Root"), KeyPair::generate()?)?;
                vec![signed_by(&unknown)?]
            }
            Self::IncompleteChain => vec![signed_by(&intermediate()?)?],
            Self::BrokenChain => vec![signed_by(&intermediate()?)?, intermediate()?.der().clone()],
            Self::SignedByServer => {
                let server = below(for_server(&["localhost"])?, &root)?;
                vec![signed_by(&server)?, server.der().clone()]
            }
            _ => {
                let intermediate = intermediate()?;
                vec![signed_by(&intermediate)?, intermediate.der().clone()]
            }
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok((root.pem(), Chain { certificates, key }))
    }

    fn params(self) -> Result<CertificateParams, Error> {
        let names: &[&str] =
            if self == Self::WrongHost { &["other.example"] } else { &["localhost", "127.0.0.1"] };
        let mut params = for_server(names)?;
        match self {
            Self::Expired { days } => {
                let ago = Duration::from_secs(u64::from(days) * 24 * 3600);
                params.not_before = date_time_ymd(1990, 1, 1);
                params.not_after = (SystemTime::now() - ago).into();
            }
            Self::NotYetValid => params.not_before = date_time_ymd(4000, 1, 1),
            _ => {}
        }
        Ok(params)
    }
}

fn for_server(names: &[&str]) -> Result<CertificateParams, Error> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "Simulated Server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn below(params: CertificateParams, issuer: &Issuer) -> Result<Issuer, Error> {
    Issuer::signed_by(params, KeyPair::generate()?, issuer)
}
