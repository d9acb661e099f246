//! Suppressions from outside (contract section 7), against simulators on loopback. Tests that begin with a letter and two
//! digits are rows of the catalogue of faults.

#[cfg(test)]
mod stage;

#[cfg(test)]
mod suppressions {
    use std::collections::BTreeSet;
    use std::fs;
    use std::io::Write as _;
    use std::process::{Output, Stdio};

    use cspm_simulator::{Fault, Match, Which};
    use serde_json::Value;

    use crate::stage::{Stage, VENDORS, code, lines, text, writes};

    fn stage(vendor: &'static str) -> Stage {
        Stage::of(&[vendor])
    }

    /// Open findings of a vendor that can be suppressed.
    fn open(stage: &Stage) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for finding in stage.findings(&["--min-severity", "low"]) {
            let id = finding["vendor_id"].as_str().unwrap().to_owned();
            if !ids.contains(&id) && !id.starts_with('-') {
                ids.push(id);
            }
        }
        assert!(ids.len() >= 3);
        ids
    }

    fn suppress<'a>(connection: &'a str, ids: &[&'a str]) -> Vec<&'a str> {
        let fixed =
            ["suppress", "--connection", connection, "--until", "2099-06-30", "--reason", "ticket 12"];
        [&fixed[..], ids].concat()
    }

    /// The results by id, in order.
    fn results(output: &str) -> Vec<(String, String)> {
        let rows = lines(output.as_bytes());
        for row in &rows {
            let keys: BTreeSet<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(keys, BTreeSet::from(["id", "result", "message"]), "{row}");
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        rows.iter().map(|row| (text(&row["id"]), text(&row["result"]))).collect()
    }

    #[test]
    fn w07_a_suppression_needs_an_end_and_a_reason_in_so_many_words() {
        for vendor in VENDORS {
            let stage = stage(vendor);
            let connection = format!("{vendor}-one");
            for (options, word) in [
                (&["--reason", "r"][..], "--until"),
                (&["--until", "never"], "--reason"),
                (&["--until", "never", "--reason", ""], "--reason"),
                (&["--until", "never", "--reason", " \t"], "--reason"),
                (&["--until", "2020-01-31", "--reason", "r"], "past"),
                (&["--until", "2020-01-31T00:00:00Z", "--reason", "r"], "past"),
                (&["--until", "", "--reason", "r"], "--until"),
                (&["--until", "tomorrow", "--reason", "r"], "never"),
                (&["--until", "2099-02-30", "--reason", "r"], "never"),
            ] {
                let named = [&["suppress", "--connection", &connection], options, &["some-id"]].concat();
                let said = stage.says(2, &named);
                assert!(said.contains(word), "{options:?}: {said}");
            }
            let said = stage.says(2, &["suppress", "--until", "never", "--reason", "r", "some-id"]);
            assert!(said.contains("--connection"), "{said}");
            stage.ends(2, &["suppress", "--connection", &connection, "--until", "never", "--reason", "r"]);
            assert_eq!(stage.asked(), 0, "{vendor}");
        }
    }

    #[test]
    fn suppressing_twice_changes_nothing_the_second_time_and_lifting_undoes_it() {
        for vendor in VENDORS {
            let stage = stage(vendor);
            let connection = format!("{vendor}-one");
            let ids = open(&stage);
            let [first, second] = [ids[0].as_str(), ids[1].as_str()];
            let done =
                |word: &str| vec![(first.to_owned(), word.to_owned()), (second.to_owned(), word.to_owned())];
            let arguments = suppress(&connection, &[first, second]);
            assert_eq!(results(&stage.ends(0, &arguments)), done("done"), "{vendor}");
            let written = writes(&stage).len();
            assert!(written > 0, "{vendor}");
            assert_eq!(results(&stage.ends(0, &arguments)), done("unchanged"), "{vendor}");
            assert_eq!(writes(&stage).len(), written, "{vendor}: {:?}", writes(&stage));

            let left = open(&stage);
            assert!(!left.contains(&ids[0]) && !left.contains(&ids[1]), "{vendor}");
            let suppressed = stage.findings(&["--suppressed", "only"]);
            let it = suppressed.iter().find(|finding| finding["vendor_id"] == first).unwrap();
            assert_eq!(it["state"], "suppressed");
            // Through the end of the day: its last second, or the moment after it.
            let until = it["suppression"]["until"].as_str().unwrap();
            assert!(["2099-06-30T23:59:59Z", "2099-07-01T00:00:00Z"].contains(&until), "{it}");

            let lift = ["unsuppress", "--connection", &connection, first, second];
            assert_eq!(results(&stage.ends(0, &lift)), done("done"), "{vendor}");
            let written = writes(&stage).len();
            assert_eq!(results(&stage.ends(0, &lift)), done("unchanged"), "{vendor}");
            assert_eq!(writes(&stage).len(), written, "{vendor}");
            let left = open(&stage);
            assert!(left.contains(&ids[0]) && left.contains(&ids[1]), "{vendor}");

            let never = ["suppress", "--connection", &connection, "--until", "never", "--reason", "r", first];
            stage.ends(0, &never);
            let suppressed = stage.findings(&["--suppressed", "only"]);
            let it = suppressed.iter().find(|finding| finding["vendor_id"] == first).unwrap();
            assert_eq!(it["suppression"]["until"], Value::Null, "{vendor}");
        }
    }

    #[test]
    fn every_id_has_a_result_and_the_status_says_how_many_failed() {
        for vendor in VENDORS {
            let stage = stage(vendor);
            let connection = format!("{vendor}-one");
            let ids = open(&stage);
            let mixed = suppress(&connection, &["no-such-finding", &ids[0]]);
            assert_eq!(
                results(&stage.ends(3, &mixed)),
                [("no-such-finding".to_owned(), "failed".to_owned()), (ids[0].clone(), "done".to_owned())],
                "{vendor}"
            );
            let bad = suppress(&connection, &["no-such-finding", "nor-this"]);
            let rows = stage.ends(1, &[&bad[..], &["--format", "json"]].concat());
            let rows: Value = serde_json::from_str(&rows).unwrap();
            let failed =
                |row: &Value| row["result"] == "failed" && !row["message"].as_str().unwrap().is_empty();
            assert!(
                rows.as_array().unwrap().len() == 2 && rows.as_array().unwrap().iter().all(failed),
                "{rows}"
            );
            let table = stage.ends(1, &[&bad[..], &["--format", "table"]].concat());
            let head = table.lines().next().unwrap();
            assert_eq!(head.split_whitespace().collect::<Vec<_>>(), ["ID", "RESULT", "WHY"]);
            assert_eq!(table.lines().count(), 3, "{table}");
            let lift = ["unsuppress", "--connection", &connection, "no-such-finding", "nor-this"];
            stage.ends(1, &lift);
        }
    }

    /// Runs a command with this on standard input.
    fn fed(stage: &Stage, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = stage
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    #[test]
    fn k05_ids_on_standard_input_in_any_shape_count_once() {
        for vendor in VENDORS {
            let stage = stage(vendor);
            let connection = format!("{vendor}-one");
            let ids = open(&stage);
            let [one, two, three] = [&ids[0], &ids[1], &ids[2]];
            let input = format!("{one}\r\n\r\n  \n{two}  \r\n\t{one}\n\n{three}");
            let output = fed(&stage, &suppress(&connection, &["-"]), input.as_bytes());
            assert_eq!(code(&output), 0, "{vendor}: {}", text(&output.stderr));
            let done = |id: &String| (id.clone(), "done".to_owned());
            assert_eq!(results(&text(&output.stdout)), [done(one), done(two), done(three)], "{vendor}");

            // A million lines, but few findings.
            let many = format!("{one}\r\n").repeat(1_000_000);
            let output = fed(&stage, &suppress(&connection, &["-", two]), many.as_bytes());
            assert_eq!(code(&output), 0, "{vendor}: {}", text(&output.stderr));
            assert_eq!(results(&text(&output.stdout)).len(), 2, "{vendor}");

            let asked = stage.asked();
            for nothing in [&b""[..], b"\r\n \n\n", b"\xff\xfe\n"] {
                let output = fed(&stage, &suppress(&connection, &["-"]), nothing);
                assert_eq!(code(&output), 2, "{vendor}: {}", text(&output.stderr));
            }
            assert_eq!(stage.asked(), asked, "{vendor}");
        }
    }

    #[test]
    fn k05_very_many_ids_at_a_vendor_that_refuses_the_key_are_all_told_and_hardly_one_is_asked_for() {
        for vendor in VENDORS {
            let stage = stage(vendor);
            let connection = format!("{vendor}-one");
            const MANY: usize = 200_000;
            let input: String = (0..MANY).map(|number| format!("{number}\n")).collect();
            let arguments = suppress(&connection, &["-"]);
            stage.served[0].simulator().faults().on(
                Match::any(),
                Which::Every,
                Fault::status(cspm::http::StatusCode::UNAUTHORIZED),
            );
            let mut child = stage
                .command(&arguments)
                .stdin(Stdio::piped())
                .stdout(fs::File::create(stage.path("results")).unwrap())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(1), "{vendor}");
            assert_eq!(stage.read("results").lines().count(), MANY, "{vendor}");
            assert!(stage.asked() <= 2_000, "{vendor}: {} requests", stage.asked());
        }
    }
}
