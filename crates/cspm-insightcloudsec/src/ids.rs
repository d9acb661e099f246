//! Ids: `<source>:<number>` of insights and packs, and the resource ids of clouds (section 3.1).

use std::borrow::Cow;
use std::fmt;

use cspm_core::is_hostile;
use cspm_http::encode;

/// The source of what the vendor ships.
pub(crate) const SHIPPED: &str = "backoffice";
/// The source of what the customer made.
pub(crate) const CUSTOM: &str = "custom";

/// An insight or a pack: the same number exists in both sources (7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SourcedId<'a> {
    pub(crate) source: &'a str,
    pub(crate) number: u64,
}

impl<'a> SourcedId<'a> {
    /// None of a source that no message could show as it is.
    pub(crate) fn new(source: &'a str, number: u64) -> Option<Self> {
        (!source.is_empty() && !source.contains(is_hostile)).then_some(Self { source, number })
    }

    /// Reads `<source>:<number>`, the number in its plain spelling.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (source, digits) = text.split_once(':')?;
        let number: u64 = digits.parse().ok()?;
        Self::new(source, number).filter(|_| number.to_string() == digits)
    }
}

impl fmt::Display for SourcedId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.number)
    }
}

/// A resource id as it is compared: a colon at its end is lost or added easily (3.1).
pub(crate) fn key(resource_id: &str) -> &str {
    resource_id.strip_suffix(':').unwrap_or(resource_id)
}

/// The type in a resource id: its first segment.
pub(crate) fn type_in(resource_id: &str) -> &str {
    resource_id.split(':').next().unwrap_or_default()
}

/// A resource id that comes from a cross reference or a person, with the colon at its end that ids of its kind have and
/// that is easily lost. Of the vendor's own kinds only users have one (the table of 3.1).
pub(crate) fn with_colon(resource_id: &str) -> Cow<'_, str> {
    let kind = type_in(resource_id);
    let has_none = kind.starts_with("divvy") && kind != "divvyuser";
    if has_none || resource_id.ends_with(':') {
        return Cow::Borrowed(resource_id);
    }
    Cow::Owned(format!("{resource_id}:"))
}

/// A resource id as one segment of a path: its colons stay, as in every public example (3.1).
pub(crate) fn segment(resource_id: &str) -> String {
    encode(resource_id).replace("%3A", ":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sourced_ids_have_one_spelling() {
        assert_eq!(SourcedId::parse("custom:11"), Some(SourcedId { source: "custom", number: 11 }));
        for odd in [
            "custom",
            ":1",
            "custom:",
            "custom:01",
            "custom:+1",
            "custom:1:",
            "custom:x",
            "11",
            "\u{1b}[2J:5",
        ] {
            assert_eq!(SourcedId::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn only_the_colons_of_an_id_stay_in_a_path() {
        assert_eq!(segment("divvybot:1:21"), "divvybot:1:21");
        assert_eq!(segment("pod:7:a/b?c#d e%3Af:"), "pod:7:a%2Fb%3Fc%23d%20e%253Af:");
    }

    #[test]
    fn a_lost_colon_is_put_back_where_the_kind_has_one() {
        for (id, whole) in [
            ("instance:18:us-east-1:i-0abc", "instance:18:us-east-1:i-0abc:"),
            ("instance:18:us-east-1:i-0abc:", "instance:18:us-east-1:i-0abc:"),
            ("resourcegroup:3", "resourcegroup:3:"),
            ("divvyuser:6", "divvyuser:6:"),
            ("divvyorganizationservice:8", "divvyorganizationservice:8"),
        ] {
            assert_eq!(with_colon(id), whole);
            assert_eq!(key(id), key(whole));
        }
    }
}
