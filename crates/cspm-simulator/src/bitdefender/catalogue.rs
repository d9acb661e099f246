//! What checks refer to: resources (section 7), rules (section 8) and compliance standards (section 9).

use std::collections::HashSet;

use serde::Serialize;

use super::{
    index::View,
    kind::Kind,
    shape::{Item, Maybe, Reference, Relation},
    world::{Id, Resource, Rule, Standard},
};

pub(super) fn resource(resource: &Resource, view: View<'_>) -> Item {
    #[derive(Serialize)]
    struct Attributes<'a> {
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        resource_name: Maybe<&'a str>,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        resource_region: Maybe<&'a str>,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        resource_type: Maybe<&'a str>,
    }
    let attributes = Attributes {
        resource_name: Maybe::new(resource.name.as_deref(), view),
        resource_region: Maybe::new(resource.region.as_deref(), view),
        resource_type: Maybe::new(resource.resource_type.as_deref(), view),
    };
    Item::new(Kind::Resources, &resource.id, attributes, None::<()>, view)
}

pub(super) fn rule(rule: &Rule, view: View<'_>) -> Item {
    #[derive(Serialize)]
    struct Attributes<'a> {
        name: &'a str,
        version: u32,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        title: Maybe<&'a str>,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        original_severity: Maybe<&'a str>,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        description: Maybe<&'a str>,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        implication: Maybe<&'a str>,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        recommendation: Maybe<&'a str>,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        references: Maybe<&'a str>,
    }
    #[derive(Serialize)]
    struct Meta<'a> {
        compliance_type: &'a str,
        compliance_id: &'a str,
        section_id: &'a str,
    }
    #[derive(Serialize)]
    struct Relationships<'a> {
        controls: Relation<Vec<Reference<'a, Meta<'a>>>>,
    }
    let attributes = Attributes {
        name: &rule.name,
        version: rule.version,
        title: Maybe::new(rule.title.as_deref(), view),
        original_severity: Maybe::new(rule.original_severity.as_deref(), view),
        description: Maybe::new(rule.description.as_deref(), view),
        implication: Maybe::new(rule.implication.as_deref(), view),
        recommendation: Maybe::new(rule.recommendation.as_deref(), view),
        references: Maybe::new(rule.references.as_deref(), view),
    };
    let own = view.controls(&rule.id).map(|(standard, control)| {
        let meta = Meta {
            compliance_type: Kind::Standards.type_word(),
            compliance_id: &standard.id,
            section_id: &control.section_id,
        };
        Reference::with_meta(&control.id, "control", meta)
    });
    let other = rule.other_controls.iter().map(|control| {
        let meta = Meta {
            compliance_type: &control.compliance_type,
            compliance_id: &control.compliance_id,
            section_id: &control.section_id,
        };
        Reference::with_meta(&control.id, "control", meta)
    });
    let relationships = Relationships { controls: Relation { data: own.chain(other).collect() } };
    Item::new(Kind::Rules, &rule.id, attributes, Some(relationships), view)
}

pub(super) fn standard(standard: &Standard, view: View<'_>) -> Item {
    #[derive(Serialize)]
    struct Attributes<'a> {
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        title: Maybe<&'a str>,
        controls: Vec<Control<'a>>,
    }
    #[derive(Serialize)]
    struct Control<'a> {
        id: &'a str,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        description: Maybe<&'a str>,
        section_id: &'a str,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        section_title: Maybe<&'a str>,
        rules: Vec<PlainRule<'a>>,
    }
    /// Without a `type`, unlike everything else.
    #[derive(Serialize)]
    struct PlainRule<'a> {
        id: &'a str,
        #[serde(flatten)]
        version: Version<'a>,
    }
    #[derive(Serialize)]
    struct Version<'a> {
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        name: Maybe<&'a str>,
        #[serde(skip_serializing_if = "Maybe::is_absent")]
        version: Maybe<u32>,
    }
    #[derive(Serialize)]
    struct Relationships<'a> {
        rules: Relation<Vec<Reference<'a, Version<'a>>>>,
    }
    let version = |id: &Id| {
        let rule = view.rule(id);
        Version {
            name: Maybe::new(rule.map(|rule| rule.name.as_str()), view),
            version: Maybe::new(rule.map(|rule| rule.version), view),
        }
    };
    let controls = standard.controls.iter().map(|control| Control {
        id: &control.id,
        description: Maybe::new(control.description.as_deref(), view),
        section_id: &control.section_id,
        section_title: Maybe::new(control.section_title.as_deref(), view),
        rules: control.rules.iter().map(|id| PlainRule { id, version: version(id) }).collect(),
    });
    let attributes =
        Attributes { title: Maybe::new(standard.title.as_deref(), view), controls: controls.collect() };
    let mut seen = HashSet::new();
    let rules = standard.controls.iter().flat_map(|control| &control.rules);
    let rules = rules
        .filter(|id| !view.options.deduplicate_standard_rules || seen.insert(*id))
        .map(|id| Reference::with_meta(id, Kind::Rules.type_word(), version(id)))
        .collect();
    let relationships = Relationships { rules: Relation { data: rules } };
    Item::new(Kind::Standards, &standard.id, attributes, Some(relationships), view)
}
