//! Findings as OCSF Compliance Finding events (class 2003), validated and stepped down.
//!
//! [`event`] maps a finding to an event of schema version 1.8.0, [`step_down`] rewrites an event for an older version,
//! [`Validator`] checks events, anybody's, against the tables of every version from 1.1 to 1.8. [`Writer`] does all
//! three and writes one event a line; [`read`] reads events back from text, and [`Previous`] compares a run with an
//! earlier one's output.
//!
//! ```
//! use cspm_core::{AccountRef, Finding, Origin, RuleRef, Timestamp};
//! use cspm_ocsf::{Context, Validator, Version, Writer};
//!
//! let origin = Origin::new("trend-prod", "conformity");
//! let rule = RuleRef { id: "S3-017".into(), ..RuleRef::default() };
//! let finding = Finding::new(&origin, "ccc:1".into(), rule.into(), AccountRef::default().into());
//!
//! let context = Context::new("run-1", Timestamp::now());
//! assert!(Validator::new().check_event(&cspm_ocsf::event(&finding, &context)).is_empty());
//!
//! let mut writer = Writer::new(Vec::new(), Version::V1_3);
//! writer.write(&finding, &context)?;
//! assert!(writer.finish()?.ends_with(b"}\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alike;
mod check;
mod close;
mod context;
mod fingerprint;
mod format;
mod hash;
mod issue;
mod json;
mod lines;
mod map;
mod moment;
mod one_line;
mod part;
mod path;
mod previous;
mod product;
mod prune;
mod read;
mod schema;
mod state;
mod step_down;
mod times;
mod tree;
mod unmapped;
mod validate;
mod version;
mod write;

pub use close::close;
pub use context::Context;
pub use issue::{Code, Issue, IssueSeverity};
pub use map::event;
pub use previous::{Previous, PreviousFinding};
pub use read::{Reader, Record, read};
pub use state::Activity;
pub use step_down::step_down;
pub use tree::{Event, Node, Object};
pub use validate::Validator;
pub use version::{UnknownVersion, Version};
pub use write::{WriteError, Writer};

#[cfg(test)]
mod tests;
