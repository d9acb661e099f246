//! What an adapter of a vendor with policies implements.

use async_trait::async_trait;

use super::{Application, Policy, PolicyEntry, RuleSettings};
use crate::{Notice, Result, Source};

/// A value, and things about it that a person should know: a rule in it is about to be dropped by the vendor, say.
#[derive(Clone, Debug, PartialEq)]
pub struct Noted<T> {
    /// The value.
    pub value: T,
    /// The warnings.
    pub notices: Vec<Notice>,
}

impl<T> Noted<T> {
    /// A value and nothing to say about it.
    pub fn plain(value: T) -> Self {
        Self { value, notices: Vec::new() }
    }

    /// Turns the value into another.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Noted<U> {
        Noted { value: change(self.value), notices: self.notices }
    }
}

/// A vendor's policies. One call is one step of translation; planning, reading back and comparing are done by
/// [`push`](super::push) and its siblings, for all vendors alike.
///
/// Which operations work is said by [`Capabilities`](crate::Capabilities); one that does not is refused by the callers of
/// this trait before anything is sent, and answers `unsupported` here.
#[async_trait]
pub trait PolicyStore: Send + Sync {
    /// The listing, as steps for the engine.
    fn listing(&self) -> &dyn Source<PolicyEntry>;

    /// Reads a policy with all its rules, in the form in which it would be written: what the vendor only shows is left out.
    ///
    /// # Errors
    /// `not_found` if there is none, and whatever the transport could not mend.
    async fn get(&self, id: &str) -> Result<Noted<Policy>>;

    /// Checks a policy that is about to be planned, and gives it the form that the vendor keeps. Sends no write; may read
    /// the catalogue. What is dropped or doubtful is a notice.
    ///
    /// # Errors
    /// Kind `config`, with every problem in it: a key that this vendor has no place for, a word it does not know.
    async fn prepare(&self, wanted: &Policy) -> Result<Noted<Policy>>;

    /// Creates a policy and returns its id.
    ///
    /// # Errors
    /// As the transport says; [`Error::is_uncertain`](crate::Error::is_uncertain) if it may have happened all the same.
    async fn create(&self, policy: &Policy) -> Result<Noted<String>>;

    /// Makes an existing policy (its id is set) exactly this one.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    async fn replace(&self, policy: &Policy) -> Result<Noted<()>>;

    /// Sets name, description and the rules that `named` has, and leaves every other rule. `whole` is the policy as it
    /// should be afterwards, for a vendor that can only write the whole.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    async fn merge(&self, named: &Policy, whole: &Policy) -> Result<Noted<()>>;

    /// Deletes a policy.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    async fn delete(&self, id: &str) -> Result<()>;

    /// Applies a policy to accounts; the vendor carries it out when it likes.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    async fn apply(&self, application: &Application) -> Result<Noted<()>>;
}

/// The settings of rules that accounts have of their own, beside any policy.
#[async_trait]
pub trait AccountRules: Send + Sync {
    /// Reads what an account has set; rules that it never set are not there.
    ///
    /// # Errors
    /// Whatever the transport could not mend.
    async fn get(&self, account: &str) -> Result<Noted<RuleSettings>>;

    /// Sets these rules, each as a whole, and leaves every other. One rule is sent by itself, several as a batch.
    ///
    /// # Errors
    /// As [`PolicyStore::create`].
    async fn set(&self, account: &str, rules: &RuleSettings, note: Option<&str>) -> Result<Noted<()>>;
}
