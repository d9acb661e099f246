//! Generated worlds.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::*;
use crate::conformity::{RISK_LEVELS, ResolutionPage};

fn distinct_ids(world: &World) -> usize {
    world.checks.iter().map(|check| check.id.as_str()).collect::<HashSet<_>>().len()
}

#[test]
fn the_same_specification_gives_the_same_world() {
    let spec = Spec::sizes(&[300, 20]);
    assert_eq!(format!("{:?}", World::generate(&spec)), format!("{:?}", World::generate(&spec)));
    let other = World::generate(&Spec { seed: 2, ..spec.clone() });
    assert_ne!(World::generate(&spec).checks[0].id, other.checks[0].id);
}

#[test]
fn sizes_are_exact_and_ids_differ() {
    let sizes = [0, 1, 999, 1_000, 1_001];
    let world = World::generate(&Spec::sizes(&sizes));
    let counts: Vec<usize> =
        world.accounts.iter().map(|account| world.checks_of(&account.id).count()).collect();
    assert_eq!(counts, sizes);
    assert_eq!(distinct_ids(&world), sizes.iter().sum::<usize>());
    for account in &world.accounts {
        assert!(
            account.id.len() == 9
                && account.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
    }
}

#[test]
fn one_slice_can_hold_more_than_can_be_paged() {
    let world = World::generate(&Spec::concentrated());
    assert_eq!(world.checks.len(), 37_000);
    assert_eq!(distinct_ids(&world), 37_000);
    let in_slice = |check: &&Check| check.id.region() == "us-east-1" && check.id.service() == "EC2";
    assert!(world.checks.iter().filter(in_slice).count() >= 12_000);
}

#[test]
fn uneven_accounts_use_all_regions_and_services() {
    let large = &Spec::large().accounts[0];
    let spec = Spec { accounts: vec![AccountSpec { checks: 30_000, ..large.clone() }], ..Spec::default() };
    let world = World::generate(&spec);
    let mut slices: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for check in &world.checks {
        *slices.entry((check.id.region(), check.id.service())).or_default() += 1;
    }
    let regions: BTreeSet<&str> = slices.keys().map(|(region, _)| *region).collect();
    let services: BTreeSet<&str> = slices.keys().map(|(_, service)| *service).collect();
    assert_eq!((regions.len(), services.len()), (20, 30));
    assert!(regions.contains("global"));
    let largest = slices.values().max().unwrap();
    let smallest = slices.values().min().unwrap();
    assert!(largest > &(smallest * 50), "{largest} and {smallest}");
}

#[test]
fn checks_are_varied() {
    // Section 4.1.
    let world = World::generate(&Spec {
        accounts: vec![
            AccountSpec { services: 41, ..AccountSpec::new(Provider::Aws, 3_000) },
            AccountSpec::new(Provider::Azure, 500),
            AccountSpec::new(Provider::Gcp, 500),
        ],
        stray_region: Some("xx-north-9".into()),
        ..Spec::default()
    });
    let has = |hit: &dyn Fn(&Check) -> bool| assert!(world.checks.iter().any(hit));
    for level in RISK_LEVELS {
        has(&|check| &*check.risk_level == level);
    }
    has(&|check| check.status == Status::Success && check.failure_discovered.is_none());
    has(&|check| check.is_suppressed() && check.suppressed_until.is_none());
    has(&|check| check.is_suppressed() && check.suppressed_until.is_some_and(|end| end > BASE_TIME));
    assert!(world.checks.iter().all(|check| !check.is_suppressed() || check.status == Status::Failure));
    has(&|check| matches!(check.resolution_page, ResolutionPage::Kebab(_)));
    has(&|check| matches!(check.resolution_page, ResolutionPage::Camel(_)));
    has(&|check| matches!(check.resolution_page, ResolutionPage::Missing));
    has(&|check| check.id.resource().is_empty() && check.id.as_str().ends_with(':'));
    has(&|check| check.id.resource().starts_with("/subscriptions/"));
    has(&|check| check.id.resource().starts_with("arn:aws:"));
    has(&|check| check.id.rule().starts_with("CT-") && check.id.service() == "CloudTrail");
    has(&|check| check.id.region() == "xx-north-9");
    has(&|check| {
        check.id.region() == "global" && check.ccrn.as_deref().is_some_and(|c| !c.contains(":global:"))
    });
    has(&|check| check.rule_title.is_none());
    has(&|check| check.excluded == Some(true));
    has(&|check| check.extra.as_ref().is_some_and(|extra| extra.contains_key("ttl")));
    has(&|check| check.extra.as_ref().is_some_and(|extra| extra.contains_key("cost")));
    has(&|check| check.sparse && !check.shows_service);
    assert!(!world.regions.contains("xx-north-9"));
}

#[test]
fn the_demonstration_has_something_of_everything() {
    let sim = simulator(World::demo(1));
    let world = sim.world();
    assert!((2_900..3_100).contains(&world.checks.len()));
    assert_eq!(distinct_ids(&world), world.checks.len());
    assert!(world.checks.iter().any(|check| !RISK_LEVELS.contains(&&*check.risk_level)));
    assert!(world.checks.iter().any(|check| !check.notes.is_empty()));
    assert!(world.checks.iter().any(|check| check.id.as_str().contains(' ')));
    assert!(world.checks.iter().any(|check| !check.id.as_str().is_ascii()));
    let accounts: Vec<String> = world.accounts.iter().map(|account| account.id.clone()).collect();
    let expected: Vec<String> = {
        let mut all: Vec<String> = world.checks.iter().map(|check| check.id.to_string()).collect();
        all.sort();
        all
    };
    drop(world);
    let mut seen = Vec::new();
    for number in 0..4 {
        let target =
            format!("/checks?accountIds={}&page[size]=1000&page[number]={number}", accounts.join(","));
        seen.extend(ids(&found(&sim, &target)));
    }
    assert_eq!(seen, expected, "what is listed is what the world holds");
    for id in seen.iter().filter(|id| id.contains("GuardDuty") || !id.is_ascii()).take(20) {
        let encoded = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
        assert_eq!(found(&sim, &format!("/checks/{encoded}"))["data"]["id"], id.as_str());
    }
}

#[test]
fn a_page_of_a_large_account_is_made_once() {
    let world = World::generate(&Spec::sizes(&[5_000]));
    let account = world.accounts[0].id.clone();
    let sim = simulator(world);
    let request = request(Method::GET, &format!("/checks?accountIds={account}&page[size]=1000"), None);
    let first = sim.handle(&request, NOW).body;
    let second = sim.handle(&request, NOW).body;
    assert_eq!(first.as_ptr(), second.as_ptr(), "the same bytes, not a copy");
    sim.edit(|_| ());
    assert_ne!(first.as_ptr(), sim.handle(&request, NOW).body.as_ptr());
    assert!(first.len() / 1_000 < 1_600, "about a kilobyte each: {}", first.len() / 1_000);
}
