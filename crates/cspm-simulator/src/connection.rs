//! One connection of HTTP/1.1: our own loop, because no HTTP library sends what the faults need.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::yield_now;

use crate::error_body::ErrorBody;
use crate::exchange::{Broken, SimAnswer};
use crate::request::{Arrived, read_request};
use crate::simulator::Simulator;
use crate::stream::Stream;

/// How much a client may send ahead while its request is being answered.
const LARGEST_AHEAD: usize = 1 << 20;

/// Answers requests until the connection ends, one way or the other.
pub(crate) async fn serve_connection(mut stream: impl Stream, simulator: Simulator) {
    // What goes wrong on a connection is the client's to tell; the log has what arrived.
    let _ =
        Connection { stream: &mut stream, buffer: BytesMut::with_capacity(8 << 10) }.run(&simulator).await;
}

struct Connection<'a, S> {
    stream: &'a mut S,
    /// Read, but not yet used.
    buffer: BytesMut,
}

impl<S: Stream> Connection<'_, S> {
    async fn run(&mut self, simulator: &Simulator) -> io::Result<()> {
        loop {
            let (request, keep_alive) = match read_request(self.stream, &mut self.buffer).await? {
                Arrived::Request { request, keep_alive } => (request, keep_alive),
                Arrived::Bad(status) => return self.refuse(status).await,
                Arrived::Closed => return Ok(()),
            };
            let answered = match self.while_open(simulator.open(request)).await? {
                Ok(answer) => self.send(answer, keep_alive).await?,
                Err(broken) => Err(broken),
            };
            match answered {
                Ok(true) => {}
                Ok(false) => return self.stream.close().await,
                Err(broken) => return self.stream.fail(broken).await,
            }
        }
    }

    /// Sends an answer; whether the connection stays open.
    async fn send(&mut self, answer: SimAnswer, keep_alive: bool) -> io::Result<Result<bool, Broken>> {
        let SimAnswer { status, headers, mut body, travel } = answer;
        let head = write_head(&travel.interim, status, &headers);
        let chunked = travel.chunked;
        match (travel.pace, body.ready()) {
            (Some(pace), first) => {
                let size = if pace.every.is_zero() { pace.size } else { head.len() };
                for packet in head.chunks(size.max(1)) {
                    self.stream.write_all(packet).await?;
                    yield_now().await;
                }
                if let Some(piece) = first {
                    self.write_piece(Bytes::new(), piece, chunked).await?;
                }
            }
            (None, Some(whole)) => self.write_piece(head, whole, chunked).await?,
            (None, None) => self.stream.write_all(&head).await?,
        }
        while let Some(piece) = self.while_open(body.next()).await? {
            match piece {
                Ok(piece) => self.write_piece(Bytes::new(), piece, chunked).await?,
                Err(broken) => return Ok(Err(broken)),
            }
            yield_now().await;
        }
        if chunked {
            self.stream.write_all(b"0\r\n\r\n").await?;
        }
        self.stream.write_all(&travel.surplus).await?;
        Ok(Ok(keep_alive && travel.keeps_alive))
    }

    /// Writes `before` and a piece of a body in as few packets as the system makes of them, without copying.
    async fn write_piece(&mut self, before: Bytes, piece: Bytes, chunked: bool) -> io::Result<()> {
        if chunked {
            let size = Bytes::from(format!("{:x}\r\n", piece.len()));
            let mut chunk = before.chain(size).chain(piece).chain(&b"\r\n"[..]);
            self.stream.write_all_buf(&mut chunk).await
        } else {
            self.stream.write_all_buf(&mut before.chain(piece)).await
        }
    }

    /// Waits for something of our own, and gives up if the client closes the connection meanwhile.
    async fn while_open<T>(&mut self, waiting: impl Future<Output = T>) -> io::Result<T> {
        tokio::pin!(waiting);
        loop {
            tokio::select! {
                biased;
                done = &mut waiting => return Ok(done),
                read = self.stream.read_buf(&mut self.buffer), if self.buffer.len() < LARGEST_AHEAD => {
                    if read? == 0 {
                        return Err(io::ErrorKind::ConnectionAborted.into());
                    }
                }
            }
        }
    }

    async fn refuse(&mut self, status: StatusCode) -> io::Result<()> {
        let response = ErrorBody::Message.response(status);
        let mut headers = response.headers;
        headers.insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
        headers.insert(http::header::CONTENT_LENGTH, response.body.len().into());
        let head = write_head(&[], status, &headers);
        self.write_piece(head, response.body, false).await?;
        self.stream.close().await
    }
}

fn write_head(interim: &[StatusCode], status: StatusCode, headers: &HeaderMap) -> Bytes {
    let mut head = BytesMut::with_capacity(256);
    for interim in interim {
        status_line(&mut head, *interim);
        head.put_slice(b"\r\n");
    }
    status_line(&mut head, status);
    for (name, value) in headers {
        head.put_slice(name.as_str().as_bytes());
        head.put_slice(b": ");
        head.put_slice(value.as_bytes());
        head.put_slice(b"\r\n");
    }
    head.put_slice(b"\r\n");
    head.freeze()
}

fn status_line(head: &mut BytesMut, status: StatusCode) {
    head.put_slice(b"HTTP/1.1 ");
    head.put_slice(status.as_str().as_bytes());
    head.put_slice(b" ");
    head.put_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    head.put_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
