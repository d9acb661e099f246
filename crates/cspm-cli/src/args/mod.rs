//! The command line (contract sections 2 and 3).

mod policies;

use std::path::PathBuf;

pub(crate) use self::policies::*;
use clap::{Args, Parser, Subcommand, ValueEnum};
use cspm::ocsf::Version;
use cspm::{Severity, Timestamp};

/// Findings of Trend Micro Conformity, Rapid7 InsightCloudSec and Bitdefender GravityZone Cloud Security, complete or
/// saying exactly where they are not.
#[derive(Debug, Parser)]
#[command(
    name = "cspm",
    version,
    propagate_version = true,
    max_term_width = 110,
    after_help = "\
Begin with `cspm demo`: it needs no configuration and no network.

Exit status:
  0  complete: everything that was asked for was read or done
  1  failed: every connection failed as a whole
  2  wrong usage or configuration; nothing was sent
  3  partial: what was read is written, and the report says what is missing
  4  --fail-on was met
  5  something would change (plan, --dry-run)"
)]
pub(crate) struct Cli {
    /// The configuration [else: $CSPM_CONFIG, ./cspm.toml, $XDG_CONFIG_HOME/cspm/config.toml]
    #[arg(long, global = true, help_heading = "For every command", value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
    /// Only this connection (repeatable)
    #[arg(long = "connection", global = true, help_heading = "For every command", value_name = "NAME")]
    pub(crate) connections: Vec<String>,
    /// Say more (-v: what happens, -vv: every request)
    #[arg(short, global = true, help_heading = "For every command", action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
    /// Errors only: no progress, no summary, no warnings
    #[arg(short, global = true, help_heading = "For every command")]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start local simulators of all three vendors and collect from them: needs no configuration
    #[command(after_help = "Example: cspm demo --format ndjson --output findings.ndjson")]
    Demo(DemoArgs),
    /// Serve the three simulators until interrupted, and print a ready-to-use configuration for them
    #[command(
        after_help = "Example: cspm simulate --config-out demo.toml\n(then, in another terminal: cspm --config demo.toml findings)"
    )]
    Simulate(SimulateArgs),
    /// Collect findings from every connection
    #[command(
        after_help = "Example: cspm findings --min-severity high --format csv --output high.csv --report run.json"
    )]
    Findings(Box<FindingsArgs>),
    /// List the cloud accounts of every connection
    #[command(after_help = "Example: cspm accounts --format json")]
    Accounts(ListArgs),
    /// List the vendors' rules
    #[command(after_help = "Example: cspm rules --connection trend-prod --format ndjson")]
    Rules(ListArgs),
    /// Manage policies: what is checked, and how
    #[command(after_help = "Example: cspm policies list")]
    Policies(PoliciesArgs),
    /// Suppress findings at the vendor, with a reason and an end
    #[command(
        after_help = "Example: cspm suppress --connection trend-prod --until 2026-03-31 --reason \"ticket 12\" VENDOR_ID"
    )]
    Suppress(SuppressArgs),
    /// Lift suppressions at the vendor
    #[command(after_help = "Example: cspm unsuppress --connection trend-prod VENDOR_ID")]
    Unsuppress(UnsuppressArgs),
    /// Show what each vendor supports, and who evaluates which filter
    #[command(after_help = "Example: cspm capabilities --format json")]
    Capabilities(ListArgs),
    /// Work with OCSF events
    #[command(after_help = "Example: cspm findings --format ocsf | cspm ocsf validate -")]
    Ocsf(OcsfArgs),
    /// Check every connection and say who has to mend what
    #[command(after_help = "Example: cspm doctor --connection rapid7")]
    Doctor(ListArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) sink: SinkArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Write the configuration to this file as well
    #[arg(long, value_name = "PATH")]
    pub(crate) config_out: Option<PathBuf>,
    /// Serve on this port and the two after it [default: free ports]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..=65533))]
    pub(crate) port: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// How to write [default: table on a terminal, else ndjson]
    #[arg(long, value_enum)]
    pub(crate) format: Option<ListFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    Table,
    Json,
    Ndjson,
}

/// Where and how findings are written.
#[derive(Debug, Args)]
pub(crate) struct SinkArgs {
    /// How to write [default: table on a terminal, else ndjson]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// The schema version of --format ocsf: 1.1 to 1.8
    #[arg(long, value_name = "V", default_value_t = Version::NEWEST)]
    pub(crate) ocsf_version: Version,
    /// Write to this file; it appears under its name when the run ends, a partial run included
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Write the run report to this file (JSON)
    #[arg(long, value_name = "PATH")]
    pub(crate) report: Option<PathBuf>,
    /// Keep CSV cells as they are, also those that a spreadsheet would run as formulas
    #[arg(long)]
    pub(crate) csv_exact: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Ndjson,
    Csv,
    /// One OCSF Compliance Finding event a line
    Ocsf,
}

#[derive(Debug, Args)]
pub(crate) struct OcsfArgs {
    #[command(subcommand)]
    pub(crate) command: OcsfCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OcsfCommand {
    /// Check events, anybody's: one line an issue; status 0 if all are valid, 3 with issues
    #[command(
        disable_version_flag = true,
        after_help = "Example: cspm ocsf validate --version 1.3 events.ndjson"
    )]
    Validate(ValidateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Check against this schema version [default: the one each event names]
    #[arg(id = "schema-version", long = "version", value_name = "V")]
    pub(crate) version: Option<Version>,
    /// Name recommended attributes that are missing too
    #[arg(long)]
    pub(crate) recommended: bool,
    /// NDJSON, one JSON object, or a JSON array; - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct FindingsArgs {
    /// Which check outcomes
    #[arg(long, value_enum, default_value = "fail")]
    pub(crate) outcome: OutcomeArg,
    /// Any of informational, low, medium, high, critical, unknown; separated by commas [default: all]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) severity: Vec<Severity>,
    /// That severity or higher
    #[arg(long, value_name = "LEVEL")]
    pub(crate) min_severity: Option<Severity>,
    /// Findings suppressed, exempted or risk-accepted at the vendor
    #[arg(long, value_enum, default_value = "exclude")]
    pub(crate) suppressed: SuppressedArg,
    /// Only this account: the vendor's id or the cloud's own (repeatable)
    #[arg(long, value_name = "ID")]
    pub(crate) account: Vec<String>,
    /// Only this region (repeatable)
    #[arg(long, value_name = "R")]
    pub(crate) region: Vec<String>,
    /// Only this rule (repeatable)
    #[arg(long, value_name = "ID")]
    pub(crate) rule: Vec<String>,
    /// Only this cloud service (repeatable)
    #[arg(long, value_name = "S")]
    pub(crate) service: Vec<String>,
    /// Only rules of this standard, by id or name (repeatable)
    #[arg(long, value_name = "ID")]
    pub(crate) standard: Vec<String>,
    /// Only what changed at or after this moment (RFC 3339); what has no time at all is kept
    #[arg(long, value_name = "TIME")]
    pub(crate) changed_since: Option<Timestamp>,
    /// Only what is new or changed since the last complete run with this file, which keeps what that had; what is gone is
    /// in the report, and with --format ocsf a Close event. Without the file, everything. A connection that was not read completely counts from its last
    /// complete run
    #[arg(long, value_name = "FILE", conflicts_with_all = ["changed_since", "previous"])]
    pub(crate) changed_since_last_complete: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sink: SinkArgs,
    /// Keep in this file how far the run is; after an interruption or a crash, the same command goes on from there. Goes
    /// with --output, and any format but table
    #[arg(long, value_name = "FILE", requires = "output", conflicts_with = "previous")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// With --format ocsf: write only what changed since an earlier complete output (findings or events, NDJSON), as
    /// Create, Update and Close. Changes written since may follow it in the file, in any order: of each finding the newest
    /// event counts. So `>>` to the same file keeps it complete. What is gone is closed only where everything was read
    #[arg(long, value_name = "FILE")]
    pub(crate) previous: Option<PathBuf>,
    /// Add the vendor's record to each finding
    #[arg(long)]
    pub(crate) raw: bool,
    /// End with status 4 if an open failing finding has that severity or a higher one
    #[arg(long, value_name = "LEVEL")]
    pub(crate) fail_on: Option<Severity>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum OutcomeArg {
    Fail,
    Pass,
    All,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SuppressedArg {
    Exclude,
    Include,
    Only,
}
