//! The rule settings of an account (section 6).

use serde_json::{Map, Value, json};

use super::Call;
use super::check::Note;
use super::errors::{Answer, Refusal, ok};
use super::rule_setting::{EmptyAs, RuleSetting, rule_named};
use super::world::{Account, World};

const POINTER: &str = "/data/attributes/ruleSettings";

/// `GET /accounts/{id}/settings/rules`: 404 if none was ever configured and defaults were not asked for.
pub(super) fn list(call: &Call<'_>, world: &World, id: &str) -> Answer {
    let account = call.user.may_read(world, id)?;
    let with_defaults = call.query.flag("includeDefaults")?.unwrap_or(false);
    if account.rules.is_empty() && !with_defaults {
        return Err(Refusal::NotFound);
    }
    let mut rules = configured(account);
    if with_defaults {
        let provider = account.cloud.provider();
        rules.extend(
            world
                .catalogue
                .rules
                .iter()
                .filter(|rule| rule.provider == provider && !account.rules.contains_key(&*rule.id))
                .map(|rule| wire(&RuleSetting::default_of(rule), false)),
        );
    }
    ok(&envelope(world, account, &rules, deprecation(world, account)))
}

/// `GET /accounts/{id}/settings/rules/{ruleId}`: 404 if it was never configured.
pub(super) fn get(call: &Call<'_>, world: &World, id: &str, rule: &str) -> Answer {
    let account = call.user.may_read(world, id)?;
    let setting = account.rules.get(rule).ok_or(Refusal::NotFound)?;
    let mut meta = if is_deprecated(world, setting) { deprecation(world, account) } else { Map::new() };
    if call.query.flag("notes")?.unwrap_or(false) {
        let notes = account.rule_notes.get(rule).map(Vec::as_slice).unwrap_or_default();
        let notes: Vec<Value> = notes
            .iter()
            .rev()
            .map(|note| json!({"createdBy": note.by, "createdDate": note.at, "note": note.text}))
            .collect();
        // Where there is a deprecation block, the notes move into it.
        match meta.get_mut("deprecation").and_then(Value::as_object_mut) {
            Some(deprecation) => deprecation.insert("notes".into(), json!(notes)),
            None => meta.insert("notes".into(), json!(notes)),
        };
    }
    ok(&envelope(world, account, &[wire(setting, true)], meta))
}

/// `PATCH /accounts/{id}/settings/rules`: settings not named stay.
pub(super) fn patch_all(call: &Call<'_>, world: &mut World, id: &str) -> Answer {
    let attributes = call.attributes()?;
    let settings = attributes
        .get("ruleSettings")
        .and_then(Value::as_array)
        .ok_or_else(|| Refusal::invalid(POINTER, "ruleSettings is required"))?;
    store(call, world, id, &attributes, settings, None)
}

/// `PATCH /accounts/{id}/settings/rules/{ruleId}`
pub(super) fn patch_one(call: &Call<'_>, world: &mut World, id: &str, rule: &str) -> Answer {
    let attributes = call.attributes()?;
    let setting = attributes
        .get("ruleSetting")
        .ok_or_else(|| Refusal::invalid("/data/attributes/ruleSetting", "ruleSetting is required"))?;
    store(call, world, id, &attributes, std::slice::from_ref(setting), Some(rule))
}

/// Stores the settings, all or none, each as a whole; answers with everything that is configured.
fn store(
    call: &Call<'_>,
    world: &mut World,
    id: &str,
    attributes: &Map<String, Value>,
    settings: &[Value],
    only: Option<&str>,
) -> Answer {
    let account = call.user.may_write(world, id)?;
    let note = match attributes.get("note") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => return Err(Refusal::invalid("/data/attributes/note", "note must be a string")),
    };
    let settings =
        settings.iter().map(|setting| read(world, account, setting, only)).collect::<Result<Vec<_>, _>>()?;
    if let Some(account) = world.account_mut(id) {
        for setting in settings {
            if let Some(text) = &note {
                let note = Note { by: call.user.id.clone(), at: call.now, text: text.clone() };
                account.rule_notes.entry(setting.id.clone()).or_default().push(note);
            }
            account.rules.insert(setting.id.clone(), setting);
        }
    }
    let account = call.user.may_read(world, id)?;
    ok(&envelope(world, account, &configured(account), deprecation(world, account)))
}

fn read(
    world: &World,
    account: &Account,
    setting: &Value,
    only: Option<&str>,
) -> Result<RuleSetting, Refusal> {
    let refuse = |details: String| Err(Refusal::invalid(POINTER, details));
    let Some(fields) = setting.as_object() else { return refuse("A rule setting must be an object".into()) };
    let id = match (fields.get("id").and_then(Value::as_str), only) {
        (Some(id), Some(only)) if id != only => return refuse(format!("Rule {id} is not {only}")),
        (Some(id), _) => id,
        (None, Some(only)) => only,
        (None, None) => return refuse("`id` is required".into()),
    };
    let rule = rule_named(&world.catalogue, id, POINTER)?;
    if rule.organisational {
        return refuse(format!("Rule {id} is an organisation setting"));
    }
    if rule.package == "rtm" && !account.real_time || rule.package == "cost" && !account.cost_package {
        return refuse(format!("Rule {id} is not in a package of the account's subscription"));
    }
    if rule.provider != account.cloud.provider() {
        return refuse(format!("Rule {id} is for another provider"));
    }
    RuleSetting::read(fields, rule, POINTER)
}

fn wire(setting: &RuleSetting, is_configured: bool) -> Value {
    let mut fields = setting.attributes(EmptyAs::Null);
    fields.insert("id".into(), json!(setting.id));
    fields.insert("configured".into(), json!(is_configured));
    Value::Object(fields)
}

/// Every configured rule of an account.
pub(super) fn configured(account: &Account) -> Vec<Value> {
    account.rules.values().map(|setting| wire(setting, true)).collect()
}

fn is_deprecated(world: &World, setting: &RuleSetting) -> bool {
    setting.enabled && world.catalogue.rule(&setting.id).is_some_and(|rule| rule.deprecated)
}

/// The warning about deprecated rules that are configured and not disabled: with the settings, not their ids.
pub(super) fn deprecation(world: &World, account: &Account) -> Map<String, Value> {
    let rules: Vec<Value> = account
        .rules
        .values()
        .filter(|setting| is_deprecated(world, setting))
        .map(|setting| wire(setting, true))
        .collect();
    warning(&rules)
}

/// A `meta` that warns about deprecated rules, empty if there are none.
pub(super) fn warning(rules: &[Value]) -> Map<String, Value> {
    let mut meta = Map::new();
    if !rules.is_empty() {
        meta.insert(
            "deprecation".into(),
            json!({"warning": {
                "message": "Some of the configured rules are deprecated and will be removed.",
                "link": "https://example.invalid/deprecated-rules",
                "rules": rules,
            }}),
        );
    }
    meta
}

fn envelope(world: &World, account: &Account, rules: &[Value], meta: Map<String, Value>) -> Value {
    let mut body = json!({"data": {
        "type": "accounts",
        "id": account.id,
        "attributes": {
            "settings": {"rules": rules, "access": {}},
            "available-runs": 5,
            "access": null,
            "cloud-type": account.cloud.provider().as_str(),
        },
        "relationships": {"organisation": {"data": {"type": "organisations", "id": world.organisation}}},
    }});
    if let (false, Some(body)) = (meta.is_empty(), body.as_object_mut()) {
        body.insert("meta".into(), Value::Object(meta));
    }
    body
}
