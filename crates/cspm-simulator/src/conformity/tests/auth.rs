use super::*;

#[test]
fn no_key_is_401_and_every_bad_key_is_the_gateways_403() {
    // Sections 3.6 and 23.2.
    let sim = simulator(small_world());
    let mut without = request(Method::GET, "/users/whoami", None);
    without.headers.remove(header::AUTHORIZATION);
    assert_eq!(call(&sim, &without), (401, json!({"message": "Unauthorized"})));

    let key = Conformity::DEMO_KEY;
    for bad in [
        format!("Bearer {key}"),
        format!("APIKEY {key}"),
        format!("ApiKey  {key}"),
        format!("ApiKey {key}x"),
        key.to_owned(),
        "ApiKey".to_owned(),
        format!("ApiKey {}", Conformity::DISABLED_KEY),
    ] {
        let mut request = without.clone();
        request.headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&bad).unwrap());
        assert_eq!(call(&sim, &request), (403, gateway()), "{bad}");
    }
}

#[test]
fn the_gateways_message_can_be_in_lower_case() {
    // Section 3.6, a'.
    let sim = with(small_world(), |options| options.gateway_message = super::super::GatewayMessage::Lower);
    let (status, body) = get_as(&sim, "unknown", "/accounts");
    assert_eq!(status, 403);
    assert_eq!(body, json!({"message": gateway()["Message"]}));
}

#[test]
fn a_revoked_key_stops_working() {
    let sim = simulator(small_world());
    assert_eq!(get(&sim, "/users/whoami").0, 200);
    sim.revoke(Conformity::DEMO_KEY);
    assert_eq!(get(&sim, "/users/whoami"), (403, gateway()));
    assert_eq!(get_as(&sim, Conformity::POWER_KEY, "/users/whoami").0, 200);
}

#[test]
fn both_bases_doubled_and_trailing_slashes_work_and_other_paths_do_not() {
    // Sections 2.1, 3.2 and 23.2.
    let sim = simulator(small_world());
    let at = |path: &str| {
        let mut request = request(Method::GET, "", None);
        request.path = path.into();
        call(&sim, &request)
    };
    for path in ["/v1/accounts", "/api/accounts", "/v1//accounts", "/v1/accounts/"] {
        assert_eq!(at(path).0, 200, "{path}");
    }
    for path in ["/accounts", "/v1", "/v11/accounts", "/v1/nothing", "/v1/Accounts", "/v1/rules/EC2-001"] {
        assert_eq!(at(path), (404, json!({"Message": "Not Found"})), "{path}");
    }
    assert_eq!(send(&sim, Method::PUT, "/accounts", &json!({})).0, 404);
}

#[test]
fn custom_rules_and_standards_are_refused_to_an_organisation_without_them() {
    // Sections 20 and 21.
    let sim = simulator(small_world());
    for target in ["/custom-rules", "/custom-rules/CUSTOM-x", "/compliance-standards/custom"] {
        assert_eq!(get(&sim, target), (403, gateway()), "{target}");
    }
    for target in ["/custom-rules", "/custom-rules/run", "/compliance-standards/custom"] {
        assert_eq!(send(&sim, Method::POST, target, &json!({})), (403, gateway()), "{target}");
    }
}

#[test]
fn media_types_are_json_under_both_names_or_nothing() {
    // Sections 3.1 and 23.2.
    let sim = simulator(small_world());
    let body = json!({"data": {"attributes": {"name": "Renamed"}}});
    let with_type = |kind: Option<&'static str>| {
        let mut request = request(Method::PATCH, "/accounts/acc1", Some(&body));
        request.headers.remove(header::CONTENT_TYPE);
        if let Some(kind) = kind {
            request.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        call(&sim, &request)
    };
    for kind in [
        None,
        Some("application/json"),
        Some("application/vnd.api+json"),
        Some("Application/JSON; charset=utf-8"),
    ] {
        assert_eq!(with_type(kind).0, 200, "{kind:?}");
    }
    assert_eq!(with_type(Some("text/plain")), (415, json!({"Message": "Unsupported media type."})));
}

#[test]
fn unknown_headers_are_ignored() {
    // Section 2.2.
    let sim = simulator(small_world());
    let mut request = request(Method::GET, "/users/whoami", None);
    request.headers.insert("api-version", HeaderValue::from_static("v1"));
    request.headers.insert("request-source", HeaderValue::from_static("Terraform"));
    assert_eq!(call(&sim, &request).0, 200);
}

#[test]
fn the_privilege_table_holds() {
    // Section 1.1: administrator, full access, read only, no access. 403 hides, 401 refuses a write (section 23.2).
    let mut world = World::demo(1);
    world.accounts[0].id = "acc1".into();
    for user in &mut world.users {
        user.access = user.access.iter().take(0).map(|(id, level)| (id.clone(), *level)).collect();
        if user.first_name == "Curt" {
            user.access.insert("acc1".into(), super::super::Level::Full);
        }
    }
    let sim = simulator(world);
    let keys =
        [Conformity::DEMO_KEY, Conformity::CUSTOM_KEY, Conformity::READ_ONLY_KEY, Conformity::NO_ACCESS_KEY];
    let statuses = |method: &Method, target: &str, body: &Value| {
        keys.map(|key| call(&sim, &request_as(key, method.clone(), target, Some(body))).0)
    };
    let reads = [
        ("/checks?accountIds=acc1", [200, 200, 200, 403]),
        ("/accounts", [200, 200, 200, 200]),
        ("/accounts/acc1", [200, 200, 200, 403]),
        ("/accounts/acc1/access", [200, 403, 403, 403]),
        ("/accounts/acc1/settings/rules?includeDefaults=true", [200, 200, 200, 403]),
        ("/profiles", [200, 200, 200, 403]),
        ("/profiles/pR0f1leX9", [200, 403, 403, 403]),
        ("/services", [200, 200, 200, 200]),
        ("/events", [200, 200, 200, 403]),
        ("/users/whoami", [200, 200, 200, 200]),
        ("/users", [200, 403, 403, 403]),
        ("/api-keys", [200, 200, 200, 200]),
        ("/groups", [200, 200, 200, 403]),
        ("/resources?excluded=true&accountIds=acc1", [200, 200, 401, 403]),
    ];
    for (target, expected) in reads {
        assert_eq!(statuses(&Method::GET, target, &json!({})), expected, "{target}");
    }
    let rename = json!({"data": {"attributes": {"name": "Renamed"}}});
    let setting = json!({"data": {"attributes": {"ruleSettings": [
        {"id": "EC2-002", "enabled": true, "riskLevel": "LOW"},
    ]}}});
    let apply = json!({"meta": {"accountIds": ["acc1"], "types": ["rule"], "mode": "fill-gaps"}});
    let none = json!({});
    let writes = [
        (Method::PATCH, "/accounts/acc1", &rename, [200, 200, 401, 403]),
        (Method::PATCH, "/accounts/acc1/settings/rules", &setting, [200, 200, 401, 403]),
        (Method::POST, "/accounts/acc1/scan", &none, [200, 200, 401, 403]),
        (Method::POST, "/profiles", &rename, [200, 401, 401, 401]),
        (Method::PATCH, "/profiles/emptyProf", &rename, [200, 401, 401, 401]),
        (Method::POST, "/profiles/emptyProf/apply", &apply, [200, 403, 403, 403]),
        (Method::POST, "/groups", &rename, [200, 401, 401, 401]),
        (Method::POST, "/external-ids", &none, [200, 401, 401, 401]),
    ];
    for (method, target, body, expected) in writes {
        assert_eq!(statuses(&method, target, body), expected, "{method} {target}");
    }
}

#[test]
fn a_denied_write_can_be_a_403() {
    // Section 23.2.
    let body = json!({"data": {"attributes": {"name": "Renamed"}}});
    let patch = |sim: &Conformity| {
        call(sim, &request_as(Conformity::READ_ONLY_KEY, Method::PATCH, "/accounts/acc1", Some(&body)))
    };
    assert_eq!(patch(&simulator(small_world())), (401, denied_write()));
    let strict = with(small_world(), |options| options.denied_write = super::super::DeniedWrite::Forbidden);
    assert_eq!(patch(&strict), (403, gateway()));
}
