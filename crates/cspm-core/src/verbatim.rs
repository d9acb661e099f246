//! A vendor's JSON value, kept exactly as it was spelled.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::{Error, ErrorKind, Result, compact_json};

/// A value of a vendor that passes through unchanged: numbers keep their spelling, members their order. White space
/// between tokens is not kept.
///
/// Two are equal if they mean the same JSON value; the order of an object's members does not count.
///
/// It is read from and written to JSON only: other formats cannot hold every JSON value.
#[derive(Clone)]
pub struct Verbatim(Box<RawValue>);

impl Verbatim {
    /// Keeps a JSON text.
    ///
    /// # Errors
    /// Kind `config` if it is no JSON.
    pub fn parse(json: &str) -> Result<Self> {
        RawValue::from_string(compact_json(json))
            .map(Self)
            .map_err(|error| Error::new(ErrorKind::Config, format!("not a JSON value: {error}")))
    }

    /// Keeps anything that serialises.
    ///
    /// # Errors
    /// If it does not: a bug of the caller.
    pub fn of(value: &(impl Serialize + ?Sized)) -> Result<Self> {
        serde_json::value::to_raw_value(value)
            .map(Self)
            .map_err(|_| Error::bug("a value does not serialise as JSON"))
    }

    /// The JSON text, on one line.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.0.get()
    }

    /// The value, to look inside. Numbers beyond 64 bits are rounded here, and only here.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_str(self.as_json()).unwrap_or_default()
    }
}

impl PartialEq for Verbatim {
    fn eq(&self, other: &Self) -> bool {
        self.as_json() == other.as_json() || self.value() == other.value()
    }
}

impl fmt::Debug for Verbatim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_json())
    }
}

impl Serialize for Verbatim {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Verbatim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_is_kept_and_meaning_compared() {
        let one = Verbatim::parse("{ \"b\": 1.50, \"a\": 18446744073709551616 }").unwrap();
        assert_eq!(one.as_json(), "{\"b\":1.50,\"a\":18446744073709551616}");
        let other = Verbatim::parse("{\"a\":18446744073709551616,\"b\":1.5}").unwrap();
        assert_eq!(one, other);
        assert_ne!(one, Verbatim::parse("{\"a\":1,\"b\":1.5}").unwrap());
        assert!(Verbatim::parse("{").is_err());
    }
}
