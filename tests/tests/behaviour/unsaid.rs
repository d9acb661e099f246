//! Bitdefender does not document where a check leads. Whatever a check leaves out, the findings are the same.

use cspm_core::FindingQuery;
use cspm_simulator::bitdefender::{Options, Relationships, Spec, World};
use cspm_tests::{Installation, Setup, everything, truth};

/// Six accounts and twelve rules; the accounts have one name for all if their names are not to tell them apart.
fn world(twins: bool) -> World {
    let spec = Spec { seed: 3, groups: 1, scans: 6, rules: 12, checks: 1_300, oddities: false };
    let mut world = World::generate(spec);
    if twins {
        world.scans.iter_mut().for_each(|scan| scan.name = Some("twin".to_owned()));
    }
    world
}

#[tokio::test(start_paused = true)]
async fn checks_without_relationships_are_joined_all_the_same() {
    for (check_relationships, twins) in
        [(Relationships::Empty, false), (Relationships::Absent, false), (Relationships::Absent, true)]
    {
        let options = Options { check_relationships, ..Options::default() };
        let lab = Setup::new(Installation::Bitdefender(world(twins), options)).start();
        let all = truth::findings(&lab);
        let one = all.values().next().expect("a finding");
        let account = one.account.id.clone().expect("an account");
        let queries = [
            everything(),
            FindingQuery { accounts: vec![account], ..everything() },
            FindingQuery { rules: vec![one.rule.clone()], ..everything() },
            FindingQuery::default(),
        ];
        for query in queries {
            let outcome = lab.findings(&query).await;
            outcome.assert_complete();
            outcome.assert_ids(&truth::wanted(&all, &query));
            for finding in &outcome.items {
                all[&finding.vendor_id].assert_is(finding);
            }
        }
    }
}
