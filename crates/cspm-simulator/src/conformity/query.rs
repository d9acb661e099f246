//! The query string (section 3.2).

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;

use super::errors::Refusal;

/// The decoded parameters of a request. Brackets may have been literal or encoded, a stray `&&` is skipped.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(raw: &str) -> Self {
        Self(
            raw.split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }

    /// The last value given; an empty one counts as not given.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().rev().find(|(known, _)| known == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// A comma list. There is no way to write a literal comma.
    pub(super) fn list(&self, name: &str) -> Option<BTreeSet<String>> {
        let items: BTreeSet<String> =
            self.get(name)?.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect();
        Some(items).filter(|items| !items.is_empty())
    }

    /// A boolean in any case of letters; the vendor's own tool sends `True`.
    ///
    /// # Errors
    /// 422 for any other word.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.get(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Refusal::parameter(name, "is not a valid boolean")),
        }
    }

    /// A whole number of milliseconds or the like.
    ///
    /// # Errors
    /// 422 if it is not a number of at least zero.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.get(name)
            .map(|text| {
                text.parse::<i64>()
                    .ok()
                    .filter(|number| *number >= 0)
                    .ok_or_else(|| Refusal::parameter(name, "is not a valid positive integer"))
            })
            .transpose()
    }
}

/// Decodes once. A plus sign is a space, as form encoding has it.
fn decode(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

/// The segments of a path below one of the base paths, each decoded once as a whole.
///
/// Doubled and trailing slashes are tolerated (sections 2.1 and 3.2).
pub(super) fn segments(path: &str, bases: &[String]) -> Option<Vec<String>> {
    let rest = bases.iter().find_map(|base| {
        let rest = path.strip_prefix(base.trim_end_matches('/'))?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    })?;
    Some(
        rest.split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect(),
    )
}
