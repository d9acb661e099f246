//! Certificates: which are trusted, which are refused and with what words, and what a `ca_file` may hold.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::{Call, Client, Dialect};

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    named_authority("root")
}

fn named_authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// An HTTPS server on loopback; gives its port.
async fn serve_tls(params: CertificateParams, issuer: &CertifiedIssuer<'static, KeyPair>) -> u16 {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap().der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let base = serve(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&answer_of(b"{}")).await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    base.as_str().rsplit(':').next().unwrap().parse().unwrap()
}

fn for_localhost() -> CertificateParams {
    CertificateParams::new(vec!["localhost".to_owned()]).unwrap()
}

fn client(port: u16, ca_pem: Option<String>) -> Client {
    let base = BaseUrl::parse(&format!("https://localhost:{port}")).unwrap();
    let dialect = Dialect { vendor: "test", classify: |_, _| None, retries_on_500: 0, first_pace: 1000.0 };
    let settings = Settings { ca_pem: ca_pem.map(String::into_bytes), ..Settings::default() };
    Client::builder(base, dialect).settings(settings).build().unwrap()
}

#[tokio::test]
async fn l02_a_private_root_is_accepted_where_it_is_named() {
    let root = authority();
    let port = serve_tls(for_localhost(), &root).await;
    let answer = client(port, Some(root.pem())).send(Call::get("get", "/x")).await.unwrap();
    assert_eq!((answer.status, answer.text().unwrap()), (200, "{}"));
    let bundle = format!("# two roots\n{}\n{}", authority().pem(), root.pem());
    client(port, Some(bundle)).send(Call::get("get", "/x")).await.unwrap();
}

#[tokio::test]
async fn l01_bad_certificates_are_refused_once_and_in_words() {
    let root = authority();
    let mut expired = for_localhost();
    expired.not_before = date_time_ymd(2000, 1, 1);
    expired.not_after = date_time_ymd(2001, 1, 1);
    let mut just_expired = for_localhost();
    just_expired.not_before = date_time_ymd(2000, 1, 1);
    just_expired.not_after = (std::time::SystemTime::now() - Duration::from_secs(29 * 24 * 3600)).into();
    let mut early = for_localhost();
    early.not_before = date_time_ymd(4000, 1, 1);
    let elsewhere = CertificateParams::new(vec!["other.example".to_owned()]).unwrap();
    let (tls, clock) = (Obstacle::Tls, Obstacle::Clock);
    for (params, trusted, obstacle, words) in [
        (for_localhost(), None, tls, "an authority that is not trusted"),
        (for_localhost(), Some(named_authority("other").pem()), tls, "an authority that is not trusted"),
        (for_localhost(), Some(authority().pem()), tls, "not signed by the authority that it names"),
        (just_expired, Some(root.pem()), tls, "has expired"),
        (expired, Some(root.pem()), clock, "days ago by this machine's clock"),
        (early, Some(root.pem()), clock, "is not valid yet by this machine's clock"),
        (elsewhere, Some(root.pem()), tls, "is for another host"),
    ] {
        let port = serve_tls(params, &root).await;
        let client = client(port, trusted);
        let error = client.send(Call::get("get", "/x")).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.owner(), error.attempts()),
            (ErrorKind::Network, Owner::Customer, 1),
            "{words}"
        );
        assert!(!error.is_temporary() && error.message().contains(words), "{words}: {error}");
        assert_eq!(error.obstacle(), Some(obstacle), "{error}");
        assert_eq!(error.message().contains("ca_file"), obstacle == tls, "{error}");
        assert_eq!(client.meter().read().requests, 1);
    }
}

#[tokio::test]
async fn l01_a_server_without_tls_is_refused_once() {
    let base = serve(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let port = base.as_str().rsplit(':').next().unwrap().parse().unwrap();
    let error = client(port, None).send(Call::get("get", "/x")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Network, 1), "{error}");
}

#[test]
fn l03_only_certificates_are_a_ca_file() {
    let root = authority().pem();
    check_certificates(root.as_bytes()).unwrap();
    check_certificates(format!("text before\n{root}text after").as_bytes()).unwrap();
    let key = KeyPair::generate().unwrap().serialize_pem();
    let secret = key.lines().nth(1).unwrap();
    let damaged = root.replacen(&root[40..60], "AAAAAAAAAAAAAAAAAAAA", 1);
    let not_base64 = root.replacen(&root[40..60], "!!!!!!!!!!!!!!!!!!!!", 1);
    let cut = &root[..root.len() / 2];
    for (pem, words) in [
        (key.clone(), "private key"),
        (format!("{root}{key}"), "private key"),
        (key.replace("PRIVATE", "ENCRYPTED PRIVATE"), "private key"),
        (key.replace("PRIVATE", "OPENSSH PRIVATE"), "private key"),
        (String::new(), "no PEM certificate"),
        ("not PEM at all".to_owned(), "no PEM certificate"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".to_owned(), "no PEM certificate"),
        (damaged, "damaged"),
        (not_base64, "damaged"),
        (format!("{root}{cut}"), "damaged"),
    ] {
        let error = check_certificates(pem.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(
            error.message().starts_with("ca_file: ") && error.message().contains(words),
            "{words}: {error}"
        );
        assert!(!error.to_string().contains(secret));
    }
    let der = pem_free(&root);
    assert!(check_certificates(&der).unwrap_err().message().contains("no PEM"));
    let base = BaseUrl::parse("https://host.example").unwrap();
    let settings = Settings { ca_pem: Some(b"junk".to_vec()), ..Settings::default() };
    assert_eq!(Network::open(&base, &settings).err().unwrap().kind(), ErrorKind::Config);
}

/// A certificate as other programs keep it, without the armour.
fn pem_free(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}
