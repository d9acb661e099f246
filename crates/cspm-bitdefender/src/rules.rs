//! The catalogue of rules in use (section 8).

use std::sync::Arc;

use cspm_core::{
    Cursor, Origin, Plan, RawValue, Rejected, Remediation, Result, Rule, RuleQuery, RuleRef, Scope, Severity,
    Source, StandardRef, Step, async_trait, same_letters,
};
use cspm_http::Call;

use crate::collection::{Collection, Entry, decode_page};
use crate::error::LIST_RULES;
use crate::lenient::arc;
use crate::standards::Standards;
use crate::{Bitdefender, Links, wire};

const RULES: &str = "/cspm/rules";
/// Many times what the vendor has; a catalogue is kept in memory.
const LARGEST: u64 = 50_000;

/// A rule, in the words that findings share.
#[derive(Clone, Debug)]
pub(crate) struct KnownRule {
    pub(crate) rule: Arc<RuleRef>,
    pub(crate) name: Option<Arc<str>>,
    /// Rules are versioned; the newest counts.
    pub(crate) version: Option<u64>,
    pub(crate) description: Option<Arc<str>>,
    severity: Severity,
    vendor_severity: Option<Arc<str>>,
    pub(crate) standards: Arc<[StandardRef]>,
    /// Those of the standards that are not the vendor's own, by which checks cannot be asked for.
    pub(crate) foreign: Vec<Arc<str>>,
    pub(crate) remediation: Option<Arc<Remediation>>,
}

pub(crate) fn list() -> Call {
    Call::get(LIST_RULES, RULES)
}

impl Bitdefender {
    /// All rules, for joining.
    pub(crate) fn known_rules(&self) -> Collection<'_, KnownRule> {
        Collection::new(self, LIST_RULES, RULES, known_rule, LARGEST)
    }
}

#[async_trait]
impl Source<Rule> for Bitdefender {
    /// Standards are read first, since a rule need not say in which it is.
    async fn plan(&self, _query: &RuleQuery) -> Result<Plan> {
        let mut plan = Plan::of(vec![Scope::labelled("listing", "rules")]);
        let (standards, _) = self.read_standards(&mut plan).await?;
        self.standards.put(Arc::new(standards));
        Ok(plan)
    }

    async fn step(&self, _query: &RuleQuery, _scope: &Scope, at: &Cursor) -> Result<Step<Rule>> {
        let answer = self.send(self.at(list(), at)?).await?;
        let standards = self.standards.read().unwrap_or_default();
        decode(answer.text()?, &self.origin, &standards, &self.links)
    }
}

/// Decodes a page of `GET /cspm/rules`. Of their standards, rules have those that they name themselves.
///
/// # Errors
/// Kind `protocol` if it is no page, or leads to another host where that is refused.
pub fn decode_rules(text: &str, origin: &Origin, links: &Links) -> Result<Step<Rule>> {
    decode(text, origin, &Standards::default(), links)
}

fn decode(text: &str, origin: &Origin, standards: &Standards, links: &Links) -> Result<Step<Rule>> {
    decode_page(text, RULES, links, |raw, place| {
        known_rule(raw, place).map(|entry| entry.value.in_standards(standards).into_rule(origin))
    })
}

/// Decodes a page of `GET /cspm/rules` for joining.
pub(crate) fn decode_known(text: &str, links: &Links) -> Result<Step<Entry<KnownRule>>> {
    decode_page(text, RULES, links, known_rule)
}

fn known_rule(raw: &RawValue, place: usize) -> std::result::Result<Entry<KnownRule>, Rejected> {
    let wire: wire::Rule<'_> = wire::record(raw, "rule", place)?;
    let Some(id) = wire.id.get() else { return Err(wire::rejected(raw, "rule", place, "it has no id")) };
    let attributes = &wire.attributes;
    let name = arc(&attributes.name);
    let severity = attributes.original_severity.get();
    let controls = wire.relationships.and_then(|there| there.controls).map(|controls| controls.data.0);
    let mut foreign = Vec::new();
    let standards = controls.iter().flatten().filter_map(|control| standard(control, &mut foreign)).collect();
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
        version: attributes.version.number(),
        description: arc(&attributes.description),
        severity: severity.and_then(|word| word.parse().ok()).unwrap_or_default(),
        vendor_severity: severity.map(Arc::from),
        standards,
        foreign,
        remediation: (text.is_some() || url.is_some()).then(|| Arc::new(Remediation { text, url })),
    };
    Ok(Entry { id: format!("{id} {}", attributes.version.get().unwrap_or_default()), value: rule })
}

/// The standard that a control is of; one that is not of the vendor's own is written down.
fn standard(control: &wire::Target<'_>, foreign: &mut Vec<Arc<str>>) -> Option<StandardRef> {
    let meta = control.meta.as_ref()?;
    let id = arc(&meta.compliance_id)?;
    if !meta.compliance_type.get().is_some_and(|kind| same_letters(kind, "system_compliance")) {
        foreign.push(id.clone());
    }
    Some(StandardRef { id, control: arc(&control.id), name: None })
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

    /// The same rule in all its standards.
    pub(crate) fn in_standards(self, standards: &Standards) -> Self {
        let merged = standards.merged(&self.rule.id, &self.standards).into();
        Self { standards: merged, ..self }
    }
}
