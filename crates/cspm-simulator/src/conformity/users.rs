//! Users and their keys (sections 10 and 11).

use serde_json::{Value, json};

use super::Call;
use super::accounts::organisation;
use super::errors::{Answer, Refusal, ok};
use super::world::{Key, Level, Role, User, World};

/// `GET /users/whoami`
pub(super) fn whoami(call: &Call<'_>, world: &World) -> Answer {
    ok(&json!({"data": wire(call, world, &call.user)}))
}

/// `GET /users`: for administrators.
pub(super) fn list(call: &Call<'_>, world: &World) -> Answer {
    call.user.is_admin()?;
    let users: Vec<Value> = world.users.iter().map(|user| wire(call, world, user)).collect();
    ok(&json!({"data": users}))
}

/// `GET /users/{id}`
pub(super) fn get(call: &Call<'_>, world: &World, id: &str) -> Answer {
    let user = world.users.iter().find(|user| user.id == id);
    let user = user.ok_or_else(|| Refusal::invalid("/data/attributes", "No such user"))?;
    ok(&json!({"data": wire(call, world, user)}))
}

/// `GET /api-keys`: the caller's own.
pub(super) fn keys(call: &Call<'_>, world: &World) -> Answer {
    let keys: Vec<Value> = own_keys(call, world).map(key_wire).collect();
    ok(&json!({"data": keys}))
}

/// `GET /api-keys/{keyId}`: another's key is a 403.
pub(super) fn key(call: &Call<'_>, world: &World, id: &str) -> Answer {
    let key = own_keys(call, world).find(|key| key.id == id).ok_or(Refusal::Forbidden)?;
    ok(&json!({"data": key_wire(key)}))
}

fn own_keys<'a>(call: &'a Call<'_>, world: &'a World) -> impl Iterator<Item = &'a Key> {
    world.keys.iter().filter(|key| key.user == call.user.id)
}

fn key_wire(key: &Key) -> Value {
    json!({
        "type": "api-keys",
        "id": key.id,
        "attributes": {
            "created-date": key.created,
            "status": if key.enabled { "ENABLED" } else { "DISABLED" },
            "last-used-date": key.last_used,
            "ips": ["0.0.0.0/0"],
        },
        "relationships": {},
    })
}

fn wire(call: &Call<'_>, world: &World, user: &User) -> Value {
    let mut attributes = json!({
        "first-name": user.first_name,
        "last-name": user.last_name,
        "role": user.role.as_str(),
        "status": user.status,
        "mfa": false,
        "last-login-date": user.last_login,
        "created-date": user.created,
        "summary-email-opt-out": true,
        "has-credentials": true,
        "is-cloud-one-user": user.is_cloud_one,
        "meta": {"is-api-key-user": user.email.is_none()},
    });
    if let (Some(email), Some(attributes)) = (&user.email, attributes.as_object_mut()) {
        attributes.insert("email".into(), json!(email));
    }
    let mut relationships = json!({"organisation": organisation(world)});
    if let (Role::User, Some(relationships)) = (user.role, relationships.as_object_mut()) {
        relationships.insert("accountAccessList".into(), access_list(call, world, user));
    }
    json!({"type": "users", "id": user.id, "attributes": attributes, "relationships": relationships})
}

/// A plain array; only an administrator who looks at somebody else sees the accounts without access.
fn access_list(call: &Call<'_>, world: &World, user: &User) -> Value {
    let with_none = call.user.role == Role::Admin && call.user.id != user.id;
    world
        .accounts
        .iter()
        .map(|account| (account, user.level(&account.id)))
        .filter(|(_, level)| with_none || *level != Level::None)
        .map(|(account, level)| json!({"account": account.id, "level": level.as_str()}))
        .collect()
}
