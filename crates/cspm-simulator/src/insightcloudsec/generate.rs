//! Seeded worlds of any size.

use std::collections::HashMap;
use std::sync::Arc;

use fastrand::Rng;
use serde_json::{Value, json};

use super::catalogue::{BACKOFFICE, CUSTOM, KINDS, Kind, ROLES, SUBJECTS, Template};
use super::demo;
use super::world::{
    Badge, Bot, Cloud, CloudParent, Exemption, FailedType, Insight, InsightFilter, Organization, Pack,
    Resource, SourcedId, Tags, World,
};

/// The instant generated times are relative to: 2025-06-01T00:00:00Z, in milliseconds.
pub const BASE: i64 = 1_748_736_000_000;

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// How large a generated world is.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The same seed gives the same world.
    pub seed: u64,
    /// At least 1. The second and later ones have a quarter of the clouds and a tenth of the resources.
    pub organizations: usize,
    /// Clouds of the first organization. The types repeat; from the eighth on there is one that is paused, one whose
    /// role cannot be assumed, and one that was never harvested and so is empty.
    pub clouds: usize,
    /// Resources of the first organization, beside one for each cloud and two resource groups.
    pub resources: usize,
    /// Violations of a resource that has any, as far as there are insights for its type; every tenth has none.
    pub failures_per_resource: usize,
    /// The vendor's insights.
    pub backoffice_insights: usize,
    /// Custom insights.
    pub custom_insights: usize,
    /// Exemptions, in turn: without end, with an end far away, not begun, ended, disabled.
    pub exemptions: usize,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            seed: 1,
            organizations: 2,
            clouds: 9,
            resources: 1_200,
            failures_per_resource: 2,
            backoffice_insights: BACKOFFICE.len(),
            custom_insights: CUSTOM.len(),
            exemptions: 60,
        }
    }
}

impl World {
    /// The world of the demonstration: some two thousand violations in two organizations.
    pub fn demo(seed: u64) -> Self {
        Self::generate(Spec { seed, ..Spec::default() })
    }

    /// A world of the given size. Its users and their credentials are always those of the demonstration.
    pub fn generate(spec: Spec) -> Self {
        let mut rng = Rng::with_seed(spec.seed);
        let mut world =
            Self { users: demo::users(), groups: demo::groups(), roles: demo::roles(), ..Self::default() };
        let names = ["Default Organization", "Tochter Süd"];
        for number in 0..spec.organizations.max(1) {
            let name =
                names.get(number).map_or_else(|| format!("Subsidiary {number}"), |name| (*name).to_owned());
            world.organizations.push(Organization { id: count(number) + 1, name });
        }
        insights(&mut world, &spec);
        for number in 0..world.organizations.len() {
            let (clouds_wanted, resources_wanted) = if number == 0 {
                (spec.clouds, spec.resources)
            } else {
                (spec.clouds / 4, spec.resources / 10)
            };
            let organization = count(number) + 1;
            clouds(&mut world, organization, clouds_wanted.max(1), &mut rng);
            resources(&mut world, organization, resources_wanted, &spec, &mut rng);
        }
        packs(&mut world);
        exemptions(&mut world, spec.exemptions);
        bots(&mut world);
        demo::vulnerabilities(&mut world);
        world
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn pick<T: Copy>(items: &[T], number: usize, fallback: T) -> T {
    items.get(number % items.len().max(1)).copied().unwrap_or(fallback)
}

/// More insights than templates repeat the templates under numbered titles.
fn insights(world: &mut World, spec: &Spec) {
    for (templates, wanted, custom) in
        [(&BACKOFFICE[..], spec.backoffice_insights, false), (&CUSTOM[..], spec.custom_insights, true)]
    {
        for (number, template) in templates.iter().cycle().take(wanted).enumerate() {
            let round = number / templates.len();
            let id = if custom {
                SourcedId::custom(count(number) * 11 + 5)
            } else {
                SourcedId::backoffice(count(number) + 1)
            };
            // The last of the customer's belongs to the second organization, if there is one.
            let second = custom && number + 1 == wanted && world.organizations.len() > 1;
            let organization = custom.then_some(if second { 2 } else { 1 });
            world.insights.push(insight(template, id, organization, number, round));
        }
    }
}

fn insight(
    template: &Template,
    id: SourcedId,
    organization: Option<i64>,
    number: usize,
    round: usize,
) -> Insight {
    let name = if round == 0 { template.title.to_owned() } else { format!("{} ({round})", template.title) };
    let slug: String = template
        .title
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .collect();
    let made = BASE - DAY * (900 - count(number % 800));
    Insight {
        id,
        organization,
        description: format!(
            "Matches every resource for which this holds: {}.",
            template.title.to_lowercase()
        ),
        notes: (number % 5 != 4).then(|| {
            format!("### Remediation\n\n1. Open the resource.\n2. Mend it: *{}*.\n", template.title)
        }),
        name,
        severity: template.severity,
        custom_severity: match number % 9 {
            4 => Some(5),
            7 => Some(2),
            _ => None,
        },
        resource_types: template.types.iter().map(|&name| name.to_owned()).collect(),
        tags: vec![template.tag.to_owned()],
        filters: vec![InsightFilter {
            name: format!("divvy.query.{slug}"),
            config: json!({}),
            collections: json!({}),
        }],
        supported_clouds: template.clouds.map(|types| types.iter().map(|&name| name.to_owned()).collect()),
        group_blacklist: Vec::new(),
        released: organization.is_none().then(|| "22.2".to_owned()),
        author: organization.is_none().then(|| "DivvyCloud".to_owned()),
        meta_data: None,
        favorited: number.is_multiple_of(13),
        written: serde_json::Map::new(),
        inserted: made,
        updated: made + 30 * DAY,
    }
}

fn clouds(world: &mut World, organization: i64, wanted: usize, rng: &mut Rng) {
    const KINDS: [(&str, &str, &str); 9] = [
        ("AWS", "production", "DEFAULT"),
        ("AZURE_ARM", "corporate apps", "DEFAULT"),
        ("AWS", "staging", "DEFAULT"),
        ("GCE", "analytics", "DEFAULT"),
        ("K8S_R7", "gke-payments", "DEFAULT"),
        ("AWS", "shared services", "PAUSED"),
        ("AWS", "acquired (old)", "ASSUME_ROLE_FAIL"),
        ("AZURE_ARM", "just added", "REFRESH"),
        ("K8S_R7", "edge-cluster", "DEFAULT"),
    ];
    for number in 0..wanted {
        let (cloud_type, name, status) = pick(&KINDS, number, ("AWS", "production", "DEFAULT"));
        let id = count(world.clouds.len()) + 3;
        let account_id = match (cloud_type, number) {
            ("AZURE_ARM", _) => Some(format!("9d1f{id:04x}-77aa-4a0e-b6d1-0c5a8e2d9b14")),
            ("GCE", _) => Some(format!("analytics-prod-{id}")),
            // A cluster has the path of its parent project, or nothing.
            ("K8S_R7", 4) => {
                Some(format!("//container.googleapis.com/projects/p{id}/locations/x/clusters/pay"))
            }
            ("K8S_R7", _) => None,
            _ => Some(format!("{:012}", 111_122_220_000 + id * 7)),
        };
        let mut badges = super::badges::system(cloud_type);
        for (key, value) in
            [("env", if number.is_multiple_of(2) { "prod" } else { "test" }), ("owner", "sec@example.org")]
        {
            if number % 4 != 3 {
                badges.push(Badge { key: key.to_owned(), value: value.to_owned(), auto_generated: false });
            }
        }
        let aws = cloud_type == "AWS";
        let permissions = vec!["backup-gateway:GetGateway".to_owned()];
        let failed = FailedType { resource_type: "backupgateway".to_owned(), permissions };
        let round = number / KINDS.len();
        world.clouds.push(Cloud {
            id,
            organization,
            name: if round == 0 { name.to_owned() } else { format!("{name} {round}") },
            cloud_type: cloud_type.to_owned(),
            account_id,
            status: status.to_owned(),
            created: BASE - DAY * rng.i64(100..900),
            last_refreshed: (status != "REFRESH").then(|| BASE - rng.i64(0..DAY)),
            role_arn: match cloud_type {
                "AWS" => Some("ics_read".to_owned()),
                "GCE" => Some("ics-reader@analytics.iam.gserviceaccount.example".to_owned()),
                _ => None,
            },
            badges,
            strategy_id: (number % 3 != 2).then_some(1),
            parent: aws.then(|| CloudParent {
                id: "o-a1b2c3d4e5".to_owned(),
                domain_name: "example.org".to_owned(),
                nickname: "main".to_owned(),
            }),
            failed_types: if aws { Some(vec![failed]) } else { None },
            tenant_id: (cloud_type == "AZURE_ARM").then(|| "0f1e2d3c-1111-2222-3333-444455556666".to_owned()),
            disabled_regions: Vec::new(),
        });
    }
}

/// Insights by the resource type and cloud type they can match.
type Candidates = HashMap<(&'static str, String), Vec<SourcedId>>;

fn candidates(world: &World, organization: i64, wanted_types: &[&'static str]) -> Candidates {
    let empty: Vec<&str> =
        BACKOFFICE.iter().chain(&CUSTOM).filter(|one| one.empty).map(|one| one.title).collect();
    let mut found = Candidates::new();
    for insight in &world.insights {
        let idle = empty.iter().any(|title| insight.name.starts_with(title));
        if idle || insight.organization.is_some_and(|owner| owner != organization) {
            continue;
        }
        for &name in wanted_types.iter().filter(|&&name| insight.resource_types.iter().any(|one| one == name))
        {
            for cloud_type in ["AWS", "AZURE_ARM", "GCE", "K8S_R7"] {
                if insight
                    .supported_clouds
                    .as_ref()
                    .is_none_or(|types| types.iter().any(|one| one == cloud_type))
                {
                    found.entry((name, cloud_type.to_owned())).or_default().push(insight.id);
                }
            }
        }
    }
    found
}

fn resources(world: &mut World, organization: i64, wanted: usize, spec: &Spec, rng: &mut Rng) {
    let mut names: Vec<&'static str> = KINDS.iter().map(|kind| kind.name).collect();
    names.extend(["divvyorganizationservice", "resourcegroup"]);
    let candidates = candidates(world, organization, &names);
    let shared: HashMap<&str, Arc<str>> = names.iter().map(|&name| (name, Arc::from(name))).collect();
    let type_of = |name: &str| shared.get(name).map_or_else(|| Arc::from(name), Arc::clone);
    let own: Vec<Cloud> =
        world.clouds.iter().filter(|cloud| cloud.organization == organization).cloned().collect();
    let harvested: Vec<&Cloud> = own.iter().filter(|cloud| cloud.last_refreshed.is_some()).collect();
    let fails = |name: &'static str, cloud: &Cloud, number: usize, rng: &mut Rng| {
        let from = candidates.get(&(name, cloud.cloud_type.clone())).map_or(&[][..], Vec::as_slice);
        let most = if number % 10 == 9 { 0 } else { spec.failures_per_resource };
        let mut chosen: Vec<SourcedId> = rng.choose_multiple(from.iter().copied(), most);
        chosen.sort_unstable();
        chosen
    };
    for number in 0..wanted {
        let Some(cloud) = harvested.get(number % harvested.len().max(1)) else { continue };
        let kinds: Vec<&Kind> =
            KINDS.iter().filter(|kind| kind.clouds.contains(&cloud.cloud_type.as_str())).collect();
        let Some(kind) = kinds.get((number / harvested.len()) % kinds.len().max(1)) else { continue };
        let mut resource = demo::resource(kind, cloud, count(number), rng);
        resource.resource_type = type_of(kind.name);
        resource.fails = fails(kind.name, cloud, number, rng);
        world.resources.push(resource);
    }
    for (number, cloud) in own.iter().enumerate() {
        let details = json!({"organization_service_id": cloud.id.to_string(), "account_id": cloud.account_id,
            "name": cloud.name, "added_timestamp": super::stamp::spaced(cloud.created), "bots": 0, "resources": 0});
        let kind = "divvyorganizationservice";
        world.resources.push(Resource {
            fails: fails(kind, cloud, number, rng),
            resource_type: type_of(kind),
            ..plain(cloud.resource_id(), cloud, cloud.name.clone(), &details)
        });
    }
    if let (1, Some(cloud)) = (organization, own.first()) {
        for (number, name) in [(1, "crown jewels"), (2, "sandbox")] {
            let details = json!({"name": name, "group_type": "user", "owner_type": "organization",
                "resource_count": 0, "owner_resource_id": "divvyorganization:1"});
            world.resources.push(Resource {
                fails: fails("resourcegroup", cloud, 0, rng),
                resource_type: type_of("resourcegroup"),
                ..plain(format!("resourcegroup:{number}:"), cloud, name.to_owned(), &details)
            });
        }
    }
}

fn plain(id: String, cloud: &Cloud, name: String, details: &Value) -> Resource {
    Resource {
        provider_id: id.clone(),
        id,
        resource_type: Arc::from(""),
        name,
        cloud: cloud.id,
        region: None,
        namespace_id: None,
        created: None,
        discovered: BASE - DAY,
        tags: Tags::Missing,
        groups: Vec::new(),
        fails: Vec::new(),
        details: details.to_string(),
        raw: None,
    }
}

/// A name made of the word lists.
pub(super) fn name(number: i64, rng: &mut Rng) -> String {
    let subject = pick(&SUBJECTS, rng.usize(..), "billing");
    let role = pick(&ROLES, rng.usize(..), "api");
    format!("{subject}-{role}-{number}")
}

fn packs(world: &mut World) {
    let of = |clouds: &str| -> Vec<i64> {
        let fits = |insight: &&Insight| {
            insight.supported_clouds.as_ref().is_none_or(|types| types.iter().any(|one| one == clouds))
        };
        let backoffice = world.insights.iter().filter(|insight| insight.organization.is_none());
        backoffice.filter(fits).map(|insight| insight.id.id).collect()
    };
    let own: Vec<i64> = world
        .insights
        .iter()
        .filter(|insight| insight.organization == Some(1))
        .map(|insight| insight.id.id)
        .collect();
    let pack = |id, name: &str, backoffice: Vec<i64>, custom: Vec<i64>, owner: Option<i64>| Pack {
        id,
        organization: owner,
        name: name.to_owned(),
        description: Some(format!("Insights that map to {name}.")),
        backoffice,
        custom,
        badges: Vec::new(),
        badge_filter_operator: owner.map(|_| "OR".to_owned()),
        logo_url: None,
        inserted: BASE - 700 * DAY,
        updated: BASE - 20 * DAY,
    };
    let few = |all: &[i64]| all.iter().copied().step_by(3).collect::<Vec<i64>>();
    let (aws, azure) = (of("AWS"), of("AZURE_ARM"));
    world.packs = vec![
        pack(SourcedId::backoffice(36), "CIS - AWS", aws.clone(), Vec::new(), None),
        pack(SourcedId::backoffice(37), "CIS - Azure", azure, Vec::new(), None),
        pack(SourcedId::backoffice(11), "PCI DSS 4.0", few(&aws), Vec::new(), None),
        pack(SourcedId::custom(11), "Baseline", few(&aws), own, Some(1)),
        pack(SourcedId::custom(12), "Empty Pack", Vec::new(), Vec::new(), Some(1)),
    ];
}

fn exemptions(world: &mut World, wanted: usize) {
    // Every seventh violation, so that most stay open, whatever the size.
    let pairs: Vec<(SourcedId, String, String)> = world
        .violations(1, BASE)
        .iter()
        .step_by(7)
        .take(wanted)
        .map(|one| (one.insight, one.resource.id.clone(), one.resource.resource_type.as_ref().to_owned()))
        .collect();
    for (number, (insight, resource_id, resource_type)) in pairs.into_iter().enumerate() {
        let (start, end, enabled) = match number % 5 {
            0 => (BASE - 90 * DAY, None, true),
            1 => (BASE - 60 * DAY, Some(BASE + 3650 * DAY), true),
            2 => (BASE + 7300 * DAY, None, true),
            3 => (BASE - 90 * DAY, Some(BASE - 10 * DAY), true),
            _ => (BASE - 90 * DAY, None, false),
        };
        world.exemptions.push(Exemption {
            id: count(number) + 100,
            organization: 1,
            insight,
            resource_id,
            resource_type,
            approver: Some("sec@example.org".to_owned()),
            creator: 7,
            notes: (number % 3 != 2).then(|| format!("ticket {}", number + 12)),
            enabled,
            created: BASE - 95 * DAY,
            start,
            end,
        });
    }
}

/// A schedule in the typed form of section 14.4.
fn weekly() -> Value {
    json!({"_type": "Weekly", "time_of_day": {"_type": "TimeOfDay", "hour": 8, "minute": 0, "second": 0},
        "day_of_week": 1, "day_of_month": null, "exclude_days": [], "minute_of_hour": 0, "second_of_hour": 0})
}

fn bots(world: &mut World) {
    for (id, name, state, insight) in [
        (21, "Tag untagged", "RUNNING", Some(SourcedId::backoffice(21))),
        (22, "Close public buckets", "PAUSED", Some(SourcedId::backoffice(1))),
        (23, "Old experiment", "ARCHIVED", None),
    ] {
        world.bots.push(Bot {
            id,
            organization: 1,
            name: name.to_owned(),
            description: "d".to_owned(),
            severity: "low".to_owned(),
            category: "Security".to_owned(),
            state: state.to_owned(),
            insight,
            next_run: (id == 21).then_some(BASE + 2 * DAY + 500),
            instructions: json!({"resource_types": ["instance"], "groups": [], "filters": [], "actions": [],
                "badges": [], "schedule": if id == 21 { weekly() } else { Value::Null }, "ondemand_enabled": id == 21,
                "hookpoints": ["divvycloud.resource.created"]}),
            created: BASE - 300 * DAY,
            modified: BASE - 3 * DAY,
            version: 2,
        });
    }
}
