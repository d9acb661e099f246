//! Checks that do not lead to their rules, read rule by rule (section 6.2, last sentence).
//!
//! The relationship from a check to its rule is not documented. Where a page has a check without one, its scope is
//! divided into one part that walks through the rules of the catalogue, one after the other, so that the rule is known
//! from the question; what no rule accounts for is read last, by a part over the whole listing, in which the engine drops
//! what it has seen, and keeps the rule id `unknown`.
//!
//! The rules are walked in one chain and not in a scope each, for two reasons. The chain knows, without any state but
//! its cursor, how many checks the rules accounted for: once these are as many as the listing announced, it ends, and
//! the last part is not needed. And that part must not overtake a rule, or the findings of that rule would have lost it.
//!
//! Few requests are spent on rules without checks: rules are first asked for in blocks, and an empty block is passed
//! over; within a block, the walk goes on to the next as soon as the block's checks are accounted for.

use std::sync::Arc;

use cspm_core::{Cursor, Error, Finding, FindingQuery, Result, Scope, Step, Then};
use serde::{Deserialize, Serialize};

use crate::Bitdefender;
use crate::catalogue::Catalogue;
use crate::decode::Checks;
use crate::findings::{Kind, Part};
use crate::narrow::{LONGEST_LIST, Narrowed};
use crate::wire::Page;

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

    /// On to the next rule, or past the block if nothing is left in it.
    fn advance(&mut self) {
        self.link = None;
        self.rule = if self.left == Some(0) { self.block_end } else { self.rule + 1 };
    }
}

/// The rules that checks of a scope can be of.
pub(crate) fn candidates(narrowed: &Narrowed, catalogue: &Catalogue) -> Vec<Arc<str>> {
    if !narrowed.rules.is_empty() {
        return narrowed.rules.clone();
    }
    let in_standard = |known: &&crate::rules::KnownRule| {
        let wanted = &narrowed.standards;
        wanted.is_empty() || known.standards.iter().any(|standard| wanted.contains(&standard.id))
    };
    catalogue.rules().filter(in_standard).map(|known| known.rule.id.clone()).collect()
}

impl Bitdefender {
    /// One request of a walk.
    pub(crate) async fn walk(
        &self,
        query: &FindingQuery,
        catalogue: &Catalogue,
        narrowed: Narrowed,
        part: &Part,
        scope: &Scope,
        at: &Cursor,
    ) -> Result<Step<Finding>> {
        let rules = candidates(&narrowed, catalogue);
        let mut place = Place::of(at)?;
        let scan = part.scan.as_deref();
        if place.link.is_none() && place.rule >= place.block_end {
            place.block_end = rules.len().min(place.rule + LONGEST_LIST);
            place.left = None;
            let block = rules.get(place.rule..place.block_end).unwrap_or_default();
            // A block of one is the rule itself.
            if block.len() > 1 {
                let answer = self.send(self.at(narrowed.checks_of(scan, block), &Cursor::Start)?).await?;
                let page = Page::read(answer.text()?)?;
                place.left = page.total;
                let is_empty = page.records.is_empty() && page.next().is_none();
                if page.total == Some(0) || (page.total.is_none() && is_empty) {
                    place.rule = place.block_end;
                }
                return conclude(Step::done(Vec::new()), &place, &rules, part, scope);
            }
        }
        let Some(rule) = rules.get(place.rule) else {
            return conclude(Step::done(Vec::new()), &place, &rules, part, scope);
        };
        let of_rule = narrowed.of_rule(rule);
        let from = place.link.clone().map_or(Cursor::Start, Cursor::Token);
        let Checks { mut step, lacking, .. } = self.checks(query, catalogue, &of_rule, scan, &from).await?;
        self.complete(&mut step, lacking).await;
        if place.link.is_none() {
            place.count(step.expected);
        }
        match &step.then {
            Then::Next(Cursor::Token(link)) => place.link = Some(link.clone()),
            Then::Stop(_) => return Ok(step.expecting(None)),
            _ => place.advance(),
        }
        conclude(step, &place, &rules, part, scope)
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
        if !accounted {
            step.more.push(Part { kind: Kind::Rest, ..part.clone() }.scope(scope)?);
        }
    } else {
        step.then = Then::Next(place.cursor()?);
    }
    Ok(step)
}
