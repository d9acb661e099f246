//! Policies, and what would change in them: for people as a table, for programs as one JSON object.

use std::io::{self, IsTerminal as _, Write as _};

use cspm::{
    Applied, AppliedTo, Change, Error, Origin, Policy, PolicyChanges, PushMode, RuleChange, RuleSetting,
    Verbatim, clean_text,
};
use serde::Serialize;

use super::{json, table, table::quoted, target::Target};
use crate::args::ViewFormat;
use crate::exit::Stop;

/// What each rule setting of an account would become.
#[derive(Serialize)]
pub(crate) struct AccountPreview {
    pub(crate) account: String,
    pub(crate) changes: Vec<RuleChange>,
    pub(crate) error: Option<Error>,
}

/// Writes one value: as JSON, or as the lines that a person reads.
fn write(
    format: Option<ViewFormat>,
    value: &impl Serialize,
    lines: impl FnOnce() -> String,
) -> Result<(), Stop> {
    let default = if io::stdout().is_terminal() { ViewFormat::Table } else { ViewFormat::Json };
    let mut target = Target::open(None)?;
    let written = match format.unwrap_or(default) {
        ViewFormat::Table => writeln!(target, "{}", lines()),
        ViewFormat::Json => json::write(&mut target, value).and_then(|()| target.write_all(b"\n")),
    };
    written.map_err(|error| target.failed(&error))?;
    target.finish()
}

pub(crate) fn policy(format: Option<ViewFormat>, origin: &Origin, policy: &Policy) -> Result<(), Stop> {
    #[derive(Serialize)]
    struct Shown<'a> {
        connection: &'a str,
        vendor: &'a str,
        #[serde(flatten)]
        policy: &'a Policy,
    }
    let shown = Shown { connection: &origin.connection, vendor: &origin.vendor, policy };
    write(format, &shown, || {
        let mut rules = table::titled(&["rule", "enabled", "severity", "exceptions", "settings"]);
        rules.add_rows(policy.rules.iter().map(|(id, setting)| {
            vec![
                table::cell(id),
                setting.enabled.map(|enabled| enabled.to_string()).unwrap_or_default(),
                table::maybe(setting.severity.as_ref()),
                table::cell(&exceptions(setting)),
                table::cell(&settings(setting)),
            ]
        }));
        format!(
            "{} ({})\ndescription: {}\n{rules}",
            quoted(&policy.name, 200),
            clean_text(policy.id.as_deref().unwrap_or_default(), 300),
            quoted(policy.description.as_deref().unwrap_or_default(), 1000),
        )
    })
}

pub(crate) fn plan(format: Option<ViewFormat>, origin: &Origin, changes: &PolicyChanges) -> Result<(), Stop> {
    #[derive(Serialize)]
    struct Shown<'a> {
        connection: &'a str,
        vendor: &'a str,
        would_change: bool,
        #[serde(flatten)]
        changes: &'a PolicyChanges,
    }
    let would_change = !changes.is_empty();
    let shown = Shown { connection: &origin.connection, vendor: &origin.vendor, would_change, changes };
    write(format, &shown, || lines(changes))
}

/// What would change, for a person.
pub(crate) fn lines(changes: &PolicyChanges) -> String {
    if changes.is_empty() {
        return "nothing would change".to_owned();
    }
    let mut lines = Vec::new();
    if changes.before.is_none() {
        lines.push("a new policy".to_owned());
    }
    if let Some(Change { old, new }) = &changes.name {
        lines.push(format!("name: {} -> {}", quoted(old, 200), quoted(new, 200)));
    }
    if let Some(Change { old, new }) = &changes.description {
        let text = |text: &Option<String>| quoted(text.as_deref().unwrap_or_default(), 200);
        lines.push(format!("description: {} -> {}", text(old), text(new)));
    }
    if changes.extra {
        lines.push("members that pass through unchanged: differ".to_owned());
    }
    if !changes.rules.is_empty() {
        lines.push(rules(&changes.rules));
    }
    if changes.mode == PushMode::Merge {
        lines.push("rules that are not named stay".to_owned());
    }
    lines.join("\n")
}

fn rules(changes: &[RuleChange]) -> String {
    let mut rules = table::titled(&["rule", "change", "what"]);
    rules.add_rows(changes.iter().map(row));
    rules.to_string()
}

fn row(change: &RuleChange) -> Vec<String> {
    let (word, what) = match change {
        RuleChange::Added { new, .. } => ("added", differences(&RuleSetting::default(), new)),
        RuleChange::Changed { old, new, .. } => ("changed", differences(old, new)),
        RuleChange::Removed { old, .. } => ("removed", differences(old, &RuleSetting::default())),
    };
    vec![clean_text(change.rule(), 120), word.to_owned(), what]
}

/// What differs between two settings, old and new value of each part.
fn differences(old: &RuleSetting, new: &RuleSetting) -> String {
    let parts = |setting: &RuleSetting| {
        [
            ("enabled", setting.enabled.map(|enabled| enabled.to_string()).unwrap_or_default()),
            ("severity", setting.severity.as_deref().map(|word| quoted(word, 60)).unwrap_or_default()),
            ("exceptions", exceptions(setting)),
            ("settings", settings(setting)),
            ("extra", Verbatim::of(&setting.extra).map(|all| all.as_json().to_owned()).unwrap_or_default()),
        ]
    };
    let changed = parts(old).into_iter().zip(parts(new)).filter(|(old, new)| old != new);
    let shown = changed.map(|((part, old), (_, new))| match (old.as_str(), new.as_str()) {
        ("", new) => format!("{part} {}", clean_text(new, 200)),
        (old, "") => format!("{part} was {}", clean_text(old, 200)),
        (old, new) => format!("{part} {} -> {}", clean_text(old, 200), clean_text(new, 200)),
    });
    shown.collect::<Vec<_>>().join("; ")
}

fn exceptions(setting: &RuleSetting) -> String {
    let exceptions = &setting.exceptions;
    let kinds = [
        ("resources", &exceptions.resources),
        ("tags", &exceptions.tags),
        ("filter_tags", &exceptions.filter_tags),
    ];
    let shown = kinds.into_iter().filter(|(_, names)| !names.is_empty());
    let listed =
        |names: &Vec<String>| names.iter().map(|name| quoted(name, 120)).collect::<Vec<_>>().join(", ");
    shown.map(|(kind, names)| format!("{kind}: {}", listed(names))).collect::<Vec<_>>().join("; ")
}

fn settings(setting: &RuleSetting) -> String {
    setting.settings.iter().map(Verbatim::as_json).collect::<Vec<_>>().join(" ")
}

pub(crate) fn applied(format: Option<ViewFormat>, applied: &[AppliedTo]) -> Result<(), Stop> {
    write(format, &applied, || {
        let mut rows = table::titled(&["account", "result", "why"]);
        rows.add_rows(applied.iter().map(|account| {
            let (word, why) = match &account.applied {
                Applied::Sent => ("sent", "the vendor carries it out in the background".to_owned()),
                Applied::Done => ("done", String::new()),
                Applied::Unknown { error } => ("unknown", clean_text(&error.to_string(), 300)),
            };
            vec![clean_text(&account.account, 120), word.to_owned(), why]
        }));
        rows.to_string()
    })
}

pub(crate) fn previews(format: Option<ViewFormat>, previews: &[AccountPreview]) -> Result<(), Stop> {
    write(format, &previews, || {
        let shown = previews.iter().map(|preview| {
            let account = clean_text(&preview.account, 120);
            match &preview.error {
                Some(error) => format!("{account}: not read: {error}"),
                None if preview.changes.is_empty() => format!("{account}: nothing would change"),
                None => format!("{account}:\n{}", rules(&preview.changes)),
            }
        });
        shown.collect::<Vec<_>>().join("\n")
    })
}
