//! Cloud accounts, which this vendor calls scan accounts (section 4).

use std::sync::Arc;

use cspm_core::{
    Account, AccountQuery, AccountRef, Cursor, Origin, Plan, RawValue, Rejected, Result, Scope, Source, Step,
    async_trait,
};
use cspm_http::Call;

use crate::collection::decode_page;
use crate::error::LIST_SCANS;
use crate::{Bitdefender, Links, wire};

/// `setting` is singular, `scans` plural (1.1).
pub(crate) fn list() -> Call {
    Call::get(LIST_SCANS, "/setting/scans")
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
    decode_page(text, links, |raw, place| account(raw, place, origin))
}

fn account(raw: &RawValue, place: usize, origin: &Origin) -> std::result::Result<Account, Rejected> {
    let scan: wire::Scan<'_> = wire::record(raw, "scan", place)?;
    let Some(id) = scan.id.get() else { return Err(wire::rejected(raw, "scan", place, "it has no id")) };
    let identity = AccountRef {
        id: Some(id.into()),
        cloud_id: scan.attributes.target.get().map(Arc::from),
        name: scan.attributes.name.get().map(Arc::from),
        provider: None,
    };
    let mut account = Account::new(origin, Arc::new(identity));
    account.enabled = match (scan.attributes.is_enabled.flag(), scan.attributes.is_archived.flag()) {
        (_, Some(true)) => Some(false),
        (enabled, _) => enabled,
    };
    Ok(account)
}
