//! Every promise, run against every vendor. Tests that begin with a letter and two digits are rows of the catalogue of
//! faults.

mod broken;
mod capabilities;
mod complete;
mod credentials;
mod decoding;
mod failures;
mod filters;
mod fleet;
mod hostile;
mod incremental;
mod leaving;
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
mod waits;
#[cfg(target_os = "linux")]
mod work;
mod writing;
