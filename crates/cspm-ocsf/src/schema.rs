//! The schema as tables: the class 2003 and every object it reaches, one table a version, loaded when first used.
//!
//! The tables in `schema/` hold facts only (names, types, numbers, captions), compiled from the public schema
//! repository at the tags of the versions.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::format::Format;
use crate::version::Version;

/// One version of the schema.
pub(crate) struct Schema {
    /// Which one.
    pub(crate) version: Version,
    profiles: Vec<Box<str>>,
    class: Table,
    objects: Vec<Table>,
}

/// The attributes of the class or of an object. Without any, everything is allowed in it.
pub(crate) struct Table {
    /// `compliance_finding`, or the object's name.
    pub(crate) name: Box<str>,
    /// Shortest names first.
    attributes: Vec<Attribute>,
    /// Where the names of each length begin among them, one more than the longest has.
    by_length: Vec<usize>,
    /// Constraints, each with the names it is about.
    pub(crate) constraints: Vec<(Constraint, Vec<Box<str>>)>,
    /// The required attributes' places.
    required: Vec<usize>,
    /// The recommended attributes' places.
    recommended: Vec<usize>,
}

/// How many of some attributes an object must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Constraint {
    AtLeastOne,
    JustOne,
}

/// One attribute.
pub(crate) struct Attribute {
    pub(crate) name: Box<str>,
    /// [`mark`] of its name.
    mark: u64,
    pub(crate) kind: Kind,
    need: Need,
    pub(crate) array: bool,
    pub(crate) deprecated: bool,
    /// The profile that brings it.
    pub(crate) profile: Option<Profiles>,
    /// The values it may have; `None`: any.
    pub(crate) values: Option<Values>,
    /// The attribute that carries the caption of its number.
    pub(crate) sibling: Option<Box<str>>,
}

/// How much an attribute is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Need {
    #[serde(rename = "req")]
    Required,
    #[serde(rename = "rec")]
    Recommended,
    #[serde(rename = "opt")]
    Optional,
}

/// What an attribute's value is.
pub(crate) enum Kind {
    /// An object, by its place in the schema.
    Object(usize),
    /// A simple value.
    Scalar(Scalar),
}

/// A type of simple values.
#[derive(Clone)]
pub(crate) struct Scalar {
    pub(crate) name: Box<str>,
    pub(crate) base: Base,
    /// The longest text, in characters, and whether a super-type says so.
    pub(crate) max_len: Option<(usize, bool)>,
    pub(crate) range: Option<(i64, i64)>,
    pub(crate) format: Option<Format>,
    /// Whether it is a count of milliseconds since 1970.
    pub(crate) time: bool,
}

/// What JSON value a simple type takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Boolean,
    Float,
    Integer,
    Text,
    Any,
}

/// The values of an enumeration with their captions.
pub(crate) enum Values {
    Numbers(Vec<(i64, Box<str>)>),
    Words(Vec<Box<str>>),
}

/// A set of profiles, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Profiles(u32);

impl Profiles {
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn holds(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl Schema {
    /// The tables of a version. The first call for a version takes a millisecond or two.
    pub(crate) fn of(version: Version) -> &'static Self {
        static LOADED: [OnceLock<Schema>; 8] = [const { OnceLock::new() }; 8];
        let place = Version::ALL.iter().position(|known| *known == version).unwrap_or(0);
        match LOADED.get(place) {
            Some(slot) => slot.get_or_init(|| Self::load(version)),
            None => Self::of(Version::NEWEST),
        }
    }

    /// The class Compliance Finding.
    pub(crate) const fn class(&self) -> &Table {
        &self.class
    }

    /// The object of an attribute whose values are objects.
    pub(crate) fn object(&self, attribute: &Attribute) -> Option<&Table> {
        match attribute.kind {
            Kind::Object(place) => self.objects.get(place),
            Kind::Scalar(_) => None,
        }
    }

    /// The table of that name.
    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        std::iter::once(&self.class).chain(&self.objects).find(|table| &*table.name == name)
    }

    /// The profile of that name as a set of one.
    pub(crate) fn profile(&self, name: &str) -> Option<Profiles> {
        self.profiles.iter().position(|known| &**known == name).map(|place| Profiles(1 << place))
    }

    /// The name of the profile an attribute belongs to.
    pub(crate) fn profile_name(&self, profile: Profiles) -> &str {
        let place = usize::try_from(profile.0.trailing_zeros()).unwrap_or(usize::MAX);
        self.profiles.get(place).map_or("", AsRef::as_ref)
    }

    fn load(version: Version) -> Self {
        let text = match version {
            Version::V1_1 => include_str!("../schema/1.1.0.json"),
            Version::V1_2 => include_str!("../schema/1.2.0.json"),
            Version::V1_3 => include_str!("../schema/1.3.0.json"),
            Version::V1_4 => include_str!("../schema/1.4.0.json"),
            Version::V1_5 => include_str!("../schema/1.5.0.json"),
            Version::V1_6 => include_str!("../schema/1.6.0.json"),
            Version::V1_7 => include_str!("../schema/1.7.0.json"),
            Version::V1_8 => include_str!("../schema/1.8.0.json"),
        };
        // The files are part of the program; a test reads every one of them.
        let file: File = serde_json::from_str(text).unwrap_or_default();
        file.into_schema(version)
    }
}

impl Table {
    /// Whether anything may be in it.
    pub(crate) fn is_open(&self) -> bool {
        self.attributes.is_empty()
    }

    /// The attribute of that name, if no profile brings it or one of `active` does.
    pub(crate) fn attribute(&self, name: &str, active: Profiles) -> Option<&Attribute> {
        self.attribute_of_any_profile(name).filter(|attribute| attribute.is_active(active))
    }

    /// The attribute of that name, whichever profile brings it.
    pub(crate) fn attribute_of_any_profile(&self, name: &str) -> Option<&Attribute> {
        let (from, to) = (*self.by_length.get(name.len())?, *self.by_length.get(name.len() + 1)?);
        let mark = mark(name);
        let alike = self.attributes.get(from..to)?.iter().filter(|attribute| attribute.mark == mark);
        alike.into_iter().find(|attribute| &*attribute.name == name)
    }

    /// The required attributes.
    pub(crate) fn required(&self, active: Profiles) -> impl Iterator<Item = &Attribute> {
        self.active(&self.required, active)
    }

    /// The recommended attributes.
    pub(crate) fn recommended(&self, active: Profiles) -> impl Iterator<Item = &Attribute> {
        self.active(&self.recommended, active)
    }

    fn active(&self, places: &[usize], active: Profiles) -> impl Iterator<Item = &Attribute> {
        let attributes = places.iter().filter_map(|place| self.attributes.get(*place));
        attributes.filter(move |attribute| attribute.is_active(active))
    }
}

/// A number that names of the same length mostly differ in, so that comparing numbers is nearly all it takes to find one:
/// its last eight bytes.
fn mark(name: &str) -> u64 {
    match name.as_bytes().last_chunk() {
        Some(last) => u64::from_le_bytes(*last),
        None => name.bytes().fold(0, |mark, byte| mark << 8 | u64::from(byte)),
    }
}

impl Attribute {
    /// Whether every object must have it.
    pub(crate) fn is_required(&self) -> bool {
        self.need == Need::Required
    }

    fn is_active(&self, active: Profiles) -> bool {
        self.profile.is_none_or(|profile| active.holds(profile))
    }

    /// The caption of a number; `None` if the number is not one of the attribute's values.
    pub(crate) fn caption(&self, number: i64) -> Option<&str> {
        match &self.values {
            Some(Values::Numbers(values)) => {
                let place = values.binary_search_by_key(&number, |(value, _)| *value).ok()?;
                values.get(place).map(|(_, caption)| &**caption)
            }
            _ => None,
        }
    }
}

/// A file of `schema/`, as it is written.
#[derive(Deserialize, Default)]
struct File {
    class: RawTable,
    objects: BTreeMap<Box<str>, RawTable>,
    profiles: Vec<Box<str>>,
    types: BTreeMap<Box<str>, RawType>,
}

#[derive(Deserialize, Default)]
struct RawTable {
    attrs: BTreeMap<Box<str>, RawAttribute>,
    #[serde(default)]
    cons: BTreeMap<Box<str>, Vec<Box<str>>>,
}

#[derive(Deserialize)]
struct RawAttribute {
    t: Box<str>,
    r: Need,
    #[serde(default)]
    a: u8,
    #[serde(default)]
    d: u8,
    e: Option<BTreeMap<Box<str>, Box<str>>>,
    s: Option<Box<str>>,
    p: Option<Box<str>>,
}

#[derive(Deserialize, Default)]
struct RawType {
    r#type: Option<Box<str>>,
    max_len: Option<usize>,
    range: Option<(i64, i64)>,
    regex: Option<Box<str>>,
}

impl File {
    fn into_schema(self, version: Version) -> Schema {
        let class = self.table("compliance_finding".into(), &self.class);
        let tables = self.objects.iter().map(|(name, raw)| self.table(name.clone(), raw)).collect();
        Schema { version, class, objects: tables, profiles: self.profiles }
    }

    fn table(&self, name: Box<str>, raw: &RawTable) -> Table {
        let mut attributes: Vec<Attribute> =
            raw.attrs.iter().map(|(name, raw)| self.attribute(name.clone(), raw)).collect();
        attributes.sort_by_key(|attribute| attribute.name.len());
        let longest = attributes.last().map_or(0, |attribute| attribute.name.len());
        let by_length = (0..=longest + 1)
            .map(|length| attributes.partition_point(|attribute| attribute.name.len() < length))
            .collect();
        let places = |need: Need| {
            let needed = attributes.iter().enumerate().filter(|(_, attribute)| attribute.need == need);
            needed.map(|(place, _)| place).collect()
        };
        let (required, recommended) = (places(Need::Required), places(Need::Recommended));
        let constraints = raw.cons.iter().filter_map(|(name, names)| {
            let constraint = match &**name {
                "at_least_one" => Constraint::AtLeastOne,
                "just_one" => Constraint::JustOne,
                _ => return None,
            };
            Some((constraint, names.clone()))
        });
        let constraints = constraints.collect();
        Table { name, by_length, required, recommended, constraints, attributes }
    }

    fn attribute(&self, name: Box<str>, raw: &RawAttribute) -> Attribute {
        let kind = match self.objects.keys().position(|object| *object == raw.t) {
            Some(place) if !self.types.contains_key(&raw.t) => Kind::Object(place),
            _ => Kind::Scalar(self.scalar(&raw.t)),
        };
        let values = raw.e.as_ref().map(|values| {
            let mut numbers: Vec<(i64, Box<str>)> = Vec::with_capacity(values.len());
            for (value, caption) in values {
                match value.parse() {
                    Ok(number) => numbers.push((number, caption.clone())),
                    Err(_) => return Values::Words(values.keys().cloned().collect()),
                }
            }
            numbers.sort_by_key(|(number, _)| *number);
            Values::Numbers(numbers)
        });
        let profile = raw.p.as_ref().and_then(|name| self.profiles.iter().position(|known| known == name));
        Attribute {
            mark: mark(&name),
            name,
            kind,
            need: raw.r,
            array: raw.a == 1,
            deprecated: raw.d == 1,
            profile: profile.map(|place| Profiles(1 << place)),
            values,
            sibling: raw.s.clone(),
        }
    }

    fn scalar(&self, name: &str) -> Scalar {
        let own = self.types.get(name);
        let parent = own.and_then(|own| own.r#type.as_deref());
        let base = match parent.unwrap_or(name) {
            "boolean_t" => Base::Boolean,
            "float_t" => Base::Float,
            "integer_t" | "long_t" => Base::Integer,
            "string_t" => Base::Text,
            _ => Base::Any,
        };
        let inherited = parent.and_then(|parent| self.types.get(parent));
        let max_len = own
            .and_then(|own| own.max_len.map(|max| (max, false)))
            .or_else(|| inherited.and_then(|parent| parent.max_len.map(|max| (max, true))));
        let range = own.and_then(|own| own.range).or_else(|| inherited.and_then(|parent| parent.range));
        let format = own.and_then(|own| own.regex.as_deref()).and_then(|regex| Format::of(name, regex));
        Scalar { name: name.into(), base, max_len, range, format, time: name == "timestamp_t" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_loads_whole() {
        for (version, objects) in Version::ALL.into_iter().zip([50, 52, 69, 105, 121, 123, 124, 126]) {
            let schema = Schema::of(version);
            assert_eq!(schema.objects.len(), objects, "{version}");
            assert_eq!(schema.version, version);
            let status = schema.class().attribute("status_id", Profiles::default()).unwrap();
            assert_eq!(status.caption(3), Some("Suppressed"));
            assert_eq!(status.caption(5).is_some(), version >= Version::V1_4);
            assert_eq!(status.caption(6).is_some(), version >= Version::V1_6);
        }
    }

    #[test]
    fn profiles_bring_their_attributes() {
        let schema = Schema::of(Version::NEWEST);
        assert!(schema.class().attribute("cloud", Profiles::default()).is_none());
        let cloud = schema.profile("cloud").unwrap();
        assert!(schema.class().required(cloud).any(|attribute| &*attribute.name == "cloud"));
        assert_eq!(schema.profile_name(cloud), "cloud");
    }

    #[test]
    fn every_checked_text_format_is_known() {
        for version in Version::ALL {
            for table in std::iter::once(&Schema::of(version).class).chain(&Schema::of(version).objects) {
                for attribute in &table.attributes {
                    if let Kind::Scalar(scalar) = &attribute.kind {
                        assert!(scalar.base != Base::Any || &*scalar.name == "json_t", "{}", scalar.name);
                    }
                }
            }
        }
    }
}
