//! Events that anyone wrote.

use std::io::Cursor;

use cspm::ocsf::{Context, Event, Previous, Validator, Version, read, step_down};
use cspm_core::Timestamp;

use super::assert_harmless;

/// An input is what is handed to `cspm ocsf validate`, or as the output of an earlier run.
pub fn ocsf(bytes: &[u8]) {
    let mut number = 0;
    for record in read(bytes) {
        let record = record.expect("memory can be read");
        number += 1;
        assert_eq!(record.number, number, "records are counted");
        let value = match record.event {
            Ok(value) => value,
            Err(issue) => {
                assert!(issue.is_error());
                assert_harmless("an issue", &issue.to_string());
                continue;
            }
        };
        for issue in Validator::new().recommended(true).check(&value) {
            assert_harmless("an issue", &issue.to_string());
        }
        let Some(event) = Event::from_value(value.clone()) else { continue };
        assert_eq!(serde_json::to_value(&event).expect("an event serialises"), value, "nothing is lost");
        assert_eq!(Validator::new().check(&value), Validator::new().check_event(&event));
        for version in [Version::V1_1, Version::V1_3, Version::V1_5] {
            for event in step_down(event.clone(), version) {
                for issue in Validator::new().at(version).check_event(&event) {
                    assert_harmless("an issue", &issue.to_string());
                }
            }
        }
    }
    previous(bytes);
}

fn previous(bytes: &[u8]) {
    let now = Timestamp::from_millis(1_700_000_000_000).expect("a time");
    let mut previous = Previous::read(Cursor::new(bytes)).expect("memory can be read");
    let known = previous.len();
    let closed = previous.closes(&Context::new("run", now), |_| true).expect("memory can be read again");
    assert!(closed.len() <= known, "{} of {known}", closed.len());
    for event in &closed {
        serde_json::to_string(event).expect("an event serialises");
    }
}
