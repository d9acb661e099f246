//! Reading leniently what no page documents fully: null, absent and oddly typed leaves, one as many (vendor document,
//! sections 0, 3.2 and 6.2).
//!
//! A leaf of another type than documented counts as absent. An object of another type, a double key, or a value that is
//! no JSON at all (a lone surrogate, a number beyond every range) rejects the record it is in and no other.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use cspm_core::Timestamp;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text, or a number or boolean in its usual spelling. Anything else is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(Option<Cow<'a, str>>);

impl Text<'_> {
    /// The text, unless it is absent or empty.
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    /// Whether nothing was said; an empty text says that there is none.
    pub(crate) fn is_absent(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn owned(&self) -> Option<String> {
        self.get().map(str::to_owned)
    }

    pub(crate) fn number(&self) -> Option<u64> {
        self.get()?.trim().parse().ok()
    }

    pub(crate) fn flag(&self) -> Option<bool> {
        self.get()?.parse().ok()
    }

    /// RFC 3339 as documented, or without a zone, which then is UTC (3.3). What cannot be read is no time.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        let text = self.get()?;
        Timestamp::parse(text).or_else(|_| Timestamp::parse_naive_utc(text)).ok()
    }

    /// As [`time`](Self::time); a bare date is the end of that day, UTC (3.3, `expires_at`).
    pub(crate) fn end(&self) -> Option<Timestamp> {
        const LAST_SECOND_OF_A_DAY: i64 = (24 * 60 * 60 - 1) * 1000;
        let time = self.time()?;
        let is_date = self.get()?.trim().len() == "yyyy-mm-dd".len();
        Some(if is_date { time.plus_millis(LAST_SECOND_OF_A_DAY) } else { time })
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
        Ok(Some(Cow::Owned(number.to_string())))
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

/// Objects: an array of them, a single one, or (null and absent) none.
#[derive(Clone, Debug)]
pub(crate) struct OneOrMany<T>(pub(crate) Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor(PhantomData)).map(Self)
    }
}

struct OneOrManyVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrManyVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries)).map(|one| vec![one])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut many = Vec::new();
        while let Some(item) = items.next_element()? {
            many.push(item);
        }
        Ok(many)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
}

/// A link: a text, or an object with `href` (3.4; JSON:API allows both). Null, absent and empty mean that there is none;
/// anything else is an error, because a link that is overlooked would end a listing too early.
#[derive(Clone, Debug, Default)]
pub(crate) struct Link<'a>(Option<Cow<'a, str>>);

impl Link<'_> {
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|link| !link.is_empty())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Link<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LinkVisitor).map(Self)
    }
}

struct LinkVisitor;

impl<'de> Visitor<'de> for LinkVisitor {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a link")
    }

    fn visit_borrowed_str<E>(self, link: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(link)))
    }

    fn visit_str<E>(self, link: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(link.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        #[derive(serde::Deserialize)]
        struct Object<'a> {
            #[serde(borrow, default)]
            href: Text<'a>,
        }
        let object = Object::deserialize(MapAccessDeserializer::new(entries))?;
        object.href.0.map(Some).ok_or_else(|| serde::de::Error::missing_field("href"))
    }
}
