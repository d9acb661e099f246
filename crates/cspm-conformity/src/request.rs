//! What every request of this vendor has in common, and the requests that take no arguments.

use cspm_core::http::{HeaderValue, header};
use cspm_http::Call;

pub(crate) const LIST_CHECKS: &str = "list checks";
pub(crate) const LIST_ACCOUNTS: &str = "list accounts";
pub(crate) const LIST_SERVICES: &str = "list services";
pub(crate) const WHO_AM_I: &str = "ask who is calling";

/// Every documented call, GET included, names this media type (vendor document, section 3.1).
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.api+json");

/// A read.
pub(crate) fn get(operation: &'static str, path: &str) -> Call {
    Call::get(operation, path).header(header::CONTENT_TYPE, MEDIA_TYPE)
}

/// All accounts that the key can see; neither paged nor filtered (section 5.2).
pub(crate) fn list_accounts() -> Call {
    get(LIST_ACCOUNTS, "/accounts")
}

/// The catalogue of services and rules; not paged (section 8).
pub(crate) fn list_services() -> Call {
    get(LIST_SERVICES, "/services")
}

/// The cheapest call that every key may make (sections 1.1 and 2.2).
pub(crate) fn who_am_i() -> Call {
    get(WHO_AM_I, "/users/whoami")
}
