//! `cspm findings`, and the collecting that `cspm demo` shares with it.

use std::io::Write as _;
use std::path::Path;

use cspm::{Finding, FindingQuery, Fleet, OutcomeFilter, Run, RunReport, SuppressedFilter};
use futures_util::StreamExt as _;

use super::{configuration, fleet};
use crate::args::{Cli, FindingsArgs, Format, OutcomeArg, SinkArgs, SuppressedArg};
use crate::exit::{Exit, Stop};
use crate::interrupt;
use crate::output::Sink;
use crate::output::target::Target;
use crate::progress::{Display, TICK};
use crate::summary::{Tally, shortfalls};

pub(crate) async fn run(cli: &Cli, args: &FindingsArgs) -> Result<Exit, Stop> {
    let fleet = fleet(&configuration(cli)?)?;
    let query = query(args);
    check_comparison(args)?;
    let (report, tally) = collect(&fleet, &query, &args.sink, args.previous.as_deref(), cli.quiet).await?;
    let fails = args.fail_on.is_some_and(|level| tally.reaches(level));
    Ok(match status(&report) {
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

/// Reads everything, writes it, and shows how it went.
pub(super) async fn collect(
    fleet: &Fleet,
    query: &FindingQuery,
    sink: &SinkArgs,
    previous: Option<&Path>,
    quiet: bool,
) -> Result<(RunReport, Tally), Stop> {
    let mut run = fleet.findings(query)?;
    let report_target = sink.report.as_deref().map(|path| Target::open(Some(path))).transpose()?;
    let mut output = Sink::open(sink, query, run.id(), previous)?;
    let mut tally = Tally::default();
    let written = pump(&mut run, &mut output, &mut tally, quiet).await;
    let report = run.finish();
    // What was read is kept, and the report is written, also where writing or reading stopped early.
    let finished = written.and_then(|()| output.finish(&report));
    if let Some(target) = report_target {
        write_report(target, &report, sink.report.as_deref())?;
    }
    finished?;
    if quiet {
        shortfalls(&report);
    } else {
        tally.show(&report);
    }
    Ok((report, tally))
}

async fn pump(run: &mut Run<Finding>, output: &mut Sink, tally: &mut Tally, quiet: bool) -> Result<(), Stop> {
    let display = Display::begin(run.watch(), quiet);
    let interrupted = interrupt::listen();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let result = loop {
        tokio::select! {
            biased;
            () = interrupted.notified() => run.interrupt(),
            finding = run.next() => {
                let Some(finding) = finding else { break Ok(()) };
                tally.count(&finding);
                if let Err(stop) = output.write(&finding) {
                    break Err(stop);
                }
            }
            _ = ticks.tick() => {
                display.tick();
                if let Err(stop) = output.flush() {
                    break Err(stop);
                }
            }
        }
    };
    display.end();
    result
}

fn write_report(mut target: Target, report: &RunReport, path: Option<&Path>) -> Result<(), Stop> {
    let failed = |error: std::io::Error| {
        Stop::write(&path.map(|path| path.display().to_string()).unwrap_or_default(), &error)
    };
    crate::output::json::write(&mut target, report).map_err(failed)?;
    target.write_all(b"\n").map_err(failed)?;
    target.finish()
}

/// The exit status that a report means.
pub(super) fn status(report: &RunReport) -> Exit {
    if report.complete {
        Exit::Complete
    } else if report.is_total_failure() {
        Exit::Failed
    } else {
        Exit::Partial
    }
}
