//! Container vulnerabilities, in brief (document section 20): paging in the query string, a body that must be `{}`.

use http::StatusCode;
use serde_json::{Value, json};

use super::call::{Area, Call};
use super::failure::{Answer, Failure, Shape};
use super::fields::Fields;
use super::state::State;
use crate::wire::SimResponse;

/// Largest page, without clamping.
const PAGE_MAX: usize = 100;

/// `POST /v3/cvm/resource/vulnerabilities`: one row per image and resource.
pub(super) fn images(state: &State, call: &Call) -> Answer {
    page(call, &state.world.image_rows)
}

/// `POST /v3/cvm/vulnerabilities`: one row per CVE.
pub(super) fn cves(state: &State, call: &Call) -> Answer {
    page(call, &state.world.cve_rows)
}

fn page(call: &Call, rows: &[Value]) -> Answer {
    call.caller.may_read(Area::Resources)?;
    Fields::parse(&call.body, Shape::V3)?.only(&[])?;
    let number = |name: &str, absent: usize, most: usize| match call.parameter(name) {
        None => Ok(absent),
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| Failure::parameter(Shape::V3, name, "Out of range.")),
    };
    let page = number("page", 1, usize::MAX)?;
    let size = number("page_size", PAGE_MAX, PAGE_MAX)?;
    let data: Vec<&Value> = rows.iter().skip((page - 1).saturating_mul(size)).take(size).collect();
    let answer = json!({"data": data, "page": page, "page_size": size, "total_count": rows.len(),
        "total_pages": rows.len().div_ceil(size)});
    Ok(SimResponse::json(StatusCode::OK, &answer))
}
