//! Tables for people: every cell cleaned, one row a record, as wide as the terminal.

use comfy_table::{ContentArrangement, Table, presets};

/// An empty table with a heading.
pub(crate) fn titled(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(columns.iter().map(|column| column.to_uppercase()));
    if let Some((terminal_size::Width(width), _)) = terminal_size::terminal_size() {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.max(40));
    }
    table
}

/// A cell that cannot steer the terminal; long text is cut.
pub(crate) fn cell(text: &str) -> String {
    cspm::clean_text(text, 120)
}

/// Somebody else's text within a sentence or a list of ours: cleaned, and in quotation marks that nothing inside can close.
pub(crate) fn quoted(text: &str, limit: usize) -> String {
    format!("\"{}\"", cspm::clean_text(text, limit).replace('"', "\\\""))
}

/// A cell for a text that may be missing.
pub(crate) fn maybe(text: Option<impl AsRef<str>>) -> String {
    text.map(|text| cell(text.as_ref())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many columns of a terminal these texts take.
    fn width(text: &str) -> usize {
        let columns = |letter: char| match letter {
            '\u{300}'..='\u{36f}' => 0,
            '\u{3000}'..='\u{9fff}' | '\u{ff00}'..='\u{ff60}' => 2,
            _ => 1,
        };
        text.chars().map(columns).sum()
    }

    #[test]
    fn o02_columns_stay_in_line_whatever_the_letters() {
        let mut table = titled(&["name", "next"]);
        let stacked: String = std::iter::once('e').chain(std::iter::repeat_n('\u{301}', 500)).collect();
        let names = [
            "plain",
            "日本語",
            "a\u{202e}b\u{2066}",
            "\u{200b}\u{feff}\u{e0041}",
            "\t\r\n\0",
            &stacked,
            "ｆｕｌｌ",
        ];
        table.add_rows(names.map(|name| vec![cell(name), "|".to_owned()]));
        let shown = table.to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), names.len() + 1, "{shown}");
        let at = width(lines[0].split("NEXT").next().unwrap());
        for line in &lines[1..] {
            assert_eq!(width(line.split('|').next().unwrap()), at, "{shown}");
        }
    }

    #[test]
    fn o04_nothing_inside_closes_the_quotation_marks() {
        assert_eq!(quoted("a\" b\n\u{1b}[2K", 100), "\"a\\\" b\\u{a}\\u{1b}[2K\"");
        assert_eq!(quoted("", 100), "\"\"");
        assert_eq!(quoted("abcdef", 3), "\"abc…\"");
    }
}
