//! The insightcloudsec simulator.
