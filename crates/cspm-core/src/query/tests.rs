//! Every filter alone, filters together, and what must hold for any filter.

use std::sync::Arc;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::{Origin, RuleRef, StandardRef, State, Suppression};

/// A failing, high finding that has something for every filter.
fn finding() -> Finding {
    let rule = RuleRef { id: "S3-001".into(), service: Some("S3".into()), ..RuleRef::default() };
    let account = AccountRef {
        id: Some("divvyorganizationservice:3".into()),
        cloud_id: Some("123456789012".into()),
        ..AccountRef::default()
    };
    let mut finding =
        Finding::new(&Origin::new("here", "vendor"), "1".to_owned(), Arc::new(rule), Arc::new(account));
    finding.outcome = Outcome::Fail;
    finding.severity = Severity::High;
    finding.region = Some("eu-west-1".into());
    finding.standards = Arc::new([
        StandardRef { id: "CIS-V8".into(), name: Some("CIS Controls v8".into()), control: None },
        StandardRef { id: "nist5".into(), ..StandardRef::default() },
    ]);
    finding
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().copied().map(str::to_owned).collect()
}

#[test]
fn without_filters_only_unsuppressed_failures_match() {
    let query = FindingQuery::default();
    assert!(query.matches(&finding()));
    for outcome in [Outcome::Pass, Outcome::Warning, Outcome::Unknown] {
        assert!(!query.matches(&Finding { outcome, ..finding() }), "{outcome}");
    }
}

#[test]
fn outcomes() {
    let outcomes = [Outcome::Fail, Outcome::Pass, Outcome::Warning, Outcome::Unknown];
    let cases = [
        (OutcomeFilter::Fail, [true, false, false, false]),
        (OutcomeFilter::Pass, [false, true, false, false]),
        (OutcomeFilter::All, [true; 4]),
    ];
    for (filter, wanted) in cases {
        let query = FindingQuery { outcome: filter, ..FindingQuery::default() };
        assert_eq!(
            outcomes.map(|outcome| query.matches(&Finding { outcome, ..finding() })),
            wanted,
            "{filter:?}"
        );
        assert_eq!(outcomes.map(|outcome| query.wants_outcome(outcome)), wanted, "{filter:?}");
    }
}

#[test]
fn severities_are_listed_or_have_a_minimum_or_both() {
    use Severity::{Critical, High, Informational, Low, Medium, Unknown};
    let cases: [(&[Severity], Option<Severity>, &[Severity]); 6] = [
        (&[], None, &Severity::ALL),
        (&[Low, Unknown], None, &[Unknown, Low]),
        (&[], Some(Medium), &[Medium, High, Critical]),
        (&[], Some(Informational), &[Informational, Low, Medium, High, Critical]),
        (&[Low, High, Unknown], Some(Medium), &[High]),
        (&[Low], Some(High), &[]),
    ];
    for (listed, min_severity, wanted) in cases {
        let severities = listed.iter().copied().collect();
        let query = FindingQuery { severities, min_severity, ..FindingQuery::default() };
        let matching: Vec<_> = Severity::ALL
            .into_iter()
            .filter(|severity| query.matches(&Finding { severity: *severity, ..finding() }))
            .collect();
        assert_eq!(matching, wanted, "{listed:?} {min_severity:?}");
        assert!(Severity::ALL.into_iter().all(|one| query.wants_severity(one) == wanted.contains(&one)));
    }
}

#[test]
fn suppressed_by_a_suppression_or_by_state() {
    let by_record = Finding { suppression: Some(Suppression::default()), ..finding() };
    let by_state = Finding { state: Some(State::Suppressed), ..finding() };
    let in_review = Finding { state: Some(State::InReview), ..finding() };
    let cases = [
        (SuppressedFilter::Exclude, [true, false, false, true]),
        (SuppressedFilter::Include, [true; 4]),
        (SuppressedFilter::Only, [false, true, true, false]),
    ];
    for (suppressed, wanted) in cases {
        let query = FindingQuery { suppressed, ..FindingQuery::default() };
        let matching = [&finding(), &by_record, &by_state, &in_review].map(|finding| query.matches(finding));
        assert_eq!(matching, wanted, "{suppressed:?}");
    }
}

#[test]
fn accounts_by_vendor_id_its_number_or_cloud_id_and_never_beyond_the_confinement() {
    let cases: [(&[&str], &[&str], bool); 9] = [
        (&[], &[], true),
        (&["divvyorganizationservice:3"], &[], true),
        (&["3"], &[], true),
        (&["123456789012"], &[], true),
        (&["4", "3"], &[], true),
        (&["33"], &[], false),
        (&["divvy"], &[], false),
        (&["3"], &["4"], false),
        (&["3"], &["123456789012", "4"], true),
    ];
    for (accounts, confined_to, wanted) in cases {
        let query = FindingQuery {
            accounts: words(accounts),
            confined_to: words(confined_to),
            ..FindingQuery::default()
        };
        assert_eq!(query.matches(&finding()), wanted, "{accounts:?} {confined_to:?}");
        assert_eq!(query.wants_account(&finding().account), wanted);
    }
    let nowhere = Finding { account: Arc::default(), ..finding() };
    assert!(FindingQuery::default().matches(&nowhere));
    let confined = FindingQuery { confined_to: words(&["3"]), ..FindingQuery::default() };
    assert!(!confined.matches(&nowhere), "a finding of no known account is outside a confinement");
}

#[test]
fn regions_rules_and_services_byte_for_byte() {
    type Set = fn(&mut FindingQuery, Vec<String>);
    let fields: [(&str, &str, Set); 3] = [
        ("eu-west-1", "EU-WEST-1", |query, values| query.regions = values),
        ("S3-001", "s3-001", |query, values| query.rules = values),
        ("S3", "s3", |query, values| query.services = values),
    ];
    for (right, almost, set) in fields {
        for (values, wanted) in [
            (words(&[right]), true),
            (words(&["other", right]), true),
            (words(&["other"]), false),
            (words(&[almost]), false),
            (words(&[""]), false),
        ] {
            let mut query = FindingQuery::default();
            set(&mut query, values.clone());
            assert_eq!(query.matches(&finding()), wanted, "{values:?}");
        }
    }
}

#[test]
fn a_finding_without_region_or_service_is_in_none() {
    let rule = Arc::new(RuleRef { service: None, ..RuleRef::clone(&finding().rule) });
    let bare = Finding { region: None, rule, standards: Arc::default(), ..finding() };
    assert!(FindingQuery::default().matches(&bare));
    for query in [
        FindingQuery { regions: words(&["eu-west-1", ""]), ..FindingQuery::default() },
        FindingQuery { services: words(&["S3", ""]), ..FindingQuery::default() },
        FindingQuery { standards: words(&["CIS-V8", ""]), ..FindingQuery::default() },
    ] {
        assert!(!query.matches(&bare), "{query:?}");
    }
}

#[test]
fn standards_by_id_or_name_in_any_case() {
    for (standards, wanted) in
        [(["cis-v8"], true), (["CIS controls V8"], true), (["NIST5"], true), (["CIS"], false), ([""], false)]
    {
        let query = FindingQuery { standards: words(&standards), ..FindingQuery::default() };
        assert_eq!(query.matches(&finding()), wanted, "{standards:?}");
    }
}

#[test]
fn changed_since_looks_at_updated_then_last_seen_then_first_seen_and_keeps_what_has_no_time() {
    let (early, mark, late) =
        (time("2026-03-01T00:00:00Z"), time("2026-03-31T00:00:00Z"), time("2026-03-31T00:00:01Z"));
    let query = FindingQuery { changed_since: Some(mark), ..FindingQuery::default() };
    // (updated, last seen, first seen)
    let cases = [
        ((None, None, None), true),
        ((Some(mark), None, None), true),
        ((Some(late), Some(early), Some(early)), true),
        ((Some(early), Some(late), Some(late)), false),
        ((None, Some(late), Some(early)), true),
        ((None, Some(early), Some(late)), false),
        ((None, None, Some(late)), true),
        ((None, None, Some(early)), false),
    ];
    for ((updated, last_seen, first_seen), wanted) in cases {
        let resolved = Some(late);
        let finding = Finding { updated, last_seen, first_seen, resolved, ..finding() };
        assert_eq!(query.matches(&finding), wanted, "{updated:?} {last_seen:?} {first_seen:?}");
    }
}

#[test]
fn different_filters_all_apply() {
    let all = FindingQuery {
        severities: [Severity::High].into(),
        min_severity: Some(Severity::Medium),
        accounts: words(&["3"]),
        confined_to: words(&["123456789012"]),
        regions: words(&["eu-west-1"]),
        rules: words(&["S3-001"]),
        services: words(&["S3"]),
        standards: words(&["nist5"]),
        changed_since: Some(time("2026-03-31T00:00:00Z")),
        ..FindingQuery::default()
    };
    assert!(all.matches(&finding()));
    let one_wrong: [fn(&mut FindingQuery); 10] = [
        |query| query.outcome = OutcomeFilter::Pass,
        |query| query.severities = [Severity::Low].into(),
        |query| query.min_severity = Some(Severity::Critical),
        |query| query.suppressed = SuppressedFilter::Only,
        |query| query.accounts = words(&["4"]),
        |query| query.confined_to = words(&["4"]),
        |query| query.regions = words(&["global"]),
        |query| query.rules = words(&["S3-002"]),
        |query| query.services = words(&["EC2"]),
        |query| query.standards = words(&["PCI"]),
    ];
    for (number, spoil) in one_wrong.into_iter().enumerate() {
        let mut query = all.clone();
        spoil(&mut query);
        assert!(!query.matches(&finding()), "filter {number} did not count");
    }
    let old = Finding { updated: Some(time("2026-03-30T23:59:59Z")), ..finding() };
    assert!(!all.matches(&old));
}

#[test]
fn same_letters_means_upper_and_lower_case_and_nothing_else() {
    for (one, other, same) in [
        ("cis", "CIS", true),
        ("", "", true),
        ("Ärger", "äRGER", true),
        ("cis", "cis ", false),
        ("a", "", false),
    ] {
        assert_eq!(same_letters(one, other), same, "{one:?} {other:?}");
        assert_eq!(same_letters(other, one), same);
    }
}

const WORDS: [&str; 5] = ["a", "B", "b", "c", ""];

fn some_words() -> impl Strategy<Value = Vec<String>> {
    vec(select(&WORDS[..]).prop_map(str::to_owned), 0..3)
}

prop_compose! {
    fn any_finding()(
        outcome in select(&[Outcome::Fail, Outcome::Pass, Outcome::Warning, Outcome::Unknown][..]),
        severity in select(&Severity::ALL[..]),
        suppressed in any::<bool>(),
        (rule, service, region) in (select(&WORDS[..]), select(&WORDS[..]), select(&WORDS[..])),
        (account, cloud) in (select(&WORDS[..]), select(&WORDS[..])),
        standards in some_words(),
        updated in proptest::option::of(0..4_i64),
    ) -> Finding {
        let some = |word: &str| (!word.is_empty()).then(|| Arc::from(word));
        let rule = RuleRef { id: rule.into(), service: some(service), ..RuleRef::default() };
        let account = AccountRef { id: some(account), cloud_id: some(cloud), ..AccountRef::default() };
        let mut finding = Finding::new(&Origin::new("", ""), String::new(), Arc::new(rule), Arc::new(account));
        finding.outcome = outcome;
        finding.severity = severity;
        finding.suppression = suppressed.then(Suppression::default);
        finding.region = some(region);
        finding.standards =
            standards.iter().map(|id| StandardRef { id: id.as_str().into(), ..StandardRef::default() }).collect();
        finding.updated = updated.and_then(Timestamp::from_millis);
        finding
    }
}

prop_compose! {
    fn any_query()(
        outcome in select(&[OutcomeFilter::Fail, OutcomeFilter::Pass, OutcomeFilter::All, OutcomeFilter::All][..]),
        severities in btree_set(select(&Severity::ALL[..]), 0..4),
        min_severity in proptest::option::of(select(&Severity::ALL[..])),
        suppressed in select(
            &[SuppressedFilter::Exclude, SuppressedFilter::Include, SuppressedFilter::Include, SuppressedFilter::Only][..]
        ),
        (accounts, confined_to) in (some_words(), some_words()),
        (regions, rules, services, standards) in (some_words(), some_words(), some_words(), some_words()),
        changed_since in proptest::option::of(0..4_i64),
    ) -> FindingQuery {
        let changed_since = changed_since.and_then(Timestamp::from_millis);
        FindingQuery {
            outcome, severities, min_severity, suppressed, accounts, confined_to, regions, rules, services, standards,
            changed_since, raw: false,
        }
    }
}

/// Asks for less in one field, by taking its restriction away, or adds one more alternative to it.
fn widened(query: &FindingQuery, field: usize, word: &str, severity: Severity) -> FindingQuery {
    let mut wider = query.clone();
    let add = |list: &mut Vec<String>| {
        if !list.is_empty() {
            list.push(word.to_owned());
        }
    };
    match field {
        0 => wider.outcome = OutcomeFilter::All,
        1 if !wider.severities.is_empty() => drop(wider.severities.insert(severity)),
        2 => wider.min_severity = wider.min_severity.map(|least| least.min(severity)),
        3 => wider.suppressed = SuppressedFilter::Include,
        4 => add(&mut wider.accounts),
        5 => add(&mut wider.confined_to),
        6 => add(&mut wider.regions),
        7 => add(&mut wider.rules),
        8 => add(&mut wider.services),
        9 => add(&mut wider.standards),
        10 => wider.changed_since = None,
        _ => wider.severities.clear(),
    }
    wider
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_alternative_more_never_removes_a_match(
        query in any_query(), finding in any_finding(), field in 0..12_usize,
        word in select(&WORDS[..]), severity in select(&Severity::ALL[..]),
    ) {
        let wider = widened(&query, field, word, severity);
        prop_assert!(!query.matches(&finding) || wider.matches(&finding), "{:?}\n{:?}", query, wider);
    }

    #[test]
    fn a_query_matches_exactly_what_each_of_its_filters_matches_alone(
        query in any_query(), finding in any_finding(),
    ) {
        let open = || FindingQuery {
            outcome: OutcomeFilter::All,
            suppressed: SuppressedFilter::Include,
            ..FindingQuery::default()
        };
        let FindingQuery {
            outcome, severities, min_severity, suppressed, accounts, confined_to, regions, rules, services, standards,
            changed_since, raw,
        } = query.clone();
        let alone = [
            FindingQuery { outcome, ..open() },
            FindingQuery { severities, ..open() },
            FindingQuery { min_severity, ..open() },
            FindingQuery { suppressed, ..open() },
            FindingQuery { accounts, ..open() },
            FindingQuery { confined_to, ..open() },
            FindingQuery { regions, ..open() },
            FindingQuery { rules, ..open() },
            FindingQuery { services, ..open() },
            FindingQuery { standards, ..open() },
            FindingQuery { changed_since, ..open() },
            FindingQuery { raw, ..open() },
        ];
        prop_assert!(open().matches(&finding));
        prop_assert_eq!(query.matches(&finding), alone.iter().all(|filter| filter.matches(&finding)));
    }
}
