//! A rate limit per credential, as a vendor's gateway has it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::time::Instant;

use crate::clock::DateForm;
use crate::error_body::ErrorBody;
use crate::retry_after::RetryAfter;
use crate::sync::lock;
use crate::wire::{SimRequest, SimResponse};

/// The headers in which the vendors' credentials travel; the first that is there names the caller.
pub(crate) const CREDENTIAL_HEADERS: [&str; 4] = ["authorization", "api-key", "x-auth-token", "x-api-key"];

/// The longest wait that a refusal names, in seconds: a day.
const LONGEST_WAIT: f64 = 86_400.0;

/// A token bucket for each credential: who is over it gets a 429 and the vendor does not see the request.
#[derive(Clone, Debug)]
pub struct Throttle {
    /// How many requests a second each credential may send in the long run.
    pub per_second: f64,
    /// How many it may send at once after a rest.
    pub burst: u32,
    /// How many of its requests may be in flight at the same time; `None` is no limit.
    pub simultaneous: Option<u32>,
    /// How a refusal says when to come back.
    pub hint: Hint,
    /// What every answer says about the allowance.
    pub announce: Announce,
    /// The refusal; `Retry-After` and the announcement are added to it.
    pub refusal: SimResponse,
}

/// How a refusal says when the next request would be let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hint {
    /// Not at all.
    #[default]
    None,
    /// `Retry-After` in whole seconds, rounded up, at least 1.
    Seconds,
    /// `Retry-After` as a date in this spelling, rounded up to the second.
    Date(DateForm),
}

/// Which headers tell the allowance that is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Announce {
    /// None.
    #[default]
    Nothing,
    /// `RateLimit` and `RateLimit-Policy` of the IETF draft (draft-ietf-httpapi-ratelimit-headers-10).
    RateLimit,
    /// `X-RateLimit-Limit`, `-Remaining` and `-Reset`, the reset in seconds from now.
    XRateLimitSeconds,
    /// The same, the reset in seconds since 1970.
    XRateLimitEpoch,
}

impl Throttle {
    /// A limit of so many requests a second after a burst of so many, refused with `{"message":"Too Many Requests"}`
    /// and without a word about when to come back.
    pub fn new(per_second: f64, burst: u32) -> Self {
        Self {
            per_second,
            burst,
            simultaneous: None,
            hint: Hint::None,
            announce: Announce::Nothing,
            refusal: ErrorBody::Message.response(StatusCode::TOO_MANY_REQUESTS),
        }
    }

    /// No limit of rate, but of how many requests of one credential may be in flight at the same time.
    pub fn at_once(simultaneous: u32) -> Self {
        Self { simultaneous: Some(simultaneous), ..Self::new(f64::INFINITY, u32::MAX) }
    }

    /// The same with another [`Throttle::simultaneous`].
    pub fn simultaneous(mut self, at_most: u32) -> Self {
        self.simultaneous = Some(at_most);
        self
    }

    /// The same with another [`Throttle::hint`].
    pub fn hint(mut self, hint: Hint) -> Self {
        self.hint = hint;
        self
    }

    /// The same with another [`Throttle::announce`].
    pub fn announce(mut self, announce: Announce) -> Self {
        self.announce = announce;
        self
    }

    /// The same with another [`Throttle::refusal`].
    pub fn refusal(mut self, refusal: SimResponse) -> Self {
        self.refusal = refusal;
        self
    }

    /// Whole seconds from `tokens` to `wanted`, rounded up.
    fn seconds_until(&self, wanted: f64, tokens: f64) -> u64 {
        let seconds = ((wanted - tokens) / self.per_second).clamp(0.0, LONGEST_WAIT);
        // Not a number only for an endless rate of an endless burst: no wait.
        if seconds.is_nan() { 0 } else { seconds.ceil() as u64 }
    }

    fn refuse(&self, bucket: &Bucket, now: i64) -> SimResponse {
        let mut response = self.refusal.clone();
        let seconds = self.seconds_until(1.0, bucket.tokens).max(1);
        let ahead = i64::try_from(seconds).unwrap_or(i64::MAX);
        match self.hint {
            Hint::None => {}
            Hint::Seconds => RetryAfter::Seconds(seconds).put(&mut response.headers, now),
            // A date is cut to the second, so one more is needed not to come too early.
            Hint::Date(form) => RetryAfter::Date { ahead: ahead + 1, form }.put(&mut response.headers, now),
        }
        response
    }

    fn announcement(&self, bucket: &Bucket, now: i64) -> HeaderMap {
        let remaining = bucket.tokens.max(0.0) as u64;
        let reset = self.seconds_until(f64::from(self.burst), bucket.tokens);
        let limit = self.burst;
        let fields = match self.announce {
            Announce::Nothing => Vec::new(),
            Announce::RateLimit => {
                let window = self.seconds_until(f64::from(self.burst), 0.0).max(1);
                vec![
                    ("ratelimit", format!("\"default\";r={remaining};t={reset}")),
                    ("ratelimit-policy", format!("\"default\";q={limit};w={window}")),
                ]
            }
            Announce::XRateLimitSeconds | Announce::XRateLimitEpoch => {
                let epoch = u64::try_from(now / 1_000).unwrap_or(0) + reset;
                let reset = if self.announce == Announce::XRateLimitEpoch { epoch } else { reset };
                vec![
                    ("x-ratelimit-limit", limit.to_string()),
                    ("x-ratelimit-remaining", remaining.to_string()),
                    ("x-ratelimit-reset", reset.to_string()),
                ]
            }
        };
        let fields = fields.into_iter();
        fields
            .filter_map(|(name, value)| {
                Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
            })
            .collect()
    }
}

/// The simulator's throttle: off at first, to be set, changed and taken away at any time.
#[derive(Debug, Default)]
pub struct Throttling(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    throttle: Option<Throttle>,
    buckets: HashMap<Box<[u8]>, Bucket>,
    refused: u64,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
    in_flight: u32,
}

impl Throttling {
    /// Sets or changes the limit. Who has used up an allowance does not get it again by that; a new lower burst cuts
    /// what is left.
    pub fn set(&self, throttle: Throttle) {
        let mut state = lock(&self.0);
        state.settle();
        state.throttle = Some(throttle);
    }

    /// Takes the limit away; every allowance is whole when the next one is set.
    pub fn clear(&self) {
        let mut state = lock(&self.0);
        state.throttle = None;
        state.buckets.retain(|_, bucket| bucket.in_flight > 0);
        state.buckets.values_mut().for_each(|bucket| bucket.tokens = f64::INFINITY);
    }

    /// How many requests were refused so far.
    pub fn refused(&self) -> u64 {
        lock(&self.0).refused
    }

    /// Lets a request through or refuses it.
    pub(crate) fn admit(&self, request: &SimRequest, now: i64) -> Verdict {
        let mut state = lock(&self.0);
        let State { throttle: Some(throttle), buckets, refused } = &mut *state else {
            return Verdict::Admitted { permit: None, announcement: HeaderMap::new() };
        };
        let caller: Box<[u8]> = credential(request).into();
        let full = f64::from(throttle.burst);
        let new = || Bucket { tokens: full, filled: Instant::now(), in_flight: 0 };
        let bucket = buckets.entry(caller.clone()).or_insert_with(new);
        bucket.fill(throttle);
        let crowded = throttle.simultaneous.is_some_and(|most| bucket.in_flight >= most);
        if crowded || bucket.tokens < 1.0 {
            *refused += 1;
            let mut response = throttle.refuse(bucket, now);
            response.headers.extend(throttle.announcement(bucket, now));
            return Verdict::Refused(response);
        }
        bucket.tokens -= 1.0;
        bucket.in_flight += 1;
        let permit = Permit { throttling: Arc::clone(&self.0), caller };
        Verdict::Admitted { permit: Some(permit), announcement: throttle.announcement(bucket, now) }
    }
}

impl State {
    /// Brings all buckets up to now under the present limit, before it changes.
    fn settle(&mut self) {
        if let Some(throttle) = &self.throttle {
            self.buckets.values_mut().for_each(|bucket| bucket.fill(throttle));
        }
    }
}

impl Bucket {
    fn fill(&mut self, throttle: &Throttle) {
        let now = Instant::now();
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        // No time passed adds nothing, also at an endless rate (which would give no number).
        let gained = if passed > 0.0 { passed * throttle.per_second } else { 0.0 };
        // The sum of many small steps may stay a hair below the whole token that is due.
        let tokens = self.tokens + gained;
        let whole = tokens.round();
        let tokens = if (tokens - whole).abs() < 1e-9 { whole } else { tokens };
        self.tokens = tokens.min(f64::from(throttle.burst));
    }
}

/// What the throttle says to a request.
pub(crate) enum Verdict {
    /// It may pass; the permit counts it as in flight until dropped.
    Admitted { permit: Option<Permit>, announcement: HeaderMap },
    /// It gets this answer.
    Refused(SimResponse),
}

/// One request in flight.
#[derive(Debug)]
pub(crate) struct Permit {
    throttling: Arc<Mutex<State>>,
    caller: Box<[u8]>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(bucket) = lock(&self.throttling).buckets.get_mut(&self.caller) {
            bucket.in_flight = bucket.in_flight.saturating_sub(1);
        }
    }
}

fn credential(request: &SimRequest) -> &[u8] {
    let mut values = CREDENTIAL_HEADERS.iter().filter_map(|name| request.headers.get(*name));
    values.next().map_or(&[], HeaderValue::as_bytes)
}

#[cfg(test)]
mod tests;
