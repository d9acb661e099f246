//! Answers that are JSON, nearly JSON, or JSON of a kind that no vendor ever sent: the rules are those of
//! `cspm_core::adapter`, the same for all vendors.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cspm_core::{ErrorKind, Finding, FindingQuery, Owner};
use cspm_simulator::wire::SimResponse;
use cspm_simulator::{Fault, Match, Which};
use cspm_tests::page::{details, id, name, records, set_total};
use cspm_tests::{Installation, Kind, KindExt, Lab, Outcome, Setup, every_vendor, everything, truth};
use http::HeaderValue;
use serde_json::{Value, json};

every_vendor!(
    j03_depth_is_bounded_and_costs_no_stack,
    j04_sizes_are_bounded,
    j05_double_keys_are_errors_where_they_are_read,
    j06_bytes_that_are_no_text_spoil_the_page_wherever_they_are,
    j07_no_escape_becomes_another_string,
    j08_an_answer_is_one_json_value_and_nothing_else,
    j09_numbers_are_kept_or_unknown_and_never_changed,
    j09_figures_are_kept_or_unknown_and_never_changed,
    j13_times_are_right_or_unknown_and_never_1970,
    r14_j14_the_body_decides_and_not_its_label,
    x03_a_large_page_lets_others_work_between_the_steps_of_reading_it,
);

const RECORDS: usize = 12;
/// The record that tests spoil.
const SPOILT: usize = 3;

/// What a fault in the first page comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Costs {
    Nothing,
    OneRecord,
    ThePage,
}

/// A change of the body as text.
fn text(change: impl Fn(String) -> String + Send + Sync + 'static) -> Fault {
    Fault::rewrite(move |_, mut response: SimResponse| {
        response.body = change(String::from_utf8(response.body.to_vec()).expect("text")).into();
        response
    })
}

/// A change of the body that no JSON value can express: `place` puts `"@@"` somewhere, as a value or as the key of a
/// nought, and `literal` then stands there instead.
fn splice(place: impl Fn(&mut Value) + Send + Sync + 'static, literal: impl Into<String>) -> Fault {
    let literal = literal.into();
    text(move |body| {
        let mut page = serde_json::from_str(&body).expect("JSON");
        place(&mut page);
        page.to_string().replace("\"@@\":0", &literal).replace("\"@@\"", &literal)
    })
}

/// The same in the record that tests spoil.
fn splice_record(
    kind: Kind,
    place: impl Fn(&mut Value) + Send + Sync + 'static,
    literal: impl Into<String>,
) -> Fault {
    splice(move |page| place(&mut records(kind, page)[SPOILT]), literal)
}

fn mark_value(value: &mut Value) {
    *value = json!("@@");
}

fn mark_member(object: &mut Value) {
    object["@@"] = json!(0);
}

async fn read(kind: Kind, fault: Fault) -> (Lab, Outcome<Finding>) {
    let lab = Lab::sized(kind, RECORDS);
    lab.simulator.faults().on(kind.listing(), Which::Nth(1), fault);
    let outcome = lab.findings(&FindingQuery { raw: true, ..everything() }).await;
    (lab, outcome)
}

async fn assert_costs(kind: Kind, case: &str, fault: Fault, costs: Costs) -> Outcome<Finding> {
    let (lab, outcome) = read(kind, fault).await;
    outcome.assert_among(&truth::ids(&lab));
    let report = outcome.connection();
    let (left, rejected) = match costs {
        Costs::Nothing => (RECORDS, 0),
        Costs::OneRecord => (RECORDS - 1, 1),
        Costs::ThePage => (0, 0),
    };
    assert_eq!((outcome.items.len(), report.rejected), (left, rejected), "{case}: {:#?}", outcome.summary());
    assert_eq!((lab.pages(), report.retries), (1, 0), "{case}");
    if costs == Costs::Nothing {
        outcome.assert_complete();
        return outcome;
    }
    outcome.assert_incomplete();
    let error = outcome.errors()[0];
    assert_eq!(error.kind(), ErrorKind::Protocol, "{case}: {error}");
    assert!(error.status().is_none_or(|status| status == 200), "{case}: {error}");
    if costs == Costs::OneRecord {
        assert_eq!(error.owner(), Owner::Tool);
        let named = report.notices.iter().any(|notice| notice.contains("rejected"));
        assert!(named, "{case}: a warning names the record: {:?}", report.notices);
    }
    outcome
}

/// A test has a stack of 2 MiB.
async fn j03_depth_is_bounded_and_costs_no_stack(kind: Kind) {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for (depth, is_too_deep) in [(60, false), (129, true), (20_000, true), (1_000_000, true)] {
        let costs = |otherwise| if is_too_deep { Costs::ThePage } else { otherwise };
        let case = format!("{depth} levels");
        let known =
            splice_record(kind, move |one| mark_value(&mut details(kind, one)[name(kind)]), nested(depth));
        assert_costs(kind, &case, known, costs(Costs::Nothing)).await;
        let unread = format!("\"new\":{}", nested(depth));
        for place in [false, true] {
            let unread = match place {
                true => splice(mark_member, unread.clone()),
                false => splice_record(kind, mark_member, unread.clone()),
            };
            let outcome = assert_costs(kind, &case, unread, costs(Costs::Nothing)).await;
            assert!(outcome.items.iter().all(|one| one.raw.is_some()));
        }
        // Half of the brackets only.
        let open = splice_record(kind, mark_member, format!("\"new\":{}", "[".repeat(depth)));
        assert_costs(kind, &case, open, Costs::ThePage).await;
    }
}

async fn j04_sizes_are_bounded(kind: Kind) {
    let list = || format!("[{}]", vec!["0"; 10_000_000].join(","));
    let keys = (0..1_000_000).map(|key| format!("\"k{key}\":0")).collect::<Vec<_>>().join(",");
    let digits = "7".repeat(1_000_000);
    let listing = if kind == Kind::InsightCloudSec { "resources" } else { "data" };
    for (case, fault, costs) in [
        ("records", splice(move |page| mark_value(&mut page[listing]), list()), Costs::ThePage),
        ("entries", splice_record(kind, mark_member, format!("\"new\":{}", list())), Costs::ThePage),
        ("keys", splice_record(kind, move |one| mark_member(details(kind, one)), keys), Costs::ThePage),
        ("a text", splice(mark_member, format!("\"new\":\"{}\"", "x".repeat(100_000_000))), Costs::ThePage),
        (
            "digits",
            splice_record(kind, move |one| mark_value(&mut details(kind, one)[name(kind)]), digits.clone()),
            Costs::OneRecord,
        ),
        (
            "digits unread",
            splice_record(kind, move |one| mark_member(details(kind, one)), format!("\"new\":{digits}")),
            Costs::Nothing,
        ),
    ] {
        assert_costs(kind, case, fault, costs).await;
    }
}

/// How late others come is measured (`cargo bench -p cspm-cli -- lateness`); here it is counted how often one that only
/// waits for its next turn gets one, on the one thread that a test has.
async fn x03_a_large_page_lets_others_work_between_the_steps_of_reading_it(kind: Kind) {
    // The other is never idle, which a clock that stands still would wait for.
    tokio::time::resume();
    let turns = async |padding: usize| {
        let lab = Setup::new(Installation::sized(kind, RECORDS)).per_second(1_000.0).start();
        let padded = splice(mark_member, format!("\"new\":\"{}\"", "x".repeat(padding)));
        lab.simulator.faults().on(kind.listing(), Which::Nth(1), padded);
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = turns.clone();
        let other = tokio::spawn(async move {
            loop {
                tokio::task::yield_now().await;
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        let outcome = lab.findings(&everything()).await;
        other.abort();
        outcome.assert_complete();
        turns.load(Ordering::Relaxed)
    };
    let (usual, large) = (turns(1_000).await, turns(2_000_000).await);
    assert!(large >= usual + 2, "{large} turns, {usual} with a page of the usual size");
}

async fn j05_double_keys_are_errors_where_they_are_read(kind: Kind) {
    let is_ics = kind == Kind::InsightCloudSec;
    let (list, total) = if is_ics { ("resources", "counts") } else { ("data", "meta") };
    let named = format!("\"{}\":\"a\",\"{}\":\"a\"", name(kind), name(kind));
    let unnamed = move |one: &mut Value| {
        let details = details(kind, one);
        details.as_object_mut().expect("an object").remove(name(kind));
        mark_member(details);
    };
    let id_again = if is_ics { "\"resource_id\":\"x\"" } else { "\"id\":\"x\"" };
    let holder = move |one: &mut Value| mark_member(if is_ics { details(kind, one) } else { one });
    let details_again = if is_ics { "\"instance\":{\"resource_id\":\"x\"}" } else { "\"attributes\":{}" };
    let mut cases = vec![
        (splice_record(kind, unnamed, named), Costs::OneRecord),
        (splice_record(kind, holder, id_again), Costs::OneRecord),
        (splice_record(kind, mark_member, details_again), Costs::OneRecord),
        (splice_record(kind, mark_member, "\"new\":1,\"new\":2"), Costs::Nothing),
        (splice(mark_member, "\"new\":1,\"new\":2"), Costs::Nothing),
        (splice(mark_member, format!("\"{list}\":[]")), Costs::ThePage),
        (splice(mark_member, format!("\"{total}\":{{}}")), Costs::ThePage),
        (
            splice(
                move |page| mark_member(&mut page[total]),
                if is_ics { "\"instance\":12" } else { "\"total\":12" },
            ),
            Costs::ThePage,
        ),
    ];
    if is_ics {
        let tags = move |one: &mut Value| mark_value(&mut details(kind, one)["tags"]);
        cases.push((splice_record(kind, tags, "{\"a\":\"1\",\"a\":\"1\"}"), Costs::OneRecord));
        cases.push((splice_record(kind, mark_member, "\"resource_type\":\"instance\""), Costs::OneRecord));
    } else {
        let rule = |one: &mut Value| mark_value(&mut one["relationships"]["rule"]["data"]);
        cases.push((splice_record(kind, rule, "{\"id\":\"a\",\"id\":\"a\"}"), Costs::OneRecord));
        let related = |one: &mut Value| mark_member(&mut one["relationships"]);
        cases.push((splice_record(kind, related, "\"rule\":{\"data\":null}"), Costs::OneRecord));
    }
    for (number, (fault, costs)) in cases.into_iter().enumerate() {
        assert_costs(kind, &format!("case {number}"), fault, costs).await;
    }
}

async fn j06_bytes_that_are_no_text_spoil_the_page_wherever_they_are(kind: Kind) {
    let bytes = |place: fn(Kind, &mut Value)| {
        Fault::rewrite(move |_, mut response: SimResponse| {
            let mut page = serde_json::from_slice(&response.body).expect("JSON");
            place(kind, &mut page);
            let text = page.to_string();
            let at = text.find("@@").expect("the mark");
            response.body =
                [&text.as_bytes()[..at], b"\xc3\x28\xff", &text.as_bytes()[at + 2..]].concat().into();
            response
        })
    };
    let places: [fn(Kind, &mut Value); 4] = [
        |kind, page| mark_value(&mut details(kind, &mut records(kind, page)[SPOILT])[name(kind)]),
        |kind, page| details(kind, &mut records(kind, page)[SPOILT])["new"] = json!("@@"),
        |kind, page| mark_member(&mut records(kind, page)[SPOILT]),
        |_, page| page["new"] = json!("@@"),
    ];
    for (number, place) in places.into_iter().enumerate() {
        let outcome = assert_costs(kind, &format!("place {number}"), bytes(place), Costs::ThePage).await;
        assert!(outcome.errors()[0].message().contains("byte "), "it says where: {}", outcome.errors()[0]);
    }
}

async fn j07_no_escape_becomes_another_string(kind: Kind) {
    let named = move |one: &mut Value| mark_value(&mut details(kind, one)[name(kind)]);
    for lone in [r#""a\ud800b""#, r#""\udc00""#, r#""\ud800\ud800""#, r#""\ud83d""#] {
        assert_costs(kind, lone, splice_record(kind, named, lone), Costs::OneRecord).await;
        let known = splice_record(kind, move |one| mark_value(id(kind, one)), lone);
        assert_costs(kind, lone, known, Costs::OneRecord).await;
        let unread =
            splice_record(kind, move |one| mark_member(details(kind, one)), format!("\"new\":{lone}"));
        let outcome = assert_costs(kind, lone, unread, Costs::Nothing).await;
        let kept = outcome
            .items
            .iter()
            .filter(|one| one.raw.as_ref().is_some_and(|raw| raw.get().contains(&format!("\"new\":{lone}"))));
        assert_eq!(kept.count(), 1, "{lone}: kept as it came");
        let leads_on = match kind {
            Kind::Conformity => continue,
            Kind::InsightCloudSec => splice(|page| mark_value(&mut page["next_cursor"]), lone),
            _ => splice(|page| mark_value(&mut page["links"]["next"]), lone),
        };
        assert_costs(kind, lone, leads_on, Costs::ThePage).await;
    }
    if kind == Kind::InsightCloudSec {
        for tags in [r#"{"a":"\ud800"}"#, r#"{"\ud800":"a"}"#] {
            let tagged = splice_record(kind, move |one| mark_value(&mut details(kind, one)["tags"]), tags);
            assert_costs(kind, tags, tagged, Costs::OneRecord).await;
        }
    }
    let nul =
        assert_costs(kind, "NUL", splice_record(kind, named, r#""a\u0000b\ud83d\ude00""#), Costs::Nothing);
    let nul = nul.await;
    let kept = nul.items.iter().filter(|one| one.resource.name.as_deref() == Some("a\0b\u{1f600}"));
    assert_eq!(kept.count(), 1);
}

async fn j08_an_answer_is_one_json_value_and_nothing_else(kind: Kind) {
    for (case, fault) in [
        ("byte-order mark", Fault::ByteOrderMark),
        ("white space", text(|body| format!(" \r\n\t{body}\n\n "))),
    ] {
        assert_costs(kind, case, fault, Costs::Nothing).await;
    }
    let leaf = move |literal: &str| {
        splice_record(kind, move |one| mark_value(&mut details(kind, one)[name(kind)]), literal)
    };
    for (case, fault) in [
        ("two byte-order marks", text(|body| format!("\u{feff}\u{feff}{body}"))),
        ("a byte-order mark behind", text(|body| format!("{body}\u{feff}"))),
        ("text behind", Fault::TrailingText(b"<!-- cached -->".as_slice().into())),
        ("a bracket behind", text(|body| format!("{body}}}"))),
        ("NUL behind", text(|body| format!("{body}\0"))),
        ("the same again", text(|body| format!("{body}\n{body}"))),
        ("nothing much again", text(|body| format!("{body} {{}}"))),
        ("another before", text(|body| format!("{{}}{body}"))),
        ("a comment before", text(|body| format!("// page\n{body}"))),
        ("a comment behind", text(|body| format!("{body}/* page */"))),
        ("a comment within", leaf("/* none */ null")),
        ("NaN", leaf("NaN")),
        ("Infinity", leaf("-Infinity")),
        ("a leading nought", leaf("012")),
        ("a bare point", leaf("1.")),
        ("single quotes", leaf("'a'")),
        ("a comma too many", leaf("[1,]")),
        ("a raw line end", leaf("\"a\nb\"")),
        ("an unknown escape", leaf("\"\\x41\"")),
        ("NaN unread", splice_record(kind, mark_member, "\"new\":NaN")),
    ] {
        assert_costs(kind, case, fault, Costs::ThePage).await;
    }
}

async fn j09_numbers_are_kept_or_unknown_and_never_changed(kind: Kind) {
    for (literal, kept) in [
        ("7", Some("7")),
        ("-1", Some("-1")),
        ("-0", Some("0")),
        ("-0.0", Some("0")),
        ("1.0", Some("1")),
        ("1E2", Some("100")),
        ("\"0123\"", Some("0123")),
        ("\"1e400\"", Some("1e400")),
        ("9007199254740993", Some("9007199254740993")),
        ("9223372036854775808", Some("9223372036854775808")),
        ("18446744073709551615", Some("18446744073709551615")),
        ("-9223372036854775808", Some("-9223372036854775808")),
        // Beyond what can be held exactly.
        ("9007199254740993.0", None),
        ("18446744073709551616", None),
        ("-9223372036854775809", None),
        ("1e300", None),
    ] {
        let named = splice_record(kind, move |one| mark_value(&mut details(kind, one)[name(kind)]), literal);
        let outcome = assert_costs(kind, literal, named, Costs::Nothing).await;
        let names: Vec<&str> = outcome.items.iter().filter_map(|one| one.resource.name.as_deref()).collect();
        match kept {
            Some(kept) => assert!(names.contains(&kept), "{literal}: {names:?}"),
            None => assert!(names.iter().all(|name| name.parse::<f64>().is_err()), "{literal}: {names:?}"),
        }
        // An id is what tells records apart: one that was rounded could be another's.
        let known = splice_record(kind, move |one| mark_value(id(kind, one)), literal);
        let (_, outcome) = read(kind, known).await;
        let ids = outcome.ids();
        let is_it = |id: &String| id.rsplit('/').next() == kept;
        // A check of Conformity that has such an id and no rule would name none; these have one.
        assert_eq!(
            ids.iter().filter(|id| is_it(id)).count(),
            usize::from(kept.is_some()),
            "{literal}: {ids:?}"
        );
        assert_eq!(outcome.connection().rejected, u64::from(kept.is_none()), "{literal}");
    }
    for literal in ["1e400", "-1e400", "1e99999999999"] {
        let named = splice_record(kind, move |one| mark_value(&mut details(kind, one)[name(kind)]), literal);
        assert_costs(kind, literal, named, Costs::OneRecord).await;
        let unread =
            splice_record(kind, move |one| mark_member(details(kind, one)), format!("\"new\":{literal}"));
        assert_costs(kind, literal, unread, Costs::Nothing).await;
    }
}

async fn j09_figures_are_kept_or_unknown_and_never_changed(kind: Kind) {
    let told = |literal: &str| splice(move |page| set_total(kind, page, |_| json!("@@")), literal);
    for literal in ["12", "12.0", "1.2e1", "\"12\""] {
        let outcome = assert_costs(kind, literal, told(literal), Costs::Nothing).await;
        assert_eq!(outcome.connection().scopes[0].expected, Some(12), "{literal}");
    }
    for literal in ["-12", "12.5", "18446744073709551616", "1e30", "\"twelve\"", "true"] {
        let (lab, outcome) = read(kind, told(literal)).await;
        outcome.assert_ids(&truth::ids(&lab));
        // One short page is the whole account, where pages have numbers.
        let counted = (kind == Kind::Conformity).then_some(RECORDS as u64);
        assert_eq!(outcome.connection().scopes[0].expected, counted, "{literal}");
    }
    for (literal, figure) in
        [("-0", 0), ("18446744073709551615", u64::MAX), ("9007199254740993", 9007199254740993)]
    {
        let lab = Lab::sized(kind, RECORDS);
        lab.simulator.faults().on(kind.listing(), Which::Every, told(literal));
        let outcome = lab.everything().await;
        outcome.assert_among(&truth::ids(&lab));
        outcome.assert_incomplete();
        let told = outcome.connection().scopes.iter().any(|scope| scope.expected == Some(figure));
        assert!(told, "{literal}: {:#?}", outcome.summary());
    }
    assert_costs(kind, "1e400", told("1e400"), Costs::ThePage).await;
}

/// The members of a record that hold a time, and the time of the finding that the last of them becomes.
fn times(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Conformity => &["created-date", "last-modified-date", "failure-discovery-date"],
        Kind::InsightCloudSec => &["creation_timestamp", "discovered_timestamp", "last_harvested_timestamp"],
        _ => &["created_at", "updated_at"],
    }
}

async fn j13_times_are_right_or_unknown_and_never_1970(kind: Kind) {
    let of_this_vendor: &[(&str, Option<i64>)] = match kind {
        Kind::Conformity => &[
            ("1700000000000", Some(1_700_000_000_000)),
            ("\"1700000000000\"", Some(1_700_000_000_000)),
            ("\"2023-11-14T22:13:20Z\"", Some(1_700_000_000_000)),
        ],
        Kind::InsightCloudSec => &[
            ("\"2023-11-14 22:13:20\"", Some(1_700_000_000_000)),
            ("\"2023-11-14T22:13:20Z\"", Some(1_700_000_000_000)),
            ("\"2023-11-14T22:13:20.123456+00:00\"", Some(1_700_000_000_123)),
        ],
        _ => &[
            ("\"2023-11-14T22:13:20Z\"", Some(1_700_000_000_000)),
            ("\"2023-11-14T23:13:20+01:00\"", Some(1_700_000_000_000)),
        ],
    };
    let of_none: &[(&str, Option<i64>)] = &[
        ("null", None),
        ("\"None\"", None),
        ("\"\"", None),
        ("0", None),
        ("\"0000-00-00 00:00:00\"", None),
        ("\"soon\"", None),
        ("-1", None),
        // So far ahead that it means "never".
        ("253402300799000", None),
        ("\"9999-12-31 23:59:59\"", None),
        ("\"9999-12-31T23:59:59Z\"", None),
        ("1e300", None),
        ("9223372036854775807", None),
        ("18446744073709551616", None),
    ];
    for (literal, due) in of_this_vendor.iter().chain(of_none) {
        let timed = splice_record(
            kind,
            move |one| times(kind).iter().for_each(|name| mark_value(&mut details(kind, one)[*name])),
            *literal,
        );
        let outcome = assert_costs(kind, literal, timed, Costs::Nothing).await;
        let all = outcome.items.iter().flat_map(|one| [one.first_seen, one.last_seen, one.updated]).flatten();
        let all: Vec<i64> = all.map(cspm_core::Timestamp::as_millis).collect();
        if let Some(due) = due {
            assert!(all.contains(due), "{literal}: {all:?}");
        }
        // Nothing began before 1971.
        assert!(all.iter().all(|time| *time > 31_536_000_000), "{literal}: {all:?}");
    }
    // A leap second, seconds for milliseconds, and what was before 1970: right, unknown, or the record is rejected.
    for literal in ["\"2016-12-31T23:59:60Z\"", "1700000000", "\"1969-12-31T23:59:59Z\"", "-86400000"] {
        let timed = splice_record(
            kind,
            move |one| times(kind).iter().for_each(|name| mark_value(&mut details(kind, one)[*name])),
            literal,
        );
        let (_, outcome) = read(kind, timed).await;
        let all = outcome.items.iter().flat_map(|one| [one.first_seen, one.last_seen, one.updated]).flatten();
        for time in all.map(cspm_core::Timestamp::as_millis) {
            let first_days = 0..31_536_000_000;
            assert!(!first_days.contains(&time), "{literal}: {time}");
        }
    }
}

async fn r14_j14_the_body_decides_and_not_its_label(kind: Kind) {
    for label in [
        None,
        Some("application/json; charset=utf-8"),
        Some("application/json; charset=iso-8859-1"),
        Some("application/vnd.api+json"),
        Some("text/html"),
        Some("text/plain; charset=utf-16"),
        Some("application/octet-stream"),
        Some("nonsense"),
        Some(""),
    ] {
        let label = label.map(HeaderValue::from_static);
        let lab = Lab::sized(kind, RECORDS);
        let named =
            splice_record(kind, move |one| mark_value(&mut details(kind, one)[name(kind)]), "\"h\u{fc}lle\"");
        lab.simulator.faults().on(kind.listing(), Which::Every, named);
        lab.simulator.faults().on(Match::any(), Which::Every, Fault::ContentType(label.clone()));
        let outcome = lab.everything().await;
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        assert_eq!(
            outcome.items.iter().filter(|one| one.resource.name.as_deref() == Some("h\u{fc}lle")).count(),
            1
        );

        let lab = Lab::sized(kind, RECORDS);
        lab.simulator.faults().on(kind.listing(), Which::Every, Fault::OkWithHtml);
        lab.simulator.faults().on(kind.listing(), Which::Every, Fault::ContentType(label));
        let outcome = lab.everything().await;
        outcome.assert_incomplete();
        assert!(outcome.items.is_empty() && lab.pages() == 1);
        let error = outcome.errors()[0];
        assert_eq!((error.kind(), error.owner()), (ErrorKind::Protocol, Owner::Customer));
        assert!(error.message().contains("an HTML page"), "{error}");
    }
}
