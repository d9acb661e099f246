//! Policies, which this vendor calls packs (section 8): sets of insights with a name, and nothing said of an insight but
//! that it is in.
//!
//! Built-in packs (`backoffice:36`) can be read; the customer's own (`custom:11`) can be created, replaced and deleted. The
//! vendor has no call for one pack, so that each is read out of the list; and `update` replaces the whole pack, so that a
//! merge is a change of what was read just before, which the caller checks once more before it writes. Insights are sent in
//! the order of their numbers: the order within a pack is not documented to mean anything, and is not kept.

use cspm_core::adapter::object;
use cspm_core::{
    Application, Capabilities, Cursor, Error, ErrorKind, Noted, Operation, Plan, Policy, PolicyEntry,
    PolicyKind, PolicyQuery, PolicyStore, RawValue, Rejected, Result, RuleSetting, RuleSettings, Scope,
    Source, Step, Verbatim, async_trait, clean_text, http::Method,
};
use cspm_http::{Answer, Call, Safety};
use serde::Serialize;

use crate::catalogue::Packs;
use crate::error::{CREATE_PACK, DELETE_PACK, LIST_PACKS, UPDATE_PACK};
use crate::ids::{CUSTOM, SHIPPED, SourcedId};
use crate::rules::list_packs;
use crate::{CAPABILITIES, InsightCloudSec, wire};

/// Members of a pack that `create` and `update` take beside name, description and insights.
const EXTRA: [&str; 3] = ["badges", "badge_filter_operator", "logo_url"];

/// What `create` and `update` are sent. What is not said is sent as none of it: `update` replaces the whole.
#[derive(Serialize)]
struct Body<'a> {
    name: &'a str,
    description: &'a str,
    backoffice: Vec<u64>,
    custom: Vec<u64>,
    badges: Verbatim,
    badge_filter_operator: Option<&'a Verbatim>,
    logo_url: Option<&'a Verbatim>,
}

impl<'a> Body<'a> {
    fn of(policy: &'a Policy) -> Result<Self> {
        let numbers = |source: &str| {
            let ids = policy.rules.keys().filter_map(|id| SourcedId::parse(id));
            let mut numbers: Vec<u64> = ids.filter(|id| id.source == source).map(|id| id.number).collect();
            numbers.sort_unstable();
            numbers
        };
        let [badges, operator, logo] = EXTRA.map(|name| policy.extra.get(name));
        Ok(Self {
            name: &policy.name,
            description: policy.description.as_deref().unwrap_or_default(),
            backoffice: numbers(SHIPPED),
            custom: numbers(CUSTOM),
            badges: badges.cloned().map_or_else(|| Verbatim::parse("[]"), Ok)?,
            badge_filter_operator: operator,
            logo_url: logo,
        })
    }
}

/// A pack of the list as it would be written: what the vendor only shows (dates, metadata) is left out.
fn policy_of(raw: &RawValue) -> std::result::Result<(Policy, PolicyKind), String> {
    let pack: wire::Pack<'_> = object(raw.get()).map_err(|error| wire::reason(&error))?;
    let id = pack.id().ok_or("it has no source and pack_id")?;
    if pack.backoffice.odd || pack.custom.odd {
        return Err(format!("the insights of pack {id} are no list of numbers"));
    }
    let insights = |source: &'static str, numbers: &[std::borrow::Cow<'_, str>]| -> Vec<String> {
        numbers.iter().map(|number| format!("{source}:{number}")).collect()
    };
    let mut rules: RuleSettings = RuleSettings::new();
    for rule in
        insights(SHIPPED, &pack.backoffice.words).into_iter().chain(insights(CUSTOM, &pack.custom.words))
    {
        rules.insert(rule, RuleSetting::default());
    }
    let mut extra = std::collections::BTreeMap::new();
    // Null, missing and empty are the same (22.2, number 3).
    let badges = Some(pack.badges.map_or("[]", RawValue::get));
    let [operator, logo] = [pack.badge_filter_operator, pack.logo_url].map(|value| value.map(RawValue::get));
    for (name, value) in EXTRA.into_iter().zip([badges, operator, logo]) {
        if let Some(value) = value {
            let value = Verbatim::parse(value).map_err(|error| error.message().to_owned())?;
            extra.insert(name.to_owned(), value);
        }
    }
    let policy = Policy {
        id: Some(id.to_string()),
        name: pack.name.owned().unwrap_or_default(),
        description: pack.description.owned(),
        rules,
        extra,
    };
    Ok((policy, if id.source == CUSTOM { PolicyKind::Custom } else { PolicyKind::BuiltIn }))
}

/// Refuses to write to a pack that is not the customer's own.
fn own(id: &str) -> Result<u64> {
    match SourcedId::parse(id) {
        Some(id) if id.source == CUSTOM => Ok(id.number),
        Some(id) => Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "pack {id} is built in, and read-only; a custom pack can be created from it: export it, take the line \
                 with its id out, and push that"
            ),
        )),
        None => {
            let id = clean_text(id, 60);
            Err(Error::new(ErrorKind::Config, format!("\"{id}\" is no pack; write <source>:<pack_id>")))
        }
    }
}

fn write(operation: &'static str, path: String, policy: &Policy) -> Result<Call> {
    Call::new(operation, Method::POST, path, Safety::Write).json(&Body::of(policy)?)
}

/// The id of a pack that was created. Without one it is there all the same, and has to be looked for.
fn created(answer: &Answer) -> Result<String> {
    let id = answer.text().and_then(wire::parse::<wire::Pack<'_>>).ok().and_then(|pack| {
        let number = pack.pack_id.number()?;
        Some(SourcedId { source: pack.source.get().unwrap_or(CUSTOM), number }.to_string())
    });
    id.ok_or_else(|| {
        let message = "the answer does not tell the new pack's id";
        Error::new(ErrorKind::Protocol, message).with_operation(CREATE_PACK).uncertain()
    })
}

impl InsightCloudSec {
    async fn pack_list(&self) -> Result<Answer> {
        self.send(list_packs()).await
    }

    /// What is wrong with the rules that a policy names, as far as the list of insights can tell.
    async fn unknown_insights(&self, policy: &Policy, problems: &mut Vec<String>) -> Result<()> {
        if policy.rules.is_empty() {
            return Ok(());
        }
        let (insights, rejected) = match self.list_insights(&Packs::default()).await {
            Ok(read) => read,
            // What is wrong already is worth more than why the rest could not be looked at.
            Err(_) if !problems.is_empty() => return Ok(()),
            Err(error) => return Err(error),
        };
        if !rejected.is_empty() {
            return Ok(());
        }
        let known: std::collections::HashSet<&str> =
            insights.iter().map(|insight| &*insight.rule.id).collect();
        let named = policy.rules.keys().filter(|rule| SourcedId::parse(rule).is_some());
        for rule in named.filter(|rule| !known.contains(rule.as_str())) {
            problems.push(format!("there is no insight {rule}"));
        }
        Ok(())
    }
}

/// What a policy says that a pack has no place for.
fn misplaced(policy: &Policy) -> Vec<String> {
    let mut problems = Vec::new();
    if policy.name.trim().is_empty() {
        problems.push("a pack needs a name".to_owned());
    }
    for name in policy.extra.keys().filter(|name| !EXTRA.contains(&name.as_str())) {
        let name = clean_text(name, 60);
        problems.push(format!("a pack has no place for {name}; it takes {}", EXTRA.join(", ")));
    }
    for (rule, setting) in &policy.rules {
        let RuleSetting { enabled, severity, provider, exceptions, settings, extra } = setting;
        let said = [
            ("enabled", enabled.is_some()),
            ("severity", severity.is_some()),
            ("provider", provider.is_some()),
            ("exceptions", !exceptions.is_empty()),
            ("settings", !settings.is_empty()),
        ];
        let said = said.iter().filter(|(_, said)| *said).map(|(key, _)| *key);
        let said: Vec<String> =
            said.map(str::to_owned).chain(extra.keys().map(|key| clean_text(key, 60))).collect();
        let rule_shown = clean_text(rule, 60);
        if !said.is_empty() {
            problems.push(format!(
                "rule {rule_shown}: a pack holds insights by id only, and has no place for {}",
                said.join(", ")
            ));
        }
        if SourcedId::parse(rule).is_none_or(|id| id.source != SHIPPED && id.source != CUSTOM) {
            problems.push(format!(
                "\"{rule_shown}\" is no insight; write backoffice:<number> or custom:<number>"
            ));
        }
    }
    problems
}

#[async_trait]
impl Source<PolicyEntry> for InsightCloudSec {
    async fn plan(&self, _query: &PolicyQuery) -> Result<Plan> {
        Ok(Plan { notices: self.notices(), ..Plan::of(vec![Scope::labelled("listing", "packs")]) })
    }

    async fn step(&self, _query: &PolicyQuery, _scope: &Scope, _at: &Cursor) -> Result<Step<PolicyEntry>> {
        let answer = self.pack_list().await?;
        let packs = wire::parse_array(answer.text()?).map_err(|error| error.with_operation(LIST_PACKS))?;
        let mut step = Step::done(Vec::with_capacity(packs.len()));
        for (place, raw) in packs.into_iter().enumerate() {
            match policy_of(raw) {
                Ok((policy, kind)) => step.items.push(PolicyEntry {
                    name: Some(policy.name).filter(|name| !name.is_empty()),
                    description: policy.description,
                    rules: Some(policy.rules.len() as u64),
                    ..PolicyEntry::new(&self.origin, policy.id.unwrap_or_default(), kind)
                }),
                Err(reason) => {
                    step.rejected.push(Rejected { name: format!("pack {} of the list", place + 1), reason });
                }
            }
        }
        Ok(step)
    }
}

#[async_trait]
impl PolicyStore for InsightCloudSec {
    fn listing(&self) -> &dyn Source<PolicyEntry> {
        self
    }

    async fn get(&self, id: &str) -> Result<Noted<Policy>> {
        self.settle_in().await;
        let answer = self.pack_list().await?;
        let packs = wire::parse_array(answer.text()?).map_err(|error| error.with_operation(LIST_PACKS))?;
        for raw in packs {
            let is_it = object::<wire::Pack<'_>>(raw.get())
                .is_ok_and(|pack| pack.id().is_some_and(|found| found.to_string() == id));
            if is_it {
                let read = policy_of(raw).map(|(policy, _)| Noted::plain(policy));
                return read
                    .map_err(|reason| Error::new(ErrorKind::Protocol, reason).with_operation(LIST_PACKS));
            }
        }
        let message = format!("there is no pack {}", clean_text(id, 60));
        Err(Error::new(ErrorKind::NotFound, message))
    }

    async fn prepare(&self, wanted: &Policy) -> Result<Noted<Policy>> {
        self.settle_in().await;
        let mut problems = misplaced(wanted);
        if let Some(id) = &wanted.id
            && let Err(error) = own(id)
        {
            problems.insert(0, error.message().to_owned());
        }
        self.unknown_insights(wanted, &mut problems).await?;
        if problems.is_empty() {
            return Ok(Noted::plain(wanted.clone()));
        }
        Err(Error::new(ErrorKind::Config, problems.join("; ")))
    }

    async fn create(&self, policy: &Policy) -> Result<Noted<String>> {
        let call = write(CREATE_PACK, "/v2/public/insights/pack/create".to_owned(), policy)?;
        created(&self.write(call).await?).map(Noted::plain)
    }

    async fn replace(&self, policy: &Policy) -> Result<Noted<()>> {
        let number = own(policy.id.as_deref().unwrap_or_default())?;
        let call = write(UPDATE_PACK, format!("/v2/public/insights/pack/{number}/update"), policy)?;
        self.write(call).await.map(|_| Noted::plain(()))
    }

    /// Writes the whole: the vendor has nothing smaller.
    async fn merge(&self, _named: &Policy, whole: &Policy) -> Result<Noted<()>> {
        self.replace(whole).await
    }

    async fn delete(&self, id: &str) -> Result<()> {
        let path = format!("/v2/public/insights/pack/{}/delete", own(id)?);
        let call = Call::new(DELETE_PACK, Method::DELETE, path, Safety::Write);
        self.write(call).await.map(|_| ())
    }

    async fn apply(&self, _application: &Application) -> Result<Noted<()>> {
        let capabilities: &Capabilities = &CAPABILITIES;
        Err(match capabilities.require(Operation::ApplyPolicy) {
            Err(error) => error,
            Ok(()) => Error::bug("packs are not applied to accounts"),
        })
    }
}
