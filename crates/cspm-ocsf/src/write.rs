//! Writes events, one a line.

use std::io::{self, Write};

use cspm_core::{Finding, clean_text};
use serde::Serialize;
use serde_json::ser::Formatter;

use crate::context::Context;
use crate::issue::{Issue, IssueSeverity};
use crate::map::event;
use crate::step_down::step_down;
use crate::tree::{Event, Node};
use crate::validate::Validator;
use crate::version::Version;

/// Writes findings as events of one schema version: one event a line, for every reader of lines.
///
/// Every event is checked before it is written. Each event goes out with one `write`; give it a buffered writer.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    version: Version,
    validate: bool,
    line: Vec<u8>,
}

/// An event was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The output failed.
    #[error("cannot write the event: {0}")]
    Io(#[from] io::Error),
    /// The event is not valid. Of an event made from a finding that is a fault of this program.
    #[error("the event of finding {uid} is not valid OCSF, which is a fault of this program: {issue}")]
    Invalid {
        /// The finding's id, made harmless.
        uid: String,
        /// The first thing that is wrong.
        issue: Issue,
    },
}

impl<W: Write> Writer<W> {
    /// Writes events of that version.
    pub const fn new(out: W, version: Version) -> Self {
        Self { out, version, validate: true, line: Vec::new() }
    }

    /// Writes without checking.
    #[must_use]
    pub fn without_validation(self) -> Self {
        Self { validate: false, ..self }
    }

    /// Maps a finding, steps it down, checks it and writes it.
    ///
    /// # Errors
    /// [`WriteError`] if the output fails or the event is not valid; then nothing of it is written.
    pub fn write(&mut self, finding: &Finding, context: &Context) -> Result<(), WriteError> {
        self.write_event(event(finding, context))
    }

    /// Steps an event down, checks it and writes it. An event of an older version than the writer's stays as it is.
    ///
    /// # Errors
    /// [`WriteError`] if the output fails or the event is not valid; then nothing of it is written.
    pub fn write_event(&mut self, event: Event<'_>) -> Result<(), WriteError> {
        self.line.clear();
        for event in step_down(event, self.version) {
            if self.validate {
                check(&event)?;
            }
            append_line(&mut self.line, &event)?;
        }
        self.out.write_all(&self.line)?;
        Ok(())
    }

    /// Flushes, and gives the output back.
    ///
    /// # Errors
    /// If the output cannot be flushed.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

fn check(event: &Event<'_>) -> Result<(), WriteError> {
    let issues = Validator::new().check_event(event);
    match issues.into_iter().find(|issue| issue.severity == IssueSeverity::Error) {
        None => Ok(()),
        Some(issue) => {
            let uid = event.attributes().at("finding_info.uid").and_then(Node::as_text).unwrap_or_default();
            Err(WriteError::Invalid { uid: clean_text(uid, 200), issue })
        }
    }
}

/// Appends the event and a line feed.
pub(crate) fn append_line(line: &mut Vec<u8>, event: &Event<'_>) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *line, OneLine);
    event.serialize(&mut serializer).map_err(io::Error::from)?;
    line.push(b'\n');
    Ok(())
}

/// Compact JSON that is one line whatever its reader takes for the end of one: DEL, C1 controls (U+0085 is one of
/// them) and the line and paragraph separators are escaped too.
struct OneLine;

impl Formatter for OneLine {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // The first bytes of all that is escaped here. Most texts have none of them, and looking at every byte of a
        // text is faster than stopping early.
        if !fragment.bytes().fold(false, |found, byte| found | matches!(byte, 0x7f | 0xc2 | 0xe2)) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some((place, character)) =
            rest.char_indices().find(|(_, character)| breaks_lines(*character))
        {
            let (plain, found) = rest.split_at(place);
            write!(writer, "{plain}\\u{:04x}", u32::from(character))?;
            rest = found.get(character.len_utf8()..).unwrap_or_default();
        }
        writer.write_all(rest.as_bytes())
    }
}

const fn breaks_lines(character: char) -> bool {
    matches!(character, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Object;

    #[test]
    fn a_record_is_one_line_for_every_reader() {
        let text = "a\u{85}b\u{2028}c\u{2029}d\u{7f}e\u{9f}f\r\ng\u{b}\u{c}\u{1c}ä€\u{a0}";
        let mut root = Object::default();
        root.put(text, text);
        let mut line = Vec::new();
        append_line(&mut line, &Event::new(root)).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert!(line.contains(r"a\u0085b\u2028c\u2029d\u007fe\u009ff\r\ng"), "{line}");
        assert!(line.contains("ä€\u{a0}"), "{line}");
        assert_eq!(
            line.chars().filter(|c| c.is_control() || breaks_lines(*c)).count(),
            1,
            "the line feed at the end"
        );
        let back: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back[text], text);
    }

    #[test]
    fn an_invalid_event_is_an_error_and_is_not_written() {
        let mut writer = Writer::new(Vec::new(), Version::NEWEST);
        let event =
            Event::from_value(serde_json::json!({"class_uid": 2003, "finding_info": {"uid": "u\u{1b}"}}))
                .unwrap();
        let error = writer.write_event(event.clone()).unwrap_err();
        assert!(error.to_string().contains("attribute_required_missing"), "{error}");
        assert!(error.to_string().contains("u\\u{1b}"), "{error}");
        let mut unchecked = Writer::new(Vec::new(), Version::NEWEST).without_validation();
        unchecked.write_event(event).unwrap();
        assert!(writer.finish().unwrap().is_empty());
        assert!(!unchecked.finish().unwrap().is_empty());
    }
}
