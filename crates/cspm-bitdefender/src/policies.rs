//! Policies: the vendor's compliance standards (section 9), which can be read and not written.
//!
//! A standard is a mapping of controls to rules. As a policy it is a list of rules by id, each with the controls that list it
//! under `controls`: the vendor's own members of each (`id`, `description`, `section_id`, `section_title` and whatever else it
//! says), but for the rules. A rule that only the standard's relationships name has no `controls`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cspm_core::{
    Application, Cursor, Error, ErrorKind, Noted, Notice, Operation, Origin, Plan, Policy, PolicyEntry,
    PolicyKind, PolicyQuery, PolicyStore, RawValue, Rejected, Result, RuleSetting, RuleSettings, Scope,
    Source, Step, Verbatim, async_trait,
};
use cspm_http::{Call, encode};

use crate::collection::decode_page;
use crate::error::READ_STANDARD;
use crate::lenient::OneOrMany;
use crate::standards::{Listed, PATH, list, listed};
use crate::{Bitdefender, CAPABILITIES, wire};

/// The member of a rule's setting that has its controls.
const CONTROLS: &str = "controls";

#[async_trait]
impl Source<PolicyEntry> for Bitdefender {
    async fn plan(&self, _query: &PolicyQuery) -> Result<Plan> {
        Ok(Plan::of(vec![Scope::labelled("listing", "standards")]))
    }

    async fn step(&self, _query: &PolicyQuery, _scope: &Scope, at: &Cursor) -> Result<Step<PolicyEntry>> {
        let answer = self.send(self.at(list(), at)?).await?;
        decode_page(answer.text()?, PATH, &self.links, |raw, place| entry(raw, place, &self.origin))
    }
}

/// A standard in the listing. How many rules it has is not told if it names none.
fn entry(raw: &RawValue, place: usize, origin: &Origin) -> std::result::Result<PolicyEntry, Rejected> {
    let Listed { id, title, rules } = listed(raw, place)?.value;
    let rules: BTreeSet<Arc<str>> = rules.into_iter().map(|(rule, _)| rule).collect();
    Ok(PolicyEntry {
        name: title.as_deref().map(str::to_owned),
        rules: Some(rules.len() as u64).filter(|count| *count > 0),
        ..PolicyEntry::new(origin, id.to_string(), PolicyKind::BuiltIn)
    })
}

/// Everything but reading is refused, with what there is.
fn refused<T>(operation: Operation) -> Result<T> {
    CAPABILITIES.require(operation)?;
    Err(Error::bug("this vendor's policies are read-only"))
}

#[async_trait]
impl PolicyStore for Bitdefender {
    fn listing(&self) -> &dyn Source<PolicyEntry> {
        self
    }

    async fn get(&self, id: &str) -> Result<Noted<Policy>> {
        let call = Call::get(READ_STANDARD, format!("{PATH}/{}", encode(id)));
        let answer = self.send_about(call, "standard", id).await?;
        let policy = answer.text().and_then(|text| policy_of(wire::one(text, "standard", id)?));
        policy.map_err(|error| error.with_operation(READ_STANDARD))
    }

    async fn prepare(&self, wanted: &Policy) -> Result<Noted<Policy>> {
        refused(if wanted.id.is_none() { Operation::CreatePolicy } else { Operation::MergePolicy })
    }

    async fn create(&self, _policy: &Policy) -> Result<Noted<String>> {
        refused(Operation::CreatePolicy)
    }

    async fn replace(&self, _policy: &Policy) -> Result<Noted<()>> {
        refused(Operation::ReplacePolicy)
    }

    async fn merge(&self, _named: &Policy, _whole: &Policy) -> Result<Noted<()>> {
        refused(Operation::MergePolicy)
    }

    async fn delete(&self, _id: &str) -> Result<()> {
        refused(Operation::DeletePolicy)
    }

    async fn apply(&self, _application: &Application) -> Result<Noted<()>> {
        refused(Operation::ApplyPolicy)
    }
}

/// A standard as a policy. Its rules are told twice, control by control and once more over all of them; both are read.
fn policy_of(raw: &RawValue) -> Result<Noted<Policy>> {
    let standard: wire::WholeStandard<'_> = wire::record(raw, "standard", 0)
        .map_err(|rejected| Error::new(ErrorKind::Protocol, rejected.reason))?;
    let mut controls: BTreeMap<String, Vec<Verbatim>> = BTreeMap::new();
    let mut nameless = false;
    for mut control in standard.attributes.controls.0 {
        let rules = control.remove("rules");
        let control = Verbatim::of(&control)?;
        for rule in rules_of(rules.as_ref())? {
            match rule {
                Some(rule) => controls.entry(rule).or_default().push(control.clone()),
                None => nameless = true,
            }
        }
    }
    let related = standard.relationships.and_then(|there| there.rules).map(|rules| rules.data.0);
    for rule in related.iter().flatten() {
        match rule.id.owned() {
            Some(rule) => drop(controls.entry(rule).or_default()),
            None => nameless = true,
        }
    }
    let setting = |controls: Vec<Verbatim>| -> Result<RuleSetting> {
        let mut setting = RuleSetting::default();
        if !controls.is_empty() {
            setting.extra.insert(CONTROLS.to_owned(), Verbatim::of(&controls)?);
        }
        Ok(setting)
    };
    let rules = controls.into_iter().map(|(rule, controls)| Ok((rule, setting(controls)?)));
    let policy = Policy {
        id: standard.id.owned(),
        name: standard.attributes.title.owned().or_else(|| standard.id.owned()).unwrap_or_default(),
        rules: rules.collect::<Result<RuleSettings>>()?,
        ..Policy::default()
    };
    let notices = if nameless { vec![Notice::new(NAMELESS)] } else { Vec::new() };
    Ok(Noted { value: policy, notices })
}

/// The ids of the rules that a control lists.
fn rules_of(rules: Option<&Verbatim>) -> Result<Vec<Option<String>>> {
    let Some(rules) = rules else { return Ok(Vec::new()) };
    let rules: OneOrMany<wire::ListedRule<'_>> = serde_json::from_str(rules.as_json())
        .map_err(|_| Error::new(ErrorKind::Protocol, "the rules of a control cannot be read"))?;
    Ok(rules.0.iter().map(|rule| rule.id.owned()).collect())
}

const NAMELESS: &str = "the standard lists rules without an id, which are left out";
