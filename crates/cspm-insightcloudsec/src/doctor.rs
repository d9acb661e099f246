//! Checking a connection with the smallest reads there are.

use cspm_core::{Cursor, Diagnosis, ErrorKind, Result};
use cspm_http::{Answer, Call};

use crate::error::{
    LIST_CLOUDS, LIST_EXEMPTIONS, LIST_INSIGHTS, LIST_PACKS, QUERY_RESOURCES, right_for, who_am_i,
};
use crate::organization::list_organizations;
use crate::resources::Question;
use crate::wire::check_complaint;
use crate::{InsightCloudSec, accounts, exemptions, rules};

impl InsightCloudSec {
    /// Address, credential and clock by one answer; then one read for each right that findings, accounts and rules need.
    pub(crate) async fn examine(&self) -> Vec<Diagnosis> {
        let mut rows = Vec::new();
        match self.anybody().await {
            Ok(answer) => {
                rows.push(self.reached());
                rows.push(match answer.text().and_then(check_complaint) {
                    Ok(()) => Diagnosis::well("credential", "accepted"),
                    Err(error) => Diagnosis::ill("credential", &error, ADDRESS_ADVICE),
                });
            }
            Err(error) if error.status().is_none() && error.kind() != ErrorKind::Authentication => {
                rows.push(Diagnosis::unreachable(&error, ADDRESS_ADVICE));
                return rows;
            }
            Err(error) => {
                rows.push(self.reached());
                let remedy = match error.kind() {
                    ErrorKind::Authentication | ErrorKind::Permission => {
                        "create an API key for a user of this installation and configure it as api_key"
                    }
                    ErrorKind::NotFound | ErrorKind::Protocol => ADDRESS_ADVICE,
                    _ => "try again later",
                };
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

    /// What every user may ask, or else the vendor's own test of a connection (4.1): an installation may not have the one, or
    /// not allow it.
    async fn anybody(&self) -> Result<Answer> {
        match self.send(who_am_i()).await {
            Err(error) if error.status().is_some_and(|status| status != 401) => {
                self.send(list_organizations()).await.map_err(|_| error)
            }
            asked => asked,
        }
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

const ADDRESS_ADVICE: &str = "check that base_url is the root of the installation, and the network, proxy and ca_file on the way to it";
