//! One page of checks, decoded: pure functions from text to findings.

use cspm_core::{Finding, FindingQuery, Notice, Origin, Result, Step};

use crate::Links;
pub use crate::accounts::decode_accounts;
pub use crate::catalogue::Catalogue;
use crate::map::{Asked, Mapper};
use crate::narrow::CHECKS;
use crate::resources::Lacking;
pub use crate::rules::decode_rules;
use crate::wire::{self, Page};

/// What a page of checks is read with.
pub(crate) struct Reader<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) links: &'a Links,
    pub(crate) asked: &'a Asked,
    pub(crate) raw: bool,
}

const OTHERS: &str = "among the checks of one account the vendor lists some of others; they are taken where these are asked for";

/// A page of checks.
pub(crate) struct Checks {
    pub(crate) step: Step<Finding>,
    /// Which findings lack something about their resource.
    pub(crate) lacking: Vec<Lacking>,
    /// Whether a check did not lead to its rule.
    pub(crate) ruleless: bool,
    /// Whether a check did not lead to its account, and may be of one that is known.
    pub(crate) accountless: bool,
    /// The places of the findings that have their account from the question.
    pub(crate) by_question: Vec<usize>,
}

impl Reader<'_> {
    /// Decodes a page. A bad record is rejected alone.
    ///
    /// # Errors
    /// Kind `protocol` if it is no page, or leads to another host where that is refused.
    pub(crate) fn read(&self, text: &str) -> Result<Checks> {
        let page = Page::read(text)?;
        let (then, notice) = self.links.follow(&page.next, CHECKS);
        let mut mapper = Mapper::new(self.origin, self.catalogue, self.asked, self.raw);
        mapper.findings.reserve(page.records.len());
        mapper.notices.extend(notice);
        let mut rejected = Vec::new();
        for (place, raw) in page.records.iter().enumerate() {
            let read =
                wire::record::<wire::Check<'_>>(raw, "check", place).and_then(|check| match check.id.get() {
                    Some(id) => {
                        mapper.add(id, &check, raw);
                        Ok(())
                    }
                    None => Err(wire::rejected(raw, "check", place, "it has no id")),
                });
            rejected.extend(read.err());
        }
        let Mapper { findings, elsewhere, by_question, accountless, lacking, notices, ruleless, .. } = mapper;
        let mut step = Step::with(findings, then).expecting(page.total);
        if !elsewhere.is_empty() {
            step.notices.push(Notice::new(OTHERS));
        }
        step.elsewhere = elsewhere;
        step.rejected = rejected;
        step.notices.extend(notices);
        Ok(Checks { step, lacking, ruleless, accountless, by_question })
    }
}

/// Decodes one page of `GET /cspm/checks` as the adapter does for a whole listing.
///
/// # Errors
/// Kind `protocol` if it is no page of checks, or leads to another host where that is refused.
pub fn decode_checks(
    text: &str,
    catalogue: &Catalogue,
    query: &FindingQuery,
    origin: &Origin,
    links: &Links,
) -> Result<Step<Finding>> {
    let reader = Reader { origin, catalogue, links, asked: &Asked::default(), raw: query.raw };
    reader.read(text).map(|checks| checks.step)
}
