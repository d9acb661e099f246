//! `cspm findings`, and the collecting that `cspm demo` shares with it.

use std::io::Write as _;
use std::path::Path;

use cspm::{Finding, FindingQuery, Fleet, OutcomeFilter, Run, RunReport, SuppressedFilter};
use futures_util::StreamExt as _;

use super::{configuration, fleet};
use crate::args::{Cli, FindingsArgs, OutcomeArg, SinkArgs, SuppressedArg};
use crate::exit::{Exit, Stop};
use crate::interrupt;
use crate::output::Sink;
use crate::output::target::Target;
use crate::progress::{Display, TICK};
use crate::summary::{Tally, shortfalls};

pub(crate) async fn run(cli: &Cli, args: &FindingsArgs) -> Result<Exit, Stop> {
    let fleet = fleet(&configuration(cli)?)?;
    let query = query(args);
    let (report, tally) = collect(&fleet, &query, &args.sink, cli.quiet).await?;
    let fails = args.fail_on.is_some_and(|level| tally.reaches(level));
    Ok(match status(&report) {
        Exit::Complete if fails => Exit::FailOn,
        status => status,
    })
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
    quiet: bool,
) -> Result<(RunReport, Tally), Stop> {
    let mut run = fleet.findings(query)?;
    let report_target = sink.report.as_deref().map(|path| Target::open(Some(path))).transpose()?;
    let mut output = Sink::open(sink, query.raw)?;
    let mut tally = Tally::default();
    let written = pump(&mut run, &mut output, &mut tally, quiet).await;
    let report = run.finish();
    // What was read is kept, and the report is written, also where writing or reading stopped early.
    let finished = written.and_then(|()| output.finish());
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
