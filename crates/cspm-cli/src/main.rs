//! The program `cspm`: contract sections 1 to 3 and 8 over the library of the same name.

mod args;
mod collect;
mod commands;
mod confirm;
mod core_dumps;
mod exit;
mod interrupt;
mod logging;
mod output;
mod progress;
mod summary;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::exit::{Exit, Stop};

fn main() -> ExitCode {
    core_dumps::turn_off();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            if error.use_stderr() {
                // It repeats what was typed, or what a script passed on.
                say(&error.render().to_string());
                return Exit::Usage.into();
            }
            // `--help` and `--version` are no mistakes. Nobody is left to tell if they cannot be shown.
            let _ = error.print();
            return Exit::Complete.into();
        }
    };
    logging::start(cli.verbose);
    match run(&cli) {
        Ok(exit) => exit.into(),
        Err(Stop { exit, message }) => {
            // An empty message has no line.
            say(&message);
            exit.into()
        }
    }
}

/// One thread is enough: what takes time is the vendors' pace, and a second thread would only cost memory.
fn run(cli: &Cli) -> Result<Exit, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::failed(format!("no runtime: {error}")))?;
    let result = runtime.block_on(async {
        match &cli.command {
            Command::Demo(args) => commands::demo::run(cli, args).await,
            Command::Simulate(args) => commands::simulate::run(cli, args).await,
            Command::Findings(args) => commands::findings::run(cli, args).await,
            Command::Accounts(args) => commands::listings::accounts(cli, args).await,
            Command::Rules(args) => commands::listings::rules(cli, args).await,
            Command::Policies(args) => commands::policies::run(cli, &args.command).await,
            Command::Suppress(args) => commands::suppress::suppress(cli, args).await,
            Command::Unsuppress(args) => commands::suppress::unsuppress(cli, args).await,
            Command::Capabilities(args) => commands::capabilities::run(cli, args),
            Command::Ocsf(args) => commands::ocsf::run(cli, args),
            Command::Doctor(args) => commands::doctor::run(cli, args).await,
        }
    });
    runtime.shutdown_background();
    result
}

/// Says something to the person, on standard error, every line cleaned.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stderr().lock();
    for line in text.lines() {
        // A person who closed standard error does not want to know.
        let _ = writeln!(out, "{}", cspm::clean_text(line, 2_000));
    }
}
