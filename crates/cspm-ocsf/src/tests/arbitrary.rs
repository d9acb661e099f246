//! Any finding the model can hold.

use cspm_core::{
    AccountRef, Finding, Origin, Outcome, RawValue, Remediation, Resource, RuleRef, Severity, StandardRef,
    State, Suppression, Timestamp,
};
use proptest::array::{uniform4, uniform6};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

/// Text of every awkward kind.
pub(crate) fn text() -> BoxedStrategy<String> {
    prop_oneof![
        20 => Just(String::new()),
        20 => select(vec![
            "Other", "Unknown", "High", "aws", "arn:aws-cn:s3:::b", "arn:", "arn::", "a.b[0]", "ocsf_1_8", "99",
            "\u{85}\u{2028}\u{2029}\u{7f}\u{9b}31m", "\0\r\n\t\u{1b}[2J", "\u{202e}evil\u{feff}", "{\"a\":1}", "\\\"",
        ]).prop_map(str::to_owned),
        40 => "[a-z]{1,8}",
        20 => vec(any::<char>(), 0..20).prop_map(|chars| chars.into_iter().collect::<String>()),
        1 => (65_530_usize..65_560).prop_map(|length| "ä".repeat(length)),
    ]
    .boxed()
}

fn shared() -> BoxedStrategy<std::sync::Arc<str>> {
    text().prop_map(Into::into).boxed()
}

fn time() -> BoxedStrategy<Timestamp> {
    prop_oneof![
        select(vec![
            i64::MIN,
            -377_705_023_201_000,
            -1,
            0,
            1,
            1_780_302_600,
            99_999_999_999,
            100_000_000_000,
            100_000_000_001,
            1_780_302_600_000,
            9_999_999_999_999,
            10_000_000_000_000,
            253_402_207_200_000,
        ])
        .prop_map(
            |millis| Timestamp::from_millis(millis).unwrap_or_else(|| Timestamp::from_millis(0).unwrap())
        ),
        (100_000_000_001_i64..9_999_999_999_999).prop_map(|millis| Timestamp::from_millis(millis).unwrap()),
        Just("2026-06-01T08:30:00.123456789Z".parse().unwrap()),
    ]
    .boxed()
}

fn vendor() -> BoxedStrategy<std::sync::Arc<str>> {
    prop_oneof![
        3 => select(vec!["conformity", "insightcloudsec", "bitdefender"]).prop_map(Into::into),
        1 => shared(),
    ]
    .boxed()
}

fn provider() -> BoxedStrategy<Option<std::sync::Arc<str>>> {
    prop_oneof![
        3 => select(vec!["aws", "azure", "gcp", "oci", "alibaba", "kubernetes"]).prop_map(|word| Some(word.into())),
        1 => of(shared()),
    ]
    .boxed()
}

fn suppression() -> BoxedStrategy<Suppression> {
    let parts = (of(time()), of(text()), of(text()), text());
    parts.prop_map(|(until, reason, by, kind)| Suppression { until, reason, by, kind }).boxed()
}

prop_compose! {
    fn rule()(id in shared(), title in of(shared()), service in of(shared()), url in of(shared())) -> RuleRef {
        RuleRef { id, title, service, url }
    }
}

prop_compose! {
    fn account()(id in of(shared()), cloud_id in of(shared()), name in of(shared()), provider in provider())
        -> AccountRef
    {
        AccountRef { id, cloud_id, name, provider }
    }
}

prop_compose! {
    fn standard()(id in shared(), control in of(shared()), name in of(shared())) -> StandardRef {
        StandardRef { id, control, name }
    }
}

prop_compose! {
    fn resource()(id in of(text()), name in of(text()), kind in of(shared())) -> Resource {
        Resource { id, name, kind }
    }
}

prop_compose! {
    /// Any finding.
    pub(crate) fn finding()(
        (connection, vendor, vendor_id) in (text(), vendor(), text()).boxed(),
        title in shared(),
        [uid, description, message, vendor_severity, region, url] in uniform6(of(text())).boxed(),
        outcome in select(vec![Outcome::Fail, Outcome::Pass, Outcome::Warning, Outcome::Unknown]),
        severity in select(Severity::ALL.to_vec()),
        state in of(select(vec![State::Open, State::Suppressed, State::InReview, State::Resolved])),
        (suppression, rule, account, resource) in
            (of(suppression()), rule().boxed(), account().boxed(), resource().boxed()).boxed(),
        (categories, standards) in (vec(shared(), 0..3), vec(standard(), 0..4)).boxed(),
        tags in btree_map(text(), text(), 0..4).boxed(),
        [first_seen, last_seen, updated, resolved] in uniform4(of(time())).boxed(),
        remediation in of((of(shared()), of(shared()))).boxed(),
        raw in of(text()),
    ) -> Finding {
        let origin = Origin::new(connection, vendor);
        let mut finding = Finding::new(&origin, vendor_id, rule.into(), account.into());
        if let Some(uid) = uid {
            finding.uid = uid;
        }
        finding.title = title;
        finding.description = description.map(Into::into);
        finding.message = message;
        finding.outcome = outcome;
        finding.severity = severity;
        finding.vendor_severity = vendor_severity.map(Into::into);
        finding.state = state;
        finding.suppression = suppression;
        finding.resource = resource;
        finding.region = region.map(Into::into);
        finding.categories = categories.into();
        finding.standards = standards.into();
        finding.tags = tags;
        finding.first_seen = first_seen;
        finding.last_seen = last_seen;
        finding.updated = updated;
        finding.resolved = resolved;
        finding.url = url;
        finding.remediation = remediation.map(|(text, url)| Remediation { text, url }.into());
        finding.raw = raw.map(|raw| RawValue::from_string(serde_json::to_string(&raw).unwrap()).unwrap());
        finding
    }
}

/// An ordinary finding of a vendor: everything the model holds is said.
pub(crate) fn ordinary(vendor: &str) -> Finding {
    let rule = RuleRef {
        id: "S3-017".into(),
        title: Some("Bucket enforces encryption in transit".into()),
        service: Some("S3".into()),
        url: Some("https://vendor.example.com/rules/S3-017".into()),
    };
    let account = AccountRef {
        id: Some("acc-7f3e".into()),
        cloud_id: Some("123456789012".into()),
        name: Some("billing-prod".into()),
        provider: Some("aws".into()),
    };
    let origin = Origin::new("prod", vendor);
    let mut finding =
        Finding::new(&origin, "acc-7f3e:S3-017:example-invoices".into(), rule.into(), account.into());
    finding.description = Some("Every bucket policy must reject plain HTTP requests.".into());
    finding.message = Some("Bucket example-invoices accepts requests without TLS.".into());
    finding.outcome = Outcome::Fail;
    finding.severity = Severity::High;
    finding.vendor_severity = Some("HIGH".into());
    finding.state = Some(State::Open);
    finding.resource = Resource {
        id: Some("arn:aws:s3:::example-invoices".into()),
        name: Some("example-invoices".into()),
        kind: Some("AWS::S3::Bucket".into()),
    };
    finding.region = Some("eu-west-1".into());
    finding.categories = vec!["security".into()].into();
    finding.standards = vec![StandardRef {
        id: "CIS-AWS-3.0".into(),
        control: Some("2.1.1".into()),
        name: Some("CIS AWS Foundations Benchmark 3.0.0".into()),
    }]
    .into();
    finding.tags = [("team".to_owned(), "payments".to_owned()), ("env".to_owned(), "prod".to_owned())].into();
    finding.first_seen = Some("2026-03-02T09:14:05Z".parse().unwrap());
    finding.last_seen = Some("2026-06-01T08:30:00Z".parse().unwrap());
    finding.updated = Some("2026-05-20T10:00:00.25Z".parse().unwrap());
    finding.url = Some("https://cspm.example.com/checks/1".into());
    finding.remediation = Some(
        Remediation {
            text: Some("Add a deny statement on aws:SecureTransport to the bucket policy.".into()),
            url: Some("https://vendor.example.com/kb/S3-017".into()),
        }
        .into(),
    );
    finding
}
