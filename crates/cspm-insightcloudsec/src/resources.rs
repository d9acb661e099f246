//! Asking for resources: the two versions of the resource query, and how each is paged (sections 3.3 and 9).
//!
//! The version with cursors (`/v3`) is asked first. An installation that answers 404 to it is older than it; then the
//! one with offsets (`/v2`) is used, and remembered once it has answered. An installation that has answered `/v3` once
//! is never asked `/v2`: its 404 means something else.

use std::sync::atomic::{AtomicU8, Ordering};

use cspm_core::{Cursor, ErrorKind, Result, http::Method};
use cspm_http::{Answer, Call, Safety};
use serde::Serialize;

use crate::InsightCloudSec;
use crate::decode::Page;
use crate::error::QUERY_RESOURCES;

/// The most that version 3 gives at once.
const CURSOR_LIMIT: u64 = 1000;
/// What version 2 is known to give; sources disagree on more (22.1, row 3).
const OFFSET_LIMIT: u64 = 100;

/// The body of a resource query (9.2). Without a type, the answer has counts only.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Question<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) selected_resource_type: Option<&'a str>,
    /// `<source>:<insight_id>`: only what violates it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) insight: Option<&'a str>,
    pub(crate) insight_exemptions: bool,
    /// Resource ids of the wanted accounts, as the vendor wrote them; empty means all.
    pub(crate) scopes: &'a [String],
    pub(crate) filters: [(); 0],
    pub(crate) limit: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) offset: Option<u64>,
}

impl<'a> Question<'a> {
    pub(crate) fn new(
        insight: Option<&'a str>,
        resource_type: Option<&'a str>,
        scopes: &'a [String],
    ) -> Self {
        Self {
            selected_resource_type: resource_type,
            insight,
            insight_exemptions: false,
            scopes,
            filters: [],
            limit: CURSOR_LIMIT,
            cursor: None,
            offset: None,
        }
    }

    fn by_cursor(&self, cursor: Option<&'a str>) -> Result<Call> {
        Call::new(QUERY_RESOURCES, Method::POST, "/v3/public/resource/query", Safety::Read)
            .json(&Self { cursor, ..self.clone() })
    }

    fn by_offset(&self, offset: u64) -> Result<Call> {
        let limit = self.limit.min(OFFSET_LIMIT);
        Call::new(QUERY_RESOURCES, Method::POST, "/v2/public/resource/query", Safety::Read).json(&Self {
            offset: Some(offset),
            limit,
            ..self.clone()
        })
    }
}

/// Which version an installation understands.
#[derive(Debug, Default)]
pub(crate) struct Version(AtomicU8);

const UNKNOWN: u8 = 0;
const CURSORS: u8 = 1;
const OFFSETS: u8 = 2;

/// Where a page ends and how the next one is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paging {
    /// By the vendor's cursor.
    Cursor,
    /// By how many were sent before this page.
    Offset(u64),
}

impl InsightCloudSec {
    /// One page of resources.
    pub(crate) async fn ask(&self, question: &Question<'_>, at: &Cursor) -> Result<(Answer, Paging)> {
        let version = &self.version.0;
        match at {
            Cursor::Token(cursor) => {
                Ok((self.send(question.by_cursor(Some(cursor))?).await?, Paging::Cursor))
            }
            Cursor::Offset(offset) => {
                Ok((self.send(question.by_offset(*offset)?).await?, Paging::Offset(*offset)))
            }
            Cursor::Start | Cursor::Page(_) if version.load(Ordering::Relaxed) == OFFSETS => {
                Ok((self.send(question.by_offset(0)?).await?, Paging::Offset(0)))
            }
            Cursor::Start | Cursor::Page(_) => match self.send(question.by_cursor(None)?).await {
                Ok(answer) => {
                    version.store(CURSORS, Ordering::Relaxed);
                    Ok((answer, Paging::Cursor))
                }
                Err(error)
                    if error.kind() == ErrorKind::NotFound && version.load(Ordering::Relaxed) != CURSORS =>
                {
                    let Ok(answer) = self.send(question.by_offset(0)?).await else { return Err(error) };
                    let _ = version.compare_exchange(UNKNOWN, OFFSETS, Ordering::Relaxed, Ordering::Relaxed);
                    Ok((answer, Paging::Offset(0)))
                }
                Err(error) => Err(error),
            },
        }
    }
}

impl Paging {
    /// Where the next page begins, if there is one.
    ///
    /// Cursors end with the one that is null, absent or empty, however short the page is. Offsets end when as many were
    /// sent as were counted, or, where nothing was counted, with an empty page: a short one proves nothing, since a
    /// server may give less than was asked for.
    pub(crate) fn next(self, page: &Page) -> Option<Cursor> {
        match self {
            Self::Cursor => page.next_cursor.clone().map(Cursor::Token),
            Self::Offset(before) => {
                let after = before + page.sent;
                let all = page.sent == 0 || page.total.is_some_and(|total| after >= total);
                (!all).then_some(Cursor::Offset(after))
            }
        }
    }
}
