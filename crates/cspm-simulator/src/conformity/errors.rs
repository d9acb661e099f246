//! The refusals of section 3.6, each in the shape of the endpoint family that uses it.

use http::StatusCode;
use serde_json::{Value, json};

use super::options::{DeniedWrite, GatewayMessage, Options};
use crate::wire::SimResponse;

/// What a handler gives back.
pub(super) type Answer = Result<SimResponse, Refusal>;

/// Why a request was refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is no `Authorization` header (shape b).
    NoKey,
    /// The key is bad or the caller has no access; the two look alike (shape a).
    Forbidden,
    /// The caller may read but not write (shape d or a, by option).
    DeniedWrite,
    /// The check or report configuration does not exist, which is not a 404 (sections 3.6 and 4.3, shape f).
    Missing,
    /// `/resources` without full access (section 16).
    NoFullAccess,
    /// There is no such route or object (shape c).
    NotFound,
    /// The input is wrong (shape d).
    Invalid { pointer: String, details: String },
    /// The input of the check list is wrong (shape f).
    BadRequest(&'static str),
    /// The input of the event list is wrong (shape e).
    BadParameter { pointer: String, detail: String },
    /// The body has a media type that is not JSON.
    MediaType,
    /// The organisation is locked (shape g).
    Locked,
    /// The service failed (shape e).
    ServerError,
}

impl Refusal {
    /// A 422 with a pointer to what is wrong.
    pub(super) fn invalid(pointer: impl Into<String>, details: impl Into<String>) -> Self {
        Self::Invalid { pointer: pointer.into(), details: details.into() }
    }

    /// A 422 about a query parameter.
    pub(super) fn parameter(name: &str, details: &str) -> Self {
        Self::invalid(format!("/data/attributes/{name}"), format!("{name} {details}"))
    }

    /// The answer on the wire.
    pub(super) fn answer(&self, options: &Options) -> SimResponse {
        let (status, body) = match self {
            Self::NoKey => (StatusCode::UNAUTHORIZED, json!({"message": "Unauthorized"})),
            Self::Forbidden => (StatusCode::FORBIDDEN, gateway(options)),
            Self::DeniedWrite if options.denied_write == DeniedWrite::Forbidden => {
                (StatusCode::FORBIDDEN, gateway(options))
            }
            Self::DeniedWrite => (
                StatusCode::UNAUTHORIZED,
                errors(json!({"status": 401, "details": "You are not authorized to perform such actions"})),
            ),
            Self::Missing => {
                (StatusCode::UNAUTHORIZED, errors(json!({"status": 401, "message": "Unauthorized"})))
            }
            Self::NoFullAccess => (StatusCode::UNAUTHORIZED, json!({"message": "Unauthorized."})),
            Self::NotFound => (StatusCode::NOT_FOUND, json!({"Message": "Not Found"})),
            Self::Invalid { pointer, details } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                errors(json!({"status": 422, "source": {"pointer": pointer}, "details": details})),
            ),
            Self::BadRequest(message) => {
                (StatusCode::BAD_REQUEST, errors(json!({"status": 400, "message": message})))
            }
            Self::BadParameter { pointer, detail } => (
                StatusCode::BAD_REQUEST,
                errors(json!({"status": 400, "source": {"pointer": pointer}, "detail": detail})),
            ),
            Self::MediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, json!({"Message": "Unsupported media type."}))
            }
            Self::Locked => (
                StatusCode::LOCKED,
                errors(
                    json!({"status": 423, "details": "Organisation is not currently accessible via the API"}),
                ),
            ),
            Self::ServerError => (
                StatusCode::INTERNAL_SERVER_ERROR,
                errors(json!({"status": 500, "detail": "Internal Server Error"})),
            ),
        };
        SimResponse::json(status, &body)
    }
}

/// A 200 with a JSON body, the way every success looks (section 3.6).
pub(super) fn ok(body: &Value) -> Answer {
    Ok(SimResponse::json(StatusCode::OK, body))
}

fn gateway(options: &Options) -> Value {
    let text = "User is not authorized to access this resource with an explicit deny";
    match options.gateway_message {
        GatewayMessage::Capital => json!({"Message": text}),
        GatewayMessage::Lower => json!({"message": text}),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "called with json! literals")]
fn errors(error: Value) -> Value {
    json!({"errors": [error]})
}
