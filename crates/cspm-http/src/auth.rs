//! The two ways to prove who is calling: a fixed header, and a session that is logged in to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use cspm_core::{Authenticator, Error, ErrorKind, Generation, Renewal, Result};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

/// One header that never changes: `Authorization: ApiKey …`, `x-api-key: …`.
pub struct KeyHeader {
    name: HeaderName,
    value: HeaderValue,
    key: SecretString,
}

impl KeyHeader {
    /// The header's value is `prefix` followed by the key as it is.
    ///
    /// # Errors
    /// Kind `config` if the key is empty or holds a character that no header may hold (it is not shown), or if the header
    /// [cannot carry a key](can_carry_key).
    pub fn new(name: HeaderName, prefix: &str, key: SecretString) -> Result<Self> {
        if !can_carry_key(name.as_str()) {
            let message = format!("the header {name} belongs to HTTP itself and cannot carry a key");
            return Err(Error::new(ErrorKind::Config, message));
        }
        let value = header_value(prefix, &key)?;
        Ok(Self { name, value, key })
    }
}

/// Headers that say how a request is to be read and passed on (RFC 9110, 9112), or that others than the vendor read.
const NOT_FOR_KEYS: [&str; 24] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "origin",
    "range",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
];

/// Whether a header may carry a key. One that frames the request or is read on the way (by a proxy: `proxy-…`) may not:
/// the request would break, or the key end up with somebody else.
#[must_use]
pub fn can_carry_key(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    !NOT_FOR_KEYS.contains(&header.as_str()) && !header.starts_with("proxy-")
}

#[async_trait]
impl Authenticator for KeyHeader {
    async fn authorize(&self, headers: &mut HeaderMap) -> Result<Generation> {
        headers.insert(self.name.clone(), self.value.clone());
        Ok(Generation(0))
    }

    async fn renew(&self, _rejected: Generation) -> Result<Renewal> {
        Ok(Renewal::Final)
    }

    fn secrets(&self) -> Vec<SecretString> {
        vec![self.key.clone()]
    }
}

fn header_value(prefix: &str, secret: &SecretString) -> Result<HeaderValue> {
    let secret = secret.expose_secret();
    if secret.is_empty() {
        return Err(Error::new(ErrorKind::Config, "the credential is empty"));
    }
    let visible = secret.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    let value = HeaderValue::from_str(&format!("{prefix}{secret}")).ok().filter(|_| visible);
    let mut value = value.ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            "the credential holds a character that no HTTP header may hold (a line break?)",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// How to get a session's token.
#[async_trait]
pub trait Login: Send + Sync {
    /// Logs in once. Called by one task at a time.
    ///
    /// # Errors
    /// Why it did not work; it is never called again then.
    async fn log_in(&self) -> Result<SecretString>;

    /// The secrets that logging in sends.
    fn secrets(&self) -> Vec<SecretString>;
}

/// A session: logged in to on first use, renewed when the vendor says it is over, once for all tasks. A failed log-in is
/// never repeated (repeats lock the account): its error is told to every later request.
///
/// A task that is cancelled does not cut off the log-in that others wait for; the last one to go takes it along.
pub struct Session {
    login: Arc<dyn Login>,
    header: HeaderName,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// The log-in under way, which lives as long as somebody waits for it.
    entering: Option<WeakShared<BoxFuture<'static, Result<Token>>>>,
    logins: u64,
    failed: Option<Error>,
}

#[derive(Clone)]
struct Token {
    generation: Generation,
    value: HeaderValue,
    secret: SecretString,
}

/// Log-ins that one connection makes at the most; a vendor that ends sessions after a few requests is not worth more.
const MOST_LOGINS: u64 = 100;

impl Session {
    /// A session that is not logged in to yet. The token is sent in `header`.
    pub fn new(login: Arc<dyn Login>, header: HeaderName) -> Self {
        Self { login, header, state: Arc::default() }
    }

    /// The present token, if it is newer than a rejected one; else that of a new log-in.
    async fn enter(&self, rejected: Option<Generation>) -> Result<Token> {
        let entering = {
            let mut state = lock(&self.state);
            if let Some(error) = &state.failed {
                return Err(error.clone());
            }
            let is_fresh = |token: &&Token| rejected.is_none_or(|old| token.generation > old);
            if let Some(token) = state.token.as_ref().filter(is_fresh) {
                return Ok(token.clone());
            }
            // Nobody else is to try the rejected one.
            state.token = None;
            match state.entering.as_ref().and_then(WeakShared::upgrade) {
                Some(entering) => entering,
                None => self.begin(&mut state)?,
            }
        };
        entering.await
    }

    fn begin(&self, state: &mut State) -> Result<Shared<BoxFuture<'static, Result<Token>>>> {
        if state.logins >= MOST_LOGINS {
            let message =
                format!("the vendor ended {MOST_LOGINS} sessions of this run; giving up logging in");
            return Err(Error::new(ErrorKind::Authentication, message));
        }
        state.logins += 1;
        let generation = Generation(state.logins);
        let (login, shared) = (self.login.clone(), self.state.clone());
        let entering = async move {
            let entered = login.log_in().await.and_then(|secret| {
                let value = header_value("", &secret).map_err(|_| {
                    Error::new(ErrorKind::Protocol, "the log-in brought a token that no HTTP header may hold")
                })?;
                Ok(Token { generation, value, secret })
            });
            let mut state = lock(&shared);
            state.entering = None;
            match &entered {
                Ok(token) => state.token = Some(token.clone()),
                Err(error) => state.failed = Some(error.clone()),
            }
            entered
        };
        let entering = entering.boxed().shared();
        state.entering = entering.downgrade();
        Ok(entering)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Authenticator for Session {
    async fn authorize(&self, headers: &mut HeaderMap) -> Result<Generation> {
        let token = self.enter(None).await?;
        headers.insert(self.header.clone(), token.value);
        Ok(token.generation)
    }

    async fn renew(&self, rejected: Generation) -> Result<Renewal> {
        self.enter(Some(rejected)).await.map(|_| Renewal::Renewed)
    }

    fn secrets(&self) -> Vec<SecretString> {
        let token = lock(&self.state).token.as_ref().map(|token| token.secret.clone());
        self.login.secrets().into_iter().chain(token).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Log-ins that end when the test says so.
    #[derive(Default)]
    struct Door {
        knocks: Mutex<u64>,
        open: tokio::sync::Notify,
    }

    #[async_trait]
    impl Login for Door {
        async fn log_in(&self) -> Result<SecretString> {
            let knock = {
                let mut knocks = self.knocks.lock().unwrap();
                *knocks += 1;
                *knocks
            };
            self.open.notified().await;
            Ok(format!("token-{knock}").into())
        }

        fn secrets(&self) -> Vec<SecretString> {
            Vec::new()
        }
    }

    #[test]
    fn a_key_travels_in_no_header_of_http_itself() {
        let new = |name: &str| KeyHeader::new(name.parse().unwrap(), "", SecretString::from("key"));
        for name in
            ["host", "Content-Length", "cookie", "Transfer-Encoding", "proxy-authorization", "connection"]
        {
            let error = new(name).err().expect(name);
            assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        }
        for name in ["x-api-key", "authorization", "x-api-token", "api-key"] {
            assert!(new(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a09_a_rejected_token_is_not_given_out_again_while_a_slow_task_still_looks_at_its_log_in() {
        let door = Arc::new(Door::default());
        let session = Session::new(door.clone(), HeaderName::from_static("x-auth-token"));
        let cx = &mut Context::from_waker(Waker::noop());
        let mut quick = pin!(session.enter(None));
        let mut slow = pin!(session.enter(None));
        assert!(quick.as_mut().poll(cx).is_pending() && slow.as_mut().poll(cx).is_pending());
        door.open.notify_one();
        let Poll::Ready(Ok(first)) = quick.poll(cx) else { panic!("the log-in has ended") };
        let mut renewed = pin!(session.enter(Some(first.generation)));
        assert!(renewed.as_mut().poll(cx).is_pending(), "a new log-in is under way");
        door.open.notify_one();
        let Poll::Ready(Ok(second)) = renewed.poll(cx) else { panic!("the log-in has ended") };
        assert!(second.generation > first.generation && second.value == "token-2");
        // A late rejection of the old one changes nothing.
        let Poll::Ready(Ok(late)) = pin!(session.enter(Some(first.generation))).poll(cx) else {
            panic!("no wait")
        };
        assert_eq!(late.generation, second.generation);
        assert_eq!(*door.knocks.lock().unwrap(), 2);
        let Poll::Ready(Ok(_)) = slow.poll(cx) else { panic!("the slow one has its token") };
    }
}
