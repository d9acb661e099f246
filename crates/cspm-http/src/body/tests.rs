use proptest::prelude::*;

use super::*;

#[test]
fn r16_every_error_shape_gives_one_clean_line() {
    let none = Redactor::default();
    for (body, want) in [
        (r#"{"Message":"User is not authorized"}"#, Some("User is not authorized")),
        (r#"{"message":"Unauthorized"}"#, Some("Unauthorized")),
        (
            r#"{"errors":[{"status":422,"source":{"pointer":"/data"},"details":"Name is required"}]}"#,
            Some("Name is required (/data)"),
        ),
        (r#"{"errors":[{"status":400,"message":"accountIds is required"}]}"#, Some("accountIds is required")),
        (r#"{"error_message":"no","error_type":"T","traceback":"secret path"}"#, Some("no")),
        (r#"{"messages":{"json":{"limit":["Unknown field."]}}}"#, Some("limit: Unknown field.")),
        (r#"{"error":{"code":"x","message":"ids: at most 100"}}"#, Some("ids: at most 100")),
        (r#"{"error":"Bad Request"}"#, Some("Bad Request")),
        (r#"{"type":"about:blank","title":"Gone","status":"x"}"#, Some("Gone")),
        ("<html><title>502 Bad Gateway</title></html>", Some("an HTML page titled \"502 Bad Gateway\"")),
        ("busy\x1b[2J", Some("busy\\u{1b}[2J")),
        ("", None),
    ] {
        assert_eq!(error_message(body.as_bytes(), &none).as_deref(), want, "{body}");
    }
    assert!(error_message(b"\xff\xfe\xff", &none).is_some());
    let huge = vec![b'a'; 1_000_000];
    assert!(error_message(&huge, &none).unwrap().chars().count() <= 121);
}

#[test]
fn j03_j06_depth_and_encoding_are_refused_before_decoding() {
    assert!(checked_text(br#"{"a":"[[[[ \" [[["}"#).is_ok());
    let deep = [vec![b'['; 101], vec![b']'; 101]].concat();
    assert_eq!(checked_text(&deep).unwrap_err().kind(), ErrorKind::Protocol);
    let flat = [vec![b'['; 100], vec![b']'; 100]].concat();
    assert!(checked_text(&flat).is_ok());
    assert!(checked_text(b"{\"a\":\"\xff\"}").unwrap_err().to_string().contains("byte 6"));
    assert_eq!(checked_text(b"\xef\xbb\xbf{}").unwrap(), "{}");
    assert_eq!(checked_text(b" <html>").unwrap_err().owner(), Owner::Customer);
    assert_eq!(checked_text(b" ").unwrap_err().kind(), ErrorKind::Protocol);
}

#[test]
fn j03_brackets_within_a_text_are_no_depth_and_its_end_is_found() {
    let many = "[".repeat(150);
    for inside in [format!(r#"{{"a":"\"{many}"}}"#), format!(r#"{{"a":"\\\"{many}"}}"#)] {
        assert!(checked_text(inside.as_bytes()).is_ok(), "{inside}");
    }
    for outside in [format!(r#"{{"a":"\\","b":{many}"#), format!(r#"{{"a":"","b":{many}"#)] {
        assert_eq!(checked_text(outside.as_bytes()).unwrap_err().kind(), ErrorKind::Protocol, "{outside}");
    }
}

#[test]
fn j01_what_cannot_be_decoded_is_told_with_its_place() {
    for (body, said) in [
        ("{\"a\":\n[1,", "ends too early (line 2, column 3)"),
        ("{\"a\":\n x}", "is not JSON (line 2, column 2)"),
        ("{\"a\":1}", "has another shape than documented (line 1, column "),
    ] {
        let body_sent = bytes::Bytes::from_static(body.as_bytes());
        let answer = crate::Answer::new("try it", http::Response::new(body_sent));
        let error = answer.decode::<std::collections::HashMap<String, Vec<u8>>>().unwrap_err();
        assert!(error.message().contains(said), "{body}: {error}");
        assert_eq!(
            (error.kind(), error.operation(), error.status()),
            (ErrorKind::Protocol, Some("try it"), Some(200))
        );
    }
}

#[test]
fn j04_lists_and_objects_are_bounded_before_decoding() {
    let list = |entries: usize| format!("{{\"a\":[[0,0],[{}]]}}", vec!["0"; entries].join(","));
    assert!(checked_text(list(100_000).as_bytes()).is_ok());
    for text in [
        list(100_001),
        list(10_000_000),
        format!(
            "{{\"a\":{{{}}}}}",
            (0..1_000_000).map(|key| format!("\"{key}\":0")).collect::<Vec<_>>().join(",")
        ),
    ] {
        let error = checked_text(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.message().contains("more than 100000 entries"), "{error}");
    }
    let many_short_ones = format!("[{}]", vec!["[0,0,0,0]"; 100_000].join(","));
    assert!(checked_text(many_short_ones.as_bytes()).is_ok(), "each list is counted by itself");
    assert!(checked_text(format!("[\"{}\"]", ",".repeat(200_000)).as_bytes()).is_ok());
}

#[test]
fn r16_the_message_is_cut_after_secrets_are_blotted_out() {
    let redactor = Redactor::default();
    redactor.learn(&secrecy::SecretString::from("hunter22"));
    let body = format!("{{\"message\":\"{}hunter22\"}}", "x".repeat(295));
    let message = error_message(body.as_bytes(), &redactor).unwrap();
    assert!(message.ends_with("x[reda…"), "{message}");
}

proptest! {
    #[test]
    fn j04_depth_is_counted_whatever_texts_hold(
        texts in proptest::collection::vec("[a\"\\\\\\[\\]{},é]{0,12}", 0..6),
        depth in 95_usize..106,
    ) {
        let texts = serde_json::to_string(&texts).unwrap();
        // The list of the texts is one level itself.
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        for body in [format!("{open}{texts}{close}"), format!("{{\"a\":{texts},\"b\":{open}{close}}}")] {
            prop_assert_eq!(checked_text(body.as_bytes()).is_ok(), depth <= 100, "{}", body);
        }
    }

    #[test]
    fn r16_any_body_gives_one_bounded_clean_line(
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "<[a-zA-Z<>/ ]{0,40}(<title>)?[ -~\u{0}-\u{200f}]{0,400}(</title>)?".prop_map(String::into_bytes),
            "\\{\"(message|errors|error|messages|title)\":[\\[\\]{}\":a-z0-9,\u{1b}]{0,60}\\}".prop_map(String::into_bytes),
            any::<String>().prop_map(|text| serde_json::json!({"errors": [{"detail": text}]}).to_string().into_bytes()),
            any::<String>().prop_map(|text| serde_json::json!({"messages": {"a": {"b": [text]}}}).to_string().into_bytes()),
        ],
    ) {
        if let Some(message) = error_message(&body, &Redactor::default()) {
            prop_assert!(message.chars().all(|character| !cspm_core::is_hostile(character)), "{message:?}");
            // 300 characters, of which each may have become an escape such as `\u{10ffff}`.
            prop_assert!(message.chars().count() <= 300 * 10 + 40);
        }
    }

    #[test]
    fn j03_no_text_makes_checking_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = checked_text(&body);
    }
}

#[test]
fn a_stack_trace_is_never_part_of_a_message() {
    let redactor = Redactor::default();
    let said = |body: &str| error_message(body.as_bytes(), &redactor);
    let trace = "Traceback (most recent call last):\n  File \"/srv/internal.py\", line 1";
    assert_eq!(said(trace), None);
    assert_eq!(said(&format!("it broke\n{trace}")).as_deref(), Some("it broke"));
    let quoted = serde_json::to_string(trace).unwrap();
    assert_eq!(said(&format!(r#"{{"error_message":{quoted}}}"#)), None);
    assert_eq!(complaint(&format!(r#"{{"data":null,"message":{quoted}}}"#)), None);
    assert_eq!(complaint(r#"{"data":null,"error":"it broke"}"#).as_deref(), Some("it broke"));
    assert_eq!(said(&format!(r#"{{"error_message":null,"traceback":{quoted}}}"#)), None);
    assert_eq!(said(&format!(r#"[{{"traceback":{quoted}}}]"#)), None);
    // Cut in the middle, where the text is no JSON any more.
    let long = format!(r#"{{"traceback":"{}","error_message":"no"}}"#, "internal.py ".repeat(3_000));
    assert_eq!(said(&long), None);
}
