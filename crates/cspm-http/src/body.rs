//! What may be concluded from a body: whether it is safe to decode, and what an error body says.

use cspm_core::{Error, ErrorKind, Owner, Result, clean_text};
use serde_json::Value;

use crate::redact::Redactor;

/// Deeper JSON is refused: no vendor's answer comes near, and decoders may recurse.
const DEEPEST: usize = 100;
/// Longer lists and larger objects are refused: no vendor's page comes near, and each entry costs more memory than it has
/// bytes.
const MOST_ENTRIES: u32 = 100_000;
/// How much of an error body is looked at.
pub(crate) const ERROR_BODY: usize = 16 * 1024;
/// How long a message taken from an error body may be, in characters.
const MESSAGE: usize = 300;

/// The body as text.
pub(crate) fn text(body: &[u8]) -> Result<&str> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    std::str::from_utf8(body).map_err(|error| {
        Error::new(ErrorKind::Protocol, format!("the answer is not UTF-8 (at byte {})", error.valid_up_to()))
    })
}

/// The body as text that is worth handing to a JSON decoder.
pub(crate) fn checked_text(body: &[u8]) -> Result<&str> {
    let text = text(body)?;
    if text.trim_ascii_start().starts_with('<') {
        let message = format!(
            "the answer is {} where JSON was due; is the address right, and is there a log-in page or proxy in between?",
            summary(text)
        );
        return Err(Error::new(ErrorKind::Protocol, message).with_owner(Owner::Customer));
    }
    if text.trim_ascii().is_empty() {
        return Err(Error::new(ErrorKind::Protocol, "the answer is empty where data was due"));
    }
    check_extent(text.as_bytes())?;
    Ok(text)
}

/// Refuses what is too deep or too wide, without decoding anything.
fn check_extent(json: &[u8]) -> Result<()> {
    let mut depth = 0_usize;
    // Commas at each depth, of the list or object that is open there.
    let mut commas = [0_u32; DEEPEST + 1];
    let mut rest = json.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => rest = after_text(rest.as_slice()).iter(),
            b'{' | b'[' => {
                depth += 1;
                if depth > DEEPEST {
                    let message = format!("the answer is nested deeper than {DEEPEST} levels");
                    return Err(Error::new(ErrorKind::Protocol, message));
                }
                if let Some(commas) = commas.get_mut(depth) {
                    *commas = 0;
                }
            }
            b',' => {
                if let Some(commas) = commas.get_mut(depth) {
                    *commas += 1;
                    if *commas >= MOST_ENTRIES {
                        let message =
                            format!("a list or object of the answer has more than {MOST_ENTRIES} entries");
                        return Err(Error::new(ErrorKind::Protocol, message));
                    }
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// What follows a text whose opening quote is read: most of a body is text, so it is skipped many bytes at a time.
fn after_text(mut json: &[u8]) -> &[u8] {
    while let Some(place) = memchr::memchr2(b'"', b'\\', json) {
        match json.get(place..) {
            Some([b'"', after @ ..]) => return after,
            // Whatever is escaped ends nothing.
            Some([_, _, after @ ..]) => json = after,
            _ => break,
        }
    }
    &[]
}

/// What an error body says, as one cleaned line; `None` if it says nothing. Never fails, whatever the body is.
///
/// Understands the vendors' shapes (`errors[]` with `detail`, `details`, `message` or `title` and a pointer; `message`
/// or `Message`; `error` as text or object; `error_message`; `messages` by field) and problem details. A `traceback`
/// is never looked at.
///
/// Own secrets are blotted out before anything is cut or escaped, and once more after escapes were read.
pub(crate) fn error_message(body: &[u8], redactor: &Redactor) -> Option<String> {
    let start = body.get(..body.len().min(ERROR_BODY)).unwrap_or_default();
    let text = redactor.clean_text(&String::from_utf8_lossy(start));
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return None;
    }
    let message = match serde_json::from_str::<Value>(text) {
        Ok(value) => clean_text(&redactor.clean_text(without_trace(&said(&value)?)), MESSAGE),
        // JSON that is cut or broken: shown as it is, it could show what no message should.
        Err(_) if text.starts_with(['{', '[']) => return None,
        Err(_) => summary(without_trace(text)),
    };
    (!message.is_empty()).then_some(message)
}

/// What a JSON answer says that went wrong although its status says that nothing did, in any of the shapes of an error's
/// body, as one cleaned line; `None` if it says nothing.
#[must_use]
pub fn complaint(json: &str) -> Option<String> {
    let said = said(&serde_json::from_str(json).ok()?)?;
    let message = clean_text(without_trace(&said), MESSAGE);
    (!message.is_empty()).then_some(message)
}

/// What stands before a stack trace, which can carry a server's internals.
fn without_trace(text: &str) -> &str {
    text.split("Traceback (most recent call last)").next().unwrap_or_default().trim_end()
}

fn said(value: &Value) -> Option<String> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    if let Value::String(text) = value {
        return Some(text.clone());
    }
    if let Some(Value::Array(errors)) = value.get("errors") {
        let said: Vec<String> = errors.iter().take(5).filter_map(one_error).collect();
        if !said.is_empty() {
            return Some(said.join("; "));
        }
    }
    if let Some(fields) = value.get("messages").and_then(Value::as_object) {
        let said: Vec<String> = fields
            .values()
            .filter_map(Value::as_object)
            .flatten()
            .take(5)
            .map(|(field, complaint)| format!("{field}: {}", flat(complaint)))
            .collect();
        if !said.is_empty() {
            return Some(said.join("; "));
        }
    }
    ["error_message", "message", "Message", "detail", "details", "title"]
        .iter()
        .find_map(|key| text(value, key))
        .or_else(|| value.get("error").and_then(said))
        .or_else(|| text(value, "code"))
}

fn one_error(error: &Value) -> Option<String> {
    let said = said(error)?;
    let place = error.pointer("/source/pointer").and_then(Value::as_str);
    Some(place.map_or_else(|| said.clone(), |place| format!("{said} ({place})")))
}

fn flat(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(flat).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// A body that is no JSON, in a few words.
fn summary(text: &str) -> String {
    if !text.trim_ascii_start().starts_with('<') {
        return clean_text(text, 120);
    }
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title>").and_then(|from| {
        let from = from + "<title>".len();
        let to = lower.get(from..)?.find("</title>")? + from;
        text.get(from..to)
    });
    match title.map(str::trim).filter(|title| !title.is_empty()) {
        Some(title) => format!("an HTML page titled \"{}\"", clean_text(title, 80)),
        None => "an HTML page".to_owned(),
    }
}

#[cfg(test)]
mod tests;
