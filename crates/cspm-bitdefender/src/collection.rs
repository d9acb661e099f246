//! Every collection is read the same way: the first page by path, the others by the vendor's next links (3.2, 3.4).

use std::sync::{Mutex, PoisonError};

use cspm_core::{
    Capabilities, Cursor, Error, ErrorKind, Notice, Notices, Plan, RawValue, Record, Rejected, Result, Scope,
    Source, Step, Vendor, async_trait, gather,
};
use cspm_http::Call;

use crate::wire::Page;
use crate::{Bitdefender, Links};

impl Bitdefender {
    /// The request for a place in a listing: `first`, or a next link exactly as it was given.
    pub(crate) fn at(&self, first: Call, at: &Cursor) -> Result<Call> {
        match at {
            Cursor::Start => Ok(match self.page_limit {
                Some(limit) => first.query("page_limit", &limit.to_string()),
                None => first,
            }),
            Cursor::Token(link) => Ok(Call::link(first.operation(), link.as_str())),
            Cursor::Page(_) | Cursor::Offset(_) => {
                Err(Error::bug("a place in a listing is not this adapter's"))
            }
        }
    }
}

/// Decodes one page of a collection whose records stand for themselves. A bad record is rejected alone.
pub(crate) fn decode_page<T>(
    text: &str,
    collection: &str,
    links: &Links,
    read: impl Fn(&RawValue, usize) -> std::result::Result<T, Rejected>,
) -> Result<Step<T>> {
    let page = Page::read(text)?;
    let (then, notice) = links.follow(&page.next, collection);
    let mut step = Step::with(Vec::with_capacity(page.records.len()), then).expecting(page.total);
    step.notices.extend(notice);
    for (place, raw) in page.records.iter().enumerate() {
        match read(raw, place) {
            Ok(record) => step.items.push(record),
            Err(rejected) => step.rejected.push(rejected),
        }
    }
    Ok(step)
}

/// A record that only this adapter reads, to join findings with.
pub(crate) struct Entry<T> {
    pub(crate) id: String,
    pub(crate) value: T,
}

/// A collection of such records.
///
/// The engine is not told the vendor's figure: that counts a record twice which the vendor lists twice, and a catalogue
/// lacks nothing then. Whether all were read is judged here, repeats included.
pub(crate) struct Collection<'a, T> {
    vendor: &'a Bitdefender,
    operation: &'static str,
    path: &'static str,
    read: fn(&RawValue, usize) -> std::result::Result<Entry<T>, Rejected>,
    /// A collection that the vendor says is larger is not read.
    largest: u64,
    /// The vendor's latest figure.
    announced: Mutex<Option<u64>>,
}

/// A collection, as far as it could be read.
pub(crate) struct Catalogued<T> {
    pub(crate) items: Vec<T>,
    /// Why it is not there, or not all.
    pub(crate) shortfall: Option<Error>,
    /// Warnings: one for each record that could not be understood.
    pub(crate) notices: Vec<Notice>,
}

impl<'a, T: Send + Sync + 'static> Collection<'a, T> {
    pub(crate) fn new(
        vendor: &'a Bitdefender,
        operation: &'static str,
        path: &'static str,
        read: fn(&RawValue, usize) -> std::result::Result<Entry<T>, Rejected>,
        largest: u64,
    ) -> Self {
        Self { vendor, operation, path, read, largest, announced: Mutex::new(None) }
    }

    pub(crate) async fn gather(&self) -> Catalogued<Entry<T>> {
        let gathered = gather(self, ()).await;
        let shortfall = gathered.shortfall().cloned();
        let read = gathered.items.len() as u64 + gathered.duplicates;
        let announced = *self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = announced.filter(|announced| *announced > read).map(|announced| {
            let message = format!("the vendor announced {announced} records and delivered {read}");
            Error::new(ErrorKind::Protocol, message).with_operation(self.operation)
        });
        let (items, notices) = (gathered.items, gathered.notices);
        Catalogued { items, shortfall: shortfall.or(missing), notices }
    }
}

#[async_trait]
impl<T: Send + Sync + 'static> Source<Entry<T>> for Collection<'_, T> {
    async fn plan(&self, (): &()) -> Result<Plan> {
        Ok(Plan::of(vec![Scope::labelled("listing", self.operation)]))
    }

    async fn step(&self, (): &(), _scope: &Scope, at: &Cursor) -> Result<Step<Entry<T>>> {
        let call = self.vendor.at(Call::get(self.operation, self.path), at)?;
        let answer = self.vendor.send(call).await?;
        let mut step = decode_page(answer.text()?, self.path, &self.vendor.links, self.read)?;
        if let Some(total) = step.expected.take() {
            if total > self.largest {
                let message = format!("{total} records are more than are kept in memory ({})", self.largest);
                return Err(Error::new(ErrorKind::Unsupported, message).with_operation(self.operation));
            }
            *self.announced.lock().unwrap_or_else(PoisonError::into_inner) = Some(total);
        }
        Ok(step)
    }
}

impl<T: Send + Sync + 'static> Record for Entry<T> {
    type Query = ();

    fn identity(&self) -> &str {
        &self.id
    }

    fn is_wanted(&self, (): &()) -> bool {
        true
    }

    fn remark(&self, (): &(), _notices: &mut Notices) {}

    fn source(_vendor: &dyn Vendor) -> &dyn Source<Self> {
        &NoDoor
    }

    fn check((): &(), _capabilities: &Capabilities) -> Result<()> {
        Ok(())
    }
}

/// A connection of unknown vendor has no door to such records.
struct NoDoor;

#[async_trait]
impl<T: Send + Sync + 'static> Source<Entry<T>> for NoDoor {
    async fn plan(&self, (): &()) -> Result<Plan> {
        Err(Error::bug("what only an adapter reads is not read through a vendor"))
    }

    async fn step(&self, (): &(), _scope: &Scope, _at: &Cursor) -> Result<Step<Entry<T>>> {
        Err(Error::bug("what only an adapter reads is not read through a vendor"))
    }
}
