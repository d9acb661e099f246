//! Sending once, and what to make of what came back.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use cspm_core::{Error, ErrorKind, Generation, Meter, Result};
use http::{HeaderMap, Method, Request, Response, StatusCode, header};

use super::Shared;
use crate::base::Target;
use crate::body::error_message;
use crate::exchange::{Broken, BrokenKind};
use crate::pace::Slot;
use crate::retry_after::{LONGEST_SENSIBLE_WAIT, exhausted_until, requested_wait, server_time};
use crate::{Call, Safety, usual_kind};

/// An answer that was good says that the quota is used up: longer than this, the refusal that follows decides.
const LONGEST_QUOTA_WAIT: Duration = Duration::from_secs(60);

/// What one request came to.
pub(super) enum Judged {
    /// A success, with own secrets blotted out.
    Done(Response<Bytes>),
    Failed(Failure),
    Moved(Target),
}

/// Why an attempt brought no answer worth having.
#[derive(Default)]
pub(crate) struct Failure {
    pub(crate) broken: Option<Broken>,
    pub(crate) status: Option<u16>,
    pub(crate) message: Option<String>,
    pub(crate) stated_wait: Option<Duration>,
    pub(crate) generation: Option<Generation>,
}

impl Failure {
    /// Whether the vendor may have acted on the request.
    pub(crate) fn may_have_acted(&self) -> bool {
        match &self.broken {
            Some(broken) => broken.sent,
            None => self.status != Some(429),
        }
    }

    /// Whether the server said, on a connection that stood, that it did not look at the request.
    pub(crate) fn was_turned_away(&self) -> bool {
        self.broken.as_ref().is_some_and(|broken| broken.kind == BrokenKind::Interrupted && !broken.sent)
    }

    /// Whether a write that failed like this may have been carried out all the same: its answer is lost, or says that the
    /// vendor broke down over it. Any other answer is a refusal.
    fn leaves_open(&self, call: &Call) -> bool {
        let refused = self.status.is_some_and(|status| status != 408 && status < 500);
        call.safety == Safety::Write && self.may_have_acted() && !refused
    }

    pub(super) fn into_error(self, shared: &Shared, call: &Call, attempts: u32) -> Error {
        let leaves_open = self.leaves_open(call);
        let error = match (self.status, self.broken) {
            (Some(status), _) => {
                let message = self.message.as_deref().unwrap_or_default();
                let kind = (shared.dialect.classify)(status, message).unwrap_or_else(|| usual_kind(status));
                let text = if message.is_empty() {
                    format!("{} answered without saying why", shared.base.host())
                } else {
                    message.to_owned()
                };
                let passing = match status {
                    // Whose 500 is worth one repeat at most has had it; what is not implemented stays so.
                    500 => shared.dialect.retries_on_500 > 1,
                    501 => false,
                    _ => matches!(
                        kind,
                        ErrorKind::Server | ErrorKind::Throttled | ErrorKind::Timeout | ErrorKind::Network
                    ),
                };
                let error = Error::new(kind, text).with_status(status);
                if passing { error.temporary() } else { error }
            }
            (None, Some(broken)) => {
                // A name that did not resolve twice is misspelt rather than missing for a moment.
                let passing = broken.is_passing() && broken.kind != BrokenKind::Resolve;
                let error = broken.into_error(shared.base.host());
                if passing { error.temporary() } else { error }
            }
            (None, None) => Error::bug("a request failed without a reason"),
        };
        let error = error.with_attempts(attempts);
        if leaves_open { error.uncertain() } else { error }
    }
}

impl Shared {
    pub(super) fn request(
        &self,
        call: &Call,
        target: &Target,
        headers: &HeaderMap,
    ) -> Result<Request<Bytes>> {
        let unusable = || {
            Error::new(
                ErrorKind::InvalidRequest,
                "not sent: an address cannot hold this request (an id of dots only, a bare special character, or too long)",
            )
        };
        let address = self.base.address(target).ok_or_else(unusable)?;
        let mut request = Request::new(call.body.clone());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = address;
        *request.headers_mut() = headers.clone();
        Ok(request)
    }

    pub(super) async fn exchange_once(
        &self,
        request: Request<Bytes>,
        is_repeat: bool,
    ) -> std::result::Result<Response<Bytes>, Broken> {
        let _count = Counted::begin(&self.meter, is_repeat);
        let sending = self.exchange.exchange(request, self.settings.max_response);
        // The HTTP client bounds its own time; this bounds any other carrier, and bytes that drip.
        tokio::time::timeout(self.settings.timeout, sending).await.unwrap_or(Err(Broken {
            kind: BrokenKind::Timeout,
            sent: true,
            message: "no answer in time".to_owned(),
        }))
    }

    pub(super) fn judge(
        &self,
        call: &Call,
        target: &Target,
        slot: Slot,
        sent: std::result::Result<Response<Bytes>, Broken>,
        is_nameless: bool,
    ) -> Judged {
        let response = match sent {
            Ok(response) => response,
            Err(broken) => {
                tracing::info!(operation = call.operation, kind = ?broken.kind, "a request broke");
                let message = self.redactor.clean_text(&broken.message);
                let broken = Some(Broken { message, ..broken });
                return Judged::Failed(Failure { broken, ..Failure::default() });
            }
        };
        let (parts, body) = response.into_parts();
        let (status, mut headers) = (parts.status, parts.headers);
        tracing::debug!(
            operation = call.operation,
            status = status.as_u16(),
            bytes = body.len(),
            "an answer"
        );
        self.note_clock(&headers);
        let stated_wait = self.note_pace(status, &headers, slot);
        if status.is_success() {
            self.purse.earn();
            // What a nameless call brings may be the very token that is looked for: of a log-in.
            let cleaner = if is_nameless { self.redactor.lasting() } else { self.redactor.all() };
            cleaner.clean_headers(&mut headers);
            let mut response = Response::new(cleaner.clean(body));
            (*response.status_mut(), *response.headers_mut()) = (status, headers);
            return Judged::Done(response);
        }
        let mut message = error_message(&body, &self.redactor);
        if status.is_redirection() {
            match self.redirect(call, target, status, &headers) {
                Ok(target) => return Judged::Moved(target),
                Err(reason) => message = Some(reason.to_owned()),
            }
        }
        let status = Some(status.as_u16());
        Judged::Failed(Failure { status, message, stated_wait, ..Failure::default() })
    }

    /// Tells the pace how a request was answered; gives the wait that the server asks for.
    fn note_pace(&self, status: StatusCode, headers: &HeaderMap, slot: Slot) -> Option<Duration> {
        let now = SystemTime::now();
        let asks = matches!(status.as_u16(), 300..=399 | 408 | 429 | 500..=599);
        let stated = if asks { requested_wait(headers, now) } else { None };
        let bearable = stated.filter(|wait| *wait <= LONGEST_SENSIBLE_WAIT);
        if status == StatusCode::TOO_MANY_REQUESTS {
            self.meter.throttled();
            self.pace.refused(slot, bearable);
            return stated;
        }
        if let Some(wait) = bearable {
            // Neither refused as one too many nor accepted: it tells nothing about the rate.
            self.pace.hold(wait);
            return stated;
        }
        self.pace.accepted(slot);
        // Nothing remains of the quota: the next request would be refused, so it waits already.
        let exhausted =
            exhausted_until(headers, now).filter(|wait| status.is_success() && *wait <= LONGEST_QUOTA_WAIT);
        if let Some(wait) = exhausted {
            self.pace.hold(wait);
        }
        stated
    }

    /// Where a redirect leads, if it may be followed: a read, to the same origin.
    fn redirect(
        &self,
        call: &Call,
        target: &Target,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> std::result::Result<Target, &'static str> {
        let keeps_method = match status.as_u16() {
            301..=303 => call.method == Method::GET,
            307 | 308 => true,
            _ => false,
        };
        if call.safety != Safety::Read || !keeps_method {
            return Err(
                "the vendor redirects this request, which cannot be followed safely; check the address",
            );
        }
        let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
        let Some(location) = location else { return Err("the vendor redirects without saying where") };
        if self.redactor.clean_text(location) != location {
            return Err(
                "the vendor redirects to an address that repeats the credential; it was not followed, because addresses are logged on the way",
            );
        }
        self.base
            .redirected(target, location)
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
