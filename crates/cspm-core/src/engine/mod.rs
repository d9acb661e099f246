//! The engine: steps through a source, keeps the books, and ends every run as complete or as exactly how it is not.
//!
//! One engine reads findings, accounts and rules of every vendor. It keeps a bounded number of steps in flight, hands
//! records on one by one as the reader asks for them (a reader that pauses stops the requests), and never lets one
//! scope's failure stop another. What it promises and how:
//!
//! * *Each record once.* Records are known again by their vendor id; what comes twice is counted and handed on once. If
//!   both are in one answer and differ, the newer one by the vendor's time is handed on, the later one where no time tells.
//!   If they come in different answers, the first was handed on already and stands.
//! * *No silent gap.* Where a vendor announces a number, as many distinct records must have been seen; if not, the
//!   scope is read a second time, and if the count still does not come out, the report says so. Parts of a split scope
//!   must add up to the whole; if they do not, the whole is asked for its figure again, and what no part accounts for
//!   becomes an entry of its own in the report, labelled `part: remainder`.
//! * *A second chance.* A request that failed for a reason that may pass is made once more, after everything else.
//! * *No loop.* A repeated cursor, a page that brings nothing new, an endless listing end their scope with an error.
//! * *No storm.* When several scopes in a row fail without any success, or the credential is refused, the connection
//!   counts as down and the remaining scopes are reported without being tried.
//! * *No starting over.* What each answer did to the books can be kept and booked again by a later process, which then
//!   goes on with what was still waiting; see [`read_pages`].

mod distinct;
mod family;
mod landing;
mod ledger;
mod pages;
mod piece;
mod progress;
mod reading;
#[cfg(test)]
mod tests;

use futures_util::StreamExt;

pub use self::distinct::Seed;
pub use self::landing::Landing;
use self::pages::Door;
pub use self::pages::{Page, Pages, Saved};
pub use self::progress::{Progress, Snapshot};
pub use self::reading::Reading;
use crate::{Error, Notice, Record, Result, ScopeReport, SharedVendor, Source};

/// Reads everything a query asks for from one connection, record by record.
///
/// # Errors
/// Kind `unsupported` if the vendor cannot answer such a question; nothing was sent then.
pub fn read<T: Record>(vendor: SharedVendor, query: T::Query) -> Result<Reading<'static, T>> {
    read_pages(vendor, query, None).map(Reading::of)
}

/// Reads everything a query asks for from one connection, page by page.
///
/// With `saved`, pages come with their [`Landing`]s, and the reading begins where those of an earlier process end: keep
/// each landing once the records of its page, and of all pages before it, are safe. The work is planned anew (adapters
/// load what they join records with); if other work comes out than was begun, the reading ends at once with a
/// [refusal](Pages::refusal).
///
/// # Errors
/// Kind `unsupported` if the vendor cannot answer such a question, kind `config` if the landings are none of such a
/// reading; nothing was sent then.
pub fn read_pages<T: Record>(
    vendor: SharedVendor,
    query: T::Query,
    saved: Option<Saved>,
) -> Result<Pages<'static, T>> {
    T::check(&query, vendor.capabilities())?;
    let width = vendor.side_by_side();
    let seed = saved.as_ref().map_or_else(Seed::random, |saved| saved.seed);
    let pages = Pages::new(Door::Shared(vendor), query, width, seed);
    match saved {
        Some(saved) => pages.resumed(saved.landings),
        None => Ok(pages),
    }
}

/// Reads a whole listing into memory: for catalogues that the records of a run are joined with.
pub async fn gather<T: Record>(source: &dyn Source<T>, query: T::Query) -> Gathered<T> {
    let mut pages = Pages::new(Door::Borrowed(source), query, 4, Seed::random());
    let mut items = Vec::new();
    while let Some(page) = pages.next().await {
        items.extend(page.items);
    }
    let report = pages.into_report();
    let notices = report.notices.into_iter().map(Notice).collect();
    Gathered {
        items,
        duplicates: report.duplicates,
        scopes: report.scopes,
        error: report.error,
        rejected: report.rejected,
        notices,
    }
}

/// What [`gather`] found.
#[derive(Clone, Debug)]
pub struct Gathered<T> {
    /// The records.
    pub items: Vec<T>,
    /// Records that the vendor sent more than once; each is there once.
    pub duplicates: u64,
    /// What was read, and what was not.
    pub scopes: Vec<ScopeReport>,
    /// Why nothing could be read, if so.
    pub error: Option<Error>,
    /// Records that could not be understood; a notice names each.
    pub rejected: u64,
    /// Warnings.
    pub notices: Vec<Notice>,
}

impl<T> Gathered<T> {
    /// The first thing that went wrong, if anything did.
    #[must_use]
    pub fn shortfall(&self) -> Option<&Error> {
        self.error.as_ref().or_else(|| self.scopes.iter().find_map(|scope| scope.error.as_ref()))
    }
}
