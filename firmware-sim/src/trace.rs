//! A file in which all stands that was said: one line for each APDU, CTAPHID message or call.
//!
//! ```text
//! # cardea-sim trace 1. {64} stands for 64 bytes that are not told: PINs, and PIN/UV tokens.
//! 0.000812 > apdu 00A4040008A0000006472F000100
//! 0.001204 < apdu 5532465F56329000
//! 0.002731 > hid 00000001 90 04
//! 0.002950 ! garbage
//! 0.003115 < hid 00000001 90 00AC0183665532465F5632...
//! 0.004000 > ctap 06A401020205...06{16}
//! ```
//!
//! Each line is: seconds since the authenticator was switched on; `>` to it, `<` from it, `!` what
//! goes wrong with the answer that follows; the kind; of `hid` the channel and the command; all
//! bytes in hexadecimal, `-` for none. An APDU stands as it went over the wire. A CTAPHID message
//! stands whole, before its packets are garbled; what never became a whole message has no line.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::hid::Whole;
use crate::shared::now;
use crate::{Fault, PacketFault};

mod cbor;
mod masked;
mod recording;
mod scrub;

pub(crate) use masked::Masked;
pub(crate) use recording::Kind;
pub use recording::{Recording, RecordingError};
use scrub::Scrubber;

/// What stands at its beginning.
const HEADER: &str = "# cardea-sim trace 1. {64} stands for 64 bytes that are not told: PINs, and \
                      PIN/UV tokens.";

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To the authenticator.
    In,
    /// From it.
    Out,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::In => ">",
            Self::Out => "<",
        })
    }
}

/// The file, and what must be remembered to know a PIN when it comes.
pub(crate) struct Trace {
    begun: Instant,
    pen: Mutex<Pen>,
}

struct Pen {
    file: File,
    scrubber: Scrubber,
}

impl Trace {
    /// Only its owner may read it: who has it knows whose credentials these are.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
        writeln!(file, "{HEADER}")?;
        let pen = Mutex::new(Pen { file, scrubber: Scrubber::default() });
        Ok(Self { begun: now(), pen })
    }

    pub(crate) fn apdu(&self, direction: Direction, apdu: &[u8]) {
        self.write(|scrubber| {
            let masked = match direction {
                Direction::In => scrubber.command_apdu(apdu),
                Direction::Out => scrubber.response_apdu(apdu),
            };
            format!("{direction} apdu {masked}")
        });
    }

    /// A message of the link in the process; its request is known, also when it is the answer.
    pub(crate) fn ctap(&self, direction: Direction, request: &[u8], message: &[u8]) {
        self.write(|_| {
            let mut scrubber = Scrubber::default();
            let mut masked = scrubber.request(request);
            if direction == Direction::Out {
                masked = scrubber.answer(message);
            }
            format!("{direction} ctap {masked}")
        });
    }

    pub(crate) fn hid(&self, direction: Direction, message: &Whole) {
        self.write(|scrubber| {
            let Whole { channel, command, payload } = message;
            let masked = match (message.is_ctap(), direction) {
                (false, _) => Masked::shown(payload),
                (true, Direction::In) => scrubber.request(payload),
                (true, Direction::Out) => scrubber.answer(payload),
            };
            format!("{direction} hid {channel:08X} {command:02X} {masked}")
        });
    }

    pub(crate) fn fault(&self, fault: Fault) {
        self.write(|_| format!("! {fault}"));
    }

    pub(crate) fn packet_fault(&self, fault: PacketFault) {
        self.write(|_| format!("! packet {fault}"));
    }

    fn write(&self, line: impl FnOnce(&mut Scrubber) -> String) {
        let mut pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        let line = line(&mut pen.scrubber);
        let time = now().saturating_duration_since(self.begun).as_secs_f64();
        // A full disk ends the file, not the card. One write: a program that is killed leaves lines.
        let _ = pen.file.write_all(format!("{time:.6} {line}\n").as_bytes());
    }
}
