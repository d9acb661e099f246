//! x
mod slice;
mod split;
