//! Where data goes: standard output, or a file that appears under its name only when it is whole.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::outlet::Outlet;
use super::part::{Part, Written};
use crate::exit::Stop;

/// A place to write to. [`Target::finish`] has to be called; a target that is dropped leaves nothing behind.
pub(crate) struct Target {
    kind: Kind,
}

enum Kind {
    Standard(BufWriter<Outlet>),
    /// Written beside the file and renamed at the end: an interruption leaves the old file whole, and a planted link is
    /// replaced, not followed.
    File {
        path: PathBuf,
        file: BufWriter<NamedTempFile>,
    },
    /// Written beside the file as well, and left there when the process ends early.
    Part {
        path: PathBuf,
        part: Part,
    },
    /// A device or pipe, which cannot be replaced by renaming.
    Special {
        path: PathBuf,
        file: BufWriter<File>,
    },
}

impl Target {
    /// Opens a file, or standard output if there is none.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Stop> {
        let Some(path) = path else {
            return Ok(Self { kind: Kind::Standard(BufWriter::with_capacity(1 << 16, Outlet::open())) });
        };
        let kind = match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                return Err(Stop::failed(format!("{} is a directory; name a file", path.display())));
            }
            Ok(metadata) if !metadata.is_file() => {
                let file = File::options()
                    .write(true)
                    .open(path)
                    .map_err(|error| Stop::write(&shown(path), &error))?;
                Kind::Special { path: path.to_owned(), file: BufWriter::with_capacity(1 << 16, file) }
            }
            _ => {
                let folder =
                    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let file = tempfile::Builder::new()
                    .prefix(&format!(".{name}."))
                    .suffix(".part")
                    .tempfile_in(folder)
                    .map_err(|error| Stop::write(&shown(path), &error))?;
                Kind::File { path: path.to_owned(), file: BufWriter::with_capacity(1 << 16, file) }
            }
        };
        Ok(Self { kind })
    }

    /// Opens a file that a later process can go on writing; see [`Part::open`].
    pub(crate) fn go_on(path: &Path, run: &str, notes: &[Written]) -> Result<(Self, usize), Stop> {
        if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(Stop::usage(format!(
                "{} is no regular file: what goes there cannot be continued; leave --checkpoint out",
                shown(path)
            )));
        }
        let (part, good) = Part::open(path, run, notes).map_err(|error| Stop::write(&shown(path), &error))?;
        Ok((Self { kind: Kind::Part { path: path.to_owned(), part } }, good))
    }

    /// Hands on what is buffered, and notes how much was written, where a later process could go on.
    pub(crate) fn note(&mut self) -> io::Result<Written> {
        match &mut self.kind {
            Kind::Part { part, .. } => part.note(),
            _ => self.flush().map(|()| Written::default()),
        }
    }

    /// Writes what is left and gives the file its name.
    pub(crate) fn finish(self) -> Result<(), Stop> {
        match self.kind {
            Kind::Standard(mut out) => out.flush().map_err(|error| Stop::write("standard output", &error)),
            Kind::Part { path, part } => {
                part.finish(&path).map_err(|error| Stop::write(&shown(&path), &error))
            }
            Kind::Special { path, mut file } => {
                file.flush().map_err(|error| Stop::write(&shown(&path), &error))
            }
            Kind::File { path, file } => {
                let file = file.into_inner().map_err(|error| Stop::write(&shown(&path), error.error()))?;
                file.as_file().sync_all().map_err(|error| Stop::write(&shown(&path), &error))?;
                file.persist(&path).map_err(|error| Stop::write(&shown(&path), &error.error))?;
                Ok(())
            }
        }
    }

    /// A write that failed, in words.
    pub(crate) fn failed(&self, error: &io::Error) -> Stop {
        match &self.kind {
            Kind::Standard(_) => Stop::write("standard output", error),
            Kind::File { path, .. } | Kind::Part { path, .. } | Kind::Special { path, .. } => {
                Stop::write(&shown(path), error)
            }
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.kind {
            Kind::Standard(out) => out.write(bytes),
            Kind::File { file, .. } => file.write(bytes),
            Kind::Part { part, .. } => part.write(bytes),
            Kind::Special { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.kind {
            Kind::Standard(out) => out.flush(),
            Kind::File { file, .. } => file.flush(),
            Kind::Part { part, .. } => part.flush(),
            Kind::Special { file, .. } => file.flush(),
        }
    }
}

/// Refuses two files under one name, of which the later would replace the earlier. A device takes any number.
pub(crate) fn check_apart(files: &[(&str, Option<&Path>)]) -> Result<(), Stop> {
    let mut seen: Vec<(&str, PathBuf)> = Vec::new();
    for (option, path) in files.iter().filter_map(|(option, path)| path.map(|path| (*option, path))) {
        if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            continue;
        }
        let place = place(path);
        if let Some((other, _)) = seen.iter().find(|(_, taken)| *taken == place) {
            let file = shown(path);
            return Err(Stop::usage(format!("{other} and {option} both name {file}; name two files")));
        }
        seen.push((option, place));
    }
    Ok(())
}

/// Where a file is or will be, however its folder is spelt. A link is a name of its own: it is replaced, not followed.
fn place(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    folder.join(path.file_name().unwrap_or_default())
}

fn shown(path: &Path) -> String {
    cspm::clean_text(&path.display().to_string(), 300)
}
