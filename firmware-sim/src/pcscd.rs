//! A real pcscd with virtual readers, apart from the machine's own: in namespaces of its own, so
//! that many run side by side on the same port numbers.
//!
//! Clients find it by the environment variable of libpcsclite, the card by the network namespace.
//! Needs a process as [`crate::namespace::command`] starts it, and on Debian the packages `pcscd`
//! and `vsmartcard-vpcd`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::loopback;
use crate::shared::now;

/// Name of the variable by which libpcsclite finds the socket of pcscd.
pub const SOCKET_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

/// Where vpcd listens for the card in its first reader; the second reader is one above.
pub const FIRST_PORT: u16 = 35963;

/// What runs inside: pcscd with the directory of its socket laid over the machine's own, unseen
/// from outside. In a changed root `/` is no mount, and `/run` must be one. An ordinary user may
/// make no directory in `/run`, but lay one of their own over it.
const INSIDE: &str = "{ mount --make-rprivate / 2>/dev/null || mount --make-private /run; } \
    && { mkdir -p /run/pcscd 2>/dev/null || { mount -t tmpfs run /run && mkdir /run/pcscd; }; } \
    && mount --bind \"$1\" /run/pcscd && exec pcscd --foreground";

/// How long pcscd may take to be there; it takes 50 ms on an idle machine.
const START: Duration = Duration::from_secs(20);

/// How often we look whether it is.
const LOOK: Duration = Duration::from_millis(5);

/// A running pcscd. It ends when this is dropped, and with the process that started it.
#[derive(Debug)]
pub struct Pcscd {
    directory: PathBuf,
    owns_directory: bool,
    network: Arc<File>,
    id: u32,
    keeper: Option<(Sender<()>, JoinHandle<()>)>,
}

/// Where a card finds its virtual reader.
#[derive(Clone, Debug)]
pub struct ReaderPort {
    network: Option<Arc<File>>,
    port: u16,
}

impl Pcscd {
    /// Starts pcscd and waits until it takes clients.
    ///
    /// # Errors
    ///
    /// When it does not come up: not root, also not in a user namespace; packages missing.
    pub fn start() -> io::Result<Self> {
        let directory = temporary_directory()?;
        Self::launch(&directory, true)
    }

    /// Starts pcscd with its socket in a directory of the caller's; also again, after one there
    /// has ended.
    ///
    /// # Errors
    ///
    /// As [`Pcscd::start`].
    pub fn start_in(directory: &Path) -> io::Result<Self> {
        Self::launch(directory, false)
    }

    fn launch(directory: &Path, owns_directory: bool) -> io::Result<Self> {
        tidy(directory)?;
        let (started, starts) = mpsc::channel();
        let (stop, stops) = mpsc::channel::<()>();
        let command = command(directory);
        // The kernel ends pcscd when the thread that started it ends: so that thread stays.
        let keeper = thread::Builder::new().name("pcscd".into()).spawn(move || {
            let child = spawn(command);
            let mut child = match child {
                Ok(child) => child,
                Err(error) => return drop(started.send(Err(error))),
            };
            let errors = child.stderr.take();
            let _ = started.send(Ok((child.id(), errors)));
            // The sender is dropped to say stop.
            let _ = stops.recv();
            let _ = child.kill();
            let _ = child.wait();
        })?;
        let (pid, errors) = starts.recv().map_err(io::Error::other)??;
        let keeper = Some((stop, keeper));
        let network = match wait_for_socket(directory, pid) {
            Ok(network) => Arc::new(network),
            Err(error) => {
                stop_keeper(keeper);
                let mut said = String::new();
                // Best effort: the cause is more useful with what the program said.
                let _ = errors.map(|mut errors| errors.read_to_string(&mut said));
                return Err(io::Error::new(error.kind(), format!("{error}: {}", said.trim())));
            }
        };
        let pcscd =
            Self { directory: directory.to_owned(), owns_directory, network, id: pid, keeper };
        loopback::bring_up(&pcscd.network)?;
        Ok(pcscd)
    }

    /// The process id of pcscd.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The socket for clients.
    pub fn socket(&self) -> PathBuf {
        socket(&self.directory)
    }

    /// Makes a program a client of this pcscd.
    pub fn serve<'a>(&self, client: &'a mut Command) -> &'a mut Command {
        client.env(SOCKET_VARIABLE, self.socket())
    }

    /// The first virtual reader, "Virtual PCD 00 00".
    pub fn first_reader(&self) -> ReaderPort {
        ReaderPort { network: Some(Arc::clone(&self.network)), port: FIRST_PORT }
    }

    /// The second virtual reader, "Virtual PCD 00 01".
    pub fn second_reader(&self) -> ReaderPort {
        ReaderPort { port: FIRST_PORT.saturating_add(1), ..self.first_reader() }
    }
}

impl Drop for Pcscd {
    fn drop(&mut self) {
        stop_keeper(self.keeper.take());
        if self.owns_directory {
            // What stays behind is an empty directory in the temporary one.
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

/// What a pcscd lacks that takes no cards.
const NO_DRIVER: &str =
    "pcscd has no virtual reader; is its driver installed, Debian's package vsmartcard-vpcd?";

impl ReaderPort {
    /// A reader of the machine's own pcscd.
    pub fn local(port: u16) -> Self {
        Self { network: None, port }
    }

    /// Connects to a reader that has just been started: pcscd takes clients a moment before its
    /// driver takes cards.
    pub(crate) fn connect_first(&self) -> io::Result<TcpStream> {
        let give_up = now().checked_add(START);
        loop {
            let error = match self.connect() {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => error,
                result => return result,
            };
            if self.network.is_none() {
                return Err(error);
            }
            if give_up.is_none_or(|give_up| now() >= give_up) {
                return Err(io::Error::new(error.kind(), NO_DRIVER));
            }
            thread::sleep(LOOK);
        }
    }

    pub(crate) fn connect(&self) -> io::Result<TcpStream> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        match &self.network {
            None => TcpStream::connect(address),
            Some(network) => loopback::inside(network, || TcpStream::connect(address)),
        }
    }
}

/// What a pcscd that was killed has left: the next one would take it for a living one.
fn tidy(directory: &Path) -> io::Result<()> {
    for name in ["pcscd.comm", "pcscd.pid"] {
        match fs::remove_file(directory.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn stop_keeper(keeper: Option<(Sender<()>, JoinHandle<()>)>) {
    if let Some((stop, thread)) = keeper {
        drop(stop);
        // A panic has been printed by its own thread.
        let _ = thread.join();
    }
}

fn socket(directory: &Path) -> PathBuf {
    directory.join("pcscd.comm")
}

/// Each of these programs becomes the next without a fork: so the process that we start, end and
/// reap is pcscd itself.
fn command(directory: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "unchanged", "--net"])
        .args(["sh", "-c", INSIDE, "sh"])
        .arg(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

fn spawn(mut command: Command) -> io::Result<Child> {
    command.spawn().map_err(|error| io::Error::new(error.kind(), format!("setpriv: {error}")))
}

/// Waits until pcscd takes clients: from then on the namespaces of `pid` are its own.
fn wait_for_socket(directory: &Path, pid: u32) -> io::Result<File> {
    let give_up = now().checked_add(START);
    let namespace = PathBuf::from(format!("/proc/{pid}/ns/net"));
    while UnixStream::connect(socket(directory)).is_err() {
        let ended = fs::read_link(&namespace).is_err();
        if ended || give_up.is_none_or(|give_up| now() >= give_up) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "pcscd does not come up"));
        }
        thread::sleep(LOOK);
    }
    File::open(namespace)
}

/// A new, empty directory. Its path is short: a socket's path has at most 107 bytes.
pub(crate) fn temporary_directory() -> io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("cardea-sim-{}-{number}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    fs::create_dir(&directory)?;
    Ok(directory)
}
