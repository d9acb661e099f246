//! What a server says of an error.

use std::sync::Arc;

use bytes::Bytes;
use cspm_core::secrecy::SecretString;
use cspm_core::{Authenticator, Error};
use cspm_http::{BaseUrl, Call, Client, Dialect, KeyHeader};
use http::{HeaderMap, HeaderName, StatusCode};

use super::adapter::assert_sound;
use super::script::{Script, Scripted};
use super::{SECRET, timeless};
use crate::assert_absent;

/// An input is a byte that chooses the status, and the body.
pub fn error_body(bytes: &[u8]) {
    const STATUSES: [u16; 12] = [300, 302, 400, 401, 403, 404, 409, 410, 422, 451, 501, 511];
    let Some((first, body)) = bytes.split_first() else { return };
    let status = STATUSES[usize::from(*first) % STATUSES.len()];
    let status = StatusCode::from_u16(status).expect("a status");
    let answer = || Scripted { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body) };
    let script = Arc::new(Script::new([answer(), answer()]));
    let error = timeless(client(&script).send(Call::get("list things", "/things")))
        .expect_err("an error status is an error");
    assert_eq!(script.requests(), 1, "what will not pass is not repeated");
    assert_eq!(error.status(), Some(status.as_u16()));
    assert_eq!(error.operation(), Some("list things"));
    assert_told(&error);
}

/// An error is sound, short, and without the credential.
fn assert_told(error: &Error) {
    assert_sound(error);
    // Three hundred characters of the vendor's, each of which may be escaped, and some words of ours.
    assert!(error.to_string().len() < 300 * 10 + 500, "{error}");
    assert_absent(&[SECRET.to_owned()], "an error", &format!("{error} {error:?} {error:#?}"));
}

/// A client of the pipeline's own, as no particular vendor has it.
pub(super) fn client(script: &Arc<Script>) -> Client {
    let base = BaseUrl::parse(&format!("http://{}/v1", crate::lab::HOST)).expect("an address");
    let dialect = Dialect { vendor: "any", classify: |_, _| None, retries_on_500: 1, first_pace: 10.0 };
    let key = KeyHeader::new(HeaderName::from_static("x-api-key"), "", SecretString::from(SECRET));
    let key: Arc<dyn Authenticator> = Arc::new(key.expect("a key"));
    let client = Client::builder(base, dialect).exchange(script.clone()).authenticator(key).build();
    client.expect("a client")
}
