//! `cspm policies …`, `cspm suppress` and `cspm unsuppress` (contract sections 6 and 7).

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};
use cspm::{ApplyMode, End, PushMode, SuppressionKind};

use super::ListFormat;

#[derive(Debug, Args)]
pub(crate) struct PoliciesArgs {
    #[command(subcommand)]
    pub(crate) command: PoliciesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PoliciesCommand {
    /// List the policies of every connection
    #[command(after_help = "Example: cspm policies list --format json")]
    List(super::ListArgs),
    /// Show a policy rule by rule
    #[command(after_help = "Example: cspm policies show pR0f1leX9 --connection trend-prod")]
    Show(ShowArgs),
    /// Write a policy as a policy file
    #[command(
        after_help = "Example: cspm policies export pR0f1leX9 --connection trend-prod --output baseline.toml"
    )]
    Export(ExportArgs),
    /// Show what pushing a policy file would change; writes nothing. Status 0: nothing, 5: something
    #[command(after_help = "Example: cspm policies plan baseline.toml --mode replace")]
    Plan(PlanArgs),
    /// Show what would change, ask, write it, read it back and compare
    #[command(after_help = "Example: cspm policies push baseline.toml --yes")]
    Push(PushArgs),
    /// Apply a policy to accounts
    #[command(
        after_help = "Example: cspm policies apply pR0f1leX9 --connection trend-prod --account Qx7kP2mNz --mode overwrite --dry-run"
    )]
    Apply(ApplyArgs),
    /// Delete a policy
    #[command(after_help = "Example: cspm policies delete pR0f1leX9 --connection trend-prod")]
    Delete(DeleteArgs),
}

/// How to show something that is not a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ViewFormat {
    Table,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The policy's id
    #[arg(allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) id: String,
    /// How to write [default: table on a terminal, else json]
    #[arg(long, value_enum)]
    pub(crate) format: Option<ViewFormat>,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The policy's id
    #[arg(allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) id: String,
    /// Write to this file
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeArg {
    /// Rules that the file does not name stay
    Merge,
    /// Rules that the file does not name are removed
    Replace,
}

impl From<ModeArg> for PushMode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Merge => Self::Merge,
            ModeArg::Replace => Self::Replace,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The policy file (TOML)
    pub(crate) file: PathBuf,
    /// What becomes of rules that the file does not name
    #[arg(long, value_enum, default_value = "merge")]
    pub(crate) mode: ModeArg,
    /// How to write [default: table on a terminal, else json]
    #[arg(long, value_enum)]
    pub(crate) format: Option<ViewFormat>,
}

#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ApplyModeArg {
    /// An account keeps what it has; what it has not set comes from the policy
    FillGaps,
    /// The policy wins; an account's other rules stay
    Overwrite,
    /// An account's settings are cleared first
    Replace,
}

impl From<ApplyModeArg> for ApplyMode {
    fn from(mode: ApplyModeArg) -> Self {
        match mode {
            ApplyModeArg::FillGaps => Self::FillGaps,
            ApplyModeArg::Overwrite => Self::Overwrite,
            ApplyModeArg::Replace => Self::Replace,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// The policy's id
    #[arg(allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) id: String,
    /// An account, by the vendor's id or the cloud's own (repeatable)
    #[arg(long = "account", value_name = "A", required = true, num_args = 1..)]
    pub(crate) accounts: Vec<String>,
    /// How the policy's settings meet an account's
    #[arg(long, value_enum)]
    pub(crate) mode: ApplyModeArg,
    /// With --mode overwrite: an account's exceptions survive
    #[arg(long)]
    pub(crate) keep_exceptions: bool,
    /// A remark for the vendor's records
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// Show what each account's rules would become; writes nothing. Status 0: nothing, 5: something
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How to write [default: table on a terminal, else json]
    #[arg(long, value_enum)]
    pub(crate) format: Option<ViewFormat>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// The policy's id
    #[arg(allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) id: String,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    #[default]
    RiskAccepted,
    FalsePositive,
}

impl From<KindArg> for SuppressionKind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::RiskAccepted => Self::RiskAccepted,
            KindArg::FalsePositive => Self::FalsePositive,
        }
    }
}

fn end(text: &str) -> Result<End, &'static str> {
    End::parse(text).map_err(|_| "write a date (2026-03-31), an RFC 3339 time, or never")
}

#[derive(Debug, Args)]
pub(crate) struct SuppressArgs {
    /// Through the end of this day (UTC), until this RFC 3339 time, or `never` to end
    #[arg(long, value_name = "END", value_parser = end)]
    pub(crate) until: End,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Where the vendor tells them apart
    #[arg(long, value_enum, default_value = "risk-accepted")]
    pub(crate) kind: KindArg,
    #[command(flatten)]
    pub(crate) ids: IdArgs,
}

#[derive(Debug, Args)]
pub(crate) struct UnsuppressArgs {
    #[command(flatten)]
    pub(crate) ids: IdArgs,
}

#[derive(Debug, Args)]
pub(crate) struct IdArgs {
    /// Findings, by their `vendor_id`; - reads them from standard input, one a line
    #[arg(value_name = "VENDOR_ID", required = true)]
    pub(crate) ids: Vec<String>,
    /// How to write [default: table on a terminal, else ndjson]
    #[arg(long, value_enum)]
    pub(crate) format: Option<ListFormat>,
    /// Do not ask, also on a terminal
    #[arg(long)]
    pub(crate) yes: bool,
}
