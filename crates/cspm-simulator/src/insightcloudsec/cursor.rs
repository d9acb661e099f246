//! Cursors of the v3 queries: opaque, bound to their query, unsafe in URLs on purpose (document section 9.3).

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use super::options::{Cursors, LastCursor, Options};
use super::select::Wanted;

/// A place in a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Records before this page.
    pub(super) offset: usize,
    /// This page is the one without records that a test asked for.
    pub(super) blank: bool,
}

impl Cursor {
    pub(super) fn at(offset: usize) -> Self {
        Self { offset, blank: false }
    }
}

/// What binds a cursor to its query: one that is used with another query is invalid.
pub(super) fn digest(wanted: &Wanted, types: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    wanted.hash(&mut hasher);
    types.hash(&mut hasher);
    hasher.finish()
}

fn encode(epoch: u32, binding: u64, cursor: Cursor) -> String {
    let blank = if cursor.blank { "b" } else { "r" };
    format!("Az+/{:x}&{epoch:x}%{blank}#{binding:x}==", cursor.offset)
}

/// `None` for anything this server did not give out in this epoch for this query.
pub(super) fn decode(epoch: u32, binding: u64, text: &str) -> Option<Cursor> {
    let inner = text.strip_prefix("Az+/")?.strip_suffix("==")?;
    let (offset, rest) = inner.split_once('&')?;
    let (from, rest) = rest.split_once('%')?;
    let (blank, of) = rest.split_once('#')?;
    let blank = match blank {
        "b" => true,
        "r" => false,
        _ => return None,
    };
    let known = u32::from_str_radix(from, 16) == Ok(epoch) && u64::from_str_radix(of, 16) == Ok(binding);
    known.then_some(Cursor { offset: usize::from_str_radix(offset, 16).ok()?, blank })
}

/// How one answer leads on to the next.
pub(super) struct Walk<'a> {
    pub(super) options: &'a Options,
    pub(super) epoch: u32,
    pub(super) binding: u64,
    /// The cursor of this request, if it had one.
    pub(super) used: Option<&'a str>,
}

impl Walk<'_> {
    /// The value of `next_cursor` after a page at `at` with `given` of `total` records, or no key at all.
    pub(super) fn next(&self, at: Cursor, size: usize, given: usize, total: usize) -> Option<Value> {
        if at.blank {
            return Some(self.to(Cursor::at(at.offset)));
        }
        let next = at.offset + given;
        let more = next < total;
        match (self.options.cursors, self.used) {
            (Cursors::Repeat, Some(used)) if more => return Some(json!(used)),
            (Cursors::Cycle(pages), _) if more && next >= pages.max(1) * size => {
                return Some(self.to(Cursor::at(0)));
            }
            (Cursors::Endless, _) if !more => return Some(self.to(Cursor::at(at.offset + size))),
            _ => {}
        }
        if more {
            let blank = self.options.blank_page && self.used.is_none();
            return Some(self.to(Cursor { offset: next, blank }));
        }
        match self.options.last_cursor {
            LastCursor::Null => Some(Value::Null),
            LastCursor::Absent => None,
            LastCursor::Empty => Some(json!("")),
        }
    }

    fn to(&self, cursor: Cursor) -> Value {
        json!(encode(self.epoch, self.binding, cursor))
    }
}
