//! Which of the vendor's four kinds of users may do what (vendor document, section 1.1): the organisation's ADMIN, users
//! with full access to an account, users who may only read it, and users who may not even see it.

use crate::request::{
    APPLY_PROFILE, CREATE_PROFILE, DELETE_PROFILE, GET_ACCOUNT_RULES, GET_CHECK, GET_PROFILE, LIST_CHECKS,
    LIST_PROFILES, OVERWRITE_PROFILE, SET_ACCOUNT_RULES, SUPPRESS_CHECK, UNSUPPRESS_CHECK, UPDATE_PROFILE,
};

/// Which right a request needs, as advice. What only the section's prose or no table at all says is taken from its nearest
/// relative: suppressing from writing a check, reading one check from listing them.
pub(crate) fn right_for(operation: &str) -> &'static str {
    match operation {
        GET_PROFILE | CREATE_PROFILE | OVERWRITE_PROFILE | UPDATE_PROFILE | DELETE_PROFILE
        | APPLY_PROFILE => {
            "this needs the role ADMIN of the organisation; full or read-only access to accounts does not do"
        }
        SET_ACCOUNT_RULES | SUPPRESS_CHECK | UNSUPPRESS_CHECK => {
            "this needs full access to the account, or the role ADMIN; read-only access does not do"
        }
        LIST_PROFILES => {
            "this needs at least read-only access to an account, by older documents of the vendor the role ADMIN; or the \
             organisation has no profile, which the vendor answers alike"
        }
        GET_ACCOUNT_RULES | GET_CHECK | LIST_CHECKS => {
            "give the key's user or role at least read-only access to the account"
        }
        _ => "give the key's user or role at least read-only access to the organisation's accounts",
    }
}
