//! What must hold whatever bytes come, held to seeds and to seeds that were changed: the fuzzers' properties, without a
//! fuzzer (rows J01 and J02 of the catalogue of faults).

use cspm_tests::fuzz::{TARGETS, Target};

/// How many changed inputs of each sort.
const CHANGED: usize = 400;

/// A seed with some bytes replaced, removed, doubled or taken from another, or cut.
fn changed(seed: &[u8], other: &[u8], dice: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..dice.usize(1..4) {
        let place = dice.usize(..=bytes.len());
        let end = place + dice.usize(0..8).min(bytes.len() - place);
        match dice.u8(..6) {
            0 => bytes.truncate(place),
            1 => drop(bytes.drain(place..end)),
            2 => bytes.splice(place..place, seed[..end.min(seed.len())].to_vec()).for_each(drop),
            3 => {
                let from = dice.usize(..=other.len());
                bytes.splice(place..end, other[from..].iter().take(40).copied()).for_each(drop);
            }
            4 => bytes.splice(place..end, [dice.u8(..)]).for_each(drop),
            _ => {
                let odd = *dice.choice(ODD).expect("some");
                bytes.splice(place..end, odd.bytes()).for_each(drop);
            }
        }
    }
    bytes
}

/// What changes the meaning of a text more than a byte does.
const ODD: &[&str] = &[
    "null",
    "[]",
    "{}",
    "\"\"",
    "-1",
    "1e400",
    "18446744073709551616",
    "\\ud800",
    "\\u0000",
    "\u{1e}",
    "\u{1e}429",
    "\"next\":",
    "[[[[",
    "\u{202e}",
    "\n",
    "\\",
    "//",
    "%2e%2e",
    "@",
];

fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).expect("a target")
}

/// Every seed, and so many that were changed.
fn hold(name: &str) {
    let Target { property, seeds, .. } = target(name);
    let seeds = seeds();
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| property(seed));
    let mut dice = fastrand::Rng::with_seed(7);
    for _ in 0..CHANGED {
        let seed = &seeds[dice.usize(..seeds.len())];
        let other = &seeds[dice.usize(..seeds.len())];
        let bytes = changed(seed, other, &mut dice);
        let held = std::panic::catch_unwind(|| property(&bytes));
        assert!(held.is_ok(), "{name} does not hold of {:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn j01_j02_whatever_conformity_answers() {
    hold("conformity");
}

#[test]
fn j01_j02_whatever_insightcloudsec_answers() {
    hold("insightcloudsec");
}

#[test]
fn j01_j02_whatever_bitdefender_answers() {
    hold("bitdefender");
}

#[test]
fn whatever_an_error_says() {
    hold("error_body");
}

#[test]
fn whatever_a_server_asks_to_wait() {
    hold("retry_after");
}

#[test]
fn whatever_place_a_checkpoint_names() {
    hold("cursor");
}

#[test]
fn whatever_link_a_server_gives() {
    hold("next_link");
}

#[test]
fn whatever_a_checkpoint_holds() {
    hold("checkpoint");
}

#[test]
fn whatever_a_configuration_says() {
    hold("configuration");
}

#[test]
fn whatever_a_policy_file_says() {
    hold("policy_file");
}

#[test]
fn whatever_an_event_says() {
    hold("ocsf");
}

/// Each target has a fuzzer of its name.
#[test]
fn every_target_has_its_fuzzer() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
    let mut fuzzers: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| {
            entry.expect("a file").path().file_stem().expect("a name").to_string_lossy().into_owned()
        })
        .collect();
    fuzzers.sort_unstable();
    let mut targets: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    targets.sort_unstable();
    assert_eq!(fuzzers, targets);
}
