//! Ctrl-C and SIGTERM: once to stop asking and write what was read, twice to end at once.

use std::sync::Arc;

use tokio::sync::Notify;

/// Ended by a second interruption, as shells count it.
const ENDED_BY_SIGNAL: i32 = 130;

/// Listens from now on. The returned notification is given at the first interruption; the second ends the program.
///
/// It runs on a thread of its own, so that it works while the program waits for a reader of its output.
pub(crate) fn listen() -> Arc<Notify> {
    let first = Arc::new(Notify::new());
    let told = first.clone();
    let listening = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            interrupted().await;
            told.notify_one();
            interrupted().await;
            std::process::exit(ENDED_BY_SIGNAL);
        });
    });
    if listening.is_err() {
        crate::say("interruptions cannot be caught on this machine; Ctrl-C will lose what was read");
    }
    first
}

#[cfg(unix)]
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
