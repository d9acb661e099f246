//! The vendor's error bodies (document section 3.5).

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::wire::SimResponse;

/// What every endpoint answers with: a response, or a refusal that knows its own shape.
pub(super) type Answer = Result<SimResponse, Failure>;

/// Which error shape an endpoint uses for a malformed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `{"error_message", "error_type", "traceback"}`.
    V2,
    /// `{"messages": {"json": {field: [text]}}}`.
    V3,
}

/// A refusal.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    status: StatusCode,
    body: Value,
}

impl Failure {
    /// The v2 shape. The traceback is invented, as the real one is: internals that nobody should print.
    pub(super) fn new(status: StatusCode, kind: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let traceback = format!(
            "Traceback (most recent call last):\n  File \"/divvycloud/api/dispatch.py\", line 211, in handle\n    \
             return self.endpoint(request)\n{kind}: {message}\n"
        );
        let body = json!({"error_message": message, "error_type": kind, "traceback": traceback});
        Self { status, body }
    }

    /// 400 for one field of the body, in the shape of the endpoint's family.
    pub(super) fn field(shape: Shape, field: &str, message: &str) -> Self {
        match shape {
            Shape::V2 => Self::new(StatusCode::BAD_REQUEST, "ValidationError", format!("{field}: {message}")),
            Shape::V3 => Self::messages("json", field, message),
        }
    }

    /// 400 for one parameter of the query string.
    pub(super) fn parameter(shape: Shape, name: &str, message: &str) -> Self {
        match shape {
            Shape::V2 => Self::field(shape, name, message),
            Shape::V3 => Self::messages("query", name, message),
        }
    }

    fn messages(place: &str, field: &str, message: &str) -> Self {
        let mut fields = Map::new();
        fields.insert(field.to_owned(), json!([message]));
        let mut places = Map::new();
        places.insert(place.to_owned(), Value::Object(fields));
        Self { status: StatusCode::BAD_REQUEST, body: json!({"messages": places}) }
    }

    /// 403 that says which right is missing, so that it can be told from a bad key.
    pub(super) fn permission(what: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "PermissionDenied",
            format!("You do not have permission to perform this action: {what}."),
        )
    }

    /// 404 for a thing that does not exist.
    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", format!("{what} was not found."))
    }

    /// 500, which this vendor also gives to plain mistakes of the client.
    pub(super) fn server(kind: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, kind, message)
    }

    /// The answer on the wire.
    pub(super) fn response(&self) -> SimResponse {
        SimResponse::json(self.status, &self.body)
    }
}
