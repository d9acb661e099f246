//! One file a command.

pub(crate) mod capabilities;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod findings;
pub(crate) mod listings;
pub(crate) mod ocsf;
pub(crate) mod simulate;

use cspm::Fleet;
use cspm::config::{self, Configuration};

use crate::args::Cli;
use crate::exit::Stop;
use crate::say;

/// Reads the configuration that the command line and the environment point to, confined to the connections asked for.
fn configuration(cli: &Cli) -> Result<Configuration, Stop> {
    let path = config::find(cli.config.as_deref(), &|name| std::env::var_os(name))?;
    let mut configuration = Configuration::load(&path)?;
    let known: Vec<String> =
        configuration.connections.iter().map(|connection| connection.name.clone()).collect();
    if let Some(unknown) = cli.connections.iter().find(|name| !known.contains(name)) {
        let message =
            format!("--connection {unknown}: there is no such connection; there are {}", known.join(", "));
        return Err(Stop::usage(message));
    }
    if !cli.connections.is_empty() {
        configuration.connections.retain(|connection| cli.connections.contains(&connection.name));
    }
    if !cli.quiet {
        configuration.warnings.iter().for_each(|warning| say(&format!("warning: {warning}")));
    }
    Ok(configuration)
}

/// Makes the connections of a configuration.
fn fleet(configuration: &Configuration) -> Result<Fleet, Stop> {
    Fleet::connect(configuration).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Stop::usage(lines.join("\n"))
    })
}
