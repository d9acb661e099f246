//! Findings as OCSF events: all of them, or what changed since an earlier output or since the last complete run.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use cspm::incremental::{Gone, News};
use cspm::ocsf::{Activity, Context, Previous, PreviousFinding, Version, WriteError, Writer, close, event};
use cspm::{Finding, OutcomeFilter, RunReport, State, Timestamp, Whereabouts};

use crate::exit::Stop;

/// Maps, checks and writes events of one run.
pub(crate) struct Events {
    /// Writes into memory: what it has made for one event it uses in others.
    writer: Writer<Vec<u8>>,
    context: Context,
    previous: Option<Previous<BufReader<File>>>,
    /// What is asked for: of anything else, nothing is seen, and nothing is gone.
    outcome: OutcomeFilter,
}

impl Events {
    pub(crate) fn open(
        version: Version,
        run: &str,
        previous: Option<&Path>,
        output: Option<&Path>,
        outcome: OutcomeFilter,
    ) -> Result<Self, Stop> {
        let context = Context::new(run, Timestamp::now());
        if let Some((previous, output)) = previous.zip(output)
            && is_same_file(previous, output)
        {
            return Err(Stop::usage(format!(
                "--output {} would replace the earlier output by its changes; append them to it instead (>> {0})",
                output.display()
            )));
        }
        let previous = previous.map(read_previous).transpose()?;
        Ok(Self { writer: Writer::new(Vec::new(), version), context, previous, outcome })
    }

    pub(crate) fn write(
        &mut self,
        out: &mut impl Write,
        finding: &Finding,
        news: Option<News>,
    ) -> io::Result<()> {
        match (&mut self.previous, news) {
            (None, None) => self.writer.write(finding, &self.context),
            (None, Some(news)) => {
                self.writer.write(finding, &self.context.with_activity(activity(finding, news)))
            }
            (Some(previous), _) => match previous.activity(finding, &self.context) {
                Some(activity) => self.writer.write(finding, &self.context.with_activity(activity)),
                None => return Ok(()),
            },
        }
        .map_err(plain)?;
        self.hand_on(out)
    }

    fn hand_on(&mut self, out: &mut impl Write) -> io::Result<()> {
        let written = self.writer.get_mut();
        out.write_all(written)?;
        written.clear();
        Ok(())
    }

    /// Closes what is gone: what a comparison with the last complete run found to be, and of an earlier output that of
    /// which the report proves that it would have been seen.
    pub(crate) fn end(&mut self, out: &mut impl Write, report: &RunReport, gone: &[Gone]) -> io::Result<()> {
        for gone in gone {
            let finding = gone.finding();
            let event = close(event(&finding, &self.context), &self.context);
            self.writer.write_event(event).map_err(plain)?;
            self.hand_on(out)?;
        }
        let Some(previous) = &mut self.previous else { return Ok(()) };
        let outcome = self.outcome;
        let proven =
            |gone: &PreviousFinding| is_asked_for(outcome, gone.failed) && would_be_seen(gone, report);
        for event in previous.closes(&self.context, proven)? {
            self.writer.write_event(event).map_err(plain)?;
            self.hand_on(out)?;
        }
        Ok(())
    }
}

fn activity(finding: &Finding, news: News) -> Activity {
    match news {
        _ if finding.state == Some(State::Resolved) => Activity::Close,
        News::New => Activity::Create,
        News::Changed => Activity::Update,
        News::Mended => Activity::Close,
    }
}

/// Whether a finding that is still as it was would be among the answers.
fn is_asked_for(outcome: OutcomeFilter, failed: bool) -> bool {
    match outcome {
        OutcomeFilter::All => true,
        OutcomeFilter::Fail => failed,
        // One that passed and is not among those that pass now may fail.
        OutcomeFilter::Pass => false,
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    one.canonicalize().ok().zip(other.canonicalize().ok()).is_some_and(|(one, other)| one == other)
}

fn read_previous(path: &Path) -> Result<Previous<BufReader<File>>, Stop> {
    let failed = |error: io::Error| Stop::usage(format!("--previous {}: {error}", path.display()));
    let previous = File::open(path).and_then(|file| Previous::read(BufReader::new(file))).map_err(failed)?;
    match previous.rejected() {
        [] => Ok(previous),
        [first, ..] => Err(Stop::usage(format!(
            "--previous {}: line {first} is neither a finding nor an event; nothing can be told from a damaged output",
            path.display()
        ))),
    }
}

fn would_be_seen(gone: &PreviousFinding, report: &RunReport) -> bool {
    let of = Whereabouts {
        account_id: gone.account_id.as_deref(),
        rule_id: gone.rule_id.as_deref(),
        resource_type: gone.resource_type.as_deref(),
    };
    let connection = report.connections.iter().find(|connection| *connection.name == *gone.connection);
    connection.is_some_and(|connection| connection.proves_absence(&of))
}

fn plain(error: WriteError) -> io::Error {
    match error {
        WriteError::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_never_replace_what_they_are_changes_of() {
        let folder = tempfile::tempdir().unwrap();
        let (all, other) = (folder.path().join("all.ndjson"), folder.path().join("other.ndjson"));
        std::fs::write(&all, "").unwrap();
        let open = |output: &Path| {
            Events::open(Version::NEWEST, "run", Some(&all), Some(output), OutcomeFilter::Fail)
        };
        assert!(open(&other).is_ok());
        let roundabout = folder.path().join(".").join("all.ndjson");
        for same in [&all, &roundabout] {
            assert!(open(same).is_err());
        }
        std::fs::write(&other, "").unwrap();
        assert!(open(&other).is_ok());
    }
}
