//! Every public decoder, given any text, without a connection.

use std::fmt::Debug;
use std::sync::Arc;

use cspm_core::{Finding, FindingQuery, Origin, Result, Step};
use cspm_http::BaseUrl;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::adapter::{assert_mappable, assert_sound};
use crate::{Kind, everything};

pub(super) fn read(kind: Kind, bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let decode = || match kind {
        Kind::Conformity => conformity(text),
        Kind::InsightCloudSec => insightcloudsec(text),
        _ => bitdefender(text),
    };
    let once = decode();
    assert_eq!(once, decode(), "the same text is read in the same way");
}

fn query() -> FindingQuery {
    FindingQuery { raw: true, ..everything() }
}

fn conformity(text: &str) -> Vec<String> {
    use cspm_conformity::decode::{
        Catalogue, RuleBook, decode_account_rules, decode_accounts, decode_checks, decode_policies,
        decode_policy, decode_rule_book, decode_rules,
    };
    let origin = Origin::new("trend", cspm_conformity::NAME);
    let (catalogue, unread) = (Catalogue::default(), RuleBook::default());
    let read = decode_rule_book(text);
    let book = read.as_ref().unwrap_or(&unread);
    vec![
        findings(text, &decode_checks(text, &catalogue, &query(), &origin)),
        step(text, &decode_accounts(text, &origin)),
        step(text, &decode_rules(text, &origin)),
        step(text, &decode_policies(text, &origin)),
        sound(text, &decode_policy(text, "pR0f1leX9", book)),
        sound(text, &decode_account_rules(text, book)),
    ]
}

fn insightcloudsec(text: &str) -> Vec<String> {
    use cspm_insightcloudsec::decode::{
        Catalogue, Packs, decode_accounts, decode_insights, decode_resources,
    };
    let origin = Origin::new("rapid7", cspm_insightcloudsec::NAME);
    let packs = Packs::decode(text).map(|(packs, _)| packs);
    let insights = decode_insights(text, packs.as_ref().unwrap_or(&Packs::default()));
    let accounts = decode_accounts(text, &origin);
    let known = insights.as_ref().map(|(insights, _)| insights.clone()).unwrap_or_default();
    let catalogue = Catalogue::new(accounts.as_ref().map(|step| &*step.items).unwrap_or_default(), &known);
    let one = r#"[{"insight_id": 5, "source": "backoffice", "name": "Public", "severity": 3}]"#;
    let one = decode_insights(one, &Packs::default()).expect("an insight").0;
    let insight = known.first().or(one.first()).map(Arc::clone).expect("an insight");
    vec![
        findings(text, &decode_resources(text, &insight, "instance", &catalogue, &query(), &origin)),
        step(text, &accounts),
        sound(text, &insights),
        sound(text, &packs.map(|_| ())),
    ]
}

fn bitdefender(text: &str) -> Vec<String> {
    use cspm_bitdefender::decode::{Catalogue, decode_accounts, decode_checks, decode_rules};
    use cspm_bitdefender::{Links, NextLink};
    let origin = Origin::new("gravity", cspm_bitdefender::NAME);
    let base = BaseUrl::parse("https://gravity.example/v1").expect("an address");
    let links = Links::new(base, NextLink::Rebase);
    let read = Catalogue::from_pages(text, text, &links);
    let unread = Catalogue::default();
    let catalogue = read.as_ref().unwrap_or(&unread);
    vec![
        findings(text, &decode_checks(text, catalogue, &query(), &origin, &links)),
        step(text, &decode_accounts(text, &origin, &links)),
        step(text, &decode_rules(text, &origin, &links)),
    ]
}

fn findings(text: &str, read: &Result<Step<Finding>>) -> String {
    if let Ok(step) = read {
        step.items.iter().take(3).for_each(assert_mappable);
        for raw in step.items.iter().filter_map(|finding| finding.raw.as_ref()) {
            assert!(serde_json::from_str::<IgnoredAny>(raw.get()).is_ok(), "the record is no JSON");
        }
    }
    step(text, read)
}

/// No more records come out than went in.
fn step<T: Debug>(text: &str, read: &Result<Step<T>>) -> String {
    if let Ok(step) = read {
        let out = step.items.len() + step.elsewhere.len() + step.rejected.len();
        assert!(out <= sent(text), "{out} records of {}", sent(text));
        for rejected in &step.rejected {
            super::assert_harmless("a rejection", &format!("{}: {}", rejected.name, rejected.reason));
        }
    }
    sound(text, read)
}

/// What is no JSON, a text that is cut for one, is never taken for an answer (J01).
fn sound<T: Debug>(text: &str, read: &Result<T>) -> String {
    match read {
        Ok(_) => assert!(serde_json::from_str::<IgnoredAny>(text).is_ok(), "taken for JSON: {text:?}"),
        Err(error) => assert_sound(error),
    }
    format!("{read:?}")
}

/// How many records an answer can have at most: the elements of its longest list, itself or a member.
fn sent(text: &str) -> usize {
    let length = |value: &Value| value.as_array().map_or(1, Vec::len);
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(members)) => members.values().map(length).max().unwrap_or_default(),
        Ok(value) => length(&value),
        // Numbers that no `Value` holds.
        Err(_) => text.len(),
    }
}
