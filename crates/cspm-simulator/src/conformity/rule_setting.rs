//! A rule setting: how an account or a profile tunes one rule (section 6).

use serde_json::{Map, Value, json};

use super::catalogue::{Catalogue, Rule};
use super::errors::Refusal;
use super::world::RISK_LEVELS;

/// How a rule is tuned.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSetting {
    /// The rule's id.
    pub id: String,
    /// Whether it runs.
    pub enabled: bool,
    /// The risk level; missing where it cannot be configured.
    pub risk_level: Option<String>,
    /// The cloud, if it was said.
    pub provider: Option<String>,
    /// What is excepted.
    pub exceptions: Option<Exceptions>,
    /// The extra settings as they go on the wire (section 6.1).
    pub extra_settings: Option<Vec<Value>>,
    /// What `ruleExists` echoes.
    pub rule_exists: Option<bool>,
}

/// What a rule does not look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exceptions {
    /// Resources by id.
    pub resources: Vec<String>,
    /// Tags: a key, a value or `key::value`.
    pub tags: Vec<String>,
    /// Parts of tags.
    pub filter_tags: Vec<String>,
}

/// How exceptions without entries are read back: `null` from an account, an empty array from a profile (section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EmptyAs {
    Null,
    Array,
}

impl Exceptions {
    fn wire(&self, empty: EmptyAs) -> Value {
        let list = |entries: &[String]| match empty {
            EmptyAs::Null if entries.is_empty() => Value::Null,
            _ => json!(entries),
        };
        json!({
            "resources": list(&self.resources),
            "tags": list(&self.tags),
            "filterTags": list(&self.filter_tags),
        })
    }
}

impl RuleSetting {
    /// A setting with nothing but its switch and, if any, its risk level.
    #[must_use]
    pub fn new(id: &str, enabled: bool, risk_level: Option<&str>) -> Self {
        Self {
            id: id.into(),
            enabled,
            risk_level: risk_level.map(Into::into),
            provider: None,
            exceptions: None,
            extra_settings: None,
            rule_exists: None,
        }
    }

    /// What runs when nothing is configured.
    pub(super) fn default_of(rule: &Rule) -> Self {
        Self {
            provider: Some(rule.provider.as_str().into()),
            extra_settings: (!rule.settings.is_empty()).then(|| rule.settings.clone()),
            rule_exists: Some(true),
            ..Self::new(&rule.id, true, (!rule.multi_risk_level).then_some(&*rule.risk_level))
        }
    }

    /// The fields beside the id.
    pub(super) fn attributes(&self, empty: EmptyAs) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("enabled".into(), json!(self.enabled));
        let exceptions = self.exceptions.as_ref().map(|exceptions| exceptions.wire(empty));
        for (name, value) in [
            ("riskLevel", self.risk_level.as_ref().map(|level| json!(level))),
            ("provider", self.provider.as_ref().map(|provider| json!(provider))),
            ("exceptions", exceptions),
            ("extraSettings", self.extra_settings.as_ref().map(|settings| json!(settings))),
            ("ruleExists", self.rule_exists.map(|exists| json!(exists))),
        ] {
            if let Some(value) = value {
                fields.insert(name.into(), value);
            }
        }
        fields
    }

    /// Reads and checks the fields of a setting for a rule.
    ///
    /// What reads contain and writes refuse: `configured`, extra settings that are hidden or read-only or have an empty
    /// value, any of a rule that is switched off, the risk level of a rule with several.
    ///
    /// # Errors
    /// 422 with the reason.
    pub(super) fn read(fields: &Map<String, Value>, rule: &Rule, pointer: &str) -> Result<Self, Refusal> {
        let refuse = |details: String| Err(Refusal::invalid(pointer, details));
        const KNOWN: [&str; 7] =
            ["id", "enabled", "riskLevel", "provider", "exceptions", "extraSettings", "ruleExists"];
        if let Some(unknown) = fields.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return refuse(format!("`{unknown}` is not a known property"));
        }
        let Some(enabled) = fields.get("enabled").and_then(Value::as_bool) else {
            return refuse("`enabled` is required and must be a boolean".into());
        };
        let risk_level = fields.get("riskLevel").filter(|level| !level.is_null());
        let risk_level = match (rule.multi_risk_level, risk_level) {
            (true, None) => None,
            (true, Some(_)) => return refuse("`riskLevel` is not configurable".into()),
            (false, level) => match level.and_then(Value::as_str) {
                Some(level) if RISK_LEVELS.contains(&level) => Some(level.to_owned()),
                _ => return refuse(format!("`riskLevel` must be one of {}", RISK_LEVELS.join(", "))),
            },
        };
        let provider = match fields.get("provider") {
            None | Some(Value::Null) => None,
            Some(Value::String(provider)) if provider.eq_ignore_ascii_case(rule.provider.as_str()) => {
                Some(provider.clone())
            }
            Some(_) => return refuse("`provider` does not match the rule".into()),
        };
        Ok(Self {
            id: rule.id.to_string(),
            enabled,
            risk_level,
            provider,
            exceptions: read_exceptions(fields.get("exceptions"), rule, pointer)?,
            extra_settings: read_extra_settings(fields.get("extraSettings"), enabled, rule, pointer)?,
            rule_exists: fields.get("ruleExists").and_then(Value::as_bool),
        })
    }
}

/// The rule that a setting names.
///
/// # Errors
/// 422 if there is none.
pub(super) fn rule_named<'a>(catalogue: &'a Catalogue, id: &str, pointer: &str) -> Result<&'a Rule, Refusal> {
    catalogue.rule(id).ok_or_else(|| Refusal::invalid(pointer, format!("Rule {id} does not exist")))
}

fn read_exceptions(value: Option<&Value>, rule: &Rule, pointer: &str) -> Result<Option<Exceptions>, Refusal> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    if !rule.takes_exceptions() {
        return Err(Refusal::invalid(pointer, "`exceptions` is not configurable"));
    }
    let fields =
        value.as_object().ok_or_else(|| Refusal::invalid(pointer, "`exceptions` must be an object"))?;
    let mut exceptions = Exceptions::default();
    for (name, value) in fields {
        let entries = match name.as_str() {
            "resources" => &mut exceptions.resources,
            "tags" => &mut exceptions.tags,
            "filterTags" => &mut exceptions.filter_tags,
            _ => {
                return Err(Refusal::invalid(
                    pointer,
                    format!("`exceptions.{name}` is not a known property"),
                ));
            }
        };
        if !value.is_null() {
            *entries = strings(value).ok_or_else(|| {
                Refusal::invalid(pointer, format!("`exceptions.{name}` must be an array of strings"))
            })?;
        }
    }
    Ok(Some(exceptions))
}

/// The strings of an array, if it is one of strings only.
pub(super) fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|entry| entry.as_str().map(str::to_owned)).collect()
}

fn read_extra_settings(
    value: Option<&Value>,
    enabled: bool,
    rule: &Rule,
    pointer: &str,
) -> Result<Option<Vec<Value>>, Refusal> {
    let refuse = |details: String| Err(Refusal::invalid(pointer, details));
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let Some(settings) = value.as_array() else {
        return refuse("`extraSettings` must be an array".into());
    };
    if settings.is_empty() {
        return Ok(None);
    }
    if rule.settings.is_empty() {
        return refuse("`extraSettings` is not configurable".into());
    }
    if !enabled {
        return refuse("`extraSettings` is not allowed for a disabled rule".into());
    }
    for setting in settings {
        let Some(name) = setting.get("name").and_then(Value::as_str) else {
            return refuse("`extraSettings.name` is required".into());
        };
        let Some(known) = rule.setting(name) else {
            return refuse(format!("Extra setting `{name}` is not a setting of {}", rule.id));
        };
        if let Some(reason) = why_not(setting, known) {
            return refuse(format!("Extra setting `{name}` {reason}"));
        }
    }
    Ok(Some(settings.clone()))
}

/// What is wrong with an extra setting, measured by the catalogue's.
fn why_not(setting: &Value, known: &Value) -> Option<&'static str> {
    for flag in ["readOnly", "hidden"] {
        if [setting, known].iter().any(|it| it.get(flag).and_then(Value::as_bool) == Some(true)) {
            return Some("is not editable");
        }
    }
    let kind = known.get("type").and_then(Value::as_str).unwrap_or_default();
    // Stored settings of this one type may lack it (section 6.1).
    let may_lack_type = kind == "choice-multiple-value";
    match setting.get("type").and_then(Value::as_str) {
        Some(given) if given != kind => return Some("has another type"),
        None if !may_lack_type => return Some("lacks its type"),
        _ => {}
    }
    match setting.get("values") {
        None | Some(Value::Null) => {}
        Some(Value::Array(values)) if values.iter().any(is_empty) => return Some("has an empty value"),
        Some(Value::Array(_)) => {}
        Some(_) => return Some("must have an array of values"),
    }
    if matches!(kind, "single-number-value" | "ttl") && !setting.get("value").is_some_and(is_numeric) {
        return Some("must be a number");
    }
    None
}

/// A number, or a text that is one.
fn is_numeric(value: &Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|text| text.parse::<f64>().is_ok())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty() || fields.get("value").is_some_and(is_empty),
        _ => false,
    }
}
