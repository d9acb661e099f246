//! What fails costs its own scope and nothing else, is said, and is never mistaken for the end.

use std::collections::BTreeSet;
use std::time::Duration;

use cspm_core::{ErrorKind, Owner};
use cspm_simulator::wire::SimResponse;
use cspm_simulator::{ErrorBody, Fault, Latency, Match, Which};
use cspm_tests::{Installation, Kind, KindExt, Lab, Setup, every_vendor, everything, truth};
use http::StatusCode;

every_vendor!(
    p24_one_piece_that_fails_for_ever_costs_only_itself,
    r02_a_page_that_fails_for_ever_is_reported,
    r01_r03_one_passing_error_and_then_well,
    r16_the_status_decides_whatever_the_body_is,
    x01_s11_a_panic_within_a_call_costs_its_scope,
    r04_what_repeats_cannot_mend_is_asked_once,
    r13_an_error_in_spite_of_its_status_is_an_error,
    r15_nothing_where_data_is_due_is_an_error,
    r05_a_500_is_repeated_as_the_vendors_table_says,
    r08_a_total_outage_is_bounded,
    r08_an_outage_in_mid_run_is_bounded,
    t01_a_closed_port,
    a_spoilt_answer_once_is_read_again_or_reported,
    a_spoilt_answer_for_ever_is_never_complete,
    spoilt_answers_everywhere_are_never_complete,
    r09_a_storm_of_errors_loses_nothing,
);

#[tokio::test(start_paused = true)]
async fn p22_of_pages_side_by_side_only_the_failed_one_is_made_again() {
    let kind = Kind::Conformity;
    for status in [StatusCode::BAD_GATEWAY, StatusCode::TOO_MANY_REQUESTS] {
        let lab = Lab::sized(kind, 6 * kind.page() + 20);
        let (from, to) = (Duration::from_millis(50), Duration::from_millis(300));
        lab.simulator.set_latency(Some(Latency { from, to, seed: 2 }));
        let third = kind.listing().query("page%5Bnumber%5D=3");
        lab.simulator.faults().on(third.clone(), Which::Nth(1), Fault::status(status));
        let outcome = lab.everything().await;
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        assert_eq!((lab.count(&third), lab.pages(), outcome.connection().retries), (2, 8, 1), "{status}");
        assert_eq!(outcome.connection().duplicates, 0);
        assert!(lab.log().most_in_flight() > 1, "side by side");
    }
}

/// Requests for one of the pieces: the first account, the first insight, the second page.
fn first_piece(lab: &Lab) -> Match {
    match &lab.model {
        cspm_tests::Model::Conformity(vendor) => {
            let id = vendor.world().accounts[0].id.clone();
            lab.kind.listing().query(format!("accountIds={id}"))
        }
        cspm_tests::Model::InsightCloudSec(_) => lab.kind.listing().body("backoffice:1\""),
        cspm_tests::Model::Bitdefender(_) => lab.kind.listing().query("page_cursor="),
    }
}

/// The ids outside that piece.
fn others(lab: &Lab) -> BTreeSet<String> {
    let all = truth::ids(lab);
    match &lab.model {
        cspm_tests::Model::Conformity(vendor) => {
            let prefix = format!("ccc:{}:", vendor.world().accounts[0].id);
            all.into_iter().filter(|id| !id.starts_with(&prefix)).collect()
        }
        cspm_tests::Model::InsightCloudSec(_) => {
            all.into_iter().filter(|id| !id.starts_with("backoffice:1/")).collect()
        }
        cspm_tests::Model::Bitdefender(vendor) => {
            vendor.world().checks.iter().take(lab.kind.page()).map(|check| check.id.to_string()).collect()
        }
    }
}

fn pieces(kind: Kind) -> Lab {
    Setup::new(Installation::pieces(kind, &[kind.page() + 200, 300, 20, 0, 5])).start()
}

async fn p24_one_piece_that_fails_for_ever_costs_only_itself(kind: Kind) {
    let lab = pieces(kind);
    let down = Fault::status(StatusCode::SERVICE_UNAVAILABLE);
    let rule = lab.simulator.faults().on(first_piece(&lab), Which::Every, down);
    let outcome = lab.everything().await;
    outcome.assert_ids(&others(&lab));
    outcome.assert_incomplete();
    assert!(!outcome.report.is_total_failure());
    assert_eq!(outcome.incomplete().len(), 1);
    let error = outcome.incomplete()[0].error.as_ref().expect("why");
    assert_eq!((error.kind(), error.owner(), error.status()), (ErrorKind::Server, Owner::Vendor, Some(503)));
    let asked = lab.simulator.faults().hits(rule);
    assert!((2..=12).contains(&asked), "asked {asked} times");
}

async fn r02_a_page_that_fails_for_ever_is_reported(kind: Kind) {
    // The second page only: the first of the piece is read.
    let lab = pieces(kind);
    let second = match kind {
        Kind::Conformity => first_piece(&lab).query("page%5Bnumber%5D=1"),
        Kind::InsightCloudSec => kind.listing().body("\"cursor\""),
        _ => first_piece(&lab),
    };
    lab.simulator.faults().on(second, Which::Every, Fault::status(StatusCode::BAD_GATEWAY));
    let outcome = lab.everything().await;
    outcome.assert_incomplete();
    outcome.assert_among(&truth::ids(&lab));
    let missing = truth::ids(&lab).len() - outcome.items.len();
    let scope = outcome.incomplete()[0];
    assert_eq!(outcome.incomplete().len(), 1);
    assert_eq!(scope.received, kind.page() as u64);
    assert_eq!(scope.expected.map(|expected| expected - scope.received), Some(missing as u64), "{scope:#?}");
}

async fn r01_r03_one_passing_error_and_then_well(kind: Kind) {
    for status in [
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
        StatusCode::REQUEST_TIMEOUT,
    ] {
        let lab = Lab::sized(kind, 30);
        lab.simulator.faults().on(kind.listing(), Which::Nth(1), Fault::status_with(status, ErrorBody::Html));
        let outcome = lab.everything().await;
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        assert_eq!(outcome.connection().retries, 1, "{status}");
        assert_eq!(lab.pages(), 2, "{status}");
    }
}

async fn r04_what_repeats_cannot_mend_is_asked_once(kind: Kind) {
    for status in [400, 404, 405, 409, 410, 422, 501] {
        let lab = Lab::sized(kind, 3);
        let status = StatusCode::from_u16(status).expect("a status");
        lab.simulator.faults().on(kind.listing(), Which::Every, Fault::status(status));
        let outcome = lab.everything().await;
        if kind == Kind::InsightCloudSec && matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            // An installation without the newer query: the older one is asked.
            assert_eq!(lab.pages(), 1);
            outcome.assert_ids(&truth::ids(&lab));
            outcome.assert_complete();
            continue;
        }
        outcome.assert_incomplete();
        assert_eq!(lab.pages(), 1, "{status}");
        assert_eq!(outcome.connection().retries, 0);
        assert_eq!(outcome.errors()[0].status(), Some(status.as_u16()));
    }
}

async fn r16_the_status_decides_whatever_the_body_is(kind: Kind) {
    let custom = |content_type: &'static str, body: Vec<u8>| ErrorBody::Custom {
        content_type: http::HeaderValue::from_static(content_type),
        body: body.into(),
    };
    let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(100_000));
    for body in [
        ErrorBody::Errors,
        ErrorBody::Message,
        ErrorBody::ErrorObject,
        ErrorBody::ErrorString,
        ErrorBody::Problem,
        ErrorBody::ProblemMistyped,
        ErrorBody::Text,
        ErrorBody::Html,
        ErrorBody::Empty,
        ErrorBody::ControlCharacters,
        custom("application/json", b"{\"message\":\"\xff\xfe\"".to_vec()),
        custom("application/json", vec![b'['; 20_000]),
        custom("application/json", long.into_bytes()),
        custom("text/html", vec![b'<'; 100_000_000]),
    ] {
        let lab = Lab::sized(kind, 3);
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        lab.simulator.faults().on(kind.listing(), Which::Every, Fault::status_with(status, body.clone()));
        let outcome = lab.everything().await;
        outcome.assert_incomplete();
        let case = format!("{body:?}").chars().take(60).collect::<String>();
        assert_eq!((lab.pages(), outcome.errors().len()), (1, 1), "{case}: never a second error");
        let error = outcome.errors()[0];
        assert_eq!((error.kind(), error.status()), (ErrorKind::InvalidRequest, Some(422)), "{case}: {error}");
        let printed = error.to_string();
        assert!(
            printed.chars().count() < 500 && !printed.chars().any(cspm_core::is_hostile),
            "{case}: {error}"
        );
    }
}

/// What panics is within the adapter's own call: it is this program's fault, and says nothing of the credential.
async fn x01_s11_a_panic_within_a_call_costs_its_scope(kind: Kind) {
    let lab = pieces(kind);
    let panics = Fault::then(|| panic!("out of bounds"));
    let rule = lab.simulator.faults().on(first_piece(&lab), Which::Every, panics);
    let outcome = lab.everything().await;
    outcome.assert_ids(&others(&lab));
    outcome.assert_incomplete();
    assert!(!outcome.report.is_total_failure());
    assert_eq!(outcome.incomplete().len(), 1);
    let error = outcome.errors()[0];
    assert_eq!(error.owner(), Owner::Tool, "{error}");
    assert!(
        !error.to_string().contains("out of bounds") && error.to_string().contains("mistake of this program")
    );
    assert_eq!(lab.simulator.faults().hits(rule), 1, "what panicked once would do so again");
}

/// No finding, one request, and an error of this kind although the status is none of a failure.
async fn assert_no_answer(kind: Kind, fault: Fault, error_kind: ErrorKind) -> cspm_core::Error {
    let lab = Lab::sized(kind, 12);
    lab.simulator.faults().on(kind.listing(), Which::Every, fault.clone());
    let outcome = lab.everything().await;
    outcome.assert_incomplete();
    assert!(outcome.items.is_empty() && outcome.report.is_total_failure(), "{fault:?}");
    assert_eq!((lab.pages(), outcome.connection().retries), (1, 0), "{fault:?}");
    let error = outcome.errors()[0].clone();
    assert_eq!(error.kind(), error_kind, "{fault:?}: {error}");
    assert!(error.status().is_none_or(|status| status < 300), "{error}");
    error
}

async fn r13_an_error_in_spite_of_its_status_is_an_error(kind: Kind) {
    let own = match kind {
        Kind::Conformity => ErrorBody::Errors,
        Kind::InsightCloudSec => ErrorBody::Custom {
            content_type: http::HeaderValue::from_static("application/json"),
            body: r#"{"error_message":"The request was not carried out.","traceback":"internal"}"#.into(),
        },
        _ => ErrorBody::Custom {
            content_type: http::HeaderValue::from_static("application/json"),
            body: r#"{"message":"The request was not carried out."}"#.into(),
        },
    };
    let error = assert_no_answer(kind, Fault::OkWithErrorBody(own), ErrorKind::Server).await;
    assert!(error.message().contains("answered with an error: The request was not carried out."), "{error}");
    assert!(!error.message().contains("internal"));
    // The forms of others. Bitdefender's own is not documented: whatever says something is taken for it.
    let said = if kind == Kind::Bitdefender { ErrorKind::Server } else { ErrorKind::Protocol };
    for (form, error_kind) in [
        (ErrorBody::ErrorObject, said),
        (ErrorBody::ErrorString, said),
        (ErrorBody::Problem, said),
        (ErrorBody::ProblemMistyped, ErrorKind::Protocol),
    ] {
        assert_no_answer(kind, Fault::OkWithErrorBody(form), error_kind).await;
    }
}

async fn r15_nothing_where_data_is_due_is_an_error(kind: Kind) {
    let white = SimResponse::bytes(StatusCode::OK, "application/json", " \r\n\t ");
    for fault in [Fault::NoContent, Fault::EmptyBody, Fault::Answer(white)] {
        let error = assert_no_answer(kind, fault, ErrorKind::Protocol).await;
        assert!(error.message().contains("empty where data was due"), "{error}");
    }
    for body in ["null", "{}", "[]", "\"\"", "0"] {
        let answer = Fault::Answer(SimResponse::bytes(StatusCode::OK, "application/json", body));
        assert_no_answer(kind, answer, ErrorKind::Protocol).await;
    }
}

async fn r05_a_500_is_repeated_as_the_vendors_table_says(kind: Kind) {
    let lab = Lab::sized(kind, 3);
    lab.simulator.faults().on(kind.listing(), Which::Every, Fault::status(StatusCode::INTERNAL_SERVER_ERROR));
    let outcome = lab.everything().await;
    outcome.assert_incomplete();
    assert_eq!((outcome.errors()[0].kind(), outcome.errors()[0].status()), (ErrorKind::Server, Some(500)));
    let wanted = match kind {
        // Some answer 500 to bad input; one repeat tells.
        Kind::InsightCloudSec => 2..=2,
        // In a row, and once more when all else is read.
        _ => 2..=8,
    };
    assert!(wanted.contains(&lab.pages()), "asked {} times", lab.pages());
}

async fn r08_a_total_outage_is_bounded(kind: Kind) {
    for fault in
        [Fault::status(StatusCode::SERVICE_UNAVAILABLE), Fault::ResetBeforeAnswer, Fault::NeverAnswer]
    {
        let lab = Lab::demo(kind);
        lab.simulator.faults().on(Match::any(), Which::Every, fault.clone());
        let outcome = lab.everything().await;
        assert!(outcome.items.is_empty());
        outcome.assert_incomplete();
        assert!(outcome.report.is_total_failure());
        assert!(lab.log().count() <= 100, "{fault:?}: {} requests", lab.log().count());
        let kinds = [ErrorKind::Server, ErrorKind::Network, ErrorKind::Timeout];
        assert!(outcome.errors().iter().all(|error| kinds.contains(&error.kind())));
    }
}

async fn r08_an_outage_in_mid_run_is_bounded(kind: Kind) {
    let lab = Setup::new(Installation::pieces(kind, &[40; 300])).start();
    let all = lab.everything().await;
    all.assert_complete();
    lab.log().clear();
    lab.simulator.faults().on(
        kind.listing(),
        Which::From(10),
        Fault::status(StatusCode::SERVICE_UNAVAILABLE),
    );
    let outcome = lab.everything().await;
    outcome.assert_incomplete();
    outcome.assert_among(&all.ids());
    assert!(lab.pages() <= 100, "{} requests into an outage", lab.pages());
    let scopes = outcome.connection().scopes.len();
    assert_eq!(scopes, all.connection().scopes.len(), "each remaining scope is reported");
    assert!(!outcome.items.is_empty());
}

async fn t01_a_closed_port(kind: Kind) {
    let lab = Lab::demo(kind);
    lab.simulator.set_down(true);
    let outcome = lab.everything().await;
    outcome.assert_incomplete();
    assert!(outcome.report.is_total_failure());
    let error = outcome.errors()[0];
    assert_eq!((error.kind(), error.owner()), (ErrorKind::Network, Owner::Customer));
    let requests = outcome.connection().requests;
    assert!((6..=14).contains(&requests), "the first call is repeated, the others are not: {requests}");
    assert!(outcome.took.as_millis() > 100, "with waits");
    lab.simulator.set_down(false);
    lab.everything().await.assert_complete();
}

/// Answers that are no answers.
fn spoilt() -> Vec<Fault> {
    vec![
        Fault::ResetBeforeAnswer,
        Fault::CloseBeforeAnswer,
        Fault::ResetInBody { after: 700 },
        Fault::CloseInBody { after: 700 },
        Fault::ChunkedWithoutEnd,
        Fault::RefusedStream,
        Fault::ResetStream { after: 700 },
        Fault::TruncateJsonAt(60),
        Fault::OkWithHtml,
        Fault::OkWithErrorBody(ErrorBody::Errors),
        Fault::OkWithErrorBody(ErrorBody::Message),
        Fault::OkWithErrorBody(ErrorBody::ErrorObject),
        Fault::OkWithErrorBody(ErrorBody::ErrorString),
        Fault::EmptyBody,
        Fault::NoContent,
        Fault::NotHttp(b"220 mail.example ESMTP\r\n".as_slice().into()),
        Fault::GzipCut,
        Fault::GzipBadChecksum,
        Fault::GzipBomb { size: 80 << 20 },
        Fault::HeadersThenStall,
        Fault::HalfBodyThenStall,
        Fault::InvalidUtf8 { field: None },
        Fault::InvalidUtf8 { field: Some("later".to_owned()) },
        Fault::TrailingText(b"<!-- cached -->".as_slice().into()),
        Fault::status_with(StatusCode::INTERNAL_SERVER_ERROR, ErrorBody::ControlCharacters),
    ]
}

async fn a_spoilt_answer_once_is_read_again_or_reported(kind: Kind) {
    for fault in spoilt() {
        for nth in [1, 2] {
            let lab = Setup::new(Installation::pieces(kind, &[kind.page() + 20, 30])).start();
            lab.simulator.faults().on(kind.listing(), Which::Nth(nth), fault.clone());
            let outcome = lab.everything().await;
            outcome.assert_among(&truth::ids(&lab));
            if outcome.report.complete {
                outcome.assert_ids(&truth::ids(&lab));
            } else {
                outcome.assert_incomplete();
            }
        }
    }
}

async fn a_spoilt_answer_for_ever_is_never_complete(kind: Kind) {
    for fault in spoilt() {
        let lab = pieces(kind);
        lab.simulator.faults().on(first_piece(&lab), Which::Every, fault.clone());
        let outcome = lab.everything().await;
        assert!(!outcome.report.complete, "{fault:?}: called complete");
        outcome.assert_incomplete();
        outcome.assert_ids(&others(&lab));
        assert!(lab.log().count() <= 100, "{fault:?}: {} requests", lab.log().count());
    }
}

async fn spoilt_answers_everywhere_are_never_complete(kind: Kind) {
    for fault in spoilt() {
        let lab = Lab::sized(kind, 20);
        lab.simulator.faults().on(Match::any(), Which::Every, fault.clone());
        let outcome = lab.everything().await;
        assert!(outcome.items.is_empty() && !outcome.report.complete, "{fault:?}: {:#?}", outcome.summary());
        assert!(outcome.report.is_total_failure(), "{fault:?}");
        let accounts = lab.accounts().await;
        assert!(!accounts.report.complete, "{fault:?}: accounts called complete");
        let rules = lab.rules().await;
        assert!(!rules.report.complete, "{fault:?}: rules called complete");
    }
}

async fn r09_a_storm_of_errors_loses_nothing(kind: Kind) {
    let lab = Setup::new(Installation::pieces(kind, &[kind.page() + 20; 12])).start();
    let quiet = lab.everything().await;
    quiet.assert_complete();
    lab.log().clear();
    let storm = |probability, fault, seed| {
        let rule = cspm_simulator::Rule::new(Match::any(), Which::Probability(probability), fault).seed(seed);
        lab.simulator.faults().add(rule);
    };
    storm(0.10, Fault::status(StatusCode::SERVICE_UNAVAILABLE), 11);
    storm(0.05, Fault::ResetInBody { after: 300 }, 12);
    let outcome = lab.findings(&everything()).await;
    outcome.assert_among(&quiet.ids());
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    assert!(
        lab.log().count() as f64 <= 1.6 * quiet.connection().requests as f64,
        "{} requests",
        lab.log().count()
    );
}
