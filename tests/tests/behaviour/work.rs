//! Work that grows with the input and not with its square, whatever the input is: counted in time on the processor of the
//! one thread that a test has, which what else the machine does hardly changes.

use std::path::Path;
use std::sync::{Arc, Mutex};

use cspm_simulator::wire::SimResponse;
use cspm_simulator::{Fault, Which};
use cspm_tests::page::{details, id, name, records, set_total};
use cspm_tests::{Kind, KindExt, Lab, every_vendor};
use http::StatusCode;
use serde_json::{Value, json};

every_vendor!(j19_work_grows_with_the_input);

/// Four doublings, and 2.3 times the work for each of them.
const SMALL: usize = 250;
const LARGE: usize = 16 * SMALL;
const GROWTH: f64 = 2.3 * 2.3 * 2.3 * 2.3;

/// What the count is exact to: the longest time between two ticks, in nanoseconds.
const TICK: u64 = 10_000_000;

/// Nanoseconds that this thread had of a processor.
fn spent() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts this");
    text.split(' ').next().and_then(|first| first.parse().ok()).expect("a number")
}

/// Changes a page so that it has so much of something.
type Shape = fn(Kind, &mut Value, usize);

const SHAPES: [(&str, Shape); 6] = [
    ("records", |kind, page, size| many(kind, page, size, |_, _| {})),
    ("records that cannot be read", |kind, page, size| *records(kind, page) = vec![json!(7); 20 * size]),
    ("records with words that nobody knows", |kind, page, size| {
        many(kind, page, size, |record, number| {
            let word = json!(format!("word-{number}"));
            match kind {
                Kind::Conformity => record["attributes"]["risk-level"] = word,
                Kind::Bitdefender => record["attributes"]["severity"] = word,
                _ => {
                    let payload = record["instance"].take();
                    *record = json!({"resource_type": word, word.as_str().expect("a text"): payload});
                }
            }
        });
    }),
    ("records that are all the same", |kind, page, size| {
        let record = records(kind, page)[0].clone();
        *records(kind, page) = vec![record; size];
    }),
    ("members that nobody reads", |kind, page, size| {
        let details = details(kind, &mut records(kind, page)[0]);
        (0..20 * size).for_each(|number| details[format!("new-{number}")] = json!(number));
    }),
    ("a text of escapes", |kind, page, size| {
        details(kind, &mut records(kind, page)[0])[name(kind)] = json!("\"\\\n".repeat(100 * size));
    }),
];

/// So many records that differ in their ids.
fn many(kind: Kind, page: &mut Value, size: usize, change: impl Fn(&mut Value, usize)) {
    let record = records(kind, page)[0].clone();
    *records(kind, page) = (0..size)
        .map(|number| {
            let mut record = record.clone();
            let known = id(kind, &mut record);
            *known = json!(format!("{}{number}", known.as_str().expect("an id")));
            change(&mut record, number);
            record
        })
        .collect();
}

/// The least that reading such a page costs, of so many times.
async fn cost(kind: Kind, shape: Shape, size: usize, times: usize) -> u64 {
    let lab = Lab::sized(kind, 1);
    let page: Arc<Mutex<Value>> = Arc::default();
    let into = page.clone();
    let keep = Fault::rewrite_json(move |_, page| *into.lock().unwrap() = page.clone());
    lab.simulator.faults().on(kind.listing(), Which::Nth(1), keep);
    lab.everything().await.assert_complete();
    let mut page = page.lock().unwrap().take();
    shape(kind, &mut page, size);
    let sent = records(kind, &mut page).len();
    set_total(kind, &mut page, |_| json!(sent));
    let answer = SimResponse::json(StatusCode::OK, &page);
    let mut least = u64::MAX;
    for _ in 0..times {
        lab.simulator.faults().clear();
        let answer = Fault::Answer(answer.clone());
        let rule = lab.simulator.faults().on(kind.listing(), Which::Nth(1), answer);
        let before = spent();
        lab.everything().await;
        least = least.min(spent() - before);
        assert_eq!(lab.simulator.faults().hits(rule), 1);
    }
    least
}

/// Maps that hold a vendor's words are seeded, so that nobody can choose words that share a bucket.
#[test]
fn j20_no_map_is_without_a_seed() {
    fn search(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "tests") {
                search(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("text");
                let unseeded = ["DefaultHasher", "BuildHasherDefault", "FxHash", "ahash", "fnv::", "nohash"];
                found.extend(
                    unseeded
                        .iter()
                        .filter(|word| text.contains(**word))
                        .map(|word| format!("{path:?}: {word}")),
                );
            }
        }
    }
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut found = Vec::new();
    for library in ["core", "http", "conformity", "insightcloudsec", "bitdefender", "ocsf", "cli"] {
        search(&crates.join(format!("cspm-{library}/src")), &mut found);
    }
    search(&crates.join("cspm/src"), &mut found);
    assert!(found.is_empty(), "hashes that anybody can reckon: {found:#?}");
}

async fn j19_work_grows_with_the_input(kind: Kind) {
    for (what, shape) in SHAPES {
        let (small, large) = (cost(kind, shape, SMALL, 2).await, cost(kind, shape, LARGE, 1).await);
        let growth = large as f64 / (small + TICK) as f64;
        println!("{kind:?}: {what}: {small} ns, {large} ns: {growth:.1} times");
        assert!(growth <= GROWTH, "{what}: {growth:.1} times the work for 16 times the size");
    }
}
