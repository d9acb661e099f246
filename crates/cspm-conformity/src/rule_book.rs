//! What the catalogue says of writing: which parts of a rule's setting the vendor takes.

use std::collections::{BTreeSet, HashMap};

use crate::wire;

/// The risk levels (vendor document, section 3.7).
pub(crate) const RISK_LEVELS: [&str; 5] = ["LOW", "MEDIUM", "HIGH", "VERY_HIGH", "EXTREME"];

/// The catalogue's rules, and what of their settings can be written.
#[derive(Debug, Default)]
pub struct RuleBook(HashMap<String, Terms>);

/// What of one rule's setting can be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// The vendor sets the level for each finding: nobody may write it (section 6).
    pub(crate) has_many_levels: bool,
    /// The level is one of the documented five, which a setting has to say.
    pub(crate) needs_level: bool,
    /// The vendor is about to drop it.
    pub(crate) is_deprecated: bool,
    /// The cloud it is for, in the vendor's word.
    pub(crate) provider: Option<String>,
    /// Extra settings that are shown and cannot be written, by name.
    pub(crate) locked: BTreeSet<String>,
}

impl RuleBook {
    pub(crate) fn new(terms: Vec<(String, Terms)>) -> Self {
        Self(terms.into_iter().collect())
    }

    pub(crate) fn of(&self, rule: &str) -> Option<&Terms> {
        self.0.get(rule)
    }
}

impl Terms {
    /// As the catalogue says; `service` is the cloud of the rule's service.
    pub(crate) fn of(rule: &wire::RuleTerms<'_>, service: Option<&str>) -> Self {
        let has_many_levels = rule.multi_risk_level.0 == Some(true);
        let locked = rule.settings.0.iter().filter(|setting| setting.0.is_locked());
        Self {
            has_many_levels,
            needs_level: !has_many_levels
                && rule.risk_level.get().is_some_and(|level| RISK_LEVELS.contains(&level)),
            is_deprecated: rule.is_deprecated.0 == Some(true),
            provider: rule.provider.owned().or_else(|| service.map(str::to_owned)),
            locked: locked.filter_map(|setting| setting.0.name.owned()).collect(),
        }
    }
}
