//! The vendor-neutral model, the traits an adapter implements, and the engine that runs them.
