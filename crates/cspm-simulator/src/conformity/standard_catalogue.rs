//! The catalogue as it is served, made from the seeds.

use serde_json::{Value, json};

use super::catalogue::{Catalogue, Rule, Service};
use super::catalogue_data::{RuleSeed, SECURITY, ServiceSeed, services};
use super::check::Text;
use super::world::Provider;

impl Catalogue {
    /// About 150 rules of some 60 services, over all three clouds; with deprecated ones, some of several risk levels,
    /// and an example of each type of extra setting.
    #[must_use]
    pub fn standard() -> Self {
        let mut catalogue = Self::default();
        for seed in services() {
            catalogue.services.push(Service {
                id: seed.id.into(),
                name: seed.name.into(),
                provider: Some(seed.provider),
            });
            let start = catalogue.rules.len();
            let rules = seed.rules.iter().enumerate();
            catalogue.rules.extend(rules.map(|(n, rule)| make(seed, rule, start + n)));
        }
        catalogue
    }
}

fn make(service: &ServiceSeed, seed: &RuleSeed, number: usize) -> Rule {
    let has = |flag: char| seed.flags.contains(flag);
    let package = if has('R') {
        "rtm"
    } else if has('$') {
        "cost"
    } else {
        "base"
    };
    let level = match seed.flags.chars().find(|flag| "ASEK".contains(*flag)) {
        Some('A') => "account",
        Some('S') => "service",
        Some('E') => "event",
        Some('K') => "custom",
        _ => "resource",
    };
    let month = number % 12 + 1;
    let day = number % 28 + 1;
    Rule {
        id: seed.id.into(),
        service: service.id.into(),
        name: name(service, seed).into(),
        title: seed.title.into(),
        description: format!("Checks {} for: {}.", service.name, seed.title).into(),
        provider: service.provider,
        categories: categories(seed, number),
        compliances: compliances(service.provider, seed, number),
        risk_level: seed.risk.into(),
        multi_risk_level: has('M'),
        must_be_configured: has('C'),
        package,
        organisational: has('O'),
        not_scored: has('N'),
        deprecated: has('D'),
        level,
        released: format!("20{:02}-{month:02}-{day:02}", 17 + number % 6).into(),
        updated: format!("2024-{month:02}-{day:02}").into(),
        settings: settings(seed.id),
    }
}

/// The code name. The rules on security groups share one, as many of EC2 do.
fn name(service: &ServiceSeed, seed: &RuleSeed) -> String {
    if service.id == "EC2" && seed.title.starts_with("Unrestricted") {
        return "security-group-unrestricted-access".into();
    }
    let words = seed.title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

fn categories(seed: &RuleSeed, number: usize) -> Vec<Text> {
    let mut categories = vec![Text::from(seed.category)];
    if number.is_multiple_of(5) && seed.category != SECURITY {
        categories.push(SECURITY.into());
    }
    categories
}

/// A few standards per rule; rules on cost have none.
fn compliances(provider: Provider, seed: &RuleSeed, number: usize) -> Vec<Text> {
    const COMMON: [&str; 9] =
        ["PCI-V4", "HIPAA", "GDPR", "NIST5", "SOC2", "NIST-CSF", "ISO27001-2022", "FEDRAMP", "CIS-V8"];
    if seed.category != SECURITY && number % 2 == 1 {
        return Vec::new();
    }
    let own = match provider {
        Provider::Aws => ["AWAF", "CISAWSF-2_0"],
        Provider::Azure => ["AZUREWAF", "CISAZUREF-2_0"],
        Provider::Gcp => ["CISGCPF-2_0", "CISGCPF-1_3_0"],
    };
    let common = COMMON.iter().cycle().skip(number * 2).take(1 + number % 3);
    own.iter().take(1 + number % 2).chain(common).map(|id| Text::from(*id)).collect()
}

/// The default extra settings of a rule: one rule at least for each type of section 6.1.
fn settings(rule: &str) -> Vec<Value> {
    let setting = match rule {
        "IAM-001" => {
            json!({"type": "single-number-value", "name": "days", "label": "Days unused", "value": 90})
        }
        "CWL-011" => {
            json!({"type": "single-number-value", "name": "retention", "label": "Days kept", "value": "30"})
        }
        "CF-002" => {
            json!({"type": "single-string-value", "name": "webAcl", "label": "Web ACL", "value": "default"})
        }
        "SecretsManager-001" => json!({
            "type": "single-value-regex", "name": "pattern", "label": "Name pattern", "value": "^prod-.*$",
        }),
        "ELBv2-003" => json!({
            "type": "choice-single-value", "name": "policy", "label": "Security policy",
            "value": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        }),
        "S3-010" => {
            json!({"type": "choice-single-value", "name": "sameAccount", "label": "Same account", "value": "0"})
        }
        "EC2-056" => json!({
            "type": "choice-multiple-value", "name": "states", "label": "Instance states", "multiple": true,
            "values": [
                {"value": "running", "label": "Running", "enabled": true},
                {"value": "stopped", "label": "Stopped", "enabled": false},
            ],
        }),
        "Inspector-001" => json!({
            "type": "choice-multiple-value", "name": "findings", "label": "Findings",
            "values": [{"value": "network", "label": "Network", "enabled": true, "customised": false, "settings": [
                {"name": "age", "label": "Age", "type": "single-number-value", "values": [{"value": 7, "default": 7}]},
            ]}],
        }),
        "Lambda-001" => json!({
            "type": "multiple-string-values", "name": "runtimes", "label": "Old runtimes",
            "values": [{"value": "nodejs12.x"}, {"value": "python3.7"}],
        }),
        "EC2-028" => json!({
            "type": "multiple-number-values", "name": "ports", "label": "Common ports",
            "values": [{"value": 80}, {"value": 443}],
        }),
        "RTM-007" => json!({
            "type": "multiple-ip-values", "name": "addresses", "label": "Approved addresses",
            "values": [{"value": null, "default": null}],
        }),
        "IAM-052" | "KMS-006" | "Lambda-002" => json!({
            "type": "multiple-aws-account-values", "name": "friendlyAccounts", "label": "Friendly accounts",
            "values": [{"value": "111122223333"}],
        }),
        "RTM-009" => json!({
            "type": "multiple-object-values", "name": "events", "label": "Events", "valueKeys": ["eventName"],
            "values": [{"value": {"eventName": "ConsoleLogin"}}],
        }),
        "RTM-005" => json!({
            "type": "countries", "name": "countries", "label": "Approved countries", "countries": true, "value": null,
            "values": [{"value": "AU", "label": "Australia"}],
        }),
        "RTM-003" => json!({
            "type": "regions", "name": "regions", "label": "Allowed regions", "regions": true, "values": ["eu-west-1"],
        }),
        "Config-001" => json!({
            "type": "ignored-regions", "name": "ignoredRegions", "label": "Ignored regions", "ignoredRegions": true,
            "values": ["eu-north-1"],
        }),
        "RTM-002" => json!({"type": "ttl", "name": "ttl", "label": "Hours kept", "value": 72, "ttl": true}),
        "Resources-001" => json!({
            "type": "tags", "name": "tags", "label": "Required tags", "values": ["env::prod", "owner"],
        }),
        "VPC-011" => json!({
            "type": "multiple-vpc-gateway-mappings", "name": "mappings", "label": "Gateways",
            "mappings": [{"values": [
                {"type": "single-string-value", "name": "vpcId", "value": "vpc-001"},
                {"type": "multiple-string-values", "name": "gatewayIds", "values": [{"value": "nat-001"}]},
            ]}],
        }),
        "EC2-034" => {
            return vec![
                json!({"type": "single-number-value", "name": "days", "label": "Idle days", "value": 7}),
                json!({
                    "type": "single-number-value", "name": "cpu", "label": "CPU percent", "value": 2, "readOnly": true,
                }),
                json!({"type": "single-string-value", "name": "engine", "value": "v2", "hidden": true}),
            ];
        }
        _ => return Vec::new(),
    };
    vec![setting]
}
