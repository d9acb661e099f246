//! Inputs that reach far, made on the spot: what the simulators answer, odd shapes among it, and small texts of every sort.
//! They are the corpus that fuzzers begin with, and they cannot go stale.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use cspm::Fleet;
use cspm::checkpoint::Checkpoint;
use cspm::incremental::{Incremental, LastComplete};
use cspm::policy_file::PolicyFile;
use cspm_core::{Cursor, Exceptions, Policy, PolicyQuery, RuleSetting, SharedVendor, Then, Verbatim, gather};
use cspm_http::{Broken, Exchange};
use cspm_simulator::{DateForm, ErrorBody, Simulator, bitdefender, conformity, insightcloudsec};
use futures_util::StreamExt;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::adapter::{Counting, DOORS, Door, LOGGED_IN, ask};
use super::checkpoint::Memory;
use super::cursor::Standing;
use super::script::SEPARATOR;
use super::{SECRET, TARGETS, timeless};
use crate::lab::{HOST, attach};
use crate::{Carrier, Installation, Kind, KindExt, everything};

/// Answers are shortened to about so many bytes: fuzzers are the better the smaller their inputs are.
const LARGEST: usize = 8 * 1024;

/// Writes every target's seeds as files of a folder of its name.
///
/// # Errors
/// If they cannot be written.
pub fn write(folder: &Path) -> io::Result<()> {
    for target in &TARGETS {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in (target.seeds)().into_iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:03}")), seed)?;
        }
    }
    Ok(())
}

/// A way that keeps what comes back on it, as an input has it.
struct Recording {
    way: Carrier,
    answers: Mutex<Vec<u8>>,
    requests: AtomicU64,
}

#[async_trait]
impl Exchange for Recording {
    async fn exchange(&self, request: Request<Bytes>, largest: u64) -> Result<Response<Bytes>, Broken> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut answer = self.way.exchange(request, largest).await?;
        *answer.body_mut() = shortened(answer.body());
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.push(SEPARATOR);
        if answer.status() != StatusCode::OK {
            answers.extend(answer.status().as_str().bytes());
        }
        answers.extend(answer.body());
        Ok(answer)
    }
}

impl Counting for Arc<Recording> {
    fn count(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

/// The same JSON with every other element of its longest list left out, until it is short.
fn shortened(body: &Bytes) -> Bytes {
    let mut short = body.clone();
    while short.len() > LARGEST {
        let Ok(mut value) = serde_json::from_slice::<Value>(&short) else { return short };
        let lists = match &mut value {
            Value::Object(members) => members.values_mut().collect(),
            list => vec![list],
        };
        let longest = lists.into_iter().filter_map(Value::as_array_mut).max_by_key(|list| list.len());
        let Some(longest) = longest.filter(|list| list.len() > 2) else { return short };
        let mut place = 0_usize;
        longest.retain(|_| {
            place += 1;
            place % 2 == 1
        });
        short = value.to_string().into();
    }
    short
}

fn recorded(installation: Installation) -> Arc<Recording> {
    let kind = installation.kind();
    let mut installation = installation;
    installation.give(kind.demo_key(), SECRET);
    let simulator: Simulator = installation.start().1;
    let way = Carrier::default().with(HOST, simulator);
    Arc::new(Recording { way, answers: Mutex::default(), requests: AtomicU64::new(0) })
}

fn connection(installation: Installation) -> (SharedVendor, Arc<Recording>) {
    let kind = installation.kind();
    let recording = recorded(installation);
    (attach(kind, None, SECRET, recording.clone()), recording)
}

/// What an adapter gets to see behind every door, and in every odd form that a simulator can give the listing.
pub(super) fn adapter(kind: Kind) -> Vec<Vec<u8>> {
    let plain = small(kind);
    let names = timeless(names(&plain));
    let mut seeds = Vec::new();
    for (number, door) in DOORS.iter().enumerate() {
        seeds.push(behind(number, *door, names.of(*door), plain.clone()));
    }
    let listing = number_of(Door::Findings);
    let pages = seeds[usize::from(listing)].split(|byte| *byte == SEPARATOR).skip(1);
    let pages: Vec<Vec<u8>> = pages.map(|page| [&[0, SEPARATOR], page].concat()).collect();
    let whole = seeds.iter().chain(&pages);
    let mistyped: Vec<Vec<u8>> =
        whole.flat_map(|seed| (0..OTHER_TYPES).map(|which| mistyped(seed, which))).collect();
    let refusals = [400, 401, 403, 404, 409, 422, 429, 500, 503].map(|status| refused(listing, status));
    let beyond = beyond_every_page(&seeds[usize::from(listing)]);
    let log_in = logged_in(&seeds[usize::from(listing)]);
    for odd in odd(&plain) {
        for (number, door) in DOORS.iter().enumerate() {
            if matches!(door, Door::Findings | Door::Rules | Door::Policy | Door::Suppress | Door::Lift) {
                seeds.push(behind(number, *door, names.of(*door), odd.clone()));
            }
        }
    }
    // The answers of those seeds one by one, for the decoders alone.
    let answers: Vec<Vec<u8>> = seeds
        .iter()
        .flat_map(|seed| seed.split(|byte| *byte == SEPARATOR).skip(1))
        .filter(|answer| answer.len() > 20 && !answer[0].is_ascii_digit())
        .map(|answer| [&[0], answer].concat())
        .collect();
    seeds.extend(answers.into_iter().chain(mistyped).chain(refusals).chain([beyond, log_in]));
    seeds.sort_unstable();
    seeds.dedup();
    seeds
}

fn number_of(door: Door) -> u8 {
    let place = DOORS.iter().position(|one| *one == door).expect("a door");
    u8::try_from(place).expect("few doors")
}

/// How many ways there are to be [`mistyped`].
const OTHER_TYPES: usize = 8;

/// A seed in whose answers some of the values have another type.
fn mistyped(seed: &[u8], which: usize) -> Vec<u8> {
    let mut parts = seed.split(|byte| *byte == SEPARATOR);
    let mut wrong = parts.next().unwrap_or_default().to_vec();
    let mut count = which;
    for answer in parts {
        wrong.push(SEPARATOR);
        match serde_json::from_slice::<Value>(answer) {
            Ok(mut value) => {
                mistype(&mut value, which, &mut count);
                wrong.extend(value.to_string().bytes());
            }
            Err(_) => wrong.extend(answer),
        }
    }
    wrong
}

/// Replaces every eleventh value.
fn mistype(value: &mut Value, which: usize, count: &mut usize) {
    let other: [Value; OTHER_TYPES] = [
        json!(null),
        json!(true),
        json!(7),
        json!(-1),
        json!(1.5),
        json!("x\n"),
        json!([1, "a", null]),
        json!({"id": "x"}),
    ];
    *count += 1;
    match value {
        _ if count.is_multiple_of(11) => *value = other[which].clone(),
        Value::Array(items) => items.iter_mut().for_each(|item| mistype(item, which, count)),
        Value::Object(members) => members.values_mut().for_each(|member| mistype(member, which, count)),
        _ => {}
    }
}

/// The same refusal again and again, each time in another form.
fn refused(door: u8, status: u16) -> Vec<u8> {
    let status = StatusCode::from_u16(status).expect("a status");
    let mut seed = vec![door];
    for form in ErrorBody::FIXED {
        seed.push(SEPARATOR);
        seed.extend(status.as_str().bytes());
        seed.extend(form.response(status).body);
    }
    seed
}

/// A listing for a user who logs in first.
fn logged_in(listing: &[u8]) -> Vec<u8> {
    let mut parts = listing.split(|byte| *byte == SEPARATOR);
    let mut seed = parts.next().unwrap_or_default().to_vec();
    seed[0] += LOGGED_IN;
    seed.push(SEPARATOR);
    seed.extend(json!({"session_id": "5e551on-t0ken", "user_id": 7, "user_name": "ops"}).to_string().bytes());
    for answer in parts {
        seed.push(SEPARATOR);
        seed.extend(answer);
    }
    seed
}

/// A listing that says that it has more than anybody can page through, and short ones for each of its parts.
fn beyond_every_page(listing: &[u8]) -> Vec<u8> {
    let mut parts = listing.split(|byte| *byte == SEPARATOR);
    let mut seed = parts.next().unwrap_or_default().to_vec();
    let mut pages = Vec::new();
    for answer in parts {
        match serde_json::from_slice::<Value>(answer) {
            Ok(mut page) if page.pointer("/meta/total").is_some() => {
                pages.push(answer);
                page["meta"] = json!({"total": 25_000, "total-pages": 25});
                seed.push(SEPARATOR);
                seed.extend(page.to_string().bytes());
                for answer in pages.iter().cycle().take(12) {
                    seed.push(SEPARATOR);
                    seed.extend(*answer);
                }
            }
            _ => {
                seed.push(SEPARATOR);
                seed.extend(answer);
            }
        }
    }
    seed
}

fn behind(number: usize, door: Door, id: &str, installation: Installation) -> Vec<u8> {
    let (vendor, recording) = connection(installation);
    timeless(ask(door, id, &vendor, &recording));
    let number = u8::try_from(number).expect("few doors");
    let mut seed = [&[number], id.as_bytes()].concat();
    seed.extend(&*recording.answers.lock().unwrap_or_else(PoisonError::into_inner));
    seed
}

/// Ids that there are.
struct Names {
    policy: String,
    account: String,
    findings: String,
    custom_rule: String,
    automation: String,
}

impl Names {
    fn of(&self, door: Door) -> &str {
        match door {
            Door::Suppress | Door::Lift => &self.findings,
            Door::AccountRules | Door::Narrowed => &self.account,
            Door::CustomRule => &self.custom_rule,
            Door::Automations => &self.automation,
            _ => &self.policy,
        }
    }
}

async fn names(installation: &Installation) -> Names {
    let (vendor, _) = connection(installation.clone());
    let fleet = Fleet::new().with(vendor.clone());
    let findings: Vec<_> = fleet.findings(&everything()).expect("findings").take(3).collect().await;
    let accounts: Vec<_> = fleet.accounts().expect("accounts").take(1).collect().await;
    let rules: Vec<_> = fleet.rules().expect("rules").collect().await;
    let policies = match vendor.policies() {
        Some(store) => gather(store.listing(), PolicyQuery).await.items,
        None => Vec::new(),
    };
    let automations = match vendor.automations() {
        Some(store) => gather(store.listing(), cspm_core::AutomationQuery).await.items,
        None => Vec::new(),
    };
    let text = |found: Option<&str>| found.unwrap_or("none").to_owned();
    Names {
        policy: text(policies.last().map(|policy| &*policy.id)),
        account: text(accounts.first().and_then(|account| account.identity.id.as_deref())),
        findings: findings.iter().map(|one| &*one.vendor_id).collect::<Vec<_>>().join(" "),
        custom_rule: text(rules.iter().map(|rule| &*rule.id).find(|id| id.starts_with("custom:"))),
        automation: text(automations.first().map(|automation| &*automation.id)),
    }
}

/// A demonstration's world with a few of everything.
fn small(kind: Kind) -> Installation {
    fn few<T>(all: &mut Vec<T>, count: usize) {
        let (step, mut place) = (all.len().div_ceil(count).max(1), 0);
        all.retain(|_| {
            place += 1;
            (place - 1) % step == 0
        });
    }
    let mut installation = Installation::demo(kind);
    match &mut installation {
        Installation::Conformity(world, _) => {
            few(&mut world.accounts, 3);
            few(&mut world.checks, 60);
            few(&mut world.catalogue.rules, 10);
            let named: Vec<_> = world.accounts.iter().map(|account| account.id.clone()).collect();
            world.checks.retain(|check| named.iter().any(|id| *id == check.id.account()));
            few(&mut world.checks, 12);
        }
        Installation::InsightCloudSec(world, _) => {
            few(&mut world.exemptions, 5);
            let exempted = |insight: &insightcloudsec::world::Insight| {
                world.exemptions.iter().any(|exemption| exemption.insight == insight.id)
            };
            let (mut insights, mut others): (Vec<_>, Vec<_>) = world.insights.drain(..).partition(exempted);
            few(&mut others, 3);
            insights.extend(others);
            world.insights = insights;
            few(&mut world.packs, 3);
            few(&mut world.resources, 60);
        }
        Installation::Bitdefender(world, _) => {
            few(&mut world.checks, 12);
            few(&mut world.rules, 10);
            few(&mut world.standards, 3);
            few(&mut world.resources, 12);
        }
    }
    installation
}

/// The same vendor with its other habits.
fn odd(plain: &Installation) -> Vec<Installation> {
    match plain {
        Installation::Conformity(world, options) => {
            use conformity::{ListMeta, Options, RuleLayout};
            let metas = [ListMeta::Total, ListMeta::TotalPages, ListMeta::Nothing];
            let metas = metas.map(|list_meta| Options { list_meta, ..options.clone() });
            let shapes = Options {
                account_as_array: true,
                subscription_type_outside: true,
                rule_layout: RuleLayout::Nested,
                refuse_deprecated_rules: true,
                ..options.clone()
            };
            metas
                .into_iter()
                .chain([shapes])
                .map(|options| Installation::Conformity(world.clone(), options))
                .collect()
        }
        Installation::InsightCloudSec(world, options) => {
            use insightcloudsec::{CounterMode, Cursors, LastCursor, Options, Profile, QueryCounts};
            let base = || options.clone();
            [
                Options { profile: Profile::V2019, counters: CounterMode::Absent, ..base() },
                Options { profile: Profile::V2022, last_cursor: LastCursor::Empty, ..base() },
                Options { counts: QueryCounts::EveryPage, page_cap: Some(2), blank_page: true, ..base() },
                Options { counts: QueryCounts::Never, cursors: Cursors::Repeat, page_cap: Some(1), ..base() },
                Options { exemptions_drop_colon: true, exemption_date_times: true, ..base() },
                Options { soft_errors: vec!["/v3/public/resource/query".to_owned()], ..base() },
            ]
            .map(|options| Installation::InsightCloudSec(world.clone(), options))
            .into()
        }
        Installation::Bitdefender(world, options) => {
            use bitdefender::{
                ErrorShape, LastNext, Links, NextForm, Options, Relationships, UpdateResponse,
            };
            let base = || options.clone();
            [
                Options { links: Links::Relative, next_form: NextForm::Object, ..base() },
                Options { links: Links::WithoutBasePath, last_next: LastNext::NullHref, ..base() },
                Options { check_relationships: Relationships::Absent, check_rule: true, ..base() },
                Options { check_relationships: Relationships::Empty, extra_attribute: true, ..base() },
                Options {
                    missing: bitdefender::Missing::Absent,
                    single: bitdefender::Single::Object,
                    ..base()
                },
                Options { update_response: UpdateResponse::EmptyObject, empty_pages: true, ..base() },
                Options { error_shape: ErrorShape::Errors, swap_401_403: true, ..base() },
            ]
            .map(|options| Installation::Bitdefender(world.clone(), options))
            .into()
        }
    }
}

pub(super) fn error_body() -> Vec<Vec<u8>> {
    let fixed = ErrorBody::FIXED.into_iter().chain([ErrorBody::Huge(2_000)]);
    let bodies = fixed.map(|form| form.response(StatusCode::BAD_REQUEST).body);
    let more = [
        json!({"errors": [{"detail": SECRET, "source": {"pointer": "/data/attributes/name"}}]}).to_string(),
        json!({"messages": {"json": {"name": ["too short", SECRET]}}}).to_string(),
        json!({"error": {"error": {"code": "E1"}}, "traceback": SECRET}).to_string(),
        format!("<html><TITLE>Log in {SECRET}</TITLE>"),
        format!("Error: no\nTraceback (most recent call last)\n  {SECRET}"),
        format!("\u{feff}{SECRET}"),
    ];
    let bodies = bodies.chain(more.map(Bytes::from));
    bodies.enumerate().map(|(number, body)| [&[number as u8], &*body].concat()).collect()
}

pub(super) fn retry_after() -> Vec<Vec<u8>> {
    let date = |form: DateForm| form.write(1_700_000_007_000);
    let stated = [
        "\x007".to_owned(),
        "\x00999999999999999999999999999999".to_owned(),
        "\x0086400".to_owned(),
        "\x00-5\n\x001.5".to_owned(),
        format!("\x00{}\n\x01{}", date(DateForm::Imf), DateForm::Imf.write(1_700_000_000_000)),
        format!("\x00{}", date(DateForm::Rfc850)),
        format!("\x00{}", date(DateForm::Asctime)),
        "\x02\"default\";r=0;t=12".to_owned(),
        "\x02limit=100, remaining=0, reset=12".to_owned(),
        "\x030\n\x0412".to_owned(),
        "\x050\n\x061732233612\n\x01Fri, 22 Nov 2024 00:00:00 GMT".to_owned(),
    ];
    (0..5_u8)
        .flat_map(|status| stated.iter().map(move |lines| [&[status], lines.as_bytes()].concat()))
        .collect()
}

pub(super) fn cursor() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, kind) in [Kind::Conformity, Kind::InsightCloudSec, Kind::Bitdefender].into_iter().enumerate()
    {
        let (vendor, _) = connection(small(kind));
        let plan = timeless(vendor.findings().plan(&everything())).expect("a plan");
        let cursors = [
            Cursor::Start,
            Cursor::Page(1),
            Cursor::Offset(u64::MAX),
            Cursor::Token("/v1/cspm/checks?page_cursor=x".to_owned()),
            Cursor::Token("@127.0.0.1:6666/".to_owned()),
        ];
        for at in &cursors {
            for scope in plan.scopes.iter().take(3) {
                let standing = Standing { scope: scope.clone(), at: at.clone() };
                let text = serde_json::to_string(&standing).expect("a plain value serialises");
                seeds.push([&[number as u8], text.as_bytes()].concat());
            }
        }
        for then in [Then::Done, Then::Fan(cursors.into()), Then::Split(plan.scopes)] {
            let text = serde_json::to_string(&then).expect("a plain value serialises");
            seeds.push([&[number as u8], text.as_bytes()].concat());
        }
    }
    seeds
}

pub(super) fn next_link() -> Vec<Vec<u8>> {
    const LINKS: [&str; 16] = [
        "https://gravity.example/v1/cspm/checks?page_cursor=bXk%3D",
        "http://127.0.0.1:8080/v1/cspm/checks?page_cursor=x#top",
        "/v1/cspm/checks?filter[a]=b c",
        "/cspm/checks?page_cursor='x'",
        "cspm/checks?a=%2e%2e",
        "?page_cursor=x",
        "//evil.example/v1",
        "https://gravity.example@evil.example/",
        "https://evil.example\\@gravity.example/",
        "HTTPS://GRAVITY.EXAMPLE:443/v1/x",
        "https:/gravity.example/v1",
        "https://gravity.example/v1/%2e%2e/admin",
        "https://xn--gravity-.example/",
        "javascript:alert(1)",
        "@127.0.0.1:6666/",
        "https://gw.example:8443/gw/v1/x?y",
    ];
    (0..4_u8).flat_map(|base| LINKS.map(|link| [&[base], link.as_bytes()].concat())).collect()
}

pub(super) fn checkpoint() -> Vec<Vec<u8>> {
    let store = Memory::default();
    let (vendor, recording) = connection(small(Kind::Bitdefender));
    let fleet = Fleet::new().with(vendor);
    let query = everything();
    let mut last = Vec::new();
    timeless(async {
        let kept = Box::new(store.clone());
        let mut checkpoint = Checkpoint::open(kept, &fleet.question(&query)).expect("a new checkpoint");
        let incremental = Incremental::new(LastComplete::default(), &fleet, &query, checkpoint.started());
        let mut incremental = incremental.expect("a first run");
        let mut run = fleet.resume(&query, &mut checkpoint).expect("a run");
        while let Some(batch) = run.next_batch().await {
            for finding in &batch.items {
                incremental.book(incremental.sight(finding));
            }
            checkpoint.commit(&batch, &Value::Null).expect("memory");
        }
        incremental.finish(&mut run.finish()).last.write(&mut last).expect("memory");
    });
    let entries = store.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let answers = recording.answers.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let all = entries.join("\n");
    let beginning = entries[..entries.len().min(2)].join("\n");
    vec![
        [b"\0", all.as_bytes()].concat(),
        [b"\0", beginning.as_bytes(), &answers].concat(),
        [b"\0", entries[0].as_bytes(), &answers].concat(),
        b"\x01".to_vec(),
        b"\x01no checkpoint\n".to_vec(),
        [b"\x02\x05\x00\x00!", all.as_bytes()].concat(),
        [b"\x02\x05\x00\x01!", all.as_bytes()].concat(),
        b"\x02\xff\xff\x00\nfirst\nsecond".to_vec(),
        [b"\x03", &*last].concat(),
        b"\x03".to_vec(),
    ]
}

pub(super) fn configuration() -> Vec<Vec<u8>> {
    let texts = [
        "[[connections]]\nname = \"trend-prod\"\nvendor = \"conformity\"\nregion = \"us-west-2\"\napi_key = { env = \"K\" }\n",
        "[[connections]]\nname = \"rapid7\"\nvendor = \"insightcloudsec\"\nbase_url = \"https://acme.customer.divvycloud.com\"\n\
         username = \"ops\"\npassword = { env = \"P\" }\norganization = 5\nrequests_per_second = 2.5\ntimeout_seconds = 30\n",
        "[[connections]]\nname = \"gravity\"\nvendor = \"bitdefender\"\nregion = \"e\"\napi_key = { env = \"K\" }\n\
         accounts = [\"a\"]\nauth_header = \"x-key\"\nmax_response_mib = 8\nca_file = \"none.pem\"\n",
        "[[connections]]\nname = \"gravity\"\nvendor = \"bitdefendr\"\nbase_url = \"http://gravity.example\"\napi_key = \"k\"\n\
         colour = 1\n[[connections]]\nname = \"gravity\"\n",
        "connections = 5\n[x\n\"\u{1b}[31m\" = nan",
        "",
    ];
    texts.map(|text| text.as_bytes().to_vec()).into()
}

pub(super) fn policy_file() -> Vec<Vec<u8>> {
    let verbatim = |json: &str| Verbatim::parse(json).expect("JSON");
    let setting = RuleSetting {
        enabled: Some(false),
        severity: Some("HIGH".to_owned()),
        provider: Some("aws".to_owned()),
        exceptions: Exceptions {
            resources: vec!["arn:aws:s3:::a".to_owned()],
            tags: vec!["k::v\u{202e}".to_owned()],
            filter_tags: vec![],
        },
        settings: [
            r#"{"name":"ttl","type":"ttl","value":72,"big":18446744073709551616,"f":1e400,"t":1.50}"#,
            r#"{"value":null,"values":[{"value":"a\u0000","enabled":true},[[]],{}]}"#,
            "\"text\"",
        ]
        .map(verbatim)
        .into(),
        extra: [("note".to_owned(), verbatim("\"'''\\\"\"")), ("a b".to_owned(), verbatim("null"))].into(),
    };
    let rules = [("S3-016".to_owned(), setting), ("EC2 001".to_owned(), RuleSetting::default())].into();
    let policy = Policy {
        id: Some("pR0f1leX9".to_owned()),
        name: "base\nline".to_owned(),
        description: Some(String::new()),
        rules,
        extra: [("x".to_owned(), verbatim("{\"y\":-0.0}"))].into(),
    };
    let file = PolicyFile { connection: "trend-prod".to_owned(), policy };
    let empty = "connection = 'c'\nname = '''n'''\nrules = [{id = 'r', settings = ['{\"a\":1}', {b.c = 1979-05-27}]}]\nextra = '{}'";
    let wrong = "connection = 1\nnome = ''\n[[rules]]\nid = 'r'\nenabled = 'no'\nexceptions = {tags = [1]}\n[[rules]]\nid = 'r'\n";
    vec![file.to_toml().into_bytes(), empty.into(), wrong.into()]
}

pub(super) fn ocsf() -> Vec<Vec<u8>> {
    use cspm::ocsf::{Context, Version, Writer};
    let mut seeds = vec![
        b"[\n{\"class_uid\": 2003},\n5]".to_vec(),
        b"\xef\xbb\xbf{\n\"a\":\n1}".to_vec(),
        b"{\n{}\n".to_vec(),
    ];
    for kind in [Kind::Conformity, Kind::InsightCloudSec, Kind::Bitdefender] {
        let (vendor, _) = connection(small(kind));
        let fleet = Fleet::new().with(vendor);
        let findings: Vec<_> =
            timeless(async { fleet.findings(&everything()).expect("findings").take(3).collect().await });
        for version in [Version::V1_1, Version::V1_4, Version::NEWEST] {
            let now = cspm_core::Timestamp::from_millis(1_700_000_000_000).expect("a time");
            let mut writer = Writer::new(Vec::new(), version);
            for finding in &findings {
                writer.write(finding, &Context::new("run", now)).expect("a valid event");
            }
            seeds.push(writer.finish().expect("memory"));
        }
        let lines: Vec<String> = findings
            .iter()
            .map(|finding| serde_json::to_string(finding).expect("a finding serialises"))
            .collect();
        seeds.push(lines.join("\n").into_bytes());
    }
    seeds
}
