//! Adapter for Trend Micro Cloud One Conformity.
