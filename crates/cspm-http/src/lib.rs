//! The one request pipeline every adapter sends through.
//!
//! An adapter builds a [`Call`] (a plain value) and gives it to [`Client::send`]; what comes back is an [`Answer`] with a
//! 2xx status and a body read to its last byte, or a classified error. In between, once for all vendors and in this
//! order: deadline, authorisation, permit, pace, sending, bounds, classification; and around them repeats of reads with
//! jittered waits that are paid for from a purse, and one renewal of a session.
//!
//! What a server says can slow this down and stop it; it cannot send a credential to another origin (redirects and links
//! are followed within the origin only), exhaust memory (bodies are bounded after unpacking, and checked before
//! decoding) or make it repeat a write.

mod auth;
mod base;
mod body;
mod call;
mod client;
mod dialect;
mod exchange;
mod pace;
mod redact;
mod retry;
mod retry_after;

pub use auth::{KeyHeader, Login, Session, can_carry_key};
pub use base::{BadAddress, BaseUrl, ForeignLink, encode};
pub use body::complaint;
pub use call::{Answer, Call, Safety};
pub use client::{Client, ClientBuilder, Settings};
pub use dialect::{Dialect, usual_kind};
pub use exchange::{Broken, BrokenKind, Exchange, Network, Resolve, check_certificates};
