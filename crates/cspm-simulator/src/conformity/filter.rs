//! The filters of the check list (section 4.2). Filters of different names all apply; the values of one are
//! alternatives.

use std::collections::BTreeSet;

use super::check::{Check, Text};
use super::errors::Refusal;
use super::pattern::Pattern;
use super::query::Query;
use super::world::World;

const DAY_MS: f64 = 86_400_000.0;

/// What a call asks for. It is also what the answer is remembered by.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Filter {
    pub(super) accounts: BTreeSet<String>,
    regions: Option<BTreeSet<String>>,
    services: Option<BTreeSet<String>>,
    categories: Option<BTreeSet<String>>,
    risk_levels: Option<BTreeSet<String>>,
    statuses: Option<BTreeSet<String>>,
    rules: Option<BTreeSet<String>>,
    tags: Option<BTreeSet<String>>,
    compliances: Option<BTreeSet<String>>,
    resource: Option<(ResourceMode, String)>,
    words: BTreeSet<String>,
    suppressed: Option<bool>,
    created_from: Option<i64>,
    changed_from: Option<i64>,
    changed_before: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ResourceMode {
    Text,
    Regex,
}

impl Filter {
    /// Reads the filters of a call. Unknown names are ignored, unknown values of lists match nothing.
    ///
    /// # Errors
    /// 422 for an unknown region (with the vendor's odd pointer) and for values that cannot be read.
    pub(super) fn read(
        query: &Query,
        accounts: BTreeSet<String>,
        world: &World,
        now: i64,
    ) -> Result<Self, Refusal> {
        let regions = query.list("filter[regions]");
        if regions.iter().flatten().any(|region| !world.regions.contains(region.as_str())) {
            return Err(Refusal::invalid(
                "/data/attributes/page[regions]",
                "Region(s) entered is/are invalid",
            ));
        }
        let resource = query.get("filter[resource]").map(str::to_owned);
        let resource = match (resource, query.get("filter[resourceSearchMode]")) {
            (None, _) => None,
            (Some(text), None | Some("text")) => Some((ResourceMode::Text, text)),
            (Some(text), Some("regex")) => {
                Pattern::regex(&text).map_err(|_| {
                    Refusal::parameter("filter[resource]", "is not a valid regular expression")
                })?;
                Some((ResourceMode::Regex, text))
            }
            (Some(_), Some(_)) => {
                return Err(Refusal::parameter("filter[resourceSearchMode]", "must be text or regex"));
            }
        };
        Ok(Self {
            accounts,
            regions,
            services: query.list("filter[services]"),
            categories: query.list("filter[categories]"),
            risk_levels: query.list("filter[riskLevels]"),
            statuses: query.list("filter[statuses]"),
            rules: query.list("filter[ruleIds]"),
            tags: query.list("filter[tags]"),
            compliances: query.list("filter[compliances]"),
            resource,
            words: query.get("filter[message]").map(|text| words(text).collect()).unwrap_or_default(),
            suppressed: suppressed(query)?,
            created_from: query.integer("filter[createdDate]")?,
            changed_from: days_ago(query, ["filter[newerThanDays]", "filter[createdLessThanDays]"], now)?,
            changed_before: days_ago(query, ["filter[olderThanDays]", "filter[createdMoreThanDays]"], now)?,
        })
    }

    /// Whether checks of this region and service can be among those asked for.
    pub(super) fn takes_slice(&self, region: &str, service: &str) -> bool {
        one_of(self.regions.as_ref(), region) && one_of(self.services.as_ref(), service)
    }

    /// What is to be asked of each check in the slices that are taken.
    pub(super) fn rest(&self) -> Rest<'_> {
        let resource = self.resource.as_ref().and_then(|(mode, text)| match mode {
            ResourceMode::Text => Some(Pattern::wildcard(text)),
            ResourceMode::Regex => Pattern::regex(text).ok(),
        });
        Rest { filter: self, resource }
    }
}

/// The part of a filter that is asked of each check, with its pattern ready for use.
pub(super) struct Rest<'a> {
    filter: &'a Filter,
    resource: Option<Pattern>,
}

impl Rest<'_> {
    pub(super) fn accepts(&self, check: &Check) -> bool {
        let filter = self.filter;
        let changed = check.status_changed.or(check.created);
        one_of(filter.risk_levels.as_ref(), &check.risk_level)
            && one_of(filter.statuses.as_ref(), check.status.as_str())
            && filter.suppressed.is_none_or(|wanted| wanted == check.is_suppressed())
            && one_of(filter.rules.as_ref(), check.id.rule())
            && any_of(filter.categories.as_ref(), check.categories.as_deref())
            && any_of(filter.compliances.as_ref(), check.compliances.as_deref())
            && filter.tags.as_ref().is_none_or(|wanted| has_tag(wanted, check.tags.as_deref()))
            && filter.created_from.is_none_or(|from| check.created.is_some_and(|at| at >= from))
            && filter.changed_from.is_none_or(|from| changed.is_some_and(|at| at >= from))
            && filter.changed_before.is_none_or(|before| changed.is_some_and(|at| at < before))
            && self.resource.as_ref().is_none_or(|pattern| pattern.matches(check.id.resource()))
            && has_words(&filter.words, check.message.as_deref())
    }
}

fn one_of(wanted: Option<&BTreeSet<String>>, value: &str) -> bool {
    wanted.is_none_or(|wanted| wanted.contains(value))
}

fn any_of(wanted: Option<&BTreeSet<String>>, values: Option<&[Text]>) -> bool {
    wanted.is_none_or(|wanted| values.unwrap_or_default().iter().any(|value| wanted.contains(value.as_ref())))
}

/// A tag is named in full, or by its key or its value alone.
fn has_tag(wanted: &BTreeSet<String>, tags: Option<&[Text]>) -> bool {
    tags.unwrap_or_default().iter().any(|tag| {
        wanted.contains(tag.as_ref())
            || tag.split_once("::").is_some_and(|(key, value)| wanted.contains(key) || wanted.contains(value))
    })
}

/// All the words have to be there, in any order and any case of letters.
fn has_words(wanted: &BTreeSet<String>, message: Option<&str>) -> bool {
    if wanted.is_empty() {
        return true;
    }
    let found: BTreeSet<String> = words(message.unwrap_or_default()).collect();
    wanted.is_subset(&found)
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Which checks are wanted by suppression: all of them, or one kind only.
fn suppressed(query: &Query) -> Result<Option<bool>, Refusal> {
    let wanted = query.flag("filter[suppressed]")?;
    match query.get("filter[suppressedFilterMode]") {
        // Here `true`, also the default, means the suppressed ones as well.
        None | Some("v1") => Ok(wanted.filter(|with_suppressed| !with_suppressed)),
        Some("v2") => Ok(wanted),
        Some(_) => Err(Refusal::parameter("filter[suppressedFilterMode]", "must be v1 or v2")),
    }
}

/// The instant so many days before now, under the first of the names that is given.
fn days_ago(query: &Query, names: [&str; 2], now: i64) -> Result<Option<i64>, Refusal> {
    let Some((name, text)) = names.iter().find_map(|name| Some((*name, query.get(name)?))) else {
        return Ok(None);
    };
    let days: f64 = text
        .parse()
        .ok()
        .filter(|days: &f64| days.is_finite() && *days >= 0.0)
        .ok_or_else(|| Refusal::parameter(name, "is not a valid positive number"))?;
    // A float cast saturates, so an absurd number of days is simply long ago.
    Ok(Some(now.saturating_sub((days * DAY_MS) as i64)))
}
