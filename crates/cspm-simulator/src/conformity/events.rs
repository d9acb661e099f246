//! `GET /events` (section 9).

use serde_json::{Value, json};

use super::Call;
use super::checks::{Page, page_of};
use super::errors::{Answer, Refusal, ok};
use super::pattern::Pattern;
use super::world::{Event, Level, Role, World};

/// `GET /events`: newest first.
pub(super) fn list(call: &Call<'_>, world: &World) -> Answer {
    if call.options.organisation_locked {
        return Err(Refusal::Locked);
    }
    call.user.may_look_around(world)?;
    let accounts = call.query.list("accountIds");
    for account in accounts.iter().flatten() {
        call.user.may_read(world, account)?;
    }
    let page = Page::read(call, 1000)?;
    let (with_cloud, with_own) =
        (call.query.flag("aws")?.unwrap_or(true), call.query.flag("cc")?.unwrap_or(true));
    let (since, until) = (time(call, "filter[since]")?, time(call, "filter[until]")?);
    let regions = call.query.list("filter[regions]");
    let services = call.query.list("filter[services]");
    let users = call.query.list("filter[userIds]");
    let identities = call.query.list("filter[identities]");
    let name = call.query.get("filter[name]").map(Pattern::wildcard);
    let visible = |event: &Event| match (&event.account, &accounts) {
        (Some(account), Some(wanted)) => wanted.contains(account),
        (Some(account), None) => call.user.level(account) > Level::None,
        (None, wanted) => wanted.is_none() && call.user.role == Role::Admin,
    };
    let mut events: Vec<&Event> = world
        .events
        .iter()
        .filter(|event| visible(event))
        .filter(|event| if event.from_cloud { with_cloud } else { with_own })
        .filter(|event| since.is_none_or(|since| event.time >= since))
        .filter(|event| until.is_none_or(|until| event.time <= until))
        .filter(|event| regions.as_ref().is_none_or(|wanted| wanted.contains(&event.region)))
        .filter(|event| services.as_ref().is_none_or(|wanted| wanted.contains(&event.service)))
        .filter(|event| event.from_cloud || users.as_ref().is_none_or(|ids| ids.contains(&event.identity)))
        .filter(|event| {
            !event.from_cloud || identities.as_ref().is_none_or(|ids| ids.contains(&event.identity))
        })
        .filter(|event| name.as_ref().is_none_or(|name| name.matches(&event.name)))
        .collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.time));
    let data: Vec<Value> = page_of(&events, page.number, page.size).iter().map(|event| wire(event)).collect();
    ok(&json!({"data": data, "meta": {"total-pages": events.len().div_ceil(page.size)}}))
}

/// A time filter, whose errors have a form of their own.
fn time(call: &Call<'_>, name: &str) -> Result<Option<i64>, Refusal> {
    let read = |text: &str| text.parse::<i64>().ok().filter(|time| *time > 0);
    call.query
        .get(name)
        .map(|text| {
            read(text).ok_or_else(|| Refusal::BadParameter {
                pointer: format!("/data/attributes/{name}"),
                detail: format!("{name} is not a valid positive integer"),
            })
        })
        .transpose()
}

fn wire(event: &Event) -> Value {
    let account = event.account.as_ref().map(|id| json!({"type": "account", "id": id}));
    json!({
        "type": "events",
        "id": event.id,
        "attributes": {
            "name": event.name,
            "time": event.time,
            "service": event.service,
            "identity": event.identity,
            "region": event.region,
            "description": event.description,
            "hasChildren": false,
        },
        "relationships": {"account": {"data": account}},
    })
}
