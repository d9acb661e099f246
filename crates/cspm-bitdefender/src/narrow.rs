//! What of a query the vendor evaluates (section 6.1): only what it understands exactly as the program does, and only
//! where it cannot lose a wanted finding. The program evaluates the whole query again.

use std::collections::BTreeSet;
use std::sync::Arc;

use cspm_core::{
    FindingQuery, Notice, Outcome, OutcomeFilter, Severity, SuppressedFilter, clean_text, same_letters,
};
use cspm_http::Call;

use crate::catalogue::Catalogue;
use crate::config::ArrayStyle;
use crate::error::LIST_CHECKS;

/// Values of one list in one request: 50 UUIDs are about 1,900 characters, which every gateway takes.
pub(crate) const LONGEST_LIST: usize = 50;
/// The statuses that suppress.
const SUPPRESSED: [&str; 2] = ["risk_accepted", "false_positive"];

/// The filters of a request for checks. An empty list is not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Narrowed {
    style: ArrayStyle,
    /// `Fail` or `Pass`.
    outcome: Option<Outcome>,
    severities: Vec<&'static str>,
    statuses: &'static [&'static str],
    pub(crate) rules: Vec<Arc<str>>,
    pub(crate) standards: Vec<Arc<str>>,
}

impl Narrowed {
    /// `None` if no check can be wanted, so that nothing has to be asked.
    ///
    /// * A status is asked for only where suppressed findings alone are wanted. Leaving them out that way would also
    ///   leave out failing checks with a status yet unknown or none, and statuses mean something for failing checks only.
    /// * Severities are asked for unless unknown ones are wanted.
    /// * Rules and standards are asked for if the catalogue knows them: an unknown id is answered with 400. If the
    ///   catalogue is complete, a standard that it does not know has no checks. A rule may have: the catalogue has those
    ///   in use at present (section 8), and a check outlives its rule; but what is no UUID is no rule's id.
    /// * A value that the style of lists cannot express is not asked for.
    pub(crate) fn of(query: &FindingQuery, catalogue: &Catalogue, style: ArrayStyle) -> Option<Self> {
        let severities: Vec<_> =
            Severity::ALL.into_iter().filter(|level| query.wants_severity(*level)).collect();
        if severities.is_empty() || !query.services.is_empty() {
            return None;
        }
        let unknown_too = severities.contains(&Severity::Unknown);
        Some(Self {
            style,
            outcome: match query.outcome {
                OutcomeFilter::Fail => Some(Outcome::Fail),
                OutcomeFilter::Pass => Some(Outcome::Pass),
                OutcomeFilter::All => None,
            },
            severities: if unknown_too {
                Vec::new()
            } else {
                severities.into_iter().map(Severity::as_str).collect()
            },
            statuses: if query.suppressed == SuppressedFilter::Only { &SUPPRESSED } else { &[] },
            rules: wanted_rules(query, catalogue, style)?,
            standards: wanted_standards(query, catalogue, style)?,
        })
    }

    /// Whether checks can be asked for by a value.
    pub(crate) fn can_ask_for(&self, value: &str) -> bool {
        self.style.can_express(value)
    }

    /// The first page of the checks of one scan account or all.
    pub(crate) fn checks(&self, scan: Option<&str>) -> Call {
        self.checks_of(scan, &self.rules)
    }

    /// The first page of the checks of certain rules.
    pub(crate) fn checks_of(&self, scan: Option<&str>, rules: &[Arc<str>]) -> Call {
        let call = list().query_list("results", self.outcome.map(Outcome::as_str));
        let call = self.style.add(call, "severities", &self.severities);
        let call = self.style.add(call, "statuses", self.statuses);
        let call = self.style.add(call, "scans", scan.as_slice());
        let call = self.style.add(call, "rules", rules);
        self.style.add(call, "system_compliance", &self.standards)
    }

    /// The same for one rule.
    pub(crate) fn of_rule(&self, rule: &Arc<str>) -> Self {
        Self { rules: vec![rule.clone()], ..self.clone() }
    }
}

pub(crate) const CHECKS: &str = "/cspm/checks";

pub(crate) fn list() -> Call {
    Call::get(LIST_CHECKS, CHECKS)
}

/// Whether a list of values can be sent.
fn sendable(values: &BTreeSet<Arc<str>>, style: ArrayStyle) -> bool {
    values.len() <= LONGEST_LIST && values.iter().all(|value| style.can_express(value))
}

/// Rule ids to ask for; empty if the vendor cannot narrow, `None` if there is nothing to ask for.
fn wanted_rules(query: &FindingQuery, catalogue: &Catalogue, style: ArrayStyle) -> Option<Vec<Arc<str>>> {
    if query.rules.is_empty() {
        return Some(Vec::new());
    }
    let known = query.rules.iter().filter_map(|id| catalogue.rule(id));
    let ids: BTreeSet<Arc<str>> = known.map(|known| known.rule.id.clone()).collect();
    let cannot_exist = |id: &String| catalogue.complete().rules && !is_uuid(id);
    let all_known = query.rules.iter().all(|id| catalogue.rule(id).is_some() || cannot_exist(id));
    if all_known && ids.is_empty() {
        return None;
    }
    Some(if all_known && sendable(&ids, style) { ids.into_iter().collect() } else { Vec::new() })
}

/// Whether a text has the form of the vendor's ids (section 3.3): 8-4-4-4-12 hexadecimal digits.
pub(crate) fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Standards to ask for, spelled as the vendor listed them; empty and `None` as above.
fn wanted_standards(query: &FindingQuery, catalogue: &Catalogue, style: ArrayStyle) -> Option<Vec<Arc<str>>> {
    if query.standards.is_empty() {
        return Some(Vec::new());
    }
    let named = |title: &str| query.standards.iter().any(|wanted| same_letters(wanted, title));
    let mut ids = BTreeSet::new();
    let mut built_in = true;
    for (id, standard) in catalogue.standards() {
        if named(id) || standard.title.as_deref().is_some_and(named) {
            built_in &= standard.built_in;
            ids.insert(id.clone());
        }
    }
    let complete = catalogue.complete();
    match (ids.is_empty(), complete.rules && complete.standards) {
        (true, true) => None,
        (false, true) if built_in && sendable(&ids, style) => Some(ids.into_iter().collect()),
        _ => Some(Vec::new()),
    }
}

/// A word about each rule and standard of the query that the catalogue does not have.
pub(crate) fn remarks(query: &FindingQuery, catalogue: &Catalogue) -> Vec<Notice> {
    let mut notices = Vec::new();
    if !query.services.is_empty() {
        notices.push(Notice::new("Bitdefender's rules have no service: --service leaves nothing"));
    }
    for rule in query.rules.iter().filter(|rule| catalogue.rule(rule).is_none()) {
        notices.push(Notice::new(format!("no rule has the id {}", clean_text(rule, 100))));
    }
    for wanted in &query.standards {
        let there = catalogue.standards().any(|(id, standard)| {
            same_letters(id, wanted)
                || standard.title.as_deref().is_some_and(|title| same_letters(title, wanted))
        });
        if !there {
            notices.push(Notice::new(format!("no standard is called {}", clean_text(wanted, 100))));
        }
    }
    notices
}
