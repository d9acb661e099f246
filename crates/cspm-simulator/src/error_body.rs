//! The bodies that an error can come with, of which our vendors and what stands before them use several.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::wire::SimResponse;

/// The form of an error's body. The status says what happened; a client should be able to stand any of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorBody {
    /// JSON:API: `{"errors":[{"status","title","detail"}]}`.
    Errors,
    /// `{"message":"…"}`, as gateways answer.
    Message,
    /// `{"error":{"code","message"}}`.
    ErrorObject,
    /// `{"error":"…"}`.
    ErrorString,
    /// `application/problem+json` after RFC 9457, with an extension member.
    Problem,
    /// The same with members missing or of the wrong type, and a `status` that contradicts the answer's.
    ProblemMistyped,
    /// Plain text.
    Text,
    /// A gateway's HTML page.
    Html,
    /// No body.
    Empty,
    /// JSON in which a string is not valid UTF-8.
    InvalidUtf8,
    /// JSON and text with terminal control sequences, line ends and NUL.
    ControlCharacters,
    /// A JSON message of so many bytes.
    Huge(usize),
    /// Any other.
    Custom {
        /// The media type, as sent.
        content_type: HeaderValue,
        /// The body, as sent.
        body: Bytes,
    },
}

impl ErrorBody {
    /// Every fixed form: all but [`ErrorBody::Huge`] and [`ErrorBody::Custom`].
    pub const FIXED: [Self; 11] = [
        Self::Errors,
        Self::Message,
        Self::ErrorObject,
        Self::ErrorString,
        Self::Problem,
        Self::ProblemMistyped,
        Self::Text,
        Self::Html,
        Self::Empty,
        Self::InvalidUtf8,
        Self::ControlCharacters,
    ];

    /// An answer of this status with such a body.
    pub fn response(&self, status: StatusCode) -> SimResponse {
        let reason = status.canonical_reason().unwrap_or("Error");
        let json = |value| SimResponse::json(status, &value);
        let bytes = |media, body: Vec<u8>| SimResponse::bytes(status, media, body);
        match self {
            Self::Errors => json(json!({"errors": [{
                "status": status.as_u16().to_string(), "title": reason, "detail": "The request was not carried out."
            }]})),
            Self::Message => json(json!({"message": reason})),
            Self::ErrorObject => json(json!({"error": {"code": status.as_u16(), "message": reason}})),
            Self::ErrorString => json(json!({"error": reason})),
            Self::Problem => bytes(
                "application/problem+json",
                json!({
                    "type": "https://errors.example/problem", "title": reason, "status": status.as_u16(),
                    "detail": "The request was not carried out.", "instance": "/requests/17", "balance": 30
                })
                .to_string()
                .into_bytes(),
            ),
            Self::ProblemMistyped => bytes(
                "application/problem+json",
                json!({"title": [reason], "status": "200", "detail": {"text": null}})
                    .to_string()
                    .into_bytes(),
            ),
            Self::Text => bytes("text/plain", reason.as_bytes().to_vec()),
            Self::Html => bytes("text/html; charset=utf-8", html_page(reason)),
            Self::Empty => SimResponse::empty(status),
            Self::InvalidUtf8 => bytes("application/json", b"{\"message\":\"caf\xe9 \xff\xfe\"}".to_vec()),
            Self::ControlCharacters => bytes(
                "application/json",
                b"{\"message\":\"\x1b[31mred\\u001b[0m\r\n\\u0007\\u0000\\u009b2J\x00 \\u202etxt.exe\"}"
                    .to_vec(),
            ),
            Self::Huge(size) => bytes("application/json", huge_message(*size)),
            Self::Custom { content_type, body } => {
                let mut response = SimResponse::empty(status);
                response.headers.insert(header::CONTENT_TYPE, content_type.clone());
                response.body = body.clone();
                response
            }
        }
    }
}

/// The page that a gateway, a captive portal or a log-in shows instead of what was asked for.
pub(crate) fn html_page(title: &str) -> Vec<u8> {
    format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n<body><h1>{title}</h1>\
         <form action=\"/login\" method=\"post\"><input name=\"user\"></form></body></html>\n"
    )
    .into_bytes()
}

fn huge_message(size: usize) -> Vec<u8> {
    let (before, after) = (b"{\"message\":\"", b"\"}");
    let mut body = before.to_vec();
    body.resize(size.saturating_sub(after.len()).max(before.len()), b'x');
    body.extend_from_slice(after);
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_keeps_the_status_and_says_what_it_is() {
        for form in ErrorBody::FIXED {
            let response = form.response(StatusCode::BAD_GATEWAY);
            assert_eq!(response.status, StatusCode::BAD_GATEWAY);
            let is_json = serde_json::from_slice::<serde_json::Value>(&response.body).is_ok();
            let should_be = matches!(
                form,
                ErrorBody::Errors
                    | ErrorBody::Message
                    | ErrorBody::ErrorObject
                    | ErrorBody::ErrorString
                    | ErrorBody::Problem
                    | ErrorBody::ProblemMistyped
            );
            assert_eq!(is_json, should_be, "{form:?}");
            assert_eq!(response.body.is_empty(), form == ErrorBody::Empty);
        }
        assert!(std::str::from_utf8(&ErrorBody::InvalidUtf8.response(StatusCode::OK).body).is_err());
    }

    #[test]
    fn a_huge_body_has_the_size_asked_for() {
        assert_eq!(ErrorBody::Huge(1_000_000).response(StatusCode::OK).body.len(), 1_000_000);
    }
}
