//! Credentials: who is refused, why, and how often that is tried.

use cspm_core::{AccountQuery, Cursor, ErrorKind, FindingQuery, Owner, Scope};
use serde_json::json;

use super::*;

fn password() -> Credential {
    Credential::Password { username: "ops".to_owned(), password: SecretString::from("hunter2-hunter2") }
}

#[tokio::test]
async fn a01_a_wrong_key_is_told_apart_by_one_harmless_read() {
    let installation = Installation::new(|_| (403, String::new()));
    let read = findings(&connect(&installation), FindingQuery::default()).await;
    let error = read.error.clone().or_else(|| read.shortfall().cloned()).unwrap();
    assert_eq!(
        (error.kind(), error.owner(), error.status()),
        (ErrorKind::Authentication, Owner::Customer, Some(403))
    );
    assert!(error.to_string().contains("API key"), "{error}");
    assert!(!format!("{error:?}").contains("key-one_2"));
    assert_eq!(installation.lines(), [CLOUDS, WHO]);
}

#[tokio::test]
async fn a02_a_missing_right_is_named_and_asked_about_once() {
    let installation = with_catalogues(|asked| match asked.what.as_str() {
        WHO => (200, r#"{"user_id": 7}"#.to_owned()),
        _ => (403, String::new()),
    });
    let vendor = connect(&installation);
    for rule in ["custom:5", "backoffice:5"] {
        let query = FindingQuery { rules: vec![rule.to_owned()], ..FindingQuery::default() };
        let read = findings(&vendor, query).await;
        let error = read.shortfall().unwrap();
        assert_eq!(error.kind(), ErrorKind::Permission);
        assert!(error.to_string().contains("may view the clouds"), "{error}");
    }
    assert_eq!(installation.asked(WHO).len(), 2, "once for each sort of request, and remembered");
}

#[tokio::test]
async fn a_body_that_speaks_of_rights_needs_no_probe_and_boilerplate_does() {
    let speaking = r#"{"error_message":"User lacks the view permission","traceback":"File x.py"}"#;
    let boilerplate = r#"{"message":"You don't have the permission to access the requested resource."}"#;
    for (body, probes, kind) in
        [(speaking, 0, ErrorKind::Permission), (boilerplate, 1, ErrorKind::Authentication)]
    {
        let installation = Installation::new(move |_| (403, body.to_owned()));
        let query = FindingQuery { accounts: vec!["3".into()], ..FindingQuery::default() };
        let error = findings(&connect(&installation), query).await.error.unwrap();
        assert_eq!(error.kind(), kind);
        assert!(!error.to_string().contains("x.py"), "{error}");
        assert_eq!(installation.asked(WHO).len(), probes);
    }
}

#[tokio::test]
async fn a05_a_refused_log_in_is_never_tried_again() {
    for (status, body, word) in [
        (401, "", "unknown user name"),
        (500, r#"{"error_message":"x","traceback":"y"}"#, "wrong password"),
        (200, r#"{"error_message":"locked"}"#, "locked"),
        (200, r#"{"user_id":7}"#, "second factor"),
    ] {
        let installation = Installation::new(move |_| (status, body.to_owned()));
        let vendor = connect_as(&installation, password());
        for _ in 0..2 {
            let read = findings(&vendor, FindingQuery::default()).await;
            let error = read.error.unwrap();
            assert_eq!(
                (error.kind(), error.owner()),
                (ErrorKind::Authentication, Owner::Customer),
                "{status}"
            );
            assert!(error.to_string().contains(word), "{error}");
            assert!(!error.is_temporary());
            assert!(!format!("{error:?}").contains("hunter2"));
        }
        assert_eq!(installation.lines(), [LOGIN], "{status}");
    }
}

#[tokio::test]
async fn a06_an_ended_session_is_renewed_once_and_the_request_sent_again() {
    let logins = std::sync::atomic::AtomicU64::new(0);
    let installation = Installation::new(move |asked| match asked.what.as_str() {
        LOGIN => {
            assert_eq!(asked.body, json!({"username": "ops", "password": "hunter2-hunter2"}));
            assert!(!asked.headers.contains_key("x-auth-token"), "nobody is logged in yet");
            let number = logins.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            (200, json!({"session_id": format!("session-{number}"), "session_timeout": 720}).to_string())
        }
        CLOUDS => (200, clouds()),
        INSIGHTS => (200, insights()),
        PACKS => (200, packs()),
        _ if asked.headers["x-auth-token"] == "session-0" => (401, String::new()),
        _ => (200, page(&[], 0)),
    });
    let vendor = connect_as(&installation, password());
    let read = findings(&vendor, FindingQuery::default()).await;
    assert!(read.shortfall().is_none(), "{:?}", read.shortfall());
    assert_eq!(installation.asked(LOGIN).len(), 2, "A07: one renewal for all");
    let asked = installation.log();
    assert!(asked.iter().all(|asked| !asked.headers.contains_key("api-key")), "A12: never both");
    assert!(
        asked.iter().all(|asked| asked.headers.get("x-auth-token").is_none_or(|token| !token.is_empty()))
    );
}

#[tokio::test]
async fn r05_a_bare_500_is_repeated_once_within_a_step() {
    let installation = Installation::new(|_| (500, r#"{"error_message":"bad input"}"#.to_owned()));
    let vendor = connect(&installation);
    let step = vendor.accounts().step(&AccountQuery::default(), &Scope::default(), &Cursor::Start).await;
    let error = step.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 2));
    assert_eq!(installation.lines(), [CLOUDS, CLOUDS]);
}

#[tokio::test]
async fn a_place_that_is_gone_is_no_wrong_address() {
    for (status, is_address) in [(404, true), (410, false)] {
        let installation = with_catalogues(move |_| (status, String::new()));
        let read = findings(&connect(&installation), FindingQuery::default()).await;
        let error = read.shortfall().unwrap();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.to_string().contains("base_url"), is_address, "{error}");
    }
}

#[tokio::test]
async fn the_doctor_reads_a_little_of_everything_and_names_what_is_missing() {
    let installation = with_catalogues(|asked| match asked.what.as_str() {
        WHO => (200, r#"{"user_id": 7}"#.to_owned()),
        what if what.starts_with(EXEMPTIONS) => {
            (403, r#"{"error_message":"needs an entitlement"}"#.to_owned())
        }
        what if what.starts_with(INSIGHTS) => (200, "[]".to_owned()),
        _ => (200, page(&[], 0)),
    });
    let rows = connect(&installation).diagnose().await;
    let seen: Vec<(&str, bool)> = rows.iter().map(|row| (row.check, row.ok)).collect();
    assert_eq!(
        seen,
        [
            ("address", true),
            ("credential", true),
            ("list clouds", true),
            ("list insights", true),
            ("list packs", true),
            ("query resources", true),
            ("list exemptions", false),
        ]
    );
    let missing = rows.last().unwrap();
    assert_eq!(missing.owner, Some(Owner::Customer));
    assert!(missing.remedy.as_deref().unwrap().contains("exemptions"));
    assert_eq!(installation.asked(EXEMPTIONS)[0].what, format!("{EXEMPTIONS}?page=1&page_size=1"));
    assert_eq!(installation.asked(QUERY)[0].body["limit"], 1);

    let installation = Installation::new(|_| (403, String::new()));
    let rows = connect(&installation).diagnose().await;
    let seen: Vec<(&str, bool)> = rows.iter().map(|row| (row.check, row.ok)).collect();
    assert_eq!(seen, [("address", true), ("credential", false)]);
    assert_eq!(installation.lines(), [WHO, DETAILS], "a refused credential is tried on these two only");
}

#[tokio::test]
async fn an_unreachable_address_is_the_only_thing_wrong_with_it() {
    struct Nowhere;
    #[async_trait]
    impl Exchange for Nowhere {
        async fn exchange(&self, _: Request<Bytes>, _: u64) -> Result<Response<Bytes>, Broken> {
            let message = "certificate expired".to_owned();
            Err(Broken { kind: cspm_http::BrokenKind::Tls, sent: false, message })
        }
    }
    let vendor = InsightCloudSec::connect_through(config(key()), Arc::new(Nowhere)).unwrap();
    let rows = cspm_core::Vendor::diagnose(&vendor).await;
    assert_eq!(rows.iter().map(|row| (row.check, row.ok)).collect::<Vec<_>>(), [("tls", false)]);
}

#[tokio::test]
async fn the_doctor_does_not_depend_on_the_user_info_alone() {
    for status in [403, 404, 500] {
        let installation = with_catalogues(move |asked| match asked.what.as_str() {
            WHO => (status, String::new()),
            DETAILS => (200, r#"{"organizations": []}"#.to_owned()),
            what if what.starts_with(INSIGHTS) => (200, "[]".to_owned()),
            _ => (200, page(&[], 0)),
        });
        let rows = connect(&installation).diagnose().await;
        assert!(rows.iter().all(|row| row.ok), "{status}: {rows:?}");
    }
    for (status, owner, remedy) in [(404, Owner::Customer, "base_url"), (500, Owner::Vendor, "later")] {
        let installation = Installation::new(move |_| (status, String::new()));
        let rows = connect(&installation).diagnose().await;
        let ill = rows.iter().find(|row| !row.ok).unwrap();
        assert_eq!((ill.check, ill.owner), ("credential", Some(owner)));
        assert!(ill.remedy.as_deref().unwrap().contains(remedy), "{ill:?}");
    }
}

#[tokio::test]
async fn a_failed_log_in_is_called_by_its_own_name() {
    let installation = Installation::new(|_| (401, String::new()));
    let vendor = connect_as(&installation, password());
    let error = findings(&vendor, FindingQuery::default()).await.error.unwrap();
    assert_eq!(error.operation(), Some("log in"), "{error}");
}

#[tokio::test]
async fn a_session_that_is_no_good_from_the_start_leads_to_an_api_key() {
    for status in [401, 403] {
        let installation = Installation::new(move |asked| match asked.what.as_str() {
            LOGIN => (200, json!({"session_id": "half"}).to_string()),
            _ => (status, String::new()),
        });
        let error =
            findings(&connect_as(&installation, password()), FindingQuery::default()).await.error.unwrap();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(error.to_string().contains("second factor"), "{error}");
    }
}

#[tokio::test]
async fn every_request_says_that_it_is_json_reads_included() {
    // Marked as required on nearly every operation (2.4).
    let installation = with_catalogues(|_| (200, page(&[], 0)));
    findings(&connect(&installation), FindingQuery::default()).await;
    for asked in installation.log() {
        assert_eq!(asked.headers["content-type"], "application/json", "{}", asked.what);
    }
    assert!(installation.lines().iter().any(|line| line.starts_with("GET ")));
}
