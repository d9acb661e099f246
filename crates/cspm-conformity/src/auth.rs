//! Proving who is calling: one header, `Authorization: ApiKey <key>`, legacy and Cloud One alike (section 2.2).

use std::sync::Arc;

use cspm_core::http::header::AUTHORIZATION;
use cspm_core::secrecy::SecretString;
use cspm_core::{Authenticator, Result};
use cspm_http::KeyHeader;

/// The key is sent as it is: some have two parts, which mean nothing here.
///
/// # Errors
/// Kind `config` if no header can hold the key.
pub(crate) fn authenticator(api_key: SecretString) -> Result<Arc<dyn Authenticator>> {
    Ok(Arc::new(KeyHeader::new(AUTHORIZATION, "ApiKey ", api_key)?))
}
