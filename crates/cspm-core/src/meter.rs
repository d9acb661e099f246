//! Counting what was sent.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// Counters of one connection's requests, shared between the transport (which counts) and the report (which reads).
#[derive(Debug, Default)]
pub struct Meter {
    requests: AtomicU64,
    retries: AtomicU64,
    throttled: AtomicU64,
    in_flight: AtomicU64,
}

/// What a [`Meter`] showed at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeterReading {
    /// Requests sent, repeats included.
    pub requests: u64,
    /// Requests that were repeats.
    pub retries: u64,
    /// Answers that said "too many requests".
    pub throttled: u64,
    /// Requests under way.
    pub in_flight: u64,
}

impl Meter {
    /// Counts a request as it is sent.
    pub fn sent(&self, repeat: bool) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.retries.fetch_add(u64::from(repeat), Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts its end, however it ended.
    pub fn ended(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts an answer that said "too many requests".
    pub fn throttled(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
    }

    /// The figures now.
    #[must_use]
    pub fn read(&self) -> MeterReading {
        MeterReading {
            requests: self.requests.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            throttled: self.throttled.load(Ordering::Relaxed),
            in_flight: self.in_flight.load(Ordering::Relaxed),
        }
    }
}

impl MeterReading {
    /// Together with what was counted before: by an earlier process, say.
    #[must_use]
    pub fn after(self, before: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(before.requests),
            retries: self.retries.saturating_add(before.retries),
            throttled: self.throttled.saturating_add(before.throttled),
            in_flight: self.in_flight,
        }
    }

    /// What was added since an earlier reading.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(earlier.requests),
            retries: self.retries.saturating_sub(earlier.retries),
            throttled: self.throttled.saturating_sub(earlier.throttled),
            in_flight: self.in_flight,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p23_sixty_four_threads_lose_no_count() {
        let meter = Meter::default();
        std::thread::scope(|scope| {
            for thread in 0..64_u64 {
                let meter = &meter;
                scope.spawn(move || {
                    for request in 0..500 {
                        meter.sent(request % 5 == 0);
                        if thread % 2 == 0 {
                            meter.throttled();
                        }
                        meter.ended();
                    }
                });
            }
        });
        let counted =
            MeterReading { requests: 64 * 500, retries: 64 * 100, throttled: 32 * 500, in_flight: 0 };
        assert_eq!(meter.read(), counted);
    }
}
