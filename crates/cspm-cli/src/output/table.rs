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

/// A cell for a text that may be missing.
pub(crate) fn maybe(text: Option<impl AsRef<str>>) -> String {
    text.map(|text| cell(text.as_ref())).unwrap_or_default()
}
