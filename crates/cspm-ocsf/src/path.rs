//! Where in an event a value is; written out only when there is something to say.

use std::fmt;

use cspm_core::clean_text;

/// A step on the way from the root, and the steps before it.
#[derive(Clone, Copy)]
pub(crate) enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Path::Root, name) => f.write_str(&clean_text(name, 100)),
            Self::Member(parent, name) => write!(f, "{parent}.{}", clean_text(name, 100)),
            Self::Item(parent, place) => write!(f, "{parent}[{place}]"),
        }
    }
}
