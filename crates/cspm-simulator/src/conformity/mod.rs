//! The Conformity simulator: Trend Micro Cloud One Conformity's REST interface.
//!
//! A synchronous state machine over a [`World`] that tests build, generate and change. Sections named in comments are
//! those of the wire document. Every difference of opinion in it is a switch in [`Options`].
//!
//! Not served, and therefore 404 as any unknown route: writing users, report configurations and communication settings,
//! scanning templates, Azure directories, Google Cloud organisations, access control (sections 10, 14, 17 to 19 and 22).

mod access;
mod account_admin;
mod account_rules;
mod accounts;
mod apply;
mod catalogue;
mod catalogue_aws;
mod catalogue_azure_gcp;
mod catalogue_data;
mod check;
mod check_wire;
mod check_writes;
mod checks;
mod demo;
mod errors;
mod events;
mod filter;
mod generate;
mod groups;
mod index;
mod jobs;
mod options;
mod organisation;
mod pattern;
mod places;
mod profiles;
mod query;
mod reports;
mod resources;
mod rule_setting;
mod spec;
mod standard_catalogue;
#[cfg(test)]
mod tests;
mod users;
mod world;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use http::header;
use serde_json::{Map, Value};

pub use self::apply::{Application, ApplyMode};
pub use self::catalogue::{Catalogue, Rule, Service};
pub use self::check::{Check, CheckId, Note, ResolutionPage, Status, Text};
use self::errors::{Answer, Refusal};
use self::index::Listings;
use self::jobs::Touched;
pub use self::jobs::{Effect, Job};
pub use self::options::{
    BeyondWindow, DeniedWrite, GatewayMessage, ListMeta, Options, OversizedPage, RuleLayout,
};
use self::query::Query;
pub use self::rule_setting::{Exceptions, RuleSetting};
pub use self::spec::{AccountSpec, Spec};
pub use self::world::{
    Account, BASE_TIME, Cloud, Event, Group, Key, Level, Profile, Provider, RISK_LEVELS, Role, User, World,
};
use crate::wire::{SimRequest, SimResponse, VendorSim};

/// The simulated service.
#[derive(Debug)]
pub struct Conformity {
    options: Options,
    world: RwLock<World>,
    listings: Listings,
    next_due: AtomicI64,
    requests: AtomicU64,
}

impl Conformity {
    /// The secret of an administrator's key, in every generated world.
    pub const DEMO_KEY: &str = "Dm0aAdminKeyT8pQ2xLw5nVbR7cJ4hGf9sKe3uYi6oZt1qXr0mNaWd8vBy5jHk2P";
    /// The secret of a key with full access to every account and no organisation rights.
    pub const POWER_KEY: &str = "Pw1bPowerKeyR6tN9zKx4mUaQ8dH3gFe7rJw2vXj5pYs0lCq8iMbEc1oVn6kTy3L";
    /// The secret of a key that only reads.
    pub const READ_ONLY_KEY: &str = "Rd2cReadsKeyV5wM8yJz3lTbP7eG2fDq6sHx1uWk4nZr9kBp7jLaFd0iUm5hSx2K";
    /// The secret of a key with full access to the first account, reading access to the second, and none else.
    pub const CUSTOM_KEY: &str = "Cu3dCustmKeyX4vL7xHa2kSeO6fF1gCw5rGz0tVj3mYq8jAo6iKbGe9hTn4gRw1J";
    /// The secret of a key without access to any account.
    pub const NO_ACCESS_KEY: &str = "Na4eNothgKeyZ3uK6wGb1jRdN5gE0hBv4qFy9sUi2lXp7iZn5hJcHf8gSo3fQv0I";
    /// The secret of a key that was switched off.
    pub const DISABLED_KEY: &str = "Ds5fDisabKeyB2tJ5vFc0iQcM4hD9iAu3pEx8rTh1kWo6hYm4gIdIg7fRp2ePu9H";

    /// A service for this world.
    #[must_use]
    pub fn new(world: World, options: Options) -> Self {
        Self {
            options,
            next_due: AtomicI64::new(world.next_due()),
            world: RwLock::new(world),
            listings: Listings::default(),
            requests: AtomicU64::new(0),
        }
    }

    /// The world as it is. Requests that write wait until the guard is gone.
    pub fn world(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the world between two requests.
    pub fn edit<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        self.write(Touched::Ids, change)
    }

    /// Switches off the key with this secret.
    pub fn revoke(&self, secret: &str) {
        self.write(Touched::Nothing, |world| {
            for key in world.keys.iter_mut().filter(|key| key.secret == secret) {
                key.enabled = false;
            }
        });
    }

    fn write<T>(&self, touched: Touched, change: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut world);
        self.refresh(&world, touched);
        result
    }

    /// Forgets what was made from the world as it was before. The guard keeps readers out meanwhile.
    fn refresh(&self, world: &RwLockWriteGuard<'_, World>, touched: Touched) {
        match touched {
            Touched::Nothing => {}
            Touched::Contents => self.listings.forget_contents(),
            Touched::Ids => self.listings.forget(),
        }
        self.next_due.store(world.next_due(), Ordering::Release);
    }

    fn settle(&self, now: i64) {
        if now >= self.next_due.load(Ordering::Acquire) {
            let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
            let touched = world.settle(now);
            self.refresh(&world, touched);
        }
    }

    fn answer(&self, request: &SimRequest, now: i64) -> Answer {
        let segments = query::segments(&request.path, &self.options.base_paths);
        let segments: Option<Vec<&str>> =
            segments.as_ref().map(|segments| segments.iter().map(String::as_str).collect());
        let keyless = self.options.rule_layout == RuleLayout::Nested;
        if keyless && request.method == http::Method::GET && segments.as_deref() == Some(&["services"]) {
            return catalogue::services(RuleLayout::Nested, &self.world());
        }
        let user = access::authenticate(&self.world(), &request.headers)?;
        let call = Call {
            options: &self.options,
            request,
            query: Query::parse(&request.query),
            user,
            now,
            seed: self.requests.fetch_add(1, Ordering::Relaxed),
        };
        let segments = segments.ok_or(Refusal::NotFound)?;
        call.check_media_type()?;
        // Both are offered to some organisations, and this is none of them (sections 20 and 21).
        if let ["custom-rules", ..] | ["compliance-standards", "custom", ..] = *segments {
            return Err(Refusal::Forbidden);
        }
        match request.method.as_str() {
            "GET" => self.read(&call, &segments),
            _ => self.change(&call, &segments),
        }
    }

    fn read(&self, call: &Call<'_>, segments: &[&str]) -> Answer {
        let world = &*self.world();
        match *segments {
            ["checks"] => checks::list(call, world, &self.listings),
            ["checks", id] => checks::get(call, world, &self.listings, id),
            ["accounts"] => accounts::list(call, world),
            ["accounts", id] => accounts::get(call, world, id),
            ["accounts", id, "access"] => accounts::access(call, world, id),
            ["accounts", id, "settings", "bot"] => account_admin::bot(call, world, id),
            ["accounts", id, "settings", "rules"] => account_rules::list(call, world, id),
            ["accounts", id, "settings", "rules", rule] => account_rules::get(call, world, id, rule),
            ["profiles"] => profiles::list(call, world),
            ["profiles", id] => profiles::get(call, world, id),
            ["services"] => catalogue::services(RuleLayout::Flat, world),
            ["users"] => users::list(call, world),
            ["users", "whoami"] => users::whoami(call, world),
            ["users", id] => users::get(call, world, id),
            ["api-keys"] => users::keys(call, world),
            ["api-keys", id] => users::key(call, world, id),
            ["groups"] => groups::list(call, world),
            ["groups", id] => groups::get(call, world, id),
            ["events"] => events::list(call, world),
            ["report-configs"] => reports::configs(call, world),
            ["report-configs", id] => reports::config(call, world, id),
            ["reports"] => reports::list(call, world),
            ["reports", id, entity, format] => reports::download(call, world, id, entity, format),
            ["resources"] => resources::list(call, world),
            ["settings", "communication"] => organisation::channels(call, world),
            ["settings", id] => organisation::channel(call, world, id),
            ["organisation", "external-id"] => organisation::external_id(world),
            _ => Err(Refusal::NotFound),
        }
    }

    fn change(&self, call: &Call<'_>, segments: &[&str]) -> Answer {
        use Touched::{Contents, Ids, Nothing};
        let listings = &self.listings;
        match (call.request.method.as_str(), segments) {
            ("POST", ["checks"]) => self.write(Ids, |world| check_writes::post(call, world)),
            ("PATCH", ["checks", id]) => {
                self.write(Contents, |world| check_writes::patch(call, world, listings, id))
            }
            ("DELETE", ["checks", id]) => {
                self.write(Ids, |world| check_writes::delete(call, world, listings, id))
            }
            ("POST", ["accounts"]) => {
                self.write(Nothing, |world| account_admin::create(call, world, Provider::Aws))
            }
            ("POST", ["accounts", "azure"]) => {
                self.write(Nothing, |world| account_admin::create(call, world, Provider::Azure))
            }
            ("POST", ["accounts", "gcp"]) => {
                self.write(Nothing, |world| account_admin::create(call, world, Provider::Gcp))
            }
            ("PATCH", ["accounts", id]) => self.write(Nothing, |world| account_admin::patch(call, world, id)),
            ("DELETE", ["accounts", id]) => self.write(Ids, |world| account_admin::delete(call, world, id)),
            ("PATCH", ["accounts", id, "subscription"]) => {
                self.write(Nothing, |world| account_admin::subscription(call, world, id))
            }
            ("PATCH", ["accounts", id, "settings", "bot"]) => {
                self.write(Nothing, |world| account_admin::patch_bot(call, world, id))
            }
            ("POST", ["accounts", id, "scan"]) => {
                self.write(Nothing, |world| account_admin::scan(call, world, id))
            }
            ("PATCH", ["accounts", id, "settings", "rules"]) => {
                self.write(Nothing, |world| account_rules::patch_all(call, world, id))
            }
            ("PATCH", ["accounts", id, "settings", "rules", rule]) => {
                self.write(Nothing, |world| account_rules::patch_one(call, world, id, rule))
            }
            ("POST", ["profiles"]) => self.write(Nothing, |world| profiles::post(call, world)),
            ("PATCH", ["profiles", id]) => self.write(Nothing, |world| profiles::patch(call, world, id)),
            ("DELETE", ["profiles", id]) => self.write(Nothing, |world| profiles::delete(call, world, id)),
            ("POST", ["profiles", id, "apply"]) => self.write(Nothing, |world| apply::apply(call, world, id)),
            ("POST", ["groups"]) => self.write(Nothing, |world| groups::create(call, world)),
            ("PATCH", ["groups", id]) => self.write(Nothing, |world| groups::patch(call, world, id)),
            ("DELETE", ["groups", id]) => self.write(Nothing, |world| groups::delete(call, world, id)),
            ("POST", ["external-ids"]) => {
                self.write(Nothing, |world| organisation::create_external_id(call, world))
            }
            _ => Err(Refusal::NotFound),
        }
    }
}

impl VendorSim for Conformity {
    fn vendor(&self) -> &'static str {
        "conformity"
    }

    fn handle(&self, request: &SimRequest, now: i64) -> SimResponse {
        self.settle(now);
        self.answer(request, now).unwrap_or_else(|refusal| refusal.answer(&self.options))
    }
}

/// One request on its way to its handler.
struct Call<'a> {
    options: &'a Options,
    request: &'a SimRequest,
    query: Query,
    user: User,
    now: i64,
    /// Differs from request to request.
    seed: u64,
}

impl Call<'_> {
    /// A body is JSON, under either name; nothing said is accepted too (sections 3.1 and 23.2).
    fn check_media_type(&self) -> Result<(), Refusal> {
        let Some(given) = self.request.headers.get(header::CONTENT_TYPE) else { return Ok(()) };
        let given = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let is_json = ["application/vnd.api+json", "application/json"]
            .iter()
            .any(|accepted| given.eq_ignore_ascii_case(accepted));
        if is_json || self.request.body.is_empty() { Ok(()) } else { Err(Refusal::MediaType) }
    }

    /// The body.
    fn body(&self) -> Result<Value, Refusal> {
        serde_json::from_slice(&self.request.body)
            .map_err(|_| Refusal::invalid("/data", "The body is not valid JSON"))
    }

    /// `data.attributes` of the body.
    fn attributes(&self) -> Result<Map<String, Value>, Refusal> {
        match self.body()?.pointer_mut("/data/attributes").map(Value::take) {
            Some(Value::Object(attributes)) => Ok(attributes),
            _ => Err(Refusal::invalid("/data/attributes", "attributes is required")),
        }
    }
}
