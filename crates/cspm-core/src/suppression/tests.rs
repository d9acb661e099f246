//! Many suppressions against a store in memory that refuses, loses and breaks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::{Cursor, Error, ErrorKind, Plan, Result, Scope, Source, Step};

#[derive(Default)]
struct Store {
    suppressed: Mutex<BTreeSet<String>>,
    /// Every id of every write, in order: what was sent twice shows.
    written: Mutex<Vec<String>>,
    calls: Mutex<u32>,
    batch: usize,
    /// A call that holds one of these is refused as a whole.
    bad: BTreeSet<String>,
    missing: BTreeSet<String>,
    passing: BTreeSet<String>,
    /// Whether standings do not show when they end.
    ends_untold: bool,
    /// By the number of the call: its answer is lost, after it was carried out or before.
    lost: BTreeMap<u32, bool>,
    /// From this call on the key is refused.
    revoked_from: Option<u32>,
}

impl Store {
    fn change(&self, findings: &[Known], suppress: bool) -> Result<Vec<Option<Standing>>> {
        let call = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls
        };
        if self.revoked_from.is_some_and(|first| call >= first) {
            return Err(Error::new(ErrorKind::Authentication, "the key is not accepted"));
        }
        if findings.iter().any(|finding| self.bad.contains(&finding.id)) {
            return Err(Error::new(ErrorKind::InvalidRequest, "one of them is bad"));
        }
        self.written.lock().unwrap().extend(findings.iter().map(|finding| finding.id.clone()));
        let lost = Error::new(ErrorKind::Timeout, "no answer in time").uncertain();
        if self.lost.get(&call) == Some(&false) {
            return Err(lost);
        }
        let mut suppressed = self.suppressed.lock().unwrap();
        for finding in findings {
            if suppress {
                suppressed.insert(finding.id.clone());
            } else {
                suppressed.remove(&finding.id);
            }
        }
        if self.lost.contains_key(&call) { Err(lost) } else { Ok(Vec::new()) }
    }
}

#[async_trait]
impl Source<SuppressionEntry> for Store {
    async fn plan(&self, _query: &SuppressionQuery) -> Result<Plan> {
        Ok(Plan::default())
    }

    async fn step(&self, _: &SuppressionQuery, _: &Scope, _: &Cursor) -> Result<Step<SuppressionEntry>> {
        Ok(Step::done(Vec::new()))
    }
}

fn accepted() -> Suppression {
    Suppression { kind: "accepted".to_owned(), ..Suppression::default() }
}

#[async_trait]
impl SuppressionStore for Store {
    fn listing(&self) -> &dyn Source<SuppressionEntry> {
        self
    }

    fn express(&self, order: &SuppressionOrder) -> Result<Suppression> {
        if order.reason.len() > 20 {
            return Err(Error::new(ErrorKind::Config, "too long"));
        }
        Ok(Suppression { until: order.until.instant(), ..accepted() })
    }

    fn batch(&self) -> usize {
        self.batch
    }

    async fn standing(&self, ids: &[String]) -> Vec<Result<Standing>> {
        let suppressed = self.suppressed.lock().unwrap();
        let standing = |id: &String| {
            if self.missing.contains(id) {
                return Err(Error::new(ErrorKind::NotFound, "no such check"));
            }
            let suppression = suppressed.contains(id).then(accepted);
            let obstacle = self.passing.contains(id).then(|| "it passes".to_owned());
            let end_untold = self.ends_untold && suppression.is_some();
            Ok(Standing { suppression, obstacle, end_untold, ..Standing::default() })
        };
        ids.iter().map(standing).collect()
    }

    async fn suppress(&self, findings: &[Known], _: &SuppressionOrder) -> Result<Vec<Option<Standing>>> {
        self.change(findings, true)
    }

    async fn lift(&self, findings: &[Known]) -> Result<Vec<Option<Standing>>> {
        self.change(findings, false)
    }
}

fn order() -> Wish {
    Wish::Suppress(SuppressionOrder {
        reason: "accepted".to_owned(),
        until: End::Never,
        kind: SuppressionKind::RiskAccepted,
    })
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("id-{number:04}")).collect()
}

async fn run(store: &Store, wish: Wish, ids: Vec<String>) -> Vec<Deed> {
    let mut work = Suppressing::new(store, wish, ids).unwrap();
    work.run().await;
    work.deeds().to_vec()
}

fn with(deeds: &[Deed], result: DeedResult) -> Vec<&str> {
    deeds.iter().filter(|deed| deed.result == result).map(|deed| deed.id.as_str()).collect()
}

#[tokio::test]
async fn five_thousand_end_with_a_result_each_and_a_bad_one_fails_alone() {
    let store = Store { batch: 100, bad: ["id-0777".to_owned()].into(), ..Store::default() };
    let deeds = run(&store, order(), ids(5000)).await;
    assert_eq!(with(&deeds, DeedResult::Done).len(), 4999);
    assert_eq!(with(&deeds, DeedResult::Failed), ["id-0777"]);
    let written = store.written.lock().unwrap();
    assert_eq!(written.len(), 4999, "each was written once");
    assert_eq!(written.iter().collect::<BTreeSet<_>>().len(), 4999);
}

#[tokio::test]
async fn a_lost_answer_is_read_back_and_nothing_is_sent_twice() {
    let store = Store { batch: 10, lost: [(2, true), (5, false)].into(), ..Store::default() };
    let deeds = run(&store, order(), ids(100)).await;
    assert_eq!(with(&deeds, DeedResult::Done).len(), 90);
    let failed = with(&deeds, DeedResult::Failed);
    assert_eq!(failed, ids(100)[40..50].iter().map(String::as_str).collect::<Vec<_>>());
    let message = deeds[40].message.as_deref().unwrap();
    assert!(message.contains("read back: it was not done"), "{message}");
    assert_eq!(store.written.lock().unwrap().len(), 100);
}

#[tokio::test]
async fn what_is_so_already_is_not_sent_and_what_is_missing_fails() {
    let store = Store {
        batch: 10,
        suppressed: Mutex::new(["id-0001".to_owned()].into()),
        missing: ["id-0002".to_owned()].into(),
        ..Store::default()
    };
    let mut named = ids(4);
    named.extend([" id-0003 ".to_owned(), String::new(), "\r".to_owned()]);
    let deeds = run(&store, order(), named.clone()).await;
    assert_eq!(with(&deeds, DeedResult::Done), ["id-0000", "id-0003"]);
    assert_eq!(with(&deeds, DeedResult::Unchanged), ["id-0001"]);
    assert_eq!(with(&deeds, DeedResult::Failed), ["id-0002"]);
    let again = run(&store, order(), named.clone()).await;
    assert_eq!(with(&again, DeedResult::Unchanged).len(), 3);
    let lifted = run(&store, Wish::Lift, named).await;
    assert_eq!(with(&lifted, DeedResult::Done).len(), 3);
    assert!(store.suppressed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_suppressed_can_be_lifted() {
    let suppressed = Mutex::new(["id-0001".to_owned()].into());
    let store = Store {
        batch: 10,
        suppressed,
        passing: ["id-0000", "id-0001"].map(str::to_owned).into(),
        ..Store::default()
    };
    let deeds = run(&store, order(), ids(1)).await;
    assert_eq!((deeds[0].result, deeds[0].message.as_deref()), (DeedResult::Failed, Some("it passes")));
    let lifted = run(&store, Wish::Lift, ids(2)).await;
    assert_eq!(with(&lifted, DeedResult::Done), ["id-0001"]);
    assert_eq!(*store.written.lock().unwrap(), ["id-0001"]);
}

/// A store that shows of a suppression that it is there, and not when it ends.
#[tokio::test]
async fn an_end_that_is_not_shown_is_never_taken_for_another() {
    let store = Store {
        batch: 10,
        ends_untold: true,
        suppressed: Mutex::new(["id-0000".to_owned(), "id-0010".to_owned()].into()),
        lost: [(2, true), (3, false)].into(),
        ..Store::default()
    };
    let Wish::Suppress(order) = order() else { unreachable!() };
    let until = End::parse("2999-01-01").unwrap();
    let deeds = run(&store, Wish::Suppress(SuppressionOrder { until, ..order }), ids(30)).await;
    let untold = Some("the vendor does not show its end");
    assert!(
        deeds[..10].iter().all(|deed| deed.result == DeedResult::Done && deed.message.as_deref() == untold)
    );
    assert_eq!(with(&deeds, DeedResult::Unknown), ["id-0010"], "it may be the one from before");
    assert_eq!(with(&deeds, DeedResult::Done).len(), 19);
    assert_eq!(with(&deeds, DeedResult::Failed).len(), 10);
    assert_eq!(store.written.lock().unwrap().len(), 30, "what was there is written too, and each once");
}

#[tokio::test]
async fn w03_a_refused_key_in_the_middle_leaves_the_rest_untried() {
    let store = Store { batch: 10, revoked_from: Some(3), ..Store::default() };
    let deeds = run(&store, order(), ids(250)).await;
    assert_eq!(with(&deeds, DeedResult::Done).len(), 20);
    assert_eq!(with(&deeds, DeedResult::Failed).len(), 230);
    assert!(deeds[29].message.as_deref().unwrap().starts_with("the key"), "{:?}", deeds[29]);
    for deed in &deeds[30..] {
        assert!(deed.message.as_deref().unwrap().starts_with("not tried"), "{deed:?}");
    }
    assert_eq!(*store.calls.lock().unwrap(), 3);
}

#[tokio::test]
async fn an_order_that_cannot_be_expressed_is_refused_before_anything_is_sent() {
    let store = Store { batch: 10, ..Store::default() };
    let wish = Wish::Suppress(SuppressionOrder {
        reason: "a reason that is far too long".to_owned(),
        until: End::Never,
        kind: SuppressionKind::RiskAccepted,
    });
    assert!(Suppressing::new(&store, wish, ids(1)).is_err());
}

#[test]
fn an_end_is_never_or_a_day_or_an_instant() {
    assert_eq!(End::parse("never"), Ok(End::Never));
    let day = End::parse("2026-03-31").unwrap();
    assert_eq!(day.instant().unwrap().to_string(), "2026-04-01T00:00:00Z");
    let now = |text: &str| Timestamp::parse(text).unwrap();
    assert!(!day.is_past(now("2026-03-31T23:59:59.999Z")));
    assert!(day.is_past(now("2026-04-01T00:00:00Z")));
    assert!(matches!(End::parse("2026-03-31T10:00:00+02:00"), Ok(End::At(_))));
    for wrong in ["", "soon", "2026-13-01", "31.03.2026", "2026-03-31T10:00:00"] {
        assert!(End::parse(wrong).is_err(), "{wrong}");
    }
}
