//! The rules of the simulated catalogue: a believable cut of the real one, over all three clouds.

use super::world::Provider;
use super::{catalogue_aws, catalogue_azure_gcp};

/// A service with its rules.
pub(super) struct ServiceSeed {
    pub(super) provider: Provider,
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    /// The descriptor type of its resources.
    pub(super) descriptor: &'static str,
    /// The type of its resources in words.
    pub(super) kind: &'static str,
    /// How its resources' ids look; see [`super::places::resource`].
    pub(super) template: &'static str,
    /// Whether its resources lie in no region.
    pub(super) global: bool,
    pub(super) rules: &'static [RuleSeed],
}

/// A rule. The flags: `D` deprecated, `M` several risk levels, `N` not scored, `C` must be configured, `O` organisation,
/// `R` real-time package, `$` cost package; what it looks at is a resource unless `A` account, `S` service, `E` event
/// or `K` custom.
pub(super) struct RuleSeed {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) risk: &'static str,
    pub(super) category: &'static str,
    pub(super) flags: &'static str,
}

pub(super) const fn rule(
    id: &'static str,
    risk: &'static str,
    category: &'static str,
    flags: &'static str,
    title: &'static str,
) -> RuleSeed {
    RuleSeed { id, title, risk, category, flags }
}

pub(super) const SECURITY: &str = "security";
pub(super) const COST: &str = "cost-optimisation";
pub(super) const RELIABILITY: &str = "reliability";
pub(super) const PERFORMANCE: &str = "performance-efficiency";
pub(super) const OPERATIONS: &str = "operational-excellence";
pub(super) const SUSTAINABILITY: &str = "sustainability";

/// All services.
pub(super) fn services() -> impl Iterator<Item = &'static ServiceSeed> {
    catalogue_aws::SERVICES.iter().chain(catalogue_azure_gcp::SERVICES)
}
