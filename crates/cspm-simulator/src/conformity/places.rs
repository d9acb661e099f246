//! Believable regions, names and resource ids.

use std::collections::BTreeSet;

use super::check::Text;
use super::organisation::uuid;
use super::world::{Cloud, Provider};

/// The region of what lies in none.
pub(super) const GLOBAL: &str = "global";

const AWS: [&str; 21] = [
    "us-east-1",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-southeast-2",
    "us-east-2",
    "us-west-1",
    "ap-northeast-1",
    "ap-southeast-1",
    "eu-west-2",
    "ca-central-1",
    "ap-south-1",
    "eu-west-3",
    "eu-north-1",
    "sa-east-1",
    "ap-northeast-2",
    "ap-east-1",
    "me-south-1",
    "af-south-1",
    "eu-south-1",
    "ap-northeast-3",
];
const AZURE: [&str; 12] = [
    "westeurope",
    "northeurope",
    "eastus",
    "eastus2",
    "westus",
    "westus2",
    "centralus",
    "uksouth",
    "francecentral",
    "australiaeast",
    "southeastasia",
    "japaneast",
];
const GCP: [&str; 8] = [
    "europe-west1",
    "us-central1",
    "us-east1",
    "europe-west3",
    "asia-east1",
    "us-west1",
    "asia-northeast1",
    "australia-southeast1",
];

/// A cloud's regions, the busiest first.
pub(super) fn regions(provider: Provider) -> &'static [&'static str] {
    match provider {
        Provider::Aws => &AWS,
        Provider::Azure => &AZURE,
        Provider::Gcp => &GCP,
    }
}

/// Every region that the service knows (section 3.7).
pub(super) fn known_regions() -> BTreeSet<Text> {
    let all = AWS.iter().chain(&AZURE).chain(&GCP).copied();
    all.chain([GLOBAL]).map(Text::from).collect()
}

const TEAMS: [&str; 12] = [
    "payments",
    "checkout",
    "identity",
    "search",
    "billing",
    "media",
    "logistics",
    "analytics",
    "mobile",
    "platform",
    "partner",
    "archive",
];
const THINGS: [&str; 12] = [
    "api", "logs", "backup", "worker", "frontend", "queue", "cache", "reports", "staging", "events",
    "gateway", "exports",
];

/// The resource with this number, named after a template:
///
/// `{n}` a name, `{p}` the same in lower-case letters and digits only, `{x}` and `{X}` a hexadecimal id, `{u}` a UUID,
/// `{s}` a suffix, `{r}` the region, `{a}` the AWS account, `{u0}` the Azure subscription, `{g}` an Azure resource group
/// and `{j}` the Google Cloud project. Different numbers give different resources.
pub(super) fn resource(template: &str, region: &str, cloud: &Cloud, number: usize) -> String {
    let pick = |words: &'static [&'static str], at: usize| words.iter().cycle().nth(at % words.len());
    let team = pick(&TEAMS, number).copied().unwrap_or_default();
    let thing = pick(&THINGS, number / TEAMS.len()).copied().unwrap_or_default();
    let mut out = String::with_capacity(template.len() + 48);
    let mut rest = template;
    while let Some((before, marked)) = rest.split_once('{') {
        out.push_str(before);
        let (marker, after) = marked.split_once('}').unwrap_or((marked, ""));
        match (marker, cloud) {
            ("n", _) => out.push_str(&format!("{team}-{thing}-{number:05}")),
            ("p", _) => out.push_str(&format!("{team}{thing}{number:05}")),
            ("x", _) => out.push_str(&format!("0{number:016x}")),
            ("X", _) => out.push_str(&format!("{number:013X}")),
            ("s", _) => out.push_str(&format!("{:06x}", number.wrapping_mul(0x9e37) & 0xff_ffff)),
            ("g", _) => out.push_str(&format!("rg-{team}")),
            ("u", _) => {
                // The number stays visible in the last group, which keeps ids apart.
                let id = uuid(&mut fastrand::Rng::with_seed(number as u64));
                out.push_str(id.get(..24).unwrap_or_default());
                out.push_str(&format!("{number:012x}"));
            }
            ("r", _) => out.push_str(region),
            ("a", Cloud::Aws { account: Some(account), .. }) => out.push_str(&format!("{account:012}")),
            ("u0", Cloud::Azure { subscription }) => out.push_str(subscription),
            ("j", Cloud::Gcp { project, .. }) => out.push_str(project),
            _ => {}
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
