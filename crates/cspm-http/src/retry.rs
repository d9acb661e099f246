//! When to send again, and how long to wait before.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::client::Failure;
use crate::exchange::BrokenKind;
use crate::pace::Pace;
use crate::{Call, Safety};

/// Attempts at one request before a passing failure counts as lasting.
pub(crate) const ATTEMPTS: u32 = 6;
/// Refusals (429) of one call before they count as lasting: the pace makes them rare, so this many are no accident.
pub(crate) const REFUSALS: u32 = 30;
/// Whoever waited for the same moment comes back within this time, so that not all come back at once.
const JITTER_MS: u64 = 250;
/// Long enough to spread a thousand clients that failed at one instant over ten slots of 100 ms.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// The wait before a repeat: anything between nothing and a bound that doubles with each repeat (full jitter), so that
/// many tasks that failed together do not come back together. `repeat` counts from 0; `luck` is in 0..1.
pub(crate) fn wait_before(repeat: u32, luck: f64) -> Duration {
    let bound =
        FIRST_WAIT.saturating_mul(1_u32.checked_shl(repeat.min(20)).unwrap_or(u32::MAX)).min(LONGEST_WAIT);
    bound.mul_f64(luck.clamp(0.0, 1.0))
}

/// What one call has been through.
#[derive(Default)]
pub(crate) struct Repeats {
    /// Requests sent, redirects not counted.
    pub(crate) sent: u32,
    failures: u32,
    refusals: u32,
    server_errors: u32,
    unresolved: u32,
    /// Successes of the whole connection before the first failure.
    successes_before: Option<u64>,
}

impl Repeats {
    /// How long to wait before sending again; `None` if that is of no use or not allowed. The wait may be longer than
    /// anybody can bear: that is for the caller to judge.
    pub(crate) fn wait_before_next(
        &mut self,
        call: &Call,
        failure: &Failure,
        retries_on_500: u32,
        purse: &Purse,
        pace: &Pace,
    ) -> Option<Duration> {
        let is_repeatable = call.safety == Safety::Read && !call.once;
        if (failure.may_have_acted() && !is_repeatable) || !self.is_passing(failure, retries_on_500) {
            return None;
        }
        let is_refusal = failure.status == Some(429);
        if is_refusal {
            self.refusals += 1;
            if self.refusals > REFUSALS {
                return None;
            }
        } else {
            self.failures += 1;
            let successes_before = *self.successes_before.get_or_insert_with(|| purse.successes());
            if self.failures >= ATTEMPTS {
                if failure.broken.is_some() {
                    purse.forfeit(successes_before);
                }
                return None;
            }
            if !purse.pay() {
                return None;
            }
        }
        Some(match failure.stated_wait {
            // The pace holds every task back for that long already.
            Some(stated) => stated.saturating_add(Duration::from_millis(fastrand::u64(0..JITTER_MS))),
            // The pace says when; nothing is added.
            None if is_refusal => pace.held_for().unwrap_or_default(),
            // A server that says so has ended one connection, as it does now and then; on the next it may go on at once.
            None if self.failures == 1 && failure.was_turned_away() => Duration::ZERO,
            None => wait_before(self.failures - 1, fastrand::f64()),
        })
    }

    /// Whether the same request may well do better later.
    fn is_passing(&mut self, failure: &Failure, retries_on_500: u32) -> bool {
        match (failure.status, &failure.broken) {
            (Some(408 | 429 | 502 | 503 | 504), _) => true,
            (Some(500), _) => {
                self.server_errors += 1;
                self.server_errors <= retries_on_500
            }
            (None, Some(broken)) if broken.kind == BrokenKind::Resolve => {
                self.unresolved += 1;
                self.unresolved <= 1
            }
            (None, Some(broken)) => broken.is_passing(),
            _ => false,
        }
    }
}

/// Repeats are paid for: each takes one from a purse that successes fill again. In an outage the purse is soon empty, and
/// what fails then fails at once instead of making the outage worse. It is emptied where nobody is there at all: one call
/// that got no answer through all its repeats has waited for the others too.
pub(crate) struct Purse(Mutex<Savings>);

struct Savings {
    left: u32,
    successes: u64,
}

impl Purse {
    const FULL: u32 = 40;

    pub(crate) fn new() -> Self {
        Self(Mutex::new(Savings { left: Self::FULL, successes: 0 }))
    }

    /// Pays for a repeat, if there is something left.
    fn pay(&self) -> bool {
        let mut savings = self.savings();
        let left = savings.left.checked_sub(1);
        savings.left = left.unwrap_or_default();
        left.is_some()
    }

    /// A success fills it up by one.
    pub(crate) fn earn(&self) {
        let mut savings = self.savings();
        savings.left = Self::FULL.min(savings.left + 1);
        savings.successes += 1;
    }

    /// How many successes there were so far.
    fn successes(&self) -> u64 {
        self.savings().successes
    }

    /// Empties it, unless there was a success since.
    fn forfeit(&self, successes_before: u64) {
        let mut savings = self.savings();
        if savings.successes == successes_before {
            savings.left = 0;
        }
    }

    fn savings(&self) -> MutexGuard<'_, Savings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r06_waits_are_spread_between_nothing_and_a_doubling_bound() {
        for repeat in 0..10 {
            let bound = FIRST_WAIT.saturating_mul(1 << repeat).min(LONGEST_WAIT);
            let waits: Vec<f64> =
                (0..10_000).map(|_| wait_before(repeat, fastrand::f64()).as_secs_f64()).collect();
            assert!(waits.iter().all(|wait| *wait <= bound.as_secs_f64()));
            let mean = waits.iter().sum::<f64>() / 10_000.0 / bound.as_secs_f64();
            assert!((0.47..0.53).contains(&mean), "mean near the half, was {mean}");
        }
    }

    #[test]
    fn q18_a_thousand_clients_that_failed_at_one_instant_do_not_come_back_at_one() {
        for repeat in 0..5 {
            let mut slots = std::collections::BTreeMap::<u128, u32>::new();
            for _ in 0..1_000 {
                *slots.entry(wait_before(repeat, fastrand::f64()).as_millis() / 100).or_default() += 1;
            }
            let fullest = slots.values().max();
            assert!(fullest <= Some(&150), "{fullest:?} of 1000 in one slot of 100 ms");
        }
    }

    #[test]
    fn r07_the_ten_thousandth_attempt_waits_no_longer_than_the_cap() {
        assert_eq!(wait_before(10_000, 1.0), LONGEST_WAIT);
        assert_eq!(wait_before(u32::MAX, 1.0), LONGEST_WAIT);
    }

    #[test]
    fn an_empty_purse_pays_for_nothing_until_a_success() {
        let purse = Purse::new();
        assert!((0..Purse::FULL).all(|_| purse.pay()));
        assert!(!purse.pay());
        purse.earn();
        assert!(purse.pay() && !purse.pay());
    }
}
