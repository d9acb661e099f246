//! Custom insights: read as they would be written, and written whole.

use cspm_core::{ErrorKind, RuleDraft, RuleStore, Verbatim};
use serde_json::json;

use super::*;

const READ: &str = "GET /v2/public/insights/16/custom";
const CREATE: &str = "POST /v2/public/insights/create";
const EDIT: &str = "POST /v2/public/insights/16/edit";
const DELETE: &str = "DELETE /v2/public/insights/16/delete";

fn insight() -> Value {
    json!({"insight_id": 16, "source": "custom", "name": "House rule", "description": "d", "severity": 3,
        "custom_severity": null, "resource_types": ["instance"], "notes": "n", "tags": ["t"], "scopes": [],
        "filters": [{"name": "divvy.query.x", "config": {"cores": 2}}, {"name": "divvy.query.y", "config": null,
            "collections": {"c": "allowed"}}],
        "owner_resource_id": "divvyuser:7:", "template_id": null, "organization_id": 1, "badges": [],
        "counts": {"results": 3}, "inserted_at": "2024-01-01T00:00:00Z", "bots": []})
}

fn store(vendor: &SharedVendor) -> &dyn RuleStore {
    vendor.custom_rules().unwrap()
}

fn installation() -> Arc<Installation> {
    Installation::new(|asked| match asked.what.as_str() {
        WHO => (200, who(1)),
        READ | CREATE => (200, insight().to_string()),
        _ => (200, String::new()),
    })
}

#[tokio::test]
async fn what_is_read_is_written_again_whole() {
    let installation = installation();
    let vendor = connect(&installation);
    let draft = store(&vendor).get("custom:16").await.unwrap();
    assert_eq!((draft.title.as_str(), draft.severity.as_str()), ("House rule", "3"));
    let names: Vec<&str> = draft.definition.keys().map(String::as_str).collect();
    assert_eq!(names, ["badges", "filters", "notes", "owner_resource_id", "scopes", "tags"]);
    store(&vendor).replace("custom:16", &draft).await.unwrap();
    let body = json!({"name": "House rule", "description": "d", "severity": 3, "resource_types": ["instance"],
        "filters": [{"name": "divvy.query.x", "config": {"cores": 2}, "collections": {}},
            {"name": "divvy.query.y", "config": {}, "collections": {"c": "allowed"}}],
        "scopes": [], "tags": ["t"], "owner_resource_id": "divvyuser:7:", "template_id": null, "notes": "n",
        "badges": []});
    assert_eq!(installation.asked(EDIT)[0].body, body, "config and collections are objects, never null");
    assert_eq!(store(&vendor).create(&draft).await.unwrap().value, "custom:16");
    assert_eq!(installation.asked(CREATE)[0].body, body);
    store(&vendor).delete("custom:16").await.unwrap();
    assert_eq!(installation.asked(DELETE).len(), 1);
}

#[tokio::test]
async fn a_bare_draft_is_sent_with_all_that_is_required() {
    let installation = installation();
    let draft = RuleDraft {
        title: "New".to_owned(),
        description: String::new(),
        severity: "5".to_owned(),
        resource_types: vec!["instance".to_owned()],
        definition: Default::default(),
    };
    store(&connect(&installation)).create(&draft).await.unwrap();
    let body = json!({"name": "New", "description": "", "severity": 5, "resource_types": ["instance"], "filters": [],
        "scopes": [], "tags": [], "owner_resource_id": null, "template_id": null});
    assert_eq!(installation.asked(CREATE)[0].body, body);
}

#[tokio::test]
async fn a_bad_draft_and_the_vendors_own_insights_are_refused_before_anything_is_sent() {
    let installation = installation();
    let vendor = connect(&installation);
    let mut draft = RuleDraft {
        title: " ".to_owned(),
        description: String::new(),
        severity: "high".to_owned(),
        resource_types: Vec::new(),
        definition: Default::default(),
    };
    draft.definition.insert("organization_id".to_owned(), Verbatim::parse("2").unwrap());
    draft
        .definition
        .insert("filters".to_owned(), Verbatim::parse(r#"[{"name":"x","config":"cores"}]"#).unwrap());
    let error = store(&vendor).create(&draft).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for part in
        ["from 1", "needs a title", "resource type", "no place for organization_id", "config and collections"]
    {
        assert!(error.message().contains(part), "{part} in {error}");
    }
    for id in ["backoffice:16", "16", "custom:x"] {
        assert!(store(&vendor).get(id).await.is_err());
        assert!(store(&vendor).delete(id).await.is_err());
        assert!(store(&vendor).replace(id, &draft).await.is_err());
    }
    assert_eq!(store(&vendor).get("backoffice:16").await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(installation.lines().is_empty());
}

#[tokio::test]
async fn an_unknown_insight_is_missing_and_an_answer_without_a_number_is_uncertain() {
    let installation = Installation::new(|asked| match asked.what.as_str() {
        WHO => (200, who(1)),
        CREATE => (200, "{}".to_owned()),
        _ => (404, String::new()),
    });
    let vendor = connect(&installation);
    let error = store(&vendor).delete("custom:16").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("does not exist"), "{error}");
    let draft = RuleDraft {
        title: "New".to_owned(),
        description: String::new(),
        severity: "5".to_owned(),
        resource_types: vec!["instance".to_owned()],
        definition: Default::default(),
    };
    assert!(store(&vendor).create(&draft).await.unwrap_err().is_uncertain());
    assert_eq!(installation.asked(CREATE).len(), 1);
}
