//! The three resource queries (document sections 9.1 to 9.3), which are also the way to read findings.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::call::{Area, Call};
use super::cursor::{self, Cursor};
use super::failure::{Answer, Failure, Shape};
use super::fields::Fields;
use super::options::{Excess, QueryCounts};
use super::select::{Order, Scope, Selection, Wanted};
use super::state::{AnswerKey, State};
use super::supported::TYPES;
use super::world::SourcedId;
use crate::wire::SimResponse;

/// The keys of section 9.2; the v3 endpoints refuse others.
const KEYS: [&str; 14] = [
    "selected_resource_type",
    "resource_types",
    "limit",
    "offset",
    "cursor",
    "scopes",
    "filters",
    "insight",
    "insight_exemptions",
    "badges",
    "badge_filter_operator",
    "tags",
    "order_by",
    "counts",
];

/// Which of the three endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// `POST /v2/public/resource/query`.
    V2,
    /// `POST /v3/public/resource/query`.
    V3,
    /// `POST /v3/public/resource/etl-query`, which sends no `counts`.
    Etl,
}

impl Endpoint {
    fn name(self) -> &'static str {
        match self {
            Self::V2 => "v2/query",
            Self::V3 => "v3/query",
            Self::Etl => "v3/etl-query",
        }
    }

    fn shape(self) -> Shape {
        if self == Self::V2 { Shape::V2 } else { Shape::V3 }
    }
}

/// One page, prepared once for equal requests.
pub(super) fn query(state: &State, call: &Call, endpoint: Endpoint) -> Answer {
    call.caller.may_read(Area::Resources)?;
    let organization = call.caller.organization;
    let key =
        AnswerKey { organization, endpoint: endpoint.name(), query: String::new(), body: call.body.clone() };
    if let Some(body) = state.cached(&key, call.now) {
        return Ok(SimResponse::bytes(StatusCode::OK, "application/json", body));
    }
    let fields = Fields::parse(&call.body, endpoint.shape())?;
    if endpoint != Endpoint::V2 {
        fields.only(&KEYS)?;
    }
    let types = types(&fields)?;
    let limit = limit(state, &fields, endpoint)?;
    let wanted = wanted(state, &fields, endpoint)?;
    let at = match (endpoint, fields.text("cursor")?) {
        (Endpoint::V2, _) => Cursor::at(fields.size("offset")?.unwrap_or(0)),
        (_, None) => Cursor::at(0),
        (_, Some(text)) => cursor::decode(state.cursor_epoch, cursor::digest(&wanted, &types), text)
            .ok_or_else(|| fields.refuse("cursor", "Invalid cursor."))?,
    };
    let selection = state.selection(organization, &wanted, call.now);
    let page = Page { state, fields: &fields, endpoint, types: &types, limit, at, selection: &selection };
    let body = bytes::Bytes::from(page.write(&wanted)?);
    state.keep(key, selection.span.clone(), body.clone());
    Ok(SimResponse::bytes(StatusCode::OK, "application/json", body))
}

/// The selected types: one, several joined by commas, or the array of some v3 callers. None: counts only.
fn types(fields: &Fields) -> Result<Vec<String>, Failure> {
    let selected = fields.text("selected_resource_type")?.unwrap_or_default();
    let mut types: Vec<String> =
        selected.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    for name in fields.texts("resource_types")? {
        if !types.contains(&name) {
            types.push(name);
        }
    }
    Ok(types)
}

fn limit(state: &State, fields: &Fields, endpoint: Endpoint) -> Result<usize, Failure> {
    let limit = fields.required("limit", fields.size("limit")?)?;
    let options = &state.options;
    let most = if endpoint == Endpoint::V2 { options.v2_query_max } else { options.v3_query_max };
    if limit == 0 || (limit > most && options.excess == Excess::Reject) {
        return Err(fields.refuse("limit", &format!("Must be between 1 and {most}.")));
    }
    Ok(limit.min(most))
}

fn wanted(state: &State, fields: &Fields, endpoint: Endpoint) -> Result<Wanted, Failure> {
    let scopes = fields.texts("scopes")?;
    let scopes = scopes
        .iter()
        .map(|text| Scope::parse(text).ok_or_else(|| fields.refuse("scopes", "Unknown scope.")))
        .collect::<Result<_, _>>()?;
    Ok(Wanted {
        scopes,
        insight: insight(state, fields, endpoint)?,
        exempted: fields.flag("insight_exemptions")?.unwrap_or(false),
        badges: fields.pairs("badges")?,
        all_badges: fields.is_and("badge_filter_operator")?,
        tags: tags(fields)?,
        filters: filters(state, fields)?,
        order: order(fields)?,
    })
}

/// An unknown insight is a plain mistake of the client: 500 in v2, as for exemptions; 400 in v3.
fn insight(state: &State, fields: &Fields, endpoint: Endpoint) -> Result<Option<SourcedId>, Failure> {
    let Some(text) = fields.text("insight")?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let id: SourcedId =
        text.parse().map_err(|_| fields.refuse("insight", "Expected <source>:<insight_id>."))?;
    match (state.world.insight(id), endpoint) {
        (Some(_), _) => Ok(Some(id)),
        (None, Endpoint::V2) => {
            Err(Failure::server("DivvyNotFound", format!("Insight {id} does not exist.")))
        }
        (None, _) => Err(fields.refuse("insight", "Unknown insight.")),
    }
}

/// Objects with key and value, or bare names (document section 22.1, row 6).
fn tags(fields: &Fields) -> Result<Vec<(String, Option<String>)>, Failure> {
    fields
        .list("tags")?
        .iter()
        .map(|item| match item {
            Value::String(name) => Some((name.clone(), None)),
            _ => {
                let key = item.get("key")?.as_str()?.to_owned();
                Some((key, item.get("value").and_then(Value::as_str).map(str::to_owned)))
            }
        })
        .collect::<Option<_>>()
        .ok_or_else(|| fields.refuse("tags", "Expected names or objects with key and value."))
}

/// Query filters, whose `config` must be an object (document section 22.1, row 5).
fn filters(state: &State, fields: &Fields) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for item in fields.list("filters")? {
        let name = item.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| fields.refuse("filters", "Expected objects with name and config."))?;
        if !item.get("config").is_some_and(Value::is_object) {
            return Err(fields.refuse("filters", "config: Not a valid mapping type."));
        }
        let known = state
            .world
            .insights
            .iter()
            .flat_map(|insight| &insight.filters)
            .any(|filter| filter.name == name);
        if !known {
            return Err(fields.refuse("filters", "Unknown filter."));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

fn order(fields: &Fields) -> Result<Order, Failure> {
    let text = fields.text("order_by")?.unwrap_or_default();
    match text.to_ascii_lowercase().as_str() {
        "" => Ok(Order::Natural),
        "name" | "name asc" => Ok(Order::Name),
        "name desc" => Ok(Order::NameDescending),
        _ => Err(fields.refuse("order_by", "Unknown order.")),
    }
}

/// One page about to be written.
struct Page<'a> {
    state: &'a State,
    fields: &'a Fields,
    endpoint: Endpoint,
    types: &'a [String],
    limit: usize,
    at: Cursor,
    selection: &'a Selection,
}

impl Page<'_> {
    fn write(&self, wanted: &Wanted) -> Result<Vec<u8>, Failure> {
        let options = &self.state.options;
        let size = self.limit.min(options.page_cap.unwrap_or(self.limit)).max(1);
        let total: usize = self.types.iter().map(|name| self.selection.count(name)).sum();
        let positions = if self.at.blank { Vec::new() } else { self.positions(size) };

        let supported: Vec<&str> = TYPES.iter().copied().chain(self.state.index.extra_types()).collect();
        let mut head = json!({
            "selected_resource_type": self.echo("selected_resource_type", json!(null)),
            "supported_types": supported,
            "scopes": self.echo("scopes", json!([])),
            "filters": self.echo("filters", json!([])),
            "limit": self.limit,
            "offset": if self.endpoint == Endpoint::V3 { 0 } else { self.at.offset },
            "order_by": self.echo("order_by", json!(null)),
        });
        if let Value::Object(map) = &mut head {
            if self.has_counts() {
                map.insert("counts".to_owned(), json!(self.counts(size)));
            }
            if self.endpoint != Endpoint::V2 {
                let used = self.fields.text("cursor")?;
                let binding = cursor::digest(wanted, self.types);
                let next = cursor::Walk { options, epoch: self.state.cursor_epoch, binding, used }.next(
                    self.at,
                    size,
                    positions.len(),
                    total,
                );
                if let Some(next) = next {
                    map.insert("next_cursor".to_owned(), next);
                }
            }
        }
        let mut out = serde_json::to_vec(&head).unwrap_or_default();
        out.pop();
        out.extend_from_slice(b",\"resources\":[");
        for (nth, &position) in positions.iter().enumerate() {
            if nth > 0 {
                out.push(b',');
            }
            out.extend_from_slice(self.state.index.envelope(position));
        }
        out.extend_from_slice(b"]}");
        Ok(out)
    }

    /// The records of this page: type after type, each in its order.
    fn positions(&self, size: usize) -> Vec<u32> {
        let mut skip = self.at.offset;
        let mut page = Vec::with_capacity(size.min(1000));
        for name in self.types {
            let of_type = self.selection.by_type.get(name.as_str()).map_or(&[][..], Vec::as_slice);
            let rest = of_type.get(skip.min(of_type.len())..).unwrap_or_default();
            skip -= skip.min(of_type.len());
            page.extend(rest.iter().take(size - page.len()));
        }
        page
    }

    fn has_counts(&self) -> bool {
        match (self.endpoint, self.state.options.counts) {
            (Endpoint::V2, _) | (Endpoint::V3, QueryCounts::EveryPage) => true,
            (Endpoint::V3, QueryCounts::FirstPage) => self.fields.value("cursor").is_none(),
            (Endpoint::V3, QueryCounts::Never) | (Endpoint::Etl, _) => false,
        }
    }

    /// Per type for the same scope and filters; a selected type without records is there with 0.
    fn counts(&self, size: usize) -> BTreeMap<&str, i64> {
        let page = i64::try_from(self.at.offset / size).unwrap_or(i64::MAX);
        let drift = self.state.options.total_drift.saturating_mul(page);
        let found = self.selection.by_type.iter().map(|(name, positions)| (&**name, positions.len()));
        let mut counts: BTreeMap<&str, i64> = self.types.iter().map(|name| (name.as_str(), 0)).collect();
        for (name, count) in found {
            counts.insert(name, i64::try_from(count).unwrap_or(i64::MAX).saturating_add(drift).max(0));
        }
        counts
    }

    fn echo(&self, key: &str, absent: Value) -> Value {
        self.fields.value(key).cloned().unwrap_or(absent)
    }
}
