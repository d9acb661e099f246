//! Refusals, and what they turn out to mean (section 3.6); the doctor.

use std::sync::atomic::{AtomicUsize, Ordering};

use cspm_core::{Account, AccountQuery, ErrorKind, FindingQuery, Owner, Vendor, gather};
use serde_json::json;

use super::*;

#[tokio::test]
async fn a03_a_missing_right_is_told_from_a_bad_key_by_one_probe() {
    let many: Vec<Value> = (0..12)
        .map(|number| json!({"type": "accounts", "id": format!("acc{number}"), "attributes": {"cloud-type": "aws"}}))
        .collect();
    let organisation = Organisation::new(move |asked| match asked.path() {
        "/accounts" => (200, json!({"data": many}).to_string()),
        "/checks" => denied(),
        _ => besides_checks(asked).unwrap(),
    });
    let found = findings(&organisation.connect(), FindingQuery::default()).await;
    assert_eq!(found.scopes.len(), 12);
    for scope in &found.scopes {
        let error = scope.error.as_ref().unwrap();
        assert_eq!(
            (error.kind(), error.owner(), error.status()),
            (ErrorKind::Permission, Owner::Customer, Some(403))
        );
        assert!(error.to_string().contains("read-only access to the account"), "{error}");
    }
    assert_eq!(organisation.asked("/users/whoami").len(), 1);
    assert_eq!(organisation.asked("/checks").len(), 12);
}

#[tokio::test]
async fn a01_a_bad_key_is_one_request_and_one_probe() {
    let organisation = Organisation::new(|_| denied());
    let found = findings(&organisation.connect(), FindingQuery::default()).await;
    let error = found.error.unwrap();
    assert_eq!((error.kind(), error.owner()), (ErrorKind::Authentication, Owner::Customer));
    assert!(error.to_string().contains("conformity.test"), "{error}");
    assert!(!format!("{error} {error:?}").contains("secret-part"));
    assert_eq!(organisation.targets(), ["/accounts", "/users/whoami"]);
}

#[tokio::test]
async fn a11_a_key_revoked_in_mid_run_ends_the_connection() {
    let listed = AtomicUsize::new(0);
    let organisation = Organisation::new(move |asked| match asked.path() {
        "/accounts" | "/services" => {
            listed.fetch_add(1, Ordering::SeqCst);
            besides_checks(asked).unwrap()
        }
        _ => denied(),
    });
    let found = findings(&organisation.connect(), FindingQuery::default()).await;
    assert_eq!(found.scopes.len(), 2);
    for scope in &found.scopes {
        assert_eq!(scope.error.as_ref().unwrap().kind(), ErrorKind::Authentication);
    }
    assert_eq!(organisation.asked("/users/whoami").len(), 1);
}

/// Section 23, number 1: 401 is used for a missing right as well.
#[tokio::test]
async fn a_401_is_asked_about_too_and_a_new_run_asks_again() {
    let organisation = Organisation::new(|asked| match asked.path() {
        "/accounts" => {
            (401, json!({"errors": [{"status": 401, "details": "You are not authorized"}]}).to_string())
        }
        _ => besides_checks(asked).unwrap(),
    });
    let vendor = organisation.connect();
    for runs in 1..=2 {
        let accounts = gather::<Account>(&vendor, AccountQuery::default()).await;
        let error = accounts.shortfall().unwrap().clone();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Permission, Some(401)));
        assert!(error.to_string().contains("You are not authorized"), "{error}");
        assert_eq!(organisation.asked("/users/whoami").len(), runs);
    }
}

#[tokio::test]
async fn a_probe_that_fails_otherwise_decides_nothing() {
    let organisation = Organisation::new(|asked| match asked.path() {
        "/users/whoami" => (404, json!({"Message": "Not Found"}).to_string()),
        "/checks" => denied(),
        _ => besides_checks(asked).unwrap(),
    });
    let found = findings(&organisation.connect(), of_payments()).await;
    let error = found.shortfall().unwrap();
    assert_eq!(error.kind(), ErrorKind::Permission);
    assert!(error.message().contains("could not be found out"), "{error}");
}

#[tokio::test]
async fn a_refused_question_is_shown_with_the_vendors_words() {
    let organisation = with_checks(|_| {
        let error = json!({"status": 400, "message": "query parameter accountIds is required"});
        (400, json!({"errors": [error]}).to_string())
    });
    let found = findings(&organisation.connect(), of_payments()).await;
    let error = found.shortfall().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.to_string().contains("accountIds is required"), "{error}");
}

fn rows(diagnoses: &[cspm_core::Diagnosis]) -> Vec<(&str, bool)> {
    diagnoses.iter().map(|row| (row.check, row.ok)).filter(|(check, _)| *check != "clock").collect()
}

#[tokio::test]
async fn the_doctor_asks_little_and_names_what_is_wrong() {
    let organisation = with_checks(|asked| paged(&[], asked));
    let diagnoses = organisation.connect().diagnose().await;
    let all_well = [
        ("address", true),
        ("credential", true),
        ("list accounts", true),
        ("list services", true),
        ("list checks", true),
    ];
    assert_eq!(rows(&diagnoses), all_well);
    let targets = organisation.targets();
    assert_eq!(targets.len(), 4);
    assert!(targets[3].starts_with("/checks?accountIds=Qx7kP2mNz&page%5Bsize%5D=1&"));

    let organisation = with_checks(|_| denied());
    let diagnoses = organisation.connect().diagnose().await;
    let checks = diagnoses.last().unwrap();
    assert!(!checks.ok && checks.remedy.as_deref().unwrap().contains("read-only"), "{checks:?}");

    let organisation = Organisation::new(|_| denied());
    let diagnoses = organisation.connect().diagnose().await;
    assert_eq!(rows(&diagnoses), [("address", true), ("credential", false)]);
    assert!(diagnoses.last().unwrap().remedy.as_deref().unwrap().contains("another region"));

    let organisation = Organisation::new(|_| (404, "<html>no such page</html>".to_owned()));
    let diagnoses = organisation.connect().diagnose().await;
    assert_eq!(rows(&diagnoses), [("address", false)]);
    assert!(diagnoses[0].remedy.as_deref().unwrap().contains("/v1"));
}
