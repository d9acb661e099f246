//! The people, the single resources and the image rows of generated worlds.

use std::sync::Arc;

use fastrand::Rng;
use serde_json::{Value, json};

use super::catalogue::{Kind, regions};
use super::generate::{BASE, name};
use super::stamp;
use super::world::{Access, AccessRole, ApiKey, Cloud, Group, Resource, Rights, Role, Tags, User, World};

/// Key of a domain admin, who may do everything.
pub const DEMO_KEY: &str = "d3mo-Admin_key-Q0Zt8mY-3c_Vh1aLkP5wXr2uJd9eGfB4nTs6";
/// User name of that admin.
pub const DEMO_USERNAME: &str = "ops";
/// Password of that admin.
pub const DEMO_PASSWORD: &str = "correct-horse-battery-staple";
/// Key of an organization admin of the first organization.
pub const ORGANIZATION_ADMIN_KEY: &str = "d3mo-OrgAdm_key-8uV2xY-4d_Wi2bMlQ6xYs3vKe0fHgC5oUt7";
/// Key of a basic user who reads everything and writes nothing.
pub const VIEWER_KEY: &str = "d3mo-Viewer_key-R1Au9nZ-5e_Xj3cNmR7yZt4wLf1gIhD6pVu8";
/// Key of a basic user with every right but the exemptions entitlement.
pub const NO_EXEMPTIONS_KEY: &str = "d3mo-NoExem_key-S2Bv0oA-6f_Yk4dOnS8zAu5xMg2hJiE7qWv9";
/// Key of a basic user who may not see insights.
pub const NO_INSIGHTS_KEY: &str = "d3mo-NoInsi_key-T3Cw1pB-7g_Zl5ePoT9aBv6yNh3iKjF8rXw0";
/// Key of a basic user who may not query resources.
pub const NO_RESOURCES_KEY: &str = "d3mo-NoReso_key-U4Dx2qC-8h_Am6fQpU0bCw7zOi4jLkG9sYx1";
/// A key that was deactivated.
pub const DEACTIVATED_KEY: &str = "d3mo-Retire_key-V5Ey3rD-9i_Bn7gRqV1cDx8aPj5kMlH0tZy2";
/// User name of a user who is locked out; the password is [`DEMO_PASSWORD`].
pub const LOCKED_USERNAME: &str = "locked";

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// The users of every generated world.
pub(super) fn users() -> Vec<User> {
    let key = |secret: &str, active: bool| ApiKey { secret: secret.to_owned(), active, expires: None };
    let user = |id: i64, username: &str, access: Access, role: Role| User {
        id,
        name: format!("{} ({id})", username.replace('-', " ")),
        username: username.to_owned(),
        email: format!("{username}@example.org"),
        password: None,
        key: None,
        access,
        rights: Rights::all(role),
        organization: 1,
        suspended: false,
        failed_logins: 0,
        two_factor: false,
        console_access_denied: false,
        key_generation_allowed: true,
        last_login: None,
        created: BASE - 400 * DAY,
    };
    let basic = |id, username, secret, rights| User {
        key: Some(key(secret, true)),
        rights,
        ..user(id, username, Access::Basic, Role::Editor)
    };
    let all = Rights::all(Role::Editor);
    let password = Some(DEMO_PASSWORD.to_owned());
    vec![
        User {
            password: password.clone(),
            key: Some(key(DEMO_KEY, true)),
            last_login: Some(BASE - DAY),
            ..user(7, DEMO_USERNAME, Access::DomainAdmin, Role::Admin)
        },
        User {
            key: Some(key(ORGANIZATION_ADMIN_KEY, true)),
            ..user(8, "org-admin", Access::OrganizationAdmin, Role::Admin)
        },
        basic(9, "viewer", VIEWER_KEY, Rights::all(Role::Viewer)),
        basic(10, "no-exemptions", NO_EXEMPTIONS_KEY, Rights { exemptions: Role::Disabled, ..all }),
        basic(11, "no-insights", NO_INSIGHTS_KEY, Rights { insights: Role::Disabled, ..all }),
        basic(12, "no-resources", NO_RESOURCES_KEY, Rights { resources: Role::Disabled, ..all }),
        User { key: Some(key(DEACTIVATED_KEY, false)), ..user(13, "retired", Access::Basic, Role::Viewer) },
        User {
            password: password.clone(),
            suspended: true,
            failed_logins: 5,
            ..user(14, LOCKED_USERNAME, Access::Basic, Role::Viewer)
        },
        User { two_factor: true, password, ..user(15, "careful", Access::Basic, Role::Viewer) },
        user(16, "single-sign-on", Access::DomainViewer, Role::Viewer),
    ]
}

/// The groups of every generated world.
pub(super) fn groups() -> Vec<Group> {
    let group = |id, name: &str, users: &[i64], roles: &[i64]| Group {
        id,
        organization: 1,
        name: name.to_owned(),
        users: users.to_vec(),
        roles: roles.to_vec(),
    };
    vec![
        group(20, "Engineers", &[9, 10, 11, 12], &[24, 25]),
        group(21, "Auditors", &[9], &[24]),
        group(22, "Nobody", &[], &[]),
    ]
}

/// The roles of those groups.
pub(super) fn roles() -> Vec<AccessRole> {
    let role = |id, name: &str, changes, clouds: &[i64], badges: &[&str]| AccessRole {
        id,
        organization: 1,
        name: name.to_owned(),
        description: format!("{name}, for the demonstration"),
        changes,
        clouds: clouds.to_vec(),
        badges: badges.iter().map(|&badge| badge.to_owned()).collect(),
    };
    vec![
        role(24, "Look at everything", false, &[], &[]),
        role(25, "Run production", true, &[3], &["env:prod"]),
    ]
}

/// The provider's id of a resource, in all the shapes that break careless clients.
fn provider_id(kind: &Kind, cloud: &Cloud, name: &str, number: i64, region: &str, rng: &mut Rng) -> String {
    let account = cloud.account_id.as_deref().unwrap_or("cluster");
    let slug = name.replace(' ', "-");
    match (kind.name, cloud.cloud_type.as_str()) {
        ("instance", "AWS") => format!("i-{:017x}", rng.u64(..) >> 4),
        ("instance", "GCE") => format!("projects/{account}/zones/{region}-a/instances/{slug}"),
        ("volume", "AWS") => format!("vol-{:017x}", rng.u64(..) >> 4),
        ("resourceaccesslist", "AWS") => format!("sg-{:017x}", rng.u64(..) >> 4),
        ("serviceuser", "GCE") => format!("{slug}@{account}.iam.gserviceaccount.example"),
        ("serviceuser", _) => format!("AIDA{number:010X}EXAMPLE"),
        ("servicerole", _) => format!("AROA{number:010X}EXAMPLE"),
        ("serverlessfunction", _) => format!("arn:aws:lambda:{region}:{account}:function:{slug}"),
        ("containerimage", _) => format!("registry.example/{slug}/app:1.{number}"),
        ("pod" | "kubernetesdaemonset" | "kubernetesserviceaccount", _) => {
            format!("{:08x}-7d1c-4b8e-9c55-{number:012x}", rng.u32(..))
        }
        // Names of buckets and the like serve as ids, spaces and non-ASCII letters included.
        ("storagecontainer" | "quantumledger" | "apiaccountingconfig", _) => name.to_owned(),
        (_, "AZURE_ARM") => format!("/subscriptions/{account}/resourceGroups/rg 1/{}/{slug}", kind.name),
        _ => slug,
    }
}

/// One resource of a kind; its type and violations are the caller's to set.
pub(super) fn resource(kind: &Kind, cloud: &Cloud, number: i64, rng: &mut Rng) -> Resource {
    let name = name(number, rng);
    let places = regions(&cloud.cloud_type);
    let region = places.get(rng.usize(..places.len())).copied().unwrap_or_default();
    let provider_id = provider_id(kind, cloud, &name, number, region, rng);
    let (id, region) = if kind.regional {
        (format!("{}:{}:{region}:{provider_id}:", kind.name, cloud.id), Some(Arc::from(region)))
    } else {
        // Global types have an empty region, or none.
        let region = (number % 2 == 0).then(|| Arc::from(""));
        (format!("{}:{}:{provider_id}:", kind.name, cloud.id), region)
    };
    let created = BASE - rng.i64(30 * DAY..900 * DAY);
    let tags = match rng.u8(..16) {
        0 => Tags::Null,
        1 => Tags::Missing,
        2 => Tags::Map(Vec::new()),
        _ => {
            let environment = if rng.bool() { "prod" } else { "test" };
            let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
            Tags::Map(vec![tag("Name", &name), tag("env", environment), tag("cost centre", "Zürich / 42")])
        }
    };
    let groups = match number {
        _ if number % 40 == 3 => vec![1, 2],
        _ if number % 25 == 3 => vec![1],
        _ => Vec::new(),
    };
    Resource {
        id,
        resource_type: Arc::from(""),
        namespace_id: (cloud.cloud_type == "AWS" && kind.name != "serviceuser")
            .then(|| format!("arn:aws:{}:::{provider_id}", kind.name)),
        details: details(kind, cloud, &name, &provider_id, created, rng).to_string(),
        name,
        cloud: cloud.id,
        region,
        provider_id,
        created: (rng.u8(..20) != 0).then_some(created),
        discovered: created + rng.i64(DAY..30 * DAY),
        tags,
        groups,
        fails: Vec::new(),
        raw: None,
    }
}

/// The fields beyond `common` (document appendix A).
fn details(kind: &Kind, cloud: &Cloud, name: &str, provider_id: &str, created: i64, rng: &mut Rng) -> Value {
    match kind.name {
        "instance" => json!({
            "instance_id": provider_id,
            "instance_type": "t3.micro",
            "state": if rng.u8(..4) == 0 { "stopped" } else { "running" },
            "image_id": "ami-01",
            "private_ip_address": format!("10.0.{}.{}", rng.u8(..), rng.u8(..)),
            "public_ip_address": null,
            "launch_time": stamp::zulu(created),
            // One cross reference has lost its colon, its neighbour has not (document section 3.1).
            "network_resource_id": format!("privatenetwork:{}:us-east-1:vpc-1", cloud.id),
            "subnet_resource_id": format!("privatesubnet:{}:us-east-1:subnet-1:", cloud.id),
        }),
        "storagecontainer" => json!({
            "creation_date": stamp::zulu(created),
            "object_count": rng.u32(..100_000),
            "total_size": rng.u64(..1 << 40),
            "encrypted": rng.bool(),
            "public": rng.u8(..5) == 0,
            "website": false,
        }),
        "volume" => json!({"volume_id": provider_id, "volume_type": "gp3", "size": rng.u16(8..2000),
            "state": "in-use", "encrypted": rng.bool(), "delete_on_termination": true}),
        "serviceuser" => json!({"user_id": provider_id, "password_last_used": "None", "path": "/"}),
        "containerimage" => {
            json!({"digest": format!("sha256:{:064x}", rng.u128(..)), "registry_name": "main",
            "finding_count": 9, "critical": 1, "high": 3, "medium": 5, "low": 0, "image_tags": {"latest": "true"}})
        }
        "pod" => json!({"name": name, "namespace": "default", "privileged": rng.bool()}),
        "quantumledger" => json!({"ledger_state": {"deletion_protection": false, "history": [1, 2.5, null]}}),
        _ => json!({"name": name, "create_time": stamp::zulu(created)}),
    }
}

/// Rows for the vulnerability endpoints: some never assessed, with counts that are all zero.
pub(super) fn vulnerabilities(world: &mut World) {
    let images: Vec<&Resource> =
        world.resources.iter().filter(|one| &*one.resource_type == "containerimage").take(120).collect();
    let rows = (1i64..).zip(images).map(|(id, image)| {
        let failed = id % 3 == 0;
        let critical = if failed { 0 } else { id % 4 };
        let status = if failed { "FAILED" } else { "COMPLETED" };
        json!({
            "id": id, "image_id": image.provider_id, "resource_id": image.id, "resource_type": "containerimage",
            "resource_name": image.name, "cloud": "AWS", "account": "production", "account_id": "111122220021",
            "platform": "linux", "report_id": "sha256:ab12", "k8s_cluster_name": null, "public_accessible": false,
            "riskscore": 0.0, "critical_count": critical, "high_count": 0, "medium_count": 0, "low_count": 0,
            "none_count": 0, "total_count": critical, "severity": if critical > 0 { "CRITICAL" } else { "UNKNOWN" },
            "last_assessment": (!failed).then(|| stamp::spaced(BASE - DAY)),
            "assessment_info": {"status": status, "error_reason": failed.then_some("registry credential unusable"),
                "assessment_completed_at": null, "pulled_from": null},
        })
    });
    world.image_rows = rows.collect();
    world.cve_rows = (1..=130)
        .map(|number: i64| {
            json!({"cve_id": format!("CVE-2024-{:05}", 10_000 + number), "first_found": stamp::naive(BASE - 60 * DAY),
                "last_seen": stamp::naive(BASE - DAY), "has_exploits": number % 9 == 0, "has_threats": false,
                "resource_count": number % 17, "affected_packages": number % 5})
        })
        .collect();
}
