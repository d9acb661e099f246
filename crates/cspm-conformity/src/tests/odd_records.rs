//! Whatever comes: decoders never panic, and a record that makes no sense is rejected alone (J01, J02, J11, J12).

use cspm_core::FindingQuery;
use proptest::prelude::*;
use serde_json::json;

use super::decoding::{catalogue, origin};
use super::*;
use crate::decode::{decode_accounts, decode_checks, decode_rules};

fn page_with(record: &Value) -> String {
    let good = check("Qx7kP2mNz", "S3-016", "S3", "eu-west-1", "good");
    json!({"data": [good, record], "meta": {"total": 2, "total-pages": 1}}).to_string()
}

/// Every place of a value, as a pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                places(field, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn j11_every_field_of_every_type_keeps_the_others_readable() {
    let record = check("Qx7kP2mNz", "S3-016", "S3", "eu-west-1", "odd");
    let mut pointers = Vec::new();
    places(&record, "", &mut pointers);
    let substitutes = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!("x"),
        json!([]),
        json!([1, "a", null]),
        json!({}),
        json!({"id": 5}),
    ];
    let catalogue = catalogue();
    for pointer in pointers {
        for substitute in &substitutes {
            let mut odd = record.clone();
            *odd.pointer_mut(&pointer).unwrap() = substitute.clone();
            let text = page_with(&odd);
            let step = decode_checks(&text, &catalogue, &FindingQuery::default(), &origin()).unwrap();
            assert_eq!(step.items.len() + step.rejected.len(), 2, "{pointer} as {substitute}");
            assert_eq!(step.items[0].resource.id.as_deref(), Some("good"));
        }
    }
}

#[test]
fn j11_every_field_can_be_absent() {
    let record = check("Qx7kP2mNz", "S3-016", "S3", "eu-west-1", "odd");
    for key in record["attributes"].as_object().unwrap().keys() {
        let mut odd = record.clone();
        odd["attributes"].as_object_mut().unwrap().remove(key);
        let step =
            decode_checks(&page_with(&odd), &catalogue(), &FindingQuery::default(), &origin()).unwrap();
        assert_eq!((step.items.len(), step.rejected.len()), (2, 0), "without {key}");
    }
}

#[test]
fn j01_a_page_cut_anywhere_is_an_error_and_never_a_shorter_page() {
    let text = page_with(&check("Qx7kP2mNz", "S3-016", "S3", "eu-west-1", "odd"));
    let catalogue = catalogue();
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let cut = decode_checks(&text[..end], &catalogue, &FindingQuery::default(), &origin());
        assert!(cut.is_err(), "cut at {end}");
    }
}

#[test]
fn a_rejected_record_is_named_by_its_id_or_its_place() {
    for (record, name, reason) in [
        (json!({"id": "ccc:x", "attributes": 5}), "ccc:x", "invalid type"),
        (json!({"attributes": {}}), "number 2 of its page", "it has no id"),
        (json!({"id": "ccc:x", "attributes": {}}), "ccc:x", "it names no rule"),
        (json!({"id": "x\u{1b}[31m"}), "x\\u{1b}[31m", "it names no rule"),
        (json!("text"), "number 2 of its page", "invalid type"),
        (json!(["ccc:x", {}, {}]), "number 2 of its page", "a list where an object was due"),
    ] {
        let step =
            decode_checks(&page_with(&record), &catalogue(), &FindingQuery::default(), &origin()).unwrap();
        assert_eq!(step.items.len(), 1);
        assert_eq!(step.rejected[0].name, name);
        assert!(step.rejected[0].reason.contains(reason), "{:?}", step.rejected);
    }
}

/// Every attribute is optional (section 4.1), so all of them are; nested objects are never read from lists by position.
#[test]
fn a_record_without_attributes_is_kept_and_lists_are_no_objects() {
    let id = "ccc:Qx7kP2mNz:S3-016:S3:eu-west-1:odd";
    let rule = json!([{"data": {"id": "WRONG"}}, {"data": {"id": "WRONG"}}]);
    for record in [
        json!({"id": id}),
        json!({"id": id, "attributes": null}),
        json!({"id": id, "attributes": {}, "relationships": rule}),
        json!({"id": id, "attributes": {}, "relationships": {"rule": [{"id": "WRONG"}], "account": [["WRONG"]]}}),
    ] {
        let query = FindingQuery { outcome: cspm_core::OutcomeFilter::All, ..FindingQuery::default() };
        let step = decode_checks(&page_with(&record), &catalogue(), &query, &origin()).unwrap();
        assert_eq!((step.items.len(), step.rejected.len()), (2, 0), "{record}");
        assert_eq!(&*step.items[1].rule.id, "S3-016");
        assert_eq!(step.items[1].account.id.as_deref(), Some("Qx7kP2mNz"));
    }
    let text = json!({"data": [
        {"id": "a", "attributes": null}, {"id": "b"},
        {"id": "c", "attributes": {"cloud-type": "azure", "cloud-data": [["0f0e"]], "settings": [[{"disabled": true}]]}},
    ]});
    let step = decode_accounts(&text.to_string(), &origin()).unwrap();
    assert_eq!((step.items.len(), step.rejected.len()), (3, 0));
    assert_eq!((step.items[2].identity.cloud_id.as_deref(), step.items[2].enabled), (None, None));
}

#[test]
fn a_listing_without_data_is_no_listing() {
    for text in ["{}", "[]", "[[],null,{}]", "{\"data\":5}", "null", "{\"errors\":[]}"] {
        assert!(decode_checks(text, &catalogue(), &FindingQuery::default(), &origin()).is_err(), "{text}");
        assert!(decode_accounts(text, &origin()).is_err(), "{text}");
        assert!(decode_rules(text, &origin()).is_err(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn j02_no_text_makes_a_decoder_panic(text in ".{0,200}") {
        let _ = decode_checks(&text, &crate::decode::Catalogue::default(), &FindingQuery::default(), &origin());
        let _ = decode_accounts(&text, &origin());
        let _ = decode_rules(&text, &origin());
    }

    #[test]
    fn j02_a_changed_page_makes_no_decoder_panic(place in 0_usize..4_000, with in any::<char>(), removed in 0_usize..40) {
        let page = page_with(&check("Qx7kP2mNz", "S3-016", "S3", "eu-west-1", "odd"));
        for text in [page, accounts().to_string(), services().to_string()] {
            let mut letters: Vec<char> = text.chars().collect();
            let place = place % letters.len();
            let end = (place + removed).min(letters.len());
            letters.splice(place..end, [with]);
            let text: String = letters.into_iter().collect();
            if let Ok(step) = decode_checks(&text, &crate::decode::Catalogue::default(), &FindingQuery::default(), &origin()) {
                prop_assert!(step.items.len() + step.rejected.len() <= 4);
            }
            let _ = decode_accounts(&text, &origin());
            let _ = decode_rules(&text, &origin());
        }
    }
}
