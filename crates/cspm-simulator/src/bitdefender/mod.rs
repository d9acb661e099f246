//! The bitdefender simulator.
