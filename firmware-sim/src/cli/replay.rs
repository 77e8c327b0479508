use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::thread;

use clap::Args;

use super::Outcome;
use super::card::attend;
use crate::trace::Kind;
use crate::{FIRST_PORT, ReaderPort, Recording, Simulator};

/// What can be expected of it.
const AFTER_HELP: &str = "\
A request that the recording has is answered as it was; one that it does not have is answered with an
error (status byte 7F, status word 6F00), and this program says at which byte it differs from the one
that is due. Requests may be left out.

What can be played again is what a client asks in the same words each time: SELECT, getInfo, the tries
that are left, the key agreement. A client that follows the standard chooses a new key for each PIN, so
the request that carries it is never the same again, and a recorded sign-in ends there. One with
fixed keys gets further; but a trace has no PIN/UV tokens, and zeros come in their place.";

#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP, group = clap::ArgGroup::new("place").required(true))]
pub(crate) struct Arguments {
    /// The recording: a file that --trace has written.
    #[arg(value_name = "FILE")]
    recording: PathBuf,
    /// Plays the recording of a key, at this socket.
    #[arg(long, value_name = "PATH", group = "place")]
    socket: Option<PathBuf>,
    /// Plays the recording of a card, in the virtual reader of this port.
    #[arg(
        long,
        value_name = "PORT",
        num_args = 0..=1,
        default_missing_value = "35963",
        group = "place"
    )]
    reader_port: Option<u16>,
}

#[expect(clippy::print_stdout, reason = "what the program is there to say")]
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let name = arguments.recording.display();
    let recording = Recording::open(&arguments.recording)
        .map_err(|error| format!("{name}: {error}{}", cause(&error)))?;
    let is_of_card = recording.has(Kind::Apdu);
    let (differences, heard) = channel();
    let simulator = Simulator::replay(recording, differences)?;
    thread::Builder::new().name("differences".into()).spawn(move || {
        for difference in heard {
            println!("{difference}");
        }
    })?;
    if let Some(socket) = &arguments.socket {
        if is_of_card {
            return Err(format!("{name} is of a card; play it with --reader-port").into());
        }
        let _key = simulator
            .key(socket)
            .map_err(|error| format!("cannot make the socket {} ({error})", socket.display()))?;
        return attend(&simulator, None, &format!("recording plays at {}", socket.display()));
    }
    if !is_of_card {
        return Err(format!("{name} is of a key; play it with --socket").into());
    }
    let port = arguments.reader_port.unwrap_or(FIRST_PORT);
    let _card = simulator
        .card(&ReaderPort::local(port))
        .map_err(|error| format!("no virtual reader on port {port} ({error})"))?;
    attend(&simulator, None, &format!("recording plays in the reader of port {port}"))
}

fn cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(String::new, |source| format!(" ({source})"))
}
