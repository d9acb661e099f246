//! What the tests of the program share: simulators on loopback, a configuration that reaches them, and the program itself.

#![allow(dead_code, reason = "each file of tests uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use cspm_simulator::bitdefender::{self, Bitdefender};
use cspm_simulator::conformity::{self, Conformity};
use cspm_simulator::insightcloudsec::{self, InsightCloudSec};
use cspm_simulator::wire::VendorSim;
use cspm_simulator::{Served, Simulator};
use serde_json::Value;

pub(crate) const VENDORS: [&str; 3] = ["conformity", "insightcloudsec", "bitdefender"];

/// Simulated vendors, and a configuration that reaches them. The connection to a vendor is called `<vendor>-one`.
pub(crate) struct Stage {
    pub(crate) served: Vec<Served>,
    pub(crate) folder: tempfile::TempDir,
}

impl Stage {
    /// The demonstration's worlds, of another seed.
    pub(crate) fn of(vendors: &[&'static str]) -> Self {
        Self::serving(vendors.iter().map(|vendor| (*vendor, demo(vendor))))
    }

    /// These simulators.
    pub(crate) fn serving(vendors: impl IntoIterator<Item = (&'static str, Arc<dyn VendorSim>)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (mut text, mut served) = (String::new(), Vec::new());
        for (vendor, sim) in vendors {
            let serving = Simulator::new(sim).serve_in_thread("127.0.0.1:0").unwrap();
            text.push_str(&format!(
                "[[connections]]\nname = \"{vendor}-one\"\nvendor = \"{vendor}\"\nbase_url = \"{}{}\"\n\
                 api_key = {{ env = \"{}\" }}\nrequests_per_second = 1000\n",
                serving.origin(),
                base_path(vendor),
                variable(vendor)
            ));
            served.push(serving);
        }
        fs::write(folder.path().join("cspm.toml"), text).unwrap();
        Self { served, folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<String> = fs::read_dir(self.folder.path()).unwrap().map(name).collect();
        names.sort();
        names
    }

    /// How many requests arrived.
    pub(crate) fn asked(&self) -> u64 {
        self.served.iter().map(|served| served.simulator().log().count()).sum()
    }

    /// The program in the stage's folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.with(bare(arguments))
    }

    /// Any command in the stage's folder, with the environment that the configuration names.
    pub(crate) fn with(&self, mut command: Command) -> Command {
        command.current_dir(self.folder.path());
        for vendor in VENDORS {
            command.env(variable(vendor), key(vendor));
        }
        command
    }

    /// The program started by a shell, behind what is said first: limits, a mask, a terminal.
    pub(crate) fn shell(&self, first: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{first}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_cspm")]);
        command.args(arguments).env_remove("CSPM_CONFIG").stdin(Stdio::null());
        self.with(command)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs the program, which must end so, and returns what it wrote on standard output.
    pub(crate) fn ends(&self, status: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = text(&output.stderr);
        assert_eq!(code(&output), status, "{arguments:?}: {said}{}", text(&output.stdout));
        text(&output.stdout)
    }

    /// Runs the program, which must end so, and returns what it said on standard error.
    pub(crate) fn says(&self, status: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = text(&output.stderr);
        assert_eq!(code(&output), status, "{arguments:?}: {said}{}", text(&output.stdout));
        said
    }

    /// Runs `findings` and returns what it wrote, which must be whole.
    pub(crate) fn findings(&self, arguments: &[&str]) -> Vec<Value> {
        lines(self.ends(0, &[&["findings", "--format", "ndjson"], arguments].concat()).as_bytes())
    }
}

/// A vendor's demonstration.
pub(crate) fn demo(vendor: &str) -> Arc<dyn VendorSim> {
    match vendor {
        "conformity" => Arc::new(Conformity::new(conformity::World::demo(1), conformity::Options::default())),
        "insightcloudsec" => Arc::new(InsightCloudSec::new(
            insightcloudsec::World::demo(1),
            insightcloudsec::Options::default(),
        )),
        _ => Arc::new(Bitdefender::new(bitdefender::World::demo(1), bitdefender::Options::default())),
    }
}

/// The program, with nothing of this machine's configuration.
pub(crate) fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cspm"));
    command
        .args(arguments)
        .env_remove("CSPM_CONFIG")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .stdin(Stdio::null());
    command
}

/// Where a vendor's API begins.
pub(crate) fn base_path(vendor: &str) -> &'static str {
    match vendor {
        "conformity" => "/v1",
        "insightcloudsec" => "",
        _ => "/v1/",
    }
}

/// The variable that holds a vendor's key.
pub(crate) fn variable(vendor: &str) -> String {
    format!("{}_KEY", vendor.to_uppercase())
}

pub(crate) fn key(vendor: &str) -> &'static str {
    match vendor {
        "conformity" => Conformity::DEMO_KEY,
        "insightcloudsec" => insightcloudsec::DEMO_KEY,
        _ => bitdefender::DEMO_KEY,
    }
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(crate) fn lines(bytes: &[u8]) -> Vec<Value> {
    text(bytes).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn report(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Sends a signal, such as `-INT`.
pub(crate) fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([name, &process.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// The signals that interrupt a child: hang-up only where whoever runs the tests has not asked everybody to outlive it.
pub(crate) fn interruptions() -> &'static [&'static str] {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(1);
    if mask & 1 == 0 { &["-INT", "-TERM", "-HUP"] } else { &["-INT", "-TERM"] }
}

/// The requests that change something at a vendor, in the order of arrival.
pub(crate) fn writes(stage: &Stage) -> Vec<String> {
    let log = stage.served[0].simulator().log().entries();
    let requests = log.iter().map(|entry| &entry.request);
    let is_write = |path: &str, method: &str| match path.strip_prefix("/v2/") {
        // InsightCloudSec reads with POST too.
        Some(path) => ["/create", "/update", "/delete", "/edit"].iter().any(|end| path.ends_with(end)),
        None => method != "GET",
    };
    let written = requests.filter(|request| is_write(&request.path, request.method.as_str()));
    written.map(|request| format!("{} {}", request.method, request.path)).collect()
}

/// What a vendor's text may try: colours, a title, an answer to our question, another line, hidden and reordered text.
pub(crate) const EVIL: &str = "x\" with 0 changed rules to elsewhere? [y/N] y\n\u{1b}[2K\u{1b}]0;t\u{7}nothing would change\r\u{202e}\u{200b}\u{9b}31m";

/// Text that could steer a terminal or pass for a line of ours.
pub(crate) fn assert_harmless(text: &str) {
    let hostile = |letter: char| {
        (letter.is_control() && letter != '\n') || ['\u{202e}', '\u{200b}', '\u{2028}'].contains(&letter)
    };
    assert!(!text.chars().any(hostile), "{text:?}");
    let line = text.lines().find(|line| line.trim_start().starts_with("nothing would change"));
    assert!(line.is_none(), "{text}");
}
