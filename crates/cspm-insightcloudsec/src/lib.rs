//! Adapter for Rapid7 InsightCloudSec (formerly DivvyCloud): cloud accounts, insights, findings, packs, exemptions, bots.
//!
//! A *finding* is one insight that one resource violates. The vendor has no list of findings; they are read insight by
//! insight and type by type, which is also how a run is counted: a scope each. A cached counter alone is never a reason to
//! skip one, so a quiet installation costs a request for each insight and type.
//!
//! ```
//! use cspm_core::{Vendor, secrecy::SecretString};
//! use cspm_http::{BaseUrl, Settings};
//! use cspm_insightcloudsec::{Config, Credential, InsightCloudSec};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let key = "from a file or the environment".to_owned();
//! let connection = InsightCloudSec::connect(Config {
//!     name: "rapid7".into(),
//!     base_url: BaseUrl::parse("https://acme.customer.divvycloud.com")?,
//!     credential: Credential::ApiKey(SecretString::from(key)),
//!     organization: Some("Production".into()),
//!     settings: Settings::default(),
//! })?;
//! assert_eq!(&*connection.origin().connection, "rapid7");
//! # Ok(()) }
//! ```
//!
//! # Limits
//!
//! * Violations only: the vendor does not list what passes.
//! * Findings have no "first seen": the list tells when a resource was found, not since when it violates an insight.
//! * Exempted findings are those with an exemption in force in the vendor's list; what the vendor does not show of their
//!   resources is taken from the exemption. Members of whole exempted resource groups are in no list, and missing.
//! * An insight's `notes` are taken as how to mend it, its `tags` as its categories.
//! * Accounts come without their badges, which would cost a request for each.
//! * The user behind a credential works in one organization at a time, which is state of the server (section 4.4).
//!   Nothing here switches it, and nothing is written into another one than the configured one, or the one that the
//!   connection began in: use a user for each organization.
//! * Exemptions begin and end with days, UTC; one with another end replaces the one that is there. What kinds of reason
//!   there are, nobody asks.
//!
//! Everything is built after public descriptions, field scripts and recorded answers; it was never run against a live
//! installation. What those sources leave open (the meaning of `insight_exemptions`, the body of a refusal, whether
//! `counts` are on every page) is handled so that either answer gives a right or an openly incomplete result.

mod accounts;
mod auth;
mod automations;
mod capabilities;
mod catalogue;
mod config;
mod custom_rules;
pub mod decode;
mod doctor;
mod error;
mod exemptions;
mod findings;
mod ids;
mod lenient;
mod map;
mod organization;
mod policies;
mod provider;
mod resource_types;
mod resources;
mod rules;
mod suppressions;
#[cfg(test)]
mod tests;
mod wire;

use cspm_core::adapter::Shelf;
use cspm_core::{
    Account, AutomationStore, Capabilities, Diagnosis, Finding, Meter, Notice, Origin, PolicyStore, Rule,
    RuleStore, Source, SuppressionStore, Timestamp, Vendor, async_trait,
};
use cspm_http::Client;

pub use capabilities::CAPABILITIES;
pub use config::{Config, Credential};

/// The vendor's name in every output.
pub const NAME: &str = "insightcloudsec";

/// One connection to one installation.
#[derive(Debug)]
pub struct InsightCloudSec {
    client: Client,
    origin: Origin,
    side_by_side: usize,
    /// Whether an API key is sent rather than a session's token.
    has_key: bool,
    /// What had to be mended about the configuration.
    notice: Option<Notice>,
    version: resources::Version,
    verdicts: error::Verdicts,
    home: organization::Home,
    catalogue: Shelf<catalogue::Catalogue>,
    exemptions: Shelf<exemptions::Exemptions>,
    packs: Shelf<catalogue::Packs>,
}

impl InsightCloudSec {
    fn notices(&self) -> Vec<Notice> {
        self.notice.iter().cloned().collect()
    }

    /// The present by the vendor's clock, as far as it is known: exemptions begin and end by that one.
    fn now(&self) -> Timestamp {
        let seconds = self.client.clock_skew().unwrap_or_default();
        Timestamp::now().plus_millis(seconds.saturating_mul(1000))
    }
}

#[async_trait]
impl Vendor for InsightCloudSec {
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

    fn custom_rules(&self) -> Option<&dyn RuleStore> {
        Some(self)
    }

    fn automations(&self) -> Option<&dyn AutomationStore> {
        Some(self)
    }

    async fn diagnose(&self) -> Vec<Diagnosis> {
        self.examine().await
    }

    fn side_by_side(&self) -> usize {
        self.side_by_side
    }
}
