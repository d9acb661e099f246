//! What a status means here, and what to do about it (vendor document, section 3.6).
//!
//! A refused key and a missing right both answer 403 with the same body, and 401 is used for either, too. One read that
//! every key may make tells them apart. Whatever number of requests is refused, one such read is made for each run.

use cspm_core::{Error, ErrorKind, Result, clean_text};
use cspm_http::{Answer, Call, Dialect};
use tokio::sync::Mutex;

use crate::request::{list_users, who_am_i};
use crate::rights::right_for;
use crate::{Conformity, NAME};

/// This vendor's reading of HTTP. The reads made here get a 500 for the vendor's own troubles only. No rate limit is
/// published (section 3.5); ten requests a second are a careful beginning.
pub(crate) const DIALECT: Dialect = Dialect {
    vendor: NAME,
    classify: |status, _| match status {
        // Not paid for; organisation locked.
        402 | 423 => Some(ErrorKind::Permission),
        _ => None,
    },
    retries_on_500: 2,
    first_pace: 10.0,
};

/// What a refusal turned out to mean, once somebody asked.
#[derive(Debug, Default)]
pub(crate) struct Verdict(Mutex<Option<ErrorKind>>);

impl Verdict {
    /// A new run asks again: rights and keys change.
    pub(crate) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

impl Conformity {
    /// Sends a call, and says of a failure what only this adapter knows.
    pub(crate) async fn send(&self, call: Call) -> Result<Answer> {
        let operation = call.operation();
        match self.client.send(call).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.explain(error, operation).await),
        }
    }

    /// Finds out what a refusal means, and adds what to do.
    pub(crate) async fn explain(&self, error: Error, operation: &'static str) -> Error {
        let error = match error.status() {
            Some(401 | 403) => match self.tell_apart().await {
                Some(kind) => error.with_kind(kind),
                None => {
                    error.with_hint("whether the key is refused or a right is missing could not be found out")
                }
            },
            _ => error,
        };
        self.advise(error, operation)
    }

    /// Whether the key is one of the role ADMIN: only such may list users. `None` if that could not be found out. This is
    /// how the vendor's own tool tells "there is none" from "you may not", which look alike (section 23, number 3).
    pub(crate) async fn is_admin(&self) -> Option<bool> {
        match self.client.send(list_users()).await {
            Ok(_) => Some(true),
            Err(error) if matches!(error.status(), Some(401 | 403)) => Some(false),
            Err(_) => None,
        }
    }

    /// Whether the key is refused altogether or only lacks a right. The lock is held while it is found out, so that
    /// others wait for the answer instead of asking too.
    async fn tell_apart(&self) -> Option<ErrorKind> {
        let mut verdict = self.verdict.0.lock().await;
        if verdict.is_none() {
            *verdict = match self.client.send(who_am_i()).await {
                Ok(_) => Some(ErrorKind::Permission),
                Err(error) if matches!(error.status(), Some(401 | 403)) => Some(ErrorKind::Authentication),
                Err(_) => None,
            };
        }
        *verdict
    }

    /// Adds what to do.
    pub(crate) fn advise(&self, error: Error, operation: &'static str) -> Error {
        match (error.kind(), error.status()) {
            (ErrorKind::Authentication, Some(_)) => error.with_hint(&self.key_advice()),
            (ErrorKind::Permission, Some(401 | 403)) => error.with_hint(right_for(operation)),
            (ErrorKind::NotFound, _) => error.with_hint(ADDRESS_ADVICE),
            _ => error,
        }
    }

    /// What to do about a key that is refused.
    pub(crate) fn key_advice(&self) -> String {
        let host = self.client.base().host();
        format!(
            "check that the key is active and was made for {host}: keys of another region, or of the legacy product at \
             Cloud One and the other way round, are refused"
        )
    }
}

/// Says of an error that there is no such thing. A 404 may mean a wrong address as well (section 3.6, c).
pub(crate) fn missing(error: Error, what: &str, id: &str) -> Error {
    let is_doubtful = error.status() == Some(404);
    let message = format!("there is no {what} \"{}\"", clean_text(id, 200));
    let error = error.with_kind(ErrorKind::NotFound).with_message(message);
    if is_doubtful { error.with_hint(&format!("if there is, {ADDRESS_ADVICE}")) } else { error }
}

/// What to do about an address that leads nowhere.
pub(crate) const ADDRESS_ADVICE: &str = "check the address: it ends in /v1 (legacy) or /api (Cloud One); and the network and proxy on the way to it";
