//! Reading leniently what no page documents fully: null, absent and oddly typed leaves, one as many (vendor document,
//! sections 0, 3.2 and 6.2).
//!
//! What is an error and what counts as absent: [`cspm_core::adapter`]. An object that is null counts as absent too; one of
//! another type is an error.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use cspm_core::Timestamp;
use cspm_core::adapter::Text;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text to be shared.
pub(crate) fn arc(text: &Text<'_>) -> Option<Arc<str>> {
    text.get().map(Arc::from)
}

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

/// A link to the next page: a text, or an object with `href` (3.4; JSON:API allows both).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Link<'a> {
    /// Absent, null, empty, or anything else that holds nothing.
    #[default]
    None,
    /// Where it leads.
    To(Cow<'a, str>),
    /// Something else. A link that is overlooked would end a listing too early, so this is not the same as none.
    Unreadable,
}

impl<'de: 'a, 'a> Deserialize<'de> for Link<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LinkVisitor::Link)
    }
}

/// The next link of an envelope's `links`, of whatever type these are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NextOf<'a>(pub(crate) Link<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for NextOf<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LinkVisitor::Links).map(Self)
    }
}

/// What is read: a link, or an object of links of which `next` counts.
#[derive(Clone, Copy)]
enum LinkVisitor {
    Link,
    Links,
}

impl LinkVisitor {
    fn member(self) -> &'static str {
        match self {
            Self::Link => "href",
            Self::Links => "next",
        }
    }

    fn text<'a>(self, text: Cow<'a, str>) -> Link<'a> {
        match self {
            _ if text.trim().is_empty() => Link::None,
            Self::Link => Link::To(text),
            Self::Links => Link::Unreadable,
        }
    }
}

impl<'de> Visitor<'de> for LinkVisitor {
    type Value = Link<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a link")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(self.text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Link::None)
    }

    fn visit_bool<E>(self, is_there: bool) -> Result<Self::Value, E> {
        Ok(if is_there { Link::Unreadable } else { Link::None })
    }

    fn visit_u64<E>(self, _number: u64) -> Result<Self::Value, E> {
        Ok(Link::Unreadable)
    }

    fn visit_i64<E>(self, _number: i64) -> Result<Self::Value, E> {
        Ok(Link::Unreadable)
    }

    fn visit_f64<E>(self, _number: f64) -> Result<Self::Value, E> {
        Ok(Link::Unreadable)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut link = Link::None;
        while items.next_element::<IgnoredAny>()?.is_some() {
            link = Link::Unreadable;
        }
        Ok(link)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let (mut link, mut others) = (None, false);
        while let Some(name) = entries.next_key::<Cow<'_, str>>()? {
            if name != self.member() {
                entries.next_value::<IgnoredAny>()?;
                others = true;
            } else {
                link = Some(if link.is_none() { entries.next_value()? } else { twice(&mut entries)? });
            }
        }
        Ok(match (link, self) {
            (Some(link), _) => link,
            (None, Self::Link) if others => Link::Unreadable,
            (None, _) => Link::None,
        })
    }
}

/// A member that is there twice says nothing.
fn twice<'de, A: MapAccess<'de>>(entries: &mut A) -> Result<Link<'de>, A::Error> {
    entries.next_value::<IgnoredAny>().map(|_| Link::Unreadable)
}

/// What may be null: its default then.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
