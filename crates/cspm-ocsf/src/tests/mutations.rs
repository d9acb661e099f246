//! The sample with any one of its values replaced by something odd: nothing panics, and nothing is lost.

use serde_json::{Value, json};

use super::leaves::{leaves, missing};
use super::sample::sample;
use crate::{Event, Validator, Version, step_down};

/// A pointer to every value of an event.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(place, item)| pointers(item, &format!("{at}/{place}"), found));
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| pointers(member, &format!("{at}/{name}"), found));
        }
        _ => {}
    }
}

fn oddities() -> [Value; 9] {
    [
        Value::Null,
        json!(-1),
        json!(98.5),
        json!(u64::MAX),
        json!("odd"),
        json!([]),
        json!({}),
        json!([null, ["odd"], {"odd": 7}]),
        json!({"odd": {"odder": [true]}, "name": 5, "uid": "odd"}),
    ]
}

#[test]
fn any_odd_value_is_checked_and_stepped_down_without_loss() {
    let sample = sample();
    let mut places = Vec::new();
    pointers(&sample, "", &mut places);
    assert!(places.len() > 150);
    let mut invalid = 0;
    for place in places.iter().filter(|place| !place.is_empty()) {
        for odd in oddities() {
            let mut event = sample.clone();
            if let Some(value) = event.pointer_mut(place) {
                *value = odd;
            }
            invalid += usize::from(!Validator::new().check(&event).is_empty());
            let wanted = leaves(&event);
            for version in [Version::V1_1, Version::V1_3, Version::V1_5] {
                let stepped =
                    serde_json::to_value(step_down(Event::from_value(event.clone()).unwrap(), version))
                        .unwrap();
                for event in stepped.as_array().unwrap() {
                    assert!(Validator::new().at(version).recommended(true).check(event).len() < 1000);
                }
                let mut lost = missing(wanted.clone(), &leaves(&stepped));
                // The version is another, and an observable's path follows its resource.
                lost.retain(|leaf| leaf != "1.8.0" && !leaf.starts_with("resources["));
                assert_eq!(lost, Vec::<String>::new(), "{place} at {version}: {event}");
            }
        }
    }
    assert!(invalid > places.len() * 5, "{invalid}");
}
