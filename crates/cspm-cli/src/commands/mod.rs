//! One file a command.

pub(crate) mod capabilities;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod findings;
pub(crate) mod listings;
pub(crate) mod ocsf;
pub(crate) mod policies;
pub(crate) mod simulate;
pub(crate) mod suppress;

use cspm::config::{self, Configuration};
use cspm::{Fleet, SharedVendor};

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

/// The one connection that a command is about.
struct One {
    vendor: SharedVendor,
    /// The accounts that the configuration confines it to.
    confined_to: Vec<String>,
}

/// Makes the one connection that a command is about: the named one, or the only one there is.
fn one(cli: &Cli) -> Result<One, Stop> {
    let configuration = configuration(cli)?;
    let names: Vec<&str> =
        configuration.connections.iter().map(|connection| connection.name.as_str()).collect();
    let [connection] = configuration.connections.as_slice() else {
        let message =
            format!("this is about one connection; name it with --connection: {}", names.join(", "));
        return Err(Stop::usage(message));
    };
    let confined_to = connection.accounts.clone();
    let vendor = fleet(&configuration)?.vendors().next().cloned();
    let vendor = vendor.ok_or_else(|| Stop::usage("there is no connection"))?;
    Ok(One { vendor, confined_to })
}
