//! Cloud accounts: one listing, not paged.

use cspm_core::{Account, AccountQuery, Cursor, Plan, Result, Scope, Source, Step, async_trait};

use crate::Conformity;
use crate::decode::decode_accounts;
use crate::request::{LIST_ACCOUNTS, list_accounts};

impl Conformity {
    /// The accounts that the key can see.
    pub(crate) async fn list_accounts(&self) -> Result<Step<Account>> {
        let answer = self.send(list_accounts()).await?;
        answer
            .text()
            .and_then(|text| decode_accounts(text, &self.origin))
            .map_err(|error| error.with_operation(LIST_ACCOUNTS))
    }
}

#[async_trait]
impl Source<Account> for Conformity {
    async fn plan(&self, _query: &AccountQuery) -> Result<Plan> {
        self.verdict.forget().await;
        Ok(Plan::of(vec![Scope::labelled("listing", "accounts")]))
    }

    async fn step(&self, _query: &AccountQuery, _scope: &Scope, _at: &Cursor) -> Result<Step<Account>> {
        self.list_accounts().await
    }
}
