//! Interruptions of commands that read (catalogue row C11): what was read is written, and the status is 3. Those of runs that
//! keep a checkpoint are in `resume.rs`, those of writes in `policies.rs`.

#[cfg(test)]
mod stage;

#[cfg(test)]
mod interruptions {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::{Child, Output, Stdio};
    use std::time::{Duration, Instant};

    use cspm_simulator::{Fault, Match, Which};
    use serde_json::Value;

    use crate::stage::{Stage, VENDORS, code, interruptions, report, signal, text};

    /// Starts a command whose output is read.
    fn running(stage: &Stage, arguments: &[&str]) -> Child {
        stage.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs a command that cannot end by itself, and interrupts it once this is true.
    fn interrupted(stage: &Stage, arguments: &[&str], name: &str, is_time: impl Fn() -> bool) -> Output {
        let child = running(stage, arguments);
        while !is_time() {
            std::thread::yield_now();
        }
        signal(child.id(), name);
        child.wait_with_output().unwrap()
    }

    #[test]
    fn c11_an_interrupt_ends_with_3_and_keeps_what_was_read() {
        let stage = Stage::of(&["conformity", "bitdefender"]);
        // One vendor never answers; the other is read.
        stage.served[1].simulator().faults().on(
            Match::get("*/cspm/checks"),
            Which::Every,
            Fault::NeverAnswer,
        );
        let mut child = running(&stage, &["findings", "--format", "ndjson", "--report", "report.json"]);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        signal(child.id(), "-INT");
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(3), "{said}");
        assert!(
            rest.lines().chain([first.trim_end()]).all(|line| serde_json::from_str::<Value>(line).is_ok())
        );
        let report = report(&stage.path("report.json"));
        assert_eq!(report["complete"], false);
        assert!(said.contains("interrupted"), "{said}");
    }

    #[test]
    fn c11_a_run_that_is_interrupted_before_anything_came_has_not_failed() {
        for name in interruptions() {
            let stage = Stage::of(&VENDORS);
            for served in &stage.served {
                served.simulator().faults().on(Match::any(), Which::Every, Fault::NeverAnswer);
            }
            let arguments = ["findings", "--format", "json", "--report", "report.json", "--fail-on", "low"];
            let all_asked = || stage.served.iter().all(|served| served.simulator().log().count() > 0);
            let output = interrupted(&stage, &arguments, name, all_asked);
            assert_eq!(code(&output), 3, "{name}: {}", text(&output.stderr));
            assert_eq!(text(&output.stdout), "[]\n", "{name}: the array is closed");
            let report = report(&stage.path("report.json"));
            assert_eq!(report["complete"], false);
            let connections = report["connections"].as_array().unwrap();
            assert!(
                connections.iter().all(|connection| connection["error"]["kind"] == "timeout"),
                "{report}"
            );
        }
    }

    #[test]
    fn c11_an_interrupted_listing_writes_what_was_read() {
        for command in [&["accounts"][..], &["rules"], &["policies", "list"]] {
            let stage = Stage::of(&["conformity", "bitdefender"]);
            let [whole, silent] = [0, 1].map(|index| stage.served[index].simulator());
            silent.faults().on(Match::any(), Which::Every, Fault::NeverAnswer);
            let alone = [command, &["--connection", "conformity-one", "--format", "json"]].concat();
            let all: Vec<Value> = serde_json::from_str(&stage.ends(0, &alone)).unwrap();
            let requests = whole.log().count();
            let arguments = [command, &["--format", "json"]].concat();
            // The other vendor was read to its end, which nobody outside sees; so it may be interrupted a little earlier.
            let is_time = || whole.log().count() >= 2 * requests && silent.log().count() > 0;
            let output = interrupted(&stage, &arguments, "-INT", is_time);
            assert_eq!(code(&output), 3, "{command:?}: {}", text(&output.stderr));
            let read: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
            assert!(read.iter().all(|record| all.contains(record)), "{command:?}");
            assert!(text(&output.stderr).contains("interrupted"), "{command:?}: {}", text(&output.stderr));
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn c11_an_interrupt_ends_a_run_whose_output_nobody_reads() {
        let stage = Stage::of(&["conformity"]);
        let mut child = running(&stage, &["findings", "--format", "ndjson", "--report", "report.json"]);
        // The pipe is full, as far as whole pieces go into it.
        let waiting = || rustix::io::ioctl_fionread(child.stdout.as_ref().unwrap()).unwrap();
        while waiting() <= (64 << 10) - 2 * rustix::pipe::PIPE_BUF as u64 {
            std::thread::yield_now();
        }
        signal(child.id(), "-TERM");
        let given_up = Instant::now() + Duration::from_secs(60);
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > given_up {
                child.kill().unwrap();
            }
            std::thread::yield_now();
        }
        // What is in the pipe is still there; much more was found.
        let output = child.wait_with_output().unwrap();
        assert_eq!(code(&output), 3, "{}", text(&output.stderr));
        let report = report(&stage.path("report.json"));
        assert_eq!(report["complete"], false);
        assert!(output.stdout.len() < 1 << 18, "the reader did not read");
    }
}
