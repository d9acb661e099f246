//! Policies: the vendor's profiles (vendor document, section 7), and the organisation's own, whose id is
//! `organisation-{organisation's id}` and which is used like the others but not listed.

use std::collections::BTreeMap;
use std::sync::Arc;

use cspm_core::http::Method;
use cspm_core::{
    Application, ApplyMode, Cursor, Error, ErrorKind, Noted, Notice, Plan, Policy, PolicyEntry, PolicyQuery,
    PolicyStore, Result, Scope, Source, Step, Verbatim, async_trait,
};
use cspm_http::{Answer, Call, encode};
use serde::Serialize;

use crate::Conformity;
use crate::decode::{decode_applied, decode_notices, decode_policies, decode_policy, decode_rule_book};
use crate::error::missing;
use crate::prepare::prepared;
use crate::request::{
    APPLY_PROFILE, CREATE_PROFILE, DELETE_PROFILE, GET_PROFILE, LIST_PROFILES, OVERWRITE_PROFILE,
    UPDATE_PROFILE, change, get, list_services, send,
};
use crate::rule_book::RuleBook;
use crate::rule_settings::{Written, written};

#[async_trait]
impl Source<PolicyEntry> for Conformity {
    async fn plan(&self, _query: &PolicyQuery) -> Result<Plan> {
        self.verdict.forget().await;
        Ok(Plan::of(vec![Scope::labelled("listing", "policies")]))
    }

    /// Names only. An empty list may be answered with 403 (section 23, number 3).
    async fn step(&self, _query: &PolicyQuery, _scope: &Scope, _at: &Cursor) -> Result<Step<PolicyEntry>> {
        let error = match self.client.send(get(LIST_PROFILES, "/profiles")).await {
            Ok(answer) => {
                return understood(&answer, LIST_PROFILES, |text| decode_policies(text, &self.origin));
            }
            Err(error) => error,
        };
        if error.status() == Some(403) && self.is_admin().await == Some(true) {
            return Ok(Step::done(Vec::new()));
        }
        Err(self.explain(error, LIST_PROFILES).await)
    }
}

#[async_trait]
impl PolicyStore for Conformity {
    fn listing(&self) -> &dyn Source<PolicyEntry> {
        self
    }

    async fn get(&self, id: &str) -> Result<Noted<Policy>> {
        self.verdict.forget().await;
        let book = self.rule_book().await?;
        let call = get(GET_PROFILE, &path_of(id)).query("includes", "ruleSettings");
        let answer = self.send_about(call, id).await?;
        understood(&answer, GET_PROFILE, |text| decode_policy(text, id, &book))
    }

    async fn prepare(&self, wanted: &Policy) -> Result<Noted<Policy>> {
        self.verdict.forget().await;
        let book = self.read_rule_book().await?;
        match (prepared(wanted, &book, None), &wanted.id) {
            // What the profile has already may stay, known or not.
            (Err(_), Some(id)) => {
                let present = PolicyStore::get(self, id).await?.value;
                prepared(wanted, &book, Some(&present))
            }
            (prepared, _) => prepared,
        }
    }

    async fn create(&self, policy: &Policy) -> Result<Noted<String>> {
        let body = Profile::of(policy, None, &*self.rule_book().await?)?;
        let answer = self.send(send(CREATE_PROFILE, Method::POST, "/profiles", &body)?).await?;
        let notices = notices(&answer);
        let created = understood(&answer, CREATE_PROFILE, |text| decode_policies(text, &self.origin));
        match created.ok().and_then(|step| step.items.into_iter().next()) {
            Some(profile) => Ok(Noted { value: profile.id, notices }),
            // It was carried out: whoever looks for it by its name finds it.
            None => Err(Error::new(ErrorKind::Protocol, "the answer does not name the profile it created")
                .with_operation(CREATE_PROFILE)
                .uncertain()),
        }
    }

    async fn replace(&self, policy: &Policy) -> Result<Noted<()>> {
        let id = id_of(policy)?;
        let body = Profile::of(policy, Some(id), &*self.rule_book().await?)?;
        let call = send(OVERWRITE_PROFILE, Method::POST, "/profiles", &body)?;
        Ok(noted(&self.send_about(call, id).await?))
    }

    async fn merge(&self, named: &Policy, _whole: &Policy) -> Result<Noted<()>> {
        let id = id_of(named)?;
        let body = Profile::of(named, None, &*self.rule_book().await?)?;
        let call = send(UPDATE_PROFILE, Method::PATCH, &path_of(id), &body)?;
        Ok(noted(&self.send_about(call, id).await?))
    }

    async fn delete(&self, id: &str) -> Result<()> {
        self.send_about(change(DELETE_PROFILE, Method::DELETE, &path_of(id)), id).await.map(|_| ())
    }

    async fn apply(&self, application: &Application) -> Result<Noted<()>> {
        let body = Apply { meta: ApplyMeta::of(application)? };
        let id = &application.policy;
        let call = send(APPLY_PROFILE, Method::POST, &format!("{}/apply", path_of(id)), &body)?;
        let answer = self.send_about(call, id).await?;
        let mut noted = noted(&answer);
        noted.notices.extend(answer.text().ok().and_then(decode_applied));
        Ok(noted)
    }
}

impl Conformity {
    /// What the catalogue says of writing, as it was last read.
    pub(crate) async fn rule_book(&self) -> Result<Arc<RuleBook>> {
        match self.rules.read() {
            Some(book) => Ok(book),
            None => self.read_rule_book().await,
        }
    }

    async fn read_rule_book(&self) -> Result<Arc<RuleBook>> {
        let call = list_services();
        let operation = call.operation();
        let answer = self.send(call).await?;
        let book = Arc::new(understood(&answer, operation, decode_rule_book)?);
        self.rules.put(book.clone());
        Ok(book)
    }

    /// Sends a call about one profile. A profile that does not exist is a 403, as is a missing right (section 3.6): to an
    /// ADMIN, who has every right, it means the former. No document declares 404 here; it can only mean that, too.
    async fn send_about(&self, call: Call, id: &str) -> Result<Answer> {
        let operation = call.operation();
        let error = match self.client.send(call).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let is_missing = match error.status() {
            Some(403) => self.is_admin().await == Some(true),
            status => status == Some(404),
        };
        if !is_missing {
            return Err(self.explain(error, operation).await);
        }
        let error = missing(error, "profile", id);
        Err(match is_of_organisation(id) {
            true => error.with_hint(
                "the organisation's own profile has to be opened once in the console before it can be used here",
            ),
            false => error.with_hint("see `cspm policies list`"),
        })
    }
}

fn path_of(id: &str) -> String {
    format!("/profiles/{}", encode(id))
}

fn id_of(policy: &Policy) -> Result<&str> {
    policy.id.as_deref().ok_or_else(|| Error::bug("a profile without an id is to be changed"))
}

fn is_of_organisation(id: &str) -> bool {
    id.starts_with("organisation-")
}

/// Decodes an answer; an error names the operation.
pub(crate) fn understood<T>(
    answer: &Answer,
    operation: &'static str,
    decode: impl FnOnce(&str) -> Result<T>,
) -> Result<T> {
    answer.text().and_then(decode).map_err(|error| error.with_operation(operation))
}

/// The warnings of an answer to a write. The write was carried out, whatever is wrong with them.
pub(crate) fn notices(answer: &Answer) -> Vec<Notice> {
    answer.text().map(decode_notices).unwrap_or_default()
}

pub(crate) fn noted(answer: &Answer) -> Noted<()> {
    Noted { value: (), notices: notices(answer) }
}

/// A profile as it is written: `included` and the relationship name the same rules, in the same order.
#[derive(Serialize)]
struct Profile<'a> {
    data: ProfileData<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    included: Vec<Setting<'a>>,
}

#[derive(Serialize)]
struct ProfileData<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    attributes: BTreeMap<String, Verbatim>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relationships: Option<Relationships<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationships<'a> {
    rule_settings: Links<'a>,
}

#[derive(Serialize)]
struct Links<'a> {
    data: Vec<Link<'a>>,
}

#[derive(Serialize)]
struct Link<'a> {
    r#type: &'static str,
    id: &'a str,
}

#[derive(Serialize)]
struct Setting<'a> {
    r#type: &'static str,
    id: &'a str,
    attributes: Written,
}

impl<'a> Profile<'a> {
    /// `overwritten` is the profile that a POST replaces: everything of it that is not said here is gone.
    ///
    /// A profile without settings has neither `included` nor relationship, which wipes those of the one it overwrites. The
    /// organisation's own is reset with an empty relationship, as the vendor's tool was seen to do.
    fn of(policy: &'a Policy, overwritten: Option<&'a str>, book: &RuleBook) -> Result<Self> {
        let mut attributes = policy.extra.clone();
        attributes.insert("name".to_owned(), Verbatim::of(&policy.name)?);
        if let Some(description) = &policy.description {
            attributes.insert("description".to_owned(), Verbatim::of(description)?);
        }
        let links: Vec<Link<'_>> = policy.rules.keys().map(|id| Link { r#type: "rules", id }).collect();
        let is_said = !links.is_empty() || overwritten.is_some_and(is_of_organisation);
        let relationships = is_said.then_some(Relationships { rule_settings: Links { data: links } });
        let included = policy.rules.iter().map(|(id, setting)| {
            Ok(Setting { r#type: "rules", id, attributes: written(id, setting, book)? })
        });
        Ok(Self {
            data: ProfileData { r#type: "profiles", id: overwritten, attributes, relationships },
            included: included.collect::<Result<_>>()?,
        })
    }
}

#[derive(Serialize)]
struct Apply<'a> {
    meta: ApplyMeta<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApplyMeta<'a> {
    account_ids: &'a [String],
    types: [&'static str; 1],
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    include: Option<Include>,
}

/// What is taken from the profile beside its settings. It means something with `overwrite` only.
#[derive(Serialize)]
struct Include {
    /// `false` keeps the accounts' exceptions; `true`, and nothing said, drop them (section 23, number 19).
    exceptions: bool,
}

impl<'a> ApplyMeta<'a> {
    fn of(application: &'a Application) -> Result<Self> {
        let Application { accounts, mode, keep_exceptions, note, .. } = application;
        let is_overwrite = *mode == ApplyMode::Overwrite;
        if *keep_exceptions && !is_overwrite {
            let message =
                format!("exceptions can be kept with mode overwrite only, not with {}", mode.as_str());
            return Err(Error::new(ErrorKind::Config, message));
        }
        if accounts.is_empty() {
            return Err(Error::new(ErrorKind::Config, "no account is named to apply the profile to"));
        }
        Ok(Self {
            account_ids: accounts,
            types: ["rule"],
            mode: mode.as_str(),
            notes: note.as_deref(),
            include: is_overwrite.then_some(Include { exceptions: !keep_exceptions }),
        })
    }
}
