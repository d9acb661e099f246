//! Deltas as OCSF events: against an earlier output, and against the last complete run.

#[cfg(test)]
mod stage;

#[cfg(test)]
mod deltas {
    use std::collections::BTreeMap;
    use std::fs;
    use std::sync::Arc;

    use cspm_simulator::bitdefender::{self, Bitdefender};
    use cspm_simulator::conformity::{self, Conformity};
    use cspm_simulator::insightcloudsec::{self, InsightCloudSec};
    use cspm_simulator::wire::VendorSim;
    use cspm_simulator::{Fault, Match, Which};
    use serde_json::{Value, json};

    use crate::stage::{Stage, code, lines, text};

    /// Two accounts with a few checks each, of which none is suppressed.
    fn conformity() -> Arc<Conformity> {
        let spec = conformity::Spec { suppressed_percent: 0, ..conformity::Spec::sizes(&[60, 40]) };
        Arc::new(Conformity::new(conformity::World::generate(&spec), conformity::Options::default()))
    }

    fn serving(vendor: &Arc<Conformity>) -> Stage {
        Stage::serving([("conformity", vendor.clone() as Arc<dyn VendorSim>)])
    }

    /// The events of what happened since the last complete run, which must all be valid.
    fn since(stage: &Stage, status: i32, more: &[&str]) -> Vec<Value> {
        let arguments = [
            &["findings", "--suppressed", "include", "--format", "ocsf", "--output", "events.ndjson"][..],
            &["--changed-since-last-complete", "last", "--report", "report.json"],
            more,
        ];
        stage.ends(status, &arguments.concat());
        assert_eq!(stage.ends(0, &["ocsf", "validate", "events.ndjson"]), "");
        lines(stage.read("events.ndjson").as_bytes())
    }

    fn uid(event: &Value) -> String {
        event["finding_info"]["uid"].as_str().unwrap().to_owned()
    }

    /// What each event says of its finding: activity, outcome, workflow.
    fn told(events: &[Value]) -> BTreeMap<String, [Value; 3]> {
        let numbers = |event: &Value| {
            ["/activity_id", "/compliance/status_id", "/status_id"]
                .map(|at| event.pointer(at).cloned().unwrap_or_default())
        };
        events.iter().map(|event| (uid(event), numbers(event))).collect()
    }

    fn uid_of(check: &conformity::Check) -> String {
        format!("conformity:conformity-one:{}", check.id)
    }

    #[test]
    fn what_appears_changes_passes_and_vanishes_since_the_last_complete_run_is_told_once() {
        let vendor = conformity();
        let stage = serving(&vendor);
        let first = since(&stage, 0, &["--outcome", "all"]);
        assert_eq!(first.len(), 100);
        assert!(first.iter().all(|event| event["activity_id"] == 1 || event["status_id"] == 4));
        assert!(since(&stage, 0, &["--outcome", "all"]).is_empty());

        let now = cspm::Timestamp::now().as_millis();
        let mut want = BTreeMap::new();
        let mut gone = String::new();
        vendor.edit(|world| {
            let failing = |check: &conformity::Check| check.status == conformity::Status::Failure;
            world.checks.sort_by_key(|check| !failing(check));
            let vanished = world.checks.remove(0);
            gone = uid_of(&vanished);
            want.insert(gone.clone(), [json!(3), json!(3), json!(4)]);
            let mut appears = vanished;
            appears.id = conformity::CheckId::parse(&format!("{}-another", appears.id)).unwrap();
            want.insert(uid_of(&appears), [json!(1), json!(3), json!(1)]);
            let [changes, passes, ..] = world.checks.as_mut_slice() else { panic!() };
            (changes.risk_level, changes.updated) = ("EXTREME".into(), Some(now));
            want.insert(uid_of(changes), [json!(2), json!(3), json!(1)]);
            (passes.status, passes.status_changed) = (conformity::Status::Success, Some(now));
            want.insert(uid_of(passes), [json!(3), json!(1), Value::Null]);
            world.checks.push(appears);
        });
        let delta = since(&stage, 0, &["--outcome", "all"]);
        let mut found = told(&delta);
        for (uid, numbers) in &mut found {
            // Whether a pass is called resolved is the vendor's word.
            if numbers[0] == 3 && numbers[1] == 1 {
                assert!(want[uid][2].is_null());
                numbers[2] = Value::Null;
            }
        }
        assert_eq!(found, want);

        // The one that vanished is closed with what is known of it.
        let of = |events: &[Value]| events.iter().find(|event| uid(event) == gone).unwrap().clone();
        let (before, closed) = (of(&first), of(&delta));
        for at in [
            "/finding_info/uid_alt",
            "/finding_info/title",
            "/finding_info/analytic",
            "/finding_info/types",
            "/compliance",
            "/severity",
            "/severity_id",
            "/cloud",
            "/observables",
            "/resources/0/uid",
            "/resources/0/name",
            "/resources/0/type",
            "/resources/0/region",
            "/metadata/event_code",
            "/metadata/tenant_uid",
            "/metadata/original_event_uid",
            "/unmapped/conformity/account",
            "/unmapped/conformity/severity",
        ] {
            assert_eq!(closed.pointer(at), before.pointer(at), "{at}");
        }
        assert!(closed["status_detail"].is_string() && closed["type_uid"] == 200_303, "{closed}");
        assert_eq!(closed["metadata"]["labels"], json!(["time:fetched"]));
        let report: Value = serde_json::from_str(&stage.read("report.json")).unwrap();
        assert_eq!(report["connections"][0]["resolved"], json!([gone]));
        assert!(since(&stage, 0, &["--outcome", "all"]).is_empty(), "and once only");
    }

    #[test]
    fn only_what_was_read_completely_is_closed_and_a_filter_closes_nothing() {
        let vendor = conformity();
        let stage = serving(&vendor);
        let other = serving(&vendor);
        let filter = ["--min-severity", "low"];
        let told = told(&since(&stage, 0, &[]));
        since(&other, 0, &filter);
        let (mut read, mut locked) = (Vec::new(), Vec::new());
        let mut account = String::new();
        vendor.edit(|world| {
            account = world.accounts[1].id.to_string();
            // Three of each account go.
            world.checks.retain(|check| {
                let is_locked = check.id.to_string().starts_with(&format!("ccc:{account}:"));
                let going = if is_locked { &mut locked } else { &mut read };
                let goes = told.contains_key(&uid_of(check)) && going.len() < 3;
                if goes {
                    going.push(uid_of(check));
                }
                !goes
            });
        });
        read.sort();
        locked.sort();
        assert_eq!((read.len(), locked.len()), (3, 3));
        let closed = |events: &[Value]| -> Vec<String> {
            let mut closed: Vec<String> =
                events.iter().filter(|event| event["activity_id"] == 3).map(uid).collect();
            closed.sort();
            closed
        };

        let faults = stage.served[0].simulator().faults();
        let of_account = Match::get("*/checks").query(account.as_str());
        let forbidden = Fault::status(cspm::http::StatusCode::FORBIDDEN);
        faults.on(of_account, Which::Every, forbidden);
        assert_eq!(closed(&since(&stage, 3, &[])), read);
        faults.clear();
        assert_eq!(closed(&since(&stage, 0, &[])), locked, "those of the first account are closed already");

        assert!(closed(&since(&other, 0, &filter)).is_empty());
        let report: Value = serde_json::from_str(&other.read("report.json")).unwrap();
        assert_eq!(report["connections"][0]["resolved"], json!([]));
    }

    #[test]
    fn findings_of_every_vendor_that_vanish_are_closed() {
        let ics = Arc::new(InsightCloudSec::new(
            insightcloudsec::World::demo(1),
            insightcloudsec::Options::default(),
        ));
        let gravity =
            Arc::new(Bitdefender::new(bitdefender::World::demo(1), bitdefender::Options::default()));
        let trend = conformity();
        let stage = Stage::serving([
            ("conformity", trend.clone() as Arc<dyn VendorSim>),
            ("insightcloudsec", ics.clone()),
            ("bitdefender", gravity.clone()),
        ]);
        let first = told(&since(&stage, 0, &[]));
        trend.edit(|world| world.checks.truncate(50));
        ics.edit(|world| world.resources.truncate(world.resources.len() / 2));
        gravity.edit(|world| world.checks.truncate(world.checks.len() / 2));
        let left: Vec<Value> = stage.findings(&["--suppressed", "include"]);
        let closed = told(&since(&stage, 0, &[]));
        assert!(closed.values().all(|numbers| numbers == &[json!(3), json!(3), json!(4)]));
        for vendor in crate::stage::VENDORS {
            let of = |uids: Vec<&String>| -> Vec<String> {
                uids.into_iter().filter(|uid| uid.starts_with(vendor)).cloned().collect()
            };
            let left: Vec<String> = left.iter().map(|it| it["uid"].as_str().unwrap().to_owned()).collect();
            let want = of(first.keys().filter(|uid| !left.contains(*uid)).collect());
            assert!(!want.is_empty());
            assert_eq!(of(closed.keys().collect()), want);
        }
    }

    #[test]
    fn both_comparisons_at_once_are_refused() {
        let stage = serving(&conformity());
        fs::write(stage.path("full.ndjson"), "").unwrap();
        let both = ["--previous", "full.ndjson", "--changed-since-last-complete", "last"];
        let asked = stage.asked();
        let said = stage
            .says(2, &[&["findings", "--suppressed", "include", "--format", "ocsf"][..], &both].concat());
        assert!(said.contains("--previous") && said.contains("cannot be used with"), "{said}");
        assert_eq!(stage.asked(), asked);
    }

    #[test]
    fn what_is_not_asked_for_is_not_gone() {
        let stage = serving(&conformity());
        let findings = ["findings", "--suppressed", "include", "--format", "ocsf"];
        let full = stage.ends(0, &[&findings[..], &["--outcome", "all"]].concat());
        fs::write(stage.path("full.ndjson"), full).unwrap();
        for outcome in ["pass", "fail", "all"] {
            let delta = [&findings[..], &["--outcome", outcome, "--previous", "full.ndjson"]].concat();
            assert_eq!(stage.ends(0, &delta), "", "{outcome}");
        }
    }

    #[test]
    fn a_comparison_tells_what_is_new_changed_and_gone_and_closes_only_what_was_read() {
        let vendor = Arc::new(Conformity::new(conformity::World::demo(1), conformity::Options::default()));
        let stage = Stage::serving([("conformity", vendor.clone() as Arc<dyn VendorSim>)]);
        let compare = |output: &str| {
            stage.run(&[
                "findings",
                "--suppressed",
                "include",
                "--format",
                "ocsf",
                "--previous",
                "full.ndjson",
                "--output",
                output,
            ])
        };
        let full = stage.run(&[
            "findings",
            "--suppressed",
            "include",
            "--format",
            "ndjson",
            "--output",
            "full.ndjson",
        ]);
        assert_eq!(code(&full), 0, "{}", text(&full.stderr));
        let unchanged = compare("same.ndjson");
        assert_eq!(code(&unchanged), 0, "{}", text(&unchanged.stderr));
        assert_eq!(fs::read_to_string(stage.path("same.ndjson")).unwrap(), "");

        let findings = lines(&fs::read(stage.path("full.ndjson")).unwrap());
        let gone = findings[0]["vendor_id"].as_str().unwrap().to_owned();
        vendor.edit(|world| world.checks.retain(|check| check.id.to_string() != gone));
        assert_eq!(code(&compare("delta.ndjson")), 0);
        let delta = lines(&fs::read(stage.path("delta.ndjson")).unwrap());
        assert_eq!(delta.len(), 1, "{delta:?}");
        assert_eq!((&delta[0]["activity_id"], &delta[0]["status_id"]), (&Value::from(3), &Value::from(4)));
        assert_eq!(delta[0]["finding_info"]["uid"], findings[0]["uid"]);

        // Where not everything was read, nothing is gone.
        let error = cspm::http::StatusCode::FORBIDDEN;
        stage.served[0].simulator().faults().on(Match::get("*/checks"), Which::Every, Fault::status(error));
        assert_ne!(code(&compare("partial.ndjson")), 0);
        assert_eq!(fs::read_to_string(stage.path("partial.ndjson")).unwrap(), "");
        stage.served[0].simulator().faults().clear();

        let new = stage.run(&["findings", "--format", "ocsf", "--previous", "full.ndjson"]);
        assert_eq!(code(&new), 2, "suppressed findings are not gone");
        let narrowed = [
            "findings",
            "--suppressed",
            "include",
            "--severity",
            "high",
            "--format",
            "ocsf",
            "--previous",
            "full.ndjson",
        ];
        assert_eq!(code(&stage.run(&narrowed)), 2, "what a filter leaves out is not gone");
    }
}
