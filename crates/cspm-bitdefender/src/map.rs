//! From the vendor's check to a finding (section 6.2). Pure: no I/O, no clock.
//!
//! A finding does not depend on what was asked for, but for what a check leaves out: its account is the one that was asked
//! for if neither a relationship nor a name that one account alone has leads to one, and likewise its rule. Whether the
//! vendor heeds such a question is for the caller to know.
//!
//! Times: the listing gives the latest checks (6.1), so `created_at` tells when the rule last had that result there:
//! `last_seen`. It does not tell when that began (`first_seen`), nor when people decided (`updated`, which only the
//! undocumented `updated_at` fills).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cspm_core::{
    AccountRef, Finding, Notice, Origin, Outcome, RawValue, RuleRef, Severity, State, Suppression,
    clean_text, compact_json,
};

use crate::catalogue::{Catalogue, Named};
use crate::lenient::{end, time};
use crate::resources::Lacking;
use crate::rules::KnownRule;
use crate::wire::Check;

/// What an answer was asked about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) rule: Option<Arc<str>>,
    pub(crate) scan: Option<String>,
}

/// The findings of one page. What repeats on the page is shared.
pub(crate) struct Mapper<'a> {
    origin: &'a Origin,
    catalogue: &'a Catalogue,
    asked: &'a Asked,
    raw: bool,
    words: HashSet<Arc<str>>,
    strange_rules: HashMap<(String, Option<String>), Arc<RuleRef>>,
    strange_accounts: HashMap<(Option<String>, Option<String>), Arc<AccountRef>>,
    pub(crate) findings: Vec<Finding>,
    /// Findings of another account than the one asked for.
    pub(crate) elsewhere: Vec<Finding>,
    /// The places of the findings that have their account from the question.
    pub(crate) by_question: Vec<usize>,
    /// Whether a check did not lead to its account, and may be of one that is known.
    pub(crate) accountless: bool,
    pub(crate) lacking: Vec<Lacking>,
    pub(crate) notices: Vec<Notice>,
    /// Whether a check did not lead to its rule.
    pub(crate) ruleless: bool,
}

impl<'a> Mapper<'a> {
    pub(crate) fn new(origin: &'a Origin, catalogue: &'a Catalogue, asked: &'a Asked, raw: bool) -> Self {
        Self {
            origin,
            catalogue,
            asked,
            raw,
            words: HashSet::new(),
            strange_rules: HashMap::new(),
            strange_accounts: HashMap::new(),
            findings: Vec::new(),
            elsewhere: Vec::new(),
            by_question: Vec::new(),
            accountless: false,
            lacking: Vec::new(),
            notices: Vec::new(),
            ruleless: false,
        }
    }

    pub(crate) fn add(&mut self, id: &str, check: &Check<'_>, raw: &RawValue) {
        let attributes = &check.attributes;
        let (rule, known) = self.rule(check);
        let (account, place) = self.account(check);
        let mut finding = Finding::new(self.origin, id.to_owned(), rule, account);
        if let Some(known) = known {
            finding.description.clone_from(&known.description);
            finding.standards = known.standards.clone();
            finding.remediation.clone_from(&known.remediation);
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
        match place {
            Belongs::Here => {}
            Belongs::ByQuestion => self.by_question.push(self.findings.len()),
            Belongs::Elsewhere => return self.elsewhere.push(finding),
        }
        let lacks = finding.resource.name.is_none()
            || finding.resource.kind.is_none()
            || attributes.resource_region.is_absent();
        if let Some(resource) = check.related_resource().or(attributes.resource_id.get()).filter(|_| lacks) {
            self.lacking.push(Lacking { place: self.findings.len(), resource: resource.to_owned() });
        }
        self.findings.push(finding);
    }

    /// The rule: by the check's relationship, else by its attributes, else by the question. A check that leads to none has
    /// a rule without an id.
    fn rule(&mut self, check: &Check<'_>) -> (Arc<RuleRef>, Option<&'a KnownRule>) {
        let attributes = &check.attributes;
        let id = check.rule_id();
        let known = match (id, attributes.rule_name.get()) {
            (Some(id), _) => self.catalogue.rule(id),
            (None, Some(name)) => self.catalogue.rule_named(name),
            (None, None) => None,
        };
        let asked = self.asked.rule.as_deref().filter(|_| id.is_none());
        if let Some(known) = known.or_else(|| self.catalogue.rule(asked?)) {
            return (known.rule.clone(), Some(known));
        }
        self.ruleless |= id.is_none();
        if id.is_some() && self.catalogue.complete().rules {
            self.notices.push(Notice::new(UNLISTED_RULE));
        }
        let title = attributes.rule_title.get().or(attributes.rule_name.get());
        let key = (id.unwrap_or_default().to_owned(), title.map(str::to_owned));
        let strange = self.strange_rules.entry(key).or_insert_with_key(|(id, title)| {
            let (id, title) = (Arc::from(id.as_str()), title.as_deref().map(Arc::from));
            Arc::new(RuleRef { id, title, service: None, url: None })
        });
        (strange.clone(), None)
    }

    /// The scan account: by the check's relationship, else by its attributes (the name counts if one account alone has it),
    /// else by the question.
    /// A name that leads to none is kept as a name.
    fn account(&mut self, check: &Check<'_>) -> (Arc<AccountRef>, Belongs) {
        let asked = self.asked.scan.as_deref();
        let name = check.attributes.scan_name.get();
        let here = |id: Option<&str>| {
            if asked.is_none() || asked == id { Belongs::Here } else { Belongs::Elsewhere }
        };
        if let Some(id) = check.scan_id() {
            let known = self.catalogue.account(id).cloned();
            return (known.unwrap_or_else(|| self.strange_account(Some(id), name)), here(Some(id)));
        }
        let named = name.map(|name| self.catalogue.account_named(name));
        if let Some(Named::One(account)) = named {
            return (account.clone(), here(account.id.as_deref()));
        }
        if let Some(id) = asked {
            let known = self.catalogue.account(id).cloned();
            return (known.unwrap_or_else(|| self.strange_account(Some(id), name)), Belongs::ByQuestion);
        }
        // A name that nobody has is that of an account which is not listed (any more).
        self.accountless |= !matches!(named, Some(Named::Nobody));
        (self.strange_account(None, name), Belongs::Here)
    }

    fn strange_account(&mut self, id: Option<&str>, name: Option<&str>) -> Arc<AccountRef> {
        let key = (id.map(str::to_owned), name.map(str::to_owned));
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
        let known = [Outcome::Fail, Outcome::Pass];
        match word {
            Some(word) => known
                .into_iter()
                .find(|outcome| outcome.as_str().eq_ignore_ascii_case(word))
                .unwrap_or_else(|| {
                    self.remark("result", word);
                    Outcome::Unknown
                }),
            None => {
                self.notices.push(Notice::new(RESULTLESS));
                Outcome::Unknown
            }
        }
    }

    /// What people made of it. Statuses are about failures (6.1), so any but `open` of a check that passes says that it
    /// failed before; a decision about that failure is no longer in force.
    fn decide(&mut self, finding: &mut Finding, check: &Check<'_>) {
        let Some(word) = check.attributes.status.get() else { return };
        let status = word.to_ascii_lowercase();
        let known = match status.as_str() {
            "open" => State::Open,
            "remediated" => State::Resolved,
            "risk_accepted" | "false_positive" => State::Suppressed,
            "needs_review" => State::InReview,
            _ => return self.remark("status", word),
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
                kind: status,
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

/// To which account's scope a check belongs.
enum Belongs {
    /// To the one that is read.
    Here,
    /// To the one that was asked for, for all it says itself.
    ByQuestion,
    /// To another one.
    Elsewhere,
}

const UNLISTED_RULE: &str = "checks lead to rules that the vendor does not list (any more): these rules' titles and standards are \
                             not known, and no --standard finds such checks";
const RESULTLESS: &str =
    "checks do not say their result: it is unknown, and they are found with --outcome all only";
