//! What a status means here, and what to do about it (sections 2.3.3 and 3.5).
//!
//! The vendor documents no body for a refused credential. A 403 is a missing right if its body speaks of rights;
//! otherwise one harmless read that every user may make tells: if that works, the credential is good and the right is
//! missing, else the credential is refused. What was found is remembered for each kind of request, so that a row of
//! refusals costs one such read, and refusals that arrive side by side one each at the most.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use cspm_core::http::HeaderValue;
use cspm_core::http::header::CONTENT_TYPE;
use cspm_core::{Error, ErrorKind, Result};
use cspm_http::{Answer, Call, Dialect};

use crate::auth::LOG_IN;
use crate::{InsightCloudSec, NAME};

/// This vendor's reading of HTTP. A bare 500 often means bad input (3.6): a read is repeated once. No rate limit is
/// published; ten requests a second are a careful beginning.
pub(crate) const DIALECT: Dialect =
    Dialect { vendor: NAME, classify: |_, _| None, retries_on_500: 1, first_pace: 10.0 };

/// Whether a message speaks of what the caller may do, rather than of who the caller is. The text that a widespread
/// Python framework gives to every bare 403 speaks of a permission, too, and says nothing.
pub(crate) fn names_a_right(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let boilerplate = message.contains("permission to access the requested resource");
    !boilerplate && ["permission", "privilege", "entitle"].iter().any(|word| message.contains(word))
}

pub(crate) const WHO_AM_I: &str = "ask who is calling";
pub(crate) const LIST_CLOUDS: &str = "list clouds";
pub(crate) const LIST_INSIGHTS: &str = "list insights";
pub(crate) const LIST_PACKS: &str = "list packs";
pub(crate) const LIST_EXEMPTIONS: &str = "list exemptions";
pub(crate) const QUERY_RESOURCES: &str = "query resources";
pub(crate) const LIST_ORGANIZATIONS: &str = "list organizations";
pub(crate) const LIST_BOTS: &str = "list bots";
pub(crate) const CREATE_PACK: &str = "create a pack";
pub(crate) const UPDATE_PACK: &str = "update a pack";
pub(crate) const DELETE_PACK: &str = "delete a pack";
pub(crate) const READ_INSIGHT: &str = "read an insight";
pub(crate) const CREATE_INSIGHT: &str = "create an insight";
pub(crate) const EDIT_INSIGHT: &str = "edit an insight";
pub(crate) const DELETE_INSIGHT: &str = "delete an insight";
pub(crate) const CREATE_EXEMPTIONS: &str = "create exemptions";
pub(crate) const DELETE_EXEMPTIONS: &str = "delete exemptions";
pub(crate) const PAUSE_BOT: &str = "pause a bot";
pub(crate) const RESUME_BOT: &str = "resume a bot";

/// The best "who am I" call (16.2): every user may make it.
pub(crate) fn who_am_i() -> Call {
    Call::get(WHO_AM_I, "/v2/public/user/info")
}

/// What a 403 turned out to mean, by kind of request.
#[derive(Debug, Default)]
pub(crate) struct Verdicts(Mutex<HashMap<&'static str, ErrorKind>>);

impl Verdicts {
    fn with<R>(&self, look: impl FnOnce(&mut HashMap<&'static str, ErrorKind>) -> R) -> R {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl InsightCloudSec {
    /// Sends a call, and says of a failure what only this vendor's adapter knows.
    pub(crate) async fn send(&self, call: Call) -> Result<Answer> {
        let operation = call.operation();
        // Required on nearly every operation, GET included (2.4).
        let json = HeaderValue::from_static("application/json");
        let error = match self.client.send(call.header(CONTENT_TYPE, json)).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let vague = error.status() == Some(403)
            && error.kind() == ErrorKind::Permission
            && !names_a_right(error.message());
        let error = if vague { error.with_kind(self.tell_apart(operation).await) } else { error };
        Err(self.explain(error, operation))
    }

    async fn tell_apart(&self, operation: &'static str) -> ErrorKind {
        match operation {
            WHO_AM_I => return ErrorKind::Authentication,
            // It is asked only after that one, which has told already.
            LIST_ORGANIZATIONS => return ErrorKind::Permission,
            _ => {}
        }
        if let Some(known) = self.verdicts.with(|verdicts| verdicts.get(operation).copied()) {
            return known;
        }
        let verdict = match self.client.send(who_am_i()).await {
            Ok(_) => ErrorKind::Permission,
            Err(error) if matches!(error.status(), Some(401 | 403)) => ErrorKind::Authentication,
            // Nothing was found out: the usual meaning, and not remembered.
            Err(_) => return ErrorKind::Permission,
        };
        self.verdicts.with(|verdicts| verdicts.insert(operation, verdict));
        verdict
    }

    fn explain(&self, error: Error, operation: &'static str) -> Error {
        match (error.kind(), error.status()) {
            (ErrorKind::Authentication, Some(401 | 403)) if self.has_key => error.with_hint(
                "check that the API key is active and of this installation (keys of the Insight platform are not \
                 accepted, and a user's newest key ends the older ones)",
            ),
            // How a log-in with a second factor goes is not known; its session may be one that is good for nothing (2.3.2).
            (ErrorKind::Authentication, Some(401 | 403)) if error.operation() != Some(LOG_IN) => error.with_hint(
                "the session is not accepted; a user with a second factor or single sign-on needs an API key",
            ),
            (ErrorKind::Permission, _) => error.with_hint(right_for(operation)),
            (ErrorKind::NotFound, _) if names_a_thing(operation) => {
                error.with_hint("it does not exist in the user's present organization, or not any more")
            }
            (ErrorKind::NotFound, Some(404)) => {
                error.with_hint("check that base_url is the root of the installation")
            }
            _ => error,
        }
    }
}

/// Whether a request names something that may not exist, so that a 404 is about that.
fn names_a_thing(operation: &str) -> bool {
    matches!(
        operation,
        UPDATE_PACK
            | DELETE_PACK
            | READ_INSIGHT
            | EDIT_INSIGHT
            | DELETE_INSIGHT
            | DELETE_EXEMPTIONS
            | PAUSE_BOT
            | RESUME_BOT
    )
}

/// Which right a request needs, in the console's words (sections 12.4 and 17.3).
pub(crate) fn right_for(operation: &str) -> &'static str {
    match operation {
        LIST_EXEMPTIONS => "give the credential's user the entitlement exemptions (viewer)",
        LIST_INSIGHTS | LIST_PACKS | READ_INSIGHT => {
            "give the credential's user the entitlement insights (viewer)"
        }
        CREATE_EXEMPTIONS | DELETE_EXEMPTIONS => {
            "give the credential's user the entitlement exemptions (editor), or make it an administrator"
        }
        CREATE_PACK | UPDATE_PACK | DELETE_PACK | CREATE_INSIGHT | EDIT_INSIGHT | DELETE_INSIGHT => {
            "give the credential's user the entitlement insights (editor)"
        }
        LIST_BOTS => "give the credential's user the entitlement botfactory (viewer)",
        PAUSE_BOT | RESUME_BOT => "give the credential's user the entitlement botfactory (editor)",
        _ => "give the credential's user a role that may view the clouds",
    }
}
