//! Suppressing many findings: each id ends with a result, whatever happens on the way.

use std::collections::{HashMap, VecDeque};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;

use super::{Known, Standing, SuppressionOrder, SuppressionStore};
use crate::{Error, ErrorKind, Result, Suppression};

/// Calls that may fail in a row before the rest is not tried.
const FAILURES_IN_A_ROW: u32 = 5;

/// What is wanted of each finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Suppress it.
    Suppress(SuppressionOrder),
    /// Lift its suppression.
    Lift,
}

/// What became of one finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeedResult {
    /// It is as was asked, and was not before.
    Done,
    /// It was as was asked already; nothing was sent.
    Unchanged,
    /// It is not as was asked; nothing changed.
    Failed,
    /// Nobody knows: the answer was lost, and reading back did not tell.
    Unknown,
}

impl DeedResult {
    /// The word used in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// One finding's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deed {
    /// The finding, as it was named.
    pub id: String,
    /// What became of it.
    pub result: DeedResult,
    /// Why, if it did not go as asked.
    pub message: Option<String>,
}

/// Suppressing or lifting, under way. Its [`deeds`](Self::deeds) are true at every moment: whoever stops polling
/// [`run`](Self::run) in the middle still learns of each id what became of it.
pub struct Suppressing<'a> {
    store: &'a dyn SuppressionStore,
    wish: Wish,
    expected: Option<Suppression>,
    deeds: Vec<Deed>,
    places: HashMap<String, usize>,
    failures: u32,
    down: Option<Error>,
}

impl<'a> Suppressing<'a> {
    /// Prepares the work; nothing is sent yet. An id that is named twice counts once; white space around it and empty ids
    /// do not count.
    ///
    /// # Errors
    /// If the vendor cannot express the wish.
    pub fn new(
        store: &'a dyn SuppressionStore,
        wish: Wish,
        ids: impl IntoIterator<Item = String>,
    ) -> Result<Self> {
        let expected = match &wish {
            Wish::Suppress(order) => Some(store.express(order)?),
            Wish::Lift => None,
        };
        let (mut deeds, mut places) = (Vec::new(), HashMap::new());
        for id in ids {
            let id = id.trim();
            if !id.is_empty() && !places.contains_key(id) {
                places.insert(id.to_owned(), deeds.len());
                let message = Some("not tried".to_owned());
                deeds.push(Deed { id: id.to_owned(), result: DeedResult::Failed, message });
            }
        }
        Ok(Self { store, wish, expected, deeds, places, failures: 0, down: None })
    }

    /// What became of each id so far, in the order in which they were named.
    #[must_use]
    pub fn deeds(&self) -> &[Deed] {
        &self.deeds
    }

    /// Does the work, to the end or until the connection proves to be down.
    pub async fn run(&mut self) {
        let ids: Vec<String> = self.deeds.iter().map(|deed| deed.id.clone()).collect();
        for window in ids.chunks(self.store.window().max(1)) {
            if let Some(error) = &self.down {
                let message = format!("not tried: {error}");
                for id in window {
                    put(&mut self.deeds, &self.places, id, DeedResult::Failed, Some(message.clone()));
                }
                continue;
            }
            let todo = self.look(window).await;
            self.write(todo).await;
        }
    }

    /// Reads how the findings stand, settles those that need no write, and gives the others.
    async fn look(&mut self, ids: &[String]) -> Vec<Known> {
        let standings = self.store.standing(ids).await;
        let mut todo = Vec::new();
        for (id, standing) in ids.iter().zip(standings) {
            match standing {
                Err(error) => {
                    self.heed(&error);
                    self.put(id, DeedResult::Failed, Some(error.to_string()));
                }
                Ok(standing) if self.is_as_wished(&standing) => self.put(id, DeedResult::Unchanged, None),
                Ok(Standing { obstacle: Some(why), .. }) if self.expected.is_some() => {
                    self.put(id, DeedResult::Failed, Some(why));
                }
                Ok(standing) => {
                    self.failures = 0;
                    todo.push(Known { id: id.clone(), standing });
                }
            }
        }
        todo
    }

    /// Sends the findings in as few calls as possible. A refused call is divided until what is refused stands alone.
    async fn write(&mut self, todo: Vec<Known>) {
        let most = self.store.batch().max(1);
        let mut waiting: VecDeque<Vec<Known>> = VecDeque::new();
        for group in self.store.group(todo) {
            waiting.extend(group.chunks(most).map(<[Known]>::to_vec));
        }
        let (store, wish) = (self.store, self.wish.clone());
        let mut under_way = FuturesUnordered::new();
        loop {
            while self.down.is_none() && under_way.len() < store.side_by_side().max(1) {
                let Some(batch) = waiting.pop_front() else { break };
                for finding in &batch {
                    let why = "stopped before the answer came".to_owned();
                    put(&mut self.deeds, &self.places, &finding.id, DeedResult::Unknown, Some(why));
                }
                let wish = &wish;
                under_way.push(async move {
                    let answer = match wish {
                        Wish::Suppress(order) => store.suppress(&batch, order).await,
                        Wish::Lift => store.lift(&batch).await,
                    };
                    (batch, answer)
                });
            }
            let Some((batch, answer)) = under_way.next().await else { break };
            match answer {
                Ok(standings) => {
                    self.failures = 0;
                    self.settle(batch, standings, None).await;
                }
                Err(error) if error.is_uncertain() => {
                    self.heed(&error);
                    self.settle(batch, Vec::new(), Some(error)).await;
                }
                Err(error) if batch.len() > 1 && store.is_about_some(&error) => {
                    let half = batch.len() / 2;
                    let (first, second) = batch.split_at(half);
                    waiting.push_front(second.to_vec());
                    waiting.push_front(first.to_vec());
                }
                Err(error) => {
                    self.heed(&error);
                    for finding in &batch {
                        self.put(&finding.id, DeedResult::Failed, Some(error.to_string()));
                    }
                }
            }
        }
        if let Some(error) = &self.down {
            let message = format!("not tried: {error}");
            for finding in waiting.iter().flatten() {
                put(&mut self.deeds, &self.places, &finding.id, DeedResult::Failed, Some(message.clone()));
            }
        }
    }

    /// Says what became of a batch that was sent: from the answer where it tells, else by reading back.
    async fn settle(&mut self, batch: Vec<Known>, told: Vec<Option<Standing>>, doubt: Option<Error>) {
        let mut told = told.into_iter();
        let (mut open, mut standings) = (Vec::new(), Vec::new());
        for finding in batch {
            match told.next().flatten() {
                Some(standing) => standings.push((finding, Ok(standing))),
                None => open.push(finding),
            }
        }
        let ids: Vec<String> = open.iter().map(|finding| finding.id.clone()).collect();
        let read = if ids.is_empty() { Vec::new() } else { self.store.standing(&ids).await };
        standings.extend(open.into_iter().zip(read));
        for (before, standing) in standings {
            let (result, message) = match (standing, &doubt) {
                (Ok(standing), _) if self.is_as_wished(&standing) => (DeedResult::Done, None),
                (Ok(standing), doubt) if standing.end_untold && self.is_but_for_its_end(&standing) => {
                    match doubt {
                        // It may be the one that was there before.
                        Some(error) if self.is_but_for_its_end(&before.standing) => {
                            (DeedResult::Unknown, Some(format!("{error}; the vendor does not show its end")))
                        }
                        _ => (DeedResult::Done, Some("the vendor does not show its end".to_owned())),
                    }
                }
                (Ok(_), Some(error)) => {
                    (DeedResult::Failed, Some(format!("{error}; read back: it was not done")))
                }
                (Ok(_), None) => {
                    let message = "the vendor took it, but what is read back is not what was asked for";
                    (DeedResult::Failed, Some(message.to_owned()))
                }
                (Err(unread), doubt) => {
                    let error = doubt.as_ref().unwrap_or(&unread);
                    (DeedResult::Unknown, Some(format!("{error}; what became of it could not be read back")))
                }
            };
            self.put(&before.id, result, message);
        }
    }

    fn is_as_wished(&self, standing: &Standing) -> bool {
        match (&self.expected, &standing.suppression) {
            (None, is) => is.is_none(),
            (Some(wanted), Some(is)) if !standing.end_untold => {
                self.is_but_for_its_end(standing) && wanted.until == is.until
            }
            _ => false,
        }
    }

    /// Whether a finding is suppressed as was asked, whatever the end of it.
    fn is_but_for_its_end(&self, standing: &Standing) -> bool {
        let (Some(wanted), Some(is)) = (&self.expected, &standing.suppression) else { return false };
        let same_reason = wanted.reason.is_none() || is.reason.is_none() || wanted.reason == is.reason;
        wanted.kind == is.kind && same_reason
    }

    /// Decides whether a failure means that the rest need not be tried.
    fn heed(&mut self, error: &Error) {
        let outage = matches!(
            error.kind(),
            ErrorKind::Network | ErrorKind::Timeout | ErrorKind::Server | ErrorKind::Throttled
        );
        self.failures = if outage { self.failures + 1 } else { 0 };
        if error.kind() == ErrorKind::Authentication || self.failures >= FAILURES_IN_A_ROW {
            self.down.get_or_insert_with(|| error.clone());
        }
    }

    fn put(&mut self, id: &str, result: DeedResult, message: Option<String>) {
        put(&mut self.deeds, &self.places, id, result, message);
    }
}

fn put(
    deeds: &mut [Deed],
    places: &HashMap<String, usize>,
    id: &str,
    result: DeedResult,
    message: Option<String>,
) {
    if let Some(deed) = places.get(id).and_then(|place| deeds.get_mut(*place)) {
        deed.result = result;
        deed.message = message;
    }
}
