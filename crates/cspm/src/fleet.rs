//! Many connections as one: one question, one run.

use cspm_core::{
    Account, AccountQuery, Error, Finding, FindingQuery, PolicyEntry, PolicyQuery, Record, Result, Rule,
    RuleQuery, Saved, SharedVendor,
};

use crate::checkpoint::{Checkpoint, Question};
use crate::config::Configuration;
use crate::run::Run;

/// Several connections, of any vendors, asked as one.
#[derive(Clone, Default)]
pub struct Fleet {
    members: Vec<Member>,
}

#[derive(Clone)]
struct Member {
    vendor: SharedVendor,
    /// Where it is, if a configuration says so.
    address: String,
    confined_to: Vec<String>,
}

impl Fleet {
    /// No connection yet; see [`with`](Self::with).
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a connection: one that [`connect`](crate::connect) made, or an adapter of your own.
    #[must_use]
    pub fn with(mut self, vendor: SharedVendor) -> Self {
        self.members.push(Member { vendor, address: String::new(), confined_to: Vec::new() });
        self
    }

    /// Makes every connection of a configuration. Nothing is sent yet.
    ///
    /// # Errors
    /// Kind `config`, one for each connection that cannot be made.
    pub fn connect(configuration: &Configuration) -> std::result::Result<Self, Vec<Error>> {
        let mut fleet = Self::new();
        let mut errors = Vec::new();
        for connection in &configuration.connections {
            match crate::connect(connection) {
                Ok(vendor) => fleet.members.push(Member {
                    vendor,
                    address: connection.address.as_str().to_owned(),
                    confined_to: connection.accounts.clone(),
                }),
                Err(error) => {
                    let message = format!("connection {}: {}", connection.name, error.message());
                    errors.push(error.with_message(message));
                }
            }
        }
        if errors.is_empty() { Ok(fleet) } else { Err(errors) }
    }

    /// The connections.
    pub fn vendors(&self) -> impl Iterator<Item = &SharedVendor> {
        self.members.iter().map(|member| &member.vendor)
    }

    /// Reads findings of every connection, side by side.
    ///
    /// # Errors
    /// Kind `unsupported` if some vendor cannot answer such a question; nothing was sent then.
    pub fn findings(&self, query: &FindingQuery) -> Result<Run<Finding>> {
        let mut run = Run::new(&query.accounts);
        for member in &self.members {
            run.add(member.vendor.clone(), member.asked(query), None)?;
        }
        Ok(run)
    }

    /// Reads findings of every connection, and goes on where the run that a checkpoint keeps was. Take them with
    /// [`Run::next_batch`], and [commit](Checkpoint::commit) each batch.
    ///
    /// # Errors
    /// As [`findings`](Self::findings), and kind `config` if the checkpoint does not fit.
    pub fn resume(&self, query: &FindingQuery, checkpoint: &mut Checkpoint) -> Result<Run<Finding>> {
        let mut run = Run::new(&query.accounts).called(checkpoint.run_id(), checkpoint.started());
        for member in &self.members {
            let landings = checkpoint.take_landings(&member.vendor.origin().connection);
            let saved = Saved { seed: checkpoint.seed(), landings };
            run.add(member.vendor.clone(), member.asked(query), Some(saved))?;
        }
        Ok(run)
    }

    /// What a run over this fleet is about: the query, and each connection's name, vendor and address. A checkpoint of
    /// another question is refused.
    #[must_use]
    pub fn question(&self, query: &FindingQuery) -> Question {
        self.members.iter().fold(Question::of(query), |question, member| {
            let (origin, accounts) = (member.vendor.origin(), &member.confined_to);
            let what = (&origin.vendor, &member.address, accounts);
            question.with(&format!("connection {}", origin.connection), &what)
        })
    }

    /// Lists the cloud accounts of every connection.
    ///
    /// # Errors
    /// As [`findings`](Self::findings).
    pub fn accounts(&self) -> Result<Run<Account>> {
        self.list(|member| AccountQuery { confined_to: member.confined_to.clone() })
    }

    /// Lists the rules of every connection.
    ///
    /// # Errors
    /// As [`findings`](Self::findings).
    pub fn rules(&self) -> Result<Run<Rule>> {
        self.list(|_| RuleQuery)
    }

    /// Lists the policies of every connection.
    ///
    /// # Errors
    /// As [`findings`](Self::findings).
    pub fn policies(&self) -> Result<Run<PolicyEntry>> {
        self.list(|_| PolicyQuery)
    }

    /// For each connection, what a run asks of it alone.
    pub(crate) fn questions(&self, query: &FindingQuery) -> impl Iterator<Item = (&str, Question)> {
        self.members.iter().map(|member| {
            let origin = member.vendor.origin();
            let what = (&origin.vendor, &member.address, &member.confined_to);
            (&*origin.connection, Question::of(query).with("connection", &what))
        })
    }

    fn list<T: Record>(&self, query: impl Fn(&Member) -> T::Query) -> Result<Run<T>> {
        let mut run = Run::new(&[]);
        for member in &self.members {
            run.add(member.vendor.clone(), query(member), None)?;
        }
        Ok(run)
    }
}

impl Member {
    fn asked(&self, query: &FindingQuery) -> FindingQuery {
        FindingQuery { confined_to: self.confined_to.clone(), ..query.clone() }
    }
}
