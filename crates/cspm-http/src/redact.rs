//! Blotting out own secrets in what a server sends back, before anything else looks at it.

use std::fmt::Write as _;
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use memchr::memmem;
use secrecy::{ExposeSecret, SecretString};

/// Shorter secrets are not looked for: blotting out every `a` would destroy data and hide nothing.
const SHORTEST: usize = 6;
const BLOT: &[u8] = b"[redacted]";

/// Every spelling of every secret that a connection may send: plain, base64 (four alphabets), percent-encoded, hex and
/// JSON-escaped.
#[derive(Default)]
pub(crate) struct Redactor {
    needles: RwLock<Vec<memmem::Finder<'static>>>,
}

impl Redactor {
    /// Adds a secret; one that is known already adds nothing.
    pub(crate) fn learn(&self, secret: &SecretString) {
        let plain = secret.expose_secret();
        if plain.len() < SHORTEST {
            return;
        }
        let mut needles = self.needles.write().unwrap_or_else(PoisonError::into_inner);
        if needles.iter().any(|needle| needle.needle() == plain.as_bytes()) {
            return;
        }
        for spelling in spellings(plain) {
            if needles.iter().all(|needle| needle.needle() != spelling.as_bytes()) {
                needles.push(memmem::Finder::new(&spelling).into_owned());
            }
        }
    }

    /// The bytes with every secret replaced by `[redacted]`; without a copy if there is none in them.
    pub(crate) fn clean(&self, bytes: Bytes) -> Bytes {
        let needles = self.needles.read().unwrap_or_else(PoisonError::into_inner);
        if needles.iter().all(|needle| needle.find(&bytes).is_none()) {
            return bytes;
        }
        let mut clean = bytes.to_vec();
        for needle in needles.iter() {
            let mut result = Vec::with_capacity(clean.len());
            let mut from = 0;
            for at in needle.find_iter(&clean) {
                result.extend_from_slice(clean.get(from..at).unwrap_or_default());
                result.extend_from_slice(BLOT);
                from = at + needle.needle().len();
            }
            result.extend_from_slice(clean.get(from..).unwrap_or_default());
            clean = result;
        }
        clean.into()
    }

    /// As [`clean`](Self::clean), for text.
    pub(crate) fn clean_text(&self, text: &str) -> String {
        let clean = self.clean(Bytes::copy_from_slice(text.as_bytes()));
        String::from_utf8_lossy(&clean).into_owned()
    }
}

fn spellings(plain: &str) -> Vec<String> {
    let bytes = plain.as_bytes();
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let percent = crate::encode(plain);
    let json = serde_json::to_string(plain).unwrap_or_default();
    let json = json.trim_matches('"').to_owned();
    let slashes = json.replace('/', "\\/");
    let mut spellings = vec![plain.to_owned(), percent.to_lowercase(), percent, json, slashes];
    spellings.extend([hex.to_uppercase(), hex]);
    spellings.extend(
        [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].map(|alphabet| alphabet.encode(bytes)),
    );
    // The longest first, so that a spelling inside another does not leave a rest.
    spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s07_every_spelling_is_blotted_out() {
        let redactor = Redactor::default();
        let secret = "k%y@/with\"odd+chars";
        redactor.learn(&SecretString::from(secret));
        for spelling in spellings(secret) {
            let text = format!("{{\"echo\":\"<{spelling}>\"}}");
            assert_eq!(redactor.clean_text(&text), "{\"echo\":\"<[redacted]>\"}", "{spelling}");
        }
        assert_eq!(redactor.clean_text("nothing here"), "nothing here");
    }

    #[test]
    fn short_secrets_do_not_destroy_data() {
        let redactor = Redactor::default();
        redactor.learn(&SecretString::from("pw"));
        assert_eq!(redactor.clean_text("a pwned thing"), "a pwned thing");
    }
}
