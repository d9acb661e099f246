//! Checking a connection with the smallest reads there are.

use cspm_core::{Diagnosis, ErrorKind, Result};

use crate::Conformity;
use crate::error::ADDRESS_ADVICE;
use crate::request::{LIST_ACCOUNTS, LIST_CHECKS, LIST_SERVICES, who_am_i};
use crate::rights::right_for;
use crate::slice::Slice;

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
                rows.push(Diagnosis::unreachable(&error, ADDRESS_ADVICE));
                return rows;
            }
        };
        rows.push(Diagnosis::well("address", format!("{} answers", self.client.base().host())));
        rows.extend(self.client.clock_skew().map(Diagnosis::clock));
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
        let mut rows = vec![allowed(LIST_ACCOUNTS, listed)];
        let rules = self.list_rules().await.map(|step| format!("{} rules", step.items.len()));
        rows.push(allowed(LIST_SERVICES, rules));
        if let Some(account) = first {
            let checks = self.send(Slice::of_account(&*account).one_by_one()).await;
            let read = checks.and_then(|answer| answer.text().map(|_| "allowed".to_owned()));
            rows.push(allowed(LIST_CHECKS, read));
        }
        rows
    }
}

fn allowed(check: &'static str, result: Result<String>) -> Diagnosis {
    Diagnosis::of(check, result, right_for(check), ADDRESS_ADVICE)
}
