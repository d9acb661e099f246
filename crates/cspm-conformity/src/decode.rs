//! Decoders as pure functions, from text to records: for tests, fuzzers and benchmarks, which need no network.

use std::collections::HashMap;
use std::sync::Arc;

use cspm_core::adapter::{Text, object};
use cspm_core::{
    Account, Error, ErrorKind, Finding, FindingQuery, Noted, Notice, Origin, Policy, PolicyEntry, PolicyKind,
    RawValue, Rejected, Result, Rule, RuleSetting, RuleSettings, Standing, Step, Suppression, Timestamp,
    Verbatim, clean_text,
};

pub use crate::catalogue::Catalogue;
use crate::map::{self, Mapper, ServiceOfRule};
pub use crate::rule_book::RuleBook;
use crate::rule_book::Terms;
use crate::rule_settings;
use crate::wire;

/// A page of checks.
pub(crate) struct Page {
    pub(crate) findings: Vec<Finding>,
    pub(crate) rejected: Vec<Rejected>,
    pub(crate) notices: Vec<Notice>,
    /// How many records were sent, readable or not.
    pub(crate) sent: u64,
    /// How many checks there are in all, if the page says so.
    pub(crate) total: Option<u64>,
    /// How many pages there are, if the page says so.
    pub(crate) total_pages: Option<u64>,
}

/// Decodes one page of `GET /checks`, as the adapter does. `expected` is the vendor's total.
///
/// # Errors
/// Kind `protocol` if it is no listing of checks; a single record that makes no sense is among the rejected.
pub fn decode_checks(
    text: &str,
    catalogue: &Catalogue,
    query: &FindingQuery,
    origin: &Origin,
) -> Result<Step<Finding>> {
    let page = checks_page(text, catalogue, query, origin)?;
    let mut step = Step::done(page.findings).expecting(page.total);
    step.rejected = page.rejected;
    step.notices = page.notices;
    Ok(step)
}

pub(crate) fn checks_page(
    text: &str,
    catalogue: &Catalogue,
    query: &FindingQuery,
    origin: &Origin,
) -> Result<Page> {
    let listing: wire::Listing<'_> = parse(text)?;
    let Some(records) = &listing.data.0 else { return Err(listing.without_data()) };
    let meta = listing.meta.0;
    let sent = records.len() as u64;
    let mut mapper = Mapper::new(origin, catalogue, query);
    let (findings, rejected) = each(records, |check, raw| mapper.check(check, raw));
    let notices = mapper.notices();
    Ok(Page { findings, rejected, notices, sent, total: meta.total.0, total_pages: meta.total_pages.0 })
}

/// How many pages a listing has, by its own word.
pub(crate) fn total_pages(text: &str) -> Result<Option<u64>> {
    let listing: wire::Listing<'_> = parse(text)?;
    Ok(listing.meta.0.total_pages.0)
}

/// Decodes `GET /accounts`, as the adapter does. It is not paged; `data` is null when there are none (section 5.2).
///
/// # Errors
/// Kind `protocol` if it is no listing of accounts.
pub fn decode_accounts(text: &str, origin: &Origin) -> Result<Step<Account>> {
    let listing: wire::Listing<'_> = parse(text)?;
    let Some(records) = &listing.data.0 else { return Err(listing.without_data()) };
    let (accounts, rejected) = each(records, |record, _| map::account(record, origin));
    let mut step = Step::done(accounts);
    step.rejected = rejected;
    Ok(step)
}

/// Decodes `GET /services`, as the adapter does: the rules are side-loaded, their fields beside the id or under
/// `attributes` (section 8); the services tell which rule belongs to which.
///
/// # Errors
/// Kind `protocol` if it is no catalogue.
pub fn decode_rules(text: &str, origin: &Origin) -> Result<Step<Rule>> {
    let (of_rule, rules, unreadable) = catalogue(text)?;
    let (rules, rejected) = each(&rules, |record: wire::RuleRecord<'_>, raw| {
        let (id, fields) = rule_fields::<wire::RuleFields<'_>>(&record, raw)?;
        Ok(map::rule(id.clone(), fields, of_rule.get(&id), origin))
    });
    let mut step = Step::done(rules);
    step.rejected = rejected;
    for Rejected { name, reason } in unreadable {
        let name = clean_text(&name, 60);
        step.notices
            .push(Notice::new(format!("service {name} of the catalogue was not understood: {reason}")));
    }
    Ok(step)
}

/// Decodes the same catalogue for what it says of writing: rules that cannot be read are not in it.
///
/// # Errors
/// Kind `protocol` if it is no catalogue.
pub fn decode_rule_book(text: &str) -> Result<RuleBook> {
    let (of_rule, rules, _) = catalogue(text)?;
    let (terms, _) = each(&rules, |record: wire::RuleRecord<'_>, raw| {
        let (id, fields) = rule_fields::<wire::RuleTerms<'_>>(&record, raw)?;
        let service = of_rule.get(&id).and_then(|service| service.provider.as_deref());
        Ok((id.to_string(), Terms::of(&fields, service)))
    });
    Ok(RuleBook::new(terms))
}

type ServicesOfRules = HashMap<Arc<str>, ServiceOfRule>;

/// The catalogue's parts: which rule belongs to which service, the rules, and services that cannot be read.
fn catalogue(text: &str) -> Result<(ServicesOfRules, Vec<&RawValue>, Vec<Rejected>)> {
    let listing: wire::Listing<'_> = parse(text)?;
    let Some(services) = &listing.data.0 else { return Err(listing.without_data()) };
    let (services, unreadable) = each(services, |record: wire::ServiceRecord<'_>, _| service(&record));
    let of_rule: ServicesOfRules = services
        .into_iter()
        .flat_map(|(service, rules)| rules.into_iter().map(move |rule| (rule, service.clone())))
        .collect();
    let rules = match listing.included.0 {
        Some(rules) => rules,
        // Nothing is side-loaded where there is nothing (section 3.3).
        None if of_rule.is_empty() => Vec::new(),
        None => {
            return Err(Error::new(ErrorKind::Protocol, "the catalogue names rules and has none of them"));
        }
    };
    Ok((of_rule, rules, unreadable))
}

/// A rule's id and its fields, wherever they stand.
fn rule_fields<'a, T: serde::Deserialize<'a>>(
    record: &wire::RuleRecord<'a>,
    raw: &'a RawValue,
) -> std::result::Result<(Arc<str>, T), String> {
    let id: Arc<str> = record.id.owned().ok_or("it has no id")?.into();
    let fields = record.attributes.unwrap_or(raw);
    Ok((id, object(fields.get()).map_err(|error| reason(&error))?))
}

fn service(record: &wire::ServiceRecord<'_>) -> std::result::Result<(ServiceOfRule, Vec<Arc<str>>), String> {
    let id = record.id.owned().ok_or("it has no id")?.into();
    let provider = record.attributes.0.provider.owned();
    let provider = provider.map(|provider| provider.to_ascii_lowercase().into());
    let rules = &record.relationships.0.rules.0.data.0;
    let rules = rules.iter().filter_map(|rule| rule.0.owned().map(Into::into));
    Ok((ServiceOfRule { id, provider }, rules.collect()))
}

/// Decodes `GET /profiles`, as the adapter does: names only (section 7).
///
/// # Errors
/// Kind `protocol` if it is no listing of profiles.
pub fn decode_policies(text: &str, origin: &Origin) -> Result<Step<PolicyEntry>> {
    let listing: wire::Listing<'_> = parse(text)?;
    let Some(records) = &listing.data.0 else { return Err(listing.without_data()) };
    let (entries, rejected) = each(records, |record: wire::ProfileRecord<'_>, _| {
        let id = record.id.owned().ok_or("it has no id")?;
        let attribute = |name: &str| text_of(record.attributes.0.get(name).copied());
        Ok(PolicyEntry {
            name: attribute("name"),
            description: attribute("description"),
            ..PolicyEntry::new(origin, id, PolicyKind::Custom)
        })
    });
    let mut step = Step::done(entries);
    step.rejected = rejected;
    Ok(step)
}

/// Decodes `GET /profiles/{id}?includes=ruleSettings`, as the adapter does.
///
/// # Errors
/// Kind `protocol` if it is no profile, or if a setting of it is missing or not understood: whoever wrote it back would
/// lose that setting.
pub fn decode_policy(text: &str, id: &str, book: &RuleBook) -> Result<Noted<Policy>> {
    let answer: wire::ProfileAnswer<'_> = parse(text)?;
    let record = answer.data.0.unwrap_or_default().first().copied().ok_or_else(wire::no_data)?;
    let record: wire::ProfileRecord<'_> = parse(record.get())?;
    let (settings, rejected) =
        each(&answer.included.0.unwrap_or_default(), |included: wire::IncludedSetting<'_>, _| {
            let rule = included.id.owned().ok_or("it has no id")?;
            let members = included.attributes.ok_or("it has no attributes")?;
            Ok((rule, rule_settings::read(&members).map_err(|error| error.to_string())?))
        });
    let mut rules = whole(settings, &rejected)?;
    let links = record.relationships.0.rule_settings.0.data.0;
    if let Some(unsent) = links.iter().filter_map(|link| link.0.get()).find(|rule| !rules.contains_key(*rule))
    {
        let message = format!("the setting of rule {} is announced and not there", clean_text(unsent, 60));
        return Err(Error::new(ErrorKind::Protocol, message));
    }
    rule_settings::clean_all(&mut rules, book);
    let mut policy = Policy { id: Some(id.to_owned()), rules, ..Policy::default() };
    for (name, raw) in record.attributes.0 {
        match (name.as_str(), text_of(Some(raw))) {
            ("name", Some(name)) => policy.name = name,
            ("description", description) => policy.description = description,
            _ if raw.get() == "null" => {}
            _ => drop(policy.extra.insert(name, Verbatim::parse(raw.get())?)),
        }
    }
    Ok(Noted { value: policy, notices: deprecation(&answer.meta.0) })
}

/// Decodes the rule settings of an account, as the adapter does (section 6).
///
/// # Errors
/// As [`decode_policy`].
pub fn decode_account_rules(text: &str, book: &RuleBook) -> Result<Noted<RuleSettings>> {
    let answer: wire::ProfileAnswer<'_> = parse(text)?;
    let record = answer.data.0.unwrap_or_default().first().copied().ok_or_else(wire::no_data)?;
    let record: wire::AccountRulesRecord<'_> = parse(record.get())?;
    let (settings, rejected) =
        each(&record.attributes.0.settings.0.rules.0, |members: wire::Members<'_>, _| {
            let rule = members.get("id").and_then(|id| text_of(Some(id))).ok_or("it has no id")?;
            Ok((rule, rule_settings::read(&members).map_err(|error| error.to_string())?))
        });
    let mut rules = whole(settings, &rejected)?;
    rule_settings::clean_all(&mut rules, book);
    Ok(Noted { value: rules, notices: deprecation(&answer.meta.0) })
}

/// The settings by rule, none of them missing.
fn whole(settings: Vec<(String, RuleSetting)>, rejected: &[Rejected]) -> Result<RuleSettings> {
    if let Some(Rejected { name, reason }) = rejected.first() {
        let message = format!("the setting of rule {name} was not understood: {reason}");
        return Err(Error::new(ErrorKind::Protocol, message));
    }
    let mut rules = RuleSettings::new();
    for (rule, setting) in settings {
        if rules.get(&rule).is_some_and(|other| *other != setting) {
            let message = format!("rule {} comes twice, with different settings", clean_text(&rule, 60));
            return Err(Error::new(ErrorKind::Protocol, message));
        }
        rules.insert(rule, setting);
    }
    Ok(rules)
}

/// The warnings beside an answer about settings; none if it is none.
pub(crate) fn decode_notices(text: &str) -> Vec<Notice> {
    parse::<wire::ProfileAnswer<'_>>(text).map(|answer| deprecation(&answer.meta.0)).unwrap_or_default()
}

/// What is odd about the answer to an application; `sent` is not.
pub(crate) fn decode_applied(text: &str) -> Option<Notice> {
    let answer: wire::ProfileAnswer<'_> = parse(text).ok()?;
    let status = answer.meta.0.status;
    let word = status.get().filter(|word| !word.eq_ignore_ascii_case("sent"))?;
    Some(Notice::new(format!("the vendor took the order, and answered \"{}\"", clean_text(word, 60))))
}

/// What the vendor says about rules that it is about to drop (sections 5.4 and 7).
fn deprecation(meta: &wire::SettingsMeta<'_>) -> Vec<Notice> {
    let warning = &meta.deprecation.0.warning.0;
    let rules: Vec<&str> = warning.rules.0.iter().filter_map(|rule| rule.0.get()).collect();
    let Some(message) = warning.message.get().or((!rules.is_empty()).then_some("Deprecated rules.")) else {
        return Vec::new();
    };
    let mut text = clean_text(message, 300);
    if !rules.is_empty() {
        text.push_str(&format!(" Rules: {}", clean_text(&rules.join(", "), 300)));
    }
    if let Some(link) = warning.link.get() {
        text.push_str(&format!(" (see {})", clean_text(link, 200)));
    }
    vec![Notice::new(text)]
}

/// How the check of an answer stands; the reason if that cannot be read.
///
/// # Errors
/// Kind `protocol` if it is not the check of this id.
pub(crate) fn decode_standing(text: &str, id: &str) -> Result<Standing> {
    let listing: wire::Listing<'_> = parse(text)?;
    let record = listing.data.0.as_ref().and_then(|records| records.first().copied());
    let record = record.ok_or_else(|| listing.without_data())?;
    let check: wire::Check<'_> = parse(record.get())?;
    // An id without a resource ends with a colon, or leaves that out (section 4.1).
    if check.id.get().map(|known| known.trim_end_matches(':')) != Some(id.trim_end_matches(':')) {
        return Err(Error::new(ErrorKind::Protocol, "the answer is about another check"));
    }
    let attributes = check.attributes.0;
    let is_suppressed = attributes.suppressed.0 == Some(true);
    let passes = attributes.status.get().is_some_and(|word| word.eq_ignore_ascii_case("SUCCESS"));
    Ok(Standing {
        suppression: is_suppressed.then(|| suppression(attributes.suppressed_until.0)),
        obstacle: passes
            .then(|| "the check passes, and the vendor suppresses failing checks only".to_owned()),
        ..Standing::default()
    })
}

/// A suppression, which shows neither who made it nor why.
pub(crate) fn suppression(until: Option<Timestamp>) -> Suppression {
    Suppression { until, reason: None, by: None, kind: "suppressed".to_owned() }
}

fn text_of(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str::<Text<'_>>(raw?.get()).ok()?.owned()
}

/// Reads record by record, so that one that makes no sense spoils no other.
pub(crate) fn each<'a, W: serde::Deserialize<'a>, T>(
    records: &[&'a RawValue],
    mut read: impl FnMut(W, &'a RawValue) -> std::result::Result<T, String>,
) -> (Vec<T>, Vec<Rejected>) {
    let mut items = Vec::with_capacity(records.len());
    let mut rejected = Vec::new();
    for (place, raw) in records.iter().copied().enumerate() {
        let item = object(raw.get()).map_err(|error| reason(&error)).and_then(|wire| read(wire, raw));
        match item {
            Ok(item) => items.push(item),
            Err(reason) => rejected.push(Rejected { name: name_of(raw, place), reason }),
        }
    }
    (items, rejected)
}

fn name_of(raw: &RawValue, place: usize) -> String {
    let id = serde_json::from_str::<wire::Named<'_>>(raw.get()).ok().and_then(|named| named.id.owned());
    id.map_or_else(|| format!("number {} of its page", place + 1), |id| clean_text(&id, 200))
}

/// Why a record was not understood; the vendor's text may be quoted in it.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    clean_text(&error.to_string(), 160)
}

pub(crate) fn parse<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T> {
    object(text).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Eof => "the answer ends too early",
            serde_json::error::Category::Syntax => "the answer is not JSON",
            _ => "the answer has another shape than documented",
        };
        let message = format!("{what} (line {}, column {})", error.line(), error.column());
        Error::new(ErrorKind::Protocol, message)
    })
}
