//! What is kept between runs, in lines that show whether they are whole: for each connection its mark and what it is
//! about, then its findings by the place they are in, and an end.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, Write};
use std::sync::Arc;

use cspm_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::identity;
use super::known::{Known, Own, Shared, by_shared};
use crate::checkpoint::{Question, checked, seal};

/// What this version writes and reads. Format 1 kept too little of a finding to close it.
const FORMAT: u32 = 2;

/// What the last complete run of each connection had. A few hundred bytes a finding, in memory and on disk: 260 to 520 in
/// the three demonstrations.
#[derive(Debug, Default)]
pub struct LastComplete {
    pub(super) connections: BTreeMap<String, Kept>,
}

/// Why what is kept between runs cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is something else, or damaged. What to do: remove it; the next run is then a full one.
    #[error("line {line} is not what this program writes; remove it, and the next run is a full one")]
    Damaged {
        /// The line.
        line: usize,
    },
    /// It is of another format.
    #[error(
        "it is of format {0}, and this version reads format {FORMAT}; remove it, and the next run is a full one"
    )]
    Version(u32),
    /// The last complete run asked something else.
    #[error(
        "connection {connection}: the last complete run asked something else ({difference}); keep one file a query"
    )]
    Other {
        /// The connection.
        connection: String,
        /// The first point in which it differs.
        difference: String,
    },
}

#[derive(Debug)]
pub(super) struct Kept {
    pub(super) question: Question,
    pub(super) mark: Timestamp,
    pub(super) findings: HashMap<String, Known>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    LastComplete { format: u32 },
    Connection { name: String, mark: Timestamp, question: Question },
    Findings(Findings),
    End { lines: usize },
}

/// Findings that have something in common, by the vendor's ids.
#[derive(Serialize, Deserialize)]
struct Findings {
    all: Arc<Shared>,
    each: Vec<(String, Option<u64>, Own)>,
}

impl LastComplete {
    /// The mark of each connection: what tells one last complete run from another.
    #[must_use]
    pub fn marks(&self) -> BTreeMap<&str, Timestamp> {
        self.connections.iter().map(|(name, kept)| (name.as_str(), kept.mark)).collect()
    }

    /// Reads what [`write`](Self::write) wrote. Empty input is no run at all.
    ///
    /// # Errors
    /// If it is anything else, or cut.
    pub fn read(input: impl BufRead) -> Result<Self, StateError> {
        let mut connections = BTreeMap::new();
        let mut current: Option<(String, Kept)> = None;
        let (mut number, mut ended) = (0, false);
        for text in input.lines() {
            let damaged = || StateError::Damaged { line: number + 1 };
            let text = match text {
                Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(damaged()),
                text => text?,
            };
            let line = checked(&text).and_then(|text| serde_json::from_str(text).ok()).ok_or_else(damaged)?;
            match line {
                Line::LastComplete { format } if number == 0 && format == FORMAT => {}
                Line::LastComplete { format } if number == 0 => return Err(StateError::Version(format)),
                Line::Connection { name, mark, question } if number > 0 && !ended => {
                    connections.extend(current.take());
                    current = Some((name, Kept { question, mark, findings: HashMap::new() }));
                }
                Line::Findings(Findings { all, each }) if !ended => {
                    let (_, kept) = current.as_mut().ok_or_else(damaged)?;
                    for (id, print, own) in each {
                        let known = Known { colon: id.ends_with(':'), shared: all.clone(), own, print };
                        kept.findings.insert(identity(&id).to_owned(), known);
                    }
                }
                Line::End { lines } if lines == number => ended = true,
                _ => return Err(damaged()),
            }
            number += 1;
        }
        connections.extend(current);
        if number > 0 && !ended {
            return Err(StateError::Damaged { line: number + 1 });
        }
        Ok(Self { connections })
    }

    /// Writes it, the same bytes for the same content.
    ///
    /// # Errors
    /// If `out` fails.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut lines = 0;
        let mut put = |line: &Line| {
            lines += 1;
            writeln!(out, "{}", seal(&serde_json::to_string(line)?))?;
            Ok::<usize, io::Error>(lines)
        };
        let mut count = put(&Line::LastComplete { format: FORMAT })?;
        for (name, kept) in &self.connections {
            let (name, question) = (name.clone(), kept.question.clone());
            count = put(&Line::Connection { name, mark: kept.mark, question })?;
            let each = kept.findings.iter().map(|(id, known)| {
                (known.shared.clone(), (known.vendor_id(id), known.print, known.own.clone()))
            });
            let mut groups = Vec::new();
            for (all, mut each) in by_shared(each) {
                each.sort_unstable_by(|(one, ..), (other, ..)| one.cmp(other));
                groups.push(Findings { all, each });
            }
            // Each id is in one group only.
            let first = |group: &Findings| group.each.first().map(|(id, ..)| id.clone());
            groups.sort_by_cached_key(first);
            for group in groups {
                count = put(&Line::Findings(group))?;
            }
        }
        put(&Line::End { lines: count })?;
        Ok(())
    }
}
