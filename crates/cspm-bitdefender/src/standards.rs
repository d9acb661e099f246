//! Compliance standards (section 9), and which rules belong to them.
//!
//! The vendor tells that twice: a rule names its controls (section 8), and a standard lists its rules, once control by
//! control and once more over all of them. Nothing says that both are always there, so both are read and merged.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cspm_core::{RawValue, Rejected, StandardRef};
use cspm_http::Call;

use crate::collection::{Collection, Entry};
use crate::error::LIST_STANDARDS;
use crate::lenient::arc;
use crate::{Bitdefender, wire};

pub(crate) const PATH: &str = "/cspm/system_compliance";
/// Many times what the vendor has; they are kept in memory.
const LARGEST: u64 = 10_000;

/// A standard as the vendor lists it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) id: Arc<str>,
    pub(crate) title: Option<Arc<str>>,
    /// Rules, each with the control that lists it, if one does.
    pub(crate) rules: Vec<(Arc<str>, Option<Arc<str>>)>,
}

/// The vendor's own standards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standards {
    titles: BTreeMap<Arc<str>, Option<Arc<str>>>,
    /// The ids by their letters in lower case.
    spellings: HashMap<String, Arc<str>>,
    /// Standards by the id of the rule.
    of_rule: HashMap<Arc<str>, Vec<StandardRef>>,
}

pub(crate) fn list() -> Call {
    Call::get(LIST_STANDARDS, PATH)
}

impl Bitdefender {
    /// All standards, for joining.
    pub(crate) fn listed_standards(&self) -> Collection<'_, Listed> {
        Collection::new(self, LIST_STANDARDS, PATH, listed, LARGEST)
    }
}

impl Standards {
    pub(crate) fn new(listed: impl IntoIterator<Item = Listed>) -> Self {
        let mut standards = Self::default();
        for Listed { id, title, rules } in listed {
            standards.spellings.insert(id.to_lowercase(), id.clone());
            for (rule, control) in rules {
                let standard = StandardRef { id: id.clone(), control, name: title.clone() };
                standards.of_rule.entry(rule).or_default().push(standard);
            }
            standards.titles.insert(id, title);
        }
        standards
    }

    /// The ids and titles of all.
    pub(crate) fn titles(&self) -> impl Iterator<Item = (&Arc<str>, Option<&Arc<str>>)> {
        self.titles.iter().map(|(id, title)| (id, title.as_ref()))
    }

    /// A standard as it is listed here: with its title, in the spelling that is sent back (section 9).
    pub(crate) fn listed(&self, standard: StandardRef) -> StandardRef {
        let Some(id) = self.spellings.get(&standard.id.to_lowercase()) else { return standard };
        let name = self.titles.get(id).cloned().flatten();
        StandardRef { id: id.clone(), name, ..standard }
    }

    /// Adds to a rule's own standards those that list it. A standard without a control says less than the same with one.
    pub(crate) fn merged(&self, rule: &str, own: &[StandardRef]) -> Vec<StandardRef> {
        let mut merged: Vec<StandardRef> = Vec::new();
        let own = own.iter().cloned().map(|standard| self.listed(standard));
        for standard in own.chain(self.of_rule.get(rule).into_iter().flatten().cloned()) {
            let is_known = |known: &StandardRef| {
                known.id == standard.id && (standard.control.is_none() || known.control == standard.control)
            };
            if !merged.iter().any(is_known) {
                merged.retain(|known| known.id != standard.id || known.control.is_some());
                merged.push(standard);
            }
        }
        merged
    }
}

pub(crate) fn listed(raw: &RawValue, place: usize) -> Result<Entry<Listed>, Rejected> {
    let standard: wire::Standard<'_> = wire::record(raw, "standard", place)?;
    let Some(id) = arc(&standard.id) else {
        return Err(wire::rejected(raw, "standard", place, "it has no id"));
    };
    let mut rules = Vec::new();
    for control in &standard.attributes.controls.0 {
        let named = control.rules.0.iter().filter_map(|rule| arc(&rule.id));
        rules.extend(named.map(|rule| (rule, arc(&control.id))));
    }
    let related = standard.relationships.and_then(|there| there.rules).map(|rules| rules.data.0);
    rules.extend(related.iter().flatten().filter_map(|rule| Some((arc(&rule.id)?, None))));
    let value = Listed { id: id.clone(), title: arc(&standard.attributes.title), rules };
    Ok(Entry { id: id.to_string(), value })
}
