//! Local stand-ins for the vendors, so that every example runs as it is. With a real vendor, leave them out and write your
//! own address and key.

use std::sync::Arc;

use cspm::BaseUrl;
use cspm::secrecy::SecretString;
use cspm_simulator::bitdefender::{self, Bitdefender};
use cspm_simulator::conformity::{self, Conformity};
use cspm_simulator::insightcloudsec::{self, InsightCloudSec};
use cspm_simulator::wire::VendorSim;
use cspm_simulator::{Served, Simulator};

/// A simulated vendor that serves until it is dropped.
pub struct Local {
    /// What serves, with its request log and its faults.
    pub served: Served,
    /// Where it serves.
    pub base_url: BaseUrl,
    /// A key that it accepts.
    pub key: SecretString,
}

fn serve(vendor: Arc<dyn VendorSim>, path: &str, key: &str) -> Result<Local, Box<dyn std::error::Error>> {
    let served = Simulator::new(vendor).serve_in_thread("127.0.0.1:0")?;
    let base_url = BaseUrl::parse(&format!("{}{path}", served.origin()))?;
    Ok(Local { served, base_url, key: SecretString::from(key) })
}

/// A Conformity of one's own.
pub fn conformity() -> Result<Local, Box<dyn std::error::Error>> {
    let vendor = Conformity::new(conformity::World::demo(7), conformity::Options::default());
    serve(Arc::new(vendor), "/v1", Conformity::DEMO_KEY)
}

/// An InsightCloudSec of one's own.
pub fn insightcloudsec() -> Result<Local, Box<dyn std::error::Error>> {
    let vendor = InsightCloudSec::new(insightcloudsec::World::demo(7), insightcloudsec::Options::default());
    serve(Arc::new(vendor), "", insightcloudsec::DEMO_KEY)
}

/// A Bitdefender of one's own.
pub fn bitdefender() -> Result<Local, Box<dyn std::error::Error>> {
    let vendor = Bitdefender::new(bitdefender::World::demo(7), bitdefender::Options::default());
    serve(Arc::new(vendor), bitdefender::BASE_PATH, bitdefender::DEMO_KEY)
}
