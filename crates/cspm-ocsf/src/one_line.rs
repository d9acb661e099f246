//! Compact JSON that is one line whatever its reader takes for the end of one: DEL, C1 controls (U+0085 is one of
//! them) and the line and paragraph separators are escaped too.
//!
//! Written straight from the tree: most texts have nothing to escape, and a look at many bytes at a time tells so
//! much sooner than a general serialiser does.

use std::io::Write as _;

use serde_json::Number;

use crate::tree::{Event, Key, Node, Object};

/// Appends the event and a line feed.
pub(crate) fn append(line: &mut Vec<u8>, event: &Event<'_>) {
    append_node(line, &event.root);
    line.push(b'\n');
}

/// Appends a value.
pub(crate) fn append_node(line: &mut Vec<u8>, node: &Node<'_>) {
    match node {
        Node::Null => line.extend_from_slice(b"null"),
        Node::Bool(true) => line.extend_from_slice(b"true"),
        Node::Bool(false) => line.extend_from_slice(b"false"),
        Node::Number(number) => append_number(line, number),
        Node::Text(text) => {
            line.push(b'"');
            append_within(line, text);
            line.push(b'"');
        }
        Node::List(items) => {
            line.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    line.push(b',');
                }
                append_node(line, item);
            }
            line.push(b']');
        }
        Node::Object(object) => append_object(line, object),
        Node::Part(part) => line.extend_from_slice(part.text()),
    }
}

fn append_object(line: &mut Vec<u8>, object: &Object<'_>) {
    if object.is_empty() {
        line.extend_from_slice(b"{}");
        return;
    }
    let mut before = *b"{\"";
    for (key, value) in object.members() {
        line.extend_from_slice(&before);
        match key {
            Key::Known(name) => line.extend_from_slice(name.as_bytes()),
            Key::Other(name) => append_within(line, name),
        }
        match value {
            // The most frequent one: fewer and longer pieces.
            Node::Text(text) => {
                line.extend_from_slice(b"\":\"");
                append_within(line, text);
                line.push(b'"');
            }
            value => {
                line.extend_from_slice(b"\":");
                append_node(line, value);
            }
        }
        before = *b",\"";
    }
    line.push(b'}');
}

fn append_number(line: &mut Vec<u8>, number: &Number) {
    match number.as_u64() {
        Some(number) => line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
        None => {
            // Writing to a vector cannot fail.
            let _ = serde_json::to_writer(line, number);
        }
    }
}

/// Appends what stands between the quotes of a text.
fn append_within(line: &mut Vec<u8>, text: &str) {
    if is_plain(text.as_bytes()) {
        line.extend_from_slice(text.as_bytes());
    } else {
        append_escaped(line, text);
    }
}

#[cold]
fn append_escaped(line: &mut Vec<u8>, text: &str) {
    let mut rest = text;
    while let Some(place) = rest.bytes().position(is_suspect) {
        let (plain, found) = rest.split_at(place);
        line.extend_from_slice(plain.as_bytes());
        let mut characters = found.chars();
        match characters.next() {
            None => {}
            Some('"') => line.extend_from_slice(b"\\\""),
            Some('\\') => line.extend_from_slice(b"\\\\"),
            Some('\u{8}') => line.extend_from_slice(b"\\b"),
            Some('\t') => line.extend_from_slice(b"\\t"),
            Some('\n') => line.extend_from_slice(b"\\n"),
            Some('\u{c}') => line.extend_from_slice(b"\\f"),
            Some('\r') => line.extend_from_slice(b"\\r"),
            Some(character) if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') => {
                // Writing to a vector cannot fail.
                let _ = write!(line, "\\u{:04x}", u32::from(character));
            }
            Some(character) => line.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = characters.as_str();
    }
    line.extend_from_slice(rest.as_bytes());
}

/// Whether the text is ASCII, as most are, and nothing in it needs an escape.
fn is_plain(text: &[u8]) -> bool {
    // The last piece may overlap the one before.
    if let Some(last) = text.last_chunk::<16>() {
        return text.as_chunks::<16>().0.iter().all(is_plain_block) && is_plain_block(last);
    }
    match text.last_chunk::<8>() {
        Some(last) => text.as_chunks::<8>().0.iter().all(|word| is_plain_word(*word)) && is_plain_word(*last),
        None => !text.iter().any(|byte| SUSPECTS.get(usize::from(*byte)).is_none_or(|suspect| *suspect)),
    }
}

/// [`is_plain`] of sixteen bytes, without a branch, so that the processor looks at all of them at once.
#[inline]
fn is_plain_block(block: &[u8; 16]) -> bool {
    let suspect = |byte: u8| (byte < b' ') | (byte == b'"') | (byte == b'\\') | (byte >= 0x7f);
    block.iter().fold(0, |found, byte| found | u8::from(suspect(*byte))) == 0
}

/// [`is_plain`] of eight bytes at once: the highest bit of a byte is set if it is below a limit, or the wanted one.
const fn is_plain_word(word: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHEST: u64 = 0x8080_8080_8080_8080;
    const fn below(word: u64, limit: u8) -> u64 {
        word.wrapping_sub(ONES * limit as u64) & !word
    }
    const fn same(word: u64, byte: u8) -> u64 {
        below(word ^ (ONES * byte as u64), 1)
    }
    let word = u64::from_le_bytes(word);
    (word | below(word, b' ') | same(word, b'"') | same(word, b'\\') | same(word, 0x7f)) & HIGHEST == 0
}

/// Whether the byte needs an escape, or is the first of a character that may need one.
const fn is_suspect(byte: u8) -> bool {
    (byte < b' ') | (byte == b'"') | (byte == b'\\') | (byte == 0x7f) | (byte == 0xc2) | (byte == 0xe2)
}

/// [`is_suspect`] of every byte.
const SUSPECTS: [bool; 256] = {
    let mut suspects = [false; 256];
    let mut rest: &mut [bool] = &mut suspects;
    let mut byte = 0;
    while let Some((suspect, others)) = rest.split_first_mut() {
        *suspect = is_suspect(byte);
        byte = byte.wrapping_add(1);
        rest = others;
    }
    suspects
};

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(text: &'static str) -> String {
        let mut root = Object::default();
        root.put_under(text, text);
        let mut line = Vec::new();
        append(&mut line, &Event::new(root));
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_record_is_one_line_for_every_reader() {
        let text = "a\u{85}b\u{2028}c\u{2029}d\u{7f}e\u{9f}f\r\ng\u{b}\u{c}\u{1c}ä€\u{a0}";
        let line = line_of(text);
        assert!(line.contains(r"a\u0085b\u2028c\u2029d\u007fe\u009ff\r\ng"), "{line}");
        assert!(line.contains("ä€\u{a0}"), "{line}");
        let breaks = |c: &char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        assert_eq!(line.chars().filter(breaks).count(), 1, "the line feed at the end");
        let back: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back[text], text);
    }

    #[test]
    fn every_character_is_written_as_the_general_serialiser_writes_it_unless_it_may_break_a_line() {
        for character in ('\0'..='\u{2100}').chain(['\u{feff}', '\u{1f512}']) {
            // Within, before and after whole words.
            for text in [0, 7, 8, 15, 16, 40].map(|before| format!("{:before$}{character}", "")) {
                let mut line = Vec::new();
                append_node(&mut line, &Node::from(text.as_str()));
                let line = String::from_utf8(line).unwrap();
                let general = serde_json::to_string(&text).unwrap();
                match character {
                    '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                        let escape = format!("\\u{:04x}", u32::from(character));
                        assert_eq!(line, general.replace(character, &escape));
                    }
                    _ => assert_eq!(line, general),
                }
            }
        }
    }

    #[test]
    fn values_are_written_as_the_general_serialiser_writes_them() {
        let value = serde_json::json!({
            "none": null, "yes": true, "no": false, "numbers": [0, -1, i64::MIN, u64::MAX, 0.5, 1e300],
            "empty": [{}, [], ""], "deep": {"a": [{"b": 1}, {"c": [2, 3]}]},
        });
        let event = Event::from_value(value).unwrap();
        let mut line = Vec::new();
        append(&mut line, &event);
        assert_eq!(String::from_utf8(line).unwrap(), serde_json::to_string(&event).unwrap() + "\n");
    }
}
