//! Rules, which this vendor calls insights (section 7), and the packs that they are in (section 8).

use std::sync::Arc;

use cspm_core::{
    Cursor, ErrorKind, Plan, Rejected, Result, Rule, RuleQuery, Scope, Source, Step, async_trait,
};
use cspm_http::Call;

use crate::InsightCloudSec;
use crate::catalogue::{Insight, Packs, decode_insights, unreadable_packs};
use crate::error::{LIST_INSIGHTS, LIST_PACKS};

/// Insights of both sources; several megabytes, and not paged.
pub(crate) fn list_insights() -> Call {
    Call::get(LIST_INSIGHTS, "/v2/public/insights/list")
}

pub(crate) fn list_packs() -> Call {
    Call::get(LIST_PACKS, "/v2/public/insights/packs/list")
}

impl InsightCloudSec {
    pub(crate) async fn list_insights(&self, packs: &Packs) -> Result<(Vec<Arc<Insight>>, Vec<Rejected>)> {
        let answer = self.send(list_insights()).await?;
        decode_insights(answer.text()?, packs).map_err(|error| error.with_operation(LIST_INSIGHTS))
    }

    /// The packs. What cannot be read leaves gaps in `standards`, and the plan says so.
    pub(crate) async fn read_packs(&self, plan: &mut Plan) -> Result<Arc<Packs>> {
        let read = async {
            let answer = self.send(list_packs()).await?;
            Packs::decode(answer.text()?).map_err(|error| error.with_operation(LIST_PACKS))
        };
        let (packs, gap) = match read.await {
            Ok((packs, 0)) => (packs, None),
            Ok((packs, rejected)) => (packs, Some(unreadable_packs(rejected))),
            Err(error) if error.kind() == ErrorKind::Authentication => return Err(error),
            Err(error) => (Packs::default(), Some(error)),
        };
        plan.failed.extend(gap.map(|error| (Scope::labelled("catalogue", "packs"), error)));
        Ok(Arc::new(packs))
    }
}

#[async_trait]
impl Source<Rule> for InsightCloudSec {
    async fn plan(&self, _query: &RuleQuery) -> Result<Plan> {
        let mut plan = Plan::of(vec![Scope::labelled("listing", "insights")]);
        plan.notices = self.notices();
        let packs = self.read_packs(&mut plan).await?;
        self.packs.put(packs);
        Ok(plan)
    }

    async fn step(&self, _query: &RuleQuery, _scope: &Scope, _at: &Cursor) -> Result<Step<Rule>> {
        let packs = self.packs.read().unwrap_or_default();
        let (insights, rejected) = self.list_insights(&packs).await?;
        let mut step = Step::done(insights.iter().map(|insight| insight.to_rule(&self.origin)).collect());
        step.rejected = rejected;
        Ok(step)
    }
}
