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

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that sees the card when it runs for the third time; how often it has run.
    fn third(says: &str) -> (Option<i32>, usize) {
        let folder = Folder::new();
        let runs = folder.0.join("runs");
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!(
            "echo x >> '{0}'; test $(wc -l < '{0}') -ge 3 || {{ echo '{says}' >&2; exit 5; }}",
            runs.display()
        ));
        let output = when_shown(&mut command, "Failed to connect").unwrap();
        (output.status.code(), std::fs::read_to_string(runs).unwrap().lines().count())
    }

    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new() -> Self {
            let name = format!("cardea-shown-{}-{:?}", std::process::id(), thread::current().id());
            let folder = std::env::temp_dir().join(name);
            std::fs::create_dir(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_program_that_was_too_early_runs_again() {
        assert_eq!(third("Failed to connect to card"), (Some(0), 3));
    }

    #[test]
    fn a_program_that_fails_for_another_reason_has_failed() {
        assert_eq!(third("wrong PIN"), (Some(5), 1));
    }
}
