//! The display of a run on a terminal: one line a connection.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use cspm::Watch;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often it is drawn.
pub(crate) const TICK: Duration = Duration::from_millis(120);

/// Lines on standard error while a run goes on; nothing where standard error is no terminal.
pub(crate) struct Display {
    lines: Vec<(ProgressBar, Watch)>,
    _board: MultiProgress,
}

impl Display {
    pub(crate) fn begin(watches: Vec<Watch>, quiet: bool) -> Self {
        let shown = !quiet && io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let board = MultiProgress::with_draw_target(target);
        let style = ProgressStyle::with_template("{spinner} {prefix:16!} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let lines = watches
            .into_iter()
            .map(|watch| {
                let line = board.add(ProgressBar::new_spinner().with_style(style.clone()));
                line.set_prefix(watch.origin().connection.to_string());
                (line, watch)
            })
            .collect();
        Self { lines, _board: board }
    }

    pub(crate) fn tick(&self) {
        for (line, watch) in &self.lines {
            line.set_message(describe(watch));
            line.tick();
        }
    }

    pub(crate) fn end(&self) {
        for (line, _) in &self.lines {
            line.finish_and_clear();
        }
    }
}

fn describe(watch: &Watch) -> String {
    let (at, sent) = (watch.progress.snapshot(), watch.sent());
    let mut text = format!("{} findings", at.written);
    if at.expected > 0 {
        text.push_str(&format!(", {} of {} records", at.received, at.expected));
    } else if at.received > 0 {
        text.push_str(&format!(", {} records", at.received));
    }
    text.push_str(&format!(", {} of {} scopes, {} requests", at.scopes_done, at.scopes, sent.requests));
    if sent.retries > 0 {
        text.push_str(&format!(", {} repeated", sent.retries));
    }
    if sent.throttled > 0 {
        text.push_str(&format!(", {} times throttled", sent.throttled));
    }
    if at.finished {
        text.push_str(", done");
    }
    text
}
