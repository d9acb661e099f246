//! What an event says of the run that wrote it.

use std::sync::Arc;

use cspm_core::{Finding, Timestamp};

use crate::map::transformations;
use crate::moment::Moment;
use crate::part::Part;
use crate::state::Activity;

/// The facts of a run that go into its events. Everything else in an event comes from the finding alone, so that two
/// runs over an unchanged finding write the same bytes but for `metadata.correlation_uid`, `logged_time`,
/// `processed_time` and the time in `transformation_info_list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    run_id: Arc<str>,
    /// Its text is made once a run, not once an event.
    now: Arc<Moment>,
    /// Made once a run as well.
    transformations: Arc<Part>,
    activity: Option<Activity>,
}

impl Context {
    /// The facts of a run without a history.
    ///
    /// `run_id` becomes `metadata.correlation_uid`, which is left out if it is empty. `now` is when the findings were
    /// received and mapped, and the event's time where the vendor tells none; it is held between the years 1973 and
    /// 2286.
    pub fn new(run_id: impl Into<Arc<str>>, now: Timestamp) -> Self {
        let now = Moment::held(now);
        let transformations = Arc::new(transformations(&now));
        Self { run_id: run_id.into(), now: Arc::new(now), transformations, activity: None }
    }

    /// The same run, for a finding whose activity is known; see [`Previous::activity`](crate::Previous::activity).
    /// Without one it is decided from the finding alone, see [`Activity::without_history`].
    #[must_use]
    pub fn with_activity(&self, activity: Activity) -> Self {
        Self { activity: Some(activity), ..self.clone() }
    }

    pub(crate) fn run_id(&self) -> &str {
        &self.run_id
    }

    pub(crate) fn now(&self) -> &Moment {
        &self.now
    }

    /// `metadata.transformation_info_list`.
    pub(crate) fn transformations(&self) -> &Part {
        &self.transformations
    }

    pub(crate) fn activity_of(&self, finding: &Finding) -> Activity {
        self.activity.unwrap_or_else(|| Activity::without_history(finding))
    }
}
