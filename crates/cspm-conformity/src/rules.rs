//! The catalogue of rules: one listing, not paged.

use cspm_core::{Cursor, Plan, Result, Rule, RuleQuery, Scope, Source, Step, async_trait};

use crate::Conformity;
use crate::decode::decode_rules;
use crate::request::{LIST_SERVICES, list_services};

impl Conformity {
    /// The rules of all services.
    pub(crate) async fn list_rules(&self) -> Result<Step<Rule>> {
        let answer = self.send(list_services()).await?;
        answer
            .text()
            .and_then(|text| decode_rules(text, &self.origin))
            .map_err(|error| error.with_operation(LIST_SERVICES))
    }
}

#[async_trait]
impl Source<Rule> for Conformity {
    async fn plan(&self, _query: &RuleQuery) -> Result<Plan> {
        self.verdict.forget().await;
        Ok(Plan::of(vec![Scope::labelled("listing", "rules")]))
    }

    async fn step(&self, _query: &RuleQuery, _scope: &Scope, _at: &Cursor) -> Result<Step<Rule>> {
        self.list_rules().await
    }
}
