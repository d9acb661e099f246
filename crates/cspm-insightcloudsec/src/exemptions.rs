//! Exemptions (section 12): the customer's decision that a resource may violate an insight until a certain day.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cspm_core::adapter::object;
use cspm_core::{
    Capabilities, Cursor, Error, ErrorKind, Notice, Notices, Plan, RawValue, Record, Rejected, Result, Scope,
    Source, Step, Suppression, Then, Timestamp, Vendor, async_trait, clean_text, compact_json, http::Method,
};
use cspm_http::{Call, Safety};

use crate::error::LIST_EXEMPTIONS;
use crate::ids::{key, type_in, with_colon};
use crate::lenient::time;
use crate::{InsightCloudSec, wire};

/// Used by field staff against real installations (3.3).
const PAGE_SIZE: u64 = 500;

/// One exemption of one resource.
#[derive(Clone, Debug)]
pub(crate) struct Exemption {
    pub(crate) id: String,
    /// `<source>:<insight_id>`.
    pub(crate) insight: String,
    pub(crate) resource_type: String,
    pub(crate) resource_id: String,
    pub(crate) resource_name: Option<String>,
    pub(crate) provider_id: Option<String>,
    notes: Option<String>,
    by: Option<String>,
    enabled: bool,
    created: Option<Timestamp>,
    pub(crate) start: Option<Timestamp>,
    end: End,
    /// The record as received, where the query asks for raw records.
    pub(crate) raw: Option<Box<RawValue>>,
}

/// When an exemption ends. An end that cannot be read is not the same as none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Never,
    At(Timestamp),
    Unreadable,
}

impl Exemption {
    /// Enabled, begun, and not over (12.4). An end in words that cannot be read is taken as not reached.
    pub(crate) fn is_active(&self, now: Timestamp) -> bool {
        self.enabled
            && self.start.is_none_or(|start| start <= now)
            && !matches!(self.end, End::At(end) if end <= now)
    }

    pub(crate) fn suppression(&self) -> Suppression {
        let until = match self.end {
            End::At(end) => Some(end),
            End::Never | End::Unreadable => None,
        };
        Suppression { until, reason: self.notes.clone(), by: self.by.clone(), kind: "exemption".to_owned() }
    }

    /// The vendor's number of it, which deleting it needs.
    pub(crate) fn number(&self) -> Option<u64> {
        self.id.parse().ok()
    }

    /// The finding that it is about, as [`cspm_core::Finding::vendor_id`]; a colon that this reference has lost is put back.
    pub(crate) fn finding(&self) -> String {
        format!("{}/{}", self.insight, with_colon(&self.resource_id))
    }

    /// When the decision came into force: people made something of the finding then.
    pub(crate) fn decided(&self) -> Option<Timestamp> {
        self.created.max(self.start)
    }

    /// Whether it outlasts another of the same resource.
    pub(crate) fn outlasts(&self, other: &Self) -> bool {
        match (self.end, other.end) {
            (End::Never, _) | (End::At(_), End::Unreadable) => true,
            (End::At(mine), End::At(theirs)) => mine > theirs,
            (End::At(_), End::Never) | (End::Unreadable, _) => false,
        }
    }
}

/// Decodes a page of exemptions.
///
/// # Errors
/// If it is none.
pub(crate) fn decode(text: &str, at: &Cursor, raw_wanted: bool) -> Result<Step<Exemption>> {
    let page: wire::ExemptionPage<'_> = wire::parse(text)?;
    if let Some(error) = wire::refusal(&page.error_message) {
        return Err(error);
    }
    // Null, missing and empty are the same (22.2, number 3), where the answer says that there are none.
    let records = match page.data {
        Some(records) => records,
        None if page.total_count.number() == Some(0) => Vec::new(),
        None => return Err(Error::new(ErrorKind::Protocol, "the answer has no list of exemptions")),
    };
    let number = page_number(at);
    let mut exemptions = Vec::with_capacity(records.len());
    let mut rejected = Vec::new();
    for (place, raw) in records.iter().enumerate() {
        match read(raw, raw_wanted) {
            Ok(exemption) => exemptions.push(exemption),
            Err(reason) => {
                rejected.push(Rejected { name: format!("exemption {} of page {number}", place + 1), reason });
            }
        }
    }
    let total = page.total_count.number();
    let last = records.is_empty()
        || match page.total_pages.number().filter(|pages| *pages > 0) {
            Some(pages) => number >= pages,
            None => number == 1 && total.is_some_and(|total| records.len() as u64 >= total),
        };
    let then = if last { Then::Done } else { Then::Next(Cursor::Page(number + 1)) };
    let unreadable = exemptions.iter().filter(|one| one.end == End::Unreadable);
    let notices = unreadable.map(|one| {
        let id = clean_text(&one.id, 100);
        Notice::new(format!(
            "exemption {id} has an end that cannot be read; it counts as in force, without an end"
        ))
    });
    let notices = notices.collect();
    let mut step = Step { notices, ..Step::with(exemptions, then).expecting(total) };
    step.rejected = rejected;
    Ok(step)
}

/// Reads one exemption.
pub(crate) fn read(raw: &RawValue, raw_wanted: bool) -> std::result::Result<Exemption, String> {
    let wire: wire::Exemption<'_> = object(raw.get()).map_err(|error| wire::reason(&error))?;
    let (Some(source), Some(number)) = (wire.insight_source.get(), wire.insight_id.get()) else {
        return Err("it names no insight".to_owned());
    };
    let Some(resource_id) = wire.resource_id.get() else { return Err("it names no resource".to_owned()) };
    let insight = format!("{source}:{number}");
    let end = match (wire.expiration_date.get(), time(&wire.expiration_date)) {
        (None | Some("None"), _) => End::Never,
        (Some(_), Some(end)) => End::At(end),
        (Some(_), None) => End::Unreadable,
    };
    Ok(Exemption {
        id: wire.exemption_id.owned().unwrap_or_else(|| format!("{insight}/{resource_id}")),
        resource_type: wire.resource_type.get().unwrap_or(type_in(resource_id)).to_owned(),
        resource_id: resource_id.to_owned(),
        resource_name: wire.resource_name.owned(),
        provider_id: wire.provider_id.owned(),
        notes: wire.notes.owned(),
        by: wire.approver.owned().or_else(|| wire.creator_name.owned()),
        enabled: wire.enabled.flag().unwrap_or(true),
        created: time(&wire.create_date),
        start: time(&wire.start_date),
        end,
        raw: if raw_wanted { RawValue::from_string(compact_json(raw.get())).ok() } else { None },
        insight,
    })
}

fn page_number(at: &Cursor) -> u64 {
    if let Cursor::Page(number) = at { *number } else { 1 }
}

/// One page of the list.
pub(crate) fn list(page: u64, page_size: u64) -> Result<Call> {
    Call::new(LIST_EXEMPTIONS, Method::POST, "/v2/public/exemptions/list", Safety::Read)
        .query("page", &page.to_string())
        .query("page_size", &page_size.to_string())
        .json(&serde_json::Map::new())
}

/// A question about exemptions: all of them, with or without the records as received.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExemptionQuery {
    pub(crate) raw: bool,
}

/// The page of a place in the list.
pub(crate) fn list_page(at: &Cursor) -> Result<Call> {
    list(page_number(at), PAGE_SIZE)
}

#[async_trait]
impl Source<Exemption> for InsightCloudSec {
    async fn plan(&self, _query: &ExemptionQuery) -> Result<Plan> {
        Ok(Plan::of(vec![Scope::labelled("catalogue", "exemptions")]))
    }

    async fn step(&self, query: &ExemptionQuery, _scope: &Scope, at: &Cursor) -> Result<Step<Exemption>> {
        let answer = self.send(list_page(at)?).await?;
        decode(answer.text()?, at, query.raw).map_err(|error| error.with_operation(LIST_EXEMPTIONS))
    }
}

impl Record for Exemption {
    type Query = ExemptionQuery;

    fn identity(&self) -> &str {
        &self.id
    }

    fn is_wanted(&self, _query: &ExemptionQuery) -> bool {
        true
    }

    fn remark(&self, _query: &ExemptionQuery, _notices: &mut Notices) {}

    fn source(_vendor: &dyn Vendor) -> &dyn Source<Self> {
        &NoDoor
    }

    fn check(_query: &ExemptionQuery, _capabilities: &Capabilities) -> Result<()> {
        Ok(())
    }
}

/// Exemptions are read by this adapter alone: a connection of unknown vendor has no door to them.
struct NoDoor;

#[async_trait]
impl Source<Exemption> for NoDoor {
    async fn plan(&self, _query: &ExemptionQuery) -> Result<Plan> {
        Err(Error::bug("exemptions are not read through a vendor"))
    }

    async fn step(&self, _query: &ExemptionQuery, _scope: &Scope, _at: &Cursor) -> Result<Step<Exemption>> {
        Err(Error::bug("exemptions are not read through a vendor"))
    }
}

/// The exemptions in force, by insight and resource type, then by resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exemptions(HashMap<String, BTreeMap<String, OfType>>);

/// The exemptions in force of one insight and resource type, by resource ([`key`]).
pub(crate) type OfType = BTreeMap<String, Arc<Exemption>>;

impl Exemptions {
    /// Keeps those in force at a moment; of several for one resource, the one that ends last.
    pub(crate) fn in_force(list: Vec<Exemption>, now: Timestamp) -> Self {
        let mut kept = Self::default();
        for exemption in list.into_iter().filter(|exemption| exemption.is_active(now)) {
            let types = kept.0.entry(exemption.insight.clone()).or_default();
            let resources = types.entry(exemption.resource_type.clone()).or_default();
            let key = key(&exemption.resource_id).to_owned();
            if resources.get(&key).is_none_or(|other| exemption.outlasts(other)) {
                resources.insert(key, Arc::new(exemption));
            }
        }
        kept
    }

    /// Of one insight, by resource type.
    pub(crate) fn of_insight(&self, insight: &str) -> impl Iterator<Item = (&String, &OfType)> {
        self.0.get(insight).into_iter().flatten()
    }

    /// Of one insight and resource type.
    pub(crate) fn of_type(&self, insight: &str, resource_type: &str) -> Option<&OfType> {
        self.0.get(insight)?.get(resource_type)
    }

    pub(crate) fn insights(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
