//! Values as the vendor really sends them: text or number, one or many, null or absent. What makes no sense is nothing
//! (a field), never a wrong value; what is an error instead, [`cspm_core::adapter`] says.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use cspm_core::adapter::Text;
use cspm_core::{RawValue, Timestamp};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::wire::Named;

/// Milliseconds below this are before 1973: no time of a cloud resource, but seconds, a zero or a slip.
const EARLIEST_MILLIS: i64 = 100_000_000_000;

/// A point in time in epoch milliseconds (vendor document, section 3.4), or an RFC 3339 text.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Millis(pub(crate) Option<Timestamp>);

/// A count.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) Option<u64>);

/// A flag; also as text, or as 0 or 1.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) Option<bool>);

/// A list of texts; a single text is a list of one. `None` if absent, null or something else.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Texts<'a>(pub(crate) Option<Vec<Cow<'a, str>>>);

/// The id of `{"type": …, "id": …}`, or of the first of several.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Reference<'a>(pub(crate) Text<'a>);

/// A nested object. Anything else is an object without fields; a list above all, whose elements a derived decoder would
/// take for the fields in their order.
#[derive(Debug, Default)]
pub(crate) struct Object<T>(pub(crate) T);

/// A record's own fields: null and absent are none, anything but an object is an error, which rejects the record.
#[derive(Debug, Default)]
pub(crate) struct Fields<T>(pub(crate) T);

/// A list. Anything else is an empty one.
#[derive(Debug)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// The records of a listing as they stand, or the one record that stands in its place; null is an empty listing
/// (section 3.3), absent is none at all.
#[derive(Debug, Default)]
pub(crate) struct Records<'a>(pub(crate) Option<Vec<&'a RawValue>>);

/// What a JSON value is, as far as lists and references care.
enum Loose<'a> {
    Leaf(Text<'a>),
    Texts(Vec<Cow<'a, str>>),
    Reference(Text<'a>),
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Loose<'de>, E> {
        Ok(Loose::Leaf(Text::default()))
    }

    fn visit_bool<E>(self, _value: bool) -> Result<Loose<'de>, E> {
        Ok(Loose::Leaf(Text::default()))
    }

    fn visit_u64<E>(self, _value: u64) -> Result<Loose<'de>, E> {
        Ok(Loose::Leaf(Text::default()))
    }

    fn visit_i64<E>(self, _value: i64) -> Result<Loose<'de>, E> {
        Ok(Loose::Leaf(Text::default()))
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Loose<'de>, E> {
        Ok(Loose::Leaf(Text::default()))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Loose<'de>, E> {
        Ok(Loose::Leaf(Text(Some(Cow::Borrowed(value)))))
    }

    fn visit_str<E>(self, value: &str) -> Result<Loose<'de>, E> {
        Ok(Loose::Leaf(Text(Some(Cow::Owned(value.to_owned())))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Loose<'de>, A::Error> {
        let mut texts = Vec::new();
        while let Some(Text(text)) = list.next_element()? {
            texts.extend(text);
        }
        Ok(Loose::Texts(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Loose<'de>, A::Error> {
        let Named { id } = Named::deserialize(MapAccessDeserializer::new(object))?;
        Ok(Loose::Reference(id))
    }
}

fn loose<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Loose<'de>, D::Error> {
    deserializer.deserialize_any(LooseVisitor)
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        let Some(text) = text.get() else { return Ok(Self(None)) };
        Ok(Self(match text.trim().parse::<i128>() {
            Ok(number) => i64::try_from(number)
                .ok()
                .filter(|millis| *millis >= EARLIEST_MILLIS)
                .and_then(Timestamp::from_millis),
            Err(_) => Timestamp::parse(text).ok(),
        }))
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Text::deserialize(deserializer)?.number()))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Text::deserialize(deserializer)?.flag()))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match loose(deserializer)? {
            Loose::Texts(texts) => Some(texts),
            Loose::Leaf(Text(text)) => text.map(|text| vec![text]),
            Loose::Reference(_) => None,
        }))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Reference<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match loose(deserializer)? {
            Loose::Leaf(id) | Loose::Reference(id) => id,
            Loose::Texts(ids) => Text(ids.into_iter().next()),
        }))
    }
}

/// Takes what is no object, or no list, as nothing.
macro_rules! scalars_are_nothing {
    ($value:ty) => {
        fn visit_unit<E>(self) -> Result<$value, E> {
            Ok(Default::default())
        }

        fn visit_bool<E>(self, _: bool) -> Result<$value, E> {
            Ok(Default::default())
        }

        fn visit_u64<E>(self, _: u64) -> Result<$value, E> {
            Ok(Default::default())
        }

        fn visit_i64<E>(self, _: i64) -> Result<$value, E> {
            Ok(Default::default())
        }

        fn visit_f64<E>(self, _: f64) -> Result<$value, E> {
            Ok(Default::default())
        }

        fn visit_str<E>(self, _: &str) -> Result<$value, E> {
            Ok(Default::default())
        }
    };
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnObject<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for AnObject<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            scalars_are_nothing!(T);

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(T::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(object))
            }
        }

        deserializer.deserialize_any(AnObject(PhantomData)).map(Self)
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Fields<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnObject<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for AnObject<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_unit<E>(self) -> Result<T, E> {
                Ok(T::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(object))
            }
        }

        deserializer.deserialize_any(AnObject(PhantomData)).map(Self)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            scalars_are_nothing!(Vec<T>);

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(items)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Vec<T>, A::Error> {
                while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Vec::new())
            }
        }

        deserializer.deserialize_any(Items(PhantomData)).map(Self)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Records<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        let records = match raw.get().as_bytes().first() {
            Some(b'n') => Vec::new(),
            // One record instead of a list of one (section 23, number 5).
            Some(b'{') => vec![raw],
            _ => serde_json::from_str(raw.get())
                .map_err(|_| D::Error::custom("neither a record nor a list of records"))?,
        };
        Ok(Records(Some(records)))
    }
}
