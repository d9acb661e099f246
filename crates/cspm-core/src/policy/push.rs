//! Carrying changes out: write once, read back, compare. For all vendors alike.

use serde::Serialize;

use super::{
    AccountRules, Application, Noted, Policy, PolicyChanges, PolicyStore, PushMode, RuleChange, after_apply,
    plan_push, rule_changes,
};
use crate::{Error, Notice, Result, gather};

/// What became of a push.
#[derive(Clone, Debug, PartialEq)]
pub enum PushOutcome {
    /// There was nothing to change; nothing was written.
    Unchanged,
    /// What was read back is what was written.
    Done,
    /// What was read back is not what was written: this would turn it into that.
    Different(Box<PolicyChanges>),
    /// Somebody changed the policy since the changes were computed. Nothing was written; this is the policy now.
    Moved(Box<Policy>),
    /// Nobody knows: the answer was lost, and reading back did not tell.
    Unknown(Error),
}

/// A push that was carried out, or found to be needless, or refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Pushed {
    /// The policy's id; of a created one the new one.
    pub id: Option<String>,
    /// What became of it.
    pub outcome: PushOutcome,
    /// Warnings of the vendor.
    pub notices: Vec<Notice>,
}

/// Carries out changes: looks whether the policy is still as it was, writes, reads back and compares.
///
/// A write whose answer is lost is never sent again: reading back tells what became of it. Between the last look and the
/// write somebody else's change can still slip in; no vendor here offers a conditional write. Where it leaves a trace, the
/// comparison shows it.
///
/// # Errors
/// If the vendor refused the write, or it surely was not carried out.
pub async fn push(store: &dyn PolicyStore, changes: &PolicyChanges) -> Result<Pushed> {
    let mut pushed = Pushed { id: changes.id.clone(), outcome: PushOutcome::Unchanged, notices: Vec::new() };
    if changes.is_empty() {
        return Ok(pushed);
    }
    let written = match &changes.before {
        None => create(store, changes, &mut pushed).await?,
        Some(before) => {
            let now = store.get(id_of(before)?).await?.value;
            if !is_same(before, &now) {
                pushed.outcome = PushOutcome::Moved(Box::new(now));
                return Ok(pushed);
            }
            let written = match changes.mode {
                PushMode::Merge => store.merge(&changes.named(), &changes.after).await,
                PushMode::Replace => store.replace(&changes.after).await,
            };
            sure(written.map(|noted| pushed.notices.extend(noted.notices)))?
        }
    };
    let Some(id) = pushed.id.clone() else {
        let error = written.unwrap_or_else(|| Error::bug("a policy was created and has no id"));
        pushed.outcome = PushOutcome::Unknown(error);
        return Ok(pushed);
    };
    pushed.outcome = match (store.get(&id).await, written) {
        (Ok(now), doubt) => {
            let unwritten = changes.before.as_ref().is_some_and(|before| is_same(before, &now.value));
            let left = plan_push(Some(&now.value), &changes.after, PushMode::Replace);
            match doubt {
                _ if left.is_empty() => PushOutcome::Done,
                Some(error) if unwritten => return Err(error.with_hint("read back: nothing was changed")),
                _ => PushOutcome::Different(Box::new(left)),
            }
        }
        (Err(error), doubt) => {
            PushOutcome::Unknown(doubt.unwrap_or(error).with_hint("what became of it could not be read back"))
        }
    };
    Ok(pushed)
}

/// Creates the policy. A lost answer is looked for among the policies of that name that were not there before.
async fn create(
    store: &dyn PolicyStore,
    changes: &PolicyChanges,
    pushed: &mut Pushed,
) -> Result<Option<Error>> {
    let name = &changes.after.name;
    let before = ids_called(store, name).await?;
    match store.create(&changes.after).await {
        Ok(created) => {
            pushed.notices.extend(created.notices);
            pushed.id = Some(created.value);
            Ok(None)
        }
        Err(error) if error.is_uncertain() => {
            let after = ids_called(store, name).await.unwrap_or_default();
            let new: Vec<String> = after.into_iter().filter(|id| !before.contains(id)).collect();
            match <[String; 1]>::try_from(new) {
                Ok([id]) => {
                    pushed.id = Some(id);
                    Ok(Some(error))
                }
                Err(_) => Ok(Some(error.with_hint("look for the policy with `cspm policies list`"))),
            }
        }
        Err(error) => Err(error),
    }
}

async fn ids_called(store: &dyn PolicyStore, name: &str) -> Result<Vec<String>> {
    let listed = gather(store.listing(), super::PolicyQuery).await;
    match listed.shortfall() {
        Some(error) => Err(error.clone()),
        None => Ok(listed
            .items
            .into_iter()
            .filter(|entry| entry.name.as_deref() == Some(name))
            .map(|entry| entry.id)
            .collect()),
    }
}

/// An error that leaves open whether the write was carried out is kept; any other ends the push.
fn sure(written: Result<()>) -> Result<Option<Error>> {
    match written {
        Ok(()) => Ok(None),
        Err(error) if error.is_uncertain() => Ok(Some(error)),
        Err(error) => Err(error),
    }
}

fn id_of(policy: &Policy) -> Result<&str> {
    policy.id.as_deref().ok_or_else(|| Error::bug("a policy that was read has no id"))
}

fn is_same(one: &Policy, other: &Policy) -> bool {
    plan_push(Some(one), other, PushMode::Replace).is_empty()
        && one.description.is_some() == other.description.is_some()
}

/// Deletes a policy, and looks whether it is gone where the answer was lost.
///
/// # Errors
/// If it is still there, or nobody knows ([`Error::is_uncertain`]).
pub async fn delete_policy(store: &dyn PolicyStore, id: &str) -> Result<()> {
    let Err(error) = store.delete(id).await else { return Ok(()) };
    if !error.is_uncertain() {
        return Err(error);
    }
    let listed = gather(store.listing(), super::PolicyQuery).await;
    match listed.shortfall() {
        Some(_) => Err(error.with_hint("whether it was deleted could not be read back")),
        None if listed.items.iter().any(|entry| entry.id == id) => {
            Err(error.certain().with_hint("read back: it is still there"))
        }
        None => Ok(()),
    }
}

/// What became of an application, for one account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AppliedTo {
    /// The account.
    pub account: String,
    /// What became of it.
    #[serde(flatten)]
    pub applied: Applied,
}

/// What became of an application.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "result", rename_all = "lowercase")]
pub enum Applied {
    /// The vendor took the order; it carries it out in the background and does not say when.
    Sent,
    /// The account's rules are as they should become.
    Done,
    /// Nobody knows.
    Unknown {
        /// Why.
        error: Error,
    },
}

/// Applies a policy to accounts. Where the answer is lost, each account's rules tell whether it happened; where they do not
/// (yet), nobody knows.
///
/// # Errors
/// If the vendor refused, or it surely was not sent.
pub async fn apply_policy(
    store: &dyn PolicyStore,
    accounts: Option<&dyn AccountRules>,
    application: &Application,
) -> Result<Noted<Vec<AppliedTo>>> {
    let to = |account: &String, applied| AppliedTo { account: account.clone(), applied };
    let error = match store.apply(application).await {
        Ok(sent) => {
            return Ok(sent
                .map(|()| application.accounts.iter().map(|account| to(account, Applied::Sent)).collect()));
        }
        Err(error) if error.is_uncertain() => error,
        Err(error) => return Err(error),
    };
    let mut all = Vec::new();
    let policy = store.get(&application.policy).await;
    for account in &application.accounts {
        let is_done = match (&policy, accounts) {
            (Ok(policy), Some(accounts)) => accounts.get(account).await.is_ok_and(|now| {
                let (now, policy) = (now.value, &policy.value.rules);
                let after = after_apply(&now, policy, application.mode, application.keep_exceptions);
                rule_changes(&now, &after).is_empty()
            }),
            _ => false,
        };
        all.push(to(
            account,
            if is_done { Applied::Done } else { Applied::Unknown { error: error.clone() } },
        ));
    }
    Ok(Noted::plain(all))
}

/// What each of an account's rules would become, without a write.
///
/// # Errors
/// If policy or account cannot be read.
pub async fn preview_application(
    store: &dyn PolicyStore,
    accounts: &dyn AccountRules,
    application: &Application,
) -> Result<Vec<(String, Result<Vec<RuleChange>>)>> {
    let policy = store.get(&application.policy).await?.value.rules;
    let mut previews = Vec::new();
    for account in &application.accounts {
        let changes = accounts.get(account).await.map(|now| {
            let after = after_apply(&now.value, &policy, application.mode, application.keep_exceptions);
            rule_changes(&now.value, &after)
        });
        previews.push((account.clone(), changes));
    }
    Ok(previews)
}
