//! Going on where an earlier process was: what a run keeps of itself, and where.
//!
//! A [`Checkpoint`] is a list of entries in a [`CheckpointStore`]: a file ([`CheckpointFile`]), or a store of your own.
//! The first entry says what the run is about ([`Question`]); then comes one for each batch of records, committed when
//! its records are safe. A run that goes on books the entries again and asks for what is missing; see [`Fleet::resume`].
//!
//! What an entry holds: scopes, cursors, counts, and a keyed hash of each record's id. Nothing of a credential, and no
//! record.
//!
//! ```no_run
//! # use cspm::{FindingQuery, Fleet, checkpoint::{Checkpoint, CheckpointFile}};
//! # async fn example(fleet: Fleet) -> Result<(), Box<dyn std::error::Error>> {
//! let query = FindingQuery::default();
//! let store = CheckpointFile::open("run.checkpoint".as_ref())?;
//! let mut checkpoint = Checkpoint::open(Box::new(store), &fleet.question(&query))?;
//! let mut run = fleet.resume(&query, &mut checkpoint)?;
//! while let Some(batch) = run.next_batch().await {
//!     for finding in &batch.items {
//!         println!("{}", finding.uid); // make it safe first,
//!     }
//!     checkpoint.commit(&batch, &serde_json::Value::Null)?; // then commit
//! }
//! if let Some(error) = run.refusal() {
//!     return Err(error.clone().into()); // the checkpoint stays
//! }
//! let report = run.finish();
//! checkpoint.clear()?;
//! # let _ = report;
//! # Ok(())
//! # }
//! ```
//!
//! [`Fleet::resume`]: crate::Fleet::resume

mod file;
mod lines;
mod question;
#[cfg(test)]
mod tests;

use std::io;

use cspm_core::{Landing, Seed, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::run::{Batch, random_id};

pub use self::file::CheckpointFile;
pub(crate) use self::lines::{checked, seal};
pub use self::question::Question;

/// What this version writes. Counted up whenever an entry means something else than before.
const FORMAT: u32 = 1;

/// A place that keeps entries, in order. An entry is one line of text.
pub trait CheckpointStore: Send {
    /// Everything that was appended since the last [`clear`](Self::clear), in order. Called once, first.
    ///
    /// # Errors
    /// If it cannot be read, or is damaged (kind [`InvalidData`](io::ErrorKind::InvalidData)); better refused than
    /// wrong. An entry at the end that was not appended completely is simply not there.
    fn load(&mut self) -> io::Result<Vec<String>>;

    /// Adds an entry. When this returns, the entry survives the end of the process.
    ///
    /// # Errors
    /// If it cannot be kept.
    fn append(&mut self, entry: &str) -> io::Result<()>;

    /// Forgets everything: the run has ended.
    ///
    /// # Errors
    /// If that cannot be done.
    fn clear(&mut self) -> io::Result<()>;
}

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It belongs to another run, or nobody can tell to which. What to do: repeat the command that it belongs to, or
    /// remove it to start anew.
    #[error("{0}")]
    Refused(String),
    /// Its store failed.
    #[error(transparent)]
    Store(#[from] io::Error),
}

/// What a run keeps of itself.
pub struct Checkpoint {
    store: Box<dyn CheckpointStore>,
    run: RunEntry,
    steps: Vec<StepEntry>,
    resumed: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    Run(RunEntry),
    Step(Box<StepEntry>),
    /// Only so many of the steps so far count.
    Back(usize),
}

#[derive(Clone, Serialize, Deserialize)]
struct RunEntry {
    format: u32,
    version: String,
    id: String,
    started: Timestamp,
    seed: Seed,
    question: Question,
}

#[derive(Serialize, Deserialize)]
struct StepEntry {
    connection: String,
    landing: Landing,
    note: Value,
}

/// As much of the first entry as every version has.
#[derive(Deserialize)]
struct Versioned {
    run: AnyRun,
}

#[derive(Deserialize)]
struct AnyRun {
    format: u32,
    version: String,
}

impl Checkpoint {
    /// Reads what is kept, or, if nothing is, begins.
    ///
    /// # Errors
    /// [`CheckpointError::Refused`] if it is of another question or of another version of this library.
    pub fn open(mut store: Box<dyn CheckpointStore>, question: &Question) -> Result<Self, CheckpointError> {
        let mut entries = store.load()?.into_iter();
        let Some(first) = entries.next() else {
            let run = RunEntry {
                format: FORMAT,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                id: random_id(),
                started: Timestamp::now(),
                seed: Seed::random(),
                question: question.clone(),
            };
            store.append(&text(&Entry::Run(run.clone()))?)?;
            return Ok(Self { store, run, steps: Vec::new(), resumed: false });
        };
        let run = run_entry(&first)?;
        if let Some(difference) = run.question.difference(question) {
            return Err(refused(&format!("it belongs to another run: {difference}")));
        }
        let mut steps = Vec::new();
        for entry in entries {
            match serde_json::from_str(&entry) {
                Ok(Entry::Step(step)) => steps.push(*step),
                Ok(Entry::Back(count)) => steps.truncate(count),
                Ok(Entry::Run(_)) | Err(_) => return Err(refused("an entry of it cannot be read")),
            }
        }
        Ok(Self { store, run, steps, resumed: true })
    }

    /// Whether there is a run to go on with; else this one begins.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// The run's random name.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.run.id
    }

    /// When the run began.
    #[must_use]
    pub fn started(&self) -> Timestamp {
        self.run.started
    }

    pub(crate) fn seed(&self) -> Seed {
        self.run.seed
    }

    /// The notes that the steps kept so far were committed with, in order. Before the run is resumed.
    pub fn notes(&self) -> impl Iterator<Item = &Value> {
        self.steps.iter().map(|step| &step.note)
    }

    /// Goes back to the first so many steps: the records of the others turned out to be lost, and are read again.
    /// Before the run is resumed.
    ///
    /// # Errors
    /// If that cannot be kept.
    pub fn go_back_to(&mut self, steps: usize) -> io::Result<()> {
        if steps < self.steps.len() {
            self.store.append(&text(&Entry::Back(steps))?)?;
            self.steps.truncate(steps);
        }
        Ok(())
    }

    /// What is kept of one connection. The notes are not needed any more.
    pub(crate) fn take_landings(&mut self, connection: &str) -> Vec<Landing> {
        let (its, others) =
            std::mem::take(&mut self.steps).into_iter().partition(|step| step.connection == connection);
        self.steps = others;
        Vec::into_iter(its).map(|step: StepEntry| step.landing).collect()
    }

    /// Keeps that a batch's records are safe. The `note` is the caller's own: whatever it has to know to go on.
    ///
    /// # Errors
    /// If it cannot be kept; the batch is then read again by whoever goes on.
    pub fn commit<T>(&mut self, batch: &Batch<T>, note: &Value) -> io::Result<()> {
        let Some(landing) = &batch.landing else { return Ok(()) };
        let step = StepEntry {
            connection: batch.connection.to_string(),
            landing: landing.clone(),
            note: note.clone(),
        };
        self.store.append(&text(&Entry::Step(Box::new(step)))?)
    }

    /// The run has ended: the next one begins anew.
    ///
    /// # Errors
    /// If that cannot be kept.
    pub fn clear(mut self) -> io::Result<()> {
        self.store.clear()
    }
}

fn run_entry(text: &str) -> Result<RunEntry, CheckpointError> {
    let Versioned { run } =
        serde_json::from_str(text).map_err(|_| refused("it does not say which run it belongs to"))?;
    let here = (FORMAT, env!("CARGO_PKG_VERSION"));
    if (run.format, run.version.as_str()) != here {
        let written = cspm_core::clean_text(&run.version, 40);
        return Err(refused(&format!(
            "it was written by version {written} (format {}), and this is version {} (format {FORMAT})",
            run.format, here.1
        )));
    }
    match serde_json::from_str(text) {
        Ok(Entry::Run(run)) => Ok(run),
        _ => Err(refused("it does not say which run it belongs to")),
    }
}

fn refused(reason: &str) -> CheckpointError {
    CheckpointError::Refused(format!(
        "the checkpoint was refused: {reason}; repeat the command that wrote it, or remove it to start anew"
    ))
}

fn text(entry: &impl Serialize) -> io::Result<String> {
    serde_json::to_string(entry).map_err(io::Error::from)
}
