//! Every promise, run against every vendor. Tests that begin with a letter and two digits are rows of the catalogue of
//! faults.

mod capabilities;
mod complete;
mod credentials;
mod decoding;
mod failures;
mod filters;
mod fleet;
mod hostile;
mod listings;
mod pace;
mod policies_bitdefender;
mod policies_conformity;
mod policies_insightcloudsec;
mod schedules;
mod shifting;
mod sockets;
mod splitting;
mod unsaid;
#[cfg(target_os = "linux")]
mod work;
