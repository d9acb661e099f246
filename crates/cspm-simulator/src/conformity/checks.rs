//! Reading checks (sections 4.2 and 4.3).

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use super::Call;
use super::check::{Check, CheckId};
use super::errors::{Answer, Refusal, ok};
use super::filter::Filter;
use super::index::Listings;
use super::options::{BeyondWindow, ListMeta, OversizedPage};
use super::world::{Level, World};
use crate::wire::SimResponse;

/// How many results can be paged through.
pub(super) const WINDOW: usize = 10_000;
/// One check in so many is repeated, and one missed, when paging is not consistent.
const CHURN: usize = 100;

/// `GET /checks`
pub(super) fn list(call: &Call<'_>, world: &World, listings: &Listings) -> Answer {
    let accounts =
        call.query.list("accountIds").ok_or(Refusal::BadRequest("query parameter accountIds is required"))?;
    for account in &accounts {
        call.user.may_read(world, account)?;
    }
    let page = Page::read(call, 1000)?;
    let filter = Arc::new(Filter::read(&call.query, accounts, world, call.now)?);
    let consistent = call.query.flag("consistentPagination")?.unwrap_or(!call.options.churn);
    let list = listings.list(world, &filter);
    let number = page.inside_window(call, list.len())?;

    let key = (filter, page.size, number.unwrap_or(usize::MAX));
    if consistent && let Some(body) = listings.page(&key) {
        return Ok(json_bytes(body));
    }
    let mut places = number.map(|number| page_of(&list, number, page.size).to_vec()).unwrap_or_default();
    if let Some(number) = number.filter(|_| !consistent) {
        churn(&mut places, number.checked_sub(1).map(|before| page_of(&list, before, page.size)), call.seed);
    }
    let checks = places.iter().filter_map(|place| world.checks.get(*place as usize));
    let body = render(checks, list.len(), page.size, call.options.list_meta);
    if consistent {
        listings.remember(key, body.clone());
    }
    Ok(json_bytes(body))
}

/// `GET /checks/{checkId}`
pub(super) fn get(call: &Call<'_>, world: &World, listings: &Listings, id: &str) -> Answer {
    let place = find(call, world, listings, id)?;
    let most = call.query.integer("filter[notesLength]")?.unwrap_or(100);
    let most = usize::try_from(most)
        .ok()
        .filter(|most| (1..=100).contains(most))
        .ok_or_else(|| Refusal::parameter("filter[notesLength]", "must be between 1 and 100"))?;
    let notes = call.query.flag("filter[notes]")?.unwrap_or(false).then_some(most);
    answer(world, place, notes)
}

/// Where a check is that the caller may see.
///
/// # Errors
/// 403 if its account is there and hidden from the caller; 401 if there is no such check.
pub(super) fn find(call: &Call<'_>, world: &World, listings: &Listings, id: &str) -> Result<usize, Refusal> {
    let id = CheckId::parse(id).ok_or(Refusal::Missing)?;
    if world.account(id.account()).is_some() && call.user.level(id.account()) == Level::None {
        return Err(Refusal::Forbidden);
    }
    let other = || listings.find(world, &id.other_spelling()?);
    listings.find(world, id.as_str()).or_else(other).ok_or(Refusal::Missing)
}

/// One check as an answer.
pub(super) fn answer(world: &World, place: usize, notes: Option<usize>) -> Answer {
    let check = world.checks.get(place).ok_or(Refusal::Missing)?;
    ok(&json!({"data": check.wire(notes)}))
}

/// Which page is asked for (section 3.5).
pub(super) struct Page {
    pub(super) size: usize,
    pub(super) number: usize,
}

impl Page {
    /// Reads the paging parameters.
    ///
    /// # Errors
    /// 422 for anything but whole numbers, for a size of zero, and by option for a size above the maximum.
    pub(super) fn read(call: &Call<'_>, most: usize) -> Result<Self, Refusal> {
        let integer =
            |name: &str| Ok(call.query.integer(name)?.map(|n| usize::try_from(n).unwrap_or(usize::MAX)));
        let mut size = integer("page[size]")?.unwrap_or(100);
        if size == 0 {
            return Err(Refusal::parameter("page[size]", "is not a valid positive integer"));
        }
        if size > most && call.options.oversized_page == OversizedPage::Refuse {
            return Err(Refusal::parameter("page[size]", "is too large"));
        }
        size = size.min(most);
        Ok(Self { size, number: integer("page[number]")?.unwrap_or(0) })
    }

    /// The number of the page to serve for this one; none if it is beyond the window and therefore empty.
    pub(super) fn inside_window(&self, call: &Call<'_>, total: usize) -> Result<Option<usize>, Refusal> {
        if self.number.saturating_add(1).saturating_mul(self.size) <= WINDOW {
            return Ok(Some(self.number));
        }
        match call.options.beyond_window {
            BeyondWindow::Empty => Ok(None),
            BeyondWindow::ServerError => Err(Refusal::ServerError),
            BeyondWindow::RepeatLastPage => {
                let last = total.div_ceil(self.size).min(WINDOW / self.size);
                Ok(Some(last.saturating_sub(1)))
            }
        }
    }
}

/// The items of a page.
pub(super) fn page_of<T>(items: &[T], number: usize, size: usize) -> &[T] {
    let start = number.saturating_mul(size).min(items.len());
    let end = start.saturating_add(size).min(items.len());
    items.get(start..end).unwrap_or_default()
}

/// Puts checks of the page before in the place of some, and mixes the order, differently in every request.
fn churn(places: &mut [u32], before: Option<&[u32]>, seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    rng.shuffle(places);
    if let Some(before) = before {
        let most = places.len().div_ceil(CHURN);
        for place in places.iter_mut().take(most) {
            *place = rng.choice(before).copied().unwrap_or(*place);
        }
        rng.shuffle(places);
    }
}

fn render<'a>(checks: impl Iterator<Item = &'a Check>, total: usize, size: usize, meta: ListMeta) -> Bytes {
    let mut body = Vec::with_capacity(64 << 10);
    body.extend_from_slice(b"{\"data\":[");
    for (n, check) in checks.enumerate() {
        if n > 0 {
            body.push(b',');
        }
        // Writing plain values into memory cannot fail.
        let _ = serde_json::to_writer(&mut body, &check.wire(None));
    }
    body.push(b']');
    let pages = total.div_ceil(size);
    let meta = match meta {
        ListMeta::Both => format!(r#","meta":{{"total":{total},"total-pages":{pages}}}"#),
        ListMeta::Total => format!(r#","meta":{{"total":{total}}}"#),
        ListMeta::TotalPages => format!(r#","meta":{{"total-pages":{pages}}}"#),
        ListMeta::Nothing => String::new(),
    };
    body.extend_from_slice(meta.as_bytes());
    body.push(b'}');
    body.into()
}

fn json_bytes(body: Bytes) -> SimResponse {
    SimResponse::bytes(StatusCode::OK, "application/json", body)
}
