use std::io::Read;

use flate2::read::GzDecoder;

use super::*;
use crate::clock::DateForm;
use crate::retry_after::RetryAfter;
use crate::testing::{PAGE, get};

fn meet_with(fault: &Fault, request: &SimRequest) -> SimResponse {
    let response = SimResponse::bytes(StatusCode::OK, "application/json", PAGE);
    let mut delivery = Delivery::new(request, response);
    inject(fault, &mut delivery, request, 0.5, 784_111_777_000);
    delivery.response
}

fn meet(fault: &Fault) -> SimResponse {
    meet_with(fault, &get("/v1/checks"))
}

fn text(response: &SimResponse) -> String {
    String::from_utf8(response.body.to_vec()).unwrap()
}

#[test]
fn statuses_come_with_their_bodies_and_headers() {
    let mut headers = HeaderMap::new();
    headers.insert("x-request-id", HeaderValue::from_static("17"));
    let status = StatusCode::BAD_GATEWAY;
    for body in ErrorBody::FIXED {
        let fault = Fault::Status { status, body: body.clone(), headers: headers.clone() };
        let response = meet(&fault);
        assert_eq!((response.status, response.body), (status, body.response(status).body));
        assert_eq!(response.headers["x-request-id"], "17");
    }
    let throttled = meet(&Fault::throttled(7));
    assert_eq!((throttled.status.as_u16(), &throttled.headers["retry-after"]), (429, &"7".parse().unwrap()));
    assert_eq!(text(&throttled), r#"{"message":"Too Many Requests"}"#);
    let dated = RetryAfter::Date { ahead: 3, form: DateForm::Imf };
    let response = meet(&Fault::Throttled { retry_after: dated });
    assert_eq!(response.headers["retry-after"], "Sun, 06 Nov 1994 08:49:40 GMT");
}

#[test]
fn redirects_point_where_they_are_told() {
    let response = meet(&Fault::redirect(StatusCode::TEMPORARY_REDIRECT, "http://evil.example/?a=b"));
    assert_eq!(response.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(response.headers["location"], "http://evil.example/?a=b");
    let lost = meet(&Fault::Redirect { status: StatusCode::FOUND, location: None });
    assert!(!lost.headers.contains_key("location"));
}

#[test]
fn an_echo_repeats_the_credential_in_body_and_target() {
    let mut request = get("/");
    request.headers.insert("api-key", HeaderValue::from_static("s3cr/et+"));
    let response = meet_with(&Fault::EchoCredential { status: StatusCode::BAD_REQUEST }, &request);
    assert!(text(&response).contains("api-key: s3cr/et+"));
    assert_eq!(response.headers["location"], "/login?encoded=s3cr%2Fet%2B&plain=s3cr/et+");
}

#[test]
fn a_success_can_be_none() {
    assert_eq!(meet(&Fault::OkWithErrorBody(ErrorBody::Errors)).status, StatusCode::OK);
    assert!(text(&meet(&Fault::OkWithErrorBody(ErrorBody::Errors))).starts_with("{\"errors\":["));
    let page = meet(&Fault::OkWithHtml);
    assert!(page.status.is_success() && text(&page).starts_with("<!DOCTYPE html>"));
    assert_eq!(meet(&Fault::NoContent).status, StatusCode::NO_CONTENT);
    let mine = SimResponse::bytes(StatusCode::OK, "text/plain", "mine");
    assert_eq!(meet(&Fault::Answer(mine)).body, "mine");
    let empty = meet(&Fault::EmptyBody);
    assert!(empty.status == StatusCode::OK && empty.body.is_empty());
}

#[test]
fn headers_are_added_replaced_and_inflated() {
    let limit = (HeaderName::from_static("ratelimit"), HeaderValue::from_static("\"a\";r=0;t=9"));
    assert_eq!(meet(&Fault::Headers(vec![limit])).headers["ratelimit"], "\"a\";r=0;t=9");
    assert_eq!(meet(&Fault::RetryAfter(RetryAfter::raw("soon"))).headers["retry-after"], "soon");
    assert_eq!(meet(&Fault::ManyHeaders(10_000)).headers.len(), 10_001);
    assert_eq!(meet(&Fault::HugeHeader(1 << 20)).headers["x-filler"].len(), 1 << 20);
    let cookie = HeaderValue::from_static("session=1; Path=/");
    assert_eq!(meet(&Fault::SetCookie(cookie.clone())).headers["set-cookie"], cookie);
    let html = HeaderValue::from_static("text/html");
    assert_eq!(meet(&Fault::ContentType(Some(html))).headers["content-type"], "text/html");
    assert!(!meet(&Fault::ContentType(None)).headers.contains_key("content-type"));
}

#[test]
fn encodings_are_wrong_each_in_its_way() {
    let unpack = |body: &[u8]| {
        let mut plain = Vec::new();
        GzDecoder::new(body).read_to_end(&mut plain).map(|_| plain)
    };
    for fault in [
        Fault::Gzip,
        Fault::GzipBomb { size: 1 << 21 },
        Fault::GzipCut,
        Fault::GzipBadChecksum,
        Fault::GzipTwice,
        Fault::GzipMembers,
    ] {
        let response = meet(&fault);
        assert_eq!(response.headers["content-encoding"], "gzip", "{fault:?}");
        let plain = unpack(&response.body);
        match fault {
            Fault::Gzip => assert_eq!(plain.unwrap(), PAGE.as_bytes()),
            Fault::GzipBomb { .. } => assert_eq!(plain.unwrap().len(), 1 << 21),
            Fault::GzipTwice => assert_eq!(unpack(&plain.unwrap()).unwrap(), PAGE.as_bytes()),
            Fault::GzipMembers => assert_eq!(plain.unwrap(), PAGE.as_bytes()[..PAGE.len() / 2]),
            _ => assert!(plain.is_err(), "{fault:?}"),
        }
    }
    let label = HeaderValue::from_static("br");
    let response = meet(&Fault::UnofferedEncoding(label));
    assert_eq!(
        (&response.headers["content-encoding"], text(&response).as_str()),
        (&"br".parse().unwrap(), PAGE)
    );
}

#[test]
fn bodies_are_spoilt_where_they_are_told() {
    let nested = meet(&Fault::NestedJson { field: "deep \"x\"".into(), depth: 3 });
    let value: serde_json::Value = serde_json::from_slice(&nested.body).unwrap();
    assert_eq!((&value["deep \"x\""], &value["total"]), (&json!([[[]]]), &json!(2)));
    let deep = meet(&Fault::NestedJson { field: "a".into(), depth: 1_000_000 });
    assert_eq!(deep.body.len(), PAGE.len() + 2_000_000 + "\"a\":,".len());

    assert_eq!(text(&meet(&Fault::TruncateJsonAt(9))), PAGE[..9]);
    assert_eq!(text(&meet(&Fault::TruncateJsonAt(9_999))), PAGE);
    assert_eq!(text(&meet(&Fault::CorruptByte { at: 0, with: b'#' })), PAGE.replacen('{', "#", 1));
    let last = meet(&Fault::CorruptByte { at: 9_999, with: b'#' });
    assert!(text(&last).ends_with("2#"));
    assert_eq!(meet(&Fault::ByteOrderMark).body, ["\u{feff}", PAGE].concat());
    let trailing = Fault::TrailingText(Bytes::from_static(b" {}"));
    assert_eq!(text(&meet(&trailing)), [PAGE, " {}"].concat());
}

#[test]
fn invalid_utf8_is_the_only_thing_wrong() {
    for field in [None, Some("note".to_owned())] {
        let body = meet(&Fault::InvalidUtf8 { field }).body;
        assert!(std::str::from_utf8(&body).is_err());
        let mended = String::from_utf8_lossy(&body).into_owned();
        assert!(serde_json::from_str::<serde_json::Value>(&mended).is_ok(), "{mended}");
    }
}

#[test]
fn a_member_can_be_added_to_any_body() {
    let add = |body: &'static str| with_first_member(&Bytes::from(body), "a", b"1");
    assert_eq!(add("{\"b\":2}"), "{\"a\":1,\"b\":2}");
    assert_eq!(add("{ }"), "{\"a\":1 }");
    assert_eq!(add("[]"), "{\"a\":1}");
}

#[test]
fn anything_can_be_rewritten() {
    let foreign = Fault::rewrite_json(|request, page| {
        page["next"] = json!(format!("http://evil.example{}", request.path));
    });
    let page: serde_json::Value = serde_json::from_slice(&meet(&foreign).body).unwrap();
    assert_eq!(page["next"], "http://evil.example/v1/checks");
    assert_eq!(page["total"], 2);
    let teapot = Fault::rewrite(|_, mut response| {
        response.status = StatusCode::IM_A_TEAPOT;
        response
    });
    let response = meet(&teapot);
    assert_eq!((response.status, text(&response).as_str()), (StatusCode::IM_A_TEAPOT, PAGE));
}
