//! Reading requests of HTTP/1.1 from a socket.

use std::io;

use crate::stream::Stream;
use crate::wire::SimRequest;
use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use httparse::Status;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The longest head of a request, in bytes.
const LARGEST_HEAD: usize = 64 << 10;
/// The largest body of a request, in bytes.
const LARGEST_BODY: usize = 64 << 20;
/// The most headers of a request.
const MOST_HEADERS: usize = 128;

/// What came over a connection.
pub(crate) enum Arrived {
    /// A whole request; whether the client wants to send another.
    Request { request: SimRequest, keep_alive: bool },
    /// Something else, to be answered with this status.
    Bad(StatusCode),
    /// The end.
    Closed,
}

/// Reads one request. `buffer` holds what was read beyond the last one.
pub(crate) async fn read_request(stream: &mut impl Stream, buffer: &mut BytesMut) -> io::Result<Arrived> {
    let head = loop {
        match parse_head(buffer) {
            Ok(Some(head)) => break head,
            Ok(None) if buffer.len() > LARGEST_HEAD => {
                return Ok(Arrived::Bad(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
            }
            Ok(None) => {}
            Err(status) => return Ok(Arrived::Bad(status)),
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(Arrived::Closed);
        }
    };
    buffer.advance(head.length);
    if head.expects_continue && buffer.is_empty() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let body = match head.body {
        BodyLength::Known(length) if length > LARGEST_BODY => Err(StatusCode::PAYLOAD_TOO_LARGE),
        BodyLength::Known(length) => Ok(read_exactly(stream, buffer, length).await?),
        BodyLength::Chunked => read_chunks(stream, buffer).await?,
    };
    Ok(match body {
        Ok(body) => {
            Arrived::Request { request: SimRequest { body, ..head.request }, keep_alive: head.keep_alive }
        }
        Err(status) => Arrived::Bad(status),
    })
}

struct Head {
    request: SimRequest,
    length: usize,
    body: BodyLength,
    keep_alive: bool,
    expects_continue: bool,
}

enum BodyLength {
    Known(usize),
    Chunked,
}

fn parse_head(buffer: &[u8]) -> Result<Option<Head>, StatusCode> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut fields);
    let length = match parsed.parse(buffer) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
        Err(_) => return Err(StatusCode::BAD_REQUEST),
    };
    let bad = || StatusCode::BAD_REQUEST;
    let method = Method::from_bytes(parsed.method.unwrap_or_default().as_bytes()).map_err(|_| bad())?;
    let (path, query) = split_target(parsed.path.unwrap_or_default()).ok_or_else(bad)?;
    let mut headers = HeaderMap::with_capacity(parsed.headers.len());
    for field in parsed.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| bad())?;
        headers.append(name, HeaderValue::from_bytes(field.value).map_err(|_| bad())?);
    }
    let says = |name: HeaderName, word: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(word))
    };
    let body = if says(header::TRANSFER_ENCODING, "chunked") {
        BodyLength::Chunked
    } else {
        match headers.get(header::CONTENT_LENGTH).map(|value| value.to_str().map(str::parse)) {
            None => BodyLength::Known(0),
            Some(Ok(Ok(length))) => BodyLength::Known(length),
            Some(_) => return Err(bad()),
        }
    };
    let keep_alive = parsed.version == Some(1) && !says(header::CONNECTION, "close");
    let expects_continue = says(header::EXPECT, "100-continue");
    let request = SimRequest { method, path, query, headers, body: Bytes::new() };
    Ok(Some(Head { request, length, body, keep_alive, expects_continue }))
}

/// Path and query of a request target; the absolute form, as proxies get it, loses its origin.
fn split_target(target: &str) -> Option<(String, String)> {
    let target = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => rest.find('/').map_or("/", |at| rest.split_at(at).1),
        _ => target,
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    path.starts_with('/').then(|| (path.to_owned(), query.to_owned()))
}

async fn fill(stream: &mut impl Stream, buffer: &mut BytesMut) -> io::Result<()> {
    match stream.read_buf(buffer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

async fn read_exactly(stream: &mut impl Stream, buffer: &mut BytesMut, length: usize) -> io::Result<Bytes> {
    while buffer.len() < length {
        fill(stream, buffer).await?;
    }
    Ok(buffer.split_to(length).freeze())
}

async fn read_chunks(
    stream: &mut impl Stream,
    buffer: &mut BytesMut,
) -> io::Result<Result<Bytes, StatusCode>> {
    let mut body = BytesMut::new();
    loop {
        let size = loop {
            match httparse::parse_chunk_size(buffer) {
                Ok(Status::Complete((used, size))) => {
                    buffer.advance(used);
                    break usize::try_from(size).unwrap_or(usize::MAX);
                }
                Ok(Status::Partial) => fill(stream, buffer).await?,
                Err(_) => return Ok(Err(StatusCode::BAD_REQUEST)),
            }
        };
        if size == 0 {
            return skip_trailers(stream, buffer).await.map(|()| Ok(body.freeze()));
        }
        if body.len().saturating_add(size) > LARGEST_BODY {
            return Ok(Err(StatusCode::PAYLOAD_TOO_LARGE));
        }
        let chunk = read_exactly(stream, buffer, size + 2).await?;
        body.extend_from_slice(chunk.strip_suffix(b"\r\n").unwrap_or(&chunk));
    }
}

/// Reads up to the empty line after the last chunk.
async fn skip_trailers(stream: &mut impl Stream, buffer: &mut BytesMut) -> io::Result<()> {
    loop {
        match buffer.windows(2).position(|window| window == b"\r\n") {
            Some(at) => {
                buffer.advance(at + 2);
                if at == 0 {
                    return Ok(());
                }
            }
            None => fill(stream, buffer).await?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_targets_apart_without_decoding() {
        let split = |target| split_target(target).map(|(path, query)| format!("{path} {query}"));
        assert_eq!(split("/a%2Fb?x=%20&y=?").as_deref(), Some("/a%2Fb x=%20&y=?"));
        assert_eq!(split("/a?next=http://b/c").as_deref(), Some("/a next=http://b/c"));
        assert_eq!(split("http://host:1/a?b").as_deref(), Some("/a b"));
        assert_eq!(split("http://host").as_deref(), Some("/ "));
        assert_eq!(split("*"), None);
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        let status = |head: &str| parse_head(head.as_bytes()).err();
        assert_eq!(status("nonsense\r\n\r\n"), Some(StatusCode::BAD_REQUEST));
        assert_eq!(status("GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n"), Some(StatusCode::BAD_REQUEST));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MOST_HEADERS + 1));
        assert_eq!(status(&many), Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
        assert!(matches!(parse_head(b"GET / HTTP/1.1\r\nhost"), Ok(None)));
    }
}
