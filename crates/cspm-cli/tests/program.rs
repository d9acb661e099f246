//! The program from outside: contract sections 1 to 5 and 8, against simulators on loopback.

#[cfg(test)]
mod stage;

#[cfg(test)]
mod program {
    use std::collections::BTreeSet;
    use std::fs;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::process::Stdio;

    use cspm_simulator::bitdefender;
    use cspm_simulator::conformity;
    use cspm_simulator::insightcloudsec;
    use cspm_simulator::{Fault, Match, Which};
    use serde_json::Value;

    use crate::stage::{Stage, VENDORS, assert_harmless, bare, code, lines, report, signal, text, variable};

    /// The seed of `cspm demo`.
    const DEMO_SEED: u64 = 2026;

    fn ids(findings: &[Value]) -> BTreeSet<String> {
        findings.iter().map(|finding| finding["uid"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn demo_ends_well_with_findings_of_all_three_and_its_numbers_are_the_reports() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let output =
            bare(&["demo", "--format", "ndjson", "--report", path.to_str().unwrap()]).output().unwrap();
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        let findings = lines(&output.stdout);
        let report = report(&path);
        assert_eq!(report["complete"], true);
        assert_eq!(report["connections"].as_array().unwrap().len(), 3);
        for connection in report["connections"].as_array().unwrap() {
            let of_it = findings.iter().filter(|finding| finding["connection"] == connection["name"]).count();
            assert!(of_it > 0, "{connection}");
            assert_eq!(connection["findings"], of_it, "{}", connection["name"]);
        }
        assert_eq!(ids(&findings).len(), findings.len(), "each once");
        assert!(text(&output.stderr).contains("complete"));

        // What the demonstration's worlds hold, counted without any client. Suppressions of these worlds end in far years.
        let of = |vendor: &str| findings.iter().filter(|finding| finding["vendor"] == vendor).count();
        let open = conformity::World::demo(DEMO_SEED);
        let fails = |check: &&conformity::Check| {
            matches!(check.status, conformity::Status::Failure) && check.suppressed != Some(true)
        };
        assert_eq!(of("conformity"), open.checks.iter().filter(fails).count());
        let violated = insightcloudsec::World::demo(DEMO_SEED);
        let now = cspm::Timestamp::now().as_millis();
        let not_exempted = violated.violations(1, now).iter().filter(|violation| !violation.exempted).count();
        assert_eq!(of("insightcloudsec"), not_exempted);
        let failed = bitdefender::World::demo(DEMO_SEED);
        // An accepted risk counts until the end of its last day; dates compare as text.
        let today = cspm::Timestamp::now().to_string();
        let accepted = |check: &bitdefender::Check| match check.status.as_deref() {
            Some("false_positive") => true,
            Some("risk_accepted") => check.expires_at.as_deref().is_none_or(|day| day >= &today[..10]),
            _ => false,
        };
        let fails = failed.checks.iter().filter(|check| check.result == "fail" && !accepted(check));
        assert_eq!(of("bitdefender"), fails.count());
    }

    #[test]
    fn findings_have_every_key_of_the_contract_in_its_order() {
        let stage = Stage::of(&VENDORS);
        let output =
            stage.run(&["findings", "--outcome", "all", "--suppressed", "include", "--format", "ndjson"]);
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        const KEYS: [&str; 27] = [
            "uid",
            "connection",
            "vendor",
            "vendor_id",
            "title",
            "description",
            "message",
            "outcome",
            "severity",
            "vendor_severity",
            "state",
            "suppression",
            "rule",
            "resource",
            "account",
            "region",
            "categories",
            "standards",
            "tags",
            "first_seen",
            "last_seen",
            "updated",
            "resolved",
            "url",
            "remediation",
            "",
            "",
        ];
        for line in text(&output.stdout).lines() {
            let value: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
            let mut at = 0;
            for key in KEYS.iter().filter(|key| !key.is_empty()) {
                let found =
                    line.find(&format!("\"{key}\":")).unwrap_or_else(|| panic!("{key} is missing in {line}"));
                assert!(value.contains_key(*key));
                // Nested objects may repeat a name further on, never before.
                assert!(
                    found >= at || ["title", "url", "id"].contains(key),
                    "{key} is out of order in {line}"
                );
                at = found;
            }
            assert!(!value.contains_key("raw"));
        }
    }

    #[test]
    fn every_format_holds_the_same_findings() {
        let stage = Stage::of(&VENDORS);
        let expected = ids(&stage.findings(&["--min-severity", "high"]));
        assert!(!expected.is_empty());
        let json = stage.run(&["findings", "--min-severity", "high", "--format", "json"]);
        let array: Vec<Value> = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!(ids(&array), expected);
        let csv = stage.run(&["findings", "--min-severity", "high", "--format", "csv"]);
        let mut reader = csv::Reader::from_reader(csv.stdout.as_slice());
        assert_eq!(reader.headers().unwrap().get(0), Some("uid"));
        assert!(reader.headers().unwrap().iter().any(|column| column == "rule.id"));
        let rows: BTreeSet<String> =
            reader.records().map(|row| row.unwrap().get(0).unwrap().to_owned()).collect();
        assert_eq!(rows.len(), expected.len());
        let table = stage.run(&["findings", "--min-severity", "high", "--format", "table"]);
        assert!(text(&table.stdout).contains("SEVERITY"));
        assert!(!text(&table.stdout).chars().any(|character| character.is_control() && character != '\n'));
    }

    #[test]
    fn output_and_report_are_files_that_appear_whole() {
        let stage = Stage::of(&["bitdefender"]);
        let output = stage.run(&[
            "findings",
            "--format",
            "json",
            "--output",
            "out.json",
            "--report",
            "report.json",
            "--raw",
        ]);
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        assert!(output.stdout.is_empty());
        let array: Vec<Value> = serde_json::from_slice(&fs::read(stage.path("out.json")).unwrap()).unwrap();
        assert!(array.iter().all(|finding| finding["raw"]["attributes"].is_object()));
        let report = report(&stage.path("report.json"));
        let connection = &report["connections"][0];
        assert_eq!(connection["findings"], array.len());
        for key in ["run_id", "started", "finished", "complete", "connections"] {
            assert!(report.get(key).is_some(), "{key}");
        }
        for key in [
            "name",
            "vendor",
            "complete",
            "findings",
            "duplicates",
            "rejected",
            "requests",
            "retries",
            "throttled",
            "scopes",
            "error",
        ] {
            assert!(connection.get(key).is_some(), "{key}");
        }
        for key in ["scope", "expected", "received", "complete", "error"] {
            assert!(connection["scopes"][0].get(key).is_some(), "{key}");
        }
        assert_eq!(connection["requests"], stage.served[0].simulator().log().count());
        let left: Vec<_> =
            fs::read_dir(stage.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 3, "no temporary file stays behind: {left:?}");
    }

    #[test]
    fn a_partial_run_ends_with_3_keeps_what_was_read_and_says_what_is_missing() {
        let stage = Stage::of(&["conformity", "bitdefender"]);
        stage.served[0].simulator().faults().on(
            Match::get("*/checks"),
            Which::Every,
            Fault::status(cspm::http::StatusCode::INTERNAL_SERVER_ERROR),
        );
        let output = stage.run(&[
            "findings",
            "--format",
            "ndjson",
            "--output",
            "out.ndjson",
            "--report",
            "report.json",
        ]);
        assert_eq!(code(&output), 3, "{}", text(&output.stderr));
        let findings = lines(&fs::read(stage.path("out.ndjson")).unwrap());
        assert!(!findings.is_empty() && findings.iter().all(|finding| finding["vendor"] == "bitdefender"));
        let report = report(&stage.path("report.json"));
        assert_eq!(report["complete"], false);
        let scope = &report["connections"][0]["scopes"][0];
        assert_eq!(
            (&scope["complete"], &scope["error"]["kind"]),
            (&Value::from(false), &Value::from("server"))
        );
        assert_eq!(scope["error"]["owner"], "vendor");
        assert!(text(&output.stderr).contains("missing"));
    }

    #[test]
    fn a_refused_credential_fails_with_1_and_never_shows_itself() {
        for vendor in VENDORS {
            let stage = Stage::of(&[vendor]);
            let wrong = "wrong-credential-5f3a9c";
            let output = stage
                .command(&["-vv", "findings", "--report", "report.json"])
                .env(variable(vendor), wrong)
                .output()
                .unwrap();
            assert_eq!(code(&output), 1, "{vendor}: {}", text(&output.stderr));
            let report_text = fs::read_to_string(stage.path("report.json")).unwrap();
            let report: Value = serde_json::from_str(&report_text).unwrap();
            let error = &report["connections"][0]["error"];
            assert_eq!(
                (&error["kind"], &error["owner"]),
                (&Value::from("authentication"), &Value::from("customer")),
                "{vendor}"
            );
            for place in [text(&output.stdout), text(&output.stderr), report_text] {
                assert!(!place.contains(wrong), "{vendor}: {place}");
            }
        }
    }

    #[test]
    fn fail_on_gives_4_only_when_something_open_is_that_bad() {
        let stage = Stage::of(&["conformity"]);
        assert_eq!(code(&stage.run(&["findings", "--fail-on", "low"])), 4);
        assert_eq!(code(&stage.run(&["findings", "--severity", "low", "--fail-on", "critical"])), 0);
        assert_eq!(code(&stage.run(&["findings", "--outcome", "pass", "--fail-on", "low"])), 0);
    }

    #[test]
    fn wrong_usage_and_configuration_end_with_2_and_send_nothing() {
        let stage = Stage::of(&VENDORS);
        for arguments in [
            &["findings", "--outcome", "sideways"][..],
            &["findings", "--severity", "awful"],
            &["findings", "--changed-since", "yesterday"],
            &["findings", "--connection", "nobody"],
            &["findings", "--outcome", "pass"],
            &["--config", "missing.toml", "findings"],
            &["no-such-command"],
            &["findings", "--format", "xml"],
        ] {
            let output = stage.run(arguments);
            assert_eq!(code(&output), 2, "{arguments:?}: {}", text(&output.stderr));
            assert!(!output.stderr.is_empty(), "{arguments:?}");
        }
        fs::write(
            stage.path("bad.toml"),
            "[[connections]]\nname = \"a\"\nvendor = \"x\"\napi_key = \"s3cr3t-literal\"\n",
        )
        .unwrap();
        let output = stage.run(&["--config", "bad.toml", "findings"]);
        assert_eq!(code(&output), 2);
        assert!(text(&output.stderr).contains("bad.toml:3:10:"), "{}", text(&output.stderr));
        assert!(!text(&output.stderr).contains("s3cr3t-literal"));
        assert!(stage.served.iter().all(|served| served.simulator().log().count() == 0));
        let nowhere = bare(&["findings"]).current_dir("/").env_remove("HOME").output().unwrap();
        assert_eq!(code(&nowhere), 2);
        assert!(text(&nowhere.stderr).contains("cspm demo"));
    }

    #[test]
    fn connection_limits_any_command() {
        let stage = Stage::of(&VENDORS);
        for command in ["findings", "accounts", "rules", "doctor"] {
            let output = stage.run(&[command, "--connection", "bitdefender-one", "--format", "ndjson"]);
            assert_eq!(code(&output), 0, "{command}: {}", text(&output.stderr));
            let rows = lines(&output.stdout);
            assert!(
                !rows.is_empty() && rows.iter().all(|row| row["connection"] == "bitdefender-one"),
                "{command}"
            );
        }
        assert_eq!(stage.served[0].simulator().log().count(), 0);
        let demo =
            bare(&["demo", "-q", "--connection", "trend-demo", "--format", "ndjson"]).output().unwrap();
        assert_eq!((code(&demo), text(&demo.stderr)), (0, String::new()));
        assert!(lines(&demo.stdout).iter().all(|row| row["connection"] == "trend-demo"));
        for command in ["demo", "simulate"] {
            let unknown = bare(&[command, "--connection", "trend-prod"]).output().unwrap();
            assert_eq!((code(&unknown), text(&unknown.stdout)), (2, String::new()), "{command}");
            assert!(text(&unknown.stderr).contains("there are trend-demo"), "{command}");
        }
    }

    #[test]
    fn the_log_says_what_happens_and_at_its_finest_every_request() {
        let stage = Stage::of(&["conformity"]);
        let faults = stage.served[0].simulator().faults();
        faults.on(Match::any(), Which::Nth(1), Fault::status(cspm::http::StatusCode::SERVICE_UNAVAILABLE));
        let said = stage.says(0, &["-v", "findings", "--format", "ndjson"]);
        for event in ["sending again", "the work is planned", "the connection ended"] {
            assert!(said.contains(event), "{event}: {said}");
        }
        assert!(!said.contains("an answer"), "{said}");
        assert_eq!(said.matches("the connection ended").count(), 1, "{said}");
        let said = stage.says(0, &["-vv", "findings", "--format", "ndjson"]);
        let answers = said.lines().filter(|line| line.contains("an answer")).count() as u64;
        assert!(answers >= 10, "{said}");
    }

    #[test]
    fn o03_what_was_typed_steers_no_terminal_when_it_is_repeated() {
        for arguments in [
            &["findings", "--severity", "\u{1b}[2J\u{202e}x"][..],
            &["\u{1b}[2J"],
            &["accounts", "--connection", "\u{1b}[2J"],
            &["--config", "\u{1b}[2J", "accounts"],
            &["--config", "Cargo.toml", "findings", "--changed-since", "\u{9b}31m"],
        ] {
            let output = bare(arguments).output().unwrap();
            assert_eq!(code(&output), 2, "{arguments:?}");
            assert_harmless(&text(&output.stderr));
        }
    }

    #[test]
    fn two_outputs_in_one_file_are_refused_before_anything_is_sent() {
        let stage = Stage::of(&["conformity"]);
        fs::write(stage.path("all"), "precious").unwrap();
        let (all, roundabout) = ("all", stage.path(".").join("all"));
        for others in [
            &["--report", roundabout.to_str().unwrap()][..],
            &["--checkpoint", "./all", "--format", "ndjson"],
            &["--changed-since-last-complete", all],
        ] {
            let said = stage.says(2, &[&["findings", "--output", all], others].concat());
            assert!(said.contains("--output") && said.contains(others[0]), "{said}");
        }
        assert_eq!((stage.asked(), stage.read(all).as_str()), (0, "precious"));
        stage.ends(0, &["findings", "-q", "--output", "/dev/null", "--report", "/dev/null"]);
    }

    #[test]
    fn listings_have_the_keys_of_the_contract() {
        let stage = Stage::of(&VENDORS);
        for (command, keys) in [
            (
                "accounts",
                &[
                    "connection",
                    "vendor",
                    "id",
                    "cloud_id",
                    "name",
                    "provider",
                    "environment",
                    "enabled",
                    "last_checked",
                    "tags",
                ][..],
            ),
            (
                "rules",
                &[
                    "connection",
                    "vendor",
                    "id",
                    "title",
                    "description",
                    "severity",
                    "vendor_severity",
                    "provider",
                    "service",
                    "categories",
                    "standards",
                    "resource_types",
                    "deprecated",
                    "url",
                ],
            ),
            ("capabilities", &["vendor", "operation", "support", "note"]),
            ("doctor", &["connection", "vendor", "check", "ok", "message", "owner", "remedy"]),
        ] {
            let output = stage.run(&[command, "--format", "json"]);
            assert_eq!(code(&output), 0, "{command}: {}", text(&output.stderr));
            let rows: Vec<serde_json::Map<String, Value>> = serde_json::from_slice(&output.stdout).unwrap();
            let vendors: BTreeSet<&str> = rows.iter().map(|row| row["vendor"].as_str().unwrap()).collect();
            assert_eq!(vendors.len(), 3, "{command}");
            for row in &rows {
                assert!(keys.iter().all(|key| row.contains_key(*key)), "{command}: {row:?}");
            }
            assert_eq!(code(&stage.run(&[command, "--format", "table"])), 0);
        }
        let all = stage.run(&["capabilities"]);
        assert!(lines(&all.stdout).iter().any(|row| row["evaluated_by"] == "vendor"));
    }

    #[test]
    fn doctor_says_who_has_to_mend_what() {
        let stage = Stage::of(&["conformity", "bitdefender"]);
        let output = stage
            .command(&["doctor", "--format", "ndjson"])
            .env(variable("conformity"), "wrong-key-1234")
            .output()
            .unwrap();
        assert_eq!(code(&output), 3, "{}", text(&output.stderr));
        let rows = lines(&output.stdout);
        let problem = rows.iter().find(|row| row["ok"] == false).unwrap();
        assert_eq!(
            (&problem["connection"], &problem["owner"]),
            (&Value::from("conformity-one"), &Value::from("customer"))
        );
        assert!(problem["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()));
        let none = stage
            .command(&["doctor", "--connection", "conformity-one"])
            .env(variable("conformity"), "wrong-key-1234")
            .output()
            .unwrap();
        assert_eq!(code(&none), 1);
    }

    #[test]
    fn simulate_prints_a_configuration_that_works_until_it_is_interrupted() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("sim.toml");
        let mut simulate = bare(&["simulate", "--config-out", config.to_str().unwrap()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(simulate.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert!(line.contains("serving"), "{line}");
        let output =
            bare(&["--config", config.to_str().unwrap(), "findings", "--format", "ndjson"]).output().unwrap();
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        let vendors: BTreeSet<String> = lines(&output.stdout)
            .iter()
            .map(|finding| finding["vendor"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(vendors.len(), 3);
        signal(simulate.id(), "-INT");
        let mut printed = String::new();
        simulate.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        assert_eq!(printed, fs::read_to_string(&config).unwrap());
        assert!(simulate.wait().unwrap().success());
    }

    #[test]
    fn o09_a_closed_pipe_ends_quietly() {
        let stage = Stage::of(&["conformity"]);
        let mut child = stage
            .command(&[
                "findings",
                "--outcome",
                "all",
                "--suppressed",
                "include",
                "--raw",
                "--format",
                "ndjson",
                "-q",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((code(&output), text(&output.stderr).as_str()), (0, ""));
    }

    #[test]
    fn o10_an_output_that_cannot_be_written_is_a_clear_error_and_the_old_file_stays() {
        let stage = Stage::of(&["bitdefender"]);
        for (target, words) in
            [("no/such/folder/out", "No such file"), (".", "is a directory"), ("/dev/full", "No space left")]
        {
            let output = stage.run(&["findings", "--format", "ndjson", "--output", target]);
            assert_eq!(code(&output), 1, "{target}: {}", text(&output.stderr));
            assert!(text(&output.stderr).contains(words), "{target}: {}", text(&output.stderr));
        }
        let full = stage
            .command(&["findings", "--format", "ndjson"])
            .stdout(fs::File::options().write(true).open("/dev/full").unwrap())
            .output()
            .unwrap();
        assert_eq!(code(&full), 1, "{}", text(&full.stderr));
    }

    #[test]
    fn every_command_explains_itself_with_an_example() {
        let help = bare(&["--help"]).output().unwrap();
        assert_eq!(code(&help), 0);
        for command in ["demo", "simulate", "findings", "accounts", "rules", "capabilities", "doctor"] {
            assert!(text(&help.stdout).contains(command));
            let output = bare(&[command, "--help"]).output().unwrap();
            assert_eq!(code(&output), 0);
            assert!(text(&output.stdout).contains("Example: cspm"), "{command}");
        }
    }

    #[test]
    fn o08_events_are_valid_at_every_version_and_as_many_as_findings() {
        let stage = Stage::of(&VENDORS);
        let count = stage.findings(&["--suppressed", "include"]).len();
        for version in ["1.1", "1.2.0", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8", "1.8.0"] {
            let output = stage.run(&[
                "findings",
                "--suppressed",
                "include",
                "--format",
                "ocsf",
                "--ocsf-version",
                version,
                "--output",
                "events.ndjson",
            ]);
            assert_eq!(code(&output), 0, "{version}: {}", text(&output.stderr));
            let events = lines(&fs::read(stage.path("events.ndjson")).unwrap());
            assert_eq!(events.len(), count, "{version}");
            let stated = events[0]["metadata"]["version"].as_str().unwrap();
            assert!(stated.starts_with(version), "{version}: {stated}");
            let checked = stage.run(&["ocsf", "validate", "events.ndjson"]);
            assert_eq!(code(&checked), 0, "{version}: {}", text(&checked.stdout));
            assert!(checked.stdout.is_empty());
        }
        assert_eq!(code(&stage.run(&["findings", "--format", "ocsf", "--ocsf-version", "1.9"])), 2);
    }

    #[test]
    fn ocsf_validate_names_event_path_code_and_remedy() {
        let stage = Stage::of(&["bitdefender"]);
        let output = stage.run(&["findings", "--format", "ocsf", "--output", "events.ndjson"]);
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        let good = fs::read_to_string(stage.path("events.ndjson")).unwrap();
        let mut event: Value = serde_json::from_str(good.lines().next().unwrap()).unwrap();
        event["type_uid"] = Value::from(200_399);
        fs::write(stage.path("bad.ndjson"), format!("{good}{event}\n{{broken\n")).unwrap();
        let checked = stage.run(&["ocsf", "validate", "bad.ndjson"]);
        assert_eq!(code(&checked), 3);
        let said = text(&checked.stdout);
        let number = good.lines().count() + 1;
        assert!(said.contains(&format!("event {number}: type_uid: error type_uid_incorrect")), "{said}");
        assert!(said.contains(&format!("event {}: event: error json_malformed", number + 1)), "{said}");
        assert!(
            said.lines().all(|line| line.starts_with("bad.ndjson:") && line.contains("; write ")),
            "{said}"
        );
        let mut piped = stage
            .command(&["ocsf", "validate", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        piped.stdin.take().unwrap().write_all(good.as_bytes()).unwrap();
        assert!(piped.wait().unwrap().success());
        assert_eq!(code(&stage.run(&["ocsf", "validate", "missing.ndjson"])), 2);
    }
}
