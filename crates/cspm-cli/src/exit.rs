//! How the program ends (contract section 2).

use std::process::ExitCode;

/// The exit statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything that was asked for was read or done.
    Complete,
    /// Every connection failed as a whole, or an internal error.
    Failed,
    /// Wrong usage or configuration; nothing was sent.
    Usage,
    /// Part was read; the report says what is missing.
    Partial,
    /// `--fail-on` was met.
    FailOn,
    /// Something would change: `plan` or `--dry-run`.
    WouldChange,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Complete => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Partial => 3,
            Exit::FailOn => 4,
            Exit::WouldChange => 5,
        })
    }
}

/// Why a command stopped early: the lines to show and the status to end with.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Stop {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into() }
    }

    /// The reader of the output went away: end quietly.
    pub(crate) fn quiet() -> Self {
        Self { exit: Exit::Complete, message: String::new() }
    }

    /// A failure to write `what`.
    pub(crate) fn write(what: &str, error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::quiet();
        }
        if error.kind() == std::io::ErrorKind::TimedOut {
            return Self { exit: Exit::Partial, message: format!("{what}: {error}") };
        }
        Self::failed(format!("{what} cannot be written: {error}"))
    }
}

impl From<cspm::Error> for Stop {
    /// An error before anything was sent.
    fn from(error: cspm::Error) -> Self {
        let exit = match error.kind() {
            cspm::ErrorKind::Unsupported | cspm::ErrorKind::Config => Exit::Usage,
            _ => Exit::Failed,
        };
        Self { exit, message: error.to_string() }
    }
}

impl From<cspm::config::ConfigError> for Stop {
    fn from(error: cspm::config::ConfigError) -> Self {
        Self::usage(error.to_string())
    }
}
