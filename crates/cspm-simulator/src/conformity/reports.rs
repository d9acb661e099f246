//! Report configurations and reports, read only (sections 14 and 15).

use serde_json::{Value, json};

use super::Call;
use super::errors::{Answer, Refusal, ok};
use super::world::{Role, World};

/// `GET /report-configs`: of an account, else of a group, else of the organisation.
pub(super) fn configs(call: &Call<'_>, world: &World) -> Answer {
    let owner = owner(call, world)?;
    let configs: Vec<&Value> =
        world.report_configs.iter().filter(|config| owner_of(config, "/id") == owner).collect();
    if configs.is_empty() && owner == world.organisation && call.options.empty_list_is_forbidden {
        return Err(Refusal::Forbidden);
    }
    ok(&json!({"data": configs}))
}

/// `GET /report-configs/{id}`
pub(super) fn config(call: &Call<'_>, world: &World, id: &str) -> Answer {
    call.user.may_look_around(world)?;
    let config = world.report_configs.iter().find(|config| config.get("id") == Some(&json!(id)));
    let config = config.ok_or(Refusal::Missing)?;
    may_see(call, world, owner_of(config, "/id"))?;
    ok(&json!({"data": config}))
}

/// `GET /reports`
pub(super) fn list(call: &Call<'_>, world: &World) -> Answer {
    let owner = owner(call, world)?;
    let config = call.query.get("reportConfigId");
    let reports: Vec<&Value> = world
        .reports
        .iter()
        .filter(|report| report.pointer("/attributes/entity-id") == Some(&json!(owner)))
        .filter(|report| {
            config.is_none_or(|id| report.pointer("/attributes/report-config-id") == Some(&json!(id)))
        })
        .collect();
    ok(&json!({"data": reports}))
}

/// `GET /reports/{reportId}/{entityId}/{format}`: the address of the file, in JSON.
pub(super) fn download(call: &Call<'_>, world: &World, id: &str, entity: &str, format: &str) -> Answer {
    call.user.may_look_around(world)?;
    let report = world.reports.iter().find(|report| {
        report.get("id") == Some(&json!(id))
            && report.pointer("/attributes/entity-id") == Some(&json!(entity))
            && matches!(format, "pdf" | "csv" | "xlsx")
    });
    report.ok_or(Refusal::NotFound)?;
    may_see(call, world, entity)?;
    ok(&json!({"url": format!("https://storage.example.invalid/{id}.{format}?signature=example")}))
}

/// Whose reports are asked for. An account beats a group; neither means the organisation.
fn owner(call: &Call<'_>, world: &World) -> Result<String, Refusal> {
    if let Some(account) = call.query.get("accountId") {
        return Ok(call.user.may_read(world, account)?.id.clone());
    }
    call.user.may_look_around(world)?;
    match call.query.get("groupId") {
        Some(group) if world.groups.iter().any(|known| known.id == group) => Ok(group.into()),
        Some(_) => Err(Refusal::Forbidden),
        None if call.user.role == Role::User => Err(Refusal::Forbidden),
        None => Ok(world.organisation.clone()),
    }
}

/// Whose object it is: the first part of an id.
fn owner_of<'a>(object: &'a Value, pointer: &str) -> &'a str {
    let id = object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    id.split(':').next().unwrap_or_default()
}

/// An account's object is only for those who see the account.
fn may_see(call: &Call<'_>, world: &World, owner: &str) -> Result<(), Refusal> {
    if world.account(owner).is_some() { call.user.may_read(world, owner).map(|_| ()) } else { Ok(()) }
}
