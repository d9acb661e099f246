//! Events as files, for every vendor and every row of the state table. To write them anew, run this test with
//! `CSPM_GOLDEN=write` and read the difference.

use std::path::PathBuf;

use cspm_core::{AccountRef, Finding, Outcome, Severity, State, Suppression};
use std::io::Cursor;

use super::arbitrary::ordinary;
use crate::{Context, Event, Previous, Validator, event};

const VENDORS: [&str; 3] = ["conformity", "insightcloudsec", "bitdefender"];

fn context() -> Context {
    Context::new("run-1", "2026-06-01T08:42:17.512Z".parse().unwrap())
}

/// A finding as the vendor tells it.
fn finding(vendor: &str) -> Finding {
    let mut finding = ordinary(vendor);
    match vendor {
        "insightcloudsec" => {
            let mut rule = (*finding.rule).clone();
            rule.id = "backoffice:12".into();
            (rule.service, rule.url) = (None, None);
            finding.rule = rule.into();
            finding.vendor_severity = Some("4".into());
            finding.last_seen = None;
            finding.account = AccountRef {
                id: Some("divvyorganizationservice:3".into()),
                cloud_id: Some("11111111-2222-3333-4444-555555555555".into()),
                name: Some("billing".into()),
                provider: Some("azure".into()),
            }
            .into();
            finding.resource.id =
                Some("/subscriptions/1111/resourceGroups/rg/providers/x/storage".to_owned());
            finding.resource.kind = Some("storagecontainer".into());
            finding.region = Some("westeurope".into());
        }
        "bitdefender" => {
            finding.severity = Severity::Critical;
            finding.vendor_severity = Some("Critical".into());
            finding.remediation = None;
            finding.tags.clear();
            finding.account = AccountRef {
                id: None,
                cloud_id: Some("my-project".into()),
                name: None,
                provider: Some("gcp".into()),
            }
            .into();
            finding.resource.id = Some("//storage.googleapis.com/projects/_/buckets/b".to_owned());
        }
        _ => {}
    }
    finding
}

fn suppression(vendor: &str) -> Suppression {
    Suppression {
        until: Some("2026-12-31T23:59:59Z".parse().unwrap()),
        reason: Some("Accepted until the move is done.".to_owned()),
        by: Some("ops@example.com".to_owned()),
        kind: match vendor {
            "conformity" => "suppressed",
            "insightcloudsec" => "exemption",
            _ => "risk_accepted",
        }
        .to_owned(),
    }
}

/// The rows of the state table that a finding can be in, each with its file's name.
fn rows(vendor: &str) -> Vec<(&'static str, Event<'static>)> {
    let mapped = |change: &dyn Fn(&mut Finding)| {
        let mut finding = finding(vendor);
        change(&mut finding);
        event(&finding, &context()).into_owned()
    };
    vec![
        ("fails_new", mapped(&|finding| finding.updated = finding.first_seen)),
        ("fails_changed", mapped(&|_| {})),
        ("fails_in_review", mapped(&|finding| finding.state = Some(State::InReview))),
        (
            "fails_suppressed",
            mapped(&|finding| {
                finding.state = Some(State::Suppressed);
                finding.suppression = Some(suppression(vendor));
            }),
        ),
        ("exemption_ran_out", ran_out(vendor)),
        (
            "now_passes",
            mapped(&|finding| {
                (finding.outcome, finding.state) = (Outcome::Pass, Some(State::Resolved));
                finding.resolved = finding.updated;
            }),
        ),
        (
            "passed_from_the_start",
            mapped(&|finding| (finding.outcome, finding.state) = (Outcome::Pass, None)),
        ),
        ("not_evaluated", mapped(&|finding| (finding.outcome, finding.state) = (Outcome::Warning, None))),
        ("unknown_outcome", mapped(&|finding| (finding.outcome, finding.state) = (Outcome::Unknown, None))),
        ("gone", gone(vendor)),
    ]
}

/// Suppressed in the earlier run, open in this one.
fn ran_out(vendor: &str) -> Event<'static> {
    let mut earlier = finding(vendor);
    earlier.state = Some(State::Suppressed);
    earlier.suppression = Some(suppression(vendor));
    let now = finding(vendor);
    let mut previous = Previous::read(Cursor::new(serde_json::to_string(&earlier).unwrap())).unwrap();
    let activity = previous.activity(&now, &context()).unwrap();
    event(&now, &context().with_activity(activity)).into_owned()
}

/// In the earlier run, and not in this one.
fn gone(vendor: &str) -> Event<'static> {
    let earlier = serde_json::to_string(&event(&finding(vendor), &context())).unwrap();
    let later = Context::new("run-2", "2026-06-08T08:00:00Z".parse().unwrap());
    let mut previous = Previous::read(Cursor::new(earlier)).unwrap();
    assert_eq!(previous.closes(&later, |_| false).unwrap(), [], "the scope was not read completely");
    previous.closes(&later, |_| true).unwrap().remove(0)
}

#[test]
fn every_row_of_the_state_table_is_as_it_was_read_over() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden");
    let write = std::env::var_os("CSPM_GOLDEN").is_some_and(|what| what == "write");
    let mut known = 0;
    for vendor in VENDORS {
        for (row, event) in rows(vendor) {
            assert_eq!(Validator::new().check_event(&event), [], "{vendor} {row}");
            let path = folder.join(format!("{vendor}-{row}.json"));
            let mut found = serde_json::to_string_pretty(&event).unwrap();
            found.push('\n');
            // The program's own version is no fact of the mapping.
            found = found.replace(
                &format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION")),
                "\"version\": \"(own)\"",
            );
            if write {
                std::fs::write(&path, &found).unwrap();
            }
            let want = std::fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(found, want, "{vendor} {row}");
            known += 1;
        }
    }
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), known, "a file that no row writes");
}
