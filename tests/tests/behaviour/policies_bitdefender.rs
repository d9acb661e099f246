//! Bitdefender, read and written to: standards as policies, and suppressions, over HTTP against the simulated vendor.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use cspm_core::{
    Deed, DeedResult, End, ErrorKind, FindingQuery, Operation, Policy, PolicyKind, PolicyQuery, PushMode,
    Support, SuppressedFilter, Suppressing, SuppressionKind, SuppressionOrder, SuppressionQuery,
    SuppressionStore, Wish, gather, plan_policy,
};
use cspm_simulator::bitdefender::{self, Options, Single, UpdateResponse, World};
use cspm_simulator::{Fault, Match, Rule, Which};
use cspm_tests::{Installation, Kind, Lab, Model, Setup};
use http::StatusCode;
use serde_json::Value;

const UPDATE: &str = "/v1/cspm/vm/update";

fn model(lab: &Lab) -> Arc<bitdefender::Bitdefender> {
    let Model::Bitdefender(vendor) = &lab.model else { unreachable!() };
    vendor.clone()
}

fn store(lab: &Lab) -> &dyn SuppressionStore {
    lab.vendor.suppressions().expect("suppressions")
}

fn updates() -> Match {
    Match::post(UPDATE)
}

fn order() -> SuppressionOrder {
    SuppressionOrder {
        reason: "accepted until the migration".to_owned(),
        until: End::parse("2999-03-31").expect("a day"),
        kind: SuppressionKind::RiskAccepted,
    }
}

/// The ids of so many failing checks that are open.
fn failing(lab: &Lab, count: usize) -> Vec<String> {
    let world = model(lab).world();
    let open =
        world.checks.iter().filter(|check| check.result == "fail" && check.status.as_deref() == Some("open"));
    let ids: Vec<String> = open.map(|check| check.id.to_string()).take(count).collect();
    assert_eq!(ids.len(), count, "enough of them");
    ids
}

async fn run(lab: &Lab, wish: Wish, ids: &[String]) -> Vec<Deed> {
    let mut work = Suppressing::new(store(lab), wish, ids.to_vec()).expect("it can be said");
    work.run().await;
    work.deeds().to_vec()
}

fn all_are(deeds: &[Deed], result: DeedResult) -> bool {
    deeds.iter().all(|deed| deed.result == result)
}

fn bitdefender(options: Options) -> Lab {
    Setup::new(Installation::Bitdefender(World::demo(7), options)).start()
}

/// Every standard of the world: which controls each of its rules serves.
fn mapping(world: &World) -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
    let standards = world.standards.iter().map(|standard| {
        let mut rules: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for control in &standard.controls {
            for rule in &control.rules {
                rules.entry(rule.to_string()).or_default().push(control.id.clone());
            }
        }
        (standard.id.to_string(), rules)
    });
    standards.collect()
}

#[tokio::test(start_paused = true)]
async fn standards_are_policies_with_rules_and_controls() {
    for (single, deduplicate_standard_rules) in [(Single::Array, false), (Single::Object, true)] {
        let lab = bitdefender(Options { single, deduplicate_standard_rules, ..Options::default() });
        let policies = lab.vendor.policies().expect("standards");
        let world = model(&lab).world();
        let there = mapping(&world);
        assert!(there.len() > 2 && there.values().flatten().any(|(_, controls)| controls.len() > 1));
        let listed = gather(policies.listing(), PolicyQuery).await;
        assert!(listed.shortfall().is_none());
        let seen: BTreeMap<&str, Option<u64>> =
            listed.items.iter().map(|one| (one.id.as_str(), one.rules)).collect();
        let due = there
            .iter()
            .map(|(id, rules)| (id.as_str(), Some(rules.len() as u64).filter(|count| *count > 0)));
        assert_eq!(seen, due.collect());
        assert!(listed.items.iter().all(|one| one.kind == PolicyKind::BuiltIn));
        for standard in &world.standards {
            let policy = policies.get(&standard.id).await.expect("a standard").value;
            assert_eq!(policy.id.as_deref(), Some(&*standard.id));
            assert_eq!(policy.name, standard.title.as_deref().unwrap_or(&standard.id));
            let controls = |setting: &cspm_core::RuleSetting| -> Vec<String> {
                let controls = setting.extra["controls"].value();
                let controls = controls.as_array().expect("a list");
                assert!(
                    controls.iter().all(|one| one.get("section_id").is_some() && one.get("rules").is_none())
                );
                controls.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
            };
            let rules: BTreeMap<String, Vec<String>> =
                policy.rules.iter().map(|(rule, setting)| (rule.clone(), controls(setting))).collect();
            assert_eq!(rules, there[&*standard.id], "{}", standard.id);
        }
        let error = policies.get("no such/standard").await.expect_err("none");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.message().contains("no such/standard"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn w09_pushes_are_refused_before_anything_is_sent() {
    let lab = Lab::demo(Kind::Bitdefender);
    for id in [Some("GDPR".to_owned()), None] {
        for mode in [PushMode::Merge, PushMode::Replace] {
            let wanted = Policy { id: id.clone(), name: "x".to_owned(), ..Policy::default() };
            let error = plan_policy(&*lab.vendor, &wanted, mode).await.expect_err("read-only");
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.message().contains("it offers policies.list, policies.show"), "{error}");
        }
    }
    let doors = [
        (lab.vendor.account_rules().is_some(), Operation::ReadAccountRules),
        (lab.vendor.custom_rules().is_some(), Operation::CustomRules),
        (lab.vendor.automations().is_some(), Operation::ListAutomations),
    ];
    for (is_open, operation) in doors {
        assert_eq!(is_open, lab.vendor.capabilities().of(operation).support != Support::No);
    }
    assert_eq!(lab.log().count(), 0, "not even a read");
}

#[tokio::test(start_paused = true)]
async fn w08_what_cannot_be_said_is_refused_before_anything_is_sent() {
    let lab = Lab::demo(Kind::Bitdefender);
    let end = |until: &str| End::parse(until).expect("an end");
    for (wrong, word) in [
        (SuppressionOrder { reason: "ä".repeat(2_001), ..order() }, "2001 characters"),
        (SuppressionOrder { until: end("2999-03-31T12:00:00Z"), ..order() }, "write 2999-03-31"),
        (SuppressionOrder { kind: SuppressionKind::FalsePositive, ..order() }, "--until never"),
    ] {
        let refused = Suppressing::new(store(&lab), Wish::Suppress(wrong), ["x".to_owned()]);
        let Err(error) = refused else { panic!("not refused: {word}") };
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(word), "{error}");
    }
    assert_eq!(lab.log().count(), 0);
    let longest = SuppressionOrder { reason: "😀".repeat(2_000), ..order() };
    let deeds = run(&lab, Wish::Suppress(longest), &failing(&lab, 3)).await;
    assert!(all_are(&deeds, DeedResult::Done), "{deeds:#?}");
}

/// Of 5,000: one check that is not there, one that is gone before it is written, a throttled call, one whose answer is lost
/// after it was carried out, one before, and one that stalls.
#[tokio::test(start_paused = true)]
async fn w03_five_thousand_suppressions_with_trouble_in_the_middle() {
    let lab = Lab::sized(Kind::Bitdefender, 16_000);
    let mut ids = failing(&lab, 4_999);
    let nobody = "00000000-0000-4000-8000-000000000001".to_owned();
    ids.insert(2_500, nobody.clone());
    let (gone, lost) = (ids[650].clone(), ids[4_000..4_100].to_vec());
    let faults = lab.simulator.faults();
    faults.on(updates(), Which::Nth(3), Fault::throttled(3));
    let (vendor, vanishing) = (model(&lab), gone.clone());
    let vanish = move || vendor.edit(|world| world.checks.retain(|check| *check.id != *vanishing));
    faults.on(updates().body(&gone), Which::Nth(1), Fault::then(vanish));
    faults.on(updates().body(&ids[3_000]), Which::Nth(1), Fault::ResetBeforeAnswer);
    faults.on(updates().body(&ids[3_500]), Which::Nth(1), Fault::HalfBodyThenStall);
    faults.add(
        Rule::new(updates().body(&ids[4_000]), Which::Nth(1), Fault::ResetBeforeAnswer).carried_out(false),
    );

    let deeds = run(&lab, Wish::Suppress(order()), &ids).await;
    assert_eq!(deeds.iter().map(|deed| &deed.id).collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());
    let not_done: HashMap<&str, &Deed> = deeds
        .iter()
        .filter(|deed| deed.result != DeedResult::Done)
        .map(|deed| (deed.id.as_str(), deed))
        .collect();
    assert!(not_done.values().all(|deed| deed.result == DeedResult::Failed), "{not_done:#?}");
    let due: BTreeSet<&str> = lost.iter().chain([&nobody, &gone]).map(String::as_str).collect();
    assert_eq!(not_done.keys().copied().collect::<BTreeSet<_>>(), due);
    let why = |id: &str| not_done[id].message.clone().expect("a reason");
    assert!(why(&nobody).contains("there is no check"), "{}", why(&nobody));
    assert!(why(&gone).contains("HTTP 400"), "{}", why(&gone));
    assert!(why(&lost[0]).contains("read back: it was not done"), "{}", why(&lost[0]));

    // What was not refused was sent once.
    let mut sent: HashMap<String, u32> = HashMap::new();
    for entry in lab.log().matching(&updates()) {
        let body: Value = serde_json::from_slice(&entry.request.body).expect("JSON");
        let ids = body["ids"].as_array().expect("ids");
        assert!((1..=100).contains(&ids.len()));
        if entry.status.is_none_or(|status| !status.is_client_error()) {
            ids.iter().for_each(|id| *sent.entry(id.as_str().expect("an id").to_owned()).or_default() += 1);
        }
    }
    assert_eq!(sent.len(), 4_998, "all but those that are not there");
    assert!(sent.values().all(|times| *times == 1), "something was sent twice");

    let world = model(&lab).world();
    // Some were accepted before, with words of their own.
    let asked: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let accepted: Vec<_> = world
        .checks
        .iter()
        .filter(|check| check.status.as_deref() == Some("risk_accepted") && asked.contains(&*check.id))
        .collect();
    assert_eq!(accepted.len(), 4_898);
    for check in accepted {
        assert_eq!(check.expires_at.as_deref(), Some("2999-03-31"));
        assert_eq!(check.status_remarks.as_deref(), Some("accepted until the migration"));
    }
}

/// The third of five chunks fails: alone, or for a reason for which the others need not be tried.
#[tokio::test(start_paused = true)]
async fn w03_the_third_of_five_chunks_fails() {
    for revoked in [false, true] {
        let lab = Lab::sized(Kind::Bitdefender, 2_500);
        let ids = failing(&lab, 500);
        let faults = lab.simulator.faults();
        if revoked {
            let (vendor, key) = (model(&lab), lab.secret().to_owned());
            faults.on(updates(), Which::Nth(3), Fault::then(move || vendor.revoke(&key)));
        } else {
            faults.on(updates(), Which::Nth(3), Fault::status(StatusCode::BAD_GATEWAY));
        }
        let deeds = run(&lab, Wish::Suppress(order()), &ids).await;
        assert!(all_are(&deeds[..200], DeedResult::Done) && all_are(&deeds[200..300], DeedResult::Failed));
        let rest = if revoked { DeedResult::Failed } else { DeedResult::Done };
        assert!(all_are(&deeds[300..], rest), "{:#?}", deeds[300]);
        if revoked {
            assert!(
                deeds[300..]
                    .iter()
                    .all(|deed| deed.message.as_ref().is_some_and(|why| why.contains("not tried")))
            );
        }
        assert_eq!(lab.count(&updates()), if revoked { 3 } else { 5 });
    }
}

#[tokio::test(start_paused = true)]
async fn suppressed_listed_and_lifted_whatever_the_update_answers() {
    for update_response in [UpdateResponse::Body, UpdateResponse::EmptyObject, UpdateResponse::NoContent] {
        let lab = bitdefender(Options { update_response, ..Options::default() });
        let listed = async || gather(store(&lab).listing(), SuppressionQuery).await;
        let before = listed().await;
        assert!(before.shortfall().is_none());
        let before = before.items.iter().filter(|one| one.suppression.is_some()).count();
        let ids = failing(&lab, 150);
        let writes = || lab.count(&updates());
        assert!(all_are(&run(&lab, Wish::Suppress(order()), &ids).await, DeedResult::Done));
        assert_eq!(writes(), 2);
        assert!(all_are(&run(&lab, Wish::Suppress(order()), &ids).await, DeedResult::Unchanged));
        assert_eq!(writes(), 2, "nothing to do");
        let now = listed().await;
        let mine: Vec<_> = now.items.iter().filter(|one| ids.contains(&one.finding)).collect();
        assert_eq!(mine.len(), 150);
        assert_eq!(now.items.iter().filter(|one| one.suppression.is_some()).count(), before + 150);
        let expected = store(&lab).express(&order()).expect("it can be said");
        assert!(mine.iter().all(|one| one.suppression.as_ref() == Some(&expected) && one.active));
        let query = FindingQuery { suppressed: SuppressedFilter::Only, ..FindingQuery::default() };
        let found = lab.findings(&query).await;
        let found = found.items.iter().filter(|one| ids.contains(&one.vendor_id));
        assert_eq!(found.filter(|one| one.suppression.as_ref() == Some(&expected)).count(), 150);

        let wrong = SuppressionOrder { kind: SuppressionKind::FalsePositive, until: End::Never, ..order() };
        assert!(all_are(&run(&lab, Wish::Suppress(wrong), &ids).await, DeedResult::Done));
        // One lifting loses its answer.
        lab.simulator.faults().on(updates().body("\"open\""), Which::Nth(2), Fault::ResetBeforeAnswer);
        assert!(all_are(&run(&lab, Wish::Lift, &ids).await, DeedResult::Done));
        assert!(all_are(&run(&lab, Wish::Lift, &ids).await, DeedResult::Unchanged));
        assert_eq!(writes(), 6, "none sent twice");
        let world = model(&lab).world();
        let lifted = world.checks.iter().filter(|check| ids.contains(&check.id.to_string()));
        assert!(lifted.into_iter().all(|check| {
            check.status.as_deref() == Some("open")
                && check.expires_at.is_none()
                && check.status_remarks.is_none()
        }));
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_that_passes_is_left_alone() {
    let lab = Lab::demo(Kind::Bitdefender);
    let passing: Vec<String> = {
        let world = model(&lab).world();
        let passing = world.checks.iter().filter(|check| check.result == "pass");
        passing.map(|check| check.id.to_string()).take(3).collect()
    };
    let deeds = run(&lab, Wish::Suppress(order()), &passing).await;
    assert!(all_are(&deeds, DeedResult::Failed));
    assert!(deeds.iter().all(|deed| deed.message.as_ref().is_some_and(|why| why.contains("passes"))));
    assert_eq!(lab.count(&updates()), 0);
}

/// A key for reading (section 2.2): refused once for each call, and not for each check.
#[tokio::test(start_paused = true)]
async fn a_key_without_the_right_to_write() {
    let setup = Setup::new(Installation::sized(Kind::Bitdefender, 2_500));
    let lab = setup.access(cspm_tests::Access::Key(bitdefender::READ_KEY)).start();
    let deeds = run(&lab, Wish::Suppress(order()), &failing(&lab, 200)).await;
    assert!(all_are(&deeds, DeedResult::Failed));
    assert!(
        deeds[0].message.as_ref().is_some_and(|why| why.contains("may not use this API")),
        "{:?}",
        deeds[0]
    );
    assert_eq!(lab.count(&updates()), 2);
}

/// A check shows neither remark nor end of its status: what is seen counts, and that is said.
#[tokio::test(start_paused = true)]
async fn checks_that_do_not_show_the_end() {
    let lab = bitdefender(Options { check_remarks: false, ..Options::default() });
    let ids = failing(&lab, 120);
    let lost = Rule::new(updates(), Which::Nth(2), Fault::ResetBeforeAnswer);
    lab.simulator.faults().add(lost);
    let deeds = run(&lab, Wish::Suppress(order()), &ids).await;
    assert!(all_are(&deeds, DeedResult::Done), "{deeds:#?}");
    assert!(
        deeds
            .iter()
            .all(|deed| deed.message.as_ref().is_some_and(|why| why.contains("does not show its end")))
    );
    assert!(all_are(&run(&lab, Wish::Lift, &ids).await, DeedResult::Done));
}
