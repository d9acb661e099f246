//! What is installed at a simulated vendor: its world and its switches.

use std::collections::HashSet;
use std::sync::Arc;

use cspm_simulator::insightcloudsec::world::{Resource, SourcedId, Tags};
use cspm_simulator::wire::VendorSim;
use cspm_simulator::{Simulator, bitdefender, conformity, insightcloudsec};

use crate::Kind;

/// A vendor's world and options, before it is started.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "one of them a test")]
pub enum Installation {
    /// Conformity.
    Conformity(conformity::World, conformity::Options),
    /// InsightCloudSec.
    InsightCloudSec(insightcloudsec::World, insightcloudsec::Options),
    /// Bitdefender.
    Bitdefender(bitdefender::World, bitdefender::Options),
}

/// A vendor that runs, for what a test does to it beside asking.
#[derive(Clone, Debug)]
pub enum Model {
    /// Conformity.
    Conformity(Arc<conformity::Conformity>),
    /// InsightCloudSec.
    InsightCloudSec(Arc<insightcloudsec::InsightCloudSec>),
    /// Bitdefender.
    Bitdefender(Arc<bitdefender::Bitdefender>),
}

impl Installation {
    /// The demonstration's world: some thousand findings of every sort.
    #[must_use]
    pub fn demo(kind: Kind) -> Self {
        match kind {
            Kind::Conformity => conformity::World::demo(7).into(),
            Kind::InsightCloudSec => insightcloudsec::World::demo(7).into(),
            _ => bitdefender::World::demo(7).into(),
        }
    }

    /// So many findings, all of them open failures or passes, in a single listing of the vendor's.
    #[must_use]
    pub fn sized(kind: Kind, findings: usize) -> Self {
        match kind {
            Kind::Conformity => {
                let spec = conformity::Spec { suppressed_percent: 0, ..conformity::Spec::sizes(&[findings]) };
                conformity::World::generate(&spec).into()
            }
            Kind::InsightCloudSec => insights(&[findings]).into(),
            _ => {
                let (groups, scans, rules) = (1, 1, 12);
                let spec =
                    bitdefender::Spec { seed: 3, groups, scans, rules, checks: findings, oddities: false };
                bitdefender::World::generate(spec).into()
            }
        }
    }

    /// Several pieces of work that fail and end independently of each other, each with so many findings: accounts of
    /// Conformity, insights of InsightCloudSec. Bitdefender has one listing, which is all the pieces together.
    #[must_use]
    pub fn pieces(kind: Kind, sizes: &[usize]) -> Self {
        match kind {
            Kind::Conformity => {
                let spec = conformity::Spec { suppressed_percent: 0, ..conformity::Spec::sizes(sizes) };
                conformity::World::generate(&spec).into()
            }
            Kind::InsightCloudSec => insights(sizes).into(),
            _ => Self::sized(kind, sizes.iter().sum()),
        }
    }

    /// About a quarter of it, the odd ones kept: for tests that ask very often.
    #[must_use]
    pub fn thinned(mut self) -> Self {
        let mut number = 0;
        let mut keep = || {
            number += 1;
            number <= 100 || number % 4 == 0
        };
        match &mut self {
            Self::Conformity(world, _) => world.checks.retain(|_| keep()),
            Self::InsightCloudSec(world, _) => {
                world.resources.retain(|_| keep());
                // An exemption of what is gone would be a finding all the same.
                let left: HashSet<&str> = world.resources.iter().map(|one| one.id.as_str()).collect();
                world.exemptions.retain(|one| left.contains(one.resource_id.as_str()));
            }
            Self::Bitdefender(world, _) => world.checks.retain(|_| keep()),
        }
        self
    }

    pub(crate) fn start(self) -> (Model, Simulator) {
        fn simulate<V: VendorSim>(vendor: V) -> (Arc<V>, Simulator) {
            let vendor = Arc::new(vendor);
            (vendor.clone(), Simulator::new(vendor))
        }
        match self {
            Self::Conformity(world, options) => {
                let (vendor, simulator) = simulate(conformity::Conformity::new(world, options));
                (Model::Conformity(vendor), simulator)
            }
            Self::InsightCloudSec(world, options) => {
                let (vendor, simulator) = simulate(insightcloudsec::InsightCloudSec::new(world, options));
                (Model::InsightCloudSec(vendor), simulator)
            }
            Self::Bitdefender(world, options) => {
                let (vendor, simulator) = simulate(bitdefender::Bitdefender::new(world, options));
                (Model::Bitdefender(vendor), simulator)
            }
        }
    }

    /// Makes `secret` the credential of whoever has this one now: a key, or the password of that user name.
    pub(crate) fn give(&mut self, holder: &str, secret: &str) {
        match self {
            Self::Conformity(world, _) => {
                for key in world.keys.iter_mut().filter(|key| key.secret == holder) {
                    key.secret = secret.to_owned();
                }
            }
            Self::InsightCloudSec(world, _) => {
                for user in &mut world.users {
                    if let Some(key) = user.key.as_mut().filter(|key| key.secret == holder) {
                        key.secret = secret.to_owned();
                    }
                    if user.username == holder {
                        user.password = Some(secret.to_owned());
                    }
                }
            }
            Self::Bitdefender(_, options) => {
                for key in options.keys.iter_mut().filter(|key| key.value == holder) {
                    key.value = secret.to_owned();
                }
            }
        }
    }

    /// Which vendor's it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Conformity(..) => Kind::Conformity,
            Self::InsightCloudSec(..) => Kind::InsightCloudSec,
            Self::Bitdefender(..) => Kind::Bitdefender,
        }
    }
}

impl From<conformity::World> for Installation {
    fn from(world: conformity::World) -> Self {
        Self::Conformity(world, conformity::Options::default())
    }
}

impl From<insightcloudsec::World> for Installation {
    fn from(world: insightcloudsec::World) -> Self {
        Self::InsightCloudSec(world, insightcloudsec::Options::default())
    }
}

impl From<bitdefender::World> for Installation {
    fn from(world: bitdefender::World) -> Self {
        Self::Bitdefender(world, bitdefender::Options::default())
    }
}

impl Model {
    /// Ends the life of a key.
    pub fn revoke(&self, key: &str) {
        match self {
            Self::Conformity(vendor) => vendor.revoke(key),
            Self::InsightCloudSec(vendor) => vendor.revoke(key),
            Self::Bitdefender(vendor) => vendor.revoke(key),
        }
    }
}

/// One cloud account with one insight for each size, and so many instances that violate it.
fn insights(sizes: &[usize]) -> insightcloudsec::World {
    let spec = insightcloudsec::Spec {
        organizations: 1,
        clouds: 1,
        resources: 0,
        backoffice_insights: sizes.len(),
        custom_insights: 0,
        exemptions: 0,
        ..insightcloudsec::Spec::default()
    };
    let mut world = insightcloudsec::World::generate(spec);
    world.resources.clear();
    let cloud = world.clouds[0].id;
    for (insight, size) in world.insights.iter_mut().zip(sizes) {
        insight.resource_types = vec!["instance".to_owned()];
        insight.supported_clouds = None;
        let id: SourcedId = insight.id;
        for number in 0..*size {
            let provider_id = format!("i-{:04}{number:08}", id.id);
            world.resources.push(Resource {
                id: format!("instance:{cloud}:us-east-1:{provider_id}:"),
                resource_type: "instance".into(),
                name: format!("web-{number}"),
                cloud,
                region: Some("us-east-1".into()),
                provider_id,
                namespace_id: None,
                created: None,
                discovered: insightcloudsec::BASE,
                tags: Tags::Missing,
                groups: Vec::new(),
                fails: vec![id],
                details: "{}".to_owned(),
                raw: None,
            });
        }
    }
    world
}
