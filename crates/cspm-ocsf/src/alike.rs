//! What the events of one rule with one verdict have in common, made once and not once an event.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use cspm_core::{Finding, Outcome, Remediation, RuleRef, Severity, StandardRef};
use foldhash::fast::RandomState;

use crate::map::{self, Homes};
use crate::part::Part;
use crate::tree::Node;
use crate::unmapped;

/// How many rules' parts are kept, a few kilobytes each.
const MOST: usize = 1024;

/// The parts of the rules that came up lately.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    kept: HashMap<u64, Alike, RandomState>,
}

/// The parts of one rule.
#[derive(Debug)]
pub(crate) struct Alike {
    source: Source,
    pub(crate) compliance: Part,
    /// `finding_info.types`.
    pub(crate) types: Part,
    /// `finding_info.analytic`.
    pub(crate) analytic: Option<Part>,
    pub(crate) remediation: Option<Part>,
    /// `unmapped.<vendor>.standards`.
    pub(crate) standards: Option<Part>,
}

/// All that the parts are made of.
#[derive(Debug)]
struct Source {
    vendor: Arc<str>,
    rule: Arc<RuleRef>,
    title: Arc<str>,
    outcome: Outcome,
    severity: Severity,
    categories: Arc<[Arc<str>]>,
    standards: Arc<[StandardRef]>,
    remediation: Option<Arc<Remediation>>,
}

impl Shelf {
    /// The parts of a finding's rule; `None` if some of them are the finding's own.
    pub(crate) fn of(&mut self, finding: &Finding) -> Option<&Alike> {
        // A finding without a title may be called by its id, and one of unknown severity has a word of its own.
        if finding.title.is_empty() || finding.severity == Severity::Unknown {
            return None;
        }
        let what = (&finding.connection, &finding.rule.id, finding.outcome, finding.severity);
        let key = self.kept.hasher().hash_one(what);
        if self.kept.len() >= MOST && !self.kept.contains_key(&key) {
            self.kept.clear();
        }
        let alike = self.kept.entry(key).or_insert_with(|| Alike::of(finding));
        if !alike.source.is_of(finding) {
            *alike = Alike::of(finding);
        }
        Some(alike)
    }
}

impl Alike {
    fn of(finding: &Finding) -> Self {
        let part = |node: Node<'_>| Part::new(node.into_owned());
        let homes = Homes::of(finding);
        let standards = unmapped::standards(finding);
        Self {
            source: Source::of(finding),
            compliance: part(map::compliance(finding).into()),
            types: part(map::types(finding).into()),
            analytic: map::analytic(&finding.rule).map(|analytic| part(analytic.into())),
            remediation: homes.remediation.then(|| part(map::remediation(finding).into())),
            standards: (!standards.is_empty()).then(|| part(standards.into())),
        }
    }
}

impl Source {
    fn of(finding: &Finding) -> Self {
        Self {
            vendor: finding.vendor.clone(),
            rule: finding.rule.clone(),
            title: finding.title.clone(),
            outcome: finding.outcome,
            severity: finding.severity,
            categories: finding.categories.clone(),
            standards: finding.standards.clone(),
            remediation: finding.remediation.clone(),
        }
    }

    /// Mostly a matter of pointers, which adapters share.
    fn is_of(&self, finding: &Finding) -> bool {
        let Self { vendor, rule, title, outcome, severity, categories, standards, remediation } = self;
        *outcome == finding.outcome
            && *severity == finding.severity
            && is_same(rule, &finding.rule)
            && is_same(standards, &finding.standards)
            && is_same(categories, &finding.categories)
            && is_same(title, &finding.title)
            && is_same(vendor, &finding.vendor)
            && match (remediation, &finding.remediation) {
                (Some(one), Some(other)) => is_same(one, other),
                (one, other) => one.is_none() && other.is_none(),
            }
    }
}

fn is_same<T: PartialEq + ?Sized>(one: &Arc<T>, other: &Arc<T>) -> bool {
    Arc::ptr_eq(one, other) || **one == **other
}
