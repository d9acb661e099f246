//! Findings as OCSF events, all of them or what changed since an earlier output.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use cspm::ocsf::{Context, Previous, PreviousFinding, Version, WriteError, Writer};
use cspm::{Finding, RunReport, Timestamp, Whereabouts};

use crate::exit::Stop;

/// Maps, checks and writes events of one run.
pub(crate) struct Events {
    version: Version,
    context: Context,
    previous: Option<Previous<BufReader<File>>>,
    /// Whether passing findings were asked for: one that passed before is else not seen, and not gone.
    sees_passes: bool,
}

impl Events {
    pub(crate) fn open(
        version: Version,
        run: &str,
        previous: Option<&Path>,
        output: Option<&Path>,
        sees_passes: bool,
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
        Ok(Self { version, context, previous, sees_passes })
    }

    pub(crate) fn write(&mut self, out: &mut impl Write, finding: &Finding) -> io::Result<()> {
        let mut writer = Writer::new(out, self.version);
        let Some(previous) = &mut self.previous else {
            return writer.write(finding, &self.context).map_err(plain);
        };
        match previous.activity(finding, &self.context) {
            Some(activity) => writer.write(finding, &self.context.with_activity(activity)).map_err(plain),
            None => Ok(()),
        }
    }

    /// Closes what is gone, where the report proves that it would have been seen.
    pub(crate) fn end(&mut self, out: &mut impl Write, report: &RunReport) -> io::Result<()> {
        let Some(previous) = &mut self.previous else { return Ok(()) };
        let sees_passes = self.sees_passes;
        let proven = |gone: &PreviousFinding| (gone.failed || sees_passes) && would_be_seen(gone, report);
        let mut writer = Writer::new(out, self.version);
        for event in previous.closes(&self.context, proven)? {
            writer.write_event(event).map_err(plain)?;
        }
        Ok(())
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
        let open = |output: &Path| Events::open(Version::NEWEST, "run", Some(&all), Some(output), false);
        assert!(open(&other).is_ok());
        let roundabout = folder.path().join(".").join("all.ndjson");
        for same in [&all, &roundabout] {
            assert!(open(same).is_err());
        }
        std::fs::write(&other, "").unwrap();
        assert!(open(&other).is_ok());
    }
}
