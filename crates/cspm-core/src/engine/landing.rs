//! What an answer means for the books, without the records themselves: what a checkpoint keeps.
//!
//! The books follow from the answers alone. Keeping each answer's part in them, and booking it again in the same order,
//! therefore leads back to the same state: resuming is no second way of counting. Failures are not kept, except those
//! after which a scope begins anew: what failed is still waiting when a run continues, and is tried again.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::distinct::{Identity, Keys};
use super::piece::Job;
use crate::{Cursor, Error, MeterReading, Notice, Notices, Plan, Record, Rejected, Scope, Step, Then, error};

/// One thing that happened in a reading and that a run that continues has to know. Nothing in it derives from a
/// credential or shows a record: scopes, cursors, counts, and a keyed hash of each record's id.
///
/// Only this version of this library reads what it wrote.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Landing {
    #[serde(flatten)]
    pub(super) event: Event,
    /// What the run had sent by then.
    pub(super) sent: MeterReading,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    /// The work was divided.
    Planned(Planned),
    /// A request was answered.
    Answered { at: Place, answer: Answer, remarks: Notices },
    /// A cursor had expired, and its scope begins anew.
    Restarted { at: Place },
}

/// How the work was divided.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Planned {
    pub(super) scopes: Vec<Scope>,
    pub(super) failed: Vec<Lost>,
}

/// A scope that could not be planned.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Lost {
    pub(super) scope: Scope,
    #[serde(with = "error::whole")]
    pub(super) error: Error,
}

impl Planned {
    pub(super) fn of(plan: &Plan) -> Self {
        let failed =
            plan.failed.iter().map(|(scope, error)| Lost { scope: scope.clone(), error: error.clone() });
        let short = plan.short.iter().filter_map(|report| {
            let scope = Scope { labels: report.scope.clone(), ..Scope::default() };
            Some(Lost { scope, error: report.error.clone()? })
        });
        Self { scopes: plan.scopes.clone(), failed: failed.chain(short).collect() }
    }

    /// Whether the same work is planned now, in whatever order the vendor lists it; else what is not.
    pub(super) fn difference(&self, now: &Plan) -> Option<String> {
        let only_in = |one: &[Scope], other: &[Scope], words: &str| {
            let odd = one.iter().find(|scope| !other.contains(scope))?;
            let labels: Vec<_> = odd.labels.iter().map(|(name, value)| format!("{name} {value}")).collect();
            Some(format!("{} {words}", crate::clean_text(&labels.join(", "), 200)))
        };
        if self.scopes == now.scopes {
            return None;
        }
        only_in(&self.scopes, &now.scopes, "was there when the run began and is not there now")
            .or_else(|| only_in(&now.scopes, &self.scopes, "is there now and was not when the run began"))
    }
}

/// Which request: enough to find it among those that wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) piece: usize,
    pub(super) pass: u8,
    pub(super) at: Cursor,
}

impl Place {
    pub(super) fn of(job: &Job) -> Self {
        Self { piece: job.piece, pass: job.pass, at: job.at.clone() }
    }

    pub(super) fn is_of(&self, job: &Job) -> bool {
        self.piece == job.piece && self.pass == job.pass && self.at == job.at
    }
}

/// A [`Step`] with keys in place of its records.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    #[serde(with = "compact")]
    pub(super) records: Vec<Seen>,
    /// Records that another scope hands on.
    #[serde(with = "compact")]
    pub(super) elsewhere: Vec<Seen>,
    pub(super) rejected: Vec<Rejected>,
    pub(super) expected: Option<u64>,
    pub(super) then: Then,
    pub(super) more: Vec<Scope>,
    pub(super) notices: Vec<Notice>,
}

/// A record as the books know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) key: u64,
    pub(super) wanted: bool,
}

impl Answer {
    /// Takes the records out of a step.
    pub(super) fn of<T: Record>(step: Step<T>, keys: &Keys, query: &T::Query) -> (Vec<T>, Self) {
        let Step { mut items, elsewhere, rejected, expected, then, more, notices } = step;
        put_newest_first(&mut items, keys);
        let seen = |item: &T| Seen { key: keys.of_record(item.identity()), wanted: item.is_wanted(query) };
        let records = items.iter().map(seen).collect();
        let elsewhere = elsewhere.iter().map(seen).collect();
        (items, Self { records, elsewhere, rejected, expected, then, more, notices })
    }
}

/// Of records of one answer that are the same, the first is the one that counts: the newest by the vendor's time is put
/// there, the later one where no time tells.
fn put_newest_first<T: Record>(items: &mut [T], keys: &Keys) {
    let mut places: HashMap<u64, usize, Identity> = HashMap::default();
    for place in 0..items.len() {
        let Some(item) = items.get(place) else { return };
        let first = *places.entry(keys.of_record(item.identity())).or_insert(place);
        if items.get(first).is_some_and(|first| !is_older(item, first)) {
            items.swap(first, place);
        }
    }
}

/// Whether the vendor's times say so.
fn is_older<T: Record>(one: &T, other: &T) -> bool {
    matches!((one.as_of(), other.as_of()), (Some(one), Some(other)) if one < other)
}

/// Seventeen letters a record: `+` if it is wanted, else `-`, and its key in hexadecimal.
mod compact {
    use std::borrow::Cow;
    use std::fmt::Write as _;

    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    use super::Seen;

    const LETTERS: usize = 17;

    pub(super) fn serialize<S: Serializer>(records: &[Seen], serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(records.len() * LETTERS);
        for seen in records {
            // Writing into a text cannot fail.
            let _ = write!(text, "{}{:016x}", if seen.wanted { '+' } else { '-' }, seen.key);
        }
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Seen>, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let read = |letters: &[u8]| {
            let (sign, key) = std::str::from_utf8(letters).ok()?.split_at_checked(1)?;
            let wanted = matches!(sign, "+").then_some(true).or(matches!(sign, "-").then_some(false))?;
            Some(Seen { key: u64::from_str_radix(key, 16).ok().filter(|_| key.len() == 16)?, wanted })
        };
        text.as_bytes()
            .chunks(LETTERS)
            .map(|letters| read(letters).ok_or_else(|| D::Error::custom("no list of record keys")))
            .collect()
    }
}
