//! What an event costs, as ratios: wall time here is noisy, ratios of interleaved rounds are less so. Each figure is
//! the least of many rounds.
//!
//! `cargo bench -p cspm-ocsf`

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use cspm_core::Finding;
use cspm_ocsf::{Context, Event, Validator, Version, Writer, event, step_down};

const ROUNDS: usize = 60;
const PER_ROUND: u32 = 500;

const FINDING: &str = r#"{"uid":"conformity:prod:acc-7f3e:S3-017:example-invoices","connection":"prod","vendor":"conformity","vendor_id":"acc-7f3e:S3-017:example-invoices","title":"Bucket enforces encryption in transit","description":"Every bucket policy must reject plain HTTP requests.","message":"Bucket example-invoices accepts requests without TLS.","outcome":"fail","severity":"high","vendor_severity":"HIGH","state":"open","suppression":null,"rule":{"id":"S3-017","title":"Bucket enforces encryption in transit","service":"S3","url":"https://vendor.example.com/rules/S3-017"},"resource":{"id":"arn:aws:s3:::example-invoices","name":"example-invoices","type":"AWS::S3::Bucket"},"account":{"id":"acc-7f3e","cloud_id":"123456789012","name":"billing-prod","provider":"aws"},"region":"eu-west-1","categories":["security"],"standards":[{"id":"CIS-AWS-3.0","control":"2.1.1"},{"id":"PCI-DSS-4.0","control":null}],"tags":{"env":"prod","team":"payments"},"first_seen":"2026-03-02T09:14:05Z","last_seen":"2026-06-01T08:30:00Z","updated":"2026-05-20T10:00:00.25Z","resolved":null,"url":"https://cspm.example.com/checks/1","remediation":{"text":"Add a deny statement on aws:SecureTransport to the bucket policy.","url":"https://vendor.example.com/kb/S3-017"}}"#;

const READ: &str = "read a finding from JSON";
const WRITE: &str = "map and write, 1.8";
const CHECK: &str = "map, validate and write, 1.8";
const WRITE_OLD: &str = "map, step down and write, 1.3";
const CHECK_OLD: &str = "map, step down, validate and write, 1.3";

type Outcome = Result<(), Box<dyn Error>>;
type Measured<'a> = (&'static str, Box<dyn FnMut() -> Outcome + 'a>);

fn main() -> Outcome {
    let finding: Finding = serde_json::from_str(FINDING)?;
    let context = Context::new("run-1", cspm_core::Timestamp::now());
    let newest = event(&finding, &context);
    let text = serde_json::to_string(&newest)?;
    let value: serde_json::Value = serde_json::from_str(&text)?;
    let validator = Validator::new();
    let old = step_down(newest.clone(), Version::V1_3);
    let mut buffer = Vec::with_capacity(1 << 14);

    let mut measured: Vec<Measured<'_>> = vec![
        (READ, Box::new(|| done(serde_json::from_str::<Finding>(FINDING)?))),
        (
            "write a finding as JSON",
            Box::new(|| {
                buffer.clear();
                Ok(serde_json::to_writer(&mut buffer, black_box(&finding))?)
            }),
        ),
        ("map to an event", Box::new(|| done(event(&finding, &context)))),
        (WRITE, writing(Writer::new(io::sink(), Version::V1_8).without_validation(), &finding, &context)),
        (CHECK, writing(Writer::new(io::sink(), Version::V1_8), &finding, &context)),
        ("map and step down to 1.3", stepping(&finding, &context, Version::V1_3)),
        (WRITE_OLD, writing(Writer::new(io::sink(), Version::V1_3).without_validation(), &finding, &context)),
        (CHECK_OLD, writing(Writer::new(io::sink(), Version::V1_3), &finding, &context)),
        ("validate the event", Box::new(|| valid(&validator.check_event(black_box(&newest))))),
        (
            "validate the event at 1.3",
            Box::new(|| old.iter().try_for_each(|old| valid(&validator.check_event(old)))),
        ),
        ("validate a value", Box::new(|| valid(&validator.check(black_box(&value))))),
        ("read a value from JSON", Box::new(|| done(serde_json::from_str::<serde_json::Value>(&text)?))),
    ];
    let least = least(&mut measured)?;
    let of = |name: &str| least.iter().find(|(other, _)| *other == name).map_or(f64::NAN, |(_, time)| *time);

    let mut out = io::stdout().lock();
    for (name, nanos) in &least {
        writeln!(out, "{name:<40}{:>8.2} us", nanos / 1000.0)?;
    }
    for (what, over, under) in [
        ("map and write / read a finding", WRITE, READ),
        ("map, validate, write / map and write, 1.8", CHECK, WRITE),
        ("map, validate, write / map and write, 1.3", CHECK_OLD, WRITE_OLD),
    ] {
        writeln!(out, "{what:<44}{:.2}", of(over) / of(under))?;
    }
    Ok(())
}

fn stepping<'a>(
    finding: &'a Finding,
    context: &'a Context,
    version: Version,
) -> Box<dyn FnMut() -> Outcome + 'a> {
    Box::new(move || {
        let events: Vec<Event<'_>> = step_down(event(finding, context), version);
        done(events)
    })
}

fn writing<'a>(
    mut writer: Writer<io::Sink>,
    finding: &'a Finding,
    context: &'a Context,
) -> Box<dyn FnMut() -> Outcome + 'a> {
    Box::new(move || Ok(writer.write(black_box(finding), context)?))
}

fn done<T>(made: T) -> Outcome {
    drop(black_box(made));
    Ok(())
}

fn valid(issues: &[cspm_ocsf::Issue]) -> Outcome {
    match issues.first() {
        None => Ok(()),
        Some(issue) => Err(issue.to_string().into()),
    }
}

/// The least time of one call in nanoseconds, over rounds in which all take turns.
fn least(measured: &mut [Measured<'_>]) -> Result<Vec<(&'static str, f64)>, Box<dyn Error>> {
    let mut least = vec![Duration::MAX; measured.len()];
    for _ in 0..ROUNDS {
        for ((_, run), least) in measured.iter_mut().zip(&mut least) {
            let start = Instant::now();
            for _ in 0..PER_ROUND {
                run()?;
            }
            *least = start.elapsed().min(*least);
        }
    }
    let names = measured.iter().map(|(name, _)| *name);
    Ok(names.zip(least).map(|(name, time)| (name, time.as_secs_f64() * 1e9 / f64::from(PER_ROUND))).collect())
}
