//! What a run should bring: computed from a simulator's world by the wire documents and the contract alone.
//!
//! Where the contract leaves a field open for a vendor, the truth is silent about it ([`None`]) rather than a copy of
//! what the adapter happens to do.

mod bitdefender;
mod conformity;
mod insightcloudsec;
mod listings;

use std::collections::{BTreeMap, BTreeSet};

use cspm_core::{
    Finding, FindingQuery, Outcome, OutcomeFilter, Severity, State, SuppressedFilter, Timestamp,
};

pub use self::listings::{ExpectedAccount, ExpectedRule, accounts, rules};
use crate::{Lab, Model};

/// What a finding should look like.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Contract section 4, key by key.
    pub vendor_id: String,
    /// The rule's title, where the vendor has one.
    pub title: Option<String>,
    /// What the check said.
    pub outcome: Outcome,
    /// How bad it is.
    pub severity: Severity,
    /// The vendor's word for that.
    pub vendor_severity: Option<String>,
    /// What people made of it; silent where a word of the vendor's is in no document.
    pub state: Option<Option<State>>,
    /// The suppression in force.
    pub suppression: Option<Suppressed>,
    /// The rule's id.
    pub rule: String,
    /// The rule's service.
    pub service: Option<String>,
    /// The account.
    pub account: Account,
    /// The region.
    pub region: Option<String>,
    /// Standards by id, with their names where they have one.
    pub standards: BTreeMap<String, Option<String>>,
    /// When it last changed; silent where the contract does not say which of the vendor's times that is.
    pub changed: Option<Option<Timestamp>>,
}

/// A suppression in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// The vendor's word.
    pub kind: &'static str,
    /// Its end: not before the first, not after the second.
    pub until: Option<(Timestamp, Timestamp)>,
    /// Why, where the vendor says it in the same record; silent otherwise.
    pub reason: Option<Option<String>>,
}

/// Which cloud account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The vendor's id.
    pub id: Option<String>,
    /// The cloud's own.
    pub cloud_id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The cloud; silent where the vendor does not say.
    pub provider: Option<Option<String>>,
}

/// Everything that the vendor lists to whoever may see everything, by id.
#[must_use]
pub fn findings(lab: &Lab) -> BTreeMap<String, Expected> {
    let now = lab.simulator.clock().now();
    let all = match &lab.model {
        Model::Conformity(vendor) => conformity::findings(&vendor.world()),
        Model::InsightCloudSec(vendor) => insightcloudsec::findings(&vendor.world(), now),
        Model::Bitdefender(vendor) => bitdefender::findings(&vendor.world(), now),
    };
    all.into_iter().map(|expected| (expected.vendor_id.clone(), expected)).collect()
}

/// Their ids.
#[must_use]
pub fn ids(lab: &Lab) -> BTreeSet<String> {
    findings(lab).into_keys().collect()
}

/// The ids of those that a query asks for.
#[must_use]
pub fn wanted(all: &BTreeMap<String, Expected>, query: &FindingQuery) -> BTreeSet<String> {
    all.values().filter(|one| one.is_wanted(query)).map(|one| one.vendor_id.clone()).collect()
}

impl Expected {
    /// Whether a query asks for it, by contract section 3.
    #[must_use]
    pub fn is_wanted(&self, query: &FindingQuery) -> bool {
        let among = |values: &[String], value: Option<&str>| {
            values.is_empty() || values.iter().any(|wanted| Some(wanted.as_str()) == value)
        };
        let outcome = match query.outcome {
            OutcomeFilter::Fail => self.outcome == Outcome::Fail,
            OutcomeFilter::Pass => self.outcome == Outcome::Pass,
            OutcomeFilter::All => true,
        };
        let suppressed = match query.suppressed {
            SuppressedFilter::Exclude => self.suppression.is_none(),
            SuppressedFilter::Include => true,
            SuppressedFilter::Only => self.suppression.is_some(),
        };
        let severity = (query.severities.is_empty() || query.severities.contains(&self.severity))
            && query.min_severity.is_none_or(|least| {
                let rank = |severity| Severity::ALL.iter().position(|level| *level == severity);
                rank(self.severity) >= rank(least)
            });
        let standard = query.standards.is_empty()
            || query.standards.iter().any(|wanted| {
                let wanted = wanted.to_lowercase();
                self.standards.iter().any(|(id, name)| {
                    id.to_lowercase() == wanted
                        || name.as_ref().is_some_and(|name| name.to_lowercase() == wanted)
                })
            });
        let account =
            |names: &[String]| names.is_empty() || names.iter().any(|name| self.account.is_called(name));
        let changed = query.changed_since.is_none_or(|since| {
            let changed = self.changed.expect("the time of change is known before it is asked for");
            changed.is_none_or(|changed| changed >= since)
        });
        outcome
            && suppressed
            && severity
            && standard
            && changed
            && account(&query.accounts)
            && account(&query.confined_to)
            && among(&query.regions, self.region.as_deref())
            && among(&query.rules, Some(&self.rule))
            && among(&query.services, self.service.as_deref())
    }

    /// Fails the test if the finding is not this one, in any field that is not silent.
    pub fn assert_is(&self, found: &Finding) {
        let id = &self.vendor_id;
        let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().map(str::to_owned);
        assert_eq!(found.vendor_id, *id);
        assert_eq!(found.uid, format!("{}:{}:{id}", found.vendor, Lab::NAME));
        assert_eq!(&*found.connection, Lab::NAME);
        if let Some(title) = &self.title {
            assert_eq!(&*found.title, title, "title of {id}");
        }
        assert_eq!(found.outcome, self.outcome, "outcome of {id}");
        assert_eq!(found.severity, self.severity, "severity of {id}");
        assert_eq!(text(&found.vendor_severity), self.vendor_severity, "vendor_severity of {id}");
        if let Some(state) = self.state {
            assert_eq!(found.state, state, "state of {id}");
        }
        assert_eq!(&*found.rule.id, self.rule, "rule of {id}");
        assert_eq!(text(&found.rule.service), self.service, "service of {id}");
        assert_eq!(text(&found.account.id), self.account.id, "account of {id}");
        assert_eq!(text(&found.account.cloud_id), self.account.cloud_id, "cloud account of {id}");
        assert_eq!(text(&found.account.name), self.account.name, "account name of {id}");
        if let Some(provider) = &self.account.provider {
            assert_eq!(text(&found.account.provider), *provider, "provider of {id}");
        }
        assert_eq!(text(&found.region), self.region, "region of {id}");
        let standards: BTreeSet<String> =
            found.standards.iter().map(|standard| standard.id.to_string()).collect();
        assert_eq!(standards, self.standards.keys().cloned().collect(), "standards of {id}");
        if let Some(changed) = self.changed {
            assert_eq!(found.changed(), changed, "time of change of {id}");
        }
        self.assert_suppression(found);
    }

    fn assert_suppression(&self, found: &Finding) {
        let id = &self.vendor_id;
        let (Some(wanted), Some(found)) = (&self.suppression, &found.suppression) else {
            assert!(
                self.suppression.is_none() && found.suppression.is_none(),
                "suppression of {id}: {found:?}"
            );
            return;
        };
        assert_eq!(found.kind, wanted.kind, "kind of suppression of {id}");
        match (wanted.until, found.until) {
            (None, None) => {}
            (Some((from, to)), Some(until)) if (from..=to).contains(&until) => {}
            (wanted, found) => panic!("end of suppression of {id}: {found:?}, not {wanted:?}"),
        }
        if let Some(reason) = &wanted.reason {
            assert_eq!(found.reason, *reason, "reason of suppression of {id}");
        }
    }
}

impl Account {
    /// Whether a user who writes this means the account.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        let number = self.id.as_deref().and_then(|id| id.strip_prefix("divvyorganizationservice:"));
        [self.id.as_deref(), self.cloud_id.as_deref(), number].into_iter().flatten().any(|own| own == name)
    }
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).expect("a time of this world")
}

/// The insights that a user sees, by id, with the types of resource they are about.
pub(crate) fn visible_insights(world: &cspm_simulator::insightcloudsec::World) -> Vec<(String, Vec<String>)> {
    let one = |insight: &cspm_simulator::insightcloudsec::world::Insight| {
        (insight.id.to_string(), insight.resource_types.clone())
    };
    insightcloudsec::visible(world).map(one).collect()
}
