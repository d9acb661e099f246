//! Bitdefender GravityZone Cloud Security (CSPM+) as a state machine.
//!
//! Written after the wire document alone; "section" in these comments means its sections. Where the vendor is silent
//! the simulator does what the document rules, and [`Options`] has a switch for the other readings.
//!
//! Every request is judged in one order (Appendix B): rate limit ([`usual_throttle`]), key, path, method, the key's area,
//! parameters, and then the request itself. The base path is `/v1`; a slash at the end of a path changes nothing.

mod base64;
mod catalogue;
mod checks;
mod cursor;
mod errors;
mod filter;
mod generate;
mod index;
mod keys;
mod kind;
mod list;
mod options;
mod query;
mod settings;
mod shape;
mod state;
mod templates;
mod update;
mod world;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Method;
use percent_encoding::percent_decode_str;

pub use generate::Spec;
pub use keys::{ApiKey, Area, AuthScheme, DEMO_KEY, READ_KEY, REVOKED_KEY, SETTING_KEY};
pub use options::{
    ArrayStyle, ErrorShape, LastNext, Links, Missing, NextForm, Options, PageLimit, Relationships,
    RemarkUnit, ResourceId, Single, UnknownId, UpdateResponse,
};
pub use world::{
    Check, Control, Id, OtherControl, RESULTS, Resource, Rule, SEVERITIES, STATUSES, Scan, ScanGroup,
    Standard, Word, World,
};

use crate::Throttle;
use crate::wire::{SimRequest, SimResponse, VendorSim};

use self::{errors::Refusal, kind::Kind, state::State};

/// What all paths begin with, and so the end of the base URL that a client is given.
pub const BASE_PATH: &str = "/v1";

/// The rate limit that Appendix B has by default: ten requests a second and twenty at once, for each key. It stands before
/// everything else, so it is set at the [`Simulator`](crate::Simulator).
pub fn usual_throttle() -> Throttle {
    Throttle::new(10.0, 20)
}

/// The simulator.
#[derive(Debug)]
pub struct Bitdefender(Mutex<State>);

impl Bitdefender {
    /// A vendor with this world.
    pub fn new(world: World, options: Options) -> Self {
        Self(Mutex::new(State::new(world, options)))
    }

    /// The world as it is now. Accepted risks that ran out are `needs_review` in it only after a request was answered
    /// past their end, for the clock comes with the requests.
    pub fn world(&self) -> Arc<World> {
        self.lock().world()
    }

    /// Changes the world; requests see it before or after, never in between.
    pub fn edit(&self, change: impl FnOnce(&mut World)) {
        self.lock().edit(change);
    }

    /// Changes the options, keys included.
    pub fn reconfigure(&self, change: impl FnOnce(&mut Options)) {
        self.lock().reconfigure(change);
    }

    /// Deactivates a key (section 2.2). One that does not exist is no error.
    pub fn revoke(&self, key: &str) {
        self.reconfigure(|options| {
            for known in options.keys.iter_mut().filter(|known| known.value == key) {
                known.active = false;
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl VendorSim for Bitdefender {
    fn vendor(&self) -> &'static str {
        "bitdefender"
    }

    fn handle(&self, request: &SimRequest, now: i64) -> SimResponse {
        let mut state = self.lock();
        state.expire(now);
        answer(&mut state, request, now).unwrap_or_else(|refusal| refusal.respond(state.options()))
    }
}

fn answer(state: &mut State, request: &SimRequest, now: i64) -> Result<SimResponse, Refusal> {
    let options = state.options();
    let value = options.auth.key(&request.headers).ok_or(Refusal::InvalidKey)?;
    let key = options.keys.iter().find(|key| key.active && key.value == value).ok_or(Refusal::InvalidKey)?;
    let route = Route::of(&request.path).ok_or(Refusal::UnknownPath)?;
    if !options.resource_listing && route.kind() == Some(Kind::Resources) {
        return Err(Refusal::UnknownPath);
    }
    if request.method != route.method() {
        return Err(Refusal::Method(if route.method() == Method::POST { "POST" } else { "GET" }));
    }
    if !key.areas.contains(&route.area()) {
        return Err(Refusal::NoPermission);
    }
    match route {
        Route::List(kind) => list::list(state, kind, request, now),
        Route::One(kind, id) => list::one(state, kind, &id, request),
        Route::Update => update::update(state, request),
    }
}

/// What a path leads to (section 1.1).
enum Route {
    List(Kind),
    One(Kind, String),
    Update,
}

impl Route {
    fn of(path: &str) -> Option<Self> {
        let path = path.strip_prefix(BASE_PATH)?.strip_prefix('/')?;
        let segments = path.strip_suffix('/').unwrap_or(path).split('/');
        let segments: Vec<_> =
            segments.map(|part| percent_decode_str(part).decode_utf8()).collect::<Result<_, _>>().ok()?;
        let segments: Vec<&str> = segments.iter().map(|part| &**part).collect();
        match segments.as_slice() {
            ["cspm", "vm", "update"] => Some(Self::Update),
            [first, second] => Kind::at(first, second).map(Self::List),
            [_, _, ""] => None,
            [first, second, id] => Some(Self::One(Kind::at(first, second)?, (*id).to_owned())),
            _ => None,
        }
    }

    fn method(&self) -> Method {
        match self {
            Self::List(_) | Self::One(..) => Method::GET,
            Self::Update => Method::POST,
        }
    }

    fn area(&self) -> Area {
        match self {
            Self::List(kind) | Self::One(kind, _) => kind.area(),
            Self::Update => Area::CspmWrite,
        }
    }

    fn kind(&self) -> Option<Kind> {
        match self {
            Self::List(kind) | Self::One(kind, _) => Some(*kind),
            Self::Update => None,
        }
    }
}
