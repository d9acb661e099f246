//! What is wrong with a file of the user's: every problem at once, with its place and what to write instead.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_spanned::Spanned;
use toml::de::DeTable;

/// Editors of some systems put it before every file.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

/// One problem. The message never repeats a value that could be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// Why a configuration was refused. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No file in any of the four places.
    #[error(
        "no configuration found; looked for --config PATH, $CSPM_CONFIG, ./cspm.toml and {0}; `cspm demo` needs none"
    )]
    NotFound(PathBuf),
    /// The file that was named cannot be read.
    #[error("{path}: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// The file says something that cannot work.
    #[error("{0}")]
    Invalid(Problems),
}

/// The problems of one file, in the order of their places. `Display` is one line each: `file:line:column: message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub list: Vec<Problem>,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = cspm_core::clean_text(&self.file.display().to_string(), 300);
        for (index, Problem { line, column, message }) in self.list.iter().enumerate() {
            let end = if index + 1 < self.list.len() { "\n" } else { "" };
            write!(f, "{file}:{line}:{column}: {message}{end}")?;
        }
        Ok(())
    }
}

/// Collects problems of one text and turns byte places into lines and columns.
pub(crate) struct Complaints<'a> {
    text: &'a str,
    list: Vec<Problem>,
}

impl<'a> Complaints<'a> {
    /// Reads a TOML document as far as it can be read, and complains about its syntax. Places are counted without a
    /// byte-order mark.
    pub(crate) fn parse(text: &'a str) -> (Spanned<DeTable<'a>>, Self) {
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let (document, errors) = DeTable::parse_recoverable(text);
        let mut complaints = Self { text, list: Vec::new() };
        for error in &errors {
            let instead = if error.message() == "duplicate key" { "; keep one of the two" } else { "" };
            complaints.add(error.span().unwrap_or_default(), format!("{}{instead}", error.message()));
        }
        (document, complaints)
    }

    /// Complains that a file is not text from where it is not; `text` is what comes before.
    pub(crate) fn no_text_after(text: &'a str) -> Self {
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let mut complaints = Self { text, list: Vec::new() };
        complaints.add(text.len()..text.len(), "this is not UTF-8; save the file as UTF-8");
        complaints
    }

    pub(crate) fn add(&mut self, place: Range<usize>, message: impl Into<String>) {
        let before = self.text.get(..place.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        self.list.push(Problem {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            message: message.into(),
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn into_problems(mut self, file: &Path) -> Problems {
        self.list.sort_by_key(|problem| (problem.line, problem.column));
        Problems { file: file.to_owned(), list: self.list }
    }
}

/// Says that a key is unknown, and which one may be meant: of a short word, few letters may differ.
pub(crate) fn unknown(key: &str, known: &[&str]) -> String {
    let shown = cspm_core::clean_text(key, 60);
    let is_near = |known: &&&str| distance(known, key) <= 3.min(known.chars().count() / 2);
    match known.iter().min_by_key(|known| distance(known, key)).filter(is_near) {
        Some(near) => format!("unknown key \"{shown}\"; did you mean {near}?"),
        None => format!("unknown key \"{shown}\"; known are {}", known.join(", ")),
    }
}

/// How many letters two words differ by (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().take(64).enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        for (above, mine) in row.iter_mut().skip(1).zip(&other) {
            let best = (diagonal + usize::from(letter != *mine)).min(left + 1).min(*above + 1);
            diagonal = std::mem::replace(above, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
