//! Vendor text is data: made harmless before it reaches a message, a log or a terminal.

use std::fmt::Write as _;

/// Whether a character could steer a terminal, hide text, reorder it, or break a line: control characters (C0, DEL,
/// C1), line and paragraph separators, bidirectional controls, zero-width and tag characters.
#[must_use]
pub const fn is_hostile(character: char) -> bool {
    matches!(character,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// One harmless line of at most `limit` characters: hostile characters become visible escapes (`\u{1b}`), runs of more
/// than eight combining marks are cut, and a cut at the end is marked with `…`.
#[must_use]
pub fn clean_text(text: &str, limit: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(limit * 4));
    let mut marks = 0;
    for (position, character) in text.chars().enumerate() {
        if position == limit {
            clean.push('…');
            break;
        }
        marks = if is_combining(character) { marks + 1 } else { 0 };
        if is_hostile(character) {
            // Writing to a String cannot fail.
            let _ = write!(clean, "\\u{{{:x}}}", u32::from(character));
        } else if marks <= 8 {
            clean.push(character);
        }
    }
    clean
}

const fn is_combining(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// A JSON text without the white space between its tokens, so that a record stays on one line. Nothing else changes:
/// numbers keep their spelling, strings their escapes, keys their order.
#[must_use]
pub fn compact_json(json: &str) -> String {
    let mut compact = String::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for character in json.chars() {
        if in_string {
            compact.push(character);
            (in_string, escaped) = match character {
                _ if escaped => (true, false),
                '\\' => (true, true),
                '"' => (false, false),
                _ => (true, false),
            };
        } else if !matches!(character, ' ' | '\t' | '\n' | '\r') {
            in_string = character == '"';
            compact.push(character);
        }
    }
    compact
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_visible_and_one_line_stays_one_line() {
        assert_eq!(clean_text("a\x1b[31mb\r\nc\u{202e}d", 100), "a\\u{1b}[31mb\\u{d}\\u{a}c\\u{202e}d");
        assert_eq!(clean_text("plain – öäü", 100), "plain – öäü");
        assert_eq!(clean_text("abcdef", 3), "abc…");
    }

    #[test]
    fn stacked_marks_are_cut() {
        let stacked: String = std::iter::once('a').chain(std::iter::repeat_n('\u{301}', 500)).collect();
        assert_eq!(clean_text(&stacked, 1000).chars().count(), 9);
    }

    #[test]
    fn compact_json_keeps_strings_and_numbers() {
        let json = "{ \"a b\" : [ 1e400 , \"x \\\" \\\\\" ,\n 18446744073709551616 ] }";
        assert_eq!(compact_json(json), "{\"a b\":[1e400,\"x \\\" \\\\\",18446744073709551616]}");
    }
}
