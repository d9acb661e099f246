//! From the vendor's record to a finding. Pure: no I/O, no clock.
//!
//! A finding is one insight on one resource (section 9.5). What the vendor says of the resource alone is not said of
//! the finding: when a resource was discovered or modified tells nothing about when it began to violate an insight, so
//! `first_seen` and `updated` stay empty (the history that would tell, 7.6, costs a request an insight and has an
//! unverified shape). `last_seen` is when the vendor last harvested the resource and found it so. Of an exempted
//! finding, `updated` is the day the exemption came into force.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cspm_core::{
    AccountRef, Finding, Notice, Origin, Outcome, RawValue, Resource, State, clean_text, compact_json,
};

use crate::catalogue::{Catalogue, Insight};
use crate::exemptions::Exemption;
use crate::ids::{key, with_colon};
use crate::lenient::time;
use crate::provider::{has_regions, provider};
use crate::resource_types::is_known;
use crate::wire::{Common, Envelope, Payload};

/// The findings of one insight on one page. What repeats on the page is shared.
pub(crate) struct Mapper<'a> {
    origin: &'a Origin,
    catalogue: &'a Catalogue,
    insight: &'a Insight,
    raw: bool,
    words: HashSet<Arc<str>>,
    strangers: HashMap<String, Arc<AccountRef>>,
    pub(crate) notices: Vec<Notice>,
}

impl<'a> Mapper<'a> {
    pub(crate) fn new(origin: &'a Origin, catalogue: &'a Catalogue, insight: &'a Insight, raw: bool) -> Self {
        let (words, strangers) = (HashSet::new(), HashMap::new());
        Self { origin, catalogue, insight, raw, words, strangers, notices: Vec::new() }
    }

    /// A finding from an element of `resources`; suppressed if there is an exemption.
    pub(crate) fn of_resource(
        &mut self,
        violation: &Violation<'_>,
        raw: &RawValue,
        exemption: Option<&Exemption>,
    ) -> Finding {
        let Violation { resource_id, resource_type, payload, common } = violation;
        let account = self.account_of(violation);
        let mut finding = self.finding(resource_id, account);
        finding.resource = Resource {
            id: common.namespace_id.owned().or_else(|| Some((*resource_id).to_owned())),
            name: common.resource_name.owned().or_else(|| payload.name.owned()),
            kind: Some(self.kind(resource_type)),
        };
        finding.region = common.region.get().map(|region| self.share(region));
        finding.tags = common.tags.0.clone();
        finding.last_seen = time(&common.last_harvested_timestamp);
        finding.url = common.direct_link.get().filter(|link| is_web_link(link)).map(str::to_owned);
        if let Some(exemption) = exemption {
            suppress(&mut finding, exemption);
        }
        if self.raw {
            finding.raw = RawValue::from_string(compact_json(raw.get())).ok();
        }
        finding
    }

    /// A finding from an exemption alone, where the vendor does not show the resource (see [`crate::findings`]).
    pub(crate) fn of_exemption(&mut self, exemption: &Exemption) -> Finding {
        let resource_id = &*with_colon(&exemption.resource_id);
        let number = cloud_in(resource_id);
        let account =
            number.map_or_else(Arc::default, |number| self.account(number, &Common::default(), None));
        let region = account
            .provider
            .as_deref()
            .filter(|provider| has_regions(provider))
            .and_then(|_| region_in(exemption))
            .map(|region| self.share(region));
        let mut finding = self.finding(resource_id, account);
        finding.resource = Resource {
            id: exemption.provider_id.clone().or_else(|| Some(resource_id.to_owned())),
            name: exemption.resource_name.clone(),
            kind: Some(self.kind(&exemption.resource_type)),
        };
        finding.region = region;
        finding.raw.clone_from(&exemption.raw);
        suppress(&mut finding, exemption);
        finding
    }

    fn finding(&self, resource_id: &str, account: Arc<AccountRef>) -> Finding {
        let Insight { rule, .. } = self.insight;
        let vendor_id = format!("{}/{resource_id}", rule.id);
        let mut finding = Finding::new(self.origin, vendor_id, rule.clone(), account);
        finding.description.clone_from(&self.insight.description);
        finding.outcome = Outcome::Fail;
        finding.severity = self.insight.severity;
        finding.vendor_severity.clone_from(&self.insight.vendor_severity);
        finding.state = Some(State::Open);
        finding.categories = self.insight.categories.clone();
        finding.standards = self.insight.standards.clone();
        finding.remediation.clone_from(&self.insight.remediation);
        finding
    }

    /// The account, from its number, which the record tells or the resource's id holds.
    fn account_of(&mut self, violation: &Violation<'_>) -> Arc<AccountRef> {
        let Violation { resource_id, payload, common, .. } = violation;
        let told = common.organization_service_id.get().or_else(|| payload.organization_service_id.get());
        let cloud_id = common.account_id.get().or_else(|| payload.account_id.get());
        match told.or_else(|| cloud_in(resource_id)) {
            Some(number) => self.account(number, common, cloud_id),
            None => Arc::new(AccountRef { id: None, ..stranger(common, cloud_id) }),
        }
    }

    fn account(&mut self, number: &str, common: &Common<'_>, cloud_id: Option<&str>) -> Arc<AccountRef> {
        let known = self.strangers.get(number).or_else(|| self.catalogue.account(number));
        let told = stranger(common, cloud_id);
        let is_whole = |known: &AccountRef| {
            (known.cloud_id.is_some() || told.cloud_id.is_none())
                && (known.name.is_some() || told.name.is_none())
                && (known.provider.is_some() || told.provider.is_none())
        };
        if let Some(known) = known.filter(|known| is_whole(known)) {
            return known.clone();
        }
        // The list leaves fields out (5.1), and so do some records (9.4): what one does not tell, another does.
        let known = known.map(|known| AccountRef::clone(known)).unwrap_or_default();
        let account = Arc::new(AccountRef {
            id: known.id.or_else(|| Some(format!("divvyorganizationservice:{number}").into())),
            cloud_id: known.cloud_id.or(told.cloud_id),
            name: known.name.or(told.name),
            provider: known.provider.or(told.provider),
        });
        self.strangers.insert(number.to_owned(), account.clone());
        account
    }

    fn kind(&mut self, resource_type: &str) -> Arc<str> {
        if !self.words.contains(resource_type) && !is_known(resource_type) {
            let word = clean_text(resource_type, 60);
            let text = format!("unknown resource type \"{word}\": its findings are kept under that name");
            self.notices.push(Notice::new(text));
        }
        self.share(resource_type)
    }

    fn share(&mut self, word: &str) -> Arc<str> {
        if let Some(shared) = self.words.get(word) {
            return shared.clone();
        }
        let shared: Arc<str> = word.into();
        self.words.insert(shared.clone());
        shared
    }
}

/// An element of `resources` that can be told apart from others: it has a type, a payload under that name, and an id.
pub(crate) struct Violation<'a> {
    pub(crate) resource_id: &'a str,
    resource_type: &'a str,
    payload: &'a Payload<'a>,
    common: &'a Common<'a>,
}

impl<'a> Violation<'a> {
    /// Looks for the type, the payload and the id (section 9.4: a missing payload fails the record loudly).
    pub(crate) fn read(envelope: &'a Envelope<'a>, nothing: &'a Common<'a>) -> Result<Self, String> {
        let Some(resource_type) = envelope.resource_type.get() else {
            return Err("it has no resource_type".to_owned());
        };
        let Some(payload) = &envelope.payload else {
            let name = clean_text(resource_type, 60);
            return Err(format!("it has no payload called \"{name}\", as its resource_type says"));
        };
        let common = payload.common.0.as_ref().unwrap_or(nothing);
        match common.resource_id.get().or_else(|| payload.resource_id.get()) {
            Some(resource_id) => Ok(Self { resource_id, resource_type, payload, common }),
            None => Err("it has no resource_id".to_owned()),
        }
    }
}

fn suppress(finding: &mut Finding, exemption: &Exemption) {
    finding.state = Some(State::Suppressed);
    finding.suppression = Some(exemption.suppression());
    finding.updated = exemption.decided();
}

/// An account that the list of clouds does not have, as far as the resource tells.
fn stranger(common: &Common<'_>, cloud_id: Option<&str>) -> AccountRef {
    AccountRef {
        id: None,
        cloud_id: cloud_id.map(Arc::from),
        name: common.account.get().map(Arc::from),
        provider: common.cloud.get().map(|cloud| provider(cloud).into()),
    }
}

/// The number of the cloud account in a resource id: its second segment (3.1), except for what lives in no cloud.
pub(crate) fn cloud_in(resource_id: &str) -> Option<&str> {
    let mut segments = resource_id.split(':');
    let kind = segments.next()?;
    if kind == "resourcegroup" || (kind.starts_with("divvy") && kind != "divvyorganizationservice") {
        return None;
    }
    segments.next().filter(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The region in a resource id, `type:number:region:provider_id`: what stands between the number and the provider's id,
/// which the exemption names. Where it does not, or in another spelling, the third of at least four segments is the region if
/// it looks like one: a global resource has three, unless its own id has colons.
fn region_in(exemption: &Exemption) -> Option<&str> {
    let id = key(&exemption.resource_id);
    let provider_id = exemption.provider_id.as_deref().map(key).filter(|id| !id.is_empty());
    let head = provider_id.and_then(|provider_id| id.strip_suffix(provider_id)?.strip_suffix(':'));
    if let Some(head) = head {
        let mut segments = head.splitn(3, ':').skip(2);
        return segments.next().filter(|region| !region.is_empty() && !region.contains(':'));
    }
    let mut segments = id.splitn(4, ':').skip(2);
    let (region, _own_id) = (segments.next()?, segments.next()?);
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let looks_like_one = region.len() > 4 && region.len() < 30 && region.bytes().all(is_plain);
    looks_like_one.then_some(region)
}

fn is_web_link(link: &str) -> bool {
    link.starts_with("https://") || link.starts_with("http://")
}
