//! In which organization a write may land.

use std::sync::atomic::{AtomicU64, Ordering};

use cspm_core::{ErrorKind, PolicyStore};
use serde_json::json;

use super::*;

const DELETE: &str = "DELETE /v2/public/insights/pack/11/delete";

fn store(vendor: &SharedVendor) -> &dyn PolicyStore {
    vendor.policies().unwrap()
}

/// An installation whose user works in the organization of this number.
fn in_organization(number: Arc<AtomicU64>) -> Arc<Installation> {
    Installation::new(move |asked| match asked.what.as_str() {
        WHO => (200, who(number.load(Ordering::SeqCst))),
        PACKS => (200, packs()),
        _ => (200, String::new()),
    })
}

fn configured(installation: &Arc<Installation>, organization: &str) -> SharedVendor {
    let config = Config { organization: Some(organization.to_owned()), ..config(key()) };
    Arc::new(InsightCloudSec::connect_through(config, installation.clone()).unwrap())
}

#[tokio::test]
async fn a_configured_organization_is_known_by_name_or_number() {
    for (name, is_right) in [
        ("Organization 1", true),
        ("1", true),
        ("divvyorganization:1", true),
        ("Organization 2", false),
        ("2", false),
        ("organization 1", false),
    ] {
        let installation = in_organization(Arc::new(AtomicU64::new(1)));
        let vendor = configured(&installation, name);
        let written = store(&vendor).delete("custom:11").await;
        assert_eq!(written.is_ok(), is_right, "{name}");
        assert_eq!(installation.asked(DELETE).len(), usize::from(is_right));
        if let Err(error) = written {
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.is_uncertain());
            let text = error.to_string();
            assert!(
                text.contains("\"Organization 1\" (1)") && text.contains(&format!("\"{name}\"")),
                "{text}"
            );
            assert!(text.contains("nothing was sent") && text.contains("switch the user"), "{text}");
        }
    }
}

#[tokio::test]
async fn without_a_configured_one_the_first_that_was_seen_must_stay() {
    let number = Arc::new(AtomicU64::new(1));
    let installation = in_organization(number.clone());
    let vendor = connect(&installation);
    let _ = store(&vendor).get("custom:11").await;
    number.store(2, Ordering::SeqCst);
    let error = store(&vendor).delete("custom:11").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("where this connection began"), "{error}");
    assert!(installation.asked(DELETE).is_empty());
    number.store(1, Ordering::SeqCst);
    store(&vendor).delete("custom:11").await.unwrap();
    assert_eq!(installation.asked(DELETE).len(), 1);
    assert!(installation.asked("POST /v2/prototype").is_empty(), "nothing is ever switched");
}

#[tokio::test]
async fn where_the_user_info_does_not_tell_a_list_of_one_does() {
    let one = json!({"organizations": [{"organization_id": 1, "name": "Organization 1", "status": "ok"}]});
    let two =
        json!({"organizations": [{"organization_id": 1, "name": "Organization 1"}, {"organization_id": 2}]});
    for (info, list, is_told) in [
        ((403, String::new()), (200, one.to_string()), true),
        ((200, json!({"user_id": 7}).to_string()), (200, one.to_string()), true),
        ((404, String::new()), (200, two.to_string()), false),
        ((200, "{}".to_owned()), (200, "{}".to_owned()), false),
        ((200, "{}".to_owned()), (403, r#"{"error_message":"needs a permission"}"#.to_owned()), false),
    ] {
        let installation = Installation::new(move |asked| match asked.what.as_str() {
            WHO => info.clone(),
            DETAILS => list.clone(),
            PACKS => (200, packs()),
            _ => (200, String::new()),
        });
        let vendor = configured(&installation, "1");
        assert!(store(&vendor).get("backoffice:36").await.is_ok(), "reading needs no organization");
        let written = store(&vendor).delete("custom:11").await;
        assert_eq!(written.is_ok(), is_told, "{written:?}");
        assert_eq!(installation.asked(DELETE).len(), usize::from(is_told));
    }
}

#[tokio::test]
async fn an_installation_that_tells_no_organization_to_anybody_can_be_written_to() {
    let gone = || (404, r#"{"error_message":"no such URL"}"#.to_owned());
    let silent = || {
        Installation::new(move |asked| match asked.what.as_str() {
            WHO | DETAILS => gone(),
            PACKS => (200, packs()),
            _ => (200, String::new()),
        })
    };
    let installation = silent();
    let vendor = connect(&installation);
    assert!(store(&vendor).get("backoffice:36").await.is_ok());
    store(&vendor).delete("custom:11").await.unwrap();
    assert_eq!(installation.asked(DELETE).len(), 1);

    let installation = silent();
    let error = store(&configured(&installation, "1")).delete("custom:11").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "a configured one has to be seen: {error}");
    assert!(error.to_string().contains("cannot be told"), "{error}");
    assert!(installation.asked(DELETE).is_empty());
}

#[tokio::test]
async fn an_organization_that_was_seen_once_must_be_seen_again() {
    let asked_who = AtomicU64::new(0);
    let installation = Installation::new(move |asked| match asked.what.as_str() {
        WHO if asked_who.fetch_add(1, Ordering::SeqCst) == 0 => (200, who(1)),
        WHO | DETAILS => (404, String::new()),
        PACKS => (200, packs()),
        _ => (200, String::new()),
    });
    let vendor = connect(&installation);
    let _ = store(&vendor).get("custom:11").await;
    let error = store(&vendor).delete("custom:11").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(installation.asked(DELETE).is_empty());
}
