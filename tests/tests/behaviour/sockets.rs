//! What only a real connection can do: names, TLS, HTTP/2, and answers that are none, each through the ordinary adapter to
//! the ordinary simulator.

use std::time::Duration;

use cspm_core::{Error, ErrorKind, Finding, Owner};
use cspm_simulator::{Certificate, Fault, Match, Offer, Outdated, Tls, Which};
use cspm_tests::{Installation, Kind, KindExt, Lab, Outcome, Setup, every_vendor, truth};
use http::StatusCode;

every_vendor!(over sockets:
    j16_a_body_is_bounded_as_it_unpacks,
    j17_packed_bodies_that_do_not_unpack_are_told_so,
    j18_a_stated_length_is_believed_only_to_refuse,
    l01_bad_certificates_are_refused_once_and_in_words,
    l02_a_private_root_counts_for_its_connection_only,
    l04_outdated_versions_of_tls_are_refused_once,
    l07_a_clock_that_is_wrong_is_called_so,
    t11_bytes_after_an_answer_are_never_the_next_one,
    t12_a_connection_that_was_closed_while_idle_is_replaced,
    t13_a_connection_for_each_answer_is_enough,
    t14_interim_answers_are_passed_over,
    t15_an_answer_may_end_with_its_connection,
    t16_headers_are_bounded,
    t17_what_is_no_http_is_told_so,
    t18_a_refused_stream_is_repeated_at_once,
    t18_a_go_away_is_repeated_on_another_connection,
    t18_a_reset_stream_is_read_again_whole,
    t19_one_byte_packets_make_the_same_findings,
    t21_the_second_address_serves_where_the_first_is_dead,
);

every_vendor!(t02_a_name_that_does_not_resolve_is_asked_for_twice_at_most);

fn few(kind: Kind) -> Setup {
    Setup::new(Installation::sized(kind, 12)).one_by_one()
}

/// Two pages of findings: what comes after a fault is seen too.
fn two_pages(kind: Kind) -> Setup {
    Setup::new(Installation::sized(kind, kind.page() + 20)).one_by_one()
}

fn secure(offer: Offer) -> Tls {
    Tls::new(Certificate::Good, offer).expect("certificates")
}

async fn assert_whole(lab: &Lab) -> Outcome<Finding> {
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(lab));
    outcome.assert_complete();
    outcome
}

/// What a run asks for before it knows anything (some vendors' catalogues, side by side).
fn first_calls(kind: Kind) -> u64 {
    if kind == Kind::Conformity { 1 } else { 3 }
}

/// Nothing was read, and no request that failed was made twice.
async fn assert_refused_once(lab: &Lab, case: &str) -> Error {
    let outcome = lab.everything().await;
    outcome.assert_incomplete();
    assert!(outcome.items.is_empty() && outcome.report.is_total_failure(), "{case}");
    let report = outcome.connection();
    assert_eq!(
        (report.requests, report.retries),
        (first_calls(lab.kind), 0),
        "{case}: {:#?}",
        outcome.summary()
    );
    assert!(outcome.errors().iter().all(|error| error.attempts() == 1), "{case}: {:#?}", outcome.summary());
    outcome.errors()[0].clone()
}

/// A handshake that failed: one connection for each call, no request, the reason in words.
async fn assert_no_handshake(lab: &Lab, words: &str) {
    let error = assert_refused_once(lab, words).await;
    assert_eq!((error.kind(), error.owner()), (ErrorKind::Network, Owner::Customer), "{error}");
    assert!(!error.is_temporary() && error.status().is_none());
    assert!(error.message().contains("no secure connection to localhost: "), "{error}");
    assert!(error.message().contains(words), "{words}: {error}");
    assert_eq!((lab.connections(), lab.log().count()), (first_calls(lab.kind), 0), "{words}");
}

async fn l01_bad_certificates_are_refused_once_and_in_words(kind: Kind) {
    for (certificate, words) in [
        (Certificate::Expired { days: 1 }, "has expired"),
        (Certificate::Expired { days: 9_000 }, "has expired 9000 days ago"),
        (Certificate::NotYetValid, "is not valid yet"),
        (Certificate::WrongHost, "is for another host"),
        (Certificate::SelfSigned, "an authority that is not trusted"),
        (Certificate::UnknownRoot, "an authority that is not trusted"),
        (Certificate::IncompleteChain, "an authority that is not trusted"),
        (Certificate::BrokenChain, "not signed by the authority that it names"),
        (Certificate::SignedByServer, "its certificate is refused"),
    ] {
        let tls = Tls::new(certificate, Offer::Both).expect("certificates");
        let lab = few(kind).trusting(tls.root_pem()).serve(Some(&tls)).await;
        assert_no_handshake(&lab, words).await;
    }
}

async fn l02_a_private_root_counts_for_its_connection_only(kind: Kind) {
    for offer in [Offer::Both, Offer::Http1, Offer::Http2] {
        let tls = secure(offer);
        let trusting = few(kind).trusting(tls.root_pem()).serve(Some(&tls)).await;
        assert_whole(&trusting).await;
        assert_no_handshake(&few(kind).serve(Some(&tls)).await, "an authority that is not trusted").await;
        let other = few(kind).trusting(secure(offer).root_pem()).serve(Some(&tls)).await;
        assert_no_handshake(&other, "not signed by the authority that it names").await;
    }
}

async fn l04_outdated_versions_of_tls_are_refused_once(kind: Kind) {
    for outdated in [Outdated::ChoosesTls10, Outdated::ChoosesTls11, Outdated::Refuses] {
        let lab = few(kind).serve(Some(&Tls::outdated(outdated))).await;
        assert_no_handshake(&lab, "no version of TLS that is still safe").await;
    }
}

/// What is not well, by the check's name.
async fn complaints(lab: &Lab) -> Vec<&'static str> {
    let rows = lab.vendor.diagnose().await;
    lab.assert_no_secret("a diagnosis", &format!("{rows:?}"));
    let ill = rows.into_iter().filter(|row| !row.ok);
    ill.inspect(|row| assert!(row.remedy.is_some() && row.owner == Some(Owner::Customer), "{row:?}"))
        .map(|row| row.check)
        .collect()
}

async fn l07_a_clock_that_is_wrong_is_called_so(kind: Kind) {
    for (certificate, check) in [
        (Certificate::NotYetValid, "clock"),
        (Certificate::Expired { days: 365 }, "clock"),
        (Certificate::Expired { days: 3 }, "tls"),
        (Certificate::WrongHost, "tls"),
    ] {
        let tls = Tls::new(certificate, Offer::Both).expect("certificates");
        let lab = few(kind).trusting(tls.root_pem()).serve(Some(&tls)).await;
        assert_eq!(complaints(&lab).await, [check], "{certificate:?}");
        assert_eq!(lab.log().count(), 0);
    }
    let tls = secure(Offer::Both);
    let lab = few(kind).trusting(tls.root_pem()).serve(Some(&tls)).await;
    assert!(complaints(&lab).await.is_empty());
    let year = Duration::from_secs(365 * 24 * 3600).as_millis() as i64;
    for ahead in [year, -2 * year] {
        lab.simulator.clock().advance(ahead);
        assert_eq!(complaints(&lab).await, ["clock"], "{ahead} ms");
    }
}

/// A fault that spoils nothing for whoever reads HTTP as it is meant.
async fn assert_harmless(kind: Kind, fault: Fault) -> (Lab, Outcome<Finding>) {
    let lab = two_pages(kind).serve(None).await;
    lab.simulator.faults().on(Match::any(), Which::Every, fault);
    let outcome = assert_whole(&lab).await;
    assert_eq!(outcome.connection().retries, 0);
    (lab, outcome)
}

async fn t11_bytes_after_an_answer_are_never_the_next_one(kind: Kind) {
    let evil = b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"data\":[]}";
    assert_harmless(kind, Fault::ExtraBytes(evil.as_slice().into())).await;
}

async fn t12_a_connection_that_was_closed_while_idle_is_replaced(kind: Kind) {
    let (lab, outcome) = assert_harmless(kind, Fault::CloseAfterAnswer { announced: false }).await;
    assert_eq!(lab.connections(), outcome.connection().requests);
}

async fn t13_a_connection_for_each_answer_is_enough(kind: Kind) {
    let (lab, outcome) = assert_harmless(kind, Fault::CloseAfterAnswer { announced: true }).await;
    assert_eq!(lab.connections(), outcome.connection().requests);
}

async fn t14_interim_answers_are_passed_over(kind: Kind) {
    let interim = vec![StatusCode::CONTINUE, StatusCode::PROCESSING, StatusCode::EARLY_HINTS];
    assert_harmless(kind, Fault::Interim(interim)).await;
}

async fn t15_an_answer_may_end_with_its_connection(kind: Kind) {
    assert_harmless(kind, Fault::NoLengthUntilClose).await;
}

async fn t19_one_byte_packets_make_the_same_findings(kind: Kind) {
    let lab = few(kind).serve(None).await;
    lab.simulator.faults().on(Match::any(), Which::Every, Fault::OneBytePackets);
    assert_eq!(assert_whole(&lab).await.connection().retries, 0);
}

async fn assert_senseless(kind: Kind, fault: Fault) -> Error {
    let lab = few(kind).serve(None).await;
    lab.simulator.faults().on(Match::any(), Which::Every, fault.clone());
    let error = assert_refused_once(&lab, &format!("{fault:.20?}")).await;
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert_eq!(lab.log().count(), first_calls(kind));
    error
}

async fn t16_headers_are_bounded(kind: Kind) {
    for fault in [Fault::ManyHeaders(10_000), Fault::HugeHeader(1 << 20)] {
        assert_senseless(kind, fault).await;
    }
}

async fn t17_what_is_no_http_is_told_so(kind: Kind) {
    for bytes in [
        &b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"[..],
        b"220 mail.example ESMTP ready\r\n",
        b"\x00\x01\x02\x03\xff\xfe\r\n\r\n",
    ] {
        let error = assert_senseless(kind, Fault::NotHttp(bytes.into())).await;
        assert_eq!(error.owner(), Owner::Customer);
        assert!(error.message().contains("is this the right address and port?"), "{error}");
    }
}

/// The most that an answer may be in the tests of bounds.
const LARGEST: u64 = 1 << 20;

/// The first page is refused for good, and nothing of it is used.
async fn assert_unreadable(kind: Kind, fault: Fault, words: &str) {
    let mut setup = few(kind);
    setup.settings.max_response = LARGEST;
    let lab = setup.serve(None).await;
    lab.simulator.faults().on(kind.listing(), Which::Every, fault.clone());
    let outcome = lab.everything().await;
    outcome.assert_incomplete();
    assert!(outcome.items.is_empty(), "{fault:.60?}");
    assert_eq!((lab.pages(), outcome.connection().retries), (1, 0), "{fault:.60?}");
    let error = outcome.errors()[0];
    assert_eq!(error.kind(), ErrorKind::Protocol, "{fault:.60?}: {error}");
    assert!(error.message().contains(words), "{fault:.60?}: {error}");
}

async fn j16_a_body_is_bounded_as_it_unpacks(kind: Kind) {
    assert_unreadable(kind, Fault::GzipBomb { size: 512 << 20 }, "larger than 1 MiB (max_response_mib)")
        .await;
}

async fn j17_packed_bodies_that_do_not_unpack_are_told_so(kind: Kind) {
    for fault in [
        Fault::GzipCut,
        Fault::GzipBadChecksum,
        Fault::GzipTwice,
        Fault::GzipMembers,
        Fault::UnofferedEncoding(http::HeaderValue::from_static("br")),
        Fault::UnofferedEncoding(http::HeaderValue::from_static("zstd")),
    ] {
        assert_unreadable(kind, fault, "").await;
    }
    let lab = two_pages(kind).serve(None).await;
    lab.simulator.faults().on(Match::any(), Which::Every, Fault::Gzip);
    assert_whole(&lab).await;
}

async fn j18_a_stated_length_is_believed_only_to_refuse(kind: Kind) {
    assert_unreadable(kind, Fault::StatedLength(10_000_000_000), "larger than 1 MiB").await;
}

/// One of the requests for findings meets the fault over HTTP/2, and nothing is lost or doubled.
async fn assert_repeated_once(kind: Kind, fault: Fault, connections: u64) {
    let tls = secure(Offer::Http2);
    for nth in [1, 2] {
        let lab = two_pages(kind).trusting(tls.root_pem()).serve(Some(&tls)).await;
        let rule = lab.simulator.faults().on(kind.listing(), Which::Nth(nth), fault.clone());
        let outcome = assert_whole(&lab).await;
        assert_eq!(outcome.connection().retries, 1, "{fault:?}");
        assert_eq!((lab.simulator.faults().hits(rule), lab.connections()), (1, connections), "{fault:?}");
    }
}

async fn t18_a_refused_stream_is_repeated_at_once(kind: Kind) {
    assert_repeated_once(kind, Fault::RefusedStream, 1).await;
}

async fn t18_a_go_away_is_repeated_on_another_connection(kind: Kind) {
    assert_repeated_once(kind, Fault::GoAway, 2).await;
}

async fn t18_a_reset_stream_is_read_again_whole(kind: Kind) {
    assert_repeated_once(kind, Fault::ResetStream { after: 0 }, 1).await;
    assert_repeated_once(kind, Fault::ResetStream { after: 700 }, 1).await;
}

async fn t02_a_name_that_does_not_resolve_is_asked_for_twice_at_most(kind: Kind) {
    let lab = few(kind).addresses(&[]).serve(None).await;
    let outcome = lab.everything().await;
    assert!(outcome.items.is_empty() && outcome.report.is_total_failure());
    let calls = first_calls(kind);
    assert_eq!((outcome.connection().requests, outcome.connection().retries), (2 * calls, calls));
    let error = outcome.errors()[0];
    assert_eq!((error.kind(), error.owner(), error.attempts()), (ErrorKind::Network, Owner::Customer, 2));
    assert!(error.message().contains("the name localhost does not resolve"), "{error}");
    assert_eq!(lab.connections(), 0);
}

async fn t21_the_second_address_serves_where_the_first_is_dead(kind: Kind) {
    // The port is open at the second only.
    let lab = few(kind).addresses(&["127.0.0.2", "127.0.0.1"]).serve(None).await;
    assert_eq!(assert_whole(&lab).await.connection().retries, 0);
}
