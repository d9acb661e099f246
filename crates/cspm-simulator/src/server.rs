//! The simulator on a port.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime;
use tokio::sync::{oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use crate::connection::serve_connection;
use crate::simulator::Simulator;
#[cfg(feature = "tls")]
use crate::tls::Tls;

/// A simulator that is being served; dropping it closes the port and all connections.
#[derive(Debug)]
pub struct Served {
    door: Door,
    listening: watch::Receiver<bool>,
    _running: Running,
}

/// Where a simulator is reached, and how.
#[derive(Clone, Debug)]
struct Door {
    address: SocketAddr,
    simulator: Simulator,
    entry: Entry,
    /// Connections that were accepted so far.
    opened: Arc<AtomicU64>,
}

/// What a connection has to pass before its first request.
#[derive(Clone, Debug)]
enum Entry {
    Open,
    #[cfg(feature = "tls")]
    Tls(Tls),
}

impl Door {
    fn new(listener: &TcpListener, simulator: Simulator, entry: Entry) -> io::Result<Self> {
        Ok(Self { address: listener.local_addr()?, simulator, entry, opened: Arc::default() })
    }

    async fn serve(self, stream: TcpStream) {
        // A socket that takes no option is one whose client has gone.
        let _ = stream.set_nodelay(true);
        match self.entry {
            Entry::Open => serve_connection(stream, self.simulator).await,
            #[cfg(feature = "tls")]
            Entry::Tls(tls) => tls.serve(stream, self.simulator).await,
        }
    }
}

/// What runs the accept loop, and ends with its owner.
#[derive(Debug)]
enum Running {
    Task(AbortHandle),
    /// Both are there until dropped.
    Thread {
        stop: Option<oneshot::Sender<()>>,
        thread: Option<JoinHandle<()>>,
    },
}

impl Drop for Running {
    fn drop(&mut self) {
        match self {
            Self::Task(task) => task.abort(),
            Self::Thread { stop, thread } => {
                drop(stop.take());
                // A thread that panicked has nothing left to close.
                let _ = thread.take().map(JoinHandle::join);
            }
        }
    }
}

impl Simulator {
    /// Serves on a TCP address, `127.0.0.1:0` for a free port, within the caller's runtime.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub async fn serve(self, address: impl tokio::net::ToSocketAddrs) -> io::Result<Served> {
        serve(TcpListener::bind(address).await?, self, Entry::Open)
    }

    /// Serves over TLS as [`Simulator::serve`] does without: HTTP/1.1, and HTTP/2 for clients that want it. Whoever trusts
    /// [`Tls::root_pem`] reads everything, unless something is wrong with what the server shows.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    #[cfg(feature = "tls")]
    pub async fn serve_tls(self, address: impl tokio::net::ToSocketAddrs, tls: Tls) -> io::Result<Served> {
        serve(TcpListener::bind(address).await?, self, Entry::Tls(tls))
    }

    /// Serves on a thread of its own with a runtime of its own, so that the client under test or in a benchmark shares
    /// neither. The clock of that runtime is never paused.
    ///
    /// # Errors
    /// If the address cannot be listened on, or the thread cannot be started.
    pub fn serve_in_thread(self, address: impl ToSocketAddrs) -> io::Result<Served> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _context = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let door = Door::new(&listener, self, Entry::Open)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let (report, listening) = watch::channel(true);
        let name = format!("{} simulator", door.simulator.vendor());
        let accepting = accept(listener, door.clone(), report);
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accepting => {}
                    _ = stopped => {}
                }
            });
        })?;
        let running = Running::Thread { stop: Some(stop), thread: Some(thread) };
        Ok(Served { door, listening, _running: running })
    }
}

/// Serves within the caller's runtime.
fn serve(listener: TcpListener, simulator: Simulator, entry: Entry) -> io::Result<Served> {
    let door = Door::new(&listener, simulator, entry)?;
    let (report, listening) = watch::channel(true);
    let task = tokio::spawn(accept(listener, door.clone(), report));
    Ok(Served { door, listening, _running: Running::Task(task.abort_handle()) })
}

impl Served {
    /// The address that is listened on, with the port that was chosen.
    pub fn address(&self) -> SocketAddr {
        self.door.address
    }

    /// The address as the beginning of a URL: `http://127.0.0.1:49152`.
    pub fn origin(&self) -> String {
        let scheme = match self.door.entry {
            Entry::Open => "http",
            #[cfg(feature = "tls")]
            Entry::Tls(_) => "https",
        };
        format!("{scheme}://{}", self.door.address)
    }

    /// How many connections were accepted so far, whether a request came over them or not.
    pub fn connections(&self) -> u64 {
        self.door.opened.load(Ordering::Relaxed)
    }

    /// What is served.
    pub fn simulator(&self) -> &Simulator {
        &self.door.simulator
    }

    /// Waits until the port is open or closed as [`Simulator::set_down`] has said.
    pub async fn settled(&self) {
        let wanted = !*self.simulator().down().borrow();
        // The other end is gone only if the server's thread panicked: nothing to wait for.
        let _ = self.listening.clone().wait_for(|listening| *listening == wanted).await;
    }
}

/// Accepts connections while the simulator is up.
async fn accept(listener: TcpListener, door: Door, report: watch::Sender<bool>) {
    let mut down = door.simulator.down();
    let mut listener = Some(listener);
    loop {
        let open = match listener.take() {
            Some(open) => open,
            None => bind_again(door.address).await,
        };
        report.send_replace(true);
        let mut connections = JoinSet::new();
        tokio::select! {
            _ = down.wait_for(|down| *down) => {}
            () = accept_each(open, &door, &mut connections) => {}
        }
        connections.shutdown().await;
        report.send_replace(false);
        let _ = down.wait_for(|down| !*down).await;
    }
}

async fn accept_each(listener: TcpListener, door: &Door, connections: &mut JoinSet<()>) {
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    door.opened.fetch_add(1, Ordering::Relaxed);
                    connections.spawn(door.clone().serve(stream));
                }
                // Out of file descriptors, say: others may close theirs meanwhile.
                Err(_) => sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Somebody may hold the port for a moment.
async fn bind_again(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// A loopback address on which connecting hangs: nobody accepts, and there is no room left to wait in (on Linux, where
/// the system then leaves further attempts unanswered).
#[derive(Debug)]
pub struct HangingPort {
    address: SocketAddr,
    _listener: TcpListener,
    _waiting: TcpStream,
}

impl HangingPort {
    /// Opens a port and fills it.
    ///
    /// # Errors
    /// If no port can be opened.
    pub async fn open() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let listener = socket.listen(0)?;
        let address = listener.local_addr()?;
        let waiting = TcpStream::connect(address).await?;
        Ok(Self { address, _listener: listener, _waiting: waiting })
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests;
