//! Local simulators of the three vendors, with seeded data and faults.
pub mod wire;
pub mod conformity;
pub mod insightcloudsec;
pub mod bitdefender;
