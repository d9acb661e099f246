//! Own secrets that a server echoes, and what prints as what.

use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderName, Method};

use super::super::*;
use super::script::*;
use crate::{BrokenKind, KeyHeader, Safety};

const KEY: &str = "Zm9v/ba+r%\"key\"<&>~42";

fn spellings() -> Vec<String> {
    let hex: String = KEY.bytes().map(|byte| format!("{byte:02x}")).collect();
    let base64 = base64::engine::general_purpose::STANDARD;
    vec![
        KEY.to_owned(),
        crate::encode(KEY),
        crate::encode(KEY).to_lowercase().replace("zm9v", "Zm9v"),
        serde_json::to_string(KEY).unwrap().trim_matches('"').to_owned(),
        serde_json::to_string(KEY).unwrap().trim_matches('"').replace('/', "\\/"),
        base64.encode(KEY),
        base64.encode(format!("{KEY}:")),
        base64.encode(format!("user:{KEY}:more")),
        hex.to_uppercase(),
        hex,
    ]
}

fn keyed(script: &Arc<Script>) -> Client {
    let key = KeyHeader::new(HeaderName::from_static("authorization"), "ApiKey ", KEY.into()).unwrap();
    client(script).with_authenticator(Arc::new(key))
}

/// No piece of the key that says something about it, in any of its spellings.
fn assert_clean(text: &str, case: &str) {
    for spelling in spellings() {
        assert!(!text.contains(&spelling), "{case}: {text}");
    }
    for piece in ["ba+r%", "key\\\"", "Zm9v/", "&>~42"] {
        assert!(!text.contains(piece), "{case}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn s07_s10_an_echoed_credential_is_blotted_out_of_errors() {
    for spelling in spellings() {
        let bodies = [
            format!("<html><title>bad {spelling}</title></html>"),
            format!("bad credential {spelling}"),
            serde_json::json!({"message": format!("bad credential {spelling}")}).to_string(),
            format!(r#"{{"errors":[{{"detail":"{}{spelling}"}}]}}"#, "x".repeat(280)),
            format!("{}{spelling}", "x".repeat(110)),
        ];
        for body in bodies {
            let sent = body.clone();
            let script = Script::new(move |_, _| with_body(403, sent.clone()));
            let error = keyed(&script).send(read()).await.unwrap_err();
            assert_clean(&format!("{error} {error:?} {}", serde_json::to_string(&error).unwrap()), &body);
        }
        if HeaderValue::from_str(&spelling).is_ok() {
            let location = format!("https://evil.example/{spelling}");
            let script = Script::new(move |_, _| with_headers(302, &[("location", &location)]));
            let error = keyed(&script).send(read()).await.unwrap_err();
            assert_clean(&format!("{error} {error:?}"), "redirect");
        }
        let message = format!("refused {spelling}");
        let script = Script::new(move |_, _| {
            Err(crate::Broken { kind: BrokenKind::Garbled, sent: true, message: message.clone() })
        });
        let error = keyed(&script).send(read()).await.unwrap_err();
        assert_clean(&format!("{error} {error:?}"), "broken");
    }
}

#[tokio::test(start_paused = true)]
async fn s07_escapes_in_an_error_body_hide_nothing() {
    let escaped: String = KEY.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
    for filler in [0, 285, 299] {
        let body = format!(r#"{{"message":"{}{escaped}"}}"#, "x".repeat(filler));
        let script = Script::new(move |_, _| with_body(400, body.clone()));
        let error = keyed(&script).send(read()).await.unwrap_err();
        assert_clean(&error.to_string(), "escaped");
        assert!(filler > 0 || error.message() == "[redacted]");
    }
}

#[tokio::test(start_paused = true)]
async fn s07_an_echoed_credential_is_blotted_out_of_answers() {
    for spelling in spellings() {
        let script = Script::new(move |_, _| {
            let mut answer = with_body(200, format!("{{\"echo\":\"{spelling}\"}}"))?;
            if let Ok(value) = HeaderValue::from_str(&format!("you sent {spelling}")) {
                answer.headers_mut().insert("x-echo", value);
            }
            Ok(answer)
        });
        let answer = keyed(&script).send(read()).await.unwrap();
        assert_clean(std::str::from_utf8(&answer.body).unwrap(), "body");
        if let Some(echo) = answer.headers.get("x-echo") {
            assert_clean(echo.to_str().unwrap(), "header");
        }
        assert_clean(&format!("{answer:?}"), "answer");
    }
}

#[tokio::test(start_paused = true)]
async fn s10_nothing_prints_what_it_holds() {
    let script = Script::new(|_, _| status(200));
    let client = keyed(&script);
    assert_clean(&format!("{client:?}"), "client");
    assert_eq!(format!("{client:?}"), "Client { base: https://host.example/v1, .. }");
    let call = Call::new("log in", Method::POST, "/login", Safety::Write).json(&[KEY]).unwrap();
    let call = call.header(header::AUTHORIZATION, HeaderValue::from_static("hunter22"));
    let printed = format!("{call:?}");
    assert_clean(&printed, "call");
    assert!(!printed.contains("hunter22") && printed.contains("log in"), "{printed}");
}

#[tokio::test(start_paused = true)]
async fn r16_the_status_decides_whatever_the_body_is() {
    let bodies: [&[u8]; 8] = [
        b"",
        b"\xff\xfe\x00\x80",
        b"\x1b]52;c;evil\x07\r\n",
        b"{\"message\":{\"a\":1}}",
        b"[[[[",
        b"{\"errors\":[]}",
        b"{\"status\":200,\"title\":7}",
        b"\xef\xbb\xbf{\"message\":\"marked\"}",
    ];
    for body in bodies.into_iter().map(Bytes::from_static).chain([vec![b'['; 20_000].into()]) {
        let script = Script::new(move |_, _| with_body(403, body.clone()));
        let error = client(&script).send(read()).await.unwrap_err();
        assert_eq!((error.kind(), error.status(), script.count()), (ErrorKind::Permission, Some(403), 1));
        assert!(error.to_string().chars().all(|character| !cspm_core::is_hostile(character)), "{error}");
        assert!(error.message().chars().count() <= 310);
    }
}

#[tokio::test(start_paused = true)]
async fn s11_a_panic_in_the_middle_of_a_call_says_nothing_of_the_credential() {
    let said = Arc::new(std::sync::Mutex::new(String::new()));
    let saying = said.clone();
    let script = Script::new(move |_, seen| {
        let message = format!("unexpected: {:?}", seen.headers);
        saying.lock().unwrap().clone_from(&message);
        panic!("{message}")
    });
    let error = keyed(&script).send(read()).await.unwrap_err();
    let message = said.lock().unwrap().clone();
    assert!(message.contains("authorization"), "{message}");
    assert_clean(&message, "panic");
    assert_clean(&format!("{error} {error:?}"), "error");
}
