//! The validator looks at JSON through this: anybody's values and our own events alike.

use serde_json::Value;

use crate::part::Part;
use crate::tree::{Node, Object};

/// What a JSON value is.
pub(crate) enum View<'a, T> {
    Null,
    Bool,
    /// A whole number in 64 bits.
    Integer(i64),
    /// Any other number.
    Float,
    Text(&'a str),
    List(&'a [T]),
    Object,
}

/// A JSON value that can be looked at.
pub(crate) trait Json: Sized {
    fn view(&self) -> View<'_, Self>;
    /// The members, if it is an object; else none.
    fn members(&self) -> impl Iterator<Item = (&str, &Self)>;
    /// A member, if it is an object that has it.
    fn member(&self, name: &str) -> Option<&Self>;

    fn text(&self) -> Option<&str> {
        match self.view() {
            View::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value, if it is in many events and need not be checked in each.
    fn part(&self) -> Option<&Part> {
        None
    }

    fn is_null(&self) -> bool {
        matches!(self.view(), View::Null)
    }
}

fn number<'a, T>(number: &serde_json::Number) -> View<'a, T> {
    number.as_i64().map_or(View::Float, View::Integer)
}

impl Json for Value {
    fn view(&self) -> View<'_, Self> {
        match self {
            Self::Null => View::Null,
            Self::Bool(_) => View::Bool,
            Self::Number(value) => number(value),
            Self::String(text) => View::Text(text),
            Self::Array(items) => View::List(items),
            Self::Object(_) => View::Object,
        }
    }

    fn members(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
    }

    fn member(&self, name: &str) -> Option<&Self> {
        self.get(name)
    }
}

impl Json for Node<'_> {
    fn view(&self) -> View<'_, Self> {
        match self.plain() {
            // A part is no part of another.
            Self::Part(_) | Self::Null => View::Null,
            Self::Bool(_) => View::Bool,
            Self::Number(value) => number(value),
            Self::Text(text) => View::Text(text),
            Self::List(items) => View::List(items),
            Self::Object(_) => View::Object,
        }
    }

    fn part(&self) -> Option<&Part> {
        match self {
            Self::Part(part) => Some(part),
            _ => None,
        }
    }

    fn members(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.as_object().into_iter().flat_map(Object::iter)
    }

    fn member(&self, name: &str) -> Option<&Self> {
        self.as_object().and_then(|object| object.get(name))
    }
}
