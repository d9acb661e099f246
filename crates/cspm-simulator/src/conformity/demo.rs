//! The demonstration world: a few thousand checks and something of everything else.

use std::sync::Arc;

use serde_json::json;

use super::check::{Check, CheckId, Note, ResolutionPage, Status};
use super::rule_setting::{Exceptions, RuleSetting};
use super::spec::{AccountSpec, Spec};
use super::world::{BASE_TIME, Event, Group, Profile, Provider, World};

const DAY_MS: i64 = 86_400_000;

impl World {
    /// Eight accounts on three clouds, one of them empty, with about 3,000 checks, and profiles, rule settings, groups,
    /// events, reports and channels. The same seed gives the same world.
    #[must_use]
    pub fn demo(seed: u64) -> Self {
        let account = |provider, checks, regions, services| AccountSpec {
            regions,
            services,
            uneven: true,
            ..AccountSpec::new(provider, checks)
        };
        let mut world = Self::generate(&Spec {
            seed,
            accounts: vec![
                account(Provider::Aws, 1_100, 8, 30),
                account(Provider::Aws, 480, 5, 20),
                account(Provider::Azure, 560, 5, 11),
                account(Provider::Aws, 75, 3, 12),
                account(Provider::Gcp, 310, 4, 8),
                account(Provider::Aws, 260, 4, 41),
                account(Provider::Azure, 140, 3, 6),
                account(Provider::Aws, 0, 1, 1),
            ],
            ..Spec::default()
        });
        add_odd_checks(&mut world);
        add_notes(&mut world);
        add_rule_settings(&mut world);
        add_profiles(&mut world);
        add_groups(&mut world);
        add_events(&mut world);
        add_reports_and_channels(&mut world);
        world
    }

    /// The id of the account with this place, for references between entities.
    fn account_id(&self, place: usize) -> String {
        self.accounts.get(place).map(|account| account.id.clone()).unwrap_or_default()
    }
}

/// Checks with everything that a decoder and a path encoder have to survive.
fn add_odd_checks(world: &mut World) {
    let aws = world.account_id(0);
    let id = |rule: &str, service: &str, region: &str, resource: &str| {
        CheckId::new(&aws, rule, service, region, resource)
    };
    let failure = |id: CheckId, level: &str| Check {
        message: Some("Found by hand".into()),
        created: Some(BASE_TIME - 20 * DAY_MS),
        modified: Some(BASE_TIME - 10 * DAY_MS),
        failure_discovered: Some(BASE_TIME - 10 * DAY_MS),
        provider: Some("aws".into()),
        ..Check::new(id, Status::Failure, level)
    };
    let unknown_level = |resource: &str, level: &str| Check {
        pretty_risk_level: Some("Unknown".into()),
        ..failure(id("GD-002", "GuardDuty", "us-east-1", resource), level)
    };
    world.checks.extend([
        failure(id("S3-016", "S3", "global", "Büro Daten/2024 (alt)"), "HIGH"),
        failure(id("S3-016", "S3", "global", "50%25 off?#&+=ü"), "HIGH"),
        failure(
            id("Lambda-001", "Lambda", "eu-west-1", "arn:aws:lambda:eu-west-1:1:function:日本語:$LATEST"),
            "MEDIUM",
        ),
        failure(id("CWL-011", "CloudWatchLogs", "eu-west-1", "/aws/rds//slow query"), "LOW"),
        unknown_level("finding-1", "SEVERE"),
        unknown_level("finding-2", "NEGLIGIBLE"),
        // The service in the ccrn is not the one in the id (section 4.1).
        Check {
            ccrn: Some(format!("ccrn:aws:{aws}:AccessControl:global:role-one").into()),
            ..failure(id("Resources-001", "Resources", "global", "role-one"), "LOW")
        },
        // A sample of the documents pairs this word with that level (section 4.1).
        Check {
            pretty_risk_level: Some("High".into()),
            resource_name: Some("team-logs".into()),
            ..failure(id("S3-025", "S3", "global", "team-logs"), "LOW")
        },
        Check {
            rule_title: Some("Servers are patched".into()),
            tags: Some(["source::scanner".into()].into()),
            not_scored: Some(true),
            extradata: Some(Arc::new(
                json!([{"label": "Host", "name": "host", "type": "META", "value": "web-1"}]),
            )),
            resolution_page: ResolutionPage::Kebab("https://example.invalid/patching".into()),
            ..failure(id("CUSTOM-001", "EC2", "us-west-2", "web-1"), "MEDIUM")
        },
        // Nothing but what cannot be missing.
        Check {
            sparse: true,
            shows_service: false,
            ..Check::new(id("EC2-002", "EC2", "us-east-1", "sg-bare"), Status::Failure, "VERY_HIGH")
        },
    ]);
    // The resource part and its colon may be left out.
    world.checks.extend(
        CheckId::parse(&format!("ccc:{aws}:CUSTOM-001:EC2:us-west-2"))
            .map(|id| Check::new(id, Status::Success, "LOW")),
    );
    world.checks.sort_by(|a, b| a.id.cmp(&b.id));
}

/// Suppressions made through the interface leave a remark.
fn add_notes(world: &mut World) {
    let by = world.users.first().map(|user| user.id.clone()).unwrap_or_default();
    for (check, day) in world.checks.iter_mut().filter(|check| check.is_suppressed()).zip((1..60).cycle()) {
        let note = |at, text: &str| Note { by: by.clone(), at, text: text.into() };
        check.notes.push(note(BASE_TIME - (day + 30) * DAY_MS, "under review"));
        check.notes.push(note(BASE_TIME - day * DAY_MS, "accepted until the next audit"));
    }
}

fn excepted(tags: &[&str]) -> Option<Exceptions> {
    Some(Exceptions { tags: tags.iter().map(|tag| (*tag).into()).collect(), ..Exceptions::default() })
}

/// The first account has settings, a deprecated rule among them; the others run with defaults.
fn add_rule_settings(world: &mut World) {
    let by = world.users.first().map(|user| user.id.clone()).unwrap_or_default();
    let Some(account) = world.accounts.first_mut() else { return };
    let settings = [
        RuleSetting {
            exceptions: excepted(&["env::dev"]),
            rule_exists: Some(false),
            ..RuleSetting::new("S3-016", true, Some("VERY_HIGH"))
        },
        RuleSetting {
            provider: Some("aws".into()),
            extra_settings: Some(vec![json!({"name": "ttl", "type": "ttl", "value": 48, "ttl": true})]),
            ..RuleSetting::new("RTM-002", true, Some("MEDIUM"))
        },
        RuleSetting::new("EC2-001", false, Some("LOW")),
        RuleSetting::new("CT-013", true, Some("LOW")),
        RuleSetting::new("GD-002", true, None),
    ];
    account.rules = settings.into_iter().map(|setting| (setting.id.clone(), setting)).collect();
    let note = Note { by, at: BASE_TIME - 5 * DAY_MS, text: "agreed with the platform team".into() };
    account.rule_notes.insert("S3-016".into(), vec![note]);
}

fn add_profiles(world: &mut World) {
    let profile = |id: &str, name: &str, description: Option<&str>, rules: Vec<RuleSetting>| Profile {
        id: id.into(),
        name: name.into(),
        description: description.map(Into::into),
        rules: rules.into_iter().map(|rule| (rule.id.clone(), rule)).collect(),
    };
    let aws = |id, enabled, level| RuleSetting {
        provider: Some("aws".into()),
        ..RuleSetting::new(id, enabled, Some(level))
    };
    let own = format!("organisation-{}", world.organisation);
    world.profiles = vec![
        profile(
            "pR0f1leX9",
            "Baseline",
            Some("organisation default"),
            vec![
                RuleSetting { exceptions: excepted(&["team::legacy"]), ..aws("S3-016", true, "HIGH") },
                RuleSetting {
                    exceptions: Some(Exceptions::default()),
                    extra_settings: Some(vec![
                        json!({"name": "ttl", "type": "ttl", "value": 72, "ttl": true}),
                    ]),
                    ..aws("RTM-002", true, "MEDIUM")
                },
                aws("EC2-001", false, "LOW"),
                RuleSetting { provider: Some("aws".into()), ..RuleSetting::new("GD-002", true, None) },
            ],
        ),
        profile("-oldRul3s", "Legacy, to be retired", None, vec![aws("CT-013", true, "LOW")]),
        profile(
            "az_Pr0fi_",
            "Azure – Kernregeln",
            Some(""),
            vec![RuleSetting {
                provider: Some("azure".into()),
                ..RuleSetting::new("StorageAccounts-001", true, Some("EXTREME"))
            }],
        ),
        profile("emptyProf", "Nothing yet", None, Vec::new()),
        profile(&own, "Organisation", None, vec![aws("EC2-002", true, "EXTREME")]),
    ];
}

fn add_groups(world: &mut World) {
    world.groups = [("gR0up0001", "Card data", "pci"), ("gR0up0002", "Unit one", "unit 1")]
        .map(|(id, name, tag)| Group {
            id: id.into(),
            name: name.into(),
            tags: vec![tag.into()],
            created: BASE_TIME - 200 * DAY_MS,
            modified: BASE_TIME - 100 * DAY_MS,
        })
        .into();
}

fn add_events(world: &mut World) {
    let account = world.account_id(0);
    let user = world.users.first().map(|user| user.id.clone()).unwrap_or_default();
    let cloud = |n: i64| Event {
        id: format!("evA{n:05}"),
        name: "account.monitoring.activity".into(),
        time: BASE_TIME - n * 3_600_000,
        service: "s3.amazonaws.com".into(),
        identity: "deployer".into(),
        region: "eu-west-1".into(),
        description: "s3.amazonaws.com/PutBucketPolicy".into(),
        account: Some(account.clone()),
        from_cloud: true,
    };
    let own = |id: &str, name: &str, account: Option<String>| Event {
        id: id.into(),
        name: name.into(),
        service: "Conformity".into(),
        identity: user.clone(),
        region: "global".into(),
        description: name.replace('.', " "),
        account,
        from_cloud: false,
        ..cloud(1)
    };
    world.events = (0..150).map(cloud).collect();
    world.events.extend([
        own("evB00001", "account.rule.update.riskLevel", Some(account.clone())),
        own("evB00002", "organisation.acl.updated", None),
    ]);
}

fn add_reports_and_channels(world: &mut World) {
    let account = world.account_id(0);
    let organisation = json!({"data": {"type": "organisations", "id": world.organisation}});
    let config = format!("{account}:report-config:rC0nf1g01");
    let owned = json!({
        "organisation": organisation,
        "account": {"data": {"type": "accounts", "id": account}},
        "group": {"data": null},
        "profile": {"data": null},
    });
    world.report_configs = vec![json!({
        "type": "report-config",
        "id": config,
        "attributes": {
            "type": "report-config",
            "manual": true,
            "enabled": true,
            "created-date": BASE_TIME,
            "is-account-level": true,
            "is-group-level": false,
            "is-organisation-level": false,
            "configuration": {
                "title": "Monthly failures", "scheduled": true, "frequency": "1 * *", "tz": "Europe/Berlin",
                "sendEmail": false, "emails": [], "generateReportType": "GENERIC", "includeChecks": false,
                "filter": {"statuses": ["FAILURE"], "suppressed": false, "suppressedFilterMode": "v2"},
            },
        },
        "relationships": owned,
    })];
    world.reports = vec![json!({
        "type": "reports",
        "id": "rEp0rt001",
        "attributes": {
            "title": "Monthly failures",
            "created-date": BASE_TIME,
            "entity-id": account,
            "report-config-id": config,
            "status": "READY",
            "formats": ["CSV", "PDF"],
            "included": [{
                "type": "CSV",
                "report-download-endpoint": format!("https://dev.example.invalid/v1/reports/rEp0rt001/{account}/csv"),
            }],
        },
    })];
    let channel =
        |id: String, channel: &str, configuration: serde_json::Value, account: serde_json::Value| {
            json!({
                "type": "settings",
                "id": id,
                "attributes": {
                    "type": "communication", "channel": channel, "enabled": true, "manual": "",
                    "configuration": configuration,
                },
                "relationships": {"organisation": organisation, "account": {"data": account}},
            })
        };
    world.channels = vec![
        channel(
            format!("{account}:communication:email-eM41l"),
            "email",
            json!({"users": world.users.iter().take(1).map(|user| &user.id).collect::<Vec<_>>()}),
            json!({"type": "accounts", "id": account}),
        ),
        channel(
            "communication:slack-sL4ck".into(),
            "slack",
            json!({"url": "https://hooks.example.invalid/T0", "channel": "#security", "displayTags": true}),
            serde_json::Value::Null,
        ),
    ];
}
