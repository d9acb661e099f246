//! Checking a connection with the smallest reads there are.

use cspm_core::{Cursor, Diagnosis, Error, ErrorKind, Result};
use cspm_http::Call;

use crate::error::{
    LIST_CLOUDS, LIST_EXEMPTIONS, LIST_INSIGHTS, LIST_PACKS, QUERY_RESOURCES, right_for, who_am_i,
};
use crate::resources::Question;
use crate::wire::check_complaint;
use crate::{InsightCloudSec, accounts, exemptions, rules};

impl InsightCloudSec {
    /// Address, credential and clock by one answer; then one read for each right that findings, accounts and rules need.
    pub(crate) async fn examine(&self) -> Vec<Diagnosis> {
        let mut rows = Vec::new();
        match self.send(who_am_i()).await {
            Ok(answer) => {
                rows.push(self.reached());
                rows.push(match answer.text().and_then(check_complaint) {
                    Ok(()) => Diagnosis::well("credential", "accepted"),
                    Err(error) => Diagnosis::ill("credential", &error, ADDRESS_ADVICE),
                });
            }
            Err(error) if is_out_of_reach(&error) => {
                rows.push(Diagnosis::unreachable(&error, ADDRESS_ADVICE));
                return rows;
            }
            Err(error) => {
                rows.push(self.reached());
                let remedy = "create an API key for a user of this installation and configure it as api_key";
                rows.push(Diagnosis::ill("credential", &error, remedy));
                rows.extend(self.client.clock_skew().map(Diagnosis::clock));
                return rows;
            }
        }
        rows.extend(self.client.clock_skew().map(Diagnosis::clock));
        rows.push(self.may(LIST_CLOUDS, Ok(accounts::list())).await);
        // The list is not paged; few insights are about resource groups.
        let few = rules::list_insights().query("resource_types", "resourcegroup");
        rows.push(self.may(LIST_INSIGHTS, Ok(few)).await);
        rows.push(self.may(LIST_PACKS, Ok(rules::list_packs())).await);
        rows.push(self.may_query().await);
        rows.push(self.may(LIST_EXEMPTIONS, exemptions::list(1, 1)).await);
        rows
    }

    fn reached(&self) -> Diagnosis {
        Diagnosis::well("address", format!("{} answers", self.client.base().host()))
    }

    async fn may(&self, check: &'static str, call: Result<Call>) -> Diagnosis {
        let sent = async { self.send(call?).await?.text().and_then(check_complaint) };
        allowed(check, sent.await)
    }

    /// One cloud as a resource, by whichever version of the query the installation has.
    async fn may_query(&self) -> Diagnosis {
        let question = Question { limit: 1, ..Question::new(None, Some("divvyorganizationservice"), &[]) };
        let sent = async { self.ask(&question, &Cursor::Start).await?.0.text().and_then(check_complaint) };
        allowed(QUERY_RESOURCES, sent.await)
    }
}

fn allowed(check: &'static str, result: Result<()>) -> Diagnosis {
    Diagnosis::of(check, result.map(|()| "allowed".to_owned()), right_for(check), ADDRESS_ADVICE)
}

fn is_out_of_reach(error: &Error) -> bool {
    !matches!(error.kind(), ErrorKind::Authentication | ErrorKind::Permission)
}

const ADDRESS_ADVICE: &str = "check that base_url is the root of the installation, and the network, proxy and ca_file on the way to it";
