//! What takes effect later: applied profiles, deleted accounts, suppressions that end.

use super::apply::Application;
use super::world::World;

/// Something that was asked for and has not taken effect yet.
#[derive(Clone, Debug)]
pub struct Job {
    /// When it takes effect, in milliseconds.
    pub due: i64,
    /// What it does.
    pub effect: Effect,
}

/// What a [`Job`] does.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Applies a profile (section 7).
    Apply(Application),
    /// Removes an account and its checks (section 5.6).
    DeleteAccount(String),
}

/// What has changed about the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Touched {
    /// Nothing.
    Nothing,
    /// What some of them say.
    Contents,
    /// Which ones there are.
    Ids,
}

impl World {
    /// When the next thing happens by itself.
    pub(super) fn next_due(&self) -> i64 {
        let ends = self.checks.iter().filter(|check| check.is_suppressed());
        let ends = ends.filter_map(|check| check.suppressed_until);
        self.jobs.iter().map(|job| job.due).chain(ends).min().unwrap_or(i64::MAX)
    }

    /// Lets happen what is due: jobs, and the end of suppressions (section 23.2).
    pub(super) fn settle(&mut self, now: i64) -> Touched {
        let mut touched = Touched::Nothing;
        for check in &mut self.checks {
            if check.is_suppressed() && check.suppressed_until.is_some_and(|end| end <= now) {
                check.suppressed = Some(false);
                check.suppressed_until = None;
                touched = Touched::Contents;
            }
        }
        let (mut due, later): (Vec<Job>, Vec<Job>) =
            std::mem::take(&mut self.jobs).into_iter().partition(|job| job.due <= now);
        self.jobs = later;
        due.sort_by_key(|job| job.due);
        for job in due {
            match job.effect {
                Effect::Apply(application) => application.take_effect(self, job.due),
                Effect::DeleteAccount(id) => {
                    self.accounts.retain(|account| account.id != id);
                    self.checks.retain(|check| check.id.account() != id);
                    touched = Touched::Ids;
                }
            }
        }
        touched
    }
}
