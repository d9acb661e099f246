//! The JSON that all items share (section 3.2).

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Serialize, Serializer};

use super::{index::View, kind::Kind, options::Missing, world::Id};

/// What may not stand in a path segment as it is (RFC 3986, section 3.3), and `%`.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A value that the world may not have: then `null`, or left out, as the options say.
pub(super) enum Maybe<T> {
    Set(T),
    Null,
    Absent,
}

impl<T> Maybe<T> {
    pub(super) fn new(value: Option<T>, view: View<'_>) -> Self {
        match (value, view.options.missing) {
            (Some(value), _) => Self::Set(value),
            (None, Missing::Null) => Self::Null,
            (None, Missing::Absent) => Self::Absent,
        }
    }

    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<T: Serialize> Serialize for Maybe<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Set(value) => serializer.serialize_some(value),
            Self::Null | Self::Absent => serializer.serialize_none(),
        }
    }
}

/// `{id, type}`, with `meta` where an endpoint has one.
#[derive(Serialize)]
pub(super) struct Reference<'a, M = ()> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<M>,
}

impl<'a> Reference<'a> {
    pub(super) fn new(id: &'a Id, kind: Kind) -> Self {
        Self { id, kind: kind.type_word(), meta: None }
    }
}

impl<'a, M> Reference<'a, M> {
    pub(super) fn with_meta(id: &'a str, kind: &'static str, meta: M) -> Self {
        Self { id, kind, meta: Some(meta) }
    }
}

/// The value of one relationship.
#[derive(Serialize)]
pub(super) struct Relation<T> {
    pub(super) data: T,
}

/// A relationship to one item or to none.
pub(super) fn to_one<'a>(
    id: Option<&'a Id>,
    kind: Kind,
    view: View<'_>,
) -> Maybe<Relation<Option<Reference<'a>>>> {
    match id {
        None if view.options.missing == Missing::Absent => Maybe::Absent,
        id => Maybe::Set(Relation { data: id.map(|id| Reference::new(id, kind)) }),
    }
}

/// An attribute that no document knows.
#[derive(Serialize)]
struct Extra {
    x_future: &'static [&'static str],
}

#[derive(Serialize)]
struct WithExtra<A> {
    #[serde(flatten)]
    attributes: A,
    #[serde(flatten)]
    extra: Extra,
}

/// One item ready to serve, but for the beginning of its link, which depends on the host asked.
#[derive(Debug)]
pub(super) struct Item {
    text: Box<str>,
    /// Where the beginning of the link belongs.
    split: usize,
}

impl Item {
    /// Writes the members in the order of the documents' samples; `relationships` only if there are any to speak of.
    pub(super) fn new<A: Serialize, R: Serialize>(
        kind: Kind,
        id: &Id,
        attributes: A,
        relationships: Option<R>,
        view: View<'_>,
    ) -> Self {
        #[derive(Serialize)]
        struct Head<'a, A, R> {
            id: &'a str,
            #[serde(rename = "type")]
            kind: &'static str,
            attributes: A,
            #[serde(skip_serializing_if = "Option::is_none")]
            relationships: Option<R>,
        }
        let kind_word = kind.type_word();
        // Strings and numbers only: nothing here can fail to serialise.
        let mut text = if view.options.extra_attribute {
            let attributes = WithExtra { attributes, extra: Extra { x_future: &["of", "tomorrow"] } };
            serde_json::to_string(&Head { id, kind: kind_word, attributes, relationships })
                .unwrap_or_default()
        } else {
            serde_json::to_string(&Head { id, kind: kind_word, attributes, relationships })
                .unwrap_or_default()
        };
        text.pop();
        text.push_str(r#","links":{"self":""#);
        let split = text.len();
        text.push_str(kind.path());
        text.push('/');
        text.extend(utf8_percent_encode(id, SEGMENT));
        text.push_str(r#""}}"#);
        Self { text: text.into(), split }
    }

    /// Appends the item; `base` is what links begin with, already escaped for JSON.
    pub(super) fn write(&self, base: &str, out: &mut Vec<u8>) {
        let (head, tail) = self.text.split_at_checked(self.split).unwrap_or((&self.text, ""));
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(base.as_bytes());
        out.extend_from_slice(tail.as_bytes());
    }

    /// Its size, but for the beginning of the link.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }
}
