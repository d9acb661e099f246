//! Who is calling: one key in one header (section 2.3). Schemes are never tried in turn: repeated refusals look like an
//! attack.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cspm_core::http::{HeaderMap, header};
use cspm_core::secrecy::{ExposeSecret, SecretString};
use cspm_core::{Authenticator, Generation, Renewal, Result, async_trait};
use cspm_http::KeyHeader;

use crate::config::AuthScheme;

/// The authenticator of a scheme.
pub(crate) fn authenticator(scheme: AuthScheme, key: &SecretString) -> Result<Arc<dyn Authenticator>> {
    let key = SecretString::from(key.expose_secret().trim());
    Ok(match scheme {
        AuthScheme::Header { name, prefix } => Arc::new(KeyHeader::new(name, &prefix, key)?),
        AuthScheme::Bearer => Arc::new(KeyHeader::new(header::AUTHORIZATION, "Bearer ", key)?),
        AuthScheme::BasicUser => Arc::new(BasicUser::new(key)?),
    })
}

/// The key as a user name without a password. Both its forms are secrets.
struct BasicUser {
    header: KeyHeader,
    key: SecretString,
}

impl BasicUser {
    fn new(key: SecretString) -> Result<Self> {
        // A key that no header may hold would be hidden by the encoding; it is refused here as everywhere.
        KeyHeader::new(header::AUTHORIZATION, "", key.clone())?;
        let user = SecretString::from(STANDARD.encode(format!("{}:", key.expose_secret())));
        Ok(Self { header: KeyHeader::new(header::AUTHORIZATION, "Basic ", user)?, key })
    }
}

#[async_trait]
impl Authenticator for BasicUser {
    async fn authorize(&self, headers: &mut HeaderMap) -> Result<Generation> {
        self.header.authorize(headers).await
    }

    async fn renew(&self, rejected: Generation) -> Result<Renewal> {
        self.header.renew(rejected).await
    }

    fn secrets(&self) -> Vec<SecretString> {
        let mut secrets = self.header.secrets();
        secrets.push(self.key.clone());
        secrets
    }
}
