//! Cloud accounts (document section 5).

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::call::{Area, Call};
use super::failure::{Answer, Failure, Shape};
use super::fields::Fields;
use super::options::Profile;
use super::result_filter;
use super::select::badges_match;
use super::stamp;
use super::state::State;
use super::world::{Cloud, CloudParent, World};
use crate::wire::SimResponse;

/// `GET /v2/public/clouds/list`: everything, in one answer.
pub(super) fn list_all(state: &State, call: &Call) -> Answer {
    call.caller.may_read(Area::Clouds)?;
    let clouds: Vec<Value> = own(&state.world, call).map(|cloud| object(state, cloud)).collect();
    let total = clouds.len();
    Ok(SimResponse::json(StatusCode::OK, &json!({"clouds": clouds, "total_count": total})))
}

/// `POST /v2/public/clouds/list`: with result filters, paging, search and badges.
pub(super) fn list(state: &State, call: &Call) -> Answer {
    call.caller.may_read(Area::Clouds)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let search = fields.text("search_string")?.unwrap_or_default().to_lowercase();
    let badges = fields.pairs("badges")?;
    let all = fields.is_and("badge_filter_operator")?;
    let excluded = fields.pairs("exclusion_badges")?;
    let without = fields.flag("empty_badges")?.unwrap_or(false);
    fields.flag("advanced_search")?;
    let rows = own(&state.world, call)
        .filter(|cloud| {
            let found = |text: &String| text.to_lowercase().contains(&search);
            search.is_empty() || found(&cloud.name) || cloud.account_id.as_ref().is_some_and(found)
        })
        .filter(|cloud| badges_match(cloud, &badges, all))
        .filter(|cloud| excluded.is_empty() || !badges_match(cloud, &excluded, false))
        .filter(|cloud| !without || cloud.badges.iter().all(|badge| badge.auto_generated))
        .map(|cloud| object(state, cloud))
        .collect();
    let (clouds, total) = result_filter::page(&state.options, &fields, rows)?;
    Ok(SimResponse::json(StatusCode::OK, &json!({"clouds": clouds, "total_count": total})))
}

fn own<'a>(world: &'a World, call: &Call) -> impl Iterator<Item = &'a Cloud> + use<'a> {
    let organization = call.caller.organization;
    world.clouds.iter().filter(move |cloud| cloud.organization == organization)
}

/// The record of section 5.1, as far as the profile's version had it.
fn object(state: &State, cloud: &Cloud) -> Value {
    let profile = state.options.profile;
    let mut object = json!({
        "id": cloud.id,
        "name": cloud.name,
        "cloud_type_id": cloud.cloud_type,
        "creation_time": stamp::spaced(cloud.created),
        "status": cloud.status,
        "group_resource_id": cloud.resource_id(),
        "resource_id": cloud.resource_id(),
    });
    let Value::Object(map) = &mut object else { return object };
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    let resources = state.index.total(cloud.id);
    if let Some(role_arn) = &cloud.role_arn {
        put("role_arn", json!(role_arn));
    }
    if profile == Profile::V2019 {
        put("resources", json!(resources));
        put("last_refreshed", json!(cloud.last_refreshed.map(stamp::spaced)));
        return object;
    }
    put("badge_count", json!(cloud.badges.len()));
    put("resource_count", json!(resources));
    put("event_driven_harvest_role", json!("idle"));
    put("failed_resource_types", failed_types(cloud));
    if let Some(account_id) = &cloud.account_id {
        put("account_id", json!(account_id));
    }
    if let Some(strategy) = cloud.strategy_id {
        put("strategy_id", json!(strategy));
    }
    if let Some(parent) = &cloud.parent {
        put("cloud_organization_id", json!(parent.id));
        put("cloud_organization_domain_name", json!(parent.domain_name));
        put("cloud_organization_nickname", json!(parent.nickname));
    }
    // Before the first harvest: null up to 2022, absent after.
    match cloud.last_refreshed {
        Some(at) => drop(put("last_refreshed", json!(stamp::spaced(at)))),
        None if profile == Profile::V2022 => drop(put("last_refreshed", Value::Null)),
        None => {}
    }
    if profile >= Profile::V2023 {
        put("host_assessment_status", json!([]));
        put("host_assessment_enabled", json!(false));
    }
    if profile >= Profile::V2025 {
        put("cloud_access", Value::Null);
        put("disabled_resource_types", Value::Null);
        put("scan_error", Value::Null);
        put("tenant_id", json!(cloud.tenant_id));
        put("trailblazer_account_in_scope", Value::Null);
        put("is_platform_managed", json!(false));
        put("trailblazer_cloudtrail_trails", json!([]));
    }
    object
}

fn failed_types(cloud: &Cloud) -> Value {
    let types = cloud.failed_types.as_ref().map(|types| {
        let one = |failed: &super::world::FailedType| {
            json!({"resource_type": failed.resource_type, "permissions": failed.permissions})
        };
        types.iter().map(one).collect::<Vec<_>>()
    });
    json!(types)
}

/// `GET /v2/public/clouds/provisioning/list`: a short form without a total.
pub(super) fn provisioning(state: &State, call: &Call) -> Answer {
    call.caller.may_read(Area::Clouds)?;
    let clouds: Vec<Value> = own(&state.world, call)
        .map(|cloud| {
            json!({"id": cloud.id, "name": cloud.name, "cloud_type_id": cloud.cloud_type,
            "resource_id": cloud.resource_id()})
        })
        .collect();
    Ok(SimResponse::json(StatusCode::OK, &json!({"clouds": clouds})))
}

/// `GET /v2/public/cloudtypes/list`, whose key is `clouds` too (document section 5.6).
pub(super) fn types(call: &Call) -> Answer {
    call.caller.may_read(Area::Clouds)?;
    let one = |(name, id, access): (&str, &str, &str)| json!({"name": name, "cloud_type_id": id, "cloud_access": access});
    let types: Vec<Value> = [
        ("Amazon Web Services", "AWS", "public"),
        ("Amazon Web Services GovCloud", "AWS_GOV", "public"),
        ("Amazon Web Services China", "AWS_CHINA", "public"),
        ("Microsoft Azure", "AZURE_ARM", "public"),
        ("Microsoft Azure Government", "AZURE_GOV", "public"),
        ("Microsoft Azure China", "AZURE_CHINA", "public"),
        ("Google Cloud Platform", "GCE", "public"),
        ("Alibaba Cloud", "ALICLOUD", "public"),
        ("Oracle Cloud Infrastructure", "OCI", "public"),
        ("Kubernetes", "K8S_R7", "private"),
    ]
    .map(one)
    .into();
    Ok(SimResponse::json(StatusCode::OK, &json!({"clouds": types})))
}

/// `GET /v2/public/cloud/{resource_id}/regions/list`. Permissions are not enforced on this read.
pub(super) fn regions(state: &State, call: &Call, resource_id: &str) -> Answer {
    let cloud = own(&state.world, call).find(|cloud| cloud.resource_id() == resource_id);
    let cloud = cloud.ok_or_else(|| Failure::not_found(&format!("Cloud {resource_id}")))?;
    let mut names: Vec<&str> = state
        .world
        .resources
        .iter()
        .filter(|resource| resource.cloud == cloud.id)
        .filter_map(|resource| resource.region.as_deref())
        .filter(|region| !region.is_empty())
        .collect();
    names.sort_unstable();
    names.dedup();
    let off = |name: &str| cloud.disabled_regions.iter().any(|one| one == name);
    let status = |name: &str| if off(name) { "INACTIVE" } else { "ACTIVE" };
    let regions: Vec<Value> = names
        .iter()
        .map(|name| {
            json!({"id": name, "name": name, "status": status(name), "harvest_rate_multiplier": 1.0,
            "resource_id": format!("serviceregion:{}:{name}:", cloud.id)})
        })
        .collect();
    Ok(SimResponse::json(StatusCode::OK, &json!({"regions": regions})))
}

/// `POST /v2/public/cloud/region/{serviceregion id}/enable` and `/disable`.
pub(super) fn switch_region(state: &mut State, call: &Call, region: &str, on: bool) -> Answer {
    call.caller.may_write(Area::Clouds)?;
    let mut parts = region.strip_prefix("serviceregion:").unwrap_or_default().split(':');
    let cloud = parts.next().and_then(|id| id.parse().ok()).unwrap_or(0);
    let name = parts.next().unwrap_or_default().to_owned();
    change(state, call, &format!("divvyorganizationservice:{cloud}"), |cloud| {
        cloud.disabled_regions.retain(|one| *one != name);
        if !on {
            cloud.disabled_regions.push(name);
        }
    })
}

/// `GET /v2/public/cloud/domains`: the cloud organizations above the accounts. Item fields are not recorded; these
/// are the ones the account list has.
pub(super) fn domains(state: &State, call: &Call) -> Answer {
    call.caller.may_read(Area::Clouds)?;
    let parents: BTreeMap<&str, &CloudParent> = own(&state.world, call)
        .filter_map(|cloud| cloud.parent.as_ref())
        .map(|one| (&*one.id, one))
        .collect();
    let domains: Vec<Value> = parents
        .values()
        .map(|parent| {
            json!({"cloud_organization_id": parent.id, "cloud_organization_nickname": parent.nickname,
            "cloud_organization_domain_name": parent.domain_name})
        })
        .collect();
    Ok(SimResponse::json(StatusCode::OK, &json!({"domains": domains})))
}

/// `POST /v2/public/clouds/status/set`: `PAUSED` or `DEFAULT`, empty 200.
pub(super) fn set_status(state: &mut State, call: &Call) -> Answer {
    call.caller.may_write(Area::Clouds)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let status = fields.required_text("status")?;
    if !["PAUSED", "DEFAULT"].contains(&status) {
        return Err(fields.refuse("status", "Must be one of: DEFAULT, PAUSED."));
    }
    let ids = fields.texts("resource_ids")?;
    if let Some(id) = ids.iter().find(|id| !own(&state.world, call).any(|cloud| cloud.resource_id() == **id))
    {
        return Err(Failure::server("DivvyNotFound", format!("Cloud {id} does not exist.")));
    }
    for cloud in state.world.clouds.iter_mut().filter(|cloud| ids.contains(&cloud.resource_id())) {
        cloud.status = status.to_owned();
    }
    state.reindex();
    Ok(SimResponse::empty(StatusCode::OK))
}

/// `POST /v2/prototype/cloud/add`: parameters wrapped in `creation_params`; the new cloud begins in `REFRESH`.
pub(super) fn add(state: &mut State, call: &Call) -> Answer {
    call.caller.may_write(Area::Clouds)?;
    let outer = Fields::parse(&call.body, Shape::V2)?;
    let wrapped = outer.required("creation_params", outer.value("creation_params"))?;
    let fields = Fields::parse(wrapped.to_string().as_bytes(), Shape::V2)?;
    let cloud_type = fields.required_text("cloud_type")?.to_owned();
    let account = match cloud_type.as_str() {
        "AZURE_ARM" => "subscription_id",
        "GCE" => "project",
        _ => "account_number",
    };
    // Some field scripts send the number as an integer.
    let account_id = match fields.value(account) {
        Some(Value::Number(number)) => number.to_string(),
        _ => fields.required_text(account)?.to_owned(),
    };
    let cloud = Cloud {
        id: state.world.clouds.iter().map(|cloud| cloud.id).max().unwrap_or(0) + 1,
        organization: call.caller.organization,
        name: fields.required_text("name")?.to_owned(),
        account_id: Some(account_id),
        status: "REFRESH".to_owned(),
        created: call.now,
        last_refreshed: None,
        role_arn: fields.text("role_arn")?.map(str::to_owned),
        badges: super::badges::system(&cloud_type),
        cloud_type,
        strategy_id: None,
        parent: None,
        failed_types: None,
        tenant_id: fields.text("tenant_id")?.map(str::to_owned),
        disabled_regions: Vec::new(),
    };
    let reply = json!({"status": cloud.status, "group_resource_id": cloud.resource_id(), "name": cloud.name,
        "resource_id": cloud.resource_id(), "cloud_type_id": cloud.cloud_type, "id": cloud.id,
        "creation_time": stamp::spaced_micros(cloud.created)});
    state.world.clouds.push(cloud);
    state.reindex();
    Ok(SimResponse::json(StatusCode::OK, &reply))
}

/// `POST /v2/prototype/cloud/{id}/update`: the parameters of an addition without their wrapper, the integer id
/// instead of the resource id, and an empty 201.
pub(super) fn update(state: &mut State, call: &Call, id: &str) -> Answer {
    call.caller.may_write(Area::Clouds)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let name = fields.text("name")?.map(str::to_owned);
    let role_arn = fields.text("role_arn")?.map(str::to_owned);
    change(state, call, &format!("divvyorganizationservice:{id}"), |cloud| {
        cloud.name = name.unwrap_or_else(|| cloud.name.clone());
        cloud.role_arn = role_arn.or_else(|| cloud.role_arn.clone());
    })?;
    Ok(SimResponse::empty(StatusCode::CREATED))
}

/// `POST /v2/public/cloud/{resource_id}/delete`: the status flips at once; cleaning up happens in the background,
/// which here means [`InsightCloudSec::finish_deletions`](super::InsightCloudSec::finish_deletions).
pub(super) fn delete(state: &mut State, call: &Call, resource_id: &str) -> Answer {
    call.caller.may_write(Area::Clouds)?;
    change(state, call, resource_id, |cloud| cloud.status = "DELETE".to_owned())
}

/// `POST /v2/prototype/resource/{resource_id}/name/set`, of clouds.
pub(super) fn rename(state: &mut State, call: &Call, resource_id: &str) -> Answer {
    call.caller.may_write(Area::Clouds)?;
    let fields = Fields::parse(&call.body, Shape::V2)?;
    let name = fields.required_text("name")?.to_owned();
    change(state, call, resource_id, |cloud| cloud.name = name)
}

fn change(state: &mut State, call: &Call, resource_id: &str, edit: impl FnOnce(&mut Cloud)) -> Answer {
    let organization = call.caller.organization;
    let cloud = state
        .world
        .clouds
        .iter_mut()
        .find(|cloud| cloud.organization == organization && cloud.resource_id() == resource_id)
        .ok_or_else(|| Failure::not_found(&format!("Cloud {resource_id}")))?;
    edit(cloud);
    state.reindex();
    Ok(SimResponse::json(StatusCode::OK, &json!({})))
}
