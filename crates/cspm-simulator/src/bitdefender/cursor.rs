//! Page cursors: opaque to the client, stateless to the simulator.

use super::{base64, errors::Refusal, kind::Kind, options::Options};

/// Where a page begins. A cursor carries the query it was made for (section 3.4) and a plain offset, so a world that
/// changes between two pages shifts records over the border, as section 3.4 (client rule 7) warns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The collection it was made for; anywhere else it is not valid.
    pub(super) kind: Kind,
    /// The raw query of the first page.
    pub(super) query: String,
    /// Items before the page.
    pub(super) offset: usize,
    /// The page shall be empty ([`Options::empty_pages`]).
    pub(super) empty: bool,
    /// When it was made, in milliseconds since 1970; known only where cursors expire, so that elsewhere the same page
    /// is the same bytes.
    pub(super) issued: Option<i64>,
}

impl Cursor {
    pub(super) fn encode(&self) -> String {
        let Self { kind, query, offset, empty, issued } = self;
        let issued = issued.map(|at| at.to_string()).unwrap_or_default();
        base64::encode(format!("{}|{offset}|{}|{issued}|{query}", kind.path(), u8::from(*empty)).as_bytes())
    }

    /// Reads a cursor of this collection.
    ///
    /// # Errors
    /// 400 if it was not made here, was made for another collection, or is older than the options allow.
    pub(super) fn decode(text: &str, kind: Kind, options: &Options, now: i64) -> Result<Self, Refusal> {
        let invalid = || Refusal::Invalid("page_cursor: not valid".into());
        let cursor = Self::read(text, kind).ok_or_else(invalid)?;
        match (cursor.issued, options.cursor_lifetime_ms) {
            (Some(issued), Some(lifetime)) if now.saturating_sub(issued) > lifetime => {
                Err(Refusal::Invalid("page_cursor: expired".into()))
            }
            _ => Ok(cursor),
        }
    }

    fn read(text: &str, kind: Kind) -> Option<Self> {
        let plain = String::from_utf8(base64::decode(text)?).ok()?;
        let mut parts = plain.splitn(5, '|');
        let mut part = || parts.next();
        if part()? != kind.path() {
            return None;
        }
        let offset = part()?.parse().ok()?;
        let empty = part()? == "1";
        let issued = match part()? {
            "" => None,
            at => Some(at.parse().ok()?),
        };
        Some(Self { kind, offset, empty, issued, query: part()?.to_owned() })
    }
}
