//! Three vendors in one stream: the same types, whoever it comes from.

use std::collections::BTreeMap;
use std::sync::Arc;

use cspm::{FindingQuery, Fleet, bitdefender, conformity, insightcloudsec};
use futures_util::StreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let trend = cspm_examples::conformity()?;
    let rapid7 = cspm_examples::insightcloudsec()?;
    let gravity = cspm_examples::bitdefender()?;

    // A configuration file does the same: `Fleet::connect(&Configuration::load(path)?)`.
    let fleet = Fleet::new()
        .with(Arc::new(conformity::Conformity::connect(conformity::Config {
            name: "trend".into(),
            base_url: trend.base_url.clone(),
            api_key: trend.key.clone(),
            settings: Default::default(),
        })?))
        .with(Arc::new(insightcloudsec::InsightCloudSec::connect(insightcloudsec::Config {
            name: "rapid7".into(),
            base_url: rapid7.base_url.clone(),
            credential: insightcloudsec::Credential::ApiKey(rapid7.key.clone()),
            organization: None,
            settings: Default::default(),
        })?))
        .with(Arc::new(bitdefender::Bitdefender::connect(bitdefender::Config::new(
            "gravity",
            gravity.base_url.clone(),
            gravity.key.clone(),
        ))?));

    let mut counts: BTreeMap<(String, String), u32> = BTreeMap::new();
    let mut run = fleet.findings(&FindingQuery::default())?;
    while let Some(finding) = run.next().await {
        *counts.entry((finding.vendor.to_string(), finding.severity.to_string())).or_default() += 1;
    }
    for ((vendor, severity), count) in counts {
        println!("{vendor:<16} {severity:<14} {count:>6}");
    }
    assert!(run.finish().complete);
    Ok(())
}
