use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, PeerIncompatible, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::client;

use super::*;
use crate::server::Served;
use crate::testing::{PAGE, page_simulator};

async fn serve(tls: &Tls) -> Served {
    page_simulator().serve_tls("127.0.0.1:0", tls.clone()).await.unwrap()
}

/// Connects as a client that trusts this root and speaks these protocols.
async fn connect(
    served: &Served,
    root_pem: &str,
    alpn: &[&[u8]],
) -> io::Result<client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(root_pem.as_bytes()) {
        roots.add(root.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    let stream = TcpStream::connect(served.address()).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

async fn refusal(tls: &Tls, root_pem: &str) -> rustls::Error {
    let served = serve(tls).await;
    let error = connect(&served, root_pem, &[b"http/1.1"]).await.unwrap_err();
    assert_eq!((served.connections(), served.simulator().log().count()), (1, 0));
    error.get_ref().unwrap().downcast_ref::<rustls::Error>().unwrap().clone()
}

#[tokio::test]
async fn who_trusts_the_root_reads_over_tls() {
    let tls = Tls::new(Certificate::Good, Offer::Both).unwrap();
    let served = serve(&tls).await;
    assert_eq!(served.origin(), format!("https://127.0.0.1:{}", served.address().port()));
    let mut stream = connect(&served, tls.root_pem(), &[b"http/1.1"]).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: local\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with(PAGE), "{answer}");
    assert_eq!(served.simulator().log().count(), 1);
}

#[tokio::test]
async fn the_client_chooses_among_what_is_offered() {
    let chosen = async |offer, alpn: &[&[u8]]| {
        let tls = Tls::new(Certificate::Good, offer).unwrap();
        let stream = connect(&serve(&tls).await, tls.root_pem(), alpn).await?;
        io::Result::Ok(stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
    };
    let both: &[&[u8]] = &[b"h2", b"http/1.1"];
    assert_eq!(chosen(Offer::Both, both).await.unwrap().unwrap(), b"h2");
    assert_eq!(chosen(Offer::Both, &both[1..]).await.unwrap().unwrap(), b"http/1.1");
    assert_eq!(chosen(Offer::Http1, both).await.unwrap().unwrap(), b"http/1.1");
    assert_eq!(chosen(Offer::Http2, both).await.unwrap().unwrap(), b"h2");
    assert!(chosen(Offer::Http2, &both[1..]).await.is_err());
}

#[tokio::test]
async fn each_certificate_is_wrong_in_its_own_way() {
    use CertificateError::{
        BadSignature, ExpiredContext, NotValidForNameContext, NotValidYetContext, UnknownIssuer,
    };
    let reason = async |certificate| {
        let tls = Tls::new(certificate, Offer::Both).unwrap();
        match refusal(&tls, tls.root_pem()).await {
            rustls::Error::InvalidCertificate(reason) => reason,
            other => panic!("{certificate:?}: {other}"),
        }
    };
    let day = 24 * 3600;
    for days in [1, 9_000] {
        let ExpiredContext { time, not_after } = reason(Certificate::Expired { days }).await else {
            panic!()
        };
        assert_eq!((time.as_secs() - not_after.as_secs()) / day, u64::from(days));
    }
    assert!(matches!(reason(Certificate::NotYetValid).await, NotValidYetContext { .. }));
    assert!(matches!(reason(Certificate::WrongHost).await, NotValidForNameContext { .. }));
    assert_eq!(reason(Certificate::SelfSigned).await, UnknownIssuer);
    assert_eq!(reason(Certificate::UnknownRoot).await, UnknownIssuer);
    assert_eq!(reason(Certificate::IncompleteChain).await, UnknownIssuer);
    assert_eq!(reason(Certificate::BrokenChain).await, BadSignature);
    assert!(format!("{:?}", reason(Certificate::SignedByServer).await).contains("EndEntityUsedAsCa"));
}

#[tokio::test]
async fn outdated_servers_have_no_version_to_agree_on() {
    let any = Tls::new(Certificate::Good, Offer::Both).unwrap();
    for outdated in [Outdated::ChoosesTls10, Outdated::ChoosesTls11, Outdated::Refuses] {
        let error = refusal(&Tls::outdated(outdated), any.root_pem()).await;
        let wanted = match outdated {
            Outdated::Refuses => rustls::Error::AlertReceived(rustls::AlertDescription::ProtocolVersion),
            _ => PeerIncompatible::ServerDoesNotSupportTls12Or13.into(),
        };
        assert_eq!(error, wanted, "{outdated:?}");
    }
}
