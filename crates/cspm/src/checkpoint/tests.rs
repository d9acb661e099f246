//! A run over connections in memory, with checkpoints in memory and in files.

use std::fs;
use std::io;
use std::sync::{Arc, Mutex};

use cspm_core::FindingQuery;
use serde_json::{Value, json};

use super::{Checkpoint, CheckpointError, CheckpointFile, CheckpointStore};
use crate::Fleet;
use crate::fake::Fake;

/// A store that outlives its user, as one elsewhere does.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<String>>>);

impl CheckpointStore for Shared {
    fn load(&mut self) -> io::Result<Vec<String>> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn append(&mut self, entry: &str) -> io::Result<()> {
        self.0.lock().unwrap().push(entry.to_owned());
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.0.lock().unwrap().clear();
        Ok(())
    }
}

const TIME: &str = "2026-01-01T00:00:00Z";

fn two() -> (Arc<Fake>, Arc<Fake>, Fleet) {
    let one = Fake::with("one", &[("a", 7), ("b", 3)], TIME);
    let other = Fake::with("other", &[("c", 5)], TIME);
    let fleet = Fleet::new().with(one.clone()).with(other.clone());
    (one, other, fleet)
}

fn open(fleet: &Fleet, store: &Shared) -> Checkpoint {
    Checkpoint::open(Box::new(store.clone()), &fleet.question(&FindingQuery::default())).unwrap()
}

/// Takes so many batches and commits each; the ids, and the report if the run has ended.
async fn take(
    fleet: &Fleet,
    checkpoint: &mut Checkpoint,
    most: usize,
) -> (Vec<String>, Option<cspm_core::RunReport>) {
    let mut run = fleet.resume(&FindingQuery::default(), checkpoint).unwrap();
    let mut ids = Vec::new();
    for number in 0.. {
        if number == most {
            return (ids, None);
        }
        let Some(batch) = run.next_batch().await else { break };
        ids.extend(batch.items.iter().map(|finding| finding.vendor_id.clone()));
        checkpoint.commit(&batch, &json!(ids.len())).unwrap();
    }
    assert!(run.refusal().is_none());
    (ids, Some(run.finish()))
}

#[tokio::test]
async fn c01_a_store_of_ones_own_goes_on_over_all_connections_at_any_moment() {
    for most in 0..12 {
        let (one, other, fleet) = two();
        let store = Shared::default();
        let mut first = open(&fleet, &store);
        assert!(!first.is_resumed());
        let id = first.run_id().to_owned();
        let (mut ids, _) = take(&fleet, &mut first, most).await;
        drop(first);
        let mut second = open(&fleet, &store);
        assert!(second.is_resumed());
        assert_eq!(second.notes().count(), most.min(11));
        let (more, report) = take(&fleet, &mut second, usize::MAX).await;
        ids.extend(more);
        ids.sort_unstable();
        let truth =
            ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "b0", "b1", "b2", "c0", "c1", "c2", "c3", "c4"];
        assert_eq!(ids, truth);
        let report = report.unwrap();
        assert!(report.complete);
        assert_eq!((report.run_id, report.connections[0].findings), (id, 10));
        let sent: u64 = report.connections.iter().map(|connection| connection.requests).sum();
        assert!(sent <= one.requests() + other.requests() && sent >= 9, "{sent}");
        second.clear().unwrap();
        assert!(!open(&fleet, &store).is_resumed(), "a run that has ended is over");
    }
}

#[tokio::test]
async fn c02_steps_whose_records_are_lost_are_read_again_also_after_a_second_crash() {
    let (_, _, fleet) = two();
    let store = Shared::default();
    let mut first = open(&fleet, &store);
    take(&fleet, &mut first, 6).await;
    let mut second = open(&fleet, &store);
    let kept = second.notes().nth(3).and_then(Value::as_u64).unwrap();
    second.go_back_to(4).unwrap();
    let (mut ids, _) = take(&fleet, &mut second, 1).await;
    let mut third = open(&fleet, &store);
    assert_eq!(third.notes().count(), 5, "that it went back is kept as well");
    ids.extend(take(&fleet, &mut third, usize::MAX).await.0);
    assert_eq!(kept + ids.len() as u64, 15);
}

#[tokio::test]
async fn c03_another_query_or_version_is_refused_with_what_differs() {
    let (_, _, fleet) = two();
    let store = Shared::default();
    take(&fleet, &mut open(&fleet, &store), 3).await;
    let refused = |store: &Shared, question: &super::Question| match Checkpoint::open(
        Box::new(store.clone()),
        question,
    )
    .err()
    .unwrap()
    {
        CheckpointError::Refused(reason) => reason,
        CheckpointError::Store(error) => panic!("{error}"),
    };
    let query = FindingQuery { raw: true, ..FindingQuery::default() };
    assert!(refused(&store, &fleet.question(&query)).contains("raw was false and is true now"));
    let fewer = Fleet::new().with(Fake::with("one", &[], TIME));
    let reason = refused(&store, &fewer.question(&FindingQuery::default()));
    assert!(reason.contains("connection other was") && reason.contains("is nothing now"), "{reason}");

    let question = fleet.question(&FindingQuery::default());
    let first = store.0.lock().unwrap()[0].clone();
    for (changed, words) in [
        (first.replacen(env!("CARGO_PKG_VERSION"), "0.0.1", 1), "written by version 0.0.1"),
        (first.replacen("\"format\":1", "\"format\":99", 1), "format 99"),
        ("{}".to_owned(), "does not say which run"),
    ] {
        store.0.lock().unwrap()[0] = changed;
        assert!(refused(&store, &question).contains(words), "{words}");
    }
    store.0.lock().unwrap()[0] = first;
    store.0.lock().unwrap()[2] = "{\"step\":{}}".to_owned();
    assert!(refused(&store, &question).contains("an entry of it cannot be read"));
}

#[test]
fn a_file_keeps_what_was_appended_and_nothing_that_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept");
    let mut file = CheckpointFile::open(&path).unwrap();
    assert!(file.load().unwrap().is_empty());
    file.append("one").unwrap();
    file.append("two\u{2028}").unwrap();
    drop(file);
    let whole = fs::read(&path).unwrap();
    let mut file = CheckpointFile::open(&path).unwrap();
    assert_eq!(file.load().unwrap(), ["one", "two\u{2028}"]);
    drop(file);
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let mut file = CheckpointFile::open(&path).unwrap();
    assert_eq!(file.load().unwrap(), ["one"]);
    file.append("three").unwrap();
    drop(file);
    let mut file = CheckpointFile::open(&path).unwrap();
    assert_eq!(file.load().unwrap(), ["one", "three"]);
    file.clear().unwrap();
    assert!(!path.exists());
}

#[test]
fn c03_a_file_that_is_something_else_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept");
    for content in ["[[connections]]\n", "no line end", "0123456789abcdef x\n"] {
        fs::write(&path, content).unwrap();
        let error = CheckpointFile::open(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{content}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn c08_a_file_in_use_is_refused_with_who_uses_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept");
    let first = CheckpointFile::open(&path).unwrap();
    let error = CheckpointFile::open(&path).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    drop(first);
    CheckpointFile::open(&path).unwrap();
}
