//! From TOML to a policy, collecting every problem on the way.

use std::collections::BTreeMap;
use std::ops::Range;

use cspm_core::{Exceptions, Policy, RuleSetting, Verbatim, clean_text};
use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use super::PolicyFile;
use super::json::from_toml;
use crate::problem::{Complaints, unknown};

const KEYS: [&str; 6] = ["connection", "name", "description", "id", "extra", "rules"];
const RULE_KEYS: [&str; 7] = ["id", "enabled", "severity", "provider", "exceptions", "settings", "extra"];
const EXCEPTION_KEYS: [&str; 3] = ["resources", "tags", "filter_tags"];

pub(super) fn policy(text: &str) -> Result<PolicyFile, Complaints<'_>> {
    let (document, mut complaints) = Complaints::parse(text);
    let mut reader = Reader { complaints: &mut complaints };
    let table = document.get_ref();
    reader.check_keys(table, &KEYS);
    let connection = reader.required(table, "connection", 0..0, "the name of a connection");
    let name = reader.required(table, "name", 0..0, "the policy's name");
    let mut policy = Policy {
        id: reader.id(table),
        name: name.unwrap_or_default(),
        description: reader.text(table, "description"),
        extra: reader.members(table),
        ..Policy::default()
    };
    match get(table, "rules").map(|rules| (rules.span(), rules.get_ref())) {
        None => {}
        Some((_, DeValue::Array(rules))) => {
            for rule in rules.iter() {
                let Some(table) = rule.get_ref().as_table() else {
                    reader.complaints.add(rule.span(), "a rule is a table; write [[rules]]");
                    continue;
                };
                reader.rule(table, rule.span(), &mut policy);
            }
        }
        Some((place, _)) => reader.complaints.add(place, "rules are tables; write [[rules]]"),
    }
    match connection {
        Some(connection) if complaints.is_empty() => Ok(PolicyFile { connection, policy }),
        _ => Err(complaints),
    }
}

type Value<'t> = Spanned<DeValue<'t>>;

fn get<'r, 't>(table: &'r DeTable<'t>, key: &str) -> Option<&'r Value<'t>> {
    table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
}

struct Reader<'r, 't> {
    complaints: &'r mut Complaints<'t>,
}

impl Reader<'_, '_> {
    fn check_keys(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for (key, _) in table.iter() {
            if !known.contains(&key.get_ref().as_ref()) {
                self.complaints.add(key.span(), unknown(key.get_ref(), known));
            }
        }
    }

    fn rule(&mut self, table: &DeTable<'_>, place: Range<usize>, policy: &mut Policy) {
        self.check_keys(table, &RULE_KEYS);
        let id = self.required(table, "id", place, "the rule's id");
        let setting = RuleSetting {
            enabled: self.flag(table, "enabled"),
            severity: self.text(table, "severity"),
            provider: self.text(table, "provider"),
            exceptions: self.exceptions(table),
            settings: self.settings(table),
            extra: self.members(table),
        };
        let Some(id) = id else { return };
        if policy.rules.contains_key(&id) {
            let place = get(table, "id").map(Spanned::span).unwrap_or_default();
            let shown = clean_text(&id, 100);
            self.complaints.add(place, format!("the rule {shown} is named twice; keep one of them"));
        }
        policy.rules.insert(id, setting);
    }

    /// The policy's own id; without one, a policy is created.
    fn id(&mut self, table: &DeTable<'_>) -> Option<String> {
        let id = self.text(table, "id")?;
        if id.trim().is_empty() {
            let place = get(table, "id").map(Spanned::span).unwrap_or_default();
            self.complaints.add(place, "id is empty; take the line out to create a policy");
        }
        Some(id)
    }

    fn text(&mut self, table: &DeTable<'_>, key: &str) -> Option<String> {
        let value = get(table, key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.complaints.add(value.span(), format!("{key} is a text; write {key} = \"…\""));
        }
        text.map(str::to_owned)
    }

    fn required(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        place: Range<usize>,
        what: &str,
    ) -> Option<String> {
        let Some(value) = get(table, key) else {
            self.complaints.add(place, format!("{key} is missing; write {key} = \"…\", {what}"));
            return None;
        };
        let text = self.text(table, key)?;
        if text.trim().is_empty() {
            self.complaints.add(value.span(), format!("{key} is empty; write {what}"));
            return None;
        }
        Some(text)
    }

    fn flag(&mut self, table: &DeTable<'_>, key: &str) -> Option<bool> {
        let value = get(table, key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.complaints.add(value.span(), format!("{key} is true or false, without quotes"));
        }
        flag
    }

    fn exceptions(&mut self, table: &DeTable<'_>) -> Exceptions {
        let Some(value) = get(table, "exceptions") else { return Exceptions::default() };
        let Some(exceptions) = value.get_ref().as_table() else {
            let message = "exceptions is a table; write { resources = [], tags = [], filter_tags = [] }";
            self.complaints.add(value.span(), message);
            return Exceptions::default();
        };
        self.check_keys(exceptions, &EXCEPTION_KEYS);
        Exceptions {
            resources: self.names(exceptions, "resources"),
            tags: self.names(exceptions, "tags"),
            filter_tags: self.names(exceptions, "filter_tags"),
        }
    }

    fn names(&mut self, table: &DeTable<'_>, key: &str) -> Vec<String> {
        let Some(value) = get(table, key) else { return Vec::new() };
        let names: Option<Vec<String>> = value
            .get_ref()
            .as_array()
            .and_then(|items| items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect());
        names.unwrap_or_else(|| {
            self.complaints.add(value.span(), format!("{key} is a list of texts; write {key} = [\"…\"]"));
            Vec::new()
        })
    }

    /// The vendor's parameters: tables, or JSON text of such.
    fn settings(&mut self, table: &DeTable<'_>) -> Vec<Verbatim> {
        let Some(value) = get(table, "settings") else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.complaints.add(value.span(), "settings is a list of the vendor's settings; write [ { … } ]");
            return Vec::new();
        };
        let mut settings = Vec::new();
        for item in items.iter() {
            match from_toml(item) {
                Ok(setting) => settings.push(setting),
                Err(reason) => self.complaints.add(item.span(), reason),
            }
        }
        settings
    }

    /// Members that pass through: a table, or JSON text of an object.
    fn members(&mut self, table: &DeTable<'_>) -> BTreeMap<String, Verbatim> {
        let Some(value) = get(table, "extra") else { return BTreeMap::new() };
        let members = from_toml(value).and_then(|all| {
            serde_json::from_str(all.as_json())
                .map_err(|_| "extra is a table of the vendor's members; write { … }".to_owned())
        });
        members.unwrap_or_else(|reason| {
            self.complaints.add(value.span(), reason);
            BTreeMap::new()
        })
    }
}
