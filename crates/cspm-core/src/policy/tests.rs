//! Planning, applying and pushing, against a store in memory that can lose answers.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use proptest::prelude::*;

use super::*;
use crate::{Cursor, Error, ErrorKind, Plan, PolicyQuery, Result, Scope, Source, Step};

fn setting(enabled: bool, severity: &str) -> RuleSetting {
    RuleSetting { enabled: Some(enabled), severity: Some(severity.to_owned()), ..RuleSetting::default() }
}

fn policy(id: Option<&str>, rules: &[(&str, RuleSetting)]) -> Policy {
    Policy {
        id: id.map(str::to_owned),
        name: "Baseline".to_owned(),
        rules: rules.iter().map(|(id, setting)| ((*id).to_owned(), setting.clone())).collect(),
        ..Policy::default()
    }
}

/// What happens to the next writes.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Well,
    /// Carried out, and the answer is lost.
    LostAfter,
    /// Not carried out, and the answer is lost.
    LostBefore,
    /// Carried out otherwise than asked.
    Bent,
    Refused,
}

struct Store {
    policies: Mutex<Vec<Policy>>,
    fate: Fate,
    writes: AtomicUsize,
    is_deaf_after_write: bool,
}

impl Store {
    fn new(policies: Vec<Policy>, fate: Fate) -> Self {
        Self { policies: Mutex::new(policies), fate, writes: AtomicUsize::new(0), is_deaf_after_write: false }
    }

    fn writes(&self) -> usize {
        self.writes.load(Ordering::Relaxed)
    }

    fn write(&self, change: impl FnOnce(&mut Vec<Policy>)) -> Result<()> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        let lost = || Error::new(ErrorKind::Timeout, "no answer in time").uncertain();
        let mut policies = self.policies.lock().unwrap();
        match self.fate {
            Fate::Refused => return Err(Error::new(ErrorKind::Permission, "you may not")),
            Fate::LostBefore => return Err(lost()),
            _ => change(&mut policies),
        }
        if self.fate == Fate::Bent {
            for policy in policies.iter_mut() {
                policy.rules.remove("b");
            }
        }
        if self.fate == Fate::LostAfter { Err(lost()) } else { Ok(()) }
    }
}

#[async_trait]
impl Source<PolicyEntry> for Store {
    async fn plan(&self, _query: &PolicyQuery) -> Result<Plan> {
        Ok(Plan::of(vec![Scope::labelled("listing", "policies")]))
    }

    async fn step(&self, _query: &PolicyQuery, _scope: &Scope, _at: &Cursor) -> Result<Step<PolicyEntry>> {
        let origin = Origin::new("c", "v");
        let policies = self.policies.lock().unwrap();
        let entries = policies.iter().map(|policy| PolicyEntry {
            name: Some(policy.name.clone()),
            ..PolicyEntry::new(&origin, policy.id.clone().unwrap(), PolicyKind::Custom)
        });
        Ok(Step::done(entries.collect()))
    }
}

#[async_trait]
impl PolicyStore for Store {
    fn listing(&self) -> &dyn Source<PolicyEntry> {
        self
    }

    async fn get(&self, id: &str) -> Result<Noted<Policy>> {
        if self.is_deaf_after_write && self.writes() > 0 {
            return Err(Error::new(ErrorKind::Network, "gone"));
        }
        let policies = self.policies.lock().unwrap();
        let found = policies.iter().find(|policy| policy.id.as_deref() == Some(id));
        found.cloned().map(Noted::plain).ok_or_else(|| Error::new(ErrorKind::NotFound, "no such policy"))
    }

    async fn prepare(&self, wanted: &Policy) -> Result<Noted<Policy>> {
        Ok(Noted::plain(wanted.clone()))
    }

    async fn create(&self, policy: &Policy) -> Result<Noted<String>> {
        self.write(|policies| policies.push(Policy { id: Some("new".to_owned()), ..policy.clone() }))?;
        Ok(Noted::plain("new".to_owned()))
    }

    async fn replace(&self, policy: &Policy) -> Result<Noted<()>> {
        self.write(|policies| {
            policies.retain(|present| present.id != policy.id);
            policies.push(policy.clone());
        })
        .map(Noted::plain)
    }

    async fn merge(&self, named: &Policy, _whole: &Policy) -> Result<Noted<()>> {
        self.write(|policies| {
            for policy in policies.iter_mut().filter(|policy| policy.id == named.id) {
                policy.name.clone_from(&named.name);
                policy.rules.extend(named.rules.clone());
            }
        })
        .map(Noted::plain)
    }

    async fn delete(&self, id: &str) -> Result<()> {
        self.write(|policies| policies.retain(|policy| policy.id.as_deref() != Some(id)))
    }

    async fn apply(&self, _application: &Application) -> Result<Noted<()>> {
        self.write(|_| ()).map(Noted::plain)
    }
}

fn present() -> Policy {
    policy(Some("p"), &[("a", setting(true, "LOW")), ("b", setting(true, "HIGH"))])
}

fn wanted() -> Policy {
    policy(Some("p"), &[("b", setting(false, "HIGH")), ("c", setting(true, "LOW"))])
}

#[test]
fn merge_keeps_rules_that_are_not_named_and_replace_removes_them() {
    let merged = plan_push(Some(&present()), &wanted(), PushMode::Merge);
    assert_eq!(merged.after.rules.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
    let rules: Vec<&str> = merged.rules.iter().map(RuleChange::rule).collect();
    assert_eq!(rules, ["b", "c"]);
    assert_eq!(merged.named().rules, wanted().rules);
    let replaced = plan_push(Some(&present()), &wanted(), PushMode::Replace);
    assert_eq!(replaced.after.rules, wanted().rules);
    assert_eq!(replaced.rules[0], RuleChange::Removed { rule: "a".to_owned(), old: setting(true, "LOW") });
    let json = serde_json::to_value(&replaced.rules[1]).unwrap();
    assert_eq!(json["change"], "changed");
    assert_eq!((&json["old"]["enabled"], &json["new"]["enabled"]), (&true.into(), &false.into()));
}

#[test]
fn order_and_a_provider_left_out_make_no_difference() {
    let verbatim = |json: &str| Verbatim::parse(json).unwrap();
    let mut one = setting(true, "LOW");
    one.exceptions.tags = vec!["x".to_owned(), "y".to_owned()];
    one.settings = vec![verbatim("{\"name\":\"ttl\",\"value\":1}"), verbatim("2")];
    let mut other = one.clone();
    other.provider = Some("aws".to_owned());
    other.exceptions.tags.reverse();
    other.settings = vec![verbatim("2"), verbatim("{\"value\":1,\"name\":\"ttl\"}")];
    assert!(one.means(&other));
    let is = policy(Some("p"), &[("a", other)]);
    let changes = plan_push(Some(&is), &policy(Some("p"), &[("a", one)]), PushMode::Replace);
    assert!(changes.is_empty(), "{changes:?}");
    assert_eq!(changes.after.rules["a"].provider.as_deref(), Some("aws"), "what goes with the rule is kept");
}

#[tokio::test]
async fn w10_nothing_to_change_sends_no_write() {
    let store = Store::new(vec![present()], Fate::Well);
    let changes = plan_push(Some(&present()), &present(), PushMode::Replace);
    let pushed = push(&store, &changes).await.unwrap();
    assert_eq!((pushed.outcome, store.writes()), (PushOutcome::Unchanged, 0));
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    for mode in [PushMode::Merge, PushMode::Replace] {
        let store = Store::new(vec![present()], Fate::Well);
        let changes = plan_push(Some(&present()), &wanted(), mode);
        assert_eq!(push(&store, &changes).await.unwrap().outcome, PushOutcome::Done);
        assert_eq!(store.get("p").await.unwrap().value.rules, changes.after.rules);
        assert_eq!(store.writes(), 1);
    }
}

#[tokio::test]
async fn w01_a_difference_read_back_is_told() {
    let store = Store::new(vec![present()], Fate::Bent);
    let changes = plan_push(Some(&present()), &wanted(), PushMode::Merge);
    let PushOutcome::Different(left) = push(&store, &changes).await.unwrap().outcome else { panic!() };
    assert_eq!(left.rules, [RuleChange::Added { rule: "b".to_owned(), new: setting(false, "HIGH") }]);
}

#[tokio::test]
async fn w02_a_lost_answer_is_read_back_and_never_written_again() {
    let changes = plan_push(Some(&present()), &wanted(), PushMode::Replace);
    let store = Store::new(vec![present()], Fate::LostAfter);
    assert_eq!(push(&store, &changes).await.unwrap().outcome, PushOutcome::Done);
    assert_eq!(store.writes(), 1);

    let store = Store::new(vec![present()], Fate::LostBefore);
    let error = push(&store, &changes).await.unwrap_err();
    assert!(error.to_string().contains("nothing was changed"), "{error}");
    assert_eq!(store.writes(), 1);

    let store = Store { is_deaf_after_write: true, ..Store::new(vec![present()], Fate::LostAfter) };
    assert!(matches!(push(&store, &changes).await.unwrap().outcome, PushOutcome::Unknown(_)));
    assert_eq!(store.writes(), 1);
}

#[tokio::test]
async fn w02_a_created_policy_whose_answer_is_lost_is_found_by_its_name() {
    let changes = plan_push(None, &Policy { id: None, ..wanted() }, PushMode::Merge);
    assert!(!changes.is_empty());
    let twin = Policy { id: Some("older".to_owned()), ..wanted() };
    let store = Store::new(vec![twin.clone()], Fate::LostAfter);
    let pushed = push(&store, &changes).await.unwrap();
    assert_eq!((pushed.id.as_deref(), pushed.outcome), (Some("new"), PushOutcome::Done));

    let store = Store::new(vec![twin], Fate::LostBefore);
    let pushed = push(&store, &changes).await.unwrap();
    assert!(matches!(pushed.outcome, PushOutcome::Unknown(_)), "{pushed:?}");
    assert_eq!((pushed.id, store.writes()), (None, 1));
}

#[tokio::test]
async fn w04_somebody_elses_change_stops_the_push() {
    let store = Store::new(vec![present()], Fate::Well);
    let changes = plan_push(Some(&present()), &wanted(), PushMode::Replace);
    store.policies.lock().unwrap()[0].rules.insert("z".to_owned(), setting(true, "LOW"));
    let PushOutcome::Moved(now) = push(&store, &changes).await.unwrap().outcome else { panic!() };
    assert!(now.rules.contains_key("z"));
    assert_eq!(store.writes(), 0);
}

#[tokio::test]
async fn a_refusal_is_an_error() {
    let store = Store::new(vec![present()], Fate::Refused);
    let changes = plan_push(Some(&present()), &wanted(), PushMode::Merge);
    assert_eq!(push(&store, &changes).await.unwrap_err().kind(), ErrorKind::Permission);
}

#[tokio::test]
async fn a_deletion_whose_answer_is_lost_is_looked_for() {
    assert!(delete_policy(&Store::new(vec![present()], Fate::LostAfter), "p").await.is_ok());
    let error = delete_policy(&Store::new(vec![present()], Fate::LostBefore), "p").await.unwrap_err();
    assert!(error.to_string().contains("still there") && !error.is_uncertain(), "{error}");
}

fn settings() -> impl Strategy<Value = RuleSettings> {
    let tags = proptest::collection::vec("[a-c]", 0..3);
    let setting =
        (any::<bool>(), prop_oneof!["LOW", "HIGH"], tags).prop_map(|(enabled, severity, tags)| RuleSetting {
            exceptions: Exceptions { tags, ..Exceptions::default() },
            ..setting(enabled, &severity)
        });
    proptest::collection::btree_map("[a-e]", setting, 0..5)
}

proptest! {
    #[test]
    fn a_plan_turns_what_is_into_what_should_be(is in settings(), should in settings()) {
        let is = Policy { id: Some("p".to_owned()), rules: is, ..Policy::default() };
        let should = Policy { rules: should, ..is.clone() };
        for mode in [PushMode::Merge, PushMode::Replace] {
            let changes = plan_push(Some(&is), &should, mode);
            let mut made = is.clone();
            for change in &changes.rules {
                match change {
                    RuleChange::Added { rule, new } => {
                        prop_assert!(made.rules.insert(rule.clone(), new.clone()).is_none());
                    }
                    RuleChange::Changed { rule, old, new } => {
                        prop_assert_eq!(made.rules.insert(rule.clone(), new.clone()), Some(old.clone()));
                    }
                    RuleChange::Removed { rule, old } => {
                        prop_assert_eq!(made.rules.remove(rule), Some(old.clone()));
                        prop_assert_eq!(mode, PushMode::Replace);
                    }
                }
            }
            prop_assert!(rule_changes(&made.rules, &changes.after.rules).is_empty());
            prop_assert!(plan_push(Some(&changes.after), &should, mode).is_empty(), "a second push changes nothing");
        }
    }

    #[test]
    fn applying_keeps_what_each_mode_promises(account in settings(), policy in settings(), keep: bool) {
        let filled = after_apply(&account, &policy, ApplyMode::FillGaps, false);
        prop_assert!(account.iter().all(|(rule, setting)| filled.get(rule) == Some(setting)));
        prop_assert!(policy.keys().all(|rule| filled.contains_key(rule)));
        prop_assert_eq!(&after_apply(&account, &policy, ApplyMode::Replace, false), &policy);
        let over = after_apply(&account, &policy, ApplyMode::Overwrite, keep);
        for (rule, setting) in &policy {
            prop_assert_eq!(over[rule].enabled, setting.enabled);
            let exceptions = match account.get(rule) {
                Some(present) if keep => &present.exceptions,
                _ => &setting.exceptions,
            };
            prop_assert_eq!(&over[rule].exceptions, exceptions);
        }
    }
}
