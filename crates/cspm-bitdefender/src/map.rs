//! From the vendor's check to a finding (section 6.2). Pure: no I/O, no clock.
//!
//! What the question proves, the answer need not repeat: a check that does not say its rule, account or result has the
//! one that was asked for, if only one was.
//!
//! Times: the listing gives the latest checks (6.1), so `created_at` tells when the rule last had that result there:
//! `last_seen`. It does not tell when that began (`first_seen`), nor when people decided (`updated`, which only the
//! undocumented `updated_at` fills).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cspm_core::{
    AccountRef, Finding, Notice, Origin, Outcome, RawValue, RuleRef, Severity, StandardRef, State,
    Suppression, clean_text, compact_json,
};

use crate::catalogue::Catalogue;
use crate::lenient::{end, time};
use crate::resources::Lacking;
use crate::rules::KnownRule;
use crate::wire::Check;

/// What every check of an answer has, because nothing else was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proven {
    pub(crate) rule: Option<Arc<str>>,
    pub(crate) scan: Option<String>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) standard: Option<Arc<str>>,
}

/// The findings of one page. What repeats on the page is shared.
pub(crate) struct Mapper<'a> {
    origin: &'a Origin,
    catalogue: &'a Catalogue,
    proven: &'a Proven,
    raw: bool,
    words: HashSet<Arc<str>>,
    strange_rules: HashMap<String, Arc<RuleRef>>,
    strange_accounts: HashMap<(Option<String>, Option<String>), Arc<AccountRef>>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) lacking: Vec<Lacking>,
    pub(crate) notices: Vec<Notice>,
    /// Whether a check did not lead to its rule.
    pub(crate) ruleless: bool,
}

impl<'a> Mapper<'a> {
    pub(crate) fn new(origin: &'a Origin, catalogue: &'a Catalogue, proven: &'a Proven, raw: bool) -> Self {
        Self {
            origin,
            catalogue,
            proven,
            raw,
            words: HashSet::new(),
            strange_rules: HashMap::new(),
            strange_accounts: HashMap::new(),
            findings: Vec::new(),
            lacking: Vec::new(),
            notices: Vec::new(),
            ruleless: false,
        }
    }

    pub(crate) fn add(&mut self, id: &str, check: &Check<'_>, raw: &RawValue) {
        let attributes = &check.attributes;
        let (rule, known) = self.rule(check);
        let account = self.account(check);
        let mut finding = Finding::new(self.origin, id.to_owned(), rule, account);
        if let Some(known) = known {
            finding.description.clone_from(&known.description);
            finding.standards = known.standards.clone();
            finding.remediation.clone_from(&known.remediation);
        } else if let Some(standard) = &self.proven.standard {
            let (id, name) = (standard.clone(), self.catalogue.title(standard));
            finding.standards = Arc::new([StandardRef { id, control: None, name }]);
        }
        finding.outcome = self.outcome(attributes.result.get());
        finding.severity =
            attributes.severity.get().and_then(|word| word.parse().ok()).unwrap_or(Severity::Unknown);
        finding.vendor_severity = attributes.severity.get().map(|word| self.share(word));
        self.decide(&mut finding, check);
        finding.resource.id =
            attributes.resource_id.get().or_else(|| check.related_resource()).map(str::to_owned);
        finding.resource.name = attributes.resource_name.owned();
        finding.resource.kind = attributes.resource_type.get().map(|word| self.share(word));
        finding.region = attributes.resource_region.get().map(|word| self.share(word));
        finding.last_seen = time(&attributes.created_at);
        finding.updated = time(&attributes.updated_at);
        if self.raw {
            finding.raw = RawValue::from_string(compact_json(raw.get())).ok();
        }
        let lacks = finding.resource.name.is_none()
            || finding.resource.kind.is_none()
            || attributes.resource_region.is_absent();
        if let Some(resource) = check.related_resource().or(attributes.resource_id.get()).filter(|_| lacks) {
            self.lacking.push(Lacking { place: self.findings.len(), resource: resource.to_owned() });
        }
        self.findings.push(finding);
    }

    /// The rule: by the check's relationship, else by its attributes, else by the question.
    fn rule(&mut self, check: &Check<'_>) -> (Arc<RuleRef>, Option<&'a KnownRule>) {
        let id = check.rule_id();
        let known = match (id, check.attributes.rule_name.get()) {
            (Some(id), _) => self.catalogue.rule(id),
            (None, Some(name)) => self.catalogue.rule_named(name),
            (None, None) => None,
        };
        if let Some(known) = known {
            return (known.rule.clone(), Some(known));
        }
        if let (None, Some(proven)) = (id, &self.proven.rule)
            && let Some(known) = self.catalogue.rule(proven)
        {
            return (known.rule.clone(), Some(known));
        }
        self.ruleless |= id.is_none();
        let id = id.unwrap_or(UNKNOWN_RULE);
        if let Some(rule) = self.strange_rules.get(id) {
            return (rule.clone(), None);
        }
        let title = check.attributes.rule_name.get().map(Arc::from);
        let rule = Arc::new(RuleRef { id: id.into(), title, service: None, url: None });
        if id != UNKNOWN_RULE {
            self.strange_rules.insert(id.to_owned(), rule.clone());
        }
        (rule, None)
    }

    /// The scan account: by the check's relationship, else by the question. A name alone leads to no account, since
    /// names need not be unique; it is kept as a name.
    fn account(&mut self, check: &Check<'_>) -> Arc<AccountRef> {
        let id = check.scan_id().or(self.proven.scan.as_deref());
        if let Some(account) = id.and_then(|id| self.catalogue.account(id)) {
            return account.clone();
        }
        let key = (id.map(str::to_owned), check.attributes.scan_name.owned());
        let strange = self.strange_accounts.entry(key).or_insert_with_key(|(id, name)| {
            Arc::new(AccountRef {
                id: id.as_deref().map(Arc::from),
                name: name.as_deref().map(Arc::from),
                ..AccountRef::default()
            })
        });
        strange.clone()
    }

    fn outcome(&mut self, word: Option<&str>) -> Outcome {
        match word {
            Some("fail") => Outcome::Fail,
            Some("pass") => Outcome::Pass,
            Some(word) => {
                self.remark("result", word);
                Outcome::Unknown
            }
            None => self.proven.outcome.unwrap_or_default(),
        }
    }

    /// What people made of it. Statuses are about failures (6.1), so any but `open` of a check that passes says that it
    /// failed before; a decision about that failure is no longer in force.
    fn decide(&mut self, finding: &mut Finding, check: &Check<'_>) {
        let Some(status) = check.attributes.status.get() else { return };
        let known = match status {
            "open" => State::Open,
            "remediated" => State::Resolved,
            "risk_accepted" | "false_positive" => State::Suppressed,
            "needs_review" => State::InReview,
            word => return self.remark("status", word),
        };
        if finding.outcome == Outcome::Pass {
            finding.state = (known != State::Open).then_some(State::Resolved);
            return;
        }
        finding.state = Some(known);
        if known == State::Suppressed {
            finding.suppression = Some(Suppression {
                until: end(&check.attributes.expires_at),
                reason: check.attributes.status_remarks.owned(),
                by: None,
                kind: status.to_owned(),
            });
        }
    }

    fn remark(&mut self, what: &str, word: &str) {
        self.notices.push(Notice::new(format!("unknown {what} \"{}\"", clean_text(word, 60))));
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

/// The rule of a check that does not lead to one.
const UNKNOWN_RULE: &str = "unknown";
