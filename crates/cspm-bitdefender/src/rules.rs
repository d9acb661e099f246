//! The catalogue of rules in use (section 8), and the titles of standards (section 9).

use std::collections::HashMap;
use std::sync::Arc;

use cspm_core::adapter::Text;
use cspm_core::{
    Cursor, Origin, Plan, RawValue, Rejected, Remediation, Result, Rule, RuleQuery, RuleRef, Scope, Severity,
    Source, StandardRef, Step, async_trait,
};
use cspm_http::Call;

use crate::collection::{Collection, Entry, decode_page};
use crate::error::{LIST_RULES, LIST_STANDARDS};
use crate::{Bitdefender, Links, wire};

const RULES: &str = "/cspm/rules";
const STANDARDS: &str = "/cspm/system_compliance";
/// Many times what the vendor has; a catalogue is kept in memory.
const LARGEST: u64 = 50_000;

/// A rule, in the words that findings share.
#[derive(Clone, Debug)]
pub(crate) struct KnownRule {
    pub(crate) rule: Arc<RuleRef>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) description: Option<Arc<str>>,
    severity: Severity,
    vendor_severity: Option<Arc<str>>,
    pub(crate) standards: Arc<[StandardRef]>,
    /// Which of the standards are the vendor's own, by which checks can be asked for.
    pub(crate) built_in: Vec<bool>,
    pub(crate) remediation: Option<Arc<Remediation>>,
}

pub(crate) fn list() -> Call {
    Call::get(LIST_RULES, RULES)
}

impl Bitdefender {
    /// All rules, for joining.
    pub(crate) fn known_rules(&self) -> Collection<'_, KnownRule> {
        Collection { vendor: self, operation: LIST_RULES, path: RULES, read: known_rule, largest: LARGEST }
    }

    /// The titles of the vendor's own standards.
    pub(crate) fn standard_titles(&self) -> Collection<'_, Option<Arc<str>>> {
        Collection { vendor: self, operation: LIST_STANDARDS, path: STANDARDS, read: title, largest: LARGEST }
    }
}

#[async_trait]
impl Source<Rule> for Bitdefender {
    async fn plan(&self, _query: &RuleQuery) -> Result<Plan> {
        Ok(Plan::of(vec![Scope::labelled("listing", "rules")]))
    }

    async fn step(&self, _query: &RuleQuery, _scope: &Scope, at: &Cursor) -> Result<Step<Rule>> {
        let answer = self.send(self.at(list(), at)?).await?;
        decode_rules(answer.text()?, &self.origin, &self.links)
    }
}

/// Decodes a page of `GET /cspm/rules`.
///
/// # Errors
/// Kind `protocol` if it is no page, or leads to another host where that is refused.
pub fn decode_rules(text: &str, origin: &Origin, links: &Links) -> Result<Step<Rule>> {
    decode_page(text, links, |raw, place| known_rule(raw, place).map(|entry| entry.value.into_rule(origin)))
}

pub(crate) fn known_rule(raw: &RawValue, place: usize) -> std::result::Result<Entry<KnownRule>, Rejected> {
    let wire: wire::Rule<'_> = wire::record(raw, "rule", place)?;
    let Some(id) = wire.id.get() else { return Err(wire::rejected(raw, "rule", place, "it has no id")) };
    let attributes = &wire.attributes;
    let name = arc(&attributes.name);
    let severity = attributes.original_severity.get();
    let controls = wire.relationships.and_then(|there| there.controls).map(|controls| controls.data.0);
    let (standards, built_in): (Vec<_>, Vec<_>) = controls.iter().flatten().filter_map(standard).unzip();
    let text = arc(&attributes.recommendation);
    let url = attributes.references.get().and_then(first_link).map(Arc::from);
    let rule = KnownRule {
        rule: Arc::new(RuleRef {
            id: id.into(),
            title: arc(&attributes.title).or_else(|| name.clone()),
            service: None,
            url: None,
        }),
        name,
        description: arc(&attributes.description),
        severity: severity.and_then(|word| word.parse().ok()).unwrap_or_default(),
        vendor_severity: severity.map(Arc::from),
        standards: standards.into(),
        built_in,
        remediation: (text.is_some() || url.is_some()).then(|| Arc::new(Remediation { text, url })),
    };
    Ok(Entry { id: id.to_owned(), value: rule })
}

/// The standard that a control is of, and whether it is one of the vendor's own.
fn standard(control: &wire::Target<'_>) -> Option<(StandardRef, bool)> {
    let meta = control.meta.as_ref()?;
    let standard = StandardRef { id: arc(&meta.compliance_id)?, control: arc(&control.id), name: None };
    Some((standard, meta.compliance_type.get() == Some("system_compliance")))
}

/// `references` is one text with an unknown separator: a link ends where no link goes on.
fn first_link(references: &str) -> Option<&str> {
    let from = ["https://", "http://"].iter().filter_map(|scheme| references.find(scheme)).min()?;
    let rest = references.get(from..)?;
    let ends = |character: char| character.is_whitespace() || ",;|\"'<>()[]{}\\".contains(character);
    rest.split(ends).next().map(|link| link.trim_end_matches('.')).filter(|link| !link.ends_with("//"))
}

impl KnownRule {
    fn into_rule(self, origin: &Origin) -> Rule {
        let mut rule = Rule::new(origin, self.rule.id.clone());
        rule.title.clone_from(&self.rule.title);
        rule.description = self.description;
        rule.severity = self.severity;
        rule.vendor_severity = self.vendor_severity;
        rule.standards = self.standards;
        rule
    }

    /// The same rule, its standards named where a title is known.
    pub(crate) fn with_titles(mut self, titles: &HashMap<String, Arc<str>>) -> Self {
        if !titles.is_empty() {
            let named = self
                .standards
                .iter()
                .map(|standard| StandardRef { name: titles.get(&*standard.id).cloned(), ..standard.clone() });
            self.standards = named.collect();
        }
        self
    }
}

fn title(raw: &RawValue, place: usize) -> std::result::Result<Entry<Option<Arc<str>>>, Rejected> {
    let standard: wire::Standard<'_> = wire::record(raw, "standard", place)?;
    match standard.id.owned() {
        Some(id) => Ok(Entry { id, value: arc(&standard.attributes.title) }),
        None => Err(wire::rejected(raw, "standard", place, "it has no id")),
    }
}

fn arc(text: &Text<'_>) -> Option<Arc<str>> {
    text.get().map(Arc::from)
}
