//! Adapter for Bitdefender GravityZone Cloud Security.
