//! What a generated world should be like.

use super::world::Provider;

/// A world to be generated with [`World::generate`](super::World::generate). The same specification gives the same
/// world.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The seed.
    pub seed: u64,
    /// The accounts.
    pub accounts: Vec<AccountSpec>,
    /// How many checks in a hundred fail.
    pub failing_percent: u8,
    /// How many failing checks in a hundred are suppressed, half of them without end.
    pub suppressed_percent: u8,
    /// A region that no list contains, so that `filter[regions]` refuses it; about one regional check in fifty lies in
    /// it.
    pub stray_region: Option<String>,
    /// Whether ids look like Cloud One's rather than the legacy product's.
    pub cloud_one: bool,
}

/// An account to be generated.
#[derive(Clone, Debug)]
pub struct AccountSpec {
    /// The cloud.
    pub provider: Provider,
    /// How many checks it has, exactly.
    pub checks: usize,
    /// Over how many regions they are spread, `global` included.
    pub regions: usize,
    /// Over how many services they are spread.
    pub services: usize,
    /// Whether the first regions and services have far more checks than the last.
    pub uneven: bool,
    /// How many of the checks lie in the first region and service at least.
    pub concentrated: usize,
}

impl Default for Spec {
    /// No accounts; a third of the checks failing, a tenth of those suppressed.
    fn default() -> Self {
        Self {
            seed: 1,
            accounts: Vec::new(),
            failing_percent: 35,
            suppressed_percent: 10,
            stray_region: None,
            cloud_one: false,
        }
    }
}

impl Spec {
    /// AWS accounts with so many checks each.
    #[must_use]
    pub fn sizes(sizes: &[usize]) -> Self {
        let accounts = sizes.iter().map(|checks| AccountSpec::new(Provider::Aws, *checks)).collect();
        Self { accounts, ..Self::default() }
    }

    /// One account with 37,000 checks, 12,000 and more of them in one region and service.
    #[must_use]
    pub fn concentrated() -> Self {
        let account = AccountSpec { concentrated: 12_000, ..AccountSpec::new(Provider::Aws, 37_000) };
        Self { accounts: vec![account], ..Self::default() }
    }

    /// One account with 250,000 checks, spread unevenly over 20 regions and 30 services.
    #[must_use]
    pub fn large() -> Self {
        let account = AccountSpec {
            regions: 20,
            services: 30,
            uneven: true,
            ..AccountSpec::new(Provider::Aws, 250_000)
        };
        Self { accounts: vec![account], ..Self::default() }
    }
}

impl AccountSpec {
    /// An account whose checks are spread evenly over six regions and ten services.
    #[must_use]
    pub fn new(provider: Provider, checks: usize) -> Self {
        Self { provider, checks, regions: 6, services: 10, uneven: false, concentrated: 0 }
    }
}
