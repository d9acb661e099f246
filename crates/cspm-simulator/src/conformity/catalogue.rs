//! Services and rules, and `GET /services` (section 8).

use serde_json::{Map, Value, json};

use super::check::Text;
use super::errors::{Answer, ok};
use super::options::RuleLayout;
use super::world::{Provider, World};

/// The rule catalogue.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// The services.
    pub services: Vec<Service>,
    /// The rules.
    pub rules: Vec<Rule>,
}

impl Catalogue {
    /// The rule with this id.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| &*rule.id == id)
    }
}

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// The id, the same as in a check's id.
    pub id: Text,
    /// The name.
    pub name: Text,
    /// The cloud; missing in old records.
    pub provider: Option<Provider>,
}

/// A rule. Its prefix is not the service's name.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The id.
    pub id: Text,
    /// The id of its service.
    pub service: Text,
    /// A code name, which is not unique.
    pub name: Text,
    /// The title.
    pub title: Text,
    /// The description.
    pub description: Text,
    /// The cloud.
    pub provider: Provider,
    /// The categories.
    pub categories: Vec<Text>,
    /// The standards.
    pub compliances: Vec<Text>,
    /// The risk level, or `CUSTOM`.
    pub risk_level: Text,
    /// Whether a check's risk level depends on what was found; the rule's own cannot be configured then.
    pub multi_risk_level: bool,
    /// Whether the rule does nothing until it is configured.
    pub must_be_configured: bool,
    /// `base`, `cost` or `rtm`.
    pub package: &'static str,
    /// Whether it belongs to the organisation rather than to an account.
    pub organisational: bool,
    /// Whether its checks are for information only.
    pub not_scored: bool,
    /// Whether it is deprecated.
    pub deprecated: bool,
    /// What it looks at: `resource`, `service`, `account`, `event`, `custom` ...
    pub level: &'static str,
    /// When it was released, `YYYY-MM-DD`.
    pub released: Text,
    /// When it was last changed, `YYYY-MM-DD`.
    pub updated: Text,
    /// The default extra settings as they go on the wire (section 6.1).
    pub settings: Vec<Value>,
}

impl Rule {
    /// Whether exceptions can be configured: only where single resources are looked at.
    #[must_use]
    pub fn takes_exceptions(&self) -> bool {
        matches!(self.level, "resource" | "event")
    }

    /// The extra setting with this name.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&Value> {
        self.settings.iter().find(|setting| setting.get("name").and_then(Value::as_str) == Some(name))
    }

    fn fields(&self, layout: RuleLayout) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.into(), value);
        put("name", json!(&*self.name));
        put("title", json!(&*self.title));
        put("description", json!(&*self.description));
        put("categories", json!(self.categories.iter().map(|c| &**c).collect::<Vec<_>>()));
        put("compliances", json!(self.compliances.iter().map(|c| &**c).collect::<Vec<_>>()));
        put("risk-level", json!(&*self.risk_level));
        put("level", json!(self.level));
        put("release-date", json!(&*self.released));
        put("update-date", json!(&*self.updated));
        put("provider", json!(self.provider.as_str()));
        let page = format!("{}.html", self.name);
        let organisational = match layout {
            RuleLayout::Flat => {
                put("knowledge-base-html", json!(page));
                put("package", json!(self.package));
                "is-organisational"
            }
            RuleLayout::Nested => {
                put("slug", json!(page));
                put(
                    "package",
                    json!(match self.package {
                        "cost" => "cost",
                        "rtm" => "security",
                        _ => "auditing",
                    }),
                );
                put("rtm", json!(self.package == "rtm"));
                "organisation"
            }
        };
        // These are present only when true.
        for (name, holds) in [
            ("multi-risk-level", self.multi_risk_level),
            ("must-be-configured", self.must_be_configured),
            ("not-scored", self.not_scored),
            ("is-deprecated", self.deprecated),
            (organisational, self.organisational),
        ] {
            if holds {
                put(name, json!(true));
            }
        }
        if !self.settings.is_empty() {
            put("settings", json!(self.settings));
        }
        fields
    }

    fn wire(&self, layout: RuleLayout) -> Value {
        let mut fields = self.fields(layout);
        match layout {
            RuleLayout::Flat => {
                fields.insert("type".into(), json!("rules"));
                fields.insert("id".into(), json!(&*self.id));
                Value::Object(fields)
            }
            RuleLayout::Nested => json!({"type": "rules", "id": &*self.id, "attributes": fields}),
        }
    }
}

/// `GET /services`
pub(super) fn services(layout: RuleLayout, world: &World) -> Answer {
    let catalogue = &world.catalogue;
    let services: Vec<Value> = catalogue
        .services
        .iter()
        .map(|service| {
            let rules: Vec<Value> = catalogue
                .rules
                .iter()
                .filter(|rule| rule.service == service.id)
                .map(|rule| json!({"type": "rules", "id": &*rule.id}))
                .collect();
            let mut attributes = json!({"name": &*service.name});
            if let (Some(provider), Value::Object(attributes)) = (service.provider, &mut attributes) {
                attributes.insert("provider".into(), json!(provider.as_str()));
            }
            json!({
                "type": "services",
                "id": &*service.id,
                "attributes": attributes,
                "relationships": {"rules": {"data": rules}},
            })
        })
        .collect();
    let rules: Vec<Value> = catalogue.rules.iter().map(|rule| rule.wire(layout)).collect();
    ok(&json!({"data": services, "included": rules}))
}
