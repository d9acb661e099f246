//! Standard output, which somebody reads at their own pace, or not at all.

use std::io::{self, Stdout, Write};

#[cfg(unix)]
use {
    crate::interrupt,
    rustix::event::{PollFd, PollFlags, Timespec, poll},
    std::time::Duration,
};

/// How long after an interruption a reader that takes nothing is still waited for.
#[cfg(unix)]
const PATIENCE: Duration = Duration::from_secs(1);

/// How often it is looked whether an interruption came meanwhile.
#[cfg(unix)]
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Standard output. A reader is waited for as long as it likes, but for an interruption: then a write fails as timed out, so
/// that the program can end.
pub(super) struct Outlet(Stdout);

impl Outlet {
    pub(super) fn open() -> Self {
        Self(io::stdout())
    }

    /// Waits until something can be written without waiting.
    #[cfg(unix)]
    fn wait(&self) -> io::Result<()> {
        loop {
            match poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], Some(&LOOK)) {
                Ok(0) if interrupt::since().is_some_and(|since| since > PATIENCE) => {
                    let message = "it was interrupted, and nobody reads what it has still to say";
                    return Err(io::Error::new(io::ErrorKind::TimedOut, message));
                }
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Write for Outlet {
    #[cfg(unix)]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wait()?;
        // So much a pipe that takes anything takes at once.
        let piece = bytes.get(..rustix::pipe::PIPE_BUF).unwrap_or(bytes);
        Ok(rustix::io::write(&self.0, piece)?)
    }

    #[cfg(not(unix))]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
