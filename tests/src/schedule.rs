//! Random schedules of faults, and what must be true of every run under one (rows Z01 and Z02 of the catalogue).
//!
//! A run ends complete and equal to the truth, or partial with a report that says so; there is no third outcome. Whatever
//! breaks that is told with the seed, after the schedule was made as short as it can be and still breaks it.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use cspm::Fleet;
use cspm_simulator::{ErrorBody, Fault, Match, RetryAfter, Rule, Which};
use fastrand::Rng;
use futures_util::{FutureExt, StreamExt};
use http::StatusCode;

use crate::{Installation, Kind, KindExt, Lab, Setup, everything, truth};

/// A world and the faults that its requests meet.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The vendor.
    pub kind: Kind,
    /// What it was made from.
    pub seed: u64,
    /// How many findings each piece of the world has.
    pub pieces: Vec<usize>,
    /// The faults.
    pub faults: Vec<Rule>,
    /// Z02: after how many findings the reader goes away, and how long it waits before each.
    pub reader: Option<(usize, Duration)>,
}

/// What a run under a schedule came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Played {
    /// Requests that the vendor saw.
    pub requests: u64,
    /// Those of them that met a fault.
    pub faults: u64,
    /// Findings that were handed on.
    pub findings: u64,
    /// Whether the run was called complete.
    pub complete: bool,
}

impl Schedule {
    /// Makes one.
    #[must_use]
    pub fn random(kind: Kind, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x5eed);
        let mut pieces: Vec<usize> = (0..rng.usize(1..6)).map(|_| rng.usize(0..40)).collect();
        if rng.u8(..) < 32 {
            // Now and then a listing of more than one page.
            pieces.push(kind.page() + rng.usize(1..60));
        }
        let faults = (0..rng.usize(1..6)).map(|_| rule(kind, &mut rng)).collect();
        Self { kind, seed, pieces, faults, reader: None }
    }

    /// The same with a reader that is slow and goes away.
    #[must_use]
    pub fn deserted(mut self) -> Self {
        let mut rng = Rng::with_seed(self.seed ^ 0xdead);
        self.reader = Some((rng.usize(0..80), Duration::from_millis(rng.u64(0..3_000))));
        self
    }

    fn lab(&self) -> Lab {
        let lab = Setup::new(Installation::pieces(self.kind, &self.pieces)).start();
        for fault in &self.faults {
            lab.simulator.faults().add(fault.clone());
        }
        lab
    }

    /// Runs it and holds the run to its promises.
    ///
    /// # Errors
    /// What was broken.
    pub async fn play(&self) -> Result<Played, String> {
        let playing = async {
            let lab = self.lab();
            match self.reader {
                None => self.play_to_the_end(&lab).await,
                Some((findings, wait)) => self.desert(&lab, findings, wait).await,
            }
        };
        // What holds of every run is held by panics; here it is to be told with the seed.
        let played = AssertUnwindSafe(playing).catch_unwind().await;
        played.unwrap_or_else(|panic| match panic.downcast::<String>() {
            Ok(words) => Err(*words),
            Err(_) => Err("it panicked".to_owned()),
        })
    }

    async fn play_to_the_end(&self, lab: &Lab) -> Result<Played, String> {
        let outcome = lab.everything().await;
        let (found, all) = (outcome.ids(), truth::ids(lab));
        if found.len() != outcome.items.len() {
            return Err(format!("{} findings, {} different ones", outcome.items.len(), found.len()));
        }
        if let Some(foreign) = found.difference(&all).next() {
            return Err(format!("{foreign} is not the vendor's"));
        }
        if outcome.report.complete && found != all {
            return Err(format!("called complete with {} of {}", found.len(), all.len()));
        }
        if !outcome.report.complete && outcome.errors().is_empty() {
            return Err("called partial, and nothing says why".to_owned());
        }
        let books = |scope: &&cspm_core::ScopeReport| {
            scope.complete && scope.expected.is_some_and(|expected| expected != scope.received)
        };
        if let Some(scope) = outcome.connection().scopes.iter().find(books) {
            return Err(format!("a scope whose count does not come out is called complete: {scope:?}"));
        }
        Ok(played(lab, found.len(), outcome.report.complete))
    }

    async fn desert(&self, lab: &Lab, findings: usize, wait: Duration) -> Result<Played, String> {
        let fleet = Fleet::new().with(lab.vendor.clone());
        let mut run = fleet.findings(&everything()).map_err(|error| error.to_string())?;
        let mut found = 0;
        while found < findings && run.next().await.is_some() {
            found += 1;
            tokio::time::sleep(wait).await;
        }
        drop(run);
        let before = lab.log().count();
        tokio::time::sleep(Duration::from_secs(600)).await;
        let after = lab.log().count() - before;
        if after > 0 {
            return Err(format!("{after} requests after the reader had gone"));
        }
        crate::asked::check(lab, &lab.log().entries())?;
        Ok(played(lab, found, false))
    }

    /// The shortest schedule, faults taken away one by one, that is still broken in some way.
    pub async fn shrunk(mut self) -> Self {
        let mut at = 0;
        while at < self.faults.len() {
            let mut shorter = self.clone();
            shorter.faults.remove(at);
            if shorter.play().await.is_err() {
                self = shorter;
            } else {
                at += 1;
            }
        }
        self
    }
}

fn played(lab: &Lab, findings: usize, complete: bool) -> Played {
    let entries = lab.log().entries();
    let faults = entries.iter().filter(|entry| !entry.faults.is_empty()).count() as u64;
    Played { requests: lab.log().count(), faults, findings: findings as u64, complete }
}

fn rule(kind: Kind, rng: &mut Rng) -> Rule {
    let when = if rng.bool() { kind.listing() } else { Match::any() };
    let which = match rng.u8(0..6) {
        0 => Which::Every,
        1 => Which::First(rng.u64(1..8)),
        2 => Which::From(rng.u64(1..12)),
        3 => Which::Probability(f64::from(rng.u8(1..6)) / 10.0),
        _ => Which::Nth(rng.u64(1..12)),
    };
    Rule::new(when, which, fault(rng)).seed(rng.u64(..))
}

fn fault(rng: &mut Rng) -> Fault {
    let statuses = [400, 401, 403, 404, 408, 409, 410, 422, 429, 500, 501, 502, 503, 504];
    let bodies = [
        ErrorBody::Errors,
        ErrorBody::Message,
        ErrorBody::ErrorObject,
        ErrorBody::ErrorString,
        ErrorBody::ControlCharacters,
    ];
    let body = bodies[rng.usize(..bodies.len())].clone();
    let after = rng.usize(0..3_000);
    match rng.u8(0..26) {
        0..=5 => {
            let status = statuses[rng.usize(..statuses.len())];
            Fault::status_with(StatusCode::from_u16(status).expect("a status"), body)
        }
        6 | 7 => Fault::throttled(rng.u64(0..40)),
        8 => Fault::Throttled { retry_after: RetryAfter::None },
        9 => Fault::Delay(Duration::from_millis(rng.u64(0..90_000))),
        10 => Fault::DelayRandom { from: Duration::ZERO, to: Duration::from_secs(2) },
        11 => Fault::ResetBeforeAnswer,
        12 => Fault::CloseBeforeAnswer,
        13 => Fault::ResetInBody { after },
        14 => Fault::CloseInBody { after },
        15 => Fault::ChunkedWithoutEnd,
        16 => Fault::TruncateJsonAt(after),
        17 => Fault::OkWithHtml,
        18 => Fault::OkWithErrorBody(body),
        19 => Fault::EmptyBody,
        20 => Fault::NoContent,
        21 => Fault::NotHttp(b"220 mail.example ESMTP\r\n".as_slice().into()),
        22 => Fault::GzipCut,
        23 => Fault::NeverAnswer,
        24 => Fault::HalfBodyThenStall,
        _ => Fault::InvalidUtf8 { field: None },
    }
}
