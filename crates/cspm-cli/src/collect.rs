//! Collecting findings: reads, writes, keeps how far it is, and shows how it went.

use std::io::{self, Write as _};
use std::path::Path;

use cspm::checkpoint::{Checkpoint, CheckpointError, CheckpointFile, Question};
use cspm::incremental::{Finished, Incremental, LastComplete, Sightings, StateError};
use cspm::{Batch, Finding, FindingQuery, Fleet, Run, RunReport, Timestamp};
use serde::{Deserialize, Serialize};

use crate::args::SinkArgs;
use crate::exit::Stop;
use crate::output::Sink;
use crate::output::part::Written;
use crate::output::target::{Target, check_apart};
use crate::progress::{Display, TICK};
use crate::summary::{Tally, shortfalls};
use crate::{interrupt, say};

/// How to collect.
pub(crate) struct Settings<'a> {
    pub(crate) sink: &'a SinkArgs,
    /// An earlier output to compare with.
    pub(crate) previous: Option<&'a Path>,
    /// Where to keep how far the run is.
    pub(crate) checkpoint: Option<&'a Path>,
    /// What the last complete run had.
    pub(crate) last_complete: Option<&'a Path>,
    pub(crate) quiet: bool,
}

impl<'a> Settings<'a> {
    /// Neither comparing nor keeping anything.
    pub(crate) fn plain(sink: &'a SinkArgs, quiet: bool) -> Self {
        Self { sink, previous: None, checkpoint: None, last_complete: None, quiet }
    }
}

/// What a committed batch leaves for the process that goes on.
#[derive(Serialize, Deserialize)]
struct Note {
    output: Written,
    tally: Tally,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sightings: Option<Sightings>,
}

/// Where records go.
struct Feed<'a> {
    settings: &'a Settings<'a>,
    output: Sink,
    tally: Tally,
    incremental: Option<Incremental>,
    checkpoint: Option<Checkpoint>,
    interrupted: bool,
}

/// What came of it.
pub(crate) struct Collected {
    pub(crate) report: RunReport,
    pub(crate) tally: Tally,
    /// Whether somebody stopped it.
    pub(crate) interrupted: bool,
}

/// Reads everything, writes it, and shows how it went.
pub(crate) async fn collect(
    fleet: &Fleet,
    query: &FindingQuery,
    settings: &Settings<'_>,
) -> Result<Collected, Stop> {
    check_apart(&[
        ("--output", settings.sink.output.as_deref()),
        ("--report", settings.sink.report.as_deref()),
        ("--checkpoint", settings.checkpoint),
        ("--changed-since-last-complete", settings.last_complete),
    ])?;
    let report_target = settings.sink.report.as_deref().map(|path| Target::open(Some(path))).transpose()?;
    let (mut run, mut feed) = begin(fleet, query, settings)?;
    let pumped = pump(&mut run, &mut feed).await;
    let refusal = run.refusal().cloned();
    let mut report = run.finish();
    let Feed { output, tally, incremental, checkpoint, interrupted, .. } = feed;
    let (last_complete, gone) = match incremental.map(|incremental| incremental.finish(&mut report)) {
        Some(Finished { last, gone, .. }) => (Some(last), gone),
        None => (None, Vec::new()),
    };
    let finished = match (pumped, refusal) {
        (Err(stop), _) => Err(stop),
        (_, Some(error)) => Err(Stop::from(error.with_hint("the checkpoint is still good"))),
        // What was read is kept, also where reading stopped early.
        _ => output.finish(&report, &gone),
    };
    if let Some(target) = report_target {
        write_report(target, &report, settings.sink.report.as_deref())?;
    }
    finished?;
    // An interrupted run is gone on with; any other has ended, whatever came of it.
    if checkpoint.is_none() || report.complete || !interrupted {
        if let Some(checkpoint) = checkpoint {
            checkpoint.clear().map_err(|error| at(settings.checkpoint, &error))?;
        }
        if let (Some(last_complete), Some(path)) = (last_complete, settings.last_complete) {
            let mut target = Target::open(Some(path))?;
            last_complete.write(&mut target).map_err(|error| target.failed(&error))?;
            target.finish()?;
        }
    }
    if settings.quiet {
        shortfalls(&report);
    } else {
        tally.show(&report);
    }
    Ok(Collected { report, tally, interrupted })
}

/// Opens what the run needs, in the order in which the least is left behind if something is wrong.
fn begin<'a>(
    fleet: &Fleet,
    query: &FindingQuery,
    settings: &'a Settings<'a>,
) -> Result<(Run<Finding>, Feed<'a>), Stop> {
    // Nothing is sent before it is polled; what a vendor cannot do is refused here.
    let mut run = fleet.findings(query)?;
    let last = settings.last_complete.map(read_last_complete).transpose()?;
    let Some(path) = settings.checkpoint else {
        let incremental =
            last.map(|last| compare(last, fleet, query, run.started(), settings)).transpose()?;
        if let Some(incremental) = &incremental {
            run = fleet.findings(&incremental.widened())?;
        }
        let output = Sink::open(settings.sink, query, run.id(), settings.previous)?;
        let tally = Tally::default();
        return Ok((
            run,
            Feed { settings, output, tally, incremental, checkpoint: None, interrupted: false },
        ));
    };
    let SinkArgs { format, output, ocsf_version, csv_exact, .. } = settings.sink;
    let mut question = fleet
        .question(query)
        .with("--format", &format!("{format:?} {ocsf_version} {csv_exact}"))
        .with("--output", output);
    if let Some(last) = &last {
        question = question.with("--changed-since-last-complete", &last.marks());
    }
    let mut checkpoint = open_checkpoint(path, &question)?;
    let resumed = checkpoint.is_resumed();
    match resume(fleet, query, settings, &mut checkpoint, last) {
        Ok((run, output, tally, incremental)) => {
            if resumed && !settings.quiet {
                say(&format!("going on with the run begun at {}", checkpoint.started()));
            }
            let checkpoint = Some(checkpoint);
            Ok((run, Feed { settings, output, tally, incremental, checkpoint, interrupted: false }))
        }
        Err(stop) => {
            if !resumed {
                // Nothing is in it yet that anybody could go on with.
                let _ = checkpoint.clear();
            }
            Err(stop)
        }
    }
}

type Resumed = (Run<Finding>, Sink, Tally, Option<Incremental>);

fn resume(
    fleet: &Fleet,
    query: &FindingQuery,
    settings: &Settings<'_>,
    checkpoint: &mut Checkpoint,
    last: Option<LastComplete>,
) -> Result<Resumed, Stop> {
    let mut notes = Vec::new();
    for note in checkpoint.notes() {
        let note = Note::deserialize(note);
        notes.push(note.map_err(|_| Stop::usage("the checkpoint is not one of this program; remove it"))?);
    }
    let path = settings.sink.output.as_deref().unwrap_or_else(|| Path::new(""));
    let written: Vec<Written> = notes.iter().map(|note| note.output).collect();
    let (output, good) = Sink::go_on(settings.sink, path, query, checkpoint.run_id(), &written)?;
    notes.truncate(good);
    checkpoint.go_back_to(good).map_err(|error| at(settings.checkpoint, &error))?;
    let mut incremental =
        last.map(|last| compare(last, fleet, query, checkpoint.started(), settings)).transpose()?;
    let tally = notes.last().map(|note| note.tally.clone()).unwrap_or_default();
    if let Some(incremental) = &mut incremental {
        let sightings = notes.into_iter().filter_map(|note| note.sightings);
        sightings.flat_map(|sightings| sightings.0).for_each(|sighting| incremental.book(sighting));
    }
    let asked = incremental.as_ref().map_or_else(|| query.clone(), Incremental::widened);
    Ok((fleet.resume(&asked, checkpoint)?, output, tally, incremental))
}

fn open_checkpoint(path: &Path, question: &Question) -> Result<Checkpoint, Stop> {
    let store = CheckpointFile::open(path).map_err(|error| at(Some(path), &error))?;
    Checkpoint::open(Box::new(store), question).map_err(|error| match error {
        CheckpointError::Store(error) => at(Some(path), &error),
        refused => Stop::usage(format!("--checkpoint {}: {refused}", path.display())),
    })
}

fn read_last_complete(path: &Path) -> Result<LastComplete, Stop> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(LastComplete::default()),
        Err(error) => return Err(since(path, &error.into())),
    };
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(since(path, &io::Error::other("it is no regular file").into()));
    }
    LastComplete::read(io::BufReader::new(file)).map_err(|error| since(path, &error))
}

fn compare(
    last: LastComplete,
    fleet: &Fleet,
    query: &FindingQuery,
    begun: Timestamp,
    settings: &Settings<'_>,
) -> Result<Incremental, Stop> {
    let path = settings.last_complete.unwrap_or_else(|| Path::new(""));
    Incremental::new(last, fleet, query, begun).map_err(|error| since(path, &error))
}

fn since(path: &Path, error: &StateError) -> Stop {
    let message = format!("--changed-since-last-complete {}: {error}", path.display());
    if matches!(error, StateError::Io(_)) { Stop::failed(message) } else { Stop::usage(message) }
}

async fn pump(run: &mut Run<Finding>, feed: &mut Feed<'_>) -> Result<(), Stop> {
    let display = Display::begin(run.watch(), feed.settings.quiet);
    let interrupted = interrupt::listen();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let result = loop {
        tokio::select! {
            biased;
            () = interrupted.notified() => {
                feed.interrupted = true;
                run.interrupt();
            }
            batch = run.next_batch() => {
                let Some(batch) = batch else { break Ok(()) };
                if let Err(stop) = feed.take(&batch) {
                    break Err(stop);
                }
            }
            _ = ticks.tick() => {
                display.tick();
                if let Err(stop) = feed.output.flush() {
                    break Err(stop);
                }
            }
        }
    };
    display.end();
    result
}

impl Feed<'_> {
    /// Writes a batch, and only then keeps that it was read.
    fn take(&mut self, batch: &Batch<Finding>) -> Result<(), Stop> {
        let mut sightings = self.incremental.as_ref().map(|_| Sightings::default());
        for finding in &batch.items {
            let mut news = None;
            if let Some(incremental) = &mut self.incremental {
                let sighting = incremental.sight(finding);
                news = sighting.news();
                if let (Some(_), Some(sightings)) = (&self.checkpoint, &mut sightings) {
                    sightings.0.push(sighting.clone());
                }
                incremental.book(sighting);
                if news.is_none() {
                    continue;
                }
            }
            self.tally.count(finding);
            self.output.write(finding, news)?;
        }
        let Some(checkpoint) = &mut self.checkpoint else { return Ok(()) };
        let note = Note { output: self.output.note()?, tally: self.tally.clone(), sightings };
        let note = serde_json::to_value(&note).map_err(|error| Stop::failed(error.to_string()))?;
        checkpoint.commit(batch, &note).map_err(|error| at(self.settings.checkpoint, &error))
    }
}

fn write_report(mut target: Target, report: &RunReport, path: Option<&Path>) -> Result<(), Stop> {
    let failed = |error: io::Error| {
        Stop::write(&path.map(|path| path.display().to_string()).unwrap_or_default(), &error)
    };
    crate::output::json::write(&mut target, report).map_err(failed)?;
    target.write_all(b"\n").map_err(failed)?;
    target.finish()
}

/// A failure of the checkpoint's file. What the user has to mend is wrong usage.
fn at(path: Option<&Path>, error: &io::Error) -> Stop {
    let path = path.map(|path| path.display().to_string()).unwrap_or_default();
    let message = format!("--checkpoint {path}: {error}");
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::ResourceBusy => {
            Stop::usage(message)
        }
        _ => Stop::failed(message),
    }
}
