//! Cloud accounts, which this vendor calls scan accounts (section 4).

use std::sync::Arc;

use cspm_core::{
    Account, AccountQuery, AccountRef, Cursor, Origin, Plan, RawValue, Rejected, Result, Scope, Source, Step,
    async_trait,
};
use cspm_http::Call;

use crate::collection::{Collection, Entry, decode_page};
use crate::error::LIST_SCANS;
use crate::lenient::arc;
use crate::{Bitdefender, Links, wire};

/// `setting` is singular, `scans` plural (1.1).
const SCANS: &str = "/setting/scans";
/// Many times what any customer has; they are kept in memory.
const LARGEST: u64 = 100_000;

pub(crate) fn list() -> Call {
    Call::get(LIST_SCANS, SCANS)
}

impl Bitdefender {
    /// Who all scan accounts are, for joining.
    pub(crate) fn known_accounts(&self) -> Collection<'_, Arc<AccountRef>> {
        Collection::new(self, LIST_SCANS, SCANS, known_account, LARGEST)
    }
}

#[async_trait]
impl Source<Account> for Bitdefender {
    async fn plan(&self, _query: &AccountQuery) -> Result<Plan> {
        Ok(Plan::of(vec![Scope::labelled("listing", "scans")]))
    }

    async fn step(&self, _query: &AccountQuery, _scope: &Scope, at: &Cursor) -> Result<Step<Account>> {
        let answer = self.send(self.at(list(), at)?).await?;
        decode_accounts(answer.text()?, &self.origin, &self.links)
    }
}

/// Decodes a page of `GET /setting/scans`.
///
/// # Errors
/// Kind `protocol` if it is no page, or leads to another host where that is refused.
pub fn decode_accounts(text: &str, origin: &Origin, links: &Links) -> Result<Step<Account>> {
    decode_page(text, SCANS, links, |raw, place| account(raw, place, origin))
}

fn account(raw: &RawValue, place: usize, origin: &Origin) -> std::result::Result<Account, Rejected> {
    let scan: wire::Scan<'_> = wire::record(raw, "scan", place)?;
    let mut account = Account::new(origin, Arc::new(identity(&scan, raw, place)?));
    account.enabled = match (scan.attributes.is_enabled.flag(), scan.attributes.is_archived.flag()) {
        (_, Some(true)) => Some(false),
        (enabled, _) => enabled,
    };
    Ok(account)
}

fn known_account(raw: &RawValue, place: usize) -> std::result::Result<Entry<Arc<AccountRef>>, Rejected> {
    let scan: wire::Scan<'_> = wire::record(raw, "scan", place)?;
    let value = Arc::new(identity(&scan, raw, place)?);
    Ok(Entry { id: scan.id.owned().unwrap_or_default(), value })
}

fn identity(
    scan: &wire::Scan<'_>,
    raw: &RawValue,
    place: usize,
) -> std::result::Result<AccountRef, Rejected> {
    let Some(id) = arc(&scan.id) else { return Err(wire::rejected(raw, "scan", place, "it has no id")) };
    let attributes = &scan.attributes;
    let (cloud_id, name) = (arc(&attributes.target), arc(&attributes.name));
    Ok(AccountRef { id: Some(id), cloud_id, name, provider: None })
}
