//! What an adapter of a vendor with suppressions implements.

use async_trait::async_trait;

use super::{SuppressionEntry, SuppressionOrder};
use crate::{Error, ErrorKind, Result, Source, Suppression};

/// How a finding stands at the vendor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The suppression in force, if there is one.
    pub suppression: Option<Suppression>,
    /// Why it cannot be suppressed, in words, if it cannot: it passes, say.
    pub obstacle: Option<String>,
    /// Whether there is a suppression of which the vendor does not show if and when it ends.
    pub end_untold: bool,
    /// The vendor's ids of the suppressions in force, where they have ids of their own: what lifting needs.
    pub handles: Vec<String>,
}

/// A finding whose standing was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its id, as [`Finding::vendor_id`](crate::Finding::vendor_id).
    pub id: String,
    /// How it stands.
    pub standing: Standing,
}

/// A vendor's suppressions. One call is one step of translation; reading before and back, dividing a refused batch, and
/// what to make of a lost answer are the business of [`Suppressing`](super::Suppressing), for all vendors alike.
#[async_trait]
pub trait SuppressionStore: Send + Sync {
    /// The listing, as steps for the engine.
    fn listing(&self) -> &dyn Source<SuppressionEntry>;

    /// How a suppression of this order will look when it is read back. A reason of `None` is not compared: the vendor does
    /// not show it again where suppressions are read.
    ///
    /// # Errors
    /// Kind `config` if the vendor cannot express it: a reason that is too long (with the count), a time of day, a kind it
    /// does not tell apart.
    fn express(&self, order: &SuppressionOrder) -> Result<Suppression>;

    /// The most findings that one call of [`suppress`](Self::suppress) or [`lift`](Self::lift) takes.
    fn batch(&self) -> usize;

    /// Splits findings that one call cannot take together, whatever their number: those of two rules, say. In order, none
    /// left out.
    fn group(&self, findings: Vec<Known>) -> Vec<Vec<Known>> {
        vec![findings]
    }

    /// Whether dividing a refused call can find out which of its findings it was refused for.
    fn is_about_some(&self, error: &Error) -> bool {
        matches!(
            error.kind(),
            ErrorKind::InvalidRequest | ErrorKind::NotFound | ErrorKind::Permission | ErrorKind::Server
        )
    }

    /// How many findings' standing is read at a time. A vendor that tells it by its whole list only is best asked once.
    fn window(&self) -> usize {
        100
    }

    /// How many calls may be under way at once.
    fn side_by_side(&self) -> usize {
        1
    }

    /// How the findings stand, one result for each id in the same order.
    async fn standing(&self, ids: &[String]) -> Vec<Result<Standing>>;

    /// Suppresses findings with one call. Answers how each stands afterwards where the vendor's answer tells, in the same
    /// order; what is `None` is read back.
    ///
    /// # Errors
    /// None of them is suppressed then, unless [`Error::is_uncertain`](crate::Error::is_uncertain).
    async fn suppress(&self, findings: &[Known], order: &SuppressionOrder) -> Result<Vec<Option<Standing>>>;

    /// Lifts the suppressions of findings with one call. Answers as [`suppress`](Self::suppress).
    ///
    /// # Errors
    /// As [`suppress`](Self::suppress).
    async fn lift(&self, findings: &[Known]) -> Result<Vec<Option<Standing>>>;
}
