//! Blotting out own secrets in what a server sends back, before anything else looks at it.

use std::fmt::Write as _;
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use memchr::memmem;
use secrecy::{ExposeSecret, SecretString};

#[cfg(test)]
mod tests;

/// Shorter secrets are not looked for: blotting out every `a` would destroy data and hide nothing.
const SHORTEST: usize = 6;
const BLOT: &[u8] = b"[redacted]";

/// Every spelling of every secret that a connection may send: plain, base64 (also as part of something longer),
/// percent-encoded, hex, and escaped as in JSON and HTML.
#[derive(Default)]
pub(crate) struct Redactor(RwLock<Secrets>);

#[derive(Default)]
struct Secrets {
    /// Of everything, longest first.
    all: Vec<Needle>,
    /// Those of keys and passwords, without the tokens of sessions.
    lasting: Vec<Needle>,
}

type Needle = memmem::Finder<'static>;

/// Looks for a choice of the secrets.
#[derive(Clone, Copy)]
pub(crate) struct Cleaner<'a> {
    redactor: &'a Redactor,
    choice: fn(&Secrets) -> &[Needle],
}

impl Redactor {
    /// Adds a secret that lasts: a key, a password. One that is known already adds nothing.
    pub(crate) fn learn(&self, secret: &SecretString) {
        self.add(secret, |secrets| vec![&mut secrets.all, &mut secrets.lasting]);
    }

    /// Adds a session's token, which the answer to a log-in may bring again.
    pub(crate) fn learn_session(&self, secret: &SecretString) {
        self.add(secret, |secrets| vec![&mut secrets.all]);
    }

    fn add(&self, secret: &SecretString, lists: fn(&mut Secrets) -> Vec<&mut Vec<Needle>>) {
        let plain = secret.expose_secret();
        let is_known = |known: &[Needle]| known.iter().any(|needle| needle.needle() == plain.as_bytes());
        if plain.len() < SHORTEST || is_known(&self.0.read().unwrap_or_else(PoisonError::into_inner).all) {
            return;
        }
        let mut secrets = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for list in lists(&mut secrets) {
            list.extend(spellings(plain).iter().map(|spelling| memmem::Finder::new(spelling).into_owned()));
            // The longest first, so that a spelling inside another does not leave a rest of that.
            list.sort_by(|one, other| {
                other.needle().len().cmp(&one.needle().len()).then_with(|| one.needle().cmp(other.needle()))
            });
            list.dedup_by(|one, other| one.needle() == other.needle());
        }
    }

    /// Looks for every secret.
    pub(crate) fn all(&self) -> Cleaner<'_> {
        Cleaner { redactor: self, choice: |secrets| &secrets.all }
    }

    /// Looks for keys and passwords, not for tokens.
    pub(crate) fn lasting(&self) -> Cleaner<'_> {
        Cleaner { redactor: self, choice: |secrets| &secrets.lasting }
    }

    /// The text without any secret.
    pub(crate) fn clean_text(&self, text: &str) -> String {
        let clean = self.all().clean(Bytes::copy_from_slice(text.as_bytes()));
        String::from_utf8_lossy(&clean).into_owned()
    }
}

impl Cleaner<'_> {
    /// The bytes with every secret replaced by `[redacted]`; without a copy if there is none in them.
    pub(crate) fn clean(self, bytes: Bytes) -> Bytes {
        let secrets = self.redactor.0.read().unwrap_or_else(PoisonError::into_inner);
        let needles = (self.choice)(&secrets);
        if !any_in(needles, &bytes) {
            return bytes;
        }
        needles.iter().fold(bytes, |clean, needle| match needle.find(&clean) {
            Some(_) => blot(&clean, needle).into(),
            None => clean,
        })
    }

    /// The same for the values of headers.
    pub(crate) fn clean_headers(self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            let clean = self.clean(Bytes::copy_from_slice(value.as_bytes()));
            if clean != value.as_bytes() {
                *value = HeaderValue::from_bytes(&clean).unwrap_or(HeaderValue::from_static("[redacted]"));
            }
        }
    }
}

/// Whether there is any of them, which have the longest first. A window of the text after another, so that it is read
/// from memory once and not once for each of them.
fn any_in(needles: &[Needle], text: &[u8]) -> bool {
    const WINDOW: usize = 1 << 17;
    let overlap = needles.first().map_or(0, |longest| longest.needle().len().saturating_sub(1));
    (0..text.len()).step_by(WINDOW).any(|from| {
        let until = from.saturating_add(WINDOW + overlap).min(text.len());
        let window = text.get(from..until).unwrap_or_default();
        needles.iter().any(|needle| needle.find(window).is_some())
    })
}

fn blot(text: &[u8], needle: &Needle) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut from = 0;
    for at in needle.find_iter(text) {
        result.extend_from_slice(text.get(from..at).unwrap_or_default());
        result.extend_from_slice(BLOT);
        from = at + needle.needle().len();
    }
    result.extend_from_slice(text.get(from..).unwrap_or_default());
    result
}

/// How a secret may be written. Those that are too short to tell from ordinary text are left out.
fn spellings(plain: &str) -> Vec<Vec<u8>> {
    let mut spellings = vec![plain.to_owned()];
    spellings.extend(percent_spellings(plain));
    spellings.extend(escaped_spellings(plain));
    let hex = plain.bytes().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    spellings.extend([hex.to_uppercase(), hex]);
    spellings.extend(base64_spellings(plain.as_bytes()));
    spellings.retain(|spelling| spelling.len() >= SHORTEST);
    spellings.into_iter().map(String::into_bytes).collect()
}

/// As path segments, as JavaScript's `encodeURIComponent` and `encodeURI`, and as forms write it.
fn percent_spellings(plain: &str) -> Vec<String> {
    let keep = |kept: &str| {
        plain.chars().fold(String::new(), |mut text, character| {
            if character.is_ascii_alphanumeric() || kept.contains(character) {
                text.push(character);
            } else {
                text.push_str(&crate::encode(character.encode_utf8(&mut [0; 4])));
            }
            text
        })
    };
    let form: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
    let encoded = [crate::encode(plain), keep("-_.!~*'()"), keep("-_.!~*'();,/?:@&=+$#"), form];
    encoded.into_iter().flat_map(|text| [lower_escapes(&text), text]).collect()
}

/// `%2F` as `%2f`; the letters in between keep their case.
fn lower_escapes(text: &str) -> String {
    let mut escaped = 0_u8;
    text.chars()
        .map(|character| match character {
            '%' => {
                escaped = 2;
                character
            }
            _ if escaped > 0 => {
                escaped -= 1;
                character.to_ascii_lowercase()
            }
            _ => character,
        })
        .collect()
}

/// As JSON writers (plain, for web pages, ASCII only) and HTML writers escape it.
fn escaped_spellings(plain: &str) -> Vec<String> {
    let json = serde_json::to_string(plain).unwrap_or_default();
    let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let escape = |text: &str, which: fn(char) -> bool| {
        text.chars().fold(String::new(), |mut escaped, character| {
            if which(character) {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            } else {
                escaped.push(character);
            }
            escaped
        })
    };
    let ascii = escape(&json, |character| !character.is_ascii());
    let web = escape(&json, |character| matches!(character, '<' | '>' | '&'));
    let html = plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let html_quotes = [html.replace('\'', "&#39;"), html.replace('\'', "&#x27;")];
    let slashes = json.replace('/', "\\/");
    let ascii_slashes = ascii.replace('/', "\\/");
    [json, slashes, ascii, ascii_slashes, web, html].into_iter().chain(html_quotes).collect()
}

/// On its own with both alphabets, padded or not, and what is certain of it inside something longer (`user:secret`),
/// where it may begin at any of three places of a group.
fn base64_spellings(plain: &[u8]) -> Vec<String> {
    let mut spellings: Vec<String> =
        [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].map(|alphabet| alphabet.encode(plain)).into();
    for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        for before in 0..3_usize {
            let shifted = alphabet.encode([vec![0; before], plain.to_vec()].concat());
            // A character holds 6 bits: only those that lie within the secret are certain.
            let (from, to) = ((before * 8).div_ceil(6), (before + plain.len()) * 8 / 6);
            spellings.extend(shifted.get(from..to).map(str::to_owned));
        }
    }
    spellings
}
