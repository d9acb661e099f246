//! Warnings: each thing is said once a run, with how often it was met.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Something a person should know that is no failure: an unknown word, a deprecated rule, a record without a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Notice(pub String);

impl Notice {
    /// One sentence; vendor text in it must be cleaned.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// The notices of a run, each once, with a count. At most [`Notices::LIMIT`] different ones are kept apart.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Notices {
    counts: BTreeMap<Notice, u64>,
    beyond: u64,
}

impl Notices {
    /// How many different notices are kept; further ones are only counted.
    pub const LIMIT: usize = 1000;

    /// Adds one; says whether it is new.
    pub fn add(&mut self, notice: Notice) -> bool {
        self.add_times(notice, 1)
    }

    /// Adds all of another collection.
    pub fn absorb(&mut self, other: Self) {
        for (notice, times) in other.counts {
            self.add_times(notice, times);
        }
        self.beyond += other.beyond;
    }

    fn add_times(&mut self, notice: Notice, times: u64) -> bool {
        if let Some(count) = self.counts.get_mut(&notice) {
            *count += times;
            return false;
        }
        if self.counts.len() >= Self::LIMIT {
            self.beyond += times;
            return false;
        }
        self.counts.insert(notice, times);
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
