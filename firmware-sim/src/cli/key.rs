use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::card::{Applications, CardArguments};

/// What a client must know.
const AFTER_HELP: &str = "\
A client connects to the socket (AF_UNIX, SOCK_SEQPACKET) and speaks CTAPHID (CTAP 2.1, 11.2): each
message is one report of 64 bytes, without a report number. Several clients may be connected; as at
a real device node, each of them gets every report of the key. While the key is unplugged
(\"remove\"), connections are closed at once.

In Python:
  s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(PATH)
  s.send(bytes.fromhex('ffffffff860008') + os.urandom(8) + bytes(49)); s.recv(64)

With the agent:
  cardea-agent run --simulated-key PATH

With --uhid the key is a USB device of this machine: programs find it as they find any key, at
/dev/hidraw*. That needs the kernel's module uhid (modprobe uhid), and root.";

#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP, group = clap::ArgGroup::new("place").required(true))]
pub(crate) struct Arguments {
    #[command(flatten)]
    card: CardArguments,
    /// The socket at which the key opens; made by this program, and removed at its end.
    #[arg(long, value_name = "PATH", group = "place")]
    socket: Option<PathBuf>,
    /// Plugs the key in as a USB device of this machine.
    #[arg(long, group = "place")]
    uhid: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let simulator = arguments.card.start(&Applications::default())?;
    let Some(socket) = &arguments.socket else {
        let _key = simulator.key_on_usb().map_err(|error| {
            format!(
                "cannot make a USB device of /dev/uhid ({error}); load the kernel's module with \
                 \"modprobe uhid\", and run this as root"
            )
        })?;
        return arguments.card.attend(&simulator, "key plugged in on USB");
    };
    let _key = simulator
        .key(socket)
        .map_err(|error| format!("cannot make the socket {} ({error})", socket.display()))?;
    arguments.card.attend(&simulator, &format!("key plugged in at {}", socket.display()))
}
