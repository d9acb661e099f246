//! Keys, the order of judgement, statuses and error bodies (sections 2.2, 2.3, 3.5, 3.6 and Appendix B).

use super::*;
use crate::Simulator;

fn as_key(sim: &Bitdefender, method: Method, target: &str, key: &str) -> u16 {
    sim.handle(&request(method, target, headers(key), ""), NOW).status.as_u16()
}

fn with_headers(sim: &Bitdefender, pairs: &[(&'static str, &str)]) -> u16 {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    sim.handle(&request(Method::GET, "/v1/cspm/rules", headers, ""), NOW).status.as_u16()
}

/// Appendix B: no key, unknown key, deactivated key: 403.
#[test]
fn an_invalid_key_is_403() {
    let sim = sim(|_| {});
    assert_eq!(with_headers(&sim, &[]), 403);
    assert_eq!(as_key(&sim, Method::GET, "/v1/cspm/checks", "nonsense"), 403);
    assert_eq!(as_key(&sim, Method::GET, "/v1/cspm/checks", REVOKED_KEY), 403);
    assert_eq!(as_key(&sim, Method::GET, "/v1/cspm/checks", DEMO_KEY), 200);
}

/// Section 2.2: deactivation cuts off at once, and only that key.
#[test]
fn a_key_can_be_revoked_in_mid_run() {
    let sim = sim(|_| {});
    assert_eq!(as_key(&sim, Method::GET, "/v1/cspm/checks", DEMO_KEY), 200);
    sim.revoke(DEMO_KEY);
    assert_eq!(as_key(&sim, Method::GET, "/v1/cspm/checks", DEMO_KEY), 403);
    assert_eq!(as_key(&sim, Method::GET, "/v1/cspm/checks", READ_KEY), 200);
}

/// Section 2.2: the published sample has 50 characters with `%` and `@`; no key may be decoded.
#[test]
fn the_demo_keys_look_like_the_published_one() {
    for key in [DEMO_KEY, READ_KEY, SETTING_KEY, REVOKED_KEY] {
        assert_eq!(key.len(), 50);
        assert!(key.contains('%') && key.contains('@'));
    }
    assert!(!format!("{:?}", Options::default()).contains(DEMO_KEY));
}

/// Appendix B: a burst over the limit is 429, before anything else is looked at; ten a second go on.
#[tokio::test(start_paused = true)]
async fn a_burst_over_the_limit_is_429() {
    let simulator = Simulator::new(Arc::new(sim(|_| {})));
    simulator.throttle().set(usual_throttle());
    let answered = |path: &str, key: &str, times: usize| -> Vec<u16> {
        let ask = |_| {
            let (delivery, _) = simulator.begin(request(Method::GET, path, headers(key), ""));
            delivery.response.status.as_u16()
        };
        (0..times).map(ask).collect()
    };
    assert_eq!(answered("/v1/setting/scans", DEMO_KEY, 20), [200; 20]);
    assert_eq!(answered("/v1/nope", DEMO_KEY, 1), [429]);
    assert_eq!(answered("/v1/setting/scans", SETTING_KEY, 1), [200]);
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert_eq!(answered("/v1/setting/scans", DEMO_KEY, 10), [200; 10]);
    assert_eq!(answered("/v1/setting/scans", DEMO_KEY, 1), [429]);
}

/// Appendix B: an active key without the area: 401.
#[test]
fn a_missing_area_is_401() {
    let sim = sim(|_| {});
    assert_eq!(as_key(&sim, Method::GET, "/v1/setting/scans", SETTING_KEY), 200);
    assert_eq!(as_key(&sim, Method::GET, "/v1/setting/scan_groups", SETTING_KEY), 200);
    for path in ["checks", "resources", "rules", "system_compliance"] {
        assert_eq!(as_key(&sim, Method::GET, &format!("/v1/cspm/{path}"), SETTING_KEY), 401, "{path}");
        assert_eq!(as_key(&sim, Method::GET, &format!("/v1/cspm/{path}"), READ_KEY), 200, "{path}");
    }
    assert_eq!(as_key(&sim, Method::POST, "/v1/cspm/vm/update", READ_KEY), 401);
    assert_eq!(as_key(&sim, Method::POST, "/v1/cspm/vm/update", DEMO_KEY), 400);
    assert_eq!(Area::ALL.map(Area::name), ["setting", "cspm", "cspm-write"]);
}

/// Section 3.5: the two statuses may be a slip of the vendor's page.
#[test]
fn the_two_statuses_can_be_swapped() {
    let sim = sim(|options| options.swap_401_403 = true);
    assert_eq!(as_key(&sim, Method::GET, "/v1/cspm/checks", "nonsense"), 401);
    assert_eq!(as_key(&sim, Method::GET, "/v1/cspm/checks", SETTING_KEY), 403);
}

/// Appendix B: key before path before method before area before parameters.
#[test]
fn requests_are_judged_in_one_order() {
    let sim = sim(|_| {});
    assert_eq!(as_key(&sim, Method::GET, "/v1/nope", "nonsense"), 403);
    assert_eq!(as_key(&sim, Method::DELETE, "/v1/nope", SETTING_KEY), 404);
    assert_eq!(as_key(&sim, Method::DELETE, "/v1/cspm/checks?severities=urgent", SETTING_KEY), 405);
    assert_eq!(as_key(&sim, Method::GET, "/v1/cspm/checks?severities=urgent", SETTING_KEY), 401);
    assert_eq!(as_key(&sim, Method::GET, "/v1/cspm/checks?severities=urgent", DEMO_KEY), 400);
    assert_eq!(as_key(&sim, Method::GET, &format!("/v1/cspm/checks/{NOBODY}"), SETTING_KEY), 401);
}

/// Appendix B: `GET /v1/nope` is 404; so is everything that is not in the inventory of section 1.1.
#[test]
fn an_unknown_path_is_404() {
    let sim = sim(|_| {});
    for path in [
        "/v1/nope",
        "/v1",
        "/v1/",
        "/",
        "/cspm/checks",
        "/v2/cspm/checks",
        "/v1cspm/checks",
        "/v1/settings/scans",
        "/v1/setting/scan",
        "/v1/cspm/scans",
        "/v1/setting/checks",
        "/v1/cspm//checks",
        "/v1/cspm/checks//",
        "/v1/cspm/checks/a/b",
        "/v1/cspm/vm",
        "/v1/cspm/%FF",
    ] {
        assert_eq!(status(&sim, path), 404, "{path}");
    }
}

/// Appendix B: `DELETE /v1/cspm/checks` and `GET /v1/cspm/vm/update` are 405.
#[test]
fn a_wrong_method_is_405() {
    let sim = sim(|_| {});
    let call = |method, target| sim.handle(&request(method, target, headers(DEMO_KEY), ""), NOW);
    for method in [Method::DELETE, Method::POST, Method::PUT, Method::PATCH, Method::HEAD] {
        assert_eq!(call(method, "/v1/cspm/checks").status, 405);
    }
    let response = call(Method::GET, "/v1/cspm/vm/update");
    assert_eq!(
        (response.status.as_u16(), &response.headers["allow"]),
        (405, &HeaderValue::from_static("POST"))
    );
    assert_eq!(call(Method::POST, "/v1/cspm/rules").headers["allow"], "GET");
}

/// Section 3.1 and Appendix B: a slash at the end changes nothing, for lists and single items.
#[test]
fn a_trailing_slash_changes_nothing() {
    let sim = sim(|options| options.links = Links::Relative);
    for path in [
        "/v1/setting/scans".to_owned(),
        "/v1/setting/scan_groups".to_owned(),
        "/v1/cspm/system_compliance".to_owned(),
        format!("/v1/cspm/checks/{OPEN}"),
    ] {
        assert_eq!(json(&sim, &path), json(&sim, &format!("{path}/")));
    }
    assert_eq!(as_key(&sim, Method::POST, "/v1/cspm/vm/update/", DEMO_KEY), 400);
}

/// Section 2.3: `x-api-key`, raw, is the default, and no other way counts.
#[test]
fn the_default_scheme_is_the_raw_header() {
    let sim = sim(|_| {});
    assert_eq!(with_headers(&sim, &[("x-api-key", DEMO_KEY)]), 200);
    assert_eq!(with_headers(&sim, &[("authorization", &format!("Bearer {DEMO_KEY}"))]), 403);
    assert_eq!(with_headers(&sim, &[("authorization", DEMO_KEY)]), 403);
    assert_eq!(with_headers(&sim, &[("x-api-token", DEMO_KEY)]), 403);
    assert_eq!(with_headers(&sim, &[("x-api-key", DEMO_KEY), ("x-api-key", READ_KEY)]), 403);
}

/// Section 2.3: another header with a prefix.
#[test]
fn another_header_can_be_required() {
    let header = AuthScheme::Header { name: "Authorization".into(), prefix: "ApiKey ".into() };
    let sim = sim(|options| options.auth = header);
    assert_eq!(with_headers(&sim, &[("authorization", &format!("ApiKey {DEMO_KEY}"))]), 200);
    assert_eq!(with_headers(&sim, &[("authorization", DEMO_KEY)]), 403);
    assert_eq!(with_headers(&sim, &[("x-api-key", DEMO_KEY)]), 403);
}

/// Section 2.3: bearer.
#[test]
fn bearer_can_be_required() {
    let sim = sim(|options| options.auth = AuthScheme::Bearer);
    assert_eq!(with_headers(&sim, &[("authorization", &format!("Bearer {DEMO_KEY}"))]), 200);
    assert_eq!(with_headers(&sim, &[("authorization", &format!("Basic {DEMO_KEY}"))]), 403);
    assert_eq!(with_headers(&sim, &[("x-api-key", DEMO_KEY)]), 403);
}

/// Section 2.3: Basic, the key as user name, the password empty.
#[test]
fn basic_can_be_required() {
    let sim = sim(|options| {
        options.auth = AuthScheme::BasicUser;
        options.keys =
            vec![ApiKey::new("Aladdin", &Area::ALL), ApiKey::new("Aladdin:open sesame", &Area::ALL)];
    });
    assert_eq!(with_headers(&sim, &[("authorization", "Basic QWxhZGRpbjo=")]), 200);
    // "Aladdin" without the colon, and with a password (the sample of RFC 7617).
    assert_eq!(with_headers(&sim, &[("authorization", "Basic QWxhZGRpbg==")]), 403);
    assert_eq!(with_headers(&sim, &[("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")]), 403);
    assert_eq!(with_headers(&sim, &[("authorization", "Bearer Aladdin")]), 403);
}

/// Section 3.6: `{"message": "..."}` is the default; every other candidate can be asked for.
#[test]
fn error_bodies_come_in_every_shape() {
    let body = |shape| {
        let sim = sim(|options| options.error_shape = shape);
        let response = get(&sim, "/v1/cspm/checks?severities=urgent");
        assert_eq!(response.status, StatusCode::BAD_REQUEST, "the status does not depend on the shape");
        response
    };
    let detail = "severities: unknown value urgent";
    assert_eq!(parsed(&body(ErrorShape::default())), serde_json::json!({ "message": detail }));
    assert_eq!(
        parsed(&body(ErrorShape::Errors)),
        serde_json::json!({ "errors": [{ "status": "400", "title": "Bad Request", "detail": detail }] })
    );
    assert_eq!(
        parsed(&body(ErrorShape::ErrorObject)),
        serde_json::json!({ "error": { "code": "invalid_parameter", "message": detail } })
    );
    assert_eq!(parsed(&body(ErrorShape::ErrorText)), serde_json::json!({ "error": "Bad Request" }));
    assert!(body(ErrorShape::Empty).body.is_empty());
    assert_eq!(body(ErrorShape::PlainText).body, detail);
    let html = body(ErrorShape::Html);
    assert_eq!(html.headers["content-type"], "text/html");
    assert!(html.body.starts_with(b"<html>"));
}

/// No error repeats the credential.
#[test]
fn errors_do_not_echo_keys() {
    for shape in [ErrorShape::Message, ErrorShape::Errors, ErrorShape::PlainText, ErrorShape::Html] {
        let sim = sim(|options| options.error_shape = shape);
        let response =
            sim.handle(&request(Method::GET, "/v1/cspm/checks", headers("s3cret-s3cret"), ""), NOW);
        assert!(!String::from_utf8_lossy(&response.body).contains("s3cret"));
    }
}
