//! Between JSON and TOML values, to the letter.

use std::fmt;

use cspm_core::Verbatim;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use super::write::quoted;

/// A JSON value as an inline TOML value: a table where TOML can hold it to the letter, else the JSON text as a string.
pub(super) fn to_toml(value: &Verbatim) -> String {
    let json = value.as_json();
    let mut inline = String::new();
    let written = Inline(&mut inline).deserialize(&mut serde_json::Deserializer::from_str(json));
    if written.is_ok() && json.starts_with(['{', '[']) && read_back(&inline).as_deref() == Some(json) {
        return inline;
    }
    quoted(json)
}

fn read_back(inline: &str) -> Option<String> {
    let document = format!("value = {inline}");
    let table = DeTable::parse(&document).ok()?;
    let (_, value) = table.get_ref().iter().next()?;
    let mut json = String::new();
    to_json(value.get_ref(), &mut json).ok()?;
    Some(json)
}

/// A TOML value as JSON. A table or list is taken as it stands; a string is JSON text.
pub(super) fn from_toml(value: &Spanned<DeValue<'_>>) -> Result<Verbatim, String> {
    let text = match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        other => {
            let mut json = String::new();
            to_json(other, &mut json)?;
            json
        }
    };
    Verbatim::parse(&text).map_err(|error| error.message().to_owned())
}

fn to_json(value: &DeValue<'_>, json: &mut String) -> Result<(), String> {
    match value {
        DeValue::String(text) => json.push_str(&in_json(text)?),
        DeValue::Integer(number) if number.radix() == 10 => {
            json.push_str(number.as_str().trim_start_matches('+'));
        }
        DeValue::Integer(number) => {
            let number = i128::from_str_radix(number.as_str(), number.radix())
                .map_err(|_| "the number is too large".to_owned())?;
            json.push_str(&number.to_string());
        }
        DeValue::Float(number) => {
            let spelled = number.as_str().trim_start_matches('+');
            if !spelled.ends_with(|last: char| last.is_ascii_digit()) {
                return Err("JSON knows neither inf nor nan; write a number, or a text in quotes".to_owned());
            }
            json.push_str(spelled);
        }
        DeValue::Boolean(flag) => json.push_str(if *flag { "true" } else { "false" }),
        DeValue::Datetime(_) => return Err("JSON knows no dates; write it as a text in quotes".to_owned()),
        DeValue::Array(items) => {
            json.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    json.push(',');
                }
                to_json(item.get_ref(), json)?;
            }
            json.push(']');
        }
        DeValue::Table(table) => {
            json.push('{');
            // The parser sorts keys; their places say in which order they were written.
            let mut entries: Vec<_> = table.iter().collect();
            entries.sort_by_key(|(key, _)| key.span().start);
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    json.push(',');
                }
                json.push_str(&in_json(key.get_ref())?);
                json.push(':');
                to_json(value.get_ref(), json)?;
            }
            json.push('}');
        }
    }
    Ok(())
}

fn in_json(text: &str) -> Result<String, String> {
    serde_json::to_string(text).map_err(|error| error.to_string())
}

/// Writes whatever JSON value it meets as inline TOML; fails at a null, which TOML does not know.
struct Inline<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Inline<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Inline<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that TOML can hold")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<(), E> {
        self.0.push_str(if flag { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.0.push_str(&number.to_string());
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.0.push_str(&number.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        // `{:?}` always has a point or an exponent, so that it stays a float.
        self.0.push_str(&format!("{number:?}"));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.push_str(&quoted(text));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.0.push('[');
        let mut separator = "";
        loop {
            self.0.push_str(separator);
            let length = self.0.len();
            if items.next_element_seed(Inline(&mut *self.0))?.is_none() {
                self.0.truncate(length - separator.len());
                break;
            }
            separator = ", ";
        }
        self.0.push(']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.0.push('{');
        let mut separator = " ";
        while let Some(Key(key)) = entries.next_key()? {
            self.0.push_str(separator);
            self.0.push_str(&key);
            self.0.push_str(" = ");
            entries.next_value_seed(Inline(&mut *self.0))?;
            separator = ", ";
        }
        self.0.push_str(if separator == " " { "}" } else { " }" });
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Err(E::custom("null"))
    }
}

/// A key as TOML spells it.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = String::deserialize(deserializer)?;
        if key.len() > 1000 {
            return Err(D::Error::custom("a key of that length"));
        }
        let is_bare = !key.is_empty()
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        Ok(Self(if is_bare { key } else { quoted(&key) }))
    }
}
