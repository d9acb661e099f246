//! What every request of this vendor has in common, and the requests that take no arguments.

use cspm_core::Result;
use cspm_core::http::{HeaderValue, Method, header};
use cspm_http::{Call, Safety};
use serde::Serialize;

pub(crate) const LIST_CHECKS: &str = "list checks";
pub(crate) const LIST_ACCOUNTS: &str = "list accounts";
pub(crate) const LIST_SERVICES: &str = "list services";
pub(crate) const WHO_AM_I: &str = "ask who is calling";
pub(crate) const LIST_USERS: &str = "list users";
pub(crate) const LIST_PROFILES: &str = "list profiles";
pub(crate) const GET_PROFILE: &str = "get profile";
pub(crate) const CREATE_PROFILE: &str = "create profile";
pub(crate) const OVERWRITE_PROFILE: &str = "overwrite profile";
pub(crate) const UPDATE_PROFILE: &str = "update profile";
pub(crate) const DELETE_PROFILE: &str = "delete profile";
pub(crate) const APPLY_PROFILE: &str = "apply profile";
pub(crate) const GET_ACCOUNT_RULES: &str = "get account rule settings";
pub(crate) const SET_ACCOUNT_RULES: &str = "set account rule settings";
pub(crate) const GET_CHECK: &str = "get check";
pub(crate) const SUPPRESS_CHECK: &str = "suppress check";
pub(crate) const UNSUPPRESS_CHECK: &str = "unsuppress check";

/// Every documented call, GET included, names this media type (vendor document, section 3.1).
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.api+json");

/// A read.
pub(crate) fn get(operation: &'static str, path: &str) -> Call {
    Call::get(operation, path).header(header::CONTENT_TYPE, MEDIA_TYPE)
}

/// A write: never sent again once it may have been carried out.
pub(crate) fn change(operation: &'static str, method: Method, path: &str) -> Call {
    Call::new(operation, method, path, Safety::Write).header(header::CONTENT_TYPE, MEDIA_TYPE)
}

/// A write with a body.
pub(crate) fn send(
    operation: &'static str,
    method: Method,
    path: &str,
    body: &impl Serialize,
) -> Result<Call> {
    change(operation, method, path).json(body)
}

/// All accounts that the key can see; neither paged nor filtered (section 5.2).
pub(crate) fn list_accounts() -> Call {
    get(LIST_ACCOUNTS, "/accounts")
}

/// The catalogue of services and rules; not paged (section 8).
pub(crate) fn list_services() -> Call {
    get(LIST_SERVICES, "/services")
}

/// All users; for the role ADMIN alone (section 1.1).
pub(crate) fn list_users() -> Call {
    get(LIST_USERS, "/users")
}

/// The cheapest call that every key may make (sections 1.1 and 2.2).
pub(crate) fn who_am_i() -> Call {
    get(WHO_AM_I, "/users/whoami")
}
