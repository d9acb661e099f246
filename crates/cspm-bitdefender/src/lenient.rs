//! Reading leniently what no page documents fully: null, absent and oddly typed leaves, one as many (vendor document,
//! sections 0, 3.2 and 6.2).
//!
//! A leaf of another type than documented counts as absent. An object of another type, a double key, or a value that is
//! no JSON at all (a lone surrogate, a number beyond every range) rejects the record it is in and no other.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use cspm_core::Timestamp;
use cspm_core::adapter::Text;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// RFC 3339 as documented, or without a zone, which then is UTC (3.3). What cannot be read is no time.
pub(crate) fn time(text: &Text<'_>) -> Option<Timestamp> {
    let text = text.get()?;
    Timestamp::parse(text).or_else(|_| Timestamp::parse_naive_utc(text)).ok()
}

/// As [`time`]; a bare date is the end of that day, UTC (3.3, `expires_at`).
pub(crate) fn end(text: &Text<'_>) -> Option<Timestamp> {
    const LAST_SECOND_OF_A_DAY: i64 = (24 * 60 * 60 - 1) * 1000;
    let time = time(text)?;
    let is_date = text.get()?.trim().len() == "yyyy-mm-dd".len();
    Some(if is_date { time.plus_millis(LAST_SECOND_OF_A_DAY) } else { time })
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
