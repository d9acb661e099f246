//! Who is calling: an API key, or a log-in with user name and password (sections 2.2 and 2.3).

use std::sync::Arc;

use cspm_core::adapter::Text;
use cspm_core::http::{HeaderName, Method};
use cspm_core::secrecy::{ExposeSecret, SecretString};
use cspm_core::{Authenticator, Error, ErrorKind, Result, async_trait, clean_text};
use cspm_http::{Answer, Call, Client, KeyHeader, Login, Safety, Session};
use serde::{Deserialize, Serialize};

use crate::config::Credential;
use crate::wire::parse;

/// Not `X-Api-Key`, which is another product's (22.1, row 10).
const KEY: HeaderName = HeaderName::from_static("api-key");
pub(crate) const LOG_IN: &str = "log in";
const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// The same client, calling in the credential's name. Exactly one of the two headers is sent.
pub(crate) fn authenticated(bare: &Client, credential: Credential) -> Result<Client> {
    let authenticator: Arc<dyn Authenticator> = match credential {
        Credential::ApiKey(key) => Arc::new(KeyHeader::new(KEY, "", key)?),
        Credential::Password { username, password } => {
            let login = Password { client: bare.clone(), username, password };
            Arc::new(Session::new(Arc::new(login), TOKEN))
        }
    };
    Ok(bare.with_authenticator(authenticator))
}

/// Logs in with a password. Once only, whatever the answer: failures in a row lock the account (2.3.2).
struct Password {
    client: Client,
    username: String,
    password: SecretString,
}

#[derive(Serialize)]
struct Credentials<'a> {
    username: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct Entered<'a> {
    #[serde(borrow, default)]
    session_id: Text<'a>,
    #[serde(borrow, default)]
    error_message: Text<'a>,
}

#[async_trait]
impl Login for Password {
    async fn log_in(&self) -> Result<SecretString> {
        let credentials = Credentials { username: &self.username, password: self.password.expose_secret() };
        let call = Call::new(LOG_IN, Method::POST, "/v2/public/user/login", Safety::Write)
            .json(&credentials)?
            .once();
        let answer = self.client.send(call).await.map_err(|error| explain(&error))?;
        token(&answer)
    }

    fn secrets(&self) -> Vec<SecretString> {
        vec![self.password.clone()]
    }
}

fn token(answer: &Answer) -> Result<SecretString> {
    let text = answer.text()?;
    let entered: Entered<'_> = parse(text).map_err(|error| error.with_operation(LOG_IN))?;
    if let Some(message) = entered.error_message.get() {
        return Err(refused(&format!("the log-in was refused: {}", clean_text(message, 200)), answer.status));
    }
    entered.session_id.owned().map(SecretString::from).ok_or_else(|| {
        refused(
            "the log-in brought no session; users with a second factor or single sign-on need an API key",
            answer.status,
        )
    })
}

/// 401 is an unknown or locked user, 500 a wrong password (observed: 2.3.2); the owner is the customer each time.
fn explain(error: &Error) -> Error {
    let message = match error.status() {
        Some(401) => "the log-in was refused: unknown user name, or a locked account",
        Some(500) => "the log-in was refused: most likely a wrong password (this vendor answers 500 to it)",
        Some(400 | 403) => "the log-in was refused; users with single sign-on need an API key",
        _ => return error.clone(),
    };
    refused(message, error.status().unwrap_or_default())
}

fn refused(message: &str, status: u16) -> Error {
    Error::new(ErrorKind::Authentication, message)
        .with_operation(LOG_IN)
        .with_status(status)
        .with_hint("it is not tried again, because repeats lock the account")
}
