//! Suppressions, which this vendor calls exemptions (section 12): written and lifted.
//!
//! # Days
//!
//! An exemption begins and ends with dates; that a time of day is taken is not known. It is in force as long as its
//! `expiration_date` lies in the future (12.4), and a date is its first moment (the answer to a creation shows
//! `2024-06-01T00:00:00` for `2024-06-01`). For a day to be the last one, to its last moment, the day after it is sent; that
//! is also what reads back. A time is taken if it is the first moment of a day, UTC, and refused otherwise. It starts on the
//! present day by the vendor's clock.
//!
//! # What it says
//!
//! `notes` is the reason, `approver` the e-mail address of the user behind the credential: the vendor wants somebody to have
//! approved, and it is the only person known.
//!
//! # One for another
//!
//! There is no public call to change an exemption. Where one is in force that ends otherwise, the new one is created and then
//! the old one deleted, in this order, so that the finding is exempted all the while.

use std::collections::{HashMap, HashSet};

use cspm_core::{
    AccountQuery, Cursor, End, Error, ErrorKind, Known, Plan, Result, Scope, Source, Standing, Step,
    Suppression, SuppressionEntry, SuppressionKind, SuppressionOrder, SuppressionQuery, SuppressionStore,
    Timestamp, async_trait, clean_text, gather, http::Method,
};
use cspm_http::{Call, Safety};
use serde::Serialize;

use crate::catalogue::Packs;
use crate::error::{CREATE_EXEMPTIONS, DELETE_EXEMPTIONS, LIST_EXEMPTIONS};
use crate::exemptions::{Exemption, ExemptionQuery, decode, list_page, read};
use crate::ids::{SourcedId, key, type_in, with_colon};
use crate::map::cloud_in;
use crate::{InsightCloudSec, wire};

/// Resources that one call exempts. No limit is documented; the vendor's own tools send a handful.
const BATCH: usize = 100;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// A finding's id, taken apart: `<source>:<insight_id>/<resource_id>`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target<'a> {
    insight: SourcedId<'a>,
    resource: String,
}

impl<'a> Target<'a> {
    fn parse(id: &'a str) -> Result<Self> {
        let parts = id.split_once('/').and_then(|(insight, resource)| {
            Some(Self { insight: SourcedId::parse(insight)?, resource: with_colon(resource).into_owned() })
        });
        parts.filter(|target| key(&target.resource).contains(':')).ok_or_else(|| {
            let id = clean_text(id, 100);
            let message = format!("\"{id}\" is no finding; write <source>:<insight_id>/<resource_id>");
            Error::new(ErrorKind::Config, message)
        })
    }

    fn resource_type(&self) -> &str {
        type_in(&self.resource)
    }
}

#[derive(Serialize)]
struct Creation<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    approver: Option<&'a str>,
    insight_id: u64,
    insight_source: &'a str,
    resource_type: &'a str,
    resource_ids: Vec<&'a str>,
    start_date: String,
    expiration_date: Option<String>,
    notes: &'a str,
}

#[derive(Serialize)]
struct Deletion<'a> {
    exemption_ids: &'a [u64],
}

fn deletion(numbers: &[u64]) -> Result<Call> {
    Call::new(DELETE_EXEMPTIONS, Method::POST, "/v2/public/exemptions/delete", Safety::Write)
        .json(&Deletion { exemption_ids: numbers })
}

/// The date of an instant, UTC.
fn date(instant: Timestamp) -> String {
    instant.to_string().chars().take("2026-03-31".len()).collect()
}

/// The date to be sent for an end: exemptions end with the first moment of it.
fn expiration(until: End) -> Result<Option<String>> {
    match until.instant() {
        None => Ok(None),
        Some(end) if end.as_millis() % DAY == 0 => Ok(Some(date(end))),
        Some(end) => {
            let day = date(end);
            let message = format!(
                "InsightCloudSec's exemptions end with a day, UTC, and not at a time of day; write {day}, through the end of \
                 that day, or {day}T00:00:00Z, before it begins"
            );
            Err(Error::new(ErrorKind::Config, message))
        }
    }
}

/// How a finding stands: by the exemption in force that ends last, if there is one.
fn standing<'e>(in_force: impl IntoIterator<Item = &'e Exemption>) -> Standing {
    let mut last: Option<&Exemption> = None;
    let mut handles = Vec::new();
    for exemption in in_force {
        handles.push(exemption.id.clone());
        if last.is_none_or(|other| exemption.outlasts(other)) {
            last = Some(exemption);
        }
    }
    Standing { suppression: last.map(Exemption::suppression), handles, ..Standing::default() }
}

/// The vendor's numbers of the exemptions in force.
fn numbers(findings: &[Known]) -> Result<Vec<u64>> {
    let handles = findings.iter().flat_map(|finding| &finding.standing.handles);
    let numbers: Option<Vec<u64>> = handles.map(|handle| handle.parse().ok()).collect();
    numbers.ok_or_else(|| {
        Error::new(ErrorKind::Protocol, "an exemption has no number, without which it cannot be deleted")
    })
}

impl InsightCloudSec {
    /// All exemptions, in force or not.
    async fn all_exemptions(&self) -> Result<Vec<Exemption>> {
        let source: &dyn Source<Exemption> = self;
        let gathered = gather(source, ExemptionQuery { raw: false }).await;
        match gathered.shortfall() {
            Some(error) => Err(error.clone()),
            None => Ok(gathered.items),
        }
    }

    /// Says of findings that are not exempted why they cannot be, as far as two lists tell: their insight, or the cloud
    /// account of their resource, is not there. A list that cannot be read tells nothing. Whether the resource itself is
    /// there would cost a request each, and is left to the vendor.
    async fn missing(&self, targets: &[&Target<'_>]) -> Missing {
        if targets.is_empty() {
            return Missing::default();
        }
        let insights = match self.list_insights(&Packs::default()).await {
            Ok((insights, rejected)) if rejected.is_empty() => {
                Some(insights.iter().map(|insight| insight.rule.id.to_string()).collect())
            }
            _ => None,
        };
        let source: &dyn Source<cspm_core::Account> = self;
        let accounts = gather(source, AccountQuery::default()).await;
        let clouds = accounts.shortfall().is_none().then(|| {
            let ids = accounts.items.iter().filter_map(|account| account.identity.id.as_deref());
            ids.filter_map(cloud_in).map(|number| key(number).to_owned()).collect()
        });
        Missing { insights, clouds }
    }

    async fn delete_exemptions(&self, numbers: &[u64]) -> Result<()> {
        self.carry_out(deletion(numbers)?).await.map(|_| ())
    }

    /// Creates exemptions, and says which there are by the answer.
    async fn create_exemptions(&self, call: Call) -> Result<Vec<Exemption>> {
        let answer = self.carry_out(call).await?;
        // What the answer does not tell is read back.
        let created = answer.text().and_then(wire::parse_array).unwrap_or_default();
        Ok(created.into_iter().filter_map(|raw| read(raw, false).ok()).collect())
    }

    /// A 500 is also this vendor's word for an insight or a resource that it does not know (12.2). If the list shows none of
    /// the exemptions that were to be created, none was.
    async fn examine_500(&self, error: Error, findings: &[Known]) -> Error {
        let error =
            error.with_hint("this vendor answers 500 to an insight or a resource that it does not know");
        let Ok(there) = self.all_exemptions().await else { return error };
        let before: HashSet<&str> =
            findings.iter().flat_map(|finding| &finding.standing.handles).map(String::as_str).collect();
        let wanted: HashSet<&str> = findings.iter().map(|finding| key(&finding.id)).collect();
        let is_new = |one: &Exemption| {
            !before.contains(one.id.as_str())
                && one.is_active(self.now())
                && wanted.contains(key(&one.finding()))
        };
        if there.iter().any(is_new) { error } else { error.certain() }
    }
}

/// What is there; `None` if that is not known.
#[derive(Default)]
struct Missing {
    insights: Option<HashSet<String>>,
    clouds: Option<HashSet<String>>,
}

impl Missing {
    fn of(&self, target: &Target<'_>) -> Option<Error> {
        let insight = target.insight.to_string();
        if self.insights.as_ref().is_some_and(|known| !known.contains(&insight)) {
            return Some(Error::new(ErrorKind::NotFound, format!("there is no insight {insight}")));
        }
        let cloud = cloud_in(&target.resource)?;
        if self.clouds.as_ref().is_some_and(|known| !known.contains(cloud)) {
            let message = format!("there is no cloud account {cloud} in the user's present organization");
            return Some(Error::new(ErrorKind::NotFound, message));
        }
        None
    }
}

#[async_trait]
impl Source<SuppressionEntry> for InsightCloudSec {
    async fn plan(&self, _query: &SuppressionQuery) -> Result<Plan> {
        Ok(Plan { notices: self.notices(), ..Plan::of(vec![Scope::labelled("listing", "exemptions")]) })
    }

    async fn step(
        &self,
        _query: &SuppressionQuery,
        _scope: &Scope,
        at: &Cursor,
    ) -> Result<Step<SuppressionEntry>> {
        let answer = self.send(list_page(at)?).await?;
        let step =
            decode(answer.text()?, at, false).map_err(|error| error.with_operation(LIST_EXEMPTIONS))?;
        let now = self.now();
        let entry = |one: Exemption| SuppressionEntry {
            since: one.start,
            active: one.is_active(now),
            ..SuppressionEntry::new(&self.origin, one.id.clone(), one.finding(), one.suppression())
        };
        Ok(step.map(entry))
    }
}

#[async_trait]
impl SuppressionStore for InsightCloudSec {
    fn listing(&self) -> &dyn Source<SuppressionEntry> {
        self
    }

    fn express(&self, order: &SuppressionOrder) -> Result<Suppression> {
        if order.kind == SuppressionKind::FalsePositive {
            let message =
                "InsightCloudSec's exemptions have no kind; say in the reason that it is a false positive";
            return Err(Error::new(ErrorKind::Config, message));
        }
        expiration(order.until)?;
        let reason = Some(order.reason.clone()).filter(|reason| !reason.is_empty());
        Ok(Suppression { until: order.until.instant(), reason, by: None, kind: "exemption".to_owned() })
    }

    fn batch(&self) -> usize {
        BATCH
    }

    /// One call is about one insight and one type of resource.
    fn group(&self, findings: Vec<Known>) -> Vec<Vec<Known>> {
        let mut groups: Vec<Vec<Known>> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for finding in findings {
            let head = match Target::parse(&finding.id) {
                Ok(target) => format!("{}/{}", target.insight, target.resource_type()),
                Err(_) => finding.id.clone(),
            };
            let place = *places.entry(head).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.push(finding),
                None => groups.push(vec![finding]),
            }
        }
        groups
    }

    /// The whole list tells of any number of findings.
    fn window(&self) -> usize {
        usize::MAX
    }

    async fn standing(&self, ids: &[String]) -> Vec<Result<Standing>> {
        self.settle_in().await;
        let all = match self.all_exemptions().await {
            Ok(all) => all,
            Err(error) => return ids.iter().map(|_| Err(error.clone())).collect(),
        };
        let now = self.now();
        let mut in_force: HashMap<String, Vec<&Exemption>> = HashMap::new();
        for exemption in all.iter().filter(|one| one.is_active(now)) {
            in_force.entry(key(&exemption.finding()).to_owned()).or_default().push(exemption);
        }
        let targets: Vec<Result<Target<'_>>> = ids.iter().map(|id| Target::parse(id)).collect();
        let of = |target: &Target<'_>| in_force.get(key(&format!("{}/{}", target.insight, target.resource)));
        let open: Vec<&Target<'_>> = targets.iter().flatten().filter(|target| of(target).is_none()).collect();
        let missing = self.missing(&open).await;
        let stand = |target: Result<Target<'_>>| {
            let target = target?;
            match of(&target) {
                Some(exemptions) => Ok(standing(exemptions.iter().copied())),
                None => missing.of(&target).map_or(Ok(Standing::default()), Err),
            }
        };
        targets.into_iter().map(stand).collect()
    }

    async fn suppress(&self, findings: &[Known], order: &SuppressionOrder) -> Result<Vec<Option<Standing>>> {
        let targets =
            findings.iter().map(|finding| Target::parse(&finding.id)).collect::<Result<Vec<_>>>()?;
        let Some(first) = targets.first() else { return Ok(Vec::new()) };
        let expiration_date = expiration(order.until)?;
        let caller = self.may_write().await?;
        let creation = Creation {
            approver: caller.approver.as_deref(),
            insight_id: first.insight.number,
            insight_source: first.insight.source,
            resource_type: first.resource_type(),
            resource_ids: targets.iter().map(|target| target.resource.as_str()).collect(),
            start_date: date(self.now()),
            expiration_date,
            notes: &order.reason,
        };
        let path = "/v2/public/exemptions/create";
        let call = Call::new(CREATE_EXEMPTIONS, Method::POST, path, Safety::Write).json(&creation)?;
        let created = match self.create_exemptions(call).await {
            Ok(created) => created,
            Err(error) if error.status() == Some(500) => return Err(self.examine_500(error, findings).await),
            Err(error) => return Err(error),
        };
        let older = numbers(findings)?;
        if !older.is_empty() {
            // From here on the new ones are there: whatever happens is to be read back.
            self.delete_exemptions(&older).await.map_err(Error::uncertain)?;
        }
        let now = self.now();
        let told = targets.iter().map(|target| {
            let is_it = |one: &&Exemption| {
                one.insight == target.insight.to_string() && key(&one.resource_id) == key(&target.resource)
            };
            let mine: Vec<&Exemption> =
                created.iter().filter(is_it).filter(|one| one.is_active(now)).collect();
            (!mine.is_empty()).then(|| standing(mine))
        });
        Ok(told.collect())
    }

    async fn lift(&self, findings: &[Known]) -> Result<Vec<Option<Standing>>> {
        let due = numbers(findings)?;
        self.may_write().await?;
        let told = || findings.iter().map(|_| Some(Standing::default())).collect();
        match self.delete_exemptions(&due).await {
            Ok(()) => Ok(told()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // One of them is gone already. Whether the others were deleted is not documented (12.3): the list tells.
                let all = self.all_exemptions().await.map_err(Error::uncertain)?;
                let there: HashSet<u64> = all.iter().filter_map(Exemption::number).collect();
                let left: Vec<u64> = due.into_iter().filter(|number| there.contains(number)).collect();
                if !left.is_empty() {
                    self.delete_exemptions(&left).await.map_err(Error::uncertain)?;
                }
                Ok(told())
            }
            Err(error) => Err(error),
        }
    }
}
