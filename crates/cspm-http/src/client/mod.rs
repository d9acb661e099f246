//! The one request pipeline, in one visible order:
//! deadline → authorise → permit → pace → send → bounds → classify → (wait and repeat, or renew once).
//!
//! Authorising comes before the permit, because it may log in, which takes a permit of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cspm_core::{Authenticator, Error, ErrorKind, Generation, Meter, Renewal, Result};
use http::{HeaderMap, HeaderValue, Response, header};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::exchange::Exchange;
use crate::pace::Pace;
use crate::redact::Redactor;
use crate::retry::{Purse, Repeats};
use crate::retry_after::{LONGEST_SENSIBLE_WAIT, in_words};
use crate::{Answer, BaseUrl, Call, Dialect, Safety};

mod judge;
mod settings;
#[cfg(test)]
mod tests;

pub(crate) use judge::Failure;
use judge::Judged;
pub use settings::{ClientBuilder, Settings};

/// Redirects within the origin that one read follows.
const REDIRECTS: u32 = 5;
/// Work on less than this takes well below a millisecond.
const LARGE_BODY: usize = 1 << 20;
/// A deadline that cannot be reckoned with is as good as this one.
const A_YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

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

enum Attempt {
    Done(Response<Bytes>),
    Failed(Failure),
}

impl Client {
    /// Begins a client for one address and one vendor's reading of HTTP.
    #[must_use]
    pub fn builder(base: BaseUrl, dialect: Dialect) -> ClientBuilder {
        ClientBuilder::new(base, dialect)
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
        let run = async move {
            let response = client.run(&call).await?;
            let size = response.body().len();
            let_others_work(size).await;
            let answer = Answer::new(operation, response);
            let_others_work(size).await;
            Ok(answer)
        };
        let mut task = AbortOnDrop(tokio::spawn(run.in_current_span()));
        match (&mut task.0).await {
            // A log-in on the way that failed has its own name.
            Ok(result) => result.map_err(|error| match error.operation() {
                Some(_) => error,
                None => error.with_operation(operation),
            }),
            Err(_) => Err(Error::bug(
                "the transport failed in a way that is a mistake of this program; please report it",
            )
            .with_operation(operation)),
        }
    }

    async fn run(&self, call: &Call) -> Result<Response<Bytes>> {
        let limit = self.shared.settings.deadline;
        let now = Instant::now();
        let deadline = now.checked_add(limit).unwrap_or_else(|| now + A_YEAR);
        let mut repeats = Repeats::default();
        let run = self.run_until(deadline, call, &mut repeats);
        match tokio::time::timeout_at(deadline, run).await {
            Ok(result) => result,
            Err(_) => {
                let message = format!("not done within {} s, waits and repeats included", limit.as_secs());
                let error = Error::new(ErrorKind::Timeout, message).with_attempts(repeats.sent).temporary();
                let leaves_open = call.safety == Safety::Write && repeats.sent > 0;
                Err(if leaves_open { error.uncertain() } else { error })
            }
        }
    }

    async fn run_until(
        &self,
        deadline: Instant,
        call: &Call,
        repeats: &mut Repeats,
    ) -> Result<Response<Bytes>> {
        let shared = &*self.shared;
        let mut renewed = false;
        loop {
            let failure = match self.attempt(deadline, call, repeats).await? {
                Attempt::Done(response) => return Ok(response),
                Attempt::Failed(failure) => failure,
            };
            if failure.status == Some(401) && !renewed && !call.once {
                renewed = true;
                if self.renew(failure.generation).await? {
                    continue;
                }
            }
            let retries_on_500 = shared.dialect.retries_on_500;
            let wait = repeats.wait_before_next(call, &failure, retries_on_500, &shared.purse, &shared.pace);
            let Some(wait) = wait else {
                return Err(failure.into_error(shared, call, repeats.sent));
            };
            let in_time = Instant::now().checked_add(wait).is_some_and(|until| until < deadline);
            if !in_time || wait > LONGEST_SENSIBLE_WAIT {
                let hint = match failure.stated_wait {
                    Some(stated) => {
                        format!(
                            "the vendor asks to wait {}, longer than this call may take",
                            in_words(stated)
                        )
                    }
                    None => "no time is left to try again".to_owned(),
                };
                return Err(failure.into_error(shared, call, repeats.sent).with_hint(&hint));
            }
            tracing::info!(
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
        Ok(authenticator.renew(rejected).await? == Renewal::Renewed)
    }

    /// One request and its answer, redirects within the origin included. Permit and slot are taken here, so that
    /// nothing is held while a repeat waits.
    async fn attempt(&self, deadline: Instant, call: &Call, repeats: &mut Repeats) -> Result<Attempt> {
        let shared = &*self.shared;
        let (headers, generation) = self.headers(call).await?;
        let is_repeat = repeats.sent > 0;
        let mut target = call.target.clone();
        for redirect in 0..=REDIRECTS {
            let request = shared.request(call, &target, &headers)?;
            let Ok(_permit) = shared.permits.acquire().await else {
                return Err(Error::bug("the connection was closed while it was in use"));
            };
            let Some(slot) = shared.pace.slot_before(deadline).await else {
                return Err(shared.held_too_long().with_attempts(repeats.sent));
            };
            repeats.sent += u32::from(redirect == 0);
            let sent = shared.exchange_once(request, is_repeat).await;
            let is_nameless = self.authenticator.is_none();
            match shared.judge(call, &target, slot, sent, is_nameless) {
                Judged::Done(response) => return Ok(Attempt::Done(response)),
                Judged::Failed(failure) => return Ok(Attempt::Failed(Failure { generation, ..failure })),
                Judged::Moved(to) => target = to,
            }
        }
        Err(Error::new(ErrorKind::Protocol, "the vendor redirects in circles").with_attempts(repeats.sent))
    }

    /// What is sent along, the credential of this moment included.
    async fn headers(&self, call: &Call) -> Result<(HeaderMap, Option<Generation>)> {
        let mut headers = call.headers.clone();
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        let Some(authenticator) = &self.authenticator else { return Ok((headers, None)) };
        let generation = authenticator.authorize(&mut headers).await?;
        for secret in authenticator.secrets() {
            self.shared.redactor.learn_session(&secret);
        }
        Ok((headers, Some(generation)))
    }
}

impl Shared {
    fn held_too_long(&self) -> Error {
        match self.pace.held_for() {
            Some(held) => {
                let message = format!(
                    "not sent: the vendor asks to wait {}, longer than this call may take",
                    in_words(held)
                );
                Error::new(ErrorKind::Throttled, message).temporary()
            }
            None => {
                let message =
                    "not sent: at the pace of requests its turn comes later than this call may take";
                Error::new(ErrorKind::Timeout, message).temporary()
            }
        }
    }
}

/// Between the steps of work on a large body, the timers and tasks that share its thread get their turn.
async fn let_others_work(body: usize) {
    if body >= LARGE_BODY {
        tokio::task::yield_now().await;
    }
}

/// A task that ends when nobody waits for it any more.
struct AbortOnDrop(tokio::task::JoinHandle<Result<Answer>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
