//! An output that a later process can go on writing: a file beside the target, and what is known to be in it.

use std::fs::File;
use std::hash::Hasher as _;
use std::io::{self, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

/// How much of the output was written, and a check value of that. Cut or changed later, the file no longer agrees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    check: u64,
}

/// The file beside the target. Unlike a temporary file it stays when the process ends, under a name that shows the run.
pub(crate) struct Part {
    path: PathBuf,
    file: BufWriter<File>,
    hasher: SipHasher13,
    bytes: u64,
}

impl Part {
    /// Opens the file of a run whose process ended earlier, or creates it. Of what that process noted, in order, as much
    /// counts as the file agrees with: returns how many notes. What follows is cut off.
    ///
    /// A run that was interrupted gave the file its final name; it is copied then, and the old one stays until the end.
    pub(crate) fn open(target: &Path, run: &str, notes: &[Written]) -> io::Result<(Self, usize)> {
        let path = beside(target, run);
        let mut file = match options().open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut file = options().create_new(true).open(&path)?;
                if let Some(last) = notes.last()
                    && let Ok(ended) = File::open(target)
                {
                    io::copy(&mut ended.take(last.bytes), &mut file)?;
                    file.seek(SeekFrom::Start(0))?;
                }
                file
            }
            opened => opened?,
        };
        let (mut hasher, mut bytes, mut good) = (SipHasher13::new(), 0, 0);
        for note in notes {
            let mut further = hasher;
            if !advance(&mut file, &mut further, note.bytes.saturating_sub(bytes))?
                || further.finish() != note.check
            {
                break;
            }
            (hasher, bytes, good) = (further, note.bytes, good + 1);
        }
        file.set_len(bytes)?;
        file.seek(SeekFrom::Start(bytes))?;
        Ok((Self { path, file: BufWriter::with_capacity(1 << 16, file), hasher, bytes }, good))
    }

    /// Hands everything to the system, so that it survives this process, and notes how much there is.
    pub(crate) fn note(&mut self) -> io::Result<Written> {
        self.file.flush()?;
        Ok(Written { bytes: self.bytes, check: self.hasher.finish() })
    }

    /// Gives the file the target's name.
    pub(crate) fn finish(self, target: &Path) -> io::Result<()> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        std::fs::rename(&self.path, target)
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.write(bytes.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Reads so many bytes; false if there are fewer.
fn advance(file: &mut File, hasher: &mut SipHasher13, bytes: u64) -> io::Result<bool> {
    let (mut rest, mut buffer) = (file.take(bytes), vec![0; 1 << 16]);
    loop {
        match rest.read(&mut buffer) {
            Ok(0) => return Ok(rest.limit() == 0),
            Ok(count) => hasher.write(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn beside(target: &Path, run: &str) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{run}.part"))
}

fn options() -> std::fs::OpenOptions {
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Writes three pieces, noting each, and leaves the file as a killed process would.
    fn begun(target: &Path) -> Vec<Written> {
        let (mut part, good) = Part::open(target, "r1", &[]).unwrap();
        assert_eq!(good, 0);
        let mut note = |text: &str| {
            part.write_all(text.as_bytes()).unwrap();
            part.note().unwrap()
        };
        vec![note("one\n"), note("two\n"), note("three\n")]
    }

    #[test]
    fn c02_whatever_became_of_the_file_what_agrees_counts_and_the_rest_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let (target, part) = (folder.path().join("out"), folder.path().join(".out.r1.part"));
        for (left, good) in [
            ("one\ntwo\nthree\n", 3),
            ("one\ntwo\nthree\nfo", 3),
            ("one\ntwo\nthr", 2),
            ("one\ntwo\n", 2),
            ("one\ntwX\nthree\n", 1),
            ("on", 0),
            ("", 0),
        ] {
            let notes = begun(&target);
            fs::write(&part, left).unwrap();
            let (mut opened, counted) = Part::open(&target, "r1", &notes).unwrap();
            assert_eq!(counted, good, "{left:?}");
            opened.write_all(b"end").unwrap();
            opened.finish(&target).unwrap();
            let kept = ["one\n", "two\n", "three\n"].iter().take(good).copied().collect::<String>();
            assert_eq!(fs::read_to_string(&target).unwrap(), format!("{kept}end"));
            assert!(!part.exists());
            fs::remove_file(&target).unwrap();
        }
    }

    #[test]
    fn an_output_that_has_its_name_already_is_gone_on_with_and_stays_until_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let notes = begun(&target);
        fs::rename(folder.path().join(".out.r1.part"), &target).unwrap();
        fs::write(&target, "one\ntwo\nthree\n]\n").unwrap();
        let (part, good) = Part::open(&target, "r1", &notes).unwrap();
        assert_eq!(good, 3);
        assert_eq!(fs::read_to_string(&target).unwrap(), "one\ntwo\nthree\n]\n");
        part.finish(&target).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "one\ntwo\nthree\n");
        // Somebody else's file is no beginning of ours.
        fs::write(&target, "something else").unwrap();
        assert_eq!(Part::open(&target, "r1", &notes).unwrap().1, 0);
    }
}
