//! Conformity: sections 4.1 (checks), 5.1 (accounts) and 8 (rules) of its wire document.

use std::collections::HashMap;

use cspm_core::{Outcome, Severity, State};
use cspm_simulator::conformity::{Account as Record, Check, Cloud, Provider, Rule, Status, World};

use super::{Account, Expected, Suppressed, time};

pub(super) fn findings(world: &World) -> Vec<Expected> {
    let accounts: HashMap<&str, Account> =
        world.accounts.iter().map(|record| (record.id.as_str(), account(record))).collect();
    let rules: HashMap<&str, &Rule> = world.catalogue.rules.iter().map(|rule| (&*rule.id, rule)).collect();
    let one = |check: &Check| {
        let rule = rules.get(check.id.rule());
        let account = accounts.get(check.id.account()).cloned();
        expected(check, rule.copied(), account)
    };
    world.checks.iter().map(one).collect()
}

fn expected(check: &Check, rule: Option<&Rule>, account: Option<Account>) -> Expected {
    let failing = check.status == Status::Failure;
    let suppressed = check.suppressed == Some(true);
    let failed_before = check.resolved.is_some() || check.failure_discovered.is_some();
    let title = check.rule_title.as_ref().or(rule.map(|rule| &rule.title));
    let standards = match (&check.compliances, rule) {
        (Some(own), _) => own.to_vec(),
        (None, Some(rule)) => rule.compliances.to_vec(),
        (None, None) => Vec::new(),
    };
    let updated = [check.modified, check.updated, check.status_changed].into_iter().flatten().max();
    Expected {
        vendor_id: check.id.as_str().to_owned(),
        title: Some(title.map_or(check.id.rule(), |title| title).to_owned()),
        outcome: if failing { Outcome::Fail } else { Outcome::Pass },
        severity: severity(&check.risk_level),
        vendor_severity: Some(check.risk_level.to_string()),
        state: Some(match (suppressed, failing) {
            (true, _) => Some(State::Suppressed),
            (false, true) => Some(State::Open),
            (false, false) => failed_before.then_some(State::Resolved),
        }),
        suppression: suppressed.then(|| Suppressed {
            kind: "suppressed",
            until: check.suppressed_until.map(|until| (time(until), time(until))),
            reason: None,
        }),
        rule: check.id.rule().to_owned(),
        service: Some(check.id.service().to_owned()),
        account: account
            .unwrap_or_else(|| Account { id: Some(check.id.account().to_owned()), ..Account::default() }),
        region: Some(check.id.region().to_owned()).filter(|region| !region.is_empty()),
        standards: standards.iter().map(|id| (id.to_string(), None)).collect(),
        changed: updated.map(|updated| Some(time(updated))),
    }
}

pub(super) fn severity(risk_level: &str) -> Severity {
    match risk_level {
        "LOW" => Severity::Low,
        "MEDIUM" => Severity::Medium,
        "HIGH" => Severity::High,
        "VERY_HIGH" | "EXTREME" => Severity::Critical,
        _ => Severity::Unknown,
    }
}

pub(super) fn account(record: &Record) -> Account {
    let cloud_id = match &record.cloud {
        Cloud::Aws { account, .. } => account.map(|number| format!("{number:012}")),
        Cloud::Azure { subscription } => Some(subscription.clone()),
        Cloud::Gcp { project, .. } => Some(project.clone()),
    };
    let provider = match record.cloud.provider() {
        Provider::Aws => "aws",
        Provider::Azure => "azure",
        Provider::Gcp => "gcp",
    };
    Account {
        id: Some(record.id.clone()),
        cloud_id,
        name: Some(record.name.clone()),
        provider: Some(Some(provider.to_owned())),
    }
}
