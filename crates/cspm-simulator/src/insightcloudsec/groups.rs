//! User groups and roles, as far as they can be read (document sections 16.5, 17.1 and 17.2). What a user may do is
//! set by [`Rights`](super::world::Rights), not by the roles listed here.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::failure::{Answer, Failure};
use super::options::Profile;
use super::state::State;
use super::users;
use super::world::{AccessRole, Group, User};
use crate::wire::SimResponse;

/// `GET /v2/prototype/groups/list`: how many users and roles each group has; with the 2019 profile, which.
pub(super) fn list(state: &State, call: &Call) -> Answer {
    let groups: Vec<Value> = own(state, call)?
        .map(|group| {
            let mut object = bare(group);
            if state.options.profile == Profile::V2019 {
                object.insert("users".to_owned(), json!(members(state, group)));
                object.insert("roles".to_owned(), json!(roles_of(state, group)));
            } else {
                object.insert("users".to_owned(), json!(group.users.len()));
                object.insert("roles".to_owned(), json!(group.roles.len()));
                object.insert("entitlements_configured".to_owned(), json!(false));
            }
            Value::Object(object)
        })
        .collect();
    Ok(SimResponse::json(StatusCode::OK, &json!({"groups": groups})))
}

/// `POST /v2/prototype/group/{group}/users/list`.
pub(super) fn users_of(state: &State, call: &Call, id: &str) -> Answer {
    let users = members(state, find(state, call, id)?);
    Ok(SimResponse::json(StatusCode::OK, &json!({"users": users})))
}

/// `POST /v2/prototype/group/{group}/roles/list`.
pub(super) fn roles_in(state: &State, call: &Call, id: &str) -> Answer {
    let roles = roles_of(state, find(state, call, id)?);
    Ok(SimResponse::json(StatusCode::OK, &json!({"roles": roles})))
}

/// `POST /v2/prototype/user/{user}/groups/list`: here the roles are whole objects, whatever the profile.
pub(super) fn of_user(state: &State, call: &Call, id: &str) -> Answer {
    let user = state.world.users.iter().find(|user| user.resource_id() == id);
    let user = user.ok_or_else(|| Failure::not_found(&format!("User {id}")))?;
    let groups: Vec<Value> = own(state, call)?
        .filter(|group| group.users.contains(&user.id))
        .map(|group| {
            let mut object = bare(group);
            object.insert("roles".to_owned(), json!(roles_of(state, group)));
            Value::Object(object)
        })
        .collect();
    Ok(SimResponse::json(StatusCode::OK, &json!({"groups": groups})))
}

/// `POST /v2/public/roles/list`.
pub(super) fn roles(state: &State, call: &Call) -> Answer {
    call.caller.must_administer()?;
    let own = state.world.roles.iter().filter(|role| role.organization == call.caller.organization);
    let roles: Vec<Value> = own.map(|role| role_object(state, role)).collect();
    Ok(SimResponse::json(StatusCode::OK, &json!({"roles": roles})))
}

fn own<'a>(state: &'a State, call: &Call) -> Result<impl Iterator<Item = &'a Group> + use<'a>, Failure> {
    call.caller.must_administer()?;
    let organization = call.caller.organization;
    Ok(state.world.groups.iter().filter(move |group| group.organization == organization))
}

fn find<'a>(state: &'a State, call: &Call, id: &str) -> Result<&'a Group, Failure> {
    let group = own(state, call)?.find(|group| group.resource_id() == id);
    group.ok_or_else(|| Failure::not_found(&format!("Group {id}")))
}

/// What all answers tell of a group.
fn bare(group: &Group) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("group_id".to_owned(), json!(group.id));
    object.insert("resource_id".to_owned(), json!(group.resource_id()));
    object.insert("name".to_owned(), json!(group.name));
    object
}

fn members(state: &State, group: &Group) -> Vec<Value> {
    let is_member = |user: &&User| group.users.contains(&user.id);
    let members = state.world.users.iter().filter(is_member);
    members.map(|user| Value::Object(users::object(state, user))).collect()
}

fn roles_of(state: &State, group: &Group) -> Vec<Value> {
    let has = |role: &&AccessRole| role.organization == group.organization && group.roles.contains(&role.id);
    state.world.roles.iter().filter(has).map(|role| role_object(state, role)).collect()
}

/// The object of section 17.2; the 2019 profile lacks badges and the two rights over accounts.
fn role_object(state: &State, role: &AccessRole) -> Value {
    let clouds: Vec<String> = role.clouds.iter().map(|id| format!("divvyorganizationservice:{id}")).collect();
    let groups: Vec<String> = state
        .world
        .groups
        .iter()
        .filter(|group| group.organization == role.organization && group.roles.contains(&role.id))
        .map(Group::resource_id)
        .collect();
    let mut object = json!({
        "resource_id": role.resource_id(),
        "name": role.name,
        "description": role.description,
        "all_permissions": false,
        "view": true,
        "provision": role.changes,
        "manage": role.changes,
        "delete": role.changes,
        "global_scope": role.clouds.is_empty(),
        "cloud_scopes": clouds,
        "resource_group_scopes": [],
        "groups": groups,
    });
    if let (true, Value::Object(map)) = (state.options.profile > Profile::V2019, &mut object) {
        map.insert("add_cloud".to_owned(), json!(false));
        map.insert("delete_cloud".to_owned(), json!(false));
        map.insert("badge_filter_operator".to_owned(), json!("OR"));
        map.insert("badge_scopes".to_owned(), json!(role.badges));
    }
    object
}
