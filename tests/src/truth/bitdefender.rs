//! Bitdefender: sections 4 (scan accounts), 6 (checks), 8 (rules) and 9 (standards) of its wire document.

use std::collections::{BTreeMap, HashMap};

use cspm_core::{Outcome, Severity, State, Timestamp};
use cspm_simulator::bitdefender::{Check, Resource, Rule, Scan, World};

use super::{Account, Expected, Suppressed, time};

const DAY: i64 = 86_400_000;

pub(super) fn findings(world: &World, now: i64) -> Vec<Expected> {
    let scans: HashMap<&str, &Scan> = world.scans.iter().map(|scan| (&*scan.id, scan)).collect();
    let rules: HashMap<&str, &Rule> = world.rules.iter().map(|rule| (&*rule.id, rule)).collect();
    let resources: HashMap<&str, &Resource> = world.resources.iter().map(|one| (&*one.id, one)).collect();
    let standards = standards(world);
    let one = |check: &Check| {
        let rule = rules.get(&*check.rule).copied();
        let scan = scans.get(&*check.scan).copied();
        let resource = resources.get(&*check.resource).copied();
        Expected {
            account: scan
                .map_or_else(|| Account { id: Some(check.scan.to_string()), ..Account::default() }, account),
            region: resource.and_then(|one| one.region.clone()).filter(|region| !region.is_empty()),
            standards: standards.get(&*check.rule).cloned().unwrap_or_default(),
            title: rule.and_then(|rule| rule.title.clone()),
            ..expected(check, now)
        }
    };
    world.checks.iter().map(one).collect()
}

fn expected(check: &Check, now: i64) -> Expected {
    let outcome = match &*check.result {
        "pass" => Outcome::Pass,
        "fail" => Outcome::Fail,
        _ => Outcome::Unknown,
    };
    let end = check
        .expires_at
        .as_deref()
        .map(|day| Timestamp::parse_naive_utc(day).expect("a date").as_millis() + DAY);
    let status = match check.status.as_deref() {
        Some("risk_accepted") if end.is_some_and(|end| end <= now) => Some("needs_review"),
        other => other,
    };
    let state = match status {
        Some("open") => Some(Some(State::Open)),
        Some("remediated") => Some(Some(State::Resolved)),
        Some("risk_accepted" | "false_positive") => Some(Some(State::Suppressed)),
        Some("needs_review") => Some(Some(State::InReview)),
        None if outcome == Outcome::Pass => Some(None),
        _ => None,
    };
    let kind = match status {
        Some("risk_accepted") => Some("risk_accepted"),
        Some("false_positive") => Some("false_positive"),
        _ => None,
    };
    Expected {
        vendor_id: check.id.to_string(),
        title: None,
        outcome,
        severity: check.severity.as_deref().map_or(Severity::Unknown, severity),
        vendor_severity: check.severity.as_deref().map(str::to_owned),
        state,
        suppression: kind.map(|kind| Suppressed {
            kind,
            // A date means through the end of that day.
            until: end.filter(|_| kind == "risk_accepted").map(|end| (time(end - 1_000), time(end))),
            reason: Some(check.status_remarks.clone()),
        }),
        rule: check.rule.to_string(),
        service: None,
        account: Account::default(),
        region: None,
        standards: BTreeMap::new(),
        changed: Some(check.created_at.as_deref().and_then(|text| Timestamp::parse(text).ok())),
    }
}

pub(super) fn severity(word: &str) -> Severity {
    match word {
        "informational" => Severity::Informational,
        "low" => Severity::Low,
        "medium" => Severity::Medium,
        "high" => Severity::High,
        "critical" => Severity::Critical,
        _ => Severity::Unknown,
    }
}

/// The standards of each rule.
pub(super) fn standards(world: &World) -> HashMap<&str, BTreeMap<String, Option<String>>> {
    let mut all: HashMap<&str, BTreeMap<String, Option<String>>> = HashMap::new();
    for standard in &world.standards {
        for rule in standard.controls.iter().flat_map(|control| &control.rules) {
            all.entry(rule).or_default().insert(standard.id.to_string(), standard.title.clone());
        }
    }
    for rule in &world.rules {
        for control in &rule.other_controls {
            all.entry(&rule.id).or_default().entry(control.compliance_id.clone()).or_default();
        }
    }
    all
}

pub(super) fn account(scan: &Scan) -> Account {
    Account {
        id: Some(scan.id.to_string()),
        cloud_id: scan.target.clone(),
        name: scan.name.clone(),
        provider: None,
    }
}
