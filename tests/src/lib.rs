//! The harness of the behaviour suite: one simulated vendor and a connection to it, in one process and on one clock.
//!
//! A test is written once, against [`Lab`], and run for every vendor by [`every_vendor!`]. What the answer should have
//! been is computed by [`truth`] from the simulator's world and the contract alone, never by an adapter. What holds in
//! every run is held there without being asked for, of the five things that the catalogue of faults has each row assert:
//! the report agrees with the server's log and with itself; each request has the credential in its one place, and none
//! comes before a stated wait is over; nothing is under way when a run has ended, and none takes longer than waits may;
//! and the test's credential, fresh each time, is in nothing that came out.

mod asked;
mod carrier;
pub mod fuzz;
mod installation;
mod lab;
mod outcome;
pub mod page;
mod records;
pub mod schedule;
mod secrets;
pub mod truth;
mod way;

pub use carrier::Carrier;
pub use cspm::config::VendorKind as Kind;
pub use installation::{Installation, Model};
pub use lab::{Access, KindExt, Lab, Setup, everything};
pub use outcome::{Counted, Outcome};
pub use records::Probe;
pub use secrets::{Traces, assert_absent, fresh};

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// Runs each of these tests for every vendor, on a paused clock: `async fn name(kind: Kind)` becomes
/// `name::conformity`, `name::insightcloudsec` and `name::bitdefender`. With `over sockets:` before the names time is
/// real, because a paused clock does not wait for sockets.
#[macro_export]
macro_rules! every_vendor {
    (over sockets: $($name:ident),+ $(,)?) => { $crate::every_vendor!(@ [tokio::test] $($name),+); };
    ($($name:ident),+ $(,)?) => { $crate::every_vendor!(@ [tokio::test(start_paused = true)] $($name),+); };
    (@ [$test:meta] $($name:ident),+) => {$(
        mod $name {
            use $crate::Kind;

            #[$test]
            async fn conformity() {
                super::$name(Kind::Conformity).await;
            }

            #[$test]
            async fn insightcloudsec() {
                super::$name(Kind::InsightCloudSec).await;
            }

            #[$test]
            async fn bitdefender() {
                super::$name(Kind::Bitdefender).await;
            }
        }
    )+};
}
