//! A filter means the same everywhere: every one alone, and hundreds of random combinations, against the truth.

use std::collections::{BTreeMap, BTreeSet};

use cspm_core::{FindingQuery, OutcomeFilter, Severity, SuppressedFilter, Timestamp};
use cspm_tests::truth::Expected;
use cspm_tests::{Installation, Kind, Lab, Setup, every_vendor, everything, truth};
use fastrand::Rng;

every_vendor!(
    each_filter_alone_gives_the_true_subset,
    random_queries_give_the_true_subset,
    raw_is_the_vendors_record,
    an_unknown_account_is_reported_and_nothing_else_is_read,
    passing_findings_are_read_or_refused,
);

/// The truth, with the times that the contract leaves to the vendor's choice taken from an unfiltered run.
async fn whole_truth(lab: &Lab) -> BTreeMap<String, Expected> {
    let mut all = truth::findings(lab);
    for finding in lab.everything().await.items {
        let expected = all.get_mut(&finding.vendor_id).expect("a finding of the vendor's");
        expected.changed.get_or_insert(finding.changed());
    }
    all
}

/// Values to ask for: all that occur, and some that do not.
struct Values {
    accounts: Vec<String>,
    regions: Vec<String>,
    rules: Vec<String>,
    services: Vec<String>,
    standards: Vec<String>,
    times: Vec<Timestamp>,
}

impl Values {
    fn of(all: &BTreeMap<String, Expected>) -> Self {
        let sorted = |values: BTreeSet<String>| values.into_iter().collect::<Vec<_>>();
        let mut accounts = BTreeSet::new();
        let mut standards = BTreeSet::new();
        for one in all.values() {
            accounts.extend([&one.account.id, &one.account.cloud_id].into_iter().flatten().cloned());
            standards.extend(one.standards.keys().cloned());
            standards.extend(one.standards.values().flatten().cloned());
        }
        let numbers: Vec<String> = accounts
            .iter()
            .filter_map(|id| Some(id.strip_prefix("divvyorganizationservice:")?.to_owned()))
            .collect();
        accounts.extend(numbers);
        let times: BTreeSet<Timestamp> = all.values().filter_map(|one| one.changed.flatten()).collect();
        Self {
            accounts: sorted(accounts),
            regions: sorted(all.values().filter_map(|one| one.region.clone()).collect()),
            rules: sorted(all.values().map(|one| one.rule.clone()).collect()),
            services: sorted(all.values().filter_map(|one| one.service.clone()).collect()),
            standards: sorted(standards),
            times: times.into_iter().collect(),
        }
    }

    fn some(rng: &mut Rng, from: &[String], strange: &[&str]) -> Vec<String> {
        let many = rng.usize(1..4);
        let mut chosen: Vec<String> = rng.choose_multiple(from.iter().cloned(), many);
        if rng.u8(..4) == 0 {
            chosen.extend(rng.choice(strange).map(|value| (*value).to_owned()));
        }
        if rng.u8(..20) == 0 {
            chosen.retain(|value| strange.contains(&value.as_str()));
        }
        if chosen.is_empty() { vec![strange[0].to_owned()] } else { chosen }
    }

    fn random_query(&self, kind: Kind, rng: &mut Rng) -> FindingQuery {
        let mut query = FindingQuery {
            outcome: match rng.u8(..3) {
                0 if kind != Kind::InsightCloudSec => OutcomeFilter::Pass,
                1 => OutcomeFilter::All,
                _ => OutcomeFilter::Fail,
            },
            suppressed: match rng.u8(..4) {
                0 => SuppressedFilter::Only,
                1 => SuppressedFilter::Exclude,
                _ => SuppressedFilter::Include,
            },
            ..FindingQuery::default()
        };
        // A few filters at a time: with all of them nothing would be left.
        let many = rng.usize(1..4);
        let mut with = |odds: u8| rng.u8(..100) < odds;
        let (severities, least, accounts, regions) = (with(30), with(20), with(25), with(25));
        let (rules, services, standards, since) = (with(25), with(15), with(25), with(20));
        if severities {
            query.severities = rng.choose_multiple(Severity::ALL, many).into_iter().collect();
        }
        if least {
            query.min_severity = rng.choice(Severity::ALL);
        }
        if accounts {
            query.accounts = rng.choose_multiple(self.accounts.iter().cloned(), many);
        }
        if regions {
            query.regions =
                Self::some(rng, &self.regions, &["atlantis-1", "EU-WEST-1", "eu,west", "eu west/1"]);
        }
        if rules {
            query.rules = Self::some(rng, &self.rules, &["NO-001", "s3-016", "backoffice:0", "a,b", "../x"]);
        }
        if services {
            query.services = Self::some(rng, &self.services, &["Abacus", "s3", "S 3"]);
        }
        if standards {
            let strange = ["NO-SUCH-STANDARD", "a,b", "custom:99999"];
            query.standards = Self::some(rng, &self.standards, &strange);
            if rng.bool() {
                query.standards.iter_mut().for_each(|standard| *standard = standard.to_lowercase());
            }
        }
        if since {
            query.changed_since = rng.choice(&self.times).copied();
        }
        query
    }
}

fn alone(values: &Values, kind: Kind) -> Vec<FindingQuery> {
    let with = |change: &dyn Fn(&mut FindingQuery)| {
        let mut query = everything();
        change(&mut query);
        query
    };
    let mut queries = vec![
        FindingQuery::default(),
        with(&|query| query.outcome = OutcomeFilter::Fail),
        with(&|query| query.suppressed = SuppressedFilter::Exclude),
        with(&|query| query.suppressed = SuppressedFilter::Only),
        with(&|query| query.severities = Severity::ALL.into()),
        with(&|query| query.changed_since = values.times.get(values.times.len() / 2).copied()),
        with(&|query| query.changed_since = values.times.last().map(|last| last.plus_millis(1))),
    ];
    if kind != Kind::InsightCloudSec {
        queries.push(with(&|query| query.outcome = OutcomeFilter::Pass));
    }
    for severity in Severity::ALL {
        queries.push(with(&|query| query.severities = [severity].into()));
        queries.push(with(&|query| query.min_severity = Some(severity)));
    }
    for account in &values.accounts {
        queries.push(with(&|query| query.accounts = vec![account.clone()]));
    }
    let few = |values: &[String]| values.iter().step_by(values.len() / 6 + 1).cloned().collect::<Vec<_>>();
    for region in few(&values.regions) {
        queries.push(with(&|query| query.regions = vec![region.clone()]));
    }
    for rule in few(&values.rules) {
        queries.push(with(&|query| query.rules = vec![rule.clone()]));
    }
    for service in few(&values.services).into_iter().chain(["S3".to_owned()]) {
        queries.push(with(&|query| query.services = vec![service.clone()]));
    }
    for standard in &values.standards {
        queries.push(with(&|query| query.standards = vec![standard.clone()]));
        queries.push(with(&|query| query.standards = vec![standard.to_uppercase()]));
    }
    queries.push(with(&|query| query.rules = values.rules.clone()));
    queries.push(with(&|query| query.regions = values.regions.clone()));
    queries
}

async fn assert_true(lab: &Lab, all: &BTreeMap<String, Expected>, query: &FindingQuery) -> usize {
    let outcome = lab.findings(query).await;
    let wanted = truth::wanted(all, query);
    let right = outcome.ids() == wanted;
    if !right {
        eprintln!("wrong answer to {query:?}");
    }
    outcome.assert_ids(&wanted);
    outcome.assert_complete();
    wanted.len()
}

async fn each_filter_alone_gives_the_true_subset(kind: Kind) {
    let lab = Setup::new(Installation::demo(kind).thinned()).start();
    let all = whole_truth(&lab).await;
    let values = Values::of(&all);
    let mut found = 0;
    for query in alone(&values, kind) {
        found += assert_true(&lab, &all, &query).await;
    }
    assert!(found > all.len(), "the filters leave something");
}

async fn random_queries_give_the_true_subset(kind: Kind) {
    let lab = Setup::new(Installation::demo(kind).thinned()).start();
    let all = whole_truth(&lab).await;
    let values = Values::of(&all);
    let mut rng = Rng::with_seed(20_251_122);
    let mut filled = 0;
    for _ in 0..150 {
        let query = values.random_query(kind, &mut rng);
        filled += usize::from(assert_true(&lab, &all, &query).await > 0);
    }
    assert!(filled > 40, "only {filled} of the random queries found anything");
}

async fn raw_is_the_vendors_record(kind: Kind) {
    let lab = Lab::demo(kind);
    let records = lab.probe().records().await;
    let outcome = lab.findings(&FindingQuery { raw: true, ..everything() }).await;
    outcome.assert_complete();
    let mut compared = 0;
    for finding in &outcome.items {
        let raw = finding.raw.as_ref().expect("raw was asked for");
        // InsightCloudSec hides exempted resources from a script that does not ask for them.
        let Some(record) = records.get(&finding.vendor_id) else {
            assert!(
                kind == Kind::InsightCloudSec && finding.is_suppressed(),
                "no record of {}",
                finding.vendor_id
            );
            continue;
        };
        let raw: serde_json::Value = serde_json::from_str(raw.get()).expect("raw is JSON");
        assert_eq!(raw, *record, "raw of {}", finding.vendor_id);
        compared += 1;
    }
    assert_eq!(compared, records.len());
}

async fn an_unknown_account_is_reported_and_nothing_else_is_read(kind: Kind) {
    let lab = Lab::demo(kind);
    let query = FindingQuery { accounts: vec!["no-such-account".to_owned()], ..everything() };
    let outcome = lab.findings(&query).await;
    assert!(outcome.items.is_empty());
    outcome.assert_incomplete();
    assert_eq!(outcome.errors()[0].kind(), cspm_core::ErrorKind::NotFound);
    assert_eq!(outcome.errors()[0].owner(), cspm_core::Owner::Customer);
    assert_eq!(lab.pages(), 0, "findings of other accounts were read");

    let all = whole_truth(&lab).await;
    let known = all.values().find_map(|one| one.account.id.clone()).expect("an account");
    let query = FindingQuery { accounts: vec!["no-such-account".to_owned(), known], ..everything() };
    let outcome = lab.findings(&query).await;
    outcome.assert_ids(&truth::wanted(&all, &query));
    outcome.assert_incomplete();
    assert!(!outcome.report.is_total_failure(), "what is known was read");
}

async fn passing_findings_are_read_or_refused(kind: Kind) {
    let lab = Lab::demo(kind);
    let query = FindingQuery { outcome: OutcomeFilter::Pass, ..everything() };
    if kind == Kind::InsightCloudSec {
        let error = lab.refusal(&query).await;
        assert!(error.to_string().contains("--outcome fail"), "it says what is offered: {error}");
        let notices = lab.everything().await.connection().notices.clone();
        let told = notices.iter().filter(|notice| notice.contains("violations only")).count();
        assert_eq!(told, 1, "one warning, once: {notices:?}");
    } else {
        let all = whole_truth(&lab).await;
        assert!(assert_true(&lab, &all, &query).await > 100);
    }
}
