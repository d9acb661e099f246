//! Nothing a server says leads a credential anywhere, and nothing of it comes back out.

use cspm_bitdefender::NextLink;
use cspm_core::FindingQuery;
use cspm_simulator::bitdefender::{Links, Options, World};
use cspm_simulator::wire::SimResponse;
use cspm_simulator::{Fault, Match, Which};
use cspm_tests::{Installation, Kind, KindExt, Lab, Setup, every_vendor, everything, truth};
use http::{HeaderValue, StatusCode, header};

every_vendor!(
    s07_s10_a_server_that_echoes_the_request_in_its_errors,
    s07_a_server_that_echoes_the_credential_in_findings,
    s01_redirects_to_another_origin_are_not_followed,
    s03_redirects_within_the_origin_are_followed,
    s04_redirects_in_circles_or_to_nowhere_are_bounded,
);

async fn s07_s10_a_server_that_echoes_the_request_in_its_errors(kind: Kind) {
    for status in [400, 401, 403, 404, 429, 500, 503, 302] {
        let status = StatusCode::from_u16(status).expect("a status");
        for what in [Match::any(), kind.listing()] {
            let lab = Lab::sized(kind, 12);
            lab.simulator.faults().on(what.clone(), Which::Every, Fault::EchoCredential { status });
            let outcome = lab.everything().await;
            let fallback = kind == Kind::InsightCloudSec && status == StatusCode::NOT_FOUND;
            if !fallback {
                outcome.assert_incomplete();
            }
            assert_eq!(lab.astray(), 0);
            let diagnoses = lab.vendor.diagnose().await;
            lab.assert_no_secret("a diagnosis", &format!("{diagnoses:?}"));
        }
    }
}

async fn s07_a_server_that_echoes_the_credential_in_findings(kind: Kind) {
    let lab = Lab::sized(kind, 12);
    let secret = lab.secret().to_owned();
    lab.simulator.faults().on(
        Match::any(),
        Which::Every,
        Fault::rewrite_json(move |_, body| echo(body, &secret)),
    );
    let outcome = lab.findings(&FindingQuery { raw: true, ..everything() }).await;
    assert_eq!(outcome.items.len(), 12, "the findings are all there");
    lab.accounts().await;
    lab.rules().await;
}

/// Puts the secret into every text that is for people, in three spellings.
fn echo(value: &mut serde_json::Value, secret: &str) {
    const FOR_PEOPLE: [&str; 9] = [
        "message",
        "name",
        "resource_name",
        "title",
        "description",
        "rule-title",
        "account",
        "scan_name",
        "notes",
    ];
    match value {
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| echo(item, secret)),
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                if FOR_PEOPLE.contains(&name.as_str()) && !field.is_object() {
                    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
                    let percent: String = url_encoded(secret);
                    *field = format!("you sent {secret}, or {hex}, or {percent}").into();
                } else {
                    echo(field, secret);
                }
            }
        }
        _ => {}
    }
}

fn url_encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

async fn s01_redirects_to_another_origin_are_not_followed(kind: Kind) {
    let decoy = format!("http://{}/v1/checks", Lab::DECOY);
    let targets = [
        decoy.as_str(),
        "http://127.0.0.1:6666",
        "//127.0.0.1:6666/",
        "https://127.0.0.1:8080/v1/checks",
        "http://localhost:8080/v1/checks",
        "http://127.0.0.1:8080@127.0.0.1:6666/",
    ];
    for target in targets {
        for status in [301, 302, 303, 307, 308] {
            let status = StatusCode::from_u16(status).expect("a status");
            let lab = Lab::sized(kind, 5);
            lab.simulator.faults().on(Match::any(), Which::Every, Fault::redirect(status, target));
            let outcome = lab.everything().await;
            outcome.assert_incomplete();
            assert!(outcome.items.is_empty());
            assert_eq!(lab.astray(), 0, "{status} to {target} was followed");
            assert!(lab.log().count() <= 10, "{status} to {target}: {} requests", lab.log().count());
        }
    }
}

async fn s03_redirects_within_the_origin_are_followed(kind: Kind) {
    for absolute in [true, false] {
        let lab = Lab::sized(kind, 5);
        let around = Fault::rewrite(move |request, _| {
            let question =
                if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
            let origin = if absolute { "http://127.0.0.1:8080" } else { "" };
            let location = format!("{origin}{}{question}", request.path);
            let mut response = SimResponse::empty(StatusCode::TEMPORARY_REDIRECT);
            response.headers.insert(header::LOCATION, HeaderValue::try_from(location).expect("a header"));
            response
        });
        lab.simulator.faults().on(kind.listing(), Which::Nth(1), around);
        let outcome = lab.everything().await;
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        assert_eq!(lab.pages(), 2);
    }
}

async fn s04_redirects_in_circles_or_to_nowhere_are_bounded(kind: Kind) {
    let nowhere = Fault::Redirect { status: StatusCode::TEMPORARY_REDIRECT, location: None };
    let circle = Fault::redirect(StatusCode::TEMPORARY_REDIRECT, "/v1/checks");
    let garbage = Fault::redirect(StatusCode::TEMPORARY_REDIRECT, "http://[:::/%%");
    for fault in [nowhere, circle, garbage] {
        let lab = Lab::sized(kind, 5);
        lab.simulator.faults().on(Match::any(), Which::Every, fault.clone());
        let outcome = lab.everything().await;
        outcome.assert_incomplete();
        assert!(lab.log().count() <= 60, "{fault:?}: {} requests", lab.log().count());
    }
}

fn foreign_links() -> Installation {
    let origin = format!("http://{}", Lab::DECOY);
    let options = Options { links: Links::Foreign { origin }, ..Options::default() };
    let Installation::Bitdefender(world, _) = Installation::sized(Kind::Bitdefender, 1_300) else {
        unreachable!()
    };
    Installation::Bitdefender(world, options)
}

#[tokio::test(start_paused = true)]
async fn s05_next_links_to_another_host_are_rebased_or_refused() {
    let lab = Setup::new(foreign_links()).start();
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    assert_eq!(lab.astray(), 0);

    let lab = Setup::new(foreign_links()).next_link(NextLink::SameOriginOnly).start();
    let outcome = lab.everything().await;
    outcome.assert_incomplete();
    outcome.assert_among(&truth::ids(&lab));
    assert_eq!(lab.astray(), 0);
}

#[tokio::test(start_paused = true)]
async fn s05_no_spelling_of_a_next_link_leaves_the_origin() {
    let links = [
        "http://127.0.0.1:6666/v1/cspm/checks?page_cursor=x",
        "//127.0.0.1:6666/v1/cspm/checks",
        "/\\127.0.0.1:6666/v1/cspm/checks",
        "\\\\127.0.0.1:6666\\v1",
        "http:\\\\127.0.0.1:6666/v1",
        "http://127.0.0.1:8080@127.0.0.1:6666/v1/cspm/checks",
        "http://127.0.0.1:8080%40127.0.0.1:6666/v1/cspm/checks",
        "http://127.0.0.1:8080.evil.example/v1/cspm/checks",
        "https://127.0.0.1:8080/v1/cspm/checks",
        "http://127.0.0.1/v1/cspm/checks",
        "http://127.0.0.1:8081/v1/cspm/checks",
        "http://localhost:8080/v1/cspm/checks",
        "http://127.1:6666/v1/cspm/checks",
        "http://2130706433:6666/v1/cspm/checks",
        "http://0x7f.0.0.1:6666/v1/cspm/checks",
        "http://[::1]:6666/v1/cspm/checks",
        "http://[::ffff:127.0.0.1]:6666/v1/cspm/checks",
        "HTTP://EVIL.EXAMPLE/v1/cspm/checks",
        "http://evil.example./v1/cspm/checks",
        "http://xn--80ak6aa92e.example/v1/cspm/checks",
        "file:///etc/passwd",
        "ftp://127.0.0.1:6666/v1",
        "javascript:alert(1)",
        "data:text/html,x",
        "http:127.0.0.1:6666/v1",
        "http:///127.0.0.1:6666/v1",
        "\thttp://127.0.0.1:6666/v1",
        "ht\ntp://127.0.0.1:6666/v1",
        " //127.0.0.1:6666/v1",
        "///127.0.0.1:6666/v1",
        "/%2F127.0.0.1:6666/v1",
        "/..//127.0.0.1:6666/v1",
        "/v1/../..//127.0.0.1:6666/",
        "?page_cursor=x#@127.0.0.1:6666",
        "/v1/cspm/checks?next=http://127.0.0.1:6666/",
    ];
    let setup = Setup::new(Installation::sized(Kind::Bitdefender, 510));
    for next_link in [NextLink::Rebase, NextLink::SameOriginOnly] {
        for link in links {
            let lab = setup.clone().next_link(next_link).start();
            let fault = Fault::rewrite_json(move |_, body| body["links"]["next"] = link.into());
            lab.simulator.faults().on(Kind::Bitdefender.listing(), Which::Nth(1), fault);
            let outcome = lab.everything().await;
            outcome.assert_among(&truth::ids(&lab));
            assert_eq!(lab.astray(), 0, "{link:?} was followed");
            assert!(lab.log().count() < 20, "{link:?}: {} requests", lab.log().count());
            if outcome.report.complete {
                outcome.assert_ids(&truth::ids(&lab));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn s06_p17_p18_own_links_in_any_form_are_followed_as_given() {
    use cspm_simulator::bitdefender::{LastNext, NextForm};
    let forms = [
        Options::default(),
        Options { links: Links::Relative, ..Options::default() },
        Options { links: Links::WithoutBasePath, ..Options::default() },
        Options { next_form: NextForm::Object, ..Options::default() },
        Options { last_next: LastNext::Null, ..Options::default() },
        Options { last_next: LastNext::EmptyText, ..Options::default() },
        Options { last_next: LastNext::NullHref, ..Options::default() },
        Options { empty_pages: true, ..Options::default() },
        Options { reject_unknown_parameters: true, ..Options::default() },
    ];
    for options in forms {
        let Installation::Bitdefender(world, _) = Installation::sized(Kind::Bitdefender, 1_300) else {
            unreachable!()
        };
        let world: World = world;
        let lab = Setup::new(Installation::Bitdefender(world, options.clone())).start();
        let outcome = lab.findings(&FindingQuery::default()).await;
        outcome.assert_complete();
        let all = truth::findings(&lab);
        outcome.assert_ids(&truth::wanted(&all, &FindingQuery::default()));
        for entry in lab.log().matching(&Kind::Bitdefender.listing().query("page_cursor")) {
            assert!(
                !entry.request.query.contains("results="),
                "something was added to a link: {}",
                entry.request.query
            );
        }
    }
}
