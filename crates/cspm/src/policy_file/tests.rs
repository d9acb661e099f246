use std::collections::BTreeMap;
use std::path::Path;

use cspm_core::{Exceptions, Policy, RuleSetting, Verbatim};

use super::*;
use crate::config::Problem;

fn parse(text: &str) -> PolicyFile {
    PolicyFile::parse(text, Path::new("policy.toml")).unwrap()
}

fn problems(text: &str) -> Vec<Problem> {
    match PolicyFile::parse(text, Path::new("policy.toml")) {
        Err(ConfigError::Invalid(problems)) => problems.list,
        other => panic!("expected problems, got {other:?}"),
    }
}

fn verbatim(json: &str) -> Verbatim {
    Verbatim::parse(json).unwrap()
}

const CONTRACT: &str = r#"
connection = "trend-prod"
name = "Baseline"
description = "organisation default"
id = "pR0f1leX9"            # absent: create

[[rules]]
id = "EC2-001"
enabled = false
severity = "LOW"             # the vendor's own word: what is written must be exact
exceptions = { resources = [], tags = ["team::legacy"], filter_tags = [] }
settings = [ { name = "ttl", type = "ttl", value = 72, ttl = true } ]   # vendor's form, passed through unchanged
"#;

#[test]
fn the_contracts_example_is_understood() {
    let file = parse(CONTRACT);
    assert_eq!(file.connection, "trend-prod");
    assert_eq!(file.policy.id.as_deref(), Some("pR0f1leX9"));
    assert_eq!(file.policy.description.as_deref(), Some("organisation default"));
    let rule = &file.policy.rules["EC2-001"];
    assert_eq!((rule.enabled, rule.severity.as_deref()), (Some(false), Some("LOW")));
    assert_eq!(rule.exceptions.tags, ["team::legacy"]);
    assert_eq!(rule.settings[0].as_json(), r#"{"name":"ttl","type":"ttl","value":72,"ttl":true}"#);
}

#[test]
fn what_is_written_is_read_back_byte_for_byte() {
    let settings = [
        r#"{"name":"ttl","type":"ttl","value":72,"ttl":true}"#,
        r#"{"zebra":1,"apple":[{"value":"a"},{"value":"b","x":{}}],"empty":[]}"#,
        r#"{"countries":true,"values":[{"value":"AU","label":"Australia"}],"value":null}"#,
        r#"{"value":1.50,"big":123456789012345678901234567890,"e":1e400,"minus":-0.0,"plain":1.5,"exp":1e5}"#,
        r#"{"text":"quote \" slash \\ tab \t esc \u001b bidi emoji 😀 \/ end","é":1,"a b":2,"":3}"#,
        r#""a text""#,
        "7",
        "null",
        r#"["eu-west-1","us-east-1"]"#,
        "{\"turned\":\"a\u{202e}b\"}",
    ];
    let rule = RuleSetting {
        enabled: Some(true),
        severity: Some("VERY_HIGH".to_owned()),
        provider: Some("aws".to_owned()),
        exceptions: Exceptions {
            resources: vec!["arn:aws:s3:::a/b".to_owned()],
            filter_tags: vec!["x\ny\u{1b}[31m".to_owned()],
            ..Exceptions::default()
        },
        settings: settings.iter().map(|json| verbatim(json)).collect(),
        extra: BTreeMap::from([("ruleExists".to_owned(), verbatim("false"))]),
    };
    let file = PolicyFile {
        connection: "trend-prod".to_owned(),
        policy: Policy {
            id: Some("organisation-x".to_owned()),
            name: "Base\"line\" \\ ü".to_owned(),
            description: Some(String::new()),
            rules: BTreeMap::from([
                ("S3-001".to_owned(), rule),
                ("backoffice:5".to_owned(), RuleSetting::default()),
            ]),
            extra: BTreeMap::from([
                ("badges".to_owned(), verbatim("[]")),
                ("logo_url".to_owned(), verbatim("null")),
            ]),
        },
    };
    let toml = file.to_toml();
    assert!(!toml.contains('\u{1b}') && !toml.contains('\u{202e}'), "harmless on a terminal: {toml}");
    assert!(toml.contains("{ name = \"ttl\", type = \"ttl\", value = 72, ttl = true }"), "{toml}");
    let read = parse(&toml);
    assert_eq!(read, file);
    let rule = &read.policy.rules["S3-001"];
    for (json, setting) in settings.iter().zip(&rule.settings) {
        assert_eq!(setting.as_json(), *json);
    }
}

#[test]
fn k03_every_problem_is_told_with_its_place() {
    let text = "conection = \"x\"\nname = \"\"\nid = 5\n[[rules]]\nid = \"a\"\nenabled = \"yes\"\nseverty = \"LOW\"\n\
                [[rules]]\nid = \"a\"\nexceptions = []\nsettings = [ { at = 2026-01-01 } ]\n[[rules]]\nenabled = true\n\
                exceptions = { tag = [], tags = \"x\" }\nextra = 3\n";
    let found = problems(text);
    let wanted = [
        (1, "did you mean connection"),
        (1, "connection is missing"),
        (2, "name is empty"),
        (3, "id is a text"),
        (6, "enabled is true or false"),
        (7, "did you mean severity"),
        (9, "named twice"),
        (10, "exceptions is a table"),
        (11, "JSON knows no dates"),
        (12, "id is missing"),
        (14, "did you mean tags"),
        (14, "tags is a list of texts"),
        (15, "extra is a table"),
    ];
    for (line, words) in wanted {
        let told = found.iter().any(|problem| problem.line == line && problem.message.contains(words));
        assert!(told, "{line} {words}: {found:#?}");
    }
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
}

#[test]
fn k01_broken_toml_is_refused_with_its_place() {
    assert_eq!(problems("connection = \"a\"\nname = \"b\n")[0].line, 2);
    assert!(!problems(&format!("a = {}", "[".repeat(10_000))).is_empty());
    assert!(!problems("rules = 5").is_empty());
}

#[test]
fn an_empty_id_is_neither_a_policy_nor_a_new_one() {
    let problems = problems(&CONTRACT.replace("pR0f1leX9", " "));
    assert_eq!((problems.len(), problems[0].line), (1, 5), "{problems:?}");
    assert!(problems[0].message.contains("take the line out"), "{problems:?}");
}
