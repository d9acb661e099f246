//! Checking a connection with one read for each right that findings, accounts and rules need.

use cspm_core::{Cursor, Diagnosis, Error, ErrorKind, Result};
use cspm_http::Call;

use crate::error::{LIST_CHECKS, LIST_RULES, LIST_SCANS, MAY, RIGHT_BASE};
use crate::{Bitdefender, accounts, narrow, rules};

/// More than this between the two clocks is worth a word: accepted risks end by the clock.
const MOST_SKEW_SECONDS: u64 = 300;

impl Bitdefender {
    pub(crate) async fn examine(&self) -> Vec<Diagnosis> {
        let scans = self.try_read(accounts::list()).await;
        if let Err(error) = &scans
            && !matches!(error.kind(), ErrorKind::Authentication | ErrorKind::Permission)
        {
            let check = if error.message().contains("secure connection") { "tls" } else { "address" };
            return vec![Diagnosis::ill(check, error, RIGHT_WAY)];
        }
        let mut rows = vec![Diagnosis::well("address", format!("{} answers", self.client.base().host()))];
        match &scans {
            Err(error) if error.kind() == ErrorKind::Authentication => {
                let remedy = "create a key in the Cloud Security console under Integrations and configure it as api_key";
                rows.push(Diagnosis::ill("credential", error, remedy));
                rows.extend(self.clock());
                return rows;
            }
            _ => rows.push(Diagnosis::well("credential", "accepted")),
        }
        rows.extend(self.clock());
        rows.push(diagnosis(LIST_SCANS, scans));
        rows.push(diagnosis(LIST_RULES, self.try_read(rules::list()).await));
        // There is no documented way to ask for a small page; few checks are false positives.
        let few = narrow::list().query("results", "fail").query("statuses", "false_positive");
        rows.push(diagnosis(LIST_CHECKS, self.try_read(few).await));
        rows
    }

    async fn try_read(&self, call: Call) -> Result<()> {
        self.send(self.at(call, &Cursor::Start)?).await?.text().map(|_| ())
    }

    fn clock(&self) -> Option<Diagnosis> {
        let skew = self.client.clock_skew()?;
        let apart = skew.unsigned_abs();
        Some(if apart <= MOST_SKEW_SECONDS {
            Diagnosis::well("clock", format!("{apart} s apart"))
        } else {
            let message = format!("this machine's clock and the vendor's are {apart} s apart");
            let error = Error::new(ErrorKind::Config, message);
            Diagnosis::ill("clock", &error, "set this machine's clock (NTP)")
        })
    }
}

fn diagnosis(check: &'static str, result: Result<()>) -> Diagnosis {
    match result {
        Ok(()) => Diagnosis::well(check, "allowed"),
        Err(error) => {
            let remedy = match error.kind() {
                ErrorKind::Permission => MAY,
                ErrorKind::NotFound | ErrorKind::Protocol => RIGHT_BASE,
                _ => "try again later",
            };
            Diagnosis::ill(check, &error, remedy)
        }
    }
}

const RIGHT_WAY: &str = "check the region or base_url, and the network, proxy and ca_file on the way to it";
