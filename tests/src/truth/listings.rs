//! What the listings of accounts and rules should bring (contract section 8).

use std::collections::{BTreeMap, BTreeSet};

use cspm_core::{Severity, Timestamp};

use super::{Account, bitdefender, conformity, insightcloudsec, time};
use crate::{Lab, Model};

/// What an account should look like.
#[derive(Clone, Debug)]
pub struct ExpectedAccount {
    /// Its ids, name and cloud.
    pub identity: Account,
    /// The customer's word; silent for an empty one, which says nothing either way.
    pub environment: Option<String>,
    /// When it was last checked.
    pub last_checked: Option<Timestamp>,
}

/// What a rule should look like.
#[derive(Clone, Debug)]
pub struct ExpectedRule {
    /// The vendor's id.
    pub id: String,
    /// Its title, where there is one.
    pub title: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// The vendor's word for that.
    pub vendor_severity: Option<String>,
    /// Its service.
    pub service: Option<String>,
    /// Its standards.
    pub standards: BTreeSet<String>,
    /// Types of resource, where the vendor tells them.
    pub resource_types: Vec<String>,
    /// Whether it is about to go; silent where the vendor has no such notion.
    pub deprecated: Option<bool>,
}

/// All accounts, by the vendor's id.
#[must_use]
pub fn accounts(lab: &Lab) -> BTreeMap<String, ExpectedAccount> {
    let all: Vec<ExpectedAccount> = match &lab.model {
        Model::Conformity(vendor) => {
            let one = |record: &cspm_simulator::conformity::Account| ExpectedAccount {
                identity: conformity::account(record),
                environment: record.environment.clone().filter(|word| !word.is_empty()),
                last_checked: record.last_checked.map(time),
            };
            vendor.world().accounts.iter().map(one).collect()
        }
        Model::InsightCloudSec(vendor) => {
            let world = vendor.world();
            let own = world.clouds.iter().filter(|cloud| cloud.organization == insightcloudsec::ORGANIZATION);
            own.map(|cloud| ExpectedAccount {
                identity: insightcloudsec::account(cloud),
                environment: None,
                // To the second: the vendor writes no more.
                last_checked: cloud.last_refreshed.map(|at| time(at - at.rem_euclid(1_000))),
            })
            .collect()
        }
        Model::Bitdefender(vendor) => {
            let one = |scan| ExpectedAccount {
                identity: bitdefender::account(scan),
                environment: None,
                last_checked: None,
            };
            vendor.world().scans.iter().map(one).collect()
        }
    };
    all.into_iter().map(|one| (one.identity.id.clone().expect("an id"), one)).collect()
}

/// All rules, by the vendor's id.
#[must_use]
pub fn rules(lab: &Lab) -> BTreeMap<String, ExpectedRule> {
    let all: Vec<ExpectedRule> = match &lab.model {
        Model::Conformity(vendor) => {
            let one = |rule: &cspm_simulator::conformity::Rule| ExpectedRule {
                id: rule.id.to_string(),
                title: Some(rule.title.to_string()),
                severity: conformity::severity(&rule.risk_level),
                vendor_severity: Some(rule.risk_level.to_string()),
                service: Some(rule.service.to_string()),
                standards: rule.compliances.iter().map(ToString::to_string).collect(),
                resource_types: Vec::new(),
                deprecated: Some(rule.deprecated),
            };
            vendor.world().catalogue.rules.iter().map(one).collect()
        }
        Model::InsightCloudSec(vendor) => {
            let world = vendor.world();
            let one = |insight: &cspm_simulator::insightcloudsec::world::Insight| {
                let number = insight.custom_severity.unwrap_or(insight.severity);
                ExpectedRule {
                    id: insight.id.to_string(),
                    title: Some(insight.name.clone()),
                    severity: insightcloudsec::severity(number),
                    vendor_severity: Some(number.to_string()),
                    service: None,
                    standards: insightcloudsec::standards(&world, insight.id).into_keys().collect(),
                    resource_types: insight.resource_types.clone(),
                    deprecated: None,
                }
            };
            insightcloudsec::visible(&world).map(one).collect()
        }
        Model::Bitdefender(vendor) => {
            let world = vendor.world();
            let standards = bitdefender::standards(&world);
            let one = |rule: &cspm_simulator::bitdefender::Rule| ExpectedRule {
                id: rule.id.to_string(),
                title: rule.title.clone(),
                severity: rule.original_severity.as_deref().map_or(Severity::Unknown, bitdefender::severity),
                vendor_severity: rule.original_severity.as_deref().map(str::to_owned),
                service: None,
                standards: standards
                    .get(&*rule.id)
                    .map(|all| all.keys().cloned().collect())
                    .unwrap_or_default(),
                resource_types: Vec::new(),
                deprecated: None,
            };
            world.rules.iter().map(one).collect()
        }
    };
    all.into_iter().map(|rule| (rule.id.clone(), rule)).collect()
}
