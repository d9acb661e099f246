//! InsightCloudSec: a finding is an insight and a resource that violates it (section 9.5 of its wire document), exempted
//! if an exemption is in force (section 12.4). The calls of a user see one organization, the first here.

use std::collections::{BTreeMap, HashMap};

use cspm_core::{Outcome, Severity, State};
use cspm_simulator::insightcloudsec::World;
use cspm_simulator::insightcloudsec::world::{Cloud, Exemption, Insight, Resource, SourcedId};

use super::{Account, Expected, Suppressed, time};

/// The organization of every key that the simulator starts with.
pub(super) const ORGANIZATION: i64 = 1;

pub(super) fn findings(world: &World, now: i64) -> Vec<Expected> {
    let clouds: HashMap<i64, &Cloud> = world
        .clouds
        .iter()
        .filter(|cloud| cloud.organization == ORGANIZATION)
        .map(|cloud| (cloud.id, cloud))
        .collect();
    let insights: HashMap<SourcedId, &Insight> =
        visible(world).map(|insight| (insight.id, insight)).collect();
    let exemptions: HashMap<(SourcedId, &str), &Exemption> = world
        .exemptions
        .iter()
        .filter(|one| one.enabled && one.start <= now && one.end.is_none_or(|end| end > now))
        .map(|one| ((one.insight, one.resource_id.as_str()), one))
        .collect();
    let mut all = Vec::new();
    for resource in &world.resources {
        let Some(cloud) = clouds.get(&resource.cloud) else { continue };
        for id in &resource.fails {
            // What an insight is not about cannot be asked for.
            let about = |insight: &&&Insight| {
                insight.resource_types.iter().any(|kind| **kind == *resource.resource_type)
            };
            let Some(insight) = insights.get(id).filter(about) else { continue };
            let exemption = exemptions.get(&(*id, resource.id.as_str())).copied();
            all.push(expected(world, insight, resource, cloud, exemption));
        }
    }
    all
}

/// The insights of the vendor, and those of the organization's own.
pub(super) fn visible(world: &World) -> impl Iterator<Item = &Insight> {
    world.insights.iter().filter(|insight| insight.organization.is_none_or(|owner| owner == ORGANIZATION))
}

fn expected(
    world: &World,
    insight: &Insight,
    resource: &Resource,
    cloud: &Cloud,
    exemption: Option<&Exemption>,
) -> Expected {
    let number = insight.custom_severity.unwrap_or(insight.severity);
    // A resource group is in no account.
    let is_group = &*resource.resource_type == "resourcegroup";
    Expected {
        vendor_id: format!("{}/{}", insight.id, resource.id),
        title: Some(insight.name.clone()),
        outcome: Outcome::Fail,
        severity: severity(number),
        vendor_severity: Some(number.to_string()),
        state: Some(Some(if exemption.is_some() { State::Suppressed } else { State::Open })),
        suppression: exemption.map(|exemption| Suppressed {
            kind: "exemption",
            until: exemption.end.map(|end| (time(end - 86_400_000), time(end + 86_400_000))),
            reason: Some(exemption.notes.clone()),
        }),
        rule: insight.id.to_string(),
        service: None,
        account: if is_group { Account::default() } else { account(cloud) },
        region: resource.region.as_deref().filter(|region| !region.is_empty()).map(str::to_owned),
        standards: standards(world, insight.id),
        changed: None,
    }
}

pub(super) fn standards(world: &World, insight: SourcedId) -> BTreeMap<String, Option<String>> {
    use cspm_simulator::insightcloudsec::world::Source;
    let visible =
        world.packs.iter().filter(|pack| pack.organization.is_none_or(|owner| owner == ORGANIZATION));
    visible
        .filter(|pack| match insight.source {
            Source::Backoffice => pack.backoffice.contains(&insight.id),
            Source::Custom => pack.custom.contains(&insight.id),
        })
        .map(|pack| (pack.id.to_string(), Some(pack.name.clone())))
        .collect()
}

pub(super) fn severity(number: i64) -> Severity {
    match number {
        1 => Severity::Informational,
        2 => Severity::Low,
        3 => Severity::Medium,
        4 => Severity::High,
        5 => Severity::Critical,
        _ => Severity::Unknown,
    }
}

pub(super) fn account(cloud: &Cloud) -> Account {
    let provider = match cloud.cloud_type.as_str() {
        "AWS" => "aws",
        "AZURE_ARM" => "azure",
        "GCE" => "gcp",
        "K8S_R7" => "kubernetes",
        other => panic!("a cloud of a type that the truth does not know: {other}"),
    };
    Account {
        id: Some(format!("divvyorganizationservice:{}", cloud.id)),
        cloud_id: cloud.account_id.clone(),
        name: Some(cloud.name.clone()),
        provider: Some(Some(provider.to_owned())),
    }
}
