//! Users, as far as they can be read, and API keys (document sections 2.2 and 16.2).

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::auth;
use super::call::Call;
use super::failure::{Answer, Failure, Shape};
use super::fields::Fields;
use super::result_filter;
use super::stamp;
use super::state::State;
use super::world::{Access, ApiKey, Rights, Role, User};
use crate::wire::SimResponse;

/// A minute in milliseconds.
const MINUTE: i64 = 60_000;

/// The user object of section 16.1.
pub(super) fn object(state: &State, user: &User) -> Map<String, Value> {
    let organization = state.world.organizations.iter().find(|one| one.id == user.organization);
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    put("resource_id", json!(user.resource_id()));
    put("name", json!(user.name));
    put("user_id", json!(user.id));
    put("username", json!(user.username));
    put("email_address", json!(user.email));
    put("organization_admin", json!(user.access == Access::OrganizationAdmin));
    put("domain_admin", json!(user.access == Access::DomainAdmin));
    put("domain_viewer", json!(user.access == Access::DomainViewer));
    put("organization_name", json!(organization.map(|one| &one.name)));
    put("organization_id", json!(user.organization));
    put("two_factor_enabled", json!(user.two_factor));
    put("two_factor_required", json!(false));
    let groups = state.world.groups.iter().filter(|group| group.users.contains(&user.id));
    put("groups", json!(groups.count()));
    put("owned_resources", json!(0));
    put("consecutive_failed_login_attempts", json!(user.failed_logins));
    put("suspended", json!(user.suspended));
    put("navigation_blacklist", json!([]));
    put("require_pw_reset", json!(false));
    put("console_access_denied", json!(user.console_access_denied));
    put("active_api_key_present", json!(user.key.as_ref().is_some_and(|key| key.active)));
    put("create_date", json!(stamp::spaced(user.created)));
    if let Some(at) = user.last_login {
        put("last_login_time", json!(stamp::spaced(at)));
    }
    object
}

/// `GET /v2/public/user/info`: who the caller is, and which organization it is in.
pub(super) fn info(state: &State, call: &Call) -> Answer {
    let user = state.world.users.iter().find(|user| user.id == call.caller.user);
    let user = user.ok_or_else(|| Failure::not_found("User"))?;
    let mut object = object(state, user);
    let seconds = state.options.session_minutes * 60;
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    put("auth", json!("local"));
    put("session_ttl", json!(seconds));
    put("session_timeout_seconds", json!(seconds));
    put("session_expiration", json!(stamp::slashed(call.now + state.options.session_minutes * MINUTE)));
    put("authentication_server_id", Value::Null);
    put("auth_plugin_exists", json!(false));
    put("theme", json!("light"));
    put("api_key_generation_allowed", json!(user.key_generation_allowed));
    put("rapid7_org_id", json!("3f9a2c51-77aa-4a0e-b6d1-0c5a8e2d9b14"));
    Ok(SimResponse::json(StatusCode::OK, &object))
}

/// `GET` or `POST /v2/public/users/list`: without the domain admins. Domain users see all organizations.
pub(super) fn list(state: &State, call: &Call, paged: bool) -> Answer {
    call.caller.must_administer()?;
    let seen = |user: &&User| {
        let own = user.organization == call.caller.organization || call.caller.is_domain_user();
        user.access != Access::DomainAdmin && own
    };
    let rows: Vec<Value> =
        state.world.users.iter().filter(seen).map(|user| Value::Object(object(state, user))).collect();
    let body: &[u8] = if paged { &call.body } else { &[] };
    let (users, total) = result_filter::page(&state.options, &Fields::parse(body, Shape::V2)?, rows)?;
    Ok(SimResponse::json(StatusCode::OK, &json!({"users": users, "total_count": total})))
}

/// `POST /v2/prototype/domains/admins/list`: no total.
pub(super) fn admins(state: &State, call: &Call) -> Answer {
    call.caller.must_be_domain_admin()?;
    let admins = state.world.users.iter().filter(|user| user.access == Access::DomainAdmin);
    let users: Vec<Value> = admins.map(|user| Value::Object(object(state, user))).collect();
    Ok(SimResponse::json(StatusCode::OK, &json!({"users": users})))
}

/// `POST /v2/public/apikey/create`: deactivates the user's old key at once, answers with a bare JSON string.
///
/// `user_id` must be a string (document section 22.1, row 12). Basic users may make their own key if that is
/// allowed; administrators anybody's.
pub(super) fn create_key(state: &mut State, call: &Call) -> Answer {
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let length = fields.required("key_length", fields.size("key_length")?)?;
    if !(16..=192).contains(&length) {
        return Err(fields.refuse("key_length", "Must be between 16 and 192."));
    }
    let secret = auth::new_key(state, length);
    let user = key_owner(state, call, &fields)?;
    user.key = Some(ApiKey { secret: secret.clone(), active: true, expires: None });
    Ok(SimResponse::json(StatusCode::OK, &secret))
}

/// `POST /v2/public/apikey/deactivate`: empty 200.
pub(super) fn deactivate_key(state: &mut State, call: &Call) -> Answer {
    let fields = Fields::parse(&call.body, Shape::V2)?;
    if let Some(key) = &mut key_owner(state, call, &fields)?.key {
        key.active = false;
    }
    Ok(SimResponse::empty(StatusCode::OK))
}

fn key_owner<'a>(state: &'a mut State, call: &Call, fields: &Fields) -> Result<&'a mut User, Failure> {
    let id: i64 =
        fields.required_text("user_id")?.parse().map_err(|_| fields.refuse("user_id", "Not a number."))?;
    let admin = call.caller.is_admin();
    let user = state.world.users.iter_mut().find(|user| user.id == id);
    let user = user.ok_or_else(|| Failure::server("DivvyNotFound", format!("User {id} does not exist.")))?;
    let own = user.id == call.caller.user && user.key_generation_allowed;
    if admin || own { Ok(user) } else { Err(Failure::permission("API key generation is not allowed")) }
}

/// `POST /v2/public/user/create_api_only_user`: a user without a console login, with its key.
pub(super) fn create_api_only(state: &mut State, call: &Call) -> Answer {
    if !call.caller.is_admin() {
        return Err(Failure::permission("organization admin is required"));
    }
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let secret = auth::new_key(state, 38);
    let user = User {
        id: state.world.users.iter().map(|user| user.id).max().unwrap_or(0) + 1,
        name: fields.required_text("name")?.to_owned(),
        username: fields.required_text("username")?.to_owned(),
        email: fields.required_text("email")?.to_owned(),
        password: None,
        key: Some(ApiKey {
            secret: secret.clone(),
            active: true,
            expires: fields.int("expiration_date")?.map(|seconds| seconds.saturating_mul(1000)),
        }),
        access: Access::Basic,
        rights: Rights::all(Role::Viewer),
        organization: call.caller.organization,
        suspended: false,
        failed_logins: 0,
        two_factor: false,
        console_access_denied: true,
        key_generation_allowed: true,
        last_login: None,
        created: call.now,
    };
    let reply = json!({"user_id": user.id, "organization_id": user.organization, "username": user.username,
        "name": user.name, "api_key": secret});
    state.world.users.push(user);
    Ok(SimResponse::json(StatusCode::OK, &reply))
}

/// `POST /v2/public/user/update_to_api_only_user`: `user_id` is a string in both directions.
pub(super) fn make_api_only(state: &mut State, call: &Call) -> Answer {
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let secret = auth::new_key(state, 38);
    let user = key_owner(state, call, &fields)?;
    user.password = None;
    user.console_access_denied = true;
    user.key = Some(ApiKey { secret: secret.clone(), active: true, expires: None });
    Ok(SimResponse::json(StatusCode::OK, &json!({"user_id": user.id.to_string(), "api_key": secret})))
}
