//! Events as files, for every vendor and every row of the state table that it can tell. To write them anew, run this
//! test with `CSPM_GOLDEN=write` and read the difference.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::PathBuf;

use cspm_core::{AccountRef, Finding, Outcome, Severity, State, Suppression};

use super::arbitrary::ordinary;
use crate::{Activity, Context, Event, Previous, Validator, event};

const VENDORS: [&str; 3] = ["conformity", "insightcloudsec", "bitdefender"];

/// Why a vendor cannot tell a row.
type Never = Result<(), &'static str>;

const TOLD: Never = Ok(());
const SUCCESS_OR_FAILURE: Never = Err("a check is SUCCESS or FAILURE (4.1)");
const PASS_OR_FAIL: Never = Err("a check is pass or fail (6.2)");
const VIOLATIONS: Never = Err("only violations are listed (9.5)");
const NO_REVIEW: Never = Err("people suppress a finding or leave it open; there is no review");
const NO_ARCHIVE: Never = Err("findings are not archived");

/// The rows of the state table, and the vendors that can tell them, in the order of [`VENDORS`].
const ROWS: [(&str, [Never; 3]); 12] = [
    ("fails_new", [TOLD; 3]),
    ("fails_changed", [TOLD; 3]),
    ("fails_in_review", [NO_REVIEW, NO_REVIEW, TOLD]),
    ("fails_suppressed", [TOLD; 3]),
    ("exemption_ran_out", [TOLD; 3]),
    ("now_passes", [TOLD, VIOLATIONS, TOLD]),
    ("passed_from_the_start", [TOLD, VIOLATIONS, TOLD]),
    ("not_evaluated", [SUCCESS_OR_FAILURE, VIOLATIONS, PASS_OR_FAIL]),
    // Conformity's `excluded` and `not-scored` stand beside a status, which stays what it is.
    ("does_not_apply", [SUCCESS_OR_FAILURE, VIOLATIONS, PASS_OR_FAIL]),
    ("gone", [TOLD; 3]),
    // Bitdefender archives accounts, InsightCloudSec bots; neither says so of a finding.
    ("archived", [NO_ARCHIVE; 3]),
    // No row of the table: a word that the vendor documents do not know.
    ("unknown_outcome", [TOLD, VIOLATIONS, TOLD]),
];

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
            // What is told of the resource's times says nothing of the finding's.
            (finding.first_seen, finding.updated) = (None, None);
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
            finding.first_seen = None;
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

fn suppressed(vendor: &str) -> Finding {
    let mut finding = finding(vendor);
    finding.state = Some(State::Suppressed);
    finding.suppression = Some(suppression(vendor));
    finding
}

fn mended(vendor: &str) -> Finding {
    let mut finding = finding(vendor);
    finding.outcome = Outcome::Pass;
    // Only Conformity says of a pass that it failed before.
    finding.state = (vendor == "conformity").then_some(State::Resolved);
    finding.resolved = finding.updated.filter(|_| vendor == "conformity");
    finding
}

/// The event of a row of the table.
fn row_of(vendor: &str, row: &str) -> Event<'static> {
    let open = finding(vendor);
    let with = |change: &dyn Fn(&mut Finding)| {
        let mut finding = finding(vendor);
        change(&mut finding);
        finding
    };
    match row {
        "fails_new" => compared(None, &open),
        "fails_changed" => compared(Some(&with(&|earlier| earlier.severity = Severity::Low)), &open),
        "fails_in_review" => compared(Some(&open), &with(&|now| now.state = Some(State::InReview))),
        "fails_suppressed" => compared(Some(&open), &suppressed(vendor)),
        // Bitdefender then asks for a review by itself (10).
        "exemption_ran_out" if vendor == "bitdefender" => {
            compared(Some(&suppressed(vendor)), &with(&|now| now.state = Some(State::InReview)))
        }
        "exemption_ran_out" => compared(Some(&suppressed(vendor)), &open),
        "now_passes" => compared(Some(&open), &mended(vendor)),
        "passed_from_the_start" => {
            compared(None, &with(&|now| (now.outcome, now.state) = (Outcome::Pass, None)))
        }
        "not_evaluated" => alone(&with(&|now| (now.outcome, now.state) = (Outcome::Warning, None))),
        "unknown_outcome" => alone(&with(&|now| (now.outcome, now.state) = (Outcome::Unknown, None))),
        "gone" => gone(vendor),
        _ => panic!("{row} is no event"),
    }
}

/// Without an earlier run.
fn alone(finding: &Finding) -> Event<'static> {
    event(finding, &context()).into_owned()
}

/// As it was in the earlier run, if it was there, and as it is in this one.
fn compared(earlier: Option<&Finding>, now: &Finding) -> Event<'static> {
    let earlier = earlier.map(|earlier| serde_json::to_string(earlier).unwrap()).unwrap_or_default();
    let mut previous = Previous::read(Cursor::new(earlier)).unwrap();
    let activity = previous.activity(now, &context()).unwrap();
    event(now, &context().with_activity(activity)).into_owned()
}

/// In the earlier run, and not in this one.
fn gone(vendor: &str) -> Event<'static> {
    let earlier = serde_json::to_string(&event(&finding(vendor), &context())).unwrap();
    let later = Context::new("run-2", "2026-06-08T08:00:00Z".parse().unwrap());
    let mut previous = Previous::read(Cursor::new(earlier)).unwrap();
    assert_eq!(previous.closes(&later, |_| false).unwrap(), [], "the scope was not read completely");
    previous.closes(&later, |_| true).unwrap().remove(0)
}

/// The event as a file holds it.
fn page(event: &Event<'_>) -> String {
    let text = serde_json::to_string_pretty(event).unwrap() + "\n";
    // The program's own version is no fact of the mapping.
    text.replace(&format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION")), "\"version\": \"(own)\"")
}

#[test]
fn every_row_that_a_vendor_can_tell_is_as_it_was_read_over() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden");
    let write = std::env::var_os("CSPM_GOLDEN").is_some_and(|what| what == "write");
    let told = ROWS.iter().flat_map(|(row, told)| {
        let vendors = VENDORS.iter().zip(told).filter(|(_, told)| told.is_ok());
        vendors.map(move |(vendor, _)| (*vendor, *row))
    });
    // What none of the three can tell, the adapter of somebody else's vendor may.
    let told: Vec<(&str, &str)> = told.chain([("acme", "not_evaluated")]).collect();
    for (vendor, row) in &told {
        let event = row_of(vendor, row);
        assert_eq!(Validator::new().check_event(&event), [], "{vendor} {row}");
        let path = folder.join(format!("{vendor}-{row}.json"));
        if write {
            std::fs::write(&path, page(&event)).unwrap();
        }
        let want = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(page(&event) == want, "{vendor} {row}: {}", page(&event));
    }
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let wanted: BTreeSet<String> = told.iter().map(|(vendor, row)| format!("{vendor}-{row}.json")).collect();
    assert_eq!(files, wanted);
}

#[test]
fn each_row_has_the_numbers_of_the_state_table() {
    use Activity::{Close, Create, Update};
    for (row, outcome, workflow, activity) in [
        ("fails_new", 3, Some(1), Create),
        ("fails_changed", 3, Some(1), Update),
        ("fails_in_review", 3, Some(2), Update),
        ("fails_suppressed", 3, Some(3), Update),
        ("exemption_ran_out", 3, Some(1), Update),
        ("now_passes", 1, Some(4), Close),
        ("passed_from_the_start", 1, None, Create),
        ("not_evaluated", 2, None, Update),
        ("gone", 3, Some(4), Close),
    ] {
        for vendor in VENDORS {
            let event = row_of(vendor, row);
            let number = |path: &str| event.attributes().at(path).and_then(crate::Node::as_integer);
            assert_eq!(number("compliance.status_id"), Some(outcome), "{vendor} {row}");
            let asks_for_review = vendor == "bitdefender" && row == "exemption_ran_out";
            assert_eq!(
                number("status_id"),
                if asks_for_review { Some(2) } else { workflow },
                "{vendor} {row}"
            );
            assert_eq!(number("activity_id"), Some(activity.coded().0), "{vendor} {row}");
        }
    }
}
