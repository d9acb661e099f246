//! Reading what the vendor's versions spell differently: numbers as text, one as many, absent as null, nine shapes of
//! time (vendor document, sections 3.2 and 22.2).
//!
//! What is an error and what counts as absent: [`cspm_core::adapter`].

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use cspm_core::adapter::Text;
use cspm_core::{RawValue, Tags, Timestamp, compact_json};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Several words: an array, a single word, or (null and absent) none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Many<'a> {
    pub(crate) words: Vec<Cow<'a, str>>,
    /// Something was there that is no word, so that the words may not be all.
    pub(crate) odd: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Many<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ManyVisitor)
    }
}

struct ManyVisitor;

impl<'de> Visitor<'de> for ManyVisitor {
    type Value = Many<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Many { words: vec![Cow::Borrowed(text)], odd: false })
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Many { words: vec![Cow::Owned(text.to_owned())], odd: false })
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Many { words: vec![Cow::Owned(number.to_string())], odd: false })
    }

    fn visit_i64<E>(self, _number: i64) -> Result<Self::Value, E> {
        Ok(Many { words: Vec::new(), odd: true })
    }

    fn visit_f64<E>(self, _number: f64) -> Result<Self::Value, E> {
        Ok(Many { words: Vec::new(), odd: true })
    }

    fn visit_bool<E>(self, _value: bool) -> Result<Self::Value, E> {
        Ok(Many { words: Vec::new(), odd: true })
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Many::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut many = Many::default();
        while let Some(Text(word)) = items.next_element()? {
            match word.filter(|word| !word.is_empty()) {
                Some(word) => many.words.push(word),
                None => many.odd = true,
            }
        }
        Ok(many)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Many { words: Vec::new(), odd: true })
    }
}

/// An object; anything else is absent.
#[derive(Clone, Debug)]
pub(crate) struct Object<T>(pub(crate) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries)).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Tags: a map from name to value (values may be null or no text), or the list of `{key, value}` that other calls give
/// (9.7). Anything else is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct TagMap(pub(crate) Tags);

impl<'de> Deserialize<'de> for TagMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TagVisitor).map(Self)
    }
}

#[derive(serde::Deserialize)]
struct Tag<'a> {
    #[serde(borrow, default)]
    key: Text<'a>,
    #[serde(borrow, default)]
    value: Text<'a>,
}

struct TagVisitor;

impl<'de> Visitor<'de> for TagVisitor {
    type Value = Tags;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut tags = Tags::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = match entries.next_value::<&RawValue>()?.get() {
                "null" => String::new(),
                text if text.starts_with('"') => serde_json::from_str(text).map_err(A::Error::custom)?,
                other => compact_json(other),
            };
            if tags.insert(name, value).is_some() {
                return Err(A::Error::custom("a tag comes twice"));
            }
        }
        Ok(tags)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut tags = Tags::new();
        while let Some(Object(tag)) = items.next_element::<Object<Tag<'de>>>()? {
            if let Some((name, tag)) = tag.and_then(|tag| Some((tag.key.owned()?, tag))) {
                tags.insert(name, tag.value.owned().unwrap_or_default());
            }
        }
        Ok(tags)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Tags::new())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Tags::new())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Tags::new())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Tags::new())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Tags::new())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Tags::new())
    }
}

/// Below this, a bare number is no epoch second of this product's lifetime (it would be before 1973).
const LEAST_EPOCH: f64 = 1e8;

/// Any of the vendor's shapes of time, (a) to (j) of section 3.2. Without a zone it is UTC; `"None"`, an empty text and
/// what no shape fits are absent, never 1970.
pub(crate) fn time(text: &Text<'_>) -> Option<Timestamp> {
    let text = text.get()?.trim();
    if let Some(seconds) = text.parse::<f64>().ok().filter(|seconds| seconds.abs() >= LEAST_EPOCH) {
        // Out of range (milliseconds taken for seconds, infinity) saturates, and is refused.
        return Timestamp::from_millis((seconds * 1000.0) as i64);
    }
    if let Ok(time) = Timestamp::parse(text).or_else(|_| Timestamp::parse_naive_utc(text)) {
        return Some(time);
    }
    let (date, clock) = text.split_once(' ')?;
    let mut parts = date.trim_end_matches(',').split('/');
    let (one, two, three) = (parts.next()?, parts.next()?, parts.next()?);
    let date = match (one.len(), three.len()) {
        (4, 2) => format!("{one}-{two}-{three}"),
        (2, 4) => format!("{three}-{one}-{two}"),
        _ => return None,
    };
    let clock = clock.trim_end_matches("UTC").trim();
    Timestamp::parse_naive_utc(&format!("{date}T{clock}")).ok()
}
