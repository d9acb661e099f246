//! Refusals: their status (section 3.5) and the shapes their body may take (section 3.6).

use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::wire::SimResponse;

use super::options::{ErrorShape, Options};

/// Why a request was refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// No key, an unknown one or a deactivated one. The vendor's status is 403, against common practice.
    InvalidKey,
    /// A valid key without the area. The vendor's status is 401, against common practice.
    NoPermission,
    UnknownPath,
    UnknownItem,
    /// The path exists, the method does not; holds the method that does.
    Method(&'static str),
    /// Query parameters or a body that are not valid, and why.
    Invalid(String),
}

impl Refusal {
    fn status(&self, swapped: bool) -> StatusCode {
        match self {
            Self::InvalidKey if swapped => StatusCode::UNAUTHORIZED,
            Self::InvalidKey => StatusCode::FORBIDDEN,
            Self::NoPermission if swapped => StatusCode::FORBIDDEN,
            Self::NoPermission => StatusCode::UNAUTHORIZED,
            Self::UnknownPath | Self::UnknownItem => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::InvalidKey => "invalid_key",
            Self::NoPermission => "no_permission",
            Self::UnknownPath | Self::UnknownItem => "not_found",
            Self::Method(_) => "method_not_allowed",
            Self::Invalid(_) => "invalid_parameter",
        }
    }

    fn message(&self) -> &str {
        match self {
            Self::InvalidKey => "Invalid API key",
            Self::NoPermission => "The API key has no permission for this API",
            Self::UnknownPath => "Wrong resource path",
            Self::UnknownItem => "No such item",
            Self::Method(_) => "Method not allowed",
            Self::Invalid(why) => why,
        }
    }

    /// The refusal as an answer, in the shape that the options ask for.
    pub(super) fn respond(&self, options: &Options) -> SimResponse {
        let status = self.status(options.swap_401_403);
        let reason = status.canonical_reason().unwrap_or_default();
        let message = self.message();
        let mut response = match options.error_shape {
            ErrorShape::Message => SimResponse::json(status, &json!({ "message": message })),
            ErrorShape::Errors => SimResponse::json(
                status,
                &json!({ "errors": [{ "status": status.as_str(), "title": reason, "detail": message }] }),
            ),
            ErrorShape::ErrorObject => {
                SimResponse::json(status, &json!({ "error": { "code": self.code(), "message": message } }))
            }
            ErrorShape::ErrorText => SimResponse::json(status, &json!({ "error": reason })),
            ErrorShape::Empty => SimResponse::empty(status),
            ErrorShape::PlainText => {
                SimResponse::bytes(status, "text/plain; charset=utf-8", message.to_owned())
            }
            ErrorShape::Html => SimResponse::bytes(
                status,
                "text/html",
                format!("<html><head><title>{status}</title></head><body><h1>{reason}</h1></body></html>"),
            ),
        };
        if let Self::Method(allowed) = self {
            response.headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
        }
        response
    }
}
