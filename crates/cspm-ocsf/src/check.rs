//! One event against one schema: attributes, types, captions, constraints and observables.

use cspm_core::clean_text;

use crate::issue::{Code, Issue};
use crate::json::{Json, View};
use crate::moment::LEAST_MILLIS;
use crate::part::{Check, Part};
use crate::path::Path;
use crate::schema::{Attribute, Base, Constraint, Kind, Profiles, Scalar, Schema, Table, Values};
use crate::version::Version;

/// A count of milliseconds from here on (the year 33658) is one of micro- or nanoseconds.
const FINER_THAN_MILLIS: i64 = 1_000_000_000_000_000;

/// The number of "Other" in every enumeration.
pub(crate) const OTHER: i64 = 99;

/// A walk over an event.
pub(crate) struct Checker {
    schema: &'static Schema,
    profiles: Profiles,
    recommended: bool,
    /// What was found so far.
    pub(crate) issues: Vec<Issue>,
}

impl Checker {
    /// Begins with the profiles that the event declares.
    pub(crate) fn new<T: Json>(schema: &'static Schema, event: &T, recommended: bool) -> Self {
        let mut checker = Self { schema, profiles: Profiles::default(), recommended, issues: Vec::new() };
        let declared =
            event.member("metadata").and_then(|metadata| metadata.member("profiles")).map(Json::view);
        let Some(View::List(declared)) = declared else { return checker };
        for (place, name) in
            declared.iter().enumerate().filter_map(|(place, name)| Some((place, name.text()?)))
        {
            match schema.profile(name) {
                Some(profile) => checker.profiles = checker.profiles.with(profile),
                None => checker.issues.push(Issue::new(
                    Code::ProfileUnknown,
                    format!("metadata.profiles[{place}]"),
                    format!("version {} has no profile {}", schema.version, quoted(name)),
                    "leave it out, or name a profile of that version",
                )),
            }
        }
        checker
    }

    fn say(&mut self, code: Code, path: &Path<'_>, message: String, remedy: impl Into<String>) {
        self.issues.push(Issue::new(code, path.to_string(), message, remedy));
    }

    /// Checks an object against its table.
    pub(crate) fn object<T: Json>(&mut self, object: &T, table: &'static Table, path: &Path<'_>) {
        if table.is_open() {
            return;
        }
        let mut required = table.required(self.profiles).count();
        for (name, value) in object.members() {
            let path = Path::Member(path, name);
            match table.attribute(name, self.profiles) {
                Some(attribute) => {
                    required =
                        required.saturating_sub(usize::from(attribute.is_required() && !value.is_null()));
                    match value.part().filter(|_| !self.recommended) {
                        Some(part) => self.part(object, value, part, attribute, &path),
                        None => self.attribute(object, value, attribute, &path),
                    }
                }
                None => self.unknown(table, name, &path),
            }
        }
        if required > 0 || self.recommended {
            self.missing(object, table, path);
        }
        for (constraint, names) in &table.constraints {
            let count = names.iter().filter(|name| object.member(name).is_some()).count();
            let (kept, wanted) = match constraint {
                Constraint::AtLeastOne => (count > 0, "at least one"),
                Constraint::JustOne => (count == 1, "exactly one"),
            };
            if !kept {
                let names = names.join(", ");
                let message = format!("{} has {count} of {names}; it needs {wanted}", table.name);
                self.say(
                    Code::ConstraintFailed,
                    path,
                    message,
                    format!("give {wanted} of {names}, or no such object"),
                );
            }
        }
    }

    fn missing<T: Json>(&mut self, object: &T, table: &'static Table, path: &Path<'_>) {
        let lacks = |attribute: &Attribute| object.member(&attribute.name).is_none_or(Json::is_null);
        for attribute in table.required(self.profiles).filter(|attribute| lacks(attribute)) {
            self.lacking(Code::AttributeRequiredMissing, "required", table, attribute, path);
        }
        if self.recommended {
            for attribute in table.recommended(self.profiles).filter(|attribute| lacks(attribute)) {
                self.lacking(Code::AttributeRecommendedMissing, "recommended", table, attribute, path);
            }
        }
    }

    fn lacking(&mut self, code: Code, need: &str, table: &Table, attribute: &Attribute, path: &Path<'_>) {
        let message = format!("the {need} {} of {} is missing", attribute.name, table.name);
        self.say(code, &Path::Member(path, &attribute.name), message, format!("add {}", attribute.name));
    }

    /// Checks a value that many events have, unless it was found to be valid there.
    fn part<T: Json>(
        &mut self,
        object: &T,
        value: &T,
        part: &Part,
        attribute: &'static Attribute,
        path: &Path<'_>,
    ) {
        let here = Check::of(attribute, self.profiles);
        if part.valid().get() == Some(&here) {
            return;
        }
        let before = self.issues.len();
        self.attribute(object, value, attribute, path);
        if self.issues.len() == before {
            // It may be known to be valid elsewhere already; then it is checked here each time.
            let _ = part.valid().set(here);
        }
    }

    fn attribute<T: Json>(&mut self, object: &T, value: &T, attribute: &'static Attribute, path: &Path<'_>) {
        // Null counts as missing; whether that matters is the business of `missing`.
        if value.is_null() {
            return;
        }
        if attribute.deprecated {
            let message = format!("{} should no longer be used at {}", attribute.name, self.schema.version);
            self.say(Code::AttributeDeprecated, path, message, "use the attribute that replaced it");
        }
        match (attribute.array, value.view()) {
            (false, _) => self.value(value, attribute, path),
            (true, View::List(items)) => {
                for (place, item) in items.iter().enumerate() {
                    self.value(item, attribute, &Path::Item(path, place));
                }
            }
            (true, _) => self.wrong_type(value, attribute, "an array", path),
        }
        match (&attribute.values, value.view()) {
            (None, _) => {}
            (Some(values), View::List(items)) if attribute.array => {
                for (place, item) in items.iter().enumerate().filter(|(_, item)| !is_one_of(values, *item)) {
                    self.unknown_value(
                        Code::AttributeEnumArrayValueUnknown,
                        item,
                        attribute,
                        &Path::Item(path, place),
                    );
                }
            }
            (Some(values), _) if is_one_of(values, value) => self.sibling(object, value, attribute, path),
            // Of the wrong type, which has been said.
            (Some(_), View::List(_)) => {}
            (Some(_), _) => self.unknown_value(Code::AttributeEnumValueUnknown, value, attribute, path),
        }
    }

    fn value<T: Json>(&mut self, value: &T, attribute: &'static Attribute, path: &Path<'_>) {
        match &attribute.kind {
            Kind::Object(_) => match (value.view(), self.schema.object(attribute)) {
                (View::Object, Some(table)) => self.object(value, table, path),
                _ => self.wrong_type(value, attribute, "an object", path),
            },
            Kind::Scalar(scalar) => match (scalar.base, value.view()) {
                (Base::Any, _) | (Base::Boolean, View::Bool) | (Base::Float, View::Float) => {}
                (Base::Integer, View::Integer(number)) => self.number(number, scalar, path),
                (Base::Text, View::Text(text)) => self.text(text, scalar, path),
                (Base::Boolean, _) => self.wrong_type(value, attribute, "true or false", path),
                (Base::Float, _) => self.wrong_type(value, attribute, "a number with a fraction", path),
                (Base::Integer, _) => self.wrong_type(value, attribute, "a whole number of 64 bits", path),
                (Base::Text, _) => self.wrong_type(value, attribute, "a text", path),
            },
        }
    }

    fn number(&mut self, number: i64, scalar: &Scalar, path: &Path<'_>) {
        if let Some((least, most)) = scalar.range.filter(|(least, most)| number < *least || number > *most) {
            let message = format!("{number} is outside {least} to {most}, the range of {}", scalar.name);
            self.say(Code::AttributeValueExceedsRange, path, message, "write a number in that range");
        }
        if scalar.time && !(LEAST_MILLIS..FINER_THAN_MILLIS).contains(&number) {
            let unit = if number < LEAST_MILLIS { "seconds" } else { "micro- or nanoseconds" };
            let message = format!("{number} looks like {unit}");
            self.say(Code::TimeNotMilliseconds, path, message, "write milliseconds since 1970-01-01 UTC");
        }
    }

    fn text(&mut self, text: &str, scalar: &Scalar, path: &Path<'_>) {
        // A text of few bytes has few characters.
        if let Some((most, inherited)) = scalar.max_len.filter(|(most, _)| text.len() > *most) {
            let length = text.chars().count();
            if length > most {
                let code = if inherited {
                    Code::AttributeValueExceedsSuperTypeMaxLen
                } else {
                    Code::AttributeValueExceedsMaxLen
                };
                let message = format!("{length} characters are more than the {most} of {}", scalar.name);
                self.say(code, path, message, "cut it, and keep the whole under unmapped");
            }
        }
        if scalar.format.is_some_and(|format| !format.fits(text)) {
            let message = format!("{} does not have the form of {}", quoted(text), scalar.name);
            self.say(Code::AttributeValueRegexNotMatched, path, message, "write it in that form");
        }
    }

    /// The text beside a number must be its caption; beside 99, the source's own word.
    fn sibling<T: Json>(&mut self, object: &T, value: &T, attribute: &'static Attribute, path: &Path<'_>) {
        let View::Integer(number) = value.view() else { return };
        let (Some(sibling), Some(caption)) = (&attribute.sibling, attribute.caption(number)) else { return };
        let Some(text) = object.member(sibling).and_then(Json::text) else { return };
        let parent = match path {
            Path::Member(parent, _) | Path::Item(parent, _) => parent,
            Path::Root => path,
        };
        let path = Path::Member(parent, sibling);
        match (number == OTHER, text == caption) {
            (true, true) => {
                let message = format!("{sibling} repeats the caption of 99");
                let remedy = "write the source's own word, or leave it out";
                self.say(Code::AttributeEnumSiblingSuspiciousOther, &path, message, remedy);
            }
            (false, false) => {
                let message = format!("{} is not the caption of {} {number}", quoted(text), attribute.name);
                self.say(Code::AttributeEnumSiblingIncorrect, &path, message, format!("write {caption}"));
            }
            _ => {}
        }
    }

    fn unknown_value<T: Json>(
        &mut self,
        code: Code,
        value: &T,
        attribute: &'static Attribute,
        path: &Path<'_>,
    ) {
        let shown = match (value.view(), &attribute.values) {
            (View::Integer(number), Some(Values::Numbers(_))) => number.to_string(),
            (View::Text(text), Some(Values::Words(_))) => quoted(text),
            // Of the wrong type, which has been said.
            _ => return,
        };
        let message = format!("{shown} is no value of {} at {}", attribute.name, self.schema.version);
        let remedy = match attribute.caption(OTHER) {
            Some(_) => "write one of its values, or 99 with the source's own word beside it",
            None => "write one of its values",
        };
        self.say(code, path, message, remedy);
    }

    fn wrong_type<T: Json>(&mut self, value: &T, attribute: &Attribute, wanted: &str, path: &Path<'_>) {
        let found = match value.view() {
            View::Null => "null",
            View::Bool => "true or false",
            View::Integer(_) => "a whole number",
            View::Float => "a number with a fraction or of more than 64 bits",
            View::Text(_) => "a text",
            View::List(_) => "an array",
            View::Object => "an object",
        };
        let message = format!("{} is {found}", attribute.name);
        self.say(Code::AttributeWrongType, path, message, format!("write {wanted}"));
    }

    fn unknown(&mut self, table: &'static Table, name: &str, path: &Path<'_>) {
        let message = format!("{} has no {} at {}", table.name, quoted(name), self.schema.version);
        let remedy = match table.attribute_of_any_profile(name).and_then(|attribute| attribute.profile) {
            Some(profile) => {
                format!("declare the profile {} in metadata.profiles", self.schema.profile_name(profile))
            }
            None => match since(self.schema.version, &table.name, name) {
                Some(version) => {
                    format!("it exists since {version}; follow that version, or move it under unmapped")
                }
                None => "move it under unmapped".to_owned(),
            },
        };
        self.say(Code::AttributeUnknown, path, message, remedy);
    }

    /// Checks that every observable's name leads to an attribute.
    pub(crate) fn observables<T: Json>(&mut self, event: &T) {
        let Some(View::List(observables)) = event.member("observables").map(Json::view) else { return };
        for (place, observable) in observables.iter().enumerate() {
            let Some(name) = observable.member("name").and_then(Json::text) else { continue };
            if !leads_somewhere(self.schema, self.profiles, name) {
                self.issues.push(Issue::new(
                    Code::ObservableNameInvalidReference,
                    format!("observables[{place}].name"),
                    format!("{} leads to no attribute of the event", quoted(name)),
                    "write the path of an attribute, for example resources[0].uid",
                ));
            }
        }
    }
}

/// Whether a path such as `resources[0].uid`, `resources[].uid` or `resources.uid` names an attribute of the class.
pub(crate) fn leads_somewhere(schema: &'static Schema, profiles: Profiles, name: &str) -> bool {
    let mut table = Some(schema.class());
    for step in name.split('.') {
        let step = step.split_once('[').map_or(step, |(step, _)| step);
        let Some(attribute) = table.and_then(|table| table.attribute(step, profiles)) else { return false };
        table = schema.object(attribute);
    }
    true
}

/// Whether a value is one of an enumeration's.
pub(crate) fn is_one_of<T: Json>(values: &Values, value: &T) -> bool {
    match (values, value.view()) {
        (Values::Numbers(numbers), View::Integer(number)) => {
            numbers.binary_search_by_key(&number, |(number, _)| *number).is_ok()
        }
        (Values::Words(words), View::Text(text)) => words.iter().any(|word| &**word == text),
        _ => false,
    }
}

/// The first version after `version` whose table has the attribute.
fn since(version: Version, table: &str, attribute: &str) -> Option<Version> {
    Version::ALL.into_iter().filter(|later| *later > version).find(|later| {
        Schema::of(*later)
            .table(table)
            .is_some_and(|table| table.attribute_of_any_profile(attribute).is_some())
    })
}

fn quoted(text: &str) -> String {
    format!("`{}`", clean_text(text, 60))
}
