//! Decoders as pure functions, from text to findings: for tests, fuzzers and benchmarks, which need no network.

use std::collections::HashSet;

use cspm_core::adapter::object;
use cspm_core::{
    Error, ErrorKind, Finding, FindingQuery, Notice, Origin, Rejected, Result, Step, Then, clean_text,
};

pub use crate::accounts::decode_accounts;
pub use crate::catalogue::{Catalogue, Insight, Packs, decode_insights};
use crate::exemptions::OfType;
use crate::ids::key;
use crate::map::{Mapper, Violation};
use crate::wire;

/// What a page is read with.
pub(crate) struct Reader<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) insight: &'a Insight,
    pub(crate) resource_type: &'a str,
    /// The exemptions in force, where the query wants suppressed findings.
    pub(crate) exemptions: Option<&'a OfType>,
    pub(crate) raw: bool,
}

/// A page of resources.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) findings: Vec<Finding>,
    pub(crate) rejected: Vec<Rejected>,
    pub(crate) notices: Vec<Notice>,
    /// How many elements were sent.
    pub(crate) sent: u64,
    /// How many resources of the type there are in all, if the page says so.
    pub(crate) total: Option<u64>,
    /// How many findings the whole scope has therefore, where that is known.
    pub(crate) expected: Option<u64>,
    pub(crate) next_cursor: Option<String>,
}

impl Reader<'_> {
    /// The violations that are not exempted. Those that are belong to [`exempted`](Self::exempted); if the vendor shows
    /// one here all the same, it is left out and not counted.
    ///
    /// # Errors
    /// Kind `protocol` if this is no page of resources.
    pub(crate) fn open(&self, text: &str) -> Result<Page> {
        let mut left_out = 0;
        let mut page = self.read(text, |mapper, violation, raw| {
            let exempted =
                self.exemptions.is_some_and(|exempt| exempt.contains_key(key(violation.resource_id)));
            left_out += u64::from(exempted);
            (!exempted).then(|| mapper.of_resource(violation, raw, None))
        })?;
        page.expected = page.total.map(|total| total.saturating_sub(left_out));
        Ok(page)
    }

    /// The exempted violations, and the keys of the exemptions that were met.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn exempted(&self, text: &str) -> Result<(Page, Vec<String>)> {
        let mut met = Vec::new();
        let page = self.read(text, |mapper, violation, raw| {
            let key = key(violation.resource_id);
            let exemption = self.exemptions?.get(key)?;
            met.push(key.to_owned());
            Some(mapper.of_resource(violation, raw, Some(exemption)))
        })?;
        Ok((page, met))
    }

    /// What no page showed: findings from the exemptions alone.
    pub(crate) fn unseen(&self, seen: &[String]) -> (Vec<Finding>, Vec<Notice>) {
        let mut mapper = self.mapper();
        let exemptions = self.exemptions.into_iter().flatten();
        let seen: HashSet<&str> = seen.iter().map(String::as_str).collect();
        let unseen = exemptions.filter(|(key, _)| !seen.contains(key.as_str()));
        let findings = unseen.map(|(_, exemption)| mapper.of_exemption(exemption)).collect();
        (findings, mapper.notices)
    }

    fn mapper(&self) -> Mapper<'_> {
        Mapper::new(self.origin, self.catalogue, self.insight, self.raw)
    }

    fn read<'s>(
        &'s self,
        text: &str,
        mut keep: impl FnMut(&mut Mapper<'s>, &Violation<'_>, &cspm_core::RawValue) -> Option<Finding>,
    ) -> Result<Page> {
        let body: wire::ResourcePage<'_> = wire::parse(text)?;
        if let Some(error) = wire::refusal(&body.error_message) {
            return Err(error);
        }
        let counts = body.counts.0;
        let total = counts.as_ref().and_then(|counts| counts.of(self.resource_type));
        let resources = match body.resources {
            Some(resources) => resources,
            // `null`, `[]` and absent are interchangeable for arrays (22.2), but only the counts prove it.
            None if counts.is_some_and(|counts| counts.has_none_of(self.resource_type)) => Vec::new(),
            None => return Err(Error::new(ErrorKind::Protocol, "the answer has no list of resources")),
        };
        let mut page = Page {
            total,
            sent: resources.len() as u64,
            next_cursor: body.next_cursor.filter(|cursor| !cursor.is_empty()),
            findings: Vec::with_capacity(resources.len()),
            ..Page::default()
        };
        let mut mapper = self.mapper();
        let nothing = wire::Common::default();
        for (place, raw) in resources.into_iter().enumerate() {
            let envelope = object::<wire::Envelope<'_>>(raw.get());
            let violation = match &envelope {
                Ok(envelope) => Violation::read(envelope, &nothing),
                Err(error) => Err(wire::reason(error)),
            };
            match violation {
                Ok(violation) => page.findings.extend(keep(&mut mapper, &violation, raw)),
                Err(reason) => page.rejected.push(Rejected {
                    name: format!("{}/{} {}", self.insight.rule.id, self.resource_type, place + 1),
                    reason,
                }),
            }
        }
        page.notices = mapper.notices;
        Ok(page)
    }
}

/// Decodes one page of `POST /v3/public/resource/query` for one insight and resource type, as the adapter does.
///
/// # Errors
/// Kind `protocol` if it is no page of resources, `server` if it tells of an error in spite of its status.
pub fn decode_resources(
    text: &str,
    insight: &Insight,
    resource_type: &str,
    catalogue: &Catalogue,
    query: &FindingQuery,
    origin: &Origin,
) -> Result<Step<Finding>> {
    let reader = Reader { origin, catalogue, insight, resource_type, exemptions: None, raw: query.raw };
    let page = reader.open(text)?;
    let then =
        page.next_cursor.clone().map_or(Then::Done, |cursor| Then::Next(cspm_core::Cursor::Token(cursor)));
    Ok(page.into_step(then))
}

impl Page {
    /// The page as a step.
    pub(crate) fn into_step(self, then: Then) -> Step<Finding> {
        let mut step = Step::with(self.findings, then).expecting(self.expected);
        step.rejected = self.rejected;
        step.notices = self.notices;
        step
    }
}

/// Decodes the counts by type of a query without a type (9.2): what there is of each, without nought.
///
/// # Errors
/// Kind `protocol` if the answer has no readable counts.
pub(crate) fn decode_counts(text: &str) -> Result<Vec<(String, u64)>> {
    let body: wire::ResourcePage<'_> = wire::parse(text)?;
    if let Some(error) = wire::refusal(&body.error_message) {
        return Err(error);
    }
    let Some(counts) = body.counts.0 else {
        return Err(Error::new(ErrorKind::Protocol, "the answer has no counts by resource type"));
    };
    let mut there = Vec::new();
    for (name, count) in counts.0 {
        let Some(count) = count else {
            let name = clean_text(&name, 60);
            return Err(Error::new(ErrorKind::Protocol, format!("the count of \"{name}\" is no number")));
        };
        if count > 0 {
            there.push((name.into_owned(), count));
        }
    }
    Ok(there)
}
