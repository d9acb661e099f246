//! The organisation's external id and communication settings, read only (sections 12 and 17).

use serde_json::{Value, json};

use super::Call;
use super::errors::{Answer, Refusal, ok};
use super::world::{BASE_TIME, Level, Role, World};

const HOUR_MS: i64 = 3_600_000;

/// `GET /organisation/external-id`: an error until the organisation has had an account.
pub(super) fn external_id(world: &World) -> Answer {
    let id = world.external_id.as_ref().ok_or(Refusal::Forbidden)?;
    ok(&wire(id, BASE_TIME))
}

/// `POST /external-ids`: valid for an hour; for administrators.
pub(super) fn create_external_id(call: &Call<'_>, world: &mut World) -> Answer {
    call.user.may_administer()?;
    let mut rng = fastrand::Rng::with_seed(world.ids_made);
    world.ids_made += 1;
    let id = uuid(&mut rng);
    let body = wire(&id, call.now.saturating_add(HOUR_MS));
    world.external_id = Some(id);
    ok(&body)
}

fn wire(id: &str, valid_until: i64) -> Value {
    json!({"data": {
        "type": "external-ids",
        "id": id,
        "attributes": {"valid-until": valid_until},
        "relationships": {},
    }})
}

/// An id in the form of a UUID.
pub(super) fn uuid(rng: &mut fastrand::Rng) -> String {
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        rng.u32(..),
        rng.u16(..),
        rng.u16(..0x1000),
        rng.u16(..0x1000),
        rng.u64(..1 << 48),
    )
}

/// `GET /settings/communication`: `null` rather than an empty list.
pub(super) fn channels(call: &Call<'_>, world: &World) -> Answer {
    let wanted = call.query.get("accountId");
    if let Some(account) = wanted {
        call.user.may_read(world, account)?;
    }
    call.user.may_look_around(world)?;
    let channel = call.query.get("channel");
    let with_parents = call.query.flag("includeParents")?.unwrap_or(false);
    let found: Vec<Value> = world
        .channels
        .iter()
        .filter(|setting| match account_of(setting) {
            Some(account) => wanted.is_none_or(|wanted| wanted == account),
            None => wanted.is_none() || with_parents,
        })
        .filter(|setting| {
            channel.is_none_or(|channel| setting.pointer("/attributes/channel") == Some(&json!(channel)))
        })
        .filter_map(|setting| visible(call, setting))
        .collect();
    if found.is_empty() { ok(&json!({"data": null})) } else { ok(&json!({"data": found})) }
}

/// `GET /settings/{settingId}`
pub(super) fn channel(call: &Call<'_>, world: &World, id: &str) -> Answer {
    let setting = world.channels.iter().find(|setting| setting.get("id") == Some(&json!(id)));
    let setting = setting.and_then(|setting| visible(call, setting)).ok_or(Refusal::Forbidden)?;
    ok(&json!({"data": setting}))
}

fn account_of(setting: &Value) -> Option<&str> {
    setting.pointer("/relationships/account/data/id").and_then(Value::as_str)
}

/// A setting as the caller sees it: the organisation's only as an administrator, an account's configuration only with
/// full access.
fn visible(call: &Call<'_>, setting: &Value) -> Option<Value> {
    let level = match account_of(setting) {
        Some(account) => call.user.level(account),
        None if call.user.role == Role::Admin => Level::Full,
        None => Level::None,
    };
    let mut setting = setting.clone();
    match level {
        Level::None => return None,
        Level::ReadOnly => {
            setting.get_mut("attributes")?.as_object_mut()?.remove("configuration");
        }
        Level::Full => {}
    }
    Some(setting)
}
