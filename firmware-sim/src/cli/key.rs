use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::card::CardArguments;

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
  cardea-agent run --simulated-key PATH";

#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    card: CardArguments,
    /// The socket at which the key opens; made by this program, and removed at its end.
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let simulator = arguments.card.start()?;
    let socket = arguments.socket.display();
    let _key = simulator
        .key(&arguments.socket)
        .map_err(|error| format!("cannot make the socket {socket} ({error})"))?;
    arguments.card.attend(&simulator, &format!("key plugged in at {socket}"))
}
