//! Policies from outside (contract section 6), against simulators on loopback. Tests that begin with
//! a letter and two digits are rows of the catalogue of faults.

#[cfg(test)]
mod stage;

#[cfg(test)]
mod policies {
    use std::collections::BTreeSet;
    use std::fs;
    use std::io::{Read as _, Write as _};
    use std::process::Stdio;
    use std::sync::Arc;

    use cspm_simulator::conformity::{self, Conformity};
    use cspm_simulator::insightcloudsec::{self, InsightCloudSec};
    use cspm_simulator::wire::VendorSim;
    use cspm_simulator::{Fault, Match, Which};
    use serde_json::Value;

    use crate::stage::{EVIL, Stage, VENDORS, assert_harmless, code, lines, signal, text, writes};

    /// Vendors whose policies can be written.
    fn writable() -> impl Iterator<Item = &'static str> {
        VENDORS.into_iter().filter(|vendor| *vendor != "bitdefender")
    }

    fn stage(vendor: &'static str) -> Stage {
        Stage::of(&[vendor])
    }

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    fn listed(stage: &Stage) -> Vec<Value> {
        lines(stage.ends(0, &["policies", "list", "--format", "ndjson"]).as_bytes())
    }

    /// A policy with rules: the customer's own where there is such a thing.
    fn policy(stage: &Stage) -> String {
        let listed = listed(stage);
        let own = listed.iter().find(|policy| policy["name"] == "Baseline");
        own.unwrap_or(&listed[0])["id"].as_str().unwrap().to_owned()
    }

    /// Exports a policy to a file, and returns its text.
    fn export(stage: &Stage, id: &str, file: &str) -> String {
        assert_eq!(stage.ends(0, &["policies", "export", id, "--output", file]), "");
        stage.read(file)
    }

    /// A policy file without its rules, and each of these.
    fn parts(file: &str) -> (String, Vec<String>) {
        let mut parts = file.split("[[rules]]\n").map(|part| part.trim().to_owned());
        (parts.next().unwrap(), parts.collect())
    }

    fn joined(head: &str, rules: &[String]) -> String {
        let rules: String = rules.iter().map(|rule| format!("\n[[rules]]\n{rule}\n")).collect();
        format!("{head}\n{rules}")
    }

    fn id_of(rule: &str) -> &str {
        rule.lines().find_map(|line| line.strip_prefix("id = \"")).unwrap().trim_end_matches('"')
    }

    /// One more or another rule: the change, and what a plan has to call it.
    fn changed(stage: &Stage, vendor: &str, file: &str) -> (String, &'static str, String) {
        if vendor == "conformity" {
            let other = file.replacen("severity = \"HIGH\"", "severity = \"LOW\"", 1);
            assert_ne!(other, file);
            return (other, "changed", "S3-016".to_owned());
        }
        let (head, mut rules) = parts(file);
        let known: BTreeSet<&str> = rules.iter().map(|rule| id_of(rule)).collect();
        let all = lines(stage.ends(0, &["rules", "--format", "ndjson"]).as_bytes());
        let ids = all.iter().map(|rule| rule["id"].as_str().unwrap());
        let new =
            ids.filter(|id| id.starts_with("backoffice:")).find(|id| !known.contains(id)).unwrap().to_owned();
        rules.push(format!("id = \"{new}\""));
        (joined(&head, &rules), "added", new)
    }

    #[test]
    fn policies_are_listed_shown_and_exported() {
        for vendor in VENDORS {
            let stage = stage(vendor);
            let policies = listed(&stage);
            for key in ["connection", "vendor", "id", "name", "description", "kind", "rules"] {
                assert!(policies.iter().all(|policy| policy.get(key).is_some()), "{vendor}: {key}");
            }
            let kinds = ["custom", "built_in"];
            assert!(
                policies.iter().all(|policy| kinds.contains(&policy["kind"].as_str().unwrap())),
                "{vendor}"
            );
            let id = policy(&stage);
            let shown = json(&stage.ends(0, &["policies", "show", &id]));
            assert_eq!((&shown["id"], &shown["vendor"]), (&Value::from(&*id), &Value::from(vendor)));
            let table = stage.ends(0, &["policies", "show", &id, "--format", "table"]);
            assert!(table.contains("RULE"), "{vendor}: {table}");
            let file = export(&stage, &id, "policy.toml");
            assert!(file.starts_with(&format!("connection = \"{vendor}-one\"")), "{file}");
            let rules = parts(&file).1;
            assert!(!rules.is_empty(), "{vendor}");
            assert_eq!(
                rules.len(),
                shown["rules"]
                    .as_object()
                    .map_or_else(|| shown["rules"].as_array().unwrap().len(), serde_json::Map::len,)
            );
            assert!(rules.iter().all(|rule| table.contains(id_of(rule))), "{vendor}");
            assert_eq!(stage.ends(0, &["policies", "export", &id]), file, "{vendor}: standard output");
            assert!(
                stage.says(1, &["policies", "show", "no-such-policy"]).contains("no-such-policy"),
                "{vendor}"
            );
            assert_eq!(writes(&stage), [] as [&str; 0]);
        }
    }

    #[test]
    fn w05_a_plan_names_exactly_what_would_change_and_writes_nothing() {
        for vendor in writable() {
            let stage = stage(vendor);
            let file = export(&stage, &policy(&stage), "same.toml");
            for mode in ["merge", "replace"] {
                let plan = json(&stage.ends(0, &["policies", "plan", "same.toml", "--mode", mode]));
                assert_eq!((&plan["would_change"], &plan["mode"]), (&Value::from(false), &Value::from(mode)));
                assert_eq!(plan["rules"], Value::Array(Vec::new()), "{vendor}");
            }
            let table = stage.ends(0, &["policies", "plan", "same.toml", "--format", "table"]);
            assert!(table.contains("nothing would change"), "{table}");

            let (other, word, rule) = changed(&stage, vendor, &file);
            fs::write(stage.path("other.toml"), &other).unwrap();
            let plan = json(&stage.ends(5, &["policies", "plan", "other.toml"]));
            assert_eq!(plan["would_change"], true);
            let changes = plan["rules"].as_array().unwrap();
            assert_eq!(changes.len(), 1, "{vendor}: {plan}");
            assert_eq!(
                (&changes[0]["change"], &changes[0]["rule"]),
                (&Value::from(word), &Value::from(&*rule))
            );
            assert_eq!((&plan["name"], &plan["description"]), (&Value::Null, &Value::Null));
            if word == "changed" {
                let of = |end: &str| changes[0][end]["severity"].clone();
                assert_eq!((of("old"), of("new")), (Value::from("HIGH"), Value::from("LOW")));
            }
            let table = stage.ends(5, &["policies", "plan", "other.toml", "--format", "table"]);
            assert!(table.contains(&rule) && table.contains(word), "{table}");

            // Rules that are not named: kept by a merge, removed by a replacement.
            let (head, rules) = parts(&file);
            fs::write(stage.path("first.toml"), joined(&head, &rules[..1])).unwrap();
            stage.ends(0, &["policies", "plan", "first.toml"]);
            let plan = json(&stage.ends(5, &["policies", "plan", "first.toml", "--mode", "replace"]));
            let removed = plan["rules"].as_array().unwrap();
            assert!(removed.iter().all(|change| change["change"] == "removed"), "{plan}");
            let removed: Vec<&str> = removed.iter().map(|change| change["rule"].as_str().unwrap()).collect();
            let mut left_out: Vec<&str> = rules[1..].iter().map(|rule| id_of(rule)).collect();
            left_out.sort_unstable();
            assert_eq!(removed, left_out, "{vendor}");
            assert_eq!(writes(&stage), [] as [&str; 0], "{vendor}");
        }
    }

    #[test]
    fn w06_without_a_terminal_and_without_yes_nothing_is_sent() {
        for vendor in writable() {
            let stage = stage(vendor);
            let id = policy(&stage);
            export(&stage, &id, "policy.toml");
            let asked = stage.asked();
            for arguments in [
                &["policies", "push", "policy.toml"][..],
                &["policies", "delete", &id],
                &["policies", "apply", &id, "--account", "a", "--mode", "overwrite"],
            ] {
                let said = stage.says(2, arguments);
                assert!(said.contains("--yes"), "{vendor}: {said}");
            }
            assert_eq!(stage.asked(), asked, "{vendor}");
        }
    }

    #[test]
    fn w10_a_push_writes_what_the_file_says_and_the_same_again_writes_nothing() {
        for vendor in writable() {
            let stage = stage(vendor);
            let id = policy(&stage);
            let file = export(&stage, &id, "before.toml");
            let (other, _, _) = changed(&stage, vendor, &file);
            fs::write(stage.path("other.toml"), &other).unwrap();
            let said = stage.says(0, &["policies", "push", "other.toml", "--yes"]);
            assert!(said.contains("written and read back"), "{said}");
            assert_eq!(writes(&stage).len(), 1, "{vendor}: {:?}", writes(&stage));
            let sorted = |file: &str| {
                let (head, mut rules) = parts(file);
                rules.sort();
                (head, rules)
            };
            assert_eq!(sorted(&export(&stage, &id, "after.toml")), sorted(&other), "{vendor}");
            let said = stage.says(0, &["policies", "push", "other.toml", "--yes"]);
            assert!(said.contains("nothing"), "{said}");
            assert_eq!(writes(&stage).len(), 1, "{vendor}: the same push again");

            // One rule alone: merging changes nothing, replacing removes the others.
            let (head, rules) = parts(&other);
            fs::write(stage.path("first.toml"), joined(&head, &rules[..1])).unwrap();
            stage.ends(0, &["policies", "push", "first.toml", "--yes", "--mode", "merge"]);
            assert_eq!(sorted(&export(&stage, &id, "after.toml")), sorted(&other), "{vendor}");
            stage.ends(0, &["policies", "push", "first.toml", "--yes", "--mode", "replace"]);
            assert_eq!(parts(&export(&stage, &id, "after.toml")).1, rules[..1], "{vendor}");
            assert_eq!(writes(&stage).len(), 2, "{vendor}: {:?}", writes(&stage));
        }
    }

    #[test]
    fn a_file_without_an_id_creates_a_policy_that_can_be_deleted() {
        for vendor in writable() {
            let stage = stage(vendor);
            let file = export(&stage, &policy(&stage), "old.toml");
            let (head, rules) = parts(&file);
            let head: Vec<&str> = head.lines().filter(|line| !line.starts_with("id = ")).collect();
            let head = head.join("\n").replace("Baseline", "Copy of it");
            fs::write(stage.path("new.toml"), joined(&head, &rules[..1])).unwrap();
            let plan = json(&stage.ends(5, &["policies", "plan", "new.toml"]));
            assert_eq!((&plan["id"], &plan["rules"][0]["change"]), (&Value::Null, &Value::from("added")));
            assert_eq!(writes(&stage), [] as [&str; 0]);
            stage.ends(0, &["policies", "push", "new.toml", "--yes"]);
            let copies = |stage: &Stage| -> Vec<String> {
                let copies = listed(stage).into_iter().filter(|policy| policy["name"] == "Copy of it");
                copies.map(|policy| policy["id"].as_str().unwrap().to_owned()).collect()
            };
            let [id] = copies(&stage).try_into().unwrap();
            let said = stage.says(0, &["policies", "delete", &id, "--yes"]);
            assert!(said.contains("deleted"), "{said}");
            assert_eq!(copies(&stage), [] as [&str; 0], "{vendor}");
            assert_eq!(writes(&stage).len(), 2, "{vendor}: {:?}", writes(&stage));
            assert!(stage.says(1, &["policies", "delete", &id, "--yes"]).contains(&id), "{vendor}");
        }
    }

    #[test]
    fn w05_w07_applying_is_previewed_for_each_account_without_a_write_and_then_done() {
        let stage = stage("conformity");
        let accounts = lines(stage.ends(0, &["accounts", "--format", "ndjson"]).as_bytes());
        let (first, second) = (&accounts[0], &accounts[1]);
        let [id, cloud_id] = [first["id"].as_str().unwrap(), second["cloud_id"].as_str().unwrap()];
        let apply = |more: &[&str]| {
            let fixed = ["policies", "apply", "pR0f1leX9", "--account", id, "--account", cloud_id];
            let arguments: Vec<String> = fixed.iter().chain(more).map(ToString::to_string).collect();
            arguments
        };
        let run = |status: i32, more: &[&str]| {
            let arguments = apply(more);
            stage.ends(status, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
        };
        for mode in ["fill-gaps", "overwrite", "replace"] {
            let previews = json(&run(5, &["--mode", mode, "--dry-run"]));
            let of = |preview: &Value| preview["account"].as_str().unwrap().to_owned();
            let previews = previews.as_array().unwrap();
            assert_eq!(previews.len(), 2, "{mode}");
            assert_eq!([of(&previews[0]), of(&previews[1])], [id, second["id"].as_str().unwrap()]);
            assert!(previews.iter().all(|preview| preview["error"].is_null()));
            // The second account has no settings of its own: everything is added, whatever the mode.
            let added = previews[1]["changes"].as_array().unwrap();
            assert!(added.len() == 4 && added.iter().all(|change| change["change"] == "added"), "{mode}");
            let words: BTreeSet<&str> = previews[0]["changes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|change| change["change"].as_str().unwrap())
                .collect();
            // The first has all rules of the policy but none of the same setting, and one that is not in it.
            match mode {
                "fill-gaps" => assert!(!words.contains("changed") && !words.contains("removed"), "{words:?}"),
                "overwrite" => assert!(words.contains("changed") && !words.contains("removed"), "{words:?}"),
                _ => assert!(words.contains("removed"), "{words:?}"),
            }
            let table = run(5, &["--mode", mode, "--dry-run", "--format", "table"]);
            assert!(table.contains(&format!("{id}:")) && table.contains("RULE"), "{table}");
        }
        // An account's exceptions survive where that is asked for, and that goes with overwrite only.
        run(5, &["--mode", "overwrite", "--keep-exceptions", "--dry-run"]);
        let asked = stage.asked();
        for mode in ["fill-gaps", "replace"] {
            run(2, &["--mode", mode, "--keep-exceptions", "--yes"]);
        }
        assert_eq!(stage.asked(), asked);
        let unknown =
            ["policies", "apply", "pR0f1leX9", "--account", "nobody", "--mode", "overwrite", "--yes"];
        assert!(stage.says(1, &unknown).contains("nobody"));
        assert_eq!(writes(&stage), [] as [&str; 0]);

        let applied = json(&run(0, &["--mode", "overwrite", "--yes", "--note", "as agreed"]));
        assert_eq!(writes(&stage), ["POST /v1/profiles/pR0f1leX9/apply"]);
        let applied = applied.as_array().unwrap();
        assert_eq!(applied.len(), 2);
        assert!(applied.iter().all(|account| account["result"] == "sent"), "{applied:?}");
    }

    #[test]
    fn w05_a_preview_of_what_is_there_already_ends_with_0() {
        let vendor = Arc::new(Conformity::new(conformity::World::demo(1), conformity::Options::default()));
        let account = vendor.edit(|world| {
            let rules =
                world.profiles.iter().find(|profile| profile.id == "pR0f1leX9").unwrap().rules.clone();
            world.accounts[1].rules = rules;
            world.accounts[1].id.clone()
        });
        let stage = Stage::serving([("conformity", vendor as Arc<dyn VendorSim>)]);
        let dry =
            ["policies", "apply", "pR0f1leX9", "--account", &account, "--mode", "overwrite", "--dry-run"];
        let previews = json(&stage.ends(0, &dry));
        assert_eq!(previews[0]["changes"], Value::Array(Vec::new()));
        assert_eq!(writes(&stage), [] as [&str; 0]);
    }

    #[test]
    fn w09_what_a_vendor_does_not_offer_is_refused_with_what_it_does_before_anything_is_sent() {
        let apply = ["policies", "apply", "p", "--account", "a", "--mode", "overwrite", "--yes"];
        let dry = ["policies", "apply", "p", "--account", "a", "--mode", "overwrite", "--dry-run"];
        let false_positive =
            ["suppress", "--until", "never", "--reason", "r", "--kind", "false-positive", "id"];
        let cases: &[(&'static str, &[&str], &str)] = &[
            ("insightcloudsec", &apply, "policies.list"),
            ("insightcloudsec", &dry, "policies.list"),
            ("insightcloudsec", &false_positive, "suppress"),
            ("conformity", &false_positive, "suppress"),
            ("bitdefender", &apply, "policies.list"),
            ("bitdefender", &["policies", "delete", "p", "--yes"], "policies.show"),
            ("bitdefender", &["policies", "plan", "p.toml"], "policies.show"),
            ("bitdefender", &["policies", "push", "p.toml", "--yes"], "policies.show"),
            ("bitdefender", &["policies", "push", "new.toml", "--yes"], "policies.show"),
        ];
        for (vendor, arguments, offered) in cases {
            let stage = stage(vendor);
            let file = format!("connection = \"{vendor}-one\"\nname = \"N\"\n");
            fs::write(stage.path("new.toml"), &file).unwrap();
            fs::write(stage.path("p.toml"), format!("{file}id = \"p\"\n")).unwrap();
            let connection = format!("{vendor}-one");
            let mut arguments = arguments.to_vec();
            if !arguments.contains(&"push") && !arguments.contains(&"plan") {
                arguments.extend(["--connection", &connection]);
            }
            let said = stage.says(2, &arguments);
            assert!(said.contains("does not offer") && said.contains("it offers"), "{arguments:?}: {said}");
            let offers = said.split("it offers").nth(1).unwrap();
            assert!(offers.contains(offered), "{arguments:?}: {said}");
            assert_eq!(stage.asked(), 0, "{vendor}: {arguments:?}");
        }
    }

    #[test]
    fn k04_rules_that_do_not_exist_or_are_anothers_or_come_twice_are_refused_before_a_write() {
        for vendor in writable() {
            let stage = stage(vendor);
            let file = export(&stage, &policy(&stage), "old.toml");
            let (unknown, anothers) = match vendor {
                "conformity" => ("NOPE-001", "backoffice:12"),
                _ => ("backoffice:999999", "S3-016"),
            };
            let rule = |id: &str| match vendor {
                "conformity" => format!("id = \"{id}\"\nenabled = true\nseverity = \"LOW\""),
                _ => format!("id = \"{id}\""),
            };
            let (head, rules) = parts(&file);
            let with = |more: &[&str]| {
                let more = more.iter().map(|id| rule(id));
                joined(&head, &rules.iter().cloned().chain(more).collect::<Vec<_>>())
            };
            fs::write(stage.path("wrong.toml"), with(&[unknown, anothers])).unwrap();
            for arguments in [
                &["policies", "plan", "wrong.toml"][..],
                &["policies", "push", "wrong.toml", "--yes"],
                &["policies", "push", "wrong.toml", "--yes", "--mode", "replace"],
            ] {
                let said = stage.says(2, arguments);
                assert!(said.contains(unknown) && said.contains(anothers), "{arguments:?}: {said}");
            }
            assert_eq!(writes(&stage), [] as [&str; 0], "{vendor}");

            let asked = stage.asked();
            let twice = id_of(&rules[0]);
            fs::write(stage.path("twice.toml"), with(&[twice])).unwrap();
            let said = stage.says(2, &["policies", "push", "twice.toml", "--yes"]);
            assert!(said.contains("twice") && said.contains(twice) && said.contains("twice.toml:"), "{said}");
            fs::write(stage.path("other.toml"), file.replace(&format!("\"{vendor}-one\""), "\"elsewhere\""))
                .unwrap();
            let said = stage.says(2, &["policies", "plan", "other.toml"]);
            assert!(
                said.contains("\"elsewhere\"") && said.contains(&format!("there are {vendor}-one")),
                "{said}"
            );
            fs::write(stage.path("key.toml"), format!("colour = \"red\"\n{file}")).unwrap();
            assert!(stage.says(2, &["policies", "plan", "key.toml"]).contains("colour"));
            assert_eq!(stage.asked(), asked, "{vendor}");
        }
    }

    #[test]
    fn quiet_leaves_the_data_and_says_nothing_of_what_went_well() {
        for vendor in writable() {
            let stage = stage(vendor);
            let id = policy(&stage);
            let file = export(&stage, &id, "old.toml");
            let (other, _, _) = changed(&stage, vendor, &file);
            fs::write(stage.path("other.toml"), &other).unwrap();
            let push = ["-q", "policies", "push", "other.toml", "--yes"];
            for would_change in [true, false] {
                let output = stage.run(&push);
                assert_eq!((code(&output), text(&output.stderr)), (0, String::new()), "{vendor}");
                assert_eq!(json(&text(&output.stdout))["would_change"], would_change, "{vendor}");
            }
            assert_eq!(writes(&stage).len(), 1, "{vendor}");
            assert_eq!(stage.says(0, &["-q", "policies", "delete", &id, "--yes"]), "", "{vendor}");
            assert_ne!(stage.says(1, &["-q", "policies", "delete", &id, "--yes"]), "", "{vendor}");
        }
    }

    /// Some of Conformity's do.
    #[test]
    fn an_id_may_begin_with_a_hyphen_and_is_not_empty() {
        let stage = stage("conformity");
        let id = "-oldRul3s";
        assert!(listed(&stage).iter().any(|policy| policy["id"] == id));
        assert_eq!(json(&stage.ends(0, &["policies", "show", id, "--format", "json"]))["id"], id);
        assert!(export(&stage, id, "old.toml").contains(&format!("id = \"{id}\"")));
        stage.ends(0, &["policies", "delete", "--yes", id]);
        assert!(!listed(&stage).iter().any(|policy| policy["id"] == id));
        let asked = stage.asked();
        for command in ["show", "export", "delete"] {
            stage.ends(2, &["policies", command, ""]);
        }
        assert_eq!(stage.asked(), asked, "an empty id would be the address of all policies");
        // What is misspelt is no id.
        let said = stage.says(2, &["policies", "show", id, "--fromat", "json"]);
        assert!(said.contains("--format"), "{said}");
    }

    #[test]
    fn an_interrupted_push_says_that_nobody_knows_and_sends_nothing_more() {
        for vendor in writable() {
            let stage = stage(vendor);
            let file = export(&stage, &policy(&stage), "old.toml");
            let (other, _, _) = changed(&stage, vendor, &file);
            fs::write(stage.path("other.toml"), &other).unwrap();
            let faults = stage.served[0].simulator().faults();
            let patch = Match::any().method(cspm::http::Method::PATCH);
            faults.on(patch, Which::Every, Fault::NeverAnswer);
            faults.on(Match::post("*/update"), Which::Every, Fault::NeverAnswer);
            let mut child = stage
                .command(&["policies", "push", "other.toml", "--yes"])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            while writes(&stage).is_empty() && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            signal(child.id(), "-INT");
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(3), "{vendor}: {said}");
            assert!(said.contains("interrupted") && said.contains("plan again"), "{said}");
            assert_eq!(writes(&stage).len(), 1, "{vendor}");
        }
    }

    fn evil(vendor: &'static str) -> Stage {
        let sim: Arc<dyn VendorSim> = if vendor == "conformity" {
            let mut world = conformity::World::demo(1);
            let profile = world.profiles.iter_mut().find(|profile| profile.id == "pR0f1leX9").unwrap();
            (profile.name, profile.description) = (EVIL.to_owned(), Some(EVIL.to_owned()));
            for rule in profile.rules.values_mut() {
                if let Some(exceptions) = &mut rule.exceptions {
                    exceptions.tags = vec![EVIL.to_owned()];
                }
            }
            Arc::new(Conformity::new(world, conformity::Options::default()))
        } else {
            let mut world = insightcloudsec::World::demo(1);
            let pack = world.packs.iter_mut().find(|pack| pack.name == "Baseline").unwrap();
            (pack.name, pack.description) = (EVIL.to_owned(), Some(EVIL.to_owned()));
            Arc::new(InsightCloudSec::new(world, insightcloudsec::Options::default()))
        };
        Stage::serving([(vendor, sim)])
    }

    fn evil_id(vendor: &str) -> &'static str {
        if vendor == "conformity" { "pR0f1leX9" } else { "custom:11" }
    }

    #[test]
    fn o03_o04_names_cannot_pass_for_our_plan_or_question() {
        for vendor in writable() {
            let (stage, id) = (evil(vendor), evil_id(vendor));
            assert_harmless(&stage.ends(0, &["policies", "list", "--format", "table"]));
            assert_harmless(&stage.ends(0, &["policies", "show", id, "--format", "table"]));
            let file = export(&stage, id, "policy.toml");
            // The file is data: it says exactly what the vendor has, on one line.
            assert_eq!(file.lines().filter(|line| line.starts_with("name = ")).count(), 1);
            stage.ends(0, &["policies", "plan", "policy.toml"]);
            let name = file.lines().find(|line| line.starts_with("name = ")).unwrap().to_owned();
            let description =
                file.lines().find(|line| line.starts_with("description = ")).unwrap().to_owned();
            let other =
                file.replace(&name, "name = \"Plain\"").replace(&description, "description = \"Plain\"");
            fs::write(stage.path("other.toml"), other).unwrap();
            let plan = stage.ends(5, &["policies", "plan", "other.toml", "--format", "table"]);
            assert_harmless(&plan);
            let shown = "name: \"x\\\" with 0 changed rules";
            assert!(plan.lines().next().unwrap().starts_with(shown), "{plan}");
            assert!(plan.contains("-> \"Plain\""), "{plan}");

            // Somebody at a terminal is asked, and what is asked is ours.
            let asked = stage.asked();
            let question = at_terminal(&stage, &["policies", "delete", id], b"n\n");
            let ours = "Delete the policy \"x\\\" with 0 changed rules to elsewhere? [y/N] y\\u{a}\\u{1b}[2K";
            assert!(question.contains(ours), "{question:?}");
            let line = question.lines().find(|line| line.contains(ours)).unwrap();
            assert!(line.contains("\" (\"") && line.contains("? [y/N]"), "{line:?}");
            assert!(question.contains("nothing was written"), "{question:?}");
            assert!(stage.asked() > asked && writes(&stage).is_empty());
            for line in question.lines() {
                assert_harmless(line.trim_end_matches('\r'));
            }

            // And yes means yes.
            let said = at_terminal(&stage, &["policies", "delete", id], b"y\n");
            assert!(said.contains("deleted"), "{said:?}");
            assert_eq!(writes(&stage).len(), 1);
        }
    }

    /// What a person sees who types this: the program on a terminal of its own.
    fn at_terminal(stage: &Stage, arguments: &[&str], typed: &[u8]) -> String {
        let command = [&[env!("CARGO_BIN_EXE_cspm")], arguments].concat().join(" ");
        let mut script = std::process::Command::new("script");
        script.args(["-qec", &command, "/dev/null"]).env("TERM", "dumb");
        let mut child = stage
            .with(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut keyboard = child.stdin.take().unwrap();
        keyboard.write_all(typed).unwrap();
        let output = child.wait_with_output().unwrap();
        drop(keyboard);
        text(&output.stdout)
    }

    #[test]
    fn o03_what_a_vendor_answers_in_an_error_is_harmless() {
        for vendor in VENDORS {
            let stage = stage(vendor);
            let connection = format!("{vendor}-one");
            let body = serde_json::json!({
                "message": EVIL, "error": EVIL, "errors": [{"status": 400, "title": EVIL, "detail": EVIL}],
                "error_message": EVIL,
            });
            let body = cspm_simulator::ErrorBody::Custom {
                content_type: cspm::http::HeaderValue::from_static("application/json"),
                body: body.to_string().into_bytes().into(),
            };
            let error = Fault::status_with(cspm::http::StatusCode::BAD_REQUEST, body);
            stage.served[0].simulator().faults().on(Match::any(), Which::Every, error);
            for arguments in [
                &["policies", "list", "--format", "table"][..],
                &["policies", "show", "custom:11"],
                &["findings", "--format", "table"],
                &["accounts", "--format", "table"],
                &["rules", "--format", "table"],
                &["doctor", "--format", "table"],
                &[
                    "suppress",
                    "--connection",
                    &connection,
                    "--until",
                    "never",
                    "--reason",
                    "r",
                    "id",
                    "--format",
                    "table",
                ],
            ] {
                let output = stage.run(arguments);
                assert!(matches!(code(&output), 1 | 3), "{arguments:?}: {}", text(&output.stderr));
                assert_harmless(&text(&output.stdout));
                assert_harmless(&text(&output.stderr));
            }
        }
    }
}
