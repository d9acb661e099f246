//! How one rule is set.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Verbatim;

/// One rule's whole setting in a policy or an account. What a vendor has no place for is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RuleSetting {
    /// Whether it is checked.
    pub enabled: Option<bool>,
    /// The vendor's own word for how bad it is that the rule is broken, as it is written: Conformity's `riskLevel`.
    pub severity: Option<String>,
    /// The cloud it is for, in the vendor's own word. It goes with the rule and is no choice: `None` leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// What it does not look at.
    pub exceptions: Exceptions,
    /// The rule's parameters in the vendor's form, passed through unchanged: Conformity's `extraSettings`.
    pub settings: Vec<Verbatim>,
    /// What the vendor's setting has beside these, passed through unchanged.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Verbatim>,
}

/// What a rule does not look at. Their order means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exceptions {
    /// Resources by id.
    pub resources: Vec<String>,
    /// Tags: key, value or `key::value`, exactly.
    pub tags: Vec<String>,
    /// Tags by a part of them.
    pub filter_tags: Vec<String>,
}

impl Exceptions {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.tags.is_empty() && self.filter_tags.is_empty()
    }

    fn means(&self, other: &Self) -> bool {
        let same = |one: &[String], other: &[String]| sorted(one) == sorted(other);
        same(&self.resources, &other.resources)
            && same(&self.tags, &other.tags)
            && same(&self.filter_tags, &other.filter_tags)
    }
}

fn sorted(names: &[String]) -> Vec<&str> {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names
}

impl RuleSetting {
    /// Whether both set the rule alike. Vendors send exceptions and parameters back in an order of their own, and say the
    /// provider where the writer left it out: neither makes a difference.
    #[must_use]
    pub fn means(&self, other: &Self) -> bool {
        let same_provider = match (&self.provider, &other.provider) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        same_provider
            && self.enabled == other.enabled
            && self.severity == other.severity
            && self.exceptions.means(&other.exceptions)
            && is_permutation(&self.settings, &other.settings)
            && self.extra == other.extra
    }
}

fn is_permutation(one: &[Verbatim], other: &[Verbatim]) -> bool {
    let mut left: Vec<&Verbatim> = other.iter().collect();
    one.len() == other.len()
        && one.iter().all(|wanted| match left.iter().position(|have| *have == wanted) {
            Some(at) => {
                left.swap_remove(at);
                true
            }
            None => false,
        })
}
