//! Every request of the profiles' document (section 7), and what its answer is taken for.

use cspm_core::{
    Application, ApplyMode, ErrorKind, Exceptions, Policy, PolicyEntry, PolicyQuery, PolicyStore, PushMode,
    PushOutcome, RuleSetting, gather, plan_push, push,
};
use serde_json::json;

use super::*;

/// The settings of the documents' own sample, and one more rule.
fn included() -> Value {
    json!([
        {"type": "rules", "id": "RTM-002", "attributes": {"enabled": true, "riskLevel": "MEDIUM", "provider": "aws",
            "exceptions": {"tags": [], "filterTags": [], "resources": []},
            "extraSettings": [{"name": "ttl", "type": "ttl", "value": 48, "ttl": true}]}},
        {"type": "rules", "id": "S3-016", "attributes": {"enabled": false, "riskLevel": "HIGH", "provider": "aws",
            "exceptions": {"tags": ["team::legacy"], "filterTags": ["tmp"], "resources": ["b-1"]}}},
    ])
}

fn links() -> Value {
    json!({"ruleSettings": {"data": [{"type": "rules", "id": "RTM-002"}, {"type": "rules", "id": "S3-016"}]}})
}

/// The profile as it is read back, with every setting.
fn answer() -> Value {
    json!({
        "data": {"type": "profiles", "id": "pR0f1leX9", "attributes": {"name": "Baseline", "description": "org default"},
                 "relationships": links()},
        "included": included(),
        "meta": {},
    })
}

/// The same as the model has it.
fn baseline(id: Option<&str>) -> Policy {
    let ttl = RuleSetting {
        enabled: Some(true),
        severity: Some("MEDIUM".to_owned()),
        provider: Some("aws".to_owned()),
        settings: vec![verbatim(r#"{"name":"ttl","type":"ttl","value":48,"ttl":true}"#)],
        ..RuleSetting::default()
    };
    let encryption = RuleSetting {
        enabled: Some(false),
        severity: Some("HIGH".to_owned()),
        provider: Some("aws".to_owned()),
        exceptions: Exceptions {
            resources: vec!["b-1".to_owned()],
            tags: vec!["team::legacy".to_owned()],
            filter_tags: vec!["tmp".to_owned()],
        },
        ..RuleSetting::default()
    };
    Policy {
        id: id.map(str::to_owned),
        name: "Baseline".to_owned(),
        description: Some("org default".to_owned()),
        rules: [("RTM-002".to_owned(), ttl), ("S3-016".to_owned(), encryption)].into(),
        ..Policy::default()
    }
}

/// What the settings look like when they are written: as they were read, without empty exceptions.
fn written() -> Value {
    let mut written = included();
    written[0]["attributes"].as_object_mut().unwrap().remove("exceptions");
    written
}

fn always(status: u16, body: &Value) -> Arc<Organisation> {
    let body = body.to_string();
    with_rules(true, move |_| (status, body.clone()))
}

/// The only request that is not a read of the catalogue.
#[track_caller]
fn only(organisation: &Organisation) -> Asked {
    let log = organisation.log();
    let [asked] = log.iter().filter(|asked| asked.path() != "/services").collect::<Vec<_>>()[..] else {
        panic!("{log:#?}")
    };
    asked.clone()
}

async fn list(organisation: &Arc<Organisation>) -> Gathered<PolicyEntry> {
    gather(PolicyStore::listing(&organisation.connect()), PolicyQuery).await
}

#[tokio::test]
async fn the_list_has_names_only() {
    let organisation = always(
        200,
        &json!({"data": [
            {"type": "profiles", "id": "pR0f1leX9", "attributes": {"name": "Baseline", "description": "org default"}},
            {"type": "profiles", "id": "-oldRul3s", "attributes": {"name": "Old"}}], "meta": {}}),
    );
    let listed = list(&organisation).await;
    only(&organisation).assert_is("GET", "/profiles", None);
    assert!(listed.shortfall().is_none());
    let entries: Vec<Value> = listed.items.iter().map(|entry| serde_json::to_value(entry).unwrap()).collect();
    let entry = |id: &str, name: &str, description: Value| {
        json!({"connection": "trend", "vendor": "conformity", "id": id, "name": name, "description": description,
               "kind": "custom", "rules": null})
    };
    assert_eq!(
        entries,
        [entry("pR0f1leX9", "Baseline", json!("org default")), entry("-oldRul3s", "Old", json!(null))]
    );
}

/// Section 23, number 3.
#[tokio::test]
async fn a_403_means_an_empty_list_to_an_admin_and_a_missing_right_to_others() {
    let organisation = with_rules(true, |_| denied());
    let listed = list(&organisation).await;
    assert!(listed.items.is_empty() && listed.shortfall().is_none(), "{:?}", listed.scopes);
    assert_eq!(organisation.targets(), ["/profiles", "/users"]);

    let organisation = with_rules(false, |_| denied());
    let listed = list(&organisation).await;
    let error = listed.shortfall().unwrap();
    assert_eq!(error.kind(), ErrorKind::Permission);
    assert!(
        error.message().contains("read-only access") && error.message().contains("no profile"),
        "{error}"
    );
    assert_eq!(organisation.targets(), ["/profiles", "/users", "/users/whoami"]);

    let organisation = Organisation::new(|_| denied());
    let listed = list(&organisation).await;
    assert_eq!(listed.shortfall().unwrap().kind(), ErrorKind::Authentication);
}

#[tokio::test]
async fn a_profile_is_read_with_its_settings() {
    let organisation = always(200, &answer());
    let read = PolicyStore::get(&organisation.connect(), "pR0f1leX9").await.unwrap();
    only(&organisation).assert_is("GET", "/profiles/pR0f1leX9?includes=ruleSettings", None);
    assert_eq!((read.value, read.notices), (baseline(Some("pR0f1leX9")), vec![]));
}

/// The sample of the document without `includes` has no settings at all; the decoder takes it for what it is.
#[tokio::test]
async fn a_profile_without_settings_is_one_without_rules() {
    let bare =
        json!({"data": {"type": "profiles", "id": "p", "attributes": {"name": "Nothing yet"}}, "meta": {}});
    let organisation = always(200, &bare);
    let read = PolicyStore::get(&organisation.connect(), "p").await.unwrap().value;
    assert_eq!(
        read,
        Policy { id: Some("p".to_owned()), name: "Nothing yet".to_owned(), ..Policy::default() }
    );
}

#[tokio::test]
async fn the_organisations_own_profile_is_used_like_any_other() {
    let organisation = with_rules(true, |asked| match asked.method.as_str() {
        "GET" => (200, answer().to_string()),
        _ => (
            200,
            json!({"data": {"type": "profiles", "id": "organisation-Org4nIsA1", "attributes": {}}})
                .to_string(),
        ),
    });
    let vendor = organisation.connect();
    let id = "organisation-Org4nIsA1";
    let own = PolicyStore::get(&vendor, id).await.unwrap().value;
    assert_eq!(own.id.as_deref(), Some(id));
    vendor.replace(&Policy { rules: Default::default(), ..own }).await.unwrap();
    let log = organisation.log();
    log[1].assert_is("GET", "/profiles/organisation-Org4nIsA1?includes=ruleSettings", None);
    let reset = json!({"data": {"type": "profiles", "id": id,
        "attributes": {"name": "Baseline", "description": "org default"},
        "relationships": {"ruleSettings": {"data": []}}}});
    log[2].assert_is("POST", "/profiles", Some(&reset));
}

#[tokio::test]
async fn a_profile_is_created_without_settings_and_with_them() {
    let organisation = always(200, &answer());
    let created =
        organisation.connect().create(&Policy { rules: Default::default(), ..baseline(None) }).await.unwrap();
    assert_eq!(created.value, "pR0f1leX9");
    let attributes = json!({"name": "Baseline", "description": "org default"});
    let body = json!({"data": {"type": "profiles", "attributes": attributes}});
    only(&organisation).assert_is("POST", "/profiles", Some(&body));

    let organisation = always(200, &answer());
    let created = organisation.connect().create(&baseline(None)).await.unwrap();
    assert_eq!(created.value, "pR0f1leX9");
    let body = json!({"data": {"type": "profiles", "attributes": attributes, "relationships": links()},
                      "included": written()});
    only(&organisation).assert_is("POST", "/profiles", Some(&body));
}

#[tokio::test]
async fn an_answer_that_does_not_name_the_new_profile_leaves_its_creation_open() {
    for body in [json!({}), json!({"data": {"type": "profiles"}}), json!("ok")] {
        let error = always(200, &body).connect().create(&baseline(None)).await.unwrap_err();
        assert!(error.is_uncertain(), "{error}");
    }
}

#[tokio::test]
async fn a_profile_is_overwritten_by_its_id_in_data_and_wiped_by_naming_no_settings() {
    let organisation = always(200, &answer());
    organisation.connect().replace(&baseline(Some("pR0f1leX9"))).await.unwrap();
    let attributes = json!({"name": "Baseline", "description": "org default"});
    let body = json!({"data": {"type": "profiles", "id": "pR0f1leX9", "attributes": attributes, "relationships": links()},
                      "included": written()});
    only(&organisation).assert_is("POST", "/profiles", Some(&body));

    let organisation = always(200, &answer());
    let wiped = Policy { rules: Default::default(), ..baseline(Some("pR0f1leX9")) };
    organisation.connect().replace(&wiped).await.unwrap();
    let body = json!({"data": {"type": "profiles", "id": "pR0f1leX9", "attributes": attributes}});
    only(&organisation).assert_is("POST", "/profiles", Some(&body));
}

#[tokio::test]
async fn a_merge_patches_attributes_alone_or_settings_too() {
    let organisation = always(200, &answer());
    let whole = baseline(Some("pR0f1leX9"));
    let named = Policy { rules: Default::default(), name: "New".to_owned(), ..whole.clone() };
    organisation.connect().merge(&named, &whole).await.unwrap();
    let body =
        json!({"data": {"type": "profiles", "attributes": {"name": "New", "description": "org default"}}});
    only(&organisation).assert_is("PATCH", "/profiles/pR0f1leX9", Some(&body));

    let organisation = always(200, &answer());
    let mut named = Policy { description: None, ..whole.clone() };
    named.rules.remove("RTM-002");
    organisation.connect().merge(&named, &whole).await.unwrap();
    let body = json!({
        "data": {"type": "profiles", "attributes": {"name": "Baseline"},
                 "relationships": {"ruleSettings": {"data": [{"type": "rules", "id": "S3-016"}]}}},
        "included": [written()[1]],
    });
    only(&organisation).assert_is("PATCH", "/profiles/pR0f1leX9", Some(&body));
}

#[tokio::test]
async fn a_profile_is_deleted() {
    let organisation = always(200, &json!({"meta": {"status": "deleted"}}));
    organisation.connect().delete("a/b").await.unwrap();
    only(&organisation).assert_is("DELETE", "/profiles/a%2Fb", None);
}

/// Both kinds of applying, and the three outcomes of `include`.
#[tokio::test]
async fn a_profile_is_applied_in_every_mode() {
    let sent = json!({"meta": {"status": "sent", "message": "Profile will be applied to the accounts in background"}});
    let meta =
        |mode: &str| json!({"accountIds": ["Qx7kP2mNz", "Zz81LmQa0"], "types": ["rule"], "mode": mode});
    let with = |mut meta: Value, name: &str, value: Value| {
        meta[name] = value;
        meta
    };
    for (mode, keep, note, expected) in [
        (ApplyMode::FillGaps, false, None, meta("fill-gaps")),
        (ApplyMode::Replace, false, Some("agreed"), with(meta("replace"), "notes", json!("agreed"))),
        (ApplyMode::Overwrite, true, None, with(meta("overwrite"), "include", json!({"exceptions": false}))),
        (ApplyMode::Overwrite, false, None, with(meta("overwrite"), "include", json!({"exceptions": true}))),
    ] {
        let organisation = always(200, &sent);
        let application = Application {
            policy: "pR0f1leX9".to_owned(),
            accounts: vec!["Qx7kP2mNz".to_owned(), "Zz81LmQa0".to_owned()],
            mode,
            keep_exceptions: keep,
            note: note.map(str::to_owned),
        };
        let applied = organisation.connect().apply(&application).await.unwrap();
        assert_eq!(applied.notices, []);
        only(&organisation).assert_is("POST", "/profiles/pR0f1leX9/apply", Some(&json!({"meta": expected})));
    }
}

#[tokio::test]
async fn an_application_that_means_nothing_is_not_sent_and_an_odd_answer_is_told() {
    let application = |mode, keep_exceptions, accounts: &[&str]| Application {
        policy: "p".to_owned(),
        accounts: accounts.iter().map(|account| (*account).to_owned()).collect(),
        mode,
        keep_exceptions,
        note: None,
    };
    let organisation = always(200, &json!({"meta": {"status": "queued"}}));
    let vendor = organisation.connect();
    for nonsense in
        [application(ApplyMode::Replace, true, &["a"]), application(ApplyMode::FillGaps, false, &[])]
    {
        assert_eq!(vendor.apply(&nonsense).await.unwrap_err().kind(), ErrorKind::Config);
    }
    assert!(organisation.log().is_empty());
    let noted = vendor.apply(&application(ApplyMode::FillGaps, false, &["a"])).await.unwrap();
    assert!(noted.notices[0].0.contains("\"queued\""), "{:?}", noted.notices);
}

#[tokio::test]
async fn warnings_about_deprecated_rules_are_told_on_reads_and_writes() {
    let mut warned = answer();
    warned["meta"] = json!({"deprecation": {"warning": {
        "message": "Some rules are deprecated.", "link": "https://example.invalid/rules", "rules": ["RTM-002"]}}});
    let organisation = always(200, &warned);
    let vendor = organisation.connect();
    let profile = baseline(Some("pR0f1leX9"));
    for notices in [
        PolicyStore::get(&vendor, "pR0f1leX9").await.unwrap().notices,
        vendor.create(&profile).await.unwrap().notices,
        vendor.replace(&profile).await.unwrap().notices,
        vendor.merge(&profile, &profile).await.unwrap().notices,
    ] {
        let [notice] = &notices[..] else { panic!("{notices:?}") };
        for part in ["Some rules are deprecated.", "RTM-002", "https://example.invalid/rules"] {
            assert!(notice.0.contains(part), "{notice:?}");
        }
    }
}

/// Section 1.1: what the four kinds of users may do. A refusal is a 401 or a 403, depending on the endpoint.
#[tokio::test]
async fn a_refusal_says_that_the_role_admin_is_needed() {
    let application = Application {
        policy: "p".to_owned(),
        accounts: vec!["a".to_owned()],
        mode: ApplyMode::FillGaps,
        keep_exceptions: false,
        note: None,
    };
    let details =
        json!({"errors": [{"status": 401, "details": "You are not authorized to perform such actions"}]});
    for refusal in [denied(), (401, details.to_string())] {
        let organisation = with_rules(false, move |_| refusal.clone());
        let vendor = organisation.connect();
        let profile = baseline(Some("p"));
        for error in [
            PolicyStore::get(&vendor, "p").await.unwrap_err(),
            vendor.create(&profile).await.unwrap_err(),
            vendor.replace(&profile).await.unwrap_err(),
            vendor.merge(&profile, &profile).await.unwrap_err(),
            vendor.delete("p").await.unwrap_err(),
            vendor.apply(&application).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Permission, "{error}");
            assert!(error.message().contains("the role ADMIN"), "{error}");
            assert!(!error.is_uncertain());
        }
    }
}

#[tokio::test]
async fn a_403_to_an_admin_means_that_there_is_no_such_profile() {
    let organisation = with_rules(true, |_| denied());
    let vendor = organisation.connect();
    let error = PolicyStore::get(&vendor, "nope").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(403)));
    assert!(error.message().contains("\"nope\""), "{error}");
    let error = PolicyStore::get(&vendor, "organisation-x").await.unwrap_err();
    assert!(error.message().contains("opened once in the console"), "{error}");
    assert_eq!(vendor.delete("nope").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_404_means_to_everybody_that_there_is_no_such_profile() {
    let organisation = with_rules(false, |_| (404, json!({"Message": "Not Found"}).to_string()));
    let error = PolicyStore::get(&organisation.connect(), "nope").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(404)));
    assert!(error.message().contains("there is no profile \"nope\""), "{error}");
    assert!(organisation.asked("/users").is_empty());
}

/// Exceptions and extra settings absent, null, or of a shape that nobody documents: nothing is lost by writing it back.
#[tokio::test]
async fn odd_settings_survive_being_read_and_written() {
    let odd = json!({
        "data": [{"type": "profiles", "id": "p",
            "attributes": {"name": "Odd", "description": null, "owner": {"team": "x"}},
            "relationships": {"ruleSettings": {"data": [{"type": "rules", "id": "a"}]}}}],
        "included": [
            {"type": "rules", "id": "a", "attributes": {"enabled": "true", "riskLevel": "LOW"}},
            {"type": "rules", "id": "b", "attributes": {"enabled": true, "exceptions": null, "extraSettings": null}},
            {"type": "rules", "id": "c", "attributes": {"enabled": true, "exceptions": [], "ruleExists": false, "configured": true}},
            {"type": "rules", "id": "d", "attributes": {"enabled": true, "exceptions": {"tags": null, "resources": ["r"]}}},
            {"type": "rules", "id": "e", "attributes": {"enabled": true, "exceptions": {"tags": [], "paths": ["/"]},
                "extraSettings": {"x": 1}, "scope": "all"}},
        ],
    });
    let organisation = always(200, &odd);
    let vendor = organisation.connect();
    let read = PolicyStore::get(&vendor, "p").await.unwrap().value;
    assert_eq!(read.description, None);
    assert_eq!(read.rules["a"].enabled, Some(true));
    assert!(read.rules["c"].exceptions.is_empty() && read.rules["c"].extra.is_empty());
    vendor.replace(&read).await.unwrap();
    let body: Value = serde_json::from_str(&organisation.log().last().unwrap().body).unwrap();
    assert_eq!(body["data"]["attributes"], json!({"name": "Odd", "owner": {"team": "x"}}));
    let attributes: Vec<&Value> =
        body["included"].as_array().unwrap().iter().map(|rule| &rule["attributes"]).collect();
    assert_eq!(
        attributes,
        [
            &json!({"enabled": true, "riskLevel": "LOW"}),
            &json!({"enabled": true}),
            &json!({"enabled": true}),
            &json!({"enabled": true, "exceptions": {"tags": [], "filterTags": [], "resources": ["r"]}}),
            &json!({"enabled": true, "exceptions": {"tags": [], "paths": ["/"]}, "extraSettings": {"x": 1}, "scope": "all"}),
        ]
    );
}

/// Section 6.1: every recorded form, byte for byte.
#[tokio::test]
async fn extra_settings_of_every_form_go_back_byte_for_byte() {
    let forms = [
        r#"{"name":"days","type":"single-number-value","value":90.0}"#,
        r#"{"name":"retention","type":"single-number-value","label":"Days","value":"30","default":null}"#,
        r#"{"value":"text","type":"single-string-value","name":"order of members"}"#,
        r#"{"name":"pattern","type":"single-value-regex","value":"^\u0070rod-.*\\d$"}"#,
        r#"{"name":"c1","type":"choice-single-value","value":"0"}"#,
        r#"{"name":"c2","type":"choice-single-value","value":1}"#,
        r#"{"name":"untyped","values":[{"value":"running","label":"Running","enabled":true}]}"#,
        r#"{"name":"nested","type":"choice-multiple-value","values":[{"value":"n","enabled":true,"customised":false,"settings":[{"name":"age","label":"Age","type":"single-number-value","values":[{"value":7,"default":7}]}]}]}"#,
        r#"{"name":"s","type":"multiple-string-values","values":[{"value":"a"},{"value":"b"}]}"#,
        r#"{"name":"n","type":"multiple-number-values","values":[{"value":18446744073709551616},{"value":1e2}]}"#,
        r#"{"name":"ip","type":"multiple-ip-values","values":[{"value":"192.0.2.0/24"}]}"#,
        r#"{"name":"acc","type":"multiple-aws-account-values","values":[{"value":"011122223333"}]}"#,
        r#"{"name":"o","type":"multiple-object-values","valueKeys":["eventName"],"values":[{"value":{"eventName":"x"}}]}"#,
        r#"{"name":"co","type":"countries","countries":true,"values":[{"value":"AU","label":"Australia"}],"value":null}"#,
        r#"{"name":"re","type":"regions","regions":true,"values":["eu-west-1"]}"#,
        r#"{"name":"ig","type":"ignored-regions","ignoredRegions":true,"values":["eu-north-1"]}"#,
        r#"{"name":"ttl","type":"ttl","value":72,"ttl":true}"#,
        r#"{"name":"tags","type":"tags","values":["env::prod","owner"]}"#,
        r#"{"name":"m","type":"multiple-vpc-gateway-mappings","mappings":[{"values":[{"type":"single-string-value","name":"vpcId","value":"v"},{"type":"multiple-string-values","name":"gatewayIds","values":[{"value":"g"}]}]}]}"#,
        r#"{"name":"sample of the schema","type":[],"values":[],"value":3}"#,
    ];
    let included = format!(
        r#"[{{"type":"rules","id":"RTM-002","attributes":{{"enabled":true,"riskLevel":"LOW","extraSettings":[{}]}}}}]"#,
        forms.join(" ,\n ")
    );
    let text = format!(r#"{{"data":{{"id":"p","attributes":{{"name":"All"}}}},"included":{included}}}"#);
    let organisation = with_rules(true, move |_| (200, text.clone()));
    let vendor = organisation.connect();
    let read = PolicyStore::get(&vendor, "p").await.unwrap().value;
    let kept: Vec<&str> = read.rules["RTM-002"].settings.iter().map(cspm_core::Verbatim::as_json).collect();
    assert_eq!(kept, forms);
    vendor.replace(&read).await.unwrap();
    let body = organisation.log().last().unwrap().body.clone();
    let sent = format!("\"extraSettings\":[{}]", forms.join(","));
    assert!(body.contains(&sent), "{body}");
}

/// Reading less than there is and writing that back would be a loss.
#[tokio::test]
async fn a_profile_of_which_a_setting_is_missing_or_odd_is_not_read_at_all() {
    let base = |links: Value, included: Value| {
        json!({"data": {"id": "p", "attributes": {"name": "x"}, "relationships": {"ruleSettings": {"data": links}}},
               "included": included})
    };
    let link = |id: &str| json!({"type": "rules", "id": id});
    let rule =
        |id: &str, enabled: bool| json!({"type": "rules", "id": id, "attributes": {"enabled": enabled}});
    for (profile, complaint) in [
        (base(json!([link("a"), link("b")]), json!([rule("a", true)])), "rule b is announced"),
        (base(json!([link("a")]), json!(null)), "rule a is announced"),
        (base(json!([]), json!([{"type": "rules", "id": "a"}])), "has no attributes"),
        (base(json!([]), json!([{"type": "rules", "attributes": {}}])), "has no id"),
        (base(json!([]), json!([rule("a", true), rule("a", false)])), "comes twice"),
        (base(json!([]), json!(["a"])), "not understood"),
        (json!({"included": []}), "no \"data\""),
    ] {
        let error = PolicyStore::get(&always(200, &profile).connect(), "p").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains(complaint), "{error}");
    }
    let twice = base(json!([link("a")]), json!([rule("a", true), rule("a", true)]));
    assert!(PolicyStore::get(&always(200, &twice).connect(), "p").await.is_ok());
}

/// No call removes one rule: read, drop, overwrite, read back. Somebody else's change in between stops it.
#[tokio::test]
async fn one_rule_is_removed_by_overwriting_the_profile_without_it() {
    let stored = Arc::new(Mutex::new(answer()));
    let held = stored.clone();
    let organisation = with_rules(true, move |asked| {
        let mut stored = held.lock().unwrap();
        if asked.method == "POST" {
            let mut written: Value = serde_json::from_str(&asked.body).unwrap();
            written["data"]["id"] = json!("pR0f1leX9");
            *stored = written;
        }
        (200, stored.to_string())
    });
    let vendor = organisation.connect();
    let before = PolicyStore::get(&vendor, "pR0f1leX9").await.unwrap().value;
    let mut wanted = before.clone();
    wanted.rules.remove("RTM-002");
    let changes = plan_push(Some(&before), &wanted, PushMode::Replace);

    stored.lock().unwrap()["included"][1]["attributes"]["riskLevel"] = json!("LOW");
    let pushed = push(&vendor, &changes).await.unwrap();
    assert!(matches!(pushed.outcome, PushOutcome::Moved(_)), "{:?}", pushed.outcome);
    assert!(organisation.log().iter().all(|asked| asked.method == "GET"));

    stored.lock().unwrap()["included"][1]["attributes"]["riskLevel"] = json!("HIGH");
    assert_eq!(push(&vendor, &changes).await.unwrap().outcome, PushOutcome::Done);
    let methods: Vec<String> = organisation
        .log()
        .into_iter()
        .filter(|asked| asked.path() != "/services")
        .map(|asked| asked.method)
        .collect();
    assert_eq!(methods, ["GET", "GET", "GET", "POST", "GET"]);
}

#[tokio::test]
async fn an_uncertain_write_is_sent_once_and_read_back() {
    let organisation = with_rules(true, |asked| match asked.method.as_str() {
        "GET" => (200, answer().to_string()),
        _ => (502, "<html>bad gateway</html>".to_owned()),
    });
    let vendor = organisation.connect();
    let before = PolicyStore::get(&vendor, "pR0f1leX9").await.unwrap().value;
    let mut wanted = before.clone();
    wanted.name = "Other".to_owned();
    for mode in [PushMode::Merge, PushMode::Replace] {
        let error = push(&vendor, &plan_push(Some(&before), &wanted, mode)).await.unwrap_err();
        assert!(error.to_string().contains("nothing was changed"), "{error}");
    }
    assert_eq!(organisation.log().iter().filter(|asked| asked.method != "GET").count(), 2);
}
