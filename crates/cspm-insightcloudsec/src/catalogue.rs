//! What findings are joined with: cloud accounts, insights and packs. Read when a run is planned, shared by its steps.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cspm_core::adapter::{Text, object};
use cspm_core::{
    Account, AccountRef, Error, ErrorKind, Origin, Owner, Rejected, Remediation, Result, Rule, RuleRef,
    Severity, StandardRef,
};

use crate::ids::{CUSTOM, SHIPPED};
use crate::provider::provider;
use crate::wire;

/// Cloud accounts and insights of one installation, as they were when the run was planned.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    accounts: HashMap<String, Arc<AccountRef>>,
    insights: HashMap<Arc<str>, Arc<Insight>>,
}

impl Catalogue {
    /// Puts a catalogue together.
    #[must_use]
    pub fn new(accounts: &[Account], insights: &[Arc<Insight>]) -> Self {
        let accounts = accounts.iter().filter_map(|account| {
            let number = cloud_number(account.identity.id.as_deref()?)?;
            Some((number.to_owned(), account.identity.clone()))
        });
        let insights = insights.iter().map(|insight| (insight.rule.id.clone(), insight.clone()));
        Self { accounts: accounts.collect(), insights: insights.collect() }
    }

    /// The account with that number ("organization service id").
    pub(crate) fn account(&self, number: &str) -> Option<&Arc<AccountRef>> {
        self.accounts.get(number)
    }

    pub(crate) fn accounts(&self) -> impl Iterator<Item = &Arc<AccountRef>> {
        self.accounts.values()
    }

    /// The insight with that id, `<source>:<insight_id>`.
    ///
    /// # Errors
    /// If there is none: the scope is of another run.
    pub(crate) fn insight(&self, id: &str) -> Result<&Arc<Insight>> {
        self.insights.get(id).ok_or_else(|| Error::bug("a scope names an insight that was not planned"))
    }

    pub(crate) fn knows_insight(&self, id: &str) -> bool {
        self.insights.contains_key(id)
    }
}

/// The number of a cloud account in its resource id, `divvyorganizationservice:3` (a colon at the end is lost or added
/// easily: section 3.1).
fn cloud_number(resource_id: &str) -> Option<&str> {
    resource_id.trim_end_matches(':').rsplit_once(':').map(|(_, number)| number)
}

/// An insight, in the words that findings share.
#[derive(Clone, Debug)]
pub struct Insight {
    pub(crate) rule: Arc<RuleRef>,
    pub(crate) description: Option<Arc<str>>,
    pub(crate) severity: Severity,
    pub(crate) vendor_severity: Option<Arc<str>>,
    pub(crate) categories: Arc<[Arc<str>]>,
    pub(crate) standards: Arc<[StandardRef]>,
    pub(crate) remediation: Option<Arc<Remediation>>,
    /// The types it looks at; `None` if the list says none, or says more than can be read.
    pub(crate) resource_types: Option<Vec<Arc<str>>>,
    /// The providers it is for; `None` if not restricted.
    pub(crate) providers: Option<Vec<String>>,
    /// The vendor's cached counter of violations, if it tells one.
    pub(crate) counted: Option<u64>,
    /// Whether whole resource groups are exempted from it, of which no list is given (7.7).
    pub(crate) exempts_groups: bool,
}

/// Decodes `GET insights/list` (section 7.2), and says which elements could not be understood.
///
/// # Errors
/// If it is no list.
pub fn decode_insights(text: &str, packs: &Packs) -> Result<(Vec<Arc<Insight>>, Vec<Rejected>)> {
    let mut insights: Vec<Arc<Insight>> = Vec::new();
    let mut rejected = Vec::new();
    let mut known = HashSet::new();
    for (place, raw) in wire::parse_array(text)?.into_iter().enumerate() {
        let read = object::<wire::Insight<'_>>(raw.get());
        match read.map_err(|error| wire::reason(&error)).and_then(|insight| insight_of(&insight, packs)) {
            // Listed twice, it is asked about once: a finding comes from exactly one scope.
            Ok(insight) if !known.insert(insight.rule.id.clone()) => {}
            Ok(insight) => insights.push(Arc::new(insight)),
            Err(reason) => {
                rejected.push(Rejected { name: format!("insight {} of the list", place + 1), reason })
            }
        }
    }
    Ok((insights, rejected))
}

fn insight_of(wire: &wire::Insight<'_>, packs: &Packs) -> std::result::Result<Insight, String> {
    let (Some(source), Some(number)) = (wire.source.get(), wire.insight_id.get()) else {
        return Err("it has no source and insight_id".to_owned());
    };
    let id: Arc<str> = format!("{source}:{number}").into();
    let severity_word = wire.custom_severity.get().or_else(|| wire.severity.get());
    let types = &wire.resource_types;
    let nested = wire.counts.0.as_ref().and_then(|counts| counts.results.number());
    let supported = &wire.supported_clouds;
    Ok(Insight {
        rule: Arc::new(RuleRef { title: arc(&wire.name), service: None, url: None, id: id.clone() }),
        description: arc(&wire.description),
        severity: severity(severity_word),
        vendor_severity: severity_word.map(Arc::from),
        categories: wire.tags.words.iter().map(|tag| Arc::from(&**tag)).collect(),
        standards: packs.standards_of(&id),
        remediation: arc(&wire.notes).map(|text| Arc::new(Remediation { text: Some(text), url: None })),
        resource_types: (!types.odd && !types.words.is_empty())
            .then(|| types.words.iter().map(|word| Arc::from(&**word)).collect()),
        providers: (!supported.odd && !supported.words.is_empty())
            .then(|| supported.words.iter().map(|word| provider(word)).collect()),
        counted: wire.results.number().or(nested),
        exempts_groups: !wire.resource_group_blacklist.words.is_empty(),
    })
}

impl Insight {
    /// As an element of the catalogue of rules.
    pub(crate) fn to_rule(&self, origin: &Origin) -> Rule {
        let mut rule = Rule::new(origin, self.rule.id.clone());
        rule.title.clone_from(&self.rule.title);
        rule.description.clone_from(&self.description);
        rule.severity = self.severity;
        rule.vendor_severity.clone_from(&self.vendor_severity);
        rule.categories = self.categories.clone();
        rule.standards = self.standards.clone();
        rule.resource_types = self.resource_types.clone().unwrap_or_default();
        rule.provider = match self.providers.as_deref() {
            Some([first, rest @ ..]) if rest.iter().all(|other| other == first) => {
                Some(first.as_str().into())
            }
            _ => None,
        };
        rule
    }
}

/// The number is the contract, its names differ (7.1 and 22.1, row 1); the custom one counts before the shipped one.
pub(crate) fn severity(word: Option<&str>) -> Severity {
    match word {
        Some("1") => Severity::Informational,
        Some("2") => Severity::Low,
        Some("3") => Severity::Medium,
        Some("4") => Severity::High,
        Some("5") => Severity::Critical,
        _ => Severity::Unknown,
    }
}

/// Which packs an insight is in.
#[derive(Clone, Debug, Default)]
pub struct Packs(HashMap<String, Vec<StandardRef>>);

impl Packs {
    /// Decodes `GET insights/packs/list` (section 8). An element that cannot be understood is left out; how many, comes
    /// with the result.
    ///
    /// # Errors
    /// If it is no list.
    pub fn decode(text: &str) -> Result<(Self, u64)> {
        let mut packs = Self::default();
        let mut rejected = 0;
        for raw in wire::parse_array(text)? {
            let Some(pack) = object::<wire::Pack<'_>>(raw.get()).ok() else {
                rejected += 1;
                continue;
            };
            let (Some(source), Some(number)) = (pack.source.get(), pack.pack_id.get()) else {
                rejected += 1;
                continue;
            };
            rejected += u64::from(pack.backoffice.odd || pack.custom.odd);
            let standard =
                StandardRef { id: format!("{source}:{number}").into(), control: None, name: arc(&pack.name) };
            for (source, numbers) in [(SHIPPED, &pack.backoffice.words), (CUSTOM, &pack.custom.words)] {
                for number in numbers {
                    packs.0.entry(format!("{source}:{number}")).or_default().push(standard.clone());
                }
            }
        }
        Ok((packs, rejected))
    }

    fn standards_of(&self, insight: &str) -> Arc<[StandardRef]> {
        self.0.get(insight).map(|standards| standards.as_slice().into()).unwrap_or_default()
    }
}

/// Packs that could not be understood leave gaps in `standards`.
pub(crate) fn unreadable_packs(count: u64) -> Error {
    Error::new(ErrorKind::Protocol, format!("{count} packs could not be understood")).with_owner(Owner::Tool)
}

fn arc(text: &Text<'_>) -> Option<Arc<str>> {
    text.get().map(Arc::from)
}
