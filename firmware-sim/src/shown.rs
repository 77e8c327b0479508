//! Programs of others at a virtual reader.

use std::io;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

/// How often a program is run again. pcscd shows a card that it has powered within milliseconds on an idle
/// machine, and here it has 20 seconds.
const TRIES: u32 = 400;

/// How long it rests before that.
const REST: Duration = Duration::from_millis(50);

/// Runs a program of somebody else's that needs a card in the reader: again, for as long as it fails and
/// its standard error has the words `unseen`. pcscd powers a card first and shows it to programs after that, so a
/// program that does not wait itself may be too early, even after
/// [`VirtualCard::wait_until_powered`](crate::VirtualCard::wait_until_powered).
///
/// # Errors
///
/// When the program cannot be started.
pub fn when_shown(command: &mut Command, unseen: &str) -> io::Result<Output> {
    for _ in 0..TRIES {
        let output = command.output()?;
        let is_unseen = String::from_utf8_lossy(&output.stderr).contains(unseen);
        if output.status.success() || !is_unseen {
            return Ok(output);
        }
        thread::sleep(REST);
    }
    command.output()
}
