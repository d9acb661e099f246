//! What is remembered of a finding: enough to tell where it could be, whether it changed, and, when it is gone, to say
//! what is closed.
//!
//! Remembered are ids, names and verdicts: the finding's and the rule's id, the rule's title, service, categories and
//! standards, the account, the resource's id, name and type, the region, outcome, severity and state. Left out are the
//! texts about it, its own times, links and tags, who suppressed it and why, and the vendor's record: nobody needs them to
//! close it, and they are what makes findings large. What many findings have in common is kept once.

use std::collections::HashMap;
use std::sync::Arc;

use cspm_core::{AccountRef, Finding, Origin, Outcome, RuleRef, Severity, StandardRef, State, Whereabouts};
use serde::{Deserialize, Serialize};

/// A finding that was there.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Whether the vendor's id ended in a colon, which its key leaves out.
    pub(super) colon: bool,
    pub(super) shared: Arc<Shared>,
    pub(super) own: Own,
    /// Its content; `None` if it was older than the overlap.
    pub(super) print: Option<u64>,
}

/// What findings of one rule in one account mostly have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Shared {
    account: Arc<AccountRef>,
    rule: Arc<RuleRef>,
    title: Arc<str>,
    resource_type: Option<Arc<str>>,
    categories: Arc<[Arc<str>]>,
    standards: Vec<Standard>,
    vendor_severity: Option<Arc<str>>,
    pub(super) verdict: Verdict,
    /// It passes and failed before, so that it is closed.
    pub(super) mended: bool,
}

/// What was found, and what people made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    severity: Severity,
    state: Option<State>,
}

/// A [`StandardRef`] with its name, which findings do not write.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Standard(Arc<str>, Option<Arc<str>>, Option<Arc<str>>);

/// What each finding has for itself, beside its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Own {
    #[serde(rename = "id", default, skip_serializing_if = "Option::is_none")]
    resource_id: Option<Box<str>>,
    #[serde(rename = "name", default, skip_serializing_if = "Option::is_none")]
    resource_name: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<Arc<str>>,
}

impl Known {
    /// The vendor's id, byte for byte, of the finding with this key.
    pub(super) fn vendor_id(&self, key: &str) -> String {
        if self.colon { format!("{key}:") } else { key.to_owned() }
    }

    /// The finding as it was, as far as it is remembered.
    pub(super) fn finding(&self, origin: &Origin, vendor_id: String) -> Finding {
        let Shared { account, rule, title, resource_type, categories, standards, vendor_severity, .. } =
            &*self.shared;
        let Verdict { outcome, severity, state } = self.shared.verdict;
        let mut finding = Finding::new(origin, vendor_id, rule.clone(), account.clone());
        finding.title = title.clone();
        finding.resource.id = self.own.resource_id.as_deref().map(str::to_owned);
        finding.resource.name = self.own.resource_name.as_deref().map(str::to_owned);
        finding.resource.kind = resource_type.clone();
        finding.region = self.own.region.clone();
        finding.categories = categories.clone();
        finding.standards = standards.iter().map(StandardRef::from).collect();
        (finding.outcome, finding.severity, finding.state) = (outcome, severity, state);
        finding.vendor_severity = vendor_severity.clone();
        finding
    }
}

impl Shared {
    pub(super) fn of(finding: &Finding, mended: bool) -> Self {
        Self {
            account: finding.account.clone(),
            rule: finding.rule.clone(),
            title: finding.title.clone(),
            resource_type: finding.resource.kind.clone(),
            categories: finding.categories.clone(),
            standards: finding.standards.iter().map(Standard::from).collect(),
            vendor_severity: finding.vendor_severity.clone(),
            verdict: Verdict::of(finding),
            mended,
        }
    }

    /// What tells in which scopes such a finding could be.
    pub(super) fn whereabouts(&self) -> Whereabouts<'_> {
        Whereabouts {
            account_id: self.account.id.as_deref(),
            rule_id: Some(&self.rule.id),
            resource_type: self.resource_type.as_deref(),
        }
    }
}

impl Verdict {
    pub(super) const fn of(finding: &Finding) -> Self {
        Self { outcome: finding.outcome, severity: finding.severity, state: finding.state }
    }
}

impl Own {
    pub(super) fn of(finding: &Finding) -> Self {
        Self {
            resource_id: finding.resource.id.as_deref().map(Box::from),
            resource_name: finding.resource.name.as_deref().map(Box::from),
            region: finding.region.clone(),
        }
    }
}

impl From<&StandardRef> for Standard {
    fn from(standard: &StandardRef) -> Self {
        Self(standard.id.clone(), standard.control.clone(), standard.name.clone())
    }
}

impl From<&Standard> for StandardRef {
    fn from(Standard(id, control, name): &Standard) -> Self {
        Self { id: id.clone(), control: control.clone(), name: name.clone() }
    }
}

/// Puts together what has the same in common, in the order in which it comes up.
pub(super) fn by_shared<T>(items: impl Iterator<Item = (Arc<Shared>, T)>) -> Vec<(Arc<Shared>, Vec<T>)> {
    let (mut places, mut groups) = (HashMap::new(), Vec::new());
    for (shared, item) in items {
        let place = *places.entry(shared.clone()).or_insert_with(|| {
            groups.push((shared, Vec::new()));
            groups.len() - 1
        });
        if let Some((_, group)) = groups.get_mut(place) {
            group.push(item);
        }
    }
    groups
}
