//! Tests that need more than one part of the crate.

mod arbitrary;
mod broken;
mod golden;
mod history;
mod leaves;
mod mutations;
mod properties;
mod sample;
mod states;
