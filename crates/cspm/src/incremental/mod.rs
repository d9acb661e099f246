//! What changed since the last complete run, and what is gone since.
//!
//! All three vendors leave filtering by time to this program, so an incremental run reads everything and says less. That
//! it reads everything is what lets it tell what is gone.
//!
//! Per connection, a record is written if the last complete run did not have it, or if it changed since: in its outcome,
//! severity or state, or at or after the *mark*, less an [overlap](OVERLAP), in anything else. The mark is the start of the
//! last complete run or the latest time that any of its records bore, whichever is earlier: a vendor's clock that is
//! behind ours loses nothing, and one that is ahead repeats nothing. A run that is not complete leaves the connection's
//! mark where it was; what it wrote is then written once more.
//!
//! *Gone* is what the last complete run had and this one has not seen, where
//! [the report proves it](cspm_core::ConnectionReport::proves_absence). What is merely suppressed now is read as well
//! and is not gone. Queries by severity or standard cannot tell: both may change, and the finding be there under another;
//! nor can one for kept rules only: what is gone from it may be broken now.
//!
//! What is gone can be told as it was, since ids, names and verdicts of findings are kept, and nothing else of them.

mod known;
mod state;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::hash::Hasher as _;
use std::io;
use std::sync::Arc;

use cspm_core::{
    Finding, FindingQuery, Origin, Outcome, OutcomeFilter, Record as _, RunReport, SuppressedFilter,
    Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use siphasher::sip::SipHasher13;

use self::known::{Known, Own, Shared, Verdict, by_shared};
use self::state::Kept;
pub use self::state::{LastComplete, StateError};
use crate::Fleet;
use crate::checkpoint::Question;

/// How far before the mark a record still counts as changed since, in milliseconds: an hour. Vendors index changes with a
/// delay.
pub const OVERLAP: i64 = 60 * 60 * 1000;

/// A mark so far ahead of our clock, in milliseconds, that something is wrong: a day.
const FAR: i64 = 24 * 60 * 60 * 1000;

/// A run that writes what changed since the last complete one.
pub struct Incremental {
    last: LastComplete,
    query: FindingQuery,
    begun: Timestamp,
    connections: HashMap<Arc<str>, Comparison>,
}

/// One connection's part.
struct Comparison {
    question: Question,
    /// At or after which a record counts as changed; `None` if there was no complete run.
    bound: Option<Timestamp>,
    now: HashMap<String, Sighting>,
    /// What the sightings have in common.
    shared: HashSet<Arc<Shared>>,
    withheld: u64,
}

/// What a record that is written has to say, against the last complete run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// It was not there.
    New,
    /// It was there, and is not the same.
    Changed,
    /// It was there and did not pass, and passes now; or it was like that before, and something else changed.
    Mended,
}

/// A record that this run has seen, as far as the next one has to know it.
#[derive(Clone, Debug)]
pub struct Sighting {
    connection: Arc<str>,
    vendor_id: String,
    shared: Arc<Shared>,
    own: Own,
    seen: Seen,
}

/// The part of a sighting that is plain numbers.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Seen {
    changed: Option<Timestamp>,
    print: u64,
    /// Part of the answer.
    wanted: bool,
    /// And written.
    news: Option<News>,
}

/// Sightings as plain values, to be kept in the notes of a checkpoint.
#[derive(Clone, Debug, Default)]
pub struct Sightings(pub Vec<Sighting>);

/// A finding that the last complete run had, and that is gone.
#[derive(Clone, Debug)]
pub struct Gone {
    origin: Origin,
    vendor_id: String,
    known: Known,
}

/// What a run leaves.
#[derive(Debug)]
#[non_exhaustive]
pub struct Finished {
    /// What the next run compares with.
    pub last: LastComplete,
    /// What is gone, each connection's by the vendor's ids: the `resolved` of the report.
    pub gone: Vec<Gone>,
}

impl Incremental {
    /// Compares with the last complete run. `begun` is the start of this one.
    ///
    /// # Errors
    /// If the last complete run of some connection asked something else.
    pub fn new(
        last: LastComplete,
        fleet: &Fleet,
        query: &FindingQuery,
        begun: Timestamp,
    ) -> Result<Self, StateError> {
        let mut connections = HashMap::new();
        for (name, question) in fleet.questions(&FindingQuery { raw: false, ..query.clone() }) {
            let kept = last.connections.get(name);
            if let Some(difference) = kept.and_then(|kept| kept.question.difference(&question)) {
                return Err(StateError::Other { connection: name.to_owned(), difference });
            }
            let bound = kept.map(|kept| kept.mark.plus_millis(-OVERLAP));
            let part =
                Comparison { question, bound, now: HashMap::new(), shared: HashSet::new(), withheld: 0 };
            connections.insert(Arc::from(name), part);
        }
        Ok(Self { last, query: query.clone(), begun, connections })
    }

    /// What to ask for: all that the query wants and, so that it is not taken for gone, what is suppressed.
    #[must_use]
    pub fn widened(&self) -> FindingQuery {
        FindingQuery { suppressed: SuppressedFilter::Include, ..self.query.clone() }
    }

    /// Looks at a record that the run has read: what to keep of it, and, in that, whether to write it.
    #[must_use]
    pub fn sight(&self, finding: &Finding) -> Sighting {
        let (wanted, print, changed) = (self.query.matches(finding), fingerprint(finding), finding.changed());
        let known = self.last.connections.get(&*finding.connection);
        let known = known.and_then(|kept| kept.findings.get(finding.identity()));
        let mended = finding.outcome == Outcome::Pass
            && known
                .is_some_and(|known| known.shared.mended || known.shared.verdict.outcome != Outcome::Pass);
        let news = match known {
            None => Some(News::New),
            Some(known) if !self.differs(known, finding, print) => None,
            Some(_) if mended => Some(News::Mended),
            Some(_) => Some(News::Changed),
        };
        Sighting {
            connection: finding.connection.clone(),
            vendor_id: finding.vendor_id.clone(),
            shared: Arc::new(Shared::of(finding, mended)),
            own: Own::of(finding),
            seen: Seen { changed, print, wanted, news: news.filter(|_| wanted) },
        }
    }

    /// Whether a finding is not what it was. What was found and what people made of it counts whatever its date: an
    /// exemption that runs out changes no vendor's date.
    fn differs(&self, known: &Known, finding: &Finding, print: u64) -> bool {
        let bound = self.connections.get(&finding.connection).and_then(|part| part.bound);
        let is_close = bound.is_none_or(|bound| finding.changed().is_none_or(|changed| changed >= bound));
        known.shared.verdict != Verdict::of(finding) || (known.print != Some(print) && is_close)
    }

    /// Books a sighting: one of now, or one that a checkpoint kept.
    pub fn book(&mut self, mut sighting: Sighting) {
        let Some(part) = self.connections.get_mut(&sighting.connection) else { return };
        match part.shared.get(&sighting.shared) {
            Some(shared) => sighting.shared = shared.clone(),
            None => _ = part.shared.insert(sighting.shared.clone()),
        }
        part.withheld += u64::from(sighting.seen.news.is_none());
        part.now.insert(identity(&sighting.vendor_id).to_owned(), sighting);
    }

    /// Corrects the report: what was read and not written is no finding of it, and what is gone is in it.
    #[must_use]
    pub fn finish(self, report: &mut RunReport) -> Finished {
        let Self { mut last, query, begun, mut connections } = self;
        let can_tell = query.severities.is_empty()
            && query.min_severity.is_none()
            && query.standards.is_empty()
            && query.outcome != OutcomeFilter::Pass;
        let mut all_gone = Vec::new();
        for connection in &mut report.connections {
            let Some(part) = connections.remove(&connection.name) else { continue };
            connection.findings = connection.findings.saturating_sub(part.withheld);
            let mut gone = Vec::new();
            if let Some(kept) = last.connections.get_mut(&*connection.name) {
                if kept.mark > Timestamp::now().plus_millis(FAR) {
                    connection.notices.push(format!(
                        "the last complete run is dated {}, in the future: what changed before counts as seen",
                        kept.mark
                    ));
                }
                if !can_tell && !kept.findings.is_empty() {
                    connection.notices.push(
                        "what is gone since the last complete run is not told: with --severity, --min-severity, \
                         --standard or --outcome pass it may be there under another one"
                            .to_owned(),
                    );
                }
                let origin = Origin::new(connection.name.clone(), connection.vendor.clone());
                let left = kept.findings.extract_if(|id, known| {
                    can_tell
                        && !part.now.contains_key(id)
                        && connection.proves_absence(&known.shared.whereabouts())
                });
                gone.extend(left.map(|(id, known)| {
                    let vendor_id = known.vendor_id(&id);
                    Gone { origin: origin.clone(), vendor_id, known }
                }));
                gone.sort_unstable_by(|one: &Gone, other| one.vendor_id.cmp(&other.vendor_id));
            }
            connection.resolved = Some(gone.iter().map(Gone::uid).collect());
            all_gone.append(&mut gone);
            if connection.complete {
                last.connections.insert(connection.name.to_string(), part.kept(begun));
            }
        }
        Finished { last, gone: all_gone }
    }
}

impl Comparison {
    /// What the next run compares with, if this one was complete.
    fn kept(self, begun: Timestamp) -> Kept {
        let latest = self.now.values().filter_map(|sighting| sighting.seen.changed).max();
        let mark = latest.map_or(begun, |latest| latest.min(begun));
        let bound = mark.plus_millis(-OVERLAP);
        let known = |Sighting { vendor_id, shared, own, seen, .. }: Sighting| {
            // Older ones cannot count as changed the next time, unless they are.
            let is_close = seen.changed.is_none_or(|changed| changed >= bound);
            Known { colon: vendor_id.ends_with(':'), shared, own, print: is_close.then_some(seen.print) }
        };
        let findings = self.now.into_iter().filter(|(_, sighting)| sighting.seen.wanted);
        Kept {
            question: self.question,
            mark,
            findings: findings.map(|(id, sighting)| (id, known(sighting))).collect(),
        }
    }
}

impl Sighting {
    /// What the record has to say; `None`: it is not to be written.
    #[must_use]
    pub fn news(&self) -> Option<News> {
        self.seen.news
    }
}

impl Gone {
    /// The finding's `uid`.
    #[must_use]
    pub fn uid(&self) -> String {
        format!("{}:{}:{}", self.origin.vendor, self.origin.connection, self.vendor_id)
    }

    /// The finding as it was, as far as it is kept: ids, names and verdicts; no texts, times, links, tags.
    #[must_use]
    pub fn finding(&self) -> Finding {
        self.known.finding(&self.origin, self.vendor_id.clone())
    }
}

/// What several sightings of a batch have in common is kept once.
#[derive(Serialize, Deserialize)]
struct Group {
    connection: Arc<str>,
    all: Arc<Shared>,
    each: Vec<(String, Own, Seen)>,
}

impl Serialize for Sightings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let each = self.0.iter().map(|sighting| {
            let Sighting { connection, vendor_id, shared, own, seen } = sighting;
            (shared.clone(), (connection, (vendor_id.clone(), own.clone(), *seen)))
        });
        // A batch is of one connection.
        let groups = by_shared(each).into_iter().filter_map(|(all, each)| {
            let connection = Arc::clone(each.first()?.0);
            Some(Group { connection, all, each: each.into_iter().map(|(_, each)| each).collect() })
        });
        serializer.collect_seq(groups)
    }
}

impl<'de> Deserialize<'de> for Sightings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let groups: Vec<Group> = Vec::deserialize(deserializer)?;
        let sightings = groups.into_iter().flat_map(|Group { connection, all, each }| {
            each.into_iter().map(move |(vendor_id, own, seen)| {
                let (connection, shared) = (connection.clone(), all.clone());
                Sighting { connection, vendor_id, shared, own, seen }
            })
        });
        Ok(Self(sightings.collect()))
    }
}

/// What a finding is known by, as [`Record::identity`] has it.
fn identity(vendor_id: &str) -> &str {
    vendor_id.strip_suffix(':').unwrap_or(vendor_id)
}

/// A finding's content, without the vendor's record: that may differ where nothing does that anybody sees.
fn fingerprint(finding: &Finding) -> u64 {
    struct Into(SipHasher13);
    impl io::Write for Into {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut into = Into(SipHasher13::new());
    // Plain values into memory: it cannot fail.
    let _ = if finding.raw.is_none() {
        serde_json::to_writer(&mut into, finding)
    } else {
        let mut bare = finding.clone();
        bare.raw = None;
        serde_json::to_writer(&mut into, &bare)
    };
    into.0.finish()
}
