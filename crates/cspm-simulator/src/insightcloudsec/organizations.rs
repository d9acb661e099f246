//! Organizations, and the switch between them that the server remembers per user (document section 4).

use http::StatusCode;
use serde_json::{Value, json};

use super::call::Call;
use super::failure::{Answer, Failure, Shape};
use super::fields::Fields;
use super::state::State;
use super::world::{Access, Organization};
use crate::wire::SimResponse;

/// `GET /v2/prototype/domain/organizations/detail/get`. Users of one organization see that one.
pub(super) fn detail(state: &State, call: &Call) -> Answer {
    let world = &state.world;
    let organizations: Vec<Value> = world
        .organizations
        .iter()
        .filter(|one| call.caller.is_domain_user() || one.id == call.caller.organization)
        .map(|one| {
            // Domain administrators belong to the installation, not to an organization.
            let member = |user: &&super::world::User| {
                user.organization == one.id && user.access != Access::DomainAdmin
            };
            json!({
                "status": "ok",
                "smtp_configured": true,
                "clouds": world.clouds.iter().filter(|cloud| cloud.organization == one.id).count(),
                "name": one.name,
                "resource_id": format!("divvyorganization:{}", one.id),
                "organization_id": one.id,
                "bots": world.bots.iter().filter(|bot| bot.organization == one.id).count(),
                "users": world.users.iter().filter(member).count(),
            })
        })
        .collect();
    Ok(SimResponse::json(StatusCode::OK, &json!({"organizations": organizations})))
}

/// `GET /v2/prototype/domain/organizations/get`: a bare array, for domain admins.
pub(super) fn get(state: &State, call: &Call) -> Answer {
    call.caller.must_be_domain_admin()?;
    let one = |one: &Organization| json!({"organization_id": one.id, "name": one.name});
    let organizations: Vec<Value> = state.world.organizations.iter().map(one).collect();
    Ok(SimResponse::json(StatusCode::OK, &organizations))
}

/// `POST /v2/prototype/domain/switch_organization`: by name, for domain admins; 500 for an unknown name.
pub(super) fn switch(state: &mut State, call: &Call) -> Answer {
    call.caller.must_be_domain_admin()?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let name = fields.required_text("organization_name")?;
    let organization = state.world.organizations.iter().find(|one| one.name == name).map(|one| one.id);
    let organization = organization
        .ok_or_else(|| Failure::server("DivvyNotFound", format!("Organization {name} does not exist.")))?;
    for user in state.world.users.iter_mut().filter(|user| user.id == call.caller.user) {
        user.organization = organization;
    }
    Ok(SimResponse::empty(StatusCode::OK))
}

/// `POST /v2/prototype/domain/organization/create`: names are unique, a clash is 500 (document section 4.3).
pub(super) fn create(state: &mut State, call: &Call) -> Answer {
    call.caller.must_be_domain_admin()?;
    let name = free_name(state, call)?;
    let id = state.world.organizations.iter().map(|one| one.id).max().unwrap_or(0) + 1;
    state.world.organizations.push(Organization { id, name });
    let reply = json!({"resource_id": format!("divvyorganization:{id}"), "organization_id": id});
    Ok(SimResponse::json(StatusCode::OK, &reply))
}

/// `POST /v2/prototype/domain/organization/divvyorganization:{id}/update`.
pub(super) fn rename(state: &mut State, call: &Call, resource_id: &str) -> Answer {
    call.caller.must_be_domain_admin()?;
    let name = free_name(state, call)?;
    let at = position(state, resource_id)?;
    if let Some(organization) = state.world.organizations.get_mut(at) {
        organization.name = name;
    }
    Ok(SimResponse::empty(StatusCode::OK))
}

/// `DELETE /v2/prototype/domain/organization/divvyorganization:{id}/delete`: its clouds, resources, users and bots
/// go with it; domain admins come back to the first organization that is left.
pub(super) fn delete(state: &mut State, call: &Call, resource_id: &str) -> Answer {
    call.caller.must_be_domain_admin()?;
    let at = position(state, resource_id)?;
    if state.world.organizations.len() == 1 {
        return Err(Failure::server("DivvyError", "The last organization cannot be deleted."));
    }
    let world = &mut state.world;
    let id = world.organizations.remove(at).id;
    let first = world.organizations.first().map_or(0, |one| one.id);
    let gone: Vec<i64> =
        world.clouds.iter().filter(|cloud| cloud.organization == id).map(|cloud| cloud.id).collect();
    world.clouds.retain(|cloud| cloud.organization != id);
    world.resources.retain(|resource| !gone.contains(&resource.cloud));
    world.users.retain(|user| user.organization != id || user.access == Access::DomainAdmin);
    world.users.iter_mut().filter(|user| user.organization == id).for_each(|user| user.organization = first);
    world.groups.retain(|group| group.organization != id);
    world.roles.retain(|role| role.organization != id);
    world.bots.retain(|bot| bot.organization != id);
    world.exemptions.retain(|exemption| exemption.organization != id);
    state.reindex();
    Ok(SimResponse::json(StatusCode::OK, &json!({})))
}

fn free_name(state: &State, call: &Call) -> Result<String, Failure> {
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let name = fields.required_text("organization_name")?;
    if state.world.organizations.iter().any(|one| one.name == name) {
        return Err(Failure::server("DivvyError", format!("Organization {name} already exists.")));
    }
    Ok(name.to_owned())
}

fn position(state: &State, resource_id: &str) -> Result<usize, Failure> {
    let id = resource_id.strip_prefix("divvyorganization:").and_then(|id| id.parse().ok());
    let at = state.world.organizations.iter().position(|one| Some(one.id) == id);
    at.ok_or_else(|| Failure::not_found(&format!("Organization {resource_id}")))
}
