//! The log: on standard error, this project's own events only. Other crates' events could hold headers.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts the log if it was asked for.
pub(crate) fn start(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        _ => LevelFilter::TRACE,
    };
    let ours = Targets::new().with_targets(["cspm"].map(|name| (name, level)));
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false).with_target(false);
    // A second start would be a mistake of this program, and no reason to stop it.
    let _ = tracing_subscriber::registry().with(ours).with(lines).try_init();
}
