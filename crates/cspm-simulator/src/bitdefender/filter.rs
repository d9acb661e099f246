//! The nine filters of checks (section 6.1): values of one are alternatives, different ones all apply.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    errors::Refusal,
    index::View,
    kind::Kind,
    query::Query,
    world::{Check, RESULTS, SEVERITIES, STATUSES},
};

/// One of the nine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Field {
    Results,
    Severities,
    Statuses,
    Scans,
    ScanGroups,
    Rules,
    Resources,
    ResourceTypes,
    SystemCompliance,
}

impl Field {
    const ALL: [Self; 9] = [
        Self::Results,
        Self::Severities,
        Self::Statuses,
        Self::Scans,
        Self::ScanGroups,
        Self::Rules,
        Self::Resources,
        Self::ResourceTypes,
        Self::SystemCompliance,
    ];

    /// The parameter: all plural but the last.
    fn name(self) -> &'static str {
        match self {
            Self::Results => "results",
            Self::Severities => "severities",
            Self::Statuses => "statuses",
            Self::Scans => "scans",
            Self::ScanGroups => "scan_groups",
            Self::Rules => "rules",
            Self::Resources => "resources",
            Self::ResourceTypes => "resource_types",
            Self::SystemCompliance => "system_compliance",
        }
    }

    /// Whether the value is one that the vendor could know. Resource types are free text.
    fn knows(self, value: &str, view: View<'_>) -> bool {
        let exists = |kind| {
            !view.options.reject_unknown_filter_ids || view.index.positions.get(kind).contains_key(value)
        };
        match self {
            Self::Results => RESULTS.contains(&value),
            Self::Severities => SEVERITIES.contains(&value),
            Self::Statuses => STATUSES.contains(&value),
            Self::Scans => exists(Kind::Scans),
            Self::ScanGroups => exists(Kind::ScanGroups),
            Self::Rules => exists(Kind::Rules),
            Self::Resources => exists(Kind::Resources),
            Self::ResourceTypes => true,
            Self::SystemCompliance => exists(Kind::Standards),
        }
    }
}

/// What a list of checks is narrowed to. Equal filters are equal however they were spelt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Filter(BTreeMap<Field, BTreeSet<String>>);

impl Filter {
    /// Whether a query parameter is one of the nine.
    pub(super) fn is_parameter(name: &str) -> bool {
        Field::ALL.iter().any(|field| field.name() == name)
    }

    /// Reads the filters out of a query.
    ///
    /// # Errors
    /// 400 for a value that is unknown or empty.
    pub(super) fn parse(query: &Query, view: View<'_>) -> Result<Self, Refusal> {
        let mut terms = BTreeMap::new();
        for field in Field::ALL {
            let values = query.list(field.name(), view.options.arrays)?;
            if let Some(value) = values.iter().find(|value| !field.knows(value, view)) {
                return Err(Refusal::Invalid(format!("{}: unknown value {value}", field.name())));
            }
            if !values.is_empty() {
                terms.insert(field, values.into_iter().map(str::to_owned).collect());
            }
        }
        Ok(Self(terms))
    }

    /// Whether the check passes every filter.
    pub(super) fn matches(&self, check: &Check, view: View<'_>) -> bool {
        self.0.iter().all(|(field, values)| {
            let one_of = |value: Option<&str>| value.is_some_and(|value| values.contains(value));
            match field {
                Field::Results => one_of(Some(&check.result)),
                Field::Severities => one_of(check.severity.as_deref()),
                Field::Statuses => one_of(check.status.as_deref()),
                Field::Scans => one_of(Some(&check.scan)),
                Field::ScanGroups => one_of(view.group_id(check).map(|id| &**id)),
                Field::Rules => one_of(Some(&check.rule)),
                Field::Resources => one_of(Some(&check.resource)),
                Field::ResourceTypes => one_of(
                    view.resource(&check.resource).and_then(|resource| resource.resource_type.as_deref()),
                ),
                Field::SystemCompliance => {
                    view.controls(&check.rule).any(|(standard, _)| one_of(Some(&standard.id)))
                }
            }
        })
    }
}
