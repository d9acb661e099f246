//! Generated worlds: the same each time, sound, strange where asked, and quick to serve.

use std::collections::HashSet;

use super::*;
use crate::bitdefender::list::is_uuid;

#[test]
fn the_same_seed_gives_the_same_world() {
    assert_eq!(World::demo(1), World::demo(1));
    assert_ne!(World::demo(1), World::demo(2));
}

#[test]
fn sizes_are_exact_and_ids_unique() {
    let spec = Spec { seed: 3, groups: 9, scans: 25, rules: 100, checks: 5_001, oddities: true };
    let world = World::generate(spec);
    assert_eq!((world.groups.len(), world.scans.len()), (9, 25));
    assert_eq!((world.rules.len(), world.checks.len()), (100, 5_001));
    let ids = world.checks.iter().map(|check| &check.id).chain(world.scans.iter().map(|scan| &scan.id));
    let ids =
        ids.chain(world.rules.iter().map(|rule| &rule.id)).chain(world.groups.iter().map(|group| &group.id));
    let ids: Vec<_> = ids.chain(world.resources.iter().map(|resource| &resource.id)).collect();
    assert!(
        ids.iter().all(|id| is_uuid(id) && id.as_bytes()[14] == b'4' && b"89ab".contains(&id.as_bytes()[19]))
    );
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    let pairs: HashSet<_> = world.checks.iter().map(|check| (&check.rule, &check.resource)).collect();
    assert_eq!(pairs.len(), world.checks.len(), "one check for each rule and resource");
}

#[test]
fn impossible_sizes_give_no_checks() {
    for (scans, rules) in [(0, 10), (3, 0), (0, 0)] {
        let world = World::generate(Spec { seed: 1, groups: 0, scans, rules, checks: 10, oddities: true });
        assert!(world.checks.is_empty());
    }
    // A handful of rules is for one cloud only: its accounts carry all checks.
    let world = World::generate(Spec { seed: 1, groups: 1, scans: 3, rules: 2, checks: 10, oddities: false });
    assert_eq!(world.checks.len(), 10);
    assert!(world.checks.iter().all(|check| check.scan == world.scans[0].id));
}

#[test]
fn the_demo_shows_everything() {
    let world = World::demo(7);
    for result in RESULTS {
        assert!(world.checks.iter().filter(|check| check.result == result).count() > 100, "{result}");
    }
    for severity in SEVERITIES {
        assert!(world.checks.iter().any(|check| check.severity.as_deref() == Some(severity)), "{severity}");
    }
    for status in STATUSES {
        assert!(world.checks.iter().any(|check| check.status.as_deref() == Some(status)), "{status}");
    }
    let accepted = || world.checks.iter().filter(|check| check.status.as_deref() == Some("risk_accepted"));
    assert!(accepted().any(|check| check.expires_at.is_none()));
    assert!(accepted().any(|check| check.expires_at.as_deref() > Some("2098")));
    assert!(accepted().any(|check| check.expires_at.as_deref() < Some("2025")));
    assert!(world.checks.iter().any(|check| check.severity_remarks.is_some()));
    assert!(world.checks.iter().all(|check| check.result != "pass" || check.status.is_none()));

    assert!(
        world.scans.iter().any(|scan| scan.is_archived) && world.scans.iter().any(|scan| !scan.is_enabled)
    );
    assert!(world.scans.iter().any(|scan| scan.group.is_none()));
    let empty = |group: &&ScanGroup| !world.scans.iter().any(|scan| scan.group.as_ref() == Some(&group.id));
    assert_eq!(world.groups.iter().filter(empty).count(), 1);
    let controls = || world.standards.iter().flat_map(|standard| &standard.controls);
    assert!(controls().any(|control| control.rules.is_empty()));
    assert!(world.rules.iter().any(|rule| controls().all(|control| !control.rules.contains(&rule.id))));
    let ids: HashSet<_> = controls().map(|control| &control.id).collect();
    assert!(ids.len() < controls().count(), "control ids repeat over standards");
}

#[test]
fn the_demo_has_its_oddities() {
    let sim = Bitdefender::new(World::demo(7), Options::default());
    let page = json(&sim, "/v1/cspm/checks?page_limit=100");
    let created: Vec<_> =
        page["data"].as_array().unwrap().iter().map(|check| &check["attributes"]["created_at"]).collect();
    for (digits, created) in created.iter().take(10).enumerate() {
        let text = created.as_str().unwrap();
        let fraction = text.trim_end_matches('Z').split_once('.').map_or(0, |(_, fraction)| fraction.len());
        assert_eq!(fraction, digits, "{text}");
        text.parse::<jiff::Timestamp>().unwrap();
    }
    assert!(created[10].as_str().unwrap().ends_with("+05:45"));
    created[10].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    created[11].as_str().unwrap().parse::<jiff::Timestamp>().unwrap_err();
    assert!(created[12].is_null());
    let of = |n: usize, name: &str| page["data"][n]["attributes"][name].clone();
    assert_eq!(of(13, "severity"), "catastrophic");
    assert_eq!(of(14, "status"), "snoozed");
    assert_eq!(of(15, "result"), "error");
    assert!(of(16, "severity").is_null());
    assert_eq!(
        status(
            &sim,
            &format!(
                "/v1/cspm/rules/{}",
                page["data"][17]["relationships"]["rule"]["data"]["id"].as_str().unwrap()
            )
        ),
        404
    );
    assert_eq!((of(19, "status"), of(19, "expires_at")), ("risk_accepted".into(), "2099-12-31".into()));
    // Its end lies behind any clock, so the first request turned it.
    assert_eq!((of(20, "status"), of(20, "expires_at")), ("needs_review".into(), "2024-02-29".into()));
    let names: HashSet<Value> = json(&sim, "/v1/cspm/resources")["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| resource["attributes"]["resource_name"].clone())
        .collect();
    assert!(names.contains(&"журнал аудита / café ☕".into()) && names.contains(&Value::Null));
    assert!(names.contains(&"\u{1b}[31mred\u{1b}[0m\ttab".into()));
}

/// Every page of every collection of the demo is JSON, and the counts agree with the world.
#[test]
fn the_demo_is_served_whole() {
    let sim = Bitdefender::new(World::demo(7), Options::default());
    get(&sim, "/v1/setting/scans");
    let world = sim.world();
    for (path, count) in [
        ("setting/scans", world.scans.len()),
        ("setting/scan_groups", world.groups.len()),
        ("cspm/checks", world.checks.len()),
        ("cspm/resources", world.resources.len()),
        ("cspm/rules", world.rules.len()),
        ("cspm/system_compliance", world.standards.len()),
    ] {
        let mut seen = HashSet::new();
        let mut page = json(&sim, &format!("/v1/{path}?page_limit=333"));
        for pages in 1.. {
            assert!(pages < 50, "endless");
            seen.extend(ids(&page).into_iter().map(str::to_owned));
            assert_eq!(page["meta"]["total"], count);
            let Some(next) = page["links"].get("next") else { break };
            page = json(&sim, follow(next));
        }
        assert_eq!(seen.len(), count, "{path}");
    }
    let failing = world
        .checks
        .iter()
        .filter(|check| check.result == "fail" && check.severity.as_deref() == Some("high"));
    assert_eq!(json(&sim, "/v1/cspm/checks?results=fail&severities=high")["meta"]["total"], failing.count());
}
