//! The way to a simulator without sockets, by tokio's clock alone.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::delivery::{Break, Pace, Pieces, STALL, Start};
use crate::simulator::{Simulator, Ticket};
use crate::wire::{SimRequest, SimResponse};

/// How a connection failed, as its client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// There was no connection, because the simulator was down: the request was surely not sent.
    Refused,
    /// Reset after the request was sent, before the first byte of an answer.
    ResetBeforeAnswer,
    /// Closed after the request was sent, before the first byte of an answer.
    ClosedBeforeAnswer,
    /// Reset after so many bytes of the body.
    ResetInBody {
        /// Bytes of the body that came.
        received: usize,
    },
    /// Closed after so many bytes of the body, before its end.
    ClosedInBody {
        /// Bytes of the body that came.
        received: usize,
    },
    /// The server refused this one request: it was surely not processed (HTTP/2: `RST_STREAM` with `REFUSED_STREAM`).
    RefusedStream,
    /// The server ends the connection and says that it did not process this request (HTTP/2: `GOAWAY`).
    GoAway,
    /// The answer to this one request was broken off after so many bytes of the body (HTTP/2: `RST_STREAM`).
    ResetStream {
        /// Bytes of the body that came.
        received: usize,
    },
    /// Nothing came for [`STALL`], and the simulator gave up. A client with a time-out never sees it.
    Stalled {
        /// Bytes of the body that came before.
        received: usize,
    },
    /// These bytes came, which are not HTTP.
    NotHttp(Bytes),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("connection refused"),
            Self::ResetBeforeAnswer => f.write_str("connection reset before the answer"),
            Self::ClosedBeforeAnswer => f.write_str("connection closed before the answer"),
            Self::ResetInBody { received } => {
                write!(f, "connection reset after {received} bytes of the body")
            }
            Self::ClosedInBody { received } => {
                write!(f, "connection closed after {received} bytes of the body")
            }
            Self::RefusedStream => f.write_str("stream refused"),
            Self::GoAway => f.write_str("connection ended before the request was processed"),
            Self::ResetStream { received } => write!(f, "stream reset after {received} bytes of the body"),
            Self::Stalled { received } => write!(f, "connection silent after {received} bytes of the body"),
            Self::NotHttp(_) => f.write_str("answer is not HTTP"),
        }
    }
}

impl std::error::Error for Broken {}

/// An answer whose head has come.
#[derive(Debug)]
pub struct SimAnswer {
    /// The status.
    pub status: StatusCode,
    /// The headers, with `date` and `content-length` or `transfer-encoding` as a socket would carry them. The body is
    /// as encoded as they say.
    pub headers: HeaderMap,
    /// The body, still to come.
    pub body: SimBody,
    /// What matters to a socket only.
    pub(crate) travel: Travel,
}

/// What a socket needs to know beside status, headers and body.
#[derive(Debug)]
pub(crate) struct Travel {
    pub(crate) interim: Vec<StatusCode>,
    pub(crate) chunked: bool,
    pub(crate) pace: Option<Pace>,
    pub(crate) surplus: Bytes,
    pub(crate) keeps_alive: bool,
}

/// A body that is coming; dropping it closes the connection.
pub struct SimBody {
    pieces: Pieces,
    every: Duration,
    failure: Option<Break>,
    received: usize,
    down: watch::Receiver<bool>,
    ticket: Ticket,
}

impl Simulator {
    /// Sends a request in process and waits for the whole answer.
    ///
    /// Delays and stalls are sleeps of tokio's clock. Dropping the future is what a closed connection is to a server.
    ///
    /// # Errors
    /// How the connection failed. What of the body had come by then is lost; [`Simulator::open`] shows it.
    pub async fn exchange(&self, request: SimRequest) -> Result<SimResponse, Broken> {
        let SimAnswer { status, headers, mut body, .. } = self.open(request).await?;
        let mut pieces = Vec::new();
        while let Some(piece) = body.next().await {
            pieces.push(piece?);
        }
        let body = match pieces.as_slice() {
            [whole] => whole.clone(),
            many => many.concat().into(),
        };
        Ok(SimResponse { status, headers, body })
    }

    /// Sends a request in process and waits for the head of the answer.
    ///
    /// # Errors
    /// How the connection failed before it.
    pub async fn open(&self, request: SimRequest) -> Result<SimAnswer, Broken> {
        let mut down = self.down();
        if *down.borrow_and_update() {
            return Err(Broken::Refused);
        }
        let (mut delivery, mut ticket) = self.begin(request);
        if !delivery.wait.is_zero() && !unless_down(&mut down, delivery.wait).await {
            return Err(Broken::ResetBeforeAnswer);
        }
        match std::mem::replace(&mut delivery.start, Start::Answer) {
            Start::Answer => {}
            Start::Raw(bytes) => return Err(Broken::NotHttp(bytes)),
            Start::Nothing(Break::Reset) => return Err(Broken::ResetBeforeAnswer),
            Start::Nothing(Break::Close) => return Err(Broken::ClosedBeforeAnswer),
            Start::Nothing(Break::Refuse) => return Err(Broken::RefusedStream),
            Start::Nothing(Break::GoAway) => return Err(Broken::GoAway),
            Start::Nothing(Break::ResetStream) => return Err(Broken::ResetStream { received: 0 }),
            Start::Nothing(Break::Stall) if unless_down(&mut down, STALL).await => {
                return Err(Broken::Stalled { received: 0 });
            }
            Start::Nothing(Break::Stall) => return Err(Broken::ResetBeforeAnswer),
        }
        let status = delivery.response.status;
        ticket.answered(status);
        let headers = delivery.headers(self.clock().now());
        let (body, failure) = delivery.body();
        let travel = Travel {
            chunked: delivery.is_chunked(),
            pace: delivery.pace,
            keeps_alive: delivery.keeps_alive(),
            interim: delivery.interim,
            surplus: delivery.surplus,
        };
        let every = travel.pace.map_or(Duration::ZERO, |pace| pace.every);
        let pieces = Pieces::new(body, travel.pace);
        if pieces.is_done() && failure.is_none() {
            ticket.end();
        }
        let body = SimBody { pieces, every, failure, received: 0, down, ticket };
        Ok(SimAnswer { status, headers, body, travel })
    }
}

impl SimBody {
    /// The next piece; `None` at the end of a whole body, and after an error.
    pub async fn next(&mut self) -> Option<Result<Bytes, Broken>> {
        if !self.pieces.is_done() && !self.every.is_zero() && !unless_down(&mut self.down, self.every).await {
            return Some(Err(self.cut_off()));
        }
        if let Some(piece) = self.take() {
            return Some(Ok(piece));
        }
        let received = self.received;
        let broken = match self.failure.take()? {
            Break::Reset => Broken::ResetInBody { received },
            Break::Close => Broken::ClosedInBody { received },
            Break::ResetStream => Broken::ResetStream { received },
            // Both say that nothing was processed: they come before an answer only.
            Break::Refuse => Broken::RefusedStream,
            Break::GoAway => Broken::GoAway,
            Break::Stall if unless_down(&mut self.down, STALL).await => Broken::Stalled { received },
            Break::Stall => self.cut_off(),
        };
        self.ticket.end();
        Some(Err(broken))
    }

    /// The next piece if it takes no wait.
    pub(crate) fn ready(&mut self) -> Option<Bytes> {
        if self.every.is_zero() { self.take() } else { None }
    }

    fn take(&mut self) -> Option<Bytes> {
        let piece = self.pieces.next()?;
        self.received += piece.len();
        if self.pieces.is_done() && self.failure.is_none() {
            // Before the client has the last piece, so that its next request never meets this one in flight.
            self.ticket.end();
        }
        Some(piece)
    }

    fn cut_off(&mut self) -> Broken {
        self.pieces = Pieces::new(Bytes::new(), None);
        self.failure = None;
        Broken::ResetInBody { received: self.received }
    }
}

impl fmt::Debug for SimBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimBody").field("received", &self.received).finish_non_exhaustive()
    }
}

/// Waits; false at once if the simulator goes down meanwhile.
async fn unless_down(down: &mut watch::Receiver<bool>, time: Duration) -> bool {
    tokio::select! {
        () = sleep(time) => true,
        // The sender lives as long as the simulator, which whoever waits here holds.
        _ = down.wait_for(|down| *down) => false,
    }
}

#[cfg(test)]
mod tests;
