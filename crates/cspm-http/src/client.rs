//! The one request pipeline, in one visible order:
//! deadline → permit → pace → authorise → send → bounds → classify → (wait and repeat, or renew once).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use cspm_core::{Authenticator, Error, ErrorKind, Generation, Meter, Renewal, Result};
use http::{HeaderMap, HeaderValue, Request, Response, header};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::base::Target;
use crate::body::error_message;
use crate::exchange::{Broken, BrokenKind, Exchange, Network, NetworkSettings};
use crate::pace::{Pace, Slot};
use crate::redact::Redactor;
use crate::retry::{ATTEMPTS, Purse, wait_before};
use crate::retry_after::{LONGEST_SENSIBLE_WAIT, requested_wait, server_time};
use crate::{Answer, BaseUrl, Call, Dialect, Safety, usual_kind};

/// Redirects within the origin that one read follows.
const REDIRECTS: u32 = 5;

/// What a user may set on a connection.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Requests a second; `None` learns the vendor's pace.
    pub requests_per_second: Option<f64>,
    /// One request, from connecting to the last byte. Default 60 s.
    pub timeout: Duration,
    /// One call with all its repeats and waits. Default 5 minutes.
    pub deadline: Duration,
    /// The largest body in bytes, after unpacking. Default 64 MiB.
    pub max_response: u64,
    /// An extra root certificate, PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// Requests in flight at once. Default 8.
    pub side_by_side: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            requests_per_second: None,
            timeout: Duration::from_secs(60),
            deadline: Duration::from_secs(300),
            max_response: 64 << 20,
            ca_pem: None,
            side_by_side: 8,
        }
    }
}

/// Puts a [`Client`] together.
pub struct ClientBuilder {
    base: BaseUrl,
    dialect: Dialect,
    settings: Settings,
    authenticator: Option<Arc<dyn Authenticator>>,
    exchange: Option<Arc<dyn Exchange>>,
}

impl ClientBuilder {
    /// How to prove who is calling. Without one, nothing is proved.
    #[must_use]
    pub fn authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.authenticator = Some(authenticator);
        self
    }

    /// What the user set.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Carries requests by other means than the network: to a simulator in the same process, say.
    #[must_use]
    pub fn exchange(mut self, exchange: Arc<dyn Exchange>) -> Self {
        self.exchange = Some(exchange);
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    /// Kind `config` if there are no root certificates, or `ca_pem` holds none.
    pub fn build(self) -> Result<Client> {
        let Self { base, dialect, settings, authenticator, exchange } = self;
        let exchange = match exchange {
            Some(exchange) => exchange,
            None => Arc::new(Network::open(&NetworkSettings {
                base: &base,
                timeout: settings.timeout,
                ca_pem: settings.ca_pem.as_deref(),
            })?),
        };
        let client = Client {
            shared: Arc::new(Shared {
                pace: Pace::new(settings.requests_per_second, dialect.first_pace),
                permits: Semaphore::new(settings.side_by_side.max(1)),
                meter: Meter::default(),
                purse: Purse::new(),
                redactor: Redactor::default(),
                skew: AtomicI64::new(UNKNOWN_SKEW),
                base,
                dialect,
                settings,
                exchange,
            }),
            authenticator: None,
        };
        Ok(match authenticator {
            Some(authenticator) => client.with_authenticator(authenticator),
            None => client,
        })
    }
}

/// Sends calls of one connection. Cheap to clone; all clones share one pace, one set of permits and one meter.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    authenticator: Option<Arc<dyn Authenticator>>,
}

struct Shared {
    base: BaseUrl,
    dialect: Dialect,
    settings: Settings,
    exchange: Arc<dyn Exchange>,
    pace: Pace,
    permits: Semaphore,
    meter: Meter,
    purse: Purse,
    redactor: Redactor,
    skew: AtomicI64,
}

const UNKNOWN_SKEW: i64 = i64::MIN;

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.shared.base).finish_non_exhaustive()
    }
}

impl Client {
    /// Begins a client for one address and one vendor's reading of HTTP.
    #[must_use]
    pub fn builder(base: BaseUrl, dialect: Dialect) -> ClientBuilder {
        ClientBuilder { base, dialect, settings: Settings::default(), authenticator: None, exchange: None }
    }

    /// The same connection, calling in somebody's name: an adapter that logs in gives the nameless client to its
    /// [`Login`](crate::Login).
    #[must_use]
    pub fn with_authenticator(&self, authenticator: Arc<dyn Authenticator>) -> Self {
        for secret in authenticator.secrets() {
            self.shared.redactor.learn(&secret);
        }
        Self { shared: self.shared.clone(), authenticator: Some(authenticator) }
    }

    /// Where calls go.
    #[must_use]
    pub fn base(&self) -> &BaseUrl {
        &self.shared.base
    }

    /// What was sent so far.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.shared.meter
    }

    /// How many seconds the vendor's clock is ahead of this machine's, by the last answer that told; negative if behind.
    #[must_use]
    pub fn clock_skew(&self) -> Option<i64> {
        Some(self.shared.skew.load(Ordering::Relaxed)).filter(|skew| *skew != UNKNOWN_SKEW)
    }

    /// Sends a call and brings its answer, through the whole pipeline.
    ///
    /// It runs as a task of its own, so that a caller that is slow to look does not let a request time out; dropping the
    /// future cancels it at once, wherever it is.
    ///
    /// # Errors
    /// Everything that is no 2xx, classified, and whatever the repeats could not mend.
    pub async fn send(&self, call: Call) -> Result<Answer> {
        let operation = call.operation;
        let client = self.clone();
        let mut task = AbortOnDrop(tokio::spawn(async move { client.run(call).await }));
        match (&mut task.0).await {
            Ok(result) => result.map_err(|error| error.with_operation(operation)),
            Err(_) => Err(Error::bug(
                "the transport failed in a way that is a mistake of this program; please report it",
            )
            .with_operation(operation)),
        }
    }

    async fn run(&self, call: Call) -> Result<Answer> {
        let shared = &*self.shared;
        let deadline = Instant::now() + shared.settings.deadline;
        let mut repeats = Repeats::default();
        let mut renewed = false;
        loop {
            let attempt = tokio::time::timeout_at(deadline, self.attempt(&call, repeats.sent > 0)).await;
            let Ok(attempt) = attempt else {
                let seconds = shared.settings.deadline.as_secs();
                let message = format!("not done within {seconds} s, waits and repeats included");
                return Err(Error::new(ErrorKind::Timeout, message)
                    .with_attempts(repeats.sent.max(1))
                    .temporary());
            };
            repeats.sent += 1;
            let failure = match attempt? {
                Attempt::Done(answer) => return Ok(answer),
                Attempt::Failed(failure) => failure,
            };
            if failure.status == Some(401) && !renewed && !call.once {
                renewed = true;
                if self.renew(failure.generation).await? {
                    continue;
                }
            }
            let Some(wait) = self.wait_before_repeat(&call, &failure, &mut repeats) else {
                return Err(failure.into_error(shared, repeats.sent));
            };
            if Instant::now() + wait >= deadline {
                let hint = format!(
                    "the vendor asks to wait {} s, which is longer than this call may take",
                    wait.as_secs()
                );
                return Err(failure.into_error(shared, repeats.sent).with_hint(&hint));
            }
            tracing::debug!(
                operation = call.operation,
                status = failure.status,
                wait_ms = wait.as_millis() as u64,
                attempt = repeats.sent,
                "sending again"
            );
            tokio::time::sleep(wait).await;
        }
    }

    async fn renew(&self, rejected: Option<Generation>) -> Result<bool> {
        let (Some(authenticator), Some(rejected)) = (&self.authenticator, rejected) else { return Ok(false) };
        let renewal = authenticator.renew(rejected).await?;
        for secret in authenticator.secrets() {
            self.shared.redactor.learn(&secret);
        }
        Ok(renewal == Renewal::Renewed)
    }

    /// One request and its answer, redirects within the origin included. The permit and the slot are taken here, so
    /// that nothing is held while a repeat waits.
    async fn attempt(&self, call: &Call, is_repeat: bool) -> Result<Attempt> {
        let shared = &*self.shared;
        let mut headers = call.headers.clone();
        let generation = match &self.authenticator {
            Some(authenticator) => {
                let generation = authenticator.authorize(&mut headers).await?;
                for secret in authenticator.secrets() {
                    shared.redactor.learn(&secret);
                }
                Some(generation)
            }
            None => None,
        };
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        let mut target = call.target.clone();
        for redirect in 0..=REDIRECTS {
            let Ok(_permit) = shared.permits.acquire().await else {
                return Err(Error::bug("the connection was closed while it was in use"));
            };
            let slot = shared.pace.slot().await;
            let sent = shared.exchange_once(call, &target, &headers, is_repeat || redirect > 0).await;
            match shared.judge(call, slot, generation, sent) {
                Judged::Final(attempt) => return Ok(attempt),
                Judged::Moved(to) => target = to,
            }
        }
        Err(Error::new(ErrorKind::Protocol, "the vendor redirects in circles"))
    }

    /// How long to wait before sending again; `None` if sending again is of no use or not allowed.
    fn wait_before_repeat(&self, call: &Call, failure: &Failure, repeats: &mut Repeats) -> Option<Duration> {
        if call.once {
            return None;
        }
        let refused = failure.status == Some(429);
        let safe = call.safety == Safety::Read || refused || !failure.sent;
        if !safe || !failure.is_passing(self.shared.dialect.retries_on_500, repeats) {
            return None;
        }
        if let Some(stated) = failure.stated_wait {
            // The pace holds every task back for that long already; a little more, so that not all come back at once.
            return (stated <= LONGEST_SENSIBLE_WAIT)
                .then(|| stated + Duration::from_millis(fastrand::u64(0..250)))
                .or(Some(Duration::MAX / 4));
        }
        if refused {
            // The pace says when; nothing is added.
            repeats.refusals += 1;
            return (repeats.refusals <= MOST_REFUSALS)
                .then(|| self.shared.pace.held_for().unwrap_or_default());
        }
        repeats.failures += 1;
        (repeats.failures < ATTEMPTS && self.shared.purse.pay())
            .then(|| wait_before(repeats.failures - 1, fastrand::f64()))
    }
}

/// Refusals of one call, none of which states a wait, before it counts as lasting.
const MOST_REFUSALS: u32 = 30;

#[derive(Default)]
struct Repeats {
    sent: u32,
    failures: u32,
    refusals: u32,
    server_errors: u32,
    resolves: u32,
}

enum Attempt {
    Done(Answer),
    Failed(Failure),
}

enum Judged {
    Final(Attempt),
    Moved(Target),
}

/// Why an attempt brought no answer worth having.
struct Failure {
    broken: Option<Broken>,
    status: Option<u16>,
    message: Option<String>,
    stated_wait: Option<Duration>,
    generation: Option<Generation>,
    sent: bool,
}

impl Failure {
    fn is_passing(&self, retries_on_500: u32, repeats: &mut Repeats) -> bool {
        match (self.status, &self.broken) {
            (Some(408 | 429 | 502 | 503 | 504), _) => true,
            (Some(500), _) => {
                repeats.server_errors += 1;
                repeats.server_errors <= retries_on_500
            }
            (None, Some(broken)) if broken.kind == BrokenKind::Resolve => {
                repeats.resolves += 1;
                repeats.resolves <= 1
            }
            (None, Some(broken)) => broken.is_passing(),
            _ => false,
        }
    }

    fn into_error(self, shared: &Shared, attempts: u32) -> Error {
        let error = match (self.status, self.broken) {
            (Some(status), _) => {
                let message = self.message.as_deref().unwrap_or_default();
                let kind = (shared.dialect.classify)(status, message).unwrap_or_else(|| usual_kind(status));
                let text = if message.is_empty() {
                    format!("{} answered without saying why", shared.base.host())
                } else {
                    message.to_owned()
                };
                let passing = matches!(
                    kind,
                    ErrorKind::Server | ErrorKind::Throttled | ErrorKind::Timeout | ErrorKind::Network
                );
                let error = Error::new(kind, text).with_status(status);
                if passing { error.temporary() } else { error }
            }
            (None, Some(broken)) => {
                let passing = broken.is_passing();
                let error = broken.into_error(shared.base.host());
                if passing { error.temporary() } else { error }
            }
            (None, None) => Error::bug("a request failed without a reason"),
        };
        error.with_attempts(attempts)
    }
}

impl Shared {
    async fn exchange_once(
        &self,
        call: &Call,
        target: &Target,
        headers: &HeaderMap,
        is_repeat: bool,
    ) -> std::result::Result<Response<Bytes>, Broken> {
        let unusable = |_| Broken {
            kind: BrokenKind::Garbled,
            sent: false,
            message: "the address of the request is no URL".to_owned(),
        };
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(self.base.address(target))
            .body(call.body.clone())
            .map_err(unusable)?;
        *request.headers_mut() = headers.clone();
        let _count = Counted::begin(&self.meter, is_repeat);
        let sending = self.exchange.exchange(request, self.settings.max_response);
        // The HTTP client bounds its own time; this bounds any other carrier, and bytes that drip.
        tokio::time::timeout(self.settings.timeout, sending).await.unwrap_or(Err(Broken {
            kind: BrokenKind::Timeout,
            sent: true,
            message: "no answer in time".to_owned(),
        }))
    }

    fn judge(
        &self,
        call: &Call,
        slot: Slot,
        generation: Option<Generation>,
        sent: std::result::Result<Response<Bytes>, Broken>,
    ) -> Judged {
        let mut failure =
            Failure { broken: None, status: None, message: None, stated_wait: None, generation, sent: true };
        let response = match sent {
            Ok(response) => response,
            Err(broken) => {
                tracing::debug!(operation = call.operation, kind = ?broken.kind, "a request broke");
                failure.sent = broken.sent;
                failure.broken =
                    Some(Broken { message: self.redactor.clean_text(&broken.message), ..broken });
                return Judged::Final(Attempt::Failed(failure));
            }
        };
        let (parts, body) = response.into_parts();
        let status = parts.status.as_u16();
        tracing::debug!(operation = call.operation, status, bytes = body.len(), "an answer");
        self.note_clock(&parts.headers);
        let body = self.redactor.clean(body);
        if parts.status.is_success() {
            self.pace.accepted(slot);
            self.purse.earn();
            let answer = Answer { operation: call.operation, status, headers: parts.headers, body };
            return Judged::Final(Attempt::Done(answer));
        }
        failure.status = Some(status);
        failure.message = error_message(&body).map(|message| self.redactor.clean_text(&message));
        failure.stated_wait =
            matches!(status, 429 | 503).then(|| requested_wait(&parts.headers, SystemTime::now())).flatten();
        let bearable = failure.stated_wait.filter(|wait| *wait <= LONGEST_SENSIBLE_WAIT);
        if status == 429 {
            self.meter.throttled();
            self.pace.refused(slot, bearable);
        } else {
            self.pace.accepted(slot);
            if let Some(wait) = bearable {
                self.pace.hold(wait);
            }
        }
        if parts.status.is_redirection() {
            match self.redirect(call, status, &parts.headers) {
                Ok(target) => return Judged::Moved(target),
                Err(reason) => failure.message = Some(reason.to_owned()),
            }
        }
        Judged::Final(Attempt::Failed(failure))
    }

    /// Where a redirect leads, if it may be followed: a read, to the same origin.
    fn redirect(
        &self,
        call: &Call,
        status: u16,
        headers: &HeaderMap,
    ) -> std::result::Result<Target, &'static str> {
        let keeps_method = call.method == http::Method::GET || matches!(status, 307 | 308);
        if call.safety != Safety::Read || !keeps_method || !matches!(status, 301 | 302 | 303 | 307 | 308) {
            return Err(
                "the vendor redirects this request, which cannot be followed safely; check the address",
            );
        }
        let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
        let Some(location) = location else { return Err("the vendor redirects without saying where") };
        self.base
            .own_link(location)
            .map(Target::AtOrigin)
            .map_err(|_| "the vendor redirects to another host; it was not followed, so that the credential stays here; check the address")
    }

    fn note_clock(&self, headers: &HeaderMap) {
        if let Some(theirs) = server_time(headers) {
            let ours = SystemTime::now();
            let seconds = match theirs.duration_since(ours) {
                Ok(ahead) => i64::try_from(ahead.as_secs()).unwrap_or(i64::MAX),
                Err(behind) => -i64::try_from(behind.duration().as_secs()).unwrap_or(i64::MAX),
            };
            self.skew.store(seconds, Ordering::Relaxed);
        }
    }
}

/// Counts a request from its start to its end, however it ends.
struct Counted<'a>(&'a Meter);

impl<'a> Counted<'a> {
    fn begin(meter: &'a Meter, is_repeat: bool) -> Self {
        meter.sent(is_repeat);
        Self(meter)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.ended();
    }
}

/// A task that ends when nobody waits for it any more.
struct AbortOnDrop(tokio::task::JoinHandle<Result<Answer>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
