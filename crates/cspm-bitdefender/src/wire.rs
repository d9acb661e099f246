//! The vendor's answers as they are sent: every field optional, everything borrowed from the page.

use std::collections::BTreeMap;

use cspm_core::adapter::{Text, object};
use cspm_core::{Error, ErrorKind, RawValue, Rejected, Result, Verbatim, clean_text, same_letters};
use cspm_http::complaint;
use serde::Deserialize;

use crate::lenient::{Link, NextOf, OneOrMany, or_default};

/// One page of a collection, its records not looked into yet (section 3.2).
pub(crate) struct Page<'a> {
    pub(crate) records: Vec<&'a RawValue>,
    /// The link to the next page; absent, null and empty all mean that this is the last one (3.4, rule 2).
    pub(crate) next: Link<'a>,
    /// `meta.total`: how many records the whole request has. (`meta.elapsed` counts what was seen so far, and is not
    /// read: it proves nothing.)
    pub(crate) total: Option<u64>,
}

impl<'a> Page<'a> {
    /// Takes the envelope off. `data` may be a single object where an array is due (quirk 8), and null where nothing is on the
    /// page, if the answer says how many records there are: that tells in the end whether any is missing.
    ///
    /// # Errors
    /// Kind `protocol` if there is no `data`; `server` if the answer tells of an error in spite of its status.
    pub(crate) fn read(text: &'a str) -> Result<Self> {
        match object::<Envelope<'a, Vec<&'a RawValue>>>(text) {
            Ok(envelope) => envelope.into_page(text, |records| records),
            Err(error) if error.is_data() => match object::<Envelope<'a, &'a RawValue>>(text) {
                Ok(envelope) if envelope.data.is_none_or(is_object) => {
                    envelope.into_page(text, |record| vec![record])
                }
                Ok(_) => Err(shapeless(&error)),
                Err(error) => Err(shapeless(&error)),
            },
            Err(error) => Err(shapeless(&error)),
        }
    }
}

/// The one record of an answer about an id: an array of one, or the object itself (3.2).
///
/// # Errors
/// Kind `not_found` if there is none, as which an empty array and null count; `protocol` if it is another one.
pub(crate) fn one<'a>(text: &'a str, kind: &str, id: &str) -> Result<&'a RawValue> {
    #[derive(Deserialize)]
    struct Nothing {
        #[serde(rename = "data")]
        _data: (),
    }
    let records = match object::<Nothing>(text) {
        Ok(_) => Vec::new(),
        Err(_) => Page::read(text)?.records,
    };
    let is_it = |raw: &&&RawValue| name_of(raw).is_some_and(|name| same_letters(&name, id));
    match records.iter().find(is_it) {
        Some(raw) => Ok(raw),
        None if records.is_empty() => {
            let message = format!("there is no {kind} \"{}\"", clean_text(id, 100));
            Err(Error::new(ErrorKind::NotFound, message))
        }
        None => Err(Error::new(ErrorKind::Protocol, format!("the answer is about another {kind}"))),
    }
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "D: Deserialize<'de>"))]
struct Envelope<'a, D> {
    data: Option<D>,
    #[serde(borrow, default)]
    links: NextOf<'a>,
    #[serde(borrow, default)]
    meta: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, default)]
    total: Text<'a>,
}

impl<'a, D> Envelope<'a, D> {
    fn into_page(self, text: &str, records: impl FnOnce(D) -> Vec<&'a RawValue>) -> Result<Page<'a>> {
        // A `meta` of another shape tells no figure; it does not spoil the page.
        let meta = self.meta.filter(|meta| is_object(meta)).map(|meta| object::<Meta<'_>>(meta.get()));
        let meta = meta.transpose().map_err(|error| shapeless(&error))?;
        let total = meta.and_then(|meta| meta.total.number());
        let records = match self.data {
            Some(data) => records(data),
            None => match (complaint(text), total) {
                (Some(said), _) => {
                    let message = format!("the vendor answered with an error: {said}");
                    return Err(Error::new(ErrorKind::Server, message));
                }
                (None, Some(_)) => Vec::new(),
                (None, None) => return Err(Error::new(ErrorKind::Protocol, "the answer has no data")),
            },
        };
        Ok(Page { records, next: self.links.0, total })
    }
}

fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

/// Names the place, never the content.
fn shapeless(error: &serde_json::Error) -> Error {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "the answer ends too early",
        serde_json::error::Category::Syntax => "the answer is not JSON",
        _ => "the answer has another shape than documented",
    };
    Error::new(ErrorKind::Protocol, format!("{what} (line {}, column {})", error.line(), error.column()))
}

/// Decodes one record by itself, so that a bad one does not spoil its page.
///
/// # Errors
/// The record's name (its id if that much can be read, else its place on the page) and what is wrong, without content.
pub(crate) fn record<'a, T: Deserialize<'a>>(
    raw: &'a RawValue,
    kind: &str,
    place: usize,
) -> std::result::Result<T, Rejected> {
    object(raw.get()).map_err(|error| {
        let reason =
            format!("it cannot be read (line {}, column {} of the record)", error.line(), error.column());
        rejected(raw, kind, place, reason)
    })
}

/// A record that cannot be used, by name.
pub(crate) fn rejected(raw: &RawValue, kind: &str, place: usize, reason: impl Into<String>) -> Rejected {
    let id = name_of(raw);
    let name = id.map_or_else(|| format!("{kind} {} of a page", place + 1), |id| clean_text(&id, 200));
    Rejected { name, reason: reason.into() }
}

/// A record's id, if that much can be read.
fn name_of(raw: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow, default)]
        id: Text<'a>,
    }
    serde_json::from_str::<Named<'_>>(raw.get()).ok().and_then(|named| named.id.owned())
}

/// Where a relationship leads (6.2, 8).
#[derive(Deserialize)]
pub(crate) struct Related<'a> {
    #[serde(borrow, default)]
    pub(crate) data: OneOrMany<Target<'a>>,
}

/// An end of a relationship.
#[derive(Deserialize)]
pub(crate) struct Target<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) meta: Option<ControlMeta<'a>>,
}

/// What is said of the way from a rule to a control (8).
#[derive(Deserialize)]
pub(crate) struct ControlMeta<'a> {
    #[serde(borrow, default)]
    pub(crate) compliance_type: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) compliance_id: Text<'a>,
}

/// The id at the other end of a to-one relationship.
pub(crate) fn id_of<'a>(related: &'a Option<Related<'_>>) -> Option<&'a str> {
    related.as_ref()?.data.0.first()?.id.get()
}

/// A check (6.2).
#[derive(Deserialize)]
pub(crate) struct Check<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(crate) attributes: CheckAttributes<'a>,
    #[serde(borrow, default)]
    pub(crate) relationships: Option<CheckRelationships<'a>>,
}

/// What a check says. From `updated_at` on, the names are guesses: the readable copies of the page stop before (6.2,
/// "further attributes"), and Horangi's and the update call's names are the best there are.
#[derive(Default, Deserialize)]
pub(crate) struct CheckAttributes<'a> {
    #[serde(borrow, default)]
    pub(crate) resource_region: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) resource_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) resource_name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) resource_type: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) result: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) severity: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) status: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) created_at: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) scan_name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) updated_at: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) status_remarks: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) expires_at: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) scan_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) rule_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) rule_name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) rule_title: Text<'a>,
}

/// Where a check leads; likely, not documented (6.2).
#[derive(Deserialize)]
pub(crate) struct CheckRelationships<'a> {
    #[serde(borrow, default)]
    pub(crate) rule: Option<Related<'a>>,
    #[serde(borrow, default)]
    pub(crate) scan: Option<Related<'a>>,
    #[serde(borrow, default)]
    pub(crate) resource: Option<Related<'a>>,
}

impl Check<'_> {
    pub(crate) fn rule_id(&self) -> Option<&str> {
        let related = self.relationships.as_ref().and_then(|there| id_of(&there.rule));
        related.or_else(|| self.attributes.rule_id.get())
    }

    pub(crate) fn scan_id(&self) -> Option<&str> {
        let related = self.relationships.as_ref().and_then(|there| id_of(&there.scan));
        related.or_else(|| self.attributes.scan_id.get())
    }

    pub(crate) fn related_resource(&self) -> Option<&str> {
        self.relationships.as_ref().and_then(|there| id_of(&there.resource))
    }
}

/// A scan account (4).
#[derive(Deserialize)]
pub(crate) struct Scan<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(crate) attributes: ScanAttributes<'a>,
}

/// What a scan account says.
#[derive(Default, Deserialize)]
pub(crate) struct ScanAttributes<'a> {
    #[serde(borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) target: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) is_enabled: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) is_archived: Text<'a>,
}

/// A rule (8).
#[derive(Deserialize)]
pub(crate) struct Rule<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(crate) attributes: RuleAttributes<'a>,
    #[serde(borrow, default)]
    pub(crate) relationships: Option<RuleRelationships<'a>>,
}

/// What a rule says.
#[derive(Default, Deserialize)]
pub(crate) struct RuleAttributes<'a> {
    #[serde(borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) version: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) title: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) original_severity: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) description: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) recommendation: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) references: Text<'a>,
}

/// Where a rule leads.
#[derive(Deserialize)]
pub(crate) struct RuleRelationships<'a> {
    #[serde(borrow, default)]
    pub(crate) controls: Option<Related<'a>>,
}

/// A compliance standard (9).
#[derive(Deserialize)]
pub(crate) struct Standard<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(crate) attributes: StandardAttributes<'a>,
    #[serde(borrow, default)]
    pub(crate) relationships: Option<StandardRelationships<'a>>,
}

/// What a standard says.
#[derive(Default, Deserialize)]
pub(crate) struct StandardAttributes<'a> {
    #[serde(borrow, default)]
    pub(crate) title: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) controls: OneOrMany<Control<'a>>,
}

/// A control of a standard.
#[derive(Deserialize)]
pub(crate) struct Control<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) rules: OneOrMany<ListedRule<'a>>,
}

/// A rule as a control lists it.
#[derive(Deserialize)]
pub(crate) struct ListedRule<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
}

/// Where a standard leads.
#[derive(Deserialize)]
pub(crate) struct StandardRelationships<'a> {
    #[serde(borrow, default)]
    pub(crate) rules: Option<Related<'a>>,
}

/// A compliance standard whose controls are shown as they are (9).
#[derive(Deserialize)]
pub(crate) struct WholeStandard<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(crate) attributes: WholeStandardAttributes<'a>,
    #[serde(borrow, default)]
    pub(crate) relationships: Option<StandardRelationships<'a>>,
}

/// What a standard says, its controls member by member.
#[derive(Default, Deserialize)]
pub(crate) struct WholeStandardAttributes<'a> {
    #[serde(borrow, default)]
    pub(crate) title: Text<'a>,
    #[serde(default)]
    pub(crate) controls: OneOrMany<BTreeMap<String, Verbatim>>,
}

/// A cloud resource (7).
#[derive(Deserialize)]
pub(crate) struct Resource<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(crate) attributes: ResourceAttributes<'a>,
}

/// What a resource says.
#[derive(Default, Deserialize)]
pub(crate) struct ResourceAttributes<'a> {
    #[serde(borrow, default)]
    pub(crate) resource_name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) resource_region: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) resource_type: Text<'a>,
}
