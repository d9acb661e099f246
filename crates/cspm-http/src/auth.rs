//! The two ways to prove who is calling: a fixed header, and a session that is logged in to.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use cspm_core::{Authenticator, Error, ErrorKind, Generation, Renewal, Result};
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
    /// Kind `config` if the key is empty or holds a character that no header may hold (it is not shown).
    pub fn new(name: HeaderName, prefix: &str, key: SecretString) -> Result<Self> {
        let value = header_value(prefix, &key)?;
        Ok(Self { name, value, key })
    }
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

/// A session: logged in to on first use, renewed when the vendor says it is over, by one task for all. A failed log-in is
/// never repeated (repeats lock the account): its error is told to every later request.
pub struct Session {
    login: Arc<dyn Login>,
    header: HeaderName,
    /// Held across the log-in, so that there is only one.
    entry: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<(Generation, HeaderValue, SecretString)>,
    logins: u64,
    failed: Option<Error>,
}

/// Log-ins that one connection makes at the most; a vendor that ends sessions after a few requests is not worth more.
const MOST_LOGINS: u64 = 100;

impl Session {
    /// A session that is not logged in to yet. The token is sent in `header`.
    pub fn new(login: Arc<dyn Login>, header: HeaderName) -> Self {
        Self { login, header, entry: tokio::sync::Mutex::default(), state: Mutex::default() }
    }

    fn with_state<R>(&self, look: impl FnOnce(&mut State) -> R) -> R {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The present token, if there is one newer than a rejected one.
    fn token_after(&self, rejected: Option<Generation>) -> Result<Option<(Generation, HeaderValue)>> {
        self.with_state(|state| {
            if let Some(error) = &state.failed {
                return Err(error.clone());
            }
            let fresh =
                state.token.as_ref().filter(|(generation, ..)| rejected.is_none_or(|old| *generation > old));
            Ok(fresh.map(|(generation, value, _)| (*generation, value.clone())))
        })
    }

    async fn enter(&self, rejected: Option<Generation>) -> Result<(Generation, HeaderValue)> {
        if let Some(token) = self.token_after(rejected)? {
            return Ok(token);
        }
        let _alone = self.entry.lock().await;
        if let Some(token) = self.token_after(rejected)? {
            return Ok(token);
        }
        if self.with_state(|state| state.logins) >= MOST_LOGINS {
            let message =
                format!("the vendor ended {MOST_LOGINS} sessions of this run; giving up logging in");
            return Err(Error::new(ErrorKind::Authentication, message));
        }
        let entered = match self.login.log_in().await {
            Ok(token) => header_value("", &token).map(|value| (value, token)),
            Err(error) => Err(error),
        };
        self.with_state(|state| match entered {
            Ok((value, token)) => {
                state.logins += 1;
                let generation = Generation(state.logins);
                state.token = Some((generation, value.clone(), token));
                Ok((generation, value))
            }
            Err(error) => {
                state.failed = Some(error.clone());
                Err(error)
            }
        })
    }
}

#[async_trait]
impl Authenticator for Session {
    async fn authorize(&self, headers: &mut HeaderMap) -> Result<Generation> {
        let (generation, value) = self.enter(None).await?;
        headers.insert(self.header.clone(), value);
        Ok(generation)
    }

    async fn renew(&self, rejected: Generation) -> Result<Renewal> {
        self.enter(Some(rejected)).await.map(|_| Renewal::Renewed)
    }

    fn secrets(&self) -> Vec<SecretString> {
        let token = self.with_state(|state| state.token.as_ref().map(|(.., token)| token.clone()));
        self.login.secrets().into_iter().chain(token).collect()
    }
}
