//! Generating a world from a specification.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::Conformity;
use super::catalogue::Catalogue;
use super::catalogue_data::{ServiceSeed, services};
use super::check::{Check, CheckId, ResolutionPage, Status, Text};
use super::check_writes::pretty;
use super::organisation::uuid;
use super::places::{self, GLOBAL};
use super::spec::{AccountSpec, Spec};
use super::world::{
    Account, BASE_TIME, Cloud, Key, Level, Provider, RISK_LEVELS, Role, User, World, short_id,
};

const DAY_MS: i64 = 86_400_000;
/// Suppressions with an end last into 2031, so that none ends while a test runs: 2031-01-01T00:00:00Z.
const SUPPRESSED_UNTIL: i64 = 1_924_992_000_000;

impl World {
    /// A world as specified, with the standard catalogue and the keys of [`Conformity`].
    #[must_use]
    pub fn generate(spec: &Spec) -> Self {
        let mut rng = Rng::with_seed(spec.seed);
        let mut world = Self {
            organisation: new_id(&mut rng, spec.cloud_one),
            external_id: Some(uuid(&mut rng)),
            catalogue: Catalogue::standard(),
            regions: places::known_regions(),
            ..Self::default()
        };
        for (number, account) in spec.accounts.iter().enumerate() {
            let id = new_id(&mut rng, spec.cloud_one);
            let made = new_account(&mut rng, &id, number, account);
            Checks::new(&world.catalogue, spec, account, &made).make(&mut rng, &mut world.checks);
            world.accounts.push(made);
        }
        world.checks.sort_by(|a, b| a.id.cmp(&b.id));
        add_people(&mut world, &mut rng, spec.cloud_one);
        world
    }
}

fn new_id(rng: &mut Rng, cloud_one: bool) -> String {
    if cloud_one { uuid(rng) } else { short_id(rng) }
}

fn new_account(rng: &mut Rng, id: &str, number: usize, spec: &AccountSpec) -> Account {
    const NAMES: [&str; 8] = [
        "Payments",
        "Web shop",
        "Data platform",
        "Identity",
        "Sandbox",
        "Büro München",
        "Logistics",
        "Archive",
    ];
    let name = NAMES.get(number % NAMES.len()).copied().unwrap_or_default();
    let name = if number < NAMES.len() { name.to_owned() } else { format!("{name} {number}") };
    let cloud = match spec.provider {
        Provider::Aws => Cloud::Aws {
            // An account number in five is one that begins with a zero.
            account: Some(if number % 5 == 4 {
                rng.u64(1 << 30..1 << 36)
            } else {
                rng.u64(100_000_000_000..999_999_999_999)
            }),
            as_number: number % 7 == 3,
        },
        Provider::Azure => Cloud::Azure { subscription: uuid(rng) },
        Provider::Gcp => {
            Cloud::Gcp { project: format!("acme-{}", rng.u32(100_000..999_999)), name: name.clone() }
        }
    };
    let role_arn = match &cloud {
        Cloud::Aws { account: Some(account), .. } => format!("arn:aws:iam::{account:012}:role/Conformity"),
        _ => String::new(),
    };
    Account {
        environment: [Some("prod".to_owned()), Some(String::new()), None]
            .into_iter()
            .cycle()
            .nth(number % 3)
            .flatten(),
        tags: (number % 3 != 2).then(|| vec!["pci".to_owned(), format!("unit {}", number % 2)]),
        code: number.is_multiple_of(2).then(|| format!("A{number:02}")),
        resources: spec.checks / 3,
        created: BASE_TIME - 500 * DAY_MS,
        last_checked: (spec.checks > 0).then(|| BASE_TIME - rng.i64(0..DAY_MS)),
        hides_cloud_type: spec.provider == Provider::Aws && number % 4 == 2,
        role_arn,
        ..Account::new(id, &name, cloud)
    }
}

/// Makes the checks of one account.
struct Checks<'a> {
    spec: &'a Spec,
    account: &'a Account,
    size: &'a AccountSpec,
    services: Vec<&'static ServiceSeed>,
    regions: Vec<&'static str>,
    rules: HashMap<&'a str, SharedRule>,
    tags: Vec<Arc<[Text]>>,
    extradata: Vec<Arc<Value>>,
    provider: Text,
    people: Vec<Text>,
}

/// What all checks of a rule share.
struct SharedRule {
    title: Text,
    risk_level: Text,
    multi_risk_level: bool,
    not_scored: bool,
    whole_account: bool,
    is_event: bool,
    categories: Arc<[Text]>,
    compliances: Arc<[Text]>,
    page: Text,
    descriptor: Text,
    kind: Text,
}

impl<'a> Checks<'a> {
    fn new(catalogue: &'a Catalogue, spec: &'a Spec, size: &'a AccountSpec, account: &'a Account) -> Self {
        let of_provider = |seed: &&ServiceSeed| seed.provider == size.provider && seed.id != "Custom";
        let seeds: HashMap<&str, &ServiceSeed> = services().map(|seed| (seed.id, seed)).collect();
        let shared = |text: &str| Text::from(text);
        let rules = catalogue.rules.iter().filter_map(|rule| {
            let seed = seeds.get(&*rule.service)?;
            Some((
                &*rule.id,
                SharedRule {
                    title: rule.title.clone(),
                    risk_level: rule.risk_level.clone(),
                    multi_risk_level: rule.multi_risk_level,
                    not_scored: rule.not_scored,
                    whole_account: matches!(rule.level, "account" | "service"),
                    is_event: rule.level == "event",
                    categories: rule.categories.clone().into(),
                    compliances: rule.compliances.clone().into(),
                    page: shared(&format!("https://example.invalid/knowledge/{}", rule.name)),
                    descriptor: shared(seed.descriptor),
                    kind: shared(seed.kind),
                },
            ))
        });
        let regional = size.regions.saturating_sub(1).max(1);
        Self {
            spec,
            account,
            size,
            services: services().filter(of_provider).take(size.services.max(1)).collect(),
            regions: places::regions(size.provider).iter().copied().take(regional).collect(),
            rules: rules.collect(),
            tags: [
                &["env::prod", "team::payments"][..],
                &["env::dev"],
                &["owner::Zoë Müller", "cost centre::4711"],
                &["public"],
                &[],
            ]
            .iter()
            .map(|tags| tags.iter().map(|tag| Text::from(*tag)).collect())
            .collect(),
            extradata: [
                json!([{"label": "Size", "name": "size", "type": "META", "value": 42, "internal": false}]),
                json!([{"label": "Policy", "name": "policy", "type": "META", "value": "{\"Version\":\"2012-10-17\"}"}]),
                json!([{"label": "Owner", "name": "owner", "type": "META", "value": {"id": 7, "names": ["a", null]}}]),
            ]
            .into_iter()
            .map(Arc::new)
            .collect(),
            provider: shared(size.provider.as_str()),
            people: ["deployer", "alice", "arn:aws:iam::111122223333:user/bob"].map(Text::from).into(),
        }
    }

    fn make(&self, rng: &mut Rng, into: &mut Vec<Check>) {
        let mut whole = HashSet::new();
        into.reserve(self.size.checks);
        for number in 0..self.size.checks {
            let is_concentrated = number < self.size.concentrated;
            if let Some(check) = self.one(rng, number, is_concentrated, &mut whole) {
                into.push(check);
            }
        }
    }

    fn one(
        &self,
        rng: &mut Rng,
        number: usize,
        is_concentrated: bool,
        whole: &mut HashSet<(&'static str, String)>,
    ) -> Option<Check> {
        let service = *self.pick(rng, &self.services, is_concentrated)?;
        let home = *self.pick(rng, &self.regions, is_concentrated)?;
        let stray = self.spec.stray_region.as_deref().filter(|_| !is_concentrated && rng.u8(..50) == 0);
        let region = if service.global { GLOBAL } else { stray.unwrap_or(home) };
        let seed = rng.choice(service.rules)?;
        let rule = self.rules.get(seed.id)?;
        // There is only one check of a whole account or service in a region.
        let resource = if rule.whole_account && whole.insert((seed.id, region.to_owned())) {
            String::new()
        } else {
            places::resource(service.template, region, &self.account.cloud, number)
        };
        let id = CheckId::new(&self.account.id, seed.id, service.id, region, &resource);
        let status =
            if rng.u8(..100) < self.spec.failing_percent { Status::Failure } else { Status::Success };
        let risk_level = match rng.choice(RISK_LEVELS) {
            Some(level) if rule.multi_risk_level => level.into(),
            _ => rule.risk_level.clone(),
        };
        Some(self.fill(rng, Check::new(id, status, &risk_level), rule, home, &resource))
    }

    fn pick<'t, T>(&self, rng: &mut Rng, items: &'t [T], is_concentrated: bool) -> Option<&'t T> {
        if is_concentrated {
            items.first()
        } else if self.size.uneven {
            // A place in a short list; the cast cuts off the fraction.
            let at = (rng.f64().powf(2.5) * items.len() as f64) as usize;
            items.get(at)
        } else {
            rng.choice(items)
        }
    }

    /// Fills in the attributes, leaving out now and then what may be missing (section 4.1).
    fn fill(&self, rng: &mut Rng, check: Check, rule: &SharedRule, home: &str, resource: &str) -> Check {
        let failing = check.status == Status::Failure;
        let created = BASE_TIME - rng.i64(DAY_MS..400 * DAY_MS);
        let changed = created + rng.i64(0..BASE_TIME - created);
        let is_suppressed = failing && rng.u8(..100) < self.spec.suppressed_percent;
        let until = (is_suppressed && rng.bool()).then(|| SUPPRESSED_UNTIL + rng.i64(0..300) * DAY_MS);
        let verb = if failing { "does not satisfy" } else { "satisfies" };
        let subject = if resource.is_empty() { check.id.region() } else { resource };
        let message = format!("{} {subject} {verb} '{}'", rule.kind, rule.title);
        let resolved = !failing && rng.u8(..4) == 0;
        let person = || rng_pick(changed, &self.people);
        let ccrn =
            format!("ccrn:{}:{}:{}:{home}:{resource}", self.provider, self.account.id, check.id.service(),);
        let page = rule.page.clone();
        let mut often = |percent: u8| rng.u8(..100) < percent;
        Check {
            pretty_risk_level: often(95).then(|| pretty(&check.risk_level).into()),
            message: often(98).then(|| message.into()),
            descriptor_type: often(90).then(|| rule.descriptor.clone()),
            resource_name: often(90).then(|| rule.kind.clone()),
            link: (often(30) && !resource.is_empty())
                .then(|| format!("https://console.example.invalid/{home}#{resource}").into()),
            link_title: (often(60) && !resource.is_empty()).then(|| resource.into()),
            created: often(97).then_some(created),
            modified: often(97).then_some(changed),
            updated: often(10).then_some(changed),
            status_changed: often(85).then_some(changed),
            failure_discovered: failing.then_some(changed),
            resolved: resolved.then_some(changed),
            introduced_by: (failing && often(15)).then(person),
            resolved_by: (resolved && often(50)).then(person),
            updated_by: often(5).then(person),
            categories: often(97).then(|| rule.categories.clone()),
            compliances: often(90).then(|| rule.compliances.clone()),
            tags: often(70).then(|| rng_pick(created, &self.tags)),
            suppressed: if is_suppressed { Some(true) } else { often(70).then_some(false) },
            suppressed_until: until,
            ccrn: often(92).then(|| ccrn.into()),
            extradata: often(20).then(|| rng_pick(created, &self.extradata)),
            not_scored: if rule.not_scored { Some(true) } else { often(60).then_some(false) },
            excluded: if often(1) { Some(true) } else { often(60).then_some(false) },
            rule_title: often(92).then(|| rule.title.clone()),
            provider: often(95).then(|| self.provider.clone()),
            resolution_page: if often(60) {
                ResolutionPage::Kebab(page)
            } else if often(75) {
                ResolutionPage::Camel(page)
            } else {
                ResolutionPage::Missing
            },
            provider_resource_id: (resource.starts_with("arn:") && often(50)).then(|| resource.into()),
            shows_service: often(85),
            sparse: often(3),
            explicit_nulls: often(50),
            extra: if rule.is_event {
                Some(Arc::new(event_attributes(changed, &self.account.id)))
            } else if often(4) {
                Some(Arc::new(old_attributes(changed)))
            } else {
                None
            },
            ..check
        }
    }
}

/// One of the items, chosen by a number that is random already.
fn rng_pick<T: Clone + Default>(number: i64, items: &[T]) -> T {
    let at = usize::try_from(number.rem_euclid(97)).unwrap_or_default() % items.len().max(1);
    items.get(at).cloned().unwrap_or_default()
}

fn event_attributes(at: i64, account: &str) -> Map<String, Value> {
    [("ttl", json!(at + 3 * DAY_MS)), ("eventId", json!(format!("ev{at:x}"))), ("accountId", json!(account))]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

/// What only older records have.
fn old_attributes(at: i64) -> Map<String, Value> {
    let cents = at.rem_euclid(10_000);
    [
        ("cost", json!(cents)),
        ("waste", json!(format!("{}.{:02}", cents / 100, cents % 100).parse::<f64>().unwrap_or_default())),
        ("ignored", if cents % 2 == 0 { Value::Null } else { json!(false) }),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect()
}

/// The users and keys that [`Conformity`] names.
fn add_people(world: &mut World, rng: &mut Rng, cloud_one: bool) {
    let mut access = BTreeMap::new();
    for (account, level) in world.accounts.iter().zip([Level::Full, Level::ReadOnly, Level::None]) {
        access.insert(account.id.clone(), level);
    }
    let people = [
        ("Ada", Role::Admin, BTreeMap::new(), Conformity::DEMO_KEY),
        ("Paul", Role::PowerUser, BTreeMap::new(), Conformity::POWER_KEY),
        ("Rita", Role::ReadOnly, BTreeMap::new(), Conformity::READ_ONLY_KEY),
        ("Curt", Role::User, access, Conformity::CUSTOM_KEY),
        ("Nils", Role::User, BTreeMap::new(), Conformity::NO_ACCESS_KEY),
        ("Dora", Role::Admin, BTreeMap::new(), Conformity::DISABLED_KEY),
    ];
    for (name, role, access, secret) in people {
        let id = if cloud_one { format!("urn:tmds:identity:us-ea-1:{}", uuid(rng)) } else { short_id(rng) };
        world.keys.push(Key {
            id: short_id(rng),
            secret: secret.into(),
            enabled: secret != Conformity::DISABLED_KEY,
            user: id.clone(),
            created: BASE_TIME - 90 * DAY_MS,
            last_used: (role != Role::User).then_some(BASE_TIME - DAY_MS),
        });
        world.users.push(User {
            id,
            first_name: name.into(),
            last_name: "Example".into(),
            email: (role != Role::PowerUser).then(|| format!("{}@example.invalid", name.to_lowercase())),
            role,
            access,
            status: "ACTIVE".into(),
            created: BASE_TIME - 300 * DAY_MS,
            last_login: (role == Role::Admin).then_some(BASE_TIME - 2 * DAY_MS),
            is_cloud_one: cloud_one,
        });
    }
}
