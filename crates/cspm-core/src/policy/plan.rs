//! From what a file says to what would change at the vendor.

use super::{Noted, Policy, PolicyChanges, PolicyStore, PushMode, plan_push};
use crate::{Error, ErrorKind, Operation, Result, Vendor};

/// A vendor's policies, if it can do something with them.
///
/// # Errors
/// Kind `unsupported`, with what the vendor does offer; nothing was sent.
pub fn policies_for(vendor: &dyn Vendor, operation: Operation) -> Result<&dyn PolicyStore> {
    vendor.capabilities().require(operation)?;
    vendor.policies().ok_or_else(|| {
        Error::new(ErrorKind::Unsupported, format!("{} has no policies", vendor.capabilities().vendor))
    })
}

/// Reads the policy as it is, checks what is wanted, and computes what would change. Writes nothing. A policy without an id
/// is to be created.
///
/// # Errors
/// Kind `unsupported` before anything is sent, if the vendor cannot do that; `config` if the policy says something that the
/// vendor has no place for; `not_found` if there is no policy of that id.
pub async fn plan_policy(
    vendor: &dyn Vendor,
    wanted: &Policy,
    mode: PushMode,
) -> Result<Noted<PolicyChanges>> {
    let operation = match (&wanted.id, mode) {
        (None, _) => Operation::CreatePolicy,
        (Some(_), PushMode::Merge) => Operation::MergePolicy,
        (Some(_), PushMode::Replace) => Operation::ReplacePolicy,
    };
    let store = policies_for(vendor, operation)?;
    let mut notices = Vec::new();
    let is = match &wanted.id {
        Some(id) => {
            let is = store.get(id).await?;
            notices.extend(is.notices);
            Some(is.value)
        }
        None => None,
    };
    let prepared = store.prepare(wanted).await?;
    notices.extend(prepared.notices);
    Ok(Noted { value: plan_push(is.as_ref(), &prepared.value, mode), notices })
}
