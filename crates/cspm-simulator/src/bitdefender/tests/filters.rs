//! The nine filters (sections 3.8 and 6.1, Appendix B).

use super::*;

fn found(sim: &Bitdefender, query: &str) -> Vec<String> {
    let page = json(sim, &format!("/v1/cspm/checks?{query}"));
    let found: Vec<String> = ids(&page).into_iter().map(str::to_owned).collect();
    assert_eq!(page["meta"]["total"], found.len());
    found
}

/// Section 6.1: each filter by itself.
#[test]
fn every_filter_narrows() {
    let sim = sim(|_| {});
    for (query, expected) in [
        ("results=pass", vec![PASS]),
        ("results=fail", vec![OPEN, ACCEPTED]),
        ("severities=critical", vec![ACCEPTED]),
        ("severities=informational", vec![]),
        ("statuses=open", vec![OPEN]),
        ("statuses=risk_accepted", vec![ACCEPTED]),
        (&format!("scans={LONE_SCAN}"), vec![ACCEPTED]),
        (&format!("scan_groups={GROUP}"), vec![OPEN, PASS]),
        (&format!("scan_groups={EMPTY_GROUP}"), vec![]),
        (&format!("rules={RULE}"), vec![OPEN, PASS]),
        (&format!("resources={RECORDER}"), vec![ACCEPTED]),
        ("resource_types=S3%20Bucket", vec![OPEN, PASS]),
        ("system_compliance=GDPR", vec![OPEN, PASS, ACCEPTED]),
        ("system_compliance=ISO%2FIEC%2027001:2022", vec![ACCEPTED]),
        ("", vec![OPEN, PASS, ACCEPTED]),
    ] {
        assert_eq!(found(&sim, query), expected, "{query}");
    }
}

/// Section 6.1: values of one parameter are alternatives, different parameters all apply.
/// Appendix B: `?severities=high,critical&results=fail`.
#[test]
fn values_are_alternatives_and_parameters_all_apply() {
    let sim = sim(|_| {});
    assert_eq!(found(&sim, "severities=high,critical&results=fail"), [OPEN, ACCEPTED]);
    assert_eq!(found(&sim, "severities=high&results=fail"), [OPEN]);
    assert_eq!(found(&sim, "results=pass,fail"), [OPEN, PASS, ACCEPTED]);
    assert_eq!(found(&sim, "results=pass&statuses=open"), [""; 0]);
    assert_eq!(found(&sim, &format!("scans={SCAN},{LONE_SCAN}&severities=critical")), [ACCEPTED]);
    // An encoded comma separates too: values are split after decoding (section 3.8).
    assert_eq!(found(&sim, "severities=high%2Ccritical&results=fail"), [OPEN, ACCEPTED]);
}

/// Appendix B: `?severities=urgent` is 400 (section 6.1: so is any unknown value).
#[test]
fn an_unknown_value_is_400() {
    let sim = sim(|_| {});
    for query in [
        "severities=urgent",
        "severities=high,urgent",
        "severities=HIGH",
        "results=error",
        "statuses=closed",
        &format!("scans={NOBODY}"),
        &format!("scan_groups={NOBODY}"),
        &format!("rules={SCAN}"),
        "resources=audit-logs",
        "system_compliance=gdpr",
        "severities=",
        "severities=high,",
        "severities",
        "results=%FF",
    ] {
        assert_eq!(status(&sim, &format!("/v1/cspm/checks?{query}")), 400, "{query}");
    }
}

/// A word that only the data knows is still no valid filter.
#[test]
fn a_strange_severity_in_the_data_is_no_filter() {
    let sim = sim(|_| {});
    sim.edit(|world| world.checks[0].severity = Some("urgent".into()));
    assert_eq!(json(&sim, "/v1/cspm/checks")["data"][0]["attributes"]["severity"], "urgent");
    assert_eq!(status(&sim, "/v1/cspm/checks?severities=urgent"), 400);
}

/// Section 6.1 leaves open what an id that is gone does; by option it just matches nothing. Words stay words.
#[test]
fn unknown_ids_can_match_nothing() {
    let sim = sim(|options| options.reject_unknown_filter_ids = false);
    assert_eq!(found(&sim, &format!("scans={NOBODY}")), [""; 0]);
    assert_eq!(found(&sim, &format!("scans={NOBODY},{SCAN}")), [OPEN, PASS]);
    assert_eq!(found(&sim, "system_compliance=gdpr"), [""; 0]);
    assert_eq!(status(&sim, "/v1/cspm/checks?severities=urgent"), 400);
}

/// Appendix B: `?resource_types=Configuration%20Recorder` matches the value with a space. Section 3.8: a plus is not
/// a space. Section 6.1: types are free text, so an unknown one is no error.
#[test]
fn resource_types_are_free_text_with_spaces() {
    let sim = sim(|_| {});
    assert_eq!(found(&sim, "resource_types=Configuration%20Recorder"), [ACCEPTED]);
    assert_eq!(found(&sim, "resource_types=Configuration%20Recorder,S3%20Bucket"), [OPEN, PASS, ACCEPTED]);
    assert_eq!(found(&sim, "resource_types=Configuration+Recorder"), [""; 0]);
    assert_eq!(found(&sim, "resource_types=Toaster"), [""; 0]);
}

/// Section 3.8: comma style, repeated style, or both.
#[test]
fn arrays_come_in_two_styles() {
    let style = |arrays| sim(|options| options.arrays = arrays);
    let (comma, repeated) = ("severities=high,critical", "severities=high&severities=critical");
    let all = [OPEN, PASS, ACCEPTED];

    assert_eq!(found(&style(ArrayStyle::Comma), comma), all);
    assert_eq!(status(&style(ArrayStyle::Comma), &format!("/v1/cspm/checks?{repeated}")), 400);
    assert_eq!(found(&style(ArrayStyle::Repeat), repeated), all);
    assert_eq!(status(&style(ArrayStyle::Repeat), &format!("/v1/cspm/checks?{comma}")), 400);
    assert_eq!(found(&style(ArrayStyle::Either), comma), all);
    assert_eq!(found(&style(ArrayStyle::Either), repeated), all);
}

/// Section 3.8: a value with a comma in it can be asked for in repeated style only.
#[test]
fn a_comma_in_a_value_needs_the_repeated_style() {
    let with_comma = |world: &mut World| world.resources[0].resource_type = Some("Disk, Managed".into());
    let repeat = sim(|options| options.arrays = ArrayStyle::Repeat);
    repeat.edit(with_comma);
    assert_eq!(found(&repeat, "resource_types=Disk%2C%20Managed"), [OPEN, PASS]);
    let comma = sim(|_| {});
    comma.edit(with_comma);
    assert_eq!(found(&comma, "resource_types=Disk%2C%20Managed"), [""; 0]);
}

/// Section 6.1: the legacy names are not of this API; unknown parameters are ignored, or 400 by option.
#[test]
fn unknown_parameters_are_ignored_or_refused() {
    let lenient = sim(|_| {});
    assert_eq!(found(&lenient, "filter_result=pass&sort=severity").len(), 3);
    assert_eq!(json(&lenient, "/v1/cspm/rules?results=nonsense")["meta"]["total"], 2);
    let strict = sim(|options| options.reject_unknown_parameters = true);
    for target in [
        "/v1/cspm/checks?filter_result=pass".to_owned(),
        "/v1/cspm/checks?results=pass&sort=severity".to_owned(),
        "/v1/cspm/rules?results=pass".to_owned(),
        "/v1/setting/scans?scans=x".to_owned(),
        format!("/v1/cspm/checks/{OPEN}?results=pass"),
    ] {
        assert_eq!(status(&strict, &target), 400, "{target}");
    }
    assert_eq!(status(&strict, "/v1/cspm/checks?results=pass&page_limit=5"), 200);
    assert_eq!(status(&strict, "/v1/cspm/rules?page_limit=5"), 200);
}

/// A status set by an update, an edit of the world and an expired risk are all seen by the next filter.
#[test]
fn filters_see_changes_at_once() {
    let sim = sim(|_| {});
    assert_eq!(found(&sim, "statuses=open"), [OPEN]);
    sim.edit(|world| world.checks[0].status = Some("remediated".into()));
    assert_eq!(found(&sim, "statuses=open"), [""; 0]);
    assert_eq!(found(&sim, "statuses=remediated"), [OPEN]);
    sim.edit(|world| world.checks.truncate(2));
    assert_eq!(found(&sim, "results=fail"), [OPEN]);
}
