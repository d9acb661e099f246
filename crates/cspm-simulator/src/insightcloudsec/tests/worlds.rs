//! Generated worlds, and large ones.

use super::*;
use crate::insightcloudsec::Spec;

/// The same seed gives the same answers, another seed others.
#[test]
fn worlds_are_seeded() {
    let answer = |seed| {
        let sim = InsightCloudSec::new(World::demo(seed), Options::default());
        let body = json!({"selected_resource_type": "instance", "limit": 1000});
        (post(&sim, "/v3/public/resource/query", &body).body, get(&sim, "/v2/public/clouds/list").body)
    };
    assert_eq!(answer(3), answer(3));
    assert_ne!(answer(3), answer(4));
}

/// Ids are unique, every violation is of a type its insight names and of a cloud it supports.
#[test]
fn worlds_are_sound() {
    let world = World::demo(11);
    let ids: BTreeSet<&str> = world.resources.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids.len(), world.resources.len());
    for resource in &world.resources {
        let cloud = world.cloud(resource.cloud).unwrap();
        for id in &resource.fails {
            let insight = world.insight(*id).unwrap();
            assert!(insight.resource_types.iter().any(|name| **name == *resource.resource_type));
            assert!(insight.organization.is_none_or(|owner| owner == cloud.organization));
            let supported = insight.supported_clouds.as_ref();
            assert!(supported.is_none_or(|types| types.contains(&cloud.cloud_type)));
        }
    }
    let violations = world.violations(1, BASE).len();
    assert!((1_000..4_000).contains(&violations), "{violations}");
    assert_eq!(
        world.exemptions.iter().filter(|one| one.active(BASE)).count(),
        24,
        "two kinds of five are active"
    );
}

/// Seventy-five thousand violations over many clouds: the sweep is exact, page by page.
#[test]
fn a_large_world() {
    let spec = Spec {
        organizations: 1,
        clouds: 40,
        resources: 30_000,
        failures_per_resource: 3,
        backoffice_insights: 120,
        ..Spec::default()
    };
    let world = World::generate(spec);
    let violations = world.violations(1, BASE);
    assert!(violations.len() > 75_000, "{}", violations.len());
    let expected = violations
        .iter()
        .filter(|one| !one.exempted && one.insight.to_string() == "backoffice:2")
        .map(|one| one.resource.id.clone())
        .collect::<BTreeSet<String>>();
    let sim = InsightCloudSec::new(world.clone(), Options::default());
    let body = json!({"selected_resource_type": "instance", "insight": "backoffice:2", "limit": 1000});
    let (elements, pages) = sweep(&sim, "/v3/public/resource/query", &body);
    assert_eq!(elements.iter().map(id_of).collect::<BTreeSet<String>>(), expected);
    assert_eq!(pages, expected.len().div_ceil(1000));
}
