//! Listing suppressions of a vendor that shows them on its findings and nowhere else.

use async_trait::async_trait;

use super::{SuppressionEntry, SuppressionQuery};
use crate::{
    Cursor, Finding, FindingQuery, OutcomeFilter, Plan, Result, Scope, Source, Step, SuppressedFilter,
};

/// A vendor that shows suppressions on its findings and nowhere else. Its listing of suppressions is that of the findings
/// that are suppressed, each as its suppression; saying so is all that its adapter has to do.
pub trait SuppressionsOnFindings: Source<Finding> {}

fn query() -> FindingQuery {
    FindingQuery {
        outcome: OutcomeFilter::All,
        suppressed: SuppressedFilter::Only,
        ..FindingQuery::default()
    }
}

#[async_trait]
impl<V: SuppressionsOnFindings> Source<SuppressionEntry> for V {
    async fn plan(&self, _query: &SuppressionQuery) -> Result<Plan> {
        Source::<Finding>::plan(self, &query()).await
    }

    async fn step(
        &self,
        _query: &SuppressionQuery,
        scope: &Scope,
        at: &Cursor,
    ) -> Result<Step<SuppressionEntry>> {
        let step = Source::<Finding>::step(self, &query(), scope, at).await?;
        Ok(step.map(entry))
    }
}

fn entry(finding: Finding) -> SuppressionEntry {
    SuppressionEntry {
        connection: finding.connection,
        vendor: finding.vendor,
        id: finding.vendor_id.clone(),
        finding: finding.vendor_id,
        active: finding.suppression.is_some(),
        suppression: finding.suppression,
        since: None,
    }
}
