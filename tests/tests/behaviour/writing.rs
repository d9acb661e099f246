//! A write is on the wire once, unless it certainly was not carried out; where its answer is lost, what became of it is
//! read back and told. Shown with the write that all three vendors take: a suppression.

use cspm_core::{DeedResult, End, Finding, Outcome, Suppressing, SuppressionKind, SuppressionOrder, Wish};
use cspm_simulator::wire::SimResponse;
use cspm_simulator::{Fault, Match, Rule, Which};
use cspm_tests::{Installation, Kind, Lab, Setup, every_vendor, truth};
use http::{Method, StatusCode};

every_vendor!(
    r17_a_write_that_was_never_sent_is_sent_again,
    r18_w02_a_write_whose_answer_is_lost_is_sent_once_and_read_back,
    r19_a_refused_write_is_sent_again_after_the_wait,
    s02_a_write_is_not_redirected,
    w01_what_is_not_there_when_read_back_is_told,
);

fn suppressions(kind: Kind) -> Match {
    match kind {
        Kind::Conformity => Match::path("/v1/checks/").method(Method::PATCH),
        Kind::InsightCloudSec => Match::post("/v2/public/exemptions/create"),
        _ => Match::post("/v1/cspm/vm/update"),
    }
}

fn wish() -> Wish {
    Wish::Suppress(SuppressionOrder {
        reason: "accepted until the migration".to_owned(),
        until: End::parse("2999-03-31").expect("a day"),
        kind: SuppressionKind::RiskAccepted,
    })
}

/// Suppresses one open finding where writes meet this fault: what came of it and what was said.
async fn suppress(kind: Kind, faults: Vec<Rule>) -> (Lab, DeedResult, String) {
    let lab = Setup::new(Installation::sized(kind, 12)).start();
    let all = lab.everything().await;
    all.assert_ids(&truth::ids(&lab));
    let is_open = |finding: &&Finding| finding.outcome == Outcome::Fail && finding.suppression.is_none();
    let open = all.items.iter().find(is_open).expect("an open finding");
    lab.log().clear();
    for fault in faults {
        lab.simulator.faults().add(fault);
    }
    let store = lab.vendor.suppressions().expect("suppressions");
    let mut work = Suppressing::new(store, wish(), [open.vendor_id.clone()]).expect("it can be said");
    work.run().await;
    let [deed] = work.deeds() else { panic!("{:?}", work.deeds()) };
    let (result, message) = (deed.result, deed.message.clone().unwrap_or_default());
    lab.assert_no_secret("a result", &message);
    (lab, result, message)
}

/// Whether one more finding is suppressed than there was, by the vendor's own account.
async fn is_suppressed(lab: &Lab) -> bool {
    lab.simulator.faults().clear();
    let all = lab.everything().await;
    all.assert_complete();
    let now = all.items.iter().filter(|finding| finding.suppression.is_some()).count();
    let untouched = Setup::new(Installation::sized(lab.kind, 12)).start().everything().await;
    let before = untouched.items.iter().filter(|finding| finding.suppression.is_some()).count();
    assert!(now == before || now == before + 1, "{before} were suppressed, {now} are");
    now > before
}

async fn r17_a_write_that_was_never_sent_is_sent_again(kind: Kind) {
    for fault in [Fault::RefusedStream, Fault::GoAway] {
        let turned_away = Rule::new(suppressions(kind), Which::Nth(1), fault);
        let (lab, result, message) = suppress(kind, vec![turned_away]).await;
        assert_eq!((result, lab.count(&suppressions(kind))), (DeedResult::Done, 2), "{message}");
        assert!(is_suppressed(&lab).await);
    }
}

async fn r18_w02_a_write_whose_answer_is_lost_is_sent_once_and_read_back(kind: Kind) {
    for fault in [
        Fault::ResetBeforeAnswer,
        Fault::NeverAnswer,
        Fault::HalfBodyThenStall,
        Fault::status(StatusCode::BAD_GATEWAY),
        Fault::status(StatusCode::INTERNAL_SERVER_ERROR),
    ] {
        for carried_out in [true, false] {
            let lost = Rule::new(suppressions(kind), Which::Every, fault.clone()).carried_out(carried_out);
            let (lab, result, message) = suppress(kind, vec![lost]).await;
            let case = format!("{fault:?}, carried out: {carried_out}: {result:?}: {message}");
            assert_eq!(lab.count(&suppressions(kind)), 1, "{case}");
            let told = match result {
                DeedResult::Done => carried_out,
                DeedResult::Failed | DeedResult::Unknown => !carried_out && !message.is_empty(),
                DeedResult::Unchanged => false,
            };
            assert!(told, "{case}");
            assert!(lab.log().count() > 1, "read back: {case}");
            assert_eq!(is_suppressed(&lab).await, carried_out, "{case}");
        }
    }
}

async fn r19_a_refused_write_is_sent_again_after_the_wait(kind: Kind) {
    let refused = Rule::new(suppressions(kind), Which::Nth(1), Fault::throttled(3));
    let (lab, result, message) = suppress(kind, vec![refused]).await;
    assert_eq!(result, DeedResult::Done, "{message}");
    let sent = lab.log().matching(&suppressions(kind));
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].request.body, sent[1].request.body);
    let waited = sent[1].at - sent[0].ended.expect("an end");
    assert!((3_000..=4_500).contains(&waited.as_millis()), "{waited:?}");
    assert!(is_suppressed(&lab).await);
}

async fn s02_a_write_is_not_redirected(kind: Kind) {
    let elsewhere = format!("http://{}/v1/checks", Lab::DECOY);
    for target in [elsewhere.as_str(), "/v1/elsewhere", "http://127.0.0.1:8080/v1/checks"] {
        for status in [StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT, StatusCode::FOUND] {
            let moved = Rule::new(suppressions(kind), Which::Every, Fault::redirect(status, target));
            let (lab, result, message) = suppress(kind, vec![moved]).await;
            assert_eq!(result, DeedResult::Failed, "{message}");
            assert_eq!((lab.astray(), lab.count(&suppressions(kind))), (0, 1), "{status} to {target}");
            assert_eq!(lab.count(&Match::path("/v1/elsewhere")), 0, "{status} to {target}");
            assert!(!is_suppressed(&lab).await);
        }
    }
}

/// The vendor answers as if all were well, and did nothing.
async fn w01_what_is_not_there_when_read_back_is_told(kind: Kind) {
    for answer in ["{}", "[]", "", "null", r#"{"data":[],"message":"done"}"#] {
        let idle = SimResponse::bytes(StatusCode::OK, "application/json", answer);
        let idle = Rule::new(suppressions(kind), Which::Every, Fault::Answer(idle));
        let (lab, result, message) = suppress(kind, vec![idle]).await;
        assert!(
            matches!(result, DeedResult::Failed | DeedResult::Unknown),
            "{answer}: {result:?}: {message}"
        );
        assert!(!message.is_empty() && lab.log().count() > 1, "{answer}: read back, and told: {message}");
        assert_eq!(lab.count(&suppressions(kind)), 1, "{answer}");
        assert!(!is_suppressed(&lab).await, "{answer}");
    }
}
