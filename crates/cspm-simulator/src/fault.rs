//! Everything that can go wrong on the server's side of a connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::error_body::ErrorBody;
use crate::retry_after::RetryAfter;
use crate::wire::{SimRequest, SimResponse};

/// One fault. Several can hit the same request; they are then applied in the order of their rules, each to what those
/// before it have made of the answer.
///
/// Faults of the first group answer in the vendor's place, which then does not see the request; at all others it
/// carries the request out before its answer is spoilt. [`crate::Rule::carried_out`] says otherwise where a test needs
/// a write that was applied although it was answered with 500, or one that was lost although it was read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    // ---- in the vendor's place ----
    /// An error status with a body of one of the known forms.
    Status {
        /// The status.
        status: StatusCode,
        /// The form of the body.
        body: ErrorBody,
        /// More headers.
        headers: HeaderMap,
    },
    /// 429 with `{"message":"Too Many Requests"}`.
    Throttled {
        /// When to come back.
        retry_after: RetryAfter,
    },
    /// A redirect; without a target if `location` is `None`.
    Redirect {
        /// 301, 302, 303, 307 or 308.
        status: StatusCode,
        /// The target, which need not be a URL.
        location: Option<HeaderValue>,
    },
    /// An error status whose body, and whose `Location`, repeat every header of the request.
    EchoCredential {
        /// The status.
        status: StatusCode,
    },
    /// 200 with an error in the body.
    OkWithErrorBody(ErrorBody),
    /// 200 with an HTML page.
    OkWithHtml,
    /// 204.
    NoContent,
    /// This answer.
    Answer(SimResponse),
    /// These bytes instead of HTTP, then the connection is closed. In process: [`crate::Broken::NotHttp`].
    NotHttp(Bytes),
    /// HTTP/2: the request's stream is refused (`RST_STREAM` with `REFUSED_STREAM`), which says that it was not
    /// processed. Over HTTP/1.1, which cannot say that, the connection is closed before the answer.
    RefusedStream,
    /// HTTP/2: `GOAWAY` without an error whose last stream is the one before the request's, which says that it was not
    /// processed; then the connection is closed, whatever else is under way on it. Over HTTP/1.1 the connection is
    /// closed before the answer.
    GoAway,

    // ---- time ----
    /// The answer comes so much later.
    Delay(Duration),
    /// The answer comes later by a random time between the two.
    DelayRandom {
        /// At least.
        from: Duration,
        /// At most.
        to: Duration,
    },
    /// No byte of an answer, and the connection stays open (for [`crate::STALL`], like all stalls).
    NeverAnswer,
    /// The headers, then silence.
    HeadersThenStall,
    /// The headers and half of the body, then silence.
    HalfBodyThenStall,
    /// The body byte by byte, each after a wait.
    DripBytes {
        /// The wait before each byte.
        every: Duration,
    },

    // ---- the connection ----
    /// Reset (RST) once the request has been read.
    ResetBeforeAnswer,
    /// Closed (FIN) once the request has been read.
    CloseBeforeAnswer,
    /// Reset after so many bytes of the body, always before its end. The client may see fewer.
    ResetInBody {
        /// Bytes of the body that are sent.
        after: usize,
    },
    /// Closed after so many bytes of the body, always before its end: a body shorter than its stated length.
    CloseInBody {
        /// Bytes of the body that are sent.
        after: usize,
    },
    /// HTTP/2: the request's stream is reset (`RST_STREAM` with `INTERNAL_ERROR`) after so many bytes of the body, always
    /// before its end. The client may see fewer. Over HTTP/1.1: [`Fault::ResetInBody`].
    ResetStream {
        /// Bytes of the body that are sent.
        after: usize,
    },
    /// A `Content-Length` that is not the body's. If it is longer, the connection is closed after the body; if it is
    /// shorter, the rest follows all the same (in process: the header alone is wrong).
    StatedLength(u64),
    /// A body in chunks, well-formed.
    Chunked,
    /// A body in chunks, whole but without the last chunk that would say so.
    ChunkedWithoutEnd,
    /// The end of the body is told by the end of the connection only.
    NoLengthUntilClose,
    /// Bytes after the end of the body, which are not another answer. In process: nothing.
    ExtraBytes(Bytes),
    /// The answer is whole; then the connection is closed. In process: nothing but the header.
    CloseAfterAnswer {
        /// Whether `Connection: close` announces it.
        announced: bool,
    },
    /// Interim answers before the real one. In process: nothing.
    Interim(Vec<StatusCode>),
    /// Each byte of head and body in a packet of its own.
    OneBytePackets,

    // ---- headers ----
    /// More headers, beside those that are there (a rate-limit announcement, say).
    Headers(Vec<(HeaderName, HeaderValue)>),
    /// When to come back, on whatever is answered.
    RetryAfter(RetryAfter),
    /// So many headers, at most 30,000.
    ManyHeaders(usize),
    /// One header of so many bytes.
    HugeHeader(usize),
    /// A cookie.
    SetCookie(HeaderValue),
    /// Another `Content-Type`; none if `None`.
    ContentType(Option<HeaderValue>),

    // ---- encoding ----
    /// A gzip of about a thousandth of the size, which unpacks to a JSON object of so many bytes.
    GzipBomb {
        /// The size unpacked.
        size: usize,
    },
    /// The body as gzip, right.
    Gzip,
    /// The body as gzip, the second half missing.
    GzipCut,
    /// The body as gzip with a wrong checksum.
    GzipBadChecksum,
    /// The body packed twice, which the header does not tell.
    GzipTwice,
    /// The body as two gzip members.
    GzipMembers,
    /// The body as it is, labelled with this `Content-Encoding`.
    UnofferedEncoding(HeaderValue),

    // ---- the body ----
    /// No body, with the status and headers that were there.
    EmptyBody,
    /// A first member of the body's object whose value is an array nested so deep.
    NestedJson {
        /// The member's name.
        field: String,
        /// The number of opening brackets.
        depth: usize,
    },
    /// The body ends after so many bytes, and its length says so.
    TruncateJsonAt(usize),
    /// One byte of the body is another.
    CorruptByte {
        /// Its place; beyond the end: the last one.
        at: usize,
        /// The new value.
        with: u8,
    },
    /// Bytes that are no UTF-8.
    InvalidUtf8 {
        /// In a first member of this name that is added; if `None`, in the place of a letter in the middle.
        field: Option<String>,
    },
    /// A UTF-8 byte-order mark before the body.
    ByteOrderMark,
    /// Text after the body, within its length.
    TrailingText(Bytes),

    // ---- anything else ----
    /// Any change of the answer: a foreign next link, a repeated cursor, another total, records dropped or doubled.
    Rewrite(Rewrite),
    /// Something that happens before the vendor sees the request: a key is revoked, sessions expire, records shift.
    Then(Then),
}

impl Fault {
    /// An error status with `{"message":"…"}`.
    pub fn status(status: StatusCode) -> Self {
        Self::status_with(status, ErrorBody::Message)
    }

    /// An error status with a body of this form.
    pub fn status_with(status: StatusCode, body: ErrorBody) -> Self {
        Self::Status { status, body, headers: HeaderMap::new() }
    }

    /// 429 with a `Retry-After` in seconds.
    pub fn throttled(seconds: u64) -> Self {
        Self::Throttled { retry_after: RetryAfter::Seconds(seconds) }
    }

    /// A redirect to this target; to none if no header can carry it.
    pub fn redirect(status: StatusCode, location: &str) -> Self {
        Self::Redirect { status, location: HeaderValue::from_bytes(location.as_bytes()).ok() }
    }

    /// A change of the answer.
    pub fn rewrite(change: impl Fn(&SimRequest, SimResponse) -> SimResponse + Send + Sync + 'static) -> Self {
        Self::Rewrite(Rewrite(Arc::new(change)))
    }

    /// A change of the answer's body as JSON; a body that is not JSON stays as it is.
    pub fn rewrite_json(
        change: impl Fn(&SimRequest, &mut serde_json::Value) + Send + Sync + 'static,
    ) -> Self {
        Self::rewrite(move |request, mut response| {
            if let Ok(mut value) = serde_json::from_slice(&response.body) {
                change(request, &mut value);
                response.body = value.to_string().into();
            }
            response
        })
    }

    /// Something that happens before the vendor sees the request.
    pub fn then(action: impl Fn() + Send + Sync + 'static) -> Self {
        Self::Then(Then(Arc::new(action)))
    }

    /// Whether the fault answers in the vendor's place.
    pub(crate) fn replaces_vendor(&self) -> bool {
        matches!(
            self,
            Self::Status { .. }
                | Self::Throttled { .. }
                | Self::Redirect { .. }
                | Self::EchoCredential { .. }
                | Self::OkWithErrorBody(_)
                | Self::OkWithHtml
                | Self::NoContent
                | Self::Answer(_)
                | Self::NotHttp(_)
                | Self::RefusedStream
                | Self::GoAway
        )
    }
}

type Change = dyn Fn(&SimRequest, SimResponse) -> SimResponse + Send + Sync;

/// A change of an answer, see [`Fault::rewrite`].
#[derive(Clone)]
pub struct Rewrite(Arc<Change>);

impl Rewrite {
    pub(crate) fn apply(&self, request: &SimRequest, response: SimResponse) -> SimResponse {
        (self.0)(request, response)
    }
}

impl fmt::Debug for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// A side effect, see [`Fault::then`].
#[derive(Clone)]
pub struct Then(Arc<dyn Fn() + Send + Sync>);

impl Then {
    pub(crate) fn run(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}
