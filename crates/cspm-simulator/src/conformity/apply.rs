//! Applying a profile to accounts (section 7).

use serde_json::{Value, json};

use super::Call;
use super::check::Note;
use super::errors::{Answer, Refusal, ok};
use super::jobs::{Effect, Job};
use super::rule_setting::{RuleSetting, strings};
use super::world::{Account, World};

/// How a profile's settings meet an account's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplyMode {
    /// The account keeps what it has; missing rules come from the profile.
    FillGaps,
    /// The profile wins; the account's other rules stay.
    Overwrite,
    /// The account's settings are cleared first.
    Replace,
}

/// A profile on its way to accounts, as it was when it was applied.
#[derive(Clone, Debug)]
pub struct Application {
    /// The settings.
    pub settings: Vec<RuleSetting>,
    /// The accounts.
    pub accounts: Vec<String>,
    /// How they meet.
    pub mode: ApplyMode,
    /// Whether an account's exceptions survive [`ApplyMode::Overwrite`].
    pub keep_exceptions: bool,
    /// A remark for every setting that is written.
    pub note: Option<String>,
    /// Who applied it.
    pub by: String,
}

/// `POST /profiles/{id}/apply`: takes effect later, and there is no way to ask when.
pub(super) fn apply(call: &Call<'_>, world: &mut World, id: &str) -> Answer {
    call.user.is_admin()?;
    let profile = world.profile(id).ok_or(Refusal::Forbidden)?;
    let body = call.body()?;
    let meta = body.get("meta").and_then(Value::as_object);
    let meta = meta.ok_or_else(|| Refusal::invalid("/meta", "meta is required"))?;

    let accounts = meta.get("accountIds").and_then(strings).filter(|ids| !ids.is_empty());
    let accounts = accounts
        .ok_or_else(|| Refusal::invalid("/meta/accountIds", "accountIds must be a list of account ids"))?;
    for account in &accounts {
        call.user.may_write(world, account)?;
    }
    if meta.get("types").and_then(strings).is_none_or(|types| types != ["rule"]) {
        return Err(Refusal::invalid("/meta/types", "types must be [\"rule\"]"));
    }
    let mode = match meta.get("mode").and_then(Value::as_str) {
        Some("fill-gaps") => ApplyMode::FillGaps,
        Some("overwrite") => ApplyMode::Overwrite,
        Some("replace") => ApplyMode::Replace,
        _ => return Err(Refusal::invalid("/meta/mode", "mode must be fill-gaps, overwrite or replace")),
    };
    // Only an explicit false keeps them; true and nothing are the same (section 23, 19).
    let keep_exceptions = match meta.get("include").and_then(|include| include.get("exceptions")) {
        None | Some(Value::Null) => false,
        Some(Value::Bool(with_profiles)) => !with_profiles,
        Some(_) => {
            return Err(Refusal::invalid("/meta/include/exceptions", "exceptions must be a boolean"));
        }
    };
    let application = Application {
        settings: profile.rules.values().cloned().collect(),
        accounts,
        mode,
        keep_exceptions,
        note: meta.get("notes").and_then(Value::as_str).map(str::to_owned),
        by: call.user.id.clone(),
    };
    let due = call.now.saturating_add(call.options.apply_delay_ms);
    if due <= call.now {
        application.take_effect(world, call.now);
    } else {
        world.jobs.push(Job { due, effect: Effect::Apply(application) });
    }
    ok(&json!({"meta": {
        "status": "sent",
        "message": "Profile will be applied to the accounts in background",
    }}))
}

impl Application {
    /// Writes the settings into the accounts that are still there.
    pub(super) fn take_effect(self, world: &mut World, now: i64) {
        for id in &self.accounts {
            if let Some(account) = world.account_mut(id) {
                self.write(account, now);
            }
        }
    }

    fn write(&self, account: &mut Account, now: i64) {
        if self.mode == ApplyMode::Replace {
            account.rules.clear();
        }
        for setting in &self.settings {
            let mut setting = setting.clone();
            if let Some(present) = account.rules.get(&setting.id) {
                match self.mode {
                    ApplyMode::FillGaps => continue,
                    ApplyMode::Overwrite if self.keep_exceptions => {
                        setting.exceptions.clone_from(&present.exceptions);
                    }
                    ApplyMode::Overwrite | ApplyMode::Replace => {}
                }
            }
            if let Some(text) = &self.note {
                let note = Note { by: self.by.clone(), at: now, text: text.clone() };
                account.rule_notes.entry(setting.id.clone()).or_default().push(note);
            }
            account.rules.insert(setting.id.clone(), setting);
        }
    }
}
