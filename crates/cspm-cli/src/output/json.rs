//! JSON that is one line a record for every reader and harmless on a terminal, and still exact: characters that could
//! steer a terminal or break a line are written as `\u` escapes, which mean the same.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// Writes one value, without a line end.
pub(crate) fn write(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Harmless)).map_err(io::Error::from)
}

struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        escape(out, fragment)
    }

    /// A vendor's record, already JSON: beyond ASCII there are only string contents, so the same escapes are right.
    fn write_raw_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        escape(out, fragment)
    }

    fn write_null<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        CompactFormatter.write_null(out)
    }
}

fn escape<W: ?Sized + Write>(out: &mut W, text: &str) -> io::Result<()> {
    // Nearly all text has nothing to escape; a byte of 0x7f and above is the only way in.
    if text.bytes().all(|byte| byte < 0x7f) {
        return out.write_all(text.as_bytes());
    }
    let mut written = 0;
    for (at, character) in
        text.char_indices().filter(|(_, character)| *character >= '\x7f' && cspm::is_hostile(*character))
    {
        out.write_all(text.get(written..at).unwrap_or_default().as_bytes())?;
        for unit in character.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}")?;
        }
        written = at + character.len_utf8();
    }
    out.write_all(text.get(written..).unwrap_or_default().as_bytes())
}

/// A stream of values as NDJSON or as one JSON array.
pub(crate) struct Records {
    is_array: bool,
    count: u64,
}

impl Records {
    /// One value a line.
    pub(crate) fn lines() -> Self {
        Self { is_array: false, count: 0 }
    }

    /// One array, one value a line.
    pub(crate) fn array() -> Self {
        Self { is_array: true, count: 0 }
    }

    /// Goes on behind values that are written already.
    pub(crate) fn go_on(&mut self) {
        self.count = self.count.max(1);
    }

    pub(crate) fn write(&mut self, out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
        if self.is_array {
            out.write_all(if self.count == 0 { b"[\n" } else { b",\n" })?;
        }
        self.count += 1;
        write(out, value)?;
        if self.is_array { Ok(()) } else { out.write_all(b"\n") }
    }

    pub(crate) fn end(&mut self, out: &mut impl Write) -> io::Result<()> {
        match (self.is_array, self.count) {
            (true, 0) => out.write_all(b"[]\n"),
            (true, _) => out.write_all(b"\n]\n"),
            (false, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o06_every_record_is_one_line_and_means_the_same() {
        let text = "a\u{2028}b\u{85}c\u{7f}d\u{9b}31m\u{202e}\u{e0041}é\n\x1b";
        let mut out = Vec::new();
        write(&mut out, &text).unwrap();
        let written = String::from_utf8(out).unwrap();
        assert!(!written.chars().any(cspm::is_hostile), "{written}");
        assert!(written.contains('é'));
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }

    #[test]
    fn an_empty_array_is_an_array() {
        let mut out = Vec::new();
        let mut records = Records::array();
        records.end(&mut out).unwrap();
        assert_eq!(out, b"[]\n");
        let mut out = Vec::new();
        let mut records = Records::array();
        records.write(&mut out, &1).unwrap();
        records.write(&mut out, &2).unwrap();
        records.end(&mut out).unwrap();
        assert_eq!(serde_json::from_slice::<Vec<u8>>(&out).unwrap(), [1, 2]);
    }
}
