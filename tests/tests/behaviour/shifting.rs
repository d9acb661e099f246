//! Listings that move, repeat themselves, contradict themselves or hold what nobody understands.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use cspm_core::ErrorKind;
use cspm_simulator::wire::SimResponse;
use cspm_simulator::{Fault, Which, bitdefender, conformity, insightcloudsec};
use cspm_tests::page::{details, id, name, records, set_total};
use cspm_tests::{Installation, Kind, KindExt, Lab, Model, Setup, every_vendor, truth};
use serde_json::{Value, json};

every_vendor!(
    p12_a_record_that_vanishes_takes_no_other_along,
    p13_records_that_come_twice_are_written_once,
    p14_of_two_versions_the_newer_one_counts,
    p14_what_was_handed_on_stands,
    p15_p21_the_same_page_again_and_again,
    p11_totals_that_do_not_come_true,
    p10_totals_that_are_missing_or_nonsense,
    p04_p05_short_and_empty_pages_are_not_the_end,
    j12_one_bad_record_among_many,
    j10_words_that_no_document_knows,
    t20_answers_out_of_order,
);

fn remove_first(lab: &Lab) -> Box<dyn Fn() + Send + Sync> {
    match &lab.model {
        Model::Conformity(vendor) => {
            let vendor = vendor.clone();
            Box::new(move || vendor.edit(|world| drop(world.checks.remove(0))))
        }
        Model::InsightCloudSec(vendor) => {
            let vendor = vendor.clone();
            Box::new(move || vendor.edit(|world| drop(world.resources.remove(0))))
        }
        Model::Bitdefender(vendor) => {
            let vendor = vendor.clone();
            Box::new(move || vendor.edit(|world| drop(world.checks.remove(0))))
        }
    }
}

async fn p12_a_record_that_vanishes_takes_no_other_along(kind: Kind) {
    let lab = Lab::sized(kind, 2 * kind.page() + 50);
    let before = truth::ids(&lab);
    lab.simulator.faults().on(kind.listing(), Which::Nth(2), Fault::then(remove_first(&lab)));
    let outcome = lab.everything().await;
    let after = truth::ids(&lab);
    assert_eq!(before.len(), after.len() + 1);
    outcome.assert_among(&before);
    if outcome.report.complete {
        let slipped: Vec<_> = after.difference(&outcome.ids()).cloned().collect();
        assert!(slipped.is_empty(), "complete, and without {slipped:?}");
    } else {
        outcome.assert_incomplete();
    }
}

async fn p13_records_that_come_twice_are_written_once(kind: Kind) {
    let lab = Lab::sized(kind, 40);
    let twice = Fault::rewrite_json(move |_, page| {
        let records = records(kind, page);
        let first = records[0].clone();
        records.push(first);
    });
    lab.simulator.faults().on(kind.listing(), Which::Every, twice);
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    assert_eq!(outcome.connection().duplicates, 1);
    assert_eq!(outcome.connection().scopes.iter().map(|scope| scope.received).sum::<u64>(), 40);
}

/// A copy of the first record under another name, and dated as many days after it.
fn other_version(kind: Kind, record: &Value, days: i64) -> Value {
    let mut copy = record.clone();
    let details = details(kind, &mut copy);
    details[name(kind)] = json!("the other");
    let day = |days: i64| 15 + days;
    match kind {
        Kind::Conformity => details["last-modified-date"] = json!(1_900_000_000_000 + days * 86_400_000),
        Kind::InsightCloudSec => {
            details["last_harvested_timestamp"] = json!(format!("2030-03-{} 00:00:00", day(days)));
        }
        _ => details["created_at"] = json!(format!("2030-03-{}T00:00:00Z", day(days))),
    }
    copy
}

async fn p14_of_two_versions_the_newer_one_counts(kind: Kind) {
    for (days, first, named) in [
        (Some(1), false, "the other"),
        (Some(1), true, "the other"),
        (Some(-1), false, "the one"),
        (Some(-1), true, "the one"),
        (Some(0), false, "the other"),
        (Some(0), true, "the one"),
        // Without a time, the later one.
        (None, false, "the other"),
        (None, true, "the one"),
    ] {
        let lab = Lab::sized(kind, 40);
        let changed = Arc::new(Mutex::new(String::new()));
        let into = changed.clone();
        let twice = Fault::rewrite_json(move |_, page| {
            let records = records(kind, page);
            let mut one = other_version(kind, &records[7], 0);
            details(kind, &mut one)[name(kind)] = json!("the one");
            let mut other = other_version(kind, &records[7], days.unwrap_or_default());
            if days.is_none() {
                for version in [&mut one, &mut other] {
                    let details = details(kind, version).as_object_mut().expect("an object");
                    let is_time =
                        |key: &str| ["date", "_at", "timestamp"].iter().any(|end| key.ends_with(end));
                    details.retain(|key, _| !is_time(&key.to_lowercase()));
                }
            }
            *into.lock().unwrap() = id(kind, &mut one).as_str().expect("an id").to_owned();
            let (earlier, later) = if first { (other, one) } else { (one, other) };
            records[7] = earlier;
            records.push(later);
        });
        lab.simulator.faults().on(kind.listing(), Which::Every, twice);
        let outcome = lab.everything().await;
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        let changed = changed.lock().unwrap().clone();
        let found = outcome.items.iter().find(|one| one.vendor_id.ends_with(&changed)).expect("the finding");
        assert_eq!(found.resource.name.as_deref(), Some(named), "{days:?}, {first}");
        assert_eq!((outcome.connection().duplicates, lab.pages()), (1, 1));
    }
}

/// Records are handed on as they come, so what an earlier answer brought cannot be taken back.
async fn p14_what_was_handed_on_stands(kind: Kind) {
    let lab = Lab::sized(kind, kind.page() + 40);
    let first: Arc<Mutex<Option<Value>>> = Arc::default();
    let twice = Fault::rewrite_json(move |_, page| {
        let records = records(kind, page);
        if records.is_empty() {
            return;
        }
        let mut first = first.lock().unwrap();
        match &*first {
            Some(first) => records.push(other_version(kind, first, 5)),
            None => *first = Some(records[0].clone()),
        }
    });
    lab.simulator.faults().on(kind.listing(), Which::Range(1..=2), twice);
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    assert_eq!(outcome.connection().duplicates, 1);
    assert!(outcome.items.iter().all(|one| one.resource.name.as_deref() != Some("the other")));
}

/// The characters that no URL holds as they are, and some that no ASCII does.
const ODD: &str = "a+/=&%#?\u{e9}\u{4e2d} b";

#[tokio::test(start_paused = true)]
async fn p19_any_cursor_goes_back_as_it_came() {
    let kind = Kind::InsightCloudSec;
    let lab = Lab::sized(kind, kind.page() + 20);
    lab.everything().await.assert_complete();
    let pages = lab.log().matching(&kind.listing());
    let body = |page: usize| serde_json::from_slice::<Value>(&pages[page].request.body).expect("JSON");
    let second = lab.probe().ask(http::Method::POST, "/v3/public/resource/query", Some(body(1))).await;
    lab.log().clear();
    let odd = Fault::rewrite_json(|_, page| page["next_cursor"] = json!(ODD));
    lab.simulator.faults().on(kind.listing(), Which::Nth(1), odd);
    let second = Fault::Answer(SimResponse::json(http::StatusCode::OK, &second));
    lab.simulator.faults().on(kind.listing(), Which::Nth(2), second);
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    let sent = lab.log().matching(&kind.listing().body("\"cursor\""));
    assert_eq!(sent.len(), 1);
    let sent: Value = serde_json::from_slice(&sent[0].request.body).expect("JSON");
    assert_eq!(sent["cursor"], ODD);
}

#[tokio::test(start_paused = true)]
async fn p19_any_cursor_in_a_link_goes_back_as_it_came() {
    let kind = Kind::Bitdefender;
    let lab = Lab::sized(kind, kind.page() + 20);
    lab.everything().await.assert_complete();
    let link = lab.log().matching(&kind.listing())[1].request.query.clone();
    let second = lab.probe().ask(http::Method::GET, &format!("/v1/cspm/checks?{link}"), None).await;
    let encoded = percent_encoding::utf8_percent_encode(ODD, percent_encoding::NON_ALPHANUMERIC).to_string();
    for query in [
        format!("page_cursor={encoded}"),
        format!("page_cursor={}&limit=500", encoded.to_lowercase()),
        "page_cursor=a+b/c=d%23%26==".to_owned(),
    ] {
        lab.simulator.faults().clear();
        lab.log().clear();
        let next = format!("/v1/cspm/checks?{query}");
        let odd = Fault::rewrite_json(move |_, page| page["links"]["next"] = json!(next));
        lab.simulator.faults().on(kind.listing(), Which::Nth(1), odd);
        let second = Fault::Answer(SimResponse::json(http::StatusCode::OK, &second));
        lab.simulator.faults().on(kind.listing(), Which::Nth(2), second);
        let outcome = lab.everything().await;
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        assert_eq!(lab.log().matching(&kind.listing())[1].request.query, query);
    }
}

/// Rows of a listing that was begun anew, because its cursor was not known any more.
#[tokio::test(start_paused = true)]
async fn p20_a_listing_whose_cursor_expired_is_begun_anew_once() {
    for kind in [Kind::InsightCloudSec, Kind::Bitdefender] {
        for status in [http::StatusCode::BAD_REQUEST, http::StatusCode::GONE] {
            let lab = Lab::sized(kind, 2 * kind.page() + 20);
            let expired = Fault::status(status);
            lab.simulator.faults().on(kind.listing(), Which::Nth(3), expired.clone());
            let outcome = lab.everything().await;
            outcome.assert_ids(&truth::ids(&lab));
            outcome.assert_complete();
            assert_eq!(lab.pages(), 3 + 3, "two pages, the refusal, and all three from the first");
            let pages = lab.log().matching(&kind.listing());
            let asked = |page: usize| (&pages[page].request.query, &pages[page].request.body);
            assert!(asked(3) == asked(0) && asked(4) != asked(0));

            let lab = Lab::sized(kind, 2 * kind.page() + 20);
            lab.simulator.faults().on(kind.listing(), Which::Nth(3), expired.clone());
            lab.simulator.faults().on(kind.listing(), Which::Nth(6), expired);
            let outcome = lab.everything().await;
            outcome.assert_incomplete();
            outcome.assert_among(&truth::ids(&lab));
            assert_eq!((outcome.items.len(), lab.pages()), (2 * kind.page(), 6), "what was read stays");
            assert_eq!(outcome.errors()[0].status(), Some(status.as_u16()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p26_a_resource_type_nobody_knows_is_kept_and_said_once() {
    let kind = Kind::InsightCloudSec;
    let lab = Lab::sized(kind, 40);
    let strange = Fault::rewrite_json(move |_, page| {
        for record in records(kind, page).iter_mut().skip(30) {
            let payload = record["instance"].take();
            *record = json!({"resource_type": "quantumcomputer", "quantumcomputer": payload});
        }
    });
    lab.simulator.faults().on(kind.listing(), Which::Every, strange);
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    let kept = outcome.items.iter().filter(|one| one.resource.kind.as_deref() == Some("quantumcomputer"));
    assert_eq!(kept.count(), 10);
    let notices = &outcome.connection().notices;
    assert_eq!(notices.iter().filter(|notice| notice.contains("quantumcomputer")).count(), 1, "{notices:?}");
}

async fn p15_p21_the_same_page_again_and_again(kind: Kind) {
    let lab = Lab::sized(kind, 3 * kind.page());
    let first: Arc<Mutex<Option<SimResponse>>> = Arc::default();
    let again = Fault::rewrite(move |_, response| first.lock().unwrap().get_or_insert(response).clone());
    lab.simulator.faults().on(kind.listing(), Which::Every, again);
    let outcome = lab.everything().await;
    outcome.assert_incomplete();
    assert_eq!(outcome.items.len(), kind.page(), "the one page that there was");
    assert_eq!(outcome.errors()[0].kind(), ErrorKind::Protocol);
    assert!(lab.pages() <= 12, "{} pages", lab.pages());
}

#[tokio::test(start_paused = true)]
async fn p15_p16_cursors_that_repeat_go_round_or_never_end() {
    use insightcloudsec::{Cursors, Options, QueryCounts};
    for cursors in [Cursors::Repeat, Cursors::Cycle(2), Cursors::Cycle(3), Cursors::Endless] {
        for counts in [QueryCounts::FirstPage, QueryCounts::Never] {
            let Installation::InsightCloudSec(world, _) =
                Installation::pieces(Kind::InsightCloudSec, &[3_500, 10])
            else {
                unreachable!()
            };
            let options = Options { cursors, counts, ..Options::default() };
            let lab = Setup::new(Installation::InsightCloudSec(world, options)).start();
            let outcome = lab.everything().await;
            outcome.assert_among(&truth::ids(&lab));
            assert!(outcome.items.len() >= 1_010, "{cursors:?}: {} read", outcome.items.len());
            // Empty pages may come in the middle; a thousand of them in a row end the patience with a listing.
            assert!(lab.pages() <= 2 * 1_010, "{cursors:?}: {} pages", lab.pages());
            if cursors == Cursors::Endless {
                outcome.assert_ids(&truth::ids(&lab));
            }
            if cursors != Cursors::Endless || !outcome.report.complete {
                outcome.assert_incomplete();
                assert!(outcome.errors().iter().all(|error| error.kind() == ErrorKind::Protocol));
            }
        }
    }
    let Installation::Bitdefender(world, _) = Installation::sized(Kind::Bitdefender, 1_300) else {
        unreachable!()
    };
    let options = bitdefender::Options { repeat_next: true, ..Default::default() };
    let lab = Setup::new(Installation::Bitdefender(world, options)).start();
    let outcome = lab.everything().await;
    outcome.assert_incomplete();
    assert_eq!(outcome.errors()[0].kind(), ErrorKind::Protocol);
    assert!(lab.pages() <= 12, "{} pages", lab.pages());
}

async fn p11_totals_that_do_not_come_true(kind: Kind) {
    for off in [5_i64, -5] {
        let lab = Lab::sized(kind, kind.page() + 30);
        let wrong = Fault::rewrite_json(move |_, page| {
            set_total(kind, page, |total| json!(total.unwrap_or(0).saturating_add_signed(off)));
        });
        lab.simulator.faults().on(kind.listing(), Which::Every, wrong);
        let outcome = lab.everything().await;
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_incomplete();
        let scope = outcome.incomplete()[0];
        assert_eq!(scope.received, (kind.page() + 30) as u64);
        assert_eq!(scope.expected, Some((kind.page() as u64 + 30).saturating_add_signed(off)));
        assert!(lab.pages() <= 8, "{} pages", lab.pages());
    }
    // Right, then another, then right again: read anew, or reported.
    let lab = Lab::sized(kind, 2 * kind.page() + 30);
    let drift =
        Fault::rewrite_json(move |_, page| set_total(kind, page, |total| json!(total.unwrap_or(0) + 1)));
    lab.simulator.faults().on(kind.listing(), Which::Nth(2), drift);
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
}

async fn p10_totals_that_are_missing_or_nonsense(kind: Kind) {
    for total in [Value::Null, json!("many"), json!(-3), json!({"value": 3}), json!(1e300)] {
        let lab = Lab::sized(kind, kind.page() + 30);
        let nonsense = {
            let total = total.clone();
            Fault::rewrite_json(move |_, page| set_total(kind, page, |_| total.clone()))
        };
        lab.simulator.faults().on(kind.listing(), Which::Every, nonsense);
        let outcome = lab.everything().await;
        outcome.assert_among(&truth::ids(&lab));
        if outcome.report.complete {
            outcome.assert_ids(&truth::ids(&lab));
        } else {
            outcome.assert_incomplete();
        }
    }
}

async fn p04_p05_short_and_empty_pages_are_not_the_end(kind: Kind) {
    let installation = match Installation::sized(kind, 2 * kind.page() + 10) {
        Installation::InsightCloudSec(world, _) => {
            let options =
                insightcloudsec::Options { page_cap: Some(90), blank_page: true, ..Default::default() };
            Installation::InsightCloudSec(world, options)
        }
        Installation::Bitdefender(world, _) => {
            Installation::Bitdefender(world, bitdefender::Options { empty_pages: true, ..Default::default() })
        }
        conformity => conformity,
    };
    let lab = Setup::new(installation).start();
    if kind == Kind::Conformity {
        // A hundred records a page whatever is asked for: pages are numbered in hundreds then.
        let short = Fault::rewrite_json(move |_, page| records(kind, page).truncate(100));
        lab.simulator.faults().on(kind.listing(), Which::Every, short);
        let outcome = lab.everything().await;
        outcome.assert_among(&truth::ids(&lab));
        outcome.assert_incomplete();
        return;
    }
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
}

async fn j12_one_bad_record_among_many(kind: Kind) {
    let nameless = match kind {
        Kind::InsightCloudSec => json!({"resource_type": "instance", "instance": {"common": {}}}),
        _ => json!({"type": "check", "attributes": {"status": "FAILURE"}}),
    };
    for bad in [json!("not a record"), json!(null), json!([1, 2]), nameless] {
        let lab = Lab::sized(kind, 400);
        let lost = Arc::new(Mutex::new(String::new()));
        let (into, record) = (lost.clone(), bad.clone());
        let spoil = Fault::rewrite_json(move |_, page| {
            let good = std::mem::replace(&mut records(kind, page)[7], record.clone());
            let id = good["id"].as_str().or(good["instance"]["common"]["resource_id"].as_str());
            *into.lock().unwrap() = id.expect("an id").to_owned();
        });
        lab.simulator.faults().on(kind.listing(), Which::Every, spoil);
        let outcome = lab.everything().await;
        let lost = lost.lock().unwrap().clone();
        let wanted: BTreeSet<String> =
            truth::ids(&lab).into_iter().filter(|id| !id.ends_with(&lost)).collect();
        assert_eq!(wanted.len(), 399);
        outcome.assert_ids(&wanted);
        outcome.assert_incomplete();
        let report = outcome.connection();
        assert_eq!(report.rejected, 1, "{bad}");
        assert_eq!(outcome.incomplete().len(), 1);
        let told = report
            .notices
            .iter()
            .filter(|notice| notice.contains("understood") || notice.contains("record"))
            .count();
        assert!(told >= 1, "a warning names it: {:?}", report.notices);
    }
}

async fn j10_words_that_no_document_knows(kind: Kind) {
    let strange = match kind {
        Kind::InsightCloudSec => "9",
        _ => "APOCALYPTIC",
    };
    let installation = match Installation::sized(kind, 60) {
        Installation::Conformity(mut world, options) => {
            world.checks.iter_mut().take(20).for_each(|check| check.risk_level = strange.into());
            Installation::Conformity(world, options)
        }
        Installation::InsightCloudSec(mut world, options) => {
            world.insights[0].severity = 9;
            world.insights[0].custom_severity = None;
            Installation::InsightCloudSec(world, options)
        }
        Installation::Bitdefender(mut world, options) => {
            world.checks.iter_mut().take(20).for_each(|check| check.severity = Some(strange.into()));
            Installation::Bitdefender(world, options)
        }
    };
    let lab = Setup::new(installation).start();
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    let unknown = outcome.items.iter().filter(|one| one.severity == cspm_core::Severity::Unknown);
    let words: Vec<Option<&str>> = unknown.map(|one| one.vendor_severity.as_deref()).collect();
    assert!(words.len() >= 20 && words.iter().all(|word| *word == Some(strange)), "{words:?}");
    let told: Vec<&String> =
        outcome.connection().notices.iter().filter(|notice| notice.contains(strange)).collect();
    assert_eq!(told.len(), 1, "one warning a run: {told:?}");
}

async fn t20_answers_out_of_order(kind: Kind) {
    let lab = Setup::new(Installation::pieces(kind, &[3 * kind.page() + 5, 70, 20])).start();
    let quick = lab.everything().await;
    let none = std::time::Duration::ZERO;
    let latency = cspm_simulator::Latency { from: none, to: std::time::Duration::from_secs(2), seed: 9 };
    lab.simulator.set_latency(Some(latency));
    lab.simulator.set_gzip(true);
    let slow = lab.everything().await;
    slow.assert_ids(&truth::ids(&lab));
    slow.assert_complete();
    let scopes = |outcome: &cspm_tests::Outcome<cspm_core::Finding>| {
        let one = |scope: &cspm_core::ScopeReport| (scope.scope.clone(), scope.expected, scope.received);
        outcome.connection().scopes.iter().map(one).collect::<BTreeSet<_>>()
    };
    assert_eq!(scopes(&quick), scopes(&slow), "the same report");
}

#[tokio::test(start_paused = true)]
async fn conformity_pages_that_churn_are_asked_for_in_a_steady_order() {
    let Installation::Conformity(world, _) = Installation::sized(Kind::Conformity, 4_200) else {
        unreachable!()
    };
    let options = conformity::Options { churn: true, ..Default::default() };
    let lab = Setup::new(Installation::Conformity(world, options)).start();
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    assert_eq!(outcome.connection().duplicates, 0);
}

#[tokio::test(start_paused = true)]
async fn conformity_totals_in_every_form() {
    use conformity::ListMeta;
    for list_meta in [ListMeta::Both, ListMeta::Total, ListMeta::TotalPages, ListMeta::Nothing] {
        for size in [0, 700, 2_000, 2_300] {
            let Installation::Conformity(world, _) = Installation::sized(Kind::Conformity, size) else {
                unreachable!()
            };
            let options = conformity::Options { list_meta, ..Default::default() };
            let lab = Setup::new(Installation::Conformity(world, options)).start();
            let outcome = lab.everything().await;
            outcome.assert_ids(&truth::ids(&lab));
            outcome.assert_complete();
        }
    }
}
