//! `cspm demo`: the main job without any set-up, over HTTP and through the ordinary adapters.

use std::path::Path;

use cspm::config::Configuration;
use cspm::{FindingQuery, Fleet};

use super::findings::status;
use super::fleet;
use super::simulate::Local;
use crate::args::{Cli, DemoArgs};
use crate::collect::{Settings, collect};
use crate::exit::{Exit, Stop};
use crate::say;

pub(crate) async fn run(cli: &Cli, args: &DemoArgs) -> Result<Exit, Stop> {
    let local = Local::start(None)?;
    if !cli.quiet {
        say("three simulated vendors are serving on this machine; collecting from them over HTTP");
    }
    let configuration =
        Configuration::parse(&local.configuration, Path::new("demo"), &|name| std::env::var_os(name))?;
    let fleet: Fleet = fleet(&configuration)?;
    let (report, _) =
        collect(&fleet, &FindingQuery::default(), &Settings::plain(&args.sink, cli.quiet)).await?;
    if !cli.quiet {
        say(
            "next: `cspm simulate --config-out cspm.toml`, then `cspm findings --help`; or write a cspm.toml of your own",
        );
    }
    Ok(status(&report))
}
