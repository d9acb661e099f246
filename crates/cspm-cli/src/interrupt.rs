//! Ctrl-C, SIGTERM and SIGHUP: once to stop asking and write what was read, twice to end at once.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

static FIRST: OnceLock<Instant> = OnceLock::new();

/// Ended by a second interruption, as shells count it.
const ENDED_BY_SIGNAL: i32 = 130;

/// Listens from now on. The returned notification is given at the first interruption; the second ends the program.
///
/// It runs on a thread of its own, so that it works while the program waits for a reader of its output.
pub(crate) fn listen() -> Arc<Notify> {
    let first = Arc::new(Notify::new());
    let told = first.clone();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let listening = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let mut interruptions = Interruptions::listen();
            // Whoever waits for this is there, or has given up with the thread.
            let _ = ready.send(());
            interruptions.next().await;
            let _ = FIRST.set(Instant::now());
            told.notify_one();
            interruptions.next().await;
            std::process::exit(ENDED_BY_SIGNAL);
        });
    });
    if listening.is_err() {
        crate::say("interruptions cannot be caught on this machine; Ctrl-C will lose what was read");
    }
    // Until then an interruption would end the program at once.
    let _ = is_ready.recv();
    first
}

/// How long ago the first interruption was, if there was one.
pub(crate) fn since() -> Option<Duration> {
    FIRST.get().map(Instant::elapsed)
}

/// Does work that writes, unless an interruption comes first: then no further request is sent, and nobody is told how far it
/// came.
pub(crate) async fn unless_interrupted<T>(work: impl Future<Output = T>) -> Option<T> {
    let interruption = listen();
    tokio::select! {
        biased;
        () = interruption.notified() => None,
        done = work => Some(done),
    }
}

/// What asks the program to end. Heard from the beginning to the end: one that follows another at once is not missed.
#[cfg(unix)]
struct Interruptions(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Interruptions {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        if may_catch_hangup() {
            kinds.push(SignalKind::hangup());
        }
        Self(kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect())
    }

    async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let came = self.0.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if came { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}

/// Not where whoever started the program wants it to outlive its terminal (`nohup`), nor where that cannot be told.
#[cfg(unix)]
fn may_catch_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // A bit a signal; hang-up is the first.
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 0)
}

#[cfg(not(unix))]
struct Interruptions;

#[cfg(not(unix))]
impl Interruptions {
    fn listen() -> Self {
        Self
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
