//! The query string: pairs in the order they were sent, percent-decoded.

use percent_encoding::percent_decode_str;

use super::{
    errors::Refusal,
    options::{ArrayStyle, Options, PageLimit},
};

/// The parameter that carries a cursor.
pub(super) const PAGE_CURSOR: &str = "page_cursor";
/// The parameter that sets the page size.
pub(super) const PAGE_LIMIT: &str = "page_limit";
/// Items on a page if nothing is said (section 3.4).
const DEFAULT_LIMIT: usize = 500;
const MAX_LIMIT: usize = 1000;

/// Decoded names and values. A `+` stays a plus: the documents ask for `%20` (section 3.8), so a client that writes a
/// space in the manner of forms finds nothing.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(raw: &str) -> Result<Self, Refusal> {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        Ok(Self(pairs.collect::<Result<_, _>>()?))
    }

    /// The cursor, if it is the only parameter: beside any other it is ignored (section 3.4).
    pub(super) fn sole_cursor(&self) -> Option<&str> {
        match self.0.as_slice() {
            [(name, value)] if name == PAGE_CURSOR => Some(value),
            _ => None,
        }
    }

    /// Refuses names that nobody documents, if the options ask for that.
    pub(super) fn check_names(&self, known: impl Fn(&str) -> bool, options: &Options) -> Result<(), Refusal> {
        let unknown = |name: &str| name != PAGE_CURSOR && name != PAGE_LIMIT && !known(name);
        match self.0.iter().find(|(name, _)| unknown(name)) {
            Some((name, _)) if options.reject_unknown_parameters => {
                Err(Refusal::Invalid(format!("{name}: unknown parameter")))
            }
            _ => Ok(()),
        }
    }

    /// The page size.
    pub(super) fn limit(&self, options: &Options) -> Result<usize, Refusal> {
        let mut values = self.values(PAGE_LIMIT);
        let Some(text) = values.next() else { return Ok(DEFAULT_LIMIT) };
        let number = match text.parse::<i64>() {
            _ if options.page_limit == PageLimit::Unsupported => {
                return Err(Refusal::Invalid(format!("{PAGE_LIMIT}: unknown parameter")));
            }
            Ok(number) if values.next().is_none() => number,
            _ => return Err(Refusal::Invalid(format!("{PAGE_LIMIT}: not one integer"))),
        };
        match usize::try_from(number) {
            Ok(limit @ 1..=MAX_LIMIT) => Ok(limit),
            _ if options.page_limit == PageLimit::Clamp => Ok(if number < 1 { 1 } else { MAX_LIMIT }),
            _ => Err(Refusal::Invalid(format!("{PAGE_LIMIT}: must be between 1 and {MAX_LIMIT}"))),
        }
    }

    /// All values of a filter; empty if it was not sent. An empty value is no value and refused.
    pub(super) fn list(&self, name: &str, style: ArrayStyle) -> Result<Vec<&str>, Refusal> {
        let sent: Vec<&str> = self.values(name).collect();
        if style == ArrayStyle::Comma && sent.len() > 1 {
            return Err(Refusal::Invalid(format!("{name}: given more than once")));
        }
        let values: Vec<&str> = match style {
            ArrayStyle::Repeat => sent,
            ArrayStyle::Comma | ArrayStyle::Either => {
                sent.iter().flat_map(|value| value.split(',')).collect()
            }
        };
        if values.contains(&"") {
            return Err(Refusal::Invalid(format!("{name}: empty value")));
        }
        Ok(values)
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// The raw query without its cursor: what a cursor carries on to the following pages.
pub(super) fn without_cursor(raw: &str) -> String {
    let kept = raw.split('&').filter(|pair| pair.split('=').next() != Some(PAGE_CURSOR));
    kept.collect::<Vec<_>>().join("&")
}

fn decode(text: &str) -> Result<String, Refusal> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(Refusal::Invalid("query: not UTF-8".into())),
    }
}
