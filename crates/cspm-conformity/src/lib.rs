//! Adapter for Trend Micro Cloud One Conformity, and for the legacy Cloud Conformity: cloud accounts, rules, findings,
//! policies and suppressions.
//!
//! A *finding* is one check: one rule evaluated on one resource. Checks are read account by account, a scope each.
//! Nobody can page past 10,000 checks of one question, so an account with more is divided by region, service, risk level,
//! status and rule until every part fits; the parts add up to what the account announced, or the report says where not.
//!
//! A *policy* is one of its profiles, or the organisation's own (`organisation-{id}`). Settings of rules, in profiles and in
//! accounts, are read in the form in which they can be written: what the vendor shows and nobody may write is left out, what
//! this version does not know passes through unchanged. A *suppression* is a flag on a failing check, with an end.
//!
//! # Choices
//!
//! * A resource's `id` is `providerResourceId` (an ARN) where the vendor gives it, else `resource`, else the last part of
//!   the check's id; its `name` is the title of the console link, else `resource`; its `type` is `descriptorType`.
//! * What a check says of its rule (title, service, categories, standards) goes before what the catalogue says.
//! * `last_seen` and `updated` are both the latest of the modification, update and status dates; the vendor does not say
//!   when it last looked.
//! * A figure of exactly 10,000 checks may be one that counts no further: such an account is divided without it.
//! * A rule's exceptions and extra settings are left out of a write where they are empty, since rules that cannot have any
//!   refuse even empty ones. Whether a merge then empties them is not documented; reading back tells, and mode replace does.
//! * A 403 about a profile means to an ADMIN's key that there is no such profile, and to any other that the right is missing;
//!   a 401 about one check that is read means that there is no such check (sections 3.6, 4.3 and 23).
//! * The reason of a suppression becomes a note of at most 200 characters, and is not read back.
//! * A time before 1973 is taken as unreadable: the vendor counts milliseconds, and seconds would look like that.
//!
//! # Limits
//!
//! * Who suppressed a check and why is told for one check at a time only, which would cost a request for each.
//! * Where an account of 10,000 checks or more is not counted, one with a region, service, rule, level or status that no
//!   list has is not found; a warning says so.
//! * Dividing begins with regions for AWS only: no closed list of other clouds' regions is documented.
//! * A check of an account that is in no list, told in the answers about two others, comes twice.
//! * A check that was removed or added while its account was read shows as an incomplete scope after a second pass.
//!
//! Everything is built after public documents, schemas and clients; it was never run against the live vendor. What those
//! sources leave open (which totals are sent, the page size really given, what comes past the limit) is handled so that
//! either answer gives a right or an openly incomplete result.

mod account_rules;
mod accounts;
mod auth;
mod capabilities;
mod catalogue;
mod config;
pub mod decode;
mod doctor;
mod error;
mod findings;
mod lenient;
mod map;
mod narrow;
mod policies;
mod prepare;
mod request;
mod rights;
mod rule_book;
mod rule_settings;
mod rules;
mod slice;
mod split;
mod suppressions;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;

use cspm_core::adapter::Shelf;
use cspm_core::{
    Account, AccountRules, Capabilities, Diagnosis, Finding, Meter, Origin, PolicyStore, Rule, Source,
    SuppressionStore, Vendor, async_trait,
};
use cspm_http::Client;

pub use capabilities::CAPABILITIES;
use catalogue::Catalogue;
pub use config::{Config, REGIONS};
use rule_book::RuleBook;

/// The vendor's name in every output.
pub const NAME: &str = "conformity";

/// One connection to one organisation.
#[derive(Debug)]
pub struct Conformity {
    client: Client,
    origin: Origin,
    side_by_side: usize,
    verdict: error::Verdict,
    /// Replaced as a whole when a run is planned; steps keep the one they began with.
    catalogue: Shelf<Catalogue>,
    /// What the catalogue says of writing; read when it is needed first, and anew for each policy that is prepared.
    rules: Shelf<RuleBook>,
}

impl Conformity {
    fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.read().unwrap_or_default()
    }
}

#[async_trait]
impl Vendor for Conformity {
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

    fn account_rules(&self) -> Option<&dyn AccountRules> {
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
