//! An event as a tree of values: borrowed text where possible, keys in the order they were put in.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Number, Value};

use crate::part::Part;
use crate::version::{Standing, Version};

/// One JSON value of an event.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Node<'a> {
    /// `null`. Our own events have none.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Node<'a>>),
    /// An object.
    Object(Object<'a>),
    /// An object or a list that other events have too. Events that are changed have none.
    Part(&'a Part),
}

/// A JSON object that keeps its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object<'a>(Vec<(Key<'a>, Node<'a>)>);

/// The name of a member.
#[derive(Clone, Debug)]
pub(crate) enum Key<'a> {
    /// One of this program's own, made of letters, digits and `_`: nothing in it needs an escape.
    Known(&'static str),
    /// Anybody's.
    Other(Cow<'a, str>),
}

/// One OCSF Compliance Finding event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Always an object.
    pub(crate) root: Node<'a>,
}

static NOTHING: Object<'static> = Object(Vec::new());

impl<'a> Event<'a> {
    pub(crate) const fn new(root: Object<'a>) -> Self {
        Self { root: Node::Object(root) }
    }

    /// Takes any JSON object for an event; `None` if it is no object.
    #[must_use]
    pub fn from_value(value: Value) -> Option<Event<'static>> {
        value.is_object().then(|| Event { root: Node::from(value) })
    }

    /// The event's attributes.
    #[must_use]
    pub fn attributes(&self) -> &Object<'a> {
        self.root.as_object().unwrap_or(&NOTHING)
    }

    /// The same event with all its text copied.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        Event { root: self.root.into_owned() }
    }

    /// The event's attributes, to change them.
    pub(crate) fn into_attributes(mut self) -> Object<'a> {
        self.root.own_parts();
        match self.root {
            Node::Object(root) => root,
            _ => Object::default(),
        }
    }

    /// The version that `metadata.version` names, or the nearest one known.
    #[must_use]
    pub fn version(&self) -> Version {
        let text = self.attributes().at("metadata.version").and_then(Node::as_text);
        text.map_or(Version::NEWEST, |text| Standing::nearest(text).0)
    }
}

impl<'a> Object<'a> {
    /// An empty object with room for `capacity` members.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Whether it has no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its members, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node<'a>)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Its members, in order, with what is known of their names.
    pub(crate) fn members(&self) -> &[(Key<'a>, Node<'a>)] {
        &self.0
    }

    /// The member of that name.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.0.iter().find(|(name, _)| name.as_str() == key).map(|(_, value)| value)
    }

    /// The value at a dotted path of object members.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Node<'a>> {
        match path.split_once('.') {
            None => self.get(path),
            Some((key, rest)) => self.get(key).and_then(Node::as_object).and_then(|object| object.at(rest)),
        }
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node<'a>> {
        self.0.iter_mut().find(|(name, _)| name.as_str() == key).map(|(_, value)| value)
    }

    pub(crate) fn object_mut(&mut self, key: &str) -> Option<&mut Self> {
        match self.get_mut(key) {
            Some(Node::Object(object)) => Some(object),
            _ => None,
        }
    }

    /// Appends a member that is known not to be there yet.
    ///
    /// The member is made in its place: made before and copied, the processor waits for its few words at every copy.
    pub(crate) fn put(&mut self, key: &'static str, value: impl Into<Node<'a>>) {
        self.0.extend(std::iter::once_with(|| (Key::Known(key), value.into())));
    }

    /// The same, under a name that is not the program's own.
    pub(crate) fn put_under(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Node<'a>>) {
        self.0.extend(std::iter::once_with(|| (Key::Other(key.into()), value.into())));
    }

    /// Appends a text, unless there is none or it is empty: an event never carries an empty text.
    pub(crate) fn put_text(&mut self, key: &'static str, text: Option<&'a str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.put(key, text);
        }
    }

    /// Appends an object or a list, unless it is empty.
    pub(crate) fn put_filled(&mut self, key: &'static str, value: impl Into<Node<'a>>) {
        let value = value.into();
        let empty = match &value {
            Node::List(items) => items.is_empty(),
            Node::Object(object) => object.is_empty(),
            _ => false,
        };
        if !empty {
            self.put(key, value);
        }
    }

    /// Replaces the member of that name in its place, or appends it; gives back what was there.
    pub(crate) fn set(&mut self, key: &'static str, value: impl Into<Node<'a>>) -> Option<Node<'a>> {
        let value = value.into();
        if let Some(old) = self.get_mut(key) {
            return Some(std::mem::replace(old, value));
        }
        self.put(key, value);
        None
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Node<'a>> {
        let place = self.0.iter().position(|(name, _)| name.as_str() == key)?;
        Some(self.0.remove(place).1)
    }

    /// Gives a member another name, in its place.
    pub(crate) fn rename(&mut self, key: &str, name: &'static str) {
        if let Some((key, _)) = self.0.iter_mut().find(|(old, _)| old.as_str() == key) {
            *key = Key::Known(name);
        }
    }

    /// Keeps the members for which `keep` says so; the others have been taken over by it.
    pub(crate) fn retain_mut(&mut self, mut keep: impl FnMut(&str, &mut Node<'a>) -> bool) {
        self.0.retain_mut(|(key, value)| keep(key.as_str(), value));
    }
}

impl Key<'_> {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Known(name) => name,
            Self::Other(name) => name,
        }
    }

    fn into_owned(self) -> Key<'static> {
        match self {
            Self::Known(name) => Key::Known(name),
            Self::Other(name) => Key::Other(Cow::Owned(name.into_owned())),
        }
    }
}

impl Eq for Key<'_> {}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.plain(), other.plain()) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(one), Self::Bool(other)) => one == other,
            (Self::Number(one), Self::Number(other)) => one == other,
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::List(one), Self::List(other)) => one == other,
            (Self::Object(one), Self::Object(other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for Node<'_> {}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl<'a> Node<'a> {
    /// The value itself, if it is another event's too.
    pub(crate) const fn plain(&self) -> &Self {
        match self {
            Self::Part(part) => part.node(),
            own => own,
        }
    }

    /// Copies what is lent from elsewhere, so that it can be changed.
    fn own_parts(&mut self) {
        match self {
            Self::Part(part) => *self = part.node().clone(),
            Self::List(items) => items.iter_mut().for_each(Self::own_parts),
            Self::Object(Object(members)) => members.iter_mut().for_each(|(_, value)| value.own_parts()),
            _ => {}
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// The object, if it is one.
    #[must_use]
    pub const fn as_object(&self) -> Option<&Object<'a>> {
        match self.plain() {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    pub(crate) fn into_owned(self) -> Node<'static> {
        match self {
            Self::Null => Node::Null,
            Self::Bool(truth) => Node::Bool(truth),
            Self::Number(number) => Node::Number(number),
            Self::Part(part) => part.node().clone(),
            Self::Text(text) => Node::Text(Cow::Owned(text.into_owned())),
            Self::List(items) => Node::List(items.into_iter().map(Node::into_owned).collect()),
            Self::Object(Object(members)) => Node::Object(Object(
                members.into_iter().map(|(key, value)| (key.into_owned(), value.into_owned())).collect(),
            )),
        }
    }

    /// The items, if it is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self.plain() {
            Self::List(items) => Some(items),
            _ => None,
        }
    }
}

impl<'a> From<&'a str> for Node<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Node<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<Cow<'a, str>> for Node<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Node<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl<'a> From<Object<'a>> for Node<'a> {
    fn from(object: Object<'a>) -> Self {
        Self::Object(object)
    }
}

impl<'a> From<&'a Part> for Node<'a> {
    fn from(part: &'a Part) -> Self {
        Self::Part(part)
    }
}

impl<'a> From<Vec<Self>> for Node<'a> {
    fn from(items: Vec<Self>) -> Self {
        Self::List(items)
    }
}

impl From<Value> for Node<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(truth),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::Text(Cow::Owned(text)),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(Object(
                members
                    .into_iter()
                    .map(|(key, value)| (Key::Other(Cow::Owned(key)), Self::from(value)))
                    .collect(),
            )),
        }
    }
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Object(object) => object.serialize(serializer),
            Self::Part(part) => part.node().serialize(serializer),
        }
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key.as_str(), value)?;
        }
        map.end()
    }
}

impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.root.serialize(serializer)
    }
}
