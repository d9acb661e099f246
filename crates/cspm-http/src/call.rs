//! A request as a value, before any I/O, and its answer as bytes.

use std::fmt;

use bytes::Bytes;
use cspm_core::{Error, ErrorKind, Result};
use http::{HeaderMap, Method, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::{Target, encode};
use crate::body::{checked_text, text};

/// Whether a call may be sent again after it may have been processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// It changes nothing, also where it is sent as POST: repeated on any passing failure.
    Read,
    /// It changes something: repeated only if it was surely not processed (nothing was sent, or 429).
    Write,
}

/// One request, built without I/O: path and query are encoded here and nowhere else. `Debug` leaves the body out, which
/// may hold a password.
#[derive(Clone)]
pub struct Call {
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) safety: Safety,
    pub(crate) once: bool,
}

impl Call {
    /// A GET that reads. `operation` names it in errors and logs (`list checks`); `path` is appended to the base, begins
    /// with a slash and is encoded already (see [`encode`]).
    pub fn get(operation: &'static str, path: impl Into<String>) -> Self {
        Self::new(operation, Method::GET, path, Safety::Read)
    }

    /// A GET for a link that the vendor gave, as path and query at the origin, byte for byte (see
    /// [`BaseUrl::own_link`](crate::BaseUrl::own_link)).
    pub fn link(operation: &'static str, path_and_query: impl Into<String>) -> Self {
        let target = Target::AtOrigin(path_and_query.into());
        Self { target, ..Self::new(operation, Method::GET, "", Safety::Read) }
    }

    /// Any method. Whether it may be repeated has to be said: a method does not tell (POST reads, GET changes).
    pub fn new(operation: &'static str, method: Method, path: impl Into<String>, safety: Safety) -> Self {
        Self {
            operation,
            method,
            target: Target::Below(path.into()),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            safety,
            once: false,
        }
    }

    /// Adds a query parameter. Name and value are encoded, brackets of the name included.
    #[must_use]
    pub fn query(self, name: &str, value: &str) -> Self {
        self.raw_query(&encode(name), &encode(value))
    }

    /// Adds a query parameter whose values are joined by literal commas, each value encoded; nothing if there is none.
    #[must_use]
    pub fn query_list<S: AsRef<str>>(self, name: &str, values: impl IntoIterator<Item = S>) -> Self {
        let values: Vec<String> = values.into_iter().map(|value| encode(value.as_ref())).collect();
        if values.is_empty() { self } else { self.raw_query(&encode(name), &values.join(",")) }
    }

    fn raw_query(mut self, name: &str, value: &str) -> Self {
        let (Target::Below(address) | Target::AtOrigin(address)) = &mut self.target;
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(name);
        address.push('=');
        address.push_str(value);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: http::HeaderName, value: http::HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Adds a JSON body with `content-type: application/json` unless a content type was set.
    ///
    /// # Errors
    /// If the value does not serialise: a bug of the caller.
    pub fn json(mut self, body: &(impl Serialize + ?Sized)) -> Result<Self> {
        self.body =
            serde_json::to_vec(body).map_err(|_| Error::bug("a request body does not serialise"))?.into();
        let json = http::HeaderValue::from_static("application/json");
        self.headers.entry(http::header::CONTENT_TYPE).or_insert(json);
        Ok(self)
    }

    /// Never repeat it once the vendor may have judged it: a log-in. It is sent again only after a refusal as one too many
    /// (429) and where surely nothing was sent.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// What it is, in words.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &self.operation)
            .field("method", &self.method)
            .field("target", &self.target)
            .field("safety", &self.safety)
            .field("once", &self.once)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A successful answer (any 2xx), read to its last byte and unpacked. `Debug` leaves the content out, which may be a
/// session's token.
#[derive(Clone)]
pub struct Answer {
    pub(crate) operation: &'static str,
    /// The numeric status.
    pub status: u16,
    /// The headers; own secrets in them are blotted out.
    pub headers: HeaderMap,
    /// The body; own secrets in it are blotted out (but for tokens in the answer to a nameless call, which may be a log-in
    /// that brings one).
    pub body: Bytes,
    /// Why the body is not worth decoding, if so.
    pub(crate) flaw: Option<Error>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("operation", &self.operation)
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Answer {
    /// Looks through the whole body once.
    pub(crate) fn new(operation: &'static str, response: Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        let flaw = checked_text(&body).err();
        Self { operation, status: parts.status.as_u16(), headers: parts.headers, body, flaw }
    }

    /// The body as JSON text: UTF-8 throughout, not an HTML page, not nested deeper than 100 levels, with or without a
    /// leading byte-order mark. Decode from this: borrowing from checked text is the fast way, and invalid UTF-8 in a
    /// field that nobody reads is refused too.
    ///
    /// # Errors
    /// Kind `protocol`, with the place.
    pub fn text(&self) -> Result<&str> {
        let sound = self.flaw.clone().map_or(Ok(&self.body), Err);
        sound
            .and_then(|body| text(body))
            .map_err(|error| error.with_operation(self.operation).with_status(self.status))
    }

    /// Decodes the whole body.
    ///
    /// # Errors
    /// Kind `protocol`, with line and column.
    pub fn decode<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T> {
        self.decode_text(self.text()?)
    }

    /// Decodes a text of this answer; errors name the operation, the line and the column, never the content.
    ///
    /// # Errors
    /// Kind `protocol`.
    pub fn decode_text<'a, T: serde::Deserialize<'a>>(&self, text: &'a str) -> Result<T> {
        serde_json::from_str(text).map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Eof => "the answer ends too early",
                serde_json::error::Category::Syntax => "the answer is not JSON",
                _ => "the answer has another shape than documented",
            };
            let message = format!("{what} (line {}, column {})", error.line(), error.column());
            Error::new(ErrorKind::Protocol, message).with_operation(self.operation).with_status(self.status)
        })
    }

    /// Decodes a body into owned values.
    ///
    /// # Errors
    /// Kind `protocol`.
    pub fn decode_owned<T: DeserializeOwned>(&self) -> Result<T> {
        self.decode()
    }
}
