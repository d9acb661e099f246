//! The JSON of every endpoint, single items and missing values (sections 3.2, 3.5 and 4 to 9).

use serde_json::json as j;

use super::*;

fn first(sim: &Bitdefender, path: &str) -> Value {
    json(sim, path)["data"][0].clone()
}

fn relative(change: impl FnOnce(&mut Options)) -> Bitdefender {
    sim(|options| {
        options.links = Links::Relative;
        change(options);
    })
}

/// Section 4: the sample, member by member.
#[test]
fn a_scan_account() {
    let sim = relative(|_| {});
    assert_eq!(
        first(&sim, "/v1/setting/scans"),
        j!({ "id": SCAN, "type": "scan",
            "attributes": { "name": "prod-payments", "target": "123456789012", "is_enabled": true,
                "is_archived": false, "created_at": "2025-03-04T08:15:30.120Z" },
            "relationships": { "scan_group": { "data": { "id": GROUP, "type": "scan_group" } } },
            "links": { "self": format!("/v1/setting/scans/{SCAN}") } })
    );
    // An account in no group: null, or absent.
    let lone = format!("/v1/setting/scans/{LONE_SCAN}");
    assert_eq!(first(&sim, &lone)["relationships"], j!({ "scan_group": { "data": null } }));
    let sim = relative(|options| options.missing = Missing::Absent);
    assert_eq!(first(&sim, &lone)["relationships"], j!({}));
}

/// Section 4: whether archived accounts are listed is unstated.
#[test]
fn archived_accounts_can_be_left_out() {
    assert_eq!(ids(&json(&sim(|_| {}), "/v1/setting/scans")), [SCAN, LONE_SCAN]);
    let hidden = sim(|options| options.list_archived = false);
    let page = json(&hidden, "/v1/setting/scans");
    assert_eq!((ids(&page), &page["meta"]["total"]), (vec![SCAN], &j!(1)));
    assert_eq!(status(&hidden, &format!("/v1/setting/scans/{LONE_SCAN}")), 200);
}

/// Section 5: the sample, member by member, and a group without accounts.
#[test]
fn a_scan_group() {
    let sim = relative(|_| {});
    assert_eq!(
        first(&sim, "/v1/setting/scan_groups"),
        j!({ "id": GROUP, "type": "scan_group",
            "attributes": { "name": "Production", "description": "", "schedule": "daily",
                "created_at": "2025-03-01T10:00:00.000Z" },
            "relationships": { "scans": { "data": [{ "id": SCAN, "type": "scan" }] } },
            "links": { "self": format!("/v1/setting/scan_groups/{GROUP}") } })
    );
    let empty = first(&sim, &format!("/v1/setting/scan_groups/{EMPTY_GROUP}"));
    assert_eq!(empty["relationships"], j!({ "scans": { "data": [] } }));
}

/// Section 6.2: the ten documented attributes and the four likely relationships.
#[test]
fn a_check() {
    let sim = relative(|_| {});
    assert_eq!(
        first(&sim, "/v1/cspm/checks"),
        j!({ "id": OPEN, "type": "check",
            "attributes": { "resource_region": "eu-west-1", "resource_id": BUCKET, "resource_name": "audit-logs",
                "resource_type": "S3 Bucket", "result": "fail", "severity": "high", "status": "open",
                "created_at": "2025-06-11T02:10:09.004Z", "scan_name": "prod-payments",
                "scan_group_name": "Production" },
            "relationships": {
                "scan": { "data": { "id": SCAN, "type": "scan" } },
                "scan_group": { "data": { "id": GROUP, "type": "scan_group" } },
                "rule": { "data": { "id": RULE, "type": "rule" } },
                "resource": { "data": { "id": BUCKET, "type": "resource" } } },
            "links": { "self": format!("/v1/cspm/checks/{OPEN}") } })
    );
}

/// Section 6.2: the likely further attributes: remarks and expiry where set, the rule by option.
#[test]
fn further_attributes_of_a_check() {
    let path = format!("/v1/cspm/checks/{ACCEPTED}");
    let attributes = |change: fn(&mut Options)| first(&relative(change), &path)["attributes"].clone();
    let default = attributes(|_| {});
    assert_eq!(default["status_remarks"], "until the migration");
    assert_eq!(default["severity_remarks"], "raised");
    assert_eq!(default["expires_at"], "2025-06-30");
    assert_eq!(default.get("rule_title"), None);
    let bare = attributes(|options| options.check_remarks = false);
    assert!(["status_remarks", "severity_remarks", "expires_at"].iter().all(|name| bare.get(name).is_none()));
    let full = attributes(|options| options.check_rule = true);
    assert_eq!((&full["rule_name"], &full["rule_version"]), (&j!("config_enabled"), &j!(3)));
    assert_eq!(full["rule_title"], "Bucket readable by anyone");
    let native = attributes(|options| options.resource_id = ResourceId::Native);
    assert_eq!(native["resource_id"], "arn:aws:x:::default");
}

/// Section 6.2: a mode without relationships, in two ways.
#[test]
fn a_check_without_relationships() {
    let check = |mode| first(&relative(|options| options.check_relationships = mode), "/v1/cspm/checks");
    assert_eq!(check(Relationships::Empty)["relationships"], j!({}));
    assert_eq!(check(Relationships::Absent).get("relationships"), None);
}

/// Section 6.2: of a `pass` the status is null or absent; so is anything else that the vendor may not have.
#[test]
fn missing_values_are_null_or_absent() {
    let path = format!("/v1/cspm/checks/{PASS}");
    let strip = |sim: &Bitdefender| {
        sim.edit(|world| {
            (world.resources[0].name, world.resources[0].region) = (None, None);
            (world.checks[1].severity, world.checks[1].created_at) = (None, None);
            world.scans[0].name = None;
        });
        first(sim, &path)["attributes"].clone()
    };
    let null = strip(&relative(|_| {}));
    let absent = strip(&relative(|options| options.missing = Missing::Absent));
    for name in ["status", "resource_name", "resource_region", "severity", "created_at", "scan_name"] {
        assert_eq!(null.get(name), Some(&Value::Null), "{name}");
        assert_eq!(absent.get(name), None, "{name}");
    }
    assert_eq!(absent["result"], "pass");
}

/// References that lead nowhere keep their ids; the names are missing.
#[test]
fn a_check_outlives_what_it_refers_to() {
    let sim = relative(|_| {});
    sim.edit(|world| {
        world.rules.clear();
        world.resources.clear();
        world.scans.clear();
    });
    let check = first(&sim, "/v1/cspm/checks");
    assert_eq!(check["relationships"]["rule"]["data"]["id"], RULE);
    assert_eq!(check["relationships"]["scan_group"]["data"], Value::Null);
    assert_eq!(check["attributes"]["resource_id"], BUCKET);
    assert_eq!(check["attributes"]["resource_type"], Value::Null);
    // The standard still names the rule, without its name and version.
    let standard = first(&sim, "/v1/cspm/system_compliance");
    assert_eq!(
        standard["attributes"]["controls"][0]["rules"][0],
        j!({ "id": RULE, "name": null, "version": null })
    );
}

/// Section 7: three attributes, type `resource`, no relationships.
#[test]
fn a_resource() {
    let sim = relative(|_| {});
    assert_eq!(
        first(&sim, "/v1/cspm/resources"),
        j!({ "id": BUCKET, "type": "resource",
            "attributes": { "resource_name": "audit-logs", "resource_region": "eu-west-1",
                "resource_type": "S3 Bucket" },
            "links": { "self": format!("/v1/cspm/resources/{BUCKET}") } })
    );
}

/// Section 7 is known from a translation only: the endpoint can be missing.
#[test]
fn the_resource_listing_can_be_missing() {
    let sim = sim(|options| options.resource_listing = false);
    assert_eq!(status(&sim, "/v1/cspm/resources"), 404);
    assert_eq!(status(&sim, &format!("/v1/cspm/resources/{BUCKET}")), 404);
    assert_eq!(status(&sim, "/v1/cspm/rules"), 200);
}

/// Section 8: the sample, member by member; the same control id in two standards, and another compliance type.
#[test]
fn a_rule() {
    let sim = relative(|_| {});
    let control = |id: &str, standard: &str| {
        j!({ "id": id, "type": "control", "meta": { "compliance_type": "system_compliance",
            "compliance_id": standard, "section_id": "A.5" } })
    };
    assert_eq!(
        first(&sim, "/v1/cspm/rules"),
        j!({ "id": RULE, "type": "rule",
            "attributes": { "name": "s3_public_read", "version": 3, "title": "Bucket readable by anyone",
                "original_severity": "high", "description": "d", "implication": "i", "recommendation": "r",
                "references": "https://example.test/a" },
            "relationships": { "controls": { "data": [control("A.5.12", "GDPR"), control("A.5.13", "GDPR")] } },
            "links": { "self": format!("/v1/cspm/rules/{RULE}") } })
    );
    sim.edit(|world| {
        world.rules[1].other_controls.push(OtherControl {
            id: "1.1".into(),
            compliance_type: "custom_compliance".into(),
            compliance_id: "House rules".into(),
            section_id: "1".into(),
        });
    });
    let other = first(&sim, &format!("/v1/cspm/rules/{OTHER_RULE}"));
    let controls = other["relationships"]["controls"]["data"].as_array().unwrap();
    assert_eq!(controls[..2], [control("A.5.13", "GDPR"), control("A.5.12", "ISO/IEC 27001:2022")]);
    assert_eq!(controls[2]["meta"]["compliance_type"], "custom_compliance");
}

/// Section 9: controls inline, plain rules in them, and the rules again, flattened.
#[test]
fn a_standard() {
    let sim = relative(|_| {});
    let rule = |id: &str, name: &str| j!({ "id": id, "name": name, "version": 3 });
    let reference =
        |id: &str, name: &str| j!({ "id": id, "type": "rule", "meta": { "name": name, "version": 3 } });
    let control = |id: &str, rules: Value| {
        j!({ "id": id, "description": "Access is limited", "section_id": "A.5", "section_title": "Access",
            "rules": rules })
    };
    let (one, two) = (rule(RULE, "s3_public_read"), rule(OTHER_RULE, "config_enabled"));
    let (first_rule, second_rule) =
        (reference(RULE, "s3_public_read"), reference(OTHER_RULE, "config_enabled"));
    assert_eq!(
        first(&sim, "/v1/cspm/system_compliance"),
        j!({ "id": "GDPR", "type": "system_compliance",
            "attributes": { "title": "A standard",
                "controls": [control("A.5.12", j!([one])), control("A.5.13", j!([one, two]))] },
            "relationships": { "rules": { "data": [first_rule, first_rule, second_rule] } },
            "links": { "self": "/v1/cspm/system_compliance/GDPR" } })
    );
    let sim = relative(|options| options.deduplicate_standard_rules = true);
    let rules = first(&sim, "/v1/cspm/system_compliance")["relationships"]["rules"]["data"].clone();
    assert_eq!(rules, j!([first_rule, second_rule]));
}

/// Section 3.3: an id is one percent-encoded segment, in requests and in links.
#[test]
fn ids_with_slashes_and_spaces() {
    let sim = relative(|_| {});
    let path = "/v1/cspm/system_compliance/ISO%2FIEC%2027001:2022";
    assert_eq!(first(&sim, path)["id"], "ISO/IEC 27001:2022");
    assert_eq!(first(&sim, path)["links"]["self"], path);
    assert_eq!(status(&sim, "/v1/cspm/system_compliance/ISO/IEC%2027001:2022"), 404);
    assert_eq!(status(&sim, "/v1/cspm/system_compliance/gdpr"), 404);
}

/// Section 3.2 and Appendix B: a single item is an array of one without top-level `links` and `meta`; mode: an object.
#[test]
fn a_single_item() {
    for path in ["setting/scans", "setting/scan_groups", "cspm/checks", "cspm/resources", "cspm/rules"] {
        let listed = json(&sim(|_| {}), &format!("/v1/{path}"));
        let id = ids(&listed)[1];
        let target = format!("/v1/{path}/{id}");
        assert_eq!(json(&sim(|_| {}), &target), j!({ "data": [listed["data"][1]] }), "{path}");
        let object = sim(|options| options.single = Single::Object);
        assert_eq!(json(&object, &target), j!({ "data": listed["data"][1] }), "{path}");
    }
}

/// Appendix B: an unknown id is 404; mode: 200 with empty `data`. Section 3.5: a malformed one may be 400.
#[test]
fn an_unknown_id() {
    let unknown = format!("/v1/cspm/rules/{NOBODY}");
    assert_eq!(status(&sim(|_| {}), &unknown), 404);
    assert_eq!(status(&sim(|_| {}), "/v1/cspm/rules/nonsense"), 404);
    let empty = |single| {
        sim(|options| {
            options.unknown_id = UnknownId::EmptyData;
            options.single = single;
        })
    };
    assert_eq!(json(&empty(Single::Array), &unknown), j!({ "data": [] }));
    assert_eq!(json(&empty(Single::Object), &unknown), j!({ "data": null }));
    let strict = sim(|options| options.reject_malformed_ids = true);
    assert_eq!(status(&strict, "/v1/cspm/rules/nonsense"), 400);
    assert_eq!(status(&strict, &unknown), 404);
    assert_eq!(status(&strict, "/v1/cspm/system_compliance/nonsense"), 404);
}

/// Appendix B, faults: an attribute that no document knows, on every type.
#[test]
fn an_extra_attribute() {
    let sim = sim(|options| options.extra_attribute = true);
    for path in [
        "setting/scans",
        "setting/scan_groups",
        "cspm/checks",
        "cspm/resources",
        "cspm/rules",
        "cspm/system_compliance",
    ] {
        let item = first(&sim, &format!("/v1/{path}"));
        assert_eq!(item["attributes"]["x_future"], j!(["of", "tomorrow"]), "{path}");
        assert!(item["attributes"].as_object().unwrap().len() > 1);
    }
}
