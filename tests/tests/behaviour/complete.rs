//! Exactly the vendor's findings, each once, with the right fields.

use std::collections::BTreeSet;

use cspm_tests::{Installation, Kind, KindExt, Lab, every_vendor, truth};

every_vendor!(
    exactly_the_findings_with_their_fields,
    p01_every_size_around_a_page,
    p02_p03_each_page_is_asked_for_once_from_the_first,
    c05_two_runs_bring_the_same,
    large_listings_keep_their_pages_apart,
);

async fn exactly_the_findings_with_their_fields(kind: Kind) {
    let lab = Lab::demo(kind);
    let outcome = lab.everything().await;
    let truth = truth::findings(&lab);
    assert!(truth.len() > 1_000, "a world worth the name");
    outcome.assert_ids(&truth.keys().cloned().collect());
    for finding in &outcome.items {
        truth[&finding.vendor_id].assert_is(finding);
        assert!(finding.raw.is_none(), "raw was not asked for");
    }
    outcome.assert_complete();
    let report = outcome.connection();
    assert_eq!((report.duplicates, report.rejected, report.retries, report.throttled), (0, 0, 0, 0));
    assert!(outcome.items.iter().any(|one| one.suppression.as_ref().is_some_and(|one| one.until.is_some())));
    assert!(outcome.items.iter().any(|one| one.suppression.as_ref().is_some_and(|one| one.until.is_none())));
}

async fn p01_every_size_around_a_page(kind: Kind) {
    let page = kind.page();
    for size in [0, 1, page - 1, page, page + 1, 2 * page + 1] {
        let lab = Lab::sized(kind, size);
        let outcome = lab.everything().await;
        assert_eq!(truth::ids(&lab).len(), size);
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        assert_eq!(lab.pages(), size.div_ceil(page).max(1) as u64, "pages for {size} findings");
        let counted: u64 = outcome.connection().scopes.iter().map(|scope| scope.received).sum();
        assert_eq!(counted, size as u64);
    }
}

async fn p02_p03_each_page_is_asked_for_once_from_the_first(kind: Kind) {
    let lab = Lab::sized(kind, 3 * kind.page() + 7);
    lab.everything().await.assert_complete();
    let asked: Vec<String> = lab
        .log()
        .matching(&kind.listing())
        .iter()
        .map(|entry| format!("{} {}", entry.request.query, String::from_utf8_lossy(&entry.request.body)))
        .collect();
    assert_eq!(asked.len(), 4);
    assert_eq!(asked.iter().collect::<BTreeSet<_>>().len(), 4, "a page was asked for twice: {asked:#?}");
    if kind == Kind::Conformity {
        for page in 0..4 {
            let number = format!("page%5Bnumber%5D={page}");
            assert!(asked.iter().any(|query| query.contains(&number)), "no {number} in {asked:#?}");
        }
        assert!(asked.iter().all(|query| query.contains("consistentPagination=true")));
    }
}

async fn c05_two_runs_bring_the_same(kind: Kind) {
    let lab = Lab::demo(kind);
    let (first, second) = (lab.everything().await, lab.everything().await);
    second.assert_ids(&first.ids());
    let uids = |outcome: &cspm_tests::Outcome<cspm_core::Finding>| -> BTreeSet<String> {
        outcome.items.iter().map(|finding| finding.uid.clone()).collect()
    };
    assert_eq!(uids(&first), uids(&second));
    assert_eq!(
        first.connection().requests,
        second.connection().requests,
        "requests of a run do not depend on earlier ones"
    );
}

async fn large_listings_keep_their_pages_apart(kind: Kind) {
    let sizes = [kind.page() + 3, 0, 17, 2 * kind.page()];
    let lab = cspm_tests::Setup::new(Installation::pieces(kind, &sizes)).start();
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    assert_eq!(outcome.items.len(), sizes.iter().sum::<usize>());
}
