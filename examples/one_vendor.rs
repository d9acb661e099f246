//! One vendor in ten lines.

use std::sync::Arc;

use cspm::conformity::{Config, Conformity};
use cspm::{Finding, FindingQuery, Severity};
use futures_util::StreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // With a real vendor: `BaseUrl::parse("https://us-west-2-api.cloudconformity.com/v1")?` and your key.
    let local = cspm_examples::conformity()?;

    let settings = Default::default();
    let config = Config {
        name: "trend".into(),
        base_url: local.base_url.clone(),
        api_key: local.key.clone(),
        settings,
    };
    let vendor = Arc::new(Conformity::connect(config)?);
    let query = FindingQuery { min_severity: Some(Severity::High), ..FindingQuery::default() };
    let mut reading = cspm::read::<Finding>(vendor, query)?;
    while let Some(finding) = reading.next().await {
        println!("{:<10} {:<10} {}", finding.severity, finding.rule.id, finding.title);
    }
    let report = reading.into_report();
    println!("{} findings, complete: {}", report.findings, report.complete);
    assert!(report.complete);
    Ok(())
}
