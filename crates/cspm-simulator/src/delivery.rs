//! How one answer travels: the plan that faults change, and that the socket and the in-process way both carry out.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::clock::DateForm;
use crate::wire::{SimRequest, SimResponse};

/// How long a stall lasts before the simulator gives up too: longer than any client's patience, yet not for ever, so
/// that a client without a time-out is found under a paused clock instead of hanging.
pub const STALL: Duration = Duration::from_secs(24 * 3_600);

/// An answer and how it travels.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// What is answered.
    pub(crate) response: SimResponse,
    /// How long before anything happens.
    pub(crate) wait: Duration,
    /// What comes first.
    pub(crate) start: Start,
    /// Interim answers before the real one.
    pub(crate) interim: Vec<StatusCode>,
    /// How the end of the body is told.
    pub(crate) framing: Framing,
    /// In which pieces it is sent; none is as a whole.
    pub(crate) pace: Option<Pace>,
    /// Where it breaks off; none is not.
    pub(crate) cut: Option<Cut>,
    /// Bytes after the end of the body.
    pub(crate) surplus: Bytes,
    /// What becomes of the connection.
    pub(crate) after: After,
    /// The answer to `HEAD` has a length but no body.
    head_only: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// The answer.
    Answer,
    /// No byte of it.
    Nothing(Break),
    /// These bytes, then the connection is closed.
    Raw(Bytes),
}

/// How a connection fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    Stall,
    Reset,
    Close,
    /// HTTP/2: this stream is refused, unprocessed.
    Refuse,
    /// HTTP/2: the connection ends, and this stream is one of those that were not processed.
    GoAway,
    /// HTTP/2: this stream alone is reset.
    ResetStream,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// `content-length`, true.
    Length,
    /// `content-length`, as given.
    Stated(u64),
    /// Chunks.
    Chunked,
    /// Nothing is said; the connection's end is the body's.
    UntilClose,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Bytes in a piece, at least 1.
    pub(crate) size: usize,
    /// The wait before each piece of the body. If there is none, the head is sent in pieces too.
    pub(crate) every: Duration,
}

/// Where a body breaks off, and how. It always breaks off before the answer is complete.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) at: CutAt,
    pub(crate) how: Break,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum CutAt {
    Byte(usize),
    Half,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    KeepAlive,
    /// Closed; the head says so or not.
    Close {
        announced: bool,
    },
}

impl Delivery {
    /// Answers well.
    pub(crate) fn new(request: &SimRequest, response: SimResponse) -> Self {
        Self {
            response,
            wait: Duration::ZERO,
            start: Start::Answer,
            interim: Vec::new(),
            framing: Framing::Length,
            pace: None,
            cut: None,
            surplus: Bytes::new(),
            after: After::KeepAlive,
            head_only: request.method == Method::HEAD,
        }
    }

    /// The headers as sent: the answer's, the date and how the body ends.
    pub(crate) fn headers(&self, now: i64) -> HeaderMap {
        let mut headers = self.response.headers.clone();
        if let header::Entry::Vacant(date) = headers.entry(header::DATE)
            && let Ok(value) = HeaderValue::try_from(DateForm::Imf.write(now))
        {
            date.insert(value);
        }
        if self.status_has_body() {
            match self.framing {
                Framing::Length => {
                    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(self.stated_length()));
                }
                Framing::Stated(length) => {
                    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
                }
                Framing::Chunked => {
                    headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
                }
                Framing::UntilClose => {}
            }
        }
        if self.after == (After::Close { announced: true }) {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        headers
    }

    /// The bytes of the body that are sent, and how it fails after them; none if it does not.
    pub(crate) fn body(&self) -> (Bytes, Option<Break>) {
        if !self.has_body() {
            return (Bytes::new(), None);
        }
        let body = &self.response.body;
        match self.cut {
            Some(Cut { at, how }) => (body.slice(..self.cut_at(at)), Some(how)),
            None if self.falls_short() => (body.clone(), Some(Break::Close)),
            None => (body.clone(), None),
        }
    }

    /// Whether the connection can carry another request after this answer.
    pub(crate) fn keeps_alive(&self) -> bool {
        self.after == After::KeepAlive && self.framing != Framing::UntilClose
    }

    /// Whether the body, be it empty, is sent in chunks.
    pub(crate) fn is_chunked(&self) -> bool {
        self.framing == Framing::Chunked && self.has_body()
    }

    fn has_body(&self) -> bool {
        !self.head_only && self.status_has_body()
    }

    /// An interim status, 204 and 304 have no body and no length (RFC 9110, section 6.4.1).
    fn status_has_body(&self) -> bool {
        let status = self.response.status;
        !(status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED)
    }

    fn stated_length(&self) -> u64 {
        let length = self.response.body.len();
        // What breaks off must miss something, also of an empty body.
        length.max(usize::from(self.cut.is_some())) as u64
    }

    fn falls_short(&self) -> bool {
        matches!(self.framing, Framing::Stated(length) if length > self.response.body.len() as u64)
    }

    fn cut_at(&self, at: CutAt) -> usize {
        let length = self.response.body.len();
        match at {
            CutAt::Half => length / 2,
            CutAt::End => length,
            // Chunks and a wrong length miss their end anyway; a true length would be reached.
            CutAt::Byte(n) if self.framing == Framing::Length => n.min(length.saturating_sub(1)),
            CutAt::Byte(n) => n.min(length),
        }
    }
}

/// The pieces in which `body` is sent.
pub(crate) struct Pieces {
    rest: Bytes,
    size: usize,
}

impl Pieces {
    pub(crate) fn new(body: Bytes, pace: Option<Pace>) -> Self {
        Self { rest: body, size: pace.map_or(usize::MAX, |pace| pace.size.max(1)) }
    }

    /// Whether nothing is left.
    pub(crate) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let size = self.size.min(self.rest.len());
        (size > 0).then(|| self.rest.split_to(size))
    }
}
