//! `GET /resources?excluded=true`: resources that are exceptions of rules (section 16).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Call;
use super::check::Check;
use super::checks::{Page, page_of};
use super::errors::{Answer, Refusal, ok};
use super::world::{Level, World};

/// `GET /resources`: needs full access, and carries no totals.
pub(super) fn list(call: &Call<'_>, world: &World) -> Answer {
    if call.query.flag("excluded")? != Some(true) {
        return Err(Refusal::parameter("excluded", "is required and must be true"));
    }
    let accounts: BTreeSet<String> = match call.query.list("accountIds") {
        Some(accounts) => {
            for account in &accounts {
                call.user.may_read(world, account)?;
            }
            accounts
        }
        None => call.user.sees(world).map(|account| account.id.clone()).collect(),
    };
    if accounts.is_empty() {
        return Err(Refusal::Forbidden);
    }
    if accounts.iter().any(|account| call.user.level(account) < Level::Full) {
        return Err(Refusal::NoFullAccess);
    }
    let page = Page::read(call, 2000)?;
    let regions = call.query.list("filter[regions]");
    let providers = call.query.list("filter[providers]");
    let tags = call.query.list("filter[tags]");
    let mut resources: BTreeMap<String, Vec<&Check>> = BTreeMap::new();
    for check in world.checks.iter().filter(|check| check.excluded == Some(true)) {
        let has_tag = || check.tags.iter().flat_map(|tags| tags.iter());
        let wanted = accounts.contains(check.id.account())
            && regions.as_ref().is_none_or(|wanted| wanted.contains(check.id.region()))
            && providers.as_ref().is_none_or(|wanted| {
                check.provider.as_ref().is_some_and(|provider| wanted.contains(&**provider))
            })
            && tags.as_ref().is_none_or(|wanted| has_tag().any(|tag| wanted.contains(&**tag)));
        if let (true, Some(ccrn)) = (wanted, &check.ccrn) {
            resources.entry(ccrn.to_string()).or_default().push(check);
        }
    }
    let resources: Vec<(String, Vec<&Check>)> = resources.into_iter().collect();
    let data: Vec<Value> = match page.inside_window(call, resources.len())? {
        Some(number) => page_of(&resources, number, page.size)
            .iter()
            .filter_map(|(ccrn, checks)| Some(wire(ccrn, checks.first()?, checks)))
            .collect(),
        None => Vec::new(),
    };
    ok(&json!({"data": data}))
}

fn wire(ccrn: &str, first: &Check, checks: &[&Check]) -> Value {
    let rules: Vec<Value> = checks.iter().map(|check| json!({"rule-id": check.id.rule()})).collect();
    json!({
        "type": "resources",
        "id": ccrn,
        "attributes": {
            "account-id": first.id.account(),
            "ccrn": ccrn,
            "resource": first.id.resource(),
            "region": first.id.region(),
            "descriptor-type": first.descriptor_type.as_deref(),
            "link": first.link.as_deref(),
            "link-title": first.link_title.as_deref(),
            "resource-name": first.resource_name.as_deref(),
            "tags": first.tags.iter().flat_map(|tags| tags.iter()).map(|tag| &**tag).collect::<Vec<_>>(),
            "provider": first.provider.as_deref(),
            "excluded-rules": rules,
        },
    })
}
