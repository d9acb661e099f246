//! What is asked for, and what becomes of the answers.

use cspm_core::{
    Cursor, ErrorKind, FindingQuery, Outcome, OutcomeFilter, Severity, State, SuppressedFilter, Then,
    Timestamp, read,
};
use serde_json::json;

use super::*;

fn two_pages(asked: &Asked) -> (u16, String) {
    match (asked.body["insight"].as_str(), asked.body["cursor"].as_str()) {
        (Some("backoffice:5"), None) => {
            let first = json!({"resources": [bucket("storagecontainer:3:us-east-1:a:")],
                "counts": {"storagecontainer": 2}, "next_cursor": "a+/=&%#é"});
            (200, first.to_string())
        }
        (Some("backoffice:5"), Some("a+/=&%#é")) => {
            let last = json!({"resources": [bucket("storagecontainer:3:us-east-1:b:")], "next_cursor": ""});
            (200, last.to_string())
        }
        _ => (200, page(&[], 0)),
    }
}

#[tokio::test]
async fn every_insight_and_type_is_one_scope_and_is_read_to_its_end() {
    let installation = with_catalogues(two_pages);
    let vendor = connect(&installation);
    let read = findings(&vendor, FindingQuery::default()).await;
    assert_eq!(
        ids(&read.items),
        ["backoffice:5/storagecontainer:3:us-east-1:a:", "backoffice:5/storagecontainer:3:us-east-1:b:"]
    );
    assert!(read.shortfall().is_none(), "{:?}", read.shortfall());
    let mut scopes: Vec<String> =
        read.scopes.iter().map(|scope| format!("{:?} {:?}", scope.scope, scope.expected)).collect();
    scopes.sort();
    assert_eq!(
        scopes,
        [
            r#"{"insight": "backoffice:5", "resource_type": "storagecontainer"} Some(2)"#,
            r#"{"insight": "custom:5", "resource_type": "storagecontainer"} Some(0)"#,
        ],
        "the insight for another cloud is not asked about"
    );

    let asked = installation.asked(QUERY);
    assert_eq!(asked.len(), 3);
    let of = |insight: &str, cursor: bool| {
        let mine =
            |one: &&Asked| one.body["insight"] == insight && one.body.get("cursor").is_some() == cursor;
        asked.iter().find(mine).unwrap().clone()
    };
    assert_eq!(
        of("backoffice:5", false).body,
        json!({"selected_resource_type": "storagecontainer", "insight": "backoffice:5", "insight_exemptions": false,
            "scopes": [], "filters": [], "limit": 1000})
    );
    assert_eq!(of("backoffice:5", true).body["cursor"], "a+/=&%#é", "P19: the cursor goes back as it came");
    let headers = of("custom:5", false).headers;
    assert_eq!(headers["api-key"], "key-one_2");
    assert_eq!(headers["content-type"], "application/json");
    assert!(!headers.contains_key("x-auth-token"), "A12: one credential only");
    for catalogue in [CLOUDS, INSIGHTS, PACKS] {
        assert_eq!(installation.asked(catalogue).len(), 1, "{catalogue}");
    }
    // Exempted ones are left out by the query; the list confirms it.
    assert_eq!(installation.asked(EXEMPTIONS).len(), 1);
}

#[tokio::test]
async fn a_finding_says_what_the_vendor_says() {
    let installation = with_catalogues(two_pages);
    let query = FindingQuery { raw: true, ..FindingQuery::default() };
    let read = findings(&connect(&installation), query).await;
    let finding = &read.items[0];
    assert_eq!(finding.uid, "insightcloudsec:rapid7:backoffice:5/storagecontainer:3:us-east-1:a:");
    assert_eq!((&*finding.title, finding.description.as_deref()), ("Public bucket", Some("d")));
    assert_eq!((finding.outcome, finding.state), (Outcome::Fail, Some(State::Open)));
    assert_eq!((finding.severity, finding.vendor_severity.as_deref()), (Severity::High, Some("4")));
    assert_eq!(&*finding.rule.id, "backoffice:5");
    assert_eq!(finding.resource.id.as_deref(), Some("arn:aws:s3:::logs"));
    assert_eq!(finding.resource.name.as_deref(), Some("logs"));
    assert_eq!(finding.resource.kind.as_deref(), Some("storagecontainer"));
    assert_eq!(finding.account.id.as_deref(), Some("divvyorganizationservice:3"));
    assert_eq!(finding.account.cloud_id.as_deref(), Some("111122223333"));
    assert_eq!(finding.account.provider.as_deref(), Some("aws"));
    assert_eq!(finding.region.as_deref(), Some("us-east-1"));
    assert_eq!(finding.standards[0].id.as_ref(), "backoffice:36");
    assert_eq!(finding.standards[0].name.as_deref(), Some("CIS - AWS"));
    assert_eq!(finding.categories[0].as_ref(), "storage");
    assert_eq!(finding.remediation.as_ref().unwrap().text.as_deref(), Some("**do** it"));
    let tags: Vec<_> = finding.tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(tags, [("count", "3"), ("env", "prod"), ("none", "")]);
    assert_eq!(finding.last_seen.unwrap().to_string(), "2023-07-05T15:59:51Z");
    assert!(
        finding.first_seen.is_none() && finding.updated.is_none(),
        "those are the resource's, not the finding's"
    );
    assert_eq!(finding.url.as_deref(), Some("https://console.example/logs"));
    assert!(finding.suppression.is_none());
    let raw: Value = serde_json::from_str(finding.raw.as_ref().unwrap().get()).unwrap();
    assert_eq!(raw, bucket("storagecontainer:3:us-east-1:a:"), "the envelope and all");
}

#[tokio::test]
async fn what_rules_severities_and_standards_exclude_is_not_asked_for() {
    let cases = [
        (FindingQuery { rules: vec!["custom:5".to_owned()], ..FindingQuery::default() }, vec!["custom:5"]),
        (
            FindingQuery { min_severity: Some(Severity::Medium), ..FindingQuery::default() },
            vec!["backoffice:5"],
        ),
        (
            FindingQuery { severities: [Severity::Informational].into(), ..FindingQuery::default() },
            vec!["custom:5"],
        ),
        (
            FindingQuery { standards: vec!["cis - aws".to_owned()], ..FindingQuery::default() },
            vec!["backoffice:5"],
        ),
        (
            FindingQuery { standards: vec!["BACKOFFICE:36".to_owned()], ..FindingQuery::default() },
            vec!["backoffice:5"],
        ),
        (FindingQuery { rules: vec!["custom:77".to_owned()], ..FindingQuery::default() }, vec![]),
        (FindingQuery { services: vec!["S3".to_owned()], ..FindingQuery::default() }, vec![]),
    ];
    for (query, want) in cases {
        let installation = with_catalogues(|_| (200, page(&[], 0)));
        let read = findings(&connect(&installation), query.clone()).await;
        assert!(read.shortfall().is_none());
        let asked = installation.asked(QUERY);
        let asked: Vec<&str> = asked.iter().map(|asked| asked.body["insight"].as_str().unwrap()).collect();
        assert_eq!(asked, want, "{query:?}");
    }
}

#[tokio::test]
async fn accounts_are_pushed_down_as_the_vendor_wrote_them() {
    for name in ["8", "divvyorganizationservice:8", "444455556666"] {
        let installation = with_catalogues(|_| (200, page(&[], 0)));
        let query =
            FindingQuery { accounts: vec![name.to_owned(), "nobody".to_owned()], ..FindingQuery::default() };
        let vendor = connect(&installation);
        findings(&vendor, query.clone()).await;
        let asked = installation.asked(QUERY);
        assert_eq!(asked.len(), 2, "AWS_GOV is AWS for an insight's supported_clouds");
        assert!(asked.iter().all(|asked| asked.body["scopes"] == json!(["divvyorganizationservice:8"])));
        assert_eq!(vendor.findings().plan(&query).await.unwrap().unknown_accounts, ["nobody"]);
    }
    let installation = with_catalogues(|_| (200, page(&[], 0)));
    let query = FindingQuery { confined_to: vec!["nobody".to_owned()], ..FindingQuery::default() };
    let read = findings(&connect(&installation), query).await;
    assert_eq!(installation.lines(), [CLOUDS], "nothing is left to ask for");
    assert_eq!(read.shortfall().unwrap().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn regions_are_evaluated_by_the_program() {
    for (region, want) in [("us-east-1", 2), ("eu-west-1", 0)] {
        let installation = with_catalogues(two_pages);
        let query = FindingQuery { regions: vec![region.to_owned()], ..FindingQuery::default() };
        let read = findings(&connect(&installation), query).await;
        assert_eq!((read.items.len(), read.shortfall().is_none()), (want, true), "{region}");
    }
}

#[tokio::test]
async fn a_counter_above_nought_outweighs_supported_clouds_and_a_nought_never_skips() {
    let list = insights().replace(r#""results":0,"severity":5"#, r#""counts":{"results":4},"severity":5"#);
    assert_ne!(list, insights());
    let installation = Installation::new(move |asked| match asked.what.as_str() {
        CLOUDS => (200, clouds()),
        INSIGHTS => (200, list.clone()),
        PACKS => (200, packs()),
        _ => (200, page(&[], 0)),
    });
    findings(&connect(&installation), FindingQuery::default()).await;
    let asked = installation.asked(QUERY);
    assert_eq!(asked.len(), 3, "backoffice:9 as well");
}

#[tokio::test]
async fn supported_clouds_alone_skip_no_insight() {
    for counter in ["", r#""results":null,"#, r#""results":"?","#] {
        let list = insights().replace(r#""results":0,"severity":5"#, &format!(r#"{counter}"severity":5"#));
        assert_ne!(list, insights());
        let installation = Installation::new(move |asked| match asked.what.as_str() {
            CLOUDS => (200, clouds()),
            INSIGHTS => (200, list.clone()),
            PACKS => (200, packs()),
            _ => (200, page(&[], 0)),
        });
        findings(&connect(&installation), FindingQuery::default()).await;
        assert_eq!(installation.asked(QUERY).len(), 3, "backoffice:9 as well: {counter}");
    }
}

#[tokio::test]
async fn an_insight_without_types_is_split_by_live_counts() {
    let installation = Installation::new(|asked| match asked.what.as_str() {
        CLOUDS => (200, clouds()),
        PACKS => (200, packs()),
        INSIGHTS => {
            let list = json!([{"insight_id": 1, "source": "custom", "severity": 3, "resource_types": null}]);
            (200, list.to_string())
        }
        _ => match asked.body["selected_resource_type"].as_str() {
            None => {
                (200, json!({"resources": [], "counts": {"storagecontainer": 1, "volume": 0}}).to_string())
            }
            Some(_) => (200, page(&[bucket("storagecontainer:3:us-east-1:a:")], 1)),
        },
    });
    let read = findings(&connect(&installation), FindingQuery::default()).await;
    assert_eq!(ids(&read.items), ["custom:1/storagecontainer:3:us-east-1:a:"]);
    assert!(read.shortfall().is_none(), "{:?}", read.shortfall());
    assert_eq!(installation.asked(QUERY).len(), 2);
    assert_eq!(&*read.items[0].title, "custom:1", "the rule's id where there is no title");
}

#[tokio::test]
async fn an_old_installation_is_read_by_offsets_and_asked_for_cursors_once() {
    let installation = with_catalogues(|asked| {
        if asked.what == QUERY {
            return (404, String::new());
        }
        assert_eq!((asked.what.as_str(), &asked.body["limit"]), (OLD_QUERY, &json!(100)));
        let all: Vec<Value> = (0..5).map(|n| bucket(&format!("storagecontainer:3:us-east-1:{n}:"))).collect();
        // P05: two at a time, though a hundred were asked for; counts on the first page of one insight only.
        let from = asked.body["offset"].as_u64().unwrap() as usize;
        let some: Vec<Value> = all.into_iter().skip(from).take(2).collect();
        let counted = asked.body["insight"] == "backoffice:5";
        let counts = if counted { json!({"storagecontainer": 5}) } else { json!({}) };
        (200, json!({"resources": some, "counts": counts, "limit": 100, "offset": from}).to_string())
    });
    let vendor = connect(&installation);
    let read = findings(&vendor, FindingQuery::default()).await;
    assert_eq!(read.items.len(), 10);
    assert!(read.shortfall().is_none(), "{:?}", read.shortfall());
    let offsets = |insight: &str| {
        let asked =
            installation.asked(OLD_QUERY).into_iter().filter(|asked| asked.body["insight"] == insight);
        asked.map(|asked| asked.body["offset"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(offsets("backoffice:5"), [0, 2, 4], "the count tells the end");
    assert_eq!(offsets("custom:5"), [0, 2, 4, 5], "where nothing is counted, an empty page does");
    let before = installation.asked(QUERY).len();
    findings(&vendor, FindingQuery::default()).await;
    assert_eq!(installation.asked(QUERY).len(), before, "remembered");
}

#[tokio::test]
async fn a_missing_query_of_a_new_installation_stays_an_error() {
    let installation = with_catalogues(|asked| match asked.body["insight"].as_str() {
        Some("backoffice:5") => (200, page(&[], 0)),
        _ => (404, r#"{"error_message":"gone"}"#.to_owned()),
    });
    let vendor = connect(&installation);
    let only = |rule: &str| FindingQuery { rules: vec![rule.to_owned()], ..FindingQuery::default() };
    assert!(findings(&vendor, only("backoffice:5")).await.shortfall().is_none());
    let read = findings(&vendor, only("custom:5")).await;
    assert_eq!(read.shortfall().unwrap().kind(), ErrorKind::NotFound);
    assert!(installation.asked(OLD_QUERY).is_empty());
}

#[tokio::test]
async fn what_is_missing_is_said() {
    // A repeated cursor, fewer than announced, and a page without a list.
    for (answer, want) in [
        (
            json!({"resources": [bucket("storagecontainer:3:x:a:")], "next_cursor": "again"}),
            "repeated a cursor",
        ),
        (json!({"resources": [], "counts": {"storagecontainer": 7}}), "announced 7"),
        (json!({"counts": {"storagecontainer": "?"}}), "no list of resources"),
        (json!({"resources": null, "counts": null}), "no list of resources"),
        (json!({"resources": null, "counts": {"storagecontainer": 2}}), "no list of resources"),
        (json!({"resources": [], "next_cursor": {"a": 1}}), "another shape"),
        (json!({"error_message": "boom", "error_type": "X", "traceback": "File secret.py"}), "boom"),
    ] {
        let installation = with_catalogues(move |_| (200, answer.to_string()));
        let query = FindingQuery { rules: vec!["custom:5".to_owned()], ..FindingQuery::default() };
        let read = findings(&connect(&installation), query).await;
        let error = read.shortfall().expect(want).to_string();
        assert!(error.contains(want) && !error.contains("secret.py"), "{want}: {error}");
        assert!(!read.scopes[0].complete);
    }
}

#[tokio::test]
async fn null_missing_and_empty_are_one_where_nothing_is_counted() {
    for answer in [
        json!({"resources": null, "counts": {"storagecontainer": 0}, "next_cursor": null}),
        json!({"resources": null, "counts": {"volume": 3}}),
        json!({"counts": {}}),
    ] {
        let installation = with_catalogues(move |_| (200, answer.to_string()));
        let read = findings(&connect(&installation), FindingQuery::default()).await;
        assert!(read.items.is_empty() && read.shortfall().is_none(), "{:?}", read.shortfall());
    }
}

#[tokio::test]
async fn catalogues_that_only_enrich_do_not_stop_a_run_and_make_it_partial() {
    for lost in [PACKS, CLOUDS] {
        let installation = Installation::new(move |asked| match asked.what.as_str() {
            what if what == lost => (400, "{}".to_owned()),
            CLOUDS => (200, clouds()),
            INSIGHTS => (200, insights()),
            PACKS => (200, packs()),
            _ => two_pages(asked),
        });
        let read = findings(&connect(&installation), FindingQuery::default()).await;
        assert_eq!(read.items.len(), 2, "{lost}");
        let failed: Vec<_> = read.scopes.iter().filter(|scope| !scope.complete).collect();
        assert_eq!(failed.len(), 1, "{lost}");
        assert!(failed[0].scope.contains_key("catalogue"));
        assert_eq!(
            read.items[0].account.cloud_id.as_deref(),
            Some("111122223333"),
            "from the resource itself"
        );
        assert_eq!(read.items[0].account.id.as_deref(), Some("divvyorganizationservice:3"));
        assert_eq!(read.items[0].account.provider.as_deref(), Some("aws"));
    }
    let installation = Installation::new(|asked| match asked.what.as_str() {
        CLOUDS => (200, clouds()),
        PACKS => (200, packs()),
        _ => (400, "{}".to_owned()),
    });
    let read = findings(&connect(&installation), FindingQuery::default()).await;
    assert_eq!(
        read.error.unwrap().kind(),
        ErrorKind::InvalidRequest,
        "without insights there is nothing to read"
    );
}

#[tokio::test]
async fn an_insight_that_cannot_be_understood_is_missing_by_name() {
    let installation = Installation::new(|asked| match asked.what.as_str() {
        CLOUDS => (200, clouds()),
        PACKS => (200, packs()),
        INSIGHTS => (200, insights().replacen(r#""insight_id":5,"#, "", 1)),
        _ => (200, page(&[], 0)),
    });
    let read = findings(&connect(&installation), FindingQuery::default()).await;
    assert!(read.shortfall().unwrap().to_string().contains("no source and insight_id"));
    assert_eq!(installation.asked(QUERY).len(), 1, "the others are read");
}

#[tokio::test]
async fn passing_findings_are_refused_and_all_is_remarked_on() {
    let installation = with_catalogues(two_pages);
    let vendor = connect(&installation);
    let pass = FindingQuery { outcome: OutcomeFilter::Pass, ..FindingQuery::default() };
    let refused = read::<Finding>(vendor.clone(), pass).map(|_| ()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    assert!(installation.log().is_empty());
    let all = FindingQuery { outcome: OutcomeFilter::All, ..FindingQuery::default() };
    let plan = vendor.findings().plan(&all).await.unwrap();
    assert!(plan.notices.iter().any(|notice| notice.0.contains("violations only")));
    assert_eq!(findings(&vendor, all).await.items.len(), 2);
}

#[tokio::test]
async fn a_step_asks_the_same_again_from_a_stored_scope_and_cursor() {
    let installation = with_catalogues(two_pages);
    let vendor = connect(&installation);
    let query = FindingQuery { rules: vec!["backoffice:5".to_owned()], ..FindingQuery::default() };
    let plan = vendor.findings().plan(&query).await.unwrap();
    let stored = serde_json::to_string(&plan.scopes[0]).unwrap();
    let scope = serde_json::from_str(&stored).unwrap();
    for _ in 0..2 {
        let step = vendor.findings().step(&query, &scope, &Cursor::Start).await.unwrap();
        assert_eq!(step.then, Then::Next(Cursor::Token("a+/=&%#é".to_owned())));
        assert_eq!((step.items.len(), step.expected), (1, Some(2)));
    }
}

#[tokio::test]
async fn changed_since_goes_by_the_last_harvest() {
    for (since, want) in [("2023-07-05T15:59:51Z", 2), ("2023-07-05T16:00:00Z", 0)] {
        let installation = with_catalogues(two_pages);
        let query = FindingQuery {
            changed_since: Some(Timestamp::parse(since).unwrap()),
            suppressed: SuppressedFilter::Exclude,
            ..FindingQuery::default()
        };
        assert_eq!(findings(&connect(&installation), query).await.items.len(), want, "{since}");
    }
}

#[tokio::test]
async fn what_the_list_of_clouds_leaves_out_the_records_tell() {
    let installation = Installation::new(|asked| match asked.what.as_str() {
        CLOUDS => (200, json!({"clouds": [{"id": 3, "name": "prod"}], "total_count": 1}).to_string()),
        INSIGHTS => (200, insights()),
        PACKS => (200, packs()),
        _ if asked.body["insight"] == "backoffice:5" => {
            let mut silent = bucket("storagecontainer:3:us-east-1:a:");
            silent["storagecontainer"]["common"]["account_id"] = Value::Null;
            (200, page(&[silent, bucket("storagecontainer:3:us-east-1:b:")], 2))
        }
        _ => (200, page(&[], 0)),
    });
    let read = findings(&connect(&installation), FindingQuery::default()).await;
    let told: Vec<_> = read.items.iter().map(|one| one.account.cloud_id.as_deref()).collect();
    assert_eq!(told, [None, Some("111122223333")]);
    for finding in &read.items {
        assert_eq!(finding.account.name.as_deref(), Some("prod"));
        assert_eq!(finding.account.provider.as_deref(), Some("aws"));
        assert_eq!(finding.account.id.as_deref(), Some("divvyorganizationservice:3"));
    }
}

#[tokio::test]
async fn a_resource_with_and_without_its_colon_is_one_finding() {
    let installation = with_catalogues(|asked| match asked.body["insight"].as_str() {
        Some("backoffice:5") => {
            let twice = [bucket("storagecontainer:3:us-east-1:a:"), bucket("storagecontainer:3:us-east-1:a")];
            (200, json!({"resources": twice, "next_cursor": null}).to_string())
        }
        _ => (200, page(&[], 0)),
    });
    let read = findings(&connect(&installation), FindingQuery::default()).await;
    // They are of the same time, so that the later one counts.
    assert_eq!(ids(&read.items), ["backoffice:5/storagecontainer:3:us-east-1:a"]);
}

#[tokio::test]
async fn p13_a_server_that_heeds_no_type_gives_each_finding_once() {
    let instance = json!({"resource_type": "instance", "instance": {
        "common": {"resource_id": "instance:3:us-east-1:i:", "resource_type": "instance"}}});
    let all = [bucket("storagecontainer:3:us-east-1:a:"), instance];
    let answer = json!({"resources": all, "next_cursor": null}).to_string();
    let installation = Installation::new(move |asked| match asked.what.as_str() {
        CLOUDS => (200, clouds()),
        INSIGHTS => {
            let types = ["storagecontainer", "instance", "volume"];
            (200, json!([{"insight_id": 5, "source": "backoffice", "resource_types": types}]).to_string())
        }
        PACKS => (200, "[]".to_owned()),
        _ => (200, answer.clone()),
    });
    let read = findings(&connect(&installation), FindingQuery::default()).await;
    assert_eq!(
        ids(&read.items),
        ["backoffice:5/instance:3:us-east-1:i:", "backoffice:5/storagecontainer:3:us-east-1:a:"]
    );
    assert_eq!(installation.asked(QUERY).len(), 3);
    let told = read.notices.iter().filter(|notice| notice.0.contains("some of others")).count();
    assert_eq!(told, 1, "{:?}", read.notices);
}
