//! The program killed, interrupted, out of disk and resumed, from outside and against simulators on loopback. The names
//! are the rows of the fault catalogue.

#[cfg(test)]
mod stage;

#[cfg(test)]
mod resume {
    use std::collections::BTreeSet;
    use std::fs;
    use std::io::Read as _;
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Output, Stdio};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use cspm_simulator::bitdefender::{self, Bitdefender};
    use cspm_simulator::conformity::{self, Conformity};
    use cspm_simulator::insightcloudsec::{self, InsightCloudSec};
    use cspm_simulator::wire::VendorSim;
    use cspm_simulator::{Fault, Latency, Match, Served, Simulator, Which};
    use serde_json::Value;

    use crate::stage::{VENDORS, base_path, code, interruptions, key, signal, text};

    /// How often the program is killed in all, a third of it over each vendor, unless `CSPM_KILLS` says otherwise: a soak
    /// with two hundred takes minutes.
    const KILLS: usize = 60;

    /// One vendor that takes its time over many pages, and a configuration that reaches it.
    struct Stage {
        served: Served,
        folder: tempfile::TempDir,
        vendor: &'static str,
    }

    impl Stage {
        fn new(vendor: &'static str) -> Self {
            let sim: Arc<dyn VendorSim> = match vendor {
                "conformity" => Arc::new(conformity(30)),
                "insightcloudsec" => {
                    let spec = insightcloudsec::Spec { resources: 200, ..insightcloudsec::Spec::default() };
                    let options =
                        insightcloudsec::Options { page_cap: Some(7), ..insightcloudsec::Options::default() };
                    Arc::new(InsightCloudSec::new(insightcloudsec::World::generate(spec), options))
                }
                _ => {
                    let spec = bitdefender::Spec { checks: 4_000, ..bitdefender::Spec::demo(1) };
                    let world = bitdefender::World::generate(spec);
                    Arc::new(Bitdefender::new(world, bitdefender::Options::default()))
                }
            };
            Self::serving(vendor, sim)
        }

        fn serving(vendor: &'static str, sim: Arc<dyn VendorSim>) -> Self {
            let served = Simulator::new(sim).serve_in_thread("127.0.0.1:0").unwrap();
            let (from, to) = (Duration::from_millis(1), Duration::from_millis(8));
            served.simulator().set_latency(Some(Latency { from, to, seed: 1 }));
            let stage = Self { served, folder: tempfile::tempdir().unwrap(), vendor };
            stage.configure(vendor, "");
            stage
        }

        fn configure(&self, name: &str, more: &str) {
            let text = format!(
                "[[connections]]\nname = \"{name}\"\nvendor = \"{}\"\nbase_url = \"{}{}\"\n\
                 api_key = {{ env = \"KEY\" }}\nrequests_per_second = 1000\n{more}",
                self.vendor,
                self.served.origin(),
                base_path(self.vendor)
            );
            fs::write(self.path("cspm.toml"), text).unwrap();
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn at(&self, mut command: Command) -> Command {
            command
                .current_dir(self.folder.path())
                .env_remove("CSPM_CONFIG")
                .env("KEY", key(self.vendor))
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            command
        }

        fn command(&self, arguments: &[&str]) -> Command {
            let mut command = Command::new(env!("CARGO_BIN_EXE_cspm"));
            command.args(arguments);
            self.at(command)
        }

        fn run(&self, arguments: &[&str]) -> Output {
            self.command(arguments).output().unwrap()
        }

        /// What a run that nobody disturbs finds, how long it takes, and how much it asks.
        fn undisturbed(&self) -> (BTreeSet<String>, Duration, u64) {
            let (begun, asked) = (Instant::now(), self.asked());
            let output = self.run(&[&FINDINGS[..], &["--output", "truth"]].concat());
            assert_eq!(code(&output), 0, "{}", text(&output.stderr));
            let truth = uids(&fs::read(self.path("truth")).unwrap());
            assert!(truth.len() > 20, "{} findings", truth.len());
            (truth.into_iter().collect(), begun.elapsed(), self.asked() - asked)
        }

        fn asked(&self) -> u64 {
            self.served.simulator().log().count()
        }

        /// The command with a checkpoint, killed as soon as so many requests were answered.
        fn kill_after(&self, arguments: &[&str], requests: u64) {
            let until = self.asked() + requests;
            let mut child = self.command(arguments).spawn().unwrap();
            while self.asked() < until && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            child.kill().unwrap();
            child.wait().unwrap();
        }

        fn part(&self) -> PathBuf {
            let is_part = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "part");
            let mut parts = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
            parts.find(is_part).unwrap()
        }
    }

    const FINDINGS: [&str; 8] =
        ["findings", "--outcome", "all", "--suppressed", "include", "--format", "ndjson", "-q"];
    const KEPT: [&str; 4] = ["--output", "out", "--checkpoint", "kept"];

    fn kept() -> Vec<&'static str> {
        [&FINDINGS[..], &KEPT].concat()
    }

    fn conformity(accounts: usize) -> Conformity {
        let world = conformity::World::generate(&conformity::Spec::sizes(&vec![20; accounts]));
        Conformity::new(world, conformity::Options::default())
    }

    /// The ids in an NDJSON output, in order; every line must be whole.
    fn uids(bytes: &[u8]) -> Vec<String> {
        let uid =
            |line: &str| serde_json::from_str::<Value>(line).unwrap()["uid"].as_str().unwrap().to_owned();
        text(bytes).lines().map(uid).collect()
    }

    /// Asserts that an output has exactly these findings, each once.
    fn assert_holds(path: &Path, truth: &BTreeSet<String>) {
        let found = uids(&fs::read(path).unwrap());
        let distinct: BTreeSet<String> = found.iter().cloned().collect();
        assert_eq!(found.len(), distinct.len(), "doubled");
        assert_eq!(&distinct, truth, "lost or made up");
    }

    fn wait(mut child: Child) -> (Option<i32>, String) {
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (child.wait().unwrap().code(), said)
    }

    #[test]
    fn c01_kills_at_random_moments_lose_nothing_and_double_nothing() {
        let kills = std::env::var("CSPM_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
        let killed: usize = std::thread::scope(|scope| {
            let one = |(number, vendor)| {
                scope.spawn(move || kill_and_resume(vendor, number, kills.div_ceil(VENDORS.len())))
            };
            let all: Vec<_> = (0..).zip(VENDORS).map(one).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert!(killed >= kills, "only {killed} were killed");
    }

    fn kill_and_resume(vendor: &'static str, seed: u64, kills: usize) -> usize {
        let stage = Stage::new(vendor);
        let (truth, takes, requests) = stage.undisturbed();
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut killed, mut in_a_row) = (0, 0);
        let mut before = stage.asked();
        while killed < kills || in_a_row > 0 {
            let mut child = stage.command(&kept()).spawn().unwrap();
            if killed < kills {
                std::thread::sleep(takes.mul_f64(random.f64()));
                child.kill().unwrap();
            }
            let output = child.wait_with_output().unwrap();
            if output.status.code().is_none() {
                (killed, in_a_row) = (killed + 1, in_a_row + 1);
                if !stage.path("kept").exists() {
                    // Too early or too late to matter: before it began to keep anything, or after everything was done.
                    (in_a_row, before) = (0, stage.asked());
                }
                continue;
            }
            assert_eq!(code(&output), 0, "{vendor}: {}", text(&output.stderr));
            assert_holds(&stage.path("out"), &truth);
            // Every process plans, and asks again at most for what was in flight.
            let asked = stage.asked() - before;
            let most = requests + in_a_row * (planning(vendor) + IN_FLIGHT);
            assert!(asked <= most, "{vendor}: {asked} requests after {in_a_row} kills, not {most}");
            assert!(!stage.path("kept").exists(), "a run that has ended leaves nothing to go on with");
            (in_a_row, before) = (0, stage.asked());
        }
        killed
    }

    /// At most so many of a connection's requests are in flight.
    const IN_FLIGHT: u64 = 8;

    /// Requests that a run makes before it asks for findings, and that a resumed one makes again; generously.
    fn planning(vendor: &str) -> u64 {
        match vendor {
            "conformity" => 3,
            "insightcloudsec" => 40,
            _ => 12,
        }
    }

    #[test]
    fn c01_a_crash_of_a_run_over_three_vendors_in_every_format() {
        for format in ["json", "csv", "ocsf"] {
            let stages: Vec<_> = VENDORS.iter().map(|vendor| Stage::new(vendor)).collect();
            let all = stages.iter().map(|stage| fs::read_to_string(stage.path("cspm.toml")).unwrap());
            let all: Vec<String> = (0..)
                .zip(all)
                .map(|(number, text): (usize, _)| text.replace("\"KEY\"", &format!("\"KEY{number}\"")))
                .collect();
            let home = &stages[0];
            fs::write(home.path("cspm.toml"), all.concat()).unwrap();
            let command = |output: &str, checkpoint: &[&str]| {
                let arguments =
                    [&["findings", "--format", format, "--output", output, "-q"], checkpoint].concat();
                let mut command = home.command(&arguments);
                for (number, vendor) in (0..).zip(VENDORS) {
                    command.env(format!("KEY{number}"), key(vendor));
                }
                command
            };
            let begun = Instant::now();
            assert!(command("truth", &[]).output().unwrap().status.success());
            let takes = begun.elapsed();
            for share in [0.3, 0.6, 0.9] {
                let mut child = command("out", &["--checkpoint", "kept"]).spawn().unwrap();
                std::thread::sleep(takes.mul_f64(share));
                child.kill().unwrap();
                child.wait().unwrap();
            }
            let output = command("out", &["--checkpoint", "kept"]).output().unwrap();
            assert_eq!(code(&output), 0, "{}", text(&output.stderr));
            let sorted = |name: &str| {
                let text = fs::read_to_string(home.path(name)).unwrap();
                if format == "json" {
                    assert!(serde_json::from_str::<Vec<Value>>(&text).is_ok(), "a whole array");
                }
                let mut lines: Vec<String> =
                    text.lines().map(|line| stable(line.trim_end_matches(','))).collect();
                lines.sort_unstable();
                lines
            };
            assert_eq!(sorted("out"), sorted("truth"), "{format}");
        }
    }

    /// The id of an event, which has the time of its run in it; any other line as it is.
    fn stable(line: &str) -> String {
        let event: Option<Value> = serde_json::from_str(line).ok();
        let uid = event.as_ref().and_then(|event| event["finding_info"]["uid"].as_str());
        uid.unwrap_or(line).to_owned()
    }

    #[test]
    fn c02_records_that_are_not_on_disk_are_read_again_whatever_the_checkpoint_says() {
        for vendor in VENDORS {
            let stage = Stage::new(vendor);
            let (truth, _, requests) = stage.undisturbed();
            let mut random = fastrand::Rng::with_seed(7);
            for _ in 0..3 {
                stage.kill_after(&kept(), requests * 2 / 3);
                let part = stage.part();
                // As after a crash of the machine: the output lost its end, in the middle of a line.
                let whole = fs::metadata(&part).unwrap().len();
                fs::File::options().write(true).open(&part).unwrap().set_len(random.u64(0..=whole)).unwrap();
                let output = stage.run(&kept());
                assert_eq!(code(&output), 0, "{}", text(&output.stderr));
                assert_holds(&stage.path("out"), &truth);
            }
            stage.kill_after(&kept(), requests * 2 / 3);
            fs::remove_file(stage.part()).unwrap();
            fs::write(stage.path("out"), "somebody else's").unwrap();
            assert_eq!(code(&stage.run(&kept())), 0);
            assert_holds(&stage.path("out"), &truth);
        }
    }

    #[test]
    fn c03_a_checkpoint_of_something_else_or_damaged_is_refused_and_nothing_is_sent() {
        for vendor in VENDORS {
            let stage = Stage::new(vendor);
            let (truth, _, requests) = stage.undisturbed();
            stage.kill_after(&kept(), requests / 2);
            let (good, asked) = (fs::read(stage.path("kept")).unwrap(), stage.asked());
            let refused = |arguments: &[&str], words: &str| {
                let kept = fs::read(stage.path("kept")).unwrap();
                let output = stage.run(arguments);
                let said = text(&output.stderr);
                assert_eq!(code(&output), 2, "{arguments:?}: {said}");
                assert!(said.contains(words) && said.contains("kept"), "{words}: {said}");
                assert_eq!(stage.asked(), asked, "{words}: nothing is sent");
                let left = fs::read(stage.path("kept")).unwrap();
                assert!(left.starts_with(&kept), "{words}: what was kept stays");
            };
            refused(
                &[&kept()[..], &["--severity", "high"]].concat(),
                "severities was [] and is [\"high\"] now",
            );
            refused(&[&kept()[..], &["--raw"]].concat(), "raw was false");
            refused(&[&FINDINGS[..], &["--output", "other", "--checkpoint", "kept"]].concat(), "--output");
            stage.configure("renamed", "");
            refused(&kept(), "connection");
            stage.configure(vendor, "accounts = [\"x\"]\n");
            refused(&kept(), &format!("connection {vendor}"));
            stage.configure(vendor, "");

            let text = String::from_utf8(good.clone()).unwrap();
            for (damaged, words) in [
                ("garbage\n".to_owned(), "it is no checkpoint"),
                ("garbage".to_owned(), "it is no checkpoint"),
                (text.replacen("entry", "entrY", 1), "line 2 is damaged"),
                (text.replacen("\"format\":1", "\"format\":2", 1), "damaged"),
                (text.lines().skip(2).map(|line| format!("{line}\n")).collect(), "does not say which run"),
            ] {
                fs::write(stage.path("kept"), damaged).unwrap();
                refused(&kept(), words);
            }
            fs::write(stage.path("kept"), b"\xff\xfe\n").unwrap();
            refused(&kept(), "it is no checkpoint");

            // A line that was cut while it was written is simply not there.
            fs::write(stage.path("kept"), &good[..good.len() - 9]).unwrap();
            assert_eq!(code(&stage.run(&kept())), 0);
            assert_holds(&stage.path("out"), &truth);
        }
    }

    #[test]
    fn c03_a_credential_that_sees_other_accounts_is_refused() {
        let sim = Arc::new(conformity(12));
        let stage = Stage::serving("conformity", sim.clone());
        let (_, _, requests) = stage.undisturbed();
        stage.kill_after(&kept(), requests / 2);
        sim.edit(|world| {
            world.accounts.pop();
        });
        let output = stage.run(&kept());
        assert_eq!(code(&output), 2, "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("was there when the run began and is not there now"));
        assert!(!stage.path("out").exists() && stage.path("kept").exists());
    }

    #[test]
    fn a_run_that_cannot_plan_when_it_goes_on_keeps_what_it_had() {
        let stage = Stage::new("conformity");
        let (truth, _, requests) = stage.undisturbed();
        stage.kill_after(&kept(), requests / 2);
        stage.served.simulator().set_down(true);
        let output = stage.run(&[&kept()[..], &["--report", "report.json"]].concat());
        assert_eq!(code(&output), 1, "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("the checkpoint is still good"), "{}", text(&output.stderr));
        stage.served.simulator().set_down(false);
        let asked = stage.asked();
        assert_eq!(code(&stage.run(&kept())), 0);
        assert!(stage.asked() - asked < requests, "it went on");
        assert_holds(&stage.path("out"), &truth);
    }

    #[test]
    fn what_cannot_be_continued_is_refused_with_a_checkpoint() {
        let stage = Stage::new("conformity");
        for (arguments, words) in [
            (&["findings", "--checkpoint", "kept"][..], "--output"),
            (&["findings", "--checkpoint", "kept", "--output", "out", "--format", "table"], "table"),
            (&["findings", "--checkpoint", "kept", "--output", "/dev/full"], "no regular file"),
            (&["findings", "--checkpoint", "/dev/full", "--output", "out"], "no regular file"),
            (&["findings", "--changed-since-last-complete", "/dev/full"], "no regular file"),
        ] {
            let output = stage.run(arguments);
            assert!([1, 2].contains(&code(&output)), "{arguments:?}");
            assert!(text(&output.stderr).contains(words), "{arguments:?}: {}", text(&output.stderr));
            assert!(!stage.path("kept").exists(), "{arguments:?}: nothing is left behind");
        }
        assert_eq!(stage.asked(), 0);
    }

    #[test]
    fn c05_two_full_runs_write_the_same() {
        for vendor in VENDORS {
            let stage = Stage::new(vendor);
            let sorted = |name: &str| {
                let output = stage.run(&[&FINDINGS[..], &["--raw", "--output", name]].concat());
                assert_eq!(code(&output), 0, "{}", text(&output.stderr));
                let written = fs::read_to_string(stage.path(name)).unwrap();
                let mut lines: Vec<String> = written.lines().map(str::to_owned).collect();
                lines.sort_unstable();
                lines
            };
            assert_eq!(sorted("one"), sorted("two"), "{vendor}");
        }
    }

    #[test]
    fn c08_of_two_processes_with_one_checkpoint_the_second_refuses_and_names_the_first() {
        let stage = Stage::new("conformity");
        stage.served.simulator().faults().on(Match::get("*/checks"), Which::Every, Fault::NeverAnswer);
        let mut first = stage.command(&kept()).spawn().unwrap();
        while stage.asked() < 3 {
            std::thread::yield_now();
        }
        let second = stage.run(&kept());
        assert_eq!(code(&second), 2, "{}", text(&second.stderr));
        let words = format!("in use by process {}", first.id());
        assert!(text(&second.stderr).contains(&words), "{}", text(&second.stderr));
        // The lock ends with its process, however that ends.
        first.kill().unwrap();
        first.wait().unwrap();
        stage.served.simulator().faults().clear();
        assert_eq!(code(&stage.run(&kept())), 0);
    }

    /// The program where no file may grow beyond so many half kibibytes: a disk that fills up.
    fn on_a_small_disk(stage: &Stage, blocks: u32, arguments: &[&str]) -> Output {
        let mut command = Command::new("sh");
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        command.args(["-c", &limited, env!("CARGO_BIN_EXE_cspm")]).args(arguments);
        stage.at(command).output().unwrap()
    }

    #[test]
    fn c09_a_full_disk_is_an_error_with_the_path_the_old_files_stay_and_the_run_can_go_on() {
        let stage = Stage::new("conformity");
        let (truth, ..) = stage.undisturbed();
        fs::write(stage.path("out"), "old output").unwrap();
        let output = on_a_small_disk(&stage, 100, &kept());
        assert_eq!(code(&output), 1, "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("out cannot be written"), "{}", text(&output.stderr));
        assert_eq!(fs::read_to_string(stage.path("out")).unwrap(), "old output");
        let output = stage.run(&kept());
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        assert_holds(&stage.path("out"), &truth);

        // The checkpoint itself, with an output that fits.
        let little = [&kept()[..], &["--min-severity", "critical"]].concat();
        let output = on_a_small_disk(&stage, 8, &little);
        assert_eq!(code(&output), 1, "{}", text(&output.stderr));
        let output = stage.run(&little);
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));

        // What is kept between runs.
        let since = [&FINDINGS[..], &["--changed-since-last-complete", "last", "--output", "delta"]].concat();
        assert_eq!(code(&stage.run(&since)), 0);
        let old = fs::read(stage.path("last")).unwrap();
        let output = on_a_small_disk(&stage, 4, &since);
        assert_eq!(code(&output), 1, "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("last cannot be written"), "{}", text(&output.stderr));
        assert_eq!(fs::read(stage.path("last")).unwrap(), old);
    }

    #[test]
    fn c10_o07_a_crash_while_writing_leaves_the_old_output_whole_and_a_file_that_says_what_it_is() {
        for checkpoint in [false, true] {
            let stage = Stage::new("conformity");
            let (_, _, requests) = stage.undisturbed();
            fs::write(stage.path("out"), "old output").unwrap();
            let arguments = [&FINDINGS[..], &["--output", "out"]].concat();
            stage.kill_after(if checkpoint { kept() } else { arguments }.as_slice(), requests / 2);
            assert_eq!(fs::read_to_string(stage.path("out")).unwrap(), "old output");
            let part = stage.part();
            let name = part.file_name().unwrap().to_string_lossy().into_owned();
            assert!(name.starts_with(".out."), "{name}");
            if checkpoint {
                // O07: every line but a last one that was cut is whole.
                let written = fs::read_to_string(&part).unwrap();
                for line in written.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
                    assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
                }
            }
        }
    }

    #[test]
    fn c11_o07_one_interruption_of_any_kind_ends_with_3_what_was_read_is_written_and_the_run_can_go_on() {
        let every = VENDORS.iter().flat_map(|vendor| interruptions().iter().map(move |name| (*vendor, name)));
        for (vendor, name) in every {
            let stage = Stage::new(vendor);
            let (truth, _, requests) = stage.undisturbed();
            let asked = stage.asked();
            let arguments = [
                "findings",
                "--outcome",
                "all",
                "--suppressed",
                "include",
                "--format",
                "json",
                "--report",
                "report.json",
                "--output",
                "out",
                "--checkpoint",
                "kept",
            ];
            let answered = requests * 3 / 4;
            stage.served.simulator().faults().on(Match::any(), Which::From(answered + 1), Fault::NeverAnswer);
            let child = stage.command(&arguments).spawn().unwrap();
            // The rest is never answered, so that it cannot end before it is interrupted.
            while stage.asked() < asked + answered + 1 {
                std::thread::yield_now();
            }
            signal(child.id(), name);
            let (status, said) = wait(child);
            assert_eq!(status, Some(3), "{vendor} {name}: {said}");
            // O07: an array that is closed.
            let read = |name: &str| -> Vec<Value> {
                serde_json::from_slice(&fs::read(stage.path(name)).unwrap()).unwrap()
            };
            let report: Value =
                serde_json::from_slice(&fs::read(stage.path("report.json")).unwrap()).unwrap();
            assert_eq!(report["complete"], false);
            assert_eq!(report["connections"][0]["findings"], read("out").len());
            assert!(said.contains("interrupted"), "{said}");

            stage.served.simulator().faults().clear();
            let output = stage.run(&arguments);
            assert_eq!(code(&output), 0, "{}", text(&output.stderr));
            let again: Value = serde_json::from_slice(&fs::read(stage.path("report.json")).unwrap()).unwrap();
            assert_eq!(
                (&again["run_id"], &again["started"], &again["complete"]),
                (&report["run_id"], &report["started"], &Value::from(true))
            );
            assert_eq!(again["connections"][0]["findings"], truth.len());
            let found = read("out");
            assert_eq!(found.len(), truth.len());
            let of = |finding: &Value| finding["uid"].as_str().unwrap().to_owned();
            assert_eq!(found.iter().map(of).collect::<BTreeSet<_>>(), truth);
            assert!(!stage.path("kept").exists());
        }
    }

    #[test]
    fn c06_an_incremental_run_writes_what_changed_tells_what_is_gone_and_survives_a_kill() {
        let sim = Arc::new(conformity(12));
        let stage = Stage::serving("conformity", sim.clone());
        let arguments = [
            &["findings", "--outcome", "all", "--format", "ndjson", "--report", "report.json"][..],
            &KEPT,
            &["--changed-since-last-complete", "last"],
        ]
        .concat();
        let run = || {
            let output = stage.run(&arguments);
            assert_eq!(code(&output), 0, "{}", text(&output.stderr));
            let report: Value =
                serde_json::from_slice(&fs::read(stage.path("report.json")).unwrap()).unwrap();
            let found = uids(&fs::read(stage.path("out")).unwrap());
            assert_eq!(report["connections"][0]["findings"], found.len());
            (found, report["connections"][0]["resolved"].clone(), text(&output.stderr))
        };
        let (_, _, requests) = stage.undisturbed();
        stage.kill_after(&arguments, requests / 2);
        assert!(!stage.path("last").exists(), "only a complete run is compared with");
        let (all, resolved, said) = run();
        assert!(all.len() > 200 && resolved == serde_json::json!([]), "{said}");
        let mut gone = String::new();
        sim.edit(|world| {
            gone = world.checks.remove(0).id.to_string();
            world.checks[0].updated = Some(cspm::Timestamp::now().as_millis());
        });
        stage.kill_after(&arguments, requests / 2);
        let (found, resolved, said) = run();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(resolved, serde_json::json!([format!("conformity:conformity:{gone}")]));
        assert!(said.contains("1 findings are gone"), "{said}");
        assert_eq!(run().0, Vec::<String>::new(), "and once only");
    }

    #[test]
    fn c11_a_second_interruption_ends_it_at_once() {
        let world = conformity::World::generate(&conformity::Spec::sizes(&[900]));
        let sim = Arc::new(Conformity::new(world, conformity::Options::default()));
        let stage = Stage::serving("conformity", sim);
        // Nobody takes the rest of the only page, so the first interruption cannot end it.
        let mut child = stage.command(&FINDINGS).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0; 100]).unwrap();
        // Two that come before the program looks are one to it.
        let status = loop {
            signal(child.id(), "-TERM");
            std::thread::sleep(Duration::from_millis(50));
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
        };
        assert_eq!(status.code(), Some(130), "{status}");
    }
}
