//! Hosts by names of the test's own.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::{Call, Client, Dialect};

/// Knows one host.
struct Hosts {
    name: &'static str,
    addresses: Vec<SocketAddr>,
    asked: AtomicUsize,
}

#[async_trait]
impl Resolve for Hosts {
    async fn resolve(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if host == self.name { Ok(self.addresses.clone()) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

fn client(base: &str, hosts: &Arc<Hosts>) -> Client {
    let base = BaseUrl::parse(base).unwrap();
    let dialect = Dialect { vendor: "test", classify: |_, _| None, retries_on_500: 0, first_pace: 1000.0 };
    let network = Network::open_resolving(&base, &Settings::default(), hosts.clone()).unwrap();
    Client::builder(base, dialect).exchange(Arc::new(network)).build().unwrap()
}

#[tokio::test]
async fn t02_a_name_that_does_not_resolve_is_asked_for_twice_at_most() {
    let hosts = Arc::new(Hosts { name: "other.example", addresses: Vec::new(), asked: AtomicUsize::new(0) });
    let client = client("https://gone.example", &hosts);
    let error = client.send(Call::get("get", "/x")).await.unwrap_err();
    assert_eq!((error.kind(), error.owner(), error.attempts()), (ErrorKind::Network, Owner::Customer, 2));
    assert!(error.message().contains("the name gone.example does not resolve"), "{error}");
    assert_eq!(hosts.asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn t21_the_second_address_serves_where_the_first_is_dead() {
    let base = serve_bytes(answer_of(b"{}")).await;
    let port = base.as_str().rsplit(':').next().unwrap();
    let addresses = ["127.0.0.2:0", "127.0.0.1:0"].map(|address| address.parse().unwrap()).to_vec();
    let hosts = Arc::new(Hosts { name: "localhost", addresses, asked: AtomicUsize::new(0) });
    let client = client(&format!("http://localhost:{port}"), &hosts);
    let answer = client.send(Call::get("get", "/x")).await.unwrap();
    assert_eq!(answer.text().unwrap(), "{}");
    assert_eq!(client.meter().read().requests, 1);
}
