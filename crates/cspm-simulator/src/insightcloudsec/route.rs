//! Which endpoint a request means. A path that is not here is answered 404.

use http::Method;

use super::call::Call;
use super::failure::Answer;
use super::query::{Endpoint, query};
use super::state::State;
use super::{
    badges, bots, clouds, compliance, exemptions, groups, insight_writes, insights, organizations, packs,
    resources, users, violations, vulnerabilities,
};

/// Endpoints that change nothing; `None` if the request means none of them.
pub(super) fn read(state: &State, call: &Call) -> Option<Answer> {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match call.method {
        Method::GET => get(state, call, &segments),
        Method::POST => post(state, call, &segments),
        _ => None,
    }
}

fn get(state: &State, call: &Call, segments: &[&str]) -> Option<Answer> {
    Some(match segments {
        ["v2", "prototype", "domain", "organizations", "detail", "get"] => organizations::detail(state, call),
        ["v2", "prototype", "domain", "organizations", "get"] => organizations::get(state, call),
        ["v2", "public", "user", "info"] => users::info(state, call),
        ["v2", "public", "users", "list"] => users::list(state, call, false),
        ["v2", "prototype", "groups", "list"] => groups::list(state, call),
        ["v2", "public", "clouds", "list"] => clouds::list_all(state, call),
        ["v2", "public", "clouds", "provisioning", "list"] => clouds::provisioning(state, call),
        ["v2", "public", "cloudtypes", "list"] => clouds::types(call),
        ["v2", "public", "cloud", id, "regions", "list"] => clouds::regions(state, call, id),
        ["v2", "public", "cloud", "domains"] => clouds::domains(state, call),
        ["v2", "public", "insights", "list"] => insights::list(state, call),
        ["v2", "public", "insights", "select"] => insights::select(state, call),
        ["v2", "public", "insights", "filter-registry"] => insights::filter_registry(state, call),
        ["v2", "public", "insights", "packs", "list"] => packs::list(state, call),
        ["v2", "public", "insights", id, "violations", "get"] => violations::of_resource(state, call, id),
        ["v2", "public", "insights", id, source, "insight-data-7-days"] => {
            violations::seven_days(state, call, id, source)
        }
        ["v2", "public", "insights", id, source @ ("backoffice" | "custom")] => {
            insights::get(state, call, id, source)
        }
        ["v2", "public", "resource", id, "detail"] => resources::detail(state, call, id),
        ["v2", "public", "resource", id, "tags", "list"] => resources::tags(state, call, id),
        ["v2", "public", "divvy", "resources", kind, "csv"] => resources::csv(state, call, kind),
        ["v2", "public", "botfactory", "function-registry", "list"] => bots::registry(call),
        ["v2", "public", "botfactory", id, "get"] => bots::get(state, call, id),
        _ => return None,
    })
}

fn post(state: &State, call: &Call, segments: &[&str]) -> Option<Answer> {
    Some(match segments {
        ["v2", "public", "resource", "query"] => query(state, call, Endpoint::V2),
        ["v3", "public", "resource", "query"] => query(state, call, Endpoint::V3),
        ["v3", "public", "resource", "etl-query"] => query(state, call, Endpoint::Etl),
        ["v2", "public", "resource", "common", "search"] => resources::search(state, call),
        ["v2", "public", "resource", id, "associations", "get"] => resources::associations(state, call, id),
        ["v2", "public", "resource", id, "settings", "list"] => resources::settings(state, call, id),
        ["v2", "public", "resource", id, "notes", "list"] => resources::notes(state, call, id),
        ["v2", "public", "clouds", "list"] => clouds::list(state, call),
        ["v2", "public", "users", "list"] => users::list(state, call, true),
        ["v2", "prototype", "domains", "admins", "list"] => users::admins(state, call),
        ["v2", "prototype", "user", id, "groups", "list"] => groups::of_user(state, call, id),
        ["v2", "prototype", "group", id, "users", "list"] => groups::users_of(state, call, id),
        ["v2", "prototype", "group", id, "roles", "list"] => groups::roles_in(state, call, id),
        ["v2", "public", "roles", "list"] => groups::roles(state, call),
        ["v2", "public", "insights", id, source, "resource", "history"] => {
            violations::history(state, call, id, source)
        }
        ["v2", "public", "exemptions", "list"] => exemptions::list(state, call),
        ["v2", "public", "badges", "count"] => badges::count(state, call),
        ["v2", "public", "badges", id, "list"] => badges::list(state, call, id),
        ["v2", "public", "badge", "clouds", "list"] => badges::clouds_with(state, call),
        ["v2", "public", "botfactory", "list"] => bots::list(state, call),
        ["v2", "public", "botfactory", id, "get"] => bots::get(state, call, id),
        ["v2", "compliance", "score-card", "export-data"] => compliance::export(state, call),
        ["v3", "cvm", "resource", "vulnerabilities"] => vulnerabilities::images(state, call),
        ["v3", "cvm", "vulnerabilities"] => vulnerabilities::cves(state, call),
        _ => return None,
    })
}

/// Endpoints that change something; `None` if the request means none of them.
pub(super) fn write(state: &mut State, call: &Call) -> Option<Answer> {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let insights = ["v2", "public", "insights"];
    match (&call.method, segments.as_slice()) {
        (&Method::GET, [a, b, c, id, "counts", "refresh"]) if [*a, *b, *c] == insights => {
            Some(insight_writes::refresh(state, call, id))
        }
        (&Method::DELETE, [a, b, c, rest @ ..]) if [*a, *b, *c] == insights => match rest {
            ["pack", id, "delete"] => Some(packs::delete(state, call, id)),
            [id, "delete"] => Some(insight_writes::delete(state, call, id)),
            _ => None,
        },
        (&Method::POST, [a, b, c, rest @ ..]) if [*a, *b, *c] == insights => insight_post(state, call, rest),
        (&Method::DELETE, ["v2", "prototype", "domain", "organization", id, "delete"]) => {
            Some(organizations::delete(state, call, id))
        }
        (&Method::POST, segments) => other_post(state, call, segments),
        _ => None,
    }
}

fn insight_post(state: &mut State, call: &Call, rest: &[&str]) -> Option<Answer> {
    Some(match rest {
        ["edit_metadata"] => insight_writes::edit_metadata(state, call),
        ["create"] => insight_writes::create(state, call),
        ["bulk", "create"] => insight_writes::bulk_create(state, call),
        ["bulk", "delete"] => insight_writes::bulk_delete(state, call),
        ["pack", "create"] => packs::create(state, call),
        ["pack", id, "update"] => packs::update(state, call, id),
        [id, "edit"] => insight_writes::edit(state, call, id),
        [id, "notes", "update"] => insight_writes::notes(state, call, id),
        [id, "set_exemptions"] => insight_writes::set_exemptions(state, call, id),
        _ => return None,
    })
}

fn other_post(state: &mut State, call: &Call, segments: &[&str]) -> Option<Answer> {
    Some(match segments {
        ["v2", "prototype", "domain", "switch_organization"] => organizations::switch(state, call),
        ["v2", "prototype", "domain", "organization", "create"] => organizations::create(state, call),
        ["v2", "prototype", "domain", "organization", id, "update"] => organizations::rename(state, call, id),
        ["v2", "public", "apikey", "create"] => users::create_key(state, call),
        ["v2", "public", "apikey", "deactivate"] => users::deactivate_key(state, call),
        ["v2", "public", "user", "create_api_only_user"] => users::create_api_only(state, call),
        ["v2", "public", "user", "update_to_api_only_user"] => users::make_api_only(state, call),
        ["v2", "public", "clouds", "status", "set"] => clouds::set_status(state, call),
        ["v2", "prototype", "cloud", "add"] => clouds::add(state, call),
        ["v2", "prototype", "cloud", id, "update"] => clouds::update(state, call, id),
        ["v2", "public", "cloud", "region", id, "enable"] => clouds::switch_region(state, call, id, true),
        ["v2", "public", "cloud", "region", id, "disable"] => clouds::switch_region(state, call, id, false),
        ["v2", "public", "cloud", id, "delete"] => clouds::delete(state, call, id),
        ["v2", "prototype", "resource", id, "name", "set"] => clouds::rename(state, call, id),
        ["v2", "public", "resource", id, "notes", "create"] => resources::add_note(state, call, id),
        ["v2", "public", "exemptions", "create"] => exemptions::create(state, call),
        ["v2", "public", "exemptions", "delete"] => exemptions::delete(state, call),
        ["v2", "public", "badges", "create"] => badges::create(state, call),
        ["v2", "public", "badges", "delete"] => badges::delete(state, call),
        ["v2", "public", "badges", id, "update"] => badges::update(state, call, id),
        ["v2", "public", "botfactory", "bot", "create"] => bots::create(state, call),
        ["v2", "public", "botfactory", "edit", id] => bots::edit(state, call, id),
        ["v2", "public", "botfactory", "bots", "bulk_action", "archive"] => bots::bulk_archive(state, call),
        ["v2", "public", "botfactory", id, action @ ("pause" | "resume" | "archive" | "ondemand")] => {
            bots::act(state, call, id, action)
        }
        _ => return None,
    })
}
