//! Checking a connection with the smallest reads there are.

use cspm_core::{Diagnosis, Error, ErrorKind};

use crate::Conformity;
use crate::error::{ADDRESS_ADVICE, right_for};
use crate::request::{LIST_ACCOUNTS, LIST_CHECKS, LIST_SERVICES, who_am_i};
use crate::slice::Slice;

/// More than this between the two clocks is worth a word: suppressions end by the clock.
const MOST_SKEW_SECONDS: u64 = 300;

impl Conformity {
    /// Address, credential and clock by one answer; then one read for each right that findings, accounts and rules need.
    pub(crate) async fn examine(&self) -> Vec<Diagnosis> {
        self.verdict.forget().await;
        let mut rows = Vec::new();
        let answer = self.client.send(who_am_i()).await.and_then(|answer| answer.text().map(|_| ()));
        let refused = match answer {
            Ok(()) => None,
            Err(error) if matches!(error.status(), Some(401 | 403)) => Some(error),
            Err(error) => {
                let check = if error.message().contains("secure connection") { "tls" } else { "address" };
                rows.push(Diagnosis::ill(check, &error, ADDRESS_ADVICE));
                return rows;
            }
        };
        rows.push(Diagnosis::well("address", format!("{} answers", self.client.base().host())));
        rows.extend(self.clock());
        if let Some(error) = refused {
            // This call is everybody's right, so it can only be the key.
            let error = error.with_kind(ErrorKind::Authentication);
            rows.push(Diagnosis::ill("credential", &error, self.key_advice()));
            return rows;
        }
        rows.push(Diagnosis::well("credential", "accepted"));
        rows.extend(self.rights().await);
        rows
    }

    async fn rights(&self) -> Vec<Diagnosis> {
        let accounts = self.list_accounts().await;
        let first = match &accounts {
            Ok(step) => step.items.first().and_then(|account| account.identity.id.clone()),
            Err(_) => None,
        };
        let listed = accounts.map(|step| format!("{} accounts", step.items.len()));
        let mut rows = vec![diagnosis(LIST_ACCOUNTS, listed)];
        let rules = self.list_rules().await.map(|step| format!("{} rules", step.items.len()));
        rows.push(diagnosis(LIST_SERVICES, rules));
        if let Some(account) = first {
            let checks = self.send(Slice::of_account(&*account).one_by_one()).await;
            let allowed = checks.and_then(|answer| answer.text().map(|_| "allowed".to_owned()));
            rows.push(diagnosis(LIST_CHECKS, allowed));
        }
        rows
    }

    fn clock(&self) -> Option<Diagnosis> {
        let apart = self.client.clock_skew()?.unsigned_abs();
        Some(if apart <= MOST_SKEW_SECONDS {
            Diagnosis::well("clock", format!("{apart} s apart"))
        } else {
            let message = format!("this machine's clock and the vendor's are {apart} s apart");
            Diagnosis::ill("clock", &Error::new(ErrorKind::Config, message), "set this machine's clock (NTP)")
        })
    }
}

fn diagnosis(check: &'static str, result: cspm_core::Result<String>) -> Diagnosis {
    match result {
        Ok(message) => Diagnosis::well(check, message),
        Err(error) => {
            let remedy = match error.kind() {
                ErrorKind::Permission => right_for(check),
                ErrorKind::NotFound | ErrorKind::Protocol => ADDRESS_ADVICE,
                _ => "try again later",
            };
            Diagnosis::ill(check, &error, remedy)
        }
    }
}
