//! Random schedules of faults: every run is complete and equal to the truth, or says that it is not.

use cspm_tests::schedule::Schedule;
use cspm_tests::{Kind, every_vendor};

every_vendor!(
    z01_random_schedules_end_complete_or_say_that_they_are_not,
    z02_nothing_is_asked_for_a_reader_that_has_gone,
);

/// How many schedules of each sort are played here; `cargo bench -p cspm-tests` plays as many as one has time for.
fn schedules() -> u64 {
    std::env::var("CSPM_SCHEDULES").ok().and_then(|count| count.parse().ok()).unwrap_or(150)
}

async fn hold(schedule: Schedule) {
    if let Err(broken) = schedule.play().await {
        let seed = schedule.seed;
        let shrunk = schedule.shrunk().await;
        let again = shrunk.play().await.err();
        panic!("seed {seed}: {broken}; the shortest: {shrunk:#?}: {again:?}");
    }
}

async fn z01_random_schedules_end_complete_or_say_that_they_are_not(kind: Kind) {
    for seed in 0..schedules() {
        hold(Schedule::random(kind, seed)).await;
    }
}

async fn z02_nothing_is_asked_for_a_reader_that_has_gone(kind: Kind) {
    for seed in 0..schedules() {
        hold(Schedule::random(kind, seed).deserted()).await;
    }
}
