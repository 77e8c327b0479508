use std::env;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// How often a program is asked whether it listens, a tenth of a second apart.
const ASKED: u32 = 600;

/// A program that plays something until the test is over.
#[derive(Debug)]
pub struct Played(Child);

impl Played {
    /// Starts it, and waits until it says that it is ready: a line that begins with `ready`.
    ///
    /// # Errors
    ///
    /// When it does not start, or ends without having said so.
    pub fn start(command: &mut Command, ready: &str) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let said = child.stdout.take().map(BufReader::new);
        let played = Self(child);
        let mut lines = said.into_iter().flat_map(BufReader::lines).map_while(Result::ok);
        if lines.any(|line| line.starts_with(ready)) {
            Ok(played)
        } else {
            Err(io::Error::other(format!("{command:?} ended before it said \"{ready}\"")))
        }
    }

    /// Starts one that says nothing, and waits until it listens there.
    ///
    /// # Errors
    ///
    /// When it does not start, ends, or does not listen within a minute.
    pub fn listening(command: &mut Command, address: SocketAddr) -> io::Result<Self> {
        let mut played = Self(command.stdin(Stdio::null()).spawn()?);
        for _ in 0..ASKED {
            if TcpStream::connect(address).is_ok() {
                return Ok(played);
            }
            if let Some(status) = played.0.try_wait()? {
                return Err(io::Error::other(format!("{command:?} ended: {status}")));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Err(io::Error::other(format!("{command:?} does not listen at {address}")))
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `cardea-sim`, which `make interop` builds beside this test.
///
/// # Errors
///
/// When it is not there.
pub fn cardea_sim() -> io::Result<Command> {
    let test = env::current_exe()?;
    let folder = test.parent().and_then(Path::parent).unwrap_or(&test);
    installed(folder.join("cardea-sim")).map(Command::new)
}

/// The security key that is made of the passkey crates.
///
/// # Errors
///
/// When it is not there.
pub fn passkey_key() -> io::Result<Command> {
    installed(target().join("passkey-key/debug/passkey-key")).map(Command::new)
}

/// Where `make interop` puts what it builds and installs.
pub(crate) fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")
}

pub(crate) fn installed(path: PathBuf) -> io::Result<PathBuf> {
    if path.exists() {
        return Ok(path);
    }
    let path = path.display();
    Err(io::Error::new(io::ErrorKind::NotFound, format!("{path} is not there; run: make interop")))
}
