//! Listings page by page, and single items (sections 3.2 and 3.4).

use bytes::Bytes;
use http::{StatusCode, header};

use crate::wire::{SimRequest, SimResponse};

use super::{
    BASE_PATH,
    cursor::Cursor,
    errors::Refusal,
    filter::Filter,
    kind::Kind,
    options::{LastNext, Links, NextForm, Options, Single, UnknownId},
    query::{PAGE_CURSOR, Query, without_cursor},
    state::{PageKey, State},
};

/// One page of a collection.
pub(super) fn list(
    state: &mut State,
    kind: Kind,
    request: &SimRequest,
    now: i64,
) -> Result<SimResponse, Refusal> {
    let key = PageKey { base: link_base(state.options(), request), kind, query: request.query.clone() };
    // Where cursors expire, a page is good for one moment only: its `next` bears the time.
    let ageless = state.options().cursor_lifetime_ms.is_none();
    if let Some(body) = state.page(&key).filter(|_| ageless) {
        return Ok(ok(body));
    }
    let body = Bytes::from(page(state, &key, now)?);
    if ageless {
        state.keep_page(key, body.clone());
    }
    Ok(ok(body))
}

fn page(state: &mut State, key: &PageKey, now: i64) -> Result<Vec<u8>, Refusal> {
    let options = state.options();
    let issued = options.cursor_lifetime_ms.map(|_| now);
    let start = match Query::parse(&key.query)?.sole_cursor() {
        Some(cursor) => Cursor::decode(cursor, key.kind, options, now)?,
        None => Cursor { kind: key.kind, query: without_cursor(&key.query), offset: 0, empty: false, issued },
    };
    let query = Query::parse(&start.query)?;
    query.check_names(|name| key.kind == Kind::Checks && Filter::is_parameter(name), options)?;
    let length = query.limit(options)?;
    let length = if start.empty { 0 } else { length };
    let list = state.matching(key.kind, &query)?;

    let from = start.offset.min(list.len());
    let to = from.saturating_add(length).min(list.len());
    let next = if state.options().repeat_next && start.offset > 0 {
        Some(start)
    } else if to < list.len() {
        let empty = state.options().empty_pages && !start.empty;
        Some(Cursor { offset: to, empty, issued, ..start })
    } else {
        None
    };

    let mut out = br#"{"data":["#.to_vec();
    state.write_items(key.kind, list.get(from..to).unwrap_or_default(), &key.base, &mut out);
    let links = collection_links(state.options(), key, next.as_ref());
    let meta = format!(r#"],"links":{links},"meta":{{"total":{},"elapsed":{to}}}}}"#, list.len());
    out.extend_from_slice(meta.as_bytes());
    Ok(out)
}

/// One item by its id. Query parameters are not documented here and ignored, unless the options refuse them.
pub(super) fn one(
    state: &mut State,
    kind: Kind,
    id: &str,
    request: &SimRequest,
) -> Result<SimResponse, Refusal> {
    let options = state.options();
    if options.reject_unknown_parameters && !request.query.is_empty() {
        return Err(Refusal::Invalid("query: no parameters beside an id".into()));
    }
    if options.reject_malformed_ids && kind.has_uuids() && !is_uuid(id) {
        return Err(Refusal::Invalid("id: not a UUID".into()));
    }
    let single = options.single;
    let position = match (state.view().index.positions.get(kind).get(id), options.unknown_id, single) {
        (Some(position), ..) => *position,
        (None, UnknownId::NotFound, _) => return Err(Refusal::UnknownItem),
        (None, UnknownId::EmptyData, Single::Array) => return Ok(ok(r#"{"data":[]}"#.into())),
        (None, UnknownId::EmptyData, Single::Object) => return Ok(ok(r#"{"data":null}"#.into())),
    };
    let base = link_base(options, request);
    let (open, close) = match single {
        Single::Array => (&br#"{"data":["#[..], &b"]}"[..]),
        Single::Object => (&br#"{"data":"#[..], &b"}"[..]),
    };
    let mut out = open.to_vec();
    state.write_items(kind, &[position], &base, &mut out);
    out.extend_from_slice(close);
    Ok(ok(out.into()))
}

/// Whether a text has the form of RFC 4122: hyphenated hexadecimal, either case.
pub(super) fn is_uuid(text: &str) -> bool {
    let groups =
        text.split('-').map(|group| (group.len(), group.bytes().all(|byte| byte.is_ascii_hexdigit())));
    groups.eq([8, 4, 4, 4, 12].map(|length| (length, true)))
}

fn ok(body: Bytes) -> SimResponse {
    SimResponse::bytes(StatusCode::OK, "application/json", body)
}

fn collection_links(options: &Options, key: &PageKey, next: Option<&Cursor>) -> String {
    let path = key.kind.path();
    let base = &key.base;
    let query = if key.query.is_empty() { String::new() } else { format!("?{}", escaped(&key.query)) };
    let next = match next {
        Some(cursor) => {
            let link = format!(r#""{base}{path}?{PAGE_CURSOR}={}""#, cursor.encode());
            match options.next_form {
                NextForm::Text => format!(r#","next":{link}"#),
                NextForm::Object => format!(r#","next":{{"href":{link}}}"#),
            }
        }
        None => match options.last_next {
            LastNext::Absent => "",
            LastNext::Null => r#","next":null"#,
            LastNext::EmptyText => r#","next":"""#,
            LastNext::NullHref => r#","next":{"href":null}"#,
        }
        .to_owned(),
    };
    format!(r#"{{"self":"{base}{path}{query}"{next}}}"#)
}

/// What links begin with, escaped for JSON.
fn link_base(options: &Options, request: &SimRequest) -> String {
    let host = || request.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    match &options.links {
        Links::Absolute { scheme } => match host() {
            Some(host) => escaped(&format!("{scheme}://{host}{BASE_PATH}")),
            None => BASE_PATH.to_owned(),
        },
        Links::Relative => BASE_PATH.to_owned(),
        Links::WithoutBasePath => String::new(),
        Links::Foreign { origin } => escaped(&format!("{origin}{BASE_PATH}")),
    }
}

fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}
