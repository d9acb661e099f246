//! The pipeline against a scripted server in the same process, on a paused clock: every wait is exact and none is real.

mod cancelling;
mod redirects;
mod repeats;
mod script;
mod secrets;
mod sessions;
mod waiting;
