//! From the vendor's records to the model. Pure: a record and the catalogue in, a finding out.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use cspm_core::adapter::Text;
use cspm_core::{
    Account, AccountRef, Finding, FindingQuery, Notice, Origin, Outcome, RawValue, Remediation, Resource,
    Rule, RuleRef, Severity, StandardRef, State, Tags, Timestamp, clean_text, compact_json,
};

use crate::catalogue::Catalogue;
use crate::decode::suppression;
use crate::lenient::{Fields, Object, Texts};
use crate::wire;

/// How bad a risk level is (contract section 4). Upper and lower case, spaces and dashes make no difference; the display
/// form (`pretty-risk-level`) is not consulted, since it is known to disagree (vendor document, section 4.1).
pub(crate) fn severity_of(risk_level: &str) -> Severity {
    let word: String = risk_level
        .trim()
        .chars()
        .map(|letter| if matches!(letter, ' ' | '-') { '_' } else { letter.to_ascii_uppercase() })
        .collect();
    match word.as_str() {
        "LOW" => Severity::Low,
        "MEDIUM" => Severity::Medium,
        "HIGH" => Severity::High,
        "VERY_HIGH" | "EXTREME" => Severity::Critical,
        _ => Severity::Unknown,
    }
}

/// Provider names are compared in any case (section 3.7).
fn provider(word: &Text<'_>) -> Option<String> {
    word.get().map(str::to_ascii_lowercase)
}

/// A link that a person may be offered.
fn web_link(link: &str) -> Option<&str> {
    let scheme = link.split_once("://")?.0;
    (scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")).then_some(link)
}

/// `key::value`; a bare word is a key with an empty value.
fn tags(texts: Texts<'_>) -> Tags {
    let pair = |text: Cow<'_, str>| match text.split_once("::") {
        Some((key, value)) => (key.to_owned(), value.to_owned()),
        None => (text.into_owned(), String::new()),
    };
    texts.0.unwrap_or_default().into_iter().map(pair).collect()
}

/// The parts of a check's id, `ccc:{account}:{rule}:{service}:{region}:{resource}`; the last may be empty, absent, or
/// hold colons itself (section 4.1).
struct IdParts<'a> {
    account: Option<&'a str>,
    rule: Option<&'a str>,
    service: Option<&'a str>,
    region: Option<&'a str>,
    resource: Option<&'a str>,
}

impl<'a> IdParts<'a> {
    fn of(id: &'a str) -> Self {
        let mut parts = id.splitn(6, ':');
        let is_check = parts.next() == Some("ccc");
        let mut next = || parts.next().filter(|part| is_check && !part.is_empty());
        Self { account: next(), rule: next(), service: next(), region: next(), resource: next() }
    }
}

/// The account that a check's id names.
pub(crate) fn account_in(id: &str) -> Option<&str> {
    IdParts::of(id).account
}

/// What the last check of a rule on this page looked like: the next one mostly looks the same, and shares it.
#[derive(Clone)]
struct Alike {
    rule: Arc<RuleRef>,
    description: Option<Arc<str>>,
    categories: Arc<[Arc<str>]>,
    standards: Arc<[StandardRef]>,
    remediation: Option<Arc<Remediation>>,
}

impl Alike {
    fn of(rule: &Rule) -> Self {
        let Rule { id, title, service, url, description, categories, standards, .. } = rule.clone();
        Self {
            rule: Arc::new(RuleRef { id, title, service, url }),
            description,
            categories,
            standards,
            remediation: None,
        }
    }

    fn unknown(id: Arc<str>) -> Self {
        Self {
            rule: Arc::new(RuleRef { id, title: None, service: None, url: None }),
            description: None,
            categories: Arc::default(),
            standards: Arc::default(),
            remediation: None,
        }
    }
}

/// Maps the checks of one page.
pub(crate) struct Mapper<'c> {
    origin: &'c Origin,
    catalogue: &'c Catalogue,
    raw: bool,
    words: HashSet<Arc<str>>,
    accounts: HashMap<Arc<str>, Arc<AccountRef>>,
    rules: HashMap<Arc<str>, Alike>,
    notices: BTreeSet<Notice>,
}

impl<'c> Mapper<'c> {
    pub(crate) fn new(origin: &'c Origin, catalogue: &'c Catalogue, query: &FindingQuery) -> Self {
        Self {
            origin,
            catalogue,
            raw: query.raw,
            words: HashSet::new(),
            accounts: HashMap::new(),
            rules: HashMap::new(),
            notices: BTreeSet::new(),
        }
    }

    /// Things about the checks of the page that are worth a warning.
    pub(crate) fn notices(self) -> Vec<Notice> {
        self.notices.into_iter().collect()
    }

    fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(word) = self.words.get(text) {
            return word.clone();
        }
        let word: Arc<str> = text.into();
        self.words.insert(word.clone());
        word
    }

    /// One check; the reason if it has no id to be known by, or leads to no rule.
    pub(crate) fn check(&mut self, check: wire::Check<'_>, raw: &RawValue) -> Result<Finding, String> {
        let wire::Check { id, attributes: Fields(attributes), relationships: Object(relationships) } = check;
        let id = id.owned().ok_or("it has no id")?;
        let parts = IdParts::of(&id);
        let rule_id = relationships.rule.0.data.0.owned();
        let rule_id = rule_id.as_deref().or(parts.rule).ok_or("it names no rule")?;
        let account_id = relationships.account.0.data.0.owned();
        let account_id = account_id.as_deref().or(parts.account);

        let alike = self.alike(rule_id, parts.service, &attributes);
        let account = self.account(account_id, &attributes.provider);
        let outcome = outcome_of(&attributes.status);
        if outcome == Outcome::Unknown {
            let words = match attributes.status.get() {
                Some(word) => format!("unknown check status \"{}\"", clean_text(word, 60)),
                None => "a check without a status".to_owned(),
            };
            self.notices.insert(Notice::new(words));
        }
        let suppressed = attributes.suppressed.0 == Some(true);
        let failed_before = attributes.failure_discovery_date.0.or(attributes.resolved_date.0).is_some();
        let severity = attributes.risk_level.get().map_or(Severity::Unknown, severity_of);
        let resource = self.resource(&attributes, parts.resource);
        let region = attributes.region.get().or(parts.region).map(|region| self.word(region));
        let vendor_severity = attributes.risk_level.get().map(|word| self.word(word));

        let mut finding = Finding::new(self.origin, id, alike.rule, account);
        finding.description = alike.description;
        finding.categories = alike.categories;
        finding.standards = alike.standards;
        finding.remediation = alike.remediation;
        finding.message = attributes.message.owned();
        finding.outcome = outcome;
        finding.severity = severity;
        finding.vendor_severity = vendor_severity;
        finding.state = match outcome {
            // Of a pass, only whether it failed before is told (contract section 4); its suppression stays beside that.
            Outcome::Pass => failed_before.then_some(State::Resolved),
            _ if suppressed => Some(State::Suppressed),
            Outcome::Fail => Some(State::Open),
            _ => None,
        };
        finding.suppression = suppressed.then(|| suppression(attributes.suppressed_until.0));
        finding.resource = resource;
        finding.region = region;
        finding.tags = tags(attributes.tags);
        let latest = [
            attributes.last_modified_date.0,
            attributes.last_updated_date.0,
            attributes.last_status_update_date.0,
        ];
        let latest: Option<Timestamp> = latest.into_iter().flatten().max();
        // A check that was made anew was created after it failed (section 4.1); nothing is first seen after it was last seen.
        let first = attributes.failure_discovery_date.0.or(attributes.created_date.0);
        finding.first_seen = first.map(|first| latest.map_or(first, |latest| first.min(latest)));
        finding.last_seen = latest;
        finding.updated = latest;
        finding.resolved = attributes.resolved_date.0;
        finding.url = attributes.link.get().and_then(web_link).map(str::to_owned);
        if self.raw {
            finding.raw = RawValue::from_string(compact_json(raw.get())).ok();
        }
        Ok(finding)
    }

    /// What the check shares with others of its rule. What the check says goes before what the catalogue says.
    fn alike(
        &mut self,
        rule_id: &str,
        service: Option<&str>,
        attributes: &wire::CheckAttributes<'_>,
    ) -> Alike {
        let mut alike = match self.rules.get(rule_id) {
            Some(alike) => alike.clone(),
            None => match self.catalogue.rule(rule_id) {
                Some(rule) => Alike::of(rule),
                None => Alike::unknown(rule_id.into()),
            },
        };
        let told = self.catalogue.rule(rule_id);
        let page = attributes.resolution_page_url.get().or(attributes.resolution_page_url_camel.get());
        let page = page.and_then(web_link);

        let title = attributes.rule_title.get().or(told.and_then(|rule| rule.title.as_deref()));
        let service = attributes.service.get().or(service).or(told.and_then(|rule| rule.service.as_deref()));
        let url = told.and_then(|rule| rule.url.as_deref()).or(page);
        let same = alike.rule.title.as_deref() == title
            && alike.rule.service.as_deref() == service
            && alike.rule.url.as_deref() == url;
        if !same {
            alike.rule = Arc::new(RuleRef {
                id: alike.rule.id.clone(),
                title: title.map(|title| self.word(title)),
                service: service.map(|service| self.word(service)),
                url: url.map(|url| self.word(url)),
            });
        }
        match &attributes.categories.0 {
            Some(words) if !once(words).eq(alike.categories.iter().map(|word| &**word)) => {
                alike.categories = once(words).map(|word| self.word(word)).collect();
            }
            Some(_) => {}
            None => alike.categories = told.map(|rule| rule.categories.clone()).unwrap_or_default(),
        }
        match &attributes.compliances.0 {
            Some(ids) if !once(ids).eq(alike.standards.iter().map(|standard| &*standard.id)) => {
                alike.standards = once(ids).map(|id| standard(self.word(id))).collect();
            }
            Some(_) => {}
            None => alike.standards = told.map(|rule| rule.standards.clone()).unwrap_or_default(),
        }
        if alike.remediation.as_ref().and_then(|remediation| remediation.url.as_deref()) != page {
            let remediation = |page| Arc::new(Remediation { text: None, url: Some(self.word(page)) });
            alike.remediation = page.map(remediation);
        }
        self.rules.insert(alike.rule.id.clone(), alike.clone());
        alike
    }

    fn account(&mut self, id: Option<&str>, cloud: &Text<'_>) -> Arc<AccountRef> {
        let Some(id) = id else { return Arc::default() };
        if let Some(account) = self.catalogue.account(id).or_else(|| self.accounts.get(id)) {
            return account.clone();
        }
        let id: Arc<str> = id.into();
        let provider = provider(cloud).map(Into::into);
        let account = Arc::new(AccountRef { id: Some(id.clone()), provider, ..AccountRef::default() });
        self.accounts.insert(id, account.clone());
        account
    }

    /// `providerResourceId` is the cloud's full id (an ARN) where it is there at all, which is for some rules of AWS;
    /// `resource` is what the vendor calls the resource: an Azure path, a bucket's name, an instance's id. An account-
    /// or region-level check has neither.
    fn resource(&mut self, attributes: &wire::CheckAttributes<'_>, from_id: Option<&str>) -> Resource {
        let short = attributes.resource.get().or(from_id);
        let id = attributes.provider_resource_id.get().or(short);
        let name = attributes.link_title.get().or(short);
        Resource {
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
            kind: attributes.descriptor_type.get().map(|kind| self.word(kind)),
        }
    }
}

fn outcome_of(status: &Text<'_>) -> Outcome {
    match status.get() {
        Some(word) if word.eq_ignore_ascii_case("FAILURE") => Outcome::Fail,
        Some(word) if word.eq_ignore_ascii_case("SUCCESS") => Outcome::Pass,
        _ => Outcome::Unknown,
    }
}

fn standard(id: Arc<str>) -> StandardRef {
    StandardRef { id, control: None, name: None }
}

/// An account (section 5.1); the reason if it has no id.
pub(crate) fn account(record: wire::AccountRecord<'_>, origin: &Origin) -> Result<Account, String> {
    let wire::AccountRecord { id, attributes: Fields(attributes) } = record;
    let id = id.owned().ok_or("it has no id")?;
    let cloud = attributes.cloud_data.0;
    let (azure, gcp) = (cloud.azure.0.subscription_id.owned(), cloud.gcp.0.project_id.owned());
    // Old payloads of AWS accounts leave the type out; those of other clouds tell by their data.
    let provider = provider(&attributes.cloud_type).unwrap_or_else(|| {
        let word = match (&azure, &gcp) {
            (Some(_), _) => "azure",
            (None, Some(_)) => "gcp",
            (None, None) => "aws",
        };
        word.to_owned()
    });
    let cloud_id = match provider.as_str() {
        "azure" => azure,
        "gcp" => gcp,
        // A number loses the zeros in front of the twelve digits.
        _ => attributes.aws_account_id.owned().map(|number| format!("{number:0>12}")),
    };
    let identity = AccountRef {
        id: Some(id.into()),
        cloud_id: cloud_id.map(Into::into),
        name: attributes.name.owned().map(Into::into),
        provider: Some(provider.into()),
    };
    let mut account = Account::new(origin, Arc::new(identity));
    account.environment = attributes.environment.owned();
    let bot_off = attributes.settings.0.bot.0.disabled.0;
    let known = ["ACTIVE", "TRIALLING"];
    let active = attributes
        .status
        .get()
        .is_some_and(|word| known.iter().any(|known| word.eq_ignore_ascii_case(known)));
    account.enabled = if bot_off == Some(true) { Some(false) } else { active.then_some(true) };
    account.last_checked = attributes.last_checked_date.0;
    account.tags = tags(attributes.tags);
    Ok(account)
}

/// What a rule's service says about it.
#[derive(Clone, Debug)]
pub(crate) struct ServiceOfRule {
    pub(crate) id: Arc<str>,
    pub(crate) provider: Option<Arc<str>>,
}

/// Each word once, in the order in which they come first. Lists are short.
fn once<'t>(words: &'t [Cow<'_, str>]) -> impl Iterator<Item = &'t str> {
    let is_new =
        |(place, word): &(usize, &'t str)| !words.iter().take(*place).any(|earlier| **earlier == **word);
    words.iter().map(|word| &**word).enumerate().filter(is_new).map(|(_, word)| word)
}

/// A rule of the catalogue (section 8).
pub(crate) fn rule(
    id: Arc<str>,
    fields: wire::RuleFields<'_>,
    service: Option<&ServiceOfRule>,
    origin: &Origin,
) -> Rule {
    let mut rule = Rule::new(origin, id);
    rule.title = fields.title.owned().or(fields.name.owned()).map(Into::into);
    rule.description = fields.description.owned().map(Into::into);
    rule.severity = fields.risk_level.get().map_or(Severity::Unknown, severity_of);
    rule.vendor_severity = fields.risk_level.owned().map(Into::into);
    rule.provider = provider(&fields.provider)
        .map(Into::into)
        .or_else(|| service.and_then(|service| service.provider.clone()));
    rule.service = service.map(|service| service.id.clone());
    rule.categories = once(&fields.categories.0.unwrap_or_default()).map(Arc::from).collect();
    rule.standards = once(&fields.compliances.0.unwrap_or_default()).map(|id| standard(id.into())).collect();
    // Flags of the catalogue are present only when true.
    rule.deprecated = Some(fields.is_deprecated.0 == Some(true));
    // Mostly the name of a page only, at an address that is not documented.
    rule.url = fields.knowledge_base_html.get().and_then(web_link).map(Into::into);
    rule
}
