//! Every promise, run against every vendor.

mod complete;
mod filters;
mod listings;
