//! One connection of HTTP/2: the framing is a library's, which also says what no answer can (a refused stream, say); what
//! it does not let us send is written to the connection by hand once it is done.

use std::future::poll_fn;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Request, Response, header};
use tokio::io::AsyncWriteExt;
use tokio::task::{JoinSet, yield_now};

use crate::exchange::{Broken, SimAnswer};
use crate::simulator::Simulator;
use crate::stream::Stream;
use crate::wire::SimRequest;
use shared::Shared;

mod shared;
#[cfg(test)]
mod tests;

/// Answers requests until the connection ends, one way or the other.
pub(crate) async fn serve_connection(stream: impl Stream, simulator: Simulator) {
    let stream = Shared::new(stream);
    let ending = serve_streams(stream.clone(), &simulator).await;
    let Some(mut stream) = stream.into_inner() else { return };
    // What goes wrong on a connection is the client's to tell; the log has what arrived.
    if let Ok(Some(Ending { broken, of })) = ending {
        if broken == Broken::GoAway {
            let _ = stream.write_all(&go_away(of.number().saturating_sub(2))).await;
        }
        let _ = stream.fail(broken).await;
    }
}

/// Why a connection ends: because of what befell this stream, which must live as long as the connection, because its
/// client is told of its end.
struct Ending {
    broken: Broken,
    of: OpenStream,
}

/// A stream that is not answered, or not wholly.
enum OpenStream {
    Asked(SendResponse<Bytes>),
    Answering(SendStream<Bytes>),
}

impl OpenStream {
    fn number(&self) -> u32 {
        match self {
            Self::Asked(respond) => respond.stream_id().as_u32(),
            Self::Answering(stream) => stream.stream_id().as_u32(),
        }
    }

    fn reset(&mut self, reason: Reason) {
        match self {
            Self::Asked(respond) => respond.send_reset(reason),
            Self::Answering(stream) => stream.send_reset(reason),
        }
    }

    /// What befalls one stream only is said to it; everything else ends the connection.
    fn fail(mut self, broken: Broken) -> After {
        match broken {
            Broken::RefusedStream => self.reset(Reason::REFUSED_STREAM),
            Broken::ResetStream { .. } => self.reset(Reason::INTERNAL_ERROR),
            broken => return After::End(Ending { broken, of: self }),
        }
        After::Stay
    }
}

/// What follows from how a stream ended.
enum After {
    /// The connection stays.
    Stay,
    /// It is closed once what is under way is done.
    Finish,
    /// It ends at once.
    End(Ending),
}

async fn serve_streams(
    stream: Shared<impl Stream>,
    simulator: &Simulator,
) -> Result<Option<Ending>, h2::Error> {
    let mut connection = h2::server::handshake(stream).await?;
    let mut streams = JoinSet::new();
    loop {
        tokio::select! {
            // What the streams have written is sent before their end is heeded.
            biased;
            accepted = connection.accept() => {
                let Some(accepted) = accepted else { return Ok(None) };
                let (request, respond) = accepted?;
                streams.spawn(serve_stream(request, respond, simulator.clone()));
            }
            Some(after) = streams.join_next() => match after {
                Ok(Ok(After::End(ending))) => return Ok(Some(ending)),
                Ok(Ok(After::Finish)) => connection.graceful_shutdown(),
                // A stream that the client gave up takes nothing with it.
                Ok(Ok(After::Stay) | Err(_)) | Err(_) => {}
            }
        }
    }
}

async fn serve_stream(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    simulator: Simulator,
) -> Result<After, h2::Error> {
    let request = read_request(request).await?;
    let opened = tokio::select! {
        biased;
        opened = simulator.open(request) => opened,
        given_up = poll_fn(|context| respond.poll_reset(context)) => return given_up.map(|_| After::Stay),
    };
    let SimAnswer { status, headers, mut body, travel } = match opened {
        Ok(answer) => answer,
        Err(broken) => return Ok(OpenStream::Asked(respond).fail(broken)),
    };
    for interim in travel.interim {
        let mut response = Response::new(());
        *response.status_mut() = interim;
        respond.send_informational(response)?;
    }
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = without_hops(headers);
    let mut stream = respond.send_response(response, false)?;
    loop {
        let piece = tokio::select! {
            biased;
            piece = body.next() => piece,
            given_up = poll_fn(|context| stream.poll_reset(context)) => return given_up.map(|_| After::Stay),
        };
        match piece {
            None => break,
            Some(Ok(piece)) => send(&mut stream, piece).await?,
            Some(Err(broken)) => return Ok(OpenStream::Answering(stream).fail(broken)),
        }
    }
    stream.send_data(Bytes::new(), true)?;
    Ok(if travel.keeps_alive { After::Stay } else { After::Finish })
}

/// The whole request, its authority as the `Host` that HTTP/1.1 has for it (RFC 9113, section 8.3.1).
async fn read_request(request: Request<RecvStream>) -> Result<SimRequest, h2::Error> {
    let (parts, mut stream) = request.into_parts();
    let mut body = Vec::new();
    while let Some(piece) = stream.data().await {
        let piece = piece?;
        stream.flow_control().release_capacity(piece.len())?;
        body.extend_from_slice(&piece);
    }
    let mut headers = parts.headers;
    let authority = parts.uri.authority().map(|authority| HeaderValue::try_from(authority.as_str()));
    headers.extend(authority.and_then(Result::ok).map(|host| (header::HOST, host)));
    Ok(SimRequest {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers,
        body: body.into(),
    })
}

/// What speaks of the connection has no place in HTTP/2 (RFC 9113, section 8.2.2).
fn without_hops(mut headers: HeaderMap) -> HeaderMap {
    headers.remove(header::CONNECTION);
    headers.remove(header::TRANSFER_ENCODING);
    headers
}

/// Sends as fast as the client takes it.
async fn send(stream: &mut SendStream<Bytes>, mut piece: Bytes) -> Result<(), h2::Error> {
    while !piece.is_empty() {
        stream.reserve_capacity(piece.len());
        let Some(granted) = poll_fn(|context| stream.poll_capacity(context)).await else {
            // The client has gone; that shows at the next step.
            return Ok(());
        };
        let size = granted?.min(piece.len());
        stream.send_data(piece.split_to(size), false)?;
        yield_now().await;
    }
    Ok(())
}

/// The frame that ends a connection without an error, after this stream (RFC 9113, section 6.8).
fn go_away(last_stream: u32) -> Vec<u8> {
    const LENGTH: [u8; 3] = [0, 0, 8];
    const KIND_AND_FLAGS: [u8; 2] = [7, 0];
    const WHOLE_CONNECTION: [u8; 4] = [0; 4];
    const NO_ERROR: [u8; 4] = [0; 4];
    [&LENGTH[..], &KIND_AND_FLAGS, &WHOLE_CONNECTION, &last_stream.to_be_bytes(), &NO_ERROR].concat()
}
