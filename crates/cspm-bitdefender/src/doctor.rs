//! Checking a connection with one read for each right that findings, accounts and rules need.

use cspm_core::{Cursor, Diagnosis, Error, ErrorKind, Owner, Result};
use cspm_http::Call;

use crate::error::{LIST_CHECKS, LIST_RULES, LIST_SCANS, LIST_STANDARDS, MAY, RIGHT_BASE};
use crate::{Bitdefender, accounts, narrow, rules, standards};

impl Bitdefender {
    /// Address, credential and clock by one answer; then one read for each right.
    pub(crate) async fn examine(&self) -> Vec<Diagnosis> {
        let scans = self.try_read(accounts::list()).await;
        if let Err(error) = &scans
            && !is_of_the_vendor(error)
        {
            return vec![Diagnosis::unreachable(error, RIGHT_WAY)];
        }
        let mut rows = vec![Diagnosis::well("address", format!("{} answers", self.client.base().host()))];
        let (verdict, goes_on) = match &scans {
            // Repeated refusals look like an attack.
            Err(error) if error.kind() == ErrorKind::Authentication => {
                (Diagnosis::ill("credential", error, NEW_KEY), false)
            }
            // This says nothing about the key, and the next read would bring the same.
            Err(error) if error.kind() != ErrorKind::Permission => {
                (allowed(LIST_SCANS, Err(error.clone())), false)
            }
            _ => (Diagnosis::well("credential", "accepted"), true),
        };
        rows.push(verdict);
        rows.extend(self.client.clock_skew().map(Diagnosis::clock));
        if !goes_on {
            return rows;
        }
        rows.push(allowed(LIST_SCANS, scans));
        rows.push(allowed(LIST_RULES, self.try_read(rules::list()).await));
        rows.push(allowed(LIST_STANDARDS, self.try_read(standards::list()).await));
        // There is no documented way to ask for a small page; few checks are false positives.
        let few = narrow::list().query("results", "fail").query("statuses", "false_positive");
        rows.push(allowed(LIST_CHECKS, self.try_read(few).await));
        rows
    }

    async fn try_read(&self, call: Call) -> Result<()> {
        self.send(self.at(call, &Cursor::Start)?).await?.text().map(|_| ())
    }
}

/// Whether an answer is one that the API itself gives, so that the address is right.
fn is_of_the_vendor(error: &Error) -> bool {
    use ErrorKind::{Authentication, Permission, Server, Throttled};
    matches!(error.kind(), Authentication | Permission | Throttled)
        || (error.kind() == Server && error.status().is_some())
}

fn allowed(check: &'static str, result: Result<()>) -> Diagnosis {
    match result {
        Err(error) if error.kind() == ErrorKind::Throttled => {
            Diagnosis::ill(check, &error.with_owner(Owner::Customer), SLOWER)
        }
        Err(error) if error.kind() == ErrorKind::Authentication => {
            Diagnosis::ill(check, &error, REFUSED_HERE)
        }
        result => Diagnosis::of(check, result.map(|()| "allowed".to_owned()), MAY, RIGHT_BASE),
    }
}

const RIGHT_WAY: &str = "check the region or base_url, and the network, proxy and ca_file on the way to it";
const NEW_KEY: &str =
    "create a key in the Cloud Security console under Integrations and configure it as api_key";
/// The limit is not published, and one budget serves everybody who uses the key (3.7).
const SLOWER: &str =
    "set requests_per_second to less than it is, and see who else uses this key; then try again";
/// A firewall in front of the API answers 403 as well (3.5).
const REFUSED_HERE: &str = "the key was accepted for something else, so it is not simply wrong: see whether a firewall refuses this, \
                            else create a key that may use this API, in the Cloud Security console under Integrations";
