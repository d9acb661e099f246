//! Runs compared with an earlier one.

use std::io::Cursor;

use cspm_core::{Finding, Outcome, Severity, State, Suppression};
use serde_json::Value;

use super::arbitrary::ordinary;
use crate::{Activity, Context, Event, Previous, Validator, Version, Writer, event, step_down};

fn context() -> Context {
    Context::new("run-1", "2026-06-01T08:42:17.512Z".parse().unwrap())
}

fn later() -> Context {
    Context::new("run-2", "2026-06-08T08:00:00Z".parse().unwrap())
}

fn numbered(number: u32) -> Finding {
    let mut finding = ordinary("conformity");
    finding.uid = format!("conformity:prod:{number}");
    finding
}

fn written(findings: &[Finding], version: Version) -> Cursor<Vec<u8>> {
    let mut writer = Writer::new(Vec::new(), version);
    for finding in findings {
        writer.write(finding, &context()).unwrap();
    }
    Cursor::new(writer.finish().unwrap())
}

#[test]
fn unchanged_changed_and_new_findings_are_told_apart_whatever_the_earlier_output() {
    let findings: Vec<Finding> = (0..8).map(numbered).collect();
    let as_findings =
        findings.iter().map(|finding| serde_json::to_string(finding).unwrap()).collect::<Vec<_>>();
    let outputs = Version::ALL.map(|version| written(&findings, version));
    for output in outputs.into_iter().chain([Cursor::new(as_findings.join("\n").into_bytes())]) {
        let mut previous = Previous::read(output).unwrap();
        assert_eq!((previous.len(), previous.rejected().len()), (8, 0));
        let mut activity = |number: usize, change: fn(&mut Finding)| {
            let mut finding = findings[number].clone();
            change(&mut finding);
            previous.activity(&finding, &later())
        };
        assert_eq!(activity(0, |_| {}), None);
        assert_eq!(activity(0, |finding| finding.last_seen = None), None, "seen again is no change");
        assert_eq!(activity(1, |finding| finding.severity = Severity::Low), Some(Activity::Update));
        assert_eq!(activity(2, |finding| finding.outcome = Outcome::Pass), Some(Activity::Close));
        assert_eq!(activity(3, |finding| finding.state = Some(State::Resolved)), Some(Activity::Close));
        let suppress = |finding: &mut Finding| finding.suppression = Some(Suppression::default());
        assert_eq!(activity(4, suppress), Some(Activity::Update));
        assert_eq!(activity(5, |finding| finding.updated = finding.last_seen), Some(Activity::Update));
        assert_eq!(activity(6, |finding| finding.uid = "new".to_owned()), Some(Activity::Create));
        let resolved = |finding: &mut Finding| {
            finding.uid = "new and mended".to_owned();
            finding.state = Some(State::Resolved);
        };
        assert_eq!(activity(6, resolved), Some(Activity::Close));

        let closed = previous.closes(&later(), |_| true).unwrap();
        let uids: Vec<Value> = closed
            .iter()
            .map(|it| serde_json::to_value(it).unwrap()["finding_info"]["uid"].clone())
            .collect();
        assert_eq!(uids, ["conformity:prod:6", "conformity:prod:7"]);
        for event in &closed {
            assert_eq!(Validator::new().check_event(event), []);
        }
    }
}

#[test]
fn a_changed_suppression_is_an_update() {
    let mut finding = numbered(1);
    finding.suppression = Some(Suppression { kind: "exemption".to_owned(), ..Suppression::default() });
    let mut previous = Previous::read(written(&[finding.clone()], Version::V1_3)).unwrap();
    assert_eq!(previous.activity(&finding, &later()), None);
    if let Some(suppression) = &mut finding.suppression {
        suppression.until = Some("2027-01-01T00:00:00Z".parse().unwrap());
    }
    assert_eq!(previous.activity(&finding, &later()), Some(Activity::Update));
}

#[test]
fn a_finding_without_times_is_not_changed_by_the_clock() {
    let mut finding = numbered(1);
    (finding.updated, finding.last_seen, finding.first_seen) = (None, None, None);
    let mut previous = Previous::read(written(&[finding.clone()], Version::NEWEST)).unwrap();
    assert_eq!(previous.activity(&finding, &later()), None);
}

#[test]
fn only_what_was_read_completely_is_closed_and_only_once() {
    let mut other = numbered(2);
    other.region = Some("us-east-1".into());
    let mut previous = Previous::read(written(&[numbered(1), other], Version::V1_2)).unwrap();
    let closed = previous
        .closes(&later(), |gone| {
            assert_eq!((gone.connection.as_str(), gone.vendor.as_str()), ("prod", "conformity"));
            assert_eq!(gone.account_id.as_deref(), Some("acc-7f3e"));
            assert_eq!(gone.account_cloud_id.as_deref(), Some("123456789012"));
            assert_eq!(gone.rule_id.as_deref(), Some("S3-017"));
            assert_eq!(gone.resource_type.as_deref(), Some("AWS::S3::Bucket"));
            assert!(gone.failed);
            gone.region.as_deref() == Some("us-east-1")
        })
        .unwrap();
    assert_eq!(closed.len(), 1);
    let close = serde_json::to_value(&closed[0]).unwrap();
    assert_eq!((&close["activity_id"], &close["type_uid"]), (&3.into(), &200_303.into()));
    assert_eq!((&close["status_id"], &close["status"]), (&4.into(), &"Resolved".into()));
    assert_eq!(close["compliance"]["status_id"], 3, "as last known");
    assert_eq!(close["metadata"]["version"], "1.2.0");
    assert_eq!(close["metadata"]["correlation_uid"], "run-2");
    assert_eq!(close["time_dt"], "2026-06-08T08:00:00Z");
    assert_eq!(close["finding_info"]["modified_time"], close["time"]);

    let mut writer = Writer::new(Vec::new(), Version::V1_2);
    writer.write_event(closed.into_iter().next().unwrap()).unwrap();
    let mut again = Previous::read(Cursor::new(writer.finish().unwrap())).unwrap();
    assert_eq!(again.closes(&later(), |_| true).unwrap(), []);
    let mut back = numbered(2);
    back.region = Some("us-east-1".into());
    assert_eq!(again.activity(&back, &later()), Some(Activity::Update), "it came back");
}

#[test]
fn a_close_of_a_newer_output_is_stepped_down() {
    let mut previous = Previous::read(written(&[numbered(1)], Version::NEWEST)).unwrap();
    let close = previous.closes(&later(), |_| true).unwrap().remove(0);
    for version in Version::ALL {
        for event in step_down(close.clone(), version) {
            assert_eq!(Validator::new().at(version).check_event(&event), [], "{version}");
        }
    }
}

#[test]
fn the_last_line_about_a_finding_counts_and_others_are_listed() {
    let mut mended = numbered(1);
    mended.outcome = Outcome::Pass;
    let lines = [
        serde_json::to_string(&numbered(1)).unwrap(),
        "{\"class_uid\":2003}".to_owned(),
        String::new(),
        "not json".to_owned(),
        "{\"uid\":\"half a finding\"}".to_owned(),
        serde_json::to_string(&mended).unwrap(),
    ];
    let mut previous = Previous::read(Cursor::new(lines.join("\n"))).unwrap();
    assert_eq!(previous.len(), 1);
    assert!(!previous.is_empty());
    assert_eq!(previous.rejected(), [2, 4, 5]);
    assert_eq!(previous.activity(&mended, &later()), None);
    assert_eq!(previous.activity(&numbered(1), &later()), Some(Activity::Update));
}

#[test]
fn anybodys_events_can_be_closed() {
    let mut event = super::sample::sample();
    event["metadata"]["profiles"] = serde_json::json!(["cloud"]);
    let text = event.to_string();
    let mut previous = Previous::read(Cursor::new(text)).unwrap();
    let close: Vec<Event<'static>> = previous.closes(&later(), |_| true).unwrap();
    let close = serde_json::to_value(&close[0]).unwrap();
    assert_eq!(close["time"], 1_780_905_600_000_i64);
    assert_eq!(close["time_dt"], "2026-06-01T08:30:00.000Z", "no twin is written without the profile");
    assert!(event_is_new(&close));
}

fn event_is_new(close: &Value) -> bool {
    let own = event(&numbered(1), &context()).into_owned();
    serde_json::to_value(own).unwrap()["metadata"]["uid"] != close["metadata"]["uid"]
}

/// What a run writes that has `findings` before it, compared with everything written so far.
fn appended(output: &mut Vec<u8>, findings: &[Finding], context: &Context) {
    let mut previous = Previous::read(Cursor::new(output.clone())).unwrap();
    let mut writer = Writer::new(output, Version::V1_3);
    for finding in findings {
        if let Some(activity) = previous.activity(finding, context) {
            writer.write(finding, &context.with_activity(activity)).unwrap();
        }
    }
    for event in previous.closes(context, |_| true).unwrap() {
        writer.write_event(event).unwrap();
    }
    writer.finish().unwrap();
}

/// The activities of the events of a finding, in the order of the output.
fn activities(output: &[u8], uid: &str) -> Vec<i64> {
    let lines = output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let events = lines.map(|line| serde_json::from_slice::<Value>(line).unwrap());
    events
        .filter(|event| event["finding_info"]["uid"] == uid)
        .map(|event| event["activity_id"].as_i64().unwrap())
        .collect()
}

#[test]
fn changes_appended_to_a_complete_output_are_as_good_as_a_complete_output() {
    let run =
        |day: u32| Context::new(format!("run-{day}"), format!("2026-06-{day:02}T08:00:00Z").parse().unwrap());
    let failing = numbered(1);
    let mut mended = numbered(1);
    mended.outcome = Outcome::Pass;
    mended.state = None;
    let (steady, other) = (numbered(2), numbered(3));
    let mut output = written(&[failing.clone(), steady.clone()], Version::V1_3).into_inner();
    for (day, findings) in [
        (9, vec![mended.clone(), steady.clone(), other.clone()]),
        (10, vec![mended.clone(), steady.clone(), other.clone()]),
        (11, vec![mended.clone(), steady.clone()]),
        (12, vec![mended, steady.clone()]),
        (13, vec![failing, steady.clone(), other]),
    ] {
        appended(&mut output, &findings, &run(day));
    }
    assert_eq!(activities(&output, "conformity:prod:1"), [2, 3, 2], "mended once, broken again");
    assert_eq!(activities(&output, "conformity:prod:2"), [2], "nothing happened");
    assert_eq!(activities(&output, "conformity:prod:3"), [1, 3, 2], "new, gone, back");
    let before = output.len();
    appended(&mut output, &[numbered(1), steady, numbered(3)], &run(14));
    assert_eq!(output.len(), before, "nothing happened");
}

#[test]
fn of_outputs_put_together_in_any_order_the_newest_event_counts() {
    let mut changed = numbered(1);
    changed.severity = Severity::Low;
    let older = written(&[numbered(1)], Version::NEWEST).into_inner();
    let mut writer = Writer::new(Vec::new(), Version::V1_1);
    writer.write(&changed, &later()).unwrap();
    let newer = writer.finish().unwrap();
    for output in [[older.clone(), newer.clone()].concat(), [newer, older].concat()] {
        let mut previous = Previous::read(Cursor::new(output)).unwrap();
        assert_eq!(previous.len(), 1);
        assert_eq!(previous.activity(&changed, &later()), None);
    }
}

#[test]
fn of_findings_and_events_put_together_the_later_line_counts() {
    let mut changed = numbered(1);
    changed.severity = Severity::Low;
    let event = written(&[numbered(1)], Version::NEWEST).into_inner();
    let finding = serde_json::to_vec(&changed).unwrap();
    for (output, last) in
        [([&event[..], &finding].concat(), &changed), ([&finding[..], b"\n", &event].concat(), &numbered(1))]
    {
        let mut previous = Previous::read(Cursor::new(output)).unwrap();
        assert_eq!(previous.activity(last, &later()), None);
    }
}

#[test]
fn a_pass_that_was_a_pass_is_not_mended() {
    let mut pass = numbered(1);
    (pass.outcome, pass.state) = (Outcome::Pass, None);
    let mut changed = pass.clone();
    changed.severity = Severity::Low;
    let mut previous = Previous::read(written(&[pass], Version::NEWEST)).unwrap();
    assert_eq!(previous.activity(&changed, &later()), Some(Activity::Update));
}
