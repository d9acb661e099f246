//! `POST /v1/cspm/vm/update` and the end of accepted risks (section 10, Appendix B).

use serde_json::json as j;

use super::*;

fn post_at(sim: &Bitdefender, body: &Value, now: i64) -> SimResponse {
    sim.handle(&request(Method::POST, "/v1/cspm/vm/update", headers(DEMO_KEY), &body.to_string()), now)
}

fn post(sim: &Bitdefender, body: &Value) -> u16 {
    post_at(sim, body, NOW).status.as_u16()
}

/// Asserts that a body is refused and that nothing changed.
#[track_caller]
fn refused(sim: &Bitdefender, body: &Value) {
    let before = sim.world();
    assert_eq!(post(sim, body), 400, "{body}");
    assert_eq!(sim.world(), before);
}

fn attributes(sim: &Bitdefender, id: &str) -> Value {
    json(sim, &format!("/v1/cspm/checks/{id}"))["data"][0]["attributes"].clone()
}

/// Section 10: the sample request, seen in single item, listing and filter; the default answer.
#[test]
fn an_update_sets_values() {
    let sim = sim(|_| {});
    json(&sim, "/v1/cspm/checks");
    let response = post_at(
        &sim,
        &j!({ "status": "risk_accepted", "status_remarks": "accepted until the migration",
            "expires_at": "2026-03-31", "severity": "medium", "severity_remarks": "compensating control",
            "ids": [OPEN] }),
        NOW,
    );
    assert_eq!(response.status, 200);
    assert_eq!(parsed(&response), j!({ "data": [{ "id": OPEN, "type": "check" }], "meta": { "total": 1 } }));
    let after = attributes(&sim, OPEN);
    assert_eq!(after["status"], "risk_accepted");
    assert_eq!(after["status_remarks"], "accepted until the migration");
    assert_eq!(after["expires_at"], "2026-03-31");
    assert_eq!(after["severity"], "medium");
    assert_eq!(after["severity_remarks"], "compensating control");
    assert_eq!(json(&sim, "/v1/cspm/checks")["data"][0]["attributes"], after);
    assert_eq!(ids(&json(&sim, "/v1/cspm/checks?severities=medium")), [OPEN]);
    assert_eq!(sim.world().checks[0].expires_at.as_deref(), Some("2026-03-31"));
}

/// Section 10: status and severity are independent; a new status takes its remark and end along.
#[test]
fn status_and_severity_are_independent() {
    let sim = sim(|_| {});
    assert_eq!(post(&sim, &j!({ "severity": "low", "ids": [ACCEPTED] })), 200);
    let after = attributes(&sim, ACCEPTED);
    assert_eq!((&after["severity"], &after["status"]), (&j!("low"), &j!("risk_accepted")));
    assert_eq!((&after["expires_at"], after.get("severity_remarks")), (&j!("2025-06-30"), None));
    assert_eq!(post(&sim, &j!({ "status": "open", "ids": [ACCEPTED] })), 200);
    let after = attributes(&sim, ACCEPTED);
    assert_eq!((&after["severity"], &after["status"]), (&j!("low"), &j!("open")));
    assert_eq!((after.get("expires_at"), after.get("status_remarks")), (None, None));
}

/// Section 10: every status and every severity can be set.
#[test]
fn every_word_can_be_set() {
    let sim = sim(|_| {});
    for word in STATUSES {
        assert_eq!(post(&sim, &j!({ "status": word, "ids": [OPEN] })), 200);
        assert_eq!(attributes(&sim, OPEN)["status"], word);
    }
    for word in SEVERITIES {
        assert_eq!(post(&sim, &j!({ "severity": word, "ids": [OPEN] })), 200);
        assert_eq!(attributes(&sim, OPEN)["severity"], word);
    }
}

/// Section 10: the predecessor does not let `needs_review` be set.
#[test]
fn needs_review_may_not_be_settable() {
    let sim = sim(|options| options.needs_review_settable = false);
    refused(&sim, &j!({ "status": "needs_review", "ids": [OPEN] }));
}

/// Appendix B: 101 ids, empty ids, a malformed id, an unknown id: 400, nothing changed.
#[test]
fn bad_ids_change_nothing() {
    let sim = Bitdefender::new(many(150), Options::default());
    let hundred: Vec<String> = (0..100).map(nth).collect();
    let too_many: Vec<String> = (0..101).map(nth).collect();
    for ids in [
        j!(too_many),
        j!([]),
        j!([nth(0), "not-a-uuid"]),
        j!([nth(0), nth(1).replace('-', "")]),
        j!([nth(0), NOBODY]),
        j!([nth(0), 7]),
        j!([nth(0), "5f2f8d6a-9f6e-4f5b-8a35-6d2a9b7c****"]),
        j!(nth(0)),
        Value::Null,
    ] {
        refused(&sim, &j!({ "status": "remediated", "ids": ids }));
    }
    refused(&sim, &j!({ "status": "remediated" }));
    assert_eq!(post(&sim, &j!({ "status": "remediated", "ids": hundred })), 200);
    let page = json(&sim, "/v1/cspm/checks?statuses=remediated");
    assert_eq!(page["meta"]["total"], 100);
}

/// Section 10: ids in capitals are the same ids, and one given twice counts once.
#[test]
fn ids_are_normalised() {
    let sim = sim(|_| {});
    let response = post_at(&sim, &j!({ "status": "remediated", "ids": [OPEN.to_uppercase(), OPEN] }), NOW);
    assert_eq!(parsed(&response)["meta"]["total"], 1);
    assert_eq!(attributes(&sim, OPEN)["status"], "remediated");
}

/// Appendix B: neither `status` nor `severity`: 400.
#[test]
fn one_of_status_and_severity_is_required() {
    let sim = sim(|_| {});
    refused(&sim, &j!({ "ids": [OPEN] }));
    refused(&sim, &j!({ "status_remarks": "x", "ids": [OPEN] }));
}

/// Section 10: remarks only beside what they are about.
#[test]
fn remarks_need_their_value() {
    let sim = sim(|_| {});
    refused(&sim, &j!({ "severity": "low", "status_remarks": "x", "ids": [OPEN] }));
    refused(&sim, &j!({ "status": "open", "severity_remarks": "x", "ids": [OPEN] }));
}

/// Appendix B: `expires_at` with `status` = `open` is 400; section 10: only with `risk_accepted`, only `yyyy-mm-dd`.
#[test]
fn expires_at_needs_an_accepted_risk_and_a_date() {
    let sim = sim(|_| {});
    for status in ["open", "remediated", "false_positive", "needs_review"] {
        refused(&sim, &j!({ "status": status, "expires_at": "2026-03-31", "ids": [OPEN] }));
    }
    refused(&sim, &j!({ "severity": "low", "expires_at": "2026-03-31", "ids": [OPEN] }));
    for date in [
        "2026-02-30",
        "2026-3-31",
        "20260331",
        "2026-03-31T00:00:00Z",
        "31.03.2026",
        "never",
        "",
        " 2026-03-31",
    ] {
        refused(&sim, &j!({ "status": "risk_accepted", "expires_at": date, "ids": [OPEN] }));
    }
    assert_eq!(
        post(&sim, &j!({ "status": "risk_accepted", "expires_at": "2028-02-29", "ids": [OPEN] })),
        200
    );
    assert_eq!(post(&sim, &j!({ "status": "risk_accepted", "ids": [OPEN] })), 200);
    assert_eq!(attributes(&sim, OPEN).get("expires_at"), None);
}

/// Section 10: unknown words, `null` and other types are refused.
#[test]
fn words_and_types_are_checked() {
    let sim = sim(|_| {});
    refused(&sim, &j!({ "status": "closed", "ids": [OPEN] }));
    refused(&sim, &j!({ "severity": "urgent", "ids": [OPEN] }));
    refused(&sim, &j!({ "status": "open", "severity": null, "ids": [OPEN] }));
    refused(&sim, &j!({ "status": "open", "status_remarks": null, "ids": [OPEN] }));
    refused(&sim, &j!({ "status": 3, "ids": [OPEN] }));
    refused(&sim, &j!([{ "status": "open", "ids": [OPEN] }]));
    let broken = request(Method::POST, "/v1/cspm/vm/update", headers(DEMO_KEY), "{\"status\":");
    assert_eq!(sim.handle(&broken, NOW).status, 400);
    let empty = request(Method::POST, "/v1/cspm/vm/update", headers(DEMO_KEY), "");
    assert_eq!(sim.handle(&empty, NOW).status, 400);
}

/// Appendix B: a remark of 2000 characters is accepted, one of 2001 is not.
#[test]
fn remarks_have_a_limit() {
    let sim = sim(|_| {});
    for (value, remarks, word) in
        [("status", "status_remarks", "open"), ("severity", "severity_remarks", "low")]
    {
        let body = |length| j!({ value: word, remarks: "é".repeat(length), "ids": [OPEN] });
        assert_eq!(post(&sim, &body(2_000)), 200);
        assert_eq!(attributes(&sim, OPEN)[remarks].as_str().unwrap().chars().count(), 2_000);
        refused(&sim, &body(2_001));
    }
}

/// Section 10, client rule 3: the server may count UTF-16 units or bytes.
#[test]
fn remarks_can_be_counted_in_other_units() {
    for (unit, character, fits) in [
        (RemarkUnit::Chars, "😀", 2_000),
        (RemarkUnit::Utf16, "😀", 1_000),
        (RemarkUnit::Utf16, "é", 2_000),
        (RemarkUnit::Bytes, "é", 1_000),
    ] {
        let sim = sim(|options| options.remark_unit = unit);
        let body = |count| j!({ "status": "open", "status_remarks": character.repeat(count), "ids": [OPEN] });
        assert_eq!(post(&sim, &body(fits)), 200, "{unit:?}");
        refused(&sim, &body(fits + 1));
    }
}

/// Appendix B: an update containing a `pass` check: 200, that check unchanged.
#[test]
fn a_pass_is_left_alone() {
    let sim = sim(|_| {});
    let before = attributes(&sim, PASS);
    let response =
        post_at(&sim, &j!({ "status": "false_positive", "severity": "low", "ids": [PASS, OPEN] }), NOW);
    assert_eq!(response.status, 200);
    assert_eq!(parsed(&response)["data"], j!([{ "id": OPEN, "type": "check" }]));
    assert_eq!(attributes(&sim, PASS), before);
    assert_eq!(attributes(&sim, OPEN)["status"], "false_positive");
}

/// Section 10: the answer is unknown; 200 `{}` and 204 are the alternatives, the effect is the same.
#[test]
fn the_answer_comes_in_three_forms() {
    let answer = |form| {
        let sim = sim(|options| options.update_response = form);
        let response = post_at(&sim, &j!({ "status": "remediated", "ids": [OPEN] }), NOW);
        assert_eq!(attributes(&sim, OPEN)["status"], "remediated");
        (response.status.as_u16(), response.body)
    };
    assert_eq!(answer(UpdateResponse::EmptyObject), (200, Bytes::from_static(b"{}")));
    assert_eq!(answer(UpdateResponse::NoContent), (204, Bytes::new()));
}

/// Appendix B: with the clock past `expires_at` the status reads `needs_review`. The day itself still counts (UTC).
#[test]
fn an_accepted_risk_runs_out() {
    let sim = sim(|_| {});
    let path = format!("/v1/cspm/checks/{ACCEPTED}");
    let read = |now| {
        let page = parsed(&sim.handle(&request(Method::GET, &path, headers(DEMO_KEY), ""), now));
        page["data"][0]["attributes"].clone()
    };
    // 2025-06-30T23:59:59.999Z and the millisecond after.
    let last = 1_751_327_999_999;
    assert_eq!(read(last)["status"], "risk_accepted");
    assert_eq!(ids(&json(&sim, "/v1/cspm/checks?statuses=needs_review")), [""; 0]);
    let after = read(last + 1);
    assert_eq!((&after["status"], &after["expires_at"]), (&j!("needs_review"), &j!("2025-06-30")));
    assert_eq!(ids(&json(&sim, "/v1/cspm/checks?statuses=needs_review")), [ACCEPTED]);
    assert_eq!(sim.world().checks[2].status.as_deref(), Some("needs_review"));
    // It was changed, not just shown so: a clock set back does not accept it again.
    assert_eq!(read(NOW)["status"], "needs_review");
}

/// Each accepted risk runs out on its own day: one that is over does not take along one that has today left.
#[test]
fn risks_run_out_one_by_one() {
    let sim = sim(|_| {});
    sim.edit(|world| {
        for (n, end) in ["2025-06-14", "2025-06-15", "2025-06-16"].iter().enumerate() {
            world.checks[n].status = Some("risk_accepted".into());
            world.checks[n].expires_at = Some((*end).to_owned());
        }
    });
    let reviewed = |now| {
        let target = "/v1/cspm/checks?statuses=needs_review";
        parsed(&sim.handle(&request(Method::GET, target, headers(DEMO_KEY), ""), now))["meta"]["total"]
            .clone()
    };
    assert_eq!([reviewed(NOW), reviewed(NOW + DAY), reviewed(NOW + 2 * DAY)], [1, 2, 3]);
}

/// Section 10: an end in the past is taken, and over at once; no end never is.
#[test]
fn ends_in_the_past_and_no_end() {
    let sim = sim(|_| {});
    let accept = |end: Value| {
        let mut body = j!({ "status": "risk_accepted", "ids": [OPEN] });
        if !end.is_null() {
            body["expires_at"] = end;
        }
        assert_eq!(post(&sim, &body), 200);
        attributes(&sim, OPEN)["status"].clone()
    };
    assert_eq!(accept(j!("2025-06-14")), "needs_review");
    assert_eq!(accept(j!("2025-06-15")), "risk_accepted");
    assert_eq!(accept(Value::Null), "risk_accepted");
    let far = post_at(&sim, &j!({ "severity": "low", "ids": [OPEN] }), NOW + 36_500 * DAY);
    assert_eq!(far.status, 200);
    assert_eq!(attributes(&sim, OPEN)["status"], "risk_accepted");
}

/// A world that a test took before an update stays as it was.
#[test]
fn a_snapshot_does_not_change() {
    let sim = sim(|_| {});
    let before = sim.world();
    assert_eq!(post(&sim, &j!({ "severity": "low", "ids": [OPEN] })), 200);
    assert_eq!(before.checks[0].severity.as_deref(), Some("high"));
    assert_eq!(sim.world().checks[0].severity.as_deref(), Some("low"));
}
