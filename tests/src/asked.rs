//! What a vendor's log must show of every run, whatever happened in it: the credential in its one place, nothing before a
//! wait that was asked for is over, and as many refusals and repeats as the report tells.

use std::time::Duration;

use cspm_core::ConnectionReport;
use cspm_simulator::{Fault, LogEntry, RetryAfter};
use http::{HeaderMap, Method, StatusCode, header};

use crate::secrets::spellings;
use crate::{Kind, Lab};

/// Headers that may hold a credential; no other may.
const CREDENTIALS: [&str; 4] = ["authorization", "api-key", "x-api-key", "x-auth-token"];

/// A wait beyond this is not waited for by anybody.
const LONGEST_SENSIBLE_WAIT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Holds a reading run to what the vendor saw of it, and to what its report says of that.
pub(crate) fn check_run(lab: &Lab, entries: &[LogEntry], unheard: u64, report: &ConnectionReport) {
    for entry in entries {
        // A vendor whose questions are posted is the only one to which a reading run posts.
        let reads = entry.request.method == Method::GET
            || (lab.kind == Kind::InsightCloudSec && entry.request.method == Method::POST);
        assert!(reads, "a reading run sent {} {}", entry.request.method, entry.request.path);
    }
    let refused: Vec<_> =
        entries.iter().filter(|entry| entry.status == Some(StatusCode::TOO_MANY_REQUESTS)).collect();
    // What else met the same request may have kept the refusal from arriving.
    let arrived = refused.iter().filter(|entry| entry.faults.len() < 2).count() as u64;
    let told = arrived..=refused.len() as u64;
    assert!(
        told.contains(&report.throttled),
        "{} refusals; by the server's count {told:?}",
        report.throttled
    );
    let failed = entries.iter().filter(|entry| has_failed(entry)).count() as u64 + unheard;
    assert!(report.retries <= failed, "{} repeats after {failed} failures", report.retries);
    check(lab, entries).unwrap_or_else(|broken| panic!("{broken}"));
}

/// Whether the client may have had reason to ask again.
fn has_failed(entry: &LogEntry) -> bool {
    !entry.faults.is_empty() || entry.status.is_none_or(|status| !status.is_success())
}

/// Holds whatever was sent, reading or writing, to what holds of every request.
pub(crate) fn check(lab: &Lab, entries: &[LogEntry]) -> Result<(), String> {
    let secret = spellings(lab.secret());
    for entry in entries {
        credential_is_in_its_place(lab, entry, &secret)?;
    }
    // Over sockets a request may be under way when the vendor has begun to ask for a wait.
    if lab.is_in_process() { waits_were_kept(entries) } else { Ok(()) }
}

/// One credential in the one header that the vendor documents, and nowhere else.
fn credential_is_in_its_place(
    lab: &Lab,
    entry: &LogEntry,
    secret: &[(&'static str, String)],
) -> Result<(), String> {
    let request = &entry.request;
    let place = format!("{} {}", request.method, request.path);
    let is_login = lab.kind == Kind::InsightCloudSec && request.path.ends_with("/user/login");
    let held: Vec<&str> =
        CREDENTIALS.into_iter().filter(|name| request.headers.contains_key(*name)).collect();
    let fits = match (lab.kind, held.as_slice()) {
        (_, []) => is_login,
        (Kind::Conformity, ["authorization"]) | (Kind::InsightCloudSec, ["api-key" | "x-auth-token"]) => true,
        (Kind::Bitdefender, ["x-api-key"]) => true,
        _ => false,
    };
    if !fits || held.iter().any(|name| request.headers.get_all(*name).iter().count() != 1) {
        return Err(format!("{place} has the credentials {held:?}"));
    }
    if request.headers.contains_key(header::COOKIE) || request.headers.contains_key(header::REFERER) {
        return Err(format!("{place} has a cookie or a referer"));
    }
    let elsewhere =
        [request.path.as_bytes(), request.query.as_bytes(), &other_headers(&request.headers)].concat();
    let body: &[u8] = if is_login { b"" } else { &request.body };
    for (name, spelling) in secret {
        if [&elsewhere[..], body].iter().any(|text| memchr::memmem::find(text, spelling.as_bytes()).is_some())
        {
            return Err(format!("{place} has the credential ({name}) outside of its header"));
        }
    }
    Ok(())
}

fn other_headers(headers: &HeaderMap) -> Vec<u8> {
    let others = headers.iter().filter(|(name, _)| !CREDENTIALS.contains(&name.as_str()));
    others
        .flat_map(|(name, value)| [name.as_str().as_bytes(), b" ", value.as_bytes(), b"\n"].concat())
        .collect()
}

/// No request within a wait that the vendor stated, but for those that were on their way already.
fn waits_were_kept(entries: &[LogEntry]) -> Result<(), String> {
    for refused in entries {
        let (Some(stated), Some(told)) = (stated_wait(refused), refused.ended) else { continue };
        let until = told + stated;
        if let Some(early) = entries.iter().find(|entry| entry.at > told && entry.at < until) {
            return Err(format!(
                "request {} came {:?} before the stated wait was over",
                early.number,
                until - early.at
            ));
        }
    }
    Ok(())
}

/// The whole seconds that an answer asked to wait. Whatever else met the same request may have taken them out of it.
fn stated_wait(entry: &LogEntry) -> Option<Duration> {
    let seconds = match entry.faults.as_slice() {
        [Fault::Throttled { retry_after: RetryAfter::Seconds(seconds) }] => *seconds,
        [Fault::Status { status, headers, .. }] if matches!(status.as_u16(), 429 | 502..=504) => {
            headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?
        }
        _ => return None,
    };
    Some(Duration::from_secs(seconds)).filter(|wait| *wait <= LONGEST_SENSIBLE_WAIT)
}
