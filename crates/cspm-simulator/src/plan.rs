//! Which request meets which fault.

use std::ops::RangeInclusive;
use std::sync::Mutex;

use fastrand::Rng;

use crate::fault::Fault;
use crate::matching::Match;
use crate::sync::lock;
use crate::wire::SimRequest;

/// When a rule hits, of the requests that it matches. They are counted from 1, for each rule from when it was added.
#[derive(Clone, Debug, PartialEq)]
pub enum Which {
    /// Each.
    Every,
    /// The n-th only.
    Nth(u64),
    /// The first n.
    First(u64),
    /// The n-th and all after it.
    From(u64),
    /// Those of this range.
    Range(RangeInclusive<u64>),
    /// Each with this probability, by the rule's own seeded randomness.
    Probability(f64),
}

impl Which {
    fn hits(&self, n: u64, rng: &mut Rng) -> bool {
        match self {
            Self::Every => true,
            Self::Nth(nth) => n == *nth,
            Self::First(last) => n <= *last,
            Self::From(first) => n >= *first,
            Self::Range(range) => range.contains(&n),
            Self::Probability(p) => rng.f64() < *p,
        }
    }
}

/// A fault, and the requests that meet it.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The requests that are counted.
    pub when: Match,
    /// Those of them that are hit.
    pub which: Which,
    /// What hits them.
    pub then: Fault,
    /// Whether the vendor carries the request out; `None` leaves it to the fault, see [`Fault`].
    pub carried_out: Option<bool>,
    /// The seed of everything random about the rule.
    pub seed: u64,
}

impl Rule {
    /// A rule with seed 0 that leaves it to the fault whether the vendor carries the request out.
    pub fn new(when: Match, which: Which, then: Fault) -> Self {
        Self { when, which, then, carried_out: None, seed: 0 }
    }

    /// The same, with the vendor carrying the request out, or not seeing it, whatever the fault.
    pub fn carried_out(mut self, carried_out: bool) -> Self {
        self.carried_out = Some(carried_out);
        self
    }

    /// The same with another seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// Names a rule of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RuleId(u64);

/// The faults to come; rules come and go at any time.
#[derive(Debug, Default)]
pub struct FaultPlan(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last_id: u64,
    rules: Vec<Planned>,
}

#[derive(Debug)]
struct Planned {
    id: RuleId,
    rule: Rule,
    rng: Rng,
    matched: u64,
    hits: u64,
}

/// A fault that hits a request.
pub(crate) struct Hit {
    pub(crate) fault: Fault,
    pub(crate) carried_out: bool,
    /// A random number below 1.
    pub(crate) draw: f64,
}

impl FaultPlan {
    /// Adds a rule, behind those that are there.
    pub fn add(&self, rule: Rule) -> RuleId {
        let mut state = lock(&self.0);
        state.last_id += 1;
        let id = RuleId(state.last_id);
        let rng = Rng::with_seed(rule.seed);
        state.rules.push(Planned { id, rule, rng, matched: 0, hits: 0 });
        id
    }

    /// Adds the rule that those of the matching requests meet the fault.
    pub fn on(&self, when: Match, which: Which, then: Fault) -> RuleId {
        self.add(Rule::new(when, which, then))
    }

    /// Removes a rule; false if there was none.
    pub fn remove(&self, id: RuleId) -> bool {
        let mut state = lock(&self.0);
        let before = state.rules.len();
        state.rules.retain(|planned| planned.id != id);
        state.rules.len() < before
    }

    /// Removes all rules.
    pub fn clear(&self) {
        lock(&self.0).rules.clear();
    }

    /// How many requests the rule has hit; 0 if there is no such rule.
    pub fn hits(&self, id: RuleId) -> u64 {
        let state = lock(&self.0);
        state.rules.iter().find(|planned| planned.id == id).map_or(0, |planned| planned.hits)
    }

    /// Counts the request and tells what hits it.
    pub(crate) fn meet(&self, request: &SimRequest) -> Vec<Hit> {
        lock(&self.0).rules.iter_mut().filter_map(|planned| planned.meet(request)).collect()
    }
}

impl Planned {
    fn meet(&mut self, request: &SimRequest) -> Option<Hit> {
        if !self.rule.when.matches(request) {
            return None;
        }
        self.matched += 1;
        if !self.rule.which.hits(self.matched, &mut self.rng) {
            return None;
        }
        self.hits += 1;
        let fault = self.rule.then.clone();
        let carried_out = self.rule.carried_out.unwrap_or(!fault.replaces_vendor());
        Some(Hit { fault, carried_out, draw: self.rng.f64() })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    use super::*;

    fn hits(plan: &FaultPlan, path: &str, requests: usize) -> Vec<usize> {
        let request = SimRequest {
            method: Method::GET,
            path: path.into(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        (1..=requests).filter(|_| !plan.meet(&request).is_empty()).collect()
    }

    fn with(which: Which) -> FaultPlan {
        let plan = FaultPlan::default();
        plan.on(Match::get("/a"), which, Fault::EmptyBody);
        plan
    }

    #[test]
    fn counts_what_it_matches_from_one() {
        assert_eq!(hits(&with(Which::Every), "/a", 3), [1, 2, 3]);
        assert_eq!(hits(&with(Which::Nth(2)), "/a", 4), [2]);
        assert_eq!(hits(&with(Which::First(2)), "/a", 4), [1, 2]);
        assert_eq!(hits(&with(Which::From(3)), "/a", 4), [3, 4]);
        assert_eq!(hits(&with(Which::Range(2..=3)), "/a", 4), [2, 3]);
        let plan = with(Which::Nth(1));
        assert!(hits(&plan, "/b", 3).is_empty());
        assert_eq!(hits(&plan, "/a", 3), [1]);
    }

    #[test]
    fn chance_is_the_same_for_the_same_seed() {
        let chance = |seed| {
            let plan = FaultPlan::default();
            plan.add(Rule::new(Match::any(), Which::Probability(0.3), Fault::EmptyBody).seed(seed));
            hits(&plan, "/", 1_000)
        };
        assert_eq!(chance(7), chance(7));
        assert_ne!(chance(7), chance(8));
        assert!((200..400).contains(&chance(7).len()));
    }

    #[test]
    fn rules_are_counted_and_removed() {
        let plan = FaultPlan::default();
        let first = plan.on(Match::any(), Which::Every, Fault::EmptyBody);
        let second = plan.on(Match::any(), Which::From(2), Fault::EmptyBody);
        assert_eq!(hits(&plan, "/", 2), [1, 2]);
        assert_eq!((plan.hits(first), plan.hits(second)), (2, 1));
        assert!(plan.remove(first));
        assert!(!plan.remove(first));
        assert_eq!(hits(&plan, "/", 1), [1]);
        plan.clear();
        assert_eq!((plan.hits(second), hits(&plan, "/", 2).len()), (0, 0));
    }
}
