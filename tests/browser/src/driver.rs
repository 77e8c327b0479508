//! The programs: chromedriver, and the Chromium that it starts.

use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::wire::Wire;

/// First process of a process namespace of its own: its end is the end of all in it. It ends when
/// the pipe that only this program holds open ends, so however this program ends.
const SUPERVISE: &str = "chromedriver --port=0 2>/dev/null & cat >/dev/null";

/// The processes that this namespace has, and no others. In a changed root, `/` is no mount and
/// `/proc` is; what is mounted here must not be seen outside.
const OWN_PROC: &str = "{ mount --make-rprivate / 2>/dev/null || mount --make-private /proc; } \
    && mount -t proc proc /proc && exec sh -c \"$1\"";

/// A running chromedriver. Dropping it ends it and every browser of it.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) wire: Wire,
    supervisor: Child,
    input: Option<ChildStdin>,
    // Held open: a program that can no longer say anything may end.
    _output: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts Debian's chromedriver on a free port of loopback.
    pub(crate) fn start() -> io::Result<Self> {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--kill-child"]);
        if is_root()? {
            command.args(["--mount", "--propagation", "unchanged", "sh", "-c", OWN_PROC, "sh"]);
        } else {
            command.args(["--user", "--map-current-user", "--mount-proc", "sh", "-c"]);
        }
        command.arg(SUPERVISE);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut supervisor = command.spawn()?;
        let input = supervisor.stdin.take();
        let output = supervisor.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let mut output = BufReader::new(output);
        let port = port(&mut output)?;
        Ok(Self { wire: Wire { port }, supervisor, input, _output: output })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.input.take());
        let _status = self.supervisor.wait();
    }
}

fn is_root() -> io::Result<bool> {
    Ok(std::fs::metadata("/proc/self")?.uid() == 0)
}

/// Waits for the line that says where the driver listens.
fn port(output: &mut impl BufRead) -> io::Result<u16> {
    for line in output.lines() {
        let line = line?;
        let said = line.split_once("started successfully on port ");
        let port = said.and_then(|(_, port)| port.trim_end_matches('.').parse().ok());
        if let Some(port) = port {
            return Ok(port);
        }
    }
    Err(io::Error::other("chromedriver does not start; is chromium-driver installed?"))
}
