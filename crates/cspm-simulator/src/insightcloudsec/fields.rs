//! Checked reading of a JSON body, with the vendor's error shapes for what does not fit.
//!
//! `null` and absent mean the same in requests.

use serde_json::{Map, Value};

use super::failure::{Failure, Shape};

/// The object a request's body holds.
#[derive(Debug)]
pub(super) struct Fields {
    shape: Shape,
    map: Map<String, Value>,
}

impl Fields {
    /// An empty body is an empty object (document section 2.4: the literal `null` is sent as well).
    pub(super) fn parse(body: &[u8], shape: Shape) -> Result<Self, Failure> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self { shape, map: Map::new() });
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => Ok(Self { shape, map }),
            Ok(Value::Null) => Ok(Self { shape, map: Map::new() }),
            Ok(_) | Err(_) => Err(Failure::field(shape, "_schema", "Invalid input type.")),
        }
    }

    /// Refuses keys the endpoint does not know, as the v3 endpoints do.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Failure> {
        match self.map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(Failure::field(self.shape, key, "Unknown field.")),
            None => Ok(()),
        }
    }

    /// A refusal of one field.
    pub(super) fn refuse(&self, key: &str, message: &str) -> Failure {
        Failure::field(self.shape, key, message)
    }

    /// The value itself.
    pub(super) fn value(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// What must be there.
    pub(super) fn required<T>(&self, key: &str, value: Option<T>) -> Result<T, Failure> {
        value.ok_or_else(|| self.refuse(key, "Missing data for required field."))
    }

    pub(super) fn int(&self, key: &str) -> Result<Option<i64>, Failure> {
        self.typed(key, "Not a valid integer.", Value::as_i64)
    }

    /// A whole number that is not negative.
    pub(super) fn size(&self, key: &str) -> Result<Option<usize>, Failure> {
        self.typed(key, "Must be a whole number that is not negative.", |value| {
            value.as_u64().and_then(|number| usize::try_from(number).ok())
        })
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, Failure> {
        self.typed(key, "Not a valid boolean.", Value::as_bool)
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, Failure> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.refuse(key, "Not a valid string.")),
        }
    }

    /// The fields of an object within; absent is an empty one.
    pub(super) fn inner(&self, key: &str) -> Result<Self, Failure> {
        match self.value(key) {
            None => Ok(Self { shape: self.shape, map: Map::new() }),
            Some(Value::Object(map)) => Ok(Self { shape: self.shape, map: map.clone() }),
            Some(_) => Err(self.refuse(key, "Not a valid mapping type.")),
        }
    }

    /// A text that must be there and not be empty.
    pub(super) fn required_text(&self, key: &str) -> Result<&str, Failure> {
        let text = self.text(key)?.filter(|text| !text.is_empty());
        self.required(key, text)
    }

    /// An array; absent is empty.
    pub(super) fn list(&self, key: &str) -> Result<&[Value], Failure> {
        match self.value(key) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.refuse(key, "Not a valid list.")),
        }
    }

    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, Failure> {
        self.list(key)?
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(|| self.refuse(key, "Not a valid list of strings."))
    }

    pub(super) fn ints(&self, key: &str) -> Result<Vec<i64>, Failure> {
        self.list(key)?
            .iter()
            .map(Value::as_i64)
            .collect::<Option<_>>()
            .ok_or_else(|| self.refuse(key, "Not a valid list of integers."))
    }

    /// `[{"key","value"}]`.
    pub(super) fn pairs(&self, key: &str) -> Result<Vec<(String, String)>, Failure> {
        self.list(key)?
            .iter()
            .map(|item| {
                let name = item.get("key")?.as_str()?;
                let value = item.get("value")?.as_str()?;
                Some((name.to_owned(), value.to_owned()))
            })
            .collect::<Option<_>>()
            .ok_or_else(|| self.refuse(key, "Expected objects with key and value."))
    }

    /// Whether `badge_filter_operator` (or a key like it) says `AND`; `OR` is the default.
    pub(super) fn is_and(&self, key: &str) -> Result<bool, Failure> {
        match self.text(key)? {
            None | Some("" | "OR") => Ok(false),
            Some("AND") => Ok(true),
            Some(_) => Err(self.refuse(key, "Must be one of: OR, AND.")),
        }
    }

    fn typed<T>(
        &self,
        key: &str,
        message: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        match self.value(key) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.refuse(key, message)),
        }
    }
}
