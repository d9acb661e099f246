//! Keys, logins and sessions (document section 2).

use std::collections::HashMap;

use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::call::{self, Caller};
use super::failure::{Answer, Failure, Shape};
use super::fields::Fields;
use super::options::Profile;
use super::state::State;
use crate::wire::{SimRequest, SimResponse};

/// The alphabet of keys.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// How often anybody tried to log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Logins {
    /// All attempts, refused ones too.
    pub attempts: u64,
    /// Those that got a token.
    pub granted: u64,
}

#[derive(Debug)]
struct Session {
    user: i64,
    /// The instant from which it is no good.
    until: i64,
    /// Requests left, if they are counted.
    left: Option<u32>,
}

/// The sessions of all users.
#[derive(Debug)]
pub(super) struct Sessions {
    open: HashMap<String, Session>,
    rng: fastrand::Rng,
    pub(super) logins: Logins,
}

impl Sessions {
    pub(super) fn new(seed: u64) -> Self {
        Self { open: HashMap::new(), rng: fastrand::Rng::with_seed(seed), logins: Logins::default() }
    }

    /// Ends every session.
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    /// The user of a token, counting this use of it.
    fn spend(&mut self, token: &str, now: i64) -> Option<i64> {
        let session = self.open.get_mut(token)?;
        let spent = session.left == Some(0) || session.until <= now;
        if spent {
            self.open.remove(token);
            return None;
        }
        session.left = session.left.map(|left| left - 1);
        Some(session.user)
    }
}

/// A new key: `bytes` random bytes' worth of base64url, with both special characters in it.
pub(super) fn new_key(state: &State, bytes: usize) -> String {
    let mut sessions = state.sessions();
    let mut key: String = (0..(bytes * 4).div_ceil(3))
        .map(|_| char::from(ALPHABET.get(sessions.rng.usize(..64)).copied().unwrap_or(b'A')))
        .collect();
    key.replace_range(7..8, "-");
    key.replace_range(10..11, "_");
    key
}

/// Who sends a request. A non-empty `X-Auth-Token` counts before an `Api-Key`; an empty one is ignored. The CSV
/// export also takes the token from the query string (document section 9.8).
pub(super) fn caller(state: &State, request: &SimRequest, now: i64) -> Result<Caller, Failure> {
    let headers = &request.headers;
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.map(str::trim).filter(|value| !value.is_empty())
    };
    let in_query =
        request.path.ends_with("/csv").then(|| call::parameter(&request.query, "X-Auth-Token")).flatten();
    if let Some(token) = header("x-auth-token").map(str::to_owned).or(in_query) {
        let user = state.sessions().spend(&token, now);
        let user = user.and_then(|id| state.world.users.iter().find(|user| user.id == id));
        return user.map(Caller::new).ok_or_else(|| unauthorized(state, "Session is invalid or expired."));
    }
    let Some(secret) = header("api-key") else {
        return Err(unauthorized(state, "Authentication required."));
    };
    let user = state.world.users.iter().find(|user| {
        let good = |key: &super::world::ApiKey| {
            key.active && key.secret == secret && key.expires.is_none_or(|end| end > now)
        };
        user.key.as_ref().is_some_and(good)
    });
    user.map(Caller::new)
        .ok_or_else(|| Failure::new(state.options.bad_key_status, "InvalidApiKey", "Invalid API key."))
}

fn unauthorized(state: &State, message: &str) -> Failure {
    Failure::new(state.options.bad_token_status, "Unauthorized", message)
}

/// `POST /v2/public/user/login`.
///
/// 401 for an unknown or locked user, and for everybody who has no password to give (SSO, API-only), a second
/// factor or no console access; 500 for a wrong password, and a lock after too many of them.
pub(super) fn login(state: &mut State, body: &[u8], now: i64) -> Answer {
    state.sessions().logins.attempts += 1;
    let fields = Fields::parse(body, Shape::V2)?;
    let username = fields.required_text("username")?.to_lowercase();
    let password = fields.required_text("password")?;
    let refused = |message: &str| Failure::new(StatusCode::UNAUTHORIZED, "Unauthorized", message);
    let lock_after = state.options.lock_after;
    let user = state.world.users.iter_mut().find(|user| user.username.to_lowercase() == username);
    let user = user.ok_or_else(|| refused("Unknown user."))?;
    if user.suspended {
        return Err(refused("Account is locked."));
    }
    let Some(expected) = &user.password else {
        return Err(refused("This user cannot log in with a password."));
    };
    if expected != password {
        user.failed_logins += 1;
        user.suspended = user.failed_logins >= lock_after;
        return Err(Failure::server("InvalidPassword", "Invalid password."));
    }
    if user.two_factor || user.console_access_denied {
        return Err(refused("This user cannot log in with a password alone."));
    }
    user.failed_logins = 0;
    user.last_login = Some(now);
    let user = user.clone();
    let minutes = state.options.session_minutes;
    let mut sessions = state.sessions();
    let token = format!("{:032x}", sessions.rng.u128(..));
    let left = state.options.session_requests;
    let session = Session { user: user.id, until: now.saturating_add(minutes.saturating_mul(60_000)), left };
    sessions.open.insert(token.clone(), session);
    sessions.logins.granted += 1;
    drop(sessions);
    let mut reply = json!({
        "user_id": user.id,
        "user_name": user.name,
        "user_email": user.email,
        "session_id": token,
        "session_timeout": minutes,
        "auth_plugin_exists": false,
        "customer_id": "12:34:ab:cd:ef:01:22:33",
    });
    let admin = user.access == super::world::Access::DomainAdmin;
    if let Value::Object(map) = &mut reply {
        if state.options.profile == Profile::V2019 {
            map.insert("system_admin".to_owned(), json!(admin));
        } else {
            let viewer = user.access == super::world::Access::DomainViewer;
            map.insert("domain_admin".to_owned(), json!(admin));
            map.insert("domain_viewer".to_owned(), json!(viewer));
        }
    }
    Ok(SimResponse::json(StatusCode::OK, &reply))
}

/// `POST /v2/public/user/logout`: cancels the token it was sent with; with a key it does nothing.
pub(super) fn logout(state: &State, headers: &HeaderMap) -> SimResponse {
    if let Some(token) = headers.get("x-auth-token").and_then(|value| value.to_str().ok()) {
        state.sessions().open.remove(token.trim());
    }
    SimResponse::empty(StatusCode::OK)
}
