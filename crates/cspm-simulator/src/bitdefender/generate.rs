//! Seeded worlds: the same seed and sizes give the same world, to the last digit.

use std::collections::BTreeMap;

use fastrand::Rng;
use jiff::Timestamp;

use super::{
    templates::{Cloud, GLOBAL_TYPES, GROUPS, RULES, SCHEDULES, STANDARDS, StandardTemplate, TEAMS},
    world::{
        Check, Control, Id, OtherControl, Resource, Rule, SEVERITIES, Scan, ScanGroup, Standard, Word, World,
    },
};

/// 2025-06-11T02:10:09Z: generated times lie before it, whatever the clock says.
const BASE_MS: i64 = 1_749_607_809_000;
const DAY_MS: i64 = 86_400_000;

/// Sizes of a generated world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Same seed, same world.
    pub seed: u64,
    /// Groups of scan accounts; with two or more, the last one is empty.
    pub groups: usize,
    /// Scan accounts: AWS, Azure and GCP in turn; some archived, some disabled, some in no group.
    pub scans: usize,
    /// Rules; past the 48 that are written by hand, variants of those.
    pub rules: usize,
    /// Checks, exactly; as many resources are made as that takes. Without scan accounts or rules there are none.
    pub checks: usize,
    /// Whether some records are strange: unknown words, missing values, odd timestamps, control characters.
    pub oddities: bool,
}

impl Spec {
    /// The sizes of the demo.
    pub fn demo(seed: u64) -> Self {
        Self { seed, groups: 5, scans: 12, rules: RULES.len(), checks: 2_400, oddities: true }
    }
}

impl World {
    /// A believable customer with 12 accounts and 2,400 checks.
    pub fn demo(seed: u64) -> Self {
        Self::generate(Spec::demo(seed))
    }

    /// A world of these sizes.
    pub fn generate(spec: Spec) -> Self {
        let mut rng = Rng::with_seed(spec.seed);
        let groups = groups(&mut rng, spec.groups);
        let scans = scans(&mut rng, spec.scans, &groups);
        let rules = rules(&mut rng, spec.rules);
        let standards = STANDARDS.iter().map(|template| standard(template, &rules)).collect();
        let (resources, checks) = checks(&mut rng, spec.checks, &scans, &rules);
        let mut world = Self { groups, scans, resources, rules, standards, checks };
        if spec.oddities {
            make_odd(&mut rng, &mut world);
        }
        world
    }
}

fn groups(rng: &mut Rng, count: usize) -> Vec<ScanGroup> {
    let group = |(n, name): (usize, &&str)| ScanGroup {
        id: uuid(rng),
        name: Some(numbered(name, n / GROUPS.len())),
        description: Some(if n % 2 == 0 { format!("Accounts of {name}") } else { String::new() }),
        schedule: pick(&SCHEDULES, n).map(str::to_owned),
        created_at: Some(stamp(BASE_MS - 400 * DAY_MS + rng.i64(0..DAY_MS), 3)),
    };
    GROUPS.iter().cycle().take(count).enumerate().map(group).collect()
}

fn scans(rng: &mut Rng, count: usize, groups: &[ScanGroup]) -> Vec<Scan> {
    let populated = if groups.len() > 1 { groups.len() - 1 } else { 1 };
    let scan = |n: usize| {
        let team = pick(&TEAMS, n).unwrap_or_default();
        let environment = if n.is_multiple_of(3) { "prod" } else { "test" };
        let target = match cloud_of(n) {
            Cloud::Aws => format!("{:012}", rng.u64(100_000_000_000..1_000_000_000_000)),
            Cloud::Azure => uuid(rng).to_string(),
            Cloud::Gcp => format!("{team}-{environment}-{}", rng.u32(100_000..1_000_000)),
        };
        let group = groups.get(n % populated).map(|group| group.id.clone());
        Scan {
            id: uuid(rng),
            name: Some(numbered(&format!("{environment}-{team}"), n / TEAMS.len())),
            target: Some(target),
            is_enabled: n % 5 != 4,
            is_archived: n % 7 == 6,
            created_at: Some(stamp(BASE_MS - 300 * DAY_MS + rng.i64(0..DAY_MS), 3)),
            group: group.filter(|_| n % 6 != 5),
        }
    };
    (0..count).map(scan).collect()
}

fn rules(rng: &mut Rng, count: usize) -> Vec<Rule> {
    let rule =
        |(n, (_, kind, name, title, severity)): (usize, &(Cloud, &'static str, &str, &str, &'static str))| {
            Rule {
                id: uuid(rng),
                name: if n < RULES.len() {
                    (*name).to_owned()
                } else {
                    format!("{name}_{}", n / RULES.len() + 1)
                },
                version: rng.u32(1..9),
                title: Some(numbered(title, n / RULES.len())),
                original_severity: Some(Word::Borrowed(severity)),
                description: Some(format!("Checks each {kind}: {}.", title.to_lowercase())),
                implication: Some("An attacker may read, change or destroy data.".into()),
                recommendation: Some(format!(
                    "1. Open the {kind} in the console.\n2. Change the setting and save it."
                )),
                references: Some(
                    ["https://example.test/a", "https://example.test/b"]
                        .join(pick(&["\n", ", ", " "], n).unwrap_or("\n")),
                ),
                other_controls: Vec::new(),
            }
        };
    RULES.iter().cycle().take(count).enumerate().map(rule).collect()
}

/// Three controls to a section; each rule of the right cloud is in one or two of them, but every seventh in none.
fn standard((id, title, cloud, sections): &StandardTemplate, rules: &[Rule]) -> Standard {
    let fits = |n: usize| {
        n % 7 != 6 && cloud.is_none_or(|cloud| pick(&RULES, n).is_some_and(|rule| rule.0 == cloud))
    };
    let numbers = sections.iter().flat_map(|section| (1..=3).map(move |n| (section, n)));
    let last = sections.len() * 3 - 1;
    let control = |(at, ((section_id, section_title), n)): (usize, (&(&str, &str), usize))| Control {
        id: format!("{section_id}.{n}"),
        description: Some(format!("{section_title}, requirement {n}")),
        section_id: (*section_id).to_owned(),
        section_title: Some((*section_title).to_owned()),
        // The last control has no rules at all.
        rules: rules
            .iter()
            .enumerate()
            .filter(|(rule, _)| {
                fits(*rule) && (rule % last == at || (rule % 5 == 0 && (rule + 1) % last == at))
            })
            .map(|(_, rule)| rule.id.clone())
            .collect(),
    };
    Standard {
        id: (*id).into(),
        title: Some((*title).to_owned()),
        controls: numbers.enumerate().map(control).collect(),
    }
}

/// Resources one after another, over the scan accounts in turn, each with a check by every rule for its type.
fn checks(rng: &mut Rng, count: usize, scans: &[Scan], rules: &[Rule]) -> (Vec<Resource>, Vec<Check>) {
    let mut by_type: BTreeMap<&'static str, Vec<&Rule>> = BTreeMap::new();
    for (rule, (_, kind, ..)) in rules.iter().zip(RULES.iter().cycle()) {
        by_type.entry(kind).or_default().push(rule);
    }
    let types_of = |cloud: Cloud| -> Vec<&'static str> {
        let types =
            by_type.keys().filter(|kind| RULES.iter().any(|rule| rule.0 == cloud && rule.1 == **kind));
        types.copied().collect()
    };
    let scanned: Vec<_> =
        scans.iter().enumerate().map(|(n, scan)| (cloud_of(n), scan, types_of(cloud_of(n)))).collect();
    let scanned: Vec<_> = scanned.into_iter().filter(|(_, _, types)| !types.is_empty()).collect();

    let (mut resources, mut checks) = (Vec::new(), Vec::with_capacity(count));
    for (cloud, scan, types) in scanned.iter().cycle() {
        if checks.len() >= count {
            break;
        }
        let Some(kind) = pick(types, rng.usize(..)) else { break };
        let resource = resource(rng, *cloud, scan, kind, resources.len());
        for rule in by_type.get(kind).into_iter().flatten().take(count - checks.len()) {
            checks.push(check(rng, scan, rule, &resource));
        }
        resources.push(resource);
    }
    (resources, checks)
}

fn resource(rng: &mut Rng, cloud: Cloud, scan: &Scan, kind: &'static str, n: usize) -> Resource {
    let team = pick(&TEAMS, rng.usize(..)).unwrap_or_default();
    let name = format!("{team}-{n:05}");
    let region = if GLOBAL_TYPES.contains(&kind) {
        "global"
    } else {
        pick(cloud.regions(), rng.usize(..)).unwrap_or_default()
    };
    let target = scan.target.as_deref().unwrap_or_default();
    let plain_kind = kind.replace(' ', "");
    let native_id = match cloud {
        Cloud::Aws => format!("arn:aws:{}:{region}:{target}:{name}", plain_kind.to_lowercase()),
        Cloud::Azure => {
            format!("/subscriptions/{target}/resourceGroups/{team} group/providers/{plain_kind}/{name}")
        }
        Cloud::Gcp => format!("//googleapis.com/projects/{target}/{plain_kind}/{name}"),
    };
    let id = uuid(rng);
    Resource {
        id,
        native_id,
        name: Some(name),
        region: Some(region.to_owned()),
        resource_type: Some(Word::Borrowed(kind)),
    }
}

fn check(rng: &mut Rng, scan: &Scan, rule: &Rule, resource: &Resource) -> Check {
    let mut check = Check {
        id: uuid(rng),
        scan: scan.id.clone(),
        rule: rule.id.clone(),
        resource: resource.id.clone(),
        result: "pass".into(),
        severity: rule.original_severity.clone(),
        status: None,
        status_remarks: None,
        severity_remarks: None,
        expires_at: None,
        created_at: Some(stamp(BASE_MS - rng.i64(0..30 * DAY_MS), 3)),
    };
    if rng.u8(..100) < 40 {
        return check;
    }
    check.result = "fail".into();
    let (status, remarks) = match rng.u8(..100) {
        0..=69 => ("open", None),
        70..=76 => ("remediated", Some("fixed with the last roll-out")),
        77..=87 => ("risk_accepted", Some("accepted until the migration")),
        88..=93 => ("false_positive", Some("public on purpose: web site")),
        _ => ("needs_review", None),
    };
    check.status = Some(status.into());
    check.status_remarks = remarks.map(str::to_owned);
    if status == "risk_accepted" {
        // Far from any clock on either side, or without an end.
        check.expires_at =
            pick(&[Some("2099-12-31"), None, Some("2098-02-28"), Some("2024-02-29")], rng.usize(..))
                .flatten()
                .map(str::to_owned);
    }
    if rng.u8(..100) < 6 {
        check.severity = pick(&SEVERITIES, rng.usize(..)).map(Word::Borrowed);
        check.severity_remarks = Some("compensating control".into());
    }
    check
}

/// Puts one of each strange thing at a fixed place, where the world is large enough.
fn make_odd(rng: &mut Rng, world: &mut World) {
    for (n, check) in world.checks.iter_mut().enumerate().take(100) {
        let status = |check: &mut Check, status: &'static str| {
            check.result = "fail".into();
            check.status = Some(status.into());
            (check.status_remarks, check.expires_at) = (None, None);
        };
        match n {
            0..=9 => check.created_at = Some(stamp(BASE_MS - 1_234_567, n)),
            10 => check.created_at = Some("2025-06-11T07:55:09.5+05:45".into()),
            11 => check.created_at = Some("yesterday at noon".into()),
            12 => check.created_at = None,
            13 => {
                status(check, "open");
                check.severity = Some("catastrophic".into());
            }
            14 => status(check, "snoozed"),
            15 => check.result = "error".into(),
            16 => {
                status(check, "open");
                check.severity = None;
            }
            17 => check.rule = uuid(rng),
            18 => {
                status(check, "risk_accepted");
                check.status_remarks =
                    Some("Genehmigt von \"Zoë\",\nsiehe Ticket 42; bis auf Weiteres ☕".into());
            }
            19 => {
                status(check, "risk_accepted");
                check.expires_at = Some("2099-12-31".into());
            }
            20 => {
                status(check, "risk_accepted");
                check.expires_at = Some("2024-02-29".into());
            }
            21 => status(check, "false_positive"),
            22 => status(check, "needs_review"),
            23 => status(check, "remediated"),
            24 => {
                status(check, "open");
                check.status = None;
            }
            _ => {}
        }
    }
    for (n, resource) in world.resources.iter_mut().enumerate().take(10) {
        match n {
            0 => resource.name = Some("журнал аудита / café ☕".into()),
            1 => resource.region = Some(String::new()),
            2 => resource.region = None,
            3 => resource.name = None,
            4 => resource.name = Some("\u{1b}[31mred\u{1b}[0m\ttab".into()),
            5 => resource.name = Some("Finance, \"Q3\" <archive>".into()),
            6 => resource.resource_type = Some("Disk, Managed".into()),
            7 => resource.resource_type = None,
            8 => resource.region = Some("moon-base-1".into()),
            _ => {}
        }
    }
    for (n, scan) in world.scans.iter_mut().enumerate() {
        match n {
            1 => scan.name = Some("Zürich – Produktion".into()),
            6 => scan.name = None,
            8 => scan.created_at = Some("2025-03-04 08:15".into()),
            _ => {}
        }
    }
    for (n, rule) in world.rules.iter_mut().enumerate() {
        match n {
            2 => rule.title = None,
            3 => rule.original_severity = Some("catastrophic".into()),
            4 => (rule.description, rule.references) = (None, Some(String::new())),
            5 => rule.description = Some("<p>See <b>the &amp; guide</b></p> **or** `docs`".into()),
            6 => rule.other_controls.push(OtherControl {
                id: "1.1".into(),
                compliance_type: "custom_compliance".into(),
                compliance_id: "House rules".into(),
                section_id: "1".into(),
            }),
            _ => {}
        }
    }
    for (n, group) in world.groups.iter_mut().enumerate() {
        match n {
            1 => group.description = None,
            3 => (group.schedule, group.created_at) = (None, None),
            _ => {}
        }
    }
}

fn cloud_of(scan: usize) -> Cloud {
    pick(&Cloud::ALL, scan).unwrap_or(Cloud::Aws)
}

fn pick<T: Copy>(from: &[T], n: usize) -> Option<T> {
    from.get(n.checked_rem(from.len())?).copied()
}

/// The name for the first round, and with a number for later ones.
fn numbered(name: &str, round: usize) -> String {
    if round == 0 { name.to_owned() } else { format!("{name} {}", round + 1) }
}

/// A random UUID (RFC 4122, version 4).
fn uuid(rng: &mut Rng) -> Id {
    let bits = (rng.u128(..) & !(0xf << 76) & !(0b11 << 62)) | (4 << 76) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    let mut text = String::with_capacity(36);
    for (at, digit) in hex.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text.into()
}

/// A UTC timestamp with that many fractional digits.
fn stamp(ms: i64, digits: usize) -> String {
    let seconds = Timestamp::from_second(ms.div_euclid(1000)).unwrap_or_default();
    let mut text = seconds.to_string();
    text.pop();
    let fraction = format!("{:03}{:06}", ms.rem_euclid(1000), ms.rem_euclid(999_983));
    if digits > 0 {
        text.push('.');
        text.extend(fraction.chars().take(digits));
    }
    text.push('Z');
    text
}
