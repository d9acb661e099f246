//! `GET /checks`: its filters (section 4.2).

use super::*;
use crate::conformity::Text;

const DAY: i64 = 86_400_000;

/// Answers with the resources of the checks that a query lets through.
fn resources(sim: &Conformity, filters: &str) -> Vec<String> {
    let body = found(sim, &format!("/checks?accountIds=acc1&{filters}"));
    assert_eq!(body["meta"]["total"], body["data"].as_array().unwrap().len());
    body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["attributes"]["resource"].as_str().unwrap().into())
        .collect()
}

fn list(items: &[&str]) -> Option<std::sync::Arc<[Text]>> {
    Some(items.iter().map(|item| Text::from(*item)).collect())
}

fn holding(checks: impl IntoIterator<Item = Check>) -> Conformity {
    let mut world = small_world();
    world.checks.extend(checks);
    simulator(world)
}

#[test]
fn a_check_looks_as_the_document_says() {
    // Section 4.1, the sample.
    let id = CheckId::new("acc1", "S3-016", "S3", "eu-west-1", "team-logs");
    let sim = holding([Check {
        pretty_risk_level: Some("High".into()),
        message: Some("Bucket team-logs has no default encryption".into()),
        descriptor_type: Some("s3-bucket".into()),
        resource_name: Some("S3 Bucket".into()),
        link_title: Some("team-logs".into()),
        modified: Some(1_700_000_100_000),
        created: Some(1_699_990_000_000),
        failure_discovered: Some(1_700_000_100_000),
        categories: list(&["security"]),
        compliances: list(&["PCI", "NIST4"]),
        suppressed: Some(false),
        ccrn: Some("ccrn:aws:acc1:S3:eu-west-1:team-logs".into()),
        tags: list(&["env::prod"]),
        not_scored: Some(false),
        excluded: Some(false),
        rule_title: Some("S3 Default Encryption".into()),
        provider: Some("aws".into()),
        resolution_page: crate::conformity::ResolutionPage::Kebab("https://example.invalid/s3-016".into()),
        explicit_nulls: true,
        ..Check::new(id, Status::Failure, "HIGH")
    }]);
    let expected = json!({
        "type": "checks",
        "id": "ccc:acc1:S3-016:S3:eu-west-1:team-logs",
        "attributes": {
            "region": "eu-west-1", "status": "FAILURE", "risk-level": "HIGH", "pretty-risk-level": "High",
            "message": "Bucket team-logs has no default encryption", "resource": "team-logs",
            "descriptorType": "s3-bucket", "resourceName": "S3 Bucket", "link-title": "team-logs",
            "last-modified-date": 1_700_000_100_000_i64, "created-date": 1_699_990_000_000_i64,
            "last-updated-date": null, "failure-introduced-by": null, "resolved-by": null, "last-updated-by": null,
            "resolved-date": null, "categories": ["security"], "compliances": ["PCI", "NIST4"],
            "suppressed": false, "suppressed-until": null, "failure-discovery-date": 1_700_000_100_000_i64,
            "ccrn": "ccrn:aws:acc1:S3:eu-west-1:team-logs", "extradata": null, "tags": ["env::prod"],
            "not-scored": false, "excluded": false, "rule-title": "S3 Default Encryption", "provider": "aws",
            "service": "S3", "resolution-page-url": "https://example.invalid/s3-016",
        },
        "relationships": {
            "rule": {"data": {"type": "rules", "id": "S3-016"}},
            "account": {"data": {"type": "accounts", "id": "acc1"}},
        },
    });
    assert_eq!(
        found(&sim, "/checks?accountIds=acc1"),
        json!({
            "data": [expected], "meta": {"total": 1, "total-pages": 1},
        })
    );
}

#[test]
fn without_explicit_nulls_attributes_without_value_are_absent() {
    // Section 3.4: null and absent are the same; both occur.
    let sim = holding([Check { sparse: true, shows_service: false, ..failing("x") }]);
    let body = found(&sim, "/checks?accountIds=acc1");
    assert_eq!(body["data"][0]["attributes"], json!({"status": "FAILURE", "risk-level": "MEDIUM"}));
}

#[test]
fn account_ids_are_required_and_all_of_them_have_to_be_visible() {
    // Sections 3.6 (f) and 23.2.
    let sim = simulator(small_world());
    let missing = json!({"errors": [{"status": 400, "message": "query parameter accountIds is required"}]});
    assert_eq!(get(&sim, "/checks"), (400, missing.clone()));
    assert_eq!(get(&sim, "/checks?accountIds="), (400, missing));
    assert_eq!(get(&sim, "/checks?accountIds=acc1,nope"), (403, gateway()));
    assert_eq!(get_as(&sim, Conformity::CUSTOM_KEY, "/checks?accountIds=acc1,acc2").0, 200);
    assert_eq!(get_as(&sim, Conformity::CUSTOM_KEY, "/checks?accountIds=acc1,acc3"), (403, gateway()));
}

#[test]
fn several_accounts_come_in_one_list_by_id() {
    let other = Check::new(CheckId::new("acc2", "EC2-001", "EC2", "eu-west-1", "b"), Status::Success, "LOW");
    let sim = holding([other, failing("z"), failing("a")]);
    let expected = [
        "ccc:acc1:EC2-001:EC2:eu-west-1:a",
        "ccc:acc1:EC2-001:EC2:eu-west-1:z",
        "ccc:acc2:EC2-001:EC2:eu-west-1:b",
    ];
    assert_eq!(ids(&found(&sim, "/checks?accountIds=acc2,acc1,acc1")), expected);
    assert_eq!(ids(&found(&sim, "/checks?accountIds=acc2")), expected[2..]);
}

#[test]
fn list_filters_take_alternatives_and_apply_together() {
    let at = |rule, service, region, resource| CheckId::new("acc1", rule, service, region, resource);
    let sim = holding([
        Check {
            categories: list(&["security"]),
            ..Check::new(at("EC2-001", "EC2", "eu-west-1", "a"), Status::Failure, "LOW")
        },
        Check {
            categories: list(&["reliability", "security"]),
            compliances: list(&["PCI", "HIPAA"]),
            ..Check::new(at("RDS-001", "RDS", "eu-west-1", "b"), Status::Success, "HIGH")
        },
        Check {
            categories: list(&["cost-optimisation"]),
            compliances: list(&["GDPR"]),
            ..Check::new(at("EC2-034", "EC2", "us-east-1", "c"), Status::Failure, "EXTREME")
        },
        Check::new(at("S3-001", "S3", "global", "d"), Status::Failure, "VERY_HIGH"),
    ]);
    let cases = [
        ("", "abcd"),
        ("filter[regions]=eu-west-1", "ab"),
        ("filter[regions]=us-east-1,global", "cd"),
        ("filter%5Bservices%5D=EC2%2CS3", "acd"),
        ("filter[services]=ec2", ""),
        ("filter[categories]=security", "ab"),
        ("filter[categories]=reliability,cost-optimisation", "bc"),
        ("filter[riskLevels]=HIGH,EXTREME", "bc"),
        ("filter[riskLevels]=HIGH;EXTREME", ""),
        ("filter[riskLevels]=high", ""),
        ("filter[statuses]=SUCCESS", "b"),
        ("filter[statuses]=SUCCESS,FAILURE", "abcd"),
        ("filter[ruleIds]=EC2-001,S3-001", "ad"),
        ("filter[compliances]=HIPAA,GDPR", "bc"),
        ("filter[services]=EC2&filter[statuses]=FAILURE&filter[regions]=us-east-1", "c"),
        ("filter[services]=EC2&&filter[riskLevels]=LOW", "a"),
        ("filter[services]=&filter[regions]=", "abcd"),
        ("filter[nothing]=x&filter[withChecks]=true&filter[withoutChecks]=true", "abcd"),
        ("filter[services]=S3&filter[services]=EC2", "ac"),
    ];
    for (filters, expected) in cases {
        // In the order of ids: EC2-001, EC2-034, RDS-001, S3-001.
        let mut found = resources(&sim, filters);
        found.sort();
        assert_eq!(found.concat(), expected, "{filters}");
    }
}

#[test]
fn an_unknown_region_is_refused_with_the_odd_pointer() {
    // Section 3.6.
    let stray = Check::new(CheckId::new("acc1", "EC2-001", "EC2", "xx-north-9", "x"), Status::Failure, "LOW");
    let sim = holding([stray, failing("a")]);
    let answer = get(&sim, "/checks?accountIds=acc1&filter[regions]=eu-west-1,xx-north-9");
    assert_eq!(
        answer,
        (
            422,
            json!({"errors": [{
                "status": 422,
                "source": {"pointer": "/data/attributes/page[regions]"},
                "details": "Region(s) entered is/are invalid",
            }]})
        )
    );
    assert_eq!(resources(&sim, ""), ["a", "x"], "a check there is still listed");
}

#[test]
fn suppression_has_two_filter_modes() {
    // Sections 4.2 and 23, 20.
    let sim = holding([
        Check { suppressed: Some(true), ..failing("forever") },
        Check { suppressed: Some(true), suppressed_until: Some(NOW + 1), ..failing("until") },
        Check { suppressed: Some(false), ..failing("no") },
        failing("unsaid"),
    ]);
    let all = ["forever", "no", "unsaid", "until"];
    let cases: [(&str, &[&str]); 9] = [
        ("", &all),
        ("filter[suppressed]=true", &all),
        ("filter[suppressed]=false", &["no", "unsaid"]),
        ("filter[suppressed]=True&filter[suppressedFilterMode]=v1", &all),
        ("filter[suppressedFilterMode]=v2", &all),
        ("filter[suppressed]=true&filter[suppressedFilterMode]=v2", &["forever", "until"]),
        ("filter[suppressed]=True&filter[suppressedFilterMode]=v2", &["forever", "until"]),
        ("filter[suppressed]=FALSE&filter[suppressedFilterMode]=v2", &["no", "unsaid"]),
        ("filter[suppressed]=&filter[suppressedFilterMode]=v2", &all),
    ];
    for (filters, expected) in cases {
        assert_eq!(resources(&sim, filters), expected, "{filters}");
    }
    refusal(&get(&sim, "/checks?accountIds=acc1&filter[suppressed]=maybe"));
}

#[test]
fn resources_match_exactly_by_wildcard_or_by_expression() {
    let sim = holding(["team-logs", "team-data", "steam-logs", "Büro Daten/2024", "a+b"].map(failing));
    let cases: [(&str, &[&str]); 9] = [
        ("filter[resource]=team-logs", &["team-logs"]),
        ("filter[resource]=team", &[]),
        ("filter[resource]=team-*", &["team-data", "team-logs"]),
        ("filter[resource]=?team-logs", &["steam-logs"]),
        ("filter[resource]=B%C3%BCro%20Daten%2F2024", &["Büro Daten/2024"]),
        ("filter[resource]=B%C3%BCro+Daten%2F*", &["Büro Daten/2024"]),
        ("filter[resource]=a%2Bb&filter[resourceSearchMode]=text", &["a+b"]),
        ("filter[resource]=team-.*&filter[resourceSearchMode]=text", &[]),
        (
            "filter[resource]=s%3Fteam-(logs%7Cdata)&filter[resourceSearchMode]=regex",
            &["steam-logs", "team-data", "team-logs"],
        ),
    ];
    for (filters, expected) in cases {
        assert_eq!(resources(&sim, filters), expected, "{filters}");
    }
    refusal(&get(&sim, "/checks?accountIds=acc1&filter[resource]=(&filter[resourceSearchMode]=regex"));
    refusal(&get(&sim, "/checks?accountIds=acc1&filter[resource]=a&filter[resourceSearchMode]=fuzzy"));
}

#[test]
fn messages_match_by_all_words_in_any_order() {
    let say = |resource, message: &str| Check { message: Some(message.into()), ..failing(resource) };
    let sim = holding([
        say("a", "Bucket team-logs has no default encryption"),
        say("b", "Bucket data has default encryption"),
        failing("c"),
    ]);
    assert_eq!(resources(&sim, "filter[message]=encryption%20bucket"), ["a", "b"]);
    assert_eq!(resources(&sim, "filter[message]=NO+encryption"), ["a"]);
    assert_eq!(resources(&sim, "filter[message]=team-logs"), ["a"]);
    assert!(resources(&sim, "filter[message]=encrypt").is_empty());
}

#[test]
fn tags_match_in_full_or_by_key_or_by_value() {
    let tagged = |resource, tags: &[&str]| Check { tags: list(tags), ..failing(resource) };
    let sim = holding([
        tagged("a", &["env::prod", "team::red"]),
        tagged("b", &["env::dev"]),
        tagged("c", &["public"]),
        failing("d"),
    ]);
    let cases: [(&str, &[&str]); 6] = [
        ("env::prod", &["a"]),
        ("env", &["a", "b"]),
        ("dev", &["b"]),
        ("public,red", &["a", "c"]),
        ("env::", &[]),
        ("prod::env", &[]),
    ];
    for (tags, expected) in cases {
        assert_eq!(resources(&sim, &format!("filter[tags]={tags}")), expected, "{tags}");
    }
}

#[test]
fn ages_go_by_the_change_of_the_status_and_else_by_creation() {
    // Sections 4.2 and 23, 22.
    let sim = holding([
        Check { created: Some(NOW - 100 * DAY), status_changed: Some(NOW - DAY / 2), ..failing("changed") },
        Check { created: Some(NOW - 5 * DAY), ..failing("created") },
        Check { created: Some(NOW - DAY), status_changed: Some(NOW - 40 * DAY), ..failing("old") },
        failing("undated"),
    ]);
    let cases: [(&str, &[&str]); 7] = [
        ("filter[newerThanDays]=1", &["changed"]),
        ("filter[createdLessThanDays]=7", &["changed", "created"]),
        ("filter[newerThanDays]=5", &["changed", "created"]),
        ("filter[olderThanDays]=1", &["created", "old"]),
        ("filter[createdMoreThanDays]=30", &["old"]),
        ("filter[newerThanDays]=7&filter[olderThanDays]=1", &["created"]),
        ("filter[newerThanDays]=7&filter[createdLessThanDays]=1", &["changed", "created"]),
    ];
    for (filters, expected) in cases {
        assert_eq!(resources(&sim, filters), expected, "{filters}");
    }
    // Read as "created at or after", which the document leaves open.
    let since = format!("filter[createdDate]={}", NOW - 5 * DAY);
    assert_eq!(resources(&sim, &since), ["created", "old"]);
    for bad in ["filter[newerThanDays]=x", "filter[olderThanDays]=-1", "filter[createdDate]=yesterday"] {
        refusal(&get(&sim, &format!("/checks?accountIds=acc1&{bad}")));
    }
}

#[test]
fn an_edit_in_mid_run_shows_in_the_next_answer() {
    let sim = holding(["a", "b"].map(failing));
    assert_eq!(resources(&sim, "filter[services]=EC2"), ["a", "b"]);
    sim.edit(|world| {
        world.checks.retain(|check| check.id.resource() != "a");
        world.checks.push(failing("0"));
    });
    assert_eq!(resources(&sim, "filter[services]=EC2"), ["0", "b"]);
}
