//! Checks that do not lead to their rules, read rule by rule (section 6.2, last sentence).
//!
//! The relationship from a check to its rule is not documented. Where a page has a check without one, its scope is
//! divided into one part that walks through the rules of the catalogue, one after the other, so that the rule is known
//! from the question; what no rule accounts for is read last, by a part over the whole listing, in which the engine drops
//! what it has seen, and has no rule id.
//!
//! The rules are walked in one chain and not in a scope each, for two reasons. The chain knows, without any state but
//! its cursor, how many checks the rules accounted for: once these are as many as the listing announced, it ends, and
//! the last part is not needed. And that part must not overtake a rule, or the findings of that rule would have lost it.
//!
//! A rule that cannot be read becomes a scope of its own, with its own second chance and its own entry in the report, and
//! the walk goes on. The last part is not read then: it would bring that rule's checks without their rule. What is missing
//! in the end is reported as the remainder of the whole.
//!
//! Few requests are spent on rules without checks: rules are first asked for in blocks, and an empty block is passed
//! over; within a block, the walk goes on to the next as soon as the block's checks are accounted for.

use std::sync::Arc;

use cspm_core::{Cursor, Error, ErrorKind, Finding, FindingQuery, Result, Scope, Step, Then};
use serde::{Deserialize, Serialize};

use crate::Bitdefender;
use crate::catalogue::Catalogue;
use crate::findings::{Kind, Part};
use crate::lenient::Link;
use crate::map::Asked;
use crate::narrow::{LONGEST_LIST, Narrowed};
use crate::wire::Page;

/// Requests that may fail in a row before the walk counts as failed itself: the vendor is down, and not one rule bad.
const FAILURES_IN_A_ROW: u32 = 3;

/// The place in a walk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The rule to read, in the order of ids.
    rule: usize,
    /// The rest of that rule's pages.
    link: Option<String>,
    /// Where the block ends that is known to have checks; a block begins here if that is no further.
    block_end: usize,
    /// How many checks of the block are not accounted for; `None` if not told.
    left: Option<u64>,
    /// How many checks all rules so far have; `None` once one did not tell.
    counted: Option<u64>,
    /// Requests that failed in a row.
    failures: u32,
    /// Whether a rule was left to a scope of its own.
    left_out: bool,
}

impl Place {
    fn of(cursor: &Cursor) -> Result<Self> {
        match cursor {
            Cursor::Start => Ok(Self { counted: Some(0), ..Self::default() }),
            Cursor::Token(text) => {
                serde_json::from_str(text).map_err(|_| Error::bug("a place in a walk is not this adapter's"))
            }
            Cursor::Page(_) | Cursor::Offset(_) => Err(Error::bug("a place in a walk is not this adapter's")),
        }
    }

    fn cursor(&self) -> Result<Cursor> {
        let text =
            serde_json::to_string(self).map_err(|_| Error::bug("a place in a walk does not serialise"))?;
        Ok(Cursor::Token(text))
    }

    /// Books a rule's own figure.
    fn count(&mut self, total: Option<u64>) {
        self.counted = self.counted.zip(total).map(|(counted, total)| counted + total);
        self.left = self.left.zip(total).map(|(left, total)| left.saturating_sub(total));
    }

    /// Books a failed request, after which the walk goes on.
    ///
    /// # Errors
    /// If it does not.
    fn stumble(&mut self, error: Error) -> Result<()> {
        self.failures += 1;
        if error.kind() == ErrorKind::Authentication || self.failures >= FAILURES_IN_A_ROW {
            return Err(error);
        }
        Ok(())
    }

    /// Goes on without the rest of a rule: its part.
    fn leave_out(&mut self, rule: &Arc<str>, part: &Part) -> Part {
        if self.link.is_some() {
            // It was counted and is not read.
            self.counted = None;
        }
        self.left_out = true;
        self.advance();
        Part { kind: Kind::Rule(rule.to_string()), announced: None, ..part.clone() }
    }

    /// On to the next rule, or past the block if nothing is left in it.
    fn advance(&mut self) {
        self.link = None;
        self.rule = if self.left == Some(0) { self.block_end } else { self.rule + 1 };
    }
}

/// The rules that checks of a scope can be of, and that can be asked for.
pub(crate) fn candidates(narrowed: &Narrowed, catalogue: &Catalogue) -> Vec<Arc<str>> {
    if !narrowed.rules.is_empty() {
        return narrowed.rules.clone();
    }
    let in_standard = |known: &&crate::rules::KnownRule| {
        let wanted = &narrowed.standards;
        wanted.is_empty() || known.standards.iter().any(|standard| wanted.contains(&standard.id))
    };
    let rules = catalogue.rules().filter(in_standard).map(|known| known.rule.id.clone());
    rules.filter(|rule| narrowed.can_ask_for(rule)).collect()
}

impl Bitdefender {
    /// One request of a walk.
    pub(crate) async fn walk(
        &self,
        query: &FindingQuery,
        catalogue: &Catalogue,
        narrowed: &Narrowed,
        part: &Part,
        scope: &Scope,
        at: &Cursor,
    ) -> Result<Step<Finding>> {
        let rules = candidates(narrowed, catalogue);
        let mut place = Place::of(at)?;
        if place.link.is_none() && place.rule >= place.block_end {
            place.block_end = rules.len().min(place.rule + LONGEST_LIST);
            place.left = None;
            let block = rules.get(place.rule..place.block_end).unwrap_or_default();
            // A block of one is the rule itself.
            if block.len() > 1 {
                match self.count(narrowed, part, block).await {
                    Ok(figure) => (place.failures, place.left) = (0, figure),
                    // Its rules are read without knowing how many checks they have.
                    Err(error) => place.stumble(error)?,
                }
                if place.left == Some(0) {
                    place.rule = place.block_end;
                }
                return conclude(Step::done(Vec::new()), &place, &rules, part, scope);
            }
        }
        let Some(rule) = rules.get(place.rule) else {
            return conclude(Step::done(Vec::new()), &place, &rules, part, scope);
        };
        let asked = Asked { scan: part.scan.clone(), rule: Some(rule.clone()) };
        let from = place.link.clone().map_or(Cursor::Start, Cursor::Token);
        let read = async {
            let of_rule = narrowed.of_rule(rule);
            let checks = self.checks(query, catalogue, &of_rule, &asked, &from).await?;
            self.settle(checks, narrowed, part).await
        };
        let mut step = match read.await {
            Ok(step) => step,
            Err(error) => {
                place.stumble(error)?;
                let mut step = Step::done(Vec::new());
                step.more.push(place.leave_out(rule, part).scope(scope)?);
                return conclude(step, &place, &rules, part, scope);
            }
        };
        place.failures = 0;
        if place.link.is_none() {
            place.count(step.expected);
        }
        match &step.then {
            Then::Next(Cursor::Token(link)) => place.link = Some(link.clone()),
            Then::Stop(_) => {
                place.counted = None;
                step.more.push(place.leave_out(rule, part).scope(scope)?);
            }
            _ => place.advance(),
        }
        conclude(step, &place, &rules, part, scope)
    }

    /// How many checks some rules have together; `None` if not told.
    async fn count(&self, narrowed: &Narrowed, part: &Part, rules: &[Arc<str>]) -> Result<Option<u64>> {
        let scan = part.scan.as_deref().filter(|scan| narrowed.can_ask_for(scan));
        let answer = self.send(self.at(narrowed.checks_of(scan, rules), &Cursor::Start)?).await?;
        let page = Page::read(answer.text()?)?;
        let is_empty = page.records.is_empty() && page.next == Link::None;
        Ok(page.total.or(is_empty.then_some(0)))
    }
}

/// What follows from a place: the next request, the end, or the end and the part that reads what is not accounted for.
fn conclude(
    mut step: Step<Finding>,
    place: &Place,
    rules: &[Arc<str>],
    part: &Part,
    scope: &Scope,
) -> Result<Step<Finding>> {
    let accounted =
        place.counted.zip(part.announced).is_some_and(|(counted, announced)| counted >= announced);
    // The figure of one rule is not that of the part.
    step.expected = None;
    if place.link.is_none() && (accounted || place.rule >= rules.len()) {
        step.expected = place.counted;
        step.then = Then::Done;
        if !accounted && !place.left_out {
            step.more.push(Part { kind: Kind::Rest, ..part.clone() }.scope(scope)?);
        }
    } else {
        step.then = Then::Next(place.cursor()?);
    }
    Ok(step)
}
