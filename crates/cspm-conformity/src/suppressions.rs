//! Suppressions: `PATCH /checks/{id}`, one check a call (vendor document, section 4.5); listed as findings are.

use cspm_core::adapter::in_order;
use cspm_core::http::Method;
use cspm_core::{
    Error, ErrorKind, Known, Result, Source, Standing, Suppression, SuppressionEntry, SuppressionKind,
    SuppressionOrder, SuppressionStore, SuppressionsOnFindings, Timestamp, async_trait,
};
use cspm_http::encode;
use serde::Serialize;

use crate::Conformity;
use crate::decode::{decode_standing, suppression};
use crate::error::missing;
use crate::policies::understood;
use crate::request::{GET_CHECK, SUPPRESS_CHECK, UNSUPPRESS_CHECK, get, send};

/// The longest note that is known to be taken: the vendor's own tool cuts there (section 4.5).
const LONGEST_NOTE: usize = 200;
/// Checks that are read or written at once.
const AT_ONCE: usize = 4;

impl SuppressionsOnFindings for Conformity {}

#[async_trait]
impl SuppressionStore for Conformity {
    fn listing(&self) -> &dyn Source<SuppressionEntry> {
        self
    }

    fn express(&self, order: &SuppressionOrder) -> Result<Suppression> {
        if order.kind != SuppressionKind::RiskAccepted {
            let message = "this vendor does not tell false positives from accepted risks";
            return Err(Error::new(ErrorKind::Config, message));
        }
        let length = order.reason.chars().count();
        if length > LONGEST_NOTE {
            let message = format!("the reason has {length} characters, and this vendor takes {LONGEST_NOTE}");
            return Err(Error::new(ErrorKind::Config, message));
        }
        Ok(suppression(end_of(order)))
    }

    fn batch(&self) -> usize {
        1
    }

    fn side_by_side(&self) -> usize {
        AT_ONCE
    }

    async fn standing(&self, ids: &[String]) -> Vec<Result<Standing>> {
        self.verdict.forget().await;
        let reads: Vec<_> = ids.iter().map(|id| self.standing_of(id)).collect();
        in_order(AT_ONCE, reads).await
    }

    async fn suppress(&self, findings: &[Known], order: &SuppressionOrder) -> Result<Vec<Option<Standing>>> {
        let attributes =
            Attributes { suppressed: true, suppressed_until: Some(end_of(order).map(Timestamp::as_millis)) };
        self.patch(SUPPRESS_CHECK, findings, attributes, Some(&order.reason)).await
    }

    async fn lift(&self, findings: &[Known]) -> Result<Vec<Option<Standing>>> {
        let attributes = Attributes { suppressed: false, suppressed_until: None };
        self.patch(UNSUPPRESS_CHECK, findings, attributes, None).await
    }
}

impl Conformity {
    /// How one check stands. One that does not exist is a 401 (section 4.3), or a 404 to whoever goes by the table of
    /// section 3.6; no access to its account is a 403.
    async fn standing_of(&self, id: &str) -> Result<Standing> {
        match self.send(get(GET_CHECK, &path_of(id))).await {
            Ok(answer) => understood(&answer, GET_CHECK, |text| decode_standing(text, id)),
            Err(error) => Err(match (error.status(), error.kind()) {
                (Some(401), ErrorKind::Permission) | (Some(404), _) => missing(error, "check", id),
                _ => error,
            }),
        }
    }

    /// Changes one check. Its answer shows how the check stands then; where it does not, it is read back.
    async fn patch(
        &self,
        operation: &'static str,
        findings: &[Known],
        attributes: Attributes,
        note: Option<&str>,
    ) -> Result<Vec<Option<Standing>>> {
        let [finding] = findings else { return Err(Error::bug("checks are suppressed one by one")) };
        let body = Body { data: Data { r#type: "checks", attributes }, meta: note.map(|note| Meta { note }) };
        let answer = self.send(send(operation, Method::PATCH, &path_of(&finding.id), &body)?).await?;
        Ok(vec![answer.text().and_then(|text| decode_standing(text, &finding.id)).ok()])
    }
}

/// The id is one segment: slashes and colons are encoded too (section 4.1).
fn path_of(id: &str) -> String {
    format!("/checks/{}", encode(id))
}

/// The end as the vendor keeps it, in whole milliseconds.
fn end_of(order: &SuppressionOrder) -> Option<Timestamp> {
    Timestamp::from_millis(order.until.instant()?.as_millis())
}

#[derive(Serialize)]
struct Body<'a> {
    data: Data,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Meta<'a>>,
}

#[derive(Serialize)]
struct Data {
    r#type: &'static str,
    attributes: Attributes,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Attributes {
    suppressed: bool,
    /// Null means without end; lifting says nothing of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed_until: Option<Option<i64>>,
}

#[derive(Serialize)]
struct Meta<'a> {
    note: &'a str,
}
