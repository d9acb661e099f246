//! A checkpoint in a file.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::CheckpointStore;
use super::lines::{checked, seal};

/// Begins the line of a process that uses the file.
const PROCESS: &str = "process ";
/// Begins the line of an entry.
const ENTRY: &str = "entry ";

/// A file that entries are appended to, one a line, each with a check value.
///
/// It survives the end of the process at any moment: a line that was not written completely is not there. What was
/// written when the power fails survives as far as the system had it on disk; the lines before are still good.
///
/// Two processes never use one file: the second is refused, and told of the first. The lock ends with its process,
/// however that ends.
#[derive(Debug)]
pub struct CheckpointFile {
    path: PathBuf,
    file: File,
    entries: Vec<String>,
}

impl CheckpointFile {
    /// Opens a file, or creates it, readable for its owner only.
    ///
    /// # Errors
    /// Kind [`ResourceBusy`](io::ErrorKind::ResourceBusy) if another process uses it;
    /// [`InvalidData`](io::ErrorKind::InvalidData) if it is no checkpoint, or a damaged one: it is not touched then;
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if it is a device or pipe; anything else if it cannot be read or written.
    pub fn open(path: &Path) -> io::Result<Self> {
        loop {
            let mut file = options().open(path)?;
            if !file.metadata()?.is_file() {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
            }
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(in_use(&mut file)),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // The process that had it before may have removed it between the two calls above.
            if is_at(&file, path) {
                return Self::read(path, file);
            }
        }
    }

    fn read(path: &Path, mut file: File) -> io::Result<Self> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (lines, end) = whole_lines(&bytes)?;
        let entries = lines.iter().filter_map(|line| line.strip_prefix(ENTRY)).map(str::to_owned).collect();
        file.set_len(end)?;
        file.seek(SeekFrom::End(0))?;
        let mut opened = Self { path: path.to_owned(), file, entries };
        opened.write(&format!("{PROCESS}{}", std::process::id()))?;
        Ok(opened)
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        let mut line = seal(text);
        line.push('\n');
        let before = self.file.stream_position()?;
        self.file.write_all(line.as_bytes()).inspect_err(|_| {
            // A full disk may have taken a part; without it, further lines stay readable.
            let _ = self.file.set_len(before);
            let _ = self.file.seek(SeekFrom::Start(before));
        })
    }
}

impl CheckpointStore for CheckpointFile {
    fn load(&mut self) -> io::Result<Vec<String>> {
        Ok(std::mem::take(&mut self.entries))
    }

    fn append(&mut self, entry: &str) -> io::Result<()> {
        self.write(&format!("{ENTRY}{entry}"))
    }

    fn clear(&mut self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

fn options() -> std::fs::OpenOptions {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The texts of all lines, and where they end. What follows the last line end was cut off while it was written.
fn whole_lines(bytes: &[u8]) -> io::Result<(Vec<&str>, u64)> {
    let (mut lines, mut end) = (Vec::new(), 0);
    for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = piece.strip_suffix(b"\n") else { break };
        let text = std::str::from_utf8(line).ok().and_then(checked);
        let Some(text) = text else {
            let reason = if lines.is_empty() {
                "it is no checkpoint; name another file".to_owned()
            } else {
                format!("line {} is damaged; remove it to start anew", lines.len() + 1)
            };
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        };
        lines.push(text);
        end += piece.len() as u64;
    }
    if lines.is_empty() && !bytes.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no checkpoint; name another file"));
    }
    Ok((lines, end))
}

fn in_use(file: &mut File) -> io::Error {
    let mut bytes = Vec::new();
    // Some systems do not even let it be read.
    let _ = file.read_to_end(&mut bytes);
    let lines = whole_lines(&bytes).map(|(lines, _)| lines).unwrap_or_default();
    let process = lines.iter().rev().find_map(|line| line.strip_prefix(PROCESS));
    let who = process.map_or_else(|| "another process".to_owned(), |process| format!("process {process}"));
    io::Error::new(io::ErrorKind::ResourceBusy, format!("it is in use by {who}"))
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let number = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(open), Ok(named)) => number(open) == number(named),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    // A file that is open cannot be removed.
    true
}
