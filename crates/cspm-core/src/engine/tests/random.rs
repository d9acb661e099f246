//! Whatever a source does, a run is complete and equal to the truth, or it says by how much it is not.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use proptest::collection::vec;
use proptest::prelude::*;

use super::support::*;
use crate::engine::Seed;
use crate::{ConnectionReport, Cursor, Error, ErrorKind, Step, Then};

/// What is in a scope.
#[derive(Clone, Debug)]
enum Content {
    Pages(Listing),
    /// Parts, and how many records the whole has that no part shows.
    Parts {
        parts: Vec<Content>,
        hidden: u64,
    },
}

/// A listing of so many records.
#[derive(Clone, Debug)]
struct Listing {
    records: u64,
    size: u64,
    style: Style,
    announces: bool,
    /// Where the parts of a whole overlap: so many records of the part before come again.
    overlap: u64,
    /// Records that are sent once more, on the page after theirs.
    doubled: BTreeSet<u64>,
    /// Records never sent.
    withheld: BTreeSet<u64>,
    /// Records that cannot be understood.
    garbled: BTreeSet<u64>,
    faults: BTreeMap<u64, Fault>,
}

#[derive(Clone, Copy, Debug)]
enum Style {
    Next,
    Fan,
    Offset,
}

/// What goes wrong with a page.
#[derive(Clone, Copy, Debug)]
enum Fault {
    FailsOnce,
    FailsForEver,
    Refused,
    Expires,
    Empty,
    Panics,
}

fn listing() -> impl Strategy<Value = Listing> {
    let some = |most: usize| prop_oneof![12 => Just(BTreeSet::new()), 1 => proptest::collection::btree_set(0..60_u64, 0..most)];
    let style = prop_oneof![Just(Style::Next), Just(Style::Fan), Just(Style::Offset)];
    let fault = prop_oneof![
        4 => Just(Fault::FailsOnce),
        1 => Just(Fault::FailsForEver),
        1 => Just(Fault::Refused),
        2 => Just(Fault::Expires),
        2 => Just(Fault::Empty),
        1 => Just(Fault::Panics),
    ];
    let faults =
        prop_oneof![4 => Just(BTreeMap::new()), 1 => proptest::collection::btree_map(0..8_u64, fault, 0..3)];
    (0..60_u64, 1..20_u64, style, prop::bool::weighted(0.8), 0..4_u64, (some(4), some(3), some(3)), faults)
        .prop_map(|(records, size, style, announces, overlap, (doubled, withheld, garbled), faults)| {
            Listing { records, size, style, announces, overlap, doubled, withheld, garbled, faults }
        })
}

fn content() -> impl Strategy<Value = Content> {
    listing().prop_map(Content::Pages).prop_recursive(2, 12, 4, |inner| {
        let hidden = prop_oneof![8 => Just(0), 1 => 1..5_u64];
        (vec(inner, 1..4), hidden).prop_map(|(parts, hidden)| Content::Parts { parts, hidden })
    })
}

/// A scope as it is served: where its records begin, and what it holds.
#[derive(Clone, Debug)]
enum Served {
    Pages { first: u64, listing: Listing },
    Parts { names: Vec<String>, records: u64 },
}

/// Gives every scope a name and every record an id of its own.
fn serve(name: &str, content: &Content, first: &mut u64, served: &mut BTreeMap<String, Served>) -> u64 {
    match content {
        Content::Pages(listing) => {
            served.insert(name.to_owned(), Served::Pages { first: *first, listing: listing.clone() });
            *first += listing.records;
            listing.records
        }
        Content::Parts { parts, hidden } => {
            let names: Vec<_> = (0..parts.len()).map(|number| format!("{name}.{number}")).collect();
            let (begin, mut records) = (*first, *hidden);
            for (name, part) in names.iter().zip(parts) {
                // Parts overlap backwards, and never into another whole.
                let mut part = part.clone();
                if let Content::Pages(listing) = &mut part {
                    listing.overlap = listing.overlap.min(*first - begin);
                }
                records += serve(name, &part, first, served);
            }
            *first += hidden;
            served.insert(name.to_owned(), Served::Parts { names, records });
            records
        }
    }
}

impl Listing {
    /// Its records, those first that overlap with the part before.
    fn ids(&self, first: u64) -> std::ops::Range<u64> {
        first - self.overlap..first + self.records
    }

    fn answer(&self, first: u64, at: &Cursor, before: usize) -> crate::Result<Step<Item>> {
        let all = self.ids(first);
        let total = all.end - all.start;
        let pages = total.div_ceil(self.size).max(1);
        let number = match at {
            Cursor::Start => 0,
            Cursor::Page(number) => *number,
            Cursor::Offset(offset) => offset / self.size,
            Cursor::Token(text) => text.parse().unwrap(),
        };
        let is_lost = match (self.faults.get(&number), before) {
            (Some(Fault::FailsOnce), 0) | (Some(Fault::FailsForEver), _) => return Err(outage()),
            (Some(Fault::Refused), _) => return Err(refusal()),
            (Some(Fault::Expires), 0) => {
                return Err(Error::new(ErrorKind::InvalidRequest, "expired").with_status(410));
            }
            (Some(Fault::Panics), _) => std::panic::resume_unwind(Box::new("a mistake")),
            (Some(Fault::Empty), before) => before == 0,
            _ => false,
        };
        let then = match self.style {
            _ if number + 1 >= pages && !matches!(self.style, Style::Fan) => Then::Done,
            Style::Next => Then::Next(token(number + 1)),
            Style::Offset => Then::Next(Cursor::Offset((number + 1) * self.size)),
            Style::Fan if number == 0 => Then::Fan((1..pages).map(Cursor::Page).collect()),
            Style::Fan => Then::Done,
        };
        let mut step = Step::with(Vec::new(), then).expecting(self.announces.then_some(total));
        if is_lost {
            return Ok(step);
        }
        let page = number * self.size..((number + 1) * self.size).min(total);
        for place in page.clone().chain(self.doubled.iter().copied().filter(|place| {
            number > 0 && (page.start - self.size..page.start).contains(place) && page.start < total
        })) {
            let id = all.start + place;
            if self.garbled.contains(&place) {
                step.rejected.push(rejected(&id.to_string()));
            } else if !self.withheld.contains(&place) {
                step.items.push(item(&id.to_string()));
            }
        }
        Ok(step)
    }

    /// Whether this listing without a figure hides something that nobody could notice.
    fn deceives(&self) -> bool {
        let total = self.records + self.overlap;
        let withholds = self.withheld.iter().any(|place| *place < total && !self.garbled.contains(place));
        let pages = total.div_ceil(self.size).max(1);
        let empties = self.faults.iter().any(|(page, fault)| matches!(fault, Fault::Empty) && *page < pages);
        !self.announces && (withholds || empties)
    }
}

/// Reads it all, with a kill after each of so many pages: what was kept of them is all that is left, and the reading is
/// resumed from it.
fn read_on(script: &Script, width: usize, kills: &[usize]) -> (Vec<String>, ConnectionReport) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (seed, mut ids, mut kept) = (Seed::random(), Vec::new(), Vec::<String>::new());
        let mut kills = kills.iter().copied();
        loop {
            let landings = kept.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
            let mut pages = script.resumed(width, seed, landings).unwrap();
            let mut left = kills.next().unwrap_or(usize::MAX);
            while let Some(page) = if left > 0 { pages.next().await } else { None } {
                left -= 1;
                ids.extend(page.items.into_iter().map(|item| item.id));
                kept.push(serde_json::to_string(&page.landing.unwrap()).unwrap());
            }
            if left > 0 {
                assert!(pages.refusal().is_none());
                return (ids, pages.into_report());
            }
        }
    })
}

/// Reads it all, with an interruption after so many records if asked for.
fn read(script: &Script, width: usize, stop_after: Option<usize>) -> (Vec<String>, ConnectionReport) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut reading = script.reading(width);
        let mut ids = Vec::new();
        while stop_after.is_none_or(|most| ids.len() < most)
            && let Some(item) = reading.next().await
        {
            ids.push(item.id);
        }
        (ids, reading.into_report())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_is_complete_and_equal_to_the_truth_or_says_what_is_missing(
        contents in vec(content(), 1..4),
        width in 1..6_usize,
        stop_after in prop_oneof![3 => Just(None), 1 => (0..60_usize).prop_map(Some)],
        kills in prop_oneof![1 => Just(None), 1 => vec(0..12_usize, 0..4).prop_map(Some)],
    ) {
        let (mut first, mut served) = (10, BTreeMap::new());
        let mut truth = 0;
        let names: Vec<_> = (0..contents.len()).map(|number| format!("s{number}")).collect();
        for (name, content) in names.iter().zip(&contents) {
            let mut content = content.clone();
            if let Content::Pages(listing) = &mut content {
                listing.overlap = 0;
            }
            truth += serve(name, &content, &mut first, &mut served);
        }
        let deceives = |served: &Served| matches!(served, Served::Pages { listing, .. } if listing.deceives());
        // Deceit inside a whole shows in the sum; only a listing that stands alone can deceive.
        let deceived = names.iter().any(|name| deceives(&served[name]));
        let script = {
            let served = served.clone();
            Script::new(&names.iter().map(String::as_str).collect::<Vec<_>>(), move |name, at, before| {
                match &served[name] {
                    Served::Pages { first, listing } => listing.answer(*first, at, before),
                    Served::Parts { names, records } => {
                        let parts = names.iter().map(|name| scope(name)).collect();
                        Ok(Step::with(Vec::new(), Then::Split(parts)).expecting(Some(*records)))
                    }
                }
            })
        };
        let (ids, report) = match &kills {
            Some(kills) => read_on(&script, width, kills),
            None => read(&script, width, stop_after),
        };

        let distinct: BTreeSet<_> = ids.iter().collect();
        prop_assert_eq!(distinct.len(), ids.len(), "a record was handed on twice");
        prop_assert_eq!(report.findings, ids.len() as u64);
        prop_assert!(ids.iter().all(|id| id.parse::<u64>().unwrap() < first), "a record was made up");
        let written = ids.len() as u64;
        if report.complete {
            prop_assert!(report.error.is_none());
            prop_assert!(report.scopes.iter().all(|scope| scope.complete && scope.error.is_none()));
            prop_assert!(written == truth || deceived, "complete with {} of {} records", written, truth);
        } else {
            let known = report.scopes.iter().all(|scope| scope.complete || scope.expected.is_some());
            let missing: u64 = report
                .scopes
                .iter()
                .map(|scope| scope.expected.unwrap_or(scope.received).saturating_sub(scope.received))
                .sum();
            prop_assert!(report.error.is_some() || report.scopes.iter().any(|scope| scope.error.is_some()));
            // Where every figure is known and all that was read was taken, the report's figures add up to the truth.
            // What two parts share is owed by each of them, if both fail to bring it.
            if known && report.error.is_none() && !deceived {
                let overlaps = served.values().any(
                    |served| matches!(served, Served::Pages { listing, .. } if listing.overlap > 0),
                );
                let lines = scope_lines(&report);
                prop_assert!(written + missing >= truth, "{} + {} < {}: {:?}", written, missing, truth, lines);
                prop_assert!(written + missing == truth || overlaps, "{written} + {missing} > {truth}: {lines:?}");
            }
        }
        // Every scope asked about is in the report, or was replaced by its parts.
        let listed: BTreeSet<_> = report.scopes.iter().flat_map(|scope| scope.scope.get("scope")).collect();
        for place in script.asked() {
            let (name, _) = place.split_once('@').unwrap();
            let is_whole = matches!(served[name], Served::Parts { .. });
            prop_assert!(is_whole || listed.contains(&name.to_owned()), "{} is not in the report", name);
        }
        let pages: u64 = served.values().map(|served| match served {
            Served::Pages { listing, .. } => (listing.records + listing.overlap) / listing.size + 1,
            Served::Parts { .. } => 2,
        }).sum();
        let begun = 1 + kills.map_or(0, |kills| kills.len()) as u64;
        prop_assert!(script.asked().len() as u64 <= pages * 6 * begun, "too many requests");
    }
}
