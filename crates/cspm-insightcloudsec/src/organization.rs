//! In which organization a write lands (sections 1.1 and 4.4).
//!
//! The organization that a user works in is state of the server: whoever switches it, by any key or session of that user or
//! in the console, moves everything that follows to another set of clouds, packs and exemptions. So each write is preceded by
//! a look at who is calling, and refused unless the organization is the configured one or, if none is configured, the one
//! that this connection saw when it first looked. Nothing here ever switches it. Between the look and the write somebody else
//! can still switch; only a user of its own for each organization rules that out.
//!
//! An installation that has neither of the two calls that tell (404) is written to all the same, unless an organization is
//! configured or was seen before: there is nothing to hold it against.

use std::sync::OnceLock;

use cspm_core::adapter::{Text, object};
use cspm_core::{Error, ErrorKind, RawValue, Result, clean_text};
use cspm_http::{Answer, Call};
use serde::Deserialize;

use crate::error::{LIST_ORGANIZATIONS, WHO_AM_I, who_am_i};
use crate::{InsightCloudSec, wire};

/// An organization, by as much as the vendor says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Organization {
    id: Option<String>,
    name: Option<String>,
}

impl Organization {
    /// Whether a configuration means this one: by its name, its number, or `divvyorganization:<number>`.
    fn is_called(&self, wanted: &str) -> bool {
        let number = wanted.strip_prefix("divvyorganization:").unwrap_or(wanted).trim_end_matches(':');
        self.name.as_deref() == Some(wanted) || self.id.as_deref() == Some(number)
    }

    fn is_known(&self) -> bool {
        self.id.is_some() || self.name.is_some()
    }

    /// By the number, which survives a new name; by the name where the number is not told.
    fn is_same(&self, other: &Self) -> bool {
        match (&self.id, &other.id) {
            (Some(one), Some(other)) => one == other,
            _ => self.name.is_some() && self.name == other.name,
        }
    }

    fn shown(&self) -> String {
        match (&self.name, &self.id) {
            (Some(name), Some(id)) => format!("\"{}\" ({})", clean_text(name, 100), clean_text(id, 20)),
            (Some(name), None) => format!("\"{}\"", clean_text(name, 100)),
            (None, id) => clean_text(id.as_deref().unwrap_or_default(), 20),
        }
    }
}

/// Who is calling, and from which organization at this moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caller {
    pub(crate) organization: Organization,
    /// The user's e-mail address, or failing that the user's name: whom an exemption names as its approver.
    pub(crate) approver: Option<String>,
}

/// What the organization has to be.
#[derive(Debug, Default)]
pub(crate) struct Home {
    configured: Option<String>,
    first: OnceLock<Organization>,
}

impl Home {
    pub(crate) fn new(configured: Option<String>) -> Self {
        Self { configured, first: OnceLock::new() }
    }

    /// Refuses an organization that is not the one that it has to be.
    pub(crate) fn check(&self, now: &Organization) -> Result<()> {
        if !now.is_known() {
            let nothing_is_due = self.configured.is_none() && self.first.get().is_none();
            return if nothing_is_due { Ok(()) } else { Err(untold()) };
        }
        let (is_right, due) = match &self.configured {
            Some(wanted) => {
                (now.is_called(wanted), format!("the configured \"{}\"", clean_text(wanted, 100)))
            }
            None => {
                let first = self.first.get_or_init(|| now.clone());
                (first.is_same(now), format!("{}, where this connection began", first.shown()))
            }
        };
        if is_right {
            return Ok(());
        }
        let message = format!(
            "the user works in the organization {}, not in {due}; nothing was sent; switch the user in the console and try \
             again, or use a user of its own for each organization",
            now.shown()
        );
        Err(Error::new(ErrorKind::Config, message))
    }
}

fn untold() -> Error {
    let message = "it cannot be told in which organization the user works, so nothing is written; give the credential's user \
                   the right to read its own user info";
    Error::new(ErrorKind::Config, message)
}

#[derive(Deserialize)]
struct User<'a> {
    #[serde(borrow, default)]
    organization_id: Text<'a>,
    #[serde(borrow, default)]
    organization_name: Text<'a>,
    #[serde(borrow, default)]
    email_address: Text<'a>,
    #[serde(borrow, default)]
    username: Text<'a>,
    #[serde(borrow, default)]
    error_message: Text<'a>,
}

#[derive(Deserialize)]
struct Details<'a> {
    #[serde(borrow, default)]
    organizations: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    error_message: Text<'a>,
}

#[derive(Deserialize)]
struct Detail<'a> {
    #[serde(borrow, default)]
    organization_id: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
}

/// The vendor's own test of a connection (4.1).
pub(crate) fn list_organizations() -> Call {
    Call::get(LIST_ORGANIZATIONS, "/v2/prototype/domain/organizations/detail/get")
}

/// Reads `user/info` (16.2).
pub(crate) fn decode_caller(answer: &Answer) -> Result<Caller> {
    let user: User<'_> = wire::parse(answer.text()?)?;
    if let Some(error) = wire::refusal(&user.error_message) {
        return Err(error);
    }
    Ok(Caller {
        organization: Organization { id: user.organization_id.owned(), name: user.organization_name.owned() },
        approver: user.email_address.owned().or_else(|| user.username.owned()),
    })
}

/// The only organization of the list (4.1), if there is one only: whoever sees several may be in any of them.
fn decode_only(text: &str) -> Result<Option<Organization>> {
    let details: Details<'_> = wire::parse(text)?;
    if let Some(error) = wire::refusal(&details.error_message) {
        return Err(error);
    }
    let [only] = details.organizations.as_deref().unwrap_or_default() else { return Ok(None) };
    let only: Detail<'_> = object(only.get()).map_err(|_| {
        Error::new(ErrorKind::Protocol, "the organization cannot be read").with_operation(LIST_ORGANIZATIONS)
    })?;
    Ok(Some(Organization { id: only.organization_id.owned(), name: only.name.owned() }))
}

impl InsightCloudSec {
    /// Who is calling. Where `user/info` does not tell the organization, a list of organizations that has only one does; where
    /// the installation has no such calls, it stays unknown.
    async fn caller(&self) -> Result<Caller> {
        let asked = match self.send(who_am_i()).await {
            Ok(answer) => decode_caller(&answer).map_err(|error| error.with_operation(WHO_AM_I)),
            Err(error) => Err(error),
        };
        let is_absent = |error: &Error| error.kind() == ErrorKind::NotFound;
        let caller = match asked {
            Ok(caller) if caller.organization.is_known() => return Ok(caller),
            Err(error) if error.status() == Some(401) => return Err(error),
            Err(error) if is_absent(&error) => Ok(Caller::default()),
            asked => asked,
        };
        let (answer, approver) = match (self.send(list_organizations()).await, caller) {
            (Ok(answer), caller) => (answer, caller.unwrap_or_default().approver),
            (Err(error), Ok(caller)) if is_absent(&error) => return Ok(caller),
            (Err(_), Err(error)) | (Err(error), Ok(_)) => return Err(error),
        };
        let only = decode_only(answer.text()?).map_err(|error| error.with_operation(LIST_ORGANIZATIONS))?;
        let organization = only.filter(Organization::is_known).ok_or_else(untold)?;
        Ok(Caller { organization, approver })
    }

    /// Remembers the organization, once, before anything is read that a write will build on. A failure is no reason not to
    /// read: it will be one not to write.
    pub(crate) async fn settle_in(&self) {
        if self.home.configured.is_none()
            && self.home.first.get().is_none()
            && let Ok(caller) = self.caller().await
            && caller.organization.is_known()
        {
            let _ = self.home.first.set(caller.organization);
        }
    }

    /// Refuses to write into another organization than the right one, and says who is calling.
    ///
    /// # Errors
    /// Kind `config` if it is another one or cannot be told; whatever the transport could not mend.
    pub(crate) async fn may_write(&self) -> Result<Caller> {
        let caller = self.caller().await?;
        self.home.check(&caller.organization)?;
        Ok(caller)
    }

    /// Sends a write, once, after [`may_write`](Self::may_write). The body may be empty (3.5); one that tells of an error in
    /// spite of its status (22.2, quirk 8), or makes no sense, leaves open what was done.
    ///
    /// # Errors
    /// As the transport says; uncertain where the write may have been carried out all the same.
    pub(crate) async fn carry_out(&self, call: Call) -> Result<Answer> {
        let operation = call.operation();
        let answer = self.send(call).await?;
        if answer.body.trim_ascii().is_empty() {
            return Ok(answer);
        }
        let understood = answer.text().and_then(wire::check_complaint);
        understood.map_err(|error| error.with_operation(operation).uncertain())?;
        Ok(answer)
    }

    /// Looks at the organization, then writes.
    pub(crate) async fn write(&self, call: Call) -> Result<Answer> {
        self.may_write().await?;
        self.carry_out(call).await
    }
}
