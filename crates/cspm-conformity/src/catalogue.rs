//! What findings are joined with: the accounts and the rules of a connection, read when a run is planned.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use cspm_core::{Account, AccountRef, Rule};

use crate::slice::{Dimension, Slice};
use crate::split::Candidates;

/// The regions of AWS that the vendor's list names (section 3.7): asking for any other may be refused. Regions that are
/// missing here are found by the records that name them, and by counts that do not add up.
const AWS_REGIONS: [&str; 19] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "global",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-central-1",
    "eu-north-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-east-1",
    "ca-central-1",
    "sa-east-1",
    "me-south-1",
];

/// Regions that only a client's bot settings name (section 3.7); a vendor that goes by its list refuses them.
const DOUBTFUL_AWS_REGIONS: [&str; 3] = ["ap-northeast-3", "af-south-1", "eu-south-1"];

/// The regions of Azure that the vendor's documents name; the list is open, and no base for dividing an account.
const AZURE_REGIONS: [&str; 7] =
    ["eastus", "eastus2", "westus", "westus2", "centralus", "northeurope", "westeurope"];

/// The accounts and rules of a connection.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    accounts: HashMap<Arc<str>, Arc<AccountRef>>,
    rules: HashMap<Arc<str>, Rule>,
}

impl Catalogue {
    /// Joins accounts and rules, as [`decode_accounts`](crate::decode::decode_accounts) and
    /// [`decode_rules`](crate::decode::decode_rules) give them.
    #[must_use]
    pub fn new(accounts: &[Account], rules: Vec<Rule>) -> Self {
        let identity = |account: &Account| Some((account.identity.id.clone()?, account.identity.clone()));
        Self {
            accounts: accounts.iter().filter_map(identity).collect(),
            rules: rules.into_iter().map(|rule| (rule.id.clone(), rule)).collect(),
        }
    }

    pub(crate) fn account(&self, id: &str) -> Option<&Arc<AccountRef>> {
        self.accounts.get(id)
    }

    pub(crate) fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.get(id)
    }

    /// The rules for a cloud; rules that name none, and accounts that are not known, match all.
    fn rules_for<'a>(&'a self, account: &str) -> impl Iterator<Item = &'a Rule> {
        let provider = self.accounts.get(account).and_then(|account| account.provider.clone());
        self.rules.values().filter(move |rule| match (&rule.provider, &provider) {
            (Some(for_cloud), Some(provider)) => for_cloud == provider,
            _ => true,
        })
    }
}

/// Whether the vendor is known to know a region, so that it can be asked for.
pub(crate) fn is_known_region(region: &str) -> bool {
    [&AWS_REGIONS[..], &DOUBTFUL_AWS_REGIONS, &AZURE_REGIONS].iter().any(|list| list.contains(&region))
}

/// The catalogue's values, and those that records of the slice at hand were seen to have.
pub(crate) struct KnownValues<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) seen: BTreeMap<Dimension, BTreeSet<Arc<str>>>,
}

impl Candidates for KnownValues<'_> {
    fn of(&self, dimension: Dimension, slice: &Slice) -> Vec<String> {
        let provider = self.catalogue.account(&slice.account).and_then(|account| account.provider.as_deref());
        let listed = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let mut values = match dimension {
            Dimension::Regions if provider == Some("aws") => {
                listed(&[&AWS_REGIONS[..], &DOUBTFUL_AWS_REGIONS].concat())
            }
            // No closed list: what the records of one page happen to name would not be all of it.
            Dimension::Regions => return Vec::new(),
            Dimension::Services => {
                let services =
                    self.catalogue.rules_for(&slice.account).filter_map(|rule| rule.service.as_deref());
                services.collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect()
            }
            Dimension::RiskLevels => return listed(&["LOW", "MEDIUM", "HIGH", "VERY_HIGH", "EXTREME"]),
            Dimension::Statuses => return listed(&["FAILURE", "SUCCESS"]),
            Dimension::RuleIds => {
                let services = slice.list(Dimension::Services);
                let in_question = |rule: &&Rule| match (services, &rule.service) {
                    (Some(services), Some(service)) => services.iter().any(|wanted| **wanted == **service),
                    _ => true,
                };
                let rules = self.catalogue.rules_for(&slice.account).filter(in_question);
                rules.map(|rule| &*rule.id).collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect()
            }
        };
        for seen in self.seen.get(&dimension).into_iter().flatten() {
            if !values.iter().any(|value| **value == **seen) {
                values.push(seen.to_string());
            }
        }
        values
    }

    fn is_doubtful(&self, region: &str) -> bool {
        DOUBTFUL_AWS_REGIONS.contains(&region)
    }
}
