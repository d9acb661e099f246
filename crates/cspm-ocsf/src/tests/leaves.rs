//! The values of a JSON tree without their places.

use serde_json::Value;

/// Every text, number and truth value in a tree that says something, as text.
pub(crate) fn leaves(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => members.values().for_each(|member| collect(member, found)),
        other => found.push(other.to_string()),
    }
}

/// What of `wanted` is not among `present`, each as often as it occurs.
pub(crate) fn missing(wanted: Vec<String>, present: &[String]) -> Vec<String> {
    let mut left: Vec<&String> = present.iter().collect();
    let lost = wanted.into_iter().filter(|leaf| match left.iter().position(|other| *other == leaf) {
        Some(place) => {
            left.swap_remove(place);
            false
        }
        None => true,
    });
    lost.collect()
}
