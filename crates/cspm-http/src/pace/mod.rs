//! The pace of a credential: one allowance for all its tasks, told or learnt.
//!
//! *Told* (`requests_per_second`): requests leave at that rate with bursts of half a second's worth, which stays clear of
//! a limiter that counts whole seconds' worth even when the network bunches requests up.
//!
//! *Learnt*: the rate starts at a figure the vendor surely bears and doubles every second while the allowance is what
//! holds requests back. The first refusal ends that. Between two refusals the limiter's bucket went from empty to empty,
//! so the requests accepted in between, divided by the time, are exactly the vendor's rate: from then on the rate stays
//! near that figure, dips below it after a refusal, and climbs along a cubic curve that is flat around the figure and
//! steep away from it, so that a limit that was raised is found within seconds.
//!
//! One refusal holds every task of the credential back; a wait that the server states is never shortened. All of it is
//! reckoned by the monotonic clock: the wall clock is asked once, to turn a stated date into a wait.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

#[cfg(test)]
mod tests;

/// After a refusal the rate drops to this share of what the vendor accepts.
const DIP: f64 = 0.88;
/// How fast the cubic curve leaves its plateau, per second³, at ten requests a second and above.
const STEEPNESS: f64 = 0.04;
/// Rates beyond this are as good as unlimited.
const FASTEST: f64 = 10_000.0;
const SLOWEST: f64 = 0.05;
/// The longest wait after a refusal that states none.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One credential's allowance.
pub(crate) struct Pace {
    /// Tasks queue here in order; the first one sleeps, the others wait for it.
    queue: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

struct State {
    rate: f64,
    ceiling: Option<f64>,
    /// The earliest moment at which the next request is on time (generic cell rate algorithm).
    due: Instant,
    /// Nothing is sent before this.
    held_until: Option<Instant>,
    /// Refusals without an acceptance in between.
    refusals: u32,
    /// Bumped at every dip, so that refusals of requests sent before it do not dip again.
    epoch: u64,
    learnt: Learnt,
    last_growth: Instant,
    /// The allowance, not the caller, was what held requests back.
    is_binding: bool,
}

enum Learnt {
    /// No refusal yet.
    Nothing,
    /// The vendor's rate as far as known, and since it last refused: for how many seconds the allowance was what held
    /// requests back, and how many were accepted in them. Only that time proves something about the rate; that in which the
    /// caller was slow, a stated wait was kept or the machine slept does not.
    Limit { rate: f64, seconds: f64, accepted: u64 },
}

/// Permission to send one request; tells the pace how it was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    epoch: u64,
}

impl Pace {
    /// `told` is the configured rate; `first` is where learning starts. Both in requests a second.
    pub(crate) fn new(told: Option<f64>, first: f64) -> Self {
        let now = Instant::now();
        Self {
            queue: tokio::sync::Mutex::new(()),
            state: Mutex::new(State {
                rate: told.unwrap_or(first).clamp(SLOWEST, FASTEST),
                ceiling: told.map(|rate| rate.clamp(SLOWEST, FASTEST)),
                due: now,
                held_until: None,
                refusals: 0,
                epoch: 0,
                learnt: Learnt::Nothing,
                last_growth: now,
                is_binding: false,
            }),
        }
    }

    /// Waits for the next slot; `None`, at once, if it is known to come only after `deadline`. Dropping the future gives
    /// the place in the queue back.
    pub(crate) async fn slot_before(&self, deadline: Instant) -> Option<Slot> {
        let _first_in_line = self.queue.lock().await;
        let mut waited = false;
        loop {
            let taken = self.state().try_take(Instant::now(), waited);
            match taken {
                Ok(slot) => return Some(slot),
                Err(until) if until >= deadline => return None,
                Err(until) => tokio::time::sleep_until(until).await,
            }
            waited = true;
        }
    }

    /// The request was accepted (whatever else its answer says).
    pub(crate) fn accepted(&self, _slot: Slot) {
        self.state().accepted(Instant::now());
    }

    /// The request was refused as one too many. Every task waits: as long as the server says, else a moment that doubles
    /// with each refusal in a row.
    pub(crate) fn refused(&self, slot: Slot, stated: Option<Duration>) {
        self.state().refused(slot, Instant::now(), stated);
    }

    /// The server asks for a wait for another reason (`503` with `Retry-After`): it is kept, the rate stays.
    pub(crate) fn hold(&self, wait: Duration) {
        self.state().hold_until(Instant::now() + wait);
    }

    /// How long nothing will be sent, if anything holds it back.
    pub(crate) fn held_for(&self) -> Option<Duration> {
        self.state().held_until?.checked_duration_since(Instant::now())
    }

    /// The rate at present, in requests a second.
    #[cfg(test)]
    pub(crate) fn rate(&self) -> f64 {
        self.state().rate
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// `waited`: the same request came too early before.
    fn try_take(&mut self, now: Instant, waited: bool) -> Result<Slot, Instant> {
        if let Some(until) = self.held_until.filter(|until| *until > now) {
            return Err(until);
        }
        self.held_until = None;
        self.is_binding = waited || self.due > now;
        let allowed = self.due.checked_sub(self.tolerance()).unwrap_or(now);
        if allowed > now {
            return Err(allowed);
        }
        self.due = self.due.max(now) + Duration::from_secs_f64(1.0 / self.rate);
        Ok(Slot { epoch: self.epoch })
    }

    /// How far ahead of an even spacing requests may leave: half a second's worth, at low rates none.
    fn tolerance(&self) -> Duration {
        let burst = (self.rate / 2.0).floor().max(1.0);
        Duration::from_secs_f64((burst - 1.0) / self.rate)
    }

    fn accepted(&mut self, now: Instant) {
        self.refusals = 0;
        let elapsed = now.duration_since(self.last_growth).as_secs_f64();
        self.last_growth = now;
        let proving = if self.is_binding { elapsed.min((2.0 / self.rate).max(1.0)) } else { 0.0 };
        let grown = match &mut self.learnt {
            Learnt::Nothing => self.rate * 2_f64.powf(proving.min(1.0)),
            Learnt::Limit { rate, seconds, accepted } => {
                *accepted += u64::from(self.is_binding);
                *seconds += proving;
                // A slow vendor needs more time for the same number of requests, and a few more of them: a refusal, and the
                // pause after it, cost more there.
                let steepness = STEEPNESS * (*rate / 10.0).min(1.0).powi(4);
                let plateau = ((1.0 - DIP) / steepness).cbrt();
                let beyond = *seconds - plateau;
                *rate * (1.0 + steepness * beyond.powi(3))
            }
        };
        // A rate that nobody used up proves nothing about a higher one.
        if self.is_binding && grown > self.rate {
            self.rate = grown.min(self.ceiling.unwrap_or(FASTEST));
        }
    }

    fn refused(&mut self, slot: Slot, now: Instant, stated: Option<Duration>) {
        if slot.epoch == self.epoch {
            self.dip(now);
            let pause = stated.unwrap_or_else(|| {
                let doubled =
                    Duration::from_secs_f64(1.0 / self.rate).saturating_mul(1 << self.refusals.min(16));
                doubled.clamp(Duration::from_millis(50), LONGEST_PAUSE)
            });
            self.refusals = self.refusals.saturating_add(1);
            self.hold_until(now + pause);
        } else if let Some(wait) = stated {
            self.hold_until(now + wait);
        }
    }

    fn dip(&mut self, now: Instant) {
        self.epoch += 1;
        let limit = match self.learnt {
            Learnt::Limit { seconds, accepted, .. } if accepted >= 5 => {
                (accepted as f64 / seconds.max(0.001)).min(self.rate)
            }
            // Refused again at once: the figure was too high.
            Learnt::Limit { rate, .. } => rate.min(self.rate) * DIP,
            // The first refusal came after the rate had doubled for a while.
            Learnt::Nothing => self.rate * 0.6,
        };
        let limit = limit.clamp(SLOWEST, FASTEST);
        self.learnt = Learnt::Limit { rate: limit, seconds: 0.0, accepted: 0 };
        self.rate = (limit * DIP).max(SLOWEST);
        self.last_growth = now;
    }

    fn hold_until(&mut self, until: Instant) {
        self.held_until = Some(self.held_until.map_or(until, |earlier| earlier.max(until)));
        // No burst after the pause: the vendor's own allowance is used up.
        self.due = self.due.max(until + self.tolerance());
    }
}
