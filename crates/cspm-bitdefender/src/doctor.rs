//! Checking a connection with one read for each right that findings, accounts and rules need.

use cspm_core::{Cursor, Diagnosis, ErrorKind, Result};
use cspm_http::Call;

use crate::error::{LIST_CHECKS, LIST_RULES, LIST_SCANS, MAY, RIGHT_BASE};
use crate::{Bitdefender, accounts, narrow, rules};

impl Bitdefender {
    pub(crate) async fn examine(&self) -> Vec<Diagnosis> {
        let scans = self.try_read(accounts::list()).await;
        if let Err(error) = &scans
            && !matches!(error.kind(), ErrorKind::Authentication | ErrorKind::Permission)
        {
            return vec![Diagnosis::unreachable(error, RIGHT_WAY)];
        }
        let mut rows = vec![Diagnosis::well("address", format!("{} answers", self.client.base().host()))];
        match &scans {
            Err(error) if error.kind() == ErrorKind::Authentication => {
                let remedy = "create a key in the Cloud Security console under Integrations and configure it as api_key";
                rows.push(Diagnosis::ill("credential", error, remedy));
                rows.extend(self.client.clock_skew().map(Diagnosis::clock));
                return rows;
            }
            _ => rows.push(Diagnosis::well("credential", "accepted")),
        }
        rows.extend(self.client.clock_skew().map(Diagnosis::clock));
        rows.push(allowed(LIST_SCANS, scans));
        rows.push(allowed(LIST_RULES, self.try_read(rules::list()).await));
        // There is no documented way to ask for a small page; few checks are false positives.
        let few = narrow::list().query("results", "fail").query("statuses", "false_positive");
        rows.push(allowed(LIST_CHECKS, self.try_read(few).await));
        rows
    }

    async fn try_read(&self, call: Call) -> Result<()> {
        self.send(self.at(call, &Cursor::Start)?).await?.text().map(|_| ())
    }
}

fn allowed(check: &'static str, result: Result<()>) -> Diagnosis {
    Diagnosis::of(check, result.map(|()| "allowed".to_owned()), MAY, RIGHT_BASE)
}

const RIGHT_WAY: &str = "check the region or base_url, and the network, proxy and ca_file on the way to it";
