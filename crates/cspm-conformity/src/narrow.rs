//! How much of a query the vendor evaluates: every filter that it understands exactly as the contract does, and only
//! where narrowing cannot lose a wanted finding. The core evaluates the whole query on what comes.

use std::collections::BTreeSet;

use cspm_core::{FindingQuery, OutcomeFilter, Severity, SuppressedFilter};

use crate::catalogue::is_known_region;
use crate::slice::{Dimension, LONGEST_LISTS, Slice, list_length};

const RISK_LEVELS: [(&str, Severity); 5] = [
    ("LOW", Severity::Low),
    ("MEDIUM", Severity::Medium),
    ("HIGH", Severity::High),
    ("VERY_HIGH", Severity::Critical),
    ("EXTREME", Severity::Critical),
];

/// What to ask of an account; `None` if nothing there can be wanted.
///
/// Standards are not asked for: `filter[compliances]` looks at what a check says, and a check may leave that out
/// (section 4.1), whose rule belongs to the standard all the same.
pub(crate) fn narrow(query: &FindingQuery, account: &str) -> Option<Slice> {
    let mut slice = Slice::of_account(account);
    let mut restrict = |dimension, values: &[String]| {
        if let Some(values) = sendable(values) {
            slice.lists.insert(dimension, values);
        }
    };
    // A region that the vendor does not know makes it refuse the whole request (section 3.6).
    if query.regions.iter().all(|region| is_known_region(region)) {
        restrict(Dimension::Regions, &query.regions);
    }
    restrict(Dimension::Services, &query.services);
    restrict(Dimension::RuleIds, &query.rules);
    match query.outcome {
        OutcomeFilter::Fail => restrict(Dimension::Statuses, &["FAILURE".to_owned()]),
        OutcomeFilter::Pass => restrict(Dimension::Statuses, &["SUCCESS".to_owned()]),
        OutcomeFilter::All => {}
    }
    // Levels outside the documented five become "unknown", and no filter asks for those.
    if !query.wants_severity(Severity::Unknown) {
        let wanted = RISK_LEVELS.iter().filter(|(_, severity)| query.wants_severity(*severity));
        let levels: Vec<String> = wanted.map(|(level, _)| (*level).to_owned()).collect();
        if levels.is_empty() {
            return None;
        }
        restrict(Dimension::RiskLevels, &levels);
    }
    slice.suppressed = match query.suppressed {
        SuppressedFilter::Exclude => Some(false),
        SuppressedFilter::Include => None,
        SuppressedFilter::Only => Some(true),
    };
    Some(slice)
}

/// The values as a list parameter, each once; `None` if there are none, or if they cannot be sent: no escape is known
/// for a comma, an empty value counts as not given (section 3.2), and the list must leave room in the address.
fn sendable(values: &[String]) -> Option<Vec<String>> {
    let values: Vec<String> = values.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect();
    let possible = !values.is_empty()
        && values.iter().all(|value| !value.trim().is_empty() && !value.contains(','))
        && list_length(&values) <= LONGEST_LISTS / 4;
    possible.then_some(values)
}
