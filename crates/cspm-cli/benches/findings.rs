//! What the program costs, against simulated vendors on this machine: memory, pace, requests, speed.
//!
//! ```console
//! $ cargo bench -p cspm-cli
//! $ cargo bench -p cspm-cli -- events
//! $ cargo bench -p cspm-cli -- memory 1000000
//! ```
//!
//! Without the name of a part (`memory`, `requests`, `pace`, `speed`, `events`, `lateness`) all run. A number is how many findings
//! the large runs of `memory` have, instead of 300,000.
//!
//! Every figure is a ratio to something measured or computed in the same run, because machines differ and are noisy. Each
//! line ends with the bound it is held to; a line beyond its bound makes the run fail.

use std::error::Error;
use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cspm::config::Configuration;
use cspm_simulator::conformity::{self, AccountSpec, Conformity, Provider, Spec, World};
use cspm_simulator::insightcloudsec::{self, InsightCloudSec};
use cspm_simulator::wire::{SimRequest, VendorSim};
use cspm_simulator::{Fault, Match, Served, Simulator, Throttle, Which, bitdefender};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Records of a page of each vendor.
const CONFORMITY_PAGE: usize = 1_000;

fn main() -> Outcome<()> {
    type Part = fn(&mut Board) -> Outcome<()>;
    let parts: [(&str, Part); 6] = [
        ("memory", memory),
        ("requests", requests),
        ("pace", pace),
        ("speed", speed),
        ("events", events),
        ("lateness", lateness),
    ];
    let (numbers, wanted): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .partition(|argument| argument.bytes().all(|byte| byte.is_ascii_digit()));
    let large = numbers.first().map_or(Ok(300_000), |number| number.parse())?;
    let mut board = Board { large, beyond: Vec::new() };
    for (name, part) in parts {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            part(&mut board)?;
        }
    }
    board.verdict()
}

/// 100,000 findings and three times as many, or as many as asked for, to NDJSON: the peak must be small, and must not
/// grow with the run.
fn memory(board: &mut Board) -> Outcome<()> {
    let accounts = |count: usize| Spec {
        failing_percent: 100,
        suppressed_percent: 0,
        ..Spec::sizes(&vec![5_000; count])
    };
    let small = collect(&serve_conformity(&accounts(20), None)?, "conformity", &[])?;
    let findings = board.large;
    let large = collect(&serve_conformity(&accounts(findings / 5_000), None)?, "conformity", &[])?;
    board.check("findings of the small run", small.findings as f64, 100_000.0, 100_000.0);
    let due = (findings / 5_000 * 5_000) as f64;
    board.check("findings of the large run", large.findings as f64, due, due);
    board.note("peak of 100,000 findings in small scopes, MiB", small.peak_mib);
    // 24 MB.
    board.check("peak of the large run in small scopes, MiB", large.peak_mib, 0.0, 22.9);
    board.check("  against that of 100,000", large.peak_mib / small.peak_mib, 0.0, 1.10);
    let listing = |checks: usize| -> Outcome<Run> {
        let spec = bitdefender::Spec { checks, ..bitdefender::Spec::demo(1) };
        let world = bitdefender::World::generate(spec);
        let options = bitdefender::Options { ..bitdefender::Options::default() };
        let served = serve(Arc::new(bitdefender::Bitdefender::new(world, options)))?;
        collect(&served, "bitdefender", &["--outcome", "all", "--suppressed", "include"])
    };
    let large = listing(findings)?;
    board.check("findings in one single scope", large.findings as f64, findings as f64, findings as f64);
    board.check("peak of as many in one single scope, MiB", large.peak_mib, 0.0, 48.0);
    Ok(())
}

/// Requests sent, against the least that could be.
fn requests(board: &mut Board) -> Outcome<()> {
    let all = ["--outcome", "all", "--suppressed", "include"];
    let catalogue = 2.0;
    // The largest account that is surely not divided: a total of exactly 10,000 may be one that was cut off there.
    let whole = collect(&serve_conformity(&Spec::sizes(&[9_999]), None)?, "conformity", &all)?;
    board.check(
        "requests for 9,999 checks, to the least",
        (whole.requests as f64 - catalogue) / 10.0,
        0.0,
        1.02,
    );
    let split = collect(&serve_conformity(&Spec::large(), None)?, "conformity", &all)?;
    let least = (split.findings as f64 / CONFORMITY_PAGE as f64).ceil();
    board.check("findings past the cap", split.findings as f64, 250_000.0, 250_000.0);
    board.check(
        "requests for 250,000 checks, to the least",
        (split.requests as f64 - catalogue) / least,
        0.0,
        1.25,
    );
    Ok(())
}

/// A vendor that limits to 20 requests a second, told and unknown: time to the ideal, and refusals.
fn pace(board: &mut Board) -> Outcome<()> {
    const RATE: f64 = 20.0;
    const PAGES: usize = 400;
    let spec = || Spec { accounts: vec![AccountSpec::new(Provider::Aws, 5); PAGES], ..Spec::default() };
    // Two more requests read the accounts and the rules; the bucket is full at the beginning.
    let ideal = (PAGES as f64 + 2.0 - RATE) / RATE;
    let throttle = || Some(Throttle::new(RATE, RATE as u32));
    let told =
        collect_with(&serve_conformity(&spec(), throttle())?, "conformity", &[], "requests_per_second = 20")?;
    board.check("400 pages at a told limit, time to the ideal", told.seconds / ideal, 0.0, 1.05);
    board.check("  refusals", told.throttled as f64, 0.0, 0.0);
    let unknown = collect(&serve_conformity(&spec(), throttle())?, "conformity", &[])?;
    board.check("400 pages at an unknown limit, time to the ideal", unknown.seconds / ideal, 0.0, 1.10);
    board.check(
        "  refusals, share of the answers",
        unknown.throttled as f64 / unknown.requests as f64,
        0.0,
        0.05,
    );
    Ok(())
}

/// The time of a whole run, against a client that only fetches the same pages one after another over one connection and
/// throws them away.
fn speed(board: &mut Board) -> Outcome<()> {
    let accounts = 60;
    let served = serve_conformity(&Spec::sizes(&vec![5_000; accounts]), None)?;
    let began = Instant::now();
    let bytes = fetch_all(&served)?;
    let bare = began.elapsed().as_secs_f64();
    let all = ["--outcome", "all", "--suppressed", "include"];
    let run = collect_with(&served, "conformity", &all, "requests_per_second = 10000")?;
    board.note("megabytes read", bytes as f64 / 1e6);
    board.note("findings a second", run.findings as f64 / run.seconds);
    board.note("time to that of fetching alone", run.seconds / bare);
    Ok(())
}

/// Mapping and writing OCSF events with the writer that the program uses, against decoding the findings they are made
/// from: for each vendor, and for as many findings of each.
fn events(board: &mut Board) -> Outcome<()> {
    let mut sums = [0.0; 3];
    for (vendor, decode) in [
        ("conformity", conformity_page()?),
        ("insightcloudsec", insight_page()?),
        ("bitdefender", check_page()?),
    ] {
        let findings = decode()?;
        let context = cspm::ocsf::Context::new("bench", cspm::Timestamp::now());
        let write = |writer: &mut cspm::ocsf::Writer<std::io::Sink>| -> Outcome<()> {
            for finding in &findings {
                writer.write(finding, &context)?;
            }
            Ok(())
        };
        // One writer a run, as in the program.
        let writer = || cspm::ocsf::Writer::new(std::io::sink(), cspm::ocsf::Version::NEWEST);
        let (mut unchecked, mut checked) = (writer().without_validation(), writer());
        let times =
            least([&mut || decode().map(drop), &mut || write(&mut unchecked), &mut || write(&mut checked)])?;
        let [decoding, writing, checking] = times;
        board.note(&format!("findings of {vendor}"), findings.len() as f64);
        board.check("  mapping and writing their events, to decoding them", writing / decoding, 0.0, 1.0);
        board.note("  with validation", checking / decoding);
        for (sum, time) in sums.iter_mut().zip(times) {
            *sum += time / findings.len() as f64;
        }
    }
    let [decoding, writing, checking] = sums;
    board.note("mapping and writing events, to decoding, all vendors", writing / decoding);
    board.note("  with validation", checking / decoding);
    Ok(())
}

/// How late the timers of other tasks come while a page of 10 MB is unpacked, searched for the credential and decoded on
/// the one thread that the program has. The worst of a run, and of several runs the least: what else the machine does
/// makes it worse and never better.
fn lateness(board: &mut Board) -> Outcome<()> {
    const PAGE: usize = 10_000_000;
    for (vendor, base_path, key, page) in [
        ("conformity", "/v1", Conformity::DEMO_KEY, Match::get("/v1/checks")),
        ("insightcloudsec", "", insightcloudsec::DEMO_KEY, Match::post("/v3/public/resource/query")),
        ("bitdefender", bitdefender::BASE_PATH, bitdefender::DEMO_KEY, Match::get("/v1/cspm/checks")),
    ] {
        let served = serve(match vendor {
            "conformity" => {
                let world = World::generate(&Spec::sizes(&[1_000]));
                Arc::new(Conformity::new(world, conformity::Options::default()))
            }
            "insightcloudsec" => {
                let world = insightcloudsec::World::generate(insightcloudsec::Spec::default());
                Arc::new(InsightCloudSec::new(world, insightcloudsec::Options::default()))
            }
            _ => {
                let spec = bitdefender::Spec { checks: 500, ..bitdefender::Spec::demo(1) };
                let world = bitdefender::World::generate(spec);
                Arc::new(bitdefender::Bitdefender::new(world, bitdefender::Options::default()))
            }
        })?;
        let large = Fault::rewrite_json(|_, page| {
            let records = ["data", "resources"].into_iter().find_map(|name| page.get(name)?.as_array());
            let each = PAGE / records.map_or(1, Vec::len).max(1);
            for records in ["data", "resources"] {
                for record in page.get_mut(records).and_then(|all| all.as_array_mut()).into_iter().flatten() {
                    // Many small members, as records have, and not so many in one list that the page is refused.
                    let list = || (0..100).map(|number| format!("member {number} of a record")).collect();
                    record["more"] =
                        (0..each.div_ceil(2_700)).map(|_| -> serde_json::Value { list() }).collect();
                }
            }
        });
        let text = format!(
            "[[connections]]\nname = \"bench\"\nvendor = \"{vendor}\"\nbase_url = \"{}{base_path}\"\n\
             api_key = {{ env = \"KEY\" }}\nrequests_per_second = 1000\n",
            served.origin()
        );
        let environment = |_: &str| Some(key.into());
        let configuration = Configuration::parse(&text, Path::new("cspm.toml"), &environment)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let worst = |_| -> Outcome<Duration> {
            served.simulator().faults().clear();
            served.simulator().faults().on(page.clone(), Which::Nth(1), large.clone());
            let log = served.simulator().log();
            log.clear();
            log.keep(1_000);
            runtime.block_on(async {
                let fleet = cspm::Fleet::connect(&configuration).map_err(|errors| format!("{errors:?}"))?;
                let query = cspm::FindingQuery { outcome: cspm::OutcomeFilter::All, ..Default::default() };
                let mut run = fleet.findings(&query)?;
                let late = Arc::new(Mutex::new(Duration::ZERO));
                let into = late.clone();
                let ticking = tokio::spawn(async move {
                    loop {
                        let due = tokio::time::Instant::now() + Duration::from_millis(1);
                        tokio::time::sleep_until(due).await;
                        if let Ok(mut late) = into.lock() {
                            *late = due.elapsed().max(*late);
                        }
                    }
                });
                while run.next_batch().await.is_some() {}
                ticking.abort();
                let report = run.finish();
                let met: usize = log.entries().iter().filter(|entry| !entry.faults.is_empty()).count();
                if !report.complete || met != 1 {
                    return Err(format!("{vendor}: {met} large pages, {report:?}").into());
                }
                let late = late.lock().map_err(|_| "a thread panicked")?;
                Ok(*late)
            })
        };
        let all: Vec<Duration> = (0..12).map(worst).collect::<Outcome<_>>()?;
        let least = all.into_iter().min().unwrap_or_default();
        let late = least.as_secs_f64() * 1e3;
        board.check(&format!("timers late for a page of 10 MB of {vendor}, ms"), late, 0.0, 10.0);
    }
    Ok(())
}

/// The least time of each, over rounds in which they take turns.
fn least<const N: usize>(mut works: [&mut dyn FnMut() -> Outcome<()>; N]) -> Outcome<[f64; N]> {
    const ROUNDS: u32 = 120;
    let mut least = [f64::INFINITY; N];
    for _ in 0..ROUNDS {
        for (work, least) in works.iter_mut().zip(&mut least) {
            let began = Instant::now();
            work()?;
            *least = began.elapsed().as_secs_f64().min(*least);
        }
    }
    Ok(least)
}

/// Decodes what a vendor answered, as its adapter does.
type Decode = Box<dyn Fn() -> Outcome<Vec<cspm::Finding>>>;

fn conformity_page() -> Outcome<Decode> {
    use cspm::conformity::decode::{Catalogue, decode_accounts, decode_checks, decode_rules};
    let vendor = Conformity::new(World::generate(&Spec::sizes(&[1_000])), conformity::Options::default());
    let key = ("authorization", format!("ApiKey {}", Conformity::DEMO_KEY));
    let get = |path: &str, query: &str| answer(&vendor, &key, path, query, None);
    let origin = cspm::Origin::new("bench", "conformity");
    let accounts = decode_accounts(&get("/v1/accounts", "")?, &origin)?.items;
    let catalogue = Catalogue::new(&accounts, decode_rules(&get("/v1/services", "")?, &origin)?.items);
    let account = accounts.first().and_then(|account| account.identity.id.clone()).ok_or("no account")?;
    let page =
        get("/v1/checks", &format!("accountIds={account}&page[size]={CONFORMITY_PAGE}&page[number]=0"))?;
    let query = cspm::FindingQuery::default();
    Ok(Box::new(move || Ok(decode_checks(&page, &catalogue, &query, &origin)?.items)))
}

/// Every insight's violations of every type.
fn insight_page() -> Outcome<Decode> {
    use cspm::insightcloudsec::decode::{
        Catalogue, Packs, decode_accounts, decode_insights, decode_resources,
    };
    let spec = insightcloudsec::Spec { exemptions: 0, ..insightcloudsec::Spec::default() };
    let world = insightcloudsec::World::generate(spec);
    let vendor = InsightCloudSec::new(world, insightcloudsec::Options::default());
    let key = ("api-key", insightcloudsec::DEMO_KEY.to_owned());
    let get = |path: &str| answer(&vendor, &key, path, "", None);
    let origin = cspm::Origin::new("bench", "insightcloudsec");
    let accounts = decode_accounts(&get("/v2/public/clouds/list")?, &origin)?.items;
    let packs = Packs::decode(&get("/v2/public/insights/packs/list")?)?.0;
    let listed = get("/v2/public/insights/list")?;
    let insights = decode_insights(&listed, &packs)?.0;
    let catalogue = Catalogue::new(&accounts, &insights);
    let listed: Vec<serde_json::Value> = serde_json::from_str(&listed)?;
    let mut pages = Vec::new();
    for (insight, said) in insights.iter().zip(&listed) {
        let id = format!("{}:{}", said["source"].as_str().unwrap_or_default(), said["insight_id"]);
        for kind in said["resource_types"].as_array().into_iter().flatten().filter_map(|kind| kind.as_str()) {
            let question = serde_json::json!({
                "selected_resource_type": kind, "insight": id, "insight_exemptions": false, "scopes": [],
                "filters": [], "limit": 1000,
            });
            let page = answer(&vendor, &key, "/v3/public/resource/query", "", Some(&question))?;
            pages.push((insight.clone(), kind.to_owned(), page));
        }
    }
    let query = cspm::FindingQuery::default();
    Ok(Box::new(move || {
        let mut findings = Vec::new();
        for (insight, kind, page) in &pages {
            findings.extend(decode_resources(page, insight, kind, &catalogue, &query, &origin)?.items);
        }
        Ok(findings)
    }))
}

fn check_page() -> Outcome<Decode> {
    use cspm::bitdefender::{Links, NextLink, decode};
    let spec = bitdefender::Spec { checks: 1_000, oddities: false, ..bitdefender::Spec::demo(1) };
    let vendor =
        bitdefender::Bitdefender::new(bitdefender::World::generate(spec), bitdefender::Options::default());
    let key = ("x-api-key", bitdefender::DEMO_KEY.to_owned());
    let get = |path: &str| answer(&vendor, &key, path, "page_limit=1000", None);
    let origin = cspm::Origin::new("bench", "bitdefender");
    let links = Links::new(cspm::BaseUrl::parse("https://bench.example/v1")?, NextLink::Rebase);
    let (scans, rules) = (get("/v1/setting/scans")?, get("/v1/cspm/rules")?);
    let catalogue = decode::Catalogue::from_pages(&scans, &rules, &links)?;
    let page = get("/v1/cspm/checks")?;
    let query = cspm::FindingQuery { outcome: cspm::OutcomeFilter::All, ..cspm::FindingQuery::default() };
    Ok(Box::new(move || Ok(decode::decode_checks(&page, &catalogue, &query, &origin, &links)?.items)))
}

/// Asks a simulated vendor without a network: a `POST` if there is a body.
fn answer(
    vendor: &dyn VendorSim,
    (name, key): &(&'static str, String),
    path: &str,
    query: &str,
    body: Option<&serde_json::Value>,
) -> Outcome<String> {
    use cspm::http::{HeaderMap, Method};
    let mut headers = HeaderMap::new();
    headers.insert(*name, key.parse()?);
    let (method, body) = match body {
        Some(body) => {
            headers.insert("content-type", "application/json".parse()?);
            (Method::POST, serde_json::to_vec(body)?)
        }
        None => (Method::GET, Vec::new()),
    };
    let (path, query) = (path.to_owned(), query.to_owned());
    let request = SimRequest { method, path, query, headers, body: body.into() };
    let answer = vendor.handle(&request, conformity::BASE_TIME);
    let text = String::from_utf8(answer.body.to_vec())?;
    if answer.status.is_success() { Ok(text) } else { Err(format!("{}: {text}", answer.status).into()) }
}

fn serve(vendor: Arc<dyn VendorSim>) -> Outcome<Served> {
    let simulator = Simulator::new(vendor);
    simulator.log().keep(0);
    Ok(simulator.serve_in_thread("127.0.0.1:0")?)
}

fn serve_conformity(spec: &Spec, throttle: Option<Throttle>) -> Outcome<Served> {
    let served = serve(Arc::new(Conformity::new(World::generate(spec), conformity::Options::default())))?;
    if let Some(throttle) = throttle {
        served.simulator().throttle().set(throttle);
    }
    Ok(served)
}

/// What a run of the program cost.
struct Run {
    findings: u64,
    requests: u64,
    throttled: u64,
    seconds: f64,
    peak_mib: f64,
}

fn collect(served: &Served, vendor: &str, arguments: &[&str]) -> Outcome<Run> {
    collect_with(served, vendor, arguments, "")
}

fn collect_with(served: &Served, vendor: &str, arguments: &[&str], line: &str) -> Outcome<Run> {
    let folder = tempfile::tempdir()?;
    let (base_path, key) = match vendor {
        "conformity" => ("/v1", Conformity::DEMO_KEY),
        _ => (bitdefender::BASE_PATH, bitdefender::DEMO_KEY),
    };
    let config = folder.path().join("cspm.toml");
    let report = folder.path().join("report.json");
    let base = format!("{}{base_path}", served.origin());
    fs::write(
        &config,
        format!(
            "[[connections]]\nname = \"bench\"\nvendor = \"{vendor}\"\nbase_url = \"{base}\"\napi_key = {{ env = \"KEY\" }}\n{line}\n"
        ),
    )?;
    let output = folder.path().join("findings.ndjson");
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_cspm"))
        .args(["findings", "-q", "--format", "ndjson", "--config"])
        .arg(&config)
        .arg("--report")
        .arg(&report)
        .arg("--output")
        .arg(&output)
        .args(arguments)
        .env("KEY", key)
        .stdout(Stdio::null())
        .spawn()?;
    let status = Path::new("/proc").join(child.id().to_string()).join("status");
    let mut peak_kib = 0;
    let exit = loop {
        // The high-water mark only rises, so the last look before the end is the one that counts. The first ones may be
        // looks at this process, which the other is a copy of until it runs its own program.
        peak_kib = fs::read_to_string(&status).ok().and_then(|text| high_water(&text)).unwrap_or(peak_kib);
        if let Some(exit) = child.try_wait()? {
            break exit;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let seconds = began.elapsed().as_secs_f64();
    if !exit.success() {
        return Err(format!(
            "the program ended with {exit}: {}",
            fs::read_to_string(&report).unwrap_or_default()
        )
        .into());
    }
    let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(&report)?)?;
    let figure =
        |name: &str| report.pointer(&format!("/connections/0/{name}")).and_then(serde_json::Value::as_u64);
    Ok(Run {
        findings: figure("findings").ok_or("no findings in the report")?,
        requests: figure("requests").ok_or("no requests in the report")?,
        throttled: figure("throttled").ok_or("no throttled in the report")?,
        seconds,
        peak_mib: peak_kib as f64 / 1024.0,
    })
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Fetches every page of every account over one connection and counts the bytes.
fn fetch_all(served: &Served) -> Outcome<u64> {
    let world = World::generate(&Spec::sizes(&[5_000; 60]));
    let mut stream = TcpStream::connect(served.address())?;
    let mut total = 0;
    for account in &world.accounts {
        for page in 0..5 {
            let request = format!(
                "GET /v1/checks?accountIds={}&page%5Bsize%5D=1000&page%5Bnumber%5D={page}&consistentPagination=true HTTP/1.1\r\nhost: bench\r\nauthorization: ApiKey {}\r\n\r\n",
                account.id,
                Conformity::DEMO_KEY
            );
            std::io::Write::write_all(&mut stream, request.as_bytes())?;
            total += read_answer(&mut stream)?;
        }
    }
    Ok(total)
}

/// Reads one answer of stated length to its end.
fn read_answer(stream: &mut TcpStream) -> Outcome<u64> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head)?.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).ok_or("no length")?;
    let length: u64 = length.trim().parse()?;
    let copied = std::io::copy(&mut stream.take(length), &mut std::io::sink())?;
    if copied == length { Ok(length) } else { Err("a short answer".into()) }
}

/// Shows figures and remembers whether one is out of bounds.
struct Board {
    /// How many findings a large run has.
    large: usize,
    beyond: Vec<String>,
}

impl Board {
    fn note(&self, what: &str, figure: f64) {
        show(&format!("{what:<60} {figure:>12.2}"));
    }

    fn check(&mut self, what: &str, figure: f64, least: f64, most: f64) {
        let within = (least..=most).contains(&figure);
        let verdict = if within { "" } else { "  BEYOND" };
        show(&format!("{what:<60} {figure:>12.2}   held to {least} to {most}{verdict}"));
        if !within {
            self.beyond.push(what.to_owned());
        }
    }

    fn verdict(self) -> Outcome<()> {
        if self.beyond.is_empty() {
            Ok(())
        } else {
            Err(format!("beyond bounds: {}", self.beyond.join("; ")).into())
        }
    }
}

fn show(line: &str) {
    // Nobody is left to tell if this cannot be shown.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), format!("{line}\n").as_bytes());
}
