//! What a status means here, and what to do about it (section 3.5).

use cspm_core::{Error, ErrorKind, Result, clean_text};
use cspm_http::{Answer, Call, Dialect};

use crate::{Bitdefender, NAME};

/// This vendor's reading of HTTP: 401 is a missing permission and 403 an invalid key, the reverse of common practice.
/// `swapped` turns that round, in case the vendor's table is a slip. No rate limit is published; five requests a second
/// are half of what the vendor's other API bears (3.7): there learning begins, and it ends at the first 429, with or
/// without `Retry-After`. They are no limit; who knows one sets `requests_per_second`.
pub(crate) fn dialect(swapped: bool) -> Dialect {
    let classify = if swapped {
        |status, _: &str| match status {
            401 => Some(ErrorKind::Authentication),
            403 => Some(ErrorKind::Permission),
            _ => None,
        }
    } else {
        |status, _: &str| match status {
            401 => Some(ErrorKind::Permission),
            403 => Some(ErrorKind::Authentication),
            _ => None,
        }
    };
    Dialect { vendor: NAME, classify, retries_on_500: 3, first_pace: 5.0 }
}

pub(crate) const LIST_SCANS: &str = "list scans";
pub(crate) const LIST_RULES: &str = "list rules";
pub(crate) const LIST_CHECKS: &str = "list checks";
pub(crate) const LIST_STANDARDS: &str = "list standards";
pub(crate) const LIST_RESOURCES: &str = "list resources";
pub(crate) const READ_STANDARD: &str = "read standard";
pub(crate) const READ_CHECK: &str = "read check";
pub(crate) const UPDATE_CHECKS: &str = "update checks";

impl Bitdefender {
    /// Sends a call, and says of a failure what only this vendor's adapter knows.
    pub(crate) async fn send(&self, call: Call) -> Result<Answer> {
        let path = self.client.base().path_of(&call);
        self.client.send(call).await.map_err(|error| self.explain(error, &path))
    }

    /// Reads the one record of an id (3.2). A 404 is worded for paths (3.5), and is what an unknown id is answered with too.
    pub(crate) async fn send_about(&self, call: Call, kind: &str, id: &str) -> Result<Answer> {
        let path = self.client.base().path_of(&call);
        self.client.send(call).await.map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                let message = format!("there is no {kind} \"{}\"", clean_text(id, 100));
                error.with_message(message).with_hint(&asked_for(&path)).with_hint(IF_NOTHING_ELSE)
            }
            _ => self.explain(error, &path),
        })
    }

    fn explain(&self, error: Error, path: &str) -> Error {
        match (error.kind(), error.status()) {
            (ErrorKind::Authentication, Some(_)) => {
                let host = self.client.base().host();
                error.with_hint(&format!(
                    "check that the key is active and of {host} (another region's key looks like a bad one); a key of the \
                     GravityZone Control Center API is of another kind and is not accepted here"
                ))
            }
            (ErrorKind::Permission, Some(_)) => error.with_hint(MAY),
            (ErrorKind::NotFound, _) | (_, Some(405)) => {
                error.with_hint(&asked_for(path)).with_hint(RIGHT_BASE)
            }
            _ => error,
        }
    }
}

/// Shows where a wrong base URL led, so that it is not taken for something missing (3.5).
fn asked_for(path: &str) -> String {
    format!("{} was asked for", clean_text(path, 200))
}

/// A key's APIs are chosen when it is made (2.2).
pub(crate) const MAY: &str = "by the vendor's documents the key is valid but may not use this API; create a key that may, in the Cloud \
                              Security console under Integrations";
/// The whole path is the vendor's own (3.5: 404 is worded for paths).
pub(crate) const RIGHT_BASE: &str = "check the region or base_url, which ends in /v1";
const IF_NOTHING_ELSE: &str =
    "if nothing else is found either, check the region or base_url, which ends in /v1";
