//! The listings of accounts and rules (contract section 8).

use std::collections::BTreeSet;

use cspm_tests::{Kind, Lab, every_vendor, truth};
use serde_json::Value;

every_vendor!(accounts_are_all_there_and_right, rules_are_all_there_and_right);

fn text(text: &Option<std::sync::Arc<str>>) -> Option<String> {
    text.as_deref().map(str::to_owned)
}

fn keys(record: &impl serde::Serialize) -> BTreeSet<String> {
    match serde_json::to_value(record).expect("a record serialises") {
        Value::Object(fields) => fields.keys().cloned().collect(),
        other => panic!("not an object: {other}"),
    }
}

async fn accounts_are_all_there_and_right(kind: Kind) {
    let lab = Lab::demo(kind);
    let outcome = lab.accounts().await;
    outcome.assert_complete();
    let truth = truth::accounts(&lab);
    let found: BTreeSet<String> = outcome.items.iter().filter_map(|one| text(&one.identity.id)).collect();
    assert_eq!(found, truth.keys().cloned().collect());
    let named = [
        "connection",
        "vendor",
        "id",
        "cloud_id",
        "name",
        "provider",
        "environment",
        "enabled",
        "last_checked",
        "tags",
    ];
    for account in &outcome.items {
        assert_eq!(keys(account), named.iter().map(ToString::to_string).collect());
        let wanted = &truth[&text(&account.identity.id).expect("an id")];
        let id = &wanted.identity.id;
        assert_eq!(text(&account.identity.cloud_id), wanted.identity.cloud_id, "{id:?}");
        assert_eq!(text(&account.identity.name), wanted.identity.name, "{id:?}");
        if let Some(provider) = &wanted.identity.provider {
            assert_eq!(text(&account.identity.provider), *provider, "{id:?}");
        }
        assert_eq!(
            account.environment.as_deref().filter(|word| !word.is_empty()),
            wanted.environment.as_deref(),
            "{id:?}"
        );
        assert_eq!(account.last_checked, wanted.last_checked, "{id:?}");
        assert_eq!((&*account.connection, &*account.vendor), (Lab::NAME, kind.as_str()));
    }
}

async fn rules_are_all_there_and_right(kind: Kind) {
    let lab = Lab::demo(kind);
    let outcome = lab.rules().await;
    outcome.assert_complete();
    let truth = truth::rules(&lab);
    let found: BTreeSet<String> = outcome.items.iter().map(|rule| rule.id.to_string()).collect();
    assert_eq!(found, truth.keys().cloned().collect());
    let named = [
        "connection",
        "vendor",
        "id",
        "title",
        "description",
        "severity",
        "vendor_severity",
        "provider",
        "service",
        "categories",
        "standards",
        "resource_types",
        "deprecated",
        "url",
    ];
    for rule in &outcome.items {
        assert_eq!(keys(rule), named.iter().map(ToString::to_string).collect());
        let wanted = &truth[&*rule.id];
        let id = &wanted.id;
        if wanted.title.is_some() {
            assert_eq!(text(&rule.title), wanted.title, "{id}");
        }
        assert_eq!(rule.severity, wanted.severity, "{id}");
        assert_eq!(text(&rule.vendor_severity), wanted.vendor_severity, "{id}");
        assert_eq!(text(&rule.service), wanted.service, "{id}");
        let standards: BTreeSet<String> =
            rule.standards.iter().map(|standard| standard.id.to_string()).collect();
        assert_eq!(standards, wanted.standards, "{id}");
        let types: Vec<String> = rule.resource_types.iter().map(ToString::to_string).collect();
        if !wanted.resource_types.is_empty() {
            assert_eq!(types, wanted.resource_types, "{id}");
        }
        if let Some(deprecated) = wanted.deprecated {
            assert_eq!(rule.deprecated, Some(deprecated), "{id}");
        }
    }
}
