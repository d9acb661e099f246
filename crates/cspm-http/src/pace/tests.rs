//! The pace against a token bucket, on a paused clock: exact, whatever the machine is doing.

use std::sync::Arc;

use super::*;

impl Pace {
    /// A slot, however long it takes.
    async fn slot(&self) -> Slot {
        self.slot_before(Instant::now() + Duration::from_secs(1 << 30)).await.unwrap()
    }
}

/// A vendor that limits: a bucket of `burst` that fills at `rate` a second.
struct Vendor {
    rate: f64,
    burst: f64,
    left: f64,
    at: Instant,
}

impl Vendor {
    fn new(rate: f64, burst: f64) -> Self {
        Self { rate, burst, left: burst, at: Instant::now() }
    }

    fn accepts(&mut self) -> bool {
        let now = Instant::now();
        self.left = (self.left + self.rate * now.duration_since(self.at).as_secs_f64()).min(self.burst);
        self.at = now;
        let accepts = self.left >= 1.0;
        self.left -= f64::from(u8::from(accepts));
        accepts
    }
}

struct Run {
    seconds: f64,
    refused: u32,
}

/// Reads a number of pages with so many tasks, each answer taking 20 ms or a little more.
async fn pages(pace: Arc<Pace>, vendor: Vendor, pages: u32, tasks: u32) -> Run {
    let began = Instant::now();
    let vendor = Arc::new(Mutex::new(vendor));
    let left = Arc::new(Mutex::new((pages, 0_u32)));
    let mut running = tokio::task::JoinSet::new();
    for task in 0..tasks {
        let (pace, vendor, left) = (pace.clone(), vendor.clone(), left.clone());
        running.spawn(async move {
            loop {
                {
                    let mut left = left.lock().unwrap();
                    if left.0 == 0 {
                        return;
                    }
                    left.0 -= 1;
                }
                loop {
                    let slot = pace.slot().await;
                    tokio::time::sleep(Duration::from_millis(10 + u64::from(task % 5))).await;
                    let accepted = vendor.lock().unwrap().accepts();
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    if accepted {
                        pace.accepted(slot);
                        break;
                    }
                    left.lock().unwrap().1 += 1;
                    pace.refused(slot, None);
                }
            }
        });
    }
    running.join_all().await;
    let refused = left.lock().unwrap().1;
    Run { seconds: began.elapsed().as_secs_f64(), refused }
}

/// The least time that so many requests need at such a vendor.
fn floor(pages: u32, rate: f64, burst: f64) -> f64 {
    (f64::from(pages) - burst) / rate
}

#[tokio::test(start_paused = true)]
async fn q11_a_told_limit_is_used_up_and_never_exceeded() {
    for (rate, count, most) in [(10.0, 500, 1.03), (20.0, 400, 1.05), (20.0, 403, 1.05), (5.0, 300, 1.03)] {
        let pace = Arc::new(Pace::new(Some(rate), 1.0));
        let run = pages(pace, Vendor::new(rate, rate), count, 8).await;
        assert_eq!(run.refused, 0, "{rate}/s");
        let ratio = run.seconds / (floor(count, rate, rate) + 0.03);
        assert!(ratio <= most, "{rate}/s: {ratio}");
    }
}

#[tokio::test(start_paused = true)]
async fn q12_an_unknown_limit_is_found_and_kept_to() {
    for (first, rate, burst, count, most) in [
        (10.0, 20.0, 20.0, 400, 1.10),
        (5.0, 20.0, 20.0, 400, 1.10),
        (10.0, 10.0, 10.0, 2000, 1.05),
        (10.0, 100.0, 100.0, 4000, 1.10),
        (10.0, 2.0, 2.0, 400, 1.10),
    ] {
        let pace = Arc::new(Pace::new(None, first));
        let run = pages(pace, Vendor::new(rate, burst), count, 8).await;
        let ratio = run.seconds / floor(count, rate, burst);
        let share = f64::from(run.refused) / f64::from(count);
        println!("{first} -> {rate}/s: {ratio:.3} of the floor, {:.1} % refused", share * 100.0);
        assert!(ratio <= most, "{first} -> {rate}/s: {ratio:.3} of the floor");
        assert!(share <= 0.05, "{first} -> {rate}/s: {:.1} % refused", share * 100.0);
    }
}

#[tokio::test(start_paused = true)]
async fn q02_a_stated_wait_holds_every_task() {
    let pace = Arc::new(Pace::new(Some(100.0), 1.0));
    let slot = pace.slot().await;
    pace.refused(slot, Some(Duration::from_secs(7)));
    // A shorter wait that arrives later does not shorten it.
    pace.refused(slot, Some(Duration::from_secs(1)));
    let began = Instant::now();
    let waiting: Vec<_> = (0..64)
        .map(|_| {
            let pace = pace.clone();
            tokio::spawn(async move {
                pace.slot().await;
                Instant::now()
            })
        })
        .collect();
    for task in waiting {
        let waited = task.await.unwrap() - began;
        assert!(waited >= Duration::from_secs(7), "{waited:?}");
    }
}

/// Requests that were on their way when the first was refused may be told to wait longer.
#[tokio::test(start_paused = true)]
async fn q02_a_longer_wait_that_is_told_later_counts() {
    let pace = Pace::new(Some(100.0), 1.0);
    let (first, second) = (pace.slot().await, pace.slot().await);
    pace.refused(first, Some(Duration::from_secs(1)));
    pace.refused(second, Some(Duration::from_secs(7)));
    let began = Instant::now();
    pace.slot().await;
    assert!(began.elapsed() >= Duration::from_secs(7), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn q17_a_cancelled_wait_gives_its_place_back() {
    let pace = Arc::new(Pace::new(Some(1.0), 1.0));
    pace.slot().await;
    for _ in 0..10 {
        let waiting = tokio::spawn({
            let pace = pace.clone();
            async move { pace.slot().await }
        });
        tokio::task::yield_now().await;
        waiting.abort();
    }
    let began = Instant::now();
    pace.slot().await;
    assert!(began.elapsed() <= Duration::from_millis(1001), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn q13_a_limit_that_changes_is_followed() {
    let pace = Arc::new(Pace::new(None, 10.0));
    pages(pace.clone(), Vendor::new(20.0, 20.0), 400, 8).await;
    let halved = pages(pace.clone(), Vendor { left: 0.0, ..Vendor::new(10.0, 10.0) }, 200, 8).await;
    assert!(
        halved.seconds <= 1.15 * 20.0 && halved.refused <= 20,
        "{} s, {}",
        halved.seconds,
        halved.refused
    );
    let doubled = pages(pace.clone(), Vendor { left: 0.0, ..Vendor::new(20.0, 20.0) }, 400, 8).await;
    assert!(doubled.seconds <= 1.15 * 20.0, "{} s", doubled.seconds);
    assert!(pace.rate() <= 40.0);
}

#[tokio::test(start_paused = true)]
async fn r22_time_in_which_nothing_was_sent_proves_nothing_about_a_higher_rate() {
    let hour = Duration::from_secs(3_600);
    let pace = Arc::new(Pace::new(None, 10.0));
    pages(pace.clone(), Vendor::new(20.0, 20.0), 400, 8).await;
    // The machine slept; then the vendor asked for a wait.
    tokio::time::advance(hour).await;
    for _ in 0..2 {
        let vendor = Vendor { left: 0.0, ..Vendor::new(20.0, 20.0) };
        let wait = pace.held_for().unwrap_or_default();
        let run = pages(pace.clone(), vendor, 400, 8).await;
        let seconds = run.seconds - wait.as_secs_f64();
        assert!(run.refused <= 20 && seconds <= 1.15 * 20.0, "{seconds} s, {}", run.refused);
        assert!(pace.rate() <= 40.0, "{}", pace.rate());
        let slot = pace.slot().await;
        pace.refused(slot, Some(hour));
    }
}

#[tokio::test(start_paused = true)]
async fn q13_a_low_limit_that_is_raised_is_noticed_too() {
    let pace = Arc::new(Pace::new(None, 10.0));
    pages(pace.clone(), Vendor::new(2.0, 2.0), 60, 8).await;
    assert!(pace.rate() < 3.0, "{}", pace.rate());
    let raised = pages(pace.clone(), Vendor { left: 0.0, ..Vendor::new(20.0, 20.0) }, 800, 8).await;
    assert!(raised.seconds <= 100.0, "{} s", raised.seconds);
}
