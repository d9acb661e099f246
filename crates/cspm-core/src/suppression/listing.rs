//! Listing suppressions of a vendor that shows them on its findings and nowhere else.

use async_trait::async_trait;

use super::{SuppressionEntry, SuppressionQuery};
use crate::{
    Cursor, Finding, FindingQuery, OutcomeFilter, Plan, Result, Scope, Source, Step, SuppressedFilter,
};

/// Suppressions read from findings: the findings that are suppressed, each as its suppression.
pub struct SuppressedFindings<F>(pub F);

fn query() -> FindingQuery {
    FindingQuery {
        outcome: OutcomeFilter::All,
        suppressed: SuppressedFilter::Only,
        ..FindingQuery::default()
    }
}

#[async_trait]
impl<F: Source<Finding>> Source<SuppressionEntry> for SuppressedFindings<F> {
    async fn plan(&self, _query: &SuppressionQuery) -> Result<Plan> {
        self.0.plan(&query()).await
    }

    async fn step(
        &self,
        _query: &SuppressionQuery,
        scope: &Scope,
        at: &Cursor,
    ) -> Result<Step<SuppressionEntry>> {
        let step = self.0.step(&query(), scope, at).await?;
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
