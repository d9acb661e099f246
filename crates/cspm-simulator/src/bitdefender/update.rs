//! `POST /cspm/vm/update` (section 10): absolute values for up to 100 checks, all or none.

use http::StatusCode;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::wire::{SimRequest, SimResponse};

use super::{
    errors::Refusal,
    kind::Kind,
    list::is_uuid,
    options::{Options, RemarkUnit, UpdateResponse},
    state::State,
    world::{Check, SEVERITIES, STATUSES, Word},
};

const MAX_IDS: usize = 100;
const MAX_REMARK: usize = 2000;

/// Carries out an update. Checks that do not `fail` are left as they are, silently (the predecessor's rule).
///
/// # Errors
/// 400, and nothing changed, if any rule of section 10 is broken or any id is unknown.
pub(super) fn update(state: &mut State, request: &SimRequest) -> Result<SimResponse, Refusal> {
    let body: Value = serde_json::from_slice(&request.body).map_err(|_| invalid("body: not JSON"))?;
    let body = body.as_object().ok_or_else(|| invalid("body: must be an object"))?;
    let change = Change::read(body, state.options())?;
    let known = positions(body, state)?;

    let checks = &state.view().world.checks;
    let failing = |at: &usize| checks.get(*at).is_some_and(|check| check.result == "fail");
    let changed: Vec<usize> = known.into_iter().filter(failing).collect();
    let ids: Vec<_> = changed.iter().filter_map(|at| checks.get(*at)).map(|check| check.id.clone()).collect();
    state.change_checks(&changed, |check| change.apply(check));

    Ok(match state.options().update_response {
        UpdateResponse::Body => {
            let data: Vec<Value> = ids.iter().map(|id| json!({ "id": &**id, "type": "check" })).collect();
            SimResponse::json(StatusCode::OK, &json!({ "data": data, "meta": { "total": data.len() } }))
        }
        UpdateResponse::EmptyObject => SimResponse::json(StatusCode::OK, &json!({})),
        UpdateResponse::NoContent => SimResponse::empty(StatusCode::NO_CONTENT),
    })
}

/// New values. A new status takes its remark and its end along: without these, former ones are gone. A new severity
/// does the same with its remark.
struct Change {
    status: Option<(Word, Option<String>, Option<String>)>,
    severity: Option<(Word, Option<String>)>,
}

impl Change {
    fn read(body: &Map<String, Value>, options: &Options) -> Result<Self, Refusal> {
        let status = word(body, "status", &STATUSES)?;
        let severity = word(body, "severity", &SEVERITIES)?;
        let status_remarks = remark(body, "status_remarks", options)?;
        let severity_remarks = remark(body, "severity_remarks", options)?;
        let expires_at = text(body, "expires_at")?;
        if status.is_none() && severity.is_none() {
            return Err(invalid("status, severity: at least one is required"));
        }
        if status.as_deref() == Some("needs_review") && !options.needs_review_settable {
            return Err(invalid("status: unknown value needs_review"));
        }
        if status_remarks.is_some() && status.is_none() {
            return Err(invalid("status_remarks: only together with status"));
        }
        if severity_remarks.is_some() && severity.is_none() {
            return Err(invalid("severity_remarks: only together with severity"));
        }
        if let Some(end) = expires_at {
            if status.as_deref() != Some("risk_accepted") {
                return Err(invalid("expires_at: only with status risk_accepted"));
            }
            // The parser takes more than the documented form; what it read must come out the same again.
            if !end.parse::<Date>().is_ok_and(|date| date.to_string() == end) {
                return Err(invalid("expires_at: must be a date, yyyy-mm-dd"));
            }
        }
        Ok(Self {
            status: status.map(|status| (status, status_remarks, expires_at.map(str::to_owned))),
            severity: severity.map(|severity| (severity, severity_remarks)),
        })
    }

    fn apply(&self, check: &mut Check) {
        if let Some((status, remarks, end)) = self.status.clone() {
            check.status = Some(status);
            check.status_remarks = remarks;
            check.expires_at = end;
        }
        if let Some((severity, remarks)) = self.severity.clone() {
            check.severity = Some(severity);
            check.severity_remarks = remarks;
        }
    }
}

/// The positions of all checks that `ids` names, each once.
fn positions(body: &Map<String, Value>, state: &State) -> Result<Vec<usize>, Refusal> {
    let ids = body.get("ids").and_then(Value::as_array).ok_or_else(|| invalid("ids: must be an array"))?;
    if ids.is_empty() {
        return Err(invalid("ids: must not be empty"));
    }
    if ids.len() > MAX_IDS {
        return Err(invalid(&format!("ids: at most {MAX_IDS}")));
    }
    let known = state.view().index.positions.get(Kind::Checks);
    let mut positions = Vec::with_capacity(ids.len());
    for id in ids {
        let id = id.as_str().filter(|id| is_uuid(id)).ok_or_else(|| invalid("ids: not all are UUIDs"))?;
        let id = id.to_ascii_lowercase();
        let position = known.get(id.as_str()).ok_or_else(|| invalid(&format!("ids: unknown {id}")))?;
        if !positions.contains(position) {
            positions.push(*position);
        }
    }
    Ok(positions)
}

/// A member that is a string if it is there at all; `null` is neither (section 10, rule 6).
fn text<'b>(body: &'b Map<String, Value>, name: &str) -> Result<Option<&'b str>, Refusal> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(&format!("{name}: must be a string"))),
    }
}

fn word(body: &Map<String, Value>, name: &str, words: &[&'static str]) -> Result<Option<Word>, Refusal> {
    let Some(text) = text(body, name)? else { return Ok(None) };
    match words.iter().find(|word| **word == text) {
        Some(word) => Ok(Some(Word::Borrowed(word))),
        None => Err(invalid(&format!("{name}: unknown value {text}"))),
    }
}

fn remark(body: &Map<String, Value>, name: &str, options: &Options) -> Result<Option<String>, Refusal> {
    let Some(text) = text(body, name)? else { return Ok(None) };
    let length = match options.remark_unit {
        RemarkUnit::Chars => text.chars().count(),
        RemarkUnit::Utf16 => text.encode_utf16().count(),
        RemarkUnit::Bytes => text.len(),
    };
    if length > MAX_REMARK {
        return Err(invalid(&format!("{name}: at most {MAX_REMARK} characters")));
    }
    Ok(Some(text.to_owned()))
}

fn invalid(why: &str) -> Refusal {
    Refusal::Invalid(why.to_owned())
}
