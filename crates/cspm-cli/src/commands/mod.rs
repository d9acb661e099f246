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
    let known: Vec<&str> =
        configuration.connections.iter().map(|connection| connection.name.as_str()).collect();
    check_names(cli, &known)?;
    configuration.connections.retain(|connection| is_wanted(cli, &connection.name));
    configuration.warnings.iter().for_each(|warning| tell(cli, &format!("warning: {warning}")));
    Ok(configuration)
}

/// Refuses a `--connection` that does not exist.
fn check_names(cli: &Cli, known: &[&str]) -> Result<(), Stop> {
    match cli.connections.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => Err(Stop::usage(format!(
            "--connection {unknown}: there is no such connection; there are {}",
            known.join(", ")
        ))),
    }
}

/// Whether `--connection` lets a connection take part.
fn is_wanted(cli: &Cli, name: &str) -> bool {
    cli.connections.is_empty() || cli.connections.iter().any(|wanted| wanted == name)
}

/// Says something that is no error.
fn tell(cli: &Cli, text: &str) {
    if !cli.quiet {
        say(text);
    }
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
