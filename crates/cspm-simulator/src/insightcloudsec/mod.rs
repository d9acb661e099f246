//! Rapid7 InsightCloudSec as a state machine, written from the wire document alone.
//!
//! Served are the endpoints of sections 2, 4, 5, 7, 8, 9, 12 and 14 of that document, the reads of users, groups and
//! roles (16.2, 16.5, 17.1, 17.2), badges (11), and in brief the compliance export (13.2) and container vulnerabilities
//! (20). Not served, and so answered 404: harvesting (6), reads of single resource types and actions on the customer's
//! cloud (in 9.7), resource groups as such (10), the rest of 13 and of 15 to 19, and `timeseries/toggle`. Where the
//! document is silent the choice stands at the function that makes it, or is a switch of [`Options`].

mod auth;
mod badges;
mod bots;
mod call;
mod catalogue;
mod clouds;
mod compliance;
mod counters;
mod cursor;
mod demo;
mod exemptions;
mod failure;
mod fields;
mod generate;
mod groups;
mod index;
mod insight_writes;
mod insights;
mod options;
mod organizations;
mod packs;
mod query;
mod resources;
mod result_filter;
mod route;
mod select;
mod stamp;
mod state;
mod supported;
mod users;
mod violations;
mod vulnerabilities;
pub mod world;

use std::ops::Deref;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use http::Method;
use serde_json::json;

use self::call::Call;
use self::failure::{Answer, Failure};
use self::state::State;
use crate::wire::{SimRequest, SimResponse, VendorSim};

pub use self::auth::Logins;
pub use self::demo::{
    DEACTIVATED_KEY, DEMO_KEY, DEMO_PASSWORD, DEMO_USERNAME, LOCKED_USERNAME, NO_EXEMPTIONS_KEY,
    NO_INSIGHTS_KEY, NO_RESOURCES_KEY, ORGANIZATION_ADMIN_KEY, VIEWER_KEY,
};
pub use self::generate::{BASE, Spec};
pub use self::options::{CounterMode, Cursors, Excess, LastCursor, Options, Profile, QueryCounts};
pub use self::world::World;

/// One installation of InsightCloudSec.
#[derive(Debug)]
pub struct InsightCloudSec {
    state: RwLock<State>,
}

/// The world as it is; requests that change it wait until this is dropped.
#[derive(Debug)]
pub struct WorldGuard<'a>(RwLockReadGuard<'a, State>);

impl Deref for WorldGuard<'_> {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0.world
    }
}

impl InsightCloudSec {
    /// An installation that holds `world` and behaves as `options` say.
    pub fn new(world: World, options: Options) -> Self {
        Self { state: RwLock::new(State::new(world, options)) }
    }

    /// The world. Drop the guard before the next request.
    pub fn world(&self) -> WorldGuard<'_> {
        WorldGuard(self.read())
    }

    /// Changes the world in mid-run. The counters of insights stay as they were, as the vendor's do.
    pub fn edit(&self, change: impl FnOnce(&mut World)) {
        let mut state = self.write();
        change(&mut state.world);
        state.reindex();
    }

    /// Changes the options in mid-run.
    pub fn configure(&self, change: impl FnOnce(&mut Options)) {
        let mut state = self.write();
        change(&mut state.options);
        state.forget_answers();
    }

    /// Deactivates a key, whoever has it.
    pub fn revoke(&self, secret: &str) {
        let mut state = self.write();
        let keys = state.world.users.iter_mut().filter_map(|user| user.key.as_mut());
        keys.filter(|key| key.secret == secret).for_each(|key| key.active = false);
    }

    /// Ends every session: their tokens are answered as expired ones.
    pub fn expire_sessions(&self) {
        self.read().sessions().clear();
    }

    /// Makes every cursor given out so far invalid (400).
    pub fn expire_cursors(&self) {
        let mut state = self.write();
        state.cursor_epoch += 1;
        state.forget_answers();
    }

    /// Recomputes the counters of all insights at their next use.
    pub fn refresh_counters(&self) {
        self.write().forget_counters(None);
    }

    /// Ends the background clean-up of clouds that were deleted: they and their resources are gone.
    pub fn finish_deletions(&self) {
        self.edit(|world| {
            world.clouds.retain(|cloud| cloud.status != "DELETE");
            let kept: Vec<i64> = world.clouds.iter().map(|cloud| cloud.id).collect();
            world.resources.retain(|resource| kept.contains(&resource.cloud));
        });
    }

    /// How often anybody tried to log in, and how often with success.
    pub fn logins(&self) -> Logins {
        self.read().sessions().logins
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &SimRequest, now: i64) -> Answer {
        if request.method == Method::POST && request.path == "/v2/public/user/login" {
            return auth::login(&mut self.write(), &request.body, now);
        }
        let call = {
            let state = self.read();
            let caller = auth::caller(&state, request, now)?;
            if state.options.soft_errors.iter().any(|part| request.path.contains(part.as_str())) {
                let body = json!({"error_message": "The request could not be completed."});
                return Ok(SimResponse::json(http::StatusCode::OK, &body));
            }
            if request.method == Method::POST && request.path == "/v2/public/user/logout" {
                return Ok(auth::logout(&state, &request.headers));
            }
            let call = Call::new(request, now, caller);
            if let Some(answer) = route::read(&state, &call) {
                return answer;
            }
            call
        };
        let mut state = self.write();
        let answer = route::write(&mut state, &call);
        if answer.is_some() {
            state.forget_answers();
        }
        answer.unwrap_or_else(|| Err(Failure::not_found("The requested URL")))
    }
}

impl VendorSim for InsightCloudSec {
    fn vendor(&self) -> &'static str {
        "insightcloudsec"
    }

    fn handle(&self, request: &SimRequest, now: i64) -> SimResponse {
        self.answer(request, now).unwrap_or_else(|failure| failure.response())
    }
}

#[cfg(test)]
mod tests;
