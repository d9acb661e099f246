//! Conformity's profiles, account rule settings and suppressions, against the simulator: what it then holds, and what it
//! was asked, is looked at there and not through the adapter.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cspm_core::{
    Application, Applied, AppliedTo, ApplyMode, DeedResult, End, ErrorKind, Exceptions, Policy, PolicyQuery,
    PushMode, PushOutcome, RuleChange, RuleSetting, RuleSettings, Suppressing, SuppressionKind,
    SuppressionOrder, SuppressionQuery, Verbatim, Wish, apply_policy, delete_policy, gather, plan_push,
    preview_application, push, rule_changes,
};
use cspm_simulator::conformity::{self, Conformity, DeniedWrite, Options, Profile, World};
use cspm_simulator::{Fault, Match, Rule, Which};
use cspm_tests::{Access, Installation, Kind, Lab, Model, Setup};
use http::Method;

fn conformity_of(lab: &Lab) -> Arc<Conformity> {
    match &lab.model {
        Model::Conformity(vendor) => vendor.clone(),
        _ => panic!("another vendor"),
    }
}

fn policies(lab: &Lab) -> &dyn cspm_core::PolicyStore {
    lab.vendor.policies().expect("policies")
}

fn account_rules(lab: &Lab) -> &dyn cspm_core::AccountRules {
    lab.vendor.account_rules().expect("account rules")
}

fn writes() -> [Match; 3] {
    [Method::POST, Method::PATCH, Method::DELETE].map(|method| Match::any().method(method))
}

/// How many writes were sent.
fn written(lab: &Lab) -> u64 {
    writes().iter().map(|what| lab.count(what)).sum()
}

/// A rule's setting as the simulator holds it, in the model's terms.
fn neutral(setting: &conformity::RuleSetting) -> RuleSetting {
    let exceptions = setting.exceptions.clone().unwrap_or_default();
    let extra = setting.extra_settings.iter().flatten();
    RuleSetting {
        enabled: Some(setting.enabled),
        severity: setting.risk_level.clone(),
        provider: setting.provider.clone(),
        exceptions: Exceptions {
            resources: exceptions.resources,
            tags: exceptions.tags,
            filter_tags: exceptions.filter_tags,
        },
        settings: extra.map(|setting| Verbatim::of(setting).expect("JSON")).collect(),
        extra: BTreeMap::new(),
    }
}

fn all_neutral(rules: &BTreeMap<String, conformity::RuleSetting>) -> RuleSettings {
    rules.iter().map(|(id, setting)| (id.clone(), neutral(setting))).collect()
}

/// The demonstration's world, and a profile that sets every rule of the catalogue with all that reads may contain: extra
/// settings that are hidden, read-only or empty, and some of disabled rules.
fn world_with_everything() -> World {
    let mut world = World::demo(7);
    let setting = |(number, rule): (usize, &conformity::Rule)| {
        let level = (!rule.multi_risk_level).then_some("MEDIUM");
        let setting = conformity::RuleSetting {
            provider: (number % 3 != 0).then(|| rule.provider.as_str().to_owned()),
            exceptions: rule.takes_exceptions().then(conformity::Exceptions::default),
            extra_settings: (!rule.settings.is_empty()).then(|| rule.settings.clone()),
            rule_exists: (number % 4 == 0).then_some(false),
            ..conformity::RuleSetting::new(&rule.id, number % 5 != 0, level)
        };
        (rule.id.to_string(), setting)
    };
    let rules = world.catalogue.rules.iter().enumerate().map(setting).collect();
    world.profiles.push(Profile {
        id: "every/Rule".into(),
        name: "Everything".into(),
        description: None,
        rules,
    });
    world
}

#[tokio::test(start_paused = true)]
async fn what_was_exported_can_be_pushed_without_any_write() {
    let lab = Setup::new(world_with_everything()).start();
    let mut ids: Vec<String> =
        gather(policies(&lab).listing(), PolicyQuery).await.items.into_iter().map(|one| one.id).collect();
    ids.push(format!("organisation-{}", conformity_of(&lab).world().organisation));
    assert_eq!(ids.len(), 6);
    for id in ids {
        let exported = policies(&lab).get(&id).await.expect("a profile").value;
        let held = conformity_of(&lab)
            .world()
            .profile(&id)
            .expect("a profile")
            .rules
            .keys()
            .cloned()
            .collect::<Vec<_>>();
        assert!(exported.rules.keys().eq(held.iter()), "{id}");
        for mode in [PushMode::Merge, PushMode::Replace] {
            let before = policies(&lab).get(&id).await.expect("a profile").value;
            let wanted = policies(&lab).prepare(&exported).await.expect("it is fine").value;
            let changes = plan_push(Some(&before), &wanted, mode);
            assert!(changes.is_empty(), "{id}: {changes:?}");
            let pushed = push(policies(&lab), &changes).await.expect("nothing to do");
            assert_eq!(pushed.outcome, PushOutcome::Unchanged);
        }
    }
    assert_eq!(written(&lab), 0);
}

#[tokio::test(start_paused = true)]
async fn a_change_changes_exactly_that_and_is_read_back() {
    for mode in [PushMode::Merge, PushMode::Replace] {
        let lab = Setup::new(world_with_everything()).start();
        let vendor = conformity_of(&lab);
        let held = || vendor.world().profile("every/Rule").expect("it is there").clone();
        let original = held();
        let before = policies(&lab).get("every/Rule").await.expect("a profile").value;
        let mut wanted = before.clone();
        let changed = wanted.rules.get_mut("S3-016").expect("a rule");
        changed.severity = Some("EXTREME".to_owned());
        changed.exceptions.filter_tags = vec!["tmp".to_owned()];
        let wanted = policies(&lab).prepare(&wanted).await.expect("it is fine").value;
        let changes = plan_push(Some(&before), &wanted, mode);
        assert_eq!(changes.rules.iter().map(RuleChange::rule).collect::<Vec<_>>(), ["S3-016"]);
        assert_eq!(push(policies(&lab), &changes).await.expect("pushed").outcome, PushOutcome::Done);
        assert_eq!(written(&lab), 1);
        let now = held();
        assert_eq!(now.rules["S3-016"].risk_level.as_deref(), Some("EXTREME"));
        let filter_tags =
            now.rules["S3-016"].exceptions.as_ref().map(|exceptions| exceptions.filter_tags.clone());
        assert_eq!(filter_tags, Some(vec!["tmp".to_owned()]));
        assert!(now.rules.keys().eq(original.rules.keys()));
        if mode == PushMode::Merge {
            let untouched = |rule: &&String| *rule != "S3-016";
            assert!(
                original.rules.keys().filter(untouched).all(|rule| now.rules[rule] == original.rules[rule])
            );
        }
    }
}

/// The only way to remove a rule: the profile is written anew without it. Whoever changes it in between is not overrun.
#[tokio::test(start_paused = true)]
async fn w04_a_rule_is_removed_and_somebody_elses_change_in_between_stops_it() {
    let lab = Lab::demo(Kind::Conformity);
    let vendor = conformity_of(&lab);
    let before = policies(&lab).get("pR0f1leX9").await.expect("a profile").value;
    let mut wanted = before.clone();
    wanted.rules.remove("EC2-001");
    let changes = plan_push(Some(&before), &wanted, PushMode::Replace);
    let other = conformity::RuleSetting::new("EC2-002", true, Some("LOW"));
    vendor.edit(|world| {
        for profile in world.profiles.iter_mut().filter(|profile| profile.id == "pR0f1leX9") {
            profile.rules.insert("EC2-002".to_owned(), other.clone());
        }
    });
    let pushed = push(policies(&lab), &changes).await.expect("looked at");
    let PushOutcome::Moved(now) = pushed.outcome else { panic!("{:?}", pushed.outcome) };
    assert!(now.rules.contains_key("EC2-002"));
    assert_eq!(written(&lab), 0);

    let mut wanted = (*now).clone();
    wanted.rules.remove("EC2-001");
    let changes = plan_push(Some(&now), &wanted, PushMode::Replace);
    assert_eq!(push(policies(&lab), &changes).await.expect("pushed").outcome, PushOutcome::Done);
    let left =
        vendor.world().profile("pR0f1leX9").expect("it is there").rules.keys().cloned().collect::<Vec<_>>();
    assert_eq!(left, ["EC2-002", "GD-002", "RTM-002", "S3-016"]);
}

#[tokio::test(start_paused = true)]
async fn a_profile_is_created_wiped_and_deleted() {
    let lab = Lab::demo(Kind::Conformity);
    let vendor = conformity_of(&lab);
    let setting =
        RuleSetting { enabled: Some(true), severity: Some("LOW".to_owned()), ..RuleSetting::default() };
    let draft = Policy {
        name: "New".to_owned(),
        description: Some("made here".to_owned()),
        rules: [("S3-016".to_owned(), setting)].into(),
        ..Policy::default()
    };
    let draft = policies(&lab).prepare(&draft).await.expect("it is fine").value;
    let pushed = push(policies(&lab), &plan_push(None, &draft, PushMode::Merge)).await.expect("created");
    let id = pushed.id.expect("an id");
    assert_eq!(pushed.outcome, PushOutcome::Done);
    assert_eq!(
        vendor.world().profile(&id).expect("it is there").rules["S3-016"].provider.as_deref(),
        Some("aws")
    );

    let before = policies(&lab).get(&id).await.expect("a profile").value;
    let empty = Policy { rules: RuleSettings::new(), ..before.clone() };
    let pushed =
        push(policies(&lab), &plan_push(Some(&before), &empty, PushMode::Replace)).await.expect("wiped");
    assert_eq!(pushed.outcome, PushOutcome::Done);
    let wiped = vendor.world().profile(&id).expect("it is there").clone();
    assert_eq!(
        (wiped.name.as_str(), wiped.description.as_deref(), wiped.rules.len()),
        ("New", Some("made here"), 0)
    );

    delete_policy(policies(&lab), &id).await.expect("deleted");
    assert!(vendor.world().profile(&id).is_none());
    assert_eq!(written(&lab), 3);
    let error = policies(&lab).get(&id).await.expect_err("it is gone");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

/// A generated setting that the vendor would have taken.
fn generated(rule: &conformity::Rule, rng: &mut fastrand::Rng) -> conformity::RuleSetting {
    let enabled = rng.bool();
    let level = rng.choice(conformity::RISK_LEVELS).expect("a level");
    let names =
        |rng: &mut fastrand::Rng| (0..rng.usize(0..3)).map(|_| format!("t{}", rng.u8(0..4))).collect();
    let exceptions = (rule.takes_exceptions() && rng.bool()).then(|| conformity::Exceptions {
        resources: names(rng),
        tags: names(rng),
        filter_tags: names(rng),
    });
    let can_be_written = |setting: &&serde_json::Value| {
        let text = setting.to_string();
        !["readOnly", "hidden", "null"].iter().any(|word| text.contains(word))
    };
    let extra: Vec<_> = rule.settings.iter().filter(can_be_written).cloned().collect();
    conformity::RuleSetting {
        provider: rng.bool().then(|| rule.provider.as_str().to_owned()),
        exceptions,
        extra_settings: (enabled && !extra.is_empty() && rng.bool()).then_some(extra),
        ..conformity::RuleSetting::new(&rule.id, enabled, (!rule.multi_risk_level).then_some(level))
    }
}

fn some_settings(
    rules: &[conformity::Rule],
    rng: &mut fastrand::Rng,
) -> BTreeMap<String, conformity::RuleSetting> {
    let chosen = rng.choose_multiple(rules, 12);
    chosen.into_iter().map(|rule| (rule.id.to_string(), generated(rule, rng))).collect()
}

#[tokio::test(start_paused = true)]
async fn w07_a_preview_is_what_the_account_holds_after_the_real_thing() {
    let lab = Lab::sized(Kind::Conformity, 1);
    let vendor = conformity_of(&lab);
    let (account, rules) = {
        let world = vendor.world();
        let is_plain = |rule: &&conformity::Rule| {
            rule.provider == conformity::Provider::Aws && rule.package == "base" && !rule.organisational
        };
        // Few enough to meet often; those with extra settings among them.
        let mut rules: Vec<_> = world.catalogue.rules.iter().filter(is_plain).cloned().collect();
        rules.sort_by_key(|rule| rule.settings.is_empty());
        rules.truncate(24);
        (world.accounts[0].id.clone(), rules)
    };
    for seed in 0..60 {
        let mut rng = fastrand::Rng::with_seed(seed);
        for (mode, keep_exceptions) in [
            (ApplyMode::FillGaps, false),
            (ApplyMode::Overwrite, false),
            (ApplyMode::Overwrite, true),
            (ApplyMode::Replace, false),
        ] {
            let before = if seed == 0 { BTreeMap::new() } else { some_settings(&rules, &mut rng) };
            let profile = Profile {
                id: "p".into(),
                name: "P".into(),
                description: None,
                rules: some_settings(&rules, &mut rng),
            };
            vendor.edit(|world| {
                world.profiles = vec![profile];
                world.account_mut(&account).expect("an account").rules.clone_from(&before);
            });
            let application = Application {
                policy: "p".into(),
                accounts: vec![account.clone()],
                mode,
                keep_exceptions,
                note: Some("agreed".into()),
            };
            let sent = written(&lab);
            let previews = preview_application(policies(&lab), account_rules(&lab), &application)
                .await
                .expect("a preview");
            assert_eq!(written(&lab), sent, "a preview writes nothing");
            let mut expected = all_neutral(&before);
            for change in previews[0].1.as_ref().expect("the account's rules") {
                match change {
                    RuleChange::Added { rule, new } | RuleChange::Changed { rule, new, .. } => {
                        expected.insert(rule.clone(), new.clone());
                    }
                    RuleChange::Removed { rule, .. } => drop(expected.remove(rule)),
                }
            }
            let applied =
                apply_policy(policies(&lab), Some(account_rules(&lab)), &application).await.expect("applied");
            assert_eq!(applied.value, [AppliedTo { account: account.clone(), applied: Applied::Sent }]);
            let held = all_neutral(&vendor.world().account(&account).expect("an account").rules);
            assert!(expected.keys().eq(held.keys()), "seed {seed}, {mode:?}");
            let differences = rule_changes(&expected, &held);
            assert!(differences.is_empty(), "seed {seed}, {mode:?}, {keep_exceptions}: {differences:#?}");
            let read = account_rules(&lab).get(&account).await.expect("readable").value;
            assert_eq!(rule_changes(&held, &read), [], "seed {seed}, {mode:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn account_rules_are_set_one_by_one_and_together() {
    let lab = Setup::new(world_with_everything()).start();
    let vendor = conformity_of(&lab);
    let account = vendor.world().accounts[0].id.clone();
    let before = account_rules(&lab).get(&account).await.expect("readable").value;
    assert_eq!(rule_changes(&all_neutral(&vendor.world().accounts[0].rules), &before), []);
    let setting = |level: &str| RuleSetting {
        enabled: Some(true),
        severity: Some(level.to_owned()),
        ..RuleSetting::default()
    };
    for rules in [
        RuleSettings::from([("EC2-002".to_owned(), setting("LOW"))]),
        RuleSettings::from([("EC2-002".to_owned(), setting("HIGH")), ("S3-016".to_owned(), setting("LOW"))]),
    ] {
        account_rules(&lab).set(&account, &rules, Some("agreed")).await.expect("set");
        let now = account_rules(&lab).get(&account).await.expect("readable").value;
        let mut expected = before.clone();
        expected.extend(rules);
        assert_eq!(rule_changes(&expected, &now), []);
    }
    assert_eq!(vendor.world().accounts[0].rule_notes["EC2-002"].len(), 2);
    assert_eq!(written(&lab), 2);
    let unset = vendor.world().accounts[1].id.clone();
    assert!(account_rules(&lab).get(&unset).await.expect("never configured").value.is_empty());
}

#[tokio::test(start_paused = true)]
async fn refusals_name_the_role_that_is_needed() {
    for denied_write in [DeniedWrite::Unauthorized, DeniedWrite::Forbidden] {
        for key in [Conformity::POWER_KEY, Conformity::READ_ONLY_KEY] {
            let options = Options { denied_write, ..Options::default() };
            let lab = Setup::new(Installation::Conformity(World::demo(7), options))
                .access(Access::Key(key))
                .start();
            let account = conformity_of(&lab).world().accounts[0].id.clone();
            assert_eq!(gather(policies(&lab).listing(), PolicyQuery).await.items.len(), 4);
            let policy = Policy { name: "x".into(), ..Policy::default() };
            for error in [
                policies(&lab).get("pR0f1leX9").await.expect_err("for ADMIN"),
                policies(&lab).create(&policy).await.expect_err("for ADMIN"),
                policies(&lab).delete("pR0f1leX9").await.expect_err("for ADMIN"),
            ] {
                assert_eq!(error.kind(), ErrorKind::Permission, "{error}");
                assert!(error.message().contains("the role ADMIN"), "{error}");
            }
            let rules = RuleSettings::from([(
                "EC2-002".to_owned(),
                RuleSetting { enabled: Some(true), severity: Some("LOW".into()), ..RuleSetting::default() },
            )]);
            let set = account_rules(&lab).set(&account, &rules, None).await;
            if key == Conformity::POWER_KEY {
                set.expect("full access is enough");
            } else {
                let error = set.expect_err("for full access");
                assert_eq!(error.kind(), ErrorKind::Permission);
                assert!(error.message().contains("full access to the account"), "{error}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_organisation_without_profiles_has_an_empty_list() {
    let world = World { profiles: Vec::new(), ..World::demo(7) };
    let lab = Setup::new(world.clone()).start();
    let listed = gather(policies(&lab).listing(), PolicyQuery).await;
    assert!(listed.items.is_empty() && listed.shortfall().is_none());
    let lab = Setup::new(world).access(Access::Key(Conformity::NO_ACCESS_KEY)).start();
    let listed = gather(policies(&lab).listing(), PolicyQuery).await;
    assert_eq!(listed.shortfall().map(cspm_core::Error::kind), Some(ErrorKind::Permission));
}

/// W02: whether it was carried out or not, a write whose answer is lost is on the wire once.
#[tokio::test(start_paused = true)]
async fn w02_no_write_is_sent_twice_after_its_answer_was_lost() {
    for carried_out in [true, false] {
        let lab = Lab::demo(Kind::Conformity);
        for what in writes() {
            let lost = Rule::new(what, Which::Every, Fault::ResetBeforeAnswer).carried_out(carried_out);
            lab.simulator.faults().add(lost);
        }
        let before = policies(&lab).get("pR0f1leX9").await.expect("a profile").value;
        let mut sent = 0;
        let mut once = |what: &str| {
            sent += 1;
            assert_eq!(written(&lab), sent, "{what}, carried out: {carried_out}");
        };
        let wanted = Policy { name: "Renamed".into(), ..before.clone() };
        let merged = push(policies(&lab), &plan_push(Some(&before), &wanted, PushMode::Merge)).await;
        once("merge");
        assert_eq!(merged.is_ok_and(|pushed| pushed.outcome == PushOutcome::Done), carried_out);

        let before = policies(&lab).get("pR0f1leX9").await.expect("a profile").value;
        let wanted = Policy { name: "Again".into(), ..before.clone() };
        let replaced = push(policies(&lab), &plan_push(Some(&before), &wanted, PushMode::Replace)).await;
        once("replace");
        assert_eq!(replaced.is_ok_and(|pushed| pushed.outcome == PushOutcome::Done), carried_out);

        let draft = Policy { name: "Brand new".into(), ..Policy::default() };
        let created =
            push(policies(&lab), &plan_push(None, &draft, PushMode::Merge)).await.expect("looked for");
        once("create");
        assert_eq!((created.id.is_some(), created.outcome == PushOutcome::Done), (carried_out, carried_out));

        let account = conformity_of(&lab).world().accounts[1].id.clone();
        let application = Application {
            policy: "-oldRul3s".into(),
            accounts: vec![account.clone()],
            mode: ApplyMode::Overwrite,
            keep_exceptions: true,
            note: None,
        };
        let applied =
            apply_policy(policies(&lab), Some(account_rules(&lab)), &application).await.expect("looked at");
        once("apply");
        assert_eq!(applied.value[0].applied == Applied::Done, carried_out);

        let rules = RuleSettings::from([(
            "EC2-002".to_owned(),
            RuleSetting { enabled: Some(true), severity: Some("LOW".into()), ..RuleSetting::default() },
        )]);
        let error = account_rules(&lab).set(&account, &rules, None).await.expect_err("the answer is lost");
        once("set");
        assert!(error.is_uncertain());

        let deleted = delete_policy(policies(&lab), "emptyProf").await;
        once("delete");
        assert_eq!(deleted.is_ok(), carried_out);
    }
}

fn accepted() -> SuppressionOrder {
    SuppressionOrder {
        reason: "accepted until the migration".into(),
        until: End::parse("2099-03-31").expect("a day"),
        kind: SuppressionKind::RiskAccepted,
    }
}

/// The ids of failing checks that are not suppressed.
fn failing(lab: &Lab) -> Vec<String> {
    let vendor = conformity_of(lab);
    let world = vendor.world();
    let is_open =
        |check: &&conformity::Check| check.status == conformity::Status::Failure && !check.is_suppressed();
    world.checks.iter().filter(is_open).map(|check| check.id.as_str().to_owned()).collect()
}

/// W03: one id that does not exist, one call that is throttled, and two whose answer is lost, of which one was carried out.
#[tokio::test(start_paused = true)]
async fn w03_five_thousand_suppressions_with_trouble_in_the_middle() {
    let lab = Lab::sized(Kind::Conformity, 16_000);
    let mut ids = failing(&lab);
    ids.truncate(4_999);
    assert_eq!(ids.len(), 4_999);
    ids.insert(2_500, "ccc:nobody:S3-016:S3:eu-west-1:nothing".into());
    let patch = || Match::path("/v1/checks/").method(Method::PATCH);
    let faults = lab.simulator.faults();
    faults.on(patch(), Which::Nth(1_000), Fault::throttled(3));
    faults.add(Rule::new(patch(), Which::Nth(2_000), Fault::ResetBeforeAnswer).carried_out(true));
    faults.add(Rule::new(patch(), Which::Nth(3_000), Fault::ResetBeforeAnswer).carried_out(false));

    let store = lab.vendor.suppressions().expect("suppressions");
    let mut work =
        Suppressing::new(store, Wish::Suppress(accepted()), ids.iter().cloned()).expect("it can be said");
    work.run().await;
    let not_done: Vec<_> = work.deeds().iter().filter(|deed| deed.result != DeedResult::Done).collect();
    assert_eq!(work.deeds().len(), 5_000);
    let [missing, lost] = not_done[..] else { panic!("{not_done:#?}") };
    assert!(
        missing.id.contains("nobody")
            && missing.message.as_deref().is_some_and(|why| why.contains("no check"))
    );
    assert!(
        lost.message.as_deref().is_some_and(|why| why.contains("read back: it was not done")),
        "{lost:?}"
    );
    assert_eq!((missing.result, lost.result), (DeedResult::Failed, DeedResult::Failed));

    let mut sent: HashMap<String, (u32, u32)> = HashMap::new();
    for entry in lab.log().matching(&patch()) {
        let (times, refused) = sent.entry(entry.request.path.clone()).or_default();
        *times += 1;
        *refused += u32::from(entry.status.is_some_and(|status| status == 429));
    }
    assert_eq!(sent.len(), 4_999);
    assert!(sent.values().all(|(times, refused)| times - refused == 1), "something was sent twice");
    assert_eq!(sent.values().map(|(_, refused)| refused).sum::<u32>(), 1);

    let vendor = conformity_of(&lab);
    let world = vendor.world();
    let end = accepted().until.instant().map(cspm_core::Timestamp::as_millis);
    let suppressed: Vec<_> = world.checks.iter().filter(|check| check.is_suppressed()).collect();
    assert_eq!(suppressed.len(), 4_998);
    for check in suppressed {
        assert_eq!(check.suppressed_until, end);
        assert_eq!(check.notes.last().map(|note| note.text.as_str()), Some("accepted until the migration"));
    }
}

/// Every id of the demonstration, slashes, colons and spaces included, there and back.
#[tokio::test(start_paused = true)]
async fn j15_odd_ids_are_suppressed_listed_and_lifted() {
    let lab = Lab::demo(Kind::Conformity);
    let is_odd =
        |id: &String| !id.chars().all(|letter| letter.is_ascii_alphanumeric() || ":-_.".contains(letter));
    let mut odd: Vec<String> = failing(&lab).into_iter().filter(is_odd).collect();
    assert!(odd.len() > 20 && odd.iter().any(|id| id.contains("日本語")));
    odd.truncate(60);
    let store = lab.vendor.suppressions().expect("suppressions");
    let listed = || async { gather(store.listing(), SuppressionQuery).await };
    let before = listed().await.items.len();
    let mut work = Suppressing::new(store, Wish::Suppress(accepted()), odd.clone()).expect("it can be said");
    work.run().await;
    assert!(work.deeds().iter().all(|deed| deed.result == DeedResult::Done), "{:#?}", work.deeds());
    let now = listed().await;
    assert!(now.shortfall().is_none());
    assert_eq!(now.items.len(), before + odd.len());
    let mut work = Suppressing::new(store, Wish::Lift, odd.clone()).expect("it can be said");
    work.run().await;
    assert!(work.deeds().iter().all(|deed| deed.result == DeedResult::Done));
    assert_eq!(listed().await.items.len(), before);
}
