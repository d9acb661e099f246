//! How an account with more checks than anybody can page through is divided until every part fits.
//!
//! Pure: data in, data out. A part is asked for its first page, the answer tells its total, and [`divide`] says what
//! follows. The values of one dimension are kept in groups whose counts are known: at first one group with the whole. As
//! long as a group is too large, a chunk of its values is asked for; what the others of the group hold together is then
//! known without asking. A chunk that fits is read at once, its first page being there already; one that does not is a
//! group of its own, and its first page was a request for nothing. A group of one value that is too large goes to the next
//! dimension, again without asking. When all groups fit, they are packed into as few parts as hold them.
//!
//! A count that is left when the values run out means that checks have a value nobody listed (a new region, say). Then
//! the whole is counted again, to tell this from a listing that moved, and read by the next dimension; whoever drives
//! this drops records that it has seen before.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::slice::{Dimension, Slice, WINDOW, list_length};

/// How full a chunk would be if all values of its group weighed the same. They do not, so there is room above.
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

/// A dimension under way: what is left of it, and what it is the division of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chain {
    /// What is divided.
    base: Slice,
    spent: BTreeSet<Dimension>,
    /// How many it has.
    whole: u64,
    /// By what it is divided.
    dimension: Dimension,
    /// What is left. The first group's count includes the part that is being asked for, its values do not.
    groups: Vec<Group>,
    /// What follows if the figure for `base` was inferred and turns out wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outer: Option<Box<Chain>>,
}

/// Values and how many checks have one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Group {
    values: Vec<String>,
    count: u64,
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
    /// The values of a dimension, each once. A list that the slice already has is not asked for.
    fn of(&self, dimension: Dimension, slice: &Slice) -> Vec<String>;

    /// Whether a region is not in the vendor's own list: where one is refused, such are given up first.
    fn is_doubtful(&self, region: &str) -> bool;
}

impl Part {
    /// A part that nothing follows.
    pub(crate) fn of(slice: Slice) -> Self {
        Self { slice, spent: BTreeSet::new(), found: None, chain: None }
    }

    /// What takes this part's place when the vendor does not know one of the regions in it (section 3.6: status 422).
    /// `None` if it names no region.
    pub(crate) fn without_regions(&self, candidates: &dyn Candidates) -> Option<Vec<Self>> {
        let refused = self.slice.list(Dimension::Regions)?;
        let sure: Vec<String> =
            refused.iter().filter(|region| !candidates.is_doubtful(region)).cloned().collect();
        let is_divided_by_them = match &self.chain {
            Some(chain) => chain.dimension == Dimension::Regions,
            None => self.slice.cut.contains(&Dimension::Regions),
        };
        if is_divided_by_them && sure.len() < refused.len() {
            return Some(self.with_regions(sure, candidates));
        }
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

    /// What takes this part's place when of its regions only these are asked for. A region that the vendor does not know has
    /// no checks; where there are figures, they tell.
    fn with_regions(&self, regions: Vec<String>, candidates: &dyn Candidates) -> Vec<Self> {
        let chain = self.chain.as_ref().map(|chain| chain.without_doubtful(candidates));
        if regions.is_empty() {
            return chain.map(|chain| chain.next(candidates)).unwrap_or_default();
        }
        let slice = self.slice.cut_to(Dimension::Regions, regions);
        vec![Self { slice, chain: chain.map(Box::new), ..self.clone() }]
    }

    /// Whether nothing follows from its total for other parts.
    pub(crate) fn is_by_itself(&self) -> bool {
        self.chain.is_none() && self.found.is_none()
    }

    /// Divides a part that has as many checks as anybody can page through, or more, and whose figure is not known: into
    /// two, or as many as addresses have room for. Without figures nothing tells of values that nobody listed, so what has
    /// closed lists comes first. `None` if no dimension divides it.
    pub(crate) fn halves(&self, candidates: &dyn Candidates) -> Option<Vec<Self>> {
        let (dimension, values) = self.dividing(Dimension::CLOSED_FIRST, candidates)?;
        let room = self.slice.room_for(dimension).max(1);
        let pieces = list_length(&values).div_ceil(room).max(1) * 2;
        let chunks = values.chunks(values.len().div_ceil(pieces));
        Some(chunks.map(|chunk| Self::of(self.slice.cut_to(dimension, chunk.to_vec()))).collect())
    }

    /// Begins to divide a part with that many checks; `None` if no dimension divides it.
    fn split(&self, total: u64, candidates: &dyn Candidates) -> Option<Vec<Self>> {
        let (dimension, values) = self.next_dimension(candidates)?;
        let chain = Chain {
            base: self.slice.clone(),
            spent: self.spent.clone(),
            whole: total,
            dimension,
            groups: vec![Group { values, count: total }],
            outer: self.chain.clone(),
        };
        Some(chain.next(candidates))
    }

    fn next_dimension(&self, candidates: &dyn Candidates) -> Option<(Dimension, Vec<String>)> {
        self.dividing(Dimension::ALL, candidates)
    }

    /// The first of these dimensions that has more than one value, with its values.
    fn dividing(
        &self,
        order: [Dimension; 5],
        candidates: &dyn Candidates,
    ) -> Option<(Dimension, Vec<String>)> {
        let open = order.into_iter().filter(|dimension| !self.spent.contains(dimension));
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
    /// Books the answer for the part that was asked for.
    fn book(&mut self, total: u64) {
        if let Some(group) = self.groups.first_mut() {
            group.count = group.count.saturating_sub(total);
        }
    }

    /// Asks for none of the doubtful regions any more. If checks lie there, the counts tell.
    fn without_doubtful(&self, candidates: &dyn Candidates) -> Self {
        let mut chain = self.clone();
        for group in &mut chain.groups {
            group.values.retain(|region| !candidates.is_doubtful(region));
        }
        chain
    }

    /// What to ask for next, now that the groups are what remains.
    fn next(mut self, candidates: &dyn Candidates) -> Vec<Part> {
        let mut parts = Vec::new();
        let (named, nameless): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.groups).into_iter().partition(|group| !group.values.is_empty());
        let missing: u64 = nameless.iter().map(|group| group.count).sum();
        if missing > 0 {
            parts.push(self.recount(missing));
        }
        let room = self.base.room_for(self.dimension);
        let (mut fitting, mut large) = (Vec::new(), Vec::new());
        for group in named.into_iter().filter(|group| group.count > 0) {
            match group {
                group if group.count > WINDOW && group.values.len() == 1 => {
                    parts.extend(self.infer(group, candidates));
                }
                group if group.fits(room) => fitting.push(group),
                group => large.push(group),
            }
        }
        if large.is_empty() {
            parts.extend(
                packed(fitting, room)
                    .into_iter()
                    .map(|group| self.ask(group.values, group.count, Vec::new())),
            );
        } else {
            let mut group = large.remove(0);
            let chunk = group.take_chunk(room);
            large.insert(0, group);
            large.append(&mut fitting);
            parts.push(self.ask(chunk, 0, large));
        }
        parts
    }

    /// A part of these values, whose count is known if nothing else is left.
    fn ask(&self, values: Vec<String>, count: u64, mut groups: Vec<Group>) -> Part {
        if groups.is_empty() {
            groups.push(Group { values: Vec::new(), count });
        }
        let slice = self.base.cut_to(self.dimension, values);
        let chain = Self { groups, ..self.clone() };
        Part { slice, spent: self.spent.clone(), found: None, chain: Some(Box::new(chain)) }
    }

    /// One value with too many checks, whose count is known: divide it without asking for it.
    fn infer(&self, group: Group, candidates: &dyn Candidates) -> Vec<Part> {
        let part = self.ask(group.values, group.count, Vec::new());
        // The first chunk of the next dimension, or, where none divides it, the part itself: its answer will say so.
        part.split(group.count, candidates).unwrap_or_else(|| vec![part])
    }

    /// All values were asked for, and some checks are in none of them.
    fn recount(&self, missing: u64) -> Part {
        let mut spent = self.spent.clone();
        spent.insert(self.dimension);
        let found = Some(self.whole.saturating_sub(missing));
        Part { slice: self.base.clone(), spent, found, chain: self.outer.clone() }
    }
}

impl Group {
    fn fits(&self, room: usize) -> bool {
        self.count <= WINDOW && list_length(&self.values) <= room
    }

    /// Takes values off that together should fit: at least one, never all, and no more than the address has room for.
    fn take_chunk(&mut self, room: usize) -> Vec<String> {
        let values = self.values.len() as u64;
        let wished = (AIM * values / self.count.max(1)).clamp(1, values.saturating_sub(1).max(1));
        let mut length = 0;
        let affordable = self.values.iter().take_while(|value| {
            length += list_length(std::slice::from_ref(value));
            length <= room
        });
        let count = affordable.count().min(usize::try_from(wished).unwrap_or(usize::MAX)).max(1);
        let rest = self.values.split_off(count.min(self.values.len()));
        std::mem::replace(&mut self.values, rest)
    }
}

/// Puts groups together where they fit together, the largest first.
fn packed(mut groups: Vec<Group>, room: usize) -> Vec<Group> {
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    let mut bins: Vec<Group> = Vec::new();
    for group in groups {
        let length = list_length(&group.values);
        let bin = bins
            .iter_mut()
            .find(|bin| bin.count + group.count <= WINDOW && list_length(&bin.values) + length <= room);
        match bin {
            Some(bin) => {
                bin.count += group.count;
                bin.values.extend(group.values);
            }
            None => bins.push(group),
        }
    }
    bins
}

/// What follows when the first page of a part has told its total: what to do with the part, and what to ask for besides.
pub(crate) fn divide(part: &Part, total: u64, candidates: &dyn Candidates) -> (Division, Vec<Part>) {
    let mut chain = part.chain.clone();
    if let Some(chain) = &mut chain {
        chain.book(total);
    }
    let follow = |chain: Option<Box<Chain>>| chain.map(|chain| chain.next(candidates)).unwrap_or_default();
    if let Some(found) = part.found {
        let whole = Part { chain: None, ..part.clone() };
        let division = match total {
            total if total <= found => Division::Nothing,
            total if total <= WINDOW => Division::Read,
            total => whole.split(total, candidates).map_or(Division::Beyond, Division::Split),
        };
        return (division, follow(chain));
    }
    if total <= WINDOW {
        return (Division::Read, follow(chain));
    }
    if part.next_dimension(candidates).is_none() {
        return (Division::Beyond, follow(chain));
    }
    let parts = match chain {
        None => part.split(total, candidates).unwrap_or_default(),
        Some(mut chain) => {
            let values = part.slice.list(chain.dimension).unwrap_or_default().to_vec();
            chain.groups.insert(0, Group { values, count: total });
            chain.next(candidates)
        }
    };
    (Division::Split(parts), Vec::new())
}

#[cfg(test)]
#[path = "tests/split.rs"]
mod tests;
