//! Credentials that are fresh for each test, and the search for them in everything that comes out.

use std::cell::RefCell;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use memchr::memmem;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A credential that no test had before: 40 letters and digits around characters that every encoding writes
/// differently.
#[must_use]
pub fn fresh() -> String {
    let part = || std::iter::repeat_with(fastrand::alphanumeric).take(20).collect::<String>();
    format!("{}%/\"@{}", part(), part())
}

/// The ways to write a secret that count as the secret.
#[must_use]
pub(crate) fn spellings(secret: &str) -> Vec<(&'static str, String)> {
    let escaped = serde_json::to_string(secret).expect("a text serialises");
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut spellings = vec![
        ("plain", secret.to_owned()),
        ("json", escaped.trim_matches('"').to_owned()),
        ("percent, lower case", secret.chars().map(lower_percent).collect()),
        ("percent", percent),
        ("hex, upper case", hex.to_uppercase()),
        ("hex", hex),
    ];
    // Inside a longer text the letters depend on where the secret begins; those at the seams on the neighbours too.
    for lead in 0..3 {
        let bytes = [vec![b'-'; lead], secret.as_bytes().to_vec()].concat();
        for (name, engine) in [("base64", STANDARD), ("base64, url", URL_SAFE)] {
            let text = engine.encode(&bytes);
            let inner = &text[(lead * 8).div_ceil(6)..bytes.len() * 8 / 6];
            spellings.push((name, inner.to_owned()));
        }
    }
    spellings
}

fn lower_percent(c: char) -> String {
    if c.is_ascii_alphanumeric() { c.to_string() } else { format!("%{:02x}", u32::from(c)) }
}

/// Whether a text holds the secret, however it is written.
#[must_use]
pub(crate) fn holds(text: &str, secret: &str) -> bool {
    spellings(secret).iter().any(|(_, spelling)| memmem::find(text.as_bytes(), spelling.as_bytes()).is_some())
}

/// Fails the test if any of the secrets is in the text, however it is written.
pub fn assert_absent(secrets: &[String], place: &str, text: &str) {
    for secret in secrets {
        for (name, spelling) in spellings(secret) {
            if let Some(at) = memmem::find(text.as_bytes(), spelling.as_bytes()) {
                let from = at.saturating_sub(120);
                let around = String::from_utf8_lossy(&text.as_bytes()[from..at]).into_owned();
                panic!("the credential ({name}) is in {place}, after: {around}");
            }
        }
    }
}

/// Everything that was traced, at the finest level.
#[derive(Clone, Default)]
pub struct Traces(Arc<Mutex<Vec<u8>>>);

impl Traces {
    /// The traces of this thread, which is this test's own. The first call begins them.
    #[must_use]
    pub fn of_this_thread() -> Self {
        thread_local! {
            static TRACES: RefCell<Option<Traces>> = const { RefCell::new(None) };
        }
        TRACES.with(|traces| traces.borrow_mut().get_or_insert_with(Self::begin).clone())
    }

    /// Sends this thread's traces here from now on.
    pub fn follow_this_thread(&self) {
        let traces = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || traces.clone())
            .finish();
        // Until the thread ends.
        std::mem::forget(tracing::subscriber::set_default(subscriber));
    }

    fn begin() -> Self {
        let traces = Self::default();
        traces.follow_this_thread();
        traces
    }

    /// What was traced so far.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Traces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_found_in_the_middle_of_a_text() {
        let secret = fresh();
        let texts = [
            format!("Authorization: ApiKey {secret}"),
            format!("Basic {}", STANDARD.encode(format!("ops:{secret}"))),
            format!("Basic {}", URL_SAFE.encode(format!("{secret}:"))),
            format!("?key={}", utf8_percent_encode(&secret, NON_ALPHANUMERIC)),
            format!("{:?}", secret.bytes().map(|byte| format!("{byte:02x}")).collect::<String>()),
            serde_json::json!({ "echo": [&secret] }).to_string(),
        ];
        for text in texts {
            let found =
                std::panic::catch_unwind(|| assert_absent(std::slice::from_ref(&secret), "a text", &text));
            assert!(found.is_err(), "not found in {text}");
        }
        assert_absent(&[secret], "another text", "nothing to see here");
    }

    #[test]
    fn traces_hold_events_of_the_finest_level() {
        let traces = Traces::of_this_thread();
        tracing::trace!(answer = 42, "thinking");
        assert!(traces.text().contains("thinking") && traces.text().contains("answer=42"));
    }
}
