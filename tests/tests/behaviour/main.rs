//! Every promise, run against every vendor.

mod complete;
mod credentials;
mod failures;
mod filters;
mod listings;
mod splitting;
