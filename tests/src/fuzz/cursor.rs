//! Places in a listing, as checkpoints keep them: anyone's.

use std::sync::Arc;

use cspm_core::{Cursor, Finding, FindingQuery, Scope, Then, Vendor};
use serde::Deserialize;
use serde::Serialize;

use super::script::{Script, Scripted};
use super::{SECRET, timeless};
use crate::lab::attach;
use crate::{Kind, everything};

/// A scope and where in it to go on.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Standing {
    pub(super) scope: Scope,
    pub(super) at: Cursor,
}

const KINDS: [Kind; 3] = [Kind::Conformity, Kind::InsightCloudSec, Kind::Bitdefender];

/// An input is a byte that chooses the vendor, and a scope and cursor in JSON.
pub fn cursor(bytes: &[u8]) {
    let Some((first, json)) = bytes.split_first() else { return };
    // What comes next is kept too.
    if let Ok(then) = serde_json::from_slice::<Then>(json) {
        round_trip(&then);
    }
    let Ok(standing) = serde_json::from_slice::<Standing>(json) else { return };
    round_trip(&standing);
    let kind = KINDS[usize::from(*first) % KINDS.len()];
    let empty = match kind {
        Kind::InsightCloudSec => r#"{"resources": [], "exemptions": [], "counts": {}}"#,
        _ => r#"{"data": [], "meta": {"total": 0}}"#,
    };
    let script = Arc::new(Script::new(vec![Scripted::read(empty.as_bytes()); 3]));
    timeless(async {
        let vendor = attach(kind, None, SECRET, script.clone());
        step(&*vendor, &everything(), &standing).await;
    });
    script.assert_none_astray();
    assert!(script.requests() <= 3, "a step is one request's worth");
}

async fn step(vendor: &dyn Vendor, query: &FindingQuery, standing: &Standing) {
    let step: cspm_core::Result<cspm_core::Step<Finding>> =
        vendor.findings().step(query, &standing.scope, &standing.at).await;
    if let Err(error) = step {
        super::assert_harmless("an error", &error.to_string());
    }
}

fn round_trip<T: Serialize + for<'a> Deserialize<'a> + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).expect("a plain value serialises");
    let again = serde_json::from_str::<T>(&text).expect("what was written can be read");
    assert_eq!(*value, again, "{text}");
}
