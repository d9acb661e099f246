//! `cspm simulate`, and the three local vendors that `cspm demo` collects from.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cspm_simulator::bitdefender::{self, Bitdefender};
use cspm_simulator::conformity::{self, Conformity};
use cspm_simulator::insightcloudsec::{self, InsightCloudSec};
use cspm_simulator::{Served, Simulator};
use tempfile::TempDir;

use super::{check_names, is_wanted, tell};
use crate::args::{Cli, SimulateArgs};
use crate::exit::{Exit, Stop};
use crate::interrupt;
use crate::output::target::Target;

/// The seed of the demonstration's data: the same findings at every start.
const SEED: u64 = 2026;

/// The three vendors on loopback, with a configuration that reaches them.
pub(super) struct Local {
    /// Ends serving when dropped.
    _served: Vec<Served>,
    /// The key files that the configuration names; removed when dropped.
    _keys: TempDir,
    /// The configuration, ready to use.
    pub(super) configuration: String,
}

impl Local {
    /// Starts serving those that `--connection` lets take part. `port` is the first of three, or any free ones.
    pub(super) fn start(cli: &Cli, port: Option<u16>) -> Result<Self, Stop> {
        let keys = tempfile::Builder::new()
            .prefix("cspm-simulate-")
            .tempdir()
            .map_err(|error| Stop::failed(format!("no folder for the simulators' keys: {error}")))?;
        // The one of the three whose documents have a rate limit by default.
        let limited = Simulator::new(Arc::new(Bitdefender::new(
            bitdefender::World::demo(SEED),
            bitdefender::Options::default(),
        )));
        limited.throttle().set(bitdefender::usual_throttle());
        let vendors = [
            Local::vendor(
                "trend-demo",
                "conformity",
                "/v1",
                Conformity::DEMO_KEY,
                Simulator::new(Arc::new(Conformity::new(
                    conformity::World::demo(SEED),
                    conformity::Options::default(),
                ))),
            ),
            Local::vendor(
                "rapid7-demo",
                "insightcloudsec",
                "",
                insightcloudsec::DEMO_KEY,
                Simulator::new(Arc::new(InsightCloudSec::new(
                    insightcloudsec::World::demo(SEED),
                    insightcloudsec::Options::default(),
                ))),
            ),
            Local::vendor(
                "bitdefender-demo",
                "bitdefender",
                bitdefender::BASE_PATH,
                bitdefender::DEMO_KEY,
                limited,
            ),
        ];
        check_names(cli, &vendors.each_ref().map(|vendor| vendor.name))?;
        let mut configuration = String::new();
        let mut served = Vec::new();
        for (vendor, offset) in vendors.into_iter().zip(0..).filter(|(vendor, _)| is_wanted(cli, vendor.name))
        {
            let address = format!("127.0.0.1:{}", port.map_or(0, |port| port + offset));
            let serving = vendor
                .simulator
                .serve_in_thread(&address)
                .map_err(|error| Stop::failed(format!("{address} cannot be served: {error}")))?;
            let key = write_key(keys.path(), vendor.name, vendor.key)?;
            configuration.push_str(&format!(
                "[[connections]]\nname = \"{}\"\nvendor = \"{}\"\nbase_url = \"{}{}\"\napi_key = {{ file = {} }}\n\n",
                vendor.name,
                vendor.vendor,
                serving.origin(),
                vendor.base_path,
                toml_text(&key),
            ));
            served.push(serving);
        }
        Ok(Self { _served: served, _keys: keys, configuration })
    }

    fn vendor(
        name: &'static str,
        vendor: &'static str,
        base_path: &'static str,
        key: &'static str,
        simulator: Simulator,
    ) -> LocalVendor {
        LocalVendor { name, vendor, base_path, key, simulator }
    }
}

struct LocalVendor {
    name: &'static str,
    vendor: &'static str,
    base_path: &'static str,
    key: &'static str,
    simulator: Simulator,
}

fn write_key(folder: &Path, name: &str, key: &str) -> Result<PathBuf, Stop> {
    let path = folder.join(format!("{name}.key"));
    let failed = |error| Stop::write(&path.display().to_string(), &error);
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&path).map_err(failed)?;
    file.write_all(key.as_bytes()).map_err(failed)?;
    Ok(path)
}

/// A TOML literal for a path.
fn toml_text(path: &Path) -> String {
    let text = path.display().to_string();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

pub(crate) async fn run(cli: &Cli, args: &SimulateArgs) -> Result<Exit, Stop> {
    let interrupted = interrupt::listen();
    let local = Local::start(cli, args.port)?;
    if let Some(path) = &args.config_out {
        let mut target = Target::open(Some(path))?;
        target.write_all(local.configuration.as_bytes()).map_err(|error| target.failed(&error))?;
        target.finish()?;
    }
    let mut target = Target::open(None)?;
    target.write_all(local.configuration.as_bytes()).map_err(|error| target.failed(&error))?;
    target.finish()?;
    tell(cli, "serving until interrupted (Ctrl-C)");
    interrupted.notified().await;
    Ok(Exit::Complete)
}
