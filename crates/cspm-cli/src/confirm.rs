//! Asking before something is written.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use crate::exit::{Exit, Stop};

/// Whether and how a question will be answered. Made before anything is sent, so that a command that nobody can answer is
/// refused first.
pub(crate) enum Consent {
    /// `--yes` was said.
    Given,
    /// Somebody is there to ask.
    Ask,
}

impl Consent {
    /// # Errors
    /// If `--yes` was not said and there is no terminal.
    pub(crate) fn new(yes: bool) -> Result<Self, Stop> {
        match (yes, is_attended()) {
            (true, _) => Ok(Self::Given),
            (false, true) => Ok(Self::Ask),
            (false, false) => {
                Err(Stop::usage("there is no terminal to ask on; say --yes to write without asking"))
            }
        }
    }

    /// Asks, if need be. The question is ours: names in it are quoted and cleaned by whoever asks.
    ///
    /// # Errors
    /// If the answer is anything but yes.
    pub(crate) fn confirm(&self, question: &str) -> Result<(), Stop> {
        if matches!(self, Self::Given) {
            return Ok(());
        }
        let mut out = std::io::stderr().lock();
        // A terminal that cannot be written to cannot answer either.
        let _ = write!(out, "{question} [y/N] ").and_then(|()| out.flush());
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        let is_yes = matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
        if read.is_ok() && is_yes {
            return Ok(());
        }
        Err(Stop { exit: Exit::Failed, message: "nothing was written".to_owned() })
    }
}

/// Whether somebody can be asked.
pub(crate) fn is_attended() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}
