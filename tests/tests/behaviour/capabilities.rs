//! The table of capabilities says what is so: filters go where it says, and the README prints it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use cspm_core::{Evaluator, FindingQuery, Operation, OutcomeFilter, Severity, Support, SuppressedFilter};
use cspm_tests::{Kind, KindExt, Lab, every_vendor, everything, truth};

every_vendor!(filters_go_where_the_table_says);

/// What the requests for findings asked. A next link that is followed as given asks nothing.
fn questions(lab: &Lab) -> BTreeSet<String> {
    let one = |entry: &cspm_simulator::LogEntry| {
        let query =
            percent_encoding::percent_decode_str(&entry.request.query).decode_utf8_lossy().into_owned();
        format!("{query} {}", String::from_utf8_lossy(&entry.request.body))
    };
    let asked = lab.log().matching(&lab.kind.listing());
    asked.iter().filter(|entry| !entry.request.query.contains("page_cursor=")).map(one).collect()
}

/// What shows in every request, or else that there are fewer of them, if the vendor evaluates a filter.
fn sign(kind: Kind, operation: Operation) -> Option<&'static str> {
    match (kind, operation) {
        (Kind::Conformity, Operation::FilterOutcome) => Some("filter[statuses]=FAILURE"),
        (Kind::Conformity, Operation::FilterSeverity) => Some("filter[riskLevels]=HIGH"),
        (Kind::Conformity, Operation::FilterSuppressed) => Some("filter[suppressed]="),
        (Kind::Conformity, Operation::FilterAccount) => Some("accountIds="),
        (Kind::Conformity, Operation::FilterRegion) => Some("filter[regions]="),
        (Kind::Conformity, Operation::FilterRule) => Some("filter[ruleIds]="),
        (Kind::Conformity, Operation::FilterService) => Some("filter[services]="),
        (Kind::Conformity, Operation::FilterStandard) => Some("filter[compliances]="),
        (Kind::InsightCloudSec, Operation::FilterAccount) => Some("\"scopes\":[\"divvyorganizationservice:"),
        (Kind::InsightCloudSec, Operation::FilterSuppressed) => Some("\"insight_exemptions\":true"),
        (Kind::Bitdefender, Operation::FilterOutcome) => Some("results=fail"),
        (Kind::Bitdefender, Operation::FilterSeverity) => Some("severities=high"),
        (Kind::Bitdefender, Operation::FilterAccount) => Some("scans="),
        (Kind::Bitdefender, Operation::FilterRule) => Some("rules="),
        (Kind::Bitdefender, Operation::FilterStandard) => Some("system_compliance="),
        _ => None,
    }
}

async fn filters_go_where_the_table_says(kind: Kind) {
    let baseline = {
        let lab = Lab::demo(kind);
        lab.everything().await;
        questions(&lab)
    };
    let all = truth::findings(&Lab::demo(kind));
    let some = |value: &dyn Fn(&truth::Expected) -> Option<String>| {
        all.values().find_map(value).into_iter().collect()
    };
    let capabilities = *Lab::demo(kind).vendor.capabilities();
    for row in capabilities.rows {
        let mut query: FindingQuery = everything();
        match row.operation {
            Operation::FilterOutcome => query.outcome = OutcomeFilter::Fail,
            Operation::FilterSeverity => query.severities = [Severity::High].into(),
            Operation::FilterSuppressed => query.suppressed = SuppressedFilter::Only,
            Operation::FilterAccount => query.accounts = some(&|one| one.account.id.clone()),
            Operation::FilterRegion => query.regions = some(&|one| one.region.clone()),
            Operation::FilterRule => query.rules = some(&|one| Some(one.rule.clone())),
            Operation::FilterService => query.services = some(&|one| one.service.clone()),
            Operation::FilterStandard => query.standards = some(&|one| one.standards.keys().next().cloned()),
            Operation::FilterChangedSince => {
                query.changed_since = cspm_core::Timestamp::parse("2025-04-01T00:00:00Z").ok();
            }
            _ => {
                assert!(row.evaluated_by.is_none(), "{:?} is no filter", row.operation);
                continue;
            }
        }
        let lab = Lab::demo(kind);
        lab.findings(&query).await.assert_complete();
        let asked = questions(&lab);
        match row.evaluated_by {
            None => {}
            Some(Evaluator::Program) => {
                let suppressed = row.operation == Operation::FilterSuppressed && row.note.contains("only");
                assert!(
                    asked == baseline || suppressed,
                    "{:?} is said to be the program's: {asked:#?}",
                    row.operation
                );
            }
            Some(Evaluator::Vendor) => {
                assert_ne!(asked, baseline, "{:?} is said to be the vendor's", row.operation);
                match sign(kind, row.operation) {
                    Some(sign) => {
                        let without: Vec<_> =
                            asked.iter().filter(|question| !question.contains(sign)).collect();
                        assert!(!asked.is_empty() && without.is_empty(), "no {sign} in {without:#?}");
                    }
                    None => {
                        assert!(
                            asked.len() < baseline.len() && asked.is_subset(&baseline),
                            "{:?}: {asked:#?}",
                            row.operation
                        );
                    }
                }
            }
        }
    }
}

const BEGIN: &str = "<!-- capabilities:begin -->\n";
const END: &str = "<!-- capabilities:end -->";

/// The table as the README shows it.
fn table() -> String {
    let vendors = cspm::capabilities();
    let mut table = String::from("| operation |");
    for vendor in &vendors {
        let _ = write!(table, " {} |", vendor.vendor);
    }
    table.push_str("\n|---|");
    table.push_str(&"---|".repeat(vendors.len()));
    table.push('\n');
    for operation in Operation::ALL {
        let _ = write!(table, "| `{}` |", operation.as_str());
        for vendor in &vendors {
            let row = vendor.of(operation);
            let support = match row.support {
                Support::Yes => "yes",
                Support::No => "no",
                Support::Partly => "partly",
            };
            let by = row.evaluated_by.map(|by| format!(", {}", by.as_str())).unwrap_or_default();
            let _ = write!(table, " {support}{by} |");
        }
        table.push('\n');
    }
    table
}

#[test]
fn the_readme_has_the_table_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(path).expect("a README");
    let (head, rest) = readme.split_once(BEGIN).expect("a place for the table");
    let (found, tail) = rest.split_once(END).expect("an end of the table");
    if found == table() {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_README").is_some(),
        "the README's table is not the code's; run this test with UPDATE_README=1 to write it:\n{}",
        table()
    );
    std::fs::write(path, format!("{head}{BEGIN}{}{END}{tail}", table())).expect("the README can be written");
}
