//! Lines that show whether they are whole.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

/// A line, without its end: a check value and the text.
pub(crate) fn seal(text: &str) -> String {
    format!("{:016x} {text}", check(text))
}

/// The text of a whole line.
pub(crate) fn checked(line: &str) -> Option<&str> {
    let (value, text) = line.split_once(' ')?;
    (value.len() == 16 && u64::from_str_radix(value, 16).ok()? == check(text)).then_some(text)
}

fn check(text: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}
