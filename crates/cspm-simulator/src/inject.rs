//! What each fault does to an answer on its way.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::delivery::{After, Break, Cut, CutAt, Delivery, Framing, Pace, Start};
use crate::error_body::{ErrorBody, html_page};
use crate::fault::Fault;
use crate::gzip;
use crate::wire::{SimRequest, SimResponse};

/// As many headers as a header map is sure to take.
const MOST_HEADERS: usize = 30_000;

/// Applies one fault. `draw` is a random number below 1 and `now` the simulator's wall clock.
pub(crate) fn inject(fault: &Fault, delivery: &mut Delivery, request: &SimRequest, draw: f64, now: i64) {
    if fault.replaces_vendor() {
        replace(fault, delivery, request, now);
    } else {
        spoil_travel(fault, delivery, draw);
        spoil_headers(fault, &mut delivery.response.headers, now);
        spoil_encoding(fault, &mut delivery.response);
        spoil_body(fault, &mut delivery.response, request);
    }
}

fn replace(fault: &Fault, delivery: &mut Delivery, request: &SimRequest, now: i64) {
    delivery.response = match fault {
        Fault::Status { status, body, headers } => {
            let mut response = body.response(*status);
            response.headers.extend(headers.clone());
            response
        }
        Fault::Throttled { retry_after } => {
            let mut response = ErrorBody::Message.response(StatusCode::TOO_MANY_REQUESTS);
            retry_after.put(&mut response.headers, now);
            response
        }
        Fault::Redirect { status, location } => {
            let mut response = SimResponse::empty(*status);
            response.headers.extend(location.clone().map(|target| (header::LOCATION, target)));
            response
        }
        Fault::EchoCredential { status } => echo(request, *status),
        Fault::OkWithErrorBody(body) => body.response(StatusCode::OK),
        Fault::OkWithHtml => {
            SimResponse::bytes(StatusCode::OK, "text/html; charset=utf-8", html_page("Sign in"))
        }
        Fault::NoContent => SimResponse::empty(StatusCode::NO_CONTENT),
        Fault::Answer(response) => response.clone(),
        Fault::NotHttp(bytes) => {
            delivery.start = Start::Raw(bytes.clone());
            return;
        }
        Fault::RefusedStream => {
            delivery.start = Start::Nothing(Break::Refuse);
            return;
        }
        Fault::GoAway => {
            delivery.start = Start::Nothing(Break::GoAway);
            return;
        }
        _ => return,
    };
}

fn echo(request: &SimRequest, status: StatusCode) -> SimResponse {
    let lines = request.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        format!("{name}: {value}")
    });
    let message = format!("cannot handle request with headers {}", lines.collect::<Vec<_>>().join("; "));
    let mut response = SimResponse::json(status, &json!({"message": message}));
    let values = request.headers.values().filter_map(|value| value.to_str().ok());
    let values = values.collect::<Vec<_>>().join("&");
    let encoded = utf8_percent_encode(&values, NON_ALPHANUMERIC);
    let location = HeaderValue::try_from(format!("/login?encoded={encoded}&plain={values}"));
    response.headers.extend(location.ok().map(|target| (header::LOCATION, target)));
    response
}

fn spoil_travel(fault: &Fault, delivery: &mut Delivery, draw: f64) {
    let cut = |at, how| Some(Cut { at, how });
    match fault {
        Fault::Delay(time) => delivery.wait += *time,
        Fault::DelayRandom { from, to } => delivery.wait += between(*from, *to, draw),
        Fault::NeverAnswer => delivery.start = Start::Nothing(Break::Stall),
        Fault::ResetBeforeAnswer => delivery.start = Start::Nothing(Break::Reset),
        Fault::CloseBeforeAnswer => delivery.start = Start::Nothing(Break::Close),
        Fault::HeadersThenStall => delivery.cut = cut(CutAt::Byte(0), Break::Stall),
        Fault::HalfBodyThenStall => delivery.cut = cut(CutAt::Half, Break::Stall),
        Fault::ResetInBody { after } => delivery.cut = cut(CutAt::Byte(*after), Break::Reset),
        Fault::CloseInBody { after } => delivery.cut = cut(CutAt::Byte(*after), Break::Close),
        Fault::ResetStream { after } => delivery.cut = cut(CutAt::Byte(*after), Break::ResetStream),
        Fault::DripBytes { every } => delivery.pace = Some(Pace { size: 1, every: *every }),
        Fault::OneBytePackets => delivery.pace = Some(Pace { size: 1, every: Duration::ZERO }),
        Fault::StatedLength(length) => delivery.framing = Framing::Stated(*length),
        Fault::Chunked => delivery.framing = Framing::Chunked,
        Fault::ChunkedWithoutEnd => {
            delivery.framing = Framing::Chunked;
            delivery.cut = cut(CutAt::End, Break::Close);
        }
        Fault::NoLengthUntilClose => delivery.framing = Framing::UntilClose,
        Fault::ExtraBytes(bytes) => delivery.surplus = bytes.clone(),
        Fault::CloseAfterAnswer { announced } => delivery.after = After::Close { announced: *announced },
        Fault::Interim(statuses) => delivery.interim.extend_from_slice(statuses),
        _ => {}
    }
}

/// The time between two, `draw` of the way.
pub(crate) fn between(from: Duration, to: Duration, draw: f64) -> Duration {
    from + to.saturating_sub(from).mul_f64(draw)
}

fn spoil_headers(fault: &Fault, headers: &mut HeaderMap, now: i64) {
    match fault {
        Fault::Headers(more) => {
            for (name, value) in more {
                headers.append(name.clone(), value.clone());
            }
        }
        Fault::RetryAfter(retry_after) => retry_after.put(headers, now),
        Fault::ManyHeaders(count) => {
            let names =
                (0..(*count).min(MOST_HEADERS)).map(|n| HeaderName::try_from(format!("x-filler-{n}")));
            headers.extend(names.flatten().map(|name| (name, HeaderValue::from_static("1"))));
        }
        Fault::HugeHeader(size) => {
            let value = HeaderValue::try_from("x".repeat(*size)).ok();
            headers.extend(value.map(|value| (HeaderName::from_static("x-filler"), value)));
        }
        Fault::SetCookie(cookie) => {
            headers.append(header::SET_COOKIE, cookie.clone());
        }
        Fault::ContentType(media_type) => {
            headers.remove(header::CONTENT_TYPE);
            headers.extend(media_type.clone().map(|media_type| (header::CONTENT_TYPE, media_type)));
        }
        _ => {}
    }
}

fn spoil_encoding(fault: &Fault, response: &mut SimResponse) {
    let plain = &response.body;
    let body = match fault {
        Fault::Gzip => gzip::pack(plain),
        Fault::GzipBomb { size } => gzip::bomb(*size),
        Fault::GzipCut => gzip::cut(plain),
        Fault::GzipBadChecksum => gzip::bad_checksum(plain),
        Fault::GzipTwice => gzip::pack(&gzip::pack(plain)),
        Fault::GzipMembers => gzip::two_members(plain),
        Fault::UnofferedEncoding(label) => {
            response.headers.insert(header::CONTENT_ENCODING, label.clone());
            return;
        }
        _ => return,
    };
    response.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response.body = body;
}

fn spoil_body(fault: &Fault, response: &mut SimResponse, request: &SimRequest) {
    let body = &response.body;
    response.body = match fault {
        Fault::EmptyBody => Bytes::new(),
        Fault::NestedJson { field, depth } => {
            let value = ["[".repeat(*depth), "]".repeat(*depth)].concat();
            with_first_member(body, field, value.as_bytes())
        }
        Fault::TruncateJsonAt(length) => body.slice(..body.len().min(*length)),
        Fault::CorruptByte { at, with } => with_byte(body, *at, *with),
        Fault::InvalidUtf8 { field: Some(field) } => with_first_member(body, field, b"\"\xff\xfe\""),
        Fault::InvalidUtf8 { field: None } => {
            let middle = body.len() / 2;
            let letter = body.iter().skip(middle).position(u8::is_ascii_alphabetic);
            with_byte(body, middle + letter.unwrap_or(0), 0xff)
        }
        Fault::ByteOrderMark => [b"\xef\xbb\xbf", &body[..]].concat().into(),
        Fault::TrailingText(text) => [&body[..], text].concat().into(),
        Fault::Rewrite(rewrite) => {
            let before = std::mem::replace(response, SimResponse::empty(StatusCode::OK));
            *response = rewrite.apply(request, before);
            return;
        }
        _ => return,
    };
}

fn with_byte(body: &Bytes, at: usize, value: u8) -> Bytes {
    let mut bytes = BytesMut::from(&body[..]);
    let last = bytes.len().saturating_sub(1);
    if let Some(byte) = bytes.get_mut(at.min(last)) {
        *byte = value;
    }
    bytes.freeze()
}

/// Adds a first member to a JSON object; another body becomes an object with that member alone.
fn with_first_member(body: &Bytes, field: &str, value: &[u8]) -> Bytes {
    let rest = body.strip_prefix(b"{").unwrap_or(b"}");
    let mut bytes = BytesMut::with_capacity(body.len() + field.len() + value.len() + 8);
    bytes.put_u8(b'{');
    bytes.put_slice(serde_json::Value::from(field).to_string().as_bytes());
    bytes.put_u8(b':');
    bytes.put_slice(value);
    if !rest.trim_ascii_start().starts_with(b"}") {
        bytes.put_u8(b',');
    }
    bytes.put_slice(rest);
    bytes.freeze()
}

#[cfg(test)]
mod tests;
