//! What holds for every finding.

use cspm_core::{Finding, Timestamp};
use proptest::prelude::*;
use serde_json::Value;

use super::arbitrary::finding;
use super::leaves::{leaves, missing};
use crate::{Context, Validator, Version, Writer, close, event, step_down};

/// Enough versions for what does not hang on the version.
const SOME: [Version; 3] = [Version::V1_1, Version::V1_4, Version::NEWEST];

fn context(run: &str, now: &str) -> Context {
    Context::new(run, now.parse::<Timestamp>().unwrap())
}

fn written(finding: &Finding, context: &Context, version: Version) -> String {
    let mut writer = Writer::new(Vec::new(), version);
    writer.write(finding, context).unwrap();
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Every time attribute of an event, with its name.
fn times(value: &Value, found: &mut Vec<(String, i64)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| times(item, found)),
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| *name != "unmapped") {
                match member.as_i64() {
                    Some(time) if name == "time" || name.ends_with("_time") => {
                        found.push((name.clone(), time))
                    }
                    _ => times(member, found),
                }
            }
        }
        _ => {}
    }
}

/// Every text but those of `unmapped` and the vendor's record.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Null => found.push("null".to_owned()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => {
            members
                .iter()
                .filter(|(name, _)| *name != "unmapped")
                .for_each(|(_, member)| texts(member, found));
        }
        _ => {}
    }
}

/// What a finding says that its event words in its own way.
fn reworded(finding: &Finding) -> Vec<String> {
    let words = [finding.outcome.as_str(), finding.severity.as_str()];
    let provider = finding.account.provider.as_deref().filter(|word| crate::product::cloud(word).is_some());
    words.into_iter().chain(provider).map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_finding_is_a_valid_event_at_every_version(finding in finding()) {
        let context = context("run-1", "2026-06-01T08:42:17.512Z");
        for version in Version::ALL {
            for event in step_down(event(&finding, &context), version) {
                prop_assert_eq!(Validator::new().at(version).check_event(&event), [], "{}", version);
                let anybodys = serde_json::to_value(&event).unwrap();
                prop_assert_eq!(Validator::new().check(&anybodys), [], "{}", version);
                prop_assert_eq!(event.version(), version);
            }
        }
    }

    #[test]
    fn every_finding_that_is_gone_is_closed_by_a_valid_event_at_every_version(finding in finding()) {
        let (then, now) = (context("run-1", "2026-06-01T08:42:17.512Z"), context("run-2", "2026-06-02T09:00:00Z"));
        for version in Version::ALL {
            for earlier in step_down(event(&finding, &then), version) {
                let outcome = earlier.attributes().at("compliance.status_id").cloned();
                let closed = close(earlier, &now);
                prop_assert_eq!(Validator::new().at(version).check_event(&closed), [], "{}", version);
                let number = |path: &str| closed.attributes().at(path).and_then(crate::Node::as_integer);
                prop_assert_eq!((number("activity_id"), number("type_uid"), number("status_id")), (Some(3), Some(200_303), Some(4)));
                prop_assert_eq!(closed.attributes().at("compliance.status_id").cloned(), outcome);
            }
        }
    }

    #[test]
    fn what_events_have_in_common_is_written_as_if_it_were_made_anew(
        mut findings in proptest::collection::vec(finding(), 2..5),
    ) {
        let context = context("run-1", "2026-06-01T08:42:17.512Z");
        // Of one rule, of which now and then everything is said once and then something else.
        let first = findings[0].clone();
        for finding in &mut findings[1..] {
            (finding.connection, finding.rule) = (first.connection.clone(), first.rule.clone());
            (finding.outcome, finding.severity) = (first.outcome, first.severity);
        }
        findings.push(first);
        let mut writer = Writer::new(Vec::new(), Version::NEWEST);
        for finding in findings.iter().chain(&findings) {
            writer.write(finding, &context).unwrap();
        }
        let mut want = Vec::new();
        for finding in findings.iter().chain(&findings) {
            crate::one_line::append(&mut want, &event(finding, &context));
        }
        prop_assert_eq!(String::from_utf8(writer.finish().unwrap()), String::from_utf8(want));
    }

    #[test]
    fn no_value_of_a_finding_is_lost(finding in finding()) {
        let event = event(&finding, &context("run-1", "2026-06-01T08:42:17.512Z")).into_owned();
        let present = leaves(&serde_json::to_value(&event).unwrap());
        let mut said = serde_json::to_value(&finding).unwrap();
        if let (Some(raw), Some(members)) = (&finding.raw, said.as_object_mut()) {
            members.insert("raw".to_owned(), raw.get().into());
        }
        let reworded = reworded(&finding);
        let lost: Vec<String> = leaves(&said)
            .into_iter()
            .filter(|leaf| !present.contains(leaf) && !reworded.contains(leaf))
            .collect();
        prop_assert_eq!(lost, Vec::<String>::new());
        prop_assert!(finding.raw.is_some() == event.attributes().get("raw_data").is_some());
    }

    #[test]
    fn stepping_down_loses_no_value(finding in finding()) {
        let context = context("run-1", "2026-06-01T08:42:17.512Z");
        let newest = event(&finding, &context).into_owned();
        let mut wanted = leaves(&serde_json::to_value(&newest).unwrap());
        let version = wanted.iter().position(|leaf| leaf == "1.8.0").unwrap();
        wanted.remove(version);
        for version in Version::ALL {
            let stepped = step_down(newest.clone(), version);
            prop_assert_eq!(stepped.len(), 1);
            let mut present = leaves(&serde_json::to_value(&stepped).unwrap());
            // The paths in observables follow the resource's new place.
            for leaf in &mut present {
                if version < Version::V1_3 && (leaf == "resource.uid" || leaf == "resource.name") {
                    *leaf = leaf.replace("resource.", "resources[0].");
                }
            }
            prop_assert_eq!(missing(wanted.clone(), &present), Vec::<String>::new(), "{}", version);
        }
    }

    #[test]
    fn times_are_milliseconds_and_texts_are_never_empty(finding in finding(), now in any::<i64>()) {
        let now = Timestamp::from_millis(now / 1_000_000).unwrap_or_else(Timestamp::now);
        for version in SOME {
            let value = value(&written(&finding, &Context::new("", now), version));
            let mut found = Vec::new();
            times(&value, &mut found);
            prop_assert!(found.len() >= 4);
            for (name, time) in found {
                prop_assert!(time > 100_000_000_000 && time < 10_000_000_000_000, "{} {}", name, time);
            }
            let mut found = Vec::new();
            texts(&value, &mut found);
            prop_assert!(found.iter().all(|text| !text.is_empty() && text != "null"), "{:?}", found);
        }
    }

    #[test]
    fn two_runs_differ_in_four_facts_only(finding in finding()) {
        for version in SOME {
            let first = written(&finding, &context("run-1", "2026-06-01T08:42:17.512Z"), version);
            let again = written(&finding, &context("run-2", "2026-06-02T09:00:00Z"), version);
            prop_assert_ne!(&first, &again);
            let (mut first, mut again) = (value(&first), value(&again));
            // A finding without any time takes the run's.
            let fetched = first["metadata"]["labels"].as_array().is_some_and(|labels| labels.contains(&"time:fetched".into()));
            prop_assert_eq!(&first["metadata"]["uid"], &again["metadata"]["uid"]);
            for event in [&mut first, &mut again] {
                forget_run(event, fetched);
            }
            prop_assert_eq!(first, again, "{}", version);
        }
    }

    #[test]
    fn two_runs_write_the_same_bytes_but_for_their_id_and_time(finding in finding()) {
        // Nothing else in an event looks like these.
        let runs = [("run~~1", "2031-01-01T01:01:01.111Z"), ("run~~2", "2032-02-02T02:02:02.222Z")];
        for version in Version::ALL {
            let written = runs.map(|(run, now)| written(&finding, &context(run, now), version));
            let millis = runs.map(|(_, now)| now.parse::<Timestamp>().unwrap().as_millis().to_string());
            prop_assert_ne!(&written[0], &written[1]);
            let masked = [0, 1].map(|place| {
                [runs[place].0, runs[place].1, millis[place].as_str()]
                    .iter()
                    .fold(written[place].clone(), |text, own| text.replace(own, "(run)"))
            });
            prop_assert_eq!(&masked[0], &masked[1], "{}", version);
        }
    }

    #[test]
    fn a_finding_and_its_event_tell_the_same_state(finding in finding()) {
        let context = context("run-1", "2026-06-01T08:42:17.512Z");
        let event = event(&finding, &context);
        let uid = crate::map::uid(&finding);
        let decided = crate::times::Decided::of(&finding, context.now());
        let told = crate::fingerprint::State::of_finding(&finding, &uid, &decided);
        prop_assert_eq!(crate::fingerprint::State::of(event.attributes()), told);
    }

    #[test]
    fn findings_of_other_resources_rules_and_tenants_have_other_ids(one in finding(), other in finding()) {
        // An adapter that gives no id of its own.
        let uid = |change: &dyn Fn(&mut Finding)| {
            let mut finding = one.clone();
            finding.uid.clear();
            change(&mut finding);
            crate::map::uid(&finding).into_owned()
        };
        let own = uid(&|_| {});
        let resource = |finding: &Finding| (finding.resource.id.clone(), finding.resource.name.clone());
        for (changed, differs) in [
            (uid(&|it| it.resource = other.resource.clone()), resource(&one) != resource(&other)),
            (uid(&|it| it.connection = other.connection.clone()), one.connection != other.connection),
            (uid(&|it| it.rule = other.rule.clone()), one.rule.id != other.rule.id),
            (uid(&|it| it.vendor = other.vendor.clone()), one.vendor != other.vendor),
        ] {
            prop_assert_eq!(changed != own, differs);
        }
    }

    #[test]
    fn every_record_is_one_line(finding in finding()) {
        for version in [Version::V1_1, Version::NEWEST] {
            let text = written(&finding, &context("run\u{2028}", "2026-06-01T08:42:17.512Z"), version);
            let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
            prop_assert!(text.ends_with('\n'));
            prop_assert_eq!(text.chars().filter(|c| breaks(*c)).count(), 1);
            let events = step_down(event(&finding, &context("run\u{2028}", "2026-06-01T08:42:17.512Z")), version)
                .iter()
                .map(|event| serde_json::to_value(event).unwrap())
                .collect::<Vec<_>>();
            prop_assert_eq!(vec![value(&text)], events);
        }
    }
}

#[test]
fn only_recommended_attributes_that_a_finding_cannot_tell_are_missing() {
    let mut finding = super::arbitrary::ordinary("conformity");
    finding.suppression = Some(cspm_core::Suppression { kind: "suppressed".into(), ..Default::default() });
    let context = context("run-1", "2026-06-01T08:42:17.512Z");
    let event = event(&finding, &context);
    let issues = Validator::new().recommended(true).check_event(&event);
    let missing: Vec<&str> = issues.iter().map(|issue| issue.path.as_str()).collect();
    assert_eq!(
        missing,
        [
            // No vendor tells the version of its product, nor whom a resource belongs to, nor its addresses.
            "finding_info.product.version",
            "metadata.product.version",
            // The mapping has no page, the events no log, and who reports is the product itself.
            "metadata.transformation_info_list[0].url_string",
            "metadata.log_name",
            "metadata.reporter",
            // An article about a rule is about no patch.
            "remediation.kb_article_list[0].os",
            "remediation.kb_article_list[0].severity",
            "remediation.kb_article_list[0].install_state",
            "remediation.kb_article_list[0].install_state_id",
            "resources[0].group.uid",
            // A tag has one value.
            "resources[0].tags[0].values",
            "resources[0].tags[1].values",
            "resources[0].ip",
            "resources[0].owner",
            "resources[0].hostname",
            // Deprecated.
            "resource",
            // The model has no text about a state; that of the result is the message.
            "status_detail",
        ],
        "{issues:?}"
    );
}

/// Takes out what a run adds to an event.
fn forget_run(event: &mut Value, fetched: bool) {
    let forget = |object: &mut Value, names: &[&str]| {
        if let Some(object) = object.as_object_mut() {
            names.iter().for_each(|name| {
                object.remove(*name);
            });
        }
    };
    let run = ["correlation_uid", "logged_time", "logged_time_dt", "processed_time", "processed_time_dt"];
    forget(&mut event["metadata"], &run);
    if let Some(steps) = event["metadata"].get_mut("transformation_info_list") {
        forget(&mut steps[0], &["time", "time_dt"]);
    }
    // The second key is taken where the vendor itself is called like the first.
    for key in ["ocsf_1_8", "ocsf_1_8_"] {
        let at = format!("/unmapped/{key}/metadata.transformation_info_list/0");
        if let Some(step) = event.pointer_mut(&at) {
            forget(step, &["time", "time_dt"]);
        }
    }
    if fetched {
        forget(event, &["time", "time_dt"]);
        forget(&mut event["finding_info"], &["modified_time", "modified_time_dt"]);
    }
}
