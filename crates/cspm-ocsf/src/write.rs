//! Writes events, one a line.

use std::io::{self, Write};

use cspm_core::{Finding, clean_text};

use crate::alike::Shelf;
use crate::context::Context;
use crate::issue::{Issue, IssueSeverity};
use crate::map::{event, event_with};
use crate::one_line;
use crate::step_down::step_down;
use crate::times::{Source, Times};
use crate::tree::{Event, Node};
use crate::validate::Validator;
use crate::version::Version;

/// Writes findings as events of one schema version: one event a line, for every reader of lines.
///
/// Every event is checked before it is written, which costs nearly as much as mapping and writing it did (`cargo bench -p
/// cspm-ocsf` measures it). What the events of a rule have in common is made, rendered and checked once, so keep one writer
/// a run. Each event goes out with one `write`; give it a buffered writer.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    version: Version,
    validate: bool,
    line: Vec<u8>,
    shelf: Shelf,
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
    pub fn new(out: W, version: Version) -> Self {
        Self { out, version, validate: true, line: Vec::new(), shelf: Shelf::default() }
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
        self.line.clear();
        if self.version == Version::NEWEST {
            let times = Times::of(finding, context.now());
            let event = event_with(finding, context, &Source::Lasting(&times), self.shelf.of(finding));
            append(&mut self.line, &event, self.validate)?;
        } else {
            self.append_old(event(finding, context))?;
        }
        self.out.write_all(&self.line)?;
        Ok(())
    }

    /// Steps an event down, checks it and writes it. An event of an older version than the writer's stays as it is.
    ///
    /// # Errors
    /// [`WriteError`] if the output fails or the event is not valid; then nothing of it is written.
    pub fn write_event(&mut self, event: Event<'_>) -> Result<(), WriteError> {
        self.line.clear();
        if self.version == Version::NEWEST {
            append(&mut self.line, &event, self.validate)?;
        } else {
            self.append_old(event)?;
        }
        self.out.write_all(&self.line)?;
        Ok(())
    }

    fn append_old(&mut self, event: Event<'_>) -> Result<(), WriteError> {
        step_down(event, self.version)
            .iter()
            .try_for_each(|event| append(&mut self.line, event, self.validate))
    }

    /// What is written to.
    pub const fn get_mut(&mut self) -> &mut W {
        &mut self.out
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

fn append(line: &mut Vec<u8>, event: &Event<'_>, validate: bool) -> Result<(), WriteError> {
    if validate {
        check(event)?;
    }
    one_line::append(line, event);
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

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
