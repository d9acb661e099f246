//! How an account with more checks than anybody can page through is divided until every part fits.
//!
//! Pure: data in, data out. A part is asked for its first page, the answer tells its total, and [`divide`] says what
//! follows. The mechanism is *chipping*: from the values of one dimension a chunk is taken off and asked for; what the
//! other values hold together is then known without asking (the total of all minus the chunk's), so every first page
//! that fits is also the first page of the reading, and only a chunk that turns out too large costs a request for
//! nothing. When few enough are left, all remaining values make up the last chunk; when all that is left must be in one
//! value, that value goes to the next dimension without being asked for.
//!
//! A count that is left when the values run out means that checks have a value nobody listed (a new region, say). Then
//! the whole is counted again, to tell this from a listing that moved, and read by the next dimension; whoever drives
//! this drops records that it has seen before.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::slice::{Dimension, Slice, WINDOW, list_length};

/// How full a chunk is meant to be if all remaining values weighed the same. They do not, so there is room above.
const AIM: u64 = WINDOW * 7 / 10;

/// One piece of the work; travels as the plan of a scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// What it asks for.
    pub(crate) slice: Slice,
    /// Dimensions by which it is not divided, because checks have values there that nobody listed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) spent: BTreeSet<Dimension>,
    /// So many of it were found already, by a dimension now spent: if there are no more, nothing is left to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) found: Option<u64>,
    /// What follows once its total is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) chain: Option<Box<Chain>>,
}

/// The rest of a dimension while its values are asked for chunk by chunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chain {
    /// What is divided.
    base: Slice,
    spent: BTreeSet<Dimension>,
    /// How many it has.
    whole: u64,
    /// By what it is divided.
    dimension: Dimension,
    /// Values not asked for yet.
    waiting: Vec<String>,
    /// How many the chunk under way and the waiting values have together.
    left: u64,
    /// What follows if the figure for `base` was inferred and turns out wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outer: Option<Box<Chain>>,
}

/// What to do with a part whose total is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Division {
    /// Read its pages: all of them fit.
    Read,
    /// It was only a question: nothing of it is missing.
    Nothing,
    /// Read these instead.
    Split(Vec<Part>),
    /// It does not fit and cannot be divided: read what can be read.
    Beyond,
}

/// The values by which a slice may be divided; none where they are not known.
pub(crate) trait Candidates {
    /// The values of a dimension. A list that the slice already has is not asked for.
    fn of(&self, dimension: Dimension, slice: &Slice) -> Vec<String>;
}

impl Part {
    /// A part that nothing follows.
    pub(crate) fn of(slice: Slice) -> Self {
        Self { slice, spent: BTreeSet::new(), found: None, chain: None }
    }

    /// What takes this part's place when the vendor does not know one of the regions in it (section 3.6: status 422).
    /// `None` if it names no region.
    pub(crate) fn without_regions(&self, candidates: &dyn Candidates) -> Option<Vec<Self>> {
        self.slice.list(Dimension::Regions)?;
        let mut chain = self.chain.as_deref();
        while let Some(link) = chain {
            if link.dimension == Dimension::Regions {
                let mut spent = link.spent.clone();
                spent.insert(Dimension::Regions);
                let whole = Self { slice: link.base.clone(), spent, found: None, chain: link.outer.clone() };
                return whole.split(link.whole, candidates);
            }
            chain = link.outer.as_deref();
        }
        let slice = self.slice.without(Dimension::Regions);
        let spent = BTreeSet::from([Dimension::Regions]);
        Some(vec![Self { slice, spent, ..self.clone() }])
    }

    /// Begins to divide a part with that many checks; `None` if no dimension divides it.
    fn split(&self, total: u64, candidates: &dyn Candidates) -> Option<Vec<Self>> {
        let (dimension, waiting) = self.next_dimension(candidates)?;
        let chain = Chain {
            base: self.slice.clone(),
            spent: self.spent.clone(),
            whole: total,
            dimension,
            waiting,
            left: total,
            outer: self.chain.clone(),
        };
        Some(chain.next(candidates).into_iter().collect())
    }

    fn next_dimension(&self, candidates: &dyn Candidates) -> Option<(Dimension, Vec<String>)> {
        let open = Dimension::ALL.into_iter().filter(|dimension| !self.spent.contains(dimension));
        open.map(|dimension| {
            let values = match self.slice.list(dimension) {
                Some(values) => values.to_vec(),
                None => candidates.of(dimension, &self.slice),
            };
            (dimension, values)
        })
        .find(|(_, values)| values.len() > 1)
    }
}

impl Chain {
    /// The next part, now that `left` and `waiting` are what remains.
    fn next(mut self, candidates: &dyn Candidates) -> Option<Part> {
        if self.left == 0 {
            return None;
        }
        if self.waiting.is_empty() {
            return self.recount(candidates);
        }
        let fits = self.left <= WINDOW;
        if !fits && self.waiting.len() == 1 {
            return Some(self.infer(candidates));
        }
        let count = self.waiting.len() as u64;
        let wished = if fits { count } else { (AIM * count / self.left).clamp(1, count - 1) };
        let chunk = self.take(usize::try_from(wished).unwrap_or(usize::MAX));
        let slice = self.base.cut_to(self.dimension, chunk);
        Some(Part { slice, spent: self.spent.clone(), found: None, chain: Some(Box::new(self)) })
    }

    /// Takes so many values off, or fewer if the address grew too long; at least one.
    fn take(&mut self, wished: usize) -> Vec<String> {
        let room = self.base.room_for(self.dimension);
        let mut length = 0;
        let fitting = self
            .waiting
            .iter()
            .take(wished)
            .take_while(|value| {
                length += list_length(std::slice::from_ref(value));
                length <= room
            })
            .count();
        let rest = self.waiting.split_off(fitting.max(1).min(self.waiting.len()));
        std::mem::replace(&mut self.waiting, rest)
    }

    /// All that is left is in the one value that waits, and it is too much: divide it without asking for it.
    fn infer(mut self, candidates: &dyn Candidates) -> Part {
        let left = self.left;
        let slice = self.base.cut_to(self.dimension, std::mem::take(&mut self.waiting));
        let part = Part { slice, spent: self.spent.clone(), found: None, chain: Some(Box::new(self)) };
        // One chunk of the next dimension, or, where none divides it, the part itself: its answer will say the same.
        part.split(left, candidates).and_then(|mut parts| parts.pop()).unwrap_or(part)
    }

    /// All values were asked for, and some checks are in none of them.
    fn recount(self, candidates: &dyn Candidates) -> Option<Part> {
        let found = self.whole.saturating_sub(self.left);
        let mut spent = self.spent;
        spent.insert(self.dimension);
        let whole = Part { slice: self.base, spent, found: Some(found), chain: self.outer };
        let useful = whole.chain.is_some() || whole.next_dimension(candidates).is_some();
        useful.then_some(whole)
    }
}

/// What follows when the first page of a part has told its total: what to do with the part, and what to ask for besides.
pub(crate) fn divide(part: &Part, total: u64, candidates: &dyn Candidates) -> (Division, Vec<Part>) {
    let mut alone = part.clone();
    let more = alone.chain.take().and_then(|mut chain| {
        chain.left = chain.left.saturating_sub(total);
        chain.next(candidates)
    });
    let division = if part.found.is_some_and(|found| total <= found) {
        Division::Nothing
    } else if total <= WINDOW {
        Division::Read
    } else {
        alone.split(total, candidates).map_or(Division::Beyond, Division::Split)
    };
    (division, more.into_iter().collect())
}

#[cfg(test)]
#[path = "tests/split.rs"]
mod tests;
