//! Anything a vendor may answer to anything a connection can be asked.
//!
//! An input is a byte that chooses the [`DOOR`](DOORS), the id of what is asked about, and answers, each with or without its
//! status, with [`SEPARATOR`] in between. One door leads to the decoders without a connection.

use std::fmt::Write as _;
use std::sync::Arc;

use cspm::Fleet;
use cspm_core::{
    Application, ApplyMode, AutomationQuery, End, Error, Finding, FindingQuery, Policy, PushMode,
    RuleSetting, Severity, SharedVendor, Suppressing, SuppressionKind, SuppressionOrder, SuppressionQuery,
    Timestamp, Vendor, Wish, apply_policy, delete_policy, gather, plan_policy, preview_application, push,
};
use futures_util::StreamExt;
use tokio::time::Instant;

use super::script::{SEPARATOR, Script, Scripted};
use super::{SECRET, assert_harmless, decoders, timeless};
use crate::lab::attach;
use crate::outcome::{Printable, assert_once, check};
use crate::secrets::holds;
use crate::{Kind, Outcome, assert_absent, everything};

/// What can be asked. The first byte of an input chooses, by its remainder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Decoders,
    Findings,
    Narrowed,
    Accounts,
    Rules,
    Policies,
    Policy,
    Merge,
    Replace,
    Create,
    Delete,
    Apply,
    AccountRules,
    Suppressions,
    Suppress,
    Lift,
    CustomRule,
    Automations,
    Diagnosis,
}

pub(crate) const DOORS: [Door; 19] = [
    Door::Decoders,
    Door::Findings,
    Door::Narrowed,
    Door::Accounts,
    Door::Rules,
    Door::Policies,
    Door::Policy,
    Door::Merge,
    Door::Replace,
    Door::Create,
    Door::Delete,
    Door::Apply,
    Door::AccountRules,
    Door::Suppressions,
    Door::Suppress,
    Door::Lift,
    Door::CustomRule,
    Door::Automations,
    Door::Diagnosis,
];

/// From this number on, InsightCloudSec is asked in the name of a user who has to log in first. The first door again.
pub(super) const LOGGED_IN: u8 = 133;

/// A run that takes more requests than its script has bytes, and this many, follows no script.
const REQUESTS: u64 = 200;

pub(super) fn answered(kind: Kind, bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let door = DOORS[usize::from(*first) % DOORS.len()];
    if door == Door::Decoders {
        // There is no id; the separator may be there all the same.
        decoders::read(kind, rest.strip_prefix(&[SEPARATOR]).unwrap_or(rest));
        return;
    }
    let mut parts = rest.split(|byte| *byte == SEPARATOR);
    let id = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    // What the caller itself brings may come out again.
    if holds(&id, SECRET) {
        return;
    }
    let script = Arc::new(Script::new(parts.map(Scripted::read)));
    timeless(async {
        let login = (*first >= LOGGED_IN).then_some("ops");
        let vendor = attach(kind, login, SECRET, script.clone());
        ask(door, &id, &vendor, &script).await;
    });
    script.assert_none_astray();
    assert!(script.requests() <= REQUESTS + bytes.len() as u64, "{} requests", script.requests());
}

/// Asks, and holds what comes out to what must hold of it.
pub(crate) async fn ask(door: Door, id: &str, vendor: &SharedVendor, script: &dyn Counting) {
    let fleet = Fleet::new().with(vendor.clone());
    let mut said = Said::default();
    match door {
        Door::Decoders => {}
        Door::Findings => {
            let query = FindingQuery { raw: true, ..everything() };
            let outcome = listed(fleet.findings(&query), script).await;
            outcome.iter().flat_map(|outcome| &outcome.items).take(3).for_each(assert_mappable);
        }
        Door::Narrowed => {
            let query = FindingQuery {
                min_severity: Some(Severity::Medium),
                accounts: vec![id.to_owned()],
                standards: vec!["CIS".to_owned(), "AWAF".to_owned()],
                changed_since: Timestamp::from_millis(1_700_000_000_000),
                ..FindingQuery::default()
            };
            listed(fleet.findings(&query), script).await;
        }
        Door::Accounts => drop(listed(fleet.accounts(), script).await),
        Door::Rules => drop(listed(fleet.rules(), script).await),
        Door::Policies => drop(listed(fleet.policies(), script).await),
        Door::Policy => {
            if let Some(store) = vendor.policies() {
                said.either(store.get(id).await);
            }
        }
        Door::Merge => pushed(&mut said, &**vendor, Some(id), PushMode::Merge).await,
        Door::Replace => pushed(&mut said, &**vendor, Some(id), PushMode::Replace).await,
        Door::Create => pushed(&mut said, &**vendor, None, PushMode::Merge).await,
        Door::Delete => {
            if let Some(store) = vendor.policies() {
                said.either(delete_policy(store, id).await);
            }
        }
        Door::Apply => applied(&mut said, &**vendor, id).await,
        Door::AccountRules => {
            if let Some(rules) = vendor.account_rules() {
                match rules.get(id).await {
                    Ok(found) => said.either(rules.set(id, &found.value, Some("as it was")).await),
                    Err(error) => said.error(&error),
                }
            }
        }
        Door::Suppressions => {
            if let Some(store) = vendor.suppressions() {
                let gathered = gather(store.listing(), SuppressionQuery).await;
                gathered.error.iter().for_each(|error| said.error(error));
                said.value(&gathered.items);
            }
        }
        Door::Suppress => {
            let order = SuppressionOrder {
                reason: "ticket 12".to_owned(),
                until: End::parse("2031-12-31").expect("a day"),
                kind: SuppressionKind::default(),
            };
            suppressed(&mut said, &**vendor, Wish::Suppress(order), id).await;
        }
        Door::Lift => suppressed(&mut said, &**vendor, Wish::Lift, id).await,
        Door::CustomRule => {
            if let Some(store) = vendor.custom_rules() {
                match store.get(id).await {
                    Ok(draft) => {
                        said.either(store.create(&draft).await);
                        said.either(store.replace(id, &draft).await);
                    }
                    Err(error) => said.error(&error),
                }
                said.either(store.delete(id).await);
            }
        }
        Door::Automations => {
            if let Some(store) = vendor.automations() {
                let gathered = gather(store.listing(), AutomationQuery).await;
                gathered.error.iter().for_each(|error| said.error(error));
                said.value(&gathered.items);
                said.either(store.pause(id).await);
                said.either(store.resume(id).await);
            }
        }
        Door::Diagnosis => said.value(&vendor.diagnose().await),
    }
    assert_absent(&[SECRET.to_owned()], "what came out", &said.0);
}

/// A server that counts requests.
pub(crate) trait Counting {
    fn count(&self) -> u64;
}

impl Counting for Arc<Script> {
    fn count(&self) -> u64 {
        self.requests()
    }
}

async fn listed<T: Printable>(
    run: cspm_core::Result<cspm::Run<T>>,
    script: &dyn Counting,
) -> Option<Outcome<T>> {
    let (before, started) = (script.count(), Instant::now());
    let mut run = match run {
        Ok(run) => run,
        Err(error) => {
            assert_sound(&error);
            return None;
        }
    };
    let mut items = Vec::new();
    while let Some(item) = run.next().await {
        items.push(item);
    }
    let outcome = Outcome { items, report: run.finish(), took: started.elapsed() };
    check(&outcome, script.count() - before, SECRET);
    // Conformity's findings come account by account. One of an account that nobody lists, in the answers about two others,
    // comes twice: it would be lost if each left it to the other.
    if *outcome.connection().vendor != *cspm_conformity::NAME || outcome.connection().scopes.len() < 2 {
        assert_once(&outcome.items);
    }
    outcome.errors().into_iter().for_each(assert_sound);
    outcome.connection().notices.iter().for_each(|notice| assert_harmless("a notice", notice));
    Some(outcome)
}

async fn pushed(said: &mut Said, vendor: &dyn Vendor, id: Option<&str>, mode: PushMode) {
    let setting =
        RuleSetting { enabled: Some(true), severity: Some("HIGH".to_owned()), ..RuleSetting::default() };
    let wanted = Policy {
        id: id.map(str::to_owned),
        name: "baseline".to_owned(),
        rules: [("S3-016".to_owned(), setting), ("backoffice:5".to_owned(), RuleSetting::default())].into(),
        ..Policy::default()
    };
    match plan_policy(vendor, &wanted, mode).await {
        Ok(planned) => {
            if let Some(store) = vendor.policies() {
                said.either(push(store, &planned.value).await);
            }
        }
        Err(error) => said.error(&error),
    }
}

async fn applied(said: &mut Said, vendor: &dyn Vendor, id: &str) {
    let Some(store) = vendor.policies() else { return };
    let application = Application {
        policy: id.to_owned(),
        accounts: vec![id.to_owned(), "Qx7kP2mNz".to_owned()],
        mode: ApplyMode::FillGaps,
        keep_exceptions: true,
        note: Some("as agreed".to_owned()),
    };
    if let Some(accounts) = vendor.account_rules() {
        said.either(preview_application(store, accounts, &application).await);
    }
    said.either(apply_policy(store, vendor.account_rules(), &application).await);
}

async fn suppressed(said: &mut Said, vendor: &dyn Vendor, wish: Wish, id: &str) {
    let Some(store) = vendor.suppressions() else { return };
    let ids = id.split(' ').map(str::to_owned);
    match Suppressing::new(store, wish, ids) {
        Ok(mut suppressing) => {
            let asked = suppressing.deeds().len();
            suppressing.run().await;
            assert_eq!(suppressing.deeds().len(), asked, "each finding ends with one result");
            said.value(suppressing.deeds());
        }
        Err(error) => said.error(&error),
    }
}

/// Everything that a connection said.
#[derive(Default)]
struct Said(String);

impl Said {
    fn either<T: std::fmt::Debug>(&mut self, result: cspm_core::Result<T>) {
        match result {
            Ok(value) => self.value(&value),
            Err(error) => self.error(&error),
        }
    }

    fn value(&mut self, value: &(impl std::fmt::Debug + ?Sized)) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{value:?}");
    }

    fn error(&mut self, error: &Error) {
        assert_sound(error);
        self.value(error);
    }
}

/// An error is one harmless line, and tells of no panic that was caught.
pub(super) fn assert_sound(error: &Error) {
    let told = error.to_string();
    assert_harmless("an error", &told);
    assert!(!told.contains("a mistake of this program"), "an answer made something panic: {told}");
}

/// A finding becomes a valid event of the oldest and of the newest version.
pub(super) fn assert_mappable(finding: &Finding) {
    use cspm::ocsf::{Context, Version, Writer};
    let now = Timestamp::from_millis(1_700_000_000_000).expect("a time");
    for version in [Version::V1_1, Version::NEWEST] {
        let mut writer = Writer::new(Vec::new(), version);
        if let Err(error) = writer.write(finding, &Context::new("run", now)) {
            panic!("at {version:?} it is no valid event: {error:?}; {finding:?}");
        }
    }
}
