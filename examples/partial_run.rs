//! Handling a partial run: what is there may be used, and what is not there proves nothing.

use std::sync::Arc;

use cspm::bitdefender::{Bitdefender, Config};
use cspm::{FindingQuery, Fleet};
use cspm_simulator::{Fault, Match, Which};
use futures_util::StreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let local = cspm_examples::bitdefender()?;
    // From its second page on, this vendor refuses to list checks.
    let pages = Match::get("*/cspm/checks");
    local.served.simulator().faults().on(
        pages,
        Which::From(2),
        Fault::status(cspm::http::StatusCode::FORBIDDEN),
    );

    let vendor = Bitdefender::connect(Config::new("gravity", local.base_url.clone(), local.key.clone()))?;
    let fleet = Fleet::new().with(Arc::new(vendor));
    let mut run = fleet.findings(&FindingQuery::default())?;
    let mut read = 0;
    while run.next().await.is_some() {
        read += 1;
    }
    let report = run.finish();
    println!("{read} findings were read; complete: {}", report.complete);
    for connection in &report.connections {
        for scope in connection.scopes.iter().filter(|scope| !scope.complete) {
            let expected =
                scope.expected.map_or("an unknown number".to_owned(), |expected| expected.to_string());
            println!("missing in {:?}: {} of {expected} were read", scope.scope, scope.received);
            if let Some(error) = &scope.error {
                println!("  why: {error}\n  who has to act: {}", error.owner());
            }
        }
    }
    // Only a complete scope proves that a finding is gone.
    assert!(read > 0 && !report.complete);
    Ok(())
}
