//! Decoders as pure functions, from text to records: for tests, fuzzers and benchmarks, which need no network.

use std::collections::HashMap;
use std::sync::Arc;

use cspm_core::adapter::object;
use cspm_core::{
    Account, Error, ErrorKind, Finding, FindingQuery, Notice, Origin, RawValue, Rejected, Result, Rule, Step,
    clean_text,
};

pub use crate::catalogue::Catalogue;
use crate::map::{self, Mapper, ServiceOfRule};
use crate::wire;

/// A page of checks.
pub(crate) struct Page {
    pub(crate) findings: Vec<Finding>,
    pub(crate) rejected: Vec<Rejected>,
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
    Ok(step)
}

pub(crate) fn checks_page(
    text: &str,
    catalogue: &Catalogue,
    query: &FindingQuery,
    origin: &Origin,
) -> Result<Page> {
    let listing: wire::Listing<'_> = parse(text)?;
    let records = listing.data.0.ok_or_else(no_data)?;
    let meta = listing.meta.unwrap_or_default();
    let sent = records.len() as u64;
    let mut mapper = Mapper::new(origin, catalogue, query);
    let (findings, rejected) = each(&records, |check, raw| mapper.check(check, raw));
    Ok(Page { findings, rejected, sent, total: meta.total.0, total_pages: meta.total_pages.0 })
}

/// How many pages a listing has, by its own word.
pub(crate) fn total_pages(text: &str) -> Result<Option<u64>> {
    let listing: wire::Listing<'_> = parse(text)?;
    Ok(listing.meta.and_then(|meta| meta.total_pages.0))
}

/// Decodes `GET /accounts`, as the adapter does. It is not paged; `data` is null when there are none (section 5.2).
///
/// # Errors
/// Kind `protocol` if it is no listing of accounts.
pub fn decode_accounts(text: &str, origin: &Origin) -> Result<Step<Account>> {
    let listing: wire::Listing<'_> = parse(text)?;
    let records = listing.data.0.ok_or_else(no_data)?;
    let (accounts, rejected) = each(&records, |record, _| map::account(record, origin));
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
    let listing: wire::Listing<'_> = parse(text)?;
    let (Some(services), Some(rules)) = (listing.data.0, listing.included.0) else {
        return Err(Error::new(ErrorKind::Protocol, "the answer has no catalogue of services and rules"));
    };
    let (services, unreadable) = each(&services, |record: wire::ServiceRecord<'_>, _| service(record));
    let of_rule: HashMap<Arc<str>, ServiceOfRule> = services
        .into_iter()
        .flat_map(|(service, rules)| rules.into_iter().map(move |rule| (rule, service.clone())))
        .collect();
    let (rules, rejected) = each(&rules, |record: wire::RuleRecord<'_>, raw| {
        let id: Arc<str> = record.id.owned().ok_or("it has no id")?.into();
        let fields = record.attributes.unwrap_or(raw);
        let fields: wire::RuleFields<'_> =
            serde_json::from_str(fields.get()).map_err(|error| reason(&error))?;
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

fn service(record: wire::ServiceRecord<'_>) -> std::result::Result<(ServiceOfRule, Vec<Arc<str>>), String> {
    let id = record.id.owned().ok_or("it has no id")?.into();
    let provider = record.attributes.and_then(|attributes| attributes.provider.owned());
    let provider = provider.map(|provider| provider.to_ascii_lowercase().into());
    let rules = record.relationships.and_then(|relationships| relationships.rules).unwrap_or_default();
    let rules = rules.data.0.into_iter().filter_map(|rule| rule.0.owned().map(Into::into));
    Ok((ServiceOfRule { id, provider }, rules.collect()))
}

/// Reads record by record, so that one that makes no sense spoils no other.
fn each<'a, W: serde::Deserialize<'a>, T>(
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
fn reason(error: &serde_json::Error) -> String {
    clean_text(&error.to_string(), 160)
}

fn parse<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T> {
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

fn no_data() -> Error {
    Error::new(ErrorKind::Protocol, "the answer has no \"data\" where a listing was due")
}
