//! What would change: computed from what is and what should be, for every vendor alike.

use serde::Serialize;

use super::{Policy, RuleSetting, RuleSettings};

/// What becomes of rules that the wanted policy does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PushMode {
    /// They stay.
    #[default]
    Merge,
    /// They are removed.
    Replace,
}

/// An old and a new value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change<T> {
    /// What is.
    pub old: T,
    /// What should be.
    pub new: T,
}

/// What happens to one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "lowercase")]
pub enum RuleChange {
    /// It is not there yet.
    Added {
        /// The rule.
        rule: String,
        /// Its setting.
        new: RuleSetting,
    },
    /// It is there, set otherwise.
    Changed {
        /// The rule.
        rule: String,
        /// Its setting now.
        old: RuleSetting,
        /// Its setting afterwards.
        new: RuleSetting,
    },
    /// It is there and should not be.
    Removed {
        /// The rule.
        rule: String,
        /// Its setting now.
        old: RuleSetting,
    },
}

impl RuleChange {
    /// The rule's id.
    #[must_use]
    pub fn rule(&self) -> &str {
        match self {
            Self::Added { rule, .. } | Self::Changed { rule, .. } | Self::Removed { rule, .. } => rule,
        }
    }
}

/// What would change, rule by rule in the order of their ids; with both ends, so that it can be carried out and checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyChanges {
    /// The policy; `None` if it is to be created.
    pub id: Option<String>,
    /// How rules that are not named are treated.
    pub mode: PushMode,
    /// A new name, if it changes; of a policy to be created the old name is empty.
    pub name: Option<Change<String>>,
    /// A new description, if it changes.
    pub description: Option<Change<Option<String>>>,
    /// Whether members that pass through unchanged ([`Policy::extra`]) differ.
    pub extra: bool,
    /// The rules.
    pub rules: Vec<RuleChange>,
    /// The policy as it was when this was computed; `None` if there was none.
    #[serde(skip)]
    pub before: Option<Policy>,
    /// The policy as it should be read back afterwards.
    #[serde(skip)]
    pub after: Policy,
}

impl PolicyChanges {
    /// Whether nothing would change: nothing has to be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.before.is_some()
            && self.name.is_none()
            && self.description.is_none()
            && !self.extra
            && self.rules.is_empty()
    }

    /// The part of the policy that changes and nothing else: what a vendor that can merge is sent.
    #[must_use]
    pub fn named(&self) -> Policy {
        let rules = self.rules.iter().filter_map(|change| match change {
            RuleChange::Added { rule, new } | RuleChange::Changed { rule, new, .. } => {
                Some((rule.clone(), new.clone()))
            }
            RuleChange::Removed { .. } => None,
        });
        Policy { rules: rules.collect(), ..self.after.clone() }
    }
}

/// What would change if `wanted` were pushed onto what `is`. Pure: it asks nobody and writes nothing.
///
/// What a policy says of a rule is that rule's whole setting. A description that is not said stays, and so does any other
/// member that passes through and is not said.
#[must_use]
pub fn plan_push(is: Option<&Policy>, wanted: &Policy, mode: PushMode) -> PolicyChanges {
    let nothing = Policy::default();
    let old = is.unwrap_or(&nothing);
    let mut after = Policy {
        id: old.id.clone().or_else(|| wanted.id.clone()),
        name: wanted.name.clone(),
        description: wanted.description.clone().or_else(|| old.description.clone()),
        rules: match mode {
            PushMode::Merge => old.rules.clone(),
            PushMode::Replace => RuleSettings::new(),
        },
        extra: old.extra.clone(),
    };
    after.extra.extend(wanted.extra.iter().map(|(name, value)| (name.clone(), value.clone())));
    for (rule, setting) in &wanted.rules {
        let mut setting = setting.clone();
        if setting.provider.is_none() {
            setting.provider = old.rules.get(rule).and_then(|present| present.provider.clone());
        }
        after.rules.insert(rule.clone(), setting);
    }
    let differs =
        old.description.as_deref().unwrap_or_default() != after.description.as_deref().unwrap_or_default();
    PolicyChanges {
        id: after.id.clone(),
        mode,
        name: (old.name != after.name).then(|| Change { old: old.name.clone(), new: after.name.clone() }),
        description: differs.then(|| Change { old: old.description.clone(), new: after.description.clone() }),
        extra: old.extra != after.extra,
        rules: rule_changes(&old.rules, &after.rules),
        before: is.cloned(),
        after,
    }
}

/// What turns one set of rules into another, in the order of their ids.
#[must_use]
pub fn rule_changes(old: &RuleSettings, new: &RuleSettings) -> Vec<RuleChange> {
    let mut changes = Vec::new();
    for (rule, setting) in new {
        match old.get(rule) {
            None => changes.push(RuleChange::Added { rule: rule.clone(), new: setting.clone() }),
            Some(present) if !present.means(setting) => changes.push(RuleChange::Changed {
                rule: rule.clone(),
                old: present.clone(),
                new: setting.clone(),
            }),
            Some(_) => {}
        }
    }
    let removed = old.iter().filter(|(rule, _)| !new.contains_key(*rule));
    changes.extend(removed.map(|(rule, old)| RuleChange::Removed { rule: rule.clone(), old: old.clone() }));
    changes.sort_by(|one, other| one.rule().cmp(other.rule()));
    changes
}
