//! Suppressions: `POST /cspm/vm/update` with a status, a remark and an end, for up to 100 checks a call (section 10). They
//! are listed as findings are, and a check's standing is read with the findings' own mapping.
//!
//! # What can be said
//!
//! * `risk_accepted`, without an end or until the end of a day, UTC: `expires_at` is a date, and the status becomes
//!   `needs_review` by itself when it has passed (the vendor does not name the time zone). A time is taken if it is the end
//!   of a day, as a whole or as findings show it (`T23:59:59Z`), and refused otherwise.
//! * `false_positive`, which has no end.
//! * A remark of at most 2000 characters: Unicode scalar values here. The vendor does not say which characters it counts; if it
//!   refuses a remark that is longer in another unit, the error says how long that is.
//!
//! Lifting sets the status `open`, without a remark.
//!
//! # What is believed
//!
//! How the vendor answers an update is not documented: any success is taken, its body is not, and each check is read back.
//! Only failing checks change; the predecessor left passing ones as they were, silently. That checks show the end of their
//! status is likely but not documented (6.2). One that shows neither end nor remark is told apart ([`Standing::end_untold`]).

use std::collections::HashSet;

use cspm_core::adapter::{Text, in_order};
use cspm_core::http::Method;
use cspm_core::{
    End, Error, ErrorKind, Known, Outcome, Result, Source, Standing, Suppression, SuppressionEntry,
    SuppressionKind, SuppressionOrder, SuppressionStore, SuppressionsOnFindings, async_trait, clean_text,
};
use cspm_http::{Call, Safety};
use serde::Serialize;

use crate::catalogue::Catalogue;
use crate::error::{READ_CHECK, UPDATE_CHECKS};
use crate::lenient::end;
use crate::map::{Asked, Mapper};
use crate::narrow::{CHECKS, is_uuid};
use crate::{Bitdefender, wire};

const UPDATE: &str = "/cspm/vm/update";
/// The most ids of one call.
const BATCH: usize = 100;
/// The longest remark, in characters.
const LONGEST_REMARK: usize = 2000;

const SECOND: i64 = 1000;
const DAY: i64 = 24 * 60 * 60 * SECOND;

/// The body of an update, its members in the document's order. What is not said is absent, never null.
#[derive(Serialize)]
struct Update<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_remarks: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    ids: Vec<String>,
}

fn status(kind: SuppressionKind) -> &'static str {
    match kind {
        SuppressionKind::RiskAccepted => "risk_accepted",
        SuppressionKind::FalsePositive => "false_positive",
    }
}

/// The remark of an order; `None` if there is nothing to say.
fn remark(order: &SuppressionOrder) -> Option<&str> {
    Some(order.reason.as_str()).filter(|reason| !reason.is_empty())
}

/// The last day of an accepted risk, `yyyy-mm-dd`; `None` if there is none.
fn last_day(until: End) -> Result<Option<String>> {
    let Some(over) = until.instant() else { return Ok(None) };
    let day: String = over.plus_millis(-1).to_string().chars().take("2026-03-31".len()).collect();
    let time = over.as_millis().rem_euclid(DAY);
    if time == 0 || time >= DAY - SECOND {
        return Ok(Some(day));
    }
    let message = format!(
        "Bitdefender's accepted risks end with a day, UTC, and not at a time of day; write {day}, through the end of that day"
    );
    Err(Error::new(ErrorKind::Config, message))
}

/// A check's id as it is sent: hyphenated, in lower case (section 10), however the UUID was written.
fn wire_id(id: &str) -> Result<String> {
    let mut uuid = id.to_ascii_lowercase();
    if uuid.len() == 32 && uuid.is_ascii() {
        [8, 13, 18, 23].into_iter().for_each(|place| uuid.insert(place, '-'));
    }
    if is_uuid(&uuid) {
        return Ok(uuid);
    }
    let id = clean_text(id, 100);
    let message = format!("\"{id}\" is no check; write its vendor_id, a UUID");
    Err(Error::new(ErrorKind::Config, message))
}

/// How a check stands.
fn decode_standing(text: &str, id: &str) -> Result<Standing> {
    let raw = wire::one(text, "check", id)?;
    let check: wire::Check<'_> =
        wire::record(raw, "check", 0).map_err(|rejected| Error::new(ErrorKind::Protocol, rejected.reason))?;
    let attributes = &check.attributes;
    let (catalogue, asked) = (Catalogue::default(), Asked::default());
    let nobody = cspm_core::Origin::new("", crate::NAME);
    let mut mapper = Mapper::new(&nobody, &catalogue, &asked, false);
    mapper.add(id, &check, raw);
    let finding = mapper.findings.pop().ok_or_else(|| Error::bug("a check was mapped to no finding"))?;
    let is_accepted = finding
        .suppression
        .as_ref()
        .is_some_and(|suppression| suppression.kind == status(SuppressionKind::RiskAccepted));
    let passes = finding.outcome == Outcome::Pass;
    Ok(Standing {
        obstacle: passes.then(|| "the check passes, and only failing checks can be suppressed".to_owned()),
        end_untold: is_accepted && attributes.expires_at.is_absent() && attributes.status_remarks.is_absent(),
        suppression: finding.suppression,
        handles: Vec::new(),
    })
}

impl Bitdefender {
    async fn standing_of(&self, id: &str) -> Result<Standing> {
        let sent = wire_id(id)?;
        let call = Call::get(READ_CHECK, format!("{CHECKS}/{sent}"));
        let answer = self.send_about(call, "check", id).await?;
        let standing = answer.text().and_then(|text| decode_standing(text, &sent));
        standing.map_err(|error| error.with_operation(READ_CHECK))
    }

    /// Sends an update of these findings. Whatever it is answered with, they are to be read back.
    async fn update(&self, findings: &[Known], change: Update<'_>) -> Result<Vec<Option<Standing>>> {
        let mut named = HashSet::new();
        let mut ids = Vec::with_capacity(findings.len());
        for finding in findings {
            let id = wire_id(&finding.id)?;
            if named.insert(id.clone()) {
                ids.push(id);
            }
        }
        let update = Update { ids, ..change };
        let call = Call::new(UPDATE_CHECKS, Method::POST, UPDATE, Safety::Write).json(&update)?;
        self.send(call).await.map(|_| Vec::new())
    }
}

/// The vendor may count a remark in another unit. That is said, and is then the likely reason of a refusal: each of the
/// checks was found before.
fn about_remark(error: Error, remark: Option<&str>) -> Error {
    let Some(remark) = remark.filter(|_| error.kind() == ErrorKind::InvalidRequest) else { return error };
    let (units, bytes) = (remark.encode_utf16().count(), remark.len());
    if units.max(bytes) <= LONGEST_REMARK {
        return error;
    }
    let characters = remark.chars().count();
    error.with_kind(ErrorKind::Config).with_hint(&format!(
        "the reason has {characters} characters, which are {units} UTF-16 units and {bytes} bytes; the vendor takes \
         {LONGEST_REMARK} and may count these: write a shorter one"
    ))
}

impl SuppressionsOnFindings for Bitdefender {}

#[async_trait]
impl SuppressionStore for Bitdefender {
    fn listing(&self) -> &dyn Source<SuppressionEntry> {
        self
    }

    fn express(&self, order: &SuppressionOrder) -> Result<Suppression> {
        let refused = |message: String| Err(Error::new(ErrorKind::Config, message));
        let length = order.reason.chars().count();
        if length > LONGEST_REMARK {
            return refused(format!(
                "the reason has {length} characters, and this vendor takes {LONGEST_REMARK}"
            ));
        }
        if order.kind == SuppressionKind::FalsePositive && order.until != End::Never {
            return refused(
                "Bitdefender's false positives have no end; write --until never, or --kind risk-accepted"
                    .to_owned(),
            );
        }
        Ok(Suppression {
            until: end(&Text(last_day(order.until)?.map(Into::into))),
            reason: remark(order).map(str::to_owned),
            by: None,
            kind: status(order.kind).to_owned(),
        })
    }

    fn batch(&self) -> usize {
        BATCH
    }

    /// A missing permission (401) is about the whole call, and asking more often does not help.
    fn is_about_some(&self, error: &Error) -> bool {
        matches!(error.kind(), ErrorKind::InvalidRequest | ErrorKind::NotFound)
    }

    async fn standing(&self, ids: &[String]) -> Vec<Result<Standing>> {
        let reads: Vec<_> = ids.iter().map(|id| self.standing_of(id)).collect();
        in_order(self.side_by_side, reads).await
    }

    async fn suppress(&self, findings: &[Known], order: &SuppressionOrder) -> Result<Vec<Option<Standing>>> {
        let change = Update {
            status: status(order.kind),
            status_remarks: remark(order),
            expires_at: last_day(order.until)?,
            ids: Vec::new(),
        };
        self.update(findings, change).await.map_err(|error| about_remark(error, remark(order)))
    }

    async fn lift(&self, findings: &[Known]) -> Result<Vec<Option<Standing>>> {
        let change = Update { status: "open", status_remarks: None, expires_at: None, ids: Vec::new() };
        self.update(findings, change).await
    }
}
