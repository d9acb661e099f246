//! What is kept between runs, in lines that show whether they are whole: for each connection its mark and what it is
//! about, then its findings by the place they are in, and an end.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, Write};
use std::sync::Arc;

use cspm_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::identity;
use crate::checkpoint::{Question, checked, seal};

/// What this version writes and reads.
const FORMAT: u32 = 1;

/// What the last complete run of each connection had. About eighty bytes a finding, in memory and on disk.
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

#[derive(Debug)]
pub(super) struct Known {
    /// Whether the vendor's id ended in a colon, which its key leaves out.
    pub(super) colon: bool,
    pub(super) place: Place,
    /// Its content; `None` if it was older than the overlap.
    pub(super) print: Option<u64>,
}

impl Known {
    /// The vendor's id, byte for byte, of the finding with this key.
    pub(super) fn vendor_id(&self, key: &str) -> String {
        if self.colon { format!("{key}:") } else { key.to_owned() }
    }
}

/// What tells in which scopes a finding could be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) account: Option<Arc<str>>,
    pub(super) rule: Arc<str>,
    pub(super) resource_type: Option<Arc<str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    LastComplete { format: u32 },
    Connection { name: String, mark: Timestamp, question: Question },
    Findings { place: Place, ids: Vec<(String, Option<u64>)> },
    End { lines: usize },
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
                Line::Findings { place, ids } if !ended => {
                    let (_, kept) = current.as_mut().ok_or_else(damaged)?;
                    for (id, print) in ids {
                        let known = Known { colon: id.ends_with(':'), place: place.clone(), print };
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
            let mut places: BTreeMap<&Place, Vec<(String, Option<u64>)>> = BTreeMap::new();
            for (id, known) in &kept.findings {
                places.entry(&known.place).or_default().push((known.vendor_id(id), known.print));
            }
            for (place, mut ids) in places {
                ids.sort_unstable();
                count = put(&Line::Findings { place: place.clone(), ids })?;
            }
        }
        put(&Line::End { lines: count })?;
        Ok(())
    }
}
