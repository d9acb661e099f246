//! Reading vendor JSON leniently, and where an adapter keeps what it read: for writers of adapters.
//!
//! No vendor documents every type and every null, and none promises to send good JSON only. The rules are the same for all
//! of them. An error in a record rejects that record and no other; one in what is around the records (figures, cursors,
//! the list itself) fails the answer with kind `protocol`.
//!
//! * *Types.* A leaf of another type than documented counts as absent.
//! * *Numbers.* A whole number is taken by its digits, also where it was written as `12.0`, `1.2e1` or as text; `-0` is 0. One
//!   that 64 bits cannot hold exactly counts as absent: it is never rounded or wrapped. One beyond every range (`1e400`) is
//!   an error where it is read.
//! * *Double keys.* A member that is read and comes twice is an error, whatever its values.
//! * *Characters.* A lone surrogate (`\ud800`) in a text that is read is an error. `\u0000` is a character like others.
//! * *Members that nobody reads* may hold anything that is JSON, double keys and lone surrogates included; `raw` keeps them.
//! * *The answer as a whole* is UTF-8 throughout, a byte-order mark in front is passed over, and it is one JSON value:
//!   text or a second value behind it, a comment, or `NaN` anywhere fails it. Its `Content-Type` is not consulted. How deep
//!   it may be nested and how many entries a list may have, `cspm-http` checks before anything is decoded.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::{StreamExt, stream};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text, or a number or boolean in its usual spelling. Anything else is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'a>(pub Option<Cow<'a, str>>);

impl Text<'_> {
    /// The text, unless it is absent or empty.
    #[must_use]
    pub fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    /// Whether nothing was said; an empty text says that there is none.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.0.is_none()
    }

    /// The text as an owned value, unless it is absent or empty.
    #[must_use]
    pub fn owned(&self) -> Option<String> {
        self.get().map(str::to_owned)
    }

    /// A whole number, also where it came as text.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.get()?.trim().parse().ok()
    }

    /// A boolean, also where it came as text in any letter case, or as 0 or 1.
    #[must_use]
    pub fn flag(&self) -> Option<bool> {
        match self.get()? {
            "1" => Some(true),
            "0" => Some(false),
            word if word.eq_ignore_ascii_case("true") => Some(true),
            word if word.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        // From 2^53 on this type rounds: what is there may not be what was sent.
        let exact = number.abs() < 9_007_199_254_740_992.0;
        // Adding nought takes the sign from a nought.
        Ok(exact.then(|| Cow::Owned((number + 0.0).to_string())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// Decodes an object. Decoders take an array for an object too, its elements for the fields in their order; a vendor that
/// sends a bare list would then be read as something it never said.
///
/// # Errors
/// If it is no object, or another one than `T`.
pub fn object<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, serde_json::Error> {
    if json.trim_ascii_start().starts_with('[') {
        return Err(serde::de::Error::custom("a list where an object was due"));
    }
    serde_json::from_str(json)
}

/// Waits for all of these, at most so many at once, and gives their results in the order in which they were named.
pub async fn in_order<F: Future>(at_once: usize, work: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    stream::iter(work).buffered(at_once.max(1)).collect().await
}

/// Where a plan puts what its steps need: a value that is replaced as a whole. Whoever took it keeps what was there then.
#[derive(Debug)]
pub struct Shelf<T>(RwLock<Option<Arc<T>>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(RwLock::new(None))
    }
}

impl<T> Shelf<T> {
    /// Replaces what is there.
    pub fn put(&self, value: Arc<T>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    /// What is there.
    #[must_use]
    pub fn read(&self) -> Option<Arc<T>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Empties it.
    pub fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
