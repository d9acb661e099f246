//! What an event says of the run that wrote it.

use std::sync::Arc;

use cspm_core::Timestamp;

use crate::state::Activity;

/// The facts of a run that go into its events. Everything else in an event comes from the finding alone, so that two
/// runs over an unchanged finding write the same bytes but for `metadata.correlation_uid`, `logged_time`,
/// `processed_time` and the time in `transformation_info_list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The run's id: `metadata.correlation_uid`. Left out if empty.
    pub run_id: Arc<str>,
    /// When the findings were received and mapped. Also the event's time where the vendor tells none. Held between
    /// the years 1973 and 2286.
    pub now: Timestamp,
    /// What happened to the finding since the last run; `None` decides it from the finding alone, see
    /// [`Activity::without_history`].
    pub activity: Option<Activity>,
}

impl Context {
    /// The facts of a run without a history.
    pub fn new(run_id: impl Into<Arc<str>>, now: Timestamp) -> Self {
        Self { run_id: run_id.into(), now, activity: None }
    }

    /// The same run, for a finding whose activity is known; see [`Previous::activity`](crate::Previous::activity).
    #[must_use]
    pub fn with_activity(&self, activity: Activity) -> Self {
        Self { activity: Some(activity), ..self.clone() }
    }
}
