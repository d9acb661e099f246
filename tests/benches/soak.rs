//! The soak: random faults against all three vendors for as long as one likes, every run compared with the truth.
//!
//! `cargo bench -p cspm-tests --bench soak -- --minutes 10 [--schedules 10000] [--seed 1]`. Time inside a run is simulated, so a minute here is days
//! of waits and repeats there. It prints runs, requests, faults that were met, findings, and what must be 0: losses and
//! false claims of completeness, hangs, panics, requests within a stated wait. It fails if one of them is not.

use std::time::{Duration, Instant};

use cspm_tests::Kind;
use cspm_tests::schedule::{Played, Schedule};

struct Tally {
    kind: Kind,
    runs: u64,
    complete: u64,
    broken: Vec<String>,
    sum: Played,
}

fn main() {
    let minutes = argument("--minutes").unwrap_or(1.0);
    let most = argument("--schedules").map_or(u64::MAX, |count| count as u64);
    let first = argument("--seed").map_or(0, |seed| seed as u64);
    let end = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    let kinds = [Kind::Conformity, Kind::InsightCloudSec, Kind::Bitdefender];
    let mut tallies =
        kinds.map(|kind| Tally { kind, runs: 0, complete: 0, broken: Vec::new(), sum: Played::default() });
    for number in 0..most {
        if Instant::now() >= end {
            break;
        }
        for tally in &mut tallies {
            let schedule = Schedule::random(tally.kind, first + number);
            let schedule = if number % 4 == 3 { schedule.deserted() } else { schedule };
            runtime.block_on(tally.play(schedule));
        }
    }
    println!(
        "{:<16} {:>8} {:>9} {:>10} {:>9} {:>10} {:>7}",
        "vendor", "runs", "complete", "requests", "faults", "findings", "broken"
    );
    for Tally { kind, runs, complete, broken, sum } in &tallies {
        println!(
            "{:<16} {runs:>8} {complete:>9} {:>10} {:>9} {:>10} {:>7}",
            kind.as_str(),
            sum.requests,
            sum.faults,
            sum.findings,
            broken.len()
        );
        broken.iter().take(5).for_each(|broken| println!("    {broken}"));
    }
    assert!(tallies.iter().all(|tally| tally.broken.is_empty()), "a promise was broken");
}

impl Tally {
    async fn play(&mut self, schedule: Schedule) {
        let seed = schedule.seed;
        self.runs += 1;
        // A check that fails inside is a panic of its task.
        let played = tokio::spawn(async move { schedule.play().await }).await;
        match played {
            Ok(Ok(played)) => {
                self.complete += u64::from(played.complete);
                self.sum.requests += played.requests;
                self.sum.faults += played.faults;
                self.sum.findings += played.findings;
            }
            Ok(Err(broken)) => self.broken.push(format!("seed {seed}: {broken}")),
            Err(panicked) => self.broken.push(format!("seed {seed}: {panicked}")),
        }
    }
}

fn argument(name: &str) -> Option<f64> {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1)?.parse().ok()
}
