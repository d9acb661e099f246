//! Rows of the catalogue of faults that are about the program as a whole: what it prints, leaves behind and is built of.

#[cfg(test)]
mod stage;

#[cfg(test)]
mod faults {
    use std::collections::BTreeSet;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};
    use std::sync::Arc;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use cspm_simulator::bitdefender::{self, Bitdefender};
    use cspm_simulator::conformity::{self, Check, CheckId, Conformity, Status};
    use cspm_simulator::insightcloudsec::{self, InsightCloudSec};
    use cspm_simulator::wire::VendorSim;
    use cspm_simulator::{Fault, Match, Which};
    use serde_json::Value;

    use crate::stage::{
        Stage, VENDORS, bare, code, demo, interruptions, key, lines, report, signal, text, variable,
    };

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    /// Every file below a folder whose name ends so.
    fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(files(&path, end));
            } else if path.to_string_lossy().ends_with(end) {
                found.push(path);
            }
        }
        found
    }

    /// The packages of the lock file, by name, once for each version.
    fn packages() -> Vec<String> {
        let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
        let name =
            |line: &str| line.strip_prefix("name = \"").map(|name| name.trim_end_matches('"').to_owned());
        lock.lines().filter_map(name).collect()
    }

    /// The help of the program and of each of its commands.
    fn all_help() -> String {
        let help = |command: &[&str]| text(&bare(&[command, &["--help"]].concat()).output().unwrap().stdout);
        let mut all = help(&[]);
        for command in [
            &["demo"][..],
            &["simulate"],
            &["findings"],
            &["accounts"],
            &["rules"],
            &["suppress"],
            &["unsuppress"],
            &["capabilities"],
            &["doctor"],
            &["ocsf", "validate"],
            &["policies", "list"],
            &["policies", "show"],
            &["policies", "export"],
            &["policies", "plan"],
            &["policies", "push"],
            &["policies", "apply"],
            &["policies", "delete"],
        ] {
            let one = help(command);
            assert!(one.contains("Usage:"), "{command:?}");
            all.push_str(&one);
        }
        all
    }

    #[test]
    fn l05_nothing_turns_verification_off() {
        let words = [
            "danger_accept",
            "tls_danger",
            ".dangerous()",
            "servercertverifier",
            "custom_certificate_verifier",
            "insecure",
        ];
        let crates = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path());
        // The simulator serves; it verifies nobody.
        for member in crates.filter(|path| !path.ends_with("cspm-simulator")) {
            for file in files(&member.join("src"), ".rs").into_iter().chain(files(&member, "Cargo.toml")) {
                let source = fs::read_to_string(&file).unwrap().to_lowercase();
                let found: Vec<_> = words.iter().filter(|word| source.contains(**word)).collect();
                assert!(found.is_empty(), "{}: {found:?}", file.display());
            }
        }
        assert!(!fs::read_to_string(root().join("Cargo.toml")).unwrap().contains("danger"));
        let help = all_help().to_lowercase();
        for word in ["insecure", "verif", "skip", "no-check", "trust", "unsafe"] {
            assert!(!help.contains(word), "{word}");
        }
        let stage = Stage::of(&["conformity"]);
        let configured = stage.read("cspm.toml");
        for line in
            ["insecure = true", "verify = false", "tls_verify = false", "danger_accept_invalid_certs = true"]
        {
            fs::write(stage.path("cspm.toml"), format!("{configured}{line}\n")).unwrap();
            let said = stage.says(2, &["findings"]);
            assert!(said.contains(line.split(' ').next().unwrap()), "{said}");
        }
    }

    #[test]
    fn k02_no_reader_of_yaml_is_built_in() {
        let packages = packages();
        assert!(packages.len() > 100);
        let yaml: Vec<_> =
            packages.iter().filter(|name| name.contains("yaml") || name.contains("yml")).collect();
        assert!(yaml.is_empty(), "{yaml:?}: aliases need a budget before one is added");
    }

    #[test]
    fn x05_what_security_rests_on_is_there_once_and_from_the_registry() {
        let packages = packages();
        for name in [
            "rustls",
            "rustls-webpki",
            "rustls-pki-types",
            "ring",
            "tokio-rustls",
            "hyper-rustls",
            "reqwest",
            "hyper",
            "hyper-util",
            "h2",
            "http",
            "httparse",
            "url",
            "idna",
            "percent-encoding",
            "secrecy",
            "zeroize",
            "tokio",
            "serde_json",
            "toml",
            "tempfile",
            "flate2",
        ] {
            let copies = packages.iter().filter(|package| *package == name).count();
            assert_eq!(copies, 1, "copies of {name}");
        }
        // A second implementation of TLS would be a second set of flaws.
        for name in ["openssl", "openssl-sys", "native-tls", "aws-lc-sys", "aws-lc-rs", "boring"] {
            assert!(!packages.iter().any(|package| package == name), "{name}");
        }
        let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
        for source in lock.lines().filter(|line| line.starts_with("source = ")) {
            assert_eq!(source, "source = \"registry+https://github.com/rust-lang/crates.io-index\"");
        }
    }

    #[test]
    fn x06_unsafe_code_is_forbidden_in_every_crate() {
        let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(workspace.contains("[workspace.lints.rust]\nunsafe_code = \"forbid\""));
        let mut members = vec![root().join("tests"), root().join("examples")];
        members.extend(fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path()));
        assert!(members.len() >= 11);
        for member in members {
            let manifest = fs::read_to_string(member.join("Cargo.toml")).unwrap();
            let forbids = manifest.contains("[lints]\nworkspace = true")
                || manifest.contains("[lints.rust]\nunsafe_code = \"forbid\"");
            assert!(forbids, "{}", member.display());
        }
    }

    #[test]
    fn a14_no_log_out_is_needed_so_that_none_can_fail() {
        let stage = Stage::of(&["insightcloudsec"]);
        let configured = stage.read("cspm.toml");
        let with_key = "api_key = { env = \"INSIGHTCLOUDSEC_KEY\" }";
        assert!(configured.contains(with_key));
        let session = "username = \"ops\"\npassword = { env = \"PASSWORD\" }";
        fs::write(stage.path("cspm.toml"), configured.replace(with_key, session)).unwrap();
        let error = Fault::status(cspm::http::StatusCode::INTERNAL_SERVER_ERROR);
        let simulator = stage.served[0].simulator();
        simulator.faults().on(Match::path("*/logout"), Which::Every, error);
        let output = stage
            .command(&["findings", "--format", "ndjson", "-vv"])
            .env("PASSWORD", insightcloudsec::DEMO_PASSWORD)
            .output()
            .unwrap();
        let said = text(&output.stderr);
        assert_eq!(code(&output), 0, "{said}");
        assert!(!lines(&output.stdout).is_empty());
        assert!(!said.contains(insightcloudsec::DEMO_PASSWORD));
        assert_eq!(simulator.log().matching(&Match::path("*/login")).len(), 1);
        assert_eq!(simulator.log().matching(&Match::path("*/logout")).len(), 0);
    }

    /// What a vendor can put into a text: every control character, and what hides or reorders.
    fn hostile_text() -> String {
        let controls: String = ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}').collect();
        let marks = "\u{301}".repeat(500);
        format!(
            "\u{1b}[31m\u{1b}]8;;http://evil.example\u{7}{controls}\u{202e}\u{2066}\u{200b}\u{e0041}\u{2028}{marks}"
        )
    }

    fn is_hostile(letter: char) -> bool {
        (letter.is_control() && letter != '\n')
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{2028}' | '\u{e0000}'..='\u{e007f}')
    }

    /// Appends hostile text to every text of these names, however deep.
    fn spoil(value: &mut Value) {
        const NAMES: [&str; 12] = [
            "name",
            "title",
            "rule-title",
            "message",
            "description",
            "resourceName",
            "resource_name",
            "instance_name",
            "environment",
            "severity",
            "pretty-risk-level",
            "link-title",
        ];
        match value {
            Value::Array(all) => all.iter_mut().for_each(spoil),
            Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        Value::String(text) if NAMES.contains(&name.as_str()) => {
                            text.push_str(&hostile_text())
                        }
                        _ => spoil(value),
                    }
                }
            }
            _ => {}
        }
    }

    #[test]
    fn o01_o02_o03_hostile_text_of_a_vendor_steers_nothing_whatever_is_shown() {
        for vendor in VENDORS {
            let stage = Stage::of(&[vendor]);
            let simulator = stage.served[0].simulator();
            let commands = ["findings", "accounts", "rules", "doctor"];
            let rows = |command: &str| stage.ends(0, &[command, "--format", "ndjson"]).lines().count();
            let plain = commands.map(rows);
            simulator.faults().on(Match::any(), Which::Every, Fault::rewrite_json(|_, value| spoil(value)));
            for (command, count) in commands.into_iter().zip(plain) {
                let output = stage.run(&[command, "--format", "table"]);
                let (shown, said) = (text(&output.stdout), text(&output.stderr));
                assert_eq!(code(&output), 0, "{vendor} {command}: {said}");
                for (place, text) in [("table", &shown), ("messages", &said)] {
                    let found: BTreeSet<char> = text.chars().filter(|letter| is_hostile(*letter)).collect();
                    assert!(found.is_empty(), "{vendor} {command} {place}: {found:?}");
                    assert!(!text.contains(&"\u{301}".repeat(9)), "{vendor} {command}: stacked marks");
                }
                // One row a record, and a heading for every two thousand.
                let headings = count.div_ceil(2_000).max(1);
                assert_eq!(shown.lines().count(), count + headings, "{vendor} {command}");
                if command != "doctor" {
                    assert!(shown.contains("\\u{1b}[31m"), "{vendor} {command}: shown, and visibly so");
                }
            }
        }
    }

    /// Texts that would be something else as the name of a file.
    fn evil_names() -> Vec<String> {
        let names = ["..", "../../evil", "/tmp/evil", "CON", "NUL.txt", "a\\..\\b", "a\0b"];
        names.map(str::to_owned).into_iter().chain(["x".repeat(300)]).collect()
    }

    /// Puts such a text before an id, which stays the only one of its kind.
    fn prefix(id: &mut Value, evil: &str) {
        *id = format!("{evil}{}", id.as_str().unwrap_or_default()).into();
    }

    /// Gives records such ids and names, and their accounts and rules too where they stand beside them.
    fn rename(vendor: &str, value: &mut Value) {
        let listing = if vendor == "insightcloudsec" { "resources" } else { "data" };
        let Some(records) = value.get_mut(listing).and_then(Value::as_array_mut) else { return };
        for (record, evil) in records.iter_mut().zip(evil_names()) {
            match vendor {
                "conformity" => record["attributes"]["resource"] = evil.into(),
                "insightcloudsec" => {
                    let kind = record["resource_type"].as_str().unwrap_or_default().to_owned();
                    if let Some(common) = record.get_mut(&kind).and_then(|payload| payload.get_mut("common"))
                    {
                        common["account"] = evil.clone().into();
                        prefix(&mut common["resource_id"], &evil);
                    }
                }
                _ => {
                    if record["attributes"].get("resource_name").is_some() {
                        prefix(&mut record["id"], &evil);
                        record["attributes"]["resource_name"] = evil.into();
                    }
                }
            }
        }
    }

    /// A world of Conformity whose ids, which say what they are made of, hold such names.
    fn evil_checks() -> Arc<dyn VendorSim> {
        let mut world = conformity::World::demo(1);
        let account = world.accounts[0].id.clone();
        for id in evil_names() {
            world.accounts.iter_mut().for_each(|account| account.name.clone_from(&id));
            let id = CheckId::new(&account, &id, "EC2", "us-east-1", &id);
            world.checks.push(Check::new(id, Status::Failure, "HIGH"));
        }
        world.checks.sort_by(|one, other| one.id.cmp(&other.id));
        Arc::new(Conformity::new(world, conformity::Options::default()))
    }

    #[test]
    fn o11_ids_of_a_vendor_never_name_a_file() {
        for vendor in VENDORS {
            let sim = if vendor == "conformity" { evil_checks() } else { demo(vendor) };
            let stage = Stage::serving([(vendor, sim)]);
            let renamed = Fault::rewrite_json(move |_, value| rename(vendor, value));
            stage.served[0].simulator().faults().on(Match::any(), Which::Every, renamed);
            for format in ["ndjson", "json", "csv", "ocsf", "table"] {
                let output = ["--output", "out", "--report", "report", "--raw"];
                stage.ends(0, &[&["findings", "--format", format], &output[..]].concat());
                // A table has not room for all of it.
                assert!(format == "table" || stage.read("out").contains("evil"), "{vendor} {format}");
                assert_eq!(stage.names(), ["cspm.toml", "out", "report"], "{vendor} {format}");
            }
            let kept = ["findings", "--format", "ndjson", "--output", "out"];
            stage.ends(0, &[&kept[..], &["--checkpoint", "kept"]].concat());
            stage.ends(0, &[&kept[..], &["--changed-since-last-complete", "last"]].concat());
            assert_eq!(stage.names(), ["cspm.toml", "last", "out", "report"]);
        }
        assert!(!Path::new("/tmp/evil").exists() && !Path::new("/evil").exists());
    }

    #[test]
    fn o12_terminal_locale_colour_and_time_zone_change_nothing() {
        let stage = Stage::of(&["bitdefender"]);
        let sorted = |output: &[u8]| {
            let mut lines: Vec<String> = text(output).lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        for format in ["table", "ndjson", "csv"] {
            let arguments = ["findings", "--min-severity", "critical", "--format", format];
            let plain = stage.run(&arguments);
            assert_eq!(code(&plain), 0, "{}", text(&plain.stderr));
            for (name, value) in [
                ("NO_COLOR", "1"),
                ("CLICOLOR_FORCE", "1"),
                ("TERM", "dumb"),
                ("TERM", ""),
                ("COLUMNS", "0"),
                ("COLUMNS", "1"),
                ("LC_ALL", "tr_TR.UTF-8"),
                ("LC_ALL", "C"),
                ("TZ", "Pacific/Kiritimati"),
                ("TZ", "nonsense"),
            ] {
                let other = stage.command(&arguments).env(name, value).output().unwrap();
                assert_eq!(code(&other), 0, "{name}={value}");
                assert_eq!(sorted(&other.stdout), sorted(&plain.stdout), "{format} {name}={value}");
            }
        }
        // A terminal of no width, or of one column.
        let expected = stage.findings(&["--min-severity", "critical"]).len();
        for columns in ["0", "1", "20"] {
            let program = env!("CARGO_BIN_EXE_cspm");
            let typed =
                format!("stty cols {columns}; {program} findings --min-severity critical --format table");
            let mut script = Command::new("script");
            script.args(["-qec", &typed, "/dev/null"]).env("TERM", "xterm").stdin(Stdio::null());
            let output = stage.with(script).output().unwrap();
            assert!(output.status.success(), "{columns}: {}", text(&output.stdout));
            let shown = text(&output.stdout);
            assert!(shown.matches("critical").count() >= expected, "{columns} columns: {shown}");
            assert!(shown.contains("complete"), "{columns} columns: {shown}");
        }
    }

    /// The most memory that a command held at once, in KiB.
    fn peak(mut command: Command) -> u64 {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        while child.try_wait().unwrap().is_none() {
            // The mark only rises: the last look before the end is the one that counts.
            let status = fs::read_to_string(&status).unwrap_or_default();
            let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = mark.and_then(|mark| mark.trim().trim_end_matches(" kB").parse().ok());
            peak = peak.max(kib.unwrap_or(0));
            std::thread::yield_now();
        }
        assert!(child.wait().unwrap().success());
        peak
    }

    // One by one: the largest tests of this file, and what takes its time.
    #[test]
    fn p27_memory_does_not_grow_with_the_findings_of_conformity() {
        assert_memory_does_not_grow("conformity");
    }

    #[test]
    fn p27_memory_does_not_grow_with_the_findings_of_insightcloudsec() {
        assert_memory_does_not_grow("insightcloudsec");
    }

    #[test]
    fn p27_memory_does_not_grow_with_the_findings_of_bitdefender() {
        assert_memory_does_not_grow("bitdefender");
    }

    fn assert_memory_does_not_grow(vendor: &'static str) {
        let of = |findings: usize| {
            let stage = Stage::serving([(vendor, large(vendor, findings))]);
            stage.served[0].simulator().log().keep(0);
            let all = ["findings", "--outcome", "all", "--suppressed", "include", "--format", "ndjson"];
            peak(stage.command(&all))
        };
        let (small, large) = (of(20_000), of(60_000));
        assert!(small > 0 && large <= 48 * 1024, "{vendor}: {large} KiB");
        // Only the check for duplicates may grow, within its scope: an account, which is as large in both worlds, an
        // insight, of which there are as many and larger ones, the one listing. The rest varies from run to run.
        let more = if vendor == "conformity" { 6 * 1024 } else { 16 * 1024 };
        assert!(large <= small + more, "{vendor}: {small} KiB, and {large} KiB with three times as many");
    }

    /// A world with about so many findings: in accounts of 500, in insights of a thousand or so, or in one listing.
    fn large(vendor: &str, findings: usize) -> Arc<dyn VendorSim> {
        match vendor {
            "conformity" => {
                let world = conformity::World::generate(&conformity::Spec::sizes(&vec![500; findings / 500]));
                Arc::new(Conformity::new(world, conformity::Options::default()))
            }
            "insightcloudsec" => {
                let spec =
                    insightcloudsec::Spec { resources: findings / 2, ..insightcloudsec::Spec::default() };
                let world = insightcloudsec::World::generate(spec);
                Arc::new(InsightCloudSec::new(world, insightcloudsec::Options::default()))
            }
            _ => {
                let spec = bitdefender::Spec { checks: findings, ..bitdefender::Spec::demo(1) };
                Arc::new(Bitdefender::new(
                    bitdefender::World::generate(spec),
                    bitdefender::Options::default(),
                ))
            }
        }
    }

    /// The ways in which a credential travels or could be printed.
    fn spellings(key: &str) -> Vec<String> {
        let hex: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
        let mut all = vec![key.to_owned(), hex.to_uppercase(), hex];
        for lead in ["", ":", "x:"] {
            let text = STANDARD.encode(format!("{lead}{key}:"));
            // The first and last letters depend on what is beside the key.
            all.push(text[4..text.len() - 4].to_owned());
        }
        all
    }

    #[test]
    fn s09_no_credential_in_the_finest_log_nor_in_anything_else_that_is_written() {
        let stage = Stage::of(&VENDORS);
        let fresh: String = std::iter::repeat_with(fastrand::alphanumeric).take(40).collect();
        for wrong in [false, true] {
            let mut command = stage.command(&[
                "findings",
                "-vv",
                "--format",
                "ndjson",
                "--raw",
                "--output",
                "out",
                "--report",
                "report",
                "--checkpoint",
                "kept",
            ]);
            command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
            if wrong {
                command.envs(VENDORS.map(|vendor| (variable(vendor), &fresh)));
            }
            let output = command.output().unwrap();
            assert_eq!(code(&output), if wrong { 1 } else { 0 }, "{}", text(&output.stderr));
            let said = text(&output.stderr);
            assert!(said.contains("TRACE") || said.contains("DEBUG"), "{said}");
            // Other crates' events are not in it.
            assert!(!said.contains("hyper") && !said.contains("rustls"), "{said}");
            let mut everything = vec![("log", said), ("standard output", text(&output.stdout))];
            for name in stage.names() {
                everything
                    .push(("a file", String::from_utf8_lossy(&fs::read(stage.path(&name)).unwrap()).into()));
            }
            let keys = VENDORS.map(key).into_iter().chain([fresh.as_str()]);
            for spelling in keys.flat_map(spellings) {
                for (place, text) in &everything {
                    assert!(!text.contains(&spelling), "{spelling} in {place}");
                }
            }
        }
    }

    /// The program in the middle of a run: one vendor never answers.
    fn in_the_middle(stage: &Stage, mut command: Command) -> std::process::Child {
        let simulator = stage.served[0].simulator();
        simulator.faults().clear();
        simulator.log().clear();
        simulator.faults().on(Match::any(), Which::From(2), Fault::NeverAnswer);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while simulator.log().count() < 2 {
            std::thread::yield_now();
        }
        child
    }

    #[test]
    fn s12_s13_a_running_program_shows_no_secret_starts_nobody_and_leaves_no_core() {
        let help = all_help();
        for word in ["--api-key", "--password", "--token", "--secret"] {
            assert!(!help.contains(word), "{word}");
        }
        let stage = Stage::of(&["conformity"]);
        let mut child = in_the_middle(&stage, stage.shell("ulimit -c unlimited", &["findings", "-q"]));
        let of = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", child.id())).unwrap();
        let line = of("cmdline");
        assert!(line.contains("findings") && !line.contains(key("conformity")), "{line}");
        let limits = of("limits");
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
        for task in fs::read_dir(format!("/proc/{}/task", child.id())).unwrap() {
            let children = fs::read_to_string(task.unwrap().path().join("children")).unwrap();
            assert_eq!(children, "");
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn s17_what_is_written_is_the_owners_and_a_planted_link_is_not_followed() {
        let stage = Stage::of(&["conformity"]);
        let victim = stage.path("victim");
        fs::write(&victim, "precious").unwrap();
        for name in ["out", "report", "last"] {
            std::os::unix::fs::symlink(&victim, stage.path(name)).unwrap();
        }
        fs::remove_file(stage.path("last")).unwrap();
        let kept = ["findings", "-q", "--format", "ndjson", "--output", "out", "--report", "report"];
        let last = [&kept[..], &["--changed-since-last-complete", "last"]].concat();
        let output = stage.shell("umask 0", &last).output().unwrap();
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        for name in ["out", "report", "last"] {
            assert_eq!(mode(&stage.path(name)), 0o600, "{name}");
            assert!(fs::symlink_metadata(stage.path(name)).unwrap().is_file(), "{name} is no link any more");
        }
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        // While it runs, too: the temporary files and the checkpoint.
        let before: BTreeSet<String> = stage.names().into_iter().collect();
        let checkpoint = [&kept[..], &["--checkpoint", "kept"]].concat();
        let mut child = in_the_middle(&stage, stage.shell("umask 0", &checkpoint));
        let new: Vec<String> = stage.names().into_iter().filter(|name| !before.contains(name)).collect();
        assert!(new.len() >= 3 && new.contains(&"kept".to_owned()), "{new:?}");
        for name in &new {
            assert_eq!(mode(&stage.path(name)), 0o600, "{name}");
        }
        signal(child.id(), "-INT");
        child.wait().unwrap();
        assert_eq!(mode(&stage.path("kept")), 0o600);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        let exported = ["policies", "export", "pR0f1leX9", "--output", "policy.toml"];
        stage.served[0].simulator().faults().clear();
        let output = stage.shell("umask 0", &exported).output().unwrap();
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        assert_eq!(mode(&stage.path("policy.toml")), 0o600);
    }

    #[test]
    fn x02_few_descriptors_little_memory_and_one_core_are_enough() {
        let stage = Stage::of(&VENDORS);
        let arguments = ["findings", "--format", "ndjson", "--report", "report"];
        let count = stage.findings(&[]).len();
        for limits in ["ulimit -n 64", "ulimit -v 262144", "taskset -cp 0 $$ >/dev/null"] {
            let output = stage.shell(limits, &arguments).output().unwrap();
            assert_eq!(code(&output), 0, "{limits}: {}", text(&output.stderr));
            assert_eq!(lines(&output.stdout).len(), count, "{limits}");
        }
        // Where it is not enough, the reason is said, and nothing is called complete.
        let output = stage.shell("ulimit -n 8", &arguments).output().unwrap();
        let said = text(&output.stderr);
        assert!([1, 2, 3].contains(&code(&output)), "{said}");
        assert!(said.contains("Too many open files") || said.contains("too many open files"), "{said}");
    }

    #[test]
    fn x04_no_home_is_needed() {
        let stage = Stage::of(&["bitdefender"]);
        let uids = |output: &[u8]| -> BTreeSet<String> {
            lines(output).iter().map(|finding| finding["uid"].as_str().unwrap().to_owned()).collect()
        };
        let plain = stage.run(&["findings", "--format", "ndjson"]);
        // Not even root can write to the last.
        for home in [None, Some(""), Some("/nonexistent"), Some("/proc")] {
            let mut command = stage.command(&["findings", "--format", "ndjson"]);
            command.env_remove("XDG_CONFIG_HOME").env_remove("HOME");
            if let Some(home) = home {
                command.env("HOME", home);
            }
            let output = command.output().unwrap();
            assert_eq!(code(&output), 0, "{home:?}: {}", text(&output.stderr));
            assert_eq!(uids(&output.stdout), uids(&plain.stdout), "{home:?}");
            assert_eq!(
                text(&output.stderr).matches("warning").count(),
                text(&plain.stderr).matches("warning").count()
            );
        }
        assert_eq!(stage.names(), ["cspm.toml"]);
    }

    #[test]
    fn o07_a_killed_run_leaves_no_array_that_is_not_closed() {
        let stage = Stage::of(&["conformity"]);
        let arguments = ["findings", "-q", "--format", "json", "--output", "out"];
        let mut child = in_the_middle(&stage, stage.command(&arguments));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!stage.path("out").exists());
        for name in interruptions() {
            let reported = [&arguments[..], &["--report", "report"]].concat();
            let mut child = in_the_middle(&stage, stage.command(&reported));
            signal(child.id(), name);
            let ended = child.wait().unwrap();
            assert!(matches!(ended.code(), Some(1 | 3)), "{name}: {ended}");
            let array: Vec<Value> = serde_json::from_str(&stage.read("out")).unwrap();
            assert_eq!(report(&stage.path("report"))["connections"][0]["findings"], array.len(), "{name}");
        }
    }
}
