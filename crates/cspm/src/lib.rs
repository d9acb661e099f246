//! One library for three cloud security posture vendors.
//!
//! Code that needs posture findings is written once, against vendor-neutral types, and vendors are chosen by feature
//! (`conformity`, `insightcloudsec`, `bitdefender`, all on by default; `ocsf` for events). What this crate adds to the
//! core it re-exports: the configuration file ([`config`]), the table of vendors ([`connect`]), and many connections as
//! one ([`Fleet`]).
//!
//! Every run is complete or says exactly where it is not: the stream hands findings on, and [`Run::finish`] has the
//! report.
//!
//! ```no_run
//! use cspm::{FindingQuery, Fleet, config::Configuration};
//! use futures_util::StreamExt;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let configuration = Configuration::load("cspm.toml".as_ref())?;
//! let fleet = Fleet::connect(&configuration).map_err(|errors| format!("{errors:?}"))?;
//! let mut run = fleet.findings(&FindingQuery::default())?;
//! while let Some(finding) = run.next().await {
//!     println!("{} {} {}", finding.severity, finding.rule.id, finding.title);
//! }
//! let report = run.finish();
//! assert!(report.complete, "some scopes were not read: {:?}", report.connections);
//! # Ok(())
//! # }
//! ```

pub mod checkpoint;
pub mod config;
#[cfg(test)]
mod fake;
mod fleet;
pub mod incremental;
pub mod policy_file;
mod problem;
mod run;
mod vendors;

pub use cspm_core::*;
pub use cspm_http::BaseUrl;
pub use fleet::Fleet;
pub use run::{Batch, Run, Watch};
pub use vendors::{capabilities, connect};

#[cfg(feature = "bitdefender")]
pub use cspm_bitdefender as bitdefender;
#[cfg(feature = "conformity")]
pub use cspm_conformity as conformity;
#[cfg(feature = "insightcloudsec")]
pub use cspm_insightcloudsec as insightcloudsec;
#[cfg(feature = "ocsf")]
pub use cspm_ocsf as ocsf;
