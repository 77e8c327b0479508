//! One test program on one database.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use super::build::Program;

/// The longest takes three minutes by itself on two cores.
const LONGEST: Duration = Duration::from_secs(20 * 60);

/// How often we look whether a program has ended.
const LOOK: Duration = Duration::from_millis(50);

/// Where the people and sessions of a test are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Database {
    Sqlite,
    Postgres,
}

/// A program that is to be run.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) program: Program,
    pub(super) database: Database,
    /// Which of its tests are left out, by parts of their names.
    pub(super) skipped: &'static [&'static str],
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) job: Job,
    pub(super) passed: bool,
    pub(super) said: String,
    pub(super) time: Duration,
}

/// The clock of a program that measures.
#[expect(clippy::disallowed_methods, reason = "this is a program")]
pub(super) fn now() -> Instant {
    Instant::now()
}

impl Job {
    /// Runs it to its end, or kills it when that takes too long.
    pub(super) fn run(self) -> Done {
        let begun = now();
        let (passed, said) = match self.output(begun) {
            Ok((status, said)) => (status.is_some_and(|status| status.success()), said),
            Err(error) => (false, format!("cannot run {}: {error}\n", self.program.path.display())),
        };
        Done { job: self, passed, said, time: begun.elapsed() }
    }

    /// How it ended, `None` when it had to be killed, and what it printed to either stream.
    fn output(&self, begun: Instant) -> io::Result<(Option<ExitStatus>, String)> {
        // A file and no pipe: what a test leaves running may keep a pipe open for ever.
        let mut file = tempfile::tempfile()?;
        let mut child = self.command(&file)?.spawn()?;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if begun.elapsed() > LONGEST {
                child.kill()?;
                child.wait()?;
                break None;
            }
            thread::sleep(LOOK);
        };
        let mut said = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut said)?;
        Ok((status, String::from_utf8_lossy(&said).into_owned()))
    }

    fn command(&self, file: &File) -> io::Result<Command> {
        let mut command = Command::new(&self.program.path);
        command.current_dir(&self.program.folder).env("CARGO_MANIFEST_DIR", &self.program.folder);
        for name in self.skipped {
            command.args(["--skip", name]);
        }
        if self.database == Database::Postgres {
            // The limits are counted in memory.
            command.env("CARDEA_TEST_DATABASE", "postgres").args(["--skip", "strangers::limits"]);
        }
        command.stdout(file.try_clone()?).stderr(file.try_clone()?);
        Ok(command)
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Program { name, is_whole, .. } = &self.program;
        let kind = if *is_whole { "--test" } else { "--lib or --bin" };
        write!(f, "{kind} {name}")?;
        if self.database == Database::Postgres { write!(f, " (PostgreSQL)") } else { Ok(()) }
    }
}
