//! The settings of rules that accounts have of their own (vendor document, section 6).

use cspm_core::http::Method;
use cspm_core::{AccountRules, Error, ErrorKind, Noted, Result, RuleSettings, Verbatim, async_trait};
use cspm_http::encode;
use serde::Serialize;

use crate::Conformity;
use crate::decode::decode_account_rules;
use crate::policies::{noted, understood};
use crate::request::{GET_ACCOUNT_RULES, SET_ACCOUNT_RULES, get, send};
use crate::rule_settings::{Written, written};

#[async_trait]
impl AccountRules for Conformity {
    /// An account that never set a rule is answered with 404.
    async fn get(&self, account: &str) -> Result<Noted<RuleSettings>> {
        self.verdict.forget().await;
        let book = self.rule_book().await?;
        let call = get(GET_ACCOUNT_RULES, &path_of(account));
        let answer = match self.client.send(call).await {
            Ok(answer) => answer,
            Err(error) if error.status() == Some(404) => return Ok(Noted::plain(RuleSettings::new())),
            Err(error) => return Err(self.explain(error, GET_ACCOUNT_RULES).await),
        };
        understood(&answer, GET_ACCOUNT_RULES, |text| decode_account_rules(text, &book))
    }

    async fn set(&self, account: &str, rules: &RuleSettings, note: Option<&str>) -> Result<Noted<()>> {
        let book = self.rule_book().await?;
        let mut settings = Vec::with_capacity(rules.len());
        for (rule, setting) in rules {
            let mut setting = written(rule, setting, &book)?;
            setting.insert("id".to_owned(), Verbatim::of(rule)?);
            settings.push((rule, setting));
        }
        let (path, rule_settings) = match settings.as_slice() {
            [] => return Err(Error::new(ErrorKind::Config, "no rule is named to be set")),
            [(rule, setting)] => (format!("{}/{}", path_of(account), encode(rule)), Settings::One(setting)),
            many => (path_of(account), Settings::Many(many.iter().map(|(_, setting)| setting).collect())),
        };
        let body = Body { data: Data { attributes: Attributes { note, rule_settings } } };
        let answer = self.send(send(SET_ACCOUNT_RULES, Method::PATCH, &path, &body)?).await?;
        Ok(noted(&answer))
    }
}

fn path_of(account: &str) -> String {
    format!("/accounts/{}/settings/rules", encode(account))
}

#[derive(Serialize)]
struct Body<'a> {
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    attributes: Attributes<'a>,
}

#[derive(Serialize)]
struct Attributes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(flatten)]
    rule_settings: Settings<'a>,
}

#[derive(Serialize)]
enum Settings<'a> {
    #[serde(rename = "ruleSetting")]
    One(&'a Written),
    #[serde(rename = "ruleSettings")]
    Many(Vec<&'a Written>),
}
