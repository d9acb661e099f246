//! Warnings: each thing is said once a run, with how often it was met.

use std::collections::BTreeMap;

/// Something a person should know that is no failure: an unknown word, a deprecated rule, a record without a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Notice(pub String);

impl Notice {
    /// One sentence; vendor text in it must be cleaned.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// The notices of a run, each once, with a count. At most [`Notices::LIMIT`] different ones are kept apart.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    counts: BTreeMap<Notice, u64>,
    beyond: u64,
}

impl Notices {
    /// How many different notices are kept; further ones are only counted.
    pub const LIMIT: usize = 1000;

    /// Adds one; says whether it is new.
    pub fn add(&mut self, notice: Notice) -> bool {
        if let Some(count) = self.counts.get_mut(&notice) {
            *count += 1;
            return false;
        }
        if self.counts.len() >= Self::LIMIT {
            self.beyond += 1;
            return false;
        }
        self.counts.insert(notice, 1);
        true
    }

    /// The notices as lines, in alphabetical order, with counts above one.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .counts
            .iter()
            .map(
                |(Notice(text), count)| {
                    if *count > 1 { format!("{text} ({count} times)") } else { text.clone() }
                },
            )
            .collect();
        if self.beyond > 0 {
            lines.push(format!("and {} more warnings", self.beyond));
        }
        lines
    }
}
