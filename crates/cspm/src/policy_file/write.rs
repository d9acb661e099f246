//! From a policy to TOML.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cspm_core::{RuleSetting, Verbatim, is_hostile};

use super::PolicyFile;
use super::json::to_toml;

pub(super) fn policy(file: &PolicyFile) -> String {
    let PolicyFile { connection, policy } = file;
    let mut toml = format!("connection = {}\n", quoted(connection));
    let mut line = |key: &str, value: &str| toml.push_str(&format!("{key} = {value}\n"));
    if let Some(id) = &policy.id {
        line("id", &quoted(id));
    }
    line("name", &quoted(&policy.name));
    if let Some(description) = &policy.description {
        line("description", &quoted(description));
    }
    if !policy.extra.is_empty() {
        line("extra", &members(&policy.extra));
    }
    for (id, setting) in &policy.rules {
        toml.push_str("\n[[rules]]\n");
        let _ = writeln!(toml, "id = {}", quoted(id));
        rule(setting, &mut toml);
    }
    toml
}

fn rule(setting: &RuleSetting, toml: &mut String) {
    let mut line = |key: &str, value: &str| toml.push_str(&format!("{key} = {value}\n"));
    if let Some(enabled) = setting.enabled {
        line("enabled", if enabled { "true" } else { "false" });
    }
    if let Some(severity) = &setting.severity {
        line("severity", &quoted(severity));
    }
    if let Some(provider) = &setting.provider {
        line("provider", &quoted(provider));
    }
    let exceptions = &setting.exceptions;
    if !exceptions.is_empty() {
        let list = |names: &[String]| {
            let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            format!("[{}]", names.join(", "))
        };
        let value = format!(
            "{{ resources = {}, tags = {}, filter_tags = {} }}",
            list(&exceptions.resources),
            list(&exceptions.tags),
            list(&exceptions.filter_tags)
        );
        line("exceptions", &value);
    }
    if !setting.settings.is_empty() {
        let items: Vec<String> =
            setting.settings.iter().map(|item| format!("    {},\n", to_toml(item))).collect();
        line("settings", &format!("[\n{}]", items.concat()));
    }
    if !setting.extra.is_empty() {
        line("extra", &members(&setting.extra));
    }
}

/// Members that pass through, as one value: a table, or JSON text where TOML cannot hold one of them.
fn members(members: &BTreeMap<String, Verbatim>) -> String {
    Verbatim::of(members).map_or_else(|_| "{}".to_owned(), |all| to_toml(&all))
}

/// A TOML string. Whatever could steer a terminal that shows the file is written as an escape, which means the same.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            hostile if is_hostile(hostile) => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(hostile));
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}
