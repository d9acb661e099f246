//! Filtering, ordering and paging of style A lists (document sections 3.3 and 3.4), on the rows as they are sent.

use std::cmp::Ordering;

use serde_json::Value;

use super::failure::Failure;
use super::fields::Fields;
use super::options::Options;

/// The page of `rows` that the body asks for, and the total before paging.
///
/// `limit` may be left out (everything is given). Unknown filter types are refused; a field that a row does not
/// have is an empty text.
pub(super) fn page(
    options: &Options,
    fields: &Fields,
    mut rows: Vec<Value>,
) -> Result<(Vec<Value>, i64), Failure> {
    for filter in fields.list("filters")? {
        let filter = ResultFilter::read(filter)
            .ok_or_else(|| fields.refuse("filters", "Not a valid result filter."))?;
        rows.retain(|row| filter.passes(row));
    }
    order(fields, &mut rows)?;
    let total = rows.len();
    let offset = fields.size("offset")?.unwrap_or(0);
    let limit = fields.size("limit")?;
    if limit == Some(0) {
        return Err(fields.refuse("limit", "Must be at least 1."));
    }
    let given = limit.unwrap_or(total).min(options.page_cap.unwrap_or(usize::MAX));
    let number = i64::try_from(offset / given.max(1)).unwrap_or(i64::MAX);
    let drift = options.total_drift.saturating_mul(number);
    let page = rows.into_iter().skip(offset).take(given).collect();
    Ok((page, i64::try_from(total).unwrap_or(i64::MAX).saturating_add(drift).max(0)))
}

fn order(fields: &Fields, rows: &mut [Value]) -> Result<(), Failure> {
    let text = fields.text("order_by")?.unwrap_or_default();
    let mut words = text.split_whitespace();
    let Some(field) = words.next() else {
        return Ok(());
    };
    let descending = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("asc") => false,
        Some(word) if word.eq_ignore_ascii_case("desc") => true,
        Some(_) => return Err(fields.refuse("order_by", "Expected <field> ASC or DESC.")),
    };
    rows.sort_by(|left, right| {
        let order = compare(left.get(field), right.get(field));
        if descending { order.reverse() } else { order }
    });
    Ok(())
}

fn compare(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    match (left.and_then(Value::as_f64), right.and_then(Value::as_f64)) {
        (Some(left), Some(right)) => left.total_cmp(&right),
        _ => text_of(left).cmp(&text_of(right)),
    }
}

fn text_of(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Numbers by their size, texts (times among them) by their letters.
fn is_at_most(small: &str, large: &str) -> bool {
    match (small.parse::<f64>(), large.parse::<f64>()) {
        (Ok(small), Ok(large)) => small <= large,
        _ => small <= large,
    }
}

/// `{"field_name", "filter_type", "filter_value", "filter_list_value"}`.
struct ResultFilter {
    field: String,
    kind: String,
    value: String,
    list: Vec<String>,
}

impl ResultFilter {
    fn read(value: &Value) -> Option<Self> {
        let kind = value.get("filter_type")?.as_str()?;
        if !["EXACT", "LIKE", "NOT", "IN", "NOT_IN", "BETWEEN"].contains(&kind) {
            return None;
        }
        let list = match value.get("filter_list_value") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items.iter().map(|item| text_of(Some(item))).collect(),
            Some(_) => return None,
        };
        Some(Self {
            field: value.get("field_name")?.as_str()?.to_owned(),
            kind: kind.to_owned(),
            value: text_of(value.get("filter_value")),
            list,
        })
    }

    fn passes(&self, row: &Value) -> bool {
        let held = text_of(row.get(&self.field));
        match self.kind.as_str() {
            "EXACT" => held == self.value,
            "NOT" => held != self.value,
            "LIKE" => held.to_lowercase().contains(&self.value.trim_matches('%').to_lowercase()),
            "IN" => self.list.contains(&held),
            "NOT_IN" => !self.list.contains(&held),
            _ => match self.list.as_slice() {
                [from, to] => is_at_most(from, &held) && is_at_most(&held, to),
                _ => false,
            },
        }
    }
}
