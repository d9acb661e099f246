//! One rule's setting, between the vendor's form and ours: one place for profiles (section 7) and accounts (section 6).
//!
//! What the vendor sends and this version does not understand, an attribute that is new or one of another shape, passes
//! through unchanged in [`RuleSetting::extra`] under the vendor's name.

use std::collections::BTreeMap;

use cspm_core::{Exceptions, RawValue, Result, RuleSetting, RuleSettings, Verbatim};
use serde::Serialize;
use serde_json::Value;

use crate::lenient::Flag;
use crate::rule_book::{RuleBook, Terms};
use crate::wire;

/// Attributes that the vendor shows and nobody writes: whether the setting was ever made, and whether the rule exists.
const SHOWN_ONLY: [&str; 2] = ["configured", "ruleExists"];

/// The members of a setting as they are written, beside the rule's id.
pub(crate) type Written = BTreeMap<String, Verbatim>;

/// Reads a setting's members, an account's `id` among them or not.
pub(crate) fn read(members: &wire::Members<'_>) -> Result<RuleSetting> {
    let mut setting = RuleSetting::default();
    for (name, raw) in members {
        let is_said = raw.get() != "null" && name != "id" && !SHOWN_ONLY.contains(&name.as_str());
        if is_said && !place(&mut setting, name, raw) {
            setting.extra.insert(name.clone(), Verbatim::parse(raw.get())?);
        }
    }
    Ok(setting)
}

/// Puts a member where it belongs; false if it has no place, or not in this shape.
fn place(setting: &mut RuleSetting, name: &str, raw: &RawValue) -> bool {
    fn put<T>(place: &mut T, value: Option<T>) -> bool {
        value.map(|value| *place = value).is_some()
    }
    match name {
        "enabled" => put(&mut setting.enabled, parsed::<Flag>(raw).and_then(|flag| flag.0).map(Some)),
        "riskLevel" => put(&mut setting.severity, parsed(raw).map(Some)),
        "provider" => put(&mut setting.provider, parsed(raw).map(Some)),
        "exceptions" => put(&mut setting.exceptions, exceptions(raw)),
        "extraSettings" => put(&mut setting.settings, parsed(raw)),
        _ => false,
    }
}

fn parsed<'a, T: serde::Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// An object of lists, each of which may be null or absent; an empty list is none at all.
fn exceptions(raw: &RawValue) -> Option<Exceptions> {
    if let Some([]) = parsed::<Vec<Value>>(raw).as_deref() {
        return Some(Exceptions::default());
    }
    let mut exceptions = Exceptions::default();
    for (name, names) in parsed::<BTreeMap<String, Option<Vec<String>>>>(raw)? {
        let place = match name.as_str() {
            "resources" => &mut exceptions.resources,
            "tags" => &mut exceptions.tags,
            "filterTags" => &mut exceptions.filter_tags,
            _ => return None,
        };
        *place = names.unwrap_or_default();
    }
    Some(exceptions)
}

/// Leaves out of a setting what reads contain and writes refuse (section 6), and says what that was.
pub(crate) fn clean(setting: &mut RuleSetting, terms: Option<&Terms>) -> Vec<String> {
    let mut left_out = Vec::new();
    if terms.is_some_and(|terms| terms.has_many_levels) && setting.severity.take().is_some() {
        left_out.push("its severity, which the vendor sets for each finding".to_owned());
    }
    if setting.enabled == Some(false) && !setting.settings.is_empty() {
        setting.settings.clear();
        left_out.push("its settings, since it is disabled".to_owned());
    }
    setting.settings.retain(|extra| {
        let (name, reason) = why_not(extra, terms);
        left_out.extend(reason.map(|reason| format!("its setting \"{name}\", which {reason}")));
        reason.is_none()
    });
    left_out
}

/// An extra setting's name, and why it cannot be written, if it cannot.
fn why_not(extra: &Verbatim, terms: Option<&Terms>) -> (String, Option<&'static str>) {
    let flags: wire::ExtraSetting<'_> = cspm_core::adapter::object(extra.as_json()).unwrap_or_default();
    let name = flags.name.owned().unwrap_or_default();
    let is_locked = flags.is_locked() || terms.is_some_and(|terms| terms.locked.contains(&name));
    let values = extra.value();
    let values = values.get("values").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let reason = match is_locked {
        true => Some("the vendor lets nobody write"),
        false => values.iter().any(is_empty).then_some("has an empty value"),
    };
    (name, reason)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty() || fields.get("value").is_some_and(is_empty),
        _ => false,
    }
}

/// Cleans every setting; what a person sees is what can be written.
pub(crate) fn clean_all(rules: &mut RuleSettings, book: &RuleBook) {
    for (rule, setting) in rules {
        clean(setting, book.of(rule));
    }
}

/// A setting's members as the vendor takes them. Exceptions and extra settings that are empty are left out: rules that
/// cannot have any refuse even empty ones (section 6). The provider, which goes with the rule, comes from the catalogue
/// where the setting leaves it out.
///
/// # Errors
/// None that can happen; see [`Verbatim::of`].
pub(crate) fn written(rule: &str, setting: &RuleSetting, book: &RuleBook) -> Result<Written> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Names<'a> {
        resources: &'a [String],
        tags: &'a [String],
        filter_tags: &'a [String],
    }
    let terms = book.of(rule);
    let mut setting = setting.clone();
    clean(&mut setting, terms);
    let RuleSetting { enabled, severity, provider, exceptions, settings, mut extra } = setting;
    let mut put = |name: &str, value: Verbatim| extra.insert(name.to_owned(), value);
    if let Some(enabled) = enabled {
        put("enabled", Verbatim::of(&enabled)?);
    }
    if let Some(level) = severity {
        put("riskLevel", Verbatim::of(&level)?);
    }
    if let Some(provider) = provider.or_else(|| terms.and_then(|terms| terms.provider.clone())) {
        put("provider", Verbatim::of(&provider)?);
    }
    if !exceptions.is_empty() {
        let Exceptions { resources, tags, filter_tags } = &exceptions;
        put("exceptions", Verbatim::of(&Names { resources, tags, filter_tags })?);
    }
    if !settings.is_empty() {
        put("extraSettings", Verbatim::of(&settings)?);
    }
    Ok(extra)
}
