//! The parts of a scope that had to be divided, which have to add up to what the whole announced.

use super::distinct::Distinct;
use crate::{Error, ErrorKind, Scope, ScopeReport};

/// The parts of one scope, and the parts of those.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) whole: Scope,
    /// The vendor's figure for the whole.
    pub(super) announced: Option<u64>,
    /// Records of all parts: what two parts bring is handed on once.
    pub(super) written: Distinct,
    pub(super) open_parts: usize,
    /// What parts announced and did not deliver; their own reports say so.
    owed: u64,
    /// Why a part is not complete.
    failed: Option<Error>,
    recounted: bool,
}

/// What the end of the last part means.
pub(super) enum Sum {
    /// Every record of the whole is accounted for, or nothing was announced.
    Right,
    /// All parts are complete and do not add up: the whole may have changed meanwhile, so its figure is asked for
    /// again, once.
    Recount(Scope),
    /// Some records are in no part, or the parts have more than the whole.
    Wrong(ScopeReport),
}

impl Family {
    pub(super) fn new(whole: Scope, announced: Option<u64>, written: Distinct) -> Self {
        Self { whole, announced, written, open_parts: 0, owed: 0, failed: None, recounted: false }
    }

    /// Books the end of a part.
    pub(super) fn part_ended(&mut self, part: &ScopeReport) {
        self.open_parts = self.open_parts.saturating_sub(1);
        // Figures are the vendor's, of any size.
        self.owed = self.owed.saturating_add(part.expected.unwrap_or(0).saturating_sub(part.received));
        if self.failed.is_none() {
            self.failed.clone_from(&part.error);
        }
    }

    /// Whether the parts add up.
    pub(super) fn sum(&mut self) -> Sum {
        let read = self.written.len();
        let accounted = read.saturating_add(self.owed);
        // More than announced is only odd if no part failed: another part may have brought what that one owes.
        let is_wrong =
            |announced: &u64| *announced > accounted || (*announced < accounted && self.failed.is_none());
        let Some(announced) = self.announced.filter(is_wrong) else {
            self.written = Distinct::default();
            return Sum::Right;
        };
        if self.failed.is_none() && !self.recounted {
            self.recounted = true;
            return Sum::Recount(self.whole.clone());
        }
        self.written = Distinct::default();
        let error = self.failed.take().unwrap_or_else(|| {
            let message =
                format!("the parts have {read} records, and {announced} were announced for the whole");
            Error::new(ErrorKind::Protocol, message)
        });
        Sum::Wrong(ScopeReport {
            scope: std::mem::take(&mut self.whole).with_label("part", "remainder").labels,
            expected: Some(announced.saturating_sub(accounted)),
            received: 0,
            complete: false,
            error: Some(error),
        })
    }
}
