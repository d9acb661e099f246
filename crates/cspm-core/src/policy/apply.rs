//! Applying a policy to accounts, and what each account's rules would become.

use serde::Serialize;

use super::RuleSettings;

/// How a policy's settings meet an account's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApplyMode {
    /// The account keeps what it has; rules that it has not set come from the policy.
    FillGaps,
    /// The policy wins where both set a rule; the account's other rules stay.
    Overwrite,
    /// The account's settings are cleared, then the policy's are written.
    Replace,
}

impl ApplyMode {
    /// The word of the command line, which is Conformity's.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FillGaps => "fill-gaps",
            Self::Overwrite => "overwrite",
            Self::Replace => "replace",
        }
    }
}

/// A policy to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// The policy's id.
    pub policy: String,
    /// The accounts, by the vendor's ids.
    pub accounts: Vec<String>,
    /// How settings meet.
    pub mode: ApplyMode,
    /// With [`ApplyMode::Overwrite`]: an account's exceptions survive. Otherwise the policy's (or none) replace them.
    pub keep_exceptions: bool,
    /// A remark for the vendor's records.
    pub note: Option<String>,
}

/// What an account's rules become when a policy is applied to it. Pure.
///
/// Source: Conformity wire document, section 7 (apply modes, `include.exceptions`).
#[must_use]
pub fn after_apply(
    account: &RuleSettings,
    policy: &RuleSettings,
    mode: ApplyMode,
    keep_exceptions: bool,
) -> RuleSettings {
    let mut after = match mode {
        ApplyMode::Replace => RuleSettings::new(),
        ApplyMode::FillGaps | ApplyMode::Overwrite => account.clone(),
    };
    for (rule, setting) in policy {
        let mut setting = setting.clone();
        match (mode, account.get(rule)) {
            (ApplyMode::FillGaps, Some(_)) => continue,
            (ApplyMode::Overwrite, Some(present)) if keep_exceptions => {
                setting.exceptions.clone_from(&present.exceptions);
            }
            _ => {}
        }
        after.insert(rule.clone(), setting);
    }
    after
}
