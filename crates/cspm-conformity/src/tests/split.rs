//! The planner against a cube of counts in memory: nothing listed is lost, sums match, and few requests are wasted.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::slice::PAGE_SIZE;

/// How many checks there are of each combination of values, and which values are known.
#[derive(Clone, Debug, Default)]
struct Cube {
    cells: BTreeMap<[String; 5], u64>,
    known: BTreeMap<Dimension, Vec<String>>,
    rules: BTreeMap<String, Vec<String>>,
    /// Regions that make the vendor refuse the whole request.
    refused: BTreeSet<String>,
}

impl Cube {
    fn count(&self, slice: &Slice) -> u64 {
        self.matching(slice).map(|(_, count)| count).sum()
    }

    fn matching<'a>(&'a self, slice: &'a Slice) -> impl Iterator<Item = (&'a [String; 5], &'a u64)> {
        self.cells.iter().filter(move |(cell, _)| {
            Dimension::ALL
                .iter()
                .zip(cell.iter())
                .all(|(dimension, value)| slice.list(*dimension).is_none_or(|list| list.contains(value)))
        })
    }

    fn total(&self) -> u64 {
        self.cells.values().sum()
    }

    fn refuses(&self, slice: &Slice) -> bool {
        slice.list(Dimension::Regions).is_some_and(|list| list.iter().any(|region| self.refused.contains(region)))
    }
}

impl Candidates for Cube {
    fn of(&self, dimension: Dimension, slice: &Slice) -> Vec<String> {
        match (dimension, slice.list(Dimension::Services)) {
            (Dimension::RuleIds, Some(services)) => {
                services.iter().filter_map(|service| self.rules.get(service)).flatten().cloned().collect()
            }
            (Dimension::RuleIds, None) => self.rules.values().flatten().cloned().collect(),
            _ => self.known.get(&dimension).cloned().unwrap_or_default(),
        }
    }
}

#[derive(Debug, Default)]
struct Run {
    /// Everything asked of the vendor, further pages included.
    requests: u64,
    /// Requests that brought no record to keep.
    wasted: u64,
    /// The sum of what the parts that were read announced.
    accounted: u64,
    /// The cells of parts that were read to their end, and how often.
    read: BTreeMap<[String; 5], u64>,
    /// Parts read as far as possible.
    beyond: u64,
    longest_lists: usize,
}

fn run(cube: &Cube, root: Slice) -> Run {
    let mut run = Run::default();
    let mut waiting = vec![Part::of(root)];
    while let Some(part) = waiting.pop() {
        run.requests += 1;
        assert!(run.requests < 100_000, "the planner does not end");
        run.longest_lists =
            run.longest_lists.max(part.slice.lists.values().map(|list| list_length(list)).sum::<usize>());
        // A part is a plain value: it survives being stored.
        let part: Part = serde_json::from_str(&serde_json::to_string(&part).unwrap()).unwrap();
        if cube.refuses(&part.slice) {
            run.wasted += 1;
            waiting.extend(part.without_regions(cube).expect("a region is named"));
            continue;
        }
        let total = cube.count(&part.slice);
        let (division, more) = divide(&part, total, cube);
        waiting.extend(more);
        match division {
            Division::Read => {
                run.accounted += total;
                run.requests += total.div_ceil(PAGE_SIZE).saturating_sub(1);
                run.wasted += u64::from(total == 0);
                for (cell, _) in cube.matching(&part.slice) {
                    *run.read.entry(cell.clone()).or_default() += 1;
                }
            }
            Division::Nothing => run.wasted += 1,
            Division::Split(parts) => {
                run.wasted += 1;
                waiting.extend(parts);
            }
            Division::Beyond => {
                run.beyond += 1;
                run.requests += WINDOW / PAGE_SIZE - 1;
            }
        }
    }
    run
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}{number}")).collect()
}

/// 250,000 checks over 20 regions and 30 services, as uneven as `power` says, in an order that `seed` shuffles.
fn uneven(seed: u64, power: f64, known_services: usize) -> Cube {
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut shuffled = |count: usize| -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            order.swap(last, usize::try_from(random % (last as u64 + 1)).unwrap());
        }
        order
    };
    let weight = |rank: usize| 1.0 / (rank as f64 + 1.0).powf(power);
    let (regions, services) = (shuffled(20), shuffled(known_services));
    let mut weights = Vec::new();
    for (region, region_rank) in regions.iter().enumerate() {
        for (service, service_rank) in services.iter().enumerate().filter(|(_, rank)| **rank < 30) {
            for (level, share) in [0.4, 0.3, 0.2, 0.07, 0.03].iter().enumerate() {
                weights.push((region, service, level, weight(*region_rank) * weight(*service_rank) * share));
            }
        }
    }
    let sum: f64 = weights.iter().map(|(.., weight)| weight).sum();
    let mut cube = Cube::default();
    for (region, service, level, weight) in weights {
        let count = (weight / sum * 250_000.0).round() as u64;
        let cell = [
            format!("region{region}"),
            format!("service{service}"),
            format!("level{level}"),
            "FAILURE".to_owned(),
            format!("rule{service}-{level}"),
        ];
        if count > 0 {
            cube.cells.insert(cell, count);
        }
    }
    let short = 250_000 - cube.total().min(250_000);
    *cube.cells.values_mut().next().unwrap() += short;
    cube.known.insert(Dimension::Regions, names("region", 21));
    cube.known.insert(Dimension::Services, names("service", known_services));
    cube.known.insert(Dimension::RiskLevels, names("level", 5));
    for service in 0..known_services {
        cube.rules.insert(format!("service{service}"), names(&format!("rule{service}-"), 5));
    }
    cube
}

#[test]
fn print_costs() {
    for known in [30, 60, 120] {
        for power in [0.0, 0.5, 0.8, 1.0, 1.2, 1.5] {
            let mut worst = 0.0f64; let mut sum = 0.0; let mut w = 0;
            for seed in 1..40 {
                let cube = uneven(seed, power, known);
                let total = cube.total();
                let run = run(&cube, Slice::of_account("a"));
                let ratio = run.requests as f64 / total.div_ceil(1000) as f64;
                worst = worst.max(ratio); sum += ratio; w = w.max(run.wasted);
            }
            println!("known {known} power {power}: mean {:.3} worst {worst:.3} wasted {w}", sum / 39.0);
        }
    }
}
