//! The vendor's records as they are sent: every field optional, everything borrowed from the page.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use cspm_core::adapter::{Text, object};
use cspm_core::{Error, ErrorKind, RawValue, Result, clean_text};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use crate::error::names_a_right;
use crate::ids::SourcedId;
use crate::lenient::{Many, Object, TagMap};

/// Decodes an answer that is an object. The error names the place, never the content.
pub(crate) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    object(text).map_err(|error| shapeless(&error))
}

fn shapeless(error: &serde_json::Error) -> Error {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "the answer ends too early",
        serde_json::error::Category::Syntax => "the answer is not JSON",
        _ => "the answer has another shape than documented",
    };
    let place = format!("{what} (line {}, column {})", error.line(), error.column());
    Error::new(ErrorKind::Protocol, place)
}

/// Decodes a bare array of records (section 3.3, style D). An object instead is an error that came with status 200.
pub(crate) fn parse_array(text: &str) -> Result<Vec<&RawValue>> {
    check_complaint(text)?;
    if text.trim_start().starts_with('{') {
        return Err(Error::new(ErrorKind::Protocol, "the answer is an object where a list was due"));
    }
    serde_json::from_str(text).map_err(|error| shapeless(&error))
}

/// Refuses an object that tells of an error.
pub(crate) fn check_complaint(text: &str) -> Result<()> {
    if !text.trim_start().starts_with('{') {
        return Ok(());
    }
    let Complaint { error_message } = parse(text)?;
    refusal(&error_message).map_or(Ok(()), Err)
}

/// Why one record could not be read, without its content.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    format!("it cannot be read (line {}, column {} of the record)", error.line(), error.column())
}

/// A success status may come with an error in its body (22.2, quirk 8). A `traceback` beside it is never looked at.
#[derive(Deserialize)]
struct Complaint<'a> {
    #[serde(borrow, default)]
    error_message: Text<'a>,
}

/// The error that a body tells of in spite of its status.
pub(crate) fn refusal(message: &Text<'_>) -> Option<Error> {
    let message = clean_text(message.get()?, 300);
    let kind = if names_a_right(&message) { ErrorKind::Permission } else { ErrorKind::Server };
    Some(Error::new(kind, format!("the vendor answered with an error: {message}")))
}

/// `GET clouds/list` (5.1).
#[derive(Deserialize)]
pub(crate) struct CloudList<'a> {
    #[serde(borrow)]
    pub(crate) clouds: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    pub(crate) total_count: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) error_message: Text<'a>,
}

/// A cloud account (5.1).
#[derive(Deserialize)]
pub(crate) struct Cloud<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) resource_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) cloud_type_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) account_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) status: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) last_refreshed: Text<'a>,
}

/// An insight of `GET insights/list` (7.2). Counters are at the top level or under `counts`.
#[derive(Deserialize)]
pub(crate) struct Insight<'a> {
    #[serde(borrow, default)]
    pub(crate) insight_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) source: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) description: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) notes: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) severity: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) custom_severity: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) tags: Many<'a>,
    #[serde(borrow, default)]
    pub(crate) resource_types: Many<'a>,
    #[serde(borrow, default)]
    pub(crate) supported_clouds: Many<'a>,
    #[serde(borrow, default)]
    pub(crate) resource_group_blacklist: Many<'a>,
    #[serde(borrow, default)]
    pub(crate) results: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) counts: Object<InsightCounts<'a>>,
}

/// The counters of an insight, where they are nested (7.3).
#[derive(Deserialize)]
pub(crate) struct InsightCounts<'a> {
    #[serde(borrow, default)]
    pub(crate) results: Text<'a>,
}

/// A pack of insights (section 8).
#[derive(Deserialize)]
pub(crate) struct Pack<'a> {
    #[serde(borrow, default)]
    pub(crate) pack_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) source: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) description: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) backoffice: Many<'a>,
    #[serde(borrow, default)]
    pub(crate) custom: Many<'a>,
    #[serde(borrow, default)]
    pub(crate) badges: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) badge_filter_operator: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) logo_url: Option<&'a RawValue>,
}

impl Pack<'_> {
    /// `<source>:<pack_id>`, if it tells both.
    pub(crate) fn id(&self) -> Option<SourcedId<'_>> {
        SourcedId::new(self.source.get()?, self.pack_id.number()?)
    }
}

/// A page of bots (14.2).
#[derive(Deserialize)]
pub(crate) struct BotPage<'a> {
    #[serde(borrow, default)]
    pub(crate) bots: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    pub(crate) count: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) error_message: Text<'a>,
}

/// A bot (14.4). Its `insight_id` is a number, a text or null (22.1, row 15).
#[derive(Deserialize)]
pub(crate) struct Bot<'a> {
    #[serde(borrow, default)]
    pub(crate) resource_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) description: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) state: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) insight_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) source: Text<'a>,
}

/// A page of exemptions (12.1).
#[derive(Deserialize)]
pub(crate) struct ExemptionPage<'a> {
    #[serde(borrow)]
    pub(crate) data: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    pub(crate) total_count: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) total_pages: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) error_message: Text<'a>,
}

/// An exemption (12.1, 12.2).
#[derive(Deserialize)]
pub(crate) struct Exemption<'a> {
    #[serde(borrow, default)]
    pub(crate) exemption_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) insight_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) insight_source: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) resource_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) resource_type: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) resource_name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) provider_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) approver: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) creator_name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) notes: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) enabled: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) create_date: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) start_date: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) expiration_date: Text<'a>,
}

/// A page of a resource query, either version (9.3).
#[derive(Deserialize)]
pub(crate) struct ResourcePage<'a> {
    #[serde(borrow, default)]
    pub(crate) resources: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    pub(crate) counts: Object<Counts<'a>>,
    /// Strict: an unreadable cursor must not look like the last page.
    #[serde(default)]
    pub(crate) next_cursor: Option<String>,
    #[serde(borrow, default)]
    pub(crate) error_message: Text<'a>,
}

/// How many resources there are of each type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts<'a>(pub(crate) BTreeMap<Cow<'a, str>, Option<u64>>);

impl Counts<'_> {
    pub(crate) fn of(&self, resource_type: &str) -> Option<u64> {
        self.0.get(resource_type).copied().flatten()
    }

    /// Whether there is none of a type: counted as nought, or not counted among the others.
    pub(crate) fn has_none_of(&self, resource_type: &str) -> bool {
        matches!(self.0.get(resource_type), None | Some(Some(0)))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Counts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Counts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("counts by type")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut entries: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut counts = BTreeMap::new();
                while let Some((name, count)) = entries.next_entry::<Name<'de>, Text<'de>>()? {
                    if counts.insert(name.0, count.number()).is_some() {
                        return Err(A::Error::custom("a type is counted twice"));
                    }
                }
                Ok(Counts(counts))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// A key, borrowed where it can be.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// One element of `resources` (9.4): the key of the payload is the value of `resource_type`, which may come after it, so
/// that every member counts as one that is read.
pub(crate) struct Envelope<'a> {
    pub(crate) resource_type: Text<'a>,
    pub(crate) payload: Option<Payload<'a>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Envelope<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a resource")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut members: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut resource_type = None;
                let mut payloads: Vec<(Cow<'de, str>, Payload<'de>)> = Vec::with_capacity(1);
                while let Some(Name(key)) = members.next_key()? {
                    if key == "resource_type" {
                        if resource_type.replace(members.next_value()?).is_some() {
                            return Err(A::Error::duplicate_field("resource_type"));
                        }
                    } else if let Object(Some(payload)) = members.next_value()? {
                        payloads.push((key, payload));
                    }
                }
                let resource_type: Text<'de> = resource_type.unwrap_or_default();
                let mine = |key: &str| resource_type.get() == Some(key);
                let mut mine = payloads.into_iter().filter(|(key, _)| mine(key)).map(|(_, payload)| payload);
                let payload = mine.next();
                if mine.next().is_some() {
                    return Err(A::Error::custom("two payloads"));
                }
                drop(mine);
                Ok(Envelope { resource_type, payload })
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// The payload. Its own `resource_id` and the like count where there is no `common` (the types `resourcegroup` and
/// `divvyorganizationservice`, 9.4).
#[derive(Deserialize)]
pub(crate) struct Payload<'a> {
    #[serde(borrow, default)]
    pub(crate) common: Object<Common<'a>>,
    #[serde(borrow, default)]
    pub(crate) resource_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) account_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) organization_service_id: Text<'a>,
}

/// What all resources have in common (9.4).
#[derive(Default, Deserialize)]
pub(crate) struct Common<'a> {
    #[serde(borrow, default)]
    pub(crate) resource_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) resource_name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) namespace_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) cloud: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) account: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) account_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) organization_service_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) region: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) last_harvested_timestamp: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) direct_link: Text<'a>,
    #[serde(default)]
    pub(crate) tags: TagMap,
}
