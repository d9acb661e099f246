//! Adapter for Bitdefender GravityZone Cloud Security (CSPM+, formerly Horangi Warden): scan accounts, rules, and checks.
//!
//! A *finding* is what the vendor calls a check: the latest result of one rule on one resource of one scan account.
//! Checks are one listing that the vendor filters and counts (see [`findings`]); rules and scan accounts are read before
//! it and joined.
//!
//! Compliance standards can be read as policies, which nobody can write; a status that suppresses a finding can be set and
//! lifted (see `policies.rs` and `suppressions.rs`).
//!
//! # Limits
//!
//! * The vendor's update call also overrides the severity of a check. No other vendor here has that, so the traits have no
//!   place for it, and it is not offered.
//! * One time a finding: `created_at`. The listing gives the latest checks and no history, so it is `last_seen`; when the
//!   condition began, or when people decided about it, is not told.
//! * The cloud of an account is not told, and not guessed from ids and types: `provider` is null.
//! * Rules have no service, no category and no page of their own. The first link among a rule's references becomes the
//!   remediation's.
//!
//! Everything is built after public descriptions, some of them of the predecessor's product; it was never run against the
//! live service. What those leave open (the header of the key, the attributes and relationships of a check, the form of
//! a next link) is handled so that either answer gives a right or an openly incomplete result, or is an option of
//! [`Config`].

mod accounts;
mod auth;
mod capabilities;
mod catalogue;
mod collection;
mod config;
pub mod decode;
mod doctor;
mod error;
mod filters;
pub mod findings;
mod lenient;
mod links;
mod map;
mod narrow;
mod policies;
mod resources;
mod rules;
mod standards;
mod suppressions;
#[cfg(test)]
mod tests;
mod walk;
mod wire;

use cspm_core::adapter::Shelf;
use cspm_core::{
    Account, Capabilities, Diagnosis, Finding, Meter, Origin, PolicyStore, Rule, Source, SuppressionStore,
    Vendor, async_trait,
};
use cspm_http::Client;

pub use capabilities::CAPABILITIES;
pub use config::{ArrayStyle, AuthScheme, Config, REGIONS};
pub use links::{Links, NextLink};

/// The vendor's name in every output.
pub const NAME: &str = "bitdefender";

/// One connection to one company's Cloud Security.
#[derive(Debug)]
pub struct Bitdefender {
    client: Client,
    origin: Origin,
    links: Links,
    page_limit: Option<u16>,
    side_by_side: usize,
    array_style: ArrayStyle,
    catalogue: Shelf<catalogue::Catalogue>,
    standards: Shelf<standards::Standards>,
    resources: Shelf<resources::Resources>,
    heeds_scans: Shelf<bool>,
    heeds_rules: Shelf<bool>,
}

#[async_trait]
impl Vendor for Bitdefender {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    fn meter(&self) -> &Meter {
        self.client.meter()
    }

    fn findings(&self) -> &dyn Source<Finding> {
        self
    }

    fn accounts(&self) -> &dyn Source<Account> {
        self
    }

    fn rules(&self) -> &dyn Source<Rule> {
        self
    }

    fn policies(&self) -> Option<&dyn PolicyStore> {
        Some(self)
    }

    fn suppressions(&self) -> Option<&dyn SuppressionStore> {
        Some(self)
    }

    async fn diagnose(&self) -> Vec<Diagnosis> {
        self.examine().await
    }

    fn side_by_side(&self) -> usize {
        self.side_by_side
    }
}
