//! What part of an account's checks a request asks for: a conjunction of filters, and the request that carries it.

use std::collections::{BTreeMap, BTreeSet};

use cspm_core::Scope;
use cspm_http::{Call, encode};
use serde::{Deserialize, Serialize};

use crate::request::{LIST_CHECKS, get};

/// The largest page the vendor gives (vendor document, section 3.5).
pub(crate) const PAGE_SIZE: u64 = 1_000;
/// Nobody can page past this many checks of one question (section 3.5).
pub(crate) const WINDOW: u64 = 10_000;
/// Characters that all value lists of one request may take together, so that no gateway finds the address too long.
pub(crate) const LONGEST_LISTS: usize = 5_500;

/// A filter that takes a list of alternatives, and by which an account can be divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Dimension {
    Regions,
    Services,
    RiskLevels,
    Statuses,
    RuleIds,
}

impl Dimension {
    /// In the order in which an account is divided: what has many values of similar weight comes first, what makes the
    /// longest addresses last.
    pub(crate) const ALL: [Self; 5] =
        [Self::Regions, Self::Services, Self::RiskLevels, Self::Statuses, Self::RuleIds];

    /// In the order in which nothing is lost where no figures tell of values that nobody listed: lists that the documents or
    /// the catalogue close come first, regions last.
    pub(crate) const CLOSED_FIRST: [Self; 5] =
        [Self::Statuses, Self::Services, Self::RuleIds, Self::RiskLevels, Self::Regions];

    /// The query parameter (section 4.2).
    const fn parameter(self) -> &'static str {
        match self {
            Self::Regions => "filter[regions]",
            Self::Services => "filter[services]",
            Self::RiskLevels => "filter[riskLevels]",
            Self::Statuses => "filter[statuses]",
            Self::RuleIds => "filter[ruleIds]",
        }
    }

    /// The label of a part in the run report.
    const fn label(self) -> &'static str {
        match self {
            Self::Regions => "region",
            Self::Services => "service",
            Self::RiskLevels => "risk_level",
            Self::Statuses => "status",
            Self::RuleIds => "rule",
        }
    }
}

/// A conjunction of filters on one account; the values of one list are alternatives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slice {
    /// The vendor's id of the account.
    pub(crate) account: String,
    /// The lists that restrict it.
    pub(crate) lists: BTreeMap<Dimension, Vec<String>>,
    /// Which of the lists come from dividing the account, rather than from the query.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) cut: BTreeSet<Dimension>,
    /// Only suppressed checks, only others, or both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) suppressed: Option<bool>,
}

impl Slice {
    /// All checks of an account.
    pub(crate) fn of_account(account: impl Into<String>) -> Self {
        Self { account: account.into(), lists: BTreeMap::new(), cut: BTreeSet::new(), suppressed: None }
    }

    /// This slice restricted to some values of a dimension.
    pub(crate) fn cut_to(&self, dimension: Dimension, values: Vec<String>) -> Self {
        let mut part = self.clone();
        part.lists.insert(dimension, values);
        part.cut.insert(dimension);
        part
    }

    /// This slice without any restriction of a dimension.
    pub(crate) fn without(&self, dimension: Dimension) -> Self {
        let mut whole = self.clone();
        whole.lists.remove(&dimension);
        whole.cut.remove(&dimension);
        whole
    }

    /// The values a dimension is restricted to.
    pub(crate) fn list(&self, dimension: Dimension) -> Option<&[String]> {
        self.lists.get(&dimension).map(Vec::as_slice)
    }

    /// How many characters a further list may take.
    pub(crate) fn room_for(&self, dimension: Dimension) -> usize {
        let others = self.lists.iter().filter(|(other, _)| **other != dimension);
        let taken: usize = others.map(|(_, values)| list_length(values)).sum();
        LONGEST_LISTS.saturating_sub(taken)
    }

    /// What the report calls it: the account, and how the account was divided.
    pub(crate) fn scope(&self) -> Scope {
        let account = Scope::labelled("account", self.account.as_str());
        let cuts = self.cut.iter().filter_map(|dimension| Some((dimension, self.lists.get(dimension)?)));
        cuts.fold(account, |scope, (dimension, values)| scope.with_label(dimension.label(), shown(values)))
    }

    /// The question for one page of it, counted from 0 (section 4.2).
    pub(crate) fn page(&self, number: u64) -> Call {
        self.question(PAGE_SIZE, number)
    }

    /// A question whose number of pages is the number of checks, for a server that tells only how many pages there are.
    pub(crate) fn one_by_one(&self) -> Call {
        self.question(1, 0)
    }

    /// The question for the last check that anybody can page to.
    pub(crate) fn last_in_reach(&self) -> Call {
        self.question(1, WINDOW - 1)
    }

    fn question(&self, size: u64, number: u64) -> Call {
        let mut call = get(LIST_CHECKS, "/checks")
            .query_list("accountIds", [&self.account])
            .query("page[size]", &size.to_string())
            .query("page[number]", &number.to_string())
            .query("consistentPagination", "true");
        for (dimension, values) in &self.lists {
            call = call.query_list(dimension.parameter(), values);
        }
        match self.suppressed {
            // Mode v1, the default, reads `true` as "both" (section 4.2).
            Some(only) => call
                .query("filter[suppressedFilterMode]", "v2")
                .query("filter[suppressed]", if only { "true" } else { "false" }),
            None => call,
        }
    }
}

/// How many characters a list takes in an address.
pub(crate) fn list_length(values: &[String]) -> usize {
    values.iter().map(|value| encode(value).len() + 1).sum()
}

/// A list for a person: short ones in full, long ones by their ends.
fn shown(values: &[String]) -> String {
    match values {
        [first, .., last] if values.len() > 4 => format!("{first} … {last} ({})", values.len()),
        _ => values.join(","),
    }
}
