//! What a run is about, so that a checkpoint of another one is known.

use std::collections::BTreeMap;

use cspm_core::{FindingQuery, clean_text};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a run is about, point by point. Whoever keeps state over runs adds what has to be the same for them to belong
/// together; nothing here may derive from a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question(BTreeMap<String, Value>);

impl Question {
    /// The points of a query.
    pub(crate) fn of(query: &FindingQuery) -> Self {
        match serde_json::to_value(query) {
            Ok(Value::Object(points)) => Self(points.into_iter().collect()),
            // A query is a struct of plain values.
            _ => Self(BTreeMap::new()),
        }
    }

    /// Adds a point.
    #[must_use]
    pub fn with(mut self, name: &str, value: &impl Serialize) -> Self {
        self.0.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
        self
    }

    /// Leaves a point out that need not be the same.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// In words, the first point in which another question differs.
    #[must_use]
    pub fn difference(&self, now: &Self) -> Option<String> {
        let show = |value: Option<&Value>| {
            clean_text(&value.map_or_else(|| "nothing".to_owned(), Value::to_string), 200)
        };
        let mut names = self.0.keys().chain(now.0.keys());
        let name = names.find(|name| self.0.get(*name) != now.0.get(*name))?;
        Some(format!(
            "{} was {} and is {} now",
            clean_text(name, 100),
            show(self.0.get(name)),
            show(now.0.get(name))
        ))
    }
}
