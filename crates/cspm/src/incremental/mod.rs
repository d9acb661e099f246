//! What changed since the last complete run, and what is gone since.
//!
//! All three vendors leave filtering by time to this program, so an incremental run reads everything and says less. That
//! it reads everything is what lets it tell what is gone.
//!
//! Per connection, a record is written if the last complete run did not have it, or if it changed since: at or after
//! the *mark*, less an [overlap](OVERLAP), and in another form than it was written then. The mark is the start of the
//! last complete run or the latest time that any of its records bore, whichever is earlier: a vendor's clock that is
//! behind ours loses nothing, and one that is ahead repeats nothing. A run that is not complete leaves the connection's
//! mark where it was; what it wrote is then written once more.
//!
//! *Gone* is what the last complete run had and this one has not seen, where
//! [the report proves it](cspm_core::ConnectionReport::proves_absence). What is merely suppressed now is read as well
//! and is not gone. Queries by severity or standard cannot tell: both may change, and the finding be there under another.

mod state;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::Hasher as _;
use std::io;
use std::sync::Arc;

use cspm_core::{Finding, FindingQuery, Record as _, RunReport, SuppressedFilter, Timestamp, Whereabouts};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use self::state::{Kept, Known, Place};
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
    withheld: u64,
}

/// A record that this run has seen, as far as the next one has to know it. A plain value, to be kept in the notes of a
/// checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sighting {
    connection: Arc<str>,
    vendor_id: String,
    place: Place,
    changed: Option<Timestamp>,
    print: u64,
    /// Part of the answer.
    wanted: bool,
    /// And written.
    written: bool,
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
            let part = Comparison { question, bound, now: HashMap::new(), withheld: 0 };
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
        let bound = self.connections.get(&finding.connection).and_then(|part| part.bound);
        let known = self.last.connections.get(&*finding.connection);
        let is_news = match known.and_then(|kept| kept.findings.get(finding.identity())) {
            None => true,
            Some(known) => {
                known.print != Some(print)
                    && bound.is_none_or(|bound| changed.is_none_or(|changed| changed >= bound))
            }
        };
        Sighting {
            connection: finding.connection.clone(),
            vendor_id: finding.vendor_id.clone(),
            place: Place::of(finding),
            changed,
            print,
            wanted,
            written: wanted && is_news,
        }
    }

    /// Books a sighting: one of now, or one that a checkpoint kept.
    pub fn book(&mut self, sighting: Sighting) {
        if let Some(part) = self.connections.get_mut(&sighting.connection) {
            part.withheld += u64::from(!sighting.written);
            part.now.insert(identity(&sighting.vendor_id).to_owned(), sighting);
        }
    }

    /// Corrects the report: what was read and not written is no finding of it, and what is gone is in it. Returns what
    /// the next run compares with.
    #[must_use]
    pub fn finish(self, report: &mut RunReport) -> LastComplete {
        let Self { mut last, query, begun, mut connections } = self;
        let can_tell =
            query.severities.is_empty() && query.min_severity.is_none() && query.standards.is_empty();
        for connection in &mut report.connections {
            let Some(part) = connections.remove(&connection.name) else { continue };
            connection.findings = connection.findings.saturating_sub(part.withheld);
            let mut resolved = Vec::new();
            if let Some(kept) = last.connections.get_mut(&*connection.name) {
                if kept.mark > Timestamp::now().plus_millis(FAR) {
                    connection.notices.push(format!(
                        "the last complete run is dated {}, in the future: what changed before counts as seen",
                        kept.mark
                    ));
                }
                if !can_tell && !kept.findings.is_empty() {
                    connection.notices.push(
                        "what is gone since the last complete run is not told: with --severity, --min-severity or \
                         --standard it may be there under another one"
                            .to_owned(),
                    );
                }
                kept.findings.retain(|id, known| {
                    let is_gone = can_tell
                        && !part.now.contains_key(id)
                        && connection.proves_absence(&known.place.whereabouts());
                    if is_gone {
                        resolved.push(format!(
                            "{}:{}:{}",
                            connection.vendor,
                            connection.name,
                            known.vendor_id(id)
                        ));
                    }
                    !is_gone
                });
                resolved.sort_unstable();
            }
            connection.resolved = Some(resolved);
            if connection.complete {
                last.connections.insert(connection.name.to_string(), part.kept(begun));
            }
        }
        last
    }
}

impl Comparison {
    /// What the next run compares with, if this one was complete.
    fn kept(self, begun: Timestamp) -> Kept {
        let latest = self.now.values().filter_map(|sighting| sighting.changed).max();
        let mark = latest.map_or(begun, |latest| latest.min(begun));
        let bound = mark.plus_millis(-OVERLAP);
        let known = |sighting: Sighting| {
            // Older ones cannot count as changed the next time, unless they are.
            let is_close = sighting.changed.is_none_or(|changed| changed >= bound);
            let print = is_close.then_some(sighting.print);
            Known { colon: sighting.vendor_id.ends_with(':'), place: sighting.place, print }
        };
        let findings = self.now.into_iter().filter(|(_, sighting)| sighting.wanted);
        Kept {
            question: self.question,
            mark,
            findings: findings.map(|(id, sighting)| (id, known(sighting))).collect(),
        }
    }
}

impl Sighting {
    /// Whether the record is to be written.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.written
    }
}

impl Place {
    fn of(finding: &Finding) -> Self {
        Self {
            account: finding.account.id.clone(),
            rule: finding.rule.id.clone(),
            resource_type: finding.resource.kind.clone(),
        }
    }

    fn whereabouts(&self) -> Whereabouts<'_> {
        Whereabouts {
            account_id: self.account.as_deref(),
            rule_id: Some(&self.rule),
            resource_type: self.resource_type.as_deref(),
        }
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
