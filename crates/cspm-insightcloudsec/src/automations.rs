//! Automations, which this vendor calls bots (section 14).

use cspm_core::adapter::object;
use cspm_core::{
    Automation, AutomationQuery, AutomationStore, Cursor, Error, ErrorKind, Origin, Plan, Rejected, Result,
    Scope, Source, Step, Then, async_trait, clean_text, http::Method,
};
use cspm_http::{Call, Safety};
use serde::Serialize;

use crate::error::{LIST_BOTS, PAUSE_BOT, RESUME_BOT};
use crate::ids::segment;
use crate::{InsightCloudSec, wire};

/// Used by field staff against real installations (3.3).
const LIMIT: u64 = 500;

#[derive(Serialize)]
struct Page {
    filters: [(); 0],
    limit: u64,
    offset: u64,
}

fn list(offset: u64) -> Result<Call> {
    Call::new(LIST_BOTS, Method::POST, "/v2/public/botfactory/list", Safety::Read).json(&Page {
        filters: [],
        limit: LIMIT,
        offset,
    })
}

/// Decodes a page of bots. It is the last one if as many were sent as there are, or none: a short page proves nothing.
fn decode(text: &str, offset: u64, origin: &Origin) -> Result<Step<Automation>> {
    let page: wire::BotPage<'_> = wire::parse(text)?;
    if let Some(error) = wire::refusal(&page.error_message) {
        return Err(error);
    }
    let total = page.count.number();
    let bots = match page.bots {
        Some(bots) => bots,
        // Null, missing and empty are the same (22.2, number 3), where the answer says that there are none.
        None if total == Some(0) => Vec::new(),
        None => return Err(Error::new(ErrorKind::Protocol, "the answer has no list of bots")),
    };
    let after = offset + bots.len() as u64;
    let is_last = bots.is_empty() || total.is_some_and(|total| after >= total);
    let then = if is_last { Then::Done } else { Then::Next(Cursor::Offset(after)) };
    let mut step = Step::with(Vec::with_capacity(bots.len()), then).expecting(total);
    for (place, raw) in (offset + 1..).zip(&bots) {
        let bot = object::<wire::Bot<'_>>(raw.get()).map_err(|error| wire::reason(&error));
        match bot.and_then(|bot| automation(&bot, origin)) {
            Ok(bot) => step.items.push(bot),
            Err(reason) => step.rejected.push(Rejected { name: format!("bot {place} of the list"), reason }),
        }
    }
    Ok(step)
}

fn automation(bot: &wire::Bot<'_>, origin: &Origin) -> std::result::Result<Automation, String> {
    let id = bot.resource_id.owned().ok_or("it has no resource_id")?;
    Ok(Automation {
        name: bot.name.owned(),
        description: bot.description.owned(),
        state: bot.state.owned(),
        rule: bot.source.get().zip(bot.insight_id.get()).map(|(source, number)| format!("{source}:{number}")),
        ..Automation::new(origin, id)
    })
}

impl InsightCloudSec {
    /// Pauses or resumes a bot. Its id is sent as the vendor gave it.
    async fn switch_bot(&self, operation: &'static str, id: &str, verb: &str) -> Result<()> {
        if !id.starts_with("divvybot:") {
            let message =
                format!("\"{}\" is no bot; write divvybot:<organization>:<number>", clean_text(id, 60));
            return Err(Error::new(ErrorKind::Config, message));
        }
        let path = format!("/v2/public/botfactory/{}/{verb}", segment(id));
        let call = Call::new(operation, Method::POST, path, Safety::Write).json(&serde_json::Map::new())?;
        self.write(call).await.map(|_| ())
    }
}

#[async_trait]
impl Source<Automation> for InsightCloudSec {
    async fn plan(&self, _query: &AutomationQuery) -> Result<Plan> {
        self.settle_in().await;
        Ok(Plan { notices: self.notices(), ..Plan::of(vec![Scope::labelled("listing", "bots")]) })
    }

    async fn step(&self, _query: &AutomationQuery, _scope: &Scope, at: &Cursor) -> Result<Step<Automation>> {
        let offset = if let Cursor::Offset(offset) = at { *offset } else { 0 };
        let answer = self.send(list(offset)?).await?;
        decode(answer.text()?, offset, &self.origin).map_err(|error| error.with_operation(LIST_BOTS))
    }
}

#[async_trait]
impl AutomationStore for InsightCloudSec {
    fn listing(&self) -> &dyn Source<Automation> {
        self
    }

    /// Events that wait for the bot are dropped by the vendor (14.2).
    async fn pause(&self, id: &str) -> Result<()> {
        self.switch_bot(PAUSE_BOT, id, "pause").await
    }

    /// The bot does not look at what happened meanwhile (14.2).
    async fn resume(&self, id: &str) -> Result<()> {
        self.switch_bot(RESUME_BOT, id, "resume").await
    }
}
