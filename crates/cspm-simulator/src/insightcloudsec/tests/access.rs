//! Keys, logins, sessions, organizations and rights (sections 2, 4, 16.2).

use super::*;
use crate::insightcloudsec::{
    DEACTIVATED_KEY, DEMO_PASSWORD, DEMO_USERNAME, LOCKED_USERNAME, Logins, NO_EXEMPTIONS_KEY,
    NO_INSIGHTS_KEY, NO_RESOURCES_KEY, ORGANIZATION_ADMIN_KEY, Profile, VIEWER_KEY,
};

const INFO: &str = "/v2/public/user/info";

fn login(sim: &InsightCloudSec, username: &str, password: &str) -> SimResponse {
    let body = json!({"username": username, "password": password}).to_string();
    send(sim, Method::POST, "/v2/public/user/login", &[], &body)
}

fn token(sim: &InsightCloudSec) -> String {
    ok(&login(sim, DEMO_USERNAME, DEMO_PASSWORD))["session_id"].as_str().unwrap().to_owned()
}

fn info_at(sim: &InsightCloudSec, now: i64, token: &str) -> StatusCode {
    send_at(sim, now, Method::GET, INFO, &[("X-Auth-Token", token)], "").status
}

/// 2.2: the header is `Api-Key` in any case; the platform's `X-Api-Key` is not known here.
#[test]
fn a_key_is_sent_as_api_key() {
    let sim = demo();
    assert_eq!(ok(&send(&sim, Method::GET, INFO, &[("api-key", DEMO_KEY)], ""))["user_id"], 7);
    assert_v2_error(&send(&sim, Method::GET, INFO, &[("X-Api-Key", DEMO_KEY)], ""), 401);
}

/// 2.3.3: 401 for a missing token, 403 for an unknown or deactivated key; both configurable.
#[test]
fn missing_and_bad_credentials() {
    let sim = demo();
    assert_v2_error(&send(&sim, Method::GET, INFO, &[], ""), 401);
    assert_v2_error(&send(&sim, Method::GET, INFO, &[("X-Auth-Token", "0123")], ""), 401);
    for key in ["unknown", DEACTIVATED_KEY] {
        let message = assert_v2_error(&send(&sim, Method::GET, INFO, &[("Api-Key", key)], ""), 403);
        assert!(!message.to_lowercase().contains("permission"), "{message}");
    }
    sim.configure(|options| {
        options.bad_token_status = StatusCode::FORBIDDEN;
        options.bad_key_status = StatusCode::UNAUTHORIZED;
    });
    assert_v2_error(&send(&sim, Method::GET, INFO, &[], ""), 403);
    assert_v2_error(&send(&sim, Method::GET, INFO, &[("Api-Key", "unknown")], ""), 401);
}

/// 2.3.1: an empty token header beside a valid key is ignored; 2.4: so is the body of a GET.
#[test]
fn an_empty_token_and_a_get_body_are_ignored() {
    let sim = demo();
    let headers = [("Api-Key", DEMO_KEY), ("X-Auth-Token", "")];
    for body in ["", "null", "{}", "not json"] {
        assert_eq!(ok(&send(&sim, Method::GET, INFO, &headers, body))["user_id"], 7);
    }
}

/// 2.3.1: the reply of a login, in the two shapes that versions have.
#[test]
fn login_replies_by_profile() {
    let sim = demo();
    let reply = ok(&login(&sim, "OPS", DEMO_PASSWORD));
    assert_eq!(reply["user_id"], 7);
    assert_eq!(reply["session_timeout"], 720);
    assert_eq!(reply["domain_admin"], true);
    assert_eq!(reply["domain_viewer"], false);
    assert!(reply.get("system_admin").is_none());
    assert_eq!(reply["session_id"].as_str().unwrap().len(), 32);
    sim.configure(|options| options.profile = Profile::V2019);
    let reply = ok(&login(&sim, DEMO_USERNAME, DEMO_PASSWORD));
    assert_eq!(reply["system_admin"], true);
    assert!(reply.get("domain_admin").is_none());
}

/// 2.3.2: 401 unknown or locked, 500 wrong password; five failures lock, and nothing but a reset unlocks.
#[test]
fn login_failures_and_the_lock() {
    let sim = demo();
    assert_v2_error(&login(&sim, "nobody", "x"), 401);
    assert_v2_error(&login(&sim, LOCKED_USERNAME, DEMO_PASSWORD), 401);
    for _ in 0..4 {
        assert_v2_error(&login(&sim, DEMO_USERNAME, "wrong"), 500);
    }
    assert_eq!(sim.world().users[0].failed_logins, 4);
    assert_eq!(login(&sim, DEMO_USERNAME, DEMO_PASSWORD).status, StatusCode::OK);
    assert_eq!(sim.world().users[0].failed_logins, 0, "a good login starts the count again");
    for _ in 0..5 {
        assert_v2_error(&login(&sim, DEMO_USERNAME, "wrong"), 500);
    }
    assert_v2_error(&login(&sim, DEMO_USERNAME, DEMO_PASSWORD), 401);
    assert!(sim.world().users[0].suspended);
    assert_eq!(sim.logins(), Logins { attempts: 13, granted: 1 });
}

/// 2.2 and 2.3.2: SSO and API-only users have no password, and a second factor makes a login useless.
#[test]
fn users_who_cannot_log_in() {
    let sim = demo();
    for username in ["single-sign-on", "viewer", "careful"] {
        assert_v2_error(&login(&sim, username, DEMO_PASSWORD), 401);
    }
    assert_eq!(sim.logins().granted, 0);
}

/// 2.3.1: a login without the two fields is a malformed request, not a failed login.
#[test]
fn malformed_logins() {
    let sim = demo();
    for body in
        ["", "[]", "{", r#"{"user_email":"ops","user_password":"x"}"#, r#"{"username":7,"password":"x"}"#]
    {
        assert_v2_error(&send(&sim, Method::POST, "/v2/public/user/login", &[], body), 400);
    }
}

/// 2.3.3: a token ends with its time, with its count, with a logout, and when a test says so.
#[test]
fn sessions_end() {
    let sim = demo_with(|options| options.session_minutes = 20);
    let first = token(&sim);
    assert_eq!(info_at(&sim, BASE + 20 * 60_000 - 1, &first), StatusCode::OK);
    assert_eq!(info_at(&sim, BASE + 20 * 60_000, &first), StatusCode::UNAUTHORIZED);
    assert_eq!(info_at(&sim, BASE, &first), StatusCode::UNAUTHORIZED, "an expired token stays expired");

    let second = token(&sim);
    let logout = send(&sim, Method::POST, "/v2/public/user/logout", &[("X-Auth-Token", &second)], "");
    assert_eq!((logout.status, logout.body.len()), (StatusCode::OK, 0));
    assert_eq!(info_at(&sim, BASE, &second), StatusCode::UNAUTHORIZED);

    let third = token(&sim);
    sim.expire_sessions();
    assert_eq!(info_at(&sim, BASE, &third), StatusCode::UNAUTHORIZED);

    sim.configure(|options| options.session_requests = Some(2));
    let fourth = token(&sim);
    let statuses = [0, 1, 2].map(|_| info_at(&sim, BASE, &fourth).as_u16());
    assert_eq!(statuses, [200, 200, 401]);
}

/// 2.2.1: a bare JSON string, with `-` and `_` in it; the old key is dead at once; `user_id` is a string.
#[test]
fn creating_a_key_kills_the_old_one() {
    let sim = demo();
    let path = "/v2/public/apikey/create";
    let new = ok(&post(&sim, path, &json!({"user_id": "7", "key_length": 32})));
    let new = new.as_str().unwrap();
    assert_eq!(new.len(), 43);
    assert!(new.contains('-') && new.contains('_'));
    assert_v2_error(&get(&sim, INFO), 403);
    let headers = [("Api-Key", new)];
    assert_eq!(send(&sim, Method::GET, INFO, &headers, "").status, StatusCode::OK);
    let wrong = json!({"user_id": 7, "key_length": 32}).to_string();
    assert_v2_error(&send(&sim, Method::POST, path, &headers, &wrong), 400);
    let unknown = json!({"user_id": "999", "key_length": 32}).to_string();
    assert_v2_error(&send(&sim, Method::POST, path, &headers, &unknown), 500);
    let body = json!({"user_id": "7"}).to_string();
    let gone = send(&sim, Method::POST, "/v2/public/apikey/deactivate", &headers, &body);
    assert_eq!((gone.status, gone.body.len()), (StatusCode::OK, 0));
    assert_v2_error(&send(&sim, Method::GET, INFO, &headers, ""), 403);
}

/// 2.2: a basic user needs "API key generation allowed", and may not make keys for others.
#[test]
fn who_may_create_keys() {
    let sim = demo();
    let create = |user: &str| {
        let body = json!({"user_id": user, "key_length": 32}).to_string();
        send(&sim, Method::POST, "/v2/public/apikey/create", &[("Api-Key", NO_INSIGHTS_KEY)], &body)
    };
    assert_v2_error(&create("7"), 403);
    sim.edit(|world| world.users.iter_mut().for_each(|user| user.key_generation_allowed = false));
    assert_v2_error(&create("11"), 403);
    sim.edit(|world| world.users.iter_mut().for_each(|user| user.key_generation_allowed = true));
    assert_eq!(create("11").status, StatusCode::OK);
}

/// 2.2: a key ends at its expiry, and when it is revoked in mid-run.
#[test]
fn keys_expire_and_are_revoked() {
    let sim = demo();
    sim.edit(|world| {
        let key =
            world.users.iter_mut().filter_map(|user| user.key.as_mut()).find(|key| key.secret == VIEWER_KEY);
        key.unwrap().expires = Some(BASE + 5);
    });
    let at = |now| send_at(&sim, now, Method::GET, INFO, &[("Api-Key", VIEWER_KEY)], "").status.as_u16();
    assert_eq!([at(BASE + 4), at(BASE + 5)], [200, 403]);
    assert_eq!(get(&sim, INFO).status, StatusCode::OK);
    sim.revoke(DEMO_KEY);
    assert_v2_error(&get(&sim, INFO), 403);
}

/// 16.3: API-only users come with a key; `update_to_api_only_user` has a string id both ways.
#[test]
fn api_only_users() {
    let sim = demo();
    let body = json!({"name": "Robot", "username": "robot", "email": "r@example.org",
        "expiration_date": BASE / 1000 + 60});
    let made = ok(&post(&sim, "/v2/public/user/create_api_only_user", &body));
    assert_eq!(made["organization_id"], 1);
    let key = made["api_key"].as_str().unwrap();
    assert_eq!(key.len(), 51);
    let at = |now| send_at(&sim, now, Method::GET, INFO, &[("Api-Key", key)], "").status.as_u16();
    assert_eq!([at(BASE), at(BASE + 60_000)], [200, 403]);
    let made = ok(&post(&sim, "/v2/public/user/update_to_api_only_user", &json!({"user_id": "15"})));
    assert_eq!(made["user_id"], "15");
    let key = made["api_key"].as_str().unwrap();
    assert_eq!(ok(&send(&sim, Method::GET, INFO, &[("Api-Key", key)], ""))["user_id"], 15);
}

/// 3.5, 12.4: what a right is missing for is said in a body that differs from a bad key's.
#[test]
fn missing_rights_are_403_with_a_permission_body() {
    let sim = demo();
    let query = json!({"limit": 1, "selected_resource_type": "instance"}).to_string();
    let exempt = "{}";
    let cases = [
        (NO_INSIGHTS_KEY, Method::GET, "/v2/public/insights/list", "", "insights"),
        (NO_INSIGHTS_KEY, Method::GET, "/v2/public/insights/packs/list", "", "insights"),
        (NO_RESOURCES_KEY, Method::POST, "/v3/public/resource/query", &query, "resources"),
        (NO_RESOURCES_KEY, Method::POST, "/v2/public/resource/query", &query, "resources"),
        (NO_EXEMPTIONS_KEY, Method::POST, "/v2/public/exemptions/list", exempt, "exemptions"),
        (NO_EXEMPTIONS_KEY, Method::POST, "/v2/public/exemptions/create", exempt, "exemptions"),
        (VIEWER_KEY, Method::POST, "/v2/public/exemptions/create", exempt, "exemptions"),
        (VIEWER_KEY, Method::POST, "/v2/public/insights/pack/create", exempt, "insights"),
        (VIEWER_KEY, Method::POST, "/v2/public/clouds/status/set", exempt, "clouds"),
        (VIEWER_KEY, Method::POST, "/v2/public/badges/create", exempt, "tags"),
        (VIEWER_KEY, Method::POST, "/v2/public/botfactory/bot/create", exempt, "botfactory"),
    ];
    for (key, method, path, body, area) in cases {
        let message = assert_v2_error(&send(&sim, method, path, &[("Api-Key", key)], body), 403);
        assert!(message.contains("permission") && message.contains(area), "{path}: {message}");
    }
    // The same calls work for those who may.
    for (key, path) in
        [(NO_RESOURCES_KEY, "/v2/public/insights/list"), (NO_INSIGHTS_KEY, "/v2/public/clouds/list")]
    {
        assert_eq!(send(&sim, Method::GET, path, &[("Api-Key", key)], "").status, StatusCode::OK);
    }
}

/// 16.2: who am I, with the timestamp formats of 3.2 rows a and g.
#[test]
fn user_info() {
    let info = ok(&get(&demo(), INFO));
    assert_eq!(info["resource_id"], "divvyuser:7:");
    assert_eq!(info["username"], DEMO_USERNAME);
    assert_eq!(info["organization_name"], "Default Organization");
    assert_eq!(info["domain_admin"], true);
    assert_eq!(info["api_key_generation_allowed"], true);
    assert_eq!(info["active_api_key_present"], true);
    assert_eq!(info["session_expiration"], "2025/06/01, 12:00:00 UTC");
    assert_eq!(info["session_timeout_seconds"], 43_200);
    assert_eq!(info["last_login_time"], "2025-05-31 00:00:00");
    let viewer = ok(&send(&demo(), Method::GET, INFO, &[("Api-Key", VIEWER_KEY)], ""));
    assert!(viewer.get("last_login_time").is_none(), "absent for users who never logged in");
}

/// 16.2: domain admins are not in the user list, but in a list of their own without a total.
#[test]
fn user_lists() {
    let sim = demo();
    let users = ok(&get(&sim, "/v2/public/users/list"));
    let listed = users["users"].as_array().unwrap();
    assert_eq!(users["total_count"], sim.world().users.len() - 1);
    assert!(listed.iter().all(|user| user["domain_admin"] == false));
    let page = ok(&post(&sim, "/v2/public/users/list", &json!({"limit": 3, "offset": 3, "filters": []})));
    assert_eq!(page["users"].as_array().unwrap()[..], listed[3..6]);
    let admins = ok(&post(&sim, "/v2/prototype/domains/admins/list", &json!({})));
    assert_eq!(admins["users"][0]["user_id"], 7);
    assert!(admins.get("total_count").is_none());
    let viewer = [("Api-Key", VIEWER_KEY)];
    assert_v2_error(&send(&sim, Method::GET, "/v2/public/users/list", &viewer, ""), 403);
    assert_v2_error(&send(&sim, Method::POST, "/v2/prototype/domains/admins/list", &viewer, ""), 403);
}

/// 16.5, 17.1, 17.2: groups count their users and roles, in the oldest profile they list them; a user's groups list their
/// roles always.
#[test]
fn groups_and_roles() {
    let sim = demo();
    let list = "/v2/prototype/groups/list";
    let engineers = json!({"group_id": 20, "resource_id": "divvyusergroup:20", "name": "Engineers", "users": 4,
        "roles": 2, "entitlements_configured": false});
    assert_eq!(ok(&get(&sim, list))["groups"][0], engineers);
    let of = |what: &str| {
        let path = format!("/v2/prototype/group/divvyusergroup:20/{what}/list");
        ok(&post(&sim, &path, &json!({})))[what].as_array().unwrap().clone()
    };
    let (users, roles) = (of("users"), of("roles"));
    assert_eq!((users.len(), &users[0]["resource_id"]), (4, &json!("divvyuser:9:")));
    assert_eq!(users[0]["groups"], 2);
    assert_eq!(ok(&post(&sim, "/v2/public/roles/list", &json!({})))["roles"], json!(roles));
    let run = &roles[1];
    assert_eq!(run["resource_id"], "divvyrole:1:25");
    assert_eq!(run["cloud_scopes"], json!(["divvyorganizationservice:3"]));
    assert_eq!((&run["badge_scopes"], &run["groups"]), (&json!(["env:prod"]), &json!(["divvyusergroup:20"])));
    assert_eq!((&roles[0]["global_scope"], &run["global_scope"]), (&json!(true), &json!(false)));
    let own = ok(&post(&sim, "/v2/prototype/user/divvyuser:9:/groups/list", &json!({})));
    let named = |group: &Value| (group["name"].clone(), group["roles"].as_array().unwrap().len());
    let named: Vec<_> = own["groups"].as_array().unwrap().iter().map(named).collect();
    assert_eq!(named, [(json!("Engineers"), 2), (json!("Auditors"), 1)]);

    let viewer = [("Api-Key", VIEWER_KEY)];
    assert_v2_error(&send(&sim, Method::GET, list, &viewer, ""), 403);
    assert_v2_error(&send(&sim, Method::POST, "/v2/public/roles/list", &viewer, "{}"), 403);
    for unknown in ["group/divvyusergroup:99/users/list", "user/divvyuser:9/groups/list"] {
        assert_v2_error(&post(&sim, &format!("/v2/prototype/{unknown}"), &json!({})), 404);
    }
    sim.configure(|options| options.profile = Profile::V2019);
    let old = ok(&get(&sim, list))["groups"][0].clone();
    assert_eq!(old["users"][0]["username"], "viewer");
    assert_eq!(old["roles"][1]["name"], "Run production");
    assert!(old.get("entitlements_configured").is_none() && old["roles"][1].get("add_cloud").is_none());
}

/// 4.1, 4.2: the connectivity test with its counts, and the bare array for domain admins only.
#[test]
fn organizations() {
    let sim = demo();
    let detail = ok(&get(&sim, "/v2/prototype/domain/organizations/detail/get"));
    let first = &detail["organizations"][0];
    assert_eq!(first["status"], "ok");
    assert_eq!(first["resource_id"], "divvyorganization:1");
    assert_eq!(first["clouds"], 9);
    assert_eq!(first["bots"], 3);
    assert_eq!(detail["organizations"].as_array().unwrap().len(), 2);
    let org_admin = [("Api-Key", ORGANIZATION_ADMIN_KEY)];
    let own = send(&sim, Method::GET, "/v2/prototype/domain/organizations/detail/get", &org_admin, "");
    assert_eq!(ok(&own)["organizations"].as_array().unwrap().len(), 1);
    let all = ok(&get(&sim, "/v2/prototype/domain/organizations/get"));
    assert_eq!(all[1], json!({"organization_id": 2, "name": "Tochter Süd"}));
    assert_v2_error(&send(&sim, Method::GET, "/v2/prototype/domain/organizations/get", &org_admin, ""), 403);
}

/// 4.4: the switch is remembered per user, for any key or token of that user; unknown name 500, others 403.
#[test]
fn switching_the_organization() {
    let sim = demo();
    let path = "/v2/prototype/domain/switch_organization";
    let token = token(&sim);
    let before = ok(&get(&sim, "/v2/public/clouds/list"));
    let switched = post(&sim, path, &json!({"organization_name": "Tochter Süd"}));
    assert_eq!((switched.status, switched.body.len()), (StatusCode::OK, 0));
    let by_token = send(&sim, Method::GET, INFO, &[("X-Auth-Token", &token)], "");
    assert_eq!(ok(&by_token)["organization_id"], 2);
    assert_eq!(ok(&get(&sim, INFO))["organization_name"], "Tochter Süd");
    let after = ok(&get(&sim, "/v2/public/clouds/list"));
    assert_eq!(after["total_count"], 2);
    assert_ne!(before["clouds"], after["clouds"]);
    let viewer = send(&sim, Method::GET, "/v2/public/clouds/list", &[("Api-Key", VIEWER_KEY)], "");
    assert_eq!(ok(&viewer), before, "other users stay where they are");
    assert_v2_error(&post(&sim, path, &json!({"organization_name": "Nowhere"})), 500);
    let body = json!({"organization_name": "Tochter Süd"}).to_string();
    assert_v2_error(&send(&sim, Method::POST, path, &[("Api-Key", ORGANIZATION_ADMIN_KEY)], &body), 403);
    let (found, _) = sweep(
        &sim,
        "/v3/public/resource/query",
        &json!({"limit": 1000, "resource_types": ["instance", "divvyorganizationservice"]}),
    );
    let world = sim.world();
    let second: Vec<i64> =
        world.clouds.iter().filter(|cloud| cloud.organization == 2).map(|cloud| cloud.id).collect();
    let kinds = ["instance", "divvyorganizationservice"];
    let truth = world
        .resources
        .iter()
        .filter(|one| second.contains(&one.cloud) && kinds.contains(&&*one.resource_type));
    assert_eq!(found.len(), truth.count());
}

/// 4.3: names are unique (a clash is 500); deleting takes the clouds along and brings its admins back.
#[test]
fn writing_organizations() {
    let sim = demo();
    let path = "/v2/prototype/domain/organization";
    let named = |name: &str| json!({"organization_name": name});
    let made = ok(&post(&sim, &format!("{path}/create"), &named("B")));
    assert_eq!(made, json!({"resource_id": "divvyorganization:3", "organization_id": 3}));
    assert_v2_error(&post(&sim, &format!("{path}/create"), &named("B")), 500);
    assert_eq!(post(&sim, &format!("{path}/divvyorganization:3/update"), &named("C")).status, StatusCode::OK);
    post(&sim, "/v2/prototype/domain/switch_organization", &named("Tochter Süd"));
    let delete = |id: i64| {
        let target = format!("{path}/divvyorganization:{id}/delete");
        send(&sim, Method::DELETE, &target, &[("Api-Key", DEMO_KEY)], "")
    };
    assert_eq!(delete(2).status, StatusCode::OK);
    assert_v2_error(&delete(2), 404);
    assert_eq!(ok(&get(&sim, INFO))["organization_id"], 1);
    let world = sim.world();
    assert!(world.clouds.iter().all(|cloud| cloud.organization == 1));
    assert_eq!(world.organizations[1].name, "C");
}

/// 22.2 (8): a success that holds an error message, where a test asks for it.
#[test]
fn soft_errors() {
    let sim = demo_with(|options| options.soft_errors = vec!["/insights/list".to_owned()]);
    assert!(ok(&get(&sim, "/v2/public/insights/list"))["error_message"].is_string());
    assert!(ok(&get(&sim, "/v2/public/insights/packs/list")).is_array());
}

/// What is not an endpoint is 404 in the v2 shape, a trailing slash included (22.2 (6)); auth comes first.
#[test]
fn unknown_paths() {
    let sim = demo();
    for path in ["/", "/v4/anything", "/v2/public/insights/list/", "/v2/public/exemptions/list"] {
        assert_v2_error(&get(&sim, path), 404);
    }
    assert_v2_error(&send(&sim, Method::PUT, "/v2/public/clouds/list", &[("Api-Key", DEMO_KEY)], ""), 404);
    assert_v2_error(&send(&sim, Method::GET, "/v4/anything", &[], ""), 401);
}
