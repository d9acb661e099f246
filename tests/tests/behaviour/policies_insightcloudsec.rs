//! InsightCloudSec, written to: packs, exemptions, custom insights and bots, over HTTP against the simulated installation.

use std::collections::BTreeSet;
use std::sync::Arc;

use cspm_core::{
    AutomationQuery, DeedResult, End, ErrorKind, FindingQuery, Policy, PolicyStore, PushMode, PushOutcome,
    RuleChange, RuleSetting, SuppressedFilter, Suppressing, SuppressionKind, SuppressionOrder, Verbatim,
    Wish, delete_policy, gather, plan_push, push,
};
use cspm_simulator::insightcloudsec::World;
use cspm_simulator::insightcloudsec::world::{Source, SourcedId};
use cspm_simulator::{Fault, Match, Rule, Which, insightcloudsec};
use cspm_tests::{Installation, Kind, Lab, Model, Setup, truth};
use http::StatusCode;

const CREATE: &str = "/v2/public/exemptions/create";
const DELETE: &str = "/v2/public/exemptions/delete";

fn model(lab: &Lab) -> &Arc<insightcloudsec::InsightCloudSec> {
    let Model::InsightCloudSec(vendor) = &lab.model else { unreachable!() };
    vendor
}

fn policies(lab: &Lab) -> &dyn PolicyStore {
    lab.vendor.policies().expect("packs")
}

/// Requests that change something.
fn writes(lab: &Lab) -> Vec<String> {
    let is_write = |path: &str| {
        ["/create", "/update", "/delete", "/edit", "/pause", "/resume", "/switch_organization"]
            .iter()
            .any(|end| path.ends_with(end))
    };
    let log = lab.log().entries();
    let paths = log.iter().map(|entry| entry.request.path.clone());
    paths.filter(|path| is_write(path)).collect()
}

/// A custom pack of the first organization.
fn own_pack(world: &World) -> String {
    let own = |pack: &&insightcloudsec::world::Pack| {
        pack.id.source == Source::Custom && pack.organization == Some(1)
    };
    world.packs.iter().find(own).expect("a custom pack").id.to_string()
}

/// The demonstration, with a pack of its own that has a badge.
fn lab() -> Lab {
    let Installation::InsightCloudSec(mut world, options) = Installation::demo(Kind::InsightCloudSec) else {
        unreachable!()
    };
    let id = own_pack(&world);
    for pack in world.packs.iter_mut().filter(|pack| pack.id.to_string() == id) {
        pack.badges = vec![("env".to_owned(), "prod".to_owned())];
        pack.badge_filter_operator = Some("AND".to_owned());
        pack.logo_url = Some("https://logo.example/1.png".to_owned());
    }
    Setup::new(Installation::InsightCloudSec(world, options)).start()
}

/// An insight that a pack does not have.
fn another(lab: &Lab, policy: &Policy) -> String {
    let world = model(lab).world();
    let mut ids =
        world.insights.iter().filter(|one| one.organization.is_none()).map(|one| one.id.to_string());
    ids.find(|id| !policy.rules.contains_key(id)).expect("an insight that is not in the pack")
}

#[tokio::test(start_paused = true)]
async fn a_pack_that_is_pushed_as_it_was_read_sends_no_write() {
    let lab = lab();
    let id = own_pack(&model(&lab).world());
    let is = policies(&lab).get(&id).await.expect("the pack").value;
    let prepared = policies(&lab).prepare(&is).await.expect("fine").value;
    for mode in [PushMode::Merge, PushMode::Replace] {
        let changes = plan_push(Some(&is), &prepared, mode);
        assert!(changes.is_empty(), "{changes:?}");
        let pushed = push(policies(&lab), &changes).await.expect("nothing to do");
        assert_eq!(pushed.outcome, PushOutcome::Unchanged);
    }
    assert!(writes(&lab).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_change_is_planned_written_and_read_back_exactly() {
    for mode in [PushMode::Merge, PushMode::Replace] {
        let lab = lab();
        let id = own_pack(&model(&lab).world());
        let is = policies(&lab).get(&id).await.expect("the pack").value;
        let new = another(&lab, &is);
        let mut wanted = Policy {
            description: Some("changed".to_owned()),
            rules: [(new.clone(), RuleSetting::default())].into(),
            ..is.clone()
        };
        wanted.extra = [("badges".to_owned(), Verbatim::parse("[]").expect("JSON"))].into();
        let wanted = policies(&lab).prepare(&wanted).await.expect("fine").value;
        let changes = plan_push(Some(&is), &wanted, mode);
        let named: BTreeSet<&str> = changes.rules.iter().map(RuleChange::rule).collect();
        let mut due: BTreeSet<&str> = [new.as_str()].into();
        if mode == PushMode::Replace {
            due.extend(is.rules.keys().map(String::as_str));
        }
        assert_eq!(named, due);
        assert!(changes.description.is_some() && changes.extra && changes.name.is_none());
        let pushed = push(policies(&lab), &changes).await.expect("written");
        assert_eq!(pushed.outcome, PushOutcome::Done);
        let now = policies(&lab).get(&id).await.expect("the pack").value;
        assert_eq!(now, changes.after);
        assert_eq!(now.rules.len(), if mode == PushMode::Merge { is.rules.len() + 1 } else { 1 });
        assert_eq!(now.extra["logo_url"], is.extra["logo_url"], "what is not said stays");
        assert_eq!(now.extra["badges"].as_json(), "[]");
        assert_eq!(writes(&lab).len(), 1);
        assert!(plan_push(Some(&now), &wanted, mode).is_empty(), "and again there is nothing to do");
    }
}

/// Whoever changes a pack between the plan and the push is not overrun.
#[tokio::test(start_paused = true)]
async fn w04_somebody_elses_change_in_between_stops_a_push() {
    for mode in [PushMode::Merge, PushMode::Replace] {
        let lab = lab();
        let id = own_pack(&model(&lab).world());
        let before = policies(&lab).get(&id).await.expect("the pack").value;
        let wanted = Policy { description: Some("ours".to_owned()), ..before.clone() };
        let changes = plan_push(Some(&before), &wanted, mode);
        model(&lab).edit(|world| {
            for pack in world.packs.iter_mut().filter(|pack| pack.id.to_string() == id) {
                pack.description = Some("theirs".to_owned());
            }
        });
        let pushed = push(policies(&lab), &changes).await.expect("looked at");
        let PushOutcome::Moved(now) = pushed.outcome else { panic!("{:?}", pushed.outcome) };
        assert_eq!(now.description.as_deref(), Some("theirs"));
        assert!(writes(&lab).is_empty());

        let changes = plan_push(Some(&now), &wanted, mode);
        assert_eq!(push(policies(&lab), &changes).await.expect("pushed").outcome, PushOutcome::Done);
        assert_eq!(writes(&lab).len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pack_is_created_from_a_built_in_one_and_deleted() {
    let lab = lab();
    let built_in = {
        let world = model(&lab).world();
        let pack = world
            .packs
            .iter()
            .find(|pack| pack.id.source == Source::Backoffice && !pack.backoffice.is_empty());
        pack.expect("a built-in pack").id.to_string()
    };
    let shipped = policies(&lab).get(&built_in).await.expect("the pack").value;
    let error = policies(&lab).prepare(&shipped).await.expect_err("read-only");
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("a custom pack can be created from it"), "{error}");
    assert!(delete_policy(policies(&lab), &built_in).await.is_err());
    assert!(writes(&lab).is_empty());

    let copy = Policy { id: None, name: "Copy".to_owned(), ..shipped };
    let copy = policies(&lab).prepare(&copy).await.expect("fine").value;
    let pushed = push(policies(&lab), &plan_push(None, &copy, PushMode::Merge)).await.expect("created");
    assert_eq!(pushed.outcome, PushOutcome::Done);
    let id = pushed.id.expect("an id");
    assert_eq!(policies(&lab).get(&id).await.expect("the copy").value.rules, copy.rules);
    delete_policy(policies(&lab), &id).await.expect("deleted");
    assert_eq!(policies(&lab).get(&id).await.expect_err("gone").kind(), ErrorKind::NotFound);
    assert_eq!(writes(&lab).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn w02_a_lost_answer_is_read_back_and_never_written_again() {
    for (fault, carried_out) in [
        (Fault::ResetBeforeAnswer, true),
        (Fault::ResetBeforeAnswer, false),
        (Fault::status(StatusCode::BAD_GATEWAY), true),
        (Fault::status(StatusCode::INTERNAL_SERVER_ERROR), true),
        (Fault::status(StatusCode::INTERNAL_SERVER_ERROR), false),
    ] {
        let lab = lab();
        let when = Match::path("/v2/public/insights/pack/create");
        lab.simulator.faults().add(Rule::new(when.clone(), Which::Every, fault).carried_out(carried_out));
        let wanted = Policy { name: "New".to_owned(), ..Policy::default() };
        let pushed =
            push(policies(&lab), &plan_push(None, &wanted, PushMode::Merge)).await.expect("a result");
        if carried_out {
            assert_eq!(pushed.outcome, PushOutcome::Done);
        } else {
            assert!(matches!(pushed.outcome, PushOutcome::Unknown(_)), "{pushed:?}");
        }
        assert_eq!(lab.count(&when), 1, "a write is never sent again");
        let there = model(&lab).world().packs.iter().filter(|pack| pack.name == "New").count();
        assert_eq!(there, usize::from(carried_out));
    }
}

fn order() -> SuppressionOrder {
    SuppressionOrder {
        reason: "ticket 12".to_owned(),
        until: End::parse("2999-03-31").expect("a date"),
        kind: SuppressionKind::RiskAccepted,
    }
}

#[tokio::test(start_paused = true)]
async fn five_thousand_suppressions_with_trouble_in_the_middle() {
    let lab = Lab::sized(Kind::InsightCloudSec, 4_998);
    let mut ids: Vec<String> = truth::ids(&lab).into_iter().collect();
    let cloud = model(&lab).world().clouds[0].id;
    let (missing, stranger) =
        (format!("backoffice:1/instance:{cloud}:us-east-1:i-none:"), "backoffice:99999/instance:1:x:");
    ids.insert(2_000, missing.clone());
    ids.insert(4_000, stranger.to_owned());
    let faults = lab.simulator.faults();
    let create = || Match::post(CREATE);
    faults.on(create(), Which::Nth(3), Fault::throttled(2));
    faults.on(create(), Which::Nth(9), Fault::ResetBeforeAnswer);
    faults.on(create(), Which::Nth(12), Fault::HalfBodyThenStall);
    faults.on(create(), Which::Nth(15), Fault::TruncateJsonAt(100));
    let store = lab.vendor.suppressions().expect("exemptions");
    let mut work = Suppressing::new(store, Wish::Suppress(order()), ids.clone()).expect("expressible");
    work.run().await;
    let failed: Vec<_> = work.deeds().iter().filter(|deed| deed.result != DeedResult::Done).collect();
    let named: Vec<&str> = failed.iter().map(|deed| deed.id.as_str()).collect();
    assert_eq!(named, [missing.as_str(), stranger], "{failed:?}");
    assert!(failed.iter().all(|deed| deed.result == DeedResult::Failed));
    assert!(failed[0].message.as_deref().is_some_and(|why| why.contains("answers 500")), "{failed:?}");
    assert!(failed[1].message.as_deref().is_some_and(|why| why.contains("no insight")), "{failed:?}");
    assert_eq!(work.deeds().len(), 5_000);
    {
        let world = model(&lab).world();
        assert_eq!(world.exemptions.len(), 4_998, "none doubled");
        let resources: BTreeSet<&str> = world.exemptions.iter().map(|one| one.resource_id.as_str()).collect();
        assert_eq!(resources.len(), 4_998);
        let one = &world.exemptions[0];
        assert_eq!(one.approver.as_deref(), Some("ops@example.org"));
        assert_eq!(one.notes.as_deref(), Some("ticket 12"));
        let end = cspm_core::Timestamp::parse("2999-04-01T00:00:00Z").expect("a time").as_millis();
        assert_eq!(one.end, Some(end), "the last day is included");
    }
    let exempted =
        lab.findings(&FindingQuery { suppressed: SuppressedFilter::Only, ..FindingQuery::default() }).await;
    assert_eq!(exempted.items.len(), 4_998);
    let open = lab.findings(&FindingQuery::default()).await;
    assert!(open.items.is_empty());
}

#[tokio::test(start_paused = true)]
async fn suppressed_again_is_unchanged_and_lifted_is_open() {
    let lab = Lab::sized(Kind::InsightCloudSec, 250);
    let ids: Vec<String> = truth::ids(&lab).into_iter().collect();
    let store = lab.vendor.suppressions().expect("exemptions");
    let run = async |wish: Wish| {
        let mut work = Suppressing::new(store, wish, ids.clone()).expect("expressible");
        work.run().await;
        let mut results: Vec<DeedResult> = work.deeds().iter().map(|deed| deed.result).collect();
        results.dedup();
        results
    };
    let only = |result: DeedResult| vec![result];
    assert_eq!(run(Wish::Suppress(order())).await, only(DeedResult::Done));
    let sent = writes(&lab).len();
    assert_eq!(run(Wish::Suppress(order())).await, only(DeedResult::Unchanged));
    assert_eq!(writes(&lab).len(), sent);
    let sooner = SuppressionOrder { until: End::parse("2998-01-01").expect("a date"), ..order() };
    assert_eq!(run(Wish::Suppress(sooner)).await, only(DeedResult::Done));
    assert_eq!(model(&lab).world().exemptions.len(), 250, "one for the other");
    // The answer to one of the deletions is lost.
    lab.simulator.faults().on(Match::post(DELETE), Which::Nth(1), Fault::ResetBeforeAnswer);
    let deletions = lab.count(&Match::post(DELETE));
    assert_eq!(run(Wish::Lift).await, only(DeedResult::Done));
    assert_eq!(lab.count(&Match::post(DELETE)), deletions + 3, "none sent twice");
    assert!(model(&lab).world().exemptions.is_empty());
    assert_eq!(run(Wish::Lift).await, only(DeedResult::Unchanged));
    let open = lab.findings(&FindingQuery::default()).await;
    assert_eq!(open.items.len(), 250);
}

/// Moves the user behind the connection to another organization, as another session of that user would.
fn switch(lab: &Lab, organization: i64) {
    model(lab).edit(|world| {
        assert!(
            world.organizations.iter().any(|one| one.id == organization),
            "there is such an organization"
        );
        for user in world.users.iter_mut().filter(|user| user.username == insightcloudsec::DEMO_USERNAME) {
            user.organization = organization;
        }
    });
}

#[tokio::test(start_paused = true)]
async fn an_organization_that_was_switched_behind_our_back_is_not_written_into() {
    let lab = lab();
    let id = own_pack(&model(&lab).world());
    let is = policies(&lab).get(&id).await.expect("the pack").value;
    let (finding, bot) = {
        let world = model(&lab).world();
        let bot = world.bots.iter().find(|bot| bot.organization == 1).expect("a bot").resource_id();
        (truth::ids(&lab).into_iter().next().expect("a finding"), bot)
    };
    switch(&lab, 2);
    let refused = |error: cspm_core::Error| {
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains("nothing was sent"), "{error}");
    };
    let renamed = Policy { name: "Renamed".to_owned(), ..is.clone() };
    refused(policies(&lab).replace(&renamed).await.expect_err("another organization"));
    refused(policies(&lab).create(&renamed).await.expect_err("another organization"));
    refused(policies(&lab).delete(&id).await.expect_err("another organization"));
    refused(lab.vendor.automations().expect("bots").pause(&bot).await.expect_err("another organization"));
    refused(
        lab.vendor
            .custom_rules()
            .expect("insights")
            .delete("custom:1")
            .await
            .expect_err("another organization"),
    );
    let store = lab.vendor.suppressions().expect("exemptions");
    let mut work = Suppressing::new(store, Wish::Suppress(order()), [finding]).expect("expressible");
    work.run().await;
    assert_eq!(work.deeds()[0].result, DeedResult::Failed);
    assert!(writes(&lab).is_empty(), "{:?}", writes(&lab));
    switch(&lab, 1);
    policies(&lab).replace(&renamed).await.expect("back where it began");
    assert_eq!(writes(&lab).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_configured_organization_is_held_to() {
    for (name, is_right) in [("by name", true), ("2", false)] {
        let installation = Installation::demo(Kind::InsightCloudSec);
        let Installation::InsightCloudSec(world, _) = &installation else { unreachable!() };
        let (id, mine) = (own_pack(world), world.organizations[0].name.clone());
        let organization = if is_right { mine } else { name.to_owned() };
        let lab = Setup { organization: Some(organization), ..Setup::new(installation) }.start();
        let deleted = delete_policy(policies(&lab), &id).await;
        assert_eq!(deleted.is_ok(), is_right, "{deleted:?}");
        assert_eq!(writes(&lab).len(), usize::from(is_right));
    }
}

#[tokio::test(start_paused = true)]
async fn custom_insights_are_created_edited_and_deleted() {
    let lab = lab();
    let store = lab.vendor.custom_rules().expect("insights");
    let own = {
        let world = model(&lab).world();
        let own = |one: &&insightcloudsec::world::Insight| {
            one.id.source == Source::Custom && one.organization == Some(1)
        };
        world.insights.iter().find(own).expect("a custom insight").id.to_string()
    };
    let draft = store.get(&own).await.expect("the insight");
    let id = store.create(&draft).await.expect("created").value;
    assert_eq!(store.get(&id).await.expect("the copy"), draft);
    let mut edited = draft.clone();
    edited.title = "Edited".to_owned();
    edited.severity = "5".to_owned();
    store.replace(&id, &edited).await.expect("edited");
    assert_eq!(store.get(&id).await.expect("the copy"), edited);
    store.delete(&id).await.expect("deleted");
    assert_eq!(store.get(&id).await.expect_err("gone").kind(), ErrorKind::NotFound);
    let key: SourcedId = own.parse().expect("an id");
    assert!(model(&lab).world().insight(key).is_some(), "the original is untouched");
    assert_eq!(writes(&lab).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn bots_are_listed_paused_and_resumed() {
    let lab = lab();
    let store = lab.vendor.automations().expect("bots");
    let due: BTreeSet<String> = {
        let world = model(&lab).world();
        let listed = world.bots.iter().filter(|bot| bot.organization == 1 && bot.state != "ARCHIVED");
        listed.map(insightcloudsec::world::Bot::resource_id).collect()
    };
    let listed = gather(store.listing(), AutomationQuery).await;
    assert!(listed.shortfall().is_none(), "{:?}", listed.shortfall());
    assert_eq!(listed.items.iter().map(|bot| bot.id.clone()).collect::<BTreeSet<_>>(), due);
    let id = due.first().expect("a bot");
    let state = || {
        let world = model(&lab).world();
        world.bots.iter().find(|bot| bot.resource_id() == *id).expect("the bot").state.clone()
    };
    store.pause(id).await.expect("paused");
    assert_eq!(state(), "PAUSED");
    store.resume(id).await.expect("resumed");
    assert_eq!(state(), "RUNNING");
    assert_eq!(writes(&lab).len(), 2);
}
