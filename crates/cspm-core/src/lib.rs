//! The vendor-neutral model, the traits an adapter implements, and the engine that runs them.
//!
//! Reads top-down: the model ([`Finding`], [`Account`], [`Rule`]), the questions ([`FindingQuery`]), what a vendor can
//! do ([`Capabilities`]), the traits ([`Vendor`], [`Source`], [`Authenticator`]), the steps that are the whole of
//! pagination ([`Step`], [`Then`]), and the engine ([`read`]) with its report ([`RunReport`]). No HTTP client and no
//! runtime is named here.

mod account;
pub mod adapter;
mod auth;
mod automation;
mod capabilities;
mod diagnosis;
pub mod engine;
mod error;
mod finding;
mod meter;
mod notice;
mod policy;
mod query;
mod report;
mod rule;
mod rule_store;
mod severity;
mod step;
mod suppression;
mod text;
mod time;
mod vendor;
mod verbatim;

pub use account::Account;
pub use auth::{Authenticator, Generation, Renewal};
pub use automation::{Automation, AutomationQuery, AutomationStore};
pub use capabilities::{Capabilities, Capability, Evaluator, Operation, Support};
pub use diagnosis::Diagnosis;
pub use engine::{Gathered, Landing, Page, Pages, Progress, Reading, Saved, Seed, gather, read, read_pages};
pub use error::{Error, ErrorKind, Obstacle, Owner, Result};
pub use finding::{
    AccountRef, Finding, Origin, Outcome, Remediation, Resource, RuleRef, StandardRef, State, Suppression,
    Tags,
};
pub use meter::{Meter, MeterReading};
pub use notice::{Notice, Notices};
pub use policy::{
    AccountRules, Application, Applied, AppliedTo, ApplyMode, Change, Exceptions, Noted, Policy,
    PolicyChanges, PolicyEntry, PolicyKind, PolicyQuery, PolicyStore, PushMode, PushOutcome, Pushed,
    RuleChange, RuleSetting, RuleSettings, after_apply, apply_policy, delete_policy, plan_policy, plan_push,
    policies_for, preview_application, push, rule_changes,
};
pub use query::{AccountQuery, FindingQuery, OutcomeFilter, RuleQuery, SuppressedFilter, same_letters};
pub use report::{ConnectionReport, RunReport, ScopeReport, Whereabouts};
pub use rule::Rule;
pub use rule_store::{RuleDraft, RuleStore};
pub use severity::{Severity, UnknownSeverity};
pub use step::{Cursor, Plan, Rejected, Scope, Step, Then};
pub use suppression::{
    Deed, DeedResult, End, Known, Standing, Suppressing, SuppressionEntry, SuppressionKind, SuppressionOrder,
    SuppressionQuery, SuppressionStore, SuppressionsOnFindings, Wish,
};
pub use text::{clean_text, compact_json, is_hostile};
pub use time::{InvalidTime, Timestamp};
pub use vendor::{Record, SharedVendor, Source, Vendor};
pub use verbatim::Verbatim;

/// What adapters and callers need of other crates, so that versions agree.
pub use {async_trait::async_trait, http, secrecy, serde_json::value::RawValue};
