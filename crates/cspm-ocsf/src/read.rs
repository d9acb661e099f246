//! Reads events back from text, whoever wrote it: one object a line, one object, or an array of objects.

use std::io::{self, BufRead};
use std::ops::Range;

use cspm_core::{RawValue, clean_text};
use serde_json::Value;

use crate::issue::{Code, Issue};
use crate::lines::{LONGEST, Line, Lines};

/// Something an input holds in the place of an event.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Record {
    /// Its number among the records, from 1.
    pub number: u64,
    /// The line it begins on, from 1.
    pub line: u64,
    /// The value, or why there is none.
    pub event: Result<Value, Issue>,
}

/// Reads records one after the other.
///
/// Lines of JSON are read one at a time, each up to 64 MiB; a line that is no JSON is a record with an issue, and the
/// next one is read. An array, and an object that runs over several lines, are read whole. White space, empty lines
/// and a byte order mark are passed over. After a failure of the input there are no more records.
#[derive(Debug)]
pub struct Reader<R> {
    lines: Lines<R>,
    state: State,
    number: u64,
    buffer: Vec<u8>,
}

#[derive(Debug)]
enum State {
    /// Nothing read.
    Start,
    /// One record a line; one that was read ahead.
    Lines(Option<(Line, Vec<u8>)>),
    /// Everything read: the text and what is left of it.
    Whole(String, std::vec::IntoIter<Part>),
    /// The end.
    Done,
}

/// A record of a text that was read whole.
#[derive(Debug)]
struct Part {
    line: u64,
    event: Result<Range<usize>, Issue>,
}

/// Reads records from text; see [`Reader`].
pub const fn read<R: BufRead>(input: R) -> Reader<R> {
    Reader { lines: Lines::new(input), state: State::Start, number: 0, buffer: Vec::new() }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = io::Result<Record>;

    fn next(&mut self) -> Option<io::Result<Record>> {
        match self.advance() {
            Ok(Some((line, event))) => {
                self.number += 1;
                Some(Ok(Record { number: self.number, line, event }))
            }
            Ok(None) => {
                self.state = State::Done;
                None
            }
            Err(error) => {
                self.state = State::Done;
                Some(Err(error))
            }
        }
    }
}

type Found = (u64, Result<Value, Issue>);

impl<R: BufRead> Reader<R> {
    fn advance(&mut self) -> io::Result<Option<Found>> {
        loop {
            match &mut self.state {
                State::Done => return Ok(None),
                State::Whole(text, parts) => {
                    let Some(part) = parts.next() else { return Ok(None) };
                    let value =
                        part.event.and_then(|range| parse(text.get(range).unwrap_or_default().as_bytes()));
                    return Ok(Some((part.line, value)));
                }
                State::Lines(ahead) => match ahead.take() {
                    Some((line, text)) => return Ok(Some((line.number, parse_line(line, &text)))),
                    None => {
                        let mut text = std::mem::take(&mut self.buffer);
                        let line = self.filled_line(&mut text)?;
                        let found = line.map(|line| (line.number, parse_line(line, &text)));
                        self.buffer = text;
                        return Ok(found);
                    }
                },
                State::Start => {
                    if let Some(found) = self.start()? {
                        return Ok(Some(found));
                    }
                }
            }
        }
    }

    /// Finds out what kind of text it is. Only then is a record given back when it had to be looked at.
    fn start(&mut self) -> io::Result<Option<Found>> {
        let mut text = Vec::new();
        let Some(line) = self.filled_line(&mut text)? else {
            self.state = State::Done;
            return Ok(None);
        };
        if line.number == 1 && text.starts_with(b"\xef\xbb\xbf") {
            text.drain(..3);
        }
        if text.trim_ascii_start().starts_with(b"[") {
            self.read_whole(text, line.number)?;
            return Ok(None);
        }
        let parsed = serde_json::from_slice::<&RawValue>(&text);
        if line.too_long || !parsed.is_err_and(|error| error.is_eof()) {
            self.state = State::Lines(Some((line, text)));
            return Ok(None);
        }
        // The line breaks off. If the next one begins like a record, it is the line that is broken; else the record
        // runs over several lines.
        let mut next_text = Vec::new();
        let next = self.filled_line(&mut next_text)?;
        match next {
            Some(_) if !next_text.starts_with(b"{") => {
                text.extend_from_slice(&next_text);
                self.read_whole(text, line.number)?;
                Ok(None)
            }
            next => {
                self.state = State::Lines(next.map(|next| (next, next_text)));
                Ok(Some((line.number, parse_line(line, &text))))
            }
        }
    }

    /// The next line with something on it.
    fn filled_line(&mut self, text: &mut Vec<u8>) -> io::Result<Option<Line>> {
        loop {
            match self.lines.read(text)? {
                Some(line) if !line.too_long && text.trim_ascii().is_empty() => {}
                line => return Ok(line),
            }
        }
    }

    fn read_whole(&mut self, mut text: Vec<u8>, first_line: u64) -> io::Result<()> {
        self.lines.read_rest(&mut text)?;
        self.state = match String::from_utf8(text) {
            Ok(text) => {
                let parts = parts(&text, first_line);
                State::Whole(text, parts.into_iter())
            }
            Err(_) => {
                let event = Err(malformed("the text is not UTF-8"));
                State::Whole(String::new(), vec![Part { line: first_line, event }].into_iter())
            }
        };
        Ok(())
    }
}

/// Finds the records of an array, or of objects one behind the other.
fn parts(text: &str, first_line: u64) -> Vec<Part> {
    let mut counter = LineCounter { text, at: 0, line: first_line };
    let mut part = |raw: &RawValue| {
        let start = (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        Part { line: counter.line_of(start), event: Ok(start..start + raw.get().len()) }
    };
    let failed = |error: &serde_json::Error| Part {
        line: first_line + u64::try_from(error.line()).unwrap_or(1).saturating_sub(1),
        event: Err(malformed(&reason(error))),
    };
    if text.trim_ascii_start().starts_with('[') {
        return match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(items) => items.into_iter().map(part).collect(),
            Err(error) => vec![failed(&error)],
        };
    }
    let records = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    records.map(|record| record.map_or_else(|error| failed(&error), &mut part)).collect()
}

/// Tells the line of growing offsets.
struct LineCounter<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl LineCounter<'_> {
    fn line_of(&mut self, offset: usize) -> u64 {
        let passed = self.text.as_bytes().get(self.at..offset).unwrap_or_default();
        self.line += u64::try_from(passed.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(0);
        self.at = offset;
        self.line
    }
}

fn parse_line(line: Line, text: &[u8]) -> Result<Value, Issue> {
    if line.too_long {
        return Err(malformed(&format!("the line is longer than {} MiB", LONGEST >> 20)));
    }
    parse(text)
}

fn parse(text: &[u8]) -> Result<Value, Issue> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let text = std::str::from_utf8(text).map_err(|_| malformed("the text is not UTF-8"))?;
    serde_json::from_str(text).map_err(|error| malformed(&reason(&error)))
}

/// The parser's words with the column: the line is told apart.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let words = text.split(" at line ").next().unwrap_or_default();
    format!("{} at column {}", clean_text(words, 200), error.column())
}

fn malformed(reason: &str) -> Issue {
    Issue::new(
        Code::JsonMalformed,
        "",
        reason,
        "write one JSON object a line, one object, or an array of objects",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Line, and the value or the issue.
    fn all(text: &[u8]) -> Vec<(u64, Result<String, String>)> {
        let records = read(text).map(Result::unwrap).enumerate().map(|(place, record)| {
            assert_eq!(record.number, place as u64 + 1);
            (record.line, record.event.map(|value| value.to_string()).map_err(|issue| issue.message))
        });
        records.collect()
    }

    fn ok(line: u64, json: &str) -> (u64, Result<String, String>) {
        (line, Ok(json.to_owned()))
    }

    #[test]
    fn lines_are_records_and_a_broken_one_does_not_end_the_reading() {
        let found = all(b"\xef\xbb\xbf{\"a\":1}\r\n\n{\"a\":\n{\"a\":2}\nno\n\xff\n[1]\n{\"a\":3}");
        assert_eq!(found.len(), 7, "{found:?}");
        assert_eq!(found[0], ok(1, r#"{"a":1}"#));
        assert_eq!((found[1].0, found[1].1.is_err()), (3, true));
        assert_eq!(found[2], ok(4, r#"{"a":2}"#));
        assert_eq!((found[3].0, found[3].1.is_err()), (5, true));
        assert_eq!(found[4], (6, Err("the text is not UTF-8".to_owned())));
        assert_eq!(found[5], ok(7, "[1]"));
        assert_eq!(found[6], ok(8, r#"{"a":3}"#));
    }

    #[test]
    fn a_broken_first_line_is_one_issue() {
        let found = all(b"{\"a\":\n{\"a\":2}\n");
        assert_eq!((found[0].0, found[0].1.is_err()), (1, true));
        assert_eq!(found[1..], [ok(2, r#"{"a":2}"#)]);
        let found = all(b"{\"a\":");
        assert_eq!((found.len(), found[0].1.is_err()), (1, true));
    }

    #[test]
    fn an_object_may_run_over_lines_and_so_may_several() {
        assert_eq!(all(b"{\n  \"a\": 1\n}\n"), [ok(1, r#"{"a":1}"#)]);
        assert_eq!(all(b"\n{\n\"a\": 1\n}\n\n{\n\"a\": 2\n}"), [ok(2, r#"{"a":1}"#), ok(6, r#"{"a":2}"#)]);
        let found = all(b"{\n\"a\": 1\n}\n{\n\"a\" 2\n}");
        assert_eq!(found[0], ok(1, r#"{"a":1}"#));
        assert_eq!((found[1].0, found[1].1.is_err()), (5, true));
    }

    #[test]
    fn an_array_gives_its_items_with_their_lines() {
        assert_eq!(
            all(b"[{\"a\":1},\n {\"a\":2},\n\n 3]"),
            [ok(1, r#"{"a":1}"#), ok(2, r#"{"a":2}"#), ok(4, "3")]
        );
        assert_eq!(all(b"[]"), []);
        let found = all(b"[{\"a\":1},\n{\"a\":}]");
        assert_eq!((found.len(), found[0].0, found[0].1.is_err()), (1, 2, true));
    }

    #[test]
    fn nothing_and_deep_nesting_do_no_harm() {
        assert_eq!(all(b""), []);
        assert_eq!(all(b" \n\n"), []);
        let deep = [b"{\"a\":".repeat(100_000), b"1".to_vec(), b"}".repeat(100_000)].concat();
        assert!(all(&deep)[0].1.is_err());
    }
}
