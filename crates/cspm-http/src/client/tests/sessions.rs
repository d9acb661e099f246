//! Logging in through the pipeline: once for all, never twice with a password that was refused.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use http::{HeaderName, Method};
use secrecy::SecretString;

use super::super::*;
use super::script::*;
use crate::{Login, Safety, Session};

const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
const PASSWORD: &str = "correct horse battery";

struct Password(Client);

#[async_trait]
impl Login for Password {
    async fn log_in(&self) -> Result<SecretString> {
        let call = Call::new("log in", Method::POST, "/login", Safety::Write).json(PASSWORD)?.once();
        let answer = self.0.send(call).await?;
        Ok(answer.decode::<String>()?.into())
    }

    fn secrets(&self) -> Vec<SecretString> {
        vec![PASSWORD.into()]
    }
}

fn session(bare: &Client) -> Client {
    bare.with_authenticator(Arc::new(Session::new(Arc::new(Password(bare.clone())), TOKEN)))
}

/// A server that ends each session after so many requests, and may give the same token again.
struct Vendor {
    lifetime: u32,
    name: fn(u32) -> String,
    state: Mutex<(u32, u32)>,
}

impl Vendor {
    fn reply(&self, seen: &Seen) -> Reply {
        let mut state = self.state.lock().unwrap();
        if seen.uri.ends_with("/login") {
            assert!(seen.headers.get(&TOKEN).is_none(), "no old token with a log-in");
            *state = (state.0 + 1, self.lifetime);
            return with_body(200, format!("\"{}\"", (self.name)(state.0)));
        }
        let is_current = seen.headers.get(&TOKEN).is_some_and(|token| *token == (self.name)(state.0));
        if !is_current || state.1 == 0 {
            return status(401);
        }
        state.1 -= 1;
        status(200)
    }
}

fn vendor(lifetime: u32, name: fn(u32) -> String) -> Arc<Script> {
    let vendor = Vendor { lifetime, name, state: Mutex::default() };
    Script::slow(Duration::from_millis(10), move |_, seen| vendor.reply(seen))
}

fn numbered(number: u32) -> String {
    format!("token-{number}")
}

fn logins(script: &Script) -> usize {
    script.paths().iter().filter(|path| path.ends_with("/login")).count()
}

#[tokio::test(start_paused = true)]
async fn a07_many_tasks_meet_the_end_of_a_session_and_renew_it_once() {
    // The session ends after the first 100 requests, in the middle of the second wave.
    let script = vendor(100, numbered);
    let client = session(&client(&script));
    for _ in 0..2 {
        assert!(send_many(&client, 64).await.iter().all(Result::is_ok));
    }
    assert_eq!(logins(&script), 2);
    let seen = script.seen();
    assert_eq!(seen[0].body, format!("\"{PASSWORD}\""));
    let good = seen.iter().filter(|seen| !seen.uri.ends_with("/login")).count();
    assert!(good <= 128 + 64, "each task is refused at most once: {good}");
}

#[tokio::test(start_paused = true)]
async fn a07_with_one_permit_nothing_waits_for_itself() {
    let script = vendor(3, numbered);
    let settings = Settings { side_by_side: 1, ..Settings::default() };
    let client = session(&client_with(&script, settings, 0));
    assert!(send_many(&client, 9).await.iter().filter(|result| result.is_ok()).count() >= 3);
    assert_eq!(script.most_in_flight(), 1);
}

#[tokio::test(start_paused = true)]
async fn a06_a_vendor_that_gives_the_same_token_again_is_understood() {
    let script = vendor(2, |_| "the-same-token".to_owned());
    let client = session(&client(&script));
    for _ in 0..5 {
        client.send(read()).await.unwrap();
    }
    assert_eq!(logins(&script), 3);
}

#[tokio::test(start_paused = true)]
async fn a10_short_sessions_make_progress_until_the_bound() {
    let script = vendor(3, numbered);
    let client = session(&client(&script));
    for call in 0..1000 {
        let Err(error) = client.send(read()).await else { continue };
        assert_eq!(call, 300, "a hundred sessions of three requests each");
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(error.message().contains("100 sessions"), "{error}");
        break;
    }
    let requests = script.count();
    client.send(read()).await.unwrap_err();
    assert_eq!((logins(&script), script.count()), (100, requests));
}

#[tokio::test(start_paused = true)]
async fn a05_a08_a_refused_log_in_is_told_to_all_and_never_repeated() {
    for code in [401, 500, 403, 503] {
        let script = Script::slow(Duration::from_millis(10), move |_, _| {
            with_body(code, r#"{"error_message":"no such user, you sent correct horse battery"}"#)
        });
        let client = session(&client_with(&script, Settings::default(), 3));
        let errors = send_many(&client, 64).await;
        let errors = errors.into_iter().chain([client.send(read()).await]).map(|result| result.unwrap_err());
        for error in errors {
            assert_eq!(error.status(), Some(code));
            assert!(error.message().contains("no such user, you sent [redacted]"), "{error:?}");
        }
        assert_eq!(script.paths(), ["/v1/login"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a08_a_renewal_that_fails_ends_every_task() {
    let dead = Arc::new(AtomicU32::new(0));
    let script = Script::slow(Duration::from_millis(10), move |_, seen| {
        let is_login = seen.uri.ends_with("/login");
        let before = dead.fetch_add(u32::from(is_login), Ordering::Relaxed);
        match (is_login, before) {
            (true, 0) => with_body(200, "\"token-1\""),
            _ => status(401),
        }
    });
    let client = session(&client(&script));
    let results = send_many(&client, 64).await;
    assert!(
        results.iter().all(|result| result.as_ref().is_err_and(|e| e.kind() == ErrorKind::Authentication))
    );
    assert_eq!(logins(&script), 2);
}

#[tokio::test(start_paused = true)]
async fn a09_renewed_and_still_refused_stops() {
    let script = Script::new(|number, seen| {
        if seen.uri.ends_with("/login") { with_body(200, format!("\"token-{number}\"")) } else { status(401) }
    });
    let error = session(&client(&script)).send(read()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Authentication, 2));
    assert_eq!(script.paths(), ["/v1/login", "/v1/things", "/v1/login", "/v1/things"]);
}

#[tokio::test(start_paused = true)]
async fn a05_a_call_for_once_is_not_sent_again_by_a_renewal_either() {
    let script = vendor(0, numbered);
    let error = session(&client(&script)).send(read().once()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Authentication, 1));
    assert_eq!(script.paths(), ["/v1/login", "/v1/things"]);
}

#[tokio::test(start_paused = true)]
async fn a01_a_key_that_is_refused_costs_one_request() {
    let script = Script::new(|_, _| status(401));
    let key = crate::KeyHeader::new(TOKEN, "ApiKey ", "abcdef".into()).unwrap();
    let error = client(&script).with_authenticator(Arc::new(key)).send(read()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), script.count()), (ErrorKind::Authentication, 1, 1));
    let sent = &script.seen()[0].headers[TOKEN];
    assert!(sent == "ApiKey abcdef" && sent.is_sensitive());
}

#[tokio::test(start_paused = true)]
async fn r20_a_cancelled_log_in_is_over_unless_others_wait_for_it() {
    let script = Script::slow(Duration::from_secs(10), |_, seen| {
        if seen.uri.ends_with("/login") { with_body(200, "\"token-1\"") } else { status(200) }
    });
    let client = session(&client(&script));
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.send(read()).await }
    });
    let second = tokio::spawn({
        let client = client.clone();
        async move { client.send(read()).await }
    });
    tokio::time::sleep(Duration::from_secs(5)).await;
    first.abort();
    second.await.unwrap().unwrap();
    assert_eq!(script.paths(), ["/v1/login", "/v1/things"], "the second task had the log-in of the first");

    let script = Script::slow(Duration::from_secs(10), |_, _| with_body(200, "\"token-1\""));
    let bare = super::script::client(&script);
    let cut = tokio::time::timeout(Duration::from_secs(5), session(&bare).send(read())).await;
    assert!(cut.is_err());
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!((script.count(), bare.meter().read().in_flight), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_no_header_may_hold_is_the_vendors_mistake() {
    let script = Script::new(|_, _| with_body(200, r#""token\r\nevil: 1""#));
    let error = session(&client(&script)).send(read()).await.unwrap_err();
    assert_eq!((error.kind(), error.owner()), (ErrorKind::Protocol, cspm_core::Owner::Vendor));
    assert!(!error.to_string().contains("evil"));
}

#[tokio::test(start_paused = true)]
async fn s16_a_credential_that_no_header_may_hold_is_refused_unseen() {
    for bad in ["", "line\nbreak", "carriage\rreturn", "nul\0", "ümlaut", "tab\there", "del\x7f"] {
        let error = crate::KeyHeader::new(TOKEN, "ApiKey ", bad.into()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(bad.is_empty() || !format!("{error} {error:?}").contains(bad));
    }
    assert!(crate::KeyHeader::new(TOKEN, "ApiKey ", "fine key:+/=~".into()).is_ok());
}
