//! A reading record by record.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::StreamExt;

use super::pages::{Page, Pages};
use super::progress::Progress;
use crate::{ConnectionReport, Record};

/// A reading under way: a stream of records that is over when everything was read or given up, and then has a report.
///
/// Dropping it cancels what is in flight.
#[must_use = "nothing is read unless the stream is polled"]
pub struct Reading<'a, T: Record> {
    pages: Pages<'a, T>,
    ready: std::vec::IntoIter<T>,
}

impl<'a, T: Record> Reading<'a, T> {
    pub(super) fn of(pages: Pages<'a, T>) -> Self {
        Self { pages, ready: Vec::new().into_iter() }
    }

    /// A view of how far it is, for a display.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.pages.progress()
    }

    /// Stops asking and cancels what is in flight. What was read stays read, and still comes out of the stream;
    /// everything else is reported as interrupted.
    pub fn interrupt(&mut self) {
        self.pages.interrupt();
    }

    /// The report: final once the stream has ended, and before that as if it were interrupted now. Records that were
    /// read and not yet taken from the stream are lost then, and the report says so.
    #[must_use]
    pub fn into_report(self) -> ConnectionReport {
        let lost = self.ready.len() as u64;
        let mut report = self.pages.into_report();
        report.forfeit(lost);
        report
    }
}

impl<T: Record> Stream for Reading<'_, T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.ready.next() {
                return Poll::Ready(Some(item));
            }
            match ready!(this.pages.poll_next_unpin(context)) {
                Some(Page { items, .. }) => this.ready = items.into_iter(),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T: Record> Unpin for Reading<'_, T> {}
