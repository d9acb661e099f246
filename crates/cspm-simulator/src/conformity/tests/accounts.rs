//! Accounts (section 5).

use super::*;

#[test]
fn the_list_shows_what_the_caller_sees_and_null_for_nothing() {
    // Sections 5.2 and 23, 4.
    let sim = simulator(small_world());
    assert_eq!(ids(&found(&sim, "/accounts")), ["acc1", "acc2", "acc3"]);
    assert_eq!(ids(&get_as(&sim, Conformity::CUSTOM_KEY, "/accounts/").1), ["acc1", "acc2"]);
    assert_eq!(get_as(&sim, Conformity::NO_ACCESS_KEY, "/accounts"), (200, json!({"data": null})));
}

#[test]
fn an_account_tells_its_cloud() {
    // Section 5.1.
    let mut world = small_world();
    let own = Account::new("own", "Own", Cloud::Aws { account: Some(12_345), as_number: false });
    let as_number = Cloud::Aws { account: Some(987_654_321_098), as_number: true };
    world.accounts.push(Account { hides_cloud_type: true, ..own });
    world.accounts.push(Account::new("number", "Number", as_number));
    world.accounts.push(Account::new("none", "None", Cloud::Aws { account: None, as_number: false }));
    let gcp = Cloud::Gcp { project: "acme-1".into(), name: "Acme".into() };
    world.accounts.push(Account::new("gcp", "G", gcp));
    let organisation = world.organisation.clone();
    let sim = simulator(world);
    let account = |id: &str| found(&sim, &format!("/accounts/{id}"))["data"].clone();
    let own = account("own");
    assert_eq!(own["type"], "accounts");
    assert_eq!(own["attributes"]["awsaccount-id"], "000000012345");
    assert!(own["attributes"].get("cloud-type").is_none());
    assert_eq!(own["attributes"]["status"], "ACTIVE");
    assert_eq!(own["attributes"]["settings"]["rules"], json!({}), "an empty object (section 23, 14)");
    assert_eq!(
        own["relationships"]["organisation"]["data"],
        json!({"type": "organisations", "id": organisation})
    );
    assert_eq!(account("number")["attributes"]["awsaccount-id"], 987_654_321_098_u64);
    assert!(account("none")["attributes"].get("awsaccount-id").is_none());
    let azure = account("acc3");
    assert_eq!(azure["attributes"]["cloud-type"], "azure");
    assert!(azure["attributes"]["cloud-data"]["azure"]["subscriptionId"].is_string());
    let gcp = account("gcp");
    assert_eq!(
        gcp["attributes"]["cloud-data"],
        json!({"gcp": {"projectId": "acme-1", "projectName": "Acme"}})
    );
    let listed = found(&sim, "/accounts")["data"][0]["attributes"].clone();
    assert!(
        listed.get("settings").is_none() && listed.get("status").is_none(),
        "details only in the single answer"
    );
}

#[test]
fn unknown_and_hidden_accounts_look_alike() {
    let sim = simulator(small_world());
    assert_eq!(get(&sim, "/accounts/nope"), (403, gateway()));
    assert_eq!(get_as(&sim, Conformity::CUSTOM_KEY, "/accounts/acc3"), (403, gateway()));
}

#[test]
fn a_single_account_can_come_in_an_array_and_the_subscription_outside() {
    // Sections 3.3 and 23, 13.
    let sim = with(small_world(), |options| {
        options.account_as_array = true;
        options.subscription_type_outside = true;
    });
    let body = found(&sim, "/accounts/acc1");
    assert_eq!(ids(&body), ["acc1"]);
    assert_eq!(body["data"][0]["subscription-type"], "advanced");
    assert!(body["data"][0]["attributes"].get("subscription-type").is_none());
    let usual = found(&simulator(small_world()), "/accounts/acc1");
    assert_eq!(usual["data"]["attributes"]["subscription-type"], "advanced");
}

#[test]
fn access_has_no_data_wrapper() {
    // Section 5.8.
    let sim = simulator(small_world());
    let body = found(&sim, "/accounts/acc1/access");
    assert_eq!((&body["id"], &body["type"]), (&json!("acc1:access"), &json!("settings")));
    assert_eq!(body["attributes"]["type"], "access");
    let configuration = &body["attributes"]["configuration"];
    assert!(configuration["roleArn"].as_str().unwrap().starts_with("arn:aws:iam::"));
    assert!(configuration["externalId"].is_string());
    assert_eq!(body["relationships"]["account"]["data"]["id"], "acc1");
}

#[test]
fn accounts_are_created_and_duplicates_are_not_prevented() {
    // Section 5.3.
    let sim = simulator(small_world());
    let aws = json!({"data": {"type": "account", "attributes": {
        "name": "Payments", "environment": "prod", "tags": ["pci"], "subscriptionType": "advanced",
        "access": {"keys": {"roleArn": "arn:aws:iam::111122223333:role/Conformity", "externalId": "6f0e"}},
    }}});
    let (status, body) = send(&sim, Method::POST, "/accounts", &aws);
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["data"]["attributes"]["awsaccount-id"], "111122223333");
    assert_eq!(body["data"]["attributes"]["status"], "ACTIVE");
    // Absent until the first event (section 5.1).
    assert!(body["data"]["attributes"].get("last-monitoring-event-date").is_none(), "{body}");
    let again = send(&sim, Method::POST, "/accounts", &aws).1;
    assert_ne!(again["data"]["id"], body["data"]["id"]);
    assert_eq!(ids(&found(&sim, "/accounts")).len(), 5);

    let azure = json!({"data": {"attributes": {"name": "Az", "access": {"subscriptionId": "s", "activeDirectoryId": "d"}}}});
    assert_eq!(
        send(&sim, Method::POST, "/accounts/azure", &azure).1["data"]["attributes"]["subscription-type"],
        "essentials"
    );
    let gcp = json!({"data": {"attributes": {"name": "G", "access": {
        "projectId": "p", "projectName": "P", "serviceAccountUniqueId": "1",
    }}}});
    assert_eq!(send(&sim, Method::POST, "/accounts/gcp", &gcp).1["data"]["attributes"]["cloud-type"], "gcp");

    let mut both = aws.clone();
    both["data"]["attributes"]["hasRealTimeMonitoring"] = json!(true);
    refusal(&send(&sim, Method::POST, "/accounts", &both));
    let mut cost = aws.clone();
    cost["data"]["attributes"]["costPackage"] = json!(true);
    refusal(&send(&sim, Method::POST, "/accounts", &cost));
    let mut nameless = aws;
    nameless["data"]["attributes"]["name"] = Value::Null;
    assert_eq!(refusal(&send(&sim, Method::POST, "/accounts", &nameless)), "Name is required");
}

#[test]
fn patching_replaces_tags_and_checks_lengths() {
    // Section 5.5.
    let sim = simulator(small_world());
    let patch = |attributes: Value| {
        send(&sim, Method::PATCH, "/accounts/acc1", &json!({"data": {"attributes": attributes}}))
    };
    let (status, body) = patch(json!({"name": "New", "tags": ["a b", "c_d"], "code": "NEW"}));
    assert_eq!(status, 200);
    let attributes = &body["data"]["attributes"];
    assert_eq!(
        (&attributes["name"], &attributes["tags"], &attributes["code"]),
        (&json!("New"), &json!(["a b", "c_d"]), &json!("NEW"))
    );
    refusal(&patch(json!({"name": "New", "code": "LONG"})));
    refusal(&patch(json!({"name": "New", "tags": ["no/slash"]})));
    refusal(&patch(json!({"name": "New", "tags": vec!["t"; 51]})));
    refusal(&patch(json!({"tags": []})));
}

#[test]
fn a_deleted_account_goes_after_a_while() {
    // Sections 5.6 and 23.2.
    let mut world = small_world();
    world.checks.push(failing("a"));
    let sim = with(world, |options| options.delete_delay_ms = 1_000);
    let delete = || call(&sim, &request(Method::DELETE, "/accounts/acc1", None));
    assert_eq!(delete(), (200, json!({"meta": {"status": "sent"}})));
    assert_eq!(delete(), (403, gateway()));
    let at = |now| ids(&read(&sim.handle(&request(Method::GET, "/accounts", None), now)).1);
    assert_eq!(at(NOW + 999), ["acc1", "acc2", "acc3"]);
    assert_eq!(at(NOW + 1_000), ["acc2", "acc3"]);
    assert!(sim.world().checks.is_empty());
    assert_eq!(delete(), (403, gateway()));
}

#[test]
fn a_scan_is_pending_then_running_then_done() {
    // Sections 5.10 and 23.2.
    let sim = with(small_world(), |options| {
        options.scan_pending_ms = 10;
        options.scan_running_ms = 20;
    });
    let started = call(&sim, &request(Method::POST, "/accounts/acc1/scan", None));
    assert_eq!(started, (200, json!({"data": [{"status": "STARTED"}]})));
    let at = |now| {
        let body = read(&sim.handle(&request(Method::GET, "/accounts/acc1", None), now)).1;
        (
            body["data"]["attributes"]["bot-status"].clone(),
            body["data"]["attributes"]["last-checked-date"].clone(),
        )
    };
    assert_eq!(at(NOW + 9), (json!("PENDING"), Value::Null));
    assert_eq!(at(NOW + 10), (json!("RUNNING"), Value::Null));
    assert_eq!(at(NOW + 30), (Value::Null, json!(NOW + 30)));
}

#[test]
fn subscriptions_and_bot_settings_change() {
    // Sections 5.7 and 5.9.
    let sim = simulator(small_world());
    let body = json!({"data": {"attributes": {"subscriptionType": "essentials"}}});
    let (_, body) = send(&sim, Method::PATCH, "/accounts/acc1/subscription", &body);
    assert_eq!(body["data"]["attributes"]["subscription-type"], "essentials");

    let bot = json!({
        "data": {"type": "accounts", "attributes": {"settings": {"bot": {"delay": 6, "disabledRegions": {"us-west-2": true}}}}},
        "meta": {"otherAccounts": ["acc2"]},
    });
    let (status, body) = send(&sim, Method::PATCH, "/accounts/acc1/settings/bot", &bot);
    assert_eq!(status, 200);
    assert_eq!(ids(&body), ["acc1", "acc2"], "one entry per account");
    let read_back =
        found(&sim, "/accounts/acc2/settings/bot")["data"]["attributes"]["settings"]["bot"].clone();
    assert_eq!(read_back["delay"], 6);
    assert!(read_back["lastModifiedBy"].is_string());
    let slow = json!({"data": {"attributes": {"settings": {"bot": {"delay": 13}}}}});
    refusal(&send(&sim, Method::PATCH, "/accounts/acc1/settings/bot", &slow));
}
