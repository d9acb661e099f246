//! Custom insights, written (section 7.5). What the vendor ships is read-only.
//!
//! An edit is the whole insight again: members that are not sent are not kept. So a draft that is read has every member that
//! can be written, and one that is written is sent with all of them.

use std::collections::BTreeMap;

use cspm_core::adapter::Text;
use cspm_core::{
    Error, ErrorKind, Noted, RawValue, Result, RuleDraft, RuleStore, Verbatim, async_trait, clean_text,
    http::Method,
};
use cspm_http::{Answer, Call, Safety};
use serde::{Deserialize, Serialize};

use crate::error::{CREATE_INSIGHT, DELETE_INSIGHT, EDIT_INSIGHT, READ_INSIGHT};
use crate::ids::{CUSTOM, SourcedId};
use crate::lenient::Many;
use crate::{InsightCloudSec, wire};

/// Members that can be written beside title, description, severity and types. `source` and `organization_id` are not among
/// them: they say where the insight is, which is not for a draft to change.
const MEMBERS: [&str; 11] = [
    "filters",
    "scopes",
    "tags",
    "owner_resource_id",
    "template_id",
    "badges",
    "badge_filter_operator",
    "meta_data",
    "notes",
    "selects",
    "timeseries",
];

/// Of these, what has to be sent in any case, and what as if nothing is said.
const REQUIRED: [(&str, &str); 5] = [
    ("filters", "[]"),
    ("scopes", "[]"),
    ("tags", "[]"),
    ("owner_resource_id", "null"),
    ("template_id", "null"),
];

#[derive(Serialize)]
struct Body<'a> {
    name: &'a str,
    description: &'a str,
    severity: u64,
    resource_types: &'a [String],
    #[serde(flatten)]
    members: BTreeMap<&'a str, Verbatim>,
}

impl<'a> Body<'a> {
    /// The draft as it is sent.
    ///
    /// # Errors
    /// Kind `config`, with every problem.
    fn of(draft: &'a RuleDraft) -> Result<Self> {
        let mut problems = Vec::new();
        let severity = draft.severity.parse().ok().filter(|severity| (1..=5).contains(severity));
        if severity.is_none() {
            problems.push("severity is a number from 1 (informational) to 5 (critical)".to_owned());
        }
        if draft.title.trim().is_empty() {
            problems.push("an insight needs a title".to_owned());
        }
        if draft.resource_types.is_empty() {
            problems.push("an insight needs at least one resource type".to_owned());
        }
        let mut members = BTreeMap::new();
        for (name, nothing) in REQUIRED {
            members.insert(name, Verbatim::parse(nothing)?);
        }
        for (name, value) in &draft.definition {
            if !MEMBERS.contains(&name.as_str()) {
                let name = clean_text(name, 60);
                problems.push(format!("an insight has no place for {name}; it takes {}", MEMBERS.join(", ")));
            } else if name == "filters" {
                match filters(value.as_json()) {
                    Ok(filters) => drop(members.insert("filters", filters)),
                    Err(problem) => problems.push(problem.to_owned()),
                }
            } else {
                members.insert(name.as_str(), value.clone());
            }
        }
        match severity {
            Some(severity) if problems.is_empty() => Ok(Self {
                name: &draft.title,
                description: &draft.description,
                severity,
                resource_types: &draft.resource_types,
                members,
            }),
            _ => Err(Error::new(ErrorKind::Config, problems.join("; "))),
        }
    }
}

/// Filters with `config` and `collections` as objects, which they have to be and are not always sent as (7.5).
fn filters(json: &str) -> std::result::Result<Verbatim, &'static str> {
    let shape = "filters are a list of objects with a name, config and collections, the latter two objects";
    let mut filters: Vec<BTreeMap<String, Verbatim>> = serde_json::from_str(json).map_err(|_| shape)?;
    for filter in &mut filters {
        if !filter.get("name").is_some_and(|name| name.as_json().starts_with('"')) {
            return Err(shape);
        }
        for member in ["config", "collections"] {
            let is_object = match filter.get(member).map(Verbatim::as_json) {
                None | Some("null") => {
                    filter.insert(member.to_owned(), Verbatim::parse("{}").map_err(|_| shape)?);
                    true
                }
                Some(json) => json.starts_with('{'),
            };
            if !is_object {
                return Err(shape);
            }
        }
    }
    Verbatim::of(&filters).map_err(|_| shape)
}

/// What a draft is made from (7.3).
#[derive(Deserialize)]
struct Read<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    description: Text<'a>,
    #[serde(borrow, default)]
    severity: Text<'a>,
    #[serde(borrow, default)]
    resource_types: Many<'a>,
    #[serde(borrow, default)]
    error_message: Text<'a>,
}

fn draft(text: &str) -> Result<RuleDraft> {
    let read: Read<'_> = wire::parse(text)?;
    if let Some(error) = wire::refusal(&read.error_message) {
        return Err(error);
    }
    let unreadable = |what| Error::new(ErrorKind::Protocol, what);
    if read.resource_types.odd || read.resource_types.words.is_empty() {
        return Err(unreadable("the insight's resource types cannot be read"));
    }
    let members: BTreeMap<String, &RawValue> = wire::parse(text)?;
    let mut definition = BTreeMap::new();
    for (name, value) in members.into_iter().filter(|(name, _)| MEMBERS.contains(&name.as_str())) {
        let value = match name.as_str() {
            "filters" => filters(value.get()).map_err(unreadable)?,
            _ => Verbatim::parse(value.get())?,
        };
        if value.as_json() != "null" {
            definition.insert(name, value);
        }
    }
    Ok(RuleDraft {
        title: read.name.owned().unwrap_or_default(),
        description: read.description.owned().unwrap_or_default(),
        severity: read.severity.owned().unwrap_or_default(),
        resource_types: read.resource_types.words.iter().map(|word| word.clone().into_owned()).collect(),
        definition,
    })
}

/// The number of a custom insight; refuses anything else before it is sent.
fn own(id: &str) -> Result<u64> {
    match SourcedId::parse(id) {
        Some(id) if id.source == CUSTOM => Ok(id.number),
        Some(id) => Err(Error::new(
            ErrorKind::Unsupported,
            format!("insight {id} is the vendor's, and read-only; only custom ones can be written"),
        )),
        None => {
            let id = clean_text(id, 60);
            Err(Error::new(ErrorKind::Config, format!("\"{id}\" is no insight; write custom:<number>")))
        }
    }
}

fn created(answer: &Answer) -> Result<String> {
    let number = answer
        .text()
        .and_then(wire::parse::<wire::Insight<'_>>)
        .ok()
        .and_then(|insight| insight.insight_id.number());
    number.map(|number| SourcedId { source: CUSTOM, number }.to_string()).ok_or_else(|| {
        let message = "the answer does not tell the new insight's id";
        Error::new(ErrorKind::Protocol, message).with_operation(CREATE_INSIGHT).uncertain()
    })
}

#[async_trait]
impl RuleStore for InsightCloudSec {
    async fn get(&self, id: &str) -> Result<RuleDraft> {
        let number = own(id)?;
        self.settle_in().await;
        let answer =
            self.send(Call::get(READ_INSIGHT, format!("/v2/public/insights/{number}/custom"))).await?;
        draft(answer.text()?).map_err(|error| error.with_operation(READ_INSIGHT))
    }

    async fn create(&self, draft: &RuleDraft) -> Result<Noted<String>> {
        let path = "/v2/public/insights/create";
        let call = Call::new(CREATE_INSIGHT, Method::POST, path, Safety::Write).json(&Body::of(draft)?)?;
        created(&self.write(call).await?).map(Noted::plain)
    }

    async fn replace(&self, id: &str, draft: &RuleDraft) -> Result<Noted<()>> {
        let path = format!("/v2/public/insights/{}/edit", own(id)?);
        let call = Call::new(EDIT_INSIGHT, Method::POST, path, Safety::Write).json(&Body::of(draft)?)?;
        self.write(call).await.map(|_| Noted::plain(()))
    }

    async fn delete(&self, id: &str) -> Result<()> {
        let path = format!("/v2/public/insights/{}/delete", own(id)?);
        self.write(Call::new(DELETE_INSIGHT, Method::DELETE, path, Safety::Write)).await.map(|_| ())
    }
}
