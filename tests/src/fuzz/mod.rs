//! What must hold whatever bytes come: a function for each sort of input, which fails if it does not.
//!
//! Fuzzers call them with bytes of their own making (`fuzz/`); the behaviour suite calls them with the [`seeds`] and with
//! thousands of seeds that were changed a little.

mod adapter;
mod checkpoint;
mod configuration;
mod cursor;
mod decoders;
mod error_body;
mod next_link;
mod ocsf;
mod policy_file;
mod retry_after;
mod script;
pub mod seeds;

use crate::Kind;

/// A sort of input.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, the same as that of its fuzzer.
    pub name: &'static str,
    /// What must hold of every input.
    pub property: fn(&[u8]),
    /// Inputs that reach far.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const TARGETS: [Target; 11] = [
    Target { name: "conformity", property: conformity, seeds: || seeds::adapter(Kind::Conformity) },
    Target {
        name: "insightcloudsec",
        property: insightcloudsec,
        seeds: || seeds::adapter(Kind::InsightCloudSec),
    },
    Target { name: "bitdefender", property: bitdefender, seeds: || seeds::adapter(Kind::Bitdefender) },
    Target { name: "error_body", property: error_body, seeds: seeds::error_body },
    Target { name: "retry_after", property: retry_after, seeds: seeds::retry_after },
    Target { name: "cursor", property: cursor, seeds: seeds::cursor },
    Target { name: "next_link", property: next_link, seeds: seeds::next_link },
    Target { name: "checkpoint", property: checkpoint, seeds: seeds::checkpoint },
    Target { name: "configuration", property: configuration, seeds: seeds::configuration },
    Target { name: "policy_file", property: policy_file, seeds: seeds::policy_file },
    Target { name: "ocsf", property: ocsf, seeds: seeds::ocsf },
];

/// The credential of every connection here, always the same: fuzzers need runs that repeat.
pub(crate) const SECRET: &str = "s3cr3tQx7kP2mNz0aB%/\"@9vT4w";

pub use self::checkpoint::checkpoint;
pub use self::configuration::configuration;
pub use self::cursor::cursor;
pub use self::error_body::error_body;
pub use self::next_link::next_link;
pub use self::ocsf::ocsf;
pub use self::policy_file::policy_file;
pub use self::retry_after::retry_after;

/// Any answers of Conformity to anything that a connection can be asked: what is asked, an id, and answers (`adapter.rs`).
pub fn conformity(bytes: &[u8]) {
    adapter::answered(Kind::Conformity, bytes);
}

/// Any answers of InsightCloudSec to anything that a connection can be asked: what is asked, an id, and answers (`adapter.rs`).
pub fn insightcloudsec(bytes: &[u8]) {
    adapter::answered(Kind::InsightCloudSec, bytes);
}

/// Any answers of Bitdefender to anything that a connection can be asked: what is asked, an id, and answers (`adapter.rs`).
pub fn bitdefender(bytes: &[u8]) {
    adapter::answered(Kind::Bitdefender, bytes);
}

/// Runs on a clock of its own on which no wait takes time, as tests do.
fn timeless<T>(work: impl Future<Output = T>) -> T {
    // Waits are drawn by lot; the same bytes are to take the same way.
    fastrand::seed(7);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(work)
}

/// Fails if a text that is for people could steer a terminal or break a line.
fn assert_harmless(place: &str, text: &str) {
    let hostile = text.chars().find(|character| cspm_core::is_hostile(*character));
    assert_eq!(hostile, None, "{place} could steer a terminal: {text:?}");
}
