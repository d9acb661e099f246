//! Cloud accounts, which this vendor calls clouds (section 5.1).

use std::sync::Arc;

use cspm_core::adapter::object;
use cspm_core::{
    Account, AccountQuery, AccountRef, Cursor, Error, ErrorKind, Origin, Plan, Rejected, Result, Scope,
    Source, Step, async_trait,
};
use cspm_http::Call;

use crate::error::LIST_CLOUDS;
use crate::lenient::time;
use crate::provider::provider;
use crate::{InsightCloudSec, wire};

/// The whole list. The GET exists in every version and gives everything at once; the POST with pages came in 2021.
pub(crate) fn list() -> Call {
    Call::get(LIST_CLOUDS, "/v2/public/clouds/list")
}

#[async_trait]
impl Source<Account> for InsightCloudSec {
    async fn plan(&self, _query: &AccountQuery) -> Result<Plan> {
        Ok(Plan { notices: self.notices(), ..Plan::of(vec![Scope::labelled("listing", "clouds")]) })
    }

    async fn step(&self, _query: &AccountQuery, _scope: &Scope, _at: &Cursor) -> Result<Step<Account>> {
        let answer = self.send(list()).await?;
        decode_accounts(answer.text()?, &self.origin).map_err(|error| error.with_operation(LIST_CLOUDS))
    }
}

/// Decodes `GET clouds/list`.
///
/// # Errors
/// Kind `protocol` if it is no list of clouds.
pub fn decode_accounts(text: &str, origin: &Origin) -> Result<Step<Account>> {
    let list: wire::CloudList<'_> = wire::parse(text)?;
    if let Some(error) = wire::refusal(&list.error_message) {
        return Err(error);
    }
    let clouds = match list.clouds {
        Some(clouds) => clouds,
        // Null, missing and empty are the same (22.2, number 3), where the answer says that there are none.
        None if list.total_count.number() == Some(0) => Vec::new(),
        None => return Err(Error::new(ErrorKind::Protocol, "the answer has no list of clouds")),
    };
    let mut rejected = Vec::new();
    let mut accounts = Vec::with_capacity(clouds.len());
    for (place, raw) in clouds.into_iter().enumerate() {
        let cloud = object::<wire::Cloud<'_>>(raw.get());
        match cloud.map_err(|error| wire::reason(&error)).and_then(|cloud| account(&cloud, origin)) {
            Ok(account) => accounts.push(account),
            Err(reason) => {
                rejected.push(Rejected { name: format!("cloud {} of the list", place + 1), reason })
            }
        }
    }
    let mut step = Step::done(accounts).expecting(list.total_count.number());
    step.rejected = rejected;
    Ok(step)
}

fn account(cloud: &wire::Cloud<'_>, origin: &Origin) -> std::result::Result<Account, String> {
    let made = || Some(format!("divvyorganizationservice:{}", cloud.id.get()?));
    let id = cloud.resource_id.owned().or_else(made).ok_or("it has no id")?;
    let identity = AccountRef {
        id: Some(id.into()),
        cloud_id: cloud.account_id.get().map(Arc::from),
        name: cloud.name.get().map(Arc::from),
        provider: cloud.cloud_type_id.get().map(|word| provider(word).into()),
    };
    let mut account = Account::new(origin, Arc::new(identity));
    account.enabled = cloud.status.get().and_then(is_harvested);
    account.last_checked = time(&cloud.last_refreshed);
    Ok(account)
}

/// Whether the vendor looks at the account at present (5.2: an open list).
fn is_harvested(status: &str) -> Option<bool> {
    match status {
        "DEFAULT" | "REFRESH" => Some(true),
        "PAUSED" | "ASSUME_ROLE_FAIL" => Some(false),
        _ => None,
    }
}
