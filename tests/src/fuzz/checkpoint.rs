//! What runs keep of themselves: checkpoints, and what the last complete run had.

use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use cspm::Fleet;
use cspm::checkpoint::{Checkpoint, CheckpointFile, CheckpointStore};
use cspm::incremental::LastComplete;
use futures_util::StreamExt;

use super::script::{SEPARATOR, Script, Scripted};
use super::{SECRET, assert_harmless, timeless};
use crate::lab::attach;
use crate::{Kind, everything};

/// An input is a byte that says what it is: entries, the file of a checkpoint, a file and a change to it, or the file of
/// the last complete run.
pub fn checkpoint(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    match first % 4 {
        0 => entries(rest),
        1 => file(rest),
        2 => changed(rest),
        _ => last_complete(rest),
    }
}

/// A store in memory.
#[derive(Clone, Default)]
pub(super) struct Memory(pub(super) Arc<Mutex<Vec<String>>>);

impl CheckpointStore for Memory {
    fn load(&mut self) -> io::Result<Vec<String>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn append(&mut self, entry: &str) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry.to_owned());
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }
}

/// Entries, line by line, and after a separator what the vendor answers to whoever goes on from them. They belong to this
/// program and are its own word, so that not every nonsense is found out: a run goes on from it, to an end.
fn entries(bytes: &[u8]) {
    let mut parts = bytes.split(|byte| *byte == SEPARATOR);
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let store = Memory::default();
    store.0.lock().unwrap_or_else(PoisonError::into_inner).extend(text.lines().map(str::to_owned));
    let script = Arc::new(Script::new(parts.map(Scripted::read)));
    timeless(async {
        let fleet = Fleet::new().with(attach(Kind::Bitdefender, None, SECRET, script.clone()));
        let query = everything();
        let mut checkpoint = match Checkpoint::open(Box::new(store), &fleet.question(&query)) {
            Ok(checkpoint) => checkpoint,
            Err(error) => return assert_harmless("a refusal", &error.to_string()),
        };
        let Ok(mut run) = fleet.resume(&query, &mut checkpoint) else { return };
        while run.next().await.is_some() {}
        let report = run.finish();
        for scope in report.connections.iter().flat_map(|connection| &connection.scopes) {
            assert_eq!(
                scope.complete,
                scope.error.is_none(),
                "a scope is complete or says why not: {scope:?}"
            );
        }
    });
    script.assert_none_astray();
}

fn file(bytes: &[u8]) {
    // Whatever it is: opened as it is, or refused and left as it is.
    with_file(bytes, |opened, after| {
        if let Err(error) = opened {
            assert_harmless("a refusal", &error.to_string());
            assert_eq!(after, bytes, "a file that was refused is not touched");
        }
    });
}

/// Lines that are written as entries, and then one byte of the file changed, or its end cut off: what is read is a
/// beginning of what was written.
fn changed(bytes: &[u8]) {
    let Some((change, text)) = bytes.split_at_checked(4) else { return };
    let text = String::from_utf8_lossy(text);
    let written: Vec<String> = text.split(['\n', '\r']).map(str::to_owned).collect();
    let mut kept = Vec::new();
    with_file(b"", |opened, _| {
        let mut file = opened.expect("a new file");
        written.iter().for_each(|entry| file.append(entry).expect("it is kept"));
        kept = std::fs::read(path()).expect("a file");
    });
    let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % (kept.len() + 1);
    match kept.get_mut(place) {
        Some(byte) if change[2] % 2 == 0 => *byte = change[3],
        _ => kept.truncate(place),
    }
    with_file(&kept, |opened, _| {
        let Ok(mut file) = opened else { return };
        let read = file.load().expect("entries");
        assert!(written.starts_with(&read), "written {written:?}, read {read:?}");
    });
}

fn last_complete(bytes: &[u8]) {
    match LastComplete::read(bytes) {
        Ok(last) => {
            let mut written = Vec::new();
            last.write(&mut written).expect("memory can be written");
            let again = LastComplete::read(&*written).expect("what was written can be read");
            assert_eq!(again.marks(), last.marks());
            let mut rewritten = Vec::new();
            again.write(&mut rewritten).expect("memory can be written");
            assert_eq!(rewritten, written, "the same bytes for the same content");
        }
        Err(error) => assert_harmless("a refusal", &error.to_string()),
    }
}

fn path() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("cspm-fuzz-{}-{:?}", std::process::id(), std::thread::current().id()))
}

/// Opens a file with that content, and gives the content after.
fn with_file(content: &[u8], look: impl FnOnce(io::Result<CheckpointFile>, Vec<u8>)) {
    let path = path();
    let mut file = std::fs::File::create(&path).expect("a file");
    file.write_all(content).expect("a file");
    drop(file);
    let opened = CheckpointFile::open(&path);
    let after = std::fs::read(&path).expect("a file");
    look(opened, after);
    std::fs::remove_file(&path).expect("a file");
}
