//! `cspm findings`.

use cspm::{FindingQuery, OutcomeFilter, RunReport, SuppressedFilter};

use super::{configuration, fleet};
use crate::args::{Cli, FindingsArgs, Format, OutcomeArg, SuppressedArg};
use crate::collect::{Settings, collect};
use crate::exit::{Exit, Stop};

pub(crate) async fn run(cli: &Cli, args: &FindingsArgs) -> Result<Exit, Stop> {
    let fleet = fleet(&configuration(cli)?)?;
    let query = query(args);
    check_comparison(args)?;
    if args.checkpoint.is_some() && args.sink.format == Some(Format::Table) {
        return Err(Stop::usage("--checkpoint goes without --format table: a table cannot be continued"));
    }
    let settings = Settings {
        sink: &args.sink,
        previous: args.previous.as_deref(),
        checkpoint: args.checkpoint.as_deref(),
        last_complete: args.changed_since_last_complete.as_deref(),
        quiet: cli.quiet,
    };
    let collected = collect(&fleet, &query, &settings).await?;
    let fails = args.fail_on.is_some_and(|level| collected.tally.reaches(level));
    Ok(match status(&collected.report, collected.interrupted) {
        Exit::Complete if fails => Exit::FailOn,
        status => status,
    })
}

/// What an earlier run found and this one does not see is gone only if this one would see it: with another filter, or
/// without suppressed findings, it might be there and not be shown.
fn check_comparison(args: &FindingsArgs) -> Result<(), Stop> {
    if args.previous.is_none() {
        return Ok(());
    }
    if args.sink.format != Some(Format::Ocsf) {
        return Err(Stop::usage("--previous goes with --format ocsf"));
    }
    if !matches!(args.suppressed, SuppressedArg::Include) {
        return Err(Stop::usage(
            "--previous goes with --suppressed include: what is suppressed now is not gone",
        ));
    }
    let narrowed = !args.severity.is_empty()
        || args.min_severity.is_some()
        || args.changed_since.is_some()
        || [&args.account, &args.region, &args.rule, &args.service, &args.standard]
            .iter()
            .any(|list| !list.is_empty());
    if narrowed {
        return Err(Stop::usage("--previous goes without filters: what a filter leaves out is not gone"));
    }
    Ok(())
}

fn query(args: &FindingsArgs) -> FindingQuery {
    FindingQuery {
        outcome: match args.outcome {
            OutcomeArg::Fail => OutcomeFilter::Fail,
            OutcomeArg::Pass => OutcomeFilter::Pass,
            OutcomeArg::All => OutcomeFilter::All,
        },
        severities: args.severity.iter().copied().collect(),
        min_severity: args.min_severity,
        suppressed: match args.suppressed {
            SuppressedArg::Exclude => SuppressedFilter::Exclude,
            SuppressedArg::Include => SuppressedFilter::Include,
            SuppressedArg::Only => SuppressedFilter::Only,
        },
        accounts: args.account.clone(),
        confined_to: Vec::new(),
        regions: args.region.clone(),
        rules: args.rule.clone(),
        services: args.service.clone(),
        standards: args.standard.clone(),
        changed_since: args.changed_since,
        raw: args.raw,
    }
}

/// The exit status that a report means. A run that somebody stopped has not failed, however early that was.
pub(super) fn status(report: &RunReport, interrupted: bool) -> Exit {
    if report.complete {
        Exit::Complete
    } else if report.is_total_failure() && !interrupted {
        Exit::Failed
    } else {
        Exit::Partial
    }
}
