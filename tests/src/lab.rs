//! One simulated vendor, one connection to it, and everything that must hold of every run.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use cspm_core::secrecy::SecretString;
use cspm_core::{
    Account, Error, ErrorKind, Finding, FindingQuery, OutcomeFilter, Result, Rule, SharedVendor,
    SuppressedFilter,
};
use cspm_http::{BaseUrl, Exchange, Settings};
use cspm_simulator::{Match, RequestLog, Served, Simulator, Tls, bitdefender, conformity, insightcloudsec};

use crate::way::{Network, Way};
use crate::{Carrier, Installation, Kind, Model, Traces, assert_absent, fresh};

/// As whom a connection calls. Whatever it is, the secret itself is fresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// A key that may do everything.
    #[default]
    Full,
    /// A key that the vendor does not know.
    Unknown,
    /// The key that a simulator has under this name, with its rights.
    Key(&'static str),
    /// InsightCloudSec: a user name and its right password.
    Password(&'static str),
    /// InsightCloudSec: a user name and a wrong password.
    WrongPassword(&'static str),
}

/// What a lab is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The vendor.
    pub installation: Installation,
    /// As whom to call.
    pub access: Access,
    /// What a user may set on the connection.
    pub settings: Settings,
    /// Bitdefender: what to do with links to another host.
    pub next_link: cspm_bitdefender::NextLink,
    /// Over sockets: the addresses of the vendor's host; `None` leaves that to the system.
    pub addresses: Option<Vec<IpAddr>>,
    /// InsightCloudSec: the organization that writes must land in.
    pub organization: Option<String>,
    /// In process: no connection ever comes about, nor is refused.
    pub silent: bool,
}

impl Setup {
    /// Full access and the usual settings.
    #[must_use]
    pub fn new(installation: impl Into<Installation>) -> Self {
        Self {
            installation: installation.into(),
            access: Access::Full,
            settings: Settings::default(),
            next_link: Default::default(),
            addresses: None,
            organization: None,
            silent: false,
        }
    }

    /// The same with another access.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The same with a pace that the user sets.
    #[must_use]
    pub fn per_second(mut self, requests: f64) -> Self {
        self.settings.requests_per_second = Some(requests);
        self
    }

    /// The same with another rule about links to other hosts.
    #[must_use]
    pub fn next_link(mut self, next_link: cspm_bitdefender::NextLink) -> Self {
        self.next_link = next_link;
        self
    }

    /// The same, trusting this root certificate too (`ca_file`).
    #[must_use]
    pub fn trusting(mut self, root_pem: &str) -> Self {
        self.settings.ca_pem = Some(root_pem.as_bytes().to_vec());
        self
    }

    /// The same with one request at a time.
    #[must_use]
    pub fn one_by_one(mut self) -> Self {
        self.settings.side_by_side = 1;
        self
    }

    /// The same with a host that has these addresses, to be tried in this order; without any it does not exist.
    #[must_use]
    pub fn addresses(mut self, addresses: &[&str]) -> Self {
        let parse = |address: &&str| address.parse().expect("an address");
        self.addresses = Some(addresses.iter().map(parse).collect());
        self
    }

    /// Starts it in this process.
    #[must_use]
    pub fn start(mut self) -> Lab {
        let prepared = self.prepare();
        let carrier = Carrier::default()
            .with(HOST, prepared.simulator.clone())
            .with(Lab::DECOY, prepared.decoy.clone());
        let carrier = if self.silent { carrier.silent(HOST) } else { carrier };
        self.connect(prepared, &format!("http://{HOST}"), Arc::new(carrier), None)
    }

    /// Starts it on a port of this machine, which is called `localhost`, with TLS or without. Time is real then.
    pub async fn serve(mut self, tls: Option<&Tls>) -> Lab {
        let prepared = self.prepare();
        // The vendors' own pace would be waited for.
        self.settings.requests_per_second.get_or_insert(1_000.0);
        let simulator = prepared.simulator.clone();
        let served = match tls {
            Some(tls) => simulator.serve_tls("127.0.0.1:0", tls.clone()).await,
            None => simulator.serve("127.0.0.1:0").await,
        };
        let served = served.expect("a port");
        let origin = served.origin().replace("127.0.0.1", "localhost");
        let base = BaseUrl::parse(&origin).expect("an address");
        let network = Network::open(&base, &self.settings, self.addresses.clone()).expect("a client");
        self.connect(prepared, &origin, Arc::new(network), Some(served))
    }

    /// Why no connection can be made with this credential.
    ///
    /// # Panics
    /// If one can.
    #[must_use]
    pub fn refusal_of(self, secret: &str) -> Error {
        let way = Arc::new(Carrier::default());
        match connect(self.terms(), secret, &format!("http://{HOST}"), way) {
            Ok(vendor) => panic!("a connection to {} was made", vendor.origin().vendor),
            Err(error) => error,
        }
    }

    fn prepare(&mut self) -> Prepared {
        let traces = Traces::of_this_thread();
        let secret = fresh();
        match self.access {
            Access::Full => self.installation.give(self.installation.kind().demo_key(), &secret),
            Access::Key(holder) | Access::Password(holder) => self.installation.give(holder, &secret),
            Access::Unknown | Access::WrongPassword(_) => {}
        }
        let (model, simulator) = self.installation.clone().start();
        simulator.log().keep(1_000_000);
        Prepared { model, simulator, decoy: Simulator::decoy(), secret, traces }
    }

    fn connect(self, prepared: Prepared, origin: &str, way: Arc<dyn Way>, served: Option<Served>) -> Lab {
        let Prepared { model, simulator, decoy, secret, traces } = prepared;
        let kind = self.installation.kind();
        let vendor = connect(self.terms(), &secret, origin, way.clone()).expect("a connection");
        Lab { kind, vendor, simulator, model, decoy, way, served, secret, traces }
    }

    fn terms(self) -> Terms<'static> {
        let login = match self.access {
            Access::Password(name) | Access::WrongPassword(name) => Some(name),
            _ => None,
        };
        Terms {
            kind: self.installation.kind(),
            login,
            settings: self.settings,
            next_link: self.next_link,
            page_limit: None,
            organization: self.organization,
        }
    }
}

/// A vendor that runs and has no client yet.
struct Prepared {
    model: Model,
    simulator: Simulator,
    decoy: Simulator,
    secret: String,
    traces: Traces,
}

/// One simulated vendor and one connection to it.
pub struct Lab {
    /// Which vendor.
    pub kind: Kind,
    /// The connection.
    pub vendor: SharedVendor,
    /// The vendor's side: log, faults, throttle, clock.
    pub simulator: Simulator,
    /// The vendor itself: its world, its keys.
    pub model: Model,
    /// A host that nobody has any business with: whatever reaches it was led astray.
    pub decoy: Simulator,
    pub(crate) way: Arc<dyn Way>,
    served: Option<Served>,
    secret: String,
    traces: Traces,
}

/// Where the vendor is.
pub(crate) const HOST: &str = "127.0.0.1:8080";

impl Lab {
    /// The host and port of the decoy.
    pub const DECOY: &str = "127.0.0.1:6666";
    /// The connection's name.
    pub const NAME: &str = "lab";

    /// The vendor's demonstration world with full access.
    #[must_use]
    pub fn demo(kind: Kind) -> Self {
        Setup::new(Installation::demo(kind)).start()
    }

    /// A world with so many findings in one listing, with full access.
    #[must_use]
    pub fn sized(kind: Kind, findings: usize) -> Self {
        Setup::new(Installation::sized(kind, findings)).start()
    }

    /// What was asked of the vendor.
    #[must_use]
    pub fn log(&self) -> &RequestLog {
        self.simulator.log()
    }

    /// How many requests of this sort were made.
    #[must_use]
    pub fn count(&self, what: &Match) -> u64 {
        self.log().matching(what).len() as u64
    }

    /// How many requests went to a host that is not the vendor's.
    #[must_use]
    pub fn astray(&self) -> u64 {
        self.decoy.log().count() + self.way.unheard()
    }

    /// How many requests for findings were made.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.count(&self.kind.listing())
    }

    /// How many connections the vendor's port has accepted; none if the lab has no port.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.served.as_ref().map_or(0, Served::connections)
    }

    /// The secret of this test.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Everything that the vendor lists.
    pub async fn everything(&self) -> crate::Outcome<Finding> {
        self.findings(&everything()).await
    }

    /// Reads findings.
    pub async fn findings(&self, query: &FindingQuery) -> crate::Outcome<Finding> {
        let query = query.clone();
        let asked = crate::outcome::read(self, move |fleet| fleet.findings(&query)).await;
        asked.unwrap_or_else(|error| panic!("{:?}: refused: {error}", self.kind))
    }

    /// The refusal of a question that cannot be answered. Nothing was sent.
    pub async fn refusal(&self, query: &FindingQuery) -> Error {
        let (query, before) = (query.clone(), self.log().count());
        match crate::outcome::read(self, move |fleet| fleet.findings(&query)).await {
            Ok(_) => panic!("{:?}: not refused", self.kind),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unsupported);
                assert_eq!(self.log().count(), before, "something was sent");
                error
            }
        }
    }

    /// Lists accounts.
    pub async fn accounts(&self) -> crate::Outcome<Account> {
        crate::outcome::read(self, |fleet| fleet.accounts()).await.expect("accounts can be listed")
    }

    /// Lists rules.
    pub async fn rules(&self) -> crate::Outcome<Rule> {
        crate::outcome::read(self, |fleet| fleet.rules()).await.expect("rules can be listed")
    }

    /// Fails the test if the credential is in this text, or a token that a log-in gave for it.
    pub fn assert_no_secret(&self, place: &str, text: &str) {
        let entries = self.log().entries();
        let tokens = entries.iter().filter_map(|entry| entry.request.headers.get("x-auth-token"));
        let tokens: BTreeSet<&str> = tokens.filter_map(|token| token.to_str().ok()).collect();
        let secrets: Vec<String> = tokens.into_iter().chain([self.secret()]).map(str::to_owned).collect();
        assert_absent(&secrets, place, text);
    }

    /// Whether there are no sockets between the two, and all time is the tests' clock.
    pub(crate) fn is_in_process(&self) -> bool {
        self.served.is_none()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.assert_no_secret("the log", &self.traces.text());
            crate::asked::check(self, &self.log().entries()).unwrap_or_else(|broken| panic!("{broken}"));
            assert_eq!(self.decoy.log().count(), 0, "something was sent to a host it has no business with");
        }
    }
}

/// A query for everything that a vendor lists.
#[must_use]
pub fn everything() -> FindingQuery {
    FindingQuery {
        outcome: OutcomeFilter::All,
        suppressed: SuppressedFilter::Include,
        ..FindingQuery::default()
    }
}

/// A connection to whatever answers at the end of this way, one request at a time and few records a page;
/// InsightCloudSec in the name of a user.
pub(crate) fn attach(kind: Kind, login: Option<&str>, secret: &str, way: Arc<dyn Exchange>) -> SharedVendor {
    let settings = Settings { side_by_side: 1, ..Settings::default() };
    let (next_link, page_limit) = (Default::default(), Some(5));
    let terms = Terms { kind, login, settings, next_link, page_limit, organization: None };
    connect(terms, secret, &format!("http://{HOST}"), way).expect("a connection")
}

/// How a connection is made.
struct Terms<'a> {
    kind: Kind,
    login: Option<&'a str>,
    settings: Settings,
    next_link: cspm_bitdefender::NextLink,
    page_limit: Option<u16>,
    organization: Option<String>,
}

fn connect(terms: Terms<'_>, secret: &str, origin: &str, way: Arc<dyn Exchange>) -> Result<SharedVendor> {
    let Terms { kind, login, settings, next_link, page_limit, organization } = terms;
    let base_url = BaseUrl::parse(&format!("{origin}{}", kind.base_path())).expect("an address");
    let name: Arc<str> = Lab::NAME.into();
    let api_key = SecretString::from(secret.to_owned());
    // Neither a configuration nor a connection may print the credential.
    let silent = |printed: &dyn std::fmt::Debug| {
        assert_absent(&[secret.to_owned()], "a Debug", &format!("{printed:?} {printed:#?}"));
    };
    Ok(match kind {
        Kind::Conformity => {
            use cspm_conformity::{Config, Conformity};
            let config = Config { name, base_url, api_key, settings };
            silent(&config);
            let vendor = Conformity::connect_through(config, way)?;
            silent(&vendor);
            Arc::new(vendor)
        }
        Kind::InsightCloudSec => {
            use cspm_insightcloudsec::{Config, Credential, InsightCloudSec};
            let credential = match login {
                Some(username) => Credential::Password { username: username.to_owned(), password: api_key },
                None => Credential::ApiKey(api_key),
            };
            let config = Config { name, base_url, credential, organization, settings };
            silent(&config);
            let vendor = InsightCloudSec::connect_through(config, way)?;
            silent(&vendor);
            Arc::new(vendor)
        }
        _ => {
            use cspm_bitdefender::{Bitdefender, Config};
            let mut config = Config::new(name, base_url, api_key);
            config.settings = settings;
            config.next_link = next_link;
            config.page_limit = page_limit;
            silent(&config);
            let vendor = Bitdefender::connect_through(config, way)?;
            silent(&vendor);
            Arc::new(vendor)
        }
    })
}

/// What tests need to know of a vendor to speak of "a page" or "the listing".
pub trait KindExt {
    /// The path of its base URL.
    fn base_path(&self) -> &'static str;
    /// The simulator's key that may do everything.
    fn demo_key(&self) -> &'static str;
    /// Requests for findings.
    fn listing(&self) -> Match;
    /// How many findings are on a page.
    fn page(&self) -> usize;
}

impl KindExt for Kind {
    fn base_path(&self) -> &'static str {
        if *self == Kind::InsightCloudSec { "" } else { "/v1" }
    }

    fn demo_key(&self) -> &'static str {
        match self {
            Kind::Conformity => conformity::Conformity::DEMO_KEY,
            Kind::InsightCloudSec => insightcloudsec::DEMO_KEY,
            _ => bitdefender::DEMO_KEY,
        }
    }

    fn listing(&self) -> Match {
        match self {
            Kind::Conformity => Match::get("/v1/checks"),
            Kind::InsightCloudSec => Match::post("/v3/public/resource/query"),
            _ => Match::get("/v1/cspm/checks"),
        }
    }

    fn page(&self) -> usize {
        if *self == Kind::Bitdefender { 500 } else { 1_000 }
    }
}
