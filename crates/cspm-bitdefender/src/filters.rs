//! Whether the vendor heeds a filter.
//!
//! A check that does not say its account or its rule has the one that was asked for, if the vendor narrows by it. A vendor
//! that ignores a parameter would answer with everybody's checks, and each would be taken for somebody else's; so before an
//! answer is taken as a proof, the checks of nobody are asked for, and only where a check leaves something out. (Once a run,
//! but for pages under way at the same time that find that out together.)

use cspm_core::{Cursor, ErrorKind, Result};

use crate::wire::Page;
use crate::{Bitdefender, narrow};

/// The UUID that is nobody's (RFC 9562, section 5.9); the vendor's ids are UUIDs (3.3).
pub(crate) const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// A filter whose answer can prove something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// `scans`.
    Scans,
    /// `rules`.
    Rules,
}

impl Filter {
    fn parameter(self) -> &'static str {
        match self {
            Self::Scans => "scans",
            Self::Rules => "rules",
        }
    }
}

impl Bitdefender {
    /// Whether the vendor narrows by a filter: nobody has no checks, or (section 3.5) is no valid parameter.
    pub(crate) async fn heeds(&self, filter: Filter) -> Result<bool> {
        let known = match filter {
            Filter::Scans => &self.heeds_scans,
            Filter::Rules => &self.heeds_rules,
        };
        if let Some(heeds) = known.read() {
            return Ok(*heeds);
        }
        let call = narrow::list().query(filter.parameter(), NOBODY);
        let heeds = match self.send(self.at(call, &Cursor::Start)?).await {
            Ok(answer) => {
                let page = Page::read(answer.text()?)?;
                page.records.is_empty() && page.total.unwrap_or(0) == 0
            }
            Err(error) if matches!(error.kind(), ErrorKind::InvalidRequest | ErrorKind::NotFound) => true,
            Err(error) => return Err(error),
        };
        known.put(heeds.into());
        Ok(heeds)
    }
}
