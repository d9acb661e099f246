//! What an earlier run wrote: which findings are new, changed, unchanged or gone.

use std::collections::HashMap;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::num::NonZeroI64;

use cspm_core::{Finding, Outcome};
use serde_json::Value;

use crate::close::close;
use crate::context::Context;
use crate::fingerprint::State;
use crate::hash::Hash;
use crate::lines::Lines;
use crate::map::{self, event};
use crate::moment::LEAST_MILLIS;
use crate::state::{Activity, PASS};
use crate::times::Decided;
use crate::tree::{Event, Node, Object};

/// An index over what earlier runs wrote: events of any version, or findings as JSON, one a line.
///
/// A complete output may be followed by the changes that later runs wrote. Of several events of a finding the one that
/// was written last counts, by `metadata.processed_time`; of the same time, and where one tells none, the later line.
/// Findings are told apart by `finding_info.uid`.
///
/// It keeps fixed-size keys only, about 80 bytes a finding, and goes back to the input for what has to be closed. What
/// is appended to the input meanwhile does no harm.
#[derive(Debug)]
pub struct Previous<R> {
    input: R,
    index: HashMap<u128, Entry>,
    rejected: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    state: u128,
    offset: u64,
    length: u64,
    /// `metadata.processed_time`.
    written: Option<NonZeroI64>,
    passed: bool,
    closed: bool,
    seen: bool,
}

impl Entry {
    fn of(root: &Object<'_>, offset: u64, length: u64) -> Self {
        let number = |path: &str| root.at(path).and_then(Node::as_integer);
        Self {
            state: State::of(root).hash().value(),
            offset,
            length,
            written: number("metadata.processed_time")
                .filter(|time| *time != UNTOLD)
                .and_then(NonZeroI64::new),
            passed: number("compliance.status_id") == Some(PASS),
            closed: number("activity_id") == Some(Activity::Close.coded().0),
            seen: false,
        }
    }

    /// Whether this line, which comes after the other one, was also written after it.
    fn replaces(&self, other: &Self) -> bool {
        self.written.zip(other.written).is_none_or(|(own, other)| own >= other)
    }
}

/// A finding that an earlier run wrote and this one has not seen, as far as one needs to know it to tell whether the
/// place it came from was read completely. What the line does not tell is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PreviousFinding {
    /// The finding's id.
    pub uid: String,
    /// The vendor's name.
    pub vendor: String,
    /// The connection's name.
    pub connection: String,
    /// The vendor's id of the account.
    pub account_id: Option<String>,
    /// The cloud's id of the account.
    pub account_cloud_id: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The vendor's id of the rule.
    pub rule_id: Option<String>,
    /// The type of the resource.
    pub resource_type: Option<String>,
    /// Whether the check failed.
    pub failed: bool,
}

impl<R: BufRead + Seek> Previous<R> {
    /// Reads what earlier runs wrote. Lines that are neither an event nor a finding are listed in
    /// [`Previous::rejected`].
    ///
    /// # Errors
    /// If the input cannot be read.
    pub fn read(input: R) -> io::Result<Self> {
        let mut lines = Lines::new(input);
        let (mut index, mut rejected, mut text) = (HashMap::new(), Vec::new(), Vec::new());
        while let Some(line) = lines.read(&mut text)? {
            if !line.too_long && text.trim_ascii().is_empty() {
                continue;
            }
            let Some(event) = event_of(&text) else {
                rejected.push(line.number);
                continue;
            };
            let root = event.attributes();
            let Some(uid) = uid_of(root) else {
                rejected.push(line.number);
                continue;
            };
            let entry = Entry::of(root, line.offset, u64::try_from(text.len()).unwrap_or(u64::MAX));
            let known = index.entry(key(uid)).or_insert(entry);
            if entry.replaces(known) {
                *known = entry;
            }
        }
        Ok(Self { input: lines.into_inner(), index, rejected })
    }

    /// How many findings the earlier run wrote.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether it wrote none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The numbers of the lines that could not be understood.
    #[must_use]
    pub fn rejected(&self) -> &[u64] {
        &self.rejected
    }

    /// What happened to a finding since the earlier run, and notes that it is still there; `None`: nothing.
    ///
    /// A finding that was not there is a `Create`, or a `Close` if the vendor calls it resolved already. One whose
    /// outcome, workflow, severity, suppression or vendor time of change differs is an `Update`, or a `Close` if it is
    /// called resolved, now passes and did not, or still passes and is closed already.
    pub fn activity(&mut self, finding: &Finding, context: &Context) -> Option<Activity> {
        let uid = map::uid(finding);
        let resolved = finding.state == Some(cspm_core::State::Resolved);
        let Some(entry) = self.index.get_mut(&key(&uid)) else {
            return Some(if resolved { Activity::Close } else { Activity::Create });
        };
        entry.seen = true;
        let decided = Decided::of(finding, context.now());
        if entry.state == State::of_finding(finding, &uid, &decided).hash().value() {
            return None;
        }
        let mended = finding.outcome == Outcome::Pass && (entry.closed || !entry.passed);
        Some(if resolved || mended { Activity::Close } else { Activity::Update })
    }

    /// The events that close what [`Previous::activity`] has not been asked about: the earlier events, rewritten as
    /// `Close` with status `Resolved` and the time of this run, in their order and at their schema version. Only what
    /// `is_complete` says yes to, which must mean that the place the finding came from was read completely; what is
    /// missing from anywhere else may still be there. What is closed already is not closed again.
    ///
    /// # Errors
    /// If the input cannot be read again.
    pub fn closes(
        &mut self,
        context: &Context,
        is_complete: impl Fn(&PreviousFinding) -> bool,
    ) -> io::Result<Vec<Event<'static>>> {
        let gone = self.index.values().filter(|entry| !entry.seen && !entry.closed);
        let mut places: Vec<(u64, u64)> = gone.map(|entry| (entry.offset, entry.length)).collect();
        places.sort_unstable();
        let (mut events, mut text) = (Vec::new(), Vec::new());
        for (offset, length) in places {
            text.clear();
            self.input.seek(SeekFrom::Start(offset))?;
            (&mut self.input).take(length).read_to_end(&mut text)?;
            let Some(event) = event_of(&text) else {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the earlier output changed while it was in use",
                ));
            };
            if is_complete(&PreviousFinding::of(event.attributes())) {
                events.push(close(event, context));
            }
        }
        Ok(events)
    }
}

impl PreviousFinding {
    fn of(root: &Object<'_>) -> Self {
        let text = |path: &str| root.at(path).and_then(Node::as_text).map(str::to_owned);
        let vendor = text("metadata.product.uid").unwrap_or_default();
        let resource = match root.get("resources") {
            Some(Node::List(resources)) => resources.first(),
            _ => root.get("resource"),
        };
        let own = root
            .at("unmapped")
            .and_then(Node::as_object)
            .and_then(|unmapped| unmapped.get(&vendor)?.as_object());
        let unmapped =
            |path: &str| own.and_then(|own| own.at(path)).and_then(Node::as_text).map(str::to_owned);
        Self {
            uid: text("finding_info.uid").unwrap_or_default(),
            connection: text("metadata.tenant_uid").unwrap_or_default(),
            account_id: unmapped("account.id"),
            account_cloud_id: text("cloud.account.uid").or_else(|| unmapped("account.cloud_id")),
            region: text("cloud.region").or_else(|| unmapped("region")),
            rule_id: text("metadata.event_code"),
            resource_type: resource
                .and_then(|resource| resource.as_object()?.get("type")?.as_text())
                .map(str::to_owned)
                .or_else(|| unmapped("resource.type")),
            failed: root.at("compliance.status_id").and_then(Node::as_integer) == Some(3),
            vendor,
        }
    }
}

/// The time of the run that wrote a finding, which tells none.
const UNTOLD: i64 = LEAST_MILLIS + 1;

/// The event of a line, be it an event or a finding.
fn event_of(line: &[u8]) -> Option<Event<'static>> {
    let text = std::str::from_utf8(line).ok()?;
    let value: Value = serde_json::from_str(text).ok()?;
    if value.get("class_uid").is_some() {
        return Event::from_value(value);
    }
    let finding: Finding = serde_json::from_str(text).ok()?;
    // What a run adds does not count in a state, and a closing event tells its own run.
    let context = Context::new("", cspm_core::Timestamp::from_millis(UNTOLD)?);
    Some(event(&finding, &context).into_owned())
}

fn uid_of<'e>(root: &'e Object<'_>) -> Option<&'e str> {
    root.at("finding_info.uid").and_then(Node::as_text)
}

fn key(uid: &str) -> u128 {
    Hash::new().part(Some(uid)).value()
}
