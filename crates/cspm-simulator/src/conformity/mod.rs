//! The conformity simulator.
