//! `cspm demo`: the main job without any set-up, over HTTP and through the ordinary adapters.

use std::path::Path;

use cspm::config::Configuration;
use cspm::{FindingQuery, Fleet};

use super::findings::status;
use super::simulate::Local;
use super::{fleet, tell};
use crate::args::{Cli, DemoArgs};
use crate::collect::{Settings, collect};
use crate::exit::{Exit, Stop};

pub(crate) async fn run(cli: &Cli, args: &DemoArgs) -> Result<Exit, Stop> {
    let local = Local::start(cli, None)?;
    tell(cli, "simulated vendors are serving on this machine; collecting from them over HTTP");
    let configuration =
        Configuration::parse(&local.configuration, Path::new("demo"), &|name| std::env::var_os(name))?;
    let fleet: Fleet = fleet(&configuration)?;
    let collected =
        collect(&fleet, &FindingQuery::default(), &Settings::plain(&args.sink, cli.quiet)).await?;
    tell(
        cli,
        "next: `cspm simulate --config-out demo.toml`, then `cspm --config demo.toml findings`; or write a cspm.toml of your own",
    );
    Ok(status(&collected.report, collected.interrupted))
}
