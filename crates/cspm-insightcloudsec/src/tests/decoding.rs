//! Decoders as pure functions: odd records, odd times, any bytes at all.

use cspm_core::{FindingQuery, Origin, Step};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::decode::{Catalogue, Insight, Packs, decode_accounts, decode_insights, decode_resources};
use cspm_core::adapter::Text;

use crate::lenient::time;
use crate::{NAME, exemptions};

fn origin() -> Origin {
    Origin::new("rapid7", NAME)
}

fn catalogue() -> (Catalogue, Arc<Insight>) {
    let packs = Packs::decode(&packs()).unwrap().0;
    let (insights, rejected) = decode_insights(&insights(), &packs).unwrap();
    assert!(rejected.is_empty());
    let accounts = decode_accounts(&clouds(), &origin()).unwrap().items;
    (Catalogue::new(&accounts, &insights), insights[0].clone())
}

fn decode(text: &str) -> cspm_core::Result<Step<Finding>> {
    let (catalogue, insight) = catalogue();
    let query = FindingQuery { raw: true, ..FindingQuery::default() };
    decode_resources(text, &insight, "storagecontainer", &catalogue, &query, &origin())
}

fn one(resource: &Value) -> Step<Finding> {
    decode(&json!({"resources": [resource]}).to_string()).unwrap()
}

#[test]
fn j12_one_bad_record_is_rejected_alone_and_named() {
    let good = bucket("storagecontainer:3:us-east-1:a:");
    for (bad, reason) in [
        (json!({"resource_type": "volume", "instance": {}}), "no payload called \"volume\""),
        (json!({"volume": {}}), "no resource_type"),
        (json!({"resource_type": "volume", "volume": {"common": {"resource_id": ""}}}), "no resource_id"),
        (json!("text"), "cannot be read"),
        (json!(null), "cannot be read"),
    ] {
        let step = decode(&json!({"resources": [good, bad, good]}).to_string()).unwrap();
        assert_eq!((step.items.len(), step.rejected.len()), (2, 1), "{bad}");
        assert_eq!(step.rejected[0].name, "backoffice:5/storagecontainer 2");
        assert!(step.rejected[0].reason.contains(reason), "{:?}", step.rejected);
    }
    let surrogate =
        format!(r#"{{"resources": [{good}, {{"resource_type": "v", "v": {{"resource_id": "\ud800"}}}}]}}"#);
    let step = decode(&surrogate).unwrap();
    assert_eq!((step.items.len(), step.rejected.len()), (1, 1), "J07: never another string");
}

#[test]
fn p26_types_without_common_are_read_and_unknown_ones_kept_with_one_word() {
    let cloud = json!({"resource_type": "divvyorganizationservice", "divvyorganizationservice": {
        "resource_id": "divvyorganizationservice:8", "organization_service_id": "8", "name": "gov"}});
    let step = one(&cloud);
    assert_eq!(step.items[0].vendor_id, "backoffice:5/divvyorganizationservice:8");
    assert_eq!(step.items[0].account.cloud_id.as_deref(), Some("444455556666"));
    assert_eq!(step.items[0].resource.name.as_deref(), Some("gov"));

    let group = json!({"resource_type": "resourcegroup", "resourcegroup": {"resource_id": "resourcegroup:3:", "name": "g"}});
    let step = one(&group);
    assert_eq!(step.items[0].account.id, None, "the number of a group is not that of a cloud");
    assert!(step.notices.is_empty());

    let strange = json!({"resource_type": "quantum\u{1b}computer", "quantum\u{1b}computer": {
        "common": {"resource_id": "quantumcomputer:77:x:y:"}}});
    let step = decode(&json!({"resources": [strange, strange]}).to_string()).unwrap();
    assert_eq!(step.items[0].resource.kind.as_deref(), Some("quantum\u{1b}computer"));
    assert_eq!(
        step.items[0].account.id.as_deref(),
        Some("divvyorganizationservice:77"),
        "from the id's second segment"
    );
    assert_eq!(step.notices.len(), 1);
    assert!(step.notices[0].0.contains("quantum\\u{1b}computer"), "{:?}", step.notices);
}

#[test]
fn p10_counts_of_any_shape_never_claim_more_than_they_say() {
    for (counts, want) in [
        (json!({"storagecontainer": 1}), Some(1)),
        (json!({"storagecontainer": "1"}), Some(1)),
        (json!({"storagecontainer": -1}), None),
        (json!({"storagecontainer": "many"}), None),
        (json!({"volume": 1}), None),
        (json!({}), None),
        (json!([]), None),
        (json!(null), None),
        (json!(3), None),
    ] {
        let text =
            json!({"resources": [bucket("storagecontainer:3:us-east-1:a:")], "counts": counts}).to_string();
        assert_eq!(decode(&text).unwrap().expected, want, "{counts}");
    }
    assert!(decode(r#"{"resources": null, "counts": {"storagecontainer": 0}}"#).unwrap().items.is_empty());
}

#[test]
fn j13_nine_shapes_of_time_and_what_is_none() {
    for (text, want) in [
        ("2022-04-05 04:13:31", Some("2022-04-05T04:13:31Z")),
        ("2022-04-05 04:13:31.250000", Some("2022-04-05T04:13:31.25Z")),
        ("2017-12-07T00:07:18Z", Some("2017-12-07T00:07:18Z")),
        ("2017-12-07T02:07:18+02:00", Some("2017-12-07T00:07:18Z")),
        ("2022-10-02T13:17:16", Some("2022-10-02T13:17:16Z")),
        ("2023-07-03T06:55:19.954304", Some("2023-07-03T06:55:19.954304Z")),
        ("05/15/2019 22:13:19", Some("2019-05-15T22:13:19Z")),
        ("2023/01/01, 01:01:01 UTC", Some("2023-01-01T01:01:01Z")),
        ("2023-06-26", Some("2023-06-26T00:00:00Z")),
        ("1700000100", Some("2023-11-14T22:15:00Z")),
        ("1700000100.5", Some("2023-11-14T22:15:00.5Z")),
        ("9999-12-30", Some("9999-12-30T00:00:00Z")),
        ("10000-01-01", None),
        ("1969-12-31 23:59:59", Some("1969-12-31T23:59:59Z")),
        ("1700000100000", None),
        ("None", None),
        ("", None),
        ("0", None),
        ("soon", None),
        ("13/45/2019 99:99:99", None),
        ("inf", None),
        ("NaN", None),
        ("1e400", None),
    ] {
        assert_eq!(time(&Text(Some(text.into()))).map(|time| time.to_string()).as_deref(), want, "{text}");
    }
}

#[test]
fn j10_severities_are_numbers_whose_names_differ() {
    for (severity, custom, want, word) in [
        (json!(1), json!(null), "informational", Some("1")),
        (json!("5"), json!(null), "critical", Some("5")),
        (json!(5), json!(2), "low", Some("2")),
        (json!(5), json!(0), "unknown", Some("0")),
        (json!(6), json!(null), "unknown", Some("6")),
        (json!("high"), json!(null), "unknown", Some("high")),
        (json!(null), json!(null), "unknown", None),
    ] {
        let list =
            json!([{"insight_id": 1, "source": "custom", "severity": severity, "custom_severity": custom}]);
        let (insights, _) = decode_insights(&list.to_string(), &Packs::default()).unwrap();
        let rule = insights[0].to_rule(&origin());
        assert_eq!((rule.severity.as_str(), rule.vendor_severity.as_deref()), (want, word));
    }
}

#[test]
fn lists_that_tell_of_an_error_are_errors() {
    let packs = Packs::default();
    let error = decode_insights(r#" {"error_message": "no", "traceback": "t"}"#, &packs).unwrap_err();
    assert!(error.to_string().contains("answered with an error: no"), "{error}");
    for text in [r#"{"data": []}"#, "null", "3", "[", ""] {
        assert!(decode_insights(text, &packs).is_err(), "{text}");
        assert!(Packs::decode(text).is_err(), "{text}");
    }
    assert!(decode_accounts("{}", &origin()).is_err());
    assert!(decode_accounts(r#"{"clouds": null}"#, &origin()).is_err());
}

#[test]
fn j01_an_answer_cut_anywhere_is_never_taken_as_whole() {
    let text =
        json!({"resources": [bucket("storagecontainer:3:us-east-1:a:")], "next_cursor": null}).to_string();
    assert_eq!(decode(&text).unwrap().items.len(), 1);
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        assert!(decode(&text[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn j11_each_field_missing_null_or_of_another_type_gives_a_finding_or_a_rejection() {
    fn paths(value: &Value, at: &str, all: &mut Vec<String>) {
        let Value::Object(members) = value else { return };
        for (name, value) in members {
            let path = format!("{at}/{name}");
            paths(value, &path, all);
            all.push(path);
        }
    }
    let whole = bucket("storagecontainer:3:us-east-1:a:");
    let mut all = Vec::new();
    paths(&whole, "", &mut all);
    assert!(all.len() > 20);
    for path in all {
        for other in
            [json!(null), json!(7), json!(-1.5), json!(true), json!("x"), json!([1, {}]), json!({"a": []})]
        {
            let mut changed = whole.clone();
            *changed.pointer_mut(&path).unwrap() = other.clone();
            let step = one(&changed);
            assert_eq!(step.items.len() + step.rejected.len(), 1, "{path} = {other}");
        }
        let mut removed = whole.clone();
        let (parent, name) = path.rsplit_once('/').unwrap();
        removed.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
        let step = one(&removed);
        assert_eq!(step.items.len() + step.rejected.len(), 1, "{path} removed");
    }
}

proptest! {
    #[test]
    fn j02_no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = decode(&text);
        let _ = decode_insights(&text, &Packs::default());
        let _ = Packs::decode(&text);
        let _ = decode_accounts(&text, &origin());
        let _ = exemptions::decode(&text, &cspm_core::Cursor::Start, true);
        let _ = time(&Text(Some(text)));
    }

    #[test]
    fn j02_changed_json_neither_panics_nor_spoils_its_neighbours(at in 0_usize..2000, byte in 0_u8..128) {
        let good = bucket("storagecontainer:3:us-east-1:a:").to_string();
        let mut bad = good.clone().into_bytes();
        let at = at % bad.len();
        bad[at] = byte;
        let bad = String::from_utf8(bad).unwrap();
        let text = format!(r#"{{"resources": [{good}, {bad}, {good}]}}"#);
        // Where the page is still JSON with three elements, the two good ones are there.
        if let Ok(page) = serde_json::from_str::<Value>(&text)
            && page["resources"].as_array().is_some_and(|all| all.len() == 3)
            && page.as_object().unwrap().len() == 1
        {
            let step = decode(&text).unwrap();
            prop_assert_eq!(step.items.len() + step.rejected.len(), 3);
            prop_assert!(step.items.len() >= 2);
        }
    }
}
