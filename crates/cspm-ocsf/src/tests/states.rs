//! The state tables: outcome, workflow, activity and severity are kept apart.

use cspm_core::{Finding, Outcome, Severity, State, Suppression};
use serde_json::{Value, json};

use super::arbitrary::ordinary;
use crate::{Activity, Context, event};

fn mapped(finding: &Finding) -> Value {
    let context = Context::new("run-1", "2026-06-01T08:42:17.512Z".parse().unwrap());
    serde_json::to_value(event(finding, &context)).unwrap()
}

fn numbers(event: &Value) -> [Value; 3] {
    ["/compliance/status_id", "/status_id", "/activity_id"]
        .map(|at| event.pointer(at).cloned().unwrap_or_default())
}

#[test]
fn every_pair_of_outcome_and_state_has_its_numbers() {
    use {Outcome as O, State as S};
    for (outcome, state, want) in [
        (O::Fail, None, [3, 1, 2]),
        (O::Fail, Some(S::Open), [3, 1, 2]),
        (O::Fail, Some(S::InReview), [3, 2, 2]),
        (O::Fail, Some(S::Suppressed), [3, 3, 2]),
        (O::Fail, Some(S::Resolved), [3, 4, 3]),
        (O::Pass, Some(S::Resolved), [1, 4, 3]),
        (O::Pass, Some(S::Suppressed), [1, 3, 2]),
    ] {
        let mut finding = ordinary("conformity");
        (finding.outcome, finding.state) = (outcome, state);
        assert_eq!(numbers(&mapped(&finding)), want.map(Value::from), "{outcome} {state:?}");
    }
    for (outcome, state, want) in [
        (O::Pass, None, [1, 1]),
        (O::Pass, Some(S::Open), [1, 1]),
        (O::Warning, None, [2, 2]),
        (O::Warning, Some(S::Open), [2, 2]),
        (O::Unknown, None, [0, 2]),
    ] {
        let mut finding = ordinary("conformity");
        (finding.outcome, finding.state) = (outcome, state);
        let [said, workflow, activity] = numbers(&mapped(&finding));
        assert_eq!([said, activity], want.map(Value::from), "{outcome} {state:?}");
        assert_eq!(workflow, Value::Null);
    }
}

#[test]
fn a_failing_check_that_has_not_changed_since_it_was_first_seen_is_new() {
    let mut finding = ordinary("bitdefender");
    finding.updated = finding.first_seen;
    assert_eq!(Activity::without_history(&finding), Activity::Create);
    finding.suppression = Some(Suppression::default());
    assert_eq!(Activity::without_history(&finding), Activity::Update);
}

#[test]
fn a_suppression_keeps_its_reason_end_and_author() {
    let mut finding = ordinary("bitdefender");
    finding.suppression = Some(Suppression {
        until: Some("2026-12-31T23:59:59Z".parse().unwrap()),
        reason: Some("Known and accepted.".to_owned()),
        by: Some("ops@example.com".to_owned()),
        kind: "risk_accepted".to_owned(),
    });
    let event = mapped(&finding);
    assert_eq!(event["comment"], "Known and accepted.");
    assert_eq!(
        event["unmapped"]["bitdefender"]["suppression"],
        json!({"until": "2026-12-31T23:59:59Z", "by": "ops@example.com", "kind": "risk_accepted"})
    );
}

#[test]
fn severities_keep_the_vendors_word() {
    for (severity, word, want) in [
        (Severity::Critical, Some("EXTREME"), (5, Some("Critical"))),
        (Severity::Informational, Some("1"), (1, Some("Informational"))),
        (Severity::Unknown, Some("BANANA"), (99, Some("BANANA"))),
        (Severity::Unknown, Some("Other"), (99, None)),
        (Severity::Unknown, None, (0, Some("Unknown"))),
    ] {
        let mut finding = ordinary("conformity");
        (finding.severity, finding.vendor_severity) = (severity, word.map(Into::into));
        let event = mapped(&finding);
        assert_eq!(
            (event["severity_id"].as_i64().unwrap(), event["severity"].as_str()),
            (i64::from(want.0), want.1)
        );
        assert_eq!(event["unmapped"]["conformity"]["severity"].as_str(), word);
    }
}

#[test]
fn the_time_is_the_vendors_and_the_event_says_when_it_is_not() {
    let mut finding = ordinary("conformity");
    let said = |finding: &Finding| {
        let event = mapped(finding);
        (
            event["time_dt"].as_str().unwrap().to_owned(),
            event["metadata"]["labels"][0].as_str().map(str::to_owned),
        )
    };
    assert_eq!(said(&finding), ("2026-05-20T10:00:00.25Z".to_owned(), None));
    finding.updated = Some("1970-01-01T00:00:01Z".parse().unwrap());
    assert_eq!(said(&finding), ("2026-06-01T08:30:00Z".to_owned(), Some("time:last_seen".to_owned())));
    assert_eq!(mapped(&finding)["unmapped"]["conformity"]["updated"], "1970-01-01T00:00:01Z");
    finding.last_seen = None;
    assert_eq!(said(&finding), ("2026-03-02T09:14:05Z".to_owned(), Some("time:first_seen".to_owned())));
    finding.first_seen = None;
    assert_eq!(said(&finding), ("2026-06-01T08:42:17.512Z".to_owned(), Some("time:fetched".to_owned())));
    assert_eq!(mapped(&finding)["metadata"].get("original_time"), None);
}

#[test]
fn the_profile_cloud_needs_a_provider() {
    let mut finding = ordinary("insightcloudsec");
    assert_eq!(mapped(&finding)["metadata"]["profiles"], json!(["cloud", "datetime"]));
    let mut account = (*finding.account).clone();
    account.provider = None;
    finding.account = account.into();
    let event = mapped(&finding);
    assert_eq!(event["metadata"]["profiles"], json!(["datetime"]));
    assert_eq!(event.get("cloud"), None);
    assert_eq!(event["resources"][0].get("region"), None);
    let rest = &event["unmapped"]["insightcloudsec"];
    assert_eq!(
        rest["account"],
        json!({"id": "acc-7f3e", "cloud_id": "123456789012", "name": "billing-prod"})
    );
    assert_eq!(rest["region"], "eu-west-1");
}

#[test]
fn the_event_id_follows_the_state() {
    let uid = |finding: &Finding| mapped(finding)["metadata"]["uid"].as_str().unwrap().to_owned();
    let finding = ordinary("conformity");
    let first = uid(&finding);
    let mut same = finding.clone();
    same.last_seen = Some("2026-06-05T00:00:00Z".parse().unwrap());
    same.message = Some("worded anew".to_owned());
    assert_eq!(uid(&same), first);
    let changes: [fn(&mut Finding); 5] = [
        |finding| finding.uid = "other".to_owned(),
        |finding| finding.outcome = Outcome::Pass,
        |finding| finding.state = Some(State::InReview),
        |finding| finding.severity = Severity::Low,
        |finding| finding.updated = finding.last_seen,
    ];
    for change in changes {
        let mut other = finding.clone();
        change(&mut other);
        assert_ne!(uid(&other), first);
    }
}
