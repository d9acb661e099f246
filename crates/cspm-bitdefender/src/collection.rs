//! Every collection is read the same way: the first page by path, the others by the vendor's next links (3.2, 3.4).

use cspm_core::{
    Capabilities, Cursor, Error, ErrorKind, Gathered, Notices, Plan, RawValue, Record, Rejected, Result,
    Scope, Source, Step, Vendor, async_trait, gather,
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
    links: &Links,
    read: impl Fn(&RawValue, usize) -> std::result::Result<T, Rejected>,
) -> Result<Step<T>> {
    let page = Page::read(text)?;
    let (then, notice) = links.follow(page.next());
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
pub(crate) struct Collection<'a, T> {
    pub(crate) vendor: &'a Bitdefender,
    pub(crate) operation: &'static str,
    pub(crate) path: &'static str,
    pub(crate) read: fn(&RawValue, usize) -> std::result::Result<Entry<T>, Rejected>,
    /// A collection that the vendor says is larger is not read.
    pub(crate) largest: u64,
}

impl<T: Send + Sync + 'static> Collection<'_, T> {
    pub(crate) async fn gather(&self) -> Gathered<Entry<T>> {
        gather(self, ()).await
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
        let step = decode_page(answer.text()?, &self.vendor.links, self.read)?;
        match step.expected {
            Some(total) if total > self.largest => {
                let message = format!("{total} records are more than are kept in memory ({})", self.largest);
                Err(Error::new(ErrorKind::Unsupported, message).with_operation(self.operation))
            }
            _ => Ok(step),
        }
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
